/* reward.c - requests for rewards */
#include "net/reward.h"

#include "core/object.h"
#include "net/body.h"

#include <string.h>

static const struct {
    const char *name, *path;
} apis[LEM_REWARD_APIS] = {
    [LEM_REWARD_POOLING] = {"pooling", "/pooling"},
    [LEM_REWARD_CLASSIFY] = {"classify", "/classify"},
    [LEM_REWARD_GET_REWARD] = {"get_reward", "/get_reward"},
    [LEM_REWARD_SCORE] = {"score", "/score"},
    [LEM_REWARD_RERANK] = {"rerank", "/rerank"},
};

const char *lem_reward_api_name(lem_reward_api api) { return apis[api].name; }

const char *lem_reward_path(lem_reward_api api) { return apis[api].path; }

bool lem_reward_api_find(const char *name, lem_reward_api *out) {
    for (int i = 0; i < LEM_REWARD_APIS; i++) {
        if (strcmp(apis[i].name, name) != 0) continue;
        *out = (lem_reward_api)i;
        return true;
    }
    return false;
}

/* ---- parts ---- */

static bool add_turn(lem_json *list, const char *role, const char *content) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "role", role);
    lem_object_str(&o, "content", content);
    return lem_json_append(list, lem_object_done(&o));
}

static lem_json *turns(const lem_reward_text *t) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    if (ok && t->system && *t->system) ok = add_turn(list, "system", t->system);
    ok = ok && add_turn(list, "user", t->question) && add_turn(list, "assistant", t->solution);
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_json *ids_of(const lem_reward_text *t) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < t->n_ids; i++) ok = lem_json_append(list, lem_json_new_int(t->ids[i]));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_json *one_input(const lem_reward_opts *o, const lem_reward_text *t) {
    switch (o->input) {
    case LEM_REWARD_IDS: return ids_of(t);
    case LEM_REWARD_TEXT: return lem_json_new_str(t->text);
    default: return lem_json_new_str(t->solution);
    }
}

static lem_json *inputs(const lem_reward_opts *o, const lem_reward_text *texts, int n) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && i < n; i++) ok = lem_json_append(list, one_input(o, &texts[i]));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

/* ---- the whole ---- */

static void put_inputs(const lem_reward_opts *o, const lem_reward_text *texts, int n, lem_object *b) {
    if (o->input == LEM_REWARD_MESSAGES) lem_object_json(b, "messages", turns(texts));
    else lem_object_json(b, "input", inputs(o, texts, n));
    /* the rendering holds what the model's template puts first */
    lem_object_bool(b, "add_special_tokens", false);
}

static void put_members(const lem_reward_opts *o, const lem_reward_text *texts, int n, lem_object *b) {
    switch (o->api) {
    case LEM_REWARD_POOLING:
        lem_object_str(b, "task", o->per_token ? "token_classify" : "classify");
        put_inputs(o, texts, n, b);
        lem_object_str(b, "encoding_format", "float");
        break;
    case LEM_REWARD_CLASSIFY: put_inputs(o, texts, n, b); break;
    case LEM_REWARD_GET_REWARD: lem_object_json(b, "query", inputs(o, texts, n)); return;
    case LEM_REWARD_SCORE:
        lem_object_str(b, "text_1", texts->question);
        lem_object_json(b, "text_2", inputs(o, texts, n));
        break;
    default:
        lem_object_str(b, "query", texts->question);
        lem_object_json(b, "documents", inputs(o, texts, n));
        lem_object_int(b, "top_n", (uint64_t)n);
        break;
    }
    lem_object_bool(b, "use_activation", false);
}

lem_status lem_reward_body(const lem_reward_opts *o, const lem_reward_text *texts, int n, lem_buf *out,
                           lem_err *err) {
    lem_object b = lem_object_new();
    if (o->model && o->api != LEM_REWARD_GET_REWARD) lem_object_str(&b, "model", o->model);
    put_members(o, texts, n, &b);
    return lem_body_write(lem_object_done(&b), o->extra, out, err);
}
