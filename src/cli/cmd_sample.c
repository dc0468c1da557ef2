/* cmd_sample.c - lemma sample: N candidates per problem, resumable, in input order */
#include "cli/commands.h"
#include "cli/draw_options.h"
#include "cli/prompt_options.h"
#include "cli/sample.h"
#include "cli/weights_options.h"

#include "core/mem.h"
#include "core/object.h"
#include "job/shard.h"
#include "model/folder.h"
#include "model/weights_open.h"

#include <string.h>

static const lem_opt opts[] = {
    {"model", LEM_OPT_INPUT, "DIR", NULL, "model folder (config.json, weights, tokenizer)"},
    {"prompts", LEM_OPT_INPUT, "FILE", NULL,
     "rows with problem, question or prompt: a file (JSONL, JSON, CSV, Parquet, Arrow; .gz, .zst), a folder "
     "of them or a pattern"},
    {"benchmark", LEM_OPT_STR, "NAME|FILE.yaml", NULL,
     "problems of a benchmark in place of --prompts: a name of 'lemma bench list', its file below "
     "LEMMA_DATA, "
     "or a YAML of your own"},
    {"no-gold", LEM_OPT_FLAG, NULL, NULL,
     "go on where a problem has no gold answer [stop before the first token]"},
    {"map", LEM_OPT_LIST, "OURS=THEIRS", NULL,
     "names of fields: problem=, expected_answer=, id= (dotted paths)"},
    LEM_OPTS_ENDPOINT,
    LEM_OPT_SERVED_MODEL,
    LEM_OPTS_COMPLETION,
    LEM_OPT_REMOTE_TOKENIZER,
    {"per-request", LEM_OPT_INT, "N", "8",
     "with --endpoint: candidates asked for in one request (n); fewer where the server gives fewer", 1, 128},
    LEM_OPT_MAX_FAILED("0"),
    LEM_OPT_BAD_ROWS,
    {"n", LEM_OPT_INT, "N", "8", "candidates per problem", 1, 100000},
    LEM_OPT_BUDGET("n"),
    {"stop-when-decided", LEM_OPT_FLAG, NULL, NULL,
     "draw no more candidates of a problem once more than half of --n gave the same answer: the majority is "
     "that of all, pass@k and scores are of those drawn"},
    {"temperature", LEM_OPT_NUM, "X", "0.7", "0 is greedy", 0, 1000},
    LEM_OPTS_DRAW,
    {"max-tokens", LEM_OPT_INT, "N", "1024", "tokens per candidate", 1, 1e9},
    {"stop", LEM_OPT_TEXTS, "TEXT", NULL, "end before this text, commas and all; repeatable"},
    {"system", LEM_OPT_STR, "TEXT", NULL, "system prompt; '' for none [as in training, else none]"},
    {"suffix", LEM_OPT_STR, "TEXT", NULL,
     "line added to each problem; '' for none [as in training, else none]"},
    LEM_OPT_TEMPLATE,
    LEM_OPT_SET,
    LEM_OPT_PROMPT_FROM,
    LEM_OPT_STYLES(LEM_PROMPT_STYLE_NAMES "|" LEM_STYLE_PUBLISHED),
    LEM_OPT_SHARD,
    LEM_OPTS_WEIGHTS(""),
    {"slots", LEM_OPT_INT, "N", "0", "candidates in flight, 0 = 256 (never changes a result)", 0, 4096,
     .effect = LEM_OPT_CHANGES_NOTHING},
    LEM_OPTS_SPECULATE,
};

/* ---- options */

/* Of the options and of the style. */
static lem_status read_stops(sample_job *j, lem_err *err) {
    const lem_json *list = lem_args_tree(j->args, "stop");
    size_t given = lem_json_count(list), n = 0;
    j->stop = lem_alloc(given + LEM_PROMPT_STYLE_STOPS, sizeof *j->stop, err);
    if (!j->stop) return LEM_EMEM;
    for (; n < given; n++) j->stop[n] = lem_json_str(lem_json_at(list, n), "");
    for (int i = 0; lem_prompt_style_stop(&j->prompt, i); i++)
        j->stop[n++] = lem_prompt_style_stop(&j->prompt, i);
    j->gen.stop = n ? j->stop : NULL;
    j->gen.n_stop = (int)(n < 1000 ? n : 1000);
    return lem_generate_check(&j->gen, err);
}

static lem_status read_options(sample_job *j, lem_err *err) {
    const lem_args *a = j->args;
    j->model = lem_args_str(a, "model");
    j->out = lem_job_path(j->job);
    j->to_stdout = strcmp(j->out, "-") == 0;
    if (j->to_stdout && j->cli->json) return lem_fail(err, LEM_EUSAGE, "--out - and --json both want stdout");
    j->engine = lem_endpoint_given(a) ? &lem_sample_engine_remote : &lem_sample_engine_local;
    j->n = (int)lem_args_int(a, "n");
    j->gen = (lem_generate_opts){.sample = lem_draw_options(a),
                                 .max_tokens = (int)lem_args_int(a, "max-tokens"),
                                 .slots = (int)lem_args_int(a, "slots"),
                                 .seed = j->cli->seed,
                                 .speculate = lem_speculate_options(a)};
    if (lem_args_flag(a, "stop-when-decided") && !j->model)
        return lem_fail(err, LEM_EUSAGE, "--stop-when-decided is for --model: servers make several at once");
    return lem_generate_check(&j->gen, err);
}

/* What the folder says of its prompts, and the options. A server's model may have its tokenizer's here. */
static lem_status read_prompt(sample_job *j, lem_err *err) {
    lem_prompt_options o = {.template = lem_args_str(j->args, "template"),
                            .set = lem_args_tree(j->args, "set"),
                            .system = lem_args_str(j->args, "system"),
                            .suffix = lem_args_str(j->args, "suffix"),
                            .from = lem_args_str(j->args, "prompt-from")};
    const char *dir = j->model ? j->model : lem_args_str(j->args, "tokenizer");
    lem_status st = lem_sample_style(j, &o.style, err);
    if (st == LEM_OK) st = lem_prompt_settings_open(dir, &o, &j->prompt, err);
    if (st == LEM_OK && !lem_sample_shots_own(j))
        st = lem_prompt_options_shots(j->args, j->cli->cancel, &j->prompt, err);
    if (st == LEM_OK) st = lem_sample_shots_load(j, err);
    return st == LEM_OK ? read_stops(j, err) : st;
}

static lem_json *finish_counts(const sample_job *j) {
    lem_object o = lem_object_new();
    lem_object_int(&o, "stop", lem_sample_count_finished(j, lem_finish_name(LEM_FINISH_STOP)));
    lem_object_int(&o, "length", lem_sample_count_finished(j, lem_finish_name(LEM_FINISH_LENGTH)));
    lem_object_int(&o, "prompt_too_long",
                   j->rows.too_long * (uint64_t)j->n + lem_sample_count_finished(j, "prompt_too_long"));
    lem_object_int(&o, "failed", lem_sample_count_finished(j, "failed"));
    return lem_object_done(&o);
}

static lem_status print_json(const sample_job *j, const lem_spoil *spoil, lem_err *err) {
    double s = j->stats.seconds, rate = s > 0 ? (double)j->stats.generated_tokens / s : 0;
    uint64_t not_drawn;
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", "sample");
    lem_object_str(&o, "out", j->out);
    lem_object_str(&o, "identity", lem_job_identity(j->job));
    lem_object_bool(&o, "already_complete", false);
    lem_object_int(&o, "problems", j->rows.n);
    lem_object_int(&o, "candidates", j->finished);
    lem_object_int(&o, "resumed", j->resumed);
    if (j->votes) lem_object_int(&o, "decided", lem_sample_decided(j, &not_drawn));
    if (j->votes) lem_object_int(&o, "not_drawn", not_drawn);
    lem_object_int(&o, "prompt_tokens", j->stats.prompt_tokens);
    lem_object_int(&o, "prompt_tokens_shared", j->stats.shared_tokens);
    lem_object_int(&o, "generated_tokens", j->stats.generated_tokens);
    lem_object_int(&o, "steps", j->stats.steps);
    lem_speculate_json(j->stats.drafted, j->stats.accepted, j->stats.generated_tokens, j->stats.steps, &o);
    lem_object_num(&o, "seconds", s);
    lem_object_num(&o, "tokens_per_second", rate);
    lem_object_json(&o, "finish", finish_counts(j));
    lem_object_int(&o, "repeated_text", spoil->repeated);
    lem_object_int(&o, "not_reencoded", spoil->changed);
    lem_object_json(&o, "warnings", lem_spoil_warnings(spoil));
    if (j->engine->tell) j->engine->tell(j, &o);
    lem_bad_rows_tell(&j->bad, &o);
    return lem_print_json(j->cli->out, lem_object_done(&o), 0, err);
}

static void release(sample_job *j) {
    lem_sample_release_records(j);
    if (j->engine) j->engine->release(j);
    lem_free(j->stop);
    lem_problems_release(&j->rows);
    lem_sample_rows_release(j);
    lem_prompt_settings_release(&j->prompt);
    lem_bad_rows_release(&j->bad);
    lem_job_close(j->job);
}

static bool takes(const void *job, uint64_t row) { return lem_job_takes(job, row); }

/* Rows, model and plan: everything that can be wrong before the work begins. */
static lem_status prepare(sample_job *j, lem_err *err) {
    lem_status st = LEM_OK;
    LEM_TRY(read_prompt(j, err));
    LEM_TRY(lem_bad_rows_begin(j->args, &j->bad, err));
    LEM_TRY(lem_sample_rows_load(j, err));
    LEM_TRY(lem_bad_rows_end(&j->bad, j->cli, j->job, j->rows.n, err)); /* before the first token */
    LEM_TRY(lem_sample_rows_prompt(j, err));
    lem_job_saw(j->job, j->rows.n);
    lem_problems_keep(&j->rows, takes, j->job);
    st = j->engine->prepare(j, err);
done:
    return st;
}

/* What spoils a figure is told where the number of candidates is. */
static lem_status tell_result(const sample_job *j, const lem_spoil *spoil, lem_err *err) {
    lem_buf b = {0};
    uint64_t none = lem_sample_count_finished(j, "failed"), not_drawn;
    uint64_t decided = lem_sample_decided(j, &not_drawn);
    lem_spoil_text(spoil, &b);
    lem_json *warnings = lem_spoil_warnings(spoil);
    lem_status st = warnings ? lem_buf_ok(&b, err) : lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK)
        lem_info(j->cli->log, "%s: %llu candidates for %zu problems%s%s", j->out,
                 (unsigned long long)j->finished, j->rows.n, b.len ? "; " : "", lem_buf_str(&b));
    lem_speculate_tell(j->cli->log, j->stats.drafted, j->stats.accepted, j->stats.generated_tokens,
                       j->stats.steps);
    if (decided)
        lem_info(
            j->cli->log,
            "%llu votes were decided before --n: %llu candidates were not drawn (decided_after, not_drawn)",
            (unsigned long long)decided, (unsigned long long)not_drawn);
    if (none)
        lem_warn(j->cli->log,
                 "%llu candidates failed (finish_reason \"failed\"): their answers are missing from every "
                 "figure made of them",
                 (unsigned long long)none);
    for (size_t i = 0; i < lem_json_count(warnings); i++)
        lem_warn(j->cli->log, "%s", lem_json_str(lem_json_at(warnings, i), ""));
    if ((double)spoil->cut > LEM_SPOIL_NOTE * (double)spoil->with_reason)
        lem_info(j->cli->log, "fewer are cut with a larger --max-tokens (%lld)",
                 (long long)lem_args_int(j->args, "max-tokens"));
    lem_json_free(warnings);
    lem_buf_release(&b);
    return st;
}

static lem_status sample(sample_job *j, lem_err *err) {
    lem_status st = prepare(j, err);
    if (st || j->cli->dry_run) return st;
    st = j->engine->start(j, err);
    if (st == LEM_OK) st = lem_sample_open_records(j, err);
    if (st == LEM_OK) st = j->engine->run(j, err);
    if (st == LEM_OK) st = lem_sample_write(j, err);
    if (st) return st;
    lem_spoil spoil;
    st = lem_sample_spoil(j, &spoil, err);
    if (st) return st;
    return j->cli->json ? print_json(j, &spoil, err) : tell_result(j, &spoil, err);
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    sample_job j = {.cli = cli, .args = args};
    lem_sample_rows_find(&j);
    const lem_job_spec spec = lem_sample_rows_facts(&j);
    lem_status st = lem_job_open(cli, &lem_cmd_sample, args, &spec, &j.job, err);
    if (st) {
        lem_sample_rows_release(&j);
        return st;
    }
    if (j.source.err.status) st = lem_fail(err, j.source.err.status, "%s", j.source.err.text);
    else if (lem_job_done(j.job)) st = lem_print_complete(cli, "sample", j.job, err);
    else {
        st = read_options(&j, err);
        if (st == LEM_OK) st = sample(&j, err);
    }
    release(&j);
    return st;
}

static lem_status plan(lem_cli *cli, const lem_args *args, lem_plan *out, lem_err *err) {
    lem_model_config c;
    lem_status st = lem_sample_rows_check(cli, args, err);
    if (st) return st;
    if (!out->shape && !lem_args_has(args, "model")) return LEM_OK; /* it is a server's */
    if (out->shape) st = lem_model_shape(out->shape, &c, err);
    else st = lem_model_check(lem_args_str(args, "model"), LEM_HEAD_LM, &c, err);
    if (st) return st;
    out->parameters = (double)lem_model_config_params(&c);
    out->memory = (double)lem_weights_bytes(&c, lem_weights_dtype(args));
    out->flops = 2 * out->parameters;
    return LEM_OK;
}

const lem_command lem_cmd_sample = {
    .name = "sample",
    .purpose = "N candidates per problem",
    .usage = "(--model DIR | --endpoint URL --served-model NAME) --prompts FILE|--benchmark NAME --out FILE "
             "[options]",
    .example = "lemma sample --model runs/sft --prompts ../shared/data/bench/gsm8k/test.jsonl --n 64 "
               "--temperature 0.7 --out runs/candidates.jsonl\n"
               "lemma sample --model Qwen2.5-Math-1.5B-Instruct --benchmark mmlu_stem --n 1 --temperature 0 "
               "--out runs/mmlu.jsonl\n"
               "lemma sample --endpoint http://127.0.0.1:8000/v1 --served-model Qwen2.5-Math-7B-Instruct "
               "--concurrency 64 --prompts test.jsonl --out runs/candidates.jsonl",
    .min_words = 0,
    .max_words = 0,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .plan = plan,
    .timed = true,
    .budget = "n",
    .output = LEM_OUTPUT_FILE,
    .out_required = true,
    .required = "model,endpoint|prompts,benchmark",
};
