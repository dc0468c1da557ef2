/* known.c - labels of steps from what is known already */
#include "annotate/known.h"

#include "core/mem.h"

#include <string.h>

typedef struct known { /* a problem in work */
    lem_annotate_problem in;
    lem_step_list *steps; /* [in.n] */
    lem_step_list worked;
    int (*count)[2]; /* [LEM_PROMPT_STEPS_MAX] */
} known;

static void release(known *x) {
    for (int i = 0; x->steps && i < x->in.n; i++) lem_step_list_release(&x->steps[i]);
    lem_free(x->steps);
    x->steps = NULL;
    lem_step_list_release(&x->worked);
    x->worked = (lem_step_list){0};
}

static lem_status split(known *x, const char *separator, lem_err *err) {
    lem_status st = LEM_OK;
    x->steps = lem_alloc_zero((size_t)x->in.n + 1, sizeof *x->steps, err);
    if (!x->steps) return LEM_EMEM;
    for (int i = 0; i < x->in.n; i++)
        LEM_TRY(lem_step_list_split(&x->steps[i], x->in.solution[i], separator, err));
    if (x->in.worked) st = lem_step_list_split(&x->worked, x->in.worked, separator, err);
done:
    return st;
}

static bool same_step(const lem_step_list *a, const lem_step_list *b, int k) {
    return k < a->n && k < b->n && a->at[k].len == b->at[k].len &&
           memcmp(a->at[k].text, b->at[k].text, a->at[k].len) == 0;
}

/* Each solution is counted at the steps that it shares with solution i from the beginning. */
static void count_samples(known *x, int i) {
    for (int m = 0; m < x->in.n; m++)
        for (int k = 0; x->in.correct[m] >= 0 && same_step(&x->steps[i], &x->steps[m], k); k++) {
            x->count[k][0] += x->in.correct[m] == 1;
            x->count[k][1]++;
        }
}

static void count_worked(known *x, int i) {
    bool good = true;
    int n = x->steps[i].n;
    for (int k = 0; k < n; k++) {
        good = good && same_step(&x->steps[i], &x->worked, k);
        if (k + 1 == n) good = good && n == x->worked.n;
        x->count[k][0] = good;
        x->count[k][1] = 1;
    }
}

static void note(const known *x, int n, lem_annotate_stats *stats) {
    for (int k = 0; k + 1 < n; k++) {
        stats->steps++;
        stats->points++;
        stats->measured++;
        stats->right += (uint64_t)x->count[k][0];
        stats->rollouts += (uint64_t)x->count[k][1];
    }
}

static lem_status one_solution(known *x, lem_annotate_from from, int i, const lem_annotate_host *host,
                               lem_annotate_stats *stats, lem_err *err) {
    int n = x->steps[i].n, correct = x->in.correct[i];
    memset(x->count, 0, ((size_t)n + 1) * sizeof *x->count);
    if (from == LEM_ANNOTATE_WORKED) count_worked(x, i);
    else count_samples(x, i);
    note(x, n, stats);
    if (from == LEM_ANNOTATE_SAMPLES && n > 0) { /* the last step's label is the outcome */
        x->count[n - 1][0] = correct == 1;
        x->count[n - 1][1] = correct >= 0;
    }
    const lem_annotated a = {.steps = &x->steps[i], .count = (const int(*)[2])x->count, .good = 0, .bad = n};
    return host->done(host->ctx, x->in.index, i, &a, err);
}

lem_status lem_annotate_known(lem_annotate_from from, const char *separator, const lem_annotate_host *host,
                              const lem_cancel *cancel, lem_annotate_stats *stats, lem_err *err) {
    known x = {.steps = NULL};
    bool more = true;
    lem_status st = LEM_OK;
    *stats = (lem_annotate_stats){0};
    x.count = lem_alloc_zero(LEM_PROMPT_STEPS_MAX + 1, sizeof *x.count, err);
    if (!x.count) return LEM_EMEM;
    for (;;) {
        LEM_TRY(lem_cancel_check(cancel, err));
        LEM_TRY(host->next(host->ctx, &x.in, &more, err));
        if (!more) break;
        if (from == LEM_ANNOTATE_WORKED && !x.in.worked)
            LEM_TRY(lem_fail(err, LEM_EDATA, "problem %llu has no worked solution",
                             (unsigned long long)x.in.index));
        LEM_TRY(split(&x, separator, err));
        for (int i = 0; i < x.in.n; i++) LEM_TRY(one_solution(&x, from, i, host, stats, err));
        release(&x);
    }
done:
    release(&x);
    lem_free(x.count);
    return st;
}
