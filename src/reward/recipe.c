/* recipe.c - the form in which each kind of reward head reads, and its defaults */
#include "reward/recipe.h"

static lem_prompt_form form_of(lem_head_kind kind) {
    static const lem_prompt_form forms[LEM_HEAD_KIND_COUNT] = {
        [LEM_HEAD_KIND_NONE] = LEM_PROMPT_LAST_TOKEN,
        [LEM_HEAD_KIND_CLASSIFIER] = LEM_PROMPT_LAST_TOKEN,
        [LEM_HEAD_KIND_QWEN_RM] = LEM_PROMPT_LAST_TOKEN,
        [LEM_HEAD_KIND_QWEN_PRM] = LEM_PROMPT_STEP_TOKEN,
        [LEM_HEAD_KIND_SKYWORK_PRM] = LEM_PROMPT_STEP_LINE,
        [LEM_HEAD_KIND_VALUE_HEAD] = LEM_PROMPT_LAST_TOKEN,
        [LEM_HEAD_KIND_OPENRLHF] = LEM_PROMPT_END_OF_TEXT,
        [LEM_HEAD_KIND_INTERNLM2] = LEM_PROMPT_REWARD_TOKEN,
        [LEM_HEAD_KIND_TOKEN_CLASSIFIER] = LEM_PROMPT_STEP_TEXT,
        [LEM_HEAD_KIND_RLHFLOW_PRM] = LEM_PROMPT_STEP_TURNS,
        [LEM_HEAD_KIND_RLHFLOW_ORM] = LEM_PROMPT_WHOLE_TURN,
        [LEM_HEAD_KIND_MATH_SHEPHERD] = LEM_PROMPT_STEP_TAGS,
    };
    return forms[kind];
}

const char *lem_reward_head_of_form(lem_prompt_form f) {
    switch (f) {
    case LEM_PROMPT_STEP_TURNS: return "rlhflow";
    case LEM_PROMPT_WHOLE_TURN: return "rlhflow-orm";
    case LEM_PROMPT_STEP_TAGS: return "math-shepherd";
    default: return NULL;
    }
}

const char *lem_reward_system(lem_head_kind kind, const lem_prompt_settings *s) {
    if (s->told & LEM_PROMPT_TOLD_SYSTEM) return s->system;
    switch (kind) {
    case LEM_HEAD_KIND_QWEN_RM:
    case LEM_HEAD_KIND_QWEN_PRM:
        return "Please reason step by step, and put your final answer within \\boxed{}.";
    default: return NULL;
    }
}

const char *lem_reward_separator(lem_head_kind kind, const lem_prompt_settings *s) {
    if (s->told & LEM_PROMPT_TOLD_SEPARATOR) return s->separator;
    return kind == LEM_HEAD_KIND_SKYWORK_PRM || kind == LEM_HEAD_KIND_TOKEN_CLASSIFIER ? "\n" : "\n\n";
}

lem_status lem_reward_settings_complete(lem_head_kind kind, lem_prompt_settings *s, lem_err *err) {
    lem_status st = LEM_OK;
    const char *system = kind == LEM_HEAD_KIND_CLASSIFIER ? LEM_REWARD_SYSTEM : lem_reward_system(kind, s);
    if (!(s->told & LEM_PROMPT_TOLD_SYSTEM))
        LEM_TRY(lem_prompt_settings_tell(s, LEM_PROMPT_TOLD_SYSTEM, system, err));
    if (!(s->told & LEM_PROMPT_TOLD_SUFFIX))
        LEM_TRY(lem_prompt_settings_tell(s, LEM_PROMPT_TOLD_SUFFIX, NULL, err));
    s->template = LEM_PROMPT_CHAT; /* the only one by which solutions are rendered */
    if (!(s->told & LEM_PROMPT_TOLD_FORM)) s->form = form_of(kind);
    if (s->form == LEM_PROMPT_LAST_TOKEN) s->form = LEM_PROMPT_REPLY_END;
    s->told |= LEM_PROMPT_TOLD_TEMPLATE | LEM_PROMPT_TOLD_FORM;
done:
    return st;
}

static bool can_be_read(lem_head_kind kind, lem_prompt_form form) {
    lem_prompt_form own = form_of(kind);
    return form == own || (form == LEM_PROMPT_REPLY_END && own == LEM_PROMPT_LAST_TOKEN);
}

lem_status lem_reward_recipe_make(const lem_head_shape *head, const lem_tokenizer *t, const char *dir,
                                  const lem_prompt_settings *s, lem_prompt_recipe *out, lem_err *err) {
    lem_prompt_recipe r = {.form = form_of(head->kind),
                           .system = lem_reward_system(head->kind, s),
                           .suffix = s->suffix,
                           .separator = lem_reward_separator(head->kind, s),
                           .step_token = s->step_token,
                           .tag = head->token};
    if (s->told & LEM_PROMPT_TOLD_FORM) r.form = s->form;
    if (!can_be_read(head->kind, r.form))
        return lem_fail(err, LEM_EDATA, "%s: prompt.read is %s, but this head (%s) is read in the form %s",
                        LEM_PROMPT_SETTINGS_FILE, lem_prompt_form_name(s->form),
                        lem_head_kind_name(head->kind), lem_prompt_form_name(form_of(head->kind)));
    lem_status st = lem_prompt_recipe_find(&r, t, dir, err);
    if (st == LEM_OK) *out = r;
    return st;
}
