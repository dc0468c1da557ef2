/* judge_rows.c - rows of benchmarks read one after the other, those of one problem joined */
#include "data/judge_rows.h"

#include "core/choice.h"
#include "core/mem.h"
#include "data/judge_rows_priv.h"
#include "data/rows.h"

#include <string.h>

enum { MAX_PARTS = 4096 };

struct lem_judge_rows {
    lem_rowset *rows;
    const lem_cancel *cancel;
    lem_json *ahead; /* read, and not handed on */
    bool ahead_plain;
    const char *ahead_file;
    uint64_t ahead_number;
    lem_json *second; /* the other row that the last one stands for */
    lem_json *part[MAX_PARTS];
    size_t n_parts;
    const char *file; /* of the last row */
    uint64_t number;
};

lem_status lem_judge_rows_open(const char *const *paths, size_t n, const lem_rowset_opts *opts,
                               lem_judge_rows **out, lem_err *err) {
    const lem_rowset_opts how = {
        .cancel = opts->cancel, .judge = opts->judge, .pool = opts->pool, .tell = lem_judge_is_plain};
    lem_judge_rows *r = lem_alloc_zero(1, sizeof *r, err);
    if (!r) return LEM_EMEM;
    r->cancel = opts->cancel;
    lem_status st = lem_rowset_open(paths, n, &how, &r->rows, err);
    if (st == LEM_OK) *out = r;
    else lem_free(r);
    return st;
}

static void free_parts(lem_judge_rows *r) {
    for (size_t i = 0; i < r->n_parts; i++) lem_json_free(r->part[i]);
    r->n_parts = 0;
}

void lem_judge_rows_close(lem_judge_rows *r) {
    if (!r) return;
    free_parts(r);
    lem_json_free(r->ahead);
    lem_json_free(r->second);
    lem_rowset_close(r->rows);
    lem_free(r);
}

const char *lem_judge_rows_file(const lem_judge_rows *r) {
    return r->file ? r->file : lem_rowset_file(r->rows);
}
double lem_judge_rows_share(const lem_judge_rows *r) { return lem_rowset_share(r->rows); }
uint64_t lem_judge_rows_number(const lem_judge_rows *r) { return r->number; }

/* The row ahead, or the next of the file; NULL at the end. */
static lem_status look(lem_judge_rows *r, lem_err *err) {
    if (r->ahead) return LEM_OK;
    lem_status st = lem_data_cancelled(r->cancel, err);
    if (st == LEM_OK) st = lem_rowset_next(r->rows, &r->ahead, err);
    if (st) return st;
    r->ahead_plain = lem_rowset_told(r->rows);
    r->ahead_file = lem_rowset_file(r->rows);
    r->ahead_number = lem_rowset_number(r->rows);
    return LEM_OK;
}

static lem_json *take_ahead(lem_judge_rows *r) {
    lem_json *row = r->ahead;
    r->ahead = NULL;
    return row;
}

static bool goes_on(const lem_judge_rows *r) {
    return r->ahead && r->n_parts < MAX_PARTS && r->ahead_file == r->file && lem_judge_is_part(r->ahead) &&
           lem_judge_same_problem(r->ahead, r->part[0]);
}

static lem_status join(lem_judge_rows *r, lem_json **row, lem_err *err) {
    lem_status st = LEM_OK;
    do {
        r->part[r->n_parts++] = take_ahead(r);
        LEM_TRY(look(r, err));
    } while (goes_on(r));
    st = lem_judge_join(r->part, r->n_parts, row, err);
    if (st) lem_err_context(err, "%s:%llu", r->file, (unsigned long long)r->number);
done:
    free_parts(r);
    return st;
}

lem_status lem_judge_rows_next(lem_judge_rows *r, lem_json **row, lem_err *err) {
    *row = r->second;
    r->second = NULL;
    if (*row) return LEM_OK;
    lem_status st = look(r, err);
    if (st || !r->ahead) return st;
    r->file = r->ahead_file;
    r->number = r->ahead_number;
    if (r->ahead_plain) return *row = take_ahead(r), LEM_OK;
    if (lem_judge_is_part(r->ahead)) return join(r, row, err);
    lem_json *one = take_ahead(r);
    st = lem_judge_convert(one, &r->second, err);
    if (st == LEM_OK) *row = one;
    else {
        lem_json_free(one);
        lem_err_context(err, "%s:%llu", r->file, (unsigned long long)r->number);
    }
    return st;
}
