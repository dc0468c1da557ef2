/* token/describe.h - the tokenizer of a model folder as facts: members of a JSON object for programs, lines
 * of text for people */
#ifndef LEM_TOKEN_DESCRIBE_H
#define LEM_TOKEN_DESCRIBE_H

#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"

/* Adds to `facts`: tokenizer (file, kind, vocab, eos, note; null where unknown) and template (where the chat
 * template comes from, in words). vocab: the number of ids that the model has, which the note compares.
 * A folder without a tokenizer is no error; one whose tokenizer cannot be read is. On failure some members
 * may be there. */
lem_status lem_tokenizer_describe(const char *dir, int vocab, lem_json *facts, lem_err *err) LEM_MUST_CHECK;
/* The same facts as lines; want of memory is remembered in the buffer. */
void lem_tokenizer_describe_text(const lem_json *facts, lem_buf *out);

#endif
