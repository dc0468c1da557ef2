/* thrift - the compact protocol of Apache Thrift: every size is checked before use, and nothing is kept */
#include "rows/thrift_priv.h"

enum { MAX_DEPTH = 32 };

static unsigned byte(lem_thrift *t) {
    if (t->failed || t->at == t->n) return t->failed = true, 0;
    return t->p[t->at++];
}

static uint64_t varint(lem_thrift *t) {
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        unsigned b = byte(t);
        if (shift < 64) v |= (uint64_t)(b & 127) << shift;
        if (b < 128) return t->failed ? 0 : v;
    }
    return t->failed = true, 0;
}

static int64_t zigzag(uint64_t v) { return (int64_t)(v >> 1 ^ (0 - (v & 1))); }

bool lem_thrift_next(lem_thrift *t, lem_thrift_field *f) {
    unsigned head = byte(t);
    f->type = (int)(head & 15);
    if (t->failed || f->type == LEM_THRIFT_STOP) return false;
    if (f->type > LEM_THRIFT_STRUCT) return t->failed = true, false;
    int64_t id = head >> 4 ? f->id + (int64_t)(head >> 4) : zigzag(varint(t));
    if (id < INT16_MIN || id > INT16_MAX) t->failed = true;
    f->id = (int)id;
    return !t->failed;
}

static void advance(lem_thrift *t, uint64_t n) {
    if (n > t->n - t->at) t->failed = true;
    else t->at += (size_t)n;
}

static void skip_at(lem_thrift *t, int type, int depth);

/* Inside a list or map a boolean takes a byte, so that every element takes one at least. */
static void skip_element(lem_thrift *t, int type, int depth) {
    if (type == LEM_THRIFT_TRUE || type == LEM_THRIFT_FALSE) advance(t, 1);
    else skip_at(t, type, depth);
}

static void skip_elements(lem_thrift *t, int depth) {
    int element;
    size_t n = lem_thrift_list(t, LEM_THRIFT_LIST, &element);
    for (size_t i = 0; i < n && !t->failed; i++) skip_element(t, element, depth);
}

static void skip_map(lem_thrift *t, int depth) {
    uint64_t n = varint(t);
    unsigned types = n ? byte(t) : 0;
    if (n > t->n - t->at) t->failed = true;
    for (uint64_t i = 0; i < n && !t->failed; i++) {
        skip_element(t, (int)(types >> 4), depth);
        skip_element(t, (int)(types & 15), depth);
    }
}

static void skip_at(lem_thrift *t, int type, int depth) {
    if (depth > MAX_DEPTH) t->failed = true;
    if (t->failed) return;
    switch (type) {
    case LEM_THRIFT_TRUE:
    case LEM_THRIFT_FALSE: return;
    case LEM_THRIFT_I8: advance(t, 1); return;
    case LEM_THRIFT_I16:
    case LEM_THRIFT_I32:
    case LEM_THRIFT_I64: (void)varint(t); return;
    case LEM_THRIFT_DOUBLE: advance(t, 8); return;
    case LEM_THRIFT_BINARY: advance(t, varint(t)); return;
    case LEM_THRIFT_LIST:
    case LEM_THRIFT_SET: skip_elements(t, depth + 1); return;
    case LEM_THRIFT_MAP: skip_map(t, depth + 1); return;
    case LEM_THRIFT_STRUCT:
        for (lem_thrift_field f = {0}; lem_thrift_next(t, &f);) skip_at(t, f.type, depth + 1);
        return;
    default: t->failed = true;
    }
}

void lem_thrift_skip(lem_thrift *t, int type) { skip_at(t, type, 0); }

int64_t lem_thrift_int(lem_thrift *t, int type) {
    if (type == LEM_THRIFT_I8) return (int8_t)byte(t);
    if (type < LEM_THRIFT_I16 || type > LEM_THRIFT_I64) return t->failed = true, 0;
    return zigzag(varint(t));
}

bool lem_thrift_bool(lem_thrift *t, int type) {
    if (type != LEM_THRIFT_TRUE && type != LEM_THRIFT_FALSE) t->failed = true;
    return type == LEM_THRIFT_TRUE && !t->failed;
}

const char *lem_thrift_binary(lem_thrift *t, int type, size_t *n) {
    *n = 0;
    uint64_t len = type == LEM_THRIFT_BINARY ? varint(t) : UINT64_MAX;
    if (t->failed || len > t->n - t->at) return t->failed = true, "";
    const char *s = (const char *)t->p + t->at;
    t->at += (size_t)len;
    *n = (size_t)len;
    return s;
}

size_t lem_thrift_list(lem_thrift *t, int type, int *element) {
    *element = LEM_THRIFT_STOP;
    if (type != LEM_THRIFT_LIST && type != LEM_THRIFT_SET) return t->failed = true, 0;
    unsigned head = byte(t);
    uint64_t n = head >> 4 == 15 ? varint(t) : head >> 4;
    *element = (int)(head & 15);
    if (n > t->n - t->at) t->failed = true;
    return t->failed ? 0 : (size_t)n;
}

bool lem_thrift_struct(lem_thrift *t, int type) {
    if (type != LEM_THRIFT_STRUCT) t->failed = true;
    return !t->failed;
}
