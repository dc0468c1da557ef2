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

enum { WP_MISTAKES = 4 };

/* One attempt at one problem. A text that does not fit, or numbers out of the wanted range, set `bad`; the
 * attempt is then drawn again. */
typedef struct wp_draft {
    lem_rng r;
    lem_wordproblem *out;
    size_t problem_len, solution_len, structure_len;
    bool bad;
    /* Mistakes. A template is the program of its solution: it asks at each place where people go wrong
     * whether the writer does, and later lines are computed from what the earlier ones gave. */
    const char *mistakes[WP_MISTAKES]; /* those that this problem allows, in the order asked */
    int n_mistakes;
    int made;  /* which one the writer makes, -1 none */
    bool mute; /* lines are computed and not written: the writer overlooks them */
} wp_draft;

typedef void wp_template_fn(wp_draft *d);
typedef struct wp_template {
    const char *name;
    wp_template_fn *write;
    int weight; /* relative frequency */
    int rate;   /* of a hundred solutions, those with a mistake when mistakes are asked for */
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
/* Adds the line "LABELa+b=c." and returns c; op is one of + - * /. A negative value or a division that leaves
 * something makes the attempt bad. */
int lem_wp_calc(wp_draft *d, int a, char op, int b, const char *label, ...) LEM_PRINTF(5, 6);
/* Whether the writer makes this mistake here. The first that a template asks for is the common one. */
bool lem_wp_mistake(wp_draft *d, const char *name);
void lem_wp_divide(wp_draft *d, int value, int by,
                   const char *end); /* two lines: whole times `by`, then what is left; `end` follows */
void lem_wp_answer(wp_draft *d, int value);   /* the last line */
void lem_wp_require(wp_draft *d, bool holds); /* of the right solution: else the attempt is bad */
const wp_person *lem_wp_person(wp_draft *d);
const wp_person *lem_wp_other(wp_draft *d, const wp_person *p); /* someone else */
const wp_thing *lem_wp_thing(wp_draft *d);
const wp_thing *lem_wp_other_thing(wp_draft *d, const wp_thing *t);
const char *lem_wp_box(wp_draft *d); /* "boxes", … */

/* Replaces phrases of the problem by others that no other text of the generator has (wordproblem_words.c);
 * false when it has none of them or the text does not fit. */
bool lem_wp_reword(lem_wordproblem *p);

/* Stories of things, shops and work (wordproblem_stories.c). */
wp_template_fn lem_wp_left_over, lem_wp_full_boxes, lem_wp_to_fill, lem_wp_total, lem_wp_two_people,
    lem_wp_compare, lem_wp_pool_left, lem_wp_times_as_many, lem_wp_change, lem_wp_spend_rest, lem_wp_saving,
    lem_wp_machine, lem_wp_vans, lem_wp_reading;

#endif
