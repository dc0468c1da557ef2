/* teach/teach.h - a job of items that a teacher answers: each answered once, or known not to be
 *
 * The ledger is the job's journal (core/journal.h). A request stands in it before its first byte leaves, and
 * what came of it afterwards:
 *   "s:ITEM:TRY" {in, out}      sent; the most tokens that it can cost
 *   "r:ITEM"     {texts, finish, prompt_tokens, completion_tokens, model, in, out}   answered; in and out are
 * billed "n:ITEM:TRY" {why, sent}    not billed: refused for now, or it never left (sent: false) "x:ITEM:TRY"
 * {why, billed, in, out}   a reply that cannot be used ("yes"), or none came ("maybe") "d:ITEM"     {why}
 * refused for good; not billed "c:ITEM"     as r           from the cache, nothing sent "again"      {} the
 * tries begin anew: what was given up is tried again So whatever kills the process, a request of which no end
 * is known stands there as sent: it may have been billed. Such an item is sent again only as far as `resend`
 * goes. What counts towards the budgets is what the ledger holds: billed tokens, and for requests of unknown
 * end the most that they can have cost. A request is sent only if its most fits, so no budget is ever passed.
 *
 * Requests of the same bytes are sent once; their items share the reply.
 *
 * Groups (opts.group): an item is one choice of a reply, and consecutive items of a group are asked for in
 * one request, chat.n at most, fewer where the server gives fewer: a reply of m choices answers the first m
 * items of its request, and the others are asked for again; a server that refuses several choices is asked
 * for one at a time. Records of the ledger then carry "n", the items of the request, and ITEM is the first of
 * them. Items of a group do not share replies with others. Failures: a request that was refused for now
 * (verdict.h) is tried again after base_s * 2^try seconds times a random number keyed by (seed, item, try),
 * at most 60 times base_s, and not before Retry-After; `tries` times in all. Five failures in a row of an
 * endpoint open its breaker for 30 times base_s; then one request is let through. An endpoint whose breaker
 * stays shut in three tests is down; with the last of them the job ends with LEM_EREMOTE. */
#ifndef LEM_TEACH_TEACH_H
#define LEM_TEACH_TEACH_H

#include "core/journal.h"
#include "core/log.h"
#include "net/completion.h"

typedef struct lem_teach lem_teach;

/* The prompt of an item: appended to out. */
typedef lem_status lem_teach_prompt(void *ctx, size_t item, lem_buf *out, lem_err *err);

/* Requests that are no chat completions (rewards): their path behind the base URL, their bytes, and what a
 * reply with status 200 says of the item (LEM_EDATA: nothing that can be used). Both are given
 * lem_teach_opts.ctx. A reply costs no tokens beside those of the request. */
typedef struct lem_teach_form {
    const char *path;
    lem_teach_prompt *body; /* appends the whole request */
    lem_status (*reply)(void *ctx, size_t item, const char *body, size_t len, lem_json **record,
                        lem_err *err);
} lem_teach_form;

enum { LEM_TEACH_NAME = 72 };

/* What a group's requests are made of, beside the prompt. NULL = not so. */
typedef struct lem_teach_parts {
    /* What the seed of the item's request is drawn from, beside opts.seed [the item's number]. */
    uint64_t (*key)(void *ctx, size_t item);
    /* Chat: the messages; NULL = out of memory. Borrowed until the next call. Text: the prompt as tokens. */
    const lem_json *(*turns)(void *ctx, size_t item);
    const int32_t *(*ids)(void *ctx, size_t item, size_t *n);
    /* What the ledger calls an item [its number], so that another part of a job knows it too: numbers between
     * ':', the first that of the row. The item of such a name; the number of items for one that is none. */
    void (*name)(void *ctx, size_t item, char out[LEM_TEACH_NAME]);
    size_t (*find)(void *ctx, const char *name);
} lem_teach_parts;

typedef struct lem_teach_opts { /* borrowed for the life of the lem_teach */
    const lem_teach_form *form; /* NULL: chat completions, made of prompt and chat */
    lem_teach_prompt *prompt;
    void *ctx;
    lem_completion_opts chat;
    lem_teach_parts parts;
    size_t group; /* items of a group; 0 = an item is a request of chat.n choices */
    uint64_t seed;
    /* endpoints */
    const char *const *urls; /* base URLs, up to and with "/v1" */
    int n_urls;
    const char *key; /* NULL = none */
    bool plain;      /* http:// to other machines is allowed */
    int concurrency; /* requests in flight */
    int tries;       /* of one item that is refused for now */
    int resend;      /* how often an item that may have been billed is sent again */
    double timeout_s, base_s;
    size_t max_body; /* bytes of a reply; 0 = as in lem_http_opts */
    /* budgets; 0 = none */
    uint64_t max_requests, max_tokens;
    double max_cost, price_in, price_out; /* prices of a million tokens */
    const lem_cancel *cancel;
    lem_log *log;
} lem_teach_opts;

typedef struct lem_teach_stats {
    uint64_t done, dead, cached, shared; /* items; shared: answered by the reply to the same request */
    uint64_t requests;                   /* sent, over all runs of the job */
    uint64_t tokens_in, tokens_out;      /* billed, or the most that may have been */
    uint64_t unsure;                     /* requests of unknown end among them */
    double cost;
    bool budget_reached; /* items are left because of it */
} lem_teach_stats;

typedef enum lem_teach_billed { LEM_BILLED_NO, LEM_BILLED_MAYBE, LEM_BILLED_YES } lem_teach_billed;

/* Renders and hashes the n requests. */
lem_status lem_teach_new(const lem_teach_opts *o, size_t n, lem_teach **out, lem_err *err) LEM_MUST_CHECK;
void lem_teach_free(lem_teach *t); /* NULL allowed */
/* Replays a record of the ledger: a lem_journal_visit with the lem_teach as ctx. */
lem_status lem_teach_visit(void *teach, const char *id, const lem_json *record, lem_err *err);

/* Opens a cache: a journal of replies by the SHA-256 of the request. Called after the ledger was replayed;
 * takes what the items ask for, and remembers new replies until lem_teach_free, which closes it. */
lem_status lem_teach_cache(lem_teach *t, const char *path, lem_err *err) LEM_MUST_CHECK;
/* Sends what is not there until every item is done or given up, or a budget is reached
 * (stats.budget_reached). ledger NULL: nothing is remembered. LEM_EREMOTE: the endpoints are down, or refuse
 * everything (a wrong key, path or model). LEM_EINTR: asked to stop; requests in flight were waited for, five
 * seconds at most. */
lem_status lem_teach_run(lem_teach *t, lem_journal *ledger, lem_err *err) LEM_MUST_CHECK;
/* An answer from elsewhere (a model of our own); takes record, of the form of lem_completion_reply. */
lem_status lem_teach_put(lem_teach *t, lem_journal *ledger, size_t item, lem_json *record,
                         lem_err *err) LEM_MUST_CHECK;
/* An item that will have no answer, for a reason that no request would change. */
lem_status lem_teach_bury(lem_teach *t, lem_journal *ledger, size_t item, const char *why,
                          lem_err *err) LEM_MUST_CHECK;
/* Right after lem_teach_new: the item is not sent until it is released (by its index or by that of another
 * item of the same request); what the ledger holds of it counts all the same. */
void lem_teach_hold(lem_teach *t, size_t item);
void lem_teach_release(lem_teach *t, size_t item);
/* Whether the item, or the one whose request it shares, was refused for good. */
bool lem_teach_refused(const lem_teach *t, size_t item);
/* Items that were given up, not those refused for good, are tried again by the next run. */
lem_status lem_teach_again(lem_teach *t, lem_journal *ledger, lem_err *err) LEM_MUST_CHECK;

/* From now on p is told of each item that ends; borrowed, NULL = none. */
void lem_teach_watch(lem_teach *t, lem_progress *p);
/* The reply, borrowed; NULL where there is none. */
const lem_json *lem_teach_reply(const lem_teach *t, size_t item);
/* Of a group: which of the reply's choices the item's is. */
size_t lem_teach_choice(const lem_teach *t, size_t item);
/* Why there is none, borrowed; NULL for an item that was not come to. */
const char *lem_teach_why(const lem_teach *t, size_t item, lem_teach_billed *billed, int *tries);
lem_teach_stats lem_teach_count(const lem_teach *t);
/* Requests that are still to be sent, and the tokens of their prompts by estimate (4 bytes each). */
void lem_teach_estimate(const lem_teach *t, uint64_t *requests, uint64_t *tokens_in);
/* The request that goes out first, as JSON. */
lem_status lem_teach_first(lem_teach *t, lem_buf *out, lem_err *err) LEM_MUST_CHECK;

#endif
