/* texts_priv.h - the YAML files of recipes/benchmarks as they lie in the program (CMake makes the table) */
#ifndef LEM_BENCH_TEXTS_PRIV_H
#define LEM_BENCH_TEXTS_PRIV_H

typedef struct lem_bench_text {
    const char *name; /* of the file, without .yaml; NULL ends the table */
    const char *text;
} lem_bench_text;

extern const lem_bench_text lem_bench_all_texts[]; /* sorted by name */

#endif
