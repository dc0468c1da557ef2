/* completion - bodies of requests, and records of replies that come whole */
#include "net/completion_priv.h"

#include "core/object.h"
#include "core/utf8.h"
#include "net/body.h"

#include <stdio.h>
#include <string.h>

const char *lem_completion_path(const lem_completion_opts *o) {
    return o->text ? "/completions" : "/chat/completions";
}

/* ---- requests ---- */

static lem_json *turn(const char *role, const char *content) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "role", role);
    lem_object_str(&o, "content", content);
    return lem_object_done(&o);
}

static lem_json *turns(const lem_completion_opts *o, const char *prompt) {
    if (o->turns) return lem_json_copy(o->turns);
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    if (o->system && *o->system) ok = ok && lem_json_append(list, turn("system", o->system));
    ok = ok && lem_json_append(list, turn("user", prompt));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_json *id_list(const int32_t *ids, size_t n) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < n; i++) ok = lem_json_append(list, lem_json_new_int(ids[i]));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_json *stop_list(const lem_completion_opts *o) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && i < o->n_stop; i++) ok = lem_json_append(list, lem_json_new_str(o->stop[i]));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

/* One alternative beside each token: without the number llama-server sends twenty, and with none no
 * log-probabilities. */
static void set_logprobs(const lem_completion_opts *o, lem_object *b) {
    if (o->text) {
        lem_object_int(b, "logprobs", 1);
        return;
    }
    lem_object_bool(b, "logprobs", true);
    lem_object_int(b, "top_logprobs", 1);
}

static void set_stream(lem_object *b) {
    lem_object how = lem_object_new();
    lem_object_bool(&how, "include_usage", true);
    lem_object_bool(b, "stream", true);
    lem_object_json(b, "stream_options", lem_object_done(&how));
}

lem_status lem_completion_body(const lem_completion_opts *o, const char *prompt, int64_t seed, lem_buf *out,
                               lem_err *err) {
    lem_object b = lem_object_new();
    lem_object_str(&b, "model", o->model);
    if (o->text && o->ids) lem_object_json(&b, "prompt", id_list(o->ids, o->n_ids));
    else if (o->text) lem_object_str(&b, "prompt", prompt);
    else lem_object_json(&b, "messages", turns(o, prompt));
    lem_object_num(&b, "temperature", o->temperature);
    if (o->top_p < 1) lem_object_num(&b, "top_p", o->top_p);
    if (o->top_k > 0) lem_object_int(&b, "top_k", (uint64_t)o->top_k);
    if (o->min_p > 0) lem_object_num(&b, "min_p", o->min_p);
    if (o->repetition_penalty > 0 && o->repetition_penalty != 1)
        lem_object_num(&b, "repetition_penalty", o->repetition_penalty);
    lem_object_int(&b, "max_tokens", (uint64_t)o->max_tokens);
    if (o->n != 1) lem_object_int(&b, "n", (uint64_t)o->n);
    if (seed >= 0) lem_object_int(&b, "seed", (uint64_t)seed);
    if (o->n_stop > 0) lem_object_json(&b, "stop", stop_list(o));
    if (o->logprobs) set_logprobs(o, &b);
    if (o->stream) set_stream(&b);
    return lem_body_write(lem_object_done(&b), o->extra, out, err);
}

/* ---- replies ---- */

static lem_status take_choice(lem_completion_draft *d, const lem_json *choice, int64_t place, lem_err *err) {
    lem_completion_choice *c = lem_completion_draft_at(d, choice, place);
    if (!c || c->seen)
        return lem_fail(err, LEM_EDATA, "choices[%d].index: 0 to %d expected, each once", (int)place,
                        d->n - 1);
    const lem_json *message = lem_json_get(choice, "message");
    const lem_json *text = d->text_only ? lem_json_get(choice, "text") : lem_json_get(message, "content");
    const char *refusal = lem_json_str(lem_json_get(message, "refusal"), NULL);
    if (refusal && *refusal) return lem_fail(err, LEM_EDATA, "the model refused: %.120s", refusal);
    if (lem_json_kind(text) != LEM_JSON_STRING)
        return lem_fail(err, LEM_EDATA, "choices[%d]: a text expected, found %s", (int)place,
                        lem_json_kind_name(text));
    c->seen = true;
    lem_buf_add(&c->text, lem_json_str(text, ""), lem_json_str_len(text));
    lem_completion_draft_tokens(c, choice);
    lem_completion_draft_finish(c, lem_json_get(choice, "finish_reason"));
    return lem_buf_ok(&c->text, err);
}

static lem_status take_whole(lem_completion_draft *d, const char *body, size_t len, lem_err *err) {
    lem_json *reply = NULL;
    lem_status st = lem_json_parse(body, len, &reply, err);
    if (st != LEM_OK) return lem_err_context(err, "the reply");
    const lem_json *choices = lem_json_get(reply, "choices");
    size_t n = lem_json_count(choices);
    if (d->fewer && n > 0 && n < (size_t)d->n) d->n = (int)n;
    if (lem_json_kind(choices) != LEM_JSON_ARRAY || n != (size_t)d->n)
        st = lem_fail(err, LEM_EDATA, "choices: a list of %d expected, found %s of %zu", d->n,
                      lem_json_kind_name(choices), lem_json_count(choices));
    for (int i = 0; st == LEM_OK && i < d->n; i++)
        st = take_choice(d, lem_json_at(choices, (size_t)i), i, err);
    if (st == LEM_OK) st = lem_completion_draft_usage(d, reply, err);
    lem_json_free(reply);
    return st;
}

lem_status lem_completion_reply(const char *body, size_t len, bool event_stream, const lem_completion_opts *o,
                                lem_json **out, lem_err *err) {
    lem_completion_draft d;
    lem_status st = lem_completion_draft_open(&d, o, err);
    if (st == LEM_OK && event_stream) st = lem_completion_take_stream(&d, body, len, err);
    else if (st == LEM_OK) st = take_whole(&d, body, len, err);
    if (st == LEM_OK) st = lem_completion_draft_done(&d, out, err);
    lem_completion_draft_release(&d);
    return st;
}

/* ---- refusals ---- */

bool lem_completion_refusal(const char *body, size_t len, lem_buf *out) {
    lem_json *reply = NULL;
    if (lem_json_parse(body, len, &reply, NULL) != LEM_OK) reply = NULL;
    const lem_json *e = lem_json_get(reply, "error");
    const char *said = lem_json_str(e, NULL), *code = lem_json_str(lem_json_get(e, "code"), "");
    if (!said) said = lem_json_str(lem_json_get(e, "message"), NULL);
    if (!said) said = lem_json_str(lem_json_get(reply, "message"), NULL);
    if (!said) said = lem_json_str(lem_json_get(reply, "detail"), "");
    bool spent = strcmp(code, "insufficient_quota") == 0 || strcmp(code, "billing_hard_limit_reached") == 0;
    lem_buf one = {0};
    for (size_t i = 0; said[i] && i < 160; i++)
        lem_buf_putc(&one, (unsigned char)said[i] < ' ' ? ' ' : said[i]);
    lem_utf8_mend(lem_buf_str(&one), one.len, out);
    lem_buf_release(&one);
    lem_json_free(reply);
    return spent;
}
