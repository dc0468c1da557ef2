/* synth/wordproblem.c - draws a template and its numbers until the problem has the wanted split and number of
 * steps */
#include "synth/wordproblem.h"

#include "core/hash.h"
#include "synth/wordproblem_priv.h"

#include <stdio.h>
#include <string.h>

enum { ATTEMPTS = 1024, PER_TEMPLATE = 32, DRAWS_LOG2 = 7, ATTEMPTS_LOG2 = 10, SPLITS = 16 };

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
    if (!holds) d->bad = true;
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

void lem_wp_step(wp_draft *d, const char *fmt, ...) {
    bool ok;
    va_list ap;
    va_start(ap, fmt);
    ok = append(d->out->solution, sizeof d->out->solution - 1, &d->solution_len, fmt, ap);
    va_end(ap);
    d->out->steps++;
    if (!ok) {
        d->bad = true;
        return;
    }
    d->out->solution[d->solution_len++] = '\n';
    d->out->solution[d->solution_len] = 0;
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

const char *lem_wordproblem_template_name(int id) {
    return id < 0 || id >= LEM_WORDPROBLEM_TEMPLATES ? NULL : lem_wp_templates[id].name;
}

static int draw_template(wp_draft *d, uint32_t allowed) {
    int total = 0, at;
    for (int i = 0; i < LEM_WORDPROBLEM_TEMPLATES; i++)
        if (allowed >> i & 1) total += lem_wp_templates[i].weight;
    at = lem_wp_range(d, 0, total - 1);
    for (int i = 0; i < LEM_WORDPROBLEM_TEMPLATES; i++) {
        if (!(allowed >> i & 1)) continue;
        at -= lem_wp_templates[i].weight;
        if (at < 0) return i;
    }
    return 0;
}

static bool in_split(const lem_wordproblem *p, lem_wordproblem_split split) {
    uint64_t c = lem_hash64(p->structure, strlen(p->structure), 0) % SPLITS;
    switch (split) {
    case LEM_WORDPROBLEM_TEST: return c == 0;
    case LEM_WORDPROBLEM_VALID: return c == 1;
    case LEM_WORDPROBLEM_TRAIN: return c >= 2;
    default: return true;
    }
}

static void make_key(lem_wordproblem *p) {
    size_t n = 0;
    bool gap = false;
    for (const char *s = p->problem; *s; s++) {
        char c = *s;
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) {
            gap = n > 0;
            continue;
        }
        if (gap) p->key[n++] = ' ';
        gap = false;
        p->key[n++] = c;
    }
    p->key[n] = 0;
}

static bool attempt(wp_draft *d, int id, const lem_wordproblem_opts *o) {
    memset(d->out, 0, sizeof *d->out);
    d->problem_len = d->solution_len = d->structure_len = 0;
    d->bad = false;
    d->out->template_id = id;
    lem_wp_mark(d, 't', id);
    lem_wp_templates[id].write(d);
    return !d->bad && d->out->steps >= o->min_steps && d->out->steps <= o->max_steps &&
           in_split(d->out, o->split);
}

lem_status lem_wordproblem_make(const lem_rng *rng, uint64_t index, const lem_wordproblem_opts *opts,
                                lem_wordproblem *out, lem_err *err) {
    lem_wordproblem_opts o = {LEM_WORDPROBLEM_ANY, 0, 0, 0};
    lem_wordproblem p;
    wp_draft d = {.r = *rng, .out = &p};
    uint32_t allowed;
    int id = 0;
    if (opts) o = *opts;
    if (o.min_steps == 0) o.min_steps = 2;
    if (o.max_steps == 0) o.max_steps = 7;
    if (o.min_steps < 1 || o.max_steps < o.min_steps || o.max_steps > LEM_WORDPROBLEM_MAX_STEPS)
        return lem_fail(err, LEM_EUSAGE, "word problems: steps %d to %d, but 1 to %d are possible",
                        o.min_steps, o.max_steps, LEM_WORDPROBLEM_MAX_STEPS);
    if ((unsigned)o.split > LEM_WORDPROBLEM_TEST)
        return lem_fail(err, LEM_EUSAGE, "word problems: unknown split %d", (int)o.split);
    if (index >> 46)
        return lem_fail(err, LEM_EUSAGE, "word problems: index %llu is too large", (unsigned long long)index);
    allowed = o.templates ? o.templates : UINT32_MAX;
    for (uint64_t i = 0; i < ATTEMPTS; i++) {
        d.r.next = (index << ATTEMPTS_LOG2 | i) << DRAWS_LOG2;
        if (i % PER_TEMPLATE == 0)
            id = draw_template(&d, allowed); /* a choosy template keeps its share of the problems */
        if (!attempt(&d, id, &o)) continue;
        make_key(&p);
        *out = p;
        return LEM_OK;
    }
    return lem_fail(err, LEM_EDATA, "word problems: none with %d to %d steps in %d draws", o.min_steps,
                    o.max_steps, (int)ATTEMPTS);
}
