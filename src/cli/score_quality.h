/* cli/score_quality.h - what scores are worth against the labels that stand in the same rows: pairs in order,
 * AUC, correlation with length (eval/quality.h), told where they were made */
#ifndef LEM_CLI_SCORE_QUALITY_H
#define LEM_CLI_SCORE_QUALITY_H

#include "core/object.h"
#include "job/command.h"

typedef struct lem_score_quality { /* zeroed = nothing is known */
    char *table;                   /* lines for people; NULL = none; owned */
    lem_json *scores;              /* as in the result of select; NULL = none; owned */
} lem_score_quality;

/* Of the scores in `field` (and those beside it) of the rows in `out`. Nothing where rows have no labels,
 * where they cannot be read as candidates, or without a file (out NULL or "-"): that is no error of scoring.
 */
void lem_score_quality_of(lem_cli *cli, const char *out, const char *field, lem_score_quality *q);
/* Tells it to the log. */
void lem_score_quality_say(const lem_score_quality *q, lem_log *log);
/* Adds the member "scores_against_labels", an empty list where nothing is known. */
void lem_score_quality_put(const lem_score_quality *q, lem_object *o);
void lem_score_quality_release(lem_score_quality *q);

#endif
