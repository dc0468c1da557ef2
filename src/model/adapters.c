/* adapters.c - a model with adapters, merged again, and their files */
#include "model/adapters.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/object.h"
#include "model/model_priv.h"
#include "weights/safetensors.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- what is asked for ---- */

/* The last part of the name of a layer's matrix in files, "q_proj"; false: it can have no adapter. */
static bool module_of(const lem_model_config *c, lem_role role, char out[96]) {
    int rows, cols;
    char name[96];
    if (lem_role_adapter(role) == LEM_ROLE_COUNT || !lem_role_shape(c, role, 0, &rows, &cols)) return false;
    lem_role_name(c, role, 0, name);
    *strrchr(name, '.') = '\0'; /* .weight */
    snprintf(out, 96, "%s", strrchr(name, '.') + 1);
    return true;
}

static uint64_t all_targets(const lem_model_config *c) {
    uint64_t all = 0;
    char name[96];
    for (lem_role r = 0; r < LEM_ROLE_COUNT; r++)
        if (module_of(c, r, name)) all |= (uint64_t)1 << r;
    return all;
}

/* "q" or "q_proj" */
static bool is_called(const char *module, const char *target, size_t n) {
    return strncmp(module, target, n) == 0 && (!module[n] || strcmp(module + n, "_proj") == 0);
}

static lem_status no_target(const lem_model_config *c, const char *target, size_t n, lem_err *err) {
    char names[256] = "all", module[96];
    for (lem_role r = 0; r < LEM_ROLE_COUNT; r++) {
        size_t len = strlen(names);
        if (module_of(c, r, module)) snprintf(names + len, sizeof names - len, ", %s", module);
    }
    return lem_fail(err, LEM_EUSAGE, "--lora-targets: '%.*s' is none of %s", (int)(n < 60 ? n : 60), target,
                    names);
}

static lem_status one_target(const char *target, size_t n, const lem_model_config *c, uint64_t *out,
                             lem_err *err) {
    char module[96];
    for (lem_role r = 0; r < LEM_ROLE_COUNT; r++) {
        if (!module_of(c, r, module) || !is_called(module, target, n)) continue;
        *out |= (uint64_t)1 << r;
        return LEM_OK;
    }
    return no_target(c, target, n, err);
}

lem_status lem_lora_make(const lem_lora_opts *o, const lem_model_config *c, lem_lora *out, lem_err *err) {
    lem_lora lora = {.rank = o->rank};
    double alpha = o->alpha > 0 ? o->alpha : 2.0 * o->rank;
    if (o->rank < 1 || o->rank > LEM_LORA_RANK_MAX)
        return lem_fail(err, LEM_EUSAGE, "--lora-rank: 1 to %d expected, found %d", LEM_LORA_RANK_MAX,
                        o->rank);
    if (!(o->dropout >= 0 && o->dropout < 1))
        return lem_fail(err, LEM_EUSAGE, "--lora-dropout: a share of at least 0 and below 1 expected");
    lora.dropout = (float)o->dropout;
    lora.scale = (float)(alpha / (o->stabilised ? sqrt(o->rank) : o->rank));
    bool all = strcmp(o->targets, "all") == 0;
    if (all) lora.targets = all_targets(c);
    for (const char *p = o->targets; !all && *p;) {
        size_t n = strcspn(p, ",");
        lem_status st = one_target(p, n, c, &lora.targets, err);
        if (st) return st;
        p += n + (p[n] == ',');
    }
    if (!lora.targets) return lem_fail(err, LEM_EUSAGE, "--lora-targets: at least one expected");
    *out = lora;
    return LEM_OK;
}

lem_trainable lem_lora_trainable(void) {
    lem_trainable t = {0};
    for (lem_role r = 0; r < LEM_ROLE_COUNT; r++)
        if (lem_role_in_base(r)) t.frozen_roles |= (uint64_t)1 << r;
    return t;
}

/* ---- on and off ---- */

/* `from`, which goes, takes m's place. */
static void take_place(lem_model *m, lem_model *from) {
    lem_model old = *m;
    *m = *from;
    *from = old;
    lem_model_free(from);
}

lem_status lem_model_adapt(lem_model *m, const lem_lora *lora, uint64_t seed, lem_err *err) {
    lem_model_config c = m->config;
    lem_model *to;
    c.lora = *lora;
    lem_status st = lem_model_reshaped(m, &c, seed, &to, err);
    if (st == LEM_OK) take_place(m, to);
    return st;
}

static bool has_adapter(const lem_model *m, const lem_tensor *t) {
    lem_role a = t->layer >= 0 ? lem_role_adapter(t->role) : LEM_ROLE_COUNT;
    return a != LEM_ROLE_COUNT && lem_model_at(m, a, t->layer) != SIZE_MAX;
}

void lem_lora_add(const lem_lora_row *r, size_t n, double *sum, float *w) {
    memset(sum, 0, n * sizeof *sum);
    for (size_t k = 0; k < r->rank; k++)
        for (size_t i = 0; i < n; i++) sum[i] += (double)r->b[k] * (double)r->a[k * r->in + i];
    for (size_t i = 0; i < n; i++) w[i] = (float)((double)w[i] + r->scale * sum[i]);
}

/* w += scale B A, of m's adapter, into the same matrix of `to`; sum: [in] */
static void add_product(const lem_model *m, lem_model *to, const lem_tensor *w, double *sum) {
    lem_role a = lem_role_adapter(w->role);
    const float *A = m->params + lem_model_at(m, a, w->layer),
                *B = m->params + lem_model_at(m, a + 1, w->layer);
    size_t rank = (size_t)m->config.lora.rank, in = (size_t)w->shape[1];
    for (size_t o = 0; o < (size_t)w->shape[0]; o++) {
        const lem_lora_row r = {B + o * rank, A, rank, in, (double)m->config.lora.scale};
        lem_lora_add(&r, in, sum, to->params + w->offset + o * in);
    }
}

static size_t widest(const lem_model *m) {
    size_t most = 1;
    for (int i = 0; i < m->n_tensors; i++)
        if ((size_t)m->tensors[i].shape[1] > most) most = (size_t)m->tensors[i].shape[1];
    return most;
}

lem_status lem_model_merge(lem_model *m, lem_err *err) {
    lem_model_config c = m->config;
    lem_model *to = NULL;
    double *sum = lem_alloc(widest(m), sizeof *sum, err);
    c.lora = (lem_lora){0};
    lem_status st = sum ? lem_model_reshaped(m, &c, 0, &to, err) : LEM_EMEM;
    for (int i = 0; st == LEM_OK && i < to->n_tensors; i++)
        if (has_adapter(m, &to->tensors[i])) add_product(m, to, &to->tensors[i], sum);
    lem_free(sum);
    if (st == LEM_OK) take_place(m, to);
    return st;
}

/* ---- files ---- */

/* PEFT's target_modules. */
static lem_json *modules(const lem_model *m) {
    lem_json *list = lem_json_new_array();
    char name[96];
    for (lem_role r = 0; list && r < LEM_ROLE_COUNT; r++) {
        if (!(m->config.lora.targets >> r & 1) || !module_of(&m->config, r, name)) continue;
        if (lem_json_append(list, lem_json_new_str(name))) continue;
        lem_json_free(list);
        return NULL;
    }
    return list;
}

static lem_status save_config(const lem_model *m, const char *base, const char *dir, lem_err *err) {
    const lem_lora *lora = &m->config.lora;
    lem_object o = lem_object_new();
    lem_object_str(&o, "peft_type", "LORA");
    lem_object_str(&o, "task_type", "CAUSAL_LM");
    lem_object_str(&o, "base_model_name_or_path", base);
    lem_object_int(&o, "r", (uint64_t)lora->rank);
    lem_object_num(&o, "lora_alpha", (double)lora->scale * lora->rank);
    lem_object_num(&o, "lora_dropout", (double)lora->dropout);
    lem_object_str(&o, "bias", "none");
    lem_object_bool(&o, "fan_in_fan_out", false);
    lem_object_bool(&o, "use_rslora", false); /* the scale is in lora_alpha */
    lem_object_bool(&o, "inference_mode", true);
    lem_object_json(&o, "target_modules", modules(m));
    lem_json *made = lem_object_done(&o);
    lem_status st = made ? lem_json_save_in(dir, "adapter_config.json", made, 2, err)
                         : lem_fail(err, LEM_EMEM, "out of memory");
    lem_json_free(made);
    return st;
}

static lem_status save_values(const lem_model *m, const char *dir, lem_err *err) {
    lem_status st = LEM_EMEM;
    size_t n = 0, most = (size_t)m->n_tensors;
    lem_safetensors_source *source = lem_alloc_zero(most, sizeof *source, err);
    char(*name)[128] = lem_alloc(most, sizeof *name, err);
    char *path = lem_path_join(dir, "adapter_model.safetensors", err);
    for (size_t i = 0; source && name && i < most; i++) {
        const lem_tensor *t = &m->tensors[i];
        if (lem_role_adapted(t->role) == LEM_ROLE_COUNT) continue;
        snprintf(name[n], sizeof *name, "base_model.model.%s", t->name);
        source[n] = (lem_safetensors_source){name[n], 2, {t->shape[0], t->shape[1]}, m->params + t->offset};
        n++;
    }
    if (source && name && path) st = lem_safetensors_write(path, source, n, LEM_DTYPE_F32, err);
    lem_free(path);
    lem_free(name);
    lem_free(source);
    return st;
}

lem_status lem_model_save_adapters(const lem_model *m, const char *base, const char *dir, lem_err *err) {
    lem_status st = lem_dir_make(dir, err);
    if (st == LEM_OK) st = save_values(m, dir, err);
    return st == LEM_OK ? save_config(m, base, dir, err) : st;
}
