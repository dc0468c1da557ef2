/* benchmarks.c - the table of test sets known by name */
#include "curate/benchmarks.h"

#include <string.h>

static const lem_benchmark table[] = {
    {"gsm8k", "bench/gsm8k/test.jsonl.gz", "question", "answer"},
    {"math500", "bench/math/math500.jsonl.gz", "problem", "solution"},
    {"aime24", "bench/qwen25math/aime24/test.jsonl.gz", "problem", "solution"},
    {"amc23", "bench/qwen25math/amc23/test.jsonl", "problem", NULL},
    {"aqua", "bench/qwen25math/aqua/test.jsonl", "question", "rationale"},
    {"minerva_math", "bench/qwen25math/minerva_math/test.jsonl.gz", "problem", "solution"},
    {"mmlu_stem", "bench/qwen25math/mmlu_stem/test.jsonl.gz", "question", NULL},
    {"svamp", "bench/qwen25math/svamp/test.jsonl.gz", "Body+Question", NULL},
    {"humaneval", "bench/code/HumanEval.jsonl.gz", "prompt", "canonical_solution"},
    {"mbpp", "bench/code/mbpp.jsonl.gz", "text", "code"},
};
enum { N_BENCHMARKS = sizeof table / sizeof *table };

const lem_benchmark *lem_benchmark_at(size_t i) { return i < N_BENCHMARKS ? &table[i] : NULL; }

const lem_benchmark *lem_benchmark_find(const char *name) {
    for (size_t i = 0; i < N_BENCHMARKS; i++)
        if (strcmp(table[i].name, name) == 0) return &table[i];
    return NULL;
}
