/* cli/remote_run.h - the parts of a job at servers that sample and prm annotate have in common */
#ifndef LEM_CLI_REMOTE_RUN_H
#define LEM_CLI_REMOTE_RUN_H

#include "cli/endpoint_options.h"
#include "core/object.h"
#include "job/job.h"

typedef struct lem_remote { /* zeroed = nothing there */
    lem_endpoint_options endpoint;
    lem_teach_opts o;
    lem_teach *teach;
    lem_journal *ledger; /* the job's */
    lem_json *servers;   /* what servers said of themselves, in all runs of the job; strings */
    double seconds;      /* of this run */
    int named;           /* failures that were told one by one */
} lem_remote;

/* Options and checks that need no rows: --out, --served-model, the endpoint's; o's chat but what is the
 * command's own (n, stop, logprobs, max_tokens are set before). */
lem_status lem_remote_open(lem_remote *r, lem_cli *cli, const lem_args *args, lem_err *err) LEM_MUST_CHECK;
/* A record of the journal: the ledger's, or what a server said of itself. */
lem_status lem_remote_visit(lem_remote *r, const char *id, const lem_json *record,
                            lem_err *err) LEM_MUST_CHECK;
/* The first n numbers of a name, between ':'; a try may follow. False if it has fewer, or other characters.
 */
bool lem_remote_name(const char *name, uint64_t *at, int n);
/* Asks the servers what they are, and writes it down and into the final manifest ("server"). Says so where it
 * is another than in an earlier run. */
lem_status lem_remote_greet(lem_remote *r, lem_job *job, lem_journal *ledger, lem_err *err) LEM_MUST_CHECK;
/* Sends what is to be sent. LEM_EPARTIAL: a budget is reached, or more of `total` failed than --max-failed;
 * the ledger stays. what: "candidates". */
lem_status lem_remote_ask(lem_remote *r, const lem_args *args, lem_job *job, const char *what, uint64_t total,
                          lem_err *err) LEM_MUST_CHECK;
/* The plan of a dry run: requests, tokens, cost, the first request. Adds members to o, which is NULL where
 * none are wanted. */
lem_status lem_remote_plan(lem_remote *r, lem_object *o, lem_err *err) LEM_MUST_CHECK;
/* requests, unsure, tokens, cost, failed, server. */
void lem_remote_tell(const lem_remote *r, lem_object *o);
/* Why an item has no reply says that the prompt did not fit the server's context. */
bool lem_remote_too_long(const char *why);
void lem_remote_release(lem_remote *r);

#endif
