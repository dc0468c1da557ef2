/* metrics_read.c - the metrics of a result file as arrays */
#include "report/metrics_priv.h"

#include "core/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool lem_result_split(const char *name, char family[LEM_RESULT_NAME], long *k) {
    const char *at = strchr(name, '@');
    if (strchr(name, ' ') || !at || at == name || (size_t)(at - name) >= LEM_RESULT_NAME || at[1] < '1' ||
        at[1] > '9' || strlen(at) > 8)
        return false;
    char *end;
    *k = strtol(at + 1, &end, 10);
    if (*end) return false;
    snprintf(family, LEM_RESULT_NAME, "%.*s", (int)(at - name), name);
    return true;
}

static lem_status check_metric(const lem_json *j, size_t index, const char *source, lem_err *err) {
    const lem_json *name = lem_json_get(j, "name"), *value = lem_json_get(j, "value"),
                   *ci = lem_json_get(j, "ci95");
    lem_json_type kind = lem_json_kind(value);
    if (lem_json_kind(name) != LEM_JSON_STRING)
        return lem_fail(err, LEM_EDATA, "%s: metrics[%zu].name: string expected, %s found", source, index,
                        lem_json_kind_name(name));
    if (kind != LEM_JSON_INT && kind != LEM_JSON_REAL && kind != LEM_JSON_NULL)
        return lem_fail(err, LEM_EDATA, "%s: metrics[%zu].value: number expected, %s found", source, index,
                        lem_json_kind_name(value));
    if (ci && lem_json_kind(ci) != LEM_JSON_NULL && lem_json_count(ci) != 2)
        return lem_fail(err, LEM_EDATA, "%s: metrics[%zu].ci95: [low, high] expected", source, index);
    return LEM_OK;
}

static void read_metric(const lem_json *j, lem_result_metric *out) {
    const lem_json *ci = lem_json_get(j, "ci95");
    memset(out, 0, sizeof *out);
    out->name = lem_json_str(lem_json_get(j, "name"), "");
    out->protocol = lem_json_str(lem_json_get(j, "protocol"), "");
    out->value = lem_json_num(lem_json_get(j, "value"), NAN);
    out->lo = lem_json_num(lem_json_at(ci, 0), NAN);
    out->hi = lem_json_num(lem_json_at(ci, 1), NAN);
    out->n = lem_json_int(lem_json_get(j, "n"), -1);
    out->better = lem_json_int(lem_json_get(j, "better"), -1);
    out->worse = lem_json_int(lem_json_get(j, "worse"), -1);
    out->too_few = lem_json_bool(lem_json_get(j, "too_few"), false);
    if (!lem_result_split(out->name, out->family, &out->k)) out->family[0] = '\0';
}

static void note_k(lem_result_metrics *m, long k) {
    int at = 0;
    while (at < m->n_ks && m->ks[at] < k) at++;
    if ((at < m->n_ks && m->ks[at] == k) || m->n_ks == LEM_MAX_RESULT_KS) return;
    memmove(&m->ks[at + 1], &m->ks[at], (size_t)(m->n_ks - at) * sizeof *m->ks);
    m->ks[at] = k;
    m->n_ks++;
}

static void note_curve(lem_result_metrics *m, const lem_result_metric *x) {
    for (int i = 0; i < m->n_curves; i++)
        if (strcmp(m->curves[i].family, x->family) == 0 && strcmp(m->curves[i].protocol, x->protocol) == 0)
            return;
    if (m->n_curves < LEM_MAX_CURVES) m->curves[m->n_curves++] = (lem_result_curve){x->family, x->protocol};
}

lem_status lem_result_read(const lem_json *list, const char *source, lem_result_metrics *m, lem_err *err) {
    size_t n = lem_json_count(list);
    if (n > LEM_MAX_RESULT_METRICS)
        return lem_fail(err, LEM_EDATA, "%s: at most %d metrics expected, %zu found", source,
                        LEM_MAX_RESULT_METRICS, n);
    m->at = lem_alloc_zero(n ? n : 1, sizeof *m->at, err);
    if (!m->at) return LEM_EMEM;
    m->exact = "";
    for (size_t i = 0; i < n; i++) {
        lem_status st = check_metric(lem_json_at(list, i), i, source, err);
        if (st) return st;
        lem_result_metric *x = &m->at[m->n++];
        read_metric(lem_json_at(list, i), x);
        if (!x->family[0]) continue;
        note_k(m, x->k);
        note_curve(m, x);
        if (strcmp(x->protocol, "exact") == 0) m->exact = "exact";
    }
    if (!*m->exact && m->n_curves) m->exact = m->curves[0].protocol;
    return LEM_OK;
}

long lem_result_headline_k(const lem_result_metrics *m) {
    for (int i = 0; i < m->n_ks; i++)
        if (m->ks[i] == 8) return 8;
    return m->n_ks ? m->ks[m->n_ks - 1] : 0;
}
