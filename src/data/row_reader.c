/* row_reader.c - rows with their kind, prompt and response */
#include "data/row_reader.h"

#include "core/buf.h"
#include "core/mem.h"
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

enum { SAMPLED = 256 };

static bool leaves_out(const lem_row_reader *r) { return r->o.judge && r->o.judge->ask; }

static lem_status pass_over(void *ctx, const char *file, uint64_t number, const lem_json *row, lem_err *err) {
    (void)ctx, (void)file, (void)number, (void)err;
    return row ? LEM_OK : LEM_NO;
}

/* Counts the kinds of a file's first rows. */
static lem_status count_kinds(lem_row_reader *r, const char *file, int *count, lem_err *err) {
    const lem_row_judge readable = {pass_over, NULL, r->o.judge->max_bytes};
    lem_rowset *rows = NULL;
    lem_json *row = NULL;
    lem_status st = lem_data_rows_judged(file, r->o.cancel, &readable, &rows, err);
    for (int i = 0; st == LEM_OK && i < SAMPLED; i++) {
        lem_err lacks = LEM_ERR_INIT;
        st = lem_rowset_next(rows, &row, err);
        if (st || !row) break;
        if (lem_row_map_apply(r->o.rename, row, true, &lacks) == LEM_OK) count[lem_row_detect(row)]++;
        lem_json_free(row);
    }
    lem_rowset_close(rows);
    return st;
}

/* The kind that most of the file's first rows are of; what stands in it is not known twice of standard input:
 * there it is that of row. */
static lem_status kind_of_most(lem_row_reader *r, const char *file, const lem_json *row, lem_err *err) {
    int count[LEM_N_ROW_KINDS] = {0};
    r->kind = lem_row_detect(row);
    if (!lem_file_exists(file)) return LEM_OK;
    lem_status st = count_kinds(r, file, count, err);
    for (int k = 0; st == LEM_OK && k < LEM_N_ROW_KINDS; k++)
        if (count[k] > count[r->kind]) r->kind = (lem_row_kind)k;
    return st;
}

lem_status lem_row_reader_pass(lem_row_reader *r, lem_status st, lem_err *err) {
    const char *file = lem_rowset_file(r->rows);
    lem_err nobody = LEM_ERR_INIT;
    lem_buf place = {0};
    if (!err) err = &nobody;
    lem_buf_printf(&place, "%s:%llu: ", file, (unsigned long long)lem_rowset_number(r->rows));
    const char *at = lem_buf_str(&place);
    const bool told = strncmp(err->text, at, place.len) == 0;
    if (st == LEM_EDATA && leaves_out(r)) {
        if (told) memmove(err->text, err->text + place.len, strlen(err->text + place.len) + 1);
        st = r->o.judge->ask(r->o.judge->ctx, file, lem_rowset_number(r->rows), NULL, err);
        if (st == LEM_NO) {
            *err = (lem_err)LEM_ERR_INIT;
            st = LEM_OK;
        }
    } else if (!told && st != LEM_EINTR) lem_err_context(err, "%.*s", (int)place.len - 2, at);
    lem_buf_release(&place);
    return st;
}

/* ---- Rows ---- */

/* The kind of the file that row is the first one of. */
static lem_status tell_kind(lem_row_reader *r, lem_json *row, lem_err *err) {
    const char *file = lem_rowset_file(r->rows);
    bool first = !r->file || strcmp(r->file, file) != 0;
    lem_status st = lem_row_map_apply(r->o.rename, row, first || leaves_out(r), err);
    if (st || !first) return st;
    lem_free(r->file);
    r->file = lem_strdup(file, err);
    if (!r->file) return LEM_EMEM;
    r->kind = r->asked;
    if (r->kind == LEM_ROW_UNKNOWN) {
        if (leaves_out(r)) st = kind_of_most(r, file, row, err);
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
        if (st == LEM_OK && r->o.judge_texts && leaves_out(r))
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
