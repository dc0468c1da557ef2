/* policy.c - what a profile switches: how answers are read, and which rules compare them */
#include "grade/policy_priv.h"

_Static_assert(LEM_ANSWER_N_SWITCHES <= 32, "a profile has a bit for each");

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
    r.part_tol = p->part_tol;
    r.n_part_tol = p->n_part_tol;
    r.commas = p->commas;
    r.points_group = p->points_group;
    r.decimal_comma = r.decimal_comma || (p->points_group && p->policy != LEM_GRADE_STRICT);
    r.letters = p->task == LEM_GRADE_TASK_CHOICE;
    r.several_letters = p->task == LEM_GRADE_TASK_CHOICE || p->task == LEM_GRADE_TASK_GAOKAO;
    r.whole_floats = p->task != LEM_GRADE_TASK_MINERVA; /* measured values keep their digits */
    if (p->task == LEM_GRADE_TASK_AMC || p->task == LEM_GRADE_TASK_AIME) { /* integers, asked for as m + n */
        r.rounds = false;
        r.equation_end = p->policy != LEM_GRADE_STRICT;
    }
    for (int i = 0; i < LEM_ANSWER_N_SWITCHES; i++) {
        bool on = p->rules_on >> i & 1, off = p->rules_off >> i & 1;
        if (on || off) *lem_answer_switch_of(&r, (lem_answer_switch)i) = on;
    }
    return r;
}

bool lem_grade_rule_set(lem_grade_profile *p, const char *name, bool on) {
    lem_answer_switch s;
    if (!lem_answer_switch_find(name, &s)) return false;
    const uint32_t bit = UINT32_C(1) << s;
    p->rules_on = on ? p->rules_on | bit : p->rules_on & ~bit;
    p->rules_off = on ? p->rules_off & ~bit : p->rules_off | bit;
    return true;
}

bool lem_grade_rule_at(const lem_grade_profile *p, int i, lem_grade_rule *out) {
    if (i < 0 || i >= LEM_ANSWER_N_SWITCHES) return false;
    lem_answer_rules r = lem_grade_rules_of(p);
    lem_answer_switch s = (lem_answer_switch)i;
    *out = (lem_grade_rule){lem_answer_switch_name(s), lem_answer_switch_what(s),
                            *lem_answer_switch_of(&r, s), (p->rules_on | p->rules_off) >> i & 1};
    return true;
}

lem_answer_dialect lem_grade_dialect_of(const lem_grade_profile *p) {
    return (lem_answer_dialect){.no_units = p->task == LEM_GRADE_TASK_MINERVA};
}
