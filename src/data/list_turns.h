/* data/list_turns.h - prompt and reply of a conversation of one user turn */
#ifndef LEM_DATA_LIST_TURNS_H
#define LEM_DATA_LIST_TURNS_H

#include "core/err.h"
#include "core/json.h"

typedef struct lem_exchange { /* texts borrowed from the row; NULL = no such turn */
    const lem_json *system, *user, *assistant;
} lem_exchange;

/* A list of {role, content} or {from, value}. LEM_EDATA for more than one turn of a role, for an unknown role
 * and for what is no conversation. */
lem_status lem_exchange_read(const lem_json *turns, lem_exchange *out, lem_err *err) LEM_MUST_CHECK;
bool lem_is_conversation(const lem_json *v); /* a list whose first element is an object */

#endif
