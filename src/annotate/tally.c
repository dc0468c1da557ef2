/* tally.c - adds up the labels of solutions */
#include "annotate/tally.h"

#include "annotate/consensus.h"
#include "core/mem.h"
#include "core/object.h"

#include <string.h>

void lem_annotate_tally_release(lem_annotate_tally *t) {
    for (int i = 0; i < t->n_generators; i++) lem_free(t->generator[i].name);
    *t = (lem_annotate_tally){0};
}

/* The place of a generator's name, in their order; NULL if there is none left. */
static lem_status find_generator(lem_annotate_tally *t, const char *name, lem_generator_tally **out,
                                 lem_err *err) {
    int at = 0;
    *out = NULL;
    while (at < t->n_generators && strcmp(t->generator[at].name, name) < 0) at++;
    bool there = at < t->n_generators && strcmp(t->generator[at].name, name) == 0;
    if (!there && t->n_generators == LEM_TALLY_GENERATORS) return LEM_OK;
    *out = &t->generator[at];
    if (there) return LEM_OK;
    char *own = lem_strdup(name, err);
    if (!own) return LEM_EMEM;
    memmove(*out + 1, *out, (size_t)(t->n_generators++ - at) * sizeof **out);
    **out = (lem_generator_tally){.name = own};
    return LEM_OK;
}

static void add_step(lem_step_tally *t, const lem_annotated *a, int k, double label) {
    t->steps++;
    t->unknown += label < 0;
    t->good += label > 0;
    if (k + 1 == a->steps->n) return;
    t->right += (uint64_t)a->count[k][0];
    t->rollouts += (uint64_t)a->count[k][1];
}

static void compare(lem_annotate_tally *t, const double *label, const int8_t *given, int n) {
    double other[LEM_PROMPT_STEPS_MAX];
    for (int k = 0; k < n; k++) other[k] = given[k];
    int mine = lem_first_error_of_labels(label, n), theirs = lem_first_error_of_labels(other, n);
    t->given_solutions++;
    for (int k = 0; k < n; k++) {
        if (label[k] < 0 || given[k] < 0) continue;
        t->given_steps++;
        t->given_agree += (label[k] > 0) == (given[k] > 0);
    }
    if (mine == LEM_ERROR_UNKNOWN || theirs == LEM_ERROR_UNKNOWN) return;
    t->first_error++;
    t->first_error_agree += mine == theirs;
}

lem_status lem_annotate_tally_add(lem_annotate_tally *t, const lem_annotated *a, int correct,
                                  const char *generator, lem_given state, const int8_t *given, lem_err *err) {
    double label[LEM_PROMPT_STEPS_MAX];
    lem_generator_tally *g = NULL;
    int n = a->steps->n;
    lem_status st = generator ? find_generator(t, generator, &g, err) : LEM_OK;
    if (st) return st;
    lem_annotate_labels(a, false, label);
    t->solutions++;
    t->no_steps += n == 0;
    t->correct += correct == 1;
    t->undecided += correct < 0;
    t->other_generators += generator && !g;
    if (g) {
        g->solutions++;
        g->correct += correct == 1;
    }
    for (int k = 0; k < n; k++) {
        add_step(&t->all, a, k, label[k]);
        add_step(&t->step[k < LEM_TALLY_STEPS ? k : LEM_TALLY_STEPS - 1], a, k, label[k]);
        if (g) add_step(&g->steps, a, k, label[k]);
    }
    t->given_other += state == LEM_GIVEN_OTHER;
    if (state == LEM_GIVEN_READ) compare(t, label, given, n);
    return LEM_OK;
}

static void tell_steps(lem_object *o, const lem_step_tally *t) {
    lem_object_int(o, "steps", t->steps);
    lem_object_int(o, "good", t->good);
    lem_object_int(o, "unknown", t->unknown);
    lem_object_int(o, "right_rollouts", t->right);
    lem_object_int(o, "rollouts", t->rollouts);
}

static lem_json *by_step(const lem_annotate_tally *t) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int k = 0; ok && k < LEM_TALLY_STEPS && t->step[k].steps; k++) {
        lem_object o = lem_object_new();
        lem_object_int(&o, "step", (uint64_t)k);
        tell_steps(&o, &t->step[k]);
        ok = lem_json_append(list, lem_object_done(&o));
    }
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_json *by_generator(const lem_annotate_tally *t) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && i < t->n_generators; i++) {
        const lem_generator_tally *g = &t->generator[i];
        lem_object o = lem_object_new();
        lem_object_str(&o, "generator", g->name);
        lem_object_int(&o, "solutions", g->solutions);
        lem_object_int(&o, "correct", g->correct);
        tell_steps(&o, &g->steps);
        ok = lem_json_append(list, lem_object_done(&o));
    }
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_json *against_given(const lem_annotate_tally *t) {
    lem_object o = lem_object_new();
    lem_object_int(&o, "solutions", t->given_solutions);
    lem_object_int(&o, "other_number_of_steps", t->given_other);
    lem_object_int(&o, "steps", t->given_steps);
    lem_object_int(&o, "steps_agree", t->given_agree);
    lem_object_int(&o, "first_error", t->first_error);
    lem_object_int(&o, "first_error_agree", t->first_error_agree);
    return lem_object_done(&o);
}

lem_json *lem_annotate_tally_json(const lem_annotate_tally *t) {
    lem_object o = lem_object_new();
    lem_object_int(&o, "solutions", t->solutions);
    lem_object_int(&o, "without_steps", t->no_steps);
    lem_object_int(&o, "correct", t->correct);
    lem_object_int(&o, "undecided", t->undecided);
    tell_steps(&o, &t->all);
    lem_object_json(&o, "by_step", by_step(t));
    lem_object_json(&o, "by_generator", by_generator(t));
    lem_object_int(&o, "solutions_of_other_generators", t->other_generators);
    lem_object_json(&o, "given_labels", against_given(t));
    return lem_object_done(&o);
}
