/* lex_plain.c - mathematics written in plain letters: sin x, lnx, exp(-x), infinity, theta */
#include "answer/parse_priv.h"

#include <string.h>

static bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static const char functions[] =
    "sin cos tan cot sec csc ln log lg exp sqrt arcsin arccos arctan sinh cosh tanh abs";

size_t lem_lex_glued_function(const char *s, size_t n) {
    if (n < 3 || !strchr(lem_lex_in_words("cost secs", s, n) ? "" : "xyzuvt", s[n - 1])) return 0;
    return lem_lex_in_words("sin cos tan cot sec csc ln log lg exp arcsin arccos arctan sinh cosh tanh", s,
                            n - 1)
               ? n - 1
               : 0;
}

/* 1: a name of mathematics, 0: a letter, -1: a word of the language */
static int kind_of(const char *s, size_t n) {
    if (n == 1) return 0;
    if (lem_lex_in_words("infinity infty inf oo pi", s, n) || lem_lex_in_words(functions, s, n)) return 1;
    return lem_lex_is_greek(s, n) || lem_lex_glued_function(s, n) ? 1 : -1;
}

bool lem_lex_is_plain_formula(const char *s, size_t n) {
    bool named = false;
    for (size_t i = 0; i < n;) {
        size_t k = i;
        while (k < n && letter(s[k])) k++;
        if (k == i) {
            if (!strchr(" .()-$", s[i]) || !s[i]) return false;
            i++;
            continue;
        }
        int kind = kind_of(s + i, k - i);
        if (kind < 0) return false;
        named = named || kind > 0;
        i = k;
    }
    return named;
}

bool lem_parse_name_is(const lex_tok *t, const char *s) {
    return t->text && strlen(s) == t->len && memcmp(t->text, s, t->len) == 0;
}
