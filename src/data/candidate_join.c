/* candidate_join.c - rows of several files grouped by problem, and a problem's rows as one */
#include "data/candidate_set_priv.h"

#include <stdio.h>
#include <string.h>

static const char *file_of(const lem_candidate_set *s, const set_item *it) { return s->files.path[it->file]; }

static unsigned long long line_of(const set_item *it) { return (unsigned long long)it->number; }

/* ---- filters ---- */

static lem_status choose_filter(lem_candidate_set *s, int *chosen, lem_err *err) {
    lem_buf names = {0};
    const char *want = s->opts.filter;
    *chosen = want ? -1 : 0;
    for (int i = s->n_filters; i-- > 0;) {
        if (want ? strcmp(s->filter[i], want) == 0 : strstr(s->filter[i], "strict") != NULL) *chosen = i;
    }
    for (int i = 0; i < s->n_filters; i++) lem_buf_printf(&names, "%s%s", i ? ", " : "", s->filter[i]);
    if (*chosen >= 0) lem_buf_printf(&s->ground, "; filter %s", s->filter[*chosen]);
    if (*chosen >= 0 && s->n_filters > 1) lem_buf_printf(&s->ground, " (of %s)", lem_buf_str(&names));
    lem_status st = lem_buf_ok(&names, err);
    if (st == LEM_OK && *chosen < 0)
        st = lem_fail(err, LEM_EUSAGE, "--filter %s: no such filter; the files have %s", want,
                      names.len ? lem_buf_str(&names) : "none");
    lem_buf_release(&names);
    return st;
}

static void forget(set_item *it) {
    lem_json_free(it->row);
    lem_free(it->id);
    lem_free(it->text);
}

static lem_status keep_filter(lem_candidate_set *s, lem_err *err) {
    int chosen;
    size_t n = 0;
    if (s->n_filters == 0 && !s->opts.filter) return LEM_OK;
    lem_status st = choose_filter(s, &chosen, err);
    if (st != LEM_OK) return st;
    for (size_t i = 0; i < s->n_items; i++) {
        if (s->item[i].filter == chosen) s->item[n++] = s->item[i];
        else forget(&s->item[i]);
    }
    s->n_items = n;
    return LEM_OK;
}

/* ---- what a problem is known by ---- */

typedef enum known_by { BY_ID, BY_TEXT, BY_PLACE } known_by;

static bool all_have(const lem_candidate_set *s, known_by how) {
    for (size_t i = 0; i < s->n_items; i++)
        if (!(how == BY_ID ? s->item[i].id != NULL : s->item[i].has_problem)) return false;
    return true;
}

static bool same_text(const char *a, const char *b) { return a == b || (a && b && strcmp(a, b) == 0); }

/* All files have the rows of the first, as far as rows tell what they are. */
static lem_status check_places(const lem_candidate_set *s, lem_err *err) {
    size_t n = 1;
    while (n < s->n_items && s->item[n].file == s->item[0].file) n++;
    size_t place = 0;
    for (size_t i = 0; i < s->n_items; i++) {
        const set_item *it = &s->item[i], *first = &s->item[i % n];
        place = i && it->file == s->item[i - 1].file ? place + 1 : 0;
        if (place == i % n && same_text(it->text, first->text) && same_text(it->id, first->id)) continue;
        return lem_fail(
            err, LEM_EDATA,
            "%s:%llu: rows have no ids and no problem texts, and this one is not that of %s:%llu: "
            "files are joined by place only where all of them agree row by row",
            file_of(s, it), line_of(it), file_of(s, first), line_of(first));
    }
    if (s->n_items % n)
        return lem_fail(err, LEM_EDATA,
                        "%s: other rows than %s, and neither ids nor problem texts to join by",
                        file_of(s, &s->item[s->n_items - 1]), file_of(s, &s->item[0]));
    return LEM_OK;
}

/* ---- groups ---- */

/* What two rows of one problem may not be. */
static lem_status check_pair(const lem_candidate_set *s, const set_group *g, const set_item *it, known_by how,
                             lem_err *err) {
    const lem_candidate_map_info *k = s->map->known;
    const set_item *first = &s->item[g->first];
    const char *what = how == BY_ID ? it->id : it->text;
    if (how == BY_ID && !same_text(first->text, it->text))
        return lem_fail(err, LEM_EDATA,
                        "%s:%llu: id '%.60s' is another problem, or has another gold, than in %s:%llu",
                        file_of(s, it), line_of(it), what, file_of(s, first), line_of(first));
    for (size_t i = g->first; i != SIZE_MAX; i = s->item[i].next) {
        const set_item *x = &s->item[i];
        bool each = k && k->each;
        if (x->file == it->file && !each)
            return lem_fail(err, LEM_EDATA, "%s:%llu: %s '%.60s' stands twice: in line %llu and here",
                            file_of(s, it), line_of(it), how == BY_ID ? "id" : "problem", what, line_of(x));
        if (x->file != it->file && s->seed[x->file] >= 0 && s->seed[x->file] == s->seed[it->file])
            return lem_fail(err, LEM_EDATA,
                            "%s and %s are both of seed %d and hold the same problem (lines %llu and %llu): "
                            "give one of them",
                            file_of(s, x), file_of(s, it), s->seed[it->file], line_of(x), line_of(it));
    }
    return LEM_OK;
}

static lem_status place(lem_candidate_set *s, lem_map *index, size_t i, size_t row, known_by how,
                        lem_err *err) {
    const set_item *it = &s->item[i];
    const char *key = how == BY_ID ? it->id : it->text;
    size_t len = how == BY_PLACE ? sizeof row : strlen(key);
    if (how == BY_PLACE) key = (const char *)&row;
    int64_t at;
    if (!lem_map_find(index, key, len, &at)) {
        s->group[s->n_groups] = (set_group){i, i};
        return lem_map_set(index, key, len, (int64_t)s->n_groups++, err);
    }
    lem_status st = how == BY_PLACE ? LEM_OK : check_pair(s, &s->group[at], it, how, err);
    if (st != LEM_OK) return st;
    s->item[s->group[at].last].next = i;
    s->group[at].last = i;
    s->merged = true;
    return LEM_OK;
}

static lem_status group_items(lem_candidate_set *s, known_by how, lem_err *err) {
    lem_map *index = lem_map_new(err);
    lem_status st = index ? LEM_OK : LEM_EMEM;
    size_t row = 0;
    s->group = lem_alloc(s->n_items + 1, sizeof *s->group, err);
    if (!s->group) st = LEM_EMEM;
    for (size_t i = 0; st == LEM_OK && i < s->n_items; i++) {
        row = i && s->item[i].file == s->item[i - 1].file ? row + 1 : 0;
        st = place(s, index, i, row, how, err);
    }
    lem_map_free(index);
    return st;
}

static void tell(lem_candidate_set *s, known_by how) {
    static const char *const by[] = {"id", "problem", "the place of rows"};
    if (!s->merged) return; /* files one after the other are as one file */
    if (s->files.n > 1) lem_buf_printf(&s->ground, "; %zu files joined by %s", s->files.n, by[how]);
    else lem_buf_printf(&s->ground, "; rows grouped by %s", by[how]);
}

lem_status lem_candidate_set_group(lem_candidate_set *s, lem_err *err) {
    lem_status st = LEM_OK;
    known_by how = BY_ID;
    LEM_TRY(keep_filter(s, err));
    if (s->n_items == 0) return LEM_OK;
    if (!all_have(s, BY_ID)) how = all_have(s, BY_TEXT) ? BY_TEXT : BY_PLACE;
    if (how == BY_PLACE && s->files.n > 1) LEM_TRY(check_places(s, err));
    LEM_TRY(group_items(s, how, err));
    tell(s, how);
done:
    return st;
}

/* ---- a problem's rows as one ---- */

/* Whether a column is read, or called as one of ours. */
static bool is_read(const lem_candidate_set *s, const char *column) {
    for (int f = 0; f < LEM_CAND_N_FIELDS; f++) {
        const char *path = s->map->path[f];
        size_t n = path ? strcspn(path, ".|") : 0;
        if (path && strlen(column) == n && strncmp(column, path, n) == 0) return true;
        if (strcmp(column, lem_candidates_field_name((lem_candidates_field)f)) == 0) return true;
    }
    return false;
}

/* Columns of the first row that all rows have alike and that are not read, as they are. */
static lem_status carry(const lem_candidate_set *s, const set_group *g, lem_json *out, lem_err *err) {
    const lem_json *row = s->item[g->first].row;
    for (const char *k = lem_json_key_next(row, NULL); k; k = lem_json_key_next(row, k)) {
        lem_json *v = lem_json_key_value(k);
        bool same = !lem_json_get(out, k) && !is_read(s, k);
        for (size_t i = s->item[g->first].next; same && i != SIZE_MAX; i = s->item[i].next)
            same = lem_json_equal(v, lem_json_get(s->item[i].row, k));
        if (same && !lem_json_set(out, k, lem_json_copy(v))) return lem_fail(err, LEM_EMEM, "out of memory");
    }
    return LEM_OK;
}

/* The id as it stands in the row, a number or a text. */
static lem_json *id_of(const lem_candidate_set *s, const set_item *it) {
    const char *path = s->map->path[LEM_CAND_ID], *next;
    char one[96];
    while (path) {
        size_t n = lem_candidates_first_path(path, &next);
        snprintf(one, sizeof one, "%.*s", (int)(n < sizeof one ? n : sizeof one - 1), path);
        const lem_json *v = lem_json_find(it->row, one);
        if (v) return lem_json_kind(v) == LEM_JSON_ARRAY ? lem_json_new_str(it->id) : lem_json_copy(v);
        path = next;
    }
    return lem_json_new_str(it->id);
}

static const char *name_of(lem_candidates_field f) {
    return f == LEM_CAND_GENERATOR ? "generators" : lem_candidates_field_name(f);
}

/* Takes more. */
static bool extend(lem_json *out, const char *name, lem_json *more) {
    lem_json *list = lem_json_get(out, name);
    bool ok = more != NULL;
    if (ok && !list) return lem_json_set(out, name, more);
    for (size_t i = 0; ok && i < lem_json_count(more); i++)
        ok = lem_json_append(list, lem_json_share(lem_json_at(more, i)));
    lem_json_free(more);
    return ok;
}

static lem_status add_row(lem_candidate_set *s, const set_item *first, const set_item *it, lem_json *out,
                          lem_err *err) {
    lem_status st = lem_candidates_read(s->map, it->row, &s->c, err);
    if (st != LEM_OK) return st;
    for (int f = LEM_CAND_COMPLETIONS; f < LEM_CAND_N_FIELDS; f++) {
        lem_candidates_field field = (lem_candidates_field)f;
        bool has = lem_candidates_have(&s->c, field);
        bool before = lem_json_get(out, name_of(field)) != NULL;
        if (it != first && has != before)
            return lem_fail(err, LEM_EDATA,
                            has ? "%s stands here, and not in %s:%llu"
                                : "%s is missing here, and there in %s:%llu",
                            lem_candidates_field_name(field), file_of(s, first), line_of(first));
        if (has && !extend(out, name_of(field), lem_candidates_column(&s->c, field)))
            return lem_fail(err, LEM_EMEM, "out of memory");
    }
    return LEM_OK;
}

static lem_json *gold_json(const lem_candidates *c, size_t i) {
    return lem_json_new_strn(c->gold[i], c->gold_len[i]);
}

static lem_status set_scalars(lem_candidate_set *s, const set_item *it, lem_json *out, lem_err *err) {
    bool ok = true;
    lem_status st = lem_candidates_read_scalars(s->map, it->row, &s->c, err);
    if (st != LEM_OK) return st;
    if (it->id) ok = lem_json_set(out, "id", id_of(s, it));
    if (ok && s->c.problem) ok = lem_json_set(out, "problem", lem_json_new_str(s->c.problem));
    if (ok && s->c.expected) ok = lem_json_set(out, "expected_answer", gold_json(&s->c, 0));
    lem_json *more = ok && s->c.n_gold > 1 ? lem_json_new_array() : NULL;
    for (size_t i = 1; ok && i < s->c.n_gold; i++) ok = lem_json_append(more, gold_json(&s->c, i));
    if (more) ok = lem_json_set(out, "expected_answers", more) && ok;
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

lem_status lem_candidate_set_merge(lem_candidate_set *s, const set_group *g, lem_json **out, lem_err *err) {
    const set_item *first = &s->item[g->first], *it = first;
    lem_json *row = lem_json_new_object();
    lem_status st = row ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK) st = set_scalars(s, first, row, err);
    for (size_t i = g->first; st == LEM_OK && i != SIZE_MAX; i = s->item[i].next) {
        it = &s->item[i];
        st = add_row(s, first, it, row, err);
    }
    if (st != LEM_OK) lem_err_context(err, "%s:%llu", file_of(s, it), line_of(it));
    if (st == LEM_OK) st = carry(s, g, row, err);
    for (size_t i = g->first; st == LEM_OK && i != SIZE_MAX; i = s->item[i].next) {
        lem_json_free(s->item[i].row);
        s->item[i].row = NULL;
    }
    if (st == LEM_OK) *out = row;
    else lem_json_free(row);
    return st;
}
