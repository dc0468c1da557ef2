/* data/record.h - one row of any kind that has a conversation, as turns
 *
 * The kind is told from the columns (row_kinds.h); `--format` names it where they are ambiguous. */
#ifndef LEM_DATA_RECORD_H
#define LEM_DATA_RECORD_H

#include "data/row_kinds.h"
#include "data/turns.h"

/* Fills turns (cleared first): the row's conversation, up to its reply. TEXT gives one turn with role "text",
 * PROMPTS the user's alone. Of rows with judged replies, the prompt and the best reply (chosen, rank 0, the
 * first right one); `marked` where that is not to be trained (label false or 0), or where none is right. Of
 * labelled steps, the problem and the steps, joined by line ends. The row must outlive the turns. Names the
 * missing or mistyped field, or the kind that the row is of instead. LEM_EDATA for kinds without a
 * conversation (candidates, evaluation sets). */
lem_status lem_row_turns(const lem_json *row, lem_row_kind kind, lem_turns *out, lem_err *err) LEM_MUST_CHECK;

/* Removes <<...>> marks in place (GSM8K's calculator annotations); text without a closing >> is kept. */
void lem_text_strip_marks(char *text);
/* Turns a last line "#### x" into "The answer is \boxed{x}."; other text is left as it is. Returns a new
 * string. */
char *lem_text_box_answer(const char *text, lem_err *err);

#endif
