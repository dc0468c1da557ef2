/* complex_priv.h - C's complex numbers, with the CMPLXL that glibc gives to GCC only */
#ifndef LEM_GRADE_COMPLEX_PRIV_H
#define LEM_GRADE_COMPLEX_PRIV_H

#include <complex.h>

#ifndef CMPLXL
#define CMPLXL(x, y) __builtin_complex((long double)(x), (long double)(y))
#endif

#endif
