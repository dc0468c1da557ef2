/* test_completion.c - bodies of requests, replies whole and streamed, and event streams cut anywhere */
#include "core/mem.h"
#include "net/completion.h"
#include "net/sse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const lem_completion_opts plain = {.model = "m", .top_p = 1, .max_tokens = 8, .n = 1};

static lem_status reply(const char *body, bool stream, const lem_completion_opts *o, lem_json **out,
                        lem_err *err) {
    *err = (lem_err)LEM_ERR_INIT;
    *out = NULL;
    return lem_completion_reply(body, strlen(body), stream, o, out, err);
}

static void expect_text(const char *body, bool stream, const lem_completion_opts *o, int i,
                        const char *text) {
    lem_json *r;
    lem_err err;
    if (reply(body, stream, o, &r, &err) != LEM_OK) fail_msg("%s: %s", body, err.text);
    assert_string_equal(lem_json_str(lem_json_at(lem_json_get(r, "texts"), (size_t)i), ""), text);
    lem_json_free(r);
}

static void expect_bad(const char *body, bool stream, const lem_completion_opts *o, const char *words) {
    lem_json *r;
    lem_err err;
    lem_status st = reply(body, stream, o, &r, &err);
    if (st != LEM_EDATA || !strstr(err.text, words)) fail_msg("%s: status %d, '%s'", body, (int)st, err.text);
}

static void bodies_are_as_the_api_says(void **state) {
    (void)state;
    lem_buf b = {0};
    lem_err err = LEM_ERR_INIT;
    lem_json *extra = NULL;
    assert_int_equal(lem_completion_body(&plain, "a \"q\"", -1, &b, &err), LEM_OK);
    assert_string_equal(b.data,
                        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a \\\"q\\\"\"}],"
                        "\"temperature\":0.0,\"max_tokens\":8}");
    lem_buf_clear(&b);
    const char *text = "{\"max_tokens\":null,\"max_completion_tokens\":9,\"temperature\":1}";
    assert_int_equal(lem_json_parse(text, strlen(text), &extra, &err), LEM_OK);
    lem_completion_opts o = {.model = "m",
                             .text = true,
                             .temperature = 0.5,
                             .top_p = 0.9,
                             .max_tokens = 8,
                             .n = 3,
                             .stream = true,
                             .extra = extra};
    assert_int_equal(lem_completion_body(&o, "p", 5, &b, &err), LEM_OK);
    assert_string_equal(
        b.data, "{\"model\":\"m\",\"prompt\":\"p\",\"temperature\":1,\"top_p\":0.9,\"n\":3,\"seed\":5,"
                "\"stream\":true,\"stream_options\":{\"include_usage\":true},"
                "\"max_completion_tokens\":9}");
    lem_json_free(extra);
    lem_buf_release(&b);
}

static void expect_body(const lem_completion_opts *o, const char *want) {
    lem_buf b = {0};
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_completion_body(o, "p", -1, &b, &err), LEM_OK);
    assert_string_equal(lem_buf_str(&b), want);
    lem_buf_release(&b);
}

static void bodies_of_samples(void **state) {
    (void)state;
    static const char *const stop[] = {"a", "\n\n"};
    static const int32_t ids[] = {1, 22, 333};
    static const char messages[] = "[{\"role\":\"assistant\",\"content\":\"x\"}]";
    lem_err err = LEM_ERR_INIT;
    lem_completion_opts o = plain;
    lem_json *turns = NULL;
    assert_int_equal(lem_json_parse(messages, strlen(messages), &turns, &err), LEM_OK);
    o.turns = turns;
    o.top_k = 7;
    o.stop = stop;
    o.n_stop = 2;
    o.logprobs = true;
    expect_body(
        &o, "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":\"x\"}],\"temperature\":0.0,"
            "\"top_k\":7,\"max_tokens\":8,\"stop\":[\"a\",\"\\n\\n\"],\"logprobs\":true,\"top_logprobs\":1}");
    o.text = true;
    o.n_stop = 0;
    o.top_k = 0;
    expect_body(&o, "{\"model\":\"m\",\"prompt\":\"p\",\"temperature\":0.0,\"max_tokens\":8,\"logprobs\":1}");
    o.ids = ids;
    o.n_ids = 3;
    expect_body(
        &o, "{\"model\":\"m\",\"prompt\":[1,22,333],\"temperature\":0.0,\"max_tokens\":8,\"logprobs\":1}");
    lem_json_free(turns);
}

/* The record of a reply, as text. */
static void expect_record(const char *body, bool stream, const lem_completion_opts *o, const char *want) {
    lem_json *r;
    lem_err err;
    lem_buf b = {0};
    if (reply(body, stream, o, &r, &err) != LEM_OK) fail_msg("%s: %s", body, err.text);
    lem_json_write(r, 0, &b);
    assert_string_equal(lem_buf_str(&b), want);
    lem_buf_release(&b);
    lem_json_free(r);
}

#define TWO(a, b)                                                                                            \
    "{\"choices\":[{\"message\":{\"content\":\"x\"},\"logprobs\":" a "},{\"message\":{\"content\":\"y\"},"   \
    "\"logprobs\":" b "}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":9}}"
#define RECORD(lists)                                                                                        \
    "{\"texts\":[\"x\",\"y\"],\"finish\":[\"unknown\",\"unknown\"]," lists ",\"prompt_tokens\":1,"           \
    "\"completion_tokens\":9}"

/* Sums where each token's is told; what is not told, or cannot be, is null. */
static void log_probabilities(void **state) {
    (void)state;
    lem_completion_opts two = plain, one = plain, text = plain;
    two.n = 2;
    two.logprobs = one.logprobs = text.logprobs = text.text = true;
    expect_record(
        TWO("{\"content\":[{\"logprob\":-0.5},{\"logprob\":-1}]}", "{\"content\":[{\"logprob\":0}]}"), false,
        &two, RECORD("\"tokens\":[2,1],\"logprob\":[-1.5,0.0]"));
    expect_record(TWO("null", "{\"content\":[{\"logprob\":-1},{\"logprob\":null}]}"), false, &two,
                  RECORD("\"tokens\":[null,2],\"logprob\":[null,null]"));
    expect_record(TWO("{\"content\":[{\"logprob\":2.5}]}", "{\"content\":[{\"logprob\":\"-1\"},7]}"), false,
                  &two, RECORD("\"tokens\":[1,2],\"logprob\":[null,null]"));
    expect_record(TWO("[]", "{\"content\":null}"), false, &two,
                  RECORD("\"tokens\":[null,null],\"logprob\":[null,null]"));
    expect_record("{\"choices\":[{\"text\":\"x\",\"logprobs\":{\"tokens\":[\"a\",\"b\"],\"token_logprobs\":[-"
                  "0.5,-0.25]}}]}",
                  false, &text,
                  "{\"texts\":[\"x\"],\"finish\":[\"unknown\"],\"tokens\":[2],\"logprob\":[-0.75]}");
    expect_record(
        "{\"choices\":[{\"message\":{\"content\":\"x\"}}],\"usage\":{\"prompt_tokens\":1,\"completion_"
        "tokens\":9}}",
        false, &one,
        "{\"texts\":[\"x\"],\"finish\":[\"unknown\"],\"tokens\":[9],\"logprob\":[null],\"prompt_tokens\":1,"
        "\"completion_tokens\":9}");
    expect_record(
        "data: "
        "{\"choices\":[{\"delta\":{\"content\":\"x\"},\"logprobs\":{\"content\":[{\"logprob\":-1}]}}]}\n\n"
        "data: {\"choices\":[{\"delta\":{\"content\":\"y\"},\"logprobs\":{\"content\":[{\"logprob\":-2}]},"
        "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
        true, &one, "{\"texts\":[\"xy\"],\"finish\":[\"stop\"],\"tokens\":[2],\"logprob\":[-3.0]}");
}

#define ONE(more) "{\"choices\":[{\"text\":\"x\"," more "}]}"

/* As vLLM and llama-server tell them; ids that are not of every token are none. */
static void token_ids(void **state) {
    (void)state;
    static const struct {
        const char *body, *ids;
    } t[] = {
        {ONE("\"token_ids\":[5,0,2147483647]"), ",\"ids\":[[5,0,2147483647]]"},
        {ONE("\"logprobs\":{\"content\":[{\"id\":7,\"logprob\":-1},{\"id\":8,\"logprob\":-1}]}"),
         ",\"ids\":[[7,8]]"},
        {ONE("\"logprobs\":{\"tokens\":[\"token_id:7\",\"token_id:12\"],\"token_logprobs\":[-1,null]}"),
         ",\"ids\":[[7,12]]"},
        {ONE("\"token_ids\":[9],\"logprobs\":{\"content\":[{\"id\":7,\"logprob\":-1}]}"), ",\"ids\":[[9]]"},
        {ONE("\"logprobs\":{\"content\":[{\"id\":7,\"logprob\":-1},{\"logprob\":-1}]}"), ""},
        {ONE("\"logprobs\":{\"tokens\":[\"a\",\"token_id:1x\"],\"token_logprobs\":[-1,-1]}"), ""},
        {ONE("\"token_ids\":null"), ""},
        {ONE("\"token_ids\":[-1,2147483648,\"7\"]"), ""},
    };
    lem_completion_opts o = plain;
    char want[120];
    o.text = o.token_ids = true;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        snprintf(want, sizeof want, "{\"texts\":[\"x\"],\"finish\":[\"unknown\"]%s}", t[i].ids);
        expect_record(t[i].body, false, &o, want);
    }
    expect_record("data: {\"choices\":[{\"text\":\"x\",\"token_ids\":[1]}]}\n\n"
                  "data: {\"choices\":[{\"text\":\"y\",\"token_ids\":[2,3],\"finish_reason\":\"stop\"}]}\n\n"
                  "data: [DONE]\n\n",
                  true, &o, "{\"texts\":[\"xy\"],\"finish\":[\"stop\"],\"ids\":[[1,2,3]]}");
    o.token_ids = false; /* unless they are wanted */
    expect_record(t[0].body, false, &o, "{\"texts\":[\"x\"],\"finish\":[\"unknown\"]}");
}

static void fewer_choices(void **state) {
    (void)state;
    static const char one[] = "{\"choices\":[{\"message\":{\"content\":\"x\"}}]}";
    static const char stream[] =
        "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"},\"finish_reason\":\"stop\"}]}"
        "\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":"
        "\"stop\"}]}\n\ndata: [DONE]\n\n";
    lem_completion_opts three = plain;
    three.n = 3;
    expect_bad(one, false, &three, "a list of 3 expected");
    expect_bad(stream, true, &three, "choice 2");
    three.fewer = true;
    expect_record(one, false, &three, "{\"texts\":[\"x\"],\"finish\":[\"unknown\"]}");
    expect_record(stream, true, &three, "{\"texts\":[\"a\",\"b\"],\"finish\":[\"stop\",\"stop\"]}");
    expect_bad("{\"choices\":[]}", false, &three, "a list of 3 expected");
    three.n = 1;
    expect_bad(stream, true, &three, "0 to 0 expected");
}

static void whole_replies(void **state) {
    (void)state;
    lem_completion_opts two = plain, text = plain;
    two.n = 2;
    text.text = true;
    expect_text("{\"choices\":[{\"message\":{\"content\":\"x\"}}]}", false, &plain, 0, "x");
    expect_text("{\"choices\":[{\"text\":\"x\"}]}", false, &text, 0, "x");
    /* choices in another order are put in their places */
    const char *turned =
        "{\"choices\":[{\"index\":1,\"message\":{\"content\":\"b\"}},{\"index\":0,\"message\":"
        "{\"content\":\"a\"}}]}";
    expect_text(turned, false, &two, 0, "a");
    expect_text(turned, false, &two, 1, "b");
    expect_bad(
        "{\"choices\":[{\"index\":0,\"message\":{\"content\":\"b\"}},{\"index\":0,\"message\":{\"content\":"
        "\"a\"}}]}",
        false, &two, "each once");
    expect_bad("{\"choices\":[{\"index\":1,\"message\":{\"content\":\"b\"}}]}", false, &plain, "each once");
    expect_bad("{\"choices\":[]}", false, &plain, "a list of 1 expected");
    expect_bad("[]", false, &plain, "a list of 1 expected");
    expect_bad("", false, &plain, "the reply");
    expect_bad("{\"choices\":[{\"message\":{\"content\":null}}]}", false, &plain,
               "a text expected, found null");
    expect_bad("{\"choices\":[{\"message\":{\"content\":null,\"refusal\":\"no\"}}]}", false, &plain,
               "refused: no");
    expect_bad("{\"choices\":[{\"message\":{\"content\":[\"x\"]}}]}", false, &plain, "found array");
}

#define STREAM                                                                                               \
    "\xef\xbb\xbf: hello\r\n\r\ndata: "                                                                      \
    "{\"id\":\"i\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\","                             \
    "\"content\":\"\"}}]}\r\n\r\nevent: x\rdata:{\"id\":\"i\",\r"                                            \
    "data: \"choices\":[{\"index\":0,\"delta\":{\"content\":\"\xe2\x88\x91 \xf0\x9d\x84\x9e\"}}]}\r\r"       \
    "data: {\"id\":\"i\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"           \
    "data: "                                                                                                 \
    "{\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2},\"model\":\"M\"}\n\ndata: "     \
    "[DONE]\n\n"

static void streams(void **state) {
    (void)state;
    lem_json *r;
    lem_err err;
    expect_text(STREAM, true, &plain, 0, "\xe2\x88\x91 \xf0\x9d\x84\x9e");
    assert_int_equal(reply(STREAM, true, &plain, &r, &err), LEM_OK);
    assert_int_equal(lem_json_int(lem_json_get(r, "completion_tokens"), -1), 2);
    assert_string_equal(lem_json_str(lem_json_get(r, "model"), ""), "M");
    lem_json_free(r);
    /* a character cut between two events */
    expect_text("data: {\"choices\":[{\"delta\":{\"content\":\"a\xe2\x88\"}}]}\n\n"
                "data: {\"choices\":[{\"delta\":{\"content\":\"\x91z\"},\"finish_reason\":\"length\"}]}\n\n",
                true, &plain, 0, "a\xe2\x88\x91z");
    expect_bad("data: {\"choices\":[{\"delta\":{\"content\":\"a\xe2\x88\"},\"finish_reason\":\"stop\"}]}\n\n",
               true, &plain, "not UTF-8");
    expect_bad("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n", true, &plain, "ends before");
    expect_bad("", true, &plain, "ends before");
    expect_bad("data: {\"id\":\"a\",\"choices\":[]}\n\ndata: {\"id\":\"b\",\"choices\":[]}\n\n", true, &plain,
               "in one reply");
    expect_bad("data: {\"error\":{\"message\":\"late\"}}\n\n", true, &plain, "late");
    expect_bad("data: {\"choi\n\n", true, &plain, "event stream");
    expect_bad("data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"a\"}}]}\n\n", true, &plain,
               "index");
}

/* Every prefix of a stream is a whole reply or an error, never another text. */
static void a_stream_cut_anywhere(void **state) {
    (void)state;
    size_t whole = 0;
    for (size_t n = 0; n <= strlen(STREAM); n++) {
        lem_json *r = NULL;
        lem_err err = LEM_ERR_INIT;
        if (lem_completion_reply(STREAM, n, true, &plain, &r, &err) != LEM_OK) continue;
        assert_string_equal(lem_json_str(lem_json_at(lem_json_get(r, "texts"), 0), ""),
                            "\xe2\x88\x91 \xf0\x9d\x84\x9e");
        lem_json_free(r);
        whole++;
    }
    assert_true(whole > 10);
}

static lem_status gather(void *ctx, const char *data, size_t len, lem_err *err) {
    (void)err;
    lem_buf_add(ctx, data, len);
    lem_buf_putc(ctx, '|');
    return LEM_OK;
}

static void feed(const char *s, size_t first, size_t second, size_t max, lem_buf *out, lem_status expected) {
    lem_err err = LEM_ERR_INIT;
    lem_sse e = {.event = gather, .ctx = out, .max = max};
    lem_status st = lem_sse_feed(&e, s, first, &err);
    if (st == LEM_OK) st = lem_sse_feed(&e, s + first, second - first, &err);
    if (st == LEM_OK) st = lem_sse_feed(&e, s + second, strlen(s) - second, &err);
    assert_int_equal(st, expected);
    lem_sse_release(&e);
}

/* Cut in three pieces at every two places, the events are the same. */
static void events_do_not_depend_on_pieces(void **state) {
    (void)state;
    const char *s = "data: a\ndata\ndata:  b\n\nid: 1\n: c\n\ndata: \xc3\xa9\r\n\r\ndata: d\r\rdata: cut\n";
    for (size_t i = 0; i <= strlen(s); i++)
        for (size_t j = i; j <= strlen(s); j++) {
            lem_buf b = {0};
            feed(s, i, j, 100, &b, LEM_OK);
            assert_string_equal(lem_buf_str(&b), "a\n\n b|\xc3\xa9|d|");
            lem_buf_release(&b);
        }
}

static void an_event_has_a_limit(void **state) {
    (void)state;
    lem_buf b = {0};
    feed("data: 1234\n\ndata: 1234\n\n", 3, 9, 10, &b, LEM_OK);
    feed("data: 12345\n\n", 3, 9, 10, &b, LEM_EDATA);
    feed("data: 1\ndata: 2\ndata: 3\ndata: 4\ndata: 5\n", 3, 9, 12, &b, LEM_EDATA);
    lem_buf_release(&b);
}

/* Whichever allocation fails, the answer is "out of memory" and nothing is lost. */
static void each_allocation_may_fail(void **state) {
    (void)state;
    for (uint64_t k = 1; k < 200; k++) {
        lem_json *r = NULL;
        lem_err err = LEM_ERR_INIT;
        lem_buf b = {0};
        lem_mem_fail_after(k, true);
        lem_status st = lem_completion_body(&plain, "p", 1, &b, &err);
        lem_mem_fail_after(0, false);
        assert_true(st == LEM_OK || st == LEM_EMEM);
        lem_buf_release(&b);
        lem_mem_fail_after(k, true);
        st = lem_completion_reply(STREAM, strlen(STREAM), true, &plain, &r, &err);
        lem_mem_fail_after(0, false);
        if (st != LEM_OK && st != LEM_EMEM)
            fail_msg("allocation %d: status %d, %s", (int)k, (int)st, err.text);
        lem_json_free(r);
    }
}

static void refusals_are_read(void **state) {
    (void)state;
    static const struct {
        const char *body, *says;
        bool spent;
    } t[] = {{"{\"error\":{\"message\":\"a\\nb\",\"code\":\"c\"}}", "a b", false},
             {"{\"error\":\"plain\"}", "plain", false},
             {"{\"message\":\"m\"}", "m", false},
             {"{\"detail\":\"d\"}", "d", false},
             {"<html>", "", false},
             {"{\"error\":{\"message\":\"q\",\"code\":\"insufficient_quota\"}}", "q", true}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        lem_buf b = {0};
        assert_int_equal(lem_completion_refusal(t[i].body, strlen(t[i].body), &b), t[i].spent);
        assert_string_equal(lem_buf_str(&b), t[i].says);
        lem_buf_release(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_are_as_the_api_says),
        cmocka_unit_test(bodies_of_samples),
        cmocka_unit_test(log_probabilities),
        cmocka_unit_test(token_ids),
        cmocka_unit_test(fewer_choices),
        cmocka_unit_test(whole_replies),
        cmocka_unit_test(streams),
        cmocka_unit_test(a_stream_cut_anywhere),
        cmocka_unit_test(events_do_not_depend_on_pieces),
        cmocka_unit_test(an_event_has_a_limit),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(refusals_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
