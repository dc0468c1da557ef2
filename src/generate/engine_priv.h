/* generate/engine_priv.h - the state of an engine: requests, candidates in slots, what is computed next
 *
 * Life of a request: copied by submit (submit.c), admitted in order of arrival when its pages can be reserved
 * (flight.c), fed in chunks, its last row's logits kept until its last candidate has started. Its node goes
 * when it has been dropped, its last candidate has ended and nothing stands under it any more. Life of a
 * candidate (a slot): first token drawn from the request's logits, then one token fed and one drawn for each
 * step (decode.c), until a stop token, a stop string or its limit. With a draft (draft.c) several are fed and
 * drawn in one step: those drawn behind the first that is not the draft's are dropped, and the session
 * forgets the rest. */
#ifndef LEM_GENERATE_ENGINE_PRIV_H
#define LEM_GENERATE_ENGINE_PRIV_H

#include "compute/buffer.h"
#include "core/buf.h"
#include "core/rng.h"
#include "generate/engine.h"
#include "generate/stop_priv.h"

enum {
    GEN_SLOTS = LEM_ENGINE_SLOTS,
    GEN_MAX_SLOTS = 4096,
    GEN_WAITING = 16,  /* requests that have candidates to start, each with a row of logits: most of them */
    GEN_PREFILL = 512, /* tokens of requests in one step, at most */
    GEN_BLOCK = 64,    /* rows of logits at once, at most */
    GEN_DRAFTS = LEM_SPECULATE_ROWS / 2 /* candidates that have a draft in one step */
};

typedef enum gen_state {
    GEN_FREE,    /* waits to be used again */
    GEN_PENDING, /* has no pages yet */
    GEN_ADMITTED /* its pages are reserved, its node is there */
} gen_state;

typedef struct gen_request {
    gen_state state;
    lem_request name;
    bool dropped;               /* nothing more comes under it */
    struct gen_request *parent; /* NULL = root */
    struct gen_request *next;   /* of the free list, or of the pending ones */
    int n_children;
    int32_t *ids; /* [n_ids] own copy */
    int n_ids, cap_ids, fed;
    int n_own;       /* of ids: n_ids, or the tokens of a kept candidate, which are fed already */
    int length;      /* tokens of its path */
    int *candidates; /* [n] own copy */
    int n, cap_candidates, started, live;
    lem_request_opts opts; /* its pointers are not valid */
    lem_stops stops;       /* own copies */
    const char **stop;     /* [n_stop] into stop_text */
    int cap_stop;
    lem_buf stop_text;
    int32_t *end; /* [opts.n_end] own copy */
    int cap_end;
    lem_rng rng;
    int node;
    int limit; /* tokens of a candidate */
    int pages, path_pages, candidate_pages;
    bool holds_candidate; /* pages of one more candidate are reserved: keeps the head of the queue from
                             starving */
    int row;              /* its row of logits, -1 = none */
} gen_request;

typedef struct gen_draft {           /* of one candidate, in one step */
    int32_t ids[LEM_SPECULATE_ROWS]; /* the token that is fed in any case, then n guessed */
    int n, most;
    int feed, slot;
} gen_draft;

typedef struct gen_seat { /* a path that the draft model has read */
    int node;
    int32_t *ids; /* [room] */
    int n, fed;   /* of ids */
    gen_draft *d; /* that it reads for in this step, or NULL */
} gen_seat;

typedef struct gen_seats { /* the draft model; session NULL = none */
    lem_session *session;
    int room;  /* tokens of the longest path */
    int vocab; /* of the draft model */
    gen_seat seat[GEN_DRAFTS];
    lem_buffer logits, draws, drawn; /* [GEN_DRAFTS,vocab], [GEN_DRAFTS] twice, in the backend's memory */
} gen_seats;

typedef struct gen_slot {
    gen_request *request; /* NULL = free */
    int index;            /* of the candidate */
    int node;             /* -1 until it is first fed */
    int kept;             /* pages that stay with a kept node */
    int32_t next;         /* drawn, not yet fed */
    gen_draft *draft;     /* fed behind it in this step, or NULL */
    int agreed;           /* tokens of this step drawn as they were fed; -1 behind the first that was not */
    bool spoilt;          /* a draft was not finite: the step is made again without */
    int tokens;
    double logprob;
    lem_buf text;
    int32_t *ids; /* [tokens] */
    int cap_ids;
    float *logprobs; /* [tokens] if they are wanted */
    int cap_logprobs;
} gen_slot;

typedef struct gen_job { /* one token to draw */
    int slot;
    int row;   /* of the logits */
    int ahead; /* tokens of the draft before it */
    int32_t token;
    float logprob;
} gen_job;

typedef struct gen_plan { /* what there will be of everything */
    int slots, waiting, prefill, block;
    int rows, jobs; /* of a step */
    int pages;      /* of keys and values that can be reserved */
    int used;       /* of these at most in use at once */
    int longest;    /* tokens of a candidate's path */
} gen_plan;

typedef struct lem_engine {
    const lem_model_config *config;
    const lem_tokenizer *tok;
    lem_backend *backend;
    lem_engine_opts opts;
    lem_session *session;
    bool failed; /* in the middle of a step: only close is allowed */
    gen_plan plan;
    int V, n_slots;
    int max_pages, free_pages; /* not reserved */
    gen_slot *slots;           /* [n_slots] */
    int *free_slots, n_free;   /* [n_slots] */
    gen_request **requests; /* [n_requests] all there ever were at once, each allocated alone: none moves */
    int n_requests, cap_requests;
    gen_request *free_request;
    gen_request *first_pending, *last_pending;
    gen_request *waiting[GEN_WAITING]; /* admitted, and with tokens to feed or candidates to start */
    int n_waiting;
    bool row_used[GEN_WAITING];
    /* In the backend's memory: logits [plan.waiting,V] and [plan.block,V]; what is drawn [n_jobs] */
    lem_buffer prompt_logits, logits, draws, drawn, drawn_logprob;
    gen_job *jobs; /* [plan.jobs] */
    int n_jobs;
    int32_t *seen; /* [n_seen] what the draws with a penalty have seen, one behind the other */
    int n_seen, cap_seen;
    lem_buffer seen_at;         /* the same in the backend's memory; grows */
    lem_draw *draw;             /* [plan.jobs] for the copies to and from there */
    int32_t *tokens;            /* [plan.jobs] */
    float *logprobs;            /* [plan.jobs] */
    lem_feed *feeds;            /* [n_slots + plan.waiting] */
    int *feed_slot;             /* [n_slots] slot of feed i */
    gen_request **feed_request; /* [plan.waiting] request of prefill feed i */
    int *rows;                  /* [plan.block] */
    gen_draft drafts[GEN_DRAFTS];
    gen_seats seats;
    int32_t *path; /* [cap_path] of a candidate that is looked through */
    int cap_path;
    lem_engine_counts counts;
} gen_engine;

/* table.c */
/* Makes *p hold need elements; never shrinks. */
lem_status lem_gen_grow(void **p, int *cap, int need, size_t size, lem_err *err) LEM_MUST_CHECK;
gen_request *lem_gen_find(const gen_engine *g, lem_request name); /* NULL when it is gone */
/* One of the free ones with a new name, else a new one. It stays on the free list until lem_gen_use. */
lem_status lem_gen_new_request(gen_engine *g, gen_request **out, lem_err *err) LEM_MUST_CHECK;
void lem_gen_use(gen_engine *g, gen_request *r, gen_request *parent, gen_state state);
void lem_gen_free_requests(gen_engine *g);
int lem_gen_path_length(const gen_slot *s); /* tokens of a candidate's path and its own */
void lem_gen_path(const gen_slot *s, int32_t *out /* [lem_gen_path_length] */);

/* flight.c */
int lem_gen_pages(int tokens);
void lem_gen_admit(gen_engine *g);             /* reserves pages for those that wait, in order of arrival */
bool lem_gen_take(gen_engine *g, int *slot);   /* next candidate into a free slot; false if none can start */
void lem_gen_release(gen_engine *g, int slot); /* the candidate has ended */
/* Makes a node of the candidate that is about to end: its tokens but the last. */
lem_status lem_gen_keep(gen_engine *g, int slot, lem_request *out, lem_err *err) LEM_MUST_CHECK;
void lem_gen_drop_rows(gen_engine *g); /* logits of requests that have no candidate to start */

/* draft.c */
/* Behind the tokens of the first n_decode feeds, those of slots, puts drafts where they pay. prefill: rows of
 * the step beside them. */
lem_status lem_gen_draft(gen_engine *g, int n_decode, int prefill, lem_err *err) LEM_MUST_CHECK;
/* After the draws: what was not drawn is forgotten. */
lem_status lem_gen_undraft(gen_engine *g, int n_decode, lem_err *err) LEM_MUST_CHECK;

/* seats.c */
/* longest: tokens of a path. */
size_t lem_gen_seats_bytes(const lem_speculate *o, lem_dtype kv, int longest);
lem_status lem_gen_seats_open(gen_engine *g, int longest, lem_err *err) LEM_MUST_CHECK;
void lem_gen_seats_close(gen_seats *s);
/* What the draft model goes on with, for those of the n drafts that have nothing yet. */
lem_status lem_gen_seats_guess(gen_engine *g, gen_draft *drafts, int n, lem_err *err) LEM_MUST_CHECK;

/* decode.c */
/* Fills free slots, draws first tokens. *started says if there was one. */
lem_status lem_gen_start(gen_engine *g, bool *started, lem_err *err) LEM_MUST_CHECK;
/* Feeds all slots and waiting requests, draws next tokens. *fed says if there was anything to feed. */
lem_status lem_gen_feed(gen_engine *g, bool *fed, lem_err *err) LEM_MUST_CHECK;

#endif
