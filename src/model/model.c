/* model - the tensor table over one flat array, random initialisation, heads, identity */
#include "core/buf.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/rng.h"
#include "model/model_priv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ALIGN = 16 };

/* Walks the tensors in the order of the flat array: fills `m` when it is not NULL, counts what `t` lets learn
 * when that is not NULL. */
typedef struct layout {
    lem_model *m;
    const lem_trainable *t;
    bool over_base; /* only what lies in no base */
    size_t end;
    size_t learned, learned_padded;
} layout;

static void place(layout *l, const lem_model_config *c, lem_role role, int layer, int rows, int cols) {
    size_t offset = l->end, count = (size_t)rows * (size_t)(cols ? cols : 1);
    size_t padded = (count + ALIGN - 1) / ALIGN * ALIGN;
    l->end = offset + padded;
    if (l->t && lem_trainable_has(l->t, role, layer)) {
        l->learned += count;
        l->learned_padded += padded;
    }
    if (!l->m) return;
    l->m->at[(size_t)(layer + 1) * LEM_ROLE_COUNT + role] = offset;
    lem_tensor *t = &l->m->tensors[l->m->n_tensors++];
    *t = (lem_tensor){.role = role,
                      .layer = layer,
                      .rank = cols ? 2 : 1,
                      .shape = {rows, cols ? cols : 1},
                      .offset = offset,
                      .count = count,
                      .decay = cols > 0};
    lem_role_name(c, role, layer, t->name);
}

/* The reward head comes last, so that adding it moves nothing. */
static void place_all(layout *l, const lem_model_config *c, bool lm) {
    lem_role role;
    int layer, rows, cols;
    for (long k = 0; lem_role_at(c, k, &role, &layer); k++)
        if (lem_role_shape(c, role, layer, &rows, &cols) && (lm || role != LEM_ROLE_LM_HEAD) &&
            !(l->over_base && lem_role_in_base(role)))
            place(l, c, role, layer, rows, cols);
    if (!l->m) return;
    if (c->tied) l->m->at[LEM_ROLE_LM_HEAD] = l->m->at[LEM_ROLE_EMBED]; /* over a base both are absent */
    l->m->n_params = l->end;
}

size_t lem_model_trainable_size(const lem_model_config *c, const lem_trainable *t) {
    layout l = {.t = t};
    place_all(&l, c, true);
    return l.learned_padded;
}

size_t lem_trainable_params(const lem_trainable *t, const lem_model_config *c) {
    layout l = {.t = t};
    place_all(&l, c, true);
    return l.learned;
}

/* base: NULL = none */
static lem_status new_table(const lem_model_config *config, bool lm, const struct lem_weights *base,
                            lem_model **out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_model *m = lem_alloc_zero(1, sizeof *m, err);
    if (!m) return LEM_EMEM;
    m->config = *config;
    m->base = base;
    LEM_TRY(lem_model_config_check(&m->config, err));
    size_t places = ((size_t)m->config.layers + 1) * LEM_ROLE_COUNT;
    m->tensors = lem_alloc_zero(places, sizeof *m->tensors, err);
    m->at = lem_alloc(places, sizeof *m->at, err);
    if (!m->tensors || !m->at) LEM_TRY(LEM_EMEM);
    memset(m->at, 0xff, places * sizeof *m->at); /* all absent */
    place_all(&(layout){.m = m, .over_base = base != NULL}, &m->config, lm);
    *out = m;
    m = NULL;
done:
    lem_model_free(m);
    return st;
}

lem_status lem_model_new_table(const lem_model_config *config, bool lm, lem_model **out, lem_err *err) {
    return new_table(config, lm, NULL, out, err);
}

/* Like lem_model_new; without lm an untied model has no language-model head. */
static lem_status new_body(const lem_model_config *config, bool lm, const struct lem_weights *base,
                           lem_model **out, lem_err *err) {
    lem_model *m = NULL;
    lem_status st = new_table(config, lm, base, &m, err);
    if (st != LEM_OK) return st;
    m->params = lem_alloc_aligned(m->n_params, sizeof *m->params, err);
    if (!m->params) {
        lem_model_free(m);
        return LEM_EMEM;
    }
    memset(m->params, 0, m->n_params * sizeof *m->params);
    *out = m;
    return LEM_OK;
}

lem_status lem_model_new(const lem_model_config *config, lem_model **out, lem_err *err) {
    return new_body(config, true, NULL, out, err);
}

lem_status lem_model_new_like(const lem_model *m, const lem_model_config *config, lem_model **out,
                              lem_err *err) {
    return new_body(config, false, m->base, out, err);
}

lem_status lem_model_new_over(const lem_model_config *config, const struct lem_weights *base, uint64_t seed,
                              lem_model **out, lem_err *err) {
    lem_model_config c = *config;
    c.int8 = false; /* the base may be, what is trained is not */
    lem_status st = new_body(&c, false, base, out, err);
    if (st == LEM_OK) lem_model_init_random(*out, seed);
    return st;
}

void lem_model_free(lem_model *m) {
    if (!m) return;
    lem_free(m->params);
    lem_free(m->tensors);
    lem_free(m->at);
    lem_free(m);
}

static bool has_lm(const lem_model *m) { return lem_model_at(m, LEM_ROLE_LM_HEAD, -1) != SIZE_MAX; }

/* B stays zero; torch's kaiming_uniform_(A, a=sqrt(5)) is uniform within 1 / sqrt(in). */
static void init_adapter(lem_model *m, const lem_tensor *t, uint64_t seed) {
    float *p = m->params + t->offset;
    double bound = 1 / sqrt((double)t->shape[1]);
    lem_rng r = lem_rng_make(seed, t->name, 0);
    if (t->role != lem_role_adapter(lem_role_adapted(t->role))) return;
    for (size_t i = 0; i < t->count; i++) p[i] = (float)(bound * (2 * lem_rng_next_unit(&r) - 1));
}

static void init_tensor(lem_model *m, const lem_tensor *t, uint64_t seed) {
    float *p = m->params + t->offset;
    if (lem_role_adapted(t->role) != LEM_ROLE_COUNT) {
        init_adapter(m, t, seed);
        return;
    }
    if (t->rank == 1) {
        bool bias = strcmp(strrchr(t->name, '.'), ".bias") == 0;
        for (size_t i = 0; i < t->count; i++) p[i] = bias ? 0.0f : 1.0f;
        return;
    }
    double sd = (double)m->config.init_range;
    if (lem_role_is_residual(t->role)) sd /= sqrt(2.0 * m->config.layers);
    if (t->role == LEM_ROLE_SCORE || t->role == LEM_ROLE_DENSE) sd = 1 / sqrt((double)m->config.width + 1);
    lem_rng r = lem_rng_make(seed, t->name, 0);
    for (size_t i = 0; i < t->count; i++) p[i] = (float)(sd * lem_rng_next_normal(&r));
}

void lem_model_init_random(lem_model *m, uint64_t seed) {
    for (int i = 0; i < m->n_tensors; i++) init_tensor(m, &m->tensors[i], seed);
}

static const lem_tensor *tensor_named(const lem_model *m, const char *name) {
    for (int i = 0; i < m->n_tensors; i++)
        if (strcmp(m->tensors[i].name, name) == 0) return &m->tensors[i];
    return NULL;
}

lem_status lem_model_reshaped(const lem_model *m, const lem_model_config *config, uint64_t seed,
                              lem_model **out, lem_err *err) {
    lem_model *to = NULL;
    lem_status st = new_body(config, has_lm(m), NULL, &to, err);
    if (st != LEM_OK) return st;
    for (int i = 0; i < to->n_tensors; i++) {
        const lem_tensor *t = &to->tensors[i], *from = tensor_named(m, t->name);
        if (from) memcpy(to->params + t->offset, m->params + from->offset, t->count * sizeof *to->params);
        else init_tensor(to, t, seed);
    }
    *out = to;
    return LEM_OK;
}

lem_status lem_model_with_head(const lem_model *m, lem_head head, uint64_t seed, lem_model **out,
                               lem_err *err) {
    lem_model_config c = m->config;
    if (head == LEM_HEAD_LM && !has_lm(m))
        return lem_fail(err, LEM_EDATA, "lm_head.weight is missing: this model has only a reward head");
    if (head == LEM_HEAD_REWARD && m->config.head != head)
        return lem_fail(err, LEM_EUSAGE, "only the scalar head can be made anew");
    if (c.head != head) c.reward = (lem_head_shape){0};
    c.head = head;
    return lem_model_reshaped(m, &c, seed, out, err);
}

lem_status lem_model_with_layers(const lem_model *m, int extra, uint64_t seed, lem_model **out,
                                 lem_err *err) {
    lem_model_config c = m->config;
    lem_model *to = NULL;
    if (extra < 0 || extra > 1024)
        return lem_fail(err, LEM_EUSAGE, "0 to 1024 more layers, %d asked for", extra);
    c.layers += extra;
    for (int i = m->config.layers; i < c.layers && i < LEM_LAYERS_MAX;
         i++) /* a new layer sees as far as the last one did */
        if (c.window > 0 && lem_model_config_window(&m->config, m->config.layers - 1) == 0)
            c.full[i / 8] |= (uint8_t)(1u << i % 8);
    lem_status st = lem_model_config_check(&c, err);
    if (st == LEM_OK) st = lem_model_reshaped(m, &c, seed, &to, err);
    if (st != LEM_OK) return st;
    for (int i = 0; i < to->n_tensors; i++) {
        const lem_tensor *t = &to->tensors[i];
        if (t->layer >= m->config.layers && lem_role_is_residual(t->role))
            memset(to->params + t->offset, 0, t->count * sizeof *to->params);
    }
    *out = to;
    return LEM_OK;
}

/* What plain Llama and Qwen2 do not have: only what is there is added, so that their identities stay what
 * they were. */
static void hash_variant(lem_sha256 *s, const lem_model_config *c) {
    const lem_rope *r = &c->rope;
    char text[512];
    if (c->o_bias || c->mlp_bias || c->window > 0) {
        snprintf(text, sizeof text, "o_bias=%d mlp_bias=%d window=%d full=", c->o_bias, c->mlp_bias,
                 c->window);
        lem_sha256_add(s, text, strlen(text));
        lem_sha256_add(s, c->full, sizeof c->full);
    }
    if (r->kind == LEM_ROPE_PLAIN) return;
    snprintf(text, sizeof text,
             "rope=%d factor=%a original=%d declared=%d low=%a high=%a fast=%a slow=%a mscale=%a all=%a "
             "attention=%a keep=%d\n",
             (int)r->kind, (double)r->factor, r->original, r->declared, (double)r->low_freq,
             (double)r->high_freq, (double)r->beta_fast, (double)r->beta_slow, (double)r->mscale,
             (double)r->mscale_all, (double)r->attention_factor, r->keep_fraction);
    lem_sha256_add(s, text, strlen(text));
}

void lem_model_hash(const lem_model *m, char out[65]) {
    lem_sha256 s;
    const lem_model_config *c = &m->config;
    uint8_t raw[32];
    char text[512];
    /* Every field by name, floats in hexadecimal: independent of padding and of how JSON is written. */
    snprintf(text, sizeof text,
             "arch=%d head=%d layers=%d width=%d ffn=%d heads=%d kv_heads=%d head_dim=%d vocab=%d "
             "max_positions=%d "
             "rope_theta=%a norm_eps=%a tied=%d qkv_bias=%d lm=%d bos=%d eos=%d pad=%d\n",
             (int)c->arch, (int)c->head, c->layers, c->width, c->ffn, c->heads, c->kv_heads, c->head_dim,
             c->vocab, c->max_positions, (double)c->rope_theta, (double)c->norm_eps, c->tied, c->qkv_bias,
             has_lm(m), (int)c->bos_id, (int)c->eos_id, (int)c->pad_id);
    lem_sha256_init(&s);
    lem_sha256_add(&s, text, strlen(text));
    hash_variant(&s, c);
    if (c->head == LEM_HEAD_REWARD) {
        const lem_head_shape *r = &c->reward;
        snprintf(text, sizeof text,
                 "reward kind=%d tensor=%s outputs=%d dense=%d bias=%d stats=%d normalize=%d mean=%a std=%a "
                 "token=%d\n",
                 (int)r->kind, r->tensor, r->outputs, r->dense, r->bias, r->stats, r->normalize,
                 (double)r->mean, (double)r->std, r->token);
        lem_sha256_add(&s, text, strlen(text));
    }
    lem_sha256_add(&s, m->params, m->n_params * sizeof *m->params);
    lem_sha256_end(&s, raw);
    for (int i = 0; i < 32; i++) snprintf(out + 2 * i, 3, "%02x", raw[i]);
}
