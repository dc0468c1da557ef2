/* test_folders.c - folders of other people, read and written: what is saved stops where it was trained to
 * stop, is stored as the source was, and has its numbers as they were written */
#include "core/file.h"
#include "support/program.h"

#include <unistd.h>

#define L LEMMA_BINARY
#define ALL " 2>&1 </dev/null"

static char dir[] = "/tmp/lemma-folders-XXXXXX";

/* base: ends [0, 2] in both files, as Llama 3.1. eos: a base model, whose template ends turns with another
 * token (2) than its files say (0). narrow: eos in bf16, numbers written in other ways. */
static int set_up(void **state) {
    (void)state;
    if (!mkdtemp(dir) || chdir(dir) != 0) return -1;
    shell("cp -r " LEMMA_TEST_DATA "/folders/base base && chmod -R u+w base");
    shell("cp -r base eos && "
          "sed -i 's/\"eos_token\": \".*\"/\"eos_token\": \"<|endoftext|>\"/' eos/tokenizer_config.json");
    put("eos/generation_config.json", "{\"eos_token_id\": 0, \"max_new_tokens\": 2048, \"top_p\": 0.9}\n");
    shell("tr -d '\\n' <base/config.json | sed 's/\"eos_token_id\": \\[[^]]*\\]/\"eos_token_id\": 0/' "
          ">eos/config.json");
    shell(L " model convert eos --dtype bf16 --quiet --out narrow && "
            "sed -i 's/\"rope_theta\": 10000.0/\"rope_theta\": 500000/;s/\"rms_norm_eps\": 1e-05/"
            "\"rms_norm_eps\": 0.00001/' narrow/config.json && rm narrow/generation_config.json");
    put("rows.jsonl",
        "{\"problem\":\"1+1?\",\"solution\":\"it is 2\"}\n{\"problem\":\"1+2?\",\"solution\":\"3\"}\n");
    put("lists.jsonl", "{\"problem\":\"1+1?\",\"responses\":[\"2\",\"it is 3\"],\"labels\":[true,false]}\n");
    put("steps.jsonl",
        "{\"problem\":\"1+1?\",\"steps\":[\"1+1\",\"it is 2\"],\"step_counts\":[[2,2],[1,2]]}\n"
        "{\"problem\":\"1+2?\",\"steps\":[\"2\"],\"step_counts\":[[0,2]]}\n");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    return chdir("/") == 0 && lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

/* ---- what is saved ---- */

static const char *const trainings[] = {"sft --data rows.jsonl",
                                        "rm train --lists lists.jsonl",
                                        "rm train --lists lists.jsonl --head generative",
                                        "rm train --lists lists.jsonl --loss implicit",
                                        "rm train --lists lists.jsonl --loss dpo",
                                        "prm train --data steps.jsonl --val-share 0",
                                        "prm train --data steps.jsonl --val-share 0 --head two-class",
                                        "prm train --data steps.jsonl --val-share 0 --head generative"};
enum { N_TRAININGS = sizeof trainings / sizeof *trainings };

static void train(int i, const char *model, const char *more) {
    char line[400];
    snprintf(line, sizeof line,
             L " %s --model %s --max-steps 1 --quiet --fresh --overwrite --out saved %s" ALL, trainings[i],
             model, more);
    said_by(0, line);
}

static lem_json *saved(const char *name) {
    lem_json *o = NULL;
    lem_err err = LEM_ERR_INIT;
    if (lem_json_load_beside("saved", name, 1 << 20, &o, &err) != LEM_OK || !o)
        fail_msg("%s: %s", name, err.text);
    return o;
}

static void ends_are(const char *name, int n, const int *want) {
    lem_json *o = saved(name);
    const lem_json *ids = lem_json_get(o, "eos_token_id");
    if (n == 1) assert_int_equal(lem_json_int(ids, -1), want[0]);
    else assert_int_equal(lem_json_count(ids), n);
    for (int i = 0; n > 1 && i < n; i++)
        assert_int_equal(lem_json_int(lem_json_at(ids, (size_t)i), -1), want[i]);
    lem_json_free(o);
}

static void ends_of_every_training(void **state) {
    (void)state;
    for (int i = 0; i < N_TRAININGS; i++) {
        static const char *const models[] = {"base", "eos"};
        for (int k = 0; k < 2; k++) {
            train(i, models[k], "");
            ends_are("config.json", 2, (const int[]){0, 2});
            ends_are("generation_config.json", 2, (const int[]){0, 2});
            lem_json *g = saved("generation_config.json");
            assert_true(lem_json_num(lem_json_get(g, "top_p"), 0) == 0.9); /* all else is carried over */
            lem_json_free(g);
        }
    }
    /* A folder without the file gets one; one that starts from nothing too. */
    train(0, "narrow", "");
    ends_are("generation_config.json", 2, (const int[]){0, 2});
    said_by(0, L " sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 270 --rope-theta 500000 --data "
                 "rows.jsonl --max-steps 1 "
                 "--quiet --fresh --overwrite --out saved" ALL);
    ends_are("generation_config.json", 1, (const int[]){2});
    ends_are("config.json", 1, (const int[]){2});
    said_by(0, "grep -q '\"rope_theta\": 500000.0,' saved/config.json");
}

/* Ids outside of the vocabulary are no ends; a file that is no JSON is told before training, not after. */
static void bad_ends(void **state) {
    (void)state;
    shell("cp -r base odd");
    put("odd/generation_config.json", "{\"eos_token_id\": [2, 5000, -1, \"x\"]}");
    train(0, "odd", "");
    ends_are("generation_config.json", 1, (const int[]){2});
    put("odd/generation_config.json", "[2]");
    for (int i = 0; i < N_TRAININGS; i += 5) {
        char line[300];
        snprintf(line, sizeof line, L " %s --model odd --out never" ALL, trainings[i]);
        assert_non_null(strstr(said_by(3, line), "generation_config.json: an object expected"));
        assert_false(lem_file_exists("never"));
    }
}

/* bf16 in, bf16 out, unless something else is asked for; numbers as they were written. */
static void types_and_numbers(void **state) {
    (void)state;
    for (int i = 0; i < N_TRAININGS; i++) {
        train(i, "narrow", "");
        assert_null(strstr(said_by(0, L " model info saved" ALL), "F32"));
        lem_json *c = saved("config.json");
        assert_string_equal(lem_json_str(lem_json_get(c, "torch_dtype"), ""), "bfloat16");
        lem_json_free(c);
        said_by(0, "grep -q '\"rope_theta\": 500000,' saved/config.json");
        said_by(0, "grep -q '\"rms_norm_eps\": 1e-05,' saved/config.json");
        if (i % 5) continue;
        train(i, "narrow", "--dtype f32");
        assert_non_null(strstr(said_by(0, L " model info saved" ALL), "F32"));
        train(i, "base", "");
        assert_non_null(strstr(said_by(0, L " model info saved" ALL), "F32"));
        said_by(0, "grep -q '\"rope_theta\": 10000.0,' saved/config.json");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(ends_of_every_training), cmocka_unit_test(bad_ends),
                                       cmocka_unit_test(types_and_numbers)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
