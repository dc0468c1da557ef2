/* test_annotate_remote.c - lemma prm annotate --endpoint against the fault-injecting server */
#include "remote.h"

static int set_up(void **state) {
    (void)state;
    command = "prm annotate --data steps.jsonl --n 4 --max-tokens 9 --out o";
    if (!mkdtemp(dir) || chdir(dir) != 0) return -1;
    write_text(
        "steps.jsonl",
        "{\"id\":\"a\",\"problem\":\"p\",\"expected_answer\":\"2\",\"completions\":[\"1+1\\n\\nso "
        "\\\\boxed{2}\",\"one\\n\\ntwo\\n\\n\\\\boxed{7}\"]}\n"
        "{\"id\":\"b\",\"problem\":\"q\",\"expected_answer\":\"3\",\"steps\":[\"a\",\"b\",\"it is 3\"]}\n");
    write_text("train.jsonl",
               "{\"problem\":\"p\",\"solution\":\"1+1=2\"}\n{\"problem\":\"q\",\"solution\":\"2\"}\n");
    return 0;
}

static const char *const labels =
    "{\"id\":\"a\",\"solution\":0,\"problem\":\"p\",\"expected_answer\":\"2\",\"generator\":null,\"steps\":["
    "\"1+1\","
    "\"so \\\\boxed{2}\"],\"step_labels\":[1,1],\"step_counts\":[[4,4],[1,1]],\"correct\":true}\n"
    "{\"id\":\"a\",\"solution\":1,\"problem\":\"p\",\"expected_answer\":\"2\",\"generator\":null,\"steps\":["
    "\"one\","
    "\"two\",\"\\\\boxed{7}\"],\"step_labels\":[1,1,0],\"step_counts\":[[4,4],[4,4],[0,1]],\"correct\":false}"
    "\n"
    "{\"id\":\"b\",\"solution\":0,\"problem\":\"q\",\"expected_answer\":\"3\",\"generator\":null,\"steps\":["
    "\"a\","
    "\"b\",\"it is 3\"],\"step_labels\":[0,0,1],\"step_counts\":[[0,4],[0,4],[1,1]],\"correct\":true}\n";

#define RIGHT .text = "so it is \\\\boxed{2}"

/* Whatever carries the prefix, and in however many requests. */
static void labels_of_a_server(void **state) {
    (void)state;
    static const char *const ways[] = {"", "--per-request 1 --stream", "--per-request 3 --concurrency 1",
                                       "--api text --template plain"};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        serve(&(faultd_opts){RIGHT});
        expect(0, ways[i], "20 rollouts, 60.0 % right, from 5 prefixes of 5 step ends");
        assert_string_equal(text_of("o"), labels);
        assert_non_null(strstr(text_of("o.manifest.json"), "\"server\": \"faults, teacher-0\""));
        (void)end();
    }
    serve(&(faultd_opts){RIGHT, .repeats = true});
    expect(0, "", "20 rollouts, 60.0 % right");
    assert_string_equal(text_of("o"), labels);
    (void)end();
    serve(&(faultd_opts){RIGHT, .choices = 1});
    expect(0, "", "asking for 1 at a time");
    assert_string_equal(text_of("o"), labels);
    assert_int_equal(end().requests, 20);
}

/* The beginning of a solution goes as the reply that is to be continued, as text, or as tokens. */
static void the_prefix_is_continued(void **state) {
    (void)state;
    serve(&(faultd_opts){RIGHT});
    expect(0, "--limit 1 --concurrency 1 --search binary --system S --suffix B", "measured 1 of 3 prefixes");
    faultd_books b = end();
    assert_non_null(strstr(
        b.last_body, "\"messages\":[{\"role\":\"system\",\"content\":\"S\"},{\"role\":\"user\",\"content\":"
                     "\"p\\nB\"},{\"role\":\"assistant\",\"content\":\"one\\n\\ntwo\\n\\n\"}]"));
    assert_non_null(strstr(b.last_body, "\"add_generation_prompt\":false,\"continue_final_message\":true"));
    serve(&(faultd_opts){RIGHT});
    expect(0, "--limit 1 --search binary --api text --template plain", "1 of 3 prefixes");
    b = end();
    assert_non_null(strstr(b.last_body, "\"prompt\":\"pone\\n\\ntwo\\n\\n\""));
    assert_null(strstr(b.last_body, "continue_final_message"));
    shell(LEMMA_BINARY
          " sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 270 --context 300 --batch 1 "
          "--max-steps 2 --data train.jsonl --out m --quiet >/dev/null 2>&1");
    serve(&(faultd_opts){RIGHT});
    expect(0, "--api text --tokenizer m", "20 rollouts, 60.0 % right");
    assert_string_equal(text_of("o"), labels);
    b = end();
    assert_non_null(strstr(b.last_body, "\"prompt\":["));
    serve(&(faultd_opts){RIGHT});
    expect(0, "--body '{\"add_generation_prompt\":null,\"continue_final_message\":null}'", "20 rollouts");
    assert_null(strstr(end().last_body, "continue_final_message"));
}

static void early_stop_asks_for_less(void **state) {
    (void)state;
    serve(&(faultd_opts){RIGHT});
    expect(0, "--early-stop --per-request 1", "11 rollouts");
    assert_non_null(strstr(text_of("o"), "\"step_labels\":[1,1,0],\"step_counts\":[[1,1],[1,1],[0,1]]"));
    assert_non_null(strstr(text_of("o"), "\"step_labels\":[0,0,1],\"step_counts\":[[0,4],[0,4],[1,1]]"));
    assert_int_equal(count(text_of("o"), "\"step_labels\""), 3);
    assert_int_equal(end().requests, 11);
    serve(&(faultd_opts){RIGHT});
    expect(2, "--labels soft --early-stop", "--labels soft needs all rollouts");
    assert_int_equal(end().requests, 0);
}

static void it_goes_on(void **state) {
    (void)state;
    serve(&(faultd_opts){RIGHT});
    for (int i = 3; i < 11; i += 3) {
        char more[80];
        snprintf(more, sizeof more, "--early-stop --per-request 1 --budget-requests %d", i);
        expect(7, more, "the budget is used up");
        assert_int_equal(faultd_read(server).requests, i);
    }
    expect(0, "--early-stop --per-request 1", "going on: 9 rollouts are there already");
    faultd_books b = end();
    assert_true(b.requests == 11 && b.twice == 0);
}

static void what_fails(void **state) {
    (void)state;
    serve(&(faultd_opts){RIGHT, .fault = "reset-late", .times = 1});
    expect(7, "", "20 of 20 rollouts failed");
    expect(0, "--resend 1", "20 rollouts, 60.0 % right");
    assert_string_equal(text_of("o"), labels);
    (void)end();
    serve(&(faultd_opts){.fault = "bad-json"});
    expect(0, "--max-failed 1", "20 of 20 rollouts have an answer that could not be decided");
    (void)end();
    serve(&(faultd_opts){RIGHT});
    expect(0, "--dry-run --json --per-request 2", "\"rollouts\":20,\"requests\":10,");
    expect(2, "--model m", "exclude each other");
    expect(2, "--api text", "--tokenizer DIR expected");
    assert_int_equal(end().requests, 0);
    snprintf(at, sizeof at, "--endpoint http://127.0.0.1/v1");
    expect(2, "", "--served-model is missing");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_of_a_server),
        cmocka_unit_test(the_prefix_is_continued),
        cmocka_unit_test(early_stop_asks_for_less),
        cmocka_unit_test(it_goes_on),
        cmocka_unit_test(what_fails),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
