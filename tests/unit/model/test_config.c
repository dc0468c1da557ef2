/* test_config - config.json in and out, and every refusal by name */
#include "support.h"

static lem_status parse(const char *text, lem_model_config *out) {
    lem_json *json = NULL;
    OK(lem_json_parse(text, strlen(text), &json, &err));
    lem_status st = lem_model_config_from_json(json, out, &err);
    lem_json_free(json);
    return st;
}

#define BASE                                                                                                 \
    "\"hidden_size\":64,\"intermediate_size\":100,\"num_hidden_layers\":3,\"num_attention_heads\":4,"        \
    "\"vocab_size\":99"
#define OF(name) "{\"architectures\":[\"" name "ForCausalLM\"]," BASE
#define LLAMA OF("Llama")
#define MISTRAL OF("Mistral")
#define QWEN3 OF("Qwen3")
#define SCALED(fields) LLAMA ",\"rope_scaling\":{" fields "}}"

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
    OK(parse(LLAMA ",\"eos_token_id\":[7,8],\"bos_token_id\":null,\"pad_token_id\":5000,\"rope_parameters\":{"
                   "\"rope_type\":\"default\",\"rope_theta\":5e5}}",
             &c));
    assert_int_equal(c.eos_id, 7);
    assert_int_equal(c.bos_id, -1);
    assert_int_equal(c.pad_id, -1);
    assert_true(c.rope_theta == 500000.0f);
    OK(parse("{\"architectures\":[\"Qwen2ForSequenceClassification\"],\"model_type\":\"qwen2\",\"num_"
             "labels\":1," BASE "}",
             &c));
    assert_int_equal(c.head, LEM_HEAD_SCALAR);
    assert_true(c.qkv_bias);
}

static const struct {
    const char *text, *part;
} refused[] = {
    {"[1]", "must be an object"},
    {"{" BASE "}", "architectures"},
    {"{\"architectures\":[\"LlamaForCausalLM\",\"X\"]," BASE "}", "architectures"},
    {OF("Mixtral") "}", "MixtralForCausalLM"},
    {OF("Qwen2Moe") "}", "Qwen2MoeForCausalLM"},
    {LLAMA ",\"model_type\":\"qwen2\"}", "model_type"},
    {"{\"architectures\":[\"LlamaForSequenceClassification\"],\"num_labels\":3," BASE "}", "num_labels"},
    {"{\"architectures\":[\"LlamaForSequenceClassification\"],\"id2label\":{\"0\":\"a\",\"1\":\"b\",\"2\":"
     "\"c\"}," BASE "}",
     "3 found"},
    {LLAMA ",\"hidden_act\":\"gelu\"}", "gelu"},
    {LLAMA ",\"hidden_act\":3}", "hidden_act"},
    {SCALED("\"rope_type\":\"longrope\",\"factor\":2"), "longrope"},
    {SCALED("\"type\":\"mrope\""), "mrope"},
    {SCALED("\"factor\":2"), "'?'"},
    {LLAMA ",\"rope_scaling\":[]}", "'?'"},
    {LLAMA ",\"rope_parameters\":{\"full_attention\":{\"rope_type\":\"default\"}}}", "'?'"},
    {LLAMA ",\"rope_parameters\":{\"rope_type\":\"default\",\"partial_rotary_factor\":0.5}}",
     "partial_rotary_factor"},
    {SCALED("\"rope_type\":\"llama3\""), "'factor' is missing"},
    {SCALED("\"rope_type\":\"llama3\",\"factor\":8"), "original_max_position_embeddings"},
    {SCALED("\"rope_type\":\"llama3\",\"factor\":8,\"original_max_position_embeddings\":64"),
     "low_freq_factor"},
    {SCALED("\"rope_type\":\"llama3\",\"factor\":8,\"original_max_position_embeddings\":64,\"low_freq_"
            "factor\":1"),
     "high_freq_factor"},
    {SCALED("\"rope_type\":\"llama3\",\"factor\":8,\"original_max_position_embeddings\":64,\"low_freq_"
            "factor\":4,\"high_freq_factor\":4"),
     "not below"},
    {SCALED("\"type\":\"linear\",\"factor\":0.5"), "factor"},
    {SCALED("\"type\":\"linear\",\"factor\":1e9"), "factor"},
    {SCALED("\"type\":\"dynamic\",\"factor\":2,\"original_max_position_embeddings\":64"), "(64)"},
    {SCALED("\"type\":\"yarn\",\"factor\":2,\"beta_fast\":-1"), "beta_fast"},
    {SCALED("\"type\":\"yarn\",\"factor\":2,\"truncate\":0"), "truncate"},
    {SCALED("\"type\":\"yarn\",\"factor\":2,\"attention_factor\":-1"), "attention_factor"},
    {SCALED("\"type\":\"yarn\",\"factor\":2,\"original_max_position_embeddings\":1e8"),
     "original_max_position_embeddings"},
    {LLAMA ",\"rope_theta\":1,\"rope_scaling\":{\"type\":\"yarn\",\"factor\":2}}", "rope_theta"},
    {LLAMA ",\"rope_scaling\":{\"type\":\"linear\",\"factor\":2},\"rope_parameters\":{\"rope_type\":"
           "\"linear\",\"factor\":2}}",
     "both"},
    {MISTRAL ",\"num_key_value_heads\":4,\"attention_bias\":true}", "attention_bias"},
    {OF("Qwen2") ",\"attention_bias\":true}", "attention_bias"},
    {QWEN3 ",\"mlp_bias\":true}", "mlp_bias"},
    {OF("InternLM2") ",\"attention_bias\":true}", "attention_bias"},
    {OF("InternLM2") ",\"head_dim\":24}", "head_dim"},
    {OF("InternLM2") ",\"bias\":1}", "'bias'"},
    {OF("InternLM2") ",\"use_sliding_window\":true}", "use_sliding_window"},
    {MISTRAL "}", "num_key_value_heads"}, /* Transformers' default is 8 */
    {MISTRAL ",\"num_key_value_heads\":4,\"sliding_window\":0}", "sliding_window"},
    {MISTRAL ",\"num_key_value_heads\":4,\"sliding_window\":5000000}", "sliding_window"},
    {MISTRAL ",\"num_key_value_heads\":4,\"layer_types\":[\"full_attention\",\"sliding_attention\",\"sliding_"
             "attention\"]}",
     "one sliding window"},
    {LLAMA ",\"layer_types\":[\"full_attention\",\"full_attention\",\"sliding_attention\"]}",
     "layer 2 slides"},
    {QWEN3 ",\"layer_types\":[\"full_attention\"]}", "list of 3"},
    {QWEN3 ",\"layer_types\":[\"full_attention\",\"chunked_attention\",7]}", "chunked_attention"},
    {QWEN3 ",\"use_sliding_window\":true,\"max_window_layers\":-1}", "max_window_layers"},
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
    {"{\"architectures\":[\"LlamaForCausalLM\"],\"hidden_size\":64,\"intermediate_size\":100,\"num_hidden_"
     "layers\":3,"
     "\"num_attention_heads\":1024,\"head_dim\":264,\"vocab_size\":99}",
     "times head_dim"},
    {LLAMA ",\"max_position_embeddings\":0}", "max_position_embeddings"},
    {LLAMA ",\"max_position_embeddings\":99999999}", "max_position_embeddings"},
    {"{\"architectures\":[\"LlamaForCausalLM\"],\"hidden_size\":64}", "num_hidden_layers"},
    {"{\"architectures\":[\"LlamaForCausalLM\"],\"hidden_size\":64,\"num_hidden_layers\":1e99}",
     "num_hidden_layers"},
    {"{\"architectures\":[\"LlamaForCausalLM\"],\"hidden_size\":65536,\"intermediate_size\":262144,\"num_"
     "hidden_layers\":512,"
     "\"num_attention_heads\":1024,\"vocab_size\":4000000}",
     "2^38"},
};

static void refusals(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        lem_model_config c = {.layers = -5};
        FAILS(parse(refused[i].text, &c), LEM_EDATA, refused[i].part);
        assert_int_equal(c.layers, -5); /* written only on success */
    }
}

static const char full3[] = "\"layer_types\":[\"full_attention\",\"full_attention\",\"full_attention\"]";

static void families(void **state) {
    (void)state;
    lem_model_config c;
    char text[600];
    OK(parse(LLAMA ",\"attention_bias\":true,\"mlp_bias\":true,\"sliding_window\":7}", &c));
    assert_true(c.qkv_bias && c.o_bias && c.mlp_bias && !c.qk_norm && c.window == 0);
    OK(parse(MISTRAL ",\"num_key_value_heads\":2,\"head_dim\":40}", &c)); /* the window's default counts */
    assert_int_equal(c.window, 4096);
    assert_int_equal(c.head_dim, 40);
    assert_int_equal(c.max_positions, 131072);
    OK(parse(MISTRAL ",\"num_key_value_heads\":2,\"sliding_window\":null}", &c));
    assert_int_equal(c.window, 0);
    OK(parse(QWEN3 "}", &c));
    assert_true(c.qk_norm && !c.qkv_bias && c.head_dim == 128 && c.window == 0 && c.kv_heads == 4);
    OK(parse(OF("Qwen2") ",\"use_sliding_window\":false,\"sliding_window\":7,\"head_dim\":24}", &c));
    assert_true(c.window == 0 && c.head_dim == 24);
    OK(parse(OF("Qwen2") ",\"use_sliding_window\":true,\"sliding_window\":7}",
             &c)); /* from layer 28: none of three */
    assert_int_equal(c.window, 0);
    OK(parse(OF("Qwen2") ",\"use_sliding_window\":true,\"sliding_window\":7,\"max_window_layers\":1}", &c));
    assert_true(lem_model_config_window(&c, 0) == 0 && lem_model_config_window(&c, 1) == 7 &&
                lem_model_config_window(&c, 2) == 7);
    OK(parse(QWEN3 ",\"use_sliding_window\":true,\"sliding_window\":9,\"max_window_layers\":1,"
                   "\"layer_types\":[\"sliding_attention\",\"full_attention\",\"sliding_attention\"]}",
             &c));
    assert_true(lem_model_config_window(&c, 0) == 9 && lem_model_config_window(&c, 1) == 0 &&
                lem_model_config_window(&c, 2) == 9);
    OK(parse(OF("InternLM2") ",\"bias\":false}", &c));
    assert_true(c.fused_qkv && !c.qkv_bias && !c.o_bias);
    OK(parse(OF("InternLM2") "}", &c)); /* its default */
    assert_true(c.fused_qkv && c.qkv_bias && c.o_bias);
    snprintf(text, sizeof text, "%s,%s}", LLAMA, full3);
    OK(parse(text, &c));
    assert_int_equal(c.window, 0);
}

/* Fields of published config.json files and the number of parameters that their publishers count in the
 * weights. */
static const struct {
    const char *name, *text;
    size_t params;
    int context, window;
} published[] = {
    {"Llama-3.1-8B",
     "{\"architectures\":[\"LlamaForCausalLM\"],\"attention_bias\":false,\"bos_token_id\":128000,\"eos_token_"
     "id\":[128001,128008,128009],"
     "\"hidden_act\":\"silu\",\"hidden_size\":4096,\"intermediate_size\":14336,\"max_position_embeddings\":"
     "131072,\"mlp_bias\":false,"
     "\"model_type\":\"llama\",\"num_attention_heads\":32,\"num_hidden_layers\":32,\"num_key_value_heads\":8,"
     "\"pretraining_tp\":1,"
     "\"rms_norm_eps\":1e-05,\"rope_scaling\":{\"factor\":8.0,\"low_freq_factor\":1.0,\"high_freq_factor\":4."
     "0,"
     "\"original_max_position_embeddings\":8192,\"rope_type\":\"llama3\"},\"rope_theta\":500000.0,\"tie_word_"
     "embeddings\":false,\"vocab_size\":"
     "128256}",
     8030261248, 131072, 0},
    {"Llama-3.2-1B",
     "{\"architectures\":[\"LlamaForCausalLM\"],\"head_dim\":64,\"hidden_size\":2048,\"intermediate_size\":"
     "8192,"
     "\"max_position_embeddings\":131072,\"model_type\":\"llama\",\"num_attention_heads\":32,\"num_hidden_"
     "layers\":16,\"num_key_value_heads\":8,"
     "\"rms_norm_eps\":1e-05,\"rope_scaling\":{\"factor\":32.0,\"high_freq_factor\":4.0,\"low_freq_factor\":"
     "1.0,"
     "\"original_max_position_embeddings\":8192,\"rope_type\":\"llama3\"},\"rope_theta\":500000.0,\"tie_word_"
     "embeddings\":true,\"vocab_size\":"
     "128256}",
     1235814400, 131072, 0},
    {"deepseek-math-7b",
     "{\"architectures\":[\"LlamaForCausalLM\"],\"attention_bias\":false,\"bos_token_id\":100000,\"eos_token_"
     "id\":100001,\"hidden_size\":4096,"
     "\"intermediate_size\":11008,\"max_position_embeddings\":4096,\"model_type\":\"llama\",\"num_attention_"
     "heads\":32,\"num_hidden_layers\":30,"
     "\"num_key_value_heads\":32,\"rms_norm_eps\":1e-06,\"rope_scaling\":null,\"rope_theta\":10000.0,\"vocab_"
     "size\":102400}",
     6910365696, 4096, 0},
    {"Mistral-7B-v0.1",
     "{\"architectures\":[\"MistralForCausalLM\"],\"bos_token_id\":1,\"eos_token_id\":2,\"hidden_act\":"
     "\"silu\",\"hidden_size\":4096,"
     "\"intermediate_size\":14336,\"max_position_embeddings\":32768,\"model_type\":\"mistral\",\"num_"
     "attention_heads\":32,"
     "\"num_hidden_layers\":32,\"num_key_value_heads\":8,\"rms_norm_eps\":1e-05,\"rope_theta\":10000.0,"
     "\"sliding_window\":4096,\"vocab_size\":32000}",
     7241732096, 32768, 4096},
    {"Mistral-Nemo-2407",
     "{\"architectures\":[\"MistralForCausalLM\"],\"head_dim\":128,\"hidden_size\":5120,\"intermediate_"
     "size\":14336,"
     "\"max_position_embeddings\":131072,\"model_type\":\"mistral\",\"num_attention_heads\":32,\"num_hidden_"
     "layers\":40,\"num_key_value_heads\":8,"
     "\"rms_norm_eps\":1e-05,\"rope_theta\":1000000.0,\"sliding_window\":null,\"tie_word_embeddings\":false,"
     "\"vocab_size\":131072}",
     12247782400, 131072, 0},
    {"Qwen2.5-Math-1.5B",
     "{\"architectures\":[\"Qwen2ForCausalLM\"],\"attention_dropout\":0.0,\"hidden_size\":1536,"
     "\"intermediate_size\":8960,"
     "\"max_position_embeddings\":4096,\"max_window_layers\":21,\"model_type\":\"qwen2\",\"num_attention_"
     "heads\":12,\"num_hidden_layers\":28,"
     "\"num_key_value_heads\":2,\"rms_norm_eps\":1e-06,\"rope_theta\":10000,\"sliding_window\":4096,\"tie_"
     "word_embeddings\":true,"
     "\"use_mrope\":false,\"use_sliding_window\":false,\"vocab_size\":151936}",
     1543714304, 4096, 0},
    {"Qwen3-0.6B",
     "{\"architectures\":[\"Qwen3ForCausalLM\"],\"attention_bias\":false,\"head_dim\":128,\"hidden_size\":"
     "1024,\"intermediate_size\":3072,"
     "\"max_position_embeddings\":40960,\"max_window_layers\":28,\"model_type\":\"qwen3\",\"num_attention_"
     "heads\":16,\"num_hidden_layers\":28,"
     "\"num_key_value_heads\":8,\"rms_norm_eps\":1e-06,\"rope_scaling\":null,\"rope_theta\":1000000,"
     "\"sliding_window\":null,"
     "\"tie_word_embeddings\":true,\"use_sliding_window\":false,\"vocab_size\":151936}",
     596049920, 40960, 0},
    {"internlm2-7b",
     "{\"architectures\":[\"InternLM2ForCausalLM\"],\"attn_implementation\":\"eager\",\"bias\":false,"
     "\"hidden_size\":4096,"
     "\"intermediate_size\":14336,\"max_position_embeddings\":32768,\"model_type\":\"internlm2\",\"num_"
     "attention_heads\":32,"
     "\"num_hidden_layers\":32,\"num_key_value_heads\":8,\"rms_norm_eps\":1e-05,\"rope_scaling\":{\"type\":"
     "\"dynamic\",\"factor\":2.0},"
     "\"rope_theta\":1000000,\"tie_word_embeddings\":false,\"vocab_size\":92544}",
     7737708544, 65536, 0},
};

static void published_configs(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        lem_model_config c;
        OK(parse(published[i].text, &c));
        if (lem_model_config_params(&c) != published[i].params)
            print_error("%s: %zu\n", published[i].name, lem_model_config_params(&c));
        assert_int_equal(lem_model_config_params(&c), published[i].params);
        assert_int_equal(c.max_positions, published[i].context);
        assert_int_equal(lem_model_config_window(&c, c.layers - 1), published[i].window);
    }
}

static void contexts(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int context, declared;
    } cases[] = {
        {LLAMA ",\"max_position_embeddings\":100,\"rope_scaling\":{\"type\":\"linear\",\"factor\":4}}", 100,
         100},
        {LLAMA ",\"max_position_embeddings\":100,\"rope_scaling\":{\"type\":\"dynamic\",\"factor\":2.5}}",
         250, 100},
        {LLAMA ",\"max_position_embeddings\":100,\"rope_scaling\":{\"type\":\"yarn\",\"factor\":4}}", 400,
         100},
        {LLAMA ",\"max_position_embeddings\":400,\"rope_scaling\":{\"type\":\"yarn\",\"factor\":4,\"original_"
               "max_position_embeddings\":100}}",
         400, 400},
        {LLAMA ",\"max_position_embeddings\":200,\"rope_scaling\":{\"type\":\"yarn\",\"factor\":4,\"original_"
               "max_position_embeddings\":100}}",
         400, 200},
        {LLAMA ",\"max_position_embeddings\":4000000,\"rope_scaling\":{\"type\":\"yarn\",\"factor\":4}}",
         1 << 22, 4000000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        lem_model_config c, back;
        OK(parse(cases[i].text, &c));
        assert_int_equal(c.max_positions, cases[i].context);
        lem_json *json = lem_model_config_to_json(&c, LEM_DTYPE_F32);
        assert_int_equal(lem_json_int(lem_json_get(json, "max_position_embeddings"), 0), cases[i].declared);
        OK(lem_model_config_from_json(json, &back, &err));
        assert_int_equal(back.max_positions, c.max_positions);
        lem_json_free(json);
    }
}

/* Written and read again, a config of any family with any of its switches says the same. */
static void variants_round_trip(void **state) {
    (void)state;
    static const char *const cases[] = {
        LLAMA ",\"attention_bias\":true,\"mlp_bias\":true}",
        MISTRAL ",\"num_key_value_heads\":2,\"sliding_window\":77,\"head_dim\":40}",
        MISTRAL ",\"num_key_value_heads\":2,\"sliding_window\":null}",
        OF("Qwen2") ",\"use_sliding_window\":true,\"sliding_window\":7,\"max_window_layers\":2,\"head_dim\":"
                    "24}",
        QWEN3 ",\"attention_bias\":true,\"use_sliding_window\":true,\"sliding_window\":9,"
              "\"layer_types\":[\"sliding_attention\",\"full_attention\",\"sliding_attention\"]}",
        OF("InternLM2") ",\"bias\":false,\"num_key_value_heads\":2}",
        OF("InternLM2") ",\"rope_scaling\":{\"type\":\"dynamic\",\"factor\":2.0}}",
        SCALED("\"rope_type\":\"llama3\",\"factor\":8,\"original_max_position_embeddings\":64,\"low_freq_"
               "factor\":1,\"high_freq_factor\":4"),
        SCALED("\"rope_type\":\"yarn\",\"factor\":1.7,\"mscale\":0.707,\"mscale_all_dim\":1,\"beta_fast\":30."
               "5,\"truncate\":false"),
        SCALED("\"rope_type\":\"yarn\",\"factor\":4,\"attention_factor\":1.1,\"original_max_position_"
               "embeddings\":512"),
        SCALED("\"rope_type\":\"dynamic\",\"factor\":3"),
        SCALED("\"type\":\"linear\",\"factor\":2.5"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        lem_model_config c, back;
        lem_buf once = {0}, twice = {0};
        OK(parse(cases[i], &c));
        lem_json *json = lem_model_config_to_json(&c, LEM_DTYPE_F32);
        OK(lem_model_config_from_json(json, &back, &err));
        lem_json *again = lem_model_config_to_json(&back, LEM_DTYPE_F32);
        lem_json_write(json, 0, &once);
        lem_json_write(again, 0, &twice);
        assert_string_equal(lem_buf_str(&once), lem_buf_str(&twice));
        assert_memory_equal(back.full, c.full, sizeof c.full);
        assert_true(back.window == c.window && back.o_bias == c.o_bias && back.qkv_bias == c.qkv_bias &&
                    back.mlp_bias == c.mlp_bias);
        assert_true(back.qk_norm == c.qk_norm && back.head_dim == c.head_dim &&
                    back.max_positions == c.max_positions);
        lem_buf_release(&once);
        lem_buf_release(&twice);
        lem_json_free(json);
        lem_json_free(again);
    }
}

static void round_trip(void **state) {
    (void)state;
    for (int i = 0; i < 8; i++) {
        lem_model_config c = tiny(i & 1 ? LEM_ARCH_QWEN2 : LEM_ARCH_LLAMA,
                                  i & 2 ? LEM_HEAD_SCALAR : LEM_HEAD_LM, i & 4),
                         back;
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
        assert_true(back.rope_theta == c.rope_theta && back.norm_eps == c.norm_eps &&
                    back.init_range == c.init_range);
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
    FAILS(lem_model_config_check(&c, &err), LEM_EDATA,
          "attention_bias"); /* of queries, keys and values alone */
    c.qkv_bias = false;
    c.eos_id = 3;
    FAILS(lem_model_config_check(&c, &err), LEM_EDATA, "eos_token_id");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(defaults),   cmocka_unit_test(refusals),
                                       cmocka_unit_test(families),   cmocka_unit_test(published_configs),
                                       cmocka_unit_test(contexts),   cmocka_unit_test(variants_round_trip),
                                       cmocka_unit_test(round_trip), cmocka_unit_test(check_fills)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
