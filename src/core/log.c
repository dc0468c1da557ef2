/* log - messages and progress on one file descriptor, whole lines at a time */
#include "core/log.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/stream_priv.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

enum { LEVEL_WARN = 1, LEVEL_INFO = 2, LEVEL_DEBUG = 3 };
enum { LINE_SIZE = 1200, NOTE_SIZE = 160, BAR_MOST = 24, BAR_LEAST = 8 };
static const double redraw_seconds = 0.1, line_seconds = 15.0;

struct lem_log {
    int fd, level;
    FILE *beside; /* NULL = none */
    bool terminal, silent;
    pthread_mutex_t lock;
    lem_progress *bar; /* the one that is drawn on the terminal's last line */
    char within[48];   /* what the command is part of; "" = nothing */
    double later;      /* seconds of what comes behind it; below 0 = unknown */
    lem_outlook outlook;
};

struct lem_progress {
    lem_log *log;
    char *title, *unit;
    uint64_t total, done, done_before;
    double started, shown;
    double left, left_at; /* seconds that are left, as told at left_at; below 0 = never told */
    double from, to;      /* the part of the command's work that this is */
    bool by_share;        /* left follows from lem_progress_share: the rate of units is shown */
    char note[NOTE_SIZE];
};

double lem_clock_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

lem_log *lem_log_new(int fd, bool terminal, int level, lem_err *err) {
    lem_log *l = lem_alloc_zero(1, sizeof *l, err);
    if (!l) return NULL;
    l->fd = fd;
    l->level = level;
    l->terminal = terminal;
    l->outlook.left = -1;
    pthread_mutex_init(&l->lock, NULL);
    return l;
}

lem_log *lem_log_new_silent(lem_err *err) {
    lem_log *l = lem_log_new(-1, false, LEVEL_INFO, err);
    if (!l) return NULL;
    l->silent = true;
    return l;
}

lem_outlook lem_log_outlook(lem_log *l) {
    if (!l) return (lem_outlook){.left = -1};
    pthread_mutex_lock(&l->lock);
    lem_outlook o = l->outlook;
    pthread_mutex_unlock(&l->lock);
    return o;
}

void lem_log_within(lem_log *l, const char *name, double later) {
    if (!l) return;
    pthread_mutex_lock(&l->lock);
    snprintf(l->within, sizeof l->within, "%s", name ? name : "");
    l->later = name ? later : -1;
    pthread_mutex_unlock(&l->lock);
}

void lem_log_free(lem_log *l) {
    if (!l) return;
    pthread_mutex_destroy(&l->lock);
    lem_free(l);
}

static void blank_controls(char *s) {
    for (; *s; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7F) *s = '?';
    }
}

/* "0:05", "12:34", "3:25:45" */
static void format_time(double seconds, char *out, size_t size) {
    unsigned long s = seconds > 0 && seconds < 1e9 ? (unsigned long)(seconds + 0.5) : 0;
    if (s >= 3600) snprintf(out, size, "%lu:%02lu:%02lu", s / 3600, s / 60 % 60, s % 60);
    else snprintf(out, size, "%lu:%02lu", s / 60, s % 60);
}

/* The unit is plural; one of it loses the s. */
static void add_count(lem_buf *out, uint64_t n, const char *unit) {
    size_t len = strlen(unit);
    if (n == 1 && len > 1 && unit[len - 1] == 's') len--;
    lem_buf_printf(out, "%llu%s%.*s", (unsigned long long)n, len ? " " : "", (int)len, unit);
}

/* Three digits, never in the form 1.2e+03. */
static void add_rate(lem_buf *out, double rate, const char *unit) {
    if (rate >= 100) lem_buf_printf(out, "%.0f", rate);
    else lem_buf_printf(out, "%.3g", rate);
    lem_buf_printf(out, "%s%s/s", unit[0] ? " " : "", unit);
}

static double rate_of(const lem_progress *p, double now) {
    double seconds = now - p->started;
    return seconds > 0 ? (double)(p->done - p->done_before) / seconds : 0;
}

/* Of this progress alone, without what comes behind it; below 0 = unknown. */
static double seconds_left(const lem_progress *p, double now) {
    double rate = rate_of(p, now), left = p->left - (now - p->left_at);
    if (p->left >= 0) return left > 0 ? left : 0;
    if (p->total <= p->done) return p->total ? 0 : -1;
    return rate > 0 ? (double)(p->total - p->done) / rate : -1;
}

/* Of all units; where the time that is left is known, this run's part of them by time. */
static double share_of(const lem_progress *p, double now) {
    if (p->total && p->done >= p->total) return 1;
    if (p->left < 0) return p->total ? (double)p->done / (double)p->total : 0;
    double before = p->total ? (double)p->done_before / (double)p->total : 0, past = now - p->started;
    double all = past + seconds_left(p, now);
    double share = all > 0 ? before + (1 - before) * past / all : before;
    return share < 0.99 ? share : 0.99;
}

/* Of the command: with the parts of its work behind this one. */
static double command_left(const lem_progress *p, double now) {
    double left = seconds_left(p, now), part = p->to - p->from;
    if (left < 0 || p->to >= 1 || part <= 0) return left;
    return left + (now - p->started + left) * (1 - p->to) / part;
}

static bool has_share(const lem_progress *p) { return p->total || p->left >= 0; }

/* How a line of progress is written: fewer parts where there is less room. */
typedef struct line_form {
    int cells; /* of the bar; 0 = no bar */
    int title; /* its columns at most; 0 = all */
    bool count, units, note, rate;
} line_form;

static void add_bar(const lem_progress *p, double now, int cells, lem_buf *out) {
    int full = (int)(share_of(p, now) * cells);
    lem_buf_puts(out, " [");
    for (int i = 0; i < cells; i++) {
        char cell = i == full ? '>' : ' ';
        lem_buf_putc(out, i < full ? '=' : cell);
    }
    lem_buf_puts(out, "]");
}

static void add_done(const lem_progress *p, double now, line_form form, lem_buf *out) {
    if (has_share(p)) lem_buf_printf(out, " %3.0f%%", floor(share_of(p, now) * 100));
    if (has_share(p) && !form.count) return;
    lem_buf_putc(out, ' ');
    if (p->total) lem_buf_printf(out, "%llu/", (unsigned long long)p->done);
    const char *unit = form.units ? p->unit : "";
    add_count(out, p->total ? p->total : p->done, unit);
}

static void add_times(const lem_progress *p, double now, lem_buf *out) {
    char text[32];
    double left = p->total && p->done >= p->total ? 0 : command_left(p, now), later = p->log->later;
    if (left < 0 || (left == 0 && p->left < 0)) return;
    format_time(left, text, sizeof text);
    lem_buf_printf(out, ", ETA %s", text);
    if (!p->log->within[0] || later < 0) return;
    format_time(left + later, text, sizeof text);
    lem_buf_printf(out, ", all %s", text);
}

static bool starts_column(char c) { return ((unsigned char)c & 0xC0u) != 0x80u; }

static void add_title(const lem_progress *p, int columns, lem_buf *out) {
    int shown = 0;
    for (const char *c = p->title; *c; c++) {
        shown += starts_column(*c);
        if (columns && shown > columns) break;
        lem_buf_putc(out, *c);
    }
}

static void format_progress(const lem_progress *p, double now, line_form form, lem_buf *out) {
    double rate = rate_of(p, now);
    if (p->log->within[0]) lem_buf_printf(out, "[%s] ", p->log->within);
    add_title(p, form.title, out);
    if (form.cells > 0 && has_share(p)) add_bar(p, now, form.cells, out);
    add_done(p, now, form, out);
    if (form.rate && rate > 0 && (p->left < 0 || p->by_share)) {
        lem_buf_puts(out, ", ");
        add_rate(out, rate, form.units ? p->unit : "");
    }
    add_times(p, now, out);
    if (p->note[0] && form.note) lem_buf_printf(out, ", %s", p->note);
}

static size_t terminal_width(int fd) {
    struct winsize w;
    return ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col > 10 ? w.ws_col : 80;
}

static size_t columns_of(const lem_buf *b) {
    size_t n = 0;
    for (size_t i = 0; i < b->len; i++) n += starts_column(b->data[i]);
    return n;
}

/* Cuts to `width` code points, so that a bar never wraps (a wrapped line cannot be drawn over). */
static void cut_to_width(lem_buf *b, size_t width) {
    size_t shown = 0;
    for (size_t i = 0; i < b->len; i++) {
        if (!starts_column(b->data[i])) continue;
        if (++shown > width) {
            b->len = i;
            b->data[i] = '\0';
            return;
        }
    }
}

/* The line in the richest form that fits. The bar shrinks and goes first, then go the units, the note, the
 * count and the rate, then the end of the title: share and ETA stay. */
static void fit_progress(const lem_progress *p, double now, size_t width, lem_buf *out) {
    static const line_form forms[] = {{BAR_MOST, 0, true, true, true, true}, {0, 0, true, true, true, true},
                                      {0, 0, true, false, true, true},       {0, 0, true, false, false, true},
                                      {0, 0, false, false, false, true},     {0}};
    size_t columns = 0;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        line_form form = forms[i];
        out->len = 0;
        format_progress(p, now, form, out);
        columns = columns_of(out);
        if (columns <= width || out->failed) return;
        if (form.cells == 0 || !has_share(p) || columns - width > BAR_MOST - BAR_LEAST) continue;
        form.cells -= (int)(columns - width);
        out->len = 0;
        format_progress(p, now, form, out);
        return;
    }
    size_t title = strlen(p->title), over = columns - width;
    out->len = 0;
    format_progress(p, now, (line_form){.title = title > over ? (int)(title - over) : 1}, out);
    cut_to_width(out, width);
}

/* With the lock held. A message that cannot be written is lost: there is nowhere to report it. */
static void draw_bar(lem_log *l, double now) {
    lem_buf b = {0}, line = {0};
    lem_progress *p = l->bar;
    p->shown = now;
    fit_progress(p, now, terminal_width(l->fd) - 1, &line);
    lem_buf_printf(&b, "\r%s\033[K", lem_buf_str(&line));
    if (!b.failed && !line.failed) (void)!lem_write_all(l->fd, lem_buf_str(&b), b.len);
    lem_buf_release(&line);
    lem_buf_release(&b);
}

void lem_log_beside(lem_log *l, FILE *out) {
    if (l) l->beside = out;
}

static void put_line(lem_log *l, const char *text) {
    lem_buf b = {0};
    if (l->beside) (void)!fflush(l->beside);
    if (l->bar) lem_buf_puts(&b, "\r\033[K");
    lem_buf_puts(&b, text);
    lem_buf_putc(&b, '\n');
    (void)!lem_write_all(l->fd, lem_buf_str(&b), b.len);
    lem_buf_release(&b);
    if (l->bar) draw_bar(l, lem_clock_seconds());
}

static void say(lem_log *l, int level, const char *prefix, const char *fmt, va_list ap) LEM_PRINTF(4, 0);
static void say(lem_log *l, int level, const char *prefix, const char *fmt, va_list ap) {
    if (!l || l->level < level || l->silent) return;
    char line[LINE_SIZE];
    size_t n = strlen(prefix);
    memcpy(line, prefix, n);
    if (vsnprintf(line + n, sizeof line - n, fmt, ap) < 0) line[n] = '\0';
    blank_controls(line);
    pthread_mutex_lock(&l->lock);
    put_line(l, line);
    pthread_mutex_unlock(&l->lock);
}

void lem_warn(lem_log *l, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    say(l, LEVEL_WARN, "warning: ", fmt, ap);
    va_end(ap);
}

void lem_info(lem_log *l, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    say(l, LEVEL_INFO, "", fmt, ap);
    va_end(ap);
}

void lem_debug(lem_log *l, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    say(l, LEVEL_DEBUG, "debug: ", fmt, ap);
    va_end(ap);
}

/* ---- Progress ---- */

lem_progress *lem_progress_new(lem_log *l, const char *title, const char *unit, uint64_t total,
                               uint64_t done_before) {
    if (!l || l->level < LEVEL_INFO) return NULL;
    lem_progress *p = lem_alloc_zero(1, sizeof *p, NULL);
    if (!p) return NULL;
    p->title = lem_strdup(title, NULL);
    p->unit = lem_strdup(unit, NULL);
    if (!p->title || !p->unit) {
        lem_free(p->title);
        lem_free(p->unit);
        lem_free(p);
        return NULL;
    }
    blank_controls(p->title);
    blank_controls(p->unit);
    p->log = l;
    p->total = total;
    p->done = p->done_before = done_before;
    p->started = p->shown = lem_clock_seconds();
    p->left = -1;
    p->to = 1;
    pthread_mutex_lock(&l->lock);
    if (l->outlook.began == 0) l->outlook.began = p->started;
    if (l->terminal && !l->bar) {
        l->bar = p;
        draw_bar(l, p->started);
    }
    pthread_mutex_unlock(&l->lock);
    return p;
}

/* With the lock held. */
static void keep_outlook(const lem_progress *p, double now) {
    lem_outlook *o = &p->log->outlook;
    o->left = command_left(p, now);
    if (p->total) o->total = p->total;
    o->share = p->from + (p->to - p->from) * share_of(p, now);
}

/* With the lock held. */
static void show(lem_progress *p) {
    lem_log *l = p->log;
    double now = lem_clock_seconds();
    keep_outlook(p, now);
    if (l->silent) return;
    if (l->bar == p) {
        if (now - p->shown >= redraw_seconds) draw_bar(l, now);
        return;
    }
    if (now - p->shown < line_seconds) return;
    lem_buf b = {0};
    p->shown = now;
    format_progress(p, now, (line_form){0, true, true, true, true}, &b);
    put_line(l, lem_buf_str(&b));
    lem_buf_release(&b);
}

void lem_progress_add(lem_progress *p, uint64_t n) {
    if (!p) return;
    pthread_mutex_lock(&p->log->lock);
    p->done += n;
    show(p);
    pthread_mutex_unlock(&p->log->lock);
}

void lem_progress_left(lem_progress *p, double seconds) {
    if (!p || !(seconds >= 0)) return;
    pthread_mutex_lock(&p->log->lock);
    p->left = seconds;
    p->left_at = lem_clock_seconds();
    show(p);
    pthread_mutex_unlock(&p->log->lock);
}

void lem_progress_share(lem_progress *p, double done) {
    if (!p || !(done > 0)) return;
    pthread_mutex_lock(&p->log->lock);
    double now = lem_clock_seconds(), share = done < 1 ? done : 1;
    p->left = (now - p->started) * (1 - share) / share;
    p->left_at = now;
    p->by_share = true;
    show(p);
    pthread_mutex_unlock(&p->log->lock);
}

void lem_progress_unsure(lem_progress *p, bool unsure) {
    if (!p) return;
    pthread_mutex_lock(&p->log->lock);
    p->log->outlook.unsure = unsure;
    pthread_mutex_unlock(&p->log->lock);
}

void lem_progress_part(lem_progress *p, double from, double to) {
    if (!p) return;
    pthread_mutex_lock(&p->log->lock);
    p->from = from;
    p->to = to;
    pthread_mutex_unlock(&p->log->lock);
}

void lem_progress_note(lem_progress *p, const char *fmt, ...) {
    if (!p) return;
    char note[NOTE_SIZE];
    va_list ap;
    va_start(ap, fmt);
    if (vsnprintf(note, sizeof note, fmt, ap) < 0) note[0] = '\0';
    va_end(ap);
    blank_controls(note);
    pthread_mutex_lock(&p->log->lock);
    memcpy(p->note, note, sizeof note);
    show(p);
    pthread_mutex_unlock(&p->log->lock);
}

static void format_closing(const lem_progress *p, lem_buf *out) {
    char time[32];
    double now = lem_clock_seconds();
    format_time(now - p->started, time, sizeof time);
    lem_buf_printf(out, "%s: ", p->title);
    if (p->total && p->done != p->total) {
        lem_buf_printf(out, "%llu of ", (unsigned long long)p->done);
        add_count(out, p->total, p->unit);
    } else {
        add_count(out, p->done, p->unit);
    }
    lem_buf_printf(out, " in %s", time);
    if (rate_of(p, now) > 0) {
        lem_buf_puts(out, " (");
        add_rate(out, rate_of(p, now), p->unit);
        lem_buf_putc(out, ')');
    }
    if (p->note[0]) lem_buf_printf(out, ", %s", p->note);
}

/* With the lock held. A progress that did all of its units leaves only what comes behind it. */
static void show_last(lem_progress *p) {
    bool ended = p->total ? p->done >= p->total : p->by_share && p->left <= 0;
    if (ended) p->left = 0, p->left_at = lem_clock_seconds();
    keep_outlook(p, lem_clock_seconds());
    if (ended) p->log->outlook.share = p->to;
}

void lem_progress_free(lem_progress *p) {
    if (!p) return;
    lem_log *l = p->log;
    lem_buf b = {0}, line = {0};
    format_closing(p, &line);
    pthread_mutex_lock(&l->lock);
    show_last(p);
    if (l->bar == p) {
        lem_buf_puts(&b, "\r\033[K");
        (void)!lem_write_all(l->fd, lem_buf_str(&b), b.len);
        l->bar = NULL;
    }
    if (!l->silent) put_line(l, lem_buf_str(&line));
    pthread_mutex_unlock(&l->lock);
    lem_buf_release(&line);
    lem_buf_release(&b);
    lem_free(p->title);
    lem_free(p->unit);
    lem_free(p);
}
