/* job/job_priv.h - a job's parts: where it stands, what is there already, its life */
#ifndef LEM_JOB_JOB_PRIV_H
#define LEM_JOB_JOB_PRIV_H

#include "core/file.h"
#include "job/job.h"

typedef enum job_state { JOB_NEW, JOB_PARTIAL, JOB_DONE } job_state;

struct lem_job {
    lem_cli *cli;
    const lem_command *cmd;
    bool cheap;
    char *out;    /* NULL: inert */
    char *parent; /* the folder it stands in */
    char *made;   /* the topmost folder that was made for it; NULL = none */
    char *work, *work_manifest, *manifest;
    lem_lock *lock;
    lem_json *facts;
    lem_json *chosen;     /* NULL = nothing */
    lem_journal *journal; /* NULL = none, or closed */
    char identity[65], compute_path[32];
    job_state state;
    bool started, finishing, finished;
    bool work_is_ours;      /* what lies in the work folder is of this job */
    bool work_is_other_job; /* it is an unfinished run of another job, with something to lose */
    bool may_replace;       /* what another job left */
    bool was_here;          /* the final manifest is of this job, though the output is gone */
    bool unread_input;      /* a dry run does not read standard input, so nothing can be compared */
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

/* ---- lem_job_compare.c ---- */

/* Sets state, identity and compute path by what stands there; LEM_EUSAGE for a refusal. companions: files
 * that stand beside a whole output. */
lem_status lem_job_compare(lem_job *j, const char *const *companions, int n, lem_err *err) LEM_MUST_CHECK;

#endif
