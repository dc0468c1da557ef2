/* eval/spoil.h - what spoils a figure, told where the figure is read: candidates that were cut, undecided,
 * without an answer or a score, or the same text again
 *
 * A share above LEM_SPOIL_NOTE is worth a note of its own. */
#ifndef LEM_EVAL_SPOIL_H
#define LEM_EVAL_SPOIL_H

#include "core/buf.h"
#include "core/object.h"
#include "data/candidates.h"

#define LEM_SPOIL_NOTE 0.02

typedef struct lem_spoil { /* counts of candidates; zeroed = none */
    uint64_t n;
    uint64_t with_reason, cut; /* that have a finish_reason; of them, those that ended at their token limit */
    uint64_t undecided;        /* neither right nor wrong: counted as wrong */
    uint64_t unscored;         /* without a score: ranked last */
    uint64_t silent;           /* without an answer: they do not vote */
    uint64_t repeated;         /* whose text an earlier candidate of the problem has */
    uint64_t changed;          /* whose text does not encode to the tokens that were sampled */
} lem_spoil;

/* Adds what the row itself tells: n, with_reason, cut, repeated, changed. */
lem_status lem_spoil_count(lem_spoil *s, const lem_candidates *c, lem_err *err) LEM_MUST_CHECK;
void lem_spoil_add(lem_spoil *s, const lem_spoil *more);
/* Members undecided, without_answer, repeated_text; where there are any, not_reencoded; where reasons are
 * known, cut and with_finish_reason. */
void lem_spoil_tell(lem_object *o, const lem_spoil *s);
/* "of 960 candidates 36 (3.8 %) undecided, counted as wrong; …": those that are not 0; nothing where none is.
 */
void lem_spoil_text(const lem_spoil *s, lem_buf *out);
/* Sentences about what is above LEM_SPOIL_NOTE, as a list of texts, owned by the caller; NULL: out of memory.
 */
lem_json *lem_spoil_warnings(const lem_spoil *s);
/* Both as whole lines, the sentences behind "note: "; whose ("A: ") stands in front of each. */
void lem_spoil_lines(const lem_spoil *s, const char *whose, lem_buf *out);

#endif
