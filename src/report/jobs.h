/* report/jobs.h - the jobs behind a report: the manifests of what it shows, and of what those jobs read
 * (docs/jobs.md) */
#ifndef LEM_REPORT_JOBS_H
#define LEM_REPORT_JOBS_H

#include "core/err.h"
#include "core/json.h"

#include <stdbool.h>

enum { LEM_REPORT_JOBS_MAX = 256 };

typedef struct lem_report_job {
    char *output;       /* what it made */
    char *path;         /* of its manifest */
    lem_json *manifest; /* an object */
    bool behind;        /* found through the inputs of others alone */
} lem_report_job;

typedef struct lem_report_jobs { /* zeroed = none */
    lem_report_job at[LEM_REPORT_JOBS_MAX];
    int n;
    bool more;      /* there is no room for further ones */
    lem_json *seen; /* of jobs.c */
} lem_report_jobs;

/* The jobs of paths[0..n) (entries may be NULL): of a folder first the stages of its run.json in their order,
 * then those in it by name, of a file the one beside it; then what their inputs came from. Each job once;
 * those of reports are left out, and manifests that cannot be read are passed over. LEM_EMEM alone fails;
 * released by the caller also then. */
lem_status lem_report_jobs_find(const char *const *paths, int n, lem_report_jobs *out,
                                lem_err *err) LEM_MUST_CHECK;
void lem_report_jobs_release(lem_report_jobs *x);

/* The job that made an input (a member of `inputs` of a manifest): by what the manifest says, else by its
 * path, which lies in an output or is one that the job says it wrote besides. -1 = none is known. */
int lem_report_job_of(const lem_report_jobs *x, const lem_json *input);

#endif
