/* test_crosscheck.c - lemma crosscheck from outside: what is kept and why not, the matrix, the same bytes
 * with any number of threads, rules, judge, containers, what is refused */
#include "../support/program.h"

#include <unistd.h>

static char dir[] = "/tmp/lemma-crosscheck-XXXXXX";

/* What `lemma crosscheck WORDS` says to the stream: stdout alone, or both. */
static const char *crosscheck(int want, const char *words, bool both) {
    char command[1024];
    snprintf(command, sizeof command, LEMMA_BINARY " crosscheck %s %s </dev/null", words,
             both ? "2>&1" : "2>err.txt");
    return said_by(want, command);
}

static lem_json *facts(const char *words) { return json_of(crosscheck(0, words, false)); }

static int64_t at(const lem_json *o, const char *path) { return lem_json_int(lem_json_find(o, path), -1); }

static int64_t dropped(const lem_json *o, const char *why) {
    return lem_json_int(lem_json_get(lem_json_get(o, "dropped"), why), 0);
}

#define SAMPLE(id, problem, answer)                                                                          \
    "{\"id\":\"" id "\",\"domain\":\"math\",\"problem\":\"" problem "\",\"solution\":\"So \\\\boxed{" answer \
    "}\"}\n"
#define TEACHER(problem, a, b)                                                                               \
    "{\"problem\":\"" problem "\",\"completions\":[\"\\\\boxed{" a "}\",\"\\\\boxed{" b "}\"]}\n"

static int set_up(void **state) {
    (void)state;
    if (!mkdtemp(dir) || chdir(dir) != 0) return -1;
    put("s.jsonl",
        SAMPLE("a", "p", "1/2") SAMPLE("b", "q  r", "4") SAMPLE("c", "s", "9") SAMPLE("d", "t", "1"));
    put("two.jsonl", TEACHER("p", "0.5", "\\\\frac12") TEACHER("q r", "4", "5") TEACHER("s", "8", "8")
                         TEACHER("u", "1", "1"));
    put("one.jsonl", SAMPLE("1", "p", "0.5") SAMPLE("2", "q r", "4") SAMPLE("3", "s", "7"));
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

static void kept_and_why_not(void **state) {
    (void)state;
    lem_json *o = facts("--responses s.jsonl --answers two.jsonl --out k1 --dropped d1 --json");
    assert_int_equal(at(o, "rows"), 4);
    assert_int_equal(at(o, "kept"), 1);
    assert_int_equal(dropped(o, "the teachers differ from each other"), 1);
    assert_int_equal(dropped(o, "the response differs from teachers that agree"), 1);
    assert_int_equal(dropped(o, "no teacher has this prompt"), 1);
    assert_int_equal(at(o, "unmatched"), 1);
    assert_int_equal(lem_json_count(lem_json_get(o, "matrix")), 3);
    assert_int_equal(at(o, "pairs.0.agree"), 2); /* response and first answer: p, q r */
    assert_int_equal(at(o, "pairs.0.differ"), 1);
    assert_int_equal(at(o, "pairs.2.agree"), 2); /* first and second: p, s */
    lem_json_free(o);
    shell("head -1 s.jsonl | cmp - k1"); /* as it stands */
    shell("[ $(wc -l <d1) = 3 ] && grep -q '\"_source\":\"s.jsonl:4\"' d1 && grep -q '\"two.jsonl#2\":\"5\"' "
          "d1");
    shell("grep -q 'two.jsonl:4: no sample has this prompt' err.txt");
}

static void rules(void **state) {
    (void)state;
    static const struct {
        const char *words;
        int kept;
    } cases[] = {
        {"--answers two.jsonl --agree 1", 2},
        {"--answers two.jsonl --agree 2", 1},
        {"--answers two.jsonl --agree majority", 1},
        {"--answers two.jsonl --answers one.jsonl --agree majority", 2},
        {"--answers two.jsonl,one.jsonl --agree 3", 1},
        {"--answers two.jsonl --answers one.jsonl", 1},
        {"--answers one.jsonl", 0},
        {"--answers one.jsonl --least 1", 2},
        {"--answers two.jsonl --policy strict --agree 1", 2},
        {"--answers two.jsonl --abs-tol 1 --agree 2", 3},
        {"--answers one.jsonl --least 1 --by id", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char words[256];
        snprintf(words, sizeof words, "--responses s.jsonl %s --out k2 --json --overwrite", cases[i].words);
        lem_json *o = facts(words);
        if (at(o, "kept") != cases[i].kept) fail_msg("%s: %d kept", cases[i].words, (int)at(o, "kept"));
        lem_json_free(o);
    }
}

static void any_threads_any_container(void **state) {
    (void)state;
    shell("for i in $(seq 300); do echo '{\"problem\":\"n'$i'\",\"solution\":\"it is '$((i % 7))'\"}'; done "
          ">many.jsonl;"
          "for i in $(seq 300); do echo '{\"problem\":\"n'$i'\",\"completions\":[\"'$((i % 5))'\",\"'$((i % "
          "7))'\"]}';"
          " done >answers.jsonl; mkdir f; head -100 many.jsonl >f/1.jsonl; tail -n +101 many.jsonl | gzip "
          ">f/2.jsonl.gz");
    crosscheck(0, "--responses many.jsonl --answers answers.jsonl --out m1 --dropped e1 --threads 1", true);
    crosscheck(0, "--responses many.jsonl --answers answers.jsonl --out m2 --dropped e2 --threads 3", true);
    crosscheck(0, "--responses f --answers answers.jsonl --out m3 --dropped e3", true);
    shell("cmp m1 m2 && cmp e1 e2 && cmp m1 m3 && [ $(wc -l <m1) -gt 20 ] && [ $(cat m1 e1 | wc -l) = 300 ]");
    crosscheck(0, "--responses many.jsonl --answers answers.jsonl --out m4.parquet --limit 50", true);
    shell(LEMMA_BINARY " data inspect m4.parquet | grep -q Parquet");
    crosscheck(0, "--responses many.jsonl --answers answers.jsonl --out m5 --dry-run", true);
    shell("[ ! -e m5 ]");
    /* The rows train. */
    shell(LEMMA_BINARY
          " sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 270 --context 64 --max-steps 1 "
          "--data m1 --out policy >/dev/null 2>&1");
}

static void a_judge(void **state) {
    (void)state;
    put("j.jsonl", "{\"problem\":\"p\",\"ok\":\"yes\"}\n{\"problem\":\"s\",\"ok\":\"no\"}\n");
    lem_json *o = facts("--responses s.jsonl --judge j.jsonl --judge-field ok --out k3 --json");
    assert_int_equal(at(o, "kept"), 1);
    assert_int_equal(dropped(o, "the judge says that the response is wrong"), 1);
    assert_int_equal(dropped(o, "the judge has no verdict for it"), 2);
    lem_json_free(o);
}

static void refused(void **state) {
    (void)state;
    static const struct {
        int status;
        const char *words, *said;
    } cases[] = {
        {2, "--responses s.jsonl --answers two.jsonl", "--out"},
        {2, "--answers two.jsonl --out x", "--responses"},
        {2, "--responses s.jsonl --out x", "--answers"},
        {2, "--responses s.jsonl --answers s.jsonl --out x",
         "s.jsonl is given as --responses and as --answers"},
        {2, "--responses s.jsonl --answers two.jsonl --agree most --out x",
         "--agree: all, majority or a number"},
        {2, "--responses s.jsonl --answers two.jsonl --agree 0 --out x",
         "--agree: all, majority or a number"},
        {2, "--responses s.jsonl --answers two.jsonl --map a=b --out x", "--map"},
        {2, "--responses s.jsonl --answers two.jsonl --out s.jsonl", "is what is read"},
        {2, "--responses s.jsonl --answers two.jsonl --out two.jsonl", "is what is read"},
        {3, "--responses none.jsonl --answers two.jsonl --out x", "none.jsonl: no such file"},
        {3, "--responses two.jsonl --answers one.jsonl --out x",
         "two.jsonl:1: 2 candidates; a sample has one"},
        {3, "--responses s.jsonl --answers one.jsonl --by id --id-field no --out x",
         "one.jsonl:1: field 'no'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *said = crosscheck(cases[i].status, cases[i].words, true);
        if (!strstr(said, cases[i].said))
            fail_msg("%s: '%s' lacks '%s'", cases[i].words, said, cases[i].said);
    }
    shell("[ ! -e x ] && [ ! -e x.job ]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept_and_why_not),
        cmocka_unit_test(rules),
        cmocka_unit_test(any_threads_any_container),
        cmocka_unit_test(a_judge),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
