/* data/list_rows.h - rows about graded responses, of whatever kind, as response lists
 *
 * The kind is told from the columns of the first row:
 *   responses and labels                          lists (docs/formats.md), as they are
 *   chosen and rejected, lists of text            RewardBench 2: every chosen one is right
 *   chosen and rejected, texts or conversations   preference pairs, with a prompt or whole conversations
 *   message, messages or conversations and label  AceMath-RM: one response a row, regrouped by the user turn
 *   prompt, completion and label                  unpaired preferences (KTO), regrouped by the prompt
 * Rows to be regrouped are all read first; lists come in the order of their first row, whatever lies between.
 * A conversation has one user turn; its system text is not part of the list (the model's own is used). */
#ifndef LEM_DATA_LIST_ROWS_H
#define LEM_DATA_LIST_ROWS_H

#include "core/json.h"
#include "rows/rows.h"

typedef struct lem_list_rows lem_list_rows;
/* Opens FILE and tells its kind, which is logged with the columns that told it. LEM_EDATA, with the columns
 * found, for rows of no kind; a file without rows is opened. cancel and log may be NULL. */
lem_status lem_list_rows_open(const char *path, const lem_cancel *cancel, lem_log *log, lem_list_rows **out,
                              lem_err *err) LEM_MUST_CHECK;
/* The next list, {problem, responses[], labels[], ...}, owned by the caller; NULL at the end. *line: where it
 * stands, or its first row. Errors name file and line. Columns of lists are as they stand, unchecked. */
lem_status lem_list_rows_next(lem_list_rows *r, lem_json **row, uint64_t *line, lem_err *err) LEM_MUST_CHECK;
void lem_list_rows_close(lem_list_rows *r);

#endif
