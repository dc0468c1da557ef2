/* test_checkpoint - save, load the newest valid, fall back over damage, refuse another identity */
#include "core/file.h"
#include "core/mem.h"
#include "train/checkpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char root[64];
static float a[5], b[300000]; /* more than one checksum block */
static const lem_blob blobs[] = {{"a.f32", a, sizeof a}, {"b.f32", b, sizeof b}};

static void fill(float x) {
    for (size_t i = 0; i < 5; i++) a[i] = x + (float)i;
    for (size_t i = 0; i < 300000; i++) b[i] = x * (float)i;
}

static void save(long n, float x) {
    lem_err err = LEM_ERR_INIT;
    lem_json *s = lem_json_new_object();
    assert_true(lem_json_set(s, "step", lem_json_new_int(n)));
    fill(x);
    assert_int_equal(lem_checkpoint_save(root, n, "me", s, blobs, 2, &err), LEM_OK);
    lem_json_free(s);
}

static long load(const char *identity, lem_status want) {
    lem_err err = LEM_ERR_INIT;
    lem_json *s = NULL;
    long n = -7;
    fill(-1);
    assert_int_equal(lem_checkpoint_load_latest(root, identity, blobs, 2, NULL, &n, &s, &err), want);
    if (want == LEM_OK && n >= 0) assert_int_equal(lem_json_int(lem_json_get(s, "step"), -1), n);
    lem_json_free(s);
    return n;
}

static void corrupt(const char *file, long at) {
    char path[160];
    snprintf(path, sizeof path, "%s/%s", root, file);
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    int c = fgetc(f);
    assert_int_equal(fseek(f, -1, SEEK_CUR), 0);
    fputc(c ^ 4, f);
    fclose(f);
}

static void newest_wins(void **state) {
    (void)state;
    assert_int_equal(load("me", LEM_OK), -1);
    save(10, 1);
    save(20, 2);
    save(30, 3);
    assert_int_equal(load("me", LEM_OK), 30);
    assert_float_equal(b[7], 21, 0);
    char path[160];
    snprintf(path, sizeof path, "%s/step-00000010", root);
    assert_false(lem_file_is_dir(path)); /* two are kept */
    (void)load("you", LEM_EUSAGE);
}

static void damage(void **state) {
    (void)state;
    corrupt("step-00000030/b.f32", 1100000); /* in the second block */
    assert_int_equal(load("me", LEM_OK), 20);
    assert_float_equal(a[1], 3, 0);
    corrupt("step-00000020/MANIFEST.json", 40);
    assert_int_equal(load("me", LEM_OK), -1);
}

/* The second array is damaged, and no older checkpoint is whole: the first array is not taken either. */
static void damage_leaves_arrays_alone(void **state) {
    (void)state;
    save(35, 5);
    corrupt("step-00000035/b.f32", -1);
    corrupt("step-00000030/MANIFEST.json", 40);
    assert_int_equal(load("me", LEM_OK), -1);
    assert_float_equal(a[1], 0, 0); /* as load fills it */
    assert_float_equal(b[7], -7, 0);
}

static void every_manifest_byte(void **state) {
    (void)state;
    save(40, 4);
    char path[160];
    uint64_t size = 0;
    lem_err err = LEM_ERR_INIT;
    snprintf(path, sizeof path, "%s/step-00000040/MANIFEST.json", root);
    assert_int_equal(lem_file_size(path, &size, &err), LEM_OK);
    for (long i = 0; i < (long)size; i++) {
        corrupt("step-00000040/MANIFEST.json", i);
        assert_int_equal(load("me", LEM_OK), -1);
        corrupt("step-00000040/MANIFEST.json", i);
    }
    assert_int_equal(load("me", LEM_OK), 40);
}

/* Bytes behind the array, and none of its last ones: both damage. */
static void another_length(void **state) {
    (void)state;
    char path[160];
    save(70, 7);
    snprintf(path, sizeof path, "%s/step-00000070/b.f32", root);
    FILE *f = fopen(path, "ab");
    assert_non_null(f);
    fputc(0, f);
    fclose(f);
    assert_int_equal(load("me", LEM_OK), 60);
    assert_int_equal(truncate(path, (off_t)sizeof b - 4), 0);
    assert_int_equal(load("me", LEM_OK), 60);
    assert_float_equal(b[7], 42, 0);
}

static void leftover(void **state) {
    (void)state;
    char path[160];
    lem_err err = LEM_ERR_INIT;
    snprintf(path, sizeof path, "%s/step-00000050.tmp", root);
    assert_int_equal(lem_dir_make(path, &err), LEM_OK);
    assert_int_equal(load("me", LEM_OK), 40);
    save(60, 6);
    assert_false(lem_file_is_dir(path));
}

int main(void) {
    snprintf(root, sizeof root, "/tmp/lemma-ckpt-XXXXXX");
    if (!mkdtemp(root)) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(newest_wins),
                                       cmocka_unit_test(damage),
                                       cmocka_unit_test(damage_leaves_arrays_alone),
                                       cmocka_unit_test(every_manifest_byte),
                                       cmocka_unit_test(leftover),
                                       cmocka_unit_test(another_length)};
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    lem_err err = LEM_ERR_INIT;
    return rc + (lem_dir_remove(root, &err) != LEM_OK);
}
