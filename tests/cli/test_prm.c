/* test_prm.c - lemma prm train, end to end: the saved folder is scored as it was trained, for each head; what
 * --compat changes; plans from config.json alone; batches by tokens; refusals in one line */
#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PROBLEMS = 24, STEPS = 3 };

static char dir[] = "/tmp/lemma-prm-XXXXXX";

/* Runs lemma; *said receives both streams, or stdout alone (caller frees). */
static int lemma(const char *words, bool errors, char **said) {
    char line[2048];
    snprintf(line, sizeof line, "%s %s %s </dev/null", LEMMA_BINARY, words, errors ? "2>&1" : "2>/dev/null");
    FILE *f = popen(line, "r");
    char *text = calloc(1, 1 << 16);
    assert_true(f && text);
    size_t n = fread(text, 1, (1 << 16) - 1, f);
    text[n] = '\0';
    int raw = pclose(f);
    *said = text;
    return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128;
}

static void runs(const char *words) {
    char *said;
    if (lemma(words, true, &said) != 0) fail_msg("lemma %s: %s", words, said);
    free(said);
}

static void says(int status, const char *words, const char *what) {
    char *said;
    int got = lemma(words, true, &said);
    if (got != status || !strstr(said, what)) fail_msg("lemma %s: status %d, said %s", words, got, said);
    free(said);
}

static lem_json *json_of(const char *words) {
    lem_json *v = NULL;
    lem_err err = LEM_ERR_INIT;
    char *said;
    if (lemma(words, false, &said) != 0) fail_msg("lemma %s", words);
    if (lem_json_parse(said, strlen(said), &v, &err) != LEM_OK) fail_msg("%s: %s", err.text, said);
    free(said);
    return v;
}

static void write_text(const char *path, const char *text) {
    lem_err err = LEM_ERR_INIT;
    if (lem_file_write_atomic(path, text, strlen(text), &err) != LEM_OK) fail_msg("%s", err.text);
}

static bool is_right(int i, int k) { return (i * 5 + k * 3) % 4 != 0; }
static const char *word_of(int i, int k) { return is_right(i, k) ? "good" : "bad"; }
static const char *between(const char *separator, int k) { return k ? separator : ""; }

/* The same solutions as labelled rows and, joined by `separator`, as candidates. */
static void write_rows(void) {
    static const char *const separators[2] = {"\\n", "\\n\\n"}, *const names[2] = {"line.jsonl",
                                                                                   "empty.jsonl"};
    lem_buf rows = {0}, candidates[2] = {{0}, {0}};
    for (int i = 0; i < PROBLEMS; i++) {
        lem_buf_printf(&rows, "{\"prompt\":\"what is %d\",\"completions\":[", i);
        for (int c = 0; c < 2; c++)
            lem_buf_printf(&candidates[c],
                           "{\"id\":\"%d\",\"problem\":\"what is %d\",\"expected_answer\":\"1\","
                           "\"completions\":[\"",
                           i, i);
        for (int k = 0; k < STEPS; k++) {
            lem_buf_printf(&rows, "%s\"step %d is %s\"", between(",", k), k, word_of(i, k));
            for (int c = 0; c < 2; c++)
                lem_buf_printf(&candidates[c], "%sstep %d is %s", between(separators[c], k), k,
                               word_of(i, k));
        }
        lem_buf_printf(&rows, "],\"labels\":[");
        for (int k = 0; k < STEPS; k++) lem_buf_printf(&rows, "%s%d", between(",", k), is_right(i, k));
        lem_buf_printf(&rows, "]}\n");
        for (int c = 0; c < 2; c++) lem_buf_printf(&candidates[c], "\"]}\n");
    }
    write_text("steps.jsonl", lem_buf_str(&rows));
    for (int c = 0; c < 2; c++) {
        write_text(names[c], lem_buf_str(&candidates[c]));
        lem_buf_release(&candidates[c]);
    }
    lem_buf_release(&rows);
}

static int set_up(void **state) {
    (void)state;
    if (!mkdtemp(dir) || chdir(dir) != 0) return -1;
    write_rows();
    write_text("sft.jsonl", "{\"problem\":\"p\",\"solution\":\"step is good bad what 1+1=2\"}\n");
    runs("sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 280 --context 256 --batch 1 --max-steps "
         "2 "
         "--data sft.jsonl --out m");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    return chdir("/") == 0 && lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

/* Accuracy and cross-entropy of the scores that scoring gives. */
static void judge(const char *path, double *accuracy, double *loss) {
    lem_json *all = NULL;
    lem_err err = LEM_ERR_INIT;
    lem_buf text = {0};
    int hit = 0, n = 0;
    *loss = 0;
    assert_int_equal(lem_file_read(path, 1 << 20, &text, &err), LEM_OK);
    const char *line = lem_buf_str(&text);
    for (int i = 0; i < PROBLEMS; i++, line += strcspn(line, "\n") + 1) {
        assert_int_equal(lem_json_parse(line, strcspn(line, "\n"), &all, &err), LEM_OK);
        const lem_json *steps = lem_json_find(all, "step_scores.0");
        assert_int_equal(lem_json_count(steps), STEPS);
        for (int k = 0; k < STEPS; k++) {
            double p = lem_json_num(lem_json_at(steps, (size_t)k), -1);
            hit += (p >= 0.5) == is_right(i, k);
            *loss -= log(is_right(i, k) ? p : 1 - p);
            n++;
        }
        lem_json_free(all);
    }
    lem_buf_release(&text);
    *accuracy = (double)hit / n;
    *loss /= n;
}

/* What validation measured is what the saved folder's scores give, without options that say how. */
static void scored_as_trained(void **state) {
    (void)state;
    /* the folder, the rows that are scored, options */
    static const char *const heads[5][3] = {
        {"scalar", "line.jsonl", "--head scalar"},
        {"two-class", "line.jsonl", "--head two-class"},
        {"token", "line.jsonl", "--step-token '<|im_end|>'"},
        {"both", "line.jsonl", "--head two-class --step-token '<|im_end|>'"},
        {"generative", "empty.jsonl", "--head generative"}};
    for (int i = 0; i < 5; i++) {
        char words[400];
        double accuracy, loss;
        bool generative = i == 4;
        snprintf(
            words, sizeof words,
            "prm train --model m --data steps.jsonl --val steps.jsonl %s --lr 1e-2 --epochs 40 --batch 8 "
            "--out prm-%s --json",
            heads[i][2], heads[i][0]);
        lem_json *trained = json_of(words);
        snprintf(words, sizeof words, "rm score %s --model prm-%s --out scored-%s.jsonl", heads[i][1],
                 heads[i][0], heads[i][0]);
        says(0, words, generative ? "behind '+' everywhere, as in training" : "at");
        snprintf(words, sizeof words, "scored-%s.jsonl", heads[i][0]);
        judge(words, &accuracy, &loss);
        double val = lem_json_num(lem_json_get(trained, "val_accuracy"), -1);
        if (fabs(accuracy - val) > 1e-9 || accuracy < 0.95)
            fail_msg("%s: accuracy %g in training, %g scored", heads[i][0], val, accuracy);
        /* of the generative head the loss is over the vocabulary, of which the two signs have most */
        double val_loss = lem_json_num(lem_json_get(trained, "val_loss"), -1);
        if (!generative && fabs(loss - val_loss) > 1e-5 * val_loss + 1e-7)
            fail_msg("%s: loss %g in training, %g scored", heads[i][0], val_loss, loss);
        if (generative) assert_true(val_loss >= loss - 1e-6 && val_loss < loss + 0.2);
        lem_json_free(trained);
    }
    says(2, "prm train --model m --data steps.jsonl --head generative --step-token '<|im_end|>' --out no",
         "--step-token is read by");
    says(3, "prm train --model m --data steps.jsonl --step-token '<none>' --out no",
         "no token of the tokenizer");
}

/* A folder of ours trains on: with no rate its scores stay as they are. */
static void a_step_head_trains_on(void **state) {
    (void)state;
    double was, now, loss, kept;
    runs("prm train --model prm-scalar --data steps.jsonl --val-share 0 --lr 0 --max-steps 1 --out again");
    runs("rm score line.jsonl --model again --out again.jsonl");
    judge("scored-scalar.jsonl", &was, &loss);
    judge("again.jsonl", &now, &kept);
    assert_true(fabs(loss - kept) < 1e-12);
    says(3, "prm train --model prm-scalar --data steps.jsonl --head generative --out no",
         "needs a language model");
    says(3, "prm train --model prm-scalar --data steps.jsonl --head two-class --out no",
         "prompt.read is step-line");
}

static void rlhflow(void **state) {
    (void)state;
    lem_json *j =
        json_of("prm train --model m --data steps.jsonl --compat rlhflow --val steps.jsonl --lr 1e-3 "
                "--max-steps 3 --batch 4 --out flow --json");
    assert_true(lem_json_num(lem_json_get(j, "val_labels"), 0) > 71);
    lem_json_free(j);
    says(0, "rm score empty.jsonl --model flow --out flow.jsonl", "behind the model's own signs");
    lem_buf text = {0};
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_file_read("flow/telemetry.jsonl", 1 << 20, &text, &err), LEM_OK);
    assert_non_null(strstr(lem_buf_str(&text), "\"sign_loss\""));
    text.len = 0;
    assert_int_equal(lem_file_read("flow/lemma.json", 1 << 20, &text, &err), LEM_OK);
    assert_non_null(strstr(lem_buf_str(&text), "You are a helpful assistant."));
    assert_non_null(strstr(lem_buf_str(&text), "step-turns"));
    lem_buf_release(&text);
    says(2, "prm train --model m --data steps.jsonl --compat rlhflow --head scalar --out no",
         "--head is scalar");
    says(2, "prm train --model m --data steps.jsonl --compat rlhflow --labels soft --out no",
         "hard or threshold");
}

/* 72 labels in 24 solutions of known tokens: batches by tokens change the number of steps, nothing else. */
static void batches_by_tokens(void **state) {
    (void)state;
    lem_json *j = json_of("prm train --model m --data steps.jsonl --val-share 0 --batch-tokens 300 --dry-run "
                          "--out no --json");
    double tokens = lem_json_num(lem_json_get(j, "tokens"), 0),
           steps = lem_json_num(lem_json_get(j, "steps"), 0);
    assert_true(steps >= tokens / 300 && steps <= tokens / 150);
    lem_json_free(j);
    /* one batch that holds everything is the batch of all items */
    runs("prm train --model m --data steps.jsonl --val-share 0 --batch-tokens 100000 --lr 1e-3 --out "
         "all-tokens");
    runs("prm train --model m --data steps.jsonl --val-share 0 --batch 24 --lr 1e-3 --out all-items");
    runs(
        "prm train --model m --data steps.jsonl --val-share 0 --batch-tokens 100000 --lr 1e-3 --max-rows 200 "
        "--threads 2 --out all-split");
    assert_int_equal(system("cmp all-tokens/model.safetensors all-items/model.safetensors && "
                            "cmp all-tokens/model.safetensors all-split/model.safetensors"),
                     0);
}

static void a_plan_needs_config_json_alone(void **state) {
    (void)state;
    assert_int_equal(system("mkdir -p plan"), 0);
    write_text("plan/config.json",
               "{\"architectures\":[\"LlamaForCausalLM\"],\"model_type\":\"llama\",\"vocab_size\":128256,"
               "\"hidden_size\":4096,\"intermediate_size\":14336,\"num_hidden_layers\":32,\"num_attention_"
               "heads\":32,"
               "\"num_key_value_heads\":8,\"max_position_embeddings\":131072,\"rms_norm_eps\":1e-05,"
               "\"rope_theta\":500000.0,\"tie_word_embeddings\":false}");
    const char *words =
        "prm train --model plan --data steps.jsonl --compat rlhflow --batch-tokens 262144 --dry-run "
        "--out no";
    says(0, words, "8030261248 parameters");
    says(0, words, "does not fit here");
    says(0, words, "up to 262144 tokens");
    says(3, "prm train --model plan --data steps.jsonl --out no", "plan");
    /* the card's recipe, too: planned here, refused only by a real start */
    write_text("flow.jsonl", "{\"conversations\":[{\"role\":\"user\",\"content\":\"q Step 1: a\"},{\"role\":"
                             "\"assistant\",\"content\":\"+\"}]}\n");
    const char *recipe =
        "run " LEMMA_SOURCE_DIR "/recipes/rlhflow-llama3.1-8b.yaml model=plan data=flow.jsonl out=no";
    char dry[400];
    snprintf(dry, sizeof dry, "%s --dry-run", recipe);
    says(0, dry, "does not fit here");
    says(0, dry, "8.03 B parameters");
    says(3, recipe, "stage prm (prm train)");
    assert_false(lem_file_exists("no"));
}

static void refusals(void **state) {
    (void)state;
    write_text("bad.jsonl",
               "{\"prompt\":\"p\",\"completions\":[\"a\"],\"labels\":[1]}\n{\"prompt\":\"p\"}\n");
    says(3, "prm train --model m --data bad.jsonl --out no", "bad.jsonl:2: completions: a list expected");
    says(3, "prm train --model m --data steps.jsonl --max-len 8 --out no", "no solution is left");
    says(3, "prm train --model m --data sft.jsonl --out no", "columns found: problem, solution");
    says(3, "prm train --model m --data steps.jsonl --format rlhflow --out no",
         "conversations: a list expected");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scored_as_trained),
        cmocka_unit_test(a_step_head_trains_on),
        cmocka_unit_test(rlhflow),
        cmocka_unit_test(batches_by_tokens),
        cmocka_unit_test(a_plan_needs_config_json_alone),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
