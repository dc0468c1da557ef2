/* data/turns.h - who says what in a row, and what of it is not to be trained */
#ifndef LEM_DATA_TURNS_H
#define LEM_DATA_TURNS_H

#include "core/err.h"
#include "core/json.h"

typedef struct lem_turn {
    const char *role; /* "system", "user", "assistant", "tool", "text"; static */
    char *content;    /* owned */
    bool call;        /* ShareGPT's function_call: content is {"name", "arguments"}, or a list of them */
    bool untrained;   /* a reply that the row marks so: weight 0, train or loss false; one inside a prompt */
    const lem_json *message; /* as it stands in the row, where it says more than role and text (tool calls);
                                borrowed from the row; else NULL */
} lem_turn;

typedef struct lem_turns { /* zeroed = empty */
    lem_turn *at;
    int n, cap;
    lem_json *tools; /* a list; owned; NULL = none */
    bool marked;     /* the whole row is not to be trained: label false or 0 */
} lem_turns;

void lem_turns_release(lem_turns *t);
lem_status lem_turns_push(lem_turns *t, const char *role, const char *content, lem_err *err) LEM_MUST_CHECK;
/* Moves t's turns [from, n) behind those of out. */
lem_status lem_turns_move(lem_turns *t, int from, lem_turns *out, lem_err *err) LEM_MUST_CHECK;
/* One message of {role, content} or {from, value}, or a list of them, called `field` in errors. Roles of
 * other makers' files are brought to the five above. content may be a list of {"type": "text"} parts, and
 * null beside tool_calls. weight (0 or 1), train, training and loss (booleans, or 0 and 1) say what is
 * trained. */
lem_status lem_turns_add_message(lem_turns *t, const lem_json *m, lem_err *err) LEM_MUST_CHECK;
lem_status lem_turns_add_list(lem_turns *t, const lem_json *list, const char *field,
                              lem_err *err) LEM_MUST_CHECK;
/* A text, or a list of messages: one side of a row. */
lem_status lem_turns_add_side(lem_turns *t, const lem_json *v, const char *field, const char *role,
                              lem_err *err) LEM_MUST_CHECK;
/* The row's column `tools`: a list, or the text of one. */
lem_status lem_turns_read_tools(lem_turns *t, const lem_json *row, lem_err *err) LEM_MUST_CHECK;
/* The row's column `system` as the first turn; call before others are added. */
lem_status lem_turns_read_system(lem_turns *t, const lem_json *row, lem_err *err) LEM_MUST_CHECK;
/* The replies so far are of a prompt: they are not trained. */
void lem_turns_untrain(lem_turns *t);
bool lem_turns_equal(const lem_turn *a, const lem_turn *b);
bool lem_turn_is(const lem_turn *t, const char *role);
/* What a call says as the tool_calls of a message, [{"type": "function", "function": {name, arguments}}];
 * NULL where it is no such JSON. Owned by the caller. */
lem_json *lem_turn_tool_calls(const lem_turn *t);

/* A text of a row, without NUL; `field` names it in errors. */
lem_status lem_row_text(const lem_json *v, const char *field, const char **out, lem_err *err) LEM_MUST_CHECK;

#endif
