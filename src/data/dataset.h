/* data/dataset.h - tokenized training examples
 *
 * SFT examples: ids with a mask of the tokens that are trained (responses only). Ranking lists: a prompt and
 * its responses with labels. Both are flat arrays; zeroed structs are empty and valid; release frees. */
#ifndef LEM_DATA_DATASET_H
#define LEM_DATA_DATASET_H

#include "core/err.h"
#include "core/log.h"
#include "token/tokenizer.h"

#include <stdint.h>

typedef struct lem_examples {
    int32_t *ids;    /* all examples, one after another */
    uint8_t *mask;   /* 1 where the token is trained */
    uint64_t *start; /* [n+1] offsets */
    uint64_t n;
    uint64_t cap_ids, cap_n;
} lem_examples;

typedef struct lem_drop_counts {
    uint64_t rows, kept, too_long, filtered;
} lem_drop_counts;

void lem_examples_release(lem_examples *e);
lem_status lem_examples_add(lem_examples *e, const int32_t *ids, const uint8_t *mask, size_t n,
                            lem_err *err) LEM_MUST_CHECK;

typedef struct lem_sft_load { /* how rows become examples */
    const char *format;       /* NULL = detect; else messages, sharegpt, prompt-completion, instruction,
                                 question-answer, text */
    const char *system;       /* system prompt for rows that have none; NULL = none */
    const char *
        user_suffix; /* appended to the user turn of question-answer rows, e.g. an instruction; NULL = none */
    bool strip_marks; /* remove GSM8K's <<...>> calculator marks */
    bool box_answer;  /* turn a final "#### x" line into "The answer is \boxed{x}." */
    int max_len;      /* longer examples are left out and counted */
    int64_t limit;    /* rows; -1 = all */
} lem_sft_load;

/* Reads FILE (JSONL, JSON array, .gz, .zst). A row that trains on zero tokens, or whose kind cannot be told,
 * is LEM_EDATA naming file and line. */
lem_status lem_examples_load(lem_examples *e, const char *path, const lem_tokenizer *t,
                             const lem_sft_load *how, lem_drop_counts *drops, lem_log *log,
                             lem_err *err) LEM_MUST_CHECK;
/* Text of the same rows for training a tokenizer: calls sink for each piece of text. */
typedef lem_status lem_text_sink(void *ctx, const char *text, size_t len, lem_err *err);
lem_status lem_texts_load(const char *path, const lem_sft_load *how, lem_text_sink *sink, void *ctx,
                          lem_err *err) LEM_MUST_CHECK;

/* Ranking lists. */
typedef struct lem_lists {
    int32_t *ids; /* prompts and responses, one after another */
    uint64_t cap_ids, n_ids;
    struct lem_list_item {
        uint64_t at;
        int prompt;
        int first, n;
    } * list; /* prompt tokens at ids[at..at+prompt); responses first..first+n-1 */
    uint64_t n, cap_n;
    struct lem_list_response {
        uint64_t at;
        int len;
        uint8_t label;
    } * response;
    uint64_t n_responses, cap_responses;
} lem_lists;
void lem_lists_release(lem_lists *l);
/* Rows {id, problem, responses[], labels[], scores[]}. Prompts are ChatML with `system`, responses end with
 * their <|im_end|>\n. A list without both classes, or with a response longer than max_len, is left out and
 * counted. */
lem_status lem_lists_load(lem_lists *l, const char *path, const lem_tokenizer *t, const char *system,
                          int max_len, int64_t limit, lem_drop_counts *drops, lem_log *log,
                          lem_err *err) LEM_MUST_CHECK;

/* AceMath-RM reads solutions under this system prompt ("check", where the policy's says "put"): model card of
 * arXiv 2412.15084. Training and scoring must agree. */
#define LEM_REWARD_SYSTEM "Please reason step by step, and check your final answer within \\boxed{}."

/* Prompt and response as the reward model reads them, by the folder's template or in ChatML: prompt ids with
 * the start of a reply, response ids with what ends it. Appends. */
lem_status lem_reward_prompt(const lem_tokenizer *t, const char *system, const char *problem, lem_ids *out,
                             lem_err *err) LEM_MUST_CHECK;
lem_status lem_reward_response(const lem_tokenizer *t, const char *response, size_t len, lem_ids *out,
                               lem_err *err) LEM_MUST_CHECK;

#endif
