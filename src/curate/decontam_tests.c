/* decontam_tests.c - test rows from benchmarks and files */
#include "curate/decontam_tests.h"

#include "bench/row.h"
#include "core/file.h"
#include "core/mem.h"
#include "data/row_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void lem_tests_release(lem_tests *t) {
    for (uint32_t i = 0; i < t->n_rows; i++) {
        lem_free(t->row[i].id);
        lem_free(t->row[i].text);
    }
    for (uint32_t i = 0; i < t->n_sets; i++) lem_free(t->set[i].name);
    lem_free(t->row);
    lem_free(t->set);
    lem_free(t->first);
    lem_free(t->absent);
    lem_decontam_free(t->index);
    *t = (lem_tests){0};
}

void lem_tests_label(const lem_tests *t, const lem_test_row *row, lem_buf *out) {
    lem_buf_printf(out, "%s:%" PRIu64, t->set[row->set].name, row->number);
}

char *lem_row_id(const lem_json *row) {
    static const char *const names[] = {"id", "unique_id", "task_id", "idx"};
    char number[32];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const lem_json *v = lem_json_get(row, names[i]);
        if (lem_json_kind(v) == LEM_JSON_STRING) return lem_strdup(lem_json_str(v, ""), NULL);
        if (lem_json_kind(v) != LEM_JSON_INT) continue;
        snprintf(number, sizeof number, "%" PRId64, lem_json_int(v, 0));
        return lem_strdup(number, NULL);
    }
    return NULL;
}

/* ---- names ---- */

lem_status lem_tests_path(const char *name, const char *data_dir, char **path, lem_err *err) {
    lem_bench_list list = {0};
    *path = NULL;
    if (lem_file_exists(name) || lem_file_is_dir(name)) {
        *path = lem_strdup(name, err);
        return *path ? LEM_OK : LEM_EMEM;
    }
    lem_status st = lem_bench_list_load(&list, err);
    if (st) return st;
    const lem_bench_spec *b = lem_bench_list_find(&list, name);
    if (b) st = lem_bench_path(b, data_dir, path, err);
    lem_bench_list_release(&list);
    return st;
}

/* ---- rows ---- */

typedef struct loader {
    lem_tests *t;
    const lem_tests_opts *o;
    lem_bench_list list;
    const lem_bench_spec *benchmark; /* NULL = a file */
    lem_row_reader *in;
    lem_row_texts texts;
} loader;

static lem_status room_for_row(lem_tests *t, uint32_t text, lem_err *err) {
    if (t->n_rows == t->cap_rows) {
        size_t cap = t->cap_rows ? 2 * t->cap_rows : 256;
        lem_test_row *row = lem_realloc(t->row, cap, sizeof *row, err);
        if (!row) return LEM_EMEM;
        t->row = row;
        t->cap_rows = cap;
    }
    if (text < t->cap_first) return LEM_OK;
    size_t cap = t->cap_first ? 2 * t->cap_first : 256;
    uint32_t *first = lem_realloc(t->first, cap, sizeof *first, err);
    if (!first) return LEM_EMEM;
    t->first = first;
    t->cap_first = cap;
    return LEM_OK;
}

/* Adds one text of the row at hand; *empty: it has no words. */
static lem_status add_text(loader *l, const lem_json *row, const lem_buf *text, lem_decontam_part part,
                           bool *empty, lem_err *err) {
    lem_tests *t = l->t;
    uint32_t index = 0, before = lem_decontam_tests(t->index);
    lem_status st = lem_decontam_add_test(t->index, lem_buf_str(text), text->len, part, &index, err);
    if (st) return st;
    *empty = index == UINT32_MAX;
    if (*empty) return LEM_OK;
    if (t->n_rows == UINT32_MAX - 1) return lem_fail(err, LEM_EDATA, "over 2^32 test rows");
    st = room_for_row(t, index, err);
    if (st) return st;
    uint32_t other = index == before ? 0 : t->first[index] + 1;
    lem_test_row r = {t->n_sets - 1, lem_row_reader_number(l->in), part, lem_row_id(row), NULL, 0};
    r.text = lem_strndup(lem_buf_str(text), text->len, err);
    if (other) { /* behind the first, which stays the first */
        r.next = t->row[other - 1].next;
        t->row[other - 1].next = t->n_rows + 1;
    } else t->first[index] = t->n_rows;
    t->row[t->n_rows++] = r;
    return r.text ? LEM_OK : LEM_EMEM;
}

static lem_status texts_of(loader *l, const lem_json *row, lem_err *err) {
    const lem_bench_spec *b = l->benchmark;
    if (!b) return lem_row_reader_texts(l->in, row, &l->texts, err);
    lem_buf_clear(&l->texts.prompt);
    lem_buf_clear(&l->texts.response);
    lem_status st = lem_bench_text(row, b->problem, &l->texts.prompt, err);
    if (st == LEM_OK && b->solution && l->o->solutions)
        st = lem_bench_text(row, b->solution, &l->texts.response, err);
    if (st)
        lem_err_context(err, "%s:%llu", lem_row_reader_file(l->in),
                        (unsigned long long)lem_row_reader_number(l->in));
    return st;
}

static lem_status add_row(loader *l, const lem_json *row, lem_err *err) {
    lem_test_set *set = &l->t->set[l->t->n_sets - 1];
    bool empty = false, none = false;
    if (l->benchmark && !lem_bench_takes(l->benchmark, row)) return LEM_OK;
    lem_status st = texts_of(l, row, err);
    if (st) return st;
    /* a row of kind text has its text where others have a response */
    bool text = lem_row_reader_kind(l->in) == LEM_ROW_TEXT && l->texts.prompt.len == 0;
    const lem_buf *prompt = text ? &l->texts.response : &l->texts.prompt;
    set->rows++;
    st = add_text(l, row, prompt, LEM_DECONTAM_PROMPT, &empty, err);
    set->empty += empty;
    if (st == LEM_OK && l->o->solutions && !text)
        st = add_text(l, row, &l->texts.response, LEM_DECONTAM_RESPONSE, &none, err);
    return st;
}

static lem_status load_rows(loader *l, const char *path, lem_err *err) {
    lem_row_reader_opts o = {.map = l->benchmark ? NULL : l->o->map, .limit = -1, .cancel = l->o->cancel};
    if (l->benchmark) o.header = l->benchmark->columns.at, o.n_header = l->benchmark->columns.n;
    lem_status st = lem_row_reader_open(&path, 1, &o, &l->in, err);
    while (st == LEM_OK) {
        lem_json *row = NULL;
        st = lem_row_reader_next(l->in, &row, err);
        if (st || !row) break;
        st = add_row(l, row, err);
        lem_json_free(row);
    }
    lem_row_reader_close(l->in);
    l->in = NULL;
    return st;
}

static lem_status begin_set(lem_tests *t, const char *name, lem_err *err) {
    lem_test_set *set = lem_realloc(t->set, (size_t)t->n_sets + 1, sizeof *set, err);
    if (!set) return LEM_EMEM;
    t->set = set;
    set[t->n_sets] = (lem_test_set){.name = lem_strdup(name, err)};
    return set[t->n_sets++].name ? LEM_OK : LEM_EMEM;
}

/* path: where it lies. */
static lem_status load_benchmark(loader *l, const lem_bench_spec *b, const char *path, lem_err *err) {
    l->benchmark = b;
    lem_status st = begin_set(l->t, b->name, err);
    if (st == LEM_OK) st = load_rows(l, path, err);
    l->benchmark = NULL;
    return st;
}

static lem_status load_named(loader *l, const lem_bench_spec *b, lem_err *err) {
    char *path = NULL;
    lem_status st = lem_bench_need_path(b, l->o->data_dir, &path, err);
    if (st == LEM_OK) st = load_benchmark(l, b, path, err);
    lem_free(path);
    return st;
}

/* Those that are there; the names of the others are kept. */
static lem_status load_all(loader *l, lem_err *err) {
    lem_buf absent = {0};
    lem_status st = LEM_OK;
    uint32_t before = l->t->n_sets;
    for (size_t i = 0; st == LEM_OK && i < l->list.n; i++) {
        char *path = NULL;
        st = lem_bench_path(&l->list.at[i], l->o->data_dir, &path, err);
        if (st == LEM_OK && path) st = load_benchmark(l, &l->list.at[i], path, err);
        else if (st == LEM_OK) lem_buf_printf(&absent, "%s%s", absent.len ? ", " : "", l->list.at[i].name);
        lem_free(path);
    }
    if (st == LEM_OK && l->t->n_sets == before)
        st = lem_fail(err, LEM_EDATA, "all: no benchmark is in %s; LEMMA_DATA names the folder of the data",
                      l->o->data_dir);
    if (st == LEM_OK) st = lem_buf_ok(&absent, err);
    lem_free(l->t->absent);
    l->t->absent = st == LEM_OK && absent.len ? lem_buf_take(&absent) : NULL;
    lem_buf_release(&absent);
    return st;
}

static bool is_pattern(const char *name) { return strpbrk(name, "*?[") != NULL; }

static lem_status load(loader *l, const char *name, lem_err *err) {
    const lem_bench_spec *b = lem_bench_list_find(&l->list, name);
    bool there = lem_file_exists(name) || lem_file_is_dir(name) || is_pattern(name);
    if (there) {
        lem_status st = begin_set(l->t, name, err);
        return st ? st : load_rows(l, name, err);
    }
    if (strcmp(name, "all") == 0) return load_all(l, err);
    if (b) return load_named(l, b, err);
    lem_buf names = {0};
    for (size_t i = 0; i < l->list.n; i++) lem_buf_printf(&names, ", %s", l->list.at[i].name);
    lem_status st = lem_fail(err, LEM_EUSAGE, "'%s' is neither a file nor a benchmark; benchmarks: all%s",
                             name, lem_buf_str(&names));
    lem_buf_release(&names);
    return st;
}

lem_status lem_tests_load(const char *const *names, size_t n, const lem_tests_opts *o, lem_tests *out,
                          lem_err *err) {
    *out = (lem_tests){0};
    loader l = {.t = out, .o = o};
    lem_status st = lem_decontam_new(&o->rule, &out->index, err);
    if (st == LEM_OK) st = lem_bench_list_load(&l.list, err);
    for (size_t i = 0; st == LEM_OK && i < n; i++) st = load(&l, names[i], err);
    lem_row_texts_release(&l.texts);
    lem_bench_list_release(&l.list);
    if (st == LEM_OK && out->n_rows == 0)
        st = lem_fail(err, LEM_EDATA, "no test row has a word in its prompt");
    if (st == LEM_OK) st = lem_decontam_seal(out->index, o->cancel, err);
    return st;
}
