/* ablate_text.c - an ablation as text for people, as Markdown and as CSV */
#include "eval/ablate.h"

#include "core/csv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void value_text(const lem_eval_interval *at, bool sign, char out[48]) {
    snprintf(out, 48, sign ? "%+.2f [%+.2f, %+.2f]" : "%.2f [%.2f, %.2f]", 100 * at->mean, 100 * at->lo,
             100 * at->hi);
}

/* A name of limited width, whole characters. */
static int width_of(const char *s, int most) {
    int n = 0, shown = 0;
    for (; s[n] && shown < most; shown++)
        for (n++; ((unsigned char)s[n] & 0xc0) == 0x80; n++) {}
    return n;
}

static int columns_of(const char *s) {
    int n = 0;
    for (; *s; s++) n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

enum { NAME_WIDTH = 28 };

static void put_name(const char *s, int width, lem_buf *out) {
    int n = columns_of(s) < width ? columns_of(s) : width;
    lem_buf_printf(out, "%.*s%*s", width_of(s, width), s, width - n, "");
}

static bool has_places(const lem_ablation *a) {
    bool any = false;
    for (int i = 0; i < a->n_arms; i++) any = any || isfinite(a->arm[i].at);
    return any;
}

static bool has_seeds(const lem_ablation *a) {
    bool any = false;
    for (int i = 0; i < a->n_arms; i++) any = any || a->arm[i].n_runs > 1;
    return any;
}

static void seed_range(const lem_arm *x, int j, char out[48]) {
    double lo = x->m[j].seed[0], hi = lo;
    for (int s = 1; s < x->n_runs; s++) {
        lo = fmin(lo, x->m[j].seed[s]);
        hi = fmax(hi, x->m[j].seed[s]);
    }
    snprintf(out, 48, "%d: %.2f-%.2f", x->n_runs, 100 * lo, 100 * hi);
    if (x->n_runs == 1) snprintf(out, 48, "1");
}

/* What a difference rests on. */
static void put_evidence(const lem_eval_pairs *d, lem_buf *out) {
    if (d->too_few) lem_buf_printf(out, "too few problems differ (%d)", d->better + d->worse);
    else lem_buf_printf(out, "better on %d, worse on %d", d->better, d->worse);
    if (!d->too_few && isfinite(d->p)) lem_buf_printf(out, " (p %.2g)", d->p);
}

static void put_arm(const lem_ablation *a, const lem_arm *x, int j, int width, lem_buf *out) {
    const lem_arm_metric *m = &x->m[j];
    char text[48];
    put_name(x->name, width, out);
    if (has_places(a)) lem_buf_printf(out, "  %10.6g", x->at);
    if (has_seeds(a)) {
        seed_range(x, j, text);
        lem_buf_printf(out, "  %-15s", text);
    }
    value_text(&m->at, false, text);
    lem_buf_printf(out, "  %-22s", text);
    if (m->compared) {
        value_text(&m->less_base.at, true, text);
        lem_buf_printf(out, "  %-22s  ", text);
        put_evidence(&m->less_base, out);
    } else if (x->base) lem_buf_puts(out, "  (base)");
    while (out->len && out->data[out->len - 1] == ' ') out->data[--out->len] = '\0';
    lem_buf_putc(out, '\n');
}

static void put_metric(const lem_ablation *a, int j, lem_buf *out) {
    int width = 3;
    for (int i = 0; i < a->n_arms; i++)
        if (columns_of(a->arm[i].name) > width) width = columns_of(a->arm[i].name);
    if (width > NAME_WIDTH) width = NAME_WIDTH;
    lem_buf_printf(out, "\n%s (%s), percent [95 %%]\n%-*s", a->name[j], a->protocol[j], width, "arm");
    if (has_places(a)) lem_buf_printf(out, "  %10.10s", a->o.axis_name ? a->o.axis_name : "at");
    if (has_seeds(a)) lem_buf_printf(out, "  %-15s", "seeds");
    lem_buf_printf(out, "  %-22s  less %s, points\n", "value", a->o.base);
    for (int i = 0; i < a->n_arms; i++) put_arm(a, &a->arm[i], j, width, out);
}

void lem_ablation_text(const lem_ablation *a, const lem_reference *published, const char *table,
                       lem_buf *out) {
    if (a->o.title) lem_buf_printf(out, "%s\n", a->o.title);
    lem_buf_printf(out, "%d problems", a->problems);
    if (a->n_runs > 1) lem_buf_printf(out, " in all of %d files", a->n_runs);
    lem_buf_printf(out, "; base: %s\n", a->o.base);
    for (int i = 0; i < a->n_arms; i++)
        if (a->arm[i].left_out)
            lem_buf_printf(out, "%s: %d problems are not in all files, left out\n", a->arm[i].name,
                           a->arm[i].left_out);
    for (int j = 0; j < a->n_names; j++) put_metric(a, j, out);
    if (published) lem_reference_text(published, table, NAME_WIDTH + 12, out);
    lem_buf_putc(out, '\n');
    for (int r = 0; r < a->n_runs; r++) {
        char side[160];
        snprintf(side, sizeof side, "%.150s: ", a->run[r].path);
        lem_spoil_lines(&a->run[r].d->spoil, side, out);
    }
}

/* ---- Markdown ---- */

static void put_cell(const char *s, lem_buf *out) {
    for (; *s; s++) {
        if (*s == '|') lem_buf_putc(out, '\\');
        lem_buf_putc(out, *s == '\n' ? ' ' : *s);
    }
}

static void head(const lem_ablation *a, lem_buf *out) {
    lem_buf_puts(out, "| arm |");
    if (has_places(a)) {
        lem_buf_putc(out, ' ');
        put_cell(a->o.axis_name ? a->o.axis_name : "at", out);
        lem_buf_puts(out, " |");
    }
    if (has_seeds(a)) lem_buf_puts(out, " seeds |");
    for (int j = 0; j < a->n_names; j++) {
        lem_buf_printf(out, " %s | less ", a->name[j]);
        put_cell(a->o.base, out);
        lem_buf_puts(out, " |");
    }
    lem_buf_puts(out, "\n|---|");
    for (int c = has_places(a) + has_seeds(a) + 2 * a->n_names; c > 0; c--) lem_buf_puts(out, "---:|");
    lem_buf_putc(out, '\n');
}

static void put_row(const lem_ablation *a, const lem_arm *x, lem_buf *out) {
    char text[48];
    lem_buf_puts(out, "| ");
    put_cell(x->name, out);
    lem_buf_puts(out, " |");
    if (has_places(a) && isfinite(x->at)) lem_buf_printf(out, " %.6g |", x->at);
    else if (has_places(a)) lem_buf_puts(out, " |");
    if (has_seeds(a)) lem_buf_printf(out, " %d |", x->n_runs);
    for (int j = 0; j < a->n_names; j++) {
        const lem_arm_metric *m = &x->m[j];
        value_text(&m->at, false, text);
        lem_buf_printf(out, " %s |", text);
        snprintf(text, sizeof text, "%s", x->base ? "base" : "");
        if (m->compared) value_text(&m->less_base.at, true, text);
        lem_buf_printf(out, " %s%s |", text, m->compared && m->less_base.too_few ? " *" : "");
    }
    lem_buf_putc(out, '\n');
}

void lem_ablation_markdown(const lem_ablation *a, const lem_reference *published, const char *table,
                           lem_buf *out) {
    if (a->o.title) lem_buf_printf(out, "## %s\n\n", a->o.title);
    head(a, out);
    for (int i = 0; i < a->n_arms; i++) put_row(a, &a->arm[i], out);
    lem_buf_printf(out,
                   "\nPercent [95 %% interval over %d problems]; differences in points, paired; "
                   "*: too few problems differ to conclude anything.\n",
                   a->problems);
    for (int i = 0; published && i < published->n; i++) {
        const lem_reference_row *x = &published->at[i];
        if (strcmp(x->table, table) != 0) continue;
        lem_buf_puts(out, "\n* ");
        put_cell(x->row, out);
        lem_buf_printf(out, ", %s: %.6g (%s)", x->column, x->value, x->source);
    }
    if (published) lem_buf_putc(out, '\n');
}

/* ---- CSV ---- */

static void put_text(const char *s, lem_buf *out) { lem_csv_cell(out, s, strlen(s)); }

static void put_number(double x, lem_buf *out) {
    lem_buf_putc(out, ',');
    if (isfinite(x)) lem_buf_printf(out, "%.6g", x);
}

void lem_ablation_csv(const lem_ablation *a, lem_buf *out) {
    lem_buf_puts(out, "arm,at,seeds,metric,protocol,problems,tokens,value,low,high,difference,"
                      "difference_low,difference_high,better,worse,p,too_few\n");
    for (int i = 0; i < a->n_arms; i++)
        for (int j = 0; j < a->n_names; j++) {
            const lem_arm *x = &a->arm[i];
            const lem_arm_metric *m = &x->m[j];
            const lem_eval_pairs *d = &m->less_base;
            put_text(x->name, out);
            put_number(x->at, out);
            lem_buf_printf(out, ",%d,", x->n_runs);
            put_text(a->name[j], out);
            lem_buf_putc(out, ',');
            put_text(a->protocol[j], out);
            lem_buf_printf(out, ",%d", a->problems);
            put_number(m->tokens, out);
            put_number(m->at.mean, out);
            put_number(m->at.lo, out);
            put_number(m->at.hi, out);
            put_number(m->compared ? d->at.mean : NAN, out);
            put_number(m->compared ? d->at.lo : NAN, out);
            put_number(m->compared ? d->at.hi : NAN, out);
            if (m->compared) lem_buf_printf(out, ",%d,%d", d->better, d->worse);
            else lem_buf_puts(out, ",,");
            put_number(m->compared ? d->p : NAN, out);
            if (!m->compared) lem_buf_puts(out, ",\n");
            else lem_buf_puts(out, d->too_few ? ",true\n" : ",false\n");
        }
}
