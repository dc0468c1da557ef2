/* curate/filter_arithmetic.h - arithmetic slips inside solutions: equations between numbers that do not hold
 *
 * Looked at are equations "a op b = c" (chains too: a = b = c) of which both sides are arithmetic of written
 * numbers: + - * / ^ and their LaTeX and Unicode forms, brackets, fractions, percent, money, factorials; and
 * the marks of GSM8K, <<48/2=24>>. Both sides are computed exactly by the grader's parser. An equation holds
 * too where
 *   - what is written is rounded: a side that is one number may be off by less than one of its last place
 *     (1/3 = 0.33, 100/3 = 33), a number of two or more decimals by half of it (0.67 * 300 = 200);
 *   - it holds when percent signs are read otherwise (20/80*100 = 25%).
 * Whatever else stands beside or between the numbers (variables, words that compute such as "half of", units
 * on the left, ≈, modulo, ratios) makes an equation one that is not read. So a slip is a slip with few
 * exceptions, and not every slip is found: figures in docs/filters.md. */
#ifndef LEM_CURATE_FILTER_ARITHMETIC_H
#define LEM_CURATE_FILTER_ARITHMETIC_H

#include "core/err.h"
#include "core/log.h"

#include <stddef.h>
#include <stdint.h>

typedef struct lem_arithmetic {
    uint64_t equations; /* read */
    uint64_t slips;
    size_t offset, len; /* bytes of the first slip */
} lem_arithmetic;

typedef struct lem_arithmetic_scan lem_arithmetic_scan; /* scratch, used again for each text */
lem_arithmetic_scan *lem_arithmetic_scan_new(lem_err *err);
void lem_arithmetic_scan_free(lem_arithmetic_scan *s); /* NULL allowed */

/* Linear in len, apart from the arithmetic itself, which the grader's limits bound. LEM_EINTR, LEM_EMEM. */
lem_status lem_arithmetic_check(lem_arithmetic_scan *s, const char *text, size_t len,
                                const lem_cancel *cancel, lem_arithmetic *out, lem_err *err) LEM_MUST_CHECK;

#endif
