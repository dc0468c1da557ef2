/* core/json.h - JSON values: parse, build, look up, write
 *
 * Parsing is by jansson, after our own checks of size, depth (64) and UTF-8; duplicate keys are rejected.
 * Objects keep insertion order. A lem_json is reference counted: lem_json_new_* and parse return one
 * reference that the caller owns (lem_json_free). Values handed out by get/at are borrowed from their parent.
 * set/append take ownership of the value, also on failure. */
#ifndef LEM_CORE_JSON_H
#define LEM_CORE_JSON_H

#include "core/buf.h"
#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct lem_json lem_json;
typedef enum lem_json_type {
    LEM_JSON_NULL,
    LEM_JSON_BOOL,
    LEM_JSON_INT,
    LEM_JSON_REAL,
    LEM_JSON_STRING,
    LEM_JSON_ARRAY,
    LEM_JSON_OBJECT
} lem_json_type;

/* text need not be NUL-terminated. The error names line, column and what was found. */
lem_status lem_json_parse(const char *text, size_t len, lem_json **out, lem_err *err) LEM_MUST_CHECK;
lem_status lem_json_load(const char *path, size_t max_bytes, lem_json **out,
                         lem_err *err) LEM_MUST_CHECK; /* one document; .gz/.zst by name */
/* The same of the file `name` in a folder; *out is NULL when there is no such file. */
lem_status lem_json_load_beside(const char *dir, const char *name, size_t max_bytes, lem_json **out,
                                lem_err *err) LEM_MUST_CHECK;
/* One document and a line end, written whole or not at all; indent as in lem_json_write. v NULL means that it
 * could not be made: LEM_EMEM. */
lem_status lem_json_save(const char *path, const lem_json *v, int indent, lem_err *err) LEM_MUST_CHECK;
/* The same as the file `name` of a folder. */
lem_status lem_json_save_in(const char *dir, const char *name, const lem_json *v, int indent,
                            lem_err *err) LEM_MUST_CHECK;
void lem_json_free(lem_json *v);            /* NULL allowed */
lem_json *lem_json_share(lem_json *v);      /* another reference */
lem_json *lem_json_copy(const lem_json *v); /* deep copy, NULL on OOM */

lem_json_type lem_json_kind(const lem_json *v);    /* NULL pointer counts as LEM_JSON_NULL */
const char *lem_json_kind_name(const lem_json *v); /* "string", "integer", … for messages */
bool lem_json_equal(const lem_json *a, const lem_json *b);

/* Objects. get returns NULL if absent or not an object. find follows a dotted path: keys and array indices.
 */
lem_json *lem_json_get(const lem_json *obj, const char *key);
lem_json *lem_json_find(const lem_json *v, const char *dotted_path);
size_t lem_json_count(const lem_json *v);                   /* members or elements; 0 for scalars */
const char *lem_json_key_at(const lem_json *obj, size_t i); /* i-th member in insertion order; O(i) allowed */
lem_json *lem_json_value_at(const lem_json *obj, size_t i);
/* Walks a large object in O(1) per member: for (key = lem_json_key_next(o, NULL); key; key =
 * lem_json_key_next(o, key)). The key given must be one that key_next or key_at handed out; key_value is its
 * value. */
const char *lem_json_key_next(const lem_json *obj, const char *key);
lem_json *lem_json_key_value(const char *key);
lem_json *lem_json_at(const lem_json *arr, size_t i); /* NULL if out of range */
/* One element of the array is this text. */
bool lem_json_holds(const lem_json *arr, const char *text);

/* Scalars with a default when absent or of another kind. */
const char *lem_json_str(const lem_json *v, const char *otherwise);
size_t lem_json_str_len(const lem_json *v);
double lem_json_num(const lem_json *v, double otherwise);   /* int or real */
int64_t lem_json_int(const lem_json *v, int64_t otherwise); /* int, or a real with an exact integer value */
bool lem_json_bool(const lem_json *v, bool otherwise);

/* Builders. NULL on OOM; set/append return false then (value is freed). */
lem_json *lem_json_new_object(void);
lem_json *lem_json_new_array(void);
lem_json *lem_json_new_null(void);
lem_json *lem_json_new_bool(bool b);
lem_json *lem_json_new_int(int64_t i);
lem_json *lem_json_new_num(double d);      /* non-finite becomes null */
lem_json *lem_json_new_str(const char *s); /* invalid UTF-8 is replaced by U+FFFD */
lem_json *lem_json_new_strn(const char *s, size_t n);
bool lem_json_set(lem_json *obj, const char *key, lem_json *value);
bool lem_json_remove(lem_json *obj, const char *key);
bool lem_json_append(lem_json *arr, lem_json *value);

/* Writes compact (indent 0) or indented JSON; reals in the shortest form that reads back exactly, always with
 * '.' or 'e'. */
void lem_json_write(const lem_json *v, int indent, lem_buf *out);

#endif
