/* memory_plan.c - the memory of a command that samples or scores */
#include "cli/memory_plan.h"
#include "cli/score_options.h"
#include "cli/weights_options.h"

#include "core/machine.h"
#include "core/memory_limits.h"
#include "core/pool.h"
#include "model/session.h"

#include <stdio.h>
#include <stdlib.h>

enum { LEAST_ROWS = 64 };

/* Of what is free, so that a run beside which others grow a little still fits. */
static const double SHARE_OF_FREE = 0.95;

lem_memory_ask lem_memory_asked(const lem_args *args) {
    return (lem_memory_ask){.dtype = lem_weights_dtype(args), .compute = lem_weights_products(args)};
}

lem_dtype lem_memory_kv(const lem_memory_ask *ask, const lem_model_config *c) {
    return lem_session_kv_dtype(c, ask->dtype, ask->compute);
}

double lem_memory_total(const lem_memory_parts *p) { return p->weights + p->work + p->results + p->program; }

double lem_memory_scratch(const lem_cli *cli, int longest, int vocab) {
    int threads = cli->threads ? cli->threads : lem_pool_default_threads();
    return (double)threads * (double)lem_backend_scratch_bytes(longest, vocab);
}

double lem_memory_of_text(const lem_tokenizer *t, double tokens) {
    enum { AROUND = 800 };
    int32_t vocab = lem_tokenizer_vocab(t);
    double bytes = 0;
    for (int32_t id = 0; id < vocab; id++) {
        size_t n = 0;
        if (lem_tokenizer_token_bytes(t, id, &n)) bytes += (double)n;
    }
    return AROUND + (vocab ? tokens * bytes / vocab : 0);
}

size_t lem_memory_spare(const lem_memory_parts *p) {
    const double most = (double)((size_t)1 << 50);
    return p->room < 2          ? 1
           : p->room / 2 < most ? (size_t)(p->room / 2)
                                : (size_t)most; /* 0 would be the default */
}

void lem_memory_put(const lem_memory_parts *p, lem_object *o) {
    lem_object_num(o, "memory_bytes", lem_memory_total(p));
    lem_object_num(o, "weight_bytes", p->weights);
    lem_object_num(o, "engine_bytes", p->work);
    lem_object_num(o, "result_bytes", p->results);
    lem_object_num(o, "program_bytes", p->program);
}

/* ---- what is asked for, and what could be */

/* Without results, whose length nobody knows: they are told, and never a reason to refuse. */
static double need(const lem_memory_job *j, const lem_memory_ask *ask) {
    lem_memory_parts p = {0};
    j->of(j->ctx, ask, &p);
    return p.weights + p.work;
}

enum { SLOTS, MAX_TOKENS, MAX_ROWS, N_SETTINGS };
static const char *const names[N_SETTINGS] = {"slots", "max-tokens", "max-rows"};

static int *setting_of(lem_memory_ask *ask, int which) {
    int *const all[N_SETTINGS] = {&ask->slots, &ask->max_tokens, &ask->max_rows};
    return all[which];
}

/* The largest value of a setting, up to its own, with which it takes no more than `room`, or `least`. What it
 * takes grows with the setting. */
static void lower(const lem_memory_job *j, lem_memory_ask *ask, int which, int least, double room) {
    int *setting = setting_of(ask, which), high = *setting, low = least < high ? least : high;
    while (low < high) {
        *setting = high - (high - low) / 2;
        if (need(j, ask) <= room) low = *setting;
        else high = *setting - 1;
    }
    *setting = low;
}

/* Those that nobody changed, and that change no result. */
static void lower_defaults(const lem_memory_job *j, lem_memory_ask *ask, double room) {
    if (ask->max_rows == (int)strtol(LEM_STANDARD_ROWS, NULL, 10)) lower(j, ask, MAX_ROWS, LEAST_ROWS, room);
    if (ask->slots && lem_args_int(j->args, names[SLOTS]) == 0) lower(j, ask, SLOTS, 1, room);
}

/* ---- a plan that does not fit */

typedef struct advice {
    const lem_memory_job *j;
    double room, program;
    lem_buf text;
} advice;

/* Adds "--slots 12 takes 3.1 GB" if that fits. */
static void advise(advice *a, const char *option, const lem_memory_ask *ask) {
    double takes = need(a->j, ask);
    if (takes > a->room) return;
    lem_buf_printf(&a->text, "%s%s takes %.2f GB", a->text.len ? ", " : "", option,
                   (takes + a->program) / 1e9);
}

/* No option alone makes it fit: what the least of all takes, of which ask has the int8 weights. */
static void advise_together(advice *a, lem_memory_ask *ask) {
    lem_buf_printf(&a->text, "no option alone makes it fit;");
    for (int i = 0; i < N_SETTINGS; i++) {
        if (!*setting_of(ask, i)) continue;
        *setting_of(ask, i) = i == MAX_ROWS ? LEAST_ROWS : 1;
        lem_buf_printf(&a->text, " --%s %d", names[i], *setting_of(ask, i));
    }
    lem_buf_printf(&a->text, " --compute int8 takes %.2f GB", (need(a->j, ask) + a->program) / 1e9);
}

static void advise_all(advice *a, const lem_memory_ask *asked) {
    lem_memory_ask ask = *asked;
    for (int i = 0; i < N_SETTINGS; i++, ask = *asked) {
        char option[64];
        if (*setting_of(&ask, i) <= 1) continue;
        lower(a->j, &ask, i, i == MAX_ROWS ? LEAST_ROWS : 1, a->room);
        snprintf(option, sizeof option, "--%s %d", names[i], *setting_of(&ask, i));
        advise(a, option, &ask);
    }
    if (asked->compute == LEM_COMPUTE_F32 && asked->dtype != LEM_DTYPE_I8) {
        ask.dtype = LEM_DTYPE_BF16;
        if (asked->dtype == LEM_DTYPE_F32) advise(a, "--dtype bf16", &ask);
        ask.compute = LEM_COMPUTE_BF16;
        advise(a, "--compute bf16", &ask);
    }
    ask.dtype = LEM_DTYPE_I8;
    ask.compute = LEM_COMPUTE_F32;
    if (asked->dtype != LEM_DTYPE_I8) advise(a, "--compute int8", &ask);
    if (a->text.len == 0) advise_together(a, &ask);
}

/* What p takes, and who does not allow it. */
static void say(const lem_memory_job *j, const lem_memory_parts *p, const lem_memory_limits *l, char *to,
                size_t n) {
    snprintf(to, n,
             "%s takes %.2f GB (weights %.2f, keys, values and rows %.2f, program and data %.2f), %s %.2f",
             j->what, (p->weights + p->work + p->program) / 1e9, p->weights / 1e9, p->work / 1e9,
             p->program / 1e9, l->who, (l->room + p->program) / 1e9);
}

static lem_status refuse(const lem_memory_job *j, const lem_memory_ask *ask, const lem_memory_parts *p,
                         const lem_memory_limits *l, lem_err *err) {
    char text[512];
    advice a = {.j = j, .room = l->room, .program = p->program};
    say(j, p, l, text, sizeof text);
    advise_all(&a, ask);
    lem_status st = lem_buf_ok(&a.text, err);
    if (st == LEM_OK && j->cli->dry_run)
        lem_warn(j->cli->log, "it does not fit here: %s; %s", text, lem_buf_str(&a.text));
    else if (st == LEM_OK) st = lem_fail(err, LEM_EMEM, "%s; %s", text, lem_buf_str(&a.text));
    lem_buf_release(&a.text);
    return st;
}

static void tell(const lem_memory_job *j, const lem_memory_parts *p) {
    lem_info(j->cli->log,
             "plan: memory %.3f GB (weights %.3f, keys, values and rows %.3f, results %.3f, program and data "
             "%.3f)",
             lem_memory_total(p) / 1e9, p->weights / 1e9, p->work / 1e9, p->results / 1e9, p->program / 1e9);
}

static void tell_lowered(const lem_memory_job *j, const lem_memory_ask *asked, const lem_memory_ask *ask,
                         const lem_memory_limits *l) {
    if (ask->slots < asked->slots)
        lem_info(j->cli->log, "--slots %d in place of %d, for %.2f GB are free", ask->slots, asked->slots,
                 l->free / 1e9);
    if (ask->max_rows < asked->max_rows)
        lem_info(j->cli->log, "--max-rows %d in place of %d, for %.2f GB are free", ask->max_rows,
                 asked->max_rows, l->free / 1e9);
}

lem_status lem_memory_fit(const lem_memory_job *j, lem_memory_ask *ask, lem_memory_parts *out, lem_err *err) {
    lem_memory_limits l = lem_memory_limits_look("");
    lem_memory_parts p = {0};
    lem_memory_ask asked = *ask;
    if (need(j, ask) > SHARE_OF_FREE * l.free) lower_defaults(j, ask, SHARE_OF_FREE * l.free);
    j->of(j->ctx, ask, &p);
    p.program = lem_machine_resident();
    p.room = l.room - p.weights - p.work;
    if (j->cli->dry_run) tell(j, &p);
    *out = p;
    if (p.room < 0) return refuse(j, ask, &p, &l, err);
    tell_lowered(j, &asked, ask, &l);
    return LEM_OK;
}

lem_status lem_memory_print(lem_cli *cli, const char *command, const lem_args *args,
                            const lem_memory_parts *memory, lem_err *err) {
    if (!cli->json) return LEM_OK;
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", command);
    lem_object_bool(&o, "dry_run", true);
    lem_object_str(&o, "out", lem_args_str(args, "out"));
    lem_memory_put(memory, &o);
    return lem_print_json(cli->out, lem_object_done(&o), 0, err);
}
