/* answer/rules.h - the rules that decide a comparison, by name, the switches that allow some of them, and how
 * answers are read
 *
 * docs/grading.md shows every rule with an example; tests/unit/grade/test_grade_rules.c runs that table and
 * checks that no rule is missing in it. */
#ifndef LEM_ANSWER_RULES_H
#define LEM_ANSWER_RULES_H

#include "answer/verdict.h"

#include <stdbool.h>
#include <stddef.h>

#define LEM_ANSWER_RULES(X)                                                                                  \
    X(SAME_TEXT, "same text")                                                                                \
    X(SAME_WORDS, "same words")                                                                              \
    X(DIFFERENT_WORDS, "different words")                                                                    \
    X(WORDS_UNKNOWN, "words that may mean the same")                                                         \
    X(CONDITION, "a condition on one side only")                                                             \
    X(CONDITION_DIFFERS, "another condition")                                                                \
    X(CONDITION_UNKNOWN, "conditions are undecided")                                                         \
    X(ENCLOSED, "certified enclosures meet")                                                                 \
    X(FREE_CONSTANTS, "equal up to free constants")                                                          \
    X(FAMILIES, "the same numbers for all whole parameters")                                                 \
    X(SAME_LINE, "the same points of a line")                                                                \
    X(PIECES, "the same pieces of a function")                                                               \
    X(EXACT_RATIONAL, "exact rational")                                                                      \
    X(CANONICAL, "canonical form")                                                                           \
    X(CALL, "function or factor")                                                                            \
    X(CALL_DIFFERS, "another value of the function")                                                         \
    X(ALTERNATIVES, "one value in several forms")                                                            \
    X(CHAIN, "equal to a member of the chain")                                                               \
    X(CHAIN_END, "the end of a chain with a false link")                                                     \
    X(CHAIN_BROKEN, "a link of the chain is false")                                                          \
    X(ROUNDS, "rounds to the gold's digits")                                                                 \
    X(ANY_LOG, "logarithm without a base")                                                                   \
    X(TOLERANCE, "within the tolerance")                                                                     \
    X(PERCENT_SHARE, "percent as a fraction")                                                                \
    X(PERCENT_MISSING, "percent sign on one side only")                                                      \
    X(RADIANS, "degrees as radians")                                                                         \
    X(UNITS_CONVERTED, "equal after conversion of units")                                                    \
    X(UNITS_DIFFERENT, "units of different kinds")                                                           \
    X(UNITS_UNKNOWN, "unknown units")                                                                        \
    X(UNITS_VALUES, "values differ, unknown units")                                                          \
    X(UNIT_MISSING, "unit on one side only")                                                                 \
    X(CURRENCY, "another currency")                                                                          \
    X(BASE_LEFT_OUT, "base left out")                                                                        \
    X(BASE_DIGITS, "different digits")                                                                       \
    X(BASE_VALUE, "value in base ten")                                                                       \
    X(CLOCK, "time of day")                                                                                  \
    X(RATIO, "proportional ratios")                                                                          \
    X(RATIO_OR_CLOCK, "ratios or times of day")                                                              \
    X(RATIO_DIFFERENT, "ratios differ")                                                                      \
    X(RATIO_FRACTION, "ratio as a fraction")                                                                 \
    X(CHOICE, "letter of a choice")                                                                          \
    X(CHOICE_DIFFERENT, "another letter")                                                                    \
    X(SYMBOL, "another symbol is set")                                                                       \
    X(LABEL_MISSING, "symbol set on one side only")                                                          \
    X(SYSTEM, "equal symbol by symbol")                                                                      \
    X(CASE_OF_TEXT, "upright letter, any case")                                                              \
    X(PARTS, "equal part by part")                                                                           \
    X(PART_DIFFERS, "a part differs")                                                                        \
    X(PART_COUNT, "number of parts")                                                                         \
    X(LISTS, "equal as lists")                                                                               \
    X(SETS, "equal as sets")                                                                                 \
    X(PART_MISSING, "a part is missing")                                                                     \
    X(REPEATED, "repeated parts count")                                                                      \
    X(SET_AND_TUPLE, "set and tuple")                                                                        \
    X(LIST_AND_TUPLE, "list and tuple")                                                                      \
    X(ONE_ELEMENT, "set of one element")                                                                     \
    X(BRACKETS, "different brackets")                                                                        \
    X(REGIONS, "same points of the line")                                                                    \
    X(REGIONS_DIFFER, "points of the line differ")                                                           \
    X(MATRIX_SHAPE, "shape of the matrix")                                                                   \
    X(VECTOR, "vector in coordinates")                                                                       \
    X(PROPORTIONAL, "proportional equations")                                                                \
    X(CLEARED, "equal without denominators")                                                                 \
    X(IDENTITY_SIDES, "identity, side by side")                                                              \
    X(EQUATION_DIFFERS, "different equation")                                                                \
    X(SOLUTIONS, "solutions of the equation")                                                                \
    X(RELATION_DIFFERS, "different relation")                                                                \
    X(MODULO, "same residue")                                                                                \
    X(MODULO_DIFFERS, "another residue")                                                                     \
    X(KIND, "different kind")                                                                                \
    X(NESTED, "nested too deeply")                                                                           \
    X(TOO_MANY, "more than 64 parts")                                                                        \
    X(PART_UNDECIDED, "a part is undecided")                                                                 \
    X(NOT_DECIDED, "not decided")                                                                            \
    X(WORK, "work bound")                                                                                    \
    X(TOO_LONG, "answer too long or too large")                                                              \
    X(NO_ANSWER, "no answer")                                                                                \
    X(NO_ANSWER_IN_RESPONSE, "no answer in the response")                                                    \
    X(GOLD_EMPTY, "the gold is empty")                                                                       \
    X(GOLD_UNPARSED, "the gold cannot be parsed")                                                            \
    X(PREDICTION_UNPARSED, "the prediction cannot be parsed")

#define LEM_ANSWER_RULE_ENUM(name, text) RULE_##name,
typedef enum answer_rule { LEM_ANSWER_RULES(LEM_ANSWER_RULE_ENUM) RULE_COUNT } answer_rule;
#undef LEM_ANSWER_RULE_ENUM

const char *lem_answer_rule_text(answer_rule r);

/* How answers are read. All false: the standard. */
typedef struct lem_answer_dialect {
    bool no_units; /* letters and words behind a number are never units (Minerva: 0.5 m is a product) */
} lem_answer_dialect;

/* What may be allowed: member, name for people, what it allows. docs/grading.md has them in a table. */
#define LEM_ANSWER_SWITCHES(X)                                                                               \
    X(rounds, "rounds", "more digits than a decimal gold has, rounding to it: 100/3 for 33.3")               \
    X(whole_floats, "whole-floats", "27.0 is the whole number 27, not 27 to one digit")                      \
    X(percent, "percent", "a number with % is that number or its hundredth, never its hundredfold")          \
    X(drop_unit, "drop-unit", "a unit, a degree or a currency sign on one side only")                        \
    X(drop_label, "drop-label", "\"x =\", words or a condition on one side only")                            \
    X(base_left_out, "base-left-out", "1011 for 1011_2")                                                     \
    X(base_ten, "base-ten", "11 for 1011_2")                                                                 \
    X(repeated, "repeated", "a part that only one of two lists repeats")                                     \
    X(list_is_tuple, "list-is-tuple", "1, 2 for (1, 2)")                                                     \
    X(list_is_set, "list-is-set", "1, 2 for {1, 2}, 5 for {5}")                                              \
    X(set_is_tuple, "set-is-tuple", "{1, 2} for (1, 2)")                                                     \
    X(vector_is_tuple, "vector-is-tuple", "a column for (1, 2)")                                             \
    X(unit_vectors, "unit-vectors", "i + 2j for (1, 2)")                                                     \
    X(radians, "radians", "pi/2 for 90 degrees")                                                             \
    X(ratio_scales, "ratio-scales", "2:4 for 1:2")                                                           \
    X(ratio_fraction, "ratio-fraction", "1/2 for 1:2")                                                       \
    X(region_forms, "region-forms", "x > 2 for (2, oo)")                                                     \
    X(solve, "solve", "x^2 = 4 for x = 2 or x = -2")                                                         \
    X(solve_regions, "solve-regions", "x^2 < 4 for (-2, 2)")                                                 \
    X(any_log, "any-log", "log and ln for each other")                                                       \
    X(any_case, "any-case", "text in any case, without article and full stop")                               \
    X(free_constants, "free-constants",                                                                      \
      "C and c_1 under other names or with a number absorbed, k pi for n pi, lines by their points")         \
    X(decimal_comma, "decimal-comma", "3,14 for 3.14")                                                       \
    X(equation_end, "equation-end", "m + n = 73 for 73")

/* What is allowed; with all false, two answers are equal when they mean the same thing written in the
 * same shape. */
typedef struct lem_answer_rules {
#define LEM_ANSWER_SWITCH_MEMBER(member, name, what) bool member;
    LEM_ANSWER_SWITCHES(LEM_ANSWER_SWITCH_MEMBER)
#undef LEM_ANSWER_SWITCH_MEMBER
    bool letters;         /* the answers are letters of a choice, in any case */
    bool several_letters; /* AC for A, C: options of a question */
    double rel_tol, abs_tol;
    const double *part_tol; /* [n_part_tol] in place of abs_tol, where the gold has as many parts; borrowed */
    size_t n_part_tol;
    lem_answer_commas commas;
    bool points_group; /* the row writes European numbers: 1.234 is 1234 */
} lem_answer_rules;

#define LEM_ANSWER_SWITCH_ENUM(member, name, what) LEM_ANSWER_SWITCH_##member,
typedef enum lem_answer_switch {
    LEM_ANSWER_SWITCHES(LEM_ANSWER_SWITCH_ENUM) LEM_ANSWER_N_SWITCHES
} lem_answer_switch;
#undef LEM_ANSWER_SWITCH_ENUM

const char *lem_answer_switch_name(lem_answer_switch s); /* "drop-unit" */
const char *lem_answer_switch_what(lem_answer_switch s); /* "a unit on one side only" */
bool lem_answer_switch_find(const char *name, lem_answer_switch *out);
bool *lem_answer_switch_of(lem_answer_rules *r, lem_answer_switch s);

lem_answer_rules lem_answer_rules_strict(void);   /* the form that was asked for */
lem_answer_rules lem_answer_rules_standard(void); /* what a careful teacher would accept */
lem_answer_rules lem_answer_rules_lenient(void);  /* near forms too */

#endif
