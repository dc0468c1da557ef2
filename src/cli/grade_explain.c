/* grade_explain.c - lemma grade --explain: one pair with its reasons, and the profile that the options ask
 * for */
#include "cli/grade_parts.h"

#include <string.h>

static bool is_code(const lem_args *args) { return lem_args_is(args, "task", "code"); }

lem_status lem_grade_profile_of(const lem_args *args, lem_grade_profile *out, lem_err *err) {
    *out = (lem_grade_profile){.rel_tol = lem_args_num(args, "rel-tol"),
                               .abs_tol = lem_args_num(args, "abs-tol")};
    const char *task = lem_args_str(args, "task"), *policy = lem_args_str(args, "policy");
    const bool code = is_code(args); /* answers are not looked at: the profile stays the default */
    if ((!task || code || lem_grade_task_find(task, &out->task)) &&
        (!policy || lem_grade_policy_find(policy, &out->policy)))
        return LEM_OK;
    return lem_fail(err, LEM_EUSAGE, "--task or --policy is unknown");
}

lem_status lem_grade_against_of(const lem_args *args, lem_grade_profile *out, bool *any, lem_err *err) {
    const char *name = lem_args_str(args, "against");
    *any = name != NULL;
    if (!name || lem_grade_policy_find(name, &out->policy)) return LEM_OK;
    return lem_fail(err, LEM_EUSAGE, "--against '%s' is unknown", name);
}

lem_status lem_grade_sandbox_of(const lem_args *args, bool code, lem_sandbox **out, lem_err *err) {
    static const char *const of_answers[] = {"gold-field", "pred-field", "tol-field", "against", "audit"};
    const bool marked = lem_args_flag(args, "responses") || lem_args_flag(args, "cluster");
    const bool ruled = (lem_args_has(args, "policy") && !lem_args_is(args, "policy", "std")) ||
                       lem_args_num(args, "rel-tol") > 0 || lem_args_num(args, "abs-tol") > 0;
    const lem_sandbox_limits l = {.cpu_seconds = (double)lem_args_int(args, "code-seconds")};
    *out = NULL;
    if (!code) return LEM_OK;
    for (size_t i = 0; i < sizeof of_answers / sizeof of_answers[0]; i++)
        if (lem_args_has(args, of_answers[i]))
            return lem_fail(err, LEM_EUSAGE, "--%s is for answers; --task code runs programs", of_answers[i]);
    if (marked || ruled)
        return lem_fail(err, LEM_EUSAGE,
                        "--task code runs programs: --responses, --cluster, --policy and the "
                        "tolerances are for answers");
    return lem_sandbox_open(&l, out, err);
}

typedef struct pair {
    const char *gold, *prediction;
    lem_grade_profile profile;
    lem_answer_result result;
    lem_grade_span span;
    lem_buf answer, gold_key, key;
} pair;

static lem_status describe(pair *p, lem_err *err) {
    lem_status st = lem_grade_extract_answer(&p->profile, p->prediction, strlen(p->prediction), &p->answer,
                                             &p->span, err);
    if (st == LEM_OK) st = lem_grade_key(p->gold, strlen(p->gold), &p->gold_key, err);
    return st == LEM_OK ? lem_grade_key(lem_buf_str(&p->answer), p->answer.len, &p->key, err) : st;
}

static lem_status write_json(const pair *p, lem_buf *out, lem_err *err) {
    lem_grade_correct c = lem_grade_correct_of(p->result.verdict);
    bool found = p->span.method != LEM_GRADE_BY_NONE, ok = true;
    struct {
        const char *key;
        lem_json *value;
    } members[] = {
        {"gold", lem_json_new_str(p->gold)},
        {"prediction", lem_json_new_str(p->prediction)},
        {"policy", lem_json_new_str(lem_grade_policy_name(p->profile.policy))},
        {"task", lem_json_new_str(lem_grade_task_name(p->profile.task))},
        {"predicted_answer",
         found ? lem_json_new_strn(lem_buf_str(&p->answer), p->answer.len) : lem_json_new_null()},
        {"method", lem_json_new_str(lem_grade_method_name(p->span.method))},
        {"span_offset", lem_json_new_int((int64_t)p->span.offset)},
        {"span_length", lem_json_new_int((int64_t)p->span.len)},
        {"weak", lem_json_new_bool(p->span.weak)},
        {"verdict", lem_json_new_str(lem_answer_verdict_name(p->result.verdict))},
        {"correct", c == LEM_GRADE_UNDECIDED ? lem_json_new_null() : lem_json_new_bool(c == LEM_GRADE_RIGHT)},
        {"rule", lem_json_new_str(p->result.rule)},
        {"gold_form", lem_json_new_str(lem_buf_str(&p->gold_key))},
        {"prediction_form", lem_json_new_str(lem_buf_str(&p->key))},
    };
    lem_json *o = lem_json_new_object();
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        ok = lem_json_set(o, members[i].key, members[i].value) && ok;
    if (ok) {
        lem_buf_clear(out);
        lem_json_write(o, 2, out);
        lem_buf_putc(out, '\n');
    }
    lem_json_free(o);
    return ok ? lem_buf_ok(out, err) : lem_fail(err, LEM_EMEM, "out of memory");
}

lem_status lem_grade_explain_pair(lem_cli *cli, const lem_args *args, lem_err *err) {
    pair p = {.gold = args->words[0], .prediction = args->words[1]};
    lem_buf text = {0};
    lem_status st = LEM_OK;
    if (is_code(args)) LEM_TRY(lem_fail(err, LEM_EUSAGE, "--explain is for answers, not for --task code"));
    LEM_TRY(lem_grade_profile_of(args, &p.profile, err));
    /* a prediction that marks its answer is a response; one that does not is the answer itself */
    lem_grade_profile marked = p.profile;
    marked.task = LEM_GRADE_TASK_GSM8K;
    if (p.profile.task == LEM_GRADE_TASK_STD &&
        !lem_grade_extract(&marked, p.prediction, strlen(p.prediction), &p.span))
        p.profile.task = LEM_GRADE_TASK_PLAIN;
    LEM_TRY(lem_grade_explain(p.gold, strlen(p.gold), p.prediction, strlen(p.prediction), &p.profile, &text,
                              &p.result, err));
    if (cli->json) {
        LEM_TRY(describe(&p, err));
        LEM_TRY(write_json(&p, &text, err));
    }
    fputs(lem_buf_str(&text), cli->out);
    lem_grade_correct c = lem_grade_correct_of(p.result.verdict);
    if (c != LEM_GRADE_RIGHT) st = c == LEM_GRADE_WRONG ? LEM_NO : LEM_EDATA;
done:
    lem_buf_release(&text);
    lem_buf_release(&p.answer);
    lem_buf_release(&p.gold_key);
    lem_buf_release(&p.key);
    return st;
}
