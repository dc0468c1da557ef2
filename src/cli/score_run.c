/* score_run.c - rows scored one after the other, each remembered in the journal, and written in input order
 */
#include "cli/score_run.h"

#include "cli/endpoint_options.h"
#include "cli/candidate_options.h"
#include "cli/bad_rows_options.h"
#include "cli/runtime.h"
#include "cli/score_input.h"
#include "cli/score_model.h"
#include "cli/score_pace.h"
#include "cli/score_quality.h"
#include "cli/score_remote.h"
#include "cli/train_options.h"
#include "cli/weights_options.h"
#include "core/file.h"
#include "core/jsonl.h"
#include "core/mem.h"
#include "core/object.h"
#include "data/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_COUNTS = 5 };      /* of a record; an older one has fewer */
enum { LARGE_ROWS = 16 };   /* that are counted for the plan of memory */
enum { BYTES_A_TOKEN = 3 }; /* of English with mathematics, as a rule; for a plan */

typedef struct known { /* rows that are there already; at[i] NULL where not */
    lem_json **at;
    uint64_t n;
} known;

typedef struct job {
    lem_cli *cli;
    const lem_command *cmd;
    const lem_args *args;
    const char *path;      /* of the rows */
    const char *rows_file; /* that the present one is of; borrowed from the rows */
    lem_job *file;
    lem_journal *journal;
    lem_runtime rt;
    known scored;    /* records with "row" and "counts" */
    known reference; /* of implicit rewards: records with "sums" of the reference */
    score_model model;
    uint64_t rows, done; /* read, and of them this shard's */
    uint64_t resumed, tokens;
    lem_score_counts counts;
    bad_rows bad;
    const lem_row_judge *judge; /* of the rows; NULL: a bad one is an error */
    uint64_t used;
    lem_score_pace pace;
    double large; /* bytes of text of a row that is counted for the plan of memory */
} job;

/* ---- the journal: one record a row, with the counts that it adds; those of the reference are named "r<row>"
 * ---- */

static lem_status keep(known *k, uint64_t row, const lem_json *record, lem_err *err) {
    if (row >= k->n) {
        uint64_t n = 2 * row + 256;
        lem_json **p = lem_realloc(k->at, n, sizeof *p, err);
        if (!p) return LEM_EMEM;
        memset(p + k->n, 0, (n - k->n) * sizeof *p);
        k->at = p;
        k->n = n;
    }
    if (k->at[row]) return LEM_OK;
    k->at[row] = lem_json_copy(record);
    return k->at[row] ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static const lem_json *find(const known *k, uint64_t row) { return row < k->n ? k->at[row] : NULL; }

static void forget(known *k) {
    for (uint64_t i = 0; i < k->n; i++) lem_json_free(k->at[i]);
    lem_free(k->at);
}

static lem_status visit(void *ctx, const char *id, const lem_json *record, lem_err *err) {
    job *j = ctx;
    bool reference = id[0] == 'r';
    char *end = NULL;
    unsigned long long row = strtoull(id + reference, &end, 10);
    const lem_json *what = lem_json_get(record, reference ? "sums" : "row");
    if (end == id + reference || *end || row >> 40 ||
        lem_json_kind(what) != (reference ? LEM_JSON_ARRAY : LEM_JSON_OBJECT))
        return lem_fail(err, LEM_EDATA, "the journal holds an unknown record '%s'", id);
    j->resumed += !reference;
    return keep(reference ? &j->reference : &j->scored, row, record, err);
}

/* Takes record, NULL: out of memory. */
static lem_status append(job *j, const char *prefix, uint64_t row, lem_json *record, lem_err *err) {
    char id[32];
    snprintf(id, sizeof id, "%s%llu", prefix, (unsigned long long)row);
    lem_status st = record ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK && j->journal) st = lem_journal_append(j->journal, id, record, err);
    if (st == LEM_OK && *prefix) st = keep(&j->reference, row, record, err);
    lem_json_free(record);
    return st;
}

static void counters(job *j, uint64_t *list[N_COUNTS]) {
    list[0] = &j->counts.scored;
    list[1] = &j->counts.shared;
    list[2] = &j->counts.too_long;
    list[3] = &j->counts.no_steps;
    list[4] = &j->counts.changed;
}

static lem_json *count_list(job *j, const uint64_t before[N_COUNTS]) {
    uint64_t *list[N_COUNTS];
    lem_json *counts = lem_json_new_array();
    bool ok = counts != NULL;
    counters(j, list);
    for (int i = 0; ok && i < N_COUNTS; i++)
        ok = lem_json_append(counts, lem_json_new_int((int64_t)(*list[i] - before[i])));
    if (ok) return counts;
    lem_json_free(counts);
    return NULL;
}

static lem_json *record_of(job *j, const lem_json *row, const uint64_t before[N_COUNTS]) {
    lem_object o = lem_object_new();
    lem_object_json(&o, "row", lem_json_copy(row));
    lem_object_json(&o, "counts", count_list(j, before));
    return lem_object_done(&o);
}

/* A row that an earlier run scored: its record's, which *row becomes. */
static lem_status take_known(job *j, const lem_json *record, lem_json **row, lem_err *err) {
    uint64_t *list[N_COUNTS];
    const lem_json *counts = lem_json_get(record, "counts");
    lem_json *copy = lem_json_copy(lem_json_get(record, "row"));
    if (!copy) return lem_fail(err, LEM_EMEM, "out of memory");
    lem_json_free(*row);
    *row = copy;
    counters(j, list);
    for (size_t i = 0; i < N_COUNTS; i++) *list[i] += (uint64_t)lem_json_int(lem_json_at(counts, i), 0);
    return LEM_OK;
}

/* ---- one row ---- */

/* The sums of the steps of a row under the model that is open; *out is the caller's. */
static lem_status step_sums(job *j, const lem_json *row, uint64_t line, lem_score_counts *counts,
                            lem_json **out, lem_err *err) {
    lem_json *scratch = lem_json_copy(row);
    if (!scratch) return lem_fail(err, LEM_EMEM, "out of memory");
    lem_status st = lem_score_row(&j->model.how, scratch, j->rows_file, line, counts, err);
    if (st == LEM_OK) {
        *out = lem_json_copy(lem_json_get(scratch, j->model.how.field));
        if (!*out) st = lem_fail(err, LEM_EMEM, "out of memory");
    }
    lem_json_free(scratch);
    return st;
}

static lem_status score_implicit(job *j, lem_json *row, uint64_t line, lem_err *err) {
    const lem_json *record = find(&j->reference, j->rows);
    lem_json *sums = NULL;
    lem_status st = step_sums(j, row, line, &j->counts, &sums, err);
    if (st == LEM_OK)
        st = lem_score_implicit(&j->model.implicit, sums, lem_json_get(record, "sums"), row, err);
    lem_json_free(sums);
    return st;
}

static lem_status score_one(job *j, lem_json **row, uint64_t line, lem_err *err) {
    uint64_t before[N_COUNTS], *list[N_COUNTS];
    if (find(&j->scored, j->rows)) return take_known(j, find(&j->scored, j->rows), row, err);
    counters(j, list);
    for (int i = 0; i < N_COUNTS; i++) before[i] = *list[i];
    lem_status st = j->model.kind == SCORE_IMPLICIT
                        ? score_implicit(j, *row, line, err)
                        : lem_score_row(&j->model.how, *row, j->rows_file, line, &j->counts, err);
    return st || !j->journal ? st : append(j, "", j->rows, record_of(j, *row, before), err);
}

/* What the reference says of a row, kept until the model has been asked; what it cannot read is told then. */
static lem_status ask_reference(job *j, lem_json **row, uint64_t line, lem_err *err) {
    lem_score_counts silent = {.too_long = 3, .no_steps = 3};
    lem_json *sums = NULL;
    if (find(&j->scored, j->rows) || find(&j->reference, j->rows)) return LEM_OK;
    lem_status st = step_sums(j, *row, line, &silent, &sums, err);
    if (st) return st;
    lem_object o = lem_object_new();
    lem_object_json(&o, "sums", sums);
    return append(j, "r", j->rows, lem_object_done(&o), err);
}

/* ---- all rows ---- */

typedef lem_status on_row(job *j, lem_json **row, uint64_t line, lem_err *err);

static lem_status do_row(job *j, lem_json **row, uint64_t line, on_row *act, lem_out *out, lem_err *err) {
    lem_status st = act(j, row, line, err);
    const bool good = st == LEM_OK;
    if (st) st = lem_bad_rows_pass(&j->bad, j->rows_file, line, st, err);
    if (st) lem_err_context(err, "%s:%llu", j->rows_file, (unsigned long long)line);
    j->used += good;
    if (good && out) st = lem_rows_write(out, *row, err);
    if (out) lem_job_wrote(j->file, good);
    j->done++;
    return st;
}

static lem_status check_cancel(job *j, on_row *act, lem_err *err) {
    if (!j->cli->cancel->requested) return LEM_OK;
    return act ? lem_job_interrupted(j->file, j->done, 0, "rows", err)
               : lem_data_cancelled(j->cli->cancel, err);
}

/* Whether a pass has work left on a row of this shard. */
static bool to_do(const job *j, on_row *act, uint64_t row) {
    return !find(&j->scored, row) && (act == score_one || !find(&j->reference, row));
}

/* Of implicit rewards, the reference is the first half of the work. */
static lem_progress *open_progress(job *j, const char *title, on_row *act) {
    if (!title) return NULL;
    lem_progress *p = lem_progress_new(j->cli->log, title, "problems", 0, 0);
    double from = act == score_one ? 0.5 : 0;
    if (j->model.kind == SCORE_IMPLICIT) lem_progress_part(p, from, from + 0.5);
    lem_score_pace_begin(&j->pace);
    for (uint64_t i = 0; i < j->pace.n; i++)
        if (lem_job_takes(j->file, i) && to_do(j, act, i)) lem_score_pace_expect(&j->pace, i);
    return p;
}

static void count_row(job *j, lem_progress *p, bool computed) {
    lem_progress_add(p, 1);
    if (computed) lem_progress_share(p, lem_score_pace_done(&j->pace, j->rows));
}

/* title NULL: it is not told, and nothing is done yet; act NULL: the rows are read alone; out NULL: nothing
 * is written. */
static lem_status each_row(job *j, const char *title, on_row *act, lem_out *out, lem_err *err) {
    lem_progress *p = open_progress(j, title, act);
    lem_score_input in;
    lem_status st = lem_score_input_open(j->cli, j->args, j->judge, &in, err);
    j->rows = j->done = j->used = 0;
    for (int64_t left = j->cli->limit; st == LEM_OK && left != 0; left -= left > 0) {
        lem_json *row = NULL;
        st = lem_score_input_next(&in, &j->bad, &row, err);
        if (st || in.end) break;
        j->rows_file = in.file;
        if (!act) st = lem_score_pace_see(&j->pace, row, err);
        bool ours = act && lem_job_takes(j->file, j->rows), counts = act && to_do(j, act, j->rows);
        if (ours && row) st = do_row(j, &row, in.line, act, out, err);
        else if (ours && out) lem_job_wrote(j->file, 0); /* left out */
        if (ours) count_row(j, p, counts);
        lem_json_free(row);
        j->rows++;
        if (st == LEM_OK) st = check_cancel(j, title ? act : NULL, err);
    }
    lem_progress_free(p);
    lem_score_input_close(&in);
    return st;
}

/* All rows once before the model is loaded: what is wrong with the last of them is told now, not in hours. */
static lem_status look_through(job *j, lem_err *err) {
    for (int i = 0; i < j->args->n_words; i++)
        if (strcmp(j->args->words[i], "-") == 0) return LEM_OK;
    lem_status st = each_row(j, NULL, NULL, NULL, err);
    j->rows = j->done = j->used = 0;
    return st;
}

/* Both must make the same tokens of a text, or a difference of their log-probabilities means nothing. */
static lem_status same_tokenizer(const job *j, const char *dir, lem_err *err) {
    lem_tokenizer *t = NULL;
    lem_status st = lem_runtime_tokenizer(j->cli, dir, &t, err);
    if (st) return st;
    int32_t a = lem_tokenizer_vocab(j->model.tok), b = lem_tokenizer_vocab(t), n = a < b ? a : b;
    for (int32_t id = 0; st == LEM_OK && id < n; id++) {
        size_t la = 0, lb = 0;
        const char *x = lem_tokenizer_token_bytes(j->model.tok, id, &la),
                   *y = lem_tokenizer_token_bytes(t, id, &lb);
        if (!x != !y || la != lb || (x && memcmp(x, y, la) != 0))
            st = lem_fail(err, LEM_EDATA,
                          "%s: token %d of its tokenizer is not the one of %s: the reference must be of the "
                          "same vocabulary",
                          dir, (int)id, j->model.dir);
    }
    lem_tokenizer_free(t);
    return st;
}

/* The reference first, over all rows, so that only one model is in memory at a time. */
static lem_status run_reference(job *j, lem_err *err) {
    const char *dir = lem_args_str(j->args, "reference");
    lem_status st = LEM_OK;
    LEM_TRY(lem_score_model_weights(&j->model, dir, err));
    LEM_TRY(each_row(j, "reference", ask_reference, NULL, err));
    j->tokens += lem_scorer_tokens(j->model.scorer);
done:
    return st;
}

static lem_status write_rows(job *j, lem_err *err) {
    const char *to = lem_job_out(j->file);
    lem_out *out = NULL;
    lem_status st = LEM_OK;
    LEM_TRY(lem_out_open(to ? to : "-", true, &out, err));
    LEM_TRY(each_row(j, "scoring", score_one, out, err));
    LEM_TRY(lem_bad_rows_end(&j->bad, j->cli, j->file, j->used, err));
    if (j->rows == 0 || (j->used == 0 && !lem_job_is_shard(j->file)))
        LEM_TRY(lem_fail(err, LEM_EDATA, "%s: no rows", j->path));
    LEM_TRY(lem_out_commit(out, err));
    j->tokens += lem_scorer_tokens(j->model.scorer);
    lem_job_saw(j->file, j->rows);
    st = lem_job_finish(j->file, err);
done:
    lem_out_close(out);
    return st;
}

static lem_status score_file(job *j, lem_err *err) {
    lem_status st = LEM_OK;
    LEM_TRY(lem_job_journal(j->file, visit, j, &j->journal, err));
    if (j->resumed)
        lem_info(j->cli->log, "going on: %llu problems are there already", (unsigned long long)j->resumed);
    if (j->model.kind == SCORE_IMPLICIT) LEM_TRY(run_reference(j, err));
    LEM_TRY(lem_score_model_weights(&j->model, j->model.dir, err));
    LEM_TRY(write_rows(j, err));
done:
    return st;
}

/* ---- what is told ---- */

static lem_status say_model(const job *j, const score_words *w, lem_err *err) {
    lem_buf b = {0};
    lem_buf_printf(&b, "%s: %s, %s %s", j->model.dir, w->head, w->formula, w->position);
    if (w->signs) lem_buf_printf(&b, ", %s", w->signs);
    if (w->added[0]) lem_buf_printf(&b, "; plus %s", w->added);
    if (w->aggregate) lem_buf_printf(&b, "; rm_score by %s", w->aggregate);
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) lem_info(j->cli->log, "%s", lem_buf_str(&b));
    if (st == LEM_OK) lem_info(j->cli->log, "prompt: %s", w->prompt);
    lem_buf_release(&b);
    return st;
}

/* To the user and to the manifest. */
static lem_status tell_model(job *j, lem_err *err) {
    score_words w = lem_score_model_words(&j->model);
    const struct {
        const char *name, *value;
    } chosen[] = {{"head", w.head},
                  {"formula", w.formula},
                  {"position", w.position},
                  {"prompt", w.prompt},
                  {"aggregate", w.aggregate},
                  {"signs", w.signs},
                  {"added", w.added[0] ? w.added : NULL}};
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < sizeof chosen / sizeof *chosen; i++)
        if (chosen[i].value) st = lem_job_choose(j->file, chosen[i].name, chosen[i].value, err);
    return st ? st : say_model(j, &w, err);
}

static lem_status print_json(const job *j, const lem_score_quality *q, double rate, lem_err *err) {
    score_words w = lem_score_model_words(&j->model);
    lem_object o = lem_object_new();
    lem_object_int(&o, "problems", j->used);
    lem_object_int(&o, "scores", j->counts.scored);
    lem_object_int(&o, "identical", j->counts.shared);
    lem_object_int(&o, "too_long", j->counts.too_long);
    lem_object_int(&o, "no_steps", j->counts.no_steps);
    lem_object_int(&o, "not_reencoded", j->counts.changed);
    lem_object_str(&o, "head", w.head);
    lem_object_str(&o, "formula", w.formula);
    lem_object_str(&o, "position", w.position);
    lem_object_str(&o, "prompt", w.prompt);
    lem_object_str(&o, "aggregate", w.aggregate);
    lem_object_str(&o, "signs", w.signs);
    lem_object_str(&o, "added", w.added[0] ? w.added : NULL);
    lem_object_int(&o, "tokens", j->tokens);
    lem_object_num(&o, "tokens_per_second", rate);
    lem_bad_rows_tell(&j->bad, &o);
    lem_score_quality_put(q, &o);
    return lem_print_json(j->cli->out, lem_object_done(&o), 0, err);
}

static lem_status tell_result(const job *j, double seconds, lem_err *err) {
    lem_score_quality q;
    double rate = seconds > 0 ? (double)j->tokens / seconds : 0;
    lem_info(j->cli->log,
             "%llu problems, %llu scores (%llu for identical texts), %llu too long, %llu without steps; %llu "
             "tokens computed, %.0f tokens/s",
             (unsigned long long)j->used, (unsigned long long)j->counts.scored,
             (unsigned long long)j->counts.shared, (unsigned long long)j->counts.too_long,
             (unsigned long long)j->counts.no_steps, (unsigned long long)j->tokens, rate);
    if (j->counts.changed)
        lem_info(j->cli->log,
                 "%llu of these scores are of texts that do not encode to the tokens that were sampled "
                 "(reencodes: false): they are of the text's own tokens",
                 (unsigned long long)j->counts.changed);
    const char *out = lem_job_is_shard(j->file) ? NULL : lem_job_out(j->file);
    lem_score_quality_of(j->cli, out, lem_args_str(j->args, "field"), &q);
    lem_score_quality_say(&q, j->cli->log);
    lem_status st = j->cli->json ? print_json(j, &q, rate, err) : LEM_OK;
    lem_score_quality_release(&q);
    return st;
}

/* ---- the job ---- */

/* Adds what a model takes to the plan; its memory where that is more, since one model at a time is there. */
static lem_status plan_model(const char *dir, const lem_cli *cli, const lem_args *args, lem_plan *out,
                             lem_err *err) {
    score_model m = {.cli = cli, .args = args};
    lem_memory_ask ask = lem_memory_asked(args);
    ask.max_rows = (int)lem_args_int(args, "max-rows");
    lem_status st = lem_train_plan_config(dir, out, &m.config, NULL, err);
    if (st == LEM_OK && !out->shape && !lem_args_is(args, "head", "logprob"))
        st = lem_score_model_check(args, dir, &m.config, err);
    if (st) return st;
    double params = (double)lem_model_config_params(&m.config);
    lem_memory_parts p = lem_score_model_bytes(&m, &m.config, &ask);
    if (lem_memory_total(&p) > out->memory) out->memory = lem_memory_total(&p);
    if (params > out->parameters) out->parameters = params;
    out->flops += 2 * params;
    return LEM_OK;
}

lem_status lem_score_plan(lem_cli *cli, const lem_args *args, lem_plan *out, lem_err *err) {
    const char *reference = lem_args_str(args, "reference");
    if (lem_endpoint_given(args)) return LEM_OK;
    lem_status st = plan_model(lem_args_str(args, "model"), cli, args, out, err);
    return st == LEM_OK && reference ? plan_model(reference, cli, args, out, err) : st;
}

/* ---- the plan of memory: the rows with the most text are run by scorers that only count ---- */

static int falling(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* What the largest rows have at least; 0 where nothing is known. */
static lem_status find_large(job *j, lem_err *err) {
    j->large = 0;
    if (j->pace.n <= LARGE_ROWS) return LEM_OK;
    double *sorted = lem_alloc(j->pace.n, sizeof *sorted, err);
    if (!sorted) return LEM_EMEM;
    memcpy(sorted, j->pace.bytes, j->pace.n * sizeof *sorted);
    qsort(sorted, j->pace.n, sizeof *sorted, falling);
    j->large = sorted[LARGE_ROWS - 1];
    lem_free(sorted);
    return LEM_OK;
}

/* What is wrong with a row is told when it is scored. */
static lem_status count_one(job *j, lem_json **row, uint64_t line, lem_err *err) {
    lem_score_counts silent = {.too_long = 3, .no_steps = 3};
    lem_err later = LEM_ERR_INIT;
    lem_json *scratch = NULL;
    if (j->rows >= j->pace.n || j->pace.bytes[j->rows] < j->large) return LEM_OK;
    if (!(scratch = lem_json_copy(*row))) return lem_fail(err, LEM_EMEM, "out of memory");
    lem_status st = lem_score_row(&j->model.how, scratch, j->rows_file, line, &silent, &later);
    lem_json_free(scratch);
    if (st == LEM_EMEM && err) *err = later;
    return st == LEM_EMEM ? st : LEM_OK;
}

static lem_status count_rows(job *j, lem_err *err) {
    lem_status st = lem_score_model_plan(&j->model, err);
    if (st == LEM_OK) st = find_large(j, err);
    if (st == LEM_OK && j->pace.n) st = each_row(j, NULL, count_one, NULL, err);
    j->rows = j->done = j->used = 0;
    return st;
}

typedef struct plan { /* of memory */
    const job *j;
    lem_model_config reference; /* layers 0 = none */
} plan;

/* One model at a time is there. */
static void memory_of(void *ctx, const lem_memory_ask *ask, lem_memory_parts *out) {
    const plan *p = ctx;
    const score_model *m = &p->j->model;
    *out = lem_score_model_bytes(m, &m->config, ask);
    if (!p->reference.layers) return;
    lem_memory_parts other = lem_score_model_bytes(m, &p->reference, ask);
    if (lem_memory_total(&other) > lem_memory_total(out)) *out = other;
}

static lem_status plan_memory(job *j, lem_memory_parts *out, lem_err *err) {
    const char *reference = lem_args_str(j->args, "reference");
    char what[512];
    plan p = {.j = j};
    lem_memory_job memory = {j->cli, j->args, what, memory_of, &p};
    lem_memory_ask ask = lem_memory_asked(j->args);
    ask.max_rows = (int)lem_args_int(j->args, "max-rows");
    snprintf(what, sizeof what, "scoring with %.400s", j->model.dir);
    lem_status st = reference ? lem_train_folder_config(reference, &p.reference, NULL, err) : LEM_OK;
    if (st == LEM_OK) st = count_rows(j, err);
    if (st == LEM_OK) st = lem_memory_fit(&memory, &ask, out, err);
    j->model.max_rows = ask.max_rows;
    return st;
}

static lem_status show_plan(const job *j, const lem_memory_parts *p, lem_err *err) {
    for (uint64_t i = 0; i < j->pace.n; i++) j->cli->work_tokens += j->pace.bytes[i] / BYTES_A_TOKEN;
    lem_info(j->cli->log, "plan: about %.3g tokens", j->cli->work_tokens);
    return lem_memory_print(j->cli, j->cmd->name, j->args, p, err);
}

static lem_status score(job *j, lem_err *err) {
    lem_memory_parts memory = {0};
    lem_status st = LEM_OK;
    LEM_TRY(lem_score_not_remote(j->args, err));
    LEM_TRY(lem_score_model_options(&j->model, err));
    LEM_TRY(lem_bad_rows_begin(j->args, &j->bad, err));
    LEM_TRY(lem_bad_rows_reader(&j->bad, LEM_BAD_ANY, j->path, NULL, j->cli->cancel, &j->judge, err));
    LEM_TRY(look_through(j, err));
    LEM_TRY(lem_score_model_prepare(&j->model, err));
    LEM_TRY(lem_weights_implied(j->cli, j->file, j->args, j->model.dir, "compute", err));
    if (lem_args_str(j->args, "reference"))
        LEM_TRY(lem_weights_implied(j->cli, j->file, j->args, lem_args_str(j->args, "reference"),
                                    "reference_compute", err));
    if (j->model.kind == SCORE_IMPLICIT) LEM_TRY(same_tokenizer(j, lem_args_str(j->args, "reference"), err));
    LEM_TRY(plan_memory(j, &memory, err));
    if (j->cli->dry_run) return show_plan(j, &memory, err);
    LEM_TRY(lem_runtime_open(j->cli, lem_job_compute_path(j->file), &j->rt, err));
    lem_weights_compute(j->args, j->rt.backend);
    j->model.backend = j->rt.backend;
    LEM_TRY(tell_model(j, err));
    LEM_TRY(lem_job_start(j->file, j->rt.backend->ops->name, err));
    double start = lem_clock_seconds();
    LEM_TRY(score_file(j, err));
    LEM_TRY(tell_result(j, lem_clock_seconds() - start, err));
done:
    return st;
}

static void release(job *j) {
    forget(&j->scored);
    forget(&j->reference);
    lem_score_pace_release(&j->pace);
    lem_score_model_close(&j->model);
    lem_bad_rows_release(&j->bad);
    lem_runtime_close(&j->rt);
    lem_job_close(j->file);
}

lem_status lem_score_run(lem_cli *cli, const lem_command *cmd, const lem_args *args, bool process_only,
                         lem_err *err) {
    if (lem_endpoint_given(args)) return lem_score_remote(cli, cmd, args, process_only, err);
    job j = {.cli = cli, .cmd = cmd, .args = args, .path = args->words[0]};
    j.model = (score_model){.cli = cli, .args = args, .process_only = process_only};
    lem_job_input maps[LEM_CANDIDATE_MAX_FILES];
    lem_job_spec spec = {.inputs = maps};
    lem_status st = lem_candidate_options_inputs(args, maps, &spec.n_inputs, err);
    if (st == LEM_OK) st = lem_job_open(cli, cmd, args, &spec, &j.file, err);
    if (st == LEM_OK && lem_job_done(j.file)) st = lem_print_complete(cli, cmd->name, j.file, err);
    else if (st == LEM_OK) st = score(&j, err);
    release(&j);
    return st;
}
