/* generate/stop_priv.h - stop strings over text that grows token by token */
#ifndef LEM_GENERATE_STOP_PRIV_H
#define LEM_GENERATE_STOP_PRIV_H

#include <stdbool.h>
#include <stddef.h>

typedef struct lem_stops {
    const char *const *text; /* borrowed, non-empty strings */
    int n;
    size_t longest; /* bytes */
} lem_stops;

lem_stops lem_stops_make(const char *const *text, int n);

/* The bytes text[old_len..len) are new. Finds the first place where a stop string begins, among those that
 * were not complete before; a string may span any number of tokens. *cut is where the text ends then. Bytes
 * are compared, so a match of valid UTF-8 never splits a character. */
bool lem_stops_find(const lem_stops *s, const char *text, size_t old_len, size_t len, size_t *cut);

#endif
