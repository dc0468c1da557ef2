/* json - values over jansson, behind our own checks of size, depth and UTF-8; the only user of jansson's
 * parser */
#include "core/json.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/utf8.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 64 };
#define MAX_TEXT ((size_t)1 << 30)

static json_t *raw(const lem_json *v) { return (json_t *)(uintptr_t)v; }

static lem_json *wrap(json_t *v) { return (lem_json *)v; }

/* jansson passes over some failed allocations; what it then returns lacks a field or the end of a text. */
__attribute__((constructor)) static void take_memory_from_us(void) {
    json_set_alloc_funcs(lem_mem_library, lem_free);
}

/* ---- Parsing ---- */

static lem_status fail_at(const char *text, size_t at, const char *what, lem_err *err) {
    size_t line = 1, column = 1;
    for (size_t i = 0; i < at; i++) {
        if (text[i] == '\n') line++, column = 1;
        else if (((unsigned char)text[i] & 0xC0u) != 0x80u) column++;
    }
    return lem_fail(err, LEM_EDATA, "JSON line %zu column %zu: %s", line, column, what);
}

static lem_status check_utf8(const char *text, size_t len, lem_err *err) {
    if (lem_utf8_valid(text, len)) return LEM_OK;
    size_t i = 0;
    uint32_t cp;
    int n;
    while (i < len && (n = lem_utf8_decode(text + i, len - i, &cp)) > 0) i += (size_t)n;
    return fail_at(text, i, "not valid UTF-8", err);
}

/* The index behind the string whose opening quote is at `at` (or len, if it is not closed). */
static size_t skip_string(const char *text, size_t len, size_t at) {
    for (size_t i = at + 1; i < len; i++) {
        if (text[i] == '\\') i++;
        else if (text[i] == '"') return i + 1;
    }
    return len;
}

static bool in_number(char c) {
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

static bool in_token(char c) { return in_number(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* The index behind the string, number or word at `at`; at itself where there is none. */
static size_t skip_token(const char *text, size_t len, size_t at) {
    if (text[at] == '"') return skip_string(text, len, at);
    while (at < len && in_token(text[at])) at++;
    return at;
}

/* jansson recurses per level, so the depth is bounded before it sees the text; *longest of its tokens. */
static lem_status check_text(const char *text, size_t len, size_t *longest, lem_err *err) {
    int depth = 0;
    for (size_t i = 0; i < len;) {
        char c = text[i];
        size_t end = skip_token(text, len, i);
        if (end - i > *longest) *longest = end - i;
        if (c == '[' || c == '{') {
            if (++depth > MAX_DEPTH) return fail_at(text, i, "nested deeper than 64 levels", err);
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        } else if (c == '\0') { /* jansson loses one behind a number or a word */
            return fail_at(text, i, "a NUL byte", err);
        }
        i = end > i ? end : i + 1;
    }
    return LEM_OK;
}

static bool is_huge_integer(const char *s, size_t n) {
    char digits[32];
    if (n < 19) return false;
    for (size_t i = s[0] == '-'; i < n; i++) {
        if (s[i] < '0' || s[i] > '9') return false;
    }
    if (n >= sizeof digits) return true;
    memcpy(digits, s, n);
    digits[n] = '\0';
    errno = 0;
    strtoll(digits, NULL, 10);
    return errno == ERANGE;
}

/* Copies the text with "e0" behind each integer outside int64, which makes it a real. */
static void mark_huge_integers(const char *text, size_t len, lem_buf *out) {
    size_t i = 0;
    while (i < len) {
        size_t from = i;
        if (text[i] == '"') {
            i = skip_string(text, len, i);
            lem_buf_add(out, text + from, i - from);
        } else if (in_number(text[i])) {
            while (i < len && in_number(text[i])) i++;
            lem_buf_add(out, text + from, i - from);
            if (is_huge_integer(text + from, i - from)) lem_buf_puts(out, "e0");
        } else {
            while (i < len && text[i] != '"' && !in_number(text[i])) i++;
            lem_buf_add(out, text + from, i - from);
        }
    }
}

/* *out is NULL with LEM_OK where the text is at fault: e says how. */
static lem_status load(const char *text, size_t len, size_t longest, json_t **out, json_error_t *e,
                       lem_err *err) {
    const size_t flags = JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL;
    char what[64];
    snprintf(what, sizeof what, "JSON of %zu bytes", len);
    if (lem_mem_library_begin(2 * longest + 64, err)) return lem_err_context(err, "%s", what);
    *out = json_loadb(text, len, flags, e);
    if (lem_mem_library_end()) return LEM_OK;
    json_decref(*out);
    return lem_mem_report(what, err);
}

static lem_status explain(const json_error_t *e, lem_err *err) {
    return lem_fail(err, LEM_EDATA, "JSON line %d column %d: %s", e->line, e->column, e->text);
}

lem_status lem_json_parse(const char *text, size_t len, lem_json **out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_buf marked = {0};
    json_error_t e = {0};
    json_t *v = NULL;
    size_t longest = 0;
    if (len > MAX_TEXT) return lem_fail(err, LEM_EDATA, "JSON text of %zu bytes is larger than 1 GiB", len);
    if (len == 0) return lem_fail(err, LEM_EDATA, "JSON line 1 column 1: the text is empty");
    LEM_TRY(check_utf8(text, len, err));
    LEM_TRY(check_text(text, len, &longest, err));
    LEM_TRY(load(text, len, longest, &v, &e, err));
    if (!v && json_error_code(&e) == json_error_numeric_overflow) {
        mark_huge_integers(text, len, &marked);
        LEM_TRY(lem_buf_ok(&marked, err));
        LEM_TRY(load(marked.data, marked.len, longest + 2, &v, &e, err));
    }
    if (!v) {
        st = explain(&e, err);
        goto done;
    }
    *out = wrap(v);
done:
    lem_buf_release(&marked);
    return st;
}

lem_status lem_json_load(const char *path, size_t max_bytes, lem_json **out, lem_err *err) {
    lem_buf text = {0};
    lem_status st = lem_file_read(path, max_bytes, &text, err);
    if (st == LEM_OK) {
        const char *at = lem_buf_str(&text);
        size_t skip = text.len >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
        st = lem_json_parse(at + skip, text.len - skip, out, err);
        if (st != LEM_OK) lem_err_context(err, "%s", path);
    }
    lem_buf_release(&text);
    return st;
}

lem_status lem_json_load_beside(const char *dir, const char *name, size_t max_bytes, lem_json **out,
                                lem_err *err) {
    char *path = lem_path_join(dir, name, err);
    lem_json *found = NULL;
    if (!path) return LEM_EMEM;
    lem_status st = lem_file_exists(path) ? lem_json_load(path, max_bytes, &found, err) : LEM_OK;
    if (st == LEM_OK) *out = found;
    lem_free(path);
    return st;
}

void lem_json_free(lem_json *v) { json_decref(raw(v)); }

lem_json *lem_json_share(lem_json *v) { return wrap(json_incref(raw(v))); }

lem_json *lem_json_copy(const lem_json *v) {
    if (lem_mem_library_begin(0, NULL)) return NULL;
    json_t *copy = json_deep_copy(raw(v));
    if (lem_mem_library_end()) return wrap(copy);
    json_decref(copy);
    return NULL;
}

/* ---- Looking ---- */

lem_json_type lem_json_kind(const lem_json *v) {
    if (!v) return LEM_JSON_NULL;
    switch (json_typeof(raw(v))) {
    case JSON_OBJECT: return LEM_JSON_OBJECT;
    case JSON_ARRAY: return LEM_JSON_ARRAY;
    case JSON_STRING: return LEM_JSON_STRING;
    case JSON_INTEGER: return LEM_JSON_INT;
    case JSON_REAL: return LEM_JSON_REAL;
    case JSON_TRUE:
    case JSON_FALSE: return LEM_JSON_BOOL;
    case JSON_NULL: break;
    }
    return LEM_JSON_NULL;
}

const char *lem_json_kind_name(const lem_json *v) {
    static const char *const names[] = {"null",   "boolean", "integer", "real number",
                                        "string", "array",   "object"};
    return names[lem_json_kind(v)];
}

bool lem_json_equal(const lem_json *a, const lem_json *b) { return a == b || json_equal(raw(a), raw(b)); }

lem_json *lem_json_get(const lem_json *obj, const char *key) { return wrap(json_object_get(raw(obj), key)); }

static lem_json *step_into(const lem_json *v, const char *key, size_t n) {
    if (json_is_object(raw(v))) return wrap(json_object_getn(raw(v), key, n));
    if (!json_is_array(raw(v)) || n == 0 || n > 18) return NULL;
    size_t index = 0;
    for (size_t i = 0; i < n; i++) {
        if (key[i] < '0' || key[i] > '9') return NULL;
        index = index * 10 + (size_t)(key[i] - '0');
    }
    return lem_json_at(v, index);
}

lem_json *lem_json_find(const lem_json *v, const char *dotted_path) {
    const char *at = dotted_path;
    for (;;) {
        size_t n = strcspn(at, ".");
        lem_json *inner = step_into(v, at, n);
        if (!inner || at[n] == '\0') return inner;
        v = inner;
        at += n + 1;
    }
}

size_t lem_json_count(const lem_json *v) {
    if (json_is_array(raw(v))) return json_array_size(raw(v));
    return json_object_size(raw(v));
}

static void *iter_at(const lem_json *obj, size_t i) {
    void *it = json_object_iter(raw(obj));
    for (; it && i > 0; i--) it = json_object_iter_next(raw(obj), it);
    return it;
}

const char *lem_json_key_at(const lem_json *obj, size_t i) { return json_object_iter_key(iter_at(obj, i)); }

lem_json *lem_json_value_at(const lem_json *obj, size_t i) {
    return wrap(json_object_iter_value(iter_at(obj, i)));
}

const char *lem_json_key_next(const lem_json *obj, const char *key) {
    if (!key) return json_object_iter_key(json_object_iter(raw(obj)));
    return json_object_iter_key(json_object_iter_next(raw(obj), json_object_key_to_iter(key)));
}

lem_json *lem_json_key_value(const char *key) {
    return wrap(json_object_iter_value(json_object_key_to_iter(key)));
}

lem_json *lem_json_at(const lem_json *arr, size_t i) { return wrap(json_array_get(raw(arr), i)); }

bool lem_json_holds(const lem_json *arr, const char *text) {
    for (size_t i = 0; i < json_array_size(raw(arr)); i++) {
        const lem_json *e = lem_json_at(arr, i);
        if (json_is_string(raw(e)) && strcmp(lem_json_str(e, ""), text) == 0) return true;
    }
    return false;
}

const char *lem_json_str(const lem_json *v, const char *otherwise) {
    return json_is_string(raw(v)) ? json_string_value(raw(v)) : otherwise;
}

size_t lem_json_str_len(const lem_json *v) { return json_string_length(raw(v)); }

double lem_json_num(const lem_json *v, double otherwise) {
    return json_is_number(raw(v)) ? json_number_value(raw(v)) : otherwise;
}

int64_t lem_json_int(const lem_json *v, int64_t otherwise) {
    if (json_is_integer(raw(v))) return json_integer_value(raw(v));
    if (!json_is_real(raw(v))) return otherwise;
    double d = json_real_value(raw(v));
    if (!(d >= -0x1p63 && d < 0x1p63) || d != trunc(d)) return otherwise;
    return (int64_t)d;
}

bool lem_json_bool(const lem_json *v, bool otherwise) {
    return json_is_boolean(raw(v)) ? json_is_true(raw(v)) : otherwise;
}

/* ---- Building ---- */

lem_json *lem_json_new_object(void) { return wrap(json_object()); }

lem_json *lem_json_new_array(void) { return wrap(json_array()); }

lem_json *lem_json_new_null(void) { return wrap(json_null()); }

lem_json *lem_json_new_bool(bool b) { return wrap(json_boolean(b)); }

lem_json *lem_json_new_int(int64_t i) { return wrap(json_integer(i)); }

lem_json *lem_json_new_num(double d) { return wrap(isfinite(d) ? json_real(d) : json_null()); }

lem_json *lem_json_new_str(const char *s) { return lem_json_new_strn(s, strlen(s)); }

lem_json *lem_json_new_strn(const char *s, size_t n) {
    if (lem_utf8_valid(s, n)) return wrap(json_stringn_nocheck(s, n));
    lem_buf mended = {0};
    lem_utf8_mend(s, n, &mended);
    json_t *v = mended.failed ? NULL : json_stringn_nocheck(lem_buf_str(&mended), mended.len);
    lem_buf_release(&mended);
    return wrap(v);
}

bool lem_json_set(lem_json *obj, const char *key, lem_json *value) {
    return json_object_set_new(raw(obj), key, raw(value)) == 0;
}

bool lem_json_remove(lem_json *obj, const char *key) { return json_object_del(raw(obj), key) == 0; }

bool lem_json_append(lem_json *arr, lem_json *value) {
    return json_array_append_new(raw(arr), raw(value)) == 0;
}
