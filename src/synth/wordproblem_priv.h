/* synth/wordproblem_priv.h - what the generator and its templates share: a bounded writer, draws, names and
 * things */
#ifndef LEM_SYNTH_WORDPROBLEM_PRIV_H
#define LEM_SYNTH_WORDPROBLEM_PRIV_H

#include "synth/wordproblem.h"

#include <stdbool.h>

typedef struct wp_person {
    const char *name, *he, *his; /* "Mia", "She", "her" */
} wp_person;

typedef struct wp_thing {
    const char *one, *many;
} wp_thing;

/* One attempt at one problem. A text that does not fit, or numbers out of the wanted range, set `bad`; the
 * attempt is then drawn again. */
typedef struct wp_draft {
    lem_rng r;
    lem_wordproblem *out;
    size_t problem_len, solution_len, structure_len;
    bool bad;
} wp_draft;

typedef void wp_template_fn(wp_draft *d);
typedef struct wp_template {
    const char *name;
    wp_template_fn *write;
    int weight; /* relative frequency */
} wp_template;

extern const wp_template lem_wp_templates[LEM_WORDPROBLEM_TEMPLATES]; /* wordproblem_algebra.c */

/* What templates write with (wordproblem_draft.c). */
int lem_wp_range(wp_draft *d, int lo,
                 int hi); /* uniform, both ends included; not part of the structure: for words */
int lem_wp_number(wp_draft *d, int lo, int hi); /* the same, recorded in the structure */
int lem_wp_kind(wp_draft *d, int n);            /* 0..n-1, recorded: a choice that changes the arithmetic */
void lem_wp_mark(wp_draft *d, char letter, int value);                /* records something drawn elsewhere */
void lem_wp_say(wp_draft *d, const char *fmt, ...) LEM_PRINTF(2, 3);  /* adds a sentence to the problem */
void lem_wp_step(wp_draft *d, const char *fmt, ...) LEM_PRINTF(2, 3); /* adds a line to the solution */
void lem_wp_divide(wp_draft *d, int value, int by,
                   const char *end); /* two lines: whole times `by`, then what is left; `end` follows */
void lem_wp_answer(wp_draft *d, int value);   /* the last line */
void lem_wp_require(wp_draft *d, bool holds); /* else the attempt is bad */
const wp_person *lem_wp_person(wp_draft *d);
const wp_person *lem_wp_other(wp_draft *d, const wp_person *p); /* someone else */
const wp_thing *lem_wp_thing(wp_draft *d);
const wp_thing *lem_wp_other_thing(wp_draft *d, const wp_thing *t);
const char *lem_wp_box(wp_draft *d); /* "boxes", … */

/* Stories of things, shops and work (wordproblem_stories.c). */
wp_template_fn lem_wp_left_over, lem_wp_full_boxes, lem_wp_to_fill, lem_wp_total, lem_wp_two_people,
    lem_wp_compare, lem_wp_pool_left, lem_wp_times_as_many, lem_wp_change, lem_wp_spend_rest, lem_wp_saving,
    lem_wp_machine, lem_wp_vans, lem_wp_reading;

#endif
