/* test_left.c - the time announced after a tenth of a run, against what a run of simulated candidates takes
 */
#include "../checks.h"
#include "core/rng.h"
#include "generate/run.h"

#include <math.h>

enum { MOST = 256, MAX_N = 4000 };

typedef struct run {
    int n, slots, length[MAX_N];
    int left[MAX_N]; /* of each slot: tokens until its candidate ends */
} run;

/* Steps of the whole run; with tenth >= 0 what is announced at that step, in steps: a step takes 1 + slots
 * / 64. */
static double seconds_of(const run *in, int at, double *announced) {
    run r = *in;
    lem_generate_stats s = {0};
    uint64_t finished_tokens = 0;
    int next = 0, flying = 0, length_of[MAX_N];
    double clock = 0;
    for (int step = 0; s.candidates < (uint64_t)r.n; step++) {
        for (; flying < r.slots && next < r.n; next++, flying++)
            r.left[flying] = length_of[flying] = r.length[next];
        clock += 1 + flying / 64.0;
        s.generated_tokens += (uint64_t)flying;
        for (int i = 0; i < flying; i++) {
            if (--r.left[i]) continue;
            s.candidates++;
            finished_tokens += (uint64_t)length_of[i];
            r.left[i] = r.left[--flying];
            length_of[i] = length_of[flying];
            i--;
        }
        if (step != at) continue;
        double rate = (double)s.generated_tokens / clock;
        *announced = clock + lem_generate_left(&s, (uint64_t)r.n, finished_tokens, r.slots, MOST) / rate;
    }
    return clock;
}

static int steps_of(run *r) {
    double none;
    int steps = 0;
    /* the step beyond the last tells nothing */
    for (int lo = 0, hi = 100000; lo < hi;) {
        int mid = (lo + hi) / 2;
        none = -1;
        (void)seconds_of(r, mid, &none);
        if (none < 0) hi = mid;
        else lo = mid + 1;
        steps = lo;
    }
    return steps;
}

/* none_ended: after a tenth only the limit is known, and what is told is the most that it can take. */
static void check(run *r, const char *what, bool none_ended) {
    double announced = 0, steps = steps_of(r), took = seconds_of(r, (int)(steps / 10), &announced);
    bool near = announced <= 1.5 * took && took <= 1.5 * announced;
    if (none_ended) near = announced >= took;
    if (!near) print_error("%s: %.0f told, %.0f taken\n", what, announced, took);
    assert_true(near);
}

static int draw(lem_rng *g, int kind) {
    double u = lem_rng_next_unit(g);
    if (kind == 0) return 120;                                 /* all alike */
    if (kind == 1) return 50 + (int)(u * 200);                 /* even */
    if (kind == 2) return u < 0.5 ? 60 + (int)(u * 80) : MOST; /* half of them cut: a small real model */
    int n = 1 + (int)(-log(1 - u) * 90);                       /* exponential */
    return n < MOST ? n : MOST;
}

static void within_a_factor_of_one_and_a_half(void **state) {
    (void)state;
    static run r;
    static const int sizes[][2] = {{480, 256}, {1000, 64}, {4000, 256}, {1000, 8}};
    static const char *const kinds[] = {"all alike", "even", "half cut", "exponential"};
    for (int kind = 0; kind < 4; kind++)
        for (int k = 0; k < 4; k++) {
            lem_rng g = lem_rng_make(3, kinds[kind], (uint64_t)k);
            r.n = sizes[k][0];
            r.slots = sizes[k][1];
            for (int i = 0; i < r.n; i++) r.length[i] = draw(&g, kind);
            check(&r, kinds[kind], kind < 2 && k == 0);
        }
}

static void before_anything_ended_the_limit_counts(void **state) {
    (void)state;
    const lem_generate_stats s = {.generated_tokens = 80};
    assert_float_equal(lem_generate_left(&s, 8, 0, 8, 100), 720, 1e-9);
    const lem_generate_stats all = {.generated_tokens = 800, .candidates = 8};
    assert_float_equal(lem_generate_left(&all, 8, 800, 8, 100), 0, 1e-9);
    const lem_generate_stats late = {.generated_tokens = 500, .candidates = 10};
    assert_float_equal(lem_generate_left(&late, 12, 300, 8, 100), 2, 1e-9); /* never none */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(within_a_factor_of_one_and_a_half),
                                       cmocka_unit_test(before_anything_ended_the_limit_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
