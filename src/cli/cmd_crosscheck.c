/* cmd_crosscheck.c - lemma crosscheck: samples that teachers' answers, or a judge, confirm */
#include "cli/commands.h"
#include "cli/data_run.h"
#include "cli/grade_parts.h"
#include "cli/runtime.h"

#include "core/mem.h"
#include "curate/crosscheck.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH = 128 };

static const lem_opt opts[] = {
    {"responses", LEM_OPT_INPUTS, "FILE", NULL,
     "samples to keep or leave out: training rows of any kind, or rows of one candidate; files, folders, "
     "patterns"},
    {"answers", LEM_OPT_INPUTS, "FILE", NULL,
     "answers of teachers, each file (or folder) one teacher: training rows of any kind, or rows of "
     "candidates"},
    {"agree", LEM_OPT_STR, "all|majority|N", "all",
     "how many of the teachers' answers must agree with each other and with the response"},
    {"least", LEM_OPT_INT, "N", "2", "a sample with fewer teacher answers is left out", 1,
     LEM_CROSS_MAX_TEACHER_ANSWERS},
    {"by", LEM_OPT_ENUM, "WHAT", "prompt",
     "what joins the files: the text of the prompt (white space apart), or the field --id-field",
     .choices = "prompt|id"},
    {"id-field", LEM_OPT_STR, "PATH", "id", "the field of the id, with --by id"},
    {"answers-format", LEM_OPT_STR, "KIND", NULL,
     "kind of the rows of --answers and --judge [told from the columns]"},
    {"answers-map", LEM_OPT_LIST, "OURS=THEIRS", NULL, "where prompt and response stand in them"},
    {"answer-field", LEM_OPT_STR, "PATH", NULL,
     "a field of --answers with the bare answer, or a list of them [taken from the responses]"},
    {"judge", LEM_OPT_INPUT, "FILE", NULL,
     "verdicts on the responses, as another model gave them: only those that it calls right are kept"},
    {"judge-field", LEM_OPT_STR, "PATH", "verdict",
     "the field of the verdict: true or false, yes or no, a number (right from 0.5), or null"},
    {"policy", LEM_OPT_ENUM, "NAME", "std", "by whose rules answers are compared",
     .choices = LEM_GRADE_POLICY_NAMES},
    {"task", LEM_OPT_ENUM, "NAME", "std", "where the answer stands in a response (see lemma grade)",
     .choices = LEM_GRADE_TASK_NAMES},
    {"rel-tol", LEM_OPT_NUM, "X", "0", "numbers within this share of each other agree too", 0, 1},
    {"abs-tol", LEM_OPT_NUM, "X", "0", "numbers within this distance of each other agree too", 0, 1e300},
};

typedef struct item {
    lem_json *row;
    lem_cross_sample s;
    lem_data_place place;
    lem_status st;
    lem_err err;
} item;

typedef struct work {
    lem_data_run run;
    lem_crosscheck *c;
    lem_pool *pool;
    item *items; /* [BATCH] */
} work;

static lem_status rule_of(const lem_args *args, lem_cross_rule *out, lem_err *err) {
    const char *agree = lem_args_str(args, "agree");
    char *end = NULL;
    *out = (lem_cross_rule){.least = (int)lem_args_int(args, "least")};
    out->all = strcmp(agree, "all") == 0;
    out->majority = strcmp(agree, "majority") == 0;
    if (out->all || out->majority) return LEM_OK;
    long n = strtol(agree, &end, 10);
    if (end == agree || *end || n < 1 || n > LEM_CROSS_MAX_TEACHER_ANSWERS)
        return lem_fail(err, LEM_EUSAGE, "--agree: all, majority or a number of 1..%d expected, found '%s'",
                        LEM_CROSS_MAX_TEACHER_ANSWERS, agree);
    out->need = (int)n;
    return LEM_OK;
}

/* A file that is its own teacher confirms everything. */
static lem_status check_teachers(const lem_json *responses, const lem_json *answers, lem_err *err) {
    for (size_t i = 0; i < lem_json_count(responses); i++)
        for (size_t k = 0; k < lem_json_count(answers); k++)
            if (lem_json_equal(lem_json_at(responses, i), lem_json_at(answers, k)))
                return lem_fail(err, LEM_EUSAGE, "%s is given as --responses and as --answers",
                                lem_json_str(lem_json_at(answers, k), ""));
    return LEM_OK;
}

static lem_status configure(work *w, lem_err *err) {
    const lem_args *args = w->run.args;
    const lem_json *answers = lem_args_tree(args, "answers");
    lem_cross_opts o = {.by_id = lem_args_is(args, "by", "id"),
                        .id_field = lem_args_str(args, "id-field"),
                        .format = lem_args_str(args, "answers-format"),
                        .map = lem_args_tree(args, "answers-map"),
                        .answer_field = lem_args_str(args, "answer-field"),
                        .judge_field = lem_args_str(args, "judge-field"),
                        .cancel = w->run.cli->cancel,
                        .log = w->run.cli->log};
    lem_status st = LEM_OK;
    LEM_TRY(lem_data_run_judge(&w->run, &o.judge, err));
    LEM_TRY(rule_of(args, &o.rule, err));
    LEM_TRY(lem_grade_profile_of(args, &o.profile, err));
    LEM_TRY(check_teachers(lem_args_tree(args, "responses"), answers, err));
    LEM_TRY(lem_crosscheck_new(&o, &w->c, err));
    for (size_t i = 0; i < lem_json_count(answers); i++)
        LEM_TRY(lem_crosscheck_add_teacher(w->c, lem_json_str(lem_json_at(answers, i), ""), err));
    if (lem_args_has(args, "judge"))
        LEM_TRY(lem_crosscheck_add_judge(w->c, lem_args_str(args, "judge"), err));
    w->pool = lem_pool_new(w->run.cli->threads, err);
    w->items = lem_alloc_zero(BATCH, sizeof *w->items, err);
    if (!w->pool || !w->items) st = LEM_EMEM;
done:
    return st;
}

/* ---- samples ---- */

static void compare_item(void *ctx, int task, int worker) {
    work *w = ctx;
    item *it = &w->items[task];
    (void)worker;
    it->st = lem_crosscheck_compare(w->c, &it->s, &it->err);
}

static lem_status finish_item(work *w, item *it, lem_err *err) {
    lem_status st = it->st;
    if (st != LEM_OK) return lem_fail(err, st, "%s", it->err.text);
    lem_crosscheck_count(w->c, &it->s);
    if (it->s.why == LEM_CROSS_KEPT) return lem_data_run_keep(&w->run, it->row, err);
    lem_json *answers = lem_crosscheck_answers(w->c, &it->s);
    if (!answers) return lem_fail(err, LEM_EMEM, "out of memory");
    st = lem_data_run_drop(&w->run, it->row, &it->place, lem_cross_why_text(it->s.why), answers, err);
    lem_json_free(answers);
    return st;
}

/* Reads up to BATCH rows; *n of them. */
static lem_status read_batch(work *w, int *n, lem_err *err) {
    lem_status st = LEM_OK;
    for (*n = 0; *n < BATCH;) {
        item *it = &w->items[*n];
        it->err = (lem_err)LEM_ERR_INIT;
        st = lem_data_run_next(&w->run, &it->row, err);
        if (st != LEM_OK || !it->row) break;
        it->place = lem_data_run_place(&w->run);
        st = lem_crosscheck_look(w->c, w->run.in, it->row, &it->s, err);
        if (st == LEM_OK) {
            ++*n;
            continue;
        }
        lem_json_free(it->row);
        it->row = NULL;
        st = lem_data_run_pass(&w->run, st, err);
        if (st != LEM_OK) break;
    }
    return st;
}

static lem_status check_all(work *w, lem_err *err) {
    lem_status st = LEM_OK;
    int n = BATCH;
    while (st == LEM_OK && n == BATCH) {
        st = read_batch(w, &n, err);
        if (st == LEM_OK) lem_pool_run(w->pool, n, compare_item, w);
        for (int i = 0; i < n; i++) {
            item *it = &w->items[i];
            if (st == LEM_OK) st = finish_item(w, it, err);
            lem_json_free(it->row);
            it->row = NULL;
        }
    }
    return st;
}

static lem_status tell(work *w, lem_err *err) {
    lem_cli *cli = w->run.cli;
    lem_buf text = {0};
    lem_crosscheck_tell_unmatched(w->c);
    if (cli->json) {
        lem_json *facts = lem_crosscheck_json(w->c);
        return facts ? lem_data_run_tell(&w->run, facts, err) : lem_fail(err, LEM_EMEM, "out of memory");
    }
    lem_crosscheck_text(w->c, &text);
    lem_status st = lem_buf_ok(&text, err);
    bool rows_on_stdout = lem_args_is(w->run.args, "out", "-") && !cli->dry_run;
    if (st == LEM_OK) fputs(lem_buf_str(&text), rows_on_stdout ? stderr : cli->out);
    lem_buf_release(&text);
    return st == LEM_OK ? lem_data_run_tell(&w->run, NULL, err) : st;
}

static lem_status crosscheck(work *w, lem_err *err) {
    lem_status st = LEM_OK;
    w->run.option = "responses";
    LEM_TRY(configure(w, err));
    LEM_TRY(lem_data_run_read(&w->run, err));
    LEM_TRY(lem_data_run_write(&w->run, err));
    LEM_TRY(check_all(w, err));
    LEM_TRY(lem_data_run_finish(&w->run, err));
    st = tell(w, err);
done:
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    work w = {.c = NULL};
    bool done = false;
    lem_status st = lem_data_run_open(&w.run, cli, &lem_cmd_crosscheck, args, NULL, &done, err);
    if (st == LEM_OK && !done) st = crosscheck(&w, err);
    for (int i = 0; w.items && i < BATCH; i++) {
        lem_json_free(w.items[i].row);
        lem_cross_sample_release(&w.items[i].s);
    }
    lem_free(w.items);
    lem_pool_free(w.pool);
    lem_crosscheck_free(w.c);
    lem_data_run_close(&w.run);
    return st;
}

const lem_command lem_cmd_crosscheck = {
    .name = "crosscheck",
    .purpose = "keep samples that the answers of teachers, or a judge, confirm",
    .usage = "--responses FILE --answers FILE... --out KEPT [--dropped FILE] [options]",
    .example =
        "lemma crosscheck --responses qwen.jsonl --answers gpt.jsonl --out kept.jsonl --dropped left.jsonl\n"
        "lemma crosscheck --responses sft.jsonl --answers a.jsonl --answers b.jsonl --agree majority --out "
        "kept.jsonl",
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .shared = lem_data_options,
    .n_shared = LEM_N_DATA_OPTIONS,
    .run = run,
    .output = LEM_OUTPUT_FILE,
    .out_required = true,
    .required = "responses|answers,judge",
};
