/* test_trial.c - how long a command will take is told before, without a trace of having tried; --budget
 * chooses, and what it chose is the job's */
#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "core/mem.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/lemma-timed-XXXXXX", said[1 << 15];

static int lemma(const char *words, bool both) {
    char line[2048];
    snprintf(line, sizeof line, "%s %s %s </dev/null", LEMMA_BINARY, words, both ? "2>&1" : "2>/dev/null");
    FILE *f = popen(line, "r");
    assert_non_null(f);
    said[fread(said, 1, sizeof said - 1, f)] = '\0';
    int raw = pclose(f);
    return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128;
}

static void does(const char *words) {
    if (lemma(words, true) != 0) fail_msg("%s: %s", words, said);
}

static void refuses(const char *words, const char *why) {
    if (lemma(words, true) != 2 || !strstr(said, why)) fail_msg("%s: %s", words, said);
}

static int set_up(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_buf b = {0}, c = {0};
    if (!mkdtemp(dir) || chdir(dir) != 0 || lem_dir_make("tmp", &err) != LEM_OK) return -1;
    for (int i = 0; i < 40; i++) {
        lem_buf_printf(&b,
                       "{\"id\":\"p%d\",\"problem\":\"what is %d + 1\",\"solution\":\"it is "
                       "%d\",\"expected_answer\":\"%d\"}\n",
                       i, i, i + 1, i + 1);
        lem_buf_printf(
            &c,
            "{\"id\":\"p%d\",\"problem\":\"what is %d + 1\",\"expected_answer\":\"%d\",\"completions\":["
            "\"it\\nis %d\",\"no\\nidea\"],\"correct\":[true,false]}\n",
            i, i, i + 1, i + 1);
    }
    if (lem_file_write_atomic("rows.jsonl", b.data, b.len, &err) != LEM_OK) return -1;
    if (lem_file_write_atomic("cand.jsonl", c.data, c.len, &err) != LEM_OK) return -1;
    lem_buf_release(&b);
    lem_buf_release(&c);
    setenv("TMPDIR", "tmp", 1);
    does("sft --from-scratch --layers 2 --width 64 --heads 2 --vocab 270 --context 256 --batch 4 --max-steps "
         "4 "
         "--data rows.jsonl --out m");
    does("rm sample cand.jsonl --random --per-problem 2 --out lists.jsonl");
    does("rm train --model m --lists lists.jsonl --batch 8 --max-steps 2 --out rm");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    return chdir("/") == 0 && lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

static lem_json *object(const char *words) {
    lem_err err = LEM_ERR_INIT;
    lem_json *o = NULL;
    if (lemma(words, false) != 0) fail_msg("%s: %s", words, said);
    if (lem_json_parse(said, strlen(said), &o, &err) != LEM_OK) fail_msg("%s: %s", words, said);
    return o;
}

static double number(const lem_json *o, const char *path) { return lem_json_num(lem_json_find(o, path), -1); }

static void no_trace(const char *words) {
    char **names = NULL;
    size_t n = 0;
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_dir_list("tmp", &names, &n, &err), LEM_OK);
    if (n) fail_msg("%s: left %s behind", words, names[0]);
    lem_free(names);
    if (lem_file_exists("out") || lem_file_exists("out.job") || lem_file_exists("out.lock"))
        fail_msg("%s: wrote something", words);
}

/* Each command that computes with a model tells its time, and leaves nothing. */
static void all_tell(void **state) {
    (void)state;
    static const char *const commands[] = {
        "sample --model m --prompts rows.jsonl --n 4 --max-tokens 8",
        "sft --model m --data rows.jsonl --lr 1e-3 --epochs 1",
        "rm train --model m --lists lists.jsonl --batch 8",
        "rm score cand.jsonl --model rm",
        "rm score cand.jsonl --model m --head logprob",
        "prm annotate --model m --data cand.jsonl --n 2 --max-tokens 8 --step-separator '\\n'",
        "search --model m --rm rm --prompts rows.jsonl --n 4 --width 2 --depth 3 --step-tokens 4 "
        "--max-tokens 12",
    };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char words[512];
        snprintf(words, sizeof words, "%s --out out --dry-run --json", commands[i]);
        lem_json *o = object(words);
        if (!(number(o, "estimate.seconds") > 0) || !(number(o, "estimate.factor") >= 1))
            fail_msg("%s: %s", words, said);
        lem_json_free(o);
        no_trace(words);
        snprintf(words, sizeof words, "%s --out out --dry-run", commands[i]);
        does(words);
        if (!strstr(said, "time on this machine: about ")) fail_msg("%s: %s", words, said);
    }
    does("sample --model m --prompts rows.jsonl --n 2 --max-tokens 4 --out s.jsonl");
    does("sample --model m --prompts rows.jsonl --n 2 --max-tokens 4 --out s.jsonl --dry-run");
    assert_null(strstr(said, "time on this machine")); /* it is there already */
    /* a shard without a problem, of more candidates than a turn of a trial has */
    does("sample --model m --prompts rows.jsonl --n 300 --max-tokens 4 --shard 4000/4000 --out e.jsonl "
         "--dry-run");
}

/* Of a run several times as long as the trial. The factor that is told is for a machine that does the same
 * all the time; tests run beside others, so three times as much passes. */
static void comes_true(void **state) {
    (void)state;
    static const char words[] =
        "sample --model m --prompts rows.jsonl --n 300 --max-tokens 120 --out long.jsonl";
    char line[256];
    snprintf(line, sizeof line, "%s --dry-run --json", words);
    lem_json *o = object(line);
    double told = number(o, "estimate.seconds"), factor = 3 * number(o, "estimate.factor");
    lem_json_free(o);
    double start = lem_clock_seconds();
    does(words);
    double took = lem_clock_seconds() - start;
    if (took > told * factor || took < told / factor) fail_msg("told %.1f s, took %.1f s", told, took);
}

static long chosen_n(const char *manifest) {
    lem_err err = LEM_ERR_INIT;
    lem_json *m = NULL;
    if (lem_json_load(manifest, 1 << 20, &m, &err) != LEM_OK) fail_msg("%s", err.text);
    long n = (long)lem_json_int(lem_json_find(m, "arguments.n"), -1);
    assert_null(lem_json_find(m, "arguments.budget"));
    lem_json_free(m);
    return n;
}

/* Killed once it has begun: the same command goes on with what it chose, and so does one with another budget;
 * the bytes are those of a run that was asked for that from the beginning. */
static void budget_is_kept(void **state) {
    (void)state;
    static const char words[] =
        "sample --model m --prompts rows.jsonl --n 3000 --max-tokens 60 --out b.jsonl";
    char line[512];
    snprintf(line, sizeof line,
             "%s %s --budget 4s >/dev/null 2>&1 & P=$!; for i in $(seq 600); do sleep 0.1; [ -s "
             "b.jsonl.job/journal ] && break; "
             "done; kill -9 $P; [ -e b.jsonl.job/manifest.json ]",
             LEMMA_BINARY, words);
    assert_int_equal(system(line), 0);
    long n = chosen_n("b.jsonl.job/manifest.json");
    assert_true(n >= 1 && n < 3000);
    snprintf(line, sizeof line, "%s --budget 100d", words);
    does(line);
    assert_non_null(strstr(said, "as the run that is there chose"));
    assert_int_equal(chosen_n("b.jsonl.manifest.json"), n);
    snprintf(line, sizeof line,
             "sample --model m --prompts rows.jsonl --n %ld --max-tokens 60 --out plain.jsonl", n);
    does(line);
    assert_int_equal(
        system("cmp b.jsonl plain.jsonl && diff b.jsonl.manifest.json plain.jsonl.manifest.json | "
               "grep -q jsonl || cmp b.jsonl.manifest.json plain.jsonl.manifest.json"),
        0);
}

/* What it takes is told beside the budget, its trial included: 12 s as it is here, three times that beside
 * other work. */
static void budget_is_kept_to(void **state) {
    (void)state;
    double start = lem_clock_seconds(), told = 0;
    does("sample --model m --prompts rows.jsonl --n 100000 --max-tokens 60 --out k.jsonl --budget 12s");
    double took = lem_clock_seconds() - start;
    const char *at = strstr(said, "--budget 12s: took ");
    if (!at || sscanf(at, "--budget 12s: took %lf seconds", &told) != 1) fail_msg("%s", said);
    if (took > 36 || took < 4 || told > took + 0.1 || told < took - 3)
        fail_msg("told %g s, took %g s", told, took);
}

/* Halted for longer than it may take: that is told as soon as it goes on. */
static void late_is_told(void **state) {
    (void)state;
    char line[1024];
    snprintf(line, sizeof line,
             "%s sample --model m --prompts rows.jsonl --n 100000 --max-tokens 60 --out late.jsonl "
             "--budget 4s 2>late.txt >/dev/null & P=$!; for i in $(seq 600); do sleep 0.1; "
             "[ -s late.jsonl.job/journal ] && break; done; kill -STOP $P; sleep 7; kill -CONT $P; wait $P; "
             "grep -c 'warning: --budget 4s: it will take about [0-9.]* seconds, longer than its trial "
             "said' late.txt",
             LEMMA_BINARY);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    said[fread(said, 1, sizeof said - 1, f)] = '\0';
    if (pclose(f) != 0 || strcmp(said, "1\n") != 0) fail_msg("warnings: %s", said);
}

static void budget_is_refused(void **state) {
    (void)state;
    refuses("sample --model m --prompts rows.jsonl --n 4 --out x --budget 8x", "'8x' is no time");
    refuses("sample --model m --prompts rows.jsonl --n 4000 --max-tokens 200 --out x --budget 0.001s",
            "nothing fits");
    refuses(
        "sample --endpoint http://127.0.0.1:9/v1 --served-model x --prompts rows.jsonl --out x --budget 8h",
        "for models that run here");
    refuses("sft --model m --data rows.jsonl --epochs 1 --out x --budget 0.001s", "nothing fits");
    does("sft --model m --data rows.jsonl --lr 1e-3 --epochs 1 --out y --budget 1d");
    assert_non_null(strstr(said, "--epochs 1, all that is asked for"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_tell),       cmocka_unit_test(comes_true),
                                       cmocka_unit_test(budget_is_kept), cmocka_unit_test(budget_is_kept_to),
                                       cmocka_unit_test(late_is_told),   cmocka_unit_test(budget_is_refused)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
