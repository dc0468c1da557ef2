/* cmd_rm_score.c - lemma rm score: scores of candidates by an outcome reward model */
#include "cli/commands.h"
#include "cli/runtime.h"

#include "core/file.h"
#include "core/jsonl.h"
#include "core/mem.h"
#include "data/dataset.h"
#include "model/model.h"
#include "reward/scorer.h"
#include "token/tokenizer.h"

#include <string.h>

static const lem_opt opts[] = {
    {"model", LEM_OPT_STR, "DIR", NULL, "reward model folder (a missing head tensor is an error)", 0, 0},
    {"system", LEM_OPT_STR, "TEXT", LEM_REWARD_SYSTEM, "system prompt; '' for none", 0, 0},
    {"field", LEM_OPT_STR, "NAME", "rm_score", "field that receives the scores", 0, 0},
    {"dtype", LEM_OPT_STR, "NAME", "f32", "weights in memory: f32 or bf16", 0, 0},
    {"max-rows", LEM_OPT_INT, "N", "4096", "tokens per forward pass (memory; never changes a score)", 16, 1048576},
};

typedef struct job {
    lem_cli *cli;
    const lem_args *args;
    lem_runtime rt;
    lem_model *model;
    lem_tokenizer *tok;
    lem_weights *weights;
    lem_scorer *scorer;
    lem_ids ids; /* prompt, then the responses of one row */
    uint64_t rows, scored, too_long, shared;
    double seconds;
} job;

typedef struct span {
    size_t at;
    int len, same;
} span; /* same: index of an identical earlier response, or -1 */

static lem_status encode_row(job *j, const char *problem, const lem_json *texts, span *spans, int *n_prompt, lem_err *err) {
    j->ids.len = 0;
    lem_status st = lem_reward_prompt(j->tok, lem_args_str(j->args, "system"), problem, &j->ids, err);
    *n_prompt = (int)j->ids.len;
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(texts); i++) {
        const lem_json *t = lem_json_at(texts, i);
        if (lem_json_kind(t) != LEM_JSON_STRING)
            return lem_fail(err, LEM_EDATA, "completions[%zu]: text expected, %s found", i, lem_json_kind_name(t));
        spans[i] = (span){j->ids.len, 0, -1};
        for (size_t k = 0; k < i && spans[i].same < 0; k++)
            if (lem_json_equal(lem_json_at(texts, k), t)) spans[i].same = (int)k;
        if (spans[i].same >= 0) continue;
        st = lem_reward_response(j->tok, lem_json_str(t, ""), lem_json_str_len(t), &j->ids, err);
        spans[i].len = (int)(j->ids.len - spans[i].at);
    }
    return st;
}

/* Scores one row's completions; identical texts are scored once. Responses that do not fit in the context get null. */
static lem_status score_row(job *j, lem_json *row, const char *where, unsigned long long line, lem_err *err) {
    const lem_json *problem = lem_json_get(row, "problem"), *texts = lem_json_get(row, "completions");
    if (lem_json_kind(problem) != LEM_JSON_STRING || lem_json_kind(texts) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EDATA, "a candidate row needs 'problem' (text) and 'completions' (list)");
    size_t n = lem_json_count(texts);
    span *spans = lem_alloc(n + 1, sizeof *spans, err);
    const int32_t **response = lem_alloc(n + 1, sizeof *response, err);
    int *length = lem_alloc(n + 1, sizeof *length, err), *which = lem_alloc(n + 1, sizeof *which, err);
    float *score = lem_alloc(n + 1, sizeof *score, err);
    lem_json *list = lem_json_new_array();
    int n_prompt = 0, m = 0;
    lem_status st = spans && response && length && which && score && list ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
    LEM_TRY(st);
    LEM_TRY(encode_row(j, lem_json_str(problem, ""), texts, spans, &n_prompt, err));
    for (size_t i = 0; i < n; i++) {
        which[i] = -1;
        if (spans[i].same >= 0) {
            which[i] = which[spans[i].same];
            j->shared++;
        } else if (n_prompt + spans[i].len > lem_scorer_limit(j->scorer)) {
            if (j->too_long++ < 3)
                lem_warn(j->cli->log, "%s:%llu: completion %zu not scored (null): %d tokens, the limit is %d", where, line, i,
                         n_prompt + spans[i].len, lem_scorer_limit(j->scorer));
        } else {
            response[m] = j->ids.data + spans[i].at;
            length[m] = spans[i].len;
            which[i] = m++;
        }
    }
    lem_score_item item = {j->ids.data, n_prompt, response, length, m, score};
    LEM_TRY(lem_scorer_run(j->scorer, &item, 1, err));
    for (size_t i = 0; i < n; i++) {
        j->scored += which[i] >= 0;
        if (!lem_json_append(list, which[i] >= 0 ? lem_json_new_num((double)score[which[i]]) : lem_json_new_null())) {
            st = lem_fail(err, LEM_EMEM, "out of memory");
            goto done;
        }
    }
    if (!lem_json_set(row, lem_args_str(j->args, "field"), list)) st = lem_fail(err, LEM_EMEM, "out of memory");
    list = NULL;
done:
    lem_json_free(list);
    lem_free(spans);
    lem_free(response);
    lem_free(length);
    lem_free(which);
    lem_free(score);
    return st;
}

static lem_status score_file(job *j, const char *path, lem_out *out, lem_err *err) {
    lem_rows *rows = NULL;
    lem_status st = lem_rows_open(path, &rows, err);
    lem_progress *p = lem_progress_new(j->cli->log, "scoring", "problem", 0, 0);
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
        if (st == LEM_OK && j->cli->cancel->requested) st = lem_fail(err, LEM_EINTR, "interrupted; nothing was written (scoring starts over)");
    }
    lem_progress_free(p);
    lem_rows_close(rows);
    return st;
}

static lem_status open_all(job *j, lem_err *err) {
    const char *dir = lem_args_str(j->args, "model"), *dtype = lem_args_str(j->args, "dtype");
    lem_status st = LEM_OK;
    if (strcmp(dtype, "f32") != 0 && strcmp(dtype, "bf16") != 0) return lem_fail(err, LEM_EUSAGE, "--dtype '%s' is neither f32 nor bf16", dtype);
    LEM_TRY(lem_runtime_open(j->cli, NULL, &j->rt, err));
    LEM_TRY(lem_model_open(dir, LEM_HEAD_SCALAR, &j->model, err));
    LEM_TRY(lem_tokenizer_load(dir, &j->tok, err));
    LEM_TRY(lem_weights_new(j->model, j->rt.backend, strcmp(dtype, "bf16") == 0 ? LEM_DTYPE_BF16 : LEM_DTYPE_F32, &j->weights, err));
    LEM_TRY(lem_scorer_new(j->model, j->weights, j->rt.backend, (int)lem_args_int(j->args, "max-rows"), &j->scorer, err));
done:
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    job j = {.cli = cli, .args = args};
    const char *path = lem_args_str(args, "out");
    lem_out *out = NULL;
    lem_status st = LEM_OK;
    if (!path || !lem_args_str(args, "model")) return lem_fail(err, LEM_EUSAGE, "--model DIR and --out FILE are both needed");
    LEM_TRY(open_all(&j, err));
    LEM_TRY(lem_out_open(path, cli->overwrite || cli->fresh, &out, err));
    double start = lem_clock_seconds();
    LEM_TRY(score_file(&j, args->words[0], out, err));
    LEM_TRY(lem_out_commit(out, err));
    j.seconds = lem_clock_seconds() - start;
    double rate = j.seconds > 0 ? (double)lem_scorer_tokens(j.scorer) / j.seconds : 0;
    lem_info(cli->log, "%llu problems, %llu scores (%llu for identical texts), %llu too long; %llu tokens computed, %.0f tokens/s",
             (unsigned long long)j.rows, (unsigned long long)j.scored, (unsigned long long)j.shared, (unsigned long long)j.too_long,
             (unsigned long long)lem_scorer_tokens(j.scorer), rate);
    if (cli->json)
        fprintf(cli->out, "{\"problems\":%llu,\"scores\":%llu,\"identical\":%llu,\"too_long\":%llu,\"tokens\":%llu,\"tokens_per_second\":%.1f}\n",
                (unsigned long long)j.rows, (unsigned long long)j.scored, (unsigned long long)j.shared, (unsigned long long)j.too_long,
                (unsigned long long)lem_scorer_tokens(j.scorer), rate);
done:
    lem_out_close(out);
    lem_scorer_free(j.scorer);
    lem_weights_free(j.weights);
    lem_tokenizer_free(j.tok);
    lem_model_free(j.model);
    lem_ids_release(&j.ids);
    lem_runtime_close(&j.rt);
    return st;
}

const lem_command lem_cmd_rm_score = {
    .name = "rm score",
    .purpose = "score candidates with an outcome reward model",
    .usage = "FILE --model DIR --out SCORED [options]",
    .example = "lemma rm score graded.jsonl --model reward-model --out scored.jsonl",
    .min_words = 1,
    .max_words = 1,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
};
