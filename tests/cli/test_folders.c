/* test_folders.c - folders of other people, read and written: what is saved stops where it was trained to
 * stop, is stored as the source was, and has its numbers as they were written */
#include "core/file.h"
#include "support/program.h"

#include <math.h>
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

/* ---- classifiers ---- */

#define CLASSIFIER LEMMA_TEST_DATA "/golden_heads/qwen2_classifier"

static lem_json *file(const char *path) {
    lem_json *o = NULL;
    lem_err err = LEM_ERR_INIT;
    if (lem_json_load(path, 1 << 20, &o, &err) != LEM_OK) fail_msg("%s", err.text);
    return o;
}

static void save(const char *path, const lem_json *o) {
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_json_save(path, o, 2, &err), LEM_OK);
}

static lem_json *copy_or_null(const lem_json *v) { return v ? lem_json_copy(v) : lem_json_new_null(); }

/* Every combination of pad, eos and end of the template (tools/golden/make_positions.py): the score is that
 * of Transformers 5, alone and padded on either side; the manifest tells where 4.37.2 gives another. */
static void read_where_transformers_reads(void **state) {
    (void)state;
    int differ = 0, padded = 0;
    lem_json *cases = file(LEMMA_TEST_DATA "/golden_heads/positions.json");
    shell("rm -rf pos && cp -r " CLASSIFIER " pos && chmod -R u+w pos");
    put("pos.jsonl", "{\"problem\":\"What is 12 + 30?\",\"completions\":[\"12 + 30 = 42\"]}\n");
    assert_int_equal(lem_json_count(cases), 48);
    for (size_t i = 0; i < lem_json_count(cases); i++) {
        const lem_json *c = lem_json_at(cases, i), *v5 = lem_json_get(c, "v5");
        lem_json *config = file("pos/config.json"), *tok = file("pos/tokenizer_config.json");
        lem_json_set(config, "pad_token_id", copy_or_null(lem_json_get(c, "pad")));
        lem_json_set(config, "eos_token_id", copy_or_null(lem_json_get(c, "eos")));
        lem_json_set(tok, "chat_template", lem_json_copy(lem_json_get(c, "template")));
        save("pos/config.json", config);
        save("pos/tokenizer_config.json", tok);
        lem_json_free(config);
        lem_json_free(tok);
        said_by(0, L " rm score pos.jsonl --model pos --system '' --out pos-s.jsonl --fresh --overwrite" ALL);
        lem_json *row = file("pos-s.jsonl"), *m = file("pos-s.jsonl.manifest.json");
        double ours = lem_json_num(lem_json_find(row, "rm_score.0"), 1e9),
               alone = lem_json_num(lem_json_get(v5, "alone"), 0);
        double right = lem_json_num(lem_json_get(v5, "right"), alone),
               left = lem_json_num(lem_json_get(v5, "left"), alone);
        if (fabs(ours - alone) > 1e-4 || fabs(ours - right) > 1e-4 || fabs(ours - left) > 1e-4)
            fail_msg("case %zu: %.6f here, %.6f alone, %.6f and %.6f padded in Transformers", i, ours, alone,
                     right, left);
        const char *position = lem_json_str(lem_json_find(m, "chosen.position"), "");
        bool other = fabs(lem_json_num(lem_json_find(c, "v4_37_2.alone"), 0) - alone) > 1e-4;
        if (other != (strstr(position, "4.37.2") != NULL)) fail_msg("case %zu: %s", i, position);
        padded += strstr(position, "not pad_token_id") != NULL;
        differ += other;
        lem_json_free(row);
        lem_json_free(m);
    }
    assert_int_equal(differ, 9);
    assert_int_equal(padded, 12);
    lem_json_free(cases);
}

/* What rm train saves is read at the end of the reply: a pad that the template writes is none any more. */
static void trained_pad(void **state) {
    (void)state;
    shell("rm -rf padded && cp -r base padded && sed -i 's/\"pad_token_id\": null/\"pad_token_id\": 2/' "
          "padded/config.json");
    for (int i = 0; i < 2; i++) {
        said_by(0, i ? L " sft --data rows.jsonl --model padded --max-steps 1 --quiet --fresh --overwrite "
                         "--out saved" ALL
                     : L " rm train --lists lists.jsonl --model padded --max-steps 1 --quiet --fresh "
                         "--overwrite --out saved" ALL);
        lem_json *c = saved("config.json");
        assert_int_equal(lem_json_int(lem_json_get(c, "pad_token_id"), -1), i ? 2 : -1);
        lem_json_free(c);
    }
}

static void known_or_asked(void **state) {
    (void)state;
    put("c.jsonl", "{\"problem\":\"1+1?\",\"completions\":[\"2\"]}\n");
    shell("mkdir -p hub/models--nvidia--AceMath-7B-RM/snapshots && rm -rf other && cp -r " CLASSIFIER
          " other && "
          "chmod -R u+w other && sed -i /_name_or_path/d other/config.json && "
          "cp -r other Skywork-Reward-V2-Llama && cp -r other hub/models--nvidia--AceMath-7B-RM/snapshots/0a "
          "&& "
          "cp -r " CLASSIFIER " named");
    static const char *const asked[] = {"rm score c.jsonl --model other",
                                        "rm score c.jsonl --model other --dry-run"};
    for (int i = 0; i < 2; i++) {
        char line[300];
        snprintf(line, sizeof line, L " %s --out no.jsonl" ALL, asked[i]);
        const char *said = said_by(2, line);
        assert_non_null(strstr(said, "`lemma rm score c.jsonl --model other --out no.jsonl --system ''`"));
        assert_non_null(
            strstr(said, "--out no.jsonl --system 'Please reason step by step, and check your final"));
        assert_false(lem_file_exists("no.jsonl"));
    }
    static const struct {
        const char *model, *prompt;
    } known[] = {
        {"Skywork-Reward-V2-Llama", "prompt: the folder's chat template, system prompt none, suffix none"},
        {"other --system ''", "prompt: the folder's chat template, system prompt none, suffix none"},
        {"other --system 'Be brief.'", "system prompt \"Be brief.\""},
        {"named", "system prompt \"Please reason step by step, and check your final answer within"},
        {"hub/models--nvidia--AceMath-7B-RM/snapshots/0a", "and check your final answer within"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char line[300];
        snprintf(line, sizeof line, L " rm score c.jsonl --out k.jsonl --fresh --overwrite --model %s" ALL,
                 known[i].model);
        const char *said = said_by(0, line);
        if (!strstr(said, known[i].prompt) || !strstr(said, "at the last token of the rendered conversation"))
            fail_msg("%s: %s", known[i].model, said);
    }
    assert_non_null(strstr(said_by(0, L " model info other" ALL), "not known; rm score asks for --system"));
    put("other/lemma.json", "{\"format\": 1, \"prompt\": {\"system\": null}}");
    said_by(0, L " rm score c.jsonl --model other --out k.jsonl --fresh --overwrite" ALL);
}

/* ---- what cannot be used ---- */

static void says(int status, const char *command, const char *words) {
    char line[400];
    snprintf(line, sizeof line, L " %s" ALL, command);
    const char *said = said_by(status, line);
    if (!strstr(said, words)) fail_msg("%s: %s", command, said);
}

/* ---- templates of reward models ---- */

static const char template_text[] =
    "{%- if mood is defined %}<|im_start|>system\n{{ mood }}<|im_end|>\n{% endif %}"
    "{%- for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{%- if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

/* --template FILE and --set of rm and prm train: the model of a folder that has both, saved with the result.
 */
static void reward_templates(void **state) {
    (void)state;
    static const char *const all[] = {"rm train --lists lists.jsonl",
                                      "rm train --lists lists.jsonl --head generative",
                                      "prm train --data steps.jsonl --val-share 0 --head generative"};
    put("own.jinja", template_text);
    shell("rm -rf told && cp -r base told && cp own.jinja told/chat_template.jinja");
    put("told/lemma.json", "{\"format\": 1, \"prompt\": {\"variables\": {\"mood\": \"calm\"}}}");
    for (int i = 0; i < 3; i++) {
        char line[400];
        snprintf(line, sizeof line, "%s --max-steps 2 --lr 1e-2 --quiet --fresh --overwrite", all[i]);
        char by_option[600], by_folder[600], without[600];
        snprintf(by_option, sizeof by_option, "%s --model base --template own.jinja --set mood=calm --out r1",
                 line);
        snprintf(by_folder, sizeof by_folder, "%s --model told --out r2", line);
        snprintf(without, sizeof without, "%s --model base --template own.jinja --out r3", line);
        says(0, by_option, "");
        says(0, by_folder, "");
        says(0, without, "");
        shell("cmp r1/model.safetensors r2/model.safetensors && cmp r1/lemma.json r2/lemma.json && "
              "cmp r1/chat_template.jinja own.jinja && grep -q calm r1/lemma.json && "
              "! cmp -s r1/model.safetensors r3/model.safetensors");
    }
    says(2, "rm train --lists lists.jsonl --model base --set colour=red --out x", "colour");
    says(2, "prm train --data steps.jsonl --model base --template own.jinja --out x",
         "--template is for --head generative");
    says(2, "prm train --data steps.jsonl --model base --compat rlhflow --set mood=calm --out x",
         "--set: --compat rlhflow has a template of its own");
    says(2, "rm train --lists lists.jsonl --model told --set mood=wild --out x", "mood");
}

static void foreign_folders(void **state) {
    (void)state;
    shell("rm -rf beside gg bare lost && cp -r base beside && mkdir -p gg && cp -r base bare && cp -r base "
          "lost");
    put("beside/adapter_config.json", "{\"peft_type\":\"LORA\",\"base_model_name_or_path\":\"up/down\"}");
    static const char *const all[] = {"sample --no-gold --prompts c.jsonl --out x.jsonl",
                                      "sft --data rows.jsonl --out x", "rm train --lists lists.jsonl --out x",
                                      "prm train --data steps.jsonl --out x",
                                      "rm score c.jsonl --head logprob --out x.jsonl"};
    for (int i = 0; i < 5; i++) {
        char line[300];
        snprintf(line, sizeof line, "%s --model beside", all[i]);
        says(3, line,
             "a PEFT adapter of 'up/down' lies beside the model; merge it: lemma "
             "model merge BASE beside --out DIR (BASE is the folder of that model), or take");
    }
    put("gg/m.gguf", "GGUF");
    says(3, "sample --no-gold --prompts c.jsonl --out x.jsonl --model gg",
         "gg/m.gguf is a GGUF file (llama.cpp); a model folder is expected here: lemma model convert");
    says(3, "sample --no-gold --prompts c.jsonl --out x.jsonl --model gg/m.gguf", "gg/m.gguf is a GGUF file");
    says(3, "rm score c.jsonl --out x.jsonl --model Some-7B",
         "Some-7B: no such folder; a model folder is expected here, nothing is downloaded");
    says(3, "rm score c.jsonl --out x.jsonl --model up/Some-7B", "to fetch it: hf download up/Some-7B");
    shell("sed -i '/architectures/,/]/d' bare/config.json");
    says(0, "sample --no-gold --prompts c.jsonl --n 1 --max-tokens 2 --model bare --out x.jsonl", "");
    shell("sed -i 's/\"model_type\": \"llama\"/\"model_type\": \"gemma\"/' bare/config.json");
    says(3, "model info bare", "model_type 'gemma' is not supported (llama, ");
    shell("sed -i '/model_type/d' bare/config.json");
    says(3, "model info bare", "neither 'architectures' nor 'model_type' says");
}

/* Every command that reads a model, a tokenizer or both. */
static const char *const readers[] = {
    "sample --model FOLDER --no-gold --prompts c.jsonl --out never",
    "search --model FOLDER --rm rm --prompts c.jsonl --out never",
    "search --model base --rm FOLDER --prompts c.jsonl --out never",
    "prm annotate --model FOLDER --data c.jsonl --out never",
    "rm score c.jsonl --model FOLDER --out never",
    "rm score c.jsonl --model FOLDER --head logprob --out never",
    "rm score c.jsonl --model base --head implicit --reference FOLDER --out never",
    "prm score c.jsonl --model FOLDER --out never",
    "sft --model FOLDER --data rows.jsonl --out never",
    "rm train --model FOLDER --lists lists.jsonl --out never",
    "prm train --model FOLDER --data steps.jsonl --out never",
    "synth answer rows.jsonl --model FOLDER --out never",
    "synth evolve rows.jsonl --model FOLDER --out never",
    "model info FOLDER",
    "model convert FOLDER --out never",
    "model quantize FOLDER --out never",
    "tokenize FOLDER c.jsonl",
    "template show FOLDER",
    "data inspect c.jsonl --model FOLDER",
    "sample --endpoint http://127.0.0.1:9 --served-model x --api text --tokenizer FOLDER --no-gold --prompts "
    "c.jsonl --out never"};
enum { N_READERS = sizeof readers / sizeof *readers, N_READERS_OF_WEIGHTS = 16 };

static void each_says(const char *folder, int n, const char *words) {
    for (int i = 0; i < n; i++) {
        char line[300];
        const char *at = strstr(readers[i], "FOLDER");
        snprintf(line, sizeof line, "%.*s%s%s", (int)(at - readers[i]), readers[i], folder, at + 6);
        if (strcmp(folder, "gg/m.gguf") == 0 && strstr(line, "model convert")) continue; /* it is for these */
        says(3, line, words);
        assert_false(lem_file_exists("never") || lem_file_exists("never.job"));
    }
}

static void foreign_folders_of_every_command(void **state) {
    (void)state;
    shell("rm -rf binary && mkdir binary && cp base/*.json binary && printf x >binary/pytorch_model.bin");
    says(0, "rm train --model base --lists lists.jsonl --max-steps 1 --quiet --overwrite --out rm", "");
    put("steps.jsonl", "{\"problem\":\"1+2?\",\"steps\":[\"2\"],\"step_counts\":[[0,2]]}\n");
    put("c.jsonl", "{\"problem\":\"1+1?\",\"expected_answer\":\"2\",\"completions\":[\"2\"]}\n");
    each_says("gg", N_READERS, "gg/m.gguf is a GGUF file (llama.cpp); a model folder is expected here");
    each_says("gg/m.gguf", N_READERS,
              "gg/m.gguf is a GGUF file (llama.cpp); a model folder is expected here");
    each_says("up/Some-7B", N_READERS, "up/Some-7B: no such folder");
    each_says("up/Some-7B", N_READERS, "nothing is downloaded");
    each_says("beside", N_READERS_OF_WEIGHTS, "a PEFT adapter of 'up/down' lies beside the model");
    each_says("binary", N_READERS_OF_WEIGHTS, "binary: only pytorch_model.bin is there");
}

/* What a search reads of its reward model's outputs is chosen as rm score chooses it. */
static void heads_beside_a_search(void **state) {
    (void)state;
    says(0,
         "search --model base --rm " CLASSIFIER " --rm-head-output sigmoid --prompts c.jsonl --n 2 "
         "--max-tokens 6 --method best-of-n --out headed.jsonl",
         "");
    says(0, "rm score headed.jsonl --model " CLASSIFIER " --head-output sigmoid --field s --out heads.jsonl",
         "");
    lem_json *row = file("heads.jsonl");
    const lem_json *scores = lem_json_get(row, "s");
    assert_int_equal(lem_json_count(scores), 2);
    assert_true(lem_json_equal(scores, lem_json_get(row, "rm_score")));
    assert_true(lem_json_num(lem_json_at(scores, 0), 2) < 1 && lem_json_num(lem_json_at(scores, 0), 0) > 0);
    lem_json_free(row);
    says(2,
         "search --model base --rm " LEMMA_TEST_DATA "/golden_heads/llama_two_labels --prompts c.jsonl --out "
         "never",
         "--head-output --rm-head-output");
    says(3, "sample --model rm --no-gold --prompts c.jsonl --out never", "rm/model.safetensors: ");
}

static void foreign_heads(void **state) {
    (void)state;
    shell("rm -rf two unnamed && cp -r " LEMMA_TEST_DATA "/golden_heads/qwen_rm two && chmod -R u+w two && "
          "sed -i 's/Qwen2ForRewardModel/Qwen2ForSequenceClassification/' two/config.json && "
          "cp -r " CLASSIFIER " unnamed && chmod -R u+w unnamed && "
          "sed -i '/id2label/,/}/d;/label2id/,/}/d;/num_labels/d' unnamed/config.json");
    lem_json *c = file("two/config.json");
    lem_json_set(c, "num_labels", lem_json_new_int(1));
    save("two/config.json", c);
    lem_json_free(c);
    says(3, "model info two",
         "has several layers (score.0.weight, score.2.weight); ForSequenceClassification has one");
    says(3, "model info unnamed", "write \"num_labels\": 1 or \"id2label\"");
}

/* A tokenizer with more ids than the model: an error where such an id is fed, and of training, before it
 * starts. */
static void larger_tokenizer(void **state) {
    (void)state;
    shell(
        "rm -rf large && cp -r base large && "
        "sed -i 's/\"added_tokens\": \\[/\"added_tokens\": "
        "[{\"id\":280,\"content\":\"<|far|>\",\"single_word\":false,"
        "\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":false},/' large/tokenizer.json");
    put("near.jsonl", "{\"problem\":\"1+1?\"}\n");
    put("far.jsonl", "{\"problem\":\"1+1?\"}\n{\"problem\":\"go <|far|>\"}\n");
    says(0,
         "sample --no-gold --prompts near.jsonl --n 1 --max-tokens 2 --model large --out x.jsonl --fresh "
         "--overwrite",
         "");
    says(3, "sample --no-gold --prompts far.jsonl --n 1 --max-tokens 2 --model large --out y.jsonl",
         "far.jsonl:2: the prompt has token 280 ('<|far|>'), the model has the ids 0 to 279");
    for (int i = 0; i < N_TRAININGS; i++) {
        char line[300];
        snprintf(line, sizeof line, "%s --model large --out never", trainings[i]);
        says(3, line, "large: the tokenizer has 281 ids, the model only 280");
        assert_false(lem_file_exists("never") || lem_file_exists("never.job"));
    }
}

/* ---- rows that a template cannot train ---- */

/* As Qwen3's: thoughts of earlier replies go once a later question is there. */
static const char forgets[] =
    "{% set ns = namespace(last=0) %}{% for m in messages %}{% if m.role == 'user' %}{% set ns.last = "
    "loop.index0 %}"
    "{% endif %}{% endfor %}{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' and "
    "loop.index0 < ns.last %}{{ m.content.split('</think>')[-1] }}{% else %}{{ m.content }}{% endif "
    "%}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

static void history(void **state) {
    (void)state;
    put("forgets.jinja", forgets);
    put("talk.jsonl",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"},{\"role\":\"assistant\",\"content\":"
        "\"<think>a</think>first\"},{\"role\":\"user\",\"content\":\"more\"},{\"role\":\"assistant\","
        "\"content\":\"<think>b</think>second\"}]}\n");
    says(3, "sft --model base --template forgets.jinja --data talk.jsonl --out never",
         "talk.jsonl:1: message 2: what is trained");
    says(3, "sft --model base --template forgets.jinja --data talk.jsonl --out never",
         "ways out: --train last (");
    says(0,
         "sft --model base --template forgets.jinja --train last --data talk.jsonl --max-steps 1 --out saved "
         "--fresh --overwrite",
         "[[<think>b</think>second<|im_end|>]]");
    said_by(0, "cmp forgets.jinja saved/chat_template.jinja");
    const char *said = said_by(
        0,
        L " sft --model base --template forgets.jinja --train last --data talk.jsonl --dry-run --out x" ALL);
    assert_null(strstr(said, "[[first")); /* the first is neither trained nor keeps its thought */
    assert_null(strstr(said, "<think>a"));
    /* Without --train last both are trained where the template keeps them. */
    says(0, "sft --model base --data talk.jsonl --dry-run --out x", "[[<think>a</think>first<|im_end|>]]");
}

/* ---- templates of files, and their variables ---- */

/* As Qwen3's: thinking is written off by a variable. */
#define NO_THOUGHT "{% if enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}"
#define THINKS                                                                                               \
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' %}" NO_THOUGHT             \
    "{% endif %}{{ m.content }}<|im_end|>\n{% endfor %}"                                                     \
    "{% if add_generation_prompt %}<|im_start|>assistant\n" NO_THOUGHT "{% endif %}"
#define SAMPLE " sample --prompts ask.jsonl --n 3 --max-tokens 12 --quiet --fresh --overwrite "
#define OFF "--template thinks.jinja --set enable_thinking=false "

/* The same candidates as of a folder whose own template has the value written into it. */
static void template_of_a_file(void **state) {
    (void)state;
    put("thinks.jinja", THINKS);
    put("ask.jsonl", "{\"problem\":\"What is 6*7?\",\"answer\":\"42\"}\n");
    shell("cp -r base baked");
    put("baked/chat_template.jinja", "{% set enable_thinking = false %}" THINKS);
    said_by(0, L SAMPLE "--model baked --out baked.jsonl" ALL);
    said_by(0, L SAMPLE "--model base " OFF "--out off.jsonl" ALL);
    said_by(0, L SAMPLE "--model base --template thinks.jinja --out on.jsonl" ALL);
    said_by(0, "cmp baked.jsonl off.jsonl");
    said_by(1, "cmp -s on.jsonl off.jsonl");
    said_by(0, "grep -q '\"enable_thinking=false\"' off.jsonl.manifest.json && "
               "grep -q '\"option\": \"template\"' off.jsonl.manifest.json");
    /* The name of the file does not count, its content does; another value is another job. */
    shell("mv thinks.jinja moved.jinja; sed 's/think>/thought>/' moved.jinja >thinks.jinja");
    says(2, "sample --prompts ask.jsonl --n 3 --max-tokens 12 --model base " OFF "--out off.jsonl",
         "--template thinks.jinja: its content changed");
    shell("mv moved.jinja thinks.jinja");
    says(2, "sample --model base --prompts ask.jsonl --template thinks.jinja --set x=1 --out never",
         "--set x: the chat template does not mention that name");
    says(2, "sample --model base --prompts ask.jsonl --template thanks.jinja --out never",
         "--template 'thanks.jinja' is none of chat|plain, and no file");
    says(2, "sample --endpoint http://127.0.0.1:9 --served-model x --prompts ask.jsonl --set x=1 --out never",
         "--set: the template is the served model's");
}

/* ---- how tokens are drawn */

/* The greedy text under a penalty is that of Transformers' generate (tools/golden/make_processors.py). */
static void penalties(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_json *all = NULL, *row;
    assert_int_equal(lem_json_load(LEMMA_TEST_DATA "/golden/processors.json", 1 << 20, &all, &err), LEM_OK);
    const lem_json *greedy = lem_json_get(all, "greedy");
    assert_int_equal(lem_json_count(greedy), 3);
    for (size_t i = 0; i < 3; i++) {
        const lem_json *one = lem_json_at(greedy, i);
        char line[300];
        snprintf(line, sizeof line,
                 L " sample --model base --prompts ask.jsonl --n 1 --max-tokens 24 --temperature 0 --quiet "
                   "--repetition-penalty %g --fresh --overwrite --out greedy.jsonl" ALL,
                 lem_json_num(lem_json_get(one, "repetition_penalty"), 0));
        said_by(0, line);
        const char *text = said_by(0, "cat greedy.jsonl");
        assert_int_equal(lem_json_parse(text, strlen(text), &row, &err), LEM_OK);
        assert_string_equal(lem_json_str(lem_json_at(lem_json_get(row, "completions"), 0), ""),
                            lem_json_str(lem_json_get(one, "text"), "?"));
        lem_json_free(row);
    }
    lem_json_free(all);
    /* Step by step, the penalty is of what stands in earlier steps too. */
    says(0,
         "search --model base --rm rm --prompts ask.jsonl --n 1 --width 1 --step-tokens 5 --step-separator "
         "@@@ --max-tokens 24 "
         "--temperature 0 --repetition-penalty 1.3 --out found.jsonl",
         "");
    says(0,
         "sample --model base --prompts ask.jsonl --n 1 --max-tokens 24 --temperature 0 --repetition-penalty "
         "1.3 --fresh --overwrite --out greedy.jsonl",
         "");
    lem_json *found = file("found.jsonl");
    row = file("greedy.jsonl");
    assert_string_equal(lem_json_str(lem_json_find(found, "completions.0"), "?"),
                        lem_json_str(lem_json_find(row, "completions.0"), ""));
    lem_json_free(found);
    lem_json_free(row);
    says(2, "search --model base --rm rm --prompts ask.jsonl --min-p 1.1 --out never", "--min-p");
    says(2, "sample --model base --prompts ask.jsonl --min-p 1.1 --out never", "--min-p");
    says(2, "sample --model base --prompts ask.jsonl --repetition-penalty 0 --out never",
         "--repetition-penalty");
}

/* What a folder proposes is not taken, and that is said. */
static void proposals(void **state) {
    (void)state;
    shell("cp -r base proposes");
    put("proposes/generation_config.json",
        "{\"eos_token_id\": [0, 2], \"temperature\": 0.6, \"top_p\": 0.95, "
        "\"top_k\": 0, \"repetition_penalty\": 1.05}\n");
    const char *said =
        "generation_config.json: temperature 0.6, top_p 0.95, repetition_penalty 1.05 not used; the "
        "options say 0.7, 1, 1";
    says(0, "sample --model proposes --prompts ask.jsonl --n 1 --max-tokens 4 --out proposed.jsonl", said);
    said_by(
        0,
        "grep -q '\"generation_config\": \"temperature 0.6, top_p 0.95, repetition_penalty 1.05 not used\"' "
        "proposed.jsonl.manifest.json");
    said = said_by(
        0, L " sample --model proposes --prompts ask.jsonl --n 1 --max-tokens 4 --temperature 0.6 --top-p "
             "0.95 --repetition-penalty 1.05 --out same.jsonl" ALL);
    assert_null(strstr(said, "not used"));
    put("c.jsonl", "{\"problem\":\"1+1?\",\"expected_answer\":\"2\",\"completions\":[\"2\"]}\n");
    static const char *const all[] = {"search --rm rm --prompts ask.jsonl --n 1 --width 1 --depth 1",
                                      "prm annotate --data c.jsonl --n 1", "synth answer ask.jsonl"};
    for (int i = 0; i < 3; i++) {
        char line[300];
        snprintf(line, sizeof line, "%s --model proposes --max-tokens 4 --fresh --overwrite --out told.jsonl",
                 all[i]);
        says(0, line,
             "generation_config.json: temperature 0.6, top_p 0.95, repetition_penalty 1.05 not used");
        said_by(0, "grep -q 'repetition_penalty 1.05 not used' told.jsonl.manifest.json");
    }
}

/* The other commands that write prompts take both too: as a folder that has the value written in. */
static void templates_of_other_commands(void **state) {
    (void)state;
    static const char *const all[] = {
        "search --rm rm --prompts ask.jsonl --n 2 --width 1 --depth 1 --max-tokens 12",
        "prm annotate --data c.jsonl --n 2 --max-tokens 12", "synth answer ask.jsonl --max-tokens 12",
        "prm score c.jsonl --head rlhflow", "rm score c.jsonl --head logprob"};
    put("c.jsonl",
        "{\"problem\":\"1+1?\",\"expected_answer\":\"2\",\"completions\":[\"so 2 \u043a\u0438\"]}\n");
    for (int i = 0; i < 5; i++) {
        char line[400];
        snprintf(line, sizeof line, "%s --quiet --fresh --overwrite --model baked --out a.jsonl", all[i]);
        says(0, line, "");
        snprintf(line, sizeof line, "%s --quiet --fresh --overwrite --model base " OFF "--out b.jsonl",
                 all[i]);
        says(0, line, "");
        said_by(0, "cmp a.jsonl b.jsonl");
        snprintf(line, sizeof line, "%s --model base --set colour=red --out never", all[i]);
        says(2, line, "--set colour: the chat template does not mention that name");
    }
    says(2, "synth answer ask.jsonl --endpoint http://127.0.0.1:9/v1 --teacher x --set x=1 --out never",
         "--template and --set are for --model");
}

/* sft trains with both and saves both: sampling needs neither again. */
static void trained_with_variables(void **state) {
    (void)state;
    said_by(0, L " sft --model base --data rows.jsonl --max-steps 1 --quiet " OFF "--out quiet-model" ALL);
    said_by(0, "cmp thinks.jinja quiet-model/chat_template.jinja");
    said_by(0, "tr -d ' \n' <quiet-model/lemma.json | grep -q '\"variables\":{\"enable_thinking\":false}'");
    const char *said =
        said_by(0, L " sft --model base --data rows.jsonl --max-steps 1 " OFF "--dry-run --out x" ALL);
    assert_non_null(strstr(said, "<think>")); /* the row that is shown */
    said_by(0, L SAMPLE "--model quiet-model --out plainly.jsonl" ALL);
    said_by(0, L SAMPLE "--model quiet-model " OFF "--out again.jsonl" ALL);
    said_by(0, "cmp plainly.jsonl again.jsonl");
    says(2, "sample --model quiet-model --prompts ask.jsonl --set enable_thinking=true --out never",
         "--set '{\\\"enable_thinking\\\":true}' conflicts with quiet-model/lemma.json");
    /* A reward model that starts from it reads the same prompts, and saves them too. */
    said_by(0, L " rm train --model quiet-model --lists lists.jsonl --max-steps 1 --quiet --out judge" ALL);
    said_by(0, "tr -d ' \n' <judge/lemma.json | grep -q '\"variables\":{\"enable_thinking\":false}'");
    says(0,
         "rm score again.jsonl --model judge --template thinks.jinja --set enable_thinking=false --out "
         "s.jsonl",
         "the chat template of --template");
    /* Rows of text do not go through the template. */
    put("text.jsonl", "{\"text\":\"1+1 is 2\"}\n");
    says(0, "sft --model base --data text.jsonl --max-steps 1 " OFF "--out text-model",
         "--set is not trained on, and not saved");
    said_by(1, "grep variables text-model/lemma.json");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(ends_of_every_training),
                                       cmocka_unit_test(bad_ends),
                                       cmocka_unit_test(types_and_numbers),
                                       cmocka_unit_test(read_where_transformers_reads),
                                       cmocka_unit_test(trained_pad),
                                       cmocka_unit_test(known_or_asked),
                                       cmocka_unit_test(reward_templates),
                                       cmocka_unit_test(foreign_folders),
                                       cmocka_unit_test(foreign_folders_of_every_command),
                                       cmocka_unit_test(heads_beside_a_search),
                                       cmocka_unit_test(foreign_heads),
                                       cmocka_unit_test(larger_tokenizer),
                                       cmocka_unit_test(template_of_a_file),
                                       cmocka_unit_test(penalties),
                                       cmocka_unit_test(proposals),
                                       cmocka_unit_test(templates_of_other_commands),
                                       cmocka_unit_test(trained_with_variables),
                                       cmocka_unit_test(history)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
