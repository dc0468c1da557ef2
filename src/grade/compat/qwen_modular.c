/* qwen_modular.c - rational functions told apart exactly, by their values modulo the prime 2^61 - 1:
 * 2^{100}-2x is not 2^{100}-2 */
#include "grade/compat/qwen_priv.h"

#include "core/hash.h"

#include <math.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

static const uint64_t P = (UINT64_C(1) << 61) - 1;

static uint64_t mul(uint64_t a, uint64_t b) {
    wide x = (wide)a * b;
    uint64_t r = (uint64_t)(x & P) + (uint64_t)(x >> 61);
    return r >= P ? r - P : r;
}

static uint64_t add(uint64_t a, uint64_t b) { return a + b >= P ? a + b - P : a + b; }

static uint64_t power(uint64_t a, uint64_t e) {
    uint64_t r = 1;
    for (; e > 0; e >>= 1, a = mul(a, a))
        if (e & 1) r = mul(r, a);
    return r;
}

/* A literal without a point: decimals are floating-point numbers to sympy, and not exact. */
static bool literal(const char *s, uint64_t *out) {
    bool minus = *s == '-';
    uint64_t v = 0;
    s += minus;
    if (!*s || strspn(s, "0123456789") != strlen(s)) return false;
    for (; *s; s++) v = add(mul(v, 10), (uint64_t)(*s - '0'));
    *out = minus && v > 0 ? P - v : v;
    return true;
}

/* A whole exponent, built of literals and signs only. */
static bool exponent(const qwen_node *a, long double *out) {
    long double x, y;
    if (a->kind == QWEN_NUM) {
        *out = a->value;
        return !strchr(a->name, '.') && a->value == roundl(a->value);
    }
    if (a->kind != QWEN_MUL || !exponent(a->kid[0], &x) || !exponent(a->kid[1], &y)) return false;
    *out = x * y;
    return fabsl(*out) < 1e15L;
}

static bool value_of(lem_work *w, const qwen_node *a, uint64_t point, uint64_t *out) {
    uint64_t x, y;
    long double e;
    if (!lem_work_spend(w, 20)) return false;
    switch (a->kind) {
    case QWEN_NUM: return literal(a->name, out);
    case QWEN_SYM: *out = lem_hash64(a->name, strlen(a->name), point + 1) % P; return true;
    case QWEN_ADD:
    case QWEN_MUL:
        if (!value_of(w, a->kid[0], point, &x) || !value_of(w, a->kid[1], point, &y)) return false;
        *out = a->kind == QWEN_ADD ? add(x, y) : mul(x, y);
        return true;
    case QWEN_POW:
        if (!exponent(a->kid[1], &e) || fabsl(e) >= 1e15L || !value_of(w, a->kid[0], point, &x) || x == 0)
            return false;
        x = power(x, (uint64_t)fabsl(e));
        *out = e < 0 ? power(x, P - 2) : x;
        return true;
    default: return false;
    }
}

bool lem_qwen_modular_differ(lem_work *w, const qwen_node *a, const qwen_node *b) {
    uint64_t x, y;
    for (uint64_t point = 0; point < 2; point++)
        if (value_of(w, a, point, &x) && value_of(w, b, point, &y) && x != y) return true;
    return false;
}
