/* duration.c - spans of time, read and written */
#include "job/duration.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double unit_of(char c) {
    static const struct {
        char name;
        double seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (units[i].name == c) return units[i].seconds;
    return 0;
}

lem_status lem_duration_parse(const char *text, const char *what, double *seconds, lem_err *err) {
    double sum = 0, last = 1e9;
    const char *at = text;
    bool ok = *at != '\0';
    while (ok && *at) {
        size_t digits = strspn(at, "0123456789.");
        const char *name = at + digits;
        bool alone = !*name && at == text; /* a number of seconds */
        double unit = alone ? 1 : unit_of(*name);
        ok = digits > 0 && unit > 0 && unit < last;
        sum += strtod(at, NULL) * unit;
        last = unit;
        at = alone ? name : name + 1;
    }
    if (!ok || !(sum > 0) || sum > 1000 * 86400.0)
        return lem_fail(err, LEM_EUSAGE, "%s: '%.60s' is no time; write 45s, 90m, 8h, 2d or 1h30m", what,
                        text);
    *seconds = sum;
    return LEM_OK;
}

void lem_duration_text(double seconds, char out[LEM_DURATION_TEXT]) {
    static const struct {
        double seconds;
        const char *name;
    } units[] = {{31557600, "years"}, {86400, "days"}, {3600, "hours"}, {60, "minutes"}, {1, "seconds"}};
    size_t k = 0;
    while (k < 4 && seconds < 2 * units[k].seconds) k++;
    snprintf(out, LEM_DURATION_TEXT, "%.3g %s", seconds / units[k].seconds, units[k].name);
}
