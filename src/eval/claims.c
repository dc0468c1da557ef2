/* claims.c - metrics as a person tells them: a line for each, by one protocol, beside what it is better than
 */
#include "eval/metrics.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PROTOCOLS = 3 };
static const char *const protocols[PROTOCOLS] = {"exact", "seeds", "first-k"}; /* the best first */

static bool first_of_name(const lem_metrics *m, int i) {
    for (int j = 0; j < i; j++)
        if (strcmp(m->m[j].name, m->m[i].name) == 0) return false;
    return true;
}

/* By the best protocol that it has. */
static const lem_metric *claim_of(const lem_metrics *m, const char *name) {
    const lem_metric *found = NULL;
    for (int p = 0; p < PROTOCOLS && !found; p++) found = lem_metrics_find(m, name, protocols[p]);
    return found;
}

static bool is_base_line(const char *name) {
    return strncmp(name, "maj@", 4) == 0 || strncmp(name, "logprob@", 8) == 0;
}

/* Its difference from the vote of as many or from their log-probability, whichever is better, else from the
 * first scorer; NULL = none of them. *other: from what. */
static const lem_metric *difference_of(const lem_metrics *m, const lem_metric *x, const char **other) {
    size_t len = strlen(x->name);
    const lem_metric *found = NULL;
    for (int i = 0; i < m->n_diff; i++) {
        const lem_metric *d = &m->diff[i];
        if (strncmp(d->name, x->name, len) != 0 || d->name[len] != '-') continue;
        if (strcmp(d->protocol, x->protocol) != 0) continue;
        if (found && !(is_base_line(d->name + len + 1) && d->at.mean < found->at.mean)) continue;
        *other = d->name + len + 1;
        found = d;
    }
    return found;
}

static void put_difference(const lem_metric *d, const char *other, lem_buf *out) {
    char text[48];
    snprintf(text, sizeof text, "%+.2f [%+.2f, %+.2f]", 100 * d->at.mean, 100 * d->at.lo, 100 * d->at.hi);
    lem_buf_printf(out, "  %-23s against %s: ", text, other);
    if (d->too_few) {
        lem_buf_printf(out, "too few problems differ (%d)", d->better + d->worse);
        return;
    }
    lem_buf_printf(out, "better on %d, worse on %d", d->better, d->worse);
    if (isfinite(d->p)) lem_buf_printf(out, " (p %.2g)", d->p);
}

static void put_claim(const lem_metrics *m, const lem_metric *x, int problems, int width, lem_buf *out) {
    char text[48];
    const char *other = NULL;
    const lem_metric *d = difference_of(m, x, &other);
    snprintf(text, sizeof text, "%6.2f [%.2f, %.2f]", 100 * x->at.mean, 100 * x->at.lo, 100 * x->at.hi);
    lem_buf_printf(out, "%-*s  %-23s", width, x->name, text);
    if (x->protocol[0] != 'e') lem_buf_printf(out, "  %s", x->protocol);
    if (x->n < problems) lem_buf_printf(out, "  of %d problems", x->n);
    if (d) put_difference(d, other, out);
    while (out->len && out->data[out->len - 1] == ' ') out->data[--out->len] = '\0';
    lem_buf_putc(out, '\n');
}

/* The largest k that all problems have, else the largest. */
static int main_k(const lem_metrics *m, int problems) {
    int all = 0, any = 0;
    for (int i = 0; i < m->n; i++) {
        if (m->m[i].k > any) any = m->m[i].k;
        if (m->m[i].n == problems && m->m[i].k > all) all = m->m[i].k;
    }
    return all ? all : any;
}

/* Of one candidate all methods are pass@1. */
static bool is_told(const lem_metric *x, int k, bool every_k) {
    if (x->k == 1) return strncmp(x->name, "pass@", 5) == 0;
    return every_k || x->k == k;
}

void lem_metrics_claims(const lem_metrics *m, int problems, bool every_k, lem_buf *out) {
    int k = main_k(m, problems), width = 20;
    for (int i = 0; i < m->n; i++)
        if (is_told(&m->m[i], k, every_k) && (int)strlen(m->m[i].name) > width)
            width = (int)strlen(m->m[i].name);
    bool differ = false;
    for (int i = 0; i < m->n_diff && !differ; i++) differ = m->diff[i].k > 1;
    lem_buf_printf(out, "%-*s  %-23s%s\n", width, "percent", "[95 % interval]",
                   differ ? "  points [95 %]" : "");
    for (int i = 0; i < m->n; i++) {
        const lem_metric *x = claim_of(m, m->m[i].name);
        if (x && first_of_name(m, i) && is_told(x, k, every_k)) put_claim(m, x, problems, width, out);
    }
}
