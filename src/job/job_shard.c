/* job_shard.c - a job that is one shard of a whole one: its place, its neighbours, what its manifest says */
#include "job/job_priv.h"

#include "core/hash.h"
#include "core/mem.h"
#include "core/object.h"
#include "job/manifest.h"

#include <inttypes.h>
#include <string.h>

static lem_status no_memory(lem_err *err) { return lem_fail(err, LEM_EMEM, "out of memory"); }

bool lem_job_takes(const lem_job *j, uint64_t row) { return lem_shard_has(&j->shard, row); }
bool lem_job_is_shard(const lem_job *j) { return j->shard.n > 0; }

void lem_job_shard_release(lem_job *j) {
    lem_free(j->asked);
    lem_free(j->own);
    lem_shard_files_release(&j->donors);
    lem_buf_release(&j->lines);
}

/* ---- opening ---- */

lem_status lem_job_shard_set(lem_job *j, const lem_args *args, lem_err *err) {
    const char *label = lem_args_str(args, "shard");
    return label ? lem_shard_parse(label, &j->shard, err) : LEM_OK;
}

lem_status lem_job_shard_place(lem_job *j, const char **path, lem_err *err) {
    lem_err why = LEM_ERR_INIT;
    if (j->shard.n == 0) return LEM_OK;
    j->asked = lem_strdup(*path, &why);
    j->own = j->asked ? lem_shard_path(*path, &j->shard, &why) : NULL;
    if (!j->own) return lem_fail(err, why.status, "%s", why.text);
    lem_info(j->cli->log, "this shard writes %s", j->own);
    *path = j->own;
    return LEM_OK;
}

lem_status lem_job_shard_identify(lem_job *j, lem_err *err) {
    if (j->shard.n == 0) return LEM_OK;
    lem_json *whole = lem_json_copy(j->facts);
    lem_status st = LEM_OK;
    if (!whole || !lem_json_remove(lem_json_get(whole, "arguments"), "shard")) st = no_memory(err);
    if (st == LEM_OK) st = lem_facts_identity(whole, j->whole, err);
    lem_json_free(whole);
    return st;
}

/* ---- neighbours ---- */

typedef struct neighbour {
    lem_manifest m;
    bool complete;
} neighbour;

static bool load(const char *path, const char *end, lem_manifest *m) {
    lem_buf name = {0};
    lem_err ignored = LEM_ERR_INIT;
    lem_buf_printf(&name, "%s%s", path, end);
    bool ok = lem_buf_ok(&name, &ignored) == LEM_OK && lem_file_exists(name.data) &&
              lem_manifest_load(name.data, m, &ignored) == LEM_OK;
    lem_buf_release(&name);
    return ok;
}

/* Of a finished shard the final manifest, else that of its unfinished run; false if neither is of the same
 * whole job. */
static bool look_up(const lem_job *j, const lem_shard_file *f, neighbour *out) {
    out->complete = lem_file_exists(f->path) && load(f->path, ".manifest.json", &out->m);
    if (!out->complete && !load(f->path, ".job/manifest.json", &out->m)) return false;
    const char *whole = lem_json_str(lem_json_get(out->m.shard, "whole"), "");
    if (strcmp(whole, j->whole) == 0) return true;
    lem_manifest_release(&out->m);
    return false;
}

static lem_status refuse_done(const lem_job *j, const lem_shard_file *f, lem_err *err) {
    lem_buf mine = {0}, other = {0};
    lem_shard_put(&j->shard, false, &mine);
    lem_shard_put(&f->shard, false, &other);
    lem_fail(err, LEM_EUSAGE,
             "--shard %s has rows that %s has done already (%s); 'lemma merge %s' tells what is missing",
             lem_buf_str(&mine), lem_buf_str(&other), f->path, j->asked);
    lem_buf_release(&mine);
    lem_buf_release(&other);
    return LEM_EUSAGE;
}

static lem_status add_donor(lem_job *j, const lem_shard_file *f, lem_err *err) {
    lem_shard_file *more = lem_realloc(j->donors.at, j->donors.n + 1, sizeof *more, err);
    char *path = more ? lem_strdup(f->path, err) : NULL;
    if (more) j->donors.at = more;
    if (!path) return LEM_EMEM;
    more[j->donors.n++] = (lem_shard_file){path, f->shard};
    return LEM_OK;
}

/* A shard with rows of this one. */
static lem_status meet(lem_job *j, const lem_shard_file *f, const neighbour *n, lem_err *err) {
    if (n->complete) return refuse_done(j, f, err);
    lem_status st = lem_lock_check(f->path, err);
    if (st) return lem_err_context(err, "rows of this shard are in work");
    if (j->cli->fresh) return LEM_OK;
    if (strcmp(n->m.compute_path, j->compute_path) == 0) return add_donor(j, f, err);
    lem_warn(j->cli->log, "%s.job was made on compute path '%s', not '%s': its rows are done again", f->path,
             n->m.compute_path, j->compute_path);
    return LEM_OK;
}

lem_status lem_job_shard_compare(lem_job *j, lem_err *err) {
    lem_shard_files beside = {NULL, 0};
    if (j->shard.n == 0 || j->state == JOB_DONE) return LEM_OK;
    lem_status st = lem_shard_files_find(j->asked, &beside, err);
    for (size_t i = 0; st == LEM_OK && i < beside.n; i++) {
        const lem_shard_file *f = &beside.at[i];
        bool meets = lem_shards_meet(&f->shard, &j->shard);
        neighbour n = {.complete = false};
        if (lem_shards_equal(&f->shard, &j->shard) || (!meets && *j->compute_path)) continue;
        if (!look_up(j, f, &n)) continue;
        /* one output, so one compute path; the first shard chose it */
        if (!*j->compute_path) memcpy(j->compute_path, n.m.compute_path, sizeof j->compute_path);
        if (meets) st = meet(j, f, &n, err);
        lem_manifest_release(&n.m);
    }
    lem_shard_files_release(&beside);
    return st;
}

/* ---- what dead shards did ---- */

typedef struct adoption {
    lem_job *j;
    lem_journal *to;
    uint64_t *seen; /* [cap] hashes of ids, 0 = free: what two journals hold is copied once */
    size_t n, cap;
} adoption;

static bool place_of(adoption *a, uint64_t hash, uint64_t **at) {
    size_t i = hash & (a->cap - 1);
    while (a->seen[i] && a->seen[i] != hash) i = (i + 1) & (a->cap - 1);
    *at = &a->seen[i];
    return a->seen[i] != 0;
}

static lem_status grow(adoption *a, lem_err *err) {
    adoption old = *a;
    if (a->n * 2 < a->cap) return LEM_OK;
    a->cap = a->cap ? 2 * a->cap : 1024;
    a->seen = lem_alloc_zero(a->cap, sizeof *a->seen, err);
    if (!a->seen) {
        *a = old;
        return LEM_EMEM;
    }
    for (size_t i = 0; i < old.cap; i++) {
        uint64_t *at;
        if (old.seen[i] && !place_of(a, old.seen[i], &at)) *at = old.seen[i];
    }
    lem_free(old.seen);
    return LEM_OK;
}

static bool row_of(const char *id, uint64_t *row) {
    const char *p = id + strcspn(id, "0123456789");
    uint64_t v = 0;
    if (!*p) return false;
    for (; *p >= '0' && *p <= '9'; p++) {
        if (v > UINT64_MAX / 16) return false;
        v = 10 * v + (uint64_t)(*p - '0');
    }
    *row = v;
    return true;
}

static lem_status adopt(void *ctx, const char *id, const lem_json *record, lem_err *err) {
    adoption *a = ctx;
    uint64_t row = 0, *at, hash = lem_hash64(id, strlen(id), 0) | 1;
    lem_status st = lem_cancel_check(a->j->cli->cancel, err);
    if (st || !row_of(id, &row) || !lem_shard_has(&a->j->shard, row)) return st;
    st = grow(a, err);
    if (st || place_of(a, hash, &at)) return st;
    *at = hash;
    a->n++;
    lem_json *copy = lem_json_copy(record);
    if (!copy) return no_memory(err);
    st = lem_journal_append(a->to, id, copy, err);
    lem_json_free(copy);
    return st;
}

static lem_status adopt_from(adoption *a, const lem_shard_file *f, lem_err *err) {
    lem_buf path = {0};
    lem_manifest m = {0};
    uint64_t before = a->n;
    lem_status st = lem_lock_check(f->path, err);
    lem_buf_printf(&path, "%s.job/journal", f->path);
    if (st == LEM_OK) st = lem_buf_ok(&path, err);
    if (st == LEM_OK && lem_file_exists(path.data) && load(f->path, ".job/manifest.json", &m))
        st = lem_journal_read(path.data, m.identity, adopt, a, err);
    if (st == LEM_OK && a->n > before)
        lem_info(a->j->cli->log, "taken over from %s: %" PRIu64 " records of this shard's rows", path.data,
                 a->n - before);
    lem_manifest_release(&m);
    lem_buf_release(&path);
    return st;
}

/* A journal that is there was copied whole: it gets its name when all is in it. */
lem_status lem_job_shard_adopt(lem_job *j, const char *journal, lem_err *err) {
    adoption a = {.j = j};
    char *path = NULL;
    lem_status st = LEM_OK;
    if (j->donors.n == 0 || lem_file_exists(journal)) return LEM_OK;
    path = lem_path_join(j->work, LEM_JOB_NEW_JOURNAL, err);
    if (!path) return LEM_EMEM;
    LEM_TRY(lem_file_remove(path, err));
    LEM_TRY(lem_journal_open(path, j->identity, NULL, NULL, &a.to, NULL, err));
    for (size_t i = 0; i < j->donors.n; i++) LEM_TRY(adopt_from(&a, &j->donors.at[i], err));
    lem_journal *to = a.to;
    a.to = NULL;
    LEM_TRY(lem_journal_close(to, err));
    LEM_TRY(lem_file_rename(path, journal, err));
    LEM_TRY(lem_file_fsync_folder_of(journal, err));
done:
    if (a.to && lem_journal_close(a.to, NULL) != LEM_OK) lem_warn(j->cli->log, "%s is left as it is", path);
    lem_free(a.seen);
    lem_free(path);
    return st;
}

/* ---- what the manifest says ---- */

static void end_run(lem_job *j) {
    if (j->rows_alike)
        lem_buf_printf(&j->lines, "%s%" PRIu64 "x%" PRIu64, j->lines.len ? "," : "", j->lines_of_row,
                       j->rows_alike);
    j->rows_alike = 0;
}

void lem_job_wrote(lem_job *j, uint64_t lines) {
    if (j->shard.n == 0) return;
    if (j->rows_alike && j->lines_of_row != lines) end_run(j);
    j->lines_of_row = lines;
    j->rows_alike++;
}

void lem_job_saw(lem_job *j, uint64_t rows) {
    j->rows_known = true;
    j->rows = rows;
}

lem_status lem_job_shard_json(lem_job *j, bool done, lem_json **out, lem_err *err) {
    lem_buf label = {0};
    if (j->shard.n == 0) return LEM_OK;
    lem_shard_put(&j->shard, false, &label);
    if (done) end_run(j);
    lem_status st = lem_buf_ok(&label, err);
    if (st == LEM_OK) st = lem_buf_ok(&j->lines, err);
    lem_object o = lem_object_new();
    lem_object_str(&o, "parts", lem_buf_str(&label));
    lem_object_str(&o, "whole", j->whole);
    if (done && j->rows_known) {
        lem_object_int(&o, "rows", j->rows);
        lem_object_str(&o, "lines", lem_buf_str(&j->lines));
    }
    lem_json *made = lem_object_done(&o);
    lem_buf_release(&label);
    if (st == LEM_OK && !made) st = no_memory(err);
    if (st == LEM_OK) *out = made;
    else lem_json_free(made);
    return st;
}
