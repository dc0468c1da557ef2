/* cli/data_run.h - the frame of commands that read rows and keep some of them: data dedup, decontam, filter,
 * blend, …
 *
 * Words are files, folders or globs, or those of an option (option). Kept rows go to --out as they stand
 * (JSONL, or Parquet where the name ends in .parquet), the others to --dropped, each with `_dropped` (why)
 * and `_source` (FILE:LINE). Every drop is counted under its reason, and the first three of a reason are
 * named in the log. With --on-error skip, rows that cannot be used are left out before all that, and are no
 * rows of the run. A run is a cheap job: it starts over after an interruption. */
#ifndef LEM_CLI_DATA_RUN_H
#define LEM_CLI_DATA_RUN_H

#include "cli/bad_rows_options.h"
#include "core/object.h"
#include "data/row_reader.h"
#include "job/job.h"
#include "rows/write.h"

/* format, map, dropped, and those of bad rows */
enum { LEM_N_DATA_OPTIONS = 3 + LEM_N_BAD_ROWS_OPTIONS };
extern const lem_opt lem_data_options[LEM_N_DATA_OPTIONS];

enum { LEM_DATA_MAX_REASONS = 64 };
typedef struct lem_data_run {
    lem_cli *cli;
    const lem_args *args;
    lem_job *job;
    const char *option; /* a list of files in place of words, set between open and read; NULL = words */
    bool judge_texts;   /* lem_row_reader_opts; set between open and read */
    bad_rows bad;
    lem_row_reader *in;
    lem_rows_writer *out, *dropped; /* NULL with --dry-run, or where not asked for */
    uint64_t rows, kept;
    lem_progress *progress; /* of the reading that is open; NULL: none was asked for */
    int pass, passes;       /* readings that were begun, of so many; 0 = one */
    unsigned asked;         /* rows, since how much is read was last looked up */
    struct lem_data_reason {
        char *why; /* owned */
        uint64_t n;
    } reason[LEM_DATA_MAX_REASONS]; /* in the order of first appearance; the last takes what has no place */
    int n_reasons;
    lem_json *first;   /* places of a few rows that were left out, for the manifest */
    lem_json *against; /* test sets of a decontamination, likewise; NULL = none */
} lem_data_run;

/* Opens the job; *done: the output is there and of this job, and that was said. spec is as in lem_job_open,
 * with cheap set and --dropped among its companions by this call. */
lem_status lem_data_run_open(lem_data_run *r, lem_cli *cli, const lem_command *cmd, const lem_args *args,
                             const lem_job_spec *spec, bool *done, lem_err *err) LEM_MUST_CHECK;
/* Opens the words as rows; may be called again to read them once more (r->in is then a new reader; set passes
 * first, for the time that is told). */
lem_status lem_data_run_read(lem_data_run *r, lem_err *err) LEM_MUST_CHECK;
/* How the words are judged (rows/rows.h), for who opens them otherwise; *out as of lem_bad_rows_reader. */
lem_status lem_data_run_judge(const lem_data_run *r, const lem_row_judge **out, lem_err *err) LEM_MUST_CHECK;
/* Opens the outputs, once; the job starts. */
lem_status lem_data_run_write(lem_data_run *r, lem_err *err) LEM_MUST_CHECK;
/* The next row of a further reading, not counted; as lem_row_reader_next. */
lem_status lem_data_run_row(lem_data_run *r, lem_json **row, lem_err *err) LEM_MUST_CHECK;
/* The next row, counted in rows. */
lem_status lem_data_run_next(lem_data_run *r, lem_json **row, lem_err *err) LEM_MUST_CHECK;
/* The row just read cannot be used: it failed with st and *err. LEM_OK where it is left out, no longer
 * counted in rows; else the failure. */
lem_status lem_data_run_pass(lem_data_run *r, lem_status st, lem_err *err) LEM_MUST_CHECK;
lem_status lem_data_run_keep(lem_data_run *r, lem_json *row, lem_err *err) LEM_MUST_CHECK;
/* Where the row just read stands. */
typedef struct lem_data_place {
    const char *file; /* borrowed from r->in */
    uint64_t number;
} lem_data_place;
lem_data_place lem_data_run_place(const lem_data_run *r);
/* Leaves a row out for a reason ("prompt of more than 300 words"): that just read (place NULL), or one of a
 * batch; detail (may be NULL) is set as `_detail` in the dropped row and not taken. */
lem_status lem_data_run_drop(lem_data_run *r, lem_json *row, const lem_data_place *place, const char *why,
                             const lem_json *detail, lem_err *err) LEM_MUST_CHECK;
/* The same for n reasons, n >= 1: counted under each, dropped once; `_dropped` tells them with "; " between.
 */
lem_status lem_data_run_drop_for(lem_data_run *r, lem_json *row, const lem_data_place *place,
                                 const char *const *why, int n, const lem_json *detail,
                                 lem_err *err) LEM_MUST_CHECK;
/* Commits the outputs and finishes the job. LEM_EDATA for words without a row. */
lem_status lem_data_run_finish(lem_data_run *r, lem_err *err) LEM_MUST_CHECK;
/* The summary: to the log, and with --json as {rows, kept, dropped: {reason: n}} with the members of `more`
 * (taken, may be NULL) behind them. */
lem_status lem_data_run_tell(lem_data_run *r, lem_json *more, lem_err *err) LEM_MUST_CHECK;
void lem_data_run_close(lem_data_run *r);

#endif
