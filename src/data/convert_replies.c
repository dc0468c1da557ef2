/* convert_replies.c - judged replies of one prompt as rows of any kind that judges replies, or as
 * conversations of the right ones */
#include "data/convert_priv.h"

#include <string.h>

static bool is_right(const lem_reply *r) { return r->label >= 0.5; }

static void count_rounded(const lem_converter *v, const lem_replies *r) {
    for (int i = 0; i < r->n; i++) v->c->rounded += r->at[i].label > 0 && r->at[i].label < 1;
}

/* Turns of a prompt, without the marks that its replies are not trained. */
static lem_json *prompt_messages(const lem_replies *r) {
    lem_json *list = lem_convert_messages(&r->prompt, 0, r->prompt.n);
    for (size_t i = 0; i < lem_json_count(list); i++) (void)lem_json_remove(lem_json_at(list, i), "weight");
    return list;
}

static lem_json *reply_messages(const lem_reply *r) { return lem_convert_messages(&r->turns, 0, r->turns.n); }

static lem_status write_pairs(const lem_converter *v, const lem_json *row, const lem_replies *r,
                              lem_err *err) {
    uint64_t before = v->c->written;
    lem_status st = LEM_OK;
    for (int i = 0; i < r->n; i++)
        for (int k = 0; st == LEM_OK && is_right(&r->at[i]) && k < r->n; k++) {
            if (is_right(&r->at[k])) continue;
            lem_object o = lem_convert_begin(row);
            lem_object_json(&o, "prompt", prompt_messages(r));
            lem_object_json(&o, "chosen", reply_messages(&r->at[i]));
            lem_object_json(&o, "rejected", reply_messages(&r->at[k]));
            st = lem_convert_emit(v, &o, err);
        }
    v->c->one_class += st == LEM_OK && v->c->written == before;
    return st;
}

static lem_json *ranked_of(const lem_replies *r) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && i < r->n; i++) {
        lem_object o = lem_object_new();
        lem_object_int(&o, "rank", is_right(&r->at[i]) ? 0 : 1);
        lem_object_json(&o, "completion", reply_messages(&r->at[i]));
        ok = lem_json_append(list, lem_object_done(&o));
    }
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

/* Without a right reply the best rank would be a wrong one's. */
static bool has_right(const lem_replies *r) {
    for (int i = 0; i < r->n; i++)
        if (is_right(&r->at[i])) return true;
    return false;
}

static lem_status write_ranked(const lem_converter *v, const lem_json *row, const lem_replies *r,
                               lem_err *err) {
    v->c->one_class += !has_right(r);
    if (!has_right(r)) return LEM_OK;
    lem_object o = lem_convert_begin(row);
    lem_object_json(&o, "context", prompt_messages(r));
    lem_object_json(&o, "completions", ranked_of(r));
    return lem_convert_emit(v, &o, err);
}

static lem_status write_each(const lem_converter *v, const lem_json *row, const lem_replies *r, bool message,
                             lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < r->n; i++) {
        lem_object o = lem_convert_begin(row);
        if (message) {
            lem_json *list = prompt_messages(r), *reply = reply_messages(&r->at[i]);
            for (size_t k = 0; list && k < lem_json_count(reply); k++)
                if (!lem_json_append(list, lem_json_share(lem_json_at(reply, k)))) o.failed = true;
            if (!reply) o.failed = true;
            lem_json_free(reply);
            lem_object_json(&o, "message", list);
            lem_object_int(&o, "label", is_right(&r->at[i]));
        } else {
            lem_object_json(&o, "prompt", prompt_messages(r));
            lem_object_json(&o, "completion", reply_messages(&r->at[i]));
            lem_object_bool(&o, "label", is_right(&r->at[i]));
        }
        st = lem_convert_emit(v, &o, err);
    }
    return st;
}

/* A list has one turn of the user, and replies of one turn. */
static bool is_plain(const lem_replies *r) {
    int first = r->prompt.n > 0 && lem_turn_is(&r->prompt.at[0], "system");
    bool ok = r->prompt.n == first + 1 && lem_turn_is(&r->prompt.at[first], "user");
    for (int i = 0; ok && i < r->n; i++)
        ok = r->at[i].turns.n == 1 && lem_turn_is(&r->at[i].turns.at[0], "assistant");
    return ok;
}

static lem_status write_list(const lem_converter *v, const lem_json *row, const lem_replies *r,
                             lem_err *err) {
    lem_object o = lem_convert_begin(row);
    lem_json *responses = lem_json_new_array(), *labels = lem_json_new_array();
    bool ok = responses && labels;
    for (int i = 0; ok && i < r->n; i++) {
        double x = r->at[i].label;
        ok = lem_json_append(responses, lem_json_new_str(r->at[i].turns.at[0].content)) &&
             lem_json_append(labels, x > 0 && x < 1 ? lem_json_new_num(x) : lem_json_new_int(x >= 1));
    }
    if (r->prompt.n == 2) lem_object_str(&o, "system", r->prompt.at[0].content);
    lem_object_str(&o, "problem", r->prompt.at[r->prompt.n - 1].content);
    lem_object_json(&o, "responses", responses);
    lem_object_json(&o, "labels", labels);
    if (!ok) o.failed = true;
    return lem_convert_emit(v, &o, err);
}

/* The conversation of each right reply. The row's replies are used up. */
static lem_status write_right(const lem_converter *v, const lem_json *row, lem_replies *r, lem_err *err) {
    lem_status st = LEM_OK;
    int n = r->prompt.n;
    v->c->one_class += !has_right(r);
    for (int i = 0; st == LEM_OK && i < r->n; i++) {
        if (!is_right(&r->at[i])) continue;
        st = lem_turns_move(&r->at[i].turns, 0, &r->prompt, err);
        if (st == LEM_OK) st = lem_convert_turns(v, row, &r->prompt, err);
        if (st == LEM_OK) st = lem_turns_move(&r->prompt, n, &r->at[i].turns, err);
        if (v->how->to == LEM_ROW_PROMPTS) break; /* the prompt once */
    }
    return st;
}

lem_status lem_convert_replies(const lem_converter *v, const lem_json *row, lem_replies *r, lem_err *err) {
    if (v->how->to != LEM_ROW_LISTS) count_rounded(v, r);
    switch (v->how->to) {
    case LEM_ROW_PREFERENCE: return write_pairs(v, row, r, err);
    case LEM_ROW_RANKED: return write_ranked(v, row, r, err);
    case LEM_ROW_UNPAIRED: return write_each(v, row, r, false, err);
    case LEM_ROW_GRADED: return write_each(v, row, r, true, err);
    case LEM_ROW_LISTS:
        if (is_plain(r)) return write_list(v, row, r, err);
        v->c->unfit++;
        return LEM_OK;
    default: return write_right(v, row, r, err);
    }
}
