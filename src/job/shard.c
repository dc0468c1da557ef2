/* shard.c - parts of rows: which rows, how they are written, divided and joined */
#include "job/shard.h"

#include "core/gcd.h"

#include <stdlib.h>
#include <string.h>

/* ---- rows ---- */

bool lem_shard_has(const lem_shard *s, uint64_t row) {
    for (int i = 0; i < s->n; i++)
        if (row % s->part[i].of == s->part[i].at) return true;
    return s->n == 0;
}

/* Chinese remainders: residues a mod m and b mod n have a number in common just when a = b mod gcd(m, n). */
static bool parts_meet(lem_shard_part a, lem_shard_part b) {
    uint32_t g = (uint32_t)lem_gcd(a.of, b.of);
    return a.at % g == b.at % g;
}

bool lem_shards_meet(const lem_shard *a, const lem_shard *b) {
    if (a->n == 0 || b->n == 0) return true;
    for (int i = 0; i < a->n; i++)
        for (int k = 0; k < b->n; k++)
            if (parts_meet(a->part[i], b->part[k])) return true;
    return false;
}

bool lem_shards_equal(const lem_shard *a, const lem_shard *b) {
    if (a->n != b->n) return false;
    for (int i = 0; i < a->n; i++)
        if (a->part[i].at != b->part[i].at || a->part[i].of != b->part[i].of) return false;
    return true;
}

static bool stands_before(lem_shard_part a, lem_shard_part b) {
    return a.of != b.of ? a.of < b.of : a.at < b.at;
}

static lem_status add_part(lem_shard *s, lem_shard_part p, lem_err *err) {
    int i = s->n;
    for (int k = 0; k < s->n; k++)
        if (parts_meet(s->part[k], p))
            return lem_fail(err, LEM_EUSAGE, "the parts %u/%u and %u/%u have rows in common",
                            s->part[k].at + 1, s->part[k].of, p.at + 1, p.of);
    if (s->n == LEM_SHARD_MAX_PARTS)
        return lem_fail(err, LEM_EUSAGE, "more than %d parts in one shard; take over fewer at a time",
                        LEM_SHARD_MAX_PARTS);
    for (; i > 0 && stands_before(p, s->part[i - 1]); i--) s->part[i] = s->part[i - 1];
    s->part[i] = p;
    s->n++;
    return LEM_OK;
}

lem_status lem_shard_join(lem_shard *a, const lem_shard *b, lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < b->n; i++) st = add_part(a, b->part[i], err);
    return st;
}

lem_status lem_shard_divide(const lem_shard *dead, uint32_t k, uint32_t m, lem_shard *out, lem_err *err) {
    lem_shard s = {.n = 0};
    for (int i = 0; i < dead->n; i++) {
        lem_shard_part p = dead->part[i];
        if ((uint64_t)p.of * m > LEM_SHARD_MAX_OF)
            return lem_fail(err, LEM_EUSAGE, "part %u/%u divided by %u: more than %d parts of one input",
                            p.at + 1, p.of, m, LEM_SHARD_MAX_OF);
        s.part[s.n++] = (lem_shard_part){p.at + k * p.of, p.of * m};
    }
    *out = s;
    return LEM_OK;
}

/* ---- text ---- */

/* A number from 1 to LEM_SHARD_MAX_OF without sign and leading zeros; NULL if there is none. */
static const char *read_number(const char *s, uint32_t *out) {
    uint32_t v = 0;
    const char *p = s;
    if (*p < '1' || *p > '9') return NULL;
    for (; *p >= '0' && *p <= '9'; p++) {
        v = 10 * v + (uint32_t)(*p - '0');
        if (v > LEM_SHARD_MAX_OF) return NULL;
    }
    *out = v;
    return p;
}

/* "7+23" and the separator and "192": numbers of parts that share one divisor. */
static const char *read_group(const char *s, const char *between, lem_shard *out, lem_err *err) {
    uint32_t at[LEM_SHARD_MAX_PARTS], of = 0;
    int n = 0;
    for (; n < LEM_SHARD_MAX_PARTS; s++) {
        s = read_number(s, &at[n]);
        if (!s) return NULL;
        n++;
        if (*s != '+') break;
    }
    if (!s || strncmp(s, between, strlen(between)) != 0) return NULL;
    s = read_number(s + strlen(between), &of);
    for (int i = 0; s && i < n; i++) {
        bool fits = at[i] <= of;
        if (!fits || add_part(out, (lem_shard_part){at[i] - 1, of}, err) != LEM_OK) return NULL;
    }
    return s;
}

static const char *read_shard(const char *s, const char *between, lem_shard *out, lem_err *err) {
    lem_shard got = {.n = 0};
    s = read_group(s, between, &got, err);
    while (s && *s == '+') s = read_group(s + 1, between, &got, err);
    if (s) *out = got;
    return s;
}

lem_status lem_shard_parse(const char *text, lem_shard *out, lem_err *err) {
    lem_err why = LEM_ERR_INIT;
    lem_shard s;
    const char *end = read_shard(text, "/", &s, &why);
    if (end && !*end) {
        *out = s;
        return LEM_OK;
    }
    if (why.status) return lem_fail(err, LEM_EUSAGE, "shard '%s': %s", text, why.text);
    return lem_fail(
        err, LEM_EUSAGE,
        "shard '%s': I/N expected, I from 1 to N, N at most %d (2/3), or several with + (7+23/192)", text,
        LEM_SHARD_MAX_OF);
}

const char *lem_shard_parse_name(const char *text, lem_shard *out) {
    lem_err ignored = LEM_ERR_INIT;
    return read_shard(text, "-of-", out, &ignored);
}

void lem_shard_put(const lem_shard *s, bool name, lem_buf *out) {
    for (int i = 0; i < s->n; i++) {
        bool last = i + 1 == s->n || s->part[i + 1].of != s->part[i].of;
        lem_buf_printf(out, "%s%u", i ? "+" : "", s->part[i].at + 1);
        if (last) lem_buf_printf(out, "%s%u", name ? "-of-" : "/", s->part[i].of);
    }
}
