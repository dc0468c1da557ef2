/* lists.c - response lists to token ids for ranking */
#include "core/jsonl.h"
#include "core/mem.h"
#include "data/dataset.h"
#include "prompt/chat.h"

#include <string.h>

void lem_lists_release(lem_lists *l) {
    lem_free(l->ids);
    lem_free(l->list);
    lem_free(l->response);
    *l = (lem_lists){0};
}

lem_status lem_reward_prompt(const lem_tokenizer *t, const char *system, const char *problem, lem_ids *out,
                             lem_err *err) {
    return lem_chat_prompt(t, system && *system ? system : NULL, problem, out, err);
}

lem_status lem_reward_response(const lem_tokenizer *t, const char *response, size_t len, lem_ids *out,
                               lem_err *err) {
    return lem_chat_reply(t, response, len, out, err);
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
    memcpy(l->ids + l->n_ids, ids->data, ids->len * sizeof *ids->data);
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

static bool label_of(const lem_json *v, uint8_t *out) {
    if (lem_json_kind(v) == LEM_JSON_BOOL) *out = lem_json_bool(v, false);
    else if (lem_json_kind(v) == LEM_JSON_INT && (lem_json_int(v, -1) == 0 || lem_json_int(v, -1) == 1))
        *out = (uint8_t)lem_json_int(v, 0);
    else return false;
    return true;
}

typedef struct builder {
    lem_lists *l;
    const lem_tokenizer *t;
    const char *system;
    int max_len;
    lem_ids ids;
} builder;

/* *kept = false when a response is too long or one class is missing. */
static lem_status add_row(builder *b, const lem_json *row, bool *kept, bool *too_long, lem_err *err) {
    const lem_json *problem = lem_json_get(row, "problem"), *responses = lem_json_get(row, "responses"),
                   *labels = lem_json_get(row, "labels");
    size_t n = lem_json_count(responses);
    if (lem_json_kind(problem) != LEM_JSON_STRING || lem_json_kind(responses) != LEM_JSON_ARRAY ||
        lem_json_kind(labels) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EDATA,
                        "a response list needs 'problem' (text), 'responses' and 'labels' (lists)");
    if (n != lem_json_count(labels))
        return lem_fail(err, LEM_EDATA, "%zu responses but %zu labels", n, lem_json_count(labels));
    lem_lists *l = b->l;
    lem_status st = grow(l, n, err);
    uint64_t ids0 = l->n_ids, responses0 = l->n_responses;
    struct lem_list_item it = {0, 0, (int)l->n_responses, (int)n};
    int seen[2] = {0, 0};
    *kept = *too_long = false;
    b->ids.len = 0;
    if (st == LEM_OK) st = lem_reward_prompt(b->t, b->system, lem_json_str(problem, ""), &b->ids, err);
    if (st == LEM_OK) st = add_ids(l, &b->ids, &it.at, err);
    it.prompt = (int)b->ids.len;
    for (size_t i = 0; st == LEM_OK && i < n; i++) {
        const lem_json *r = lem_json_at(responses, i);
        struct lem_list_response p = {0, 0, 0};
        if (lem_json_kind(r) != LEM_JSON_STRING)
            return lem_fail(err, LEM_EDATA, "responses[%zu]: text expected, %s found", i,
                            lem_json_kind_name(r));
        if (!label_of(lem_json_at(labels, i), &p.label))
            return lem_fail(err, LEM_EDATA, "labels[%zu]: 0 or 1 expected", i);
        b->ids.len = 0;
        st = lem_reward_response(b->t, lem_json_str(r, ""), lem_json_str_len(r), &b->ids, err);
        if (st == LEM_OK) st = add_ids(l, &b->ids, &p.at, err);
        p.len = (int)b->ids.len;
        if (it.prompt + p.len > b->max_len) *too_long = true;
        seen[p.label] = 1;
        if (st == LEM_OK) l->response[l->n_responses++] = p;
    }
    if (st) return st;
    *kept = seen[0] && seen[1] && !*too_long;
    if (*kept) l->list[l->n++] = it;
    else {
        l->n_ids = ids0;
        l->n_responses = responses0;
    }
    return LEM_OK;
}

lem_status lem_lists_load(lem_lists *l, const char *path, const lem_tokenizer *t, const char *system,
                          int max_len, int64_t limit, lem_drop_counts *drops, lem_log *log, lem_err *err) {
    lem_rows *rows = NULL;
    builder b = {l, t, system, max_len, {0}};
    lem_status st = lem_rows_open(path, &rows, err);
    while (st == LEM_OK && limit != 0) {
        lem_json *row = NULL;
        st = lem_rows_next(rows, &row, err);
        if (st || !row) break;
        if (limit > 0) limit--;
        bool kept = false, too_long = false;
        unsigned long long line = lem_rows_number(rows);
        drops->rows++;
        st = add_row(&b, row, &kept, &too_long, err);
        if (st) lem_err_context(err, "%s:%llu", path, line);
        else if (kept) drops->kept++;
        else if (too_long) {
            if (drops->too_long++ < 3)
                lem_warn(log, "%s:%llu: left out: a response is longer than --max-len %d", path, line,
                         max_len);
        } else if (drops->filtered++ < 3)
            lem_warn(log, "%s:%llu: left out: the list has not both right and wrong responses", path, line);
        lem_json_free(row);
    }
    lem_ids_release(&b.ids);
    lem_rows_close(rows);
    return st;
}
