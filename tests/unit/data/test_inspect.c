/* test_inspect - what inspect tells of rows: kinds, use of columns, counts, lengths against a recount, the
 * rendered row, licences of cards, problems by line */
#include "core/file.h"
#include "core/mem.h"
#include "data/dataset.h"
#include "data/inspect.h"

#include "../checks.h"

#include <stdio.h>
#include <stdlib.h>

static char dir[] = "/tmp/lemma-inspect-XXXXXX";
static lem_tokenizer *tok;

static const char *put(const char *name, const char *text) {
    static char path[2][256]; /* of this test program only */
    static int next;
    next = !next;
    snprintf(path[next], sizeof path[next], "%s/%s", dir, name);
    OK(lem_file_write_atomic(path[next], text, strlen(text), &err));
    return path[next];
}

static int setup(void **state) {
    (void)state;
    if (!mkdtemp(dir)) return 1;
    lem_bpe_train_opts o = {.vocab = 300, .split_digits = true};
    lem_bpe_trainer *t = lem_bpe_trainer_new(&o, &err);
    const char *text = "two plus two is four.";
    int rc = !t || lem_bpe_trainer_add(t, text, strlen(text), &err) || lem_bpe_trainer_finish(t, &tok, &err);
    lem_bpe_trainer_free(t);
    return rc;
}

static int teardown(void **state) {
    (void)state;
    lem_tokenizer_free(tok);
    return lem_dir_remove(dir, NULL);
}

static lem_json *inspect(const char *path, bool tokens, int problems) {
    const lem_inspect_how how = {.limit = -1, .tokenizer = tokens ? tok : NULL, .max_problems = problems};
    lem_json *o = NULL;
    OK(lem_inspect_rows(&path, 1, &how, &o, &err));
    return o;
}

static int64_t number(const lem_json *o, const char *path) {
    return lem_json_int(lem_json_find(o, path), -1);
}
static const char *text(const lem_json *o, const char *path) {
    return lem_json_str(lem_json_find(o, path), "?");
}

static void kinds_and_counts(void **state) {
    (void)state;
    lem_json *o = inspect(
        put("k.jsonl", "{\"id\":\"a\",\"prompt\":\"p\",\"completion\":\"\",\"label\":true,\"by\":\"x\"}\n"
                       "{\"id\":\"a\",\"prompt\":\"p\",\"completion\":\"c\",\"label\":false}\n"
                       "{\"id\":\"b\",\"prompt\":7,\"completion\":\"c\",\"label\":false}\n"
                       "{\"id\":\"c\",\"prompt\":\"p\",\"completion\":\"c\",\"label\":3}\n"
                       "{\"id\":\"d\",\"prompt\":\"p\",\"completion\":\"\\\\boxed{1}\\\\boxed{2}\","
                       "\"label\":1}\n"),
        false, 1);
    assert_string_equal(text(o, "rows_of.0.kind"), "kto");
    assert_string_equal(text(o, "rows_of.0.evidence"), "columns prompt, completion, label");
    assert_int_equal(number(o, "rows"), 5);
    assert_int_equal(number(o, "use.by.rows"), 1);
    assert_string_equal(text(o, "unused.0"), "by");
    assert_int_equal(lem_json_count(lem_json_get(o, "unused")), 1);
    assert_int_equal(number(o, "counts.empty_replies"), 1);
    assert_int_equal(number(o, "counts.not_to_be_trained"), 1);
    assert_int_equal(number(o, "counts.duplicate_ids"), 1);
    assert_int_equal(number(o, "counts.several_boxed"), 1);
    assert_int_equal(number(o, "problem_count"), 2);
    assert_int_equal(lem_json_count(lem_json_get(o, "problems")), 1);
    assert_non_null(strstr(text(o, "problems.0"), "k.jsonl:3: field 'prompt': text expected, integer found"));
    assert_int_equal(lem_json_kind(lem_json_get(o, "tokens")), LEM_JSON_NULL);
    assert_int_equal(lem_json_kind(lem_json_get(o, "licence")), LEM_JSON_NULL);
    lem_json_free(o);
    o = inspect(put("u.jsonl", "{\"a\":1}\n{\"a\":2}\n"), true, 9);
    assert_string_equal(text(o, "rows_of.0.kind"), "unknown");
    assert_non_null(strstr(text(o, "rows_of.0.evidence"), "the columns are a"));
    assert_int_equal(number(o, "problem_count"), 0);
    lem_json_free(o);
}

/* Lengths, counted again from what sft would load. */
static void lengths(void **state) {
    (void)state;
    lem_buf rows = {0};
    for (int i = 0; i < 200; i++) {
        lem_buf_printf(&rows, "{\"question\":\"two?\",\"answer\":\"");
        for (int k = 0; k < i; k++) lem_buf_puts(&rows, " four 4");
        lem_buf_puts(&rows, ".\"}\n");
    }
    const char *path = put("t.jsonl", lem_buf_str(&rows));
    lem_examples e = {0};
    lem_drop_counts d = {0};
    const lem_sft_load load = {.max_len = 100000, .limit = -1};
    OK(lem_examples_load(&e, path, tok, &load, &d, NULL, &err));
    lem_json *o = inspect(path, true, 9);
    assert_int_equal(number(o, "tokens.total"), d.tokens);
    assert_int_equal(number(o, "tokens.trained"), d.trained);
    assert_int_equal(number(o, "tokens.rows"), 200);
    uint64_t most = e.start[200] - e.start[199]; /* each row is longer than the one before */
    assert_int_equal(number(o, "tokens.max"), most);
    assert_int_equal(number(o, "tokens.min"), e.start[1]);
    assert_int_equal(number(o, "tokens.median"), e.start[101] - e.start[100]);
    assert_int_equal(number(o, "tokens.p90"), e.start[181] - e.start[180]);
    const lem_json *bars = lem_json_find(o, "tokens.histogram");
    uint64_t from = 0, sum = 0;
    for (size_t i = 0; i < lem_json_count(bars); i++) {
        uint64_t to = (uint64_t)number(lem_json_at(bars, i), "up_to"), want = 0;
        for (int k = 0; k < 200; k++) {
            uint64_t n = e.start[k + 1] - e.start[k];
            want += n >= from && n <= to;
        }
        assert_int_equal(number(lem_json_at(bars, i), "rows"), want);
        sum += want;
        from = to + 1;
    }
    assert_int_equal(sum, 200);
    lem_buf line = {0};
    OK(lem_preview_text(lem_json_get(o, "rendered"), &line, &err));
    assert_string_equal(lem_buf_str(&line),
                        "<|im_start|>user\ntwo?<|im_end|>\n<|im_start|>assistant\n[[.<|im_end|>]]\n");
    lem_buf_release(&line);
    lem_buf_release(&rows);
    lem_json_free(o);
    lem_examples_release(&e);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(kinds_and_counts), cmocka_unit_test(lengths)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
