/* eval/load.h - a file of candidate rows as problems ready for selection */
#ifndef LEM_EVAL_LOAD_H
#define LEM_EVAL_LOAD_H

#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "data/candidates.h"
#include "eval/aggregate.h"
#include "eval/problem.h"
#include "eval/score_sum.h"
#include "eval/spoil.h"
#include "grade/grade.h"
#include "rows/rows.h"

#include <stdbool.h>

enum { LEM_EVAL_MAX_BY = 4 }; /* columns that results are told apart by */
enum { LEM_EVAL_GROUND = 400 };
enum { LEM_EVAL_MAX_AGGREGATORS = 4 };

typedef struct lem_eval_data lem_eval_data;
typedef struct lem_eval_load {
    lem_grade_task task; /* for rows without predicted_answer */
    lem_grade_policy
        policy;      /* by which answers are the same in votes, and right where rows are graded here */
    bool group_anew; /* whatever the file's answer_group says (lemma grade --cluster); else it is taken */
    bool by_string;  /* votes by the exact answer string, as Qwen2.5-Math counts */
    lem_eval_aggregator aggregators[LEM_EVAL_MAX_AGGREGATORS];
    int n_aggregators; /* step scores: 0 = last, min and, of probabilities, prod */
    const lem_score_sum
        *scores; /* [n_scores] borrowed: the scorers, in this order; none: what the first row has */
    int n_scores;
    int64_t limit;      /* rows; -1 = all */
    bool no_votes;      /* answers are not wanted, and not grouped */
    bool texts;         /* which candidates are the same text is wanted */
    bool regrade;       /* what the file says of correctness does not count */
    const char *filter; /* data/candidate_set.h; NULL = by default */
    /* Dotted paths of such columns, borrowed; n_by -1: those of level, subject and type that the first row
     * has. */
    const char *by[LEM_EVAL_MAX_BY];
    int n_by;
    lem_pool *pool;           /* borrowed; NULL = one thread. It changes no result */
    const lem_cancel *cancel; /* looked at for every row: LEM_EINTR; NULL = never */
    const lem_row_judge
        *judge; /* of rows that cannot be used (data/bad_rows.h); borrowed; NULL = they are errors */
    /* Called behind each so many rows with what is read so far, as if it were all, and how much of all that
     * is (data/candidate_set.h); NULL = nobody asks. */
    void (*tell)(void *ctx, const lem_eval_data *so_far, double share);
    void *tell_ctx;
} lem_eval_load;

struct lem_eval_data {
    lem_eval_problem *p;
    const char **name; /* [n] the row's id, else the beginning of its problem, else its number */
    int n;
    const char *by[LEM_EVAL_MAX_BY]; /* columns, borrowed or static */
    int n_by;
    const char **value; /* [n * LEM_EVAL_MAX_BY] their values as text, "(none)" where absent */
    const char *scorers[LEM_EVAL_MAX_SCORERS]; /* names: static, or of the scores asked for */
    lem_eval_weight weighted[LEM_EVAL_MAX_SCORERS];
    bool no_probabilities; /* step scores outside [0,1]: what needs probabilities is left out */
    int n_scorers;
    int decided;             /* rows of sample --stop-when-decided that have fewer candidates for it */
    bool has_tokens;         /* lem_eval_problem.length is in tokens, of every candidate */
    bool no_votes;           /* no row has answers, or they were not wanted */
    bool graded_here;        /* correctness was not in the file, or not wanted */
    bool graded_before;      /* it is that of lemma grade, in the file */
    char correct_by[96];     /* the path of the file's own correctness */
    lem_grade_task task;     /* of graded_here */
    lem_grade_policy policy; /* of graded_here, and of the groups that are made here */
    bool groups_given;       /* votes are by the file's answer_group */
    int split_groups;     /* problems where an answer equals only some of a group, and so is in another one */
    const char *split_by; /* the rule by which it does, of the first of them; static */
    lem_spoil spoil;      /* of all candidates */
    int min_n, max_n;
    char ground[LEM_EVAL_GROUND];
    lem_arena **arenas; /* [n_arenas] what the arrays lie in */
    int n_arenas;
};

/* The candidates of files, folders, patterns as one set (data/candidate_set.h), one problem a row.
 * Votes are weighted by scores as they are where all of them lie in [0,1] (and by what is made of step scores
 * that do), else by their sigmoid. An aggregator of probabilities that is asked for by name is LEM_EDATA
 * where step scores lie outside [0,1]. map is what the user says of columns; the rest is detected from the
 * first row. All rows must carry the same columns. Errors read "FILE:LINE: …". */
lem_status lem_eval_data_load_files(const char *const *paths, size_t n, const lem_candidates_map *map,
                                    const lem_eval_load *how, lem_eval_data *out,
                                    lem_err *err) LEM_MUST_CHECK;
/* The same of one path. */
lem_status lem_eval_data_load(const char *path, const lem_candidates_map *map, const lem_eval_load *how,
                              lem_eval_data *out, lem_err *err) LEM_MUST_CHECK;
/* Appends whose word correctness is: "correct by the file (field symbolic_correct)", "graded here (std)". */
void lem_eval_correctness_text(const lem_eval_data *d, lem_buf *out);
/* The same as an object: by ("file", "lemma grade" or "here"), field or task, text. */
lem_json *lem_eval_correctness_json(const lem_eval_data *d);
void lem_eval_data_release(lem_eval_data *d);

#endif
