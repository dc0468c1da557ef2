/* curate/filter_text.h - what filters measure in a text: words, boxes, scripts */
#ifndef LEM_CURATE_FILTER_TEXT_H
#define LEM_CURATE_FILTER_TEXT_H

#include "core/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Runs between white space, as len(text.split()) of Python counts them. */
uint64_t lem_count_words(const char *text, size_t len);

/* The next \boxed{…} or \fbox{…} (or \boxed 5) at or behind *pos, which moves behind it; false when there is
 * none. A box that is not closed within 8,192 bytes is none. */
typedef struct lem_box {
    size_t from, len; /* its content */
    size_t end;       /* behind the box */
} lem_box;
bool lem_next_box(const char *text, size_t len, size_t *pos, lem_box *out);
/* Whether no letter or digit stands on a line behind the one that the box ends in. */
bool lem_box_ends_text(const char *text, size_t len, const lem_box *box);

/* Scripts by their names, "latin", "han", …; NULL behind the last. */
const char *lem_script_name(int i);
/* Which share of the letters is of the script; letters is their number. Only runs of two letters and more
 * count, except for Han, Kana and Hangul (x and n are no language), and no LaTeX command. Greek letters count
 * only where the script is Greek. */
double lem_script_share(const char *text, size_t len, int script, uint64_t *letters);

#endif
