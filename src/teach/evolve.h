/* teach/evolve.h - new problems from given ones: what a teacher is asked, and what is taken of its reply
 *
 * Three kinds, as in AceMath (arXiv:2412.15084, section 3.2.2 and appendix C), in words of our own: in
 * breadth (another, rarer problem of like length and difficulty), in depth (a harder one), and with
 * constraints added, which the paper found to give poor problems. Each prompt ends with a marker behind which
 * the new problem is to be written. */
#ifndef LEM_TEACH_EVOLVE_H
#define LEM_TEACH_EVOLVE_H

#include "core/buf.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum lem_evolve_kind { LEM_EVOLVE_BREADTH, LEM_EVOLVE_DEPTH, LEM_EVOLVE_CONSTRAINTS } lem_evolve_kind;
enum { LEM_EVOLVE_KINDS = 3 };

const char *lem_evolve_name(lem_evolve_kind kind); /* "breadth" */
/* LEM_EUSAGE names the three. */
lem_status lem_evolve_parse(const char *name, lem_evolve_kind *out, lem_err *err) LEM_MUST_CHECK;
/* Appends the prompt. */
void lem_evolve_prompt(lem_evolve_kind kind, const char *seed, lem_buf *out);
/* Appends the problem of a reply: without white space around it, and without the marker where the reply
 * repeats it. */
void lem_evolve_take(const char *reply, lem_buf *out);
/* The same but for case (ASCII) and white space. */
bool lem_evolve_same(const char *a, const char *b);
/* Words between white space. */
size_t lem_evolve_words(const char *text);

#endif
