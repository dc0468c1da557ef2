/* test_describe.c - the facts of a folder's tokenizer, as JSON and as lines */
#include "token/describe.h"

#include "core/file.h"
#include "core/mem.h"
#include "token/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>

#include "../checks.h"

static char dir[] = "/tmp/lemma-describe-XXXXXX";

static int make_dir(void **state) {
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state) {
    (void)state;
    return lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

static void put_file(const char *name, const char *text) {
    char *path = lem_path_join(dir, name, &err);
    OK(lem_file_write_atomic(path, text, strlen(text), &err));
    lem_free(path);
}

static int save_tokenizer(void) {
    static const char text[] = "one two one two one";
    lem_bpe_train_opts o = {.vocab = 270};
    lem_tokenizer *t = NULL;
    lem_bpe_trainer *b = lem_bpe_trainer_new(&o, &err);
    assert_non_null(b);
    OK(lem_bpe_trainer_add(b, text, sizeof text - 1, &err));
    OK(lem_bpe_trainer_finish(b, &t, &err));
    OK(lem_tokenizer_save(t, dir, &err));
    int vocab = lem_tokenizer_vocab(t);
    lem_tokenizer_free(t);
    lem_bpe_trainer_free(b);
    return vocab;
}

static void expect(int vocab, const char *path, const char *want) {
    lem_json *facts = lem_json_new_object();
    OK(lem_tokenizer_describe(dir, vocab, facts, &err));
    const char *got = lem_json_str(lem_json_find(facts, path), NULL);
    if (!want) assert_int_equal(lem_json_kind(lem_json_find(facts, path)), LEM_JSON_NULL);
    else if (!got || !strstr(got, want)) fail_msg("%s: '%s', not '%s'", path, got ? got : "absent", want);
    lem_json_free(facts);
}

static void expect_lines(int vocab, const char *want) {
    lem_json *facts = lem_json_new_object();
    lem_buf b = {0};
    OK(lem_tokenizer_describe(dir, vocab, facts, &err));
    lem_tokenizer_describe_text(facts, &b);
    if (!strstr(lem_buf_str(&b), want)) fail_msg("'%s' in\n%s", want, lem_buf_str(&b));
    lem_buf_release(&b);
    lem_json_free(facts);
}

static void a_folder_without(void **state) {
    (void)state;
    expect(100, "tokenizer.file", NULL);
    expect(100, "tokenizer.kind", NULL);
    expect(100, "tokenizer.vocab", NULL);
    expect(100, "tokenizer.note", "no tokenizer in the folder");
    expect(100, "template", "lacks the tokens of ChatML");
    expect_lines(100, "tokenizer       none in the folder\ntemplate        none, ");
}

static void a_tokenizer(void **state) {
    (void)state;
    int vocab = save_tokenizer();
    char line[120];
    expect(vocab, "tokenizer.file", "tokenizer.json");
    expect(vocab, "tokenizer.kind", "BPE");
    expect(vocab, "tokenizer.note", NULL);
    expect(vocab - 3, "tokenizer.note", "3 ids of the tokenizer lie outside the model's vocabulary");
    expect(vocab + 2, "tokenizer.note", "2 ids of the model have no token (padding)");
    snprintf(line, sizeof line,
             "tokenizer       tokenizer.json (BPE)\n  ids           %d; 2 ids of the model have no token",
             vocab);
    expect_lines(vocab + 2, line);
    lem_json *facts = lem_json_new_object();
    OK(lem_tokenizer_describe(dir, vocab, facts, &err));
    assert_int_equal(lem_json_int(lem_json_find(facts, "tokenizer.vocab"), -1), vocab);
    lem_json_free(facts);
}

static void a_folder_or_one_file(void **state) {
    (void)state;
    lem_tokenizer *folder = NULL, *file = NULL;
    char *path = lem_path_join(dir, "tokenizer.json", &err);
    OK(lem_tokenizer_load_path(dir, &folder, &err));
    OK(lem_tokenizer_load_path(path, &file, &err));
    assert_int_equal(lem_tokenizer_vocab(folder), lem_tokenizer_vocab(file));
    FAILS(lem_tokenizer_load_path("/nonexistent", &file, &err), LEM_EDATA, "/nonexistent");
    lem_tokenizer_free(folder);
    lem_tokenizer_free(file);
    lem_free(path);
}

static void templates(void **state) {
    (void)state;
    put_file("tokenizer_config.json", "{}");
    expect(1, "template", "none in the folder: ChatML");
    put_file("tokenizer_config.json", "{\"chat_template\": \"x\"}");
    expect(1, "template", "chat_template of tokenizer_config.json");
    put_file("chat_template.jinja", "y");
    expect(1, "template", "chat_template.jinja");
}

static void a_bad_tokenizer_is_an_error(void **state) {
    (void)state;
    put_file("tokenizer.json", "{}");
    lem_json *facts = lem_json_new_object();
    FAILS(lem_tokenizer_describe(dir, 1, facts, &err), LEM_EDATA, "tokenizer.json");
    lem_json_free(facts);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_without),
        cmocka_unit_test(a_tokenizer),
        cmocka_unit_test(a_folder_or_one_file),
        cmocka_unit_test(templates),
        cmocka_unit_test(a_bad_tokenizer_is_an_error),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
