/* paths - what paths, folders and patterns stand for: files */
#include "rows/paths_priv.h"

#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"

#include <glob.h>
#include <string.h>

#define STATE_MOST ((size_t)64 << 20)

void lem_paths_release(lem_paths *p) {
    for (size_t i = 0; i < p->n; i++) lem_free(p->path[i]);
    lem_free(p->path);
    *p = (lem_paths){0};
}

/* Takes path; NULL counts as want of memory. */
static lem_status add(lem_paths *out, char *path, lem_err *err) {
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

/* ---- Folders ---- */

/* A name ending that data files have, before that of a packing. */
static bool called_data(const char *name) {
    static const char *const ends[] = {".jsonl", ".json",    ".ndjson", ".csv",
                                       ".tsv",   ".parquet", ".arrow",  ".feather"};
    static const char *const state[] = {"dataset_info.json", "dataset_infos.json", "state.json",
                                        "dataset_dict.json"};
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof state / sizeof *state; i++) {
        if (strcmp(name, state[i]) == 0) return false;
    }
    if (name[0] == '.') return false;
    if (n > 3 && strcmp(name + n - 3, ".gz") == 0) n -= 3;
    else if (n > 4 && strcmp(name + n - 4, ".zst") == 0) n -= 4;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t e = strlen(ends[i]);
        if (n > e && memcmp(name + n - e, ends[i], e) == 0) return true;
    }
    return false;
}

/* The shards that state.json of save_to_disk lists; a name with a folder in it is refused. */
static lem_status add_shards(const char *dir, const lem_json *files, lem_paths *out, lem_err *err) {
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

static lem_status add_named(const char *dir, lem_paths *out, lem_err *err) {
    char **names = NULL;
    size_t n = 0, before = out->n;
    lem_status st = lem_dir_list(dir, &names, &n, err);
    if (st != LEM_OK) return st;
    for (size_t i = 0; i < n && st == LEM_OK; i++) {
        char *path = called_data(names[i]) ? lem_path_join(dir, names[i], err) : NULL;
        if (path && !lem_file_is_dir(path)) st = add(out, path, err);
        else lem_free(path);
    }
    for (size_t i = 0; i < n; i++) lem_free(names[i]);
    lem_free(names);
    if (st != LEM_OK || out->n > before) return st;
    return lem_fail(err, LEM_EDATA,
                    "%s: no data files in this folder (.jsonl, .json, .csv, .tsv, .parquet, .arrow)", dir);
}

static lem_status add_folder(const char *dir, lem_paths *out, lem_err *err) {
    lem_json *state = NULL, *dict = NULL;
    lem_status st = LEM_OK;
    LEM_TRY(lem_json_load_beside(dir, "dataset_dict.json", STATE_MOST, &dict, err));
    if (dict) LEM_TRY(list_splits(dir, dict, err));
    LEM_TRY(lem_json_load_beside(dir, "state.json", STATE_MOST, &state, err));
    const lem_json *files = lem_json_get(state, "_data_files");
    st = files ? add_shards(dir, files, out, err) : add_named(dir, out, err);
done:
    lem_json_free(state);
    lem_json_free(dict);
    return st;
}

/* ---- Patterns ---- */

static lem_status add_pattern(const char *pattern, lem_paths *out, lem_err *err) {
    glob_t found = {0};
    lem_status st = LEM_OK;
    int rc = glob(pattern, GLOB_ERR, NULL, &found);
    if (rc == GLOB_NOMATCH) st = lem_fail(err, LEM_EDATA, "%s: no file matches this pattern", pattern);
    else if (rc == GLOB_NOSPACE) st = lem_fail(err, LEM_EMEM, "out of memory for the files of '%s'", pattern);
    else if (rc != 0) st = lem_fail(err, LEM_EDATA, "%s: a folder of this pattern cannot be read", pattern);
    for (size_t i = 0; rc == 0 && i < found.gl_pathc && st == LEM_OK; i++)
        st = add(out, lem_strdup(found.gl_pathv[i], err), err);
    globfree(&found);
    return st;
}

lem_status lem_paths_find(const char *const *paths, size_t n, lem_paths *out, lem_err *err) {
    lem_status st = LEM_OK;
    for (size_t i = 0; i < n && st == LEM_OK; i++) {
        const char *p = paths[i];
        if (lem_file_is_dir(p)) st = add_folder(p, out, err);
        else if (strpbrk(p, "*?[") && !lem_file_exists(p)) st = add_pattern(p, out, err);
        else st = add(out, lem_strdup(p, err), err);
    }
    return st;
}
