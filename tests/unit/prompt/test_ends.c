/* test_ends.c - the tokens that end a candidate: of the template, the tokenizer, the folder's files */
#include "support.h"

#include "prompt/ends.h"
#include "token/chat_template.h"

static char dir[] = "/tmp/lemma-ends-XXXXXX";
static lem_tokenizer *t;

static int setup(void **state) {
    (void)state;
    t = small_tokenizer();
    return mkdtemp(dir) ? 0 : 1;
}

static int teardown(void **state) {
    (void)state;
    lem_tokenizer_free(t);
    return lem_dir_remove(dir, &err);
}

static void expect(bool chat, int n, const int32_t *want) {
    lem_prompt_end_list l;
    OK(lem_prompt_ends(t, dir, 400, chat, &l, &err));
    assert_int_equal(l.n, n);
    for (int i = 0; i < n; i++) assert_int_equal(l.id[i], want[i]);
}

/* ChatML ends a turn with <|im_end|> (2), which is also the end of text of a tokenizer that we train. */
static void order_and_sources(void **state) {
    (void)state;
    int32_t end = lem_tokenizer_find(t, "<|im_end|>"), eos = lem_tokenizer_eos(t);
    assert_true(end >= 0 && eos >= 0);
    expect(true, end == eos ? 1 : 2, (const int32_t[]){end, eos});
    expect(false, 1, &eos);
    put_file(dir, "config.json", "{\"eos_token_id\":7}");
    expect(false, 2, (const int32_t[]){eos, 7});
    put_file(dir, "generation_config.json", "{\"eos_token_id\":null}"); /* says nothing */
    expect(false, 2, (const int32_t[]){eos, 7});
    char list[100];
    snprintf(list, sizeof list, "{\"eos_token_id\":[9,%d,8,9]}", (int)eos);
    put_file(dir, "generation_config.json", list); /* then config.json is not asked */
    expect(false, 3, (const int32_t[]){eos, 9, 8});
    /* Another template ends its turns otherwise; one that refuses counts for nothing. */
    static const char own[] = "{% for m in messages %}{{ m.content }}<extra_0>{% endfor %}";
    OK(lem_chat_use(t, own, strlen(own), &err));
    expect(true, 4, (const int32_t[]){lem_tokenizer_find(t, "<extra_0>"), eos, 9, 8});
    static const char refuses[] = "{{ raise_exception('no') }}";
    OK(lem_chat_use(t, refuses, strlen(refuses), &err));
    expect(true, 3, (const int32_t[]){eos, 9, 8});
}

static void refusals(void **state) {
    (void)state;
    static const char *const bad[] = {"{\"eos_token_id\":400}", "{\"eos_token_id\":[1,-1]}",
                                      "{\"eos_token_id\":\"2\"}", "{\"eos_token_id\":[[1]]}"};
    lem_prompt_end_list l = {.n = 77};
    for (int i = 0; i < 4; i++) {
        put_file(dir, "generation_config.json", bad[i]);
        FAILS(lem_prompt_ends(t, dir, 400, false, &l, &err), LEM_EDATA, "an id from 0 to 399");
        assert_non_null(strstr(err.text, "generation_config.json: eos_token_id"));
    }
    put_file(dir, "generation_config.json",
             "{\"eos_token_id\":[20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35]}");
    FAILS(lem_prompt_ends(t, dir, 400, false, &l, &err), LEM_EDATA, "more than 14 end tokens");
    assert_int_equal(l.n, 77); /* untouched */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(order_and_sources), cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
