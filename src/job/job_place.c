/* job_place.c - where a job's output stands: paths, folders, the lock */
#include "job/job_priv.h"

#include "core/data_files.h"
#include "core/mem.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- paths ---- */

static char *joined(const char *a, const char *b, lem_err *err) {
    lem_buf s = {0};
    lem_buf_printf(&s, "%s%s", a, b);
    char *text = lem_buf_ok(&s, err) == LEM_OK ? lem_strdup(s.data, err) : NULL;
    lem_buf_release(&s);
    return text;
}

/* Without slashes at the end; ".", ".." and "x/." by their names, so that what stands beside has one too. */
static char *plain_path(const char *out, lem_err *err) {
    char real[PATH_MAX];
    size_t n = strlen(out);
    while (n > 1 && out[n - 1] == '/') n--;
    char *path = lem_strndup(out, n, err);
    const char *base = path ? lem_path_base(path) : "";
    bool dots = strcmp(base, ".") == 0 || strcmp(base, "..") == 0;
    if (!dots || !realpath(path, real)) return path;
    lem_free(path);
    return lem_strdup(real, err);
}

static lem_status check_kind(const lem_job *j, lem_err *err) {
    bool dir = j->cmd->output == LEM_OUTPUT_DIR;
    if (!lem_file_exists(j->out) || dir == lem_file_is_dir(j->out)) return LEM_OK;
    if (dir) return lem_fail(err, LEM_EUSAGE, "--out %s is a file; a folder is expected", j->out);
    return lem_fail(err, LEM_EUSAGE, "--out %s is a folder; a file is expected", j->out);
}

lem_status lem_job_place_set(lem_job *j, const char *out, lem_err *err) {
    bool dir = j->cmd->output == LEM_OUTPUT_DIR;
    j->out = plain_path(out, err);
    if (!j->out) return LEM_EMEM;
    j->parent = lem_path_dir(j->out, err);
    j->work = joined(j->out, ".job", err);
    j->manifest = joined(j->out, dir ? "/manifest.json" : ".manifest.json", err);
    j->work_manifest = j->work ? joined(j->work, "/manifest.json", err) : NULL;
    if (!j->parent || !j->work || !j->manifest || !j->work_manifest) return LEM_EMEM;
    return check_kind(j, err);
}

/* ---- folders and the lock ---- */

/* *top: the first folder on the way to path that is not there; NULL if all are. */
static lem_status topmost_missing(const char *path, char **top, lem_err *err) {
    char *at = lem_strdup(path, err);
    while (at && !lem_file_exists(at)) {
        char *up = lem_path_dir(at, err);
        lem_free(*top);
        *top = at;
        at = up;
    }
    lem_status st = at ? LEM_OK : LEM_EMEM;
    lem_free(at);
    return st;
}

lem_status lem_job_place_take(lem_job *j, lem_err *err) {
    if (j->cli->dry_run) return LEM_OK;
    lem_status st = topmost_missing(j->parent, &j->made, err);
    if (st == LEM_OK) st = lem_dir_make(j->parent, err);
    return st ? st : lem_lock_take(j->out, &j->lock, err);
}

/* Removes the folders that were made for the job, from the innermost up, as long as they are empty. */
static void remove_made(const lem_job *j) {
    char *at = lem_strdup(j->parent, NULL);
    while (at && rmdir(at) == 0 && strcmp(at, j->made) != 0) {
        char *up = lem_path_dir(at, NULL);
        lem_free(at);
        at = up;
    }
    lem_free(at);
}

void lem_job_place_leave(lem_job *j) {
    lem_lock_release(j->lock);
    j->lock = NULL;
    if (j->made && !j->finished) remove_made(j);
}

/* ---- the output is no input ---- */

static bool same_file(const char *a, const char *b) {
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Whether file is what is read from path, or would be when it is there. */
static bool is_read(const char *path, const char *file) {
    lem_data_files f = {NULL, 0};
    bool read = same_file(path, file) || lem_data_would_read(path, file);
    bool many = lem_data_is_pattern(path) || lem_data_is_folder(path);
    if (!read && many && lem_data_files_find(&path, 1, &f, NULL) == LEM_OK)
        for (size_t i = 0; i < f.n; i++) read = read || same_file(f.path[i], file);
    lem_data_files_release(&f);
    return read;
}

lem_status lem_job_place_check_inputs(const lem_job *j, const char *const *beside, int n, lem_err *err) {
    const lem_json *inputs = lem_json_get(j->facts, "inputs");
    for (size_t i = 0; i < lem_json_count(inputs); i++) {
        const char *path = lem_json_str(lem_json_get(lem_json_at(inputs, i), "path"), "");
        if (is_read(path, j->out))
            return lem_fail(err, LEM_EUSAGE, "%s is what is read; choose another --out", j->out);
        for (int k = 0; k < n; k++)
            if (beside[k] && is_read(path, beside[k]))
                return lem_fail(err, LEM_EUSAGE, "%s is what is read; choose another place for it",
                                beside[k]);
    }
    return LEM_OK;
}
