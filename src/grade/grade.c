/* grade.c - the entry points: compiled golds, comparison, keys, explanation */
#include "grade/grade.h"

#include "grade/compare_answer_priv.h"
#include "grade/compat/compat_priv.h"
#include "grade/extract_priv.h"

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
    lem_grade_profile profile;
    grade_rules rules;
    grade_dialect dialect;
    const compat_mode *mode; /* NULL: our own rules */
    const char *text;        /* as given, for the mode */
    size_t len;
};

static bool starts(const char *s, size_t n, const char *t) {
    return strlen(t) <= n && memcmp(s, t, strlen(t)) == 0;
}
static bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool is_alnum(char c) { return letter(c) || (c >= '0' && c <= '9'); }

/* Removes what changes only the looks: $, \left, \right, thin spaces, \displaystyle, a closing period; \dfrac
 * and \tfrac become \frac. A space between two letters or digits stays: "1 1/4" is not "11/4". */
static char *plain_text(grade_work *w, const char *s, size_t n, size_t *len) {
    static const char *const gone[] = {
        "\\left", "\\right", "\\displaystyle", "\\!", "\\,", "\\;", "\\:", "\\ ", "\\(", "\\)", "\\[",
        "\\]",    NULL};
    char *t = lem_grade_alloc(w, n + 1, 1);
    size_t k = 0;
    bool space = false;
    for (size_t i = 0; t && i < n;) {
        size_t skip = 0;
        for (int g = 0; s[i] == '\\' && gone[g] && !skip; g++)
            if (starts(s + i, n - i, gone[g]) &&
                !(letter(gone[g][1]) && i + strlen(gone[g]) < n && letter(s[i + strlen(gone[g])])))
                skip = strlen(gone[g]);
        if (s[i] == ' ' || s[i] == '$' || (s[i] >= '\t' && s[i] <= '\r'))
            skip = 1, space = space || s[i] != '$';
        if (skip) {
            i += skip;
            continue;
        }
        if (space && k && is_alnum(t[k - 1]) && is_alnum(s[i])) t[k++] = ' ';
        space = false;
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

static grade_dialect dialect_of(const lem_grade_profile *p) {
    return (grade_dialect){.no_units = p->task == LEM_GRADE_TASK_MINERVA};
}

static answer read_answer(grade_work *w, const grade_dialect *d, const char *s, size_t n) {
    answer a = {"", 0, NULL, TOO_MUCH};
    if (n > LEM_GRADE_MAX_ANSWER) return a;
    char *t = plain_text(w, s, n, &a.plain_len);
    if (!t) return a;
    a.plain = t;
    if (a.plain_len == 0) {
        a.state = EMPTY;
        return a;
    }
    a.tree = lem_grade_parse_as(w, d, s, n);
    a.state = w->limit ? TOO_MUCH : a.tree ? PARSED : UNPARSED;
    return a;
}

lem_status lem_grade_gold_new(const char *text, size_t len, const lem_grade_profile *profile,
                              lem_grade_gold **out, lem_err *err) {
    lem_grade_gold *g = lem_alloc_zero(1, sizeof *g, err);
    if (!g) return LEM_EMEM;
    if (profile) g->profile = *profile;
    g->mode = lem_compat_find(g->profile.policy);
    g->rules = lem_grade_rules_of(&g->profile);
    g->dialect = dialect_of(&g->profile);
    lem_status st = lem_grade_work_init(&g->w, err);
    if (st != LEM_OK) {
        lem_free(g);
        return st;
    }
    size_t keep = len > LEM_GRADE_MAX_ANSWER ? 0 : len;
    char *copy = lem_grade_strndup(&g->w, text, keep);
    if (!copy) {
        lem_grade_gold_free(g);
        return lem_fail(err, LEM_EMEM, "grade: out of memory");
    }
    g->text = copy;
    g->len = keep;
    g->a = read_answer(&g->w, &g->dialect, copy, keep);
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

static lem_grade_result verdict(grade_work *w, const grade_rules *rules, const answer *gold,
                                const answer *pred) {
    if (gold->state == EMPTY) return compare_say(LEM_GRADE_GOLD_UNPARSED, RULE_GOLD_EMPTY);
    if (pred->state == EMPTY) return compare_say(LEM_GRADE_NO_ANSWER, RULE_NO_ANSWER);
    if (gold->plain_len && gold->plain_len == pred->plain_len &&
        memcmp(gold->plain, pred->plain, gold->plain_len) == 0)
        return compare_say(LEM_GRADE_EQUAL_EXACT, RULE_SAME_TEXT);
    if (gold->state == TOO_MUCH || pred->state == TOO_MUCH)
        return compare_say(LEM_GRADE_LIMIT, RULE_TOO_LONG);
    if (gold->state == UNPARSED) return compare_say(LEM_GRADE_GOLD_UNPARSED, RULE_GOLD_UNPARSED);
    if (pred->state == UNPARSED) return compare_say(LEM_GRADE_PREDICTION_UNPARSED, RULE_PREDICTION_UNPARSED);
    return lem_compare_answers(w, rules, gold->tree, pred->tree);
}

static lem_status compare(const lem_grade_gold *gold, const char *text, size_t len, const char *response,
                          size_t response_len, lem_grade_result *out, lem_err *err) {
    grade_work w;
    lem_status st = lem_grade_work_init(&w, err);
    if (st != LEM_OK) return st;
    if (gold->mode && len <= LEM_GRADE_MAX_ANSWER && (gold->len || gold->a.state == EMPTY)) {
        compat_pair pair = {gold->text, text, gold->len, len, response, response_len, gold->profile.task};
        st = gold->mode->equal(&w, &pair, out, err);
    } else {
        answer a = read_answer(&w, &gold->dialect, text, len);
        lem_grade_refuel(
            &w); /* the gold was read on fuel of its own: both ways round, a comparison has the same amount */
        *out = verdict(&w, &gold->rules, &gold->a, &a);
    }
    lem_grade_work_release(&w);
    return st;
}

lem_status lem_grade_compare(const lem_grade_gold *gold, const char *text, size_t len, lem_grade_result *out,
                             lem_err *err) {
    return compare(gold, text, len, NULL, 0, out, err);
}

lem_status lem_grade_extract_answer(const lem_grade_profile *p, const char *response, size_t len,
                                    lem_buf *out, lem_grade_span *span, lem_err *err) {
    const compat_mode *mode = p->task == LEM_GRADE_TASK_PLAIN ? NULL : lem_compat_find(p->policy);
    if (!mode) {
        lem_grade_task weak = p->task == LEM_GRADE_TASK_GSM8K ? LEM_GRADE_TASK_STD : p->task;
        if (lem_grade_extract(response, len, p->task, span) || /* without a mark, the last number */
            lem_grade_extract(response, len, weak, span))
            lem_extract_answer_text(response, *span, out);
        return lem_buf_ok(out, err);
    }
    size_t before = out->len;
    lem_status st = mode->extract(response, len, p->task, out, err);
    bool found = out->len > before;
    *span = (lem_grade_span){0, found ? len : 0, found ? LEM_GRADE_BY_COMPAT : LEM_GRADE_BY_NONE, false};
    return st == LEM_OK ? lem_buf_ok(out, err) : st;
}

lem_status lem_grade_response(const lem_grade_gold *gold, const char *response, size_t len, lem_buf *text,
                              lem_grade_span *span, lem_grade_result *out, lem_err *err) {
    lem_grade_span s;
    lem_buf own = {0};
    if (!text) text = &own;
    size_t from = text->len;
    lem_status st = lem_grade_extract_answer(&gold->profile, response, len, text, &s, err);
    if (st == LEM_OK && s.method == LEM_GRADE_BY_NONE)
        *out = compare_say(LEM_GRADE_NO_ANSWER, RULE_NO_ANSWER_IN_RESPONSE);
    else if (st == LEM_OK)
        st = compare(gold, lem_buf_str(text) + from, text->len - from, response, len, out, err);
    if (st == LEM_OK && span) *span = s;
    lem_buf_release(&own);
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
    answer a = read_answer(&w, &(grade_dialect){false}, text, len);
    add_key(&w, &a, text, len, out);
    lem_grade_work_release(&w);
    return lem_buf_ok(out, err);
}

static const char *const kind_names[] = {
    [AST_NUM] = "number",
    [AST_SYM] = "symbol",
    [AST_ADD] = "sum",
    [AST_MUL] = "product",
    [AST_POW] = "power",
    [AST_FN] = "function",
    [AST_FACTORIAL] = "factorial",
    [AST_ABS] = "absolute value",
    [AST_PERCENT] = "percent",
    [AST_DEGREE] = "degrees",
    [AST_MONEY] = "money",
    [AST_PM] = "plus-minus",
    [AST_QTY] = "quantity",
    [AST_BASE] = "number in a base",
    [AST_RATIO] = "ratio",
    [AST_TUPLE] = "tuple or interval",
    [AST_LIST] = "list",
    [AST_SET] = "set",
    [AST_UNION] = "union",
    [AST_INTER] = "intersection",
    [AST_SETMINUS] = "difference of sets",
    [AST_REL] = "relation",
    [AST_MATRIX] = "matrix",
    [AST_TEXT] = "text",
    [AST_BUILDER] = "set by conditions",
    [AST_MODULO] = "residue",
    [AST_CHOICE] = "choice",
    [AST_SYSTEM] = "system",
    [AST_SAID] = "words and a value",
};

static const char *kind_name(const answer *a) {
    switch (a->state) {
    case EMPTY: return "empty";
    case UNPARSED: return "unparsed";
    case TOO_MUCH: return "too long or too large";
    default: return kind_names[a->tree->kind];
    }
}

static void explain_side(grade_work *w, const char *label, const char *s, size_t len, const answer *a,
                         lem_buf *out) {
    lem_buf_printf(out, "%-12s %.*s\n", label, (int)(len > 400 ? 400 : len), s);
    lem_buf_printf(out, "%-12s ", "  canonical:");
    add_key(w, a, "", 0, out);
    lem_buf_printf(out, "  [%s]\n", kind_name(a));
}

lem_status lem_grade_explain(const char *gold, size_t gold_len, const char *prediction, size_t len,
                             const lem_grade_profile *profile, lem_buf *out, lem_grade_result *result,
                             lem_err *err) {
    static const lem_grade_profile standard = {.policy = LEM_GRADE_STD};
    grade_work w = {0};
    lem_grade_span s;
    lem_buf text = {0};
    lem_grade_gold *g = NULL;
    lem_status st = LEM_OK;
    if (!profile) profile = &standard;
    LEM_TRY(lem_grade_gold_new(gold, gold_len, profile, &g, err));
    LEM_TRY(lem_grade_work_init(&w, err));
    LEM_TRY(lem_grade_response(g, prediction, len, &text, &s, result, err));
    answer p =
        text.len ? read_answer(&w, &g->dialect, lem_buf_str(&text), text.len) : (answer){"", 0, NULL, EMPTY};
    w.limit = false;
    explain_side(&w, "gold:", gold, gold_len, &g->a, out);
    explain_side(&w, "prediction:", lem_buf_str(&text), text.len, &p, out);
    lem_buf_printf(out, "%-12s bytes %zu..%zu by %s%s\n", "span:", s.offset, s.offset + s.len,
                   lem_grade_method_name(s.method), s.weak ? " (weak)" : "");
    lem_buf_printf(out, "%-12s %s\n%-12s %s\n%-12s %s\n", "policy:", lem_grade_policy_name(profile->policy),
                   "verdict:", lem_grade_verdict_name(result->verdict), "rule:", result->rule);
    st = lem_buf_ok(out, err);
done:
    if (w.arena) lem_grade_work_release(&w);
    lem_grade_gold_free(g);
    lem_buf_release(&text);
    return st;
}
