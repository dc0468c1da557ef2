/* prompt.c - problems to be answered and rows to be trained on, as token ids */
#include "prompt/prompt.h"

#include "core/mem.h"

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

static lem_status plain(const lem_tokenizer *t, const char *system, const char *text, lem_ids *ids,
                        lem_err *err) {
    lem_buf b = {0};
    if (system) lem_buf_printf(&b, "%s\n\n", system);
    lem_buf_puts(&b, text);
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) st = lem_tokenizer_encode(t, lem_buf_str(&b), b.len, false, ids, err);
    lem_buf_release(&b);
    return st;
}

lem_status lem_prompt_problem(const lem_tokenizer *t, const lem_prompt_settings *s, const char *problem,
                              lem_ids *ids, lem_err *err) {
    lem_buf b = {0};
    const char *text;
    lem_status st = lem_prompt_problem_text(problem, s->suffix, &b, &text, err);
    if (st == LEM_OK)
        st = s->template == LEM_PROMPT_PLAIN ? plain(t, s->system, text, ids, err)
                                             : lem_chat_prompt(t, s->system, text, ids, err);
    lem_buf_release(&b);
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
