/* math_verify_text.c - normalize_latex of latex2sympy2_extended: boxes, commands, words, units, malformed
 * operators */
#include "grade/compat/math_verify_priv.h"

static const char *const units[] = {"integerpoint",
                                    "feet",
                                    "sue",
                                    "digit",
                                    "pound",
                                    "meal",
                                    "edge",
                                    "student",
                                    "children ticket",
                                    "multiple",
                                    "east",
                                    "degree",
                                    "mph",
                                    "kmph",
                                    "ft",
                                    "m square",
                                    " m east",
                                    "sq m",
                                    "deg",
                                    "mile",
                                    "q .",
                                    "monkey",
                                    "prime",
                                    "ratio",
                                    "profit of rs",
                                    "rd",
                                    "o",
                                    "gm",
                                    "p . m",
                                    "lb",
                                    "tile",
                                    "per",
                                    "dm",
                                    "lt",
                                    "gain",
                                    "ab",
                                    "way",
                                    "west",
                                    "a .",
                                    "b .",
                                    "c .",
                                    "d .",
                                    "e .",
                                    "f .",
                                    "g .",
                                    "h .",
                                    "t",
                                    "h",
                                    "no change",
                                    "men",
                                    "soldier",
                                    "pie",
                                    "bc",
                                    "excess",
                                    "st",
                                    "inches",
                                    "noon",
                                    "cent",
                                    "by",
                                    "gal",
                                    "kmh",
                                    "c",
                                    "acre",
                                    "rise",
                                    "a . m",
                                    "th",
                                    "π r 2",
                                    "sq",
                                    "mark",
                                    "l",
                                    "toy",
                                    "coin",
                                    "sq . m",
                                    "gallon",
                                    "° f",
                                    "profit",
                                    "minw",
                                    "yr",
                                    "women",
                                    "am",
                                    "pm",
                                    "hr",
                                    "cu cm",
                                    "square",
                                    "are",
                                    "rupee",
                                    "rounds",
                                    "cubic",
                                    "cc",
                                    "mtr",
                                    "s",
                                    "ohm",
                                    "number",
                                    "day",
                                    "hour",
                                    "minute",
                                    "min",
                                    "second",
                                    "man",
                                    "woman",
                                    "sec",
                                    "cube",
                                    "mt",
                                    "sq inch",
                                    "mp",
                                    "∏ cm ³",
                                    "hectare",
                                    "more",
                                    "unit",
                                    "cu . m",
                                    "cm 2",
                                    "rs .",
                                    "rs",
                                    "kg",
                                    "g",
                                    "month",
                                    "km",
                                    "m",
                                    "cm",
                                    "mm",
                                    "apple",
                                    "liter",
                                    "loss",
                                    "yard",
                                    "pure",
                                    "year",
                                    "increase",
                                    "decrease",
                                    "d",
                                    "less",
                                    "Surface",
                                    "litre",
                                    "pi sq m",
                                    "s .",
                                    "metre",
                                    "meter",
                                    "inch"};

static size_t blanks(mode_text t, size_t i) {
    size_t k = i;
    while (k < t.n && lem_mode_is_space(t.s[k])) k++;
    return k - i;
}

/* ---- boxes ---- */

static size_t box_close(mode_text t, size_t open, size_t end) {
    size_t depth = 0;
    for (size_t i = open; i < end; i++) {
        if (t.s[i] == '{') depth++;
        else if (t.s[i] == '}' && --depth == 0) return i;
    }
    return end;
}

static bool separated(mode_text between) {
    if (memchr(between.s, ',', between.n) || memchr(between.s, ';', between.n)) return true;
    for (int k = 0; k < 2; k++) {
        const char *word = k ? "or" : "and";
        for (ptrdiff_t at = lem_mode_text_find(between, 0, word); at >= 0;
             at = lem_mode_text_find(between, (size_t)at + 1, word)) {
            size_t a = (size_t)at, z = a + strlen(word);
            if (!(a && lem_mode_is_letter(between.s[a - 1])) &&
                !(z < between.n && lem_mode_is_letter(between.s[z])))
                return true;
        }
    }
    return false;
}

/* The last box that begins before `end`: its beginning, and where its content begins; false: there is none.
 */
static bool last_box(mode_text t, size_t end, size_t *from, size_t *content) {
    mode_text head = lem_mode_text_cut(t, 0, end);
    ptrdiff_t a = lem_mode_text_rfind(head, "\\boxed"), b = lem_mode_text_rfind(head, "\\fbox"),
              at = a > b ? a : b;
    if (at < 0) return false;
    *from = (size_t)at;
    *content = (size_t)at + (a > b ? 6 : 5);
    *content += blanks(head, *content);
    return *content < end;
}

/* Two boxes are one answer: few characters stand between them, or words that join them. */
static bool stands_close(mode_text between, mode_text a, mode_text b) {
    size_t chars = lem_mode_text_chars(between, 70);
    return chars < 10 || (chars < 70 && !lem_mode_text_equal(a, b) && separated(between));
}

/* The contents of the boxes, joined by commas: all, or the last and those that stand close before it. */
static mode_text boxes(lem_work *w, mode_text t, bool last_only) {
    enum { MOST = 64 };
    mode_text found[MOST];
    size_t n = 0, end = t.n, from, k;
    while (n < MOST && last_box(t, end, &from, &k)) {
        size_t close = t.s[k] == '{' ? box_close(t, k, end) : end;
        if (close == end) {
            if (!n) found[n++] = lem_mode_text_cut(t, k, t.n);
            break;
        }
        mode_text inside = lem_mode_text_strip(lem_mode_text_cut(t, k + 1, close));
        if (last_only && n && !stands_close(lem_mode_text_cut(t, close + 1, end), inside, found[n - 1]))
            break;
        if (!n || !lem_mode_text_equal(found[n - 1], inside)) found[n++] = inside;
        end = from;
    }
    if (!n) return t;
    lem_buf b = {0};
    while (n-- > 0) {
        lem_buf_add(&b, found[n].s, found[n].n);
        if (n) lem_buf_putc(&b, ',');
    }
    return lem_mode_text_own(w, &b);
}

/* ---- commands and words ---- */

/* \left( and \mright\} lose the command where a delimiter follows. */
static mode_text delimiters(lem_work *w, mode_text t) {
    static const char *const after[] = {"\\{",        "{",        "\\|",        "|",          "[",
                                        "(",          "\\lgroup", "\\lbrace",   "\\lbrack",   "\\vert",
                                        "\\lvert",    "\\lceil",  "\\lfloor",   "\\langle",   "\\llcorner",
                                        "\\ulcorner", "\\}",      "}",          "]",          ")",
                                        "\\rbrack",   "\\rgroup", "\\rbrace",   "\\rvert",    "\\rceil",
                                        "\\rfloor",   "\\rangle", "\\lrcorner", "\\urcorner", NULL};
    static const char *const commands[] = {"\\left", "\\mleft", "\\right", "\\mright", NULL};
    lem_buf b = {0};
    for (size_t i = 0; i < t.n;) {
        size_t n = 0;
        for (size_t c = 0; t.s[i] == '\\' && commands[c] && !n; c++)
            if (lem_mode_text_at(t, i, commands[c]))
                for (size_t k = 0; after[k] && !n; k++)
                    if (lem_mode_text_at(t, i + strlen(commands[c]), after[k])) n = strlen(commands[c]);
        if (n) i += n;
        else lem_buf_putc(&b, t.s[i++]);
    }
    return lem_mode_text_own(w, &b);
}

/* \text{ } */
static size_t empty_text(mode_text t, size_t i) {
    size_t k = i + 5 + blanks(t, i + 5);
    if (k >= t.n || t.s[k] != '{') return 0;
    k++;
    k += blanks(t, k);
    return k < t.n && t.s[k] == '}' ? k + 1 - i : 0;
}

/* The bytes at i that say nothing. */
static size_t noise(mode_text t, size_t i) {
    char c = t.s[i];
    if (c == '$') return 1;
    if (c == '"' || c == '\'') return !(i && t.s[i - 1] == '\\');
    if (c != '\\') return 0;
    if (lem_mode_text_at(t, i, "\\mathrm{th}")) return 11;
    if (lem_mode_text_at(t, i, "\\!")) return 2 + blanks(t, i + 2);
    if (lem_mode_text_at(t, i, "\\text")) return empty_text(t, i);
    if (lem_mode_text_at(t, i, "\\$")) return 2;
    return lem_mode_text_at(t, i, "\\displaystyle") ? 13 : 0;
}

static mode_text without_noise(lem_work *w, mode_text t) {
    lem_buf b = {0};
    for (size_t i = 0; i < t.n;) {
        size_t n = noise(t, i);
        if (n) i += n;
        else lem_buf_putc(&b, t.s[i++]);
    }
    return lem_mode_text_own(w, &b);
}

static bool word_char(mode_text t, size_t i) {
    return i < t.n &&
           (lem_mode_is_letter(t.s[i]) || lem_mode_is_digit(t.s[i]) || t.s[i] == '_' || (t.s[i] & 0x80));
}

/* Length of blanks and `word` as a whole word at i; 0 when it is not there. */
static size_t spaced_word(mode_text t, size_t i, const char *word) {
    size_t k = i + blanks(t, i), end = k + strlen(word);
    return lem_mode_text_at(t, k, word) && !(k && word_char(t, k - 1)) && !word_char(t, end) ? end - i : 0;
}

/* and, or: with a comma before, in \text or bare. */
static size_t conjunction(mode_text t, size_t i) {
    for (int k = 0; k < 2; k++) {
        size_t j = i + (t.s[i] == ',');
        j += blanks(t, j);
        const char *word = k ? "or" : "and";
        size_t end = j + strlen(word);
        if (lem_mode_text_at(t, j, word) && !(i && lem_mode_is_letter(t.s[i - 1])) &&
            !(end < t.n && lem_mode_is_letter(t.s[end])))
            return end - i;
        if (!lem_mode_text_at(t, j, "\\text{")) continue;
        j += 6;
        j += blanks(t, j);
        if (!lem_mode_text_at(t, j, word)) continue;
        j += strlen(word);
        j += blanks(t, j);
        if (j < t.n && t.s[j] == '}') return j + 1 - i;
    }
    return 0;
}

/* {,} with blanks. */
static size_t braced_comma(mode_text t, size_t i) {
    size_t k = i + blanks(t, i);
    if (k >= t.n || t.s[k] != '{') return 0;
    size_t j = k + 1 + blanks(t, k + 1);
    if (j >= t.n || t.s[j] != ',') return 0;
    j++;
    j += blanks(t, j);
    return j < t.n && t.s[j] == '}' ? j + 1 - i : 0;
}

static bool is_inf(mode_text t, size_t i) {
    return lem_mode_text_at(t, i, "inf") && !lem_mode_text_at(t, i + 3, "inity");
}

/* "percent" and its like behind blanks: how long, or 0. */
static size_t percent_word(mode_text t, size_t i) {
    static const char *const percent[] = {"percentage", "percent", "pct"};
    size_t n = 0;
    for (size_t p = 0; p < 3 && !n; p++) n = spaced_word(t, i, percent[p]);
    return n;
}

/* What the pattern table of to_replace_patterns finds at i: its length, and the replacement. */
static size_t replaced(mode_text t, size_t i, const char **to) {
    static const char *const fixed[][2] = {
        {"\\mathrm", "\\text"},   {"\\mathit", "\\text"}, {"\\mathbf", "\\text"}, {"\\textnormal", "\\text"},
        {"\\textbf", "\\text"},   {"\\textit", "\\text"}, {"\\textrm", "\\text"}, {"\\dfrac", "\\frac"},
        {"\\tfrac", "\\frac"},    {"\\cfrac", "\\frac"},  {"{.", "{0."},          {"~=", "\\approx"},
        {"infinity", "\\infty"},  {",\\ldots", " "},      {"\\ldots", " "},       {"\\text{percentage}", "%"},
        {"\\text{percent}", "%"}, {"\\text{pct}", "%"},   {" sqrt", "\\sqrt"}};
    size_t n;
    char c = t.s[i], next = i + 1 < t.n ? t.s[i + 1] : '\0';
    bool slash_before = i && t.s[i - 1] == '\\';
    if (lem_mode_is_space(c) && next == '.') return *to = " 0.", 2;
    if ((n = braced_comma(t, i)) || (n = conjunction(t, i))) return *to = ",", n;
    if (c == '\\' && lem_mode_is_space(next) && !slash_before) return *to = " ", 2;
    if ((n = percent_word(t, i))) return *to = "\\%", n;
    for (size_t p = 0; p < sizeof fixed / sizeof *fixed; p++)
        if (lem_mode_text_at(t, i, fixed[p][0])) return *to = fixed[p][1], strlen(fixed[p][0]);
    return !slash_before && is_inf(t, i) ? (*to = "\\infty", 3) : 0;
}

static mode_text rewritten(lem_work *w, mode_text t) {
    lem_buf b = {0};
    for (size_t i = 0; i < t.n;) {
        const char *to = "";
        size_t n = replaced(t, i, &to);
        if (n) lem_buf_puts(&b, to), i += n;
        else lem_buf_putc(&b, t.s[i++]);
    }
    t = lem_mode_text_own(w, &b);
    t = lem_mode_text_replace(w, t, "\n", " ");
    t = lem_mode_text_replace(w, t, "\t", " ");
    if (lem_mode_text_find(t, 0, "matrix") >= 0) return t;
    for (size_t i = 0; i < t.n; i++) {
        bool twice = lem_mode_text_at(t, i, "\\\\") && i + 2 < t.n && lem_mode_is_letter(t.s[i + 2]);
        if (!twice) lem_buf_putc(&b, t.s[i]);
    }
    return lem_mode_text_own(w, &b);
}

/* ---- units ---- */

/* Where a power at the end begins: ^2, {^2}. */
static size_t before_power(mode_text t) {
    size_t end = t.n;
    if (end >= 3 && t.s[end - 2] == '^' && lem_mode_is_digit(t.s[end - 1])) return end - 2;
    bool braced = end >= 5 && t.s[end - 1] == '}' && lem_mode_is_digit(t.s[end - 2]);
    return braced && lem_mode_text_at(t, end - 4, "{^") ? end - 4 : end;
}

/* From the first \text{ on, when the text ends with a brace (and a power). */
static mode_text without_text_unit(mode_text t) {
    size_t end = before_power(t);
    ptrdiff_t a = lem_mode_text_find(t, 0, "\\text{"), b = lem_mode_text_find(t, 0, "\\mbox{"),
              at = a < 0 || (b >= 0 && b < a) ? b : a;
    if (at < 0 || !end || t.s[end - 1] != '}' || end < (size_t)at + 7) return t;
    mode_text head = lem_mode_text_strip(lem_mode_text_cut(t, 0, (size_t)at));
    return head.n ? head : t;
}

static bool is_unit(mode_text t) {
    while (t.n && lem_mode_is_space(t.s[0])) t.s++, t.n--;
    while (t.n && lem_mode_is_space(t.s[t.n - 1])) t.n--;
    for (size_t k = 0; k < sizeof units / sizeof *units; k++) {
        size_t n = strlen(units[k]);
        if (t.n < n || t.n > n + 2 || memcmp(t.s, units[k], n) != 0) continue;
        mode_text tail = lem_mode_text_cut(t, n, t.n);
        if (!tail.n || lem_mode_text_is(tail, "s") || lem_mode_text_is(tail, "es")) return true;
    }
    return false;
}

static mode_text without_unit(mode_text t) {
    enum { LONGEST = 40 };
    for (size_t i = t.n > LONGEST ? t.n - LONGEST : 0; i < t.n; i++)
        if ((lem_mode_is_digit(t.s[i]) || t.s[i] == '}' || lem_mode_is_space(t.s[i])) &&
            is_unit(lem_mode_text_cut(t, i + 1, t.n)))
            return lem_mode_text_cut(t, 0, i + 1);
    return t;
}

/* ---- malformed operators ---- */

static void braces(lem_buf *b, mode_text t) {
    lem_buf_putc(b, '{');
    lem_buf_add(b, t.s, t.n);
    lem_buf_putc(b, '}');
}

static size_t digits_at(mode_text t, size_t i) {
    size_t k = i;
    while (k < t.n && lem_mode_is_digit(t.s[k])) k++;
    return k - i;
}

static size_t one_blank(mode_text t, size_t i) { return i < t.n && lem_mode_is_space(t.s[i]); }

/* head ?( … ) : the inside in braces behind `to`. */
static mode_text round_to_braces(lem_work *w, mode_text t, const char *head, const char *to) {
    if (lem_mode_text_find(t, 0, head) < 0) return t;
    lem_buf b = {0};
    for (size_t i = 0; i < t.n;) {
        size_t k = i + strlen(head) + one_blank(t, i + strlen(head));
        const char *close =
            lem_mode_text_at(t, i, head) && k < t.n && t.s[k] == '(' ? memchr(t.s + k, ')', t.n - k) : NULL;
        if (!close) {
            lem_buf_putc(&b, t.s[i++]);
            continue;
        }
        lem_buf_puts(&b, to);
        braces(&b, lem_mode_text_cut(t, k + 1, (size_t)(close - t.s)));
        i = (size_t)(close - t.s) + 1;
    }
    return lem_mode_text_own(w, &b);
}

/* head d dd: a digit and digits, both braced. */
static mode_text two_digits(lem_work *w, mode_text t, const char *head) {
    if (lem_mode_text_find(t, 0, head) < 0) return t;
    lem_buf b = {0};
    for (size_t i = 0; i < t.n;) {
        size_t k = i + strlen(head) + one_blank(t, i + strlen(head)), m = k + 1 + one_blank(t, k + 1),
               n = digits_at(t, m);
        if (!lem_mode_text_at(t, i, head) || k >= t.n || !lem_mode_is_digit(t.s[k]) || !n) {
            lem_buf_putc(&b, t.s[i++]);
            continue;
        }
        lem_buf_puts(&b, head);
        braces(&b, lem_mode_text_cut(t, k, k + 1));
        braces(&b, lem_mode_text_cut(t, m, m + n));
        i = m + n;
    }
    return lem_mode_text_own(w, &b);
}

/* \frac2{…} at k, behind the name: both parts; the place behind them, 0 when it is none. */
static size_t digit_and_braces(mode_text t, size_t k, mode_text *x, mode_text *y) {
    if (!lem_mode_is_digit(t.s[k])) return 0;
    size_t m = k + 1 + one_blank(t, k + 1);
    const char *close = m < t.n && t.s[m] == '{' ? memchr(t.s + m, '}', t.n - m) : NULL;
    if (!close) return 0;
    size_t end = (size_t)(close - t.s);
    *x = lem_mode_text_cut(t, k, k + 1);
    *y = lem_mode_text_cut(t, m + 1, end);
    return end + 1;
}

/* \frac{…}2: up to the first brace that a digit follows. */
static size_t braces_and_digit(mode_text t, size_t k, mode_text *x, mode_text *y) {
    for (size_t m = k + 1; t.s[k] == '{' && m < t.n; m++) {
        size_t d = m + 1 + one_blank(t, m + 1);
        if (t.s[m] != '}' || d >= t.n || !lem_mode_is_digit(t.s[d])) continue;
        *x = lem_mode_text_cut(t, k + 1, m);
        *y = lem_mode_text_cut(t, d, d + 1);
        return d + 1;
    }
    return 0;
}

/* \frac{…}2 and \frac2{…} */
static mode_text half_braced(lem_work *w, mode_text t, bool digit_first) {
    if (lem_mode_text_find(t, 0, "\\frac") < 0) return t;
    lem_buf b = {0};
    for (size_t i = 0; i < t.n;) {
        size_t k = i + 5 + one_blank(t, i + 5), end = 0;
        mode_text x = {"", 0}, y = {"", 0};
        if (lem_mode_text_at(t, i, "\\frac") && k < t.n)
            end = digit_first ? digit_and_braces(t, k, &x, &y) : braces_and_digit(t, k, &x, &y);
        if (!end) {
            lem_buf_putc(&b, t.s[i++]);
            continue;
        }
        lem_buf_puts(&b, "\\frac");
        braces(&b, x);
        braces(&b, y);
        i = end;
    }
    return lem_mode_text_own(w, &b);
}

/* How long the characters at k and behind it are; 0 where the text or another `head` comes first. */
static void two_characters(mode_text t, size_t k, const char *head, size_t *n, size_t *m) {
    ptrdiff_t next = lem_mode_text_find(t, k, head);
    size_t stop = next < 0 ? t.n : (size_t)next;
    *n = k < stop ? lem_mode_text_char(t, k) : 0;
    *m = k + *n < stop ? lem_mode_text_char(t, k + *n) : 0;
}

/* \sqrt3 and \frac12 by their first characters. */
static mode_text first_characters(lem_work *w, mode_text t, const char *head, int args) {
    if (lem_mode_text_find(t, 0, head) < 0) return t;
    lem_buf b = {0};
    size_t i = 0;
    for (ptrdiff_t at = lem_mode_text_find(t, 0, head); at >= 0; at = lem_mode_text_find(t, i, head)) {
        size_t k = (size_t)at + strlen(head);
        lem_buf_add(&b, t.s + i, k - i);
        k += blanks(t, k);
        i = k;
        size_t n, m;
        two_characters(t, k, head, &n, &m);
        bool braced = n && (t.s[k] == '{' || (args == 1 && t.s[k] == '['));
        if (args == 2 && (!n || (!braced && !m))) { /* too short: the text stays as it was */
            lem_buf_release(&b);
            return t;
        }
        if (!n || braced) continue;
        braces(&b, lem_mode_text_cut(t, k, k + n));
        i = k + n;
        if (args == 1 || t.s[i] == '{') continue;
        braces(&b, lem_mode_text_cut(t, i, i + m));
        i += m;
    }
    lem_buf_add(&b, t.s + i, t.n - i);
    return lem_mode_text_own(w, &b);
}

static bool whole_number(mode_text t) {
    size_t i = t.n && t.s[0] == '-';
    return t.n > i && digits_at(t, i) == t.n - i && (t.s[i] != '0' || t.n == 1);
}

static mode_text operators(lem_work *w, mode_text t) {
    t = round_to_braces(w, t, "^", "^");
    t = round_to_braces(w, t, "sqrt", "\\sqrt");
    t = two_digits(w, t, "\\frac");
    t = two_digits(w, t, "\\log_");
    t = half_braced(w, t, false);
    t = half_braced(w, t, true);
    lem_buf b = {0};
    for (size_t i = 0; i < t.n;) { /* \sqrt 3 */
        size_t k = i + 5 + one_blank(t, i + 5);
        bool hit = lem_mode_text_at(t, i, "\\sqrt") && k < t.n && lem_mode_is_digit(t.s[k]);
        if (!hit) lem_buf_putc(&b, t.s[i++]);
        else lem_buf_puts(&b, "\\sqrt"), braces(&b, lem_mode_text_cut(t, k, k + 1)), i = k + 1;
    }
    t = lem_mode_text_own(w, &b);
    t = lem_mode_text_replace(w, t, " sqrt", "\\sqrt");
    t = first_characters(w, t, "\\sqrt", 1);
    t = first_characters(w, t, "\\frac", 2);
    if (lem_mode_text_count(t, "/") != 1) return t;
    size_t at = (size_t)lem_mode_text_find(t, 0, "/");
    mode_text x = lem_mode_text_cut(t, 0, at), y = lem_mode_text_cut(t, at + 1, t.n);
    if (!whole_number(x) || !whole_number(y)) return t;
    lem_buf_puts(&b, "\\frac");
    braces(&b, x);
    braces(&b, y);
    return lem_mode_text_own(w, &b);
}

mode_text lem_mv_normalise(lem_work *w, mode_text t, mv_config c) {
    static const char *const early[][2] = {{"\\mathrm{T}", "T"},
                                           {"\\mathrm{d}", "d"},
                                           {"{\\rm d}", "d"},
                                           {"\\left[\\begin{matrix}", "\\begin{bmatrix}"},
                                           {"\\end{matrix}\\right]", "\\end{bmatrix}"}};
    t = boxes(w, t, c.last_box);
    for (size_t k = 0; k < sizeof early / sizeof *early; k++)
        t = lem_mode_text_replace(w, t, early[k][0], early[k][1]);
    t = delimiters(w, t);
    t = without_noise(w, t);
    t = rewritten(w, t);
    t = without_text_unit(t);
    for (int k = 0; k < 2; k++) t = without_unit(t);
    if (t.n && t.s[0] == '.') {
        lem_buf b = {0};
        lem_buf_putc(&b, '0');
        lem_buf_add(&b, t.s, t.n);
        t = lem_mode_text_own(w, &b);
    }
    if (lem_mode_text_is(t, "0.5")) t = lem_mode_text("\\frac{1}{2}", 11);
    return lem_mode_text_strip(operators(w, t));
}
