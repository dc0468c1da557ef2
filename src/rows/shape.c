/* shape - the Parquet columns that rows of JSON come to, and rows taken apart into them */
#include "rows/shape_priv.h"

#include "core/mem.h"

#include <string.h>

enum { MAX_DEPTH = 30 };

void lem_wnode_release(lem_wnode *n) {
    for (size_t i = 0; i < n->n_children; i++) lem_wnode_release(&n->child[i]);
    lem_free(n->child);
    lem_free(n->name);
    lem_buf_release(&n->rep);
    lem_buf_release(&n->def);
    lem_buf_release(&n->values);
    *n = (lem_wnode){0};
}

static lem_wkind kind_of(const lem_json *v) {
    static const lem_wkind kinds[] = {
        [LEM_JSON_NULL] = LEM_W_NONE,    [LEM_JSON_BOOL] = LEM_W_BOOL,   [LEM_JSON_INT] = LEM_W_INT,
        [LEM_JSON_REAL] = LEM_W_REAL,    [LEM_JSON_STRING] = LEM_W_TEXT, [LEM_JSON_ARRAY] = LEM_W_LIST,
        [LEM_JSON_OBJECT] = LEM_W_STRUCT};
    return kinds[lem_json_kind(v)];
}

static lem_status misfit(const lem_wnode *n, const lem_json *v, lem_err *err) {
    static const char *const names[] = {"null",   "boolean", "integer", "real number",
                                        "string", "array",   "object"};
    return lem_fail(err, LEM_EDATA, "column '%s' is %s here and %s in rows before; write JSONL instead",
                    n->name ? n->name : "?", lem_json_kind_name(v), names[n->kind]);
}

static lem_wnode *child_named(const lem_wnode *n, const char *name) {
    for (size_t i = 0; i < n->n_children; i++) {
        if (strcmp(n->child[i].name, name) == 0) return &n->child[i];
    }
    return NULL;
}

static lem_wnode *add_child(lem_wnode *n, const char *name, lem_err *err) {
    lem_wnode *more = lem_realloc(n->child, n->n_children + 1, sizeof *more, err);
    if (!more) return NULL;
    n->child = more;
    lem_wnode *c = &more[n->n_children];
    *c = (lem_wnode){.name = lem_strdup(name, err)};
    if (!c->name) return NULL;
    n->n_children++;
    return c;
}

/* The kind that both n's rows so far and v have; integers and real numbers are real numbers. */
static lem_status widen(lem_wnode *n, const lem_json *v, lem_err *err) {
    lem_wkind kind = kind_of(v);
    bool numbers =
        (kind == LEM_W_INT || kind == LEM_W_REAL) && (n->kind == LEM_W_INT || n->kind == LEM_W_REAL);
    if (n->kind == LEM_W_NONE) n->kind = kind;
    else if (numbers && kind != n->kind) n->kind = LEM_W_REAL;
    else if (n->kind != kind) return misfit(n, v, err);
    return LEM_OK;
}

static lem_status learn_elements(lem_wnode *n, const lem_json *v, int depth, lem_err *err) {
    lem_status st = LEM_OK;
    if (!n->n_children && !add_child(n, "element", err)) return LEM_EMEM;
    for (size_t i = 0; i < lem_json_count(v) && st == LEM_OK; i++)
        st = lem_wnode_learn(&n->child[0], lem_json_at(v, i), depth, err);
    return st;
}

lem_status lem_wnode_learn(lem_wnode *n, const lem_json *v, int depth, lem_err *err) {
    if (kind_of(v) == LEM_W_NONE) return LEM_OK;
    if (depth > MAX_DEPTH) return lem_fail(err, LEM_EDATA, "rows nested over 30 levels deep");
    lem_status st = widen(n, v, err);
    if (st == LEM_OK && n->kind == LEM_W_LIST) return learn_elements(n, v, depth + 1, err);
    if (n->kind != LEM_W_STRUCT) return st;
    for (const char *k = lem_json_key_next(v, NULL); k && st == LEM_OK; k = lem_json_key_next(v, k)) {
        lem_wnode *c = child_named(n, k);
        if (!c) c = add_child(n, k, err);
        st = c ? lem_wnode_learn(c, lem_json_key_value(k), depth + 1, err) : LEM_EMEM;
    }
    return st;
}

lem_status lem_wnode_settle(lem_wnode *n, int def, int rep, lem_err *err) {
    lem_status st = LEM_OK;
    if (n->kind == LEM_W_NONE) n->kind = LEM_W_TEXT;
    if (n->kind == LEM_W_STRUCT && n->n_children == 0)
        return lem_fail(err, LEM_EDATA,
                        "column '%s' holds empty objects, which Parquet has not; write JSONL instead",
                        n->name ? n->name : "?");
    n->max_def = def + 1;
    n->max_rep = rep;
    bool list = n->kind == LEM_W_LIST;
    for (size_t i = 0; i < n->n_children && st == LEM_OK; i++)
        st = lem_wnode_settle(&n->child[i], def + 1 + list, rep + list, err);
    return st;
}

static void put_levels(lem_wnode *n, int rep, int def) {
    if (!lem_wnode_is_leaf(n)) {
        for (size_t i = 0; i < n->n_children; i++) put_levels(&n->child[i], rep, def);
        return;
    }
    lem_buf_putc(&n->rep, (char)rep);
    lem_buf_putc(&n->def, (char)def);
}

static void put_little(lem_buf *b, uint64_t v, int bytes) {
    for (int i = 0; i < bytes; i++) lem_buf_putc(b, (char)(v >> 8 * i));
}

static lem_status put_value(lem_wnode *n, const lem_json *v, lem_err *err) {
    uint64_t bits;
    double d = lem_json_num(v, 0);
    switch (n->kind) {
    case LEM_W_BOOL: lem_buf_putc(&n->values, lem_json_bool(v, false)); break;
    case LEM_W_INT: put_little(&n->values, (uint64_t)lem_json_int(v, 0), 8); break;
    case LEM_W_REAL:
        memcpy(&bits, &d, 8);
        put_little(&n->values, bits, 8);
        break;
    case LEM_W_TEXT:
        put_little(&n->values, lem_json_str_len(v), 4);
        lem_buf_add(&n->values, lem_json_str(v, ""), lem_json_str_len(v));
        break;
    case LEM_W_NONE:
    case LEM_W_LIST:
    case LEM_W_STRUCT: break;
    }
    return lem_buf_ok(&n->values, err);
}

/* Whether all of v's members are columns. */
static lem_status known_members(const lem_wnode *n, const lem_json *v, lem_err *err) {
    for (const char *k = lem_json_key_next(v, NULL); k; k = lem_json_key_next(v, k)) {
        if (!child_named(n, k))
            return lem_fail(err, LEM_EDATA, "column '%s' is in no row before; write JSONL instead", k);
    }
    return LEM_OK;
}

lem_status lem_wnode_add(lem_wnode *n, const lem_json *v, int rep, int def, lem_err *err) {
    lem_wkind kind = kind_of(v);
    lem_status st = LEM_OK;
    if (kind == LEM_W_NONE || (kind == LEM_W_LIST && lem_json_count(v) == 0 && n->kind == kind)) {
        put_levels(n, rep, def + (kind == LEM_W_LIST));
        return LEM_OK;
    }
    if (n->kind != kind && !(n->kind == LEM_W_REAL && kind == LEM_W_INT)) return misfit(n, v, err);
    if (lem_wnode_is_leaf(n)) {
        put_levels(n, rep, def + 1);
        return put_value(n, v, err);
    }
    if (kind == LEM_W_STRUCT) {
        st = known_members(n, v, err);
        for (size_t i = 0; i < n->n_children && st == LEM_OK; i++)
            st = lem_wnode_add(&n->child[i], lem_json_get(v, n->child[i].name), rep, def + 1, err);
        return st;
    }
    for (size_t i = 0; i < lem_json_count(v) && st == LEM_OK; i++)
        st = lem_wnode_add(&n->child[0], lem_json_at(v, i), i ? n->max_rep + 1 : rep, def + 2, err);
    return st;
}
