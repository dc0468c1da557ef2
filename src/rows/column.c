/* column - one leaf's triples in one row group: its pages read, checked, unpacked and decoded one by one */
#include "rows/column_priv.h"

#include "rows/reader_priv.h"

#include <zlib.h>

enum { HEAD_FIRST = 1024, HEAD_MOST = 16 << 20, PAGE_VALUES = 1 << 28 };

static lem_status codec_of(int64_t stated, lem_codec *out, lem_err *err) {
    static const lem_codec codecs[] = {LEM_CODEC_NONE, LEM_CODEC_SNAPPY, LEM_CODEC_GZIP,
                                       LEM_CODEC_NONE, LEM_CODEC_NONE,   LEM_CODEC_LZ4_HADOOP,
                                       LEM_CODEC_ZSTD, LEM_CODEC_LZ4_RAW};
    if (stated == 3) return lem_refuse_parquet(err, "LZO compression");
    if (stated == 4) return lem_refuse_parquet(err, "Brotli compression");
    if (stated < 0 || stated > 7) return lem_refuse_parquet(err, "an unknown compression");
    *out = codecs[stated];
    return LEM_OK;
}

lem_status lem_pq_column_start(lem_pq_column *c, const lem_random *in, const lem_pq_leaf *leaf,
                               const lem_pq_chunk *chunk, lem_err *err) {
    if (chunk->encrypted) return lem_refuse_parquet(err, "encryption");
    if (chunk->elsewhere) return lem_refuse_parquet(err, "columns in other files");
    if (!chunk->has_meta) return lem_fail(err, LEM_EDATA, "a column without metadata");
    if (chunk->offset > in->size || chunk->size > in->size - chunk->offset)
        return lem_fail(err, LEM_EDATA, "its pages lie beyond the end of the file");
    c->in = in;
    c->leaf = leaf;
    c->at = chunk->offset;
    c->end = chunk->offset + chunk->size;
    c->left = chunk->values;
    c->page_left = 0;
    c->has_dictionary = c->loaded = false;
    return codec_of(chunk->codec, &c->codec, err);
}

void lem_pq_column_release(lem_pq_column *c) {
    lem_buf_release(&c->raw);
    lem_buf_release(&c->page);
    lem_buf_release(&c->head);
    lem_pq_dictionary_release(&c->dictionary);
    lem_pq_values_release(&c->values);
}

/* ---- Pages ---- */

static lem_status read_header(lem_pq_column *c, lem_pq_page *page, lem_err *err) {
    for (uint64_t window = HEAD_FIRST;; window *= 8) {
        bool more = false;
        uint64_t have = c->end - c->at < window ? c->end - c->at : window;
        if (have == 0) return lem_fail(err, LEM_EDATA, "fewer values than are stated");
        lem_status st = lem_random_read(c->in, c->at, have, &c->head, err);
        if (st != LEM_OK) return st;
        if (lem_pq_page_header((const unsigned char *)c->head.data, c->head.len, page, &more)) break;
        if (!more || have < window || window >= HEAD_MOST)
            return lem_fail(err, LEM_EDATA, "a damaged page header");
    }
    c->at += page->header;
    if (lem_rows_too_long((uint64_t)page->unpacked, (uint64_t)page->values, c->leaf->max_bytes))
        return lem_row_too_long(c->leaf->max_bytes, err);
    if ((uint64_t)page->packed > c->end - c->at)
        return lem_fail(err, LEM_EDATA, "a page of %lld bytes where %llu are left", (long long)page->packed,
                        (unsigned long long)(c->end - c->at));
    return LEM_OK;
}

static lem_status read_page(lem_pq_column *c, lem_pq_page *page, lem_err *err) {
    lem_status st = read_header(c, page, err);
    if (st == LEM_OK) st = lem_random_read(c->in, c->at, (uint64_t)page->packed, &c->raw, err);
    if (st != LEM_OK) return st;
    c->at += (uint64_t)page->packed;
    const unsigned char *p = (const unsigned char *)lem_buf_str(&c->raw);
    if (page->has_crc && crc32_z(crc32_z(0, NULL, 0), p, c->raw.len) != page->crc)
        return lem_fail(err, LEM_EDATA, "a page's checksum is wrong");
    return LEM_OK;
}

static lem_status read_dictionary(lem_pq_column *c, const lem_pq_page *page, lem_err *err) {
    if (!page->has_header || c->has_dictionary) return lem_fail(err, LEM_EDATA, "a damaged dictionary page");
    lem_status st = lem_unpack(c->codec, (const unsigned char *)lem_buf_str(&c->raw), c->raw.len,
                               (uint64_t)page->unpacked, &c->dictionary.page, err);
    if (st == LEM_OK) st = lem_pq_dictionary_start(&c->dictionary, c->leaf, page->values, err);
    c->has_dictionary = st == LEM_OK;
    return st;
}

static unsigned width_of(int most) {
    unsigned w = 0;
    while (most >> w) w++;
    return w;
}

/* The levels of a v1 page, at p[*at..n): a length and runs, or the older bit packing. */
static lem_status start_levels(lem_hybrid *h, int most, int64_t encoding, int64_t values,
                               const unsigned char *p, size_t n, size_t *at, lem_err *err) {
    unsigned width = width_of(most);
    uint64_t len = 0;
    size_t from = *at;
    if (most == 0) return lem_hybrid_start(h, p, 0, 0), LEM_OK;
    if (encoding == LEM_PQ_RLE) {
        if (n - from < 4) return lem_fail(err, LEM_EDATA, "a page ends in its levels");
        len =
            p[from] | (uint64_t)p[from + 1] << 8 | (uint64_t)p[from + 2] << 16 | (uint64_t)p[from + 3] << 24;
        from += 4;
    } else if (encoding == LEM_PQ_BIT_PACKED) len = ((uint64_t)values * width + 7) / 8;
    else return lem_refuse_parquet(err, "levels of an unknown encoding");
    if (len > n - from) return lem_fail(err, LEM_EDATA, "a page ends in its levels");
    if (encoding == LEM_PQ_RLE) lem_hybrid_start(h, p + from, (size_t)len, width);
    else lem_hybrid_start_legacy(h, p + from, (size_t)len, width);
    *at = from + (size_t)len;
    return LEM_OK;
}

static lem_status start_v1(lem_pq_column *c, const lem_pq_page *page, lem_err *err) {
    size_t at = 0;
    lem_status st = lem_unpack(c->codec, (const unsigned char *)lem_buf_str(&c->raw), c->raw.len,
                               (uint64_t)page->unpacked, &c->page, err);
    if (st != LEM_OK) return st;
    const unsigned char *p = (const unsigned char *)lem_buf_str(&c->page);
    st = start_levels(&c->rep_levels, c->leaf->max_rep, page->rep_encoding, page->values, p, c->page.len, &at,
                      err);
    if (st == LEM_OK)
        st = start_levels(&c->def_levels, c->leaf->max_def, page->def_encoding, page->values, p, c->page.len,
                          &at, err);
    if (st != LEM_OK) return st;
    return lem_pq_values_start(&c->values, c->leaf, c->has_dictionary ? &c->dictionary : NULL, page->encoding,
                               p + at, c->page.len - at, err);
}

/* In a v2 page the levels stand in front, never compressed. */
static lem_status start_v2(lem_pq_column *c, const lem_pq_page *page, lem_err *err) {
    const unsigned char *p = (const unsigned char *)lem_buf_str(&c->raw);
    size_t n = c->raw.len;
    if (page->rep_bytes < 0 || page->def_bytes < 0 || (uint64_t)page->rep_bytes > n ||
        (uint64_t)page->def_bytes > n - (uint64_t)page->rep_bytes)
        return lem_fail(err, LEM_EDATA, "a page ends in its levels");
    size_t rep = (size_t)page->rep_bytes, def = (size_t)page->def_bytes, levels = rep + def;
    if ((uint64_t)page->unpacked < levels) return lem_fail(err, LEM_EDATA, "a page smaller than its levels");
    lem_hybrid_start(&c->rep_levels, p, rep, width_of(c->leaf->max_rep));
    lem_hybrid_start(&c->def_levels, p + rep, def, width_of(c->leaf->max_def));
    lem_codec codec = page->compressed && n > levels ? c->codec : LEM_CODEC_NONE;
    lem_status st =
        lem_unpack(codec, p + levels, n - levels, (uint64_t)page->unpacked - levels, &c->page, err);
    if (st != LEM_OK) return st;
    return lem_pq_values_start(&c->values, c->leaf, c->has_dictionary ? &c->dictionary : NULL, page->encoding,
                               (const unsigned char *)lem_buf_str(&c->page), c->page.len, err);
}

/* The next page that has values. */
static lem_status next_page(lem_pq_column *c, lem_err *err) {
    lem_pq_page page;
    while (c->page_left == 0) {
        lem_status st = read_page(c, &page, err);
        if (st != LEM_OK) return st;
        if (page.type == LEM_PQ_PAGE_INDEX) continue;
        if (page.type == LEM_PQ_PAGE_DICTIONARY) {
            st = read_dictionary(c, &page, err);
            if (st != LEM_OK) return st;
            continue;
        }
        bool data = page.type == LEM_PQ_PAGE_DATA || page.type == LEM_PQ_PAGE_DATA2;
        if (!data || !page.has_header) return lem_fail(err, LEM_EDATA, "a page of an unknown kind");
        if (page.values < 0 || page.values > PAGE_VALUES || page.values > c->left)
            return lem_fail(err, LEM_EDATA, "a page of %lld values where %lld are left",
                            (long long)page.values, (long long)c->left);
        if (page.values == 0) continue;
        st = page.type == LEM_PQ_PAGE_DATA ? start_v1(c, &page, err) : start_v2(c, &page, err);
        if (st != LEM_OK) return st;
        c->page_left = page.values;
    }
    return LEM_OK;
}

/* ---- Triples ---- */

static bool level(lem_hybrid *h, int most, int *out) {
    uint32_t v = 0;
    if (most > 0 && (!lem_hybrid_next(h, &v) || v > (uint32_t)most)) return false;
    *out = (int)v;
    return true;
}

lem_status lem_pq_column_peek(lem_pq_column *c, lem_err *err) {
    if (c->loaded) return LEM_OK;
    c->rep = c->def = -1;
    if (c->left == 0) return LEM_OK;
    lem_status st = c->page_left ? LEM_OK : next_page(c, err);
    if (st != LEM_OK) return st;
    if (!level(&c->rep_levels, c->leaf->max_rep, &c->rep) ||
        !level(&c->def_levels, c->leaf->max_def, &c->def))
        return lem_fail(err, LEM_EDATA, "damaged levels");
    c->loaded = true;
    return LEM_OK;
}

lem_status lem_pq_column_take(lem_pq_column *c, lem_bytes *value, lem_err *err) {
    lem_status st = lem_pq_column_peek(c, err);
    if (st != LEM_OK) return st;
    if (!c->loaded) return lem_fail(err, LEM_EDATA, "fewer values than rows");
    c->loaded = false;
    c->left--;
    c->page_left--;
    return c->def == c->leaf->max_def ? lem_pq_values_next(&c->values, value, err) : LEM_OK;
}
