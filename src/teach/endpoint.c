/* endpoint - the breaker of one endpoint */
#include "teach/endpoint.h"

bool lem_endpoint_free(const lem_endpoint *e, double now) {
    if (lem_endpoint_down(e) || now < e->wait_until) return false;
    if (e->failures < LEM_BREAKER_FAILURES) return true;
    return !e->testing && now >= e->shut_until;
}

double lem_endpoint_when(const lem_endpoint *e) {
    bool open = e->failures >= LEM_BREAKER_FAILURES;
    if (lem_endpoint_down(e) || (open && e->testing)) return 1e300;
    return open && e->shut_until > e->wait_until ? e->shut_until : e->wait_until;
}

void lem_endpoint_begin(lem_endpoint *e) {
    if (e->failures >= LEM_BREAKER_FAILURES) e->testing = true;
    e->active++;
}

void lem_endpoint_answered(lem_endpoint *e, bool took, double now, double wait_s) {
    e->active--;
    e->failures = e->tests = 0;
    e->testing = false;
    e->worked = e->worked || took;
    if (wait_s >= 0 && now + wait_s > e->wait_until) e->wait_until = now + wait_s;
}

void lem_endpoint_failed(lem_endpoint *e, double now, double pause_s) {
    bool was_open = e->failures >= LEM_BREAKER_FAILURES;
    e->active--;
    if (!was_open) e->failures++;
    if (was_open && e->testing) e->tests++;
    if (was_open && !e->testing) return; /* sent before it opened */
    e->testing = false;
    if (e->failures >= LEM_BREAKER_FAILURES) e->shut_until = now + pause_s;
}

bool lem_endpoint_down(const lem_endpoint *e) { return e->tests >= LEM_BREAKER_TESTS; }
