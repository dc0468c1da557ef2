/* model/step_head.h - the trained scalar head as one of the heads that others read at the ends of steps
 *
 * A net trains one output, w . h, whose sigmoid is the score of a step. The same function is
 *   SKYWORK_PRM       v_head.summary: weight w, bias 0, sigmoid (formats.md, Qwen2ForPrmModel)
 *   TOKEN_CLASSIFIER  score: rows -w/2 and w/2, bias 0, softmax[1]  (TRL, *ForTokenClassification)
 * so a folder says by its head that it is read at steps, and by which formula. */
#ifndef LEM_MODEL_STEP_HEAD_H
#define LEM_MODEL_STEP_HEAD_H

#include "model/model.h"

/* A copy of a model with a scalar head as that kind; a language-model head is left behind unless it is tied.
 */
lem_status lem_step_head_write(const lem_model *m, lem_head_kind kind, lem_model **out,
                               lem_err *err) LEM_MUST_CHECK;
/* The way back, to train further. LEM_EDATA for another head, or a bias that is not zero: one output without
 * a bias is not the same function then. */
lem_status lem_step_head_read(const lem_model *m, lem_model **out, lem_err *err) LEM_MUST_CHECK;

#endif
