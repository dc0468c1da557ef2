/* bad_rows_options.h - --on-error skip, --max-bad, --skipped and --max-row of commands that read rows: rows
 * of their tables, and what they do with them
 *
 * Use: lem_bad_rows_begin, then each file is opened with the judge of lem_bad_rows_reader, and before the
 * result is written lem_bad_rows_end. */
#ifndef LEM_CLI_BAD_ROWS_OPTIONS_H
#define LEM_CLI_BAD_ROWS_OPTIONS_H

#include "core/object.h"
#include "data/bad_rows.h"
#include "data/problems.h"
#include "job/job.h"

#define LEM_MAX_BAD 0.01 /* --max-bad where it is not given */
#define LEM_TEXT_OF(x) LEM_TEXT_OF_VALUE(x)
#define LEM_TEXT_OF_VALUE(x) #x

/* So many rows of a table of options. */
enum { LEM_N_BAD_ROWS_OPTIONS = 4 };
#define LEM_OPT_BAD_ROWS                                                                                     \
    {"on-error",                                                                                             \
     LEM_OPT_ENUM,                                                                                           \
     "WHAT",                                                                                                 \
     "stop",                                                                                                 \
     "a row that cannot be used ends the run, or is left out, counted and listed",                           \
     .choices = "stop|skip"},                                                                                \
        {"max-bad",                                                                                          \
         LEM_OPT_NUM,                                                                                        \
         "SHARE",                                                                                            \
         NULL,                                                                                               \
         "with --on-error skip: the share of rows that may be left out; more ends with exit 7 (default "     \
         "" LEM_TEXT_OF(LEM_MAX_BAD) ")",                                                                    \
         0,                                                                                                  \
         1},                                                                                                 \
        {"skipped", LEM_OPT_STR, "FILE", NULL,                                                               \
         "with --on-error skip: list the rows left out there, with file, line, field and error "             \
         "(default OUT.skipped)"},                                                                           \
        LEM_OPT_MAX_ROW
#define LEM_OPT_MAX_ROW                                                                                      \
    {                                                                                                        \
        "max-row", LEM_OPT_SIZE, "SIZE", LEM_TEXT_OF(LEM_ROW_MIB) "MiB",                                     \
            "the longest row: a longer one is bad, and is not read into memory", 1, 1e15                     \
    }

typedef struct bad_rows { /* zeroed: rows are not judged */
    lem_bad_rows *tally;  /* NULL without --on-error skip */
    double max_share;
    const char *named; /* --skipped; borrowed from the arguments */
    /* Of a job that reads rows part by part, each with a tally of its own: the name of the part, NULL = one;
     * whether there were parts before, whose list stands there. */
    const char *part;
    bool more;
    lem_row_judge all; /* without --on-error skip: gives out all rows of at most --max-row */
} bad_rows;

/* LEM_EUSAGE for --max-bad or --skipped without --on-error skip. */
lem_status lem_bad_rows_begin(const lem_args *args, bad_rows *out, lem_err *err) LEM_MUST_CHECK;
/* The judge of a file that is about to be opened, which tells --max-row too; borrowed from b. map as
 * lem_bad_rows_judge. */
lem_status lem_bad_rows_reader(const bad_rows *b, lem_bad_use use, const char *path,
                               const lem_candidates_map *map, const lem_cancel *cancel,
                               const lem_row_judge **out, lem_err *err) LEM_MUST_CHECK;
/* The same for problems; map as lem_bad_rows_judge_problems. */
lem_status lem_bad_rows_problems(const bad_rows *b, const char *path, const lem_json *map,
                                 const lem_cancel *cancel, const lem_row_judge **out,
                                 lem_err *err) LEM_MUST_CHECK;
/* Begin, read all problems of path and end, before anything is made of them; o->judge is set. */
lem_status lem_bad_rows_read_problems(bad_rows *b, lem_cli *cli, const lem_args *args, lem_job *job,
                                      const char *path, lem_problems_opts *o, lem_problems *rows,
                                      lem_err *err) LEM_MUST_CHECK;
/* A row failed with *err: counted and LEM_OK, where rows are judged and it is the row's fault; else the
 * failure. */
lem_status lem_bad_rows_pass(const bad_rows *b, const char *file, uint64_t number, lem_status st,
                             lem_err *err) LEM_MUST_CHECK;
/* All rows were read, `used` of them used: lists what was left out (lem_job_save_skipped; a command without a
 * job to --skipped), says it to the user and the manifest. job may be NULL. LEM_EPARTIAL where it is too
 * much; it is listed then, too. */
lem_status lem_bad_rows_end(const bad_rows *b, lem_cli *cli, lem_job *job, uint64_t used,
                            lem_err *err) LEM_MUST_CHECK;
/* Sets "skipped" of what --json tells; nothing where rows are not judged. */
void lem_bad_rows_tell(const bad_rows *b, lem_object *o);
/* The same of a finished object. False: no memory. */
bool lem_bad_rows_put(const bad_rows *b, lem_json *o);
/* lem_print_json with that member. */
lem_status lem_bad_rows_print(const bad_rows *b, lem_cli *cli, lem_json *o, int indent,
                              lem_err *err) LEM_MUST_CHECK;
void lem_bad_rows_release(bad_rows *b);

#endif
