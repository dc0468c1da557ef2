/* test_skipped - the list of rows left out: its bytes for any order of arrival, each place once, whose file
 * it replaces and removes, a list of many rows in little memory */
#include "../checks.h"

#include "core/file.h"
#include "core/skipped.h"
#include "../../support/workdir.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const lem_skipped_row rows[] = {
    {"a.jsonl", 3, "rm_score", "wrong type", "rm_score[0]: one number expected, found string"},
    {"a.jsonl", 20, NULL, "not JSON", "JSON line 1 column 2: \"x\" and a line\\end"},
    {"b.jsonl", 1, "gold", "missing field", "field 'gold' is missing, which most rows have"},
    {"b\xff.jsonl", 2, "\xfe", "other", "\xff"},
};
enum { N = sizeof rows / sizeof *rows };
static const char listed[] =
    "{\"file\":\"a.jsonl\",\"line\":3,\"field\":\"rm_score\",\"kind\":\"wrong "
    "type\",\"error\":\"rm_score[0]: "
    "one number expected, found string\"}\n"
    "{\"file\":\"a.jsonl\",\"line\":20,\"kind\":\"not JSON\",\"error\":\"JSON line 1 column 2: \\\"x\\\" and "
    "a "
    "line\\\\end\"}\n"
    "{\"file\":\"b.jsonl\",\"line\":1,\"field\":\"gold\",\"kind\":\"missing field\",\"error\":\"field 'gold' "
    "is "
    "missing, which most rows have\"}\n"
    "{\"file\":\"b\xef\xbf\xbd.jsonl\",\"line\":2,\"field\":\"\xef\xbf\xbd\",\"kind\":\"other\",\"error\":\""
    "\xef\xbf\xbd\"}\n";

static void holds(const char *path, const char *want) {
    lem_buf b = {0};
    OK(lem_file_read(path, 1 << 20, &b, &err));
    assert_string_equal(lem_buf_str(&b), want);
    lem_buf_release(&b);
}

static void put(const char *path, const char *text) {
    OK(lem_file_write_atomic(path, text, strlen(text), &err));
}

/* In every order of arrival, each row twice. */
static void the_bytes(void **state) {
    (void)state;
    static const int orders[][N] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}};
    for (size_t o = 0; o < sizeof orders / sizeof *orders; o++) {
        lem_skipped *s = NULL;
        bool fresh = false;
        OK(lem_skipped_new("/tmp", &s, &err));
        for (int k = 0; k < 2 * N; k++) {
            OK(lem_skipped_add(s, &rows[orders[o][k % N]], &fresh, &err));
            assert_int_equal(fresh, k < N);
        }
        assert_int_equal(lem_skipped_count(s), N);
        OK(lem_skipped_save(s, "list", false, &err));
        holds("list", listed);
        lem_skipped_free(s);
    }
}

/* What was saved and is loaded, in two parts that overlap, is the same list. */
static void loaded(void **state) {
    (void)state;
    lem_skipped *s = NULL;
    bool fresh = false;
    OK(lem_skipped_new("/tmp", &s, &err));
    OK(lem_skipped_add(s, &rows[1], &fresh, &err));
    OK(lem_skipped_add(s, &rows[2], &fresh, &err));
    OK(lem_skipped_save(s, "part", false, &err));
    lem_skipped_free(s);
    OK(lem_skipped_new("/tmp", &s, &err));
    OK(lem_skipped_load(s, "list", &err));
    OK(lem_skipped_load(s, "part", &err));
    assert_int_equal(lem_skipped_count(s), N);
    OK(lem_skipped_save(s, "both", false, &err));
    holds("both", listed);
    put("torn", "{\"file\":\"a\",\"line\":1,\"kind\":\"x\",\"error\":\"y\"}\n{\"file\":");
    FAILS(lem_skipped_load(s, "torn", &err), LEM_EDATA, "torn:2: JSON line 1");
    lem_skipped_free(s);
}

/* Somebody's file is neither replaced nor removed. */
static void other_files(void **state) {
    (void)state;
    static const char *const others[] = {"",   "notes\n",
                                         "{}", "{\"file\":\"a\",\"kind\":\"x\",\"error\":\"y\"}\n",
                                         "[]", "{\"file\":1,\"line\":1,\"kind\":\"x\",\"error\":\"y\"}\n"};
    lem_skipped *s = NULL;
    bool fresh = false, gone = false;
    OK(lem_skipped_new("/tmp", &s, &err));
    OK(lem_skipped_add(s, &rows[0], &fresh, &err));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        put("mine", others[i]);
        assert_false(lem_skipped_is_list("mine"));
        FAILS(lem_skipped_check_place("mine", &err), LEM_EUSAGE, "is no list of rows left out");
        FAILS(lem_skipped_save(s, "mine", false, &err), LEM_EUSAGE, "is no list of rows left out");
        OK(lem_skipped_remove("mine", &gone, &err));
        assert_false(gone);
        holds("mine", others[i]);
    }
    OK(lem_skipped_save(s, "mine", true, &err));
    assert_true(lem_skipped_is_list("mine"));
    OK(lem_skipped_check_place("mine", &err));
    OK(lem_skipped_save(s, "mine", false, &err));
    OK(lem_skipped_remove("mine", &gone, &err));
    assert_true(gone);
    assert_false(lem_file_exists("mine"));
    OK(lem_skipped_remove("mine", &gone, &err));
    assert_false(gone);
    OK(lem_skipped_check_place("mine", &err));
    assert_int_equal(mkfifo("pipe", 0600), 0); /* never opened to look into it */
    assert_false(lem_skipped_is_list("pipe"));
    OK(lem_skipped_check_place("pipe", &err));
    OK(lem_skipped_remove("pipe", &gone, &err));
    assert_true(lem_file_exists("pipe"));
    OK(lem_skipped_save(s, "/dev/null", false, &err));
    FAILS(lem_skipped_save(s, "none/list", false, &err), LEM_EIO, "no such folder");
    lem_skipped_free(s);
}

enum { MANY = 200000 };

static size_t in_use(void) {
    const struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

/* 200,000 rows with texts of 600 bytes: all are listed, in order, in less memory than the texts take. */
static void many(void **state) {
    (void)state;
    lem_skipped *s = NULL;
    lem_lines *in = NULL;
    const char *line = NULL;
    size_t len = 0;
    bool fresh = false, eof = false;
    char text[601], want[80];
    memset(text, 'e', 600);
    text[600] = '\0';
    const size_t before = in_use();
    OK(lem_skipped_new("/tmp", &s, &err));
    for (uint64_t i = MANY; i > 0; i--) {
        const lem_skipped_row row = {"f", i, NULL, "other", text};
        OK(lem_skipped_add(s, &row, &fresh, &err));
    }
    assert_true(in_use() < before + ((size_t)48 << 20));
    OK(lem_skipped_save(s, "many", false, &err));
    lem_skipped_free(s);
    OK(lem_lines_open("many", 0, &in, &err));
    for (uint64_t i = 1; i <= MANY; i++) {
        OK(lem_lines_next(in, &line, &len, &eof, &err));
        snprintf(want, sizeof want, "{\"file\":\"f\",\"line\":%llu,", (unsigned long long)i);
        assert_memory_equal(line, want, strlen(want));
    }
    OK(lem_lines_next(in, &line, &len, &eof, &err));
    assert_true(eof);
    lem_lines_close(in);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_bytes), cmocka_unit_test(loaded),
                                       cmocka_unit_test(other_files), cmocka_unit_test(many)};
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
