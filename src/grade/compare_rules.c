/* compare_rules.c - rules by name, switches by policy */
#include "grade/compare_rules_priv.h"

const char *lem_grade_rule_text(grade_rule r) {
#define LEM_GRADE_RULE_TEXT(name, text) text,
    static const char *const texts[RULE_COUNT] = {LEM_GRADE_RULES(LEM_GRADE_RULE_TEXT)};
#undef LEM_GRADE_RULE_TEXT
    return (unsigned)r < RULE_COUNT ? texts[r] : "?";
}

grade_rules lem_grade_rules_of(const lem_grade_profile *p) {
    grade_rules r = {.any_case = true,
                     .region_forms = true,
                     .ratio_scales = true,
                     .rel_tol = p->rel_tol,
                     .abs_tol = p->abs_tol,
                     .letters = p->task == LEM_GRADE_TASK_CHOICE,
                     .several_letters = p->task == LEM_GRADE_TASK_CHOICE || p->task == LEM_GRADE_TASK_GAOKAO};
    r.whole_floats = p->task != LEM_GRADE_TASK_MINERVA; /* measured values keep their digits */
    if (p->policy == LEM_GRADE_STRICT) return r;
    r.rounds = r.percent = r.drop_unit = r.drop_label = r.base_left_out = r.repeated = true;
    r.free_constants = r.list_is_tuple = r.list_is_set = r.vector_is_tuple = r.radians = r.solve_regions =
        true;
    if (p->task == LEM_GRADE_TASK_AMC || p->task == LEM_GRADE_TASK_AIME) r.rounds = false; /* integers */
    if (p->policy == LEM_GRADE_LENIENT)
        r.base_ten = r.set_is_tuple = r.unit_vectors = r.ratio_fraction = r.solve = r.decimal_comma =
            r.any_log = true;
    return r;
}
