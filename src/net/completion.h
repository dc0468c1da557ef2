/* net/completion.h - what OpenAI-compatible servers read and write: /v1/chat/completions and /v1/completions
 *
 * Replies come whole or as server-sent events; both give the same record:
 *   {"texts": [n texts], "finish": [n of "stop", "length", …], "tokens": [n counts], "logprob": [n sums],
 *    "prompt_tokens": …, "completion_tokens": …, "model": …}
 * where the counts and the model are absent if the reply does not tell them. tokens and logprob are there if
 * log-probabilities were asked for; null where the reply does not tell those of each token. A single choice
 * has the tokens of the whole reply.
 * With opts.token_ids also "ids": [n lists of the tokens' ids, or null]; absent where the reply tells none.
 * Servers tell them as `token_ids` of a choice (vLLM, where `return_token_ids` is asked for), as `id` beside
 * each log-probability (llama-server), or as the token text "token_id:7" there (vLLM's
 * `return_tokens_as_token_ids`). */
#ifndef LEM_NET_COMPLETION_H
#define LEM_NET_COMPLETION_H

#include "core/buf.h"
#include "core/json.h"

typedef struct lem_completion_opts {
    const char *model;
    bool text;             /* /v1/completions: the prompt as it is, no turns */
    const char *system;    /* NULL or "": none */
    const lem_json *turns; /* messages in place of system and prompt; NULL = none */
    const int32_t *ids;    /* [n_ids] text: the prompt as tokens; NULL = as text */
    size_t n_ids;
    double temperature;        /* always sent */
    double top_p;              /* sent where it is not 1 */
    int top_k;                 /* sent where it is not 0 */
    double min_p;              /* the same */
    double repetition_penalty; /* sent where it is neither 0 nor 1 */
    int max_tokens, n;         /* n is sent where it is not 1 */
    const char *const *stop;   /* [n_stop] sent where there are any */
    int n_stop;
    bool logprobs;         /* asked for */
    bool token_ids;        /* kept where a reply tells them; nothing is sent for it */
    bool fewer;            /* a reply may have fewer choices, one at least */
    const lem_json *extra; /* object: members to set; null takes one out. NULL = none */
    bool stream;
} lem_completion_opts;

/* The path behind the base URL: "/chat/completions" or "/completions". */
const char *lem_completion_path(const lem_completion_opts *o);
/* Appends the request body; the same request has the same bytes. seed < 0: none is sent. */
lem_status lem_completion_body(const lem_completion_opts *o, const char *prompt, int64_t seed, lem_buf *out,
                               lem_err *err) LEM_MUST_CHECK;

/* The record of a reply with status 200 and o->n choices (with `fewer`, 1 to o->n). LEM_EDATA says what is
 * wrong with it: not JSON, fewer choices, no text, two ids in one stream, a stream without its end. The
 * caller owns *out. */
lem_status lem_completion_reply(const char *body, size_t len, bool event_stream, const lem_completion_opts *o,
                                lem_json **out, lem_err *err) LEM_MUST_CHECK;
/* Appends what the body of another status says, in one line of at most 160 bytes. True where it says that
 * there is no credit left, so that asking again is of no use. */
bool lem_completion_refusal(const char *body, size_t len, lem_buf *out);

#endif
