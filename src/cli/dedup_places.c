/* dedup_places.c - FILE:LINE as a number and back; clusters written out */
#include "cli/dedup_places.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/object.h"

#include <string.h>

enum { LINE_BITS = 40, MOST_FILES = 1 << 23 };

/* Files are read one after the other, so that a row's file is the last or a new one. */
static lem_status note_file(lem_places *p, const char *file, lem_err *err) {
    if (p->n && strcmp(p->file[p->n - 1], file) == 0) return LEM_OK;
    if (p->n == MOST_FILES) return lem_fail(err, LEM_EDATA, "more than %d files", MOST_FILES);
    if (p->n == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 8;
        char **names = lem_realloc(p->file, cap, sizeof *names, err);
        if (!names) return LEM_EMEM;
        p->file = names;
        p->cap = cap;
    }
    p->file[p->n] = lem_strdup(file, err);
    if (!p->file[p->n]) return LEM_EMEM;
    p->n++;
    return LEM_OK;
}

lem_status lem_places_of(lem_places *p, const lem_row_reader *r, uint64_t *place, lem_err *err) {
    uint64_t line = lem_row_reader_number(r);
    lem_status st = note_file(p, lem_row_reader_file(r), err);
    if (st) return st;
    if (line >> LINE_BITS) return lem_fail(err, LEM_EDATA, "%s: more than 2^40 lines", p->file[p->n - 1]);
    *place = (uint64_t)p->n << LINE_BITS | line;
    return LEM_OK;
}

void lem_places_release(lem_places *p) {
    for (size_t i = 0; i < p->n; i++) lem_free(p->file[i]);
    lem_free(p->file);
    *p = (lem_places){0};
}

static void set_place(lem_object *o, const lem_places *p, const char *key, uint64_t place) {
    lem_buf b = {0};
    lem_buf_printf(&b, "%s:%llu", p->file[(place >> LINE_BITS) - 1],
                   (unsigned long long)(place & ((UINT64_C(1) << LINE_BITS) - 1)));
    if (b.failed) o->failed = true;
    else lem_object_str(o, key, lem_buf_str(&b));
    lem_buf_release(&b);
}

lem_json *lem_places_twin(const lem_places *p, const lem_dedup_twin *t, bool kept, bool jaccard) {
    lem_object o = lem_object_new();
    if (kept) set_place(&o, p, "kept", t->kept_place);
    else set_place(&o, p, "at", t->place);
    if (jaccard) lem_object_num(&o, "jaccard", t->jaccard);
    return lem_object_done(&o);
}

/* Up to the list of members. */
static lem_status begin_cluster(const lem_places *p, const lem_dedup_twin *t, uint64_t number, lem_buf *b,
                                lem_err *err) {
    lem_object o = lem_object_new();
    lem_object_int(&o, "cluster", number);
    set_place(&o, p, "kept", t->kept_place);
    lem_json *json = lem_object_done(&o);
    if (!json) return lem_fail(err, LEM_EMEM, "out of memory");
    lem_json_write(json, 0, b);
    lem_json_free(json);
    if (!b->failed) b->len--; /* the closing brace */
    lem_buf_puts(b, ",\"members\":[");
    return lem_buf_ok(b, err);
}

static lem_status add_member(const lem_places *p, const lem_dedup_twin *t, bool jaccard, lem_buf *b,
                             lem_err *err) {
    lem_json *json = lem_places_twin(p, t, false, jaccard);
    if (!json) return lem_fail(err, LEM_EMEM, "out of memory");
    lem_json_write(json, 0, b);
    lem_json_free(json);
    return lem_buf_ok(b, err);
}

/* What stands between the member before (of `kept`, the rows-th of cluster `number`; 0 = none) and t: the end
 * of a cluster and the beginning of another, or a comma. */
static lem_status between(const lem_places *p, const lem_dedup_twin *t, bool same, uint64_t number,
                          uint64_t rows, lem_buf *b, lem_err *err) {
    if (same) {
        lem_buf_putc(b, ',');
        return lem_buf_ok(b, err);
    }
    if (number) lem_buf_printf(b, "],\"rows\":%llu}\n", (unsigned long long)rows);
    return t ? begin_cluster(p, t, number + 1, b, err) : lem_buf_ok(b, err);
}

static lem_status write_clusters(const lem_places *p, lem_dedup *d, bool jaccard, lem_out *out, lem_buf *b,
                                 lem_err *err) {
    uint64_t number = 0, kept = 0, rows = 0;
    for (bool any = true; any;) {
        lem_dedup_twin t = {0};
        lem_status st = lem_dedup_next_member(d, &t, &any, err);
        if (st) return st;
        bool same = any && number && t.kept_row == kept;
        lem_buf_clear(b);
        st = between(p, any ? &t : NULL, same, number, rows, b, err);
        if (st == LEM_OK && any) st = add_member(p, &t, jaccard, b, err);
        if (st == LEM_OK) st = lem_out_write(out, lem_buf_str(b), b->len, err);
        if (st) return st;
        number += !same;
        rows = same ? rows + 1 : 2;
        kept = t.kept_row;
    }
    return LEM_OK;
}

lem_status lem_places_clusters(const lem_places *p, lem_dedup *d, const char *path, bool overwrite,
                               bool jaccard, lem_err *err) {
    lem_out *out = NULL;
    lem_buf b = {0};
    lem_status st = lem_out_open(path, overwrite, &out, err);
    if (st == LEM_OK) st = write_clusters(p, d, jaccard, out, &b, err);
    if (st == LEM_OK) st = lem_out_commit(out, err);
    lem_buf_release(&b);
    lem_out_close(out);
    return st;
}
