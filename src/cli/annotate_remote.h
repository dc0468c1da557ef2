/* cli/annotate_remote.h - rollouts of lemma prm annotate by servers
 *
 * A rollout continues a solution. --api chat sends the conversation with the beginning of the solution as the
 * assistant's last message, and asks that it be continued (vLLM: add_generation_prompt false and
 * continue_final_message true; llama-server continues such a message by itself, and gives it whole:
 * a reply that begins with all that was sent is taken without it). --api text sends the prompt
 * and the beginning as token ids (--tokenizer), or as text.
 * Rollouts of a point are a group of the ledger (teach/teach.h); what is wanted is asked for in rounds. */
#ifndef LEM_CLI_ANNOTATE_REMOTE_H
#define LEM_CLI_ANNOTATE_REMOTE_H

#include "cli/remote_prompts.h"
#include "cli/remote_run.h"

#include "annotate/outside.h"

typedef struct lem_annotate_remote { /* zeroed = nothing there */
    lem_cli *cli;
    const lem_args *args;
    lem_remote run;
    lem_remote_prompts prompts;
    lem_outside *work;
    lem_json *turns;          /* of the last request */
    size_t *wanted, n_wanted; /* of the round */
    uint64_t resumed;
} lem_annotate_remote;

/* Options and prompts; before the host can be asked for problems, whose prompts get their ids. */
lem_status lem_annotate_remote_open(lem_annotate_remote *r, lem_cli *cli, const lem_args *args,
                                    const lem_annotate_opts *o, lem_problems *rows,
                                    const lem_prompt_settings *s, lem_err *err) LEM_MUST_CHECK;
/* Reads all problems; the first round is what a dry run tells. */
lem_status lem_annotate_remote_load(lem_annotate_remote *r, const lem_annotate_opts *o,
                                    const lem_annotate_host *host, lem_err *err) LEM_MUST_CHECK;
lem_status lem_annotate_remote_plan(lem_annotate_remote *r, lem_err *err) LEM_MUST_CHECK;
/* All rounds; the ledger was replayed (lem_remote_visit). */
lem_status lem_annotate_remote_run(lem_annotate_remote *r, lem_job *job, lem_journal *ledger,
                                   lem_annotate_stats *stats, lem_err *err) LEM_MUST_CHECK;
void lem_annotate_remote_release(lem_annotate_remote *r);

#endif
