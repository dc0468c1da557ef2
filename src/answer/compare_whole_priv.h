/* compare_whole_priv.h - the order of the rules for whole answers
 *
 * An answer meets `first`, where each may decide, then `next`, where each sees what was said before. */
#ifndef LEM_ANSWER_COMPARE_WHOLE_H
#define LEM_ANSWER_COMPARE_WHOLE_H

#include "answer/compare_answer_priv.h"
#include "answer/compare_table_priv.h"

typedef struct answer_first {
    const char *left, *right;
    compare_when when;
    answer_first_rule *rule;
    const char *says;
} answer_first;

typedef struct answer_next {
    const char *what;
    compare_when when;
    answer_next_rule *rule;
    const char *says;
} answer_next;

enum { LEM_ANSWER_FIRST = 6, LEM_ANSWER_NEXT = 3 };
extern const answer_first lem_answer_first[LEM_ANSWER_FIRST];
extern const answer_next lem_answer_next[LEM_ANSWER_NEXT];

#endif
