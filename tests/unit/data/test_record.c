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

static void put_turn(lem_buf *b, const lem_turn *t, int i) {
    if (i) lem_buf_putc(b, '|');
    lem_buf_puts(b, t->role);
    if (t->untrained) lem_buf_putc(b, '-');
    if (t->message) lem_buf_putc(b, '*');
    lem_buf_printf(b, ":%s", t->content);
}

/* Renders the turns as role:content|role:content to compare; - is untrained, * a message of its own. */
static void expect(const char *json, lem_row_kind kind, const char *want) {
    lem_json *row = NULL;
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_json_parse(json, strlen(json), &row, &err), LEM_OK);
    assert_int_equal(lem_row_detect(row), kind);
    lem_turns t = {0};
    lem_buf b = {0};
    lem_status st = lem_row_turns(row, kind, &t, &err);
    if (st != LEM_OK) lem_buf_printf(&b, "error: %s", err.text);
    for (int i = 0; i < t.n && st == LEM_OK; i++) put_turn(&b, &t.at[i], i);
    if (st == LEM_OK && t.tools) {
        lem_buf_puts(&b, "+tools");
        lem_json_write(t.tools, 0, &b);
    }
    if (st == LEM_OK && t.marked) lem_buf_puts(&b, "+marked");
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
           LEM_ROW_GRADED, "system:s|user:q|assistant:a"); /* AceMath-RM */
    expect("{\"conversations\":[{\"from\":\"human\",\"value\":\"q\"},{\"from\":\"gpt\",\"value\":\"a\"}]}",
           LEM_ROW_SHAREGPT, "user:q|assistant:a");
    expect("{\"conversations\":[{\"role\":\"user\",\"content\":\"q\"},{\"role\":\"assistant\",\"content\":\"+"
           "\"}]}",
           LEM_ROW_RLHFLOW, "user:q|assistant:+");
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
           "error: the kind of row cannot be told from its columns; name it with --format; the columns are "
           "foo");
}

/* What stands beside instruction and reply, and what is not to be trained. */
static void marks_of_rows(void **state) {
    (void)state;
    expect("{\"instruction\":\"i\",\"input\":\"\",\"output\":\"o\",\"history\":[[\"a\",\"b\"],[\"c\",\"d\"]],"
           "\"system\":\"s\"}",
           LEM_ROW_INSTRUCTION, "system:s|user:a|assistant:b|user:c|assistant:d|user:i|assistant:o");
    expect("{\"conversations\":[{\"from\":\"human\",\"value\":\"q\"},{\"from\":\"function_call\",\"value\":"
           "\"f\"},{\"from\":\"observation\",\"value\":\"r\"},{\"from\":\"gpt\",\"value\":\"a\"}],\"system\":"
           "\"s\",\"tools\":\"[{\\\"name\\\":\\\"f\\\"}]\"}",
           LEM_ROW_SHAREGPT, "system:s|user:q|assistant:f|tool:r|assistant:a+tools[{\"name\":\"f\"}]");
    expect(
        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"q\"}]},{\"role\":"
        "\"assistant\",\"content\":\"a\",\"weight\":0},{\"role\":\"assistant\",\"content\":\"b\",\"train\":"
        "false},{\"role\":\"assistant\",\"content\":\"c\",\"weight\":1,\"loss\":true}]}",
        LEM_ROW_MESSAGES, "user:q|assistant-:a|assistant-:b|assistant:c");
    expect("{\"messages\":[{\"role\":\"user\",\"content\":\"q\"},{\"role\":\"assistant\",\"content\":null,"
           "\"tool_calls\":[{\"id\":\"1\"}]}]}",
           LEM_ROW_MESSAGES, "user:q|assistant*:");
    expect(
        "{\"prompt\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"b\"},{"
        "\"role\":\"user\",\"content\":\"c\"}],\"completion\":[{\"role\":\"assistant\",\"content\":\"d\"}]}",
        LEM_ROW_PROMPT_COMPLETION, "user:a|assistant-:b|user:c|assistant:d");
    expect("{\"prompt\":\"p\",\"completion\":\"c\",\"label\":true}", LEM_ROW_UNPAIRED, "user:p|assistant:c");
    expect("{\"prompt\":\"p\",\"completion\":\"c\",\"label\":false}", LEM_ROW_UNPAIRED,
           "user:p|assistant:c+marked");
    expect("{\"message\":[{\"role\":\"user\",\"content\":\"q\"},{\"role\":\"assistant\",\"content\":\"a\"}],"
           "\"label\":0}",
           LEM_ROW_GRADED, "user:q|assistant:a+marked");
    expect("{\"prompt\":\"p\",\"chosen\":\"g\",\"rejected\":\"b\"}", LEM_ROW_PREFERENCE,
           "user:p|assistant:g");
    expect(
        "{\"context\":[{\"role\":\"user\",\"content\":\"p\"}],\"completions\":[{\"rank\":1,\"completion\":["
        "{\"role\":\"assistant\",\"content\":\"b\"}]},{\"rank\":0,\"completion\":[{\"role\":\"assistant\","
        "\"content\":\"g\"}]}]}",
        LEM_ROW_RANKED, "user:p|assistant:g");
    expect("{\"problem\":\"p\",\"responses\":[\"a\",\"b\"],\"labels\":[0,0]}", LEM_ROW_LISTS,
           "user:p|assistant:a+marked");
    expect("{\"prompt\":\"p\",\"completions\":[\"a\",\"b\"],\"labels\":[true,false]}", LEM_ROW_TRL_STEPS,
           "user:p|assistant:a\nb");
    expect("{\"problem\":\"p\",\"expected_answer\":\"1\"}", LEM_ROW_PROMPTS, "user:p");
    expect(
        "{\"id\":1,\"instruction\":\"i\",\"instances\":[]}", LEM_ROW_UNKNOWN,
        "error: the kind of row cannot be told from its columns; name it with --format; the columns are id, "
        "instruction, instances; prm800k-flat needs next_response too; alpaca needs output|response too");
}

static void mistakes(void **state) {
    (void)state;
    expect("{\"prompt\":5,\"completion\":\"c\"}", LEM_ROW_PROMPT_COMPLETION,
           "error: field 'prompt': text expected, integer found");
    expect("{\"messages\":[{\"role\":\"user\",\"content\":null}]}", LEM_ROW_MESSAGES,
           "error: messages[0]: field 'content': text expected, null found");
    expect("{\"messages\":[{\"role\":\"alien\",\"content\":\"x\"}]}", LEM_ROW_MESSAGES,
           "error: messages[0]: unknown role 'alien'");
    expect("{\"messages\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":\"y\","
           "\"weight\":0.5}]}",
           LEM_ROW_MESSAGES, "error: messages[1]: field 'weight': 0, 1, false or true expected");
    expect("{\"messages\":[{\"role\":\"user\",\"content\":\"a\\u0000b\"}]}", LEM_ROW_MESSAGES,
           "error: messages[0]: field 'content': a NUL in it");
    expect("{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}]}", LEM_ROW_MESSAGES,
           "error: messages[0]: field 'content': a part of type 'image_url'; text alone is read");
    expect("{\"instruction\":\"i\",\"output\":\"o\",\"history\":[[\"a\"]]}", LEM_ROW_INSTRUCTION,
           "error: history[0]: a pair of texts expected");
    expect("{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"tools\":\"{}\"}", LEM_ROW_MESSAGES,
           "error: field 'tools': a list expected, object found");
    expect("{\"prompt\":\"p\",\"completion\":\"c\",\"label\":2}", LEM_ROW_UNPAIRED,
           "error: label: 0 or 1 expected");
    expect("{\"problem\":\"p\",\"expected_answer\":\"1\",\"completions\":[\"c\"]}", LEM_ROW_CANDIDATES,
           "error: rows of kind candidates (candidates) have no conversation");
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(kinds), cmocka_unit_test(marks_of_rows),
                                       cmocka_unit_test(mistakes), cmocka_unit_test(marks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
