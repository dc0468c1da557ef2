/* units.c - units of measurement as exponents and a rational factor */
#include "grade/units_priv.h"

#include <string.h>

enum { MONEY = 1, HALF_DAY_AM, HALF_DAY_PM, ANGLE };

typedef struct unit_row {
    const char *names; /* separated by spaces; a plural s is taken off before */
    signed char length, mass, time, other;
    long num, den;
} unit_row;

static const unit_row table[] = {
    {"m meter metre", 1, 0, 0, 0, 1, 1},
    {"cm centimeter centimetre", 1, 0, 0, 0, 1, 100},
    {"mm millimeter millimetre", 1, 0, 0, 0, 1, 1000},
    {"km kilometer kilometre", 1, 0, 0, 0, 1000, 1},
    {"nm nanometer", 1, 0, 0, 0, 1, 1000000000},
    {"in inch inche", 1, 0, 0, 0, 254, 10000},
    {"ft foot feet", 1, 0, 0, 0, 3048, 10000},
    {"yd yard", 1, 0, 0, 0, 9144, 10000},
    {"mi mile", 1, 0, 0, 0, 1609344, 1000},
    {"l L liter litre", 3, 0, 0, 0, 1, 1000},
    {"ml mL milliliter", 3, 0, 0, 0, 1, 1000000},
    {"cc", 3, 0, 0, 0, 1, 1000000},
    {"kg kilogram", 0, 1, 0, 0, 1, 1},
    {"g gram", 0, 1, 0, 0, 1, 1000},
    {"mg milligram", 0, 1, 0, 0, 1, 1000000},
    {"lb pound", 0, 1, 0, 0, 45359237, 100000000},
    {"oz ounce", 0, 1, 0, 0, 45359237, 1600000000},
    {"ton tonne", 0, 1, 0, 0, 1000, 1},
    {"s sec second", 0, 0, 1, 0, 1, 1},
    {"ms millisecond", 0, 0, 1, 0, 1, 1000},
    {"min minute", 0, 0, 1, 0, 60, 1},
    {"h hr hour", 0, 0, 1, 0, 3600, 1},
    {"day", 0, 0, 1, 0, 86400, 1},
    {"week", 0, 0, 1, 0, 604800, 1},
    {"year yr", 0, 0, 1, 0, 31557600, 1},
    {"month", 0, 0, 1, 0, 2629800, 1},
    {"mph", 1, 0, -1, 0, 1609344, 3600000},
    {"kmh kph", 1, 0, -1, 0, 1000, 3600},
    {"Hz hertz", 0, 0, -1, 0, 1, 1},
    {"dollar USD", 0, 0, 0, MONEY, 1, 1},
    {"cent", 0, 0, 0, MONEY, 1, 100},
    {"am", 0, 0, 0, HALF_DAY_AM, 1, 1},
    {"pm", 0, 0, 0, HALF_DAY_PM, 1, 1},
    {"rad radian", 0, 0, 0, ANGLE, 1, 1},
};

static bool in_names(const char *names, const char *s, size_t n) {
    while (*names) {
        size_t k = strcspn(names, " ");
        if (k == n && memcmp(names, s, n) == 0) return true;
        names += k + (names[k] == ' ');
    }
    return false;
}

static const unit_row *row_of(const char *s, size_t n) {
    for (int plural = 0; plural < 2; plural++) {
        if (plural && (n < 4 || s[n - 1] != 's')) break;
        for (size_t i = 0; i < sizeof table / sizeof *table; i++)
            if (in_names(table[i].names, s, n - (size_t)plural)) return &table[i];
    }
    return NULL;
}

static bool is(const char *s, size_t n, const char *t) { return strlen(t) == n && memcmp(s, t, n) == 0; }

static bool multiply(grade_work *w, grade_unit *u, const unit_row *r, int power) {
    u->length += r->length * power;
    u->mass += r->mass * power;
    u->time += r->time * power;
    if (r->other) u->other = u->other ? -1 : r->other; /* one such word only */
    grade_rat *f = lem_grade_rat_div(w, lem_grade_rat_int(w, r->num), lem_grade_rat_int(w, r->den));
    u->factor = f ? lem_grade_rat_mul(w, u->factor, lem_grade_rat_pow(w, f, power)) : NULL;
    return u->factor && u->other >= 0;
}

bool lem_grade_unit_find(grade_work *w, const char *name, size_t len, grade_unit *out) {
    grade_unit u = {0, 0, 0, 0, lem_grade_rat_int(w, 1)};
    int sign = 1, prefix = 1, words = 0;
    for (size_t i = 0; i < len && u.factor;) {
        if (name[i] == ' ') {
            i++;
            continue;
        }
        if (name[i] == '/') {
            sign = -1;
            i++;
            continue;
        }
        size_t n = 0;
        while (i + n < len && name[i + n] != ' ' && name[i + n] != '/' && name[i + n] != '^') n++;
        const char *word = name + i;
        i += n;
        if (is(word, n, "per")) sign = -1;
        else if (is(word, n, "square") || is(word, n, "sq")) prefix = 2;
        else if (is(word, n, "cubic") || is(word, n, "cu")) prefix = 3;
        else {
            const unit_row *r = n ? row_of(word, n) : NULL;
            int power = prefix, inner = 1;
            if (!r) return false;
            if (i < len && name[i] == '^') {
                if (++i < len && name[i] == '-') inner = -1, i++;
                if (i >= len || name[i] < '1' || name[i] > '9') return false;
                power = inner * (name[i++] - '0');
            }
            if (!multiply(w, &u, r, sign * power)) return false;
            prefix = 1;
            words++;
        }
    }
    if (!u.factor || !words) return false;
    *out = u;
    return true;
}

bool lem_grade_unit_same_kind(const grade_unit *a, const grade_unit *b) {
    return a->length == b->length && a->mass == b->mass && a->time == b->time && a->other == b->other;
}
