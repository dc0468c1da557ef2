/* choice.c - a closed set of names in one text */
#include "core/choice.h"

#include <stddef.h>
#include <string.h>

bool lem_choice_at(const char *names, int i, char out[32]) {
    const char *p = names;
    for (; p && i > 0; i--) {
        p = strchr(p, '|');
        if (p) p++;
    }
    if (!p) return false;
    size_t n = strcspn(p, "|");
    if (n > 31) n = 31;
    memcpy(out, p, n);
    out[n] = '\0';
    return true;
}

int lem_choice_find(const char *names, const char *word) {
    char one[32];
    for (int i = 0; lem_choice_at(names, i, one); i++)
        if (strcmp(one, word) == 0) return i;
    return -1;
}
