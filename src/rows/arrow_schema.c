/* arrow_schema - the schema message of an Arrow stream made a tree of columns (Schema.fbs) */
#include "rows/arrow_priv.h"

#include "core/mem.h"
#include "core/utf8.h"

#include <string.h>

enum { MAX_FIELDS = 100000 };
enum { FIELD_NAME, FIELD_NULLABLE, FIELD_TYPE_TYPE, FIELD_TYPE, FIELD_DICTIONARY, FIELD_CHILDREN };

/* The union Type of Schema.fbs, in its order. */
typedef enum arrow_type {
    ARROW_NONE,
    ARROW_NULL,
    ARROW_INT,
    ARROW_FLOAT,
    ARROW_BINARY,
    ARROW_UTF8,
    ARROW_BOOL,
    ARROW_DECIMAL,
    ARROW_DATE,
    ARROW_TIME,
    ARROW_TIMESTAMP,
    ARROW_INTERVAL,
    ARROW_LIST,
    ARROW_STRUCT,
    ARROW_UNION,
    ARROW_FIXED_BINARY,
    ARROW_FIXED_LIST,
    ARROW_MAP,
    ARROW_DURATION,
    ARROW_LARGE_BINARY,
    ARROW_LARGE_UTF8,
    ARROW_LARGE_LIST,
    ARROW_RUN_END,
    ARROW_BINARY_VIEW,
    ARROW_UTF8_VIEW,
    ARROW_LIST_VIEW,
    ARROW_LARGE_LIST_VIEW,
    ARROW_TYPES
} arrow_type;

typedef struct reading {
    size_t fields; /* so far */
    lem_err *err;
} reading;

static lem_status damaged(lem_err *err) { return lem_fail(err, LEM_EDATA, "the schema is damaged"); }

static bool set_width(lem_field *f, lem_layout layout, int64_t bits) {
    f->layout = (int)layout;
    f->width = bits < 0 ? 0 : (uint64_t)bits / 8;
    return bits > 0 && bits % 8 == 0 && bits <= (int64_t)1 << 30;
}

/* The unit of times and timestamps, 0 to 3: seconds to nanoseconds. */
static bool set_unit(lem_field *f, const lem_flat *type, int64_t otherwise) {
    int64_t unit = lem_flat_int(type, 0, 2, otherwise);
    f->type.digits = (int)unit * 3;
    return unit >= 0 && unit <= 3;
}

static bool set_decimal(lem_field *f, const lem_flat *type) {
    int64_t scale = lem_flat_int(type, 1, 4, 0);
    f->type = (lem_scalar_type){.as = LEM_AS_DECIMAL, .scale = scale < 0 || scale > 1000 ? -1 : (int)scale};
    return set_width(f, LEM_LAYOUT_FIXED, lem_flat_int(type, 2, 4, 128));
}

static bool set_date(lem_field *f, const lem_flat *type) {
    bool days = lem_flat_int(type, 0, 2, 1) == 0;
    f->type = (lem_scalar_type){.as = LEM_AS_DATE, .digits = days ? 0 : 3};
    return set_width(f, LEM_LAYOUT_FIXED, days ? 32 : 64);
}

static bool set_float(lem_field *f, const lem_flat *type) {
    int64_t precision = lem_flat_int(type, 0, 2, 0); /* HALF, SINGLE, DOUBLE */
    return precision >= 0 && precision <= 2 && set_width(f, LEM_LAYOUT_FIXED, (int64_t)16 << precision);
}

static bool set_list(lem_field *f, lem_shape shape, lem_layout layout) {
    f->shape = shape;
    f->layout = (int)layout;
    return true;
}

/* Shape, layout and type of values; false where the parameters make no sense. */
static bool set_type(lem_field *f, arrow_type kind, const lem_flat *type) {
    static const lem_as as[ARROW_TYPES] = {
        [ARROW_BINARY] = LEM_AS_BYTES,       [ARROW_UTF8] = LEM_AS_TEXT,
        [ARROW_BOOL] = LEM_AS_BOOL,          [ARROW_FLOAT] = LEM_AS_REAL,
        [ARROW_TIME] = LEM_AS_TIME,          [ARROW_TIMESTAMP] = LEM_AS_TIMESTAMP,
        [ARROW_DURATION] = LEM_AS_INT,       [ARROW_FIXED_BINARY] = LEM_AS_BYTES,
        [ARROW_LARGE_BINARY] = LEM_AS_BYTES, [ARROW_LARGE_UTF8] = LEM_AS_TEXT,
        [ARROW_BINARY_VIEW] = LEM_AS_BYTES,  [ARROW_UTF8_VIEW] = LEM_AS_TEXT,
    };
    f->type = (lem_scalar_type){.as = as[kind]};
    switch (kind) {
    case ARROW_NULL: f->layout = LEM_LAYOUT_NULL; return true;
    case ARROW_BOOL: f->layout = LEM_LAYOUT_BITS; return true;
    case ARROW_INT:
        f->type.as = lem_flat_int(type, 1, 1, 0) ? LEM_AS_INT : LEM_AS_UINT;
        return set_width(f, LEM_LAYOUT_FIXED, lem_flat_int(type, 0, 4, 0));
    case ARROW_FLOAT: return set_float(f, type);
    case ARROW_BINARY:
    case ARROW_UTF8: f->layout = LEM_LAYOUT_VAR32; return true;
    case ARROW_LARGE_BINARY:
    case ARROW_LARGE_UTF8: f->layout = LEM_LAYOUT_VAR64; return true;
    case ARROW_BINARY_VIEW:
    case ARROW_UTF8_VIEW: f->layout = LEM_LAYOUT_VIEW; return true;
    case ARROW_DECIMAL: return set_decimal(f, type);
    case ARROW_DATE: return set_date(f, type);
    case ARROW_TIME:
        return set_unit(f, type, 1) && set_width(f, LEM_LAYOUT_FIXED, lem_flat_int(type, 1, 4, 32));
    case ARROW_TIMESTAMP:
        f->type.utc = lem_flat_has(type, 1);
        return set_unit(f, type, 0) && set_width(f, LEM_LAYOUT_FIXED, 64);
    case ARROW_DURATION: return set_width(f, LEM_LAYOUT_FIXED, 64);
    case ARROW_FIXED_BINARY: return set_width(f, LEM_LAYOUT_FIXED, 8 * lem_flat_int(type, 0, 4, 0));
    case ARROW_LIST: return set_list(f, LEM_SHAPE_LIST, LEM_LAYOUT_LIST32);
    case ARROW_LARGE_LIST: return set_list(f, LEM_SHAPE_LIST, LEM_LAYOUT_LIST64);
    case ARROW_MAP: return set_list(f, LEM_SHAPE_MAP, LEM_LAYOUT_LIST32);
    case ARROW_STRUCT: return set_list(f, LEM_SHAPE_STRUCT, LEM_LAYOUT_STRUCT);
    case ARROW_FIXED_LIST: {
        int64_t size = lem_flat_int(type, 0, 4, 0);
        f->width = size < 0 ? 0 : (uint64_t)size;
        return set_list(f, LEM_SHAPE_LIST, LEM_LAYOUT_FIXED_LIST) && size >= 0;
    }
    case ARROW_NONE:
    case ARROW_INTERVAL:
    case ARROW_UNION:
    case ARROW_RUN_END:
    case ARROW_LIST_VIEW:
    case ARROW_LARGE_LIST_VIEW:
    case ARROW_TYPES: break;
    }
    return false;
}

static lem_status refuse_kind(int64_t kind, lem_err *err) {
    if (kind == ARROW_INTERVAL) return lem_refuse_arrow(err, "a column of type interval");
    if (kind == ARROW_UNION) return lem_refuse_arrow(err, "a column of type union");
    if (kind == ARROW_RUN_END) return lem_refuse_arrow(err, "a run-end encoded column");
    if (kind == ARROW_LIST_VIEW || kind == ARROW_LARGE_LIST_VIEW) return lem_refuse_arrow(err, "list views");
    return kind <= ARROW_NONE || kind >= ARROW_TYPES ? lem_refuse_arrow(err, "a column of an unknown type")
                                                     : LEM_OK;
}

static lem_status read_dictionary(const lem_flat *field, lem_field *f, lem_err *err) {
    lem_flat d, index;
    if (!lem_flat_has(field, FIELD_DICTIONARY)) return LEM_OK;
    if (!lem_flat_table(field, FIELD_DICTIONARY, &d)) return damaged(err);
    f->has_dictionary = true;
    f->dictionary = lem_flat_int(&d, 0, 8, 0);
    f->index_width = 4;
    f->index_signed = true;
    if (!lem_flat_has(&d, 1)) return LEM_OK;
    if (!lem_flat_table(&d, 1, &index)) return damaged(err);
    int64_t bits = lem_flat_int(&index, 0, 4, 0);
    f->index_width = bits == 8 || bits == 16 || bits == 32 || bits == 64 ? (int)bits / 8 : 0;
    f->index_signed = lem_flat_int(&index, 1, 1, 0) != 0;
    return f->index_width ? LEM_OK : damaged(err);
}

static lem_status read_field(reading *r, const lem_flat *field, int depth, lem_field *f);

static lem_status read_children(reading *r, const lem_flat_vector *v, int depth, lem_field *f) {
    lem_flat child;
    if (v->count == 0) return LEM_OK;
    r->fields += v->count;
    if (r->fields > MAX_FIELDS) return lem_refuse_arrow(r->err, "more than 100,000 columns");
    if (!lem_field_children(f, v->count)) return lem_fail(r->err, LEM_EMEM, "out of memory for a schema");
    for (size_t i = 0; i < v->count; i++) {
        if (!lem_flat_vector_table(v, i, &child)) return damaged(r->err);
        lem_status st = read_field(r, &child, depth, &f->child[i]);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

/* A map's only child is the struct of its entries. */
static bool right_children(const lem_field *f) {
    if (f->shape == LEM_SHAPE_SCALAR) return f->n_children == 0;
    if (f->shape == LEM_SHAPE_LIST) return f->n_children == 1;
    if (f->shape == LEM_SHAPE_MAP)
        return f->n_children == 1 && f->child[0].shape == LEM_SHAPE_STRUCT && f->child[0].n_children == 2 &&
               !f->child[0].has_dictionary;
    return true;
}

static lem_status read_field(reading *r, const lem_flat *field, int depth, lem_field *f) {
    const char *name = "";
    size_t n = 0;
    lem_flat type = {0};
    lem_flat_vector v;
    if (depth > LEM_FIELD_DEPTH) return lem_refuse_arrow(r->err, "columns nested over 30 levels deep");
    if (!lem_flat_string(field, FIELD_NAME, &name, &n) || !lem_utf8_valid(name, n) || memchr(name, 0, n))
        return damaged(r->err);
    f->name = lem_strndup(name, n, r->err);
    if (!f->name) return LEM_EMEM;
    int64_t kind = lem_flat_int(field, FIELD_TYPE_TYPE, 1, 0);
    lem_status st = refuse_kind(kind, r->err);
    if (st == LEM_OK) st = read_dictionary(field, f, r->err);
    if (st != LEM_OK) return st;
    (void)lem_flat_table(field, FIELD_TYPE, &type); /* absent: all its defaults */
    if (!set_type(f, (arrow_type)kind, &type) || !lem_flat_vector_of(field, FIELD_CHILDREN, 4, &v))
        return damaged(r->err);
    st = read_children(r, &v, depth + 1, f);
    if (st != LEM_OK) return st;
    return right_children(f) ? LEM_OK : damaged(r->err);
}

lem_status lem_arrow_schema(const lem_flat *schema, lem_field *root, lem_err *err) {
    lem_flat_vector v;
    reading r = {0, err};
    if (lem_flat_int(schema, 0, 2, 0) != 0) return lem_refuse_arrow(err, "big-endian values");
    if (!lem_flat_vector_of(schema, 1, 4, &v)) return damaged(err);
    root->shape = LEM_SHAPE_STRUCT;
    root->layout = LEM_LAYOUT_STRUCT;
    return read_children(&r, &v, 0, root);
}
