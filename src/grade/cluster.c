/* cluster.c - groups of answers that the policy calls equal, each to each */
#include "grade/cluster.h"

#include "core/hash.h"
#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

/* A text that stands once or several times among the answers. */
typedef struct member {
    const char *key; /* into the buffer of keys */
    const lem_grade_answer_text *answer;
    size_t number;        /* in the order of first occurrence */
    lem_grade_gold *gold; /* of this text; NULL until it is compared */
} member;

/* By key, then by text: the first of a group does not depend on the order of the answers. */
static int by_key(const void *x, const void *y) {
    const member *a = x, *b = y;
    int c = strcmp(a->key, b->key);
    if (c) return c;
    size_t n = a->answer->len < b->answer->len ? a->answer->len : b->answer->len;
    c = memcmp(a->answer->s, b->answer->s, n);
    if (c) return c;
    return (a->answer->len > b->answer->len) - (a->answer->len < b->answer->len);
}

static lem_status read_once(const lem_grade_profile *p, member *m, lem_err *err) {
    return m->gold ? LEM_OK : lem_grade_gold_new(m->answer->s, m->answer->len, p, &m->gold, err);
}

/* *rule: the one that makes them the same; NULL where they are not. */
static lem_status same_answer(const lem_grade_profile *p, member *a, member *b, const char **rule,
                              lem_err *err) {
    lem_answer_result r;
    lem_status st = LEM_OK;
    *rule = NULL;
    LEM_TRY(read_once(p, a, err));
    LEM_TRY(read_once(p, b, err));
    for (int way = 0; way < 2 && !*rule; way++) { /* precision follows the gold: either may be it */
        LEM_TRY(lem_grade_compare_golds(a->gold, b->gold, &r, err));
        if (lem_grade_correct_of(r.verdict) == LEM_GRADE_RIGHT) *rule = r.rule;
        member *swap = a;
        a = b;
        b = swap;
    }
done:
    return st;
}

/* Different texts in the order of their keys, each with the group it joined; next: the one that joined before
 * it, or SIZE_MAX. */
typedef struct texts {
    member *m;
    size_t *group, *next, *last;
    size_t n, groups;
} texts;

static bool same_key(const texts *t, size_t a, size_t b) { return strcmp(t->m[a].key, t->m[b].key) == 0; }

/* Is text k equal to every text of the group? Where it is equal to some of them only, *split is the rule that
 * says so, the first of all such. */
static lem_status fits(const texts *t, size_t k, size_t group, const lem_grade_profile *p, bool *yes,
                       const char **split, lem_err *err) {
    const char *by = NULL;
    *yes = true;
    for (size_t j = t->last[group]; j != SIZE_MAX; j = t->next[j]) {
        const char *rule;
        lem_status st = same_answer(p, &t->m[j], &t->m[k], &rule, err);
        if (st != LEM_OK) return st;
        if (rule && !by) by = rule;
        *yes = *yes && rule;
    }
    if (by && !*yes && !*split) *split = by;
    return LEM_OK;
}

/* Each text joins the first group all of whose texts it equals by the policy; with very many of them only
 * groups of its own key are asked. */
static lem_status join_all(texts *t, const lem_grade_profile *p, const char **split, lem_err *err) {
    bool many = t->n > LEM_GRADE_MAX_GROUPS;
    for (size_t k = 0; k < t->n; k++) {
        bool joined = false;
        size_t g = 0;
        for (; g < t->groups && !joined; g += !joined) {
            if (many && !same_key(t, k, t->last[g])) continue;
            lem_status st = fits(t, k, g, p, &joined, split, err);
            if (st != LEM_OK) return st;
        }
        t->group[k] = g;
        t->next[k] = joined ? t->last[g] : SIZE_MAX;
        t->last[g] = k;
        t->groups += !joined;
    }
    return LEM_OK;
}

/* The different texts that are answers, with their keys; number[i] is that of answers[i], SIZE_MAX of none.
 */
static lem_status list_texts(const lem_grade_answer_text *answers, size_t n, texts *t, size_t *number,
                             lem_buf *keys, lem_err *err) {
    lem_map *seen = lem_map_new(err);
    size_t *at = lem_alloc(n, sizeof *at, err);
    lem_status st = seen && at ? LEM_OK : LEM_EMEM;
    for (size_t i = 0; i < n && st == LEM_OK; i++) {
        int64_t before;
        size_t from = keys->len;
        number[i] = SIZE_MAX;
        if (answers[i].len == 0) continue;
        if (lem_map_find(seen, answers[i].s, answers[i].len, &before)) {
            number[i] = (size_t)before;
            continue;
        }
        LEM_TRY(lem_grade_key(answers[i].s, answers[i].len, keys, err));
        if (keys->len == from) continue;
        lem_buf_putc(keys, '\0');
        at[t->n] = from;
        t->m[t->n] = (member){.answer = &answers[i], .number = t->n};
        number[i] = t->n;
        LEM_TRY(lem_map_set(seen, answers[i].s, answers[i].len, (int64_t)t->n++, err));
    }
    if (st == LEM_OK) st = lem_buf_ok(keys, err);
    for (size_t k = 0; k < t->n && st == LEM_OK; k++) t->m[k].key = lem_buf_str(keys) + at[k];
done:
    lem_map_free(seen);
    lem_free(at);
    return st;
}

/* The numbers of groups in order of first occurrence. place: [texts] where a text stands among the sorted;
 * renamed: [groups] scratch. */
static void number_groups(const texts *t, const size_t *number, size_t n, size_t *place, size_t *renamed,
                          int *group) {
    size_t next = 0;
    for (size_t k = 0; k < t->n; k++) place[t->m[k].number] = k;
    for (size_t g = 0; g < t->groups; g++) renamed[g] = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        group[i] = -1;
        if (number[i] == SIZE_MAX) continue;
        size_t g = t->group[place[number[i]]];
        if (renamed[g] == SIZE_MAX) renamed[g] = next++;
        group[i] = (int)renamed[g];
    }
}

lem_status lem_grade_cluster(const lem_grade_answer_text *answers, size_t n, const lem_grade_profile *profile,
                             int *group, lem_err *err) {
    const char *split;
    return lem_grade_cluster_telling(answers, n, profile, group, &split, err);
}

lem_status lem_grade_cluster_telling(const lem_grade_answer_text *answers, size_t n,
                                     const lem_grade_profile *profile, int *group, const char **split,
                                     lem_err *err) {
    lem_buf keys = {0};
    *split = NULL;
    lem_status st = LEM_OK;
    if (n == 0) return LEM_OK;
    member *m = lem_alloc_zero(n, sizeof *m, err);
    size_t *room = m ? lem_alloc_zero(6 * n, sizeof *room, err) : NULL, *number = room;
    texts t = {.m = m};
    if (!room) LEM_TRY(LEM_EMEM);
    t.group = room + n, t.next = room + 2 * n, t.last = room + 3 * n;
    LEM_TRY(list_texts(answers, n, &t, number, &keys, err));
    if (t.n) qsort(m, t.n, sizeof *m, by_key);
    LEM_TRY(join_all(&t, profile, split, err));
    number_groups(&t, number, n, room + 4 * n, room + 5 * n, group);
done:
    for (size_t k = 0; k < t.n; k++) lem_grade_gold_free(m[k].gold);
    lem_buf_release(&keys);
    lem_free(room);
    lem_free(m);
    return st;
}
