/* generate/engine_priv.h - the state of a run: prompts in flight, candidates in slots, what is computed next
 *
 * Life of a prompt: pulled from the source (flight.c), admitted when its pages can be reserved, fed in
 * chunks, its last row's logits kept until its last candidate has started; its node goes when its last
 * candidate has ended. Life of a candidate (a slot): first token drawn from the prompt's logits, then one
 * token fed and one drawn for each step (decode.c), until a stop token, a stop string or its limit. */
#ifndef LEM_GENERATE_ENGINE_PRIV_H
#define LEM_GENERATE_ENGINE_PRIV_H

#include "core/buf.h"
#include "core/rng.h"
#include "generate/engine.h"
#include "generate/stop_priv.h"

enum {
    GEN_SLOTS = 256, /* default of opts.slots */
    GEN_MAX_SLOTS = 4096,
    GEN_WAITING = 16,  /* prompts that have candidates to start, each with a row of logits */
    GEN_PREFILL = 512, /* prompt tokens of one step */
    GEN_BLOCK = 64     /* rows of logits at once */
};

typedef struct gen_slot {
    bool active;
    int flight, index; /* prompt in flight, candidate */
    int node;          /* -1 until it is first fed */
    int32_t next;      /* drawn, not yet fed */
    int tokens;
    double logprob;
    lem_buf text;
} gen_slot;

typedef struct gen_flight {
    bool used, admitted;
    uint64_t index;
    lem_rng rng;
    int32_t *ids; /* [n_ids] own copy */
    int n_ids, cap_ids, fed;
    int *candidates; /* [n] own copy */
    int n, cap_candidates, started, live;
    int node;
    int limit; /* tokens of a candidate */
    int pages, candidate_pages;
    bool holds_candidate; /* pages of one more candidate are reserved: keeps the head of the queue from
                             starving */
    int row;              /* its row of prompt logits, -1 = none */
} gen_flight;

typedef struct gen_job { /* one token to draw */
    int slot;
    const float *logits;
    int32_t token;
    float logprob;
} gen_job;

typedef struct gen_engine {
    const lem_model_config *config;
    const lem_tokenizer *tok;
    lem_backend *backend;
    const lem_generate_opts *opts;
    lem_prompt_source *source;
    lem_candidate_sink *sink;
    void *source_ctx, *sink_ctx;
    lem_session *session;
    lem_stops stops;
    int V, n_slots, n_flights, n_threads;
    int max_pages, free_pages; /* not reserved */
    bool source_ended;
    gen_slot *slots;         /* [n_slots] */
    int *free_slots, n_free; /* [n_slots] */
    gen_flight *flights;     /* [n_flights] */
    int waiting[GEN_WAITING], n_waiting;
    bool row_used[GEN_WAITING];
    float *prompt_logits; /* [GEN_WAITING, V] */
    float *logits;        /* [GEN_BLOCK, V] */
    float *scratch;       /* [n_threads, V] */
    int32_t *order;       /* [n_threads, V] */
    gen_job *jobs;        /* [n_slots] */
    int n_jobs;
    lem_feed *feeds;  /* [n_slots + GEN_WAITING] */
    int *feed_slot;   /* [n_slots] slot of feed i */
    int *feed_flight; /* [GEN_WAITING] flight of prefill feed i */
    int *rows;        /* [GEN_BLOCK] */
    int32_t *targets; /* [GEN_BLOCK] */
    float *logprobs;  /* [GEN_BLOCK] */
    lem_generate_stats stats;
} gen_engine;

/* flight.c */
lem_status lem_gen_admit(gen_engine *g, lem_err *err) LEM_MUST_CHECK; /* pulls prompts while there is room */
bool lem_gen_take(gen_engine *g, int *slot);   /* next candidate into a free slot; false if none can start */
void lem_gen_release(gen_engine *g, int slot); /* the candidate has ended */
void lem_gen_drop_rows(gen_engine *g);         /* logits of prompts that have no candidate to start */

/* decode.c */
lem_status lem_gen_start(gen_engine *g,
                         lem_err *err) LEM_MUST_CHECK; /* fills free slots, draws first tokens */
lem_status lem_gen_step(gen_engine *g, lem_err *err)
    LEM_MUST_CHECK; /* feeds all slots and waiting prompts, draws next tokens */

#endif
