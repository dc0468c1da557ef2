/* added.c - finds added tokens in text: a trie in a hash table, leftmost match first, of those the longest */
#include "core/mem.h"
#include "core/utf8.h"
#include "token/tokenizer_priv.h"

#include <string.h>
#include <utf8proc.h>

#define MAX_SCAN ((size_t)1 << 20)

void lem_trie_release(tok_trie *t) {
    lem_free(t->key);
    lem_free(t->child);
    lem_free(t->value);
    *t = (tok_trie){0};
}

static size_t find_slot(const tok_trie *t, uint64_t key) {
    size_t i = (size_t)lem_tok_mix(key) & (t->n_slots - 1);
    while (t->key[i] && t->key[i] != key) i = (i + 1) & (t->n_slots - 1);
    return i;
}

static uint64_t edge_key(uint32_t node, char byte) { return ((uint64_t)node << 8 | (unsigned char)byte) + 1; }

static lem_status grow_trie(tok_trie *t, lem_err *err) {
    if (t->n_nodes == t->cap_nodes) {
        size_t cap = t->cap_nodes ? t->cap_nodes * 2 : 256;
        int32_t *v = lem_realloc(t->value, cap, sizeof *v, err);
        if (!v) return LEM_EMEM;
        t->value = v;
        t->cap_nodes = cap;
    }
    if (t->n_nodes * 2 < t->n_slots) return LEM_OK;
    tok_trie old = *t;
    t->n_slots = old.n_slots ? old.n_slots * 2 : 512;
    t->key = lem_alloc_zero(t->n_slots, sizeof *t->key, err);
    t->child = lem_alloc_zero(t->n_slots, sizeof *t->child, err);
    if (!t->key || !t->child) {
        lem_free(t->key);
        lem_free(t->child);
        t->key = old.key;
        t->child = old.child;
        t->n_slots = old.n_slots;
        return LEM_EMEM;
    }
    for (size_t i = 0; i < old.n_slots; i++) {
        if (!old.key[i]) continue;
        size_t k = find_slot(t, old.key[i]);
        t->key[k] = old.key[i];
        t->child[k] = old.child[i];
    }
    lem_free(old.key);
    lem_free(old.child);
    return LEM_OK;
}

lem_status lem_trie_add(tok_trie *t, const char *s, size_t n, int32_t value, lem_err *err) {
    if (n == 0) return lem_fail(err, LEM_EDATA, "an added token is empty");
    uint32_t node = 0;
    for (size_t i = 0; i <= n; i++) {
        lem_status st = grow_trie(t, err);
        if (st != LEM_OK) return st;
        if (t->n_nodes == 0) t->value[t->n_nodes++] = -1;
        if (i == n) break;
        size_t k = find_slot(t, edge_key(node, s[i]));
        if (!t->key[k]) {
            t->key[k] = edge_key(node, s[i]);
            t->child[k] = (uint32_t)t->n_nodes;
            t->value[t->n_nodes++] = -1;
        }
        node = t->child[k];
    }
    if (t->value[node] < 0) t->value[node] = value;
    t->first[(unsigned char)s[0]] = true;
    return LEM_OK;
}

bool lem_trie_step(const tok_trie *t, uint32_t *node, char byte) {
    if (!t->n_nodes) return false;
    size_t k = find_slot(t, edge_key(*node, byte));
    if (!t->key[k]) return false;
    *node = t->child[k];
    return true;
}

/* Longest token that begins at s; its index or -1. */
static int32_t longest(const tok_trie *t, const char *s, size_t n, size_t *len) {
    int32_t found = -1;
    uint32_t node = 0;
    for (size_t i = 0; i < n && lem_trie_step(t, &node, s[i]); i++) {
        if (t->value[node] >= 0) {
            found = t->value[node];
            *len = i + 1;
        }
    }
    return found;
}

/* \w : letters, marks, decimal digits, connectors. */
static bool word_char(const char *s, size_t n) {
    uint32_t cp = 0;
    if (n == 0 || lem_utf8_decode(s, n, &cp) <= 0) return false;
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC: return true;
    default: return false;
    }
}

/* Start of the character that ends at s[n], n >= 1. */
static size_t char_before(const char *s, size_t n) {
    size_t i = n - 1;
    while (i > 0 && n - i < 4 && ((unsigned char)s[i] & 0xc0) == 0x80) i--;
    return i;
}

static bool stands_alone(const char *s, size_t n, size_t start, size_t end) {
    if (end < n && word_char(s + end, n - end)) return false;
    if (start == 0) return true;
    size_t b = char_before(s, start);
    return !word_char(s + b, start - b);
}

static bool any_set(const uint8_t *data, size_t from, size_t to) {
    for (size_t i = from; data && i < to; i++)
        if (data[i]) return true;
    return false;
}

/* Widens a match over the white space that its token takes in, but not below floor. */
static void widen(const tok_added *a, const char *s, size_t n, size_t floor, tok_match *m) {
    size_t k;
    while (a->lstrip && m->start > floor) {
        size_t b = char_before(s, m->start);
        if (b < floor || !(lem_char_class(s + b, m->start - b, &k) & CH_SPACE)) break;
        m->start = b;
    }
    while (a->rstrip && m->end < n && (lem_char_class(s + m->end, n - m->end, &k) & CH_SPACE)) m->end += k;
}

tok_match lem_added_next(const tok_added *list, const tok_trie *t, const char *s, size_t n,
                         bool parse_special, const uint8_t *data, size_t floor, size_t *pos) {
    size_t p = *pos, len = 0, stop = n - p > MAX_SCAN ? p + MAX_SCAN : n;
    while (p < stop && t->n_nodes) {
        int32_t i = t->first[(unsigned char)s[p]] ? longest(t, s + p, n - p, &len) : -1;
        if (i < 0) {
            p++;
            continue;
        }
        tok_match m = {i, p, p + len};
        p += len;
        if (list[i].special && (!parse_special || any_set(data, m.start, m.end))) continue;
        if (list[i].single_word && !stands_alone(s, n, m.start, m.end)) continue;
        widen(&list[i], s, n, floor, &m);
        *pos = m.end > p ? m.end : p;
        return m;
    }
    if (p < n && t->n_nodes) {
        *pos = p;
        return (tok_match){TOK_NOT_YET, p, p};
    }
    *pos = n;
    return (tok_match){TOK_NO_MATCH, n, n};
}
