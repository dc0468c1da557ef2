/* data/candidates_priv.h - a map of candidates as its reader sees it */
#ifndef LEM_DATA_CANDIDATES_PRIV_H
#define LEM_DATA_CANDIDATES_PRIV_H

#include "data/candidate_maps.h"

enum { LEM_CAND_MAX = 65536, LEM_CAND_MAX_MODELS = 64 };

struct lem_candidates_map {
    char *path[LEM_CAND_N_FIELDS];
    bool by_hand[LEM_CAND_N_FIELDS];
    char *model[LEM_CAND_MAX_MODELS];
    int n_models;
    lem_json *defined;                    /* the user's own map, which `chosen` borrows from */
    lem_candidate_map_info own;           /* of defined */
    const lem_candidate_map_info *chosen; /* by name or file; NULL = told by columns */
    const lem_candidate_map_info *known;  /* after detection; NULL = by hand alone */
    char correct_by[96];                  /* the path that correctness was found under; "" = none */
    bool graded_by_us;                    /* rows of lemma grade */
};

/* A path may be several with "||" between: the length of the first, and where the next begins (NULL: no
 * more). */
size_t lem_candidates_first_path(const char *path, const char **next);

/* id, problem and expected_answer alone, as lem_candidates_read reads them. */
lem_status lem_candidates_read_scalars(const lem_candidates_map *m, const lem_json *row, lem_candidates *out,
                                       lem_err *err) LEM_MUST_CHECK;
lem_status lem_candidates_read_id(const lem_candidates_map *m, const lem_json *row, lem_candidates *out,
                                  lem_err *err) LEM_MUST_CHECK;
/* From now on the rows are in our own columns. */
lem_status lem_candidates_map_ours(lem_candidates_map *m, lem_err *err) LEM_MUST_CHECK;

#endif
