/* turns_encode.c - turns through the chat template, with tools, tool calls and replies that are not trained
 */
#include "data/turns_encode.h"

#include "core/mem.h"
#include "core/utf8.h"
#include "prompt/prompt.h"
#include "token/chat_template.h"

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

/* How calls are put before the template. */
typedef enum call_form { CALLS_AS_TEXT, CALLS_AS_CALLS, CALLS_AS_NOTHING } call_form;

/* A turn as the template is to see it. */
static lem_json *message_of(const lem_turn *t, call_form form) {
    lem_json *o = t->message ? lem_json_copy(t->message) : lem_json_new_object();
    lem_json *calls = form == CALLS_AS_TEXT ? NULL : lem_turn_tool_calls(t);
    bool ok = o && lem_json_set(o, "role", lem_json_new_str(t->role)) &&
              lem_json_set(o, "content", lem_json_new_str(calls ? "" : t->content));
    if (calls && ok && form == CALLS_AS_CALLS) ok = lem_json_set(o, "tool_calls", lem_json_share(calls));
    lem_json_free(calls);
    if (ok) return o;
    lem_json_free(o);
    return NULL;
}

typedef struct encoding {
    const lem_tokenizer *t;
    const lem_turns *turns;
    const lem_json *tools;
    const char *system;
} encoding;

/* The turns as JSON, with untrained[] beside them. */
static lem_status as_json(const encoding *x, call_form form, lem_json **out, bool *untrained, lem_err *err) {
    lem_json *list = lem_json_new_array();
    const lem_turns *turns = x->turns;
    lem_turn own = {.role = "system", .content = (char *)(uintptr_t)x->system};
    bool ok = list != NULL, has_own = turns->n > 0 && lem_turn_is(&turns->at[0], "system");
    if (ok && x->system && *x->system && !has_own) ok = lem_json_append(list, message_of(&own, form));
    for (int i = 0; ok && i < turns->n; i++) {
        untrained[lem_json_count(list)] = turns->at[i].untrained;
        ok = lem_json_append(list, message_of(&turns->at[i], form));
    }
    if (ok) *out = list;
    else lem_json_free(list);
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static lem_status through_template(const encoding *x, call_form form, lem_ids *ids, uint8_t **mask,
                                   lem_err *err) {
    bool *untrained = lem_alloc_zero((size_t)x->turns->n + 1, sizeof *untrained, err);
    lem_json *list = NULL;
    lem_status st = untrained ? as_json(x, form, &list, untrained, err) : LEM_EMEM;
    const lem_chat_input in = {.messages = list, .tools = x->tools, .untrained = untrained};
    if (st == LEM_OK) st = lem_chat_encode_json(x->t, &in, ids, mask, NULL, err);
    lem_json_free(list);
    lem_free(untrained);
    return st;
}

static bool same_ids(const lem_ids *a, const lem_ids *b) {
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len * sizeof *a->data) == 0);
}

/* Calls go before the template as calls where it writes them: what it makes of them differs from nothing. */
static lem_status form_of_calls(const encoding *x, call_form *form, lem_err *err) {
    lem_ids with = {0}, without = {0};
    lem_err ignored = LEM_ERR_INIT;
    bool any = false;
    *form = CALLS_AS_TEXT;
    for (int i = 0; i < x->turns->n; i++) any = any || x->turns->at[i].call;
    if (!any || !lem_chat_has_template(x->t)) return LEM_OK;
    lem_status st = through_template(x, CALLS_AS_CALLS, &with, NULL, &ignored);
    if (st == LEM_OK) st = through_template(x, CALLS_AS_NOTHING, &without, NULL, &ignored);
    if (st == LEM_OK && !same_ids(&with, &without)) *form = CALLS_AS_CALLS;
    lem_ids_release(&with);
    lem_ids_release(&without);
    if (st == LEM_OK || st == LEM_EDATA) return LEM_OK; /* a template that refuses calls gets their text */
    return lem_fail(err, st, "%s", ignored.text);
}

lem_status lem_turns_encode(const lem_tokenizer *t, const lem_turns *turns, const char *system, lem_ids *ids,
                            uint8_t **mask, lem_err *err) {
    const encoding x = {t, turns, turns->tools, system};
    bool plain = !turns->tools;
    call_form form;
    if (lem_turns_are_text(turns)) return lem_prompt_text(t, turns->at[0].content, ids, mask, err);
    for (int i = 0; i < turns->n; i++) {
        const lem_turn *turn = &turns->at[i];
        plain = plain && !turn->untrained && !turn->message && !turn->call;
    }
    if (plain) return as_messages(t, turns, system, ids, mask, err);
    lem_status st = form_of_calls(&x, &form, err);
    return st ? st : through_template(&x, form, ids, mask, err);
}

lem_status lem_turns_reads_tools(const lem_tokenizer *t, const lem_turns *turns, bool *reads, lem_err *err) {
    const encoding has = {t, turns, turns->tools, NULL}, lacks = {t, turns, NULL, NULL};
    lem_ids with = {0}, without = {0};
    lem_status st = through_template(&has, CALLS_AS_TEXT, &with, NULL, err);
    if (st == LEM_OK) st = through_template(&lacks, CALLS_AS_TEXT, &without, NULL, err);
    *reads = st == LEM_OK && !same_ids(&with, &without);
    lem_ids_release(&with);
    lem_ids_release(&without);
    return st;
}
