/* score_remote_probe.c - which API the servers answer, found with the first candidate and kept for the job */
#include "cli/score_remote_priv.h"
#include "core/mem.h"
#include "core/object.h"
#include "prompt/prompt.h"
#include "teach/once.h"
#include "teach/servers.h"

#include <stdio.h>
#include <string.h>

typedef struct asked { /* one API */
    const remote *r;
    lem_reward_text text;
    lem_status read; /* of its reply */
    bool came;       /* a reply with status 200 */
} asked;

static lem_status read_reply(void *ctx, const lem_http_reply *reply, lem_json **record, lem_err *err) {
    asked *a = ctx;
    a->came = true;
    a->read = lem_reward_reply(&a->r->request, &a->text, 1, reply->body, reply->len, record, err);
    return a->read;
}

/* The first candidate that has something to be read. */
static lem_status first_text(remote *r, remote_text **out, lem_err *err) {
    *out = NULL;
    for (size_t i = 0; i < r->n_texts && !*out; i++) {
        lem_status st = lem_remote_render(r, &r->texts[i], err);
        if (st) return st;
        if (r->texts[i].n_at > 0) *out = &r->texts[i];
    }
    return LEM_OK;
}

static lem_status ask_api(remote *r, lem_reward_api api, remote_text *t, lem_verdict *v, asked *a,
                          lem_err *err) {
    lem_buf body = {0}, question = {0};
    lem_status st = LEM_OK;
    *a = (asked){.r = r};
    lem_remote_use_api(r, api);
    LEM_TRY(lem_remote_render(r, t, err));
    a->text = lem_remote_view(r, t);
    LEM_TRY(lem_prompt_problem_text(a->text.question, r->recipe.suffix, &question, &a->text.question, err));
    LEM_TRY(lem_reward_body(&r->request, &a->text, 1, &body, err));
    r->probes++;
    st = lem_teach_once(&r->o, lem_reward_path(api), &body, read_reply, a, v, err);
done:
    lem_buf_release(&body);
    lem_buf_release(&question);
    return st;
}

/* ---- what was found ---- */

lem_status lem_remote_take_api(remote *r, const lem_json *record, lem_err *err) {
    lem_reward_api api;
    const char *name = lem_json_str(lem_json_get(record, "api"), "");
    if (!lem_reward_api_find(name, &api))
        return lem_fail(err, LEM_EDATA, "the ledger names the API '%.40s', which is unknown", name);
    lem_remote_use_api(r, api);
    if (lem_json_bool(lem_json_get(record, "probabilities"), false))
        r->request.values = LEM_REWARD_PROBABILITIES;
    snprintf(r->server_model, sizeof r->server_model, "%s", lem_json_str(lem_json_get(record, "model"), ""));
    snprintf(r->server, sizeof r->server, "%s", lem_json_str(lem_json_get(record, "server"), ""));
    r->probes = (uint64_t)lem_json_int(lem_json_get(record, "probes"), 0);
    r->api_known = true;
    return lem_remote_plan_requests(r, err);
}

/* What the servers say of themselves; their lists of models lie below /v1. */
static lem_status describe(const remote *r, lem_buf *out, lem_err *err) {
    lem_teach_opts o = r->o;
    const char **urls = lem_alloc_zero((size_t)o.n_urls, sizeof *urls, err);
    lem_buf all = {0};
    lem_status st = urls ? LEM_OK : LEM_EMEM;
    for (int i = 0; i < o.n_urls; i++) {
        lem_buf_puts(&all, r->bases[i]);
        lem_buf_add(&all, "/v1", 4);
    }
    if (st == LEM_OK) st = lem_buf_ok(&all, err);
    const char *at = lem_buf_str(&all);
    for (int i = 0; st == LEM_OK && i < o.n_urls; i++, at += strlen(at) + 1) urls[i] = at;
    o.urls = urls;
    if (st == LEM_OK) st = lem_servers_describe(&o, out, err);
    lem_buf_release(&all);
    lem_free(urls);
    return st;
}

/* Pairs that are a softmax already must not go through another. */
static lem_status found(const remote *r, const lem_json *reply, lem_json **record, lem_err *err) {
    lem_buf server = {0};
    bool shares = r->request.outputs == 2 && lem_reward_squashed(reply, 2);
    if (shares && r->head.formula == LEM_HEAD_DIFFERENCE)
        return lem_fail(err, LEM_EREMOTE,
                        "%s: the server puts a softmax on its outputs in spite of use_activation=false: "
                        "--head-output logit-difference needs them without",
                        r->bases[0]);
    lem_status st = describe(r, &server, err);
    lem_object o = lem_object_new();
    lem_object_str(&o, "api", lem_reward_api_name(r->request.api));
    lem_object_bool(&o, "probabilities", shares);
    lem_object_str(&o, "model", lem_json_str(lem_json_get(reply, "model"), NULL));
    lem_object_str(&o, "server", lem_buf_str(&server));
    lem_object_int(&o, "probes", r->probes);
    lem_buf_release(&server);
    *record = lem_object_done(&o);
    if (st == LEM_OK && !*record) st = lem_fail(err, LEM_EMEM, "out of memory for the ledger");
    return st;
}

/* ---- all of them ---- */

/* Whether the next API is worth a try: this one is not there, or not for this model. */
static bool try_next(const lem_verdict *v, const asked *a) {
    if (v->kind == LEM_VERDICT_BILLED) return a->read == LEM_EDATA;
    if (v->kind == LEM_VERDICT_REFUSED) return true;
    return v->status == 404 || v->status == 405 || v->status == 501;
}

static lem_status give_up(const remote *r, const lem_verdict *v, lem_err *err) {
    const char *more = strstr(v->why, "HTTP 401") ? " (--key-env, --key-file)" : "";
    return lem_fail(err, LEM_EREMOTE, "%.200s%s: %s%s", r->bases[0], lem_reward_path(r->request.api), v->why,
                    more);
}

static lem_status none_answers(const remote *r, const lem_buf *said, lem_err *err) {
    return lem_fail(err, LEM_EREMOTE, "%.200s gives no scores: %.700s%s", r->bases[0], lem_buf_str(said),
                    r->tok || r->named ? "" : " (/get_reward is asked only with --tokenizer DIR)");
}

static lem_status try_apis(remote *r, remote_text *t, lem_json **record, lem_err *err) {
    lem_reward_api named = r->request.api;
    lem_buf said = {0};
    lem_status st = LEM_OK;
    bool done = false;
    for (int k = 0; st == LEM_OK && !done && k < LEM_REWARD_APIS; k++) {
        lem_verdict v = {0};
        asked a;
        if (!lem_remote_can_ask(r, (lem_reward_api)k) || (r->named && k != (int)named)) continue;
        st = ask_api(r, (lem_reward_api)k, t, &v, &a, err);
        if (st != LEM_OK) break;
        done = v.kind == LEM_VERDICT_ANSWER;
        if (done) st = found(r, v.record, record, err);
        else if (!try_next(&v, &a)) st = give_up(r, &v, err);
        else
            lem_buf_printf(&said, "%s%s: %s", said.len ? "; " : "", lem_reward_path((lem_reward_api)k),
                           v.why);
        lem_json_free(v.record);
    }
    if (st == LEM_OK && !done) st = none_answers(r, &said, err);
    lem_buf_release(&said);
    return st;
}

lem_status lem_remote_probe(remote *r, lem_json **record, lem_err *err) {
    remote_text *t = NULL;
    *record = NULL;
    lem_remote_use_api(r, r->named ? r->request.api : LEM_REWARD_POOLING);
    lem_status st = first_text(r, &t, err);
    return st == LEM_OK && t ? try_apis(r, t, record, err) : st;
}
