/* weights_open - packs a folder's tensors panel by panel, in parallel, out of its files */
#include "model/weights_open.h"
#include "core/mem.h"
#include "model/folder.h"
#include "model/session_priv.h"
#include "weights/values.h"

#include <string.h>
#include <sys/mman.h>

/* One tensor: rows that are packed, kept as rows (the embedding), or both (a tied embedding). */
typedef struct job {
    const lem_stored *from;
    lem_dtype stored;
    lem_packed *to; /* NULL = not packed */
    void *rows;     /* NULL, or [N,K] of the dtype of the weights */
    int N, K;
    lem_dtype dtype; /* of panels and rows */
    int first_task;  /* one task is a panel of LEM_PANEL rows */
} job;

typedef struct worker {
    unsigned char *raw; /* [32 * K] values as they stand in the file or go into the panels */
    float *values;      /* [32 * K] for conversions; NULL when all are of the right type */
    int failed_task;    /* the first that failed; INT32_MAX = none */
    lem_err err;
} worker;

typedef struct loader {
    const lem_folder *folder;
    lem_weights *w;
    job *jobs;
    int n_jobs, cap_jobs, n_tasks;
    float *small; /* where the next vector goes */
    worker *workers;
    int n_workers;
    lem_status st; /* of the walk, whose visitor cannot fail */
    lem_err *err;
} loader;

/* ---- one panel ---- */

typedef uint32_t word4 __attribute__((vector_size(16)));

static word4 load4(const uint32_t *p) {
    word4 x;
    memcpy(&x, p, sizeof x);
    return x;
}

static void store4(uint32_t *p, word4 x) { memcpy(p, &x, sizeof x); }

/* Four words of each of four rows, ld apart, become four neighbouring columns of to[word][LEM_PANEL]. */
static void transpose4(const uint32_t *from, size_t ld, uint32_t *to) {
    word4 a = load4(from), b = load4(from + ld), c = load4(from + 2 * ld), d = load4(from + 3 * ld);
    word4 ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    word4 ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7), cd2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    store4(to, __builtin_shufflevector(ab, cd, 0, 1, 4, 5));
    store4(to + LEM_PANEL, __builtin_shufflevector(ab, cd, 2, 3, 6, 7));
    store4(to + 2 * LEM_PANEL, __builtin_shufflevector(ab2, cd2, 0, 1, 4, 5));
    store4(to + 3 * LEM_PANEL, __builtin_shufflevector(ab2, cd2, 2, 3, 6, 7));
}

/* rows x words of `from` into to[words][LEM_PANEL]; columns past the rows are zero. */
static void transpose_panel(size_t rows, size_t words, const uint32_t *from, uint32_t *to) {
    size_t k = 0;
    if (rows < LEM_PANEL) memset(to, 0, words * LEM_PANEL * sizeof *to);
    for (; k + 4 <= words; k += 4) {
        size_t i = 0;
        for (; i + 4 <= rows; i += 4) transpose4(from + i * words + k, words, to + k * LEM_PANEL + i);
        for (; i < rows; i++)
            for (size_t j = k; j < k + 4; j++) to[j * LEM_PANEL + i] = from[i * words + j];
    }
    for (; k < words; k++)
        for (size_t i = 0; i < rows; i++) to[k * LEM_PANEL + i] = from[i * words + k];
}

/* Rows of an odd number of 16-bit values: the last one of a row has no partner. */
static void pack_odd_pairs(size_t rows, size_t K, const uint16_t *from, uint32_t *to) {
    memset(to, 0, (K + 1) / 2 * LEM_PANEL * sizeof *to);
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < K; k++) to[k / 2 * LEM_PANEL + i] |= (uint32_t)from[i * K + k] << (k % 2 * 16);
}

static void put_panel(const job *j, size_t panel, size_t rows, const unsigned char *raw) {
    size_t K = (size_t)j->K, words = j->dtype == LEM_DTYPE_F32 ? K : (K + 1) / 2;
    uint32_t *to = (uint32_t *)j->to->panels + panel * words * LEM_PANEL;
    if (j->dtype == LEM_DTYPE_BF16 && K % 2) pack_odd_pairs(rows, K, (const uint16_t *)(const void *)raw, to);
    else transpose_panel(rows, words, (const uint32_t *)(const void *)raw, to);
}

/* Eight bytes at a time: adding one to an exponent of all ones carries into the place of the sign. */
static bool all_finite(lem_dtype dtype, const unsigned char *p, size_t bytes) {
    const uint64_t sign = dtype == LEM_DTYPE_F32 ? 0x8000000080000000u : 0x8000800080008000u;
    const uint64_t exponent = dtype == LEM_DTYPE_F32 ? 0x7f8000007f800000u : 0x7f807f807f807f80u;
    const uint64_t one = sign - exponent; /* the lowest bit of each exponent */
    uint64_t bad = 0, x = 0;
    size_t i = 0;
    for (; i + 8 <= bytes; i += 8) {
        memcpy(&x, p + i, sizeof x);
        bad |= (x & exponent) + one;
    }
    x = 0;
    memcpy(&x, p + i, bytes - i);
    bad |= (x & exponent) + one;
    return !(bad & sign);
}

/* Rows row0 .. row0 + rows in the type of the weights, at w->raw. */
static lem_status read_rows(const job *j, worker *w, size_t row0, size_t rows, lem_err *err) {
    size_t K = (size_t)j->K, n = rows * K, size = lem_dtype_size(j->dtype);
    if (j->stored == j->dtype) {
        lem_status st = lem_safetensors_file_read_bytes(j->from->file, j->from->tensor,
                                                        (uint64_t)row0 * K * size, n * size, w->raw, err);
        if (st != LEM_OK || all_finite(j->dtype, w->raw, n * size)) return st;
    }
    lem_status st =
        lem_safetensors_file_read_part(j->from->file, j->from->tensor, row0 * K, n, w->values, w->raw, err);
    if (st == LEM_OK) (void)lem_values_write(j->dtype, w->values, n, w->raw);
    return st;
}

static const job *job_of(const loader *l, int task) {
    int lo = 0, hi = l->n_jobs;
    while (hi - lo > 1) {
        int mid = lo + (hi - lo) / 2;
        if (l->jobs[mid].first_task <= task) lo = mid;
        else hi = mid;
    }
    return &l->jobs[lo];
}

static void do_task(void *ctx, int task, int number) {
    loader *l = ctx;
    worker *w = &l->workers[number];
    const job *j = job_of(l, task);
    size_t panel = (size_t)(task - j->first_task), row0 = panel * LEM_PANEL, left = (size_t)j->N - row0;
    size_t rows = left < LEM_PANEL ? left : LEM_PANEL, bytes = (size_t)j->K * lem_dtype_size(j->dtype);
    lem_err err = LEM_ERR_INIT;
    if (read_rows(j, w, row0, rows, &err) != LEM_OK) {
        if (task < w->failed_task) {
            w->failed_task = task;
            w->err = err;
        }
        return;
    }
    if (j->rows) memcpy((char *)j->rows + row0 * bytes, w->raw, rows * bytes);
    if (j->to) put_panel(j, panel, rows, w->raw);
}

/* ---- what goes where ---- */

static const lem_stored *stored_at(const loader *l, size_t offset, const lem_tensor **t) {
    *t = lem_model_tensor_at(l->folder->table, offset);
    return lem_shards_find(l->folder->shards, (*t)->name);
}

static job *add_job(loader *l, size_t offset, lem_dtype dtype) {
    const lem_tensor *t;
    if (l->st != LEM_OK) return NULL;
    if (l->n_jobs == l->cap_jobs) {
        int cap = l->cap_jobs ? l->cap_jobs * 2 : 64;
        job *grown = lem_realloc(l->jobs, (size_t)cap, sizeof *grown, l->err);
        if (!grown) {
            l->st = LEM_EMEM;
            return NULL;
        }
        l->jobs = grown;
        l->cap_jobs = cap;
    }
    job *j = &l->jobs[l->n_jobs];
    *j = (job){.from = stored_at(l, offset, &t),
               .N = t->shape[0],
               .K = t->shape[1],
               .dtype = dtype,
               .first_task = l->n_tasks};
    if (!lem_values_dtype(j->from->tensor->dtype, &j->stored)) {
        l->st =
            lem_fail(l->err, LEM_EDATA, "%s: tensor '%.95s' has dtype %s, supported are F32, F16 and BF16",
                     lem_safetensors_file_path(j->from->file), t->name, j->from->tensor->dtype);
        return NULL;
    }
    l->n_jobs++;
    l->n_tasks += (j->N + LEM_PANEL - 1) / LEM_PANEL;
    return j;
}

static void visit_product(void *ctx, size_t offset, lem_packed *to) {
    loader *l = ctx;
    job *j = add_job(l, offset, to->dtype);
    if (j) j->to = to;
}

static const float *visit_vector(void *ctx, size_t offset, int n) {
    loader *l = ctx;
    const lem_tensor *t;
    if (offset == SIZE_MAX || l->st != LEM_OK) return NULL;
    float *to = l->small;
    l->st = lem_stored_read(stored_at(l, offset, &t), to, (size_t)n, l->err);
    l->small += n;
    return to;
}

/* The embedding is kept as rows; a head that is tied to it is packed from the same rows. */
static void add_embedding_jobs(loader *l) {
    lem_weights *w = l->w;
    const lem_model *m = l->folder->table;
    job *j = NULL;
    for (int i = 0; m->lm_head == m->embed && i < l->n_jobs; i++)
        if (l->jobs[i].to == &w->packed.head) j = &l->jobs[i];
    if (!j) j = add_job(l, m->embed, w->dtype);
    if (j) j->rows = w->dtype == LEM_DTYPE_F32 ? (void *)w->embed : (void *)w->embed_bf16;
}

/* ---- the whole ---- */

/* Gigabytes touched for the first time: large pages save most of the page faults. Advice only. */
static void ask_for_large_pages(void *p, size_t n) {
    const uintptr_t page = 4096;
    uintptr_t from = ((uintptr_t)p + page - 1) & ~(page - 1), to = ((uintptr_t)p + n) & ~(page - 1);
    if (to > from) (void)madvise((void *)from, to - from, MADV_HUGEPAGE);
}

static lem_status make_workers(loader *l, lem_pool *pool, lem_err *err) {
    size_t K = 0;
    for (int i = 0; i < l->n_jobs; i++) {
        const job *j = &l->jobs[i];
        if ((size_t)j->K > K) K = (size_t)j->K;
        if (j->to) ask_for_large_pages(j->to->panels, lem_packed_bytes(j->N, j->K, j->to->dtype));
        if (j->rows) ask_for_large_pages(j->rows, (size_t)j->N * (size_t)j->K * lem_dtype_size(j->dtype));
    }
    l->n_workers = lem_pool_threads(pool);
    l->workers = lem_alloc_zero((size_t)l->n_workers, sizeof *l->workers, err);
    if (!l->workers) return LEM_EMEM;
    for (int i = 0; i < l->n_workers; i++) {
        worker *w = &l->workers[i];
        w->failed_task = INT32_MAX;
        w->raw = lem_alloc_aligned(K * LEM_PANEL, sizeof(float), err);
        w->values = lem_alloc_aligned(K * LEM_PANEL, sizeof(float), err);
        if (!w->raw || !w->values) return LEM_EMEM;
    }
    return LEM_OK;
}

/* Of several failures the first in the order of tasks is told: all tasks have been tried, so it does not
 * depend on threads. */
static lem_status first_failure(const loader *l, lem_err *err) {
    const worker *first = &l->workers[0];
    for (int i = 1; i < l->n_workers; i++)
        if (l->workers[i].failed_task < first->failed_task) first = &l->workers[i];
    if (first->failed_task == INT32_MAX) return LEM_OK;
    if (err) *err = first->err;
    return first->err.status;
}

static lem_status fill(loader *l, lem_backend *b, lem_err *err) {
    lem_weights *w = l->w;
    l->small = w->packed.small;
    lem_packed_model_walk(&w->packed, l->folder->table, &(lem_weight_sink){visit_product, visit_vector, l});
    add_embedding_jobs(l);
    if (l->st != LEM_OK) return l->st;
    lem_status st = make_workers(l, b->pool, err);
    if (st != LEM_OK) return st;
    lem_pool_run(b->pool, l->n_tasks, do_task, l);
    return first_failure(l, err);
}

static lem_status open_weights(const char *dir, const lem_head *need, lem_backend *b, lem_dtype dtype,
                               lem_weights **out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_folder folder = {NULL, NULL};
    lem_weights *w = NULL;
    loader l = {0};
    if (dtype != LEM_DTYPE_F32 && dtype != LEM_DTYPE_BF16)
        return lem_fail(err, LEM_EUSAGE, "weights are packed as F32 or BF16, not %s", lem_dtype_name(dtype));
    LEM_TRY(lem_folder_open(dir, need, &folder, err));
    LEM_TRY(lem_weights_alloc(&folder.table->config, dtype, &w, err));
    l = (loader){.folder = &folder, .w = w, .err = err};
    LEM_TRY(fill(&l, b, err));
    *out = w;
    w = NULL;
done:
    for (int i = 0; l.workers && i < l.n_workers; i++) {
        lem_free(l.workers[i].raw);
        lem_free(l.workers[i].values);
    }
    lem_free(l.workers);
    lem_free(l.jobs);
    lem_weights_free(w);
    lem_folder_release(&folder);
    return st;
}

lem_status lem_weights_open(const char *dir, lem_head need, lem_backend *b, lem_dtype dtype,
                            lem_weights **out, lem_err *err) {
    return open_weights(dir, &need, b, dtype, out, err);
}

lem_status lem_weights_open_any(const char *dir, lem_backend *b, lem_dtype dtype, lem_weights **out,
                                lem_err *err) {
    return open_weights(dir, NULL, b, dtype, out, err);
}

const lem_model_config *lem_weights_config(const lem_weights *w) { return &w->config; }

lem_status lem_model_check(const char *dir, lem_head need, lem_model_config *out, lem_err *err) {
    lem_folder folder = {NULL, NULL};
    lem_status st = lem_folder_open(dir, &need, &folder, err);
    if (st != LEM_OK) return st;
    *out = folder.table->config;
    lem_folder_release(&folder);
    return LEM_OK;
}
