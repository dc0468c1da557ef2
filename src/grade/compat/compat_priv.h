/* compat_priv.h - what a compatibility mode is: another grader's extraction and equality, reproduced with its
 * errors
 *
 * Modes work on texts. They may use the parser, canonical forms and deciders of answer/ through the lem_work
 * they are given (arena, fuel): a mode whose original gives up (time-out, exception) says what its original
 * says then, and one that runs out of fuel says LEM_ANSWER_LIMIT. */
#ifndef LEM_GRADE_COMPAT_PRIV_H
#define LEM_GRADE_COMPAT_PRIV_H

#include "grade/grade.h"
#include "answer/work.h"

typedef struct compat_pair {
    const char *gold, *pred; /* the answers; pred as `extract` gave it, or as the caller has it */
    size_t gold_len, pred_len;
    const char
        *response; /* the whole response where there is one, else NULL: some graders look at it again */
    size_t response_len;
    lem_grade_task task;
} compat_pair;

typedef struct compat_mode {
    lem_grade_policy policy;
    /* Appends the answer to out; nothing appended: no answer. Linear in the response, or nearly. */
    lem_status (*extract)(const char *response, size_t len, lem_grade_task task, lem_buf *out, lem_err *err);
    /* equal_exact or equal_numeric, not_equal, different_kind …; rules read "qwen: …". Fails only with
     * LEM_EMEM. */
    lem_status (*equal)(lem_work *w, const compat_pair *pair, lem_answer_result *out, lem_err *err);
} compat_mode;

extern const compat_mode lem_compat_qwen, lem_compat_math_verify, lem_compat_prm800k, lem_compat_hendrycks,
    lem_compat_minerva;

const compat_mode *lem_compat_find(lem_grade_policy p); /* NULL for our own policies */

#endif
