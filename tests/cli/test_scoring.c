/* test_scoring.c - prm score, log-probabilities and implicit rewards from outside: PyTorch's values, the
 * sampler's own, aggregators by hand, company, refusals */
#include "core/file.h"
#include "core/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define FOLDER LEMMA_TEST_DATA "/golden_heads/rlhflow_mixed"
#define PRM LEMMA_TEST_DATA "/golden_heads/qwen_prm"

static char dir[64];

/* In the test's folder; what the program prints to both streams (the caller releases). */
static int shell(const char *command, lem_buf *text) {
    char line[4096], chunk[4096];
    snprintf(line, sizeof line, "cd %s && { %s; } 2>&1 </dev/null", dir, command);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;) lem_buf_add(text, chunk, n);
    int raw = pclose(f);
    return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128;
}

static void lemma(const char *words, int status, const char *part) {
    char command[3000];
    lem_buf text = {0};
    snprintf(command, sizeof command, "%s %s", LEMMA_BINARY, words);
    int got = shell(command, &text);
    if (got != status || !strstr(lem_buf_str(&text), part))
        fail_msg("lemma %s: status %d (expected %d), expected '%s' in:\n%s", words, got, status, part,
                 lem_buf_str(&text));
    if (status) assert_int_equal(strcspn(lem_buf_str(&text), "\n") + 1, text.len); /* one line */
    lem_buf_release(&text);
}

static void run(const char *command) {
    lem_buf text = {0};
    if (shell(command, &text) != 0) fail_msg("%s:\n%s", command, lem_buf_str(&text));
    lem_buf_release(&text);
}

static lem_json *load(const char *path) {
    lem_err err = LEM_ERR_INIT;
    lem_json *v = NULL;
    if (lem_json_load(path, 8 << 20, &v, &err) != LEM_OK) fail_msg("%s", err.text);
    return v;
}

/* A file of one JSON value, or the n-th line of one of rows. */
static lem_json *line_of(const char *name, int n) {
    char path[200], command[300];
    snprintf(command, sizeof command, "sed -n %dp %s >line.json", n + 1, name);
    run(command);
    snprintf(path, sizeof path, "%s/line.json", dir);
    return load(path);
}

static void put(const char *name, const char *text) {
    char path[200];
    lem_err err = LEM_ERR_INIT;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (lem_file_write_atomic(path, text, strlen(text), &err) != LEM_OK) fail_msg("%s", err.text);
}

static double at(const lem_json *list, size_t i) { return lem_json_num(lem_json_at(list, i), NAN); }

static void near(double got, double want, double tol) {
    if (!(fabs(got - want) <= tol)) fail_msg("%.12g, expected %.12g", got, want);
}

/* The rows of a cases file as candidate rows. */
static int put_cases(const char *name, lem_json **cases) {
    char path[400];
    lem_buf text = {0};
    snprintf(path, sizeof path, FOLDER "/cases_%s.json", name);
    *cases = load(path);
    const lem_json *rows = lem_json_get(*cases, "rows");
    for (size_t i = 0; i < lem_json_count(rows); i++) {
        lem_json_write(lem_json_at(rows, i), 0, &text);
        lem_buf_putc(&text, '\n');
    }
    put("cases.jsonl", lem_buf_str(&text));
    lem_buf_release(&text);
    return (int)lem_json_count(rows);
}

/* Runs the command and compares field[][] with the cases; reads totals of the field `total` as mean or sum.
 */
static void check_cases(const char *name, const char *command, const char *field, bool mean) {
    char words[1024];
    lem_json *cases;
    int n = put_cases(name, &cases), compared = 0;
    snprintf(words, sizeof words, "%s cases.jsonl --model " FOLDER " --out cases.out --fresh", command);
    lemma(words, 0, "scores");
    for (int r = 0; r < n; r++) {
        lem_json *row = line_of("cases.out", r);
        const lem_json *want = lem_json_get(lem_json_at(lem_json_get(cases, "rows"), (size_t)r), "scores");
        const lem_json *total = lem_json_get(row, strcmp(field, "step_scores") == 0 ? "rm_score" : "logprob");
        assert_int_equal(lem_json_count(total), lem_json_count(want));
        for (size_t i = 0; i < lem_json_count(want); i++) {
            const lem_json *w = lem_json_at(want, i), *got = lem_json_at(lem_json_get(row, field), i);
            double sum = 0;
            assert_int_equal(lem_json_count(got), lem_json_count(w));
            for (size_t k = 0; k < lem_json_count(w); k++) {
                near(at(got, k), at(w, k), 1e-5 * fmax(1, fabs(at(w, k))));
                sum += at(got, k);
                compared++;
            }
            near(at(total, i), mean ? sum / (double)lem_json_count(w) : sum, 1e-9);
        }
        lem_json_free(row);
    }
    assert_true(compared > 30);
    lem_json_free(cases);
}

static void values_of_pytorch(void **state) {
    (void)state;
    run("rm -rf reference && cp -r " FOLDER " reference && sed -i 's/\"rope_theta\": 10000.0/\"rope_theta\": "
        "500.0/' reference/config.json && grep -q 500.0 reference/config.json");
    check_cases("compat", "prm score --head rlhflow --compat rlhflow", "step_scores", true);
    run("cp cases.out compat.out");
    check_cases("compat", "rm score --head rlhflow --compat rlhflow", "step_scores", true);
    run("cmp cases.out compat.out"); /* one engine */
    check_cases("mistral", "prm score --head rlhflow --compat rlhflow --step-separator '\xd0\xba\xd0\xb8\\n'",
                "step_scores", true);
    check_cases("signs", "prm score --head rlhflow", "step_scores", true);
    check_cases("signs", "rm score --head rlhflow --max-rows 160", "step_scores", true);
    check_cases("logprob", "rm score --head logprob --tokens", "logprob_tokens", false);
    check_cases("implicit", "rm score --head implicit --reference reference", "step_scores", false);
}

/* The sampler counts what a text costs when it makes it, and `rm score` when it is given: the same bits. */
static void as_the_sampler_counts(void **state) {
    (void)state;
    int same = 0, all = 0;
    lemma("demo data --general 30 --sft 60 --easy 10 --rm 8 --val 2 --test 6 --max-steps 3 --min-steps 2 "
          "--out d "
          "--quiet",
          0, "");
    lemma("sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 270 --context 192 --batch 4 "
          "--epochs 40 --max-steps 150 "
          "--lr 1e-2 --max-dropped 1 --data d/math.jsonl --out base --quiet",
          0, "");
    lemma(
        "sample --model base --prompts d/test.jsonl --n 8 --temperature 0.9 --max-tokens 60 --out pool.jsonl "
        "--quiet",
        0, "");
    lemma("rm score pool.jsonl --model base --head logprob --field lp --out lp.jsonl", 0,
          "log p at every token");
    for (int r = 0; r < 6; r++) {
        lem_json *row = line_of("lp.jsonl", r);
        const lem_json *made = lem_json_get(row, "logprob"), *given = lem_json_get(row, "lp"),
                       *mean = lem_json_get(row, "lp_mean"), *tokens = lem_json_get(row, "tokens"),
                       *marks = lem_json_get(row, "reencodes");
        for (size_t i = 0; i < 8; i++, all++) {
            bool equal = at(made, i) == at(given, i);
            assert_int_equal(equal, lem_json_bool(lem_json_at(marks, i), true));
            same += equal;
            if (equal) near(at(mean, i), at(given, i) / at(tokens, i), 1e-12);
        }
        lem_json_free(row);
    }
    print_message("%d of %d sampled texts have the sampler's log-probability, bit for bit\n", same, all);
    assert_int_equal(all, 48);
    assert_true(same >= 30 && same < 48); /* the others were drawn in other tokens than their text has */
    char said[100];
    snprintf(said, sizeof said, "%d of these scores are of texts that do not encode", all - same);
    lemma("rm score pool.jsonl --model base --head logprob --field lp --out lp.jsonl --fresh", 0, said);
}

/* A candidate alone, in a batch and beside its siblings: the same bytes of its score. */
static void company_changes_nothing(void **state) {
    (void)state;
    static const char *const commands[] = {
        "prm score --head rlhflow --model " FOLDER,
        "prm score --head rlhflow --compat rlhflow --model " FOLDER,
        "prm score --model " PRM,
        "rm score --head rlhflow-orm --model " FOLDER,
        "rm score --head logprob --tokens --model " FOLDER,
        "rm score --head implicit --reference reference --model " FOLDER,
        "rm score --head rlhflow --add-logprob 0.25 --model " FOLDER,
    };
    static const char *const fields[] = {"rm_score", "step_scores", "logprob", "logprob_mean",
                                         "logprob_tokens"};
    lem_json *cases;
    char words[600];
    put_cases("signs", &cases);
    run("head -3 cases.jsonl | tail -1 >whole.jsonl");
    lem_json *whole_row = line_of("whole.jsonl", 0);
    size_t n = lem_json_count(lem_json_get(whole_row, "completions"));
    lem_buf text = {0};
    for (size_t i = 0; i < n; i++) {
        lem_json *one = lem_json_copy(whole_row), *list = lem_json_new_array();
        assert_true(lem_json_append(list, lem_json_copy(lem_json_at(lem_json_get(one, "completions"), i))));
        assert_true(lem_json_set(one, "completions", list));
        lem_json_write(one, 0, &text);
        lem_buf_putc(&text, '\n');
        lem_json_free(one);
    }
    put("alone.jsonl", lem_buf_str(&text));
    for (size_t c = 0; c < sizeof commands / sizeof *commands; c++) {
        snprintf(words, sizeof words, "%s whole.jsonl --out whole.out --fresh", commands[c]);
        lemma(words, 0, "scores");
        snprintf(words, sizeof words, "%s alone.jsonl --out alone.out --fresh --max-rows 220 --threads 1",
                 commands[c]);
        lemma(words, 0, "scores");
        lem_json *whole = line_of("whole.out", 0);
        int compared = 0;
        for (size_t i = 0; i < n; i++) {
            lem_json *alone = line_of("alone.out", (int)i);
            for (size_t f = 0; f < sizeof fields / sizeof *fields; f++) {
                const lem_json *a = lem_json_at(lem_json_get(alone, fields[f]), 0),
                               *b = lem_json_at(lem_json_get(whole, fields[f]), i);
                assert_true((!a && !b) || lem_json_equal(a, b));
                compared += a && lem_json_kind(a) != LEM_JSON_NULL;
            }
            lem_json_free(alone);
        }
        assert_true(compared >= (int)n);
        lem_json_free(whole);
    }
    lem_buf_release(&text);
    lem_json_free(whole_row);
    lem_json_free(cases);
}

/* Each aggregator by its definition. */
static double by_hand(const char *name, const lem_json *s) {
    size_t n = lem_json_count(s);
    double low = INFINITY, high = -INFINITY, prod = 1, sum = 0, logit = 0, odds = 0;
    for (size_t k = 0; k < n; k++) {
        double p = at(s, k);
        low = fmin(low, p);
        high = fmax(high, p);
        prod *= p;
        sum += p;
        logit += log(p) - log1p(-p);
        odds += p / (1 - p);
    }
    if (strcmp(name, "last") == 0) return at(s, n - 1);
    if (strcmp(name, "min") == 0) return low;
    if (strcmp(name, "max") == 0) return high;
    if (strcmp(name, "prod") == 0) return prod;
    if (strcmp(name, "geometric") == 0) return pow(prod, 1 / (double)n);
    if (strcmp(name, "mean") == 0) return sum / (double)n;
    if (strcmp(name, "mean_logit") == 0) return 1 / (1 + exp(-logit / (double)n));
    return odds / (double)n;
}

static void aggregates(void **state) {
    (void)state;
    static const char *const names[] = {"last",      "min",  "max",        "prod",
                                        "geometric", "mean", "mean_logit", "mean_odds"};
    lem_json *cases;
    char words[600], part[64], path[200];
    put_cases("signs", &cases);
    lem_json_free(cases);
    for (size_t a = 0; a < sizeof names / sizeof *names; a++) {
        snprintf(words, sizeof words,
                 "prm score cases.jsonl --model " PRM " --aggregate %s --out agg.out --fresh", names[a]);
        snprintf(part, sizeof part, "; rm_score by %s", names[a]);
        lemma(words, 0, part);
        lem_json *row = line_of("agg.out", 2);
        const lem_json *steps = lem_json_get(row, "step_scores"), *score = lem_json_get(row, "rm_score");
        assert_true(lem_json_count(steps) == 4);
        for (size_t i = 0; i < 4; i++) {
            double want = by_hand(names[a], lem_json_at(steps, i));
            near(at(score, i), want, 1e-12 * fmax(1, want));
        }
        lem_json_free(row);
        snprintf(path, sizeof path, "%s/agg.out.manifest.json", dir);
        lem_json *manifest = load(path);
        assert_string_equal(lem_json_str(lem_json_find(manifest, "chosen.aggregate"), ""), names[a]);
        lem_json_free(manifest);
    }
    snprintf(words, sizeof words, "prm score cases.jsonl --model " PRM " --out agg.out --fresh --json");
    lemma(words, 0, "\"aggregate\":\"min\""); /* the default, told */
    lemma("prm score cases.jsonl --head rlhflow --model " FOLDER " --out agg.out --fresh --json", 0,
          "\"aggregate\":\"mean\",\"signs\":\"each step behind the model's own signs\"");
    lemma("prm score cases.jsonl --head rlhflow --compat rlhflow --model " FOLDER " --out agg.out --fresh", 0,
          "each step behind '+' everywhere, empty steps too (--compat rlhflow)");
}

static void logprob_is_added(void **state) {
    (void)state;
    lem_json *cases;
    put_cases("signs", &cases);
    lem_json_free(cases);
    lemma("rm score cases.jsonl --model " FOLDER " --head rlhflow --out h.out --fresh", 0, "");
    lemma("rm score cases.jsonl --model " FOLDER " --head logprob --out l.out --fresh", 0, "");
    lemma("rm score cases.jsonl --model " FOLDER " --head rlhflow --add-logprob -0.5 --out b.out --fresh", 0,
          "; plus -0.5 * mean log p of the text; rm_score by mean");
    for (int r = 0; r < 3; r++) {
        lem_json *h = line_of("h.out", r), *l = line_of("l.out", r), *b = line_of("b.out", r);
        for (size_t i = 0; i < lem_json_count(lem_json_get(h, "rm_score")); i++)
            near(at(lem_json_get(b, "rm_score"), i),
                 at(lem_json_get(h, "rm_score"), i) - 0.5 * at(lem_json_get(l, "logprob_mean"), i), 1e-12);
        assert_true(lem_json_equal(lem_json_get(h, "step_scores"), lem_json_get(b, "step_scores")));
        lem_json_free(h);
        lem_json_free(l);
        lem_json_free(b);
    }
}

/* What ends a text: its end token counts unless the text ran into a limit. */
static void ends_and_nulls(void **state) {
    (void)state;
    put("ends.jsonl",
        "{\"problem\":\"p\",\"completions\":[\"42\",\"42\",\"\",\"\",\" \\n\"],\"finish_reason\":[\"stop\","
        "\"length\",\"stop\",\"length\",\"stop\"]}\n");
    lemma("rm score ends.jsonl --model " FOLDER " --head logprob --tokens --out e.out --fresh", 0,
          "completion 3 not scored (null): it has no tokens");
    lem_json *row = line_of("e.out", 0);
    const lem_json *t = lem_json_get(row, "logprob_tokens");
    assert_int_equal(lem_json_count(lem_json_at(t, 0)), lem_json_count(lem_json_at(t, 1)) + 1);
    assert_int_equal(lem_json_count(lem_json_at(t, 2)), 1);
    assert_int_equal(lem_json_kind(lem_json_at(t, 3)), LEM_JSON_NULL);
    assert_int_equal(lem_json_kind(lem_json_at(lem_json_get(row, "logprob"), 3)), LEM_JSON_NULL);
    lem_json_free(row);
    lemma("rm score ends.jsonl --model " FOLDER " --head implicit --reference reference --out e.out --fresh",
          0, "completion 4 not scored (null): it has no steps");
    row = line_of("e.out", 0);
    assert_int_equal(lem_json_kind(lem_json_at(lem_json_get(row, "step_scores"), 4)), LEM_JSON_NULL);
    assert_true(isfinite(at(lem_json_get(row, "rm_score"), 0)));
    lem_json_free(row);
}

/* The same model is its own reference: nothing is gained; beta scales what is; another aggregate is taken. */
static void implicit_identities(void **state) {
    (void)state;
    lem_json *cases;
    put_cases("implicit", &cases);
    lem_json_free(cases);
#define IMPLICIT "rm score cases.jsonl --model " FOLDER " --head implicit --reference "
    lemma(IMPLICIT FOLDER " --out zero.out --fresh", 0, "sum");
    lemma(IMPLICIT "reference --beta 1 --out one.out --fresh", 0, "1 * (log p - log p of the reference)");
    lemma(IMPLICIT "reference --beta 2 --aggregate min --out two.out --fresh", 0, "rm_score by min");
    for (int r = 0; r < 3; r++) {
        lem_json *z = line_of("zero.out", r), *one = line_of("one.out", r), *two = line_of("two.out", r);
        for (size_t i = 0; i < lem_json_count(lem_json_get(z, "rm_score")); i++) {
            const lem_json *s1 = lem_json_at(lem_json_get(one, "step_scores"), i),
                           *s2 = lem_json_at(lem_json_get(two, "step_scores"), i);
            double low = INFINITY, sum = 0;
            assert_true(at(lem_json_get(z, "rm_score"), i) == 0);
            for (size_t k = 0; k < lem_json_count(s1); k++) {
                assert_true(at(s2, k) == 2 * at(s1, k));
                low = fmin(low, at(s2, k));
                sum += at(s1, k);
            }
            assert_true(at(lem_json_get(one, "rm_score"), i) == sum);
            assert_true(at(lem_json_get(two, "rm_score"), i) == low);
        }
        lem_json_free(z);
        lem_json_free(one);
        lem_json_free(two);
    }
}

static void refusals(void **state) {
    (void)state;
    put("one.jsonl", "{\"problem\":\"p\",\"completions\":[\"a\\n\\nb\"]}\n");
#define SCORE "score one.jsonl --out x.jsonl --model "
    lemma("prm " SCORE LEMMA_TEST_DATA "/golden_heads/qwen_rm", 2, "lemma rm score reads it");
    lemma("prm " SCORE FOLDER, 3, "without a reward head");
    lemma("prm " SCORE FOLDER " --head logprob", 2, "none of rlhflow, math-shepherd");
    lemma("prm " SCORE PRM " --compat rlhflow", 2, "--compat rlhflow is for --head rlhflow");
    lemma("rm " SCORE PRM " --head logprob", 2, "need a language model");
    lemma("rm " SCORE PRM " --add-logprob 1", 2, "need a language model");
    lemma("rm " SCORE FOLDER " --head implicit", 2, "needs --reference DIR");
    lemma("rm " SCORE FOLDER " --head logprob --reference reference", 2,
          "--reference is for --head implicit");
    lemma("rm " SCORE FOLDER " --head logprob --aggregate min", 2, "--aggregate is for scores of steps");
    lemma("rm " SCORE FOLDER " --head rlhflow --tokens", 2, "--tokens is for --head logprob");
    lemma("rm " SCORE FOLDER " --head rlhflow --template plain", 2, "reward heads read conversations");
    lemma("rm " SCORE FOLDER " --head logprob --head-output raw", 2, "--head-output is for reward heads");
    lemma("rm " SCORE FOLDER " --head implicit --reference reference --add-logprob 1", 2,
          "adds to the score of a head");
    lemma("rm " SCORE FOLDER " --head implicit --reference reference --aggregate prod", 2,
          "is for probabilities");
    lemma("rm " SCORE FOLDER " --head implicit --reference " PRM, 3,
          "the reference must be of the same vocabulary");
    lemma("rm score - --out x.jsonl --model " FOLDER " --head implicit --reference reference", 2,
          "reads the rows twice");
    run("[ ! -e x.jsonl ] && [ ! -e x.jsonl.job ] && [ ! -e x.jsonl.lock ]");
}

int main(void) {
    snprintf(dir, sizeof dir, "/tmp/lemma-scoring-%d", (int)getpid());
    lem_err err = LEM_ERR_INIT;
    if (lem_dir_make(dir, &err) != LEM_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_pytorch),       cmocka_unit_test(as_the_sampler_counts),
        cmocka_unit_test(company_changes_nothing), cmocka_unit_test(aggregates),
        cmocka_unit_test(logprob_is_added),        cmocka_unit_test(ends_and_nulls),
        cmocka_unit_test(implicit_identities),     cmocka_unit_test(refusals),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (!getenv("LEMMA_KEEP") && lem_dir_remove(dir, &err) != LEM_OK) return 1;
    return failed;
}
