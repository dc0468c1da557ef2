/* test_sorter - sorted records against qsort, for every memory; scratch bytes read back; a full disk */
#include "../checks.h"

#include "core/mem.h"
#include "core/rng.h"
#include "core/scratch.h"
#include "core/sorter.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

static int words_now;

static int by_words(const void *a, const void *b) {
    const uint64_t *x = a, *y = b;
    for (int i = 0; i < words_now; i++)
        if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
    return 0;
}

enum { SPREAD, SAME, FEW_VALUES, RISING, FALLING, N_SHAPES };

static uint64_t value(lem_rng *r, int shape, size_t i, int word) {
    switch (shape) {
    case SAME: return 7;
    case FEW_VALUES: return lem_rng_next_below(r, 3) << (word ? 0 : 60);
    case RISING: return word ? lem_rng_next(r) : i;
    case FALLING: return word ? lem_rng_next(r) : ~(uint64_t)i;
    default: return lem_rng_next(r);
    }
}

/* Sorts n records in that much memory and compares with qsort, record by record; returns the bytes written.
 */
static uint64_t sorts(size_t n, int words, int shape, size_t memory) {
    const lem_sorter_opts o = {words, memory, "/tmp", NULL};
    lem_sorter *s = NULL;
    lem_rng r = lem_rng_make(3, "test", n);
    uint64_t *all = calloc(n * (size_t)words + 1, sizeof *all);
    assert_non_null(all);
    OK(lem_sorter_new(&o, &s, &err));
    for (size_t i = 0; i < n; i++) {
        uint64_t *record = all + i * (size_t)words;
        for (int k = 0; k < words; k++) record[k] = value(&r, shape, i, k);
        OK(lem_sorter_add(s, record, &err));
    }
    words_now = words;
    qsort(all, n, (size_t)words * sizeof *all, by_words);
    OK(lem_sorter_sort(s, &err));
    const uint64_t *record = NULL;
    for (size_t i = 0; i < n; i++) {
        OK(lem_sorter_next(s, &record, &err));
        if (!record || memcmp(record, all + i * (size_t)words, (size_t)words * sizeof *all) != 0)
            fail_msg("%zu records of %d words, shape %d, memory %zu: record %zu", n, words, shape, memory, i);
    }
    for (int i = 0; i < 2; i++) {
        OK(lem_sorter_next(s, &record, &err));
        assert_null(record);
    }
    uint64_t written = lem_sorter_on_disk(s);
    lem_sorter_free(s);
    free(all);
    return written;
}

static void all_shapes(void **state) {
    (void)state;
    static const size_t counts[] = {0, 1, 2, 23, 25, 63, 64, 65, 300, 511, 512, 513, 5000};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
        for (int words = 1; words <= 6; words += words == 3 ? 3 : 1)
            for (int shape = 0; shape < N_SHAPES; shape++) {
                assert_int_equal(sorts(counts[c], words, shape, 1 << 20), 0);
                sorts(counts[c], words, shape, 0);
            }
}

/* 16 KiB hold 1,024 records of two words, and three runs are merged at once: several passes. */
static void several_passes(void **state) {
    (void)state;
    const size_t n = 100000, bytes = n * 16;
    assert_int_equal(sorts(n, 2, SPREAD, 4 << 20), 0);
    assert_int_equal(sorts(n, 2, SPREAD, 200 << 10), bytes);
    assert_true(sorts(n, 2, SPREAD, 0) > 3 * bytes);
    assert_true(sorts(n, 2, FEW_VALUES, 0) > 3 * bytes);
    assert_true(sorts(1024 * 4, 2, SPREAD, 0) > 1024 * 4 * 16); /* one run too many for one merge */
    assert_int_equal(sorts(1024 * 3, 2, SPREAD, 0), 1024 * 3 * 16);
}

static void cancelled(void **state) {
    (void)state;
    const lem_cancel stop = {1};
    const lem_sorter_opts o = {1, 0, "/tmp", &stop};
    lem_sorter *s = NULL;
    lem_status st = LEM_OK;
    OK(lem_sorter_new(&o, &s, &err));
    for (uint64_t i = 0; st == LEM_OK && i < 1 << 20; i++) st = lem_sorter_add(s, &i, &err);
    assert_int_equal(st, LEM_EINTR);
    lem_sorter_free(s);
}

static void scratch(void **state) {
    (void)state;
    for (size_t memory = 0; memory <= 1 << 20; memory = memory ? memory * 16 : 4096) {
        lem_scratch *s = NULL;
        char piece[9000], back[9000];
        OK(lem_scratch_open("/tmp", memory, &s, &err));
        uint64_t at[60], size = 0;
        for (int i = 0; i < 60; i++) {
            at[i] = size;
            size += (uint64_t)i * 150;
            memset(piece, i, sizeof piece);
            OK(lem_scratch_append(s, piece, (size_t)i * 150, &err));
        }
        assert_int_equal(lem_scratch_size(s), size);
        assert_int_equal(lem_scratch_on_disk(s) > 0, memory < size);
        for (int i = 59; i >= 0; i--) {
            memset(piece, i, sizeof piece);
            OK(lem_scratch_read(s, at[i], back, (size_t)i * 150, &err));
            assert_memory_equal(piece, back, (size_t)i * 150);
        }
        OK(lem_scratch_read(s, at[30] - 1, back, 2, &err)); /* over the seam of two pieces */
        assert_true(back[0] == 29 && back[1] == 30);
        lem_scratch_close(s);
    }
}

static void arrays(void **state) {
    (void)state;
    for (size_t memory = 0; memory <= 4000; memory += 4000) {
        lem_scratch_array a = {0};
        OK(lem_scratch_array_new("/tmp", 4000, memory, &a, &err));
        assert_int_equal(a.mapped, memory == 0);
        unsigned char *p = a.p;
        for (int i = 0; i < 4000; i++) assert_int_equal(p[i], 0);
        p[0] = p[3999] = 1;
        lem_scratch_array_release(&a);
        assert_null(a.p);
    }
}

/* Where nothing can be written the error names the folder; so does a file that may not grow. */
static void no_disk(void **state) {
    (void)state;
    lem_scratch *s = NULL;
    lem_scratch_array a = {0};
    struct rlimit old, none = {20000, RLIM_INFINITY};
    char piece[8192] = {0};
    OK(lem_scratch_open("/nowhere", 0, &s, &err));
    FAILS(lem_scratch_append(s, piece, sizeof piece, &err), LEM_EIO, "'/nowhere'");
    lem_scratch_close(s);
    FAILS(lem_scratch_array_new("/nowhere", 100, 0, &a, &err), LEM_EIO, "'/nowhere'");
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    none.rlim_max = old.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    OK(lem_scratch_open("/tmp", 0, &s, &err));
    lem_status st = LEM_OK;
    for (int i = 0; i < 4 && st == LEM_OK; i++) st = lem_scratch_append(s, piece, sizeof piece, &err);
    lem_status array = lem_scratch_array_new("/tmp", 30000, 0, &a, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, handler);
    assert_int_equal(st, LEM_EIO);
    assert_int_equal(array, LEM_EIO);
    assert_non_null(strstr(err.text, "'/tmp'"));
    lem_scratch_close(s);
}

/* A failed allocation ends with LEM_EMEM and leaves nothing behind (the address sanitizer looks). */
static void no_memory(void **state) {
    (void)state;
    for (uint64_t k = 1; k < 40; k++) {
        const lem_sorter_opts o = {2, 0, "/tmp", NULL};
        lem_sorter *s = NULL;
        const uint64_t *record = NULL;
        lem_mem_fail_after(k, true);
        lem_status st = lem_sorter_new(&o, &s, &err);
        for (uint64_t i = 0; st == LEM_OK && i < 5000; i++)
            st = lem_sorter_add(s, (const uint64_t[2]){i * 77 % 5000, i}, &err);
        if (st == LEM_OK) st = lem_sorter_sort(s, &err);
        if (st == LEM_OK) st = lem_sorter_next(s, &record, &err);
        lem_mem_fail_after(0, false);
        assert_true(st == LEM_OK || st == LEM_EMEM);
        if (k == 1) assert_int_equal(st, LEM_EMEM);
        if (k == 39) assert_int_equal(st, LEM_OK);
        lem_sorter_free(s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_shapes), cmocka_unit_test(several_passes),
                                       cmocka_unit_test(cancelled),  cmocka_unit_test(scratch),
                                       cmocka_unit_test(arrays),     cmocka_unit_test(no_disk),
                                       cmocka_unit_test(no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
