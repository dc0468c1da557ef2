/* weights_open - packs a folder's tensors run by run of rows, in parallel, out of its files */
#include "model/weights_open.h"
#include "core/mem.h"
#include "model/folder.h"
#include "model/quant.h"
#include "model/session_priv.h"
#include "weights/values.h"

#include <string.h>

/* One tensor, read in runs of rows. */
typedef struct job {
    const lem_stored *from, *scale; /* scale: of I8, else NULL */
    lem_dtype stored;
    const lem_param *to;
    int N, K; /* K 0 = a vector */
    int run;  /* rows of one task: LEM_PACK_ROWS, or all of a vector */
    int first_task;
} job;

typedef struct worker {
    unsigned char *raw; /* one run of values as they stand in the file or are handed over */
    float *values;      /* as many, for conversions */
    lem_int8_block *blocks;
    int failed_task; /* the first that failed; INT32_MAX = none */
    lem_err err;
} worker;

typedef struct loader {
    const lem_folder *folder;
    lem_weights *w;
    lem_backend *b;
    job *jobs; /* [tensors] */
    int n_jobs, n_tasks;
    worker *workers;
    int n_workers;
} loader;

/* ---- one run of rows ---- */

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

static size_t columns(const job *j) { return j->K ? (size_t)j->K : 1; }

/* Rows row0 .. row0 + rows in the type of the weights, at w->raw. */
static lem_status read_rows(const job *j, worker *w, size_t row0, size_t rows, lem_err *err) {
    lem_dtype dtype = j->to->dtype;
    size_t K = columns(j), n = rows * K, size = lem_dtype_size(dtype);
    if (j->scale)
        return lem_quant_read_rows(j->from, j->scale, row0, rows, K, (int8_t *)w->blocks, w->values,
                                   (lem_int8_block *)(void *)w->raw, err);
    if (j->stored == dtype) {
        lem_status st = lem_safetensors_file_read_bytes(j->from->file, j->from->tensor,
                                                        (uint64_t)row0 * K * size, n * size, w->raw, err);
        if (st != LEM_OK || all_finite(dtype, w->raw, n * size)) return st;
    }
    lem_status st =
        lem_safetensors_file_read_part(j->from->file, j->from->tensor, row0 * K, n, w->values, w->raw, err);
    if (st == LEM_OK) lem_param_rows_of(dtype, w->values, (int)rows, (int)K, w->raw);
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
    int row0 = (task - j->first_task) * j->run, left = j->N - row0;
    int rows = left < j->run ? left : j->run;
    lem_err err = LEM_ERR_INIT;
    if (read_rows(j, w, (size_t)row0, (size_t)rows, &err) == LEM_OK)
        lem_param_put(l->b, j->to, row0, rows, j->K, w->raw, w->blocks);
    else if (task < w->failed_task) {
        w->failed_task = task;
        w->err = err;
    }
}

/* ---- what goes where ---- */

static lem_status add_job(loader *l, const lem_tensor *t, lem_err *err) {
    const lem_stored *from = lem_shards_find(l->folder->shards, t->name);
    job *j = &l->jobs[l->n_jobs++];
    *j = (job){.from = from,
               .to = lem_params_at(&l->w->params, t->role, t->layer),
               .N = t->shape[0],
               .K = t->rank == 2 ? t->shape[1] : 0,
               .run = t->rank == 2 ? LEM_PACK_ROWS : t->shape[0],
               .first_task = l->n_tasks};
    l->n_tasks += (j->N + j->run - 1) / j->run;
    if (l->folder->table->config.int8 && lem_quant_has(l->folder->table->config.int8_kept, t->role)) {
        char name[112];
        lem_quant_scale_name(t->name, name);
        j->scale = lem_shards_find(l->folder->shards, name);
        j->stored = LEM_DTYPE_I8;
        return LEM_OK;
    }
    if (lem_values_dtype(from->tensor->dtype, &j->stored)) return LEM_OK;
    return lem_fail(err, LEM_EDATA, "%s: tensor '%.95s' has dtype %s, supported are F32, F16 and BF16",
                    lem_safetensors_file_path(from->file), t->name, from->tensor->dtype);
}

/* ---- the whole ---- */

static lem_status make_workers(loader *l, lem_pool *pool, lem_err *err) {
    size_t n = 0; /* bytes of the longest run */
    for (int i = 0; i < l->n_jobs; i++) {
        const job *j = &l->jobs[i];
        size_t run = j->K ? lem_param_run_bytes(j->K) : (size_t)j->run * sizeof(float);
        if (run > n) n = run;
    }
    l->n_workers = lem_pool_threads(pool);
    l->workers = lem_alloc_zero((size_t)l->n_workers, sizeof *l->workers, err);
    if (!l->workers) return LEM_EMEM;
    for (int i = 0; i < l->n_workers; i++) {
        worker *w = &l->workers[i];
        w->failed_task = INT32_MAX;
        w->raw = lem_alloc_aligned(n, 1, err);
        w->values = lem_alloc_aligned(n, 1, err);
        w->blocks = lem_alloc_aligned(n, 1, err);
        if (!w->raw || !w->values || !w->blocks) return LEM_EMEM;
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

static lem_status fill(loader *l, lem_err *err) {
    const lem_model *table = l->folder->table;
    lem_status st = LEM_OK;
    l->jobs = lem_alloc((size_t)table->n_tensors, sizeof *l->jobs, err);
    if (!l->jobs) return LEM_EMEM;
    for (int i = 0; i < table->n_tensors; i++) LEM_TRY(add_job(l, &table->tensors[i], err));
    LEM_TRY(make_workers(l, l->b->pool, err));
    lem_pool_run(l->b->pool, l->n_tasks, do_task, l);
    LEM_TRY(first_failure(l, err));
    LEM_TRY(l->b->ops->sync(l->b, err));
done:
    return st;
}

/* A row of wide int8 has to fit the scratch of a backend. */
static lem_status check_columns(const lem_model *table, const char *dir, lem_err *err) {
    for (int i = 0; i < table->n_tensors; i++)
        if (table->tensors[i].shape[1] > LEM_WIDE_COLUMNS)
            return lem_fail(err, LEM_EDATA,
                            "%s: '%.95s' has %d columns, an int8 model is trained with %d at most", dir,
                            table->tensors[i].name, table->tensors[i].shape[1], LEM_WIDE_COLUMNS);
    return LEM_OK;
}

static lem_status open_weights(const char *dir, const lem_head *need, lem_backend *b, lem_dtype dtype,
                               bool wide, lem_weights **out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_folder folder = {NULL, NULL};
    lem_weights *w = NULL;
    loader l = {0};
    LEM_TRY(lem_folder_open(dir, need, &folder, err));
    if (wide) LEM_TRY(check_columns(folder.table, dir, err));
    LEM_TRY(lem_weights_alloc(folder.table, b, dtype, wide, &w, err));
    l = (loader){.folder = &folder, .w = w, .b = b};
    LEM_TRY(fill(&l, err));
    *out = w;
    w = NULL;
done:
    for (int i = 0; l.workers && i < l.n_workers; i++) {
        lem_free(l.workers[i].raw);
        lem_free(l.workers[i].values);
        lem_free(l.workers[i].blocks);
    }
    lem_free(l.workers);
    lem_free(l.jobs);
    lem_weights_free(w);
    lem_folder_release(&folder);
    return st;
}

lem_status lem_weights_open(const char *dir, lem_head need, lem_backend *b, lem_dtype dtype,
                            lem_weights **out, lem_err *err) {
    return open_weights(dir, &need, b, dtype, false, out, err);
}

lem_status lem_weights_open_any(const char *dir, lem_backend *b, lem_dtype dtype, lem_weights **out,
                                lem_err *err) {
    return open_weights(dir, NULL, b, dtype, false, out, err);
}

lem_status lem_weights_open_base(const char *dir, const lem_head *need, lem_backend *b, lem_dtype dtype,
                                 lem_weights **out, lem_err *err) {
    return open_weights(dir, need, b, dtype, true, out, err);
}

const lem_model_config *lem_weights_config(const lem_weights *w) { return &w->config; }
lem_dtype lem_weights_packed(const lem_weights *w) { return w->dtype; }

lem_status lem_model_check(const char *dir, lem_head need, lem_model_config *out, lem_err *err) {
    lem_folder folder = {NULL, NULL};
    lem_status st = lem_folder_open(dir, &need, &folder, err);
    if (st != LEM_OK) return st;
    *out = folder.table->config;
    lem_folder_release(&folder);
    return LEM_OK;
}
