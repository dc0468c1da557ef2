/* data/replies.h - a prompt and the replies to it that a row judges: preference pairs, ranked lists, KTO's
 * and AceMath-RM's rows, RewardBench 2, our lists
 *
 * A pair without a column of the prompt has it in its conversations, or in its texts: it is what both begin
 * with, as TRL's extract_prompt takes it (all but the last turn or character where nothing differs; a space
 * before the first difference goes with the replies). Texts of Anthropic's HH-RLHF ("\n\nHuman: … \n\n
 * Assistant: …") are cut at the last mark of the assistant that both have, and read as turns. */
#ifndef LEM_DATA_REPLIES_H
#define LEM_DATA_REPLIES_H

#include "data/row_kinds.h"
#include "data/turns.h"

typedef struct lem_reply {
    lem_turns turns; /* behind the prompt: mostly one turn of the assistant */
    double label;    /* 1 right (chosen, best rank), 0 wrong; lists may have what lies between */
} lem_reply;

typedef struct lem_replies { /* zeroed = empty */
    lem_turns prompt;        /* its replies are marked untrained */
    lem_reply *at;
    int n, cap;
} lem_replies;

void lem_replies_release(lem_replies *r);
/* Fills r (cleared first) from a row of a kind of LEM_ROW_REPLIES; the row must outlive r. LEM_EDATA names
 * the field. */
lem_status lem_row_replies(const lem_json *row, lem_row_kind kind, lem_replies *r,
                           lem_err *err) LEM_MUST_CHECK;
/* 0, 1, false or true, also as text (fields of CSV); with soft also what lies between. */
lem_status lem_reply_label(const lem_json *v, bool soft, const char *field, double *out,
                           lem_err *err) LEM_MUST_CHECK;

#endif
