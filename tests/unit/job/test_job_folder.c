/* test_job_folder - a folder of results that takes the place of an older one */
#include "job/job.h"

#include "support.h"

static lem_cli cli;
static lem_args args;

static lem_job *started(const char *line) {
    lem_job *job = NULL;
    cli = (lem_cli){0};
    OK(parse_line(&toy_dir, line, &cli, &args));
    OK(lem_job_open(&cli, &toy_dir, &args, NULL, &job, &err));
    assert_false(lem_job_done(job));
    OK(lem_job_start(job, NULL, &err));
    return job;
}

static bool owns(const char *name) {
    return strcmp(name, "rows.jsonl") == 0 || strcmp(name, "other.jsonl") == 0;
}

/* Begins, and writes one file of the result. */
static bool begun(lem_job *job, const char *name, const char *text) {
    const char *dir = NULL;
    OK(lem_job_folder_begin(job, owns, &dir, &err));
    bool beside = strcmp(dir, lem_job_out(job)) != 0;
    OK(lem_dir_make(dir, &err));
    char *path = lem_path_join(dir, name, &err);
    put(path, text);
    lem_free(path);
    return beside;
}

static void ended(lem_job *job, bool whole) {
    if (whole) OK(lem_job_folder_put(job, &err));
    if (whole) OK(lem_job_finish(job, &err));
    lem_job_close(job);
    lem_args_release(&args);
}

/* An older result, with the files that its manifest lists. */
static void older(void) {
    lem_job *job = started("--out o");
    assert_false(begun(job, "rows.jsonl", "old"));
    ended(job, true);
}

static void alone(void **state) {
    (void)state;
    older();
    put("o/manifest.json.lemma-tmp.1.2", "old");
    lem_job *job = started("--out o --n 5 --overwrite");
    assert_true(begun(job, "other.jsonl", "new"));
    assert_string_equal(get("o/rows.jsonl"), "old"); /* until the new one is whole */
    ended(job, true);
    assert_string_equal(listing(), "o/ o/manifest.json o/other.jsonl");
}

/* What lemma did not write stays where it is: the files are replaced one by one. */
static void with_a_users_file(void **state) {
    (void)state;
    static const char *const mine[] = {"o/notes.md", "o/run.json", "o/.hidden", "o/events.txt"};
    for (int i = 0; i < 4; i++) {
        OK(lem_dir_remove("o", &err));
        older();
        put(mine[i], "mine");
        OK(lem_dir_make("o.lemma-old", &err)); /* of a run that was killed */
        lem_job *job = started("--out o --n 5 --overwrite");
        assert_false(begun(job, "rows.jsonl", "new"));
        assert_true(there("o.lemma-old")); /* until the new one is whole */
        ended(job, true);
        assert_false(there("o.lemma-old"));
        assert_string_equal(get(mine[i]), "mine");
        assert_string_equal(get("o/rows.jsonl"), "new");
        job = started("--out o --n 6 --overwrite"); /* the manifest lists what stood there */
        assert_false(begun(job, "rows.jsonl", "newer"));
        ended(job, true);
        assert_string_equal(get(mine[i]), "mine");
        assert_false(there("o.lemma-partial"));
    }
}

/* A run that ends before its folder is whole leaves the older one as it was, and nothing beside it. */
static void failed(void **state) {
    (void)state;
    older();
    char manifest[4096];
    snprintf(manifest, sizeof manifest, "%s", get("o/manifest.json"));
    lem_job *job = started("--out o --n 5 --overwrite");
    assert_true(begun(job, "rows.jsonl", "new"));
    ended(job, false);
    assert_string_equal(listing(), "o/ o/manifest.json o/rows.jsonl");
    assert_string_equal(get("o/rows.jsonl"), "old");
    assert_string_equal(get("o/manifest.json"), manifest);
}

/* What a killed run built is not taken over. */
static void killed(void **state) {
    (void)state;
    older();
    OK(lem_dir_make("o.lemma-partial", &err));
    put("o.lemma-partial/torn.jsonl", "x");
    lem_job *job = started("--out o --n 5 --overwrite");
    assert_true(begun(job, "rows.jsonl", "new"));
    ended(job, true);
    assert_string_equal(listing(), "o/ o/manifest.json o/rows.jsonl");
}

/* Of a model, what training wrote; adapters and stages have folders of their own. */
static void of_models(void **state) {
    (void)state;
    static const struct {
        const char *name;
        bool beside;
    } of[] = {{"config.json", true},     {"model-00001-of-00002.safetensors", true},
              {"telemetry.jsonl", true}, {"events.out.tfevents.0.lemma", true},
              {"rows.jsonl", false},     {"events.out.tfevents.0.host", false}};
    for (int i = 0; i < 6; i++) {
        const char *dir = NULL;
        OK(lem_dir_remove("o", &err));
        lem_job *job = started("--out o");
        OK(lem_dir_make("o", &err));
        ended(job, true);
        char path[80];
        snprintf(path, sizeof path, "o/%s", of[i].name);
        put(path, "x");
        job = started("--out o --n 5 --overwrite");
        OK(lem_job_folder_begin(job, NULL, &dir, &err));
        assert_int_equal(strcmp(dir, "o") != 0, of[i].beside);
        ended(job, false);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {folder_test(alone), folder_test(with_a_users_file),
                                       folder_test(failed), folder_test(killed), folder_test(of_models)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
