/* repetition.c - loops of words and bytes, repeated lines, the ratio of zlib */
#include "curate/repetition.h"

#include "core/hash.h"
#include "core/mem.h"
#include "core/utf8.h"

#include <ctype.h>
#include <string.h>
#include <zlib.h>

enum {
    MAX_PERIOD = 100, /* words */
    MAX_BYTE_PERIOD = 64,
    MIN_LOOP_BYTES = 200,
    MIN_LINE_WORDS = 3,
    MIN_LINE_BYTES = 20,
    MIN_ZLIB_BYTES = 1000
};

const lem_repetition_limits lem_repetition_standard = {4, 40, 5, 5};

typedef struct piece {
    uint64_t hash;
    size_t from, len;
} piece;

struct lem_repetition_scan {
    piece *word; /* words, then lines */
    size_t cap;
    uint32_t *slot; /* of lines: number + 1 */
    uint32_t *count;
    size_t slot_cap;
    z_stream z;
};

static voidpf take(voidpf opaque, uInt n, uInt size) {
    (void)opaque;
    return lem_alloc(n, size, NULL);
}

static void give(voidpf opaque, voidpf p) {
    (void)opaque;
    lem_free(p);
}

lem_repetition_scan *lem_repetition_scan_new(lem_err *err) {
    lem_repetition_scan *s = lem_alloc_zero(1, sizeof *s, err);
    if (!s) return NULL;
    s->z.zalloc = take;
    s->z.zfree = give;
    if (deflateInit(&s->z, 6) == Z_OK) return s;
    (void)lem_fail(err, LEM_EMEM, "out of memory");
    lem_free(s);
    return NULL;
}

void lem_repetition_scan_free(lem_repetition_scan *s) {
    if (!s) return;
    (void)deflateEnd(&s->z);
    lem_free(s->word);
    lem_free(s->slot);
    lem_free(s->count);
    lem_free(s);
}

/* ---- loops ---- */

/* A sequence of n elements that can be compared at a distance. */
typedef struct sequence {
    const lem_repetition_scan *words; /* NULL: bytes */
    const char *bytes;
    size_t n;
} sequence;

static bool same(const sequence *q, size_t i, size_t j) {
    return q->words ? q->words->word[i].hash == q->words->word[j].hash : q->bytes[i] == q->bytes[j];
}

typedef struct loop {
    size_t from, n; /* elements */
} loop;

/* The first run of elements equal to those `period` before them that is at least `need` long: only every
 * need-th place is looked at, since a run of that length holds one. */
static bool find_run(const sequence *q, size_t period, size_t need, loop *out) {
    size_t done = period;
    for (size_t i = period + need - 1; i < q->n; i += need) {
        size_t a = i, b = i + 1;
        if (!same(q, i, i - period)) continue;
        while (a > done && same(q, a - 1, a - 1 - period)) a--;
        while (b < q->n && same(q, b, b - period)) b++;
        done = b;
        if (b - a < need) continue;
        *out = (loop){a - period, b - a + period};
        return true;
    }
    return false;
}

/* The shortest period whose repetition fills `fill` elements and `times` periods; 0 = none. */
static size_t find_loop(const sequence *q, size_t max_period, size_t fill, size_t times, loop *out) {
    for (size_t p = 1; p <= max_period && p < q->n; p++) {
        size_t all = p * times > fill ? p * times : fill;
        if (all > p && find_run(q, p, all - p, out)) return p;
    }
    return 0;
}

static lem_status split_words(lem_repetition_scan *s, const char *text, size_t len, size_t *n, lem_err *err) {
    *n = 0;
    for (size_t i = 0; i < len;) {
        size_t from = i;
        while (i < len && !lem_is_space(text[i])) i++;
        if (i > from) {
            if (*n == s->cap) {
                size_t cap = s->cap ? 2 * s->cap : 1024;
                piece *more = lem_realloc(s->word, cap, sizeof *more, err);
                if (!more) return LEM_EMEM;
                s->word = more;
                s->cap = cap;
            }
            s->word[(*n)++] = (piece){lem_hash64(text + from, i - from, 0), from, i - from};
        }
        while (i < len && lem_is_space(text[i])) i++;
    }
    return LEM_OK;
}

static bool loops_in_words(const lem_repetition_scan *s, size_t n, const lem_repetition_limits *limits,
                           lem_repetition *out) {
    const sequence q = {s, NULL, n};
    loop l;
    size_t p = find_loop(&q, MAX_PERIOD, (size_t)limits->min_words, (size_t)limits->times, &l);
    if (!p) return false;
    const piece *last = &s->word[l.from + p - 1];
    out->kind = LEM_REPEAT_WORDS;
    out->offset = s->word[l.from].from;
    out->len = last->from + last->len - out->offset;
    out->times = (double)l.n / (double)p;
    return true;
}

static bool has_alnum(const char *s, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (isalnum((unsigned char)s[i]) || (unsigned char)s[i] >= 0x80) return true;
    return false;
}

static bool loops_in_bytes(const lem_repetition_scan *s, const char *text, size_t n, size_t times,
                           lem_repetition *out) {
    for (size_t i = 0; i < n; i++) {
        const piece *w = &s->word[i];
        const sequence q = {NULL, text + w->from, w->len};
        loop l;
        if (w->len < MIN_LOOP_BYTES) continue;
        size_t p = find_loop(&q, MAX_BYTE_PERIOD, MIN_LOOP_BYTES, times, &l);
        if (!p || !has_alnum(q.bytes + l.from, p)) continue;
        *out = (lem_repetition){LEM_REPEAT_BYTES, w->from + l.from, p, (double)l.n / (double)p};
        return true;
    }
    return false;
}

/* ---- lines ---- */

static bool line_counts(const char *s, size_t n) {
    size_t words = 0;
    if (n < MIN_LINE_BYTES) return false;
    for (size_t i = 0; i < n && words < MIN_LINE_WORDS; i++)
        words += !lem_is_space(s[i]) && (i == 0 || lem_is_space(s[i - 1]));
    return words >= MIN_LINE_WORDS;
}

static lem_status make_slots(lem_repetition_scan *s, size_t lines, lem_err *err) {
    size_t cap = 64;
    while (cap < 2 * lines) cap *= 2;
    if (cap > s->slot_cap) {
        lem_free(s->slot);
        lem_free(s->count);
        s->slot = lem_alloc(cap, sizeof *s->slot, err);
        s->count = lem_alloc(cap, sizeof *s->count, err);
        s->slot_cap = cap;
        if (!s->slot || !s->count) {
            lem_free(s->slot);
            lem_free(s->count);
            s->slot = s->count = NULL;
            s->slot_cap = 0;
            return LEM_EMEM;
        }
    }
    memset(s->slot, 0, s->slot_cap * sizeof *s->slot);
    return LEM_OK;
}

/* Counts the line and gives the place of its first like. The pieces are those of the words, which are done
 * with. */
static size_t count_line(lem_repetition_scan *s, const char *text, piece line, size_t *lines) {
    size_t mask = s->slot_cap - 1, i = (size_t)line.hash & mask;
    for (; s->slot[i]; i = (i + 1) & mask) {
        const piece *p = &s->word[s->slot[i] - 1];
        if (p->hash == line.hash && p->len == line.len &&
            memcmp(text + p->from, text + line.from, line.len) == 0) {
            s->count[s->slot[i] - 1]++;
            return s->slot[i] - 1;
        }
    }
    s->word[*lines] = line;
    s->count[*lines] = 1;
    s->slot[i] = (uint32_t)*lines + 1;
    return (*lines)++;
}

/* There are at least as many words as lines that count, so that the pieces have room for these. */
static lem_status repeated_line(lem_repetition_scan *s, const char *text, size_t len, size_t words,
                                uint32_t most, lem_repetition *out, lem_err *err) {
    size_t lines = 0, found = SIZE_MAX;
    lem_status st = make_slots(s, words / MIN_LINE_WORDS + 1, err);
    for (size_t i = 0; st == LEM_OK && i < len;) {
        const char *end = memchr(text + i, '\n', len - i);
        size_t stop = end ? (size_t)(end - text) : len, from = i, n = stop;
        while (from < n && lem_is_space(text[from])) from++;
        while (n > from && lem_is_space(text[n - 1])) n--;
        i = stop + 1;
        if (!line_counts(text + from, n - from)) continue;
        size_t k = count_line(s, text, (piece){lem_hash64(text + from, n - from, 0), from, n - from}, &lines);
        if (s->count[k] == most && found == SIZE_MAX) found = k;
    }
    if (st == LEM_OK && found != SIZE_MAX)
        *out = (lem_repetition){LEM_REPEAT_LINE, s->word[found].from, s->word[found].len, s->count[found]};
    return st;
}

/* ---- zlib ---- */

/* len divided by the bytes that deflate makes of it, header and checksum too, as Python's zlib.compress. */
static double zlib_ratio(lem_repetition_scan *s, const char *text, size_t len) {
    unsigned char sink[4096];
    size_t made = 0;
    (void)deflateReset(&s->z);
    for (size_t at = 0; at < len;) {
        size_t n = len - at < (1U << 30) ? len - at : 1U << 30;
        s->z.next_in = (Bytef *)(uintptr_t)(text + at);
        s->z.avail_in = (uInt)n;
        at += n;
        do {
            s->z.next_out = sink;
            s->z.avail_out = sizeof sink;
            (void)deflate(&s->z, at == len ? Z_FINISH : Z_NO_FLUSH);
            made += sizeof sink - s->z.avail_out;
        } while (s->z.avail_out == 0);
    }
    return (double)len / (double)made;
}

lem_status lem_repetition_find(lem_repetition_scan *s, const char *text, size_t len,
                               const lem_repetition_limits *limits, lem_repetition *out, lem_err *err) {
    size_t words = 0;
    *out = (lem_repetition){LEM_REPEAT_NONE};
    lem_status st = split_words(s, text, len, &words, err);
    if (st) return st;
    if (limits->times > 0 && limits->min_words > 0 && loops_in_words(s, words, limits, out)) return LEM_OK;
    if (limits->times > 0 && loops_in_bytes(s, text, words, (size_t)limits->times, out)) return LEM_OK;
    if (limits->lines > 0) st = repeated_line(s, text, len, words, (uint32_t)limits->lines, out, err);
    if (st || out->kind) return st;
    if (limits->zlib <= 0 || len < MIN_ZLIB_BYTES) return LEM_OK;
    double ratio = zlib_ratio(s, text, len);
    if (ratio > limits->zlib) *out = (lem_repetition){LEM_REPEAT_ZLIB, 0, len, ratio};
    return LEM_OK;
}
