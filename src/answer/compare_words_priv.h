/* compare_words_priv.h - do two answers in words say the same? */
#ifndef LEM_ANSWER_COMPARE_WORDS_H
#define LEM_ANSWER_COMPARE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum words_answer { WORDS_SAME, WORDS_DIFFERENT, WORDS_UNKNOWN } words_answer;

/* Folded words with single spaces. `subject`: an article stood before them, so that they may begin with what
 * a sentence is about: (the) series converges. */
typedef struct words {
    const char *s;
    size_t n;
    bool subject;
} words;

words_answer lem_words_compare(words a, words b);
/* May the quantity that the words name go by this letter? Different: the letter is another quantity's, as d
 * is not the radius. Unknown also for letters of unknowns. */
words_answer lem_words_symbol(words label, const char *symbol, size_t n);
/* Words that make something else of the value they stand before: not, at least, between. */
bool lem_words_change_value(const char *s, size_t n);

#endif
