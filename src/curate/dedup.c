/* dedup.c - rows in, rows to be left out out */
#include "curate/dedup_priv.h"

#include "core/blake2b.h"
#include "core/mem.h"

#include <string.h>

enum { TWIN_WORDS = 5 };

static bool is_near(const lem_dedup *d) { return d->o.rule == LEM_DEDUP_NEAR; }

/* Equal texts where the first is kept are found as they come; else all rows are sorted. */
static lem_status start(lem_dedup *d, lem_err *err) {
    lem_status st = LEM_OK;
    if (d->o.clusters) st = lem_dedup_sorter(d, TWIN_WORDS, 2, &d->members, err);
    d->spilling = is_near(d) || d->o.keep != LEM_DEDUP_FIRST;
    if (st == LEM_OK && is_near(d)) return lem_dedup_near_new(d, &d->near, err);
    if (st == LEM_OK && !d->spilling) st = lem_dedup_table_new(d->o.memory / 8 * 3, &d->table, err);
    if (st == LEM_OK && d->spilling) st = lem_dedup_sorter(d, 2 + LEM_GROUP_WORDS, 4, &d->groups, err);
    return st;
}

lem_status lem_dedup_new(const lem_dedup_opts *o, lem_dedup **out, lem_err *err) {
    lem_dedup *d = lem_alloc_zero(1, sizeof *d, err);
    if (!d) return LEM_EMEM;
    d->o = *o;
    lem_status st = start(d, err);
    if (st == LEM_OK) *out = d;
    else lem_dedup_free(d);
    return st;
}

void lem_dedup_free(lem_dedup *d) {
    if (!d) return;
    lem_buf_release(&d->text);
    lem_dedup_table_free(d->table);
    lem_dedup_near_free(d->near);
    lem_sorter_free(d->groups);
    lem_sorter_free(d->twins);
    lem_sorter_free(d->members);
    lem_free(d);
}

lem_dedup_stats lem_dedup_stats_of(const lem_dedup *d) { return d->stats; }

/* ---- adding ---- */

static uint64_t bits_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double number_of(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static lem_status note_member(lem_dedup *d, const lem_dedup_twin *t, lem_err *err) {
    const uint64_t record[TWIN_WORDS] = {t->kept_row, t->row, t->kept_place, t->place, bits_of(t->jaccard)};
    d->stats.twins++;
    return d->members ? lem_sorter_add(d->members, record, err) : LEM_OK;
}

/* The table is full: what it holds is sorted with the rows to come. */
static lem_status give_up_table(lem_dedup *d, lem_err *err) {
    lem_status st = LEM_OK;
    lem_dedup_tell_disk(d);
    LEM_TRY(lem_dedup_sorter(d, 2 + LEM_GROUP_WORDS, 4, &d->groups, err));
    LEM_TRY(lem_dedup_table_give(d->table, d->groups, err));
    lem_dedup_table_count(d->table, &d->stats);
    lem_dedup_table_free(d->table);
    d->table = NULL;
    d->spilling = true;
done:
    return st;
}

static lem_status add_equal(lem_dedup *d, const lem_dedup_row *row, lem_dedup_twin *twin, bool *seen,
                            lem_err *err) {
    uint64_t digest[2];
    bool full = false;
    lem_blake2b128(d->text.data, d->text.len, digest);
    if (!d->spilling) {
        lem_status st = lem_dedup_table_add(d->table, digest, twin, seen, &full, err);
        if (st == LEM_OK && *seen) return note_member(d, twin, err);
        if (st == LEM_OK && full) st = give_up_table(d, err);
        if (st || !full) return st;
    }
    const uint64_t record[2 + LEM_GROUP_WORDS] = {
        digest[0], digest[1], lem_dedup_rank(d->o.keep, twin->row, row->size), twin->row, twin->place, 0};
    return lem_sorter_add(d->groups, record, err);
}

lem_status lem_dedup_add(lem_dedup *d, const lem_dedup_row *row, lem_dedup_answer *answer,
                         lem_dedup_twin *twin, lem_err *err) {
    bool seen = false;
    *twin = (lem_dedup_twin){.row = d->stats.rows++, .place = row->place, .jaccard = 1};
    lem_buf_clear(&d->text);
    lem_status st = lem_dedup_text(d->o.rule, row, &d->text, err);
    if (st) return st;
    if (d->text.len == 0) d->stats.empty++;
    else if (is_near(d)) st = lem_dedup_near_add(d, row, twin->row, err);
    else st = add_equal(d, row, twin, &seen, err);
    *answer = seen ? LEM_DEDUP_TWIN : LEM_DEDUP_NEW;
    if (d->spilling) *answer = LEM_DEDUP_LATER;
    return st;
}

/* ---- finding ---- */

typedef struct group {
    uint64_t record[2 + LEM_GROUP_WORDS]; /* of the row that is kept */
    uint64_t rows;
    bool begun;
} group;

static void end_group(lem_dedup *d, const group *g, int known_by) {
    uint64_t before = is_near(d) ? 0 : g->record[known_by + LEM_GROUP_MORE], rows = g->rows + before;
    if (!g->begun) return;
    d->stats.clusters += rows > 1 && before == 0;
    if (rows > 1 && rows > d->stats.largest) d->stats.largest = rows;
}

static lem_status note_twin(lem_dedup *d, const group *g, const uint64_t *r, int known_by, lem_err *err) {
    const uint64_t *kept = g->record + known_by, *mine = r + known_by;
    lem_dedup_twin t = {mine[LEM_GROUP_ROW], mine[LEM_GROUP_PLACE], kept[LEM_GROUP_ROW],
                        kept[LEM_GROUP_PLACE], 1};
    lem_status st = LEM_OK;
    if (is_near(d))
        st = lem_dedup_near_jaccard(d, kept[LEM_GROUP_MORE], mine[LEM_GROUP_MORE], &t.jaccard, err);
    if (st == LEM_OK) st = note_member(d, &t, err);
    if (st) return st;
    const uint64_t record[TWIN_WORDS] = {t.row, t.kept_row, t.kept_place, t.place, bits_of(t.jaccard)};
    return lem_sorter_add(d->twins, record, err);
}

/* Walks the sorted groups; the first row of each is kept. */
static lem_status split_groups(lem_dedup *d, lem_err *err) {
    int known_by = is_near(d) ? 1 : 2;
    group g = {{0}, 0, false};
    for (;;) {
        const uint64_t *r = NULL;
        lem_status st = lem_sorter_next(d->groups, &r, err);
        if (st == LEM_OK) st = lem_cancel_check(d->o.cancel, err);
        if (st) return st;
        bool same = r && g.begun && memcmp(g.record, r, (size_t)known_by * sizeof *r) == 0;
        if (same) {
            g.rows++;
            st = note_twin(d, &g, r, known_by, err);
            if (st) return st;
            continue;
        }
        end_group(d, &g, known_by);
        if (!r) return LEM_OK;
        g.begun = true;
        g.rows = 1;
        memcpy(g.record, r, (size_t)(known_by + LEM_GROUP_WORDS) * sizeof *r);
    }
}

static lem_status find_later(lem_dedup *d, lem_err *err) {
    lem_status st = LEM_OK;
    if (is_near(d)) LEM_TRY(lem_dedup_near_find(d, err));
    LEM_TRY(lem_dedup_sorter(d, TWIN_WORDS, 1, &d->twins, err));
    LEM_TRY(lem_sorter_sort(d->groups, err));
    LEM_TRY(split_groups(d, err));
    d->stats.on_disk += lem_sorter_on_disk(d->groups);
    lem_sorter_free(d->groups);
    d->groups = NULL;
    lem_dedup_near_free(d->near);
    d->near = NULL;
    LEM_TRY(lem_sorter_sort(d->twins, err));
    d->stats.on_disk += lem_sorter_on_disk(d->twins);
done:
    return st;
}

lem_status lem_dedup_find(lem_dedup *d, lem_err *err) {
    lem_status st = LEM_OK;
    if (d->spilling) LEM_TRY(find_later(d, err));
    else lem_dedup_table_count(d->table, &d->stats);
    lem_dedup_table_free(d->table);
    d->table = NULL;
    if (d->members) {
        LEM_TRY(lem_sorter_sort(d->members, err));
        d->stats.on_disk += lem_sorter_on_disk(d->members);
    }
    if (d->stats.on_disk) lem_dedup_tell_disk(d);
done:
    return st;
}

/* ---- answers ---- */

static lem_status next_of(lem_sorter *s, bool kept_first, lem_dedup_twin *out, bool *any, lem_err *err) {
    const uint64_t *r = NULL;
    lem_status st = s ? lem_sorter_next(s, &r, err) : LEM_OK;
    *any = st == LEM_OK && r;
    if (*any)
        *out = (lem_dedup_twin){.row = r[kept_first ? 1 : 0],
                                .kept_row = r[kept_first ? 0 : 1],
                                .kept_place = r[2],
                                .place = r[3],
                                .jaccard = number_of(r[4])};
    return st;
}

lem_status lem_dedup_next(lem_dedup *d, lem_dedup_twin *out, bool *any, lem_err *err) {
    return next_of(d->twins, false, out, any, err);
}

lem_status lem_dedup_next_member(lem_dedup *d, lem_dedup_twin *out, bool *any, lem_err *err) {
    return next_of(d->members, true, out, any, err);
}
