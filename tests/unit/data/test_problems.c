/* test_problems.c - rows of problems: fields by name or map, keys, prompts, too long ones; output rows */
#include "core/file.h"
#include "core/mem.h"
#include "data/problems.h"

#include <stdio.h>
#include <stdlib.h>

#include "../checks.h"

static char dir[] = "/tmp/lemma-problems-XXXXXX";
static lem_tokenizer *tok;

static const char *write_file(const char *name, const char *text) {
    static char path[128]; /* of this test program only */
    snprintf(path, sizeof path, "%s/%s", dir, name);
    OK(lem_file_write_atomic(path, text, strlen(text), &err));
    return path;
}

static int setup(void **state) {
    (void)state;
    if (!mkdtemp(dir)) return 1;
    lem_bpe_trainer *t = lem_bpe_trainer_new(&(lem_bpe_train_opts){.vocab = 300}, &err);
    OK(lem_bpe_trainer_add(t, "two plus two", 12, &err));
    OK(lem_bpe_trainer_finish(t, &tok, &err));
    lem_bpe_trainer_free(t);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    lem_tokenizer_free(tok);
    return lem_dir_remove(dir, &err);
}

static lem_json *parsed(const char *text) {
    lem_json *v = NULL;
    OK(lem_json_parse(text, strlen(text), &v, &err));
    return v;
}

static void fields(void **state) {
    (void)state;
    lem_problems p;
    const char *path = write_file("a.jsonl", "{\"question\":\"two?\",\"answer\":\"so\\n#### 42 \"}\n\n"
                                             "{\"problem\":\"q\",\"question\":\"no\",\"id\":7,\"gt\":3}\n"
                                             "{\"problem\":\"q\",\"id\":\"x\",\"expected_answer\":null}\n");
    OK(lem_problems_load(path, NULL, -1, NULL, &p, &err));
    assert_int_equal(p.n, 3);
    assert_string_equal(p.at[0].problem, "two?");
    assert_string_equal(p.at[0].expected, "42");
    assert_string_equal(lem_json_str(p.at[0].id, ""), "0");
    assert_int_equal(p.at[1].line, 3);
    assert_string_equal(p.at[1].problem, "q");
    assert_string_equal(p.at[1].expected, "3");
    assert_int_equal(lem_json_int(p.at[1].id, 0), 7);
    assert_null(p.at[2].expected);
    assert_true(p.at[1].key != p.at[2].key); /* the id counts */
    lem_problems_release(&p);
    lem_json *map = parsed("[\"problem=a.b\",\"id=question\"]");
    path = write_file("b.jsonl", "{\"a\":{\"b\":\"deep\"},\"question\":\"no\"}\n{\"a\":1}\n");
    OK(lem_problems_load(path, map, 1, NULL, &p, &err));
    assert_int_equal(p.n, 1);
    assert_string_equal(p.at[0].problem, "deep");
    assert_string_equal(lem_json_str(p.at[0].id, ""), "no");
    lem_problems_release(&p);
    FAILS(lem_problems_load(path, map, -1, NULL, &p, &err), LEM_EDATA, "b.jsonl:2: no field 'a.b'");
    lem_json_free(map);
}

static void refusals(void **state) {
    (void)state;
    lem_problems p;
    lem_cancel stop = {1};
    lem_json *map = parsed("[\"problm=x\"]");
    const char *path = write_file("c.jsonl", "{\"problem\":5}\n");
    FAILS(lem_problems_load(path, map, -1, NULL, &p, &err), LEM_EUSAGE, "--map");
    FAILS(lem_problems_load(path, NULL, -1, NULL, &p, &err), LEM_EDATA,
          "c.jsonl:1: the problem must be a string");
    FAILS(lem_problems_load(path, NULL, -1, &stop, &p, &err), LEM_EINTR, "interrupted");
    FAILS(lem_problems_load(write_file("d.jsonl", "\n"), NULL, -1, NULL, &p, &err), LEM_EDATA, "no rows");
    lem_json_free(map);
}

/* A reader that gives two golds and leaves out rows of "skip". */
static lem_status two_golds(const void *ctx, const char *file, lem_json *row, lem_problem_parts *out,
                            lem_err *e) {
    (void)file;
    out->skip = lem_json_get(row, "skip") != NULL;
    if (out->skip) return LEM_OK;
    if (lem_json_get(row, "bad")) return lem_fail(e, LEM_EDATA, "field 'bad'");
    out->asked = lem_strdup("asked", e);
    out->tolerance = lem_json_new_num(0.5);
    if (!lem_json_get(row, "lost")) out->golds = parsed(ctx);
    else strcpy(out->no_gold, "it is lost");
    return LEM_OK;
}

static void readers(void **state) {
    (void)state;
    lem_problems p;
    lem_json *row = NULL;
    lem_buf b = {0};
    const lem_problem_reader reader = {"set", two_golds, "[\"1\",\"2\"]", 1};
    lem_problems_opts o = {.limit = -1, .need_gold = true, .reader = &reader};
    const char *path = write_file("r.jsonl", "{\"idx\":7}\n{\"skip\":1}\n{\"lost\":1}\n{\"lost\":2}\n");
    FAILS(lem_problems_read(path, &o, &p, &err), LEM_EDATA,
          "r.jsonl:4: no gold answer: it is lost; --no-gold goes on without"); /* one may lack it */
    o.need_gold = false;
    OK(lem_problems_read(path, &o, &p, &err));
    assert_int_equal(p.n, 3);
    assert_int_equal(p.no_gold, 2);
    assert_string_equal(p.at[0].problem, "asked");
    assert_string_equal(p.at[0].expected, "1");
    assert_null(p.at[1].expected);
    assert_int_equal(p.at[1].line, 3);
    assert_string_equal(lem_json_str(p.at[1].id, ""), "1"); /* its place among those that are taken */
    OK(lem_problem_output(&p.at[0], NULL, 0, &row, &err));
    lem_json_write(row, 0, &b);
    assert_string_equal(
        lem_buf_str(&b),
        "{\"idx\":7,\"id\":7,\"problem\":\"asked\",\"expected_answer\":\"1\",\"expected_answers\":[\"1\","
        "\"2\"],\"gold_tolerance\":0.5,\"benchmark\":\"set\",\"completions\":[],\"finish_reason\":[],"
        "\"tokens\":[],\"logprob\":[]}");
    lem_json_free(row);
    lem_buf_release(&b);
    lem_problems_release(&p);
    path = write_file("s.jsonl", "{\"a\":1}\n{\"bad\":1}\n");
    FAILS(lem_problems_read(path, &o, &p, &err), LEM_EDATA, "s.jsonl:2: field 'bad'");
    o.limit = 1;
    OK(lem_problems_read(path, &o, &p, &err));
    assert_int_equal(p.n, 1);
    lem_problems_release(&p);
    o.limit = -1;
    FAILS(lem_problems_read(write_file("t.jsonl", "{\"skip\":1}\n"), &o, &p, &err), LEM_EDATA, "no rows");
}

static void golds_by_name(void **state) {
    (void)state;
    lem_problems p;
    const lem_problems_opts o = {.limit = -1, .need_gold = true};
    static const struct {
        const char *row, *part;
    } bad[] = {{"{\"problem\":\"q\"}\n",
                "u.jsonl:1: no gold answer: none of the fields expected_answer, answer, gt, "
                "ground_truth is there"},
               {"{\"problem\":\"q\",\"solution\":\"s\"}\n", "columns found: problem, solution; --no-gold"},
               {"{\"problem\":\"q\",\"answer\":[\"1\"]}\n", "a text or a number expected, found array"},
               {"{\"problem\":\"q\",\"answer\":true}\n", "a text or a number expected, found "},
               {"{\"problem\":\"q\",\"answer\":\"reason ####\"}\n", "no gold answer: it is empty"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        FAILS(lem_problems_read(write_file("u.jsonl", bad[i].row), &o, &p, &err), LEM_EDATA, bad[i].part);
    OK(lem_problems_read(write_file("v.jsonl", "{\"problem\":\"q\",\"answer\":0}\n"), &o, &p, &err));
    assert_string_equal(p.at[0].expected, "0");
    lem_problems_release(&p);
}

static void prompts(void **state) {
    (void)state;
    lem_problems p;
    lem_cancel stop = {1};
    lem_prompt_settings plain = {.template = LEM_PROMPT_PLAIN};
    lem_ids want = {0};
    OK(lem_problems_load(write_file("e.jsonl", "{\"problem\":\"two\"}\n{\"problem\":\"two two two two\"}\n"),
                         NULL, -1, NULL, &p, &err));
    OK(lem_tokenizer_encode(tok, "two", 3, false, &want, &err));
    OK(lem_problems_encode(&p, tok, &plain, (int)want.len, NULL, &err));
    assert_int_equal(p.at[0].n_ids, (int)want.len);
    assert_memory_equal(p.ids.data + p.at[0].ids_at, want.data, want.len * sizeof *want.data);
    assert_int_equal(p.longest, (int)want.len);
    assert_true(p.at[1].too_long && !p.at[0].too_long);
    assert_int_equal(p.too_long, 1);
    FAILS(lem_problems_encode(&p, tok, &plain, 9, &stop, &err), LEM_EINTR, "interrupted");
    lem_problems_release(&p);
    OK(lem_problems_load(write_file("f.jsonl", "{\"problem\":\"a\"}\n{\"problem\":\"\"}\n"), NULL, -1, NULL,
                         &p, &err));
    FAILS(lem_problems_encode(&p, tok, &plain, 9, NULL, &err), LEM_EDATA, "f.jsonl:2: the prompt is empty");
    lem_problems_release(&p);
    lem_ids_release(&want);
}

static void output(void **state) {
    (void)state;
    lem_problems p;
    lem_json *row = NULL,
             *c = parsed("{\"text\":\"4\",\"finish_reason\":\"stop\",\"tokens\":2,\"logprob\":-1.5}");
    lem_json *const both[] = {c, c};
    lem_buf b = {0};
    OK(lem_problems_load(write_file("g.jsonl", "{\"question\":\"q\",\"gt\":4,\"x\":[1]}\n"), NULL, -1, NULL,
                         &p, &err));
    OK(lem_problem_output(&p.at[0], both, 2, &row, &err));
    lem_json_write(row, 0, &b);
    lem_buf_putc(&b, '\n');
    lem_json_free(row);
    OK(lem_problem_output(&p.at[0], NULL, 1, &row, &err));
    lem_json_write(row, 0, &b);
    assert_string_equal(
        lem_buf_str(&b),
        "{\"question\":\"q\",\"gt\":4,\"x\":[1],\"id\":\"0\",\"problem\":\"q\",\"expected_answer\":\"4\","
        "\"completions\":[\"4\",\"4\"],\"finish_reason\":[\"stop\",\"stop\"],\"tokens\":[2,2],\"logprob\":[-"
        "1.5,"
        "-1.5]}\n{\"question\":\"q\",\"gt\":4,\"x\":[1],\"id\":\"0\",\"problem\":\"q\",\"expected_answer\":"
        "\"4\","
        "\"completions\":[\"\"],\"finish_reason\":[\"prompt_too_long\"],\"tokens\":[0],\"logprob\":[0]}");
    lem_json_free(row);
    lem_json_free(c);
    lem_buf_release(&b);
    lem_problems_release(&p);
}

/* reencodes stands where it is false for some; one of the input's is not ours. */
static void texts_of_other_tokens(void **state) {
    (void)state;
    lem_problems p;
    lem_json *row = NULL, *same = parsed("{\"text\":\"4\"}"),
             *other = parsed("{\"text\":\"4\",\"reencodes\":false}");
    lem_json *const all[] = {same, other}, *const good[] = {same, same};
    lem_buf b = {0};
    OK(lem_problems_load(write_file("h.jsonl", "{\"problem\":\"q\",\"reencodes\":[false,false]}\n"), NULL, -1,
                         NULL, &p, &err));
    OK(lem_problem_output(&p.at[0], all, 2, &row, &err));
    lem_json_write(lem_json_get(row, "reencodes"), 0, &b);
    assert_string_equal(lem_buf_str(&b), "[true,false]");
    assert_non_null(lem_json_get(row, "input_reencodes"));
    lem_json_free(row);
    OK(lem_problem_output(&p.at[0], good, 2, &row, &err));
    assert_null(lem_json_get(row, "reencodes"));
    lem_json_free(row);
    lem_json_free(same);
    lem_json_free(other);
    lem_buf_release(&b);
    lem_problems_release(&p);
}

static bool keep_odd(const void *ctx, uint64_t row) { return row % 2 == 1 && row < *(const uint64_t *)ctx; }

/* What is left knows its number in the whole input, and is found by it. */
static void some_are_kept(void **state) {
    (void)state;
    lem_problems p;
    uint64_t most = 6;
    lem_buf b = {0};
    for (int i = 0; i < 9; i++) lem_buf_printf(&b, "{\"problem\":\"q%d\"}\n", i);
    OK(lem_problems_load(write_file("k.jsonl", lem_buf_str(&b)), NULL, -1, NULL, &p, &err));
    uint64_t key = p.at[3].key;
    lem_problems_keep(&p, keep_odd, &most);
    assert_int_equal(p.n, 3);
    for (size_t i = 0; i < 3; i++) {
        char want[8];
        snprintf(want, sizeof want, "q%zu", 2 * i + 1);
        assert_string_equal(p.at[i].problem, want);
        assert_string_equal(lem_json_str(p.at[i].id, ""), want + 1); /* ids are those of the whole input */
        assert_int_equal(p.at[i].row, 2 * i + 1);
        assert_int_equal(lem_problems_find(&p, 2 * i + 1), i);
        assert_int_equal(lem_problems_find(&p, 2 * i), 3);
    }
    assert_true(p.at[1].key == key);
    assert_int_equal(lem_problems_find(&p, UINT64_MAX), 3);
    most = 0;
    lem_problems_keep(&p, keep_odd, &most);
    assert_int_equal(p.n, 0);
    assert_int_equal(lem_problems_find(&p, 1), 0);
    lem_problems_release(&p);
    lem_buf_release(&b);
}

/* Groups of rows that follow one another; a prompt that is too long, or a new start, ends one. */
static void shared(void **state) {
    (void)state;
    enum { ROWS = 8, LENGTH = 100 };
    static const int like_before[ROWS] = {0, 70, 60, 10, 90, 31, 40, 90},
                     want[ROWS] = {60, 60, 60, 90, 90, 40, 40, 0};
    lem_problem rows[ROWS] = {0};
    static int32_t ids[ROWS * LENGTH]; /* of this test only */
    for (int i = 0; i < ROWS; i++) {
        for (int k = 0; k < LENGTH; k++)
            ids[i * LENGTH + k] = i && k < like_before[i] ? ids[(i - 1) * LENGTH + k] : 1000 * i + k;
        rows[i] = (lem_problem){.ids_at = (size_t)i * LENGTH, .n_ids = LENGTH, .too_long = i == 7};
    }
    lem_problems p = {.at = rows, .n = ROWS, .ids = {.data = ids, .len = ROWS * LENGTH}};
    lem_problems_share(&p);
    for (int i = 0; i < ROWS; i++) assert_int_equal(rows[i].n_shared, want[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields),        cmocka_unit_test(shared),
        cmocka_unit_test(refusals),      cmocka_unit_test(readers),
        cmocka_unit_test(golds_by_name), cmocka_unit_test(prompts),
        cmocka_unit_test(output),        cmocka_unit_test(texts_of_other_tokens),
        cmocka_unit_test(some_are_kept)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
