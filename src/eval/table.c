/* table.c - metrics as JSON for programs and as a table for people */
#include "core/object.h"
#include "eval/metrics.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static lem_json *metric_json(const lem_metric *m, bool difference) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "name", m->name);
    lem_object_str(&o, "protocol", m->protocol);
    lem_object_num(&o, "value", m->at.mean);
    lem_object_range(&o, "ci95", m->at.lo, m->at.hi);
    lem_object_int(&o, "n", (uint64_t)m->n);
    if (!difference && isfinite(m->tokens)) lem_object_num(&o, "tokens", m->tokens);
    if (!difference && isfinite(m->seed_sd)) lem_object_num(&o, "seed_sd", m->seed_sd);
    if (difference) {
        lem_object_int(&o, "better", (uint64_t)m->better);
        lem_object_int(&o, "worse", (uint64_t)m->worse);
        if (isfinite(m->p)) lem_object_num(&o, "p", m->p);
        lem_object_bool(&o, "too_few", m->too_few);
    }
    return lem_object_done(&o);
}

lem_json *lem_metrics_json(const lem_metric *m, int n, bool differences) {
    lem_json *list = lem_json_new_array();
    for (int i = 0; list && i < n; i++) {
        lem_json *one = metric_json(&m[i], differences);
        if (!one || !lem_json_append(list, one)) {
            lem_json_free(list);
            return NULL;
        }
    }
    return list;
}

/* Behind a difference: how many problems it rests on. */
static void evidence(const lem_metric *m, lem_buf *out) {
    if (m->too_few)
        lem_buf_printf(out, "  too few problems differ (%d) to conclude anything", m->better + m->worse);
    else lem_buf_printf(out, "  better on %d, worse on %d", m->better, m->worse);
    if (!m->too_few && isfinite(m->p)) lem_buf_printf(out, " (p %.2g)", m->p);
}

static void cell(const lem_metric *m, bool sign, lem_buf *out) {
    char text[48] = "";
    if (m)
        snprintf(text, sizeof text, sign ? "%+6.2f [%+.2f, %+.2f]" : "%6.2f [%.2f, %.2f]", 100 * m->at.mean,
                 100 * m->at.lo, 100 * m->at.hi);
    lem_buf_printf(out, "  %-26s", text);
}

enum { LEAST_NAME = 23 };

static int name_width(const lem_metric *list, int n, int width) {
    for (int i = 0; i < n; i++) {
        int len = (int)strlen(list[i].name);
        if (len > width) width = len;
    }
    return width;
}

static void lines(const lem_metrics *all, const lem_metric *list, int n, bool sign, int width, lem_buf *out) {
    static const char *const protocols[] = {"exact", "first-k", "seeds"};
    for (int i = 0; i < n; i++) {
        bool seen = false;
        for (int j = 0; j < i && !seen; j++) seen = strcmp(list[j].name, list[i].name) == 0;
        if (seen) continue;
        lem_buf_printf(out, "%-*s", width, list[i].name);
        for (int p = 0; p < 3; p++) cell(lem_metrics_find(all, list[i].name, protocols[p]), sign, out);
        while (out->len && out->data[out->len - 1] == ' ') out->data[--out->len] = '\0';
        if (sign) evidence(&list[i], out);
        lem_buf_putc(out, '\n');
    }
}

void lem_metrics_table(const lem_metrics *m, lem_buf *out) {
    int width = name_width(m->diff, m->n_diff, name_width(m->m, m->n, LEAST_NAME));
    lem_buf_printf(out, "%-*s  %-26s  %-26s  %s\n", width, "percent [95 % interval]", "exact", "first-k",
                   "seeds");
    lines(m, m->m, m->n, false, width, out);
    if (m->n_diff) lem_buf_puts(out, "\npaired differences, points (evidence: of the first protocol)\n");
    lines(m, m->diff, m->n_diff, true, width, out);
}
