/* rlhflow.c - conversations of steps and true signs, and what RLHFlow trains of them */
#include "prompt/rlhflow.h"

#include "core/mem.h"
#include "prompt/chat.h"

#include <string.h>

typedef struct marks { /* Llama 3's */
    int32_t begin, head, head_end, turn_end;
} marks;

typedef struct work {
    const lem_prompt_recipe *how;
    const lem_tokenizer *t;
    lem_rendering *out;
    lem_err *err;
} work;

static bool find_marks(const lem_tokenizer *t, marks *m) {
    m->begin = lem_tokenizer_find(t, "<|begin_of_text|>");
    m->head = lem_tokenizer_find(t, "<|start_header_id|>");
    m->head_end = lem_tokenizer_find(t, "<|end_header_id|>");
    m->turn_end = lem_tokenizer_find(t, "<|eot_id|>");
    return m->begin >= 0 && m->head >= 0 && m->head_end >= 0 && m->turn_end >= 0;
}

static bool is_sign(const lem_prompt_recipe *how, int32_t id) { return id == how->good || id == how->bad; }

/* The text of a turn: problem and step for the first, else the step. */
static void turn_text(const char *problem, const lem_step *step, bool first, lem_buf *b) {
    if (first && *problem) {
        lem_buf_puts(b, problem);
        lem_buf_putc(b, ' ');
    }
    lem_buf_add(b, step->text, step->len);
}

/* ---- Llama 3's template, as axolotl registers it ---- */

/* <|start_header_id|>role<|end_header_id|>\n\ntext<|eot_id|> */
static lem_status add_turn(work *w, const marks *m, const char *role, const char *text, size_t len) {
    lem_ids *ids = &w->out->ids;
    lem_buf b = {0};
    lem_status st = LEM_OK;
    lem_buf_puts(&b, "\n\n");
    lem_buf_add(&b, text, len);
    LEM_TRY(lem_buf_ok(&b, w->err));
    LEM_TRY(lem_ids_push(ids, m->head, w->err));
    LEM_TRY(lem_tokenizer_encode(w->t, role, strlen(role), false, ids, w->err));
    LEM_TRY(lem_ids_push(ids, m->head_end, w->err));
    LEM_TRY(lem_tokenizer_encode(w->t, lem_buf_str(&b), b.len, false, ids, w->err));
    LEM_TRY(lem_ids_push(ids, m->turn_end, w->err));
done:
    lem_buf_release(&b);
    return st;
}

static lem_status by_llama3(work *w, const marks *m, const char *problem, const lem_step *steps,
                            const char *sign, int n) {
    lem_buf b = {0};
    lem_status st = LEM_OK;
    LEM_TRY(lem_ids_push(&w->out->ids, m->begin, w->err));
    if (w->how->system) LEM_TRY(add_turn(w, m, "system", w->how->system, strlen(w->how->system)));
    for (int i = 0; i < n; i++) {
        b.len = 0;
        turn_text(problem, &steps[i], i == 0, &b);
        LEM_TRY(lem_buf_ok(&b, w->err));
        LEM_TRY(add_turn(w, m, "user", lem_buf_str(&b), b.len));
        LEM_TRY(add_turn(w, m, "assistant", &sign[i], 1));
        LEM_TRY(lem_rendering_read_at(w->out, w->out->ids.len - 3, w->err));
    }
done:
    lem_buf_release(&b);
    return st;
}

/* ---- the folder's template ---- */

static lem_status read_before_signs(work *w, const uint8_t *mask) {
    const lem_ids *ids = &w->out->ids;
    lem_status st = LEM_OK;
    for (size_t i = 1; st == LEM_OK && i < ids->len; i++)
        if (mask[i] && !mask[i - 1]) st = lem_rendering_read_at(w->out, i - 1, w->err);
    return st;
}

static lem_status by_template(work *w, const char *problem, const lem_step *steps, const char *sign, int n) {
    lem_buf text = {0};
    uint8_t *mask = NULL;
    lem_status st = LEM_OK;
    bool system = w->how->system != NULL;
    size_t *start = lem_alloc((size_t)n, sizeof *start, w->err);
    lem_message *m = lem_alloc(2 * (size_t)n + 1, sizeof *m, w->err);
    if (!m || !start) LEM_TRY(LEM_EMEM);
    for (int i = 0; i < n; i++) {
        start[i] = text.len;
        turn_text(problem, &steps[i], i == 0, &text);
        lem_buf_putc(&text, '\0');
    }
    LEM_TRY(lem_buf_ok(&text, w->err));
    m[0] = (lem_message){"system", w->how->system};
    for (int i = 0; i < n; i++) {
        m[2 * i + 1] = (lem_message){"user", lem_buf_str(&text) + start[i]};
        m[2 * i + 2] = (lem_message){"assistant", sign[i] == '+' ? "+" : "-"};
    }
    LEM_TRY(lem_chat_encode(w->t, system ? m : m + 1, 2 * (size_t)n + system, false, &w->out->ids, &mask,
                            w->err));
    st = read_before_signs(w, mask);
done:
    lem_free(start);
    lem_free(m);
    lem_free(mask);
    lem_buf_release(&text);
    return st;
}

/* ---- what is trained ---- */

static lem_status mark_trained(work *w, const char *sign, int n, uint8_t *trained) {
    const lem_rendering *r = w->out;
    if (r->n_at != n)
        return lem_fail(w->err, LEM_EDATA, "the chat template shows %d of %d replies", r->n_at, n);
    for (int i = 0; i < n; i++) {
        size_t at = (size_t)r->at[i];
        int32_t want = sign[i] == '+' ? w->how->good : w->how->bad;
        if (at + 1 >= r->ids.len || r->ids.data[at + 1] != want || !is_sign(w->how, want))
            return lem_fail(w->err, LEM_EDATA,
                            "the chat template does not make one token of the sign '%c' of reply %d", sign[i],
                            i);
        trained[at] = trained[at + 1] = 1;
        if (at + 2 < r->ids.len) trained[at + 2] = 1;
    }
    return LEM_OK;
}

lem_status lem_prompt_rlhflow(const lem_prompt_recipe *how, const lem_tokenizer *t, const char *problem,
                              const lem_step *steps, const char *sign, int n, lem_rendering *out,
                              uint8_t **trained, lem_err *err) {
    work w = {how, t, out, err};
    marks m;
    uint8_t *mask = NULL;
    out->ids.len = 0;
    out->n_at = 0;
    lem_status st = find_marks(t, &m) ? by_llama3(&w, &m, problem, steps, sign, n)
                                      : by_template(&w, problem, steps, sign, n);
    if (st == LEM_OK && out->ids.len > INT32_MAX)
        st = lem_fail(err, LEM_EDATA, "a solution of more than 2^31 tokens");
    if (st == LEM_OK && !(mask = lem_alloc_zero(out->ids.len + 1, 1, err))) st = LEM_EMEM;
    if (st == LEM_OK) st = mark_trained(&w, sign, n, mask);
    if (st == LEM_OK) *trained = mask;
    else lem_free(mask);
    return st;
}
