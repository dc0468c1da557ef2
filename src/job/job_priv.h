/* job/job_priv.h - a job's parts: where it stands, what is there already, its life */
#ifndef LEM_JOB_JOB_PRIV_H
#define LEM_JOB_JOB_PRIV_H

#include "core/file.h"
#include "job/job.h"
#include "job/shard.h"

enum { MAX_BESIDE = 8 };
typedef enum job_state { JOB_NEW, JOB_PARTIAL, JOB_DONE } job_state;

struct lem_job {
    lem_cli *cli;
    const lem_command *cmd;
    bool cheap;
    char *out;          /* NULL: inert */
    const char *direct; /* "-": inert, on standard output; NULL */
    char *parent;       /* the folder it stands in */
    char *made;         /* the topmost folder that was made for it; NULL = none */
    char *work, *work_manifest, *manifest;
    char *partial;            /* where a folder is built that replaces another; NULL = nowhere */
    char *beside[MAX_BESIDE]; /* other folders that companions stand in */
    int n_beside;
    lem_lock *lock;
    lem_json *facts;
    lem_json *chosen;     /* NULL = nothing */
    lem_json *rows_told;  /* accounts of rows (job/account.h); NULL = none */
    lem_journal *journal; /* NULL = none, or closed */
    char identity[65], compute_path[32];
    job_state state;
    char *skipped;      /* where the list of rows left out stands, or would; NULL = nowhere */
    bool skipped_saved; /* by this run */
    bool started, finishing, finished;
    uint64_t failures;      /* of allocations, when it was opened */
    uint64_t before;        /* the inode of what stood at the output when it started; 0 = nothing did */
    bool work_is_ours;      /* what lies in the work folder is of this job */
    bool work_is_other_job; /* it is an unfinished run of another job, with something to lose */
    bool may_replace;       /* what another job left */
    bool was_here;          /* the final manifest is of this job, though the output is gone */
    bool unread_input;      /* a dry run does not read standard input, so nothing can be compared */
    lem_shard shard;        /* no parts: all rows */
    char *asked, *own;      /* of a shard: the output of the whole job as given, and its own */
    char whole[65];         /* of a shard: the identity of the whole job */
    lem_shard_files donors; /* dead shards whose journals may hold rows of this one */
    bool rows_known;
    uint64_t rows;         /* of the whole input */
    lem_buf lines;         /* runs of "LINESxROWS", the last one apart */
    uint64_t lines_of_row; /* the last run */
    uint64_t rows_alike;
};

/* ---- job_place.c ---- */

/* Paths of the output and what stands beside it. LEM_EUSAGE if the output is of the wrong kind. */
lem_status lem_job_place_set(lem_job *j, const char *out, lem_err *err) LEM_MUST_CHECK;
/* Makes the folder that the output stands in, and takes the lock; nothing with --dry-run. */
lem_status lem_job_place_take(lem_job *j, lem_err *err) LEM_MUST_CHECK;
/* Releases the lock and removes what was made for nothing. */
void lem_job_place_leave(lem_job *j);
/* LEM_EUSAGE if the output, or one of the n files written beside it (NULL: none), is one of the inputs or
 * would be one of their data files. */
lem_status lem_job_place_check_inputs(const lem_job *j, const char *const *beside, int n,
                                      lem_err *err) LEM_MUST_CHECK;

/* ---- job_work.c ---- */

/* The work folder holds something that would be lost: a checkpoint, or a journal with records. */
bool lem_job_work_is_saved(const lem_job *j);
/* Removes the work folder. What lemma never writes there is somebody's: LEM_EUSAGE, and all of it stays. */
lem_status lem_job_work_remove(const lem_job *j, lem_err *err) LEM_MUST_CHECK;

/* ---- job_skipped.c ---- */

/* Sets where the list stands. LEM_EUSAGE if it may not stand there. */
lem_status lem_job_skipped_set(lem_job *j, const lem_args *args, lem_err *err) LEM_MUST_CHECK;
/* The job is whole: a list that an older run left goes. */
lem_status lem_job_skipped_finish(const lem_job *j, lem_err *err) LEM_MUST_CHECK;

/* ---- job_shard.c ---- */

/* Reads --shard, which lem_shard_resolve has made plain. */
lem_status lem_job_shard_set(lem_job *j, const lem_args *args, lem_err *err) LEM_MUST_CHECK;
/* The path of the shard in place of *path, which stays as it is where the job is whole; said to the user. */
lem_status lem_job_shard_place(lem_job *j, const char **path, lem_err *err) LEM_MUST_CHECK;
/* The identity of the whole job, of the facts. */
lem_status lem_job_shard_identify(lem_job *j, lem_err *err) LEM_MUST_CHECK;
/* Looks at the other shards beside it. LEM_EUSAGE if a finished one has a row of this one, LEM_EIO if one
 * that has is running. Sets the donors, and the compute path if none is set. */
lem_status lem_job_shard_compare(lem_job *j, lem_err *err) LEM_MUST_CHECK;
/* Copies what the donors' journals hold of this shard's rows into a journal that is not there yet. */
lem_status lem_job_shard_adopt(lem_job *j, const char *journal, lem_err *err) LEM_MUST_CHECK;
/* What the manifest says of the shard; NULL (without error) for a whole job. done: with rows and lines.
 * LEM_EMEM if out of memory. */
lem_status lem_job_shard_json(lem_job *j, bool done, lem_json **out, lem_err *err) LEM_MUST_CHECK;
void lem_job_shard_release(lem_job *j);
#define LEM_JOB_NEW_JOURNAL "journal.new" /* while it is copied */

/* ---- lem_job_compare.c ---- */

/* Sets state, identity and compute path by what stands there; LEM_EUSAGE for a refusal. companions: files
 * that stand beside a whole output. */
lem_status lem_job_compare(lem_job *j, const char *const *companions, int n, lem_err *err) LEM_MUST_CHECK;
/* The inode of what stands at the output; 0 = nothing does, or an empty folder. */
uint64_t lem_job_stands(const lem_job *j);

#endif
