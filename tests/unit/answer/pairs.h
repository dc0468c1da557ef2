/* pairs.h - two texts compared by the standard rules */
#ifndef LEM_TESTS_ANSWER_PAIRS_H
#define LEM_TESTS_ANSWER_PAIRS_H

#include "answer/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static __attribute__((unused)) lem_answer_result compare(const char *gold, const char *pred) {
    static const lem_answer_dialect standard = {false};
    lem_err err = LEM_ERR_INIT;
    lem_answer_rules rules = lem_answer_rules_standard();
    lem_work w;
    assert_int_equal(lem_work_init(&w, &err), LEM_OK);
    lem_answer g = lem_answer_read(&w, &standard, gold, strlen(gold)),
               p = lem_answer_read(&w, &standard, pred, strlen(pred));
    lem_work_refuel(&w);
    lem_answer_result r = lem_answer_compare(&w, &rules, &g, &p);
    lem_work_release(&w);
    return r;
}

#endif
