/* licence.c - data cards: the front matter of README.md, dataset_info.json */
#include "data/licence.h"

#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"

#include <string.h>

enum { CARD_MAX = 1 << 20, TEXT_MAX = 200 };

/* A value without quotes, brackets and the space around it. */
static void put_value(const char *s, size_t n, lem_buf *out) {
    static const char around[] = " \t\r\"'[]";
    while (n > 0 && strchr(around, *s)) {
        s++;
        n--;
    }
    while (n > 0 && strchr(around, s[n - 1])) n--;
    if (n == 0 || n > TEXT_MAX) return;
    if (out->len) lem_buf_puts(out, ", ");
    lem_buf_add(out, s, n);
}

/* `license: mit`, or `license:` with lines of "- mit" behind it. */
static void read_front(const char *s, lem_buf *out) {
    bool inside = false;
    if (strncmp(s, "---", 3) != 0) return;
    for (const char *line = strchr(s, '\n'); line;) {
        line++;
        size_t n = strcspn(line, "\n"), skip = strspn(line, " \t");
        if (strncmp(line, "---", 3) == 0) return;
        if (inside && line[skip] == '-') put_value(line + skip + 1, n - skip - 1, out);
        else if (inside) return;
        if (strncmp(line, "license:", 8) == 0) {
            put_value(line + 8, n - 8, out);
            if (out->len) return;
            inside = true;
        }
        line = line[n] ? line + n : NULL;
    }
}

static lem_status from_readme(const char *path, lem_buf *text, lem_err *err) {
    lem_buf b = {0};
    lem_err ignored = LEM_ERR_INIT;
    lem_status st = lem_file_read(path, CARD_MAX, &b, &ignored);
    if (st == LEM_OK) read_front(lem_buf_str(&b), text);
    lem_buf_release(&b);
    return st == LEM_EMEM ? lem_fail(err, LEM_EMEM, "out of memory") : lem_buf_ok(text, err);
}

static void put_licence(const lem_json *info, lem_buf *text) {
    const lem_json *v = lem_json_get(info, "license");
    if (lem_json_kind(v) == LEM_JSON_STRING) put_value(lem_json_str(v, ""), lem_json_str_len(v), text);
}

/* One description, or one of each configuration. */
static lem_status from_info(const char *path, lem_buf *text, lem_err *err) {
    lem_json *info = NULL;
    lem_err ignored = LEM_ERR_INIT;
    lem_status st = lem_json_load(path, CARD_MAX, &info, &ignored);
    if (st == LEM_OK) {
        put_licence(info, text);
        for (size_t i = 0; text->len == 0 && i < lem_json_count(info) && i < 64; i++)
            put_licence(lem_json_value_at(info, i), text);
    }
    lem_json_free(info);
    return st == LEM_EMEM ? lem_fail(err, LEM_EMEM, "out of memory") : lem_buf_ok(text, err);
}

static lem_status look_in(const char *dir, lem_buf *text, lem_buf *from, lem_err *err) {
    static const char *const names[] = {"README.md", "dataset_info.json", "dataset_infos.json"};
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && text->len == 0 && i < 3; i++) {
        char *path = lem_path_join(dir, names[i], err);
        if (!path) return LEM_EMEM;
        if (lem_file_exists(path)) st = i ? from_info(path, text, err) : from_readme(path, text, err);
        if (text->len) lem_buf_puts(from, path);
        lem_free(path);
    }
    return st;
}

lem_status lem_licence_find(const char *path, lem_buf *text, lem_buf *from, lem_err *err) {
    char *dir = lem_file_is_dir(path) ? lem_strdup(path, err) : lem_path_dir(path, err);
    char *above = dir ? lem_path_join(dir, "..", err) : NULL;
    lem_status st = above ? look_in(dir, text, from, err) : LEM_EMEM;
    if (st == LEM_OK && text->len == 0) st = look_in(above, text, from, err);
    if (st == LEM_OK) st = lem_buf_ok(from, err);
    lem_free(dir);
    lem_free(above);
    return st;
}
