/* cmd_grade.c - lemma grade: verdicts for candidates or pairs, or the reasons for one pair */
#include "cli/grade_benchmark.h"
#include "cli/candidate_options.h"
#include "cli/grade_parts.h"
#include "cli/bad_rows_options.h"
#include "cli/runtime.h"

#include "core/file.h"
#include "core/jsonl.h"
#include "core/mem.h"
#include "core/object.h"
#include "eval/row_says.h"
#include "eval/spoil.h"
#include "job/shard.h"

#include <math.h>
#include <string.h>

enum { BATCH = 2048, BATCH_LONG = 512, BATCH_BYTES = 1 << 19, MAX_SHOWN = 100, MAX_LOGGED = 10 };

static const lem_opt opts[] = {
    {"explain", LEM_OPT_FLAG, NULL, NULL,
     "two words GOLD PREDICTION: print the verdict with its reasons; exit 0 equal, 1 not equal, 3 not "
     "decidable"},
    LEM_OPT_CANDIDATE_MAP,
    LEM_OPT_CANDIDATE_FILTER,
    {"gold-field", LEM_OPT_STR, "PATH", NULL, "pairs: the field of the right answer"},
    {"pred-field", LEM_OPT_STR, "PATH", NULL, "pairs: the field of the prediction"},
    {"responses", LEM_OPT_FLAG, NULL, NULL,
     "pairs: the prediction is a whole solution to extract an answer from"},
    {"check", LEM_OPT_STR, "PATH", NULL,
     "the file's own correctness (a.ok|b.ok as in completions): report the agreement"},
    {"benchmark", LEM_OPT_STR, "NAME|FILE.yaml", NULL,
     "policy, task and tolerance of a benchmark ('lemma bench list') [as the rows say, if they do]"},
    {"policy", LEM_OPT_ENUM, "NAME", NULL, "by whose rules [of the benchmark, else std]",
     .choices = LEM_GRADE_POLICY_NAMES},
    {"task", LEM_OPT_ENUM, "NAME", NULL,
     "where the answer stands (math is std, mmlu is choice, …); gsm8k has no last-number fallback, plain is "
     "all of it; code executes the candidates in a sandbox against the row's tests (HumanEval, MBPP) [of the "
     "benchmark, else std]",
     .choices = LEM_GRADE_TASK_NAMES "|code"},
    {"code-seconds", LEM_OPT_INT, "S", "10",
     "--task code: processor seconds that a program and its tests may take", 1, 3600},
    {"rel-tol", LEM_OPT_NUM, "X", "0", "numbers within this share of a numeric gold are right too", 0, 1},
    {"abs-tol", LEM_OPT_NUM, "X", "0", "numbers within this distance of a numeric gold are right too", 0,
     1e300},
    {"rule", LEM_OPT_LIST, "NAME=on|off", NULL,
     "a leniency of strict, std or lenient, on or off whatever the policy says; --explain prints them all", 0,
     0},
    {"think-tags", LEM_OPT_TEXTS, "OPEN CLOSE", NULL,
     "what thoughts stand between, with a blank: '<r> </r>'; repeatable [<think>, <thinking>, [THINK], "
     "<|begin_of_thought|>]"},
    {"tol-field", LEM_OPT_STR, "PATH", NULL,
     "a field of the row with its own distance (OlympiadBench: error)"},
    {"cluster", LEM_OPT_FLAG, NULL, NULL,
     "add answer_group: equal answers of a row have the same number, -1 is no answer"},
    {"against", LEM_OPT_ENUM, "POLICY", NULL,
     "grade by a second policy as well and count where the two disagree", .choices = LEM_GRADE_POLICY_NAMES},
    LEM_OPT_BAD_ROWS,
    {"audit", LEM_OPT_STR, "FILE.html", NULL,
     "a page of disagreements, near misses and undecided answers for a person to check and mark"},
    {"marks", LEM_OPT_INPUT, "FILE", NULL,
     "marks that a person saved from such a page: tell how often each policy agrees with them"},
    LEM_OPT_SHARD,
};

typedef struct item {
    lem_json *row;
    const char *file; /* borrowed from the rows */
    uint64_t line;
    lem_candidates c;
    lem_problem_parts own; /* golds by the rule of --benchmark, of a row without expected_answer */
    lem_graded g, other;   /* other: by the second policy */
    const char **near;     /* [g.n] with --audit; NULL entries are not near */
    lem_buf written;       /* the row with what was found, where rows are written */
    size_t bytes;          /* of its candidates */
    bool other_benchmark;  /* than the rows before */
    lem_status st;
    lem_err err;
} item;

typedef struct job {
    lem_cli *cli;
    const lem_args *args;
    lem_job *file;
    const char *path;
    uint64_t read; /* rows, of them those of this shard are graded */
    lem_grade_benchmark bench;
    lem_candidates_map *wanted; /* what the options say of columns */
    lem_candidate_set *set;
    const lem_candidates_map *map; /* of the set */
    lem_grade_rows_opts how, other;
    grade_tags tags;
    bool against;
    const char *audit_path, *tol_field;
    lem_sandbox *sandbox; /* with --task code */
    lem_audit *audit;     /* NULL without --audit and --against */
    lem_marks *marks;     /* NULL without --marks */
    lem_marks_tally marked;
    lem_pool *pool;
    lem_out *out;
    item *items,
        *before; /* [BATCH] each; the batch before is written and released while this one is graded */
    int n_items, n_before;
    bool ids_later;         /* looked at beside grading */
    int at_id;              /* the last item whose id was looked at, */
    lem_status written, id; /* and what came of it */
    lem_err written_err, id_err;
    lem_grade_tally tally, other_tally;
    lem_spoil spoil;
    lem_json *disagreements; /* the first MAX_SHOWN */
    uint64_t disagree;
    int n_models;
    bad_rows bad;
    bool rows_to_file, rows_on_stdout; /* neither: only the table, or the audit page */
    double seconds;
} job;

/* The row's own tolerance, one for all of its gold or one for each part; where there are as many neither as
 * parts nor one, the smallest. Without --tol-field it is the one that `sample` took from the benchmark,
 * unless an option says one. own: room for them, borrowed by the profile. */
static void row_tolerance(const job *j, const lem_json *row, double own[LEM_BENCH_MAX_TOLERANCES],
                          lem_grade_profile *p) {
    const char *field = j->tol_field;
    if (!field && p->abs_tol <= 0) field = "gold_tolerance";
    size_t n = field ? lem_bench_tolerances(lem_json_find(row, field), own) : 0;
    for (size_t k = 0; k < n; k++)
        if (k == 0 || own[k] < p->abs_tol) p->abs_tol = own[k];
    if (n > 1) p->part_tol = own;
    if (n > 1) p->n_part_tol = n;
}

static lem_status near_misses(item *it, const lem_grade_profile *p, lem_err *err) {
    it->near = lem_alloc_zero((size_t)it->g.n, sizeof *it->near, err);
    if (!it->near) return LEM_EMEM;
    for (int i = 0; i < it->g.n; i++) {
        if (!it->g.answer[i] || lem_grade_correct_of(it->g.result[i].verdict) != LEM_GRADE_WRONG) continue;
        lem_status st = lem_audit_near(p, it->g.gold, it->g.answer[i], &it->near[i], err);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

/* The row's golds: its own, or those that stand where the benchmark's file has them. */
static lem_status find_gold(const job *j, item *it) {
    if (it->c.n_gold || !j->bench.given) return LEM_OK;
    lem_status st = lem_grade_benchmark_golds(&j->bench, it->file, it->row, &it->own, &it->err);
    return st ? st : lem_candidates_set_golds(&it->c, it->own.golds, &it->err);
}

static lem_status write_line(const job *j, item *it) {
    lem_json *row = lem_graded_row(it->row, &it->c, &it->g, &j->how);
    if (!row) return lem_fail(&it->err, LEM_EMEM, "out of memory");
    lem_json_write(row, 0, &it->written);
    lem_buf_putc(&it->written, '\n');
    lem_json_free(row);
    return lem_buf_ok(&it->written, &it->err);
}

static void judge_item(const job *j, item *it) {
    lem_grade_rows_opts how = j->how, other = j->other;
    it->st = lem_grade_benchmark_same(&j->bench, j->args, it->row, &it->err);
    it->other_benchmark = it->st != LEM_OK;
    if (it->st != LEM_OK) return;
    it->st = lem_candidates_read(j->map, it->row, &it->c, &it->err);
    if (it->st != LEM_OK) return;
    if (j->sandbox) {
        it->st = lem_code_row(j->sandbox, it->row, &it->c, j->cli->cancel, &it->g, &it->err);
        return;
    }
    it->st = find_gold(j, it);
    if (it->st != LEM_OK) return;
    double tol[LEM_BENCH_MAX_TOLERANCES];
    lem_row_says_columns(it->row, &how.profile);
    lem_row_says_columns(it->row, &other.profile);
    row_tolerance(j, it->row, tol, &how.profile);
    if (j->against) row_tolerance(j, it->row, tol, &other.profile);
    it->st = lem_grade_row(&it->c, &how, &it->g, &it->err);
    if (it->st == LEM_OK && j->against) it->st = lem_grade_row(&it->c, &other, &it->other, &it->err);
    if (it->st == LEM_OK && j->audit_path) it->st = near_misses(it, &how.profile, &it->err);
}

static size_t bytes_of(const lem_candidates *c) {
    const size_t *len = c->completion ? c->completion_len : c->predicted_len;
    size_t all = 0;
    for (int i = 0; len && i < c->n; i++) all += len[i];
    return all;
}

static void grade_item(void *ctx, int task, int worker) {
    const job *j = ctx;
    item *it = &j->items[task];
    (void)worker;
    judge_item(j, it);
    it->bytes = bytes_of(&it->c);
    if (it->st == LEM_OK && j->out) it->st = write_line(j, it);
}

static void release_item(item *it) {
    lem_graded_release(&it->g);
    lem_graded_release(&it->other);
    lem_problem_parts_release(&it->own);
    lem_free(it->near);
    lem_json_free(it->row);
    it->near = NULL;
    it->row = NULL;
}

static const char *correct_word(int c) {
    if (c < 0) return "null";
    return c ? "true" : "false";
}

/* Whether the file's own label of candidate i and the grader say different things. */
static bool disagrees(const item *it, int i) {
    lem_grade_correct c = lem_grade_correct_of(it->g.result[i].verdict);
    return it->g.own[i] >= 0 && (it->g.own[i] == 1) != (c == LEM_GRADE_RIGHT);
}

static void log_disagreement(const job *j, const item *it, int i, const char *answer) {
    const char *model = lem_candidates_map_model(j->map, i, NULL), *space = model ? " " : "";
    lem_info(j->cli->log,
             "%s:%llu: candidate %d%s%s: the file says %s, the grader %s (%s): gold '%.60s', answer '%.60s'",
             it->file, (unsigned long long)it->line, i, space, model ? model : "", correct_word(it->g.own[i]),
             lem_answer_verdict_name(it->g.result[i].verdict), it->g.result[i].rule, it->g.gold, answer);
}

static lem_json *disagreement(const item *it, int i, const char *answer) {
    lem_object o = lem_object_new();
    lem_object_int(&o, "line", it->line);
    lem_object_int(&o, "candidate", (uint64_t)i);
    lem_object_str(&o, "gold", it->g.gold);
    lem_object_str(&o, "answer", answer);
    lem_object_bool(&o, "file", it->g.own[i] == 1);
    lem_object_str(&o, "verdict", lem_answer_verdict_name(it->g.result[i].verdict));
    lem_object_str(&o, "rule", it->g.result[i].rule);
    return lem_object_done(&o);
}

static lem_status note_disagreements(job *j, const item *it, lem_err *err) {
    for (int i = 0; it->g.own && i < it->g.n; i++) {
        const char *answer = it->g.answer[i] ? it->g.answer[i] : "";
        if (!disagrees(it, i)) continue;
        if (j->disagree++ < MAX_LOGGED) log_disagreement(j, it, i, answer);
        if (lem_json_count(j->disagreements) >= MAX_SHOWN) continue;
        if (!lem_json_append(j->disagreements, disagreement(it, i, answer)))
            return lem_fail(err, LEM_EMEM, "out of memory");
    }
    return LEM_OK;
}

static lem_status count_spoiled(job *j, const item *it, lem_err *err) {
    for (int i = 0; i < it->g.n; i++) {
        j->spoil.undecided += lem_grade_correct_of(it->g.result[i].verdict) == LEM_GRADE_UNDECIDED;
        j->spoil.silent += it->g.result[i].verdict == LEM_ANSWER_NO_ANSWER;
    }
    return lem_spoil_count(&j->spoil, &it->c, err);
}

static lem_status finish_item(job *j, item *it, lem_err *err) {
    if (it->st == LEM_EINTR)
        return lem_fail(err, it->st, "interrupted; nothing was written (grading starts over)");
    if (it->st == LEM_EDATA && j->bad.tally && !it->other_benchmark)
        return lem_bad_rows_add(j->bad.tally, it->file, it->line, &it->err, err);
    if (it->st != LEM_OK)
        return lem_fail(err, it->st, "%s:%llu: %s", it->file, (unsigned long long)it->line, it->err.text);
    lem_grade_tally_add(&j->tally, &it->c, &it->g, j->n_models);
    if (j->against) lem_grade_tally_add(&j->other_tally, &it->c, &it->other, j->n_models);
    lem_status st = count_spoiled(j, it, err);
    if (st == LEM_OK) st = note_disagreements(j, it, err);
    const lem_graded *other = j->against ? &it->other : NULL;
    const lem_audit_place where = {it->file, it->line, &it->c};
    if (st == LEM_OK && j->audit) st = lem_audit_add(j->audit, &it->g, other, it->near, &where, err);
    if (j->marks) lem_marks_count(j->marks, &it->g, other, &j->marked);
    if (st == LEM_OK && j->out) lem_job_wrote(j->file, 1);
    return st;
}

/* The lines of the batch before. */
static lem_status write_before(job *j, lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = 0; i < j->n_before; i++) {
        lem_buf *line = &j->before[i].written;
        if (st == LEM_OK && line->len) st = lem_out_write(j->out, line->data, line->len, err);
        lem_buf_clear(line);
    }
    return st;
}

/* No id stands twice: row by row. */
static void check_ids(job *j) {
    j->id = LEM_OK;
    for (int i = 0; i < j->n_items && j->id == LEM_OK && j->ids_later; i++) {
        const item *it = &j->items[i];
        j->at_id = i;
        j->id = lem_candidate_set_once(j->set, it->row, it->file, it->line, &j->id_err);
    }
}

/* Task 0 looks at ids and writes what was finished before; task i + 1 releases an item of it and grades item
 * i. */
static void batch_task(void *ctx, int task, int worker) {
    job *j = ctx;
    if (task > 0) {
        if (task <= j->n_before) release_item(&j->before[task - 1]);
        grade_item(j, task - 1, worker);
        return;
    }
    check_ids(j);
    j->written = write_before(j, &j->written_err);
}

/* Policy and task for the rows, and for what they are held against. */
static lem_status apply_benchmark(job *j, lem_err *err) {
    lem_grade_policy against = j->other.profile.policy;
    lem_status st = lem_grade_benchmark_apply(&j->bench, j->args, j->cli->log, &j->how.profile, err);
    if (st == LEM_OK) st = lem_grade_rules_check(&j->how.profile, err);
    if (st) return st;
    j->other.profile = j->how.profile;
    j->other.profile.rules_on = j->other.profile.rules_off = 0; /* as it is */
    if (j->against) j->other.profile.policy = against;
    if (!j->tol_field && j->bench.given) j->tol_field = j->bench.spec.tolerance;
    return LEM_OK;
}

/* This batch becomes the one before. */
static void turn_batches(job *j) {
    item *graded = j->items;
    for (int i = j->n_items; i < j->n_before; i++) release_item(&j->before[i]); /* the others are */
    j->items = j->before;
    j->before = graded;
    j->n_before = j->n_items;
    j->n_items = 0;
}

static lem_status grade_batch(job *j, lem_err *err) {
    lem_pool_run(j->pool, j->n_items + 1, batch_task, j);
    lem_status st = j->written;
    if (st != LEM_OK) *err = j->written_err;
    for (int i = 0; i < j->n_items && st == LEM_OK; i++) {
        if (j->id != LEM_OK && i == j->at_id) return *err = j->id_err, j->id;
        st = finish_item(j, &j->items[i], err);
    }
    turn_batches(j);
    return st;
}

/* What the first row says before it is graded: the benchmark of all. */
static lem_status look_at_first(job *j, const item *it, lem_err *err) {
    bool opened = false;
    lem_status st = lem_grade_benchmark_first(&j->bench, it->row, j->cli->log, &opened, err);
    if (st == LEM_OK && opened) st = apply_benchmark(j, err);
    if (st == LEM_OK && opened && j->bench.spec.kind == LEM_BENCH_CODE && !lem_args_has(j->args, "task"))
        st = lem_fail(err, LEM_EUSAGE, "rows of %s are programs: --benchmark %s executes them, in a sandbox",
                      j->bench.spec.name, j->bench.spec.name);
    return st ? lem_err_context(err, "%s:%llu", it->file, (unsigned long long)it->line) : LEM_OK;
}

/* Rows of this shard, fewer than `most` only at the end; *left: those that --limit allows still. */
static lem_status read_batch(job *j, int most, int64_t *left, lem_err *err) {
    lem_status st = LEM_OK;
    while (st == LEM_OK && j->n_items < most && *left != 0) {
        item *it = &j->items[j->n_items];
        st = lem_candidate_set_next(j->set, &it->row, err);
        if (st != LEM_OK || !it->row) break;
        it->file = lem_candidate_set_file(j->set);
        it->line = lem_candidate_set_number(j->set);
        *left -= *left > 0;
        if (!j->bench.seen) st = look_at_first(j, it, err);
        if (lem_job_takes(j->file, j->read++)) j->n_items++;
        else release_item(it);
    }
    if (st != LEM_OK) check_ids(j); /* an id that stands twice in front of what is wrong is told first */
    return st != LEM_OK && j->id != LEM_OK ? (*err = j->id_err, j->id) : st;
}

/* Rows that are graded at a time: more where the last ones were short, since threads that wait for each other
 * cost a fixed time. Programs take seconds, and are told of more often. */
static int batch_of(const job *j) {
    const int n = 4 * lem_pool_threads(j->pool);
    size_t bytes = 0;
    if (j->sandbox) return n < BATCH_LONG ? n : BATCH_LONG;
    for (int i = 0; i < j->n_before; i++) bytes += j->before[i].bytes;
    if (!j->n_before || bytes / (size_t)j->n_before > BATCH_BYTES / BATCH_LONG) return BATCH_LONG;
    const size_t rows = BATCH_BYTES * (size_t)j->n_before / (bytes + 1);
    return rows < BATCH ? (int)rows : BATCH;
}

/* Of the rows, or of --limit where that is nearer; left: of it, below 0 without. */
static double share_done(const job *j, int64_t left) {
    double rows = lem_candidate_set_share(j->set), limit = (double)j->cli->limit;
    double counted = left >= 0 && limit > 0 ? 1 - (double)left / limit : 0;
    return counted > rows ? counted : rows;
}

static lem_status grade_rows(job *j, lem_err *err) {
    lem_progress *p = lem_progress_new(j->cli->log, "grading", "rows", 0, 0);
    lem_status st = LEM_OK;
    const int most = batch_of(j);
    bool end = false;
    for (int64_t left = j->cli->limit; st == LEM_OK && !end;) {
        st = read_batch(j, most, &left, err);
        end = j->n_items < most;
        if (st == LEM_OK) st = grade_batch(j, err);
        lem_progress_add(p, (uint64_t)j->n_before);
        lem_progress_share(p, end ? 1 : share_done(j, left));
        if (st == LEM_OK && j->cli->cancel && j->cli->cancel->requested)
            st = lem_fail(err, LEM_EINTR, "interrupted; nothing was written (grading starts over)");
    }
    lem_progress_free(p);
    return st == LEM_OK ? write_before(j, err) : st;
}

static double share(uint64_t part, uint64_t all) { return all ? (double)part / (double)all : 0; }

static void put_model(lem_object *o, const lem_grade_model_tally *t) {
    lem_object_int(o, "candidates", t->n);
    lem_object_int(o, "correct", t->right);
    lem_object_int(o, "undecided", t->undecided);
    lem_object_num(o, "accuracy", share(t->right, t->n));
    if (!t->own) return;
    lem_object_int(o, "own_labels", t->own);
    lem_object_int(o, "own_correct", t->own_right);
    lem_object_num(o, "own_accuracy", share(t->own_right, t->own));
    lem_object_int(o, "agree", t->agree);
    if (isfinite(lem_grade_kappa(t))) lem_object_num(o, "kappa", lem_grade_kappa(t));
}

static lem_json *verdicts_json(const job *j) {
    lem_object o = lem_object_new();
    for (int v = 0; v < LEM_ANSWER_N_VERDICTS; v++)
        lem_object_int(&o, lem_answer_verdict_name((lem_answer_verdict)v), j->tally.verdict[v]);
    return lem_object_done(&o);
}

/* Of each verdict how many responses ended at their token limit. */
static lem_json *cut_json(const job *j) {
    lem_object o = lem_object_new();
    for (int v = 0; v < LEM_ANSWER_N_VERDICTS; v++)
        lem_object_int(&o, lem_answer_verdict_name((lem_answer_verdict)v), j->tally.cut[v]);
    return lem_object_done(&o);
}

static lem_json *methods_json(const job *j) {
    lem_object o = lem_object_new();
    for (int m = 0; m < LEM_GRADE_N_METHODS; m++)
        if (j->tally.method[m])
            lem_object_int(&o, lem_grade_method_name((lem_grade_method)m), j->tally.method[m]);
    return lem_object_done(&o);
}

static lem_json *models_json(const job *j) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int m = 0; ok && m < j->n_models; m++) {
        lem_object o = lem_object_new();
        lem_object_str(&o, "name", lem_candidates_map_model(j->map, m, NULL));
        put_model(&o, &j->tally.model[m]);
        ok = lem_json_append(list, lem_object_done(&o));
    }
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static const char *against_name(const job *j) {
    return j->against ? lem_grade_policy_name(j->other.profile.policy) : NULL;
}

static lem_json *against_json(const job *j) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "policy", lem_grade_policy_name(j->other.profile.policy));
    put_model(&o, &j->other_tally.all);
    lem_object_int(&o, "disagreements", lem_audit_total(j->audit, LEM_AUDIT_DISAGREE));
    return lem_object_done(&o);
}

/* The leniencies that --rule sets. */
static lem_json *set_rules_json(const job *j) {
    lem_object o = lem_object_new();
    lem_grade_rule r;
    for (int i = 0; lem_grade_rule_at(&j->how.profile, i, &r); i++)
        if (r.set) lem_object_bool(&o, r.name, r.on);
    return lem_object_done(&o);
}

static lem_json *spoil_json(const lem_spoil *s) {
    lem_object o = lem_object_new();
    lem_object_int(&o, "candidates", s->n);
    lem_spoil_tell(&o, s);
    return lem_object_done(&o);
}

static lem_json *summary(const job *j) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "format", lem_candidate_set_ground(j->set));
    lem_object_int(&o, "rows", j->tally.rows);
    put_model(&o, &j->tally.all);
    lem_object_int(&o, "weak", j->tally.weak);
    lem_object_int(&o, "disagree", j->disagree);
    lem_object_num(&o, "pairs_per_second", j->seconds > 0 ? (double)j->tally.all.n / j->seconds : 0);
    if (j->bench.spec.name) lem_object_str(&o, "benchmark", j->bench.spec.name);
    lem_object_str(&o, "policy", lem_grade_policy_name(j->how.profile.policy));
    if (j->how.profile.rules_on | j->how.profile.rules_off) lem_object_json(&o, "rules", set_rules_json(j));
    lem_object_str(&o, "task", j->sandbox ? "code" : lem_grade_task_name(j->how.profile.task));
    if (j->sandbox) lem_object_str(&o, "python", lem_sandbox_python(j->sandbox));
    if (j->against) lem_object_json(&o, "against", against_json(j));
    if (j->marks) lem_object_json(&o, "marks", lem_marks_json(&j->marked, j->against));
    lem_object_json(&o, "verdicts", verdicts_json(j));
    lem_object_json(&o, "cut_verdicts", cut_json(j));
    lem_object_json(&o, "methods", methods_json(j));
    lem_object_json(&o, "models", models_json(j));
    lem_object_json(&o, "counts", spoil_json(&j->spoil));
    lem_object_json(&o, "warnings", lem_spoil_warnings(&j->spoil));
    lem_object_json(&o, "disagreements", lem_json_share(j->disagreements));
    lem_bad_rows_tell(&j->bad, &o);
    return lem_object_done(&o);
}

static void print_line(FILE *f, const char *name, const lem_grade_model_tally *t) {
    fprintf(f, "%-24s %8llu  %8llu  %8.2f  %9llu", name, (unsigned long long)t->n,
            (unsigned long long)t->right, 100 * share(t->right, t->n), (unsigned long long)t->undecided);
    if (t->own)
        fprintf(f, "  %9.2f  %llu of %llu", 100 * share(t->own_right, t->own), (unsigned long long)t->agree,
                (unsigned long long)t->own);
    if (t->own && isfinite(lem_grade_kappa(t))) fprintf(f, " (kappa %.3f)", lem_grade_kappa(t));
    fputc('\n', f);
}

static void print_table(const job *j, FILE *f) {
    fprintf(f, "%s\n%-24s %8s  %8s  %8s  %9s%s\n", lem_candidate_set_ground(j->set), "", "answers", "right",
            "percent", "undecided", j->tally.all.own ? "  file says  agree" : "");
    for (int m = 0; m < j->n_models && m < LEM_GRADE_MAX_MODELS; m++)
        print_line(f, lem_candidates_map_model(j->map, m, NULL), &j->tally.model[m]);
    print_line(f, "all", &j->tally.all);
    if (j->against) {
        print_line(f, lem_grade_policy_name(j->other.profile.policy), &j->other_tally.all);
        fprintf(f, "the policies %s and %s disagree on %llu answers\n",
                lem_grade_policy_name(j->how.profile.policy), lem_grade_policy_name(j->other.profile.policy),
                (unsigned long long)lem_audit_total(j->audit, LEM_AUDIT_DISAGREE));
    }
    for (int v = 0; v < LEM_ANSWER_N_VERDICTS; v++) {
        if (!j->tally.verdict[v]) continue;
        fprintf(f, "%s%s %llu", v ? " " : "", lem_answer_verdict_name((lem_answer_verdict)v),
                (unsigned long long)j->tally.verdict[v]);
        if (j->tally.cut[v]) fprintf(f, " (%llu cut)", (unsigned long long)j->tally.cut[v]);
    }
    fputc('\n', f);
}

/* The last lines. */
static lem_status print_spoiled(const job *j, FILE *f, lem_err *err) {
    lem_buf b = {0};
    if (j->marks) {
        lem_marks_tell(&j->marked, lem_grade_policy_name(j->how.profile.policy), against_name(j), &b);
        lem_buf_putc(&b, '\n');
    }
    lem_spoil_lines(&j->spoil, "", &b);
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) fputs(lem_buf_str(&b), f);
    lem_buf_release(&b);
    return st;
}

static lem_status report(job *j, lem_err *err) {
    FILE *f = j->rows_on_stdout ? stderr : j->cli->out;
    if (!j->cli->json) {
        print_table(j, f);
        return print_spoiled(j, f, err);
    }
    return lem_print_json(f, summary(j), 2, err);
}

static lem_status add_path(job *j, const char *name, const char *path, lem_err *err) {
    lem_buf b = {0};
    lem_buf_printf(&b, "%s=%s", name, path);
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) st = lem_candidates_map_set(j->wanted, lem_buf_str(&b), err);
    lem_buf_release(&b);
    return st;
}

static lem_status check_options(const job *j, const lem_args *args, lem_err *err) {
    const char *gold = lem_args_str(args, "gold-field"), *pred = lem_args_str(args, "pred-field");
    size_t n = j->audit_path ? strlen(j->audit_path) : 0;
    if (!gold != !pred) return lem_fail(err, LEM_EUSAGE, "--gold-field and --pred-field belong together");
    if (lem_args_flag(args, "responses") && !pred)
        return lem_fail(err, LEM_EUSAGE, "--responses needs --gold-field and --pred-field");
    if (j->audit_path && (n < 6 || strcmp(j->audit_path + n - 5, ".html") != 0))
        return lem_fail(err, LEM_EUSAGE, "--audit '%s' must end in .html", j->audit_path);
    return LEM_OK;
}

static lem_status map_fields(job *j, const lem_args *args, lem_err *err) {
    const char *gold = lem_args_str(args, "gold-field"), *pred = lem_args_str(args, "pred-field");
    const char *check = lem_args_str(args, "check");
    const char *what = lem_args_flag(args, "responses") ? "completions" : "predicted_answer";
    lem_status st = LEM_OK;
    LEM_TRY(lem_candidate_options_map(args, &j->wanted, err));
    if (gold) LEM_TRY(add_path(j, "expected_answer", gold, err));
    if (pred) LEM_TRY(add_path(j, what, pred, err));
    if (check) LEM_TRY(add_path(j, "correct", check, err));
done:
    return st;
}

/* Programs are executed only where the command line says so. */
static bool is_code(const job *j) {
    bool named = j->bench.given && j->bench.spec.kind == LEM_BENCH_CODE && !lem_args_has(j->args, "task");
    return named || lem_args_is(j->args, "task", "code");
}

static lem_status configure(job *j, const lem_args *args, lem_err *err) {
    lem_status st = LEM_OK;
    j->audit_path = lem_args_str(args, "audit");
    LEM_TRY(check_options(j, args, err));
    LEM_TRY(lem_grade_profile_of(args, &j->how.profile, err));
    LEM_TRY(lem_grade_options_of(args, &j->how.profile, &j->tags, err));
    j->other = j->how;
    LEM_TRY(lem_grade_against_of(args, &j->other.profile, &j->against, err));
    j->how.pair = lem_args_has(args, "pred-field");
    j->how.cluster = lem_args_flag(args, "cluster");
    j->tol_field = lem_args_str(args, "tol-field");
    LEM_TRY(lem_grade_benchmark_open(&j->bench, args, err));
    LEM_TRY(apply_benchmark(j, err));
    if ((j->audit_path || j->against) && !(j->audit = lem_audit_new(err))) return LEM_EMEM;
    if (lem_args_has(args, "marks")) LEM_TRY(lem_marks_load(lem_args_str(args, "marks"), &j->marks, err));
    LEM_TRY(map_fields(j, args, err));
    LEM_TRY(lem_bad_rows_begin(args, &j->bad, err));
    LEM_TRY(lem_grade_sandbox_of(args, is_code(j), &j->sandbox, err));
done:
    return st;
}

static lem_status save_audit(const job *j, const lem_job *file, lem_err *err) {
    lem_grade_page p = {j->audit,        &j->tally,
                        j->path,         lem_grade_policy_name(j->how.profile.policy),
                        against_name(j), j->other_tally.all.right,
                        j->marks,        j->marks ? &j->marked : NULL};
    return lem_grade_page_save(&p, j->audit_path, lem_job_may_replace(file), err);
}

/* What the manifest tells beside the options: by whose rules these rows were graded. */
static lem_status choose_profile(const job *j, lem_job *file, lem_err *err) {
    lem_status st = lem_job_choose(file, "policy", lem_grade_policy_name(j->how.profile.policy), err);
    if (st == LEM_OK) st = lem_job_choose(file, "task", lem_grade_task_name(j->how.profile.task), err);
    if (st == LEM_OK && j->bench.spec.name) st = lem_job_choose(file, "benchmark", j->bench.spec.name, err);
    return st;
}

static lem_status grade_file(job *j, lem_job *file, lem_err *err) {
    const lem_cancel *cancel = j->cli->cancel;
    lem_candidate_set_opts o = {.filter = lem_args_str(j->args, "filter"),
                                .cancel = cancel,
                                .pool = j->pool,
                                .ids_later = j->ids_later};
    double start = lem_clock_seconds();
    lem_status st = LEM_OK;
    LEM_TRY(lem_bad_rows_reader(&j->bad, LEM_BAD_GRADED, j->path, j->wanted, cancel, &o.judge, err));
    LEM_TRY(lem_candidate_set_open(j->args->words, (size_t)j->args->n_words, j->wanted, &o, &j->set, err));
    j->map = lem_candidate_set_map(j->set);
    lem_candidates_map_model(j->map, 0, &j->n_models);
    LEM_TRY(lem_job_start(file, NULL, err));
    if (j->sandbox) LEM_TRY(lem_job_choose(file, "python", lem_sandbox_python(j->sandbox), err));
    const char *out = j->rows_to_file ? lem_job_out(file) : NULL;
    if (j->rows_on_stdout) out = "-";
    if (out) LEM_TRY(lem_out_open(out, true, &j->out, err));
    LEM_TRY(grade_rows(j, err));
    LEM_TRY(choose_profile(j, file, err));
    LEM_TRY(lem_bad_rows_end(&j->bad, j->cli, file, j->tally.rows, err));
    if (j->read == 0) LEM_TRY(lem_fail(err, LEM_EDATA, "%s: no rows", j->path));
    lem_job_saw(file, j->read);
    if (j->out) LEM_TRY(lem_out_commit(j->out, err));
    if (j->audit_path && !j->cli->dry_run) LEM_TRY(save_audit(j, file, err));
    LEM_TRY(lem_job_finish(file, err));
    j->seconds = lem_clock_seconds() - start;
    st = report(j, err);
done:
    return st;
}

static lem_status new_parts(job *j, const lem_args *args, lem_err *err) {
    j->items = lem_alloc_zero(BATCH, sizeof *j->items, err);
    j->before = lem_alloc_zero(BATCH, sizeof *j->before, err);
    j->ids_later = !lem_args_has(args, "shard"); /* which drops rows before they are graded */
    j->disagreements = lem_json_new_array();
    j->pool = lem_pool_new(j->cli->threads, err);
    if (!j->items || !j->before || !j->pool) return LEM_EMEM;
    if (!j->disagreements) return lem_fail(err, LEM_EMEM, "out of memory");
    return configure(j, args, err);
}

static void release_items(item *items) {
    for (int i = 0; items && i < BATCH; i++) {
        release_item(&items[i]);
        lem_candidates_release(&items[i].c);
        lem_buf_release(&items[i].written);
    }
    lem_free(items);
}

static void release(job *j) {
    release_items(j->items);
    release_items(j->before);
    lem_audit_free(j->audit);
    lem_marks_free(j->marks);
    lem_sandbox_close(j->sandbox);
    lem_json_free(j->disagreements);
    lem_bad_rows_release(&j->bad);
    lem_out_close(j->out);
    lem_pool_free(j->pool);
    lem_candidate_set_close(j->set);
    lem_candidates_map_free(j->wanted);
    lem_grade_benchmark_release(&j->bench);
    lem_grade_tags_release(&j->tags);
}

static lem_status check_words(const lem_args *args, bool explain, lem_err *err) {
    if (explain && lem_args_has(args, "benchmark"))
        return lem_fail(err, LEM_EUSAGE, "--explain takes --policy and --task, not --benchmark");
    if (!explain || args->n_words == 2) return LEM_OK;
    return lem_fail(err, LEM_EUSAGE, "--explain takes two words, GOLD and PREDICTION; found %d",
                    args->n_words);
}

/* What is read beside the words: files of maps, and the YAML of a benchmark. */
static lem_status find_inputs(const lem_args *args, lem_job_input inputs[LEM_CANDIDATE_MAX_FILES + 1], int *n,
                              lem_err *err) {
    const char *bench = lem_args_str(args, "benchmark");
    lem_status st = lem_candidate_options_inputs(args, inputs, n, err);
    if (st == LEM_OK && bench && lem_bench_is_file(bench) && lem_file_exists(bench))
        inputs[(*n)++] = (lem_job_input){"benchmark file", bench};
    return st;
}

static lem_status grade(lem_cli *cli, const lem_args *args, lem_err *err) {
    const char *audit = lem_args_str(args, "audit");
    bool to_stdout = lem_args_is(args, "out", "-"), to_file = lem_args_has(args, "out") && !to_stdout;
    lem_job_input inputs[LEM_CANDIDATE_MAX_FILES + 1];
    /* without rows in a file the page is what the job makes */
    lem_job_spec spec = {.cheap = true,
                         .out = to_file ? NULL : audit,
                         .companions = &audit,
                         .n_companions = to_file && audit,
                         .inputs = inputs};
    job j = {.cli = cli,
             .args = args,
             .path = args->words[0],
             .rows_to_file = to_file,
             .rows_on_stdout = to_stdout && !cli->dry_run};
    lem_status st = find_inputs(args, inputs, &spec.n_inputs, err);
    if (st == LEM_OK) st = lem_job_open(cli, &lem_cmd_grade, args, &spec, &j.file, err);
    if (st) return st;
    if (!lem_job_done(j.file)) {
        st = new_parts(&j, args, err);
        if (st == LEM_OK) st = grade_file(&j, j.file, err);
    }
    release(&j);
    lem_job_close(j.file);
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    bool explain = lem_args_flag(args, "explain");
    lem_status st = check_words(args, explain, err);
    if (st == LEM_OK && lem_args_has(args, "audit") && lem_args_has(args, "shard"))
        st = lem_fail(err, LEM_EUSAGE,
                      "--audit is one page for all rows: grade the merged file with it, not a shard");
    if (st) return st;
    return explain ? lem_grade_explain_pair(cli, args, err) : grade(cli, args, err);
}

const lem_command lem_cmd_grade = {
    .name = "grade",
    .purpose = "verdict and reason for each candidate",
    .usage = "FILE... [--out GRADED] [options]  |  --explain GOLD PREDICTION",
    .example = "lemma grade candidates.jsonl --out graded.jsonl\n"
               "lemma grade pairs.jsonl --gold-field gold --pred-field pred --out graded.jsonl\n"
               "lemma grade candidates.jsonl --policy std --against qwen --audit audit.html\n"
               "lemma grade candidates.jsonl --policy std --against qwen --marks marks.jsonl\n"
               "lemma grade olympiad.jsonl --benchmark olympiadbench --out graded.jsonl\n"
               "lemma grade humaneval.jsonl --task code --out graded.jsonl\n"
               "lemma grade --explain '\\frac{1}{2}' 0.5",
    .min_words = 1,
    .max_words = -1,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .output = LEM_OUTPUT_FILE,
    .words = LEM_WORDS_INPUT,
};
