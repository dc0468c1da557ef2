/* test_device - sampling on a device that fails at any moment: told, and no wrong candidate is handed out */
#include "tiny.h"

#include <stdlib.h>

enum { N_PROMPTS = 2, N = 3 };
static const char *const prompts[] = {"ab", "b"};

static lem_status sample(const tiny *t, tiny_result *result, lem_err *err) {
    static const int32_t end[] = {0};
    const lem_generate_opts o = {
        .sample = {1.0f, 0, 1}, .max_tokens = 6, .end = end, .n_end = 1, .slots = 4, .seed = 1};
    memset(result, 0, N_PROMPTS * N * sizeof *result);
    tiny_run run = {.t = t, .prompt = prompts, .n_prompts = N_PROMPTS, .n = N, .result = result};
    lem_generate_stats stats;
    return tiny_generate(&run, &o, &stats, err);
}

static void every_failure_is_told(void **state) {
    (void)state;
    static tiny_result want[N_PROMPTS * N], got[N_PROMPTS * N];
    lem_err err = LEM_ERR_INIT;
    tiny t = tiny_open(true, 1, LEM_ISA_GENERIC, LEM_DTYPE_F32);
    long before = far_ops(t.backend);
    assert_int_equal(sample(&t, want, &err), LEM_OK);
    long ops = far_ops(t.backend) - before;
    size_t live = far_live(t.backend);
    assert_true(ops > 100);
    for (long k = 1; k <= ops; k++) {
        far_fail_after(t.backend, k);
        lem_status st = sample(&t, got, &err);
        far_fail_after(t.backend, 0);
        assert_int_equal(st, LEM_EIO);
        assert_non_null(strstr(err.text, "failed"));
        assert_int_equal(far_live(t.backend), live);
        for (int i = 0; i < N_PROMPTS * N; i++)
            if (got[i].there) assert_true(tiny_same(&got[i], &want[i]));
    }
    tiny_close(&t);
}

int main(void) {
    setenv("LEMMA_FAR", "1", 1);
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_failure_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
