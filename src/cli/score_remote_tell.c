/* score_remote_tell.c - what is said of a scoring run over servers, to the user and to the manifest */
#include "cli/runtime.h"
#include "cli/score_quality.h"
#include "cli/score_remote_priv.h"
#include "core/object.h"

#include <stdio.h>

/* ---- in words ---- */

static const char *sent_words(const remote *r) {
    switch (r->request.input) {
    case LEM_REWARD_IDS: return "tokens of --tokenizer";
    case LEM_REWARD_TEXT: return "text rendered by --tokenizer";
    case LEM_REWARD_PAIR: return "question and solution, which the server joins by a form of its own";
    default: return "messages, which the server renders by its own template";
    }
}

static const char *activation_words(const remote *r) {
    if (r->request.api == LEM_REWARD_GET_REWARD) return NULL;
    return r->request.values == LEM_REWARD_PROBABILITIES
               ? "use_activation=false was sent, the server makes probabilities all the same: they are taken "
                 "as they are"
               : "use_activation=false";
}

static void formula_words(const remote *r, char out[96]) {
    if (r->request.values == LEM_REWARD_PROBABILITIES && r->head.formula == LEM_HEAD_SOFTMAX)
        snprintf(out, 96, "p[%d] of the server", r->head.output);
    else lem_head_formula_text(&r->head, out);
}

static const char *signs_words(const remote *r) {
    if (r->shape.kind != LEM_HEAD_KIND_RLHFLOW_PRM) return NULL;
    return r->recipe.keep_empty ? "each step behind '+' everywhere, empty steps too (--compat rlhflow)"
                                : "each step behind '+' everywhere";
}

static const char *aggregate_words(const remote *r) {
    return r->request.steps ? lem_eval_aggregator_name(r->aggregate) : NULL;
}

static const char *or_null(const char *text) { return text[0] ? text : NULL; }

/* To the manifest. */
static lem_status choose(remote *r, const char *formula, lem_err *err) {
    const struct {
        const char *name, *value;
    } chosen[] = {{"head", lem_head_kind_name(r->shape.kind)},
                  {"formula", formula},
                  {"position", lem_head_position(r->shape.kind)},
                  {"aggregate", aggregate_words(r)},
                  {"signs", signs_words(r)},
                  {"system", r->request.input == LEM_REWARD_PAIR ? NULL : r->recipe.system},
                  {"api", lem_reward_api_name(r->request.api)},
                  {"activation", activation_words(r)},
                  {"sent", sent_words(r)},
                  {"server_model", or_null(r->server_model)},
                  {"server", or_null(r->server)}};
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < sizeof chosen / sizeof *chosen; i++)
        if (chosen[i].value) st = lem_job_choose(r->file, chosen[i].name, chosen[i].value, err);
    return st;
}

/* To the user. */
static lem_status say(const remote *r, const char *formula, lem_err *err) {
    const char *signs = signs_words(r), *activation = activation_words(r),
               *path = lem_reward_path(r->request.api);
    const char *task = r->request.per_token ? " (token_classify)" : " (classify)";
    lem_buf b = {0};
    lem_buf_printf(&b, "%s: %s, %s %s", r->bases[0], lem_head_kind_name(r->shape.kind), formula,
                   lem_head_position(r->shape.kind));
    if (signs) lem_buf_printf(&b, ", %s", signs);
    if (r->request.steps) lem_buf_printf(&b, "; rm_score by %s", aggregate_words(r));
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) lem_info(r->cli->log, "%s", lem_buf_str(&b));
    lem_buf_clear(&b);
    lem_buf_printf(&b, "%s%s answers; sent are %s", path, r->request.api == LEM_REWARD_POOLING ? task : "",
                   sent_words(r));
    if (activation) lem_buf_printf(&b, "; %s", activation);
    if (st == LEM_OK) st = lem_buf_ok(&b, err);
    if (st == LEM_OK) lem_info(r->cli->log, "%s", lem_buf_str(&b));
    if (st == LEM_OK && r->request.input == LEM_REWARD_PAIR)
        lem_warn(r->cli->log,
                 "%s joins question and solution by a form of the server's own, without the system prompt: "
                 "for a model that was trained on conversations the scores mean little",
                 path);
    lem_buf_release(&b);
    return st;
}

lem_status lem_remote_tell_model(remote *r, lem_err *err) {
    char formula[96];
    formula_words(r, formula);
    lem_status st = choose(r, formula, err);
    return st == LEM_OK ? say(r, formula, err) : st;
}

/* ---- a dry run ---- */

static lem_status print_plan(const remote *r, uint64_t requests, uint64_t tokens, const char *first,
                             lem_err *err) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", r->cmd->name);
    lem_object_bool(&o, "dry_run", true);
    lem_object_int(&o, "problems", r->n_taken);
    lem_object_int(&o, "candidates", r->n_texts);
    lem_object_int(&o, "requests", requests);
    lem_object_int(&o, "prompt_tokens", tokens);
    lem_object_str(&o, "api", lem_reward_api_name(r->request.api));
    lem_object_str(&o, "first_request", first);
    return lem_print_json(r->cli->out, lem_object_done(&o), 0, err);
}

lem_status lem_remote_tell_plan(remote *r, lem_err *err) {
    uint64_t requests = 0, tokens = 0;
    lem_buf first = {0};
    lem_teach_estimate(r->teach, &requests, &tokens);
    lem_status st = lem_teach_first(r->teach, &first, err);
    if (st == LEM_OK && first.len)
        lem_info(r->cli->log, "first request to %s%s, %zu bytes: %.900s", r->bases[0],
                 lem_reward_path(r->request.api), first.len, lem_buf_str(&first));
    lem_info(r->cli->log, "plan: %zu candidates of %zu problems, %llu requests%s, about %llu prompt tokens",
             r->n_texts, r->n_rows, (unsigned long long)requests,
             r->named ? "" : " (and up to five that find the API)", (unsigned long long)tokens);
    if (st == LEM_OK && r->cli->json) st = print_plan(r, requests, tokens, lem_buf_str(&first), err);
    lem_buf_release(&first);
    return st;
}

/* ---- the end ---- */

static lem_status print_result(const remote *r, const lem_teach_stats *s, const lem_score_quality *q,
                               double seconds, lem_err *err) {
    char formula[96];
    formula_words(r, formula);
    lem_object o = lem_object_new();
    lem_object_int(&o, "problems", r->n_taken);
    lem_object_int(&o, "scores", r->counts.scored);
    lem_object_int(&o, "identical", r->counts.shared);
    lem_object_int(&o, "failed", r->counts.failed);
    lem_object_int(&o, "no_steps", r->counts.no_steps);
    lem_object_str(&o, "head", lem_head_kind_name(r->shape.kind));
    lem_object_str(&o, "formula", formula);
    lem_object_str(&o, "position", lem_head_position(r->shape.kind));
    lem_object_str(&o, "aggregate", aggregate_words(r));
    lem_object_str(&o, "signs", signs_words(r));
    lem_object_str(&o, "api", lem_reward_api_name(r->request.api));
    lem_object_str(&o, "server_model", r->server_model[0] ? r->server_model : NULL);
    lem_object_int(&o, "squashed_replies", r->counts.squashed);
    lem_object_int(&o, "resumed", r->resumed);
    lem_object_int(&o, "requests", s->requests + r->probes);
    lem_object_int(&o, "unsure", s->unsure);
    lem_object_int(&o, "tokens", s->tokens_in);
    lem_object_num(&o, "cost", s->cost);
    lem_object_num(&o, "seconds", seconds);
    lem_bad_rows_tell(&r->bad, &o);
    lem_score_quality_put(q, &o);
    return lem_print_json(r->cli->out, lem_object_done(&o), 0, err);
}

lem_status lem_remote_tell_result(remote *r, double seconds, lem_err *err) {
    lem_teach_stats s = lem_teach_count(r->teach);
    lem_info(
        r->cli->log,
        "%zu problems, %llu scores (%llu for identical texts), %llu without a score, %llu without steps; "
        "%llu requests, %llu tokens, %.1f requests/s",
        r->n_taken, (unsigned long long)r->counts.scored, (unsigned long long)r->counts.shared,
        (unsigned long long)r->counts.failed, (unsigned long long)r->counts.no_steps,
        (unsigned long long)(s.requests + r->probes), (unsigned long long)s.tokens_in,
        seconds > 0 ? (double)s.requests / seconds : 0);
    lem_score_quality q;
    lem_score_quality_of(r->cli, lem_job_is_shard(r->file) ? NULL : lem_job_out(r->file),
                         lem_args_str(r->args, "field"), &q);
    lem_score_quality_say(&q, r->cli->log);
    lem_status st = r->cli->json ? print_result(r, &s, &q, seconds, err) : LEM_OK;
    lem_score_quality_release(&q);
    return st;
}
