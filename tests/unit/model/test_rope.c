/* test_rope - angles of every scaling against their formulas in double, and what does not depend on what */
#include "support.h"

enum { E = 16, HALF = E / 2, POSITIONS = 300 };

/* fp32 frequency and angle: an error of p*f*2^-23 at most, and a few ulps of the frequency itself. */
static double tolerance(double angle) { return 1e-6 + angle * 6e-7; }

static void check_table(const lem_rope *r, float theta, int max_positions, double (*frequency)(int i, int p),
                        double by) {
    static float t[POSITIONS * E];
    lem_rope ok = *r;
    OK(lem_rope_check(&ok, max_positions, &err));
    lem_rope_fill(&ok, theta, E, max_positions, POSITIONS, t);
    for (int p = 0; p < POSITIONS; p++)
        for (int i = 0; i < HALF; i++) {
            double angle = p * frequency(i, p);
            assert_true(fabs((double)t[p * E + i] - by * cos(angle)) <= by * tolerance(angle));
            assert_true(fabs((double)t[p * E + HALF + i] - by * sin(angle)) <= by * tolerance(angle));
        }
}

static double plain_frequency(double theta, int i) { return pow(theta, -2.0 * i / E); }
static double plain(int i, int p) {
    (void)p;
    return plain_frequency(1e4, i);
}
static double linear(int i, int p) { return plain(i, p) / 2.5; }

/* Waves longer than 64 tokens by 1/8, shorter than 16 as they are, between them blended by where they lie
 * between 64 and 16. */
static double llama3(int i, int p) {
    double f = plain(i, p), wave = 2 * M_PI / f, at = (64 / wave - 1) / (4 - 1);
    return wave > 64 ? f / 8 : wave < 16 ? f : (1 - at) * f / 8 + at * f;
}

static double dynamic(int i, int p) {
    double n = p + 1 > 40 ? p + 1 : 40;
    return plain_frequency(1e4 * pow(3 * n / 40 - 2, (double)E / (E - 2)), i);
}

/* Pairs that turn more than beta_fast times in 64 tokens stay, those that turn less than beta_slow times are
 * stretched by 4. */
static double yarn(int i, int p) {
    double low = floor(E * log(64 / (8 * 2 * M_PI)) / (2 * log(1e4))),
           high = ceil(E * log(64 / (1 * 2 * M_PI)) / (2 * log(1e4)));
    low = low < 0 ? 0 : low;
    double ramp = fmin(1, fmax(0, (i - low) / (high - low)));
    return plain(i, p) / 4 * ramp + plain(i, p) * (1 - ramp);
}

static void formulas(void **state) {
    (void)state;
    check_table(&(lem_rope){0}, 1e4f, 400, plain, 1);
    check_table(&(lem_rope){.kind = LEM_ROPE_LINEAR, .factor = 2.5f}, 1e4f, 400, linear, 1);
    check_table(
        &(lem_rope){.kind = LEM_ROPE_LLAMA3, .factor = 8, .low_freq = 1, .high_freq = 4, .original = 64},
        1e4f, 400, llama3, 1);
    check_table(&(lem_rope){.kind = LEM_ROPE_DYNAMIC, .factor = 3, .declared = 40}, 1e4f, 400, dynamic, 1);
    lem_rope y = {.kind = LEM_ROPE_YARN, .factor = 4, .beta_fast = 8, .original = 64};
    check_table(&y, 1e4f, 400, yarn, 0.1 * log(4) + 1);
    y.attention_factor = 0.7f;
    check_table(&y, 1e4f, 400, yarn, (double)0.7f);
    y.attention_factor = 0;
    y.mscale = 0.7f;
    check_table(&y, 1e4f, 400, yarn, 0.1 * log(4) + 1); /* without mscale_all_dim it does not count */
    y.mscale_all = 1;
    check_table(&y, 1e4f, 400, yarn, (0.1 * 0.7 * log(4) + 1) / (0.1 * log(4) + 1));
    y.original = 0;
    y.declared = 64;
    check_table(&y, 1e4f, 256, yarn,
                (0.1 * 0.7 * log(4) + 1) / (0.1 * log(4) + 1)); /* the file's max_position_embeddings then */
}

/* A row of the table depends on its position alone, not on how many rows are asked for. */
static void rows_stand_alone(void **state) {
    (void)state;
    static float all[POSITIONS * E], some[POSITIONS * E];
    const lem_rope r = {.kind = LEM_ROPE_DYNAMIC, .factor = 3, .declared = 40};
    lem_rope_fill(&r, 1e4f, E, 120, POSITIONS, all);
    for (int n = 1; n < POSITIONS; n += 7) {
        lem_rope_fill(&r, 1e4f, E, 120, n, some);
        assert_memory_equal(all, some, (size_t)(n * E) * sizeof(float));
    }
    lem_rope_fill(&(lem_rope){0}, 1e4f, E, 120, 40, some); /* up to the original context nothing is scaled */
    assert_memory_equal(all, some, (size_t)(40 * E) * sizeof(float));
}

static void refusals(void **state) {
    (void)state;
    static const struct {
        lem_rope rope;
        const char *part;
    } cases[] = {
        {{.kind = (lem_rope_kind)9}, "unknown rope scaling 9"},
        {{.kind = LEM_ROPE_LINEAR}, "factor"},
        {{.kind = LEM_ROPE_DYNAMIC, .factor = NAN}, "factor"},
        {{.kind = LEM_ROPE_YARN, .factor = 2, .original = -1}, "original_max_position_embeddings"},
        {{.kind = LEM_ROPE_YARN, .factor = 2, .declared = 101}, "original_max_position_embeddings"},
        {{.kind = LEM_ROPE_YARN, .factor = 2, .beta_slow = -1}, "beta_slow"},
        {{.kind = LEM_ROPE_YARN, .factor = 2, .mscale = 1e9f}, "mscale"},
        {{.kind = LEM_ROPE_LLAMA3, .factor = 2, .low_freq = 1, .high_freq = 4},
         "original_max_position_embeddings is missing"},
        {{.kind = LEM_ROPE_LLAMA3, .factor = 2, .original = 9, .low_freq = 4, .high_freq = 1}, "not below"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        lem_rope r = cases[i].rope;
        FAILS(lem_rope_check(&r, 100, &err), LEM_EDATA, cases[i].part);
    }
    lem_rope leftover = {.factor = 3, .original = 7};
    OK(lem_rope_check(&leftover, 100, &err)); /* plain has no fields */
    assert_true(leftover.factor == 0 && leftover.original == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(formulas), cmocka_unit_test(rows_stand_alone),
                                       cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
