/* data/problems.h - rows of problems in, their prompts, rows of candidates out */
#ifndef LEM_DATA_PROBLEMS_H
#define LEM_DATA_PROBLEMS_H

#include "core/err.h"
#include "core/json.h"
#include "core/log.h"
#include "prompt/settings.h"
#include "token/tokenizer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct lem_problem {
    lem_json *input;     /* the whole input row, owned */
    lem_json *id;        /* its id, or its number from 0 as text; owned */
    const char *problem; /* borrowed from input */
    char *expected;      /* owned, or NULL */
    const char *file;    /* that the row is of, borrowed from lem_problems.files */
    uint64_t line;
    uint64_t row;  /* its number from 0 in the whole input */
    uint64_t key;  /* what the randomness is keyed by: hash of id and problem */
    size_t ids_at; /* its prompt in lem_problems.ids */
    int n_ids;
    bool too_long;
} lem_problem;

typedef struct lem_problems { /* zeroed = empty */
    char **files;             /* [n_files] that the rows are of; owned */
    size_t n_files;
    lem_problem *at;
    size_t n, cap;
    lem_ids ids; /* prompts, one after another */
    int longest; /* tokens of the longest prompt that fits */
    uint64_t too_long;
} lem_problems;

/* map: array of "ours=theirs" (ours: problem, expected_answer, id; theirs: dotted path) or NULL; a bad one is
 * LEM_EUSAGE. limit: rows, -1 = all. A row without problem is LEM_EDATA naming the line, a file without rows
 * LEM_EDATA. cancel (NULL = never) is looked at for every row: LEM_EINTR. */
lem_status lem_problems_load(const char *path, const lem_json *map, int64_t limit, const lem_cancel *cancel,
                             lem_problems *out, lem_err *err) LEM_MUST_CHECK;
/* Leaves out the rows that keep says no to, by their number; none may be left. */
typedef bool lem_problem_keep(const void *ctx, uint64_t row);
void lem_problems_keep(lem_problems *r, lem_problem_keep *keep, const void *ctx);
/* The place in at[] of a row by its number; r->n if it is not there. */
size_t lem_problems_find(const lem_problems *r, uint64_t row);
/* Renders the prompts by s (lem_prompt_problem), once after loading. One of more than max_prompt tokens is
 * marked and counted as too long; an empty one is LEM_EDATA. Errors name file and line. */
lem_status lem_problems_encode(lem_problems *r, const lem_tokenizer *t, const lem_prompt_settings *s,
                               int max_prompt, const lem_cancel *cancel, lem_err *err) LEM_MUST_CHECK;
/* What the row says under subject or category, for styles that tell subjects apart; NULL = nothing. */
const char *lem_problem_subject(const lem_problem *row);
void lem_problems_release(lem_problems *r);

/* One output row: the input's fields, then id, problem, expected_answer, completions, finish_reason, tokens,
 * logprob. candidates: n records with text, finish_reason, tokens, logprob; NULL for a prompt that was too
 * long. The caller owns *out. */
lem_status lem_problem_output(const lem_problem *row, lem_json *const *candidates, int n, lem_json **out,
                              lem_err *err) LEM_MUST_CHECK;

#endif
