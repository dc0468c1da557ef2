/* chart.c - a line chart as inline SVG: ranges, nice ticks, bands, lines */
#include "report/chart.h"

#include "report/escape.h"

#include <math.h>
#include <string.h>

/* LEFT holds a label and "-100 %" in the font of narrow pages (page.css). */
enum { WIDTH = 640, HEIGHT = 300, LEFT = 96, RIGHT = 22, TOP = 10, BOTTOM = 42 };

typedef struct frame { /* data ranges; x in plotted units (log2 taken where asked) */
    double x0, x1, y0, y1, y_step;
    bool any;
} frame;

static double plot_x(const lem_chart *c, double x) {
    if (!c->log2_x) return x;
    return x > 0 ? log2(x) : NAN;
}
static double px(const frame *f, double x) {
    return LEFT + (x - f->x0) / (f->x1 - f->x0) * (WIDTH - LEFT - RIGHT);
}
static double py(const frame *f, double y) {
    return HEIGHT - BOTTOM - (y - f->y0) / (f->y1 - f->y0) * (HEIGHT - TOP - BOTTOM);
}

double lem_chart_step(double span, int most) {
    double raw = span / most, base = pow(10, floor(log10(raw)));
    if (raw <= base) return base;
    if (raw <= 2 * base) return 2 * base;
    if (raw <= 5 * base) return 5 * base;
    return 10 * base;
}

static void widen(double v, double *lo, double *hi) {
    if (!isfinite(v)) return;
    if (v < *lo) *lo = v;
    if (v > *hi) *hi = v;
}

static bool has_point(const lem_chart *c, const lem_series *s, int i) {
    return isfinite(plot_x(c, s->x[i])) && isfinite(s->y[i]);
}

static frame measure(const lem_chart *c) {
    frame f = {INFINITY, -INFINITY, INFINITY, -INFINITY, 1, false};
    for (int k = 0; k < c->n_series; k++) {
        const lem_series *s = &c->series[k];
        for (int i = 0; i < s->n; i++) {
            if (!has_point(c, s, i)) continue;
            f.any = true;
            widen(plot_x(c, s->x[i]), &f.x0, &f.x1);
            widen(s->y[i], &f.y0, &f.y1);
            if (s->lo) widen(s->lo[i], &f.y0, &f.y1);
            if (s->hi) widen(s->hi[i], &f.y0, &f.y1);
        }
    }
    if (!f.any) return f;
    if (f.x1 - f.x0 < 1e-12) {
        f.x0 -= 0.5;
        f.x1 += 0.5;
    }
    double span = f.y1 - f.y0, size = fmax(fabs(f.y0), fabs(f.y1));
    if (!(span > fmax(1e-9 * size, 1e-280))) {
        double pad = size > 1e-280 ? size * 0.1 : 1;
        f.y0 -= pad;
        f.y1 += pad;
    }
    if (!isfinite(f.y1 - f.y0)) { /* beyond what a double can span: show a huge but finite range */
        f.y0 = -1e300;
        f.y1 = 1e300;
    }
    f.y_step = lem_chart_step(f.y1 - f.y0, 5);
    f.y0 = floor(f.y0 / f.y_step + 1e-9) * f.y_step;
    f.y1 = ceil(f.y1 / f.y_step - 1e-9) * f.y_step;
    if (c->percent && f.y1 > 1 && f.y1 - f.y_step < 1) f.y1 = 1;
    return f;
}

/* A tick label with as many decimals as its step needs. */
static void put_number(lem_buf *out, double v, double step) {
    if (fabs(v) < step * 1e-6) v = 0;
    double decimals = step >= 1 ? 0 : ceil(-log10(step) - 1e-9), big = fmax(fabs(v), step);
    if (decimals > 5 || big >= 1e7) lem_buf_printf(out, "%.3g", v);
    else if (step >= 1000 && fmod(v, 1000) == 0 && v != 0) lem_buf_printf(out, "%.0fk", v / 1000);
    else lem_buf_printf(out, "%.*f", (int)decimals, v);
}

static void y_axis(const lem_chart *c, const frame *f, lem_buf *out) {
    int n = (int)floor((f->y1 - f->y0) / f->y_step + 1e-6);
    if (n > 20) n = 20;
    for (int i = 0; i <= n; i++) {
        double v = f->y0 + i * f->y_step, y = py(f, v);
        bool zero = f->y0 < 0 && fabs(v) < f->y_step / 2;
        const char *line = zero ? "axis" : "grid";
        lem_buf_printf(out,
                       "<line class=\"%s\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/><text "
                       "class=\"tick\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">",
                       line, LEFT, WIDTH - RIGHT, y, y, LEFT - 8, y + 4);
        double scale = c->percent ? 100 : 1;
        put_number(out, scale * v, scale * f->y_step);
        lem_buf_puts(out, c->percent ? " %</text>" : "</text>");
    }
    if (c->y_label && *c->y_label) {
        lem_buf_printf(
            out, "<text class=\"label\" text-anchor=\"middle\" transform=\"translate(12 %d) rotate(-90)\">",
            (TOP + HEIGHT - BOTTOM) / 2);
        lem_escape_html(out, c->y_label, strlen(c->y_label));
        lem_buf_puts(out, "</text>");
    }
}

static void x_tick(const frame *f, double at, double value, double step, lem_buf *out) {
    lem_buf_printf(out, "<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">", px(f, at),
                   HEIGHT - BOTTOM + 17);
    put_number(out, value, step);
    lem_buf_puts(out, "</text>");
}

static void x_axis(const lem_chart *c, const frame *f, lem_buf *out) {
    lem_buf_printf(out, "<line class=\"axis\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>", LEFT, WIDTH - RIGHT,
                   HEIGHT - BOTTOM, HEIGHT - BOTTOM);
    double step = lem_chart_step(f->x1 - f->x0, 8);
    if (c->log2_x && step < 1) step = 1;
    double first = ceil(f->x0 / step - 1e-9) * step;
    for (int i = 0; i < 16; i++) {
        double at = first + i * step;
        if (at > f->x1 + step * 1e-6) break;
        if (c->log2_x) x_tick(f, at, exp2(at), fmin(1, exp2(at)), out);
        else x_tick(f, at, at, step, out);
    }
    if (c->x_label && *c->x_label) {
        lem_buf_printf(out, "<text class=\"label\" text-anchor=\"middle\" x=\"%d\" y=\"%d\">",
                       (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6);
        lem_escape_html(out, c->x_label, strlen(c->x_label));
        lem_buf_puts(out, "</text>");
    }
}

/* The band of one run of points first..last, both finite throughout. */
static void band(const lem_chart *c, const frame *f, const lem_series *s, int first, int last, int k,
                 lem_buf *out) {
    lem_buf_printf(out, "<polygon class=\"band s%d\" points=\"", k % 8);
    for (int i = first; i <= last; i++)
        lem_buf_printf(out, "%.1f,%.1f ", px(f, plot_x(c, s->x[i])), py(f, s->hi[i]));
    for (int i = last; i >= first; i--)
        lem_buf_printf(out, "%.1f,%.1f ", px(f, plot_x(c, s->x[i])), py(f, s->lo[i]));
    lem_buf_puts(out, "\"/>");
}

static void bands(const lem_chart *c, const frame *f, const lem_series *s, int k, lem_buf *out) {
    if (!s->lo || !s->hi) return;
    int first = -1;
    for (int i = 0; i <= s->n; i++) {
        bool ok = i < s->n && has_point(c, s, i) && isfinite(s->lo[i]) && isfinite(s->hi[i]);
        if (ok && first < 0) first = i;
        if (!ok && first >= 0) {
            if (i - first > 1) band(c, f, s, first, i - 1, k, out);
            first = -1;
        }
    }
}

static void line(const lem_chart *c, const frame *f, const lem_series *s, int k, lem_buf *out) {
    const char *dash = k >= 8 ? " dash" : "";
    lem_buf_printf(out, "<path class=\"line s%d%s\" d=\"", k % 8, s->published ? " published" : dash);
    bool pen = false;
    for (int i = 0; i < s->n; i++) {
        bool ok = has_point(c, s, i);
        if (ok)
            lem_buf_printf(out, "%c%.1f %.1f", pen ? 'L' : 'M', px(f, plot_x(c, s->x[i])), py(f, s->y[i]));
        pen = ok;
    }
    lem_buf_puts(out, "\"/>");
}

static void dots(const lem_chart *c, const frame *f, const lem_series *s, int k, lem_buf *out) {
    for (int i = 0; i < s->n; i++) {
        if (!has_point(c, s, i)) continue;
        double scale = c->percent ? 100 : 1;
        lem_buf_printf(out, "<circle class=\"dot s%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\"><title>", k % 8,
                       px(f, plot_x(c, s->x[i])), py(f, s->y[i]));
        lem_escape_html(out, s->name, strlen(s->name));
        lem_buf_printf(out, ", %.6g: %.4g", s->x[i], scale * s->y[i]);
        if (s->lo && s->hi && isfinite(s->lo[i]) && isfinite(s->hi[i]))
            lem_buf_printf(out, " [%.4g, %.4g]", scale * s->lo[i], scale * s->hi[i]);
        lem_buf_puts(out, "</title></circle>");
    }
}

bool lem_chart_svg(const lem_chart *c, lem_buf *out) {
    frame f = measure(c);
    if (!f.any) return false;
    lem_buf_printf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, HEIGHT);
    lem_escape_html(out, c->title, strlen(c->title));
    lem_buf_puts(out, "\">");
    y_axis(c, &f, out);
    x_axis(c, &f, out);
    for (int k = 0; k < c->n_series; k++) bands(c, &f, &c->series[k], k, out);
    for (int k = 0; k < c->n_series; k++) line(c, &f, &c->series[k], k, out);
    for (int k = 0; k < c->n_series; k++)
        if ((c->dots && !c->series[k].published) || c->series[k].n == 1) dots(c, &f, &c->series[k], k, out);
    lem_buf_puts(out, "</svg>\n");
    return true;
}
