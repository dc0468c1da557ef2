/* cluster.c - groups of answers that the policy calls equal, each to each */
#include "grade/cluster.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

typedef struct member {
    const char *key; /* into the buffer of keys */
    const lem_grade_answer_text *answer;
    size_t index;
} member;

/* By key, then by text: the first of a group does not depend on the order of the answers. */
static int by_key(const void *x, const void *y) {
    const member *a = x, *b = y;
    int c = strcmp(a->key, b->key);
    if (c) return c;
    size_t n = a->answer->len < b->answer->len ? a->answer->len : b->answer->len;
    c = n ? memcmp(a->answer->s, b->answer->s, n) : 0;
    if (c) return c;
    if (a->answer->len != b->answer->len) return a->answer->len < b->answer->len ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static lem_status same_answer(const lem_grade_profile *p, const lem_grade_answer_text *a,
                              const lem_grade_answer_text *b, bool *same, lem_err *err) {
    *same = false;
    for (int way = 0; way < 2 && !*same; way++) { /* precision follows the gold: either may be it */
        lem_grade_gold *g = NULL;
        lem_answer_result r;
        lem_status st = lem_grade_gold_new(a->s, a->len, p, &g, err);
        if (st == LEM_OK) st = lem_grade_compare(g, b->s, b->len, &r, err);
        lem_grade_gold_free(g);
        if (st != LEM_OK) return st;
        *same = lem_grade_correct_of(r.verdict) == LEM_GRADE_RIGHT;
        const lem_grade_answer_text *t = a;
        a = b;
        b = t;
    }
    return LEM_OK;
}

/* Different texts in the order of their keys, each with the group it joined; next: the one that joined before
 * it, or SIZE_MAX. */
typedef struct texts {
    const member *m;
    size_t *first; /* of the answers with this text */
    size_t *group, *next, *last;
    size_t n, groups;
} texts;

static bool same_key(const texts *t, size_t a, size_t b) {
    return strcmp(t->m[t->first[a]].key, t->m[t->first[b]].key) == 0;
}

/* Is text k equal to every text of the group? */
static lem_status fits(const texts *t, size_t k, size_t group, const lem_grade_profile *p, bool *yes,
                       lem_err *err) {
    *yes = true;
    for (size_t j = t->last[group]; j != SIZE_MAX && *yes; j = t->next[j]) {
        lem_status st = same_answer(p, t->m[t->first[j]].answer, t->m[t->first[k]].answer, yes, err);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

/* Each text joins the first group all of whose texts it equals by the policy; with very many of them only
 * groups of its own key are asked. */
static lem_status join_all(texts *t, const lem_grade_profile *p, lem_err *err) {
    bool many = t->n > LEM_GRADE_MAX_GROUPS;
    for (size_t k = 0; k < t->n; k++) {
        bool joined = false;
        size_t g = 0;
        for (; g < t->groups && !joined; g += !joined) {
            if (many && !same_key(t, k, t->last[g])) continue;
            lem_status st = fits(t, k, g, p, &joined, err);
            if (st != LEM_OK) return st;
        }
        t->group[k] = g;
        t->next[k] = joined ? t->last[g] : SIZE_MAX;
        t->last[g] = k;
        t->groups += !joined;
    }
    return LEM_OK;
}

static bool same_text(const member *a, const member *b) {
    return strcmp(a->key, b->key) == 0 && a->answer->len == b->answer->len &&
           (!a->answer->len || memcmp(a->answer->s, b->answer->s, a->answer->len) == 0);
}

static lem_status keys_of(const lem_grade_answer_text *answers, size_t n, member *m, size_t *count,
                          lem_buf *keys, lem_err *err) {
    size_t *at = lem_alloc_zero(n, sizeof *at, err), k = 0;
    lem_status st = at ? LEM_OK : LEM_EMEM;
    for (size_t i = 0; i < n && st == LEM_OK; i++) {
        size_t from = keys->len;
        st = lem_grade_key(answers[i].s, answers[i].len, keys, err);
        if (st != LEM_OK || keys->len == from) continue;
        lem_buf_putc(keys, '\0');
        m[k] = (member){NULL, &answers[i], i};
        at[k++] = from;
    }
    if (st == LEM_OK) st = lem_buf_ok(keys, err);
    for (size_t i = 0; i < k && st == LEM_OK; i++) m[i].key = lem_buf_str(keys) + at[i];
    *count = k;
    lem_free(at);
    return st;
}

/* The numbers of groups in order of first occurrence. */
static void number_groups(const texts *t, size_t count, size_t n, int *group, size_t *number) {
    size_t next = 0;
    for (size_t i = 0; i < n; i++) group[i] = -1;
    for (size_t k = 0; k < t->n; k++)
        for (size_t i = t->first[k]; i < (k + 1 < t->n ? t->first[k + 1] : count); i++)
            group[t->m[i].index] = (int)t->group[k];
    for (size_t g = 0; g < t->groups; g++) number[g] = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        if (group[i] < 0) continue;
        if (number[group[i]] == SIZE_MAX) number[group[i]] = next++;
        group[i] = (int)number[group[i]];
    }
}

lem_status lem_grade_cluster(const lem_grade_answer_text *answers, size_t n, const lem_grade_profile *profile,
                             int *group, lem_err *err) {
    lem_buf keys = {0};
    lem_status st = LEM_OK;
    size_t count = 0;
    if (n == 0) return LEM_OK;
    member *m = lem_alloc_zero(n, sizeof *m, err);
    size_t *room = m ? lem_alloc_zero(5 * n, sizeof *room, err) : NULL;
    texts t = {.m = m};
    if (!room) st = LEM_EMEM;
    if (st == LEM_OK) st = keys_of(answers, n, m, &count, &keys, err);
    if (st == LEM_OK) {
        t.first = room, t.group = room + n, t.next = room + 2 * n, t.last = room + 3 * n;
        if (count) qsort(m, count, sizeof *m, by_key);
        for (size_t i = 0; i < count; i++)
            if (i == 0 || !same_text(&m[i - 1], &m[i])) t.first[t.n++] = i;
        st = join_all(&t, profile, err);
    }
    if (st == LEM_OK) number_groups(&t, count, n, group, room + 4 * n);
    lem_buf_release(&keys);
    lem_free(room);
    lem_free(m);
    return st;
}
