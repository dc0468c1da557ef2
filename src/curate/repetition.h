/* curate/repetition.h - texts that go round in circles: loops of words, loops of bytes, repeated lines, and
 * texts that compress too well
 *
 * AceMath drops "responses with repetitive strings" and does not say what these are (arXiv 2412.15084
 * §3.2.2). A text is repetitive when words  up to 100 words in a row stand there at least `times` times one
 * behind the other and fill at least `min_words` words (so n-grams of 10 and more words count from the 4th
 * time on, shorter ones when they fill as much); bytes  up to 64 bytes with a letter or digit among them fill
 * at least 200 bytes of one word in the same way (texts without spaces); line   one line of at least 3 words
 * and 20 bytes stands there at least `lines` times, anywhere; zlib   it is of 1,000 bytes or more and zlib
 * (level 6) makes it more than `zlib` times smaller. The first of these, in this order, is told. */
#ifndef LEM_CURATE_REPETITION_H
#define LEM_CURATE_REPETITION_H

#include "core/err.h"

#include <stddef.h>
#include <stdint.h>

typedef struct lem_repetition_limits { /* 0 = the test is left out */
    int times, min_words;              /* words and bytes */
    int lines;
    double zlib;
} lem_repetition_limits;
extern const lem_repetition_limits lem_repetition_standard; /* 4 times, 40 words; 5 lines; ratio 5 */

typedef enum lem_repetition_kind {
    LEM_REPEAT_NONE,
    LEM_REPEAT_WORDS,
    LEM_REPEAT_BYTES,
    LEM_REPEAT_LINE,
    LEM_REPEAT_ZLIB
} lem_repetition_kind;

typedef struct lem_repetition {
    lem_repetition_kind kind;
    size_t offset, len; /* bytes of what is repeated, once; with ZLIB the whole text */
    double times;       /* how often it stands there; with ZLIB the ratio */
} lem_repetition;

typedef struct lem_repetition_scan lem_repetition_scan; /* scratch, used again for each text */
lem_repetition_scan *lem_repetition_scan_new(lem_err *err);
void lem_repetition_scan_free(lem_repetition_scan *s); /* NULL allowed */

/* Linear in len. */
lem_status lem_repetition_find(lem_repetition_scan *s, const char *text, size_t len,
                               const lem_repetition_limits *limits, lem_repetition *out,
                               lem_err *err) LEM_MUST_CHECK;

#endif
