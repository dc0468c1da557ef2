/* data/decontam.h - is a training prompt too close to a test prompt?
 *
 * Rule of AceMath (arXiv 2412.15084, section 3.2.3) and Qwen2.5-Math (section 4): after normalisation (lower
 * case, everything but letters and digits is a space), a prompt is contaminated if it shares a 13-gram of
 * words with a test prompt and their longest common subsequence exceeds 60 % of the training prompt's own
 * length. A prompt equal to a test prompt is contaminated whatever its length. */
#ifndef LEM_DATA_DECONTAM_H
#define LEM_DATA_DECONTAM_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct lem_decontam lem_decontam;
typedef struct lem_decontam_opts {
    int ngram;  /* 0 = 13 */
    double lcs; /* 0 = 0.6; negative = the shared n-gram alone decides (non-math prompts) */
} lem_decontam_opts;

typedef struct lem_decontam_hit {
    bool contaminated;
    int test;     /* index of the closest test prompt that was compared, -1 if none shares an n-gram */
    double ratio; /* LCS over the training prompt's words */
} lem_decontam_hit;

lem_status lem_decontam_new(const lem_decontam_opts *o, lem_decontam **out, lem_err *err) LEM_MUST_CHECK;
void lem_decontam_free(lem_decontam *d);
lem_status lem_decontam_add_test(lem_decontam *d, const char *prompt, lem_err *err) LEM_MUST_CHECK;
/* Linear in the prompt, plus n*m/64 for each test prompt that shares an n-gram (at most 64 of them are
 * compared). */
lem_status lem_decontam_check(lem_decontam *d, const char *prompt, lem_decontam_hit *out,
                              lem_err *err) LEM_MUST_CHECK;

#endif
