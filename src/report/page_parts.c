/* page_parts.c - texts of an example as HTML: Markdown, mathematics, and a map of the scores of its steps */
#include "report/page_priv.h"

#include "core/utf8.h"
#include "report/escape.h"
#include "report/markdown.h"
#include "report/mathml.h"

#include <math.h>
#include <string.h>

enum { MAX_STEPS = 256, COLOURS = 5 };

typedef struct steps {
    const double *score;
    int n;             /* scores */
    int lowest;        /* -1: none, or all alike */
    bool coloured;     /* all lie in 0..1 */
    const char *begin; /* of the text that the pieces are of */
    size_t from[MAX_STEPS + 1], len[MAX_STEPS + 1];
    int pieces; /* 0: the text could not be told into steps */
} steps;

/* The pieces of text between separators that are not white space; more than `most` are not wanted. */
static int split(steps *s, const char *text, const char *separator, int most) {
    int n = 0;
    size_t k = strlen(separator);
    for (const char *p = text; p;) {
        const char *end = strstr(p, separator), *from = p, *to = end ? end : p + strlen(p);
        p = end ? end + k : NULL;
        while (from < to && lem_is_space(*from)) from++;
        while (to > from && lem_is_space(to[-1])) to--;
        if (from == to) continue;
        if (n == most) return most + 1;
        s->from[n] = (size_t)(from - text);
        s->len[n++] = (size_t)(to - from);
    }
    return n;
}

static void find_pieces(steps *s, const char *text) {
    static const char *const separators[] = {"\n\n", "\n"};
    for (int unfinished = 0; unfinished < 2; unfinished++)
        for (size_t i = 0; i < sizeof separators / sizeof *separators; i++) {
            s->pieces = split(s, text, separators[i], s->n + unfinished);
            if (s->pieces == s->n + unfinished) return;
        }
    s->pieces = 0;
}

static void look_at(steps *s, const lem_example_part *part) {
    double lo = INFINITY, hi = -INFINITY;
    s->score = part->steps;
    s->n = part->n_steps < MAX_STEPS ? part->n_steps : MAX_STEPS;
    s->lowest = -1;
    s->coloured = true;
    for (int i = 0; i < s->n; i++) {
        double v = s->score[i];
        s->coloured = s->coloured && v >= 0 && v <= 1;
        if (v < lo) s->lowest = i;
        lo = fmin(lo, v);
        hi = fmax(hi, v);
    }
    if (!(lo < hi)) s->lowest = -1;
    s->begin = part->text;
    s->pieces = 0;
    if (part->n_steps <= MAX_STEPS) find_pieces(s, part->text);
}

static void put_score(lem_buf *out, const steps *s, int i) {
    if (i >= s->n || !isfinite(s->score[i])) lem_buf_puts(out, "<b>no score</b>");
    else lem_buf_printf(out, "<b>%.3g%s</b>", s->score[i], i == s->lowest ? " lowest" : "");
}

static void open_step(lem_buf *out, const steps *s, int i) {
    int colour = s->coloured && i < s->n ? (int)(s->score[i] * COLOURS) : -1;
    if (colour == COLOURS) colour--;
    if (colour >= 0) lem_buf_printf(out, "<li class=\"q%d\">", colour);
    else lem_buf_puts(out, "<li>");
    put_score(out, s, i);
}

static void put_map(lem_buf *out, const steps *s) {
    lem_buf_puts(out, "<ol class=\"map\" aria-label=\"scores of the steps\">");
    for (int i = 0; i < s->n; i++) {
        open_step(out, s, i);
        lem_buf_puts(out, "</li>");
    }
    lem_buf_puts(out, "</ol>");
}

static void put_steps(lem_buf *out, const steps *s, size_t len) {
    lem_buf_puts(out, "<ol class=\"steps\" aria-label=\"steps with their scores\">");
    for (int i = 0; i < s->pieces; i++) {
        size_t keep = s->from[i] < len ? len - s->from[i] : 0;
        open_step(out, s, i);
        if (keep) lem_markdown(s->begin + s->from[i], keep < s->len[i] ? keep : s->len[i], out);
        lem_buf_puts(out, "</li>");
    }
    lem_buf_puts(out, "</ol>");
}

/* Up to len bytes, without a broken character at the end. */
static size_t whole_characters(const char *text, size_t len) {
    while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) len--;
    return len;
}

static void put_body(lem_buf *out, const lem_example_part *p) {
    size_t all = strlen(p->text), len = p->len && p->len < all ? whole_characters(p->text, p->len) : all;
    steps s = {.n = 0};
    if (p->n_steps > 0) look_at(&s, p);
    if (s.pieces) put_steps(out, &s, len);
    else {
        if (s.n) put_map(out, &s);
        lem_markdown(p->text, len, out);
    }
    size_t more = p->more + all - len;
    if (more) {
        lem_buf_printf(out, "<p class=\"more\">\xe2\x80\xa6 %zu bytes more", more);
        if (p->where) {
            lem_buf_puts(out, " in ");
            lem_escape_html(out, p->where, strlen(p->where));
        }
        lem_buf_puts(out, "</p>");
    }
}

void lem_page_put_answer(lem_buf *out, const char *answer) {
    size_t n = strlen(answer);
    bool dollars = memchr(answer, '$', n) != NULL;
    bool latex = !dollars && (memchr(answer, '\\', n) || memchr(answer, '^', n) || memchr(answer, '_', n));
    if (!latex || !lem_mathml(answer, n, false, out)) lem_mathml_text(answer, n, out);
}

/* "1/2 · candidate 3 · …"; what is nothing but an answer has its label first. */
static void put_head(lem_buf *out, const lem_example_part *p) {
    static const char dot[] = " \xc2\xb7 ";
    bool alone = !*p->text;
    if (alone || !p->answer) lem_escape_html(out, p->label, strlen(p->label));
    if (!p->answer) return;
    lem_buf_printf(out, "%s<b>", alone ? dot : "");
    lem_page_put_answer(out, p->answer);
    lem_buf_puts(out, "</b>");
    if (alone) return;
    lem_buf_puts(out, dot);
    lem_escape_html(out, p->label, strlen(p->label));
}

void lem_page_put_parts(lem_buf *out, const lem_example_part *parts, int n) {
    static const char *const tone[] = {"part", "part good", "part bad"};
    for (int i = 0; i < n; i++) {
        lem_buf_printf(out, "<div class=\"%s\"><span>", tone[parts[i].tone]);
        put_head(out, &parts[i]);
        lem_buf_puts(out, "</span>");
        if (*parts[i].text) put_body(out, &parts[i]);
        lem_buf_puts(out, "</div>\n");
    }
}
