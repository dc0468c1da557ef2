/* score_remote_priv.h - a scoring run over servers: rows, candidates, requests */
#ifndef LEM_CLI_SCORE_REMOTE_PRIV_H
#define LEM_CLI_SCORE_REMOTE_PRIV_H

#include "cli/bad_rows_options.h"
#include "cli/endpoint_options.h"
#include "eval/aggregate.h"
#include "job/job.h"
#include "model/head.h"
#include "net/reward.h"
#include "prompt/solution.h"

typedef struct remote_row {
    lem_json *row;
    char *file; /* NULL: that of the row before */
    uint64_t line;
    size_t first, n; /* its candidates */
    bool taken;      /* by this shard; all without --shard */
} remote_row;

typedef struct remote_text { /* a candidate */
    size_t row;
    int index;         /* in its row */
    int64_t same;      /* the identical earlier one of the row; -1: none */
    int n_at;          /* vectors that are read; 0: it has no steps */
    lem_rendering r;   /* tokens, where these are sent */
    char *said;        /* what is sent in place of the solution; NULL: the solution itself */
    size_t item, slot; /* the request that it goes out with, and its place there */
    size_t alone;      /* the request of it alone, sent if the other is refused; 0: there is none */
} remote_text;

typedef struct remote_item {
    size_t first; /* in `order` */
    int n;
} remote_item;

typedef struct remote_counts {
    uint64_t scored, shared, no_steps, failed, squashed, requests_split;
} remote_counts;

typedef struct remote {
    bad_rows bad; /* rows left out, with --on-error skip */
    lem_cli *cli;
    const lem_command *cmd;
    const lem_args *args;
    bool process_only;
    lem_job *file;
    lem_journal *ledger;
    /* servers */
    lem_endpoint_options endpoints;
    char **bases; /* [o.n_urls] */
    lem_json *extra;
    lem_teach_opts o;
    lem_teach_form form;
    lem_teach *teach;
    lem_reward_opts request;
    bool api_known, named; /* named: by --reward-api */
    int batch;
    uint64_t probes;
    char server_model[128], server[256]; /* "" = not told */
    /* the model */
    lem_head_shape shape;
    lem_head_reading head;
    lem_prompt_settings prompt;
    lem_tokenizer *tok; /* NULL: the server renders */
    lem_prompt_recipe recipe;
    lem_eval_aggregator aggregate;
    const char *field;
    /* rows */
    remote_row *rows;
    remote_text *texts;
    size_t n_rows, cap_rows, n_texts,
        cap_texts;                       /* of the whole input, so that all shards number items alike */
    size_t n_taken, n_asked, n_requests; /* of this shard: rows, candidates that are sent, in requests */
    size_t *order;                       /* texts that are sent, each once, by request */
    size_t n_order;
    remote_item *items; /* [n_items], the first n_batches of which go out at once */
    size_t n_items, n_batches;
    uint64_t resumed;
    remote_counts counts;
} remote;

/* score_remote_options.c: servers, head, form, and how they go together. */
lem_status lem_remote_options(remote *r, lem_err *err) LEM_MUST_CHECK;
lem_status lem_remote_head(remote *r, lem_err *err) LEM_MUST_CHECK;
/* Whether this model's scores can come from it, with what is at hand. */
bool lem_remote_can_ask(const remote *r, lem_reward_api api);
/* From now on it is asked. */
void lem_remote_use_api(remote *r, lem_reward_api api);

/* score_remote_texts.c: rows into candidates, and candidates into what is sent. */
lem_status lem_remote_load(remote *r, lem_err *err) LEM_MUST_CHECK;
/* Names the file of a row. */
const char *lem_remote_file(const remote *r, size_t row);
/* Renders a candidate for the API that is used. */
lem_status lem_remote_render(const remote *r, remote_text *t, lem_err *err) LEM_MUST_CHECK;
lem_reward_text lem_remote_view(const remote *r, const remote_text *t);
/* Renders all, makes the requests of them, and r->teach. */
lem_status lem_remote_plan_requests(remote *r, lem_err *err) LEM_MUST_CHECK;
/* Releases the requests of single candidates where that of several was refused; *n of them. */
void lem_remote_split(remote *r, size_t *n);
void lem_remote_release_rows(remote *r);

/* score_remote_probe.c: which API answers, and how: *record, the caller's, is what the ledger says of it;
 * NULL if no candidate has anything to be read. Nothing is written. */
lem_status lem_remote_probe(remote *r, lem_json **record, lem_err *err) LEM_MUST_CHECK;
/* From now on that is asked: makes r->teach. */
lem_status lem_remote_take_api(remote *r, const lem_json *record, lem_err *err) LEM_MUST_CHECK;

/* score_remote_rows.c: replies into fields. Counts and warns; the rows are then whole. */
lem_status lem_remote_fill_rows(remote *r, lem_err *err) LEM_MUST_CHECK;

/* score_remote_tell.c */
lem_status lem_remote_tell_model(remote *r, lem_err *err) LEM_MUST_CHECK;
lem_status lem_remote_tell_plan(remote *r, lem_err *err) LEM_MUST_CHECK;
lem_status lem_remote_tell_result(remote *r, double seconds, lem_err *err) LEM_MUST_CHECK;

#endif
