/* grade/selftest.h - a few answers whose verdict is known */
#ifndef LEM_GRADE_SELFTEST_H
#define LEM_GRADE_SELFTEST_H

#include "core/selftest.h"

/* Adds the check "grader". */
void lem_grade_selftest(lem_selftest *t);

#endif
