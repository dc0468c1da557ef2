/* cli/reference_option.h - --reference FILE.csv:TABLE: published figures beside one's own */
#ifndef LEM_CLI_REFERENCE_OPTION_H
#define LEM_CLI_REFERENCE_OPTION_H

#include "eval/reference.h"
#include "job/job.h"

#define LEM_OPT_REFERENCE                                                                                    \
    {                                                                                                        \
        "reference", LEM_OPT_STR, "FILE.csv:TABLE", NULL,                                                    \
            "published figures shown beside: the rows of a table of recipes/reference/*.csv"                 \
    }

typedef struct lem_reference_option { /* zeroed = none */
    char *csv;                        /* owned */
    const char *table;                /* borrowed from the arguments; NULL = none */
    lem_reference published;
} lem_reference_option;

/* The file, before the job is opened, as its input *n. What is no FILE:TABLE is refused when it is loaded. */
lem_status lem_reference_option_take(const lem_args *args, lem_reference_option *o, lem_job_input *input,
                                     int *n, lem_err *err) LEM_MUST_CHECK;
/* Its rows. LEM_EUSAGE where the file has no such table. */
lem_status lem_reference_option_load(const lem_args *args, lem_reference_option *o,
                                     lem_err *err) LEM_MUST_CHECK;
void lem_reference_option_release(lem_reference_option *o);

#endif
