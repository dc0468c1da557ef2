/* field.c - the fields of a row by the names that a benchmark gives them */
#include "bench/row_priv.h"

#include <string.h>

const char *lem_bench_trim(const char *s, size_t *n) {
    while (*n && strchr(" \t\r\n", *s)) s++, --*n;
    while (*n && strchr(" \t\r\n", s[*n - 1])) --*n;
    return s;
}

const lem_json *lem_bench_field(const lem_json *row, const char *path) {
    char name[256];
    while (path && *path) {
        size_t n = strcspn(path, "|");
        if (n < sizeof name) {
            memcpy(name, path, n);
            name[n] = '\0';
            const lem_json *v = lem_json_find(row, name);
            if (lem_json_kind(v) != LEM_JSON_NULL) return v;
        }
        path += n + (path[n] == '|');
    }
    return NULL;
}

void lem_bench_columns(const lem_json *row, lem_buf *out) {
    size_t n = lem_json_count(row);
    lem_buf_puts(out, "columns found:");
    for (size_t i = 0; i < n && i < 24; i++)
        lem_buf_printf(out, "%s %.60s", i ? "," : "", lem_json_key_at(row, i));
    if (n > 24) lem_buf_printf(out, " and %zu more", n - 24);
}

static lem_status no_text(const lem_json *row, const char *field, const lem_json *v, lem_err *err) {
    lem_buf b = {0};
    lem_bench_columns(row, &b);
    lem_status st = lem_fail(err, LEM_EDATA, "field '%.100s': text expected, found %s; %s", field,
                             v ? lem_json_kind_name(v) : "nothing", lem_buf_str(&b));
    lem_buf_release(&b);
    return st;
}

/* One text, or a list of them, a line each (tests of MBPP). */
static bool add_text(const lem_json *v, lem_buf *out) {
    bool list = lem_json_kind(v) == LEM_JSON_ARRAY;
    size_t n = list ? lem_json_count(v) : 1;
    for (size_t i = 0; i < n; i++) {
        const lem_json *e = list ? lem_json_at(v, i) : v;
        size_t len = lem_json_str_len(e);
        const char *s = lem_json_str(e, NULL);
        if (!s) return false;
        if (!list) s = lem_bench_trim(s, &len);
        if (i) lem_buf_putc(out, '\n');
        lem_buf_add(out, s, len);
    }
    return n > 0;
}

bool lem_bench_next_name(const char *path, size_t len, size_t *at, char name[LEM_BENCH_NAME]) {
    if (*at >= len) return false;
    size_t n = strcspn(path + *at, "+|");
    if (n == 0 || n >= LEM_BENCH_NAME) return false;
    memcpy(name, path + *at, n);
    name[n] = '\0';
    *at += n + 1;
    return true;
}

/* The parts "a+b" of one alternative. */
static bool add_parts(const lem_json *row, const char *path, size_t len, lem_buf *out) {
    char name[LEM_BENCH_NAME];
    size_t at = 0;
    for (bool first = true; lem_bench_next_name(path, len, &at, name); first = false) {
        if (!first && out->len) lem_buf_puts(out, out->data[out->len - 1] == '.' ? " " : ". ");
        if (!add_text(lem_json_find(row, name), out)) return false;
    }
    return at >= len;
}

lem_status lem_bench_text(const lem_json *row, const char *path, lem_buf *out, lem_err *err) {
    size_t before = out->len;
    for (const char *p = path; *p; p += strcspn(p, "|"), p += *p == '|') {
        if (add_parts(row, p, strcspn(p, "|"), out)) return lem_buf_ok(out, err);
        out->len = before;
    }
    return no_text(row, path, lem_bench_field(row, path), err);
}

bool lem_bench_takes(const lem_bench_spec *s, const lem_json *row) {
    if (!s->only_field) return true;
    int64_t i = lem_json_int(lem_bench_field(row, s->only_field), -1);
    return i >= s->only_from && i <= s->only_to;
}
