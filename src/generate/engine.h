/* generate/engine.h - an open engine: candidates that continue any node of one growing token forest
 *
 * A request is a run of tokens under a parent, and the candidates that continue it.
 * Requests arrive while others run, each with its own options.
 * Every token of a request is computed once, however many candidates and requests stand below it.
 * So rollouts from each step of a solution are one request a step, each the parent of the next.
 *
 * A candidate may be told more than one token of a step in advance (lem_speculate): the draft is computed at
 * once, what would have been drawn is drawn at each of its tokens, and the draft is forgotten from the first
 * that differs. So no result depends on it.
 *
 * Every random draw is a function of (seed, key, candidate, position).
 * A candidate depends on the tokens of its path from the root, on its request's options and on its index.
 * It does not depend on slots, threads, memory, order of arrival, what is cancelled beside it, drafts, or how
 * its path is cut into requests.
 *
 * An engine is used by one thread at a time; it borrows weights, config, tokenizer and backend.
 * Its memory is planned when it opens.
 * Pages of keys and values are reserved before anything is fed, so that what has begun can always end.
 * What does not fit yet waits, in order of arrival.
 * Buffers grow to the longest candidate and the most requests that there were: then nothing is allocated. */
#ifndef LEM_GENERATE_ENGINE_H
#define LEM_GENERATE_ENGINE_H

#include "model/session.h"
#include "token/tokenizer.h"

typedef struct lem_engine lem_engine;

/* Names a request, and the node that its tokens are. Never reused; 0 is none. */
typedef uint64_t lem_request;
#define LEM_NO_REQUEST ((lem_request)0)

typedef enum lem_finish { LEM_FINISH_STOP, LEM_FINISH_LENGTH } lem_finish; /* "stop", "length" */
const char *lem_finish_name(lem_finish f);

typedef struct lem_candidate { /* handed to the sink; borrowed during the call */
    uint64_t prompt;           /* index given with the request */
    int index;                 /* of the candidate */
    const char *text; /* decoded, special tokens left out, without stop string or stop token; may end inside a
                         UTF-8 character */
    size_t len;
    int tokens;     /* generated tokens, the stop token included */
    double logprob; /* sum of log p(token) under the model itself, in order: temperature 1, no penalty */
    lem_finish finish;
    lem_request request;   /* it continues */
    lem_request node;      /* with keep: its tokens but the last, to continue and to drop; else none */
    const int32_t *ids;    /* [tokens] */
    const float *logprobs; /* [tokens] log p(token), or NULL unless wanted */
} lem_candidate;

/* Called in the order in which candidates end, from the thread that steps.
 * It may submit, cancel and drop, but neither step nor close. An error ends the step with it. */
typedef lem_status lem_candidate_sink(void *ctx, const lem_candidate *c, lem_err *err);

enum { LEM_ENGINE_SLOTS = 256 }; /* candidates in flight by default */

/* A step of few rows takes the time of reading the weights: about this many cost little more than one. */
enum { LEM_SPECULATE_ROWS = 10 };

/* What comes next is guessed. It pays for a few candidates in flight alone: drafts and candidates of a step
 * are LEM_SPECULATE_ROWS together at most, and beside prompts and more than half as many candidates nothing
 * is guessed. */
typedef struct lem_speculate { /* zeroed = never */
    int tokens;                /* most that are guessed for a candidate in a step, below LEM_SPECULATE_ROWS */
    bool ngram; /* what followed the last time that the path's last tokens stood in it (two at least) */
    const lem_weights
        *draft; /* else what a small model of the same tokenizer goes on with, greedily, on paths
                   of up to 8,192 tokens; of the engine's backend; borrowed; NULL = none */
    const lem_model_config *draft_config; /* the one it was made from; with it the memory is planned */
} lem_speculate;

/* What will be asked for in all, as far as it is known: memory is planned for no more. No result depends on
 * it; what comes beyond it waits. */
typedef struct lem_engine_load { /* zeroed = anything */
    int requests, candidates;    /* of all; requests 0 = unknown, and so are the others */
    int prompt_tokens;           /* of the requests that wait at once */
    int path_pages;              /* of all paths that are there at once, beside candidates in flight */
    int reserve_pages;           /* beside what is in use: a rare case may need them, no memory before */
} lem_engine_load;

typedef struct lem_engine_opts {
    int slots;       /* candidates in flight; 0 = 256 */
    int max_prompt;  /* tokens of the longest path that will be continued; 0 = up to the context */
    int max_tokens;  /* of the longest candidate; 0 = up to the context */
    int held;        /* nodes of max_prompt tokens that are kept beside those in flight */
    size_t kv_bytes; /* most memory for keys and values; 0 = 4 GiB (more only if one candidate, or load, needs
                        it) */
    lem_dtype
        kv_dtype; /* of keys and values, for a plan: lem_session_kv_dtype(); what is opened finds its own */
    lem_engine_load load;
    lem_speculate speculate;
    lem_candidate_sink *sink;
    void *sink_ctx;
} lem_engine_opts;

typedef struct lem_sample_opts { /* as in lem_draw */
    float temperature;           /* 0 = greedy (first of equal maxima) */
    int top_k;                   /* 0 = off */
    float top_p;                 /* 1 (or 0) = off */
    float min_p;                 /* 0 = off */
    float repetition_penalty;    /* of the tokens of the path and of the candidate; 1 (or 0) = off */
} lem_sample_opts;

typedef struct lem_request_opts { /* copied by submit */
    lem_sample_opts sample;       /* temperature, top-k, top-p */
    int max_tokens;               /* per candidate, > 0; also ends where the context ends */
    const char *const *stop;      /* stop strings; the text ends before the first occurrence */
    int n_stop;
    const int32_t *end; /* stop tokens; an id below 0 is none. Llama 3 ends a turn with one of three */
    int n_end;
    uint64_t seed, key;    /* what the randomness is keyed by; key: a record's id */
    uint64_t index;        /* names the request in its candidates and in error texts */
    int n;                 /* candidates; 0 = none, a node to stand under others */
    const int *candidates; /* [n] their indices, >= 0, or NULL for 0..n-1 */
    bool logprobs;         /* hand out those of each token */
    bool keep;             /* finished candidates stay as nodes, until they are dropped */
} lem_request_opts;

typedef struct lem_engine_counts {
    uint64_t requests;          /* submitted */
    uint64_t candidates;        /* handed to the sink */
    uint64_t prompt_fed;        /* tokens of requests that were computed */
    uint64_t generated;         /* tokens drawn */
    uint64_t generated_fed;     /* drawn tokens that were computed: the last of a candidate never is */
    uint64_t drafted, accepted; /* tokens guessed, and those of them that were drawn then */
    uint64_t steps;
    int free_pages; /* of LEM_PAGE_KEYS tokens, not reserved at the moment */
} lem_engine_counts;

lem_status lem_engine_check(const lem_engine_opts *o, lem_err *err) LEM_MUST_CHECK;
lem_status lem_request_check(const lem_request_opts *o, lem_err *err) LEM_MUST_CHECK;
/* Bytes that an engine will take beside the weights when all slots are in use and every candidate has its
 * longest. Nothing is allocated; keys and values are only touched as they are used. */
size_t lem_engine_bytes(const lem_model_config *c, const lem_engine_opts *o);

/* config is the one w was made from; LEM_EDATA if it has no language-model head. */
lem_status lem_engine_open(const lem_weights *w, const lem_model_config *config, const lem_tokenizer *tok,
                           lem_backend *b, const lem_engine_opts *o, lem_engine **out,
                           lem_err *err) LEM_MUST_CHECK;
/* What is in flight ends without being handed out. NULL is allowed. */
void lem_engine_close(lem_engine *e);

/* Puts n_ids >= 1 tokens under parent (a request, a kept candidate's node, or none), asks for candidates.
 * *out stays until it is dropped, so that others can be put under it.
 * A node keeps no logits: who may come back for more candidates of the same path leaves its last token to
 * the requests below.
 * LEM_EUSAGE: options out of range, or a parent that is gone or dropped.
 * LEM_EDATA: no tokens, an id outside the vocabulary, or a path longer than the context minus one (named).
 * LEM_EMEM: the path and one candidate need more pages than were planned (both named), or out of memory.
 * Nothing is changed then. */
lem_status lem_engine_submit(lem_engine *e, lem_request parent, const int32_t *ids, int n_ids,
                             const lem_request_opts *o, lem_request *out, lem_err *err) LEM_MUST_CHECK;
/* Its candidates that have not ended are neither made nor handed out.
 * The node stays, and so does what is below it. Nothing happens for a request that is gone. */
void lem_engine_cancel(lem_engine *e, lem_request request);
/* The same for its candidates of index `first` and above; the others go on. */
void lem_engine_cancel_from(lem_engine *e, lem_request request, int first);
/* Nothing more will be put under it: submit refuses it as a parent from now on.
 * Its candidates, and all that was put under it before, still finish.
 * When the last of them has, its pages go back. Nothing happens for a request that is gone. */
void lem_engine_drop(lem_engine *e, lem_request request);

/* Feeds one token to every candidate in flight, and tokens of waiting requests; hands out what has ended.
 * *busy = false when there is nothing left to do.
 * LEM_EMEM naming both numbers: a waiting request needs more pages than are free, and nothing is in flight
 * that will give any back. Nodes hold them that were not dropped, or have requests waiting under them.
 * Drop or cancel something then, and step again.
 * LEM_ENUMERIC: logits are not finite.
 * After this, after other want of memory, and after an error of the sink only close is allowed: the rest is
 * LEM_EUSAGE. */
lem_status lem_engine_step(lem_engine *e, bool *busy, lem_err *err) LEM_MUST_CHECK;

/* A further request would be begun soon. Who asks this before each submit keeps few requests waiting. */
bool lem_engine_has_room(const lem_engine *e);
lem_engine_counts lem_engine_count(const lem_engine *e);

#endif
