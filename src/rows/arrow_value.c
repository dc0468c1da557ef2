/* arrow_value - one element of an Arrow array made JSON, every offset checked where it is followed */
#include "rows/arrow_priv.h"
#include "rows/kinds_priv.h"

static lem_status damaged(lem_err *err) { return lem_fail(err, LEM_EDATA, "an array's offsets are damaged"); }

static uint64_t little(const unsigned char *p, size_t n) {
    uint64_t v = 0;
    for (size_t i = n; i > 0; i--) v = v << 8 | p[i - 1];
    return v;
}

static bool bit(lem_span s, uint64_t i) { return s.p[i / 8] >> (i % 8) & 1; }

typedef struct valuing {
    const lem_arrow_dictionaries *d;
    lem_row_budget *budget;
    lem_err *err;
} valuing;

static lem_status value_at(const valuing *v, const lem_array *a, uint64_t i, lem_json **out);

static lem_status none(const valuing *v, lem_json **out) {
    *out = lem_json_new_null();
    return *out ? LEM_OK : lem_fail(v->err, LEM_EMEM, "out of memory for a row");
}

/* Elements [*from, *to) of an array with offsets of `size` bytes. */
static bool range(const lem_array *a, uint64_t i, size_t size, uint64_t most, uint64_t *from, uint64_t *to) {
    *from = little(a->offsets.p + i * size, size);
    *to = little(a->offsets.p + (i + 1) * size, size);
    return *from <= *to && *to <= most;
}

static lem_status scalar(const valuing *v, const lem_array *a, const unsigned char *p, uint64_t n,
                         lem_json **out) {
    lem_status st = lem_row_budget_take(v->budget, (size_t)n, v->err);
    return st == LEM_OK ? lem_scalar_json(&a->field->type, p, (size_t)n, out, v->err) : st;
}

/* A view: a length, then up to 12 bytes, or 4 bytes of prefix, a buffer's number and a place in it. */
static lem_status view(const valuing *v, const lem_array *a, uint64_t i, lem_json **out) {
    const unsigned char *p = a->offsets.p + 16 * i;
    uint64_t n = little(p, 4), buffer = little(p + 8, 4), at = little(p + 12, 4);
    if (n <= 12) return scalar(v, a, p + 4, n, out);
    if (buffer >= a->n_more || n > a->more[buffer].n || at > a->more[buffer].n - n) return damaged(v->err);
    return scalar(v, a, a->more[buffer].p + at, n, out);
}

static lem_status list(const valuing *v, const lem_array *a, uint64_t from, uint64_t to, lem_json **out) {
    lem_json *l = lem_json_new_array(), *e = NULL;
    lem_status st = l ? LEM_OK : lem_fail(v->err, LEM_EMEM, "out of memory for a row");
    for (; from < to && st == LEM_OK; from++) {
        st = value_at(v, &a->child[0], from, &e);
        if (st == LEM_OK) st = lem_row_append(l, e, v->err);
    }
    if (st == LEM_OK) *out = l;
    else lem_json_free(l);
    return st;
}

/* The entries' struct is passed over: its children are keys and values, under whatever names. */
static lem_status map(const valuing *v, const lem_array *a, uint64_t from, uint64_t to, lem_json **out) {
    const lem_array *entries = &a->child[0];
    lem_json *l = lem_json_new_array(), *key = NULL, *value = NULL, *e = NULL;
    lem_status st = l ? LEM_OK : lem_fail(v->err, LEM_EMEM, "out of memory for a row");
    for (; from < to && st == LEM_OK; from++) {
        st = value_at(v, &entries->child[0], from, &key);
        if (st != LEM_OK) break;
        st = value_at(v, &entries->child[1], from, &value);
        if (st != LEM_OK) lem_json_free(key);
        else st = lem_map_entry(key, value, &e, v->err);
        if (st == LEM_OK) st = lem_row_append(l, e, v->err);
    }
    if (st == LEM_OK) st = lem_map_finish(&a->field->child[0], &l, v->err);
    if (st == LEM_OK) *out = l;
    else lem_json_free(l);
    return st;
}

static lem_status structure(const valuing *v, const lem_array *a, uint64_t i, lem_json **out) {
    lem_json *o = lem_json_new_object(), *e = NULL;
    lem_status st = o ? LEM_OK : lem_fail(v->err, LEM_EMEM, "out of memory for a row");
    for (size_t c = 0; c < a->n_children && st == LEM_OK; c++) {
        st = value_at(v, &a->child[c], i, &e);
        if (st == LEM_OK) st = lem_row_set(o, a->field->child[c].name, e, v->err);
    }
    if (st == LEM_OK) *out = o;
    else lem_json_free(o);
    return st;
}

static lem_status from_dictionary(const valuing *v, const lem_array *a, uint64_t i, lem_json **out) {
    size_t w = (size_t)a->field->index_width;
    uint64_t index = little(a->data.p + i * w, w);
    bool known = false;
    if (a->field->index_signed && w < 8 && index >> (8 * w - 1)) index = UINT64_MAX;
    for (size_t k = 0; k < v->d->n; k++) {
        const lem_arrow_dictionary *part = &v->d->part[k];
        if (part->id != a->field->dictionary || part->root.child != a->field) continue;
        known = true;
        if (index < part->batch.len) return value_at(v, &part->batch.root.child[0], index, out);
        index -= part->batch.len;
    }
    return lem_fail(v->err, LEM_EDATA,
                    known ? "an index beyond its dictionary" : "a dictionary that is missing");
}

static lem_status in_layout(const valuing *v, const lem_array *a, uint64_t i, lem_json **out) {
    const lem_field *f = a->field;
    bool wide = f->layout == LEM_LAYOUT_VAR64 || f->layout == LEM_LAYOUT_LIST64;
    uint64_t from, to;
    switch ((lem_layout)f->layout) {
    case LEM_LAYOUT_NULL: return none(v, out);
    case LEM_LAYOUT_BITS: {
        unsigned char b = bit(a->data, i);
        return scalar(v, a, &b, 1, out);
    }
    case LEM_LAYOUT_FIXED: return scalar(v, a, a->data.p + i * f->width, f->width, out);
    case LEM_LAYOUT_VIEW: return view(v, a, i, out);
    case LEM_LAYOUT_VAR32:
    case LEM_LAYOUT_VAR64:
        if (!range(a, i, wide ? 8 : 4, a->data.n, &from, &to)) return damaged(v->err);
        return scalar(v, a, a->data.p + from, to - from, out);
    case LEM_LAYOUT_LIST32:
    case LEM_LAYOUT_LIST64:
        if (!range(a, i, wide ? 8 : 4, a->child[0].len, &from, &to)) return damaged(v->err);
        return f->shape == LEM_SHAPE_MAP ? map(v, a, from, to, out) : list(v, a, from, to, out);
    case LEM_LAYOUT_FIXED_LIST: return list(v, a, i * f->width, (i + 1) * f->width, out);
    case LEM_LAYOUT_STRUCT: break;
    }
    return structure(v, a, i, out);
}

static lem_status value_at(const valuing *v, const lem_array *a, uint64_t i, lem_json **out) {
    lem_status st = lem_row_budget_take(v->budget, 0, v->err);
    if (st != LEM_OK) return st;
    if (a->validity.n && !bit(a->validity, i)) return none(v, out);
    return a->indices ? from_dictionary(v, a, i, out) : in_layout(v, a, i, out);
}

lem_status lem_arrow_value(const lem_array *a, uint64_t i, const lem_arrow_dictionaries *d,
                           lem_row_budget *budget, lem_json **out, lem_err *err) {
    valuing v = {d, budget, err};
    return value_at(&v, a, i, out);
}
