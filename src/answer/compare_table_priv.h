/* compare_table_priv.h - the order of the rules of a comparison, which is its meaning
 *
 * Whole answers meet `first` (each may decide), then `next` (each sees what was said before). What stands
 * around two values meets `around`, until a rule has the last word; names ask for the values themselves,
 * which meet `rows`: the first whose sides fit, whose switch is on and that has something to say decides.
 * docs/grading.md holds these tables; tests/unit/answer/test_compare_table.c prints and compares them. */
#ifndef LEM_ANSWER_COMPARE_TABLE_H
#define LEM_ANSWER_COMPARE_TABLE_H

#include "answer/compare_priv.h"

/* The switch that allows a rule; no name: always. */
typedef struct compare_when {
    const char *name;
    size_t at; /* offset of the switch in lem_answer_rules */
} compare_when;

static inline bool compare_allows(const lem_answer_rules *rules, const compare_when *when) {
    return !when->name || *(const bool *)((const char *)rules + when->at);
}

typedef enum compare_side {
    SIDE_ANY,
    SIDE_NUMBER,
    SIDE_EXPRESSION,
    SIDE_TEXT,
    SIDE_CHOICE,
    SIDE_SYSTEM,
    SIDE_LIST,
    SIDE_SET,
    SIDE_TUPLE,
    SIDE_GROUP,
    SIDE_MATRIX,
    SIDE_BASE,
    SIDE_RATIO,
    SIDE_RELATION,
    SIDE_SOLUTIONS,
    SIDE_DESCRIBED,
    SIDE_COMBINED,
    SIDE_COUNT
} compare_side;

typedef struct compare_side_kinds {
    const char *name;
    uint32_t kinds; /* one bit each of ast_kind */
} compare_side_kinds;
extern const compare_side_kinds lem_compare_sides[SIDE_COUNT];

/* Two values; which of them is the gold does not matter to which row fits. */
typedef struct compare_row {
    compare_side left, right;
    compare_when when;
    compare_rule *rule;
    const char *says;
} compare_row;

typedef struct compare_around {
    const char *what;
    compare_around_rule *rule;
    const char *says;
} compare_around;

enum { LEM_COMPARE_ROWS = 20, LEM_COMPARE_AROUND = 6 };
extern const compare_row lem_compare_rows[LEM_COMPARE_ROWS];
extern const compare_around lem_compare_around[LEM_COMPARE_AROUND];

/* Spelling of a row's switch. */
#define COMPARE_ALWAYS                                                                                       \
    { NULL, 0 }
#define COMPARE_WHEN(field)                                                                                  \
    { #field, offsetof(lem_answer_rules, field) }

#endif
