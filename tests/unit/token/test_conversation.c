/* test_conversation.c - conversations from files, and how they are shown */
#include "token/conversation.h"

#include "core/file.h"
#include "core/mem.h"

#include <stdlib.h>
#include <unistd.h>

#include "../checks.h"

static char path[] = "/tmp/lemma-conversation-XXXXXX";

static lem_status load(const char *text, lem_json **messages, lem_json **tools) {
    OK(lem_file_write_atomic(path, text, strlen(text), &err));
    return lem_conversation_load(path, messages, tools, &err);
}

static void files(void **state) {
    (void)state;
    lem_json *messages = NULL, *tools = NULL;
    OK(load("[{\"role\":\"user\",\"content\":\"a\"}]", &messages, &tools));
    assert_int_equal(lem_json_count(messages), 1);
    assert_null(tools);
    lem_json_free(messages);
    OK(load("{\"messages\":[{\"role\":\"user\"},{\"role\":\"x\"}],\"tools\":[1]}", &messages, &tools));
    assert_int_equal(lem_json_count(messages), 2);
    assert_int_equal(lem_json_count(tools), 1);
    lem_json_free(messages);
    lem_json_free(tools);
}

static void files_of_another_form(void **state) {
    (void)state;
    lem_json *m = NULL, *t = NULL;
    FAILS(load("3", &m, &t), LEM_EDATA,
          "an array of messages, or an object with messages, expected; found integer");
    FAILS(load("{\"messages\":{}}", &m, &t), LEM_EDATA, "found object");
    FAILS(load("[{\"role\":\"a\"},1]", &m, &t), LEM_EDATA, "message 2 is no object but integer");
    FAILS(load("[{\"content\":\"a\"}]", &m, &t), LEM_EDATA, "message 1 has no role");
    assert_non_null(strstr(err.text, path));
    assert_null(m);
}

/* "<a>b\033c" of which "b\033" is a reply, as four ids of which two are trained. */
typedef struct sample {
    lem_rendered text;
    lem_ids ids;
    lem_conversation_view view;
} sample;

static void make(sample *s) {
    static const uint8_t mask[] = {0, 1, 1, 0};
    memset(s, 0, sizeof *s);
    lem_buf_puts(&s->text.text, "<a>b\033c");
    for (size_t i = 0; i < s->text.text.len; i++)
        lem_buf_putc(&s->text.mark, i == 3 || i == 4 ? (char)LEM_MARK_REPLY : 0);
    for (int i = 0; i < 4; i++) OK(lem_ids_push(&s->ids, 10 * i, &err));
    s->view = (lem_conversation_view){"the folder's", &s->text, &s->ids, mask, "no reason"};
}

static void release(sample *s) {
    lem_rendered_release(&s->text);
    lem_ids_release(&s->ids);
}

static void shows(const lem_conversation_view *v, bool color, bool terminal, const char *want) {
    lem_buf b = {0};
    lem_conversation_text(v, color, terminal, &b);
    assert_string_equal(lem_buf_str(&b), want);
    lem_buf_release(&b);
}

static void text_for_people(void **state) {
    (void)state;
    sample s;
    make(&s);
    shows(&s.view, false, false,
          "template: the folder's\n\n<a>[[b\033]]c\n\nids: 0 10* 20* 30\n4 tokens, 2 trained ([[text]], "
          "id*)\n");
    /* on a terminal no message sends control characters, with colors or without */
    shows(&s.view, false, true,
          "template: the folder's\n\n<a>[[b\\x1b]]c\n\nids: 0 10* 20* 30\n4 tokens, 2 trained ([[text]], "
          "id*)\n");
    shows(&s.view, true, true,
          "template: the folder's\n\n<a>\033[32mb\\x1b\033[0mc\n\n"
          "ids: 0 \033[32m10\033[0m \033[32m20\033[0m 30\n4 tokens, 2 trained (green)\n");
    s.view.mask = NULL;
    shows(&s.view, false, true,
          "template: the folder's\n\n<a>b\\x1bc\n\nids: 0 10 20 30\n4 tokens; not for training: no reason\n");
    release(&s);
}

static void long_lists_of_ids_are_broken(void **state) {
    (void)state;
    sample s;
    lem_buf b = {0};
    make(&s);
    for (int i = 0; i < 200; i++) OK(lem_ids_push(&s.ids, 12345, &err));
    s.view.mask = NULL;
    lem_conversation_text(&s.view, false, false, &b);
    const char *at = strstr(lem_buf_str(&b), "ids:");
    assert_non_null(strstr(at, "\n     12345"));
    for (const char *end; (end = strchr(at, '\n')); at = end + 1) assert_true(end - at <= 120);
    lem_buf_release(&b);
    release(&s);
}

static void json_for_programs(void **state) {
    (void)state;
    sample s;
    lem_buf b = {0};
    make(&s);
    lem_json *o = lem_conversation_json(&s.view);
    lem_json_write(o, 0, &b);
    assert_string_equal(lem_buf_str(&b),
                        "{\"template\":\"the folder's\",\"text\":\"<a>b\\u001bc\",\"ids\":[0,10,"
                        "20,30],\"trained\":[0,1,1,0],\"tokens\":4,\"trained_tokens\":2}");
    lem_json_free(o);
    lem_buf_clear(&b);
    s.view.mask = NULL;
    o = lem_conversation_json(&s.view);
    lem_json_write(o, 0, &b);
    assert_non_null(
        strstr(lem_buf_str(&b),
               "\"trained\":null,\"tokens\":4,\"trained_tokens\":null,\"mask_error\":\"no reason\"}"));
    lem_json_free(o);
    lem_buf_release(&b);
    release(&s);
}

static void dates(void **state) {
    (void)state;
    static const char *const bad[] = {"",           "2024-1-02",   "2024/01/02",
                                      "2024-01-0x", "2024-01-023", "-024-01-02"};
    lem_date d = {.hour = 5};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(lem_date_parse(bad[i], &d));
    assert_int_equal(d.hour, 5); /* written on success only */
    assert_true(lem_date_parse("2024-12-31", &d));
    assert_true(d.year == 2024 && d.month == 12 && d.day == 31 && d.hour == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files),
        cmocka_unit_test(files_of_another_form),
        cmocka_unit_test(text_for_people),
        cmocka_unit_test(long_lists_of_ids_are_broken),
        cmocka_unit_test(json_for_programs),
        cmocka_unit_test(dates),
    };
    int fd = mkstemp(path);
    if (fd < 0) return 1;
    close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
