/* mutate.h - structure-aware mutations of the files of a model folder, each a function of (file, number)
 *
 * JSON is parsed, one node is changed and the tree written again; safetensors have their header mutated and
 * re-framed; SentencePiece models are taken apart into protobuf fields, ranks into lines. A share of all gets
 * byte-level damage on top or instead. */
#ifndef LEM_TESTS_MUTATE_H
#define LEM_TESTS_MUTATE_H

#include "core/buf.h"
#include "core/json.h"
#include "core/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t pick(lem_rng *r, uint64_t n) { return n ? lem_rng_next(r) % n : 0; }

/* ---- bytes ---- */

static void damage_bytes(lem_buf *b, lem_rng *r) {
    lem_buf out = {0};
    size_t at = (size_t)pick(r, b->len + 1), n = (size_t)pick(r, 40), left = b->len - at;
    if (n > left) n = left;
    switch (pick(r, 7)) {
    case 0: /* cut the end off */ lem_buf_add(&out, b->data, at); break;
    case 1: /* flip bits */
        lem_buf_add(&out, b->data, b->len);
        for (size_t i = 0; out.len && i <= n / 8; i++) out.data[pick(r, out.len)] ^= (char)(1u << pick(r, 8));
        break;
    case 2: /* drop a range */
        lem_buf_add(&out, b->data, at);
        lem_buf_add(&out, b->data + at + n, left - n);
        break;
    case 3: /* double a range */
        lem_buf_add(&out, b->data, at + n);
        lem_buf_add(&out, b->data + at, left);
        break;
    case 4: /* random bytes put in */
        lem_buf_add(&out, b->data, at);
        for (size_t i = 0; i < n; i++) lem_buf_putc(&out, (char)pick(r, 256));
        lem_buf_add(&out, b->data + at, left);
        break;
    case 5: /* brackets */
        lem_buf_add(&out, b->data, at);
        for (uint64_t i = pick(r, 2) ? 100 : 20000; i > 0; i--) lem_buf_putc(&out, n % 2 ? '[' : '{');
        lem_buf_add(&out, b->data + at, left);
        break;
    default: /* appended */
        lem_buf_add(&out, b->data, b->len);
        for (size_t i = 0; i <= n; i++) lem_buf_putc(&out, n % 2 ? '\0' : ' ');
    }
    lem_buf_release(b);
    *b = out;
}

/* ---- JSON ---- */

static int count_nodes(const lem_json *v) {
    int n = 1;
    if (lem_json_kind(v) == LEM_JSON_ARRAY)
        for (size_t i = 0; i < lem_json_count(v); i++) n += count_nodes(lem_json_at(v, i));
    for (const char *k = lem_json_key_next(v, NULL); k; k = lem_json_key_next(v, k))
        n += count_nodes(lem_json_key_value(k));
    return n;
}

static const lem_json *node_at(const lem_json *v, int *n) {
    const lem_json *found = NULL;
    if ((*n)-- == 0) return v;
    if (lem_json_kind(v) == LEM_JSON_ARRAY)
        for (size_t i = 0; i < lem_json_count(v) && !found; i++) found = node_at(lem_json_at(v, i), n);
    for (const char *k = lem_json_key_next(v, NULL); k && !found; k = lem_json_key_next(v, k))
        found = node_at(lem_json_key_value(k), n);
    return found;
}

static lem_json *odd_string(lem_rng *r) {
    static const char *const strings[] = {"",        "../x",      "/etc/passwd", "model.safetensors",
                                          "F8_E4M3", "BOOL",      "F64",         "F32",
                                          "<0x41>",  "<0x00>",    "\xc3\xa9",    "\xe2\x96\x81",
                                          " ",       "(?:a|aa)+", "BPE",         "Unigram",
                                          "null",    "-1",        "yarn",        "llama3",
                                          "a b",     "\n",        "\\p{L}",      "(("};
    if (pick(r, 12) == 0) {
        char text[3001];
        memset(text, (int)('a' + pick(r, 26)), sizeof text - 1);
        text[sizeof text - 1] = '\0';
        return lem_json_new_str(text);
    }
    if (pick(r, 12) == 0) return lem_json_new_strn("a\0b", 3);
    return lem_json_new_str(strings[pick(r, sizeof strings / sizeof *strings)]);
}

static lem_json *odd_number(const lem_json *was, lem_rng *r) {
    static const int64_t ints[] = {
        -1,        0,        1, 2, 3, 7, 8, 255, 65536, 2147483647, 2147483648, 4294967296, 9007199254740993,
        INT64_MAX, INT64_MIN};
    static const double reals[] = {0.5, -1e-9, 1e308, 1e-308, 1e30, -0.0, 3.0000001};
    int64_t i = lem_json_int(was, 5);
    switch (pick(r, 6)) {
    case 0: return lem_json_new_int((int64_t)((uint64_t)i + 1));
    case 1: return lem_json_new_int((int64_t)((uint64_t)i - 1));
    case 2: return lem_json_new_int((int64_t)((uint64_t)i * 2));
    case 3: return lem_json_new_num(reals[pick(r, sizeof reals / sizeof *reals)]);
    default: return lem_json_new_int(ints[pick(r, sizeof ints / sizeof *ints)]);
    }
}

static lem_json *wrapped(const lem_json *v, bool object) {
    lem_json *o = object ? lem_json_new_object() : lem_json_new_array();
    (void)(object ? lem_json_set(o, "x", lem_json_copy(v)) : lem_json_append(o, lem_json_copy(v)));
    return o;
}

enum { MANY_OF = 40 }; /* larger nodes are not copied 300 times: files stay small */

/* Members or elements: one dropped, doubled, or renamed; many copies; order turned round. */
static lem_json *odd_container(const lem_json *v, lem_rng *r) {
    size_t n = lem_json_count(v), at = (size_t)pick(r, n);
    uint64_t how = pick(r, 5);
    if (lem_json_kind(v) == LEM_JSON_OBJECT) {
        lem_json *o = lem_json_new_object();
        for (size_t i = 0; i < n; i++) {
            const char *key = lem_json_key_at(v, how == 4 ? n - 1 - i : i);
            if (i == at && how == 0) continue;
            (void)lem_json_set(o, i == at && how == 1 ? "renamed" : key, lem_json_copy(lem_json_get(v, key)));
            if (i == at && how == 2) (void)lem_json_set(o, "again", lem_json_copy(lem_json_get(v, key)));
            if (i == at && how == 3 && count_nodes(lem_json_get(v, key)) < MANY_OF)
                for (int k = 0; k < 300; k++) {
                    char name[16];
                    snprintf(name, sizeof name, "t%d", k);
                    (void)lem_json_set(o, name, lem_json_copy(lem_json_get(v, key)));
                }
        }
        return o;
    }
    lem_json *a = lem_json_new_array();
    for (size_t i = 0; i < n; i++) {
        const lem_json *e = lem_json_at(v, how == 4 ? n - 1 - i : i);
        if (i == at && how == 0) continue;
        (void)lem_json_append(a, lem_json_copy(e));
        for (int k = i == at && how > 0 ? (how == 3 && count_nodes(e) < MANY_OF ? 300 : 1) : 0; k > 0; k--)
            (void)lem_json_append(a, lem_json_copy(e));
    }
    return a;
}

static lem_json *odd_value(const lem_json *root, const lem_json *v, int nodes, lem_rng *r) {
    lem_json_type kind = lem_json_kind(v);
    if ((kind == LEM_JSON_OBJECT || kind == LEM_JSON_ARRAY) && pick(r, 3)) return odd_container(v, r);
    if ((kind == LEM_JSON_INT || kind == LEM_JSON_REAL) && pick(r, 3)) return odd_number(v, r);
    if (kind == LEM_JSON_STRING && pick(r, 3)) return odd_string(r);
    switch (pick(r, 9)) {
    case 0: return lem_json_new_null();
    case 1: return lem_json_new_bool(pick(r, 2));
    case 2: return odd_number(v, r);
    case 3: return odd_string(r);
    case 4: return lem_json_new_array();
    case 5: return lem_json_new_object();
    case 6: return wrapped(v, false);
    case 7: return wrapped(v, true);
    default: {
        int n = (int)pick(r, (uint64_t)nodes);
        const lem_json *other = node_at(root, &n);
        return count_nodes(other) > 1000 ? lem_json_new_null() : lem_json_copy(other);
    }
    }
}

/* A copy with node number *n replaced. */
static lem_json *with_changed(const lem_json *root, const lem_json *v, int *n, int nodes, lem_rng *r) {
    if ((*n)-- == 0) return odd_value(root, v, nodes, r);
    if (lem_json_kind(v) == LEM_JSON_ARRAY) {
        lem_json *a = lem_json_new_array();
        for (size_t i = 0; i < lem_json_count(v); i++)
            (void)lem_json_append(a, with_changed(root, lem_json_at(v, i), n, nodes, r));
        return a;
    }
    if (lem_json_kind(v) != LEM_JSON_OBJECT) return lem_json_copy(v);
    lem_json *o = lem_json_new_object();
    for (const char *k = lem_json_key_next(v, NULL); k; k = lem_json_key_next(v, k))
        (void)lem_json_set(o, k, with_changed(root, lem_json_key_value(k), n, nodes, r));
    return o;
}

/* `top`: half of the changes fall on the first so many nodes, where vocabularies would drown the rest. */
static void mutate_json(const lem_json *base, int top, lem_buf *out, lem_rng *r) {
    lem_json *v = lem_json_copy(base);
    for (uint64_t times = 1 + pick(r, 3); times > 0; times--) {
        int nodes = count_nodes(v), n = (int)pick(r, (uint64_t)(pick(r, 2) && top < nodes ? top : nodes));
        lem_json *next = with_changed(v, v, &n, nodes, r);
        lem_json_free(v);
        v = next;
    }
    lem_json_write(v, 0, out);
    lem_json_free(v);
    const char *colon = pick(r, 12) == 0 ? memchr(lem_buf_str(out), '{', out->len) : NULL;
    if (colon) { /* a name twice */
        lem_buf twice = {0};
        lem_buf_puts(&twice, "{\"version\":1,\"version\":2,");
        lem_buf_add(&twice, out->data + 1, out->len - 1);
        lem_buf_release(out);
        *out = twice;
    }
    if (pick(r, 5) == 0) damage_bytes(out, r);
}

/* ---- safetensors ---- */

static void mutate_safetensors(const char *base, size_t n, lem_buf *out, lem_rng *r) {
    lem_buf header = {0};
    lem_json *json = NULL;
    uint64_t length = 0;
    lem_err err = LEM_ERR_INIT;
    for (int i = 7; i >= 0; i--) length = length << 8 | (unsigned char)base[i];
    const char *data = base + 8 + length;
    size_t n_data = n - 8 - (size_t)length;
    if (lem_json_parse(base + 8, (size_t)length, &json, &err) != LEM_OK) abort();
    if (pick(r, 4)) mutate_json(json, 12, &header, r);
    else lem_buf_add(&header, base + 8, (size_t)length);
    lem_json_free(json);
    uint64_t said = header.len;
    if (pick(r, 8) == 0) said = pick(r, 2) ? said + pick(r, 64) - 32 : lem_rng_next(r) >> pick(r, 64);
    for (int i = 0; i < 8; i++) lem_buf_putc(out, (char)(said >> 8 * i));
    lem_buf_add(out, lem_buf_str(&header), header.len);
    size_t kept = pick(r, 5) ? n_data : (size_t)pick(r, n_data);
    lem_buf_add(out, data, kept);
    if (pick(r, 8) == 0) lem_buf_add(out, data, (size_t)pick(r, 64));
    if (pick(r, 8) == 0 && kept > 4)
        memcpy(out->data + out->len - 4, pick(r, 2) ? "\x00\x00\x80\x7f" : "\xff\xff\xff\xff",
               4); /* Inf, NaN */
    if (pick(r, 10) == 0) damage_bytes(out, r);
    lem_buf_release(&header);
}

/* ---- fields of a protobuf message, lines of a text ---- */

typedef struct span {
    size_t at, n;
} span;

static size_t varint(const char *s, size_t n, size_t at, uint64_t *v) {
    *v = 0;
    for (int shift = 0; at < n && shift < 64; shift += 7) {
        unsigned char c = (unsigned char)s[at++];
        *v |= (uint64_t)(c & 127) << shift;
        if (c < 128) return at;
    }
    return n;
}

static size_t split_fields(const char *s, size_t n, span *out, size_t max) {
    size_t count = 0;
    for (size_t at = 0; at < n && count < max; count++) {
        uint64_t tag, len;
        size_t from = at;
        at = varint(s, n, at, &tag);
        if ((tag & 7) == 2) {
            at = varint(s, n, at, &len);
            at = len < n - at ? at + (size_t)len : n;
        } else if ((tag & 7) == 0) at = varint(s, n, at, &len);
        else at = (tag & 7) == 5 ? at + 4 : at + 8;
        if (at > n) at = n;
        out[count] = (span){from, at - from};
    }
    return count;
}

static size_t split_lines(const char *s, size_t n, span *out, size_t max) {
    size_t count = 0;
    for (size_t at = 0; at < n && count < max; count++) {
        const char *end = memchr(s + at, '\n', n - at);
        size_t len = end ? (size_t)(end - (s + at)) + 1 : n - at;
        out[count] = (span){at, len};
        at += len;
    }
    return count;
}

/* Parts dropped, doubled, exchanged, or damaged inside. */
static void mutate_parts(const char *s, const span *part, size_t n, lem_buf *out, lem_rng *r) {
    size_t a = (size_t)pick(r, n), b = (size_t)pick(r, n);
    uint64_t how = pick(r, 6);
    for (size_t i = 0; i < n; i++) {
        span p = part[how == 2 && i == a ? b : how == 2 && i == b ? a : i];
        if (how == 0 && i == a) continue;
        if (how >= 3 && i == a) {
            lem_buf inner = {0};
            lem_buf_add(&inner, s + p.at, p.n);
            if (how == 3 && inner.len > 1)
                inner.data[pick(r, inner.len < 3 ? inner.len : 3)] = (char)pick(r, 256); /* tag or length */
            else damage_bytes(&inner, r);
            lem_buf_add(out, lem_buf_str(&inner), inner.len);
            lem_buf_release(&inner);
            continue;
        }
        lem_buf_add(out, s + p.at, p.n);
        if (how == 1 && i == a) lem_buf_add(out, s + part[b].at, part[b].n);
    }
    if (pick(r, 8) == 0) damage_bytes(out, r);
}

#endif
