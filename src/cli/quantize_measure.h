/* cli/quantize_measure.h - what a model lost by being rounded to int8, measured on rows
 *
 * A language model answers the rows before and after: pass@1 of both with 95 % intervals over problems, where
 * the rows have answers; on what it said before, KL of the distributions of each token, and how often the
 * likeliest token is the same. A reward model scores the rows' candidates before and after: pairs of
 * candidates of one problem whose scores differ, and how many of them keep their order. */
#ifndef LEM_CLI_QUANTIZE_MEASURE_H
#define LEM_CLI_QUANTIZE_MEASURE_H

#include "cli/runtime.h"

typedef struct lem_quantize_measure {
    lem_cli *cli;
    const lem_args *args; /* of model quantize */
    lem_job *job;         /* started; its work folder holds what was sampled and scored so far */
    lem_backend *backend;
    const char *source, *int8; /* folders */
} lem_quantize_measure;

/* Members of *out: "tokens" {n, kl, kl_max, same_top} and "pass@1" {n, k, source, int8, difference: {value,
 * ci95}} of a language model (absent where the rows have no answers); "pairs" {rows, n, same_order, ci95} of
 * a reward model. Values are rounded to six digits. LEM_EINTR keeps what is finished. */
lem_status lem_quantize_measured(const lem_quantize_measure *m, lem_json **out, lem_err *err) LEM_MUST_CHECK;

#endif
