/* answer/verdict.h - what a comparison of two answers ends in, and the bounds on its work */
#ifndef LEM_ANSWER_VERDICT_H
#define LEM_ANSWER_VERDICT_H

enum {
    LEM_ANSWER_MAX_BYTES = 8192,   /* of one answer */
    LEM_ANSWER_MAX_DIGITS = 10000, /* of one literal */
    LEM_ANSWER_MAX_BITS = 65536    /* numerator or denominator of any intermediate rational */
};

/* What commas before three digits are, where the row of an answer tells: of 100,200 one number's, or between
 * two. */
typedef enum lem_answer_commas {
    LEM_ANSWER_COMMAS_OPEN = 0, /* as the other side asks */
    LEM_ANSWER_COMMAS_GROUP,    /* one number's: 100200 */
    LEM_ANSWER_COMMAS_PART      /* between parts: 100 and 200 */
} lem_answer_commas;

typedef enum lem_answer_verdict {
    LEM_ANSWER_EQUAL_EXACT = 0,
    LEM_ANSWER_EQUAL_NUMERIC,
    LEM_ANSWER_NOT_EQUAL,
    LEM_ANSWER_DIFFERENT_KIND,
    LEM_ANSWER_PREDICTION_UNPARSED,
    LEM_ANSWER_GOLD_UNPARSED,
    LEM_ANSWER_NO_ANSWER,
    LEM_ANSWER_LIMIT,
    LEM_ANSWER_N_VERDICTS
} lem_answer_verdict;

typedef struct lem_answer_result {
    lem_answer_verdict verdict;
    const char *rule; /* static: the rule that decided, e.g. "exact rational" */
} lem_answer_result;

const char *lem_answer_verdict_name(lem_answer_verdict v); /* "equal_exact", … */

#endif
