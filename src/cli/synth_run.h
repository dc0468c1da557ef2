/* cli/synth_run.h - the frame of commands that ask a teacher: rows in, replies from an endpoint or from a
 * model of our own, rows and dead letters out
 *
 * Use: open, ask, write, close. Each row of problems gives `per_row` items, in order. The ledger of what was
 * sent and billed is the job's journal (teach/teach.h). */
#ifndef LEM_CLI_SYNTH_RUN_H
#define LEM_CLI_SYNTH_RUN_H

#include "cli/bad_rows_options.h"
#include "cli/endpoint_options.h"
#include "cli/memory_plan.h"
#include "cli/speculate_options.h"

#include "core/file.h"
#include "core/object.h"
#include "data/problems.h"
#include "job/job.h"
#include "teach/teach.h"

/* Those of its own, and those of endpoint_options.h. */
enum {
    LEM_N_SYNTH_OPTIONS = 13 + LEM_N_BAD_ROWS_OPTIONS + LEM_N_ENDPOINT_OPTIONS + LEM_N_COMPLETION_OPTIONS +
                          LEM_N_SPECULATE_OPTIONS
};
extern const lem_opt lem_synth_options[LEM_N_SYNTH_OPTIONS];

typedef struct lem_synth {
    lem_cli *cli;
    const lem_args *args;
    const lem_command *cmd;
    lem_job *job;
    bad_rows bad; /* rows left out, with --on-error skip */
    lem_problems rows;
    size_t per_row, items;
    const char *model; /* folder; NULL: endpoints */
    lem_teach_opts o;
    lem_endpoint_options endpoint;
    char *dead; /* path of the dead letters */
    lem_teach *teach;
    lem_journal *ledger; /* the job's */
    lem_progress *progress;
    lem_memory_parts memory; /* of a model of our own */
    uint64_t resumed, written;
    double seconds;
} lem_synth;

/* Checks the options, opens the job and reads the rows. *done: the output is there and of this job, and that
 * was said. */
lem_status lem_synth_open(lem_synth *s, lem_cli *cli, const lem_command *cmd, const lem_args *args,
                          bool *done, lem_err *err) LEM_MUST_CHECK;
/* Asks for n replies to each item. With --dry-run it tells the plan and asks nothing.
 * LEM_EPARTIAL: a budget is reached, or more items failed than --max-failed; the ledger stays. */
lem_status lem_synth_ask(lem_synth *s, size_t per_row, int n, lem_teach_prompt *prompt, void *ctx,
                         lem_err *err) LEM_MUST_CHECK;
/* Writes what `row` makes of each item that was answered, in order, and finishes the job. */
typedef lem_status lem_synth_row(void *ctx, size_t item, const lem_json *reply, lem_out *out, lem_err *err);
lem_status lem_synth_write(lem_synth *s, lem_synth_row *row, void *ctx, lem_err *err) LEM_MUST_CHECK;
/* The summary; takes more, whose members stand in the object of --json. */
lem_status lem_synth_tell(lem_synth *s, lem_json *more, lem_err *err) LEM_MUST_CHECK;
void lem_synth_close(lem_synth *s);

/* The name of the teacher that goes into rows: what the reply says, else --teacher; a model of our own is
 * "lemma". */
const char *lem_synth_teacher(const lem_synth *s, const lem_json *reply);
/* Fields of the row that are copied into what is made of it (domain, source). */
void lem_synth_copy_fields(const lem_problem *row, lem_object *out);

/* synth_plan.c: what is still to be asked, and what it may cost. */
lem_status lem_synth_plan(lem_synth *s, lem_err *err) LEM_MUST_CHECK;
/* Once the ledger is replayed: tells what is there and what is to come, the first request among it. */
lem_status lem_synth_begin(lem_synth *s, lem_err *err) LEM_MUST_CHECK;
/* synth_local.c: the items' replies from the model folder, put into the ledger. */
lem_status lem_synth_local(lem_synth *s, lem_err *err) LEM_MUST_CHECK;

#endif
