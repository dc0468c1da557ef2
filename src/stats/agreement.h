/* stats/agreement.h - how far two graders agree beyond chance */
#ifndef LEM_STATS_AGREEMENT_H
#define LEM_STATS_AGREEMENT_H

#include <stdint.h>

/* Cohen's kappa (1960) of table[k * k], row: what the first says, column: the second. NAN where both say one
 * thing only. */
double lem_kappa(const uint64_t *table, int k);

#endif
