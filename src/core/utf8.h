/* core/utf8.h - UTF-8 validation and code points */
#ifndef LEM_CORE_UTF8_H
#define LEM_CORE_UTF8_H

#include "core/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ASCII white space, whatever the locale. */
static inline bool lem_is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool lem_utf8_valid(const char *s, size_t n);
/* Decodes one code point at s[0..n), n >= 1; returns its length, or 0 if the bytes are not valid UTF-8 there.
 */
int lem_utf8_decode(const char *s, size_t n, uint32_t *cp);
int lem_utf8_encode(uint32_t cp, char out[4]); /* length; 0 for surrogates and > U+10FFFF */

void lem_utf8_mend(const char *s, size_t n, lem_buf *out); /* appends s; U+FFFD where Python writes it */

#endif
