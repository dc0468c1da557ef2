/* test_machine.c - facts of the machine are plausible, absent ones say so */
#include "core/machine.h"

#include "../checks.h"

static void memory_and_disk(void **state) {
    (void)state;
    lem_machine m = lem_machine_look("/tmp");
    assert_true(m.memory > 1 << 20);
    assert_true(m.memory_free > 0 && m.memory_free <= m.memory);
    assert_true(m.disk_free >= 0);
    assert_true(lem_machine_look("/nonexistent/folder").disk_free < 0);
}

static void versions_of_libraries(void **state) {
    (void)state;
    assert_non_null(lem_library_version("gnu_get_libc_version"));
    assert_true(*lem_library_version("gnu_get_libc_version") == '2');
    assert_null(lem_library_version("no_library_has_this_function"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(memory_and_disk),
                                       cmocka_unit_test(versions_of_libraries)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
