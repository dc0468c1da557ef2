/* data/candidate_maps.h - the named maps of candidate files: whose they are, what tells them, what is read
 *
 * One table, in the order in which rows are tried. A path is dotted; '*' stands for all elements of a list,
 * and at its beginning for all columns that hold what follows; "a.x|b.x" makes one candidate of each
 * alternative, "a||b" is the first of them that the row has. */
#ifndef LEM_DATA_CANDIDATE_MAPS_H
#define LEM_DATA_CANDIDATE_MAPS_H

#include "core/json.h"
#include "data/candidates.h"

enum { LEM_CAND_MAX_NEED = 4 };

typedef struct lem_candidate_map_info {
    const char *name, *by, *files, *about; /* by: who writes it; files: how they are called */
    const char *need[LEM_CAND_MAX_NEED];   /* paths that must be there */
    const char *path[LEM_CAND_N_FIELDS];   /* NULL = not read */
    bool each;          /* a row is one candidate: rows of one problem are its candidates */
    const char *filter; /* a column: each problem stands once for each of its values, and one is read */
    const char *join;   /* completions may be lists of steps, joined by this text */
    const char *mark;   /* a sign behind each step, as in "step ки\n", that becomes a blank line */
    bool loose;         /* answers, verdicts and scores that are not one a candidate are left out */
    bool data_kind; /* rows of a kind of training data too: data commands do not take them for candidates */
} lem_candidate_map_info;

/* The i-th map; NULL behind the last. */
const lem_candidate_map_info *lem_candidate_map_at(int i);
/* By name, in any case ("nemo-skills"); NULL if there is none. */
const lem_candidate_map_info *lem_candidate_map_find(const char *name);
/* The first map whose needed columns a row has; NULL = none. */
const lem_candidate_map_info *lem_candidate_map_of(const lem_json *row);
/* Whether the row has all that the map needs; *lacks (may be NULL) receives the first that it has not. */
bool lem_candidate_map_fits(const lem_candidate_map_info *m, const lem_json *row, const char **lacks);
/* The map that most of the row's columns speak for, with what it lacks; NULL where none of them do. */
const lem_candidate_map_info *lem_candidate_map_nearest(const lem_json *row, const char **lacks);

/* A map as an object that lem_candidate_map_read reads (lemma maps NAME writes it as YAML). NULL: no memory.
 * Owned by the caller. */
lem_json *lem_candidate_map_json(const lem_candidate_map_info *m);
/* The texts of *out are borrowed from j. source names it in errors: LEM_EUSAGE names the key. */
lem_status lem_candidate_map_read(const lem_json *j, const char *source, lem_candidate_map_info *out,
                                  lem_err *err) LEM_MUST_CHECK;

#endif
