/* turns.c - messages of rows, in the shapes of their makers, as turns */
#include "data/turns.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/object.h"

#include <string.h>

void lem_turns_release(lem_turns *t) {
    for (int i = 0; i < t->n; i++) lem_free(t->at[i].content);
    lem_free(t->at);
    lem_json_free(t->tools);
    *t = (lem_turns){0};
}

static lem_status grow(lem_turns *t, lem_err *err) {
    if (t->n < t->cap) return LEM_OK;
    int cap = t->cap ? t->cap * 2 : 8;
    lem_turn *at = lem_realloc(t->at, (size_t)cap, sizeof *at, err);
    if (!at) return LEM_EMEM;
    t->at = at;
    t->cap = cap;
    return LEM_OK;
}

lem_status lem_turns_push(lem_turns *t, const char *role, const char *content, lem_err *err) {
    lem_status st = grow(t, err);
    if (st) return st;
    char *copy = lem_strdup(content, err);
    if (!copy) return LEM_EMEM;
    t->at[t->n++] = (lem_turn){.role = role, .content = copy};
    return LEM_OK;
}

lem_status lem_turns_move(lem_turns *t, int from, lem_turns *out, lem_err *err) {
    lem_status st = LEM_OK;
    int i = from;
    for (; st == LEM_OK && i < t->n; i++) {
        st = grow(out, err);
        if (st == LEM_OK) out->at[out->n++] = t->at[i];
        else break;
    }
    for (int k = i; k < t->n; k++) lem_free(t->at[k].content);
    t->n = from;
    return st;
}

lem_status lem_row_text(const lem_json *v, const char *field, const char **out, lem_err *err) {
    if (lem_json_kind(v) != LEM_JSON_STRING)
        return lem_fail(err, LEM_EDATA, "field '%s': text expected, %s found", field,
                        v ? lem_json_kind_name(v) : "nothing");
    const char *s = lem_json_str(v, "");
    if (strlen(s) != lem_json_str_len(v)) return lem_fail(err, LEM_EDATA, "field '%s': a NUL in it", field);
    *out = s;
    return LEM_OK;
}

bool lem_turn_is(const lem_turn *t, const char *role) { return strcmp(t->role, role) == 0; }

bool lem_turns_equal(const lem_turn *a, const lem_turn *b) {
    return lem_turn_is(a, b->role) && strcmp(a->content, b->content) == 0;
}

void lem_turns_untrain(lem_turns *t) {
    for (int i = 0; i < t->n; i++)
        if (lem_turn_is(&t->at[i], "assistant")) t->at[i].untrained = true;
}

/* ---- one message ---- */

static const char *role_of(const char *from) {
    static const char *const roles[][2] = {
        {"user", "user"},           {"human", "user"},
        {"assistant", "assistant"}, {"gpt", "assistant"},
        {"chatgpt", "assistant"},   {"bard", "assistant"},
        {"model", "assistant"},     {"function_call", "assistant"},
        {"system", "system"},       {"developer", "system"},
        {"tool", "tool"},           {"observation", "tool"},
        {"ipython", "tool"},        {"function_response", "tool"},
    };
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (strcmp(from, roles[i][0]) == 0) return roles[i][1];
    return NULL;
}

/* The texts of a list of parts, one after another; other parts (images) are refused. */
static lem_status join_parts(const lem_json *parts, lem_buf *out, lem_err *err) {
    for (size_t i = 0; i < lem_json_count(parts); i++) {
        const lem_json *part = lem_json_at(parts, i), *type = lem_json_get(part, "type");
        const char *text;
        if (strcmp(lem_json_str(type, "text"), "text") != 0)
            return lem_fail(err, LEM_EDATA, "field 'content': a part of type '%.40s'; text alone is read",
                            lem_json_str(type, ""));
        lem_status st = lem_row_text(lem_json_get(part, "text"), "text", &text, err);
        if (st) return st;
        lem_buf_puts(out, text);
    }
    return lem_buf_ok(out, err);
}

static lem_status content_of(const lem_json *m, const char *key, lem_buf *out, lem_err *err) {
    const lem_json *v = lem_json_get(m, key);
    const char *text;
    if (lem_json_kind(v) == LEM_JSON_NULL && lem_json_count(lem_json_get(m, "tool_calls"))) return LEM_OK;
    if (lem_json_kind(v) == LEM_JSON_ARRAY) return join_parts(v, out, err);
    lem_status st = lem_row_text(v, key, &text, err);
    if (st) return st;
    lem_buf_puts(out, text);
    return lem_buf_ok(out, err);
}

static lem_status trained_of(const lem_json *m, bool *untrained, lem_err *err) {
    static const char *const keys[] = {"weight", "train", "training", "loss"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const lem_json *v = lem_json_get(m, keys[i]);
        if (lem_json_kind(v) == LEM_JSON_NULL) continue;
        double x = lem_json_num(v, lem_json_bool(v, false) ? 1 : -1);
        if (lem_json_kind(v) == LEM_JSON_BOOL && !lem_json_bool(v, true)) x = 0;
        if (!(x >= 0 && x <= 0) && !(x >= 1 && x <= 1))
            return lem_fail(err, LEM_EDATA, "field '%s': 0, 1, false or true expected", keys[i]);
        if (x < 0.5) *untrained = true;
    }
    return LEM_OK;
}

/* Does a message say more than role and text? */
static bool says_more(const lem_json *m) {
    static const char *const keys[] = {"tool_calls", "tool_call_id", "name", "reasoning_content"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (lem_json_kind(lem_json_get(m, keys[i])) != LEM_JSON_NULL) return true;
    return false;
}

lem_status lem_turns_add_message(lem_turns *t, const lem_json *m, lem_err *err) {
    bool share = !lem_json_get(m, "role") && lem_json_get(m, "from"), untrained = false;
    const char *from_key = share ? "from" : "role", *from;
    lem_buf text = {0};
    lem_status st = LEM_OK;
    LEM_TRY(lem_row_text(lem_json_get(m, from_key), from_key, &from, err));
    LEM_TRY(content_of(m, share ? "value" : "content", &text, err));
    LEM_TRY(trained_of(m, &untrained, err));
    const char *role = role_of(from);
    if (!role) LEM_TRY(lem_fail(err, LEM_EDATA, "unknown role '%.60s'", from));
    LEM_TRY(lem_turns_push(t, role, lem_buf_str(&text), err));
    t->at[t->n - 1].untrained = untrained;
    t->at[t->n - 1].call = strcmp(from, "function_call") == 0;
    if (!share && says_more(m)) t->at[t->n - 1].message = m;
done:
    lem_buf_release(&text);
    return st;
}

lem_status lem_turns_add_list(lem_turns *t, const lem_json *list, const char *field, lem_err *err) {
    if (lem_json_kind(list) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EDATA, "field '%s': a list of messages expected, %s found", field,
                        list ? lem_json_kind_name(list) : "nothing");
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const lem_json *m = lem_json_at(list, i);
        lem_status st = lem_json_kind(m) == LEM_JSON_OBJECT
                            ? lem_turns_add_message(t, m, err)
                            : lem_fail(err, LEM_EDATA, "a message expected, %s found", lem_json_kind_name(m));
        if (st == LEM_EDATA) return lem_err_context(err, "%s[%zu]", field, i);
        if (st) return st;
    }
    return LEM_OK;
}

lem_status lem_turns_add_side(lem_turns *t, const lem_json *v, const char *field, const char *role,
                              lem_err *err) {
    const char *text;
    if (lem_json_kind(v) == LEM_JSON_ARRAY) return lem_turns_add_list(t, v, field, err);
    lem_status st = lem_row_text(v, field, &text, err);
    return st ? st : lem_turns_push(t, role, text, err);
}

/* ---- calls ---- */

static bool add_call(lem_json *list, const lem_json *call) {
    const lem_json *name = lem_json_get(call, "name"), *arguments = lem_json_get(call, "arguments");
    if (lem_json_kind(name) != LEM_JSON_STRING || !arguments) return false;
    lem_object function = lem_object_new(), o = lem_object_new();
    lem_object_json(&function, "name", lem_json_copy(name));
    lem_object_json(&function, "arguments", lem_json_copy(arguments));
    lem_object_str(&o, "type", "function");
    lem_object_json(&o, "function", lem_object_done(&function));
    return lem_json_append(list, lem_object_done(&o));
}

lem_json *lem_turn_tool_calls(const lem_turn *t) {
    lem_err ignored = LEM_ERR_INIT;
    lem_json *said = NULL, *list = NULL;
    if (!t->call || lem_json_parse(t->content, strlen(t->content), &said, &ignored) != LEM_OK) return NULL;
    bool one = lem_json_kind(said) == LEM_JSON_OBJECT;
    size_t n = one ? 1 : lem_json_count(said);
    bool ok = (one || lem_json_kind(said) == LEM_JSON_ARRAY) && n > 0 && (list = lem_json_new_array());
    for (size_t i = 0; ok && i < n; i++) ok = add_call(list, one ? said : lem_json_at(said, i));
    lem_json_free(said);
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

/* ---- what stands beside the messages ---- */

lem_status lem_turns_read_tools(lem_turns *t, const lem_json *row, lem_err *err) {
    const lem_json *v = lem_json_get(row, "tools");
    lem_json *tools = NULL;
    lem_status st = LEM_OK;
    if (lem_json_kind(v) == LEM_JSON_STRING && lem_json_str_len(v)) {
        st = lem_json_parse(lem_json_str(v, ""), lem_json_str_len(v), &tools, err);
        if (st) return lem_err_context(err, "field 'tools'");
    } else if (lem_json_kind(v) == LEM_JSON_ARRAY) {
        tools = lem_json_copy(v);
        if (!tools) return lem_fail(err, LEM_EMEM, "out of memory");
    } else if (lem_json_kind(v) != LEM_JSON_NULL && lem_json_kind(v) != LEM_JSON_STRING)
        return lem_fail(err, LEM_EDATA, "field 'tools': a list expected, %s found", lem_json_kind_name(v));
    if (tools && lem_json_kind(tools) != LEM_JSON_ARRAY)
        st = lem_fail(err, LEM_EDATA, "field 'tools': a list expected, %s found", lem_json_kind_name(tools));
    if (st || lem_json_count(tools) == 0) {
        lem_json_free(tools);
        tools = NULL;
    }
    lem_json_free(t->tools);
    t->tools = tools;
    return st;
}

lem_status lem_turns_read_system(lem_turns *t, const lem_json *row, lem_err *err) {
    const lem_json *v = lem_json_get(row, "system");
    const char *text = "";
    if (lem_json_kind(v) == LEM_JSON_NULL) return LEM_OK;
    lem_status st = lem_row_text(v, "system", &text, err);
    return st || !*text ? st : lem_turns_push(t, "system", text, err);
}
