/* annotate/annotate.h - labels of steps by Monte-Carlo continuations from the end of each
 *
 * From the end of each step of a solution but the last, n continuations (rollouts) are sampled.
 * The step is counted k of n: so many rollouts reached the right final answer (Math-Shepherd, arXiv
 * 2312.08935; "hard estimation": a step is good if any did).
 * The last step's label is the solution's own correctness.
 * All prefixes of all solutions of a problem stand in one living forest (generate/engine.h), so that what
 * they have in common is computed once; equal prefixes share their rollouts.
 *
 * A rollout is a function of (seed, problem's key, ids of its prefix, its index).
 * So it does not matter which other solutions there are, what runs beside it, and in how many runs it is
 * done.
 *
 * Early stop: the rollouts of a step count up to the first right one in the order of their index; what is
 * above it is cancelled. Counts then are 1 of (index + 1), or 0 of n.
 * Binary search (OmegaPRM, arXiv 2406.06592): a wrong solution is measured at the middle of what is not
 * decided yet until its first step without a right rollout is found.
 * That takes labels for monotone: steps before it are good, steps from it on are bad, and all of a right
 * solution's are good. */
#ifndef LEM_ANNOTATE_ANNOTATE_H
#define LEM_ANNOTATE_ANNOTATE_H

#include "core/log.h"
#include "generate/engine.h"
#include "grade/grade.h"
#include "prompt/steps.h"

enum { LEM_ANNOTATE_MAX_ROLLOUTS = 4096 };

typedef struct lem_rollout { /* what became of one */
    lem_grade_correct verdict;
    bool truncated; /* ended by its limit of tokens */
    int tokens;     /* drawn */
} lem_rollout;

typedef struct lem_annotate_opts {
    int n; /* rollouts of a step, 1..LEM_ANNOTATE_MAX_ROLLOUTS */
    lem_sample_opts sample;
    int max_tokens;     /* of a rollout */
    const int32_t *end; /* tokens that end one */
    int n_end;
    uint64_t seed;
    const char *separator; /* between steps, not empty */
    bool early_stop, binary;
    int slots, max_prompt; /* as in lem_engine_opts */
    lem_engine_load load;  /* zeroed, or as lem_annotate_load tells */
    lem_speculate speculate;
    size_t kv_bytes;
    lem_dtype kv_dtype; /* as in lem_engine_opts */
} lem_annotate_opts;

typedef struct lem_annotate_problem { /* all borrowed until it is done */
    uint64_t index;                   /* names it in callbacks and errors; of one problem only */
    uint64_t key;                     /* what the randomness is keyed by */
    const int32_t *prompt;            /* [n_prompt] up to where a solution begins, n_prompt >= 1 */
    int n_prompt;
    const char *const *solution; /* [n] */
    const int8_t *correct;       /* [n] 1, 0; -1 = undecided */
    int n;
    const char *worked; /* a worked solution, or NULL: annotate/known.h alone asks */
} lem_annotate_problem;

/* A finished rollout: the solution up to the step's end, and its continuation behind that. */
typedef struct lem_annotate_text {
    uint64_t problem;
    int point, candidate; /* place and index: what a journal names it by */
    const char *text;     /* [len], borrowed */
    size_t len, prefix;   /* bytes; prefix: of the solution */
    bool truncated;
} lem_annotate_text;

/* What was found of one solution. */
typedef struct lem_annotated {
    const lem_step_list *steps;
    const int (*count)[2]; /* [steps->n] right rollouts, and rollouts that count; 0 of 0 where none was made;
                              of the last step 1 of 1, 0 of 1, or 0 of 0 */
    int good, bad; /* binary search: steps before `good` are good, steps from `bad` on are bad; else 0, n */
    int too_long;  /* steps without rollouts because their prefix does not fit the context */
} lem_annotated;

/* label [steps->n]: hard 0 or 1 (any right rollout, or told by the search), soft the share of right rollouts;
 * -1 where nothing is known. */
void lem_annotate_labels(const lem_annotated *a, bool soft, double *label);

/* What the caller does: all get ctx, and an error of one ends the run with it. */
typedef struct lem_annotate_host {
    void *ctx;
    /* The next problem; *more = false when there is none. */
    lem_status (*next)(void *ctx, lem_annotate_problem *out, bool *more, lem_err *err);
    /* What an earlier run found of a rollout; false if it did not. NULL = none did. */
    bool (*known)(void *ctx, uint64_t problem, int point, int candidate, lem_rollout *out);
    /* Whether a rollout has the right answer. */
    lem_status (*judge)(void *ctx, const lem_annotate_text *t, lem_grade_correct *out, lem_err *err);
    /* A rollout has finished: kept for `known`. NULL = not. */
    lem_status (*record)(void *ctx, uint64_t problem, int point, int candidate, const lem_rollout *r,
                         lem_err *err);
    /* All of a problem is done: one call for each solution, in order. Problems come in any order. */
    lem_status (*done)(void *ctx, uint64_t problem, int solution, const lem_annotated *a, lem_err *err);
    /* After each step of the engine: tokens of rollouts drawn so far, those in flight with them. NULL = not.
     */
    void (*tick)(void *ctx, uint64_t generated);
} lem_annotate_host;

typedef struct lem_annotate_stats {
    uint64_t steps;                       /* ends of steps but the last, of all solutions */
    uint64_t too_long;                    /* of these: the prefix does not fit the context */
    uint64_t points;                      /* distinct prefixes among the others */
    uint64_t measured;                    /* of these: with rollouts */
    uint64_t rollouts;                    /* that count, of measured points */
    uint64_t right, undecided, truncated; /* of these */
    uint64_t rollout_tokens;              /* of these: drawn */
    uint64_t prefix_tokens;               /* of all prefixes that fit, were each a prompt of its own */
    uint64_t measured_alone;              /* the same of the measured ones */
    uint64_t prefix_fed;                  /* prefix tokens that were computed in this run */
    uint64_t generated, generated_fed;    /* rollout tokens drawn, and computed, in this run */
    uint64_t drafted, accepted;           /* tokens guessed, and those of them that were drawn then */
    uint64_t engine_steps;
    double seconds;
} lem_annotate_stats;

/* LEM_EUSAGE: options out of range. */
lem_status lem_annotate_check(const lem_annotate_opts *o, lem_err *err) LEM_MUST_CHECK;
/* What of a problem counts for memory: prefixes that rollouts start from, and the pages of all of them. */
typedef struct lem_annotate_size {
    int points, pages, longest; /* longest: tokens of a prefix */
} lem_annotate_size;
lem_status lem_annotate_measure(const lem_annotate_problem *in, const lem_annotate_opts *o,
                                const lem_tokenizer *tok, int context, lem_annotate_size *out,
                                lem_err *err) LEM_MUST_CHECK;
/* Of n problems in the order in which they come. */
lem_engine_load lem_annotate_load(const lem_annotate_opts *o, const lem_annotate_size *problem, size_t n);
/* Bytes that a run takes beside the weights when every rollout has its longest. */
size_t lem_annotate_bytes(const lem_model_config *c, const lem_annotate_opts *o);
/* Annotates all problems that the host gives. LEM_EINTR when cancel says so.
 * LEM_EMEM if the prefixes of one problem do not fit the memory for keys and values.
 * stats may be NULL; it is filled on failure too. */
lem_status lem_annotate_run(const lem_weights *w, const lem_model_config *config, const lem_tokenizer *tok,
                            lem_backend *b, const lem_annotate_opts *o, const lem_annotate_host *host,
                            const lem_cancel *cancel, lem_annotate_stats *stats, lem_err *err) LEM_MUST_CHECK;

#endif
