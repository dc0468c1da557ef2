/* grade_explain.c - lemma grade --explain: one pair with its reasons, and the profile that the options ask
 * for */
#include "cli/grade_parts.h"

#include "core/mem.h"
#include "core/object.h"

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

static lem_status no_such_rule(const char *text, lem_err *err) {
    lem_buf names = {0};
    lem_grade_rule r;
    for (int i = 0; lem_grade_rule_at(&(lem_grade_profile){.policy = LEM_GRADE_STD}, i, &r); i++)
        lem_buf_printf(&names, "%s%s", i ? ", " : "", r.name);
    lem_status st = lem_fail(err, LEM_EUSAGE, "--rule '%.60s': NAME=on or NAME=off expected, NAME one of %s",
                             text, lem_buf_str(&names));
    lem_buf_release(&names);
    return st;
}

static lem_status set_rule(const char *text, lem_grade_profile *p, lem_err *err) {
    const char *equals = strchr(text, '=');
    bool on = equals && strcmp(equals, "=on") == 0, off = equals && strcmp(equals, "=off") == 0;
    char name[64];
    if ((!on && !off) || (size_t)(equals - text) >= sizeof name) return no_such_rule(text, err);
    memcpy(name, text, (size_t)(equals - text));
    name[equals - text] = '\0';
    return lem_grade_rule_set(p, name, on) ? LEM_OK : no_such_rule(text, err);
}

static lem_status set_tags(const char *text, int i, grade_tags *t, lem_err *err) {
    char *s = t->text[i] = lem_strdup(text, err);
    if (!s) return LEM_EMEM;
    char *blank = strchr(s, ' ');
    if (!blank || blank == s || !blank[1] || strchr(blank + 1, ' '))
        return lem_fail(
            err, LEM_EUSAGE,
            "--think-tags '%.60s': two tags with a blank between them expected, such as '<r> </r>'", text);
    *blank = '\0';
    t->tag[i] = (lem_grade_tags){s, blank + 1};
    return LEM_OK;
}

lem_status lem_grade_rules_check(const lem_grade_profile *p, lem_err *err) {
    if (!(p->rules_on | p->rules_off) || p->policy <= LEM_GRADE_LENIENT) return LEM_OK;
    return lem_fail(err, LEM_EUSAGE,
                    "--rule is for the policies strict, std and lenient; %s has rules of its own",
                    lem_grade_policy_name(p->policy));
}

lem_status lem_grade_options_of(const lem_args *args, lem_grade_profile *p, grade_tags *tags, lem_err *err) {
    const lem_json *rules = lem_args_tree(args, "rule"), *pairs = lem_args_tree(args, "think-tags");
    const size_t n = lem_json_count(pairs);
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(rules); i++)
        st = set_rule(lem_json_str(lem_json_at(rules, i), ""), p, err);
    if (n > LEM_GRADE_MAX_TAGS)
        return lem_fail(err, LEM_EUSAGE, "--think-tags: at most %d pairs, found %zu", LEM_GRADE_MAX_TAGS, n);
    for (size_t i = 0; st == LEM_OK && i < n; i++)
        st = set_tags(lem_json_str(lem_json_at(pairs, i), ""), (int)i, tags, err);
    p->think_tags = tags->tag;
    p->n_think_tags = n;
    return st ? st : lem_grade_rules_check(p, err);
}

void lem_grade_tags_release(grade_tags *t) {
    for (int i = 0; i < LEM_GRADE_MAX_TAGS; i++) lem_free(t->text[i]);
    *t = (grade_tags){.text = {NULL}};
}

lem_status lem_grade_against_of(const lem_args *args, lem_grade_profile *out, bool *any, lem_err *err) {
    const char *name = lem_args_str(args, "against");
    *any = name != NULL;
    if (!name || lem_grade_policy_find(name, &out->policy)) return LEM_OK;
    return lem_fail(err, LEM_EUSAGE, "--against '%s' is unknown", name);
}

lem_status lem_grade_sandbox_of(const lem_args *args, bool code, lem_sandbox **out, lem_err *err) {
    static const char *const of_answers[] = {"gold-field", "pred-field", "tol-field", "against",
                                             "audit",      "rule",       "think-tags"};
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
    grade_tags tags;
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

/* What the profile allows; null for the policies of other graders. */
static lem_json *rules_json(const lem_grade_profile *p) {
    lem_grade_rule r;
    lem_object o = lem_object_new();
    for (int i = 0; lem_grade_rule_at(p, i, &r); i++) lem_object_bool(&o, r.name, r.on);
    lem_json *rules = lem_object_done(&o);
    if (p->policy <= LEM_GRADE_LENIENT) return rules;
    lem_json_free(rules);
    return lem_json_new_null();
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
        {"rules", rules_json(&p->profile)},
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
    LEM_TRY(lem_grade_options_of(args, &p.profile, &p.tags, err));
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
    lem_grade_tags_release(&p.tags);
    return st;
}
