/* test_template.c - chat templates render as jinja2 does (tools/golden/template.py), with marks, dates and
 * bounds */
#include "core/file.h"
#include "core/hash.h"
#include "core/mem.h"
#include "jinja/template.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static lem_json *golden;

static int setup(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    return lem_json_load(LEMMA_TEST_DATA "/jinja/golden.json", (size_t)8 << 20, &golden, &err) == LEM_OK ? 0
                                                                                                         : -1;
}

static int teardown(void **state) {
    (void)state;
    lem_json_free(golden);
    return 0;
}

static lem_status render(const char *source, size_t len, lem_template_input *in, lem_rendered *out,
                         lem_err *err) {
    lem_template *t = NULL;
    lem_status st = lem_template_parse(source, len, &t, err);
    if (st == LEM_OK) st = lem_template_render(t, in, out, err);
    lem_template_free(t);
    return st;
}

/* Renders with `messages` (JSON text, may be NULL); fails the test if that does not work. */
static void expect(const char *source, const char *messages, const char *text, const char *marks) {
    lem_err err = LEM_ERR_INIT;
    lem_rendered r = {{0}, {0}};
    lem_json *m = NULL;
    if (!messages) messages = "[]";
    assert_int_equal(lem_json_parse(messages, strlen(messages), &m, &err), LEM_OK);
    lem_template_input in = {.messages = m, .n_messages = SIZE_MAX};
    if (render(source, strlen(source), &in, &r, &err) != LEM_OK) fail_msg("%s: %s", source, err.text);
    assert_string_equal(lem_buf_str(&r.text), text);
    assert_int_equal(r.mark.len, r.text.len);
    for (size_t i = 0; marks && i < r.mark.len; i++)
        if (r.mark.data[i] != marks[i] - '0')
            fail_msg("%s: mark %zu is %d, not %c", source, i, r.mark.data[i], marks[i]);
    lem_rendered_release(&r);
    lem_json_free(m);
}

/* The one line must name the line and hold the words. */
static void refused(const char *source, const char *line, const char *words) {
    lem_err err = LEM_ERR_INIT;
    lem_rendered r = {{0}, {0}};
    lem_template_input in = {.messages = NULL};
    if (render(source, strlen(source), &in, &r, &err) != LEM_EDATA) fail_msg("%.200s is not refused", source);
    if (!strstr(err.text, line) || !strstr(err.text, words) || strncmp(err.text, "chat template: ", 15) != 0)
        fail_msg("%.200s: %s", source, err.text);
    assert_int_equal(r.text.len, 0);
    lem_rendered_release(&r);
}

static void test_golden(void **state) {
    (void)state;
    const lem_json *cases = lem_json_get(golden, "cases"), *messages = lem_json_get(golden, "messages");
    size_t texts = 0, failures = 0;
    assert_true(lem_json_count(cases) >= 98);
    for (size_t i = 0; i < lem_json_count(cases); i++) {
        const lem_json *source = lem_json_get(lem_json_at(cases, i), "template"),
                       *want = lem_json_get(lem_json_at(cases, i), "want");
        for (size_t k = 0; k < 3; k++) {
            lem_err err = LEM_ERR_INIT;
            lem_rendered r = {{0}, {0}};
            lem_template_input in = {
                .messages = messages, .n_messages = k < 2 ? SIZE_MAX : 1, .generation_prompt = k == 1};
            if (k < 2) in.tokens = lem_json_get(golden, "tokens");
            if (k < 2) in.extra = lem_json_get(golden, "extra");
            lem_status st = render(lem_json_str(source, ""), lem_json_str_len(source), &in, &r, &err);
            const lem_json *text = lem_json_at(want, k);
            if (lem_json_kind(text) == LEM_JSON_NULL) {
                assert_int_equal(st, LEM_EDATA);
                assert_true(err.text[0] && !strchr(err.text, '\n'));
                failures++;
            } else {
                if (st != LEM_OK) fail_msg("%s: %s", lem_json_str(source, ""), err.text);
                assert_int_equal(r.text.len, lem_json_str_len(text));
                assert_memory_equal(lem_buf_str(&r.text), lem_json_str(text, ""), r.text.len);
                texts++;
            }
            lem_rendered_release(&r);
        }
    }
    print_message("%zu texts equal, %zu refused by both\n", texts, failures);
}

/* One digest over all renderings of a template of the shared data. */
static void shared_template(const char *dir, const lem_json *one) {
    const lem_json *lists = lem_json_get(golden, "lists");
    lem_err err = LEM_ERR_INIT;
    lem_buf source = {0};
    lem_template *t = NULL;
    lem_sha256 h;
    uint8_t digest[32];
    char *path = lem_path_join(dir, lem_json_str(lem_json_get(one, "file"), ""), &err), hex[65];
    int64_t errors = 0, renders = 0;
    assert_int_equal(lem_file_read(path, (size_t)1 << 20, &source, &err), LEM_OK);
    if (lem_template_parse(lem_buf_str(&source), source.len, &t, &err) != LEM_OK)
        fail_msg("%s: %s", path, err.text);
    lem_sha256_init(&h);
    for (size_t i = 0; i < lem_json_count(lists); i++) {
        for (int prompt = 0; prompt < 2; prompt++, renders++) {
            lem_rendered r = {{0}, {0}};
            lem_template_input in = {
                .messages = lem_json_at(lists, i), .n_messages = SIZE_MAX, .generation_prompt = prompt};
            in.tokens = lem_json_get(golden, "tokens");
            lem_status st = lem_template_render(t, &in, &r, &err);
            if (st == LEM_OK) lem_sha256_add(&h, lem_buf_str(&r.text), r.text.len);
            else lem_sha256_add(&h, "!error", 6);
            errors += st != LEM_OK;
            lem_sha256_add(&h, "\xff", 1);
            lem_rendered_release(&r);
        }
    }
    lem_sha256_end(&h, digest);
    for (int i = 0; i < 32; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    assert_int_equal(renders, lem_json_int(lem_json_get(one, "renders"), -1));
    assert_int_equal(errors, lem_json_int(lem_json_get(one, "errors"), -1));
    if (strcmp(hex, lem_json_str(lem_json_get(one, "sha256"), "")) != 0)
        fail_msg("%s: other text than jinja2", path);
    lem_template_free(t);
    lem_buf_release(&source);
    lem_free(path);
}

static void test_shared(void **state) {
    (void)state;
    const lem_json *shared = lem_json_get(golden, "shared");
    const char *data = getenv("LEMMA_DATA");
    lem_err err = LEM_ERR_INIT;
    char *dir = data ? lem_path_join(data, "tokenizers/chat_templates", &err) : NULL;
    if (!dir || !lem_file_is_dir(dir)) {
        print_message("no shared templates: skipped\n");
        lem_free(dir);
        skip();
    }
    assert_int_equal(lem_json_count(shared), 18);
    for (size_t i = 0; i < 18; i++) shared_template(dir, lem_json_at(shared, i));
    lem_free(dir);
}

static void test_marks(void **state) {
    (void)state;
    static const char m[] =
        "[{\"role\":\"user\",\"content\":\" a<|x|> \",\"n\":12},{\"role\":\"<|x|>\",\"content\":\"\"}]";
    expect("<{{ messages[0].content }}>", m, "< a<|x|> >", "0111111110");
    expect("{{ messages[0].role }}{{ messages[1].role }}", m, "user<|x|>",
           "000011111"); /* a usual role is the template's, others are not */
    expect("{{ '<|' + messages[0].content | trim | upper ~ '!' }}", m, "<|A<|X|>!", "001111110");
    expect("{{ messages[0].content[2:5][::-1] }}", m, "x|<", "111");
    expect("{{ messages[0].content.split('<')[1].replace('x', 'yy') }}", m, "|yy|> ", "100111");
    expect("{{ 'a%sb'|format(messages[0].content|trim) }}{{ '{}'.format(messages[0].n) }}", m, "aa<|x|>b12",
           "0111111011");
    expect("{{ messages[0].content | trim | tojson }}", m, "\"a<|x|>\"", "01111110");
    expect("{{ messages[0] }}", m, "{'role': 'user', 'content': ' a<|x|> ', 'n': 12}", NULL);
    expect("{{ messages[0].n + 1 }}{{ messages[0].n|string|length }}{{ '7'|int }}", m, "1327", "1100");
    expect("{% set x %}[{{ messages[0].content|trim }}]{% endset %}{{ x|indent(1, true) }}", m, " [a<|x|>]",
           "001111110");
    expect("a{% generation %}b{{ messages[0].n }}{% endgeneration %}c", m, "ab12c", "02330");
    expect("{% macro f(x) %}{% generation %}{{ x }}{% endgeneration %}{% endmacro %}{{ f('r') ~ 's' }}", m,
           "rs", "20");
    expect("{{ ('-' * 3).join(['a', messages[0].n|string]) }}", m, "a---12", "000011");
}

static void test_errors_name_line_and_construct(void **state) {
    (void)state;
    refused("a\n{% block x %}{% endblock %}", "line 2", "block");
    refused("{% include 'x' %}", "line 1", "include");
    refused("\n\n{% extends 'x' %}", "line 3", "extends");
    refused("{% import 'x' as y %}", "line 1", "import");
    refused("{% for x in y recursive %}{% endfor %}", "line 1", "recursive");
    refused("{{ x | groupby('a') }}", "line 1", "'groupby' is not supported");
    refused("{{ x | nosuch }}", "line 1", "no filter 'nosuch'");
    refused("{{ x is nosuch }}", "line 1", "no test 'nosuch'");
    refused("{{ lipsum() }}", "line 1", "lipsum");
    refused("{{ 'a'.encode() }}", "line 1", "str.encode");
    refused("{% if x %}\n\n", "line 1", "endif");
    refused("{% for x in y %}{% endif %}", "line 1", "endif");
    refused("\n{{ 'a", "line 2", "not closed");
    refused("{{ a", "line 1", "}}");
    refused("{{ (1 }}", "line 1", "bracket");
    refused("{{ 1 ? 2 }}", "line 1", "unexpected character");
    refused("x\n{{ nothing.here }}", "line 2", "'nothing'");
    refused("{{ raise_exception('No way\nout') }}", "line 1", "No way?out");
    refused("{{ [].append(1) }}", "line 1", "append");
    refused("{{ 9223372036854775807 + 1 }}", "line 1", "64 bits");
    refused("{{ ('a'|safe) + 'b' }}", "line 1", "safe");
    refused("{% break %}", "line 1", "outside of a loop");
    refused("{% set a.b = 1 %}", "line 1", "namespace");
    refused("\xff", "chat template", "UTF-8");
}

static char *repeated(const char *a, const char *middle, const char *b, size_t n) {
    lem_buf s = {0};
    for (size_t i = 0; i < n; i++) lem_buf_puts(&s, a);
    lem_buf_puts(&s, middle);
    for (size_t i = 0; i < n; i++) lem_buf_puts(&s, b);
    return lem_buf_take(&s);
}

static void test_bounds(void **state) {
    (void)state;
    static const char *const nests[][4] = {
        {"{{ ", "(", "1", ")"},     {"{{ ", "[", "1", "]"},           {"{{ ", "-", "1", ""},
        {"{{ ", "not ", "1", ""},   {"{{ 1", "+1", "", ""},           {"{{ x", ".a", "", ""},
        {"{{ x", "|list", "", ""},  {"{{ 1", " if 1 else 1", "", ""}, {"{{ x", "[0]", "", ""},
        {"{{ 1", " and 1", "", ""}, {"{{ {1:", "{1:", "1", "}"},      {"{{ 'a'", "~'a'", "", ""}};
    for (size_t i = 0; i < sizeof nests / sizeof *nests; i++) {
        char *inner = repeated(nests[i][1], nests[i][2], nests[i][3], 3000);
        lem_buf s = {0};
        lem_buf_printf(&s, "%s%s }}", nests[i][0], inner);
        refused(lem_buf_str(&s), "line 1", "deep");
        lem_free(inner);
        lem_buf_release(&s);
    }
    char *ifs = repeated("{% if 1 %}", "x", "{% endif %}", 500);
    refused(ifs, "line 1", "nested deeper");
    lem_free(ifs);
    refused("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}", "line 1",
            "the template ");
    refused("{{ range(100001) }}", "line 1", "range");
    refused("{{ 'x' * 999999999999 }}", "line 1", "");
    refused("{% set ns = namespace(s='xxxxxxxx') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% "
            "endfor %}",
            "line 1", "");
    refused("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "line 1", "nested deeper");
    refused("{% set ns = namespace(l=[]) %}{% for i in range(500) %}{% set ns.l = [ns.l] %}{% endfor %}{{ "
            "ns.l }}",
            "line 1", "nested deeper");
    refused("{{ '%99999999d' % 1 }}", "line 1", "width");
    char *big = repeated("x", "", "", ((size_t)1 << 20) + 1);
    refused(big, "chat template", "1 MiB");
    lem_free(big);
}

static void test_own_limits(void **state) {
    (void)state;
    static const char source[] = "{% for i in range(1000) %}{{ i }}{% endfor %}";
    lem_err err = LEM_ERR_INIT;
    lem_rendered r = {{0}, {0}};
    lem_template_input in = {.max_steps = 500};
    assert_int_equal(render(source, strlen(source), &in, &r, &err), LEM_EDATA);
    assert_non_null(strstr(err.text, "too long"));
    in = (lem_template_input){.max_memory = 4096};
    assert_int_equal(render(source, strlen(source), &in, &r, &err), LEM_EDATA);
    assert_non_null(strstr(err.text, "memory"));
    in = (lem_template_input){.max_steps = 100000};
    assert_int_equal(render(source, strlen(source), &in, &r, &err), LEM_OK);
    assert_int_equal(r.text.len, 10 + 180 + 2700);
    lem_rendered_release(&r);
}

/* As jinja2 has it; an element of a list or a text came out as nothing. */
static void test_format_elements(void **state) {
    (void)state;
    expect("{{ '{0[1]}'.format(['a','b']) }}", NULL, "b", NULL);
    expect("{{ '{0[1][0]}{x[k]}'.format([[1,2],[3,4]], x={'k':'v'}) }}", NULL, "3v", NULL);
    expect("{{ '{0[1]}'.format('ab') }}", NULL, "b", NULL);
}

static void test_date(void **state) {
    (void)state;
    static const char source[] = "{{ strftime_now('%d %b %Y %A %j %-d') }}";
    static const struct {
        lem_date date;
        const char *text;
    } cases[] = {{{0}, "26 Jul 2024 Friday 208 26"},
                 {{2000, 2, 29, 0, 0, 0}, "29 Feb 2000 Tuesday 060 29"},
                 {{2026, 1, 4, 0, 0, 0}, "04 Jan 2026 Sunday 004 4"}};
    lem_err err = LEM_ERR_INIT;
    lem_rendered r = {{0}, {0}};
    for (size_t i = 0; i < 3; i++) {
        lem_template_input in = {.date = cases[i].date};
        assert_int_equal(render(source, strlen(source), &in, &r, &err), LEM_OK);
        assert_string_equal(lem_buf_str(&r.text), cases[i].text);
    }
    lem_template_input bad = {.date = {2024, 13, 1, 0, 0, 0}};
    assert_int_equal(render(source, strlen(source), &bad, &r, &err), LEM_EUSAGE);
    lem_rendered_release(&r);
}

/* Every allocation that fails is an error, and nothing is lost. */
static void test_allocations(void **state) {
    (void)state;
    static const char source[] = "{% macro f(a) %}{{ a }}{% endmacro %}{% for m in messages %}{{ "
                                 "f(m.content|trim)|upper|tojson }}{% endfor %}";
    lem_err err = LEM_ERR_INIT;
    int failed = 0;
    for (uint64_t k = 1; k < 500; k++) {
        lem_rendered r = {{0}, {0}};
        lem_template_input in = {.messages = lem_json_get(golden, "messages"), .n_messages = SIZE_MAX};
        lem_mem_fail_after(k, false);
        lem_status st = render(source, strlen(source), &in, &r, &err);
        lem_mem_fail_after(0, false);
        lem_rendered_release(&r);
        if (st == LEM_OK) break;
        assert_int_equal(st, LEM_EMEM);
        failed++;
    }
    assert_in_range(failed, 4, 490);
}

/* ---- a stack of 128 KiB ---- */

static const char *on_small_stack;
static void *render_there(void *ignored) {
    static char text[200];
    lem_template_input in = {0};
    lem_rendered out = {0};
    lem_err err = LEM_ERR_INIT;
    (void)ignored;
    snprintf(text, sizeof text, "%d", (int)render(on_small_stack, strlen(on_small_stack), &in, &out, &err));
    lem_rendered_release(&out);
    return text;
}

static char *nested(const char *open, const char *inner, const char *close, int n) {
    char *s = calloc(1, (size_t)n * (strlen(open) + strlen(close)) + strlen(inner) + 1);
    for (int i = 0; i < n; i++) strcat(s, open);
    strcat(s, inner);
    for (int i = 0; i < n; i++) strcat(s, close);
    return s;
}

/* Whatever its outcome, it is one: refused (3) or rendered (0). */
static void test_small_stack(void **state) {
    static const struct {
        const char *open, *inner, *close, *around;
        int n;
    } shapes[] = {{"", "{{ f(n + 1) }}", "", "f", 0},
                  {"{% for x in [1] %}", "{% if true %}{{ f(n + 1) }}{% endif %}", "{% endfor %}", "f", 1},
                  {"[", "f(n + 1)", "]", "e", 30},
                  {"not ", "f(n + 1)", "", "e", 80},
                  {"(", "1", ")", "{", 31},
                  {"[", "1", "]", "{", 100},
                  {"{\"a\":", "1", "}", "{", 190},
                  {"{% if true %}", "{{ ((((((((((((((((((((((((((((((1)))))))))))))))))))))))))))))) }}",
                   "{% endif %}", "", 160},
                  {"{% for x in [1] %}",
                   "{{ [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]] }}", "{% endfor %}", "",
                   160},
                  {"1 if true else ", "1", "", "{", 190}};
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* their frames are larger */
#endif
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        char *body = nested(shapes[i].open, shapes[i].inner, shapes[i].close, shapes[i].n), *whole = NULL;
        char around = shapes[i].around[0];
        const char *before = "", *after = "";
        if (around == 'f') before = "{% macro f(n) %}", after = "{% endmacro %}{{ f(0) }}";
        if (around == 'e') before = "{% macro f(n) %}{{ ", after = " }}{% endmacro %}{{ f(0) }}";
        if (around == '{') before = "{{ ", after = " }}";
        whole = calloc(1, strlen(body) + 100);
        sprintf(whole, "%s%s%s", before, body, after);
        pthread_attr_t small;
        pthread_t t;
        void *text = NULL;
        on_small_stack = whole;
        pthread_attr_init(&small);
        assert_int_equal(pthread_attr_setstacksize(&small, 128 * 1024), 0);
        assert_int_equal(pthread_create(&t, &small, render_there, NULL), 0);
        pthread_join(t, &text);
        pthread_attr_destroy(&small);
        if (around == 'f' || around == 'e') assert_string_equal(text, "3");
        else assert_true(strcmp(text, "0") == 0 || strcmp(text, "3") == 0);
        free(body);
        free(whole);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),      cmocka_unit_test(test_shared),
        cmocka_unit_test(test_marks),       cmocka_unit_test(test_errors_name_line_and_construct),
        cmocka_unit_test(test_bounds),      cmocka_unit_test(test_own_limits),
        cmocka_unit_test(test_date),        cmocka_unit_test(test_format_elements),
        cmocka_unit_test(test_allocations), cmocka_unit_test(test_small_stack),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
