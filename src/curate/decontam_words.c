/* decontam_words.c - words of normalised text, numbered
 *
 * A word is what stands between spaces of the normalised text. Han and Kana are written without them, so each
 * of their characters is a word of its own. */
#include "curate/decontam_priv.h"

#include "core/mem.h"
#include "core/utf8.h"
#include "curate/normalize.h"

#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)
#define LOW_BITS UINT64_C(0x0101010101010101)
enum { FIRST_BITS = 10, SLACK = 8 }; /* SLACK: bytes behind a normalised text that may be read */

void lem_vocabulary_release(lem_vocabulary *v) {
    lem_free(v->slots);
    lem_free(v->begin);
    lem_buf_release(&v->text);
    *v = (lem_vocabulary){0};
}

void lem_word_ids_release(lem_word_ids *w) {
    lem_buf_release(&w->normal);
    lem_free(w->id);
    *w = (lem_word_ids){0};
}

/* The first 8 bytes, in order of address from the low end. */
static uint64_t load8(const char *p) {
    uint64_t x;
    memcpy(&x, p, sizeof x);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    return x;
}

static uint64_t mix(uint64_t x) {
    x *= UINT64_C(0xFF51AFD7ED558CCD);
    return x ^ x >> 32;
}

static uint64_t key_of_long(const char *s, size_t n) {
    uint64_t h = n;
    for (; n > 8; s += 8, n -= 8) h = mix(h ^ load8(s)) * LEM_ROLL;
    for (; n; s++, n--) h = mix(h ^ (unsigned char)*s);
    return h;
}

/* A word at hand: [s, s + n). */
typedef struct word {
    const char *s;
    size_t n;
    uint64_t key;
    uint32_t whole;
} word;

static bool is_slot_of(const lem_vocabulary *v, const lem_word_slot *slot, const word *w) {
    if (slot->key != w->key || slot->whole != w->whole) return false;
    if (w->whole) return true;
    size_t begin = v->begin[slot->id], len = v->begin[slot->id + 1] - begin;
    return len == w->n && memcmp(v->text.data + begin, w->s, len) == 0;
}

/* The slot that the word has or would have. */
static inline lem_word_slot *slot_of(const lem_vocabulary *v, const word *w) {
    size_t last = ((size_t)1 << v->bits) - 1;
    size_t i = (size_t)((w->key * LEM_ROLL) >> (64 - v->bits));
    while (v->slots[i].id && !is_slot_of(v, &v->slots[i], w)) i = (i + 1) & last;
    return &v->slots[i];
}

static inline uint32_t number_of(const lem_vocabulary *v, const word *w) {
    return v->slots ? slot_of(v, w)->id : 0;
}

static lem_status grow_slots(lem_vocabulary *v, lem_err *err) {
    int bits = v->slots ? v->bits + 1 : FIRST_BITS;
    lem_word_slot *old = v->slots, *slots = lem_alloc_zero((size_t)1 << bits, sizeof *slots, err);
    size_t n = old ? (size_t)1 << v->bits : 0, last = ((size_t)1 << bits) - 1;
    if (!slots) return LEM_EMEM;
    for (size_t k = 0; k < n; k++) {
        if (!old[k].id) continue;
        size_t i = (size_t)((old[k].key * LEM_ROLL) >> (64 - bits));
        while (slots[i].id) i = (i + 1) & last;
        slots[i] = old[k];
    }
    lem_free(old);
    v->slots = slots;
    v->bits = bits;
    return LEM_OK;
}

static lem_status add_word(lem_vocabulary *v, const word *w, uint32_t *id, lem_err *err) {
    if (!v->slots || v->n + 1 > (UINT64_C(1) << v->bits) / 2) {
        lem_status st = grow_slots(v, err);
        if (st) return st;
    }
    lem_word_slot *slot = slot_of(v, w);
    *id = slot->id;
    if (slot->id) return LEM_OK;
    if ((size_t)v->n + 3 > v->cap) {
        size_t cap = v->cap ? 2 * v->cap : 1024;
        size_t *begin = lem_realloc(v->begin, cap, sizeof *begin, err);
        if (!begin) return LEM_EMEM;
        v->begin = begin;
        v->cap = cap;
    }
    if (v->n == UINT32_MAX - 2) return lem_fail(err, LEM_EDATA, "over 2^32 different words in test texts");
    *id = ++v->n;
    v->begin[*id] = v->text.len;
    lem_buf_add(&v->text, w->s, w->n);
    v->begin[*id + 1] = v->text.len;
    *slot = (lem_word_slot){w->key, *id, w->whole};
    return lem_buf_ok(&v->text, err);
}

/* Han, Hiragana and Katakana, as they stand in normalised text. */
static bool is_ideograph(uint32_t cp) {
    return (cp >= 0x3041 && cp <= 0x30FF) || (cp >= 0x3400 && cp <= 0x9FFF) ||
           (cp >= 0x20000 && cp <= 0x3FFFF);
}

/* How many bytes of s[0..n), which is no ASCII throughout, are its first word. */
static size_t first_word(const char *s, size_t n) {
    for (size_t i = 0; i < n;) {
        uint32_t cp = 0;
        int k = lem_utf8_decode(s + i, n - i, &cp);
        size_t size = k > 0 ? (size_t)k : 1;
        if (k > 1 && is_ideograph(cp)) return i ? i : size;
        i += size;
    }
    return n;
}

/* The word that begins at s; behind the text stands a space. */
static inline void next_word(const char *s, word *w) {
    uint64_t x = load8(s), t = x ^ (LOW_BITS * ' ');
    uint64_t space = (t - LOW_BITS) & ~t & HIGH_BITS; /* its lowest bit is at the first space */
    size_t n = space ? (size_t)__builtin_ctzll(space) / 8 : 8;
    uint64_t head = n < 8 ? x & ((UINT64_C(1) << (8 * n)) - 1) : x, high = head & HIGH_BITS;
    w->s = s;
    if (!space)
        for (; s[n] != ' '; n++) high |= (unsigned char)s[n] & 0x80;
    if (high) {
        n = first_word(s, n);
        head = n < 8 ? x & ((UINT64_C(1) << (8 * n)) - 1) : x;
    }
    w->n = n;
    w->whole = n <= 8;
    w->key = w->whole ? head : key_of_long(s, n);
}

/* The normalised text with a space and SLACK bytes behind it, and room for the number of each word. */
static lem_status normal_words(const char *text, size_t len, lem_word_ids *out, lem_err *err) {
    lem_buf_clear(&out->normal);
    out->n = 0;
    lem_status st = lem_normalize(text, len, &out->normal, err);
    if (st) return st;
    if (!lem_buf_reserve(&out->normal, SLACK + 1)) return lem_buf_ok(&out->normal, err);
    memset(out->normal.data + out->normal.len, ' ', SLACK + 1);
    size_t most = out->normal.len / 2 + 2; /* words and spaces; ideographs have three bytes */
    if (most <= out->cap) return LEM_OK;
    uint32_t *id = lem_realloc(out->id, most + most / 2, sizeof *id, err);
    if (!id) return LEM_EMEM;
    out->id = id;
    out->cap = most + most / 2;
    return LEM_OK;
}

lem_status lem_vocabulary_add(lem_vocabulary *v, const char *text, size_t len, lem_word_ids *out,
                              lem_err *err) {
    lem_status st = normal_words(text, len, out, err);
    const char *s = out->normal.data, *end = s ? s + out->normal.len : s;
    while (st == LEM_OK && s < end) {
        word w;
        next_word(s, &w);
        st = add_word(v, &w, &out->id[out->n], err);
        out->n++;
        s += w.n + (s[w.n] == ' ');
    }
    return st;
}

/* Words whose slots are on their way from memory. */
enum { AHEAD = 8 };

lem_status lem_vocabulary_find(const lem_vocabulary *v, const char *text, size_t len, lem_word_ids *out,
                               lem_err *err) {
    lem_status st = normal_words(text, len, out, err);
    if (st) return st;
    const char *s = out->normal.data, *end = s + out->normal.len;
    word ahead[AHEAD];
    size_t n = 0, found = 0;
    for (; s < end; n++) {
        word *w = &ahead[n % AHEAD];
        if (n >= AHEAD) out->id[found++] = number_of(v, w);
        next_word(s, w);
        if (v->slots) __builtin_prefetch(&v->slots[(w->key * LEM_ROLL) >> (64 - v->bits)]);
        s += w->n + (s[w->n] == ' ');
    }
    for (; found < n; found++) out->id[found] = number_of(v, &ahead[found % AHEAD]);
    out->n = n;
    return LEM_OK;
}

/* ---- prose ---- */

/* A word of prose: three bytes or more, none of them an ASCII digit. A Han character is one. */
static bool is_prose(const char *s, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (s[i] >= '0' && s[i] <= '9') return false;
    return n >= 3;
}

size_t lem_prose_of(const lem_word_ids *w, uint32_t *out) {
    const char *s = w->normal.data;
    size_t n = 0;
    for (size_t i = 0; i < w->n; i++) {
        word at;
        next_word(s, &at);
        if (is_prose(at.s, at.n)) out[n++] = w->id[i];
        s += at.n + (s[at.n] == ' ');
    }
    return n;
}

bool lem_vocabulary_prose(const lem_vocabulary *v, uint32_t id) {
    return is_prose(v->text.data + v->begin[id], v->begin[id + 1] - v->begin[id]);
}
