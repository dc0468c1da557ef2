/* annotate/outside.h - the same labels from rollouts that somebody else makes, such as servers
 *
 * All problems are read first. Each has points (the ends of steps, equal prefixes once), and each point
 * opts.n rollouts; they are numbered through: rollout r is candidate r % n of the point r / n. Then, until
 * nothing is wanted any more: ask what is wanted, have it made, give it or lose it. At last, finish.
 * What is wanted next is a function of what was given, so the same replies give the same labels in however
 * many runs they come. Without a tokenizer prefixes are told apart by their bytes. */
#ifndef LEM_ANNOTATE_OUTSIDE_H
#define LEM_ANNOTATE_OUTSIDE_H

#include "annotate/annotate.h"

typedef struct lem_outside lem_outside;

/* Reads all problems of the host, of which `known` and `record` are not called. o and what the host hands out
 * are borrowed until lem_outside_free. tok NULL: lem_annotate_problem.prompt may be any one id. */
lem_status lem_outside_new(const lem_annotate_opts *o, const lem_tokenizer *tok,
                           const lem_annotate_host *host, const lem_cancel *cancel, lem_outside **out,
                           lem_err *err) LEM_MUST_CHECK;
void lem_outside_free(lem_outside *a); /* NULL allowed */
size_t lem_outside_rollouts(const lem_outside *a);

/* Where a point's rollouts begin. */
typedef struct lem_outside_prefix {
    uint64_t problem;     /* lem_annotate_problem.index */
    int point;            /* its number in the problem */
    uint64_t key;         /* what the randomness of its rollouts is keyed by */
    const char *solution; /* its first `bytes` bytes */
    size_t bytes;
    const int32_t *ids; /* [n_ids] prompt and prefix; of a tokenizer */
    size_t n_ids;
} lem_outside_prefix;
lem_outside_prefix lem_outside_at(const lem_outside *a, size_t rollout);

/* The rollout of a problem's point; SIZE_MAX if there is none. The host gave its problems in ascending order.
 */
size_t lem_outside_find(const lem_outside *a, uint64_t problem, uint64_t point, uint64_t candidate);

typedef lem_status lem_outside_want(void *ctx, size_t rollout, lem_err *err);
/* Calls want for each rollout that is wanted now, in order: with early stop at most `most` of a point. None:
 * all is there. */
lem_status lem_outside_wanted(lem_outside *a, int most, lem_outside_want *want, void *ctx,
                              lem_err *err) LEM_MUST_CHECK;
/* The continuation behind the prefix. One that is not wanted any more is passed over. In order. */
lem_status lem_outside_give(lem_outside *a, size_t rollout, const char *text, size_t len, int tokens,
                            bool truncated, lem_err *err) LEM_MUST_CHECK;
/* There will be none: it counts as one whose answer cannot be told. */
void lem_outside_lose(lem_outside *a, size_t rollout);
/* Hands out all solutions (lem_annotate_host.done). */
lem_status lem_outside_finish(lem_outside *a, lem_annotate_stats *stats, lem_err *err) LEM_MUST_CHECK;

#endif
