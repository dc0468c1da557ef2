/* grade/grade.h - is this answer right? Extraction from a response, compiled golds, verdicts with reasons,
 * keys for voting
 *
 * The one entry point of the grader. Everything is a pure function of its arguments: no clock, no global
 * state, no locale; work is bounded by fixed limits (an answer of more than LEM_ANSWER_MAX_BYTES bytes, or
 * arithmetic beyond LEM_ANSWER_MAX_BITS, ends as LEM_ANSWER_LIMIT), so a verdict never depends on the
 * machine's load. A gold is compiled once, is immutable, and may be used by many threads at a time. Whether
 * two answers are equal is decided in answer/ (answer/answer.h); here stand the tasks, the extraction, the
 * policies, and the rules of other graders (docs/grading.md). */
#ifndef LEM_GRADE_GRADE_H
#define LEM_GRADE_GRADE_H

#include "answer/verdict.h"
#include "core/buf.h"
#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where in a response the answer stands. Every task but PLAIN looks behind the last </think> and takes the
 * last marked answer. */
/* Names of policies, and of tasks with their other names: what lem_grade_policy_find and lem_grade_task_find
 * accept. */
#define LEM_GRADE_POLICY_NAMES "std|strict|lenient|qwen|math-verify|prm800k|hendrycks|minerva"
#define LEM_GRADE_TASK_NAMES                                                                                 \
    "std|gsm8k|plain|minerva|gaokao|olympiad|college|choice|amc|aime|math|mmlu|sat|aqua|minerva_math|"       \
    "gaokao2023en|mmlu_stem|aime24|amc23|math500|olympiadbench|college_math"

typedef enum lem_grade_task {
    LEM_GRADE_TASK_STD = 0, /* \boxed{}, "final answer is", "####", "A:", "Answer:", "answer is", else the
                               last number (weak) */
    LEM_GRADE_TASK_GSM8K,   /* the same; lem_grade_extract finds marked answers only, grading a response falls
                               back on the weak ones */
    LEM_GRADE_TASK_PLAIN,   /* the whole text is the answer */
    LEM_GRADE_TASK_MINERVA, /* "The final answer is $…$. I hope it is correct." first, then as STD; letters
                               are variables, never units */
    LEM_GRADE_TASK_GAOKAO,  /* as STD, and the Chinese phrases 答案是, 答案为, 故选 */
    LEM_GRADE_TASK_OLYMPIAD, /* as STD; several boxes are one list of answers */
    LEM_GRADE_TASK_COLLEGE,  /* as STD */
    LEM_GRADE_TASK_CHOICE,   /* a letter: "Answer: X", box, "(X)", bold or last isolated letter (MMLU, SAT,
                                AQuA) */
    LEM_GRADE_TASK_AMC,      /* as STD; the answer is a number */
    LEM_GRADE_TASK_AIME,     /* as STD; the answer is a whole number of 0..999 */
    LEM_GRADE_N_TASKS
} lem_grade_task;

/* By whose rules two answers are compared. The first three are ours; the others reproduce a published grader,
 * errors included (docs/grading.md). */
typedef enum lem_grade_policy {
    LEM_GRADE_STD = 0,
    LEM_GRADE_STRICT,
    LEM_GRADE_LENIENT,
    LEM_GRADE_QWEN,        /* Qwen2.5-Math evaluation */
    LEM_GRADE_MATH_VERIFY, /* Hugging Face Math-Verify */
    LEM_GRADE_PRM800K,     /* OpenAI PRM800K grader */
    LEM_GRADE_HENDRYCKS,   /* MATH, is_equiv */
    LEM_GRADE_MINERVA,     /* lm-evaluation-harness minerva_math */
    LEM_GRADE_N_POLICIES
} lem_grade_policy;

/* What a thought stands between. */
typedef struct lem_grade_tags {
    const char *open, *close;
} lem_grade_tags;

/* Zero is the default: policy std, task std, precision as the gold has it. */
typedef struct lem_grade_profile {
    lem_grade_policy policy;
    lem_grade_task task;
    double rel_tol, abs_tol; /* numbers this close to a numeric gold are right too (OlympiadBench's error
                                field); our own policies only */
    const double *part_tol;  /* [n_part_tol] in place of abs_tol for a gold of as many parts, in its order;
                                borrowed like think_tags */
    size_t n_part_tol;
    /* Thoughts stand between these; none: <think>, <thinking>, [THINK], <|begin_of_thought|>. Borrowed by
     * the profile and by golds made with it. */
    const lem_grade_tags *think_tags;
    size_t n_think_tags;
    lem_answer_commas commas;     /* what the row says of 100,200 */
    bool points_group;            /* the row writes 1.234,5 for 1234.5: 1.234 is 1234, and 3,14 may be 3.14 */
    uint32_t rules_on, rules_off; /* what the policy allows otherwise: lem_grade_rule_set */
} lem_grade_profile;

/* A leniency of our own policies, under a profile. */
typedef struct lem_grade_rule {
    const char *name, *what; /* "drop-unit", "a unit on one side only" */
    bool on, set;            /* set: by lem_grade_rule_set, not by the policy or task */
} lem_grade_rule;

/* False: no leniency has this name. */
bool lem_grade_rule_set(lem_grade_profile *p, const char *name, bool on);
/* The i-th leniency; false behind the last. */
bool lem_grade_rule_at(const lem_grade_profile *p, int i, lem_grade_rule *out);

typedef enum lem_grade_method {
    LEM_GRADE_BY_NONE = 0,
    LEM_GRADE_BY_BOX,
    LEM_GRADE_BY_HASHES,
    LEM_GRADE_BY_A_LINE,
    LEM_GRADE_BY_FINAL_ANSWER,
    LEM_GRADE_BY_ANSWER_COLON,
    LEM_GRADE_BY_ANSWER_IS,
    LEM_GRADE_BY_LAST_NUMBER,
    LEM_GRADE_BY_WHOLE,
    LEM_GRADE_BY_CHOICE, /* a letter of a multiple choice */
    LEM_GRADE_BY_BOLD,   /* the last **…** that holds a number or a formula; weak */
    LEM_GRADE_BY_COMPAT, /* as another grader extracts */
    LEM_GRADE_N_METHODS
} lem_grade_method;

typedef struct lem_grade_span {
    size_t offset, len; /* bytes of the response */
    lem_grade_method method;
    bool weak; /* a fallback: nothing in the text marks it as the answer */
} lem_grade_span;

typedef enum lem_grade_correct {
    LEM_GRADE_WRONG = 0,
    LEM_GRADE_RIGHT = 1,
    LEM_GRADE_UNDECIDED = 2
} lem_grade_correct;

/* The last marked answer of what is said to the reader; O(len). False, and method NONE, when there is none.
 * Not looked at: text before the last </think>, behind a <think> that never closes, behind a token that ends
 * the answer. */
bool lem_grade_extract(const lem_grade_profile *p, const char *response, size_t len, lem_grade_span *out);
/* Appends the answer in a response as the profile's policy sees it: for our own policies the bytes of the
 * span, for the others what that grader extracts (then the span's method is COMPAT and its bytes the whole
 * response). Nothing is appended, and the method is NONE, without an answer. */
lem_status lem_grade_extract_answer(const lem_grade_profile *p, const char *response, size_t len,
                                    lem_buf *out, lem_grade_span *span, lem_err *err) LEM_MUST_CHECK;

/* A compiled gold; text and profile (NULL = default) are copied. Fails only with LEM_EMEM: a gold that cannot
 * be parsed is a gold too (see lem_grade_gold_ok). */
typedef struct lem_grade_gold lem_grade_gold;
lem_status lem_grade_gold_new(const char *text, size_t len, const lem_grade_profile *profile,
                              lem_grade_gold **out, lem_err *err) LEM_MUST_CHECK;
void lem_grade_gold_free(lem_grade_gold *g);
bool lem_grade_gold_ok(const lem_grade_gold *g); /* parsed, not empty, within the limits */

/* Fails only with LEM_EMEM. An empty prediction is LEM_ANSWER_NO_ANSWER. */
lem_status lem_grade_compare(const lem_grade_gold *gold, const char *answer, size_t len,
                             lem_answer_result *out, lem_err *err) LEM_MUST_CHECK;
/* The same with an answer that was compiled as a gold, under the same profile. */
lem_status lem_grade_compare_golds(const lem_grade_gold *gold, const lem_grade_gold *answer,
                                   lem_answer_result *out, lem_err *err) LEM_MUST_CHECK;
/* Extraction (by the gold's profile) and comparison in one; the answer's text is appended to answer; answer
 * and span may be NULL. */
lem_status lem_grade_response(const lem_grade_gold *gold, const char *response, size_t len, lem_buf *answer,
                              lem_grade_span *span, lem_answer_result *out, lem_err *err) LEM_MUST_CHECK;

/* Equal and different are answers; everything that is neither is undecided, but a missing answer is wrong. */
lem_grade_correct lem_grade_correct_of(lem_answer_verdict v);

/* Appends a key that is the same for answers that are equal by canonical form (1/2, 0.5, \frac12); for
 * clustering votes. An answer that cannot be parsed has its normalised text as key, an empty one the empty
 * key. */
lem_status lem_grade_key(const char *answer, size_t len, lem_buf *out, lem_err *err) LEM_MUST_CHECK;

/* Appends lines "gold: …", "prediction: …", their canonical forms and kinds, the span and method when a
 * response was given, verdict, rule. */
lem_status lem_grade_explain(const char *gold, size_t gold_len, const char *prediction, size_t len,
                             const lem_grade_profile *profile, lem_buf *out, lem_answer_result *result,
                             lem_err *err) LEM_MUST_CHECK;

const char *lem_grade_method_name(lem_grade_method m); /* "boxed", … */
const char *lem_grade_task_name(lem_grade_task t);     /* "std", … */
const char *lem_grade_policy_name(lem_grade_policy p); /* "std", "math-verify", … */
bool lem_grade_task_find(const char *name,
                         lem_grade_task *out); /* also "math" = std, "mmlu", "sat", "aqua" = choice */
bool lem_grade_policy_find(const char *name, lem_grade_policy *out);

#endif
