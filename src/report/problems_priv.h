/* report/problems_priv.h - what problems.c, problem_answers.c and problems_put.c share */
#ifndef LEM_REPORT_PROBLEMS_PRIV_H
#define LEM_REPORT_PROBLEMS_PRIV_H

#include "core/mem.h"
#include "report/problems.h"

enum { LEM_PROBLEM_TEXTS = 8, LEM_PROBLEM_ANSWERS = 9, LEM_PROBLEM_COLUMNS = 5, LEM_PROBLEM_VALUES = 60 };

typedef enum lem_problem_tag {
    LEM_TAG_VOTE_RIGHT,
    LEM_TAG_VOTE_WRONG,
    LEM_TAG_SCORE_RIGHT,
    LEM_TAG_SCORE_WRONG,
    LEM_TAG_SCORE_ALONE, /* flipped: right by the score, not by the vote */
    LEM_TAG_VOTE_ALONE,
    LEM_TAG_GAINED, /* against the first set */
    LEM_TAG_LOST,
    LEM_TAG_NONE_RIGHT,
    LEM_TAG_SOME_RIGHT,
    LEM_TAG_ALL_RIGHT,
    LEM_TAG_UNDECIDED,
    LEM_TAG_CUT,
    LEM_TAG_SILENT,
    LEM_TAG_N_FIXED
} lem_problem_tag;

typedef struct lem_problem_group { /* equal answers of a problem */
    int votes, best;               /* best: the candidate of the best score, the first without scores */
    bool silent;                   /* those without an answer */
} lem_problem_group;

typedef struct lem_problem_groups {
    int *of;               /* [c->n] group of a candidate, after order: an index of at */
    lem_problem_group *at; /* by votes, ties to the earlier answer; those without an answer last */
    int n;
    int vote, best, right; /* candidates: the vote, the score's choice, the first right one; -1 = none */
} lem_problem_groups;

lem_status lem_problem_groups_make(const lem_candidates *c, lem_problem_groups *g,
                                   lem_err *err) LEM_MUST_CHECK;
void lem_problem_groups_release(lem_problem_groups *g);
/* The candidates to show, in order; returns how many. */
int lem_problem_choose(const lem_candidates *c, const lem_problem_groups *g, int out[LEM_PROBLEM_TEXTS]);

typedef struct lem_problem { /* what is kept of a problem; all texts lie in the arena */
    const char *title, *text, *expected, *where;
    lem_answer *answers;
    lem_example_part *parts; /* [n_parts] responses */
    int n_answers, n_parts;
    uint64_t hash, more;               /* of its text; bytes of it that are not kept */
    uint16_t fixed;                    /* bits of lem_problem_tag */
    int8_t value[LEM_PROBLEM_COLUMNS]; /* -1 = none */
    int8_t set;
    bool right; /* by the score, without scores by the vote */
} lem_problem;

typedef struct lem_problem_column {
    char value[LEM_PROBLEM_VALUES][40];
    int n;
    bool dropped; /* too many values to choose from */
} lem_problem_column;

struct lem_problems {
    const char *const *names;
    int n_sets;
    uint64_t in_set[LEM_PROBLEMS_MAX_SETS];
    lem_arena *arena;
    lem_problem *at;
    size_t n, cap;
    lem_problem_column column[LEM_PROBLEM_COLUMNS];
};
extern const char *const lem_problem_columns[LEM_PROBLEM_COLUMNS];

#endif
