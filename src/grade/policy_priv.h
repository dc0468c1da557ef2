/* policy_priv.h - what a profile switches: how answers are read, and which rules compare them */
#ifndef LEM_GRADE_POLICY_PRIV_H
#define LEM_GRADE_POLICY_PRIV_H

#include "answer/rules.h"
#include "answer/work.h"
#include "grade/grade.h"

lem_answer_rules lem_grade_rules_of(const lem_grade_profile *p);
lem_answer_dialect lem_grade_dialect_of(const lem_grade_profile *p);

#endif
