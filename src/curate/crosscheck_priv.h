/* curate/crosscheck_priv.h - teachers' answers by prompt, and the counts of pairs */
#ifndef LEM_CURATE_CROSSCHECK_PRIV_H
#define LEM_CURATE_CROSSCHECK_PRIV_H

#include "core/hash.h"
#include "core/mem.h"
#include "curate/crosscheck.h"

enum { CROSS_SOURCES = LEM_CROSS_MAX_TEACHER_ANSWERS + 1 };

typedef struct cross_key {
    uint64_t h[3]; /* two hashes of prompt or id, one of the response (0: none) */
} cross_key;

typedef struct cross_answer {
    const char *text; /* in the arena; empty: none was found */
    size_t len;
    size_t next; /* of the same problem; SIZE_MAX = none */
    int teacher;
} cross_answer;

typedef struct cross_problem {
    size_t first, last; /* answers, in the order of the teachers */
    int n, of_last;     /* of all teachers, of the last one */
    const char *file;   /* where it was first read; in the arena */
    uint64_t line;
    bool seen; /* a sample has it */
} cross_problem;

typedef struct cross_teacher {
    char *name; /* owned */
    int most;   /* answers to one problem */
} cross_teacher;

struct lem_crosscheck {
    lem_cross_opts o;
    lem_arena *arena;
    lem_map *problems, *verdicts; /* key -> problem; key -> 0 or 1 */
    cross_problem *problem;
    cross_answer *answer;
    size_t n_problems, problem_cap, n_answers, answer_cap;
    cross_teacher teacher[LEM_CROSS_MAX_TEACHER_ANSWERS];
    int n_teachers;
    bool judge;
    const char *file; /* that rows are read from, in the arena */
    uint64_t cell[CROSS_SOURCES][CROSS_SOURCES][LEM_CROSS_N_PAIRS];
    uint64_t there[CROSS_SOURCES]; /* samples that have this source, with an answer or without */
};

/* Sources that there are: the response (0) and each answer of each teacher. */
int lem_cross_sources(const lem_crosscheck *c);

/* crosscheck_rows.c: the key of a row; what it says as answers or as a verdict. */
lem_status lem_cross_key_of(const lem_cross_opts *o, const lem_json *row, const char *prompt, size_t len,
                            cross_key *out, lem_err *err) LEM_MUST_CHECK;
/* The responses of a row: the list of its candidates, or NULL where it is a training row. */
const lem_json *lem_cross_candidates(const lem_json *row);
lem_status lem_cross_extract(const lem_cross_opts *o, const char *text, size_t len, lem_buf *out,
                             lem_err *err) LEM_MUST_CHECK;
lem_status lem_cross_verdict(const lem_json *v, const char *field, int8_t *out, lem_err *err) LEM_MUST_CHECK;

#endif
