/* list_turns.c - who said what in a conversation of one user turn */
#include "data/list_turns.h"

#include <string.h>

bool lem_is_conversation(const lem_json *v) {
    return lem_json_kind(v) == LEM_JSON_ARRAY && lem_json_kind(lem_json_at(v, 0)) == LEM_JSON_OBJECT;
}

static const lem_json **place_of(lem_exchange *x, const char *role) {
    if (strcmp(role, "system") == 0) return &x->system;
    if (strcmp(role, "user") == 0 || strcmp(role, "human") == 0) return &x->user;
    if (strcmp(role, "assistant") == 0 || strcmp(role, "gpt") == 0) return &x->assistant;
    return NULL;
}

lem_status lem_exchange_read(const lem_json *turns, lem_exchange *out, lem_err *err) {
    lem_exchange x = {0};
    if (!lem_is_conversation(turns))
        return lem_fail(err, LEM_EDATA, "a conversation expected, %s found", lem_json_kind_name(turns));
    for (size_t i = 0; i < lem_json_count(turns); i++) {
        const lem_json *t = lem_json_at(turns, i), *role = lem_json_get(t, "role"),
                       *text = lem_json_get(t, "content");
        if (!role) role = lem_json_get(t, "from");
        if (!text) text = lem_json_get(t, "value");
        const lem_json **place = place_of(&x, lem_json_str(role, ""));
        if (!place)
            return lem_fail(err, LEM_EDATA, "turn %zu: role '%.40s' is none of system, user and assistant",
                            i + 1, lem_json_str(role, ""));
        if (lem_json_kind(text) != LEM_JSON_STRING)
            return lem_fail(err, LEM_EDATA, "turn %zu: content: text expected, %s found", i + 1,
                            lem_json_kind_name(text));
        if (*place)
            return lem_fail(err, LEM_EDATA, "turn %zu: a second turn of '%s'; response lists have one", i + 1,
                            lem_json_str(role, ""));
        *place = text;
    }
    *out = x;
    return LEM_OK;
}
