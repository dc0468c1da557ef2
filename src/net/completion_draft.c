/* completion_draft - a reply in the making, and the record of it */
#include "net/completion_priv.h"

#include "core/mem.h"
#include "core/object.h"

#include <stdio.h>

void lem_completion_draft_release(lem_completion_draft *d) {
    for (int i = 0; d->choice && i < d->room; i++) lem_buf_release(&d->choice[i].text);
    lem_free(d->choice);
    lem_json_free(d->model);
}

lem_status lem_completion_draft_open(lem_completion_draft *d, const lem_completion_opts *o, lem_err *err) {
    *d = (lem_completion_draft){.n = o->n,
                                .room = o->n,
                                .text_only = o->text,
                                .fewer = o->fewer,
                                .logprobs = o->logprobs,
                                .tokens_in = -1,
                                .tokens_out = -1};
    d->choice = lem_alloc_zero((size_t)o->n, sizeof *d->choice, err);
    return d->choice ? LEM_OK : LEM_EMEM;
}

lem_status lem_completion_draft_usage(lem_completion_draft *d, const lem_json *reply, lem_err *err) {
    const lem_json *usage = lem_json_get(reply, "usage"), *model = lem_json_get(reply, "model");
    int64_t in = lem_json_int(lem_json_get(usage, "prompt_tokens"), -1);
    int64_t out = lem_json_int(lem_json_get(usage, "completion_tokens"), -1);
    if (in >= 0 && out >= 0 && in < (int64_t)1 << 40 && out < (int64_t)1 << 40) {
        d->tokens_in = in;
        d->tokens_out = out;
    }
    if (d->model || lem_json_kind(model) != LEM_JSON_STRING) return LEM_OK;
    d->model = lem_json_copy(model);
    return d->model ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory for a reply");
}

void lem_completion_draft_finish(lem_completion_choice *c, const lem_json *value) {
    const char *s = lem_json_str(value, NULL);
    if (!s) return;
    snprintf(c->finish, sizeof c->finish, "%.30s", s);
    c->ended = true;
}

/* A log-probability is no more than 0; servers round. */
static bool is_logprob(const lem_json *v) {
    static const double rounding = 1e-3;
    bool number = lem_json_kind(v) == LEM_JSON_INT || lem_json_kind(v) == LEM_JSON_REAL;
    return number && lem_json_num(v, 1) <= rounding;
}

void lem_completion_draft_logprobs(lem_completion_choice *c, const lem_json *logprobs) {
    const lem_json *list = lem_json_get(logprobs, "content");
    bool bare = lem_json_kind(list) != LEM_JSON_ARRAY;
    if (bare) list = lem_json_get(logprobs, "token_logprobs");
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const lem_json *v = lem_json_at(list, i);
        if (!bare) v = lem_json_get(v, "logprob");
        c->tokens++;
        if (is_logprob(v)) c->logprob += lem_json_num(v, 0);
        else c->untold = true;
    }
}

/* Counts and sums of the choices; a single one has the tokens of the whole reply. */
static bool add_tokens(const lem_completion_draft *d, lem_object *o) {
    lem_json *tokens = lem_json_new_array(), *sums = lem_json_new_array();
    bool ok = tokens && sums;
    for (int i = 0; ok && i < d->n; i++) {
        const lem_completion_choice *c = &d->choice[i];
        int64_t alone = d->n == 1 ? d->tokens_out : -1;
        int64_t n = c->tokens ? c->tokens : alone;
        bool told = c->tokens > 0 && !c->untold;
        ok = lem_json_append(tokens, n >= 0 ? lem_json_new_int(n) : lem_json_new_null()) &&
             lem_json_append(sums, told ? lem_json_new_num(c->logprob) : lem_json_new_null());
    }
    lem_object_json(o, "tokens", tokens);
    lem_object_json(o, "logprob", sums);
    return ok;
}

lem_status lem_completion_draft_done(lem_completion_draft *d, lem_json **out, lem_err *err) {
    lem_json *texts = lem_json_new_array(), *finish = lem_json_new_array();
    lem_object o = lem_object_new();
    bool ok = texts && finish;
    for (int i = 0; ok && i < d->n; i++) {
        const lem_completion_choice *c = &d->choice[i];
        ok = lem_json_append(texts, lem_json_new_strn(lem_buf_str(&c->text), c->text.len)) &&
             lem_json_append(finish, lem_json_new_str(c->finish[0] ? c->finish : "unknown"));
    }
    lem_object_json(&o, "texts", texts);
    lem_object_json(&o, "finish", finish);
    if (d->logprobs) ok = add_tokens(d, &o) && ok;
    if (d->tokens_in >= 0) {
        lem_object_int(&o, "prompt_tokens", (uint64_t)d->tokens_in);
        lem_object_int(&o, "completion_tokens", (uint64_t)d->tokens_out);
    }
    if (d->model) lem_object_json(&o, "model", lem_json_copy(d->model));
    lem_json *record = lem_object_done(&o);
    if (ok && record) {
        *out = record;
        return LEM_OK;
    }
    lem_json_free(record);
    return lem_fail(err, LEM_EMEM, "out of memory for a reply");
}

/* The place of a choice that says where it belongs; NULL: it belongs nowhere. */
lem_completion_choice *lem_completion_draft_at(lem_completion_draft *d, const lem_json *choice,
                                               int64_t otherwise) {
    int64_t i = lem_json_int(lem_json_get(choice, "index"), otherwise);
    return i >= 0 && i < d->n ? &d->choice[i] : NULL;
}
