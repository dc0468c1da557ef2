/* cmd_sample.c - lemma sample: N candidates per problem, resumable, in input order */
#include "cli/commands.h"
#include "cli/prompt_options.h"
#include "cli/runtime.h"

#include "core/journal.h"
#include "core/jsonl.h"
#include "core/mem.h"
#include "core/object.h"
#include "data/problems.h"
#include "generate/run.h"
#include "model/folder.h"
#include "model/weights_open.h"
#include "prompt/ends.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DTYPES "f32|bf16"

static const lem_opt opts[] = {
    {"model", LEM_OPT_INPUT, "DIR", NULL, "model folder (config.json, weights, tokenizer)"},
    {"prompts", LEM_OPT_INPUT, "FILE", NULL,
     "rows with problem, question or prompt: a file (JSONL, JSON, CSV, Parquet, Arrow; .gz, .zst), a folder "
     "of them or a pattern"},
    {"map", LEM_OPT_LIST, "OURS=THEIRS", NULL,
     "names of fields: problem=, expected_answer=, id= (dotted paths)"},
    {"n", LEM_OPT_INT, "N", "8", "candidates per problem", 1, 100000},
    {"temperature", LEM_OPT_NUM, "X", "0.7", "0 is greedy", 0, 1000},
    {"top-k", LEM_OPT_INT, "K", "0", "draw among the K likeliest tokens; 0 = all", 0, 1e9},
    {"top-p", LEM_OPT_NUM, "P", "1", "draw among the fewest tokens whose probability reaches P", 0, 1},
    {"max-tokens", LEM_OPT_INT, "N", "1024", "tokens per candidate", 1, 1e9},
    {"stop", LEM_OPT_LIST, "TEXT", NULL, "end before this text; repeatable"},
    {"system", LEM_OPT_STR, "TEXT", NULL, "system prompt; '' for none [as in training, else none]"},
    {"suffix", LEM_OPT_STR, "TEXT", NULL,
     "line added to each problem; '' for none [as in training, else none]"},
    {"template", LEM_OPT_ENUM, "NAME", NULL,
     "chat is the folder's chat template, else ChatML; plain is the text as it is [as in training, else "
     "chat]",
     .choices = LEM_PROMPT_TEMPLATE_NAMES},
    LEM_OPT_PROMPT_FROM,
    {"dtype", LEM_OPT_ENUM, "NAME", "f32", "weights in memory", .choices = DTYPES},
    {"slots", LEM_OPT_INT, "N", "0", "candidates in flight, 0 = 256 (never changes a result)", 0, 4096,
     .effect = LEM_OPT_CHANGES_NOTHING},
};

typedef struct sample_job {
    lem_cli *cli;
    const lem_args *args;
    const char *model, *prompts, *out;
    lem_job *job;
    bool to_stdout;
    int n; /* candidates per problem */
    lem_generate_opts gen;
    const char **stop;
    lem_dtype dtype;
    lem_prompt_settings prompt;
    lem_prompt_end_list ends;
    lem_problems rows;
    lem_json **records; /* [rows, n] finished candidates, owned */
    uint64_t total, finished, resumed;
    size_t next_row; /* source cursor */
    int *missing;    /* [n] candidates of the row that the source gave last */
    lem_runtime rt;
    lem_model_config config;
    lem_weights *weights;
    lem_tokenizer *tok;
    lem_journal *journal;
    lem_progress *progress;
    uint64_t run_tokens;
    lem_generate_stats stats;
} sample_job;

/* ---- options */

static lem_status read_stops(sample_job *j, lem_err *err) {
    const lem_json *list = lem_args_tree(j->args, "stop");
    size_t n = lem_json_count(list);
    if (n == 0) return LEM_OK;
    j->stop = lem_alloc(n, sizeof *j->stop, err);
    if (!j->stop) return LEM_EMEM;
    for (size_t i = 0; i < n; i++) j->stop[i] = lem_json_str(lem_json_at(list, i), "");
    j->gen.stop = j->stop;
    j->gen.n_stop = (int)(n < 1000 ? n : 1000);
    return LEM_OK;
}

static lem_status read_options(sample_job *j, lem_err *err) {
    const lem_args *a = j->args;
    j->model = lem_args_str(a, "model");
    j->prompts = lem_args_str(a, "prompts");
    j->out = lem_args_str(a, "out");
    j->to_stdout = strcmp(j->out, "-") == 0;
    if (j->to_stdout && j->cli->json) return lem_fail(err, LEM_EUSAGE, "--out - and --json both want stdout");
    j->dtype = lem_args_is(a, "dtype", "bf16") ? LEM_DTYPE_BF16 : LEM_DTYPE_F32;
    j->n = (int)lem_args_int(a, "n");
    j->gen = (lem_generate_opts){.sample = {(float)lem_args_num(a, "temperature"),
                                            (int)lem_args_int(a, "top-k"), (float)lem_args_num(a, "top-p")},
                                 .max_tokens = (int)lem_args_int(a, "max-tokens"),
                                 .slots = (int)lem_args_int(a, "slots"),
                                 .seed = j->cli->seed};
    lem_status st = read_stops(j, err);
    return st ? st : lem_generate_check(&j->gen, err);
}

/* ---- journal */

static lem_status visit(void *ctx, const char *id, const lem_json *record, lem_err *err) {
    sample_job *j = ctx;
    char *end = NULL;
    unsigned long long row = strtoull(id, &end, 10);
    unsigned long long cand = *end == ':' ? strtoull(end + 1, &end, 10) : (unsigned long long)j->n;
    if (*end || row >= j->rows.n || cand >= (unsigned long long)j->n)
        return lem_fail(err, LEM_EDATA, "the journal of %s: unknown record '%s'", j->out, id);
    lem_json **at = &j->records[row * (unsigned long long)j->n + cand];
    if (*at) return LEM_OK;
    *at = lem_json_copy(record);
    if (!*at) return lem_fail(err, LEM_EMEM, "out of memory while reading the journal of %s", j->out);
    j->finished++;
    return LEM_OK;
}

static lem_status open_journal(sample_job *j, lem_err *err) {
    lem_status st = lem_job_journal(j->job, visit, j, &j->journal, err);
    j->resumed = j->finished;
    if (st == LEM_OK && j->resumed)
        lem_info(j->cli->log, "going on: %llu of %llu candidates are there already",
                 (unsigned long long)j->resumed, (unsigned long long)j->total);
    return st;
}

/* ---- source and sink of the engine */

static lem_status next_prompt(void *ctx, lem_prompt *out, bool *more, lem_err *err) {
    (void)err;
    sample_job *j = ctx;
    for (; j->next_row < j->rows.n; j->next_row++) {
        const lem_problem *r = &j->rows.at[j->next_row];
        int missing = 0;
        for (int i = 0; !r->too_long && i < j->n; i++)
            if (!j->records[j->next_row * (size_t)j->n + (size_t)i]) j->missing[missing++] = i;
        if (missing == 0) continue;
        *out =
            (lem_prompt){j->next_row++, r->key, j->rows.ids.data + r->ids_at, r->n_ids, j->missing, missing};
        *more = true;
        return LEM_OK;
    }
    *more = false;
    return LEM_OK;
}

/* Speed and time from the tokens that are there, those of candidates in flight with them. */
static void tell_progress(void *ctx, const lem_generate_stats *s) {
    sample_job *j = ctx;
    if (s->seconds <= 0 || !s->generated_tokens) return;
    double rate = (double)s->generated_tokens / s->seconds;
    lem_progress_note(j->progress, "%.0f tokens/s", rate);
    lem_progress_left(
        j->progress,
        lem_generate_left(s, j->total - j->resumed, j->run_tokens, j->gen.slots, j->gen.max_tokens) / rate);
}

static lem_status take_candidate(void *ctx, const lem_candidate *c, lem_err *err) {
    sample_job *j = ctx;
    lem_json *rec = lem_json_new_object();
    char id[64];
    snprintf(id, sizeof id, "%llu:%d", (unsigned long long)c->prompt, c->index);
    bool ok = rec && lem_json_set(rec, "text", lem_json_new_strn(c->text, c->len)) &&
              lem_json_set(rec, "finish_reason", lem_json_new_str(lem_finish_name(c->finish))) &&
              lem_json_set(rec, "tokens", lem_json_new_int(c->tokens)) &&
              lem_json_set(rec, "logprob", lem_json_new_num(c->logprob));
    if (!ok) {
        lem_json_free(rec);
        return lem_fail(err, LEM_EMEM, "out of memory for a candidate");
    }
    lem_status st = j->journal ? lem_journal_append(j->journal, id, rec, err) : LEM_OK;
    if (st) {
        lem_json_free(rec);
        return st;
    }
    j->records[c->prompt * (uint64_t)j->n + (uint64_t)c->index] = rec;
    j->finished++;
    j->run_tokens += (uint64_t)c->tokens;
    lem_progress_add(j->progress, 1);
    return LEM_OK;
}

/* ---- stages of the run */

static lem_status find_ends(sample_job *j, bool chat, lem_err *err) {
    lem_status st = lem_prompt_ends(j->tok, j->model, j->config.vocab, chat, &j->ends, err);
    j->gen.end = j->ends.id;
    j->gen.n_end = j->ends.n;
    return st;
}

/* What the folder says of its prompts, and the options. */
static lem_status read_prompt(sample_job *j, lem_err *err) {
    lem_prompt_options o = {.template = lem_args_str(j->args, "template"),
                            .system = lem_args_str(j->args, "system"),
                            .suffix = lem_args_str(j->args, "suffix"),
                            .from = lem_args_str(j->args, "prompt-from")};
    return lem_prompt_settings_open(j->model, &o, &j->prompt, err);
}

/* Everything about the model but its weights, which are read once the plan is known to fit. */
static lem_status load_model(sample_job *j, lem_err *err) {
    lem_status st = lem_model_check(j->model, LEM_HEAD_LM, &j->config, err);
    if (st) return st;
    st = lem_runtime_tokenizer(j->cli, j->model, &j->tok, err);
    if (st) return st;
    if (lem_tokenizer_vocab(j->tok) > j->config.vocab)
        return lem_fail(err, LEM_EDATA, "%s: the tokenizer has %d ids but the model only %d", j->model,
                        (int)lem_tokenizer_vocab(j->tok), j->config.vocab);
    st = find_ends(j, j->prompt.template == LEM_PROMPT_CHAT, err);
    if (st) return st;
    st = lem_problems_encode(&j->rows, j->tok, &j->prompt, j->config.max_positions - 1, j->cli->cancel, err);
    j->gen.max_prompt = j->rows.longest;
    return st;
}

static void report_too_long(const sample_job *j) {
    int named = 0;
    for (size_t i = 0; i < j->rows.n && named < 3; i++) {
        const lem_problem *r = &j->rows.at[i];
        if (!r->too_long) continue;
        lem_warn(j->cli->log,
                 "%s:%llu: the prompt has %d tokens, the context holds %d; its candidates are empty",
                 j->prompts, (unsigned long long)r->line, r->n_ids, j->config.max_positions - 1);
        named++;
    }
    if (j->rows.too_long > (uint64_t)named)
        lem_warn(j->cli->log, "%llu prompts in all are too long", (unsigned long long)j->rows.too_long);
}

static lem_status print_plan(const sample_job *j, size_t packed, size_t engine, lem_err *err) {
    unsigned long long prompt_tokens = (unsigned long long)j->rows.ids.len,
                       total = (unsigned long long)j->total;
    unsigned long long fresh = total * (unsigned long long)j->gen.max_tokens;
    lem_info(j->cli->log,
             "plan: %zu problems, %llu prompt tokens, up to %llu new tokens in %llu candidates; "
             "%.1f MB weights (%s), at most %.1f MB for keys, values and rows",
             j->rows.n, prompt_tokens, fresh, total, (double)packed / 1e6,
             j->dtype == LEM_DTYPE_F32 ? "f32" : "bf16", (double)engine / 1e6);
    if (!j->cli->json) return LEM_OK;
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", "sample");
    lem_object_bool(&o, "dry_run", true);
    lem_object_int(&o, "problems", j->rows.n);
    lem_object_int(&o, "prompt_too_long", j->rows.too_long);
    lem_object_int(&o, "candidates", total);
    lem_object_int(&o, "prompt_tokens", prompt_tokens);
    lem_object_int(&o, "max_generated_tokens", fresh);
    lem_object_int(&o, "weight_bytes", packed);
    lem_object_int(&o, "engine_bytes", engine);
    return lem_print_json(j->cli->out, lem_object_done(&o), 0, err);
}

/* Packed weights, then what the engine plans. */
static lem_status plan_memory(sample_job *j, lem_err *err) {
    size_t params = lem_model_config_params(&j->config), physical = lem_physical_memory();
    j->gen.kv_bytes = physical / 2;
    size_t head = j->config.tied ? (size_t)j->config.vocab * (size_t)j->config.width
                                 : 0; /* a tied embedding is packed too */
    size_t packed = (params + head) * lem_dtype_size(j->dtype),
           engine = lem_generate_bytes(&j->config, &j->gen), all = packed + engine;
    if (j->cli->dry_run) {
        lem_status st = print_plan(j, packed, engine, err);
        if (st) return st;
    }
    if (all > physical)
        return lem_fail(err, LEM_EMEM,
                        "%s: sampling needs up to %.1f GB (weights %.1f, keys, values and rows %.1f), "
                        "this machine has %.1f; lower --slots or --max-tokens",
                        j->model, (double)all / 1e9, (double)packed / 1e9, (double)engine / 1e9,
                        (double)physical / 1e9);
    return LEM_OK;
}

static lem_status write_output(sample_job *j, lem_err *err) {
    lem_out *o = NULL;
    lem_json *row = NULL;
    lem_status st = LEM_OK;
    LEM_TRY(lem_out_open(j->out, true, &o, err));
    for (size_t i = 0; i < j->rows.n; i++) {
        const lem_problem *r = &j->rows.at[i];
        LEM_TRY(lem_problem_output(r, r->too_long ? NULL : j->records + i * (size_t)j->n, j->n, &row, err));
        LEM_TRY(lem_rows_write(o, row, err));
        lem_json_free(row);
        row = NULL;
    }
    LEM_TRY(lem_out_commit(o, err));
    st = lem_job_finish(j->job, err);
done:
    lem_json_free(row);
    if (o) lem_out_close(o);
    return st;
}

/* Candidates that ended so. */
static uint64_t count_finished(const sample_job *j, lem_finish how) {
    uint64_t n = 0;
    for (uint64_t i = 0; j->records && i < (uint64_t)j->rows.n * (uint64_t)j->n; i++) {
        const char *f = lem_json_str(lem_json_get(j->records[i], "finish_reason"), "");
        n += strcmp(f, lem_finish_name(how)) == 0;
    }
    return n;
}

static lem_json *finish_counts(const sample_job *j) {
    lem_object o = lem_object_new();
    lem_object_int(&o, "stop", count_finished(j, LEM_FINISH_STOP));
    lem_object_int(&o, "length", count_finished(j, LEM_FINISH_LENGTH));
    lem_object_int(&o, "prompt_too_long", j->rows.too_long * (uint64_t)j->n);
    return lem_object_done(&o);
}

static lem_status print_json(const sample_job *j, lem_err *err) {
    double s = j->stats.seconds, rate = s > 0 ? (double)j->stats.generated_tokens / s : 0;
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", "sample");
    lem_object_str(&o, "out", j->out);
    lem_object_str(&o, "identity", lem_job_identity(j->job));
    lem_object_bool(&o, "already_complete", false);
    lem_object_int(&o, "problems", j->rows.n);
    lem_object_int(&o, "candidates", j->finished);
    lem_object_int(&o, "resumed", j->resumed);
    lem_object_int(&o, "prompt_tokens", j->stats.prompt_tokens);
    lem_object_int(&o, "generated_tokens", j->stats.generated_tokens);
    lem_object_int(&o, "steps", j->stats.steps);
    lem_object_num(&o, "seconds", s);
    lem_object_num(&o, "tokens_per_second", rate);
    lem_object_json(&o, "finish", finish_counts(j));
    return lem_print_json(j->cli->out, lem_object_done(&o), 0, err);
}

static lem_status generate(sample_job *j, lem_err *err) {
    j->progress = lem_progress_new(j->cli->log, "sample", "candidates", j->total, j->resumed);
    j->gen.tick = tell_progress;
    j->gen.tick_ctx = j;
    lem_status st = lem_generate_run(j->weights, &j->config, j->tok, j->rt.backend, &j->gen, next_prompt, j,
                                     take_candidate, j, j->cli->cancel, &j->stats, err);
    lem_progress_free(j->progress);
    j->progress = NULL;
    return st == LEM_EINTR ? lem_job_interrupted(j->job, j->finished, j->total, "candidates", err) : st;
}

static void release(sample_job *j) {
    for (uint64_t i = 0; j->records && i < (uint64_t)j->rows.n * (uint64_t)j->n; i++)
        lem_json_free(j->records[i]);
    lem_free(j->records);
    lem_free(j->missing);
    lem_free(j->stop);
    lem_problems_release(&j->rows);
    lem_prompt_settings_release(&j->prompt);
    if (j->weights) lem_weights_free(j->weights);
    if (j->tok) lem_tokenizer_free(j->tok);
    lem_runtime_close(&j->rt);
    lem_job_close(j->job);
}

/* Rows, model and plan: everything that can be wrong before the work begins. */
static lem_status prepare(sample_job *j, lem_err *err) {
    lem_status st = read_prompt(j, err);
    if (st == LEM_OK)
        st = lem_problems_load(j->prompts, lem_args_tree(j->args, "map"), j->cli->limit, j->cli->cancel,
                               &j->rows, err);
    if (st == LEM_OK) st = load_model(j, err);
    if (st) return st;
    report_too_long(j);
    if (j->rows.too_long == j->rows.n)
        return lem_fail(err, LEM_EDATA, "%s: no prompt fits the context of %d tokens", j->prompts,
                        j->config.max_positions);
    j->total = ((uint64_t)j->rows.n - j->rows.too_long) * (uint64_t)j->n;
    return plan_memory(j, err);
}

static lem_status open_run(sample_job *j, lem_err *err) {
    j->records = lem_alloc_zero(j->rows.n * (size_t)j->n, sizeof *j->records, err);
    j->missing = lem_alloc((size_t)j->n, sizeof *j->missing, err);
    if (!j->records || !j->missing) return LEM_EMEM;
    lem_status st = lem_runtime_open(j->cli, lem_job_compute_path(j->job), &j->rt, err);
    if (st == LEM_OK) st = lem_job_start(j->job, j->rt.backend->ops->name, err);
    if (st == LEM_OK) st = open_journal(j, err);
    return st ? st : lem_weights_open(j->model, LEM_HEAD_LM, j->rt.backend, j->dtype, &j->weights, err);
}

/* What was cut is told where the number of candidates is: it is the commonest reason for a wrong figure. */
static void tell_result(const sample_job *j) {
    uint64_t cut = count_finished(j, LEM_FINISH_LENGTH);
    double share = j->finished ? (double)cut / (double)j->finished : 0;
    lem_info(j->cli->log, "%s: %llu candidates for %zu problems; %llu cut at their token limit (%.1f %%)",
             j->out, (unsigned long long)j->finished, j->rows.n, (unsigned long long)cut, 100 * share);
    if (share > 0.02)
        lem_warn(j->cli->log,
                 "%.1f %% of the candidates were cut before they ended: their answers are missing from "
                 "every figure made of them; raise --max-tokens (%lld)",
                 100 * share, (long long)lem_args_int(j->args, "max-tokens"));
}

static lem_status sample(sample_job *j, lem_err *err) {
    lem_status st = prepare(j, err);
    if (st || j->cli->dry_run) return st;
    st = open_run(j, err);
    if (st == LEM_OK) st = generate(j, err);
    if (st == LEM_OK) st = write_output(j, err);
    if (st) return st;
    if (j->cli->json) return print_json(j, err);
    tell_result(j);
    return LEM_OK;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    sample_job j = {.cli = cli, .args = args};
    lem_status st = lem_job_open(cli, &lem_cmd_sample, args, NULL, &j.job, err);
    if (st) return st;
    if (lem_job_done(j.job)) st = lem_print_complete(cli, "sample", j.job, err);
    else {
        st = read_options(&j, err);
        if (st == LEM_OK) st = sample(&j, err);
    }
    release(&j);
    return st;
}

static lem_status plan(lem_cli *cli, const lem_args *args, lem_plan *out, lem_err *err) {
    lem_model_config c;
    (void)cli;
    size_t width = lem_args_is(args, "dtype", "bf16") ? 2 : 4;
    lem_status st = LEM_OK;
    if (out->shape) st = lem_model_shape(out->shape, &c, err);
    else st = lem_model_check(lem_args_str(args, "model"), LEM_HEAD_LM, &c, err);
    if (st) return st;
    out->parameters = (double)lem_model_config_params(&c);
    out->memory = out->parameters * (double)width;
    out->flops = 2 * out->parameters;
    return LEM_OK;
}

const lem_command lem_cmd_sample = {
    .name = "sample",
    .purpose = "N candidates per problem",
    .usage = "--model DIR --prompts FILE --out FILE [options]",
    .example = "lemma sample --model runs/sft --prompts ../shared/data/bench/gsm8k/test.jsonl --n 64 "
               "--temperature 0.7 --out runs/candidates.jsonl",
    .min_words = 0,
    .max_words = 0,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .plan = plan,
    .output = LEM_OUTPUT_FILE,
    .out_required = true,
    .required = "model|prompts",
};
