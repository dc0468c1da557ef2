/* replies.c - rows with judged replies as a prompt and its replies */
#include "data/replies.h"

#include "data/pairs_priv.h"

#include <string.h>

/* ---- one reply a row ---- */

static lem_status take_unpaired(const lem_json *row, lem_replies *r, lem_err *err) {
    lem_turns *turns = NULL;
    double label = 0;
    lem_status st = LEM_OK;
    LEM_TRY(lem_reply_label(lem_json_get(row, "label"), false, "label", &label, err));
    LEM_TRY(lem_turns_read_system(&r->prompt, row, err));
    LEM_TRY(lem_turns_add_side(&r->prompt, lem_json_get(row, "prompt"), "prompt", "user", err));
    LEM_TRY(lem_reply_add(r, label, &turns, err));
    st = lem_turns_add_side(turns, lem_json_get(row, "completion"), "completion", "assistant", err);
done:
    return st;
}

/* A conversation is its prompt up to the last turn of the user, and the reply behind that. */
static lem_status take_graded(const lem_json *row, lem_replies *r, lem_err *err) {
    char field[32] = "messages";
    const lem_json *list = lem_row_first(row, "message|messages|conversations", field);
    lem_turns *turns = NULL;
    double label = 0;
    int user = -1;
    lem_status st = LEM_OK;
    LEM_TRY(lem_turns_add_list(&r->prompt, list, field, err));
    for (int i = 0; i < r->prompt.n; i++) {
        if (!lem_turn_is(&r->prompt.at[i], "user")) continue;
        if (i && user == i - 1)
            LEM_TRY(lem_fail(err, LEM_EDATA, "%s[%d]: a second turn of the user in a row", field, i));
        user = i;
    }
    if (user < 0)
        LEM_TRY(lem_fail(err, LEM_EDATA, "%s: a turn of the user expected, role '%s' found", field,
                         r->prompt.n ? r->prompt.at[0].role : "none"));
    if (user + 1 == r->prompt.n || !lem_turn_is(&r->prompt.at[user + 1], "assistant"))
        LEM_TRY(lem_fail(err, LEM_EDATA, "%s: a turn of the user and a reply expected", field));
    LEM_TRY(lem_reply_label(lem_json_get(row, "label"), false, "label", &label, err));
    LEM_TRY(lem_reply_add(r, label, &turns, err));
    st = lem_turns_move(&r->prompt, user + 1, turns, err);
done:
    return st;
}

/* ---- several replies a row ---- */

static lem_status add_text(lem_replies *r, const lem_json *list, const char *field, size_t i, double label,
                           lem_err *err) {
    const lem_json *v = lem_json_at(list, i);
    lem_turns *turns = NULL;
    if (lem_json_kind(v) != LEM_JSON_STRING)
        return lem_fail(err, LEM_EDATA, "%s[%zu]: text expected, %s found", field, i, lem_json_kind_name(v));
    lem_status st = lem_reply_add(r, label, &turns, err);
    return st ? st : lem_turns_add_side(turns, v, field, "assistant", err);
}

static lem_status take_bench2(const lem_json *row, lem_replies *r, lem_err *err) {
    static const char *const names[] = {"chosen", "rejected"};
    lem_status st = lem_turns_add_side(&r->prompt, lem_json_get(row, "prompt"), "prompt", "user", err);
    for (int k = 0; st == LEM_OK && k < 2; k++) {
        const lem_json *list = lem_json_get(row, names[k]);
        if (lem_json_kind(list) != LEM_JSON_ARRAY)
            return lem_fail(err, LEM_EDATA, "%s: a list of texts expected", names[k]);
        for (size_t i = 0; st == LEM_OK && i < lem_json_count(list); i++)
            st = add_text(r, list, names[k], i, k == 0, err);
    }
    return st;
}

static lem_status take_lists(const lem_json *row, lem_replies *r, lem_err *err) {
    const lem_json *responses = lem_json_get(row, "responses"), *labels = lem_json_get(row, "labels");
    lem_status st = LEM_OK;
    if (lem_json_kind(responses) != LEM_JSON_ARRAY || lem_json_kind(labels) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EDATA, "responses and labels: lists expected");
    if (lem_json_count(responses) != lem_json_count(labels))
        return lem_fail(err, LEM_EDATA, "%zu responses but %zu labels", lem_json_count(responses),
                        lem_json_count(labels));
    LEM_TRY(lem_turns_read_system(&r->prompt, row, err));
    LEM_TRY(lem_turns_add_side(&r->prompt, lem_json_get(row, "problem"), "problem", "user", err));
    for (size_t i = 0; i < lem_json_count(responses); i++) {
        double label = 0;
        LEM_TRY(lem_reply_label(lem_json_at(labels, i), true, "labels", &label, err));
        LEM_TRY(add_text(r, responses, "responses", i, label, err));
    }
done:
    return st;
}

/* The lowest rank is right, the others are wrong. */
static lem_status label_ranks(const lem_json *list, lem_replies *r, lem_err *err) {
    double best = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < r->n; i++) {
            const lem_json *v = lem_json_get(lem_json_at(list, (size_t)i), "rank");
            double rank = lem_json_num(v, -1);
            if (!(rank >= 0))
                return lem_fail(err, LEM_EDATA, "completions[%d]: rank: a number from 0 expected", i);
            if (pass == 0 && (i == 0 || rank < best)) best = rank;
            if (pass == 1) r->at[i].label = rank <= best;
        }
    return LEM_OK;
}

static lem_status take_ranked(const lem_json *row, lem_replies *r, lem_err *err) {
    char field[32] = "context";
    const lem_json *prompt = lem_row_first(row, "context|prompt", field),
                   *list = lem_json_get(row, "completions");
    lem_status st = LEM_OK;
    if (lem_json_kind(list) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EDATA, "completions: a list expected");
    LEM_TRY(lem_turns_add_side(&r->prompt, prompt, field, "user", err));
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const lem_json *v = lem_json_get(lem_json_at(list, i), "completion");
        lem_turns *turns = NULL;
        LEM_TRY(lem_reply_add(r, 0, &turns, err));
        st = lem_turns_add_side(turns, v, "completion", "assistant", err);
        if (st == LEM_EDATA) lem_err_context(err, "completions[%zu]", i);
        if (st) goto done;
    }
    st = label_ranks(list, r, err);
done:
    return st;
}

lem_status lem_row_replies(const lem_json *row, lem_row_kind kind, lem_replies *r, lem_err *err) {
    lem_status st;
    lem_replies_release(r);
    switch (kind) {
    case LEM_ROW_PREFERENCE: st = lem_pair_read(row, r, err); break;
    case LEM_ROW_BENCH2: st = take_bench2(row, r, err); break;
    case LEM_ROW_LISTS: st = take_lists(row, r, err); break;
    case LEM_ROW_RANKED: st = take_ranked(row, r, err); break;
    case LEM_ROW_UNPAIRED: st = take_unpaired(row, r, err); break;
    case LEM_ROW_GRADED: st = take_graded(row, r, err); break;
    default: st = lem_fail(err, LEM_EDATA, "rows of kind %s have no judged replies", lem_row_kind_name(kind));
    }
    if (st == LEM_OK && r->prompt.n == 0) st = lem_fail(err, LEM_EDATA, "a row without a prompt");
    for (int i = 0; st == LEM_OK && i < r->n; i++)
        if (r->at[i].turns.n == 0) st = lem_fail(err, LEM_EDATA, "reply %d: nothing in it", i + 1);
    if (st == LEM_OK) lem_turns_untrain(&r->prompt);
    return st;
}
