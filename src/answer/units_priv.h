/* units_priv.h - units of measurement: what they measure and how large they are */
#ifndef LEM_ANSWER_UNITS_PRIV_H
#define LEM_ANSWER_UNITS_PRIV_H

#include "answer/work.h"

enum { UNIT_DIMENSIONS = 5 };

typedef struct answer_unit {
    int dim[UNIT_DIMENSIONS]; /* exponents of length, mass, time, current, amount of substance */
    int other; /* what has no dimension and is no mere number: money by currency, half of the day, angle,
                  temperature scale */
    int other_power; /* of that: 2 of "square units" */
    lem_rat *factor; /* in metres, kilograms, seconds, amperes, moles; dollars, degrees … */
} answer_unit;

/* Reads a unit as the parser spells it: "cm", "square meters", "km/h", "miles per hour", "kg*m^2/s^2", "m
 * s^-1", "千米/小时". False when a word of it is unknown: then units are the same only if they are written
 * alike. */
bool lem_unit_find(lem_work *w, const char *name, size_t len, answer_unit *out);
bool lem_unit_same_kind(const answer_unit *a, const answer_unit *b);

/* The quantity a in the unit of the quantity b; a itself where that cannot be. */
struct ast_node;
struct ast_node *lem_unit_convert(lem_work *w, struct ast_node *a, const struct ast_node *b);

#endif
