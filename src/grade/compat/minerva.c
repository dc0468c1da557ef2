/* minerva.c - lm-evaluation-harness minerva_math: its extraction, the normalisation of Lewkowycz et al.
 * (2022) appendix D, sympy equality
 *
 * Source of the rules: EleutherAI/lm-evaluation-harness lm_eval/tasks/minerva_math/utils.py of release 0.4.8,
 * on which published tables rest (0.4.13 changed the removal of units and accepts equal texts at once).
 * Parsing is minerva_latex.c. */
#include "grade/compat/minerva_latex_priv.h"

static const char *const substitutions[][2] = {
    {"an ", ""}, {"a ", ""},       {".$", "$"},           {"\\$", ""},          {"\\ ", ""},
    {" ", ""},   {"mbox", "text"}, {",\\text{and}", ","}, {"\\text{and}", ","}, {"\\text{m}", "\\text{}"}};

static const char *const removed[] = {"square",       "ways",
                                      "integers",     "dollars",
                                      "mph",          "inches",
                                      "ft",           "hours",
                                      "km",           "units",
                                      "\\ldots",      "sue",
                                      "points",       "feet",
                                      "minutes",      "digits",
                                      "cents",        "degrees",
                                      "cm",           "gm",
                                      "pounds",       "meters",
                                      "meals",        "edges",
                                      "students",     "childrentickets",
                                      "multiples",    "\\text{s}",
                                      "\\text{.}",    "\\text{\ns}",
                                      "\\text{}^2",   "\\text{}^3",
                                      "\\text{\n}",   "\\text{}",
                                      "\\mathrm{th}", "^\\circ",
                                      "^{\\circ}",    "\\;",
                                      ",\\!",         "{,}",
                                      "\"",           "\\dots"};

/* A line with two dollar signs becomes what stands between the first two. */
static mode_text dollars(lem_work *w, mode_text t) {
    if (lem_mode_text_count(t, "$") < 2) return t;
    lem_buf b = {0};
    for (size_t i = 0; i <= t.n;) {
        const char *nl = i < t.n ? memchr(t.s + i, '\n', t.n - i) : NULL;
        mode_text line = lem_mode_text_cut(t, i, nl ? (size_t)(nl - t.s) : t.n);
        ptrdiff_t a = lem_mode_text_find(line, 0, "$"),
                  z = a < 0 ? a : lem_mode_text_find(line, (size_t)a + 1, "$");
        if (z >= 0) line = lem_mode_text_cut(line, (size_t)a, (size_t)z + 1);
        lem_buf_add(&b, line.s, line.n);
        if (!nl) break;
        lem_buf_putc(&b, '\n');
        i = (size_t)(nl - t.s) + 1;
    }
    return lem_mode_text_own(w, &b);
}

/* open…} on one line loses open and the closing brace: the first one, or the last of the line where `greedy`.
 */
static mode_text unwrapped(lem_work *w, mode_text t, const char *open, bool greedy) {
    ptrdiff_t at = lem_mode_text_find(t, 0, open);
    if (at < 0) return t;
    lem_buf b = {0};
    size_t i = 0, from = 0;
    for (; at >= 0; at = lem_mode_text_find(t, from, open)) {
        size_t inside = (size_t)at + strlen(open), close = t.n;
        size_t k = inside;
        for (; k < t.n && t.s[k] != '\n'; k++)
            if (t.s[k] == '}') {
                close = k;
                if (!greedy) break;
            }
        from = k; /* without a brace up to the end of the line, none of its later ones has one */
        if (close == t.n) continue;
        lem_buf_add(&b, t.s + i, (size_t)at - i);
        lem_buf_add(&b, t.s + inside, close - inside);
        from = i = close + 1;
    }
    lem_buf_add(&b, t.s + i, t.n - i);
    return lem_mode_text_own(w, &b);
}

/* \fracab to \frac{a}{b}, \sqrta to \sqrt{a}: `args` characters behind the word, of which the first is no
 * brace. */
static mode_text braced(lem_work *w, mode_text t, const char *word, int args) {
    ptrdiff_t at = lem_mode_text_find(t, 0, word);
    if (at < 0) return t;
    lem_buf b = {0};
    size_t i = 0, from = 0;
    for (; at >= 0; at = lem_mode_text_find(t, from, word)) {
        size_t k = (size_t)at + strlen(word), n = lem_mode_text_char(t, k),
               m = args > 1 ? lem_mode_text_char(t, k + n) : 1;
        from = k;
        if (!n || !m || t.s[k] == '{' || (args > 1 && t.s[k + n] == '\n')) continue;
        lem_buf_add(&b, t.s + i, k - i);
        for (int a = 0; a < args; a++) {
            n = lem_mode_text_char(t, k);
            lem_buf_putc(&b, '{');
            lem_buf_add(&b, t.s + k, n);
            lem_buf_putc(&b, '}');
            k += n;
        }
        from = i = k;
    }
    lem_buf_add(&b, t.s + i, t.n - i);
    return lem_mode_text_own(w, &b);
}

static mode_text normalised(lem_work *w, mode_text t) {
    ptrdiff_t eq = lem_mode_text_rfind(t, "=");
    if (eq >= 0) t = lem_mode_text_cut(t, (size_t)eq + 1, t.n);
    for (size_t k = 0; k < sizeof substitutions / sizeof *substitutions; k++)
        t = lem_mode_text_replace(w, t, substitutions[k][0], substitutions[k][1]);
    for (size_t k = 0; k < sizeof removed / sizeof *removed; k++)
        t = lem_mode_text_replace(w, t, removed[k], "");
    t = dollars(w, t);
    t = unwrapped(w, t, "\\text{", false);
    t = unwrapped(w, t, "\\textbf{", false);
    t = unwrapped(w, t, "\\overline{", false);
    t = unwrapped(w, t, "\\boxed{", true);
    t = braced(w, t, "frac", 2);
    t = braced(w, t, "sqrt", 1);
    t = lem_mode_text_replace(w, t, "$", "");
    size_t digits = 0;
    for (size_t i = 0; i < t.n; i++) {
        if (!lem_mode_is_digit(t.s[i]) && t.s[i] != ',') return t;
        digits += t.s[i] != ',';
    }
    return digits ? lem_mode_text_replace(w, t, ",", "") : t;
}

/* "Final Answer: The final answer is(.*?). I hope it is correct." on one line; the closing sentence may also
 * be missing at the very end. */
static lem_status extract(const char *response, size_t len, lem_grade_task task, lem_buf *out, lem_err *err) {
    static const char head[] = "Final Answer: The final answer is", tail[] = " I hope it is correct";
    (void)task;
    lem_buf all = {0};
    lem_buf_add(&all, response, len);
    lem_buf_puts(&all, "I hope it is correct.");
    mode_text t = lem_mode_text(lem_buf_str(&all), all.len);
    size_t line_end = 0;
    for (ptrdiff_t at = lem_mode_text_find(t, 0, head); at >= 0; at = lem_mode_text_find(t, line_end, head)) {
        size_t from = (size_t)at + strlen(head);
        const char *nl = memchr(t.s + from, '\n', t.n - from);
        line_end = nl ? (size_t)(nl - t.s) : t.n;
        mode_text line = lem_mode_text_cut(t, 0, line_end);
        ptrdiff_t end = lem_mode_text_find(line, from + 1, tail);
        if (end < 0 || (size_t)end + strlen(tail) >= line_end)
            continue; /* nor would a later head on this line match */
        size_t stop = (size_t)end - 1;
        while (stop > from && ((unsigned char)t.s[stop] & 0xc0) == 0x80) stop--;
        mode_text a = lem_mode_text_strip(lem_mode_text_cut(t, from, stop));
        lem_buf_add(out, a.s, a.n);
        break;
    }
    lem_buf_release(&all);
    return lem_buf_ok(out, err);
}

static lem_status equal(lem_work *w, const compat_pair *pair, lem_answer_result *out, lem_err *err) {
    (void)err;
    mode_text gold = normalised(w, lem_mode_text(pair->gold, pair->gold_len)),
              pred = normalised(w, lem_mode_text(pair->pred, pair->pred_len));
    mode_expr *a = lem_minerva_parse(w, gold), *b = a ? lem_minerva_parse(w, pred) : NULL;
    mode_answer is = b && !w->limit ? lem_mode_compare(w, a, b, false) : MODE_UNKNOWN;
    if (is == MODE_UNKNOWN && b && a->kind != MODE_CONST && lem_mode_same(a, b))
        is = MODE_EQUAL; /* 1/0 - 1/0 unevaluated is 0 there */
    lem_answer_result r = {LEM_ANSWER_NOT_EQUAL, "minerva: the difference does not simplify to 0"};
    if (!a) r.rule = "minerva: sympy cannot parse the gold";
    else if (!b) r.rule = "minerva: sympy cannot parse the prediction";
    else if (is == MODE_EQUAL)
        r = (lem_answer_result){LEM_ANSWER_EQUAL_EXACT, "minerva: the difference is 0"};
    else if (is == MODE_EQUAL_NUMERIC)
        r = (lem_answer_result){LEM_ANSWER_EQUAL_NUMERIC, "minerva: the difference simplifies to 0"};
    if (w->limit) r = (lem_answer_result){LEM_ANSWER_LIMIT, "minerva: work limit"};
    *out = r;
    return LEM_OK;
}

const compat_mode lem_compat_minerva = {LEM_GRADE_MINERVA, extract, equal};
