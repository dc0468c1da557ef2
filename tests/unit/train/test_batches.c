/* test_batches.c - every item once an epoch, batches of so many items or tokens, the same however they are
 * asked for */
#include "train/batches.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ITEMS = 100 };

static int rows_of(void *ctx, uint64_t item) {
    (void)ctx;
    return (int)(item * 37 % 50) + 1;
}

static const lem_objective obj = {.n_items = ITEMS, .rows = rows_of};
static lem_err err;

/* Counts how often each item is taken; returns the steps. */
static long walk(const lem_batches_how *how, int seen[ITEMS], int *largest) {
    lem_batches b = {0};
    uint64_t items[ITEMS * 4], next[ITEMS * 4];
    assert_int_equal(lem_batches_init(&b, &obj, how, &err), LEM_OK);
    assert_true(b.largest <= ITEMS * 4);
    *largest = 0;
    memset(seen, 0, ITEMS * sizeof *seen);
    for (long s = 0; s < b.steps; s++) {
        int n = lem_batches_at(&b, s, items), tokens = 0;
        assert_true(n >= 1 && n <= b.largest);
        for (int i = 0; i < n; i++) {
            seen[items[i]]++;
            tokens += rows_of(NULL, items[i]);
        }
        if (tokens > *largest) *largest = tokens;
        if (how->tokens && n > 1) assert_true(tokens <= how->tokens);
        /* the next item would not have fitted */
        if (how->tokens && s + 1 < b.steps) {
            lem_batches_at(&b, s + 1, next);
            assert_true(tokens + rows_of(NULL, next[0]) > how->tokens);
        }
    }
    long steps = b.steps;
    lem_batches_release(&b);
    return steps;
}

static void every_item_once_an_epoch(void **state) {
    (void)state;
    int seen[ITEMS], largest, total = 0;
    for (uint64_t i = 0; i < ITEMS; i++) total += rows_of(NULL, i);
    for (int64_t tokens = 60; tokens <= 600; tokens += 108) {
        long steps = walk(&(lem_batches_how){8, tokens, 2, 0, 3}, seen, &largest);
        for (int i = 0; i < ITEMS; i++) assert_int_equal(seen[i], 2);
        assert_true(steps >= 2 * total / tokens && largest <= tokens);
    }
    assert_int_equal(walk(&(lem_batches_how){10, 0, 3, 0, 3}, seen, &largest), 30);
    for (int i = 0; i < ITEMS; i++) assert_int_equal(seen[i], 3);
    /* half an epoch takes half the items, none twice */
    int taken = 0;
    walk(&(lem_batches_how){8, 200, 0.5, 0, 3}, seen, &largest);
    for (int i = 0; i < ITEMS; i++) {
        assert_true(seen[i] <= 1);
        taken += seen[i];
    }
    assert_int_equal(taken, ITEMS / 2);
}

/* One that alone exceeds the tokens is a batch of its own. */
static void a_large_item_stands_alone(void **state) {
    (void)state;
    int seen[ITEMS], largest;
    assert_int_equal(walk(&(lem_batches_how){8, 1, 1, 0, 3}, seen, &largest), ITEMS);
    assert_int_equal(largest, 50);
}

static void steps_as_asked(void **state) {
    (void)state;
    int seen[ITEMS], largest;
    assert_int_equal(walk(&(lem_batches_how){8, 300, 1, 77, 3}, seen, &largest), 77);
    assert_int_equal(walk(&(lem_batches_how){8, 0, 1, 7, 3}, seen, &largest), 7);
    lem_objective none = {.n_items = 0, .rows = rows_of};
    lem_batches b = {0};
    assert_int_equal(lem_batches_init(&b, &none, &(lem_batches_how){8, 0, 1, 7, 3}, &err), LEM_EDATA);
}

/* What comes to less than a step is one. */
static void one_step_at_least(void **state) {
    (void)state;
    assert_int_equal(lem_batches_steps(&(lem_batches_how){.batch = 8, .epochs = 0}, 100), 1);
    assert_int_equal(lem_batches_steps(&(lem_batches_how){.batch = 8, .epochs = 0.001}, 100), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_once_an_epoch),
        cmocka_unit_test(a_large_item_stands_alone),
        cmocka_unit_test(steps_as_asked),
        cmocka_unit_test(one_step_at_least),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
