/* test_places - names and paths: our temporary files and no others, endings, what lies within a folder;
 * streams by name, as they are and by content; divisors, white space */
#include "support.h"

#include "core/gcd.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/stream.h"
#include "core/utf8.h"

#include <ctype.h>
#include <fcntl.h>
#include <sys/file.h>

static void temporary_names(void **state) {
    (void)state;
    static const char *const ours[] = {"g.jsonl.lemma-tmp.1", "g.lemma-tmp.17.3", "a b.lemma-tmp.0"};
    static const char *const others[] = {
        "g.jsonl.tmp.2024",  "g.lemma-tmp.",   "g.lemma-tmp.x",  "g.lemma-tmp",
        "g.lemma-tmp.1.txt", "g.lemma-tmp.1~", "g.lemma-tmp.-1", "",
        "g.lemma-tmp.1.",    "g.lemma-tmp..",  "g.lemma-tmp..1", "g.lemma-tmp.1.2.3",
        ".lemma-tmp.1"};
    for (int i = 0; i < 3; i++) assert_true(lem_file_is_temporary(ours[i]));
    for (int i = 0; i < 13; i++) assert_false(lem_file_is_temporary(others[i]));
}

/* Only what is ours, of this path, and nobody's any more. */
static void sweeping(void **state) {
    static const char *const names[] = {"g.lemma-tmp.1",  "g.lemma-tmp.2.9", /* gone */
                                        "g.lemma-tmp.3",  /* locked */ "g",  "g.lemma-tmp.x",
                                        "g2.lemma-tmp.1", "h.lemma-tmp.1",   "g.tmp.2024"};
    const char *at[8];
    for (int i = 0; i < 8; i++) put_file(at[i] = in_folder(state, names[i]), "x", 1);
    int held = open(at[2], O_RDWR);
    assert_int_equal(flock(held, LOCK_EX), 0);
    lem_file_sweep(at[3]);
    for (int i = 0; i < 8; i++) assert_true(lem_file_exists(at[i]) == (i >= 2));
    close(held);
    lem_file_sweep(at[3]);
    for (int i = 0; i < 8; i++) assert_true(lem_file_exists(at[i]) == (i >= 3));
}

static void ends_is(const char *path, const char *old, const char *new, const char *want) {
    lem_err err = LEM_ERR_INIT;
    char *made = lem_path_with_end(path, old, new, &err);
    assert_string_equal(made, want);
    lem_free(made);
}

static void endings(void **state) {
    (void)state;
    ends_is("a/b.jsonl", ".jsonl", ".md", "a/b.md");
    ends_is("a/b.txt", ".jsonl", ".md", "a/b.txt.md");
    ends_is("b.jsonl.jsonl", ".jsonl", "", "b.jsonl");
    assert_true(lem_path_ends("a.gz", ".gz") && lem_path_ends(".gz", ".gz") && lem_path_ends("a", ""));
    assert_false(lem_path_ends("a.gz ", ".gz") || lem_path_ends("gz", ".gz") || lem_path_ends("", "a"));
}

static void within(void **state) {
    (void)state;
    static const char *const in[][2] = {{"a", "a"},     {"a/b", "a"},     {"./a//b/", "a/"},
                                        {"a/b", "./a"}, {"/x/y/z", "/x"}, {"/x//y", "/x/y"},
                                        {"/x", "/"}};
    static const char *const out[][2] = {
        {"ab", "a"}, {"a", "a/b"}, {"/a", "a"}, {"a/bc", "a/b"}, {"b/a", "a"}};
    for (int i = 0; i < 7; i++) assert_true(lem_path_within(in[i][0], in[i][1]));
    for (int i = 0; i < 5; i++) assert_false(lem_path_within(out[i][0], out[i][1]));
}

static void folders_beside(void **state) {
    lem_err err = LEM_ERR_INIT;
    char *to = NULL, *partial = NULL;
    const char *dir = in_folder(state, "new"), *file = in_folder(state, "file");
    assert_ok(lem_dir_beside("out/m///", &to, &partial, &err));
    assert_string_equal(to, "out/m");
    assert_string_equal(partial, "out/m.lemma-partial");
    lem_free(to);
    lem_free(partial);
    assert_ok(lem_dir_make_temporary(dir, &err));
    assert_ok(lem_dir_make_temporary(dir, &err));
    put_file(file, "x", 1);
    assert_int_equal(lem_dir_make_temporary(file, &err), LEM_EIO);
    char *inner = lem_path_join(dir, "a", &err);
    assert_false(lem_dir_has(dir, "a"));
    put_file(inner, "x", 1);
    assert_true(lem_dir_has(dir, "a"));
    lem_free(inner);
}

static size_t read_all(lem_stream *s, char *to, size_t cap) {
    lem_err err = LEM_ERR_INIT;
    size_t n = 0, got = 1;
    double share = 0;
    while (got) {
        assert_ok(lem_stream_read(s, to + n, cap - n < 1000 ? cap - n : 1000, &got, &err));
        n += got;
        assert_true(lem_stream_share(s, 0) >= share && lem_stream_share(s, 0) <= 1);
        share = lem_stream_share(s, 0);
    }
    assert_true(share > 0.999999);
    return n;
}

/* The bytes of a file that is packed: as its name says, as they are, as its content says. */
static void streams(void **state) {
    enum { N = 20000 };
    static char text[N], got[2 * N];
    static const char *const ends[] = {"a.gz", "a.zst"}, *const packed[] = {"gzip", "Zstandard"};
    lem_err err = LEM_ERR_INIT;
    for (int i = 0; i < N; i++) text[i] = (char)('a' + i * 7 % 26);
    for (int k = 0; k < 2; k++) {
        const char *path = in_folder(state, ends[k]), *plain = in_folder(state, k ? "q" : "p");
        lem_stream *s = NULL;
        size_t raw;
        assert_ok(lem_file_write_atomic(path, text, N, &err));
        char *bytes = get_file(path, &raw);
        put_file(plain, bytes, raw);
        const struct {
            const char *path;
            lem_stream_mode mode;
            bool unpacked;
        } cases[] = {{path, LEM_STREAM_BY_NAME, true},    {path, LEM_STREAM_RAW, false},
                     {path, LEM_STREAM_BY_CONTENT, true}, {plain, LEM_STREAM_BY_NAME, false},
                     {plain, LEM_STREAM_RAW, false},      {plain, LEM_STREAM_BY_CONTENT, true}};
        for (int i = 0; i < 6; i++) {
            assert_ok(lem_stream_open(cases[i].path, cases[i].mode, &s, &err));
            assert_string_equal(lem_stream_path(s), cases[i].path);
            size_t n = read_all(s, got, sizeof got);
            assert_int_equal(n, cases[i].unpacked ? N : raw);
            assert_memory_equal(got, cases[i].unpacked ? text : bytes, n);
            if (cases[i].unpacked) assert_string_equal(lem_stream_packed(s), packed[k]);
            else assert_null(lem_stream_packed(s));
            lem_stream_close(s);
        }
        free(bytes);
    }
}

static void watched(void **state) {
    lem_err err = LEM_ERR_INIT;
    const char *path = in_folder(state, "lines"), *line;
    lem_cancel cancel = {0};
    lem_lines *l = NULL;
    lem_stream *s = NULL;
    size_t n;
    bool eof = false;
    char c;
    put_file(path, "a\nb\nc\n", 6);
    assert_ok(lem_lines_open(path, 0, &l, &err));
    lem_lines_watch(l, &cancel);
    assert_ok(lem_lines_next(l, &line, &n, &eof, &err));
    cancel.requested = 1;
    assert_int_equal(lem_lines_next(l, &line, &n, &eof, &err), LEM_EINTR);
    assert_string_equal(err.text, "interrupted");
    lem_lines_watch(l, NULL);
    assert_ok(lem_lines_next(l, &line, &n, &eof, &err));
    lem_lines_close(l);
    assert_ok(lem_stream_open(path, LEM_STREAM_RAW, &s, &err));
    lem_stream_watch(s, &cancel);
    assert_int_equal(lem_stream_read(s, &c, 1, &n, &err), LEM_EINTR);
    lem_stream_watch(s, NULL);
    assert_ok(lem_stream_read(s, &c, 1, &n, &err));
    lem_stream_close(s);
    assert_ok(lem_cancel_check(NULL, &err));
    assert_int_equal(lem_cancel_check(&cancel, &err), LEM_EINTR);
}

static void small_ones(void **state) {
    (void)state;
    for (uint64_t a = 0; a < 40; a++)
        for (uint64_t b = 0; b < 40; b++) {
            uint64_t d = a > b ? a : b;
            while (d > 1 && (a % d || b % d)) d--;
            assert_int_equal(lem_gcd(a, b), d);
        }
    assert_int_equal(lem_gcd(UINT64_MAX, UINT64_MAX - 1), 1);
    for (int c = 0; c < 256; c++) assert_int_equal(lem_is_space((char)c), isspace(c) != 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(temporary_names),
                                       folder_test(sweeping),
                                       cmocka_unit_test(endings),
                                       cmocka_unit_test(within),
                                       folder_test(folders_beside),
                                       folder_test(streams),
                                       folder_test(watched),
                                       cmocka_unit_test(small_ones)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
