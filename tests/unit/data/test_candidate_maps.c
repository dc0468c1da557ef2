/* test_candidate_maps.c - rows of other tools as they write them, told and read; maps as JSON and back; the
 * nearest map; what the user writes wrongly */
#include "data/candidate_maps.h"

#include "../checks.h"

#include <math.h>

typedef struct reading {
    lem_candidates_map *map;
    lem_json *row;
    lem_candidates c;
    char ground[200];
} reading;

static lem_json *row_of(const char *text) {
    lem_json *r = NULL;
    OK(lem_json_parse(text, strlen(text), &r, &err));
    return r;
}

static reading start(const char *map, const char *text) {
    reading r = {.map = lem_candidates_map_new(&err), .row = row_of(text)};
    if (map) OK(lem_candidates_map_set(r.map, map, &err));
    return r;
}

static reading read_text(const char *map, const char *text) {
    reading r = start(map, text);
    OK(lem_candidates_map_detect(r.map, r.row, r.ground, &err));
    OK(lem_candidates_read(r.map, r.row, &r.c, &err));
    return r;
}

static void done(reading *r) {
    lem_candidates_release(&r->c);
    lem_candidates_map_free(r->map);
    lem_json_free(r->row);
}

static void is_of(const reading *r, const char *name, int n, const char *problem, const char *gold) {
    if (strncmp(r->ground, name, strlen(name)) != 0) fail_msg("%s, not %s", r->ground, name);
    assert_int_equal(r->c.n, n);
    if (problem) assert_string_equal(r->c.problem, problem);
    if (gold) assert_string_equal(r->c.expected, gold);
    else assert_null(r->c.expected);
}

static void lm_eval(void **state) {
    (void)state;
    static const char newer[] =
        "{\"doc_id\":7,\"doc\":{\"question\":\"q\"},\"target\":\"#### 2\",\"arguments\":{\"gen_args_0\":"
        "{\"arg_0\":\"P\"}},\"resps\":[[\"two\"]],\"filtered_resps\":[\"[invalid]\"],\"filter\":\"strict-"
        "match\",\"exact_match\":1.0}";
    static const char repeats[] =
        "{\"doc_id\":7,\"doc\":{},\"target\":2,\"arguments\":[[\"P\",{}]],\"resps\":[[\"a\",\"b\",\"c\"]],"
        "\"filtered_resps\":[\"a\"],\"exact_match\":0.5}";
    reading r = read_text(NULL, newer);
    is_of(&r, "lm-eval", 1, "q", "#### 2");
    assert_string_equal(r.c.id, "7");
    assert_int_equal(r.c.correct[0], 1);
    assert_null(r.c.predicted[0]); /* no answer */
    done(&r);
    r = read_text(NULL, repeats);
    is_of(&r, "lm-eval", 3, "P", "2");
    assert_null(r.c.correct); /* one figure of three texts is no verdict of each */
    assert_null(r.c.predicted);
    assert_string_equal(r.c.completion[2], "c");
    done(&r);
}

static void lighteval(void **state) {
    (void)state;
    reading r = read_text(
        NULL, "{\"doc\":{\"id\":\"\",\"query\":\"q\",\"choices\":[\"5\"],\"gold_index\":0},\"metric\":{"
              "\"extractive_match\":1},\"model_response\":{\"text\":[\"five\"]}}");
    is_of(&r, "lighteval", 1, "q", "5");
    assert_null(r.c.id);
    assert_int_equal(r.c.correct[0], 1);
    done(&r);
    r = read_text(NULL, "{\"example\":\"q\",\"full_prompt\":\"Q: q\",\"predictions\":[\"x\",\"y\"],\"gold\":["
                        "\"5\"],\"metrics\":{\"extractive_match\":0.5}}");
    is_of(&r, "lighteval", 2, "q", "5");
    assert_null(r.c.correct);
    done(&r);
}

static void openai(void **state) {
    (void)state;
    int n = 0;
    reading r = read_text(
        NULL,
        "{\"question\":\"q\",\"ground_truth\":\"#### 5\",\"6b\":{\"solution\":\"x\",\"is_correct\":true}"
        ",\"175b.v\":{\"is_correct\":false,\"solution\":\"y\"}}");
    is_of(&r, "OpenAI GSM8K", 2, "q", "#### 5");
    assert_string_equal(r.c.completion[1], "y");
    assert_true(r.c.correct[0] == 1 && r.c.correct[1] == 0);
    assert_string_equal(lem_candidates_map_model(r.map, 1, &n), "175b.v");
    assert_int_equal(n, 2);
    done(&r);
    r = read_text(NULL,
                  "{\"custom_id\":\"r1\",\"response\":{\"body\":{\"choices\":[{\"message\":{\"content\":"
                  "\"x\"},\"finish_reason\":\"length\"}]}}}");
    is_of(&r, "OpenAI batch", 1, NULL, NULL);
    assert_string_equal(r.c.id, "r1");
    assert_int_equal(lem_candidates_cut(&r.c, 0), 1);
    done(&r);
}

static void scripts(void **state) {
    (void)state;
    reading r = read_text(NULL, "{\"prompt\":\"p\",\"outputs\":[{\"text\":\"x\",\"finish_reason\":\"stop\","
                                "\"cumulative_logprob\":-2.5}],\"answer\":\"5\"}");
    is_of(&r, "vLLM", 1, "p", "5");
    assert_true(r.c.logprob[0] == -2.5);
    done(&r);
    r = read_text(NULL, "{\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],\"answer\":[\"5\"],\"model_"
                        "output\":\"x\",\"prediction\":[\"5\"],\"accuracy\":1}");
    is_of(&r, "DeepSeek-Math", 1, "q", "5");
    assert_string_equal(r.c.predicted[0], "5");
    assert_int_equal(r.c.correct[0], 1);
    done(&r);
    r = read_text(NULL, "{\"messages\":[{\"content\":\"q\"}],\"answer\":[\"5\",\"6\"],\"model_output\":\"x\","
                        "\"prediction\":[\"5\",\"6\"],\"accuracy\":0}");
    is_of(&r, "DeepSeek-Math", 1, "q", NULL); /* several golds: the file's verdict stands */
    assert_null(r.c.predicted);
    done(&r);
}

static void rlhflow(void **state) {
    (void)state;
    reading r =
        read_text(NULL, "{\"prompt\":\"p\",\"answers\":[\"Step 1: a. \xd0\xba\xd0\xb8\\nStep 2: b "
                        "\xd0\xba\xd0\xb8\",\"a\\n\\nb\",\"\xd0\xba\xd0\xb8ng a\"],\"label\":[1,0,1]}");
    is_of(&r, "RLHFlow", 3, "p", NULL);
    assert_string_equal(r.c.completion[0], "Step 1: a.\n\nStep 2: b");
    assert_string_equal(r.c.completion[1], "a\n\nb");
    assert_string_equal(r.c.completion[2], "\xd0\xba\xd0\xb8ng a"); /* a mark ends a line */
    assert_true(r.c.correct[0] == 1 && r.c.correct[1] == 0);
    done(&r);
    r = read_text(NULL, "{\"prompt\":\"p\",\"answers\":[\"a\"],\"labels\":[0],\"rewards\":[0.5]}");
    is_of(&r, "RLHFlow", 1, "p", NULL);
    assert_true(r.c.rm_score[0] == 0.5 && r.c.correct[0] == 0);
    done(&r);
}

static void reward_data(void **state) {
    (void)state;
    reading r =
        read_text(NULL, "{\"instruction\":\"p\",\"completions\":[{\"model\":\"m\",\"response\":\"x\","
                        "\"overall_score\":7.5},{\"model\":\"n\",\"response\":\"y\",\"overall_score\":"
                        "2}]}");
    is_of(&r, "UltraFeedback", 2, "p", NULL);
    assert_true(r.c.rm_score[0] == 7.5);
    assert_string_equal(r.c.generator[1], "n");
    done(&r);
    r = read_text(NULL,
                  "{\"question\":{\"problem\":\"p\",\"ground_truth_answer\":\"5\",\"pre_generated_steps\":"
                  "[\"a\",\"b\"],\"pre_generated_answer\":\"5\",\"pre_generated_verifier_score\":0.25}}");
    is_of(&r, "PRM800K", 1, "p", "5");
    assert_string_equal(r.c.completion[0], "a\nb");
    assert_true(r.c.rm_score[0] == 0.25);
    done(&r);
}

/* A map by its name, in any case; of two layouts of one name that which fits. */
static void by_name(void **state) {
    (void)state;
    reading r =
        read_text("nemo-skills", "{\"generation\":\"x\",\"expected_answer\":5,\"completions\":[\"y\"]}");
    is_of(&r, "NeMo-Skills: as asked for", 1, NULL, "5");
    assert_string_equal(r.c.completion[0], "x");
    done(&r);
    r = read_text("Lighteval,problem=mine",
                  "{\"mine\":\"m\",\"full_prompt\":\"Q\",\"predictions\":[\"x\"],\"gold\":[\"5\"]}");
    is_of(&r, "map by hand; rest lighteval", 1, "m", "5");
    done(&r);
    r = start("Qwen2.5-Math", "{\"code\":[\"x\"]}");
    FAILS(lem_candidates_map_detect(r.map, r.row, r.ground, &err), LEM_EDATA,
          "the map Qwen2.5-Math needs 'gt'; columns found: code");
    done(&r);
}

static void nearest(void **state) {
    (void)state;
    reading r = start(NULL, "{\"gt\":\"5\",\"question\":\"q\",\"pred\":\"5\"}");
    FAILS(lem_candidates_map_detect(r.map, r.row, r.ground, &err), LEM_EDATA,
          "columns found: gt, question, pred; the nearest map is Qwen2.5-Math, which needs code too");
    done(&r);
    r = start(NULL, "{\"x\":1}");
    FAILS(lem_candidates_map_detect(r.map, r.row, r.ground, &err), LEM_EDATA, "columns found: x");
    assert_null(strstr(err.text, "nearest"));
    done(&r);
}

/* Every map of the table, written and read again, is the same map. */
static void written_and_read(void **state) {
    (void)state;
    const lem_candidate_map_info *m;
    int n = 0;
    for (; (m = lem_candidate_map_at(n)); n++) {
        lem_candidate_map_info again;
        lem_json *j = lem_candidate_map_json(m), *k;
        OK(lem_candidate_map_read(j, "x.yaml", &again, &err));
        assert_non_null(k = lem_candidate_map_json(&again));
        assert_true(lem_json_equal(j, k));
        assert_true(*m->by && *m->about && m->need[0]);
        assert_ptr_equal(lem_candidate_map_at(-1), NULL);
        lem_json_free(j);
        lem_json_free(k);
    }
    assert_true(n >= 18);
}

static void own(const char *text, lem_status want, const char *part) {
    lem_candidate_map_info m;
    lem_json *j = row_of(text);
    if (want == LEM_OK) OK(lem_candidate_map_read(j, "my.yaml", &m, &err));
    else FAILS(lem_candidate_map_read(j, "my.yaml", &m, &err), want, part);
    lem_json_free(j);
}

static void own_maps(void **state) {
    (void)state;
    own("{\"fields\":{\"completions\":\"x.*\"}}", LEM_OK, "");
    own("{}", LEM_EUSAGE, "my.yaml: fields: a map of our names to paths expected");
    own("[]", LEM_EUSAGE, "my.yaml: a map of candidates expected");
    own("{\"field\":{}}", LEM_EUSAGE, "unknown key 'field'");
    own("{\"name by\":\"x\"}", LEM_EUSAGE, "unknown key 'name by'");
    own("{\"fields\":{\"answers\":\"x\"}}", LEM_EUSAGE, "unknown field 'answers'");
    own("{\"fields\":{\"completions\":3}}", LEM_EUSAGE, "fields.completions: a path expected");
    own("{\"name\":3,\"fields\":{\"id\":\"x\"}}", LEM_EUSAGE, "name: text expected, found integer");
    own("{\"rows\":\"some\",\"fields\":{\"id\":\"x\"}}", LEM_EUSAGE, "problems or candidates expected");
    own("{\"need\":[1],\"fields\":{\"id\":\"x\"}}", LEM_EUSAGE, "need[0]: text expected");
    own("{\"need\":[\"a\",\"b\",\"c\",\"d\",\"e\"],\"fields\":{\"id\":\"x\"}}", LEM_EUSAGE, "at most 4");
    lem_candidates_map *m = lem_candidates_map_new(&err);
    lem_json *j = row_of("{\"name\":\"mine\",\"need\":[\"texts\"],\"rows\":\"candidates\",\"join\":\" \","
                         "\"fields\":{\"completions\":\"texts\",\"expected_answer\":\"g||h\"}}"),
             *row = row_of("{\"texts\":[\"a\",\"b\"],\"h\":3}");
    lem_candidates c = {0};
    char ground[200];
    OK(lem_candidates_map_define(m, j, "my.yaml", &err));
    lem_json_free(j); /* the map keeps it */
    OK(lem_candidates_map_detect(m, row, ground, &err));
    OK(lem_candidates_read(m, row, &c, &err));
    assert_string_equal(ground, "mine: as asked for");
    assert_int_equal(c.n, 1);
    assert_string_equal(c.completion[0], "a b");
    assert_string_equal(c.expected, "3");
    lem_candidates_release(&c);
    lem_candidates_map_free(m);
    lem_json_free(row);
}

/* Under our names a foreign row is read as ours. */
static void put_under_our_names(void **state) {
    (void)state;
    reading r =
        read_text(NULL, "{\"idx\":3,\"question\":\"q\",\"gt\":\"5\",\"code\":[\"a\",\"b\"],\"pred\":[\"5\""
                        ",null],\"score\":[true,null],\"pred_score\":[[3.5],[2]]}");
    assert_false(lem_candidates_map_is_ours(r.map));
    OK(lem_candidates_put(&r.c, true, r.row, &err));
    lem_candidates_map *m = lem_candidates_map_new(&err);
    lem_candidates c = {0};
    char ground[200];
    OK(lem_candidates_map_detect(m, r.row, ground, &err));
    assert_true(lem_candidates_map_is_ours(m));
    OK(lem_candidates_read(m, r.row, &c, &err));
    assert_string_equal(ground, "Lemma: columns completions, expected_answer");
    assert_true(c.n == 2 && c.correct[0] == 1 && c.correct[1] == -1 && c.rm_score[1] == 2);
    assert_null(c.predicted[1]);
    lem_candidates_release(&c);
    lem_candidates_map_free(m);
    done(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(lm_eval),
                                       cmocka_unit_test(lighteval),
                                       cmocka_unit_test(openai),
                                       cmocka_unit_test(scripts),
                                       cmocka_unit_test(rlhflow),
                                       cmocka_unit_test(reward_data),
                                       cmocka_unit_test(by_name),
                                       cmocka_unit_test(nearest),
                                       cmocka_unit_test(written_and_read),
                                       cmocka_unit_test(own_maps),
                                       cmocka_unit_test(put_under_our_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
