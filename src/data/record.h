/* data/record.h - one training row of any known kind, as messages
 *
 * Kinds and their columns are those of docs/formats.md. The kind is told from the columns; `--format` names
 * it where they are ambiguous. */
#ifndef LEM_DATA_RECORD_H
#define LEM_DATA_RECORD_H

#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"

typedef enum lem_row_kind {
    LEM_ROW_UNKNOWN,
    LEM_ROW_MESSAGES,
    LEM_ROW_SHAREGPT,
    LEM_ROW_PROMPT_COMPLETION,
    LEM_ROW_INSTRUCTION,
    LEM_ROW_QUESTION_ANSWER,
    LEM_ROW_TEXT
} lem_row_kind;

const char *lem_row_kind_name(lem_row_kind k);
lem_status lem_row_kind_parse(const char *name, lem_row_kind *out, lem_err *err) LEM_MUST_CHECK;
/* Which columns decide: messages|message|conversations(role/content) -> messages; conversations(from/value)
 * -> sharegpt; prompt+completion (or prompt+response|target)
 * -> prompt-completion; instruction+output|response -> instruction; question|problem|query +
 * answer|solution|response -> question-answer; text -> text. */
lem_row_kind lem_row_detect(const lem_json *row);

typedef struct lem_turn {
    const char *role;
    char *content;
} lem_turn; /* role static or borrowed from the row; content owned */
typedef struct lem_turns {
    lem_turn *at;
    int n, cap;
} lem_turns;

void lem_turns_release(lem_turns *t);
/* Fills turns (cleared first). TEXT gives one turn with role "text". Names the missing or mistyped field. */
lem_status lem_row_turns(const lem_json *row, lem_row_kind kind, lem_turns *out, lem_err *err) LEM_MUST_CHECK;

/* Removes <<...>> marks in place (GSM8K's calculator annotations); text without a closing >> is kept. */
void lem_text_strip_marks(char *text);
/* Turns a last line "#### x" into "The answer is \boxed{x}."; other text is left as it is. Returns a new
 * string. */
char *lem_text_box_answer(const char *text, lem_err *err);

#endif
