/* passk.c - pass@k */
#include "eval/passk.h"

#include <math.h>

double lem_eval_pass_at_k(int n, int c, int k) {
    if (n < 1 || k < 1 || k > n || c < 0 || c > n) return NAN;
    if (n - c < k) return 1;
    double none = 1; /* C(n-c,k)/C(n,k) = prod over i in n-c+1..n of (1 - k/i) */
    for (int i = n - c + 1; i <= n; i++) none *= 1 - (double)k / i;
    return 1 - none;
}

double lem_eval_pass_first(const lem_eval_problem *p, int k) {
    for (int i = 0; i < k && i < p->n; i++)
        if (p->correct[i]) return 1;
    return 0;
}

int lem_eval_count_correct(const lem_eval_problem *p) {
    int c = 0;
    for (int i = 0; i < p->n; i++) c += p->correct[i] != 0;
    return c;
}
