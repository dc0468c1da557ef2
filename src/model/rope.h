/* model/rope.h - rotary positions: which angle each pair of a head turns by at each position, and the
 * scalings of config.json
 *
 * Sources: RoFormer (arXiv 2104.09864); linear interpolation (arXiv 2306.15595); "dynamic" NTK-aware scaling
 * (bloc97, emozilla 2023); YaRN (arXiv 2309.00071); Llama 3.1's scaling. The arithmetic is that of
 * Transformers' modeling_rope_utils (fp32 frequencies and angles).
 *
 * Where versions of Transformers differ: yarn takes `factor` and original_max_position_embeddings (else
 * max_position_embeddings) as written, as 4.57 does; 4.46 ignores the latter, 4.51 and 4.53 ignore the former
 * when the latter is there. All agree on files without the latter; 4.51 and later where factor is the ratio
 * of the two lengths, 4.46 and 4.57 where the two lengths are equal.
 *
 * Dynamic scaling turns with a base that grows with the length of the sequence. Transformers takes the
 * longest sequence of the call, so that a token's number depends on its neighbours in the batch and on how a
 * text is fed. Here a token at position p turns with the base for a length of p + 1: what Transformers
 * computes when it is fed token by token with its cache, and the same for every batch, split and backward
 * pass. Up to the original context the two agree in any case. */
#ifndef LEM_MODEL_ROPE_H
#define LEM_MODEL_ROPE_H

#include "core/err.h"
#include "core/json.h"

#include <stdbool.h>

typedef enum lem_rope_kind {
    LEM_ROPE_PLAIN,
    LEM_ROPE_LINEAR,
    LEM_ROPE_DYNAMIC,
    LEM_ROPE_YARN,
    LEM_ROPE_LLAMA3
} lem_rope_kind;

typedef struct lem_rope { /* zeroed = plain; fields that a kind does not use are 0 */
    lem_rope_kind kind;
    float factor; /* 1..1e4 */
    int original; /* the context that the unscaled model was trained for, tokens; 0 = max_position_embeddings
                   */
    int declared; /* max_position_embeddings of the file where the context is larger (yarn, dynamic); 0 = the
                     context */
    float low_freq, high_freq;  /* llama3 */
    float beta_fast, beta_slow; /* yarn; 32 and 1 by default */
    float mscale, mscale_all;   /* yarn; 0 = absent */
    float attention_factor; /* yarn: cosines and sines are multiplied by it; 0 = from the factor and mscale */
    bool keep_fraction;     /* yarn: the range of dimensions is not rounded ("truncate": false) */
} lem_rope;

/* Reads rope_theta, rope_scaling and rope_parameters. *theta keeps its value where the file has none.
 * max_positions is max_position_embeddings on entry and the context on return: factor times the original
 * context for dynamic and yarn, where files keep the original there. */
lem_status lem_rope_read(const lem_json *config, lem_rope *out, float *theta, int *max_positions,
                         lem_err *err) LEM_MUST_CHECK;
/* Ranges, and defaults filled in. LEM_EDATA naming the field. */
lem_status lem_rope_check(lem_rope *r, int max_positions, lem_err *err) LEM_MUST_CHECK;
/* The rope_scaling object that reads back as r, JSON null for plain; NULL on no memory. */
lem_json *lem_rope_write(const lem_rope *r);
/* max_position_embeddings to write for a context of max_positions. */
int lem_rope_declared(const lem_rope *r, int max_positions);

/* cos_sin [n_pos, head_dim]: head_dim/2 cosines then head_dim/2 sines per position. r has been checked. */
void lem_rope_fill(const lem_rope *r, float theta, int head_dim, int max_positions, int n_pos,
                   float *cos_sin);

#endif
