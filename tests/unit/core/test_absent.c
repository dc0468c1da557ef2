/* test_absent.c - what is not there is said in one way, whoever asks */
#include "core/absent.h"

#include "core/file.h"
#include "core/fingerprint.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "../checks.h"

static char dir[] = "/tmp/lemma-absent-XXXXXX";
static char home[4096];

static int make_dir(void **state) {
    (void)state;
    if (!getcwd(home, sizeof home) || !mkdtemp(dir) || chdir(dir) != 0) return -1;
    return lem_dir_make("here", &err) == LEM_OK ? 0 : -1;
}

static int remove_dir(void **state) {
    (void)state;
    return chdir(home) == 0 && lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

static void every_reader(void **state) {
    (void)state;
    lem_buf b = {0};
    lem_lines *lines = NULL;
    lem_json *json = NULL;
    char hex[65], **names = NULL;
    uint64_t size = 0;
    size_t n = 0;
    FAILS(lem_file_read("no/x", 10, &b, &err), LEM_EDATA, "no/x: no such file");
    FAILS(lem_lines_open("no.gz", 0, &lines, &err), LEM_EDATA, "no.gz: no such file");
    FAILS(lem_json_load("no.json", 10, &json, &err), LEM_EDATA, "no.json: no such file");
    FAILS(lem_file_size("no", &size, &err), LEM_EDATA, "no: no such file");
    FAILS(lem_sha256_file("no", hex, &err), LEM_EDATA, "no: no such file");
    FAILS(lem_fingerprint_file("no", NULL, hex, &err), LEM_EDATA, "no: no such file");
    FAILS(lem_dir_list("no", &names, &n, &err), LEM_EDATA, "no: no such folder");
}

static void a_folder_to_write_into(void **state) {
    (void)state;
    lem_out *out = NULL;
    FAILS(lem_out_open("no/where/x.json", false, &out, &err), LEM_EIO,
          "no/where: no such folder; 'x.json' cannot be created in it");
    FAILS(lem_file_write_atomic("no/x", "", 0, &err), LEM_EIO, "no: no such folder");
}

static void other_reasons_keep_their_words(void **state) {
    (void)state;
    lem_buf b = {0};
    OK(lem_file_write_atomic("file", "x", 1, &err));
    FAILS(lem_file_read("file/x", 10, &b, &err), LEM_EDATA, "cannot open 'file/x': Not a directory");
    errno = EMFILE;
    FAILS(lem_absent_open("x", &err), LEM_EIO, "cannot open 'x'");
}

static void names_of_the_hub(void **state) {
    (void)state;
    static const char *const names[] = {"Qwen/Qwen2.5-Math-1.5B", "a/b"},
                             *const others[] = {"here/model", "model",        "/a/b",
                                                "/b",         "a/",           "a/b/c",
                                                "./a",        "data/x.jsonl", "m/tokenizer.model",
                                                "../b",       "~/b",          "",
                                                "here"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) assert_true(lem_absent_hub_name(names[i]));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (lem_absent_hub_name(others[i])) fail_msg("%s", others[i]);
    FAILS(lem_absent_model("Qwen/Q", &err), LEM_EDATA,
          "Qwen/Q: no such folder; a model folder is expected here");
    assert_non_null(strstr(err.text, "expected here, nothing is downloaded"));
    FAILS(lem_absent_model("here/model", &err), LEM_EDATA, "here/model: no such folder; a model folder is");
    assert_null(strstr(err.text, "downloaded"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reader),
        cmocka_unit_test(a_folder_to_write_into),
        cmocka_unit_test(other_reasons_keep_their_words),
        cmocka_unit_test(names_of_the_hub),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
