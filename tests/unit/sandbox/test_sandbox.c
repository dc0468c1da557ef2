/* test_sandbox - what a run gives back: ends and reasons, output, several at a time, cancelling, limits */
#include "sandbox_util.h"

#include "core/pool.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

static void ends(void **state) {
    (void)state;
    static const struct {
        const char *program, *checks;
        lem_sandbox_end end;
        const char *why;
    } cases[] = {
        {"def f(x): return x\n", "assert f([1, (2.5, None)]) == [1, (2.5, None)]\n", LEM_SANDBOX_PASSED, ""},
        {"def f(x): return x + 1\n", "assert f(1) == 1\n", LEM_SANDBOX_FAILED,
         "AssertionError (line 1 of the tests)"},
        {"def f(x): return x + 1\n", "\nassert f(1) == 1, 'two'\n", LEM_SANDBOX_FAILED,
         "AssertionError: two (line 2 of the tests)"},
        {"x = 1\n", "assert f(1) == 1\n", LEM_SANDBOX_FAILED,
         "NameError: name 'f' is not defined (line 1 of the tests)"},
        {"def f(x):\nreturn x\n", "assert f(1) == 1\n", LEM_SANDBOX_FAILED, "expected an indented block"},
        {"while True: pass\n", "assert f(1) == 1\n", LEM_SANDBOX_TIME, "out of time"},
        {"import time\ntime.sleep(60)\n", "assert f(1) == 1\n", LEM_SANDBOX_TIME, "out of time"},
        {"a = bytearray(1 << 40)\n", "assert f(1) == 1\n", LEM_SANDBOX_MEMORY, "MemoryError"},
        {"import os\nos.abort()\n", "assert f(1) == 1\n", LEM_SANDBOX_KILLED, "killed by signal 6"},
        {"def f(x): return x\n", "assert f(1 == 1\n", LEM_SANDBOX_REFUSED, "the row's tests cannot be run"},
        {"def f(x): return x\n", "assert f(lambda: 1)\n", LEM_SANDBOX_REFUSED,
         "the tests hand over an object of type"},
        {"def f(x): return x\n", "import time\nwhile True: pass\n", LEM_SANDBOX_TIME, "out of time"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lem_sandbox_result r = run_program(cases[i].program, cases[i].checks);
        if (r.end != cases[i].end || !strstr(r.why, cases[i].why))
            fail_msg("%s: %s: %s", cases[i].program, end_name(r.end), r.why);
        lem_sandbox_result_release(&r);
    }
}

/* Every kind of value goes there and back; what is no plain value stays an object that can be used. */
static void values(void **state) {
    (void)state;
    lem_sandbox_result r = run_program(
        "import collections, datetime, decimal, fractions\n"
        "from collections import Counter, OrderedDict, deque, namedtuple\n"
        "from datetime import date, datetime, timedelta\n"
        "from decimal import Decimal\nfrom fractions import Fraction\nimport math, re\n"
        "P = namedtuple('P', 'x y')\n"
        "class Node:\n    def __init__(s, v): s.v, s.left = v, None\n    def double(s): return 2 * s.v\n"
        "def same(x): return x\n"
        "def gen(n): yield from range(n)\n"
        "def point(): return P(1, 2)\n"
        "def depth(n): return 0 if n is None else 1 + depth(n.left)\n"
        "def key(): raise KeyError('k')\n",
        "for x in (None, True, 0, -1, 1 << 80, -(1 << 70), 1.5, float('inf'), 'é\\udc80\\x00', "
        "b'\\x00\\xff', bytearray(b'a'),\n"
        "          1 + 2j, [], (), set(), frozenset([1]), {}, {(1, 2): {3}}, range(2, 9, 3), int, "
        "Counter('aab'),\n"
        "          OrderedDict(a=1), deque([1, 2]), Decimal('1.10'), Fraction(1, 3), date(2020, 2, 29),\n"
        "          datetime(2020, 1, 2, 3, 4, 5, 6), timedelta(1, 2, 3)):\n"
        "    assert same(x) == x and type(same(x)) is type(x), x\n"
        "assert math.isnan(same(float('nan')))\n"
        "assert list(gen(4)) == [0, 1, 2, 3]\n"
        "assert point() == (1, 2)\n"
        "root = Node(1)\nroot.left = Node(5)\n"
        "assert depth(root) == 2 and root.left.double() == 10 and root == root and not root == root.left\n"
        "try: key()\nexcept KeyError as e: assert 'k' in str(e)\nelse: assert False\n"
        "assert re.match('a+', 'aa')\n");
    if (r.end != LEM_SANDBOX_PASSED) fail_msg("%s", r.why);
    lem_sandbox_result_release(&r);
}

static void output(void **state) {
    (void)state;
    lem_sandbox_result r =
        run_program("import sys\nprint('said', flush=True)\nprint('x' * 100000, file=sys.stderr, "
                    "flush=True)\ndef f(x): return x\n",
                    "print('of the tests')\nassert f(2) == 2\n");
    assert_int_equal(r.end, LEM_SANDBOX_PASSED);
    assert_int_equal(r.output.len, 16384);
    assert_memory_equal(r.output.data, "said\nxxx", 8);
    lem_sandbox_result_release(&r);
}

enum { AT_ONCE = 24 };
typedef struct batch {
    lem_sandbox_end end[AT_ONCE];
    bool said[AT_ONCE];
} batch;

static void one_of_many(void *ctx, int task, int worker) {
    (void)worker;
    batch *b = ctx;
    char program[100], checks[60];
    lem_err e = LEM_ERR_INIT;
    lem_sandbox_result r = {.end = LEM_SANDBOX_REFUSED};
    snprintf(program, sizeof program, "print('I am %d', flush=True)\ndef f(): return %d\n", task,
             task % 3 ? task : -1);
    snprintf(checks, sizeof checks, "assert f() == %d\n", task);
    const lem_sandbox_program p = {.program = program, .checks = checks};
    if (lem_sandbox_run(sandbox, &p, NULL, &r, &e) == LEM_OK) {
        snprintf(program, sizeof program, "I am %d\n", task);
        b->said[task] = strcmp(lem_buf_str(&r.output), program) == 0;
        b->end[task] = r.end;
    }
    lem_sandbox_result_release(&r);
}

static void several_at_a_time(void **state) {
    (void)state;
    batch b = {.said = {false}};
    lem_pool *pool = lem_pool_new(4, &err);
    assert_non_null(pool);
    lem_pool_run(pool, AT_ONCE, one_of_many, &b);
    lem_pool_free(pool);
    for (int i = 0; i < AT_ONCE; i++) {
        assert_true(b.said[i]);
        assert_int_equal(b.end[i], i % 3 ? LEM_SANDBOX_PASSED : LEM_SANDBOX_FAILED);
    }
}

static void *cancel_soon(void *flag) {
    nanosleep(&(struct timespec){0, 300000000}, NULL);
    ((lem_cancel *)flag)->requested = 1;
    return NULL;
}

static void cancelled(void **state) {
    (void)state;
    lem_cancel cancel = {0};
    pthread_t t;
    const lem_sandbox_program p = {.program = "import time\ntime.sleep(60)\n", .checks = "pass\n"};
    lem_sandbox_result r = {.end = LEM_SANDBOX_REFUSED};
    double start = lem_clock_seconds();
    assert_int_equal(pthread_create(&t, NULL, cancel_soon, &cancel), 0);
    FAILS(lem_sandbox_run(sandbox, &p, &cancel, &r, &err), LEM_EINTR, "interrupted");
    pthread_join(t, NULL);
    assert_true(lem_clock_seconds() - start < 5);
    FAILS(lem_sandbox_run(sandbox, &p, &cancel, &r, &err), LEM_EINTR, "interrupted");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends),      cmocka_unit_test(values),
        cmocka_unit_test(output),    cmocka_unit_test(several_at_a_time),
        cmocka_unit_test(cancelled),
    };
    open_or_skip(2, 8);
    assert_true(strncmp(lem_sandbox_python(sandbox), "3.", 2) == 0);
    int bad = cmocka_run_group_tests(tests, NULL, NULL);
    lem_sandbox_close(sandbox);
    return bad;
}
