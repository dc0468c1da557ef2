/* account.c - what became of the rows that a job read, for its manifest */
#include "job/account.h"

#include "core/object.h"
#include "job/job_priv.h"

static lem_status no_memory(lem_err *err) { return lem_fail(err, LEM_EMEM, "out of memory"); }

/* Takes account; NULL is a failure. */
static lem_status append(lem_job *j, lem_json *account, lem_err *err) {
    if (!account) return no_memory(err);
    if (!j->rows_told) j->rows_told = lem_json_new_array();
    if (j->rows_told && lem_json_append(j->rows_told, account)) return LEM_OK;
    if (!j->rows_told) lem_json_free(account);
    return no_memory(err);
}

static lem_json *reasons(const lem_account *a) {
    lem_object o = lem_object_new();
    for (int i = 0; i < a->n; i++) lem_object_int(&o, a->why[i].why, a->why[i].n);
    return lem_object_done(&o);
}

lem_status lem_job_account(lem_job *j, const lem_account *a, lem_err *err) {
    lem_object o = lem_object_new();
    if (a->of) lem_object_str(&o, "of", a->of);
    lem_object_str(&o, "unit", a->unit);
    lem_object_int(&o, "read", a->read);
    lem_object_int(&o, "kept", a->kept);
    lem_object_json(&o, "dropped", reasons(a));
    if (a->first) lem_object_json(&o, "first", a->first);
    if (a->file) lem_object_str(&o, "file", a->file);
    if (a->against) lem_object_json(&o, "against", a->against);
    return append(j, lem_object_done(&o), err);
}

/* An account without read and kept; NULL = no memory. */
static lem_json *reasons_alone(const lem_json *account) {
    lem_json *copy = lem_json_copy(account);
    if (!copy) return NULL;
    (void)lem_json_remove(copy, "read");
    (void)lem_json_remove(copy, "kept");
    return copy;
}

/* Every shard reads all rows and uses its own: the reasons are then the same, and what was kept adds up. */
static lem_status join(const lem_json *const *shards, size_t n, size_t at, bool *same, lem_json **out,
                       lem_err *err) {
    const lem_json *first = lem_json_at(lem_json_get(shards[0], "rows"), at);
    lem_json *told = reasons_alone(first);
    int64_t kept = 0, one = lem_json_int(lem_json_get(first, "kept"), 0);
    lem_status st = told ? LEM_OK : no_memory(err);
    bool equal = true;
    for (size_t i = 0; st == LEM_OK && i < n; i++) {
        const lem_json *other = lem_json_at(lem_json_get(shards[i], "rows"), at);
        lem_json *alone = reasons_alone(other);
        if (!alone) st = no_memory(err);
        *same = *same && lem_json_equal(told, alone);
        equal = equal && lem_json_equal(first, other);
        kept += lem_json_int(lem_json_get(other, "kept"), 0);
        lem_json_free(alone);
    }
    lem_json_free(told);
    lem_json *joined = st == LEM_OK ? lem_json_copy(first) : NULL;
    int64_t left_out = lem_json_int(lem_json_get(first, "read"), 0) - one;
    bool ok = joined && (equal || (lem_json_set(joined, "read", lem_json_new_int(kept + left_out)) &&
                                   lem_json_set(joined, "kept", lem_json_new_int(kept))));
    if (ok) *out = joined;
    else lem_json_free(joined);
    return ok ? LEM_OK : no_memory(err);
}

/* *same stays false, and nothing is added, where the shards tell different reasons. */
static lem_status add_joined(lem_job *j, const lem_json *const *shards, size_t n, bool *same, lem_err *err) {
    size_t count = lem_json_count(lem_json_get(shards[0], "rows"));
    lem_json *joined = lem_json_new_array();
    lem_status st = joined ? LEM_OK : no_memory(err);
    *same = true;
    for (size_t i = 1; i < n; i++) *same = *same && lem_json_count(lem_json_get(shards[i], "rows")) == count;
    for (size_t k = 0; st == LEM_OK && *same && k < count; k++) {
        lem_json *one = NULL;
        st = join(shards, n, k, same, &one, err);
        if (st == LEM_OK && !lem_json_append(joined, one)) st = no_memory(err);
    }
    for (size_t k = 0; st == LEM_OK && *same && k < count; k++)
        st = append(j, lem_json_copy(lem_json_at(joined, k)), err);
    lem_json_free(joined);
    return st;
}

static lem_status add_shard(lem_job *j, const lem_json *shard, lem_err *err) {
    const lem_json *rows = lem_json_get(shard, "rows");
    char name[80];
    lem_status st = LEM_OK;
    snprintf(name, sizeof name, "shard %.64s", lem_json_str(lem_json_find(shard, "shard.parts"), ""));
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(rows); i++) {
        lem_json *copy = lem_json_copy(lem_json_at(rows, i));
        if (copy && !lem_json_set(copy, "of", lem_json_new_str(name))) {
            lem_json_free(copy);
            copy = NULL;
        }
        st = append(j, copy, err);
    }
    return st;
}

lem_status lem_job_account_shards(lem_job *j, const lem_json *const *shards, size_t n, lem_err *err) {
    bool same = false;
    lem_status st = add_joined(j, shards, n, &same, err);
    for (size_t i = 0; st == LEM_OK && !same && i < n; i++) st = add_shard(j, shards[i], err);
    return st;
}
