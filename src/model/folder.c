/* folder - opens a model folder: config.json and the tables of its weight files, checked against each other
 */
#include "model/folder.h"
#include "core/absent.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/mem.h"
#include "model/model_priv.h"
#include "model/peft.h"
#include "model/quant.h"
#include "weights/name_list.h"
#include "weights/shard_index.h"

#include <stdio.h>
#include <string.h>

static const char *const head_names[] = {"a language model", "a reward model",
                                         "a reward model whose head is only read"};

/* What a folder that has no config.json is. */
static lem_status without_config(const char *dir, lem_err *err) {
    char **names = NULL;
    size_t n = 0, at = 0;
    lem_status st = lem_dir_list(dir, &names, &n, err);
    if (st) return st;
    while (at < n && !lem_absent_is_gguf(names[at])) at++;
    st = at < n ? lem_absent_gguf(dir, names[at], err)
                : lem_fail(err, LEM_EDATA, "%s: config.json is missing", dir);
    for (size_t i = 0; i < n; i++) lem_free(names[i]);
    lem_free(names);
    return st;
}

lem_status lem_model_shape(const char *dir, lem_model_config *out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_json *json = NULL;
    char *path = lem_path_join(dir, "config.json", err);
    if (!path) return LEM_EMEM;
    if (!lem_file_is_dir(dir)) LEM_TRY(lem_absent_model(dir, err));
    if (!lem_file_exists(path)) LEM_TRY(without_config(dir, err));
    LEM_TRY(lem_json_load(path, 1 << 20, &json, err));
    st = lem_model_config_from_json(json, out, err);
    if (st != LEM_OK) lem_err_context(err, "%s", path);
done:
    lem_json_free(json);
    lem_free(path);
    return st;
}

/* ---- the files' table against the model's ---- */

static bool same_shape(const lem_tensor *t, const lem_safetensor *f) {
    if (f->rank != t->rank) return false;
    for (int i = 0; i < t->rank; i++)
        if (f->shape[i] != (uint64_t)t->shape[i]) return false;
    return true;
}

static void note_shapes(const lem_tensor *t, const lem_safetensor *f, char *out, size_t size) {
    size_t n = (size_t)snprintf(out, size, t->rank == 2 ? "[%d,%d] expected, [" : "[%d] expected, [",
                                t->shape[0], t->shape[1]);
    for (int i = 0; i < f->rank && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, "%s%llu", i ? "," : "", (unsigned long long)f->shape[i]);
    if (n < size) snprintf(out + n, size - n, "] found");
}

static bool is_spare(const lem_model_config *c, const char *name) {
    const char *tail = "rotary_emb.inv_freq"; /* kept by old exporters */
    size_t n = strlen(name), k = strlen(tail);
    return (n >= k && strcmp(name + n - k, tail) == 0) || (c->tied && strcmp(name, "lm_head.weight") == 0);
}

static bool is_int8(const lem_model *m, const lem_tensor *t) {
    return m->config.int8 && lem_quant_has(m->config.int8_kept, t->role);
}

static lem_status name_unexpected(const lem_model *m, const lem_shards *s, lem_name_list *list,
                                  lem_err *err) {
    lem_status st = LEM_OK;
    lem_map *known = lem_map_new(err);
    if (!known) return LEM_EMEM;
    for (int i = 0; i < m->n_tensors; i++) {
        char scale[112];
        LEM_TRY(lem_map_set(known, m->tensors[i].name, strlen(m->tensors[i].name), i, err));
        if (!is_int8(m, &m->tensors[i])) continue;
        lem_quant_scale_name(m->tensors[i].name, scale);
        LEM_TRY(lem_map_set(known, scale, strlen(scale), i, err));
    }
    for (size_t i = 0; i < lem_shards_count(s); i++) {
        const char *name = lem_shards_at(s, i)->tensor->name;
        if (!lem_map_find(known, name, strlen(name), NULL) && !is_spare(&m->config, name))
            lem_name_list_add(list, name, NULL);
    }
done:
    lem_map_free(known);
    return st;
}

/* The type and the scales of a matrix of int8. */
static void check_int8(const lem_tensor *t, const lem_shards *s, lem_name_list *missing,
                       lem_name_list *wrong) {
    lem_tensor want = {.rank = 2, .shape = {t->shape[0], (int)lem_int8_groups((size_t)t->shape[1])}};
    const lem_safetensor *f = lem_shards_find(s, t->name)->tensor;
    char note[256];
    lem_quant_scale_name(t->name, note);
    const lem_stored *scale = lem_shards_find(s, note);
    if (!scale) lem_name_list_add(missing, note, NULL);
    else if (!same_shape(&want, scale->tensor)) {
        note_shapes(&want, scale->tensor, note, sizeof note);
        lem_name_list_add(wrong, scale->tensor->name, note);
    } else if (strcmp(scale->tensor->dtype, "F32") != 0)
        lem_name_list_add(wrong, scale->tensor->name, "not F32");
    if (strcmp(f->dtype, "I8") != 0) lem_name_list_add(wrong, t->name, "not I8");
}

static lem_status check_table(const lem_model *m, const lem_shards *s, lem_err *err) {
    lem_name_list missing = {.what = "missing"}, wrong = {.what = "wrong shape"},
                  extra = {.what = "unexpected"};
    lem_name_list *lists[] = {&missing, &wrong, &extra};
    char note[256];
    for (int i = 0; i < m->n_tensors; i++) {
        const lem_tensor *t = &m->tensors[i];
        const lem_stored *f = lem_shards_find(s, t->name);
        if (!f) lem_name_list_add(&missing, t->name, NULL);
        else if (!same_shape(t, f->tensor)) {
            note_shapes(t, f->tensor, note, sizeof note);
            lem_name_list_add(&wrong, t->name, note);
        } else if (is_int8(m, t)) check_int8(t, s, &missing, &wrong);
    }
    lem_status unexpected = name_unexpected(m, s, &extra, err);
    lem_status st = lem_name_lists_fail(lists, 3, "tensors do not fit config.json", err);
    return unexpected != LEM_OK ? unexpected : st;
}

/* ---- heads ---- */

static lem_status check_need(const lem_model_config *c, const lem_shards *s, lem_head need, lem_err *err) {
    const char *tensor = need == LEM_HEAD_SCALAR ? "score.weight" : "lm_head.weight";
    if (c->head == need) return LEM_OK;
    if (c->head == LEM_HEAD_REWARD)
        return lem_fail(err, LEM_EDATA, "this is %s (%s), %s is needed", head_names[c->head],
                        lem_head_kind_name(c->reward.kind), head_names[need]);
    if (lem_shards_find(s, tensor))
        return lem_fail(err, LEM_EDATA, "config.json says %s, %s is needed", head_names[c->head],
                        head_names[need]);
    return lem_fail(err, LEM_EDATA, "the head %s is missing: this is %s, %s is needed", tensor,
                    head_names[c->head], head_names[need]);
}

static bool in_shards(void *ctx, const char *tensor) { return lem_shards_find(ctx, tensor) != NULL; }

/* LLaMA-Factory writes the head of a reward model beside the language model's files. */
static lem_status open_value_head(const char *dir, lem_shards *s, lem_err *err) {
    lem_status st = LEM_OK;
    char *safe = lem_path_join(dir, "value_head.safetensors", err),
         *torch = lem_path_join(dir, "value_head.bin", err);
    if (!safe || !torch) LEM_TRY(LEM_EMEM);
    if (lem_file_exists(safe)) LEM_TRY(lem_shards_add(s, safe, err));
    else if (lem_file_exists(torch) && !lem_shards_find(s, "v_head.summary.weight"))
        LEM_TRY(lem_fail(
            err, LEM_EDATA,
            "%s: the reward head is a pickle, which can run code when opened; write it as "
            "value_head.safetensors first (Python: "
            "safetensors.torch.save_file(torch.load(\"value_head.bin\"), \"value_head.safetensors\"))",
            torch));
done:
    lem_free(safe);
    lem_free(torch);
    return st;
}

/* An adapter (PEFT) is no model: without its base nothing can be computed, and beside a base that base alone
 * would be another model than the folder is for others, who apply the adapter. */
static lem_status refuse_adapter(const char *dir, lem_err *err) {
    lem_status st = LEM_OK;
    lem_json *json = NULL;
    LEM_TRY(lem_json_load_beside(dir, LEM_PEFT_CONFIG, 1 << 20, &json, err));
    if (!json) return LEM_OK;
    bool beside = lem_dir_has(dir, "model.safetensors") || lem_dir_has(dir, LEM_SHARD_INDEX_NAME);
    st = lem_peft_refuse(dir, json, beside, err);
done:
    lem_json_free(json);
    return st;
}

/* A tied model may repeat the embedding as lm_head.weight; another one there would be lost silently. */
static lem_status check_tied_copy(const lem_model *m, const lem_shards *s, lem_err *err) {
    const lem_stored *copy = m->config.tied ? lem_shards_find(s, "lm_head.weight") : NULL;
    const lem_tensor *t = lem_model_tensor_at(m, lem_model_at(m, LEM_ROLE_EMBED, -1));
    size_t equal = 0;
    if (!copy) return LEM_OK;
    if (!same_shape(t, copy->tensor))
        return lem_fail(err, LEM_EDATA,
                        "lm_head.weight has another shape than the embedding that it is tied to");
    lem_status st = lem_stored_compare(lem_shards_find(s, t->name), copy, t->count, &equal, err);
    if (st == LEM_OK && equal < t->count)
        st = lem_fail(err, LEM_EDATA,
                      "lm_head.weight differs from the embedding (at %zu), though config.json ties them "
                      "(tie_word_embeddings)",
                      equal);
    return st;
}

/* Transformers takes two labels where config.json names none. */
static lem_status check_labels(const lem_model_config *c, const lem_shards *s, lem_err *err) {
    const lem_stored *score = lem_shards_find(s, "score.weight");
    bool classifier = c->reward.kind == LEM_HEAD_KIND_CLASSIFIER && c->reward.outputs == 2 && score;
    if (!classifier || score->tensor->rank != 2 || score->tensor->shape[0] != 1) return LEM_OK;
    return lem_fail(
        err, LEM_EDATA,
        "%s: score.weight has one output, config.json two labels (without id2label and num_labels "
        "two are meant, by Transformers too); for a reward model of one output write "
        "\"num_labels\": 1 or \"id2label\": {\"0\": \"LABEL_0\"} into config.json",
        lem_shards_path(s));
}

/* ---- opening ---- */

const lem_tensor *lem_model_tensor_at(const lem_model *m, size_t offset) {
    int lo = 0, hi = m->n_tensors; /* the table is in order of offsets */
    while (hi - lo > 1) {
        int mid = lo + (hi - lo) / 2;
        if (m->tensors[mid].offset <= offset) lo = mid;
        else hi = mid;
    }
    return &m->tensors[lo];
}

static lem_status open_table(lem_model_config *c, const lem_head *need, lem_folder *f, lem_err *err) {
    lem_status st = LEM_OK;
    const char *path = lem_shards_path(f->shards);
    bool plain = need && *need == LEM_HEAD_LM && c->head == LEM_HEAD_LM;
    if (!plain) st = lem_head_resolve(&c->reward, in_shards, f->shards, err);
    if (st != LEM_OK) return lem_err_context(err, "%s", path);
    c->head = lem_config_head_sort(&c->reward);
    if (need) st = check_need(c, f->shards, *need, err);
    if (st != LEM_OK) return lem_err_context(err, "%s", path);
    /* Transformers saves a reward model without its language-model head. */
    bool lm = c->head == LEM_HEAD_LM || lem_shards_find(f->shards, "lm_head.weight");
    LEM_TRY(check_labels(c, f->shards, err));
    LEM_TRY(lem_model_new_table(c, lm, &f->table, err));
    st = check_table(f->table, f->shards, err);
    if (st == LEM_OK) st = check_tied_copy(f->table, f->shards, err);
    if (st != LEM_OK) lem_err_context(err, "%s", path);
done:
    return st;
}

lem_status lem_folder_open(const char *dir, const lem_head *need, lem_folder *out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_folder f = {NULL, NULL};
    lem_model_config c = {0};
    LEM_TRY(refuse_adapter(dir, err));
    LEM_TRY(lem_model_shape(dir, &c, err));
    LEM_TRY(lem_shards_open(dir, &f.shards, err));
    /* A policy trained by PPO keeps its value head beside it; as a language model it is complete without. */
    bool lm = need && *need == LEM_HEAD_LM && c.head == LEM_HEAD_LM;
    if (!lm) LEM_TRY(open_value_head(dir, f.shards, err));
    LEM_TRY(open_table(&c, need, &f, err));
    *out = f;
    f = (lem_folder){NULL, NULL};
done:
    lem_folder_release(&f);
    return st;
}

bool lem_folder_is_bf16(const lem_folder *f) {
    bool all = true;
    for (int i = 0; all && i < f->table->n_tensors; i++)
        all = strcmp(lem_shards_find(f->shards, f->table->tensors[i].name)->tensor->dtype, "BF16") == 0;
    return all;
}

void lem_folder_release(lem_folder *f) {
    lem_model_free(f->table);
    lem_shards_close(f->shards);
    *f = (lem_folder){NULL, NULL};
}

lem_status lem_folder_refuse_int8(const lem_folder *f, const char *dir, lem_err *err) {
    if (!f->table->config.int8) return LEM_OK;
    return lem_fail(err, LEM_EDATA,
                    "%s: an int8 model (lemma model quantize) samples, scores and is a base of adapters, and "
                    "nothing else; take the model that it was made from",
                    dir);
}
