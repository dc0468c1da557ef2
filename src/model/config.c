/* config - the shape of a model: ranges, defaults, and Hugging Face config.json in and out */
#include "model/config.h"
#include "model/quant.h"
#include "model/config_fields_priv.h"
#include "model/quant.h"
#include "model/roles.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Stated limits. The product of layers, ffn (or the queries of all heads, which have the same limit), 2^31
 * rows and a few bytes stays below 2^63, so that memory plans cannot overflow. */
enum {
    MAX_LAYERS = LEM_LAYERS_MAX,
    MAX_WIDTH = 65536,
    MAX_FFN = 1 << 18,
    MAX_HEADS = 1024,
    MAX_VOCAB = 1 << 22,
    MAX_POSITIONS = 1 << 22
};

/* Whose sliding_window counts: nobody's; every layer's; where it is switched on, that of the layers from one
 * on or in layer_types. */
typedef enum window_rule { NO_WINDOW, ONE_WINDOW, WINDOW_BY_LAYER } window_rule;

/* The body's half of an architecture's name; the head's half is read by config_head. */
typedef struct family {
    lem_arch arch;
    const char *type, *prefix; /* model_type, and the name before "For" */
    bool qkv_bias;             /* always */
    const char *bias;          /* the field that gives q, k, v and o biases; NULL = there is none */
    bool bias_default, mlp_bias, qk_norm, fused_qkv;
    window_rule window;
    int max_positions, head_dim, kv_heads; /* Transformers' defaults; 0 = from the other fields */
} family;
static const family families[] = {
    {LEM_ARCH_LLAMA, "llama", "Llama", false, "attention_bias", false, true, false, false, NO_WINDOW, 2048, 0,
     0},
    {LEM_ARCH_MISTRAL, "mistral", "Mistral", false, NULL, false, false, false, false, ONE_WINDOW, 131072, 0,
     8},
    {LEM_ARCH_QWEN2, "qwen2", "Qwen2", true, NULL, false, false, false, false, WINDOW_BY_LAYER, 32768, 0, 0},
    {LEM_ARCH_QWEN3, "qwen3", "Qwen3", false, "attention_bias", false, false, true, false, WINDOW_BY_LAYER,
     32768, 128, 0},
    {LEM_ARCH_INTERNLM2, "internlm2", "InternLM2", false, "bias", true, false, false, true, NO_WINDOW, 2048,
     0, 0},
};
enum { N_FAMILIES = (int)(sizeof families / sizeof families[0]) };

static const family *family_of(lem_arch arch) {
    for (int i = 0; i < N_FAMILIES; i++)
        if (families[i].arch == arch) return &families[i];
    return NULL;
}

static lem_status range(const char *name, long v, long lo, long hi, lem_err *err) {
    return v >= lo && v <= hi
               ? LEM_OK
               : lem_fail(err, LEM_EDATA, "model config: %s: %ld..%ld expected, %ld found", name, lo, hi, v);
}

static lem_status check_heads(lem_model_config *c, lem_err *err) {
    lem_status st = LEM_OK;
    LEM_TRY(range("num_attention_heads", c->heads, 1, MAX_HEADS, err));
    if (c->kv_heads == 0) c->kv_heads = c->heads;
    LEM_TRY(range("num_key_value_heads", c->kv_heads, 1, c->heads, err));
    if (c->heads % c->kv_heads)
        return lem_fail(err, LEM_EDATA,
                        "model config: num_attention_heads %d is no multiple of num_key_value_heads %d",
                        c->heads, c->kv_heads);
    if (c->head_dim == 0) {
        if (c->width % c->heads)
            return lem_fail(err, LEM_EDATA,
                            "model config: hidden_size %d is no multiple of num_attention_heads %d", c->width,
                            c->heads);
        c->head_dim = c->width / c->heads;
    }
    LEM_TRY(range("head_dim", c->head_dim, 8, 1024, err));
    if (c->head_dim % 8)
        return lem_fail(err, LEM_EDATA, "model config: head_dim %d is no multiple of 8", c->head_dim);
    LEM_TRY(range("num_attention_heads times head_dim", (long)c->heads * c->head_dim, 8, MAX_FFN, err));
done:
    return st;
}

static lem_status check_numbers(lem_model_config *c, lem_err *err) {
    if (c->rope_theta == 0) c->rope_theta = 10000;
    if (!(c->rope_theta >= 1 && c->rope_theta <= 1e12f))
        return lem_fail(err, LEM_EDATA, "model config: rope_theta: 1..1e12 expected, %g found",
                        (double)c->rope_theta);
    if (c->rope.kind == LEM_ROPE_YARN && c->rope_theta == 1)
        return lem_fail(err, LEM_EDATA, "model config: rope_theta: above 1 expected with yarn");
    if (c->norm_eps == 0) c->norm_eps = 1e-6f;
    if (!(c->norm_eps > 0 && c->norm_eps <= 0.1f))
        return lem_fail(err, LEM_EDATA,
                        "model config: rms_norm_eps: a small positive number expected, %g found",
                        (double)c->norm_eps);
    if (c->init_range == 0) c->init_range = 0.02f;
    if (!(c->init_range > 0 && c->init_range <= 10))
        return lem_fail(err, LEM_EDATA,
                        "model config: initializer_range: a positive number up to 10 expected, %g found",
                        (double)c->init_range);
    return LEM_OK;
}

/* The switches of a family: those it does not have must be off, those it always has are on. */
static lem_status check_switches(lem_model_config *c, const family *f, lem_err *err) {
    bool attention = c->o_bias || (c->qkv_bias && !f->qkv_bias);
    if (attention && (!f->bias || c->o_bias != c->qkv_bias))
        return lem_fail(err, LEM_EDATA, "model config: attention_bias is not supported as it is set for %s",
                        f->prefix);
    if (c->mlp_bias && !f->mlp_bias)
        return lem_fail(err, LEM_EDATA, "model config: mlp_bias is not supported for %s", f->prefix);
    if (c->qk_norm && !f->qk_norm)
        return lem_fail(err, LEM_EDATA, "model config: %s does not normalise queries and keys", f->prefix);
    c->qkv_bias = c->qkv_bias || f->qkv_bias;
    c->qk_norm = f->qk_norm;
    c->fused_qkv = f->fused_qkv;
    if (f->fused_qkv && c->head_dim * c->heads != c->width)
        return lem_fail(err, LEM_EDATA,
                        "model config: head_dim %d must be hidden_size / num_attention_heads for %s",
                        c->head_dim, f->prefix);
    return LEM_OK;
}

/* A window that no layer uses is none; bits that mean nothing are 0, so that equal models are equal bytes. */
static lem_status check_windows(lem_model_config *c, const family *f, lem_err *err) {
    if (c->window < 0 || c->window > MAX_POSITIONS)
        return lem_fail(err, LEM_EDATA, "model config: sliding_window: 1..%d expected, %d found",
                        (int)MAX_POSITIONS, c->window);
    if (c->window > 0 && f->window == NO_WINDOW)
        return lem_fail(err, LEM_EDATA, "model config: %s has no sliding window", f->prefix);
    bool any = false;
    for (int i = c->window > 0 ? c->layers : 0; i < MAX_LAYERS; i++)
        c->full[i / 8] &= (uint8_t) ~(1u << i % 8);
    for (int i = 0; i < c->layers; i++) {
        any = any || lem_model_config_window(c, i) > 0;
        if (f->window != WINDOW_BY_LAYER && c->window > 0 && lem_model_config_window(c, i) == 0)
            return lem_fail(err, LEM_EDATA, "model config: %s has one sliding window for all layers",
                            f->prefix);
    }
    if (!any) {
        c->window = 0;
        memset(c->full, 0, sizeof c->full);
    }
    return LEM_OK;
}

lem_status lem_model_config_check(lem_model_config *c, lem_err *err) {
    lem_status st = LEM_OK;
    const family *f = family_of(c->arch);
    if (!f) return lem_fail(err, LEM_EDATA, "model config: unknown architecture %d", (int)c->arch);
    LEM_TRY(lem_config_head_check(&c->head, &c->reward, err));
    LEM_TRY(range("num_hidden_layers", c->layers, 1, MAX_LAYERS, err));
    LEM_TRY(range("hidden_size", c->width, 8, MAX_WIDTH, err));
    LEM_TRY(range("intermediate_size", c->ffn, 1, MAX_FFN, err));
    LEM_TRY(check_heads(c, err));
    LEM_TRY(range("vocab_size", c->vocab, 1, MAX_VOCAB, err));
    if (c->max_positions == 0) c->max_positions = 2048;
    LEM_TRY(range("max_position_embeddings", c->max_positions, 1, MAX_POSITIONS, err));
    LEM_TRY(check_numbers(c, err));
    LEM_TRY(lem_rope_check(&c->rope, c->max_positions, err));
    LEM_TRY(check_switches(c, f, err));
    LEM_TRY(check_windows(c, f, err));
    LEM_TRY(range("bos_token_id", c->bos_id, -1, c->vocab - 1, err));
    LEM_TRY(range("eos_token_id", c->eos_id, -1, c->vocab - 1, err));
    LEM_TRY(range("pad_token_id", c->pad_id, -1, c->vocab - 1, err));
    if (lem_model_config_params(c) > (size_t)1 << 38)
        return lem_fail(err, LEM_EDATA, "model config: more than 2^38 parameters");
done:
    return st;
}

static bool is_null(const lem_json *v) { return lem_json_kind(v) == LEM_JSON_NULL; }

/* The first of a list (Llama 3 has several ends). Transformers fills in ids of another vocabulary: those mean
 * none. */
static int32_t token_id(const lem_json *json, const char *name, int vocab) {
    const lem_json *v = lem_json_get(json, name);
    if (lem_json_kind(v) == LEM_JSON_ARRAY) v = lem_json_at(v, 0);
    int64_t i = lem_json_int(v, -1);
    return i < 0 || i >= vocab ? -1 : (int32_t)i;
}

/* A config without architectures is of a language model, as Transformers opens it. */
static lem_status read_type(const lem_json *json, lem_model_config *c, lem_err *err) {
    const char *type = lem_json_str(lem_json_get(json, "model_type"), NULL);
    if (!type)
        return lem_fail(err, LEM_EDATA, "neither 'architectures' nor 'model_type' says which model this is");
    for (int i = 0; i < N_FAMILIES; i++) {
        if (strcmp(families[i].type, type) != 0) continue;
        c->arch = families[i].arch;
        return lem_config_head_read("ForCausalLM", "ForCausalLM", json, &c->head, &c->reward, err);
    }
    return lem_fail(err, LEM_EDATA,
                    "model_type '%.60s' is not supported (llama, mistral, qwen2, qwen3 and internlm2 are)",
                    type);
}

static lem_status read_arch(const lem_json *json, lem_model_config *c, lem_err *err) {
    const lem_json *list = lem_json_get(json, "architectures");
    const char *name = lem_json_str(lem_json_at(list, 0), NULL);
    if (is_null(list)) return read_type(json, c, err);
    if (!name || lem_json_count(list) != 1)
        return lem_fail(err, LEM_EDATA, "'architectures' must be a list of one name");
    for (int i = 0; lem_config_head_alone(name) && i < N_FAMILIES; i++) {
        if (strcmp(families[i].type, lem_json_str(lem_json_get(json, "model_type"), "")) != 0) continue;
        c->arch = families[i].arch;
        return lem_config_head_read(name, name, json, &c->head, &c->reward, err);
    }
    for (int i = 0; i < N_FAMILIES; i++) {
        const family *f = &families[i];
        size_t n = strlen(f->prefix);
        if (strncmp(name, f->prefix, n) != 0 || strncmp(name + n, "For", 3) != 0) continue;
        const char *type = lem_json_str(lem_json_get(json, "model_type"), f->type);
        if (strcmp(type, f->type) != 0)
            return lem_fail(err, LEM_EDATA, "model_type '%.40s' contradicts the architecture %.60s", type,
                            name);
        c->arch = f->arch;
        return lem_config_head_read(name + n, name, json, &c->head, &c->reward, err);
    }
    return lem_fail(err, LEM_EDATA,
                    "architecture '%.60s' is not supported (Llama, Mistral, Qwen2, Qwen3 and InternLM2 are)",
                    name);
}

static lem_status read_biases(const lem_json *json, lem_model_config *c, lem_err *err) {
    const family *f = family_of(c->arch);
    bool on = f->bias_default, foreign = false;
    lem_status st = LEM_OK;
    if (f->bias) LEM_TRY(lem_config_bool(json, f->bias, &on, err));
    if (!f->bias || strcmp(f->bias, "attention_bias") != 0)
        LEM_TRY(lem_config_bool(json, "attention_bias", &foreign, err));
    if (foreign) LEM_TRY(lem_fail(err, LEM_EDATA, "attention_bias is not supported for %s", f->prefix));
    LEM_TRY(lem_config_bool(json, "mlp_bias", &c->mlp_bias, err));
    c->qkv_bias = c->o_bias = on;
done:
    return st;
}

/* layer_types as newer Transformers writes them: a list of one name a layer. */
static lem_status read_layer_types(const lem_json *list, lem_model_config *c, lem_err *err) {
    if (lem_json_kind(list) != LEM_JSON_ARRAY || lem_json_count(list) != (size_t)c->layers)
        return lem_fail(err, LEM_EDATA, "'layer_types' must be a list of %d names", c->layers);
    for (int i = 0; i < c->layers; i++) {
        const char *type = lem_json_str(lem_json_at(list, (size_t)i), "?");
        bool full = strcmp(type, "full_attention") == 0;
        if (!full && strcmp(type, "sliding_attention") != 0)
            return lem_fail(err, LEM_EDATA, "layer_types: '%.40s' is not supported", type);
        if (!full && c->window == 0)
            return lem_fail(err, LEM_EDATA, "layer_types: layer %d slides, but no sliding_window is in use",
                            i);
        c->full[i / 8] = (uint8_t)((c->full[i / 8] & ~(1u << i % 8)) | (unsigned)full << i % 8);
    }
    return LEM_OK;
}

/* Which layers see only the last tokens. Qwen: if use_sliding_window, layers max_window_layers and above (28
 * unless given), or those that layer_types names; Transformers 4.46 and 4.51 let every layer slide in their
 * plain attention, 4.53 does not. */
static lem_status read_window(const lem_json *json, lem_model_config *c, lem_err *err) {
    const family *f = family_of(c->arch);
    const lem_json *types = lem_json_get(json, "layer_types"),
                   *from = lem_json_get(json, "max_window_layers");
    bool use = f->window == ONE_WINDOW;
    lem_status st = LEM_OK;
    LEM_TRY(range("num_hidden_layers", c->layers, 1, MAX_LAYERS, err));
    if (f->window != ONE_WINDOW) LEM_TRY(lem_config_bool(json, "use_sliding_window", &use, err));
    if (use && f->window == NO_WINDOW)
        LEM_TRY(lem_fail(err, LEM_EDATA, "use_sliding_window is not supported for %s", f->prefix));
    if (use) {
        const lem_json *w = lem_json_get(json, "sliding_window");
        c->window = w ? 0 : 4096; /* null means none, absent means Transformers' default */
        LEM_TRY(lem_config_int(json, "sliding_window", &c->window, err));
    }
    if (!is_null(types)) {
        LEM_TRY(read_layer_types(types, c, err));
    } else if (f->window == WINDOW_BY_LAYER && c->window > 0) {
        int64_t first = is_null(from) ? 28 : lem_json_int(from, -1);
        if (first < 0) LEM_TRY(lem_fail(err, LEM_EDATA, "'max_window_layers' must be a whole number"));
        for (int i = 0; i < c->layers && i < first; i++) c->full[i / 8] |= (uint8_t)(1u << i % 8);
    }
done:
    return st;
}

/* Other switches that would change the function computed. */
static lem_status refuse_unsupported(const lem_json *json, lem_err *err) {
    const lem_json *act = lem_json_get(json, "hidden_act");
    if (!is_null(act) && strcmp(lem_json_str(act, "?"), "silu") != 0)
        return lem_fail(err, LEM_EDATA, "hidden_act '%.40s' is not supported (silu is)",
                        lem_json_str(act, "?"));
    if (lem_json_num(lem_json_get(json, "partial_rotary_factor"), 1) != 1)
        return lem_fail(err, LEM_EDATA, "partial_rotary_factor is not supported");
    return LEM_OK;
}

lem_status lem_model_config_from_json(const lem_json *json, lem_model_config *out, lem_err *err) {
    lem_model_config c = {.rope_theta = 10000, .norm_eps = 1e-6f, .init_range = 0.02f};
    lem_status st = LEM_OK;
    if (lem_json_kind(json) != LEM_JSON_OBJECT)
        return lem_fail(err, LEM_EDATA, "a model config must be an object, not %s", lem_json_kind_name(json));
    LEM_TRY(read_arch(json, &c, err));
    const family *f = family_of(c.arch);
    c.max_positions = f->max_positions;
    LEM_TRY(refuse_unsupported(json, err));
    const lem_json *quant = lem_json_get(json, "quantization_config");
    if (!is_null(quant)) LEM_TRY(lem_quant_from_json(quant, &c, err));
    LEM_TRY(lem_config_need_int(json, "num_hidden_layers", &c.layers, err));
    LEM_TRY(lem_config_need_int(json, "hidden_size", &c.width, err));
    LEM_TRY(lem_config_need_int(json, "intermediate_size", &c.ffn, err));
    LEM_TRY(lem_config_need_int(json, "num_attention_heads", &c.heads, err));
    LEM_TRY(lem_config_need_int(json, "vocab_size", &c.vocab, err));
    if (!lem_json_get(json, "num_key_value_heads")) c.kv_heads = f->kv_heads;
    if (!lem_json_get(json, "head_dim")) c.head_dim = f->head_dim;
    LEM_TRY(lem_config_int(json, "num_key_value_heads", &c.kv_heads, err));
    LEM_TRY(lem_config_int(json, "head_dim", &c.head_dim, err));
    LEM_TRY(lem_config_int(json, "max_position_embeddings", &c.max_positions, err));
    LEM_TRY(lem_rope_read(json, &c.rope, &c.rope_theta, &c.max_positions, err));
    LEM_TRY(read_biases(json, &c, err));
    LEM_TRY(read_window(json, &c, err));
    LEM_TRY(lem_config_float(json, "rms_norm_eps", &c.norm_eps, err));
    LEM_TRY(lem_config_float(json, "initializer_range", &c.init_range, err));
    LEM_TRY(lem_config_bool(json, "tie_word_embeddings", &c.tied, err));
    c.bos_id = token_id(json, "bos_token_id", c.vocab);
    c.eos_id = token_id(json, "eos_token_id", c.vocab);
    c.pad_id = token_id(json, "pad_token_id", c.vocab);
    LEM_TRY(lem_model_config_check(&c, err));
    *out = c;
done:
    return st;
}

static lem_json *id_or_null(int32_t id) { return id >= 0 ? lem_json_new_int(id) : lem_json_new_null(); }

static bool slides(const lem_model_config *c, int layer) { return lem_model_config_window(c, layer) > 0; }

static bool write_layer_types(const lem_model_config *c, lem_json *j) {
    lem_json *types = lem_json_new_array();
    bool ok = types != NULL;
    for (int i = 0; i < c->layers && ok; i++)
        ok = lem_json_append(types, lem_json_new_str(slides(c, i) ? "sliding_attention" : "full_attention"));
    return lem_json_set(j, "layer_types", types) && ok;
}

/* The window's fields, in the words of versions with and without layer_types. */
static bool write_window(const lem_model_config *c, const family *f, lem_json *j) {
    int from = 0;
    bool by_list = false, ok = true;
    if (f->window != ONE_WINDOW) ok = lem_json_set(j, "use_sliding_window", lem_json_new_bool(c->window > 0));
    lem_json *window = c->window > 0 ? lem_json_new_int(c->window) : lem_json_new_null();
    ok = lem_json_set(j, "sliding_window", window) && ok;
    if (f->window == ONE_WINDOW) return ok;
    while (from < c->layers && !slides(c, from)) from++;
    for (int i = from; i < c->layers; i++) by_list = by_list || !slides(c, i);
    ok = lem_json_set(j, "max_window_layers", lem_json_new_int(from)) && ok;
    return by_list ? write_layer_types(c, j) && ok : ok;
}

/* Fields that only some families have. Qwen2 of older Transformers knows no head_dim: it is written where it
 * says something. */
static bool write_family(const lem_model_config *c, const family *f, lem_json *j) {
    bool ok = true;
    if ((c->arch != LEM_ARCH_QWEN2 && !c->fused_qkv) || c->head_dim * c->heads != c->width)
        ok = lem_json_set(j, "head_dim", lem_json_new_int(c->head_dim));
    if (f->bias) ok = lem_json_set(j, f->bias, lem_json_new_bool(c->o_bias)) && ok;
    if (f->mlp_bias) ok = lem_json_set(j, "mlp_bias", lem_json_new_bool(c->mlp_bias)) && ok;
    if (f->window != NO_WINDOW) ok = write_window(c, f, j) && ok;
    return ok;
}

lem_json *lem_model_config_to_json(const lem_model_config *c, lem_dtype dtype) {
    lem_json *j = lem_json_new_object(), *names = lem_json_new_array();
    const family *f = family_of(c->arch);
    char name[80];
    lem_config_head_name(&c->reward, f->prefix, name);
    bool ok = j && names && lem_json_append(names, lem_json_new_str(name));
    if (!ok || !lem_json_set(j, "architectures", names)) goto fail;
    struct {
        const char *key;
        lem_json *value;
    } members[] = {
        {"model_type", lem_json_new_str(f->type)},
        {"vocab_size", lem_json_new_int(c->vocab)},
        {"hidden_size", lem_json_new_int(c->width)},
        {"intermediate_size", lem_json_new_int(c->ffn)},
        {"num_hidden_layers", lem_json_new_int(c->layers)},
        {"num_attention_heads", lem_json_new_int(c->heads)},
        {"num_key_value_heads", lem_json_new_int(c->kv_heads)},
        {"hidden_act", lem_json_new_str("silu")},
        {"max_position_embeddings", lem_json_new_int(lem_rope_declared(&c->rope, c->max_positions))},
        {"rope_theta", lem_config_short_float(c->rope_theta)},
        {"rope_scaling", lem_rope_write(&c->rope)},
        {"rms_norm_eps", lem_config_short_float(c->norm_eps)},
        {"initializer_range", lem_config_short_float(c->init_range)},
        {"tie_word_embeddings", lem_json_new_bool(c->tied)},
        {"attention_dropout", lem_json_new_num(0)},
        {"bos_token_id", id_or_null(c->bos_id)},
        {"eos_token_id", id_or_null(c->eos_id)},
        {"pad_token_id", id_or_null(c->pad_id)},
        {"torch_dtype", lem_json_new_str(dtype == LEM_DTYPE_F32    ? "float32"
                                         : dtype == LEM_DTYPE_BF16 ? "bfloat16"
                                                                   : "float16")},
        {"use_cache", lem_json_new_bool(true)},
    };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        ok = lem_json_set(j, members[i].key, members[i].value) && ok;
    ok = write_family(c, f, j) && ok;
    ok = lem_config_head_write(&c->reward, j) && ok;
    if (ok) return j;
    names = NULL;
fail:
    lem_json_free(names);
    lem_json_free(j);
    return NULL;
}
