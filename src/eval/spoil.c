/* spoil.c - counts of what spoils a figure, as JSON, in one line, and as notes */
#include "eval/spoil.h"

#include "core/hash.h"
#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Texts that were there before, by 64-bit hashes. */
static lem_status count_repeated(lem_spoil *s, const lem_candidates *c, lem_err *err) {
    if (!c->completion || c->n < 2) return LEM_OK;
    uint64_t *h = lem_alloc((size_t)c->n, sizeof *h, err);
    if (!h) return LEM_EMEM;
    for (int i = 0; i < c->n; i++) {
        const char *t = c->completion[i] ? c->completion[i] : "";
        h[i] = lem_hash64(t, strlen(t), 0);
    }
    qsort(h, (size_t)c->n, sizeof *h, by_value);
    for (int i = 1; i < c->n; i++) s->repeated += h[i] == h[i - 1];
    lem_free(h);
    return LEM_OK;
}

lem_status lem_spoil_count(lem_spoil *s, const lem_candidates *c, lem_err *err) {
    s->n += (uint64_t)c->n;
    for (int i = 0; c->finish && i < c->n; i++) {
        int cut = lem_candidates_cut(c, i);
        s->with_reason += cut >= 0;
        s->cut += cut == 1;
    }
    for (int i = 0; i < c->n; i++) s->changed += !lem_candidates_reencodes(c, i);
    return count_repeated(s, c, err);
}

void lem_spoil_add(lem_spoil *s, const lem_spoil *more) {
    s->n += more->n;
    s->with_reason += more->with_reason;
    s->cut += more->cut;
    s->undecided += more->undecided;
    s->unscored += more->unscored;
    s->silent += more->silent;
    s->repeated += more->repeated;
    s->changed += more->changed;
}

void lem_spoil_tell(lem_object *o, const lem_spoil *s) {
    lem_object_int(o, "undecided", s->undecided);
    lem_object_int(o, "without_answer", s->silent);
    lem_object_int(o, "repeated_text", s->repeated);
    if (s->changed) lem_object_int(o, "not_reencoded", s->changed);
    if (!s->with_reason) return;
    lem_object_int(o, "cut", s->cut);
    lem_object_int(o, "with_finish_reason", s->with_reason);
}

typedef struct part {
    uint64_t n, of;
    const char *what, *note; /* of a note: the sentence behind the share */
} part;
enum { N_PARTS = 6 };

static void parts_of(const lem_spoil *s, part p[N_PARTS]) {
    p[0] = (part){
        s->cut, s->with_reason, "cut at their token limit",
        "of the candidates were cut at their token limit before they ended: what they had not answered "
        "until then is missing from every figure made of them"};
    p[1] = (part){s->undecided, s->n, "undecided, counted as wrong",
                  "of the candidates are undecided: every figure is too low by up to that share"};
    p[2] = (part){s->unscored, s->n, "without score, ranked last",
                  "of the candidates have no score: they are never chosen by it"};
    p[3] = (part){s->silent, s->n, "without answer, which do not vote",
                  "of the candidates have no answer: they count as wrong and do not vote"};
    p[4] = (part){s->repeated, s->n, "with the text of an earlier one",
                  "of the candidates repeat the text of an earlier one of their problem: k of them are fewer "
                  "different attempts"};
    p[5] = (part){s->changed, s->n, "not encoding to the tokens that were sampled",
                  "of the candidates do not encode to the tokens that were sampled (reencodes: false): the "
                  "logprob of `sample` is of those tokens, scores and training are of the text's own"};
}

static double share_of(const part *p) { return p->of ? (double)p->n / (double)p->of : 0; }

void lem_spoil_text(const lem_spoil *s, lem_buf *out) {
    part p[N_PARTS];
    int told = 0;
    parts_of(s, p);
    for (int i = 0; i < N_PARTS; i++) {
        if (!p[i].n) continue;
        if (told++) lem_buf_puts(out, "; ");
        else lem_buf_printf(out, "of %llu candidates ", (unsigned long long)s->n);
        double percent = 100 * share_of(&p[i]);
        lem_buf_printf(out, "%llu ", (unsigned long long)p[i].n);
        if (percent < 0.05) lem_buf_puts(out, "(below 0.1 %) ");
        else lem_buf_printf(out, "(%.1f %%) ", percent);
        lem_buf_puts(out, p[i].what);
    }
}

/* Appends the sentence of a part; false where its share is not worth one. */
static bool sentence(const part *p, lem_buf *out) {
    double share = share_of(p);
    if (share <= LEM_SPOIL_NOTE) return false;
    lem_buf_printf(out, "%.1f %% %s", 100 * share, p->note);
    return true;
}

lem_json *lem_spoil_warnings(const lem_spoil *s) {
    part p[N_PARTS];
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    parts_of(s, p);
    for (int i = 0; ok && i < N_PARTS; i++) {
        lem_buf b = {0};
        if (sentence(&p[i], &b)) ok = !b.failed && lem_json_append(list, lem_json_new_str(lem_buf_str(&b)));
        lem_buf_release(&b);
    }
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

void lem_spoil_lines(const lem_spoil *s, const char *whose, lem_buf *out) {
    part p[N_PARTS];
    lem_buf text = {0};
    lem_spoil_text(s, &text);
    if (text.len) lem_buf_printf(out, "%s%s\n", whose, lem_buf_str(&text));
    parts_of(s, p);
    for (int i = 0; i < N_PARTS; i++) {
        lem_buf_clear(&text);
        if (sentence(&p[i], &text)) lem_buf_printf(out, "note: %s%s\n", whose, lem_buf_str(&text));
    }
    out->failed = out->failed || text.failed;
    lem_buf_release(&text);
}
