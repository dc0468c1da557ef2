/* decontam_lcs.c - length of the longest common subsequence, 64 words of one text at a time
 *
 * Crochemore et al. 2001, in the form of Hyyrö 2004 ("Bit-parallel LCS-length computation revisited"): a bit
 * for each word of b, set at first; for each word of a, with M the places of b that hold it,
 *   V = (V + (V & M)) | (V & ~M),
 * and the length is the number of bits that are 0 at the end. The sum carries from each 64 words into the
 * next, so one column of 64 words is taken through all of a, and leaves the carry of each word of a for the
 * column to its right: the masks of one column are all that is held. */
#include "curate/decontam_priv.h"

#include <string.h>

enum { LOOK_EVERY = 1 << 20 }; /* steps between looks at cancel */

static uint64_t column(const uint32_t *a, size_t n, const uint64_t *mask, uint8_t *carry) {
    uint64_t v = ~UINT64_C(0);
    for (size_t j = 0; j < n; j++) {
        uint64_t match = mask[a[j]], u = v & match, sum = v + u, total = sum + carry[j];
        carry[j] = (uint8_t)((sum < v) | (total < sum));
        v = total | (v & ~match);
    }
    return v;
}

lem_status lem_lcs_length(const uint32_t *a, size_t n, const uint32_t *b, size_t m, uint64_t *mask,
                          uint8_t *carry, const lem_cancel *cancel, uint32_t *out, lem_err *err) {
    uint32_t length = 0;
    size_t since = 0;
    if (n) memset(carry, 0, n);
    for (size_t at = 0; at < m; at += 64) {
        size_t width = m - at < 64 ? m - at : 64;
        for (size_t k = 0; k < width; k++) mask[b[at + k]] |= UINT64_C(1) << k;
        uint64_t zeros = ~column(a, n, mask, carry);
        if (width < 64) zeros &= (UINT64_C(1) << width) - 1;
        length += (uint32_t)__builtin_popcountll(zeros);
        for (size_t k = 0; k < width; k++) mask[b[at + k]] = 0;
        since += n + 64;
        if (since < LOOK_EVERY) continue;
        since = 0;
        lem_status st = lem_cancel_check(cancel, err);
        if (st) return st;
    }
    *out = length;
    return LEM_OK;
}
