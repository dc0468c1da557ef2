/* values - the values of one Parquet page, decoded one by one (Encodings.md) */
#include "rows/values_priv.h"

#include "core/mem.h"
#include "rows/reader_priv.h"

#include <string.h>

static uint32_t little32(const unsigned char *p) {
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static lem_status short_page(lem_err *err) {
    return lem_fail(err, LEM_EDATA, "a page holds fewer values than it states");
}

/* The next PLAIN value at p[*at..n), of a type that is not boolean. */
static bool plain(const lem_pq_leaf *leaf, const unsigned char *p, size_t n, size_t *at, lem_bytes *out) {
    size_t len = leaf->width;
    if (leaf->physical == LEM_PQ_BYTE_ARRAY) {
        if (n - *at < 4) return false;
        len = little32(p + *at);
        *at += 4;
    }
    if (len > n - *at) return false;
    *out = (lem_bytes){p + *at, len};
    *at += len;
    return true;
}

/* ---- Dictionaries ---- */

void lem_pq_dictionary_release(lem_pq_dictionary *d) {
    lem_buf_release(&d->page);
    lem_free(d->value);
    *d = (lem_pq_dictionary){0};
}

lem_status lem_pq_dictionary_start(lem_pq_dictionary *d, const lem_pq_leaf *leaf, int64_t n, lem_err *err) {
    size_t at = 0;
    lem_free(d->value);
    d->value = NULL;
    d->n = 0;
    if (leaf->physical == LEM_PQ_BOOLEAN) return lem_fail(err, LEM_EDATA, "a dictionary of booleans");
    /* Each takes its width, or a length, so that this is bounded by the page. */
    size_t least = leaf->width ? leaf->width : 4;
    if (n < 0 || (uint64_t)n > d->page.len / least) return short_page(err);
    d->value = lem_alloc((size_t)n, sizeof *d->value, err);
    if (!d->value) return LEM_EMEM;
    for (size_t i = 0; i < (size_t)n; i++) {
        if (!plain(leaf, (const unsigned char *)d->page.data, d->page.len, &at, &d->value[i]))
            return short_page(err);
    }
    d->n = (size_t)n;
    return LEM_OK;
}

/* ---- Starting a page ---- */

static bool is_integer(const lem_pq_leaf *l) {
    return l->physical == LEM_PQ_INT32 || l->physical == LEM_PQ_INT64;
}

static bool fits(const lem_pq_leaf *l, int64_t encoding) {
    switch (encoding) {
    case LEM_PQ_PLAIN:
    case LEM_PQ_PLAIN_DICTIONARY:
    case LEM_PQ_RLE_DICTIONARY: return true;
    case LEM_PQ_RLE: return l->physical == LEM_PQ_BOOLEAN;
    case LEM_PQ_DELTA_BINARY: return is_integer(l);
    case LEM_PQ_DELTA_LENGTH: return l->physical == LEM_PQ_BYTE_ARRAY;
    case LEM_PQ_DELTA_BYTES: return l->physical == LEM_PQ_BYTE_ARRAY || l->physical == LEM_PQ_FIXED;
    case LEM_PQ_SPLIT: return l->width > 0 && l->physical != LEM_PQ_INT96;
    default: return false;
    }
}

static lem_status start_indices(lem_pq_values *v, lem_err *err) {
    if (!v->dictionary) return lem_fail(err, LEM_EDATA, "a page of indices without a dictionary");
    /* A page of nulls alone may have no bytes. */
    unsigned width = v->n ? v->p[0] : 0;
    if (width > 32) return lem_fail(err, LEM_EDATA, "indices of %u bits", width);
    lem_hybrid_start(&v->hybrid, v->p + (v->n > 0), v->n - (v->n > 0), width);
    return LEM_OK;
}

static lem_status start_rle(lem_pq_values *v, lem_err *err) {
    uint32_t len = v->n >= 4 ? little32(v->p) : 0;
    if (v->n >= 4 && len > v->n - 4) return short_page(err);
    lem_hybrid_start(&v->hybrid, v->n >= 4 ? v->p + 4 : v->p, len, 1);
    return LEM_OK;
}

/* Passes over all values of a delta stream; *end is where the bytes behind it begin. */
static bool pass_over(lem_delta d, size_t *end) {
    int64_t unused;
    while (d.left) {
        if (!lem_delta_next(&d, &unused)) return false;
    }
    return lem_delta_end(&d, end);
}

/* The streams of lengths stand before the bytes that they are lengths of. */
static lem_status start_lengths(lem_pq_values *v, lem_err *err) {
    size_t end = 0;
    bool ok = true;
    v->delta = v->prefix = (lem_delta){0};
    if (v->n == 0) return LEM_OK; /* a page of nulls alone */
    if (v->encoding == LEM_PQ_DELTA_BYTES)
        ok = lem_delta_start(&v->prefix, v->p, v->n) && pass_over(v->prefix, &end);
    v->at = end;
    ok = ok && lem_delta_start(&v->delta, v->p + v->at, v->n - v->at) && pass_over(v->delta, &end);
    v->at += end;
    lem_buf_clear(&v->text);
    return ok ? LEM_OK : short_page(err);
}

lem_status lem_pq_values_start(lem_pq_values *v, const lem_pq_leaf *leaf, const lem_pq_dictionary *dictionary,
                               int64_t encoding, const unsigned char *p, size_t n, lem_err *err) {
    lem_buf text = v->text;
    *v = (lem_pq_values){.leaf = leaf, .dictionary = dictionary, .p = p, .n = n, .encoding = encoding};
    v->text = text;
    if (!fits(leaf, encoding)) {
        char what[64] = "an encoding that its column cannot have";
        if (encoding < 0 || encoding > LEM_PQ_SPLIT) memcpy(what, "an unknown encoding", 20);
        return lem_refuse_parquet(err, what);
    }
    switch ((lem_encoding)encoding) {
    case LEM_PQ_PLAIN_DICTIONARY:
    case LEM_PQ_RLE_DICTIONARY: return start_indices(v, err);
    case LEM_PQ_RLE: return start_rle(v, err);
    case LEM_PQ_DELTA_BINARY: return n == 0 || lem_delta_start(&v->delta, p, n) ? LEM_OK : short_page(err);
    case LEM_PQ_DELTA_LENGTH:
    case LEM_PQ_DELTA_BYTES: return start_lengths(v, err);
    case LEM_PQ_SPLIT: v->n_split = n / leaf->width; return LEM_OK;
    case LEM_PQ_PLAIN:
    case LEM_PQ_BIT_PACKED: break;
    }
    return LEM_OK;
}

void lem_pq_values_release(lem_pq_values *v) { lem_buf_release(&v->text); }

/* ---- The next value ---- */

static bool next_plain(lem_pq_values *v, lem_bytes *out) {
    if (v->leaf->physical != LEM_PQ_BOOLEAN) return plain(v->leaf, v->p, v->n, &v->at, out);
    if (v->at / 8 >= v->n) return false;
    v->scratch[0] = v->p[v->at / 8] >> (v->at % 8) & 1;
    v->at++;
    *out = (lem_bytes){v->scratch, 1};
    return true;
}

static bool next_rle(lem_pq_values *v, lem_bytes *out) {
    uint32_t bit;
    if (!lem_hybrid_next(&v->hybrid, &bit)) return false;
    v->scratch[0] = (unsigned char)bit;
    *out = (lem_bytes){v->scratch, 1};
    return true;
}

static bool next_index(lem_pq_values *v, lem_bytes *out) {
    uint32_t index;
    if (!lem_hybrid_next(&v->hybrid, &index) || index >= v->dictionary->n) return false;
    *out = v->dictionary->value[index];
    return true;
}

static bool next_delta(lem_pq_values *v, lem_bytes *out) {
    int64_t value;
    if (!lem_delta_next(&v->delta, &value)) return false;
    for (size_t i = 0; i < 8; i++) v->scratch[i] = (unsigned char)((uint64_t)value >> 8 * i);
    *out = (lem_bytes){v->scratch, v->leaf->width};
    return true;
}

static bool next_suffix(lem_pq_values *v, lem_bytes *out) {
    int64_t len;
    if (!lem_delta_next(&v->delta, &len) || len < 0 || (uint64_t)len > v->n - v->at) return false;
    *out = (lem_bytes){v->p + v->at, (size_t)len};
    v->at += (size_t)len;
    return true;
}

static lem_status next_shared(lem_pq_values *v, lem_bytes *out, lem_err *err) {
    int64_t shared;
    lem_bytes suffix;
    if (!lem_delta_next(&v->prefix, &shared) || shared < 0 || (uint64_t)shared > v->text.len ||
        !next_suffix(v, &suffix))
        return short_page(err);
    v->text.len = (size_t)shared;
    if (suffix.n + v->text.len > v->leaf->max_bytes) return lem_row_too_long(v->leaf->max_bytes, err);
    lem_buf_add(&v->text, suffix.p, suffix.n);
    *out = (lem_bytes){(const unsigned char *)lem_buf_str(&v->text), v->text.len};
    if (v->leaf->width && out->n != v->leaf->width)
        return lem_fail(err, LEM_EDATA, "a value of %zu bytes where all have %zu", out->n, v->leaf->width);
    return lem_buf_ok(&v->text, err);
}

static lem_status next_split(lem_pq_values *v, lem_bytes *out, lem_err *err) {
    if (v->at == v->n_split) return short_page(err);
    lem_buf_clear(&v->text);
    for (size_t i = 0; i < v->leaf->width; i++) lem_buf_putc(&v->text, (char)v->p[i * v->n_split + v->at]);
    v->at++;
    *out = (lem_bytes){(const unsigned char *)lem_buf_str(&v->text), v->text.len};
    return lem_buf_ok(&v->text, err);
}

lem_status lem_pq_values_next(lem_pq_values *v, lem_bytes *out, lem_err *err) {
    bool ok = false;
    switch ((lem_encoding)v->encoding) {
    case LEM_PQ_PLAIN: ok = next_plain(v, out); break;
    case LEM_PQ_PLAIN_DICTIONARY:
    case LEM_PQ_RLE_DICTIONARY: ok = next_index(v, out); break;
    case LEM_PQ_RLE: ok = next_rle(v, out); break;
    case LEM_PQ_DELTA_BINARY: ok = next_delta(v, out); break;
    case LEM_PQ_DELTA_LENGTH: ok = next_suffix(v, out); break;
    case LEM_PQ_DELTA_BYTES: return next_shared(v, out, err);
    case LEM_PQ_SPLIT: return next_split(v, out, err);
    case LEM_PQ_BIT_PACKED: break;
    }
    return ok ? LEM_OK : short_page(err);
}
