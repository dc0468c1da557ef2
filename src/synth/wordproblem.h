/* synth/wordproblem.h - generated word problems with worked solutions, and short general texts, as functions
 * of (key, index)
 *
 * The demo trains on these. A problem is a short story in English with a whole-number answer; its solution
 * has one step per line, each with an equation that can be checked on its own, and ends in "The answer is
 * \boxed{N}.". Everything is a pure function of the random key and the index: no state, the same on every
 * machine.
 *
 * Train and test by construction: a problem's `structure` (template, kinds of events and all numbers, but no
 * names, objects or wording) is hashed into 16 classes; 0 is the test split, 1 the validation split, the rest
 * training. So no held-out problem has a training twin with other names, whatever keys the callers use.
 * Callers still remove duplicates inside a split by `key`.
 *
 * Mistakes are beliefs, not slips: a fence post, a rest rounded the wrong way, a step left out, the wrong
 * quantity. The writer makes one at its place in the solution's program, and all that follows is computed
 * from what it gave: each equation of a mistaken solution is true, its answer is not. Of each template 30, 50
 * or 65 of 100 solutions are mistaken; of a template's mistakes the first is made in
 * seven of ten cases. Another teacher solves the same problems, mistaken elsewhere. */
#ifndef LEM_SYNTH_WORDPROBLEM_H
#define LEM_SYNTH_WORDPROBLEM_H

#include "core/err.h"
#include "core/rng.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    LEM_WORDPROBLEM_MAX_STEPS = 8, /* no template takes more */
    LEM_WORDPROBLEM_TEMPLATES = 32 /* ids are 0..31 */
};

typedef enum lem_wordproblem_split {
    LEM_WORDPROBLEM_ANY = 0,
    LEM_WORDPROBLEM_TRAIN,
    LEM_WORDPROBLEM_VALID,
    LEM_WORDPROBLEM_TEST
} lem_wordproblem_split;

/* Zero means default. */
typedef struct lem_wordproblem_opts {
    lem_wordproblem_split split;
    int min_steps, max_steps; /* default 2 and 7 */
    uint32_t templates;       /* bit i allows template i; 0 allows all */
    bool mistakes;            /* also a solution with a mistake, for as many as their template says */
    bool always;              /* with mistakes: of each problem where one goes through */
    int teacher;              /* whose mistakes: drawn apart for each; the odd ones make the last one first */
    bool reword;              /* in wordings that no problem has without this, where the kind has one */
} lem_wordproblem_opts;

/* Plain data, all strings NUL-terminated. */
typedef struct lem_wordproblem {
    char problem[640];
    char solution[768];
    char answer[16];     /* decimal integer, may be 0, never negative */
    char key[640];       /* the problem lower-cased, runs of other than letters and digits as one space */
    char structure[128]; /* "t07:a3,b12,…": the same for twins that differ in words only */
    int steps;           /* lines of the solution before the answer line */
    int template_id;
    bool reworded;
    char mistaken[768]; /* the solution of someone who makes `mistake`; empty for none */
    char mistaken_answer[16];
    const char *mistake; /* "rounded down", …: static, or NULL */
} lem_wordproblem;

/* Problem `index` (< 2^46) of the key; opts may be NULL. LEM_EUSAGE for bad options or index, LEM_EDATA when
 * no problem of that description was found in 1024 draws (a template that cannot have so many steps). */
lem_status lem_wordproblem_make(const lem_rng *rng, uint64_t index, const lem_wordproblem_opts *opts,
                                lem_wordproblem *out, lem_err *err) LEM_MUST_CHECK;

/* Short name of a template ("shop-change"), or NULL when id is out of range. */
const char *lem_wordproblem_template_name(int id);

/* Kinds of general text; a bit mask of them chooses. */
typedef enum lem_generaltext_kind {
    LEM_GENERALTEXT_DRILL = 1,      /* one operation: "What is 47 + 86?" -> "47 + 86 = 133." */
    LEM_GENERALTEXT_EXPRESSION = 2, /* two operations, worked */
    LEM_GENERALTEXT_COMPARE = 4,    /* the larger, the smallest, sorting */
    LEM_GENERALTEXT_WORDS = 8,      /* copying, reversing, counting letters or words */
    LEM_GENERALTEXT_FACT = 16,      /* one-sentence stories with a question of reading */
    LEM_GENERALTEXT_CHAT = 32,      /* greetings, thanks */
    LEM_GENERALTEXT_CHECK = 64,     /* "Is 47 + 86 = 123 right?" -> "47 + 86 = 133. No." */
    LEM_GENERALTEXT_ALL = 127
} lem_generaltext_kind;

typedef struct lem_generaltext {
    char prompt[256];
    char response[256];
    lem_generaltext_kind kind;
} lem_generaltext;

/* Text `index` (< 2^46) of the key, of one of the kinds in the mask (0 = all, drills more often). LEM_EUSAGE
 * for a bad mask or index. */
lem_status lem_generaltext_make(const lem_rng *rng, uint64_t index, unsigned kinds, lem_generaltext *out,
                                lem_err *err) LEM_MUST_CHECK;

#endif
