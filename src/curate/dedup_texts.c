/* dedup_texts.c - texts in scratch files; the sets of shingles of those compared last */
#include "curate/dedup_texts_priv.h"

#include "core/mem.h"
#include "core/scratch.h"

enum { SLOTS = 512 };

/* The set of one text. */
typedef struct slot {
    uint64_t id; /* its number + 1; 0 = empty */
    lem_shingles set;
} slot;

struct lem_dedup_texts {
    lem_scratch *facts, *texts;
    uint64_t n;
    lem_shingle_opts shingle;
    size_t memory; /* of all sets */
    lem_buf buf;
    slot first, at[SLOTS]; /* `first`: of the text that is compared with many */
    size_t bytes;          /* in at[] */
};

lem_status lem_dedup_texts_new(const lem_dedup_opts *o, lem_dedup_texts **out, lem_err *err) {
    lem_dedup_texts *t = lem_alloc_zero(1, sizeof *t, err);
    if (!t) return LEM_EMEM;
    t->shingle = o->near.shingle;
    t->memory = o->memory / 16;
    lem_status st = lem_scratch_open(o->dir, o->memory / 16, &t->facts, err);
    if (st == LEM_OK) st = lem_scratch_open(o->dir, o->memory / 8, &t->texts, err);
    if (st == LEM_OK) *out = t;
    else lem_dedup_texts_free(t);
    return st;
}

static void empty_slots(lem_dedup_texts *t) {
    for (int i = 0; i < SLOTS; i++) {
        lem_shingles_release(&t->at[i].set);
        t->at[i].id = 0;
    }
    t->bytes = 0;
}

void lem_dedup_texts_free(lem_dedup_texts *t) {
    if (!t) return;
    empty_slots(t);
    lem_shingles_release(&t->first.set);
    lem_buf_release(&t->buf);
    lem_scratch_close(t->facts);
    lem_scratch_close(t->texts);
    lem_free(t);
}

uint64_t lem_dedup_texts_count(const lem_dedup_texts *t) { return t->n; }

uint64_t lem_dedup_texts_on_disk(const lem_dedup_texts *t) {
    return lem_scratch_on_disk(t->facts) + lem_scratch_on_disk(t->texts);
}

lem_status lem_dedup_texts_add(lem_dedup_texts *t, const lem_dedup_text_facts *facts, const char *text,
                               size_t len, lem_err *err) {
    lem_dedup_text_facts f = *facts;
    f.at = lem_scratch_size(t->texts);
    f.len = len;
    lem_status st = lem_scratch_append(t->texts, text, len, err);
    if (st == LEM_OK) st = lem_scratch_append(t->facts, &f, sizeof f, err);
    if (st == LEM_OK) t->n++;
    return st;
}

lem_status lem_dedup_texts_facts(const lem_dedup_texts *t, uint64_t i, lem_dedup_text_facts *out,
                                 lem_err *err) {
    return lem_scratch_read(t->facts, i * sizeof *out, out, sizeof *out, err);
}

lem_status lem_dedup_texts_get(const lem_dedup_texts *t, uint64_t i, lem_buf *out, lem_err *err) {
    lem_dedup_text_facts f;
    lem_status st = lem_dedup_texts_facts(t, i, &f, err);
    if (st) return st;
    if (!lem_buf_reserve(out, (size_t)f.len)) return lem_buf_ok(out, err);
    st = lem_scratch_read(t->texts, f.at, out->data + out->len, (size_t)f.len, err);
    if (st) return st;
    out->len += (size_t)f.len;
    out->data[out->len] = '\0';
    return LEM_OK;
}

static size_t bytes_of(const lem_shingles *s) { return s->text.cap + s->cap * sizeof *s->item; }

static lem_status fill(lem_dedup_texts *t, slot *s, uint64_t i, lem_err *err) {
    s->id = 0;
    lem_buf_clear(&t->buf);
    lem_status st = lem_dedup_texts_get(t, i, &t->buf, err);
    if (st == LEM_OK) st = lem_shingles_set(&s->set, t->buf.data, t->buf.len, &t->shingle, err);
    if (st == LEM_OK) s->id = i + 1;
    return st;
}

/* The set of text i in its slot, made if it is not there. */
static lem_status get_set(lem_dedup_texts *t, uint64_t i, const lem_shingles **out, lem_err *err) {
    slot *s = &t->at[i % SLOTS];
    *out = &s->set;
    if (s->id == i + 1) return LEM_OK;
    if (t->bytes > t->memory) empty_slots(t);
    t->bytes -= bytes_of(&s->set);
    lem_status st = fill(t, s, i, err);
    t->bytes += bytes_of(&s->set);
    return st;
}

lem_status lem_dedup_texts_jaccard(lem_dedup_texts *t, uint64_t a, uint64_t b, double least, double *out,
                                   lem_err *err) {
    const lem_shingles *other = NULL;
    lem_status st = LEM_OK;
    if (t->first.id != a + 1) st = fill(t, &t->first, a, err);
    if (st == LEM_OK) st = get_set(t, b, &other, err);
    if (st) return st;
    size_t few = t->first.set.n, many = other->n;
    if (few > many) few = other->n, many = t->first.set.n;
    *out = 0;
    if (many == 0 || (double)few / (double)many >= least) *out = lem_shingles_jaccard(&t->first.set, other);
    return LEM_OK;
}
