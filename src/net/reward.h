/* net/reward.h - rewards of texts from servers: the requests of five APIs, and what their replies say
 *
 * - POOLING: vLLM's /pooling, with the task that the model has: "classify" (one vector a text) or
 *   "token_classify" (a vector for each token, or, under the STEP pooler, for each step).
 * - CLASSIFY: vLLM's /classify.
 * - GET_REWARD: OpenRLHF's /get_reward: texts as they are, one number each.
 * - SCORE: vLLM's /score (text_1, text_2), for models that read a pair of texts by a form of their own.
 * - RERANK: /rerank of llama-server and vLLM (query, documents).
 *
 * vLLM puts softmax or sigmoid on scores unless use_activation is false, and begins a text with BOS unless
 * add_special_tokens is false; both are sent, so that a score is the model's own and no BOS stands twice.
 * Conversations are a request each; tokens, texts and documents go several in one.
 *
 * Shapes: vLLM's documentation and vllm/entrypoints/pooling (protocol.py of 0.13 to 0.20), OpenRLHF's
 * openrlhf/cli/serve_rm.py, llama.cpp's tools/server/README.md. */
#ifndef LEM_NET_REWARD_H
#define LEM_NET_REWARD_H

#include "core/buf.h"
#include "core/json.h"

#include <stdint.h>

typedef enum lem_reward_api { /* in the order in which a server is tried */
                              LEM_REWARD_POOLING,
                              LEM_REWARD_CLASSIFY,
                              LEM_REWARD_GET_REWARD,
                              LEM_REWARD_SCORE,
                              LEM_REWARD_RERANK,
                              LEM_REWARD_APIS
} lem_reward_api;
#define LEM_REWARD_API_NAMES "pooling|classify|get_reward|score|rerank" /* in that order */

const char *lem_reward_api_name(lem_reward_api api); /* "pooling" */
const char *lem_reward_path(lem_reward_api api);     /* "/pooling" */
/* False: it is none of LEM_REWARD_API_NAMES. */
bool lem_reward_api_find(const char *name, lem_reward_api *out);

enum { LEM_REWARD_OUTPUTS_MAX = 2 };

/* What of a text is sent. */
typedef enum lem_reward_input {
    LEM_REWARD_MESSAGES, /* POOLING, CLASSIFY: a conversation, which the server renders */
    LEM_REWARD_IDS,      /* POOLING, CLASSIFY: its tokens */
    LEM_REWARD_TEXT,     /* GET_REWARD: its rendering */
    LEM_REWARD_PAIR      /* SCORE, RERANK: question and solution */
} lem_reward_input;

typedef struct lem_reward_text { /* all borrowed */
    const char *system;          /* MESSAGES; NULL or "": none */
    const char *question;        /* MESSAGES, PAIR; of all texts of one PAIR request the same */
    const char *solution;        /* MESSAGES, PAIR */
    const char *text;            /* TEXT */
    const int32_t *ids;          /* IDS */
    size_t n_ids;
    const int *at; /* IDS: the tokens at which it is read, [n_at] */
    int n_at;      /* how many vectors are read: one for each step, else 1 */
} lem_reward_text;

/* What a model puts out at a token. */
typedef enum lem_reward_values {
    LEM_REWARD_RAW,          /* as asked for */
    LEM_REWARD_PROBABILITIES /* the server's softmax over two outputs: else LEM_EDATA */
} lem_reward_values;

typedef struct lem_reward_opts {
    lem_reward_api api;
    lem_reward_input input;
    const char *model; /* the name at the server; NULL: none is sent */
    bool per_token;    /* POOLING: token_classify */
    bool steps;        /* a vector for each step is read, else the last alone */
    int outputs;       /* of a vector: 1 or 2 */
    lem_reward_values values;
    const lem_json *extra; /* object: members to set; null takes one out. NULL = none */
} lem_reward_opts;

/* Appends the request body of n texts (MESSAGES: one); the same request has the same bytes. */
lem_status lem_reward_body(const lem_reward_opts *o, const lem_reward_text *texts, int n, lem_buf *out,
                           lem_err *err) LEM_MUST_CHECK;

/* The record of a reply with status 200 to these texts:
 *   {"values": [n lists of n_at * outputs numbers], "prompt_tokens": …, "completion_tokens": 0, "model": …}
 * without what the reply does not tell. LEM_EDATA says what is wrong: not JSON, a text without values, twice,
 * or out of range, what is no finite number, too few or too many of them. LEM_EUSAGE: they are scores, but of
 * a model with another number of outputs. The caller owns *out. */
lem_status lem_reward_reply(const lem_reward_opts *o, const lem_reward_text *texts, int n, const char *body,
                            size_t len, lem_json **out, lem_err *err) LEM_MUST_CHECK;

/* Whether all values of a record look like a softmax over two outputs, or, of one output, like
 * probabilities (0 to 1): what a server that pays no heed to use_activation gives. */
bool lem_reward_squashed(const lem_json *record, int outputs);

#endif
