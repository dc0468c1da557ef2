/* normalize.c - NFKC, case folding, words alone
 *
 * Three kinds of input, told apart byte by byte:
 *   an ASCII byte is a word's character (lowered) or a gap, by a table;
 *   a code point that neither decomposes, folds, composes nor combines is itself, by its category;
 *   others are mapped by utf8proc in one run, with the ASCII character before them, which they may join.
 * Output never exceeds input but for mapped runs, so room is made once and bytes are written directly. */
#include "curate/normalize.h"

#include "core/mem.h"
#include "core/utf8.h"

#include <utf8proc.h>

#include <stdint.h>
#include <string.h>

/* What an ASCII byte becomes; 0 = a gap. */
static const char ascii_word[128] = {
    ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4', ['5'] = '5', ['6'] = '6', ['7'] = '7',
    ['8'] = '8', ['9'] = '9', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd', ['e'] = 'e', ['f'] = 'f',
    ['g'] = 'g', ['h'] = 'h', ['i'] = 'i', ['j'] = 'j', ['k'] = 'k', ['l'] = 'l', ['m'] = 'm', ['n'] = 'n',
    ['o'] = 'o', ['p'] = 'p', ['q'] = 'q', ['r'] = 'r', ['s'] = 's', ['t'] = 't', ['u'] = 'u', ['v'] = 'v',
    ['w'] = 'w', ['x'] = 'x', ['y'] = 'y', ['z'] = 'z', ['A'] = 'a', ['B'] = 'b', ['C'] = 'c', ['D'] = 'd',
    ['E'] = 'e', ['F'] = 'f', ['G'] = 'g', ['H'] = 'h', ['I'] = 'i', ['J'] = 'j', ['K'] = 'k', ['L'] = 'l',
    ['M'] = 'm', ['N'] = 'n', ['O'] = 'o', ['P'] = 'p', ['Q'] = 'q', ['R'] = 'r', ['S'] = 's', ['T'] = 't',
    ['U'] = 'u', ['V'] = 'v', ['W'] = 'w', ['X'] = 'x', ['Y'] = 'y', ['Z'] = 'z',
};

/* Output from `start` on; at its end stands a word's character, one space, or nothing yet. */
typedef struct writer {
    lem_buf *out;
    lem_buf *at; /* NULL, or a lem_normal_source for each byte of out from `start` on */
    size_t start;
} writer;

static bool make_room(writer *w, size_t n) {
    return lem_buf_reserve(w->out, n) && (!w->at || lem_buf_reserve(w->at, n * sizeof(lem_normal_source)));
}

/* Tells where the byte that is written next comes from. */
static inline void note(writer *w, size_t begin, size_t end) {
    const lem_normal_source s = {begin, end};
    memcpy(w->at->data + w->at->len, &s, sizeof s);
    w->at->len += sizeof s;
}

static inline void gap(writer *w, size_t i) {
    lem_buf *b = w->out;
    if (b->len == w->start || b->data[b->len - 1] == ' ') return;
    if (w->at) note(w, i, i);
    b->data[b->len++] = ' ';
}

static void put_bytes(writer *w, const char *s, size_t n, size_t begin, size_t end) {
    for (size_t k = 0; k < n; k++) {
        if (w->at) note(w, begin, end);
        w->out->data[w->out->len++] = s[k];
    }
}

/* The ASCII bytes from s[i] on; returns where they end. */
static size_t put_ascii(writer *w, const char *s, size_t n, size_t i) {
    if (w->at) {
        for (; i < n && !(s[i] & 0x80); i++) {
            char c = ascii_word[(unsigned char)s[i]];
            if (c) put_bytes(w, &c, 1, i, i + 1);
            else gap(w, i);
        }
        return i;
    }
    char *o = w->out->data + w->out->len;
    bool open = w->out->len > w->start && o[-1] != ' '; /* a word stands at the end */
    for (; i < n && !(s[i] & 0x80); i++) {
        char c = ascii_word[(unsigned char)s[i]];
        *o = c ? c : ' ';
        o += open | (c != 0);
        open = c != 0;
    }
    w->out->len = (size_t)(o - w->out->data);
    return i;
}

static bool is_word(const utf8proc_property_t *p) {
    return (p->category >= UTF8PROC_CATEGORY_LU && p->category <= UTF8PROC_CATEGORY_LO) ||
           (p->category >= UTF8PROC_CATEGORY_MN && p->category <= UTF8PROC_CATEGORY_NO);
}

/* Neither changed by the mapping nor joined with what stands beside it. */
static bool is_plain(uint32_t cp, const utf8proc_property_t *p) {
    bool hangul =
        (cp >= 0x1100 && cp <= 0x11FF) || (cp >= 0xA960 && cp <= 0xA97F) || (cp >= 0xAC00 && cp <= 0xD7FF);
    return p->decomp_seqindex == UINT16_MAX && p->casefold_seqindex == UINT16_MAX &&
           p->comb_index == UINT16_MAX && p->combining_class == 0 && !hangul;
}

/* The end of the run of code points at s[i] that are not plain. */
static size_t run_end(const char *s, size_t n, size_t i) {
    uint32_t cp;
    while (i < n && (s[i] & 0x80)) {
        int k = lem_utf8_decode(s + i, n - i, &cp);
        if (k == 0 || is_plain(cp, utf8proc_get_property((utf8proc_int32_t)cp))) break;
        i += (size_t)k;
    }
    return i;
}

/* Takes back the ASCII character that was written last, if it is the byte before s[i]. */
static size_t take_back(writer *w, const char *s, size_t i) {
    if (i == 0 || (s[i - 1] & 0x80)) return i;
    if (!ascii_word[(unsigned char)s[i - 1]]) return i - 1;
    w->out->len--;
    if (w->at) w->at->len -= sizeof(lem_normal_source);
    return i - 1;
}

enum { RUN_POINTS = 256 }; /* code points of a run that need no memory of the heap */
static const utf8proc_option_t how = UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD;

/* Mapped, into stack [RUN_POINTS] or memory that *heap then is (the caller's); their number in *count. */
static lem_status map_run(const char *s, size_t n, utf8proc_int32_t *stack, utf8proc_int32_t **heap,
                          utf8proc_ssize_t *count, lem_err *err) {
    const utf8proc_uint8_t *from = (const utf8proc_uint8_t *)s;
    utf8proc_int32_t *points = stack;
    utf8proc_ssize_t len = utf8proc_decompose(from, (utf8proc_ssize_t)n, stack, RUN_POINTS, how);
    if (len > RUN_POINTS) {
        *heap = points = lem_alloc((size_t)len + 1, sizeof *points, err);
        if (!points) return LEM_EMEM;
        len = utf8proc_decompose(from, (utf8proc_ssize_t)n, points, len, how);
    }
    if (len >= 0) len = utf8proc_normalize_utf32(points, len, how);
    if (len < 0) return lem_fail(err, LEM_EDATA, "text that cannot be normalised");
    *count = len;
    return LEM_OK;
}

/* A run that is not plain, whole, so that marks compose with what they stand on. *next: where it ends. */
static lem_status put_run(writer *w, const char *s, size_t n, size_t i, size_t *next, lem_err *err) {
    utf8proc_int32_t stack[RUN_POINTS], *heap = NULL;
    utf8proc_ssize_t count = 0;
    size_t end = run_end(s, n, i), begin = take_back(w, s, i);
    lem_status st = map_run(s + begin, end - begin, stack, &heap, &count, err);
    bool room = st == LEM_OK && make_room(w, 4 * (size_t)count + (n - end) + 2);
    const utf8proc_int32_t *points = heap ? heap : stack;
    for (utf8proc_ssize_t k = 0; room && k < count; k++) {
        char b[4];
        if (is_word(utf8proc_get_property(points[k])))
            put_bytes(w, b, (size_t)lem_utf8_encode((uint32_t)points[k], b), begin, end);
        else gap(w, begin);
    }
    lem_free(heap);
    *next = end;
    return st;
}

/* One code point beyond ASCII, or a bad byte, at s[i]. */
static lem_status put_wide(writer *w, const char *s, size_t n, size_t i, size_t *next, lem_err *err) {
    uint32_t cp = 0;
    int k = lem_utf8_decode(s + i, n - i, &cp);
    if (k == 0) {
        gap(w, i);
        *next = i + 1;
        return LEM_OK;
    }
    const utf8proc_property_t *p = utf8proc_get_property((utf8proc_int32_t)cp);
    if (!is_plain(cp, p)) return put_run(w, s, n, i, next, err);
    *next = i + (size_t)k;
    if (is_word(p)) put_bytes(w, s + i, (size_t)k, i, *next);
    else gap(w, i);
    return LEM_OK;
}

static lem_status normalize(const char *s, size_t n, lem_buf *out, lem_buf *at, lem_err *err) {
    writer w = {out, at, out->len};
    if (make_room(&w, n + 1)) {
        for (size_t i = 0; i < n && !out->failed && !(at && at->failed);) {
            i = put_ascii(&w, s, n, i);
            if (i == n) break;
            lem_status st = put_wide(&w, s, n, i, &i, err);
            if (st) return st;
        }
        if (out->len > w.start && out->data[out->len - 1] == ' ') {
            out->len--;
            if (at) at->len -= sizeof(lem_normal_source);
        }
        out->data[out->len] = '\0';
    }
    lem_status st = lem_buf_ok(out, err);
    return st == LEM_OK && at ? lem_buf_ok(at, err) : st;
}

lem_status lem_normalize(const char *s, size_t n, lem_buf *out, lem_err *err) {
    return normalize(s, n, out, NULL, err);
}

lem_status lem_normalize_traced(const char *s, size_t n, lem_buf *out, lem_buf *sources, lem_err *err) {
    return normalize(s, n, out, sources, err);
}
