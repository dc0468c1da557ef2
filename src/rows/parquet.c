/* parquet - a reader of Parquet files: records put together from the columns' levels and values
 *
 * Dremel's record assembly (Melnik et al., VLDB 2010), without its automaton: every node of the schema looks
 * at the levels of its first leaf, and every leaf below it is checked to agree. */
#include "rows/kinds_priv.h"

#include "core/mem.h"
#include "rows/column_priv.h"

typedef struct parquet {
    lem_random in;
    lem_pq_file file;
    lem_pq_column *column; /* by leaf */
    size_t group;          /* the next one */
    int64_t left;          /* rows of the present one */
    uint64_t number;
    lem_row_budget budget;
    size_t max_row;
} parquet;

static lem_status build(parquet *q, const lem_field *f, int rep, int above, lem_json **out, lem_err *err);

static lem_status out_of_step(lem_err *err) {
    return lem_fail(err, LEM_EDATA, "the columns of its structs and lists do not agree");
}

/* All leaves below f have nothing here: a null or an empty list. */
static lem_status pass(parquet *q, const lem_field *f, int rep, int above, int below, lem_err *err) {
    for (size_t i = f->leaf; i < f->leaf + f->n_leaves; i++) {
        lem_bytes unused;
        lem_pq_column *c = &q->column[i];
        lem_status st = lem_pq_column_peek(c, err);
        if (st != LEM_OK) return st;
        if (c->rep != rep || c->def >= below || c->def < above) return out_of_step(err);
        st = lem_pq_column_take(c, &unused, err);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

static lem_status build_scalar(parquet *q, const lem_field *f, int rep, lem_json **out, lem_err *err) {
    lem_bytes value = {NULL, 0};
    lem_pq_column *c = &q->column[f->leaf];
    if (c->rep != rep) return out_of_step(err);
    lem_status st = lem_pq_column_take(c, &value, err);
    if (st == LEM_OK) st = lem_row_budget_take(&q->budget, value.n, err);
    return st == LEM_OK ? lem_scalar_json(&f->type, value.p, value.n, out, err) : st;
}

static lem_status build_struct(parquet *q, const lem_field *f, int rep, lem_json **out, lem_err *err) {
    lem_json *o = lem_json_new_object(), *v = NULL;
    lem_status st = o ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory for a row");
    for (size_t i = 0; i < f->n_children && st == LEM_OK; i++) {
        st = build(q, &f->child[i], rep, f->def, &v, err);
        if (st == LEM_OK) st = lem_row_set(o, f->child[i].name, v, err);
    }
    if (st == LEM_OK) *out = o;
    else lem_json_free(o);
    return st;
}

static lem_status build_entry(parquet *q, const lem_field *f, int rep, lem_json **out, lem_err *err) {
    if (f->shape == LEM_SHAPE_LIST) return build(q, &f->child[0], rep, f->item_def, out, err);
    lem_json *pair[2] = {NULL, NULL};
    for (size_t i = 0; i < f->n_children; i++) {
        lem_status st = build(q, &f->child[i], rep, f->item_def, &pair[i], err);
        if (st == LEM_OK) continue;
        lem_json_free(pair[0]);
        return st;
    }
    return lem_map_entry(pair[0], pair[1], out, err);
}

static lem_status build_list(parquet *q, const lem_field *f, int rep, lem_json **out, lem_err *err) {
    lem_pq_column *first = &q->column[f->leaf];
    lem_json *list = lem_json_new_array(), *v = NULL;
    lem_status st = list ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory for a row");
    bool any = first->def >= f->item_def;
    if (st == LEM_OK && !any) st = pass(q, f, rep, f->def, f->item_def, err);
    while (any && st == LEM_OK) {
        st = build_entry(q, f, rep, &v, err);
        if (st == LEM_OK) st = lem_row_append(list, v, err);
        if (st == LEM_OK) st = lem_pq_column_peek(first, err);
        rep = f->item_rep;
        any = first->rep == rep;
    }
    if (st == LEM_OK && f->shape == LEM_SHAPE_MAP) st = lem_map_finish(f, &list, err);
    if (st == LEM_OK) *out = list;
    else lem_json_free(list);
    return st;
}

/* The value of f at repetition level rep, below a node that is there at definition level `above`. */
static lem_status build(parquet *q, const lem_field *f, int rep, int above, lem_json **out, lem_err *err) {
    lem_pq_column *first = &q->column[f->leaf];
    lem_status st = lem_pq_column_peek(first, err);
    if (st == LEM_OK) st = lem_row_budget_take(&q->budget, 0, err);
    if (st != LEM_OK) return st;
    if (first->def < above) return out_of_step(err);
    if (first->def < f->def) {
        st = pass(q, f, rep, above, f->def, err);
        if (st != LEM_OK) return st;
        *out = lem_json_new_null();
        return *out ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory for a row");
    }
    switch (f->shape) {
    case LEM_SHAPE_SCALAR: return build_scalar(q, f, rep, out, err);
    case LEM_SHAPE_STRUCT: return build_struct(q, f, rep, out, err);
    case LEM_SHAPE_LIST:
    case LEM_SHAPE_MAP: break;
    }
    return build_list(q, f, rep, out, err);
}

/* ---- Row groups ---- */

static lem_status each_leaf(parquet *q, lem_status (*call)(parquet *, size_t leaf, lem_err *), lem_err *err) {
    for (size_t i = 0; i < q->file.root.n_children; i++) {
        const lem_field *f = &q->file.root.child[i];
        for (size_t l = f->leaf; f->wanted && l < f->leaf + f->n_leaves; l++) {
            lem_status st = call(q, l, err);
            if (st == LEM_OK) continue;
            return st == LEM_EINTR ? st : lem_err_context(err, "column '%s'", f->name);
        }
    }
    return LEM_OK;
}

static lem_status start_leaf(parquet *q, size_t leaf, lem_err *err) {
    const lem_pq_chunk *chunk = &q->file.chunk[q->group * q->file.n_leaves + leaf];
    return lem_pq_column_start(&q->column[leaf], &q->in, &q->file.leaf[leaf], chunk, err);
}

static lem_status end_leaf(parquet *q, size_t leaf, lem_err *err) {
    lem_status st = lem_pq_column_peek(&q->column[leaf], err);
    if (st != LEM_OK || !q->column[leaf].loaded) return st;
    return lem_fail(err, LEM_EDATA, "more values than the %lld rows of its row group",
                    (long long)q->file.group_rows[q->group - 1]);
}

/* To a row group with rows; none left is the end. */
static lem_status next_group(parquet *q, lem_err *err) {
    while (q->left == 0 && q->group < q->file.n_groups) {
        lem_status st = each_leaf(q, start_leaf, err);
        if (st != LEM_OK) return st;
        q->left = q->file.group_rows[q->group++];
    }
    return LEM_OK;
}

static lem_status build_row(parquet *q, lem_json *row, lem_err *err) {
    for (size_t i = 0; i < q->file.root.n_children; i++) {
        const lem_field *f = &q->file.root.child[i];
        lem_json *v = NULL;
        if (!f->wanted) continue;
        lem_status st = build(q, f, 0, 0, &v, err);
        if (st == LEM_EINTR) return st;
        if (st != LEM_OK) return lem_err_context(err, "column '%s'", f->name);
        st = lem_row_set(row, f->name, v, err);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

static lem_status parquet_next(void *self, lem_json **row, lem_err *err) {
    parquet *q = self;
    lem_status st = lem_cancel_check(q->in.cancel, err);
    if (st == LEM_OK) st = next_group(q, err);
    *row = NULL;
    if (st != LEM_OK || q->left == 0) return st;
    q->number++;
    lem_row_budget_start(&q->budget, q->max_row);
    lem_json *o = lem_json_new_object();
    if (!o) return lem_fail(err, LEM_EMEM, "out of memory for a row");
    st = build_row(q, o, err);
    if (st == LEM_OK && --q->left == 0) st = each_leaf(q, end_leaf, err);
    if (st == LEM_OK) *row = o;
    else lem_json_free(o);
    return st;
}

/* ---- The reader ---- */

static uint64_t parquet_number(const void *self) { return ((const parquet *)self)->number; }

static void parquet_evidence(const void *self, lem_buf *out) {
    const parquet *q = self;
    lem_buf_puts(out, "Parquet, ");
    lem_put_grouped(out, q->file.n_groups);
    lem_buf_puts(out, q->file.n_groups == 1 ? " row group, " : " row groups, ");
    lem_put_grouped(out, (uint64_t)q->file.rows);
    lem_buf_puts(out, q->file.rows == 1 ? " row, columns " : " rows, columns ");
    lem_field_put_names(&q->file.root, out);
}

static lem_json *parquet_types(const void *self) {
    return lem_field_types(&((const parquet *)self)->file.root);
}

static void parquet_close(void *self) {
    parquet *q = self;
    for (size_t i = 0; q->column && i < q->file.n_leaves; i++) lem_pq_column_release(&q->column[i]);
    lem_free(q->column);
    lem_pq_release(&q->file);
    lem_random_close(&q->in);
    lem_free(q);
}

static double parquet_share(const void *self) {
    const parquet *q = self;
    return q->file.rows > 0 ? (double)q->number / (double)q->file.rows : 1;
}

static const lem_reader_ops ops = {
    parquet_next, parquet_number, parquet_evidence, parquet_types, parquet_share, parquet_close, false};

lem_status lem_parquet_open(const char *path, const lem_wanted *wanted, const lem_cancel *cancel,
                            lem_reader *out, lem_err *err) {
    lem_status st = LEM_OK;
    parquet *q = lem_alloc_zero(1, sizeof *q, err);
    if (!q) return LEM_EMEM;
    q->in.fd = -1;
    q->in.cancel = cancel;
    LEM_TRY(lem_random_open(path, &q->in, err));
    LEM_TRY(lem_pq_open(&q->in, &q->file, err));
    q->column = lem_alloc_zero(q->file.n_leaves, sizeof *q->column, err);
    if (!q->column) {
        st = LEM_EMEM;
        goto done;
    }
    q->max_row = wanted->max_row;
    for (size_t i = 0; i < q->file.n_leaves; i++) q->file.leaf[i].max_bytes = wanted->max_row;
    for (size_t i = 0; i < q->file.root.n_children; i++)
        q->file.root.child[i].wanted = lem_wants(wanted, q->file.root.child[i].name);
    *out = (lem_reader){&ops, q};
done:
    if (st != LEM_OK) parquet_close(q);
    return st;
}
