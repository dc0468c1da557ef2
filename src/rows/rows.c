/* rows - the rows of several files, one after the other, with their place in every error */
#include "rows/rows.h"

#include "core/data_files.h"
#include "core/mem.h"
#include "rows/kind_priv.h"

#include <string.h>
#include <sys/stat.h>

struct lem_rowset {
    lem_data_files files;
    lem_wanted wanted;
    const lem_cancel *cancel;
    const lem_row_judge *judge;
    lem_reader reader; /* of files.path[at]; ops NULL: none is open */
    size_t at;
    bool told;
};

static const char *shown(const char *path) { return strcmp(path, "-") == 0 ? "standard input" : path; }

/* Errors of the stream below name the path already, in quotes. */
static bool names(const lem_err *err, const char *path) {
    size_t n = strlen(path);
    for (const char *at = err ? strchr(err->text, '\'') : NULL; at; at = strchr(at + 1, '\'')) {
        if (strncmp(at + 1, path, n) == 0 && at[1 + n] == '\'') return true;
    }
    return false;
}

static lem_status open_file(lem_rowset *s, lem_err *err) {
    const char *path = s->files.path[s->at];
    lem_status st = lem_reader_open(path, &s->wanted, s->cancel, &s->reader, err);
    if (st == LEM_OK || st == LEM_EINTR || names(err, shown(path))) return st;
    return lem_err_context(err, "%s", shown(path));
}

static void close_file(lem_rowset *s) {
    if (s->reader.ops) s->reader.ops->close(s->reader.self);
    s->reader = (lem_reader){0};
}

lem_status lem_rowset_open(const char *const *paths, size_t n, const lem_rowset_opts *opts, lem_rowset **out,
                           lem_err *err) {
    lem_status st = LEM_OK;
    lem_rowset *s = lem_alloc_zero(1, sizeof *s, err);
    if (!s) return LEM_EMEM;
    if (opts) {
        s->wanted = (lem_wanted){.names = opts->columns,
                                 .n = opts->n_columns,
                                 .header = opts->header,
                                 .n_header = opts->n_header,
                                 .pool = opts->pool,
                                 .tell = opts->tell};
        s->cancel = opts->cancel;
        s->judge = opts->judge && opts->judge->ask ? opts->judge : NULL;
        s->wanted.judged = s->judge != NULL;
    }
    s->wanted.max_row =
        opts && opts->judge && opts->judge->max_bytes ? opts->judge->max_bytes : LEM_ROW_BYTES;
    LEM_TRY(lem_data_files_find(paths, n, &s->files, err));
    if (s->files.n == 0) {
        st = lem_fail(err, LEM_EUSAGE, "no files are given");
        goto done;
    }
    LEM_TRY(open_file(s, err));
    *out = s;
done:
    if (st != LEM_OK) lem_rowset_close(s);
    return st;
}

void lem_rowset_close(lem_rowset *s) {
    if (!s) return;
    close_file(s);
    lem_data_files_release(&s->files);
    lem_free(s);
}

static lem_status with_place(const lem_rowset *s, lem_status st, lem_err *err) {
    const char *path = lem_rowset_file(s);
    unsigned long long n = lem_rowset_number(s);
    if (st == LEM_EINTR || names(err, path)) return st;
    if (s->reader.ops->by_line) lem_err_context(err, "%s:%llu", path, n ? n : 1);
    else if (n) lem_err_context(err, "%s: row %llu", path, n);
    else lem_err_context(err, "%s", path);
    return st;
}

/* The next row of the present file that the judge lets through; *row NULL at its end. */
static lem_status next_here(lem_rowset *s, lem_json **row, lem_err *err) {
    const lem_row_judge *j = s->judge;
    for (;;) {
        const lem_reader_ops *o = s->reader.ops;
        lem_status st = o->next(s->reader.self, row, err);
        if (!j || (st == LEM_OK && !*row)) return st;
        if (st != LEM_OK && (st != LEM_EDATA || !o->resumes || !o->resumes(s->reader.self))) return st;
        st = j->ask(j->ctx, lem_rowset_file(s), lem_rowset_number(s), st == LEM_OK ? *row : NULL, err);
        if (st == LEM_OK) return st;
        lem_json_free(*row);
        *row = NULL;
        if (st != LEM_NO) return st;
    }
}

static bool tell(const lem_rowset *s, const lem_json *row) {
    bool answer;
    const lem_reader_ops *o = s->reader.ops;
    return o->told && o->told(s->reader.self, &answer) ? answer : s->wanted.tell(row);
}

lem_status lem_rowset_next(lem_rowset *s, lem_json **row, lem_err *err) {
    for (;;) {
        *row = NULL;
        if (!s->reader.ops)
            return lem_fail(err, LEM_EDATA, "%s: reading ended with an error", lem_rowset_file(s));
        lem_status st = next_here(s, row, err);
        if (st != LEM_OK) {
            with_place(s, st, err);
            close_file(s);
            return st;
        }
        s->told = *row && s->wanted.tell && tell(s, *row);
        if (*row || s->at + 1 == s->files.n) return LEM_OK;
        close_file(s);
        s->at++;
        st = open_file(s, err);
        if (st != LEM_OK) return st;
    }
}

bool lem_rowset_told(const lem_rowset *s) { return s->told; }

const char *lem_rowset_file(const lem_rowset *s) { return shown(s->files.path[s->at]); }

uint64_t lem_rowset_number(const lem_rowset *s) {
    return s->reader.ops ? s->reader.ops->number(s->reader.self) : 0;
}

/* Bytes of the i-th file; 0 where there is none to ask. */
static double bytes_of(const lem_rowset *s, size_t i) {
    struct stat info;
    return stat(s->files.path[i], &info) == 0 ? (double)info.st_size : 0;
}

double lem_rowset_share(const lem_rowset *s) {
    double here = s->reader.ops ? s->reader.ops->share(s->reader.self) : 1, past = 0, all = 0;
    if (s->files.n == 1 || here < 0) return here;
    for (size_t i = 0; i < s->files.n; i++) {
        double bytes = bytes_of(s, i);
        all += bytes;
        if (i < s->at) past += bytes;
        if (i == s->at) past += bytes * here;
    }
    return all > 0 ? past / all : -1;
}

size_t lem_rowset_files(const lem_rowset *s) { return s->files.n; }

void lem_rowset_evidence(const lem_rowset *s, lem_buf *out) {
    if (s->reader.ops) s->reader.ops->evidence(s->reader.self, out);
}

lem_json *lem_rowset_types(const lem_rowset *s) {
    return s->reader.ops ? s->reader.ops->types(s->reader.self) : NULL;
}
