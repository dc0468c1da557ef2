/* jsonl - rows of a JSONL file, or of one JSON array, with their place in every error */
#include "core/jsonl.h"

#include "core/mem.h"

#include <string.h>

#define MAX_ARRAY_TEXT ((size_t)1 << 30)

struct lem_rows {
    lem_lines *lines;
    lem_json *array; /* the whole file, if it is one array */
    size_t next;     /* in array */
    uint64_t number;
    bool begun;
};

lem_status lem_rows_open(const char *path, lem_rows **out, lem_err *err) {
    lem_rows *r = lem_alloc_zero(1, sizeof *r, err);
    if (!r) return LEM_EMEM;
    lem_status st = lem_lines_open(path, MAX_ARRAY_TEXT, &r->lines, err);
    if (st == LEM_OK) *out = r;
    else lem_rows_close(r);
    return st;
}

void lem_rows_close(lem_rows *r) {
    if (!r) return;
    lem_lines_close(r->lines);
    lem_json_free(r->array);
    lem_free(r);
}

uint64_t lem_rows_number(const lem_rows *r) { return r->number; }

static lem_status with_place(const lem_rows *r, lem_err *err) {
    return lem_err_context(err, "%s:%llu", lem_lines_path(r->lines), (unsigned long long)r->number);
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* The next line that is not blank, without a byte order mark and leading space. */
static lem_status next_text(lem_rows *r, const char **text, size_t *len, bool *eof, lem_err *err) {
    for (;;) {
        lem_status st = lem_lines_next(r->lines, text, len, eof, err);
        if (st != LEM_OK || *eof) return st;
        r->number = lem_lines_number(r->lines);
        if (r->number == 1 && *len >= 3 && memcmp(*text, "\xEF\xBB\xBF", 3) == 0) *text += 3, *len -= 3;
        while (*len && is_space(**text)) ++*text, --*len;
        if (*len) return LEM_OK;
    }
}

static lem_status load_array(lem_rows *r, const char *first, size_t len, lem_err *err) {
    lem_status st = LEM_OK;
    lem_buf text = {0};
    lem_json *v = NULL;
    bool eof = false;
    uint64_t blank = r->number - 1;
    for (uint64_t i = 0; i < blank; i++)
        lem_buf_putc(&text, '\n'); /* so that errors count lines of the file */
    lem_buf_add(&text, first, len);
    while (!eof) {
        LEM_TRY(lem_lines_next(r->lines, &first, &len, &eof, err));
        if (eof) break;
        lem_buf_putc(&text, '\n');
        lem_buf_add(&text, first, len);
        if (text.len > MAX_ARRAY_TEXT) {
            st = lem_fail(err, LEM_EDATA, "%s: a JSON array of more than 1 GiB (use JSONL)",
                          lem_lines_path(r->lines));
            goto done;
        }
    }
    LEM_TRY(lem_buf_ok(&text, err));
    st = lem_json_parse(text.data, text.len, &v, err);
    if (st != LEM_OK) {
        lem_err_context(err, "%s", lem_lines_path(r->lines));
        goto done;
    }
    r->array = v;
    r->number = 0;
done:
    lem_buf_release(&text);
    return st;
}

static lem_status check_row(const lem_rows *r, lem_json *v, lem_json **row, lem_err *err) {
    if (lem_json_kind(v) == LEM_JSON_OBJECT) {
        *row = v;
        return LEM_OK;
    }
    lem_fail(err, LEM_EDATA, "the row must be a JSON object, not: %s", lem_json_kind_name(v));
    lem_json_free(v);
    return with_place(r, err), LEM_EDATA;
}

static lem_status next_of_array(lem_rows *r, lem_json **row, lem_err *err) {
    if (r->next == lem_json_count(r->array)) {
        *row = NULL;
        return LEM_OK;
    }
    r->number = ++r->next;
    return check_row(r, lem_json_share(lem_json_at(r->array, r->next - 1)), row, err);
}

lem_status lem_rows_next(lem_rows *r, lem_json **row, lem_err *err) {
    const char *text;
    size_t len;
    bool eof;
    lem_json *v = NULL;
    if (r->array) return next_of_array(r, row, err);
    lem_status st = next_text(r, &text, &len, &eof, err);
    if (st != LEM_OK) return st;
    if (eof) {
        *row = NULL;
        return LEM_OK;
    }
    bool first = !r->begun;
    r->begun = true;
    if (first && *text == '[') {
        st = load_array(r, text, len, err);
        return st == LEM_OK ? next_of_array(r, row, err) : st;
    }
    st = lem_json_parse(text, len, &v, err);
    if (st != LEM_OK) {
        with_place(r, err);
        return st;
    }
    return check_row(r, v, row, err);
}

lem_status lem_rows_write(lem_out *o, const lem_json *row, lem_err *err) {
    lem_buf line = {0};
    lem_json_write(row, 0, &line);
    lem_buf_putc(&line, '\n');
    lem_status st = lem_buf_ok(&line, err);
    if (st == LEM_OK) st = lem_out_write(o, line.data, line.len, err);
    lem_buf_release(&line);
    return st;
}
