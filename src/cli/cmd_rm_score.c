/* cmd_rm_score.c - lemma rm score: scores of candidates by any reward model, outcome or process */
#include "cli/commands.h"
#include "cli/prompt_options.h"
#include "cli/runtime.h"
#include "cli/train_options.h"
#include "cli/unescape.h"

#include "core/file.h"
#include "core/jsonl.h"
#include "core/mem.h"
#include "core/object.h"
#include "eval/score_rows.h"
#include "model/weights_open.h"
#include "reward/recipe.h"
#include "token/tokenizer.h"

#include <stdlib.h>
#include <string.h>

static const lem_opt opts[] = {
    {"model", LEM_OPT_INPUT, "DIR", NULL, "reward model folder (a missing head tensor is an error)"},
    {"head", LEM_OPT_ENUM, "NAME", NULL, "how a plain language model is read (other heads are found)",
     .choices = LEM_HEAD_NAMES},
    {"head-output", LEM_OPT_ENUM, "NAME", NULL,
     "two outputs: 0, 1 (softmax) or logit-difference; one: raw, normalized or sigmoid (default: the head's "
     "own; two labels have none)",
     .choices = "0|1|logit-difference|raw|normalized|sigmoid"},
    {"system", LEM_OPT_STR, "TEXT", NULL,
     "system prompt; '' for none (default: as in training, else the head's own, see model info)"},
    {"step-separator", LEM_OPT_STR, "TEXT", NULL,
     "text between steps, \\n for a new line (process models; default \\n\\n, for Skywork and token "
     "classifiers \\n)"},
    LEM_OPT_PROMPT_FROM,
    {"aggregate", LEM_OPT_ENUM, "NAME", NULL, "steps to rm_score (default min; mean for rlhflow)",
     .choices = LEM_EVAL_AGGREGATOR_NAMES},
    {"field", LEM_OPT_STR, "NAME", "rm_score", "field that receives the scores (steps: step_scores)"},
    {"dtype", LEM_OPT_ENUM, "NAME", "f32", "weights in memory", .choices = "f32|bf16"},
    {"max-rows", LEM_OPT_INT, "N", "4096", "tokens per forward pass (memory; never changes a score)", 16,
     1048576, .effect = LEM_OPT_CHANGES_NOTHING},
};

typedef struct job {
    lem_cli *cli;
    const lem_args *args;
    lem_job *file;
    lem_journal *journal;
    lem_json **known; /* [n_known] rows that an earlier run scored; NULL where it did not */
    uint64_t n_known;
    lem_runtime rt;
    lem_tokenizer *tok;
    lem_weights *weights;
    lem_scorer *scorer;
    lem_head_reading how;
    lem_prompt_settings prompt;
    lem_prompt_recipe recipe; /* borrows from prompt */
    lem_score_how score;      /* how a row is scored: borrows all of the above */
    uint64_t rows;
    lem_score_counts counts;
} job;

/* ---- the journal: one record a row, with the counts that it adds ---- */

static lem_status keep_known(job *j, uint64_t row, const lem_json *record, lem_err *err) {
    if (row >= j->n_known) {
        uint64_t n = 2 * row + 256;
        lem_json **p = lem_realloc(j->known, n, sizeof *p, err);
        if (!p) return LEM_EMEM;
        memset(p + j->n_known, 0, (n - j->n_known) * sizeof *p);
        j->known = p;
        j->n_known = n;
    }
    if (j->known[row]) return LEM_OK;
    j->known[row] = lem_json_copy(record);
    return j->known[row] ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static lem_status visit(void *ctx, const char *id, const lem_json *record, lem_err *err) {
    char *end = NULL;
    unsigned long long row = strtoull(id, &end, 10);
    if (end == id || *end || row >> 40 || lem_json_kind(lem_json_get(record, "row")) != LEM_JSON_OBJECT)
        return lem_fail(err, LEM_EDATA, "the journal holds an unknown record '%s'", id);
    return keep_known(ctx, row, record, err);
}

static void counters(job *j, uint64_t *list[4]) {
    list[0] = &j->counts.scored;
    list[1] = &j->counts.shared;
    list[2] = &j->counts.too_long;
    list[3] = &j->counts.no_steps;
}

static lem_json *count_list(job *j, const uint64_t before[4]) {
    uint64_t *list[4];
    lem_json *counts = lem_json_new_array();
    bool ok = counts != NULL;
    counters(j, list);
    for (int i = 0; ok && i < 4; i++)
        ok = lem_json_append(counts, lem_json_new_int((int64_t)(*list[i] - before[i])));
    if (ok) return counts;
    lem_json_free(counts);
    return NULL;
}

static lem_status append(job *j, uint64_t index, const lem_json *row, const uint64_t before[4],
                         lem_err *err) {
    char id[24];
    lem_object o = lem_object_new();
    lem_object_json(&o, "row", lem_json_copy(row));
    lem_object_json(&o, "counts", count_list(j, before));
    lem_json *record = lem_object_done(&o);
    snprintf(id, sizeof id, "%llu", (unsigned long long)index);
    lem_status st =
        record ? lem_journal_append(j->journal, id, record, err) : lem_fail(err, LEM_EMEM, "out of memory");
    lem_json_free(record);
    return st;
}

/* A row that an earlier run scored: its record's, which *row becomes. */
static lem_status take_known(job *j, uint64_t index, lem_json **row, lem_err *err) {
    uint64_t *list[4];
    const lem_json *counts = lem_json_get(j->known[index], "counts");
    lem_json *copy = lem_json_copy(lem_json_get(j->known[index], "row"));
    if (!copy) return lem_fail(err, LEM_EMEM, "out of memory");
    lem_json_free(*row);
    *row = copy;
    counters(j, list);
    for (size_t i = 0; i < 4; i++) *list[i] += (uint64_t)lem_json_int(lem_json_at(counts, i), 0);
    return LEM_OK;
}

/* ---- all rows ---- */

static lem_status score_one(job *j, lem_json **row, const char *path, uint64_t line, lem_err *err) {
    uint64_t index = j->rows, before[4], *list[4];
    if (index < j->n_known && j->known[index]) return take_known(j, index, row, err);
    counters(j, list);
    for (int i = 0; i < 4; i++) before[i] = *list[i];
    lem_status st = lem_score_row(&j->score, *row, path, line, &j->counts, err);
    if (st) return lem_err_context(err, "%s:%llu", path, (unsigned long long)line);
    return j->journal ? append(j, index, *row, before, err) : LEM_OK;
}

static lem_status interrupted(const job *j, lem_err *err) {
    if (!j->journal) return lem_fail(err, LEM_EINTR, "interrupted");
    return lem_fail(err, LEM_EINTR, "interrupted; %llu rows are saved, the same command goes on from there",
                    (unsigned long long)j->rows);
}

static lem_status score_rows(job *j, lem_rows *rows, const char *path, lem_out *out, lem_err *err) {
    lem_progress *p = lem_progress_new(j->cli->log, "scoring", "problems", 0, 0);
    lem_status st = LEM_OK;
    for (int64_t left = j->cli->limit; st == LEM_OK && left != 0; left -= left > 0) {
        lem_json *row = NULL;
        st = lem_rows_next(rows, &row, err);
        if (st || !row) break;
        st = score_one(j, &row, path, lem_rows_number(rows), err);
        if (st == LEM_OK) st = lem_rows_write(out, row, err);
        lem_json_free(row);
        j->rows++;
        lem_progress_add(p, 1);
        if (st == LEM_OK && j->cli->cancel->requested) st = interrupted(j, err);
    }
    lem_progress_free(p);
    return st;
}

static lem_status score_file(job *j, const char *path, lem_err *err) {
    const char *to = lem_job_out(j->file);
    lem_rows *rows = NULL;
    lem_out *out = NULL;
    lem_status st = LEM_OK;
    LEM_TRY(lem_runtime_rows(j->cli, path, &rows, err));
    LEM_TRY(lem_job_journal(j->file, visit, j, &j->journal, err));
    LEM_TRY(lem_out_open(to ? to : "-", true, &out, err));
    LEM_TRY(score_rows(j, rows, path, out, err));
    if (j->rows == 0) LEM_TRY(lem_fail(err, LEM_EDATA, "%s: no rows", path));
    LEM_TRY(lem_out_commit(out, err));
    if (j->journal) st = lem_journal_close(j->journal, err);
    j->journal = NULL;
    if (st == LEM_OK) st = lem_job_finish(j->file, err);
done:
    lem_out_close(out);
    lem_rows_close(rows);
    return st;
}

/* ---- the job ---- */

static lem_status choose_aggregate(job *j, lem_err *err) {
    const char *name = lem_args_str(j->args, "aggregate");
    if (name && !j->score.process)
        return lem_fail(err, LEM_EUSAGE,
                        "--aggregate is for process reward models; this is one score a solution (%s)",
                        lem_head_kind_name(j->how.kind));
    j->score.aggregate = j->how.kind == LEM_HEAD_KIND_RLHFLOW_PRM ? LEM_EVAL_AGG_MEAN : LEM_EVAL_AGG_MIN;
    if (name && !lem_eval_aggregator_find(name, &j->score.aggregate))
        return lem_fail(err, LEM_EUSAGE, "--aggregate '%s' is unknown", name);
    return LEM_OK;
}

/* What the folder says of its prompts, and the options. */
static lem_status read_prompt(job *j, lem_err *err) {
    const char *sep = lem_args_str(j->args, "step-separator");
    char *separator = NULL;
    lem_status st = sep ? lem_unescape(sep, &separator, err) : LEM_OK;
    lem_prompt_options o = {.system = lem_args_str(j->args, "system"),
                            .separator = separator,
                            .from = lem_args_str(j->args, "prompt-from")};
    if (st == LEM_OK) st = lem_prompt_settings_open(lem_args_str(j->args, "model"), &o, &j->prompt, err);
    lem_free(separator);
    return st;
}

static lem_status choose_head(job *j, lem_err *err) {
    const char *name = lem_args_str(j->args, "head"), *dir = lem_args_str(j->args, "model");
    lem_head_shape shape = lem_weights_config(j->weights)->reward;
    lem_status st = LEM_OK;
    if (name && shape.kind != LEM_HEAD_KIND_NONE)
        return lem_fail(err, LEM_EUSAGE, "--head reads a plain language model; %s has a head of its own (%s)",
                        dir, lem_head_kind_name(shape.kind));
    if (name) LEM_TRY(lem_head_from_name(name, &shape, err));
    st = lem_head_read(&shape, lem_args_str(j->args, "head-output"), &j->how, err);
    if (st) return lem_err_context(err, "%s", dir);
    j->score.process = lem_head_is_process(shape.kind);
    LEM_TRY(choose_aggregate(j, err));
    st = lem_reward_recipe_make(&shape, j->tok, dir, &j->prompt, &j->recipe, err);
    if (st) lem_err_context(err, "%s", dir);
done:
    return st;
}

static void show_head(const job *j, const char *dir) {
    char formula[96];
    bool steps = j->score.process;
    const char *by = steps ? "; rm_score by " : "",
               *how = steps ? lem_eval_aggregator_name(j->score.aggregate) : "";
    lem_head_formula_text(&j->how, formula);
    lem_info(j->cli->log, "%s: %s, %s %s%s%s", dir, lem_head_kind_name(j->how.kind), formula,
             lem_head_position(j->how.kind), by, how);
}

static lem_status open_all(job *j, lem_err *err) {
    const char *dir = lem_args_str(j->args, "model");
    lem_dtype dtype = lem_args_is(j->args, "dtype", "bf16") ? LEM_DTYPE_BF16 : LEM_DTYPE_F32;
    lem_status st = LEM_OK;
    LEM_TRY(lem_runtime_open(j->cli, lem_job_compute_path(j->file), &j->rt, err));
    LEM_TRY(lem_weights_open_any(dir, j->rt.backend, dtype, &j->weights, err));
    LEM_TRY(lem_runtime_tokenizer(j->cli, dir, &j->tok, err));
    LEM_TRY(choose_head(j, err));
    LEM_TRY(lem_scorer_new(j->weights, j->rt.backend, &j->how, j->recipe.good, j->recipe.bad,
                           (int)lem_args_int(j->args, "max-rows"), &j->scorer, err));
    j->score.tokenizer = j->tok;
    j->score.scorer = j->scorer;
    j->score.recipe = &j->recipe;
    j->score.field = lem_args_str(j->args, "field");
    j->score.log = j->cli->log;
    show_head(j, dir);
done:
    return st;
}

static lem_status print_json(const job *j, double rate, lem_err *err) {
    char formula[96];
    lem_object o = lem_object_new();
    lem_head_formula_text(&j->how, formula);
    lem_object_int(&o, "problems", j->rows);
    lem_object_int(&o, "scores", j->counts.scored);
    lem_object_int(&o, "identical", j->counts.shared);
    lem_object_int(&o, "too_long", j->counts.too_long);
    lem_object_int(&o, "no_steps", j->counts.no_steps);
    lem_object_str(&o, "head", lem_head_kind_name(j->how.kind));
    lem_object_str(&o, "formula", formula);
    lem_object_str(&o, "position", lem_head_position(j->how.kind));
    lem_object_str(&o, "aggregate", j->score.process ? lem_eval_aggregator_name(j->score.aggregate) : NULL);
    lem_object_int(&o, "tokens", lem_scorer_tokens(j->scorer));
    lem_object_num(&o, "tokens_per_second", rate);
    return lem_print_json(j->cli->out, lem_object_done(&o), 0, err);
}

static lem_status plan(lem_cli *cli, const lem_args *args, lem_plan *out, lem_err *err) {
    lem_model_config c;
    double width = lem_args_is(args, "dtype", "bf16") ? 2 : 4;
    (void)cli;
    lem_status st = lem_train_plan_config(lem_args_str(args, "model"), out, &c, NULL, err);
    if (st) return st;
    out->parameters = (double)lem_model_config_params(&c);
    out->memory =
        width * out->parameters + (double)lem_net_bytes(&c, (int)lem_args_int(args, "max-rows"), false);
    out->flops = 2 * out->parameters;
    return LEM_OK;
}

static lem_status show_plan(const job *j, lem_err *err) {
    lem_plan p = {0};
    lem_status st = plan(j->cli, j->args, &p, err);
    if (st) return st;
    lem_info(j->cli->log, "plan: at most %.2f GB of memory", p.memory / 1e9);
    return lem_print_dry_run(j->cli, "rm score", j->args, p.memory, err);
}

static lem_status score(job *j, lem_err *err) {
    lem_status st = LEM_OK;
    LEM_TRY(read_prompt(j, err));
    if (j->cli->dry_run) return show_plan(j, err);
    LEM_TRY(open_all(j, err));
    LEM_TRY(lem_job_start(j->file, j->rt.backend->ops->name, err));
    double start = lem_clock_seconds();
    LEM_TRY(score_file(j, j->args->words[0], err));
    double seconds = lem_clock_seconds() - start, tokens = (double)lem_scorer_tokens(j->scorer);
    double rate = seconds > 0 ? tokens / seconds : 0;
    lem_info(j->cli->log,
             "%llu problems, %llu scores (%llu for identical texts), %llu too long, %llu without steps; %.0f "
             "tokens computed, %.0f tokens/s",
             (unsigned long long)j->rows, (unsigned long long)j->counts.scored,
             (unsigned long long)j->counts.shared, (unsigned long long)j->counts.too_long,
             (unsigned long long)j->counts.no_steps, tokens, rate);
    if (j->cli->json) st = print_json(j, rate, err);
done:
    return st;
}

static void release(job *j) {
    if (j->journal && lem_journal_close(j->journal, NULL) != LEM_OK)
        lem_warn(j->cli->log, "the journal of %s could not be closed", lem_job_out(j->file));
    for (uint64_t i = 0; i < j->n_known; i++) lem_json_free(j->known[i]);
    lem_free(j->known);
    lem_scorer_free(j->scorer);
    lem_weights_free(j->weights);
    lem_tokenizer_free(j->tok);
    lem_prompt_settings_release(&j->prompt);
    lem_runtime_close(&j->rt);
    lem_job_close(j->file);
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    job j = {.cli = cli, .args = args};
    lem_status st = lem_job_open(cli, &lem_cmd_rm_score, args, NULL, &j.file, err);
    if (st == LEM_OK && lem_job_done(j.file)) st = lem_print_complete(cli, "rm score", j.file, err);
    else if (st == LEM_OK) st = score(&j, err);
    release(&j);
    return st;
}

const lem_command lem_cmd_rm_score = {
    .name = "rm score",
    .purpose = "score candidates with an outcome or process reward model",
    .usage = "FILE --model DIR --out SCORED [options]",
    .example = "lemma rm score graded.jsonl --model reward-model --out scored.jsonl\n"
               "lemma rm score graded.jsonl --model Llama3.1-8B-PRM --head rlhflow --aggregate mean --out "
               "scored.jsonl",
    .min_words = 1,
    .max_words = 1,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .plan = plan,
    .output = LEM_OUTPUT_FILE,
    .out_required = true,
    .required = "model",
    .words = LEM_WORDS_INPUT,
};
