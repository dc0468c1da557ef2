/* result.c - the outcome of selection over a file of candidates, as JSON and as text */
#include "eval/result.h"

#include "core/object.h"
#include "eval/decided.h"

#include <string.h>

void lem_eval_opts_from(lem_eval_opts *o, const lem_eval_data *d) {
    o->n_scorers = d->n_scorers;
    o->no_votes = d->no_votes;
    o->has_tokens = d->has_tokens;
    memcpy(o->scorers, d->scorers, sizeof o->scorers);
    memcpy(o->weighted, d->weighted, sizeof o->weighted);
}

void lem_eval_default_ks(lem_eval_opts *o, const lem_eval_data *d) {
    o->n_ks = 0;
    for (int k = 1; k < d->max_n && o->n_ks < LEM_EVAL_MAX_KS - 1; k *= 2) o->ks[o->n_ks++] = k;
    o->ks[o->n_ks++] = d->max_n;
}

/* ---- JSON ---- */

static lem_json *counts_json(const lem_eval_data *d) {
    lem_object o = lem_object_new();
    lem_object_int(&o, "problems", (uint64_t)d->n);
    lem_object_int(&o, "candidates", d->spoil.n);
    lem_object_int(&o, "without_score", d->spoil.unscored);
    lem_spoil_tell(&o, &d->spoil);
    return lem_object_done(&o);
}

/* The counts as the text tells them. */
static lem_json *spoiled_json(const lem_eval_data *d) {
    lem_buf b = {0};
    lem_spoil_text(&d->spoil, &b);
    lem_json *text = b.failed ? NULL : lem_json_new_str(lem_buf_str(&b));
    lem_buf_release(&b);
    return text;
}

static void weights_text(const lem_eval_data *d, lem_buf *out) {
    int n[3] = {0};
    for (int s = 0; s < d->n_scorers; s++) n[d->weighted[s]]++;
    lem_buf_puts(out, "weighted votes:");
    for (int w = LEM_EVAL_WEIGHT_SCORE; w >= LEM_EVAL_WEIGHT_SIGMOID; w--) {
        for (int s = 0, k = 0; s < d->n_scorers; s++)
            if ((int)d->weighted[s] == w) lem_buf_printf(out, "%s%s", k++ ? ", " : " ", d->scorers[s]);
        if (n[w])
            lem_buf_puts(out, w == LEM_EVAL_WEIGHT_SCORE ? " as they are, since they lie in 0..1"
                                                         : " by their sigmoid, since they leave 0..1");
        if (n[w] && w == LEM_EVAL_WEIGHT_SCORE && n[LEM_EVAL_WEIGHT_SIGMOID]) lem_buf_puts(out, ";");
    }
}

static bool any_weight(const lem_eval_data *d) {
    for (int s = 0; s < d->n_scorers; s++)
        if (d->weighted[s] && !d->no_votes) return true;
    return false;
}

/* Which rule broke ties between groups; false where none had to. */
static bool split_text(const lem_eval_data *d, lem_buf *out) {
    if (!d->split_groups) return false;
    lem_buf_printf(
        out,
        "in %d of %d problems an answer equals only some of a group (by the rule \"%s\") and votes in "
        "the first group, in the order of the answers' keys, all of whose answers it equals",
        d->split_groups, d->n, d->split_by);
    return true;
}

static lem_json *notes_json(const lem_eval_result *r, bool by_string) {
    const lem_eval_data *d = r->d;
    const lem_eval_opts *o = &r->o;
    lem_buf intervals = {0}, weights = {0}, pessimistic = {0}, votes = {0}, split = {0}, decided = {0};
    weights_text(d, &weights);
    lem_buf_printf(&pessimistic,
                   "pessimistic votes: the best mean weight less %.6g * sqrt(ln k / candidates)",
                   o->pessimistic);
    lem_buf_printf(
        &intervals,
        "intervals: 95 %% over problems, exact (Clopper-Pearson) where fewer than %d are right or wrong, "
        "mid-P (Korn-Graubard) and Hall else; paired differences: Bonett-Price, Student's where values are "
        "not "
        "0/1 and many differ, McNemar's exact test of 0/1 values, nothing concluded where fewer than %d "
        "problems differ; random subsets: %d per problem, seed %llu",
        LEM_EVAL_FEW_EVENTS, LEM_EVAL_FEW_PAIRS, o->n_seeds > 0 ? o->n_seeds : 0,
        (unsigned long long)o->seed);
    const char *string_votes = "votes count equal answer strings; candidates without an answer do not vote",
               *given_votes = "votes count the file's answer_group; candidates without an answer do not vote";
    lem_buf_printf(&votes,
                   "votes count answers that the policy %s calls equal, each to each; candidates without an "
                   "answer do not vote",
                   lem_grade_policy_name(d->policy));
    lem_decided_note(d->decided, &decided);
    const char *key_votes = d->groups_given ? given_votes : lem_buf_str(&votes);
    const struct {
        bool holds;
        const char *text;
    } notes[] = {
        {true, "exact: expectation over all k-subsets, tied scores and tied votes averaged; first-k: the "
               "first k candidates, first of the tied; seeds: mean over random k-subsets, first of the tied"},
        {true, lem_buf_str(&intervals)},
        {r->m.problems > 0,
         "some problems stand in several rows: intervals are over problems, not over rows"},
        {true, by_string ? string_votes : key_votes},
        {split_text(d, &split), lem_buf_str(&split)},
        {any_weight(d), lem_buf_str(&weights)},
        {d->no_probabilities,
         "step scores leave 0..1 and are no probabilities (implicit rewards): aggregators of "
         "probabilities are left out"},
        {o->pessimistic > 0 && any_weight(d), lem_buf_str(&pessimistic)},
        {d->spoil.undecided > 0, "undecided correctness counts as wrong"},
        {d->decided > 0, lem_buf_str(&decided)},
        {d->min_n != d->max_n,
         "problems with fewer than k candidates are left out at k; n says how many are in"},
    };
    lem_json *list = lem_json_new_array();
    bool ok = list && !intervals.failed && !weights.failed && !pessimistic.failed && !votes.failed &&
              !split.failed && !decided.failed;
    for (size_t i = 0; ok && i < sizeof notes / sizeof *notes; i++)
        if (notes[i].holds) ok = lem_json_append(list, lem_json_new_str(notes[i].text));
    lem_buf_release(&intervals);
    lem_buf_release(&weights);
    lem_buf_release(&votes);
    lem_buf_release(&split);
    lem_buf_release(&decided);
    lem_buf_release(&pessimistic);
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

lem_status lem_eval_result_make(const lem_eval_data *d, const lem_eval_opts *o, lem_eval_result *out,
                                lem_err *err) {
    lem_eval_result r = {.d = d, .o = *o};
    lem_status st = lem_eval_metrics(d->p, d->n, o, &r.m, err);
    for (int s = 0; st == LEM_OK && s < d->n_scorers; s++)
        st = lem_eval_quality_of(d->p, d->n, s, o->pool, &r.q[s], err);
    for (int b = 0; st == LEM_OK && b < d->n_by; b++) st = lem_eval_strata_of(d, b, o, &r.by[b], err);
    if (st == LEM_OK) *out = r;
    else lem_eval_result_release(&r);
    return st;
}

void lem_eval_result_release(lem_eval_result *r) {
    lem_metrics_release(&r->m);
    for (int b = 0; b < LEM_EVAL_MAX_BY; b++) lem_eval_strata_release(&r->by[b]);
    r->d = NULL;
}

static lem_json *qualities_json(const lem_eval_data *d, const lem_eval_quality *q) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int s = 0; ok && s < d->n_scorers; s++)
        if (q[s].problems) ok = lem_json_append(list, lem_eval_quality_json(d->scorers[s], &q[s]));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_json *strata_json(const lem_eval_result *r) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int b = 0; ok && b < r->d->n_by; b++) ok = lem_json_append(list, lem_eval_strata_json(&r->by[b]));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

lem_json *lem_eval_result_json(const lem_eval_result *r, bool by_string) {
    const lem_eval_data *d = r->d;
    lem_object o = lem_object_new();
    lem_object_str(&o, "format", d->ground);
    lem_object_json(&o, "metrics", lem_metrics_json(r->m.m, r->m.n, false));
    lem_object_json(&o, "differences", lem_metrics_json(r->m.diff, r->m.n_diff, true));
    lem_object_json(&o, "scores", qualities_json(d, r->q));
    lem_object_json(&o, "by", strata_json(r));
    lem_object_json(&o, "notes", notes_json(r, by_string));
    lem_object_json(&o, "warnings", lem_spoil_warnings(&d->spoil));
    lem_object_json(&o, "spoiled", spoiled_json(d));
    lem_object_json(&o, "counts", counts_json(d));
    lem_object_json(&o, "correctness", lem_eval_correctness_json(d));
    return lem_object_done(&o);
}

/* ---- text ---- */

void lem_eval_result_text(const lem_eval_result *r, lem_eval_telling how, lem_buf *out) {
    const lem_eval_data *d = r->d;
    lem_buf_printf(out, "%s\n%d problems, %llu candidates (%d to %d a problem)", d->ground, d->n,
                   (unsigned long long)d->spoil.n, d->min_n, d->max_n);
    lem_buf_puts(out, "; ");
    lem_eval_correctness_text(d, out);
    if (r->m.problems) lem_buf_printf(out, "; only %d are distinct: intervals are over those", r->m.problems);
    if (d->no_probabilities)
        lem_buf_puts(out, "; step scores leave 0..1, so what needs probabilities is left out");
    lem_buf_puts(out, "\n");
    if (any_weight(d)) {
        weights_text(d, out);
        lem_buf_puts(out, "\n");
    }
    lem_buf_puts(out, "\n");
    if (how == LEM_EVAL_TELL_ALL) lem_metrics_table(&r->m, out);
    else lem_metrics_claims(&r->m, d->n, how == LEM_EVAL_TELL_EVERY_K, out);
    lem_eval_quality_table(d->scorers, r->q, d->n_scorers, out);
    for (int b = 0; b < d->n_by; b++) lem_eval_strata_table(&r->by[b], &r->o, out);
    lem_spoil_lines(&d->spoil, "", out);
    lem_buf split = {0};
    if (split_text(d, &split)) lem_buf_printf(out, "note: %s\n", lem_buf_str(&split));
    lem_buf_release(&split);
}
