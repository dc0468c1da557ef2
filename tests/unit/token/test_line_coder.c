/* test_line_coder.c - lines to ids and back: order and bytes whatever the threads, errors with their line */
#include "token/line_coder.h"

#include "core/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../checks.h"

static lem_tokenizer *tokenizer;

static int make_tokenizer(void **state) {
    (void)state;
    static const char text[] = "one two one two one three";
    lem_bpe_train_opts o = {.vocab = 270};
    lem_bpe_trainer *b = lem_bpe_trainer_new(&o, &err);
    assert_non_null(b);
    OK(lem_bpe_trainer_add(b, text, sizeof text - 1, &err));
    OK(lem_bpe_trainer_finish(b, &tokenizer, &err));
    lem_bpe_trainer_free(b);
    return 0;
}

static int free_tokenizer(void **state) {
    (void)state;
    lem_tokenizer_free(tokenizer);
    return 0;
}

static lem_status append(void *ctx, const char *text, size_t len, lem_err *e) {
    (void)e;
    lem_buf_add(ctx, text, len);
    return LEM_OK;
}

typedef struct coded {
    lem_buf out;
    lem_line_counts counts;
    lem_status st;
} coded;

static char path[] = "/tmp/lemma-lines-XXXXXX";

/* The caller releases .out. */
static coded code(const char *text, size_t len, lem_line_coding how, int threads, lem_cancel *cancel) {
    coded c = {.st = LEM_OK};
    lem_lines *in = NULL;
    lem_pool *pool = threads ? lem_pool_new(threads, &err) : NULL;
    OK(lem_file_write_atomic(path, text, len, &err));
    OK(lem_lines_open(path, 0, &in, &err));
    if (how.limit == 0) how.limit = -1;
    how.source = "lines";
    c.st = lem_line_code(tokenizer, &how, in, pool, cancel, append, &c.out, &c.counts, &err);
    lem_lines_close(in);
    lem_pool_free(pool);
    return c;
}

static coded code_text(const char *text, lem_line_coding how) {
    return code(text, strlen(text), how, 0, NULL);
}

static void there_and_back(void **state) {
    (void)state;
    lem_buf text = {0};
    for (int i = 0; i < 3000; i++) lem_buf_printf(&text, "%s %d two\n", i % 3 ? "one" : "", i);
    lem_line_coding encode = {.decode = false}, decode = {.decode = true};
    coded one = code(text.data, text.len, encode, 1, NULL), four = code(text.data, text.len, encode, 4, NULL);
    OK(one.st);
    OK(four.st);
    assert_int_equal(one.counts.lines, 3000);
    assert_int_equal(one.counts.bytes, text.len - 3000);
    assert_int_equal(one.counts.tokens, four.counts.tokens);
    assert_string_equal(lem_buf_str(&one.out), lem_buf_str(&four.out)); /* whatever the threads */
    coded back = code(one.out.data, one.out.len, decode, 4, NULL);
    OK(back.st);
    assert_string_equal(lem_buf_str(&back.out), lem_buf_str(&text));
    assert_int_equal(back.counts.tokens, one.counts.tokens);
    lem_buf_release(&one.out);
    lem_buf_release(&four.out);
    lem_buf_release(&back.out);
    lem_buf_release(&text);
}

static void pieces_and_counts(void **state) {
    (void)state;
    coded c = code_text("one two\n", (lem_line_coding){.pieces = true});
    OK(c.st);
    assert_non_null(strstr(lem_buf_str(&c.out), "\"one\""));
    lem_buf_release(&c.out);
    c = code_text("one two\none\n", (lem_line_coding){.count_only = true});
    OK(c.st);
    assert_int_equal(c.out.len, 0);
    assert_int_equal(c.counts.lines, 2);
    assert_true(c.counts.tokens > 0);
    lem_buf_release(&c.out);
    c = code_text("one\ntwo\nthree\n", (lem_line_coding){.limit = 2});
    OK(c.st);
    assert_int_equal(c.counts.lines, 2);
    lem_buf_release(&c.out);
}

static void lines_that_are_no_ids(void **state) {
    (void)state;
    static const struct {
        const char *text, *words;
    } bad[] = {{"[1]\n{}\n", ":2: an array of ids expected, found object"},
               {"[1]\n[1]\n[1,99999]\n", ":3: element 1 is no id of this vocabulary (0.."},
               {"[-1]\n", ":1: element 0 is no id"},
               {"[1\n", ":1: "}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        coded c = code_text(bad[i].text, (lem_line_coding){.decode = true});
        assert_int_equal(c.st, LEM_EDATA);
        if (!strstr(err.text, bad[i].words) || strncmp(err.text, "lines:", 6) != 0) fail_msg("%s", err.text);
        lem_buf_release(&c.out);
    }
}

static void interrupted(void **state) {
    (void)state;
    lem_cancel cancel = {.requested = 1};
    coded c = code("one\n", 4, (lem_line_coding){.decode = false}, 0, &cancel);
    assert_int_equal(c.st, LEM_EINTR);
    assert_true(c.out.len > 0); /* what was read is handed on first */
    lem_buf_release(&c.out);
}

static lem_status refuse(void *ctx, const char *text, size_t len, lem_err *e) {
    (void)ctx;
    (void)text;
    (void)len;
    return lem_fail(e, LEM_EIO, "full");
}

static void a_sink_that_fails(void **state) {
    (void)state;
    lem_lines *in = NULL;
    lem_line_coding how = {.limit = -1};
    lem_line_counts counts = {.lines = 77};
    OK(lem_file_write_atomic(path, "one\n", 4, &err));
    OK(lem_lines_open(path, 0, &in, &err));
    FAILS(lem_line_code(tokenizer, &how, in, NULL, NULL, refuse, NULL, &counts, &err), LEM_EIO, "full");
    assert_int_equal(counts.lines, 77); /* written on success only */
    lem_lines_close(in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),        cmocka_unit_test(pieces_and_counts),
        cmocka_unit_test(lines_that_are_no_ids), cmocka_unit_test(interrupted),
        cmocka_unit_test(a_sink_that_fails),
    };
    int fd = mkstemp(path);
    if (fd < 0) return 1;
    close(fd);
    int failed = cmocka_run_group_tests(tests, make_tokenizer, free_tokenizer);
    unlink(path);
    return failed;
}
