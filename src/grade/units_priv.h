/* units_priv.h - units of measurement: what they measure and how large they are */
#ifndef LEM_GRADE_UNITS_PRIV_H
#define LEM_GRADE_UNITS_PRIV_H

#include "grade/work_priv.h"

typedef struct grade_unit {
    int length, mass, time, other; /* exponents of the dimensions; other > 0 names money, half days, angles, amounts */
    grade_rat *factor;             /* in metres, kilograms, seconds, dollars, degrees */
} grade_unit;

/* Reads a unit as the parser spells it: "cm", "square meters", "km/h", "miles per hour", "cm^2". False when a word of it is unknown. */
bool lem_grade_unit_find(grade_work *w, const char *name, size_t len, grade_unit *out);

bool lem_grade_unit_same_kind(const grade_unit *a, const grade_unit *b);

#endif
