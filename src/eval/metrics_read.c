/* metrics_read.c - metrics from the JSON that lem_metrics_json wrote */
#include "eval/metrics.h"

#include "core/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the table, so that names compare as pointers do elsewhere; NULL = unknown. */
static const char *protocol_named(const char *name) {
    static const char *const known[] = {"exact", "first-k", "seeds"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i], name) == 0) return known[i];
    return NULL;
}

static bool read_one(const lem_json *v, lem_metric *out) {
    const char *name = lem_json_str(lem_json_get(v, "name"), NULL), *at = name ? strrchr(name, '@') : NULL;
    const lem_json *ci = lem_json_get(v, "ci95");
    memset(out, 0, sizeof *out);
    out->protocol = protocol_named(lem_json_str(lem_json_get(v, "protocol"), ""));
    if (!at || !out->protocol || strlen(name) >= sizeof out->name) return false;
    snprintf(out->name, sizeof out->name, "%s", name);
    out->k = (int)strtol(at + 1, NULL, 10);
    out->n = (int)lem_json_int(lem_json_get(v, "n"), 0);
    out->at.mean = lem_json_num(lem_json_get(v, "value"), NAN);
    out->at.lo = lem_json_num(lem_json_at(ci, 0), NAN);
    out->at.hi = lem_json_num(lem_json_at(ci, 1), NAN);
    out->better = (int)lem_json_int(lem_json_get(v, "better"), 0);
    out->worse = (int)lem_json_int(lem_json_get(v, "worse"), 0);
    out->p = lem_json_num(lem_json_get(v, "p"), NAN);
    out->too_few = lem_json_bool(lem_json_get(v, "too_few"), false);
    return isfinite(out->at.mean);
}

static lem_status read_list(const lem_json *list, lem_metric **out, int *n, lem_err *err) {
    size_t count = lem_json_count(list);
    *n = 0;
    *out = lem_alloc(count ? count : 1, sizeof **out, err);
    if (!*out) return LEM_EMEM;
    for (size_t i = 0; i < count && i < 100000; i++)
        if (read_one(lem_json_at(list, i), &(*out)[*n])) ++*n;
    return LEM_OK;
}

lem_status lem_metrics_read(const lem_json *metrics, const lem_json *differences, lem_metrics *out,
                            lem_err *err) {
    lem_metrics m = {NULL, 0, NULL, 0};
    lem_status st = read_list(metrics, &m.m, &m.n, err);
    if (st == LEM_OK) st = read_list(differences, &m.diff, &m.n_diff, err);
    if (st == LEM_OK) *out = m;
    else lem_metrics_release(&m);
    return st;
}
