/* filter_regex_priv.h - regular expressions (PCRE2, UTF-8) whose work on one text is bounded */
#ifndef LEM_CURATE_FILTER_REGEX_PRIV_H
#define LEM_CURATE_FILTER_REGEX_PRIV_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct filter_regex filter_regex;
typedef enum regex_answer { REGEX_NO, REGEX_YES, REGEX_GAVE_UP } regex_answer;
typedef enum regex_place {
    REGEX_ANYWHERE,
    REGEX_AT_START, /* at the first character that is no white space */
    REGEX_AT_END    /* up to the last such character */
} regex_place;

/* LEM_EUSAGE names the option and the byte of the pattern. */
lem_status lem_filter_regex_new(const char *option, const char *pattern, filter_regex **out,
                                lem_err *err) LEM_MUST_CHECK;
void lem_filter_regex_free(filter_regex *r); /* NULL allowed */
/* Whether it matches there. At most 1,000 steps of backtracking a byte of text and 200 million more, then
 * GAVE_UP: the same on every machine. */
lem_status lem_filter_regex_match(filter_regex *r, const char *text, size_t len, regex_place place,
                                  regex_answer *out, lem_err *err) LEM_MUST_CHECK;

#endif
