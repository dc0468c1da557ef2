/* test_config - config.json in and out, and every refusal by name */
#include "support.h"

static lem_status parse(const char *text, lem_model_config *out) {
    lem_json *json = NULL;
    OK(lem_json_parse(text, strlen(text), &json, &err));
    lem_status st = lem_model_config_from_json(json, out, &err);
    lem_json_free(json);
    return st;
}

#define BASE "\"hidden_size\":64,\"intermediate_size\":100,\"num_hidden_layers\":3,\"num_attention_heads\":4,\"vocab_size\":99"
#define LLAMA "{\"architectures\":[\"LlamaForCausalLM\"]," BASE

static void defaults(void **state) {
    (void)state;
    lem_model_config c;
    OK(parse(LLAMA "}", &c));
    assert_int_equal(c.arch, LEM_ARCH_LLAMA);
    assert_int_equal(c.head, LEM_HEAD_LM);
    assert_int_equal(c.kv_heads, 4);
    assert_int_equal(c.head_dim, 16);
    assert_int_equal(c.max_positions, 2048);
    assert_true(c.rope_theta == 10000.0f && c.norm_eps == 1e-6f);
    assert_false(c.tied);
    assert_false(c.qkv_bias);
    assert_int_equal(c.eos_id, -1);
    OK(parse(
        LLAMA
        ",\"eos_token_id\":[7,8],\"bos_token_id\":null,\"pad_token_id\":5000,\"rope_parameters\":{\"rope_type\":\"default\",\"rope_theta\":5e5}}",
        &c));
    assert_int_equal(c.eos_id, 7);
    assert_int_equal(c.bos_id, -1);
    assert_int_equal(c.pad_id, -1);
    assert_true(c.rope_theta == 500000.0f);
    OK(parse("{\"architectures\":[\"Qwen2ForSequenceClassification\"],\"model_type\":\"qwen2\",\"num_labels\":1," BASE "}", &c));
    assert_int_equal(c.head, LEM_HEAD_SCALAR);
    assert_true(c.qkv_bias);
}

static void refusals(void **state) {
    (void)state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"[1]", "must be an object"},
        {"{" BASE "}", "architectures"},
        {"{\"architectures\":[\"LlamaForCausalLM\",\"X\"]," BASE "}", "architectures"},
        {"{\"architectures\":[\"MistralForCausalLM\"]," BASE "}", "MistralForCausalLM"},
        {LLAMA ",\"model_type\":\"qwen2\"}", "model_type"},
        {"{\"architectures\":[\"LlamaForSequenceClassification\"],\"num_labels\":3," BASE "}", "num_labels"},
        {"{\"architectures\":[\"LlamaForSequenceClassification\"],\"id2label\":{\"0\":\"a\",\"1\":\"b\",\"2\":\"c\"}," BASE "}", "3 found"},
        {LLAMA ",\"hidden_act\":\"gelu\"}", "gelu"},
        {LLAMA ",\"hidden_act\":3}", "hidden_act"},
        {LLAMA ",\"rope_scaling\":{\"rope_type\":\"llama3\"}}", "llama3"},
        {LLAMA ",\"rope_scaling\":{\"type\":\"linear\"}}", "linear"},
        {LLAMA ",\"rope_parameters\":{\"rope_type\":\"yarn\"}}", "yarn"},
        {LLAMA ",\"attention_bias\":true}", "attention_bias"},
        {LLAMA ",\"mlp_bias\":true}", "mlp_bias"},
        {LLAMA ",\"use_sliding_window\":true}", "use_sliding_window"},
        {LLAMA ",\"mlp_bias\":1}", "mlp_bias"},
        {LLAMA ",\"partial_rotary_factor\":0.5}", "partial_rotary_factor"},
        {LLAMA ",\"quantization_config\":{}}", "quantization_config"},
        {LLAMA ",\"rms_norm_eps\":\"x\"}", "rms_norm_eps"},
        {LLAMA ",\"rms_norm_eps\":0.5}", "rms_norm_eps"},
        {LLAMA ",\"rope_theta\":-1}", "rope_theta"},
        {LLAMA ",\"rope_theta\":0.5}", "rope_theta"},
        {LLAMA ",\"num_key_value_heads\":3}", "num_key_value_heads"},
        {LLAMA ",\"num_key_value_heads\":8}", "num_key_value_heads"},
        {LLAMA ",\"head_dim\":12}", "head_dim"},
        {LLAMA ",\"head_dim\":4000}", "head_dim"},
        {LLAMA ",\"max_position_embeddings\":0}", "max_position_embeddings"},
        {LLAMA ",\"max_position_embeddings\":99999999}", "max_position_embeddings"},
        {"{\"architectures\":[\"Qwen2ForCausalLM\"],\"head_dim\":24," BASE "}", "head_dim"},
        {"{\"architectures\":[\"LlamaForCausalLM\"],\"hidden_size\":64}", "num_hidden_layers"},
        {"{\"architectures\":[\"LlamaForCausalLM\"],\"hidden_size\":64,\"num_hidden_layers\":1e99}", "num_hidden_layers"},
        {"{\"architectures\":[\"LlamaForCausalLM\"],\"hidden_size\":65536,\"intermediate_size\":262144,\"num_hidden_layers\":512,"
         "\"num_attention_heads\":1024,\"vocab_size\":4000000}",
         "2^38"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        lem_model_config c = {.layers = -5};
        FAILS(parse(cases[i].text, &c), LEM_EDATA, cases[i].part);
        assert_int_equal(c.layers, -5); /* written only on success */
    }
}

static void round_trip(void **state) {
    (void)state;
    for (int i = 0; i < 8; i++) {
        lem_model_config c = tiny(i & 1 ? LEM_ARCH_QWEN2 : LEM_ARCH_LLAMA, i & 2 ? LEM_HEAD_SCALAR : LEM_HEAD_LM, i & 4), back;
        c.rope_theta = 1e6f;
        c.norm_eps = 1e-5f;
        if (!(i & 1)) c.head_dim = 16;
        OK(lem_model_config_check(&c, &err));
        lem_json *json = lem_model_config_to_json(&c, LEM_DTYPE_BF16);
        assert_non_null(json);
        OK(lem_model_config_from_json(json, &back, &err));
        assert_int_equal(back.arch, c.arch);
        assert_int_equal(back.head, c.head);
        assert_int_equal(back.layers, c.layers);
        assert_int_equal(back.head_dim, c.head_dim);
        assert_int_equal(back.kv_heads, c.kv_heads);
        assert_int_equal(back.vocab, c.vocab);
        assert_int_equal(back.tied, c.tied);
        assert_int_equal(back.bos_id, c.bos_id);
        assert_int_equal(back.eos_id, c.eos_id);
        assert_true(back.rope_theta == c.rope_theta && back.norm_eps == c.norm_eps && back.init_range == c.init_range);
        lem_buf text = {0};
        lem_json_write(json, 0, &text);
        assert_non_null(strstr(lem_buf_str(&text), "\"torch_dtype\":\"bfloat16\""));
        assert_non_null(strstr(lem_buf_str(&text), "\"rms_norm_eps\":1e-05"));
        lem_buf_release(&text);
        lem_json_free(json);
    }
}

static void check_fills(void **state) {
    (void)state;
    lem_model_config c = {.arch = LEM_ARCH_QWEN2, .layers = 1, .width = 16, .ffn = 4, .heads = 2, .vocab = 3};
    OK(lem_model_config_check(&c, &err));
    assert_int_equal(c.kv_heads, 2);
    assert_int_equal(c.head_dim, 8);
    assert_true(c.qkv_bias);
    /* embed, 2 norms, q k v o, 3 biases, gate up down, last norm, head */
    assert_int_equal(lem_model_config_params(&c), 48 + 32 + 4 * 256 + 3 * 16 + 3 * 64 + 16 + 48);
    c.arch = LEM_ARCH_LLAMA;
    FAILS(lem_model_config_check(&c, &err), LEM_EDATA, "attention_bias");
    c.qkv_bias = false;
    c.eos_id = 3;
    FAILS(lem_model_config_check(&c, &err), LEM_EDATA, "eos_token_id");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(defaults), cmocka_unit_test(refusals), cmocka_unit_test(round_trip),
                                       cmocka_unit_test(check_fills)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
