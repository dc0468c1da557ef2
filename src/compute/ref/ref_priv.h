/* ref/ref_priv.h - operations of the reference backend that live in their own file */
#ifndef LEM_COMPUTE_REF_PRIV_H
#define LEM_COMPUTE_REF_PRIV_H

#include "compute/backend.h"

void lem_ref_kv_write(lem_backend *b, int T, int KH, int E, const float *k, const float *v, const int *page,
                      const int *slot, int layer, const lem_kv *kv);
void lem_ref_attention(lem_backend *b, const lem_attn_plan *plan, int H, int KH, int E, float scale,
                       const float *q, int layer, const lem_kv *kv, float *out, float *lse);
void lem_ref_attention_backward(lem_backend *b, const lem_attn_plan *plan, int H, int KH, int E, float scale,
                                const float *q, int layer, const lem_kv *kv, const float *out,
                                const float *lse, const float *dout, float *dq, float *dk, float *dv);

#endif
