/* test_head - which head a config.json and its tensors make, how its outputs are read, and every refusal */
#include "support.h"

#include "model/head.h"

typedef struct parsed {
    lem_status st;
    bool known;
    lem_head_shape s;
} parsed;

static parsed parse(const char *suffix, const char *text) {
    parsed p = {LEM_OK, false, {.outputs = -7}};
    lem_json *json = NULL;
    OK(lem_json_parse(text, strlen(text), &json, &err));
    p.st = lem_head_from_json(json, suffix, &p.s, &p.known, &err);
    lem_json_free(json);
    return p;
}

static lem_head_shape shape(const char *suffix, const char *text) {
    parsed p = parse(suffix, text);
    OK(p.st);
    assert_true(p.known);
    return p.s;
}

static void kinds(void **state) {
    (void)state;
    static const struct {
        const char *suffix, *json;
        lem_head_kind kind;
        int outputs;
        bool dense, process;
        const char *tensors; /* all of them */
    } cases[] = {
        {"ForCausalLM", "{}", LEM_HEAD_KIND_NONE, 0, false, false, ""},
        {"ForSequenceClassification", "{\"num_labels\":1}", LEM_HEAD_KIND_CLASSIFIER, 1, false, false,
         "score.weight "},
        {"ForSequenceClassification", "{}", LEM_HEAD_KIND_CLASSIFIER, 2, false, false, "score.weight "},
        {"ForRewardModel", "{}", LEM_HEAD_KIND_QWEN_RM, 1, true, false,
         "score.0.weight score.0.bias score.2.weight score.2.bias "},
        {"ForRewardModel", "{\"model_type\":\"internlm2\",\"reward_token_id\":92527}",
         LEM_HEAD_KIND_INTERNLM2, 1, false, false, "v_head.weight "},
        {"ForProcessRewardModel", "{}", LEM_HEAD_KIND_QWEN_PRM, 2, true, true,
         "score.0.weight score.0.bias score.2.weight score.2.bias "},
        {"ForPrmModel", "{}", LEM_HEAD_KIND_SKYWORK_PRM, 1, false, true,
         "v_head.summary.weight v_head.summary.bias "},
        {"RewardModel", "{\"value_head_prefix\":\"my_head\"}", LEM_HEAD_KIND_OPENRLHF, 1, false, false,
         "my_head.weight "},
        {"LLMForSequenceRegression", "{}", LEM_HEAD_KIND_OPENRLHF, 1, false, false, ""},
        {"ForTokenClassification", "{\"num_labels\":2}", LEM_HEAD_KIND_TOKEN_CLASSIFIER, 2, false, true,
         "score.weight score.bias "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lem_head_shape s = shape(cases[i].suffix, cases[i].json);
        char all[300] = "", name[64];
        for (int k = -1; k < 6; k++)
            if (lem_head_tensor(&s, k, name)) strcat(strcat(all, name), " ");
        assert_int_equal(s.kind, cases[i].kind);
        assert_int_equal(s.outputs, cases[i].outputs);
        assert_int_equal(s.dense, cases[i].dense);
        assert_int_equal(lem_head_is_process(s.kind), cases[i].process);
        assert_string_equal(all, cases[i].tensors);
    }
    parsed p = parse("ForQuestionAnswering", "{}");
    assert_true(p.st == LEM_OK && !p.known && p.s.outputs == -7);
}

static void config_refusals(void **state) {
    (void)state;
    static const struct {
        const char *suffix, *json, *part;
    } cases[] = {
        {"ForSequenceClassification", "{\"num_labels\":3}", "3 found"},
        {"ForSequenceClassification", "{\"id2label\":{}}", "0 found"},
        {"ForTokenClassification", "{\"num_labels\":9}", "two labels"},
        {"ForSequenceClassification", "{\"num_labels\":1,\"mean\":1}", "'std'"},
        {"ForRewardModel", "{\"model_type\":\"internlm2\"}", "reward_token_id"},
        {"ForRewardModel", "{\"model_type\":\"internlm2\",\"reward_token_id\":1e12}", "reward_token_id"},
        {"RewardModel", "{\"std\":1}", "'mean'"},
        {"RewardModel", "{\"mean\":0,\"std\":0}", "'std'"},
        {"RewardModel", "{\"mean\":0,\"std\":1e-60}", "'std'"},
        {"RewardModel", "{\"mean\":\"x\",\"std\":1}", "'mean'"},
        {"RewardModel", "{\"value_head_prefix\":\"\"}", "value_head_prefix"},
        {"RewardModel", "{\"value_head_prefix\":7}", "value_head_prefix"},
        {"RewardModel", "{\"value_head_prefix\":\"../x\"}", "value_head_prefix"},
        {"RewardModel",
         "{\"value_head_prefix\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
         "value_head_prefix"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        parsed p = parse(cases[i].suffix, cases[i].json);
        FAILS(p.st, LEM_EDATA, "");
        assert_int_equal(p.s.outputs, -7); /* written only on success */
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        err = (lem_err)LEM_ERR_INIT;
        parse(cases[i].suffix, cases[i].json);
        if (!strstr(err.text, cases[i].part)) print_error("'%s' lacks '%s'\n", err.text, cases[i].part);
        assert_non_null(strstr(err.text, cases[i].part));
    }
}

/* The tensors of a folder: names, separated by spaces. */
static bool has(void *ctx, const char *tensor) {
    size_t n = strlen(tensor);
    for (const char *p = ctx; (p = strstr(p, tensor)); p += n)
        if ((p == (const char *)ctx || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0')) return true;
    return false;
}

static lem_status resolve(lem_head_shape *s, const char *tensors) {
    char names[400];
    snprintf(names, sizeof names, "%s", tensors);
    return lem_head_resolve(s, has, names, &err);
}

static void resolving(void **state) {
    (void)state;
    lem_head_shape lm = shape("ForCausalLM", "{}"), rlhf = shape("RewardModel", "{}"),
                   named = shape("RewardModel", "{\"value_head_prefix\":\"my_head\"}");
    OK(resolve(&lm, "model.norm.weight lm_head.weight"));
    assert_int_equal(lm.kind, LEM_HEAD_KIND_NONE);
    OK(resolve(&lm, "lm_head.weight v_head.summary.weight v_head.summary.bias"));
    assert_int_equal(lm.kind, LEM_HEAD_KIND_VALUE_HEAD);
    assert_string_equal(lem_head_suffix(&lm), "ForCausalLM");
    lem_head_shape half = shape("ForCausalLM", "{}");
    FAILS(resolve(&half, "v_head.summary.weight"), LEM_EDATA, "'v_head.summary.bias'");
    lem_head_shape older = rlhf, with_bias = rlhf, none = rlhf;
    OK(resolve(&rlhf, "score.weight"));
    assert_string_equal(rlhf.tensor, "score");
    OK(resolve(&older, "value_head.weight"));
    assert_string_equal(older.tensor, "value_head");
    OK(resolve(&with_bias, "score.weight score.bias"));
    assert_true(with_bias.bias && !rlhf.bias);
    FAILS(resolve(&none, "scores.weight xscore.weight"), LEM_EDATA, "'score.weight' or 'value_head.weight'");
    FAILS(resolve(&named, "score.weight"), LEM_EDATA, "'my_head.weight'");
    lem_head_shape two = shape("ForProcessRewardModel", "{}"),
                   one = shape("ForSequenceClassification", "{\"num_labels\":1}");
    FAILS(resolve(&two, "score.0.weight score.2.bias"), LEM_EDATA, "'score.0.bias', 'score.2.weight'");
    FAILS(resolve(&one, "lm_head.weight"), LEM_EDATA, "'score.weight'");
}

static float value(const lem_head_shape *s, const char *output, float a, float b) {
    lem_head_reading r;
    const float x[2] = {a, b};
    OK(lem_head_read(s, output, &r, &err));
    return lem_head_value(&r, x);
}

static void near(double a, double b) {
    if (!(fabs(a - b) <= 1e-6 * fmax(1, fabs(b)))) print_error("%.9g, not %.9g\n", a, b);
    assert_true(fabs(a - b) <= 1e-6 * fmax(1, fabs(b)));
}

static void formulas(void **state) {
    (void)state;
    lem_head_shape one = shape("ForSequenceClassification", "{\"num_labels\":1}"),
                   two = shape("ForSequenceClassification", "{\"num_labels\":2}");
    lem_head_shape rlhf = shape("RewardModel", "{\"mean\":-0.5,\"std\":2,\"value_head_prefix\":\"score\"}"),
                   sign;
    lem_head_shape off = shape("RewardModel", "{\"mean\":-0.5,\"std\":2,\"normalize_reward\":false}");
    near(value(&one, NULL, 5.4375f, 0), 5.4375);
    near(value(&one, "sigmoid", 1, 0), 1 / (1 + exp(-1)));
    near(value(&two, "1", 1, 3), 1 / (1 + exp(-2)));
    near(value(&two, "0", 1, 3), 1 / (1 + exp(2)));
    near(value(&two, "logit-difference", 1, 3), 2);
    near(value(&rlhf, NULL, 1, 0), 0.75);
    near(value(&rlhf, "raw", 1, 0), 1);
    near(value(&off, NULL, 1, 0), 1);
    near(value(&off, "normalized", 1, 0), 0.75);
    lem_head_shape prm = shape("ForPrmModel", "{}"), qwen = shape("ForProcessRewardModel", "{}");
    near(value(&prm, NULL, -2, 0), 1 / (1 + exp(2)));
    near(value(&qwen, NULL, 0, 4), 1 / (1 + exp(-4)));
    OK(lem_head_from_name("math-shepherd", &sign, &err));
    near(value(&sign, NULL, 2, 1), 1 / (1 + exp(-1))); /* the good sign comes first */
    near(value(&sign, "logit-difference", 2, 1), 1);
    /* Nothing overflows on the way to a probability. */
    near(value(&qwen, NULL, 1e30f, -1e30f), 0);
    near(value(&prm, NULL, -1e30f, 0), 0);
    near(value(&prm, NULL, 1e30f, 0), 1);
}

static void reading_refusals(void **state) {
    (void)state;
    lem_head_reading r;
    lem_head_shape lm = shape("ForCausalLM", "{}"),
                   one = shape("ForSequenceClassification", "{\"num_labels\":1}"), s = {0};
    lem_head_shape two = shape("ForSequenceClassification", "{\"num_labels\":2}");
    FAILS(lem_head_read(&lm, NULL, &r, &err), LEM_EDATA, "--head rlhflow");
    FAILS(lem_head_read(&lm, "1", &r, &err), LEM_EDATA, "--head rlhflow");
    FAILS(lem_head_read(&two, NULL, &r, &err), LEM_EUSAGE, "--head-output 1");
    FAILS(lem_head_read(&two, "raw", &r, &err), LEM_EUSAGE, "logit-difference");
    FAILS(lem_head_read(&one, "1", &r, &err), LEM_EUSAGE, "raw or sigmoid");
    FAILS(lem_head_read(&one, "normalized", &r, &err), LEM_EUSAGE, "mean and std");
    FAILS(lem_head_from_name("qwen", &s, &err), LEM_EUSAGE, "rlhflow-orm");
    assert_int_equal(s.kind, LEM_HEAD_KIND_NONE);
}

/* What is written is read again as the same head. */
static void round_trip(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"ForSequenceClassification", "{\"num_labels\":2}"},
        {"ForSequenceClassification", "{\"num_labels\":1}"},
        {"ForTokenClassification", "{\"num_labels\":2}"},
        {"ForProcessRewardModel", "{}"},
        {"ForPrmModel", "{}"},
        {"ForRewardModel", "{}"},
        {"RewardModel",
         "{\"mean\":0.25,\"std\":3,\"normalize_reward\":false,\"value_head_prefix\":\"value_head\"}"},
        {"RewardModel", "{\"mean\":0.25,\"std\":3}"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lem_head_shape s = shape(cases[i][0], cases[i][1]), back = {0};
        lem_json *json = lem_json_new_object();
        bool known = false;
        assert_true(lem_head_to_json(&s, json));
        assert_string_equal(lem_head_suffix(&s), cases[i][0]);
        OK(lem_head_from_json(json, lem_head_suffix(&s), &back, &known, &err));
        assert_true(known && s.kind == back.kind && s.outputs == back.outputs && s.stats == back.stats &&
                    s.normalize == back.normalize);
        assert_true(s.mean == back.mean && s.std == back.std && strcmp(s.tensor, back.tensor) == 0);
        lem_json_free(json);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds),    cmocka_unit_test(config_refusals),  cmocka_unit_test(resolving),
        cmocka_unit_test(formulas), cmocka_unit_test(reading_refusals), cmocka_unit_test(round_trip)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
