/* candidate_set.c - files of candidates as rows of problems: passed through, or read and grouped */
#include "data/candidate_set_priv.h"

#include "core/file.h"
#include "data/rows.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- files ---- */

/* The number behind "rs" or "seed" in a file's name; -1 = none. */
static int seed_of(const char *path) {
    static const char *const words[] = {"seed", "rs"};
    const char *name = lem_path_base(path);
    for (size_t w = 0; w < 2; w++)
        for (const char *p = name; (p = strstr(p, words[w])); p++) {
            const char *d = p + strlen(words[w]);
            if (p > name && isalnum((unsigned char)p[-1])) continue;
            d += *d == '-' || *d == '_';
            size_t digits = strspn(d, "0123456789");
            if (digits > 0 && digits < 10) return (int)strtol(d, NULL, 10);
        }
    return -1;
}

static lem_status same_file(const lem_data_files *f, lem_err *err) {
    lem_map *seen = lem_map_new(err);
    lem_status st = seen ? LEM_OK : LEM_EMEM;
    for (size_t i = 0; st == LEM_OK && i < f->n; i++) {
        char real[PATH_MAX];
        const char *path = realpath(f->path[i], real) ? real : f->path[i];
        int64_t before;
        if (lem_map_find(seen, path, strlen(path), &before))
            st = lem_fail(err, LEM_EDATA, "%s and %s are the same file", f->path[before], f->path[i]);
        else st = lem_map_set(seen, path, strlen(path), (int64_t)i, err);
    }
    lem_map_free(seen);
    return st;
}

static lem_status find_files(lem_candidate_set *s, const char *const *paths, size_t n, lem_err *err) {
    lem_status st = LEM_OK;
    LEM_TRY(lem_data_files_find(paths, n, &s->files, err));
    if (s->files.n > 1) LEM_TRY(same_file(&s->files, err));
    s->seed = lem_alloc(s->files.n + 1, sizeof *s->seed, err);
    if (!s->seed) LEM_TRY(LEM_EMEM);
    for (size_t i = 0; i < s->files.n; i++) s->seed[i] = seed_of(s->files.path[i]);
    LEM_TRY(lem_judge_rows_open(
        (const char *const *)s->files.path, s->files.n,
        &(lem_rowset_opts){.cancel = s->opts.cancel, .judge = s->opts.judge, .pool = s->opts.pool}, &s->rows,
        err));
done:
    return st;
}

/* ---- rows ---- */

/* The id, problem and gold of a row. */
static lem_status read_scalars(lem_candidate_set *s, const lem_json *row, set_item *it, lem_err *err) {
    lem_buf b = {0};
    lem_status st = lem_candidates_read_scalars(s->map, row, &s->c, err);
    if (st != LEM_OK) return st;
    if (s->c.id && !(it->id = lem_strdup(s->c.id, err))) return LEM_EMEM;
    it->has_problem = s->c.problem != NULL;
    if (it->has_problem) lem_buf_puts(&b, s->c.problem);
    lem_buf_putc(&b, '\n');
    if (s->c.expected) lem_buf_puts(&b, s->c.expected);
    it->text = lem_buf_take(&b);
    return it->text ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static int file_at(const lem_candidate_set *s, int from) {
    const char *name = lem_judge_rows_file(s->rows);
    for (size_t i = (size_t)from; i < s->files.n; i++)
        if (strcmp(s->files.path[i], name) == 0) return (int)i;
    return from;
}

/* The number of the row's filter; a new one is added. */
static lem_status filter_of(lem_candidate_set *s, const lem_json *row, int *out, lem_err *err) {
    const char *column = s->map->known ? s->map->known->filter : NULL;
    const char *name = column ? lem_json_str(lem_json_find(row, column), NULL) : NULL;
    *out = -1;
    for (int i = 0; name && i < s->n_filters; i++)
        if (strcmp(s->filter[i], name) == 0) *out = i;
    if (!name || *out >= 0) return LEM_OK;
    if (s->n_filters == (int)(sizeof s->filter / sizeof *s->filter))
        return lem_fail(err, LEM_EDATA, "%s: more than %d values", column, s->n_filters);
    if (!(s->filter[s->n_filters] = lem_strdup(name, err))) return LEM_EMEM;
    *out = s->n_filters++;
    return LEM_OK;
}

static lem_status check_format(const lem_candidate_set *s, const lem_json *row, lem_err *err) {
    const char *lacks;
    if (!s->map->known || lem_candidate_map_fits(s->map->known, row, &lacks)) return LEM_OK;
    return lem_fail(err, LEM_EDATA, "no column '%s', as %s (%s) has: files of one format make a set", lacks,
                    s->files.path[0], s->map->known->name);
}

/* Takes row. */
static lem_status add_item(lem_candidate_set *s, lem_json *row, lem_err *err) {
    lem_status st = LEM_OK;
    if (s->n_items == s->cap_items) {
        size_t cap = s->cap_items ? 2 * s->cap_items : 256;
        set_item *grown = lem_realloc(s->item, cap, sizeof *grown, err);
        if (!grown) {
            lem_json_free(row);
            return LEM_EMEM;
        }
        s->item = grown;
        s->cap_items = cap;
    }
    int from = s->n_items ? s->item[s->n_items - 1].file : 0;
    set_item *it = &s->item[s->n_items++];
    *it = (set_item){
        .row = row, .file = file_at(s, from), .number = lem_judge_rows_number(s->rows), .next = SIZE_MAX};
    if (s->n_items > 1 && it->file != from) LEM_TRY(check_format(s, row, err));
    LEM_TRY(filter_of(s, row, &it->filter, err));
    LEM_TRY(read_scalars(s, row, it, err));
done:
    if (st != LEM_OK)
        lem_err_context(err, "%s:%llu", lem_judge_rows_file(s->rows),
                        (unsigned long long)lem_judge_rows_number(s->rows));
    return st;
}

static lem_status read_all(lem_candidate_set *s, lem_err *err) {
    lem_status st = LEM_OK;
    lem_json *row = s->peeked;
    s->peeked = NULL;
    while (row) {
        LEM_TRY(add_item(s, row, err));
        row = NULL;
        LEM_TRY(lem_data_cancelled(s->opts.cancel, err));
        LEM_TRY(lem_judge_rows_next(s->rows, &row, err));
    }
done:
    return st;
}

/* What the first row says of all. */
static lem_status detect(lem_candidate_set *s, lem_err *err) {
    char ground[200];
    if (s->opts.any_rows && !lem_candidate_map_of(s->peeked)) return lem_candidates_map_ours(s->map, err);
    lem_status st = lem_candidates_map_detect(s->map, s->peeked, ground, err);
    if (st == LEM_OK) lem_buf_puts(&s->ground, ground);
    return st;
}

static lem_status begin(lem_candidate_set *s, lem_err *err) {
    lem_status st = lem_judge_rows_next(s->rows, &s->peeked, err);
    if (st != LEM_OK || !s->peeked) return st;
    s->file = lem_judge_rows_file(s->rows);
    st = detect(s, err);
    if (st != LEM_OK)
        return lem_err_context(err, "%s:%llu", s->file, (unsigned long long)lem_judge_rows_number(s->rows));
    const char *by = lem_candidates_map_correct_by(s->map, &s->graded_by_us);
    memcpy(s->correct_by, by, sizeof s->correct_by);
    const lem_candidate_map_info *k = s->map->known;
    s->grouped = s->files.n > 1 || (k && (k->each || k->filter));
    if (s->opts.filter && !(k && k->filter))
        return lem_fail(err, LEM_EUSAGE, "--filter %s: rows of %s have no filters", s->opts.filter,
                        k ? k->name : "this map");
    if (!s->grouped) return LEM_OK;
    st = read_all(s, err);
    return st == LEM_OK ? lem_candidate_set_group(s, err) : st;
}

lem_status lem_candidate_set_open(const char *const *paths, size_t n, const lem_candidates_map *map,
                                  const lem_candidate_set_opts *opts, lem_candidate_set **out, lem_err *err) {
    lem_candidate_set *s = lem_alloc_zero(1, sizeof *s, err);
    lem_status st = s ? LEM_OK : LEM_EMEM;
    if (!s) return st;
    s->opts = *opts;
    s->file = "";
    s->map = lem_candidates_map_copy(map, err);
    s->ours = lem_candidates_map_new(err);
    if (!s->map || !s->ours) LEM_TRY(LEM_EMEM);
    LEM_TRY(lem_candidates_map_ours(s->ours, err));
    LEM_TRY(find_files(s, paths, n, err));
    LEM_TRY(begin(s, err));
    LEM_TRY(lem_buf_ok(&s->ground, err));
    *out = s;
    s = NULL;
done:
    lem_candidate_set_close(s);
    return st;
}

void lem_candidate_set_close(lem_candidate_set *s) {
    if (!s) return;
    for (size_t i = 0; i < s->n_items; i++) {
        lem_json_free(s->item[i].row);
        lem_free(s->item[i].id);
        lem_free(s->item[i].text);
    }
    for (int i = 0; i < s->n_filters; i++) lem_free(s->filter[i]);
    lem_free(s->item);
    lem_free(s->group);
    lem_free(s->seed);
    lem_json_free(s->peeked);
    lem_once_release(&s->seen);
    lem_judge_rows_close(s->rows);
    lem_candidates_release(&s->c);
    lem_candidates_map_free(s->map);
    lem_candidates_map_free(s->ours);
    lem_data_files_release(&s->files);
    lem_buf_release(&s->ground);
    lem_free(s);
}

/* ---- rows handed out ---- */

/* An id stands once in a file whose rows are problems. */
lem_status lem_candidate_set_once(lem_candidate_set *s, const lem_json *row, const char *file,
                                  uint64_t number, lem_err *err) {
    uint64_t before = 0;
    bool there = false;
    if (s->grouped) return LEM_OK;
    lem_status st = lem_candidates_read_id(s->map, row, &s->c, err);
    if (st == LEM_OK && s->c.id) {
        st = lem_once_add(&s->seen, s->c.id, strlen(s->c.id), number, &there, &before, err);
        if (st == LEM_OK && there)
            st = lem_fail(err, LEM_EDATA, "id '%.80s' stands twice: in line %llu and here", s->c.id,
                          (unsigned long long)before);
    }
    return st == LEM_OK ? st : lem_err_context(err, "%s:%llu", file, (unsigned long long)number);
}

static lem_status next_streamed(lem_candidate_set *s, lem_json **row, lem_err *err) {
    lem_json *r = s->peeked;
    lem_status st = LEM_OK;
    s->peeked = NULL;
    *row = NULL;
    if (!r) st = lem_judge_rows_next(s->rows, &r, err);
    if (st != LEM_OK || !r) return st;
    s->file = lem_judge_rows_file(s->rows);
    s->number = lem_judge_rows_number(s->rows);
    if (!s->opts.ids_later) st = lem_candidate_set_once(s, r, s->file, s->number, err);
    if (st == LEM_OK) *row = r;
    else lem_json_free(r);
    return st;
}

lem_status lem_candidate_set_next(lem_candidate_set *s, lem_json **row, lem_err *err) {
    if (!s->grouped) return next_streamed(s, row, err);
    *row = NULL;
    if (s->at == s->n_groups) return LEM_OK;
    const set_group *g = &s->group[s->at++];
    set_item *it = &s->item[g->first];
    s->file = s->files.path[it->file];
    s->number = it->number;
    if (s->merged) return lem_candidate_set_merge(s, g, row, err);
    *row = it->row;
    it->row = NULL;
    return LEM_OK;
}

const char *lem_candidate_set_file(const lem_candidate_set *s) { return s->file; }
uint64_t lem_candidate_set_number(const lem_candidate_set *s) { return s->number; }
double lem_candidate_set_share(const lem_candidate_set *s) {
    if (!s->grouped) return lem_judge_rows_share(s->rows);
    return s->n_groups ? (double)s->at / (double)s->n_groups : 1;
}
const lem_candidates_map *lem_candidate_set_map(const lem_candidate_set *s) {
    return s->merged ? s->ours : s->map;
}
const char *lem_candidate_set_ground(const lem_candidate_set *s) { return lem_buf_str(&s->ground); }

const char *lem_candidate_set_correct_by(const lem_candidate_set *s, bool *ours) {
    *ours = s->graded_by_us;
    return s->correct_by;
}
