/* fuzz_decide - bytes as a program that writes two expressions: the deciders with every operation, symmetric
 * and consistent */
#include "core/buf.h"
#include "grade/grade.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STACK = 12, MAX_TEXT = 160 };

typedef struct machine {
    lem_buf at[STACK];
    int n;
} machine;

static const char *const leaves[] = {"x",
                                     "y",
                                     "n",
                                     "i",
                                     "e",
                                     "\\pi",
                                     "\\infty",
                                     "0",
                                     "1",
                                     "2",
                                     "3",
                                     "7",
                                     "10",
                                     "(-1)",
                                     "(-8)",
                                     "\\frac{1}{2}",
                                     "\\frac{2}{3}",
                                     "0.125",
                                     "10^{20}",
                                     "10^{-30}",
                                     "\\sqrt{2}",
                                     "\\sqrt{3}",
                                     "\\frac{\\pi}{7}",
                                     "30^\\circ",
                                     "1000003"};
static const char *const unary[][2] = {{"\\sqrt{", "}"},
                                       {"\\sqrt[3]{", "}"},
                                       {"\\sin(", ")"},
                                       {"\\cos(", ")"},
                                       {"\\tan(", ")"},
                                       {"e^{", "}"},
                                       {"\\ln(", ")"},
                                       {"\\log(", ")"},
                                       {"\\arctan(", ")"},
                                       {"\\arcsin(", ")"},
                                       {"|", "|"},
                                       {"-(", ")"},
                                       {"\\frac{1}{", "}"},
                                       {"(", ")^2"},
                                       {"(", ")^{-3}"},
                                       {"(", ")!"},
                                       {"2^{", "}"},
                                       {"\\lfloor ", "\\rfloor"},
                                       {"\\lceil ", "\\rceil"},
                                       {"\\sinh(", ")"},
                                       {"\\arccos(", ")"},
                                       {"\\cosh(", ")"},
                                       {"\\sqrt[4]{", "}"},
                                       {"(", ")^{17}"},
                                       {"\\log_2(", ")"}};
static const char *const binary[][3] = {{"(", ")+(", ")"},      {"(", ")-(", ")"},    {"(", ")\\cdot(", ")"},
                                        {"\\frac{", "}{", "}"}, {"(", ")^{", "}"},    {"\\binom{", "}{", "}"},
                                        {"\\max(", ",", ")"},   {"\\gcd(", ",", ")"}, {"\\log_{", "}(", ")"}};

static void push(machine *m, const char *s) {
    if (m->n < STACK) lem_buf_puts(&m->at[m->n++], s);
}

static void wrap(machine *m, const char *before, const char *after) {
    lem_buf t = {0}, *top = &m->at[m->n - 1];
    lem_buf_printf(&t, "%s%s%s", before, lem_buf_str(top), after);
    lem_buf_release(top);
    *top = t;
}

static void join(machine *m, const char *const s[3]) {
    lem_buf t = {0}, *b = &m->at[m->n - 1], *a = &m->at[m->n - 2];
    lem_buf_printf(&t, "%s%s%s%s%s", s[0], lem_buf_str(a), s[1], lem_buf_str(b), s[2]);
    lem_buf_release(a);
    lem_buf_release(b);
    *b = (lem_buf){0};
    *a = t;
    m->n--;
}

static void run(machine *m, uint8_t op) {
    enum {
        LEAVES = sizeof leaves / sizeof *leaves,
        UNARY = sizeof unary / sizeof *unary,
        BINARY = sizeof binary / sizeof *binary
    };
    size_t k = op % (LEAVES + UNARY + BINARY + 2);
    size_t top = m->n ? m->at[m->n - 1].len : 0, below = m->n > 1 ? m->at[m->n - 2].len : 0;
    if (k < LEAVES) push(m, leaves[k]);
    else if (k < LEAVES + UNARY) {
        if (m->n && top < MAX_TEXT) wrap(m, unary[k - LEAVES][0], unary[k - LEAVES][1]);
    } else if (k < LEAVES + UNARY + BINARY) {
        if (m->n > 1 && top + below < MAX_TEXT) join(m, binary[k - LEAVES - UNARY]);
    } else if (m->n && m->n < STACK && k == LEAVES + UNARY + BINARY) push(m, lem_buf_str(&m->at[m->n - 1]));
    else if (m->n > 1) { /* swap */ lem_buf t = m->at[m->n - 1];
        m->at[m->n - 1] = m->at[m->n - 2];
        m->at[m->n - 2] = t;
    }
}

static lem_answer_verdict compare(const char *gold, const char *pred) {
    lem_err err = LEM_ERR_INIT;
    lem_grade_gold *g = NULL;
    lem_answer_result r;
    if (lem_grade_gold_new(gold, strlen(gold), NULL, &g, &err) != LEM_OK ||
        lem_grade_compare(g, pred, strlen(pred), &r, &err) != LEM_OK)
        __builtin_trap();
    lem_grade_gold_free(g);
    return r.verdict;
}

static void check(const char *a, const char *b) {
    lem_answer_verdict x = compare(a, b), y = compare(b, a);
    bool decimal = strchr(a, '.') || strchr(b, '.'); /* then the gold's digits may decide */
    if (lem_grade_correct_of(x) != lem_grade_correct_of(y) && !decimal) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    machine m = {.n = 0};
    for (size_t k = 0; k < size && k < 40; k++) run(&m, data[k]);
    const char *a = m.n ? lem_buf_str(&m.at[m.n - 1]) : "1", *b = m.n > 1 ? lem_buf_str(&m.at[m.n - 2]) : a;
    check(a, b);
    lem_buf more = {0};
    lem_buf_printf(&more, "(%s)+10^{-20}", a);
    lem_answer_verdict self = compare(a, a), shifted = compare(a, lem_buf_str(&more));
    if (self == LEM_ANSWER_NOT_EQUAL) __builtin_trap();
    if (shifted == LEM_ANSWER_EQUAL_EXACT && !strstr(a, "infty")) __builtin_trap();
    lem_buf_release(&more);
    for (int k = 0; k < STACK; k++) lem_buf_release(&m.at[k]);
    return 0;
}
