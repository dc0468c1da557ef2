/* test_spool - standard input kept, with its digest, and read again */
#include "job/spool.h"

#include "core/hash.h"
#include "support.h"

#include <fcntl.h>

/* Standard input through a pipe, as from another program; at most what a pipe holds. */
static void pipe_in(const char *data, size_t n) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], data, n), (ssize_t)n);
    close(ends[1]);
    assert_int_equal(dup2(ends[0], 0), 0);
    close(ends[0]);
}

static size_t read_stdin(char *out, size_t cap) {
    size_t n = 0;
    for (ssize_t k; n < cap && (k = read(0, out + n, cap - n)) > 0;) n += (size_t)k;
    return n;
}

static void content_and_digest(void **state) {
    (void)state;
    char hex[65], want[65], text[64];
    pipe_in("one\ntwo\0three", 13);
    OK(lem_spool_stdin(".", NULL, hex, &err));
    lem_sha256_hex("one\ntwo\0three", 13, want);
    assert_string_equal(hex, want);
    assert_string_equal(listing(), ""); /* it has no name */
    assert_int_equal(read_stdin(text, sizeof text), 13);
    assert_memory_equal(text, "one\ntwo\0three", 13);
    assert_int_equal(lseek(0, 0, SEEK_SET), 0); /* and again */
    assert_int_equal(read_stdin(text, sizeof text), 13);
}

static void empty(void **state) {
    (void)state;
    char hex[65], want[65], text[8];
    pipe_in("", 0);
    OK(lem_spool_stdin(".", NULL, hex, &err));
    lem_sha256_hex("", 0, want);
    assert_string_equal(hex, want);
    assert_int_equal(read_stdin(text, sizeof text), 0);
}

static void larger_than_one_read(void **state) {
    (void)state;
    enum { SIZE = 300000 };
    char *data = malloc(SIZE), *back = malloc(SIZE + 1), hex[65], want[65];
    for (int i = 0; i < SIZE; i++) data[i] = (char)(i * 7 + i / 251);
    FILE *f = fopen("in", "wb");
    assert_int_equal(fwrite(data, 1, SIZE, f), SIZE);
    fclose(f);
    int fd = open("in", O_RDONLY);
    assert_int_equal(dup2(fd, 0), 0);
    close(fd);
    OK(lem_spool_stdin(".", NULL, hex, &err));
    lem_sha256_hex(data, SIZE, want);
    assert_string_equal(hex, want);
    assert_int_equal(read_stdin(back, SIZE + 1), SIZE);
    assert_memory_equal(back, data, SIZE);
    free(data);
    free(back);
}

static void cancelled(void **state) {
    (void)state;
    lem_cancel cancel = {1};
    char hex[65] = "kept";
    pipe_in("rows", 4);
    FAILS(lem_spool_stdin(".", &cancel, hex, &err), LEM_EINTR, "interrupted");
    assert_string_equal(hex, "kept");
    assert_string_equal(listing(), "");
}

static void no_place(void **state) {
    (void)state;
    char hex[65] = "kept";
    pipe_in("rows", 4);
    FAILS(lem_spool_stdin("none", NULL, hex, &err), LEM_EIO, "none");
    assert_string_equal(hex, "kept");
}

static void cannot_be_read(void **state) {
    (void)state;
    char hex[65] = "kept";
    int fd = open(".", O_RDONLY); /* a folder */
    assert_int_equal(dup2(fd, 0), 0);
    close(fd);
    FAILS(lem_spool_stdin(".", NULL, hex, &err), LEM_EDATA, "standard input");
    assert_string_equal(hex, "kept");
}

/* A closed standard input is refused, or stands there empty: never a descriptor that others get. */
static void closed(void **state) {
    (void)state;
    char hex[65], text[8];
    close(0);
    lem_status st = lem_spool_stdin(".", NULL, hex, &err);
    ssize_t n = read(0, text, sizeof text);
    int fd = open("/dev/null", O_RDONLY);
    if (fd > 0) close(fd);
    assert_int_equal(n, st == LEM_OK ? 0 : -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        folder_test(content_and_digest),
        folder_test(empty),
        folder_test(larger_than_one_read),
        folder_test(cancelled),
        folder_test(no_place),
        folder_test(cannot_be_read),
        folder_test(closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
