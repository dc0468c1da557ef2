/* test_memory_limits - limits of the machine, of control groups of both versions and of the process, from
 * trees of files as the kernel writes them */
#include "support.h"

#include "core/memory_limits.h"

#include <sys/resource.h>
#include <sys/wait.h>

static const double MIB = 1 << 20;

static void put(void **state, const char *name, const char *text) {
    lem_err err = LEM_ERR_INIT;
    const folder *f = *state;
    char path[512], *dir;
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    dir = lem_path_dir(path, &err);
    assert_int_equal(lem_dir_make(dir, &err), LEM_OK);
    free(dir);
    put_file(path, text, strlen(text));
}

static lem_memory_limits look(void **state) {
    const folder *f = *state;
    return lem_memory_limits_look(f->path);
}

#define MACHINE "MemTotal:        8388608 kB\nMemFree:          100000 kB\nMemAvailable:    4194304 kB\n"

static void of_the_machine(void **state) {
    put(state, "proc/meminfo", MACHINE);
    lem_memory_limits l = look(state);
    assert_true(l.most == 8192 * MIB && l.free == 4096 * MIB);
    assert_string_equal(l.who, "this machine has");
    l = lem_memory_limits_look("");
    assert_true(l.free > 0 && l.free <= l.most && l.most > 16 * MIB);
}

/* The group above allows less, and its caches of files can go. */
static void of_groups_v2(void **state) {
    put(state, "proc/meminfo", MACHINE);
    put(state, "proc/self/cgroup", "0::/batch/job7\n");
    put(state, "sys/fs/cgroup/batch/job7/memory.max", "max\n");
    put(state, "sys/fs/cgroup/batch/job7/memory.current", "1048576\n");
    put(state, "sys/fs/cgroup/batch/memory.max", "2147483648\n");
    put(state, "sys/fs/cgroup/batch/memory.current", "1610612736\n");
    put(state, "sys/fs/cgroup/batch/memory.stat",
        "anon 9\nfile 536870912\ninactive_file 104857600\nactive_file 52428800\n");
    lem_memory_limits l = look(state);
    assert_true(l.most == 2048 * MIB);
    assert_true(l.free == (2048 - 1536 + 150) * MIB);
    assert_string_equal(l.who, "the control group allows");
    put(state, "sys/fs/cgroup/batch/memory.current", "4294967296\n");
    assert_true(look(state).free == 0);
}

/* In a container the path is not to be seen: the mount itself is the group. */
static void of_groups_v1(void **state) {
    put(state, "proc/meminfo", MACHINE);
    put(state, "proc/self/cgroup", "12:cpu,cpuacct:/docker/f00\n9:memory:/docker/f00\n0::/\n");
    put(state, "sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n");
    put(state, "sys/fs/cgroup/memory/memory.usage_in_bytes", "209715200\n");
    put(state, "sys/fs/cgroup/memory/memory.stat",
        "inactive_file 7\ntotal_inactive_file 104857600\ntotal_active_file 0\n");
    lem_memory_limits l = look(state);
    assert_true(l.most == 1024 * MIB && l.free == (1024 - 100) * MIB);
    put(state, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"); /* none */
    assert_true(look(state).most == 8192 * MIB);
}

static void damaged(void **state) {
    put(state, "proc/meminfo", "MemTotal: x\n\nnonsense");
    put(state, "proc/self/cgroup", "\n:\n::\n0::/a\n0::/../..\n9:memory\n");
    put(state, "sys/fs/cgroup/a/memory.max", "");
    put(state, "sys/fs/cgroup/a/memory.current", "-\n");
    assert_true(look(state).most >= 0);
}

/* ulimit -v, in a process of its own. */
static void of_the_process(void **state) {
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* a sanitizer maps more than that */
#endif
    lem_memory_limits before = lem_memory_limits_look("");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit r = {(rlim_t)1 << 33, (rlim_t)1 << 33};
        if (setrlimit(RLIMIT_DATA, &r) != 0) _exit(3);
        lem_memory_limits l = lem_memory_limits_look("");
        bool fits =
            before.most <= 8192 * MIB || (l.most == 8192 * MIB && strcmp(l.who, "half of ulimit is") == 0);
        _exit(fits && l.free <= 4096 * MIB ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(of_the_machine, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(of_groups_v2, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(of_groups_v1, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(damaged, folder_setup, folder_teardown),
        cmocka_unit_test(of_the_process)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
