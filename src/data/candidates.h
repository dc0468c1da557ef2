/* data/candidates.h - rows of candidates, ours and foreign: which column is what, and one row as plain arrays
 *
 * Ours (product.md): id, problem, expected_answer, completions[], then predicted_answer[], correct[],
 * rm_score[], logprob[], tokens[], step_scores[][], logprob_mean[], finish_reason[]. Foreign rows are
 * recognised by their columns (data/candidate_maps.h), and any row can be read through a map "ours=theirs",
 * theirs a path as there, a map's name, or a map of the user's own. A single value where a list is expected
 * is a list of one. Several files, and rows of one candidate each, become one set in data/candidate_set.h. */
#ifndef LEM_DATA_CANDIDATES_H
#define LEM_DATA_CANDIDATES_H

#include "core/err.h"
#include "core/json.h"
#include "core/mem.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum lem_candidates_field {
    LEM_CAND_ID,
    LEM_CAND_PROBLEM,
    LEM_CAND_EXPECTED,
    LEM_CAND_COMPLETIONS,
    LEM_CAND_PREDICTED,
    LEM_CAND_CORRECT,
    LEM_CAND_RM_SCORE,
    LEM_CAND_LOGPROB,
    LEM_CAND_TOKENS,
    LEM_CAND_STEP_SCORES,
    LEM_CAND_LOGPROB_MEAN,
    LEM_CAND_FINISH,
    LEM_CAND_GENERATOR, /* read only where it is mapped by hand */
    LEM_CAND_N_FIELDS
} lem_candidates_field;

const char *lem_candidates_field_name(lem_candidates_field f); /* "expected_answer" … */

/* The known format of candidates whose columns a row has ("NeMo-Skills"); NULL = none, or a kind of training
 * data too. */
const char *lem_candidates_format(const lem_json *row);

typedef struct lem_candidates_map lem_candidates_map;
lem_candidates_map *lem_candidates_map_new(lem_err *err);
void lem_candidates_map_free(lem_candidates_map *m);
/* One assignment "ours=theirs" or name of a map, or several joined by ','. LEM_EUSAGE for an unknown name or
 * an empty path. */
lem_status lem_candidates_map_set(lem_candidates_map *m, const char *assignment, lem_err *err) LEM_MUST_CHECK;
/* A map of the user's own as lemma maps prints it, kept by another reference; source names it in errors. */
lem_status lem_candidates_map_define(lem_candidates_map *m, lem_json *map, const char *source,
                                     lem_err *err) LEM_MUST_CHECK;
/* What was set by hand or asked for, without what was detected. NULL: no memory. */
lem_candidates_map *lem_candidates_map_copy(const lem_candidates_map *m, lem_err *err);
/* Fills what was not set from the columns of a (first) row. ground receives "<format>: <columns that told
 * it>". Columns of no known format are LEM_EDATA with the list of columns found and the nearest map, unless
 * completions, predicted_answer or correct was set by hand. */
lem_status lem_candidates_map_detect(lem_candidates_map *m, const lem_json *row, char ground[200],
                                     lem_err *err) LEM_MUST_CHECK;
const char *lem_candidates_map_path(const lem_candidates_map *m,
                                    lem_candidates_field f); /* NULL when unset */
/* The path that the first row's correctness was found under, "" where it has none; *ours: by lemma grade. */
const char *lem_candidates_map_correct_by(const lem_candidates_map *m, bool *ours);
/* Whether all columns that are read have our names. */
bool lem_candidates_map_is_ours(const lem_candidates_map *m);
/* Name of alternative i of completions ("6b_finetuning" of "6b_finetuning.solution|…"), NULL when there are
 * none; *n their number, 0 for a plain path. */
const char *lem_candidates_map_model(const lem_candidates_map *m, int i, int *n);

/* One row. Strings are borrowed from the row where they are strings there, else owned by the arena. Absent
 * columns are NULL arrays. */
typedef struct lem_candidates {
    lem_arena *arena;
    const char *id;                 /* NULL when absent; numbers as text */
    const char *problem, *expected; /* NULL when absent; of several golds the first */
    /* All golds: expected_answer, a list of them too, then expected_answers; any of them is right. */
    const char **gold; /* [n_gold] */
    size_t *gold_len;  /* [n_gold] U+0000 does not end a text */
    size_t n_gold;
    int n;
    const char **completion;                   /* [n] */
    const char **predicted;                    /* [n], NULL where null */
    size_t *completion_len, *predicted_len;    /* [n] */
    const char **generator;                    /* [n], NULL where null */
    int8_t *correct;                           /* [n] 1, 0, -1 for null */
    double *rm_score, *logprob, *logprob_mean; /* [n], NAN for null */
    int64_t *tokens;                           /* [n], -1 for null */
    const lem_json **steps;                    /* [n] lists of numbers */
    const char **finish;                       /* [n] "stop", "length", …; NULL for null */
    const lem_json *reencodes; /* what `sample` says of its texts (prompt/prompt.h); borrowed, NULL = nothing
                                */
} lem_candidates;

/* LEM_EDATA naming the field for a wrong type or columns of different lengths. A zeroed struct may be reused:
 * its arena is reset. */
lem_status lem_candidates_read(const lem_candidates_map *m, const lem_json *row, lem_candidates *out,
                               lem_err *err) LEM_MUST_CHECK;
/* Takes these texts (a list) for the row's golds; they are borrowed. */
lem_status lem_candidates_set_golds(lem_candidates *c, const lem_json *list, lem_err *err) LEM_MUST_CHECK;
void lem_candidates_release(lem_candidates *c);
bool lem_candidates_have(const lem_candidates *c, lem_candidates_field f);
/* A column that is there, as JSON: a text for id, problem and expected_answer, else a list. Owned by the
 * caller; NULL: no memory. */
lem_json *lem_candidates_column(const lem_candidates *c, lem_candidates_field f);
/* The same under our names, where the row has none of that name: what the next command reads without a map.
 * force: completions and problem in any case (they are read by name); what c borrows
 * from the row is gone then. LEM_EMEM. */
lem_status lem_candidates_put(const lem_candidates *c, bool force, lem_json *row,
                              lem_err *err) LEM_MUST_CHECK;
/* The list `reencodes` of a row of n candidates, which `sample` writes; NULL = it has none. */
const lem_json *lem_candidates_marks(const lem_json *row, size_t n);
/* Whether candidate i encodes to the tokens that were sampled, as far as the row says. */
bool lem_candidates_reencodes(const lem_candidates *c, int i);
/* Whether candidate i was cut off at its token limit: 1, 0, or -1 where no reason says. */
int lem_candidates_cut(const lem_candidates *c, int i);

#endif
