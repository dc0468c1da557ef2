/* compare_table.c - the order of the rules for two values, and for what stands around them */
#include "answer/compare_table_priv.h"

#define KIND(k) (UINT32_C(1) << (k))

enum { EVERY_KIND = (1 << (AST_SAID + 1)) - 1 };
#define EXPRESSIONS                                                                                          \
    (KIND(AST_NUM) | KIND(AST_SYM) | KIND(AST_ADD) | KIND(AST_MUL) | KIND(AST_POW) | KIND(AST_FN) |          \
     KIND(AST_FACTORIAL) | KIND(AST_ABS) | KIND(AST_PERCENT) | KIND(AST_DEGREE) | KIND(AST_MONEY))

const compare_side_kinds lem_compare_sides[SIDE_COUNT] = {
    [SIDE_ANY] = {"anything", EVERY_KIND},
    [SIDE_NUMBER] = {"number", KIND(AST_NUM)},
    [SIDE_EXPRESSION] = {"expression", EXPRESSIONS},
    [SIDE_TEXT] = {"words", KIND(AST_TEXT)},
    [SIDE_CHOICE] = {"choice", KIND(AST_CHOICE)},
    [SIDE_SYSTEM] = {"named values", KIND(AST_SYSTEM)},
    [SIDE_LIST] = {"list", KIND(AST_LIST)},
    [SIDE_SET] = {"set", KIND(AST_SET)},
    [SIDE_TUPLE] = {"tuple", KIND(AST_TUPLE)},
    [SIDE_GROUP] = {"list, set, tuple", KIND(AST_LIST) | KIND(AST_SET) | KIND(AST_TUPLE)},
    [SIDE_MATRIX] = {"matrix", KIND(AST_MATRIX)},
    [SIDE_BASE] = {"number in a base", KIND(AST_BASE)},
    [SIDE_RATIO] = {"ratio", KIND(AST_RATIO)},
    [SIDE_RELATION] = {"relation", KIND(AST_REL)},
    [SIDE_SOLUTIONS] = {"expression, list, set", EXPRESSIONS | KIND(AST_LIST) | KIND(AST_SET)},
    [SIDE_DESCRIBED] = {"set by conditions, difference", KIND(AST_BUILDER) | KIND(AST_SETMINUS)},
    [SIDE_COMBINED] = {"union, intersection", KIND(AST_UNION) | KIND(AST_INTER)}};

const compare_row lem_compare_rows[LEM_COMPARE_ROWS] = {
    {SIDE_NUMBER, SIDE_LIST, COMPARE_WHEN(decimal_comma), lem_compare_decimal_comma,
     "`3,14` is one number where the other side is one."},
    {SIDE_CHOICE, SIDE_ANY, COMPARE_ALWAYS, lem_compare_choices,
     "A choice is compared by its letter, or by what stands beside it where the other side is no letter."},
    {SIDE_EXPRESSION, SIDE_EXPRESSION, COMPARE_ALWAYS, lem_compare_expressions,
     "The deciders say whether they are the same number or function; then digits, tolerances and "
     "logarithms without a base are forgiven, as switched."},
    {SIDE_TEXT, SIDE_TEXT, COMPARE_ALWAYS, lem_compare_texts,
     "Words say the same, exclude each other (both of one closed set), or are left undecided."},
    {SIDE_SYSTEM, SIDE_ANY, COMPARE_ALWAYS, lem_compare_systems,
     "`x = 1, y = 2` is compared name by name, and with a tuple, vector or list by its values alone."},
    {SIDE_ANY, SIDE_ANY, COMPARE_ALWAYS, lem_compare_regions,
     "Intervals, inequalities and what else describes numbers of the line are equal where their points are, "
     "if one side can be nothing else."},
    {SIDE_GROUP, SIDE_GROUP, COMPARE_ALWAYS, lem_compare_groups,
     "Tuples part by part in their order, lists and sets in any order; between kinds as switched."},
    {SIDE_MATRIX, SIDE_ANY, COMPARE_ALWAYS, lem_compare_vectors,
     "Matrices of one shape entry by entry; a row or column may be a tuple, or a sum of unit vectors."},
    {SIDE_TUPLE, SIDE_EXPRESSION, COMPARE_ALWAYS, lem_compare_vectors,
     "A tuple of two or three parts may be a sum of unit vectors."},
    {SIDE_BASE, SIDE_BASE, COMPARE_ALWAYS, lem_compare_bases, "Numbers in bases by their values."},
    {SIDE_BASE, SIDE_NUMBER, COMPARE_ALWAYS, lem_compare_base,
     "The base may be left out, or the value written in base ten, as switched."},
    {SIDE_RATIO, SIDE_RATIO, COMPARE_ALWAYS, lem_compare_ratios,
     "Times of day by their minutes; ratios part by part, or in proportion; what may be either is "
     "undecided."},
    {SIDE_RATIO, SIDE_EXPRESSION, COMPARE_ALWAYS, lem_compare_ratio_number,
     "`1:2` is the fraction 1/2, where that is switched on."},
    {SIDE_SET, SIDE_ANY, COMPARE_WHEN(list_is_set), lem_compare_one_element,
     "A set of one element is compared as that element."},
    {SIDE_RELATION, SIDE_SOLUTIONS, COMPARE_WHEN(solve), lem_compare_with_solutions,
     "An equation is its solutions, where these are as many as its degree."},
    {SIDE_ANY, SIDE_ANY, COMPARE_ALWAYS, lem_compare_kinds, "What is of different kinds here is different."},
    {SIDE_RELATION, SIDE_RELATION, COMPARE_ALWAYS, lem_compare_relations,
     "Relations are equal by their canonical texts, or link by link."},
    {SIDE_DESCRIBED, SIDE_DESCRIBED, COMPARE_ALWAYS, lem_compare_ordered, "Part by part in their order."},
    {SIDE_COMBINED, SIDE_COMBINED, COMPARE_ALWAYS, lem_compare_unordered, "Part by part in any order."},
    {SIDE_ANY, SIDE_ANY, COMPARE_ALWAYS, lem_compare_as_written,
     "What nothing above decides is equal when its canonical text is, else undecided."}};

const compare_around lem_compare_around[LEM_COMPARE_AROUND] = {
    {"names: `x = 5`, `f(x) = …`", lem_compare_names,
     "Under one name, or with a name on one side only, the values decide; of two names the equations must "
     "say "
     "the same."},
    {"residues: `3 (mod 7)`", lem_compare_residues,
     "Both sides with a modulus: the same one, and values that differ by a multiple of it."},
    {"percent", lem_compare_percent,
     "With a % on one side only, the number or its hundredth, where that is switched on."},
    {"degrees", lem_compare_degrees, "With a degree on one side only, radians, where that is switched on."},
    {"currencies", lem_compare_currency, "Two currencies must be the same."},
    {"units", lem_compare_units,
     "Two units are converted where both are known; on one side only, a unit may be left out as switched."}};
