/* list.c - the benchmarks inside the program, those of the user's files, and where their data lie */
#include "bench/spec.h"
#include "bench/texts_priv.h"

#include "core/buf.h"
#include "core/data_files.h"
#include "core/file.h"
#include "job/command.h"

#include <string.h>

/* ---- by name */

bool lem_bench_is_file(const char *name) {
    return !lem_bench_yaml(name) && (lem_path_ends(name, ".yaml") || lem_path_ends(name, ".yml"));
}

const char *lem_bench_yaml(const char *name) {
    for (const lem_bench_text *t = lem_bench_all_texts; t->name; t++)
        if (strcmp(t->name, name) == 0) return t->text;
    return NULL;
}

static lem_status open_embedded(const lem_bench_text *t, lem_bench_spec *out, lem_err *err) {
    lem_json *tree = NULL;
    lem_status st = lem_yaml_parse(t->text, strlen(t->text), t->name, &tree, err);
    if (st == LEM_OK) st = lem_bench_spec_of(tree, t->name, out, err);
    lem_json_free(tree);
    return st;
}

static lem_status open_file(const char *path, lem_bench_spec *out, lem_err *err) {
    lem_json *tree = NULL;
    lem_bench_spec s = {0};
    char *dir = NULL;
    lem_status st;
    LEM_TRY(lem_yaml_load(path, &tree, err));
    LEM_TRY(lem_bench_spec_of(tree, path, &s, err));
    if (lem_bench_yaml(s.name))
        LEM_TRY(lem_fail(err, LEM_EUSAGE, "%s: name: '%s' is a benchmark of lemma's own; take another", path,
                         s.name));
    if (!(dir = lem_path_dir(path, err))) LEM_TRY(LEM_EMEM);
    s.dir = lem_arena_strndup(s.arena, dir, strlen(dir));
    if (!s.dir) LEM_TRY(lem_fail(err, LEM_EMEM, "out of memory"));
    *out = s;
done:
    lem_free(dir);
    lem_json_free(tree);
    if (st) lem_bench_spec_release(&s);
    return st;
}

static lem_status no_such(const char *name, lem_err *err) {
    const char *known[64];
    int n = 0;
    lem_buf b = {0};
    for (const lem_bench_text *t = lem_bench_all_texts; t->name && n < 64; t++) known[n++] = t->name;
    for (int i = 0; i < n; i++) lem_buf_printf(&b, "%s%s", i ? ", " : "", known[i]);
    const char *near = lem_suggest(name, known, n);
    lem_status st =
        near ? lem_fail(err, LEM_EUSAGE, "there is no benchmark '%.100s'; did you mean '%s'?", name, near)
             : lem_fail(err, LEM_EUSAGE, "there is no benchmark '%.100s'; there are %s, or a FILE.yaml", name,
                        lem_buf_str(&b));
    lem_buf_release(&b);
    return st;
}

lem_status lem_bench_open(const char *name, lem_bench_spec *out, lem_err *err) {
    for (const lem_bench_text *t = lem_bench_all_texts; t->name; t++)
        if (strcmp(t->name, name) == 0) return open_embedded(t, out, err);
    return lem_bench_is_file(name) ? open_file(name, out, err) : no_such(name, err);
}

/* ---- all */

void lem_bench_list_release(lem_bench_list *l) {
    for (size_t i = 0; i < l->n; i++) lem_bench_spec_release(&l->at[i]);
    lem_free(l->at);
    *l = (lem_bench_list){0};
}

lem_status lem_bench_list_load(lem_bench_list *out, lem_err *err) {
    lem_bench_list l = {0};
    size_t n = 0;
    while (lem_bench_all_texts[n].name) n++;
    l.at = lem_alloc_zero(n + 1, sizeof *l.at, err);
    if (!l.at) return LEM_EMEM;
    for (; l.n < n; l.n++) {
        lem_status st = open_embedded(&lem_bench_all_texts[l.n], &l.at[l.n], err);
        if (st) {
            lem_bench_list_release(&l);
            return st;
        }
    }
    *out = l;
    return LEM_OK;
}

const lem_bench_spec *lem_bench_list_find(const lem_bench_list *l, const char *name) {
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->at[i].name, name) == 0) return &l->at[i];
    return NULL;
}

/* ---- files */

static bool there(const char *path) {
    if (!lem_data_is_pattern(path)) return lem_file_exists(path) || lem_file_is_dir(path);
    lem_data_files f = {0};
    lem_err ignored = LEM_ERR_INIT;
    bool some = lem_data_files_find(&path, 1, &f, &ignored) == LEM_OK;
    lem_data_files_release(&f);
    return some;
}

/* *path NULL: it is not there. */
static lem_status look(const char *dir, const char *file, char **path, lem_err *err) {
    char *p = *file == '/' ? lem_strdup(file, err) : lem_path_join(dir, file, err);
    if (!p) return LEM_EMEM;
    *path = there(p) ? p : NULL;
    if (!*path) lem_free(p);
    return LEM_OK;
}

lem_status lem_bench_path(const lem_bench_spec *s, const char *data_dir, char **path, lem_err *err) {
    lem_status st = LEM_OK;
    char *found = NULL;
    for (size_t i = 0; st == LEM_OK && !found && i < s->files.n; i++) {
        if (s->dir) st = look(s->dir, s->files.at[i], &found, err);
        if (st == LEM_OK && !found) st = look(data_dir, s->files.at[i], &found, err);
    }
    if (st == LEM_OK) *path = found;
    return st;
}

lem_status lem_bench_need_path(const lem_bench_spec *s, const char *data_dir, char **path, lem_err *err) {
    char *found = NULL;
    lem_status st = lem_bench_path(s, data_dir, &found, err);
    if (st == LEM_OK && found) *path = found;
    if (st || found) return st;
    lem_buf b = {0};
    for (size_t i = 0; i < s->files.n; i++) lem_buf_printf(&b, "%s%s", i ? ", " : "", s->files.at[i]);
    st = lem_fail(err, LEM_EDATA, "benchmark %s: none of its files is in %s (LEMMA_DATA): %s; get it: %s",
                  s->name, data_dir, lem_buf_str(&b), s->get ? s->get : "not known");
    lem_buf_release(&b);
    return st;
}

bool lem_bench_size_is(const lem_bench_spec *s, uint64_t n) {
    for (size_t i = 0; i < s->n_sizes; i++)
        if (s->size[i] == n) return true;
    return s->n_sizes == 0;
}
