/* hendrycks.c - the MATH data set's own grader: string rules, then equality of strings
 *
 * Source of the rules: hendrycks/math, modeling/math_equivalence.py (is_equiv), at 940d1bf. An answer on
 * which a rule of the original raises an exception is compared as it stands, as there. */
#include "grade/compat/modes_text_priv.h"

/* \sqrt3 becomes \sqrt{3}; false where the original indexes an empty string. */
static bool brace_sqrt(lem_work *w, mode_text *t) {
    if (lem_mode_text_find(*t, 0, "\\sqrt") < 0) return true;
    lem_buf b = {0};
    size_t i = 0;
    for (ptrdiff_t at = lem_mode_text_find(*t, 0, "\\sqrt"); at >= 0;
         at = lem_mode_text_find(*t, i, "\\sqrt")) {
        size_t k = (size_t)at + 5, n = lem_mode_text_char(*t, k);
        if (n == 0 || lem_mode_text_at(*t, k, "\\sqrt")) {
            lem_buf_release(&b);
            return false;
        }
        lem_buf_add(&b, t->s + i, k - i);
        i = k;
        if (t->s[k] == '{') continue;
        lem_buf_putc(&b, '{');
        lem_buf_add(&b, t->s + k, n);
        lem_buf_putc(&b, '}');
        i = k + n;
    }
    lem_buf_add(&b, t->s + i, t->n - i);
    *t = lem_mode_text_own(w, &b);
    return true;
}

/* \frac12 and \frac1{72} become braced; a piece of one character leaves the whole text as it was; false on an
 * empty piece. */
static bool brace_fracs(lem_work *w, mode_text *t) {
    ptrdiff_t at = lem_mode_text_find(*t, 0, "\\frac");
    if (at < 0) return true;
    lem_buf b = {0};
    bool ok = true, keep = false;
    lem_buf_add(&b, t->s, (size_t)at);
    while (at >= 0 && ok && !keep) {
        size_t from = (size_t)at + 5;
        at = lem_mode_text_find(*t, from, "\\frac");
        mode_text piece = lem_mode_text_cut(*t, from, at < 0 ? t->n : (size_t)at);
        lem_buf_puts(&b, "\\frac");
        size_t n = lem_mode_text_char(piece, 0), m = lem_mode_text_char(piece, n);
        if (n == 0) ok = false;
        else if (piece.s[0] == '{') lem_buf_add(&b, piece.s, piece.n);
        else if (m == 0) keep = true;
        else {
            lem_buf_putc(&b, '{');
            lem_buf_add(&b, piece.s, n);
            lem_buf_putc(&b, '}');
            bool braced = piece.s[n] == '{';
            if (!braced) lem_buf_putc(&b, '{');
            lem_buf_add(&b, piece.s + n, m);
            if (!braced) lem_buf_putc(&b, '}');
            lem_buf_add(&b, piece.s + n + m, piece.n - n - m);
        }
    }
    if (ok && !keep) *t = lem_mode_text_of(w, &b);
    lem_buf_release(&b);
    return ok;
}

/* A whole number as Python's str() writes it: no plus, no leading zeros. */
static bool canonical_int(mode_text t) {
    size_t i = t.n && t.s[0] == '-';
    if (i == t.n || (t.s[i] == '0' && (t.n > 1))) return false;
    for (; i < t.n; i++)
        if (!lem_mode_is_digit(t.s[i])) return false;
    return true;
}

static mode_text slash_to_frac(lem_work *w, mode_text t) {
    if (lem_mode_text_count(t, "/") != 1) return t;
    size_t at = (size_t)lem_mode_text_find(t, 0, "/");
    mode_text a = lem_mode_text_cut(t, 0, at), b = lem_mode_text_cut(t, at + 1, t.n);
    if (!canonical_int(a) || !canonical_int(b)) return t;
    lem_buf out = {0};
    lem_buf_printf(&out, "\\frac{%.*s}{%.*s}", (int)a.n, a.s, (int)b.n, b.s);
    return lem_mode_text_own(w, &out);
}

bool lem_mode_hendrycks_strip(lem_work *w, mode_text t, mode_text *out) {
    static const char *const early[][2] = {
        {"\n", ""},     {"\\!", ""},     {"\\\\", "\\"},    {"tfrac", "frac"}, {"dfrac", "frac"},
        {"\\left", ""}, {"\\right", ""}, {"^{\\circ}", ""}, {"^\\circ", ""},   {"\\$", ""}};
    for (size_t k = 0; k < sizeof early / sizeof *early; k++)
        t = lem_mode_text_replace(w, t, early[k][0], early[k][1]);
    size_t units = lem_mode_text_count(t, "\\text{ ");
    if (units > 1) return false;
    if (units) t.n = (size_t)lem_mode_text_find(t, 0, "\\text{ ");
    t = lem_mode_text_replace(w, t, "\\%", "");
    t = lem_mode_text_replace(w, t, " .", " 0.");
    t = lem_mode_text_replace(w, t, "{.", "{0.");
    *out = t;
    if (!t.n) return true;
    if (t.s[0] == '.') {
        lem_buf b = {0};
        lem_buf_putc(&b, '0');
        lem_buf_add(&b, t.s, t.n);
        t = lem_mode_text_own(w, &b);
    }
    if (lem_mode_text_count(t, "=") == 1) { /* "k=" or "q = " in front */
        size_t at = (size_t)lem_mode_text_find(t, 0, "=");
        if (lem_mode_text_chars(lem_mode_text_cut(t, 0, at), 3) <= 2) t = lem_mode_text_cut(t, at + 1, t.n);
    }
    if (!brace_sqrt(w, &t)) return false;
    t = lem_mode_text_replace(w, t, " ", "");
    if (!brace_fracs(w, &t)) return false;
    if (lem_mode_text_is(t, "0.5")) t = lem_mode_text("\\frac{1}{2}", 11);
    *out = slash_to_frac(w, t);
    return true;
}

lem_status lem_mode_extract_box(const char *response, size_t len, lem_grade_task task, lem_buf *out,
                                lem_err *err) {
    mode_text box;
    lem_grade_span span;
    if (task != LEM_GRADE_TASK_PLAIN && lem_mode_last_box(lem_mode_text(response, len), &box))
        lem_buf_add(out, box.s, box.n);
    else if ((task == LEM_GRADE_TASK_PLAIN || task == LEM_GRADE_TASK_GSM8K) &&
             lem_grade_extract(&(lem_grade_profile){.task = task}, response, len, &span))
        lem_buf_add(out, response + span.offset, span.len);
    return lem_buf_ok(out, err);
}

static lem_status equal(lem_work *w, const compat_pair *pair, lem_answer_result *out, lem_err *err) {
    (void)err;
    mode_text gold = lem_mode_text(pair->gold, pair->gold_len),
              pred = lem_mode_text(pair->pred, pair->pred_len), a = gold, b = pred;
    bool same, raised = !lem_mode_hendrycks_strip(w, gold, &a) || !lem_mode_hendrycks_strip(w, pred, &b);
    same = raised ? lem_mode_text_equal(gold, pred) : lem_mode_text_equal(a, b);
    if (w->limit) *out = (lem_answer_result){LEM_ANSWER_LIMIT, "hendrycks: work limit"};
    else if (raised)
        *out = (lem_answer_result){same ? LEM_ANSWER_EQUAL_EXACT : LEM_ANSWER_NOT_EQUAL,
                                   "hendrycks: same text, as a rule raises an exception"};
    else
        *out = (lem_answer_result){same ? LEM_ANSWER_EQUAL_EXACT : LEM_ANSWER_NOT_EQUAL,
                                   "hendrycks: same text after its string rules"};
    return LEM_OK;
}

const compat_mode lem_compat_hendrycks = {LEM_GRADE_HENDRYCKS, lem_mode_extract_box, equal};
