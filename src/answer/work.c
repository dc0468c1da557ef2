/* work.c - scratch memory, fuel and bounded rational arithmetic of one comparison */
#include "answer/work.h"

#include "answer/verdict.h"

#include <math.h>
#include <string.h>

enum { FUEL = 2000000, ARENA_LIMIT = 8 << 20, ARENA_BLOCK = 16 << 10 };

static void *more(void *old, size_t old_bytes, size_t bytes) {
    (void)old_bytes;
    return lem_mem_insist_more(old, bytes);
}

static void release(void *p, size_t bytes) {
    (void)bytes;
    lem_free(p);
}

/* GMP, and MPFR over it, end the process where there is no memory: they are never told. */
__attribute__((constructor)) static void take_memory_from_us(void) {
    mp_set_memory_functions(lem_mem_insist, more, release);
}

lem_status lem_work_init(lem_work *w, lem_err *err) {
    memset(w, 0, sizeof *w);
    w->fuel = FUEL;
    w->failures = lem_mem_failures();
    lem_status st = lem_mem_reserve(err);
    if (st) return st;
    w->arena = lem_arena_new(ARENA_BLOCK, ARENA_LIMIT, err);
    return w->arena ? LEM_OK : LEM_EMEM;
}

lem_status lem_work_check(const lem_work *w, lem_err *err) {
    return lem_mem_failures() == w->failures ? LEM_OK : lem_mem_report("an answer", err);
}

void lem_work_release(lem_work *w) {
    for (lem_rat *r = w->rats; r; r = r->next) mpq_clear(r->q);
    lem_arena_free(w->arena);
    memset(w, 0, sizeof *w);
}

void *lem_work_alloc(lem_work *w, size_t n, size_t size) {
    void *p = lem_arena_alloc(w->arena, n ? n : 1, size);
    if (!p) w->limit = true;
    return p;
}

char *lem_work_strndup(lem_work *w, const char *s, size_t n) {
    char *p = lem_work_alloc(w, n + 1, 1);
    if (p && n) memcpy(p, s, n);
    return p;
}

const char *lem_work_keep(lem_work *w, lem_buf *b, bool ok) {
    const char *t = ok && !b->failed && lem_work_spend(w, (int64_t)b->len)
                        ? lem_work_strndup(w, lem_buf_str(b), b->len)
                        : NULL;
    lem_buf_release(b);
    return t;
}

void lem_work_refuel(lem_work *w) { w->fuel = FUEL; }

bool lem_work_spend(lem_work *w, int64_t cost) {
    w->fuel -= cost;
    if (w->fuel < 0 || lem_mem_failures() != w->failures) w->limit = true;
    return !w->limit;
}

static size_t bits_of(const lem_rat *a) {
    size_t n = mpz_sizeinbase(mpq_numref(a->q), 2), d = mpz_sizeinbase(mpq_denref(a->q), 2);
    return n > d ? n : d;
}

/* A fresh rational for a result of at most `bits` bits: the cost is that of a schoolbook product and a gcd of
 * that length. */
static lem_rat *fresh(lem_work *w, size_t bits) {
    if (bits > LEM_ANSWER_MAX_BITS) w->limit = true;
    int64_t limbs = (int64_t)(bits / 64 + 1);
    if (w->limit || !lem_work_spend(w, 8 + limbs * limbs / 4)) return NULL;
    lem_rat *r = lem_work_alloc(w, 1, sizeof *r);
    if (!r) return NULL;
    mpq_init(r->q);
    r->next = w->rats;
    w->rats = r;
    return r;
}

lem_rat *lem_rat_int(lem_work *w, long v) {
    lem_rat *r = fresh(w, 64);
    if (r) mpq_set_si(r->q, v, 1);
    return r;
}

lem_rat *lem_rat_pow10(lem_work *w, long e) {
    unsigned long m = (unsigned long)(e < 0 ? -e : e);
    if (m > LEM_ANSWER_MAX_BITS / 4) {
        w->limit = true;
        return NULL;
    }
    lem_rat *r = fresh(w, m * 4 + 1);
    if (!r) return NULL;
    mpz_ui_pow_ui(e < 0 ? mpq_denref(r->q) : mpq_numref(r->q), 10, m);
    if (e < 0) mpz_set_ui(mpq_numref(r->q), 1);
    return r;
}

lem_rat *lem_rat_decimal(lem_work *w, const char *digits, size_t n, long exp10) {
    if (n > LEM_ANSWER_MAX_DIGITS) w->limit = true;
    char *t = w->limit ? NULL : lem_work_alloc(w, n + 2, 1);
    if (!t) return NULL;
    size_t k = 0;
    bool point = false;
    for (size_t i = 0; i < n; i++) {
        if (digits[i] == '.') point = true;
        else {
            t[k++] = digits[i];
            exp10 -= point;
        }
    }
    if (!k) t[k++] = '0';
    t[k] = '\0';
    lem_rat *r = fresh(w, k * 10 / 3 + 8);
    if (!r || mpz_set_str(mpq_numref(r->q), t, 10) != 0) return NULL;
    if (mpz_sgn(mpq_numref(r->q)) == 0 || exp10 == 0) return r;
    return lem_rat_mul(w, r, lem_rat_pow10(w, exp10));
}

lem_rat *lem_rat_add(lem_work *w, const lem_rat *a, const lem_rat *b) {
    if (!a || !b) return NULL;
    lem_rat *r = fresh(w, bits_of(a) + bits_of(b) + 1);
    if (r) mpq_add(r->q, a->q, b->q);
    return r;
}

lem_rat *lem_rat_sub(lem_work *w, const lem_rat *a, const lem_rat *b) {
    if (!a || !b) return NULL;
    lem_rat *r = fresh(w, bits_of(a) + bits_of(b) + 1);
    if (r) mpq_sub(r->q, a->q, b->q);
    return r;
}

lem_rat *lem_rat_mul(lem_work *w, const lem_rat *a, const lem_rat *b) {
    if (!a || !b) return NULL;
    lem_rat *r = fresh(w, bits_of(a) + bits_of(b));
    if (r) mpq_mul(r->q, a->q, b->q);
    return r;
}

lem_rat *lem_rat_div(lem_work *w, const lem_rat *a, const lem_rat *b) {
    if (!a || !b || mpq_sgn(b->q) == 0) return NULL;
    lem_rat *r = fresh(w, bits_of(a) + bits_of(b));
    if (r) mpq_div(r->q, a->q, b->q);
    return r;
}

lem_rat *lem_rat_neg(lem_work *w, const lem_rat *a) {
    if (!a) return NULL;
    lem_rat *r = fresh(w, bits_of(a));
    if (r) mpq_neg(r->q, a->q);
    return r;
}

lem_rat *lem_rat_pow(lem_work *w, const lem_rat *a, long e) {
    if (!a) return NULL;
    unsigned long m = (unsigned long)(e < 0 ? -e : e);
    if (e == 0) return lem_rat_int(w, 1);
    if (mpq_sgn(a->q) == 0) return e > 0 ? lem_rat_int(w, 0) : NULL;
    size_t bits = bits_of(a);
    if (bits == 1) m = m % 2 ? 1 : 2; /* +1 and -1 */
    if (m > LEM_ANSWER_MAX_BITS || bits * m > LEM_ANSWER_MAX_BITS) {
        w->limit = true;
        return NULL;
    }
    lem_rat *r = fresh(w, bits * m);
    if (!r) return NULL;
    mpz_pow_ui(mpq_numref(r->q), mpq_numref(a->q), m);
    mpz_pow_ui(mpq_denref(r->q), mpq_denref(a->q), m);
    if (e < 0) mpq_inv(r->q, r->q);
    return r;
}

bool lem_rat_fits(const lem_rat *a, const lem_rat *b) {
    return a && b && bits_of(a) + bits_of(b) < LEM_ANSWER_MAX_BITS;
}

bool lem_rat_pow_fits(const lem_rat *a, long e) {
    unsigned long m = e < 0 ? 0UL - (unsigned long)e : (unsigned long)e;
    size_t bits = a ? bits_of(a) : 0;
    return a && (bits <= 1 || m == 0 || (m <= LEM_ANSWER_MAX_BITS && bits * m <= LEM_ANSWER_MAX_BITS));
}

int lem_rat_sign(const lem_rat *a) { return mpq_sgn(a->q); }
bool lem_rat_is_int(const lem_rat *a) { return mpz_cmp_ui(mpq_denref(a->q), 1) == 0; }
bool lem_rat_is(const lem_rat *a, long v) { return mpq_cmp_si(a->q, v, 1) == 0; }
bool lem_rat_equal(const lem_rat *a, const lem_rat *b) { return mpq_equal(a->q, b->q) != 0; }

bool lem_rat_small(const lem_rat *a, long limit, long *out) {
    if (!lem_rat_is_int(a) || mpz_cmpabs_ui(mpq_numref(a->q), (unsigned long)limit) > 0) return false;
    *out = mpz_get_si(mpq_numref(a->q));
    return true;
}

char *lem_rat_text(lem_work *w, const lem_rat *a) {
    if (!a) return NULL;
    size_t n = mpz_sizeinbase(mpq_numref(a->q), 10) + mpz_sizeinbase(mpq_denref(a->q), 10) + 3;
    if (!lem_work_spend(w, (int64_t)n)) return NULL;
    char *t = lem_work_alloc(w, n, 1);
    if (t) mpq_get_str(t, 10, a->q);
    return t;
}

long double lem_rat_value(const lem_rat *a) {
    long en, ed;
    double n = mpz_get_d_2exp(&en, mpq_numref(a->q)), d = mpz_get_d_2exp(&ed, mpq_denref(a->q));
    /* two pieces of 53 bits each give the long double its 64 bits */
    long double num = n, den = d;
    if (mpz_sizeinbase(mpq_numref(a->q), 2) <= 63) num = (long double)mpz_get_si(mpq_numref(a->q)), en = 0;
    if (mpz_sizeinbase(mpq_denref(a->q), 2) <= 63) den = (long double)mpz_get_si(mpq_denref(a->q)), ed = 0;
    long e = en - ed;
    return ldexpl(num / den, (int)(e > 100000 ? 100000 : e < -100000 ? -100000 : e));
}
