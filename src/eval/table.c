/* table.c - metrics as JSON for programs and as a table for people */
#include "eval/metrics.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static lem_json *metric_json(const lem_metric *m) {
    lem_json *o = lem_json_new_object(), *ci = lem_json_new_array();
    bool ok = o && ci && lem_json_append(ci, lem_json_new_num(m->at.lo)) &&
              lem_json_append(ci, lem_json_new_num(m->at.hi));
    ok = ok && lem_json_set(o, "name", lem_json_new_str(m->name)) &&
         lem_json_set(o, "protocol", lem_json_new_str(m->protocol)) &&
         lem_json_set(o, "value", lem_json_new_num(m->at.mean));
    if (ok) {
        ok = lem_json_set(o, "ci95", ci) && lem_json_set(o, "n", lem_json_new_int(m->n));
        ci = NULL;
    }
    lem_json_free(ci);
    if (ok) return o;
    lem_json_free(o);
    return NULL;
}

lem_json *lem_metrics_json(const lem_metric *m, int n) {
    lem_json *list = lem_json_new_array();
    for (int i = 0; list && i < n; i++) {
        lem_json *one = metric_json(&m[i]);
        if (!one || !lem_json_append(list, one)) {
            lem_json_free(list);
            return NULL;
        }
    }
    return list;
}

static void cell(const lem_metric *m, bool sign, lem_buf *out) {
    char text[48] = "";
    if (m)
        snprintf(text, sizeof text, sign ? "%+6.2f [%+.2f, %+.2f]" : "%6.2f [%.2f, %.2f]", 100 * m->at.mean,
                 100 * m->at.lo, 100 * m->at.hi);
    lem_buf_printf(out, "  %-26s", text);
}

static void lines(const lem_metrics *all, const lem_metric *list, int n, bool sign, lem_buf *out) {
    static const char *const protocols[] = {"exact", "first-k", "seeds"};
    for (int i = 0; i < n; i++) {
        bool seen = false;
        for (int j = 0; j < i && !seen; j++) seen = strcmp(list[j].name, list[i].name) == 0;
        if (seen) continue;
        lem_buf_printf(out, "%-22s", list[i].name);
        for (int p = 0; p < 3; p++) cell(lem_metrics_find(all, list[i].name, protocols[p]), sign, out);
        while (out->len && out->data[out->len - 1] == ' ') out->data[--out->len] = '\0';
        lem_buf_putc(out, '\n');
    }
}

void lem_metrics_table(const lem_metrics *m, lem_buf *out) {
    lem_buf_printf(out, "%-22s  %-26s  %-26s  %s\n", "percent [95 % interval]", "exact", "first-k", "seeds");
    lines(m, m->m, m->n, false, out);
    if (m->n_diff) lem_buf_puts(out, "\npaired differences, points\n");
    lines(m, m->diff, m->n_diff, true, out);
}
