/* core/choice.h - a closed set of names in one text, "cosine|linear|constant", stated once
 *
 * The library that gives the names their meaning defines the text; option tables, help and parsers use it. */
#ifndef LEM_CORE_CHOICE_H
#define LEM_CORE_CHOICE_H

#include <stdbool.h>

/* Index of word among the names, from 0; -1 if it is none of them. */
int lem_choice_find(const char *names, const char *word);
/* The i-th name, copied into out; false behind the last. */
bool lem_choice_at(const char *names, int i, char out[32]);

#endif
