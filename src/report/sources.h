/* report/sources.h - the result and telemetry files that a report shows
 *
 * They are found in run folders (run.json of `lemma run`, telemetry.jsonl of training, JSON files with a list
 * of `metrics`, tables of benchmarks), down to five folders deep, or named one by one. Other rows (.jsonl,
 * .gz, .zst) that are named are candidates, or the trace of a search. Unfinished jobs are found by their
 * folders OUT.job. */
#ifndef LEM_REPORT_SOURCES_H
#define LEM_REPORT_SOURCES_H

#include "core/err.h"
#include "core/json.h"
#include "core/log.h"

#include <stdbool.h>

typedef enum lem_source_kind {
    LEM_SOURCE_METRICS,
    LEM_SOURCE_TELEMETRY,
    LEM_SOURCE_TRACE,
    LEM_SOURCE_BENCHMARKS,
    LEM_SOURCE_COMPARISON,
    LEM_SOURCE_ABLATION,
    LEM_SOURCE_SAMPLED, /* candidates, report/sampled.h */
    LEM_SOURCE_JOB      /* the folder OUT.job of a job that is not finished, report/unfinished.h */
} lem_source_kind;
typedef struct lem_source {
    char *path, *title; /* title: the path below its run, without what all such paths end in; where two
                            inputs have the same, with the folder behind it */
    lem_source_kind kind;
    int input; /* which input it came from, from 0 */
} lem_source;

typedef struct lem_sources { /* zeroed = empty */
    lem_source *at;
    int n, cap;
    int n_inputs; /* added so far */
    lem_log *log; /* warned about files that cannot be read; NULL = silent */
} lem_sources;

/* Adds what the input names or holds, and the unfinished job whose output it is, each file once: what the
 * stages of a run wrote in the order in which they ran, then the other files by name. LEM_EDATA: a folder
 * without anything to show that no job is making, a named file without metrics. */
lem_status lem_sources_add(lem_sources *s, const char *input, lem_err *err) LEM_MUST_CHECK;
void lem_sources_release(lem_sources *s);

/* A JSON document; large ones are refused. */
lem_status lem_source_load(const char *path, lem_json **out, lem_err *err) LEM_MUST_CHECK;
/* The same of dir/name; *out is NULL when there is no such file. */
lem_status lem_source_beside(const char *dir, const char *name, lem_json **out, lem_err *err) LEM_MUST_CHECK;
#endif
