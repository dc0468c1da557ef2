/* core/gcd.h - the greatest common divisor of whole numbers */
#ifndef LEM_CORE_GCD_H
#define LEM_CORE_GCD_H

#include <stdint.h>

/* Of 0 and n it is n. */
static inline uint64_t lem_gcd(uint64_t a, uint64_t b) {
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

#endif
