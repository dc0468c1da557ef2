/* base.c - a model over a base, and the two as one folder */
#include "model/base.h"

#include "core/file.h"
#include "core/mem.h"
#include "model/folder.h"
#include "model/model_priv.h"
#include "model/quant.h"
#include "weights/shards_write.h"

#include <string.h>

enum { PIECE = 1 << 15 };

/* A language model may have a value head beside it that is none of its own. */
static lem_status open_folder(const char *dir, const lem_model_config *shape, lem_folder *out, lem_err *err) {
    const lem_head lm = LEM_HEAD_LM;
    return lem_folder_open(dir, shape->head == LEM_HEAD_LM ? &lm : NULL, out, err);
}

static bool same_shape(const lem_tensor *t, const lem_safetensor *f) {
    bool same = f->rank == t->rank;
    for (int i = 0; same && i < t->rank; i++) same = f->shape[i] == (uint64_t)t->shape[i];
    return same;
}

lem_status lem_model_open_over(const char *dir, const lem_weights *base, const lem_model_config *shape,
                               uint64_t seed, lem_model **out, lem_err *err) {
    lem_folder f = {NULL, NULL};
    lem_model *m = NULL;
    lem_status st = LEM_OK;
    LEM_TRY(open_folder(dir, shape, &f, err));
    LEM_TRY(lem_model_new_over(shape, base, seed, &m, err));
    for (int i = 0; i < m->n_tensors; i++) {
        const lem_tensor *t = &m->tensors[i];
        const lem_stored *s = lem_shards_find(f.shards, t->name);
        if (s && same_shape(t, s->tensor)) LEM_TRY(lem_stored_read(s, m->params + t->offset, t->count, err));
    }
    *out = m;
    m = NULL;
done:
    lem_model_free(m);
    lem_folder_release(&f);
    return st;
}

/* ---- merged ---- */

typedef struct job {
    const lem_model *m;
    const lem_cancel *cancel;
    lem_folder folder;
    lem_model *table;       /* of what is written */
    unsigned char *scratch; /* 2 * PIECE, or of a row */
    float *scales;          /* of a row */
    lem_int8_block *blocks; /* of a row */
    double *sum;            /* [widest] */
} job;

typedef struct source { /* of one tensor that is written */
    job *j;
    const lem_tensor *t;
    const lem_stored *from, *scale; /* scale: of int8. from NULL = m's own */
} source;

/* Columns col .. col+n-1 of a row of int8. */
static lem_status read_numbers(const source *s, size_t row, size_t col, size_t n, float *out, lem_err *err) {
    const size_t K = (size_t)s->t->shape[1];
    job *j = s->j;
    lem_status st =
        lem_quant_read_rows(s->from, s->scale, row, 1, K, (int8_t *)j->scratch, j->scales, j->blocks, err);
    for (size_t k = col; st == LEM_OK && k < col + n; k++) {
        const lem_int8_block *g = j->blocks + k / LEM_INT8_GROUP;
        *out++ = g->scale * (float)g->q[k % LEM_INT8_GROUP];
    }
    return st;
}

/* The adapter of that matrix, if it has one, added to the same columns. */
static void add_adapter(const source *s, size_t row, size_t col, size_t n, float *out) {
    const lem_model *m = s->j->m;
    const lem_role a = s->t->layer >= 0 ? lem_role_adapter(s->t->role) : LEM_ROLE_COUNT;
    if (a == LEM_ROLE_COUNT || lem_model_at(m, a, s->t->layer) == SIZE_MAX) return;
    const size_t rank = (size_t)m->config.lora.rank;
    const float *A = m->params + lem_model_at(m, a, s->t->layer),
                *B = m->params + lem_model_at(m, a + 1, s->t->layer);
    const lem_lora_row r = {B + row * rank, A + col, rank, (size_t)s->t->shape[1],
                            (double)m->config.lora.scale};
    lem_lora_add(&r, n, s->j->sum, out);
}

/* Numbers at .. at+n-1 of the tensor, within one row if it is a matrix. */
static lem_status read_row(const source *s, size_t at, size_t n, float *out, lem_err *err) {
    const size_t K = (size_t)s->t->shape[1];
    lem_status st = lem_cancel_check(s->j->cancel, err);
    if (st) return st;
    if (s->scale) st = read_numbers(s, at / K, at % K, n, out, err);
    else st = lem_safetensors_file_read_part(s->from->file, s->from->tensor, at, n, out, s->j->scratch, err);
    if (st == LEM_OK) add_adapter(s, at / K, at % K, n, out);
    return st;
}

static lem_status read_piece(void *ctx, size_t at, size_t n, float *out, lem_err *err) {
    const source *s = ctx;
    const size_t K = s->t->rank == 2 ? (size_t)s->t->shape[1] : n;
    lem_status st = LEM_OK;
    if (!s->from) {
        const lem_model *m = s->j->m;
        memcpy(out, m->params + lem_model_at(m, s->t->role, s->t->layer) + at, n * sizeof *out);
        return LEM_OK;
    }
    for (size_t done = 0, k; st == LEM_OK && done < n; done += k) {
        const size_t left = s->t->rank == 2 ? K - (at + done) % K : n;
        k = left < n - done ? left : n - done;
        st = read_row(s, at + done, k, out + done, err);
    }
    return st;
}

static lem_safetensors_item item_of(job *j, const lem_tensor *t, lem_dtype dtype, source *s) {
    const lem_model_config *c = &j->folder.table->config;
    char name[112];
    *s = (source){.j = j, .t = t};
    if (lem_role_in_base(t->role)) s->from = lem_shards_find(j->folder.shards, t->name);
    lem_quant_scale_name(t->name, name);
    if (c->int8 && lem_quant_has(c->int8_kept, t->role)) s->scale = lem_shards_find(j->folder.shards, name);
    return (lem_safetensors_item){t->name, dtype, t->rank, {t->shape[0], t->shape[1]}, true, read_piece, s};
}

static lem_status make_scratch(job *j, lem_err *err) {
    size_t widest = PIECE;
    for (int i = 0; i < j->table->n_tensors; i++)
        if ((size_t)j->table->tensors[i].shape[1] > widest) widest = (size_t)j->table->tensors[i].shape[1];
    j->scratch = lem_alloc(widest, 4, err);
    j->scales = lem_alloc(widest, sizeof *j->scales, err);
    j->blocks = lem_alloc(lem_int8_groups(widest), sizeof *j->blocks, err);
    j->sum = lem_alloc(widest, sizeof *j->sum, err);
    return j->scratch && j->scales && j->blocks && j->sum ? LEM_OK : LEM_EMEM;
}

static lem_status write_all(job *j, const char *dir, lem_dtype dtype, lem_err *err) {
    const size_t n = (size_t)j->table->n_tensors;
    source *s = lem_alloc(n, sizeof *s, err);
    lem_safetensors_item *item = lem_alloc(n, sizeof *item, err);
    lem_status st = s && item ? LEM_OK : LEM_EMEM;
    for (size_t i = 0; st == LEM_OK && i < n; i++) item[i] = item_of(j, &j->table->tensors[i], dtype, &s[i]);
    if (st == LEM_OK) st = lem_dir_make(dir, err);
    if (st == LEM_OK) st = lem_shards_write(dir, item, n, 0, NULL, err);
    if (st == LEM_OK) st = lem_model_save_config(&j->table->config, dir, dtype, err);
    lem_free(s);
    lem_free(item);
    return st;
}

lem_status lem_model_save_merged(const lem_model *m, const char *base_dir, const char *dir, lem_dtype dtype,
                                 const lem_cancel *cancel, lem_err *err) {
    job j = {.m = m, .cancel = cancel};
    lem_model_config c = m->config;
    lem_status st = LEM_OK;
    c.lora = (lem_lora){0};
    LEM_TRY(open_folder(base_dir, &c, &j.folder, err));
    bool lm = lem_model_at(j.folder.table, LEM_ROLE_LM_HEAD, -1) != SIZE_MAX;
    LEM_TRY(lem_model_new_table(&c, lm && c.head != LEM_HEAD_REWARD, &j.table, err));
    LEM_TRY(make_scratch(&j, err));
    LEM_TRY(write_all(&j, dir, dtype, err));
done:
    lem_folder_release(&j.folder);
    lem_model_free(j.table);
    lem_free(j.scratch);
    lem_free(j.scales);
    lem_free(j.blocks);
    lem_free(j.sum);
    return st;
}
