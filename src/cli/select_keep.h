/* select_keep.h - lemma select --keep-out: candidates of a file as training rows */
#ifndef LEM_CLI_SELECT_KEEP_H
#define LEM_CLI_SELECT_KEEP_H

#include "eval/keep.h"
#include "job/job.h"

/* In the order of lem_keep_what and lem_keep_as. */
#define LEM_KEEP_NAMES "best|correct|top"
#define LEM_KEEP_AS_NAMES "sft|lists|pairs"

/* Before anything is read: LEM_EUSAGE where the options do not go together. */
lem_status lem_select_keep_ask(const lem_args *args, lem_err *err) LEM_MUST_CHECK;
/* What is kept of the data that was loaded; LEM_EUSAGE for scores that it has not. */
lem_status lem_select_keep_choose(const lem_args *args, const lem_eval_data *d, lem_keep_opts *out,
                                  lem_err *err) LEM_MUST_CHECK;
/* Reads the files of d once more, with the judge that they were read with, and writes the rows of --keep-out,
 * unless --dry-run; without that option does nothing. *told: problems, with_kept, rows, scorer, duplicates,
 * empty, and left_out by reason, owned by the caller; the log says the same. */
lem_status lem_select_keep(lem_cli *cli, const lem_args *args, const lem_job *job, const lem_row_judge *judge,
                           const lem_eval_data *d, const lem_keep_opts *o, lem_json **told,
                           lem_err *err) LEM_MUST_CHECK;

#endif
