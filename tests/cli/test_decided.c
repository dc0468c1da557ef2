/* test_decided.c - lemma sample --stop-when-decided: which candidates a row keeps does not depend on how it
 * was run, and its majority is that of all */
#include "core/file.h"
#include "support/jsonl.h"
#include "support/program.h"

#include <unistd.h>

#define L LEMMA_BINARY
#define ALL " 2>&1 </dev/null"
#define SAMPLE L " sample --model m --prompts ask.jsonl --n 40 --max-tokens 30 --temperature 1.2 --quiet "

static char dir[] = "/tmp/lemma-decided-XXXXXX";
enum { ROWS = 6, N = 40 };

static int set_up(void **state) {
    (void)state;
    if (!mkdtemp(dir) || chdir(dir) != 0) return -1;
    FILE *train = fopen("train.jsonl", "w"), *ask = fopen("ask.jsonl", "w");
    assert_true(train && ask);
    for (int i = 0; i < ROWS; i++) {
        for (int k = 0; k < 4; k++)
            fprintf(train, "{\"problem\":\"%c\",\"solution\":\"so \\\\boxed{%d}\"}\n", 'a' + i,
                    k < i % 4 ? 7 : 2);
        fprintf(ask, "{\"id\":\"%d\",\"problem\":\"%c\",\"expected_answer\":\"2\"}\n", i, 'a' + i);
    }
    fclose(train);
    fclose(ask);
    shell(L
          " sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 270 --context 96 --batch 8 --lr 1e-2 "
          "--epochs 40 --max-steps 100 --data train.jsonl --out m --quiet >/dev/null 2>&1");
    shell(SAMPLE "--json --out all.jsonl >all-said.json 2>/dev/null");
    shell(SAMPLE "--stop-when-decided --slots 4 --json --out few.jsonl >few-said.json 2>/dev/null");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    return chdir("/") == 0 && lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

static lem_json *row_of(const char *path, int at) {
    lem_err err = LEM_ERR_INIT;
    lem_lines *in = NULL;
    lem_json *row = NULL;
    if (lem_lines_open(path, 0, &in, &err) != LEM_OK) fail_msg("%s", err.text);
    for (int i = 0; i <= at; i++) {
        lem_json_free(row);
        row = NULL;
        if (jsonl_next(in, &row, &err) != LEM_OK || !row) fail_msg("%s: row %d", path, i);
    }
    lem_lines_close(in);
    return row;
}

static int64_t told(const char *path, const char *member) {
    lem_err err = LEM_ERR_INIT;
    lem_json *o = NULL;
    if (lem_json_load(path, 1 << 16, &o, &err) != LEM_OK) fail_msg("%s", err.text);
    int64_t v = lem_json_int(lem_json_get(o, member), -1);
    lem_json_free(o);
    return v;
}

/* The first so many of all, none of them more than it takes. */
static void rows_begin_as_without(void **state) {
    (void)state;
    int decided = 0, drawn = 0;
    for (int r = 0; r < ROWS; r++) {
        lem_json *all = row_of("all.jsonl", r), *few = row_of("few.jsonl", r);
        const lem_json *texts = lem_json_get(few, "completions"), *whole = lem_json_get(all, "completions");
        int n = (int)lem_json_count(texts), k = (int)lem_json_int(lem_json_get(few, "decided_after"), 0);
        assert_int_equal(lem_json_count(whole), N);
        assert_int_equal(n, k ? k : N);
        assert_int_equal(lem_json_int(lem_json_get(few, "not_drawn"), 0), N - n);
        for (int i = 0; i < n; i++)
            assert_true(lem_json_equal(lem_json_at(texts, (size_t)i), lem_json_at(whole, (size_t)i)));
        decided += k > 0;
        drawn += n;
        lem_json_free(all);
        lem_json_free(few);
    }
    print_message("%d of %d votes decided early, %d of %d candidates drawn\n", decided, ROWS, drawn,
                  ROWS * N);
    assert_true(decided >= 2 && drawn < ROWS * N);
    assert_int_equal(told("few-said.json", "decided"), decided);
    assert_int_equal(told("few-said.json", "not_drawn"), ROWS * N - drawn);
    assert_int_equal(told("few-said.json", "candidates"), drawn);
    assert_int_equal(told("all-said.json", "decided"), -1);
    /* Those behind the decision were not made, but for the few in flight then. */
    int64_t few = told("few-said.json", "generated_tokens"), all = told("all-said.json", "generated_tokens");
    print_message("%lld of %lld tokens\n", (long long)few, (long long)all);
    assert_true(few > 0 && few < all - all / 20);
}

static void the_same_however_it_is_run(void **state) {
    (void)state;
    static const char *const ways[] = {"--slots 1", "--slots 3 --threads 1", "--slots 300 --threads 4"};
    char line[700];
    for (int i = 0; i < 3; i++) {
        snprintf(line, sizeof line, SAMPLE "--stop-when-decided %s --fresh --overwrite --out way.jsonl" ALL,
                 ways[i]);
        said_by(0, line);
        said_by(0, "cmp way.jsonl few.jsonl");
    }
    for (int lines = 10; lines < 100; lines += 40) { /* killed with so many candidates in its journal */
        snprintf(line, sizeof line,
                 "rm -rf way.*; " SAMPLE
                 "--stop-when-decided --slots 7 --out way.jsonl >/dev/null 2>&1 & p=$!; "
                 "for i in $(seq 400); do [ \"$(cat way.jsonl.job/journal 2>/dev/null | wc -l)\" -ge %d ] && "
                 "break; "
                 "sleep 0.01; done; kill -9 $p; wait $p; true",
                 lines);
        shell(line);
        said_by(0, SAMPLE "--stop-when-decided --slots 50 --out way.jsonl" ALL);
        said_by(0, "cmp way.jsonl few.jsonl");
    }
}

/* The share of problems that the majority answers right is the same, and what is not is told. */
static void majorities_are_those_of_all(void **state) {
    (void)state;
    shell("for f in all few; do " L " grade $f.jsonl --out $f-g.jsonl --quiet >/dev/null 2>&1 && " L
          " select $f-g.jsonl --json --out $f-s >$f.json 2>&1; done");
    for (int r = 0; r < ROWS; r++) {
        int most[2] = {0};
        for (int f = 0; f < 2; f++) {
            lem_json *row = row_of(f ? "few-g.jsonl" : "all-g.jsonl", r);
            const lem_json *right = lem_json_get(row, "correct");
            int n = (int)lem_json_count(right), two = 0;
            for (int i = 0; i < n; i++) two += lem_json_bool(lem_json_at(right, (size_t)i), false);
            most[f] = 2 * two > n;
            if (lem_json_get(row, "decided_after")) assert_true(2 * two > N || 2 * (n - two) > N);
            lem_json_free(row);
        }
        lem_json *few = row_of("few.jsonl", r);
        if (lem_json_get(few, "decided_after")) assert_int_equal(most[0], most[1]);
        lem_json_free(few);
    }
    said_by(0, "grep -q 'sampled until their vote was decided' few.json");
    said_by(1, "grep -q 'sampled until their vote was decided' all.json");
    /* So do those that compare two files, and bench score where such files are pools of candidates. */
    const char *said = said_by(0, L " compare all-g.jsonl few-g.jsonl 2>&1");
    const char *note = strstr(said, "of the rows were sampled until their vote was decided");
    if (!note || note - said < 11 || memcmp(note - 11, "note: B: ", 9) != 0) fail_msg("%s", said);
    if (strstr(note + 1, "of the rows were sampled until")) fail_msg("%s", said);
    said_by(
        0, L
        " compare few-g.jsonl all-g.jsonl --json 2>/dev/null | grep -q 'A: [0-9] of the rows were sampled'");
    shell("for f in all few; do " L " rm score $f-g.jsonl --model m --head logprob --field rm_score "
          "--out $f-s.jsonl --quiet >/dev/null 2>&1; done");
    said = said_by(0, L " bench score few-s.jsonl 2>&1");
    if (!strstr(said, "sampled until their vote was decided")) fail_msg("%s", said);
    said = said_by(0, L " bench score all-s.jsonl 2>&1");
    if (strstr(said, "sampled until")) fail_msg("%s", said);
    said_by(0,
            L " bench score few-s.jsonl --json 2>/dev/null | grep -q 'sampled until their vote was decided'");
}

static void refused(void **state) {
    (void)state;
    const char *said =
        said_by(2, L " sample --endpoint http://127.0.0.1:9/v1 --served-model x --prompts ask.jsonl "
                     "--stop-when-decided --out never" ALL);
    assert_non_null(strstr(said, "--stop-when-decided is for --model"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_begin_as_without), cmocka_unit_test(the_same_however_it_is_run),
        cmocka_unit_test(majorities_are_those_of_all), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
