/* chat.c - a conversation as ids with the mask of what is trained: by the folder's template, else ChatML */
#include "prompt/chat.h"

#include "core/mem.h"
#include "prompt/chat_priv.h"

#include <string.h>

/* ---- ChatML, where the folder has no template */

typedef struct chatml {
    const lem_tokenizer *t;
    int32_t start, end;
    lem_ids *ids;
    lem_err *err;
} chatml;

static lem_status find_marks(chatml *c) {
    c->start = lem_tokenizer_find(c->t, "<|im_start|>");
    c->end = lem_tokenizer_find(c->t, "<|im_end|>");
    if (c->start < 0 || c->end < 0)
        return lem_fail(c->err, LEM_EDATA, "the tokenizer has no %s token, which ChatML needs",
                        c->start < 0 ? "<|im_start|>" : "<|im_end|>");
    return LEM_OK;
}

static lem_status text(chatml *c, const char *s) {
    return lem_tokenizer_encode(c->t, s, strlen(s), false, c->ids, c->err);
}

/* Appends one message; the part that would be trained is ids[*from .. *to). */
static lem_status message(chatml *c, const lem_message *m, size_t *from, size_t *to) {
    lem_buf b = {0};
    bool reply = strcmp(m->role, "assistant") == 0;
    lem_status st;
    LEM_TRY(lem_ids_push(c->ids, c->start, c->err));
    lem_buf_puts(&b, m->role);
    lem_buf_putc(&b, '\n');
    if (!reply) lem_buf_puts(&b, m->content);
    LEM_TRY(lem_buf_ok(&b, c->err));
    LEM_TRY(lem_tokenizer_encode(c->t, lem_buf_str(&b), b.len, false, c->ids, c->err));
    *from = c->ids->len;
    if (reply) LEM_TRY(text(c, m->content));
    LEM_TRY(lem_ids_push(c->ids, c->end, c->err));
    *to = reply ? c->ids->len : *from;
    LEM_TRY(text(c, "\n"));
done:
    lem_buf_release(&b);
    return st;
}

static lem_status generation_start(chatml *c) {
    lem_status st = lem_ids_push(c->ids, c->start, c->err);
    return st == LEM_OK ? text(c, "assistant\n") : st;
}

/* Makes *mask at least ids->len long, new bytes 0. */
static lem_status grow_mask(uint8_t **mask, size_t *cap, size_t *len, size_t need, lem_err *err) {
    if (need > *cap) {
        size_t n = *cap ? *cap : 256;
        while (n < need) n *= 2;
        uint8_t *p = lem_realloc(*mask, n, 1, err);
        if (!p) return LEM_EMEM;
        *mask = p;
        *cap = n;
    }
    memset(*mask + *len, 0, need - *len);
    *len = need;
    return LEM_OK;
}

static lem_status encode_chatml(const lem_tokenizer *t, const lem_message *msgs, size_t n,
                                bool generation_prompt, lem_ids *ids, uint8_t **mask, lem_err *err) {
    chatml c = {.t = t, .ids = ids, .err = err};
    size_t before = ids->len, cap = 0, len = 0, from, to;
    uint8_t *m = NULL;
    lem_status st;
    LEM_TRY(find_marks(&c));
    if (mask) LEM_TRY(grow_mask(&m, &cap, &len, ids->len + 1, err));
    for (size_t i = 0; i < n; i++) {
        LEM_TRY(message(&c, &msgs[i], &from, &to));
        if (!mask) continue;
        LEM_TRY(grow_mask(&m, &cap, &len, ids->len + 1, err));
        memset(m + from, 1, to - from);
    }
    if (generation_prompt) LEM_TRY(generation_start(&c));
    if (mask) {
        LEM_TRY(grow_mask(&m, &cap, &len, ids->len + 1, err));
        *mask = m;
        m = NULL;
    }
done:
    if (st != LEM_OK) ids->len = before;
    lem_free(m);
    return st;
}

/* ---- the folder's template */

static lem_status check_messages(const lem_message *msgs, size_t n, lem_err *err) {
    for (size_t i = 0; i < n; i++)
        if (!msgs[i].role || !*msgs[i].role || !msgs[i].content)
            return lem_fail(err, LEM_EDATA, "message %zu has no %s", i + 1,
                            msgs[i].content ? "role" : "content");
    return LEM_OK;
}

static bool add_message(lem_json *list, const char *role, const char *content, size_t len) {
    lem_json *o = lem_json_new_object();
    bool ok = o && lem_json_set(o, "role", lem_json_new_str(role)) &&
              lem_json_set(o, "content", lem_json_new_strn(content, len));
    if (ok) return lem_json_append(list, o);
    lem_json_free(o);
    return false;
}

lem_status lem_chat_encode_json(const lem_tokenizer *t, const lem_chat_input *in, lem_ids *ids,
                                uint8_t **mask, lem_rendered *rendered, lem_err *err) {
    const lem_template *folders = NULL;
    lem_template *own = NULL;
    chatml c = {.t = t, .err = err};
    lem_status st;
    LEM_TRY(lem_chat_template(t, &folders, err));
    if (folders) return lem_chat_through(t, folders, in, ids, mask, rendered, err);
    LEM_TRY(find_marks(&c));
    LEM_TRY(lem_template_parse(lem_chatml, strlen(lem_chatml), &own, err));
    LEM_TRY(lem_chat_through(t, own, in, ids, mask, rendered, err));
done:
    lem_template_free(own);
    return st;
}

lem_status lem_chat_encode(const lem_tokenizer *t, const lem_message *msgs, size_t n, bool generation_prompt,
                           lem_ids *ids, uint8_t **mask, lem_err *err) {
    lem_status st = check_messages(msgs, n, err);
    if (st != LEM_OK) return st;
    if (!lem_chat_has_template(t)) return encode_chatml(t, msgs, n, generation_prompt, ids, mask, err);
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (size_t i = 0; i < n && ok; i++)
        ok = add_message(list, msgs[i].role, msgs[i].content, strlen(msgs[i].content));
    lem_chat_input in = {.messages = list, .generation_prompt = generation_prompt};
    st = ok ? lem_chat_encode_json(t, &in, ids, mask, NULL, err) : lem_fail(err, LEM_EMEM, "out of memory");
    lem_json_free(list);
    return st;
}

lem_status lem_chat_encode_chatml(const lem_tokenizer *t, const lem_message *msgs, size_t n, lem_ids *ids,
                                  lem_err *err) {
    lem_status st = check_messages(msgs, n, err);
    return st == LEM_OK ? encode_chatml(t, msgs, n, true, ids, NULL, err) : st;
}

lem_status lem_chat_prompt(const lem_tokenizer *t, const char *system, const char *user, lem_ids *ids,
                           lem_err *err) {
    lem_message m[2] = {{"system", system}, {"user", user}};
    size_t none = system ? 0 : 1;
    return lem_chat_encode(t, m + none, 2 - none, true, ids, NULL, err);
}

lem_status lem_chat_reply(const lem_tokenizer *t, const char *reply, size_t len, lem_ids *ids, lem_err *err) {
    size_t before = ids->len;
    chatml c = {.t = t, .ids = ids, .err = err};
    const lem_template *folders = NULL;
    lem_json *list = NULL;
    lem_status st;
    LEM_TRY(lem_chat_template(t, &folders, err));
    if (folders) {
        list = lem_json_new_array();
        bool ok = list && add_message(list, "user", "?", 1) && add_message(list, "assistant", reply, len);
        LEM_TRY(ok ? lem_chat_reply_through(t, folders, list, ids, err)
                   : lem_fail(err, LEM_EMEM, "out of memory"));
    } else {
        LEM_TRY(find_marks(&c));
        LEM_TRY(lem_tokenizer_encode(t, reply, len, false, ids, err));
        LEM_TRY(lem_ids_push(ids, c.end, err));
        LEM_TRY(text(&c, "\n"));
    }
done:
    if (st != LEM_OK) ids->len = before;
    lem_json_free(list);
    return st;
}
