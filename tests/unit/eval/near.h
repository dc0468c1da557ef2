/* near.h - comparison of doubles for the tests of eval */
#ifndef LEM_TEST_EVAL_NEAR_H
#define LEM_TEST_EVAL_NEAR_H

#include <math.h>

/* Equal, or within eps; NAN is near nothing. */
#define assert_near(got, want, eps)                                                                          \
    do {                                                                                                     \
        double near_got = (got), near_want = (want);                                                         \
        if (!(near_got == near_want || fabs(near_got - near_want) <= (eps)))                                 \
            fail_msg("%.17g, expected %.17g", near_got, near_want);                                          \
    } while (0)

#endif
