/* test_decide_random.c - random expressions in two forms that are equal by construction, and with a small
 * number added
 *
 * Equal forms must never be called different, unequal ones never equal, and both orders must say the same.
 * Not deciding is allowed and counted. */
#include "pairs.h"

#include "core/buf.h"

#include <stdlib.h>

enum { CASES = 10000, MAX_DEPTH = 3 };

typedef struct source {
    uint64_t state;
    bool symbols, functions;
    bool real; /* of this pair: roots and logarithms of positive numbers only */
} source;

static uint32_t below(source *s, uint32_t n) { /* splitmix64 */
    uint64_t z = s->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ (z >> 31)) % n);
}

static void leaf(source *s, lem_buf *a) {
    static const char *const constants[] = {"\\sqrt{2}", "\\sqrt{3}", "\\sqrt[3]{2}",         "\\pi",
                                            "\\sqrt{5}", "e",         "\\cos\\frac{\\pi}{7}", "\\ln 2"};
    uint32_t k = below(s, s->symbols ? 8 : 6);
    if (k < 3) lem_buf_printf(a, "%u", 1 + below(s, 12));
    else if (k == 3) lem_buf_printf(a, "\\frac{%u}{%u}", 1 + below(s, 9), 2 + below(s, 9));
    else if (k < 6) lem_buf_puts(a, constants[below(s, 8)]);
    else lem_buf_puts(a, k == 6 ? "x" : "y");
}

static void both(lem_buf *a, lem_buf *b, const char *text) {
    lem_buf_puts(a, text);
    lem_buf_puts(b, text);
}

static void expression(source *s, lem_buf *a, lem_buf *b, int depth);

/* Appends one expression to a and the same value, written otherwise, to b. */
static void rewritten(source *s, lem_buf *a, lem_buf *b, int depth) {
    lem_buf u = {0}, v = {0}, t = {0};
    expression(s, &u, &v, depth + 1);
    leaf(s, &t);
    const char *x = lem_buf_str(&u), *y = lem_buf_str(&v), *z = lem_buf_str(&t);
    lem_buf_printf(a, "(%s)", x);
    switch (below(s, s->real ? 8 : 6)) {
    case 0: lem_buf_printf(b, "(%s+(%s)-(%s))", y, z, z); break;
    case 1: lem_buf_printf(b, "\\frac{(%s)(%s)}{%s}", y, z, z); break;
    case 2: lem_buf_printf(b, "(-(-(%s)))", y); break;
    case 3: lem_buf_printf(b, "\\frac{2(%s)+%s}{2}-\\frac{%s}{2}", y, z, z); break;
    case 4: lem_buf_printf(b, "(%s)(\\sin^2(%s)+\\cos^2(%s))", y, z, z); break;
    case 6: lem_buf_printf(b, "\\sqrt[3]{(%s)^3}", y); break;
    case 5: lem_buf_printf(b, "((%s)^2-(%s)^2+((%s)-1)^2-((%s)^2-2(%s)+1)+%s)", z, z, z, z, z, y); break;
    default: lem_buf_printf(b, "\\ln(e^{%s})", y); break;
    }
    lem_buf_release(&u);
    lem_buf_release(&v);
    lem_buf_release(&t);
}

static void binary(source *s, lem_buf *a, lem_buf *b, int depth) {
    static const char *const ops[] = {"+", "-", "\\cdot "};
    lem_buf u = {0}, v = {0}, x = {0}, y = {0};
    expression(s, &u, &x, depth + 1);
    expression(s, &v, &y, depth + 1);
    uint32_t op = below(s, 4);
    if (op == 3) {
        lem_buf_printf(a, "\\frac{%s}{%s}", lem_buf_str(&u), lem_buf_str(&v));
        lem_buf_printf(b, "(%s)(%s)^{-1}", lem_buf_str(&x), lem_buf_str(&y));
    } else {
        lem_buf_printf(a, "((%s)%s(%s))", lem_buf_str(&u), ops[op], lem_buf_str(&v));
        if (op == 1) lem_buf_printf(b, "(-(%s)+(%s))", lem_buf_str(&y), lem_buf_str(&x));
        else lem_buf_printf(b, "((%s)%s(%s))", lem_buf_str(&y), ops[op], lem_buf_str(&x));
    }
    lem_buf_release(&u);
    lem_buf_release(&v);
    lem_buf_release(&x);
    lem_buf_release(&y);
}

static void unary(source *s, lem_buf *a, lem_buf *b, int depth) {
    static const char *const names[] = {"\\sqrt{", "\\sin(", "\\arctan(",  "e^{",    "\\ln(",
                                        "|",       "\\cos(", "\\sqrt[3]{", "\\cosh("};
    static const char *const ends[] = {"}", ")", ")", "}", ")", "|", ")", "}", ")"};
    static const char *const real_names[] = {"\\sqrt{1+(", "\\ln(2+("}, *const real_ends[] = {")^2}", ")^4)"};
    uint32_t k = below(s, s->functions ? 9 : 1);
    if (s->real && (k == 0 || k == 4)) {
        both(a, b, real_names[k / 4]);
        expression(s, a, b, depth + 1);
        both(a, b, real_ends[k / 4]);
        return;
    }
    both(a, b, names[k]);
    expression(s, a, b, depth + 1);
    both(a, b, ends[k]);
}

static void expression(source *s, lem_buf *a, lem_buf *b, int depth) {
    uint32_t k = below(s, 10);
    if (depth >= MAX_DEPTH || k < 2) {
        lem_buf t = {0};
        leaf(s, &t);
        both(a, b, lem_buf_str(&t));
        lem_buf_release(&t);
    } else if (k < 6) binary(s, a, b, depth);
    else if (k < 8) unary(s, a, b, depth);
    else rewritten(s, a, b, depth);
}

typedef enum said { DIFFERENT, EQUAL, UNDECIDED } said;

static said said_of(lem_answer_verdict v) {
    switch (v) {
    case LEM_ANSWER_EQUAL_EXACT:
    case LEM_ANSWER_EQUAL_NUMERIC: return EQUAL;
    case LEM_ANSWER_NOT_EQUAL:
    case LEM_ANSWER_DIFFERENT_KIND: return DIFFERENT;
    default: return UNDECIDED;
    }
}

typedef struct tally {
    long wrong, lopsided, exact, numeric, different, undecided;
} tally;

static void one(tally *t, const char *gold, const char *pred, bool equal) {
    lem_answer_result r = compare(gold, pred), s = compare(pred, gold);
    said c = said_of(r.verdict);
    bool wrong = c != UNDECIDED && (c == EQUAL) != equal, lopsided = said_of(s.verdict) != c;
    if ((wrong || lopsided) && t->wrong + t->lopsided < 10)
        print_message("%s '%s' against '%s': %s (%s), turned %s (%s)\n", equal ? "equal" : "unequal", gold,
                      pred, lem_answer_verdict_name(r.verdict), r.rule, lem_answer_verdict_name(s.verdict),
                      s.rule);
    t->wrong += wrong;
    t->lopsided += lopsided;
    t->exact += r.verdict == LEM_ANSWER_EQUAL_EXACT;
    t->numeric += r.verdict == LEM_ANSWER_EQUAL_NUMERIC;
    t->different += c == DIFFERENT;
    t->undecided += c == UNDECIDED;
}

static void run(const char *name, const long *cases, bool symbols, bool functions, uint64_t seed) {
    source s = {.state = seed, .symbols = symbols, .functions = functions};
    tally t = {0};
    for (long k = 0; k < *cases; k++) {
        lem_buf a = {0}, b = {0};
        s.real = below(&s, 2) == 0;
        expression(&s, &a, &b, 0);
        bool equal = k % 2 == 0;
        if (!equal) lem_buf_printf(&b, "%c10^{-%u}", below(&s, 2) ? '+' : '-', 1 + below(&s, 40));
        one(&t, lem_buf_str(&a), lem_buf_str(&b), equal);
        lem_buf_release(&a);
        lem_buf_release(&b);
    }
    print_message(
        "%s: %ld pairs: %ld exact, %ld numeric, %ld different, %ld undecided; %ld wrong, %ld not symmetric\n",
        name, *cases, t.exact, t.numeric, t.different, t.undecided, t.wrong, t.lopsided);
    assert_int_equal(t.wrong, 0);
    assert_int_equal(t.lopsided, 0);
}

static void constants(void **state) { run("constants", *state, false, true, 1); }
static void functions(void **state) { run("functions of x and y", *state, true, true, 2); }
static void rational_functions(void **state) { run("rational functions", *state, true, false, 3); }

/* An argument is the number of pairs of each kind. */
int main(int argc, char **argv) {
    long cases = argc > 1 ? strtol(argv[1], NULL, 10) : CASES;
    const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(constants, &cases),
                                       cmocka_unit_test_prestate(functions, &cases),
                                       cmocka_unit_test_prestate(rational_functions, &cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
