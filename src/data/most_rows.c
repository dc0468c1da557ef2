/* most_rows.c - the class that most of a file's first rows are of */
#include "data/most_rows.h"

#include "data/rows.h"

enum { SAMPLED = 256 };

lem_status lem_most_rows(const char *path, const lem_cancel *cancel, const lem_row_judge *judge,
                         lem_class_of *class_of, const void *ctx, int *out, lem_err *err) {
    const lem_row_judge readable = lem_data_readable(judge ? judge->max_bytes : 0);
    int count[LEM_MOST_CLASSES] = {0};
    lem_rowset *rows = NULL;
    lem_json *row = NULL;
    lem_status st = lem_data_rows_judged(path, cancel, &readable, &rows, err);
    for (int i = 0; st == LEM_OK && i < SAMPLED; i++) {
        st = lem_rowset_next(rows, &row, err);
        if (st || !row) break;
        const int k = class_of(ctx, row);
        if (k >= 0 && k < LEM_MOST_CLASSES) count[k]++;
        lem_json_free(row);
    }
    lem_rowset_close(rows);
    for (int k = 0; k < LEM_MOST_CLASSES; k++)
        if (count[k] > (*out < 0 ? 0 : count[*out])) *out = k;
    return st;
}
