/* test_file - whole files, folders, paths, lines, compressed streams, atomic output and its failures, locks
 */
#include "support.h"

#include "core/mem.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void whole_files(void **state) {
    lem_err err = LEM_ERR_INIT;
    lem_buf b = {0};
    static const char *const names[] = {"plain", "f.gz", "f.zst"};
    char *data = malloc(400000);
    for (int i = 0; i < 400000; i++) data[i] = (char)((unsigned)i * (unsigned)i >> 7);
    for (int i = 0; i < 3; i++) {
        for (size_t n = 0; n <= 400000; n = n * 7 + 1) {
            const char *path = in_folder(state, names[i]);
            assert_ok(lem_file_write_atomic(path, data, n, &err));
            assert_ok(lem_file_read(path, 400000, &b, &err));
            assert_int_equal(b.len, n);
            if (n) assert_memory_equal(b.data, data, n);
            if (n) assert_int_equal(lem_file_read(path, n - 1, &b, &err), LEM_EDATA);
        }
    }
    lem_buf_release(&b);
    free(data);
}

static void not_readable(void **state) {
    lem_err err = LEM_ERR_INIT;
    lem_buf b = {0};
    const char *fifo = in_folder(state, "fifo");
    assert_int_equal(lem_file_read(in_folder(state, "absent"), 10, &b, &err), LEM_EDATA);
    assert_has(err.text, "absent: no such file");
    assert_int_equal(lem_file_read("/tmp", 10, &b, &err), LEM_EDATA);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(lem_file_read(fifo, 10, &b, &err), LEM_EDATA); /* refused at once, not waited for */
    assert_has(err.text, "not a regular file");
    assert_int_equal(lem_file_read("/dev/zero", 10, &b, &err), LEM_EDATA);
}

static void folders(void **state) {
    lem_err err = LEM_ERR_INIT;
    char **names;
    size_t n;
    uint64_t size;
    const char *deep = in_folder(state, "a/b//c"), *top = in_folder(state, "a"),
               *link = in_folder(state, "link");
    assert_ok(lem_dir_make(deep, &err));
    assert_ok(lem_dir_make(deep, &err));
    assert_true(lem_file_is_dir(deep));
    put_file(in_folder(state, "a/z"), "123", 3);
    put_file(in_folder(state, "a/.hidden"), "", 0);
    assert_ok(lem_file_size(in_folder(state, "a/z"), &size, &err));
    assert_int_equal(size, 3);
    assert_int_equal(lem_dir_make(in_folder(state, "a/z/y"), &err), LEM_EIO);
    assert_ok(lem_dir_list(top, &names, &n, &err));
    assert_int_equal(n, 3);
    assert_string_equal(names[0], ".hidden");
    assert_string_equal(names[1], "b");
    assert_string_equal(names[2], "z");
    for (size_t i = 0; i < n; i++) lem_free(names[i]);
    lem_free(names);
    assert_int_equal(lem_dir_list(in_folder(state, "absent"), &names, &n, &err), LEM_EDATA);
    assert_int_equal(symlink(top, link), 0); /* removing a link does not follow it */
    assert_ok(lem_dir_remove(link, &err));
    assert_true(lem_file_exists(in_folder(state, "a/z")));
    assert_ok(lem_file_rename(in_folder(state, "a/z"), in_folder(state, "a/y"), &err));
    assert_ok(lem_file_remove(in_folder(state, "a/y"), &err));
    assert_ok(lem_file_remove(in_folder(state, "a/y"), &err));
    assert_ok(lem_dir_remove(top, &err));
    assert_false(lem_file_exists(top));
    assert_ok(lem_dir_remove(top, &err));
}

/* A deep tree with files and links at each level. */
static void deep_tree(void **state) {
    lem_err err = LEM_ERR_INIT;
    lem_buf at = {0};
    lem_buf_puts(&at, in_folder(state, "deep"));
    for (int i = 0; i < 200; i++) {
        assert_ok(lem_dir_make(at.data, &err));
        size_t n = at.len;
        lem_buf_puts(&at, "/f");
        assert_ok(lem_file_write_atomic(at.data, "x", 1, &err));
        at.data[at.len - 1] = 'l';
        assert_int_equal(symlink("/", at.data), 0);
        at.len = n;
        lem_buf_printf(&at, "/d%d", i);
    }
    assert_ok(lem_dir_remove(in_folder(state, "deep/"), &err));
    assert_false(lem_file_exists(in_folder(state, "deep")));
    assert_true(lem_file_exists("/"));
    lem_buf_release(&at);
}

static void paths(void **state) {
    (void)state;
    static const struct {
        const char *path, *dir, *base;
    } cases[] = {{"a", ".", "a"},    {"a/b", "a", "b"}, {"/a", "/", "a"}, {"/a/b/c", "/a/b", "c"},
                 {"a//b", "a", "b"}, {"a/b/", "a", ""}, {"/", "/", ""}};
    lem_err err = LEM_ERR_INIT;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *dir = lem_path_dir(cases[i].path, &err);
        assert_string_equal(dir, cases[i].dir);
        assert_string_equal(lem_path_base(cases[i].path), cases[i].base);
        lem_free(dir);
    }
    char *p = lem_path_join("a/", "b", &err), *q = lem_path_join("", "b", &err),
         *r = lem_path_join("a", "b", &err);
    assert_string_equal(p, "a/b");
    assert_string_equal(q, "b");
    assert_string_equal(r, "a/b");
    lem_free(p), lem_free(q), lem_free(r);
}

/* ---- Lines ---- */

static void expect_line(lem_lines *l, const char *wanted, size_t n) {
    lem_err err = LEM_ERR_INIT;
    const char *line;
    size_t len;
    bool eof;
    assert_ok(lem_lines_next(l, &line, &len, &eof, &err));
    assert_false(eof);
    assert_int_equal(len, n);
    assert_memory_equal(line, wanted, n);
}

static void expect_end(lem_lines *l) {
    lem_err err = LEM_ERR_INIT;
    const char *line;
    size_t len;
    bool eof = false;
    for (int i = 0; i < 2; i++) { /* the end stays the end */
        assert_ok(lem_lines_next(l, &line, &len, &eof, &err));
        assert_true(eof);
    }
}

static void line_endings(void **state) {
    lem_err err = LEM_ERR_INIT;
    lem_lines *l;
    static const char *const names[] = {"t", "t.gz", "t.zst"};
    for (int i = 0; i < 3; i++) {
        assert_ok(lem_file_write_atomic(in_folder(state, names[i]), "one\r\n\ntwo\0x\n\r\nlast\r", 19, &err));
        assert_ok(lem_lines_open(in_folder(state, names[i]), 0, &l, &err));
        expect_line(l, "one", 3);
        expect_line(l, "", 0);
        expect_line(l, "two\0x", 5);
        expect_line(l, "", 0);
        assert_int_equal(lem_lines_number(l), 4);
        expect_line(l, "last\r", 5); /* no line ending: the carriage return is content */
        expect_end(l);
        lem_lines_close(l);
    }
}

static void long_lines(void **state) {
    enum { N = 1000000 };
    lem_err err = LEM_ERR_INIT;
    lem_lines *l;
    const char *line, *path = in_folder(state, "long.gz");
    size_t len;
    bool eof;
    char *data = malloc(N + 4);
    memset(data, 'x', N);
    memcpy(data + N, "\nab", 3);
    assert_ok(lem_file_write_atomic(path, data, N + 3, &err));
    assert_ok(lem_lines_open(path, N, &l, &err));
    expect_line(l, data, N);
    expect_line(l, "ab", 2);
    expect_end(l);
    lem_lines_close(l);
    assert_ok(lem_lines_open(path, N - 1, &l, &err));
    assert_int_equal(lem_lines_next(l, &line, &len, &eof, &err), LEM_EDATA);
    assert_has(err.text, "long.gz:1");
    lem_lines_close(l);
    free(data);
}

/* Every way to cut a compressed file: the lines before the cut come, then an error, never a silent end. */
static void truncated_streams(void **state) {
    static const char *const names[] = {"t.gz", "t.zst"};
    char text[3000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 30 == 29 ? '\n' : (char)('a' + (i * i + i / 7) % 26);
    for (int k = 0; k < 2; k++) {
        lem_err err = LEM_ERR_INIT;
        size_t n;
        const char *path = in_folder(state, names[k]);
        assert_ok(lem_file_write_atomic(path, text, sizeof text, &err));
        char *whole = get_file(path, &n);
        for (size_t cut = 0; cut < n; cut++) {
            put_file(path, whole, cut);
            lem_lines *l;
            const char *line;
            size_t len, at = 0;
            bool eof = false;
            assert_ok(lem_lines_open(path, 0, &l, &err));
            lem_status st;
            while ((st = lem_lines_next(l, &line, &len, &eof, &err)) == LEM_OK) {
                assert_false(eof);
                assert_memory_equal(line, text + at, len);
                at += len + 1;
            }
            assert_int_equal(st, LEM_EDATA);
            assert_has(err.text, path);
            lem_lines_close(l);
        }
        free(whole);
    }
}

/* A flipped bit in a compressed file never passes as other text. */
static void flipped_streams(void **state) {
    static const char *const names[] = {"t.gz", "t.zst"};
    char text[600];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)('a' + (i * i + i / 7) % 26);
    for (int k = 0; k < 2; k++) {
        lem_err err = LEM_ERR_INIT;
        size_t n;
        lem_buf b = {0};
        const char *path = in_folder(state, names[k]);
        assert_ok(lem_file_write_atomic(path, text, sizeof text, &err));
        char *whole = get_file(path, &n);
        for (size_t bit = 0; bit < n * 8; bit++) {
            whole[bit / 8] ^= (char)(1 << bit % 8);
            put_file(path, whole, n);
            if (lem_file_read(path, 1 << 20, &b, &err) == LEM_OK) {
                assert_int_equal(b.len, sizeof text);
                assert_memory_equal(b.data, text, sizeof text);
            }
            whole[bit / 8] ^= (char)(1 << bit % 8);
        }
        lem_buf_release(&b);
        free(whole);
    }
}

static void several_members(void **state) {
    static const char *const names[] = {"t.gz", "t.zst"};
    for (int k = 0; k < 2; k++) {
        lem_err err = LEM_ERR_INIT;
        lem_buf b = {0};
        size_t n;
        char twice[400];
        const char *path = in_folder(state, names[k]);
        assert_ok(lem_file_write_atomic(path, "abc\n", 4, &err));
        char *one = get_file(path, &n);
        memcpy(twice, one, n);
        memcpy(twice + n, one, n);
        put_file(path, twice, 2 * n);
        assert_ok(lem_file_read(path, 100, &b, &err));
        assert_string_equal(b.data, "abc\nabc\n");
        memcpy(twice + n, "garbage garbage", 15);
        put_file(path, twice, n + 15);
        assert_int_equal(lem_file_read(path, 100, &b, &err), LEM_EDATA);
        lem_buf_release(&b);
        free(one);
    }
}

/* ---- Output ---- */

static size_t entries(void **state) {
    lem_err err = LEM_ERR_INIT;
    char **names;
    size_t n;
    assert_ok(lem_dir_list(((folder *)*state)->path, &names, &n, &err));
    for (size_t i = 0; i < n; i++) lem_free(names[i]);
    lem_free(names);
    return n;
}

static void output(void **state) {
    lem_err err = LEM_ERR_INIT;
    lem_out *o;
    lem_buf b = {0};
    const char *path = in_folder(state, "out");
    assert_ok(lem_out_open(path, false, &o, &err));
    assert_ok(lem_out_write(o, "abc", 3, &err));
    assert_false(lem_file_exists(path));
    lem_out_close(o); /* without commit: nothing remains */
    assert_int_equal(entries(state), 0);
    assert_ok(lem_out_open(path, false, &o, &err));
    for (int i = 0; i < 100000; i++) assert_ok(lem_out_write(o, "abc", 3, &err));
    assert_ok(lem_out_commit(o, &err));
    assert_int_equal(lem_out_commit(o, &err), LEM_EUSAGE);
    lem_out_close(o);
    assert_ok(lem_file_read(path, 1 << 20, &b, &err));
    assert_int_equal(b.len, 300000);
    assert_int_equal(lem_out_open(path, false, &o, &err), LEM_EUSAGE);
    assert_has(err.text, "exists");
    assert_ok(lem_out_open(path, true, &o, &err));
    assert_ok(lem_out_commit(o, &err));
    lem_out_close(o);
    assert_ok(lem_file_read(path, 1 << 20, &b, &err));
    assert_int_equal(b.len, 0);
    assert_int_equal(entries(state), 1);
    lem_buf_release(&b);
}

/* A file that appears while ours is being written is not replaced. */
static void output_race(void **state) {
    lem_err err = LEM_ERR_INIT;
    lem_out *o;
    size_t n;
    const char *path = in_folder(state, "out");
    assert_ok(lem_out_open(path, false, &o, &err));
    put_file(path, "theirs", 6);
    assert_int_equal(lem_out_commit(o, &err), LEM_EUSAGE);
    lem_out_close(o);
    char *text = get_file(path, &n);
    assert_string_equal(text, "theirs");
    free(text);
    assert_int_equal(entries(state), 1);
}

/* A temporary that a killed process of the same number left is in nobody's way. */
static void stale_temporary(void **state) {
    lem_err err = LEM_ERR_INIT;
    char name[64];
    snprintf(name, sizeof name, "out" LEM_TEMP_MARK "%ld", (long)getpid());
    put_file(in_folder(state, name), "stale", 5);
    assert_ok(lem_file_write_atomic(in_folder(state, "out"), "new", 3, &err));
    assert_true(lem_file_exists(in_folder(state, "out")));
}

static void output_refused(void **state) {
    lem_err err = LEM_ERR_INIT;
    lem_out *o;
    assert_int_equal(lem_out_open(((folder *)*state)->path, true, &o, &err), LEM_EUSAGE);
    assert_int_equal(lem_out_open(in_folder(state, "no/such"), true, &o, &err), LEM_EIO);
    assert_ok(lem_out_open("/dev/full", false, &o, &err));
    assert_ok(lem_out_write(o, "abc", 3, &err)); /* still in our buffer */
    assert_int_equal(lem_out_commit(o, &err), LEM_EIO);
    assert_has(err.text, "No space left");
    assert_int_equal(lem_out_write(o, "abc", 3, &err), LEM_EIO); /* and it stays so */
    assert_int_equal(lem_out_commit(o, &err), LEM_EIO);
    lem_out_close(o);
    assert_ok(lem_out_open("/dev/null", false, &o, &err));
    assert_ok(lem_out_commit(o, &err));
    lem_out_close(o);
    struct stat info;
    assert_int_equal(stat("/dev/null", &info), 0);
    assert_true(S_ISCHR(info.st_mode));
}

/* In a child, since the limit holds for the process: a disk that fills up at each size fails the output and
 * leaves the old file. */
static void disk_full(void **state) {
    static const char *const names[] = {"out", "out.gz", "out.zst"};
    const char *path[3];
    lem_err err = LEM_ERR_INIT;
    for (int k = 0; k < 3; k++) {
        path[k] = in_folder(state, names[k]);
        assert_ok(lem_file_write_atomic(path[k], "old", 3, &err));
    }
    pid_t child = fork();
    if (child == 0) {
        char data[5000];
        uint32_t x = 1;
        for (size_t i = 0; i < sizeof data; i++)
            data[i] = (char)((x = x * 1664525 + 1013904223) >> 24); /* does not compress */
        signal(SIGXFSZ, SIG_IGN);
        for (rlim_t limit = 0; limit < 5000; limit += 499) {
            struct rlimit r = {limit, RLIM_INFINITY};
            setrlimit(RLIMIT_FSIZE, &r);
            for (int k = 0; k < 3; k++) {
                if (lem_file_write_atomic(path[k], data, sizeof data, &err) != LEM_EIO ||
                    !strstr(err.text, "File too large"))
                    _exit(1);
            }
        }
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(entries(state), 3);
    for (int k = 0; k < 3; k++) {
        lem_buf b = {0};
        assert_ok(lem_file_read(path[k], 100, &b, &err));
        assert_string_equal(b.data, "old");
        lem_buf_release(&b);
    }
}

static void locks(void **state) {
    lem_err err = LEM_ERR_INIT;
    lem_lock *a, *b;
    char pid[32];
    const char *path = in_folder(state, "run");
    assert_ok(lem_lock_take(path, &a, &err));
    assert_int_equal(lem_lock_take(path, &b, &err), LEM_EIO);
    snprintf(pid, sizeof pid, "(pid %ld)", (long)getpid());
    assert_has(err.text, "locked by another run");
    assert_has(err.text, pid);
    assert_int_equal(lem_lock_check(path, &err), LEM_EIO);
    assert_has(err.text, pid);
    lem_lock_release(a);
    assert_ok(lem_lock_check(path, &err));
    assert_int_equal(entries(state), 0);
    put_file(in_folder(state, "run.lock"), "99999\n", 6); /* left by a process that was killed */
    assert_ok(lem_lock_check(path, &err));
    assert_ok(lem_lock_take(path, &a, &err));
    lem_lock_release(a);
    lem_lock_release(NULL);
    assert_int_equal(lem_lock_take(in_folder(state, "no/run"), &a, &err), LEM_EIO);
}

static void out_of_memory(void **state) {
    const char *path = in_folder(state, "f.gz"), *out = in_folder(state, "g.zst");
    lem_err err = LEM_ERR_INIT;
    assert_ok(lem_file_write_atomic(path, "a\nb\n", 4, &err));
    for (int sticky = 0; sticky < 2; sticky++) {
        for (uint64_t k = 1;; k++) {
            lem_buf b = {0};
            lem_mem_fail_after(k, sticky);
            lem_status st = lem_file_read(path, 100, &b, &err);
            if (st == LEM_OK) st = lem_file_write_atomic(out, b.data, b.len, &err);
            lem_mem_fail_after(0, false);
            lem_buf_release(&b);
            if (st == LEM_OK) {
                assert_true(k > 5);
                break;
            }
            assert_int_equal(st, LEM_EMEM);
        }
    }
    assert_int_equal(entries(state), 2);
}

/* A killed writer's temporary goes with the next write of the same file; one that a process holds stays, and
 * so do other names. */
static void killed_writer(void **state) {
    lem_err err = LEM_ERR_INIT;
    const char *gone = in_folder(state, "f.lemma-tmp.99"), *kept = in_folder(state, "f.lemma-tmp.98.1"),
               *other = in_folder(state, "f.lemma-tmp.x"), *theirs = in_folder(state, "f.tmp.2024"),
               *path = in_folder(state, "f");
    put_file(gone, "half", 4);
    put_file(kept, "half", 4);
    put_file(other, "half", 4);
    put_file(theirs, "a user's", 8); /* without our mark */
    int fd = open(kept, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    assert_ok(lem_file_write_atomic(path, "whole", 5, &err));
    assert_false(lem_file_exists(gone));
    assert_true(lem_file_exists(kept));
    assert_true(lem_file_exists(other));
    assert_true(lem_file_exists(theirs));
    assert_int_equal(close(fd), 0);
    assert_ok(lem_file_write_atomic(path, "whole", 5, &err));
    assert_false(lem_file_exists(kept));
}

int main(void) {
    const struct CMUnitTest tests[] = {folder_test(whole_files),     folder_test(not_readable),
                                       folder_test(folders),         cmocka_unit_test(paths),
                                       folder_test(killed_writer),   folder_test(line_endings),
                                       folder_test(long_lines),      folder_test(truncated_streams),
                                       folder_test(flipped_streams), folder_test(several_members),
                                       folder_test(output),          folder_test(output_race),
                                       folder_test(stale_temporary), folder_test(output_refused),
                                       folder_test(disk_full),       folder_test(locks),
                                       folder_test(out_of_memory),   folder_test(deep_tree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
