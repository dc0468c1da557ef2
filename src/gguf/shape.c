/* shape - metadata as a config.json, roles as names of tensors */
#include "gguf/shape.h"

#include "core/object.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the config ---- */

typedef struct family {
    const char *name, *model_type, *prefix; /* general.architecture; of config.json */
} family;
static const family families[] = {
    {"llama", "llama", "LlamaFor"}, {"qwen2", "qwen2", "Qwen2For"}, {"qwen3", "qwen3", "Qwen3For"}};

static lem_status find_family(const lem_gguf *g, const family **out, lem_err *err) {
    const char *name = "";
    size_t n = 0;
    if (!lem_gguf_str(g, "general.architecture", &name, &n))
        return lem_fail(err, LEM_EDATA, "general.architecture is missing");
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        *out = &families[i];
        if (strlen(families[i].name) == n && memcmp(families[i].name, name, n) == 0) return LEM_OK;
    }
    return lem_fail(err, LEM_EDATA, "architecture '%.*s' is not supported (llama, qwen2 and qwen3 are)",
                    (int)(n < 40 ? n : 40), name);
}

/* "llama.block_count" */
static const char *key_of(const family *f, const char *rest, char out[96]) {
    snprintf(out, 96, "%s.%s", f->name, rest);
    return out;
}

typedef struct field {
    const char *key, *member; /* behind the architecture's name; of config.json */
    bool needed, whole;
} field;
static const field fields[] = {
    {"block_count", "num_hidden_layers", true, true},
    {"embedding_length", "hidden_size", true, true},
    {"feed_forward_length", "intermediate_size", true, true},
    {"attention.head_count", "num_attention_heads", true, true},
    {"attention.head_count_kv", "num_key_value_heads", false, true},
    {"attention.key_length", "head_dim", false, true},
    {"context_length", "max_position_embeddings", true, true},
    {"attention.layer_norm_rms_epsilon", "rms_norm_eps", true, false},
    {"rope.freq_base", "rope_theta", false, false},
};

/* The shortest decimal that reads back as the same fp32 value: 1e-5 was stored as 9.999999747e-06. */
static double as_written(double x) {
    char text[32];
    for (int digits = 1; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, x);
        double y = strtod(text, NULL);
        if ((float)y == (float)x) return y;
    }
    return x;
}

static lem_status add_fields(const lem_gguf *g, const family *f, lem_object *o, lem_err *err) {
    char key[96];
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        uint64_t whole = 0;
        double num = 0;
        bool there = lem_gguf_has(g, key_of(f, fields[i].key, key));
        bool ok =
            fields[i].whole ? lem_gguf_uint(g, key, &whole) && whole <= INT_MAX : lem_gguf_num(g, key, &num);
        if (there && !ok) return lem_fail(err, LEM_EDATA, "%s is no number that can be used", key);
        if (!there && fields[i].needed) return lem_fail(err, LEM_EDATA, "%s is missing", key);
        if (there && fields[i].whole) lem_object_int(o, fields[i].member, whole);
        else if (there) lem_object_num(o, fields[i].member, as_written(num));
    }
    if (!lem_gguf_has(g, key_of(f, "attention.head_count_kv", key))) {
        uint64_t heads = 0;
        (void)lem_gguf_uint(g, key_of(f, "attention.head_count", key), &heads);
        lem_object_int(o, "num_key_value_heads", heads);
    }
    return LEM_OK;
}

/* Keys that change what is computed, and are followed nowhere here. */
static lem_status refuse_others(const lem_gguf *g, const family *f, lem_err *err) {
    static const char *const keys[] = {
        "expert_count", "attention.sliding_window", "attention.max_alibi_bias", "attention.clamp_kqv",
        "logit_scale",  "attention.scale",          "embedding_scale",          "residual_scale"};
    char key[96];
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        double v = 0;
        if (lem_gguf_num(g, key_of(f, keys[i], key), &v) && v != 0)
            return lem_fail(err, LEM_EDATA, "%s = %g is not supported", key, v);
    }
    uint64_t rotated = 0, head = 0, width = 0, heads = 0;
    if (!lem_gguf_uint(g, key_of(f, "rope.dimension_count", key), &rotated)) return LEM_OK;
    bool known = lem_gguf_uint(g, key_of(f, "attention.key_length", key), &head);
    if (!known && lem_gguf_uint(g, key_of(f, "embedding_length", key), &width) &&
        lem_gguf_uint(g, key_of(f, "attention.head_count", key), &heads) && heads)
        head = width / heads;
    return rotated == head
               ? LEM_OK
               : lem_fail(
                     err, LEM_EDATA,
                     "%s.rope.dimension_count: only a part of each head is rotated, which is not supported",
                     f->name);
}

/* Llama 3.1 and 3.2 store their scaling as a divisor for each frequency; the numbers that give it are these.
 */
static lem_json *llama3(double factor) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "rope_type", "llama3");
    lem_object_num(&o, "factor", factor);
    lem_object_num(&o, "low_freq_factor", 1);
    lem_object_num(&o, "high_freq_factor", 4);
    lem_object_int(&o, "original_max_position_embeddings", 8192);
    return lem_object_done(&o);
}

enum { FREQUENCIES_MAX = 512 };

/* The divisor of each frequency under Llama 3.1's scaling. */
static double divisor(double factor, double theta, int i, int half) {
    double wave = 2 * 3.14159265358979323846 * pow(theta, (double)i / half), ratio = 8192 / wave;
    if (ratio > 4) return 1;
    if (ratio < 1) return factor;
    double smooth = (ratio - 1) / 3;
    return 1 / ((1 - smooth) / factor + smooth);
}

static lem_status read_divisors(const lem_gguf *g, const lem_gguf_tensor *t, const family *f, lem_json **out,
                                lem_err *err) {
    float x[FREQUENCIES_MAX];
    unsigned char scratch[4 * FREQUENCIES_MAX + 256];
    double theta = 10000, largest = 1;
    char key[96];
    if (t->count > FREQUENCIES_MAX || t->rank != 1)
        return lem_fail(err, LEM_EDATA, "rope_freqs.weight has %llu values", (unsigned long long)t->count);
    int n = (int)t->count;
    lem_status st = lem_gguf_read(g, t, 0, (size_t)n, x, scratch, err);
    if (st != LEM_OK) return st;
    (void)lem_gguf_num(g, key_of(f, "rope.freq_base", key), &theta);
    for (int i = 0; i < n; i++) largest = fmax(largest, (double)x[i]);
    bool plain = largest == 1;
    for (int i = 0; i < n; i++)
        if (!plain && fabs(divisor(largest, theta, i, n) / (double)x[i] - 1) > 1e-4)
            return lem_fail(
                err, LEM_EDATA,
                "rope_freqs.weight is not the scaling of Llama 3.1 (at %d), and no other is known", i);
    *out = plain ? lem_json_new_null() : llama3(largest);
    return LEM_OK;
}

static lem_status add_rope(const lem_gguf *g, const family *f, lem_object *o, lem_err *err) {
    char key[96], kind[24] = "none";
    const char *type = NULL;
    size_t n = 0;
    double factor = 1;
    uint64_t original = 0;
    const lem_gguf_tensor *divisors = lem_gguf_tensor_of(g, "rope_freqs.weight");
    lem_json *scaling = NULL;
    if (divisors) {
        lem_status st = read_divisors(g, divisors, f, &scaling, err);
        if (st == LEM_OK) lem_object_json(o, "rope_scaling", scaling);
        return st;
    }
    if (lem_gguf_str(g, key_of(f, "rope.scaling.type", key), &type, &n))
        snprintf(kind, sizeof kind, "%.*s", (int)(n < 20 ? n : 20), type);
    if (strcmp(kind, "none") == 0) return LEM_OK;
    lem_object s = lem_object_new();
    lem_object_str(&s, "rope_type", kind); /* linear, yarn; others are refused by the reader of configs */
    if (lem_gguf_num(g, key_of(f, "rope.scaling.factor", key), &factor))
        lem_object_num(&s, "factor", as_written(factor));
    if (lem_gguf_uint(g, key_of(f, "rope.scaling.original_context_length", key), &original) && original)
        lem_object_int(&s, "original_max_position_embeddings", original);
    lem_object_json(o, "rope_scaling", lem_object_done(&s));
    return LEM_OK;
}

static void add_ids(const lem_gguf *g, lem_object *o) {
    static const char *const ids[][2] = {{"tokenizer.ggml.bos_token_id", "bos_token_id"},
                                         {"tokenizer.ggml.eos_token_id", "eos_token_id"},
                                         {"tokenizer.ggml.padding_token_id", "pad_token_id"}};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        uint64_t id = 0;
        if (lem_gguf_uint(g, ids[i][0], &id)) lem_object_int(o, ids[i][1], id);
    }
}

static lem_status add_head(const lem_gguf *g, const family *f, lem_object *o, lem_err *err) {
    const lem_gguf_tensor *score = lem_gguf_tensor_of(g, "cls.output.weight");
    char name[64];
    if (lem_gguf_tensor_of(g, "cls.weight"))
        return lem_fail(err, LEM_EDATA, "cls.weight: a head of two layers is not supported");
    if (score && score->shape[1] != 1)
        return lem_fail(err, LEM_EDATA, "cls.output.weight has %llu outputs: only a head of one is read",
                        (unsigned long long)score->shape[1]);
    snprintf(name, sizeof name, "%s%s", f->prefix, score ? "SequenceClassification" : "CausalLM");
    lem_json *names = lem_json_new_array();
    if (names && !lem_json_append(names, lem_json_new_str(name))) {
        lem_json_free(names);
        names = NULL;
    }
    lem_object_json(o, "architectures", names);
    lem_object_str(o, "model_type", f->model_type);
    if (score) lem_object_int(o, "num_labels", 1);
    return LEM_OK;
}

/* The vocabulary is as large as the embedding; its head is the embedding where it has none of its own. */
static lem_status add_sizes(const lem_gguf *g, lem_object *o, lem_err *err) {
    const lem_gguf_tensor *embed = lem_gguf_tensor_of(g, "token_embd.weight");
    if (!embed)
        return lem_fail(err, LEM_EDATA, "tensor token_embd.weight is missing%s",
                        lem_gguf_count(g) ? "" : ": the file holds a vocabulary alone");
    lem_object_int(o, "vocab_size", embed->shape[1]);
    lem_object_bool(o, "tie_word_embeddings", !lem_gguf_tensor_of(g, "output.weight"));
    if (lem_gguf_tensor_of(g, "blk.0.attn_q.bias") && lem_gguf_tensor_of(g, "blk.0.attn_output.bias"))
        lem_object_bool(o, "attention_bias", true);
    return LEM_OK;
}

lem_status lem_gguf_config(const lem_gguf *g, lem_model_config *out, lem_err *err) {
    lem_status st = LEM_OK;
    const family *f = NULL;
    lem_object o = lem_object_new();
    lem_json *config = NULL;
    LEM_TRY(find_family(g, &f, err));
    LEM_TRY(add_head(g, f, &o, err));
    LEM_TRY(add_sizes(g, &o, err));
    LEM_TRY(add_fields(g, f, &o, err));
    LEM_TRY(refuse_others(g, f, err));
    LEM_TRY(add_rope(g, f, &o, err));
    add_ids(g, &o);
    lem_object_str(&o, "hidden_act", "silu");
done:
    config = lem_object_done(&o);
    if (st == LEM_OK && !config) st = lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK) st = lem_model_config_from_json(config, out, err);
    lem_json_free(config);
    return st;
}

/* ---- the tensors ---- */

static const char *const outer_names[LEM_ROLE_COUNT] = {[LEM_ROLE_EMBED] = "token_embd.weight",
                                                        [LEM_ROLE_FINAL_NORM] = "output_norm.weight",
                                                        [LEM_ROLE_LM_HEAD] = "output.weight",
                                                        [LEM_ROLE_SCORE] = "cls.output.weight",
                                                        [LEM_ROLE_SCORE_BIAS] = "cls.output.bias"};

static bool name_of(const lem_tensor *t, char out[96]) {
    if (t->layer >= 0) return lem_role_gguf_name(t->role, t->layer, out);
    const char *name = outer_names[t->role];
    if (name) snprintf(out, 96, "%s", name);
    return name != NULL;
}

lem_status lem_gguf_tensor_for(const lem_gguf *g, const lem_tensor *t, const lem_gguf_tensor **out,
                               lem_err *err) {
    char name[96];
    const lem_gguf_tensor *x = name_of(t, name) ? lem_gguf_tensor_of(g, name) : NULL;
    if (!x) return lem_fail(err, LEM_EDATA, "the file has no tensor for %s", t->name);
    uint64_t rows = t->rank == 1 ? 1 : (uint64_t)t->shape[0], cols = (uint64_t)t->shape[t->rank - 1];
    if (x->shape[0] != cols || x->shape[1] != rows || x->shape[2] != 1 || x->shape[3] != 1)
        return lem_fail(err, LEM_EDATA, "tensor '%.95s' is %llu x %llu, expected %llu x %llu", x->name,
                        (unsigned long long)x->shape[1], (unsigned long long)x->shape[0],
                        (unsigned long long)rows, (unsigned long long)cols);
    *out = x;
    return LEM_OK;
}

uint64_t lem_gguf_row(const lem_model_config *c, const lem_tensor *t, uint64_t r) {
    if (c->arch != LEM_ARCH_LLAMA || !lem_role_is_rotated(t->role)) return r;
    uint64_t size = (uint64_t)c->head_dim, head = r / size, at = r % size;
    return head * size + at % (size / 2) * 2 + at / (size / 2);
}

const lem_gguf_tensor *lem_gguf_unused(const lem_gguf *g, const lem_model *table) {
    for (size_t i = 0; i < lem_gguf_count(g); i++) {
        const lem_gguf_tensor *x = lem_gguf_at(g, i);
        bool used = strcmp(x->name, "rope_freqs.weight") == 0;
        for (int k = 0; !used && k < table->n_tensors; k++) {
            char name[96];
            used = name_of(&table->tensors[k], name) && strcmp(name, x->name) == 0;
        }
        if (!used) return x;
    }
    return NULL;
}
