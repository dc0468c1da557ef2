/* policy.c - what a profile switches: how answers are read, and which rules compare them */
#include "grade/policy_priv.h"

static lem_answer_rules rules_of_policy(lem_grade_policy p) {
    switch (p) {
    case LEM_GRADE_STRICT: return lem_answer_rules_strict();
    case LEM_GRADE_LENIENT: return lem_answer_rules_lenient();
    default: return lem_answer_rules_standard();
    }
}

lem_answer_rules lem_grade_rules_of(const lem_grade_profile *p) {
    lem_answer_rules r = rules_of_policy(p->policy);
    r.rel_tol = p->rel_tol;
    r.abs_tol = p->abs_tol;
    r.letters = p->task == LEM_GRADE_TASK_CHOICE;
    r.several_letters = p->task == LEM_GRADE_TASK_CHOICE || p->task == LEM_GRADE_TASK_GAOKAO;
    r.whole_floats = p->task != LEM_GRADE_TASK_MINERVA; /* measured values keep their digits */
    if (p->task == LEM_GRADE_TASK_AMC || p->task == LEM_GRADE_TASK_AIME) r.rounds = false; /* integers */
    return r;
}

lem_answer_dialect lem_grade_dialect_of(const lem_grade_profile *p) {
    return (lem_answer_dialect){.no_units = p->task == LEM_GRADE_TASK_MINERVA};
}
