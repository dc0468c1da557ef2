/* extract_spoken.c - what of a response is said to the reader: no thoughts, nothing behind the end token */
#include "grade/extract_priv.h"

#include <string.h>

static const lem_grade_tags known_thoughts[] = {{"<think>", "</think>"},
                                                {"<thinking>", "</thinking>"},
                                                {"[THINK]", "[/THINK]"},
                                                {"<|begin_of_thought|>", "<|end_of_thought|>"}};

/* Without thoughts: *base is where it begins. */
static extract_view without_thoughts(extract_view all, const lem_grade_tags *tags, size_t n, size_t *base) {
    size_t opened = all.n;
    *base = 0;
    for (size_t k = 0; k < n; k++) {
        size_t close = lem_extract_find_last(all, all.n, tags[k].close, false);
        if (close != all.n && close + strlen(tags[k].close) > *base) *base = close + strlen(tags[k].close);
    }
    for (size_t k = 0; k < n; k++) {
        size_t open = lem_extract_find_last(all, all.n, tags[k].open, false);
        if (open != all.n && open >= *base) opened = open;
    }
    if (opened != all.n) *base = all.n;
    return (extract_view){all.s + *base, all.n - *base};
}

static bool holds(const char *s, size_t n, const char *word) {
    size_t m = strlen(word);
    for (size_t i = 0; i + m <= n; i++)
        if (memcmp(s + i, word, m) == 0) return true;
    return false;
}

/* The name of a token that ends a reply: im_end, endoftext, eot_id, end_of_turn, /s, …; "end_of_thought" and
 * "end_of_solution" end a part of it. */
static bool is_end_name(const char *s, size_t n) {
    static const char *const names[] = {"im_end", "/s",  "return", "eos", "eot",
                                        "eot_id", "eom", "eom_id", "eod", "endoftext"};
    static const char *const parts[] = {"thought", "think", "reason", "solution", "answer"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (n == strlen(names[k]) && memcmp(s, names[k], n) == 0) return true;
    if (n < 3 || memcmp(s, "end", 3) != 0) return false;
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
        if (holds(s, n, parts[k])) return false;
    return true;
}

/* Past one of the bars that stand inside the brackets of special tokens, "|" or its full-width form. */
static size_t past_bar(const char *s, size_t n, size_t i) {
    if (i < n && s[i] == '|') return i + 1;
    return n - i >= 3 && memcmp(s + i, "\xef\xbd\x9c", 3) == 0 ? i + 3 : i;
}

/* Does a token that ends the reply stand at i? Its name is in small letters: <|im_end|>, </s>, <eos>. */
static bool is_end_token(extract_view v, size_t i) {
    enum { MOST = 40 };
    size_t from = past_bar(v.s, v.n, i + 1), to = from;
    while (to < v.n && to - from < MOST && v.s[to] != '>' && v.s[to] != '|' && v.s[to] != '<' &&
           v.s[to] != ' ' && v.s[to] != '\n' && past_bar(v.s, v.n, to) == to)
        to++;
    size_t close = past_bar(v.s, v.n, to);
    return close < v.n && v.s[close] == '>' && is_end_name(v.s + from, to - from);
}

extract_view lem_extract_spoken(extract_view all, const lem_grade_profile *p, size_t *base) {
    const lem_grade_tags *tags = p->n_think_tags ? p->think_tags : known_thoughts;
    size_t n = p->n_think_tags ? p->n_think_tags : sizeof known_thoughts / sizeof *known_thoughts;
    extract_view v = without_thoughts(all, tags, n, base);
    for (size_t i = 1; i < v.n; i++) {
        const char *q = memchr(v.s + i, '<', v.n - i);
        if (!q) break;
        i = (size_t)(q - v.s);
        if (is_end_token(v, i)) v.n = i;
    }
    return v;
}
