/* dedup_near.c - nearly equal texts: put aside, banded, compared, joined
 *
 * Texts go into a scratch file as they come. Equal ones are joined first, by digest and then by their bytes;
 * of each such set the first alone is banded. Texts that share a band are compared unless they are joined
 * already: what pairs connect is one cluster, so that a comparison inside one could change nothing. */
#include "curate/dedup_priv.h"

#include "core/blake2b.h"
#include "core/machine.h"
#include "core/mem.h"
#include "core/scratch.h"
#include "curate/dedup_joined_priv.h"
#include "curate/dedup_texts_priv.h"

#include <string.h>

/* CROWD: different texts of one band value that each further one is compared with; BATCH: texts at once */
enum { CROWD = 1000, BATCH = 256, BATCH_BYTES = 4 << 20, BAND_WORDS = 2, EQUAL_WORDS = 3 };

struct lem_dedup_near {
    lem_dedup_texts *texts;
    lem_sorter *equal; /* digest, text's number */
    lem_minhash *hash;
    lem_sorter *bands; /* band's value, text's number */
    lem_joined joined;
    uint32_t crowd[CROWD];
};

lem_status lem_dedup_near_new(lem_dedup *d, lem_dedup_near **out, lem_err *err) {
    lem_dedup_near *n = lem_alloc_zero(1, sizeof *n, err);
    if (!n) return LEM_EMEM;
    lem_status st = lem_dedup_texts_new(&d->o, &n->texts, err);
    if (st == LEM_OK) st = lem_dedup_sorter(d, EQUAL_WORDS, 2, &n->equal, err);
    if (st == LEM_OK) st = lem_minhash_new(&d->o.near, &n->hash, err);
    if (st == LEM_OK) *out = n;
    else lem_dedup_near_free(n);
    return st;
}

void lem_dedup_near_free(lem_dedup_near *n) {
    if (!n) return;
    lem_dedup_texts_free(n->texts);
    lem_sorter_free(n->equal);
    lem_minhash_free(n->hash);
    lem_sorter_free(n->bands);
    lem_joined_release(&n->joined);
    lem_free(n);
}

lem_status lem_dedup_near_add(lem_dedup *d, const lem_dedup_row *row, uint64_t number, lem_err *err) {
    lem_dedup_near *n = d->near;
    uint64_t record[EQUAL_WORDS];
    const lem_dedup_text_facts facts = {
        .row = number, .place = row->place, .rank = lem_dedup_rank(d->o.keep, number, row->size)};
    record[2] = lem_dedup_texts_count(n->texts);
    if (record[2] == LEM_JOINED_MOST)
        return lem_fail(err, LEM_EDATA, "more than %u texts to compare", LEM_JOINED_MOST);
    lem_blake2b128(d->text.data, d->text.len, record);
    lem_status st = lem_sorter_add(n->equal, record, err);
    return st ? st : lem_dedup_texts_add(n->texts, &facts, d->text.data, d->text.len, err);
}

/* ---- equal texts ---- */

static lem_status join_equal(lem_dedup *d, lem_err *err) {
    lem_dedup_near *n = d->near;
    uint64_t first[EQUAL_WORDS] = {0};
    bool begun = false;
    lem_status st = lem_sorter_sort(n->equal, err);
    while (st == LEM_OK) {
        const uint64_t *r = NULL;
        st = lem_sorter_next(n->equal, &r, err);
        if (st == LEM_OK) st = lem_cancel_check(d->o.cancel, err);
        if (st || !r) break;
        if (begun && first[0] == r[0] && first[1] == r[1]) {
            lem_joined_unite(&n->joined, (uint32_t)first[2], (uint32_t)r[2]);
            continue;
        }
        memcpy(first, r, sizeof first);
        begun = true;
    }
    d->stats.on_disk += lem_sorter_on_disk(n->equal);
    lem_sorter_free(n->equal);
    n->equal = NULL;
    return st;
}

/* ---- bands ---- */

typedef struct batch {
    const lem_minhash *hash;
    lem_buf text;
    uint32_t id[BATCH];
    size_t at[BATCH + 1]; /* where each text begins in text */
    int n, bands, functions;
    uint64_t *key;     /* [BATCH * bands] */
    uint64_t *scratch; /* [threads * functions] */
} batch;

static void sign(void *ctx, int task, int worker) {
    batch *b = ctx;
    lem_minhash_keys(b->hash, b->text.data + b->at[task], b->at[task + 1] - b->at[task],
                     b->scratch + (size_t)worker * (size_t)b->functions,
                     b->key + (size_t)task * (size_t)b->bands);
}

static lem_status give_batch(lem_dedup *d, batch *b, lem_err *err) {
    lem_status st = lem_cancel_check(d->o.cancel, err);
    if (st == LEM_OK && b->n) lem_pool_run(d->o.pool, b->n, sign, b);
    for (int i = 0; i < b->n; i++)
        for (int k = 0; st == LEM_OK && k < b->bands; k++) {
            const uint64_t record[BAND_WORDS] = {b->key[(size_t)i * (size_t)b->bands + (size_t)k], b->id[i]};
            st = lem_sorter_add(d->near->bands, record, err);
        }
    b->n = 0;
    lem_buf_clear(&b->text);
    return st;
}

static lem_status band_all(lem_dedup *d, batch *b, lem_err *err) {
    lem_dedup_near *n = d->near;
    lem_status st = LEM_OK;
    for (uint64_t i = 0; st == LEM_OK && i < lem_dedup_texts_count(n->texts); i++) {
        if (lem_joined_find(&n->joined, (uint32_t)i) != i) continue; /* equal to one before */
        b->id[b->n] = (uint32_t)i;
        b->at[b->n++] = b->text.len;
        st = lem_dedup_texts_get(n->texts, i, &b->text, err);
        b->at[b->n] = b->text.len;
        if (st == LEM_OK && (b->n == BATCH || b->text.len >= BATCH_BYTES)) st = give_batch(d, b, err);
    }
    return st == LEM_OK ? give_batch(d, b, err) : st;
}

/* What the bands will take on disk is known before they are made. */
static lem_status check_disk(lem_dedup *d, lem_err *err) {
    double wanted = (double)lem_dedup_texts_count(d->near->texts) * d->o.near.bands * BAND_WORDS * 8,
           there = lem_machine_look(d->o.dir).disk_free;
    if (wanted < (double)d->o.memory / 2) return LEM_OK;
    lem_dedup_tell_disk(d);
    lem_info(d->o.log, "the bands take %.2f GB in '%s'", wanted * 1e-9, d->o.dir);
    if (there < 0 || wanted <= there) return LEM_OK;
    return lem_fail(err, LEM_EIO,
                    "the bands take %.2f GB in '%s', %.2f GB are free; give more --memory or fewer --bands",
                    wanted * 1e-9, d->o.dir, there * 1e-9);
}

static lem_status make_bands(lem_dedup *d, lem_err *err) {
    int bands = d->o.near.bands, functions = bands * d->o.near.rows;
    batch b = {.hash = d->near->hash, .bands = bands, .functions = functions};
    lem_status st = LEM_OK;
    LEM_TRY(check_disk(d, err));
    LEM_TRY(lem_dedup_sorter(d, BAND_WORDS, 4, &d->near->bands, err));
    b.key = lem_alloc((size_t)BATCH * (size_t)bands, sizeof *b.key, err);
    b.scratch = lem_alloc((size_t)lem_pool_threads(d->o.pool) * (size_t)functions, sizeof *b.scratch, err);
    if (!b.key || !b.scratch) LEM_TRY(LEM_EMEM);
    LEM_TRY(band_all(d, &b, err));
    LEM_TRY(lem_sorter_sort(d->near->bands, err));
done:
    lem_buf_release(&b.text);
    lem_free(b.key);
    lem_free(b.scratch);
    return st;
}

/* ---- pairs ---- */

/* Compares text i with those of its band before it. */
static lem_status compare_with(lem_dedup *d, uint32_t i, size_t n, lem_err *err) {
    lem_dedup_near *near = d->near;
    for (size_t k = 0; k < n; k++) {
        uint32_t other = near->crowd[k];
        double j = 0;
        if (lem_joined_find(&near->joined, i) == lem_joined_find(&near->joined, other)) continue;
        lem_status st = lem_cancel_check(d->o.cancel, err);
        if (st == LEM_OK) st = lem_dedup_texts_jaccard(near->texts, i, other, d->o.jaccard, &j, err);
        if (st) return st;
        d->stats.compared++;
        if (j < d->o.jaccard) continue;
        d->stats.similar++;
        lem_joined_unite(&near->joined, i, other);
    }
    return LEM_OK;
}

static lem_status join_similar(lem_dedup *d, lem_err *err) {
    lem_dedup_near *near = d->near;
    uint64_t value = 0;
    size_t n = 0; /* texts of that value */
    for (;;) {
        const uint64_t *r = NULL;
        lem_status st = lem_sorter_next(near->bands, &r, err);
        if (st == LEM_OK) st = lem_cancel_check(d->o.cancel, err);
        if (st || !r) return st;
        if (n == 0 || r[0] != value) n = 0;
        value = r[0];
        uint32_t id = (uint32_t)r[1];
        st = compare_with(d, id, n, err);
        if (st) return st;
        if (n < CROWD) near->crowd[n++] = id;
        else d->stats.crowded++;
    }
}

/* ---- clusters ---- */

static lem_status give_groups(lem_dedup *d, lem_err *err) {
    lem_dedup_near *n = d->near;
    lem_status st = lem_dedup_sorter(d, 1 + LEM_GROUP_WORDS, 2, &d->groups, err);
    for (uint64_t i = 0; st == LEM_OK && i < lem_dedup_texts_count(n->texts); i++) {
        lem_dedup_text_facts f;
        uint32_t of = lem_joined_find(&n->joined, (uint32_t)i);
        if (!lem_joined_has_others(&n->joined, of)) continue;
        st = lem_dedup_texts_facts(n->texts, i, &f, err);
        const uint64_t record[1 + LEM_GROUP_WORDS] = {of, f.rank, f.row, f.place, i};
        if (st == LEM_OK) st = lem_sorter_add(d->groups, record, err);
        if (st == LEM_OK) st = lem_cancel_check(d->o.cancel, err);
    }
    return st;
}

lem_status lem_dedup_near_find(lem_dedup *d, lem_err *err) {
    lem_dedup_near *n = d->near;
    lem_status st = LEM_OK;
    LEM_TRY(lem_joined_new(d->o.dir, lem_dedup_texts_count(n->texts), d->o.memory / 8, &n->joined, err));
    LEM_TRY(join_equal(d, err));
    LEM_TRY(make_bands(d, err));
    LEM_TRY(join_similar(d, err));
    d->stats.on_disk += lem_sorter_on_disk(n->bands) + lem_dedup_texts_on_disk(n->texts);
    lem_sorter_free(n->bands);
    n->bands = NULL;
    LEM_TRY(give_groups(d, err));
done:
    return st;
}

lem_status lem_dedup_near_jaccard(lem_dedup *d, uint64_t a, uint64_t b, double *out, lem_err *err) {
    return lem_dedup_texts_jaccard(d->near->texts, a, b, 0, out, err);
}
