/* parse_phrase.c - answers in words and mathematics: "concave up on (0,1)", "vertex (2,-3), radius 4", "She
 * has 42 apples", "1/x for x > 0" */
#include "answer/parse_phrase_priv.h"

#include <string.h>

enum { MAX_LABEL = 12 };

static bool is_word(const lex_tok *t) { return t->kind == TOK_TEXT || t->kind == TOK_WORD; }

static bool begins_with(const lex_tok *t, const char *word) {
    size_t n = strlen(word), from = 0;
    while (from < t->len && t->text[from] == ' ') from++;
    if (t->len - from < n) return false;
    for (size_t k = 0; k < n; k++)
        if ((t->text[from + k] | 32) != word[k]) return false;
    char after = from + n < t->len ? t->text[from + n] : ' ';
    return !((after >= 'a' && after <= 'z') || (after >= 'A' && after <= 'Z'));
}

static bool any_of(const lex_tok *t, const char *const *words) {
    for (; is_word(t) && *words; words++)
        if (begins_with(t, *words)) return true;
    return false;
}

/* Words that lead to a condition. */
static bool leads_to_condition(const lex_tok *t) {
    static const char *const words[] = {"for", "if", "when", "where", "with", "provided", "whenever", NULL};
    return any_of(t, words);
}

static int nesting(const lex_tok *t) {
    if (t->kind != TOK_OP || !t->op) return 0;
    return (strchr("([{Lbfcav", t->op) != NULL) - (strchr(")]}ReFCZV", t->op) != NULL);
}

/* Tokens of a name with a letter before its hyphen, x-intercept and x\text{-intercept}, at i; else 0. */
static size_t hyphened(const lex_toks *t, size_t i, size_t end) {
    const lex_tok *next = &t->tok[i + 1];
    if (t->tok[i].kind != TOK_SYM || i + 1 >= end) return 0;
    if (next->kind == TOK_TEXT && next->len && next->text[0] == '-') return 2;
    return i + 2 < end && parse_is(next, '-') && is_word(next + 1) ? 3 : 0;
}

/* The end of a label that begins at k: words, and "x-intercept", "max at"; k when there is none. */
static size_t label_end(const lex_toks *t, size_t k, size_t end) {
    size_t i = k;
    while (i < end && i - k < MAX_LABEL) {
        const lex_tok *a = &t->tok[i], *b = &t->tok[i + 1];
        bool extreme =
            a->kind == TOK_FN && (lem_parse_name_is(a, "max") || lem_parse_name_is(a, "min")) && is_word(b);
        size_t name = hyphened(t, i, end);
        if (name) i += name;
        else if (is_word(a) || extreme) i++;
        else break;
    }
    return i;
}

/* May a value begin with this token? */
static bool starts_value(const lex_tok *t) {
    if (t->kind == TOK_NUM || t->kind == TOK_SYM || t->kind == TOK_FN) return true;
    return t->kind == TOK_OP && t->op && strchr("([L{-pM|b", t->op);
}

static bool is_separator(const lex_tok *t) { return t->kind == TOK_OP && t->op && strchr(",;A", t->op); }

/* Does a value begin at k, behind words: "vertex (2,-3)", "range: [1, 5]"? */
static bool value_behind(const lex_toks *t, size_t k) {
    return k < t->n && starts_value(&t->tok[k + (parse_is(&t->tok[k], ':') && k + 1 < t->n)]);
}

/* Where the part that begins at k ends: before a separator behind which a label begins. */
static size_t part_end(const lex_toks *t, size_t k) {
    int depth = 0;
    for (size_t i = k; i < t->n; i++) {
        if (depth == 0 && i > k && is_separator(&t->tok[i])) {
            size_t next = i + 1;
            while (next < t->n && is_separator(&t->tok[next])) next++;
            size_t end = label_end(t, next, t->n);
            if (end > next && !leads_to_condition(&t->tok[next]) && value_behind(t, end)) return i;
        }
        depth += nesting(&t->tok[i]);
    }
    return t->n;
}

/* "Omar2", and a number behind a broken character: one name, not a word and a value. CJK words need no gap.
 */
static bool is_glued(const lex_tok *word, const lex_tok *value) {
    static const char broken[] = "\xef\xbf\xbd";
    size_t n = word->len;
    if (word->kind != TOK_WORD || value->space || !n) return false;
    if (value->kind != TOK_NUM && value->kind != TOK_SYM) return false;
    char last = word->text[n - 1];
    return (last & 0x80) == 0 || (n >= 3 && memcmp(word->text + n - 3, broken, 3) == 0);
}

/* Steps over a colon behind the label. False where value and label are one name. */
static bool after_label(const lex_toks *t, phrase_part *p) {
    const lex_tok *value = &t->tok[p->value];
    if (is_glued(value - 1, value)) return false;
    p->value += parse_is(value, ':');
    return true;
}

static bool read_part(const lex_toks *t, size_t from, size_t to, phrase_part *p) {
    int depth = 0;
    *p = (phrase_part){
        .label = from, .label_end = label_end(t, from, to), .value_end = to, .tail = to, .tail_end = to};
    p->value = p->label_end;
    bool labelled = p->label_end > from;
    if (labelled && p->value < to && !after_label(t, p)) return false;
    for (size_t i = p->value; i < to && p->tail == to; i++) {
        if (depth == 0 && i > p->value && leads_to_condition(&t->tok[i])) p->value_end = p->tail = i;
        depth += nesting(&t->tok[i]);
    }
    while (p->value_end > p->value && is_separator(&t->tok[p->value_end - 1])) p->value_end--;
    return p->value < p->value_end && (!labelled || starts_value(&t->tok[p->value]));
}

size_t lem_phrase_parts(const lex_toks *t, phrase_part *out) {
    size_t n = 0;
    bool worded = false;
    for (size_t k = 0; k < t->n;) {
        size_t end = part_end(t, k);
        if (n == PHRASE_MAX_PARTS || !read_part(t, k, end, &out[n])) return 0;
        worded = worded || out[n].label_end > out[n].label || out[n].tail < out[n].tail_end;
        n++;
        for (k = end; k < t->n && is_separator(&t->tok[k]); k++) {}
    }
    return worded ? n : 0;
}

static bool is_small(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80); }

/* One token's letters and digits, folded; whatever else as a space. */
static size_t add_word(char *s, size_t k, const lex_tok *a) {
    if (k && s[k - 1] != ' ') s[k++] = ' ';
    for (uint32_t j = 0; j < a->len; j++) {
        char c = a->text[j];
        if (c >= 'A' && c <= 'Z' && a->kind != TOK_SYM) c = (char)(c + 32);
        if (is_small(c) || (c >= '0' && c <= '9')) s[k++] = c;
        else if (k && s[k - 1] != ' ') s[k++] = ' ';
    }
    return k;
}

char *lem_phrase_words(lem_work *w, const lex_toks *t, size_t from, size_t to, size_t *len) {
    size_t cap = 1, k = 0;
    for (size_t i = from; i < to; i++) cap += t->tok[i].len + 1;
    char *s = lem_work_alloc(w, cap, 1);
    for (size_t i = from; s && i < to; i++)
        if (t->tok[i].kind != TOK_OP) k = add_word(s, k, &t->tok[i]);
    while (k && s && s[k - 1] == ' ') k--;
    *len = k;
    return s;
}

void lem_phrase_dimensions(lex_toks *t) {
    for (size_t k = 2; k + 1 < t->n; k++) {
        lex_tok *a = &t->tok[k];
        bool by = is_word(a) && lem_parse_name_is(a, "by"),
             cross = (a->kind == TOK_SYM && lem_parse_name_is(a, "x") && a->space) || parse_is(a, '*');
        if ((!by && !cross) || !is_word(a - 1) || (a - 2)->kind != TOK_NUM || (a + 1)->kind != TOK_NUM)
            continue;
        *a = (lex_tok){.kind = TOK_OP, .op = ',', .space = a->space, .at = a->at};
    }
}
