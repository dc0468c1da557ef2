/* row_reader.c - rows with their kind, prompt and response */
#include "data/row_reader.h"

#include "core/buf.h"
#include "core/mem.h"
#include "data/most_rows.h"
#include "data/row_map.h"
#include "data/rows.h"

#include <string.h>

struct lem_row_reader {
    lem_row_reader_opts o;
    lem_rowset *rows;
    lem_row_kind kind, asked;
    char *file;                              /* whose kind is known */
    const char *prompt_path, *response_path; /* of the map; borrowed */
    lem_turns turns;
    lem_row_texts texts; /* of a row that is judged by them */
};

static lem_status read_map(lem_row_reader *r, lem_err *err) {
    for (size_t i = 0; i < lem_json_count(r->o.map); i++) {
        const char *m = lem_json_str(lem_json_at(r->o.map, i), "");
        if (strncmp(m, "prompt=", 7) == 0 && m[7]) r->prompt_path = m + 7;
        else if (strncmp(m, "response=", 9) == 0 && m[9]) r->response_path = m + 9;
        else
            return lem_fail(err, LEM_EUSAGE, "--map: expected prompt=FIELD or response=FIELD, found '%s'", m);
    }
    return LEM_OK;
}

lem_status lem_row_reader_open(const char *const *paths, size_t n, const lem_row_reader_opts *o,
                               lem_row_reader **out, lem_err *err) {
    const lem_rowset_opts how = {
        .cancel = o->cancel, .judge = o->judge, .header = o->header, .n_header = o->n_header};
    lem_status st = LEM_OK;
    lem_row_reader *r = lem_alloc_zero(1, sizeof *r, err);
    if (!r) return LEM_EMEM;
    r->o = *o;
    if (o->format && *o->format) LEM_TRY(lem_row_kind_parse(o->format, &r->asked, err));
    LEM_TRY(read_map(r, err));
    LEM_TRY(lem_row_map_check(o->rename, err));
    LEM_TRY(lem_rowset_open(paths, n, &how, &r->rows, err));
    *out = r;
    return LEM_OK;
done:
    lem_row_reader_close(r);
    return st;
}

/* ---- Rows that are left out ---- */

_Static_assert((int)LEM_N_ROW_KINDS <= (int)LEM_MOST_CLASSES, "each kind is a class");
static int kind_of(const void *rename, lem_json *row) {
    lem_err lacks = LEM_ERR_INIT;
    return lem_row_map_apply(rename, row, true, &lacks) == LEM_OK ? (int)lem_row_detect(row) : -1;
}

/* The kind that most of the file's first rows are of; what stands in it is not known twice of standard input:
 * there it is that of row. */
static lem_status kind_of_most(lem_row_reader *r, const char *file, const lem_json *row, lem_err *err) {
    int kind = (int)lem_row_detect(row);
    lem_status st = LEM_OK;
    if (lem_file_exists(file))
        st = lem_most_rows(file, r->o.cancel, r->o.judge, kind_of, r->o.rename, &kind, err);
    r->kind = (lem_row_kind)kind;
    return st;
}

lem_status lem_row_reader_pass(lem_row_reader *r, lem_status st, lem_err *err) {
    const char *file = lem_rowset_file(r->rows);
    const uint64_t number = lem_rowset_number(r->rows);
    const lem_status after = lem_data_row_failed(r->o.judge, file, number, st, err);
    bool told = after != st || st == LEM_EINTR || !err || lem_data_place_in(err->text, file, number);
    if (!told) lem_err_context(err, "%s:%llu", file, (unsigned long long)number);
    return after;
}

/* ---- Rows ---- */

/* The kind of the file that row is the first one of. */
static lem_status tell_kind(lem_row_reader *r, lem_json *row, lem_err *err) {
    const char *file = lem_rowset_file(r->rows);
    bool first = !r->file || strcmp(r->file, file) != 0;
    lem_status st = lem_row_map_apply(r->o.rename, row, first || lem_data_leaves_out(r->o.judge), err);
    if (st || !first) return st;
    lem_free(r->file);
    r->file = lem_strdup(file, err);
    if (!r->file) return LEM_EMEM;
    r->kind = r->asked;
    if (r->kind == LEM_ROW_UNKNOWN) {
        if (lem_data_leaves_out(r->o.judge)) st = kind_of_most(r, file, row, err);
        else r->kind = lem_row_detect(row);
    }
    if (st) return st;
    if (r->o.log && r->kind != LEM_ROW_UNKNOWN) {
        lem_buf ground = {0};
        lem_row_evidence(row, r->kind, &ground);
        lem_info(r->o.log, "%s: rows of kind %s (%s)", file, lem_row_kind_name(r->kind),
                 lem_buf_str(&ground));
        lem_buf_release(&ground);
    }
    return LEM_OK;
}

lem_status lem_row_reader_next(lem_row_reader *r, lem_json **row, lem_err *err) {
    lem_status st = LEM_OK;
    *row = NULL;
    while (st == LEM_OK && r->o.limit != 0) {
        st = lem_data_cancelled(r->o.cancel, err);
        if (st == LEM_OK) st = lem_rowset_next(r->rows, row, err);
        if (st != LEM_OK || !*row) return st;
        st = tell_kind(r, *row, err);
        if (st == LEM_OK && r->o.judge_texts && lem_data_leaves_out(r->o.judge))
            st = lem_row_reader_texts(r, *row, &r->texts, err);
        if (st == LEM_OK) {
            if (r->o.limit > 0) r->o.limit--;
            return LEM_OK;
        }
        lem_json_free(*row);
        *row = NULL;
        st = lem_row_reader_pass(r, st, err);
    }
    return st;
}

lem_row_kind lem_row_reader_kind(const lem_row_reader *r) { return r->kind; }
const char *lem_row_reader_file(const lem_row_reader *r) { return lem_rowset_file(r->rows); }
const lem_rowset *lem_row_reader_rows(const lem_row_reader *r) { return r->rows; }
double lem_row_reader_share(const lem_row_reader *r) { return lem_rowset_share(r->rows); }
uint64_t lem_row_reader_number(const lem_row_reader *r) { return lem_rowset_number(r->rows); }

void lem_row_reader_close(lem_row_reader *r) {
    if (!r) return;
    lem_rowset_close(r->rows);
    lem_turns_release(&r->turns);
    lem_row_texts_release(&r->texts);
    lem_free(r->file);
    lem_free(r);
}

void lem_row_texts_release(lem_row_texts *t) {
    lem_buf_release(&t->prompt);
    lem_buf_release(&t->response);
}

static void add(lem_buf *b, const char *text) {
    if (b->len) lem_buf_putc(b, '\n');
    lem_buf_puts(b, text);
}

static lem_status mapped(const lem_json *row, const char *path, lem_buf *out, lem_err *err) {
    const lem_json *v = lem_json_find(row, path);
    if (lem_json_kind(v) != LEM_JSON_STRING)
        return lem_fail(err, LEM_EDATA, "field '%s': text expected, %s found", path,
                        v ? lem_json_kind_name(v) : "nothing");
    lem_buf_puts(out, lem_json_str(v, ""));
    return LEM_OK;
}

/* Rows of prompts alone, as pools and benchmarks have them. */
static bool prompt_alone(const lem_json *row, lem_buf *out) {
    static const char *const names[] = {"problem", "question", "query", "prompt", "instruction"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const lem_json *v = lem_json_get(row, names[i]);
        if (lem_json_kind(v) != LEM_JSON_STRING) continue;
        lem_buf_puts(out, lem_json_str(v, ""));
        return true;
    }
    return false;
}

/* Rows of one reply; of lists with several right ones, none is the response. */
static bool has_reply(lem_row_kind k) {
    unsigned is = lem_row_kind_of(k)->is;
    return (is & (LEM_ROW_FOR_SFT | LEM_ROW_STEPS)) != 0;
}

static lem_status by_kind(lem_row_reader *r, const lem_json *row, lem_row_texts *out, lem_err *err) {
    bool replies = has_reply(r->kind);
    if (!replies && r->kind != LEM_ROW_PROMPTS && prompt_alone(row, &out->prompt)) return LEM_OK;
    lem_status st = lem_row_turns(row, r->kind, &r->turns, err);
    for (int i = 0; st == LEM_OK && i < r->turns.n; i++) {
        const lem_turn *t = &r->turns.at[i];
        if (lem_turn_is(t, "user")) add(&out->prompt, t->content);
        else if (replies && (lem_turn_is(t, "assistant") || lem_turn_is(t, "text")))
            add(&out->response, t->content);
    }
    return st;
}

lem_status lem_row_reader_texts(lem_row_reader *r, const lem_json *row, lem_row_texts *out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_buf_clear(&out->prompt);
    lem_buf_clear(&out->response);
    if (!r->prompt_path && !r->response_path) st = by_kind(r, row, out, err);
    if (st == LEM_OK && r->prompt_path) st = mapped(row, r->prompt_path, &out->prompt, err);
    if (st == LEM_OK && r->response_path) st = mapped(row, r->response_path, &out->response, err);
    if (st == LEM_OK) st = lem_buf_ok(&out->prompt, err);
    if (st == LEM_OK) st = lem_buf_ok(&out->response, err);
    if (st)
        lem_err_context(err, "%s:%llu", lem_row_reader_file(r), (unsigned long long)lem_row_reader_number(r));
    return st;
}
