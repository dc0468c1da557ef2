/* decontam_tests.c - test rows from benchmarks and files */
#include "curate/decontam_tests.h"

#include "core/file.h"
#include "core/mem.h"
#include "curate/benchmarks.h"
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

static lem_status path_of(const lem_benchmark *b, const char *data_dir, char **path, lem_err *err) {
    *path = lem_path_join(data_dir, b->path, err);
    return *path ? LEM_OK : LEM_EMEM;
}

lem_status lem_tests_path(const char *name, const char *data_dir, char **path, lem_err *err) {
    const lem_benchmark *b = lem_benchmark_find(name);
    *path = NULL;
    if (lem_file_exists(name) || lem_file_is_dir(name)) {
        *path = lem_strdup(name, err);
        return *path ? LEM_OK : LEM_EMEM;
    }
    if (!b) return LEM_OK;
    lem_status st = path_of(b, data_dir, path, err);
    if (st || lem_file_exists(*path)) return st;
    lem_free(*path);
    *path = NULL;
    return LEM_OK;
}

/* ---- rows ---- */

typedef struct loader {
    lem_tests *t;
    const lem_tests_opts *o;
    const lem_benchmark *benchmark; /* NULL = a file */
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

/* The fields "a+b" of a row, joined by spaces. */
static lem_status fields(const lem_json *row, const char *names, lem_buf *out, lem_err *err) {
    char name[64];
    lem_buf_clear(out);
    while (*names) {
        size_t n = strcspn(names, "+");
        snprintf(name, sizeof name, "%.*s", (int)n, names);
        const lem_json *v = lem_json_get(row, name);
        if (lem_json_kind(v) != LEM_JSON_STRING)
            return lem_fail(err, LEM_EDATA, "field '%s': text expected, %s found", name,
                            v ? lem_json_kind_name(v) : "nothing");
        if (out->len) lem_buf_putc(out, ' ');
        lem_buf_add(out, lem_json_str(v, ""), lem_json_str_len(v));
        names += n + (names[n] == '+');
    }
    return lem_buf_ok(out, err);
}

static lem_status texts_of(loader *l, const lem_json *row, lem_err *err) {
    const lem_benchmark *b = l->benchmark;
    if (!b) return lem_row_reader_texts(l->in, row, &l->texts, err);
    lem_buf_clear(&l->texts.response);
    lem_status st = fields(row, b->prompt, &l->texts.prompt, err);
    if (st == LEM_OK && b->solution && l->o->solutions)
        st = fields(row, b->solution, &l->texts.response, err);
    if (st)
        lem_err_context(err, "%s:%llu", lem_row_reader_file(l->in),
                        (unsigned long long)lem_row_reader_number(l->in));
    return st;
}

static lem_status add_row(loader *l, const lem_json *row, lem_err *err) {
    lem_test_set *set = &l->t->set[l->t->n_sets - 1];
    bool empty = false, none = false;
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
    const lem_row_reader_opts o = {
        .map = l->benchmark ? NULL : l->o->map, .limit = -1, .cancel = l->o->cancel};
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

static lem_status load_benchmark(loader *l, const lem_benchmark *b, lem_err *err) {
    char *path = NULL;
    l->benchmark = b;
    lem_status st = path_of(b, l->o->data_dir, &path, err);
    if (st == LEM_OK) st = begin_set(l->t, b->name, err);
    if (st == LEM_OK && !lem_file_exists(path))
        st = lem_fail(err, LEM_EDATA, "benchmark %s: there is no %s; LEMMA_DATA names the folder of the data",
                      b->name, path);
    if (st == LEM_OK) st = load_rows(l, path, err);
    lem_free(path);
    l->benchmark = NULL;
    return st;
}

static void list_names(lem_buf *out) {
    for (size_t i = 0; lem_benchmark_at(i); i++)
        lem_buf_printf(out, "%s%s", i ? ", " : "", lem_benchmark_at(i)->name);
}

static bool is_pattern(const char *name) { return strpbrk(name, "*?[") != NULL; }

static lem_status load(loader *l, const char *name, lem_err *err) {
    const lem_benchmark *b = lem_benchmark_find(name);
    bool there = lem_file_exists(name) || lem_file_is_dir(name) || is_pattern(name);
    lem_status st = LEM_OK;
    if (there) {
        st = begin_set(l->t, name, err);
        return st ? st : load_rows(l, name, err);
    }
    if (strcmp(name, "all") == 0) {
        for (size_t i = 0; st == LEM_OK && lem_benchmark_at(i); i++)
            st = load_benchmark(l, lem_benchmark_at(i), err);
        return st;
    }
    if (b) return load_benchmark(l, b, err);
    lem_buf names = {0};
    list_names(&names);
    st = lem_fail(err, LEM_EUSAGE, "'%s' is neither a file nor a benchmark; benchmarks: all, %s", name,
                  lem_buf_str(&names));
    lem_buf_release(&names);
    return st;
}

lem_status lem_tests_load(const char *const *names, size_t n, const lem_tests_opts *o, lem_tests *out,
                          lem_err *err) {
    *out = (lem_tests){0};
    loader l = {.t = out, .o = o};
    lem_status st = lem_decontam_new(&o->rule, &out->index, err);
    for (size_t i = 0; st == LEM_OK && i < n; i++) st = load(&l, names[i], err);
    lem_row_texts_release(&l.texts);
    if (st == LEM_OK && out->n_rows == 0)
        st = lem_fail(err, LEM_EDATA, "no test row has a word in its prompt");
    if (st == LEM_OK) st = lem_decontam_seal(out->index, o->cancel, err);
    return st;
}
