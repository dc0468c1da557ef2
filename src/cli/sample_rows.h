/* cli/sample_rows.h - rows of problems in, rows of candidates out (lemma sample) */
#ifndef LEM_CLI_SAMPLE_ROWS_H
#define LEM_CLI_SAMPLE_ROWS_H

#include "core/file.h"
#include "core/json.h"
#include "token/tokenizer.h"

#include <stdint.h>

typedef struct lem_sample_row {
    lem_json *input;     /* the whole input row, owned */
    lem_json *id;        /* its id, or its number from 0 as text; owned */
    const char *problem; /* borrowed from input */
    char *expected;      /* owned, or NULL */
    uint64_t line;
    uint64_t key;  /* what the randomness is keyed by: hash of id and problem */
    size_t ids_at; /* its prompt in lem_sample_rows.ids */
    int n_ids;
    bool too_long;
} lem_sample_row;

typedef struct lem_sample_rows {
    const char *path;
    lem_sample_row *at;
    size_t n, cap;
    lem_ids ids; /* prompts, one after another */
    int longest; /* tokens of the longest prompt that fits */
    uint64_t too_long;
} lem_sample_rows;

typedef struct lem_sample_format {
    bool chatml;                 /* else plain: the text as it is */
    const char *system, *suffix; /* NULL = none */
    int max_prompt;              /* longer prompts do not fit the context */
} lem_sample_format;

/* map: array of "ours=theirs" (ours: problem, expected_answer, id; theirs: dotted path) or NULL. A row
 * without problem is LEM_EDATA naming the line. */
lem_status lem_sample_rows_load(const char *path, const lem_json *map, int64_t limit, lem_sample_rows *out,
                                lem_err *err) LEM_MUST_CHECK;
lem_status lem_sample_rows_encode(lem_sample_rows *r, const lem_tokenizer *t, const lem_sample_format *f,
                                  lem_err *err) LEM_MUST_CHECK;
void lem_sample_rows_release(lem_sample_rows *r);

/* One output row: the input's fields, then id, problem, expected_answer, completions, finish_reason, tokens,
 * logprob. candidates: n records with text, finish_reason, tokens, logprob; NULL for a prompt that was too
 * long. The caller owns *out. */
lem_status lem_sample_row_output(const lem_sample_row *row, lem_json *const *candidates, int n,
                                 lem_json **out, lem_err *err) LEM_MUST_CHECK;

#endif
