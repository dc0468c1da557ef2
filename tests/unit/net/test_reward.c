/* test_reward.c - requests for rewards byte by byte, and replies: those that count and those that do not */
#include "core/mem.h"
#include "net/reward.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const int32_t ids_a[] = {5, 6, 7, 8}, ids_b[] = {9};
static const int at_a[] = {1, 3}, at_b[] = {0};

/* ---- bodies ---- */

static void body(const lem_reward_opts *o, const lem_reward_text *texts, int n, const char *want) {
    lem_buf b = {0};
    lem_err err = LEM_ERR_INIT;
    if (lem_reward_body(o, texts, n, &b, &err) != LEM_OK) fail_msg("%s", err.text);
    assert_string_equal(lem_buf_str(&b), want);
    lem_buf_release(&b);
}

static void bodies(void **state) {
    (void)state;
    lem_reward_text talk = {.system = "s", .question = "q", .solution = "a\"b"};
    lem_reward_text two[] = {{.question = "q", .solution = "a", .text = "A", .ids = ids_a, .n_ids = 4},
                             {.question = "q", .solution = "b", .text = "B", .ids = ids_b, .n_ids = 1}};
    body(
        &(lem_reward_opts){.api = LEM_REWARD_POOLING, .model = "m"}, &talk, 1,
        "{\"model\":\"m\",\"task\":\"classify\",\"messages\":[{\"role\":\"system\",\"content\":\"s\"},{"
        "\"role\":"
        "\"user\",\"content\":\"q\"},{\"role\":\"assistant\",\"content\":\"a\\\"b\"}],\"add_special_tokens\":"
        "false,\"encoding_format\":\"float\",\"use_activation\":false}");
    talk.system = "";
    body(&(lem_reward_opts){.api = LEM_REWARD_CLASSIFY}, &talk, 1,
         "{\"messages\":[{\"role\":\"user\",\"content\":\"q\"},{\"role\":\"assistant\",\"content\":"
         "\"a\\\"b\"}],"
         "\"add_special_tokens\":false,\"use_activation\":false}");
    body(&(lem_reward_opts){.api = LEM_REWARD_POOLING, .input = LEM_REWARD_IDS, .per_token = true}, two, 2,
         "{\"task\":\"token_classify\",\"input\":[[5,6,7,8],[9]],\"add_special_tokens\":false,"
         "\"encoding_format\":\"float\",\"use_activation\":false}");
    body(&(lem_reward_opts){.api = LEM_REWARD_GET_REWARD, .input = LEM_REWARD_TEXT, .model = "m"}, two, 2,
         "{\"query\":[\"A\",\"B\"]}");
    body(&(lem_reward_opts){.api = LEM_REWARD_SCORE, .input = LEM_REWARD_PAIR}, two, 2,
         "{\"text_1\":\"q\",\"text_2\":[\"a\",\"b\"],\"use_activation\":false}");
    body(&(lem_reward_opts){.api = LEM_REWARD_RERANK, .input = LEM_REWARD_PAIR}, two, 2,
         "{\"query\":\"q\",\"documents\":[\"a\",\"b\"],\"top_n\":2,\"use_activation\":false}");
}

static void members_of_the_user(void **state) {
    (void)state;
    lem_json *extra = NULL;
    lem_reward_text one = {.text = "A"};
    const char *text = "{\"use_activation\":null,\"softmax\":false}";
    assert_int_equal(lem_json_parse(text, strlen(text), &extra, NULL), LEM_OK);
    body(&(lem_reward_opts){.api = LEM_REWARD_CLASSIFY, .input = LEM_REWARD_TEXT, .extra = extra}, &one, 1,
         "{\"input\":[\"A\"],\"add_special_tokens\":false,\"softmax\":false}");
    lem_json_free(extra);
}

static void names(void **state) {
    (void)state;
    static const char *const all[] = {"pooling", "classify", "get_reward", "score", "rerank"};
    lem_reward_api api;
    for (int i = 0; i < LEM_REWARD_APIS; i++) {
        assert_true(lem_reward_api_find(all[i], &api) && api == (lem_reward_api)i);
        assert_string_equal(lem_reward_api_name(api), all[i]);
        assert_string_equal(lem_reward_path(api) + 1, all[i]);
    }
    assert_false(lem_reward_api_find("pool", &api));
}

/* ---- replies ---- */

static const lem_reward_text whole[] = {{.n_at = 1}, {.n_at = 1}, {.n_at = 1}};
static const lem_reward_text stepped[] = {{.n_at = 2}, {.n_at = 1}};
static const lem_reward_text placed[] = {{.ids = ids_a, .n_ids = 4, .at = at_a, .n_at = 2},
                                         {.ids = ids_b, .n_ids = 1, .at = at_b, .n_at = 1}};

/* The values of the record as they are written. */
static void good(const lem_reward_opts *o, const lem_reward_text *texts, int n, const char *reply,
                 const char *want) {
    lem_json *record = NULL;
    lem_buf b = {0};
    lem_err err = LEM_ERR_INIT;
    if (lem_reward_reply(o, texts, n, reply, strlen(reply), &record, &err) != LEM_OK)
        fail_msg("%s: %s", reply, err.text);
    lem_json_write(lem_json_get(record, "values"), 0, &b);
    assert_string_equal(lem_buf_str(&b), want);
    lem_buf_release(&b);
    lem_json_free(record);
}

static void bad(const lem_reward_opts *o, const lem_reward_text *texts, int n, const char *reply,
                lem_status status, const char *words) {
    lem_json *record = NULL;
    lem_err err = LEM_ERR_INIT;
    lem_status got = lem_reward_reply(o, texts, n, reply, strlen(reply), &record, &err);
    if (got != status || !strstr(err.text, words)) fail_msg("%s: %d, %s", reply, (int)got, err.text);
    assert_null(record);
}

static const lem_reward_opts pool = {.api = LEM_REWARD_POOLING, .outputs = 1},
                             pair = {.api = LEM_REWARD_POOLING, .outputs = 2},
                             steps = {.api = LEM_REWARD_POOLING, .outputs = 2, .steps = true},
                             single = {.api = LEM_REWARD_POOLING, .outputs = 1, .steps = true},
                             get = {.api = LEM_REWARD_GET_REWARD, .outputs = 1};

/* As the documentation of vLLM 0.18, OpenRLHF's serve_rm.py and llama-server's README show them. */
static void replies_of_each_api(void **state) {
    (void)state;
    lem_reward_opts o = {.api = LEM_REWARD_CLASSIFY, .outputs = 2};
    good(&o, whole, 2,
         "{\"id\":\"classify-7c87\",\"object\":\"list\",\"created\":1745383065,\"model\":\"m\",\"data\":[{"
         "\"index\":0,"
         "\"label\":\"Default\",\"probs\":[0.565970778465271,0.4340292513370514],\"num_classes\":2},{"
         "\"index\":1,"
         "\"label\":\"Spoiled\",\"probs\":[0.26448777318000793,0.7355121970176697],\"num_classes\":2}],"
         "\"usage\":{"
         "\"prompt_tokens\":20,\"total_tokens\":20,\"completion_tokens\":0,\"prompt_tokens_details\":null}}",
         "[[0.565970778465271,0.4340292513370514],[0.26448777318000793,0.7355121970176697]]");
    o = (lem_reward_opts){.api = LEM_REWARD_SCORE, .outputs = 1};
    good(&o, whole, 2,
         "{\"id\":\"x\",\"object\":\"list\",\"created\":693570,\"model\":\"m\",\"data\":[{\"index\":0,"
         "\"object\":"
         "\"score\",\"score\":0.001094818115234375},{\"index\":1,\"object\":\"score\",\"score\":1}],"
         "\"usage\":{}}",
         "[[0.001094818115234375],[1.0]]");
    o.api = LEM_REWARD_RERANK;
    good(&o, whole, 2,
         "{\"id\":\"rerank-fae5\",\"model\":\"m\",\"usage\":{\"total_tokens\":56},\"results\":[{\"index\":1,"
         "\"document\":{\"text\":\"b\"},\"relevance_score\":0.99853515625},{\"index\":0,\"document\":{"
         "\"text\":\"a\"},"
         "\"relevance_score\":0.0005860328674316406}]}",
         "[[0.0005860328674316406],[0.99853515625]]");
    good(&pool, whole, 1,
         "{\"object\":\"list\",\"data\":[{\"index\":0,\"object\":\"pooling\",\"data\":[5.4375]}],\"usage\":{}"
         "}",
         "[[5.4375]]");
    good(&get, whole, 3,
         "{\"rewards\":[1,-2.5,3e0],\"scores\":[0,0,0],\"extra_logs\":{\"dummy_scores\":[1]}}",
         "[[1.0],[-2.5],[3.0]]");
    good(&get, whole, 2, "{\"scores\":[[1],[2]]}", "[[1.0],[2.0]]");
}

static void which_vectors_count(void **state) {
    (void)state;
    good(&pool, whole, 1, "{\"data\":[{\"data\":[[1],[2],[3]]}]}", "[[3.0]]"); /* of all tokens the last */
    good(&pool, whole, 2, "{\"data\":[{\"index\":1,\"data\":3},{\"index\":0,\"data\":4}]}", "[[4.0],[3.0]]");
    good(&pool, whole, 2, "{\"data\":[{\"data\":3},{\"data\":4}]}", "[[3.0],[4.0]]"); /* without index */
    good(&steps, stepped, 2, "{\"data\":[{\"data\":[[1,2],[3,4]]},{\"data\":[[5,6]]}]}",
         "[[1.0,2.0,3.0,4.0],[5.0,6.0]]");
    good(&steps, placed, 2, "{\"data\":[{\"data\":[[1,2],[3,4]]},{\"data\":[[5,6]]}]}",
         "[[1.0,2.0,3.0,4.0],[5.0,6.0]]");
    good(&steps, placed, 2, "{\"data\":[{\"data\":[[0,0],[1,2],[0,0],[3,4]]},{\"data\":[5,6]}]}",
         "[[1.0,2.0,3.0,4.0],[5.0,6.0]]");
    good(&single, stepped, 2, "{\"data\":[{\"data\":[0.1,0.2]},{\"data\":[0.3]}]}", "[[0.1,0.2],[0.3]]");
}

static void replies_that_do_not_count(void **state) {
    (void)state;
    bad(&pool, whole, 1, "", LEM_EDATA, "the reply");
    bad(&pool, whole, 1, "<html>", LEM_EDATA, "the reply");
    bad(&pool, whole, 1, "{\"data\":[{\"data\":[NaN]}]}", LEM_EDATA, "the reply");
    bad(&pool, whole, 1, "{\"data\":[{\"data\":[1e999]}]}", LEM_EDATA, "the reply");
    bad(&pool, whole, 1, "[]", LEM_EDATA, "'data': a list expected, found null");
    bad(&pool, whole, 1, "{\"data\":{\"index\":0}}", LEM_EDATA, "'data': a list expected, found object");
    bad(&pool, whole, 2, "{\"data\":[{\"data\":[1]}]}", LEM_EDATA,
        "'data': 2 scores expected, one for each text that was sent, found 1");
    bad(&pool, whole, 1, "{\"data\":[3]}", LEM_EDATA, "data[0]: an object expected, found integer");
    bad(&pool, whole, 2, "{\"data\":[{\"index\":1,\"data\":[1]},{\"index\":1,\"data\":[1]}]}", LEM_EDATA,
        "data[1]: index: 0 to 1 expected, each once");
    bad(&pool, whole, 1, "{\"data\":[{\"index\":1,\"data\":[1]}]}", LEM_EDATA, "index: 0 to 0 expected");
    bad(&pool, whole, 1, "{\"data\":[{\"index\":-1,\"data\":[1]}]}", LEM_EDATA, "index: 0 to 0 expected");
    bad(&pool, whole, 1, "{\"data\":[{\"index\":\"0\",\"data\":[1]}]}", LEM_EDATA, "index: 0 to 0 expected");
    bad(&pool, whole, 1, "{\"data\":[{\"data\":[null]}]}", LEM_EDATA,
        "a finite number expected, found null (what");
    bad(&pool, whole, 1, "{\"data\":[{}]}", LEM_EDATA, "a finite number expected, found null");
    bad(&pool, whole, 1, "{\"data\":[{\"data\":[\"1\"]}]}", LEM_EDATA,
        "a finite number expected, found string");
    bad(&pool, whole, 1, "{\"data\":[{\"data\":\"AACAPw==\"}]}", LEM_EDATA, "encoding_format");
    bad(&pool, whole, 1, "{\"data\":[{\"data\":[]}]}", LEM_EDATA, "0 numbers where 1 output is expected");
    bad(&pool, whole, 1, "{\"data\":[{\"data\":[[]]}]}", LEM_EDATA, "0 numbers where 1 output is expected");
    bad(&pool, whole, 1, "{\"data\":[{\"data\":[1,2,3]}]}", LEM_EDATA, "are these hidden states");
    bad(&pool, whole, 1, "{\"data\":[{\"data\":[1,2]}]}", LEM_EUSAGE, "--head-output says which");
    bad(&pair, whole, 1, "{\"data\":[{\"data\":[1]}]}", LEM_EUSAGE, "1 output where 2 are expected");
    bad(&pair, whole, 1, "{\"data\":[{\"data\":1}]}", LEM_EUSAGE, "1 output where 2 are expected");
    bad(&get, whole, 2, "{\"rewards\":[1]}", LEM_EDATA, "'rewards': 2 scores expected");
    bad(&get, whole, 1, "{\"rewards\":1}", LEM_EDATA, "'rewards': a list expected, found integer");
}

static void steps_that_do_not_fit(void **state) {
    (void)state;
    bad(&steps, stepped, 2, "{\"data\":[{\"data\":[[1,2]]},{\"data\":[[1,2]]}]}", LEM_EDATA,
        "data[0]: 2 values expected, one for each step, found 1: where the server gives one for each token, "
        "--tokenizer DIR");
    bad(&steps, placed, 2, "{\"data\":[{\"data\":[[1,2],[1,2],[1,2]]},{\"data\":[[1,2]]}]}", LEM_EDATA,
        "4 values expected (one for each token) or 2 steps, found 3: does the server shorten texts?");
    bad(&steps, stepped, 2, "{\"data\":[{\"data\":[[1,2],[3]]},{\"data\":[[1,2]]}]}", LEM_EUSAGE,
        "1 output where 2");
}

/* Pairs that the first reply had as probabilities must be some. */
static void probabilities(void **state) {
    (void)state;
    lem_reward_opts o = steps;
    o.values = LEM_REWARD_PROBABILITIES;
    good(&o, stepped, 2, "{\"data\":[{\"data\":[[0.25,0.75],[1,0]]},{\"data\":[[0.498,0.503]]}]}",
         "[[0.25,0.75,1.0,0.0],[0.498,0.503]]");
    bad(&o, stepped, 2, "{\"data\":[{\"data\":[[0.25,0.75],[0.5,0.6]]},{\"data\":[[1,0]]}]}", LEM_EDATA,
        "(0.5, 0.6) are no probabilities of two labels");
    bad(&o, stepped, 2, "{\"data\":[{\"data\":[[0.25,0.75],[-1,2]]},{\"data\":[[1,0]]}]}", LEM_EDATA,
        "do all servers run the same version?");
}

static void squashed(const char *values, int outputs, bool want) {
    lem_json *record = lem_json_new_object(), *v = NULL;
    assert_int_equal(lem_json_parse(values, strlen(values), &v, NULL), LEM_OK);
    assert_true(lem_json_set(record, "values", v));
    if (lem_reward_squashed(record, outputs) != want) fail_msg("%s of %d", values, outputs);
    lem_json_free(record);
}

static void what_looks_squashed(void **state) {
    (void)state;
    squashed("[[0.5],[1],[0]]", 1, true);
    squashed("[[0.5],[1.001]]", 1, false);
    squashed("[[-0.001]]", 1, false);
    squashed("[[0.5,0.5,0.9,0.1],[1,0]]", 2, true);
    squashed("[[0.5,0.5,0.9,0.2]]", 2, false);
    squashed("[[2,-1]]", 2, false);
    squashed("[]", 1, false);
}

static void counts_and_model(void **state) {
    (void)state;
    lem_json *record = NULL;
    const char *reply = "{\"model\":\"AceMath\",\"data\":[{\"data\":[1]}],\"usage\":{\"prompt_tokens\":17}}";
    assert_int_equal(lem_reward_reply(&pool, whole, 1, reply, strlen(reply), &record, NULL), LEM_OK);
    assert_int_equal(lem_json_int(lem_json_get(record, "prompt_tokens"), 0), 17);
    assert_int_equal(lem_json_int(lem_json_get(record, "completion_tokens"), 1), 0);
    assert_string_equal(lem_json_str(lem_json_get(record, "model"), ""), "AceMath");
    lem_json_free(record);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    const char *reply = "{\"data\":[{\"index\":0,\"data\":[[1,2],[3,4]]},{\"index\":1,\"data\":[[5,6]]}]}";
    int failed = 0;
    for (int k = 0; k < 60; k++) {
        lem_json *record = NULL;
        lem_buf b = {0};
        lem_err err = LEM_ERR_INIT;
        lem_mem_fail_after(k, false);
        lem_status st = lem_reward_reply(&steps, stepped, 2, reply, strlen(reply), &record, &err);
        lem_status more = lem_reward_body(&(lem_reward_opts){.api = LEM_REWARD_POOLING}, whole, 1, &b, &err);
        lem_mem_fail_after(0, false);
        if (st != LEM_OK && st != LEM_EMEM) fail_msg("allocation %d: %d, %s", k, (int)st, err.text);
        assert_true(more == LEM_OK || more == LEM_EMEM);
        failed += st == LEM_EMEM;
        lem_json_free(record);
        lem_buf_release(&b);
    }
    assert_true(failed > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies),
        cmocka_unit_test(members_of_the_user),
        cmocka_unit_test(names),
        cmocka_unit_test(replies_of_each_api),
        cmocka_unit_test(which_vectors_count),
        cmocka_unit_test(replies_that_do_not_count),
        cmocka_unit_test(steps_that_do_not_fit),
        cmocka_unit_test(probabilities),
        cmocka_unit_test(what_looks_squashed),
        cmocka_unit_test(counts_and_model),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
