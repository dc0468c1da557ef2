/* curate/benchmarks.h - test sets known by name: where their file lies and which of its fields are the prompt
 *
 * The one place that knows them. Files lie under a data folder ($LEMMA_DATA); none is shipped. */
#ifndef LEM_CURATE_BENCHMARKS_H
#define LEM_CURATE_BENCHMARKS_H

#include <stddef.h>

typedef struct lem_benchmark {
    const char *name; /* "gsm8k" */
    const char *path; /* below the data folder */
    const char *prompt,
        *solution; /* fields, joined by '+' where several are the prompt; solution may be NULL */
} lem_benchmark;

/* NULL if there is none of that name. */
const lem_benchmark *lem_benchmark_find(const char *name);
/* The i-th, from 0; NULL behind the last. */
const lem_benchmark *lem_benchmark_at(size_t i);

#endif
