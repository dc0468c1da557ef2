/* qwen_strip.c - strip_string: the clean-up that gold and prediction get, step by step in its order */
#include "grade/compat/qwen_priv.h"

#include <string.h>

static bool digit(char c) { return c >= '0' && c <= '9'; }

static void strip_in_place(lem_buf *b) { lem_qwen_keep(b, lem_qwen_strip(lem_qwen_text(b))); }

static void replace_all(lem_buf *b, const char *const (*pairs)[2], size_t n) {
    for (size_t i = 0; i < n; i++) lem_qwen_replace(b, pairs[i][0], pairs[i][1]);
}

/* re.sub(r"\\begin\{array\}\{.*?\}", r"\\begin{pmatrix}"), the end alike, and one name for all matrices and
 * fractions. */
static void unify_commands(lem_buf *b) {
    static const char *const pairs[][2] = {
        {"\\end{array}", "\\end{pmatrix}"},
        {"bmatrix", "pmatrix"},
        {"tfrac", "frac"},
        {"dfrac", "frac"},
        {"\\neq", "\\ne"},
        {"\\leq", "\\le"},
        {"\\geq", "\\ge"},
        {"\\left", ""},
        {"\\right", ""},
        {"\\{", "{"},
        {"\\}", "}"},
    };
    lem_qwen_cut_spans(b, "\\begin{array}{", "}", "\\begin{pmatrix}");
    replace_all(b, pairs, sizeof pairs / sizeof *pairs);
}

/* re.sub(r"\\text{.*?}$", "").strip(): everything from the first \text{ when the text ends with a brace. Not
 * when nothing would be left. */
static void drop_last_text(lem_buf *b) {
    qwen_text t = lem_qwen_text(b);
    size_t at = lem_qwen_find(t, 0, "\\text{");
    if (at != SIZE_MAX && t.s[t.n - 1] == '}' && at + 6 < t.n) t = lem_qwen_part(t, 0, at);
    t = lem_qwen_strip(t);
    if (t.n > 0) lem_qwen_keep(b, t);
}

static void drop_marks(lem_buf *b) {
    static const char *const before[][2] = {{"^{\\circ}", ""}, {"^\\circ", ""}, {"\\$", ""},
                                            {"$", ""},         {"\\(", ""},     {"\\)", ""}};
    static const char *const after[][2] = {
        {"x=", ""},
        {"y=", ""},
        {"z=", ""},
        {"x\\in", ""},
        {"y\\in", ""},
        {"z\\in", ""},
        {"x\\to", ""},
        {"y\\to", ""},
        {"z\\to", ""},
        {"\\emptyset", "{}"},
        {"(-\\infty,\\infty)", "\\mathbb{R}"},
        {"\\%", ""},
        {"%", ""},
        {" .", " 0."},
        {"{.", "{0."},
        {"infinity", "\\infty"},
    };
    static const char *const last[][2] = {{"+\\inity", "\\infty"}, {"and", ""}, {"\\mathbf", ""}};
    replace_all(b, before, sizeof before / sizeof *before);
    lem_qwen_word_number(b);
    lem_qwen_cut_spans(b, "\\text{", "}", NULL);
    replace_all(b, after, sizeof after / sizeof *after);
    if (lem_qwen_find(lem_qwen_text(b), 0, "\\infty") == SIZE_MAX) lem_qwen_replace(b, "inf", "\\infty");
    replace_all(b, last, sizeof last / sizeof *last);
    lem_qwen_cut_spans(b, "\\mbox{", "}", "");
    qwen_text t = lem_qwen_text(b);
    if (lem_qwen_find(t, 0, "j") != SIZE_MAX && lem_qwen_find(t, 0, "i") == SIZE_MAX)
        lem_qwen_replace(b, "j", "i");
}

/* re.sub(r"(\d+)\.0*([^\d])", r"\1\2"), or with `end` re.sub(r"(\d+)\.0*$", r"\1"): 12.000 becomes 12. */
static void drop_zero_decimals(lem_buf *b, bool end) {
    qwen_text t = lem_qwen_text(b);
    size_t out = 0;
    for (size_t i = 0; i < t.n;) {
        size_t zeros = i + 1;
        if (i > 0 && t.s[i] == '.' && digit(t.s[i - 1])) {
            while (zeros < t.n && t.s[zeros] == '0') zeros++;
            if (end ? zeros == t.n : zeros < t.n && !digit(t.s[zeros])) {
                if (!end)
                    b->data[out++] = t.s[zeros++]; /* that character is used up: no match begins in it */
                i = zeros;
                continue;
            }
        }
        b->data[out++] = t.s[i++];
    }
    if (t.n > 0) lem_qwen_keep(b, lem_qwen_part(t, 0, out));
}

/* "k=5" becomes "5": one equals sign, at most two characters before it. */
static void drop_short_name(lem_buf *b) {
    qwen_text t = lem_qwen_text(b);
    size_t at = lem_qwen_find(t, 0, "=");
    if (lem_qwen_count(t, "=") == 1 && lem_qwen_length(lem_qwen_part(t, 0, at)) <= 2)
        lem_qwen_keep(b, lem_qwen_part(t, at + 1, t.n));
}

/* re.sub(r"\\sqrt(\w+)", r"\\sqrt{\1}") */
static void brace_roots(lem_buf *b) {
    qwen_text t = lem_qwen_text(b);
    if (lem_qwen_find(t, 0, "\\sqrt") == SIZE_MAX) return;
    lem_buf now = {0};
    size_t done = 0;
    for (size_t at = lem_qwen_find(t, 0, "\\sqrt"); at != SIZE_MAX; at = lem_qwen_find(t, done, "\\sqrt")) {
        size_t from = at + 5, to = from;
        uint32_t cp;
        while (to < t.n) {
            size_t n = lem_qwen_char(t, to, &cp);
            if (!lem_qwen_is_word(cp)) break;
            to += n;
        }
        lem_buf_add(&now, t.s + done, from - done);
        if (to > from) {
            lem_buf_putc(&now, '{');
            lem_buf_add(&now, t.s + from, to - from);
            lem_buf_putc(&now, '}');
        }
        done = to;
    }
    lem_buf_add(&now, t.s + done, t.n - done);
    if (now.failed) b->failed = true;
    else lem_qwen_set(b, lem_qwen_text(&now));
    lem_buf_release(&now);
}

/* What follows one \frac: "12…" becomes "{1}{2}…", "1{…" becomes "{1}{…". False: too short, and the whole
 * text stays as it was. */
static bool brace_fraction(lem_buf *out, qwen_text t) {
    uint32_t cp;
    if (t.n > 0 && t.s[0] == '{') {
        lem_buf_add(out, t.s, t.n);
        return true;
    }
    size_t a = t.n > 0 ? lem_qwen_char(t, 0, &cp) : 0;
    if (a == 0 || a >= t.n) return false;
    size_t c = lem_qwen_char(t, a, &cp);
    lem_buf_putc(out, '{');
    lem_buf_add(out, t.s, a);
    lem_buf_putc(out, '}');
    bool open = t.s[a] == '{';
    if (!open) lem_buf_putc(out, '{');
    lem_buf_add(out, t.s + a, c);
    if (!open) lem_buf_putc(out, '}');
    lem_buf_add(out, t.s + a + c, t.n - a - c);
    return true;
}

static void brace_fractions(lem_buf *b) {
    qwen_text t = lem_qwen_text(b);
    size_t at = lem_qwen_find(t, 0, "\\frac");
    if (at == SIZE_MAX) return;
    lem_buf now = {0};
    bool good = true;
    lem_buf_add(&now, t.s, at);
    while (good && at != SIZE_MAX) {
        size_t from = at + 5, next = lem_qwen_find(t, from, "\\frac");
        lem_buf_puts(&now, "\\frac");
        good = brace_fraction(&now, lem_qwen_part(t, from, next == SIZE_MAX ? t.n : next));
        at = next;
    }
    if (now.failed) b->failed = true;
    else if (good) lem_qwen_set(b, lem_qwen_text(&now));
    lem_buf_release(&now);
}

/* An integer as Python prints it: no plus sign, no leading zero, no -0; Python refuses to read one of more
 * than 4300 digits. */
static bool plain_integer(qwen_text t) {
    size_t i = t.n > 0 && t.s[0] == '-';
    if (i == t.n || t.n - i > 4300 || (t.s[i] == '0' && t.n > 1)) return false;
    for (; i < t.n; i++)
        if (!digit(t.s[i])) return false;
    return true;
}

/* "a/b" becomes \frac{a}{b} for integers, or where "sqrt" stands in the part. */
static void brace_slash(lem_buf *b) {
    qwen_text t = lem_qwen_text(b);
    if (lem_qwen_count(t, "/") != 1) return;
    size_t at = lem_qwen_find(t, 0, "/");
    qwen_text p = lem_qwen_part(t, 0, at), q = lem_qwen_part(t, at + 1, t.n);
    if (lem_qwen_find(p, 0, "sqrt") == SIZE_MAX && !plain_integer(p)) return;
    if (lem_qwen_find(q, 0, "sqrt") == SIZE_MAX && !plain_integer(q)) return;
    lem_buf now = {0};
    lem_buf_puts(&now, "\\frac{");
    lem_buf_add(&now, p.s, p.n);
    lem_buf_puts(&now, "}{");
    lem_buf_add(&now, q.s, q.n);
    lem_buf_putc(&now, '}');
    if (now.failed) b->failed = true;
    else lem_qwen_set(b, lem_qwen_text(&now));
    lem_buf_release(&now);
}

void lem_qwen_strip_string(lem_buf *b, bool skip_unit) {
    strip_in_place(b);
    lem_qwen_replace(b, "\n", "");
    lem_qwen_keep(b, lem_qwen_rstrip_of(lem_qwen_text(b), "."));
    lem_qwen_replace(b, "\\!", "");
    unify_commands(b);
    drop_last_text(b);
    if (!skip_unit) lem_qwen_remove_units(b);
    drop_marks(b);
    drop_zero_decimals(b, false);
    drop_zero_decimals(b, true);
    if (b->len == 0 || b->failed) return;
    if (b->data[0] == '.') {
        lem_buf_putc(b, '\0');
        if (b->failed) return;
        memmove(b->data + 1, b->data, b->len - 1);
        b->data[0] = '0';
    }
    drop_short_name(b);
    brace_roots(b);
    lem_qwen_replace(b, " ", "");
    brace_fractions(b);
    brace_slash(b);
}
