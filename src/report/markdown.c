/* markdown.c - Markdown with mathematics to HTML: a source for md4c, and what it calls */
#include "report/markdown.h"

#include "core/mem.h"
#include "report/escape.h"
#include "report/mathml.h"

#include <md4c.h>
#include <string.h>

enum { MAX_DEPTH = 32, MAX_GROWTH = 64, MAX_TEXT = 1 << 20, PIECE_BEGIN = 1, PIECE_END = 2 };

typedef struct piece { /* mathematics that is set aside */
    const char *s;
    lem_math_segment m;
} piece;

typedef struct text {
    const char *s;
    size_t n;
    lem_buf source; /* for md4c: a piece is PIECE_BEGIN, its number, PIECE_END */
    piece *pieces;
    size_t n_pieces, cap;
    bool failed;
    lem_buf *out;
    size_t begin; /* of the output */
    int depth;
    MD_SPANTYPE open[MAX_DEPTH + 1]; /* [n_open] spans with a tag of their own */
    int n_open;
} text;

/* ---- the source ---- */

static bool is_punctuation(char c) {
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
           (c >= '{' && c <= '~');
}

static bool is_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void set_aside(text *t, size_t at, const lem_math_segment *m) {
    if (t->n_pieces == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 16;
        piece *grown = lem_realloc(t->pieces, cap, sizeof *grown, NULL);
        if (!grown) {
            t->failed = true;
            return;
        }
        t->pieces = grown;
        t->cap = cap;
    }
    t->pieces[t->n_pieces] = (piece){t->s + at, *m};
    lem_buf_printf(&t->source, "%c%zu%c", PIECE_BEGIN, t->n_pieces++, PIECE_END);
}

/* How often c stands at `at`. */
static size_t run(const text *t, size_t at, char c) {
    size_t n = 0;
    while (at + n < t->n && t->s[at + n] == c) n++;
    return n;
}

/* Behind the code that begins at `at` with backticks: a span, or a fence to its line or the end. */
static size_t code_end(const text *t, size_t at) {
    size_t ticks = run(t, at, '`');
    size_t most = ticks < 3 && t->n - at > LEM_MATH_MOST ? at + LEM_MATH_MOST : t->n;
    for (size_t i = at + ticks; i < most;) {
        size_t k = run(t, i, '`');
        if (k == ticks || (k > ticks && ticks >= 3)) return i + k;
        i += k ? k : 1;
    }
    return ticks >= 3 ? t->n : at + ticks;
}

/* ``so'': the quotes of LaTeX, not code. */
static bool is_quote(const text *t, size_t at) {
    size_t i = at + 2;
    if (run(t, at, '`') != 2) return false;
    while (i + 1 < t->n && t->s[i] != '`' && t->s[i] != '\n' && memcmp(t->s + i, "''", 2) != 0) i++;
    return i + 1 < t->n && memcmp(t->s + i, "''", 2) == 0;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool ends_factor(char c) { return is_word(c) || (c && strchr(")]}.%", c)); }

static bool begins_factor(char c) { return is_word(c) || (c && strchr("([{\\$-", c)); }

/* Stars between factors: 2*3*4, (a)*(b), 10**9. */
static bool is_times(const text *t, size_t at, size_t stars) {
    char before = at ? t->s[at - 1] : ' ';
    char behind = at + stars < t->n ? t->s[at + stars] : ' ';
    if (stars == 1) return ends_factor(before) && begins_factor(behind);
    return stars == 2 && is_digit(before) && is_digit(behind);
}

/* "#### 72" at the beginning of a line: GSM8K marks its answers so, and a heading would hide the mark. */
static bool is_gsm8k_mark(const text *t, size_t at) {
    return (at == 0 || t->s[at - 1] == '\n') && run(t, at, '#') == 4;
}

static void copy_control(text *t, char c) {
    bool space = c == '\n' || c == '\t';
    if (space) lem_buf_putc(&t->source, c);
    else if (c != '\r') lem_buf_puts(&t->source, "\xef\xbf\xbd");
}

static size_t copy_stars(text *t, size_t at) {
    size_t stars = run(t, at, '*');
    const char *as = is_times(t, at, stars) ? "\\*" : "*";
    for (size_t i = 0; i < stars; i++) lem_buf_puts(&t->source, as);
    return stars;
}

/* A backslash: of Markdown before its own signs, else one that is to be seen. */
static size_t copy_backslash(text *t, size_t at) {
    char next = at + 1 < t->n ? t->s[at + 1] : ' ';
    bool escape = next && strchr("*_`#$|", next);
    if (escape) lem_buf_add(&t->source, t->s + at, 2);
    else lem_buf_puts(&t->source, is_punctuation(next) ? "\\\\" : "\\");
    return escape ? 2 : 1;
}

/* Copies what stands at `at`, and returns how many bytes that was. */
static size_t copy_one(text *t, size_t at) {
    char c = t->s[at];
    bool definition = c == ']' && at + 1 < t->n && t->s[at + 1] == ':'; /* of a link: it would vanish */
    if (c == '*') return copy_stars(t, at);
    if (c == '\\') return copy_backslash(t, at);
    if ((unsigned char)c < ' ' || c == 0x7f) copy_control(t, c);
    else if (definition) lem_buf_puts(&t->source, "]\\:");
    else if (is_gsm8k_mark(t, at)) lem_buf_puts(&t->source, "\\#");
    else lem_buf_putc(&t->source, c);
    return definition ? 2 : 1;
}

static void make_source(text *t) {
    for (size_t at = 0; at < t->n && !t->failed;) {
        lem_math_segment m;
        if (is_quote(t, at)) {
            lem_buf_puts(&t->source, "\\`\\`");
            at += 2;
        } else if (t->s[at] == '`') {
            for (size_t end = code_end(t, at); at < end; at++) {
                bool control = (unsigned char)t->s[at] < ' ' || t->s[at] == 0x7f;
                if (control) copy_control(t, t->s[at]);
                else lem_buf_putc(&t->source, t->s[at]);
            }
        } else if (lem_mathml_segment(t->s + at, t->n - at, &m)) {
            set_aside(t, at, &m);
            at += m.whole;
        } else at += copy_one(t, at);
    }
    t->failed = t->failed || t->source.failed || t->source.len > MAX_TEXT;
}

/* ---- what md4c finds ---- */

static void put_piece(text *t, const piece *p, bool code) {
    const lem_math_segment *m = &p->m;
    if (code || !lem_mathml(p->s + m->from, m->len, m->display, t->out))
        lem_escape_html(t->out, p->s, m->whole);
}

static void put(text *t, const char *s, size_t n, bool code) {
    size_t from = 0;
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        if (s[i] != PIECE_BEGIN) continue;
        lem_escape_html(t->out, s + from, i - from);
        for (i++; i < n && s[i] != PIECE_END; i++) k = 10 * k + (size_t)(s[i] - '0');
        if (k < t->n_pieces) put_piece(t, &t->pieces[k], code);
        from = i + 1;
    }
    if (from < n) lem_escape_html(t->out, s + from, n - from);
}

/* 0, or what stops md4c, which goes on after a positive number. */
static int going(const text *t) {
    size_t made = t->out->len - t->begin;
    bool stop = t->depth > MAX_DEPTH || t->out->failed || made > MAX_GROWTH * (t->n + 64);
    return stop ? -1 : 0;
}

static void open_cell(text *t, const char *tag, const MD_BLOCK_TD_DETAIL *d) {
    static const char *const align[] = {"", "", " class=\"mid\"", " class=\"num\""};
    lem_buf_printf(t->out, "<%s%s>", tag, align[d->align]);
}

static int enter_block(MD_BLOCKTYPE type, void *detail, void *user) {
    text *t = user;
    lem_buf *b = t->out;
    t->depth++;
    switch (type) {
    case MD_BLOCK_QUOTE: lem_buf_puts(b, "<blockquote>"); break;
    case MD_BLOCK_UL:
        lem_buf_printf(b, "<ul class=\"%s\">",
                       ((MD_BLOCK_UL_DETAIL *)detail)->mark == '*'   ? "star"
                       : ((MD_BLOCK_UL_DETAIL *)detail)->mark == '+' ? "plus"
                                                                     : "dash");
        break;
    case MD_BLOCK_OL: lem_buf_printf(b, "<ol start=\"%u\">", ((MD_BLOCK_OL_DETAIL *)detail)->start); break;
    case MD_BLOCK_LI: lem_buf_puts(b, "<li>"); break;
    case MD_BLOCK_HR: lem_buf_puts(b, "<hr>"); break;
    case MD_BLOCK_H: lem_buf_puts(b, "<p class=\"head\">"); break;
    case MD_BLOCK_CODE: lem_buf_puts(b, "<pre>"); break;
    case MD_BLOCK_P: lem_buf_puts(b, "<p>"); break;
    case MD_BLOCK_TABLE: lem_buf_puts(b, "<div class=\"wide\"><table>"); break;
    case MD_BLOCK_THEAD: lem_buf_puts(b, "<thead>"); break;
    case MD_BLOCK_TBODY: lem_buf_puts(b, "<tbody>"); break;
    case MD_BLOCK_TR: lem_buf_puts(b, "<tr>"); break;
    case MD_BLOCK_TH: open_cell(t, "th", detail); break;
    case MD_BLOCK_TD: open_cell(t, "td", detail); break;
    default: break; /* the document; HTML is off */
    }
    return going(t);
}

/* The name of a span's tag; NULL = it has none. */
static const char *tag_of(MD_SPANTYPE type) {
    if (type == MD_SPAN_EM) return "em";
    if (type == MD_SPAN_STRONG) return "strong";
    return type == MD_SPAN_CODE ? "code" : NULL;
}

/* Closes the spans opened last, down to `left`. */
static void close_spans(text *t, int left) {
    while (t->n_open > left) lem_buf_printf(t->out, "</%s>", tag_of(t->open[--t->n_open]));
}

/* md4c (0.4.8) ends emphasis that it never began where marks cross a link and an image. */
static void close_span(text *t, MD_SPANTYPE type) {
    int at = t->n_open - 1;
    while (at >= 0 && t->open[at] != type) at--;
    if (at >= 0) close_spans(t, at);
}

static int leave_block(MD_BLOCKTYPE type, void *detail, void *user) {
    static const char *const closing[] = {[MD_BLOCK_QUOTE] = "</blockquote>",
                                          [MD_BLOCK_UL] = "</ul>",
                                          [MD_BLOCK_OL] = "</ol>",
                                          [MD_BLOCK_LI] = "</li>",
                                          [MD_BLOCK_H] = "</p>",
                                          [MD_BLOCK_CODE] = "</pre>",
                                          [MD_BLOCK_P] = "</p>",
                                          [MD_BLOCK_TABLE] = "</table></div>",
                                          [MD_BLOCK_THEAD] = "</thead>",
                                          [MD_BLOCK_TBODY] = "</tbody>",
                                          [MD_BLOCK_TR] = "</tr>",
                                          [MD_BLOCK_TH] = "</th>",
                                          [MD_BLOCK_TD] = "</td>"};
    text *t = user;
    (void)detail;
    t->depth--;
    close_spans(t, 0);
    if ((size_t)type < sizeof closing / sizeof *closing && closing[type]) lem_buf_puts(t->out, closing[type]);
    return going(t);
}

static int enter_span(MD_SPANTYPE type, void *detail, void *user) {
    text *t = user;
    (void)detail;
    t->depth++;
    if (tag_of(type) && t->n_open <= MAX_DEPTH) {
        lem_buf_printf(t->out, "<%s>", tag_of(type));
        t->open[t->n_open++] = type;
    }
    return going(t);
}

static void put_address(text *t, const MD_ATTRIBUTE *a) {
    if (!a->size) return;
    lem_buf_puts(t->out, " (");
    put(t, a->text, a->size, true);
    lem_buf_putc(t->out, ')');
}

static int leave_span(MD_SPANTYPE type, void *detail, void *user) {
    text *t = user;
    t->depth--;
    if (tag_of(type)) close_span(t, type);
    else if (type == MD_SPAN_A) put_address(t, &((MD_SPAN_A_DETAIL *)detail)->href);
    else if (type == MD_SPAN_IMG) put_address(t, &((MD_SPAN_IMG_DETAIL *)detail)->src);
    return going(t);
}

static int add_text(MD_TEXTTYPE type, const MD_CHAR *s, MD_SIZE n, void *user) {
    text *t = user;
    if (type == MD_TEXT_BR || type == MD_TEXT_SOFTBR) lem_buf_puts(t->out, "<br>\n");
    else put(t, s, n, type == MD_TEXT_CODE);
    return going(t);
}

void lem_markdown(const char *s, size_t n, lem_buf *out) {
    static const MD_PARSER parser = {.flags = MD_FLAG_NOHTML | MD_FLAG_TABLES | MD_FLAG_NOINDENTEDCODEBLOCKS,
                                     .enter_block = enter_block,
                                     .leave_block = leave_block,
                                     .enter_span = enter_span,
                                     .leave_span = leave_span,
                                     .text = add_text};
    text t = {.s = s, .n = n, .out = out, .begin = out->len};
    lem_buf_puts(out, "<div class=\"md\">");
    make_source(&t);
    bool read = !t.failed && md_parse(lem_buf_str(&t.source), (MD_SIZE)t.source.len, &parser, &t) == 0;
    if (read) lem_buf_puts(out, "</div>");
    else if (!out->failed) {
        out->data[out->len = t.begin] = '\0';
        lem_buf_puts(out, "<pre>");
        lem_mathml_text(s, n, out);
        lem_buf_puts(out, "</pre>");
    }
    lem_buf_release(&t.source);
    lem_free(t.pieces);
}
