/* data/dataset.h - tokenized training examples
 *
 * SFT examples: ids with a mask of the tokens that are trained (responses only). Ranking lists: a prompt and
 * its responses with labels. Both are flat arrays; zeroed structs are empty and valid; release frees. */
#ifndef LEM_DATA_DATASET_H
#define LEM_DATA_DATASET_H

#include "core/err.h"
#include "core/log.h"
#include "prompt/solution.h"
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
    uint64_t conversations; /* rows kept that were written by the chat template, not as plain text */
    uint64_t with_system, with_suffix; /* rows kept that took lem_sft_load's system text, its suffix */
    uint64_t all_right, all_wrong;     /* of the filtered: lists of one class */
} lem_drop_counts;

void lem_examples_release(lem_examples *e);
lem_status lem_examples_add(lem_examples *e, const int32_t *ids, const uint8_t *mask, size_t n,
                            lem_err *err) LEM_MUST_CHECK;

typedef struct lem_sft_load { /* how rows become examples */
    const char *format;       /* NULL = detect; else messages, sharegpt, prompt-completion, instruction,
                                 question-answer, text */
    const char *system;       /* system prompt for rows that have none; NULL = none */
    /* A line added to the user turn of question-answer rows, e.g. an instruction; NULL = none. */
    const char *user_suffix;
    bool strip_marks;         /* remove GSM8K's <<...>> calculator marks */
    bool box_answer;          /* turn a final "#### x" line into "The answer is \boxed{x}." */
    int max_len;              /* longer examples are left out and counted */
    int64_t limit;            /* rows; -1 = all */
    const lem_cancel *cancel; /* looked at for every row: LEM_EINTR; NULL = never */
} lem_sft_load;

/* Reads FILE (rows of any kind, see rows/rows.h). A row that trains on zero tokens, or whose kind cannot be
 * told, is LEM_EDATA naming file and line. */
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
        uint64_t problem; /* a hash of the problem's text */
    } * list;             /* prompt tokens at ids[at..at+prompt); responses first..first+n-1 */
    uint64_t n, cap_n;
    struct lem_list_response {
        uint64_t at;
        int len;
        uint8_t label; /* 1 = right (a soft label of at least a half) */
        float weight;  /* in the losses: what 'weights' says, else 1 */
        float soft;    /* the label as it stands: in [0,1] */
        int8_t cut;    /* 1: its finish_reason is "length", 0: another, -1: none stands there */
    } * response;
    uint64_t n_responses, cap_responses;
} lem_lists;
void lem_lists_release(lem_lists *l);
typedef struct lem_lists_how { /* how rows become lists */
    /* As the model will be scored; the form must be REPLY_END, or WHOLE_TURN. */
    const lem_prompt_recipe *recipe;
    int max_len;              /* a list with a longer prompt + response is left out and counted */
    int64_t limit;            /* rows; -1 = all */
    const lem_cancel *cancel; /* as above */
    bool soft;                /* labels may lie between 0 and 1 */
} lem_lists_how;
/* Rows {problem, responses[], labels[], weights[], finish_reason[]} (weights may be left out: all 1, and so
 * may finish_reason), or of another kind of list_rows.h. A prompt and a response together are the ids of
 * lem_prompt_solution up to the token that is read, so the score stands at the last of them: in the form
 * REPLY_END the prompt is what comes before the reply, in WHOLE_TURN what the list's responses have in
 * common. A list without both classes, or with a response that is too long, is left out and counted.
 * LEM_EDATA names file and line. */
lem_status lem_lists_load(lem_lists *l, const char *path, const lem_tokenizer *t, const lem_lists_how *how,
                          lem_drop_counts *drops, lem_log *log, lem_err *err) LEM_MUST_CHECK;
/* Puts the lists of about a share of the problems behind the others, and makes val a view of them, which
 * borrows from l and is not to be released; l->n is then the number of the others. Which problem goes is a
 * function of seed and its text alone, so that all its lists go together and it goes whatever else is there.
 */
lem_status lem_lists_split(lem_lists *l, double share, uint64_t seed, lem_lists *val,
                           lem_err *err) LEM_MUST_CHECK;
/* Different problems among the lists. */
lem_status lem_lists_count_problems(const lem_lists *l, uint64_t *out, lem_err *err) LEM_MUST_CHECK;

#endif
