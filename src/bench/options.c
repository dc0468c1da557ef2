/* options.c - the options of a row of choices: lists, objects, columns, or one text; with or without letters
 */
#include "bench/row_priv.h"

#include "core/hash.h"
#include "core/rng.h"

#include <string.h>

void lem_bench_options_release(lem_bench_options *o) {
    for (int i = 0; i < o->n; i++) lem_free(o->at[i]);
    *o = (lem_bench_options){.right = -1};
}

/* The text behind "C)", "(C)", "C." or "C:", where it begins with the letter of its own place. */
static const char *behind_letter(const char *s, size_t *n, int place) {
    const char letter = (char)('A' + place);
    size_t open = *n && *s == '(', at = open + 1;
    if (*n < at + 1 || s[open] != letter) return s;
    bool mark = s[at] == ')' || (!open && (s[at] == '.' || s[at] == ':'));
    if (!mark) return s;
    *n -= at + 1;
    return lem_bench_trim(s + at + 1, n);
}

static lem_status add(lem_bench_options *o, const char *s, size_t n, lem_err *err) {
    if (o->n == LEM_BENCH_MAX_OPTIONS)
        return lem_fail(err, LEM_EDATA, "more than %d options", LEM_BENCH_MAX_OPTIONS);
    s = lem_bench_trim(s, &n);
    s = behind_letter(s, &n, o->n);
    o->at[o->n] = lem_strndup(s, n, err);
    return o->at[o->n] ? (o->n++, LEM_OK) : LEM_EMEM;
}

static lem_status add_value(lem_bench_options *o, const lem_json *v, const char *where, lem_err *err) {
    lem_json_type k = lem_json_kind(v);
    if (k == LEM_JSON_STRING) return add(o, lem_json_str(v, ""), lem_json_str_len(v), err);
    if (k != LEM_JSON_INT && k != LEM_JSON_REAL && k != LEM_JSON_BOOL)
        return lem_fail(err, LEM_EDATA, "field '%s': option %d: text expected, found %s", where, o->n + 1,
                        lem_json_kind_name(v));
    lem_buf b = {0};
    lem_json_write(v, 0, &b);
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) st = add(o, lem_buf_str(&b), b.len, err);
    lem_buf_release(&b);
    return st;
}

/* Where " B) ", " C) ", … of the next option begins in one text of them all; its end where there is none. */
static size_t next_option(const char *s, size_t n, int place) {
    for (size_t i = 1; i + 2 < n; i++)
        if (s[i] == 'A' + place && s[i + 1] == ')' && strchr(" \n\t", s[i - 1])) return i;
    return n;
}

/* "A) one B) two C) three" (SAT). */
static lem_status add_text(lem_bench_options *o, const lem_json *v, lem_err *err) {
    size_t n = lem_json_str_len(v);
    const char *s = lem_bench_trim(lem_json_str(v, ""), &n);
    if (n < 2 || s[0] != 'A' || s[1] != ')')
        return lem_fail(err, LEM_EDATA, "options in one text: 'A) …  B) …' expected, found '%.30s'", s);
    for (int place = 0; n && place < LEM_BENCH_MAX_OPTIONS; place++) {
        size_t len = next_option(s, n, place + 1);
        lem_status st = add(o, s, len, err);
        if (st) return st;
        s += len;
        n -= len;
    }
    return LEM_OK;
}

static lem_status add_members(lem_bench_options *o, const lem_json *v, const char *where, lem_err *err) {
    bool object = lem_json_kind(v) == LEM_JSON_OBJECT;
    const lem_json *texts = object ? lem_json_get(v, "text") : NULL; /* {"text": [...], "label": [...]} */
    if (texts) v = texts;
    for (size_t i = 0; i < lem_json_count(v); i++) {
        char letter[2] = {(char)('A' + (int)(i < 26 ? i : 25)), 0};
        const lem_json *e = object && !texts ? lem_json_get(v, letter) : lem_json_at(v, i);
        lem_status st = add_value(o, e, where, err);
        if (st) return st;
    }
    return LEM_OK;
}

/* "A+B+C+D": a column each. False where one is not there. */
static bool has_columns(const lem_json *row, const char *path, size_t len) {
    char name[LEM_BENCH_NAME];
    size_t at = 0;
    while (lem_bench_next_name(path, len, &at, name))
        if (!lem_json_find(row, name)) return false;
    return at >= len;
}

static lem_status add_columns(lem_bench_options *o, const lem_json *row, const char *path, size_t len,
                              lem_err *err) {
    char name[LEM_BENCH_NAME];
    for (size_t at = 0; lem_bench_next_name(path, len, &at, name);) {
        const lem_json *v = lem_json_find(row, name);
        bool alone = strlen(name) == len;
        lem_status st;
        if (alone && lem_json_kind(v) == LEM_JSON_STRING) st = add_text(o, v, err);
        else if (alone && lem_json_count(v)) st = add_members(o, v, name, err);
        else st = add_value(o, v, name, err);
        if (st) return st;
    }
    return LEM_OK;
}

/* An order drawn by the content alone: the same in every file and on every machine. */
static void shuffle(lem_bench_options *o) {
    uint64_t h = 0;
    for (int i = 0; i < o->n; i++) h = lem_hash64(o->at[i], strlen(o->at[i]), h);
    o->right = 0;
    for (int i = o->n - 1; i > 0; i--) {
        h = lem_hash64(&i, sizeof i, h);
        int k = (int)(h % (uint64_t)(i + 1));
        char *swap = o->at[i];
        o->at[i] = o->at[k];
        o->at[k] = swap;
        if (o->right == i) o->right = k;
        else if (o->right == k) o->right = i;
    }
}

lem_status lem_bench_options_read(const lem_bench_spec *s, const lem_json *row, lem_bench_options *out,
                                  lem_err *err) {
    const char *path = s->choices;
    *out = (lem_bench_options){.right = -1};
    for (; *path; path += strcspn(path, "|"), path += *path == '|') {
        size_t len = strcspn(path, "|");
        if (!has_columns(row, path, len)) continue;
        lem_status st = add_columns(out, row, path, len, err);
        if (st) return st;
        if (out->n < 2)
            return lem_fail(err, LEM_EDATA, "field '%.*s': at least two options expected, found %d", (int)len,
                            path, out->n);
        if (s->rule[0] == LEM_BENCH_GOLD_RIGHT_OPTION) shuffle(out);
        return LEM_OK;
    }
    return lem_fail(err, LEM_EDATA, "no options in '%s'", s->choices);
}

void lem_bench_options_write(const lem_bench_options *o, lem_bench_form form, lem_buf *out) {
    for (int i = 0; i < o->n; i++) {
        const char letter = (char)('A' + i);
        if (form == LEM_BENCH_LINES) lem_buf_printf(out, "%s%c. %s", i ? "\n" : "", letter, o->at[i]);
        else lem_buf_printf(out, "%s(%c) %s", i ? " " : "", letter, o->at[i]);
    }
}
