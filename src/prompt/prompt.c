/* prompt.c - problems to be answered and rows to be trained on, as token ids */
#include "prompt/prompt.h"

#include "core/mem.h"
#include "core/utf8.h"
#include "prompt/style.h"

#include <string.h>

lem_status lem_prompt_problem_text(const char *problem, const char *suffix, lem_buf *b, const char **out,
                                   lem_err *err) {
    if (!suffix || !*suffix) {
        *out = problem;
        return LEM_OK;
    }
    lem_buf_printf(b, "%s\n%s", problem, suffix);
    lem_status st = lem_buf_ok(b, err);
    if (st == LEM_OK) *out = lem_buf_str(b);
    return st;
}

/* A folder that tells of chat was trained with its own template: that must write what the style writes. */
static lem_status same_as_trained(const lem_tokenizer *t, const lem_prompt_request *r, const lem_ids *ids,
                                  size_t from, lem_err *err) {
    lem_ids own = {0};
    lem_status st = lem_chat_encode(t, r->messages, r->n, true, &own, NULL, err);
    if (st == LEM_OK &&
        (own.len != ids->len - from || memcmp(own.data, ids->data + from, own.len * sizeof *own.data) != 0))
        st = lem_fail(err, LEM_EUSAGE,
                      "the style writes ChatML, the chat template by which the model was trained writes "
                      "another prompt; pass --prompt-from options to use another prompt than in training");
    lem_ids_release(&own);
    return st;
}

static lem_status encode_request(const lem_tokenizer *t, const lem_prompt_settings *s,
                                 const lem_prompt_request *r, lem_ids *ids, lem_err *err) {
    size_t from = ids->len;
    lem_status st;
    switch (s->template) {
    case LEM_PROMPT_PLAIN: return lem_tokenizer_encode(t, r->text, strlen(r->text), false, ids, err);
    case LEM_PROMPT_TEXT: return lem_tokenizer_encode_start(t, r->text, strlen(r->text), false, ids, err);
    case LEM_PROMPT_CHATML:
        st = lem_chat_encode_chatml(t, r->messages, r->n, ids, err);
        return st == LEM_OK && s->trained_chat ? same_as_trained(t, r, ids, from, err) : st;
    default: return lem_chat_encode(t, r->messages, r->n, true, ids, NULL, err);
    }
}

lem_status lem_prompt_problem_of(const lem_tokenizer *t, const lem_prompt_settings *s, const char *problem,
                                 const char *subject, lem_ids *ids, lem_err *err) {
    lem_prompt_request r = {0};
    size_t before = ids->len;
    lem_status st = lem_prompt_style_messages(s, problem, subject, &r, err);
    if (st == LEM_OK) st = encode_request(t, s, &r, ids, err);
    if (st != LEM_OK) ids->len = before;
    lem_prompt_request_release(&r);
    return st;
}

lem_status lem_prompt_problem(const lem_tokenizer *t, const lem_prompt_settings *s, const char *problem,
                              lem_ids *ids, lem_err *err) {
    return lem_prompt_problem_of(t, s, problem, NULL, ids, err);
}

lem_status lem_prompt_behind(const lem_tokenizer *t, const char *text, size_t len, lem_ids *ids,
                             lem_err *err) {
    uint8_t *plain = lem_alloc(len + 1, 1, err);
    if (!plain) return LEM_EMEM;
    memset(plain, 1, len + 1);
    bool glued = !lem_chat_begins_anew(t, ids->data[ids->len - 1]);
    lem_status st = lem_tokenizer_encode_marked(t, text, plain, len, glued, ids, err);
    lem_free(plain);
    return st;
}

lem_status lem_prompt_reencodes(const lem_tokenizer *t, int32_t last, const char *text, size_t len, bool cut,
                                const int32_t *sampled, size_t n, bool *out, lem_err *err) {
    lem_ids ids = {0};
    lem_buf written = {0};
    lem_status st;
    lem_utf8_mend(text, len, &written);
    LEM_TRY(lem_buf_ok(&written, err));
    LEM_TRY(lem_ids_push(&ids, last, err));
    LEM_TRY(lem_prompt_behind(t, lem_buf_str(&written), written.len, &ids, err));
    size_t own = ids.len - 1;
    bool as_many = cut ? own <= n : own == n;
    *out = as_many && (own == 0 || memcmp(ids.data + 1, sampled, own * sizeof *sampled) == 0);
done:
    lem_ids_release(&ids);
    lem_buf_release(&written);
    return st;
}

lem_status lem_prompt_conversation(const lem_tokenizer *t, const char *system, const lem_message *messages,
                                   size_t n, lem_ids *ids, uint8_t **mask, lem_err *err) {
    bool own = n > 0 && strcmp(messages[0].role, "system") == 0;
    if (own || !system || !*system) return lem_chat_encode(t, messages, n, false, ids, mask, err);
    lem_message *m = lem_alloc(n + 1, sizeof *m, err);
    if (!m) return LEM_EMEM;
    m[0] = (lem_message){"system", system};
    if (n) memcpy(m + 1, messages, n * sizeof *m);
    lem_status st = lem_chat_encode(t, m, n + 1, false, ids, mask, err);
    lem_free(m);
    return st;
}

lem_status lem_prompt_text(const lem_tokenizer *t, const char *text, lem_ids *ids, uint8_t **mask,
                           lem_err *err) {
    size_t before = ids->len;
    uint8_t *m = NULL;
    lem_status st;
    LEM_TRY(lem_tokenizer_encode(t, text, strlen(text), false, ids, err));
    if (lem_tokenizer_eos(t) >= 0) LEM_TRY(lem_ids_push(ids, lem_tokenizer_eos(t), err));
    if (!(m = lem_alloc_zero(ids->len + 1, 1, err))) LEM_TRY(LEM_EMEM);
    memset(m + before, 1, ids->len - before);
    *mask = m;
done:
    if (st != LEM_OK) ids->len = before;
    return st;
}
