/* compare_cluster.c - equal answers found by key, then by comparison of one answer of each group */
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
        lem_grade_result r;
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

/* Merges groups in the order of their keys: each joins the first group before it that it equals. root[g] is
 * then the group that g belongs to. */
static lem_status merge(const member *m, const size_t *first, size_t groups, const lem_grade_profile *p,
                        size_t *root, lem_err *err) {
    for (size_t g = 0; g < groups; g++) root[g] = g;
    for (size_t g = 1; g < groups && groups <= LEM_GRADE_MAX_GROUPS; g++)
        for (size_t h = 0; h < g; h++) {
            bool same;
            if (root[h] != h) continue;
            lem_status st = same_answer(p, m[first[h]].answer, m[first[g]].answer, &same, err);
            if (st != LEM_OK) return st;
            if (!same) continue;
            root[g] = h;
            break;
        }
    return LEM_OK;
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

lem_status lem_grade_cluster(const lem_grade_answer_text *answers, size_t n, const lem_grade_profile *profile,
                             int *group, lem_err *err) {
    lem_buf keys = {0};
    lem_status st = LEM_OK;
    size_t count = 0, groups = 0;
    int next = 0;
    if (n == 0) return LEM_OK;
    member *m = lem_alloc_zero(n, sizeof *m, err);
    size_t *first = m ? lem_alloc_zero(n, sizeof *first, err) : NULL,
           *root = first ? lem_alloc_zero(n, sizeof *root, err) : NULL;
    int *number = root ? lem_alloc_zero(n, sizeof *number, err) : NULL;
    if (!number) st = LEM_EMEM;
    if (st == LEM_OK) st = keys_of(answers, n, m, &count, &keys, err);
    if (st != LEM_OK) goto done;
    if (count) qsort(m, count, sizeof *m, by_key);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(m[i].key, m[i - 1].key) != 0) first[groups++] = i;
    LEM_TRY(merge(m, first, groups, profile, root, err));
    for (size_t i = 0; i < n; i++) group[i] = -1;
    for (size_t g = 0; g < groups; g++)
        for (size_t i = first[g]; i < (g + 1 < groups ? first[g + 1] : count); i++)
            group[m[i].index] = (int)root[g];
    for (size_t g = 0; g < groups; g++) number[g] = -1;
    for (size_t i = 0; i < n; i++) {
        if (group[i] < 0) continue;
        if (number[group[i]] < 0) number[group[i]] = next++;
        group[i] = number[group[i]];
    }
done:
    lem_buf_release(&keys);
    lem_free(number);
    lem_free(root);
    lem_free(first);
    lem_free(m);
    return st;
}
