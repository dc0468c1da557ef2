/* skipped.c - the list of rows that were left out: texts put aside, an index of places, sorted at the end */
#include "core/skipped.h"

#include "core/file.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/object.h"
#include "core/scratch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TEXTS_IN_MEMORY ((size_t)8 << 20)

typedef struct place {
    const char *file; /* of `files` */
    uint64_t line, at;
    size_t len; /* of its text, at `at` */
} place;

struct lem_skipped {
    char **files; /* [n_files] names */
    size_t n_files;
    place *places; /* [n] */
    size_t n, cap;
    lem_map *seen; /* number of the file, line */
    lem_scratch *texts;
};

lem_status lem_skipped_new(const char *dir, lem_skipped **out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_skipped *s = lem_alloc_zero(1, sizeof *s, err);
    if (!s) return LEM_EMEM;
    s->seen = lem_map_new(err);
    if (!s->seen) LEM_TRY(LEM_EMEM);
    LEM_TRY(lem_scratch_open(dir, TEXTS_IN_MEMORY, &s->texts, err));
    *out = s;
done:
    if (st) lem_skipped_free(s);
    return st;
}

void lem_skipped_free(lem_skipped *s) {
    if (!s) return;
    for (size_t i = 0; i < s->n_files; i++) lem_free(s->files[i]);
    lem_free(s->files);
    lem_free(s->places);
    lem_map_free(s->seen);
    lem_scratch_close(s->texts);
    lem_free(s);
}

uint64_t lem_skipped_count(const lem_skipped *s) { return s->n; }

/* ---- adding ---- */

/* *at: the number of the file; rows come file by file, so the last one is looked at first. */
static lem_status file_of(lem_skipped *s, const char *file, size_t *at, lem_err *err) {
    for (size_t i = s->n_files; i-- > 0;)
        if (strcmp(s->files[i], file) == 0) return *at = i, LEM_OK;
    char **more = lem_realloc(s->files, s->n_files + 1, sizeof *more, err);
    if (!more) return LEM_EMEM;
    s->files = more;
    more[s->n_files] = lem_strdup(file, err);
    if (!more[s->n_files]) return LEM_EMEM;
    *at = s->n_files++;
    return LEM_OK;
}

static lem_status make_room(lem_skipped *s, lem_err *err) {
    if (s->n < s->cap) return LEM_OK;
    const size_t cap = s->cap ? 2 * s->cap : 64;
    place *more = lem_realloc(s->places, cap, sizeof *more, err);
    if (!more) return LEM_EMEM;
    s->places = more;
    s->cap = cap;
    return LEM_OK;
}

static lem_status put_text(lem_skipped *s, const lem_skipped_row *row, size_t *len, lem_err *err) {
    lem_buf text = {0};
    lem_object o = lem_object_new();
    lem_object_str(&o, "file", row->file);
    lem_object_int(&o, "line", row->line);
    if (row->field) lem_object_str(&o, "field", row->field);
    lem_object_str(&o, "kind", row->kind);
    lem_object_str(&o, "error", row->error);
    lem_json *json = lem_object_done(&o);
    if (!json) return lem_fail(err, LEM_EMEM, "out of memory");
    lem_json_write(json, 0, &text);
    lem_buf_putc(&text, '\n');
    lem_json_free(json);
    lem_status st = lem_buf_ok(&text, err);
    if (st == LEM_OK) st = lem_scratch_append(s->texts, text.data, text.len, err);
    *len = text.len;
    lem_buf_release(&text);
    return st;
}

lem_status lem_skipped_add(lem_skipped *s, const lem_skipped_row *row, bool *fresh, lem_err *err) {
    size_t file = 0;
    int64_t number = (int64_t)s->n;
    bool there = false;
    lem_status st = file_of(s, row->file, &file, err);
    if (st) return st;
    const uint64_t key[2] = {file, row->line};
    st = make_room(s, err);
    if (st == LEM_OK) st = lem_map_add(s->seen, (const char *)key, sizeof key, &number, &there, err);
    *fresh = !there;
    if (st || there) return st;
    place *p = &s->places[s->n];
    *p = (place){.file = s->files[file], .line = row->line, .at = lem_scratch_size(s->texts)};
    st = put_text(s, row, &p->len, err);
    s->n += st == LEM_OK;
    return st;
}

lem_status lem_skipped_load(lem_skipped *s, const char *path, lem_err *err) {
    lem_lines *lines = NULL;
    const char *text = NULL;
    size_t len = 0;
    bool eof = false, fresh;
    lem_status st = lem_lines_open(path, 0, &lines, err);
    while (st == LEM_OK) {
        lem_json *row = NULL;
        st = lem_lines_next(lines, &text, &len, &eof, err);
        if (st || eof) break;
        st = lem_json_parse(text, len, &row, err);
        const lem_skipped_row r = {.file = lem_json_str(lem_json_get(row, "file"), ""),
                                   .line = (uint64_t)lem_json_int(lem_json_get(row, "line"), 0),
                                   .field = lem_json_str(lem_json_get(row, "field"), NULL),
                                   .kind = lem_json_str(lem_json_get(row, "kind"), ""),
                                   .error = lem_json_str(lem_json_get(row, "error"), "")};
        if (st) lem_err_context(err, "%s:%llu", path, (unsigned long long)lem_lines_number(lines));
        else st = lem_skipped_add(s, &r, &fresh, err);
        lem_json_free(row);
    }
    lem_lines_close(lines);
    return st;
}

/* ---- the file ---- */

static int by_place(const void *a, const void *b) {
    const place *x = a, *y = b;
    const int c = x->file == y->file ? 0 : strcmp(x->file, y->file);
    return c ? c : (x->line > y->line) - (x->line < y->line);
}

static lem_status write_all(const lem_skipped *s, lem_out *out, lem_err *err) {
    lem_buf text = {0};
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < s->n; i++) {
        const place *p = &s->places[i];
        lem_buf_clear(&text);
        if (!lem_buf_reserve(&text, p->len)) st = lem_buf_ok(&text, err);
        if (st == LEM_OK) st = lem_scratch_read(s->texts, p->at, text.data, p->len, err);
        if (st == LEM_OK) st = lem_out_write(out, text.data, p->len, err);
    }
    lem_buf_release(&text);
    return st;
}

/* Anything else (a device, "-") is written to, never read or removed. */
static bool is_regular(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

lem_status lem_skipped_save(lem_skipped *s, const char *path, bool overwrite, lem_err *err) {
    lem_out *out = NULL;
    lem_status st = overwrite ? LEM_OK : lem_skipped_check_place(path, err);
    if (st) return st;
    if (s->n) qsort(s->places, s->n, sizeof *s->places, by_place);
    st = lem_out_open(path, true, &out, err);
    if (st == LEM_OK) st = write_all(s, out, err);
    if (st == LEM_OK) st = lem_out_commit(out, err);
    lem_out_close(out);
    return st;
}

static bool is_row(const lem_json *row) {
    static const char *const texts[] = {"file", "kind", "error"};
    bool ok = lem_json_kind(lem_json_get(row, "line")) == LEM_JSON_INT;
    for (int i = 0; i < 3; i++) ok = ok && lem_json_kind(lem_json_get(row, texts[i])) == LEM_JSON_STRING;
    return ok;
}

bool lem_skipped_is_list(const char *path) {
    lem_lines *lines = NULL;
    lem_json *row = NULL;
    const char *text = NULL;
    size_t len = 0;
    bool eof = false;
    if (!is_regular(path)) return false;
    lem_status st = lem_lines_open(path, 1 << 20, &lines, NULL);
    if (st == LEM_OK) st = lem_lines_next(lines, &text, &len, &eof, NULL);
    if (st == LEM_OK && !eof) st = lem_json_parse(text, len, &row, NULL);
    const bool is = st == LEM_OK && is_row(row);
    lem_json_free(row);
    lem_lines_close(lines);
    return is;
}

lem_status lem_skipped_check_place(const char *path, lem_err *err) {
    if (!is_regular(path) || lem_skipped_is_list(path)) return LEM_OK;
    return lem_fail(err, LEM_EUSAGE,
                    "%s exists and is no list of rows left out; move it away, name another place with "
                    "--skipped, or pass --overwrite",
                    path);
}

lem_status lem_skipped_remove(const char *path, bool *gone, lem_err *err) {
    *gone = lem_skipped_is_list(path);
    return *gone ? lem_file_remove(path, err) : LEM_OK;
}
