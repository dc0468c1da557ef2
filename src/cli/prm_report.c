/* prm_report.c - what an annotation of steps came to */
#include "cli/prm_report.h"
#include "cli/speculate_options.h"

#include "core/object.h"

#define CUT_SHARE 0.02 /* more than this share of cut rollouts is worth a word */

static double percent(uint64_t part, uint64_t all) { return all ? 100.0 * (double)part / (double)all : 0; }

static void show_steps(const lem_prm_outcome *x, lem_log *log) {
    lem_buf b = {0};
    for (int k = 0; k < 10 && x->tally->step[k].steps; k++)
        lem_buf_printf(&b, "%s%d: %.0f %% of %llu", k ? ", " : "", k + 1,
                       percent(x->tally->step[k].good, x->tally->step[k].steps - x->tally->step[k].unknown),
                       (unsigned long long)(x->tally->step[k].steps - x->tally->step[k].unknown));
    lem_info(log, "good by step: %s", lem_buf_str(&b));
    lem_buf_release(&b);
    for (int i = 0; i < x->tally->n_generators && i < 10; i++) {
        const lem_generator_tally *g = &x->tally->generator[i];
        lem_info(log, "generator %s: %llu solutions, %.0f %% correct, %.0f %% of %llu steps good", g->name,
                 (unsigned long long)g->solutions, percent(g->correct, g->solutions),
                 percent(g->steps.good, g->steps.steps - g->steps.unknown),
                 (unsigned long long)(g->steps.steps - g->steps.unknown));
    }
}

static void show_given(const lem_prm_outcome *x, lem_log *log) {
    const lem_annotate_tally *t = x->tally;
    if (t->given_other)
        lem_warn(log,
                 "%llu solutions have labels of another number of steps, which were not compared: see "
                 "--step-separator",
                 (unsigned long long)t->given_other);
    if (t->given_solutions)
        lem_info(log,
                 "against the rows' own labels: %.1f %% of %llu steps, the first error of %.1f %% of %llu "
                 "solutions",
                 percent(t->given_agree, t->given_steps), (unsigned long long)t->given_steps,
                 percent(t->first_error_agree, t->first_error), (unsigned long long)t->first_error);
}

/* What the labels are worth, beside them. */
static void show_doubts(const lem_prm_outcome *x, lem_log *log) {
    const lem_annotate_stats *s = x->stats;
    if ((double)s->truncated > CUT_SHARE * (double)s->rollouts)
        lem_warn(log,
                 "%.1f %% of the rollouts were cut off at %d tokens; they count as wrong unless they mark an "
                 "answer: labels are too low, see --max-tokens",
                 percent(s->truncated, s->rollouts), x->o->max_tokens);
    if (s->undecided)
        lem_warn(log,
                 "%llu of %llu rollouts have an answer that could not be decided; they count as not right",
                 (unsigned long long)s->undecided, (unsigned long long)s->rollouts);
    if (s->too_long)
        lem_warn(log, "%llu step ends do not fit the context of %d tokens and have no rollouts (-1)",
                 (unsigned long long)s->too_long, x->context);
    if (x->tally->undecided)
        lem_warn(log, "%llu solutions have a final answer that could not be decided: their last step is -1",
                 (unsigned long long)x->tally->undecided);
}

static double rollouts_of_point(const lem_annotate_stats *s) {
    return s->measured ? (double)s->rollouts / (double)s->measured : 0;
}

/* Tokens that a full scan would compute more, guessed from the rollouts that there were. */
static double full_scan(const lem_annotate_stats *s) {
    double mean = s->rollouts ? (double)s->rollout_tokens / (double)s->rollouts : 0;
    return (double)(s->points - s->measured) * mean * rollouts_of_point(s);
}

/* What it took. */
static void show_own(const lem_prm_outcome *x, lem_log *log) {
    const lem_annotate_stats *s = x->stats;
    lem_info(log, "this run computed %llu tokens of prefixes, which alone are %llu, and %llu of rollouts",
             (unsigned long long)s->prefix_fed, (unsigned long long)s->measured_alone,
             (unsigned long long)s->generated_fed);
    lem_speculate_tell(log, s->drafted, s->accepted, s->generated, s->engine_steps);
    if (x->o->binary)
        lem_info(
            log,
            "the search measured %llu of %llu prefixes; a full scan takes about %.0f rollout tokens more",
            (unsigned long long)s->measured, (unsigned long long)s->points, full_scan(s));
}

static void show_servers(const lem_prm_outcome *x, lem_log *log) {
    const lem_annotate_stats *s = x->stats;
    lem_teach_stats c = lem_teach_count(x->servers->teach);
    lem_info(log, "%llu requests, %llu + %llu tokens billed, cost %.4f", (unsigned long long)c.requests,
             (unsigned long long)c.tokens_in, (unsigned long long)c.tokens_out, c.cost);
    if (x->o->binary)
        lem_info(log, "the search measured %llu of %llu prefixes; a full scan takes about %.0f rollouts more",
                 (unsigned long long)s->measured, (unsigned long long)s->points,
                 (double)(s->points - s->measured) * rollouts_of_point(s));
}

static void show_work(const lem_prm_outcome *x, lem_log *log) {
    const lem_annotate_stats *s = x->stats;
    if (x->from == LEM_ANNOTATE_SAMPLES)
        lem_info(
            log,
            "labels from the samples themselves: %.1f share a step's end on average, %.1f %% of them right",
            s->measured ? (double)s->rollouts / (double)s->measured : 0, percent(s->right, s->rollouts));
    if (x->from == LEM_ANNOTATE_WORKED)
        lem_info(log, "labels from worked solutions: a step is good that stands there");
    if (x->from) return;
    lem_info(log, "%llu rollouts, %.1f %% right, from %llu prefixes of %llu step ends",
             (unsigned long long)s->rollouts, percent(s->right, s->rollouts), (unsigned long long)s->measured,
             (unsigned long long)s->steps);
    if (x->servers) show_servers(x, log);
    else show_own(x, log);
}

void lem_prm_show(const lem_prm_outcome *x, lem_log *log) {
    const lem_annotate_stats *s = x->stats;
    const lem_step_tally *all = &x->tally->all;
    if (!s) {
        lem_info(log, "%s: %llu solutions, labelled already", x->out, (unsigned long long)x->rows->solutions);
        lem_prm_judge_show(x->judge, log);
        return;
    }
    lem_info(log, "%s: %llu solutions, %llu steps, %.1f %% of %llu labelled ones good", x->out,
             (unsigned long long)x->tally->solutions, (unsigned long long)all->steps,
             percent(all->good, all->steps - all->unknown), (unsigned long long)(all->steps - all->unknown));
    show_steps(x, log);
    show_work(x, log);
    show_given(x, log);
    if (x->judge) lem_prm_judge_show(x->judge, log);
    show_doubts(x, log);
}

static lem_json *token_counts(const lem_prm_outcome *x) {
    const lem_annotate_stats *s = x->stats;
    lem_object o = lem_object_new();
    lem_object_int(&o, "prefixes_computed", s->prefix_fed);
    lem_object_int(&o, "prefixes_alone", s->measured_alone);
    lem_object_int(&o, "rollouts_computed", s->generated_fed);
    lem_object_int(&o, "rollouts_drawn", s->generated);
    lem_object_int(&o, "rollouts_counted", s->rollout_tokens);
    lem_speculate_json(s->drafted, s->accepted, s->generated, s->engine_steps, &o);
    if (x->o->binary) lem_object_num(&o, "full_scan_more_about", full_scan(s));
    return lem_object_done(&o);
}

lem_json *lem_prm_json(const lem_prm_outcome *x) {
    const lem_annotate_stats *s = x->stats;
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", "prm annotate");
    lem_object_str(&o, "out", x->out);
    lem_object_str(&o, "identity", x->identity);
    lem_object_bool(&o, "already_complete", false);
    lem_object_int(&o, "problems", x->rows->problems.n - x->rows->left_out);
    lem_bad_rows_tell(x->bad, &o);
    if (x->judge) lem_object_json(&o, "consensus", lem_prm_judge_json(x->judge));
    if (!s) return lem_object_done(&o);
    lem_object_int(&o, "correct_of_rows", x->rows->own);
    lem_object_int(&o, "correct_of_rows_as_graded", x->rows->own_agree);
    lem_object_json(&o, "labels", lem_annotate_tally_json(x->tally));
    lem_object_int(&o, "step_ends", s->steps);
    lem_object_int(&o, "too_long", s->too_long);
    lem_object_int(&o, "prefixes", s->points);
    lem_object_int(&o, "prefixes_measured", s->measured);
    lem_object_int(&o, "rollouts", s->rollouts);
    lem_object_int(&o, "right", s->right);
    lem_object_int(&o, "undecided", s->undecided);
    lem_object_int(&o, "truncated", s->truncated);
    lem_object_int(&o, "resumed", x->resumed);
    if (x->servers) lem_remote_tell(x->servers, &o);
    else lem_object_json(&o, "tokens", token_counts(x));
    lem_object_num(&o, "seconds", s->seconds);
    return lem_object_done(&o);
}
