/* test_doctor.c - lemma doctor: exit status, text and JSON */
#include "core/buf.h"
#include "core/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Output of a fixed command; its wait status in *status. */
static lem_buf output_of(const char *command, int *status) {
    lem_buf b = {0};
    char part[4096];
    FILE *f = popen(command, "r");
    assert_non_null(f);
    for (size_t n; (n = fread(part, 1, sizeof part, f)) > 0;) lem_buf_add(&b, part, n);
    *status = pclose(f);
    return b;
}

static void test_text(void **state) {
    (void)state;
    int status;
    lem_buf b = output_of(LEMMA_BINARY " doctor", &status);
    assert_int_equal(status, 0);
    static const char *const lines[] = {"cpu ",  "features ", "compute_path ", "threads ",   "memory ",
                                        "disk ", "gpu ",      "libraries ",    "tokenizer ", "grader "};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr(lem_buf_str(&b), lines[i])) fail_msg("no '%s' in: %s", lines[i], lem_buf_str(&b));
    assert_null(strstr(lem_buf_str(&b), "FAIL"));
    lem_buf_release(&b);
}

static void test_json(void **state) {
    (void)state;
    int status;
    lem_err err = LEM_ERR_INIT;
    lem_json *v = NULL;
    lem_buf b = output_of("LEMMA_CPU=generic " LEMMA_BINARY " doctor --json --threads 1", &status);
    assert_int_equal(status, 0);
    assert_int_equal(lem_json_parse(lem_buf_str(&b), b.len, &v, &err), LEM_OK);
    assert_true(lem_json_bool(lem_json_get(v, "ok"), false));
    assert_non_null(strstr(lem_json_str(lem_json_find(v, "machine.compute_path"), ""), "generic"));
    assert_string_equal(lem_json_str(lem_json_find(v, "machine.threads"), ""), "1");
    assert_true(lem_json_count(lem_json_get(v, "checks")) >= 5);
    lem_json_free(v);
    lem_buf_release(&b);
}

/* One process more than there are processors, all of them busy. */
static int plant_load(pid_t *child, int most) {
    long n = sysconf(_SC_NPROCESSORS_ONLN) + 1;
    int made = 0;
    for (; made < n && made < most; made++) {
        child[made] = fork();
        assert_true(child[made] >= 0);
        if (child[made] == 0)
            for (;;) {}
    }
    return made;
}

static void test_disturbed(void **state) {
    (void)state;
    int status, status_text;
    pid_t child[64];
    lem_err err = LEM_ERR_INIT;
    lem_json *v = NULL;
    int n = plant_load(child, 64);
    lem_buf b = output_of(LEMMA_BINARY " doctor --bench --json", &status);
    lem_buf text = output_of(LEMMA_BINARY " doctor --bench", &status_text);
    for (int i = 0; i < n; i++) {
        kill(child[i], SIGKILL);
        waitpid(child[i], NULL, 0);
    }
    assert_int_equal(status, 0);
    assert_int_equal(status_text, 0);
    assert_int_equal(lem_json_parse(lem_buf_str(&b), b.len, &v, &err), LEM_OK);
    assert_true(lem_json_bool(lem_json_find(v, "limits.disturbed"), false));
    assert_true(lem_json_num(lem_json_find(v, "limits.others"), -1) > 0.1);
    assert_non_null(strstr(lem_json_str(lem_json_find(v, "machine.disturbed"), ""), "too low"));
    assert_non_null(strstr(lem_buf_str(&text), "disturbed "));
    lem_json_free(v);
    lem_buf_release(&b);
    lem_buf_release(&text);
}

static void test_usage(void **state) {
    (void)state;
    int status;
    lem_buf b = output_of("LEMMA_CPU=pentium " LEMMA_BINARY " doctor 2>&1", &status);
    assert_int_equal(status, 2 << 8);
    assert_non_null(strstr(lem_buf_str(&b), "pentium"));
    lem_buf_release(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text), cmocka_unit_test(test_json),
                                       cmocka_unit_test(test_disturbed), cmocka_unit_test(test_usage)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
