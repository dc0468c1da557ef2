/* test_data_files - what folders and patterns of data stand for, and what would be read with them */
#include "support.h"

#include "core/data_files.h"
#include "core/mem.h"

#include <sys/stat.h>

static lem_err err;

static int enter(void **state) {
    if (folder_setup(state) != 0) return -1;
    return chdir(((folder *)*state)->path);
}
static int leave(void **state) { return chdir("/") || folder_teardown(state); }

static void put(const char *path) { put_file(path, "{}", 2); }

/* The files of a path with spaces between; the error's text where there are none. */
static const char *files_of(const char *path) {
    static char text[1200];
    lem_data_files f = {NULL, 0};
    lem_status st = lem_data_files_find(&path, 1, &f, &err);
    int n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < f.n; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%s%s", i ? " " : "", f.path[i]);
    if (st != LEM_OK) {
        assert_int_equal(st, LEM_EDATA);
        snprintf(text, sizeof text, "%s", err.text);
    }
    lem_data_files_release(&f);
    return text;
}

static void folders(void **state) {
    (void)state;
    mkdir("d", 0777);
    mkdir("d/x.jsonl", 0777);
    assert_false(lem_data_is_folder("d"));
    assert_string_equal(files_of("d"), "d: no data files in this folder (.jsonl, .json, .csv, .tsv, "
                                       ".parquet, .arrow)");
    static const char *const all[] = {
        "d/b.jsonl",           "d/a.csv.gz",      "d/c.parquet",    "d/README.md",
        "d/.h.jsonl",          "d/manifest.json", "d/e.jsonl.lock", "d/b.jsonl.manifest.json",
        "d/dataset_info.json", "d/jsonl",         "d/d.jsonl.zst",  "d/e.json.bz2"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) put(all[i]);
    assert_true(lem_data_is_folder("d"));
    assert_string_equal(files_of("d"), "d/a.csv.gz d/b.jsonl d/c.parquet d/d.jsonl.zst");
    put("d/lemma.json");
    assert_false(lem_data_is_folder("d"));
    assert_string_equal(files_of("d"), "d: a model folder (lemma.json is in it); name the files of data");
    assert_string_equal(files_of("d/b.jsonl"), "d/b.jsonl");
    assert_string_equal(files_of("none"), "none");
}

static void saved(void **state) {
    (void)state;
    static const char state_json[] =
        "{\"_data_files\":[{\"filename\":\"2.arrow\"},{\"filename\":\"1.arrow\"}]}";
    static const char outside[] = "{\"_data_files\":[{\"filename\":\"../1.arrow\"}]}";
    mkdir("s", 0777);
    put("s/3.arrow");
    put_file("s/state.json", state_json, strlen(state_json));
    assert_true(lem_data_is_folder("s"));
    assert_string_equal(files_of("s"), "s/2.arrow s/1.arrow");
    assert_false(lem_data_would_read("s", "s/4.arrow"));
    put_file("s/state.json", outside, strlen(outside));
    assert_string_equal(files_of("s"), "s/state.json: _data_files.0.filename is no file name");
    mkdir("t", 0777);
    put_file("t/dataset_dict.json", "{\"splits\":[\"train\",\"test\"]}", 27);
    assert_true(lem_data_is_folder("t"));
    assert_string_equal(files_of("t"), "t: it holds several data sets (train, test); give the folder of one");
}

static void patterns(void **state) {
    (void)state;
    mkdir("p", 0777);
    mkdir("p/q", 0777);
    put("p/B.jsonl");
    put("p/a.jsonl");
    put("p/q/c.csv");
    assert_true(lem_data_is_pattern("p/*.jsonl"));
    assert_string_equal(files_of("p/*.jsonl"), "p/B.jsonl p/a.jsonl"); /* by bytes */
    assert_string_equal(files_of("p/[aq]*"), "p/a.jsonl p/q/c.csv");   /* q is a folder */
    assert_string_equal(files_of("p/?.tsv"), "p/?.tsv: no file matches this pattern");
    put("p/[a].jsonl");
    assert_false(lem_data_is_pattern("p/[a].jsonl"));
    assert_string_equal(files_of("p/[a].jsonl"), "p/[a].jsonl");
    assert_false(lem_data_is_pattern("p/a.jsonl"));
    mkdir("o", 0777);
    static const char *const seeds[] = {"o/rs10.jsonl", "o/rs2.jsonl", "o/rs02.jsonl", "o/rs1.jsonl",
                                        "o/r.jsonl"};
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) put(seeds[i]);
    assert_string_equal(files_of("o/rs*.jsonl"), "o/rs1.jsonl o/rs02.jsonl o/rs2.jsonl o/rs10.jsonl");
    assert_string_equal(files_of("o"), "o/r.jsonl o/rs1.jsonl o/rs02.jsonl o/rs2.jsonl o/rs10.jsonl");
}

static void what_would_be_read(void **state) {
    (void)state;
    mkdir("w", 0777);
    mkdir("w/in", 0777);
    put("w/a.jsonl");
    assert_true(lem_data_would_read("w", "w/new.jsonl"));
    assert_true(lem_data_would_read("w/", "./w/new.csv"));
    assert_false(lem_data_would_read("w", "w/new.html"));
    assert_false(lem_data_would_read("w", "w/in/new.jsonl"));
    assert_false(lem_data_would_read("w", "new.jsonl"));
    assert_false(lem_data_would_read("w/a.jsonl", "w/new.jsonl"));
    assert_true(lem_data_would_read("w/*.jsonl", "w/new.jsonl"));
    assert_false(lem_data_would_read("w/*.jsonl", "w/in/new.jsonl"));
    assert_false(lem_data_would_read("w/*.jsonl", "w/new.csv"));
    put("w/config.json");
    assert_false(lem_data_would_read("w", "w/new.jsonl")); /* a model folder */
}

static void without_memory(void **state) {
    (void)state;
    mkdir("m", 0777);
    put("m/a.jsonl");
    put("m/b.jsonl");
    static const char *const paths[] = {"m", "m/*.jsonl", "m/a.jsonl"};
    for (int64_t k = 0;; k++) {
        lem_data_files f = {NULL, 0};
        lem_mem_fail_after((uint64_t)k + 1, true);
        lem_status st = lem_data_files_find(paths, 3, &f, &err);
        lem_mem_fail_after(0, false);
        lem_data_files_release(&f);
        if (st == LEM_OK) break;
        assert_int_equal(st, LEM_EMEM);
        assert_true(k < 1000);
    }
}

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, enter, leave)

/* What makes a model's results, and what only tells of it. */
static void files_of_a_model(void **state) {
    (void)state;
    static const char *const yes[] = {"config.json",
                                      "generation_config.json",
                                      "lemma.json",
                                      "tokenizer.json",
                                      "tokenizer.model",
                                      "chat_template.jinja",
                                      "model.safetensors",
                                      "model-00001-of-00002.safetensors",
                                      "qwen.tiktoken",
                                      "adapter_config.json",
                                      "value_head.safetensors",
                                      "model.safetensors.index.json"};
    static const char *const no[] = {"manifest.json",
                                     "telemetry.jsonl",
                                     "README.md",
                                     "my_config.json",
                                     "config.json.bak",
                                     "safetensors",
                                     "tokenizer.json.lemma-tmp.1",
                                     ""};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (!lem_model_has_file(yes[i])) fail_msg("'%s' counts for nothing", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (lem_model_has_file(no[i])) fail_msg("'%s' counts", no[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_a_model),

        IN_FOLDER(folders),
        IN_FOLDER(saved),
        IN_FOLDER(patterns),
        IN_FOLDER(what_would_be_read),
        IN_FOLDER(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
