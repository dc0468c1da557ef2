/* test_search.c - lemma search as it is run: rows of candidates with scores, a trace that adds up, refusals
 */
#include "core/file.h"
#include "core/json.h"
#include "../support/jsonl.h"
#include "core/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/lemma-search-XXXXXX", said[1 << 15];

static int lemma(const char *words) {
    char line[2048];
    snprintf(line, sizeof line, "%s %s 2>&1 </dev/null", LEMMA_BINARY, words);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    said[fread(said, 1, sizeof said - 1, f)] = '\0';
    int raw = pclose(f);
    return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128;
}

static void write_text(const char *path, const char *text) {
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_file_write_atomic(path, text, strlen(text), &err), LEM_OK);
}

static int set_up(void **state) {
    (void)state;
    if (!mkdtemp(dir) || chdir(dir) != 0) return -1;
    write_text("rows.jsonl",
               "{\"problem\":\"p\",\"solution\":\"1+1=2\",\"expected_answer\":\"2\",\"tag\":7}\n"
               "{\"id\":\"b\",\"problem\":\"q\",\"solution\":\"it is 3\"}\n");
    write_text("lists.jsonl", "{\"problem\":\"p\",\"responses\":[\"2\",\"7\"],\"labels\":[1,0]}\n");
    int st = lemma("sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 270 --context 192 --batch 1 "
                   "--max-steps 2 --data rows.jsonl --out m");
    return st ? st : lemma("rm train --model m --lists lists.jsonl --batch 1 --max-steps 3 --out rm");
}

static int tear_down(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    return chdir("/") == 0 && lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

static lem_json *load(const char *path, int want) {
    lem_err err = LEM_ERR_INIT;
    lem_lines *in = NULL;
    lem_json *all = lem_json_new_array(), *row = NULL;
    if (lem_lines_open(path, 0, &in, &err) != LEM_OK) fail_msg("%s", err.text);
    while (jsonl_next(in, &row, &err) == LEM_OK && row) assert_true(lem_json_append(all, row));
    lem_lines_close(in);
    assert_int_equal(lem_json_count(all), want);
    return all;
}

static void run(const char *method, const char *more, const char *out) {
    char line[1024];
    snprintf(line, sizeof line,
             "search --model m %s --prompts rows.jsonl --n 4 --width 2 --depth 4 --step-tokens 5 "
             "--max-tokens 30 --method %s --out %s %s",
             strstr(more, "--rm ") ? "" : "--rm rm", method, out, more);
    if (lemma(line) != 0) fail_msg("%s: %s", line, said);
}

/* ---- texts of other tokens than those that were drawn ---- */

typedef struct marks_seen {
    int stopped, same;        /* solutions that ended by themselves; those of the tokens drawn */
    int at_depth, depth_same; /* that end before a separator */
} marks_seen;

/* A score of a text is, bit for bit, what the sampler counted where the text encodes to the tokens that were
 * drawn, and only there: so `rm score --head logprob`, which sees the text alone, tells whether the mark of
 * one that ended by itself is right. */
static void marks_are_told(const char *method, marks_seen *seen) {
    char line[300], out[32], scored[32], trace[100];
    snprintf(out, sizeof out, "marks-%s.jsonl", method);
    snprintf(scored, sizeof scored, "lp-%s.jsonl", method);
    snprintf(trace, sizeof trace,
             "--model steps --trace steps-%s.jsonl --temperature 1 --n 16 --depth 2 --step-tokens 30",
             method);
    run(method, trace, out);
    snprintf(line, sizeof line, "rm score %s --model steps --head logprob --field lp --out %s", out, scored);
    if (lemma(line) != 0) fail_msg("%s: %s", line, said);
    lem_json *rows = load(scored, 2);
    for (size_t r = 0; r < 2; r++) {
        const lem_json *row = lem_json_at(rows, r), *made = lem_json_get(row, "logprob"),
                       *given = lem_json_get(row, "lp"), *marks = lem_json_get(row, "reencodes");
        assert_true(lem_json_count(made) > 0);
        for (size_t i = 0; i < lem_json_count(made); i++) {
            bool is = lem_json_bool(lem_json_at(marks, i), true);
            const char *how = lem_json_str(lem_json_at(lem_json_get(row, "finish_reason"), i), "");
            if (strcmp(how, "depth") == 0) seen->at_depth++, seen->depth_same += is;
            if (strcmp(how, "stop") != 0) continue;
            assert_int_equal(is, lem_json_equal(lem_json_at(made, i), lem_json_at(given, i)));
            seen->stopped++;
            seen->same += is;
        }
    }
    lem_json_free(rows);
}

static void texts_of_other_tokens(void **state) {
    (void)state;
    static const char *const methods[] = {"beam", "dvts", "best-of-n"};
    marks_seen seen = {0};
    write_text("steps.jsonl", "{\"problem\":\"p\",\"solution\":\"one\\n\\ntwo\\n\\n\\none and two\"}\n"
                              "{\"problem\":\"q\",\"solution\":\"two\\n\\n\\none\\n\\n3\"}\n");
    if (lemma("sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 270 --context 192 --batch 2 --lr "
              "1e-2 "
              "--epochs 50 --max-steps 50 --data steps.jsonl --out steps") != 0)
        fail_msg("%s", said);
    for (int i = 0; i < 3; i++) marks_are_told(methods[i], &seen);
    print_message("%d of %d solutions that ended, %d of %d of the deepest: their text's own tokens\n",
                  seen.same, seen.stopped, seen.depth_same, seen.at_depth);
    assert_true(seen.same > 0 && seen.same < seen.stopped && seen.depth_same > 0);
}

static bool is_whole(const char *state) {
    return strcmp(state, "kept") != 0 && strcmp(state, "pruned") != 0 && strcmp(state, "budget") != 0;
}

/* The solutions of the trace are the completions of the row, in order, and its scores are those that chose;
 * its tokens are what was spent. */
static void compare(const lem_json *row, const lem_json *trace, int budget) {
    const lem_json *steps = lem_json_get(trace, "steps"), *texts = lem_json_get(row, "completions"),
                   *scores = lem_json_get(row, "rm_score");
    int64_t tokens = 0;
    size_t n = 0;
    bool whole = false; /* those that the budget cut short are left out where there are others */
    for (size_t i = 0; i < lem_json_count(steps); i++)
        whole = whole || is_whole(lem_json_str(lem_json_get(lem_json_at(steps, i), "state"), ""));
    for (size_t i = 0; i < lem_json_count(steps); i++) {
        const lem_json *x = lem_json_at(steps, i);
        const char *how = lem_json_str(lem_json_get(x, "state"), "");
        tokens += lem_json_int(lem_json_get(x, "tokens"), 0);
        if (!is_whole(how) && (whole || strcmp(how, "budget") != 0)) continue;
        assert_true(lem_json_equal(lem_json_get(x, "text"), lem_json_at(texts, n)));
        assert_string_equal(lem_json_str(lem_json_at(lem_json_get(row, "finish_reason"), n), ""), how);
        assert_true(lem_json_equal(lem_json_get(x, "score"), lem_json_at(scores, n)));
        n++;
    }
    assert_true(n > 0 && n == lem_json_count(texts) && n == lem_json_count(scores));
    assert_int_equal(tokens, lem_json_int(lem_json_find(row, "search.tokens"), -1));
    if (budget) assert_int_equal(tokens, budget);
}

static void rows_and_traces(void **state) {
    (void)state;
    static const char *const methods[] = {"beam", "dvts", "best-of-n"};
    for (int i = 0; i < 6; i++) {
        char out[32], trace[32], more[96];
        snprintf(out, sizeof out, "out%d.jsonl", i);
        snprintf(trace, sizeof trace, "trace%d.jsonl", i);
        snprintf(more, sizeof more, "--trace %s --budget-tokens %d", trace, i < 3 ? 0 : 150);
        run(methods[i % 3], more, out);
        lem_json *rows = load(out, 2), *traces = load(trace, 2);
        for (size_t k = 0; k < 2; k++) compare(lem_json_at(rows, k), lem_json_at(traces, k), i < 3 ? 0 : 150);
        assert_int_equal(lem_json_int(lem_json_find(rows, "0.tag"), 0), 7); /* fields of the input stay */
        assert_string_equal(lem_json_str(lem_json_find(rows, "1.id"), ""), "b");
        lem_json_free(rows);
        lem_json_free(traces);
    }
    assert_int_equal(lemma("grade out0.jsonl --limit 1 --out graded.jsonl"), 0); /* they are candidate rows */
}

/* ---- with a process reward model ---- */

/* The texts of all steps of a trace as candidates of one problem, to be scored from outside. */
static void write_steps(const lem_json *traces, const char *path) {
    lem_buf b = {0};
    for (size_t i = 0; i < lem_json_count(traces); i++) {
        const lem_json *t = lem_json_at(traces, i), *steps = lem_json_get(t, "steps");
        lem_json *texts = lem_json_new_array(), *row = lem_json_new_object();
        for (size_t k = 0; k < lem_json_count(steps); k++)
            assert_true(lem_json_append(texts, lem_json_copy(lem_json_get(lem_json_at(steps, k), "text"))));
        assert_true(lem_json_set(row, "id", lem_json_copy(lem_json_get(t, "id"))));
        assert_true(lem_json_set(row, "problem", lem_json_copy(lem_json_get(t, "problem"))));
        assert_true(lem_json_set(row, "completions", texts));
        lem_json_write(row, 0, &b);
        lem_buf_putc(&b, '\n');
        lem_json_free(row);
    }
    write_text(path, lem_buf_str(&b));
    lem_buf_release(&b);
}

/* Each step's score in the trace is what `prm score` gives its text alone, to the last bit; null where it
 * has none. */
static void scored_from_outside(const lem_json *traces, const char *prm, const char *aggregate) {
    char line[512];
    write_steps(traces, "texts.jsonl");
    snprintf(line, sizeof line, "prm score texts.jsonl --model %s --aggregate %s --out again.jsonl --fresh",
             prm, aggregate);
    if (lemma(line) != 0) fail_msg("%s: %s", line, said);
    lem_json *again = load("again.jsonl", 2);
    int numbers = 0;
    for (size_t i = 0; i < 2; i++) {
        const lem_json *steps = lem_json_get(lem_json_at(traces, i), "steps");
        const lem_json *want = lem_json_get(lem_json_at(again, i), "rm_score");
        assert_int_equal(lem_json_count(steps), lem_json_count(want));
        for (size_t k = 0; k < lem_json_count(steps); k++) {
            const lem_json *score = lem_json_get(lem_json_at(steps, k), "score");
            assert_true(lem_json_equal(score, lem_json_at(want, k)));
            numbers += lem_json_kind(score) == LEM_JSON_REAL;
        }
    }
    assert_true(numbers > 4);
    lem_json_free(again);
}

/* A folder of `prm train`, and one of another project (LEMMA_TEST_DATA): steps are scored and chosen by it,
 * the rows come out scored, and the report draws the trace. */
static void process_models(void **state) {
    (void)state;
    static const char *const models[] = {"prm", LEMMA_TEST_DATA "/golden_heads/qwen_prm"};
    static const char *const methods[] = {"beam", "dvts", "best-of-n"}, *const by[] = {"last", "min", "prod"};
    write_text("marked.jsonl",
               "{\"problem\":\"p\",\"steps\":[\"1+1\",\"=2\"],\"step_counts\":[[1,2],[0,2]]}\n"
               "{\"problem\":\"q\",\"steps\":[\"3\"],\"step_counts\":[[2,2]]}\n");
    if (lemma("prm train --model m --data marked.jsonl --val-share 0.4 --batch 1 --max-steps 3 --out prm") !=
        0)
        fail_msg("%s", said);
    for (int i = 0; i < 6; i++) {
        char more[300], out[32], trace[32], line[256];
        snprintf(out, sizeof out, "p%d.jsonl", i);
        snprintf(trace, sizeof trace, "ptrace%d.jsonl", i);
        snprintf(more, sizeof more, "--rm %s --aggregate %s --step-separator a --trace %s --budget-tokens 90",
                 models[i / 3], by[i % 3], trace);
        run(methods[i % 3], more, out);
        lem_json *rows = load(out, 2), *traces = load(trace, 2);
        for (size_t k = 0; k < 2; k++) {
            const lem_json *row = lem_json_at(rows, k);
            compare(row, lem_json_at(traces, k), 90);
            assert_int_equal(lem_json_count(lem_json_get(row, "step_scores")),
                             lem_json_count(lem_json_get(row, "completions")));
        }
        scored_from_outside(traces, models[i / 3], by[i % 3]);
        snprintf(line, sizeof line, "report %s --out tree%d.html", trace, i);
        if (lemma(line) != 0) fail_msg("%s: %s", line, said);
        lem_json_free(rows);
        lem_json_free(traces);
    }
}

static void refuse(int status, const char *words, const char *options) {
    char line[512];
    snprintf(line, sizeof line, "search --model m --rm rm --prompts rows.jsonl --out bad.jsonl %s", options);
    int got = lemma(line);
    if (got != status || !strstr(said, words)) fail_msg("%s: status %d: %s", options, got, said);
    if (lem_file_exists("bad.jsonl") || lem_file_exists("bad.jsonl.job")) fail_msg("%s: left", options);
}

static void refusals(void **state) {
    (void)state;
    write_text("mine.txt", "x");
    refuse(2, "must divide n", "--n 6 --width 4");
    refuse(2, "--overwrite", "--trace mine.txt");
    refuse(2, "same file", "--trace bad.jsonl");
    refuse(2, "head of its own", "--rm-head rlhflow");
    refuse(3, "nothere", "--rm nothere");
    refuse(2, "stop string", "--step-separator ''");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_and_traces),
        cmocka_unit_test(texts_of_other_tokens),
        cmocka_unit_test(process_models),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
