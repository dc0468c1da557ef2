/* select_lists.c - score-sorted and random sampling of response lists */
#include "reward/select_lists.h"

enum { MAX_K = 4096 };

/* Gathers the indices of one class; unless random, keeps the k best by score (highest for positives, lowest
 * for negatives), ties by index. */
static int gather(const lem_list_opts *o, int n, const int8_t *label, const double *score, int8_t want, int k,
                  int *out) {
    int m = 0;
    for (int i = 0; i < n; i++) {
        if (label[i] != want) continue;
        int at = m;
        if (!o->random) /* insertion by score */
            while (at > 0 && (want ? score[i] > score[out[at - 1]] : score[i] < score[out[at - 1]])) at--;
        if (!o->random && at >= k) continue;
        if (m == MAX_K) continue;
        int last = !o->random && m == k ? k - 1 : m++;
        for (int j = last; j > at; j--) out[j] = out[j - 1];
        out[at] = i;
    }
    return m;
}

/* Moves `take` random elements to the front (partial Fisher-Yates). */
static void draw(int *a, int n, int take, lem_rng *r) {
    for (int i = 0; i < take; i++) {
        int j = i + (int)lem_rng_next_below(r, (uint64_t)(n - i)), t = a[i];
        a[i] = a[j];
        a[j] = t;
    }
}

/* Orders a [n] by length, then index. */
static void shortest_first(int *a, int n, const size_t *bytes) {
    for (int i = 1; i < n; i++) {
        int x = a[i], at = i;
        for (; at > 0; at--) {
            size_t before = bytes[a[at - 1]];
            if (before < bytes[x] || (before == bytes[x] && a[at - 1] < x)) break;
            a[at] = a[at - 1];
        }
        a[at] = x;
    }
}

/* Of the m right responses that may be drawn: how many come into question when p are. */
static int concise(const lem_list_opts *o, int *pos, int m, int p) {
    if (!o->bytes) return m;
    shortest_first(pos, m, o->bytes);
    int half = (m + 1) / 2;
    return half > p ? half : p;
}

static int least(int a, int b) { return a < b ? a : b; }

lem_list_reason lem_list_why(int n, const int8_t *label, bool chosen) {
    bool seen[2] = {false, false};
    for (int i = 0; i < n; i++)
        if (label[i] >= 0) seen[label[i] != 0] = true;
    if (chosen) return LEM_LIST_CHOSEN;
    if (seen[0] && seen[1]) return LEM_LIST_TOO_FEW;
    if (seen[1]) return LEM_LIST_ALL_RIGHT;
    return seen[0] ? LEM_LIST_ALL_WRONG : LEM_LIST_NOTHING;
}

int lem_list_select(const lem_list_opts *o, int n, const int8_t *label, const double *score,
                    const lem_rng *rng, int *out) {
    int want = o->per_problem > 0 ? o->per_problem : 6, k = o->top_k > 0 ? o->top_k : 14;
    int pos[MAX_K], neg[MAX_K];
    if (k > MAX_K - 1) k = MAX_K - 1;
    int np = gather(o, n, label, score, 1, k, pos), nn = gather(o, n, label, score, 0, k, neg);
    if (np == 0 || nn == 0) return 0;
    int first = o->positives > 0 ? o->positives : want / 2;
    int p = least(first, np), q = least(want - p, nn);
    p = least(want - q, np); /* positives fill what negatives leave */
    if (p + q < want && !(o->keep_short && p && q)) return 0;
    lem_rng r = *rng;
    draw(pos, concise(o, pos, np, p), p, &r);
    draw(neg, nn, q, &r);
    for (int i = 0; i < p; i++) out[i] = pos[i];
    for (int i = 0; i < q; i++) out[p + i] = neg[i];
    return p + q;
}
