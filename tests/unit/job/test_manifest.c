/* test_manifest - manifest.json: round trip, the same bytes twice, damage named */
#include "job/manifest.h"

#include "support.h"

static lem_json *json(const char *text) {
    lem_json *v = NULL;
    OK(lem_json_parse(text, strlen(text), &v, &err));
    return v;
}

static lem_manifest sample(void) {
    lem_manifest m = {.facts =
                          json("{\"command\":\"toy\",\"arguments\":{\"lr\":0.003,\"stages\":[{\"n\":2}]},"
                               "\"inputs\":[{\"option\":\"data\",\"path\":\"d\",\"sha256\":\"00\"}]}"),
                      .compute_path = "avx2"};
    memset(m.identity, '1', 64);
    memset(m.output, '2', 64);
    return m;
}

static void round_trip(void **state) {
    (void)state;
    lem_manifest m = sample(), back = {0};
    m.files = json("{\"a\":\"33\"}");
    m.chosen = json("{\"aggregate\":\"min\"}");
    OK(lem_manifest_write("m.json", &m, &err));
    OK(lem_manifest_load("m.json", &back, &err));
    lem_json_free(m.chosen);
    m.chosen = NULL;
    assert_string_equal(lem_json_str(lem_json_find(back.facts, "chosen.aggregate"), ""), "min");
    assert_string_equal(back.identity, m.identity);
    assert_string_equal(back.output, m.output);
    assert_string_equal(back.compute_path, "avx2");
    static const char *const keys[] = {"command", "arguments", "inputs"};
    for (int i = 0; i < 3; i++)
        assert_true(lem_json_equal(lem_json_get(back.facts, keys[i]), lem_json_get(m.facts, keys[i])));
    HAS(get("m.json"), "\"version\"");
    HAS(get("m.json"), "\"33\"");
    lem_manifest_release(&back);
    lem_manifest_release(&m);
    assert_null(m.facts);
}

static void files_come_back(void **state) {
    (void)state;
    lem_manifest m = sample(), back = {0};
    m.files = json("{\"a\":\"33\"}");
    OK(lem_manifest_write("m.json", &m, &err));
    OK(lem_manifest_load("m.json", &back, &err));
    assert_true(lem_json_equal(back.files, m.files)); /* "of an output folder: name -> digest" */
    lem_manifest_release(&back);
    lem_manifest_release(&m);
}

static void unfinished(void **state) {
    (void)state;
    lem_manifest m = sample(), back = {0};
    m.output[0] = m.compute_path[0] = '\0';
    OK(lem_manifest_write("m.json", &m, &err));
    OK(lem_manifest_load("m.json", &back, &err));
    assert_string_equal(back.output, "");
    assert_string_equal(back.compute_path, "");
    assert_null(back.files);
    HAS_NOT(get("m.json"), "\"output\"");
    lem_manifest_release(&back);
    lem_manifest_release(&m);
}

static void same_bytes_twice(void **state) {
    (void)state;
    lem_manifest m = sample();
    OK(lem_manifest_write("a", &m, &err));
    sleep(1); /* no time may stand in it */
    OK(lem_manifest_write("b", &m, &err));
    assert_string_equal(get("a"), get("b"));
    char host[256] = "";
    assert_int_equal(gethostname(host, sizeof host - 1), 0);
    if (strlen(host) > 4) HAS_NOT(get("a"), host);
    put("b", "older, and much longer than what comes; it is replaced at once");
    OK(lem_manifest_write("b", &m, &err));
    assert_string_equal(get("a"), get("b"));
    assert_string_equal(listing(), "a b");
    lem_manifest_release(&m);
}

static void damage(void **state) {
    static const char *const texts[] = {"",
                                        "{",
                                        "{}",
                                        "[]",
                                        "null",
                                        "7",
                                        "\"text\"",
                                        "not JSON",
                                        "{\"identity\": 7}",
                                        "{\"identity\": \"short\"}",
                                        "{\"identity\": null, \"command\": \"toy\"}",
                                        "{\"command\":\"a\",\"command\":\"b\"}"};
    (void)state;
    lem_manifest m = {.compute_path = "kept"};
    for (int i = 0; i < COUNT(texts); i++) {
        put("m.json", texts[i]);
        FAILS(lem_manifest_load("m.json", &m, &err), LEM_EDATA, "m.json");
        assert_string_equal(m.compute_path, "kept");
        assert_null(m.facts);
    }
    FAILS(lem_manifest_load("none.json", &m, &err), LEM_EDATA, "none.json");
    OK(lem_dir_make("folder", &err));
    FAILS(lem_manifest_load("folder", &m, &err), LEM_EDATA, "folder");
}

static void texts_that_are_too_long(void **state) {
    (void)state;
    lem_manifest m = {0};
    char id[65];
    memset(id, '1', 64);
    id[64] = '\0';
    char text[400];
    snprintf(text, sizeof text, "{\"identity\":\"%s\",\"compute_path\":\"%s\"}", id, id);
    put("m.json", text);
    FAILS(lem_manifest_load("m.json", &m, &err), LEM_EDATA, "m.json");
    snprintf(text, sizeof text, "{\"identity\":\"%s\",\"output\":{\"sha256\":\"%s1\"}}", id, id);
    put("m.json", text);
    FAILS(lem_manifest_load("m.json", &m, &err), LEM_EDATA, "m.json");
}

int main(void) {
    const struct CMUnitTest tests[] = {folder_test(round_trip), folder_test(files_come_back),
                                       folder_test(unfinished), folder_test(same_bytes_twice),
                                       folder_test(damage),     folder_test(texts_that_are_too_long)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
