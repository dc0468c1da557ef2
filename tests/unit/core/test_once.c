/* test_once - a million keys, each told once, in little memory; every allocation that fails */
#include "support.h"

#include "core/mem.h"
#include "core/once.h"

enum { MANY = 1000000 };

static void each_once(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_once o = {.n = 0};
    char key[64];
    uint64_t before = 7;
    bool there;
    for (uint32_t round = 0; round < 2; round++)
        for (uint32_t i = 0; i < MANY; i++) {
            int n = snprintf(key, sizeof key, "a-problem-with-a-long-id/%u", i);
            assert_int_equal(lem_once_add(&o, key, (size_t)n, i + round, &there, &before, &err), LEM_OK);
            if (there != round || (there && before != i))
                fail_msg("key %u: %llu", i, (unsigned long long)before);
        }
    assert_int_equal(o.n, MANY);
    assert_true(o.cap < 2 * (size_t)MANY); /* of 16 bytes */
    assert_int_equal(lem_once_add(&o, "", 0, (uint64_t)1 << 40, &there, &before, &err), LEM_OK);
    assert_int_equal(lem_once_add(&o, "", 0, 5, &there, &before, &err), LEM_OK);
    assert_true(there);
    assert_int_equal(before, UINT32_MAX - 1);
    assert_int_equal(lem_once_add(&o, "\0", 1, 5, &there, &before, &err), LEM_OK);
    assert_false(there);
    lem_once_release(&o);
    assert_int_equal(o.cap, 0);
}

/* A failed addition changes nothing, and can be made again. */
static void no_memory(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_once o = {.n = 0};
    uint64_t before;
    bool there;
    for (uint64_t i = 1; i < 2000; i++) {
        lem_mem_fail_after(1, false);
        lem_status st = lem_once_add(&o, &i, sizeof i, i, &there, &before, &err);
        lem_mem_fail_after(0, false);
        if (st != LEM_OK) {
            assert_int_equal(st, LEM_EMEM);
            assert_int_equal(lem_once_add(&o, &i, sizeof i, i, &there, &before, &err), LEM_OK);
        }
        assert_false(there);
        assert_int_equal(o.n, i);
    }
    lem_once_release(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_once), cmocka_unit_test(no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
