/* data/turns_encode.h - the turns of a row as token ids with the mask of what is trained */
#ifndef LEM_DATA_TURNS_ENCODE_H
#define LEM_DATA_TURNS_ENCODE_H

#include "data/turns.h"
#include "token/tokenizer.h"

/* One turn of role "text": as it stands, all of it trained. Else by the chat template (prompt/chat.h), with
 * the turns' tools and tool calls (ShareGPT's function_call as one where the template writes calls, else as
 * its text); replies that are untrained are not in the mask. system (may be NULL) goes before turns that have
 * none of their own. Appends to ids; *mask is the caller's to free. */
lem_status lem_turns_encode(const lem_tokenizer *t, const lem_turns *turns, const char *system, lem_ids *ids,
                            uint8_t **mask, lem_err *err) LEM_MUST_CHECK;
/* *reads = the template writes the turns' tools. */
lem_status lem_turns_reads_tools(const lem_tokenizer *t, const lem_turns *turns, bool *reads,
                                 lem_err *err) LEM_MUST_CHECK;
bool lem_turns_are_text(const lem_turns *turns);
/* Replies of the turns that would be trained, and how many of them are empty. */
void lem_turns_count(const lem_turns *turns, int *trained, int *empty, int *untrained);

#endif
