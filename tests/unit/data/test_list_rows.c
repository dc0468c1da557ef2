/* test_list_rows - every kind of rows about graded responses becomes the same lists; what is refused; lists
 * of one problem stay on one side of a split */
#include "core/buf.h"
#include "core/file.h"
#include "core/mem.h"
#include "data/dataset.h"
#include "data/list_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char dir[] = "/tmp/lemma-list-rows-XXXXXX";
static lem_tokenizer *tok;

static const char *write_file(const char *text) {
    static char path[128]; /* of this test program only */
    lem_err err = LEM_ERR_INIT;
    snprintf(path, sizeof path, "%s/rows.jsonl", dir);
    assert_int_equal(lem_file_write_atomic(path, text, strlen(text), &err), LEM_OK);
    return path;
}

static int setup(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    if (!mkdtemp(dir)) return 1;
    lem_bpe_train_opts o = {.vocab = 300, .split_digits = true};
    lem_bpe_trainer *t = lem_bpe_trainer_new(&o, &err);
    const char *text = "two plus two is four + and - The answer is \\boxed{4}.";
    int rc = !t || lem_bpe_trainer_add(t, text, strlen(text), &err) || lem_bpe_trainer_finish(t, &tok, &err);
    lem_bpe_trainer_free(t);
    return rc;
}

static int teardown(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_tokenizer_free(tok);
    return lem_dir_remove(dir, &err);
}

/* All lists of a file as text, one a line; each is {problem, responses, labels} alone. */
static lem_status lists_of(const char *text, lem_buf *out, lem_err *err) {
    lem_list_rows *r = NULL;
    lem_json *row = NULL;
    uint64_t line;
    lem_status st = lem_list_rows_open_as(write_file(text), &(lem_list_rows_opts){.limit = -1}, &r, err);
    lem_buf_clear(out);
    while (st == LEM_OK) {
        st = lem_list_rows_next(r, &row, &line, err);
        if (st || !row) break;
        lem_buf_printf(out, "%d ", (int)line);
        lem_json_write(row, 0, out);
        lem_buf_putc(out, '\n');
        lem_json_free(row);
    }
    lem_list_rows_close(r);
    return st;
}

#define TURNS(q, a)                                                                                          \
    "[{\"role\":\"system\",\"content\":\"s\"},{\"role\":\"user\",\"content\":\"" q                           \
    "\"},{\"role\":\"assistant\",\"content\":\"" a "\"}]"
#define GPT(q, a) "[{\"from\":\"human\",\"value\":\"" q "\"},{\"from\":\"gpt\",\"value\":\"" a "\"}]"
#define LIST(q, good, bad)                                                                                   \
    "{\"problem\":\"" q "\",\"responses\":[\"" good "\",\"" bad "\"],\"labels\":[1,0]}\n"

static void kinds(void **state) {
    (void)state;
    static const char *const files[] = {
        LIST("p", "g", "b") LIST("q", "h", "c"),
        "{\"prompt\":\"p\",\"chosen\":[\"g\"],\"rejected\":[\"b\"]}\n"
        "{\"prompt\":\"q\",\"chosen\":[\"h\"],\"rejected\":[\"c\"]}\n",
        "{\"prompt\":\"p\",\"chosen\":\"g\",\"rejected\":\"b\"}\n"
        "{\"prompt\":[{\"role\":\"user\",\"content\":\"q\"}],\"chosen\":[{\"role\":\"assistant\",\"content\":"
        "\"h\"}],\"rejected\":\"c\"}\n",
        "{\"chosen\":" TURNS("p", "g") ",\"rejected\":" TURNS(
            "p", "b") "}\n"
                      "{\"chosen\":" GPT("q", "h") ",\"rejected\":" GPT("q", "c") "}\n",
        "{\"prompt\":\"p\",\"completion\":\"g\",\"label\":true}\n"
        "{\"prompt\":\"p\",\"completion\":\"b\",\"label\":false}\n"
        "{\"prompt\":\"q\",\"completion\":\"h\",\"label\":1}\n{\"prompt\":\"q\",\"completion\":\"c\","
        "\"label\":0}\n",
    };
    lem_buf got = {0};
    lem_err err = LEM_ERR_INIT;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (lists_of(files[i], &got, &err) != LEM_OK) fail_msg("%zu: %s", i, err.text);
        if (i < 4) assert_string_equal(lem_buf_str(&got), "1 " LIST("p", "g", "b") "2 " LIST("q", "h", "c"));
        else assert_string_equal(lem_buf_str(&got), "1 " LIST("p", "g", "b") "3 " LIST("q", "h", "c"));
    }
    lem_buf_release(&got);
}

/* AceMath's rows in any order: by the user's turn, not by where they stand. */
static void regrouped(void **state) {
    (void)state;
    lem_buf got = {0};
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(
        lists_of(
            "{\"message\":" TURNS(
                "p", "a") ",\"label\":0}\n"
                          "{\"message\":" TURNS(
                              "q", "b") ",\"label\":1}\n"
                                        "{\"message\":" TURNS(
                                            "p", "c") ",\"label\":1.0}\n"
                                                      "{\"message\":" TURNS(
                                                          "p ", "d") ",\"label\":1}\n"
                                                                     "{\"message\":" TURNS(
                                                                         "q", "e") ",\"label\":0}\n"
                                                                                   "{\"message\":" TURNS(
                                                                                       "p",
                                                                                       "a") ",\"label\":0}\n",
            &got, &err),
        LEM_OK);
    assert_string_equal(lem_buf_str(&got),
                        "1 {\"problem\":\"p\",\"responses\":[\"a\",\"c\",\"a\"],\"labels\":[0,1,0]}\n"
                        "2 {\"problem\":\"q\",\"responses\":[\"b\",\"e\"],\"labels\":[1,0]}\n"
                        "4 {\"problem\":\"p \",\"responses\":[\"d\"],\"labels\":[1]}\n");
    lem_buf many = {0}; /* more groups than the first table has */
    for (int i = 0; i < 3000; i++)
        lem_buf_printf(&many, "{\"prompt\":\"p%d\",\"completion\":\"r%d\",\"label\":%d}\n", i % 1500, i,
                       i < 1500);
    assert_int_equal(lists_of(lem_buf_str(&many), &got, &err), LEM_OK);
    int lines = 0;
    for (const char *s = lem_buf_str(&got); (s = strchr(s, '\n')); s++) lines++;
    assert_int_equal(lines, 1500);
    assert_non_null(
        strstr(lem_buf_str(&got), "{\"problem\":\"p7\",\"responses\":[\"r7\",\"r1507\"],\"labels\":[1,0]}"));
    lem_buf_release(&many);
    lem_buf_release(&got);
}

/* NeMo-RL's ranks: the lowest is right. Rows that are no list of one turn are left out, and counted. */
static void ranks_and_longer_conversations(void **state) {
    (void)state;
    static const char ranks[] = "{\"context\":[{\"role\":\"user\",\"content\":\"p\"}],\"completions\":[{"
                                "\"rank\":1,\"completion\":[{\"role\":"
                                "\"assistant\",\"content\":\"b\"}]},{\"rank\":0,\"completion\":[{\"role\":"
                                "\"assistant\",\"content\":\"g\"}]},{"
                                "\"rank\":2,\"completion\":[{\"role\":\"assistant\",\"content\":\"c\"}]}]}\n";
    static const char longer[] = "{\"chosen\":[{\"role\":\"user\",\"content\":\"o\"},{\"role\":\"assistant\","
                                 "\"content\":\"x\"},{\"role\":"
                                 "\"user\",\"content\":\"p\"},{\"role\":\"assistant\",\"content\":\"g\"}],"
                                 "\"rejected\":[{\"role\":\"user\","
                                 "\"content\":\"o\"},{\"role\":\"assistant\",\"content\":\"x\"},{\"role\":"
                                 "\"user\",\"content\":\"p\"},{\"role\":"
                                 "\"assistant\",\"content\":\"b\"}]}\n{\"chosen\":" TURNS(
                                     "p", "g") ",\"rejected\":" TURNS("p", "b") "}\n";
    lem_buf got = {0};
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lists_of(ranks, &got, &err), LEM_OK);
    assert_string_equal(lem_buf_str(&got),
                        "1 {\"problem\":\"p\",\"responses\":[\"b\",\"g\",\"c\"],\"labels\":[0,1,0]}\n");
    assert_int_equal(lists_of(longer, &got, &err), LEM_OK);
    assert_string_equal(lem_buf_str(&got), "2 " LIST("p", "g", "b"));
    lem_list_rows *r = NULL;
    lem_json *row = NULL;
    uint64_t line;
    assert_int_equal(lem_list_rows_open_as(write_file(longer), &(lem_list_rows_opts){.limit = -1}, &r, &err),
                     LEM_OK);
    while (lem_list_rows_next(r, &row, &line, &err) == LEM_OK && row) lem_json_free(row);
    assert_true(lem_list_rows_read(r) == 2 && lem_list_rows_left_out(r) == 1);
    lem_list_rows_close(r);
    lem_buf_release(&got);
}

/* Groups over several files, with their system texts where these are asked for. */
static void groups_over_files(void **state) {
    (void)state;
    static char first[128];
    lem_err err = LEM_ERR_INIT;
    lem_list_rows *r = NULL;
    lem_json *row = NULL;
    uint64_t line;
    lem_buf got = {0};
    snprintf(first, sizeof first, "%s/first.jsonl", dir);
    static const char one[] =
        "{\"message\":" TURNS("p", "a") ",\"label\":0}\n{\"message\":" TURNS("q", "b") ",\"label\":1}\n";
    assert_int_equal(lem_file_write_atomic(first, one, sizeof one - 1, &err), LEM_OK);
    const char *paths[] = {first, write_file("{\"message\":" TURNS("p", "c") ",\"label\":1}\n")};
    const lem_list_rows_opts o = {.keep_system = true, .limit = -1};
    assert_int_equal(lem_list_rows_open_all(paths, 2, &o, &r, &err), LEM_OK);
    while (lem_list_rows_next(r, &row, &line, &err) == LEM_OK && row) {
        lem_json_write(row, 0, &got);
        lem_json_free(row);
    }
    assert_string_equal(lem_buf_str(&got),
                        "{\"system\":\"s\",\"problem\":\"p\",\"responses\":[\"a\",\"c\"],\"labels\":[0,1]}"
                        "{\"system\":\"s\",\"problem\":\"q\",\"responses\":[\"b\"],\"labels\":[1]}");
    lem_list_rows_close(r);
    lem_buf_release(&got);
}

static void refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"{\"a\":1,\"b\":2}\n", "rows.jsonl:1: a response list needs 'problem'"},
        {"{\"a\":1,\"b\":2}\n", "the columns are a, b"},
        {LIST("p", "g", "b") "{\"x\":1}\n", ""}, /* lists are checked by who reads them */
        {"{\"prompt\":\"p\",\"chosen\":\"g\",\"rejected\":\"b\"}\n{\"prompt\":\"p\"}\n", "rows.jsonl:2"},
        {"{\"prompt\":\"p\",\"chosen\":5,\"rejected\":\"b\"}\n", "chosen: a text"},
        {"{\"chosen\":\"g\",\"rejected\":\"b\"}\n", "without a prompt"},
        {"{\"chosen\":" TURNS("p", "g") ",\"rejected\":" TURNS("o", "b") "}\n", "another prompt"},
        {"{\"prompt\":\"p\",\"chosen\":[\"g\",7],\"rejected\":[\"b\"]}\n", "chosen[1]: text expected"},
        {"{\"message\":" TURNS("p", "a") ",\"label\":2}\n", "label: 0 or 1"},
        {"{\"message\":" TURNS("p", "a") ",\"label\":1}\n{\"message\":[],\"label\":1}\n", "rows.jsonl:2"},
        {"{\"message\":[{\"role\":\"user\",\"content\":\"p\"}],\"label\":1}\n", "a reply expected"},
        {"{\"message\":[{\"role\":\"user\",\"content\":\"p\"},{\"role\":\"user\",\"content\":\"p\"}],"
         "\"label\":1}\n",
         "a second turn"},
        {"{\"message\":[{\"role\":\"tool\",\"content\":\"p\"}],\"label\":1}\n", "role 'tool'"},
    };
    lem_buf got = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        lem_err err = LEM_ERR_INIT;
        lem_status st = lists_of(bad[i].text, &got, &err);
        assert_int_equal(st, *bad[i].says ? LEM_EDATA : LEM_OK);
        if (*bad[i].says && !strstr(err.text, bad[i].says)) fail_msg("%zu: %s", i, err.text);
    }
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lists_of("", &got, &err), LEM_OK);
    lem_buf_release(&got);
}

/* RLHFlow's form: what a list's responses begin with is shared, and beginning and rest are what scoring reads
 * up to the token before the sign. */
static void whole_turns(void **state) {
    (void)state;
    static const char *const responses[] = {"two plus two", "two plus", "two plus two is four"};
    const char *path =
        write_file("{\"problem\":\"how many\",\"responses\":[\"two plus two\",\"two plus\",\"two "
                   "plus two is four\"],\"labels\":[0.25,1,0],\"weights\":[1,2.5,0]}\n");
    lem_prompt_recipe how = {.form = LEM_PROMPT_WHOLE_TURN, .separator = "\n\n"};
    lem_lists_how load = {&how, 200, -1, NULL, true};
    lem_lists l = {0};
    lem_drop_counts d = {0};
    lem_rendering r = {{0}, NULL, 0, 0};
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_prompt_recipe_find(&how, tok, dir, &err), LEM_OK);
    assert_int_equal(lem_lists_load(&l, path, tok, &load, &d, NULL, &err), LEM_OK);
    assert_int_equal(l.n, 1);
    assert_true(l.list[0].prompt > 10); /* the frame and the common words */
    for (int k = 0; k < 3; k++) {
        const struct lem_list_response *p = &l.response[k];
        assert_int_equal(
            lem_prompt_solution(&how, tok, "how many", responses[k], strlen(responses[k]), &r, &err), LEM_OK);
        assert_int_equal(r.n_at, 1);
        assert_int_equal(r.at[0], l.list[0].prompt + p->len - 1); /* the score stands at the last */
        assert_int_equal(r.ids.data[r.at[0] + 1], how.good);
        assert_memory_equal(r.ids.data, l.ids + l.list[0].at, (size_t)l.list[0].prompt * sizeof(int32_t));
        assert_memory_equal(r.ids.data + l.list[0].prompt, l.ids + p->at, (size_t)p->len * sizeof(int32_t));
        assert_true(p->len >= 1);
    }
    assert_true(l.response[0].soft == 0.25f && l.response[0].label == 0);
    assert_true(l.response[1].weight == 2.5f && l.response[2].weight == 0);
    load.soft = false;
    assert_int_equal(lem_lists_load(&l, path, tok, &load, &d, NULL, &err), LEM_EDATA);
    lem_rendering_release(&r);
    lem_lists_release(&l);
}

static void weights_are_checked(void **state) {
    (void)state;
    static const char *const bad[] = {"[1]", "[1,-1]", "[1,\"2\"]", "3"};
    lem_prompt_recipe how = {.form = LEM_PROMPT_REPLY_END};
    lem_lists_how load = {&how, 200, -1, NULL, false};
    for (int i = 0; i < 4; i++) {
        char text[200];
        lem_lists l = {0};
        lem_drop_counts d = {0};
        lem_err err = LEM_ERR_INIT;
        snprintf(text, sizeof text,
                 "{\"problem\":\"p\",\"responses\":[\"a\",\"b\"],\"labels\":[1,0],\"weights\":%s}\n", bad[i]);
        assert_int_equal(lem_lists_load(&l, write_file(text), tok, &load, &d, NULL, &err), LEM_EDATA);
        assert_non_null(strstr(err.text, "weights"));
        lem_lists_release(&l);
    }
}

static void split_text(lem_buf *b, int from, int to) {
    for (int i = from; i < to; i++)
        lem_buf_printf(b, "{\"problem\":\"p%d\",\"responses\":[\"a\",\"b\"],\"labels\":[1,0]}\n", i % 300);
}

/* Which problems are apart: one bit each. */
static void split_of(const char *text, double share, uint64_t seed, lem_lists *l, lem_lists *val) {
    lem_prompt_recipe how = {.form = LEM_PROMPT_REPLY_END};
    lem_lists_how load = {&how, 200, -1, NULL, false};
    lem_drop_counts d = {0};
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_lists_load(l, write_file(text), tok, &load, &d, NULL, &err), LEM_OK);
    assert_int_equal(lem_lists_split(l, share, seed, val, &err), LEM_OK);
}

static bool is_in(const lem_lists *l, uint64_t problem) {
    for (uint64_t i = 0; i < l->n; i++)
        if (l->list[i].problem == problem) return true;
    return false;
}

static void split_by_problem(void **state) {
    (void)state;
    lem_buf b = {0};
    lem_lists l = {0}, val = {0}, more = {0}, more_val = {0}, other = {0}, other_val = {0}, none = {0},
              no_val;
    lem_err err = LEM_ERR_INIT;
    uint64_t problems, apart;
    split_text(&b, 0, 700); /* 300 problems, twice and more */
    split_of(lem_buf_str(&b), 0.2, 1, &l, &val);
    assert_int_equal(l.n + val.n, 700);
    assert_int_equal(lem_lists_count_problems(&l, &problems, &err), LEM_OK);
    assert_int_equal(lem_lists_count_problems(&val, &apart, &err), LEM_OK);
    assert_int_equal(problems + apart, 300);
    assert_in_range(apart, 35, 85); /* 60 expected, sigma 7 */
    for (uint64_t i = 0; i < val.n; i++) assert_false(is_in(&l, val.list[i].problem));
    /* the side of a problem does not depend on what else is there, but on the seed */
    lem_buf_clear(&b);
    split_text(&b, 100, 200);
    split_of(lem_buf_str(&b), 0.2, 1, &more, &more_val);
    for (uint64_t i = 0; i < more_val.n; i++) assert_true(is_in(&val, more_val.list[i].problem));
    for (uint64_t i = 0; i < more.n; i++) assert_true(is_in(&l, more.list[i].problem));
    split_of(lem_buf_str(&b), 0.2, 2, &other, &other_val);
    int moved = 0;
    for (uint64_t i = 0; i < other_val.n; i++) moved += is_in(&more, other_val.list[i].problem);
    assert_true(moved > 5);
    split_of(lem_buf_str(&b), 0, 1, &none, &no_val);
    assert_int_equal(no_val.n, 0);
    lem_lists_release(&l);
    lem_lists_release(&more);
    lem_lists_release(&other);
    lem_lists_release(&none);
    lem_buf_release(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(kinds),
                                       cmocka_unit_test(regrouped),
                                       cmocka_unit_test(ranks_and_longer_conversations),
                                       cmocka_unit_test(groups_over_files),
                                       cmocka_unit_test(refused),
                                       cmocka_unit_test(whole_turns),
                                       cmocka_unit_test(weights_are_checked),
                                       cmocka_unit_test(split_by_problem)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
