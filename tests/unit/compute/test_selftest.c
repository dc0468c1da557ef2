/* test_selftest.c - one check for each compute path that this CPU has, and all of them pass */
#include "compute/selftest.h"

#include "compute/backend.h"

#include <stdio.h>

#include "../checks.h"

static void every_path(void **state) {
    (void)state;
    static const struct {
        lem_isa isa;
        const char *name;
    } paths[] = {{LEM_ISA_GENERIC, "generic"},
                 {LEM_ISA_AVX2, "avx2"},
                 {LEM_ISA_AVX512, "avx512"},
                 {LEM_ISA_AVX512BF16, "avx512bf16"}};
    lem_selftest t = {0};
    size_t n = 0;
    char want[64];
    OK(lem_compute_selftest(NULL, &t, &err));
    OK(lem_selftest_status(&t, &err));
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        if (!lem_isa_supported(paths[i].isa)) continue;
        const lem_json *c = lem_json_at(t.results, n++);
        snprintf(want, sizeof want, "compute path %s", paths[i].name);
        assert_string_equal(lem_json_str(lem_json_get(c, "name"), ""), want);
    }
    assert_int_equal(t.n, n);
    lem_selftest_release(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_path)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
