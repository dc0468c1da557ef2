/* lexer.c - template text to tokens, with Jinja's white space rules (trim_blocks and lstrip_blocks on) */
#include "core/utf8.h"
#include "jinja/jinja_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct lexer {
    const char *s; /* newlines are \n */
    size_t n, pos;
    int line;
    bool line_starting; /* the last match ended with a newline */
    lem_arena *arena;
    jin_tokens *out;
    char open[JIN_MAX_BRACKETS]; /* brackets to be closed */
    int n_open;
    lem_err *err;
} lexer;

static lem_status fail(lexer *x, int line, const char *what, const char *s, size_t n) {
    return lem_fail(x->err, LEM_EDATA, "line %d: %s%.*s", line, what, (int)(n > 40 ? 40 : n), s);
}

static lem_status push(lexer *x, jin_token t) {
    jin_tokens *o = x->out;
    if (o->n == o->cap) {
        size_t cap = o->cap ? o->cap * 2 : 256;
        jin_token *p = lem_realloc(o->at, cap, sizeof *p, x->err);
        if (!p) return LEM_EMEM;
        o->at = p;
        o->cap = cap;
    }
    o->at[o->n++] = t;
    return LEM_OK;
}

static const jin_str *make_str(lexer *x, const char *s, size_t n) {
    jin_str *v = lem_arena_alloc(x->arena, 1, sizeof *v);
    if (!v) return NULL;
    v->s = s;
    v->n = n;
    return v;
}

static lem_status push_text(lexer *x, jin_token_kind kind, const char *s, size_t n) {
    const jin_str *v = make_str(x, s, n);
    if (!v) return lem_fail(x->err, LEM_EMEM, "out of memory");
    return push(x, (jin_token){.kind = kind, .line = x->line, .text = v});
}

static void advance(lexer *x, size_t to) {
    for (size_t i = x->pos; i < to; i++) x->line += x->s[i] == '\n';
    if (to > x->pos) x->line_starting = x->s[to - 1] == '\n';
    x->pos = to;
}

static size_t skip_space(const lexer *x, size_t i) {
    for (size_t k; i < x->n && (k = lem_jin_space(x->s + i, x->n - i)); i += k) {}
    return i;
}

static bool at(const lexer *x, size_t i, const char *what) {
    size_t k = strlen(what);
    return i <= x->n && x->n - i >= k && memcmp(x->s + i, what, k) == 0;
}

/* The end of a tag that closes at i with `close` ("%}", "}}", "#}"); 0 if it does not. */
static size_t tag_end(const lexer *x, size_t i, const char *close) {
    bool variable = close[0] == '}';
    if (at(x, i, "-") && at(x, i + 1, close)) return skip_space(x, i + 3);
    if (!variable && at(x, i, "+") && at(x, i + 1, close)) return i + 3;
    if (!at(x, i, close)) return 0;
    return i + 2 + (!variable && at(x, i + 2, "\n"));
}

/* Data up to a tag whose sign is '-', '+' or 0. */
static lem_status push_data(lexer *x, size_t to, char sign, bool variable) {
    size_t end = to;
    if (sign == '-') {
        for (size_t k; end > x->pos && (k = lem_jin_space_before(x->s + x->pos, end - x->pos)); end -= k) {}
    } else if (sign != '+' && !variable) {
        size_t line = to;
        while (line > x->pos && x->s[line - 1] != '\n') line--;
        if ((line > x->pos || x->line_starting) && skip_space(x, line) >= to) end = line;
    }
    lem_status st = end > x->pos ? push_text(x, T_DATA, x->s + x->pos, end - x->pos) : LEM_OK;
    advance(x, to);
    return st;
}

static lem_status lex_comment(lexer *x) {
    for (size_t i = x->pos; i < x->n; i++) {
        size_t end = x->s[i] == '#' || x->s[i] == '-' || x->s[i] == '+' ? tag_end(x, i, "#}") : 0;
        if (end) {
            advance(x, end);
            return LEM_OK;
        }
    }
    return fail(x, x->line, "a comment {# is not closed", "", 0);
}

/* {% raw %}: 0 if there is none at i, else its end. */
static size_t raw_begin(const lexer *x, size_t i) {
    size_t p = i + 2 + (at(x, i + 2, "-") || at(x, i + 2, "+"));
    p = skip_space(x, p);
    if (!at(x, p, "raw")) return 0;
    p = skip_space(x, p + 3);
    if (at(x, p, "-%}")) return skip_space(x, p + 3);
    return at(x, p, "%}") ? p + 2 : 0;
}

/* The '-' or '+' at i that says what becomes of the white space; 0 if there is none. */
static char space_sign(const lexer *x, size_t i) {
    if (at(x, i, "-")) return '-';
    return at(x, i, "+") ? '+' : 0;
}

static lem_status lex_raw(lexer *x) {
    for (size_t i = x->pos; i + 1 < x->n; i++) {
        if (x->s[i] != '{' || x->s[i + 1] != '%') continue;
        char sign = space_sign(x, i + 2);
        size_t p = skip_space(x, i + 2 + (sign != 0));
        if (!at(x, p, "endraw")) continue;
        size_t end = tag_end(x, skip_space(x, p + 6), "%}");
        if (!end) continue;
        lem_status st = push_data(x, i, sign, false);
        advance(x, end);
        return st;
    }
    return fail(x, x->line, "{% raw %} is not closed", "", 0);
}

/* ---- inside tags */

static bool digit(char c) { return c >= '0' && c <= '9'; }
static bool name_char(char c) {
    return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* (\d+_)*\d+ from i; i if none. */
static size_t digits_end(const lexer *x, size_t i) {
    while (i < x->n &&
           (digit(x->s[i]) || (x->s[i] == '_' && i + 1 < x->n && digit(x->s[i + 1]) && digit(x->s[i - 1]))))
        i++;
    return i;
}

static size_t float_end(const lexer *x, size_t i) {
    if (i > 0 && x->s[i - 1] == '.') return 0;
    size_t p = digits_end(x, i), q;
    bool fraction = false;
    if (p == i) return 0;
    if (p < x->n && x->s[p] == '.' && (q = digits_end(x, p + 1)) > p + 1) {
        p = q;
        fraction = true;
    }
    if (p < x->n && (x->s[p] | 32) == 'e') {
        size_t e = p + 1 + (p + 1 < x->n && (x->s[p + 1] == '+' || x->s[p + 1] == '-'));
        if ((q = digits_end(x, e)) > e) return q;
    }
    return fraction ? p : 0;
}

/* 16, 8 or 2 at 0x, 0o, 0b in either case; else 10. */
static int number_base(const lexer *x, size_t i) {
    if (x->s[i] != '0' || i + 1 >= x->n) return 10;
    switch (x->s[i + 1] | 32) {
    case 'x': return 16;
    case 'o': return 8;
    case 'b': return 2;
    default: return 10;
    }
}

/* End of a number in base 10 without a fraction: zeros, or digits with single '_' between them. */
static size_t decimal_end(const lexer *x, size_t from) {
    size_t end = from;
    bool zeros = x->s[from] == '0';
    while (end < x->n) {
        bool joins = x->s[end] == '_' && end + 1 < x->n && digit(x->s[end + 1]);
        if (zeros ? x->s[end] != '0' : !digit(x->s[end]) && !joins) break;
        end++;
    }
    return end;
}

static lem_status bad_number(lexer *x, const char *what, size_t end) {
    return fail(x, x->line, what, x->s + x->pos, end - x->pos);
}

/* Copies a number without its '_'; false if it is too long. */
static bool copy_number(const lexer *x, size_t from, size_t end, char text[64]) {
    size_t k = 0;
    for (size_t i = from; i < end; i++) {
        if (x->s[i] == '_') continue;
        if (k + 1 >= 64) return false;
        text[k++] = x->s[i];
    }
    text[k] = 0;
    return true;
}

static lem_status lex_number(lexer *x) {
    char text[64], *stop = NULL;
    size_t end = float_end(x, x->pos), from = x->pos;
    jin_token t = {.kind = end ? T_FLOAT : T_INT, .line = x->line};
    int base = number_base(x, from);
    if (!end && base != 10) {
        from += 2;
        for (end = from; end < x->n && name_char(x->s[end]);) end++;
    } else if (!end) {
        end = decimal_end(x, from);
    }
    if (!copy_number(x, from, end, text)) return bad_number(x, "a number is too long: ", end);
    errno = 0;
    if (t.kind == T_FLOAT) t.value = (jin_val){.kind = JIN_FLOAT, .u.f = strtod(text, &stop)};
    else t.value = (jin_val){.kind = JIN_INT, .u.i = strtoll(text, &stop, base)};
    if (*stop || stop == text || (t.kind == T_INT && errno))
        return bad_number(x, "no number that can be read: ", end);
    advance(x, end);
    return push(x, t);
}

static lem_status lex_string(lexer *x) {
    char quote = x->s[x->pos];
    size_t i = x->pos + 1, len = 0;
    while (i < x->n && x->s[i] != quote) i += 1 + (x->s[i] == '\\');
    if (i >= x->n) return fail(x, x->line, "a string is not closed: ", x->s + x->pos, x->n - x->pos);
    const char *from = x->s + x->pos + 1;
    size_t n = i - x->pos - 1;
    char *text = lem_arena_alloc(x->arena, n + 1, 4);
    if (!text) return lem_fail(x->err, LEM_EMEM, "out of memory");
    lem_jin_unescape(from, n, text, &len);
    if (len == SIZE_MAX) return fail(x, x->line, "an escape in a string cannot be read: ", from, n);
    lem_status st = push_text(x, T_STR, text, len);
    advance(x, i + 1);
    return st;
}

/* Notes a bracket that opens, or checks that one closes the last that was opened. */
static lem_status follow_bracket(lexer *x, char c) {
    static const char opens[] = "{([", closes[] = "})]";
    const char *open = strchr(opens, c);
    if (open) {
        if (x->n_open == JIN_MAX_BRACKETS) return fail(x, x->line, "brackets are nested too deep", "", 0);
        x->open[x->n_open++] = closes[open - opens];
    } else if (strchr(closes, c)) {
        if (x->n_open == 0 || x->open[x->n_open - 1] != c)
            return fail(x, x->line, "a bracket does not match: ", &c, 1);
        x->n_open--;
    }
    return LEM_OK;
}

static lem_status lex_operator(lexer *x) {
    static const char *const two[] = {"//", "**", "==", "!=", ">=", "<="};
    jin_token t = {.kind = T_OP, .line = x->line};
    char c = x->s[x->pos];
    size_t len = 1;
    for (size_t i = 0; i < 6; i++)
        if (at(x, x->pos, two[i])) len = 2;
    if (c == 0 || (len == 1 && !strchr("+-/*%~[](){}><=.:|,;", c)))
        return fail(x, x->line, "unexpected character in a tag: ", x->s + x->pos,
                    lem_jin_space(x->s + x->pos, 1) + 1);
    memcpy(t.op, x->s + x->pos, len);
    lem_status st = follow_bracket(x, c);
    if (st != LEM_OK) return st;
    advance(x, x->pos + len);
    return push(x, t);
}

/* One tag, after its opening. */
static lem_status lex_tag(lexer *x, const char *close, jin_token_kind end_kind) {
    int opened = x->line;
    x->n_open = 0;
    for (;;) {
        if (x->pos >= x->n) return fail(x, opened, "a tag is not closed with ", close, 2);
        size_t end = x->n_open ? 0 : tag_end(x, x->pos, close);
        if (end) {
            lem_status st = push(x, (jin_token){.kind = end_kind, .line = x->line});
            advance(x, end);
            return st;
        }
        char c = x->s[x->pos];
        lem_status st = LEM_OK;
        if (lem_jin_space(x->s + x->pos, x->n - x->pos)) {
            advance(x, skip_space(x, x->pos));
        } else if (digit(c)) {
            st = lex_number(x);
        } else if (name_char(c)) {
            size_t e = x->pos;
            while (e < x->n && name_char(x->s[e])) e++;
            st = push_text(x, T_NAME, x->s + x->pos, e - x->pos);
            advance(x, e);
        } else if (c == '\'' || c == '"') {
            st = lex_string(x);
        } else {
            st = lex_operator(x);
        }
        if (st != LEM_OK) return st;
    }
}

/* Where the next {{, {% or {# begins; SIZE_MAX if there is none. */
static size_t find_tag(const lexer *x) {
    for (size_t i = x->pos; i + 1 < x->n; i++) {
        char c = x->s[i + 1];
        if (x->s[i] == '{' && (c == '{' || c == '%' || c == '#')) return i;
    }
    return SIZE_MAX;
}

/* What begins at i with {{, {% or {#, after the text in front of it. */
static lem_status lex_from_tag(lexer *x, size_t i) {
    char kind = x->s[i + 1], sign = space_sign(x, i + 2);
    bool variable = kind == '{';
    size_t raw = kind == '%' ? raw_begin(x, i) : 0;
    lem_status st = push_data(x, i, sign, variable);
    if (st != LEM_OK) return st;
    if (raw) {
        advance(x, raw);
        return lex_raw(x);
    }
    advance(x, i + 2 + (sign != 0));
    if (kind == '#') return lex_comment(x);
    st = push(x, (jin_token){.kind = variable ? T_VAR_BEGIN : T_BLOCK_BEGIN, .line = x->line});
    if (st != LEM_OK) return st;
    return variable ? lex_tag(x, "}}", T_VAR_END) : lex_tag(x, "%}", T_BLOCK_END);
}

static lem_status lex_all(lexer *x) {
    lem_status st = LEM_OK;
    while (x->pos < x->n && st == LEM_OK) {
        size_t i = find_tag(x);
        if (i == SIZE_MAX) {
            st = push_text(x, T_DATA, x->s + x->pos, x->n - x->pos);
            x->pos = x->n;
            return st;
        }
        st = lex_from_tag(x, i);
    }
    return st;
}

lem_status lem_jin_lex(const char *source, size_t len, lem_arena *arena, jin_tokens *out, lem_err *err) {
    if (len > JIN_MAX_SOURCE)
        return lem_fail(err, LEM_EDATA, "the template has %zu bytes, more than 1 MiB", len);
    if (!lem_utf8_valid(source, len)) return lem_fail(err, LEM_EDATA, "the template is not UTF-8");
    char *s = lem_arena_alloc(arena, len + 1, 1);
    if (!s) return lem_fail(err, LEM_EMEM, "out of memory");
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (source[i] == '\r' && i + 1 < len && source[i + 1] == '\n') continue;
        s[n++] = source[i] == '\r' ? '\n' : source[i];
    }
    if (n && s[n - 1] == '\n') n--; /* keep_trailing_newline is off */
    lexer x = {.s = s, .n = n, .line = 1, .line_starting = true, .arena = arena, .out = out, .err = err};
    lem_status st = lex_all(&x);
    return st == LEM_OK ? push(&x, (jin_token){.kind = T_EOF, .line = x.line}) : st;
}
