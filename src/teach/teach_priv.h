/* teach_priv.h - items, money and endpoints of a job */
#ifndef LEM_TEACH_PRIV_H
#define LEM_TEACH_PRIV_H

#include "core/hash.h"
#include "teach/teach.h"

typedef enum lem_teach_state {
    LEM_TEACH_PLANNED, /* to be sent; it may have to wait until not_before */
    LEM_TEACH_HELD,    /* to be sent once it is released */
    LEM_TEACH_SENT,
    LEM_TEACH_UNSURE, /* sent, may have been billed, no usable reply */
    LEM_TEACH_DONE,
    LEM_TEACH_GIVEN_UP, /* refused for now, too often */
    LEM_TEACH_REFUSED   /* for good */
} lem_teach_state;

typedef struct lem_teach_item {
    char hash[65];
    uint8_t state, billed;   /* lem_teach_billed, of UNSURE */
    bool waits, cached;      /* waits: in the list of those that wait */
    int tries, sent, unsure; /* refused for now since the last "again"; requests; of unknown end */
    size_t leader;           /* the first item of the same request; itself */
    int span;                /* of a group: items of the last request, of which this was the first */
    double not_before;
    uint64_t in, out; /* the most that the request under way can cost, in tokens */
    lem_json *reply;
    char *why;
} lem_teach_item;

/* What the ledger holds of money. */
typedef struct lem_teach_money {
    uint64_t requests, in, out, unsure;
} lem_teach_money;

struct lem_teach {
    lem_teach_opts o;
    lem_teach_item *item;
    size_t n;
    lem_map *by_hash;
    lem_teach_money money;
    uint64_t cached;
    bool budget_reached;
    /* of groups */
    int chunk;     /* choices that a request asks for */
    bool many;     /* a reply had several */
    size_t blamed; /* the item whose refusal chunk was lowered for; n = none */
    /* of a run */
    lem_journal *ledger, *cache;
    lem_progress *progress;
};

/* ---- items.c: what became of an item, in the ledger and in memory ---- */

/* Items of the request that begins with item i: those behind it in its group that are to be sent too. Sets
 * item i's span; 1 without groups. */
int lem_teach_span(lem_teach *t, size_t i);
/* The request as it is sent now, for its id. */
lem_status lem_teach_hash(lem_teach *t, size_t i, lem_err *err) LEM_MUST_CHECK;
/* A request that was not billed. */
typedef enum lem_teach_try {
    LEM_TRY_UNSENT, /* it never left: no request, and no try */
    LEM_TRY_FREE,   /* refused because of the set-up: a request, and no try of its item */
    LEM_TRY_COUNTS  /* refused for now: a request and a try */
} lem_teach_try;

/* Choices that the request of item i asks for. */
int lem_teach_choices(const lem_teach *t, size_t i);
/* The path of all requests behind the base URL. */
const char *lem_teach_path(const lem_teach *t);
/* The body of its request. stream: as it is sent; else as it is hashed. */
lem_status lem_teach_body(const lem_teach *t, size_t i, bool as_sent, lem_buf *out,
                          lem_err *err) LEM_MUST_CHECK;
lem_status lem_teach_note_sent(lem_teach *t, size_t i, uint64_t in, uint64_t out,
                               lem_err *err) LEM_MUST_CHECK;
/* The most tokens that its request can cost: no tokenizer makes more of them than there are bytes, and a
 * template adds a few. */
lem_status lem_teach_most(const lem_teach *t, size_t i, uint64_t *in, uint64_t *out,
                          lem_err *err) LEM_MUST_CHECK;
/* Takes record. */
lem_status lem_teach_note_reply(lem_teach *t, size_t i, lem_json *record, lem_err *err) LEM_MUST_CHECK;
lem_status lem_teach_note_not_billed(lem_teach *t, size_t i, const char *why, lem_teach_try try,
                                     lem_err *err) LEM_MUST_CHECK;
/* in and out < 0: unknown, the most counts. */
lem_status lem_teach_note_unsure(lem_teach *t, size_t i, const char *why, lem_teach_billed billed,
                                 lem_err *err) LEM_MUST_CHECK;
lem_status lem_teach_note_refused(lem_teach *t, size_t i, const char *why, lem_err *err) LEM_MUST_CHECK;

/* Whether one more request of at most so many tokens fits all budgets, beside what is under way. */
bool lem_teach_fits(const lem_teach *t, uint64_t in, uint64_t out);

#endif
