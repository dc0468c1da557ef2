/* cli/candidate_options.h - what commands that read candidates have in common: --map and --filter */
#ifndef LEM_CLI_CANDIDATE_OPTIONS_H
#define LEM_CLI_CANDIDATE_OPTIONS_H

#include "cli/bad_rows_options.h"
#include "data/candidate_set.h"
#include "eval/load.h"
#include "eval/metrics.h"
#include "job/job.h"

#define LEM_OPT_CANDIDATE_MAP                                                                                \
    {                                                                                                        \
        "map", LEM_OPT_LIST, "OURS=THEIRS", NULL,                                                            \
            "names of fields (rm_score=, correct=, predicted_answer=, completions=, expected_answer=, "      \
            "problem=, id=, logprob=, step_scores=, …), a map of 'lemma maps' by its name, or FILE.yaml",    \
            0, 0                                                                                             \
    }
#define LEM_OPT_CANDIDATE_FILTER                                                                             \
    {                                                                                                        \
        "filter", LEM_OPT_STR, "NAME", NULL,                                                                 \
            "lm-eval: which filter's answers are read [one called strict, else the first]"                   \
    }

enum { LEM_CANDIDATE_MAX_FILES = 4 };

/* The map that --map speaks of, the caller's; *out is written only on success. */
lem_status lem_candidate_options_map(const lem_args *args, lem_candidates_map **out,
                                     lem_err *err) LEM_MUST_CHECK;
/* Map files are inputs of the job: their contents count. n receives their number. */
lem_status lem_candidate_options_inputs(const lem_args *args, lem_job_input in[LEM_CANDIDATE_MAX_FILES],
                                        int *n, lem_err *err) LEM_MUST_CHECK;
/* Opens paths with both options. judge: data/bad_rows.h; NULL = a bad row is an error. */
lem_status lem_candidate_options_open(const lem_cli *cli, const lem_args *args, const char *const *paths,
                                      int n, const lem_row_judge *judge, lem_candidate_set **out,
                                      lem_err *err) LEM_MUST_CHECK;
/* Loads a file of candidates as --map, --filter, --group, --regrade, --task and --limit say; pool: NULL = one
 * thread. */
lem_status lem_candidate_options_load(const lem_cli *cli, const lem_args *args, const char *path,
                                      const bad_rows *bad, lem_pool *pool, lem_eval_data *out,
                                      lem_err *err) LEM_MUST_CHECK;
/* One value of --k behind those before it: a count that ascends. longest: the most candidates of a row; 0 =
 * not known. */
lem_status lem_candidate_options_k(const char *text, int longest, int ks[LEM_EVAL_MAX_KS], int *n,
                                   lem_err *err) LEM_MUST_CHECK;

#endif
