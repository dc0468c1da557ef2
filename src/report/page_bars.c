/* page_bars.c - horizontal bars of a page: shares, and differences to both sides of zero */
#include "report/page_priv.h"

#include "report/escape.h"

#include <math.h>
#include <string.h>

/* In percent; 0 for what is no share. */
static double share(double v) {
    if (!(v > 0)) return 0;
    return v > 1 ? 100 : 100 * v;
}

static void put_text(lem_buf *b, const char *text) { lem_escape_html(b, text, strlen(text)); }

static void begin(lem_page *p, const char *title) {
    lem_buf_puts(&p->body, "<figure class=\"half\"><figcaption>");
    put_text(&p->body, title);
    lem_buf_puts(&p->body, "</figcaption>\n<div class=\"bars\">\n");
}

/* The lines of its CSV file. */
static void put_csv(lem_page *p, const char *name, const lem_bar *bars, int n) {
    lem_page_sheet *s = lem_page_sheet_new(p, name);
    if (!s) return;
    lem_buf_puts(&s->text, "label,value,lo,hi\r\n");
    for (int i = 0; i < n; i++) {
        const double v[3] = {bars[i].value, bars[i].lo, bars[i].hi};
        lem_page_csv_cell(&s->text, true, bars[i].label);
        for (int j = 0; j < 3; j++) {
            lem_buf_putc(&s->text, ',');
            lem_page_csv_number(&s->text, v[j]);
        }
        lem_buf_puts(&s->text, "\r\n");
    }
}

static bool has_interval(const lem_bar *b) { return isfinite(b->lo) && isfinite(b->hi); }

/* The track of one bar: both in percent of its width. */
static void put_track(lem_page *p, const lem_bar *b, double from, double width, const double ci[2]) {
    lem_buf_puts(&p->body, "<span>");
    put_text(&p->body, b->label);
    lem_buf_printf(&p->body,
                   "</span><span class=\"track\"><span class=\"fill\" style=\"left:%.2f%%;width:%.2f%%\">"
                   "</span>",
                   from, width);
    if (ci)
        lem_buf_printf(&p->body, "<span class=\"ci\" style=\"left:%.2f%%;width:%.2f%%\"></span>", ci[0],
                       ci[1] - ci[0]);
}

void lem_page_bars(lem_page *p, const char *name, const char *title, const lem_bar *bars, int n) {
    begin(p, title);
    for (int i = 0; i < n; i++) {
        const lem_bar *b = &bars[i];
        const double ci[2] = {share(b->lo), share(b->hi)};
        put_track(p, b, 0, share(b->value), has_interval(b) ? ci : NULL);
        lem_buf_printf(&p->body, "</span><span>%.1f %%", 100 * b->value);
        if (has_interval(b)) lem_buf_printf(&p->body, " <em>[%.1f, %.1f]</em>", 100 * b->lo, 100 * b->hi);
        lem_buf_puts(&p->body, "</span>\n");
    }
    lem_buf_puts(&p->body, "</div></figure>\n");
    put_csv(p, name, bars, n);
}

/* What half of the track stands for: the largest end, rounded up. */
static double half_width(const lem_bar *bars, int n) {
    double most = 0;
    for (int i = 0; i < n; i++) {
        const double v[3] = {bars[i].value, bars[i].lo, bars[i].hi};
        for (int j = 0; j < 3; j++)
            if (isfinite(v[j])) most = fmax(most, fabs(v[j]));
    }
    return most > 0 ? ceil(most / lem_chart_step(most, 5) - 1e-9) * lem_chart_step(most, 5) : 1;
}

static double place(double v, double half) { return 50 + 50 * fmin(1, fmax(-1, v / half)); }

void lem_page_differences(lem_page *p, const char *name, const char *title, const lem_bar *bars, int n) {
    double half = half_width(bars, n);
    begin(p, title);
    for (int i = 0; i < n; i++) {
        const lem_bar *b = &bars[i];
        double at = isfinite(b->value) ? place(b->value, half) : 50;
        const double ci[2] = {place(b->lo, half), place(b->hi, half)};
        put_track(p, b, fmin(50, at), fabs(at - 50), has_interval(b) ? ci : NULL);
        lem_buf_puts(&p->body, "<span style=\"position:absolute;left:50%;top:0;bottom:0;border-left:1px "
                               "solid \"></span></span><span>");
        if (isfinite(b->value)) lem_buf_printf(&p->body, "%+.1f", fabs(b->value) < 5e-4 ? 0 : 100 * b->value);
        if (has_interval(b)) lem_buf_printf(&p->body, " <em>[%+.1f, %+.1f]</em>", 100 * b->lo, 100 * b->hi);
        lem_buf_puts(&p->body, "</span>\n");
    }
    lem_buf_puts(&p->body, "</div></figure>\n");
    put_csv(p, name, bars, n);
}
