/* test_mem - checked sizes, the failure hook, arenas, buffers */
#include "support.h"

#include "core/buf.h"
#include "core/mem.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXHAUSTED = 55, PIECE = 6 << 20 };
void lem_mem_exhausted(size_t bytes) { _exit(bytes == PIECE ? EXHAUSTED : 1); }

static void sizes(void **state) {
    (void)state;
    size_t out = 7;
    assert_true(lem_mul_size(3, 5, &out));
    assert_int_equal(out, 15);
    assert_false(lem_mul_size(SIZE_MAX / 2 + 1, 2, &out));
    assert_false(lem_add_size(SIZE_MAX, 1, &out));
    assert_true(lem_add_size(SIZE_MAX, 0, &out));
    lem_err err = LEM_ERR_INIT;
    volatile size_t huge = SIZE_MAX / 2;
    assert_null(lem_alloc(huge, 3, &err));
    assert_int_equal(err.status, LEM_EMEM);
    assert_null(lem_alloc_zero(huge, 3, &err));
    assert_null(lem_alloc_aligned(huge, 3, &err));
    assert_null(lem_realloc(NULL, huge, 3, &err));
}

static void zero_and_aligned(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    void *p = lem_alloc(0, 8, &err);
    assert_non_null(p);
    lem_free(p);
    for (size_t n = 0; n < 300; n += 37) {
        p = lem_alloc_aligned(n, 1, &err);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 64, 0);
        memset(p, 1, n);
        lem_free(p);
    }
    char *s = lem_strndup("hello", 3, &err);
    assert_string_equal(s, "hel");
    lem_free(s);
    lem_free(NULL);
}

static void hook(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    void *p[4];
    lem_mem_fail_after(2, false);
    for (int i = 0; i < 4; i++) p[i] = lem_alloc(1, 16, &err);
    assert_non_null(p[0]);
    assert_null(p[1]);
    assert_non_null(p[2]);
    assert_int_equal(err.status, LEM_EMEM);
    assert_has(err.text, "16");
    for (int i = 0; i < 4; i++) lem_free(p[i]);
    lem_mem_fail_after(2, true);
    for (int i = 0; i < 4; i++) p[i] = lem_alloc(1, 16, &err);
    assert_non_null(p[0]);
    for (int i = 1; i < 4; i++) assert_null(p[i]);
    lem_mem_fail_after(0, false);
    lem_free(p[0]);
    p[0] = lem_alloc(1, 16, &err);
    assert_non_null(p[0]);
    lem_free(p[0]);
}

/* Behind a failed allocation of a library all others fail at once, but those of a text that grows. */
static void libraries(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    void *p[4];
    assert_ok(lem_mem_library_begin(64, &err));
    lem_mem_fail_after(2, false);
    for (int i = 0; i < 3; i++) p[i] = lem_mem_library(24);
    p[3] = lem_mem_library(32);
    assert_true(p[0] && !p[1] && !p[2] && p[3]);
    assert_false(lem_mem_library_end());
    free(p[0]);
    free(p[3]);
    assert_ok(lem_mem_library_begin(64, &err));
    p[0] = lem_mem_library(24);
    lem_mem_fail_after(1, false);
    p[1] = lem_mem_library(32); /* from what was spared */
    assert_true(p[0] && p[1]);
    assert_false(lem_mem_library_end());
    free(p[0]);
    free(p[1]);
    assert_ok(lem_mem_library_begin(0, &err));
    p[0] = lem_mem_library(24);
    assert_non_null(p[0]);
    assert_true(lem_mem_library_end());
    free(p[0]);
}

static void arena(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_arena *a = lem_arena_new(128, 4096, &err);
    assert_non_null(a);
    for (int round = 0; round < 3; round++) {
        unsigned char *last = NULL;
        for (size_t n = 1; n < 60; n++) {
            unsigned char *p = lem_arena_alloc(a, n, 1);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % 16, 0);
            for (size_t i = 0; i < n; i++) assert_int_equal(p[i], 0);
            memset(p, 0xEE, n);
            if (last) assert_int_equal(*last, 0xEE);
            last = p;
        }
        assert_true(lem_arena_used(a) >= 59 * 60 / 2);
        assert_null(lem_arena_alloc(a, 4096, 1)); /* over the limit, and the arena stays usable */
        assert_string_equal(lem_arena_strndup(a, "abcdef", 4), "abcd");
        assert_null(lem_arena_alloc(a, SIZE_MAX / 2, 3));
        lem_arena_reset(a);
        assert_int_equal(lem_arena_used(a), 0);
    }
    lem_arena_free(a);
}

static void buffer(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_buf b = {0};
    assert_string_equal(lem_buf_str(&b), "");
    assert_true(lem_buf_reserve(&b, 10));
    assert_string_equal(lem_buf_str(&b), "");
    for (int i = 0; i < 1000; i++) lem_buf_printf(&b, "%d,", i);
    lem_buf_putc(&b, '!');
    lem_buf_add(&b, NULL, 0);
    assert_int_equal(b.len, 10 * 2 + 90 * 3 + 900 * 4 + 1);
    assert_int_equal(strlen(b.data), b.len);
    assert_ok(lem_buf_ok(&b, &err));
    char *s = lem_buf_take(&b);
    assert_int_equal(strncmp(s, "0,1,2,", 6), 0);
    lem_free(s);
    assert_int_equal(b.len, 0);
    s = lem_buf_take(&b);
    assert_string_equal(s, "");
    lem_free(s);
}

static void buffer_failure(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_buf b = {0};
    lem_buf_puts(&b, "abc");
    lem_mem_fail_after(1, false);
    for (int i = 0; i < 100; i++) lem_buf_puts(&b, "0123456789");
    lem_mem_fail_after(0, false);
    assert_int_equal(lem_buf_ok(&b, &err), LEM_EMEM);
    size_t len = b.len;
    lem_buf_puts(&b, "more");
    assert_int_equal(b.len, len); /* ignored since the failure */
    assert_null(lem_buf_take(&b));
    lem_buf_puts(&b, "x"); /* empty and valid again */
    assert_ok(lem_buf_ok(&b, &err));
    lem_buf_release(&b);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static void reserve_serves_once(void) {} /* their shadow memory needs address space without bounds */
#else
/* In a process of its own, with hardly more address space than it has: how it ends. */
static int without_memory(bool reserve) {
    pid_t pid = fork();
    int status = 0;
    if (pid == 0) {
        lem_err err = LEM_ERR_INIT;
        if (reserve && lem_mem_reserve(&err) != LEM_OK) _exit(2);
        FILE *f = fopen("/proc/self/statm", "r");
        unsigned long pages = 0;
        if (!f || fscanf(f, "%lu", &pages) != 1) _exit(3);
        rlim_t size = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + (1 << 20);
        if (setrlimit(RLIMIT_AS, &(struct rlimit){size, size}) != 0) _exit(4);
        uint64_t before = lem_mem_failures();
        volatile char *p = lem_mem_insist(PIECE);
        if (!p || lem_mem_failures() != before + 1) _exit(5);
        p[PIECE - 1] = 1;
        if (write(STDERR_FILENO, "once\n", 5) != 5) _exit(6);
        (void)lem_mem_insist(PIECE); /* does not come back */
        _exit(7);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void reserve_serves_once(void) {
    int pipes[2], kept = dup(STDERR_FILENO);
    for (int reserve = 0; reserve < 2; reserve++) {
        char said[16] = "";
        assert_int_equal(pipe(pipes), 0);
        dup2(pipes[1], STDERR_FILENO);
        int how = without_memory(reserve);
        dup2(kept, STDERR_FILENO);
        close(pipes[1]);
        assert_int_equal(read(pipes[0], said, sizeof said - 1), reserve ? 5 : 0);
        close(pipes[0]);
        assert_int_equal(how, EXHAUSTED);
    }
    close(kept);
}
#endif

/* The reserve serves once, and is told of; then the program's own end. The hook only counts. */
static void insistence(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    uint64_t before = lem_mem_failures();
    lem_mem_fail_after(1, false);
    void *p = lem_mem_insist_more(lem_mem_insist(8), 16);
    lem_mem_fail_after(0, false);
    assert_non_null(p);
    assert_int_equal(lem_mem_failures(), before + 1);
    lem_free(p);
    lem_mem_fail_after(1, false);
    assert_int_equal(lem_mem_reserve(&err), LEM_EMEM);
    lem_mem_fail_after(0, false);
    assert_int_equal(lem_mem_reserve(&err), LEM_OK);
    lem_mem_fail_after(1, false);
    assert_int_equal(lem_mem_reserve(&err), LEM_OK); /* there is one already */
    lem_mem_fail_after(0, false);
    lem_mem_leave_thread();
    reserve_serves_once();
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(sizes),     cmocka_unit_test(zero_and_aligned),
                                       cmocka_unit_test(hook),      cmocka_unit_test(arena),
                                       cmocka_unit_test(buffer),    cmocka_unit_test(buffer_failure),
                                       cmocka_unit_test(libraries), cmocka_unit_test(insistence)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
