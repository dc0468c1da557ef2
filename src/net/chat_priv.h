/* chat_priv.h - a reply in the making, whole or as a stream */
#ifndef LEM_NET_CHAT_PRIV_H
#define LEM_NET_CHAT_PRIV_H

#include "net/chat.h"

typedef struct lem_chat_choice {
    lem_buf text;
    char finish[32];
    bool seen, ended; /* ended: the reason why it finished is there */
} lem_chat_choice;

typedef struct lem_chat_draft {
    lem_chat_choice *choice; /* [n] */
    int n;
    bool text_only;
    int64_t tokens_in, tokens_out; /* -1: not told */
    lem_json *model;
    char id[128]; /* of the stream */
    bool done;    /* the stream said so */
} lem_chat_draft;

lem_status lem_chat_draft_open(lem_chat_draft *d, int n, bool text, lem_err *err) LEM_MUST_CHECK;
void lem_chat_draft_release(lem_chat_draft *d);
lem_chat_choice *lem_chat_draft_at(lem_chat_draft *d, const lem_json *choice, int64_t otherwise);
lem_status lem_chat_draft_usage(lem_chat_draft *d, const lem_json *reply, lem_err *err) LEM_MUST_CHECK;
void lem_chat_draft_finish(lem_chat_choice *c, const lem_json *value);
lem_status lem_chat_draft_done(lem_chat_draft *d, lem_json **out, lem_err *err) LEM_MUST_CHECK;
/* The whole body of an event stream. */
lem_status lem_chat_take_stream(lem_chat_draft *d, const char *body, size_t len, lem_err *err) LEM_MUST_CHECK;

#endif
