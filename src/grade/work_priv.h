/* work_priv.h - scratch of one comparison: arena, fuel, and rationals that are released together
 *
 * Arithmetic is by GMP; every operation first checks the size of its result against LEM_GRADE_MAX_BITS and
 * pays fuel, so that GMP is never asked for much memory or time. A failed check sets `limit` and returns
 * NULL; callers pass NULL on. */
#ifndef LEM_GRADE_WORK_PRIV_H
#define LEM_GRADE_WORK_PRIV_H

#include "core/err.h"
#include "core/mem.h"

#include <gmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct grade_rat {
    mpq_t q;
    struct grade_rat *next;
} grade_rat;

typedef struct grade_work {
    lem_arena *arena;
    grade_rat *rats; /* all rationals handed out, cleared by lem_grade_work_release */
    int64_t fuel;
    bool limit;
} grade_work;

lem_status lem_grade_work_init(grade_work *w, lem_err *err) LEM_MUST_CHECK;
void lem_grade_work_release(grade_work *w);
void *lem_grade_alloc(grade_work *w, size_t n, size_t size); /* zeroed; NULL sets limit */
char *lem_grade_strndup(grade_work *w, const char *s, size_t n);
void lem_grade_refuel(grade_work *w);
bool lem_grade_spend(grade_work *w, int64_t cost); /* false, and limit set, when the fuel is used up */

/* New rationals; NULL at a limit or when an argument is NULL. Arguments are never changed. */
grade_rat *lem_grade_rat_int(grade_work *w, long v);
/* Digits with at most one '.', no sign; `exp10` is added to the decimal exponent. */
grade_rat *lem_grade_rat_decimal(grade_work *w, const char *digits, size_t n, long exp10);
grade_rat *lem_grade_rat_add(grade_work *w, const grade_rat *a, const grade_rat *b);
grade_rat *lem_grade_rat_sub(grade_work *w, const grade_rat *a, const grade_rat *b);
grade_rat *lem_grade_rat_mul(grade_work *w, const grade_rat *a, const grade_rat *b);
grade_rat *lem_grade_rat_div(grade_work *w, const grade_rat *a,
                             const grade_rat *b); /* NULL without limit when b is 0 */
grade_rat *lem_grade_rat_neg(grade_work *w, const grade_rat *a);
grade_rat *lem_grade_rat_pow(grade_work *w, const grade_rat *a,
                             long e); /* NULL without limit for 0^negative */
grade_rat *lem_grade_rat_pow10(grade_work *w, long e);
/* The limit on sizes keeps a b and a + b, or a^e; ask before where "too large" is no reason to give up. */
bool lem_grade_rat_fits(const grade_rat *a, const grade_rat *b);
bool lem_grade_rat_pow_fits(const grade_rat *a, long e);
int lem_grade_rat_sign(const grade_rat *a);
bool lem_grade_rat_is_int(const grade_rat *a);
bool lem_grade_rat_is(const grade_rat *a, long v);
bool lem_grade_rat_equal(const grade_rat *a, const grade_rat *b);
/* The value as a long when it is an integer in [-limit, limit]. */
bool lem_grade_rat_small(const grade_rat *a, long limit, long *out);
/* "p" or "p/q" in the arena. */
char *lem_grade_rat_text(grade_work *w, const grade_rat *a);
long double lem_grade_rat_value(const grade_rat *a); /* nearest-ish, overflow to infinity */

#endif
