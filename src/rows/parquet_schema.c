/* parquet_schema - the flat list of schema elements made a tree of columns with their levels */
#include "rows/parquet_priv.h"
#include "rows/reader_priv.h"

#include "core/mem.h"
#include "core/utf8.h"

#include <string.h>

enum { REQUIRED, OPTIONAL, REPEATED };
/* ConvertedType and the field ids of LogicalType in parquet.thrift. */
enum { CONVERTED_MAP = 1, CONVERTED_MAP_KEY_VALUE, CONVERTED_LIST, CONVERTED_INTERVAL = 21 };
enum { LOGICAL_MAP = 2, LOGICAL_LIST, LOGICAL_VARIANT = 16 };

typedef struct tree {
    const lem_pq_element *e;
    size_t n, at;
    lem_pq_file *out;
    lem_err *err;
} tree;

static lem_status damaged(tree *t, const char *what) {
    return lem_fail(t->err, LEM_EDATA, "the footer's schema is damaged: %s", what);
}

/* ---- Types of values ---- */

static int digits_of_unit(int unit) { return unit * 3; } /* TimeUnit: 1 MILLIS, 2 MICROS, 3 NANOS */

static bool from_logical(const lem_pq_element *e, lem_scalar_type *out) {
    *out = (lem_scalar_type){.utc = e->utc, .digits = digits_of_unit(e->unit)};
    switch (e->logical) {
    case 1:
    case 4:
    case 12: out->as = LEM_AS_TEXT; break;
    case 5:
        out->as = LEM_AS_DECIMAL;
        out->scale = e->logical_scale < 0 || e->logical_scale > 1000 ? -1 : (int)e->logical_scale;
        break;
    case 6: out->as = LEM_AS_DATE; break;
    case 7: out->as = LEM_AS_TIME; break;
    case 8: out->as = LEM_AS_TIMESTAMP; break;
    case 10: out->as = e->is_signed ? LEM_AS_INT : LEM_AS_UINT; break;
    case 11: out->as = LEM_AS_NULL; break;
    case 14: out->as = LEM_AS_UUID; break;
    case 15: out->as = LEM_AS_REAL; break;
    default: return false;
    }
    return true;
}

static bool from_converted(const lem_pq_element *e, lem_scalar_type *out) {
    *out = (lem_scalar_type){.utc = true};
    switch (e->converted) {
    case 0:
    case 4:
    case 19: *out = (lem_scalar_type){.as = LEM_AS_TEXT}; break;
    case 5:
        *out = (lem_scalar_type){.as = LEM_AS_DECIMAL};
        out->scale = e->scale < 0 || e->scale > 1000 ? -1 : (int)e->scale;
        break;
    case 6: *out = (lem_scalar_type){.as = LEM_AS_DATE}; break;
    case 7:
    case 8:
        out->as = LEM_AS_TIME;
        out->digits = e->converted == 7 ? 3 : 6;
        break;
    case 9:
    case 10:
        out->as = LEM_AS_TIMESTAMP;
        out->digits = e->converted == 9 ? 3 : 6;
        break;
    default:
        if (e->converted < 11 || e->converted > 18) return false;
        *out = (lem_scalar_type){.as = e->converted < 15 ? LEM_AS_UINT : LEM_AS_INT};
    }
    return true;
}

static void from_physical(lem_physical p, lem_scalar_type *out) {
    static const lem_as as[] = {LEM_AS_BOOL, LEM_AS_INT,  LEM_AS_INT,   LEM_AS_INT96,
                                LEM_AS_REAL, LEM_AS_REAL, LEM_AS_BYTES, LEM_AS_BYTES};
    *out = (lem_scalar_type){.as = as[p]};
}

static lem_status leaf(tree *t, const lem_pq_element *e, int def, int rep, const char *column, lem_field *f) {
    static const size_t widths[] = {1, 4, 8, 12, 4, 8, 0, 0};
    if (e->type < LEM_PQ_BOOLEAN || e->type > LEM_PQ_FIXED) return damaged(t, "a column of an unknown type");
    lem_pq_leaf *l = &t->out->leaf[t->out->n_leaves];
    *l = (lem_pq_leaf){.physical = (lem_physical)e->type,
                       .width = widths[e->type],
                       .max_def = def,
                       .max_rep = rep,
                       .name = column};
    if (l->physical == LEM_PQ_FIXED) {
        if (e->type_length <= 0 || e->type_length > 1 << 24) return damaged(t, "values of no or a huge size");
        l->width = (size_t)e->type_length;
    }
    if (e->logical == LOGICAL_VARIANT) return lem_refuse_parquet(t->err, "a column of type VARIANT");
    if (e->converted == CONVERTED_INTERVAL) return lem_refuse_parquet(t->err, "a column of type INTERVAL");
    if (!from_logical(e, &f->type) && !from_converted(e, &f->type)) from_physical(l->physical, &f->type);
    f->type.big_endian = l->physical == LEM_PQ_BYTE_ARRAY || l->physical == LEM_PQ_FIXED;
    f->shape = LEM_SHAPE_SCALAR;
    f->leaf = t->out->n_leaves++;
    f->n_leaves = 1;
    return LEM_OK;
}

/* ---- Shapes ---- */

static lem_status node(tree *t, int def, int rep, int depth, const char *column, lem_field *f);
static lem_status body(tree *t, const lem_pq_element *e, int def, int rep, int depth, const char *column,
                       lem_field *f);

static bool is_group(const lem_pq_element *e) { return e->type < 0; }

static lem_status set_name(tree *t, const lem_pq_element *e, lem_field *f) {
    if (!lem_utf8_valid(e->name, e->name_len) || memchr(e->name, 0, e->name_len))
        return damaged(t, "a column's name is not UTF-8");
    f->name = lem_strndup(e->name, e->name_len, t->err);
    return f->name ? LEM_OK : LEM_EMEM;
}

static lem_status children(tree *t, size_t n, int def, int rep, int depth, const char *column, lem_field *f) {
    if (n == 0 || n > t->n - t->at) return damaged(t, "a group without columns");
    if (!lem_field_children(f, n)) return lem_fail(t->err, LEM_EMEM, "out of memory for a schema");
    for (size_t i = 0; i < n; i++) {
        lem_status st = node(t, def, rep, depth + 1, column, &f->child[i]);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

/* Whether the repeated group r inside a LIST called `list` is itself the element (LogicalTypes.md, backward
 * compatibility). `inner` is its first child. */
static bool is_element(const lem_pq_element *list, const lem_pq_element *r, const lem_pq_element *inner) {
    static const char array[] = "array", tuple[] = "_tuple";
    if (!is_group(r) || r->n_children != 1 || inner->repetition == REPEATED) return true;
    if (r->name_len == 5 && memcmp(r->name, array, 5) == 0) return true;
    return r->name_len == list->name_len + 6 && memcmp(r->name, list->name, list->name_len) == 0 &&
           memcmp(r->name + list->name_len, tuple, 6) == 0;
}

static lem_status list_of(tree *t, const lem_pq_element *e, int def, int rep, int depth, const char *column,
                          lem_field *f) {
    const lem_pq_element *r = &t->e[t->at++];
    if (is_group(r) && (r->n_children < 1 || t->at == t->n)) return damaged(t, "a list without elements");
    f->shape = LEM_SHAPE_LIST;
    f->item_def = def + 1;
    f->item_rep = rep + 1;
    if (!lem_field_children(f, 1)) return lem_fail(t->err, LEM_EMEM, "out of memory for a schema");
    if (!is_element(e, r, is_group(r) ? &t->e[t->at] : r))
        return node(t, def + 1, rep + 1, depth + 1, column, &f->child[0]);
    lem_status st = set_name(t, r, &f->child[0]);
    return st == LEM_OK ? body(t, r, def + 1, rep + 1, depth + 1, column, &f->child[0]) : st;
}

static lem_status map_of(tree *t, int def, int rep, int depth, const char *column, lem_field *f) {
    const lem_pq_element *r = &t->e[t->at++];
    f->shape = LEM_SHAPE_MAP;
    f->item_def = def + 1;
    f->item_rep = rep + 1;
    return children(t, (size_t)r->n_children, def + 1, rep + 1, depth + 1, column, f);
}

static bool called_list(const lem_pq_element *e) {
    return e->logical == LOGICAL_LIST || e->converted == CONVERTED_LIST;
}

static bool called_map(const lem_pq_element *e) {
    return e->logical == LOGICAL_MAP || e->converted == CONVERTED_MAP ||
           e->converted == CONVERTED_MAP_KEY_VALUE;
}

static bool holds_entries(const lem_pq_element *r) {
    return is_group(r) && (r->n_children == 1 || r->n_children == 2);
}

/* What follows a node's own name and levels: its type, or its children, which come next. */
static lem_status body(tree *t, const lem_pq_element *e, int def, int rep, int depth, const char *column,
                       lem_field *f) {
    if (depth > LEM_FIELD_DEPTH) return lem_refuse_parquet(t->err, "columns nested over 30 levels deep");
    lem_status st = LEM_OK;
    f->def = def;
    if (!is_group(e)) return leaf(t, e, def, rep, column, f);
    size_t first = t->out->n_leaves;
    const lem_pq_element *r = t->at < t->n ? &t->e[t->at] : NULL;
    bool wraps = e->n_children == 1 && r && r->repetition == REPEATED;
    if (e->n_children < 1) return damaged(t, "a group without columns");
    if (wraps && called_list(e)) st = list_of(t, e, def, rep, depth, column, f);
    else if (wraps && called_map(e) && holds_entries(r)) st = map_of(t, def, rep, depth, column, f);
    else {
        f->shape = LEM_SHAPE_STRUCT;
        st = children(t, (size_t)e->n_children, def, rep, depth, column, f);
    }
    f->leaf = first;
    f->n_leaves = t->out->n_leaves - first;
    return st;
}

/* The next element and all below it. A repeated one outside LIST and MAP is a list of itself. */
static lem_status node(tree *t, int def, int rep, int depth, const char *column, lem_field *f) {
    if (t->at == t->n) return damaged(t, "it ends early");
    const lem_pq_element *e = &t->e[t->at++];
    lem_status st = set_name(t, e, f);
    if (st != LEM_OK) return st;
    if (!column) column = f->name;
    if (e->repetition != REPEATED)
        return body(t, e, def + (e->repetition == OPTIONAL), rep, depth, column, f);
    f->shape = LEM_SHAPE_LIST;
    f->def = def;
    f->item_def = def + 1;
    f->item_rep = rep + 1;
    f->leaf = t->out->n_leaves;
    if (!lem_field_children(f, 1)) return lem_fail(t->err, LEM_EMEM, "out of memory for a schema");
    f->child[0].name = lem_strdup(f->name, t->err);
    if (!f->child[0].name) return LEM_EMEM;
    st = body(t, e, def + 1, rep + 1, depth + 1, column, &f->child[0]);
    f->n_leaves = t->out->n_leaves - f->leaf;
    return st;
}

lem_status lem_pq_schema(const lem_pq_element *e, size_t n, lem_pq_file *out, lem_err *err) {
    tree t = {e, n, 1, out, err};
    out->leaf = lem_alloc_zero(n, sizeof *out->leaf, err);
    if (!out->leaf) return LEM_EMEM;
    if (e[0].n_children < 1) return lem_refuse_parquet(err, "no columns");
    out->root.shape = LEM_SHAPE_STRUCT;
    lem_status st = children(&t, (size_t)e[0].n_children, 0, 0, 0, NULL, &out->root);
    if (st == LEM_OK && t.at != n) st = damaged(&t, "elements are left over");
    return st;
}
