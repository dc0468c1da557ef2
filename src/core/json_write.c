/* json_write - writes JSON: minimal escapes, UTF-8 as it is, reals in the shortest form that reads back
 * exactly */
#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Parsed values are at most 64 deep and ours a few levels more; deeper ones mark the buffer as failed. */
enum { MAX_DEPTH = 256 };

static void write_string(const char *s, size_t n, lem_buf *out) {
    size_t from = 0;
    lem_buf_putc(out, '"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        lem_buf_add(out, s + from, i - from);
        from = i + 1;
        switch (c) {
        case '"': lem_buf_puts(out, "\\\""); break;
        case '\\': lem_buf_puts(out, "\\\\"); break;
        case '\n': lem_buf_puts(out, "\\n"); break;
        case '\t': lem_buf_puts(out, "\\t"); break;
        case '\r': lem_buf_puts(out, "\\r"); break;
        case '\b': lem_buf_puts(out, "\\b"); break;
        case '\f': lem_buf_puts(out, "\\f"); break;
        default: lem_buf_printf(out, "\\u%04x", c); break;
        }
    }
    lem_buf_add(out, s + from, n - from);
    lem_buf_putc(out, '"');
}

static void write_real(double d, lem_buf *out) {
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, d);
        if (strtod(text, NULL) == d) break;
    }
    char *comma = strchr(text, ','); /* a program around us may have set a locale */
    if (comma) *comma = '.';
    lem_buf_puts(out, text);
    if (!strpbrk(text, ".e")) lem_buf_puts(out, ".0");
}

static void write_scalar(const lem_json *v, lem_buf *out) {
    switch (lem_json_kind(v)) {
    case LEM_JSON_BOOL: lem_buf_puts(out, lem_json_bool(v, false) ? "true" : "false"); break;
    case LEM_JSON_INT: lem_buf_printf(out, "%" PRId64, lem_json_int(v, 0)); break;
    case LEM_JSON_REAL: write_real(lem_json_num(v, 0), out); break;
    case LEM_JSON_STRING: write_string(lem_json_str(v, ""), lem_json_str_len(v), out); break;
    default: lem_buf_puts(out, "null"); break;
    }
}

static void new_line(int indent, int depth, lem_buf *out) {
    if (!indent) return;
    lem_buf_putc(out, '\n');
    for (int i = 0; i < indent * depth; i++) lem_buf_putc(out, ' ');
}

typedef struct frame {
    const lem_json *v;
    size_t next, count;
    const char *key;
    bool object;
} frame;

/* Writes what stands before the next member of f and returns the member. */
static const lem_json *next_member(frame *f, int indent, int depth, lem_buf *out) {
    if (f->next) lem_buf_putc(out, ',');
    new_line(indent, depth, out);
    size_t i = f->next++;
    if (!f->object) return lem_json_at(f->v, i);
    f->key = lem_json_key_next(f->v, f->key);
    write_string(f->key, strlen(f->key), out);
    lem_buf_puts(out, indent ? ": " : ":");
    return lem_json_key_value(f->key);
}

void lem_json_write(const lem_json *v, int indent, lem_buf *out) {
    frame stack[MAX_DEPTH];
    int depth = 0;
    for (;;) {
        bool object = lem_json_kind(v) == LEM_JSON_OBJECT;
        if (object || lem_json_kind(v) == LEM_JSON_ARRAY) {
            if (depth == MAX_DEPTH) {
                out->failed = true;
                return;
            }
            lem_buf_putc(out, object ? '{' : '[');
            stack[depth++] = (frame){.v = v, .count = lem_json_count(v), .object = object};
        } else {
            write_scalar(v, out);
        }
        while (depth && stack[depth - 1].next == stack[depth - 1].count) {
            depth--;
            if (stack[depth].count) new_line(indent, depth, out);
            lem_buf_putc(out, stack[depth].object ? '}' : ']');
        }
        if (!depth) return;
        v = next_member(&stack[depth - 1], indent, depth, out);
    }
}

lem_status lem_json_save(const char *path, const lem_json *v, int indent, lem_err *err) {
    lem_buf text = {0};
    if (!v) return lem_fail(err, LEM_EMEM, "%s: out of memory", path);
    lem_json_write(v, indent, &text);
    lem_buf_putc(&text, '\n');
    lem_status st = lem_buf_ok(&text, err);
    if (st == LEM_OK) st = lem_file_write_atomic(path, text.data, text.len, err);
    lem_buf_release(&text);
    return st;
}

lem_status lem_json_save_in(const char *dir, const char *name, const lem_json *v, int indent, lem_err *err) {
    char *path = lem_path_join(dir, name, err);
    lem_status st = path ? lem_json_save(path, v, indent, err) : LEM_EMEM;
    lem_free(path);
    return st;
}
