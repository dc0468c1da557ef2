/* test_settings.c - lemma.json: round trip, every refusal; options beside it: defaults, agreement, conflicts
 */
#include "support.h"

#include "prompt/settings.h"

static char dir[] = "/tmp/lemma-settings-XXXXXX";

static int setup(void **state) {
    (void)state;
    return mkdtemp(dir) ? 0 : 1;
}

static int teardown(void **state) {
    (void)state;
    return lem_dir_remove(dir, &err);
}

static lem_prompt_settings all_told(void) {
    lem_prompt_settings s = {.told = LEM_PROMPT_TOLD_TEMPLATE | LEM_PROMPT_TOLD_FORM | LEM_PROMPT_TOLD_SIGNS,
                             .template = LEM_PROMPT_PLAIN,
                             .form = LEM_PROMPT_STEP_TEXT,
                             .signs = LEM_PROMPT_SIGNS_PLUS};
    OK(lem_prompt_settings_tell(&s, LEM_PROMPT_TOLD_SYSTEM, "Be \"right\".\n\xc3\xa9", &err));
    OK(lem_prompt_settings_tell(&s, LEM_PROMPT_TOLD_SUFFIX, "", &err));
    OK(lem_prompt_settings_tell(&s, LEM_PROMPT_TOLD_SEPARATOR, "\n\n", &err));
    OK(lem_prompt_settings_tell(&s, LEM_PROMPT_TOLD_STEP_TOKEN, "<x>", &err));
    return s;
}

static void round_trip(void **state) {
    (void)state;
    static const char want[] = "{\n  \"format\": 1,\n  \"prompt\": {\n    \"template\": \"plain\",\n    "
                               "\"system\": \"Be \\\"right\\\".\\n\xc3\xa9\",\n    \"suffix\": null,\n    "
                               "\"step_separator\": \"\\n\\n\",\n    \"step_token\": \"<x>\",\n    \"read\": "
                               "\"step-text\",\n    \"signs\": \"plus\"\n  }\n}\n";
    lem_prompt_settings s = all_told(), back = {.told = 99};
    lem_buf text = {0};
    char path[100];
    OK(lem_prompt_settings_save(&s, dir, &err));
    snprintf(path, sizeof path, "%s/lemma.json", dir);
    OK(lem_file_read(path, 1 << 20, &text, &err));
    assert_string_equal(lem_buf_str(&text), want);
    OK(lem_prompt_settings_load(dir, &back, &err));
    assert_true(lem_prompt_settings_equal(&s, &back));
    assert_null(back.suffix);
    assert_true(back.told & LEM_PROMPT_TOLD_SUFFIX); /* none is not the same as not told */
    lem_prompt_settings_release(&s);
    lem_prompt_settings_release(&back);
    /* Nothing told, and no file at all. */
    OK(lem_prompt_settings_save(&s, dir, &err));
    OK(lem_prompt_settings_load(dir, &back, &err));
    assert_true(lem_prompt_settings_equal(&s, &back));
    OK(lem_prompt_settings_load("/nonexistent", &back, &err));
    assert_int_equal(back.told, 0);
    lem_buf_release(&text);
}

static void every_form(void **state) {
    (void)state;
    for (int f = 0; f < LEM_PROMPT_FORM_COUNT; f++) {
        lem_prompt_settings s = {.told = LEM_PROMPT_TOLD_FORM, .form = (lem_prompt_form)f}, back;
        OK(lem_prompt_settings_save(&s, dir, &err));
        OK(lem_prompt_settings_load(dir, &back, &err));
        assert_true(lem_prompt_settings_equal(&s, &back));
        for (int g = 0; g < f; g++)
            assert_string_not_equal(lem_prompt_form_name((lem_prompt_form)g), lem_prompt_form_name(s.form));
    }
}

static void refusals(void **state) {
    (void)state;
    static const struct {
        const char *text, *words;
    } bad[] = {{"", "line 1"},
               {"[]", "an object expected"},
               {"{\"prompt\":{}}", "format: 1 expected"},
               {"{\"format\":2,\"prompt\":{}}", "format: 1 expected"},
               {"{\"format\":\"1\",\"prompt\":{}}", "format: 1 expected"},
               {"{\"format\":1}", "prompt: an object expected, nothing found"},
               {"{\"format\":1,\"prompt\":[]}", "prompt: an object expected"},
               {"{\"format\":1,\"prompt\":{},\"score\":1}", "score: unknown key"},
               {"{\"format\":1,\"prompt\":{\"sytem\":\"x\"}}", "prompt.sytem: unknown key"},
               {"{\"format\":1,\"prompt\":{\"system\":5}}", "prompt.system: text or null expected"},
               {"{\"format\":1,\"prompt\":{\"suffix\":{}}}", "prompt.suffix: text or null"},
               {"{\"format\":1,\"prompt\":{\"system\":\"a\",\"system\":\"b\"}}", "system"},
               {"{\"format\":1,\"prompt\":{\"template\":\"chatml\"}}", "prompt.template: chat or plain"},
               {"{\"format\":1,\"prompt\":{\"template\":null}}", "prompt.template: chat or plain"},
               {"{\"format\":1,\"prompt\":{\"read\":\"first-token\"}}", "prompt.read:"},
               {"{\"format\":1,\"prompt\":{\"step_separator\":\"\"}}", "prompt.step_separator: must not"},
               {"{\"format\":1,\"prompt\":{\"step_separator\":null}}", "prompt.step_separator: must not"}};
    lem_prompt_settings s = {.told = 77};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put_file(dir, "lemma.json", bad[i].text);
        FAILS(lem_prompt_settings_load(dir, &s, &err), LEM_EDATA, bad[i].words);
        assert_non_null(strstr(err.text, "lemma.json"));
        assert_int_equal(s.told, 77); /* untouched */
    }
    size_t n = LEM_PROMPT_TEXT_MAX + 1;
    char *big = malloc(n + 100);
    int at = sprintf(big, "{\"format\":1,\"prompt\":{\"system\":\"");
    memset(big + at, 'x', n);
    strcpy(big + at + n, "\"}}");
    FAILS(lem_prompt_settings_parse(big, strlen(big), &s, &err), LEM_EDATA, "prompt.system");
    strcpy(big + at + n - 1, "\"}}"); /* the longest that is allowed */
    OK(lem_prompt_settings_parse(big, strlen(big), &s, &err));
    assert_int_equal(strlen(s.system), LEM_PROMPT_TEXT_MAX);
    lem_prompt_settings_release(&s);
    memset(big, 'x', n);
    big[n] = '\0';
    FAILS(lem_prompt_settings_open(NULL, &(lem_prompt_options){.suffix = big}, &s, &err), LEM_EUSAGE,
          "longer than");
    free(big);
}

static lem_status open_with(const lem_prompt_options *o, lem_prompt_settings *s) {
    return lem_prompt_settings_open(dir, o, s, &err);
}

static void options_beside_a_file(void **state) {
    (void)state;
    lem_prompt_settings s;
    put_file(dir, "lemma.json",
             "{\"format\":1,\"prompt\":{\"template\":\"chat\",\"system\":\"B\\nb\",\"suffix\":null}}");
    OK(open_with(&(lem_prompt_options){0}, &s));
    assert_string_equal(s.system, "B\nb");
    assert_true(s.told == (LEM_PROMPT_TOLD_TEMPLATE | LEM_PROMPT_TOLD_SYSTEM | LEM_PROMPT_TOLD_SUFFIX));
    lem_prompt_settings_release(&s);
    /* The same said again agrees; what the file does not tell is free. */
    OK(open_with(&(lem_prompt_options){.template = "chat", .system = "B\nb", .suffix = "", .separator = "##"},
                 &s));
    assert_string_equal(s.separator, "##");
    lem_prompt_settings_release(&s);
    FAILS(open_with(&(lem_prompt_options){.system = "A"}, &s), LEM_EUSAGE,
          "--system 'A' conflicts with /tmp/");
    assert_non_null(strstr(err.text, "/lemma.json"));
    assert_non_null(strstr(err.text, "'B\\nb'"));
    assert_non_null(strstr(err.text, "--prompt-from options"));
    FAILS(open_with(&(lem_prompt_options){.system = ""}, &s), LEM_EUSAGE, "--system none conflicts");
    FAILS(open_with(&(lem_prompt_options){.suffix = "think"}, &s), LEM_EUSAGE, "--suffix 'think' conflicts");
    assert_non_null(strstr(err.text, "trained with none"));
    FAILS(open_with(&(lem_prompt_options){.template = "plain"}, &s), LEM_EUSAGE,
          "--template 'plain' conflicts");
    /* --prompt-from options: the folder is not asked, not even if its file is damaged. */
    put_file(dir, "lemma.json", "{");
    OK(open_with(&(lem_prompt_options){.system = "A", .from = "options"}, &s));
    assert_string_equal(s.system, "A");
    assert_int_equal(s.told, LEM_PROMPT_TOLD_SYSTEM);
    lem_prompt_settings_release(&s);
    FAILS(open_with(&(lem_prompt_options){.from = "folder"}, &s), LEM_EDATA, "lemma.json");
}

static void options_alone(void **state) {
    (void)state;
    lem_prompt_settings s;
    lem_prompt_options o = {.template = "plain", .system = ""};
    OK(lem_prompt_settings_open("/nonexistent", &o, &s, &err));
    assert_int_equal(s.template, LEM_PROMPT_PLAIN);
    assert_null(s.system);
    assert_int_equal(s.told, LEM_PROMPT_TOLD_TEMPLATE | LEM_PROMPT_TOLD_SYSTEM);
    FAILS(lem_prompt_settings_open(NULL, &(lem_prompt_options){.from = "saved"}, &s, &err), LEM_EUSAGE,
          "--prompt-from 'saved' is neither folder nor options");
    FAILS(lem_prompt_settings_open(NULL, &(lem_prompt_options){.separator = ""}, &s, &err), LEM_EUSAGE,
          "must not be empty");
    /* A long text is cut between characters in the message. */
    char text[400];
    for (int i = 0; i < 100; i++) memcpy(text + 3 * i, "\xe2\x82\xac", 4);
    put_file(dir, "lemma.json", "{\"format\":1,\"prompt\":{\"system\":\"B\"}}");
    FAILS(open_with(&(lem_prompt_options){.system = text}, &s), LEM_EUSAGE, "\xe2\x82\xac...'");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(round_trip), cmocka_unit_test(every_form),
                                       cmocka_unit_test(refusals), cmocka_unit_test(options_beside_a_file),
                                       cmocka_unit_test(options_alone)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
