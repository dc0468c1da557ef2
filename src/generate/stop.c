/* stop.c - stop strings over text that grows token by token */
#include "generate/stop_priv.h"

#include <string.h>

lem_stops lem_stops_make(const char *const *text, int n) {
    lem_stops s = {text, n, 0};
    for (int i = 0; i < n; i++) {
        size_t len = strlen(text[i]);
        if (len > s.longest) s.longest = len;
    }
    return s;
}

bool lem_stops_find(const lem_stops *s, const char *text, size_t old_len, size_t len, size_t *cut) {
    if (s->longest == 0 || len == old_len) return false;
    size_t from = old_len > s->longest - 1 ? old_len - (s->longest - 1) : 0;
    for (size_t at = from; at < len; at++)
        for (int i = 0; i < s->n; i++) {
            size_t n = strlen(s->text[i]);
            if (n && n <= len - at && memcmp(text + at, s->text[i], n) == 0) {
                *cut = at;
                return true;
            }
        }
    return false;
}
