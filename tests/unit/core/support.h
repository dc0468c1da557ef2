/* support - what the tests of core share: cmocka's headers, a temporary folder, short ways to write and read
 * a file */
#ifndef LEM_TESTS_CORE_SUPPORT_H
#define LEM_TESTS_CORE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct folder {
    char path[64];
    char *names[32]; /* handed out by in_folder, freed with the folder */
    int used;
} folder;

static inline int folder_setup(void **state) {
    folder *f = calloc(1, sizeof *f);
    if (!f) return -1;
    /* In memory where there is such a place: these tests sync thousands of times. */
    snprintf(f->path, sizeof f->path, "%s/lemma-core-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(f->path)) return -1;
    *state = f;
    return 0;
}

static inline int folder_teardown(void **state) {
    folder *f = *state;
    lem_err err = LEM_ERR_INIT;
    lem_status st = lem_dir_remove(f->path, &err);
    for (int i = 0; i < f->used; i++) free(f->names[i]);
    free(f);
    return st == LEM_OK ? 0 : -1;
}

static inline const char *in_folder(void **state, const char *name) {
    folder *f = *state;
    lem_err err = LEM_ERR_INIT;
    assert_in_range(f->used, 0, 31);
    return f->names[f->used++] = lem_path_join(f->path, name, &err);
}

static inline void put_file(const char *path, const void *data, size_t n) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* The file's bytes, uncompressed as they lie there; free() them. */
static inline char *get_file(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char *data = calloc(1, 1 << 20);
    assert_non_null(data);
    *n = fread(data, 1, (1 << 20) - 1, f);
    fclose(f);
    return data;
}

#define folder_test(f) cmocka_unit_test_setup_teardown(f, folder_setup, folder_teardown)
#define assert_ok(expr) assert_ok_(expr, &err, #expr, __FILE__, __LINE__)
static inline void assert_ok_(lem_status st, const lem_err *err, const char *what, const char *file,
                              int line) {
    if (st == LEM_OK) return;
    print_error("%s: status %d: %s\n", what, (int)st, err->text);
    _fail(file, line);
}
#define assert_has(text, part)                                                                               \
    do {                                                                                                     \
        if (!strstr(text, part)) print_error("'%s' lacks '%s'\n", text, part);                               \
        assert_non_null(strstr(text, part));                                                                 \
    } while (0)

#endif
