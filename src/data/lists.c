/* lists.c - response lists to token ids for ranking */
#include "core/mem.h"
#include "data/rows_priv.h"
#include "data/dataset.h"

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
    const lem_lists_how *how;
    lem_ids prompt, reply;
    bool seen[2]; /* labels of the row */
    bool too_long;
} builder;

static lem_status check_row(const lem_json *row, lem_err *err) {
    const lem_json *responses = lem_json_get(row, "responses"), *labels = lem_json_get(row, "labels");
    if (lem_json_kind(lem_json_get(row, "problem")) != LEM_JSON_STRING ||
        lem_json_kind(responses) != LEM_JSON_ARRAY || lem_json_kind(labels) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EDATA,
                        "a response list needs 'problem' (text), 'responses' and 'labels' (lists)");
    if (lem_json_count(responses) != lem_json_count(labels))
        return lem_fail(err, LEM_EDATA, "%zu responses but %zu labels", lem_json_count(responses),
                        lem_json_count(labels));
    return LEM_OK;
}

static lem_status add_response(builder *b, const lem_json *response, uint8_t label, lem_err *err) {
    lem_lists *l = b->l;
    struct lem_list_response p = {0, 0, label};
    b->reply.len = 0;
    lem_status st = lem_prompt_reply(b->how->recipe, b->t, lem_json_str(response, ""),
                                     lem_json_str_len(response), &b->reply, err);
    if (st == LEM_OK) st = add_ids(l, &b->reply, &p.at, err);
    if (st) return st;
    p.len = (int)b->reply.len;
    if (b->prompt.len + b->reply.len > (size_t)b->how->max_len) b->too_long = true;
    b->seen[label] = true;
    l->response[l->n_responses++] = p;
    return LEM_OK;
}

/* *kept = false when a response is too long (b->too_long) or one class is missing. */
static lem_status add_row(builder *b, const lem_json *row, bool *kept, lem_err *err) {
    const lem_json *responses = lem_json_get(row, "responses"), *labels = lem_json_get(row, "labels");
    const char *problem = lem_json_str(lem_json_get(row, "problem"), "");
    lem_lists *l = b->l;
    uint64_t ids0 = l->n_ids, responses0 = l->n_responses;
    size_t n = lem_json_count(responses);
    struct lem_list_item it = {0, 0, (int)l->n_responses, (int)n};
    lem_status st;
    b->seen[0] = b->seen[1] = b->too_long = false;
    b->prompt.len = 0;
    LEM_TRY(check_row(row, err));
    LEM_TRY(grow(l, n, err));
    LEM_TRY(lem_prompt_beginning(b->how->recipe, b->t, problem, &b->prompt, err));
    LEM_TRY(add_ids(l, &b->prompt, &it.at, err));
    it.prompt = (int)b->prompt.len;
    for (size_t i = 0; i < n; i++) {
        const lem_json *r = lem_json_at(responses, i);
        uint8_t label = 0;
        if (lem_json_kind(r) != LEM_JSON_STRING)
            return lem_fail(err, LEM_EDATA, "responses[%zu]: text expected, %s found", i,
                            lem_json_kind_name(r));
        if (!label_of(lem_json_at(labels, i), &label))
            return lem_fail(err, LEM_EDATA, "labels[%zu]: 0 or 1 expected", i);
        LEM_TRY(add_response(b, r, label, err));
    }
    *kept = b->seen[0] && b->seen[1] && !b->too_long;
    if (*kept) l->list[l->n++] = it;
    else {
        l->n_ids = ids0;
        l->n_responses = responses0;
    }
done:
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
    } else if (drops->filtered++ < 3)
        lem_warn(log, "%s:%llu: left out: the list has not both right and wrong responses", path, line);
}

lem_status lem_lists_load(lem_lists *l, const char *path, const lem_tokenizer *t, const lem_lists_how *how,
                          lem_drop_counts *drops, lem_log *log, lem_err *err) {
    lem_rowset *rows = NULL;
    builder b = {.l = l, .t = t, .how = how};
    int64_t left = how->limit;
    lem_status st = lem_data_rows_open(path, how->cancel, &rows, err);
    while (st == LEM_OK && left != 0) {
        lem_json *row = NULL;
        st = lem_data_cancelled(how->cancel, err);
        if (st == LEM_OK) st = lem_rowset_next(rows, &row, err);
        if (st || !row) break;
        if (left > 0) left--;
        bool kept = false;
        st = add_row(&b, row, &kept, err);
        unsigned long long line = lem_rowset_number(rows);
        if (st) lem_err_context(err, "%s:%llu", path, line);
        else count(&b, kept, path, line, drops, log);
        lem_json_free(row);
    }
    lem_ids_release(&b.prompt);
    lem_ids_release(&b.reply);
    lem_rowset_close(rows);
    return st;
}
