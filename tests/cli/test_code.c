/* test_code.c - lemma grade --task code from outside: verdicts and reasons of HumanEval and MBPP rows, what
 * is refused, the reference solutions of the shared files */
#include "support/program.h"

#include "core/file.h"
#include "core/jsonl.h"
#include "data/rows.h"

#include <unistd.h>

static char dir[] = "/tmp/lemma-code-XXXXXX";
static bool sandboxed;

#define HUMAN                                                                                                \
    "\"prompt\":\"def add(a, b):\\n    "                                                                     \
    "\\\"\\\"\\\"Sum.\\\"\\\"\\\"\\n\",\"entry_point\":\"add\",\"test\":\"def "                              \
    "check(candidate):\\n    assert candidate(1, 2) == 3\\n    assert candidate(-1, 1) == 0\\n\""
#define MBPP                                                                                                 \
    "\"text\":\"t\",\"test_list\":[\"assert add(1, 2) == "                                                   \
    "3\"],\"test_setup_code\":\"\",\"challenge_test_list\":[]"

static const struct {
    const char *completion, *verdict, *rule, *error;
} cases[] = {
    {"    return a + b\\n", "equal_exact", "tests passed", NULL},
    {"```python\\ndef add(a, b):\\n    return a + b\\n```", "equal_exact", "tests passed", NULL},
    {"    return a - b\\n", "not_equal", "test failed", "AssertionError (line 2 of the tests)"},
    {"    return 1 / 0\\n", "not_equal", "test failed",
     "ZeroDivisionError: division by zero (line 2 of the tests)"},
    {"    while True: pass\\n", "not_equal", "time", "out of time"},
    {"    return len(bytearray(1 << 40))\\n", "not_equal", "memory", "MemoryError"},
    {"    import ctypes\\n    return ctypes.string_at(0)\\n", "not_equal", "killed", "killed by signal 11"},
    {"    import os\\n    os._exit(0)\\n", "not_equal", "test failed",
     "the program ended before its tests did"},
    {"    return object()\\n", "not_equal", "test failed", "AssertionError (line 2 of the tests)"},
    {"    raise ValueError(object())\\n", "not_equal", "test failed",
     "ValueError: <object object at 0x...> (line 2 of the tests)"},
    {"I cannot.", "not_equal", "test failed", NULL},
    {"", "no_answer", "no code", NULL},
};
enum { N_CASES = sizeof cases / sizeof *cases };

static void write_cases(void) {
    FILE *f = fopen("c.jsonl", "w");
    assert_non_null(f);
    fputs("{\"id\":\"h\",\"problem\":\"p\"," HUMAN ",\"completions\":[", f);
    for (int i = 0; i < N_CASES; i++) fprintf(f, "%s\"%s\"", i ? "," : "", cases[i].completion);
    fputs("]}\n{\"id\":\"m\",\"problem\":\"p\"," MBPP
          ",\"completions\":[\"def add(a, b): return a + b\",\"add = 5\"]}\n",
          f);
    fclose(f);
}

static lem_json *first_row(const char *path) {
    lem_err err = LEM_ERR_INIT;
    lem_rowset *rows = NULL;
    lem_json *row = NULL;
    if (lem_data_rows_open(path, NULL, &rows, &err) != LEM_OK || lem_rowset_next(rows, &row, &err) != LEM_OK)
        fail_msg("%s", err.text);
    lem_rowset_close(rows);
    return row;
}

static void need_sandbox(void) {
    if (sandboxed) return;
    print_message("skipped: no sandbox on this machine\n");
    skip();
}

static void verdicts(void **state) {
    (void)state;
    need_sandbox();
    write_cases();
    shell(LEMMA_BINARY " grade c.jsonl --task code --code-seconds 1 --out g.jsonl --json 2>/dev/null >j");
    shell("grep -q '\"task\": *\"code\"' j && grep -q '\"python\": *\"3' j && grep -q '\"correct\": *3' j");
    shell("grep -q '\"python\": *\"3' g.jsonl.manifest.json");
    lem_json *row = first_row("g.jsonl");
    for (int i = 0; i < N_CASES; i++) {
        const char *verdict = lem_json_str(lem_json_at(lem_json_get(row, "verdict"), (size_t)i), "");
        const char *rule = lem_json_str(lem_json_at(lem_json_get(row, "rule"), (size_t)i), "");
        const char *error = lem_json_str(lem_json_at(lem_json_get(row, "code_error"), (size_t)i), NULL);
        bool right = lem_json_bool(lem_json_at(lem_json_get(row, "correct"), (size_t)i), false);
        if (strcmp(verdict, cases[i].verdict) != 0 || strcmp(rule, cases[i].rule) != 0 || right != (i < 2) ||
            (cases[i].error && (!error || strcmp(error, cases[i].error) != 0)))
            fail_msg("%s: %s, %s, %s", cases[i].completion, verdict, rule, error ? error : "-");
    }
    lem_json_free(row);
    shell(LEMMA_BINARY " grade c.jsonl --task code --code-seconds 1 --threads 1 --out h.jsonl >/dev/null "
                       "2>&1 && cmp g.jsonl "
                       "h.jsonl");
    shell(LEMMA_BINARY " select g.jsonl --k 1,2 2>/dev/null | grep -q pass");
}

/* Tests that are broken decide nothing: null, not wrong. */
static void broken_tests(void **state) {
    (void)state;
    need_sandbox();
    put("b.jsonl",
        "{\"problem\":\"p\",\"completions\":[\"def f(): return 1\"],\"test_list\":[\"assert f( == 1\"]}\n"
        "{\"problem\":\"p\",\"completions\":[\"def f(x): return 1\"],\"test_list\":[\"assert f(lambda: 1) == "
        "1\"]}\n");
    shell(LEMMA_BINARY " grade b.jsonl --task code --out b.out --json 2>/dev/null >j && grep -q "
                       "'\"undecided\": *2' j && grep "
                       "-q '\"correct\":\\[null\\]' b.out && grep -q 'sandbox failed' b.out");
}

static void refusals(void **state) {
    (void)state;
    static const char *const options[] = {"--policy qwen",    "--against qwen",
                                          "--audit a.html",   "--cluster",
                                          "--rel-tol 0.1",    "--gold-field a --pred-field b",
                                          "--tol-field error"};
    write_cases();
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        char line[300];
        snprintf(line, sizeof line, LEMMA_BINARY " grade c.jsonl --task code %s 2>&1", options[i]);
        said_by(2, line);
    }
    said_by(2, LEMMA_BINARY " grade --explain 1 2 --task code 2>&1");
    need_sandbox();
    put("n.jsonl", "{\"problem\":\"p\",\"completions\":[\"x\"],\"expected_answer\":\"1\"}\n");
    const char *said = said_by(3, LEMMA_BINARY " grade n.jsonl --task code 2>&1");
    assert_non_null(strstr(said, "n.jsonl:1: no tests"));
}

/* Named, the benchmark is as good as the task. */
static void by_benchmark(void **state) {
    (void)state;
    need_sandbox();
    put("named.jsonl", "{\"benchmark\":\"humaneval\"," HUMAN ",\"completions\":[\"    return a + b\\n\","
                       "\"    return a - b\\n\"]}\n");
    shell(LEMMA_BINARY
          " grade named.jsonl --benchmark humaneval --out named.out --quiet >/dev/null && grep -q "
          "'\"correct\":\\[true,false\\]' named.out && " LEMMA_BINARY " select named.out --k 1 >/dev/null");
}

/* Where bubblewrap cannot make a sandbox nothing is executed: exit 2. Here it is kept from making one. */
static void without_user_namespaces(void **state) {
    (void)state;
    need_sandbox();
    write_cases();
    if (system("unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces' 2>/dev/null") != 0) skip();
    const char *said =
        said_by(2, "unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces; exec " LEMMA_BINARY
                   " grade c.jsonl --task code --out no.jsonl' 2>&1");
    if (!strstr(said, "is never executed outside a sandbox")) fail_msg("%s", said);
    assert_int_equal(access("no.jsonl", F_OK), -1);
    said = said_by(0, "unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces; exec " LEMMA_BINARY
                      " doctor' 2>&1");
    assert_non_null(strstr(said, "code_sandbox   none: "));
}

/* Every so many of the reference solutions of a shared file, and a wrong one of each. */
static void references(const char *name, int step, int n, const char *solution, bool human) {
    char path[600], line[900];
    const char *data = getenv("LEMMA_DATA");
    lem_err err = LEM_ERR_INIT;
    lem_rowset *rows = NULL;
    lem_json *row = NULL;
    lem_out *out = NULL;
    snprintf(path, sizeof path, "%s/bench/code/%s", data ? data : "", name);
    if (access(path, R_OK) != 0) {
        print_message("skipped: no %s\n", path);
        skip();
    }
    assert_int_equal(lem_data_rows_open(path, NULL, &rows, &err), LEM_OK);
    assert_int_equal(lem_out_open("ref.jsonl", true, &out, &err), LEM_OK);
    int seen = 0, used = 0;
    for (; lem_rowset_next(rows, &row, &err) == LEM_OK && row; seen++) {
        lem_json *list = lem_json_new_array();
        const char *wrong = human ? "    return 'no such value'\n" : "def x(): pass\n";
        assert_true(lem_json_append(list, lem_json_new_str(lem_json_str(lem_json_get(row, solution), ""))));
        assert_true(lem_json_append(list, lem_json_new_str(wrong)));
        assert_true(lem_json_set(row, "completions", list));
        if (seen % step == 0 && ++used) assert_int_equal(lem_rows_write(out, row, &err), LEM_OK);
        lem_json_free(row);
    }
    assert_int_equal(seen, n);
    assert_int_equal(lem_out_commit(out, &err), LEM_OK);
    lem_out_close(out);
    lem_rowset_close(rows);
    snprintf(
        line, sizeof line,
        LEMMA_BINARY
        " grade ref.jsonl --task code --out ref.out --overwrite --json 2>/dev/null >j; grep -q '\"correct\": "
        "*%d,' j && ! grep -v '\"correct\":\\[true,false\\]' ref.out",
        used);
    shell(line);
}

static void human_eval(void **state) {
    (void)state;
    need_sandbox();
    references("HumanEval.jsonl.gz", 8, 164, "canonical_solution", true);
}

static void mbpp(void **state) {
    (void)state;
    need_sandbox();
    references("mbpp.jsonl.gz", 40, 974, "code", false);
}

static int set_up(void **state) {
    (void)state;
    if (!mkdtemp(dir) || chdir(dir) != 0) return -1;
    sandboxed = system(LEMMA_BINARY " doctor 2>/dev/null | grep -q 'code_sandbox *bubblewrap works'") == 0;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    return chdir("/") == 0 && lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_benchmark),
        cmocka_unit_test(verdicts),
        cmocka_unit_test(broken_tests),
        cmocka_unit_test(refusals),
        cmocka_unit_test(without_user_namespaces),
        cmocka_unit_test(human_eval),
        cmocka_unit_test(mbpp),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
