/* cli/prm_pace.h - how long an annotation will take, from the rollouts that have ended
 *
 * A rollout is taken to be as long as what the solution still says behind the end of its step: how many
 * tokens that are for a byte is what ended rollouts show. Equal prefixes share their rollouts; that a search
 * or early stop leaves some out is what finished problems show. */
#ifndef LEM_CLI_PRM_PACE_H
#define LEM_CLI_PRM_PACE_H

#include "cli/prm_rows.h"

typedef struct lem_prm_pace { /* zeroed = empty */
    double *bytes;            /* of a rollout of each point, problem by problem; owned */
    size_t *first;            /* [n + 1] where those of a problem begin; owned */
    double *made;             /* [n] rollouts of it, with those of earlier runs; owned */
    size_t n, n_points, cap;
    int per_point;                           /* rollouts at most */
    double all_bytes;                        /* of all points, once each */
    double done_points, done_made;           /* of finished problems */
    double ended_bytes, ended_tokens, ended; /* rollouts of this run that have ended */
    double known_bytes;                      /* of rollouts of earlier runs */
    double began;                            /* lem_clock_seconds */
} lem_prm_pace;

/* Rollouts that an earlier run has are left out of what is to come. */
lem_status lem_prm_pace_open(lem_prm_pace *p, const lem_prm_rows *rows, const char *separator, int per_point,
                             lem_err *err) LEM_MUST_CHECK;
/* A rollout has ended. */
void lem_prm_pace_made(lem_prm_pace *p, size_t row, int point, int tokens);
/* A problem is done; nothing where p is empty (rollouts of servers). */
void lem_prm_pace_done(lem_prm_pace *p, size_t row);
/* Seconds that are left when so many tokens have been drawn, those in flight with them; below 0: unknown. */
double lem_prm_pace_left(const lem_prm_pace *p, uint64_t generated);
void lem_prm_pace_release(lem_prm_pace *p);

#endif
