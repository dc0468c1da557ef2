/* parse_labels_priv.h - answers to a question in parts, taken apart by their labels */
#ifndef LEM_ANSWER_PARSE_LABELS_H
#define LEM_ANSWER_PARSE_LABELS_H

#include <stdbool.h>
#include <stddef.h>

enum { LABELS_MOST = 8 };

typedef struct labelled_part {
    size_t from, to, label; /* label: its number, from 0 */
} labelled_part;

/* The values behind labels, each of the first ones once: (1) (2), a) b), (i) (ii), ① ②. Two at least, else 0.
 */
size_t lem_labelled_parts(const char *s, size_t n, labelled_part out[LABELS_MOST]);

#endif
