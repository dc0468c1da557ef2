/* date.c - a date as people write it */
#include "jinja/template.h"

#include <string.h>

/* Digits at text[0..n) as a number; -1 when another character is among them. */
static int number_of(const char *text, int n) {
    int v = 0;
    for (int i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9') return -1;
        v = v * 10 + (text[i] - '0');
    }
    return v;
}

bool lem_date_parse(const char *text, lem_date *out) {
    if (strlen(text) != 10 || text[4] != '-' || text[7] != '-') return false;
    int year = number_of(text, 4), month = number_of(text + 5, 2), day = number_of(text + 8, 2);
    if (year < 0 || month < 0 || day < 0) return false;
    *out = (lem_date){year, month, day, 0, 0, 0};
    return true;
}
