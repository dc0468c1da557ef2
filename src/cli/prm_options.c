/* prm_options.c - what the options of lemma prm train mean together, and its prompt */
#include "cli/unescape.h"
#include "cli/prm_train.h"

#include "cli/train_options.h"
#include "core/choice.h"
#include "core/mem.h"
#include "prompt/rlhflow.h"
#include "reward/recipe.h"

#include <string.h>

lem_head_kind lem_prm_kind(lem_prm_head head) {
    static const lem_head_kind kinds[] = {LEM_HEAD_KIND_SKYWORK_PRM, LEM_HEAD_KIND_TOKEN_CLASSIFIER,
                                          LEM_HEAD_KIND_RLHFLOW_PRM};
    return kinds[head];
}

/* Solutions of these are not written by the folder's chat template. */
static lem_status no_template(const lem_args *a, const lem_prm_how *how, lem_err *err) {
    const char *given = lem_args_has(a, "template") ? "--template" : "--set";
    if (!lem_args_has(a, "template") && !lem_json_count(lem_args_tree(a, "set"))) return LEM_OK;
    return lem_fail(err, LEM_EUSAGE,
                    how->rlhflow ? "%s: --compat rlhflow has a template of its own"
                                 : "%s is for --head generative: steps of other heads are "
                                   "written without a chat template",
                    given);
}

static lem_status check(const lem_args *a, const lem_prm_how *how, lem_err *err) {
    if (how->rlhflow && how->head != LEM_PRM_GENERATIVE)
        return lem_fail(err, LEM_EUSAGE, "--compat rlhflow is of the generative head, --head is %s",
                        lem_args_str(a, "head"));
    if (how->rlhflow && how->rows.rule == LEM_STEPS_SOFT)
        return lem_fail(err, LEM_EUSAGE, "--compat rlhflow has signs for labels: --labels hard or threshold");
    if (lem_args_str(a, "step-token") && how->head == LEM_PRM_GENERATIVE)
        return lem_fail(err, LEM_EUSAGE, "--step-token is read by --head scalar and two-class");
    if (how->rlhflow || how->head != LEM_PRM_GENERATIVE) return no_template(a, how, err);
    return LEM_OK;
}

lem_status lem_prm_options(const lem_args *a, lem_prm_how *out, lem_err *err) {
    lem_prm_how how = {.rlhflow = lem_args_is(a, "compat", "rlhflow")};
    const char *head = lem_args_str(a, "head");
    how.head = how.rlhflow ? LEM_PRM_GENERATIVE : LEM_PRM_SCALAR;
    if (head) how.head = (lem_prm_head)lem_choice_find(LEM_PRM_HEADS, head);
    how.rows = (lem_steps_how){
        .format = lem_args_str(a, "format"),
        .rule = (lem_steps_rule)lem_choice_find(LEM_STEPS_RULES, lem_args_str(a, "labels")),
        .threshold = lem_args_num(a, "threshold"),
        .neutral = (lem_steps_neutral)lem_choice_find(LEM_STEPS_NEUTRAL, lem_args_str(a, "neutral")),
        .stop_after_error = lem_args_flag(a, "stop-after-error")};
    lem_status st = lem_train_options_read(a, &how.train, err);
    how.train.batch_tokens = lem_args_int(a, "batch-tokens");
    if (st == LEM_OK) st = check(a, &how, err);
    if (st == LEM_OK) *out = how;
    return st;
}

/* Each head's own separator and no system text; RLHFlow trains under one. */
static lem_status complete(const lem_prm_how *how, lem_prompt_settings *s, lem_err *err) {
    lem_head_kind kind = lem_prm_kind(how->head);
    lem_status st = LEM_OK;
    if (how->rlhflow && !(s->told & LEM_PROMPT_TOLD_SYSTEM))
        LEM_TRY(lem_prompt_settings_tell(s, LEM_PROMPT_TOLD_SYSTEM, LEM_PROMPT_RLHFLOW_SYSTEM, err));
    if (!(s->told & LEM_PROMPT_TOLD_SEPARATOR))
        LEM_TRY(lem_prompt_settings_tell(s, LEM_PROMPT_TOLD_SEPARATOR, lem_reward_separator(kind, s), err));
    LEM_TRY(lem_reward_settings_complete(kind, s, err));
    if (how->head == LEM_PRM_GENERATIVE) {
        s->signs = how->rlhflow ? LEM_PROMPT_SIGNS_OWN : LEM_PROMPT_SIGNS_PLUS;
        s->told |= LEM_PROMPT_TOLD_SIGNS;
    }
done:
    return st;
}

/* A model that was fine-tuned as a policy tells how its problems were written: its system text and suffix
 * stay unless an option says otherwise, but not the form, which is the head's. */
lem_status lem_prm_settings(const lem_args *args, const lem_prm_how *how, lem_prompt_settings *out,
                            lem_err *err) {
    const char *given = lem_args_str(args, "step-separator"), *dir = lem_args_str(args, "model");
    lem_prompt_settings s = {0};
    char *separator = NULL;
    lem_status st = LEM_OK;
    if (given) LEM_TRY(lem_unescape(given, &separator, err));
    lem_prompt_options o = {.template = lem_args_str(args, "template"),
                            .set = lem_args_tree(args, "set"),
                            .system = lem_args_str(args, "system"),
                            .separator = separator,
                            .step_token = lem_args_str(args, "step-token"),
                            .from = lem_args_str(args, "prompt-from")};
    LEM_TRY(lem_prompt_settings_open(dir, &o, &s, err));
    LEM_TRY(complete(how, &s, err));
    *out = s;
    s = (lem_prompt_settings){0};
done:
    lem_prompt_settings_release(&s);
    lem_free(separator);
    return st;
}
