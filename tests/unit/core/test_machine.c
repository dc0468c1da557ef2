/* test_machine.c - facts of the machine are plausible, absent ones say so */
#include "core/log.h"
#include "core/machine.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../checks.h"

static void memory_and_disk(void **state) {
    (void)state;
    assert_true(lem_machine_resident() > 1 << 18 && lem_machine_resident() <= lem_machine_peak());
    assert_true(lem_machine_look("/tmp").disk_free >= 0);
    assert_true(lem_machine_look("/nonexistent/folder").disk_free < 0);
}

static void versions_of_libraries(void **state) {
    (void)state;
    assert_non_null(lem_library_version("gnu_get_libc_version"));
    assert_true(*lem_library_version("gnu_get_libc_version") == '2');
    assert_null(lem_library_version("no_library_has_this_function"));
}

/* proc(5): user nice system idle iowait irq softirq steal; idle and iowait are no work. */
static void lines_of_proc_stat(void **state) {
    (void)state;
    assert_true(lem_load_parse("cpu  100 20 30 9000 800 7 3 40 5 6\n", 100) == 2.0);
    assert_true(lem_load_parse("cpu  1 2 3\n", 100) < 0);
    assert_true(lem_load_parse("intr 1 2 3 4 5 6 7 8\n", 100) < 0);
    assert_true(lem_load_parse("", 100) < 0);
}

static void spin(double seconds) {
    double end = lem_clock_seconds() + seconds;
    while (lem_clock_seconds() < end) {}
}

/* Another program's work is seen, this one's is not counted: with one spinning child others take more than
 * while only this process spins, by about what the child gets. */
static void others_are_told_from_oneself(void **state) {
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        for (;;) {}
    lem_load before = lem_load_begin();
    spin(0.5);
    double others = lem_load_others(&before), most = lem_machine_processors();
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    if (others < 0) skip(); /* no /proc/stat */
    assert_true(others > 0.1 && others < most + 0.1);
    lem_load never = {.at = lem_clock_seconds() - 1, .busy = -1};
    assert_true(lem_load_others(&never) < 0);
}

/* All that is at work is this process: nothing is left for others. */
static void own_work_is_no_load(void **state) {
    (void)state;
    lem_load l = lem_load_begin();
    spin(0.05);
    l.own = -1e6;
    assert_true(lem_load_others(&l) <= 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_and_disk), cmocka_unit_test(lines_of_proc_stat),
        cmocka_unit_test(others_are_told_from_oneself), cmocka_unit_test(own_work_is_no_load),
        cmocka_unit_test(versions_of_libraries)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
