/* test_rows - kinds told by content, CSV and JSON in detail, paths, columns, places in errors, refusals by
 * name */
#include "rows/rows.h"

#include "core/file.h"
#include "core/mem.h"

#include "../checks.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];

static const char *file(const char *name, const char *bytes, size_t n) {
    static __thread char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    return path;
}

/* All rows of a file as JSON lines, or the error behind them. */
static void expect_of(const char *path, const lem_rowset_opts *o, const char *want, int line) {
    lem_rowset *s = NULL;
    lem_buf got = {0};
    err = (lem_err)LEM_ERR_INIT;
    lem_status st = lem_rowset_open(&path, 1, o, &s, &err);
    while (st == LEM_OK) {
        lem_json *row = NULL;
        st = lem_rowset_next(s, &row, &err);
        if (st != LEM_OK || !row) break;
        lem_json_write(row, 0, &got);
        lem_buf_putc(&got, '\n');
        lem_json_free(row);
    }
    if (st != LEM_OK)
        lem_buf_printf(&got, "! %s",
                       strncmp(err.text, dir, strlen(dir)) == 0 ? err.text + strlen(dir) + 1 : err.text);
    if (strcmp(lem_buf_str(&got), want) != 0)
        print_error("line %d: got <%s>, not <%s>\n", line, lem_buf_str(&got), want);
    assert_string_equal(lem_buf_str(&got), want);
    lem_buf_release(&got);
    lem_rowset_close(s);
}
#define ROWS(bytes, want) expect_of(file("f", bytes, sizeof bytes - 1), NULL, want, __LINE__)

static void evidence_is(const char *path, const char *want) {
    lem_rowset *s = NULL;
    lem_buf got = {0};
    OK(lem_rowset_open(&path, 1, NULL, &s, &err));
    lem_rowset_evidence(s, &got);
    assert_string_equal(lem_buf_str(&got), want);
    lem_buf_release(&got);
    lem_rowset_close(s);
}

/* Files without a header: the first line is a row. */
static void given_header(void **state) {
    (void)state;
    static const char *const names[] = {"q", "a"}, *const twice[] = {"q", "q"};
    const lem_rowset_opts o = {.header = names, .n_header = 2}, bad = {.header = twice, .n_header = 2};
#define HEADED(bytes, want) expect_of(file("f", bytes, sizeof bytes - 1), &o, want, __LINE__)
    HEADED("1,2\n3,4\n", "{\"q\":\"1\",\"a\":\"2\"}\n{\"q\":\"3\",\"a\":\"4\"}\n");
    HEADED("\xEF\xBB\xBF\"x, y\"\t2\n", "{\"q\":\"x, y\",\"a\":\"2\"}\n");
    HEADED("1,2\n3\n", "{\"q\":\"1\",\"a\":\"2\"}\n! f:2: 1 fields where the columns are 2");
    HEADED("{\"a\":1}\n", "{\"a\":1}\n"); /* JSON names its columns itself */
    expect_of(file("f", "1,2\n", 4), &bad, "! f: header, line 1: 'q' comes twice", __LINE__);
}

static void csv(void **state) {
    (void)state;
    ROWS("a,b\n1,2\n3,4\n", "{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"3\",\"b\":\"4\"}\n");
    ROWS("\xEF\xBB\xBF"
         "a,b\r\n1,\r\n\r\n,2",
         "{\"a\":\"1\",\"b\":\"\"}\n{\"a\":\"\",\"b\":\"2\"}\n");
    ROWS("a,\"b, \"\"c\"\"\"\n\"x\ny\",\"\"\n", "{\"a\":\"x\\ny\",\"b, \\\"c\\\"\":\"\"}\n");
    ROWS("a\tb\n1,5\t\"2\t3\"\n", "{\"a\":\"1,5\",\"b\":\"2\\t3\"}\n");
    ROWS("a;b\n1,5;2\n", "{\"a\":\"1,5\",\"b\":\"2\"}\n");
    ROWS("a,b\n1 \"x\",2\n", "{\"a\":\"1 \\\"x\\\"\",\"b\":\"2\"}\n");
    ROWS("a,b\n", "");
    ROWS("a,b\n1,2\n\"x\n\ny\",2,3\n", "{\"a\":\"1\",\"b\":\"2\"}\n! f:3: 3 fields where the header has 2");
    ROWS("a,b\n1,\"2\n3,4\n", "! f:2: a quote that is not closed");
    ROWS("a,b\n1,\"2\"x\n", "! f:2: something stands behind a closing quote");
    ROWS("a,a\n1,2\n", "! f: header, line 2: 'a' comes twice");
    ROWS("a,b\n1,\xff\n",
         "! f: its kind cannot be told: no JSON, CSV, Parquet or Arrow (the first bytes are none of theirs)");
    expect_of(file("one.csv", "text\nx\n", 7), NULL, "{\"text\":\"x\"}\n", __LINE__);
    evidence_is(file("one.csv", "a\tb\n", 4), "TSV, columns a, b");
}

static void json(void **state) {
    (void)state;
    ROWS("{\"a\":1}\n\n  {\"a\":[1,{\"b\":null}]}", "{\"a\":1}\n{\"a\":[1,{\"b\":null}]}\n");
    ROWS("", "");
    ROWS(" \n\n", "");
    ROWS("{\"a\":1}\n{\"a\":\n", "{\"a\":1}\n! f:2: JSON line 1 column 5: unexpected token near end of file");
    ROWS("{\"a\":1}\n[1]\n", "{\"a\":1}\n! f:2: the row must be a JSON object, not: array");
    ROWS(" \xEF\xBB\xBF",
         "! f: its kind cannot be told: text without a '{' or '[' in front (JSON) and without commas or "
         "tabs in its first line (CSV; a file of one column must be called .csv)");
    ROWS("[]", "");
    ROWS("\xEF\xBB\xBF[ {\"a\":\"]\\\"}\"} ,\n{\"b\":[{}]} ]\n", "{\"a\":\"]\\\"}\"}\n{\"b\":[{}]}\n");
    ROWS("[{\"a\":1},]", "{\"a\":1}\n! f: row 2: a comma before the end of the array");
    ROWS("[{\"a\":1}", "! f: row 1: the array is not closed");
    ROWS("[{\"a\":1}}", "{\"a\":1}\n! f: row 2: a comma is missing");
    ROWS("[{\"a\":1}]x", "{\"a\":1}\n! f: row 2: something stands behind the array");
    ROWS("[{\"a\":1},2]", "{\"a\":1}\n! f: row 2: the row must be a JSON object, not: integer");
}

/* Rows that do not fit the buffer at once. */
static void long_rows(void **state) {
    (void)state;
    enum { LONG = 3 << 20 };
    lem_buf text = {0};
    static const char *const fronts[] = {"{\"a\":\"", "[{\"a\":\"", "a,b\n\"x"}, *const ends[] = {
                                                                                     "\"}", "\"}]", "\",2"};
    for (int k = 0; k < 3; k++) {
        lem_rowset *s = NULL;
        lem_json *row = NULL;
        lem_buf_clear(&text);
        lem_buf_puts(&text, fronts[k]);
        for (int i = 0; i < LONG; i++) lem_buf_putc(&text, i % 1000 ? 'x' : '\\');
        for (size_t i = 0; i < text.len && k < 2; i++)
            if (text.data[i] == '\\') text.data[++i] = '\\'; /* escapes come in pairs */
        lem_buf_puts(&text, ends[k]);
        const char *path = file("long", text.data, text.len);
        OK(lem_rowset_open(&path, 1, NULL, &s, &err));
        OK(lem_rowset_next(s, &row, &err));
        assert_int_equal(lem_json_str_len(lem_json_get(row, "a")),
                         k == 2 ? LONG + 1 : LONG - LONG / 1000 - 1);
        lem_json_free(row);
        OK(lem_rowset_next(s, &row, &err));
        assert_null(row);
        lem_rowset_close(s);
    }
    lem_buf_release(&text);
}

static void packed_by_content(void **state) {
    (void)state;
    static const char *const names[] = {"p.jsonl.gz", "p.jsonl.zst"};
    static const char *const kinds[] = {"JSONL, one object a line inside gzip",
                                        "JSONL, one object a line inside Zstandard"};
    for (int k = 0; k < 2; k++) {
        char path[256];
        lem_buf raw = {0};
        snprintf(path, sizeof path, "%s/%s", dir, names[k]);
        OK(lem_file_write_atomic(path, "{\"a\":1}\n", 8, &err));
        evidence_is(path, kinds[k]);
        /* The same bytes under a name that says nothing. */
        FILE *f = fopen(path, "rb");
        char bytes[256];
        size_t n = fread(bytes, 1, sizeof bytes, f);
        fclose(f);
        expect_of(file("nothing", bytes, n), NULL, "{\"a\":1}\n", __LINE__);
        err = (lem_err)LEM_ERR_INIT;
        lem_rowset *s = NULL;
        const char *cut = file("cut", bytes, n - 3);
        FAILS(lem_rowset_open(&cut, 1, NULL, &s, &err), LEM_EDATA, "compressed data is damaged");
        lem_buf_release(&raw);
    }
}

static void foreign_kinds_are_named(void **state) {
    (void)state;
    ROWS("PK\x03\x04zip", "! f: it is a zip archive or a spreadsheet, which is not read here");
    ROWS("SQLite format 3\0", "! f: it is an SQLite database, which is not read here");
    ROWS("\xFF\xFE{\0}\0", "! f: it is text in UTF-16 (save it as UTF-8), which is not read here");
    ROWS("PAR1 short", "! f: a Parquet file that ends early");
    ROWS("PAR1\0\0\0\0\0\0\0\0PARE",
         "! f: Parquet with encryption is not read here; pyarrow converts it: import "
         "pyarrow.parquet as pq; pq.write_table(pq.read_table('IN'), 'OUT.parquet', compression='zstd')");
    ROWS("just text\n", "! f: its kind cannot be told: text without a '{' or '[' in front (JSON) and without "
                        "commas or tabs in "
                        "its first line (CSV; a file of one column must be called .csv)");
    const char *none = "/nowhere/at/all";
    lem_rowset *s = NULL;
    FAILS(lem_rowset_open(&none, 1, NULL, &s, &err), LEM_EDATA, "/nowhere/at/all");
}

static void only_the_columns_asked_for(void **state) {
    (void)state;
    static const char *const columns[] = {"b", "z"};
    const lem_rowset_opts o = {columns, 2, NULL};
    static const char jsonl[] = "{\"a\":1,\"b\":2}\n{\"a\":3}\n", table[] = "a,b\n1,2\n",
                      array[] = "[{\"b\":1,\"c\":2}]";
    expect_of(file("f", jsonl, sizeof jsonl - 1), &o, "{\"b\":2}\n{}\n", __LINE__);
    expect_of(file("f", table, sizeof table - 1), &o, "{\"b\":\"2\"}\n", __LINE__);
    expect_of(file("f", array, sizeof array - 1), &o, "{\"b\":1}\n", __LINE__);
    static const char *const one[] = {"l"};
    const lem_rowset_opts q = {one, 1, NULL};
    expect_of(LEMMA_TEST_DATA "/rows/pq-required.parquet", &q,
              "{\"l\":[]}\n{\"l\":[0]}\n{\"l\":[0,1]}\n{\"l\":[0,1,2]}\n{\"l\":[]}\n{\"l\":[0]}\n", __LINE__);
}

/* A column that is not asked for is not decoded: damage in it is not met. */
static void other_columns_are_not_looked_at(void **state) {
    (void)state;
    static const char *const one[] = {"id"}, *const other[] = {"s"};
    const lem_rowset_opts q = {one, 1, NULL}, all = {other, 1, NULL};
    lem_buf b = {0};
    OK(lem_file_read(LEMMA_TEST_DATA "/rows/pq-required.parquet", 1 << 20, &b, &err));
    lem_rowset *s = NULL;
    const char *path = NULL;
    size_t hits = 0;
    for (size_t at = 4; at < b.len / 2; at++) { /* somewhere in the pages */
        lem_json *row = NULL;
        char was = b.data[at];
        b.data[at] = (char)~was;
        path = file("f", b.data, b.len);
        if (lem_rowset_open(&path, 1, &all, &s, &err) != LEM_OK) break; /* the footer begins */
        lem_status st = lem_rowset_next(s, &row, &err);
        lem_json_free(row);
        lem_rowset_close(s);
        if (st == LEM_EDATA) {
            OK(lem_rowset_open(&path, 1, &q, &s, &err));
            OK(lem_rowset_next(s, &row, &err));
            lem_json_free(row);
            lem_rowset_close(s);
            hits++;
        }
        b.data[at] = was;
    }
    lem_buf_release(&b);
    assert_true(hits > 5);
}

static void evidence(void **state) {
    (void)state;
    evidence_is(LEMMA_TEST_DATA "/rows/pq-required.parquet",
                "Parquet, 3 row groups, 6 rows, columns id, s, l[]");
    evidence_is(LEMMA_TEST_DATA "/rows/pq-empty.parquet",
                "Parquet, 1 row group, 0 rows, columns a, m[]{role,content}");
    evidence_is(LEMMA_TEST_DATA "/rows/ar-file-zstd-n3-b7.arrow",
                "Arrow file, columns view, bview, large[]{role,content}, three[], pairs[]{role,content}, "
                "secs, day64, at_s, t_s, "
                "t_ns, cat, cats[], ucat, messages[]{role,content}, text, f32, flag, table{…}, dec");
}

static void count_rows(const char *const *paths, size_t n, size_t files, int want, int line) {
    lem_rowset *s = NULL;
    int rows = 0;
    OK(lem_rowset_open(paths, n, NULL, &s, &err));
    for (;; rows++) {
        lem_json *row = NULL;
        OK(lem_rowset_next(s, &row, &err));
        if (!row) break;
        lem_json_free(row);
    }
    if (rows != want || lem_rowset_files(s) != files)
        print_error("line %d: %d rows, %zu files\n", line, rows, lem_rowset_files(s));
    assert_int_equal(rows, want);
    assert_int_equal(lem_rowset_files(s), files);
    lem_rowset_close(s);
}

static void folders_and_patterns(void **state) {
    (void)state;
    char sub[128], pattern[160], path[200];
    lem_rowset *s = NULL;
    snprintf(sub, sizeof sub, "%s/set", dir);
    mkdir(sub, 0777);
    const char *p = sub, *g = pattern, *two[2] = {sub, pattern};
    FAILS(lem_rowset_open(&p, 1, NULL, &s, &err), LEM_EDATA, "no data files in this folder");
    file("set/README.md", "no rows", 7);
    file("set/.hidden.jsonl", "no rows", 7);
    file("set/b.jsonl", "{\"a\":1}\n{\"a\":2}\n", 16);
    file("set/a.csv", "x,y\n1,2\n", 8);
    count_rows(&p, 1, 2, 3, __LINE__);
    snprintf(pattern, sizeof pattern, "%s/*.jsonl", sub);
    count_rows(&g, 1, 1, 2, __LINE__);
    count_rows(two, 2, 3, 5, __LINE__);
    /* A file that is called like a pattern is that file. */
    file("set/[x].jsonl", "{\"a\":1}\n", 8);
    snprintf(pattern, sizeof pattern, "%s/[x].jsonl", sub);
    count_rows(&g, 1, 1, 1, __LINE__);
    snprintf(pattern, sizeof pattern, "%s/*.none", sub);
    FAILS(lem_rowset_open(&g, 1, NULL, &s, &err), LEM_EDATA, "no file matches this pattern");
    /* The error of a later file names that one. */
    file("set/c.jsonl", "{\"a\":1}\n{", 9);
    OK(lem_rowset_open(&p, 1, NULL, &s, &err));
    lem_status st = LEM_OK;
    for (int i = 0; i < 10 && st == LEM_OK; i++) {
        lem_json *row = NULL;
        st = lem_rowset_next(s, &row, &err);
        lem_json_free(row);
    }
    snprintf(path, sizeof path, "%s/c.jsonl:2: ", sub);
    assert_int_equal(st, LEM_EDATA);
    assert_int_equal(strncmp(err.text, path, strlen(path)), 0);
    lem_rowset_close(s);
}

/* A damaged first line makes no table of a file that is called JSONL. */
static void named_json_lines(void **state) {
    (void)state;
    char path[128];
    const char *p = path;
    lem_rowset *s = NULL;
    lem_json *row = NULL;
    file("damaged.jsonl", "no, row\n{\"a\":1}\n", 16);
    snprintf(path, sizeof path, "%s/damaged.jsonl", dir);
    OK(lem_rowset_open(&p, 1, NULL, &s, &err));
    FAILS(lem_rowset_next(s, &row, &err), LEM_EDATA, "damaged.jsonl:1: JSON");
    lem_rowset_close(s);
    file("table", "no, row\n1,2\n", 12); /* any other name: content tells */
    snprintf(path, sizeof path, "%s/table", dir);
    count_rows(&p, 1, 1, 1, __LINE__);
}

static void saved_to_disk(void **state) {
    (void)state;
    char sub[128];
    lem_rowset *s = NULL;
    lem_buf b = {0};
    snprintf(sub, sizeof sub, "%s/saved", dir);
    mkdir(sub, 0777);
    const char *p = sub;
    OK(lem_file_read(LEMMA_TEST_DATA "/rows/ar-stream-None-n3-b7.arrow", 1 << 20, &b, &err));
    file("saved/data-00000-of-00002.arrow", b.data, b.len);
    file("saved/data-00001-of-00002.arrow", b.data, b.len);
    file("saved/left-over.arrow", "x", 1);
    file("saved/dataset_info.json", "{}", 2);
    static const char st[] = "{\"_data_files\":[{\"filename\":\"data-00000-of-00002.arrow\"},{\"filename\":"
                             "\"data-00001-of-00002.arrow\"}]}";
    file("saved/state.json", st, sizeof st - 1);
    count_rows(&p, 1, 2, 12, __LINE__);
    /* Without its end mark a stream may have lost rows. */
    file("saved/data-00001-of-00002.arrow", b.data, b.len - 8);
    OK(lem_rowset_open(&p, 1, NULL, &s, &err));
    lem_status got = LEM_OK;
    for (int i = 0; i < 20 && got == LEM_OK; i++) {
        lem_json *row = NULL;
        got = lem_rowset_next(s, &row, &err);
        lem_json_free(row);
    }
    assert_non_null(strstr(err.text, "the Arrow data ends early"));
    lem_rowset_close(s);
    static const char out[] = "{\"_data_files\":[{\"filename\":\"../../etc/passwd\"}]}";
    file("saved/state.json", out, sizeof out - 1);
    FAILS(lem_rowset_open(&p, 1, NULL, &s, &err), LEM_EDATA, "is no file name");
    static const char dict[] = "{\"splits\":[\"train\",\"test\"]}";
    file("saved/dataset_dict.json", dict, sizeof dict - 1);
    FAILS(lem_rowset_open(&p, 1, NULL, &s, &err), LEM_EDATA, "several data sets (train, test)");
    lem_buf_release(&b);
}

static void interrupted(void **state) {
    (void)state;
    lem_cancel stop = {0};
    const lem_rowset_opts o = {NULL, 0, &stop};
    static const char *const paths[] = {LEMMA_TEST_DATA "/rows/pq-required.parquet",
                                        LEMMA_TEST_DATA "/rows/ar-file-zstd-n3-b7.arrow",
                                        LEMMA_TEST_DATA "/rows/pq-required.jsonl"};
    for (int i = 0; i < 3; i++) {
        lem_rowset *s = NULL;
        lem_json *row = NULL;
        stop.requested = 0;
        OK(lem_rowset_open(&paths[i], 1, &o, &s, &err));
        stop.requested = 1;
        FAILS(lem_rowset_next(s, &row, &err), LEM_EINTR, "interrupted");
        assert_string_equal(err.text, "interrupted");
        lem_rowset_close(s);
    }
}

/* A page whose checksum is stated is held to it: no changed byte of it becomes a row. */
static void checksums(void **state) {
    (void)state;
    lem_buf b = {0};
    size_t told = 0;
    OK(lem_file_read(LEMMA_TEST_DATA "/rows/pq-plain-none-v2-n3.parquet", 1 << 20, &b, &err));
    for (size_t i = 4; i < 300; i++) {
        lem_rowset *s = NULL;
        lem_status st = LEM_OK;
        b.data[i] = (char)(b.data[i] ^ 1);
        const char *path = file("sum", b.data, b.len);
        OK(lem_rowset_open(&path, 1, NULL, &s, &err));
        for (int n = 0; n < 6 && st == LEM_OK; n++) {
            lem_json *row = NULL;
            st = lem_rowset_next(s, &row, &err);
            lem_json_free(row);
        }
        told += st == LEM_EDATA && strstr(err.text, "a page's checksum is wrong") != NULL;
        lem_rowset_close(s);
        b.data[i] = (char)(b.data[i] ^ 1);
    }
    lem_buf_release(&b);
    print_message("%zu changes of pages were told by their checksum\n", told);
    assert_true(told > 20);
}

/* An Arrow file that lost its very end is told from a whole one. */
static void cut_arrow_file(void **state) {
    (void)state;
    lem_buf b = {0};
    lem_rowset *s = NULL;
    lem_status st = LEM_OK;
    OK(lem_file_read(LEMMA_TEST_DATA "/rows/ar-file-zstd-n3-b7.arrow", 1 << 20, &b, &err));
    const char *path = file("cut.arrow", b.data, b.len - 1);
    OK(lem_rowset_open(&path, 1, NULL, &s, &err));
    for (int n = 0; n < 9 && st == LEM_OK; n++) {
        lem_json *row = NULL;
        st = lem_rowset_next(s, &row, &err);
        lem_json_free(row);
    }
    assert_int_equal(st, LEM_EDATA);
    assert_non_null(strstr(err.text, "the Arrow data ends early"));
    lem_rowset_close(s);
    lem_buf_release(&b);
}

/* Every allocation that can fail, fails once; nothing is leaked (ASan) and the error says memory. */
static void out_of_memory(void **state) {
    (void)state;
    static const char *const paths[] = {LEMMA_TEST_DATA "/rows/pq-dict-snappy-v2-n3.parquet",
                                        LEMMA_TEST_DATA "/rows/ar-stream-lz4-n3-b7.arrow"};
    for (int i = 0; i < 2; i++) {
        lem_status st = LEM_EMEM;
        for (uint64_t k = 1; st != LEM_OK; k += 1 + k / 50) {
            lem_rowset *s = NULL;
            err = (lem_err)LEM_ERR_INIT;
            lem_mem_fail_after(k, true);
            st = lem_rowset_open(&paths[i], 1, NULL, &s, &err);
            for (int n = 0; n < 7 && st == LEM_OK; n++) {
                lem_json *row = NULL;
                st = lem_rowset_next(s, &row, &err);
                lem_json_free(row);
            }
            lem_mem_fail_after(0, false);
            lem_rowset_close(s);
            if (st != LEM_OK && st != LEM_EMEM)
                print_error("%s: allocation %d: %s\n", paths[i], (int)k, err.text);
            assert_true(st == LEM_OK || st == LEM_EMEM);
        }
    }
}

/* Feeds a pipe, asks for an end in the middle, and then feeds on, or leaves the reader waiting. */
typedef struct feeder {
    int fd;
    const char *piece; /* written again and again */
    bool waits;        /* after the request nothing comes but signals */
    lem_cancel *cancel;
    _Atomic int done;
    pthread_t reader;
} feeder;

static void *feed(void *arg) {
    feeder *f = arg;
    size_t n = strlen(f->piece);
    if (write(f->fd, "[", 1) != 1) return NULL;
    for (int i = 0; i < 4000; i++) {
        if (i == 2000) f->cancel->requested = 1;
        if (i < 2000 || !f->waits) {
            if (write(f->fd, f->piece, n) < 0) break;
        } else if (f->done) {
            break;
        } else {
            pthread_kill(f->reader, SIGUSR1);
            usleep(1000);
        }
    }
    close(f->fd);
    return NULL;
}

static void on_signal(int sig) { (void)sig; }

/* One endless line, or an array of many lines: the end comes in the middle of it, not behind it. */
static void watched_pipe(void **state) {
    static char line[1025];
    struct sigaction wake = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};
    (void)state;
    sigaction(SIGUSR1, &wake, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    memset(line, ' ', 1024);
    for (int k = 0; k < 4; k++) {
        lem_cancel cancel = {0};
        lem_rowset *r = NULL;
        lem_json *row = NULL;
        const lem_rowset_opts o = {.cancel = &cancel};
        const char *path = "-";
        int ends[2], was = dup(0);
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(dup2(ends[0], 0), 0);
        close(ends[0]);
        line[1023] = k % 2 ? '\n' : ' ';
        feeder f = {
            .fd = ends[1], .piece = line, .waits = k >= 2, .cancel = &cancel, .reader = pthread_self()};
        pthread_t t;
        assert_int_equal(pthread_create(&t, NULL, feed, &f), 0);
        lem_status st = lem_rowset_open(&path, 1, &o, &r, &err);
        if (st == LEM_OK) st = lem_rowset_next(r, &row, &err);
        f.done = 1;
        assert_int_equal(dup2(was, 0), 0);
        close(was);
        pthread_join(t, NULL);
        lem_rowset_close(r);
        assert_int_equal(st, LEM_EINTR);
        assert_string_equal(err.text, "interrupted");
    }
}

int main(void) {
    snprintf(dir, sizeof dir, "/tmp/lemma-rows-XXXXXX");
    if (!mkdtemp(dir)) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv),
        cmocka_unit_test(given_header),
        cmocka_unit_test(json),
        cmocka_unit_test(long_rows),
        cmocka_unit_test(packed_by_content),
        cmocka_unit_test(foreign_kinds_are_named),
        cmocka_unit_test(only_the_columns_asked_for),
        cmocka_unit_test(other_columns_are_not_looked_at),
        cmocka_unit_test(evidence),
        cmocka_unit_test(folders_and_patterns),
        cmocka_unit_test(named_json_lines),
        cmocka_unit_test(saved_to_disk),
        cmocka_unit_test(interrupted),
        cmocka_unit_test(watched_pipe),
        cmocka_unit_test(checksums),
        cmocka_unit_test(cut_arrow_file),
        cmocka_unit_test(out_of_memory),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)!lem_dir_remove(dir, NULL);
    return failed;
}
