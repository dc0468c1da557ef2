/* synth_plan.c - what a teacher will be asked and may cost, told before anything is sent */
#include "cli/runtime.h"
#include "cli/synth_run.h"

enum { LINE_BYTES = 1000 };

/* The request that goes out first, as it is; a line of the log holds so much of it. */
static void show_first(const lem_synth *s, const lem_buf *body) {
    const char *p = lem_buf_str(body);
    size_t left = body->len;
    lem_info(s->cli->log, "first request, %zu bytes:", left);
    while (left) {
        size_t n = left < LINE_BYTES ? left : LINE_BYTES;
        while (n < left && n > 1 && (p[n] & 0xc0) == 0x80) n--; /* no character is cut */
        lem_info(s->cli->log, "  %.*s", (int)n, p);
        p += n;
        left -= n;
    }
}

typedef struct lem_synth_figures {
    uint64_t requests, in, out;
    double cost;
} lem_synth_figures;

static lem_status print_plan(const lem_synth *s, const lem_synth_figures *f, const char *first,
                             lem_err *err) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", s->cmd->name);
    lem_object_bool(&o, "dry_run", true);
    lem_object_int(&o, "items", s->items);
    lem_object_int(&o, "requests", f->requests);
    lem_object_int(&o, "prompt_tokens", f->in);
    lem_object_int(&o, "max_generated_tokens", f->out);
    lem_object_num(&o, "max_cost", f->cost);
    lem_object_str(&o, "first_request", first);
    if (s->model) lem_memory_put(&s->memory, &o);
    return lem_print_json(s->cli->out, lem_object_done(&o), 0, err);
}

lem_status lem_synth_plan(lem_synth *s, lem_err *err) {
    uint64_t requests = 0, in = 0;
    lem_buf first = {0};
    char price[64] = "";
    lem_teach_estimate(s->teach, &requests, &in);
    uint64_t out = requests * (uint64_t)s->o.chat.max_tokens * (uint64_t)s->o.chat.n;
    double cost = ((double)in * s->o.price_in + (double)out * s->o.price_out) / 1e6;
    if (cost > 0) snprintf(price, sizeof price, "; at most about %.2f", cost);
    lem_status st = lem_teach_first(s->teach, &first, err);
    if (st == LEM_OK && first.len) show_first(s, &first);
    lem_info(s->cli->log,
             "plan: %zu items, %llu requests to %s; about %llu prompt tokens and up to %llu new ones%s",
             s->items, (unsigned long long)requests, s->model ? s->model : s->o.urls[0],
             (unsigned long long)in, (unsigned long long)out, price);
    if (st == LEM_OK && s->cli->json && s->cli->dry_run) {
        const lem_synth_figures f = {requests, in, out, cost};
        st = print_plan(s, &f, lem_buf_str(&first), err);
    }
    lem_buf_release(&first);
    return st;
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
