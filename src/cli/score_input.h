/* cli/score_input.h - the rows that rm score and prm score read: candidates of any known format, and rows of
 * benchmarks for reward models, all in our columns */
#ifndef LEM_CLI_SCORE_INPUT_H
#define LEM_CLI_SCORE_INPUT_H

#include "cli/bad_rows_options.h"
#include "data/candidate_set.h"
#include "job/command.h"

typedef struct lem_score_input { /* zeroed = closed */
    lem_candidate_set *set;
    lem_candidates scratch;
    const char *file; /* of the last row; borrowed until the next */
    uint64_t line;
    bool end; /* the rows are over */
} lem_score_input;

/* The words of the command, by --map and --filter. judge: data/bad_rows.h; NULL = a bad row is an error. */
lem_status lem_score_input_open(const lem_cli *cli, const lem_args *args, const lem_row_judge *judge,
                                lem_score_input *out, lem_err *err) LEM_MUST_CHECK;
/* *row is the caller's; it has `problem` (text) and `completions` (list). NULL at the end, and for a row that
 * is left out (bad: cli/bad_rows_options.h). Errors read "FILE:LINE: …". */
lem_status lem_score_input_next(lem_score_input *in, const bad_rows *bad, lem_json **row,
                                lem_err *err) LEM_MUST_CHECK;
void lem_score_input_close(lem_score_input *in);

#endif
