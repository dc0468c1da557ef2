/* labels.c - from counts to labels */
#include "annotate/annotate.h"

void lem_annotate_labels(const lem_annotated *a, bool soft, double *label) {
    for (int k = 0; k < a->steps->n; k++) {
        int right = a->count[k][0], n = a->count[k][1];
        if (k < a->good) label[k] = 1;
        else if (k >= a->bad) label[k] = 0;
        else if (n == 0) label[k] = -1;
        else label[k] = soft ? (double)right / n : right > 0;
    }
}
