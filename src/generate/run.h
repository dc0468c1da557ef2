/* generate/run.h - many candidates for many prompts: an engine fed by a source until it ends
 *
 * Prompts are all under the same options; as many are in flight as pages and slots allow.
 * What prompts share (the worked examples before each problem) is a node above them, and is computed once.
 * The result of a candidate never depends on what else is in flight (engine.h). */
#ifndef LEM_GENERATE_RUN_H
#define LEM_GENERATE_RUN_H

#include "core/log.h"
#include "generate/engine.h"

typedef struct lem_generate_stats {
    uint64_t shared_tokens; /* of prompts, that were computed once for several */
    uint64_t prompts, candidates, prompt_tokens, generated_tokens, steps;
    uint64_t drafted, accepted; /* tokens guessed, and those of them that were drawn then */
    double seconds;
} lem_generate_stats;

typedef void lem_generate_tick(void *ctx, const lem_generate_stats *so_far);

/* Asked behind each candidate of a prompt: those of its candidates from that index on are not made, and not
 * handed out, any more. INT_MAX: all are wanted. */
typedef int lem_generate_wanted(void *ctx, uint64_t prompt);

typedef struct lem_generate_opts {
    lem_sample_opts sample;  /* temperature, top-k, top-p */
    int max_tokens;          /* per candidate, > 0; also ends where the context ends */
    const char *const *stop; /* stop strings; the text ends before the first occurrence */
    int n_stop;
    const int32_t
        *end; /* stop tokens, borrowed; an id below 0 is none. Llama 3 ends a turn with one of three */
    int n_end;
    int slots;          /* candidates in flight; 0 = 256 */
    int max_prompt;     /* tokens of the longest prompt that will come; 0 = up to the context */
    size_t kv_bytes;    /* most memory for keys and values; 0 = 4 GiB (more only if one candidate needs it) */
    lem_dtype kv_dtype; /* as in lem_engine_opts */
    uint64_t seed;
    lem_engine_load load; /* zeroed, or as lem_generate_load tells */
    lem_speculate speculate;
    lem_generate_tick *tick; /* after each step; NULL = none */
    void *tick_ctx;
    lem_generate_wanted *wanted; /* NULL = all candidates */
    void *wanted_ctx;
} lem_generate_opts;

typedef struct lem_prompt { /* filled by the source */
    uint64_t index;         /* names the prompt in the sink */
    uint64_t key;           /* record id: what the randomness is keyed by */
    const int32_t *ids;     /* borrowed until the next source call */
    int n_ids;
    const int *candidates; /* which candidate indices to make, or NULL for 0..n-1 (resume skips what a journal
                              holds) */
    int n;
    int n_shared; /* first tokens that prompts beside it begin with too: computed once for those that come one
                     after another; 0 = none */
} lem_prompt;

/* *more = false at the end. */
typedef lem_status lem_prompt_source(void *ctx, lem_prompt *out, bool *more, lem_err *err);

lem_status lem_generate_check(const lem_generate_opts *o, lem_err *err) LEM_MUST_CHECK;
/* Of n prompts of `length` tokens each, in the order in which they come, with `candidates` each, and `shared`
 * tokens before each of them that are computed once (0 = none). */
lem_engine_load lem_generate_load(const lem_model_config *c, const lem_generate_opts *o, const int *length,
                                  size_t n, int shared, int candidates);
/* Bytes that a run will take beside the weights when every candidate has its longest. Nothing is allocated.
 */
size_t lem_generate_bytes(const lem_model_config *c, const lem_generate_opts *o);
/* Tokens that are still to be generated, as far as the lengths seen tell: `candidates` in all, of at most
 * max_tokens, in `slots` at a time (0: as in lem_generate_opts), of which so_far->candidates have ended with
 * finished_tokens together. Those that ended are too short (short ones end first); the mean of an exponential
 * distribution whose unfinished draws are cut off where they stand is too long for lengths that are alike.
 * The mean length is taken between them, and max_tokens at most. */
double lem_generate_left(const lem_generate_stats *so_far, uint64_t candidates, uint64_t finished_tokens,
                         int slots, int max_tokens);
/* Runs until the source ends. A prompt longer than the context minus one is LEM_EDATA naming its length;
 * logits that are not finite are LEM_ENUMERIC. LEM_EINTR on cancel (the sink has seen every candidate that
 * was finished). config is the one w was made from; stats may be NULL. */
lem_status lem_generate_run(const lem_weights *w, const lem_model_config *config, const lem_tokenizer *tok,
                            lem_backend *b, const lem_generate_opts *o, lem_prompt_source *source,
                            void *source_ctx, lem_candidate_sink *sink, void *sink_ctx, lem_cancel *cancel,
                            lem_generate_stats *stats, lem_err *err) LEM_MUST_CHECK;

#endif
