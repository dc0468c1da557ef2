/* rules.c - verdicts and rules by name, the three sets of switches */
#include "answer/rules.h"

#include "answer/verdict.h"

#include <stddef.h>
#include <string.h>

static const char *const verdict_names[LEM_ANSWER_N_VERDICTS] = {
    "equal_exact",         "equal_numeric", "not_equal", "different_kind",
    "prediction_unparsed", "gold_unparsed", "no_answer", "limit"};

const char *lem_answer_verdict_name(lem_answer_verdict v) {
    return (unsigned)v < LEM_ANSWER_N_VERDICTS ? verdict_names[v] : "?";
}

const char *lem_answer_rule_text(answer_rule r) {
#define LEM_ANSWER_RULE_TEXT(name, text) text,
    static const char *const texts[RULE_COUNT] = {LEM_ANSWER_RULES(LEM_ANSWER_RULE_TEXT)};
#undef LEM_ANSWER_RULE_TEXT
    return (unsigned)r < RULE_COUNT ? texts[r] : "?";
}

static const struct {
    const char *name, *what;
    size_t at;
} switches[LEM_ANSWER_N_SWITCHES] = {
#define LEM_ANSWER_SWITCH_ROW(member, name, what) {name, what, offsetof(lem_answer_rules, member)},
    LEM_ANSWER_SWITCHES(LEM_ANSWER_SWITCH_ROW)
#undef LEM_ANSWER_SWITCH_ROW
};

const char *lem_answer_switch_name(lem_answer_switch s) { return switches[s].name; }
const char *lem_answer_switch_what(lem_answer_switch s) { return switches[s].what; }

bool lem_answer_switch_find(const char *name, lem_answer_switch *out) {
    for (int i = 0; i < LEM_ANSWER_N_SWITCHES; i++)
        if (strcmp(switches[i].name, name) == 0) return *out = (lem_answer_switch)i, true;
    return false;
}

bool *lem_answer_switch_of(lem_answer_rules *r, lem_answer_switch s) {
    return (bool *)((char *)r + switches[s].at);
}

lem_answer_rules lem_answer_rules_strict(void) {
    return (lem_answer_rules){
        .any_case = true, .region_forms = true, .ratio_scales = true, .whole_floats = true};
}

lem_answer_rules lem_answer_rules_standard(void) {
    lem_answer_rules r = lem_answer_rules_strict();
    r.rounds = r.percent = r.drop_unit = r.drop_label = r.base_left_out = r.repeated = true;
    r.free_constants = r.list_is_tuple = r.list_is_set = r.vector_is_tuple = r.radians = r.solve_regions =
        true;
    return r;
}

lem_answer_rules lem_answer_rules_lenient(void) {
    lem_answer_rules r = lem_answer_rules_standard();
    r.base_ten = r.set_is_tuple = r.unit_vectors = r.ratio_fraction = r.solve = r.decimal_comma = r.any_log =
        r.equation_end = true;
    return r;
}
