/* solution.c - renders a problem and a solution for each form that reward models read */
#include "prompt/solution.h"

#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "prompt/chat.h"
#include "prompt/prompt.h"

#include <string.h>

static const char tag_text[] = "\xd0\xba\xd0\xb8"; /* ки, Math-Shepherd's step tag */

/* ---- tokens ---- */

static lem_status encode(const lem_tokenizer *t, const char *text, size_t n, lem_ids *out, lem_err *err) {
    return lem_tokenizer_encode(t, text, n, false, out, err);
}

/* The last id of a text, as the recipes look tokens up. */
static lem_status last_id(const lem_tokenizer *t, const char *text, const char *what, int32_t *out,
                          lem_err *err) {
    lem_ids ids = {0};
    lem_status st = encode(t, text, strlen(text), &ids, err);
    if (st == LEM_OK && ids.len == 0)
        st = lem_fail(err, LEM_EDATA, "the tokenizer has no token for %s", what);
    if (st == LEM_OK) *out = ids.data[ids.len - 1];
    lem_ids_release(&ids);
    return st;
}

/* Math-Shepherd: the two ids of "+ -". */
static lem_status find_signs(const lem_tokenizer *t, lem_prompt_recipe *r, lem_err *err) {
    lem_ids ids = {0};
    lem_status st = encode(t, "+ -", 3, &ids, err);
    if (st == LEM_OK && ids.len != 2)
        st = lem_fail(err, LEM_EDATA,
                      "the tokenizer makes %zu tokens of '+ -', Math-Shepherd needs 2 (one for each sign)",
                      ids.len);
    if (st == LEM_OK) {
        r->good = ids.data[0];
        r->bad = ids.data[1];
    }
    lem_ids_release(&ids);
    return st;
}

/* bos_token of tokenizer_config.json: text, or an object with content; -1 if there is none. */
static lem_status find_bos(const lem_tokenizer *t, const char *dir, int32_t *out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_json *json = NULL;
    char *path = lem_path_join(dir, "tokenizer_config.json", err);
    *out = -1;
    if (!path) return LEM_EMEM;
    if (!lem_file_exists(path)) goto done;
    LEM_TRY(lem_json_load(path, 16 << 20, &json, err));
    const lem_json *v = lem_json_get(json, "bos_token");
    const char *text =
        lem_json_str(lem_json_kind(v) == LEM_JSON_OBJECT ? lem_json_get(v, "content") : v, NULL);
    if (!text) goto done;
    *out = lem_tokenizer_find(t, text);
    if (*out < 0)
        st = lem_fail(err, LEM_EDATA, "%s: bos_token '%.40s' is no token of the tokenizer", path, text);
done:
    lem_json_free(json);
    lem_free(path);
    return st;
}

/* What stands behind each step, where it is one token. */
static lem_status find_mark(const lem_tokenizer *t, lem_prompt_recipe *r, lem_err *err) {
    if (!r->step_token)
        return r->form == LEM_PROMPT_STEP_LINE ? last_id(t, r->separator, "the step separator", &r->tag, err)
                                               : LEM_OK;
    r->tag = lem_tokenizer_find(t, r->step_token);
    return r->tag >= 0
               ? LEM_OK
               : lem_fail(err, LEM_EDATA, "'%.60s' is no token of the tokenizer, so no step can end with it",
                          r->step_token);
}

static lem_status find_tokens(const lem_tokenizer *t, const char *dir, lem_prompt_recipe *r, lem_err *err) {
    lem_status st = LEM_OK;
    switch (r->form) {
    case LEM_PROMPT_STEP_TOKEN:
        r->tag = lem_tokenizer_find(t, "<extra_0>");
        if (r->tag < 0)
            return lem_fail(err, LEM_EDATA,
                            "the tokenizer has no <extra_0> token, at which this head is read");
        break;
    case LEM_PROMPT_END_OF_TEXT:
        r->tag = lem_tokenizer_eos(t);
        if (r->tag < 0)
            return lem_fail(err, LEM_EDATA,
                            "the tokenizer has no end-of-text token, at which this head is read");
        break;
    case LEM_PROMPT_STEP_LINE:
    case LEM_PROMPT_STEP_TEXT:
        LEM_TRY(find_bos(t, dir, &r->bos, err));
        LEM_TRY(find_mark(t, r, err));
        break;
    case LEM_PROMPT_STEP_TURNS:
    case LEM_PROMPT_WHOLE_TURN:
        LEM_TRY(last_id(t, "+", "'+'", &r->good, err));
        LEM_TRY(last_id(t, "-", "'-'", &r->bad, err));
        break;
    case LEM_PROMPT_STEP_TAGS:
        LEM_TRY(find_signs(t, r, err));
        LEM_TRY(last_id(t, tag_text, "the step tag", &r->tag, err));
        break;
    default: break;
    }
done:
    return st;
}

lem_status lem_prompt_recipe_find(lem_prompt_recipe *r, const lem_tokenizer *t, const char *dir,
                                  lem_err *err) {
    lem_prompt_recipe found = *r;
    found.bos = found.good = found.bad = found.pad = -1;
    if (r->form != LEM_PROMPT_REWARD_TOKEN) found.tag = -1;
    if (!found.separator || !*found.separator)
        return lem_fail(err, LEM_EUSAGE, "the text between steps must not be empty");
    lem_status st = find_tokens(t, dir, &found, err);
    if (st == LEM_OK) *r = found;
    return st;
}

bool lem_prompt_form_has_steps(lem_prompt_form form) {
    return form == LEM_PROMPT_STEP_TOKEN || form == LEM_PROMPT_STEP_LINE || form == LEM_PROMPT_STEP_TEXT ||
           form == LEM_PROMPT_STEP_TURNS || form == LEM_PROMPT_STEP_TAGS;
}

bool lem_prompt_form_is_chat(lem_prompt_form form) {
    return form != LEM_PROMPT_STEP_LINE && form != LEM_PROMPT_STEP_TEXT && form != LEM_PROMPT_STEP_TAGS;
}

/* ---- rendering ---- */

typedef struct work { /* one solution being rendered */
    const lem_prompt_recipe *how;
    const lem_tokenizer *t;
    const char *problem;
    lem_step_list steps;
    lem_rendering *out;
    lem_err *err;
} work;

void lem_rendering_release(lem_rendering *r) {
    lem_ids_release(&r->ids);
    lem_free(r->at);
    *r = (lem_rendering){0};
}

lem_status lem_rendering_read_at(lem_rendering *r, size_t token, lem_err *err) {
    if (r->n_at == r->cap_at) {
        int cap = r->cap_at ? 2 * r->cap_at : 16;
        int *at = lem_realloc(r->at, (size_t)cap, sizeof *at, err);
        if (!at) return LEM_EMEM;
        r->at = at;
        r->cap_at = cap;
    }
    r->at[r->n_at++] = (int)token;
    return LEM_OK;
}

static lem_status read_at(work *w, size_t token) { return lem_rendering_read_at(w->out, token, w->err); }

/* Math-Shepherd's own solutions carry their tags; these end steps whatever the separator is. */
static lem_status split(work *w, const char *text) {
    const char *sep =
        w->how->form == LEM_PROMPT_STEP_TAGS && strstr(text, tag_text) ? tag_text : w->how->separator;
    return lem_step_list_split(&w->steps, text, sep, w->err);
}

/* OpenRLHF's data ends with the end-of-text token: line ends behind it go, and it is added where the template
 * writes none (openrlhf/datasets/reward_dataset.py). */
static lem_status close_with_eos(work *w) {
    lem_ids *ids = &w->out->ids;
    size_t n = 0;
    for (const char *s; ids->len > 0; ids->len--) {
        s = lem_tokenizer_token_bytes(w->t, ids->data[ids->len - 1], &n);
        if (!s || n == 0 || lem_tokenizer_is_special(w->t, ids->data[ids->len - 1])) break;
        while (n > 0 && s[n - 1] == '\n') n--;
        if (n > 0) break;
    }
    return ids->len > 0 && ids->data[ids->len - 1] == w->how->tag ? LEM_OK
                                                                  : lem_ids_push(ids, w->how->tag, w->err);
}

/* The last token that is not the pad; of pads alone the first, as in Transformers. */
static size_t last_token(const work *w) {
    const lem_ids *ids = &w->out->ids;
    size_t at = ids->len - 1;
    bool skip = w->how->form == LEM_PROMPT_LAST_TOKEN && w->how->pad >= 0;
    while (skip && at > 0 && ids->data[at] == w->how->pad) at--;
    return at;
}

/* The whole conversation; the last token. */
static lem_status conversation(work *w, const char *solution) {
    lem_message m[3] = {{"system", w->how->system}, {"user", w->problem}, {"assistant", solution}};
    size_t none = w->how->system ? 0 : 1;
    lem_status st = lem_chat_encode(w->t, m + none, 3 - none, false, &w->out->ids, NULL, w->err);
    if (st == LEM_OK && w->out->ids.len == 0)
        st = lem_fail(w->err, LEM_EDATA, "the chat template renders nothing");
    if (st == LEM_OK && w->how->form == LEM_PROMPT_REWARD_TOKEN)
        st = lem_ids_push(&w->out->ids, w->how->tag, w->err);
    if (st == LEM_OK && w->how->form == LEM_PROMPT_END_OF_TEXT) st = close_with_eos(w);
    return st == LEM_OK ? read_at(w, last_token(w)) : st;
}

/* The reply of the conversation is made of steps with the tag after each. What the template puts behind a
 * reply is what it puts behind an empty one. */
static lem_status tagged_reply(work *w) {
    lem_ids *ids = &w->out->ids, closed = {0};
    lem_message m[3] = {{"system", w->how->system}, {"user", w->problem}, {"assistant", ""}};
    size_t none = w->how->system ? 0 : 1;
    lem_status st = LEM_OK;
    LEM_TRY(lem_chat_prompt(w->t, w->how->system, w->problem, ids, w->err));
    LEM_TRY(lem_chat_encode(w->t, m + none, 3 - none, false, &closed, NULL, w->err));
    if (closed.len < ids->len || memcmp(closed.data, ids->data, ids->len * sizeof *ids->data) != 0)
        LEM_TRY(lem_fail(w->err, LEM_EDATA,
                         "the chat template does not put a reply right behind the generation prompt, so "
                         "steps cannot be marked in it"));
    size_t tail = ids->len;
    for (int i = 0; i < w->steps.n; i++) {
        LEM_TRY(encode(w->t, w->steps.at[i].text, w->steps.at[i].len, ids, w->err));
        LEM_TRY(read_at(w, ids->len));
        LEM_TRY(lem_ids_push(ids, w->how->tag, w->err));
    }
    for (; tail < closed.len; tail++) LEM_TRY(lem_ids_push(ids, closed.data[tail], w->err));
done:
    lem_ids_release(&closed);
    return st;
}

/* bos, problem, steps: each encoded apart, so that ids do not depend on what follows. */
static lem_status plain_steps(work *w) {
    lem_ids *ids = &w->out->ids;
    bool skywork = w->how->form == LEM_PROMPT_STEP_LINE;
    lem_buf text = {0};
    lem_status st = LEM_OK;
    if (w->how->bos >= 0) LEM_TRY(lem_ids_push(ids, w->how->bos, w->err));
    lem_buf_puts(&text, w->problem);
    if (skywork) lem_buf_puts(&text, "\n");
    LEM_TRY(lem_buf_ok(&text, w->err));
    LEM_TRY(encode(w->t, lem_buf_str(&text), text.len, ids, w->err));
    for (int i = 0; i < w->steps.n; i++) {
        LEM_TRY(encode(w->t, w->steps.at[i].text, w->steps.at[i].len, ids, w->err));
        if (w->how->tag >= 0) LEM_TRY(lem_ids_push(ids, w->how->tag, w->err));
        else LEM_TRY(encode(w->t, w->how->separator, strlen(w->how->separator), ids, w->err));
        LEM_TRY(read_at(w, ids->len - 1));
    }
done:
    lem_buf_release(&text);
    return st;
}

/* Where the sign of each reply stands; read one token before. */
static lem_status read_before_signs(work *w, const uint8_t *mask, int n) {
    const lem_ids *ids = &w->out->ids;
    int found = 0;
    for (size_t i = 1; i < ids->len; i++) {
        if (!mask[i] || mask[i - 1]) continue;
        if (ids->data[i] != w->how->good)
            return lem_fail(w->err, LEM_EDATA,
                            "the chat template makes token %d of the reply '+', which alone is %d: the signs "
                            "cannot be told",
                            (int)ids->data[i], (int)w->how->good);
        lem_status st = read_at(w, i - 1);
        if (st) return st;
        found++;
    }
    return found == n ? LEM_OK
                      : lem_fail(w->err, LEM_EDATA, "the chat template shows %d of %d replies", found, n);
}

/* One user turn for each piece, the problem before the first, each answered by '+': as at inference in
 * RLHFlow (recipe.md 5.4). */
static lem_status sign_turns(work *w, const lem_step *step, int n) {
    lem_status st = LEM_OK;
    uint8_t *mask = NULL;
    lem_buf text = {0};
    size_t *start = lem_alloc((size_t)n, sizeof *start, w->err);
    lem_message *m = lem_alloc(2 * (size_t)n + 1, sizeof *m, w->err);
    if (!m || !start) LEM_TRY(LEM_EMEM);
    for (int i = 0; i < n; i++) {
        start[i] = text.len;
        if (i == 0 && *w->problem) {
            lem_buf_puts(&text, w->problem);
            lem_buf_putc(&text, ' ');
        }
        lem_buf_add(&text, step[i].text, step[i].len);
        lem_buf_putc(&text, '\0');
    }
    LEM_TRY(lem_buf_ok(&text, w->err));
    bool system = w->how->system != NULL;
    m[0] = (lem_message){"system", w->how->system};
    for (int i = 0; i < n; i++) {
        m[2 * i + 1] = (lem_message){"user", lem_buf_str(&text) + start[i]};
        m[2 * i + 2] = (lem_message){"assistant", "+"};
    }
    LEM_TRY(lem_chat_encode(w->t, system ? m : m + 1, 2 * (size_t)n + system, false, &w->out->ids, &mask,
                            w->err));
    LEM_TRY(read_before_signs(w, mask, n));
done:
    lem_free(start);
    lem_free(m);
    lem_free(mask);
    lem_buf_release(&text);
    return st;
}

/* One text. Tags are known by their id; the problem may hold some too, so the last n count. */
static lem_status tagged_text(work *w) {
    lem_status st = LEM_OK;
    lem_buf b = {0};
    lem_ids *ids = &w->out->ids;
    int n = w->steps.n;
    lem_buf_puts(&b, w->problem);
    for (int i = 0; i < w->steps.n; i++) {
        const lem_step *p = &w->steps.at[i];
        lem_buf_puts(&b, i ? "\n" : " ");
        if (p->len < 5 || memcmp(p->text, "Step ", 5) != 0) lem_buf_printf(&b, "Step %d: ", i + 1);
        lem_buf_add(&b, p->text, p->len);
        lem_buf_printf(&b, " %s", tag_text);
    }
    LEM_TRY(lem_buf_ok(&b, w->err));
    LEM_TRY(lem_tokenizer_encode_single(w->t, lem_buf_str(&b), b.len, false, ids, w->err));
    for (int i = 0; i < n; i++) LEM_TRY(read_at(w, 0));
    for (size_t i = ids->len; i-- > 0 && n > 0;)
        if (ids->data[i] == w->how->tag) w->out->at[--n] = (int)i;
    if (n > 0)
        LEM_TRY(lem_fail(w->err, LEM_EDATA,
                         "%d of %d step tags are no tokens of their own in the rendered text", n,
                         w->steps.n));
done:
    lem_buf_release(&b);
    return st;
}

lem_status lem_prompt_beginning(const lem_prompt_recipe *how, const lem_tokenizer *t, const char *problem,
                                lem_ids *ids, lem_err *err) {
    lem_buf text = {0};
    lem_status st;
    LEM_TRY(lem_prompt_problem_text(problem, how->suffix, &text, &problem, err));
    LEM_TRY(lem_chat_prompt(t, how->system, problem, ids, err));
done:
    lem_buf_release(&text);
    return st;
}

lem_status lem_prompt_reply(const lem_prompt_recipe *how, const lem_tokenizer *t, const char *solution,
                            size_t len, lem_ids *ids, lem_err *err) {
    (void)how; /* a reply has neither system text nor suffix */
    return lem_chat_reply(t, solution, len, ids, err);
}

/* w->problem has its suffix already. */
static lem_status reply_end(work *w, const char *solution, size_t len) {
    lem_status st = lem_chat_prompt(w->t, w->how->system, w->problem, &w->out->ids, w->err);
    if (st == LEM_OK) st = lem_prompt_reply(w->how, w->t, solution, len, &w->out->ids, w->err);
    return st == LEM_OK ? read_at(w, w->out->ids.len - 1) : st;
}

static lem_status render(work *w, const char *solution, size_t len) {
    switch (w->how->form) {
    case LEM_PROMPT_REPLY_END: return reply_end(w, solution, len);
    case LEM_PROMPT_STEP_TOKEN: return tagged_reply(w);
    case LEM_PROMPT_STEP_LINE:
    case LEM_PROMPT_STEP_TEXT: return plain_steps(w);
    case LEM_PROMPT_STEP_TURNS: return sign_turns(w, w->steps.at, w->steps.n);
    case LEM_PROMPT_WHOLE_TURN: return sign_turns(w, &(lem_step){solution, strlen(solution), 0}, 1);
    case LEM_PROMPT_STEP_TAGS: return tagged_text(w);
    default: return conversation(w, solution);
    }
}

/* Steps are there, or the form has none. */
static lem_status finish(work *w, const char *solution, size_t len) {
    lem_buf text = {0};
    lem_status st = LEM_OK;
    LEM_TRY(lem_prompt_problem_text(w->problem, w->how->suffix, &text, &w->problem, w->err));
    LEM_TRY(render(w, solution, len));
    if (w->out->ids.len > INT32_MAX) st = lem_fail(w->err, LEM_EDATA, "a solution of more than 2^31 tokens");
done:
    lem_buf_release(&text);
    return st;
}

lem_status lem_prompt_solution(const lem_prompt_recipe *how, const lem_tokenizer *t, const char *problem,
                               const char *solution, size_t len, lem_rendering *out, lem_err *err) {
    work w = {.how = how, .t = t, .problem = problem, .out = out, .err = err};
    lem_status st = LEM_OK;
    bool steps = lem_prompt_form_has_steps(how->form);
    w.steps.keep_empty = how->keep_empty;
    out->ids.len = 0;
    out->n_at = 0;
    if (steps) LEM_TRY(split(&w, solution));
    if (!steps || w.steps.n > 0) st = finish(&w, solution, len);
done:
    lem_step_list_release(&w.steps);
    return st;
}

lem_status lem_prompt_steps(const lem_prompt_recipe *how, const lem_tokenizer *t, const char *problem,
                            const lem_step *steps, int n, lem_rendering *out, lem_err *err) {
    work w = {.how = how, .t = t, .problem = problem, .out = out, .err = err};
    lem_status st = LEM_OK;
    out->ids.len = 0;
    out->n_at = 0;
    if (!lem_prompt_form_has_steps(how->form))
        return lem_fail(err, LEM_EUSAGE, "the form %s has no steps", lem_prompt_form_name(how->form));
    for (int i = 0; i < n; i++)
        LEM_TRY(lem_step_list_add(&w.steps, steps[i].text, steps[i].text + steps[i].len, 0, err));
    if (w.steps.n > 0) st = finish(&w, "", 0);
done:
    lem_step_list_release(&w.steps);
    return st;
}
