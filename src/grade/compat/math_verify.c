/* math_verify.c - the math-verify mode: extraction and verification as math_verify.parse and
 * math_verify.verify do them by default */
#include "grade/compat/math_verify_priv.h"

#include "answer/answer.h"
#include "core/mem.h"

/* An answer without any mark is taken as LaTeX, as those do who use the library on bare golds. */
static mv_answer read_answer(lem_work *w, mode_text t) {
    bool marked = memchr(t.s, '$', t.n) || lem_mode_text_find(t, 0, "\\[") >= 0 ||
                  lem_mode_text_find(t, 0, "\\(") >= 0 || lem_mode_text_find(t, 0, "\\boxed") >= 0;
    if (marked) return lem_mv_extract(w, t, NULL);
    lem_buf b = {0};
    lem_buf_putc(&b, '$');
    lem_buf_add(&b, t.s, t.n);
    lem_buf_putc(&b, '$');
    return lem_mv_extract(w, lem_mode_text_own(w, &b), NULL);
}

static lem_status extract(const char *response, size_t len, lem_grade_task task, lem_buf *out, lem_err *err) {
    lem_work w;
    mode_text span;
    (void)task;
    lem_status st = lem_work_init(&w, err);
    if (st != LEM_OK) return st;
    mv_answer a = lem_mv_extract(&w, lem_mode_text(response, len), &span);
    if (a.found || a.value) lem_buf_add(out, span.s, span.n);
    st = lem_work_check(&w, err);
    lem_work_release(&w);
    return st ? st : lem_buf_ok(out, err);
}

/* Something beside a matrix that is not a power: a product, a sum, a determinant. */
static bool has_matrix_arithmetic(mode_text t) {
    static const char bars[] = "\\begin{vmatrix}";
    ptrdiff_t from = lem_mode_text_find(t, 0, "\\begin{"), to = lem_mode_text_find(t, 0, "\\end{");
    if (from < 0 || to < from || lem_mode_text_find(t, 0, "matrix}") < 0 ||
        lem_mode_text_find(t, 0, "}^{") >= 0)
        return false;
    ptrdiff_t end = lem_mode_text_find(t, (size_t)to, "}");
    bool alone = from == 0 && end == (ptrdiff_t)t.n - 1, left = lem_mode_text_find(t, 0, "\\left|") >= 0;
    return !left && (!alone || lem_mode_text_find(t, 0, bars) == 0);
}

/* Forms that sympy works out and the trees of this mode do not hold: sums, integrals, limits, derivatives,
 * products of matrices, determinants, residues. */
static bool is_form(mode_text t) {
    static const char *const marks[] = {
        "\\sum",    "\\prod",  "\\int", "\\lim",         "\\mod ",
        "\\choose", "\\binom", "cis",   "\\frac{d}{dx}", "\\frac{\\partial}{"};
    for (size_t k = 0; k < sizeof marks / sizeof *marks; k++)
        if (lem_mode_text_find(t, 0, marks[k]) >= 0) return true;
    return has_matrix_arithmetic(t);
}

/* Their values are those of our own answers, nothing forgiven. */
static bool equal_values(lem_work *w, mode_text gold, mode_text pred) {
    static const lem_answer_dialect dialect = {false};
    if (!is_form(gold) && !is_form(pred)) return false;
    lem_answer_rules strict = lem_answer_rules_strict();
    lem_answer a = lem_answer_read(w, &dialect, gold.s, gold.n),
               b = lem_answer_read(w, &dialect, pred.s, pred.n);
    if (a.state != LEM_ANSWER_READ || b.state != LEM_ANSWER_READ) return false;
    lem_answer_verdict v = lem_answer_compare(w, &strict, &a, &b).verdict;
    return v == LEM_ANSWER_EQUAL_EXACT || v == LEM_ANSWER_EQUAL_NUMERIC;
}

static void by_value(lem_work *w, mode_text gold, mode_text pred, mode_answer *is, const char **rule) {
    if (*is == MODE_EQUAL || *is == MODE_EQUAL_NUMERIC || w->limit || !equal_values(w, gold, pred)) return;
    *is = MODE_EQUAL_NUMERIC;
    *rule = "math-verify: equal values of what is written out";
}

static lem_status equal(lem_work *w, const compat_pair *pair, lem_answer_result *out, lem_err *err) {
    (void)err;
    const char *rule = "math-verify: no comparison finds them equal";
    mode_text pred = lem_mode_text(pair->pred, pair->pred_len),
              response = lem_mode_text(pair->response, pair->response_len);
    mv_answer g = read_answer(w, lem_mode_text(pair->gold, pair->gold_len));
    mv_answer p = pair->response ? lem_mv_extract(w, response, NULL) : read_answer(w, pred);
    mode_answer is = MODE_UNKNOWN;
    mode_text a = lem_mode_text_strip(g.text), b = lem_mode_text_strip(p.text);
    bool same = g.found && p.found && a.n && lem_mode_text_equal(a, b);
    if (same) is = MODE_EQUAL, rule = "math-verify: same text after normalisation";
    else if (!g.value) rule = "math-verify: the gold cannot be parsed";
    else if (!p.value) rule = "math-verify: the prediction cannot be parsed";
    else is = lem_mv_compare(w, g.value, p.value, &rule);
    mode_text gold = lem_mode_text(pair->gold, pair->gold_len);
    by_value(w, gold, pair->response ? p.text : pred, &is, &rule);
    *out = (lem_answer_result){is == MODE_EQUAL           ? LEM_ANSWER_EQUAL_EXACT
                               : is == MODE_EQUAL_NUMERIC ? LEM_ANSWER_EQUAL_NUMERIC
                                                          : LEM_ANSWER_NOT_EQUAL,
                               rule};
    if (w->limit && !same) *out = (lem_answer_result){LEM_ANSWER_LIMIT, "math-verify: work limit"};
    return LEM_OK;
}

const compat_mode lem_compat_math_verify = {LEM_GRADE_MATH_VERIFY, extract, equal};
