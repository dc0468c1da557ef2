/* turns_encode.c - turns through the chat template, with tools, tool calls and replies that are not trained
 */
#include "data/turns_encode.h"

#include "core/mem.h"
#include "core/utf8.h"
#include "prompt/prompt.h"

#include <string.h>

bool lem_turns_are_text(const lem_turns *turns) {
    return turns->n == 1 && strcmp(turns->at[0].role, "text") == 0;
}

static bool is_blank(const char *s) {
    while (lem_is_space(*s)) s++;
    return *s == '\0';
}

void lem_turns_count(const lem_turns *turns, int *trained, int *empty, int *untrained) {
    *trained = *empty = *untrained = 0;
    for (int i = 0; i < turns->n; i++) {
        const lem_turn *t = &turns->at[i];
        bool reply = lem_turn_is(t, "assistant") || lem_turn_is(t, "text");
        *untrained += reply && t->untrained;
        *trained += reply && !t->untrained;
        *empty += reply && !t->untrained && is_blank(t->content) && !t->message;
    }
}

static lem_status as_messages(const lem_tokenizer *t, const lem_turns *turns, const char *system,
                              lem_ids *ids, uint8_t **mask, lem_err *err) {
    lem_message *m = lem_alloc((size_t)turns->n + 1, sizeof *m, err);
    if (!m) return LEM_EMEM;
    for (int i = 0; i < turns->n; i++) m[i] = (lem_message){turns->at[i].role, turns->at[i].content};
    lem_status st = lem_prompt_conversation(t, system, m, (size_t)turns->n, ids, mask, err);
    lem_free(m);
    return st;
}

/* A turn as the template is to see it. */
static lem_json *message_of(const lem_turn *t) {
    lem_json *o = t->message ? lem_json_copy(t->message) : lem_json_new_object();
    bool ok = o && lem_json_set(o, "role", lem_json_new_str(t->role)) &&
              lem_json_set(o, "content", lem_json_new_str(t->content));
    if (ok) return o;
    lem_json_free(o);
    return NULL;
}

/* The turns as JSON, with untrained[] beside them. */
static lem_status as_json(const lem_turns *turns, const char *system, lem_json **out, bool *untrained,
                          lem_err *err) {
    lem_json *list = lem_json_new_array();
    lem_turn own = {.role = "system", .content = (char *)(uintptr_t)system};
    bool ok = list != NULL, has_own = turns->n > 0 && lem_turn_is(&turns->at[0], "system");
    if (ok && system && *system && !has_own) ok = lem_json_append(list, message_of(&own));
    for (int i = 0; ok && i < turns->n; i++) {
        untrained[lem_json_count(list)] = turns->at[i].untrained;
        ok = lem_json_append(list, message_of(&turns->at[i]));
    }
    if (ok) *out = list;
    else lem_json_free(list);
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static lem_status through_template(const lem_tokenizer *t, const lem_turns *turns, const lem_json *tools,
                                   const char *system, lem_ids *ids, uint8_t **mask, lem_err *err) {
    bool *untrained = lem_alloc_zero((size_t)turns->n + 1, sizeof *untrained, err);
    lem_json *list = NULL;
    lem_status st = untrained ? as_json(turns, system, &list, untrained, err) : LEM_EMEM;
    const lem_chat_input in = {.messages = list, .tools = tools, .untrained = untrained};
    if (st == LEM_OK) st = lem_chat_encode_json(t, &in, ids, mask, NULL, err);
    lem_json_free(list);
    lem_free(untrained);
    return st;
}

lem_status lem_turns_encode(const lem_tokenizer *t, const lem_turns *turns, const char *system, lem_ids *ids,
                            uint8_t **mask, lem_err *err) {
    bool plain = !turns->tools;
    if (lem_turns_are_text(turns)) return lem_prompt_text(t, turns->at[0].content, ids, mask, err);
    for (int i = 0; i < turns->n; i++) plain = plain && !turns->at[i].untrained && !turns->at[i].message;
    if (plain) return as_messages(t, turns, system, ids, mask, err);
    return through_template(t, turns, turns->tools, system, ids, mask, err);
}

lem_status lem_turns_reads_tools(const lem_tokenizer *t, const lem_turns *turns, bool *reads, lem_err *err) {
    lem_ids with = {0}, without = {0};
    lem_status st = through_template(t, turns, turns->tools, NULL, &with, NULL, err);
    if (st == LEM_OK) st = through_template(t, turns, NULL, NULL, &without, NULL, err);
    *reads =
        st == LEM_OK && (with.len != without.len ||
                         (with.len && memcmp(with.data, without.data, with.len * sizeof *with.data) != 0));
    lem_ids_release(&with);
    lem_ids_release(&without);
    return st;
}
