/* cmd_search.c - lemma search: solutions searched step by step under a reward model, resumable by problem */
#include "cli/bad_rows_options.h"
#include "cli/commands.h"
#include "cli/draw_options.h"
#include "cli/prompt_options.h"
#include "cli/runtime.h"
#include "cli/score_options.h"
#include "cli/search_judge.h"
#include "cli/search_rows.h"
#include "cli/train_options.h"
#include "cli/unescape.h"
#include "cli/speculate_options.h"
#include "cli/weights_options.h"

#include "bench/row.h"
#include "core/file.h"
#include "core/journal.h"
#include "core/jsonl.h"
#include "core/mem.h"
#include "core/object.h"
#include "model/weights_open.h"
#include "prompt/ends.h"

#include <stdlib.h>
#include <string.h>

static const lem_opt opts[] = {
    {"model", LEM_OPT_INPUT, "DIR", NULL, "folder of the model that writes steps"},
    {"rm", LEM_OPT_INPUT, "DIR", NULL, "reward model folder, process or outcome"},
    {"prompts", LEM_OPT_INPUT, "FILE", NULL,
     "rows with problem, question or prompt (JSONL, JSON, .gz, .zst)"},
    {"map", LEM_OPT_LIST, "OURS=THEIRS", NULL,
     "names of fields: problem=, expected_answer=, id= (dotted paths)"},
    {"method", LEM_OPT_ENUM, "NAME", "beam",
     "beam keeps the n/width best steps overall, dvts the best of each of n/width subtrees, best-of-n draws "
     "whole solutions",
     .choices = LEM_SEARCH_METHOD_NAMES},
    {"n", LEM_OPT_INT, "N", "16", "steps drawn at each level, or whole solutions", 1, LEM_SEARCH_MAX_N},
    {"width", LEM_OPT_INT, "M", "4", "steps drawn after each that goes on; divides n", 1, LEM_SEARCH_MAX_N},
    {"merge-equal", LEM_OPT_ENUM, "NAME", "on",
     "beam: of equal steps after the same beginning one counts; off: each counts and goes on with other "
     "draws, as in search-and-learn",
     .choices = "on|off"},
    {"depth", LEM_OPT_INT, "N", "40", "most steps of a solution", 1, 4096},
    {"budget-tokens", LEM_OPT_INT, "N", "0",
     "tokens drawn for a problem, dropped ones included: the search begins anew until they are spent; 0 = "
     "one round",
     0, 1e12},
    {"step-separator", LEM_OPT_STR, "TEXT", "\\n\\n", "text that ends a step, \\n for a new line"},
    {"step-tokens", LEM_OPT_INT, "N", "512", "tokens of a step", 1, 1e9},
    {"max-tokens", LEM_OPT_INT, "N", "2048", "tokens of a solution", 1, 1e9},
    {"temperature", LEM_OPT_NUM, "X", "0.8", "0 is greedy", 0, 1000},
    LEM_OPTS_DRAW,
    {"aggregate", LEM_OPT_ENUM, "NAME", "last", "steps of a process model to one score",
     .choices = LEM_EVAL_AGGREGATOR_NAMES},
    {"rm-head", LEM_OPT_ENUM, "NAME", NULL, "how a plain language model is read as a reward model",
     .choices = LEM_HEAD_NAMES},
    {"rm-head-output", LEM_OPT_ENUM, "NAME", NULL,
     "what is read of the reward model's outputs, as --head-output of rm score",
     .choices = LEM_SCORE_OUTPUT_NAMES},
    {"rm-separator", LEM_OPT_STR, "TEXT", NULL,
     "text between steps for the reward model, \\n for a new line [as in training, else its head's own]"},
    {"trace", LEM_OPT_STR, "FILE", NULL, "write all steps that were drawn, a row for each problem (JSONL)"},
    {"system", LEM_OPT_STR, "TEXT", NULL, "system prompt; '' for none [as in training, else none]"},
    {"suffix", LEM_OPT_STR, "TEXT", NULL,
     "line added to each problem; '' for none [as in training, else none]"},
    LEM_OPT_TEMPLATE,
    LEM_OPT_SET,
    LEM_OPT_PROMPT_FROM,
    LEM_OPT_BAD_ROWS,
    LEM_OPTS_WEIGHTS(", of both models"),
    {"slots", LEM_OPT_INT, "N", "0", "steps in flight, 0 = 256 (never changes a result)", 0, 4096,
     .effect = LEM_OPT_CHANGES_NOTHING},
    {"max-rows", LEM_OPT_INT, "N", LEM_STANDARD_ROWS,
     "tokens per scoring pass (memory; never changes a score)", 16, 1048576,
     .effect = LEM_OPT_CHANGES_NOTHING},
    LEM_OPTS_SPECULATE,
};

typedef struct job {
    lem_cli *cli;
    const lem_args *args;
    const char *model, *rm, *prompts, *out, *trace;
    lem_job *file;
    bool to_stdout;
    lem_search_opts o;
    char *separator;
    lem_dtype dtype;
    lem_prompt_settings prompt;
    lem_prompt_end_list ends;
    bad_rows bad; /* rows left out, with --on-error skip */
    lem_problems rows;
    lem_bench_chooser chooser;
    lem_json **found; /* [rows.n] records: row, and trace if it is wanted */
    uint64_t resumed, finished;
    lem_runtime rt;
    lem_model_config config;
    lem_weights *weights;
    lem_tokenizer *tok;
    lem_draft_model draft;
    lem_judge judge;
    lem_search *search;
    lem_journal *journal;
    lem_progress *progress;
    lem_score_counts counts;
    double seconds;
} job;

/* ---- options */

static lem_status read_numbers(job *j, lem_err *err) {
    const lem_args *a = j->args;
    static const char *const methods[] = {"beam", "dvts", "best-of-n"};
    j->o = (lem_search_opts){.n = (int)lem_args_int(a, "n"),
                             .width = (int)lem_args_int(a, "width"),
                             .keep_equal = lem_args_is(a, "merge-equal", "off"),
                             .depth = (int)lem_args_int(a, "depth"),
                             .separator = j->separator,
                             .step_tokens = (int)lem_args_int(a, "step-tokens"),
                             .max_tokens = (int)lem_args_int(a, "max-tokens"),
                             .budget = (uint64_t)lem_args_int(a, "budget-tokens"),
                             .sample = lem_draw_options(a),
                             .seed = j->cli->seed,
                             .slots = (int)lem_args_int(a, "slots"),
                             .speculate = lem_speculate_options(a)};
    for (int m = 0; m < 3; m++)
        if (lem_args_is(a, "method", methods[m])) j->o.method = (lem_search_method)m;
    return lem_search_check(&j->o, err);
}

/* The trace must not be somebody's file, nor the output itself. */
static lem_status check_trace(const job *j, lem_err *err) {
    if (!j->trace) return LEM_OK;
    if (strcmp(j->trace, j->out) == 0)
        return lem_fail(err, LEM_EUSAGE, "--trace and --out are the same file");
    if (lem_file_exists(j->trace) && !lem_job_may_replace(j->file))
        return lem_fail(err, LEM_EUSAGE, "--trace '%s' exists; --overwrite replaces it", j->trace);
    return LEM_OK;
}

static lem_status read_options(job *j, lem_err *err) {
    const lem_args *a = j->args;
    j->model = lem_args_str(a, "model");
    j->rm = lem_args_str(a, "rm");
    j->prompts = lem_args_str(a, "prompts");
    j->out = lem_args_str(a, "out");
    j->trace = lem_args_str(a, "trace");
    j->to_stdout = strcmp(j->out, "-") == 0;
    j->dtype = lem_weights_dtype(a);
    if (j->to_stdout && j->cli->json) return lem_fail(err, LEM_EUSAGE, "--out - and --json both want stdout");
    lem_status st = check_trace(j, err);
    if (st == LEM_OK) st = lem_unescape(lem_args_str(a, "step-separator"), &j->separator, err);
    return st ? st : read_numbers(j, err);
}

static lem_status read_prompt(job *j, lem_err *err) {
    lem_prompt_options o = {.template = lem_args_str(j->args, "template"),
                            .set = lem_args_tree(j->args, "set"),
                            .system = lem_args_str(j->args, "system"),
                            .suffix = lem_args_str(j->args, "suffix"),
                            .from = lem_args_str(j->args, "prompt-from")};
    return lem_prompt_settings_open(j->model, &o, &j->prompt, err);
}

/* ---- journal: a record for each problem */

static lem_status visit(void *ctx, const char *id, const lem_json *record, lem_err *err) {
    job *j = ctx;
    char *end = NULL;
    unsigned long long row = strtoull(id, &end, 10);
    if (end == id || *end || row >= j->rows.n ||
        lem_json_kind(lem_json_get(record, "row")) != LEM_JSON_OBJECT)
        return lem_fail(err, LEM_EDATA, "the journal of %s: unknown record '%s'", j->out, id);
    if (j->found[row]) return LEM_OK;
    j->found[row] = lem_json_copy(record);
    if (!j->found[row]) return lem_fail(err, LEM_EMEM, "out of memory while reading the journal");
    j->finished++;
    return LEM_OK;
}

static lem_status open_journal(job *j, lem_err *err) {
    lem_status st = lem_job_journal(j->file, visit, j, &j->journal, err);
    j->resumed = j->finished;
    if (st == LEM_OK && j->resumed)
        lem_info(j->cli->log, "going on: %llu of %zu problems are there already",
                 (unsigned long long)j->resumed, j->rows.n);
    return st;
}

/* ---- a problem */

static lem_status keep(job *j, size_t at, lem_json *row, const lem_search_result *r, const bool *same,
                       lem_err *err) {
    const char *method = lem_args_str(j->args, "method");
    char id[24];
    lem_object o = lem_object_new();
    lem_object_json(&o, "row", row);
    if (j->trace) lem_object_json(&o, "trace", lem_search_trace(&j->rows.at[at], r, same, method));
    lem_json *record = lem_object_done(&o);
    if (!record) return lem_fail(err, LEM_EMEM, "out of memory for a record");
    snprintf(id, sizeof id, "%zu", at);
    j->found[at] = record;
    j->finished++;
    return j->journal ? lem_journal_append(j->journal, id, record, err) : LEM_OK;
}

static lem_status search_one(job *j, size_t at, lem_err *err) {
    const lem_problem *p = &j->rows.at[at];
    const int32_t *ids = j->rows.ids.data + p->ids_at;
    lem_search_result r = {0};
    lem_json *row = NULL;
    bool *same = NULL;
    lem_status st = LEM_OK;
    j->judge.problem = p->problem;
    if (!p->too_long)
        LEM_TRY(lem_search_run(j->search, p->line, p->key, ids, p->n_ids, lem_judge_score, &j->judge,
                               j->cli->cancel, &r, err));
    same = lem_alloc((size_t)r.n + 1, sizeof *same, err);
    if (!same) LEM_TRY(LEM_EMEM);
    LEM_TRY(lem_search_marks(j->tok, ids[p->n_ids - 1], &r, j->trace != NULL, same, err));
    LEM_TRY(lem_search_row(p, &r, same, lem_args_str(j->args, "method"), &row, err));
    st = lem_score_row(&j->judge.model.how, row, j->prompts, p->line, &j->counts, err);
    if (st) {
        lem_json_free(row);
        goto done;
    }
    st = keep(j, at, row, &r, same, err);
done:
    lem_free(same);
    lem_search_result_release(&r);
    return st;
}

static lem_status search_all(job *j, lem_err *err) {
    double begin = lem_clock_seconds();
    lem_status st = LEM_OK;
    j->progress = lem_progress_new(j->cli->log, "search", "problems", j->rows.n, j->resumed);
    for (size_t i = 0; st == LEM_OK && i < j->rows.n; i++) {
        if (j->found[i]) continue;
        st = search_one(j, i, err);
        if (st == LEM_OK) lem_progress_add(j->progress, 1);
    }
    lem_progress_free(j->progress);
    j->progress = NULL;
    j->seconds = lem_clock_seconds() - begin;
    return st == LEM_EINTR ? lem_job_interrupted(j->file, j->finished, j->rows.n, "problems", err) : st;
}

/* ---- stages of the run */

static lem_status load_model(job *j, lem_err *err) {
    bool chat = j->prompt.template == LEM_PROMPT_CHAT;
    lem_status st = lem_model_check(j->model, LEM_HEAD_LM, &j->config, err);
    if (st == LEM_OK) st = lem_prompt_options_tokenizer(j->cli, j->model, &j->prompt, &j->tok, err);
    if (st == LEM_OK)
        st = lem_draft_check(j->cli, j->args, j->model, j->tok, &j->draft, &j->o.speculate, err);
    if (st) return st;
    st = lem_prompt_ends(j->tok, j->model, j->config.vocab, chat, &j->ends, err);
    if (st) return st;
    j->o.end = j->ends.id;
    j->o.n_end = j->ends.n;
    st = lem_draw_proposed(j->cli, j->file, j->model, &j->o.sample, err);
    if (st) return st;
    return lem_problems_encode(&j->rows, j->tok, &j->prompt, j->config.max_positions - 1, j->cli->cancel,
                               err);
}

static lem_status folder_bytes(const char *dir, const lem_args *args, double *out, lem_err *err) {
    lem_model_config c;
    lem_status st = lem_train_folder_config(dir, &c, NULL, err);
    if (st == LEM_OK) *out += (double)lem_weights_bytes(&c, lem_weights_dtype(args));
    return st;
}

static lem_search_opts options_of(const job *j, const lem_memory_ask *ask) {
    lem_search_opts o = j->o;
    o.slots = ask->slots;
    o.max_tokens = ask->max_tokens;
    o.kv_dtype = lem_memory_kv(ask, &j->config);
    return o;
}

enum { AROUND = 64 }; /* tokens of the reward model's template */

/* Both models and both sessions are there at once. */
static void memory_of(void *ctx, const lem_memory_ask *ask, lem_memory_parts *out) {
    job *j = ctx;
    const score_model *rm = &j->judge.model;
    lem_search_opts o = options_of(j, ask);
    lem_search_texts t = lem_search_scored(&j->config, &o);
    lem_scorer_expect(rm->scorer, t.tokens + AROUND, t.nodes, t.nodes, t.longest + AROUND);
    *out = lem_score_model_bytes(rm, &rm->config, ask);
    out->weights +=
        (double)lem_weights_bytes(&j->config, ask->dtype) + (double)lem_draft_bytes(&j->draft, ask->dtype);
    out->work += (double)lem_search_bytes(&j->config, &o);
    out->results = (double)j->rows.n * o.n * lem_memory_of_text(j->tok, o.max_tokens);
}

static lem_status plan_memory(job *j, lem_err *err) {
    char what[512];
    lem_memory_job memory = {j->cli, j->args, what, memory_of, j};
    lem_memory_ask ask = lem_memory_asked(j->args);
    lem_memory_parts p = {0};
    ask.slots = j->o.slots ? j->o.slots : LEM_ENGINE_SLOTS;
    ask.max_tokens = j->o.max_tokens;
    ask.max_rows = j->judge.model.max_rows;
    snprintf(what, sizeof what, "searching with %.200s and %.200s", j->model, j->rm);
    j->o.max_prompt = j->rows.longest;
    lem_status st = lem_memory_fit(&memory, &ask, &p, err);
    if (st) return st;
    j->o = options_of(j, &ask);
    j->o.kv_bytes = lem_memory_spare(&p);
    j->judge.model.max_rows = ask.max_rows;
    if (!j->cli->dry_run) return LEM_OK;
    lem_info(j->cli->log, "plan: %zu problems", j->rows.n);
    return lem_memory_print(j->cli, "search", j->args, &p, err);
}

static lem_status load_rows(job *j, lem_err *err) {
    lem_problems_opts rows = {.map = lem_args_tree(j->args, "map"),
                              .limit = j->cli->limit,
                              .cancel = j->cli->cancel,
                              .choose = lem_bench_choose,
                              .choose_ctx = &j->chooser};
    j->chooser.log = j->cli->log;
    return lem_bad_rows_read_problems(&j->bad, j->cli, j->args, j->file, j->prompts, &rows, &j->rows, err);
}

static lem_status open_judge(job *j, lem_err *err) {
    const lem_judge_opts judge = {.dir = j->rm,
                                  .head = lem_args_str(j->args, "rm-head"),
                                  .output = lem_args_str(j->args, "rm-head-output"),
                                  .separator = lem_args_str(j->args, "rm-separator"),
                                  .aggregate = lem_args_str(j->args, "aggregate"),
                                  .dtype = lem_weights_dtype_name(j->args),
                                  .compute = lem_weights_compute_name(j->args),
                                  .max_rows = (int)lem_args_int(j->args, "max-rows")};
    lem_status st = lem_judge_open(j->cli, &judge, &j->judge, err);
    j->judge.model.max_rows = judge.max_rows;
    return st;
}

static lem_status prepare(job *j, lem_err *err) {
    lem_status st = read_prompt(j, err);
    if (st == LEM_OK) st = load_rows(j, err);
    if (st == LEM_OK) st = load_model(j, err);
    if (st == LEM_OK) st = lem_weights_implied(j->cli, j->file, j->args, j->model, "compute", err);
    if (st == LEM_OK) st = lem_weights_implied(j->cli, j->file, j->args, j->rm, "rm_compute", err);
    if (st == LEM_OK) st = open_judge(j, err);
    if (st) return st;
    if (j->rows.too_long)
        lem_warn(j->cli->log, "%llu prompts do not fit the context of %d tokens and have no solutions",
                 (unsigned long long)j->rows.too_long, j->config.max_positions);
    return plan_memory(j, err);
}

static lem_status open_run(job *j, lem_err *err) {
    lem_status st = LEM_OK;
    j->found = lem_alloc_zero(j->rows.n, sizeof *j->found, err);
    if (!j->found) return LEM_EMEM;
    LEM_TRY(lem_runtime_open(j->cli, lem_job_compute_path(j->file), &j->rt, err));
    lem_weights_compute(j->args, j->rt.backend);
    LEM_TRY(lem_judge_weights(&j->judge, j->rt.backend, err));
    LEM_TRY(lem_job_start(j->file, j->rt.backend->ops->name, err));
    LEM_TRY(open_journal(j, err));
    LEM_TRY(lem_weights_open(j->model, LEM_HEAD_LM, j->rt.backend, j->dtype, &j->weights, err));
    LEM_TRY(lem_draft_open(j->args, j->rt.backend, &j->draft, &j->o.speculate, err));
    st = lem_search_new(j->weights, &j->config, j->tok, j->rt.backend, &j->o, &j->search, err);
done:
    return st;
}

/* One member of every record, as rows of a file. */
static lem_status write_rows(const job *j, const char *path, const char *member, lem_err *err) {
    lem_out *o = NULL;
    lem_status st = LEM_OK;
    LEM_TRY(lem_out_open(path, true, &o, err));
    for (size_t i = 0; i < j->rows.n; i++) LEM_TRY(lem_rows_write(o, lem_json_get(j->found[i], member), err));
    st = lem_out_commit(o, err);
done:
    lem_out_close(o);
    return st;
}

static lem_status write_output(job *j, lem_err *err) {
    lem_status st = j->trace ? write_rows(j, j->trace, "trace", err) : LEM_OK;
    if (st == LEM_OK) st = write_rows(j, j->out, "row", err);
    return st ? st : lem_job_finish(j->file, err);
}

/* ---- what it came to */

typedef struct sums {
    uint64_t tokens, solutions, stopped, changed;
} sums;

static sums add_up(const job *j) {
    sums s = {0};
    for (size_t i = 0; i < j->rows.n; i++) {
        const lem_json *row = lem_json_get(j->found[i], "row"), *how = lem_json_get(row, "finish_reason");
        s.tokens += (uint64_t)lem_json_int(lem_json_find(row, "search.tokens"), 0);
        s.solutions += lem_json_count(how);
        const lem_json *marks = lem_json_get(row, "reencodes");
        for (size_t k = 0; k < lem_json_count(marks); k++)
            s.changed += !lem_json_bool(lem_json_at(marks, k), true);
        for (size_t k = 0; k < lem_json_count(how); k++)
            s.stopped += strcmp(lem_json_str(lem_json_at(how, k), ""), "stop") == 0;
    }
    return s;
}

static lem_status show(const job *j, lem_err *err) {
    sums s = add_up(j);
    lem_engine_counts c = lem_search_count(j->search);
    lem_info(j->cli->log,
             "%s: %zu problems, %llu solutions, %llu tokens drawn; this run computed %llu and scored %llu "
             "texts in %llu tokens of "
             "the reward model",
             j->out, j->rows.n, (unsigned long long)s.solutions, (unsigned long long)s.tokens,
             (unsigned long long)(c.prompt_fed + c.generated_fed), (unsigned long long)j->judge.scored,
             (unsigned long long)lem_scorer_tokens(j->judge.model.scorer));
    lem_speculate_tell(j->cli->log, c.drafted, c.accepted, c.generated, c.steps);
    if (s.stopped < s.solutions)
        lem_warn(j->cli->log,
                 "%llu solutions did not end by themselves (see finish_reason: length, depth, budget)",
                 (unsigned long long)(s.solutions - s.stopped));
    if (s.changed)
        lem_warn(j->cli->log,
                 "%llu solutions do not encode to the tokens that were drawn (reencodes: false): their "
                 "logprob is of those tokens, their scores are of the text's own",
                 (unsigned long long)s.changed);
    if (j->judge.without)
        lem_warn(j->cli->log, "%llu texts had no score (no steps, or too long) and ranked last",
                 (unsigned long long)j->judge.without);
    if (!j->cli->json) return LEM_OK;
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", "search");
    lem_object_str(&o, "out", j->out);
    lem_object_str(&o, "identity", lem_job_identity(j->file));
    lem_object_bool(&o, "already_complete", false);
    lem_object_int(&o, "problems", j->rows.n);
    lem_object_int(&o, "prompt_too_long", j->rows.too_long);
    lem_object_int(&o, "resumed", j->resumed);
    lem_object_int(&o, "solutions", s.solutions);
    lem_object_int(&o, "ended", s.stopped);
    lem_object_int(&o, "tokens", s.tokens);
    lem_object_int(&o, "tokens_computed", c.prompt_fed + c.generated_fed);
    lem_speculate_json(c.drafted, c.accepted, c.generated, c.steps, &o);
    lem_object_int(&o, "texts_scored", j->judge.scored);
    lem_object_int(&o, "not_reencoded", s.changed);
    lem_object_int(&o, "texts_without_score", j->judge.without);
    lem_object_int(&o, "reward_model_tokens", lem_scorer_tokens(j->judge.model.scorer));
    lem_object_num(&o, "seconds", j->seconds);
    lem_bad_rows_tell(&j->bad, &o);
    return lem_print_json(j->cli->out, lem_object_done(&o), 0, err);
}

static void release(job *j) {
    for (size_t i = 0; j->found && i < j->rows.n; i++) lem_json_free(j->found[i]);
    lem_free(j->found);
    lem_free(j->separator);
    lem_search_free(j->search);
    lem_judge_close(&j->judge);
    lem_bad_rows_release(&j->bad);
    lem_problems_release(&j->rows);
    lem_bench_chooser_release(&j->chooser);
    lem_prompt_settings_release(&j->prompt);
    if (j->weights) lem_weights_free(j->weights);
    lem_draft_close(&j->draft);
    if (j->tok) lem_tokenizer_free(j->tok);
    lem_runtime_close(&j->rt);
    lem_job_close(j->file);
}

static lem_status work(job *j, lem_err *err) {
    lem_status st = prepare(j, err);
    if (st || j->cli->dry_run) return st;
    st = open_run(j, err);
    if (st == LEM_OK) st = search_all(j, err);
    if (st == LEM_OK) st = write_output(j, err);
    return st ? st : show(j, err);
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    job j = {.cli = cli, .args = args};
    const char *trace = lem_args_str(args, "trace");
    const lem_job_spec spec = {.companions = &trace, .n_companions = trace != NULL};
    lem_status st = lem_job_open(cli, &lem_cmd_search, args, &spec, &j.file, err);
    if (st) return st;
    if (lem_job_done(j.file)) st = lem_print_complete(cli, "search", j.file, err);
    else {
        st = read_options(&j, err);
        if (st == LEM_OK) st = work(&j, err);
    }
    release(&j);
    return st;
}

static lem_status plan(lem_cli *cli, const lem_args *args, lem_plan *out, lem_err *err) {
    (void)cli;
    lem_status st = folder_bytes(lem_args_str(args, "model"), args, &out->memory, err);
    return st ? st : folder_bytes(lem_args_str(args, "rm"), args, &out->memory, err);
}

const lem_command lem_cmd_search = {
    .name = "search",
    .purpose = "solutions searched step by step under a reward model: beam search, DVTS, best-of-N",
    .usage = "--model DIR --rm DIR --prompts FILE --out FILE [options]",
    .example = "lemma search --model runs/sft --rm runs/prm --prompts test.jsonl --method dvts --n 16 "
               "--budget-tokens 8192 --out found.jsonl",
    .min_words = 0,
    .max_words = 0,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .plan = plan,
    .timed = true,
    .output = LEM_OUTPUT_FILE,
    .out_required = true,
    .required = "model|rm|prompts",
};
