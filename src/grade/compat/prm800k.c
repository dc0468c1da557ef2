/* prm800k.c - OpenAI's PRM800K grader: two normalisations of strings, then parts of tuples one by one,
 * numbers by kind, the rest by sympy
 *
 * Source of the rules: openai/prm800k, prm800k/grading/grader.py and math_normalize.py (the MATH rules behind
 * an unwrapping of \text). */
#include "grade/compat/prm800k_priv.h"

#include <math.h>
#include <stdlib.h>

/* "\text{x}" is x, when nothing else stands there; the text has no line break. */
static mode_text unwrapped_text(mode_text t) {
    mode_text s = t;
    if (s.n && s.s[s.n - 1] == '\n') s.n--; /* $ matches before a last line break */
    if (s.n < 8 || !lem_mode_text_at(s, 0, "\\text{") || s.s[s.n - 1] != '}') return t;
    s = lem_mode_text_cut(s, 6, s.n - 1);
    return memchr(s.s, '\n', s.n) ? t : s;
}

/* math_normalize.normalize_answer */
static mode_text mathd(lem_work *w, mode_text t) {
    mode_text out;
    t = lem_mode_text_strip(t);
    mode_text inner = unwrapped_text(t);
    if (inner.s != t.s) t = lem_mode_text_strip(inner);
    return lem_mode_hendrycks_strip(w, t, &out) ? out : t;
}

/* Python's float(): blanks around, underscores between digits. */
static bool python_float(mode_text t, double *out) {
    char s[400];
    size_t n = 0, i = 0, digits = 0;
    t = lem_mode_text_strip(t);
    if (!t.n || t.n >= sizeof s) return false;
    if (t.s[0] == '-' || t.s[0] == '+') s[n++] = t.s[i++];
    for (; i < t.n; i++) {
        char c = t.s[i];
        bool between =
            c == '_' && i && i + 1 < t.n && lem_mode_is_digit(t.s[i - 1]) && lem_mode_is_digit(t.s[i + 1]);
        if (between) continue;
        if (!lem_mode_is_digit(c) && !(c && strchr(".eE+-", c)))
            return false; /* inf and nan are never whole */
        digits += lem_mode_is_digit(c);
        s[n++] = c;
    }
    s[n] = '\0';
    char *end;
    *out = strtod(s, &end); /* Python's rounding; the locale is never changed */
    return digits && end == s + n;
}

static bool whole(double x) { return isfinite(x) && fabs(x - rint(x)) <= 1e-7; }

static mode_text integer_text(lem_work *w, double x) {
    mpz_t z;
    if (!lem_work_spend(w, 64)) return (mode_text){"", 0};
    mpz_init(z);
    mpz_set_d(z, x);
    size_t cap = mpz_sizeinbase(z, 10) + 2;
    char *s = lem_work_alloc(w, cap, 1);
    if (s) mpz_get_str(s, 10, z);
    mpz_clear(z);
    return lem_mode_text(s, s ? strlen(s) : 0);
}

/* Every comma that has a digit before it and exactly three behind it. */
static mode_text without_commas(lem_work *w, mode_text t) {
    for (bool again = true; again && !w->limit;) {
        lem_buf b = {0};
        again = false;
        for (size_t i = 0; i < t.n; i++) {
            bool hit = t.s[i] == ',' && i && lem_mode_is_digit(t.s[i - 1]) && i + 3 < t.n &&
                       lem_mode_is_digit(t.s[i + 1]) && lem_mode_is_digit(t.s[i + 2]) &&
                       lem_mode_is_digit(t.s[i + 3]) && !(i + 4 < t.n && lem_mode_is_digit(t.s[i + 4]));
            if (!hit) lem_buf_putc(&b, t.s[i]);
            else again = true;
        }
        if (again) t = lem_mode_text_of(w, &b);
        lem_buf_release(&b);
    }
    return t;
}

static bool is_int_text(lem_work *w, mode_text t) {
    double x;
    return python_float(without_commas(w, t), &x) && whole(x);
}

/* unit, (es)?, (s)?, blanks and ^digits behind it */
static mode_text without_unit(lem_work *w, mode_text t, const char *unit) {
    ptrdiff_t at = lem_mode_text_find(t, 0, unit);
    if (at < 0) return t;
    lem_buf b = {0};
    size_t i = 0;
    for (; at >= 0; at = lem_mode_text_find(t, i, unit)) {
        lem_buf_add(&b, t.s + i, (size_t)at - i);
        i = (size_t)at + strlen(unit);
        if (lem_mode_text_at(t, i, "es")) i += 2;
        if (i < t.n && t.s[i] == 's') i++;
        while (i < t.n && t.s[i] == ' ') i++;
        if (i + 1 < t.n && t.s[i] == '^' && lem_mode_is_digit(t.s[i + 1]))
            for (i++; i < t.n && lem_mode_is_digit(t.s[i]);) i++;
    }
    lem_buf_add(&b, t.s + i, t.n - i);
    return lem_mode_text_own(w, &b);
}

/* Removes lead, blanks, and tail where tail follows (or is empty). */
static mode_text without_spaced(lem_work *w, mode_text t, const char *lead, const char *tail,
                                const char *keep) {
    if (lem_mode_text_find(t, 0, lead) < 0) return t;
    lem_buf b = {0};
    for (size_t i = 0; i < t.n;) {
        size_t k = i + strlen(lead);
        if (lem_mode_text_at(t, i, lead)) {
            while (k < t.n && t.s[k] == ' ') k++;
            if (lem_mode_text_at(t, k, tail)) {
                lem_buf_puts(&b, keep);
                i = k + strlen(tail);
                continue;
            }
        }
        lem_buf_putc(&b, t.s[i++]);
    }
    return lem_mode_text_own(w, &b);
}

/* "7 3/4" is 7+3/4 */
static mode_text mixed(lem_work *w, mode_text t) {
    lem_buf b = {0};
    for (size_t i = 0; i < t.n;) {
        size_t k = i + 1;
        while (k < t.n && t.s[k] == ' ') k++;
        lem_buf_putc(&b, t.s[i]);
        if (lem_mode_is_digit(t.s[i]) && k > i + 1 && k < t.n && lem_mode_is_digit(t.s[k])) {
            lem_buf_putc(&b, '+');
            lem_buf_putc(&b, t.s[k]);
            i = k + 1;
        } else i++;
    }
    return lem_mode_text_own(w, &b);
}

/* The two bytes of a capital of Latin-1 or Greek. */
static void lower_pair(char *s) {
    unsigned char c = (unsigned char)s[0], n = (unsigned char)s[1];
    if (c == 0xce && n >= 0x91 && n <= 0x9f) s[1] = (char)(n + 0x20);
    else if (c == 0xce && n >= 0xa0 && n <= 0xa9) s[0] = (char)0xcf, s[1] = (char)(n - 0x20);
    else if (c == 0xc3 && n >= 0x80 && n <= 0x9e && n != 0x97) s[1] = (char)(n + 0x20);
}

/* Lower case: ASCII, and the capital Greek letters that LaTeX gives. */
static mode_text lowered(lem_work *w, mode_text t) {
    char *s = lem_work_strndup(w, t.s, t.n);
    if (!s) return t;
    for (size_t i = 0; i < t.n; i++) {
        if (s[i] >= 'A' && s[i] <= 'Z') s[i] = (char)(s[i] + 32);
        else if (i + 1 < t.n) lower_pair(s + i);
    }
    return (mode_text){s, t.n};
}

static mode_text latex_to_plain(lem_work *w, mode_text t) {
    static const char *const signs[][2] = {{"√", "sqrt"}, {"π", "pi"}, {"∞", "inf"},
                                           {"∪", "U"},    {"·", "*"},  {"×", "*"}};
    t = lem_mode_text_replace(w, t, "\\tfrac", "\\frac");
    t = lem_mode_text_replace(w, t, "\\dfrac", "\\frac");
    t = lem_mode_text_replace(w, t, "\\frac", " \\frac");
    t = lem_prm800k_plain(w, t);
    for (size_t k = 0; k < sizeof signs / sizeof *signs; k++)
        t = lem_mode_text_replace(w, t, signs[k][0], signs[k][1]);
    return lem_mode_text_strip(t);
}

/* grader._normalize */
static mode_text normalised(lem_work *w, mode_text t) {
    static const char *const early[][2] = {{"\\%", "%"},
                                           {"\\$", "$"},
                                           {"$", ""},
                                           {"%", ""},
                                           {" or ", " , "},
                                           {" and ", " , "},
                                           {"million", "*10^6"},
                                           {"billion", "*10^9"},
                                           {"trillion", "*10^12"}};
    static const char *const units[] = {"degree", "cm",   "centimeter", "meter", "mile",  "second",
                                        "minute", "hour", "day",        "week",  "month", "year",
                                        "foot",   "feet", "inch",       "yard"};
    double x;
    t = unwrapped_text(t);
    for (size_t k = 0; k < sizeof early / sizeof *early; k++)
        t = lem_mode_text_replace(w, t, early[k][0], early[k][1]);
    for (size_t k = 0; k < sizeof units / sizeof *units; k++) t = without_unit(w, t, units[k]);
    t = without_spaced(w, t, "^", "\\circ", "");
    if (t.n && t.s[0] == '{' && t.s[t.n - 1] == '}') t = lem_mode_text_cut(t, 1, t.n - 1);
    t = without_spaced(w, t, ",\\!", "", "");
    if (python_float(t, &x) && whole(x)) t = integer_text(w, rint(x));
    if (t.n && memchr(t.s, '\\', t.n)) t = latex_to_plain(w, t);
    t = without_spaced(w, t, "-", "", "-");
    t = mixed(w, t);
    t = lem_mode_text_replace(w, t, " ", "");
    t = lem_mode_text_replace(w, t, "{", "");
    t = lem_mode_text_replace(w, t, "}", "");
    t = lowered(w, t);
    if (is_int_text(w, t) && python_float(lem_mode_text_replace(w, t, ",", ""), &x))
        t = integer_text(w, trunc(x));
    return t;
}

/* ^-?[0-9]+.?/0*[1-9][0-9]*.?$ */
static bool is_frac(mode_text t) {
    size_t i = t.n && t.s[0] == '-', from = i, k;
    while (i < t.n && lem_mode_is_digit(t.s[i])) i++;
    if (i == from) return false;
    if (i < t.n && t.s[i] != '/') i += t.s[i] == '\n' ? t.n : lem_mode_text_char(t, i);
    if (i >= t.n || t.s[i] != '/') return false;
    for (i++, k = i; k < t.n && lem_mode_is_digit(t.s[k]);) k++;
    bool positive = false;
    for (size_t j = i; j < k; j++) positive |= t.s[j] != '0';
    return positive && (k == t.n || k + lem_mode_text_char(t, k) == t.n);
}

typedef struct seen_letters {
    char at[2][4];
    int n;
} seen_letters;

/* The k bytes at s are a letter, of any script; signs such as × are none. */
static bool is_letter(const char *s, size_t k) {
    unsigned char c = (unsigned char)s[0], d = k > 1 ? (unsigned char)s[1] : 0;
    if (c < 0x80) return lem_mode_is_letter((char)c);
    bool product = c == 0xc3 && (d == 0x97 || d == 0xb7), mark = c == 0xe2 && d != 0x84;
    return !product && !mark && c != 0xc2 && c != 0xcc && c != 0xef && k <= 4;
}

/* False: this is a third one. */
static bool see_letter(seen_letters *l, const char *s, size_t k) {
    for (int j = 0; j < l->n; j++)
        if (memcmp(l->at[j], s, k) == 0) return true;
    if (l->n == 2) return false;
    memcpy(l->at[l->n++], s, k);
    return true;
}

/* Letters that are no part of sqrt or frac; at most two different ones may be evaluated. Letters beyond ASCII
 * count by their code. */
static bool few_letters(lem_work *w, mode_text a, mode_text b) {
    seen_letters l = {.n = 0};
    for (int side = 0; side < 2; side++) {
        mode_text t =
            lem_mode_text_replace(w, lem_mode_text_replace(w, side ? b : a, "sqrt", ""), "frac", "");
        for (size_t i = 0, k; i < t.n; i += k) {
            k = lem_mode_text_char(t, i);
            if (is_letter(t.s + i, k) && !see_letter(&l, t.s + i, k)) return false;
        }
    }
    return true;
}

static bool may_evaluate(mode_text t) {
    for (size_t i = 0; i + 1 < t.n; i++) {
        if (t.s[i] != '^') continue;
        size_t k = i + 1;
        if (t.s[k] == '{' || t.s[k] == '(') return false;
        while (k < t.n && lem_mode_is_digit(t.s[k])) k++;
        if (k > i + 2 || (k > i + 1 && k < t.n && t.s[k] == '^')) return false;
    }
    return true;
}

static mode_answer by_sympy(lem_work *w, mode_text a, mode_text b) {
    if (!few_letters(w, a, b) || !may_evaluate(a) || !may_evaluate(b)) return MODE_UNKNOWN;
    mode_expr *x = lem_prm800k_parse(w, a), *y = x ? lem_prm800k_parse(w, b) : NULL;
    return y ? lem_mode_compare(w, x, y, false) : MODE_UNKNOWN;
}

/* The inside of (…), […] and mixtures without further brackets, to be split at commas; else the whole. */
static mode_text tuple_inside(mode_text t, bool *tuple) {
    *tuple = t.n > 2 && strchr("()[]", t.s[0]) && strchr("()[]", t.s[t.n - 1]);
    for (size_t i = 1; *tuple && i + 1 < t.n; i++)
        if (t.s[i] && strchr("()[]", t.s[i])) *tuple = false;
    return *tuple ? lem_mode_text_cut(t, 1, t.n - 1) : t;
}

static mode_text element(mode_text *rest, bool tuple, bool *more) {
    ptrdiff_t at = tuple ? lem_mode_text_find(*rest, 0, ",") : MODE_NONE;
    mode_text e = at >= 0 ? lem_mode_text_cut(*rest, 0, (size_t)at) : *rest;
    *more = at >= 0;
    if (at >= 0) *rest = lem_mode_text_cut(*rest, (size_t)at + 1, rest->n);
    return tuple ? lem_mode_text_strip(e) : e;
}

static const lem_answer_result right_numeric = {LEM_ANSWER_EQUAL_NUMERIC,
                                                "prm800k: sympy simplifies the difference to 0"};

/* One part against one. */
static lem_answer_result compare_element(lem_work *w, mode_text a, mode_text b) {
    if (is_frac(a) && is_frac(b))
        return lem_mode_text_equal(a, b)
                   ? right_numeric
                   : (lem_answer_result){LEM_ANSWER_NOT_EQUAL,
                                         "prm800k: fractions must be the same, not just equal"};
    if (is_int_text(w, a) != is_int_text(w, b))
        return (lem_answer_result){LEM_ANSWER_NOT_EQUAL, "prm800k: only one is an integer"};
    mode_answer is = by_sympy(w, a, b);
    if (is != MODE_EQUAL && is != MODE_EQUAL_NUMERIC)
        return (lem_answer_result){LEM_ANSWER_NOT_EQUAL,
                                   "prm800k: sympy does not simplify the difference to 0"};
    return right_numeric;
}

static lem_answer_result compare_elements(lem_work *w, mode_text gold, mode_text pred) {
    mode_text g = without_commas(w, gold), p = without_commas(w, pred);
    if (!g.n) return (lem_answer_result){LEM_ANSWER_NOT_EQUAL, "prm800k: the gold is empty"};
    bool gt, pt, gmore = true, pmore = true;
    size_t n = 0, m = 0;
    g = tuple_inside(g, &gt);
    p = tuple_inside(p, &pt);
    n = gt ? lem_mode_text_count(g, ",") + 1 : 1;
    m = pt ? lem_mode_text_count(p, ",") + 1 : 1;
    if (n > 1 && (gold.s[0] != pred.s[0] || gold.s[gold.n - 1] != pred.s[pred.n - 1]))
        return (lem_answer_result){LEM_ANSWER_NOT_EQUAL, "prm800k: different brackets"};
    if (n != m) return (lem_answer_result){LEM_ANSWER_NOT_EQUAL, "prm800k: different number of parts"};
    while (gmore && pmore && !w->limit) {
        mode_text a = element(&g, gt, &gmore), b = element(&p, pt, &pmore);
        lem_answer_result r = compare_element(w, a, b);
        if (r.verdict == LEM_ANSWER_NOT_EQUAL) return r;
    }
    return right_numeric;
}

static lem_status equal(lem_work *w, const compat_pair *pair, lem_answer_result *out, lem_err *err) {
    (void)err;
    mode_text gold = lem_mode_text(pair->gold, pair->gold_len),
              pred = lem_mode_text(pair->pred, pair->pred_len);
    if (lem_mode_text_equal(mathd(w, gold), mathd(w, pred)))
        *out = (lem_answer_result){LEM_ANSWER_EQUAL_EXACT, "prm800k: same text after the MATH rules"};
    else {
        mode_text a = normalised(w, gold), b = normalised(w, pred);
        if (lem_mode_text_equal(a, b))
            *out = (lem_answer_result){LEM_ANSWER_EQUAL_EXACT, "prm800k: same text after its normalisation"};
        else if (!b.n) *out = (lem_answer_result){LEM_ANSWER_NOT_EQUAL, "prm800k: the prediction is empty"};
        else *out = compare_elements(w, a, b);
    }
    if (w->limit) *out = (lem_answer_result){LEM_ANSWER_LIMIT, "prm800k: work limit"};
    return LEM_OK;
}

const compat_mode lem_compat_prm800k = {LEM_GRADE_PRM800K, lem_mode_extract_box, equal};
