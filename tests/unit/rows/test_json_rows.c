/* test_json_rows - rows from lines and from one array, plain and compressed, and the place in every error */
#include "../core/support.h"

#include "core/jsonl.h"
#include "core/mem.h"
#include "rows/rows.h"

static bool is_odd(const lem_json *row) { return lem_json_int(lem_json_get(row, "a"), 0) % 2 != 0; }

/* Reads all rows; their "a" values are added up in *sum. */
static lem_status read_with(lem_pool *pool, const char *path, int *rows, int64_t *sum, uint64_t *last,
                            lem_err *err) {
    lem_rowset *r = NULL;
    *rows = 0, *sum = 0, *last = 0;
    lem_status st = lem_rowset_open(&path, 1, &(lem_rowset_opts){.pool = pool, .tell = is_odd}, &r, err);
    while (st == LEM_OK) {
        lem_json *row = NULL;
        st = lem_rowset_next(r, &row, err);
        if (st != LEM_OK || !row) break;
        *sum += lem_json_int(lem_json_get(row, "a"), 0);
        *last = lem_rowset_number(r);
        assert_int_equal(lem_rowset_told(r), is_odd(row));
        ++*rows;
        lem_json_free(row);
    }
    lem_rowset_close(r);
    return st;
}

/* The same, and once more with lines parsed ahead: rows, numbers and errors are alike. */
static lem_status read_all(const char *path, int *rows, int64_t *sum, uint64_t *last, lem_err *err) {
    lem_err ahead_err = LEM_ERR_INIT, made = LEM_ERR_INIT;
    int n;
    int64_t total;
    uint64_t number;
    lem_pool *pool = lem_pool_new(2, &made);
    assert_non_null(pool);
    lem_status ahead = read_with(pool, path, &n, &total, &number, &ahead_err);
    lem_status st = read_with(NULL, path, rows, sum, last, err);
    lem_pool_free(pool);
    assert_int_equal(st, ahead);
    assert_int_equal(n, *rows);
    assert_int_equal(total, *sum);
    assert_int_equal(number, *last);
    if (st != LEM_OK) assert_string_equal(ahead_err.text, err->text);
    return st;
}

/* More lines than are parsed at a time. */
static void many(void **state) {
    const char *path = in_folder(state, "many.jsonl");
    lem_err err = LEM_ERR_INIT;
    lem_buf text = {0};
    int rows;
    int64_t sum;
    uint64_t last;
    for (int i = 1; i <= 1000; i++) lem_buf_printf(&text, "{\"a\":%d}\n%s", i, i % 7 ? "" : "\n");
    assert_ok(lem_file_write_atomic(path, text.data, text.len, &err));
    assert_ok(read_all(path, &rows, &sum, &last, &err));
    assert_int_equal(rows, 1000);
    assert_int_equal(sum, 500500);
    lem_buf_puts(&text, "{\"a\":");
    assert_ok(lem_file_write_atomic(path, text.data, text.len, &err));
    assert_int_equal(read_all(path, &rows, &sum, &last, &err), LEM_EDATA);
    assert_int_equal(rows, 1000);
    lem_buf_release(&text);
}

static void good(void **state) {
    static const struct {
        const char *text;
        int rows;
        int64_t sum;
        uint64_t last;
    } cases[] = {{"", 0, 0, 0},
                 {"\n \r\n\n", 0, 0, 0},
                 {"{\"a\":1}", 1, 1, 1},
                 {"{\"a\":1}\n{\"a\":2}\n", 2, 3, 2},
                 {"{\"a\":1}\r\n\r\n  {\"a\":2}  \r\n", 2, 3, 3},
                 {"\xEF\xBB\xBF{\"a\":4}\n", 1, 4, 1},
                 {"[]", 0, 0, 0},
                 {" \n [ {\"a\":1},\n{\"a\":2},\n\n{\"a\":3} ]\n", 3, 6, 3},
                 {"\xEF\xBB\xBF[{\"a\":5}]", 1, 5, 1}};
    static const char *const names[] = {"t.jsonl", "t.jsonl.gz", "t.json.zst"};
    for (int k = 0; k < 3; k++) {
        const char *path = in_folder(state, names[k]);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            lem_err err = LEM_ERR_INIT;
            int rows;
            int64_t sum;
            uint64_t last;
            assert_ok(lem_file_write_atomic(path, cases[i].text, strlen(cases[i].text), &err));
            assert_ok(read_all(path, &rows, &sum, &last, &err));
            assert_int_equal(rows, cases[i].rows);
            assert_int_equal(sum, cases[i].sum);
            assert_int_equal(last, cases[i].last);
        }
    }
}

static void bad(void **state) {
    static const struct {
        const char *text, *place, *words;
        int rows;
    } cases[] = {{"{\"a\":1}\n\n{\"a\":}\n", ":3: ", "column", 1},
                 {"{\"a\":1}\n[1]\n", ":2: ", "not: array", 1},
                 {"12\n", ":1: ", "not: integer", 0},
                 {"{\"a\":1} {\"a\":2}\n", ":1: ", "end of file", 0},
                 {"{\n\"a\":1\n}\n", ":1: ", "", 0},
                 {"[{\"a\":1},2]", ": row 2: ", "not: integer", 1},
                 {"\n\n[{\"a\":1},\n{\"a\":}]", ": row 2: ", "unexpected token", 1},
                 {"{\"a\":\"\xFF\"}\n", ":1: ", "UTF-8", 0},
                 {"[{\"a\":1}", ": row 1: ", "not closed", 0}};
    const char *path = in_folder(state, "t.jsonl");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lem_err err = LEM_ERR_INIT;
        int rows;
        int64_t sum;
        uint64_t last;
        char place[200];
        put_file(path, cases[i].text, strlen(cases[i].text));
        assert_int_equal(read_all(path, &rows, &sum, &last, &err), LEM_EDATA);
        snprintf(place, sizeof place, "%s%s", path, cases[i].place);
        assert_has(err.text, place);
        assert_has(err.text, cases[i].words);
        assert_int_equal(rows, cases[i].rows);
    }
    lem_err err = LEM_ERR_INIT;
    lem_rowset *r;
    path = in_folder(state, "absent");
    assert_int_equal(lem_rowset_open(&path, 1, NULL, &r, &err), LEM_EDATA);
}

/* The rows before the cut are read, then the error comes. */
static void truncated_gz(void **state) {
    lem_err err = LEM_ERR_INIT;
    const char *path = in_folder(state, "t.jsonl.gz");
    lem_out *o;
    size_t n;
    assert_ok(lem_out_open(path, false, &o, &err));
    for (int i = 0; i < 5000; i++) {
        lem_json *row = lem_json_new_object();
        assert_true(lem_json_set(row, "a", lem_json_new_int(1)) &&
                    lem_json_set(row, "x", lem_json_new_num(i * 0.37)));
        assert_ok(lem_rows_write(o, row, &err));
        lem_json_free(row);
    }
    assert_ok(lem_out_commit(o, &err));
    lem_out_close(o);
    int rows;
    int64_t sum;
    uint64_t last;
    assert_ok(read_all(path, &rows, &sum, &last, &err));
    assert_int_equal(rows, 5000);
    char *data = get_file(path, &n);
    put_file(path, data, n - 4);
    free(data);
    assert_int_equal(read_all(path, &rows, &sum, &last, &err), LEM_EDATA);
    assert_has(err.text, "ends early");
    assert_in_range(rows, 4000, 5000);
}

static void out_of_memory(void **state) {
    static const char *const texts[] = {"{\"a\":1}\n{\"a\":2}\n", "[{\"a\":1},\n{\"a\":2}]"};
    const char *path = in_folder(state, "t.jsonl");
    for (int t = 0; t < 2; t++) {
        put_file(path, texts[t], strlen(texts[t]));
        uint64_t k = 1;
        for (;; k++) {
            lem_err err = LEM_ERR_INIT;
            int rows;
            int64_t sum;
            uint64_t last;
            lem_mem_fail_after(k, false);
            lem_status st = read_with(NULL, path, &rows, &sum, &last, &err);
            lem_mem_fail_after(0, false);
            if (st == LEM_OK) {
                assert_int_equal(sum, 3);
                break;
            }
            assert_int_equal(st, LEM_EMEM);
        }
        assert_true(k > 4);
    }
}

/* A row of 64 MiB is read and one byte more is not, of lines and of an array; one of 300 MiB in a small file
 * is refused before it is there. */
static void long_rows(void **state) {
    static const char *const open[] = {"{\"a\":7,\"t\":\"", "[{\"a\":7,\"t\":\""}, *const close[] = {"\"}\n",
                                                                                                     "\"}]"};
    const char *path = in_folder(state, "long.jsonl"), *packed = in_folder(state, "long.jsonl.gz");
    const size_t most = (size_t)64 << 20, some = (size_t)1 << 20;
    lem_err err = LEM_ERR_INIT;
    char *x = malloc(most + some);
    int rows;
    int64_t sum;
    uint64_t last;
    assert_non_null(x);
    memset(x, 'x', most + some);
    for (int array = 0; array < 2; array++)
        for (size_t more = 0; more < 2; more++) {
            size_t head = strlen(open[array]), row = most + more + (size_t)array, text = row - head - 2;
            memcpy(x, open[array], head);
            memcpy(x + head + text, close[array], 3);
            put_file(path, x, row + (size_t)(1 - array) + (size_t)array);
            lem_status st = read_with(NULL, path, &rows, &sum, &last, &err);
            assert_int_equal(st, more ? LEM_EDATA : LEM_OK);
            if (more) assert_has(err.text, "the row is longer than 64 MiB");
            else assert_int_equal(sum, 7);
            memset(x, 'x', head);
            memset(x + head + text, 'x', 3);
        }
    lem_out *o;
    assert_ok(lem_out_open(packed, true, &o, &err));
    assert_ok(lem_out_write(o, open[0], strlen(open[0]), &err));
    for (int i = 0; i < 300; i++) assert_ok(lem_out_write(o, x, some, &err));
    assert_ok(lem_out_commit(o, &err));
    lem_out_close(o);
    free(x);
    assert_int_equal(read_with(NULL, packed, &rows, &sum, &last, &err), LEM_EDATA);
    assert_has(err.text, "the row is longer than 64 MiB");
}

int main(void) {
    const struct CMUnitTest tests[] = {folder_test(good),          folder_test(many),
                                       folder_test(bad),           folder_test(truncated_gz),
                                       folder_test(out_of_memory), folder_test(long_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
