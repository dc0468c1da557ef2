/* quantize_measure.c - a model and its int8 twin on the same rows, by the commands that sample, grade and
 * score */
#include "cli/quantize_measure.h"

#include "cli/commands.h"
#include "cli/prompt_options.h"
#include "cli/train_options.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/object.h"
#include "data/problems.h"
#include "eval/interval.h"
#include "model/divergence.h"
#include "model/weights_open.h"
#include "prompt/ends.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct measure {
    const lem_quantize_measure *of;
    const char *dtype; /* of the source's weights */
    lem_model_config config;
    char *path[4]; /* in the work folder: what both said or scored, and the same graded */
} measure;
enum { SOURCE, INT8, SOURCE_GRADED, INT8_GRADED };

/* ---- stages ---- */

/* Takes tree. */
static lem_status stage(const measure *m, const lem_command *cmd, lem_json *tree, lem_err *err) {
    lem_cli inner = *m->of->cli;
    lem_args made = {NULL};
    lem_status st = LEM_OK;
    inner.fresh = inner.overwrite = false;
    inner.in_recipe = true;
    inner.out = fopen("/dev/null", "we");
    if (!inner.out) st = lem_fail_errno(err, LEM_EIO, "opening /dev/null");
    if (st == LEM_OK && !tree) st = lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK) st = lem_args_from_tree(cmd, tree, &inner, &made, err);
    inner.json = false;
    inner.isa = m->of->backend->ops->name;
    if (st == LEM_OK) st = cmd->run(&inner, &made, err);
    lem_args_release(&made);
    lem_json_free(tree);
    if (inner.out) fclose(inner.out);
    return st;
}

/* The options that the stages share. */
static lem_object stage_options(const measure *m, int out) {
    const lem_cli *cli = m->of->cli;
    lem_object o = lem_object_new();
    lem_object_str(&o, "out", m->path[out]);
    lem_object_int(&o, "seed", cli->seed);
    lem_object_int(&o, "threads", (uint64_t)cli->threads);
    if (cli->quiet) lem_object_bool(&o, "quiet", true);
    return o;
}

static void put_word(lem_object *o, const char *word) {
    lem_json *list = lem_json_new_array();
    if (list && !lem_json_append(list, lem_json_new_str(word))) o->failed = true;
    lem_object_json(o, "_words", list);
}

static void put_model(const measure *m, int which, lem_object *o) {
    lem_object_str(o, "model", which == SOURCE ? m->of->source : m->of->int8);
    lem_object_str(o, "dtype", which == SOURCE ? m->dtype : "f32");
}

static lem_status sample(const measure *m, int which, lem_err *err) {
    const lem_args *a = m->of->args;
    const int n = (int)lem_args_int(a, "n");
    lem_object o = stage_options(m, which);
    put_model(m, which, &o);
    lem_object_str(&o, "prompts", lem_args_str(a, "prompts"));
    lem_object_int(&o, "n", (uint64_t)n);
    const double usual = n == 1 ? 0 : 0.7;
    lem_object_num(&o, "temperature",
                   lem_args_has(a, "temperature") ? lem_args_num(a, "temperature") : usual);
    lem_object_int(&o, "max-tokens", (uint64_t)lem_args_int(a, "max-tokens"));
    if (m->of->cli->limit >= 0) lem_object_int(&o, "limit", (uint64_t)m->of->cli->limit);
    return stage(m, &lem_cmd_sample, lem_object_done(&o), err);
}

static lem_status grade(const measure *m, int which, lem_err *err) {
    lem_object o = stage_options(m, which + SOURCE_GRADED);
    put_word(&o, m->path[which]);
    return stage(m, &lem_cmd_grade, lem_object_done(&o), err);
}

static lem_status score(const measure *m, int which, lem_err *err) {
    lem_object o = stage_options(m, which);
    put_word(&o, lem_args_str(m->of->args, "prompts"));
    put_model(m, which, &o);
    if (m->of->cli->limit >= 0) lem_object_int(&o, "limit", (uint64_t)m->of->cli->limit);
    return stage(m, &lem_cmd_rm_score, lem_object_done(&o), err);
}

/* ---- rows of two files side by side ---- */

typedef struct two_rows {
    lem_lines *lines[2];
    lem_json *row[2];
} two_rows;

static void two_close(two_rows *t) {
    for (int i = 0; i < 2; i++) {
        lem_lines_close(t->lines[i]);
        lem_json_free(t->row[i]);
    }
}

static lem_status two_open(const measure *m, int first, two_rows *t, lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < 2; i++) {
        st = lem_lines_open(m->path[first + i], 0, &t->lines[i], err);
        if (st == LEM_OK) lem_lines_watch(t->lines[i], m->of->cli->cancel);
    }
    return st;
}

/* *more: both have another row. Row i of both is of the same problem: the same rows were read. */
static lem_status two_next(two_rows *t, bool *more, lem_err *err) {
    lem_status st = LEM_OK;
    *more = true;
    for (int i = 0; st == LEM_OK && i < 2; i++) {
        const char *line = NULL;
        size_t len = 0;
        bool end = false;
        lem_json_free(t->row[i]);
        t->row[i] = NULL;
        st = lem_lines_next(t->lines[i], &line, &len, &end, err);
        if (st == LEM_OK && end) *more = false;
        else if (st == LEM_OK) st = lem_json_parse(line, len, &t->row[i], err);
    }
    return st;
}

/* ---- pass@1 ---- */

static double rounded(double x) {
    char text[32];
    snprintf(text, sizeof text, "%.6g", x);
    return strtod(text, NULL);
}

typedef struct shares {
    double *v[2]; /* of right candidates before and after, or pairs kept and pairs; a problem each */
    int n, cap;
} shares;

static lem_status shares_add(shares *s, double a, double b, lem_err *err) {
    if (s->n == s->cap) {
        const int cap = s->cap ? 2 * s->cap : 256;
        for (int i = 0; i < 2; i++) {
            double *v = lem_realloc(s->v[i], (size_t)cap, sizeof *v, err);
            if (!v) return LEM_EMEM;
            s->v[i] = v;
        }
        s->cap = cap;
    }
    s->v[0][s->n] = a;
    s->v[1][s->n++] = b;
    return LEM_OK;
}

static void shares_release(shares *s) {
    lem_free(s->v[0]);
    lem_free(s->v[1]);
}

static double right_of(const lem_json *row) {
    const lem_json *correct = lem_json_get(row, "correct");
    const size_t n = lem_json_count(correct);
    double right = 0;
    for (size_t i = 0; i < n; i++) right += lem_json_bool(lem_json_at(correct, i), false);
    return n ? right / (double)n : 0;
}

static lem_status read_shares(const measure *m, shares *s, lem_err *err) {
    two_rows t = {{NULL}, {NULL}};
    bool more = false;
    lem_status st = two_open(m, SOURCE_GRADED, &t, err);
    if (st == LEM_OK) st = two_next(&t, &more, err);
    while (st == LEM_OK && more) {
        LEM_TRY(shares_add(s, right_of(t.row[0]), right_of(t.row[1]), err));
        st = two_next(&t, &more, err);
    }
done:
    two_close(&t);
    return st;
}

static void put_interval(lem_object *o, const char *key, lem_eval_interval v) {
    lem_object one = lem_object_new();
    lem_object_num(&one, "value", rounded(v.mean));
    lem_object_range(&one, "ci95", rounded(v.lo), rounded(v.hi));
    lem_object_json(o, key, lem_object_done(&one));
}

static lem_status put_pass(const measure *m, lem_object *out, lem_err *err) {
    shares s = {{NULL, NULL}, 0, 0};
    lem_status st = LEM_OK;
    LEM_TRY(grade(m, SOURCE, err));
    LEM_TRY(grade(m, INT8, err));
    LEM_TRY(read_shares(m, &s, err));
    if (!s.n) goto done;
    lem_object o = lem_object_new();
    lem_object_int(&o, "n", (uint64_t)s.n);
    lem_object_int(&o, "k", (uint64_t)lem_args_int(m->of->args, "n"));
    put_interval(&o, "source", lem_eval_mean_interval(s.v[0], s.n));
    put_interval(&o, "int8", lem_eval_mean_interval(s.v[1], s.n));
    put_interval(&o, "difference", lem_eval_paired(s.v[1], s.v[0], s.n).at);
    lem_object_json(out, "pass@1", lem_object_done(&o));
done:
    shares_release(&s);
    return st;
}

/* ---- tokens ---- */

typedef struct said {
    lem_problems rows;
    lem_tokenizer *tok;
    lem_prompt_settings prompt;
    lem_prompt_end_list ends;
    lem_weights *w[2];
    lem_divergence *d;
} said;

static void said_release(said *s) {
    lem_problems_release(&s->rows);
    lem_tokenizer_free(s->tok);
    lem_prompt_settings_release(&s->prompt);
    lem_weights_free(s->w[0]);
    lem_weights_free(s->w[1]);
    lem_divergence_free(s->d);
}

/* What the source said, as rows of problems with their prompts. */
static lem_status said_open(const measure *m, said *s, lem_err *err) {
    const lem_prompt_options o = {.from = "folder"};
    const lem_quantize_measure *of = m->of;
    const int context = m->config.max_positions;
    const lem_dtype dtype = strcmp(m->dtype, "bf16") == 0 ? LEM_DTYPE_BF16 : LEM_DTYPE_F32;
    lem_status st = LEM_OK;
    LEM_TRY(lem_prompt_settings_open(of->source, &o, &s->prompt, err));
    LEM_TRY(lem_prompt_options_tokenizer(of->cli, of->source, &s->prompt, &s->tok, err));
    const bool chat = s->prompt.template != LEM_PROMPT_PLAIN;
    LEM_TRY(lem_prompt_ends(s->tok, of->source, m->config.vocab, chat, &s->ends, err));
    LEM_TRY(lem_problems_load(m->path[SOURCE], NULL, -1, of->cli->cancel, &s->rows, err));
    LEM_TRY(lem_problems_encode(&s->rows, s->tok, &s->prompt, context - 1, of->cli->cancel, err));
    LEM_TRY(lem_weights_open(of->source, LEM_HEAD_LM, of->backend, dtype, &s->w[0], err));
    LEM_TRY(lem_weights_open(of->int8, LEM_HEAD_LM, of->backend, LEM_DTYPE_I8, &s->w[1], err));
    LEM_TRY(lem_divergence_new(s->w[0], s->w[1], of->backend, context, &s->d, err));
done:
    return st;
}

/* Candidate i of a row behind its prompt, with the end that it had. */
static lem_status add_candidate(const measure *m, const said *s, const lem_problem *row, size_t i,
                                lem_ids *ids, lem_divergence_sums *sums, lem_err *err) {
    const lem_json *text = lem_json_at(lem_json_get(row->input, "completions"), i);
    const char *finish = lem_json_str(lem_json_at(lem_json_get(row->input, "finish_reason"), i), "");
    lem_status st = LEM_OK;
    ids->len = 0;
    for (int k = 0; st == LEM_OK && k < row->n_ids; k++)
        st = lem_ids_push(ids, s->rows.ids.data[row->ids_at + (size_t)k], err);
    if (st == LEM_OK)
        st = lem_tokenizer_encode(s->tok, lem_json_str(text, ""), lem_json_str_len(text), false, ids, err);
    if (st == LEM_OK && strcmp(finish, "stop") == 0 && s->ends.n) st = lem_ids_push(ids, s->ends.id[0], err);
    if (st) return st;
    const size_t most = (size_t)m->config.max_positions, n = ids->len < most ? ids->len : most;
    return lem_divergence_add(s->d, ids->data, (int)n, row->n_ids, m->of->cli->cancel, sums, err);
}

static lem_status put_tokens(const measure *m, lem_object *out, lem_err *err) {
    said s = {.tok = NULL};
    lem_divergence_sums sums = {0};
    lem_ids ids = {0};
    lem_progress *progress = NULL;
    lem_status st = LEM_OK;
    LEM_TRY(said_open(m, &s, err));
    progress = lem_progress_new(m->of->cli->log, "compare", "rows", s.rows.n, 0);
    for (size_t r = 0; r < s.rows.n; r++) {
        const lem_problem *row = &s.rows.at[r];
        const size_t n = lem_json_count(lem_json_get(row->input, "completions"));
        for (size_t i = 0; !row->too_long && i < n; i++)
            LEM_TRY(add_candidate(m, &s, row, i, &ids, &sums, err));
        lem_progress_add(progress, 1);
    }
    if (!sums.tokens) goto done;
    lem_object o = lem_object_new();
    lem_object_int(&o, "n", sums.tokens);
    lem_object_num(&o, "kl", rounded(sums.kl / (double)sums.tokens));
    lem_object_num(&o, "kl_max", rounded(sums.largest));
    lem_object_num(&o, "same_top", rounded((double)sums.same / (double)sums.tokens));
    lem_object_json(out, "tokens", lem_object_done(&o));
done:
    lem_progress_free(progress);
    lem_ids_release(&ids);
    said_release(&s);
    return st;
}

/* ---- pairs ---- */

/* Pairs of a row whose scores differ before; kept: in the same order after. */
static void count_pairs(const lem_json *before, const lem_json *after, double *pairs, double *kept) {
    const lem_json *a = lem_json_get(before, "rm_score"), *b = lem_json_get(after, "rm_score");
    const size_t n = lem_json_count(a);
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) {
            const double x = lem_json_num(lem_json_at(a, i), NAN) - lem_json_num(lem_json_at(a, j), NAN);
            const double y = lem_json_num(lem_json_at(b, i), NAN) - lem_json_num(lem_json_at(b, j), NAN);
            if (!(fabs(x) > 0)) continue;
            ++*pairs;
            *kept += x > 0 ? y > 0 : y < 0;
        }
}

static lem_status read_pairs(const measure *m, shares *s, uint64_t *rows, lem_err *err) {
    two_rows t = {{NULL}, {NULL}};
    bool more = false;
    lem_status st = LEM_OK;
    LEM_TRY(two_open(m, SOURCE, &t, err));
    LEM_TRY(two_next(&t, &more, err));
    for (; more; ++*rows) {
        double pairs = 0, kept = 0;
        count_pairs(t.row[0], t.row[1], &pairs, &kept);
        if (pairs > 0) LEM_TRY(shares_add(s, kept, pairs, err));
        LEM_TRY(two_next(&t, &more, err));
    }
done:
    two_close(&t);
    return st;
}

static lem_status put_pairs(const measure *m, lem_object *out, lem_err *err) {
    shares s = {{NULL, NULL}, 0, 0};
    uint64_t rows = 0;
    double pairs = 0;
    lem_status st = LEM_OK;
    LEM_TRY(score(m, SOURCE, err));
    LEM_TRY(score(m, INT8, err));
    LEM_TRY(read_pairs(m, &s, &rows, err));
    for (int i = 0; i < s.n; i++) pairs += s.v[1][i];
    lem_object o = lem_object_new();
    lem_object_int(&o, "rows", rows);
    lem_object_int(&o, "n", (uint64_t)pairs);
    if (s.n) {
        const lem_eval_interval v = lem_eval_ratio_interval(s.v[0], s.v[1], s.n);
        lem_object_num(&o, "same_order", rounded(v.mean));
        lem_object_range(&o, "ci95", rounded(v.lo), rounded(v.hi));
    } else {
        lem_object_json(&o, "same_order", lem_json_new_null());
    }
    lem_object_json(out, "pairs", lem_object_done(&o));
done:
    shares_release(&s);
    return st;
}

/* ---- the whole ---- */

/* Whether what was sampled has answers to be held against. */
static lem_status has_answers(const measure *m, bool *out, lem_err *err) {
    lem_problems rows = {0};
    lem_status st = lem_problems_load(m->path[SOURCE], NULL, 1, m->of->cli->cancel, &rows, err);
    *out = st == LEM_OK && rows.no_gold == 0 && rows.n && rows.at[0].expected;
    lem_problems_release(&rows);
    return st;
}

static lem_status of_language_model(const measure *m, lem_object *o, lem_err *err) {
    bool answers = false;
    lem_status st = LEM_OK;
    LEM_TRY(sample(m, SOURCE, err));
    LEM_TRY(sample(m, INT8, err));
    LEM_TRY(put_tokens(m, o, err));
    LEM_TRY(has_answers(m, &answers, err));
    if (answers) LEM_TRY(put_pass(m, o, err));
done:
    return st;
}

lem_status lem_quantize_measured(const lem_quantize_measure *of, lem_json **out, lem_err *err) {
    static const char *const names[] = {LEM_JOB_STAGES "/source.jsonl", LEM_JOB_STAGES "/int8.jsonl",
                                        LEM_JOB_STAGES "/source-graded.jsonl",
                                        LEM_JOB_STAGES "/int8-graded.jsonl"};
    measure m = {.of = of};
    bool bf16 = false;
    lem_object o = lem_object_new();
    lem_status st = lem_train_folder_config(of->source, &m.config, &bf16, err);
    char *stages = st ? NULL : lem_job_work_path(of->job, LEM_JOB_STAGES, err);
    if (st == LEM_OK) st = stages ? lem_dir_make(stages, err) : LEM_EMEM;
    m.dtype = bf16 ? "bf16" : "f32";
    for (int i = 0; st == LEM_OK && i < 4; i++) {
        m.path[i] = lem_job_work_path(of->job, names[i], err);
        if (!m.path[i]) st = LEM_EMEM;
    }
    if (st == LEM_OK)
        st = m.config.head == LEM_HEAD_LM ? of_language_model(&m, &o, err) : put_pairs(&m, &o, err);
    lem_json *made = lem_object_done(&o);
    if (st == LEM_OK && !made) st = lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK) *out = made;
    else lem_json_free(made);
    for (int i = 0; i < 4; i++) lem_free(m.path[i]);
    lem_free(stages);
    return st;
}
