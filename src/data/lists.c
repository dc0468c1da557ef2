/* lists.c - response lists to token ids for ranking */
#include "core/hash.h"
#include "core/mem.h"
#include "data/dataset.h"
#include "data/list_rows.h"
#include "data/rows.h"

#include <math.h>
#include <string.h>

void lem_lists_release(lem_lists *l) {
    lem_free(l->ids);
    lem_free(l->list);
    lem_free(l->response);
    *l = (lem_lists){0};
}

static lem_status add_ids(lem_lists *l, const lem_ids *ids, uint64_t *at, lem_err *err) {
    if (l->n_ids + ids->len > l->cap_ids) {
        uint64_t cap = l->cap_ids ? l->cap_ids * 2 : 4096;
        while (cap < l->n_ids + ids->len) cap *= 2;
        int32_t *p = lem_realloc(l->ids, cap, sizeof *p, err);
        if (!p) return LEM_EMEM;
        l->ids = p;
        l->cap_ids = cap;
    }
    *at = l->n_ids;
    if (ids->len) memcpy(l->ids + l->n_ids, ids->data, ids->len * sizeof *ids->data);
    l->n_ids += ids->len;
    return LEM_OK;
}

static lem_status grow(lem_lists *l, uint64_t responses, lem_err *err) {
    if (l->n + 1 > l->cap_n) {
        uint64_t cap = l->cap_n ? l->cap_n * 2 : 256;
        void *p = lem_realloc(l->list, cap, sizeof *l->list, err);
        if (!p) return LEM_EMEM;
        l->list = p;
        l->cap_n = cap;
    }
    if (l->n_responses + responses > l->cap_responses) {
        uint64_t cap = l->cap_responses ? l->cap_responses * 2 : 1024;
        while (cap < l->n_responses + responses) cap *= 2;
        void *p = lem_realloc(l->response, cap, sizeof *l->response, err);
        if (!p) return LEM_EMEM;
        l->response = p;
        l->cap_responses = cap;
    }
    return LEM_OK;
}

/* 0, 1, false or true; with soft also what lies between. */
static bool label_of(const lem_json *v, bool soft, float *out) {
    double x = lem_json_kind(v) == LEM_JSON_BOOL ? lem_json_bool(v, false) : lem_json_num(v, -1);
    if (!(x == 0 || x == 1 || (soft && x > 0 && x < 1))) return false;
    *out = (float)x;
    return true;
}

typedef struct builder {
    lem_lists *l;
    const lem_tokenizer *t;
    const lem_lists_how *how;
    lem_ids prompt, reply;
    lem_rendering whole;
    bool seen[2]; /* labels of the row */
    bool too_long;
} builder;

/* A column that may be missing has a value for each response. */
static lem_status check_column(const lem_json *row, const char *name, lem_err *err) {
    const lem_json *list = lem_json_get(row, name);
    size_t n = lem_json_count(lem_json_get(row, "responses"));
    if (!list || lem_json_count(list) == n) return LEM_OK;
    return lem_fail(err, LEM_EDATA, "%zu responses but %zu %s", n, lem_json_count(list), name);
}

static lem_status check_row(const lem_json *row, lem_err *err) {
    const lem_json *responses = lem_json_get(row, "responses"), *labels = lem_json_get(row, "labels");
    if (lem_json_kind(lem_json_get(row, "problem")) != LEM_JSON_STRING ||
        lem_json_kind(responses) != LEM_JSON_ARRAY || lem_json_kind(labels) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EDATA,
                        "a response list needs 'problem' (text), 'responses' and 'labels' (lists)");
    if (lem_json_count(responses) != lem_json_count(labels))
        return lem_fail(err, LEM_EDATA, "%zu responses but %zu labels", lem_json_count(responses),
                        lem_json_count(labels));
    lem_status st = check_column(row, "weights", err);
    return st ? st : check_column(row, "finish_reason", err);
}

/* Whether a response was cut off: 1, 0, or -1 where nothing says so. */
static int8_t cut_of(const lem_json *finish_reason) {
    const char *s = lem_json_str(finish_reason, NULL);
    if (!s) return -1;
    return strcmp(s, "length") == 0;
}

/* Label and weight of response i, and how it ended. */
static lem_status read_numbers(const builder *b, const lem_json *row, size_t i, struct lem_list_response *p,
                               lem_err *err) {
    const lem_json *weights = lem_json_get(row, "weights");
    double w = weights ? lem_json_num(lem_json_at(weights, i), -1) : 1;
    if (!label_of(lem_json_at(lem_json_get(row, "labels"), i), b->how->soft, &p->soft))
        return lem_fail(err, LEM_EDATA, "labels[%zu]: 0 or 1 expected", i);
    if (!(w >= 0 && w <= 1e9)) return lem_fail(err, LEM_EDATA, "weights[%zu]: 0 to 1e9 expected", i);
    p->label = p->soft >= 0.5f;
    p->weight = (float)w;
    p->cut = cut_of(lem_json_at(lem_json_get(row, "finish_reason"), i));
    return LEM_OK;
}

/* What response r adds behind the prompt. In the form WHOLE_TURN that is all of it, as yet. */
static lem_status render(builder *b, const lem_json *problem, const lem_json *r, lem_err *err) {
    const char *text = lem_json_str(r, "");
    size_t len = lem_json_str_len(r);
    lem_status st;
    b->reply.len = 0;
    if (b->how->recipe->form != LEM_PROMPT_WHOLE_TURN)
        return lem_prompt_reply(b->how->recipe, b->t, text, len, &b->reply, err);
    LEM_TRY(lem_prompt_solution(b->how->recipe, b->t, lem_json_str(problem, ""), text, len, &b->whole, err));
    for (int i = 0; b->whole.n_at == 1 && i <= b->whole.at[0]; i++)
        LEM_TRY(lem_ids_push(&b->reply, b->whole.ids.data[i], err));
done:
    return st;
}

static lem_status add_response(builder *b, const lem_json *row, size_t i, lem_err *err) {
    lem_lists *l = b->l;
    const lem_json *r = lem_json_at(lem_json_get(row, "responses"), i);
    struct lem_list_response p = {0};
    lem_status st = LEM_OK;
    if (lem_json_kind(r) != LEM_JSON_STRING)
        return lem_fail(err, LEM_EDATA, "responses[%zu]: text expected, %s found", i, lem_json_kind_name(r));
    LEM_TRY(read_numbers(b, row, i, &p, err));
    LEM_TRY(render(b, lem_json_get(row, "problem"), r, err));
    if (b->reply.len == 0)
        LEM_TRY(lem_fail(err, LEM_EDATA, "responses[%zu]: the chat template makes no token of it", i));
    LEM_TRY(add_ids(l, &b->reply, &p.at, err));
    p.len = (int)b->reply.len;
    if (b->prompt.len + b->reply.len > (size_t)b->how->max_len) b->too_long = true;
    b->seen[p.label] = true;
    l->response[l->n_responses++] = p;
done:
    return st;
}

/* Makes what all responses of a list begin with its prompt; each keeps at least its last token. */
static void share_beginning(lem_lists *l, struct lem_list_item *it) {
    struct lem_list_response *r = &l->response[it->first];
    int n = it->n ? r[0].len - 1 : 0;
    for (int k = 1; k < it->n; k++) {
        int same = 0;
        while (same < n && same < r[k].len - 1 &&
               l->ids[r[0].at + (uint64_t)same] == l->ids[r[k].at + (uint64_t)same])
            same++;
        n = same;
    }
    if (it->n) it->at = r[0].at;
    it->prompt = n;
    for (int k = 0; k < it->n; k++) {
        r[k].at += (uint64_t)n;
        r[k].len -= n;
    }
}

/* *kept = false when a response is too long (b->too_long) or one class is missing. */
static lem_status add_row(builder *b, const lem_json *row, bool *kept, lem_err *err) {
    const lem_json *problem = lem_json_get(row, "problem");
    lem_lists *l = b->l;
    uint64_t ids0 = l->n_ids, responses0 = l->n_responses;
    size_t n = lem_json_count(lem_json_get(row, "responses"));
    struct lem_list_item it = {.first = (int)l->n_responses, .n = (int)n};
    bool whole = b->how->recipe->form == LEM_PROMPT_WHOLE_TURN;
    lem_status st;
    b->seen[0] = b->seen[1] = b->too_long = false;
    b->prompt.len = 0;
    LEM_TRY(check_row(row, err));
    LEM_TRY(grow(l, n, err));
    it.problem = lem_hash64(lem_json_str(problem, ""), lem_json_str_len(problem), 0);
    if (!whole) {
        LEM_TRY(lem_prompt_beginning(b->how->recipe, b->t, lem_json_str(problem, ""), &b->prompt, err));
        LEM_TRY(add_ids(l, &b->prompt, &it.at, err));
        it.prompt = (int)b->prompt.len;
    }
    for (size_t i = 0; i < n; i++) LEM_TRY(add_response(b, row, i, err));
    if (whole) share_beginning(l, &it);
    *kept = b->seen[0] && b->seen[1] && !b->too_long;
    if (*kept) l->list[l->n++] = it;
done:
    if (!*kept) {
        l->n_ids = ids0;
        l->n_responses = responses0;
    }
    return st;
}

static void count(const builder *b, bool kept, const char *path, unsigned long long line,
                  lem_drop_counts *drops, lem_log *log) {
    drops->rows++;
    if (kept) drops->kept++;
    else if (b->too_long) {
        if (drops->too_long++ < 3)
            lem_warn(log, "%s:%llu: left out: a response is longer than --max-len %d", path, line,
                     b->how->max_len);
    } else {
        drops->all_right += b->seen[1];
        drops->all_wrong += b->seen[0];
        if (drops->filtered++ < 3)
            lem_warn(log, "%s:%llu: left out: the list has not both right and wrong responses", path, line);
    }
}

lem_status lem_lists_load(lem_lists *l, const char *path, const lem_tokenizer *t, const lem_lists_how *how,
                          lem_drop_counts *drops, lem_log *log, lem_err *err) {
    lem_list_rows *rows = NULL;
    builder b = {.l = l, .t = t, .how = how};
    int64_t left = how->limit;
    const lem_list_rows_opts o = {.cancel = how->cancel, .log = log, .limit = -1, .judge = how->judge};
    lem_status st = lem_list_rows_open_as(path, &o, &rows, err);
    while (st == LEM_OK && left != 0) {
        lem_json *row = NULL;
        uint64_t line = 0;
        st = lem_data_cancelled(how->cancel, err);
        if (st == LEM_OK) st = lem_list_rows_next(rows, &row, &line, err);
        if (st || !row) break;
        if (left > 0) left--;
        bool kept = false;
        st = add_row(&b, row, &kept, err);
        if (st == LEM_OK) count(&b, kept, path, line, drops, log);
        else st = lem_list_rows_failed(rows, line, st, err);
        if (st) lem_err_context(err, "%s:%llu", path, (unsigned long long)line);
        lem_json_free(row);
    }
    lem_ids_release(&b.prompt);
    lem_ids_release(&b.reply);
    lem_rendering_release(&b.whole);
    if (rows) drops->read += lem_list_rows_read(rows);
    lem_list_rows_close(rows);
    return st;
}
