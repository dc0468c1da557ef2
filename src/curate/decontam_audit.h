/* curate/decontam_audit.h - what decontamination found, as rows for a person and for other programs
 *
 * A match is {"train", "test" ("FILE:LINE"; the name of a benchmark in place of its file), "train_id",
 * "test_id" (where the rows have one), "train_part", "test_part" ("prompt" or "response"), "pair" (16 digits
 * made of both texts: the same wherever they stand and however they are written), "decision" ("drop", "keep"
 * or "allowed"), "rule" (lem_decontam_rule_name), "train_words", "test_words", "lcs", "lcs_of_train",
 * "lcs_of_test" (shares), "ngrams" (places of the training text where a shared n-gram begins), "run" (the
 * longest shared run of words) and "run_words"}. A stock phrase is {"stock_phrase", "tests"}. */
#ifndef LEM_CURATE_DECONTAM_AUDIT_H
#define LEM_CURATE_DECONTAM_AUDIT_H

#include "curate/decontam_allow.h"
#include "curate/decontam_tests.h"

/* The text of a training row that a match is about. All borrowed. */
typedef struct lem_train_text {
    const char *file;
    uint64_t number;
    const char *id; /* NULL = none */
    lem_decontam_part part;
    const char *text;
    size_t len;
} lem_train_text;

/* Whether the list allows the match, by any row of the test text. */
lem_status lem_decontam_allowed(const lem_allow *a, const lem_tests *t, const lem_train_text *train,
                                const lem_decontam_match *m, bool *out, lem_err *err) LEM_MUST_CHECK;
/* The row of one match. *out is owned by the caller. */
lem_status lem_decontam_audit_row(const lem_tests *t, const lem_train_text *train,
                                  const lem_decontam_match *m, bool allowed, lem_json **out,
                                  lem_err *err) LEM_MUST_CHECK;

#endif
