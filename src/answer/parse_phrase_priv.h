/* parse_phrase_priv.h - answers in words and mathematics, taken apart by their tokens */
#ifndef LEM_ANSWER_PARSE_PHRASE_H
#define LEM_ANSWER_PARSE_PHRASE_H

#include "answer/parse_priv.h"

enum { PHRASE_MAX_PARTS = 8 };

/* "vertex (2,-3) for x > 0": tokens of the words, the value, and the condition; empty ranges where there is
 * none. */
typedef struct phrase_part {
    size_t label, label_end, value, value_end, tail, tail_end;
} phrase_part;

/* The parts of an answer in words and mathematics; 0 when it is no such answer. */
size_t lem_phrase_parts(const lex_toks *t, phrase_part *out);
/* The words of the tokens [from, to), folded, with single spaces; a letter stays as it is. */
char *lem_phrase_words(lem_work *w, const lex_toks *t, size_t from, size_t to, size_t *len);
/* "10 ft by 18 ft", "10 ft x 18 ft": the word becomes a comma. */
void lem_phrase_dimensions(lex_toks *t);

#endif
