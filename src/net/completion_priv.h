/* completion_priv.h - a reply in the making, whole or as a stream */
#ifndef LEM_NET_COMPLETION_PRIV_H
#define LEM_NET_COMPLETION_PRIV_H

#include "net/completion.h"

typedef struct lem_completion_choice {
    lem_buf text;
    char finish[32];
    bool seen, ended; /* ended: the reason why it finished is there */
    int64_t tokens;   /* that log-probabilities came for */
    double logprob;   /* their sum */
    bool untold;      /* of some token there was none */
    lem_buf listed;   /* int32_t ids of `token_ids` */
    lem_buf ids;      /* int32_t ids beside log-probabilities, of each token or useless */
} lem_completion_choice;

typedef struct lem_completion_draft {
    lem_completion_choice *choice; /* [n] */
    int n, room;                   /* choices of the reply, and those that were asked for */
    bool text_only, fewer, logprobs, token_ids;
    int64_t tokens_in, tokens_out; /* -1: not told */
    lem_json *model;
    char id[128]; /* of the stream */
    bool done;    /* the stream said so */
} lem_completion_draft;

lem_status lem_completion_draft_open(lem_completion_draft *d, const lem_completion_opts *o,
                                     lem_err *err) LEM_MUST_CHECK;
void lem_completion_draft_release(lem_completion_draft *d);
lem_completion_choice *lem_completion_draft_at(lem_completion_draft *d, const lem_json *choice,
                                               int64_t otherwise);
lem_status lem_completion_draft_usage(lem_completion_draft *d, const lem_json *reply,
                                      lem_err *err) LEM_MUST_CHECK;
void lem_completion_draft_finish(lem_completion_choice *c, const lem_json *value);
/* What a choice says of its tokens: their ids, and `logprobs`, those of chats ({"content": [{"logprob"}]})
 * and those of texts ({"token_logprobs": []}). */
void lem_completion_draft_tokens(lem_completion_choice *c, const lem_json *choice);
lem_status lem_completion_draft_done(lem_completion_draft *d, lem_json **out, lem_err *err) LEM_MUST_CHECK;
/* The whole body of an event stream. */
lem_status lem_completion_take_stream(lem_completion_draft *d, const char *body, size_t len,
                                      lem_err *err) LEM_MUST_CHECK;

#endif
