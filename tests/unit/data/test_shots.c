/* test_shots.c - demonstrations from a file: fields, choices, subjects, refusals */
#include "core/file.h"
#include "data/shots.h"

#include <stdio.h>
#include <stdlib.h>

#include "../checks.h"

static char dir[] = "/tmp/lemma-shots-XXXXXX";

static int setup(void **state) {
    (void)state;
    return mkdtemp(dir) ? 0 : 1;
}

static int teardown(void **state) {
    (void)state;
    return lem_dir_remove(dir, &err);
}

static const char *put(const char *name, const char *text) {
    static char path[128]; /* of this test program only */
    snprintf(path, sizeof path, "%s/%s", dir, name);
    OK(lem_file_write_atomic(path, text, strlen(text), &err));
    return path;
}

static void shot_is(const lem_prompt_shots *s, size_t i, const char *question, const char *answer) {
    assert_string_equal(s->at[i].question, question);
    assert_string_equal(s->at[i].answer, answer);
}

static void fields(void **state) {
    (void)state;
    lem_prompt_shots s;
    const char *path = put("a.jsonl", "{\"question\":\"q\",\"answer\":\"so 4\\n#### 4\"}\n"
                                      "{\"problem\":\"p\",\"answer\":\"4\",\"solution\":\"2+2=4\"}\n"
                                      "{\"problem\":7}\n");
    OK(lem_shots_load(path, 2, NULL, NULL, &s, &err)); /* the third row is not asked for */
    assert_true(s.n == 2 && s.k == 2);
    shot_is(&s, 0, "q", "so 4\n#### 4");
    shot_is(&s, 1, "p", "2+2=4");
    lem_prompt_shots_release(&s);
    FAILS(lem_shots_load(path, 3, NULL, NULL, &s, &err), LEM_EDATA,
          "a.jsonl:3: a demonstration needs a question");
    path = put("a.csv", "question,answer\n1+1?,2\n");
    OK(lem_shots_load(path, 1, NULL, NULL, &s, &err));
    assert_string_equal(s.at[0].question, "1+1?");
    lem_prompt_shots_release(&s);
    FAILS(lem_shots_load(path, 2, NULL, NULL, &s, &err), LEM_EDATA,
          "a.csv: 2 demonstrations asked for, 1 found");
}

#define MMLU                                                                                                 \
    "{\"question\":\"q\",\"subject\":\"x\",\"choices\":[\"1\",\"2\"],\"answer\":1}\n"                        \
    "{\"question\":\"r\",\"category\":\"y\",\"options\":[\"3\",\"4\"],\"answer\":\"A\",\"answer_index\":0,"  \
    "\"cot_content\":\"A: Let's think step by step. So (A).\"}\n"

static void choices(void **state) {
    (void)state;
    lem_prompt_shots s;
    const char *path = put("m.jsonl", MMLU);
    OK(lem_shots_load(path, 1, lem_prompt_style_find("mmlu-5shot"), NULL, &s, &err));
    assert_int_equal(s.n, 2); /* a style by subject chooses later */
    shot_is(&s, 0, "q\nA. 1\nB. 2", "B");
    shot_is(&s, 1, "r\nA. 3\nB. 4", "A");
    assert_string_equal(s.at[0].subject, "x");
    assert_string_equal(s.at[1].subject, "y");
    lem_prompt_shots_release(&s);
    OK(lem_shots_load(path, 2, lem_prompt_style_find("mmlu-pro-cot"), NULL, &s, &err));
    shot_is(&s, 1, "r\nOptions:\nA. 3\nB. 4", "A: Let's think step by step. So (A).");
    lem_prompt_shots_release(&s);
    OK(lem_shots_load(path, 1, lem_prompt_style_find("qwen25-math-cot"), NULL, &s, &err));
    shot_is(&s, 0, "q\nAnswer Choices: (A) 1 (B) 2", "B");
    lem_prompt_shots_release(&s);
}

static void refusals(void **state) {
    (void)state;
    static const struct {
        const char *row, *words;
    } bad[] = {{"{\"answer\":\"a\"}", "bad.jsonl:1: a demonstration needs a question"},
               {"{\"question\":\"\",\"answer\":\"a\"}", "needs a question"},
               {"{\"question\":\"q\"}", "needs an answer"},
               {"{\"question\":\"q\",\"answer\":null}", "needs an answer"},
               {"{\"question\":\"q\",\"answer\":4}", "needs an answer"},
               {"{\"question\":\"q\",\"answer\":2,\"choices\":[\"a\",\"b\"]}", "needs an answer"},
               {"{\"question\":\"q\",\"answer\":0,\"choices\":[]}", "needs its choices"},
               {"{\"question\":\"q\",\"answer\":0,\"choices\":[1,2]}", "needs its choices"},
               {"{\"question\":\"q\",\"answer\":0,\"choices\":\"a b\"}", "needs its choices"},
               {"{\"question\":\"a\\u0000b\",\"answer\":\"a\"}", "needs a question"}};
    lem_cancel stop = {1};
    lem_prompt_shots s = {.k = 77};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        FAILS(lem_shots_load(put("bad.jsonl", bad[i].row), 1, NULL, NULL, &s, &err), LEM_EDATA, bad[i].words);
    FAILS(lem_shots_load(put("ok.jsonl", MMLU), 1, NULL, &stop, &s, &err), LEM_EINTR, "interrupted");
    assert_int_equal(s.k, 77); /* untouched */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(fields), cmocka_unit_test(choices),
                                       cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
