/* synth/wordproblem.c - draws a template and its numbers until the problem has the wanted split and number of
 * steps */
#include "synth/wordproblem.h"

#include "core/hash.h"
#include "synth/wordproblem_priv.h"

#include <string.h>

enum { ATTEMPTS = 1024, PER_TEMPLATE = 32, DRAWS_LOG2 = 7, ATTEMPTS_LOG2 = 10, SPLITS = 16 };
static const uint64_t MISTAKES = UINT64_C(1) << 63; /* draws of mistakes are behind all others */

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

/* Made: which mistake the writer makes, -1 none. */
static void write(wp_draft *d, int id, int made) {
    memset(d->out, 0, sizeof *d->out);
    d->problem_len = d->solution_len = d->structure_len = 0;
    d->n_mistakes = 0;
    d->made = made;
    d->bad = d->mute = false;
    d->out->template_id = id;
    lem_wp_mark(d, 't', id);
    lem_wp_templates[id].write(d);
}

static bool attempt(wp_draft *d, int id, const lem_wordproblem_opts *o) {
    write(d, id, -1);
    return !d->bad && d->out->steps >= o->min_steps && d->out->steps <= o->max_steps &&
           in_split(d->out, o->split);
}

/* Writes p's problem once more, from the same draws, as someone who makes its mistake `made`. False where the
 * mistake makes no difference to the answer, or does not go through. */
static bool write_mistaken(wp_draft d, uint64_t start, int made, lem_wordproblem *p) {
    const char *name = d.mistakes[made];
    lem_wordproblem q;
    d.out = &q;
    d.r.next = start;
    write(&d, p->template_id, made);
    if (d.bad || q.steps == 0 || strcmp(q.problem, p->problem) != 0 || strcmp(q.answer, p->answer) == 0)
        return false;
    memcpy(p->mistaken, q.solution, sizeof q.solution);
    memcpy(p->mistaken_answer, q.answer, sizeof q.answer);
    p->mistake = name;
    return true;
}

/* Draws whether, and which: the first of the template (of odd teachers the last) in seven of ten cases; the
 * other where that one fits not. */
static void draw_mistake(const wp_draft *d, uint64_t start, const lem_wordproblem_opts *o,
                         lem_wordproblem *p) {
    lem_rng r = d->r;
    int n = d->n_mistakes < WP_MISTAKES ? d->n_mistakes : WP_MISTAKES;
    r.next = start | MISTAKES;
    r.hi += (uint64_t)o->teacher;
    bool makes = lem_rng_next_below(&r, 100) < (uint64_t)lem_wp_templates[p->template_id].rate;
    if (n == 0 || !(makes || o->always)) return;
    bool usual = lem_rng_next_below(&r, 10) < 7;
    int first = usual == (o->teacher % 2 == 0) ? 0 : n - 1;
    for (int i = 0; i < n; i++)
        if (write_mistaken(*d, start, (first + i) % n, p)) return;
}

lem_status lem_wordproblem_make(const lem_rng *rng, uint64_t index, const lem_wordproblem_opts *opts,
                                lem_wordproblem *out, lem_err *err) {
    lem_wordproblem_opts o = {.split = LEM_WORDPROBLEM_ANY};
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
        uint64_t start = (index << ATTEMPTS_LOG2 | i) << DRAWS_LOG2;
        d.r.next = start;
        if (i % PER_TEMPLATE == 0)
            id = draw_template(&d, allowed); /* a choosy template keeps its share of the problems */
        start = d.r.next;
        if (!attempt(&d, id, &o)) continue;
        if (o.mistakes) draw_mistake(&d, start, &o, &p);
        if (o.reword) p.reworded = lem_wp_reword(&p);
        make_key(&p);
        *out = p;
        return LEM_OK;
    }
    return lem_fail(err, LEM_EDATA, "word problems: none with %d to %d steps in %d draws", o.min_steps,
                    o.max_steps, (int)ATTEMPTS);
}
