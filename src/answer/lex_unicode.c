/* lex_unicode.c - characters that are no ASCII, and whether a text is plain language */
#include "answer/lexer_priv.h"

#include "core/utf8.h"

/* A run of superscript characters is one exponent. */
static void lex_superscript(lexer *x, size_t from, char first) {
    char *t = x->digits;
    size_t k = 0;
    bool minus = first == '-', letters = false;
    if (!minus) t[k++] = first;
    letters = first == 'n';
    for (;;) {
        uint32_t cp;
        int step = x->i < x->n ? lem_utf8_decode(x->s + x->i, x->n - x->i, &cp) : 0;
        lex_char c = step > 0 ? lem_lex_char(cp) : (lex_char){LEX_CHAR_OTHER, 0, NULL};
        if (c.kind != LEX_CHAR_SUPER || letters || !lex_digit(c.op)) break;
        t[k++] = c.op;
        x->i += (size_t)step;
    }
    if (k == 0) {
        x->out->bad = true;
        return;
    }
    x->digits += k;
    lem_lex_push_op(x, '^', from);
    if (minus) lem_lex_push_op(x, '{', from), lem_lex_push_op(x, '-', from);
    lem_lex_push_named(x, letters ? TOK_SYM : TOK_NUM, t, k, from, false);
    if (minus) lem_lex_push_op(x, '}', from);
}

static bool is_wide_digit(uint32_t cp) { return cp >= 0xff10 && cp <= 0xff19; }

/* A full-width digit, joined to the digits before it. */
static void lex_wide_digit(lexer *x, uint32_t cp, size_t from) {
    *x->digits = (char)('0' + (cp - 0xff10));
    lem_lex_push_named(x, TOK_NUM, x->digits++, 1, from, false);
    lex_tok *t = x->out->tok + x->out->n - 1;
    if (x->out->n > 1 && t[-1].kind == TOK_NUM && !t->space && t[-1].text + t[-1].len == t->text)
        t[-1].len++, x->out->n--;
}

/* Other scripts: the whole run is one word. */
static void lex_other_script(lexer *x, size_t from) {
    while (x->i < x->n && (x->s[x->i] & 0x80)) {
        uint32_t cp;
        int k = lem_utf8_decode(x->s + x->i, x->n - x->i, &cp);
        if (k <= 0 || lem_lex_char(cp).kind != LEX_CHAR_OTHER || is_wide_digit(cp)) break;
        x->i += (size_t)k;
    }
    lem_lex_push_named(x, TOK_WORD, x->s + from, x->i - from, from, false);
}

void lem_lex_unicode(lexer *x) {
    uint32_t cp;
    size_t from = x->i;
    int k = lem_utf8_decode(x->s + x->i, x->n - x->i, &cp);
    if (k <= 0) {
        x->out->bad = true;
        x->i++;
        return;
    }
    x->i += (size_t)k;
    if (is_wide_digit(cp)) {
        lex_wide_digit(x, cp, from);
        return;
    }
    lex_char c = lem_lex_char(cp);
    switch (c.kind) {
    case LEX_CHAR_OP:
        if (c.name) lem_lex_push_money(x, c.name, from);
        else lem_lex_push_op(x, c.op, from);
        return;
    case LEX_CHAR_SYMBOL: lem_lex_push_named(x, TOK_SYM, c.name, strlen(c.name), from, false); return;
    case LEX_CHAR_FUNCTION: lem_lex_push_named(x, TOK_FN, c.name, strlen(c.name), from, false); return;
    case LEX_CHAR_SPACE: x->space = true; return;
    case LEX_CHAR_SUPER: lex_superscript(x, from, c.op); return;
    case LEX_CHAR_SUB:
        *x->digits = c.op;
        lem_lex_push_op(x, '_', from);
        lem_lex_push_named(x, TOK_NUM, x->digits++, 1, from, false);
        return;
    case LEX_CHAR_FRACTION:
        lem_lex_push_named(x, TOK_FN, "frac", 4, from, true);
        lem_lex_push_named(x, TOK_NUM, c.name, 1, from, false);
        lem_lex_push_named(x, TOK_NUM, c.name + 1, 1, from, false);
        return;
    case LEX_CHAR_OTHER: lex_other_script(x, from);
    }
}

/* The length of a character that is no ASCII, where it may stand in language; else 0. A letter of a script is
 * as good as a word. */
static size_t language_char(const char *s, size_t n, size_t *run) {
    uint32_t cp;
    int k = lem_utf8_decode(s, n, &cp);
    if (k <= 0 || is_wide_digit(cp)) return 0;
    lex_char_kind kind = lem_lex_char(cp).kind;
    if (kind == LEX_CHAR_OTHER) *run += 3;
    return kind == LEX_CHAR_OTHER || kind == LEX_CHAR_SPACE || cp == 0x2019 || cp == 0xff0c ? (size_t)k : 0;
}

static bool is_no(const char *s) { return (s[0] | 32) == 'n' && (s[1] | 32) == 'o'; }
static bool is_sentence_mark(char c) { return c && strchr(" .,!?'\"-;:()\n$", c); }

/* Letters, spaces and sentence punctuation only, with a word of three letters or more, or "no": plain
 * language. Two letters are a product, and a mathematical character makes it mathematics. */
static bool only_words(const char *s, size_t n) {
    size_t run = 0, longest = 0;
    for (size_t i = 0; i <= n; i++) {
        if (i < n && lex_letter(s[i])) {
            run++;
            continue;
        }
        if (i < n && (s[i] & 0x80)) {
            size_t k = language_char(s + i, n - i, &run);
            if (!k) return false;
            i += k - 1;
            continue;
        }
        if (run == 2 && is_no(s + i - 2)) run = 3;
        if (run > longest) longest = run;
        run = 0;
        if (i < n && !is_sentence_mark(s[i])) return false;
    }
    return longest >= 3;
}

bool lem_lex_is_language(const char *s, size_t n) {
    return only_words(s, n) && !lem_lex_is_plain_formula(s, n);
}

/* The ASCII character of a full-width one (U+FF0A to U+FF5E, but '，' and '？', and '．' behind a digit
 * only); else 0. */
static char half_width(uint32_t cp, char before) {
    if (cp == 0xff0e) return lex_digit(before) ? '.' : 0;
    bool wide = cp >= 0xff0a && cp <= 0xff5e && cp != 0xff1f && cp != 0xff0c;
    return wide ? (char)(cp - 0xff00 + 0x20) : 0;
}

/* The text with its full-width characters narrowed; the text itself where there are none, NULL at a limit. */
const char *lem_lex_narrowed(lem_work *w, const char *text, size_t *len) {
    char *t = *len && memchr(text, 0xef, *len) ? lem_work_alloc(w, *len + 1, 1) : NULL;
    if (!t) return w->limit ? NULL : text;
    size_t k = 0;
    for (size_t i = 0; i < *len;) {
        uint32_t cp = 0;
        int step = (text[i] & 0xff) == 0xef ? lem_utf8_decode(text + i, *len - i, &cp) : 0;
        char before = k ? t[k - 1] : ' ', c = half_width(cp, before);
        t[k++] = c ? c : text[i];
        i += c ? (size_t)step : 1;
    }
    *len = k;
    return t;
}
