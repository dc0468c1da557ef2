/* cmd_rm_score.c - lemma rm score: scores of candidates by any reward model, outcome or process */
#include "cli/commands.h"
#include "cli/runtime.h"

#include "core/file.h"
#include "core/jsonl.h"
#include "core/mem.h"
#include "eval/aggregate.h"
#include "model/weights_open.h"
#include "reward/recipe.h"
#include "reward/scorer.h"
#include "token/tokenizer.h"

#include <string.h>

static const lem_opt opts[] = {
    {"model", LEM_OPT_STR, "DIR", NULL, "reward model folder (a missing head tensor is an error)", 0, 0},
    {"head", LEM_OPT_STR, "NAME", NULL,
     "how a plain language model is read: rlhflow, rlhflow-orm, math-shepherd (other heads are found)", 0, 0},
    {"head-output", LEM_OPT_STR, "NAME", NULL,
     "two outputs: 0, 1 (softmax) or logit-difference; one: raw, normalized or sigmoid (default: the head's "
     "own; two labels have none)",
     0, 0},
    {"system", LEM_OPT_STR, "TEXT", NULL,
     "system prompt; '' for none (default: the head's own, see model info)", 0, 0},
    {"step-separator", LEM_OPT_STR, "TEXT", NULL,
     "text between steps, \\n for a new line (process models; default \\n\\n, for Skywork and token "
     "classifiers \\n)",
     0, 0},
    {"aggregate", LEM_OPT_STR, "NAME", NULL,
     "steps to rm_score: min, last, prod, mean, … (default min; mean for rlhflow)", 0, 0},
    {"field", LEM_OPT_STR, "NAME", "rm_score", "field that receives the scores (steps: step_scores)", 0, 0},
    {"dtype", LEM_OPT_STR, "NAME", "f32", "weights in memory: f32 or bf16", 0, 0},
    {"max-rows", LEM_OPT_INT, "N", "4096", "tokens per forward pass (memory; never changes a score)", 16,
     1048576},
};

typedef struct job {
    lem_cli *cli;
    const lem_args *args;
    lem_runtime rt;
    lem_tokenizer *tok;
    lem_weights *weights;
    lem_scorer *scorer;
    lem_head_reading how;
    lem_reward_recipe recipe;
    char *separator; /* owned, or NULL */
    bool process;
    lem_eval_aggregator aggregate;
    uint64_t rows, scored, too_long, no_steps, shared;
    double seconds;
} job;

typedef struct candidate {
    const char *text;
    int same; /* index of an identical earlier one, or -1 */
    bool skip;
    lem_rendering r;
    float *value; /* [r.n_at] */
} candidate;

/* ---- one row ---- */

static lem_status render(job *j, const char *problem, const lem_json *texts, candidate *c, const char *where,
                         unsigned long long line, lem_err *err) {
    int limit = lem_scorer_limit(j->scorer);
    for (size_t i = 0; i < lem_json_count(texts); i++) {
        const lem_json *t = lem_json_at(texts, i);
        if (lem_json_kind(t) != LEM_JSON_STRING)
            return lem_fail(err, LEM_EDATA, "completions[%zu]: text expected, %s found", i,
                            lem_json_kind_name(t));
        c[i].text = lem_json_str(t, "");
        c[i].same = -1;
        for (size_t k = 0; k < i && c[i].same < 0; k++)
            if (c[k].same < 0 && strcmp(c[k].text, c[i].text) == 0) c[i].same = (int)k;
        if (c[i].same >= 0) continue;
        lem_status st = lem_reward_render(&j->recipe, j->tok, problem, c[i].text, &c[i].r, err);
        if (st) return lem_err_context(err, "completions[%zu]", i);
        if (c[i].r.n_at == 0) {
            c[i].skip = true;
            if (j->no_steps++ < 3)
                lem_warn(j->cli->log, "%s:%llu: completion %zu not scored (null): it has no steps", where,
                         line, i);
        } else if (c[i].r.ids.len > (size_t)limit) {
            c[i].skip = true;
            if (j->too_long++ < 3)
                lem_warn(j->cli->log,
                         "%s:%llu: completion %zu not scored (null): %zu tokens, the limit is %d", where,
                         line, i, c[i].r.ids.len, limit);
        }
    }
    return LEM_OK;
}

static lem_status score_all(job *j, candidate *c, size_t n, lem_err *err) {
    lem_status st = LEM_OK;
    int m = 0;
    lem_score_item *items = lem_alloc(n + 1, sizeof *items, err);
    if (!items) return LEM_EMEM;
    for (size_t i = 0; i < n; i++) {
        if (c[i].same >= 0 || c[i].skip) continue;
        c[i].value = lem_alloc((size_t)c[i].r.n_at, sizeof *c[i].value, err);
        if (!c[i].value) LEM_TRY(LEM_EMEM);
        items[m++] =
            (lem_score_item){c[i].r.ids.data, (int)c[i].r.ids.len, c[i].r.at, c[i].r.n_at, c[i].value};
    }
    LEM_TRY(lem_scorer_run(j->scorer, items, m, err));
done:
    lem_free(items);
    return st;
}

static double total(const job *j, const candidate *c) {
    double steps[LEM_REWARD_STEPS_MAX];
    if (!j->process) return (double)c->value[0];
    for (int k = 0; k < c->r.n_at; k++) steps[k] = (double)c->value[k];
    return lem_eval_aggregate(steps, (size_t)c->r.n_at, j->aggregate);
}

static lem_json *list_of(const candidate *c) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int k = 0; ok && k < c->r.n_at; k++)
        ok = lem_json_append(list, lem_json_new_num((double)c->value[k]));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

/* Sets rm_score[] and, for process models, step_scores[][]; null where there is no score. */
static lem_status set_fields(job *j, lem_json *row, const candidate *c, size_t n, lem_err *err) {
    lem_json *scores = lem_json_new_array(), *steps = lem_json_new_array();
    bool ok = scores && steps;
    for (size_t i = 0; ok && i < n; i++) {
        const candidate *x = c[i].same >= 0 ? &c[c[i].same] : &c[i];
        j->shared += c[i].same >= 0;
        j->scored += x->value != NULL;
        ok = lem_json_append(scores, x->value ? lem_json_new_num(total(j, x)) : lem_json_new_null()) &&
             (!j->process || lem_json_append(steps, x->value ? list_of(x) : lem_json_new_null()));
    }
    if (ok && j->process) {
        ok = lem_json_set(row, "step_scores", steps);
        steps = NULL;
    }
    if (ok) {
        ok = lem_json_set(row, lem_args_str(j->args, "field"), scores);
        scores = NULL;
    }
    lem_json_free(scores);
    lem_json_free(steps);
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static lem_status score_row(job *j, lem_json *row, const char *where, unsigned long long line, lem_err *err) {
    const lem_json *problem = lem_json_get(row, "problem"), *texts = lem_json_get(row, "completions");
    if (lem_json_kind(problem) != LEM_JSON_STRING || lem_json_kind(texts) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EDATA, "a candidate row needs 'problem' (text) and 'completions' (list)");
    size_t n = lem_json_count(texts);
    candidate *c = lem_alloc_zero(n + 1, sizeof *c, err);
    if (!c) return LEM_EMEM;
    lem_status st = render(j, lem_json_str(problem, ""), texts, c, where, line, err);
    if (st == LEM_OK) st = score_all(j, c, n, err);
    if (st == LEM_OK) st = set_fields(j, row, c, n, err);
    for (size_t i = 0; i < n; i++) {
        lem_rendering_release(&c[i].r);
        lem_free(c[i].value);
    }
    lem_free(c);
    return st;
}

static lem_status score_file(job *j, const char *path, lem_out *out, lem_err *err) {
    lem_rows *rows = NULL;
    lem_status st = lem_rows_open(path, &rows, err);
    lem_progress *p = lem_progress_new(j->cli->log, "scoring", "problems", 0, 0);
    for (int64_t left = j->cli->limit; st == LEM_OK && left != 0; left -= left > 0) {
        lem_json *row = NULL;
        st = lem_rows_next(rows, &row, err);
        if (st || !row) break;
        st = score_row(j, row, path, lem_rows_number(rows), err);
        if (st) lem_err_context(err, "%s:%llu", path, (unsigned long long)lem_rows_number(rows));
        else st = lem_rows_write(out, row, err);
        lem_json_free(row);
        j->rows++;
        lem_progress_add(p, 1);
        if (st == LEM_OK && j->cli->cancel->requested)
            st = lem_fail(err, LEM_EINTR, "interrupted; nothing was written (scoring starts over)");
    }
    lem_progress_free(p);
    lem_rows_close(rows);
    return st;
}

/* ---- the job ---- */

/* "\n" and "\t" of a command line; other characters stand for themselves. */
static lem_status unescape(const char *text, char **out, lem_err *err) {
    lem_buf b = {0};
    for (; *text; text++) {
        bool escape = text[0] == '\\' && (text[1] == 'n' || text[1] == 't');
        lem_buf_putc(&b, !escape ? *text : text[1] == 'n' ? '\n' : '\t');
        text += escape;
    }
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) *out = lem_strdup(lem_buf_str(&b), err);
    lem_buf_release(&b);
    return st == LEM_OK && !*out ? LEM_EMEM : st;
}

static lem_status choose_aggregate(job *j, lem_err *err) {
    const char *name = lem_args_str(j->args, "aggregate");
    if (name && !j->process)
        return lem_fail(err, LEM_EUSAGE,
                        "--aggregate is for process reward models; this is one score a solution (%s)",
                        lem_head_kind_name(j->how.kind));
    j->aggregate = j->how.kind == LEM_HEAD_KIND_RLHFLOW_PRM ? LEM_EVAL_AGG_MEAN : LEM_EVAL_AGG_MIN;
    if (name && !lem_eval_aggregator_find(name, &j->aggregate))
        return lem_fail(
            err, LEM_EUSAGE,
            "--aggregate '%.40s': min, max, last, prod, geometric, mean, mean_logit or mean_odds expected",
            name);
    return LEM_OK;
}

static lem_status choose_head(job *j, lem_err *err) {
    const char *name = lem_args_str(j->args, "head"), *dir = lem_args_str(j->args, "model"),
               *sep = lem_args_str(j->args, "step-separator");
    lem_head_shape shape = lem_weights_config(j->weights)->reward;
    lem_status st = LEM_OK;
    if (name && shape.kind != LEM_HEAD_KIND_NONE)
        return lem_fail(err, LEM_EUSAGE, "--head reads a plain language model; %s has a head of its own (%s)",
                        dir, lem_head_kind_name(shape.kind));
    if (name) LEM_TRY(lem_head_from_name(name, &shape, err));
    st = lem_head_read(&shape, lem_args_str(j->args, "head-output"), &j->how, err);
    if (st) return lem_err_context(err, "%s", dir);
    j->process = lem_head_is_process(shape.kind);
    LEM_TRY(choose_aggregate(j, err));
    if (sep) LEM_TRY(unescape(sep, &j->separator, err));
    st = lem_reward_recipe_make(&shape, j->tok, dir, lem_args_str(j->args, "system"), j->separator,
                                &j->recipe, err);
    if (st) lem_err_context(err, "%s", dir);
done:
    return st;
}

static lem_status open_all(job *j, lem_err *err) {
    const char *dir = lem_args_str(j->args, "model"), *dtype = lem_args_str(j->args, "dtype");
    lem_status st = LEM_OK;
    if (strcmp(dtype, "f32") != 0 && strcmp(dtype, "bf16") != 0)
        return lem_fail(err, LEM_EUSAGE, "--dtype '%s' is neither f32 nor bf16", dtype);
    LEM_TRY(lem_runtime_open(j->cli, NULL, &j->rt, err));
    LEM_TRY(lem_weights_open_any(
        dir, j->rt.backend, strcmp(dtype, "bf16") == 0 ? LEM_DTYPE_BF16 : LEM_DTYPE_F32, &j->weights, err));
    LEM_TRY(lem_tokenizer_load(dir, &j->tok, err));
    LEM_TRY(choose_head(j, err));
    LEM_TRY(lem_scorer_new(j->weights, j->rt.backend, &j->how, j->recipe.good, j->recipe.bad,
                           (int)lem_args_int(j->args, "max-rows"), &j->scorer, err));
    char formula[96];
    lem_head_formula_text(&j->how, formula);
    lem_info(j->cli->log, "%s: %s, %s %s%s%s", dir, lem_head_kind_name(j->how.kind), formula,
             lem_head_position(j->how.kind), j->process ? "; rm_score by " : "",
             j->process ? lem_eval_aggregator_name(j->aggregate) : "");
done:
    return st;
}

static lem_status print_json(const job *j, double rate, lem_err *err) {
    char formula[96];
    lem_head_formula_text(&j->how, formula);
    lem_buf b = {0};
    lem_json *o = lem_json_new_object();
    bool ok = o && lem_json_set(o, "problems", lem_json_new_int((int64_t)j->rows)) &&
              lem_json_set(o, "scores", lem_json_new_int((int64_t)j->scored)) &&
              lem_json_set(o, "identical", lem_json_new_int((int64_t)j->shared)) &&
              lem_json_set(o, "too_long", lem_json_new_int((int64_t)j->too_long)) &&
              lem_json_set(o, "no_steps", lem_json_new_int((int64_t)j->no_steps)) &&
              lem_json_set(o, "head", lem_json_new_str(lem_head_kind_name(j->how.kind))) &&
              lem_json_set(o, "formula", lem_json_new_str(formula)) &&
              lem_json_set(o, "position", lem_json_new_str(lem_head_position(j->how.kind))) &&
              lem_json_set(o, "aggregate",
                           j->process ? lem_json_new_str(lem_eval_aggregator_name(j->aggregate))
                                      : lem_json_new_null()) &&
              lem_json_set(o, "tokens", lem_json_new_int((int64_t)lem_scorer_tokens(j->scorer))) &&
              lem_json_set(o, "tokens_per_second", lem_json_new_num(rate));
    if (ok) lem_json_write(o, 0, &b);
    lem_status st = ok ? lem_buf_ok(&b, err) : lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK) fprintf(j->cli->out, "%s\n", lem_buf_str(&b));
    lem_json_free(o);
    lem_buf_release(&b);
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    job j = {.cli = cli, .args = args};
    const char *path = lem_args_str(args, "out");
    lem_out *out = NULL;
    lem_status st = LEM_OK;
    if (!path || !lem_args_str(args, "model"))
        return lem_fail(err, LEM_EUSAGE, "--model DIR and --out FILE are both needed");
    LEM_TRY(open_all(&j, err));
    LEM_TRY(lem_out_open(path, cli->overwrite || cli->fresh, &out, err));
    double start = lem_clock_seconds();
    LEM_TRY(score_file(&j, args->words[0], out, err));
    LEM_TRY(lem_out_commit(out, err));
    j.seconds = lem_clock_seconds() - start;
    double rate = j.seconds > 0 ? (double)lem_scorer_tokens(j.scorer) / j.seconds : 0;
    lem_info(cli->log,
             "%llu problems, %llu scores (%llu for identical texts), %llu too long, %llu without steps; %llu "
             "tokens computed, %.0f tokens/s",
             (unsigned long long)j.rows, (unsigned long long)j.scored, (unsigned long long)j.shared,
             (unsigned long long)j.too_long, (unsigned long long)j.no_steps,
             (unsigned long long)lem_scorer_tokens(j.scorer), rate);
    if (cli->json) st = print_json(&j, rate, err);
done:
    lem_out_close(out);
    lem_scorer_free(j.scorer);
    lem_weights_free(j.weights);
    lem_tokenizer_free(j.tok);
    lem_free(j.separator);
    lem_runtime_close(&j.rt);
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
};
