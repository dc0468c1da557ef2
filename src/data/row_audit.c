/* row_audit.c - counts of what is odd about a file's rows */
#include "data/row_audit.h"

#include "core/hash.h"
#include "core/mem.h"
#include "data/turns_encode.h"

#include <string.h>

enum { IDS_MAX = 1 << 25 };

void lem_row_audit_release(lem_row_audit *a) {
    for (int i = 0; i < a->n_columns; i++) lem_free(a->column[i].name);
    lem_free(a->slot);
    *a = (lem_row_audit){0};
}

static bool has_several_boxed(const char *text) {
    const char *p = strstr(text, "\\boxed");
    return p && strstr(p + 1, "\\boxed");
}

/* ---- columns ---- */

static lem_status count_column(lem_row_audit *a, const lem_json *row, const char *name, bool there,
                               lem_row_kind k, lem_err *err) {
    int i = 0;
    while (i < a->n_columns && strncmp(a->column[i].name, name, 200) != 0) i++;
    if (i == LEM_AUDIT_COLUMNS) return LEM_OK;
    if (i == a->n_columns) {
        char *copy = lem_strndup(name, strnlen(name, 200), err);
        if (!copy) return LEM_EMEM;
        a->column[a->n_columns++].name = copy;
    }
    a->column[i].n += there;
    a->column[i].used = a->column[i].used || lem_row_reads(row, k, name);
    return LEM_OK;
}

static lem_status count_columns(lem_row_audit *a, const lem_json *row, lem_row_kind k, lem_err *err) {
    lem_status st = LEM_OK;
    for (const char *c = lem_json_key_next(row, NULL); st == LEM_OK && c; c = lem_json_key_next(row, c))
        st = count_column(a, row, c, lem_json_kind(lem_json_key_value(c)) != LEM_JSON_NULL, k, err);
    return st;
}

void lem_row_audit_unused(const lem_row_audit *a, lem_buf *out) {
    size_t before = out->len;
    for (int i = 0; i < a->n_columns; i++)
        if (!a->column[i].used && a->column[i].n)
            lem_buf_printf(out, "%s%s", out->len > before ? ", " : "", a->column[i].name);
}

/* ---- ids ---- */

static lem_status grow_ids(lem_row_audit *a, lem_err *err) {
    if (2 * (a->n_ids + 1) <= a->n_slots) return LEM_OK;
    uint64_t n = a->n_slots ? 2 * a->n_slots : 1024, *slot = lem_alloc_zero(n, sizeof *slot, err);
    if (!slot) return LEM_EMEM;
    for (uint64_t i = 0; i < a->n_slots; i++) {
        uint64_t h = a->slot[i], k = h & (n - 1);
        while (h && slot[k]) k = (k + 1) & (n - 1);
        if (h) slot[k] = h;
    }
    lem_free(a->slot);
    a->slot = slot;
    a->n_slots = n;
    return LEM_OK;
}

/* Texts and integers are ids; equal hashes of 64 bits count as equal ids. */
static lem_status seen_id(lem_row_audit *a, const lem_json *row, bool *seen, lem_err *err) {
    const lem_json *id = lem_row_first(row, "id|unique_id|idx", NULL);
    int64_t number = lem_json_int(id, 0);
    uint64_t h;
    *seen = false;
    if (lem_json_kind(id) == LEM_JSON_STRING) h = lem_hash64(lem_json_str(id, ""), lem_json_str_len(id), 1);
    else if (lem_json_kind(id) == LEM_JSON_INT) h = lem_hash64(&number, sizeof number, 2);
    else return LEM_OK;
    lem_status st = grow_ids(a, err);
    if (st) return st;
    h += h == 0;
    uint64_t k = h & (a->n_slots - 1);
    while (a->slot[k] && a->slot[k] != h) k = (k + 1) & (a->n_slots - 1);
    *seen = a->slot[k] == h;
    a->ids_full = a->ids_full || (!*seen && a->n_ids == IDS_MAX);
    if (*seen || a->n_ids == IDS_MAX) return LEM_OK;
    a->slot[k] = h;
    a->n_ids++;
    return LEM_OK;
}

/* ---- a row ---- */

static void look_at_turns(const lem_turns *t, lem_row_facts *f, bool *some_empty) {
    int trained, empty, untrained;
    lem_turns_count(t, &trained, &empty, &untrained);
    f->empty = trained > 0 && empty == trained;
    *some_empty = empty > 0 && empty < trained;
    f->marked = t->marked || (trained == 0 && untrained > 0);
    f->masked_turns = f->marked ? 0 : untrained;
    for (int i = 0; i < t->n; i++) {
        const lem_turn *x = &t->at[i];
        if (lem_turn_is(x, "assistant") && !x->untrained && has_several_boxed(x->content))
            f->several_boxed = true;
    }
}

lem_status lem_row_audit_add(lem_row_audit *a, const lem_json *row, lem_row_kind k, const lem_turns *turns,
                             lem_row_facts *facts, lem_err *err) {
    lem_row_facts f = {0};
    bool some_empty = false;
    lem_status st = count_columns(a, row, k, err);
    if (st == LEM_OK) st = seen_id(a, row, &f.duplicate_id, err);
    if (st) return st;
    if (turns) look_at_turns(turns, &f, &some_empty);
    a->rows++;
    a->empty += f.empty;
    a->some_empty += some_empty;
    a->duplicate_ids += f.duplicate_id;
    a->several_boxed += f.several_boxed;
    a->marked += f.marked;
    a->masked_turns += (uint64_t)f.masked_turns;
    a->with_tools += turns && turns->tools;
    if (facts) *facts = f;
    return LEM_OK;
}
