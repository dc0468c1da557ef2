/* prm_pace.c - what rollouts are to come, and how long they will be */
#include "cli/prm_pace.h"

#include "core/hash.h"
#include "core/log.h"
#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

/* Before any has ended a token is taken for so many bytes; that counts as much as a few rollouts. */
static const double usual_bytes = 3.5, usual_rollouts = 16;
/* Problems that are done first are those of few rollouts: all rollouts are counted for so many. */
static const double first_rollouts = 1024;

typedef struct prefix { /* a solution up to the end of a step */
    uint64_t hash;
    size_t place; /* in order of solutions and steps */
    double behind;
} prefix;

typedef struct prefixes {
    prefix *at;
    size_t n, cap;
} prefixes;

static lem_status add(prefixes *p, uint64_t hash, double behind, lem_err *err) {
    if (p->n == p->cap) {
        size_t cap = 2 * p->cap + 64;
        prefix *more = lem_realloc(p->at, cap, sizeof *more, err);
        if (!more) return LEM_EMEM;
        p->at = more;
        p->cap = cap;
    }
    p->at[p->n] = (prefix){hash, p->n, behind};
    p->n++;
    return LEM_OK;
}

static lem_status add_solution(prefixes *p, const char *text, const char *separator, lem_err *err) {
    size_t len = strlen(separator), all = strlen(text);
    lem_status st = LEM_OK;
    for (const char *at = strstr(text, separator); at && st == LEM_OK; at = strstr(at + len, separator)) {
        size_t n = (size_t)(at - text);
        st = add(p, lem_hash64(text, n, 0), (double)(all - n), err);
    }
    return st;
}

static int by_hash(const void *a, const void *b) {
    const prefix *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static int by_place(const void *a, const void *b) {
    const prefix *x = a, *y = b;
    return (x->place > y->place) - (x->place < y->place);
}

/* Equal ones become one, where the first of them stands: the points of an annotation, in their order. */
static void make_points(prefixes *p) {
    size_t kept = 0;
    if (p->n > 1) qsort(p->at, p->n, sizeof *p->at, by_hash);
    for (size_t i = 0; i < p->n; i++)
        if (i == 0 || p->at[i].hash != p->at[kept - 1].hash) p->at[kept++] = p->at[i];
    p->n = kept;
    if (p->n > 1) qsort(p->at, p->n, sizeof *p->at, by_place);
}

static lem_status keep_points(lem_prm_pace *p, const prefixes *x, lem_err *err) {
    if (p->n_points + x->n > p->cap) {
        size_t cap = 2 * (p->n_points + x->n);
        double *more = lem_realloc(p->bytes, cap, sizeof *more, err);
        if (!more) return LEM_EMEM;
        p->bytes = more;
        p->cap = cap;
    }
    for (size_t i = 0; i < x->n; i++) {
        p->bytes[p->n_points++] = x->at[i].behind;
        p->all_bytes += x->at[i].behind;
    }
    return LEM_OK;
}

static double bytes_of(const lem_prm_pace *p, size_t row, int point) {
    size_t at = p->first[row] + (size_t)(point > 0 ? point : 0);
    if (at < p->first[row + 1]) return p->bytes[at];
    return p->n_points ? p->all_bytes / (double)p->n_points : 1;
}

static lem_status open_row(lem_prm_pace *p, const lem_prm_row *r, size_t row, const char *separator,
                           prefixes *x, lem_err *err) {
    lem_status st = LEM_OK;
    x->n = 0;
    p->first[row] = p->n_points;
    for (int k = 0; k < r->n && st == LEM_OK; k++) st = add_solution(x, r->solution[k], separator, err);
    make_points(x);
    if (st == LEM_OK) st = keep_points(p, x, err);
    p->first[row + 1] = p->n_points;
    for (size_t k = 0; st == LEM_OK && k < r->n_known; k++)
        p->known_bytes += bytes_of(p, row, r->known[k].point);
    p->made[row] = (double)r->n_known;
    return st;
}

lem_status lem_prm_pace_open(lem_prm_pace *p, const lem_prm_rows *rows, const char *separator, int per_point,
                             lem_err *err) {
    prefixes x = {NULL, 0, 0};
    *p = (lem_prm_pace){.n = rows->problems.n, .per_point = per_point, .began = lem_clock_seconds()};
    p->first = lem_alloc_zero(p->n + 1, sizeof *p->first, err);
    p->made = p->first ? lem_alloc_zero(p->n + 1, sizeof *p->made, err) : NULL;
    lem_status st = p->made ? LEM_OK : LEM_EMEM;
    for (size_t i = 0; i < p->n && st == LEM_OK; i++) st = open_row(p, &rows->at[i], i, separator, &x, err);
    lem_free(x.at);
    return st;
}

void lem_prm_pace_made(lem_prm_pace *p, size_t row, int point, int tokens) {
    if (!p->first) return;
    p->made[row]++;
    p->ended++;
    p->ended_bytes += bytes_of(p, row, point);
    p->ended_tokens += tokens;
}

void lem_prm_pace_done(lem_prm_pace *p, size_t row) {
    if (!p->first) return;
    p->done_made += p->made[row];
    p->done_points += (double)(p->first[row + 1] - p->first[row]);
}

double lem_prm_pace_left(const lem_prm_pace *p, uint64_t generated) {
    double most = p->done_points * p->per_point;
    double share = (p->done_made + first_rollouts) / (most + first_rollouts);
    double usual = p->n_points ? usual_rollouts * p->all_bytes / (double)p->n_points : 1;
    double per_byte = (p->ended_tokens + usual / usual_bytes) / (p->ended_bytes + usual);
    double bytes = share * p->per_point * p->all_bytes - p->known_bytes - p->ended_bytes;
    double flying = (double)generated - p->ended_tokens, left = bytes * per_byte - flying;
    double rate = (double)generated / (lem_clock_seconds() - p->began);
    if (!(rate > 0)) return -1;
    return left > 0 ? left / rate : 0;
}

void lem_prm_pace_release(lem_prm_pace *p) {
    lem_free(p->bytes);
    lem_free(p->first);
    lem_free(p->made);
    *p = (lem_prm_pace){0};
}
