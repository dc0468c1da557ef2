/* test_fingerprint - known value, every change is seen, threads do not matter */
#include "core/file.h"
#include "core/fingerprint.h"
#include "core/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SIZE = 2500000 };

static lem_err err;

static void write_file(const char *path, const void *p, size_t n) {
    FILE *f = fopen(path, "wb");
    assert_true(f && fwrite(p, 1, n, f) == n && fclose(f) == 0);
}

static void fingerprint(void **state) {
    (void)state;
    char dir[] = "/tmp/lemma-fingerprint-XXXXXX", path[64], want[65], have[65];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/f", dir);
    unsigned char *data = lem_alloc(SIZE, 1, &err);
    assert_non_null(data);
    for (size_t i = 0; i < SIZE; i++) data[i] = (unsigned char)(i * 31 + (i >> 9));
    write_file(path, data, SIZE);
    assert_int_equal(lem_fingerprint_file(path, NULL, want, &err), LEM_OK);
    for (int threads = 1; threads <= 4; threads++) {
        lem_pool *p = lem_pool_new(threads, &err);
        assert_int_equal(lem_fingerprint_file(path, p, have, &err), LEM_OK);
        assert_string_equal(want, have);
        lem_pool_free(p);
    }
    static const size_t places[] = {0, 1, (1 << 20) - 1, 1 << 20, SIZE - 1};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        data[places[i]] ^= 1;
        write_file(path, data, SIZE);
        assert_int_equal(lem_fingerprint_file(path, NULL, have, &err), LEM_OK);
        assert_string_not_equal(want, have);
        data[places[i]] ^= 1;
    }
    write_file(path, data, SIZE - 1);
    assert_int_equal(lem_fingerprint_file(path, NULL, have, &err), LEM_OK);
    assert_string_not_equal(want, have);
    memset(data, 0, 2 << 20); /* equal chunks in another order would not be seen without their numbers */
    data[0] = 1;
    write_file(path, data, 2 << 20);
    assert_int_equal(lem_fingerprint_file(path, NULL, want, &err), LEM_OK);
    data[0] = 0;
    data[1 << 20] = 1;
    write_file(path, data, 2 << 20);
    assert_int_equal(lem_fingerprint_file(path, NULL, have, &err), LEM_OK);
    assert_string_not_equal(want, have);
    write_file(path, "", 0);
    assert_int_equal(lem_fingerprint_file(path, NULL, have, &err), LEM_OK);
    /* SHA-256 of eight zero bytes (the size), from coreutils */
    assert_string_equal(have, "af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc");
    assert_int_equal(lem_fingerprint_file(dir, NULL, have, &err), LEM_EDATA);
    assert_int_equal(lem_fingerprint_file("/tmp/no-such-file", NULL, have, &err), LEM_EDATA);
    lem_free(data);
    assert_int_equal(lem_dir_remove(dir, &err), LEM_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(fingerprint)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
