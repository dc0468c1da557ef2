/* score_remote_texts.c - rows into candidates, and candidates into requests */
#include "cli/runtime.h"
#include "cli/score_input.h"
#include "cli/score_remote_priv.h"
#include "core/mem.h"
#include "eval/given_steps.h"
#include "prompt/chat.h"
#include "prompt/prompt.h"

#include <string.h>

static const char step_token[] = "<extra_0>"; /* of Qwen2.5-Math-PRM */

/* ---- rows ---- */

const char *lem_remote_file(const remote *r, size_t row) {
    while (row && !r->rows[row].file) row--;
    return r->rows[row].file ? r->rows[row].file : "";
}

static const lem_json *completion(const remote *r, const remote_text *t) {
    return lem_json_at(lem_json_get(r->rows[t->row].row, "completions"), (size_t)t->index);
}

static int64_t same_text(const remote *r, const remote_text *t, const char *text, size_t len) {
    for (size_t k = r->rows[t->row].first; k < r->n_texts; k++) {
        const lem_json *other = completion(r, &r->texts[k]);
        if (r->texts[k].same < 0 && lem_json_str_len(other) == len &&
            memcmp(lem_json_str(other, ""), text, len) == 0)
            return (int64_t)k;
    }
    return -1;
}

static lem_status add_text(remote *r, size_t row, int index, lem_err *err) {
    if (r->n_texts == r->cap_texts) {
        size_t cap = r->cap_texts ? 2 * r->cap_texts : 256;
        remote_text *p = lem_realloc(r->texts, cap, sizeof *p, err);
        if (!p) return LEM_EMEM;
        r->texts = p;
        r->cap_texts = cap;
    }
    remote_text t = {.row = row, .index = index};
    const lem_json *c = completion(r, &t);
    if (lem_json_kind(c) != LEM_JSON_STRING)
        return lem_fail(err, LEM_EDATA, "completions[%d]: text expected, %s found", index,
                        lem_json_kind_name(c));
    t.same = same_text(r, &t, lem_json_str(c, ""), lem_json_str_len(c));
    r->texts[r->n_texts++] = t;
    return LEM_OK;
}

/* Takes row. */
static lem_status add_row(remote *r, lem_json *row, const char *file, uint64_t line, lem_err *err) {
    if (r->n_rows == r->cap_rows) {
        size_t cap = r->cap_rows ? 2 * r->cap_rows : 64;
        remote_row *p = lem_realloc(r->rows, cap, sizeof *p, err);
        if (p) r->rows = p;
        if (p) r->cap_rows = cap;
    }
    if (r->n_rows == r->cap_rows) {
        lem_json_free(row);
        return LEM_EMEM;
    }
    const lem_json *list = lem_json_get(row, "completions");
    size_t at = r->n_rows++;
    r->rows[at] = (remote_row){.row = row,
                               .line = line,
                               .first = r->n_texts,
                               .n = lem_json_count(list),
                               .taken = lem_job_takes(r->file, at)};
    r->n_taken += r->rows[at].taken;
    lem_status st = LEM_OK;
    if (at == 0 || strcmp(lem_remote_file(r, at - 1), file) != 0)
        if (!(r->rows[at].file = lem_strdup(file, err))) return LEM_EMEM;
    if (r->rows[at].n > INT32_MAX) return lem_fail(err, LEM_EDATA, "too many completions");
    for (size_t i = 0; st == LEM_OK && i < r->rows[at].n; i++) st = add_text(r, at, (int)i, err);
    return st;
}

lem_status lem_remote_load(remote *r, lem_err *err) {
    lem_score_input in = {NULL};
    const lem_row_judge *judge = NULL;
    lem_status st = lem_bad_rows_begin(r->args, &r->bad, err);
    if (st == LEM_OK)
        st = lem_bad_rows_reader(&r->bad, LEM_BAD_ANY, r->args->words[0], NULL, r->cli->cancel, &judge, err);
    if (st == LEM_OK) st = lem_score_input_open(r->cli, r->args, judge, &in, err);
    for (int64_t left = r->cli->limit; st == LEM_OK && left != 0; left -= left > 0) {
        lem_json *row = NULL;
        st = lem_score_input_next(&in, &r->bad, &row, err);
        if (st || in.end) break;
        if (row) st = add_row(r, row, in.file, in.line, err);
        if (st) lem_err_context(err, "%s:%llu", in.file, (unsigned long long)in.line);
        if (st == LEM_OK) st = lem_cancel_check(r->cli->cancel, err);
    }
    lem_score_input_close(&in);
    if (st == LEM_OK) st = lem_bad_rows_end(&r->bad, r->cli, r->file, r->n_rows, err);
    if (st == LEM_OK && r->n_rows == 0) st = lem_fail(err, LEM_EDATA, "%s: no rows", r->args->words[0]);
    return st;
}

void lem_remote_release_rows(remote *r) {
    for (size_t i = 0; i < r->n_texts; i++) {
        lem_rendering_release(&r->texts[i].r);
        lem_free(r->texts[i].said);
    }
    for (size_t i = 0; i < r->n_rows; i++) {
        lem_json_free(r->rows[i].row);
        lem_free(r->rows[i].file);
    }
    lem_free(r->texts);
    lem_free(r->rows);
    lem_free(r->order);
    lem_free(r->items);
}

/* ---- a candidate as it is sent ---- */

/* Steps with their token behind each, as the model's card shows; "" where there is none. */
static lem_status put_steps(const lem_step *at, int n, remote_text *t, lem_err *err) {
    lem_buf b = {0};
    for (int i = 0; i < n; i++) {
        lem_buf_add(&b, at[i].text, at[i].len);
        lem_buf_puts(&b, step_token);
    }
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) t->n_at = n;
    if (st == LEM_OK && n) t->said = lem_buf_take(&b);
    lem_buf_release(&b);
    return st;
}

/* given: the steps as a benchmark gives them, NULL: the text is split. */
static lem_status mark_steps(const remote *r, const char *text, const lem_json *given, remote_text *t,
                             lem_err *err) {
    lem_step_list split = {0};
    lem_step *steps = NULL;
    int n = 0;
    lem_status st = given ? lem_given_steps_read(given, &steps, &n, err)
                          : lem_step_list_split(&split, text, r->recipe.separator, err);
    if (st == LEM_OK) st = given ? put_steps(steps, n, t, err) : put_steps(split.at, split.n, t, err);
    lem_free(steps);
    lem_step_list_release(&split);
    return st;
}

/* Token ids of a solution, by its steps where they are given. */
static lem_status make_ids(const remote *r, const char *problem, const lem_json *solution,
                           const lem_json *given, remote_text *t, lem_err *err) {
    lem_step *steps = NULL;
    int n = 0;
    if (!given)
        return lem_prompt_solution(&r->recipe, r->tok, problem, lem_json_str(solution, ""),
                                   lem_json_str_len(solution), &t->r, err);
    lem_status st = lem_given_steps_read(given, &steps, &n, err);
    if (st == LEM_OK) st = lem_prompt_steps(&r->recipe, r->tok, problem, steps, n, &t->r, err);
    lem_free(steps);
    return st;
}

static bool add_message(lem_json *list, const char *role, const char *content) {
    lem_json *m = lem_json_new_object();
    bool ok = m && lem_json_set(m, "role", lem_json_new_str(role)) &&
              lem_json_set(m, "content", lem_json_new_str(content));
    if (ok) return lem_json_append(list, m);
    lem_json_free(m);
    return false;
}

/* OpenRLHF trains on conversations that end with the end-of-text token, without line ends behind it. */
static lem_status end_text(const remote *r, lem_buf *text, lem_err *err) {
    size_t n = 0;
    int32_t eos = lem_tokenizer_eos(r->tok);
    const char *s = eos >= 0 ? lem_tokenizer_token_bytes(r->tok, eos, &n) : NULL;
    if (!s || r->shape.kind != LEM_HEAD_KIND_OPENRLHF) return LEM_OK;
    while (text->len && text->data[text->len - 1] == '\n') text->data[--text->len] = '\0';
    if (text->len < n || memcmp(text->data + text->len - n, s, n) != 0) lem_buf_add(text, s, n);
    return lem_buf_ok(text, err);
}

/* The conversation by the tokenizer's template, as text. */
static lem_status render_text(const remote *r, const char *question, const char *solution, remote_text *t,
                              lem_err *err) {
    lem_json *list = lem_json_new_array();
    lem_rendered rendered = {0};
    lem_ids ids = {0};
    bool ok = list != NULL;
    if (ok && r->recipe.system) ok = add_message(list, "system", r->recipe.system);
    ok = ok && add_message(list, "user", question) && add_message(list, "assistant", solution);
    lem_status st = ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory for a conversation");
    lem_chat_input in = {.messages = list};
    if (st == LEM_OK) st = lem_chat_encode_json(r->tok, &in, &ids, NULL, &rendered, err);
    if (st == LEM_OK) st = end_text(r, &rendered.text, err);
    if (st == LEM_OK && !(t->said = lem_strdup(lem_buf_str(&rendered.text), err))) st = LEM_EMEM;
    t->n_at = 1;
    lem_ids_release(&ids);
    lem_rendered_release(&rendered);
    lem_json_free(list);
    return st;
}

static const char *problem_of(const remote *r, const remote_text *t) {
    return lem_json_str(lem_json_get(r->rows[t->row].row, "problem"), "");
}

lem_status lem_remote_render(const remote *r, remote_text *t, lem_err *err) {
    const char *problem = problem_of(r, t), *question = NULL;
    const lem_json *c = completion(r, t);
    const char *solution = lem_json_str(c, "");
    bool process = lem_head_is_process(r->shape.kind);
    const lem_json *given = process ? lem_given_steps(r->rows[t->row].row, (size_t)t->index) : NULL;
    lem_buf b = {0};
    lem_status st = LEM_OK;
    lem_free(t->said);
    t->said = NULL;
    t->n_at = 1;
    if (r->request.input == LEM_REWARD_IDS) {
        st = make_ids(r, problem, c, given, t, err);
        t->n_at = t->r.n_at;
    } else if (r->request.input == LEM_REWARD_TEXT) {
        st = lem_prompt_problem_text(problem, r->recipe.suffix, &b, &question, err);
        if (st == LEM_OK) st = render_text(r, question, solution, t, err);
    } else if (r->request.steps) {
        st = mark_steps(r, solution, given, t, err);
    }
    lem_buf_release(&b);
    if (st)
        lem_err_context(err, "%s:%llu: completions[%d]", lem_remote_file(r, t->row),
                        (unsigned long long)r->rows[t->row].line, t->index);
    return st;
}

lem_reward_text lem_remote_view(const remote *r, const remote_text *t) {
    const char *solution = t->said ? t->said : lem_json_str(completion(r, t), "");
    lem_reward_text v = {.system = r->recipe.system,
                         .question = problem_of(r, t),
                         .solution = solution,
                         .text = solution,
                         .n_at = t->n_at};
    if (r->request.input == LEM_REWARD_IDS) {
        v.ids = t->r.ids.data;
        v.n_ids = t->r.ids.len;
        v.at = t->r.at;
    }
    return v;
}

/* ---- requests ---- */

static bool one_question(const remote *r) { return r->request.input == LEM_REWARD_PAIR; }

/* Those of a row that are sent, up to the batch, go together. */
static void add_batches(remote *r, const remote_row *row) {
    size_t most = r->request.input == LEM_REWARD_MESSAGES ? 1 : (size_t)r->batch;
    remote_item *open = NULL;
    for (size_t i = row->first; i < row->first + row->n; i++) {
        remote_text *t = &r->texts[i];
        if (t->same >= 0 || t->n_at == 0) continue;
        if (!open || (size_t)open->n == most) {
            open = &r->items[r->n_items++];
            *open = (remote_item){r->n_order, 0};
        }
        t->item = r->n_items - 1;
        t->slot = (size_t)open->n++;
        r->order[r->n_order++] = i;
    }
}

static void add_singles(remote *r) {
    r->n_batches = r->n_items;
    for (size_t b = 0; b < r->n_batches; b++) {
        const remote_item it = r->items[b];
        for (int k = 0; it.n > 1 && k < it.n; k++) {
            r->texts[r->order[it.first + (size_t)k]].alone = r->n_items;
            r->items[r->n_items++] = (remote_item){it.first + (size_t)k, 1};
        }
    }
}

/* The question of a pair with its suffix: of all texts of a request the same. */
static lem_status with_suffix(const remote *r, lem_reward_text *texts, int n, lem_buf *b, lem_err *err) {
    const char *question = NULL;
    bool needed = one_question(r) || r->request.input == LEM_REWARD_MESSAGES;
    if (!needed) return LEM_OK;
    lem_status st = lem_prompt_problem_text(texts[0].question, r->recipe.suffix, b, &question, err);
    for (int k = 0; st == LEM_OK && k < n; k++) texts[k].question = question;
    return st;
}

/* The texts of a request; *out is the caller's. */
static lem_status views(const remote *r, size_t item, lem_reward_text **out, int *n, lem_err *err) {
    const remote_item *it = &r->items[item];
    lem_reward_text *v = lem_alloc((size_t)it->n, sizeof *v, err);
    if (!v) return LEM_EMEM;
    for (int k = 0; k < it->n; k++) v[k] = lem_remote_view(r, &r->texts[r->order[it->first + (size_t)k]]);
    *out = v;
    *n = it->n;
    return LEM_OK;
}

static lem_status request_body(void *ctx, size_t item, lem_buf *out, lem_err *err) {
    const remote *r = ctx;
    lem_reward_text *v = NULL;
    lem_buf question = {0};
    int n = 0;
    lem_status st = views(r, item, &v, &n, err);
    if (st == LEM_OK) st = with_suffix(r, v, n, &question, err);
    if (st == LEM_OK) st = lem_reward_body(&r->request, v, n, out, err);
    lem_buf_release(&question);
    lem_free(v);
    return st;
}

static lem_status request_reply(void *ctx, size_t item, const char *body, size_t len, lem_json **record,
                                lem_err *err) {
    const remote *r = ctx;
    lem_reward_text *v = NULL;
    int n = 0;
    lem_status st = views(r, item, &v, &n, err);
    if (st == LEM_OK) st = lem_reward_reply(&r->request, v, n, body, len, record, err);
    lem_free(v);
    return st;
}

static lem_status render_all(remote *r, lem_err *err) {
    lem_progress *p = lem_progress_new(r->cli->log, "candidates", "texts", r->n_texts, 0);
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < r->n_texts; i++) {
        if (r->texts[i].same < 0) st = lem_remote_render(r, &r->texts[i], err);
        if (st == LEM_OK) st = lem_cancel_check(r->cli->cancel, err);
        lem_progress_add(p, 1);
    }
    lem_progress_free(p);
    return st;
}

static bool is_taken(const remote *r, size_t item) {
    return r->rows[r->texts[r->order[r->items[item].first]].row].taken;
}

lem_status lem_remote_plan_requests(remote *r, lem_err *err) {
    lem_status st = LEM_OK;
    LEM_TRY(render_all(r, err));
    r->order = lem_alloc(r->n_texts + 1, sizeof *r->order, err);
    r->items = lem_alloc(2 * r->n_texts + 1, sizeof *r->items, err);
    if (!r->order || !r->items) return LEM_EMEM;
    for (size_t i = 0; i < r->n_rows; i++) add_batches(r, &r->rows[i]);
    add_singles(r);
    r->form = (lem_teach_form){lem_reward_path(r->request.api), request_body, request_reply};
    r->o.form = &r->form;
    LEM_TRY(lem_teach_new(&r->o, r->n_items, &r->teach, err));
    for (size_t i = 0; i < r->n_items; i++) lem_teach_hold(r->teach, i);
    for (size_t b = 0; b < r->n_batches; b++) {
        if (!is_taken(r, b)) continue;
        lem_teach_release(r->teach, b);
        r->n_requests++;
        r->n_asked += (size_t)r->items[b].n;
    }
done:
    return st;
}

void lem_remote_split(remote *r, size_t *n) {
    *n = 0;
    for (size_t b = 0; b < r->n_batches; b++) {
        const remote_item *it = &r->items[b];
        if (it->n == 1 || !is_taken(r, b) || !lem_teach_refused(r->teach, b)) continue;
        r->counts.requests_split++;
        for (int k = 0; k < it->n; k++) {
            lem_teach_release(r->teach, r->texts[r->order[it->first + (size_t)k]].alone);
            (*n)++;
        }
    }
}
