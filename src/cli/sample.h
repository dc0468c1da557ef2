/* cli/sample.h - what the parts of lemma sample share: the job, its finished candidates, its engines
 *
 * An engine makes candidates: a model folder (sample_local.c), or servers (sample_remote.c).
 * Whatever makes them, they are kept here: journalled as they end, and written in the order of the rows. */
#ifndef LEM_CLI_SAMPLE_H
#define LEM_CLI_SAMPLE_H

#include "cli/bad_rows_options.h"
#include "cli/remote_prompts.h"
#include "cli/remote_run.h"
#include "cli/runtime.h"
#include "cli/speculate_options.h"

#include "bench/row.h"
#include "core/journal.h"
#include "data/problems.h"
#include "eval/decided.h"
#include "eval/spoil.h"
#include "generate/run.h"
#include "prompt/ends.h"

typedef struct sample_job sample_job;

/* Calls in this order; each but release may fail. */
typedef struct sample_engine {
    /* All that can be wrong before the work begins, and the plan. Marks prompts that are too long. */
    lem_status (*prepare)(sample_job *j, lem_err *err);
    /* Takes what is needed to begin, and starts the job (lem_job_start). Nothing was written before. */
    lem_status (*start)(sample_job *j, lem_err *err);
    /* Makes what is not there yet, each handed to lem_sample_keep. LEM_EINTR as lem_job_interrupted says it.
     */
    lem_status (*run)(sample_job *j, lem_err *err);
    void (*release)(sample_job *j);
    /* A record of the journal; NULL: they are finished candidates. */
    lem_status (*visit)(sample_job *j, const char *id, const lem_json *record, lem_err *err);
    /* What --json tells beside what all engines do; NULL = nothing. */
    void (*tell)(const sample_job *j, lem_object *o);
} sample_engine;

extern const sample_engine lem_sample_engine_local, lem_sample_engine_remote;

typedef struct sample_remote { /* the engine of servers */
    lem_remote run;
    lem_remote_prompts prompts;
    lem_prompt_end_list ends; /* with --tokenizer */
} sample_remote;

typedef struct sample_local { /* the engine of a model folder */
    size_t next_row;          /* source cursor */
    int turn;                 /* of a trial: how often it went through the rows */
    int *missing;             /* [n] candidates of the row that the source gave last */
    lem_dtype dtype;
    lem_prompt_end_list ends;
    lem_runtime rt;
    lem_model_config config;
    lem_weights *weights;
    lem_tokenizer *tok;
    lem_draft_model draft;
    uint64_t run_tokens;
} sample_local;

typedef struct sample_rows { /* where the problems come from */
    lem_bench_spec spec;     /* of --benchmark; zeroed without */
    lem_bench_asker asker;
    lem_bench_chooser chooser; /* of --prompts */
    char *path, *shots_path;   /* the benchmark's file; that of its worked examples, where they are wanted */
    lem_job_input input[2];
    int n_inputs; /* not 0: --benchmark, whose file is there */
    lem_err err;  /* what is wrong with --benchmark */
} sample_rows;

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
    sample_rows source;
    lem_problems rows;
    lem_json **records;                /* [rows, n] finished candidates, owned */
    lem_decided *votes;                /* [rows] with --stop-when-decided; NULL = all candidates are made */
    lem_grade_profile profile;         /* by which its answers are found */
    uint64_t total, finished, resumed; /* candidates */
    lem_journal *journal;
    lem_progress *progress;
    lem_generate_stats stats;
    const sample_engine *engine;
    sample_local local;
    sample_remote remote;
};

/* ---- problems (sample_rows.c) */

/* Finds the benchmark and its file, before the job is opened; what is wrong stands in source.err. */
void lem_sample_rows_find(sample_job *j);
/* What the job reads beside its options; borrowed from j. */
lem_job_spec lem_sample_rows_facts(const sample_job *j);
lem_status lem_sample_rows_load(sample_job *j, lem_err *err) LEM_MUST_CHECK;
/* What the benchmark says of the prompt where neither model nor user does, and of how answers are found. */
lem_status lem_sample_rows_prompt(sample_job *j, lem_err *err) LEM_MUST_CHECK;
/* What can be wrong with --benchmark, for the plan of a recipe. */
lem_status lem_sample_rows_check(const lem_cli *cli, const lem_args *args, lem_err *err) LEM_MUST_CHECK;
void lem_sample_rows_release(sample_job *j);

/* ---- the published style and worked examples of a benchmark (sample_shots.c) */

#define LEM_STYLE_PUBLISHED                                                                                  \
    "published" /* of --style: the one that the benchmark names, with its examples                           \
                 */
/* The style by name that --style stands for; NULL = none. */
lem_status lem_sample_style(const sample_job *j, const char **style, lem_err *err) LEM_MUST_CHECK;
/* Where the examples lie, if they are wanted: an input of the job. Before it is opened. */
lem_status lem_sample_shots_find(sample_job *j, lem_err *err) LEM_MUST_CHECK;
/* Whether the examples are the benchmark's own. */
bool lem_sample_shots_own(const sample_job *j);
/* Once the style is known: how the rows' options are laid out, and the benchmark's own examples. */
lem_status lem_sample_shots_load(sample_job *j, lem_err *err) LEM_MUST_CHECK;

/* ---- finished candidates (sample_records.c) */

/* Opens the journal, whose candidates count as finished. After lem_job_start. */
lem_status lem_sample_open_records(sample_job *j, lem_err *err) LEM_MUST_CHECK;
/* The tokens that end a candidate, by folder dir and style; vocab as in lem_prompt_ends. */
lem_status lem_sample_ends(const sample_job *j, const lem_tokenizer *tok, const char *dir, int vocab,
                           lem_prompt_end_list *out, lem_err *err) LEM_MUST_CHECK;
/* Whether the text of a candidate of a row will be read as the ids that were sampled, the one that ended it
 * among them (lem_prompt_reencodes). stopped: it did not end at its limit. */
lem_status lem_sample_reencodes(const sample_job *j, const lem_tokenizer *tok,
                                const lem_prompt_end_list *ends, size_t row, const char *text, size_t len,
                                bool stopped, const int32_t *ids, size_t n, bool *out,
                                lem_err *err) LEM_MUST_CHECK;
/* Whether candidate i of row is there. */
bool lem_sample_has(const sample_job *j, size_t row, int i);
/* Takes a finished candidate; record: {"text", "finish_reason", "tokens", "logprob"}, and
 * "reencodes": false where lem_prompt_reencodes says so (taken; NULL: out of memory). */
lem_status lem_sample_keep(sample_job *j, size_t row, int i, lem_json *record, lem_err *err) LEM_MUST_CHECK;
/* The same of one that the engine's own records hold: it is not journalled. */
lem_status lem_sample_hold(sample_job *j, size_t row, int i, lem_json *record, lem_err *err) LEM_MUST_CHECK;
/* How many candidates of a row are wanted: n, or with --stop-when-decided those that decide its vote. */
int lem_sample_wanted(const sample_job *j, size_t row);
/* Rows whose vote was decided before n, and the candidates of these that were not drawn. */
uint64_t lem_sample_decided(const sample_job *j, uint64_t *not_drawn);
/* Candidates that ended so ("stop"). */
uint64_t lem_sample_count_finished(const sample_job *j, const char *how);
/* What spoils a figure made of them: cut, repeated, and (as without an answer) empty. */
lem_status lem_sample_spoil(const sample_job *j, lem_spoil *out, lem_err *err) LEM_MUST_CHECK;
/* Writes the rows and ends the job. */
lem_status lem_sample_write(sample_job *j, lem_err *err) LEM_MUST_CHECK;
void lem_sample_release_records(sample_job *j);

#endif
