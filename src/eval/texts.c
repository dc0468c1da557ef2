/* texts.c - equal texts among candidates */
#include "eval/texts.h"

#include "core/hash.h"

#include <stdlib.h>
#include <string.h>

typedef struct text {
    uint64_t hash;
    int at;
} text;

static int by_hash(const void *a, const void *b) {
    const text *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

lem_status lem_eval_texts(const lem_candidates *c, lem_arena *arena, lem_eval_problem *p, lem_err *err) {
    size_t n = (size_t)p->n;
    if (!c->completion) return LEM_OK;
    int32_t *number = lem_arena_alloc(arena, n, sizeof *number);
    text *t = lem_alloc(n, sizeof *t, err);
    lem_status st = number && t ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
    for (size_t i = 0; st == LEM_OK && i < n; i++) {
        const char *s = c->completion[i] ? c->completion[i] : "";
        t[i] = (text){lem_hash64(s, strlen(s), 0), (int)i};
    }
    if (st == LEM_OK) qsort(t, n, sizeof *t, by_hash);
    for (size_t i = 0; st == LEM_OK && i < n; i++)
        number[t[i].at] = i && t[i].hash == t[i - 1].hash ? number[t[i - 1].at] : t[i].at;
    if (st == LEM_OK) p->text = number;
    lem_free(t);
    return st;
}

double lem_eval_chance(const lem_eval_problem *p, const int *subset, int k, double *count) {
    int texts = 0, right = 0;
    for (int j = 0; j < k; j++) {
        int i = subset[j];
        if (count[p->text[i]]++ > 0) continue;
        texts++;
        right += p->correct[i];
    }
    for (int j = 0; j < k; j++) count[p->text[subset[j]]] = 0;
    return texts ? (double)right / texts : 0;
}
