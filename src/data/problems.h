/* data/problems.h - rows of problems in, their prompts, rows of candidates out */
#ifndef LEM_DATA_PROBLEMS_H
#define LEM_DATA_PROBLEMS_H

#include "core/err.h"
#include "core/json.h"
#include "core/log.h"
#include "prompt/settings.h"
#include "rows/rows.h"
#include "token/tokenizer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a reader of its own finds in a row (bench/row.h). Zeroed = nothing; what is set belongs to whoever
 * asked. */
enum { LEM_PROBLEM_WHY = 400 };
typedef struct lem_problem_parts {
    bool skip;                     /* the row is not one of the set */
    char *asked;                   /* the problem as it is asked, with its options */
    lem_json *id;                  /* NULL: by the usual names */
    lem_json *golds;               /* texts, any of which is right; NULL: none */
    lem_json *tolerance;           /* numbers this close to a numeric gold are right: a number, or a list of
                                      them, one for each part of the gold; owned, NULL = none */
    const char *subject;           /* borrowed from the row; NULL = none */
    char no_gold[LEM_PROBLEM_WHY]; /* why no gold was found, of a row that should have one; "" = it needs none
                                    */
} lem_problem_parts;
void lem_problem_parts_release(lem_problem_parts *p);

typedef struct lem_problem_reader {
    const char *name; /* stands in the output rows as `benchmark`; borrowed as long as the problems live */
    /* May set columns of row. Errors name the field; the caller adds file and line. */
    lem_status (*read)(const void *ctx, const char *file, lem_json *row, lem_problem_parts *out,
                       lem_err *err);
    const void *ctx;
    uint64_t may_lack; /* so many rows are known to have no gold */
} lem_problem_reader;

typedef struct lem_problem {
    lem_json *input;       /* the whole input row, owned */
    lem_json *id;          /* its id, or its number from 0 as text; owned */
    const char *problem;   /* borrowed from input, or asked */
    char *asked;           /* owned, or NULL */
    char *expected;        /* owned, or NULL */
    lem_json *golds;       /* where a reader found several: expected is the first; owned, or NULL */
    lem_json *tolerance;   /* as in the parts; owned, or NULL */
    const char *benchmark; /* borrowed from the reader, or NULL */
    const char *subject;   /* borrowed from input, where a reader told it, or NULL */
    const char *file;      /* that the row is of, borrowed from lem_problems.files */
    uint64_t line;
    uint64_t row;  /* its number from 0 in the whole input */
    uint64_t key;  /* what the randomness is keyed by: hash of id and problem */
    size_t ids_at; /* its prompt in lem_problems.ids */
    int n_ids;
    int n_shared; /* first ids of its prompt that prompts of rows beside it begin with too; 0 = too few to
                     tell */
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
    uint64_t no_gold; /* rows without one */
} lem_problems;

typedef struct lem_problems_opts {
    const lem_json *map; /* as below */
    int64_t limit;       /* rows, -1 = all */
    const lem_cancel *cancel;
    const lem_row_judge *judge; /* each row is judged first (data/bad_rows.h); NULL = none is */
    bool need_gold;             /* a row without a gold is LEM_EDATA that says what was tried */
    /* NULL: by the names of fields. */
    const lem_problem_reader *reader;
    /* Without a reader, and unless the map says where the problem is, asked for the first row of each file:
     * *out stays NULL for rows that are read by the names of fields. NULL = none. */
    lem_status (*choose)(void *ctx, const char *file, const lem_json *row, const lem_problem_reader **out,
                         lem_err *err);
    void *choose_ctx;
    const char *const *header; /* names of the columns of CSV files without a header (rows/rows.h) */
    size_t n_header;
} lem_problems_opts;

/* map: array of "ours=theirs" (ours: problem, expected_answer, id; theirs: dotted path) or NULL; a bad one is
 * LEM_EUSAGE. limit: rows, -1 = all. A row without problem is LEM_EDATA naming the line, a file without rows
 * LEM_EDATA. cancel (NULL = never) is looked at for every row: LEM_EINTR. */
lem_status lem_problems_load(const char *path, const lem_json *map, int64_t limit, const lem_cancel *cancel,
                             lem_problems *out, lem_err *err) LEM_MUST_CHECK;
lem_status lem_problems_read(const char *path, const lem_problems_opts *o, lem_problems *out,
                             lem_err *err) LEM_MUST_CHECK;
/* Leaves out the rows that keep says no to, by their number; none may be left. */
typedef bool lem_problem_keep(const void *ctx, uint64_t row);
void lem_problems_keep(lem_problems *r, lem_problem_keep *keep, const void *ctx);
/* The place in at[] of a row by its number; r->n if it is not there. */
size_t lem_problems_find(const lem_problems *r, uint64_t row);
/* After lem_problems_encode: LEM_EDATA with file, line and token where a prompt has an id that a model of so
 * many ids has not. */
lem_status lem_problems_check_ids(const lem_problems *r, const lem_tokenizer *t, int vocab,
                                  lem_err *err) LEM_MUST_CHECK;
/* Renders the prompts by s (lem_prompt_problem), once after loading. One of more than max_prompt tokens is
 * marked and counted as too long; an empty one is LEM_EDATA. Errors name file and line. */
lem_status lem_problems_encode(lem_problems *r, const lem_tokenizer *t, const lem_prompt_settings *s,
                               int max_prompt, const lem_cancel *cancel, lem_err *err) LEM_MUST_CHECK;
/* Finds what prompts share (lem_problems_encode has called it). Rows that follow one another and begin alike
 * are one group; another begins where less than half of what the group shares is left, as at a new subject
 * with worked examples of its own. */
void lem_problems_share(lem_problems *r);
/* What the reader found, else the row says under subject or category, for styles that tell subjects apart;
 * NULL = nothing. */
const char *lem_problem_subject(const lem_problem *row);
void lem_problems_release(lem_problems *r);

/* One output row: the input's fields (input_NAME where later commands
 * add NAME), then id, problem, expected_answer, expected_answers (where there are
 * several golds), gold_tolerance and benchmark (where a reader told them), completions, finish_reason,
 * tokens, logprob, and reencodes where it is false for some. candidates: n records with text, finish_reason,
 * tokens, logprob, and reencodes (false; absent: true); NULL for a prompt that was too long. The caller owns
 * *out. */
lem_status lem_problem_output(const lem_problem *row, lem_json *const *candidates, int n, lem_json **out,
                              lem_err *err) LEM_MUST_CHECK;

#endif
