/* synth/wordproblem_draft.c - what templates write with: draws, sentences, steps, names and things */
#include "synth/wordproblem_priv.h"

#include <stdarg.h>
#include <stdio.h>

static const wp_person people[] = {
    {"Mia", "She", "her"},  {"Tom", "He", "his"},  {"Anna", "She", "her"}, {"Ben", "He", "his"},
    {"Lucy", "She", "her"}, {"Sam", "He", "his"},  {"Nora", "She", "her"}, {"Leo", "He", "his"},
    {"Ella", "She", "her"}, {"Max", "He", "his"},  {"Ruth", "She", "her"}, {"Omar", "He", "his"},
    {"Jane", "She", "her"}, {"Paul", "He", "his"}, {"Lily", "She", "her"}, {"Ivan", "He", "his"},
};
static const wp_thing things[] = {
    {"apple", "apples"}, {"pear", "pears"},   {"book", "books"},     {"card", "cards"},
    {"shell", "shells"}, {"stamp", "stamps"}, {"coin", "coins"},     {"marble", "marbles"},
    {"egg", "eggs"},     {"stone", "stones"}, {"flower", "flowers"}, {"pen", "pens"},
    {"cup", "cups"},     {"ball", "balls"},   {"candle", "candles"}, {"cookie", "cookies"},
};
static const char *const boxes[] = {"boxes", "bags", "jars", "trays"};

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

int lem_wp_range(wp_draft *d, int lo, int hi) {
    if (hi < lo) {
        d->bad = true;
        return lo;
    }
    return lo + (int)lem_rng_next_below(&d->r, (uint64_t)(hi - lo) + 1);
}

void lem_wp_mark(wp_draft *d, char letter, int value) {
    char *at = d->out->structure + d->structure_len;
    size_t room = sizeof d->out->structure - d->structure_len;
    int n = snprintf(at, room, "%c%d", letter, value);
    if (n < 0 || (size_t)n >= room) {
        d->bad = true;
        *at = 0;
        return;
    }
    d->structure_len += (size_t)n;
}

int lem_wp_number(wp_draft *d, int lo, int hi) {
    int v = lem_wp_range(d, lo, hi);
    lem_wp_mark(d, ',', v);
    return v;
}

int lem_wp_kind(wp_draft *d, int n) {
    int v = lem_wp_range(d, 0, n - 1);
    lem_wp_mark(d, '.', v);
    return v;
}

void lem_wp_require(wp_draft *d, bool holds) {
    if (!holds && d->made < 0) d->bad = true;
}

bool lem_wp_mistake(wp_draft *d, const char *name) {
    int at = d->n_mistakes++;
    if (at < WP_MISTAKES) d->mistakes[at] = name;
    return at == d->made;
}

static bool append(char *to, size_t size, size_t *len, const char *fmt, va_list ap) LEM_PRINTF(4, 0);
static bool append(char *to, size_t size, size_t *len, const char *fmt, va_list ap) {
    int n = vsnprintf(to + *len, size - *len, fmt, ap);
    if (n < 0 || (size_t)n >= size - *len) return false;
    *len += (size_t)n;
    return true;
}

void lem_wp_say(wp_draft *d, const char *fmt, ...) {
    va_list ap;
    if (d->problem_len > 0 && d->problem_len + 1 < sizeof d->out->problem)
        d->out->problem[d->problem_len++] = ' ';
    va_start(ap, fmt);
    if (!append(d->out->problem, sizeof d->out->problem, &d->problem_len, fmt, ap)) d->bad = true;
    va_end(ap);
}

static void write_step(wp_draft *d, const char *fmt, va_list ap) LEM_PRINTF(2, 0);
static void write_step(wp_draft *d, const char *fmt, va_list ap) {
    if (d->mute) return;
    d->out->steps++;
    if (!append(d->out->solution, sizeof d->out->solution - 1, &d->solution_len, fmt, ap)) {
        d->bad = true;
        return;
    }
    d->out->solution[d->solution_len++] = '\n';
    d->out->solution[d->solution_len] = 0;
}

void lem_wp_step(wp_draft *d, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    write_step(d, fmt, ap);
    va_end(ap);
}

static int result(wp_draft *d, int a, char op, int b) {
    int v = 0;
    if (op == '/' && (b == 0 || a % b != 0)) d->bad = true;
    else if (op == '/') v = a / b;
    else if (op == '*') v = a * b;
    else v = op == '+' ? a + b : a - b;
    if (v < 0) d->bad = true;
    return v;
}

int lem_wp_calc(wp_draft *d, int a, char op, int b, const char *label, ...) {
    char text[64];
    va_list ap;
    va_start(ap, label);
    int n = vsnprintf(text, sizeof text, label, ap), v = result(d, a, op, b);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof text) d->bad = true;
    lem_wp_step(d, "%s%d%c%d=%d.", text, a, op, b, v);
    return v;
}

void lem_wp_divide(wp_draft *d, int value, int by, const char *end) {
    int whole = value / by;
    lem_wp_step(d, "%d*%d=%d.", whole, by, whole * by);
    lem_wp_step(d, "%d-%d=%d%s", value, whole * by, value - whole * by, end);
}

void lem_wp_answer(wp_draft *d, int value) {
    size_t room = sizeof d->out->solution - d->solution_len;
    int n = snprintf(d->out->solution + d->solution_len, room, "The answer is \\boxed{%d}.", value);
    if (n < 0 || (size_t)n >= room || value < 0) d->bad = true;
    snprintf(d->out->answer, sizeof d->out->answer, "%d", value);
}

const wp_person *lem_wp_person(wp_draft *d) { return &people[lem_wp_range(d, 0, COUNT(people) - 1)]; }

const wp_person *lem_wp_other(wp_draft *d, const wp_person *p) {
    int i = (int)(p - people);
    return &people[(i + lem_wp_range(d, 1, COUNT(people) - 1)) % COUNT(people)];
}

const wp_thing *lem_wp_thing(wp_draft *d) { return &things[lem_wp_range(d, 0, COUNT(things) - 1)]; }

const wp_thing *lem_wp_other_thing(wp_draft *d, const wp_thing *t) {
    int i = (int)(t - things);
    return &things[(i + lem_wp_range(d, 1, COUNT(things) - 1)) % COUNT(things)];
}

const char *lem_wp_box(wp_draft *d) { return boxes[lem_wp_range(d, 0, COUNT(boxes) - 1)]; }
