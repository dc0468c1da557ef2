/* levels - runs of small integers as Parquet packs them (Encodings.md: RLE, BIT_PACKED, DELTA_BINARY_PACKED)
 */
#include "rows/levels_priv.h"

static bool varint(const unsigned char *p, size_t n, size_t *at, uint64_t *v) {
    *v = 0;
    for (unsigned shift = 0; shift < 64 && *at < n; shift += 7) {
        unsigned b = p[(*at)++];
        *v |= (uint64_t)(b & 127) << shift;
        if (b < 128) return true;
    }
    return false;
}

/* `width` bits, 0 to 64, from bit number `bit` of p, least significant first; the caller has checked the
 * bytes. */
static uint64_t bits_at(const unsigned char *p, uint64_t bit, unsigned width) {
    uint64_t v = 0;
    for (unsigned have = 0; have < width;) {
        unsigned shift = (unsigned)(bit & 7), take = 8 - shift;
        if (take > width - have) take = width - have;
        v |= (uint64_t)(p[bit >> 3] >> shift & ((1u << take) - 1)) << have;
        have += take;
        bit += take;
    }
    return v;
}

/* ---- Hybrid ---- */

void lem_hybrid_start(lem_hybrid *h, const unsigned char *p, size_t n, unsigned width) {
    *h = (lem_hybrid){.p = p, .n = n, .width = width};
}

void lem_hybrid_start_legacy(lem_hybrid *h, const unsigned char *p, size_t n, unsigned width) {
    *h = (lem_hybrid){.p = p, .n = n, .width = width, .packed = true, .legacy = true, .left = UINT64_MAX};
}

static bool next_run(lem_hybrid *h) {
    uint64_t head;
    if (h->packed) h->at += (size_t)((h->bit + 7) / 8);
    h->bit = 0;
    if (!varint(h->p, h->n, &h->at, &head)) return false;
    h->packed = head & 1;
    if (h->packed) {
        uint64_t groups = head >> 1;
        if (groups == 0 || groups > UINT64_MAX / 8) return false;
        h->left = groups * 8;
        return true;
    }
    unsigned bytes = (h->width + 7) / 8;
    if (bytes > h->n - h->at || head == 0) return false;
    h->left = head >> 1;
    h->value = 0;
    for (unsigned i = 0; i < bytes; i++) h->value |= (uint32_t)h->p[h->at + i] << 8 * i;
    h->at += bytes;
    return h->width == 32 || h->value >> h->width == 0;
}

static uint32_t legacy_bits(const unsigned char *p, uint64_t bit, unsigned width) {
    uint32_t v = 0;
    for (unsigned i = 0; i < width; i++, bit++) v = v << 1 | (p[bit >> 3] >> (7 - (bit & 7)) & 1u);
    return v;
}

bool lem_hybrid_next(lem_hybrid *h, uint32_t *v) {
    if (h->width == 0 && h->n == h->at && !h->left) return *v = 0, true; /* no bits: no bytes either */
    while (h->left == 0) {
        if (!next_run(h)) return false;
    }
    h->left--;
    if (!h->packed) return *v = h->value, true;
    if (h->bit + h->width > 8 * (uint64_t)(h->n - h->at)) return false;
    const unsigned char *p = h->p + h->at;
    *v = h->legacy ? legacy_bits(p, h->bit, h->width) : (uint32_t)bits_at(p, h->bit, h->width);
    h->bit += h->width;
    return true;
}

/* ---- Deltas ---- */

static uint64_t unzigzag(uint64_t v) { return v >> 1 ^ (0 - (v & 1)); }

bool lem_delta_start(lem_delta *d, const unsigned char *p, size_t n) {
    uint64_t block, first;
    *d = (lem_delta){.p = p, .n = n, .first = true};
    if (!varint(p, n, &d->at, &block) || !varint(p, n, &d->at, &d->minis) ||
        !varint(p, n, &d->at, &d->left) || !varint(p, n, &d->at, &first))
        return false;
    if (d->minis == 0 || d->minis > 4096 || block % d->minis || block > 1 << 24) return false;
    d->mini_size = block / d->minis;
    d->value = unzigzag(first);
    d->mini = d->minis; /* the next one begins a block */
    d->in_mini = d->mini_size;
    return d->mini_size > 0 && d->mini_size % 8 == 0;
}

static size_t mini_bytes(const lem_delta *d, uint64_t mini) {
    return (size_t)(d->mini_size / 8) * d->p[d->widths + mini];
}

static bool next_mini(lem_delta *d) {
    d->in_mini = 0;
    if (d->mini < d->minis) {
        d->data += mini_bytes(d, d->mini);
        d->mini++;
    }
    if (d->mini == d->minis) {
        uint64_t least;
        /* Behind the block before, or behind the header. */
        size_t at = d->data ? d->data : d->at;
        if (!varint(d->p, d->n, &at, &least) || d->minis > d->n - at) return false;
        d->min_delta = unzigzag(least);
        d->widths = at;
        d->data = at + (size_t)d->minis;
        d->mini = 0;
    }
    return d->p[d->widths + d->mini] <= 64 && d->data <= d->n && mini_bytes(d, d->mini) <= d->n - d->data;
}

bool lem_delta_next(lem_delta *d, int64_t *v) {
    if (d->left == 0) return false;
    if (!d->first) {
        if (d->in_mini == d->mini_size && !next_mini(d)) return false;
        unsigned width = d->p[d->widths + d->mini];
        d->value += d->min_delta + bits_at(d->p + d->data, d->in_mini * width, width);
        d->in_mini++;
    }
    d->first = false;
    d->left--;
    *v = (int64_t)d->value;
    return true;
}

bool lem_delta_end(const lem_delta *d, size_t *end) {
    if (d->left) return false;
    *end = d->data ? d->data + mini_bytes(d, d->mini) : d->at;
    return *end <= d->n;
}
