/* test_filter.c - every filter of the table on rows of its own, each with the verdict that it must get; sets
 * of several; settings that make no sense
 *
 * The rows stand in tests/data/filter/NAME.jsonl: {prompt, response, …, expect}, expect: left out. */
#include "../checks.h"
#include "core/mem.h"
#include "core/object.h"
#include "curate/filter.h"
#include "curate/filter_text.h"
#include "rows/rows.h"

#include <stdio.h>
#include <time.h>

static lem_tokenizer *tokens;

static lem_json *json(const char *text) {
    lem_json *v = NULL;
    OK(lem_json_parse(text, strlen(text), &v, &err));
    return v;
}

/* The settings that the rows of each filter were written for. */
static lem_filter_settings settings_for(const char *name, lem_json **owned) {
    lem_filter_settings s = {0};
    *owned = NULL;
    if (strcmp(name, "prompt-words") == 0) s.max_prompt_words = 5;
    if (strcmp(name, "response-words") == 0) s.max_response_words = 5;
    if (strcmp(name, "prompt-tokens") == 0) s.max_prompt_tokens = 8;
    if (strcmp(name, "response-tokens") == 0) s.max_response_tokens = 8;
    s.tokenizer = tokens;
    s.repetition = strcmp(name, "repetition") == 0;
    s.boxed = strcmp(name, "boxed") == 0;
    s.one_box = strcmp(name, "one-box") == 0;
    s.ends_boxed = strcmp(name, "ends-boxed") == 0;
    s.arithmetic = strcmp(name, "arithmetic") == 0;
    if (strcmp(name, "opens") == 0) s.opens = "(?i)(to solve|we need to)\\b";
    if (strcmp(name, "ends") == 0) s.ends = "hope it is correct\\.";
    if (strcmp(name, "match") == 0) s.match = *owned = json("[\"id=^[a-c]\\\\d+$\", \"response=\\\\d\"]");
    if (strcmp(name, "except") == 0)
        s.except = *owned = json("[\"response=(?i)\\\\bas an AI\\\\b\", \"meta.source=^bad\"]");
    if (strcmp(name, "script") == 0) {
        s.script = "latin";
        s.script_share = 0.9;
    }
    if (strcmp(name, "pass-rate") == 0) {
        s.pass_rate = true;
        s.min_pass_rate = 0.2;
        s.max_pass_rate = 0.8;
    }
    if (strcmp(name, "require") == 0) s.require = *owned = json("[\"label\"]");
    if (strcmp(name, "forbid") == 0) s.forbid = *owned = json("[\"meta.synthetic\"]");
    return s;
}

static lem_filter_input input_of(const lem_json *row) {
    const char *p = lem_json_str(lem_json_get(row, "prompt"), ""),
               *r = lem_json_str(lem_json_get(row, "response"), "");
    return (lem_filter_input){row, p, r, strlen(p), strlen(r)};
}

static int table_of(const char *name) {
    char path[400];
    const char *paths[] = {path};
    lem_json *owned;
    lem_filter_settings s = settings_for(name, &owned);
    lem_filter_set *f = NULL;
    lem_rowset *rows = NULL;
    int n = 0, wrong = 0;
    OK(lem_filter_set_new(&s, &f, &err));
    assert_int_equal(lem_filter_set_count(f), 1);
    assert_string_equal(lem_filter_set_at(f, 0)->name, name);
    snprintf(path, sizeof path, "%s/filter/%s.jsonl", LEMMA_TEST_DATA, name);
    OK(lem_rowset_open(paths, 1, NULL, &rows, &err));
    for (lem_json *row = NULL;; n++) {
        OK(lem_rowset_next(rows, &row, &err));
        if (!row) break;
        lem_filter_input in = input_of(row);
        OK(lem_filter_row(f, &in, &err));
        bool want = lem_json_bool(lem_json_get(row, "expect"), false);
        if (lem_filter_failed(f, 0) != want) {
            print_error("%s:%d: %s (%s)\n", path, n + 1, want ? "kept, must go" : "left out, must stay",
                        lem_filter_detail(f, 0));
            wrong++;
        }
        lem_json_free(row);
    }
    assert_true(n >= 20);
    lem_rowset_close(rows);
    lem_filter_set_free(f);
    lem_json_free(owned);
    return wrong;
}

static void every_filter_on_its_rows(void **state) {
    (void)state;
    int wrong = 0;
    for (int i = 0; i < LEM_N_FILTERS; i++) wrong += table_of(lem_filter_at(i)->name);
    assert_int_equal(wrong, 0);
    assert_null(lem_filter_at(LEM_N_FILTERS));
}

static void ask(lem_filter_set *f, const char *prompt, const char *response) {
    lem_filter_input in = {NULL, prompt, response, strlen(prompt), strlen(response)};
    OK(lem_filter_row(f, &in, &err));
}

/* A row that fails several is told by each; the preset is the paper's. */
static void several_at_once(void **state) {
    (void)state;
    lem_filter_settings s = {0};
    lem_filter_set *f = NULL;
    lem_buf b = {0};
    OK(lem_filter_preset("acemath", &s, &err));
    OK(lem_filter_set_new(&s, &f, &err));
    assert_int_equal(lem_filter_set_count(f), 4);
    assert_string_equal(lem_filter_set_why(f, 0), "prompt of more than 300 words");
    assert_string_equal(lem_filter_set_why(f, 1), "response of more than 2500 words");
    for (int i = 0; i < 2501; i++) lem_buf_puts(&b, "ha ");
    ask(f, "p", lem_buf_str(&b));
    assert_false(lem_filter_failed(f, 0));
    for (int i = 1; i < 4; i++) assert_true(lem_filter_failed(f, i));
    assert_string_equal(lem_filter_detail(f, 1), "2501 words");
    assert_string_equal(lem_filter_detail(f, 2), "words in a loop, 2501.0 times: ha");
    ask(f, "p", "\\boxed{4}");
    for (int i = 0; i < 4; i++) assert_false(lem_filter_failed(f, i));
    lem_filter_set_free(f);
    lem_buf_release(&b);
}

static void refused(lem_filter_settings s, const char *part) {
    lem_filter_set *f = NULL;
    FAILS(lem_filter_set_new(&s, &f, &err), LEM_EUSAGE, part);
    assert_null(f);
}

static void settings_that_make_no_sense(void **state) {
    (void)state;
    lem_json *rules = json("[\"response=a\", \"(b\"]"), *open = json("[\"x=(b\"]"), *none = json("[\"=b\"]");
    lem_filter_settings s = {0};
    refused((lem_filter_settings){.max_prompt_tokens = 5}, "--tokenizer");
    refused((lem_filter_settings){.opens = "a("}, "--opens: at byte 2");
    refused((lem_filter_settings){.ends = "[z-a]"}, "--ends");
    refused((lem_filter_settings){.match = rules}, "--match: expected FIELD=REGEX, found '(b'");
    refused((lem_filter_settings){.except = open}, "--except: at byte 2");
    refused((lem_filter_settings){.match = none}, "expected FIELD=REGEX");
    refused((lem_filter_settings){.script = "klingon"}, "is none of latin");
    refused((lem_filter_settings){.pass_rate = true, .min_pass_rate = .5, .max_pass_rate = .4}, "is above");
    FAILS(lem_filter_preset("acemth", &s, &err), LEM_EUSAGE, "none of none, acemath");
    lem_json_free(rules);
    lem_json_free(open);
    lem_json_free(none);
}

/* Patterns that would backtrack for years, and ones that would do so from every place of a long text. */
static void backtracking_gives_up(void **state) {
    (void)state;
    static const char *const patterns[] = {"[\"response=(a+)+$\"]", "[\"response=(a|aa)+\\\\d\"]",
                                           "[\"response=a[^c]*a[^c]*a[^c]*\\\\d\"]",
                                           "[\"response=a[^c]*\\\\d\"]"};
    char *text = lem_alloc(200001, 1, &err);
    assert_non_null(text);
    memset(text, 'a', 200000);
    memcpy(text + 199999, "!", 2);
    for (int i = 0; i < 4; i++) {
        lem_json *rules = json(patterns[i]);
        lem_filter_settings s = {.except = rules};
        lem_filter_set *f = NULL;
        OK(lem_filter_set_new(&s, &f, &err));
        clock_t from = clock();
        ask(f, "", text);
        assert_true((double)(clock() - from) / CLOCKS_PER_SEC < 60);
        assert_true(lem_filter_failed(f, 0));
        assert_string_equal(lem_filter_detail(f, 0), "response: too much backtracking");
        ask(f, "", "short text");
        assert_false(lem_filter_failed(f, 0));
        lem_filter_set_free(f);
        lem_json_free(rules);
    }
    lem_free(text);
}

/* A match in a late window, at the very end, and one that begins inside a window but ends far behind. */
static void matches_anywhere(void **state) {
    (void)state;
    lem_json *rules = json("[\"response=é(x|y)z*Q\"]");
    lem_filter_settings s = {.match = rules};
    lem_filter_set *f = NULL;
    OK(lem_filter_set_new(&s, &f, &err));
    for (size_t at = 0; at < 400; at++) {
        lem_buf b = {0};
        for (size_t i = 0; i < at; i++) lem_buf_puts(&b, i % 3 ? "é" : "o");
        lem_buf_puts(&b, "éx");
        for (int i = 0; i < 300; i++) lem_buf_putc(&b, 'z');
        ask(f, "", lem_buf_str(&b));
        assert_true(lem_filter_failed(f, 0));
        lem_buf_putc(&b, 'Q');
        ask(f, "", lem_buf_str(&b));
        assert_false(lem_filter_failed(f, 0));
        lem_buf_release(&b);
    }
    lem_filter_set_free(f);
    lem_json_free(rules);
}

/* len(text.split()) of Python 3.11, over its own white space. */
static void words_are_pythons(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint64_t n;
    } rows[] = {{"", 0},
                {" a ", 1},
                {"a\xc2\xa0"
                 "b\xe3\x80\x80"
                 "c",
                 3},
                {"a\xe2\x80\x8b"
                 "b",
                 1},
                {"a\x1c"
                 "b\x1f"
                 "c",
                 3},
                {"\xc2\x85"
                 "a\xe2\x80\xa8"
                 "b",
                 2},
                {"\xe1\x9a\x80"
                 "x\xe2\x80\x8a"
                 "y\xe2\x81\x9f"
                 "z",
                 3},
                {"求 解", 2}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(lem_count_words(rows[i].text, strlen(rows[i].text)), rows[i].n);
}

static int set_up(void **state) {
    (void)state;
    OK(lem_tokenizer_load(LEMMA_SOURCE_DIR "/recipes/demo-base", &tokens, &err));
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    lem_tokenizer_free(tokens);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_filter_on_its_rows),
        cmocka_unit_test(several_at_once),
        cmocka_unit_test(settings_that_make_no_sense),
        cmocka_unit_test(backtracking_gives_up),
        cmocka_unit_test(matches_anywhere),
        cmocka_unit_test(words_are_pythons),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
