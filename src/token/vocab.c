/* vocab.c - the table of tokens: id to bytes and bytes to id */
#include "core/mem.h"
#include "token/tokenizer_priv.h"

#include <string.h>

void lem_vocab_release(tok_vocab *v) {
    lem_free(v->entry);
    lem_free(v->slot);
    lem_buf_release(&v->blob);
    *v = (tok_vocab){0};
}

static lem_status grow_entries(tok_vocab *v, int32_t need, lem_err *err) {
    if (need <= v->cap) return LEM_OK;
    int32_t cap = v->cap ? v->cap : 1024;
    while (cap < need) cap *= 2;
    tok_entry *p = lem_realloc(v->entry, (size_t)cap, sizeof *p, err);
    if (!p) return LEM_EMEM;
    memset(p + v->cap, 0, (size_t)(cap - v->cap) * sizeof *p);
    v->entry = p;
    v->cap = cap;
    return LEM_OK;
}

static void insert_slot(tok_slot *slot, size_t n_slots, uint64_t h, int32_t id) {
    size_t i = (size_t)h & (n_slots - 1);
    while (slot[i].id >= 0) i = (i + 1) & (n_slots - 1);
    slot[i] = (tok_slot){(uint32_t)(h >> 32), id};
}

static lem_status grow_slots(tok_vocab *v, lem_err *err) {
    if (v->n_slots && v->n_hashed * 2 < v->n_slots) return LEM_OK;
    size_t n = v->n_slots ? v->n_slots * 2 : 1024;
    tok_slot *p = lem_alloc(n, sizeof *p, err);
    if (!p) return LEM_EMEM;
    for (size_t i = 0; i < n; i++) p[i] = (tok_slot){0, -1};
    for (size_t i = 0; i < v->n_slots; i++) {
        if (v->slot[i].id < 0) continue;
        const tok_entry *e = &v->entry[v->slot[i].id];
        insert_slot(p, n, lem_tok_hash(v->blob.data + e->off, e->len), v->slot[i].id);
    }
    lem_free(v->slot);
    v->slot = p;
    v->n_slots = n;
    return LEM_OK;
}

static int shown(size_t len) { return (int)(len < 64 ? len : 64); }

/* Whether the entry of id has these bytes; another is an error. */
static lem_status check_same(const tok_vocab *v, int32_t id, const char *bytes, size_t len, lem_err *err) {
    const tok_entry *e = &v->entry[id];
    if (e->len == len && (!len || memcmp(v->blob.data + e->off, bytes, len) == 0)) return LEM_OK;
    return lem_fail(err, LEM_EDATA, "two tokens have the id %d: \"%.*s\" and \"%.*s\"", (int)id,
                    shown(e->len), lem_buf_str(&v->blob) + e->off, shown(len), bytes);
}

static lem_status add_entry(tok_vocab *v, int32_t id, const char *bytes, size_t len, bool hashed,
                            lem_err *err) {
    lem_status st = grow_entries(v, id + 1, err);
    if (st == LEM_OK && hashed) st = grow_slots(v, err);
    if (st != LEM_OK) return st;
    uint32_t off = (uint32_t)v->blob.len;
    lem_buf_add(&v->blob, bytes, len);
    st = lem_buf_ok(&v->blob, err);
    if (st != LEM_OK) return st;
    v->entry[id] = (tok_entry){off, (uint32_t)len, off, (uint32_t)len, TOK_USED};
    if (v->n <= id) v->n = id + 1;
    if (hashed) {
        insert_slot(v->slot, v->n_slots, lem_tok_hash(bytes, len), id);
        v->n_hashed++;
    }
    return LEM_OK;
}

lem_status lem_vocab_put(tok_vocab *v, int64_t id, const char *bytes, size_t len, bool hashed, lem_err *err) {
    if (id < 0 || id >= LEM_TOK_MAX_IDS)
        return lem_fail(err, LEM_EDATA, "token id %lld is outside 0..%d", (long long)id, LEM_TOK_MAX_IDS - 1);
    if (len > UINT32_MAX - v->blob.len) return lem_fail(err, LEM_EDATA, "the tokens take more than 4 GiB");
    if (id < v->n && (v->entry[id].flags & TOK_USED)) return check_same(v, (int32_t)id, bytes, len, err);
    int32_t other = hashed ? lem_vocab_find(v, bytes, len) : -1;
    if (other >= 0)
        return lem_fail(err, LEM_EDATA, "the token \"%.*s\" has two ids: %d and %d", shown(len), bytes, other,
                        (int)id);
    return add_entry(v, (int32_t)id, bytes, len, hashed, err);
}

int32_t lem_vocab_find(const tok_vocab *v, const char *bytes, size_t len) {
    if (!v->n_slots) return -1;
    uint64_t h = lem_tok_hash(bytes, len);
    for (size_t i = (size_t)h & (v->n_slots - 1); v->slot[i].id >= 0; i = (i + 1) & (v->n_slots - 1)) {
        if (v->slot[i].tag != (uint32_t)(h >> 32)) continue;
        const tok_entry *e = &v->entry[v->slot[i].id];
        if (e->len == len && (!len || memcmp(v->blob.data + e->off, bytes, len) == 0)) return v->slot[i].id;
    }
    return -1;
}
