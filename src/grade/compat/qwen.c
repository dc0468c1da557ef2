/* qwen.c - the compatibility mode "qwen": math_equal of the Qwen2.5-Math evaluation, and the steps of its
 * main program around it */
#include "grade/compat/qwen_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 24 };

typedef struct pair {
    lem_work *w;
    int depth;
    const char *rule; /* of the step that said equal */
    bool memory;      /* an allocation failed */
} pair;

static bool math_equal(pair *p, qwen_text pred, qwen_text ref);

static bool says(pair *p, bool equal, const char *rule) {
    if (equal && !p->rule) p->rule = rule;
    return equal;
}

/* a, lower-cased where asked and without the characters of `drop`, in the arena. */
static qwen_text reduced(pair *p, qwen_text a, const char *drop, bool lower) {
    lem_buf b = {0};
    lem_qwen_set(&b, a);
    for (const char *d = drop; *d; d++) lem_qwen_replace(&b, (char[2]){*d, '\0'}, "");
    if (lower) lem_qwen_lower(&b);
    char *s = b.failed ? NULL : lem_work_strndup(p->w, lem_buf_str(&b), b.len);
    qwen_text out = {s ? s : "", s ? b.len : 0};
    if (b.failed) p->memory = true;
    lem_buf_release(&b);
    return out;
}

static bool same_text(qwen_text a, qwen_text b) { return a.n == b.n && memcmp(a.s, b.s, a.n) == 0; }

static qwen_text joined(pair *p, const char *a, qwen_text x, const char *b, qwen_text y, const char *c) {
    size_t na = strlen(a), nb = strlen(b), nc = strlen(c);
    char *s = lem_work_alloc(p->w, na + x.n + nb + y.n + nc + 1, 1);
    if (!s) return (qwen_text){"", 0};
    memcpy(s, a, na);
    memcpy(s + na, x.s, x.n);
    memcpy(s + na + x.n, b, nb);
    memcpy(s + na + x.n + nb, y.s, y.n);
    memcpy(s + na + x.n + nb + y.n, c, nc);
    return (qwen_text){s, na + x.n + nb + y.n + nc};
}

/* ---- numbers: parse_digits, numeric_equal */

static bool names_float(const char *w) {
    return strcasecmp(w, "inf") == 0 || strcasecmp(w, "infinity") == 0 || strcasecmp(w, "nan") == 0;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Copies t without the underscores between its digits, terminated; false where it can be no float of
 * Python's. */
static bool float_text(qwen_text t, char *to) {
    size_t n = 0;
    bool word = false;
    for (size_t i = 0; i < t.n; i++) {
        char c = t.s[i];
        bool inner = i > 0 && i + 1 < t.n && is_digit(t.s[i - 1]) && is_digit(t.s[i + 1]);
        if (c == '_' && inner) continue;
        bool number = is_digit(c) || (c && strchr(".+-eE", c));
        if (!number && !(c && strchr("infatyINFATY", c))) return false;
        word = word || !number;
        to[n++] = c;
    }
    to[n] = '\0';
    return !word || names_float(to + (to[0] == '+' || to[0] == '-'));
}

/* Python's float(): digits with single underscores between them, a point, an exponent; inf, infinity, nan in
 * any case. */
static bool python_float(qwen_text t, double *out) {
    char s[64], *heap = NULL, *to = s, *end;
    t = lem_qwen_strip(t);
    if (t.n == 0) return false;
    if (t.n >= sizeof s) to = heap = lem_alloc(t.n + 1, 1, NULL);
    if (!to) return false;
    bool good = float_text(t, to);
    if (good) {
        *out = strtod(to, &end);
        good = *end == '\0' && end > to;
    }
    lem_free(heap);
    return good;
}

static bool parse_digits(pair *p, qwen_text t, double *out) {
    qwen_text plain = reduced(p, t, ",", false);
    if (python_float(plain, out)) return true;
    if (!lem_qwen_ends(plain, "%")) return false;
    plain.n--;
    if (lem_qwen_ends(plain, "\\")) plain.n--;
    if (!python_float(plain, out)) return false;
    *out /= 100;
    return true;
}

static bool numeric_equal(double pred, double ref) {
    if (pred == ref) return true;
    if (isinf(pred) || isinf(ref)) return false;
    double gap = fabs(pred - ref);
    return gap <= fabs(1e-4 * pred) || gap <= fabs(1e-4 * ref);
}

static bool numbers_equal(pair *p, double pred, double ref) {
    if (says(p, numeric_equal(pred, ref / 100), "qwen: number, a hundredth of the gold")) return true;
    if (says(p, numeric_equal(pred, ref), "qwen: number within 1e-4")) return true;
    return says(p, numeric_equal(pred, ref * 100), "qwen: number, a hundred times the gold");
}

/* ---- brackets, lists, matrices */

/* str_to_pmatrix: from the first brace to the last, if a comma stands between, as one row of a matrix; else
 * nothing is left. */
static qwen_text to_matrix(pair *p, qwen_text ref) {
    size_t open = lem_qwen_find(ref, 0, "{"), close = lem_qwen_find_last(ref, "}"),
           comma = open == SIZE_MAX ? open : lem_qwen_find(ref, open, ",");
    if (close == SIZE_MAX || comma == SIZE_MAX || comma > close) return (qwen_text){"", 0};
    lem_buf b = {0};
    qwen_text inner = lem_qwen_strip_of(lem_qwen_part(ref, open, close + 1), "{}");
    lem_qwen_set(&b, inner);
    lem_qwen_replace(&b, ",", "\\");
    qwen_text out =
        joined(p, "\\begin{pmatrix}", lem_qwen_text(&b), "\\end{pmatrix}", (qwen_text){"", 0}, "");
    if (b.failed) p->memory = true;
    lem_buf_release(&b);
    return out;
}

static bool same_without_brackets(pair *p, qwen_text pred, qwen_text ref) {
    qwen_text a = pred, b = ref;
    bool square = lem_qwen_starts(pred, "[") && lem_qwen_ends(pred, "]") && !lem_qwen_starts(ref, "(");
    bool round = lem_qwen_starts(pred, "(") && lem_qwen_ends(pred, ")") && !lem_qwen_starts(ref, "[");
    if (square || round) {
        a = lem_qwen_strip_of(a, "[]()");
        b = lem_qwen_strip_of(b, "[]()");
    }
    return says(p, same_text(reduced(p, a, "{}()", true), reduced(p, b, "{}()", true)),
                "qwen: same text without brackets");
}

/* regex (\(|\[).+(\)|\]) at the start, on one line */
static bool bracketed(qwen_text t) {
    if (t.n < 3 || (t.s[0] != '(' && t.s[0] != '[')) return false;
    for (size_t i = 1; i < t.n && t.s[i] != '\n'; i++)
        if (i > 1 && (t.s[i] == ')' || t.s[i] == ']')) return true;
    return false;
}

/* Both cut at `mark`: the same number of parts, and each equal. */
static bool parts_equal(pair *p, qwen_text pred, qwen_text ref, const char *mark) {
    size_t n = lem_qwen_count(pred, mark), i = 0, j = 0;
    if (n != lem_qwen_count(ref, mark)) return false;
    bool equal = true; /* the original computes all before it looks */
    for (size_t k = 0; k <= n && !p->w->limit; k++) {
        size_t x = lem_qwen_find(pred, i, mark), y = lem_qwen_find(ref, j, mark);
        equal = math_equal(p, lem_qwen_part(pred, i, x), lem_qwen_part(ref, j, y)) && equal;
        if (!equal) return false; /* one part decides: the others cannot make it equal again */
        i = x + strlen(mark);
        j = y + strlen(mark);
    }
    return equal;
}

static bool lists_equal(pair *p, qwen_text pred, qwen_text ref) {
    if (!bracketed(pred) || !bracketed(ref)) return false;
    qwen_text a = lem_qwen_part(pred, 1, pred.n - lem_qwen_char_before(pred, pred.n));
    qwen_text b = lem_qwen_part(ref, 1, ref.n - lem_qwen_char_before(ref, ref.n));
    p->rule = NULL;
    if (!parts_equal(p, a, b, ",")) return false;
    p->rule = "qwen: equal part by part";
    return true;
}

static bool is_matrix(qwen_text t) {
    return (lem_qwen_starts(t, "\\begin{pmatrix}") || lem_qwen_starts(t, "\\begin{bmatrix}")) &&
           (lem_qwen_ends(t, "\\end{pmatrix}") || lem_qwen_ends(t, "\\end{bmatrix}"));
}

/* The next line between \\ that is not blank. */
static bool next_line(qwen_text t, size_t *at, qwen_text *line) {
    while (*at != SIZE_MAX) {
        size_t end = lem_qwen_find(t, *at, "\\\\");
        *line = lem_qwen_strip(lem_qwen_part(t, *at, end));
        *at = end == SIZE_MAX ? end : end + 2;
        if (line->n > 0) return true;
    }
    return false;
}

static bool matrices_equal(pair *p, qwen_text pred, qwen_text ref) {
    if (!is_matrix(pred) || !is_matrix(ref)) return false;
    size_t open = strlen("\\begin{pmatrix}"), close = strlen("\\end{pmatrix}"), i = 0, j = 0;
    qwen_text a = lem_qwen_part(pred, open, pred.n - close), b = lem_qwen_part(ref, open, ref.n - close), x,
              y;
    p->rule = NULL;
    for (;;) {
        bool more = next_line(a, &i, &x), also = next_line(b, &j, &y);
        if (more != also) return false;
        if (!more) break;
        if (!parts_equal(p, x, y, "&")) return false;
    }
    p->rule = "qwen: matrix, equal entry by entry";
    return true;
}

/* ---- symbols */

static bool symbolic_equal(pair *p, qwen_text pred, qwen_text ref) {
    if (p->w->limit) return false;
    qwen_node *a = lem_qwen_parse(p->w, pred), *b = p->w->limit ? NULL : lem_qwen_parse(p->w, ref);
    if (p->w->limit) return false;
    if (!a || !b) return says(p, !a && !b && same_text(pred, ref), "qwen: same text");
    switch (lem_qwen_trees_equal(p->w, a, b)) {
    case QWEN_SAME_TEXT: return says(p, true, "qwen: same expression");
    case QWEN_SAME_FORM: return says(p, true, "qwen: equal expressions");
    case QWEN_SAME_VALUE: return says(p, true, "qwen: values within 1e-4");
    default: return false;
    }
}

static qwen_text left_of(qwen_text t) {
    return lem_qwen_strip(lem_qwen_part(t, 0, lem_qwen_find(t, 0, "=")));
}
static qwen_text right_of(qwen_text t) { return lem_qwen_part(t, lem_qwen_find(t, 0, "=") + 1, t.n); }

/* Both equations: left - (right) up to sign. One side with a short name before its "=": the other side of it
 * against the whole. */
static bool equations_equal(pair *p, qwen_text pred, qwen_text ref) {
    size_t in_pred = lem_qwen_count(pred, "="), in_ref = lem_qwen_count(ref, "=");
    if (in_pred == 1 && in_ref == 1) {
        qwen_text a = joined(p, "", left_of(pred), " - (", lem_qwen_strip(right_of(pred)), ")");
        qwen_text b = joined(p, "", left_of(ref), " - (", lem_qwen_strip(right_of(ref)), ")");
        qwen_text minus = joined(p, "-(", a, ")", (qwen_text){"", 0}, "");
        p->rule = NULL;
        if (!symbolic_equal(p, a, b) && !symbolic_equal(p, minus, b)) return false;
        p->rule = "qwen: equations, sides subtracted";
        return true;
    }
    if (in_pred == 1 && in_ref == 0 && lem_qwen_length(left_of(pred)) <= 2)
        return math_equal(p, right_of(pred), ref);
    if (in_ref == 1 && in_pred == 0 && lem_qwen_length(left_of(ref)) <= 2)
        return math_equal(p, pred, right_of(ref));
    return false;
}

static bool math_equal_here(pair *p, qwen_text pred, qwen_text ref) {
    double x, y;
    if (same_text(lem_qwen_strip(reduced(p, pred, "", true)), lem_qwen_strip(reduced(p, ref, "", true))))
        return says(p, true, "qwen: same text");
    if (ref.n == 1 && ref.s[0] >= 'A' && ref.s[0] <= 'E' && same_text(lem_qwen_last_choice(pred), ref))
        return says(p, true, "qwen: same choice");
    if (parse_digits(p, pred, &x) && parse_digits(p, ref, &y)) return numbers_equal(p, x, y);
    if (pred.n == 0) return false;
    pred = lem_qwen_strip(pred);
    ref = lem_qwen_strip(ref);
    if (lem_qwen_find(pred, 0, "pmatrix") != SIZE_MAX && lem_qwen_find(ref, 0, "pmatrix") == SIZE_MAX)
        ref = to_matrix(p, ref);
    return same_without_brackets(p, pred, ref) || lists_equal(p, pred, ref) || matrices_equal(p, pred, ref) ||
           equations_equal(p, pred, ref) || symbolic_equal(p, pred, ref);
}

static bool math_equal(pair *p, qwen_text pred, qwen_text ref) {
    if (p->depth >= MAX_DEPTH || !lem_work_spend(p->w, 200 + (int64_t)(pred.n + ref.n))) p->w->limit = true;
    if (p->w->limit) return false;
    p->depth++;
    bool equal = math_equal_here(p, pred, ref);
    p->depth--;
    return equal && !p->w->limit;
}

/* ---- the mode */

static lem_status qwen_extract(const char *response, size_t len, lem_grade_task task, lem_buf *out,
                               lem_err *err) {
    lem_qwen_extract_answer((qwen_text){response, len}, task, out);
    return lem_buf_ok(out, err);
}

/* The gold as parse_ground_truth makes it: MATH's is extracted from a solution, which strips it once, and
 * then stripped once more. */
static void clean_gold(const compat_pair *in, lem_buf *gold) {
    bool keep = lem_qwen_keeps_units(in->task);
    lem_qwen_set(gold, (qwen_text){in->gold, in->gold_len});
    lem_qwen_strip_string(gold, keep);
    if (in->task == LEM_GRADE_TASK_STD) lem_qwen_strip_string(gold, keep);
}

static void clean_pred(const compat_pair *in, lem_buf *pred) {
    bool keep = lem_qwen_keeps_units(in->task);
    lem_qwen_set(pred, (qwen_text){in->pred, in->pred_len});
    if (in->response) return; /* as extract gave it */
    lem_qwen_strip_string(pred, keep);
    lem_qwen_strip_string(pred, keep);
}

static bool is_letters(const lem_buf *b) {
    qwen_text t = lem_qwen_text(b);
    for (size_t i = 0; i < t.n; i++)
        if (t.s[i] < 'A' || t.s[i] > 'E') return false;
    return true;
}

/* main(): a gold of one letter, or of letters only, makes another kind of answer a choice too. */
static void settle_choice(const compat_pair *in, const lem_buf *gold, lem_buf *pred) {
    if (!is_letters(gold) || is_letters(pred)) {
        if (!(gold->len == 1 && is_letters(gold) && pred->len != 1)) return;
    }
    lem_buf now = {0};
    if (gold->len == 1) {
        qwen_text all =
            in->response ? (qwen_text){in->response, in->response_len} : (qwen_text){in->pred, in->pred_len};
        lem_qwen_choice_clean(all, &now);
    } else {
        for (size_t i = 0; i < pred->len; i++)
            if (pred->data[i] >= 'A' && pred->data[i] <= 'E') lem_buf_putc(&now, pred->data[i]);
    }
    if (now.failed) pred->failed = true;
    else lem_qwen_set(pred, lem_qwen_text(&now));
    lem_buf_release(&now);
}

static lem_status qwen_equal(lem_work *w, const compat_pair *in, lem_answer_result *out, lem_err *err) {
    lem_buf gold = {0}, pred = {0};
    *out = (lem_answer_result){LEM_ANSWER_LIMIT, "qwen: limit"};
    if (in->gold_len > LEM_ANSWER_MAX_BYTES || in->pred_len > LEM_ANSWER_MAX_BYTES) return LEM_OK;
    clean_gold(in, &gold);
    clean_pred(in, &pred);
    settle_choice(in, &gold, &pred);
    lem_status st = lem_buf_ok(&gold, err);
    if (st == LEM_OK) st = lem_buf_ok(&pred, err);
    if (st == LEM_OK) {
        pair p = {.w = w};
        bool equal = math_equal(&p, lem_qwen_text(&pred), lem_qwen_text(&gold));
        if (p.memory) {
            st = lem_fail(err, LEM_EMEM, "out of memory");
        } else if (equal) {
            bool exact = p.rule && (strstr(p.rule, "text") || strstr(p.rule, "choice"));
            *out = (lem_answer_result){exact ? LEM_ANSWER_EQUAL_EXACT : LEM_ANSWER_EQUAL_NUMERIC,
                                       p.rule ? p.rule : "qwen: equal"};
        } else if (!w->limit) {
            *out = (lem_answer_result){LEM_ANSWER_NOT_EQUAL, "qwen: not equal"};
        }
    }
    lem_buf_release(&gold);
    lem_buf_release(&pred);
    return st;
}

const compat_mode lem_compat_qwen = {LEM_GRADE_QWEN, qwen_extract, qwen_equal};
