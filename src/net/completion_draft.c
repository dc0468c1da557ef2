/* completion_draft - a reply in the making, and the record of it */
#include "net/completion_priv.h"

#include "core/mem.h"
#include "core/object.h"

#include <stdio.h>

void lem_completion_draft_release(lem_completion_draft *d) {
    for (int i = 0; d->choice && i < d->n; i++) lem_buf_release(&d->choice[i].text);
    lem_free(d->choice);
    lem_json_free(d->model);
}

lem_status lem_completion_draft_open(lem_completion_draft *d, int n, bool text, lem_err *err) {
    *d = (lem_completion_draft){.n = n, .text_only = text, .tokens_in = -1, .tokens_out = -1};
    d->choice = lem_alloc_zero((size_t)n, sizeof *d->choice, err);
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
