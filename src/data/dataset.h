/* data/dataset.h - tokenized training examples
 *
 * SFT examples: ids with a mask of the tokens that are trained (responses only). Ranking lists: a prompt and
 * its responses with labels. Both are flat arrays; zeroed structs are empty and valid; release frees. */
#ifndef LEM_DATA_DATASET_H
#define LEM_DATA_DATASET_H

#include "core/err.h"
#include "core/json.h"
#include "core/log.h"
#include "prompt/solution.h"
#include "rows/rows.h"
#include "token/tokenizer.h"

#include <stdint.h>

/* Domains that are told apart; rows of further ones count as LEM_DOMAIN_OTHER, those that name none as
 * LEM_DOMAIN_NONE. */
enum { LEM_MAX_DOMAINS = 16, LEM_DOMAIN_LEN = 40 };
#define LEM_DOMAIN_NONE "none"
#define LEM_DOMAIN_OTHER "other"

typedef struct lem_examples {
    int32_t *ids;    /* all examples, one after another */
    uint8_t *mask;   /* 1 where the token is trained */
    uint64_t *start; /* [n+1] offsets */
    uint64_t n;
    uint64_t cap_ids, cap_n;
    uint8_t *domain; /* [n] which of `domains` each is of */
    struct lem_domains {
        char name[LEM_MAX_DOMAINS][LEM_DOMAIN_LEN + 1]; /* NONE, then in the order of their first rows */
        int n;
    } domains;
} lem_examples;

typedef struct lem_drop_counts { /* none of rows that a judge left out */
    uint64_t rows, kept, too_long, filtered;
    uint64_t conversations; /* rows kept that were written by the chat template, not as plain text */
    uint64_t with_system, with_suffix; /* rows kept that took lem_sft_load's system text, its suffix */
    uint64_t all_right, all_wrong;     /* of the filtered: lists of one class */
    uint64_t read;                     /* of lem_lists_load: rows of files, several of which may be a list */
    /* Of lem_examples_load, over the rows kept: tokens, and those of them that are trained. */
    uint64_t tokens, trained;
    uint64_t cut;           /* rows kept that were cut to max_len */
    uint64_t marked;        /* rows left out because they say so: KTO's label false, AceMath-RM's label 0 */
    uint64_t empty;         /* rows left out: all their replies are empty */
    uint64_t masked_turns;  /* replies of rows kept that say that they are not to be trained (weight 0) */
    uint64_t several_boxed; /* rows kept with a reply of several \boxed */
    uint64_t duplicate_ids; /* rows kept whose id an earlier row of the file has */
    uint64_t unread_tools;  /* rows kept whose tools the chat template does not write */
} lem_drop_counts;

void lem_examples_release(lem_examples *e);
lem_status lem_examples_add(lem_examples *e, const int32_t *ids, const uint8_t *mask, size_t n,
                            lem_err *err) LEM_MUST_CHECK;

/* The last example is of that domain (its beginning, if it is long); NULL or "" is LEM_DOMAIN_NONE. */
void lem_examples_name_domain(lem_examples *e, const char *name);
/* Tokens of all examples, and those that are trained: of each but its first token, which nothing predicts. */
void lem_examples_total(const lem_examples *e, uint64_t *tokens, uint64_t *trained);
/* One row as it is trained, to be shown: {"tokens": n, "trained": m, "text": all of it with its special
 * tokens, "pieces": [{"trained": false, "text": "..."}, ...]}. Owned by the caller. LEM_EDATA: there is no
 * example i. */
lem_status lem_examples_preview(const lem_examples *e, uint64_t i, const lem_tokenizer *t, lem_json **out,
                                lem_err *err) LEM_MUST_CHECK;
/* The same for people: what is trained between [[ and ]], special tokens as they are written. */
lem_status lem_preview_text(const lem_json *preview, lem_buf *out, lem_err *err) LEM_MUST_CHECK;

/* What becomes of a row of more than max_len tokens. */
typedef enum lem_over_length {
    LEM_OVER_LENGTH_DROP, /* it is left out and counted */
    LEM_OVER_LENGTH_CUT,  /* its first max_len tokens are kept, and counted; left out if none of them is
                             trained */
    LEM_OVER_LENGTH_STOP  /* LEM_EDATA naming it */
} lem_over_length;
#define LEM_OVER_LENGTH_NAMES "drop|cut|stop" /* in that order */

typedef struct lem_sft_load { /* how rows become examples */
    const char *format;       /* NULL = detect; else one of LEM_ROW_KIND_NAMES_SFT (row_kinds.h) */
    const char *system;       /* system prompt for rows that have none; NULL = none */
    /* A line added to the user turn of question-answer rows, e.g. an instruction; NULL = none. */
    const char *user_suffix;
    bool strip_marks;         /* remove GSM8K's <<...>> calculator marks */
    bool box_answer;          /* turn a final "#### x" line into "The answer is \boxed{x}." */
    int max_len;              /* what becomes of longer ones, `over` says */
    int64_t limit;            /* rows of a file; -1 = all */
    const lem_cancel *cancel; /* looked at for every row: LEM_EINTR; NULL = never */
    lem_over_length over;
    int64_t offset;         /* rows of a file that are passed over before */
    bool train_last;        /* of several replies the last alone is trained */
    const lem_json *rename; /* columns under our names (row_map.h); NULL = none; borrowed */
    /* Where it leaves rows out (bad_rows.h), a row that cannot be an example is one of them, and the kind of
     * a file is that which most of its first rows are of; NULL = such a row is LEM_EDATA. */
    const lem_row_judge *judge;
} lem_sft_load;

/* Reads FILE (rows of any kind, see rows/rows.h), of a kind of LEM_ROW_FOR_SFT. Of a pair the chosen reply is
 * trained, of ranks the lowest. What a row marks otherwise is not: label false or 0, replies of weight 0
 * (turns.h), replies inside a prompt. Rows whose replies are all empty are left out. All of that is counted
 * in drops, which adds up over files, and said once a file; so are columns that nothing uses, ids that come
 * twice and replies of several \boxed. A row that trains on zero tokens, or whose kind cannot be told, is
 * LEM_EDATA naming file and line. */
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
    int max_len;                /* a list with a longer prompt + response is left out and counted */
    int64_t limit;              /* rows; -1 = all */
    const lem_cancel *cancel;   /* as above */
    bool soft;                  /* labels may lie between 0 and 1 */
    const lem_row_judge *judge; /* as above, of rows that cannot be lists */
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
