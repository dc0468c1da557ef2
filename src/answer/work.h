/* answer/work.h - scratch of one comparison: arena, fuel, and rationals that are released together
 *
 * Arithmetic is by GMP; every operation first checks the size of its result against LEM_ANSWER_MAX_BITS and
 * pays fuel, so that GMP is never asked for much memory or time. A failed check sets `limit` and returns
 * NULL; callers pass NULL on. */
#ifndef LEM_ANSWER_WORK_PRIV_H
#define LEM_ANSWER_WORK_PRIV_H

#include "core/buf.h"
#include "core/err.h"
#include "core/mem.h"

#include <gmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct lem_rat {
    mpq_t q;
    struct lem_rat *next;
} lem_rat;

typedef struct lem_work {
    lem_arena *arena;
    lem_rat *rats; /* all rationals handed out, cleared by lem_work_release */
    int64_t fuel;
    bool limit;
    uint64_t failures; /* of allocations of this thread, when it began: GMP and FLINT tell nobody of theirs */
} lem_work;

lem_status lem_work_init(lem_work *w, lem_err *err) LEM_MUST_CHECK;
/* LEM_EMEM where an allocation has failed since: what was made of it is no verdict. Asked before a result is
 * handed out, by the thread that made it. */
lem_status lem_work_check(const lem_work *w, lem_err *err) LEM_MUST_CHECK;
void lem_work_release(lem_work *w);
void *lem_work_alloc(lem_work *w, size_t n, size_t size); /* zeroed; NULL sets limit */
char *lem_work_strndup(lem_work *w, const char *s, size_t n);
/* What is in b, which is released, where ok and the fuel for its length is there; else NULL. */
const char *lem_work_keep(lem_work *w, lem_buf *b, bool ok);
void lem_work_refuel(lem_work *w);
bool lem_work_spend(lem_work *w, int64_t cost); /* false, and limit set, when the fuel is used up */

/* New rationals; NULL at a limit or when an argument is NULL. Arguments are never changed. */
lem_rat *lem_rat_int(lem_work *w, long v);
/* Digits with at most one '.', no sign; `exp10` is added to the decimal exponent. */
lem_rat *lem_rat_decimal(lem_work *w, const char *digits, size_t n, long exp10);
lem_rat *lem_rat_add(lem_work *w, const lem_rat *a, const lem_rat *b);
lem_rat *lem_rat_sub(lem_work *w, const lem_rat *a, const lem_rat *b);
lem_rat *lem_rat_mul(lem_work *w, const lem_rat *a, const lem_rat *b);
lem_rat *lem_rat_div(lem_work *w, const lem_rat *a, const lem_rat *b); /* NULL without limit when b is 0 */
lem_rat *lem_rat_neg(lem_work *w, const lem_rat *a);
lem_rat *lem_rat_pow(lem_work *w, const lem_rat *a, long e); /* NULL without limit for 0^negative */
lem_rat *lem_rat_pow10(lem_work *w, long e);
/* The limit on sizes keeps a b and a + b, or a^e; ask before where "too large" is no reason to give up. */
bool lem_rat_fits(const lem_rat *a, const lem_rat *b);
bool lem_rat_pow_fits(const lem_rat *a, long e);
int lem_rat_sign(const lem_rat *a);
bool lem_rat_is_int(const lem_rat *a);
bool lem_rat_is(const lem_rat *a, long v);
bool lem_rat_equal(const lem_rat *a, const lem_rat *b);
/* The value as a long when it is an integer in [-limit, limit]. */
bool lem_rat_small(const lem_rat *a, long limit, long *out);
/* "p" or "p/q" in the arena. */
char *lem_rat_text(lem_work *w, const lem_rat *a);
long double lem_rat_value(const lem_rat *a); /* nearest-ish, overflow to infinity */

#endif
