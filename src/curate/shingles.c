/* shingles.c - pieces of a text, and the Jaccard coefficient of two sets of them */
#include "curate/shingles.h"

#include "core/hash.h"
#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

static bool between(char c) { return c == ' ' || c == '\n'; }

/* The end of the unit that begins at i. */
static size_t unit_end(const lem_shingle_walk *w, size_t i) {
    if (i < w->len && w->o.chars) {
        i++;
        while (i < w->len && ((unsigned char)w->text[i] & 0xC0) == 0x80) i++;
        return i;
    }
    while (i < w->len && !between(w->text[i])) i++;
    return i;
}

/* From the end of a unit to the beginning of the next. */
static size_t to_next(const lem_shingle_walk *w, size_t i) {
    while (!w->o.chars && i < w->len && between(w->text[i])) i++;
    return i;
}

lem_shingle_walk lem_shingle_start(const char *text, size_t len, const lem_shingle_opts *o) {
    return (lem_shingle_walk){.text = text, .len = len, .o = *o};
}

bool lem_shingle_next(lem_shingle_walk *w) {
    if (!w->begun) {
        w->begun = true;
        w->at = to_next(w, 0);
        w->end = unit_end(w, w->at);
        for (int i = 1; i < w->o.n && to_next(w, w->end) < w->len; i++)
            w->end = unit_end(w, to_next(w, w->end));
        return w->end > w->at;
    }
    size_t more = to_next(w, w->end);
    if (more >= w->len) return false;
    w->at = to_next(w, unit_end(w, w->at));
    w->end = unit_end(w, more);
    return true;
}

uint64_t lem_shingle_hash(const lem_shingle_walk *w) {
    return lem_hash64(w->text + w->at, w->end - w->at, 0);
}

/* ---- sets ---- */

/* An item and the text that it is of, for comparing. */
static int order(const lem_shingles *s, const struct lem_shingle *a, const lem_shingles *t,
                 const struct lem_shingle *b) {
    if (a->hash != b->hash) return a->hash < b->hash ? -1 : 1;
    if (a->len != b->len) return a->len < b->len ? -1 : 1;
    return memcmp(s->text.data + a->at, t->text.data + b->at, a->len);
}

static void sift(lem_shingles *s, size_t i, size_t n) {
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && order(s, &s->item[child + 1], s, &s->item[child]) > 0) child++;
        if (order(s, &s->item[i], s, &s->item[child]) >= 0) return;
        struct lem_shingle t = s->item[i];
        s->item[i] = s->item[child];
        s->item[child] = t;
    }
}

/* Heapsort: no further memory, and no order of items that makes it slow. */
static void sort_items(lem_shingles *s) {
    for (size_t i = s->n / 2; i-- > 0;) sift(s, i, s->n);
    for (size_t n = s->n; n > 1;) {
        struct lem_shingle t = s->item[--n];
        s->item[n] = s->item[0];
        s->item[0] = t;
        sift(s, 0, n);
    }
}

static lem_status add(lem_shingles *s, const lem_shingle_walk *w, lem_err *err) {
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 64;
        struct lem_shingle *item = lem_realloc(s->item, cap, sizeof *item, err);
        if (!item) return LEM_EMEM;
        s->item = item;
        s->cap = cap;
    }
    s->item[s->n++] = (struct lem_shingle){lem_shingle_hash(w), (uint32_t)w->at, (uint32_t)(w->end - w->at)};
    return LEM_OK;
}

lem_status lem_shingles_set(lem_shingles *s, const char *text, size_t len, const lem_shingle_opts *o,
                            lem_err *err) {
    size_t kept = 0;
    if (len > UINT32_MAX) return lem_fail(err, LEM_EDATA, "a text of more than 4 GiB");
    s->n = 0;
    lem_buf_clear(&s->text);
    lem_buf_add(&s->text, text, len);
    lem_status st = lem_buf_ok(&s->text, err);
    lem_shingle_walk w = lem_shingle_start(s->text.data, len, o);
    while (st == LEM_OK && lem_shingle_next(&w)) st = add(s, &w, err);
    if (st) return st;
    sort_items(s);
    for (size_t i = 0; i < s->n; i++)
        if (i == 0 || order(s, &s->item[kept - 1], s, &s->item[i]) != 0) s->item[kept++] = s->item[i];
    s->n = kept;
    return LEM_OK;
}

void lem_shingles_release(lem_shingles *s) {
    lem_buf_release(&s->text);
    lem_free(s->item);
    *s = (lem_shingles){0};
}

double lem_shingles_jaccard(const lem_shingles *a, const lem_shingles *b) {
    size_t shared = 0;
    if (a->n == 0 && b->n == 0) return 1;
    for (size_t i = 0, k = 0; i < a->n && k < b->n;) {
        int c = order(a, &a->item[i], b, &b->item[k]);
        shared += c == 0;
        i += c <= 0;
        k += c >= 0;
    }
    return (double)shared / (double)(a->n + b->n - shared);
}
