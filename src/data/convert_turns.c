/* convert_turns.c - one conversation as a row of any kind of conversations */
#include "data/convert_priv.h"

#include <string.h>

static lem_json *message_of(const lem_turn *t) {
    lem_json *o = t->message ? lem_json_copy(t->message) : lem_json_new_object();
    lem_json *calls = lem_turn_tool_calls(t);
    bool ok = o && lem_json_set(o, "role", lem_json_new_str(t->role)) &&
              lem_json_set(o, "content", lem_json_new_str(calls ? "" : t->content));
    if (calls && ok) ok = lem_json_set(o, "tool_calls", lem_json_share(calls));
    lem_json_free(calls);
    if (ok && t->untrained) ok = lem_json_set(o, "weight", lem_json_new_int(0));
    if (ok) return o;
    lem_json_free(o);
    return NULL;
}

lem_json *lem_convert_messages(const lem_turns *t, int from, int to) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = from; ok && i < to; i++) ok = lem_json_append(list, message_of(&t->at[i]));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

/* The calls of a message as ShareGPT's text: one {"name", "arguments"}, or a list of them. Arguments that are
 * the text of JSON become that. */
static lem_json *called(const lem_json *calls) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < lem_json_count(calls); i++) {
        const lem_json *f = lem_json_get(lem_json_at(calls, i), "function"),
                       *a = lem_json_get(f, "arguments");
        lem_err ignored = LEM_ERR_INIT;
        lem_json *parsed = NULL;
        lem_object o = lem_object_new();
        if (lem_json_kind(a) == LEM_JSON_STRING)
            (void)!lem_json_parse(lem_json_str(a, ""), lem_json_str_len(a), &parsed, &ignored);
        lem_object_json(&o, "name", lem_json_copy(lem_json_get(f, "name")));
        lem_object_json(&o, "arguments", parsed ? parsed : lem_json_copy(a));
        ok = lem_json_append(list, lem_object_done(&o));
    }
    lem_json *one = ok && lem_json_count(list) == 1 ? lem_json_share(lem_json_at(list, 0)) : NULL;
    if (ok && !one) return list;
    lem_json_free(list);
    return one;
}

static lem_json *call_message(const lem_turn *t) {
    lem_json *calls = called(lem_json_get(t->message, "tool_calls"));
    lem_buf text = {0};
    lem_object o = lem_object_new();
    if (calls) lem_json_write(calls, 0, &text);
    lem_object_str(&o, "from", "function_call");
    lem_object_str(&o, "value", calls ? lem_buf_str(&text) : NULL);
    if (t->untrained) lem_object_int(&o, "weight", 0);
    lem_json_free(calls);
    lem_buf_release(&text);
    return lem_object_done(&o);
}

/* ShareGPT has a place for calls or text of a reply, and for no other column of a message. */
static bool fits_share(const lem_turn *t) {
    const lem_json *calls = lem_json_get(t->message, "tool_calls");
    if (!t->message || lem_turn_is(t, "tool")) return true;
    if (lem_json_kind(calls) != LEM_JSON_ARRAY || *t->content) return false;
    for (size_t i = 0; i < lem_json_count(calls); i++) {
        const lem_json *f = lem_json_get(lem_json_at(calls, i), "function");
        if (lem_json_kind(lem_json_get(f, "name")) != LEM_JSON_STRING || !lem_json_get(f, "arguments"))
            return false;
    }
    return lem_json_count(calls) > 0;
}

static lem_json *share_message(const lem_turn *t) {
    static const char *const names[][2] = {
        {"user", "human"}, {"assistant", "gpt"}, {"system", "system"}, {"tool", "observation"}};
    const char *from = t->role;
    if (t->message && lem_turn_is(t, "assistant")) return call_message(t);
    lem_object o = lem_object_new();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(t->role, names[i][0]) == 0) from = names[i][1];
    if (t->call) from = "function_call";
    lem_object_str(&o, "from", from);
    lem_object_str(&o, "value", t->content);
    if (t->untrained) lem_object_int(&o, "weight", 0);
    return lem_object_done(&o);
}

static lem_status write_share(const lem_converter *v, const lem_json *row, const lem_turns *t, lem_err *err) {
    lem_object o = lem_convert_begin(row);
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && i < t->n; i++) ok = lem_json_append(list, share_message(&t->at[i]));
    lem_object_json(&o, "conversations", list);
    if (!ok) o.failed = true;
    if (t->tools) {
        lem_buf text = {0};
        lem_json_write(t->tools, 0, &text);
        lem_object_str(&o, "tools", lem_buf_str(&text));
        lem_buf_release(&text);
    }
    return lem_convert_emit(v, &o, err);
}

static lem_status write_messages(const lem_converter *v, const lem_json *row, const lem_turns *t,
                                 lem_err *err) {
    lem_object o = lem_convert_begin(row);
    lem_object_json(&o, "messages", lem_convert_messages(t, 0, t->n));
    if (t->tools) lem_object_json(&o, "tools", lem_json_copy(t->tools));
    return lem_convert_emit(v, &o, err);
}

/* Where what follows the last turn of the user begins. */
static int behind_user(const lem_turns *t) {
    int n = t->n;
    while (n > 0 && !lem_turn_is(&t->at[n - 1], "user")) n--;
    return n;
}

static lem_status write_completion(const lem_converter *v, const lem_json *row, const lem_turns *t,
                                   lem_err *err) {
    int n = behind_user(t);
    lem_object o = lem_convert_begin(row);
    lem_json *prompt = lem_convert_messages(t, 0, n);
    for (size_t i = 0; i < lem_json_count(prompt); i++)
        (void)lem_json_remove(lem_json_at(prompt, i), "weight");
    lem_object_json(&o, "prompt", prompt);
    lem_object_json(&o, "completion", lem_convert_messages(t, n, t->n));
    if (t->tools) lem_object_json(&o, "tools", lem_json_copy(t->tools));
    return lem_convert_emit(v, &o, err);
}

/* Turns of user and assistant in alternation behind `first`, each plain text. */
static bool alternates(const lem_turns *t, int first) {
    if (t->n - first < 2 || (t->n - first) % 2 || t->tools) return false;
    for (int i = first; i < t->n; i++) {
        const char *role = (i - first) % 2 ? "assistant" : "user";
        if (!lem_turn_is(&t->at[i], role) || t->at[i].message || t->at[i].call) return false;
        if (t->at[i].untrained) return false;
    }
    return true;
}

static lem_json *history_of(const lem_turns *t, int first) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = first; ok && i + 2 < t->n; i += 2) {
        lem_json *pair = lem_json_new_array();
        ok = pair && lem_json_append(pair, lem_json_new_str(t->at[i].content)) &&
             lem_json_append(pair, lem_json_new_str(t->at[i + 1].content));
        if (ok) ok = lem_json_append(list, pair);
        else lem_json_free(pair);
    }
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_status write_alpaca(const lem_converter *v, const lem_json *row, const lem_turns *t, int first,
                               lem_err *err) {
    lem_object o = lem_convert_begin(row);
    lem_object_str(&o, "instruction", t->at[t->n - 2].content);
    lem_object_str(&o, "input", "");
    lem_object_str(&o, "output", t->at[t->n - 1].content);
    if (first) lem_object_str(&o, "system", t->at[0].content);
    if (t->n - first > 2) lem_object_json(&o, "history", history_of(t, first));
    return lem_convert_emit(v, &o, err);
}

static lem_status write_question(const lem_converter *v, const lem_json *row, const lem_turns *t, int first,
                                 lem_err *err) {
    lem_object o = lem_convert_begin(row);
    lem_object_str(&o, "question", t->at[first].content);
    lem_object_str(&o, "answer", t->at[first + 1].content);
    v->c->no_system += first > 0;
    return lem_convert_emit(v, &o, err);
}

static lem_status write_prompt(const lem_converter *v, const lem_json *row, const lem_turns *t, int first,
                               lem_err *err) {
    lem_object o = lem_convert_begin(row);
    lem_object_str(&o, "problem", t->at[first].content);
    v->c->no_system += first > 0;
    return lem_convert_emit(v, &o, err);
}

static lem_status unfit(const lem_converter *v) {
    v->c->unfit++;
    return LEM_OK;
}

lem_status lem_convert_turns(const lem_converter *v, const lem_json *row, const lem_turns *t, lem_err *err) {
    int first = t->n > 0 && lem_turn_is(&t->at[0], "system"), n = behind_user(t);
    switch (v->how->to) {
    case LEM_ROW_MESSAGES: return write_messages(v, row, t, err);
    case LEM_ROW_SHAREGPT:
        for (int i = 0; i < t->n; i++)
            if (!fits_share(&t->at[i])) return unfit(v);
        return write_share(v, row, t, err);
    case LEM_ROW_PROMPT_COMPLETION: return n > 0 && n < t->n ? write_completion(v, row, t, err) : unfit(v);
    case LEM_ROW_INSTRUCTION: return alternates(t, first) ? write_alpaca(v, row, t, first, err) : unfit(v);
    case LEM_ROW_QUESTION_ANSWER:
        return alternates(t, first) && t->n - first == 2 ? write_question(v, row, t, first, err) : unfit(v);
    default: return n == first + 1 ? write_prompt(v, row, t, first, err) : unfit(v);
    }
}
