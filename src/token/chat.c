/* chat.c - ChatML: a conversation as ids with the mask of what is trained */
#include "token/chat.h"

#include "core/mem.h"

#include <string.h>

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
        return lem_fail(c->err, LEM_EDATA, "the tokenizer has no %s token, which ChatML needs", c->start < 0 ? "<|im_start|>" : "<|im_end|>");
    return LEM_OK;
}

static lem_status text(chatml *c, const char *s) { return lem_tokenizer_encode(c->t, s, strlen(s), false, c->ids, c->err); }

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

lem_status lem_chat_encode(const lem_tokenizer *t, const lem_message *msgs, size_t n, bool generation_prompt, lem_ids *ids, uint8_t **mask,
                           lem_err *err) {
    chatml c = {.t = t, .ids = ids, .err = err};
    size_t before = ids->len, cap = 0, len = 0, from, to;
    uint8_t *m = NULL;
    lem_status st;
    LEM_TRY(find_marks(&c));
    if (mask) LEM_TRY(grow_mask(&m, &cap, &len, ids->len + 1, err));
    for (size_t i = 0; i < n; i++) {
        if (!msgs[i].role || !*msgs[i].role || !msgs[i].content) {
            st = lem_fail(err, LEM_EDATA, "message %zu has no %s", i + 1, msgs[i].content ? "role" : "content");
            goto done;
        }
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

lem_status lem_chat_prompt(const lem_tokenizer *t, const char *system, const char *user, lem_ids *ids, lem_err *err) {
    lem_message m[2] = {{"system", system}, {"user", user}};
    return lem_chat_encode(t, system ? m : m + 1, system ? 2 : 1, true, ids, NULL, err);
}
