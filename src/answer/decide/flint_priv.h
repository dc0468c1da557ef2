/* flint_priv.h - the one place that knows where FLINT and Arb keep their headers
 *
 * FLINT 3 has Arb inside; before that they are two libraries. Facts used: a zeroed arb_t, acb_t or fmpz_t is
 * a valid zero; flint_cleanup frees what FLINT caches for the calling thread. */
#ifndef LEM_ANSWER_FLINT_PRIV_H
#define LEM_ANSWER_FLINT_PRIV_H

#include <gmp.h> /* before FLINT's headers: it declares its GMP functions only then */

#if defined(__has_include) && __has_include(<flint/acb.h>)
#include <flint/acb.h>
#include <flint/acb_calc.h>
#include <flint/arb.h>
#include <flint/arb_hypgeom.h>
#else
#include <acb.h>
#include <acb_calc.h>
#include <arb.h>
#include <arb_hypgeom.h>
#endif
#include <flint/flint.h>
#include <flint/fmpq.h>
#include <flint/fmpq_poly.h>
#include <flint/fmpz.h>
#include <flint/fmpz_mpoly.h>
#include <flint/ulong_extras.h>

#endif
