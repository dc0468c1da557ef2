/* curate/decontam_allow.h - matches that a person judged harmless
 *
 * Rows of any kind of file, each with one of
 *   "pair"   the key of two texts, as the audit tells it: it holds wherever the texts stand
 *   "train", "test"  the label ("FILE:LINE", "gsm8k:12") or the id of a training row and of a test row; one
 *            of them alone allows every match of that row
 * so that lines of an audit can be copied into the list. Other fields are not looked at. */
#ifndef LEM_CURATE_DECONTAM_ALLOW_H
#define LEM_CURATE_DECONTAM_ALLOW_H

#include "core/log.h"

#include <stdbool.h>

typedef struct lem_allow lem_allow;

/* LEM_EDATA for a row that names neither a pair nor a row. */
lem_status lem_allow_load(const char *path, const lem_cancel *cancel, lem_allow **out,
                          lem_err *err) LEM_MUST_CHECK;
void lem_allow_free(lem_allow *a); /* NULL allowed */
size_t lem_allow_count(const lem_allow *a);

/* The names of a training row or of a test row; id may be NULL. */
typedef struct lem_allow_row {
    const char *label, *id;
} lem_allow_row;
/* a NULL allows nothing. LEM_EMEM is possible. */
lem_status lem_allow_has(const lem_allow *a, const char *pair, lem_allow_row train, lem_allow_row test,
                         bool *out, lem_err *err) LEM_MUST_CHECK;

#endif
