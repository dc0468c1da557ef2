/* blend_plan.c - how many rows of each source, and which */
#include "curate/blend_priv.h"

#include "core/hash.h"
#include "core/rng.h"

#include <math.h>
#include <string.h>

/* The part of the order that is drawn from: places [lo, hi). */
static uint64_t place_of(double share, uint64_t n) {
    double p = floor(share * (double)n + 1e-9);
    return p >= (double)n ? n : (uint64_t)p;
}

static uint64_t room_of(const lem_blend_source *s, const lem_blend_taken *t) {
    double most = floor((double)t->part * s->repeat + 1e-9);
    if (s->cap >= 0 && most > (double)s->cap) most = (double)s->cap;
    return (uint64_t)most;
}

static lem_status check_source(const lem_blend_source *s, lem_err *err) {
    if (s->ratio > 0 && s->count >= 0)
        return lem_fail(err, LEM_EUSAGE, "source %s: ratio and count exclude each other", s->name);
    if (!(s->from < s->to) || s->from < 0 || s->to > 1)
        return lem_fail(err, LEM_EUSAGE, "source %s: from %.4g to %.4g is no part of 0 to 1", s->name,
                        s->from, s->to);
    if (!(s->repeat > 0)) return lem_fail(err, LEM_EUSAGE, "source %s: repeat must be above 0", s->name);
    return LEM_OK;
}

static lem_status too_few(const lem_blend_source *s, const lem_blend_taken *t, lem_err *err) {
    if (t->part == 0) return lem_fail(err, LEM_EDATA, "source %s: no rows to draw from", s->name);
    return lem_fail(
        err, LEM_EDATA,
        "source %s: %llu samples wanted, %llu rows there; repeat: %.4g would let them stand as often as "
        "needed",
        s->name, (unsigned long long)t->samples, (unsigned long long)t->part,
        ceil((double)t->samples / (double)t->part * 100 - 1e-6) / 100);
}

/* Sources without a ratio; *fixed is their sum. */
static void plan_fixed(const lem_blend_opts *o, lem_blend_taken *taken, double *ratios, uint64_t *fixed) {
    *ratios = 0;
    *fixed = 0;
    for (size_t i = 0; i < o->n; i++) {
        const lem_blend_source *s = &o->source[i];
        if (s->ratio > 0) {
            *ratios += s->ratio;
            continue;
        }
        taken[i].samples = room_of(s, &taken[i]);
        if (s->count >= 0) taken[i].samples = (uint64_t)s->count;
        if (s->cap >= 0 && taken[i].samples > (uint64_t)s->cap) taken[i].samples = (uint64_t)s->cap;
        *fixed += taken[i].samples;
    }
}

/* The most rows that the ratios allow without going over any room. */
static double most_by_ratio(const lem_blend_opts *o, const lem_blend_taken *taken, double ratios) {
    double most = INFINITY;
    for (size_t i = 0; i < o->n; i++) {
        const lem_blend_source *s = &o->source[i];
        double m = s->ratio > 0 ? (double)room_of(s, &taken[i]) / (s->ratio / ratios) : INFINITY;
        if (m < most) most = m;
    }
    return floor(most + 1e-6);
}

/* all rows by ratio: whole parts first, what is left to the largest remainders, of equal ones the first. */
static void plan_ratios(const lem_blend_opts *o, lem_blend_taken *taken, double ratios, uint64_t all) {
    double rest[LEM_BLEND_MAX_SOURCES];
    uint64_t given = 0;
    for (size_t i = 0; i < o->n; i++) {
        double share = (double)all * (o->source[i].ratio / ratios), whole = floor(share + 1e-9);
        rest[i] = o->source[i].ratio > 0 ? share - whole : -1;
        if (o->source[i].ratio > 0) taken[i].samples = (uint64_t)whole;
        if (o->source[i].ratio > 0) given += (uint64_t)whole;
    }
    for (; given < all; given++) {
        size_t best = 0;
        for (size_t i = 1; i < o->n; i++)
            if (rest[i] > rest[best]) best = i;
        taken[best].samples++;
        rest[best] = -0.5;
    }
}

/* Caps; without a total the rooms too, which a remainder may be one above. */
static void cap_ratios(const lem_blend_opts *o, lem_blend_taken *taken) {
    for (size_t i = 0; i < o->n; i++) {
        const lem_blend_source *s = &o->source[i];
        uint64_t room = room_of(s, &taken[i]);
        if (s->ratio > 0 && o->total < 0 && taken[i].samples > room) taken[i].samples = room;
        if (s->ratio > 0 && s->cap >= 0 && taken[i].samples > (uint64_t)s->cap)
            taken[i].samples = (uint64_t)s->cap;
    }
}

lem_status lem_blend_plan(const lem_blend_opts *o, lem_blend_taken *taken, lem_err *err) {
    double ratios;
    uint64_t fixed;
    if (o->n == 0 || o->n > LEM_BLEND_MAX_SOURCES)
        return lem_fail(err, LEM_EUSAGE, "1 to %d sources expected, found %zu", LEM_BLEND_MAX_SOURCES, o->n);
    for (size_t i = 0; i < o->n; i++) {
        lem_status st = check_source(&o->source[i], err);
        if (st) return st;
        taken[i].part =
            place_of(o->source[i].to, taken[i].there) - place_of(o->source[i].from, taken[i].there);
    }
    plan_fixed(o, taken, &ratios, &fixed);
    if (ratios > 0) {
        double all = o->total >= 0 ? (double)o->total - (double)fixed : most_by_ratio(o, taken, ratios);
        if (all < 0)
            return lem_fail(err, LEM_EUSAGE,
                            "--total %lld is less than the %llu rows of the sources without a ratio",
                            (long long)o->total, (unsigned long long)fixed);
        plan_ratios(o, taken, ratios, (uint64_t)all);
        cap_ratios(o, taken);
    } else if (o->total >= 0) {
        return lem_fail(err, LEM_EUSAGE, "--total needs a source with a ratio");
    }
    for (size_t i = 0; i < o->n; i++) {
        const uint64_t m = taken[i].samples, part = taken[i].part;
        if ((double)m > floor((double)part * o->source[i].repeat + 1e-9))
            return too_few(&o->source[i], &taken[i], err);
        taken[i].rows = m < part ? m : part;
    }
    return LEM_OK;
}

uint64_t lem_blend_place(const lem_blend_opts *o, size_t i, const lem_blend_taken *t, uint64_t r) {
    const lem_blend_source *s = &o->source[i];
    lem_rng key = lem_rng_make(o->seed, "blend-take", lem_hash64(s->name, strlen(s->name), 0));
    uint64_t place = lem_rng_permute(&key, t->there, r), lo = place_of(s->from, t->there);
    return place >= lo && place - lo < t->part ? place - lo : UINT64_MAX;
}

uint64_t lem_blend_times(const lem_blend_opts *o, size_t i, const lem_blend_taken *taken, uint64_t r) {
    uint64_t place = lem_blend_place(o, i, &taken[i], r), part = taken[i].part;
    if (place == UINT64_MAX || part == 0) return 0;
    return taken[i].samples / part + (place < taken[i].samples % part);
}
