/* decontam_allow.c - the list of matches judged harmless */
#include "curate/decontam_allow.h"

#include "core/hash.h"
#include "core/mem.h"
#include "rows/rows.h"

#include <string.h>

struct lem_allow {
    lem_map *keys; /* "pair", "train" and "test", each ended by a line end; absent ones empty */
};

/* Texts hold no line end that could make two keys one: it becomes a space. */
static void put(lem_buf *b, const char *text) {
    for (; text && *text; text++) lem_buf_putc(b, (char)(*text == '\n' ? ' ' : *text));
    lem_buf_putc(b, '\n');
}

static lem_status key_of(const char *pair, const char *train, const char *test, lem_buf *out, lem_err *err) {
    lem_buf_clear(out);
    put(out, pair);
    put(out, train);
    put(out, test);
    return lem_buf_ok(out, err);
}

static const char *text_of(const lem_json *row, const char *name) {
    const char *s = lem_json_str(lem_json_get(row, name), NULL);
    return s && *s ? s : NULL;
}

static lem_status add_row(lem_allow *a, const lem_json *row, lem_buf *key, lem_err *err) {
    const char *pair = text_of(row, "pair"), *train = text_of(row, "train"), *test = text_of(row, "test");
    if (!pair && !train && !test)
        return lem_fail(err, LEM_EDATA, "\"pair\", \"train\" or \"test\" expected, as text, found none");
    lem_status st = pair ? key_of(pair, NULL, NULL, key, err) : key_of(NULL, train, test, key, err);
    return st ? st : lem_map_set(a->keys, key->data, key->len, 1, err);
}

static lem_status load(lem_allow *a, lem_rowset *in, lem_err *err) {
    lem_buf key = {0};
    lem_status st = LEM_OK;
    while (st == LEM_OK) {
        lem_json *row = NULL;
        st = lem_rowset_next(in, &row, err);
        if (st || !row) break;
        st = add_row(a, row, &key, err);
        lem_json_free(row);
        if (st)
            lem_err_context(err, "%s:%llu", lem_rowset_file(in), (unsigned long long)lem_rowset_number(in));
    }
    lem_buf_release(&key);
    return st;
}

lem_status lem_allow_load(const char *path, const lem_cancel *cancel, lem_allow **out, lem_err *err) {
    const lem_rowset_opts o = {.cancel = cancel};
    lem_rowset *in = NULL;
    lem_status st = LEM_OK;
    lem_allow *a = lem_alloc_zero(1, sizeof *a, err);
    if (!a) return LEM_EMEM;
    a->keys = lem_map_new(err);
    if (!a->keys) LEM_TRY(LEM_EMEM);
    LEM_TRY(lem_rowset_open(&path, 1, &o, &in, err));
    LEM_TRY(load(a, in, err));
    *out = a;
    a = NULL;
done:
    lem_rowset_close(in);
    lem_allow_free(a);
    return st;
}

void lem_allow_free(lem_allow *a) {
    if (!a) return;
    lem_map_free(a->keys);
    lem_free(a);
}

size_t lem_allow_count(const lem_allow *a) { return lem_map_count(a->keys); }

lem_status lem_allow_has(const lem_allow *a, const char *pair, lem_allow_row train, lem_allow_row test,
                         bool *out, lem_err *err) {
    const char *trains[] = {NULL, train.label, train.id}, *tests[] = {NULL, test.label, test.id};
    lem_buf key = {0};
    *out = false;
    if (!a) return LEM_OK;
    lem_status st = key_of(pair, NULL, NULL, &key, err);
    if (st == LEM_OK) *out = lem_map_find(a->keys, key.data, key.len, NULL);
    for (int i = 0; st == LEM_OK && !*out && i < 9; i++) {
        const char *x = trains[i / 3], *y = tests[i % 3];
        if (!x && !y) continue;
        st = key_of(NULL, x, y, &key, err);
        if (st == LEM_OK) *out = lem_map_find(a->keys, key.data, key.len, NULL);
    }
    lem_buf_release(&key);
    return st;
}
