/* shard_files.c - names of the shards of an output, and which of them lie there */
#include "job/shard.h"

#include "core/file.h"
#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

#define MARK "{shard}"
#define INFIX ".shard-"

/* A name is head, label, tail. */
typedef struct name_parts {
    char *dir; /* owned; "." where the path has none */
    lem_buf head, tail;
    bool plain; /* the path has no folder */
} name_parts;

static void release(name_parts *p) {
    lem_free(p->dir);
    lem_buf_release(&p->head);
    lem_buf_release(&p->tail);
}

bool lem_shard_is_pattern(const char *out) { return strstr(out, MARK) != NULL; }

/* Of what a packed file is known by: it stays last. */
static size_t packed_end(const char *name) {
    size_t n = strlen(name);
    if (n > 3 && strcmp(name + n - 3, ".gz") == 0) return 3;
    return n > 4 && strcmp(name + n - 4, ".zst") == 0 ? 4 : 0;
}

static lem_status split(const char *out, name_parts *p, lem_err *err) {
    const char *base = lem_path_base(out), *mark = strstr(out, MARK);
    size_t n = strlen(base), end = packed_end(base);
    if (mark && (mark < base || strstr(mark + 1, MARK)))
        return lem_fail(err, LEM_EUSAGE, "--out %s: " MARK " once, and in the file's own name", out);
    p->plain = base == out;
    p->dir = lem_path_dir(out, err);
    if (!p->dir) return LEM_EMEM;
    if (mark) {
        lem_buf_add(&p->head, base, (size_t)(mark - base));
        lem_buf_puts(&p->tail, mark + sizeof MARK - 1);
    } else {
        lem_buf_printf(&p->head, "%.*s" INFIX, (int)(n - end), base);
        lem_buf_puts(&p->tail, base + n - end);
    }
    lem_status st = lem_buf_ok(&p->head, err);
    return st ? st : lem_buf_ok(&p->tail, err);
}

static char *path_of(const name_parts *p, const lem_shard *s, lem_err *err) {
    lem_buf name = {0};
    if (!p->plain) lem_buf_printf(&name, "%s%s", p->dir, strcmp(p->dir, "/") == 0 ? "" : "/");
    lem_buf_puts(&name, lem_buf_str(&p->head));
    lem_shard_put(s, true, &name);
    lem_buf_puts(&name, lem_buf_str(&p->tail));
    char *path = lem_buf_ok(&name, err) == LEM_OK ? lem_buf_take(&name) : NULL;
    lem_buf_release(&name);
    return path;
}

char *lem_shard_path(const char *out, const lem_shard *s, lem_err *err) {
    name_parts p = {0};
    char *path = split(out, &p, err) == LEM_OK ? path_of(&p, s, err) : NULL;
    release(&p);
    return path;
}

char *lem_shard_out_of(const char *path, const lem_shard *s, lem_err *err) {
    lem_buf label = {0}, out = {0};
    const char *base = lem_path_base(path), *at = NULL, *next;
    size_t infix = sizeof INFIX - 1;
    char *made = NULL;
    lem_shard_put(s, true, &label);
    for (next = strstr(base, lem_buf_str(&label)); next; next = strstr(next + 1, lem_buf_str(&label)))
        at = next;
    bool marked = at && (size_t)(at - base) >= infix && strncmp(at - infix, INFIX, infix) == 0;
    if (at) {
        size_t head = (size_t)(at - path) - (marked ? infix : 0);
        lem_buf_add(&out, path, head);
        lem_buf_printf(&out, "%s%s", marked ? "" : MARK, at + label.len);
    } else lem_buf_puts(&out, path);
    if (lem_buf_ok(&label, err) == LEM_OK && lem_buf_ok(&out, err) == LEM_OK) made = lem_buf_take(&out);
    lem_buf_release(&label);
    lem_buf_release(&out);
    return made;
}

/* ---- what lies there ---- */

void lem_shard_files_release(lem_shard_files *f) {
    for (size_t i = 0; i < f->n; i++) lem_free(f->at[i].path);
    lem_free(f->at);
    *f = (lem_shard_files){NULL, 0};
}

static bool is_of_shard(const char *rest) {
    return !*rest || strcmp(rest, ".manifest.json") == 0 || strcmp(rest, ".job") == 0;
}

static bool read_name(const name_parts *p, const char *name, lem_shard *out) {
    size_t head = p->head.len, tail = p->tail.len;
    if (strncmp(name, lem_buf_str(&p->head), head) != 0) return false;
    const char *rest = lem_shard_parse_name(name + head, out);
    return rest && strncmp(rest, lem_buf_str(&p->tail), tail) == 0 && is_of_shard(rest + tail);
}

/* Takes path. */
static lem_status add(lem_shard_files *f, char *path, const lem_shard *s, lem_err *err) {
    for (size_t i = 0; i < f->n; i++)
        if (lem_shards_equal(&f->at[i].shard, s)) {
            lem_free(path);
            return LEM_OK;
        }
    lem_shard_file *more = path ? lem_realloc(f->at, f->n + 1, sizeof *more, err) : NULL;
    if (!more) {
        lem_free(path);
        return LEM_EMEM;
    }
    f->at = more;
    more[f->n++] = (lem_shard_file){path, *s};
    return LEM_OK;
}

lem_status lem_shard_files_find(const char *out, lem_shard_files *f, lem_err *err) {
    name_parts p = {0};
    char **names = NULL;
    size_t n = 0;
    lem_shard s;
    lem_shard_files found = {NULL, 0};
    lem_status st = split(out, &p, err);
    if (st == LEM_OK && lem_file_is_dir(p.dir)) st = lem_dir_list(p.dir, &names, &n, err);
    for (size_t i = 0; i < n; i++) {
        if (st == LEM_OK && read_name(&p, names[i], &s)) st = add(&found, path_of(&p, &s, err), &s, err);
        lem_free(names[i]);
    }
    lem_free(names);
    release(&p);
    if (st) lem_shard_files_release(&found);
    else *f = found;
    return st;
}
