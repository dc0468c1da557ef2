/* test_code_text - the code of completions as models write them, and the program that is run */
#include "../checks.h"

#include "eval/code_text.h"

static lem_json *row_of(const char *text) {
    lem_json *o = NULL;
    OK(lem_json_parse(text, strlen(text), &o, &err));
    return o;
}

static const char human[] =
    "{\"prompt\":\"import math\\n\\ndef f(x):\\n    \\\"\\\"\\\"Doc.\\\"\\\"\\\"\\n\","
    "\"entry_point\":\"f\",\"test\":\"def check(candidate):\\n    assert candidate(1) == 2\\n\"}";
#define PROMPT "import math\n\ndef f(x):\n    \"\"\"Doc.\"\"\"\n"
static const char mbpp[] =
    "{\"text\":\"t\",\"test_setup_code\":\"a = 1\",\"test_list\":[\"assert f(1) == 2\",\"assert "
    "set(g(2)) == {3}\"],\"challenge_test_list\":[\"assert f(9) == 1\"]}";

typedef struct sample {
    const char *completion, *program; /* NULL: there is no code */
} sample;

static void check_samples(const char *row, const sample *s, size_t n) {
    lem_code_task t;
    lem_json *r = row_of(row);
    OK(lem_code_task_read(r, &t, &err));
    for (size_t i = 0; i < n; i++) {
        lem_buf code = {0}, program = {0};
        lem_code_extract(&t, s[i].completion, &code);
        if (code.len) lem_code_program(&t, lem_buf_str(&code), &program);
        assert_string_equal(lem_buf_str(&program), s[i].program ? s[i].program : "");
        lem_buf_release(&code);
        lem_buf_release(&program);
    }
    lem_code_task_release(&t);
    lem_json_free(r);
}

static void humaneval(void **state) {
    (void)state;
    static const sample s[] = {
        {"    return x + 1\n", PROMPT "    return x + 1\n"},
        {"    return x + 1\n\ndef g():\n    pass\n", PROMPT "    return x + 1\n\n"},
        {"return x + 1\n", PROMPT "    return x + 1\n"},
        {"y = 1\n    return x + y\nprint(f(1))\n", PROMPT "    y = 1\n    return x + y\n"},
        {"    return x + 1\n```\nThis adds one.", PROMPT "    return x + 1\n"},
        {"Here:\n```python\ndef f(x):\n    return x + 1\n```\nDone.",
         PROMPT "\ndef f(x):\n    return x + 1\n"},
        {"```\ndef f(x):\n    return 1\n```\nor\n```py\ndef f(x):\n    return 2\n```\n```\nf(1)  # 2\n```",
         PROMPT "\ndef f(x):\n    return 2\n"},
        {"1. So:\n   ```python\n   def f(x):\n       return 3\n   ```\n",
         PROMPT "\ndef f(x):\n    return 3\n"},
        {"<think>```python\ndef f(x): return 0\n```</think>```python\ndef f(x): return 4\n```",
         PROMPT "\ndef f(x): return 4\n"},
        {"```python\nasync def f(x):\n    return 5", PROMPT "\nasync def f(x):\n    return 5"},
        {"```python\ndef ff(x):\n    return 5\n```", PROMPT "    def ff(x):\n    return 5\n"},
        {"<think>def f(x): return 1", NULL},
        {"", NULL},
        {" \n\t\n", NULL},
    };
    check_samples(human, s, sizeof s / sizeof *s);
}

static void mbpp_programs(void **state) {
    (void)state;
    static const sample s[] = {
        {"def f(x):\n    return x + 1\n", "def f(x):\n    return x + 1\n"},
        {"[BEGIN]\ndef f(x):\n    return 2\n[DONE]\nMore [DONE]", "\ndef f(x):\n    return 2\n"},
        {"```\nx = 1\n```\n```python\nimport re\ndef g(x):\n    return 1\n```\n```\nf(1)\n```",
         "import re\ndef g(x):\n    return 1\n"},
        {"```python\nclass A:\n    def f(self): pass\n```\n```python\npip\n```", "pip\n"},
        {"def f(x): return 1\n```\nThat is all.\n```\nx\n```", "def f(x): return 1\n"},
    };
    check_samples(mbpp, s, sizeof s / sizeof *s);
    lem_code_task t;
    lem_json *r = row_of(mbpp);
    OK(lem_code_task_read(r, &t, &err));
    assert_string_equal(lem_buf_str(&t.checks), "a = 1\nassert f(1) == 2\nassert set(g(2)) == {3}\n");
    lem_code_task_release(&t);
    lem_json_free(r);
}

static void rows_that_are_none(void **state) {
    (void)state;
    static const struct {
        const char *row, *part;
    } cases[] = {
        {"{\"problem\":\"p\"}", "no tests: neither test and entry_point"},
        {"{\"test_list\":[]}", "no tests"},
        {"{\"test_list\":\"assert\"}", "test_list: list expected, found string"},
        {"{\"test_list\":[\"assert 1\",2]}", "test_list[1]: text expected, found integer"},
        {"{\"test_list\":[\"assert 1\"],\"test_setup_code\":3}",
         "test_setup_code: text expected, found integer"},
        {"{\"entry_point\":\"f\",\"test\":\"t\"}", "prompt: text expected, found no such field"},
        {"{\"entry_point\":\"f\",\"prompt\":\"t\",\"test\":null}", "test: text expected, found null"},
        {"{\"entry_point\":1,\"prompt\":\"t\",\"test\":\"t\"}", "entry_point: text expected, found integer"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lem_code_task t;
        lem_json *r = row_of(cases[i].row);
        FAILS(lem_code_task_read(r, &t, &err), LEM_EDATA, cases[i].part);
        lem_json_free(r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(humaneval), cmocka_unit_test(mbpp_programs),
                                       cmocka_unit_test(rows_that_are_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
