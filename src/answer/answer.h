/* answer/answer.h - are two answers equal? Reading, comparison, keys for voting
 *
 * One grammar for LaTeX, plain text and Unicode mathematics; a table of rules over what the two sides are;
 * deciders for scalars. All memory is that of the lem_work, all work is paid for in its fuel, so a verdict
 * depends on the two texts and the switches only. */
#ifndef LEM_ANSWER_ANSWER_H
#define LEM_ANSWER_ANSWER_H

#include "answer/rules.h"
#include "answer/verdict.h"
#include "answer/work.h"
#include "core/buf.h"

typedef enum lem_answer_state {
    LEM_ANSWER_READ,
    LEM_ANSWER_UNREADABLE, /* no mathematics and no words that we know */
    LEM_ANSWER_EMPTY,
    LEM_ANSWER_TOO_LARGE /* a bound was met */
} lem_answer_state;

/* One answer; lives as long as the arena of the work that it was read with. */
typedef struct lem_answer {
    const char *plain; /* the text without what changes only its looks; not terminated */
    size_t plain_len;
    struct ast_node *tree; /* its meaning, where the state is READ */
    lem_answer_state state;
} lem_answer;

/* Never fails: what went wrong is the state. The text must live as long as the answer. */
lem_answer lem_answer_read(lem_work *w, const lem_answer_dialect *d, const char *text, size_t len);
/* The verdict and its rule; the gold comes first only where precision and conditions follow it. */
lem_answer_result lem_answer_compare(lem_work *w, const lem_answer_rules *rules, const lem_answer *gold,
                                     const lem_answer *pred);
/* Appends the key of an answer: the same for answers with the same canonical form. One that cannot be read
 * has its plain text behind a question mark; one that is too long, its text. */
void lem_answer_key(lem_work *w, const lem_answer *a, const char *text, size_t len, lem_buf *out);
/* "number", "list", …; "empty", "unparsed", "too long or too large" where there is no tree. */
const char *lem_answer_kind_name(const lem_answer *a);

#endif
