/* job/account.h - what became of the rows that a job read: kept, or left out and why
 *
 * It stands in the final manifest as a list `rows`, an account for each reading that left something out or
 * could have: {"of", "unit", "read", "kept", "dropped": {reason: n}, "first": ["FILE:LINE: why"], "file",
 * "against"}. Rows that fall under several reasons count under each. It is told, and no part of the job's
 * identity: the same facts give the same account. */
#ifndef LEM_JOB_ACCOUNT_H
#define LEM_JOB_ACCOUNT_H

#include "job/job.h"

typedef struct lem_left_out {
    const char *why;
    uint64_t n; /* 0 is told too: it was looked for */
} lem_left_out;

typedef struct lem_account { /* borrowed, but for first and against */
    const char *of;          /* which reading of the job, "stage 2"; NULL = its one */
    const char *unit;        /* what is counted, in the plural: "rows", "lists" */
    uint64_t read, kept;
    const lem_left_out *why; /* [n] */
    int n;
    const char *file; /* where the rows that were left out stand, with _dropped and _source; NULL = nowhere */
    lem_json *first;  /* taken: list of texts, a few examples; NULL = none */
    lem_json
        *against; /* taken: list of {"name", "rows_dropped", …}, the test sets of a decontamination; NULL */
} lem_account;

/* Adds an account to the manifest that lem_job_finish writes. */
lem_status lem_job_account(lem_job *j, const lem_account *a, lem_err *err) LEM_MUST_CHECK;
/* Of the facts of n >= 1 shards of one job: the account of the whole job where all tell the same reasons,
 * since every shard reads all rows; else those of each, named by its shard. */
lem_status lem_job_account_shards(lem_job *j, const lem_json *const *shards, size_t n,
                                  lem_err *err) LEM_MUST_CHECK;

#endif
