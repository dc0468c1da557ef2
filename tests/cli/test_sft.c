/* test_sft.c - sft from outside: what is chosen and why, rows that are too long, what is shown before
 * training, stage options, the best step, patience, answers as sample and grade would have them, the type of
 * the result */
#include "cli/commands.h"
#include "cli/sft.h"
#include "core/buf.h"
#include "core/file.h"
#include "core/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define L LEMMA_BINARY
#define SHAPE "--from-scratch --layers 1 --width 32 --heads 2 --vocab 290 --context 128 "
enum { ROWS = 60 };

/* Runs a command line; both streams into *said (caller releases), stdout first. */
static int run(const char *line, lem_buf *said) {
    char full[1024];
    snprintf(full, sizeof full, "%s 2>err.txt </dev/null; s=$?; cat err.txt; exit $s", line);
    FILE *f = popen(full, "r");
    assert_non_null(f);
    lem_buf_clear(said);
    for (int c; (c = getc(f)) != EOF;) lem_buf_putc(said, (char)c);
    int status = pclose(f);
    return status < 0 ? 128 : status >> 8;
}

static void expect(const char *line, int status, const char *words) {
    lem_buf said = {0};
    int got = run(line, &said);
    if (got != status || !strstr(lem_buf_str(&said), words))
        fail_msg("%s: status %d, %s", line, got, lem_buf_str(&said));
    lem_buf_release(&said);
}

static void done(const char *line) { expect(line, 0, ""); }

static lem_json *object_of(const char *line) {
    lem_buf said = {0};
    lem_json *o = NULL;
    lem_err err = LEM_ERR_INIT;
    if (run(line, &said) != 0) fail_msg("%s: %s", line, lem_buf_str(&said));
    size_t n = strcspn(lem_buf_str(&said), "\n");
    assert_int_equal(lem_json_parse(lem_buf_str(&said), n, &o, &err), LEM_OK);
    lem_buf_release(&said);
    return o;
}

static const lem_json *stage_of(const lem_json *o, size_t i) {
    return lem_json_at(lem_json_get(o, "stages"), i);
}
static int64_t whole(const lem_json *s, const char *key) { return lem_json_int(lem_json_get(s, key), -1); }
static double real(const lem_json *s, const char *key) { return lem_json_num(lem_json_get(s, key), NAN); }

static int set_up(void **state) {
    static char dir[] = "/tmp/lemma-sft-XXXXXX";
    *state = dir;
    if (!mkdtemp(dir) || chdir(dir) != 0) return -1;
    FILE *f = fopen("rows.jsonl", "w"), *p = fopen("part.jsonl", "w"), *e = fopen("eval.jsonl", "w");
    if (!f || !p || !e) return -1;
    for (int i = 0; i < ROWS; i++) {
        char row[256];
        snprintf(row, sizeof row,
                 "{\"problem\":\"%d+1?\",\"solution\":\"it is \\\\boxed{%d}\",\"domain\":\"%s\"}\n", i % 9,
                 i % 9 + 1, i % 3 ? "math" : "code");
        fputs(row, f);
        if (i >= 20 && i < 45) fputs(row, p);
        if (i < 12) fprintf(e, "{\"problem\":\"%d+1?\",\"expected_answer\":\"%d\"}\n", i, i < 9 ? i + 1 : 0);
    }
    fclose(f);
    fclose(p);
    fclose(e);
    done(L " sft " SHAPE "--lr 1e-2 --batch 4 --epochs 4 --data rows.jsonl --quiet --out m");
    return 0;
}

static int tear_down(void **state) {
    lem_err err = LEM_ERR_INIT;
    return chdir("/") == 0 && lem_dir_remove(*state, &err) == LEM_OK ? 0 : -1;
}

/* ---- what is chosen ---- */

/* GPT-3's table for its sizes; AceMath's rate for what AceMath trains; 128 and 16 unless they leave few
 * steps.
 */
static void by_situation(void **state) {
    (void)state;
    static const struct {
        double params, lr;
        bool scratch;
    } want[] = {{1e6, 1e-3, true},     {1.25e8, 6e-4, true}, {3.5e8, 3e-4, true},  {1.3e9, 2e-4, true},
                {6.7e9, 1.2e-4, true}, {1.3e10, 1e-4, true}, {1.1e6, 3e-4, false}, {1.5e9, 5e-6, false},
                {7.2e10, 5e-6, false}, {4.9e8, 2e-5, false}};
    char why[200];
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        assert_float_equal(lem_sft_lr(want[i].params, want[i].scratch, why), want[i].lr, 0);
        assert_non_null(strstr(why, want[i].scratch ? "from scratch" : "fine-tuning"));
    }
    assert_int_equal(lem_sft_batch(1000000, 1, false, why), 128);
    assert_int_equal(lem_sft_batch(12800, 1, false, why), 128);
    assert_int_equal(lem_sft_batch(12799, 1, false, why), 64);
    assert_int_equal(lem_sft_batch(7473, 1, false, why), 64);
    assert_int_equal(lem_sft_batch(7473, 2, false, why), 128);
    assert_int_equal(lem_sft_batch(10, 1, false, why), 4);
    assert_int_equal(lem_sft_batch(1000000, 1, true, why), 16);
}

static void chosen_and_said(void **state) {
    (void)state;
    expect(L " sft --model m --data rows.jsonl --dry-run --out x", 0,
           "--lr 0.0003: fine-tuning of 0.022 M parameters");
    expect(L " sft --model m --data rows.jsonl --dry-run --out x", 0,
           "--batch 4: 60 rows in steps of 128 are only 0.469 steps");
    expect(L " sft --model m --data rows.jsonl --dry-run --out x", 0,
           "15 steps; under 50 a run hardly learns");
    lem_json *o =
        object_of(L " sft --model m --data rows.jsonl --lr 1e-3 --epochs 20 --dry-run --json --out x");
    const lem_json *s = stage_of(o, 0);
    assert_int_equal(whole(s, "steps"), 150);
    assert_int_equal(whole(s, "batch"), 8);
    assert_int_equal(whole(s, "warmup_steps"), 10);
    assert_float_equal(real(s, "lr"), 1e-3, 0);
    assert_null(lem_json_get(lem_json_get(s, "chosen"), "lr"));
    assert_non_null(lem_json_get(lem_json_get(s, "chosen"), "batch"));
    lem_json_free(o);
    done(L " sft --model m --data rows.jsonl --epochs 2 --quiet --out c");
    expect("cat c/manifest.json", 0, "0.0003: fine-tuning");
}

/* ---- rows ---- */

/* What is trained of a conversation of several turns: each reply and its end, nothing else. */
static void several_turns(void **state) {
    (void)state;
    FILE *f = fopen("turns.jsonl", "w");
    assert_non_null(f);
    fputs("{\"messages\":[{\"role\":\"system\",\"content\":\"Be.\"},{\"role\":\"user\",\"content\":\"a\"},{"
          "\"role\":\"assistant\","
          "\"content\":\"one\"},{\"role\":\"user\",\"content\":\"b\"},{\"role\":\"assistant\",\"content\":"
          "\"two\"}]}\n",
          f);
    fclose(f);
    lem_json *o = object_of(L " sft --model m --data turns.jsonl --dry-run --json --out x");
    const lem_json *s = stage_of(o, 0), *first = lem_json_get(s, "first_row"),
                   *pieces = lem_json_get(first, "pieces");
    lem_buf text[2] = {{0}, {0}};
    for (size_t i = 0; i < lem_json_count(pieces); i++) {
        const lem_json *p = lem_json_at(pieces, i);
        bool trained = lem_json_bool(lem_json_get(p, "trained"), false);
        lem_buf_puts(&text[trained], lem_json_str(lem_json_get(p, "text"), ""));
        lem_buf_putc(&text[trained], '|');
    }
    assert_string_equal(lem_buf_str(&text[1]), "one<|im_end|>|two<|im_end|>|");
    assert_string_equal(
        lem_buf_str(&text[0]),
        "<|im_start|>system\nBe.<|im_end|>\n<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n|"
        "\n<|im_start|>user\nb<|im_end|>\n<|im_start|>assistant\n|\n|");
    assert_int_equal(whole(s, "tokens"), whole(first, "tokens"));
    assert_int_equal(whole(s, "trained_tokens"), whole(first, "trained"));
    lem_buf_release(&text[0]);
    lem_buf_release(&text[1]);
    lem_json_free(o);
    expect(L " sft --model m --data turns.jsonl --dry-run --out x", 0, "  | [[two<|im_end|>]]");
}

static void rows_too_long(void **state) {
    (void)state;
    FILE *f = fopen("long.jsonl", "w");
    assert_non_null(f);
    for (int i = 0; i < 20; i++) {
        fprintf(f, "{\"problem\":\"p\",\"solution\":\"");
        for (int k = 0; k < (i < 2 ? 60 : 2); k++) fprintf(f, "%d and ", k);
        fprintf(f, "\"}\n");
    }
    fclose(f);
#define LONG L " sft --model m --batch 1 --max-steps 1 --data long.jsonl --out x "
    expect(LONG, 3,
           "long.jsonl: 2 of 20 rows (10.0 %) are longer than 128 tokens and would be left out; "
           "--max-dropped allows 5 %");
    expect(LONG "--dry-run", 0, "2 of 20 rows (10.0 %)");
    expect(LONG "--max-dropped 0.1", 0, "18 kept, 2 left out as too long (10.0 %), 0 otherwise, 0 cut");
    expect(LONG "--over-length cut --fresh", 0,
           "20 kept, 0 left out as too long (0.0 %), 0 otherwise, 2 cut");
    expect(LONG "--over-length stop --overwrite", 3, "long.jsonl:1: ");
    expect(LONG "--max-len 300 --overwrite", 2, "--max-len 300 is beyond the context of 128 tokens");
    lem_json *o = object_of(LONG "--over-length cut --dry-run --json --overwrite --seed 7");
    assert_int_equal(whole(stage_of(o, 0), "cut"), 2);
    assert_int_equal(whole(stage_of(o, 0), "kept"), 20);
    lem_json_free(o);
}

/* --offset and --limit take the rows that a file of them alone has. */
static void part_of_a_file(void **state) {
    (void)state;
    done(L " sft --model m --lr 1e-3 --batch 4 --data rows.jsonl --offset 20 --limit 25 --quiet --out p1");
    done(L " sft --model m --lr 1e-3 --batch 4 --data part.jsonl --quiet --out p2");
    done("cmp p1/model.safetensors p2/model.safetensors");
    expect(L " sft --model m --data rows.jsonl --offset 60 --out p3", 3, "rows.jsonl: no rows");
}

/* ---- stages ---- */

/* A value that the option takes. */
static void value_for(const lem_opt *o, char out[64]) {
    static const char *const paths[][2] = {{"data", "rows.jsonl"}, {"val", "rows.jsonl"},
                                           {"eval", "eval.jsonl"}, {"model", "m"},
                                           {"tokenizer", "m"},     {"template", "rows.jsonl"}};
    char one[32];
    strcpy(out, o->type == LEM_OPT_FLAG ? "true" : "1");
    if (o->type == LEM_OPT_ENUM && lem_opt_choice(o, 0, one)) snprintf(out, 64, "%s", one);
    if (o->min > 1) snprintf(out, 64, "%.0f", o->min);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (strcmp(o->name, paths[i][0]) == 0) strcpy(out, paths[i][1]);
}

/* A stage with that option of its own: whether it is accepted; fails where it is neither that nor refused as
 * one of the whole run. */
static bool stage_takes(const lem_opt *o) {
    char value[64], words[120];
    lem_buf said = {0};
    FILE *f = fopen("stage.yaml", "w");
    assert_non_null(f);
    value_for(o, value);
    fprintf(f, "stages: [{name: a, %s: %s}]\n", o->name, value);
    fclose(f);
    int status =
        run(L " sft --config stage.yaml --model m --data rows.jsonl --max-dropped 1 --max-len 128 --dry-run "
              "--out none",
            &said);
    snprintf(words, sizeof words, "--%s is of the whole run; it cannot differ between stages", o->name);
    bool told = strstr(lem_buf_str(&said), words) != NULL, is_whole = lem_sft_is_whole_run(o->name);
    if (told != is_whole || (is_whole && status != 2))
        fail_msg("%s: status %d, %s", o->name, status, lem_buf_str(&said));
    lem_buf_release(&said);
    return !is_whole && status == 0;
}

/* Every option is one that a stage may have of its own, or is refused there by name. */
static void options_of_a_stage(void **state) {
    (void)state;
    int own = 0, all = 0;
    const lem_opt *o;
    for (int i = 0; (o = lem_opt_at(&lem_cmd_sft, i)); i++) {
        if (o->type == LEM_OPT_TREE || strcmp(o->name, "config") == 0 || strcmp(o->name, "help") == 0)
            continue;
        own += stage_takes(o);
        all++;
    }
    assert_true(own > 30 && all - own > 15);
}

/* Two stages as two runs, one after the other: the same weights; each stage's own rows and rates. */
static void stages_are_runs(void **state) {
    (void)state;
    FILE *f = fopen("two.yaml", "w");
    assert_non_null(f);
    fputs("stages:\n  - {name: one, lr: 1e-3, batch: 4, data: part.jsonl}\n"
          "  - {name: two, lr: 2e-3, batch-tokens: 200, epochs: 2, data: rows.jsonl, optimizer: muon}\n",
          f);
    fclose(f);
    lem_json *o = object_of(L " sft --config two.yaml --model m --json --quiet --out st");
    assert_int_equal(whole(stage_of(o, 0), "rows"), 25);
    assert_int_equal(whole(stage_of(o, 1), "rows"), ROWS);
    assert_float_equal(real(stage_of(o, 0), "lr"), 1e-3, 0);
    assert_float_equal(real(stage_of(o, 1), "lr"), 2e-3, 0);
    assert_true(real(stage_of(o, 1), "batch_fill") > 0.7);
    lem_json_free(o);
    done(L " sft --model m --lr 1e-3 --batch 4 --data part.jsonl --quiet --out s1");
    done(L " sft --model s1 --lr 2e-3 --batch-tokens 200 --epochs 2 --data rows.jsonl --optimizer muon "
           "--quiet --out s2");
    done("cmp s1/model.safetensors st/stages/1-one/model.safetensors");
    done("cmp s2/model.safetensors st/model.safetensors");
}

/* ---- what is looked at ---- */

/* Answers in training are those that sample and grade give of the model that is written. */
static void answers_are_those_of_sample(void **state) {
    (void)state;
    lem_json *o =
        object_of(L " sft --model m --lr 1e-3 --batch 4 --data rows.jsonl --eval eval.jsonl --eval-n 12 "
                    "--eval-tokens 12 --json --quiet --out a");
    const lem_json *e = lem_json_get(stage_of(o, 0), "eval");
    lem_json *s = object_of(
        L " sample --model a --prompts eval.jsonl --n 1 --temperature 0 --max-tokens 12 --json --quiet "
          "--out a.jsonl");
    done(L " grade a.jsonl --quiet --out ag.jsonl");
    assert_float_equal(real(e, "n"), 12, 0);
    assert_float_equal(real(e, "truncated"), (double)whole(lem_json_get(s, "finish"), "length") / 12, 1e-12);
    int right = 0;
    lem_buf rows = {0};
    assert_int_equal(run("cat ag.jsonl", &rows), 0);
    for (const char *p = lem_buf_str(&rows); (p = strstr(p, "\"correct\":[true]")); p++) right++;
    assert_float_equal(real(e, "accuracy"), right / 12.0, 1e-12);
    assert_true(right > 0 && right < 12); /* else this shows little */
    lem_buf_release(&rows);
    lem_json_free(o);
    lem_json_free(s);
}

static void best_and_patience(void **state) {
    (void)state;
    expect(L " sft --model m --data rows.jsonl --keep best --out b", 2,
           "--keep best by loss needs --val FILE");
    expect(L " sft --model m --data rows.jsonl --patience 2 --keep-by accuracy --out b", 2,
           "--patience by accuracy needs --eval FILE");
    /* a rate that does harm: the first looks are the best */
    lem_json *o = object_of(L " sft --model m --lr 1 --warmup 0.1 --schedule constant --batch 4 --epochs 8 "
                              "--data rows.jsonl --val part.jsonl "
                              "--val-every 2 --keep best --patience 3 --json --quiet --out b");
    const lem_json *s = stage_of(o, 0);
    int64_t kept = whole(s, "kept_step");
    assert_true(lem_json_bool(lem_json_get(s, "stopped_early"), false));
    assert_int_equal(whole(s, "steps"), kept + 6);
    assert_true(real(s, "val_loss") > 0 && real(s, "first_val_loss") > 0);
    /* what is written are that step's weights: a run of as many steps ends with them */
    char line[300];
    lem_json *again =
        object_of(L " sft --model b --lr 0 --batch 4 --max-steps 1 --data rows.jsonl --val part.jsonl --json "
                    "--quiet --out b2");
    assert_float_equal(real(stage_of(again, 0), "first_val_loss"), real(s, "val_loss"), 0);
    snprintf(line, sizeof line, "grep -c '\"step\":0,\"val_loss\"' b/telemetry.jsonl");
    expect(line, 0, "1");
    expect("cat b2/telemetry.jsonl", 0, "\"val_loss/math\":");
    expect("cat b2/telemetry.jsonl", 0, "\"loss/code\":");
    lem_json_free(again);
    lem_json_free(o);
    expect(L " sft --model m --lr 10 --warmup 0 --schedule constant --batch 4 --max-steps 1 --data "
             "rows.jsonl --val part.jsonl --out b3",
           0, "the validation loss did not fall");
    expect(L " sft --model m --lr 10 --warmup 0 --schedule constant --batch 4 --max-steps 6 --data "
             "rows.jsonl --out b4",
           4, "training has diverged");
}

/* ---- the result ---- */

static void type_of_the_result(void **state) {
    (void)state;
    done(L " model convert m --dtype bf16 --quiet --out narrow");
#define TUNE " --lr 1e-3 --batch 4 --max-steps 2 --data rows.jsonl --quiet --out "
    done(L " sft --model narrow" TUNE "n1");
    done(L " sft --model narrow --dtype f32" TUNE "n2");
    done(L " sft --model m" TUNE "n3");
    done(L " sft --model m --dtype bf16" TUNE "n4");
    done("grep -aq .BF16. n1/model.safetensors");
    expect("grep -aq .BF16. n2/model.safetensors", 1, "");
    expect("grep -aq .BF16. n3/model.safetensors", 1, "");
    done("grep -aq .BF16. n4/model.safetensors");
    /* the narrow result is the wide one, rounded */
    done(L
         " model convert n2 --dtype bf16 --quiet --out n5 && cmp n5/model.safetensors n1/model.safetensors");
}

/* ---- room ---- */

/* The result, what stages leave, three checkpoints of parameters and moments, and three of the best step. */
static void room_for_checkpoints(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_cli cli = {0};
    lem_args a = {0};
    lem_json *tree = NULL;
    static const char text[] =
        "{\"from-scratch\":true,\"out\":\"x\",\"keep\":\"best\",\"stages\":[{\"name\":\"a\"},"
        "{\"name\":\"b\"},{\"name\":\"c\"}]}";
    assert_int_equal(lem_json_parse(text, strlen(text), &tree, &err), LEM_OK);
    assert_int_equal(lem_args_from_tree(&lem_cmd_sft, tree, &cli, &a, &err), LEM_OK);
    lem_model_config c = {.arch = LEM_ARCH_LLAMA,
                          .head = LEM_HEAD_LM,
                          .layers = 2,
                          .width = 64,
                          .ffn = 96,
                          .heads = 2,
                          .kv_heads = 2,
                          .head_dim = 32,
                          .vocab = 100,
                          .max_positions = 64,
                          .tied = true};
    lem_train_opts o;
    assert_int_equal(lem_train_options_read(&a, &o, &err), LEM_OK);
    double bytes = 4 * (double)lem_model_config_params(&c);
    assert_float_equal(lem_sft_plan(&a, &c, &o).disk, (1 + 2 + 3 * 3 + 3) * bytes, 0.5);
    double narrow = lem_sft_plan(&a, &c, &o).memory;
    o.muon = true;
    assert_true(lem_sft_plan(&a, &c, &o).memory > narrow + 2 * 4 * 64 * 96);
    o.checkpoint_every = 0;
    assert_float_equal(lem_sft_plan(&a, &c, &o).disk, (1 + 2 + 3 + 3) * bytes, 0.5);
    assert_int_equal(lem_train_disk_check(&cli, "none/x", 1e18, &err), LEM_EIO);
    assert_non_null(strstr(err.text, "none/x: result and checkpoints take about 1000000000.0 GB"));
    assert_int_equal(lem_train_disk_check(&cli, "none/x", 1, &err), LEM_OK);
    cli.dry_run = true;
    assert_int_equal(lem_train_disk_check(&cli, "none/x", 1e18, &err), LEM_OK);
    lem_args_release(&a);
    lem_json_free(tree);
}

/* What cannot be graded or answered is told before the first step. */
static void answers_need_answers(void **state) {
    (void)state;
    expect(L " sft --model m --data rows.jsonl --eval turns.jsonl --out e", 3,
           "turns.jsonl:1: no field 'problem'");
    expect("printf '{\"problem\":\"a\"}\\n' >bare.jsonl; " L
           " sft --model m --data rows.jsonl --eval bare.jsonl --out e",
           3, "bare.jsonl:1: no field 'expected_answer' to grade by");
    expect(L " sft --model m --data rows.jsonl --eval none.jsonl --out e", 3, "none.jsonl");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_situation),         cmocka_unit_test(chosen_and_said),
        cmocka_unit_test(several_turns),        cmocka_unit_test(rows_too_long),
        cmocka_unit_test(part_of_a_file),       cmocka_unit_test(options_of_a_stage),
        cmocka_unit_test(stages_are_runs),      cmocka_unit_test(answers_are_those_of_sample),
        cmocka_unit_test(best_and_patience),    cmocka_unit_test(room_for_checkpoints),
        cmocka_unit_test(answers_need_answers), cmocka_unit_test(type_of_the_result)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
