/* test_golden - Parquet and Arrow files that pyarrow wrote give the rows of their JSONL twins
 *
 * The files are made by tools/golden/make_rows.py; LEMMA_ROWS names a folder of other ones, e.g. of all that
 * it makes. */
#include "core/file.h"
#include "../../support/jsonl.h"
#include "core/mem.h"
#include "rows/rows.h"

#include "../checks.h"

#include <stdio.h>
#include <stdlib.h>

static void show_difference(const char *path, uint64_t n, const lem_json *is, const lem_json *want) {
    for (const char *k = lem_json_key_next(want, NULL); k; k = lem_json_key_next(want, k)) {
        lem_buf a = {0}, b = {0};
        const lem_json *x = lem_json_get(is, k);
        if (x && lem_json_equal(x, lem_json_key_value(k))) continue;
        lem_json_write(x, 0, &a);
        lem_json_write(lem_json_key_value(k), 0, &b);
        print_error("%s: row %llu: %s is %.200s, not %.200s\n", path, (unsigned long long)n, k,
                    lem_buf_str(&a), lem_buf_str(&b));
        lem_buf_release(&a);
        lem_buf_release(&b);
    }
}

/* Whether both files have the same rows; says where they part. */
static bool same_rows(const char *path, const char *twin) {
    lem_rowset *s = NULL;
    lem_lines *r = NULL;
    bool same = true;
    OK(lem_rowset_open(&path, 1, NULL, &s, &err));
    OK(lem_lines_open(twin, 0, &r, &err));
    for (;;) {
        lem_json *is = NULL, *want = NULL;
        lem_status st = lem_rowset_next(s, &is, &err);
        OK(jsonl_next(r, &want, &err));
        if (st != LEM_OK) print_error("%s\n", err.text);
        bool equal = st == LEM_OK && !is == !want && (!is || lem_json_equal(is, want));
        if (!equal && is && want) show_difference(path, lem_rowset_number(s), is, want);
        else if (!equal)
            print_error("%s: other rows than its twin behind %llu\n", path,
                        (unsigned long long)lem_lines_number(r));
        same = same && equal;
        bool end = !is || !want || !equal;
        lem_json_free(is);
        lem_json_free(want);
        if (end) break;
    }
    lem_rowset_close(s);
    lem_lines_close(r);
    return same;
}

static const char *folder(void) {
    const char *other = getenv("LEMMA_ROWS");
    return other ? other : LEMMA_TEST_DATA "/rows";
}

static void every_file_gives_the_rows_of_its_twin(void **state) {
    (void)state;
    char **names = NULL;
    size_t n = 0, tried = 0, bad = 0;
    OK(lem_dir_list(folder(), &names, &n, &err));
    for (size_t i = 0; i < n; i++) {
        char twin[512], path[512];
        const char *dot = strrchr(names[i], '.');
        bool table = dot && (strcmp(dot, ".parquet") == 0 || strcmp(dot, ".arrow") == 0);
        snprintf(path, sizeof path, "%s/%s", folder(), names[i]);
        snprintf(twin, sizeof twin, "%s/%.*s.jsonl", folder(), dot ? (int)(dot - names[i]) : 0, names[i]);
        if (table) {
            tried++;
            bad += !same_rows(path, twin);
        }
        lem_free(names[i]);
    }
    lem_free(names);
    print_message("%zu files, %zu differ\n", tried, bad);
    assert_true(tried >= 10);
    assert_int_equal(bad, 0);
}

/* ---- The shared files: what was flattened into JSONL by others ---- */

static const char *shared(const char *name) {
    static __thread char path[1024];
    const char *data = getenv("LEMMA_DATA");
    snprintf(path, sizeof path, "%s/%s", data ? data : "", name);
    return data && lem_file_exists(path) ? path : NULL;
}

static void shared_prm800k_is_its_twin(void **state) {
    (void)state;
    const char *found = shared("stepwise/prm800k/phase1_train_plus.stepwise-critic.parquet");
    if (!found) {
        print_message("skipped: no $LEMMA_DATA\n");
        skip();
    }
    char path[1024];
    snprintf(path, sizeof path, "%s", found);
    assert_true(same_rows(path, shared("stepwise/prm800k/phase1_train_plus.jsonl.gz")));
}

/* The twins of these have some of the columns under other names, flattened: a is the path in Parquet. */
static void same_field(const char *parquet, const char *jsonl, const char *a, const char *b, size_t rows) {
    char path[1024];
    const char *found = shared(parquet), *p = path;
    lem_rowset *s = NULL;
    lem_lines *r = NULL;
    if (!found) {
        print_message("skipped: no $LEMMA_DATA\n");
        skip();
    }
    snprintf(path, sizeof path, "%s", found);
    OK(lem_rowset_open(&p, 1, NULL, &s, &err));
    OK(lem_lines_open(shared(jsonl), 0, &r, &err));
    for (size_t i = 0; i <= rows; i++) {
        lem_json *is = NULL, *want = NULL;
        OK(lem_rowset_next(s, &is, &err));
        OK(jsonl_next(r, &want, &err));
        assert_int_equal(is != NULL, i < rows);
        assert_int_equal(want != NULL, i < rows);
        if (is)
            assert_string_equal(lem_json_str(lem_json_find(is, a), "?"),
                                lem_json_str(lem_json_get(want, b), "!"));
        lem_json_free(is);
        lem_json_free(want);
    }
    lem_rowset_close(s);
    lem_lines_close(r);
}

static void shared_dapo_has_its_answers(void **state) {
    (void)state;
    same_field("bench/rl_train/dapo17k.parquet", "bench/rl_train/dapo17k.jsonl.gz",
               "reward_model.ground_truth", "answer", 17398);
}

static void shared_math_has_its_solutions(void **state) {
    (void)state;
    same_field("bench/math/train.parquet", "bench/math/math_train7500.jsonl.gz",
               "reward_model.ground_truth.solution", "solution", 7500);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_gives_the_rows_of_its_twin),
        cmocka_unit_test(shared_prm800k_is_its_twin),
        cmocka_unit_test(shared_dapo_has_its_answers),
        cmocka_unit_test(shared_math_has_its_solutions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
