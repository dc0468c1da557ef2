/* cli/sample.h - what the parts of lemma sample share: the job, its finished candidates, its engines
 *
 * An engine makes candidates: a model folder (sample_local.c), or servers.
 * Whatever makes them, they are kept here: journalled as they end, and written in the order of the rows. */
#ifndef LEM_CLI_SAMPLE_H
#define LEM_CLI_SAMPLE_H

#include "cli/runtime.h"

#include "core/journal.h"
#include "cli/bad_rows_options.h"
#include "data/problems.h"
#include "generate/run.h"
#include "prompt/ends.h"

typedef struct sample_job sample_job;

/* Calls in this order; each but release may fail. */
typedef struct sample_engine {
    /* All that can be wrong before the work begins, and the plan. Marks prompts that are too long. */
    lem_status (*prepare)(sample_job *j, lem_err *err);
    /* Takes what is needed to begin, and starts the job (lem_job_start). Nothing was written before. */
    lem_status (*start)(sample_job *j, lem_err *err);
    /* Makes what is not there yet, each handed to sample_keep. LEM_EINTR as lem_job_interrupted says it. */
    lem_status (*run)(sample_job *j, lem_err *err);
    void (*release)(sample_job *j);
} sample_engine;

extern const sample_engine sample_engine_local;

typedef struct sample_local { /* the engine of a model folder */
    size_t next_row;          /* source cursor */
    int *missing;             /* [n] candidates of the row that the source gave last */
    lem_dtype dtype;
    lem_prompt_end_list ends;
    lem_runtime rt;
    lem_model_config config;
    lem_weights *weights;
    lem_tokenizer *tok;
    uint64_t run_tokens;
} sample_local;

struct sample_job {
    bad_rows bad; /* rows left out, with --on-error skip */
    lem_cli *cli;
    const lem_args *args;
    const char *model, *prompts, *out;
    lem_job *job;
    bool to_stdout;
    int n; /* candidates per problem */
    lem_generate_opts gen;
    const char **stop;
    lem_prompt_settings prompt;
    lem_problems rows;
    lem_json **records;                /* [rows, n] finished candidates, owned */
    uint64_t total, finished, resumed; /* candidates */
    lem_journal *journal;
    lem_progress *progress;
    lem_generate_stats stats;
    const sample_engine *engine;
    sample_local local;
};

/* ---- finished candidates (sample_records.c) */

/* Opens the journal, whose candidates count as finished. After lem_job_start. */
lem_status sample_open_records(sample_job *j, lem_err *err) LEM_MUST_CHECK;
/* Whether candidate i of row is there. */
bool sample_has(const sample_job *j, size_t row, int i);
/* Takes a finished candidate; record: {"text", "finish_reason", "tokens", "logprob"} (taken; NULL: out of
 * memory). */
lem_status sample_keep(sample_job *j, size_t row, int i, lem_json *record, lem_err *err) LEM_MUST_CHECK;
/* Candidates that ended so. */
uint64_t sample_count_finished(const sample_job *j, lem_finish how);
/* Writes the rows and ends the job. */
lem_status sample_write(sample_job *j, lem_err *err) LEM_MUST_CHECK;
void sample_release_records(sample_job *j);

#endif
