/* agreement.c - Cohen's kappa */
#include "stats/agreement.h"

#include <math.h>

double lem_kappa(const uint64_t *table, int k) {
    double all = 0, same = 0, chance = 0;
    for (int i = 0; i < k * k; i++) all += (double)table[i];
    for (int i = 0; i < k; i++) {
        double row = 0, column = 0;
        for (int j = 0; j < k; j++) {
            row += (double)table[i * k + j];
            column += (double)table[j * k + i];
        }
        same += (double)table[i * k + i];
        chance += row * column;
    }
    if (all <= 0 || chance >= all * all) return NAN;
    return (same / all - chance / (all * all)) / (1 - chance / (all * all));
}
