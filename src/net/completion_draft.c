/* completion_draft - a reply in the making, and the record of it */
#include "net/completion_priv.h"

#include "core/mem.h"
#include "core/object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lem_completion_draft_release(lem_completion_draft *d) {
    for (int i = 0; d->choice && i < d->room; i++) {
        lem_buf_release(&d->choice[i].text);
        lem_buf_release(&d->choice[i].listed);
        lem_buf_release(&d->choice[i].ids);
    }
    lem_free(d->choice);
    lem_json_free(d->model);
}

lem_status lem_completion_draft_open(lem_completion_draft *d, const lem_completion_opts *o, lem_err *err) {
    *d = (lem_completion_draft){.n = o->n,
                                .room = o->n,
                                .text_only = o->text,
                                .fewer = o->fewer,
                                .logprobs = o->logprobs,
                                .token_ids = o->token_ids,
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

/* A JSON number, or a text "token_id:7"; another value is none, and adds nothing. */
static void add_id(lem_buf *to, const lem_json *v) {
    static const char prefix[] = "token_id:";
    const char *s = lem_json_str(v, "");
    char *end = NULL;
    long long id = lem_json_int(v, -1);
    if (strncmp(s, prefix, sizeof prefix - 1) == 0) {
        id = strtoll(s + sizeof prefix - 1, &end, 10);
        if (*end) id = -1;
    }
    int32_t own = (int32_t)id;
    if (id >= 0 && id <= INT32_MAX) lem_buf_add(to, (const char *)&own, sizeof own);
}

static void add_logprob(lem_completion_choice *c, const lem_json *logprob) {
    c->tokens++;
    if (is_logprob(logprob)) c->logprob += lem_json_num(logprob, 0);
    else c->untold = true;
}

void lem_completion_draft_tokens(lem_completion_choice *c, const lem_json *choice) {
    const lem_json *ids = lem_json_get(choice, "token_ids"), *logprobs = lem_json_get(choice, "logprobs");
    const lem_json *list = lem_json_get(logprobs, "content"), *texts = lem_json_get(logprobs, "tokens");
    for (size_t i = 0; i < lem_json_count(ids); i++) add_id(&c->listed, lem_json_at(ids, i));
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const lem_json *v = lem_json_at(list, i), *id = lem_json_get(v, "id");
        add_logprob(c, lem_json_get(v, "logprob"));
        add_id(&c->ids, id ? id : lem_json_get(v, "token"));
    }
    if (lem_json_kind(list) == LEM_JSON_ARRAY) return;
    list = lem_json_get(logprobs, "token_logprobs");
    for (size_t i = 0; i < lem_json_count(list); i++) {
        add_logprob(c, lem_json_at(list, i));
        add_id(&c->ids, lem_json_at(texts, i));
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

/* The ids of a choice, those of `token_ids` first; null where they are not of every token. */
static lem_json *ids_of(const lem_completion_choice *c, bool *any) {
    bool each = c->tokens > 0 && c->ids.len == (size_t)c->tokens * sizeof(int32_t);
    const lem_buf *from = c->listed.len ? &c->listed : &c->ids;
    if (!c->listed.len && !each) return lem_json_new_null();
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    *any = true;
    for (size_t at = 0; ok && at < from->len; at += sizeof(int32_t)) {
        int32_t id;
        memcpy(&id, from->data + at, sizeof id);
        ok = lem_json_append(list, lem_json_new_int(id));
    }
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

/* Absent where no choice has any. */
static bool add_ids(const lem_completion_draft *d, lem_object *o) {
    lem_json *all = lem_json_new_array();
    bool ok = all != NULL, any = false;
    for (int i = 0; ok && i < d->n; i++) {
        const lem_completion_choice *c = &d->choice[i];
        ok = !c->listed.failed && !c->ids.failed && lem_json_append(all, ids_of(c, &any));
    }
    if (ok && any) lem_object_json(o, "ids", all);
    else lem_json_free(all);
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
    if (d->token_ids) ok = add_ids(d, &o) && ok;
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
