/* config_head - the head's half of config.json: which sort of head, its name, its fields, its size */
#include "model/config_head.h"

#include <stdio.h>
#include <string.h>

lem_head lem_config_head_sort(const lem_head_shape *s) {
    if (s->kind == LEM_HEAD_KIND_NONE || lem_head_is_tokens(s->kind)) return LEM_HEAD_LM;
    return s->kind == LEM_HEAD_KIND_CLASSIFIER && s->outputs == 1 && !s->bias && !s->dense &&
                   strcmp(s->tensor, "score") == 0
               ? LEM_HEAD_SCALAR
               : LEM_HEAD_REWARD;
}

bool lem_config_head_alone(const char *name) {
    return strcmp(name, "RewardModel") == 0 || strcmp(name, "LLMForSequenceRegression") == 0;
}

lem_status lem_config_head_read(const char *suffix, const char *name, const lem_json *json, lem_head *out,
                                lem_head_shape *shape, lem_err *err) {
    lem_head_shape s = {0};
    bool known = false;
    lem_status st = lem_head_from_json(json, suffix, &s, &known, err);
    if (st) return st;
    if (!known)
        return lem_fail(err, LEM_EDATA,
                        "the head of architecture '%.60s' is not supported (…ForCausalLM, "
                        "ForSequenceClassification, ForTokenClassification, ForRewardModel, "
                        "ForProcessRewardModel, ForPrmModel and RewardModel are)",
                        name);
    *shape = s;
    *out = lem_config_head_sort(&s);
    return LEM_OK;
}

lem_status lem_config_head_check(lem_head *head, lem_head_shape *shape, lem_err *err) {
    if ((int)*head < LEM_HEAD_LM || *head > LEM_HEAD_REWARD)
        return lem_fail(err, LEM_EDATA, "model config: unknown head %d", (int)*head);
    if (*head == LEM_HEAD_LM) *shape = (lem_head_shape){0};
    if (*head == LEM_HEAD_SCALAR && shape->kind == LEM_HEAD_KIND_NONE)
        *shape = (lem_head_shape){.kind = LEM_HEAD_KIND_CLASSIFIER, .tensor = "score", .outputs = 1};
    if (lem_config_head_sort(shape) != *head || shape->outputs < 0 || shape->outputs > LEM_HEAD_OUTPUTS_MAX)
        return lem_fail(err, LEM_EDATA, "model config: head %d contradicts its shape (%s)", (int)*head,
                        lem_head_kind_name(shape->kind));
    return LEM_OK;
}

void lem_config_head_name(const lem_head_shape *shape, const char *prefix, char out[80]) {
    const char *suffix = lem_head_suffix(shape);
    snprintf(out, 80, "%s%s", lem_config_head_alone(suffix) ? "" : prefix, suffix);
}

bool lem_config_head_write(const lem_head_shape *shape, lem_json *json) {
    return lem_head_to_json(shape, json);
}
