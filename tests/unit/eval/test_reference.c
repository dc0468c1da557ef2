/* test_reference.c - published figures: each file of recipes/reference reads, averages in it are the means of
 * their rows (but for known misprints), figures of the paper's text stand in it; malformed lines are named */
#include "core/file.h"
#include "core/buf.h"
#include "eval/reference.h"

#include <stdio.h>
#include <stdlib.h>

#include "../checks.h"
#include "near.h"

static void read_file(const char *name, lem_reference *out) {
    char path[512];
    lem_buf text = {0};
    snprintf(path, sizeof path, "%s/recipes/reference/%s", LEMMA_SOURCE_DIR, name);
    OK(lem_file_read(path, 1 << 20, &text, &err));
    OK(lem_reference_parse(lem_buf_str(&text), name, out, &err));
    lem_buf_release(&text);
}

static double figure(const lem_reference *r, const char *table, const char *row, const char *column) {
    for (int i = 0; i < r->n; i++)
        if (strcmp(r->at[i].table, table) == 0 && strcmp(r->at[i].row, row) == 0 &&
            strcmp(r->at[i].column, column) == 0)
            return r->at[i].value;
    fail_msg("no figure %s, %s, %s", table, row, column);
    return 0;
}

/* "Average", and "rm@8 Average" of the figure. */
static bool is_average(const char *column) {
    size_t n = strlen(column);
    return n >= 7 && strcmp(column + n - 7, "Average") == 0;
}

/* OpenMath2's average is printed as 50.08; its seven figures give 50.05. */
static bool is_misprint(const lem_reference_row *r) {
    return strcmp(r->table, "acemath-3") == 0 && strcmp(r->row, "OpenMath2-Llama3.1-8B") == 0;
}

static int check_averages(const char *name) {
    lem_reference r;
    int checked = 0;
    read_file(name, &r);
    for (int i = 0; i < r.n; i++) {
        const lem_reference_row *a = &r.at[i];
        double sum = 0;
        int n = 0;
        if (!is_average(a->column)) continue;
        for (int k = 0; k < r.n; k++)
            if (k != i && strcmp(r.at[k].table, a->table) == 0 && strcmp(r.at[k].row, a->row) == 0)
                sum += r.at[k].value, n++;
        if (n == 0) continue; /* the average alone is printed */
        /* printed with two decimals, in figures with one */
        double tolerance = strstr(a->table, "figure") ? 0.0501 : 0.00501;
        assert_true(n == 6 || n == 7);
        if ((fabs(sum / n - a->value) > tolerance) != is_misprint(a))
            fail_msg("%s, %s: the mean of %d is %.4f, printed %.2f", a->table, a->row, n, sum / n, a->value);
        checked++;
    }
    lem_reference_release(&r);
    return checked;
}

static void averages_are_means(void **state) {
    (void)state;
    assert_int_equal(check_averages("policy.csv"), 9 + 6 + 11 + 13 + 4 + 5);
    assert_int_equal(check_averages("rewards.csv"), 10);
}

/* Differences that the paper's text tells, and shares of whole problems. */
static void figures_agree(void **state) {
    (void)state;
    lem_reference p, w, f;
    read_file("policy.csv", &p);
    read_file("rewards.csv", &w);
    read_file("rlhflow.csv", &f);
    double two = figure(&p, "acemath-2", "Llama3.1-8B two-stage", "Average");
    assert_near(two - figure(&p, "acemath-2", "Llama3.1-8B single-stage; all", "Average"), 3.25, 1e-9);
    assert_near(figure(&w, "acemath-7", "Math-Shepherd", "RewardMATH"),
                figure(&w, "rewardmath-aggregators", "Math-Shepherd by prod", "RewardMATH"), 0);
    assert_near(figure(&w, "acemath-7", "Skywork-Reward-Llama-3.1-8B", "RewardMATH"), 100 * 107 / 483.0,
                0.005);
    assert_near(figure(&w, "acemath-7", "Math-Shepherd", "RewardBench math-prm"), 100 * 422 / 447.0, 0.005);
    assert_near(figure(&f, "rlhflow", "Mistral-7B Mistral-PRM@1024", "MATH"), 46.3, 0);
    assert_int_equal(f.n, 20);
    lem_reference_release(&p);
    lem_reference_release(&w);
    lem_reference_release(&f);
}

static void rows_are_told_apart(void **state) {
    (void)state;
    static const char *const files[] = {"policy.csv", "rewards.csv", "rlhflow.csv"};
    for (int k = 0; k < 3; k++) {
        lem_reference r;
        read_file(files[k], &r);
        for (int i = 0; i < r.n; i++)
            for (int j = 0; j < i; j++)
                if (strcmp(r.at[i].table, r.at[j].table) == 0 && strcmp(r.at[i].row, r.at[j].row) == 0 &&
                    strcmp(r.at[i].column, r.at[j].column) == 0)
                    fail_msg("%s: %s, %s, %s twice", files[k], r.at[i].table, r.at[i].row, r.at[i].column);
        lem_reference_release(&r);
    }
}

#define HEAD "table,row,column,value,source,note\n"

static void malformed_lines_are_named(void **state) {
    (void)state;
    lem_reference r;
    FAILS(lem_reference_parse("table,row\n", "x.csv", &r, &err), LEM_EDATA, "x.csv:1: the heading");
    FAILS(lem_reference_parse(HEAD "a,b,c,1,s\n", "x.csv", &r, &err), LEM_EDATA, "x.csv:2: 6 fields");
    FAILS(lem_reference_parse(HEAD "a,b,c,1,s,n,m\n", "x.csv", &r, &err), LEM_EDATA, "found more");
    FAILS(lem_reference_parse(HEAD "a,b,c,1,s,\na,b,c,x,s,\n", "x.csv", &r, &err), LEM_EDATA,
          "x.csv:3: value: a number expected, found 'x'");
    FAILS(lem_reference_parse(HEAD "a,,c,1,s,\n", "x.csv", &r, &err), LEM_EDATA, "field 2 is empty");
    OK(lem_reference_parse(HEAD "a,b,c,1.5,s,", "x.csv", &r, &err));
    assert_int_equal(r.n, 1);
    assert_near(r.at[0].value, 1.5, 0);
    assert_string_equal(r.at[0].note, "");
    lem_reference_release(&r);
}

static void one_table_is_told(void **state) {
    (void)state;
    lem_reference r;
    lem_buf b = {0};
    OK(lem_reference_parse(HEAD "t,\303\251t\303\251 long,c,1.5,s,\nu,x,c,2,s,\nt,b,c,3,other,n\n", "x.csv",
                           &r, &err));
    lem_reference_text(&r, "t", 4, &b);
    assert_string_equal(lem_buf_str(&b), "\npublished: s\n\303\251t\303\251   c                     1.50\n"
                                         "\npublished: other\nb     c                     3.00  n\n");
    lem_json *j = lem_reference_json(&r, "t");
    assert_int_equal(lem_json_count(j), 2);
    assert_string_equal(lem_json_str(lem_json_find(j, "1.note"), ""), "n");
    assert_near(lem_json_num(lem_json_find(j, "0.value"), 0), 1.5, 0);
    lem_json_free(j);
    lem_buf_release(&b);
    lem_reference_release(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(averages_are_means), cmocka_unit_test(figures_agree),
                                       cmocka_unit_test(rows_are_told_apart),
                                       cmocka_unit_test(malformed_lines_are_named),
                                       cmocka_unit_test(one_table_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
