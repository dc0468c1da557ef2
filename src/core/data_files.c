/* data_files - what paths, folders and patterns of data stand for: files */
#include "core/data_files.h"

#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"

#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define STATE_MOST ((size_t)64 << 20)

void lem_data_files_release(lem_data_files *f) {
    for (size_t i = 0; i < f->n; i++) lem_free(f->path[i]);
    lem_free(f->path);
    *f = (lem_data_files){0};
}

/* Takes path; NULL counts as want of memory. */
static lem_status add(lem_data_files *out, char *path, lem_err *err) {
    if (!path) return LEM_EMEM;
    char **more = lem_realloc(out->path, out->n + 1, sizeof *more, err);
    if (!more) {
        lem_free(path);
        return LEM_EMEM;
    }
    out->path = more;
    more[out->n++] = path;
    return LEM_OK;
}

/* ---- Order ---- */

/* Numbers within names by their value, so that rs2 comes before rs10; all else by bytes. */
static int natural(const char *a, const char *b) {
    while (*a && *b) {
        size_t na = strspn(a, "0123456789"), nb = strspn(b, "0123456789");
        if (na && nb) {
            const char *x = a + strspn(a, "0"), *y = b + strspn(b, "0");
            size_t nx = strspn(x, "0123456789"), ny = strspn(y, "0123456789");
            int c = nx == ny ? strncmp(x, y, nx) : 0;
            if (nx != ny) return nx < ny ? -1 : 1;
            if (c) return c;
            a += na;
            b += nb;
            continue;
        }
        if (*a != *b) return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
        a++;
        b++;
    }
    return (*a != 0) - (*b != 0);
}

static int by_name(const void *a, const void *b) {
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    int c = natural(x, y);
    return c ? c : strcmp(x, y);
}

/* ---- Folders ---- */

static bool ends_with(const char *name, size_t n, const char *tail) {
    size_t k = strlen(tail);
    return n > k && memcmp(name + n - k, tail, k) == 0;
}

static bool is_one_of(const char *name, const char *const *list, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(name, list[i]) == 0) return true;
    return false;
}

bool lem_model_has_file(const char *name) {
    static const char *const names[] = {"config.json",
                                        "generation_config.json",
                                        "lemma.json",
                                        "added_tokens.json",
                                        "special_tokens_map.json",
                                        "vocab.json",
                                        "merges.txt",
                                        "adapter_config.json",
                                        "tokenizer.json",
                                        "tokenizer_config.json",
                                        "tokenizer.model",
                                        "chat_template.jinja",
                                        "model.safetensors.index.json"};
    size_t n = strlen(name);
    return is_one_of(name, names, sizeof names / sizeof *names) || ends_with(name, n, ".safetensors") ||
           ends_with(name, n, ".tiktoken");
}

/* A name ending that data files have, before that of a packing. */
static bool called_data(const char *name) {
    static const char *const ends[] = {".jsonl", ".json",    ".ndjson", ".csv",
                                       ".tsv",   ".parquet", ".arrow",  ".feather"};
    static const char *const state[] = {"dataset_info.json", "dataset_infos.json", "state.json",
                                        "dataset_dict.json", "manifest.json"};
    size_t n = strlen(name);
    if (name[0] == '.' || is_one_of(name, state, sizeof state / sizeof *state)) return false;
    if (ends_with(name, n, ".manifest.json")) return false;
    if (ends_with(name, n, ".gz")) n -= 3;
    else if (ends_with(name, n, ".zst")) n -= 4;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_with(name, n, ends[i])) return true;
    return false;
}

/* The shards that state.json of save_to_disk lists; a name with a folder in it is refused. */
static lem_status add_shards(const char *dir, const lem_json *files, lem_data_files *out, lem_err *err) {
    lem_status st = LEM_OK;
    if (lem_json_count(files) == 0) return lem_fail(err, LEM_EDATA, "%s/state.json: lists no files", dir);
    for (size_t i = 0; i < lem_json_count(files) && st == LEM_OK; i++) {
        const char *name = lem_json_str(lem_json_get(lem_json_at(files, i), "filename"), NULL);
        if (!name || strchr(name, '/'))
            return lem_fail(err, LEM_EDATA, "%s/state.json: _data_files.%zu.filename is no file name", dir,
                            i);
        st = add(out, lem_path_join(dir, name, err), err);
    }
    return st;
}

static lem_status list_splits(const char *dir, const lem_json *dict, lem_err *err) {
    lem_buf names = {0};
    const lem_json *splits = lem_json_get(dict, "splits");
    for (size_t i = 0; i < lem_json_count(splits); i++)
        lem_buf_printf(&names, i ? ", %s" : "%s", lem_json_str(lem_json_at(splits, i), "?"));
    lem_fail(err, LEM_EDATA, "%s: it holds several data sets (%s); give the folder of one", dir,
             lem_buf_str(&names));
    lem_buf_release(&names);
    return LEM_EDATA;
}

/* *path: of a file in dir that is called as data is, owned by the caller; NULL: it is none. */
static lem_status data_path(const char *dir, const char *name, char **path, lem_err *err) {
    *path = NULL;
    if (!called_data(name)) return LEM_OK;
    char *p = lem_path_join(dir, name, err);
    if (!p) return LEM_EMEM;
    if (lem_file_is_dir(p)) lem_free(p);
    else *path = p;
    return LEM_OK;
}

/* What lies in a folder. */
typedef struct names {
    char **name;
    size_t n;
    const char *model; /* one of them that a model folder has, or NULL */
    bool saved, split; /* the state of a saved data set, or of several, is there */
    bool data;         /* a file called as data is */
} names;

static void names_release(names *s) {
    for (size_t i = 0; i < s->n; i++) lem_free(s->name[i]);
    lem_free(s->name);
}

static lem_status names_of(const char *dir, names *s, lem_err *err) {
    lem_status st = lem_dir_list(dir, &s->name, &s->n, err);
    if (st == LEM_OK && s->n) qsort(s->name, s->n, sizeof *s->name, by_name);
    for (size_t i = 0; st == LEM_OK && i < s->n; i++) {
        const char *name = s->name[i];
        s->saved = s->saved || strcmp(name, "state.json") == 0;
        s->split = s->split || strcmp(name, "dataset_dict.json") == 0;
        char *path = NULL;
        if (lem_model_has_file(name)) s->model = name;
        else if (!s->data) st = data_path(dir, name, &path, err);
        s->data = s->data || path;
        lem_free(path);
    }
    return st;
}

static lem_status add_named(const char *dir, const names *s, lem_data_files *out, lem_err *err) {
    size_t before = out->n;
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < s->n; i++) {
        char *path = NULL;
        st = data_path(dir, s->name[i], &path, err);
        if (path) st = add(out, path, err);
    }
    if (st != LEM_OK || out->n > before) return st;
    return lem_fail(err, LEM_EDATA,
                    "%s: no data files in this folder (.jsonl, .json, .csv, .tsv, .parquet, .arrow)", dir);
}

static lem_status add_folder(const char *dir, lem_data_files *out, lem_err *err) {
    lem_json *state = NULL, *dict = NULL;
    names in = {0};
    lem_status st = LEM_OK;
    LEM_TRY(names_of(dir, &in, err));
    if (in.model) {
        st = lem_fail(err, LEM_EDATA, "%s: a model folder (%s is in it); name the files of data", dir,
                      in.model);
        goto done;
    }
    LEM_TRY(lem_json_load_beside(dir, "dataset_dict.json", STATE_MOST, &dict, err));
    if (dict) LEM_TRY(list_splits(dir, dict, err));
    LEM_TRY(lem_json_load_beside(dir, "state.json", STATE_MOST, &state, err));
    const lem_json *files = lem_json_get(state, "_data_files");
    st = files ? add_shards(dir, files, out, err) : add_named(dir, &in, out, err);
done:
    names_release(&in);
    lem_json_free(state);
    lem_json_free(dict);
    return st;
}

static bool look(const char *path, names *s) {
    return lem_file_is_dir(path) && names_of(path, s, NULL) == LEM_OK && !s->model;
}

bool lem_data_is_folder(const char *path) {
    names s = {0};
    bool is = look(path, &s) && (s.data || s.saved || s.split);
    names_release(&s);
    return is;
}

/* Whether one more file called as data is would be read with the others. */
static bool takes_more(const char *path) {
    names s = {0};
    bool takes = look(path, &s) && s.data && !s.saved && !s.split;
    names_release(&s);
    return takes;
}

/* ---- Patterns ---- */

static lem_status add_path(const char *path, lem_data_files *out, lem_err *err) {
    return lem_file_is_dir(path) ? add_folder(path, out, err) : add(out, lem_strdup(path, err), err);
}

static lem_status add_pattern(const char *pattern, lem_data_files *out, lem_err *err) {
    glob_t found = {0};
    lem_status st = LEM_OK;
    /* It asks for homes and the environment, which nothing changes. NOLINTNEXTLINE(concurrency-mt-unsafe) */
    int rc = glob(pattern, GLOB_ERR, NULL, &found);
    if (rc == GLOB_NOMATCH) st = lem_fail(err, LEM_EDATA, "%s: no file matches this pattern", pattern);
    else if (rc == GLOB_NOSPACE) st = lem_fail(err, LEM_EMEM, "out of memory for the files of '%s'", pattern);
    else if (rc != 0) st = lem_fail(err, LEM_EDATA, "%s: a folder of this pattern cannot be read", pattern);
    if (rc == 0) qsort(found.gl_pathv, found.gl_pathc, sizeof *found.gl_pathv, by_name);
    for (size_t i = 0; rc == 0 && i < found.gl_pathc && st == LEM_OK; i++)
        st = add_path(found.gl_pathv[i], out, err);
    globfree(&found);
    return st;
}

bool lem_data_is_pattern(const char *path) { return strpbrk(path, "*?[") && !lem_file_exists(path); }

lem_status lem_data_files_find(const char *const *paths, size_t n, lem_data_files *out, lem_err *err) {
    lem_status st = LEM_OK;
    for (size_t i = 0; i < n && st == LEM_OK; i++)
        st = lem_data_is_pattern(paths[i]) ? add_pattern(paths[i], out, err) : add_path(paths[i], out, err);
    return st;
}

bool lem_data_would_read(const char *path, const char *file) {
    char a[PATH_MAX], b[PATH_MAX];
    if (lem_data_is_pattern(path)) return fnmatch(path, file, FNM_PATHNAME | FNM_PERIOD) == 0;
    if (!called_data(lem_path_base(file)) || !takes_more(path)) return false;
    char *dir = lem_path_dir(file, NULL);
    bool in = dir && realpath(path, a) && realpath(dir, b) && strcmp(a, b) == 0;
    lem_free(dir);
    return in;
}
