/* sorter.c - runs sorted in memory byte by byte, merged by a heap, in several passes where they are many */
#include "core/sorter.h"

#include "core/mem.h"
#include "core/scratch.h"

#include <string.h>

/* PIECE: bytes read of a run at once, at least; FEW: records sorted by insertion; MOST_RUNS: merged at once
 */
enum { PIECE = 4096, FEW = 24, MOST_RUNS = 512, WATCH = 1 << 16 };

typedef struct run {
    uint64_t at, n; /* records: place in the file, number */
} run;

typedef struct cursor {
    run left; /* not read yet */
    uint64_t *piece;
    size_t pos, have;
} cursor;

struct lem_sorter {
    lem_sorter_opts o;
    size_t size; /* bytes of a record */
    uint64_t *buf;
    size_t n, cap, most; /* records in buf; its room; the room it may get */
    uint64_t written;
    lem_scratch *file;
    char *dir;
    run *runs;
    size_t n_runs, cap_runs;
    size_t next; /* of buf, while all is in memory */
    cursor *cur;
    size_t *heap, n_heap; /* indices of cursors, the least record first */
    size_t piece;         /* records of a cursor's piece */
    uint64_t last[LEM_SORTER_MAX_WORDS];
};

lem_status lem_sorter_new(const lem_sorter_opts *o, lem_sorter **out, lem_err *err) {
    lem_sorter *s = lem_alloc_zero(1, sizeof *s, err);
    if (!s) return LEM_EMEM;
    s->o = *o;
    s->size = (size_t)o->words * sizeof(uint64_t);
    s->most = o->memory / s->size;
    if (s->most < 64) s->most = 64;
    if (s->most * s->size < 4 * PIECE) s->most = 4 * PIECE / s->size;
    s->dir = lem_strdup(o->dir, err);
    if (!s->dir) {
        lem_sorter_free(s);
        return LEM_EMEM;
    }
    *out = s;
    return LEM_OK;
}

static void drop_cursors(lem_sorter *s) {
    lem_free(s->cur);
    lem_free(s->heap);
    s->cur = NULL;
    s->heap = NULL;
    s->n_heap = 0;
}

void lem_sorter_free(lem_sorter *s) {
    if (!s) return;
    drop_cursors(s);
    lem_scratch_close(s->file);
    lem_free(s->buf);
    lem_free(s->runs);
    lem_free(s->dir);
    lem_free(s);
}

uint64_t lem_sorter_on_disk(const lem_sorter *s) { return s->written; }

/* ---- in memory ---- */

static int compare(const uint64_t *a, const uint64_t *b, int words) {
    for (int i = 0; i < words; i++)
        if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
    return 0;
}

static void insertion(uint64_t *a, size_t n, int words) {
    uint64_t t[LEM_SORTER_MAX_WORDS];
    size_t size = (size_t)words * sizeof *a, w = (size_t)words;
    for (size_t i = 1; i < n; i++) {
        size_t k = i;
        memcpy(t, a + i * w, size);
        for (; k > 0 && compare(a + (k - 1) * w, t, words) > 0; k--) memcpy(a + k * w, a + (k - 1) * w, size);
        memcpy(a + k * w, t, size);
    }
}

static unsigned digit_of(const uint64_t *record, int digit) {
    return (unsigned)(record[digit / 8] >> (56 - 8 * (digit % 8))) & 255;
}

/* Moves each record into its digit's place, in place: the American flag sort of McIlroy, Bostic and McIlroy
 * (1993). begin: where each digit's records begin; end[] is left behind their ends. */
static void distribute(uint64_t *a, int words, int digit, const size_t begin[256], size_t end[256],
                       const size_t count[256]) {
    uint64_t t[LEM_SORTER_MAX_WORDS], u[LEM_SORTER_MAX_WORDS];
    size_t size = (size_t)words * sizeof *a, w = (size_t)words;
    for (int d = 0; d < 256; d++) end[d] = begin[d];
    for (int d = 0; d < 256; d++) {
        while (end[d] < begin[d] + count[d]) {
            memcpy(t, a + end[d] * w, size);
            unsigned to = digit_of(t, digit);
            while (to != (unsigned)d) {
                uint64_t *place = a + end[to]++ * w;
                memcpy(u, place, size);
                memcpy(place, t, size);
                memcpy(t, u, size);
                to = digit_of(t, digit);
            }
            memcpy(a + end[d]++ * w, t, size);
        }
    }
}

/* Depth: at most one call for each byte of a record. */
static void sort_from(uint64_t *a, size_t n, int words, int digit) {
    size_t count[256], begin[256], end[256], w = (size_t)words;
    for (;; digit++) {
        if (n <= FEW) {
            insertion(a, n, words);
            return;
        }
        if (digit == 8 * words) return;
        memset(count, 0, sizeof count);
        for (size_t i = 0; i < n; i++) count[digit_of(a + i * w, digit)]++;
        if (count[digit_of(a, digit)] < n) break; /* else all have this byte */
    }
    begin[0] = 0;
    for (int d = 1; d < 256; d++) begin[d] = begin[d - 1] + count[d - 1];
    distribute(a, words, digit, begin, end, count);
    for (int d = 0; d < 256; d++)
        if (count[d] > 1) sort_from(a + begin[d] * w, count[d], words, digit + 1);
}

/* ---- runs ---- */

static lem_status note_run(lem_sorter *s, run r, lem_err *err) {
    if (s->n_runs == s->cap_runs) {
        size_t cap = s->cap_runs ? 2 * s->cap_runs : 16;
        run *runs = lem_realloc(s->runs, cap, sizeof *runs, err);
        if (!runs) return LEM_EMEM;
        s->runs = runs;
        s->cap_runs = cap;
    }
    s->runs[s->n_runs++] = r;
    return LEM_OK;
}

static lem_status write_run(lem_sorter *s, lem_err *err) {
    lem_status st = lem_cancel_check(s->o.cancel, err);
    if (st == LEM_OK && !s->file) st = lem_scratch_open(s->dir, 0, &s->file, err);
    if (st) return st;
    run r = {lem_scratch_size(s->file) / s->size, s->n};
    sort_from(s->buf, s->n, s->o.words, 0);
    st = lem_scratch_append(s->file, s->buf, s->n * s->size, err);
    if (st == LEM_OK) st = note_run(s, r, err);
    s->written += s->n * s->size;
    s->n = 0;
    return st;
}

static lem_status grow(lem_sorter *s, lem_err *err) {
    size_t cap = s->cap ? 2 * s->cap : 64;
    if (cap > s->most) cap = s->most;
    uint64_t *buf = lem_realloc(s->buf, cap, s->size, err);
    if (!buf) return LEM_EMEM;
    s->buf = buf;
    s->cap = cap;
    return LEM_OK;
}

lem_status lem_sorter_add(lem_sorter *s, const uint64_t *record, lem_err *err) {
    lem_status st = LEM_OK;
    if (s->n == s->cap) st = s->cap < s->most ? grow(s, err) : write_run(s, err);
    if (st) return st;
    memcpy(s->buf + s->n++ * (size_t)s->o.words, record, s->size);
    return LEM_OK;
}

/* ---- merging ---- */

static const uint64_t *head(const lem_sorter *s, size_t i) {
    const cursor *c = &s->cur[i];
    return c->piece + c->pos * (size_t)s->o.words;
}

static lem_status refill(lem_sorter *s, cursor *c, lem_err *err) {
    size_t n = c->left.n < s->piece ? (size_t)c->left.n : s->piece;
    c->pos = 0;
    c->have = n;
    if (n == 0) return LEM_OK;
    lem_status st = lem_scratch_read(s->file, c->left.at * s->size, c->piece, n * s->size, err);
    c->left.at += n;
    c->left.n -= n;
    return st;
}

static void sift_down(lem_sorter *s, size_t i) {
    for (size_t child; (child = 2 * i + 1) < s->n_heap; i = child) {
        if (child + 1 < s->n_heap &&
            compare(head(s, s->heap[child + 1]), head(s, s->heap[child]), s->o.words) < 0)
            child++;
        if (compare(head(s, s->heap[i]), head(s, s->heap[child]), s->o.words) <= 0) return;
        size_t t = s->heap[i];
        s->heap[i] = s->heap[child];
        s->heap[child] = t;
    }
}

/* Begins to merge runs[0..n), reading through the first `room` records of buf. */
static lem_status start_merge(lem_sorter *s, const run *runs, size_t n, size_t room, lem_err *err) {
    drop_cursors(s);
    s->cur = lem_alloc_zero(n, sizeof *s->cur, err);
    s->heap = lem_alloc_zero(n, sizeof *s->heap, err);
    if (!s->cur || !s->heap) return LEM_EMEM;
    s->piece = room / n;
    for (size_t i = 0; i < n; i++) {
        s->cur[i] = (cursor){.left = runs[i], .piece = s->buf + i * s->piece * (size_t)s->o.words};
        lem_status st = refill(s, &s->cur[i], err);
        if (st) return st;
        s->heap[s->n_heap++] = i;
    }
    for (size_t i = s->n_heap / 2; i-- > 0;) sift_down(s, i);
    return LEM_OK;
}

/* The least record, copied into last; false at the end. */
static lem_status take(lem_sorter *s, bool *any, lem_err *err) {
    *any = s->n_heap > 0;
    if (!*any) return LEM_OK;
    cursor *c = &s->cur[s->heap[0]];
    memcpy(s->last, head(s, s->heap[0]), s->size);
    if (++c->pos == c->have) {
        lem_status st = refill(s, c, err);
        if (st) return st;
        if (c->have == 0) s->heap[0] = s->heap[--s->n_heap];
    }
    if (s->n_heap) sift_down(s, 0);
    return LEM_OK;
}

/* Merges runs[0..n) into one run behind `to`. */
static lem_status merge_into(lem_sorter *s, const run *runs, size_t n, lem_scratch *to, run *out,
                             lem_err *err) {
    size_t room = s->most - s->most / (n + 1);
    uint64_t *block = s->buf + room * (size_t)s->o.words;
    size_t filled = 0, most = s->most - room;
    bool any = true;
    *out = (run){lem_scratch_size(to) / s->size, 0};
    lem_status st = start_merge(s, runs, n, room, err);
    while (st == LEM_OK) {
        st = take(s, &any, err);
        if (st == LEM_OK && out->n % WATCH == 0) st = lem_cancel_check(s->o.cancel, err);
        if (st || !any) break;
        memcpy(block + filled++ * (size_t)s->o.words, s->last, s->size);
        out->n++;
        if (filled < most) continue;
        st = lem_scratch_append(to, block, filled * s->size, err);
        filled = 0;
    }
    if (st == LEM_OK) st = lem_scratch_append(to, block, filled * s->size, err);
    s->written += out->n * s->size;
    return st;
}

/* One pass: groups of `fan` runs become one run each, in a new file. */
static lem_status merge_pass(lem_sorter *s, size_t fan, lem_err *err) {
    lem_scratch *to = NULL;
    size_t made = 0;
    lem_status st = lem_scratch_open(s->dir, 0, &to, err);
    for (size_t i = 0; st == LEM_OK && i < s->n_runs; i += fan) {
        size_t n = s->n_runs - i < fan ? s->n_runs - i : fan;
        run one;
        st = merge_into(s, s->runs + i, n, to, &one, err);
        s->runs[made++] = one;
    }
    if (st) {
        lem_scratch_close(to);
        return st;
    }
    lem_scratch_close(s->file);
    s->file = to;
    s->n_runs = made;
    return LEM_OK;
}

lem_status lem_sorter_sort(lem_sorter *s, lem_err *err) {
    lem_status st = LEM_OK;
    if (s->n_runs == 0) {
        sort_from(s->buf, s->n, s->o.words, 0);
        return LEM_OK;
    }
    if (s->n) st = write_run(s, err);
    size_t fan = s->most * s->size / PIECE;
    if (fan > MOST_RUNS) fan = MOST_RUNS;
    if (fan < 3) fan = 3;
    fan--; /* one piece for what is written */
    while (st == LEM_OK && s->n_runs > fan) st = merge_pass(s, fan, err);
    return st == LEM_OK ? start_merge(s, s->runs, s->n_runs, s->most, err) : st;
}

lem_status lem_sorter_next(lem_sorter *s, const uint64_t **record, lem_err *err) {
    bool any = false;
    *record = NULL;
    if (s->n_runs == 0) {
        if (s->next < s->n) *record = s->buf + s->next++ * (size_t)s->o.words;
        return LEM_OK;
    }
    lem_status st = take(s, &any, err);
    if (st == LEM_OK && any) *record = s->last;
    return st;
}
