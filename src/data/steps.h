/* data/steps.h - solutions whose steps are labelled, one after another, from rows of any kind that people
 * have
 *
 *   annotated      problem, steps[], step_counts[[k,n],..] and/or step_labels[] (lemma prm annotate)
 *   lists          problem, responses[], step_labels[][]: steps are the pieces between separators
 *   rlhflow        conversations[]: user a step, assistant + or -; the first turn is question and first step,
 *                  which cannot be told apart and stay one text (`joined`)
 *   math-shepherd  input with a tag (ки) after each step, label: the same text with + or - for each tag
 *   trl            prompt, completions[], labels[] (true, false, or 0 to 1)
 *   prm800k        question.problem, label.steps[].completions[] with text and rating (arXiv 2305.20050)
 *   prm800k-flat   the same, one row a candidate step: instruction, responses[], next_response, rating
 *   processbench   problem, steps[], label: the index of the first wrong step, -1 for none (arXiv
 * 2412.06559); what comes behind the first wrong step has no label
 *
 * A label is a share in 0..1 of continuations that end well (k of n), or a verdict, 0 or 1; below 0 = not to
 * be trained. Hard labels are 1 for every share above 0 (Math-Shepherd's hard estimation, arXiv 2312.08935),
 * soft ones the share itself, thresholded ones 1 from the threshold on.
 * PRM800K asks for alternatives to a step: each is a solution of its own, of which only the last step is
 * labelled; the chosen ones make one solution with all its labels, so that no rating is trained twice.
 * A step of white space alone is no step. */
#ifndef LEM_DATA_STEPS_H
#define LEM_DATA_STEPS_H

#include "core/err.h"
#include "core/json.h"
#include "core/log.h"
#include "prompt/solution.h"

#include <stdbool.h>
#include <stdint.h>

#define LEM_STEPS_FORMATS "annotated|lists|rlhflow|math-shepherd|trl|prm800k|prm800k-flat|processbench"
#define LEM_STEPS_RULES "hard|soft|threshold" /* in the order of lem_steps_rule */
#define LEM_STEPS_NEUTRAL "right|wrong|skip"  /* in the order of lem_steps_neutral */
typedef enum lem_steps_rule { LEM_STEPS_HARD, LEM_STEPS_SOFT, LEM_STEPS_THRESHOLD } lem_steps_rule;
typedef enum lem_steps_neutral {
    LEM_STEPS_NEUTRAL_RIGHT, /* rating 0 of PRM800K is 1, as its authors train */
    LEM_STEPS_NEUTRAL_WRONG,
    LEM_STEPS_NEUTRAL_SKIP
} lem_steps_neutral;

typedef struct lem_steps_how {
    const char *format; /* one of LEM_STEPS_FORMATS; NULL = told from the columns of the first row */
    lem_steps_rule rule;
    double threshold;
    lem_steps_neutral neutral;
    bool stop_after_error;    /* steps behind the first with a label below one half are not trained */
    const char *separator;    /* of lists */
    int64_t limit;            /* rows; -1 = all */
    const lem_cancel *cancel; /* looked at for every row: LEM_EINTR; NULL = never */
    /* Where it leaves rows out (bad_rows.h), rows that are not of the format are some of them, and the format
     * is that which most of the first rows are of; NULL = such a row is LEM_EDATA. */
    const struct lem_row_judge *judge;
} lem_steps_how;

typedef struct lem_steps_solution { /* borrowed until the next call */
    const char *problem;            /* "" if joined */
    bool joined;                    /* the first step begins with the problem */
    int n;                          /* steps, at least 1; 0 = the rows are at their end */
    const lem_step *step;
    const float *label; /* [n] 0..1, below 0 = not to be trained */
    uint64_t line;      /* of the row */
    uint64_t row;       /* its number among all that were read, from 1 */
    uint64_t key; /* equal for solutions of one problem; joined: of the text before "Step 1", else of its
                     first 40 bytes */
} lem_steps_solution;

/* The format of LEM_STEPS_FORMATS whose columns a row has; NULL = none. What they hold is not looked at. */
const char *lem_steps_detect(const lem_json *row);
/* Appends problem and steps, joined by line ends, of the first solution of one row. format is one of
 * LEM_STEPS_FORMATS. LEM_EDATA names the field. */
lem_status lem_steps_row_texts(const char *format, const lem_json *row, lem_buf *problem, lem_buf *solution,
                               lem_err *err) LEM_MUST_CHECK;

typedef struct lem_steps lem_steps;
/* Opens FILE (JSONL, JSON array, .gz, .zst) and says in one line of the log which format it is and by which
 * columns. path, how and its texts are borrowed. LEM_EUSAGE for an unknown format, LEM_EDATA for columns of
 * no format (they are named) and for a file without rows. */
lem_status lem_steps_open(const char *path, const lem_steps_how *how, lem_log *log, lem_steps **out,
                          lem_err *err) LEM_MUST_CHECK;
/* The next solution. A row that is not of the format is LEM_EDATA naming file, line and field. */
lem_status lem_steps_next(lem_steps *s, lem_steps_solution *out, lem_err *err) LEM_MUST_CHECK;
void lem_steps_close(lem_steps *s); /* NULL allowed */
/* The last solution cannot be used: lem_data_row_failed (rows.h) with its place; the row is not counted then.
 */
lem_status lem_steps_failed(lem_steps *s, lem_status st, lem_err *err) LEM_MUST_CHECK;
uint64_t lem_steps_rows(const lem_steps *s);  /* rows read so far, without those that the judge left out */
uint64_t lem_steps_empty(const lem_steps *s); /* steps of white space alone that were left out */

#endif
