/* parse_answer.c - whole answers: announcements, choices, sentences and phrases around what the grammar reads
 */
#include "answer/parse_counts_priv.h"
#include "answer/parse_labels_priv.h"
#include "answer/parse_phrase_priv.h"
#include "answer/parse_whole_priv.h"

#include "answer/verdict.h"

#include <string.h>

enum { MAX_SENTENCE = 200 };

typedef struct text_span {
    const char *s;
    size_t n;
} text_span;

static bool begins(text_span t, const char *word) {
    return strlen(word) <= t.n && memcmp(t.s, word, strlen(word)) == 0;
}
static char lower(char c) { return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c); }
static bool begins_folded(text_span t, const char *word) {
    size_t n = strlen(word);
    if (n > t.n) return false;
    for (size_t i = 0; i < n; i++)
        if (lower(t.s[i]) != word[i]) return false;
    return true;
}
static text_span skipped(text_span t, size_t n) { return (text_span){t.s + n, t.n - n}; }

static text_span trimmed(text_span t) {
    while (t.n && (t.s[0] == ' ' || (t.s[0] >= '\t' && t.s[0] <= '\r'))) t = skipped(t, 1);
    while (t.n && (t.s[t.n - 1] == ' ' || (t.s[t.n - 1] >= '\t' && t.s[t.n - 1] <= '\r'))) t.n--;
    return t;
}

/* Bytes of "**", ":", "：" or "，" */
static size_t announcement_mark(text_span t) {
    if (begins(t, ":")) return 1;
    return begins(t, "**") ? 2 : 3;
}

/* Phrases that announce an answer, and what may stand between them and it. */
static text_span without_phrase(text_span t) {
    static const char *const phrases[] = {"the final answer is",
                                          "final answer is",
                                          "the answer is",
                                          "answer is",
                                          "final answer:",
                                          "answer:",
                                          "ans:",
                                          "answer ",
                                          "therefore",
                                          "thus",
                                          "答案是",
                                          "答案为",
                                          "答案：",
                                          "答案:",
                                          "答：",
                                          "答:",
                                          "所以",
                                          "故选",
                                          "故",
                                          "选",
                                          "结果是",
                                          "等于"};
    for (int round = 0; round < 3; round++) {
        t = trimmed(t);
        size_t before = t.n;
        while (begins(t, "**") || begins(t, ":") || begins(t, "：") || begins(t, "，"))
            t = trimmed(skipped(t, announcement_mark(t)));
        for (size_t k = 0; k < sizeof phrases / sizeof *phrases; k++) {
            if (!begins_folded(t, phrases[k])) continue;
            text_span rest = trimmed(skipped(t, strlen(phrases[k])));
            if (rest.n == 0) return t;
            t = rest;
            break;
        }
        if (t.n == before) break;
    }
    return t;
}

/* "(A)", "A) text", "\text{(A) }5", "A: text", "A. text": a letter A..J with its mark, and what follows.
 * Returns where the rest begins, or 0. */
/* What stands around the letter of a choice. */
typedef struct wrap {
    size_t len;
    bool brace, bold;
} wrap;

static wrap wrap_of(text_span t) {
    static const char *const wraps[] = {"\\text{", "\\textbf{", "\\mathrm{", "\\mathbf{", "**", "\\boxed{"};
    wrap w = {0, false, false};
    for (size_t k = 0; k < sizeof wraps / sizeof *wraps; k++)
        if (begins(t, wraps[k])) {
            w.len = strlen(wraps[k]);
            w.brace = wraps[k][w.len - 1] == '{';
            w.bold = !w.brace;
        }
    return w;
}

/* Behind the mark at i: past the end of the wrap; 0 when the wrap holds more than the letter. */
static size_t wrap_end(text_span t, wrap w, size_t i) {
    while (i < t.n && t.s[i] == ' ' && w.brace) i++;
    if (w.brace) return i < t.n && t.s[i] == '}' ? i + 1 : 0;
    return w.bold && i + 1 < t.n && t.s[i] == '*' && t.s[i + 1] == '*' ? i + 2 : i;
}

/* "b)" alone. */
static bool is_small_choice(text_span t) {
    return t.n == 2 && t.s[0] >= 'a' && t.s[0] <= 'j' && t.s[1] == ')';
}

static size_t choice_mark(text_span t, char *letter) {
    wrap w = wrap_of(t);
    size_t i = w.len;
    bool paren = i < t.n && t.s[i] == '(';
    i += paren;
    if (i + 1 >= t.n || t.s[i] < 'A' || t.s[i] > 'J') return 0;
    *letter = t.s[i++];
    char mark = t.s[i];
    if (!strchr(paren ? ")" : ").:", mark)) return 0;
    i = wrap_end(t, w, i + 1);
    if (!i || i >= t.n || t.s[i] == ' ') return i;
    if (!paren) return mark == ')' && t.s[i] == '\\' ? i : 0;
    return t.s[i] == '$' || t.s[i] == '\\' ? i : 0; /* (A+B)(C) and f(A)x are products */
}

static ast_node *parse_text(parser *p, text_span t, int level);

static ast_node *parse_choice(parser *p, text_span t, size_t rest, char letter, int level) {
    char *name = lem_work_strndup(p->w, &letter, 1);
    text_span r = trimmed(skipped(t, rest));
    if (r.n == 1 && r.s[0] == '.') r.n = 0;
    ast_node *what = r.n ? parse_text(p, r, level + 1) : NULL,
             *a = name ? lem_ast_new(p->w, AST_CHOICE, what != NULL) : NULL;
    if (!a) return NULL;
    if (what) a->kid[0] = what;
    else if (r.n && !lem_parse_text(p, r.s, r.n)) return NULL;
    a->name = name;
    a->len = 1;
    return a;
}

/* The tokens [from, to) read as an answer of their own. */
static ast_node *parse_range(parser *p, size_t from, size_t to) {
    parser part = {.w = p->w, .d = p->d, .depth = p->depth};
    part.t.n = to - from;
    part.t.tok = lem_work_alloc(p->w, part.t.n + 1, sizeof *part.t.tok);
    if (!part.t.tok || to <= from) return NULL;
    memcpy(part.t.tok, p->t.tok + from, part.t.n * sizeof *part.t.tok);
    part.t.tok[part.t.n] = (lex_tok){.kind = TOK_END};
    ast_node *a = lem_parse_list(&part);
    return part.i == part.t.n ? a : NULL;
}

/* 1 + 2 + … + n as the whole answer: two or three members, dots, the last. */
static ast_node *dotted_sum(parser *p) {
    enum { MEMBERS = 4 };
    ast_node *member[MEMBERS];
    size_t n = 0, from = 0, dots = 0;
    int depth = 0;
    for (size_t k = 0; k <= p->t.n; k++) {
        const lex_tok *t = &p->t.tok[k];
        bool end = k == p->t.n || (depth == 0 && parse_is(t, '+'));
        depth += (parse_is(t, '(') || parse_is(t, '{')) - (parse_is(t, ')') || parse_is(t, '}'));
        if (!end) continue;
        bool is_dots = k == from + 1 && lem_parse_name_is(&p->t.tok[from], "dots");
        if (is_dots && !dots) dots = n;
        else if (is_dots || n == MEMBERS || !(member[n++] = parse_range(p, from, k))) return NULL;
        from = k + 1;
    }
    return lem_parse_dotted_sum(p->w, member, dots, n > dots ? member[n - 1] : NULL);
}

static bool has_dots(const parser *p) {
    for (size_t k = 0; k < p->t.n; k++)
        if (p->t.tok[k].kind == TOK_SYM && lem_parse_name_is(&p->t.tok[k], "dots")) return true;
    return false;
}

/* A condition behind a value: "for x > 0" as the relation, "for all real t" as words. */
static bool parse_tail(parser *p, const phrase_part *x, ast_node **condition, bool *words) {
    *condition = NULL;
    *words = false;
    if (x->tail == x->tail_end) return true;
    ast_node *c = parse_range(p, x->tail + 1, x->tail_end);
    if (c && c->kind == AST_REL) return *condition = c, true;
    *words = true;
    for (size_t k = x->tail; k < x->tail_end; k++)
        if (p->t.tok[k].kind != TOK_WORD && p->t.tok[k].kind != TOK_TEXT && p->t.tok[k].kind != TOK_SYM)
            return false;
    return !p->w->limit;
}

static ast_node *said(parser *p, const phrase_part *x) {
    ast_node *value = parse_range(p, x->value, x->value_end), *condition;
    bool words;
    size_t len;
    if (!value || value->kind == AST_TEXT || !parse_tail(p, x, &condition, &words)) return NULL;
    char *label = lem_phrase_words(p->w, &p->t, x->label, x->label_end, &len);
    ast_node *a = label ? lem_ast_new(p->w, AST_SAID, 1 + (condition != NULL)) : NULL;
    if (!a) return NULL;
    a->kid[0] = value;
    if (condition) a->kid[1] = condition;
    a->decimal = words;
    a->name = label;
    a->len = (uint32_t)len;
    return a;
}

/* "vertex (2,-3), radius 4": one part, or a list of them. */
static ast_node *parse_phrase(parser *p) {
    phrase_part part[PHRASE_MAX_PARTS];
    size_t n = lem_phrase_parts(&p->t, part);
    ast_node *a = n > 1 ? lem_ast_new(p->w, AST_LIST, (uint32_t)n) : NULL;
    if (n == 1) return said(p, &part[0]);
    for (size_t k = 0; a && k < n; k++)
        if (!(a->kid[k] = said(p, &part[k]))) return NULL;
    if (a) a->open = ',';
    return a;
}

/* Answers with a form of their own; NULL when it is none of them. */
static ast_node *parse_special(parser *p) {
    ast_node *(*const forms[])(parser *) = {lem_parse_date, lem_parse_worded, lem_parse_permutation};
    ast_node *a = NULL;
    for (size_t k = 0; k < sizeof forms / sizeof *forms && !a && !p->w->limit; k++) a = forms[k](p);
    if (a || p->w->limit) return a;
    lem_phrase_dimensions(&p->t);
    a = has_dots(p) ? dotted_sum(p) : NULL;
    return a || p->w->limit ? a : parse_phrase(p);
}

/* The tokens as mathematics, all of them. */
static ast_node *parse_tokens(parser *p) {
    if (p->t.bad) return NULL;
    ast_node *a = parse_special(p);
    if (a || p->w->limit) return a;
    a = lem_parse_list(p);
    if (a && p->i < p->t.n && parse_is(&p->t.tok[p->i], '\\')) p->i++;
    return p->i == p->t.n ? a : NULL;
}

/* The whole answer is \text{…}: what stands in it. */
static ast_node *parse_inner_text(parser *p, int level) {
    const lex_tok *t = &p->t.tok[0];
    ast_node *inner = parse_text(p, (text_span){t->text, t->len}, level + 1);
    return inner || p->w->limit ? inner : lem_parse_text(p, t->text, t->len);
}

/* "(1) 5 (2) 7": a list of values, each with the number of its label as its words. NULL where the text is
 * none. */
static ast_node *parse_labelled(parser *p, text_span t) {
    labelled_part part[LABELS_MOST];
    size_t n = lem_labelled_parts(t.s, t.n, part);
    ast_node *list = n ? lem_ast_new(p->w, AST_LIST, (uint32_t)n) : NULL;
    for (size_t k = 0; list && k < n; k++) {
        const char label = (char)('1' + part[k].label);
        ast_node *value = parse_text(p, (text_span){t.s + part[k].from, part[k].to - part[k].from}, 1),
                 *said = value ? lem_ast_wrap(p->w, AST_SAID, value) : NULL;
        char *name = said ? lem_work_strndup(p->w, &label, 1) : NULL;
        if (!name) return NULL;
        said->name = name;
        said->len = 1;
        list->kid[k] = said;
    }
    if (list) list->open = ',';
    return list;
}

static ast_node *parse_text(parser *outer, text_span t, int level) {
    parser p = {.w = outer->w, .d = outer->d};
    char letter;
    t = without_phrase(t);
    size_t rest = level == 0 ? choice_mark(t, &letter) : 0;
    if (level == 0 && is_small_choice(t)) letter = (char)(t.s[0] - 32), rest = t.n;
    if (rest && !p.d->no_units) return parse_choice(&p, t, rest, letter, level);
    ast_node *labelled = level == 0 ? parse_labelled(&p, t) : NULL;
    if (labelled || p.w->limit) return labelled;
    if (!lem_lex(p.w, p.d, t.s, t.n, &p.t) || p.t.n == 0) return NULL;
    if (p.t.wordy) return lem_parse_text(&p, t.s, t.n);
    bool is_text = p.t.n == 1 && p.t.tok[0].kind == TOK_TEXT && level < 2;
    return is_text ? parse_inner_text(&p, level) : parse_tokens(&p);
}

/* Words and inline mathematics, no digits outside it: the subject of a sentence. */
static bool letters_only(const char *s, size_t n) {
    bool math = false, words = false;
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '$') math = !math;
        if (!math && s[i] >= '0' && s[i] <= '9') return false;
        words = words || (!math && i + 1 < n && lower(s[i]) >= 'a' && lower(s[i]) <= 'z' &&
                          lower(s[i + 1]) >= 'a' && lower(s[i + 1]) <= 'z');
    }
    return words && !math;
}

static bool only_script(const char *s, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!(s[i] & 0x80)) return false;
    return n > 0;
}

/* "The largest n is 34": what follows the last "is" of a sentence, all of it. */
static bool after_is(text_span t, text_span *out) {
    static const char *const verbs[] = {" is ", " is:", "是", "为"};
    for (size_t i = t.n < MAX_SENTENCE ? t.n : 0; i > 0; i--)
        for (size_t k = 0; k < 4; k++) {
            text_span rest = skipped(t, i - 1);
            if (!begins(rest, verbs[k])) continue;
            *out = trimmed(skipped(rest, strlen(verbs[k])));
            return out->n > 0 && (k > 1 ? only_script(t.s, i - 1) : letters_only(t.s, i - 1));
        }
    return false;
}

ast_node *lem_answer_parse_as(lem_work *w, const lem_answer_dialect *d, const char *text, size_t len) {
    if (len > LEM_ANSWER_MAX_BYTES) {
        w->limit = true;
        return NULL;
    }
    const char *narrow = lem_lex_narrowed(w, text, &len);
    if (!narrow) return NULL;
    text_span rest, all = {narrow, len};
    ast_node *a = parse_text(&(parser){.w = w, .d = d}, all, 0);
    if (a || w->limit || !after_is(all, &rest)) return a;
    a = parse_text(&(parser){.w = w, .d = d}, rest, 1);
    return a && a->kind != AST_TEXT ? a : NULL;
}

ast_node *lem_answer_parse(lem_work *w, const char *text, size_t len) {
    static const lem_answer_dialect standard = {false};
    return lem_answer_parse_as(w, &standard, text, len);
}
