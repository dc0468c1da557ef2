/* test_write - rows written as Parquet or JSONL are read back equal; what does not fit is refused; nothing
 * half is left
 *
 * With LEMMA_ROWS_OUT=FOLDER the files stay there, for pyarrow to be asked (tools/golden/check_rows.py). */
#include "core/file.h"
#include "../../support/jsonl.h"
#include "core/mem.h"
#include "rows/rows.h"
#include "rows/write.h"

#include "../checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char dir[256];

static lem_json *parsed(const char *text) {
    lem_json *v = NULL;
    OK(lem_json_parse(text, strlen(text), &v, &err));
    return v;
}

static void write_rows(const char *path, lem_rows_kind kind, size_t group, const char *twin) {
    lem_rows_writer *w = NULL;
    lem_lines *r = NULL;
    OK(lem_lines_open(twin, 0, &r, &err));
    OK(lem_rows_writer_open(path, kind, true, group, &w, &err));
    for (;;) {
        lem_json *row = NULL;
        OK(jsonl_next(r, &row, &err));
        if (!row) break;
        (void)lem_json_remove(row, "table"); /* a map: its keys would become columns, null where absent */
        OK(lem_rows_writer_add(w, row, &err));
        lem_json_free(row);
    }
    OK(lem_rows_writer_commit(w, &err));
    lem_rows_writer_close(w);
    lem_lines_close(r);
}

static void same(const char *path, const char *twin) {
    lem_rowset *s = NULL;
    lem_lines *r = NULL;
    OK(lem_rowset_open(&path, 1, NULL, &s, &err));
    OK(lem_lines_open(twin, 0, &r, &err));
    for (;;) {
        lem_json *is = NULL, *want = NULL;
        OK(lem_rowset_next(s, &is, &err));
        OK(jsonl_next(r, &want, &err));
        assert_int_equal(!is, !want);
        if (!is) break;
        (void)lem_json_remove(want, "table");
        assert_true(lem_json_equal(is, want));
        lem_json_free(is);
        lem_json_free(want);
    }
    lem_rowset_close(s);
    lem_lines_close(r);
}

static const char *const twins[] = {"pq-pandas", "pq-required", "pq-plain-none-v1-n3",
                                    "pq-dict-snappy-v2-n3"};

static void rows_come_back(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof twins / sizeof *twins; i++) {
        char twin[512], path[512];
        snprintf(twin, sizeof twin, "%s/rows/%s.jsonl", LEMMA_TEST_DATA, twins[i]);
        for (size_t group = 0; group < 5; group += 2) {
            /* Later groups may not have columns that the first had not: only whole files of these. */
            if (group && i >= 2) continue;
            snprintf(path, sizeof path, "%s/%s-%zu.parquet", dir, twins[i], group);
            write_rows(path, LEM_ROWS_PARQUET, group, twin);
            same(path, twin);
        }
        snprintf(path, sizeof path, "%s/%s.jsonl", dir, twins[i]);
        write_rows(path, LEM_ROWS_JSONL, 0, twin);
        same(path, twin);
    }
}

/* Writes rows until one is refused, with that text, and shows that nothing is left. */
static void refused(const char *const *rows, size_t n, size_t group, const char *why) {
    char path[512];
    lem_rows_writer *w = NULL;
    lem_status st = LEM_OK;
    snprintf(path, sizeof path, "%s/refused.parquet", dir);
    OK(lem_rows_writer_open(path, LEM_ROWS_PARQUET, false, group, &w, &err));
    for (size_t i = 0; i < n && st == LEM_OK; i++) {
        lem_json *row = parsed(rows[i]);
        st = lem_rows_writer_add(w, row, &err);
        lem_json_free(row);
    }
    if (st == LEM_OK) st = lem_rows_writer_commit(w, &err);
    assert_int_equal(st, LEM_EDATA);
    if (!strstr(err.text, why)) print_error("%s\n", err.text);
    assert_non_null(strstr(err.text, why));
    lem_rows_writer_close(w);
    assert_false(lem_file_exists(path));
}

static void what_does_not_fit_is_refused(void **state) {
    (void)state;
    static const char *const two[] = {"{\"a\":1}", "{\"a\":\"x\"}"}, *const late[] = {"{\"a\":1}",
                                                                                      "{\"a\":1,\"b\":2}"};
    static const char *const real[] = {"{\"a\":1}", "{\"a\":1.5}"}, *const empty[] = {"{\"a\":{}}"},
                             *const none[] = {"{}"};
    static const char *const bad[] = {"{\"a\":[[{\"b\":1}]]}", "{\"a\":[[{\"b\":[1]}]]}"};
    refused(bad, 2, 10, "row 2: column 'b' is array here and integer in rows before");
    refused(two, 2, 10, "row 2: column 'a' is string here and integer in rows before");
    refused(late, 2, 1, "row 2: column 'b' is in no row before");
    refused(real, 2, 1, "row 2: column 'a' is real number here and integer in rows before");
    refused(empty, 1, 10, "column 'a' holds empty objects");
    refused(none, 1, 10, "no rows with columns");
    refused(NULL, 0, 10, "no rows with columns");
}

/* The same rows give the same bytes. */
static void bytes_are_the_same_each_time(void **state) {
    (void)state;
    char a[512], b[512];
    lem_buf x = {0}, y = {0};
    snprintf(a, sizeof a, "%s/pq-pandas-0.parquet", dir);
    snprintf(b, sizeof b, "%s/again.parquet", dir);
    write_rows(b, LEM_ROWS_PARQUET, 0, LEMMA_TEST_DATA "/rows/pq-pandas.jsonl");
    OK(lem_file_read(a, 1 << 20, &x, &err));
    OK(lem_file_read(b, 1 << 20, &y, &err));
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.data, y.data, x.len);
    lem_buf_release(&x);
    lem_buf_release(&y);
}

int main(void) {
    const char *out = getenv("LEMMA_ROWS_OUT");
    snprintf(dir, sizeof dir, "%s", out ? out : "/tmp/lemma-rows-XXXXXX");
    if (!out && !mkdtemp(dir)) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(bytes_are_the_same_each_time),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (!out) (void)!lem_dir_remove(dir, NULL);
    return failed;
}
