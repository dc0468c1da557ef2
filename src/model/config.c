/* config - the shape of a model: ranges, defaults, and Hugging Face config.json in and out */
#include "model/config.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Stated limits. The product of layers, ffn, 2^31 rows and a few bytes stays below 2^63, so that memory plans cannot overflow. */
enum { MAX_LAYERS = 512, MAX_WIDTH = 65536, MAX_FFN = 1 << 18, MAX_HEADS = 1024, MAX_VOCAB = 1 << 22, MAX_POSITIONS = 1 << 22 };

/* The body's half of an architecture's name; the head's half is read by config_head. */
typedef struct family {
    lem_arch arch;
    const char *type, *prefix; /* model_type, and the name before "For" */
    bool qkv_bias;
} family;
static const family families[] = {
    {LEM_ARCH_LLAMA, "llama", "Llama", false},
    {LEM_ARCH_QWEN2, "qwen2", "Qwen2", true},
};
enum { N_FAMILIES = (int)(sizeof families / sizeof families[0]) };

static const family *family_of(lem_arch arch) {
    for (int i = 0; i < N_FAMILIES; i++)
        if (families[i].arch == arch) return &families[i];
    return NULL;
}

static lem_status range(const char *name, long v, long lo, long hi, lem_err *err) {
    return v >= lo && v <= hi ? LEM_OK : lem_fail(err, LEM_EDATA, "model config: %s: %ld..%ld expected, %ld found", name, lo, hi, v);
}

static lem_status check_heads(lem_model_config *c, lem_err *err) {
    lem_status st = LEM_OK;
    LEM_TRY(range("num_attention_heads", c->heads, 1, MAX_HEADS, err));
    if (c->kv_heads == 0) c->kv_heads = c->heads;
    LEM_TRY(range("num_key_value_heads", c->kv_heads, 1, c->heads, err));
    if (c->heads % c->kv_heads)
        return lem_fail(err, LEM_EDATA, "model config: num_attention_heads %d is no multiple of num_key_value_heads %d", c->heads, c->kv_heads);
    if (c->head_dim == 0) {
        if (c->width % c->heads)
            return lem_fail(err, LEM_EDATA, "model config: hidden_size %d is no multiple of num_attention_heads %d", c->width, c->heads);
        c->head_dim = c->width / c->heads;
    }
    LEM_TRY(range("head_dim", c->head_dim, 8, 1024, err));
    if (c->head_dim % 8) return lem_fail(err, LEM_EDATA, "model config: head_dim %d is no multiple of 8", c->head_dim);
    if (c->arch == LEM_ARCH_QWEN2 && c->head_dim * c->heads != c->width)
        return lem_fail(err, LEM_EDATA, "model config: head_dim %d must be hidden_size / num_attention_heads for Qwen2", c->head_dim);
done:
    return st;
}

static lem_status check_numbers(lem_model_config *c, lem_err *err) {
    if (c->rope_theta == 0) c->rope_theta = 10000;
    if (!(c->rope_theta >= 1 && c->rope_theta <= 1e12f))
        return lem_fail(err, LEM_EDATA, "model config: rope_theta: 1..1e12 expected, %g found", (double)c->rope_theta);
    if (c->norm_eps == 0) c->norm_eps = 1e-6f;
    if (!(c->norm_eps > 0 && c->norm_eps <= 0.1f))
        return lem_fail(err, LEM_EDATA, "model config: rms_norm_eps: a small positive number expected, %g found", (double)c->norm_eps);
    if (c->init_range == 0) c->init_range = 0.02f;
    if (!(c->init_range > 0 && c->init_range <= 10))
        return lem_fail(err, LEM_EDATA, "model config: initializer_range: a positive number up to 10 expected, %g found", (double)c->init_range);
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
    if (c->qkv_bias && !f->qkv_bias) return lem_fail(err, LEM_EDATA, "model config: attention_bias of Llama is not supported");
    c->qkv_bias = f->qkv_bias;
    LEM_TRY(range("bos_token_id", c->bos_id, -1, c->vocab - 1, err));
    LEM_TRY(range("eos_token_id", c->eos_id, -1, c->vocab - 1, err));
    LEM_TRY(range("pad_token_id", c->pad_id, -1, c->vocab - 1, err));
    if (lem_model_config_params(c) > (size_t)1 << 38) return lem_fail(err, LEM_EDATA, "model config: more than 2^38 parameters");
done:
    return st;
}

static bool is_null(const lem_json *v) { return lem_json_kind(v) == LEM_JSON_NULL; }

static lem_status need_int(const lem_json *json, const char *name, int *out, lem_err *err) {
    const lem_json *v = lem_json_get(json, name);
    int64_t i = lem_json_int(v, INT64_MIN);
    if (!v) return lem_fail(err, LEM_EDATA, "'%s' is missing", name);
    if (i < 1 || i > INT32_MAX) return lem_fail(err, LEM_EDATA, "'%s' must be a whole number above 0", name);
    *out = (int)i;
    return LEM_OK;
}

static lem_status option_int(const lem_json *json, const char *name, int *out, lem_err *err) {
    return is_null(lem_json_get(json, name)) ? LEM_OK : need_int(json, name, out, err);
}

static lem_status option_float(const lem_json *json, const char *name, float *out, lem_err *err) {
    const lem_json *v = lem_json_get(json, name);
    double x = is_null(v) ? (double)*out : lem_json_num(v, 0);
    if (!(x > 0 && x < 1e30)) return lem_fail(err, LEM_EDATA, "'%s' must be a number above 0", name);
    *out = (float)x;
    return LEM_OK;
}

static lem_status option_bool(const lem_json *json, const char *name, bool *out, lem_err *err) {
    const lem_json *v = lem_json_get(json, name);
    if (!is_null(v) && lem_json_kind(v) != LEM_JSON_BOOL) return lem_fail(err, LEM_EDATA, "'%s' must be true or false", name);
    *out = lem_json_bool(v, false);
    return LEM_OK;
}

/* The first of a list (Llama 3 has several ends). Transformers fills in ids of another vocabulary: those mean none. */
static int32_t token_id(const lem_json *json, const char *name, int vocab) {
    const lem_json *v = lem_json_get(json, name);
    if (lem_json_kind(v) == LEM_JSON_ARRAY) v = lem_json_at(v, 0);
    int64_t i = lem_json_int(v, -1);
    return i < 0 || i >= vocab ? -1 : (int32_t)i;
}

static lem_status read_arch(const lem_json *json, lem_model_config *c, lem_err *err) {
    const lem_json *list = lem_json_get(json, "architectures");
    const char *name = lem_json_str(lem_json_at(list, 0), NULL);
    if (!name || lem_json_count(list) != 1) return lem_fail(err, LEM_EDATA, "'architectures' must be a list of one name");
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
        if (strcmp(type, f->type) != 0) return lem_fail(err, LEM_EDATA, "model_type '%.40s' contradicts the architecture %.60s", type, name);
        c->arch = f->arch;
        return lem_config_head_read(name + n, name, json, &c->head, &c->reward, err);
    }
    return lem_fail(err, LEM_EDATA, "architecture '%.60s' is not supported (Llama and Qwen2 are)", name);
}

/* Newer Transformers move rope_theta and the scaling into rope_parameters; only the plain kind is supported. */
static lem_status read_rope(const lem_json *json, float *theta, lem_err *err) {
    static const char *const fields[] = {"rope_scaling", "rope_parameters"};
    for (int i = 0; i < 2; i++) {
        const lem_json *v = lem_json_get(json, fields[i]);
        if (is_null(v)) continue;
        const char *type = lem_json_str(lem_json_get(v, "rope_type"), lem_json_str(lem_json_get(v, "type"), "?"));
        if (strcmp(type, "default") != 0) return lem_fail(err, LEM_EDATA, "%s of type '%.40s' is not supported", fields[i], type);
    }
    const lem_json *nested = lem_json_get(json, "rope_parameters");
    return option_float(is_null(lem_json_get(nested, "rope_theta")) ? json : nested, "rope_theta", theta, err);
}

/* Every switch that would change the function computed. */
static lem_status refuse_unsupported(const lem_json *json, lem_err *err) {
    static const char *const off[] = {"attention_bias", "mlp_bias", "use_sliding_window"};
    const lem_json *act = lem_json_get(json, "hidden_act");
    if (!is_null(act) && strcmp(lem_json_str(act, "?"), "silu") != 0)
        return lem_fail(err, LEM_EDATA, "hidden_act '%.40s' is not supported (silu is)", lem_json_str(act, "?"));
    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++) {
        bool on = false;
        lem_status st = option_bool(json, off[i], &on, err);
        if (st != LEM_OK) return st;
        if (on) return lem_fail(err, LEM_EDATA, "%s is not supported", off[i]);
    }
    if (lem_json_num(lem_json_get(json, "partial_rotary_factor"), 1) != 1) return lem_fail(err, LEM_EDATA, "partial_rotary_factor is not supported");
    if (!is_null(lem_json_get(json, "quantization_config"))) return lem_fail(err, LEM_EDATA, "quantization_config is not supported");
    return LEM_OK;
}

lem_status lem_model_config_from_json(const lem_json *json, lem_model_config *out, lem_err *err) {
    lem_model_config c = {.max_positions = 2048, .rope_theta = 10000, .norm_eps = 1e-6f, .init_range = 0.02f};
    lem_status st = LEM_OK;
    if (lem_json_kind(json) != LEM_JSON_OBJECT) return lem_fail(err, LEM_EDATA, "a model config must be an object, not %s", lem_json_kind_name(json));
    LEM_TRY(read_arch(json, &c, err));
    LEM_TRY(refuse_unsupported(json, err));
    LEM_TRY(need_int(json, "num_hidden_layers", &c.layers, err));
    LEM_TRY(need_int(json, "hidden_size", &c.width, err));
    LEM_TRY(need_int(json, "intermediate_size", &c.ffn, err));
    LEM_TRY(need_int(json, "num_attention_heads", &c.heads, err));
    LEM_TRY(need_int(json, "vocab_size", &c.vocab, err));
    LEM_TRY(option_int(json, "num_key_value_heads", &c.kv_heads, err));
    LEM_TRY(option_int(json, "head_dim", &c.head_dim, err));
    LEM_TRY(option_int(json, "max_position_embeddings", &c.max_positions, err));
    LEM_TRY(read_rope(json, &c.rope_theta, err));
    LEM_TRY(option_float(json, "rms_norm_eps", &c.norm_eps, err));
    LEM_TRY(option_float(json, "initializer_range", &c.init_range, err));
    LEM_TRY(option_bool(json, "tie_word_embeddings", &c.tied, err));
    c.bos_id = token_id(json, "bos_token_id", c.vocab);
    c.eos_id = token_id(json, "eos_token_id", c.vocab);
    c.pad_id = token_id(json, "pad_token_id", c.vocab);
    LEM_TRY(lem_model_config_check(&c, err));
    *out = c;
done:
    return st;
}

static lem_json *id_or_null(int32_t id) { return id >= 0 ? lem_json_new_int(id) : lem_json_new_null(); }

/* The shortest decimal that reads back as the same float, so that 1e-5f is written 1e-05 and not 9.99999974737875e-06. */
static lem_json *short_float(float x) {
    for (int digits = 1; digits < 9; digits++) {
        double scale = pow(10, digits - 1 - (int)floor(log10(fabs((double)x))));
        double r = round((double)x * scale) / scale;
        if ((float)r == x) return lem_json_new_num(r);
    }
    return lem_json_new_num((double)x);
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
        {"max_position_embeddings", lem_json_new_int(c->max_positions)},
        {"rope_theta", short_float(c->rope_theta)},
        {"rope_scaling", lem_json_new_null()},
        {"rms_norm_eps", short_float(c->norm_eps)},
        {"initializer_range", short_float(c->init_range)},
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
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) ok = lem_json_set(j, members[i].key, members[i].value) && ok;
    /* Qwen2 of Transformers has no head_dim: it would be ignored there. */
    if (c->arch == LEM_ARCH_LLAMA) ok = lem_json_set(j, "head_dim", lem_json_new_int(c->head_dim)) && ok;
    ok = lem_config_head_write(&c->reward, j) && ok;
    if (ok) return j;
    names = NULL;
fail:
    lem_json_free(names);
    lem_json_free(j);
    return NULL;
}

size_t lem_model_config_params(const lem_model_config *c) {
    size_t D = (size_t)c->width, F = (size_t)c->ffn, V = (size_t)c->vocab;
    size_t Q = (size_t)c->heads * (size_t)c->head_dim, KV = (size_t)c->kv_heads * (size_t)c->head_dim;
    size_t layer = 2 * D + D * Q + 2 * D * KV + Q * D + 3 * D * F + (c->qkv_bias ? Q + 2 * KV : 0);
    return V * D + (size_t)c->layers * layer + D + (c->tied ? 0 : V * D) + lem_config_head_params(&c->reward, c->width);
}
