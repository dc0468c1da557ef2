/* bench/candidates - rows of scored candidates for `lemma select`, as many as asked for, without texts
 *
 *   bench_candidates PROBLEMS CANDIDATES > rows.jsonl
 *       problem i is solved with a probability of its own; wrong answers are among thirty; scores know a
 * little
 */
#include "core/buf.h"
#include "core/rng.h"

#include <stdio.h>
#include <stdlib.h>

enum { RIGHT = 7, WRONG_ANSWERS = 30 };

static bool correct_of(const lem_rng *r, double rate, uint64_t j) { return lem_rng_unit_at(r, 4 * j) < rate; }

static void add_answer(const lem_rng *r, double rate, uint64_t j, lem_buf *b) {
    int wrong = RIGHT + 1 + (int)(lem_rng_at(r, 4 * j + 1) % WRONG_ANSWERS);
    lem_buf_printf(b, "\"%d\"", correct_of(r, rate, j) ? RIGHT : wrong);
}

static void add_correct(const lem_rng *r, double rate, uint64_t j, lem_buf *b) {
    lem_buf_puts(b, correct_of(r, rate, j) ? "true" : "false");
}

static void add_score(const lem_rng *r, double rate, uint64_t j, lem_buf *b) {
    double s = lem_rng_unit_at(r, 4 * j + 2) + 0.4 * correct_of(r, rate, j);
    lem_buf_printf(b, "%.5f", s);
}

static void add_tokens(const lem_rng *r, double rate, uint64_t j, lem_buf *b) {
    (void)rate;
    lem_buf_printf(b, "%d", 60 + (int)(lem_rng_at(r, 4 * j + 3) % 400));
}

static void add_row(uint64_t problem, uint64_t n, lem_buf *b) {
    static const struct {
        const char *name;
        void (*add)(const lem_rng *r, double rate, uint64_t j, lem_buf *b);
    } lists[] = {{"predicted_answer", add_answer},
                 {"correct", add_correct},
                 {"rm_score", add_score},
                 {"tokens", add_tokens}};
    lem_rng r = lem_rng_make(1, "bench candidates", problem);
    double rate = lem_rng_unit_at(&r, 4 * n);
    unsigned long long id = problem;
    lem_buf_printf(b, "{\"id\": \"%llu\", \"problem\": \"p%llu\", \"expected_answer\": \"%d\"", id, id,
                   RIGHT);
    for (size_t k = 0; k < sizeof lists / sizeof *lists; k++) {
        lem_buf_printf(b, ", \"%s\": [", lists[k].name);
        for (uint64_t j = 0; j < n; j++) {
            if (j) lem_buf_puts(b, ", ");
            lists[k].add(&r, rate * rate, j, b);
        }
        lem_buf_puts(b, "]");
    }
    lem_buf_puts(b, "}\n");
}

int main(int argc, char **argv) {
    if (argc != 3) return fprintf(stderr, "usage: bench_candidates PROBLEMS CANDIDATES > rows.jsonl\n"), 2;
    uint64_t problems = strtoull(argv[1], NULL, 10), n = strtoull(argv[2], NULL, 10);
    lem_buf b = {0};
    bool ok = true;
    for (uint64_t i = 0; ok && i < problems; i++) {
        b.len = 0;
        add_row(i, n, &b);
        ok = !b.failed && fwrite(b.data, 1, b.len, stdout) == b.len;
    }
    ok = ok && fflush(stdout) == 0;
    lem_buf_release(&b);
    return ok ? 0 : 8;
}
