/* grade.c - the entry points: compiled golds, comparison, keys, explanation */
#include "grade/grade.h"

#include "grade/compare_priv.h"

#include <string.h>

typedef enum parse_state { PARSED, UNPARSED, EMPTY, TOO_MUCH } parse_state;

/* One answer: its text with layout removed, and its tree. */
typedef struct answer {
    const char *plain;
    size_t plain_len;
    ast_node *tree;
    parse_state state;
} answer;

struct lem_grade_gold {
    grade_work w;
    answer a;
};

static bool starts(const char *s, size_t n, const char *t) { return strlen(t) <= n && memcmp(s, t, strlen(t)) == 0; }
static bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* Removes what changes only the looks: space, $, \left, \right, thin spaces, \displaystyle, a closing period; \dfrac and \tfrac become \frac. */
static char *plain_text(grade_work *w, const char *s, size_t n, size_t *len) {
    static const char *const gone[] = {"\\left", "\\right", "\\displaystyle", "\\!", "\\,", "\\;", "\\:", "\\ ", "\\(", "\\)", "\\[", "\\]", NULL};
    char *t = lem_grade_alloc(w, n + 1, 1);
    size_t k = 0;
    for (size_t i = 0; t && i < n;) {
        size_t skip = 0;
        for (int g = 0; gone[g] && !skip; g++)
            if (starts(s + i, n - i, gone[g]) && !(letter(gone[g][1]) && i + strlen(gone[g]) < n && letter(s[i + strlen(gone[g])])))
                skip = strlen(gone[g]);
        if (s[i] == ' ' || s[i] == '$' || (s[i] >= '\t' && s[i] <= '\r')) skip = 1;
        if (skip) {
            i += skip;
            continue;
        }
        if (starts(s + i, n - i, "\\dfrac") || starts(s + i, n - i, "\\tfrac")) {
            t[k++] = '\\';
            i += 2;
        }
        t[k++] = s[i++];
    }
    while (t && k && t[k - 1] == '.') k--;
    *len = k;
    return t;
}

static answer read_answer(grade_work *w, const char *s, size_t n) {
    answer a = {"", 0, NULL, TOO_MUCH};
    if (n > LEM_GRADE_MAX_ANSWER) return a;
    char *t = plain_text(w, s, n, &a.plain_len);
    if (!t) return a;
    a.plain = t;
    if (a.plain_len == 0) {
        a.state = EMPTY;
        return a;
    }
    a.tree = lem_grade_parse(w, s, n);
    a.state = w->limit ? TOO_MUCH : a.tree ? PARSED : UNPARSED;
    return a;
}

lem_status lem_grade_gold_new(const char *text, size_t len, lem_grade_gold **out, lem_err *err) {
    lem_grade_gold *g = lem_alloc_zero(1, sizeof *g, err);
    if (!g) return LEM_EMEM;
    lem_status st = lem_grade_work_init(&g->w, err);
    if (st != LEM_OK) {
        lem_free(g);
        return st;
    }
    size_t keep = len > LEM_GRADE_MAX_ANSWER ? 0 : len;
    char *copy = lem_grade_text(&g->w, text, keep);
    if (!copy) {
        lem_grade_gold_free(g);
        return lem_fail(err, LEM_EMEM, "grade: out of memory");
    }
    g->a = read_answer(&g->w, copy, keep);
    if (keep != len) g->a.state = TOO_MUCH;
    *out = g;
    return LEM_OK;
}

void lem_grade_gold_free(lem_grade_gold *g) {
    if (!g) return;
    lem_grade_work_release(&g->w);
    lem_free(g);
}

bool lem_grade_gold_ok(const lem_grade_gold *g) { return g->a.state == PARSED; }

static lem_grade_result verdict(grade_work *w, const answer *gold, const answer *pred) {
    if (gold->state == EMPTY) return (lem_grade_result){LEM_GRADE_GOLD_UNPARSED, "the gold is empty"};
    if (pred->state == EMPTY) return (lem_grade_result){LEM_GRADE_NO_ANSWER, "no answer"};
    if (gold->plain_len && gold->plain_len == pred->plain_len && memcmp(gold->plain, pred->plain, gold->plain_len) == 0)
        return (lem_grade_result){LEM_GRADE_EQUAL_EXACT, "same text"};
    if (gold->state == TOO_MUCH || pred->state == TOO_MUCH) return (lem_grade_result){LEM_GRADE_LIMIT, "answer too long or too large"};
    if (gold->state == UNPARSED) return (lem_grade_result){LEM_GRADE_GOLD_UNPARSED, "the gold cannot be parsed"};
    if (pred->state == UNPARSED) return (lem_grade_result){LEM_GRADE_PREDICTION_UNPARSED, "the prediction cannot be parsed"};
    return lem_grade_compare_trees(w, gold->tree, pred->tree);
}

lem_status lem_grade_compare(const lem_grade_gold *gold, const char *text, size_t len, lem_grade_result *out, lem_err *err) {
    grade_work w;
    lem_status st = lem_grade_work_init(&w, err);
    if (st != LEM_OK) return st;
    answer a = read_answer(&w, text, len);
    *out = verdict(&w, &gold->a, &a);
    lem_grade_work_release(&w);
    return LEM_OK;
}

lem_status lem_grade_response(const lem_grade_gold *gold, const char *response, size_t len, lem_grade_task task, lem_grade_span *span,
                              lem_grade_result *out, lem_err *err) {
    lem_grade_span s;
    if (!lem_grade_extract(response, len, task, &s)) {
        if (span) *span = s;
        *out = (lem_grade_result){LEM_GRADE_NO_ANSWER, "no answer in the response"};
        return LEM_OK;
    }
    lem_status st = lem_grade_compare(gold, response + s.offset, s.len, out, err);
    if (st == LEM_OK && span) *span = s;
    return st;
}

lem_grade_correct lem_grade_correct_of(lem_grade_verdict v) {
    switch (v) {
    case LEM_GRADE_EQUAL_EXACT:
    case LEM_GRADE_EQUAL_NUMERIC: return LEM_GRADE_RIGHT;
    case LEM_GRADE_NOT_EQUAL:
    case LEM_GRADE_DIFFERENT_KIND:
    case LEM_GRADE_NO_ANSWER: return LEM_GRADE_WRONG;
    default: return LEM_GRADE_UNDECIDED;
    }
}

static const char *const verdict_names[LEM_GRADE_N_VERDICTS] = {"equal_exact",         "equal_numeric", "not_equal", "different_kind",
                                                                "prediction_unparsed", "gold_unparsed", "no_answer", "limit"};

const char *lem_grade_verdict_name(lem_grade_verdict v) { return (unsigned)v < LEM_GRADE_N_VERDICTS ? verdict_names[v] : "?"; }

static void add_key(grade_work *w, const answer *a, const char *raw, size_t len, lem_buf *out) {
    const char *key = a->state == PARSED ? lem_grade_key_text(w, a->tree) : NULL;
    if (key) lem_buf_puts(out, key);
    else if (a->state == TOO_MUCH && !a->plain_len) lem_buf_add(out, raw, len);
    else lem_buf_printf(out, "%s%.*s", a->plain_len ? "?" : "", (int)a->plain_len, a->plain);
}

lem_status lem_grade_key(const char *text, size_t len, lem_buf *out, lem_err *err) {
    grade_work w;
    lem_status st = lem_grade_work_init(&w, err);
    if (st != LEM_OK) return st;
    answer a = read_answer(&w, text, len);
    add_key(&w, &a, text, len, out);
    lem_grade_work_release(&w);
    return lem_buf_ok(out, err);
}

static const char *kind_name(const answer *a) {
    static const char *const names[] = {"number",
                                        "symbol",
                                        "sum",
                                        "product",
                                        "power",
                                        "function",
                                        "factorial",
                                        "absolute value",
                                        "percent",
                                        "degrees",
                                        "money",
                                        "plus-minus",
                                        "quantity",
                                        "number in a base",
                                        "ratio",
                                        "tuple or interval",
                                        "list",
                                        "set",
                                        "union",
                                        "intersection",
                                        "difference of sets",
                                        "relation",
                                        "matrix",
                                        "text"};
    switch (a->state) {
    case EMPTY: return "empty";
    case UNPARSED: return "unparsed";
    case TOO_MUCH: return "too long or too large";
    default: return names[a->tree->kind];
    }
}

static void explain_side(grade_work *w, const char *label, const char *s, size_t len, const answer *a, lem_buf *out) {
    lem_buf_printf(out, "%-12s %.*s\n", label, (int)(len > 400 ? 400 : len), s);
    lem_buf_printf(out, "%-12s ", "  canonical:");
    add_key(w, a, "", 0, out);
    lem_buf_printf(out, "  [%s]\n", kind_name(a));
}

lem_status lem_grade_explain(const char *gold, size_t gold_len, const char *prediction, size_t len, lem_grade_task task, lem_buf *out,
                             lem_grade_result *result, lem_err *err) {
    grade_work w;
    lem_grade_span s = {0, 0, LEM_GRADE_BY_NONE, false};
    bool any = lem_grade_extract(prediction, len, task, &s);
    lem_status st = lem_grade_work_init(&w, err);
    if (st != LEM_OK) return st;
    answer g = read_answer(&w, gold, gold_len);
    bool gold_limit = w.limit;
    w.limit = false;
    answer p = any ? read_answer(&w, prediction + s.offset, s.len) : (answer){"", 0, NULL, EMPTY};
    lem_grade_result r = verdict(&w, &g, &p);
    w.limit = w.limit || gold_limit;
    explain_side(&w, "gold:", gold, gold_len, &g, out);
    explain_side(&w, "prediction:", prediction + s.offset, s.len, &p, out);
    lem_buf_printf(out, "%-12s bytes %zu..%zu by %s%s\n", "span:", s.offset, s.offset + s.len, lem_grade_method_name(s.method),
                   s.weak ? " (weak)" : "");
    lem_buf_printf(out, "%-12s %s\n%-12s %s\n", "verdict:", lem_grade_verdict_name(r.verdict), "rule:", r.rule);
    *result = r;
    lem_grade_work_release(&w);
    return lem_buf_ok(out, err);
}
