/* pretok.c - cuts text into the pieces inside which BPE merges: hand-written scanners for known patterns
 *
 * Each scanner does what its regular expression does, leftmost alternative first. All patterns match every
 * text completely. A run of white space is looked at no more than three times, so that scanning is linear. */
#include "token/tokenizer_priv.h"

#include <string.h>

static const char *const patterns[] = {
    [TOK_PRE_GPT2] = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
    [TOK_PRE_QWEN2] = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| "
                      "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|"
                      "\\s+(?!\\S)|\\s+",
    [TOK_PRE_LLAMA3] = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| "
                       "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
                       "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
};

bool lem_pretok_find(const char *pattern, tok_pre_kind *kind) {
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        if (strcmp(pattern, patterns[i]) == 0) {
            *kind = (tok_pre_kind)i;
            return true;
        }
    }
    return false;
}

const char *lem_pretok_pattern(tok_pre_kind kind) { return patterns[kind]; }

const char *lem_tokenizer_pattern(const char *family) {
    static const char *const names[] = {
        [TOK_PRE_GPT2] = "gpt2", [TOK_PRE_QWEN2] = "qwen2", [TOK_PRE_LLAMA3] = "llama3"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i] && strcmp(names[i], family) == 0) return patterns[i];
    return NULL;
}

/* End of the run of characters whose class, under mask, equals want. */
static size_t run(const char *s, size_t n, size_t pos, unsigned mask, unsigned want) {
    size_t len;
    while (pos < n && (lem_char_class(s + pos, n - pos, &len) & mask) == want) pos += len;
    return pos;
}

static size_t letters(const char *s, size_t n, size_t pos) { return run(s, n, pos, CH_LETTER, CH_LETTER); }

#define CH_WORDLIKE (CH_LETTER | CH_NUMBER | CH_SPACE)

/* 's 't 're 've 'm 'll 'd at s[pos] == '\''; 0 if none. With fold, case is ignored, which makes U+017F (long
 * s) an s as well. */
static size_t contraction(const char *s, size_t n, size_t pos, bool fold) {
    static const char two[3][3] = {"re", "ve", "ll"};
    if (pos + 1 >= n) return 0;
    unsigned bit = fold ? 0x20 : 0;
    unsigned a = (unsigned char)s[pos + 1] | bit;
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return pos + 2;
    if (pos + 2 >= n) return 0;
    if (fold && s[pos + 1] == '\xc5' && s[pos + 2] == '\xbf') return pos + 3;
    unsigned b = (unsigned char)s[pos + 2] | bit;
    for (int i = 0; i < 3; i++)
        if (a == (unsigned char)two[i][0] && b == (unsigned char)two[i][1]) return pos + 3;
    return 0;
}

/* \s+(?!\S)|\s+ at white space: the whole run at the end of the text, else all but its last character, else
 * that one. With newlines first \s*[\r\n]+ : up to the last newline of the run. */
static size_t spaces(const char *s, size_t n, size_t pos, bool newlines) {
    size_t end = pos, last = pos, newline = 0, len;
    while (end < n) {
        unsigned c = lem_char_class(s + end, n - end, &len);
        if (!(c & CH_SPACE)) break;
        last = end;
        end += len;
        if (c & CH_NEWLINE) newline = end;
    }
    if (newlines && newline) return newline;
    return end == n || last == pos ? end : last;
}

static size_t gpt2(const char *s, size_t n, size_t pos) {
    if (s[pos] == '\'') {
        size_t end = contraction(s, n, pos, false);
        if (end) return end;
    }
    size_t p = pos, len;
    unsigned c = lem_char_class(s + p, n - p, &len);
    if (s[pos] == ' ' && pos + 1 < n) {
        p++;
        c = lem_char_class(s + p, n - p, &len);
    }
    if (c & CH_SPACE) return spaces(s, n, pos, false);
    return run(s, n, p + len, CH_WORDLIKE, c & CH_WORDLIKE);
}

static size_t qwen2(const char *s, size_t n, size_t pos, int max_digits) {
    if (s[pos] == '\'') {
        size_t end = contraction(s, n, pos, true);
        if (end) return end;
    }
    size_t len, len2;
    unsigned c = lem_char_class(s + pos, n - pos, &len);
    if (c & CH_LETTER) return letters(s, n, pos + len);
    if (c & CH_NUMBER) {
        size_t end = pos + len;
        for (int i = 1; i < max_digits && end < n && (lem_char_class(s + end, n - end, &len) & CH_NUMBER);
             i++)
            end += len;
        return end;
    }
    size_t p = pos + len;
    unsigned c2 = p < n ? lem_char_class(s + p, n - p, &len2) : CH_SPACE;
    if (!(c & CH_NEWLINE) && (c2 & CH_LETTER)) return letters(s, n, p + len2);
    if (!(c & CH_WORDLIKE) || (s[pos] == ' ' && !(c2 & CH_WORDLIKE))) {
        p = run(s, n, p, CH_WORDLIKE, 0);
        return run(s, n, p, CH_NEWLINE, CH_NEWLINE);
    }
    return spaces(s, n, pos, true);
}

size_t lem_pretok_end(tok_pre_kind kind, const char *s, size_t n, size_t pos) {
    switch (kind) {
    case TOK_PRE_GPT2: return gpt2(s, n, pos);
    case TOK_PRE_QWEN2: return qwen2(s, n, pos, 1);
    case TOK_PRE_LLAMA3: return qwen2(s, n, pos, 3);
    default: return n;
    }
}

/* ---- steps of any kind, by their matches */

static lem_status find_match(const tok_pre *p, void *scratch, const char *s, size_t n, size_t pos,
                             bool *found, size_t *start, size_t *end, lem_err *err) {
    *found = false;
    if (pos >= n) return LEM_OK;
    if (p->kind == TOK_PRE_REGEX) return lem_regex_find(p->regex, scratch, s, n, pos, found, start, end, err);
    if (p->kind == TOK_PRE_CLASS) {
        *found = lem_class_find(&p->cls, s, n, pos, start, end);
    } else if (p->kind == TOK_PRE_TEXT) {
        const char *hit = memmem(s + pos, n - pos, p->text.data, p->text.len);
        *found = hit != NULL;
        *start = hit ? (size_t)(hit - s) : n;
        *end = *start + p->text.len;
    } else {
        *found = true;
        *start = pos;
        *end = lem_pretok_end(p->kind, s, n, pos);
    }
    return LEM_OK;
}

lem_status lem_pretok_cut(const tok_pre *p, void *scratch, const char *s, size_t n, size_t pos, size_t *end,
                          bool *drop, lem_err *err) {
    bool found;
    size_t from = n, to = n;
    lem_status st = find_match(p, scratch, s, n, pos, &found, &from, &to, err);
    if (st != LEM_OK) return st;
    if (!found) from = to = n;
    bool gap = from > pos;
    *drop = p->behavior == TOK_CUT_REMOVED && gap == p->keep_matches;
    *end = gap ? from : to;
    if (p->behavior == TOK_CUT_PREVIOUS) {
        *end = to; /* a match goes with the text before it */
    } else if (p->behavior == TOK_CUT_NEXT && !gap) {
        st = find_match(p, scratch, s, n, to, &found, &from, end, err); /* and here with the text after it */
        if (st == LEM_OK) *end = found ? from : n;
    }
    return st;
}

void lem_pretok_release(tok_pre *p) {
    lem_class_release(&p->cls);
    lem_buf_release(&p->text);
    lem_regex_free(p->regex);
}
