/* shard_auto.c - --shard and --take-over as one shard; which part a task of an array or a rank is */
#include "job/shard.h"

#include "core/mem.h"

#include <string.h>

/* ---- variables ---- */

/* What one kind of launcher says: process `at` of `of`, from 0. of 0: it says nothing. */
typedef struct said {
    const char *by; /* "SLURM_ARRAY_TASK_ID" */
    int64_t at, of;
} said;

static const char *const looked_for =
    "SLURM_ARRAY_TASK_ID with _MIN, _STEP and _COUNT, OMPI_COMM_WORLD_RANK with _SIZE, PMI_RANK with "
    "PMI_SIZE, PMIX_RANK with PMIX_SIZE or SLURM_STEP_NUM_TASKS";

static lem_status read_number(const char *name, const char *text, int64_t *out, lem_err *err) {
    int64_t v = 0;
    size_t n = strlen(text);
    if (n == 0 || n > 9 || strspn(text, "0123456789") != n)
        return lem_fail(err, LEM_EUSAGE, "--shard auto: %s is '%s'; a number expected", name, text);
    for (const char *p = text; *p; p++) v = 10 * v + (*p - '0');
    *out = v;
    return LEM_OK;
}

/* A variable that must be there because `with` is. */
static lem_status need(lem_shard_variable *get, const char *name, const char *with, int64_t *out,
                       lem_err *err) {
    const char *text = get(name);
    if (!text)
        return lem_fail(err, LEM_EUSAGE, "--shard auto: %s is set, but %s is not; name the shard as I/N",
                        with, name);
    return read_number(name, text, out, err);
}

static lem_status slurm(lem_shard_variable *get, said *out, lem_err *err) {
    int64_t id = 0, min = 0, step = 1, count = 0;
    const char *const name = "SLURM_ARRAY_TASK_ID";
    lem_status st = LEM_OK;
    if (!get(name)) return LEM_OK;
    LEM_TRY(need(get, name, name, &id, err));
    LEM_TRY(need(get, "SLURM_ARRAY_TASK_MIN", name, &min, err));
    LEM_TRY(need(get, "SLURM_ARRAY_TASK_STEP", name, &step, err));
    LEM_TRY(need(get, "SLURM_ARRAY_TASK_COUNT", name, &count, err));
    bool whole = step > 0 && id >= min && (id - min) % step == 0 && (id - min) / step < count;
    if (!whole)
        return lem_fail(err, LEM_EUSAGE,
                        "--shard auto: Slurm's variables contradict each other: task %lld, first %lld, step "
                        "%lld, %lld tasks (a list such as --array=3,7 has no step); name the shard as I/N",
                        (long long)id, (long long)min, (long long)step, (long long)count);
    *out = (said){name, (id - min) / step, count};
done:
    return st;
}

/* rank: PMIX_RANK. sizes: names for how many there are, the first that is set counts; NULL behind the last.
 */
static lem_status ranks(lem_shard_variable *get, const char *rank, const char *const *sizes, bool may_lack,
                        said *out, lem_err *err) {
    int64_t at = 0, of = 0;
    const char *text = get(rank);
    if (!text) return LEM_OK;
    const char *const *size = sizes;
    while (size[1] && !get(*size)) size++;
    if (may_lack && !get(*size)) return LEM_OK;
    lem_status st = read_number(rank, text, &at, err);
    if (st == LEM_OK) st = need(get, *size, rank, &of, err);
    if (st) return st;
    if (at >= of)
        return lem_fail(err, LEM_EUSAGE, "--shard auto: %s is %lld, but %s is %lld; name the shard as I/N",
                        rank, (long long)at, *size, (long long)of);
    *out = (said){rank, at, of};
    return LEM_OK;
}

/* One process alone is what a launcher says that was not asked to start several (srun inside an array). */
static lem_status agree(const said *list, int n, lem_shard *out, lem_err *err) {
    const said *best = NULL;
    for (int i = 0; i < n; i++) {
        const said *s = &list[i];
        if (s->of == 0 || (best && s->of == 1)) continue;
        if (best && best->of > 1 && (best->at != s->at || best->of != s->of))
            return lem_fail(err, LEM_EUSAGE,
                            "--shard auto: %s makes this part %lld/%lld, %s part %lld/%lld; name the shard "
                            "as I/N",
                            best->by, (long long)best->at + 1, (long long)best->of, s->by,
                            (long long)s->at + 1, (long long)s->of);
        best = s;
    }
    if (!best)
        return lem_fail(err, LEM_EUSAGE,
                        "--shard auto: none of the variables is set that tell the part: %s; name the shard "
                        "as I/N",
                        looked_for);
    if (best->of > LEM_SHARD_MAX_OF)
        return lem_fail(err, LEM_EUSAGE, "--shard auto: %lld parts, at most %d", (long long)best->of,
                        LEM_SHARD_MAX_OF);
    *out = (lem_shard){.part = {{(uint32_t)best->at, (uint32_t)best->of}}, .n = 1};
    return LEM_OK;
}

static lem_status of_variables(lem_shard_variable *get, lem_shard *out, lem_err *err) {
    static const char *const ompi[] = {"OMPI_COMM_WORLD_SIZE", NULL}, *const pmi[] = {"PMI_SIZE", NULL},
                             *const pmix[] = {"PMIX_SIZE", "SLURM_STEP_NUM_TASKS", NULL};
    said list[4] = {{0}};
    lem_status st = slurm(get, &list[0], err);
    if (st == LEM_OK) st = ranks(get, "OMPI_COMM_WORLD_RANK", ompi, false, &list[1], err);
    if (st == LEM_OK) st = ranks(get, "PMI_RANK", pmi, false, &list[2], err);
    /* Open MPI sets PMIX_RANK too, without a size of its own */
    if (st == LEM_OK) st = ranks(get, "PMIX_RANK", pmix, list[1].of || list[2].of, &list[3], err);
    return st ? st : agree(list, 4, out, err);
}

/* ---- options ---- */

static lem_status join_dead(const lem_json *list, lem_shard *out, lem_err *err) {
    lem_shard all = {.n = 0}, one;
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(list); i++) {
        st = lem_shard_parse(lem_json_str(lem_json_at(list, i), ""), &one, err);
        if (st == LEM_OK) st = lem_shard_join(&all, &one, err);
    }
    if (st) return lem_err_context(err, "--take-over");
    *out = all;
    return LEM_OK;
}

static lem_status divide(const lem_json *dead, lem_shard *s, lem_err *err) {
    lem_shard all;
    if (s->n != 1) return lem_fail(err, LEM_EUSAGE, "--shard: one part I/N expected beside --take-over");
    lem_status st = join_dead(dead, &all, err);
    if (st) return st;
    return lem_shard_divide(&all, s->part[0].at, s->part[0].of, s, err);
}

lem_status lem_shard_resolve(lem_args *a, lem_shard_variable *get, lem_err *err) {
    const char *text = lem_args_str(a, "shard");
    const lem_json *dead = lem_args_tree(a, "take-over");
    lem_shard s = {.n = 0};
    lem_buf label = {0};
    lem_status st = LEM_OK;
    if (!text && dead)
        return lem_fail(err, LEM_EUSAGE, "--take-over needs --shard I/N: which of N pieces this run takes");
    if (!text) return LEM_OK;
    if (strcmp(text, "auto") == 0) LEM_TRY(of_variables(get, &s, err));
    else LEM_TRY(lem_shard_parse(text, &s, err));
    if (dead) LEM_TRY(divide(dead, &s, err));
    lem_shard_put(&s, false, &label);
    LEM_TRY(lem_buf_ok(&label, err));
    bool ok = lem_json_set(a->values, "shard", lem_json_new_str(lem_buf_str(&label)));
    if (ok && dead) ok = lem_json_remove(a->values, "take-over");
    if (!ok) st = lem_fail(err, LEM_EMEM, "out of memory");
done:
    lem_buf_release(&label);
    return st;
}
