/* mathml.c - LaTeX mathematics to MathML: a parser by recursive descent that writes as it reads */
#include "report/mathml.h"

#include "core/utf8.h"
#include "report/escape.h"
#include "report/mathml_priv.h"

#include <string.h>

enum { MAX_DEPTH = 40 };

typedef struct parser {
    const char *s;
    size_t n, at;
    lem_buf *out;
    int depth;
    bool failed, display;
} parser;

static bool fail(parser *p) {
    p->failed = true;
    return false;
}

static void skip_space(parser *p) {
    while (p->at < p->n && (lem_is_space(p->s[p->at]) || p->s[p->at] == '~')) p->at++;
}

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* The command at `at`, without its backslash: letters, or one other character. */
static size_t command(const parser *p, const char **name) {
    size_t i = p->at + 1, from = i;
    *name = p->s + from;
    if (i >= p->n) return 0;
    if (!is_letter(p->s[i])) return 1;
    while (i < p->n && is_letter(p->s[i])) i++;
    return i - from;
}

static bool at_command(const parser *p, const char *word) {
    const char *name;
    if (p->at >= p->n || p->s[p->at] != '\\') return false;
    size_t n = command(p, &name);
    return n == strlen(word) && memcmp(name, word, n) == 0;
}

/* What ends a sequence: a closing brace, \right, & and \\ of a table, \end, or the end. */
static bool at_end(const parser *p) {
    if (p->at >= p->n) return true;
    char c = p->s[p->at];
    return c == '}' || c == '&' || at_command(p, "\\") || at_command(p, "right") || at_command(p, "end");
}

static void element(parser *p, const char *tag, const char *text, size_t n) {
    lem_buf_printf(p->out, "<%s>", tag);
    lem_escape_html(p->out, text, n);
    lem_buf_printf(p->out, "</%s>", tag);
}

/* A bracket that no \left or \big stretches, as in TeX. */
static void bracket(parser *p, const char *text, size_t n) {
    lem_buf_puts(p->out, "<mo stretchy=\"false\">");
    lem_escape_html(p->out, text, n);
    lem_buf_puts(p->out, "</mo>");
}

/* Puts `before` in front of what was written since `from`. */
static void insert(parser *p, size_t from, const char *before) {
    size_t n = strlen(before);
    lem_buf_add(p->out, before, n);
    if (p->out->failed) return;
    memmove(p->out->data + from + n, p->out->data + from, p->out->len - n - from);
    memcpy(p->out->data + from, before, n);
}

static void sequence(parser *p);
static void nucleus(parser *p, bool *limits);

static bool take(parser *p, char c) {
    skip_space(p);
    if (p->at >= p->n || p->s[p->at] != c) return false;
    p->at++;
    return true;
}

/* What stands behind a command without braces: one token, without its scripts. */
static void token(parser *p) {
    bool limits;
    if (at_end(p) || ++p->depth > MAX_DEPTH) {
        p->failed = true;
        return;
    }
    if (is_digit(p->s[p->at])) element(p, "mn", p->s + p->at++, 1); /* \frac12 */
    else nucleus(p, &limits);
    p->depth--;
}

/* {…} as one row, or a token. */
static void argument(parser *p) {
    skip_space(p);
    if (p->failed) return;
    if (!take(p, '{')) {
        token(p);
        return;
    }
    lem_buf_puts(p->out, "<mrow>");
    sequence(p);
    lem_buf_puts(p->out, "</mrow>");
    if (!take(p, '}')) p->failed = true;
}

/* The text of {…} as it stands; false without it. */
static bool raw_argument(parser *p, const char **text, size_t *n) {
    if (!take(p, '{')) return fail(p);
    size_t from = p->at;
    for (int open = 1; p->at < p->n; p->at++) {
        char c = p->s[p->at];
        if (c == '\\' && p->at + 1 < p->n) p->at++;
        else if (c == '{') open++;
        else if (c == '}' && --open == 0) break;
    }
    if (p->at >= p->n) return fail(p);
    *text = p->s + from;
    *n = p->at++ - from;
    return true;
}

static bool is_one_of(const char *name, size_t n, const char *list) {
    size_t k;
    for (const char *w = list; *w; w += k + (w[k] != '\0')) {
        k = strcspn(w, " ");
        if (k == n && memcmp(w, name, n) == 0) return true;
    }
    return false;
}

static void fraction(parser *p, bool binomial) {
    lem_buf_puts(p->out, binomial ? "<mrow><mo>(</mo><mfrac linethickness=\"0\">" : "<mfrac>");
    argument(p);
    argument(p);
    lem_buf_puts(p->out, binomial ? "</mfrac><mo>)</mo></mrow>" : "</mfrac>");
}

static void root(parser *p) {
    const char *degree = NULL;
    size_t n = 0;
    if (take(p, '[')) {
        const char *close = memchr(p->s + p->at, ']', p->n - p->at);
        if (!close) {
            p->failed = true;
            return;
        }
        degree = p->s + p->at;
        n = (size_t)(close - degree);
        p->at += n + 1;
    }
    lem_buf_puts(p->out, degree ? "<mroot>" : "<msqrt>");
    argument(p);
    if (degree) element(p, "mn", degree, n);
    lem_buf_puts(p->out, degree ? "</mroot>" : "</msqrt>");
}

/* \text{…}: a segment of mathematics within it is left as it stands; braces group nothing there. */
static void text(parser *p, const char *tag) {
    const char *s;
    size_t n;
    lem_buf plain = {0};
    if (!raw_argument(p, &s, &n)) return;
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\\' && i + 1 < n && strchr(" %$&#_{}", s[i + 1])) i++;
        else if (s[i] == '\\') p->failed = true;
        else if (s[i] == '{' || s[i] == '}') continue;
        if (s[i] == ' ' || s[i] == '~') lem_buf_puts(&plain, "\xc2\xa0");
        else lem_buf_putc(&plain, s[i]);
    }
    element(p, tag, lem_buf_str(&plain), plain.len);
    p->out->failed = p->out->failed || plain.failed;
    lem_buf_release(&plain);
}

/* \mathbb{R}: the letters that have a sign of their own, else as they are. */
static void blackboard(parser *p) {
    static const char *const pair[][2] = {{"R", "ℝ"}, {"Z", "ℤ"}, {"N", "ℕ"},
                                          {"Q", "ℚ"}, {"C", "ℂ"}, {"P", "ℙ"}};
    const char *s;
    size_t n;
    if (!raw_argument(p, &s, &n)) return;
    for (size_t i = 0; i < sizeof pair / sizeof *pair; i++)
        if (n == 1 && *s == *pair[i][0]) {
            element(p, "mi", pair[i][1], strlen(pair[i][1]));
            return;
        }
    element(p, "mi", s, n);
    if (memchr(s, '\\', n)) p->failed = true;
}

/* Letters and digits have bold twins (U+1D400 and on); anything else stays as it is. */
static void bold(parser *p) {
    const char *s;
    char out[4];
    size_t n, before = p->at;
    lem_buf b = {0};
    if (!raw_argument(p, &s, &n)) return;
    bool plain = n > 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t cp = 0x1d400 + (uint32_t)(s[i] - 'A');
        if (is_digit(s[i])) cp = 0x1d7ce + (uint32_t)(s[i] - '0');
        else if (s[i] >= 'a') cp = 0x1d41a + (uint32_t)(s[i] - 'a');
        plain = plain && (is_digit(s[i]) || is_letter(s[i]));
        if (plain) lem_buf_add(&b, out, (size_t)lem_utf8_encode(cp, out));
    }
    if (plain) element(p, "mi", lem_buf_str(&b), b.len);
    else {
        p->at = before;
        argument(p);
    }
    p->out->failed = p->out->failed || b.failed;
    lem_buf_release(&b);
}

static void marked(parser *p, const lem_math_mark *m) {
    bool bar = strcmp(m->text, "‾") == 0; /* drawn by the style sheet: no font stretches it */
    if (bar) lem_buf_puts(p->out, "<mover class=\"bar\">");
    else lem_buf_puts(p->out, m->over ? "<mover>" : "<munder>");
    argument(p);
    element(p, "mo", m->text, strlen(m->text));
    lem_buf_puts(p->out, m->over ? "</mover>" : "</munder>");
}

/* The delimiter behind \left or \right; "." is none. */
static void delimiter(parser *p) {
    const char *name;
    skip_space(p);
    if (p->at >= p->n) {
        p->failed = true;
        return;
    }
    if (p->s[p->at] != '\\') {
        if (p->s[p->at] != '.') element(p, "mo", p->s + p->at, 1);
        else lem_buf_puts(p->out, "<mo></mo>");
        p->at++;
        return;
    }
    size_t n = command(p, &name);
    const lem_math_name *x = lem_math_find(name, n);
    p->at += 1 + n;
    if (!x || x->kind != 'o') p->failed = true;
    else element(p, "mo", x->text, strlen(x->text));
}

static void fenced(parser *p) {
    lem_buf_puts(p->out, "<mrow>");
    delimiter(p);
    sequence(p);
    if (!at_command(p, "right")) {
        p->failed = true;
        return;
    }
    p->at += strlen("\\right");
    delimiter(p);
    lem_buf_puts(p->out, "</mrow>");
}

/* \hline, and the space of \\[2pt]. */
static void skip_between_rows(parser *p) {
    skip_space(p);
    if (p->at < p->n && p->s[p->at] == '[') {
        const char *close = memchr(p->s + p->at, ']', p->n - p->at);
        if (close) p->at = (size_t)(close - p->s) + 1;
    }
    skip_space(p);
    while (at_command(p, "hline")) {
        p->at += strlen("\\hline");
        skip_space(p);
    }
}

static void rows(parser *p) {
    lem_buf_puts(p->out, "<mtable><mtr><mtd>");
    skip_between_rows(p);
    while (!p->failed && p->at < p->n && !at_command(p, "end")) {
        sequence(p);
        if (p->at < p->n && p->s[p->at] == '&') {
            p->at++;
            lem_buf_puts(p->out, "</mtd><mtd>");
        } else if (at_command(p, "\\")) {
            p->at += 2;
            skip_between_rows(p);
            if (!at_command(p, "end")) lem_buf_puts(p->out, "</mtd></mtr><mtr><mtd>");
        } else if (!at_command(p, "end")) p->failed = true;
    }
    lem_buf_puts(p->out, "</mtd></mtr></mtable>");
}

static void environment(parser *p) {
    const char *s, *e;
    size_t n, m;
    if (!raw_argument(p, &s, &n)) return;
    const lem_math_table *t = lem_math_find_table(s, n);
    if (!t) {
        p->failed = true;
        return;
    }
    bool columns = is_one_of(s, n, "array tabular alignedat");
    if (columns && !raw_argument(p, &e, &m)) return;
    lem_buf_puts(p->out, "<mrow>");
    if (*t->left) element(p, "mo", t->left, strlen(t->left));
    rows(p);
    if (*t->right) element(p, "mo", t->right, strlen(t->right));
    lem_buf_puts(p->out, "</mrow>");
    if (!at_command(p, "end")) {
        p->failed = true;
        return;
    }
    p->at += strlen("\\end");
    if (raw_argument(p, &e, &m) && (m != n || memcmp(e, s, n) != 0)) p->failed = true;
}

static void modulus(parser *p) {
    lem_buf_puts(p->out, "<mrow><mspace width=\"1em\"/><mo>(</mo><mi>mod</mi><mspace width=\"0.3em\"/>");
    argument(p);
    lem_buf_puts(p->out, "<mo>)</mo></mrow>");
}

static void plain_modulus(parser *p) {
    lem_buf_puts(p->out, "<mspace width=\"1em\"/><mi>mod</mi><mspace width=\"0.3em\"/>");
}

/* \hspace{1cm} */
static void space(parser *p) {
    const char *s;
    size_t n;
    (void)take(p, '*');
    if (!raw_argument(p, &s, &n)) return;
    size_t digits = 0;
    while (digits < n && (is_digit(s[digits]) || s[digits] == '.')) digits++;
    bool known = digits > 0 && is_one_of(s + digits, n - digits, "em ex cm mm pt in");
    if (known) lem_buf_printf(p->out, "<mspace width=\"%.*s\"/>", (int)n, s);
    else p->failed = true;
}

/* \not= and the like, which have a sign of their own. */
static void negated(parser *p) {
    static const char *const pair[][2] = {{"=", "≠"},        {"<", "≮"},   {">", "≯"},      {"in", "∉"},
                                          {"equiv", "≢"},    {"mid", "∤"}, {"subset", "⊄"}, {"subseteq", "⊈"},
                                          {"parallel", "∦"}, {"sim", "≁"}, {"approx", "≉"}, {"exists", "∄"}};
    skip_space(p);
    for (size_t i = 0; i < sizeof pair / sizeof *pair; i++) {
        bool sign = !is_letter(*pair[i][0]);
        bool here = sign ? p->at < p->n && p->s[p->at] == *pair[i][0] : at_command(p, pair[i][0]);
        if (!here) continue;
        p->at += sign ? 1 : 1 + strlen(pair[i][0]);
        element(p, "mo", pair[i][1], strlen(pair[i][1]));
        return;
    }
    p->failed = true;
}

static void wrapped(parser *p, const char *open, const char *close) {
    lem_buf_puts(p->out, open);
    argument(p);
    lem_buf_puts(p->out, close);
}

/* Letters of another kind; false where the name is none of them. */
static bool style(parser *p, const char *name, size_t n) {
    if (is_one_of(name, n, "mathbb")) blackboard(p);
    else if (is_one_of(name, n, "mathbf bold boldsymbol bm")) bold(p);
    else if (is_one_of(name, n, "mathcal mathit mathsf")) argument(p);
    else return false;
    return true;
}

/* Rarer ones. */
static bool detail(parser *p, const char *name, size_t n) {
    if (is_one_of(name, n, "big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr bigm Bigm"))
        delimiter(p);
    else if (is_one_of(name, n, "mod")) plain_modulus(p);
    else if (is_one_of(name, n, "hspace")) space(p);
    else if (is_one_of(name, n, "not")) negated(p);
    else return false;
    return true;
}

/* Commands that read what follows; false where the name is none of them. */
static bool structure(parser *p, const char *name, size_t n) {
    const lem_math_mark *m = lem_math_find_mark(name, n);
    if (is_one_of(name, n, "frac dfrac tfrac cfrac")) fraction(p, false);
    else if (is_one_of(name, n, "binom dbinom tbinom")) fraction(p, true);
    else if (is_one_of(name, n, "sqrt")) root(p);
    else if (is_one_of(name, n, "text textbf textit textrm textnormal mbox")) text(p, "mtext");
    else if (is_one_of(name, n, "operatorname mathrm")) text(p, "mi");
    else if (is_one_of(name, n, "left")) fenced(p);
    else if (is_one_of(name, n, "begin")) environment(p);
    else if (is_one_of(name, n, "pmod")) modulus(p);
    else if (is_one_of(name, n, "boxed fbox")) wrapped(p, "<mrow class=\"boxed\">", "</mrow>");
    else if (is_one_of(name, n, "phantom hphantom vphantom")) wrapped(p, "<mphantom>", "</mphantom>");
    else if (m && *m->text) marked(p, m);
    else return style(p, name, n) || detail(p, name, n);
    return true;
}

/* A command as one item; *limits: its scripts go below and above. */
static void command_item(parser *p, bool *limits) {
    const char *name;
    size_t n = command(p, &name);
    p->at += 1 + n;
    if (n == 0 || structure(p, name, n)) {
        if (n == 0) p->failed = true;
        return;
    }
    const lem_math_name *x = lem_math_find(name, n);
    if (!x) {
        p->failed = true;
        return;
    }
    *limits = x->kind == 'b';
    bool word = is_letter(*x->text);
    if (x->kind == 'i' || x->kind == 'f') element(p, "mi", x->text, strlen(x->text));
    else if (x->kind == 'n') element(p, "mn", x->text, strlen(x->text));
    else if (x->kind == 's' && *x->text) lem_buf_printf(p->out, "<mspace width=\"%s\"/>", x->text);
    else if (x->kind == 'o' && is_one_of(x->text, strlen(x->text), "{ } [ ] | ‖ ⌊ ⌋ ⌈ ⌉ ⟨ ⟩"))
        bracket(p, x->text, strlen(x->text));
    else if (x->kind == 'o' || x->kind == 'b') element(p, word ? "mi" : "mo", x->text, strlen(x->text));
    else lem_buf_puts(p->out, "<mrow></mrow>");
}

/* A digit, or a point or comma with a digit behind it. */
static bool in_number(const parser *p) {
    char c = p->s[p->at];
    return is_digit(c) || ((c == '.' || c == ',') && p->at + 1 < p->n && is_digit(p->s[p->at + 1]));
}

static void number(parser *p) {
    size_t from = p->at++;
    while (p->at < p->n && in_number(p)) p->at++;
    bool ends = p->at + 1 >= p->n || p->s[p->at + 1] != '.';
    p->at += p->at < p->n && p->s[p->at] == '.' && ends; /* 0.\overline{3}, and a full stop */
    element(p, "mn", p->s + from, p->at - from);
}

/* What was written last is an operator that opens or relates: a minus behind it is a sign. */
static bool behind_operator(const parser *p) {
    static const char end[] = "</mo>";
    size_t n = p->out->len, m = sizeof end - 1;
    if (p->out->failed || n <= m || memcmp(p->out->data + n - m, end, m) != 0) return false;
    return !strchr(")]}|!", p->out->data[n - m - 1]);
}

static void character(parser *p) {
    uint32_t cp;
    char c = p->s[p->at];
    int n = lem_utf8_decode(p->s + p->at, p->n - p->at, &cp);
    if (n <= 0 || c == '$' || c == '#' || c == '%' || c == '^' || c == '_') {
        p->failed = true;
        return;
    }
    if (is_letter(c) || n > 1) element(p, "mi", p->s + p->at, (size_t)n);
    else if (strchr("()[]|", c)) bracket(p, p->s + p->at, 1);
    else if (c == '.') element(p, "mi", ".", 1); /* an operator has space around it */
    else if (c == '-' && behind_operator(p)) lem_buf_puts(p->out, "<mo form=\"prefix\">\xe2\x88\x92</mo>");
    else if (c == '-') element(p, "mo", "\xe2\x88\x92", 3);
    else element(p, "mo", p->s + p->at, 1);
    p->at += (size_t)n;
}

static void nucleus(parser *p, bool *limits) {
    char c = p->s[p->at];
    *limits = false;
    if (c == '{') argument(p);
    else if (c == '\\') command_item(p, limits);
    else if (is_digit(c) || (c == '.' && p->at + 1 < p->n && is_digit(p->s[p->at + 1]))) number(p);
    else character(p);
}

static void primes(parser *p, size_t from) {
    size_t n = 0;
    while (p->at < p->n && p->s[p->at] == '\'') p->at++, n++;
    if (!n) return;
    insert(p, from, "<msup>");
    lem_buf_puts(p->out, "<mo>");
    for (size_t i = 0; i < n; i++) lem_buf_puts(p->out, "\xe2\x80\xb2");
    lem_buf_puts(p->out, "</mo></msup>");
}

/* Scripts of what was written since `from`: the lower one first, as MathML wants it. */
static void scripts(parser *p, size_t from, bool limits) {
    lem_buf upper = {0};
    bool low = false, high = false;
    for (int k = 0; k < 2 && !p->failed; k++) {
        skip_space(p);
        if (p->at >= p->n || (p->s[p->at] != '^' && p->s[p->at] != '_')) break;
        bool up = p->s[p->at++] == '^';
        if (up ? high : low) p->failed = true;
        if (!up) {
            low = true;
            argument(p);
            continue;
        }
        high = true;
        size_t start = p->out->len;
        argument(p);
        lem_buf_add(&upper, lem_buf_str(p->out) + start, p->out->len - start);
        if (!p->out->failed) p->out->data[p->out->len = start] = '\0';
    }
    static const char *const tags[2][4] = {{"", "msub", "msup", "msubsup"},
                                           {"", "munder", "mover", "munderover"}};
    int which = low + 2 * high;
    if (which) {
        char open[24];
        const char *tag = tags[limits && p->display][which];
        size_t n = strlen(tag);
        memcpy(open + 1, tag, n);
        open[0] = '<';
        memcpy(open + 1 + n, ">", 2);
        insert(p, from, open);
        lem_buf_add(p->out, lem_buf_str(&upper), upper.len);
        lem_buf_printf(p->out, "</%s>", tag);
    }
    p->out->failed = p->out->failed || upper.failed;
    lem_buf_release(&upper);
}

/* \sin and the like. */
static bool at_function(const parser *p) {
    const char *name;
    size_t n = p->s[p->at] == '\\' ? command(p, &name) : 0;
    const lem_math_name *x = n ? lem_math_find(name, n) : NULL;
    return x && x->kind == 'f';
}

/* Between a function and what it is of, unless that stands in brackets. */
static void function_space(parser *p) {
    skip_space(p);
    bool letter = p->at < p->n && (is_letter(p->s[p->at]) || is_digit(p->s[p->at]));
    bool name = p->at + 1 < p->n && p->s[p->at] == '\\' && is_letter(p->s[p->at + 1]) && !at_end(p) &&
                !at_command(p, "left") && !at_command(p, "cdot") && !at_command(p, "times");
    if (letter || name) lem_buf_puts(p->out, "<mspace width=\"0.17em\"/>");
}

static void item(parser *p) {
    bool limits, function = false;
    if (++p->depth > MAX_DEPTH) p->failed = true;
    skip_space(p);
    if (!p->failed && p->at < p->n) {
        size_t from = p->out->len;
        function = at_function(p);
        if (p->s[p->at] == '^' || p->s[p->at] == '_') {
            lem_buf_puts(p->out, "<mrow></mrow>"); /* ^\circ behind nothing */
            limits = false;
        } else nucleus(p, &limits);
        if (!p->failed) primes(p, from);
        if (!p->failed) scripts(p, from, limits);
        if (!p->failed && function) function_space(p);
    }
    p->depth--;
}

/* {a \over b}, {n \choose k}: what was written since `from` stands above the rest of its group. */
static bool infix(parser *p, size_t from) {
    bool over = at_command(p, "over"), choose = at_command(p, "choose");
    if (!over && !choose) return false;
    p->at += over ? strlen("\\over") : strlen("\\choose");
    insert(p, from, over ? "<mfrac><mrow>" : "<mrow><mo>(</mo><mfrac linethickness=\"0\"><mrow>");
    lem_buf_puts(p->out, "</mrow><mrow>");
    sequence(p);
    lem_buf_puts(p->out, over ? "</mrow></mfrac>" : "</mrow></mfrac><mo>)</mo></mrow>");
    return true;
}

static void sequence(parser *p) {
    size_t from = p->out->len;
    if (++p->depth > MAX_DEPTH) p->failed = true;
    for (skip_space(p); !p->failed && !at_end(p); skip_space(p)) {
        size_t before = p->at;
        if (infix(p, from)) break;
        item(p);
        if (p->at == before) p->failed = true; /* what reads nothing would never end */
    }
    p->depth--;
}

/* Lines that end in \\ outside of a table are rows of one. */
static void lines(parser *p) {
    size_t from = p->out->len;
    sequence(p);
    if (p->failed || p->out->len == from || !at_command(p, "\\")) return;
    insert(p, from, "<mtable class=\"lines\"><mtr><mtd>");
    while (!p->failed && at_command(p, "\\")) {
        p->at += 2;
        skip_between_rows(p);
        if (p->at == p->n) break;
        lem_buf_puts(p->out, "</mtd></mtr><mtr><mtd>");
        sequence(p);
    }
    lem_buf_puts(p->out, "</mtd></mtr></mtable>");
}

bool lem_mathml(const char *latex, size_t len, bool display, lem_buf *out) {
    size_t start = out->len;
    parser p = {.s = latex, .n = len, .out = out, .display = display};
    lem_buf_puts(out, display ? "<math display=\"block\"><mrow>" : "<math><mrow>");
    lines(&p);
    lem_buf_puts(out, "</mrow></math>");
    if (!p.failed && p.at == len) return true;
    if (!out->failed) out->data[out->len = start] = '\0';
    return false;
}
