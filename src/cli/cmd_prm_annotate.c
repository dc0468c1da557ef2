/* cmd_prm_annotate.c - lemma prm annotate: labels of steps by Monte-Carlo continuations, resumable */
#include "cli/annotate_remote.h"
#include "cli/bad_rows_options.h"
#include "cli/commands.h"
#include "cli/draw_options.h"
#include "cli/memory_plan.h"
#include "cli/prm_judge.h"
#include "cli/prm_pace.h"
#include "cli/prm_report.h"
#include "cli/prompt_options.h"
#include "cli/runtime.h"
#include "cli/train_options.h"
#include "cli/unescape.h"
#include "cli/speculate_options.h"
#include "cli/weights_options.h"

#include "annotate/known.h"
#include "core/journal.h"
#include "core/jsonl.h"
#include "core/mem.h"
#include "core/object.h"
#include "job/shard.h"
#include "model/weights_open.h"
#include "prompt/ends.h"

#include <stdlib.h>
#include <string.h>

static const lem_opt opts[] = {
    {"model", LEM_OPT_INPUT, "DIR", NULL,
     "folder of the model that continues solutions; without it --judge judges rows that this command "
     "labelled"},
    LEM_OPTS_ENDPOINT,
    LEM_OPT_SERVED_MODEL,
    LEM_OPTS_COMPLETION,
    LEM_OPT_REMOTE_TOKENIZER,
    {"per-request", LEM_OPT_INT, "N", "8",
     "with --endpoint: rollouts asked for in one request (n); fewer where the server gives fewer", 1, 128},
    LEM_OPT_MAX_FAILED("0"),
    {"from", LEM_OPT_ENUM, "WHAT", NULL,
     "labels without a model: from the samples, of which those count that share the steps so far, or from "
     "the row's worked "
     "solution (field worked), whose steps alone are good",
     .choices = LEM_ANNOTATE_FROM_NAMES},
    {"distinct", LEM_OPT_FLAG, NULL, NULL, "write equal solutions of a problem once; all are counted"},
    {"data", LEM_OPT_INPUT, "FILE", NULL,
     "rows with problem, expected_answer and completions, or steps (JSONL, JSON, .gz, .zst)"},
    {"map", LEM_OPT_LIST, "OURS=THEIRS", NULL,
     "names of fields: problem=, expected_answer=, completions=, correct=, id= (dotted paths)"},
    {"n", LEM_OPT_INT, "N", "8", "rollouts from the end of each step", 1, LEM_ANNOTATE_MAX_ROLLOUTS},
    {"temperature", LEM_OPT_NUM, "X", "0.7", "0 is greedy", 0, 1000},
    LEM_OPTS_DRAW,
    {"max-tokens", LEM_OPT_INT, "N", "1024", "tokens of a rollout", 1, 1e9},
    {"step-separator", LEM_OPT_STR, "TEXT", "\\n\\n", "text between steps, \\n for a new line"},
    {"early-stop", LEM_OPT_FLAG, NULL, NULL,
     "a step's rollouts end with the first right one: the same hard labels for less; counts are of those "
     "run"},
    {"search", LEM_OPT_ENUM, "NAME", "full",
     "full measures every step; binary looks for the first bad one by halves, which is right where no good "
     "step follows a bad one",
     .choices = "full|binary"},
    {"labels", LEM_OPT_ENUM, "NAME", "hard",
     "step_labels: hard is 1 if any rollout is right, soft the share of right ones", .choices = "hard|soft"},
    {"judge", LEM_OPT_INPUT, "DIR", NULL,
     "process reward model, as lemma prm score reads it: labels are kept only where it finds the same first "
     "wrong step, or none too; the other solutions' are -1, and lemma prm train leaves them out"},
    {"judge-head", LEM_OPT_ENUM, "NAME", NULL,
     "how a plain language model that judges is read, if its folder does not say it",
     .choices = "rlhflow|math-shepherd"},
    {"judge-threshold", LEM_OPT_NUM, "X", NULL, "a step is wrong if the judge scores it below X [0.5]", 0, 1},
    {"policy", LEM_OPT_ENUM, "NAME", "std", "by whose rules answers are compared",
     .choices = LEM_GRADE_POLICY_NAMES},
    {"task", LEM_OPT_ENUM, "NAME", "std", "where the answer stands, as in lemma grade",
     .choices = LEM_GRADE_TASK_NAMES},
    {"system", LEM_OPT_STR, "TEXT", NULL, "system prompt; '' for none [as in training, else none]"},
    {"suffix", LEM_OPT_STR, "TEXT", NULL,
     "line added to each problem; '' for none [as in training, else none]"},
    LEM_OPT_TEMPLATE,
    LEM_OPT_SET,
    LEM_OPT_PROMPT_FROM,
    LEM_OPT_SHARD,
    LEM_OPT_BAD_ROWS,
    LEM_OPTS_WEIGHTS(""),
    {"slots", LEM_OPT_INT, "N", "0", "rollouts in flight, 0 = 256 (never changes a result)", 0, 4096,
     .effect = LEM_OPT_CHANGES_NOTHING},
    LEM_OPTS_SPECULATE,
};

typedef struct job {
    lem_cli *cli;
    const lem_args *args;
    const char *model, *data, *out;
    lem_job *file;
    bool to_stdout, soft, remote; /* remote: servers make the rollouts */
    lem_annotate_from from;
    lem_annotate_remote servers;
    lem_annotate_opts o;
    char *separator;
    lem_grade_profile grade;
    lem_prompt_settings prompt;
    lem_prompt_end_list ends;
    lem_draft_model draft;
    lem_prm_rows rows;
    bad_rows bad;
    const lem_row_judge *rows_judge; /* NULL: a bad row ends the run */
    lem_grade_gold **gold;           /* [rows] compiled while a row is in work */
    size_t next_row;
    uint64_t resumed, finished; /* rollouts */
    lem_runtime rt;
    lem_model_config config;
    lem_weights *weights;
    lem_tokenizer *tok;
    lem_journal *journal;
    lem_progress *progress;
    lem_prm_pace pace;
    lem_annotate_tally tally;
    lem_annotate_stats stats;
    bool has_judge;
    lem_prm_judge judge;
    uint64_t resumed_judged; /* rows */
    lem_json **judged;       /* [rows] scores that an earlier run found; NULL where none did */
} job;

/* ---- options */

static lem_status read_grade(job *j, lem_err *err) {
    const char *policy = lem_args_str(j->args, "policy"), *task = lem_args_str(j->args, "task");
    if (!lem_grade_policy_find(policy, &j->grade.policy))
        return lem_fail(err, LEM_EUSAGE, "--policy '%s' is unknown", policy);
    if (!lem_grade_task_find(task, &j->grade.task))
        return lem_fail(err, LEM_EUSAGE, "--task '%s' is unknown", task);
    return LEM_OK;
}

static lem_status read_from(job *j, lem_err *err) {
    if (lem_args_is(j->args, "from", "samples")) j->from = LEM_ANNOTATE_SAMPLES;
    if (lem_args_is(j->args, "from", "worked")) j->from = LEM_ANNOTATE_WORKED;
    if (!j->from || (!j->model && !j->remote)) return LEM_OK;
    return lem_fail(err, LEM_EUSAGE, "--from %s needs no model: leave --model and --endpoint out",
                    lem_args_str(j->args, "from"));
}

static lem_status read_options(job *j, lem_err *err) {
    const lem_args *a = j->args;
    j->model = lem_args_str(a, "model");
    j->data = lem_args_str(a, "data");
    j->out = lem_job_path(j->file);
    j->to_stdout = strcmp(j->out, "-") == 0;
    j->soft = lem_args_is(a, "labels", "soft");
    if (j->to_stdout && j->cli->json) return lem_fail(err, LEM_EUSAGE, "--out - and --json both want stdout");
    j->remote = lem_endpoint_given(a);
    j->has_judge = lem_args_has(a, "judge");
    if (!j->has_judge && (lem_args_has(a, "judge-threshold") || lem_args_has(a, "judge-head")))
        return lem_fail(err, LEM_EUSAGE, "--judge-threshold and --judge-head are for --judge DIR");
    lem_status st = read_from(j, err);
    if (st == LEM_OK) st = lem_unescape(lem_args_str(a, "step-separator"), &j->separator, err);
    if (st == LEM_OK) st = read_grade(j, err);
    if (st) return st;
    j->o = (lem_annotate_opts){.n = (int)lem_args_int(a, "n"),
                               .sample = lem_draw_options(a),
                               .max_tokens = (int)lem_args_int(a, "max-tokens"),
                               .seed = j->cli->seed,
                               .separator = j->separator,
                               .early_stop = lem_args_flag(a, "early-stop"),
                               .binary = lem_args_is(a, "search", "binary"),
                               .slots = (int)lem_args_int(a, "slots"),
                               .speculate = lem_speculate_options(a)};
    if (j->soft && (j->o.early_stop || j->o.binary))
        return lem_fail(err, LEM_EUSAGE, "--labels soft needs all rollouts of every step; %s leaves some out",
                        j->o.binary ? "--search binary" : "--early-stop");
    return lem_annotate_check(&j->o, err);
}

static lem_status read_prompt(job *j, lem_err *err) {
    lem_prompt_options o = {.template = lem_args_str(j->args, "template"),
                            .set = lem_args_tree(j->args, "set"),
                            .system = lem_args_str(j->args, "system"),
                            .suffix = lem_args_str(j->args, "suffix"),
                            .from = lem_args_str(j->args, "prompt-from")};
    const char *dir = j->model ? j->model : lem_args_str(j->args, "tokenizer");
    return lem_prompt_settings_open(dir, &o, &j->prompt, err);
}

/* ---- journal: a record for each finished rollout, and "judge:row" for each row that the judge has scored */

static lem_status visit_judged(job *j, const char *id, const char *row, const lem_json *record,
                               lem_err *err) {
    char *end = NULL;
    size_t at = lem_problems_find(&j->rows.problems, strtoull(row, &end, 10));
    const lem_json *scores = lem_json_get(record, "scores");
    if (end == row || *end || at >= j->rows.problems.n || lem_json_kind(scores) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EDATA, "the journal of %s: unknown record '%s'", j->out, id);
    j->resumed_judged += !j->judged[at];
    lem_json_free(j->judged[at]);
    j->judged[at] = lem_json_copy(scores);
    return j->judged[at] ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

/* "row:point:candidate" */
static bool read_place(const char *id, unsigned long long place[3]) {
    for (int i = 0; i < 3; i++) {
        char *end = NULL;
        place[i] = strtoull(id, &end, 10);
        if (end == id || *end != (i < 2 ? ':' : '\0') || (i && place[i] > INT32_MAX)) return false;
        id = end + 1;
    }
    return true;
}

static lem_status visit(void *ctx, const char *id, const lem_json *record, lem_err *err) {
    job *j = ctx;
    if (strncmp(id, "judge:", 6) == 0) return visit_judged(j, id, id + 6, record, err);
    if (j->remote) {
        lem_status st = lem_remote_visit(&j->servers.run, id, record, err);
        return st == LEM_OK ? LEM_OK : lem_err_context(err, "the journal of %s", j->out);
    }
    unsigned long long place[3] = {0};
    lem_prm_known k = {0};
    const lem_json *right = lem_json_get(record, "right");
    bool ok = read_place(id, place);
    size_t row = lem_problems_find(&j->rows.problems, place[0]);
    k.point = (int)place[1];
    k.candidate = (int)place[2];
    if (!ok || row >= j->rows.problems.n)
        return lem_fail(err, LEM_EDATA, "the journal of %s: unknown record '%s'", j->out, id);
    k.rollout.verdict = LEM_GRADE_UNDECIDED;
    if (lem_json_kind(right) == LEM_JSON_BOOL)
        k.rollout.verdict = lem_json_bool(right, false) ? LEM_GRADE_RIGHT : LEM_GRADE_WRONG;
    k.rollout.tokens = (int)lem_json_int(lem_json_get(record, "tokens"), 0);
    k.rollout.truncated = lem_json_bool(lem_json_get(record, "truncated"), false);
    j->finished++;
    return lem_prm_known_add(&j->rows.at[row], &k, err);
}

static lem_status open_journal(job *j, lem_err *err) {
    lem_status st = lem_job_journal(j->file, visit, j, &j->journal, err);
    for (size_t i = 0; i < j->rows.problems.n; i++) lem_prm_known_sort(&j->rows.at[i]);
    j->resumed = j->finished;
    if (st == LEM_OK && j->resumed)
        lem_info(j->cli->log, "going on: %llu rollouts are there already", (unsigned long long)j->resumed);
    if (st == LEM_OK && j->resumed_judged)
        lem_info(j->cli->log, "going on: %llu problems are judged already",
                 (unsigned long long)j->resumed_judged);
    return st;
}

static lem_json *verdict_json(lem_grade_correct v) {
    return v == LEM_GRADE_UNDECIDED ? lem_json_new_null() : lem_json_new_bool(v == LEM_GRADE_RIGHT);
}

static lem_status record(void *ctx, uint64_t row, int point, int candidate, const lem_rollout *r,
                         lem_err *err) {
    job *j = ctx;
    j->finished++;
    lem_prm_pace_made(&j->pace, row, point, r->tokens);
    lem_progress_add(j->progress, 1);
    if (!j->journal) return LEM_OK;
    char id[64];
    lem_object o = lem_object_new();
    lem_object_json(&o, "right", verdict_json(r->verdict));
    lem_object_int(&o, "tokens", (uint64_t)r->tokens);
    if (r->truncated) lem_object_bool(&o, "truncated", true);
    lem_json *rec = lem_object_done(&o);
    if (!rec) return lem_fail(err, LEM_EMEM, "out of memory for a rollout");
    snprintf(id, sizeof id, "%llu:%d:%d", (unsigned long long)j->rows.problems.at[row].row, point, candidate);
    lem_status st = lem_journal_append(j->journal, id, rec, err);
    lem_json_free(rec);
    return st;
}

/* ---- what annotation asks of us */

static lem_annotate_problem problem_of(const job *j, size_t at) {
    const lem_problem *p = &j->rows.problems.at[at];
    const lem_prm_row *r = &j->rows.at[at];
    return (lem_annotate_problem){.index = at,
                                  .key = p->key,
                                  .prompt = j->rows.problems.ids.data + p->ids_at,
                                  .n_prompt = p->n_ids,
                                  .solution = (const char *const *)r->solution,
                                  .correct = r->correct,
                                  .n = r->n,
                                  .worked = lem_json_str(lem_json_get(p->input, "worked"), NULL)};
}

static lem_status next(void *ctx, lem_annotate_problem *out, bool *more, lem_err *err) {
    job *j = ctx;
    while (j->next_row < j->rows.problems.n && j->rows.at[j->next_row].n == 0) j->next_row++;
    *more = j->next_row < j->rows.problems.n;
    if (!*more) return LEM_OK;
    size_t at = j->next_row++;
    *out = problem_of(j, at);
    const char *gold = j->rows.at[at].gold;
    return lem_grade_gold_new(gold, strlen(gold), &j->grade, &j->gold[at], err);
}

static bool known(void *ctx, uint64_t row, int point, int candidate, lem_rollout *out) {
    const job *j = ctx;
    const lem_prm_known *k = lem_prm_known_find(&j->rows.at[row], point, candidate);
    if (k) *out = k->rollout;
    return k != NULL;
}

/* A rollout that was cut off is right only by a marked answer: its last number is not its answer. */
static lem_status judge(void *ctx, const lem_annotate_text *t, lem_grade_correct *out, lem_err *err) {
    const job *j = ctx;
    lem_grade_span span;
    lem_answer_result result;
    lem_status st = lem_grade_response(j->gold[t->problem], t->text, t->len, NULL, &span, &result, err);
    if (st) return st;
    *out = lem_grade_correct_of(result.verdict);
    if (t->truncated && span.weak) *out = LEM_GRADE_WRONG;
    return LEM_OK;
}

static lem_status done(void *ctx, uint64_t row, int solution, const lem_annotated *a, lem_err *err) {
    job *j = ctx;
    if (solution + 1 == j->rows.at[row].n) {
        lem_grade_gold_free(j->gold[row]);
        j->gold[row] = NULL;
        lem_prm_pace_done(&j->pace, row);
    }
    return lem_prm_row_finish(&j->rows, row, solution, a, j->soft, &j->tally, err);
}

static void tick(void *ctx, uint64_t generated) {
    job *j = ctx;
    double seconds = lem_clock_seconds() - j->pace.began;
    if (seconds > 0) lem_progress_note(j->progress, "%.0f tokens/s", (double)generated / seconds);
    lem_progress_left(j->progress, lem_prm_pace_left(&j->pace, generated));
}

/* ---- stages of the run */

/* Whether labels are made here, or only judged. */
static bool labels(const job *j) { return j->model || j->remote || j->from; }

static lem_status load_model(job *j, lem_err *err) {
    bool chat = j->prompt.template == LEM_PROMPT_CHAT;
    lem_status st = lem_model_check(j->model, LEM_HEAD_LM, &j->config, err);
    if (st == LEM_OK) st = lem_weights_implied(j->cli, j->file, j->args, j->model, "compute", err);
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
    return lem_problems_encode(&j->rows.problems, j->tok, &j->prompt, j->config.max_positions - 1,
                               j->cli->cancel, err);
}

typedef struct memory_plan {
    const job *j;
    lem_annotate_size *problem; /* [n] */
    size_t n;
    int longest, pages; /* of one */
} memory_plan;

/* The judge's model, once the rollouts are there. */
static void judge_memory(const job *j, const lem_memory_ask *ask, lem_memory_parts *out) {
    const score_model *m = &j->judge.model;
    lem_memory_ask own = *ask;
    own.max_rows = LEM_PRM_JUDGE_ROWS;
    if (j->has_judge) *out = lem_score_model_bytes(m, &m->config, &own);
}

static lem_annotate_opts options_of(const memory_plan *p, const lem_memory_ask *ask) {
    lem_annotate_opts o = p->j->o;
    o.slots = ask->slots;
    o.max_tokens = ask->max_tokens;
    o.kv_dtype = lem_memory_kv(ask, &p->j->config);
    o.load = lem_annotate_load(&o, p->problem, p->n);
    return o;
}

/* The judge is there once the model that continues is gone. */
static void memory_of(void *ctx, const lem_memory_ask *ask, lem_memory_parts *out) {
    const memory_plan *p = ctx;
    const job *j = p->j;
    lem_memory_parts judge = {0};
    judge_memory(j, ask, &judge);
    if (j->model) {
        lem_annotate_opts o = options_of(p, ask);
        out->weights = (double)lem_weights_bytes(&j->config, ask->dtype) +
                       (double)lem_draft_bytes(&j->draft, ask->dtype);
        out->work = (double)lem_annotate_bytes(&j->config, &o) +
                    lem_memory_scratch(j->cli, o.max_prompt + o.max_tokens, j->config.vocab);
    }
    if (lem_memory_total(&judge) > lem_memory_total(out)) *out = judge;
}

static lem_status measure_problems(const job *j, memory_plan *p, lem_err *err) {
    lem_status st = LEM_OK;
    p->problem =
        lem_alloc_zero(j->rows.problems.n + 1, sizeof *p->problem, err); /* a shard may have no rows */
    if (!p->problem) return LEM_EMEM;
    for (size_t i = 0; st == LEM_OK && i < j->rows.problems.n; i++) {
        lem_annotate_problem in = problem_of(j, i);
        lem_annotate_size *size = &p->problem[p->n];
        if (j->rows.at[i].n == 0) continue;
        st = lem_annotate_measure(&in, &j->o, j->tok, j->config.max_positions, size, err);
        if (size->longest > p->longest) p->longest = size->longest;
        if (size->pages > p->pages) p->pages = size->pages;
        p->n++;
        if (st == LEM_OK) st = lem_cancel_check(j->cli->cancel, err);
    }
    return st;
}

/* What the judge will read: rows that are labelled already, or texts as long as those of the largest problem.
 */
static lem_status expect_judge(job *j, const memory_plan *p, lem_err *err) {
    lem_status st = LEM_OK;
    if (!j->has_judge) return LEM_OK;
    lem_scorer *s = j->judge.model.scorer;
    if (j->model) lem_scorer_expect(s, p->pages * LEM_PAGE_KEYS, p->pages, p->pages, p->longest);
    for (size_t i = 0; !j->model && st == LEM_OK && i < j->rows.problems.n; i++) {
        lem_json *scores = NULL;
        if (j->rows.at[i].n > 0) st = lem_prm_judge_row(&j->judge, &j->rows, i, &scores, err);
        lem_json_free(scores);
    }
    j->judge.counts = (lem_score_counts){0};
    return st;
}

static void tell_plan(const job *j) {
    if (j->model)
        lem_info(j->cli->log,
                 "plan: %llu solutions of %zu problems, %d rollouts of up to %d tokens from each step",
                 (unsigned long long)j->rows.solutions, j->rows.problems.n, j->o.n, j->o.max_tokens);
}

static lem_status plan_memory(job *j, lem_err *err) {
    char what[512];
    memory_plan p = {.j = j};
    lem_memory_job memory = {j->cli, j->args, what, memory_of, &p};
    lem_memory_ask ask = lem_memory_asked(j->args);
    lem_memory_parts parts = {0};
    snprintf(what, sizeof what, "annotating with %.400s",
             j->model ? j->model : lem_args_str(j->args, "judge"));
    if (j->model) ask.slots = j->o.slots ? j->o.slots : LEM_ENGINE_SLOTS;
    if (j->model) ask.max_tokens = j->o.max_tokens;
    lem_status st = j->model ? measure_problems(j, &p, err) : LEM_OK;
    j->o.max_prompt = p.longest;
    if (st == LEM_OK) st = expect_judge(j, &p, err);
    if (st == LEM_OK) st = lem_memory_fit(&memory, &ask, &parts, err);
    if (st == LEM_OK && j->model) j->o = options_of(&p, &ask);
    if (j->model) j->o.kv_bytes = lem_memory_spare(&parts);
    lem_free(p.problem);
    if (st || !j->cli->dry_run) return st;
    tell_plan(j);
    return lem_memory_print(j->cli, "prm annotate", j->args, &parts, err);
}

static lem_status open_judge(job *j, lem_err *err) {
    const lem_args *a = j->args;
    lem_prm_judge_opts o = {lem_args_str(a, "judge"), lem_args_str(a, "judge-head"),
                            lem_weights_dtype_name(a), lem_weights_compute_name(a), LEM_PRM_JUDGE_THRESHOLD};
    if (!j->has_judge) return LEM_OK;
    if (lem_args_has(a, "judge-threshold")) o.threshold = lem_args_num(a, "judge-threshold");
    lem_status st = lem_prm_judge_open(j->cli, &o, &j->judge, err);
    return st ? st : lem_weights_implied(j->cli, j->file, a, o.dir, "judge_compute", err);
}

static void tell_disagreement(const job *j) {
    if (j->rows.own > j->rows.own_agree)
        lem_warn(j->cli->log,
                 "%s: of %llu solutions whose correctness the rows tell, grading says otherwise for %llu; "
                 "the rows' own counts",
                 j->data, (unsigned long long)j->rows.own,
                 (unsigned long long)(j->rows.own - j->rows.own_agree));
}

/* Of --from worked. */
static lem_status check_worked(job *j, lem_err *err) {
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < j->rows.problems.n; i++) {
        const lem_json *worked = lem_json_get(j->rows.problems.at[i].input, "worked");
        if (j->rows.at[i].n == 0 || lem_json_str(worked, NULL)) continue;
        st = lem_fail(err, LEM_EDATA, "--from worked: text expected in field 'worked', %s found",
                      lem_json_kind_name(worked));
        st = lem_prm_rows_failed(&j->rows, i, j->rows_judge, st, err);
    }
    return st;
}

/* Rows that tell their labels themselves. */
static lem_status prepare_known(job *j, lem_err *err) {
    tell_disagreement(j);
    if (j->has_judge) return plan_memory(j, err);
    return j->cli->dry_run ? lem_print_dry_run(j->cli, "prm annotate", j->args, 0, err) : LEM_OK;
}

static lem_status make_room(job *j, lem_err *err) {
    size_t n = j->rows.problems.n + 1; /* a shard may have no rows */
    j->gold = lem_alloc_zero(n, sizeof *j->gold, err);
    j->judged = lem_alloc_zero(n, sizeof *j->judged, err);
    return j->gold && j->judged ? LEM_OK : LEM_EMEM;
}

static bool takes(const void *ctx, uint64_t row) { return lem_job_takes(ctx, row); }

static lem_status load_rows(job *j, lem_err *err) {
    uint64_t all = 0;
    lem_prm_rows_opts o = {.map = lem_args_tree(j->args, "map"),
                           .limit = j->cli->limit,
                           .separator = j->separator,
                           .grade = &j->grade,
                           .cancel = j->cli->cancel,
                           .keep = takes,
                           .keep_ctx = j->file,
                           .all = &all};
    lem_status st = lem_bad_rows_begin(j->args, &j->bad, err);
    if (st == LEM_OK) st = lem_bad_rows_problems(&j->bad, j->data, o.map, o.cancel, &j->rows_judge, err);
    o.judge = j->rows_judge;
    if (st == LEM_OK) st = lem_prm_rows_load(j->data, &o, &j->rows, err);
    lem_job_saw(j->file, all);
    if (st == LEM_OK && j->from == LEM_ANNOTATE_WORKED) st = check_worked(j, err);
    if (st == LEM_OK && !labels(j)) st = lem_prm_rows_keep(&j->rows, j->rows_judge, err);
    const uint64_t used = j->rows.problems.n - j->rows.left_out;
    return st ? st : lem_bad_rows_end(&j->bad, j->cli, j->file, used, err);
}

/* All problems are read, and what is asked of the servers first is known. */
static lem_status prepare_remote(job *j, lem_err *err) {
    const lem_annotate_host host = {j, next, NULL, judge, NULL, done};
    lem_status st =
        lem_annotate_remote_open(&j->servers, j->cli, j->args, &j->o, &j->rows.problems, &j->prompt, err);
    if (st == LEM_OK) st = lem_annotate_remote_load(&j->servers, &j->o, &host, err);
    if (st != LEM_OK) return st;
    tell_disagreement(j);
    return j->cli->dry_run ? lem_annotate_remote_plan(&j->servers, err) : LEM_OK;
}

static lem_status prepare(job *j, lem_err *err) {
    lem_status st = j->model || j->remote ? read_prompt(j, err) : LEM_OK;
    if (st == LEM_OK) st = open_judge(j, err);
    if (st == LEM_OK) st = load_rows(j, err);
    if (st == LEM_OK) st = make_room(j, err);
    if (st == LEM_OK && j->remote) return prepare_remote(j, err);
    if (st == LEM_OK && j->from) return prepare_known(j, err);
    if (st == LEM_OK && !j->model) return plan_memory(j, err);
    if (st == LEM_OK) st = load_model(j, err);
    if (st) return st;
    tell_disagreement(j);
    return plan_memory(j, err);
}

static lem_status open_run(job *j, lem_err *err) {
    lem_dtype dtype = lem_weights_dtype(j->args);
    bool computes = j->model || j->has_judge;
    lem_status st = LEM_OK;
    if (computes) st = lem_runtime_open(j->cli, lem_job_compute_path(j->file), &j->rt, err);
    if (st == LEM_OK && computes) lem_weights_compute(j->args, j->rt.backend);
    if (st == LEM_OK) st = lem_job_start(j->file, computes ? j->rt.backend->ops->name : NULL, err);
    if (st == LEM_OK) st = open_journal(j, err);
    if (st || !j->model) return st;
    st = lem_weights_open(j->model, LEM_HEAD_LM, j->rt.backend, dtype, &j->weights, err);
    return st ? st : lem_draft_open(j->args, j->rt.backend, &j->draft, &j->o.speculate, err);
}

static lem_status interrupted(job *j, lem_err *err) {
    return lem_job_interrupted(j->file, j->finished, 0, "rollouts", err);
}

static lem_status annotate(job *j, lem_err *err) {
    if (j->remote) {
        lem_status done_so = lem_annotate_remote_run(&j->servers, j->file, j->journal, &j->stats, err);
        j->resumed = j->servers.resumed;
        return done_so;
    }
    const lem_annotate_host host = {j, next, known, judge, record, done, tick};
    if (j->from) return lem_annotate_known(j->from, j->separator, &host, j->cli->cancel, &j->stats, err);
    lem_status paced = lem_prm_pace_open(&j->pace, &j->rows, j->separator, j->o.n, err);
    if (paced) return paced;
    j->progress = lem_progress_new(j->cli->log, "annotate", "rollouts", 0, j->resumed);
    lem_status st = lem_annotate_run(j->weights, &j->config, j->tok, j->rt.backend, &j->o, &host,
                                     j->cli->cancel, &j->stats, err);
    lem_progress_free(j->progress);
    j->progress = NULL;
    return st == LEM_EINTR ? interrupted(j, err) : st;
}

/* ---- the judge */

static lem_status keep_scores(job *j, size_t row, const lem_json *scores, lem_err *err) {
    char id[40];
    if (!j->journal) return LEM_OK;
    lem_object o = lem_object_new();
    lem_object_json(&o, "scores", lem_json_copy(scores));
    lem_json *rec = lem_object_done(&o);
    if (!rec) return lem_fail(err, LEM_EMEM, "out of memory");
    snprintf(id, sizeof id, "judge:%llu", (unsigned long long)j->rows.problems.at[row].row);
    lem_status st = lem_journal_append(j->journal, id, rec, err);
    lem_json_free(rec);
    return st;
}

static lem_status judge_row(job *j, size_t row, lem_err *err) {
    lem_json *scores = NULL;
    lem_status st = LEM_OK;
    if (j->judged[row]) return lem_prm_judge_apply(&j->judge, &j->rows, row, j->judged[row], err);
    LEM_TRY(lem_prm_judge_row(&j->judge, &j->rows, row, &scores, err));
    LEM_TRY(keep_scores(j, row, scores, err));
    LEM_TRY(lem_prm_judge_apply(&j->judge, &j->rows, row, scores, err));
done:
    lem_json_free(scores);
    return st;
}

/* The policy's weights have done their work: both models need not fit at once. */
static lem_status judge_rows(job *j, lem_err *err) {
    if (!j->has_judge) return LEM_OK;
    if (j->weights) lem_weights_free(j->weights);
    lem_draft_close(&j->draft);
    j->weights = NULL;
    lem_status st = lem_prm_judge_weights(&j->judge, j->rt.backend, err);
    j->progress = lem_progress_new(j->cli->log, "judge", "problems", j->rows.problems.n, 0);
    for (size_t i = 0; st == LEM_OK && i < j->rows.problems.n; i++) {
        st = lem_cancel_check(j->cli->cancel, err);
        if (st == LEM_OK && j->rows.at[i].n > 0) st = judge_row(j, i, err);
        lem_progress_add(j->progress, 1);
    }
    lem_progress_free(j->progress);
    j->progress = NULL;
    return st == LEM_EINTR ? interrupted(j, err) : st;
}

static bool stands_before(const lem_prm_row *r, int k) {
    for (int i = 0; i < k; i++)
        if (strcmp(r->solution[i], r->solution[k]) == 0) return true;
    return false;
}

static lem_status write_output(job *j, lem_err *err) {
    bool distinct = lem_args_flag(j->args, "distinct");
    lem_out *o = NULL;
    lem_status st = LEM_OK;
    LEM_TRY(lem_out_open(j->out, true, &o, err));
    for (size_t i = 0; i < j->rows.problems.n; i++) {
        const lem_prm_row *r = &j->rows.at[i];
        uint64_t lines = 0;
        for (int k = 0; k < r->n; k++) {
            if (distinct && stands_before(r, k)) continue;
            LEM_TRY(lem_rows_write(o, r->out[k], err));
            lines++;
        }
        lem_job_wrote(j->file, lines);
    }
    LEM_TRY(lem_out_commit(o, err));
    st = lem_job_finish(j->file, err);
done:
    lem_out_close(o);
    return st;
}

/* ---- */

static void release(job *j) {
    for (size_t i = 0; j->gold && i < j->rows.problems.n; i++) lem_grade_gold_free(j->gold[i]);
    for (size_t i = 0; j->judged && i < j->rows.problems.n; i++) lem_json_free(j->judged[i]);
    lem_free(j->gold);
    lem_free(j->judged);
    lem_annotate_remote_release(&j->servers);
    lem_prm_judge_close(&j->judge);
    lem_free(j->separator);
    lem_annotate_tally_release(&j->tally);
    lem_prm_pace_release(&j->pace);
    lem_prm_rows_release(&j->rows);
    lem_bad_rows_release(&j->bad);
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
    if (st == LEM_OK && labels(j)) st = annotate(j, err);
    if (st == LEM_OK) st = judge_rows(j, err);
    if (st == LEM_OK) st = write_output(j, err);
    if (st) return st;
    const lem_prm_outcome x = {.out = j->out,
                               .identity = lem_job_identity(j->file),
                               .o = &j->o,
                               .context = j->config.max_positions,
                               .rows = &j->rows,
                               .tally = &j->tally,
                               .stats = labels(j) ? &j->stats : NULL,
                               .from = j->from,
                               .judge = j->has_judge ? &j->judge : NULL,
                               .servers = j->remote ? &j->servers.run : NULL,
                               .resumed = j->resumed,
                               .bad = &j->bad};
    lem_prm_show(&x, j->cli->log);
    return j->cli->json ? lem_print_json(j->cli->out, lem_prm_json(&x), 0, err) : LEM_OK;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    job j = {.cli = cli, .args = args};
    lem_status st = lem_job_open(cli, &lem_cmd_prm_annotate, args, NULL, &j.file, err);
    if (st) return st;
    if (lem_job_done(j.file)) st = lem_print_complete(cli, "prm annotate", j.file, err);
    else {
        st = read_options(&j, err);
        if (st == LEM_OK) st = work(&j, err);
    }
    release(&j);
    return st;
}

static lem_status plan(lem_cli *cli, const lem_args *args, lem_plan *out, lem_err *err) {
    const char *judge = lem_args_str(args, "judge");
    const char *model = lem_args_str(args, "model");
    lem_model_config c;
    (void)cli;
    lem_status st = model ? lem_model_check(model, LEM_HEAD_LM, &c, err) : LEM_OK;
    if (st == LEM_OK && model) out->memory = (double)lem_weights_bytes(&c, lem_weights_dtype(args));
    if (st || !judge) return st;
    st = lem_train_folder_config(judge, &c, NULL, err);
    double weights = st ? 0 : (double)lem_weights_bytes(&c, lem_weights_dtype(args));
    if (weights > out->memory) out->memory = weights;
    return st;
}

const lem_command lem_cmd_prm_annotate = {
    .name = "prm annotate",
    .purpose = "labels of steps: how many continuations from each reach the right answer",
    .usage = "(--model DIR | --endpoint URL --served-model NAME | --from samples|worked) --data CANDIDATES "
             "--out FILE "
             "[options]",
    .example =
        "lemma prm annotate --model runs/sft --data graded.jsonl --n 8 --early-stop --out steps.jsonl\n"
        "lemma prm annotate --endpoint http://127.0.0.1:8000/v1 --served-model Qwen2.5-Math-7B-Instruct "
        "--data graded.jsonl --out steps.jsonl\n"
        "lemma prm annotate --from samples --labels soft --data graded.jsonl --out steps.jsonl\n"
        "lemma prm annotate --judge Qwen2.5-Math-PRM-7B --data steps.jsonl --out agreed.jsonl",
    .min_words = 0,
    .max_words = 0,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .plan = plan,
    .timed = true,
    .output = LEM_OUTPUT_FILE,
    .out_required = true,
    .required = "model,judge,endpoint,from|data",
};
