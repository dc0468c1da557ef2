/* score_remote_options.c - options of scores from servers: which model is served, and how it is fed and read
 */
#include "cli/runtime.h"
#include "cli/prompt_options.h"
#include "cli/score_remote.h"
#include "cli/score_remote_priv.h"
#include "cli/unescape.h"
#include "core/mem.h"
#include "reward/known.h"
#include "reward/recipe.h"

#include <string.h>

/* ---- which options go together ---- */

lem_status lem_score_not_remote(const lem_args *args, lem_err *err) {
    static const char *const ours[] = {"served-model", "tokenizer", "reward-api", "body"};
    static const char *const heads[] = {"classifier", "qwen-rm", "qwen-prm", "openrlhf"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (lem_args_has(args, ours[i])) return lem_fail(err, LEM_EUSAGE, "--%s is for --endpoint", ours[i]);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (lem_args_is(args, "head", heads[i]))
            return lem_fail(err, LEM_EUSAGE,
                            "--head %s is for --endpoint; a model folder says itself that it has that head",
                            heads[i]);
    return LEM_OK;
}

static lem_status check_local(const lem_args *a, lem_err *err) {
    const struct {
        bool given;
        const char *text;
    } rules[] = {
        {lem_args_has(a, "model"), "--endpoint and --model exclude each other"},
        {lem_args_has(a, "reference"), "--reference is for model folders"},
        {lem_args_flag(a, "tokens"), "--tokens is for --head logprob of a model folder"},
        {lem_args_num(a, "add-logprob") != 0, "--add-logprob needs the model's folder, not a server"},
        {lem_args_has(a, "template"), "--template is for a model folder"},
        {lem_args_has(a, "set"), "--set is for a model folder"},
        {lem_args_is(a, "head", "logprob") || lem_args_is(a, "head", "implicit"),
         "--head logprob and implicit need the model's folder, not a server"},
        {strcmp(lem_args_str(a, "out"), "-") == 0,
         "--out - has no place for the ledger of what was sent; a file expected"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].given) return lem_fail(err, LEM_EUSAGE, "%s", rules[i].text);
    return LEM_OK;
}

/* ---- servers ---- */

/* The APIs of rewards lie beside /v1, not in it: a base with it names the same server. */
static lem_status read_bases(remote *r, lem_err *err) {
    size_t n = (size_t)r->o.n_urls;
    r->bases = lem_alloc_zero(n + 1, sizeof *r->bases, err);
    if (!r->bases) return LEM_EMEM;
    for (size_t i = 0; i < n; i++) {
        const char *url = r->o.urls[i];
        size_t len = strlen(url);
        while (len && url[len - 1] == '/') len--;
        if (len > 3 && strncmp(url + len - 3, "/v1", 3) == 0) len -= 3;
        r->bases[i] = lem_strndup(url, len, err);
        if (!r->bases[i]) return LEM_EMEM;
    }
    r->o.urls = (const char *const *)r->bases;
    return LEM_OK;
}

static lem_status read_extra(remote *r, lem_err *err) {
    static const char *const ours[] = {"model",  "input", "messages", "query", "documents",      "text_1",
                                       "text_2", "task",  "top_n",    "data",  "encoding_format"};
    const char *body = lem_args_str(r->args, "body");
    if (!body) return LEM_OK;
    lem_status st = lem_json_parse(body, strlen(body), &r->extra, err);
    if (st != LEM_OK) {
        lem_err_context(err, "--body");
        err->status = LEM_EUSAGE;
        return LEM_EUSAGE;
    }
    if (lem_json_kind(r->extra) != LEM_JSON_OBJECT)
        return lem_fail(err, LEM_EUSAGE, "--body: an object expected");
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (lem_json_get(r->extra, ours[i]))
            return lem_fail(err, LEM_EUSAGE, "--body: %s is lemma's own", ours[i]);
    r->request.extra = r->extra;
    return LEM_OK;
}

/* What the options say of prompts, and a folder's lemma.json where the tokenizer's is one. */
static lem_status read_prompt(remote *r, lem_err *err) {
    const char *sep = lem_args_str(r->args, "step-separator");
    char *separator = NULL;
    lem_status st = sep ? lem_unescape(sep, &separator, err) : LEM_OK;
    lem_prompt_options o = {.system = lem_args_str(r->args, "system"),
                            .suffix = lem_args_str(r->args, "suffix"),
                            .separator = separator,
                            .from = lem_args_str(r->args, "prompt-from")};
    if (st == LEM_OK && separator && !*separator)
        st = lem_fail(err, LEM_EUSAGE, "the text between steps must not be empty");
    if (st == LEM_OK) st = lem_prompt_settings_open(lem_args_str(r->args, "tokenizer"), &o, &r->prompt, err);
    lem_free(separator);
    return st;
}

static lem_status read_api(remote *r, lem_err *err) {
    const char *name = lem_args_str(r->args, "reward-api");
    if (!name || strcmp(name, "auto") == 0) return LEM_OK;
    r->named = true;
    return lem_reward_api_find(name, &r->request.api)
               ? LEM_OK
               : lem_fail(err, LEM_EUSAGE, "--reward-api '%s' is unknown", name);
}

lem_status lem_remote_options(remote *r, lem_err *err) {
    lem_status st = LEM_OK;
    LEM_TRY(check_local(r->args, err));
    r->o = (lem_teach_opts){.ctx = r};
    LEM_TRY(lem_endpoint_read(r->cli, r->args, &r->endpoints, &r->o, err));
    LEM_TRY(read_bases(r, err));
    LEM_TRY(read_extra(r, err));
    LEM_TRY(read_prompt(r, err));
    LEM_TRY(read_api(r, err));
    r->batch = (int)lem_args_int(r->args, "batch");
    r->request.model = lem_args_str(r->args, "served-model");
    r->field = lem_args_str(r->args, "field");
    if (!r->field) r->field = "rm_score";
done:
    return st;
}

/* ---- the head ---- */

static const struct {
    const char *name;
    lem_head_kind kind;
} served[] = {{"classifier", LEM_HEAD_KIND_CLASSIFIER},      {"qwen-rm", LEM_HEAD_KIND_QWEN_RM},
              {"qwen-prm", LEM_HEAD_KIND_QWEN_PRM},          {"openrlhf", LEM_HEAD_KIND_OPENRLHF},
              {"rlhflow", LEM_HEAD_KIND_RLHFLOW_PRM},        {"rlhflow-orm", LEM_HEAD_KIND_RLHFLOW_ORM},
              {"math-shepherd", LEM_HEAD_KIND_MATH_SHEPHERD}};

static bool two_outputs(const char *output) {
    return output &&
           (strcmp(output, "0") == 0 || strcmp(output, "1") == 0 || strcmp(output, "logit-difference") == 0);
}

/* A server does not tell its head: --head does, else the command. A classifier has as many labels as
 * --head-output has need of; every reply is held against that. */
static lem_status choose_shape(remote *r, lem_err *err) {
    const char *name = lem_args_str(r->args, "head"), *output = lem_args_str(r->args, "head-output");
    if (!name) name = r->process_only ? "qwen-prm" : "classifier";
    for (size_t i = 0; i < sizeof served / sizeof *served; i++)
        if (strcmp(served[i].name, name) == 0) r->shape.kind = served[i].kind;
    switch (r->shape.kind) {
    case LEM_HEAD_KIND_CLASSIFIER: r->shape.outputs = two_outputs(output) ? 2 : 1; break;
    case LEM_HEAD_KIND_QWEN_RM:
    case LEM_HEAD_KIND_OPENRLHF: r->shape.outputs = 1; break;
    default: r->shape.outputs = 2; break;
    }
    lem_status st = lem_head_read(&r->shape, output, &r->head, err);
    if (st == LEM_OK && r->process_only && !lem_head_is_process(r->shape.kind))
        st = lem_fail(err, LEM_EUSAGE, "--head %s gives one score a solution (%s): lemma rm score reads it",
                      name, lem_head_kind_name(r->shape.kind));
    return st;
}

static lem_status choose_aggregate(remote *r, lem_err *err) {
    const char *name = lem_args_str(r->args, "aggregate");
    r->aggregate = r->shape.kind == LEM_HEAD_KIND_RLHFLOW_PRM ? LEM_EVAL_AGG_MEAN : LEM_EVAL_AGG_MIN;
    if (!name) return LEM_OK;
    if (!r->request.steps)
        return lem_fail(err, LEM_EUSAGE,
                        "--aggregate is for process reward models; this is one score a solution (%s)",
                        lem_head_kind_name(r->shape.kind));
    return lem_eval_aggregator_find(name, &r->aggregate)
               ? LEM_OK
               : lem_fail(err, LEM_EUSAGE, "--aggregate '%s' is unknown", name);
}

/* The system prompt of a classifier, by the name of the served model. */
static lem_status ask_system(remote *r, lem_err *err) {
    const char *name = lem_args_str(r->args, "served-model"), *out = lem_args_str(r->args, "out");
    const char *url = lem_json_str(lem_json_at(lem_args_tree(r->args, "endpoint"), 0), "URL");
    lem_buf b = {0};
    lem_buf_printf(&b, "lemma rm score %s --endpoint %s", r->args->n_words ? r->args->words[0] : "FILE", url);
    if (name) lem_buf_printf(&b, " --served-model %s", name);
    if (out) lem_buf_printf(&b, " --out %s", out);
    if (!name) name = url;
    const char *dir = lem_args_str(r->args, "tokenizer");
    bool known = false;
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK && dir) st = lem_reward_find_system(r->shape.kind, dir, &r->prompt, &known, err);
    if (st == LEM_OK && !known)
        st = lem_reward_known_system(r->shape.kind, name, lem_buf_str(&b), &r->prompt, err);
    lem_buf_release(&b);
    return st;
}

/* How candidates are rendered: here, where there is a tokenizer; else by the server's own template. */
static lem_status choose_form(remote *r, lem_err *err) {
    const char *dir = lem_args_str(r->args, "tokenizer");
    bool turns = r->shape.kind == LEM_HEAD_KIND_RLHFLOW_PRM, compat = lem_args_has(r->args, "compat");
    lem_status st = LEM_OK;
    if (compat && !turns)
        return lem_fail(err, LEM_EUSAGE, "--compat rlhflow is for --head rlhflow; this is: %s",
                        lem_head_kind_name(r->shape.kind));
    if (!dir && lem_head_is_tokens(r->shape.kind))
        return lem_fail(err, LEM_EUSAGE,
                        "--head %s is read at tokens that only its tokenizer tells: --tokenizer DIR",
                        lem_args_str(r->args, "head"));
    LEM_TRY(ask_system(r, err));
    if (!dir) {
        r->recipe = (lem_prompt_recipe){.system = lem_reward_system(r->shape.kind, &r->prompt),
                                        .suffix = r->prompt.suffix,
                                        .separator = lem_reward_separator(r->shape.kind, &r->prompt)};
        return LEM_OK;
    }
    LEM_TRY(lem_prompt_options_tokenizer(r->cli, dir, &r->prompt, &r->tok, err));
    st = lem_reward_recipe_make(&r->shape, r->tok, dir, &r->prompt, &r->recipe, err);
    r->recipe.keep_empty = compat;
done:
    return st;
}

lem_status lem_remote_head(remote *r, lem_err *err) {
    lem_status st = LEM_OK;
    LEM_TRY(choose_shape(r, err));
    r->request.outputs = r->shape.outputs;
    r->request.steps = lem_head_is_process(r->shape.kind);
    r->request.per_token =
        r->shape.kind != LEM_HEAD_KIND_CLASSIFIER && r->shape.kind != LEM_HEAD_KIND_OPENRLHF;
    LEM_TRY(choose_aggregate(r, err));
    LEM_TRY(choose_form(r, err));
    if (r->named && !lem_remote_can_ask(r, r->request.api))
        return lem_fail(err, LEM_EUSAGE, "--reward-api %s: %s", lem_reward_api_name(r->request.api),
                        r->request.api == LEM_REWARD_GET_REWARD && !r->tok && !r->request.per_token
                            ? "it takes rendered text: --tokenizer DIR renders it"
                            : "it gives one number a text, which is not how this head is read");
done:
    return st;
}

bool lem_remote_can_ask(const remote *r, lem_reward_api api) {
    bool whole = !r->request.steps && !lem_head_is_tokens(r->shape.kind);
    switch (api) {
    case LEM_REWARD_POOLING: return true;
    case LEM_REWARD_CLASSIFY: return whole;
    case LEM_REWARD_GET_REWARD: return whole && r->tok && r->request.outputs == 1;
    default: return r->shape.kind == LEM_HEAD_KIND_CLASSIFIER && r->request.outputs == 1;
    }
}

void lem_remote_use_api(remote *r, lem_reward_api api) {
    static const lem_reward_input by_api[LEM_REWARD_APIS] = {[LEM_REWARD_GET_REWARD] = LEM_REWARD_TEXT,
                                                             [LEM_REWARD_SCORE] = LEM_REWARD_PAIR,
                                                             [LEM_REWARD_RERANK] = LEM_REWARD_PAIR};
    r->request.api = api;
    r->request.input = by_api[api];
    if (api <= LEM_REWARD_CLASSIFY) r->request.input = r->tok ? LEM_REWARD_IDS : LEM_REWARD_MESSAGES;
}
