/* synth_local.c - a model of our own as the teacher: the items' prompts through Lemma's engine */
#include "cli/draw_options.h"
#include "cli/memory_plan.h"
#include "cli/prompt_options.h"
#include "cli/runtime.h"
#include "cli/synth_run.h"
#include "cli/weights_options.h"

#include "core/hash.h"
#include "core/mem.h"
#include "generate/run.h"
#include "model/folder.h"
#include "model/weights_open.h"
#include "prompt/ends.h"

#include <string.h>

typedef struct local {
    lem_synth *s;
    lem_problems prompts; /* one per item, without input and id */
    lem_buf *text;        /* [items] */
    lem_json **made;      /* [items, n] candidates of items that are not whole yet */
    int *n_made;          /* [items] */
    size_t next;
    lem_generate_opts gen;
    lem_prompt_settings settings;
    lem_prompt_end_list ends;
    lem_model_config config;
    lem_tokenizer *tok;
    lem_weights *weights;
    lem_runtime rt;
    lem_draft_model draft;
} local;

/* ---- prompts ---- */

static lem_status render(local *l, lem_err *err) {
    lem_synth *s = l->s;
    l->text = lem_alloc_zero(s->items, sizeof *l->text, err);
    l->prompts.at = lem_alloc_zero(s->items, sizeof *l->prompts.at, err);
    if (!l->text || !l->prompts.at) return LEM_EMEM;
    l->prompts.n = l->prompts.cap = s->items;
    for (size_t i = 0; i < s->items; i++) {
        lem_problem *p = &l->prompts.at[i];
        lem_status st = s->o.prompt(s->o.ctx, i, &l->text[i], err);
        if (st == LEM_OK) st = lem_buf_ok(&l->text[i], err);
        if (st != LEM_OK) return st;
        p->problem = lem_buf_str(&l->text[i]);
        p->line = s->rows.at[i / s->per_row].line;
        p->file = s->rows.at[i / s->per_row].file;
        p->key = lem_hash64(p->problem, l->text[i].len, i);
    }
    return LEM_OK;
}

static lem_status open_model(local *l, lem_err *err) {
    lem_synth *s = l->s;
    const char *system = s->o.chat.system, *template = lem_args_str(s->args, "template");
    if (!template) template = s->o.chat.text ? "plain" : "chat";
    lem_prompt_options o = {.template = template,
                            .set = lem_args_tree(s->args, "set"),
                            .system = system ? system : "",
                            .suffix = "",
                            .from = "options"};
    lem_status st = lem_prompt_settings_open(s->model, &o, &l->settings, err);
    if (st == LEM_OK) st = lem_model_check(s->model, LEM_HEAD_LM, &l->config, err);
    if (st == LEM_OK) st = lem_prompt_options_tokenizer(s->cli, s->model, &l->settings, &l->tok, err);
    if (st != LEM_OK) return st;
    const bool chat = l->settings.template != LEM_PROMPT_PLAIN;
    st = lem_prompt_ends(l->tok, s->model, l->config.vocab, chat, &l->ends, err);
    if (st != LEM_OK) return st;
    l->gen = (lem_generate_opts){.sample = {(float)s->o.chat.temperature, 0, (float)s->o.chat.top_p},
                                 .max_tokens = s->o.chat.max_tokens,
                                 .end = l->ends.id,
                                 .n_end = l->ends.n,
                                 .slots = (int)lem_args_int(s->args, "slots"),
                                 .seed = s->cli->seed,
                                 .speculate = lem_speculate_options(s->args)};
    st = lem_generate_check(&l->gen, err);
    if (st == LEM_OK)
        st = lem_draft_check(s->cli, s->args, s->model, l->tok, &l->draft, &l->gen.speculate, err);
    if (st == LEM_OK) st = lem_draw_proposed(s->cli, s->job, s->model, &l->gen.sample, err);
    if (st == LEM_OK)
        st = lem_problems_encode(&l->prompts, l->tok, &l->settings, l->config.max_positions - 1,
                                 s->cli->cancel, err);
    l->gen.max_prompt = l->prompts.longest;
    return st;
}

/* ---- the engine's source and sink ---- */

static lem_status next_prompt(void *ctx, lem_prompt *out, bool *more, lem_err *err) {
    (void)err;
    local *l = ctx;
    for (; l->next < l->prompts.n; l->next++) {
        const lem_problem *p = &l->prompts.at[l->next];
        if (p->too_long || lem_teach_reply(l->s->teach, l->next)) continue;
        *out =
            (lem_prompt){l->next++, p->key, l->prompts.ids.data + p->ids_at, p->n_ids, NULL, l->s->o.chat.n};
        *more = true;
        return LEM_OK;
    }
    *more = false;
    return LEM_OK;
}

static lem_json *record_of(const local *l, size_t item) {
    int n = l->s->o.chat.n;
    int64_t tokens = 0;
    lem_object o = lem_object_new();
    lem_json *texts = lem_json_new_array(), *finish = lem_json_new_array();
    bool ok = texts && finish;
    for (int k = 0; ok && k < n; k++) {
        const lem_json *c = l->made[item * (size_t)n + (size_t)k];
        ok = lem_json_append(texts, lem_json_copy(lem_json_get(c, "text"))) &&
             lem_json_append(finish, lem_json_copy(lem_json_get(c, "finish")));
        tokens += lem_json_int(lem_json_get(c, "tokens"), 0);
    }
    lem_object_json(&o, "texts", texts);
    lem_object_json(&o, "finish", finish);
    lem_object_int(&o, "prompt_tokens", (uint64_t)l->prompts.at[item].n_ids);
    lem_object_int(&o, "completion_tokens", (uint64_t)tokens);
    lem_json *record = lem_object_done(&o);
    if (ok) return record;
    lem_json_free(record);
    return NULL;
}

static lem_status take(void *ctx, const lem_candidate *c, lem_err *err) {
    local *l = ctx;
    size_t item = (size_t)c->prompt, at = item * (size_t)l->s->o.chat.n + (size_t)c->index;
    lem_object o = lem_object_new();
    lem_object_json(&o, "text", lem_json_new_strn(c->text, c->len));
    lem_object_str(&o, "finish", lem_finish_name(c->finish));
    lem_object_int(&o, "tokens", (uint64_t)c->tokens);
    l->made[at] = lem_object_done(&o);
    if (!l->made[at]) return lem_fail(err, LEM_EMEM, "out of memory for a candidate");
    if (++l->n_made[item] < l->s->o.chat.n) return LEM_OK;
    lem_json *record = record_of(l, item);
    if (!record) return lem_fail(err, LEM_EMEM, "out of memory for a reply");
    return lem_teach_put(l->s->teach, l->s->ledger, item, record, err);
}

/* ---- the run ---- */

typedef struct plan { /* of memory */
    const local *l;
    int *length; /* [n] tokens of prompts */
    size_t n;
} plan;

static lem_generate_opts options_of(const plan *p, const lem_memory_ask *ask) {
    lem_generate_opts o = p->l->gen;
    o.slots = ask->slots;
    o.max_tokens = ask->max_tokens;
    o.kv_dtype = lem_memory_kv(ask, &p->l->config);
    o.load = lem_generate_load(&p->l->config, &o, p->length, p->n, 0, p->l->s->o.chat.n);
    return o;
}

static void memory_of(void *ctx, const lem_memory_ask *ask, lem_memory_parts *out) {
    const plan *p = ctx;
    const local *l = p->l;
    lem_generate_opts o = options_of(p, ask);
    out->weights =
        (double)lem_weights_bytes(&l->config, ask->dtype) + (double)lem_draft_bytes(&l->draft, ask->dtype);
    out->work = (double)lem_generate_bytes(&l->config, &o) +
                lem_memory_scratch(l->s->cli, o.max_prompt + o.max_tokens, l->config.vocab);
    out->results = (double)p->n * l->s->o.chat.n * lem_memory_of_text(l->tok, o.max_tokens);
}

static lem_status fit_memory(local *l, lem_err *err) {
    char what[512];
    plan p = {.l = l, .length = lem_alloc(l->prompts.n + 1, sizeof *p.length, err)};
    lem_memory_job memory = {l->s->cli, l->s->args, what, memory_of, &p};
    lem_memory_ask ask = lem_memory_asked(l->s->args);
    ask.slots = l->gen.slots ? l->gen.slots : LEM_ENGINE_SLOTS;
    ask.max_tokens = l->gen.max_tokens;
    if (!p.length) return LEM_EMEM;
    for (size_t i = 0; i < l->prompts.n; i++)
        if (!l->prompts.at[i].too_long) p.length[p.n++] = l->prompts.at[i].n_ids;
    snprintf(what, sizeof what, "answering with %.400s", l->s->model);
    lem_status st = lem_memory_fit(&memory, &ask, &l->s->memory, err);
    if (st == LEM_OK) l->gen = options_of(&p, &ask);
    l->gen.kv_bytes = lem_memory_spare(&l->s->memory);
    lem_free(p.length);
    return st;
}

/* Prompts that do not fit are dead letters. */
static lem_status bury_long(local *l, lem_err *err) {
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < l->prompts.n; i++) {
        const lem_problem *p = &l->prompts.at[i];
        char why[128];
        snprintf(why, sizeof why, "the prompt has %d tokens, the context holds %d", p->n_ids,
                 l->config.max_positions - 1);
        if (p->too_long) st = lem_teach_bury(l->s->teach, l->s->ledger, i, why, err);
    }
    return st;
}

static lem_status generate(local *l, lem_err *err) {
    lem_synth *s = l->s;
    size_t n = 0;
    lem_dtype dtype = lem_weights_dtype(s->args);
    lem_status st = lem_runtime_open(s->cli, lem_job_compute_path(s->job), &l->rt, err);
    if (st == LEM_OK) lem_weights_compute(s->args, l->rt.backend);
    if (st == LEM_OK) st = lem_weights_implied(s->cli, s->job, s->args, s->model, "compute", err);
    if (st == LEM_OK) st = lem_job_start(s->job, l->rt.backend->ops->name, err);
    if (st == LEM_OK) st = lem_job_journal(s->job, lem_teach_visit, s->teach, &s->ledger, err);
    if (st == LEM_OK) st = lem_synth_begin(s, err);
    if (st != LEM_OK) return st;
    if (!lem_mul_size(s->items, (size_t)s->o.chat.n, &n))
        return lem_fail(err, LEM_EMEM, "too many candidates");
    l->made = lem_alloc_zero(n, sizeof *l->made, err);
    l->n_made = lem_alloc_zero(s->items, sizeof *l->n_made, err);
    if (!l->made || !l->n_made) return LEM_EMEM;
    st = bury_long(l, err);
    if (st == LEM_OK) st = lem_weights_open(s->model, LEM_HEAD_LM, l->rt.backend, dtype, &l->weights, err);
    if (st == LEM_OK) st = lem_draft_open(s->args, l->rt.backend, &l->draft, &l->gen.speculate, err);
    if (st != LEM_OK) return st;
    lem_generate_stats c = {0};
    st = lem_generate_run(l->weights, &l->config, l->tok, l->rt.backend, &l->gen, next_prompt, l, take, l,
                          s->cli->cancel, &c, err);
    lem_speculate_tell(s->cli->log, c.drafted, c.accepted, c.generated_tokens, c.steps);
    return st;
}

static void release(local *l) {
    size_t n = l->s->items;
    for (size_t i = 0; l->text && i < n; i++) lem_buf_release(&l->text[i]);
    for (size_t i = 0; l->made && i < n * (size_t)l->s->o.chat.n; i++) lem_json_free(l->made[i]);
    lem_free(l->text);
    lem_free(l->made);
    lem_free(l->n_made);
    lem_problems_release(&l->prompts);
    lem_prompt_settings_release(&l->settings);
    if (l->weights) lem_weights_free(l->weights);
    lem_draft_close(&l->draft);
    if (l->tok) lem_tokenizer_free(l->tok);
    lem_runtime_close(&l->rt);
}

lem_status lem_synth_local(lem_synth *s, lem_err *err) {
    local l = {.s = s};
    lem_status st = render(&l, err);
    if (st == LEM_OK) st = open_model(&l, err);
    if (st == LEM_OK) st = fit_memory(&l, err);
    if (st == LEM_OK && !s->cli->dry_run) st = generate(&l, err);
    release(&l);
    return st;
}
