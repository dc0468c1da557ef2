/* synth_plan.c - what a teacher will be asked and may cost, told before anything is sent */
#include "cli/runtime.h"
#include "cli/synth_run.h"

static void show_first(const lem_synth *s) {
    lem_buf body = {0};
    if (lem_teach_first(s->teach, &body, NULL) == LEM_OK && body.len)
        lem_info(s->cli->log, "first request: %.900s", lem_buf_str(&body));
    lem_buf_release(&body);
}

lem_status lem_synth_plan(lem_synth *s, lem_err *err) {
    uint64_t requests = 0, in = 0;
    char price[64] = "";
    lem_teach_estimate(s->teach, &requests, &in);
    uint64_t out = requests * (uint64_t)s->o.chat.max_tokens * (uint64_t)s->o.chat.n;
    double cost = ((double)in * s->o.price_in + (double)out * s->o.price_out) / 1e6;
    if (cost > 0) snprintf(price, sizeof price, "; at most about %.2f", cost);
    if (requests) show_first(s);
    lem_info(s->cli->log,
             "plan: %zu items, %llu requests to %s; about %llu prompt tokens and up to %llu new ones%s",
             s->items, (unsigned long long)requests, s->model ? s->model : s->urls[0], (unsigned long long)in,
             (unsigned long long)out, price);
    if (!s->cli->json || !s->cli->dry_run) return LEM_OK;
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", s->cmd->name);
    lem_object_bool(&o, "dry_run", true);
    lem_object_int(&o, "items", s->items);
    lem_object_int(&o, "requests", requests);
    lem_object_int(&o, "prompt_tokens", in);
    lem_object_int(&o, "max_generated_tokens", out);
    lem_object_num(&o, "max_cost", cost);
    return lem_print_json(s->cli->out, lem_object_done(&o), 0, err);
}

lem_status lem_synth_begin(lem_synth *s, lem_err *err) {
    lem_teach_stats c = lem_teach_count(s->teach);
    s->resumed = c.done;
    if (s->resumed)
        lem_info(s->cli->log, "going on: %llu of %zu items are answered already",
                 (unsigned long long)s->resumed, s->items);
    lem_status st = lem_synth_plan(s, err);
    s->progress = lem_progress_new(s->cli->log, s->cmd->name, "items", s->items, c.done + c.dead);
    lem_teach_watch(s->teach, s->progress);
    return st;
}
