/* job/job.h - one run of a command that writes something: lock, identity, resume, refusal, manifest
 *
 * Beside the output PATH stand, while the job runs, PATH.lock and the folder PATH.job with manifest.json and
 * what the command saves there (journal, checkpoints); behind it, when the job is done, the final manifest
 * (PATH.manifest.json, or PATH/manifest.json where PATH is a folder), and nothing else.
 * A job is known by its facts (job/facts.h), so the same command again
 *   - goes on where an unfinished run stopped (the work folder is of this job),
 *   - or finds that it is complete (the final manifest is of this job, and the output has the digest that
 *     stands in it),
 *   - and a command with other facts is refused with LEM_EUSAGE, naming what changed, old and new.
 * --overwrite lets what stands at the output be replaced, --fresh starts anew over any result of lemma's.
 * An output that no manifest belongs to is somebody's file: refused without --overwrite.
 *
 * Use: open, look at lem_job_done, check options and inputs, start, work, finish, close.
 * Before lem_job_start nothing is left behind by close: a refused option leaves neither folder nor lock.
 * With --shard (job/shard.h) the job has some of the rows, its output and manifest have the shard in their
 * names, and the manifest says what lemma merge must know. A shard takes from the journals of dead shards of
 * the same whole job beside it what they hold of its rows.
 * A job without output (no --out, or "-") is inert: never done, all calls do nothing.
 * With --dry-run nothing is locked or written. */
#ifndef LEM_JOB_JOB_H
#define LEM_JOB_JOB_H

#include "core/journal.h"
#include "core/skipped.h"
#include "job/command.h"
#include "job/facts.h"

typedef struct lem_job lem_job;

typedef struct lem_job_spec {
    const char *out;             /* NULL: the value of --out */
    const lem_job_input *inputs; /* what is read beside options and words */
    int n_inputs;
    bool cheap;       /* takes seconds: complete counts only inside a recipe, alone the work is done again */
    const char *also; /* a text that stands in the result and is no option; NULL = none */
    const char *const *companions; /* files beside the output without which it is not complete */
    int n_companions;
    const lem_json *facts; /* what the job is, in place of the facts of the command and its arguments (lemma
                              merge); NULL = none */
} lem_job_spec;

/* Takes the lock and compares. An input "-" is read to its end and given back as standard input.
 * LEM_EIO if another run holds the lock; LEM_EUSAGE for a refusal; LEM_EDATA if an input is absent. */
lem_status lem_job_open(lem_cli *cli, const lem_command *cmd, const lem_args *args, const lem_job_spec *spec,
                        lem_job **out, lem_err *err) LEM_MUST_CHECK;
/* The output is there and of this job. Says so to the user, and removes what a killed run left beside it. */
bool lem_job_done(lem_job *j);
/* An unfinished run of this job is there. */
bool lem_job_resumes(const lem_job *j);
/* The compute path that the unfinished run uses; NULL if there is none. */
const char *lem_job_compute_path(const lem_job *j);
const char *lem_job_identity(const lem_job *j);
/* What an earlier run left beside the output (an audit page, tables) may be written over: it is this job's,
 * or the user says so. */
bool lem_job_may_replace(const lem_job *j);
/* Where the output goes; NULL if the job is inert, or with --dry-run. Borrowed. */
const char *lem_job_out(const lem_job *j);
/* The same also with --dry-run, and "-" for standard output; NULL without --out. */
const char *lem_job_path(const lem_job *j);
/* The name in the work folder of what a training run tells as it goes; nothing is lost with it. */
#define LEM_JOB_TELEMETRY "telemetry.jsonl"
/* The folder in the work folder of a command that runs others on the way, for their results. */
#define LEM_JOB_STAGES "stages"
/* PATH.job/name, for the command's own unfinished state; the caller frees. NULL (without error) if inert. */
char *lem_job_work_path(const lem_job *j, const char *name, lem_err *err);

/* ---- shards: each command tells the job its rows, by their number from 0 in the whole input */

/* Whether the row is this job's; all are without --shard, also of an inert job. */
bool lem_job_takes(const lem_job *j, uint64_t row);
bool lem_job_is_shard(const lem_job *j);
/* One row of this job became so many lines of the output. Called for each in their order. */
void lem_job_wrote(lem_job *j, uint64_t lines);
/* How many rows the whole input has. Called before finish. */
void lem_job_saw(lem_job *j, uint64_t rows);

/* Writes into the final manifest what the command chose by itself (a default that depends on the model),
 * under "chosen". It is no part of the job's identity: the same facts must choose the same. value NULL =
 * null. */
lem_status lem_job_choose(lem_job *j, const char *name, const char *value, lem_err *err) LEM_MUST_CHECK;
/* The manifest tells a licence of the input `path` that the command knows (from a benchmark's description)
 * where no card beside it states one (core/card.h). from: who says so. Before lem_job_start. */
lem_status lem_job_licence(lem_job *j, const char *path, const char *licence, const char *from,
                           lem_err *err) LEM_MUST_CHECK;
/* Work begins: writes the work folder's manifest. compute_path may be NULL. */
lem_status lem_job_start(lem_job *j, const char *compute_path, lem_err *err) LEM_MUST_CHECK;
/* The job's journal in the work folder, replayed through visit; *out stays NULL if the job is inert. It is
 * the job's own: interrupted, finish and close end it. The first number in the id of a record is the number
 * of its row in the whole input, from 0: by it a shard finds its rows in the journals of others. */
lem_status lem_job_journal(lem_job *j, lem_journal_visit *visit, void *ctx, lem_journal **out,
                           lem_err *err) LEM_MUST_CHECK;
/* The work was cancelled: ends the journal, and returns LEM_EINTR with a text that says how many of `total`
 * (0 = not known) are saved and that the same command goes on, or the error of the journal's end. An inert
 * job saves nothing. what: "rows". */
lem_status lem_job_interrupted(lem_job *j, uint64_t saved, uint64_t total, const char *what,
                               lem_err *err) LEM_MUST_CHECK;
/* Where the list of rows left out by --on-error skip goes: --skipped, or OUT.skipped; NULL: nowhere (no
 * output). Borrowed. */
const char *lem_job_skipped(const lem_job *j);
/* Writes it there, before the output is put in place; nothing with --dry-run. An empty list is no file: that
 * of an older run goes, as it does at the end of a job that did not save one. */
lem_status lem_job_save_skipped(lem_job *j, lem_skipped *list, lem_err *err) LEM_MUST_CHECK;
/* Whether the command writes files of that name. */
typedef bool lem_job_owns(const char *name);
/* Where a command writes the files of its folder, borrowed: beside the output where a whole result of lemma's
 * stands without files of anybody else, and the output itself otherwise. owns: NULL = it writes a model.
 * After lem_job_start. */
lem_status lem_job_folder_begin(lem_job *j, lem_job_owns *owns, const char **dir,
                                lem_err *err) LEM_MUST_CHECK;
/* The files are all there: the new folder takes the place of the old one (lem_dir_replace). Before finish. */
lem_status lem_job_folder_put(lem_job *j, lem_err *err) LEM_MUST_CHECK;
/* The output is whole: writes the final manifest with its digest, then removes the work folder. */
lem_status lem_job_finish(lem_job *j, lem_err *err) LEM_MUST_CHECK;
/* Releases the lock. NULL allowed. A job that saved nothing yet leaves nothing behind. */
void lem_job_close(lem_job *j);

/* A folder that the job completes on the way (a stage of sft): its manifest, and whether an unfinished run of
 * this job, on the same compute path, left it whole. What its manifest tells of choices and rows is then told
 * in this job's, too: the manifest has the bytes of a run that was not interrupted. */
lem_status lem_job_part_finish(const lem_job *j, const char *dir, lem_err *err) LEM_MUST_CHECK;
bool lem_job_part_done(lem_job *j, const char *dir);

#endif
