/* mix.c - shares of problems that a source has to itself */
#include "reward/mix.h"

#include "core/rng.h"

#include <stdlib.h>

static const double close_enough = 1e-9; /* sums of shares as people write them: 0.1 + 0.2 + 0.7 */

lem_status lem_mix_add(lem_mix *m, int n_sources, const char *text, lem_err *err) {
    char *end = NULL;
    long n = strtol(text, &end, 10);
    bool number = end != text && *end == '=';
    const char *at = number ? end + 1 : text;
    double share = number ? strtod(at, &end) : 0;
    if (!number || end == at || *end || !(share > 0 && share <= 1))
        return lem_fail(err, LEM_EUSAGE,
                        "'%s': N=SHARE expected, the number of a file and a share above 0 and up to 1", text);
    if (n < 1 || n > n_sources || n > LEM_MIX_SOURCES)
        return lem_fail(err, LEM_EUSAGE, "'%s': there are files 1 to %d", text, n_sources);
    if (m->share[n - 1] > 0) return lem_fail(err, LEM_EUSAGE, "'%s': file %ld has a share already", text, n);
    m->share[n - 1] = share;
    return LEM_OK;
}

lem_status lem_mix_check(const lem_mix *m, int n_sources, lem_err *err) {
    double sum = 0;
    int without = 0;
    for (int i = 0; i < n_sources; i++) {
        sum += m->share[i];
        without += m->share[i] == 0;
    }
    if (sum > 1 + close_enough) return lem_fail(err, LEM_EUSAGE, "shares of %g in all are more than 1", sum);
    if (!without && sum < 1 - close_enough)
        return lem_fail(
            err, LEM_EUSAGE,
            "every file has a share, and they come to %g: 1 expected, or a file without a share for the "
            "other problems",
            sum);
    return LEM_OK;
}

int lem_mix_choose(const lem_mix *m, int n_sources, uint64_t seed, uint64_t key) {
    lem_rng r = lem_rng_make(seed, "rm-mix", key);
    double x = lem_rng_next_unit(&r);
    int last = LEM_MIX_REST, without = 0;
    for (int i = 0; i < n_sources; i++) {
        without += m->share[i] == 0;
        if (m->share[i] == 0) continue;
        last = i;
        x -= m->share[i];
        if (x < 0) return i;
    }
    return without ? LEM_MIX_REST : last; /* shares of all that come to 1 but for rounding */
}
