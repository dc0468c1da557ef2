/* test_select_keep.c - lemma select --keep-out from outside: rows of every kind that train, counts and
 * reasons, the job that they are, what is refused */
#include "../support/program.h"

#include <unistd.h>

#define L LEMMA_BINARY

static char dir[] = "/tmp/lemma-keep-XXXXXX";

static const char *run(int want, const char *words, const char *to) {
    char command[1024];
    snprintf(command, sizeof command, L " %s %s </dev/null", words, to);
    return said_by(want, command);
}

static lem_json *facts(const char *words) { return json_of(run(0, words, "2>err.txt")); }

static int64_t at(const lem_json *o, const char *path) { return lem_json_int(lem_json_find(o, path), -1); }

#define HEAD(id)                                                                                             \
    "{\"id\":\"" id "\",\"domain\":\"math\",\"problem\":\"problem " id "\",\"expected_answer\":\"2\","

static int set_up(void **state) {
    (void)state;
    if (!mkdtemp(dir) || chdir(dir) != 0) return -1;
    put("c.jsonl",
        HEAD("a") "\"completions\":[\"\\\\boxed{2}\",\"\\\\boxed{7}\",\"so \\\\boxed{2}\",\"\\\\boxed{2}\"],"
                  "\"correct\":[true,false,true,true],\"rm_score\":[1,0,2,1]}\n" HEAD(
                      "b") "\"completions\":[\"\\\\boxed{5}\",\"\\\\boxed{2}\",\"\",\"it is "
                           "2\"],\"correct\":[false,true,null,true],"
                           "\"rm_score\":[0.5,null,3,0.1]}\n" HEAD(
                               "c") "\"completions\":[\"\\\\boxed{5}\",\"1\",\"x\",\"y\"],\"correct\":[false,"
                                    "false,null,false],"
                                    "\"rm_score\":[0.5,1,3,0.1]}\n");
    put("bare.jsonl", HEAD("a") "\"completions\":[\"\\\\boxed{2}\",\"\\\\boxed{7}\"]}\n" HEAD(
                          "b") "\"completions\":[\"\\\\boxed{5}\",\"it is 2\"]}\n");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

static void counts_and_reasons(void **state) {
    (void)state;
    static const struct {
        const char *words;
        int rows, with, lines;
    } cases[] = {
        {"--keep best --as sft", 3, 3, 3},
        {"--keep best --as pairs", 3, 3, 3},
        {"--keep correct", 4, 2, 4},
        {"--keep correct --keep-n 1", 2, 2, 2},
        {"--keep top", 2, 2, 2},
        {"--keep top --keep-n 4", 3, 2, 3},
        {"--keep correct --as lists", 2, 2, 2},
        {"--keep correct --as pairs", 2, 2, 2},
        {"--keep top --as lists", 2, 2, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char words[256];
        snprintf(words, sizeof words, "select c.jsonl --json --keep-out k.jsonl --overwrite %s",
                 cases[i].words);
        lem_json *o = facts(words);
        if (at(o, "kept.rows") != cases[i].rows || at(o, "kept.with_kept") != cases[i].with)
            fail_msg("%s: %d rows of %d", cases[i].words, (int)at(o, "kept.rows"),
                     (int)at(o, "kept.with_kept"));
        assert_int_equal(at(o, "kept.problems"), 3);
        assert_int_equal(at(o, "kept.duplicates"), 1);
        assert_int_equal(at(o, "kept.empty"), 1);
        assert_true(lem_json_count(lem_json_get(o, "metrics")) > 0); /* beside the metrics */
        if (cases[i].with == 2)
            assert_int_equal(
                lem_json_int(lem_json_get(lem_json_find(o, "kept.left_out"), "no right candidate"), -1), 1);
        lem_json_free(o);
        snprintf(words, sizeof words, "[ $(wc -l <k.jsonl) = %d ]", cases[i].lines);
        shell(words);
    }
    shell("grep -q 'c.jsonl:3: nothing is kept: no right candidate' err.txt");
}

/* The texts that are kept, and what goes with them. */
static void the_rows(void **state) {
    (void)state;
    run(0, "select c.jsonl --keep top --keep-out t.jsonl", "2>&1");
    shell("grep -c '\"content\":\"so \\\\\\\\boxed{2}\"' t.jsonl | grep -qx 1 && grep -q '\"score\":0.1' "
          "t.jsonl && "
          "[ $(grep -c '\"domain\":\"math\"' t.jsonl) = 2 ] && [ $(grep -c '\"generator\":\"c.jsonl\"' "
          "t.jsonl) = 2 ]");
    run(0, "select c.jsonl --keep top --as pairs --keep-out p.parquet", "2>&1");
    shell(L " data inspect p.parquet | grep -q '2 rows'");
    run(0, "select bare.jsonl --keep correct --keep-out b.jsonl", "2>&1"); /* graded here, no scores */
    shell("[ $(wc -l <b.jsonl) = 2 ] && grep -q 'it is 2' b.jsonl");
}

static void the_rows_train(void **state) {
    (void)state;
    run(0, "select c.jsonl --keep correct --keep-out sft.jsonl", "2>&1");
    run(0, "select c.jsonl --keep correct --as lists --keep-out lists.jsonl", "2>&1");
    run(0, "select c.jsonl --keep top --as pairs --keep-out pairs.jsonl", "2>&1");
    run(0,
        "sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 270 --context 192 --batch 1 --max-steps "
        "2 "
        "--data sft.jsonl --out m",
        "2>&1");
    const char *said =
        run(0, "rm train --model m --lists lists.jsonl --batch 1 --max-steps 2 --json --out r1", "2>&1");
    assert_non_null(strstr(said, "scores"));
    said = run(0, "rm train --model m --lists pairs.jsonl --batch 1 --max-steps 2 --out r2", "2>&1");
    assert_non_null(strstr(said, "preference pairs"));
}

static void the_job(void **state) {
    (void)state;
    static const char one[] = "select c.jsonl --keep top --keep-out j.jsonl";
    run(0, one, "2>&1");
    shell("cp j.jsonl saved && [ -f j.jsonl.manifest.json ]");
    run(0, one, "2>&1"); /* the same again */
    shell("cmp j.jsonl saved");
    assert_non_null(strstr(run(2, "select c.jsonl --keep correct --keep-out j.jsonl", "2>&1"),
                           "--keep was \"top\", is now \"correct\""));
    shell("cmp j.jsonl saved");
    /* Beside a result in a file. */
    run(0, "select c.jsonl --keep top --out r.json --keep-out k2.jsonl", "2>&1");
    shell("cmp k2.jsonl saved && ! grep -q with_kept r.json && [ -f r.json.manifest.json ] && "
          "[ ! -e k2.jsonl.manifest.json ]");
    run(0, "select c.jsonl --keep top --threads 3 --keep-out k3.jsonl", "2>&1");
    shell("cmp k3.jsonl saved");
    run(0, "select c.jsonl --keep top --keep-out k4.jsonl --dry-run", "2>&1");
    shell("[ ! -e k4.jsonl ]");
    put("mine", "x");
    run(2, "select c.jsonl --keep-out mine", "2>&1");
    run(2, "select c.jsonl --out r2.json --keep-out mine", "2>&1");
    shell("[ $(cat mine) = x ]");
}

static void refused(void **state) {
    (void)state;
    static const struct {
        int status;
        const char *words, *said;
    } cases[] = {
        {2, "select c.jsonl --keep top", "need --keep-out FILE"},
        {2, "select c.jsonl --keep-n 2", "need --keep-out FILE"},
        {2, "select bare.jsonl --keep-out x", "--keep best needs scores (run 'lemma rm score')"},
        {2, "select bare.jsonl --keep top --keep-out x", "--keep top needs scores"},
        {2, "select c.jsonl --scorer prm-min --keep-out x",
         "--scorer prm-min: the file has no such scores; it has rm"},
        {2, "select c.jsonl --keep-out c.jsonl", "c.jsonl is what is read"},
        {2, "select c.jsonl --out x --keep-out x", "--out and --keep-out are both x"},
        {2, "select - --keep-out x", "reads the candidates twice"},
        {2, "select c.jsonl --keep worst --keep-out x", "best"},
        {3, "select wrong.jsonl --keep correct --keep-out x", "wrong.jsonl: no candidate is kept"},
        {3, "select text.jsonl --keep correct --keep-out x", "text.jsonl:1: no problem"},
    };
    put("wrong.jsonl", "{\"problem\":\"p\",\"completions\":[\"x\"],\"correct\":[false]}\n");
    put("text.jsonl", "{\"completions\":[\"x\"],\"correct\":[true]}\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *said = run(cases[i].status, cases[i].words, "2>&1");
        if (!strstr(said, cases[i].said))
            fail_msg("%s: '%s' lacks '%s'", cases[i].words, said, cases[i].said);
    }
    shell("[ ! -e x ] && [ ! -e x.job ] && [ ! -e x.lock ]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_and_reasons),
        cmocka_unit_test(the_rows),
        cmocka_unit_test(the_rows_train),
        cmocka_unit_test(the_job),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
