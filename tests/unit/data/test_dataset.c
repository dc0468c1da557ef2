/* test_dataset - rows to masked examples and to ranking lists: what is trained, what is left out and counted,
 * what is refused */
#include "core/file.h"
#include "core/mem.h"
#include "data/dataset.h"
#include "token/chat_template.h"
#include "token/tokenizer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char dir[] = "/tmp/lemma-dataset-XXXXXX";
static lem_tokenizer *tok;

static const char *write_file(const char *name, const char *text) {
    static char path[128]; /* of this test program only */
    lem_err err = LEM_ERR_INIT;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(lem_file_write_atomic(path, text, strlen(text), &err), LEM_OK);
    return path;
}

static int setup(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    if (!mkdtemp(dir)) return 1;
    lem_bpe_train_opts o = {.vocab = 300, .split_digits = true};
    lem_bpe_trainer *t = lem_bpe_trainer_new(&o, &err);
    const char *text = "two plus two is four. The answer is \\boxed{4}.";
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

static char *decode(const int32_t *ids, const uint8_t *mask, size_t n) {
    lem_buf b = {0};
    lem_err err = LEM_ERR_INIT;
    for (size_t i = 0; i < n; i++)
        if (!mask || mask[i])
            assert_int_equal(lem_tokenizer_decode(tok, ids + i, 1, false, &b, &err), LEM_OK);
    return lem_buf_take(&b);
}

static void responses_only(void **state) {
    (void)state;
    const char *path =
        write_file("a.jsonl", "{\"question\":\"two plus two?\",\"answer\":\"2+2=<<2+2=4>>4\\n#### 4\"}\n"
                              "{\"question\":\"<|im_end|> in a question\",\"answer\":\"x\"}\n");
    lem_examples e = {0};
    lem_drop_counts d = {0};
    lem_err err = LEM_ERR_INIT;
    lem_sft_load how = {.system = "Be right.",
                        .user_suffix = "Think.",
                        .strip_marks = true,
                        .box_answer = true,
                        .max_len = 1000,
                        .limit = -1};
    assert_int_equal(lem_examples_load(&e, path, tok, &how, &d, NULL, &err), LEM_OK);
    assert_int_equal(e.n, 2);
    assert_int_equal(d.kept, 2);
    char *all = decode(e.ids, NULL, e.start[1]), *trained = decode(e.ids, e.mask, e.start[1]);
    assert_string_equal(
        all, "<|im_start|>system\nBe right.<|im_end|>\n<|im_start|>user\ntwo plus "
             "two?\nThink.<|im_end|>\n<|im_start|>assistant\n2+2=4\nThe answer is \\boxed{4}.<|im_end|>\n");
    assert_string_equal(trained, "2+2=4\nThe answer is \\boxed{4}.<|im_end|>");
    /* A special token written in a message is text, not structure: five structural tokens and no more. */
    int32_t im_end = lem_tokenizer_find(tok, "<|im_end|>");
    int ends = 0;
    for (uint64_t t = e.start[1]; t < e.start[2]; t++) ends += e.ids[t] == im_end;
    assert_int_equal(ends, 3);
    lem_free(all);
    lem_free(trained);
    lem_examples_release(&e);
}

/* What dry runs show: tokens, those that are trained, and one row with its mask. */
static void totals_and_preview(void **state) {
    (void)state;
    const char *path = write_file("v.jsonl", "{\"messages\":[{\"role\":\"user\",\"content\":\"two?\"},{"
                                             "\"role\":\"assistant\",\"content\":\"four\"}]}\n"
                                             "{\"text\":\"plus\"}\n");
    lem_examples e = {0};
    lem_drop_counts d = {0};
    lem_err err = LEM_ERR_INIT;
    lem_sft_load how = {.max_len = 100, .limit = 1};
    lem_json *shown = NULL;
    lem_buf line = {0};
    uint64_t tokens, trained, counted = 0;
    assert_int_equal(lem_examples_load(&e, path, tok, &how, &d, NULL, &err), LEM_OK);
    lem_examples_total(&e, &tokens, &trained);
    for (uint64_t i = 1; i < e.start[1]; i++) counted += e.mask[i];
    assert_true(tokens == e.start[1] && tokens == d.tokens);
    assert_true(trained == counted && trained == d.trained && trained > 1 && trained < tokens);
    assert_int_equal(lem_examples_preview(&e, 0, tok, &shown, &err), LEM_OK);
    assert_int_equal(lem_json_int(lem_json_get(shown, "tokens"), -1), tokens);
    assert_int_equal(lem_json_int(lem_json_get(shown, "trained"), -1), trained);
    assert_string_equal(lem_json_str(lem_json_get(shown, "text"), ""),
                        "<|im_start|>user\ntwo?<|im_end|>\n<|im_start|>assistant\nfour<|im_end|>\n");
    assert_int_equal(lem_preview_text(shown, &line, &err), LEM_OK);
    assert_string_equal(lem_buf_str(&line),
                        "<|im_start|>user\ntwo?<|im_end|>\n<|im_start|>assistant\n[[four<|im_end|>]]\n");
    lem_json_free(shown);
    assert_int_equal(lem_examples_preview(&e, 1, tok, &shown, &err), LEM_EDATA);
    lem_buf_release(&line);
    lem_examples_release(&e);
}

/* The trained text of example i. */
static void trained_is(const lem_examples *e, uint64_t i, const char *want) {
    uint64_t a = e->start[i], n = e->start[i + 1] - a;
    char *text = decode(e->ids + a, e->mask + a, n);
    assert_string_equal(text, want);
    lem_free(text);
}

#define U(text) "{\"role\":\"user\",\"content\":\"" text "\"}"
#define A(text) "{\"role\":\"assistant\",\"content\":\"" text "\"}"
#define A0(text) "{\"role\":\"assistant\",\"content\":\"" text "\",\"weight\":0}"

/* The folder's tokenizer with another template; the caller frees. */
static lem_tokenizer *with_template(const char *source) {
    char json[128];
    lem_err err = LEM_ERR_INIT;
    lem_tokenizer *t = NULL;
    assert_int_equal(lem_tokenizer_save(tok, dir, &err), LEM_OK);
    snprintf(json, sizeof json, "%s/tokenizer.json", dir);
    assert_int_equal(lem_tokenizer_load_file(json, write_file("tokenizer_config.json", "{}"), &t, &err),
                     LEM_OK);
    assert_int_equal(lem_chat_use(t, source, strlen(source), &err), LEM_OK);
    return t;
}

/* Nothing is trained that a row marks otherwise, by ChatML and by a template of the folder's own. */
static void what_rows_say_is_kept(void **state) {
    (void)state;
    static const char own[] =
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
    static const char rows[] = "{\"messages\":[" U("a") "," A0("b") "," U("c") "," A(
        "d") "]}\n"
             "{\"messages\":[" U("a") "," A("b") "," U("c") "," A0(
                 "d") "]}\n"
                      "{\"messages\":[" U("a") "," A0("b") "]}\n"
                                                           "{\"messages\":[" U("a") "," A(
                                                               "") "]}\n"
                                                                   "{\"messages\":[" U("a") "," A("") "," U(
                                                                       "c") "," A("d") "]}\n";
    for (int k = 0; k < 2; k++) {
        lem_examples e = {0};
        lem_drop_counts d = {0};
        lem_err err = LEM_ERR_INIT;
        lem_sft_load how = {.max_len = 100, .limit = -1};
        lem_tokenizer *t = tok;
        if (k) t = with_template(own);
        assert_int_equal(lem_examples_load(&e, write_file("w.jsonl", rows), t, &how, &d, NULL, &err), LEM_OK);
        assert_int_equal(e.n, 3);
        trained_is(&e, 0, "d<|im_end|>");
        trained_is(&e, 1, "b<|im_end|>");
        trained_is(&e, 2, "<|im_end|>d<|im_end|>");
        assert_true(d.rows == 5 && d.kept == 3 && d.marked == 1 && d.empty == 1 && d.masked_turns == 2);
        lem_examples_release(&e);
        if (k) lem_tokenizer_free(t);
    }
}

/* What is not trained is read all the same: the ids are those of the row without marks. */
static void marks_change_no_ids(void **state) {
    (void)state;
    lem_examples e = {0};
    lem_drop_counts d = {0};
    lem_err err = LEM_ERR_INIT;
    lem_sft_load how = {.max_len = 100, .limit = -1, .system = "Be right."};
    const char *path = write_file(
        "i.jsonl", "{\"messages\":[" U("a  b ") "," A0(" c\\n") "," U("\\n") "," A(
                       "d") "]}\n"
                            "{\"messages\":[" U("a  b ") "," A(" c\\n") "," U("\\n") "," A("d") "]}\n");
    assert_int_equal(lem_examples_load(&e, path, tok, &how, &d, NULL, &err), LEM_OK);
    assert_int_equal(e.n, 2);
    assert_int_equal(e.start[2] - e.start[1], e.start[1]);
    assert_memory_equal(e.ids, e.ids + e.start[1], e.start[1] * sizeof *e.ids);
    trained_is(&e, 0, "d<|im_end|>");
    trained_is(&e, 1, " c\n<|im_end|>d<|im_end|>");
    lem_examples_release(&e);
}

static void only_what_is_good_is_trained(void **state) {
    (void)state;
    static const struct {
        const char *rows, *trained;
        uint64_t marked;
    } cases[] = {
        {"{\"prompt\":\"a\",\"completion\":\"g\",\"label\":true}\n{\"prompt\":\"a\",\"completion\":\"b\","
         "\"label\":"
         "false}\n",
         "g<|im_end|>", 1},
        {"{\"message\":[" U("a") "," A("b") "],\"label\":0}\n{\"message\":[" U("a") "," A(
             "g") "],\"label\":1}\n",
         "g<|im_end|>", 1},
        {"{\"prompt\":\"a\",\"chosen\":\"g\",\"rejected\":\"b\"}\n", "g<|im_end|>", 0},
        {"{\"prompt\":[" U("a") "," A("x") "," U("c") "],\"completion\":[" A("g") "]}\n", "g<|im_end|>", 0},
        {"{\"context\":[" U("a") "],\"completions\":[{\"rank\":1,\"completion\":[" A(
             "b") "]},{\"rank\":0,\"completion\":[" A("g") "]}]}\n",
         "g<|im_end|>", 0},
        {"{\"instruction\":\"i\",\"input\":\"\",\"output\":\"g\",\"history\":[[\"a\",\"h\"]]}\n",
         "h<|im_end|>g<|im_end|>", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lem_examples e = {0};
        lem_drop_counts d = {0};
        lem_err err = LEM_ERR_INIT;
        lem_sft_load how = {.max_len = 100, .limit = -1};
        lem_status st =
            lem_examples_load(&e, write_file("g.jsonl", cases[i].rows), tok, &how, &d, NULL, &err);
        if (st != LEM_OK || e.n != 1) fail_msg("%zu: %s", i, err.text);
        trained_is(&e, 0, cases[i].trained);
        assert_int_equal(d.marked, cases[i].marked);
        lem_examples_release(&e);
    }
}

static void oddities_are_counted(void **state) {
    (void)state;
    lem_examples e = {0};
    lem_drop_counts d = {0};
    lem_err err = LEM_ERR_INIT;
    lem_sft_load how = {.max_len = 200, .limit = -1};
    const char *path =
        write_file("o.jsonl", "{\"id\":1,\"question\":\"a\",\"answer\":\"\\\\boxed{1} or \\\\boxed{2}\"}\n"
                              "{\"id\":\"1\",\"question\":\"a\",\"answer\":\"\\\\boxed{1}\"}\n"
                              "{\"id\":1,\"question\":\"b\",\"answer\":\"c\"}\n");
    assert_int_equal(lem_examples_load(&e, path, tok, &how, &d, NULL, &err), LEM_OK);
    assert_true(d.kept == 3 && d.several_boxed == 1 && d.duplicate_ids == 1);
    path = write_file("x.jsonl", "{\"problem\":\"p\",\"responses\":[\"a\"],\"labels\":[1]}\n");
    assert_int_equal(lem_examples_load(&e, path, tok, &how, &d, NULL, &err), LEM_EDATA);
    assert_non_null(
        strstr(err.text, "x.jsonl:1: rows of kind lists (response lists) are not what sft trains"));
    path = write_file("y.jsonl", "{\"prompt\":\"p\",\"completion\":\"c\"}\n{\"text\":\"t\"}\n");
    assert_int_equal(lem_examples_load(&e, path, tok, &how, &d, NULL, &err), LEM_EDATA);
    assert_non_null(strstr(err.text, "y.jsonl:2: a row of kind text among rows of kind prompt-completion"));
    lem_examples_release(&e);
}

#define TURN_BEGIN "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}"
#define TURN_END "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
#define CALLS "{% if m.tool_calls %}call {{ m.tool_calls[0].function.name }}{% endif %}"

/* Tools and tool calls reach the template; where it does not write them, that is counted. */
static void tools_reach_the_template(void **state) {
    (void)state;
    static const char rows[] =
        "{\"messages\":[" U("a") ",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"function\":{"
                                 "\"name\":\"plus\"}}]}],\"tools\":[{\"name\":\"four\"}]}\n"
                                 "{\"messages\":[" U("a") "," A("b") "]}\n";
    lem_examples e = {0};
    lem_drop_counts d = {0};
    lem_err err = LEM_ERR_INIT;
    lem_sft_load how = {.max_len = 200, .limit = -1};
    lem_tokenizer *t =
        with_template("{% if tools %}{{ tools[0].name }}!{% endif %}" TURN_BEGIN CALLS TURN_END);
    assert_int_equal(lem_examples_load(&e, write_file("t.jsonl", rows), t, &how, &d, NULL, &err), LEM_OK);
    char *all = decode(e.ids, NULL, e.start[1]);
    assert_string_equal(all,
                        "four!<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\ncall plus<|im_end|>\n");
    trained_is(&e, 0, "call plus<|im_end|>");
    assert_int_equal(d.unread_tools, 0);
    lem_free(all);
    lem_tokenizer_free(t);
    assert_int_equal(lem_examples_load(&e, write_file("t.jsonl", rows), tok, &how, &d, NULL, &err), LEM_OK);
    assert_int_equal(d.unread_tools, 1);
    lem_examples_release(&e);
}

/* ShareGPT's calls: as calls where the template writes these, else as their text. */
static void calls_of_sharegpt(void **state) {
    (void)state;
    static const char row[] =
        "{\"conversations\":[{\"from\":\"human\",\"value\":\"a\"},{\"from\":\"function_call\",\"value\":"
        "\"{\\\"name\\\":\\\"plus\\\",\\\"arguments\\\":{}}\"}]}\n";
    static const struct {
        const char *source, *trained;
    } cases[] = {{TURN_BEGIN CALLS TURN_END, "call plus<|im_end|>"},
                 {TURN_BEGIN TURN_END, "{\"name\":\"plus\",\"arguments\":{}}<|im_end|>"},
                 {"{% for m in messages %}{% if m.tool_calls %}{{ raise_exception('no') }}{% endif %}"
                  "{% endfor %}" TURN_BEGIN TURN_END,
                  "{\"name\":\"plus\",\"arguments\":{}}<|im_end|>"}};
    for (int i = 0; i < 4; i++) {
        lem_examples e = {0};
        lem_drop_counts d = {0};
        lem_err err = LEM_ERR_INIT;
        lem_sft_load how = {.max_len = 200, .limit = -1};
        lem_tokenizer *t = i < 3 ? with_template(cases[i].source) : NULL; /* ChatML last */
        lem_status st = lem_examples_load(&e, write_file("s.jsonl", row), t ? t : tok, &how, &d, NULL, &err);
        if (st != LEM_OK) fail_msg("%d: %s", i, err.text);
        trained_is(&e, 0, cases[i < 3 ? i : 1].trained);
        lem_examples_release(&e);
        lem_tokenizer_free(t);
    }
}

static void counted_and_refused(void **state) {
    (void)state;
    lem_examples e = {0};
    lem_drop_counts d = {0};
    lem_err err = LEM_ERR_INIT;
    lem_sft_load how = {.max_len = 40, .limit = 2};
    const char *path = write_file(
        "b.jsonl",
        "{\"prompt\":\"a\",\"completion\":\"b\"}\n{\"prompt\":\"a very long prompt that certainly takes more "
        "than forty tokens of a small tokenizer\",\"completion\":\"b\"}\n{bad json\n");
    assert_int_equal(lem_examples_load(&e, path, tok, &how, &d, NULL, &err),
                     LEM_OK); /* the limit stops before the bad row */
    assert_int_equal(d.rows, 2);
    assert_int_equal(d.kept, 1);
    assert_int_equal(d.too_long, 1);
    how.limit = -1;
    assert_int_equal(lem_examples_load(&e, path, tok, &how, &d, NULL, &err), LEM_EDATA);
    assert_non_null(strstr(err.text, "b.jsonl:3"));
    path = write_file("c.jsonl", "{\"messages\":[{\"role\":\"user\",\"content\":\"only a question\"}]}\n");
    assert_int_equal(lem_examples_load(&e, path, tok, &how, &d, NULL, &err), LEM_EDATA);
    assert_non_null(strstr(err.text, "c.jsonl:1"));
    assert_non_null(strstr(err.text, "zero tokens"));
    path = write_file("d.jsonl", "{\"foo\":1}\n");
    assert_int_equal(lem_examples_load(&e, path, tok, &how, &d, NULL, &err), LEM_EDATA);
    assert_non_null(strstr(err.text, "--format"));
    path = write_file("e.jsonl", "{\"text\":\"a\"}\n");
    how.cancel = &(lem_cancel){1};
    assert_int_equal(lem_examples_load(&e, path, tok, &how, &d, NULL, &err), LEM_EINTR);
    assert_string_equal(err.text, "interrupted");
    how.cancel = NULL;
    d = (lem_drop_counts){0};
    assert_int_equal(lem_examples_load(&e, path, tok, &how, &d, NULL, &err), LEM_OK);
    assert_true(d.kept == 1 && d.conversations == 0);
    path = write_file("f.jsonl", "{\"prompt\":\"a\",\"completion\":\"b\"}\n{\"text\":\"a\"}\n");
    how.limit = 1;
    assert_int_equal(lem_examples_load(&e, path, tok, &how, &d, NULL, &err), LEM_OK);
    assert_true(d.kept == 2 && d.conversations == 1);
    lem_examples_release(&e);
}

/* What rm train reads of a response is what rm score reads, id for id. */
/* Rows that are too long, under each policy; rows passed over; the domains of rows. */
static void too_long_and_domains(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    const char *path = write_file(
        "long.jsonl",
        "{\"problem\":\"a\",\"solution\":\"b\",\"domain\":\"math\"}\n"
        "{\"problem\":\"two\",\"solution\":\"four four four four four four four\",\"domain\":\"code\"}\n"
        "{\"problem\":\"two plus two plus two plus two plus two\",\"solution\":\"z\"}\n"
        "{\"problem\":\"c\",\"solution\":\"d\",\"domain\":\"math\"}\n");
    lem_sft_load how = {.max_len = 4096, .limit = -1};
    lem_examples all = {0};
    lem_drop_counts d = {0};
    assert_int_equal(lem_examples_load(&all, path, tok, &how, &d, NULL, &err), LEM_OK);
    assert_int_equal(d.kept, 4);
    assert_int_equal(all.domains.n, 3);
    assert_string_equal(all.domains.name[all.domain[0]], "math");
    assert_string_equal(all.domains.name[all.domain[1]], "code");
    assert_string_equal(all.domains.name[all.domain[2]], LEM_DOMAIN_NONE);
    assert_int_equal(all.domain[3], all.domain[0]);
    /* the limit lies inside of the second row's reply, and before that of the third */
    uint64_t first_trained = all.start[1];
    while (!all.mask[first_trained]) first_trained++;
    how.max_len = (int)(first_trained - all.start[1]) + 3;
    assert_true((uint64_t)how.max_len < all.start[2] - all.start[1]);
    for (int over = LEM_OVER_LENGTH_DROP; over <= LEM_OVER_LENGTH_STOP; over++) {
        lem_examples e = {0};
        d = (lem_drop_counts){0};
        how.over = (lem_over_length)over;
        lem_status st = lem_examples_load(&e, path, tok, &how, &d, NULL, &err);
        if (over == LEM_OVER_LENGTH_STOP) {
            assert_int_equal(st, LEM_EDATA);
            assert_non_null(strstr(err.text, "long.jsonl:2: "));
        } else {
            bool cut = over == LEM_OVER_LENGTH_CUT;
            assert_int_equal(st, LEM_OK);
            assert_int_equal(d.rows, 4);
            assert_int_equal(d.kept, cut ? 3 : 2);
            assert_int_equal(d.cut, cut ? 1 : 0);
            assert_int_equal(d.too_long, cut ? 1 : 2);
            assert_int_equal(d.kept + d.too_long, d.rows);
            if (cut) {
                assert_int_equal(e.start[2] - e.start[1], how.max_len);
                assert_memory_equal(e.ids + e.start[1], all.ids + all.start[1],
                                    (size_t)how.max_len * sizeof *e.ids);
            }
            uint64_t tokens, trained;
            lem_examples_total(&e, &tokens, &trained);
            assert_int_equal(tokens, d.tokens);
            assert_int_equal(trained, d.trained);
        }
        lem_examples_release(&e);
    }
    /* passed over, and then so many */
    lem_examples e = {0};
    d = (lem_drop_counts){0};
    how = (lem_sft_load){.max_len = 4096, .limit = 2, .offset = 1};
    assert_int_equal(lem_examples_load(&e, path, tok, &how, &d, NULL, &err), LEM_OK);
    assert_int_equal(e.n, 2);
    assert_memory_equal(e.ids, all.ids + all.start[1], (all.start[3] - all.start[1]) * sizeof *e.ids);
    lem_examples_release(&e);
    how.offset = 9;
    assert_int_equal(lem_examples_load(&e, path, tok, &how, &d, NULL, &err), LEM_OK);
    assert_int_equal(e.n, 0);
    lem_examples_release(&e);
    lem_examples_release(&all);
}

/* More names than are told apart, and long ones, cut between characters. */
static void many_domains(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_examples e = {0};
    for (int i = 0; i < 40; i++) {
        char name[64];
        snprintf(name, sizeof name, "domain %d", i);
        assert_int_equal(lem_examples_add(&e, (int32_t[]){1, 2}, (uint8_t[]){0, 1}, 2, &err), LEM_OK);
        lem_examples_name_domain(&e, name);
        const char *got = e.domains.name[e.domain[i]];
        assert_string_equal(got, i < LEM_MAX_DOMAINS - 2 ? name : LEM_DOMAIN_OTHER);
    }
    assert_int_equal(e.domains.n, LEM_MAX_DOMAINS);
    lem_examples_release(&e);
    assert_int_equal(lem_examples_add(&e, (int32_t[]){1, 2}, (uint8_t[]){0, 1}, 2, &err), LEM_OK);
    lem_examples_name_domain(&e, "0123456789012345678901234567890123456789");
    assert_int_equal(strlen(e.domains.name[1]), LEM_DOMAIN_LEN);
    lem_examples_name_domain(&e, "012345678901234567890123456789012345678\xc3\xa9\xc3\xa9");
    assert_string_equal(e.domains.name[2], "012345678901234567890123456789012345678");
    lem_examples_release(&e);
}

static void trained_as_scored(const lem_lists *l, uint64_t list, const lem_prompt_recipe *how,
                              const char *problem, const char *const *responses) {
    lem_rendering r = {{0}, NULL, 0, 0};
    lem_err err = LEM_ERR_INIT;
    const struct lem_list_item *it = &l->list[list];
    for (int i = 0; i < it->n; i++) {
        const struct lem_list_response *p = &l->response[it->first + i];
        assert_int_equal(lem_prompt_solution(how, tok, problem, responses[i], strlen(responses[i]), &r, &err),
                         LEM_OK);
        assert_int_equal(r.ids.len, it->prompt + p->len);
        assert_memory_equal(r.ids.data, l->ids + it->at, (size_t)it->prompt * sizeof(int32_t));
        assert_memory_equal(r.ids.data + it->prompt, l->ids + p->at, (size_t)p->len * sizeof(int32_t));
        assert_true(r.n_at == 1 && r.at[0] == it->prompt + p->len - 1);
    }
    lem_rendering_release(&r);
}

static void ranking_lists(void **state) {
    (void)state;
    const char *path =
        write_file("l.jsonl", "{\"problem\":\"p\",\"responses\":[\"good one\",\"bad\"],\"labels\":[1,0]}\n"
                              "{\"problem\":\"q\",\"responses\":[\"x\",\"y\"],\"labels\":[1,1]}\n"
                              "{\"problem\":\"r\",\"responses\":[\"z\",\"w\"],\"labels\":[false,true]}\n");
    lem_lists l = {0};
    lem_drop_counts d = {0};
    lem_prompt_recipe recipe = {.form = LEM_PROMPT_REPLY_END, .system = "check"},
                      no_system = {.form = LEM_PROMPT_REPLY_END};
    lem_lists_how check = {&recipe, 200, -1, NULL, false}, plain = {&no_system, 200, -1, NULL, false};
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_lists_load(&l, path, tok, &check, &d, NULL, &err), LEM_OK);
    assert_int_equal(l.n, 2);
    assert_int_equal(d.filtered, 1);
    assert_int_equal(l.n_responses, 4);
    assert_int_equal(l.list[1].first, 2);
    assert_int_equal(l.response[3].label, 1);
    trained_as_scored(&l, 0, &recipe, "p", (const char *const[]){"good one", "bad"});
    trained_as_scored(&l, 1, &recipe, "r", (const char *const[]){"z", "w"});
    char *prompt = decode(l.ids + l.list[0].at, NULL, (size_t)l.list[0].prompt),
         *first = decode(l.ids + l.response[0].at, NULL, (size_t)l.response[0].len);
    assert_string_equal(
        prompt,
        "<|im_start|>system\ncheck<|im_end|>\n<|im_start|>user\np<|im_end|>\n<|im_start|>assistant\n");
    assert_string_equal(first, "good one<|im_end|>\n"); /* the score stands at the last newline */
    lem_free(prompt);
    lem_free(first);
    static const char *const bad[] = {"{\"problem\":\"p\",\"responses\":[\"a\"],\"labels\":[1,0]}\n",
                                      "{\"problem\":\"p\",\"responses\":[\"a\",5],\"labels\":[1,0]}\n",
                                      "{\"problem\":\"p\",\"responses\":[\"a\",\"b\"],\"labels\":[1,2]}\n",
                                      "{\"responses\":[],\"labels\":[]}\n"};
    for (int i = 0; i < 4; i++) {
        path = write_file("bad.jsonl", bad[i]);
        assert_int_equal(lem_lists_load(&l, path, tok, &plain, &d, NULL, &err), LEM_EDATA);
        assert_non_null(strstr(err.text, "bad.jsonl:1"));
    }
    plain.cancel = &(lem_cancel){1};
    assert_int_equal(lem_lists_load(&l, path, tok, &plain, &d, NULL, &err), LEM_EINTR);
    assert_string_equal(err.text, "interrupted");
    lem_lists_release(&l);
}

/* A soft label of just one half is right; prompt and response together are no longer than max_len. */
static void lists_at_the_edges(void **state) {
    (void)state;
    const char *path = write_file(
        "s.jsonl", "{\"problem\":\"p\",\"responses\":[\"good one\",\"bad\"],\"labels\":[0.5,0.25]}\n");
    lem_prompt_recipe recipe = {.form = LEM_PROMPT_REPLY_END};
    lem_lists_how how = {&recipe, 1000, -1, NULL, true};
    lem_lists l = {0};
    lem_drop_counts d = {0};
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_lists_load(&l, path, tok, &how, &d, NULL, &err), LEM_OK);
    assert_int_equal(l.n, 1);
    assert_true(l.response[0].label == 1 && l.response[1].label == 0);
    int longest = l.list[0].prompt + l.response[0].len;
    assert_true(l.response[0].len > l.response[1].len);
    lem_lists_release(&l);
    for (int less = 0; less < 2; less++) {
        l = (lem_lists){0};
        d = (lem_drop_counts){0};
        how.max_len = longest - less;
        assert_int_equal(lem_lists_load(&l, path, tok, &how, &d, NULL, &err), LEM_OK);
        assert_int_equal(l.n, 1 - less);
        assert_int_equal(d.too_long, less);
        lem_lists_release(&l);
    }
}

/* A response that is the beginning of another keeps its last token apart. */
static void beginnings_are_shared(void **state) {
    (void)state;
    lem_tokenizer *t = with_template("{% for m in messages %}{{ m.content }}{% endfor %}");
    const char *path =
        write_file("w.jsonl", "{\"problem\":\"Q\",\"responses\":[\"xyz\",\"x\"],\"labels\":[1,0]}\n");
    lem_prompt_recipe recipe = {.form = LEM_PROMPT_WHOLE_TURN, .separator = "\n\n"};
    lem_lists l = {0};
    lem_drop_counts d = {0};
    lem_err err = LEM_ERR_INIT;
    if (lem_prompt_recipe_find(&recipe, t, dir, &err) != LEM_OK) fail_msg("%s", err.text);
    if (lem_lists_load(&l, path, t, &(lem_lists_how){&recipe, 100, -1, NULL, false}, &d, NULL, &err) !=
        LEM_OK)
        fail_msg("%s", err.text);
    assert_int_equal(l.list[0].prompt, 2); /* "Q ", of "Q x" and "Q xyz" */
    assert_int_equal(l.response[0].len, 3);
    assert_int_equal(l.response[1].len, 1);
    lem_lists_release(&l);
    lem_tokenizer_free(t);
}

/* A row whose first token alone would be trained trains nothing, for nothing predicts that; a row with a
 * system text of its own does not take the one that is told. */
static void first_token_and_own_system(void **state) {
    (void)state;
    lem_examples e = {0};
    lem_drop_counts d = {0};
    lem_err err = LEM_ERR_INIT;
    lem_sft_load how = {.max_len = 200, .limit = -1};
    lem_tokenizer *t = with_template(
        "{% for m in messages %}{% if m.role == 'assistant' %}{{ m.content }}{% endif %}{% endfor %}");
    const char *path = write_file("one.jsonl", "{\"prompt\":\"a\",\"completion\":\"b\"}\n");
    assert_int_equal(lem_examples_load(&e, path, t, &how, &d, NULL, &err), LEM_EDATA);
    assert_non_null(strstr(err.text, "zero tokens"));
    path = write_file("two.jsonl", "{\"prompt\":\"a\",\"completion\":\"bc\"}\n");
    assert_int_equal(lem_examples_load(&e, path, t, &how, &d, NULL, &err), LEM_OK);
    assert_true(d.kept == 1 && d.tokens == 2 && d.trained == 1);
    lem_examples_release(&e);
    lem_tokenizer_free(t);
    e = (lem_examples){0};
    d = (lem_drop_counts){0};
    how.system = "told";
    path = write_file("own.jsonl", "{\"messages\":[{\"role\":\"system\",\"content\":\"own\"}," U("a") "," A(
                                       "b") "]}\n{\"messages\":[" U("a") "," A("b") "]}\n");
    assert_int_equal(lem_examples_load(&e, path, tok, &how, &d, NULL, &err), LEM_OK);
    assert_true(d.kept == 2 && d.with_system == 1);
    lem_examples_release(&e);
}

/* A row whose conversation the template refuses is named. */
static void refused_by_the_template(void **state) {
    (void)state;
    static const char own[] = "{% for m in messages %}{% if 'q' in m.content %}{{ raise_exception('no q') }}"
                              "{% endif %}{{ m.content }}{% endfor %}";
    const char *config = write_file("tokenizer_config.json", "{}");
    char json[128];
    lem_err err = LEM_ERR_INIT;
    lem_tokenizer *t = NULL;
    lem_examples e = {0};
    lem_lists l = {0};
    lem_drop_counts d = {0};
    lem_prompt_recipe recipe = {.form = LEM_PROMPT_REPLY_END};
    assert_int_equal(lem_tokenizer_save(tok, dir, &err), LEM_OK);
    snprintf(json, sizeof json, "%s/tokenizer.json", dir);
    assert_int_equal(lem_tokenizer_load_file(json, config, &t, &err), LEM_OK);
    assert_int_equal(lem_chat_use(t, own, strlen(own), &err), LEM_OK);
    const char *path = write_file("g.jsonl", "{\"prompt\":\"a\",\"completion\":\"b\"}\n"
                                             "{\"prompt\":\"q\",\"completion\":\"b\"}\n");
    lem_sft_load how = {.max_len = 40, .limit = -1};
    assert_int_equal(lem_examples_load(&e, path, t, &how, &d, NULL, &err), LEM_EDATA);
    assert_non_null(strstr(err.text, "g.jsonl:2: "));
    assert_non_null(strstr(err.text, "no q"));
    path = write_file("h.jsonl", "{\"problem\":\"q\",\"responses\":[\"a\"],\"labels\":[1]}\n");
    assert_int_equal(
        lem_lists_load(&l, path, t, &(lem_lists_how){&recipe, 40, -1, NULL, false}, &d, NULL, &err),
        LEM_EDATA);
    assert_non_null(strstr(err.text, "h.jsonl:1: "));
    lem_examples_release(&e);
    lem_lists_release(&l);
    lem_tokenizer_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(responses_only),
                                       cmocka_unit_test(totals_and_preview),
                                       cmocka_unit_test(what_rows_say_is_kept),
                                       cmocka_unit_test(marks_change_no_ids),
                                       cmocka_unit_test(only_what_is_good_is_trained),
                                       cmocka_unit_test(oddities_are_counted),
                                       cmocka_unit_test(tools_reach_the_template),
                                       cmocka_unit_test(calls_of_sharegpt),
                                       cmocka_unit_test(counted_and_refused),
                                       cmocka_unit_test(ranking_lists),
                                       cmocka_unit_test(lists_at_the_edges),
                                       cmocka_unit_test(beginnings_are_shared),
                                       cmocka_unit_test(first_token_and_own_system),
                                       cmocka_unit_test(refused_by_the_template),
                                       cmocka_unit_test(too_long_and_domains),
                                       cmocka_unit_test(many_domains)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
