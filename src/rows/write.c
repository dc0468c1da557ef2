/* write - rows written as JSONL or Parquet, atomically */
#include "rows/write.h"

#include "core/jsonl.h"
#include "core/mem.h"
#include "rows/parquet_write_priv.h"

#include <string.h>

enum { GROUP_ROWS = 10000 };

struct lem_rows_writer {
    lem_out *out;
    lem_rows_kind kind;
    size_t group_rows;
    lem_json **row; /* of the present group */
    size_t n;
    uint64_t before; /* rows of the groups before */
    bool settled;
    lem_wnode root;
    lem_pq_out parquet;
};

lem_rows_kind lem_rows_kind_of(const char *path) {
    static const char ending[] = ".parquet";
    size_t n = strlen(path), k = sizeof ending - 1;
    return n > k && strcmp(path + n - k, ending) == 0 ? LEM_ROWS_PARQUET : LEM_ROWS_JSONL;
}

lem_status lem_rows_writer_open(const char *path, lem_rows_kind kind, bool overwrite, size_t group_rows,
                                lem_rows_writer **out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_rows_writer *w = lem_alloc_zero(1, sizeof *w, err);
    if (!w) return LEM_EMEM;
    w->kind = kind;
    w->group_rows = group_rows ? group_rows : GROUP_ROWS;
    w->root.kind = LEM_W_STRUCT;
    LEM_TRY(lem_out_open(path, overwrite, &w->out, err));
    w->parquet.out = w->out;
    if (kind == LEM_ROWS_PARQUET) {
        w->row = lem_alloc(w->group_rows, sizeof(lem_json *), err);
        st = w->row ? lem_pq_out_start(&w->parquet, err) : LEM_EMEM;
    }
    if (st == LEM_OK) *out = w;
done:
    if (st != LEM_OK) lem_rows_writer_close(w);
    return st;
}

static void drop_rows(lem_rows_writer *w) {
    for (size_t i = 0; i < w->n; i++) lem_json_free(w->row[i]);
    w->n = 0;
}

void lem_rows_writer_close(lem_rows_writer *w) {
    if (!w) return;
    drop_rows(w);
    lem_free(w->row);
    lem_wnode_release(&w->root);
    lem_buf_release(&w->parquet.groups);
    lem_out_close(w->out);
    lem_free(w);
}

static lem_status with_row(const lem_rows_writer *w, size_t i, lem_status st, lem_err *err) {
    if (st == LEM_EDATA) lem_err_context(err, "row %llu", (unsigned long long)(w->before + i + 1));
    return st;
}

/* The first group's rows tell the columns. */
static lem_status settle(lem_rows_writer *w, lem_err *err) {
    for (size_t i = 0; i < w->n; i++) {
        lem_status st = lem_wnode_learn(&w->root, w->row[i], 0, err);
        if (st != LEM_OK) return with_row(w, i, st, err);
    }
    w->settled = true;
    if (w->root.n_children == 0)
        return lem_fail(err, LEM_EDATA, "no rows with columns: Parquet needs one; write JSONL");
    lem_status st = LEM_OK;
    for (size_t i = 0; i < w->root.n_children && st == LEM_OK; i++)
        st = lem_wnode_settle(&w->root.child[i], 0, 0, err);
    return st;
}

static lem_status write_group(lem_rows_writer *w, lem_err *err) {
    lem_status st = w->settled ? LEM_OK : settle(w, err);
    for (size_t i = 0; i < w->n && st == LEM_OK; i++)
        /* The root is there in every row: its columns begin at definition level 0. */
        st = with_row(w, i, lem_wnode_add(&w->root, w->row[i], 0, -1, err), err);
    if (st == LEM_OK && w->n) st = lem_pq_out_group(&w->parquet, &w->root, w->n, err);
    w->before += w->n;
    drop_rows(w);
    return st;
}

lem_status lem_rows_writer_add(lem_rows_writer *w, lem_json *row, lem_err *err) {
    if (lem_json_kind(row) != LEM_JSON_OBJECT) return lem_fail(err, LEM_EDATA, "a row that is no object");
    if (w->kind == LEM_ROWS_JSONL) return lem_rows_write(w->out, row, err);
    w->row[w->n++] = lem_json_share(row);
    return w->n == w->group_rows ? write_group(w, err) : LEM_OK;
}

lem_status lem_rows_writer_commit(lem_rows_writer *w, lem_err *err) {
    lem_status st = LEM_OK;
    if (w->kind == LEM_ROWS_PARQUET) {
        if (w->n || !w->settled) LEM_TRY(write_group(w, err));
        LEM_TRY(lem_pq_out_footer(&w->parquet, &w->root, err));
    }
    st = lem_out_commit(w->out, err);
done:
    return st;
}
