/* test_variables.c - a template from a file and its variables: as Transformers renders them
 * (tools/golden/make_variables.py), every refusal, and lemma.json */
#include "support.h"

#include "core/json.h"
#include "prompt/prompt.h"
#include "prompt/settings.h"
#include "prompt/variables.h"

static char dir[] = "/tmp/lemma-variables-XXXXXX", file[100];

static int setup(void **state) {
    (void)state;
    if (!mkdtemp(dir)) return 1;
    snprintf(file, sizeof file, "%s/t.jinja", dir);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    return lem_dir_remove(dir, &err);
}

static lem_json *json_of(const char *text) {
    lem_json *v = NULL;
    OK(lem_json_parse(text, strlen(text), &v, &err));
    return v;
}

static lem_tokenizer *base(void) {
    lem_tokenizer *t = NULL;
    OK(lem_tokenizer_load(LEMMA_TEST_DATA "/folders/base", &t, &err));
    return t;
}

/* A special token in a value is text here, so that no value can end a turn; in Transformers it is the token.
 */
static void same_as_transformers(const lem_json *one, const char *problem) {
    lem_prompt_settings s;
    const lem_json *set = lem_json_get(one, "set"), *want = lem_json_get(one, "ids");
    lem_tokenizer *t = base();
    lem_ids ids = {0};
    OK(lem_prompt_settings_open(NULL, &(lem_prompt_options){.template = file, .set = set}, &s, &err));
    OK(lem_prompt_settings_apply(&s, t, &err));
    OK(lem_prompt_problem(t, &s, problem, &ids, &err));
    char *text = text_of(t, &ids, NULL);
    assert_string_equal(text, lem_json_str(lem_json_get(one, "text"), ""));
    if (strstr(lem_json_str(lem_json_at(set, 0), ""), "<|")) assert_true(ids.len > lem_json_count(want));
    else {
        assert_int_equal(ids.len, lem_json_count(want));
        for (size_t i = 0; i < ids.len; i++)
            assert_int_equal(ids.data[i], lem_json_int(lem_json_at(want, i), -1));
    }
    free(text);
    lem_ids_release(&ids);
    lem_prompt_settings_release(&s);
    lem_tokenizer_free(t);
}

static void golden(void **state) {
    (void)state;
    lem_json *all = NULL;
    OK(lem_json_load(LEMMA_TEST_DATA "/jinja/variables.json", 1 << 20, &all, &err));
    const lem_json *cases = lem_json_get(all, "cases");
    put_file(dir, "t.jinja", lem_json_str(lem_json_get(all, "template"), ""));
    assert_int_equal(lem_json_count(cases), 9);
    for (size_t i = 0; i < lem_json_count(cases); i++)
        same_as_transformers(lem_json_at(cases, i), lem_json_str(lem_json_get(all, "problem"), ""));
    lem_json_free(all);
}

static void refusals(void **state) {
    (void)state;
    static const struct {
        const char *list, *words;
    } bad[] = {{"[\"x\"]", "--set x: NAME=VALUE expected"},
               {"[\"=1\"]", "'' is no name"},
               {"[\"a-b=1\"]", "'a-b' is no name"},
               {"[\"1a=1\"]", "'1a' is no name"},
               {"[\"messages=[]\"]", "messages is set by every rendering"},
               {"[\"tools=[]\"]", "tools is set"},
               {"[\"documents=[]\"]", "documents is set"},
               {"[\"add_generation_prompt=true\"]", "add_generation_prompt is set"},
               {"[\"a=1\",\"a=2\"]", "a is given twice"},
               {"[\"a=False\"]", "--set a=False: true, false, null"},
               {"[\"a=True\"]", "true, false, null"},
               {"[\"a=None\"]", "true, false, null"},
               {"[\"a={\"]", "true, false, null"},
               {"[\"a=[1\"]", "true, false, null"},
               {"[\"a=\\\"x\"]", "true, false, null"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        lem_json *list = json_of(bad[i].list), *out = NULL;
        FAILS(lem_prompt_variables_parse(list, &out, &err), LEM_EUSAGE, bad[i].words);
        assert_null(out);
        lem_json_free(list);
    }
    lem_json *out = NULL;
    OK(lem_prompt_variables_parse(NULL, &out, &err));
    assert_null(out);
}

/* 64 variables, 65,536 bytes of JSON: one more of either is refused. */
static void bounds(void **state) {
    (void)state;
    for (int n = 64; n <= 65; n++) {
        lem_json *list = lem_json_new_array(), *out = NULL;
        for (int i = 0; i < n; i++) {
            char one[32];
            snprintf(one, sizeof one, "v%d=%d", i, i);
            assert_true(lem_json_append(list, lem_json_new_str(one)));
        }
        if (n == 64) OK(lem_prompt_variables_parse(list, &out, &err));
        else FAILS(lem_prompt_variables_parse(list, &out, &err), LEM_EUSAGE, "at most 64 variables");
        lem_json_free(out);
        lem_json_free(list);
    }
    for (int more = 0; more < 2; more++) {
        size_t n = LEM_PROMPT_TEXT_MAX - strlen("{\"a\":\"\"}") + (size_t)more;
        char *text = calloc(1, n + 3);
        memcpy(text, "a=", 2);
        memset(text + 2, 'x', n);
        lem_json *list = lem_json_new_array(), *out = NULL;
        assert_true(lem_json_append(list, lem_json_new_str(text)));
        if (!more) OK(lem_prompt_variables_parse(list, &out, &err));
        else FAILS(lem_prompt_variables_parse(list, &out, &err), LEM_EUSAGE, "65536 bytes");
        lem_json_free(out);
        lem_json_free(list);
        free(text);
    }
}

/* What a template does not mention cannot be meant. */
static void known_to_the_template(void **state) {
    (void)state;
    lem_tokenizer *t = base();
    lem_json *list = json_of("[\"thinking=false\"]");
    lem_prompt_settings s;
    put_file(dir, "t.jinja", "{{ enable_thinking }}{{ thinking_2 }}{{ a.thinkin }}");
    OK(lem_prompt_settings_open(NULL, &(lem_prompt_options){.template = file, .set = list}, &s, &err));
    FAILS(lem_prompt_settings_apply(&s, t, &err), LEM_EUSAGE,
          "--set thinking: the chat template does not mention that name");
    lem_prompt_settings_release(&s);
    put_file(dir, "t.jinja", "{{ thinking }}");
    OK(lem_prompt_settings_open(NULL, &(lem_prompt_options){.template = file, .set = list}, &s, &err));
    OK(lem_prompt_settings_apply(&s, t, &err));
    lem_prompt_settings_release(&s);
    lem_tokenizer *none = small_tokenizer();
    OK(lem_prompt_settings_open(NULL, &(lem_prompt_options){.set = list}, &s, &err));
    FAILS(lem_prompt_settings_apply(&s, none, &err), LEM_EUSAGE, "ChatML, which has no variables");
    lem_prompt_settings_release(&s);
    lem_json_free(list);
    lem_tokenizer_free(none);
    lem_tokenizer_free(t);
}

static void in_the_file(void **state) {
    (void)state;
    lem_prompt_settings s, back;
    lem_json *same = json_of("[\"b=1\",\"a=\\\"x\\\"\"]"), *other = json_of("[\"b=1\"]");
    put_file(dir, "lemma.json",
             "{\"format\":1,\"prompt\":{\"template\":\"chat\",\"variables\":{\"a\":\"x\",\"b\":1}}}");
    OK(lem_prompt_settings_open(dir, &(lem_prompt_options){.set = same}, &s, &err));
    OK(lem_prompt_settings_save(&s, dir, &err));
    OK(lem_prompt_settings_load(dir, &back, &err));
    assert_true(lem_json_equal(s.variables, back.variables) && back.told & LEM_PROMPT_TOLD_VARIABLES);
    FAILS(lem_prompt_settings_open(dir, &(lem_prompt_options){.set = other}, &s, &err), LEM_EUSAGE,
          "--set '{\\\"b\\\":1}' conflicts with");
    lem_prompt_settings_release(&back);
    OK(lem_prompt_settings_open(dir, &(lem_prompt_options){.set = other, .from = "options"}, &back, &err));
    assert_int_equal(lem_json_count(back.variables), 1);
    lem_prompt_settings_release(&back);
    lem_prompt_settings_release(&s);
    FAILS(lem_prompt_settings_open(NULL, &(lem_prompt_options){.set = other, .template = "plain"}, &s, &err),
          LEM_EUSAGE, "--set is for");
    lem_json_free(same);
    lem_json_free(other);
    static const char *const bad[] = {"[]", "{}", "null", "{\"messages\":1}", "{\"\":1}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[100];
        snprintf(text, sizeof text, "{\"format\":1,\"prompt\":{\"variables\":%s}}", bad[i]);
        FAILS(lem_prompt_settings_parse(text, strlen(text), &s, &err), LEM_EDATA, "prompt.variables: ");
    }
}

/* The folder was trained with its template: a file that says otherwise is refused, the same one is not. */
static void another_template(void **state) {
    (void)state;
    lem_prompt_settings s;
    const lem_prompt_options o = {.template = file}, free_of_it = {.template = file, .from = "options"};
    put_file(dir, "lemma.json", "{\"format\":1,\"prompt\":{\"template\":\"chat\"}}");
    put_file(dir, "t.jinja", "{{ 1 }}");
    FAILS(lem_prompt_settings_open(dir, &o, &s, &err), LEM_EUSAGE, "--template '/tmp/");
    put_file(dir, "chat_template.jinja", "{{ 1 }} ");
    FAILS(lem_prompt_settings_open(dir, &o, &s, &err), LEM_EUSAGE, "the folder's own template");
    OK(lem_prompt_settings_open(dir, &free_of_it, &s, &err));
    lem_prompt_settings_release(&s);
    put_file(dir, "chat_template.jinja", "{{ 1 }}");
    OK(lem_prompt_settings_open(dir, &o, &s, &err));
    lem_prompt_settings_release(&s);
    put_file(dir, "lemma.json", "{\"format\":1,\"prompt\":{\"template\":\"plain\"}}");
    FAILS(lem_prompt_settings_open(dir, &o, &s, &err), LEM_EUSAGE, "conflicts");
    put_file(dir, "t.jinja", "{% if %}");
    FAILS(lem_prompt_settings_open(NULL, &o, &s, &err), LEM_EDATA, "t.jinja: chat template: line 1");
    FAILS(lem_prompt_settings_open(NULL, &(lem_prompt_options){.template = "/nonexistent"}, &s, &err),
          LEM_EDATA, "/nonexistent");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(golden),      cmocka_unit_test(refusals),
                                       cmocka_unit_test(bounds),      cmocka_unit_test(known_to_the_template),
                                       cmocka_unit_test(in_the_file), cmocka_unit_test(another_template)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
