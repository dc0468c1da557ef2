/* test_maps.c - files of other tools from outside: told without --map, joined, whose word correctness is,
 * written back; lemma maps; the shared files give the values that were published of them */
#include "core/file.h"
#include "support/program.h"

#include <sys/stat.h>
#include <unistd.h>

#define LEMMA LEMMA_BINARY " "

static char dir[] = "/tmp/lemma-maps-XXXXXX";

static int enter(void **state) {
    (void)state;
    return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int leave(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    return chdir("/") == 0 && lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

static void says(int status, const char *words, const char *part) {
    char command[1024];
    snprintf(command, sizeof command, LEMMA "%s 2>&1 </dev/null", words);
    const char *said = said_by(status, command);
    if (!strstr(said, part)) fail_msg("lemma %s: '%s' is not in:\n%s", words, part, said);
}

/* ---- shared files ---- */

static const char *shared(const char *name) {
    static char path[512];
    const char *data = getenv("LEMMA_DATA");
    snprintf(path, sizeof path, "%s/outputs/%s", data ? data : "", name);
    if (data && access(path, R_OK) == 0) return path;
    print_message("skipped: %s is not in $LEMMA_DATA\n", name);
    skip();
    return NULL;
}

/* The value of a metric in select's result, by its protocol. */
static double value_of(const lem_json *r, const char *name, const char *protocol) {
    const lem_json *list = lem_json_get(r, "metrics");
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const lem_json *m = lem_json_at(list, i);
        if (strcmp(lem_json_str(lem_json_get(m, "name"), ""), name) == 0 &&
            strcmp(lem_json_str(lem_json_get(m, "protocol"), ""), protocol) == 0)
            return lem_json_num(lem_json_get(m, "value"), -1);
    }
    fail_msg("no %s (%s)", name, protocol);
    return -1;
}

static lem_json *result_of(const char *words) {
    char command[1024];
    snprintf(command, sizeof command, LEMMA "%s --json 2>/dev/null </dev/null", words);
    return json_of(said_by(0, command));
}

static void near(double got, double want, double by) {
    if (!(got > want - by && got < want + by)) fail_msg("%.6f, expected %.6f", got, want);
}

/* recipe.md, 10 */
static void qwen_100_by_8(void **state) {
    (void)state;
    static const struct {
        const char *name, *protocol;
        double value;
    } want[] = {{"rm@1", "first-k", 0.90},   {"rm@2", "first-k", 0.93},   {"rm@4", "first-k", 0.93},
                {"rm@8", "first-k", 0.94},   {"maj@1", "first-k", 0.90},  {"maj@2", "first-k", 0.90},
                {"maj@4", "first-k", 0.93},  {"maj@8", "first-k", 0.93},  {"pass@1", "first-k", 0.90},
                {"pass@2", "first-k", 0.94}, {"pass@4", "first-k", 0.95}, {"pass@8", "first-k", 0.96},
                {"pass@1", "exact", 0.91}};
    char words[640];
    snprintf(words, sizeof words, "select %s --k 1,2,4,8 --group string",
             shared("qwen25math_rm_maj/math_cot_100.jsonl.gz"));
    lem_json *r = result_of(words);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        near(value_of(r, want[i].name, want[i].protocol), want[i].value, 1e-9);
    assert_string_equal(lem_json_str(lem_json_find(r, "correctness.field"), ""), "score");
    assert_string_equal(lem_json_str(lem_json_find(r, "correctness.by"), ""), "file");
    lem_json_free(r);
}

static void gsm8k_four_models(void **state) {
    (void)state;
    static const int64_t right[] = {286, 515, 458, 742};
    static const char *const names[] = {"6b_finetuning", "6b_verification", "175b_finetuning",
                                        "175b_verification"};
    char words[640];
    snprintf(words, sizeof words, "grade %s", shared("gsm8k_openai/example_model_solutions.jsonl.gz"));
    lem_json *r = result_of(words);
    const lem_json *models = lem_json_get(r, "models");
    assert_int_equal(lem_json_count(models), 4);
    for (size_t m = 0; m < 4; m++) {
        const lem_json *x = lem_json_at(models, m);
        assert_string_equal(lem_json_str(lem_json_get(x, "name"), ""), names[m]);
        assert_int_equal(lem_json_int(lem_json_get(x, "own_labels"), 0), 1319);
        assert_int_equal(lem_json_int(lem_json_get(x, "own_correct"), 0), right[m]);
    }
    lem_json_free(r);
    snprintf(words, sizeof words, "select %s", shared("gsm8k_openai/example_model_solutions.jsonl.gz"));
    r = result_of(words);
    near(value_of(r, "pass@1", "exact"), 2001.0 / 5276, 1e-9);
    lem_json_free(r);
}

static void mathcoder_658_by_8(void **state) {
    (void)state;
    char words[640];
    snprintf(words, sizeof words, "select %s", shared("mathcoder/gsm8k_multi.jsonl.gz"));
    lem_json *r = result_of(words);
    assert_int_equal(lem_json_int(lem_json_find(r, "counts.problems"), 0), 658);
    assert_int_equal(lem_json_int(lem_json_find(r, "counts.candidates"), 0), 658 * 8);
    near(value_of(r, "pass@1", "exact"), 0.8028, 5e-5);
    near(value_of(r, "pass@8", "exact"), 0.9347, 5e-5);
    lem_json_free(r);
}

static void nemo_three_files(void **state) {
    (void)state;
    static const double right[] = {31, 37, 39};
    char words[1024], name[64];
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "nemo_skills/output-rs%d.test", i);
        snprintf(words, sizeof words, "select %s", shared(name));
        lem_json *one = result_of(words);
        near(value_of(one, "pass@1", "exact"), right[i] / 50, 1e-9);
        lem_json_free(one);
    }
    snprintf(words, sizeof words, "select '%s'", shared("nemo_skills/output-rs0.test"));
    strcpy(strstr(words, "rs0"), "rs*.test'");
    lem_json *r = result_of(words);
    assert_int_equal(lem_json_int(lem_json_find(r, "counts.candidates"), 0), 150);
    near(value_of(r, "pass@1", "exact"), 107.0 / 150, 1e-9);
    near(value_of(r, "pass@3", "exact"), 45.0 / 50, 1e-9);
    assert_string_equal(lem_json_str(lem_json_get(r, "format"), ""),
                        "NeMo-Skills: columns generation, expected_answer; 3 files joined by id");
    lem_json_free(r);
}

/* The file says that all are right; three are not. */
static void openmathinstruct(void **state) {
    (void)state;
    char words[640];
    const char *path = shared("nemo_skills/openmathinstruct.test");
    snprintf(words, sizeof words, "select %s", path);
    says(0, words, "correct by the file (field is_correct)");
    lem_json *r = result_of(words);
    near(value_of(r, "pass@1", "exact"), 1, 1e-9);
    lem_json_free(r);
    snprintf(words, sizeof words, "select %s --regrade", path);
    says(0, words, "graded here (std)");
    r = result_of(words);
    assert_true(value_of(r, "pass@1", "exact") < 0.98);
    lem_json_free(r);
    snprintf(words, sizeof words, "grade %s --check is_correct", path);
    says(0, words, "97 of 100");
}

/* The table of metrics of what was exported, from "percent" on. */
static void same_table(const char *path, const char *want) {
    char command[640];
    snprintf(command, sizeof command, LEMMA "select %s 2>/dev/null | sed -n '/^percent/,$p'", path);
    const char *said = said_by(0, command);
    if (strcmp(said, want) != 0) fail_msg("%s: another table:\n%s\nnot\n%s", path, said, want);
}

static void exported_and_read_again(const char *path) {
    static const char *const as[] = {"nemo", "sal", "qwen", "lm-eval"};
    char command[640], out[32];
    snprintf(command, sizeof command, LEMMA "select %s 2>/dev/null | sed -n '/^percent/,$p'", path);
    char *want = strdup(said_by(0, command));
    assert_non_null(want);
    assert_true(strlen(want) > 200);
    for (int i = 0; i < 4; i++) {
        snprintf(out, sizeof out, "as-%s", as[i]);
        snprintf(command, sizeof command, "export %s --as %s --out %s --overwrite", path, as[i], out);
        says(0, command, as[i]);
        same_table(out, want);
    }
    /* and from one of them to another */
    says(0, "export as-nemo --as qwen --out chain.jsonl --overwrite", "");
    same_table("chain.jsonl", want);
    free(want);
}

static void shared_file_there_and_back(void **state) {
    (void)state;
    char path[512];
    snprintf(path, sizeof path, "%s", shared("qwen25math_rm_maj/math_cot_100.jsonl.gz"));
    exported_and_read_again(path);
}

/* ---- own rows ---- */

static const char scored[] = "{\"id\":\"a\",\"problem\":\"p\",\"expected_answer\":\"2\",\"completions\":[\"x "
                             "\\\\boxed{2}\",\"\\\\boxed{7}\"],"
                             "\"predicted_answer\":[\"2\",\"7\"],\"correct\":[true,false],\"rm_score\":[0.5,"
                             "null],\"logprob\":[-3,-4.5],"
                             "\"tokens\":[3,4],\"step_scores\":[[0.5,1],[0.25]],\"finish_reason\":[\"stop\","
                             "\"length\"],\"level\":\"1\"}\n"
                             "{\"id\":\"b\",\"problem\":\"q\",\"expected_answer\":\"3\",\"completions\":["
                             "\"\\\\boxed{5}\",\"\\\\boxed{3}\",\"?\"],"
                             "\"predicted_answer\":[\"5\",\"3\",null],\"correct\":[false,true,null],\"rm_"
                             "score\":[2,1.5,0],\"logprob\":"
                             "[-1,-2,-3],\"tokens\":[1,2,3],\"step_scores\":[[0.5],[0.75,0.5],[0.125]],"
                             "\"finish_reason\":[\"stop\",\"stop\","
                             "\"stop\"],\"level\":\"2\"}\n";

static void there_and_back(void **state) {
    (void)state;
    put("scored.jsonl", scored);
    exported_and_read_again("scored.jsonl");
    says(0, "select scored.jsonl", "correct by the file (field correct)");
    shell("ls as-nemo | tr '\\n' ' ' | grep -q 'manifest.json output-rs0.jsonl output-rs1.jsonl "
          "output-rs2.jsonl $'");
    shell("head -1 scored.jsonl >one.jsonl");
    says(0, "export one.jsonl --as nemo --out as-nemo --overwrite", "2 candidates");
    shell("[ ! -e as-nemo/output-rs2.jsonl ]"); /* what an earlier export left */
    says(2, "export scored.jsonl --as hf --out x", "--as");
    says(2, "export scored.jsonl --out x", "--as");
    put("bare.jsonl", "{\"problem\":\"p\",\"completions\":[\"x\"]}\n");
    says(3, "export bare.jsonl --as qwen --out x", "bare.jsonl:1: no expected_answer");
    says(2, "export - --as nemo --out x", "reads the candidates several times");
}

/* More candidates than files may be open at a time. */
static void many_seeds(void **state) {
    (void)state;
    FILE *f = fopen("many.jsonl", "w");
    assert_non_null(f);
    fputs("{\"id\":1,\"problem\":\"p\",\"expected_answer\":\"5\",\"completions\":[\"0\"", f);
    for (int i = 1; i < 130; i++) fprintf(f, ",\"%d\"", i);
    fputs("]}\n", f);
    fclose(f);
    says(0, "export many.jsonl --as nemo --out seeds", "130 candidates");
    shell("[ $(ls seeds | grep -c '^output-rs') = 130 ]");
    says(0, "grade seeds --out seeds.jsonl", "130");
    shell("grep -q '\"completions\":\\[\"0\",\"1\",\"2\",\"3\"' seeds.jsonl");
    shell("grep -q '\"128\",\"129\"\\]' seeds.jsonl");
}

/* Every map that is printed reads what it describes, as the table itself does. */
static void maps_are_printed(void **state) {
    (void)state;
    says(0, "maps", "NeMo-Skills (ns generate, ns eval)");
    says(0, "maps --json", "\"name\": \"lm-eval\"");
    says(2, "maps NeMo-Skils", "did you mean 'NeMo-Skills'?");
    put("scored.jsonl", scored);
    says(0, "export scored.jsonl --as nemo --out as-nemo --overwrite", "");
    shell(LEMMA "maps nemo-skills >mine.yaml && sed -i 's/generation/text/' mine.yaml && mkdir -p other && "
                "for f in as-nemo/*.jsonl; do sed 's/generation/text/' $f >other/${f##*/}; done");
    says(3, "select other", "no known format of candidates");
    says(0, "select other --map mine.yaml", "NeMo-Skills: as asked for; 3 files joined by id");
    says(0, "select other --map mine.yaml --out one.json", "");
    shell("sed -i 's/about:.*/about: \"changed\"/' mine.yaml");
    says(2, "select other --map mine.yaml --out one.json", "map"); /* its content counts */
    put("bad.yaml", "fields: {answers: x}\n");
    says(2, "select other --map bad.yaml", "bad.yaml: fields: unknown field 'answers'");
    says(3, "select other --map absent.yaml", "absent.yaml: no such file");
}

/* Whose word it is, on the page, in Markdown and CSV, and of two files. */
static void whose_word(void **state) {
    (void)state;
    put("scored.jsonl", scored);
    says(0, "select scored.jsonl --out said.json --overwrite", "");
    says(0, "report said.json --out said.html", "");
    shell("grep -q 'correct by the file (field correct)' said.html");
    shell("grep -q 'correct by the file (field correct)' said.md");
    shell("grep -q '^pass@1,exact,.*,correct by the file (field correct),2' said-said-metrics.csv");
    says(0, "grade scored.jsonl --out graded.jsonl", "");
    says(0, "select graded.jsonl", "correct by lemma grade, in the file");
    says(0, "select scored.jsonl --regrade", "graded here (std)");
    says(0, "compare scored.jsonl graded.jsonl", "A: correct by the file (field correct)\nB: ");
    says(0, "compare scored.jsonl graded.jsonl", "note: A: 20.0 % of the candidates have no score");
    says(0, "compare scored.jsonl graded.jsonl", "B: correct by lemma grade, in the file");
    says(0, "compare scored.jsonl graded.jsonl --json", "\"field\": \"correct\"");
}

/* A foreign file, and files of seeds, scored: the scores stand beside completions, in our columns. */
static void foreign_rows_are_scored(void **state) {
    (void)state;
    put("rlh.jsonl",
        "{\"idx\":1,\"prompt\":\"one\",\"answers\":[\"a \xd0\xba\xd0\xb8\\nb \xd0\xba\xd0\xb8\",\"c\"],"
        "\"label\":[1,0]}\n");
    says(0, "prm score rlh.jsonl --model " LEMMA_TEST_DATA "/golden_heads/qwen_prm --out ps.jsonl",
         "2 scores");
    lem_json *row = json_of(said_by(0, "cat ps.jsonl"));
    assert_int_equal(lem_json_count(lem_json_find(row, "step_scores.0")),
                     2); /* two steps of the marked one */
    assert_int_equal(lem_json_count(lem_json_find(row, "step_scores.1")), 1);
    assert_int_equal(lem_json_count(lem_json_get(row, "rm_score")), 2);
    assert_string_equal(lem_json_str(lem_json_find(row, "completions.0"), ""), "a\n\nb");
    assert_true(lem_json_bool(lem_json_find(row, "correct.0"), false));
    lem_json_free(row);
    says(0, "select ps.jsonl", "weighted votes: rm");
    put("s_rs1.jsonl", "{\"id\":1,\"problem\":\"one\",\"expected_answer\":\"5\",\"generation\":\"b\"}\n");
    put("s_rs0.jsonl", "{\"id\":1,\"problem\":\"one\",\"expected_answer\":\"5\",\"generation\":\"a\"}\n");
    says(0, "rm score 's_rs*.jsonl' --model " LEMMA_TEST_DATA "/golden_heads/qwen_prm --out rs.jsonl",
         "1 problems, 2 scores");
    shell("grep -q '\"completions\":\\[\"a\",\"b\"\\]' rs.jsonl");
    put("late.jsonl", "{\"id\":1,\"problem\":\"p\",\"completions\":[\"a\"]}\n{\"id\":1,\"problem\":\"p\","
                      "\"completions\":[\"a\"]}\n");
    says(3, "rm score late.jsonl --model " LEMMA_TEST_DATA "/golden_heads/qwen_prm --out late-scored.jsonl",
         "late.jsonl:2: id '1' stands twice");
}

/* A name on the Hub that lies in the cache. */
static void names_on_the_hub(void **state) {
    (void)state;
    shell("d=hub/models--Acme--tiny; mkdir -p $d/refs $d/snapshots/0a1b && printf 0a1b >$d/refs/main && for "
          "f in " LEMMA_TEST_DATA "/golden_heads/qwen_prm/*; do ln -s $f $d/snapshots/0a1b/; done");
    put("rows.jsonl", "{\"id\":1,\"problem\":\"p\",\"completions\":[\"a\"]}\n");
    setenv("HF_HUB_CACHE", "hub", 1);
    says(0, "model info Acme/tiny", "Qwen2ForProcessRewardModel");
    says(0, "rm score rows.jsonl --model Acme/tiny --out hub.jsonl", "1 scores");
    shell("grep -q '\"path\": \"hub/models--Acme--tiny/snapshots/0a1b\"' hub.jsonl.manifest.json");
    says(3, "rm score rows.jsonl --model Acme/other --out hub2.jsonl",
         "Acme/other: no such folder; a model folder is expected here, nothing is downloaded; looked for "
         "models--Acme--other and datasets--Acme--other in hub");
    says(3, "model info Acme/other", "to fetch it: hf download Acme/other");
    put("r.yaml",
        "name: r\nvars: {out: o}\nstages:\n  - name: s\n    command: rm score\n    words: [rows.jsonl]\n"
        "    model: Acme/tiny\n    out: o/s.jsonl\n");
    says(0, "run r.yaml", "");
    shell("grep -q rm_score o/s.jsonl");
    shell("sed -i 's/Acme.tiny/Acme\\/none/; s/out: o/out: p/' r.yaml");
    says(3, "run r.yaml out=p", "hf download Acme/none");
    unsetenv("HF_HUB_CACHE");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(qwen_100_by_8),           cmocka_unit_test(gsm8k_four_models),
        cmocka_unit_test(mathcoder_658_by_8),      cmocka_unit_test(nemo_three_files),
        cmocka_unit_test(openmathinstruct),        cmocka_unit_test(shared_file_there_and_back),
        cmocka_unit_test(there_and_back),          cmocka_unit_test(many_seeds),
        cmocka_unit_test(maps_are_printed),        cmocka_unit_test(whose_word),
        cmocka_unit_test(foreign_rows_are_scored), cmocka_unit_test(names_on_the_hub)};
    return cmocka_run_group_tests(tests, enter, leave);
}
