/* cmd_synth_answer.c - lemma synth answer: responses to problems, written by a teacher */
#include "cli/commands.h"
#include "cli/synth_run.h"

#include "core/jsonl.h"
#include "prompt/prompt.h"

#include <string.h>

#define INSTRUCTION "Please reason step by step, and put your final answer within \\boxed{}."

static const lem_opt opts[] = {
    {"n", LEM_OPT_INT, "N", "1", "responses per problem, in one request", 1, 128},
    {"as", LEM_OPT_ENUM, "KIND", "sft",
     "sft: a row with messages for each response; candidates: a row for each problem, as of 'lemma sample'",
     .choices = "sft|candidates"},
    {"suffix", LEM_OPT_STR, "TEXT", INSTRUCTION, "line added to each problem; '' for none"},
    {"temperature", LEM_OPT_NUM, "X", "0", "0 is greedy", 0, 1000},
    {"max-tokens", LEM_OPT_INT, "N", "4096", "tokens of a response", 1, 1e9},
};

typedef struct answer {
    lem_synth s;
    int n;
    bool candidates;
    uint64_t cut;
} answer;

static lem_status prompt(void *ctx, size_t item, lem_buf *out, lem_err *err) {
    const answer *a = ctx;
    lem_buf b = {0};
    const char *text = NULL;
    lem_status st = lem_prompt_problem_text(a->s.rows.at[item].problem, lem_args_str(a->s.args, "suffix"), &b,
                                            &text, err);
    if (st == LEM_OK) lem_buf_puts(out, text);
    lem_buf_release(&b);
    return st == LEM_OK ? lem_buf_ok(out, err) : st;
}

/* ---- rows ---- */

static lem_json *message(const char *role, const lem_json *content) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "role", role);
    lem_object_json(&o, "content", lem_json_copy(content));
    return lem_object_done(&o);
}

static lem_json *messages(const lem_problem *p, const lem_json *text) {
    lem_json *list = lem_json_new_array(), *problem = lem_json_new_str(p->problem);
    bool ok = list && problem && lem_json_append(list, message("user", problem)) &&
              lem_json_append(list, message("assistant", text));
    lem_json_free(problem);
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static void add_id(const answer *a, const lem_problem *p, int k, lem_object *o) {
    lem_buf id = {0};
    if (a->n == 1) {
        lem_object_json(o, "id", lem_json_copy(p->id));
        return;
    }
    if (lem_json_kind(p->id) == LEM_JSON_STRING) lem_buf_puts(&id, lem_json_str(p->id, ""));
    else lem_json_write(p->id, 0, &id);
    lem_buf_printf(&id, "/%d", k);
    lem_object_str(o, "id", lem_buf_str(&id));
    lem_buf_release(&id);
}

static lem_json *sft_row(const answer *a, const lem_problem *p, const lem_json *reply, int k) {
    lem_object o = lem_object_new();
    add_id(a, p, k, &o);
    lem_object_json(&o, "messages", messages(p, lem_json_at(lem_json_get(reply, "texts"), (size_t)k)));
    if (p->expected) lem_object_str(&o, "expected_answer", p->expected);
    lem_object_json(&o, "finish_reason",
                    lem_json_copy(lem_json_at(lem_json_get(reply, "finish"), (size_t)k)));
    lem_object_str(&o, "teacher", lem_synth_teacher(&a->s, reply));
    lem_synth_copy_fields(p, &o);
    return lem_object_done(&o);
}

static lem_json *candidate_row(const answer *a, const lem_problem *p, const lem_json *reply) {
    lem_json *row = lem_json_copy(p->input);
    bool ok = row && lem_json_set(row, "id", lem_json_copy(p->id)) &&
              lem_json_set(row, "problem", lem_json_new_str(p->problem)) &&
              (!p->expected || lem_json_set(row, "expected_answer", lem_json_new_str(p->expected))) &&
              lem_json_set(row, "completions", lem_json_copy(lem_json_get(reply, "texts"))) &&
              lem_json_set(row, "finish_reason", lem_json_copy(lem_json_get(reply, "finish"))) &&
              lem_json_set(row, "teacher", lem_json_new_str(lem_synth_teacher(&a->s, reply)));
    if (ok) return row;
    lem_json_free(row);
    return NULL;
}

static lem_status write_row(void *ctx, size_t item, const lem_json *reply, lem_out *out, lem_err *err) {
    answer *a = ctx;
    const lem_problem *p = &a->s.rows.at[item];
    const lem_json *finish = lem_json_get(reply, "finish");
    lem_status st = LEM_OK;
    for (int k = 0; k < a->n; k++)
        a->cut += strcmp(lem_json_str(lem_json_at(finish, (size_t)k), ""), "length") == 0;
    for (int k = 0; st == LEM_OK && k < (a->candidates ? 1 : a->n); k++) {
        lem_json *row = a->candidates ? candidate_row(a, p, reply) : sft_row(a, p, reply, k);
        st = row ? lem_rows_write(out, row, err) : lem_fail(err, LEM_EMEM, "out of memory for a row");
        lem_json_free(row);
        a->s.written++;
    }
    return st;
}

static lem_status tell(answer *a, lem_err *err) {
    lem_object o = lem_object_new();
    lem_object_int(&o, "cut", a->cut);
    if (a->cut)
        lem_warn(a->s.cli->log, "%llu responses were cut at --max-tokens (finish_reason \"length\")",
                 (unsigned long long)a->cut);
    return lem_synth_tell(&a->s, lem_object_done(&o), err);
}

static lem_status check(answer *a, lem_err *err) {
    a->n = (int)lem_args_int(a->s.args, "n");
    a->candidates = lem_args_is(a->s.args, "as", "candidates");
    if (a->n > 1 && a->s.o.chat.temperature <= 0)
        return lem_fail(err, LEM_EUSAGE, "--n %d with --temperature 0 asks for the same response %d times",
                        a->n, a->n);
    if (a->n > 1 && a->s.o.chat.stream)
        return lem_fail(err, LEM_EUSAGE, "--n and --stream exclude each other");
    return LEM_OK;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    answer a = {0};
    bool done = false;
    lem_status st = lem_synth_open(&a.s, cli, &lem_cmd_synth_answer, args, &done, err);
    if (st == LEM_OK && !done) st = check(&a, err);
    if (st == LEM_OK && !done) st = lem_synth_ask(&a.s, 1, a.n, prompt, &a, err);
    if (st == LEM_OK && !done && !cli->dry_run) {
        st = lem_synth_write(&a.s, write_row, &a, err);
        if (st == LEM_OK) st = tell(&a, err);
    }
    lem_synth_close(&a.s);
    return st;
}

const lem_command lem_cmd_synth_answer = {
    .name = "synth answer",
    .purpose = "responses to problems, written by a teacher",
    .usage = "FILE (--endpoint URL --teacher NAME | --model DIR) --out FILE [options]",
    .example = "lemma synth answer evolved.jsonl --endpoint http://127.0.0.1:8000/v1 --teacher "
               "Qwen2.5-Math-72B-Instruct "
               "--concurrency 64 --out answered.jsonl",
    .min_words = 1,
    .max_words = 1,
    .words = LEM_WORDS_INPUT,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .shared = lem_synth_options,
    .n_shared = LEM_N_SYNTH_OPTIONS,
    .run = run,
    .output = LEM_OUTPUT_FILE,
    .out_required = true,
    .required = "endpoint,model",
};
