/* compare_text.c - a comparison as JSON for programs and as text for people */
#include "core/object.h"
#include "eval/compare.h"
#include "eval/decided.h"

#include <math.h>
#include <stdio.h>

static lem_json *interval_json(const lem_eval_interval *at) {
    lem_object o = lem_object_new();
    lem_object_num(&o, "value", at->mean);
    lem_object_num(&o, "low", at->lo);
    lem_object_num(&o, "high", at->hi);
    return lem_object_done(&o);
}

static lem_json *bootstrap_json(const lem_bootstrap *b) {
    lem_object o = lem_object_new();
    lem_object_range(&o, "ci95", b->low, b->high);
    lem_object_num(&o, "above", b->above);
    lem_object_int(&o, "resamples", LEM_BOOTSTRAP_RESAMPLES);
    return lem_object_done(&o);
}

static lem_json *comparison_json(const lem_comparison *x) {
    const lem_eval_pairs *d = &x->b_minus_a;
    lem_object o = lem_object_new();
    lem_object_str(&o, "name", x->name);
    lem_object_str(&o, "protocol", x->protocol);
    lem_object_json(&o, "a", interval_json(&x->a));
    lem_object_json(&o, "b", interval_json(&x->b));
    lem_object_json(&o, "b_minus_a", interval_json(&d->at));
    lem_object_int(&o, "better", (uint64_t)d->better);
    lem_object_int(&o, "worse", (uint64_t)d->worse);
    if (isfinite(d->p)) lem_object_num(&o, "p", d->p);
    lem_object_bool(&o, "too_few", d->too_few);
    if (x->resampled) lem_object_json(&o, "bootstrap", bootstrap_json(&x->bootstrap));
    return lem_object_done(&o);
}

static lem_json *flip_json(const lem_flip *f) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "problem", f->name);
    lem_object_bool(&o, "now_right", f->now_right);
    return lem_object_done(&o);
}

/* Takes item; false ends the list. */
static bool add(lem_json **list, lem_json *item) {
    if (*list && item && lem_json_append(*list, item)) return true;
    lem_json_free(*list);
    *list = NULL;
    return false;
}

/* Whose word correctness is, of both. */
static lem_json *correctness_json(const lem_compared *c) {
    lem_object o = lem_object_new();
    lem_object_json(&o, "a", lem_eval_correctness_json(c->a));
    lem_object_json(&o, "b", lem_eval_correctness_json(c->b));
    return lem_object_done(&o);
}

static lem_json *counts_json(const lem_compared *c) {
    lem_object o = lem_object_new();
    lem_object_int(&o, "a", c->a->spoil.unscored);
    lem_object_int(&o, "b", c->b->spoil.unscored);
    return lem_object_done(&o);
}

/* Of each side that was sampled until votes were decided. */
static void decided_note(char side, const lem_eval_data *d, lem_buf *out) {
    if (d->decided == 0) return;
    lem_buf_printf(out, "%c: ", side);
    lem_decided_note(d->decided, out);
}

static bool add_note(lem_json *list, char side, const lem_eval_data *d) {
    lem_buf b = {0};
    decided_note(side, d, &b);
    bool ok = !b.failed && (b.len == 0 || lem_json_append(list, lem_json_new_str(lem_buf_str(&b))));
    lem_buf_release(&b);
    return ok;
}

static lem_json *notes_json(const lem_compared *c) {
    lem_json *list = lem_json_new_array();
    if (list && add_note(list, 'A', c->a) && add_note(list, 'B', c->b)) return list;
    lem_json_free(list);
    return NULL;
}

static lem_json *spoil_json(const lem_spoil *s) {
    lem_object o = lem_object_new();
    lem_object_int(&o, "candidates", s->n);
    lem_spoil_tell(&o, s);
    lem_object_json(&o, "warnings", lem_spoil_warnings(s));
    return lem_object_done(&o);
}

static lem_json *spoils_json(const lem_compared *c) {
    lem_object o = lem_object_new();
    lem_object_json(&o, "a", spoil_json(&c->a->spoil));
    lem_object_json(&o, "b", spoil_json(&c->b->spoil));
    return lem_object_done(&o);
}

lem_json *lem_compared_json(const lem_compared *c) {
    lem_json *metrics = lem_json_new_array(), *flips = lem_json_new_array();
    for (int i = 0; i < c->n_at && add(&metrics, comparison_json(&c->at[i])); i++) {}
    for (int i = 0; i < c->n_flips && add(&flips, flip_json(&c->flip[i])); i++) {}
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", "compare");
    lem_object_int(&o, "problems", (uint64_t)c->n);
    lem_object_int(&o, "only_a", (uint64_t)c->only_a);
    lem_object_int(&o, "only_b", (uint64_t)c->only_b);
    lem_object_json(&o, "correctness", correctness_json(c));
    lem_object_json(&o, "without_score", counts_json(c));
    lem_object_json(&o, "counts", spoils_json(c));
    lem_object_json(&o, "notes", notes_json(c));
    lem_object_json(&o, "metrics", metrics);
    lem_object_str(&o, "flipped_by", c->n_at ? c->at[c->flipped].name : "");
    lem_object_json(&o, "flipped", flips);
    return lem_object_done(&o);
}

static void put_interval(const lem_eval_interval *at, bool sign, lem_buf *out) {
    char text[48];
    snprintf(text, sizeof text, sign ? "%+6.2f [%+.2f, %+.2f]" : "%6.2f [%.2f, %.2f]", 100 * at->mean,
             100 * at->lo, 100 * at->hi);
    lem_buf_printf(out, "  %-24s", text);
}

static void put_comparison(const lem_comparison *x, lem_buf *out) {
    const lem_eval_pairs *d = &x->b_minus_a;
    lem_buf_printf(out, "%-18s %-8s", x->name, x->protocol);
    put_interval(&x->a, false, out);
    put_interval(&x->b, false, out);
    put_interval(&d->at, true, out);
    if (d->too_few)
        lem_buf_printf(out, "  too few problems differ (%d) to conclude anything\n", d->better + d->worse);
    else if (isfinite(d->p))
        lem_buf_printf(out, "  better on %d, worse on %d (p %.2g)\n", d->better, d->worse, d->p);
    else lem_buf_printf(out, "  better on %d, worse on %d\n", d->better, d->worse);
}

static void put_side(char side, const lem_eval_data *d, lem_buf *out) {
    lem_buf_printf(out, "%c: ", side);
    lem_eval_correctness_text(d, out);
    lem_buf_putc(out, '\n');
}

static void put_sides(const lem_compared *c, lem_buf *out) {
    put_side('A', c->a, out);
    put_side('B', c->b, out);
    if (c->a->graded_here != c->b->graded_here)
        lem_buf_puts(out,
                     "note: one of them is graded here and the other is not: --regrade grades both alike\n");
    for (int side = 0; side < 2; side++) {
        const lem_eval_data *d = side ? c->b : c->a;
        if (d->decided == 0) continue;
        lem_buf_puts(out, "note: ");
        decided_note(side ? 'B' : 'A', d, out);
        lem_buf_putc(out, '\n');
    }
}

static void put_flips(const lem_compared *c, int flips, lem_buf *out) {
    if (c->n_flips == 0) return;
    lem_buf_printf(out, "\n%d problems flipped (%s, first k)%s\n", c->n_flips, c->at[c->flipped].name,
                   c->n_flips > flips ? ", the first of them:" : ":");
    for (int i = 0; i < c->n_flips && i < flips; i++)
        lem_buf_printf(out, "  %s  %s\n", c->flip[i].now_right ? "wrong -> right" : "right -> wrong",
                       c->flip[i].name);
}

/* Where enough problems differ for it to hold. */
static void put_bootstraps(const lem_compared *c, lem_buf *out) {
    bool any = false;
    for (int i = 0; i < c->n_at; i++) {
        const lem_comparison *x = &c->at[i];
        if (!x->resampled || x->b_minus_a.too_few) continue;
        if (!any)
            lem_buf_printf(out, "\npaired bootstrap (BCa, %d resamples), B - A\n", LEM_BOOTSTRAP_RESAMPLES);
        any = true;
        lem_buf_printf(out, "%-18s [%+.2f, %+.2f], above 0 in %.1f %%\n", x->name, 100 * x->bootstrap.low,
                       100 * x->bootstrap.high, 100 * x->bootstrap.above);
    }
}

void lem_compared_text(const lem_compared *c, int flips, lem_buf *out) {
    lem_buf_printf(out, "%d problems in both", c->n);
    if (c->only_a || c->only_b)
        lem_buf_printf(out, "; %d only in A, %d only in B, left out", c->only_a, c->only_b);
    lem_buf_putc(out, '\n');
    put_sides(c, out);
    lem_buf_printf(out, "\n%-18s %-8s  %-24s  %-24s  %s\n", "percent [95 %]", "protocol", "A", "B",
                   "B - A, points");
    for (int i = 0; i < c->n_at; i++) put_comparison(&c->at[i], out);
    put_bootstraps(c, out);
    put_flips(c, flips, out);
    lem_spoil_lines(&c->a->spoil, "A: ", out);
    lem_spoil_lines(&c->b->spoil, "B: ", out);
}
