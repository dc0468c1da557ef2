/* test_record - kinds of training rows and their turns */
#include "core/mem.h"
#include "data/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Renders the turns as role:content|role:content to compare. */
static void expect(const char *json, lem_row_kind kind, const char *want) {
    lem_json *row = NULL;
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_json_parse(json, strlen(json), &row, &err), LEM_OK);
    assert_int_equal(lem_row_detect(row), kind);
    lem_turns t = {0};
    lem_buf b = {0};
    lem_status st = lem_row_turns(row, kind, &t, &err);
    if (st != LEM_OK) lem_buf_printf(&b, "error: %s", err.text);
    for (int i = 0; i < t.n && st == LEM_OK; i++)
        lem_buf_printf(&b, "%s%s:%s", i ? "|" : "", t.at[i].role, t.at[i].content);
    assert_string_equal(lem_buf_str(&b), want);
    lem_buf_release(&b);
    lem_turns_release(&t);
    lem_json_free(row);
}

static void kinds(void **state) {
    (void)state;
    expect(
        "{\"messages\":[{\"role\":\"user\",\"content\":\"q\"},{\"role\":\"assistant\",\"content\":\"a\"}]}",
        LEM_ROW_MESSAGES, "user:q|assistant:a");
    expect("{\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],\"answer\":\"a\"}", LEM_ROW_MESSAGES,
           "user:q|assistant:a"); /* AceMath-Instruct */
    expect("{\"message\":[{\"role\":\"system\",\"content\":\"s\"},{\"role\":\"user\",\"content\":\"q\"},{"
           "\"role\":\"assistant\",\"content\":\"a\"}],"
           "\"label\":1}",
           LEM_ROW_MESSAGES, "system:s|user:q|assistant:a"); /* AceMath-RM */
    expect("{\"conversations\":[{\"from\":\"human\",\"value\":\"q\"},{\"from\":\"gpt\",\"value\":\"a\"}]}",
           LEM_ROW_SHAREGPT, "user:q|assistant:a");
    expect("{\"conversations\":[{\"role\":\"user\",\"content\":\"q\"},{\"role\":\"assistant\",\"content\":\"+"
           "\"}]}",
           LEM_ROW_MESSAGES, "user:q|assistant:+"); /* RLHFlow */
    expect("{\"prompt\":\"p\",\"completion\":\"c\"}", LEM_ROW_PROMPT_COMPLETION, "user:p|assistant:c");
    expect("{\"prompt\":[{\"role\":\"user\",\"content\":\"p\"}],\"completion\":[{\"role\":\"assistant\","
           "\"content\":\"c\"}]}",
           LEM_ROW_PROMPT_COMPLETION, "user:p|assistant:c");
    expect("{\"instruction\":\"i\",\"input\":\"x\",\"output\":\"o\",\"system\":\"s\"}", LEM_ROW_INSTRUCTION,
           "system:s|user:i\nx|assistant:o");
    expect("{\"instruction\":\"i\",\"input\":\"\",\"response\":\"o\"}", LEM_ROW_INSTRUCTION,
           "user:i|assistant:o");
    expect("{\"question\":\"q\",\"answer\":\"a #### 5\"}", LEM_ROW_QUESTION_ANSWER,
           "user:q|assistant:a #### 5");
    expect("{\"problem\":\"q\",\"solution\":\"s\",\"answer\":\"5\"}", LEM_ROW_QUESTION_ANSWER,
           "user:q|assistant:s"); /* MATH: the solution, not the answer */
    expect("{\"text\":\"t\"}", LEM_ROW_TEXT, "text:t");
    expect("{\"foo\":1}", LEM_ROW_UNKNOWN,
           "error: the kind of row cannot be told from its columns; name it with --format");
}

static void mistakes(void **state) {
    (void)state;
    expect("{\"prompt\":5,\"completion\":\"c\"}", LEM_ROW_PROMPT_COMPLETION,
           "error: field 'prompt': text expected, integer found");
    expect("{\"messages\":[{\"role\":\"user\",\"content\":null}]}", LEM_ROW_MESSAGES,
           "error: messages[0]: field 'content': text expected, null found");
    expect("{\"messages\":[{\"role\":\"alien\",\"content\":\"x\"}]}", LEM_ROW_MESSAGES,
           "error: messages[0]: unknown role 'alien'");
}

static void marks(void **state) {
    (void)state;
    char a[] = "16 - 3 = <<16-3=13>>13 and <<x", b[] = "<<>><<1>>";
    lem_text_strip_marks(a);
    lem_text_strip_marks(b);
    assert_string_equal(a, "16 - 3 = 13 and <<x");
    assert_string_equal(b, "");
    lem_err err = LEM_ERR_INIT;
    static const char *const cases[][2] = {{"x\n#### 18", "x\nThe answer is \\boxed{18}."},
                                           {"x\n#### 1,000 \n", "x\nThe answer is \\boxed{1,000 }."},
                                           {"no mark", "no mark"},
                                           {"#### 1\nmore", "#### 1\nmore"}};
    for (int i = 0; i < 4; i++) {
        char *s = lem_text_box_answer(cases[i][0], &err);
        assert_string_equal(s, cases[i][1]);
        lem_free(s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(kinds), cmocka_unit_test(mistakes),
                                       cmocka_unit_test(marks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
