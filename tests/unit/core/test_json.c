/* test_json - what is accepted and refused, numbers, look-ups, writing, and running out of memory at every
 * allocation */
#include "support.h"

#include "core/json.h"
#include "core/mem.h"
#include "core/utf8.h"

#include <math.h>

static lem_json *parse(const char *text) {
    lem_err err = LEM_ERR_INIT;
    lem_json *v = NULL;
    assert_ok(lem_json_parse(text, strlen(text), &v, &err));
    return v;
}

static void expect_text(const lem_json *v, int indent, const char *wanted) {
    lem_buf b = {0};
    lem_json_write(v, indent, &b);
    assert_string_equal(lem_buf_str(&b), wanted);
    lem_buf_release(&b);
}

static void accepted(void **state) {
    (void)state;
    static const char *const cases[][2] = {{" [ ] ", "[]"},
                                           {"{}", "{}"},
                                           {"\"\"", "\"\""},
                                           {"0", "0"},
                                           {"-0", "0"},
                                           {"-0.0", "-0.0"},
                                           {"1E3", "1000.0"},
                                           {"true", "true"},
                                           {"[null,false]", "[null,false]"},
                                           {"{\"b\":1,\"a\":2}", "{\"b\":1,\"a\":2}"},
                                           {"\"\\u00e9\\/\\ud83d\\ude00\"", "\"é/😀\""},
                                           {"\"a\\u0000b\"", "\"a\\u0000b\""},
                                           {"\"\\u001f\\n\\\"\\\\\"", "\"\\u001f\\n\\\"\\\\\""},
                                           {"\"\x7f\"", "\"\x7f\""},
                                           {"9223372036854775807", "9223372036854775807"},
                                           {"-9223372036854775808", "-9223372036854775808"},
                                           {"[9223372036854775808,1,\"9223372036854775808\"]",
                                            "[9.223372036854775808e+18,1,\"9223372036854775808\"]"},
                                           {"-10000000000000000000000", "-1e+22"},
                                           {"{\"\":0}", "{\"\":0}"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lem_json *v = parse(cases[i][0]), *again = parse(cases[i][1]);
        lem_buf b = {0};
        assert_true(lem_json_equal(v, again));
        lem_json_write(v, 0, &b);
        lem_json_free(again);
        again = parse(b.data);
        assert_true(lem_json_equal(v, again));
        if (!strstr(cases[i][1], "e+18")) assert_string_equal(b.data, cases[i][1]);
        lem_buf_release(&b);
        lem_json_free(v);
        lem_json_free(again);
    }
}

static void refused(void **state) {
    (void)state;
    static const char *const cases[][2] = {{"", "empty"},
                                           {" ", "line 1"},
                                           {"{\"a\":1,\"a\":2}", "duplicate"},
                                           {"[1,]", "line 1 column"},
                                           {"[1\n,\n2", "line 3"},
                                           {"{} {}", "end of file"},
                                           {"\"\xC3(\"", "line 1 column 2: not valid UTF-8"},
                                           {"[\"é\n\",\n \"\xFF\"]", "line 3 column 3: not valid UTF-8"},
                                           {"\"\\ud800\"", "line 1"},
                                           {"\"\x01\"", "control"},
                                           {"NaN", "line 1"},
                                           {"[1e999]", "overflow"},
                                           {"01", "line 1"},
                                           {"'a'", "line 1"},
                                           {"\"abc", "line 1"},
                                           {"\xEF\xBB\xBF{}", "line 1"},
                                           {"{\"a\" 1}", "line 1"},
                                           {"[1,2", "line 1"},
                                           {"tru", "line 1"},
                                           {"-", "line 1"},
                                           {"1.", "line 1"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lem_err err = LEM_ERR_INIT;
        lem_json *v = NULL;
        assert_int_equal(lem_json_parse(cases[i][0], strlen(cases[i][0]), &v, &err), LEM_EDATA);
        assert_null(v);
        assert_has(err.text, cases[i][1]);
        assert_null(strchr(err.text, '\n'));
    }
    lem_err err = LEM_ERR_INIT;
    lem_json *v = NULL;
    assert_int_equal(lem_json_parse("[1]\0", 4, &v, &err), LEM_EDATA); /* a NUL is not the end of the text */
}

static void depth(void **state) {
    (void)state;
    char text[200001];
    lem_err err = LEM_ERR_INIT;
    lem_json *v = NULL;
    memset(text, '[', 100000);
    memset(text + 100000, ']', 100000);
    assert_ok(lem_json_parse(text + 100000 - 64, 128, &v, &err));
    lem_json_free(v);
    v = NULL;
    assert_int_equal(lem_json_parse(text + 100000 - 65, 130, &v, &err), LEM_EDATA);
    assert_has(err.text, "column 65: nested deeper than 64");
    assert_int_equal(lem_json_parse(text, 200000, &v, &err), LEM_EDATA);
    assert_int_equal(lem_json_parse(text, 100000, &v, &err), LEM_EDATA);
    v = parse(
        "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[\""); /* brackets in
                                                                                                  a string do
                                                                                                  not count */
    lem_json_free(v);
    lem_json *nest = lem_json_new_array(); /* our own values may not be endless either */
    for (int i = 0; i < 300; i++) {
        lem_json *outer = lem_json_new_array();
        assert_true(lem_json_append(outer, nest));
        nest = outer;
    }
    lem_buf b = {0};
    lem_json_write(nest, 0, &b);
    assert_int_equal(lem_buf_ok(&b, &err), LEM_EMEM);
    lem_buf_release(&b);
    lem_json_free(nest);
}

static void reals(void **state) {
    (void)state;
    static const struct {
        double d;
        const char *text;
    } cases[] = {{0.1, "0.1"},
                 {1, "1.0"},
                 {-2.5, "-2.5"},
                 {1e22, "1e+22"},
                 {1e300, "1e+300"},
                 {5e-324, "4.94065645841247e-324"},
                 {0.1 + 0.2, "0.30000000000000004"},
                 {1.0 / 3, "0.3333333333333333"},
                 {123456789, "123456789.0"},
                 {-0.0, "-0.0"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lem_json *v = lem_json_new_num(cases[i].d);
        expect_text(v, 0, cases[i].text);
        lem_json_free(v);
    }
    uint64_t bits = 1;
    for (int i = 0; i < 20000; i++) { /* any double reads back exactly */
        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        double d;
        memcpy(&d, &bits, sizeof d);
        if (!isfinite(d)) continue;
        lem_json *v = lem_json_new_num(d);
        lem_buf b = {0};
        lem_json_write(v, 0, &b);
        lem_json *back = parse(b.data);
        double e = lem_json_num(back, 0);
        if (memcmp(&d, &e, sizeof d) != 0 || lem_json_kind(back) != LEM_JSON_REAL) fail_msg("%s", b.data);
        lem_buf_release(&b);
        lem_json_free(v);
        lem_json_free(back);
    }
    lem_json *v = lem_json_new_num(NAN);
    assert_int_equal(lem_json_kind(v), LEM_JSON_NULL);
    lem_json_free(v);
    v = lem_json_new_num(-INFINITY);
    assert_int_equal(lem_json_kind(v), LEM_JSON_NULL);
    lem_json_free(v);
}

/* Elements that are no texts are no match, not even of the empty text. */
static void holds(void **state) {
    (void)state;
    lem_json *v = lem_json_new_array();
    assert_true(lem_json_append(v, lem_json_new_int(1)) && lem_json_append(v, lem_json_new_str("ab")));
    assert_true(lem_json_holds(v, "ab"));
    assert_false(lem_json_holds(v, "a"));
    assert_false(lem_json_holds(v, "1"));
    assert_false(lem_json_holds(v, ""));
    lem_json_free(v);
}

static void look_up(void **state) {
    (void)state;
    lem_json *v = parse(
        "{\"a\":{\"b\":[10,{\"c\":\"x\\u0000y\"}]},\"r\":3.0,\"h\":2.5,\"t\":true,\"n\":null,\"big\":1e30}");
    assert_int_equal(lem_json_int(lem_json_find(v, "a.b.0"), -1), 10);
    assert_int_equal(lem_json_str_len(lem_json_find(v, "a.b.1.c")), 3);
    assert_null(lem_json_find(v, "a.b.2"));
    assert_null(lem_json_find(v, "a.b.x"));
    assert_null(lem_json_find(v, "a.b.-1"));
    assert_null(lem_json_find(v, "a.b.0.c"));
    assert_null(lem_json_find(v, ""));
    assert_null(lem_json_find(v, "a.b.99999999999999999999"));
    assert_int_equal(lem_json_int(lem_json_get(v, "r"), -1), 3);
    assert_int_equal(lem_json_int(lem_json_get(v, "h"), -1), -1);
    assert_int_equal(lem_json_int(lem_json_get(v, "big"), -1), -1);
    assert_int_equal(lem_json_int(lem_json_get(v, "t"), -1), -1);
    assert_true(lem_json_num(lem_json_get(v, "h"), 0) == 2.5);
    assert_true(lem_json_bool(lem_json_get(v, "t"), false));
    assert_true(lem_json_bool(lem_json_get(v, "n"), true));
    assert_string_equal(lem_json_str(lem_json_get(v, "n"), "none"), "none");
    assert_int_equal(lem_json_count(v), 6);
    assert_int_equal(lem_json_count(lem_json_get(v, "h")), 0);
    assert_string_equal(lem_json_key_at(v, 1), "r");
    assert_ptr_equal(lem_json_value_at(v, 1), lem_json_get(v, "r"));
    assert_null(lem_json_key_at(v, 6));
    assert_null(lem_json_value_at(v, 6));
    assert_null(lem_json_get(lem_json_get(v, "r"), "x"));
    assert_null(lem_json_at(v, 0));
    assert_string_equal(lem_json_kind_name(lem_json_get(v, "r")), "real number");
    assert_string_equal(lem_json_kind_name(NULL), "null");
    assert_int_equal(lem_json_count(NULL), 0);
    assert_null(lem_json_get(NULL, "x"));
    assert_false(lem_json_holds(v, "none"));
    assert_false(lem_json_holds(NULL, "x"));
    size_t n = 0;
    for (const char *key = lem_json_key_next(v, NULL); key; key = lem_json_key_next(v, key), n++) {
        assert_string_equal(key, lem_json_key_at(v, n));
        assert_ptr_equal(lem_json_key_value(key), lem_json_value_at(v, n));
    }
    assert_int_equal(n, 6);
    lem_json_free(v);
    lem_json_free(NULL);
}

static void build(void **state) {
    (void)state;
    lem_json *o = lem_json_new_object(), *a = lem_json_new_array();
    assert_true(lem_json_set(o, "z", lem_json_new_int(-5)));
    assert_true(lem_json_set(o, "a", a));
    assert_true(lem_json_append(a, lem_json_new_str("x\xFFy")));
    assert_true(lem_json_append(a, lem_json_new_strn("p\0q", 3)));
    assert_true(lem_json_append(a, lem_json_new_bool(true)));
    assert_true(lem_json_append(a, lem_json_new_null()));
    assert_true(lem_json_append(a, lem_json_new_object()));
    assert_true(lem_json_append(a, lem_json_new_array()));
    assert_false(lem_json_append(a, NULL));
    assert_false(lem_json_set(o, "null", NULL));
    assert_false(lem_json_set(a, "key", lem_json_new_int(1))); /* not an object; the value is freed */
    expect_text(o, 0, "{\"z\":-5,\"a\":[\"x\xEF\xBF\xBDy\",\"p\\u0000q\",true,null,{},[]]}");
    assert_true(lem_json_set(o, "z", lem_json_new_int(6))); /* keeps its place */
    assert_true(lem_json_remove(o, "a"));
    assert_false(lem_json_remove(o, "a"));
    lem_json *copy = lem_json_copy(o), *shared = lem_json_share(o);
    assert_true(lem_json_set(o, "n", lem_json_new_array()));
    expect_text(copy, 0, "{\"z\":6}");
    expect_text(shared, 2, "{\n  \"z\": 6,\n  \"n\": []\n}");
    assert_false(lem_json_equal(copy, o));
    assert_true(lem_json_equal(shared, o));
    lem_json_free(o);
    lem_json_free(copy);
    lem_json_free(shared);
}

static void load(void **state) {
    lem_err err = LEM_ERR_INIT;
    lem_json *v = NULL;
    const char *path = in_folder(state, "c.json.gz"), *bom = in_folder(state, "bom.json"),
               *bad = in_folder(state, "bad.json");
    assert_ok(lem_file_write_atomic(path, "{\"a\":1}\n", 8, &err));
    assert_ok(lem_json_load(path, 100, &v, &err));
    lem_json_free(v);
    assert_int_equal(lem_json_load(path, 7, &v, &err), LEM_EDATA);
    assert_has(err.text, path);
    put_file(bom, "\xEF\xBB\xBF{}", 5);
    assert_ok(lem_json_load(bom, 100, &v, &err));
    lem_json_free(v);
    put_file(bad, "{\n]", 3);
    assert_int_equal(lem_json_load(bad, 100, &v, &err), LEM_EDATA);
    assert_has(err.text, bad);
    assert_has(err.text, "line 2");
    assert_int_equal(lem_json_load(in_folder(state, "absent"), 100, &v, &err), LEM_EDATA);
}

static void save(void **state) {
    lem_err err = LEM_ERR_INIT;
    lem_json *o = lem_json_new_object(), *v = NULL;
    const char *path = in_folder(state, "saved.json");
    char text[16] = "";
    assert_true(lem_json_set(o, "a", lem_json_new_int(1)));
    assert_ok(lem_json_save(path, o, 0, &err));
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fread(text, 1, sizeof text - 1, f), 8);
    fclose(f);
    assert_string_equal(text, "{\"a\":1}\n");
    assert_int_equal(lem_json_save(path, NULL, 0, &err), LEM_EMEM);
    assert_has(err.text, path);
    assert_ok(lem_json_load(path, 100, &v, &err)); /* as it was */
    assert_true(lem_json_equal(v, o));
    lem_json_free(v);
    lem_json_free(o);
}

static void load_beside(void **state) {
    lem_err err = LEM_ERR_INIT;
    lem_json *v = NULL;
    const char *file = in_folder(state, "beside.json");
    char *dir = lem_path_dir(file, &err);
    put_file(file, "{}", 2);
    assert_ok(lem_json_load_beside(dir, "beside.json", 100, &v, &err));
    assert_int_equal(lem_json_kind(v), LEM_JSON_OBJECT);
    lem_json *kept = v;
    assert_int_equal(lem_json_load_beside(dir, "beside.json", 1, &v, &err), LEM_EDATA);
    assert_ptr_equal(v, kept); /* written on success only */
    assert_ok(lem_json_load_beside(dir, "absent.json", 100, &v, &err));
    assert_null(v);
    lem_json_free(kept);
    lem_free(dir);
}

/* Each allocation failing, once and from there on: the whole value, or LEM_EMEM that says how much was
 * wanted. */
static void fail_each(const char *text, size_t n, int least) {
    lem_json *right = NULL;
    assert_int_equal(lem_json_parse(text, n, &right, NULL), LEM_OK);
    for (int sticky = 0; sticky < 2; sticky++) {
        int k = 1;
        for (;; k++) {
            lem_err err = LEM_ERR_INIT;
            lem_json *v = NULL;
            uint64_t failures = lem_mem_failures();
            lem_mem_fail_after((uint64_t)k, sticky);
            lem_status st = lem_json_parse(text, n, &v, &err);
            lem_mem_fail_after(0, false);
            if (st == LEM_OK) {
                assert_int_equal(lem_mem_failures(), failures);
                assert_true(lem_json_equal(v, right));
                lem_json_free(v);
                break;
            }
            assert_null(v);
            assert_int_equal(st, LEM_EMEM);
            assert_has(err.text, "out of memory for ");
        }
        assert_true(k > least);
    }
    lem_json_free(right);
}

static void out_of_memory(void **state) {
    (void)state;
    static const char text[] = "{\"list\":[1,2.5,\"text\",null,{\"k\":true}],\"huge\":"
                               "123456789012345678901234567890,\"s\":\"\\u00e9\"}";
    fail_each(text, sizeof text - 1, 15);
    /* What does not fit into the text buffer of the parser: it grows, and does not look whether it could. */
    char longer[4096];
    int n = snprintf(longer, sizeof longer,
                     "{\"%0200d\":[0.%0300d1,1%030d,\"%0999d\\n\"],\"%0100d\":{\"a\":null}}", 1, 2, 3, 4, 5);
    fail_each(longer, (size_t)n, 20);
    for (int sticky = 0; sticky < 2; sticky++) {
        for (uint64_t at = 1;; at++) { /* building: NULL and false, nothing leaked */
            lem_mem_fail_after(at, sticky);
            lem_json *o = lem_json_new_object();
            bool ok = o && lem_json_set(o, "a", lem_json_new_strn("\xFF x", 3)) &&
                      lem_json_set(o, "b", lem_json_new_num(0.5));
            lem_json *copy = ok ? lem_json_copy(o) : NULL;
            lem_mem_fail_after(0, false);
            lem_json_free(o);
            lem_json_free(copy);
            if (copy) break;
        }
    }
}

/* Bytes that are not UTF-8 are replaced as Python replaces them (test_utf8.c); what is valid stays. */
static void mended_text(void **state) {
    (void)state;
    lem_buf b = {0};
    lem_utf8_mend("a\xC3\xA4\xC3\xFFz\xE2\x82", 8, &b);
    assert_string_equal(lem_buf_str(&b), "a\xC3\xA4\xEF\xBF\xBD\xEF\xBF\xBDz\xEF\xBF\xBD");
    lem_buf_release(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mended_text), cmocka_unit_test(accepted), cmocka_unit_test(refused),
        cmocka_unit_test(depth),       cmocka_unit_test(reals),    cmocka_unit_test(holds),
        cmocka_unit_test(look_up),     cmocka_unit_test(build),    folder_test(load),
        folder_test(load_beside),      folder_test(save),          cmocka_unit_test(out_of_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
