/* fuzz_stops - stop strings over a text that grows in pieces: the place is that of a search of the whole */
#include "generate/stop_priv.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_STOPS = 4, MAX_TEXT = 512 };

/* The first place at which a stop string that ends behind old begins, byte by byte. */
static bool search(const lem_stops *s, const char *text, size_t old, size_t len, size_t *cut) {
    for (size_t i = 0; i < len; i++)
        for (int k = 0; k < s->n; k++) {
            size_t n = strlen(s->text[k]);
            if (i + n <= len && i + n > old && memcmp(text + i, s->text[k], n) == 0) {
                *cut = i;
                return true;
            }
        }
    return false;
}

/* "stop\0stop\0\0text": the bytes of the text tell too how long each piece is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *at = (const char *)data, *end = at + size, *stop[MAX_STOPS];
    char text[MAX_TEXT + 1];
    int n = 0;
    while (n < MAX_STOPS && at < end && *at && memchr(at, 0, (size_t)(end - at))) {
        stop[n++] = at;
        at += strlen(at) + 1;
    }
    size_t len = (size_t)(end - at) < MAX_TEXT ? (size_t)(end - at) : MAX_TEXT;
    if (len) memcpy(text, at, len);
    text[len] = '\0';
    lem_stops s = lem_stops_make(stop, n);
    for (size_t old = 0; old < len;) {
        size_t now = old + 1 + (unsigned char)text[old] % 5, got = SIZE_MAX, want = SIZE_MAX;
        if (now > len) now = len;
        if (lem_stops_find(&s, text, old, now, &got) != search(&s, text, old, now, &want) || got != want)
            __builtin_trap();
        if (got != SIZE_MAX) return 0;
        old = now;
    }
    return 0;
}
