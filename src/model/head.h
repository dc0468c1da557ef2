/* model/head.h - reward heads: which one a folder has, and how its outputs become a score
 *
 * A head is one linear layer on the final-normed hidden state of a token (w [N,D], maybe with bias), or two
 * with a ReLU between (dense [D,D], then w [N,D]), or two rows of the language-model head (logits of a good
 * and a bad sign). The shape is part of the model's config, so that the weights are loaded, checked and
 * packed with those of the body; the reading is what one job does with the outputs.
 *
 * The folders: formats.md section 4. AceMath-RM and TRL (arXiv 2412.15084), Qwen2.5-Math-RM and -PRM (arXiv
 * 2409.12122, 2501.07301), Skywork-o1-Open-PRM, LLaMA-Factory, OpenRLHF (arXiv 2405.11143), RLHFlow,
 * Math-Shepherd (arXiv 2312.08935), InternLM2. */
#ifndef LEM_MODEL_HEAD_H
#define LEM_MODEL_HEAD_H

#include "core/err.h"
#include "core/json.h"

#include <stdbool.h>

typedef enum lem_head_kind {
    LEM_HEAD_KIND_NONE,       /* a language model */
    LEM_HEAD_KIND_CLASSIFIER, /* *ForSequenceClassification: score, 1 or 2 outputs, last token */
    LEM_HEAD_KIND_QWEN_RM,    /* Qwen2ForRewardModel: score.0, ReLU, score.2, last token */
    LEM_HEAD_KIND_QWEN_PRM, /* Qwen2ForProcessRewardModel: the same with 2 outputs, softmax at every <extra_0>
                             */
    LEM_HEAD_KIND_SKYWORK_PRM, /* Qwen2ForPrmModel: v_head.summary, sigmoid at the end of every step */
    LEM_HEAD_KIND_VALUE_HEAD,  /* LLaMA-Factory, TRL: a causal LM with v_head.summary, last token */
    LEM_HEAD_KIND_OPENRLHF,    /* RewardModel: score or value_head, (x - mean) / std, last token */
    LEM_HEAD_KIND_INTERNLM2, /* InternLM2ForRewardModel: v_head, at a reward token behind the conversation */
    LEM_HEAD_KIND_TOKEN_CLASSIFIER, /* *ForTokenClassification (TRL): score, 2 outputs, softmax at the
                                       separator after every step */
    /* Plain causal LMs: config.json cannot tell that these are reward models, the user does. Outputs are two
       token logits. */
    LEM_HEAD_KIND_RLHFLOW_PRM,   /* '+' against '-' after every step, by conversation turns */
    LEM_HEAD_KIND_RLHFLOW_ORM,   /* the same once, after the whole answer */
    LEM_HEAD_KIND_MATH_SHEPHERD, /* '+' against '-' at every tag */
    LEM_HEAD_KIND_COUNT
} lem_head_kind;

enum { LEM_HEAD_OUTPUTS_MAX = 2 };

typedef struct lem_head_shape { /* zeroed = none */
    lem_head_kind kind;
    char tensor[48];  /* "score": its tensors are score.weight, score.bias; two layers: score.0.* and
                         score.2.*. "" = not known yet */
    int outputs;      /* N: 1 or 2 */
    bool dense, bias; /* a first layer with ReLU; the last layer has a bias (the first always does) */
    bool stats;       /* mean and std are stored */
    bool normalize;   /* and meant to be used */
    float mean, std;
    int token; /* reward_token_id of INTERNLM2 */
} lem_head_shape;

/* From config.json, for a name of 'architectures' less its family ("ForSequenceClassification"; whole for
 * "RewardModel"). *known is false, and nothing else is done, if the name is no head's. LEM_EDATA for a label
 * count or statistics that make no sense. */
lem_status lem_head_from_json(const lem_json *json, const char *suffix, lem_head_shape *out, bool *known,
                              lem_err *err) LEM_MUST_CHECK;
/* The last part of the name that config.json has for this head ("ForCausalLM" for NONE and VALUE_HEAD), and
 * its fields (id2label, mean, std). */
const char *lem_head_suffix(const lem_head_shape *s);
bool lem_head_to_json(const lem_head_shape *s, lem_json *config); /* false = out of memory */

/* What only the weights can tell. `has` says whether a tensor is in the folder. Finds a value head beside a
 * causal LM and the name of OpenRLHF's head; a head without its tensors is LEM_EDATA naming them all: it must
 * never give numbers. */
typedef bool lem_head_has(void *ctx, const char *tensor);
lem_status lem_head_resolve(lem_head_shape *s, lem_head_has *has, void *ctx, lem_err *err) LEM_MUST_CHECK;
/* Name of the i-th tensor of the head, i < 4; NULL = no such tensor. Order: dense weight, dense bias, weight,
 * bias. */
const char *lem_head_tensor(const lem_head_shape *s, int i, char out[64]);

typedef enum lem_head_formula {
    LEM_HEAD_RAW,
    LEM_HEAD_NORMALIZED, /* (x - mean) / std */
    LEM_HEAD_SIGMOID,    /* 1 / (1 + exp(-x)) */
    LEM_HEAD_SOFTMAX,    /* exp(x[output]) / sum exp(x) */
    LEM_HEAD_DIFFERENCE  /* x[1] - x[0] */
} lem_head_formula;

typedef struct lem_head_reading {
    lem_head_kind kind;
    lem_head_formula formula;
    int outputs, output;
    float mean, std;
} lem_head_reading;

/* output: NULL = what the recipe says; else "0", "1" (softmax), "logit-difference", "raw", "normalized",
 * "sigmoid". A classifier of two labels has no default: nothing says which label is the good one (LEM_EUSAGE
 * that asks). A language model is LEM_EDATA. */
lem_status lem_head_read(const lem_head_shape *s, const char *output, lem_head_reading *out,
                         lem_err *err) LEM_MUST_CHECK;
/* Names that lem_head_from_name accepts. */
#define LEM_HEAD_NAMES "rlhflow|rlhflow-orm|math-shepherd"
/* A language model read as RLHFlow's or Math-Shepherd's: "rlhflow", "rlhflow-orm", "math-shepherd".
 * LEM_EUSAGE for another name. */
lem_status lem_head_from_name(const char *name, lem_head_shape *out, lem_err *err) LEM_MUST_CHECK;
float lem_head_value(const lem_head_reading *r, const float *x); /* x [outputs] */
bool lem_head_is_process(lem_head_kind kind);                    /* one value for each step */
bool lem_head_is_tokens(lem_head_kind kind);                     /* outputs are logits of two tokens */
/* For people: "Qwen2.5-Math process reward model", "at every <extra_0> after a step", "softmax(x)[1]". */
const char *lem_head_kind_name(lem_head_kind kind);
const char *lem_head_position(lem_head_kind kind);
void lem_head_formula_text(const lem_head_reading *r, char out[96]);

#endif
