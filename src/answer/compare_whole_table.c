/* compare_whole_table.c - the order of the rules for whole answers */
#include "answer/compare_whole_priv.h"

const answer_first lem_answer_first[LEM_ANSWER_FIRST] = {
    {"letter A–J", "letter A–J", COMPARE_WHEN(letters), lem_answer_letters,
     "Letters of a choice, in any case."},
    {"several letters", "a list of letters", COMPARE_WHEN(several_letters), lem_answer_options,
     "`ABD` is A, B and D in any order."},
    {"`3/4 or 0.75`", "anything but a list", COMPARE_ALWAYS, lem_answer_alternatives,
     "Where all that \"or\" joins is one value, any of its forms is compared; what differs is a list."},
    {"words or conditions around a value", "anything", COMPARE_ALWAYS, lem_compare_said,
     "The values are compared, and the words and conditions with them."},
    {"`100,200`; `20 m/s` in plain letters", "a list of as many parts; a quantity", COMPARE_ALWAYS,
     lem_answer_as_asked,
     "Either side is read as the other one asks; nothing is decided yet, but that `200,100` for `100,200` "
     "may be a list "
     "in another order: undecided."},
    {"`m + n = 73`", "number", COMPARE_WHEN(equation_end), lem_answer_ends,
     "The number that an equation in several symbols ends with is its answer."}};

const answer_next lem_answer_next[LEM_ANSWER_NEXT] = {
    {"chains: `a = b = c` between constants", COMPARE_ALWAYS, lem_answer_chains,
     "The ends are compared, then any member with any; other answers are compared as they stand."},
    {"sums, integrals, `…`", COMPARE_ALWAYS, lem_answer_closed_values,
     "What is undecided is compared once more by its closed values."},
    {"free constants and whole parameters", COMPARE_WHEN(free_constants), lem_compare_free,
     "What is not equal yet may be equal up to the names of constants, as a family, line or function in "
     "pieces."}};
