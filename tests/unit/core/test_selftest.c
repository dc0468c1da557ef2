/* test_selftest.c - results are kept in order, failures are named, and core's own checks pass */
#include "core/selftest.h"

#include "core/mem.h"

#include "../checks.h"

static void nothing_checked(void **state) {
    (void)state;
    lem_selftest t = {0};
    OK(lem_selftest_status(&t, &err));
    lem_selftest_release(&t);
}

static void results_in_order(void **state) {
    (void)state;
    lem_selftest t = {0};
    lem_selftest_add(&t, "one", true, "as %s", "ever");
    lem_selftest_add(&t, "two", false, "off by %d", 2);
    lem_selftest_add(&t, "three", false, "odd");
    FAILS(lem_selftest_status(&t, &err), LEM_NO, "2 of 3 checks failed: two (off by 2), three (odd)");
    lem_buf b = {0};
    lem_json_write(t.results, 0, &b);
    assert_string_equal(lem_buf_str(&b), "[{\"name\":\"one\",\"ok\":true,\"detail\":\"as ever\"},"
                                         "{\"name\":\"two\",\"ok\":false,\"detail\":\"off by 2\"},"
                                         "{\"name\":\"three\",\"ok\":false,\"detail\":\"odd\"}]");
    lem_buf_release(&b);
    lem_selftest_release(&t);
    assert_int_equal(t.n, 0);
}

static void want_of_memory_is_remembered(void **state) {
    (void)state;
    lem_selftest t = {0};
    lem_mem_fail_after(1, true);
    lem_selftest_add(&t, "one", false, "odd");
    lem_mem_fail_after(0, false);
    FAILS(lem_selftest_status(&t, &err), LEM_EMEM, "memory");
    lem_selftest_release(&t);
}

static void cores_own(void **state) {
    (void)state;
    lem_selftest t = {0};
    lem_core_selftest(&t);
    OK(lem_selftest_status(&t, &err));
    assert_int_equal(t.n, 2);
    assert_string_equal(lem_json_str(lem_json_find(t.results, "0.name"), ""), "json");
    assert_string_equal(lem_json_str(lem_json_find(t.results, "1.name"), ""), "sha256");
    lem_selftest_release(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_checked),
        cmocka_unit_test(results_in_order),
        cmocka_unit_test(want_of_memory_is_remembered),
        cmocka_unit_test(cores_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
