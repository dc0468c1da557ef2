/* inspect.c - rows read once, looked at and counted */
#include "data/inspect.h"

#include "core/card.h"
#include "core/mem.h"
#include "core/object.h"
#include "data/convert.h"
#include "data/dataset.h"
#include "data/record.h"
#include "data/row_audit.h"
#include "data/row_reader.h"
#include "data/rows.h"
#include "data/turns_encode.h"
#include "rows/rows.h"

#include <string.h>

enum { LENGTHS = 1 << 17 };

typedef struct inspector {
    const lem_inspect_how *how;
    lem_row_reader *in;
    lem_row_audit audit;
    lem_turns turns;
    lem_ids ids;
    lem_json *first;
    struct {
        lem_buf ground;
        uint64_t files, rows;
    } kind[LEM_N_ROW_KINDS];
    int order[LEM_N_ROW_KINDS], n_kinds; /* as they were come to */
    char *file;                          /* whose kind was counted last */
    uint64_t *length; /* [LENGTHS + 1] rows of each length; the last: that long or longer */
    uint64_t encoded, tokens, trained, longest;
    bool tools_known, tools_read;
    lem_json *rendered, *problems, *licence;
    uint64_t n_problems;
} inspector;

static void release(inspector *x) {
    lem_row_reader_close(x->in);
    lem_row_audit_release(&x->audit);
    lem_turns_release(&x->turns);
    lem_ids_release(&x->ids);
    lem_json_free(x->first);
    lem_json_free(x->rendered);
    lem_json_free(x->problems);
    lem_json_free(x->licence);
    for (int i = 0; i < LEM_N_ROW_KINDS; i++) lem_buf_release(&x->kind[i].ground);
    lem_free(x->file);
    lem_free(x->length);
}

/* ---- one row ---- */

static lem_status problem(inspector *x, const lem_err *why, lem_err *err) {
    lem_buf b = {0};
    x->n_problems++;
    if (lem_data_leaves_out(x->how->judge)) {
        lem_err told = *why;
        lem_status st = lem_row_reader_pass(x->in, LEM_EDATA, &told);
        if (st) return lem_fail(err, st, "%s", told.text);
    }
    if (lem_json_count(x->problems) >= (size_t)x->how->max_problems) return LEM_OK;
    lem_buf_printf(&b, "%s:%llu: %s", lem_row_reader_file(x->in),
                   (unsigned long long)lem_row_reader_number(x->in), why->text);
    bool ok = lem_json_append(x->problems, lem_json_new_str(lem_buf_str(&b)));
    lem_buf_release(&b);
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static lem_status count_kind(inspector *x, const lem_json *row, lem_row_kind k, lem_err *err) {
    const char *file = lem_row_reader_file(x->in);
    lem_err why = LEM_ERR_INIT;
    x->kind[k].rows++;
    if (x->file && strcmp(x->file, file) == 0) return LEM_OK;
    lem_free(x->file);
    x->file = lem_strdup(file, err);
    if (!x->file) return LEM_EMEM;
    if (x->kind[k].files++) return LEM_OK;
    x->order[x->n_kinds++] = (int)k;
    if (k == LEM_ROW_UNKNOWN) {
        (void)lem_row_unknown(row, &why);
        lem_buf_puts(&x->kind[k].ground, why.text);
    } else lem_row_evidence(row, k, &x->kind[k].ground);
    return lem_buf_ok(&x->kind[k].ground, err);
}

static lem_status render(inspector *x, const uint8_t *mask, lem_err *err) {
    lem_examples e = {0};
    lem_status st = lem_examples_add(&e, x->ids.data, mask, x->ids.len, err);
    if (st == LEM_OK) st = lem_examples_preview(&e, 0, x->how->tokenizer, &x->rendered, err);
    lem_examples_release(&e);
    return st;
}

/* What sft would not train has no mask. */
static lem_status encode(inspector *x, bool trained, lem_err *err) {
    uint8_t *mask = NULL;
    lem_err why = LEM_ERR_INIT;
    lem_status st = LEM_OK;
    x->ids.len = 0;
    if (x->turns.tools && !x->tools_known) {
        x->tools_known = true;
        st = lem_turns_reads_tools(x->how->tokenizer, &x->turns, &x->tools_read, &why);
    }
    if (st == LEM_OK) st = lem_turns_encode(x->how->tokenizer, &x->turns, NULL, &x->ids, &mask, &why);
    if (st == LEM_EDATA) return problem(x, &why, err);
    if (st) return lem_fail(err, st, "%s", why.text);
    size_t n = x->ids.len;
    if (!trained || x->turns.marked) memset(mask, 0, n);
    if (x->length) x->length[n < LENGTHS ? n : LENGTHS]++;
    x->encoded++;
    x->tokens += n;
    if (n > x->longest) x->longest = n;
    for (size_t i = 1; i < n; i++) x->trained += mask[i];
    if (!x->rendered && n) st = render(x, mask, err);
    lem_free(mask);
    return st;
}

static lem_status look_at(inspector *x, const lem_json *row, lem_err *err) {
    lem_row_kind k = lem_row_reader_kind(x->in);
    unsigned is = lem_row_kind_of(k)->is;
    bool spoken = is & (LEM_ROW_CHAT | LEM_ROW_REPLIES | LEM_ROW_STEPS);
    lem_err why = LEM_ERR_INIT;
    lem_status st = count_kind(x, row, k, err), read = LEM_OK;
    if (st) return st;
    if (spoken) read = lem_row_turns(row, k, &x->turns, &why);
    if (read == LEM_EDATA) st = problem(x, &why, err);
    else if (read) return lem_fail(err, read, "%s", why.text);
    spoken = spoken && read == LEM_OK;
    if (st == LEM_OK) st = lem_row_audit_add(&x->audit, row, k, spoken ? &x->turns : NULL, NULL, err);
    if (st == LEM_OK && spoken && x->how->tokenizer) st = encode(x, is & LEM_ROW_FOR_SFT, err);
    return st;
}

static lem_status read_all(inspector *x, lem_err *err) {
    lem_status st = LEM_OK;
    while (st == LEM_OK) {
        lem_json *row = NULL;
        st = lem_row_reader_next(x->in, &row, err);
        if (st || !row) break;
        if (!x->first) x->first = lem_json_copy(row);
        st = x->first ? look_at(x, row, err) : lem_fail(err, LEM_EMEM, "out of memory");
        lem_json_free(row);
    }
    return st;
}

/* ---- what was found ---- */

static lem_json *converts_to(lem_row_kind from) {
    lem_json *list = lem_json_new_array();
    lem_err ignored = LEM_ERR_INIT;
    for (int k = 1; list && k < LEM_N_ROW_KINDS; k++)
        if (k != (int)from && lem_convert_possible(from, (lem_row_kind)k, &ignored) == LEM_OK &&
            !lem_json_append(list, lem_json_new_str(lem_row_kind_name((lem_row_kind)k)))) {
            lem_json_free(list);
            return NULL;
        }
    return list;
}

static lem_json *kinds_json(const inspector *x) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && i < x->n_kinds; i++) {
        lem_row_kind k = (lem_row_kind)x->order[i];
        lem_object o = lem_object_new();
        lem_object_str(&o, "kind", lem_row_kind_name(k));
        lem_object_str(&o, "title", lem_row_kind_of(k)->title);
        lem_object_str(&o, "evidence", lem_buf_str(&x->kind[k].ground));
        lem_object_int(&o, "files", x->kind[k].files);
        lem_object_int(&o, "rows", x->kind[k].rows);
        lem_object_json(&o, "converts_to", converts_to(k));
        ok = lem_json_append(list, lem_object_done(&o));
    }
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static void put_columns(const inspector *x, lem_object *o) {
    lem_object use = lem_object_new();
    lem_json *unused = lem_json_new_array();
    for (int i = 0; i < x->audit.n_columns; i++) {
        const struct lem_audit_column *c = &x->audit.column[i];
        lem_object one = lem_object_new();
        lem_object_int(&one, "rows", c->n);
        lem_object_bool(&one, "used", c->used);
        lem_object_json(&use, c->name, lem_object_done(&one));
        if (!c->used && c->n && unused && !lem_json_append(unused, lem_json_new_str(c->name)))
            o->failed = true;
    }
    lem_object_json(o, "use", lem_object_done(&use));
    lem_object_json(o, "unused", unused);
}

static lem_json *counts_json(const inspector *x) {
    lem_object o = lem_object_new();
    lem_object_int(&o, "empty_replies", x->audit.empty);
    lem_object_int(&o, "some_empty_replies", x->audit.some_empty);
    lem_object_int(&o, "duplicate_ids", x->audit.duplicate_ids);
    lem_object_int(&o, "several_boxed", x->audit.several_boxed);
    lem_object_int(&o, "not_to_be_trained", x->audit.marked);
    lem_object_int(&o, "replies_not_to_be_trained", x->audit.masked_turns);
    lem_object_int(&o, "with_tools", x->audit.with_tools);
    if (x->tools_known) lem_object_int(&o, "tools_not_written", x->tools_read ? 0 : x->audit.with_tools);
    if (x->audit.ids_full) lem_object_bool(&o, "ids_full", true);
    return lem_object_done(&o);
}

/* The length that a share of the rows does not exceed. */
static uint64_t quantile(const inspector *x, double share) {
    uint64_t seen = 0, want = (uint64_t)(share * (double)x->encoded);
    if (want >= x->encoded) want = x->encoded - 1;
    for (uint64_t n = 0; n < LENGTHS; n++) {
        seen += x->length[n];
        if (seen > want) return n;
    }
    return x->longest;
}

/* Powers of two from 16 on: 0..16, 17..32, … */
static lem_json *histogram(const inspector *x) {
    lem_json *list = lem_json_new_array();
    uint64_t from = 0;
    bool ok = list != NULL;
    for (uint64_t to = 16; ok && from <= x->longest; from = to + 1, to *= 2) {
        lem_object o = lem_object_new();
        uint64_t rows = 0;
        for (uint64_t n = from; n <= to && n <= LENGTHS; n++) rows += x->length[n];
        lem_object_int(&o, "up_to", to >= LENGTHS ? x->longest : to);
        lem_object_int(&o, "rows", rows);
        ok = lem_json_append(list, lem_object_done(&o));
        if (to >= LENGTHS) break;
    }
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_json *tokens_json(const inspector *x) {
    if (!x->how->tokenizer || x->encoded == 0) return lem_json_new_null();
    lem_object o = lem_object_new();
    lem_object_int(&o, "rows", x->encoded);
    lem_object_int(&o, "total", x->tokens);
    lem_object_int(&o, "trained", x->trained);
    lem_object_int(&o, "min", quantile(x, 0));
    lem_object_int(&o, "median", quantile(x, 0.5));
    lem_object_int(&o, "p90", quantile(x, 0.9));
    lem_object_int(&o, "p99", quantile(x, 0.99));
    lem_object_int(&o, "max", x->longest);
    lem_object_json(&o, "histogram", histogram(x));
    return lem_object_done(&o);
}

static lem_json *licence_json(const char *path) {
    lem_card card;
    lem_err ignored = LEM_ERR_INIT;
    lem_json *v = NULL;
    if (lem_card_find(path, &card, &ignored) == LEM_OK && card.licence.len == 0) v = lem_json_new_null();
    else if (card.licence.len) {
        lem_object o = lem_object_new();
        lem_object_str(&o, "text", lem_buf_str(&card.licence));
        lem_object_str(&o, "from", lem_buf_str(&card.licence_from));
        if (card.use != LEM_CARD_USE_UNKNOWN)
            lem_object_bool(&o, "non_commercial", card.use == LEM_CARD_NON_COMMERCIAL);
        v = lem_object_done(&o);
    }
    lem_card_release(&card);
    return v;
}

/* The types of the first row's values, where the file itself states none. */
static lem_json *types_of_row(const lem_json *row) {
    lem_json *o = lem_json_new_object();
    for (const char *k = lem_json_key_next(row, NULL); o && k; k = lem_json_key_next(row, k))
        (void)lem_json_set(o, k, lem_json_new_str(lem_json_kind_name(lem_json_key_value(k))));
    return o;
}

static lem_json *give(lem_json **v) {
    lem_json *x = *v ? *v : lem_json_new_null();
    *v = NULL;
    return x;
}

static lem_status report(inspector *x, lem_object *o, lem_json *types, lem_json **out, lem_err *err) {
    lem_object_json(o, "rows_of", kinds_json(x));
    lem_object_int(o, "rows", x->audit.rows);
    lem_object_json(o, "columns", types ? types : types_of_row(x->first));
    put_columns(x, o);
    lem_object_json(o, "counts", counts_json(x));
    lem_object_json(o, "licence", give(&x->licence));
    lem_object_json(o, "tokens", tokens_json(x));
    lem_object_json(o, "rendered", give(&x->rendered));
    lem_object_int(o, "problem_count", x->n_problems);
    lem_object_json(o, "problems", give(&x->problems));
    lem_object_json(o, "first", give(&x->first));
    *out = lem_object_done(o);
    return *out ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

lem_status lem_inspect_rows(const char *const *paths, size_t n, const lem_inspect_how *how, lem_json **out,
                            lem_err *err) {
    const lem_row_reader_opts opts = {.format = how->format,
                                      .limit = how->limit,
                                      .cancel = how->cancel,
                                      .rename = how->rename,
                                      .judge = how->judge};
    inspector x = {.how = how, .problems = lem_json_new_array()};
    lem_buf kind = {0};
    lem_object o = lem_object_new();
    lem_json *types = NULL;
    lem_status st = LEM_OK;
    if (how->tokenizer && !(x.length = lem_alloc_zero(LENGTHS + 1, sizeof *x.length, err))) LEM_TRY(LEM_EMEM);
    LEM_TRY(lem_row_reader_open(paths, n, &opts, &x.in, err));
    const lem_rowset *rows = lem_row_reader_rows(x.in);
    types = lem_rowset_types(rows);
    lem_object_str(&o, "file", lem_rowset_file(rows));
    lem_object_int(&o, "files", lem_rowset_files(rows));
    lem_rowset_evidence(rows, &kind);
    x.licence = licence_json(lem_rowset_file(rows));
    lem_object_str(&o, "kind", lem_buf_str(&kind));
    LEM_TRY(lem_buf_ok(&kind, err));
    LEM_TRY(read_all(&x, err));
    st = report(&x, &o, types, out, err);
    types = NULL;
done:
    lem_json_free(types);
    lem_json_free(lem_object_done(&o));
    lem_buf_release(&kind);
    release(&x);
    return st;
}
