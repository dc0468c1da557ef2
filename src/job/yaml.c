/* yaml.c - a bounded YAML subset (maps, lists, scalars) read into JSON values through libyaml */
#include "job/command.h"

#include "core/file.h"
#include "core/mem.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { YAML_DEPTH = 32, YAML_MAX_BYTES = 4 << 20 };

/* Plain scalars: null, true/false, integers and decimals become typed values; everything else and all quoted
 * scalars are strings. */
static lem_json *scalar_value(const char *s, size_t n, bool plain) {
    if (plain) {
        if (n == 0 || strcmp(s, "~") == 0 || strcmp(s, "null") == 0) return lem_json_new_null();
        if (strcmp(s, "true") == 0) return lem_json_new_bool(true);
        if (strcmp(s, "false") == 0) return lem_json_new_bool(false);
        if (strspn(s, "0123456789+-.eE_") == n && strpbrk(s, "0123456789")) {
            char *end;
            errno = 0;
            long long i = strtoll(s, &end, 10);
            if (!*end && !errno) return lem_json_new_int(i);
            errno = 0;
            double d = strtod(s, &end);
            if (!*end && !errno && isfinite(d)) return lem_json_new_num(d);
        }
    }
    return lem_json_new_strn(s, n);
}

typedef struct frame {
    lem_json *value; /* borrowed: owned by its parent or by root */
    char *key;       /* pending key of a map */
} frame;

typedef struct loader {
    const char *path;
    lem_json *root;
    frame stack[YAML_DEPTH];
    int depth;
} loader;

static lem_status attach(loader *l, lem_json *v, size_t line, lem_err *err) {
    if (!v) return lem_fail(err, LEM_EMEM, "out of memory");
    if (l->depth == 0) {
        l->root = v;
        return LEM_OK;
    }
    frame *f = &l->stack[l->depth - 1];
    if (lem_json_kind(f->value) == LEM_JSON_ARRAY)
        return lem_json_append(f->value, v) ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
    if (lem_json_get(f->value, f->key)) {
        lem_json_free(v);
        return lem_fail(err, LEM_EUSAGE, "%s:%zu: key '%s' stands twice", l->path, line, f->key);
    }
    bool ok = lem_json_set(f->value, f->key, v);
    lem_free(f->key);
    f->key = NULL;
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static lem_status no_anchors(const loader *l, size_t line, lem_err *err) {
    return lem_fail(err, LEM_EUSAGE, "%s:%zu: YAML anchors and tags are not supported", l->path, line);
}

static lem_status on_scalar(loader *l, const yaml_event_t *e, lem_err *err) {
    const char *s = (const char *)e->data.scalar.value;
    size_t line = e->start_mark.line + 1;
    frame *f = l->depth ? &l->stack[l->depth - 1] : NULL;
    if (e->data.scalar.anchor || e->data.scalar.tag) return no_anchors(l, line, err);
    if (f && lem_json_kind(f->value) == LEM_JSON_OBJECT && !f->key) {
        f->key = lem_strndup(s, e->data.scalar.length, err);
        return f->key ? LEM_OK : LEM_EMEM;
    }
    return attach(l, scalar_value(s, e->data.scalar.length, e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE),
                  line, err);
}

static lem_status on_open(loader *l, lem_json *v, size_t line, lem_err *err) {
    if (l->depth == YAML_DEPTH) {
        lem_json_free(v);
        return lem_fail(err, LEM_EUSAGE, "%s:%zu: nested deeper than %d", l->path, line, YAML_DEPTH);
    }
    frame *f = l->depth ? &l->stack[l->depth - 1] : NULL;
    if (f && lem_json_kind(f->value) == LEM_JSON_OBJECT && !f->key) {
        lem_json_free(v);
        return lem_fail(err, LEM_EUSAGE, "%s:%zu: a key must be a plain word", l->path, line);
    }
    lem_status st = attach(l, v, line, err);
    if (st == LEM_OK) l->stack[l->depth++] = (frame){v, NULL};
    return st;
}

static lem_status on_event(loader *l, const yaml_event_t *e, lem_err *err) {
    size_t line = e->start_mark.line + 1;
    switch (e->type) {
    case YAML_SCALAR_EVENT: return on_scalar(l, e, err);
    case YAML_MAPPING_START_EVENT:
        if (e->data.mapping_start.anchor || e->data.mapping_start.tag) return no_anchors(l, line, err);
        return on_open(l, lem_json_new_object(), line, err);
    case YAML_SEQUENCE_START_EVENT:
        if (e->data.sequence_start.anchor || e->data.sequence_start.tag) return no_anchors(l, line, err);
        return on_open(l, lem_json_new_array(), line, err);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT: l->depth--; return LEM_OK;
    case YAML_ALIAS_EVENT:
        return lem_fail(err, LEM_EUSAGE, "%s:%zu: YAML aliases are not supported", l->path, line);
    case YAML_DOCUMENT_START_EVENT:
        return l->root ? lem_fail(err, LEM_EUSAGE, "%s:%zu: more than one YAML document", l->path, line)
                       : LEM_OK;
    default: return LEM_OK;
    }
}

lem_status lem_yaml_parse(const char *text, size_t len, const char *source, lem_json **out, lem_err *err) {
    loader l = {source, NULL, {{NULL, NULL}}, 0};
    lem_status st = LEM_OK;
    yaml_parser_t p;
    if (!yaml_parser_initialize(&p)) return lem_fail(err, LEM_EMEM, "out of memory");
    yaml_parser_set_input_string(&p, (const unsigned char *)text, len);
    for (bool done = false; !done && st == LEM_OK;) {
        yaml_event_t e;
        if (!yaml_parser_parse(&p, &e)) {
            if (p.error == YAML_MEMORY_ERROR)
                st = lem_fail(err, LEM_EMEM, "%s: out of memory for YAML", source);
            else
                st = lem_fail(err, LEM_EUSAGE, "%s:%zu: %s", source, p.problem_mark.line + 1,
                              p.problem ? p.problem : "not YAML");
            break;
        }
        st = on_event(&l, &e, err);
        done = e.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&e);
    }
    yaml_parser_delete(&p);
    for (int i = 0; i < l.depth; i++) lem_free(l.stack[i].key);
    if (st == LEM_OK && !l.root) l.root = lem_json_new_object();
    if (st == LEM_OK) *out = l.root;
    else lem_json_free(l.root);
    return st;
}

lem_status lem_yaml_load(const char *path, lem_json **out, lem_err *err) {
    lem_buf text = {0};
    lem_status st = lem_file_read(path, YAML_MAX_BYTES, &text, err);
    if (st == LEM_OK) st = lem_yaml_parse(lem_buf_str(&text), text.len, path, out, err);
    lem_buf_release(&text);
    return st;
}

/* Element of a list by its index or by its "name". */
static lem_json *element_named(const lem_json *list, const char *key) {
    char number[24];
    for (size_t i = 0; i < lem_json_count(list); i++) {
        lem_json *item = lem_json_at(list, i);
        snprintf(number, sizeof number, "%zu", i);
        if (strcmp(number, key) == 0 || strcmp(lem_json_str(lem_json_get(item, "name"), ""), key) == 0)
            return item;
    }
    return NULL;
}

static lem_json *step_into(lem_json *at, const char *key) {
    return lem_json_kind(at) == LEM_JSON_ARRAY ? element_named(at, key) : lem_json_get(at, key);
}

static bool same_key(const char *a, const char *b) {
    for (; *a && *b; a++, b++)
        if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_'))) return false;
    return *a == *b;
}

/* The key as the map spells it: max_len also stands for max-len. */
static const char *spelling_of(const lem_json *map, const char *key) {
    for (size_t i = 0; i < lem_json_count(map); i++)
        if (same_key(lem_json_key_at(map, i), key)) return lem_json_key_at(map, i);
    return key;
}

lem_status lem_yaml_override(lem_json *tree, const char *assignment, lem_err *err) {
    const char *eq = strchr(assignment, '=');
    char key[128];
    if (!eq || eq == assignment)
        return lem_fail(err, LEM_EUSAGE, "override '%s' must look like key=value or a.b=value", assignment);
    lem_json *at = tree;
    for (const char *p = assignment;;) {
        size_t n = strcspn(p, ".=");
        if (n == 0 || n >= sizeof key)
            return lem_fail(err, LEM_EUSAGE, "override '%s': empty or too long key", assignment);
        memcpy(key, p, n);
        key[n] = '\0';
        if (p[n] == '=') break;
        at = step_into(at, key);
        if (!at) return lem_fail(err, LEM_EUSAGE, "override '%s': there is no '%s'", assignment, key);
        p += n + 1;
    }
    if (lem_json_kind(at) != LEM_JSON_OBJECT)
        return lem_fail(err, LEM_EUSAGE, "override '%s': '%s' is not inside a map", assignment, key);
    lem_json *v = scalar_value(eq + 1, strlen(eq + 1), true);
    return v && lem_json_set(at, spelling_of(at, key), v) ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}
