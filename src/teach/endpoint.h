/* teach/endpoint.h - one endpoint's breaker and pauses: when a request may go there
 *
 * Times are seconds of lem_clock_seconds. */
#ifndef LEM_TEACH_ENDPOINT_H
#define LEM_TEACH_ENDPOINT_H

#include <stdbool.h>

enum { LEM_BREAKER_FAILURES = 5, LEM_BREAKER_TESTS = 3, LEM_BREAKER_PAUSE = 30 };

typedef struct lem_endpoint { /* zeroed = closed, never asked */
    int failures;             /* in a row */
    int tests;                /* failed, since the breaker opened */
    double shut_until;        /* the breaker is open until then */
    double wait_until;        /* Retry-After */
    bool testing;             /* one request is let through, and under way */
    bool worked;              /* it ever answered */
    int active;               /* requests under way */
} lem_endpoint;

/* Whether a request may go there now. */
bool lem_endpoint_free(const lem_endpoint *e, double now);
/* When that is to be asked again; the far future while a test is under way. */
double lem_endpoint_when(const lem_endpoint *e);
void lem_endpoint_begin(lem_endpoint *e);
/* A reply came, whatever its status below 500; wait_s < 0: it asks for no pause. */
void lem_endpoint_answered(lem_endpoint *e, bool took, double now, double wait_s);
/* No reply, or one of an error of the server. pause_s: how long the breaker is open once it opens. */
void lem_endpoint_failed(lem_endpoint *e, double now, double pause_s);
/* Its breaker was tested so often in vain that it is down. */
bool lem_endpoint_down(const lem_endpoint *e);

#endif
