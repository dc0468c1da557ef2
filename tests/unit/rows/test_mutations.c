/* test_mutations - damaged Parquet, Arrow and CSV files give rows or one clear line, within bounds of time
 * and memory
 *
 * CTest runs 10,000; `rows_test_mutations N` runs N, and says how many were read to their end. */
#include "core/file.h"
#include "core/mem.h"
#include "core/rng.h"
#include "rows/rows.h"

#include "../checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MUTATIONS = 10000, MAX_ROWS = 3000 };
/* A page may be stated at 1 GiB that only its decompression shows to be a lie; nothing is written to it then.
 */
enum { PEAK_LIMIT_KIB = 600 << 10 };

static size_t times = MUTATIONS;
static char scratch[64];

static void write_scratch(const char *p, size_t n) {
    FILE *f = fopen(scratch, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Flips, overwrites, cuts out, doubles; numbers become extreme ones. */
static void damage(lem_buf *b, lem_rng *r) {
    for (uint64_t k = 1 + lem_rng_next_below(r, 4); k > 0 && b->len; k--) {
        size_t at = (size_t)lem_rng_next_below(r, b->len);
        /* Footers and headers are where structure lies: half of the changes fall on the last or first
         * kilobyte. */
        uint64_t where = lem_rng_next_below(r, 4);
        if (where == 0 && b->len > 1024) at = b->len - 1 - (size_t)lem_rng_next_below(r, 1024);
        if (where == 1 && b->len > 1024) at = (size_t)lem_rng_next_below(r, 1024);
        /* Cuts are seldom: they end the matter at once. */
        switch (lem_rng_next_below(r, 12) % 9) {
        case 0: b->data[at] = (char)(b->data[at] ^ (1 << lem_rng_next_below(r, 8))); break;
        case 1: b->data[at] = (char)lem_rng_next(r); break;
        case 2: memset(b->data + at, lem_rng_next_below(r, 2) ? 0xff : 0, least(b->len - at, 4)); break;
        case 7: b->len = at; break;
        case 8: {
            size_t n = 1 + (size_t)lem_rng_next_below(r, 16);
            if (n > b->len - at) n = b->len - at;
            memmove(b->data + at, b->data + at + n, b->len - at - n);
            b->len -= n;
            break;
        }
        default: {
            size_t from = (size_t)lem_rng_next_below(r, b->len), n = b->len - at < 8 ? b->len - at : 8;
            if (n > b->len - from) n = b->len - from;
            memmove(b->data + at, b->data + from, n);
        }
        }
    }
}

/* True: read to its end. */
static bool read_all(void) {
    const char *path = scratch;
    lem_rowset *s = NULL;
    err = (lem_err)LEM_ERR_INIT;
    lem_status st = lem_rowset_open(&path, 1, NULL, &s, &err);
    for (int n = 0; st == LEM_OK && n < MAX_ROWS; n++) {
        lem_json *row = NULL;
        st = lem_rowset_next(s, &row, &err);
        if (st != LEM_OK || !row) break;
        assert_int_equal(lem_json_kind(row), LEM_JSON_OBJECT);
        lem_json_free(row);
    }
    lem_rowset_close(s);
    if (st == LEM_OK) return true;
    if (st != LEM_EDATA && st != LEM_EMEM) print_error("status %d: %s\n", (int)st, err.text);
    if (getenv("LEMMA_SHOW")) print_message("%s\n", err.text);
    assert_true(st == LEM_EDATA || st == LEM_EMEM);
    assert_non_null(strstr(err.text, path));
    assert_null(strchr(err.text, '\n'));
    return false;
}

static bool is_base(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot && (strcmp(dot, ".parquet") == 0 || strcmp(dot, ".arrow") == 0);
}

static void damaged_files_give_rows_or_one_line(void **state) {
    (void)state;
    static const char csv[] = "a,b,\"c, d\"\r\n1,\"x \"\"y\"\"\",3\n\"two\nlines\",2,3\n4,5,6\n";
    lem_buf base[32] = {{0}};
    char **names = NULL;
    size_t n = 0, bases = 0, whole = 0;
    OK(lem_dir_list(LEMMA_TEST_DATA "/rows", &names, &n, &err));
    for (size_t i = 0; i < n; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/rows/%s", LEMMA_TEST_DATA, names[i]);
        if (is_base(names[i]) && bases < 30) OK(lem_file_read(path, 1 << 24, &base[bases++], &err));
        lem_free(names[i]);
    }
    lem_free(names);
    lem_buf_add(&base[bases++], csv, sizeof csv - 1);
    for (size_t i = 0; i < times; i++) {
        lem_rng r = lem_rng_make(11, "rows.mutations", i);
        lem_buf b = {0};
        const lem_buf *from = &base[i % bases];
        lem_buf_add(&b, from->data, from->len);
        damage(&b, &r);
        write_scratch(lem_buf_str(&b), b.len);
        whole += read_all();
        lem_buf_release(&b);
    }
    for (size_t i = 0; i < bases; i++) lem_buf_release(&base[i]);
    unlink(scratch);
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    print_message("%zu damaged files: %zu read to their end, %zu refused, peak %ld MiB\n", times, whole,
                  times - whole, use.ru_maxrss >> 10);
    assert_true(bases >= 12);
    assert_true(whole > 0 && whole < times);
#ifndef __SANITIZE_ADDRESS__
    assert_true(use.ru_maxrss < PEAK_LIMIT_KIB);
#endif
}

int main(int argc, char **argv) {
    if (argc > 1) times = (size_t)strtoul(argv[1], NULL, 10);
    snprintf(scratch, sizeof scratch, "/dev/shm/lemma-rows-%ld", (long)getpid());
    const struct CMUnitTest tests[] = {cmocka_unit_test(damaged_files_give_rows_or_one_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
