/* answer.c - one answer read, two compared, the key of one */
#include "answer/answer.h"

#include "answer/compare_answer_priv.h"

#include <string.h>

static bool starts(const char *s, size_t n, const char *t) {
    return strlen(t) <= n && memcmp(s, t, strlen(t)) == 0;
}
static bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool is_alnum(char c) { return letter(c) || (c >= '0' && c <= '9'); }

/* The bytes at s of what changes only the looks: $, \left, \right, thin spaces, \displaystyle, white space.
 */
static size_t look(const char *s, size_t n) {
    static const char *const gone[] = {
        "\\left", "\\right", "\\displaystyle", "\\!", "\\,", "\\;", "\\:", "\\ ", "\\(", "\\)", "\\[",
        "\\]",    NULL};
    if (s[0] == ' ' || s[0] == '$' || (s[0] >= '\t' && s[0] <= '\r')) return 1;
    for (int g = 0; s[0] == '\\' && gone[g]; g++) {
        size_t k = strlen(gone[g]);
        if (starts(s, n, gone[g]) && !(letter(gone[g][1]) && k < n && letter(s[k]))) return k;
    }
    return 0;
}

/* The text without looks and without a closing period; \dfrac and \tfrac become \frac. A space between two
 * letters or digits stays: "1 1/4" is not "11/4". */
/* Without a full stop; 3.14... keeps its points, as it is not 3.14. */
static size_t trimmed(const char *t, size_t k) {
    if (k >= 3 && memcmp(t + k - 3, "...", 3) == 0) return k;
    while (k && t[k - 1] == '.') k--;
    return k;
}

static char *plain_text(lem_work *w, const char *s, size_t n, size_t *len) {
    char *t = lem_work_alloc(w, n + 1, 1);
    size_t k = 0;
    bool space = false;
    for (size_t i = 0; t && i < n;) {
        size_t skip = look(s + i, n - i);
        if (skip) {
            space = space || (skip == 1 && s[i] != '$');
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
    *len = t ? trimmed(t, k) : 0;
    return t;
}

lem_answer lem_answer_read(lem_work *w, const lem_answer_dialect *d, const char *s, size_t n) {
    lem_answer a = {"", 0, NULL, LEM_ANSWER_TOO_LARGE};
    if (n > LEM_ANSWER_MAX_BYTES) return a;
    char *t = plain_text(w, s, n, &a.plain_len);
    if (!t) return a;
    a.plain = t;
    if (a.plain_len == 0) {
        a.state = LEM_ANSWER_EMPTY;
        return a;
    }
    a.tree = lem_answer_parse_as(w, d, s, n);
    if (!w->limit) a.state = a.tree ? LEM_ANSWER_READ : LEM_ANSWER_UNREADABLE;
    return a;
}

lem_answer_result lem_answer_compare(lem_work *w, const lem_answer_rules *rules, const lem_answer *gold,
                                     const lem_answer *pred) {
    if (gold->state == LEM_ANSWER_EMPTY) return compare_say(LEM_ANSWER_GOLD_UNPARSED, RULE_GOLD_EMPTY);
    if (pred->state == LEM_ANSWER_EMPTY) return compare_say(LEM_ANSWER_NO_ANSWER, RULE_NO_ANSWER);
    if (gold->plain_len && gold->plain_len == pred->plain_len &&
        memcmp(gold->plain, pred->plain, gold->plain_len) == 0)
        return compare_say(LEM_ANSWER_EQUAL_EXACT, RULE_SAME_TEXT);
    if (gold->state == LEM_ANSWER_TOO_LARGE || pred->state == LEM_ANSWER_TOO_LARGE)
        return compare_say(LEM_ANSWER_LIMIT, RULE_TOO_LONG);
    if (gold->state == LEM_ANSWER_UNREADABLE)
        return compare_say(LEM_ANSWER_GOLD_UNPARSED, RULE_GOLD_UNPARSED);
    if (pred->state == LEM_ANSWER_UNREADABLE)
        return compare_say(LEM_ANSWER_PREDICTION_UNPARSED, RULE_PREDICTION_UNPARSED);
    return lem_compare_answers(w, rules, gold->tree, pred->tree);
}

void lem_answer_key(lem_work *w, const lem_answer *a, const char *raw, size_t len, lem_buf *out) {
    const char *key = a->state == LEM_ANSWER_READ ? lem_compare_key(w, a->tree) : NULL;
    if (key) lem_buf_puts(out, key);
    else if (a->state == LEM_ANSWER_TOO_LARGE && !a->plain_len) lem_buf_add(out, raw, len);
    else lem_buf_printf(out, "%s%.*s", a->plain_len ? "?" : "", (int)a->plain_len, a->plain);
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

const char *lem_answer_kind_name(const lem_answer *a) {
    switch (a->state) {
    case LEM_ANSWER_EMPTY: return "empty";
    case LEM_ANSWER_UNREADABLE: return "unparsed";
    case LEM_ANSWER_TOO_LARGE: return "too long or too large";
    default: return kind_names[a->tree->kind];
    }
}
