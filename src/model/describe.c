/* describe.c - a model folder as facts: what its files say, and what it takes to run it */
#include "model/describe.h"

#include "compute/backend.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/object.h"
#include "model/net.h"
#include "model/session.h"

#include <string.h>

enum { ROWS = 4096, STEP_ROWS = 512, SMALL_FILE = 1 << 20 };

/* Puts the object under key into facts. */
static lem_status finish(lem_object *o, lem_json *facts, const char *key, lem_err *err) {
    lem_json *made = lem_object_done(o);
    return made && lem_json_set(facts, key, made) ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

/* ---- shape and files ---- */

static const lem_json *object_or_null(const lem_json *v) {
    return lem_json_kind(v) == LEM_JSON_OBJECT ? v : NULL;
}

/* rope_parameters in newer files. */
static lem_json *rope_scaling(const lem_json *config) {
    const lem_json *v = object_or_null(lem_json_get(config, "rope_scaling"));
    if (!v) v = object_or_null(lem_json_get(config, "rope_parameters"));
    return v ? lem_json_copy(v) : lem_json_new_null();
}

static lem_status add_shape(const lem_model_config *c, const lem_json *config, lem_json *facts,
                            lem_err *err) {
    const struct {
        const char *key;
        uint64_t value;
    } numbers[] = {{"layers", c->layers}, {"width", c->width},          {"ffn", c->ffn},
                   {"heads", c->heads},   {"kv_heads", c->kv_heads},    {"head_dim", c->head_dim},
                   {"vocab", c->vocab},   {"context", c->max_positions}};
    lem_object f = lem_object_new();
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        lem_object_int(&f, numbers[i].key, numbers[i].value);
    lem_object_json(&f, "window", c->window ? lem_json_new_int(c->window) : lem_json_new_null());
    lem_object_num(&f, "rope_theta", (double)c->rope_theta);
    lem_object_json(&f, "rope_scaling", rope_scaling(config));
    lem_object_bool(&f, "tied", c->tied);
    lem_object_bool(&f, "qkv_bias", c->qkv_bias);
    lem_object_bool(&f, "qk_norm", c->qk_norm);
    return finish(&f, facts, "shape", err);
}

static lem_status add_dtypes(const lem_shards *s, lem_json *facts, lem_err *err) {
    lem_object f = lem_object_new();
    for (size_t i = 0; i < lem_shards_count(s); i++) {
        const char *dtype = lem_shards_at(s, i)->tensor->dtype;
        lem_object_int(&f, dtype, lem_json_int(lem_json_get(f.json, dtype), 0) + 1);
    }
    return finish(&f, facts, "dtypes", err);
}

static lem_status add_file(const char *dir, const char *name, bool hash, lem_json *files, lem_err *err) {
    char hex[65] = "";
    uint64_t bytes = 0;
    char *path = lem_path_join(dir, name, err);
    if (!path) return LEM_EMEM;
    lem_status st = lem_file_size(path, &bytes, err);
    if (st == LEM_OK && hash) st = lem_sha256_file(path, hex, err);
    lem_free(path);
    if (st) return st;
    lem_object f = lem_object_new();
    lem_object_str(&f, "name", name);
    lem_object_int(&f, "bytes", bytes);
    lem_object_str(&f, "sha256", hash ? hex : NULL);
    lem_json *made = lem_object_done(&f);
    return made && lem_json_append(files, made) ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static lem_status add_files(const char *dir, const lem_shards *s, bool hash, lem_json *facts, lem_err *err) {
    lem_json *files = lem_json_new_array();
    lem_status st = files ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
    for (int i = 0; st == LEM_OK && i < lem_shards_files(s); i++)
        st = add_file(dir, lem_shards_file_name(s, i), hash, files, err);
    if (st) lem_json_free(files);
    else if (!lem_json_set(facts, "files", files)) st = lem_fail(err, LEM_EMEM, "out of memory");
    return st;
}

lem_status lem_model_describe(const char *dir, const lem_folder *f, bool hash, lem_json *facts,
                              lem_err *err) {
    lem_json *config = NULL;
    size_t n = 0;
    lem_object all = {facts, false}; /* the caller's */
    lem_status st = lem_json_load_beside(dir, "config.json", SMALL_FILE, &config, err);
    if (st) return st;
    lem_object_str(&all, "architecture",
                   lem_json_str(lem_json_at(lem_json_get(config, "architectures"), 0), NULL));
    lem_object_str(&all, "family", lem_json_str(lem_json_get(config, "model_type"), NULL));
    LEM_TRY(add_shape(&f->table->config, config, facts, err));
    for (int i = 0; i < f->table->n_tensors; i++) n += f->table->tensors[i].count;
    lem_object_int(&all, "parameters", (uint64_t)n);
    LEM_TRY(add_dtypes(f->shards, facts, err));
    LEM_TRY(add_files(dir, f->shards, hash, facts, err));
    if (all.failed) st = lem_fail(err, LEM_EMEM, "out of memory");
done:
    lem_json_free(config);
    return st;
}

/* ---- head ---- */

static void set_tensors(lem_object *f, const lem_head_shape *shape) {
    lem_json *tensors = lem_json_new_array();
    char name[64];
    for (int i = 0; tensors && i < 4; i++)
        if (lem_head_tensor(shape, i, name) && !lem_json_append(tensors, lem_json_new_str(name)))
            f->failed = true;
    lem_object_json(f, "tensors", tensors);
}

/* Where steps end and what the system prompt is: only where the kind of head has such a thing. */
static void set_reading(lem_object *f, lem_head_kind kind, const lem_head_reading *how, const char *system,
                        const char *separator) {
    char formula[96] = "";
    bool process = lem_head_is_process(kind);
    if (how) lem_head_formula_text(how, formula);
    lem_object_str(f, "position", lem_head_position(kind));
    lem_object_str(f, "formula", how ? formula : NULL);
    lem_object_str(f, "system", system);
    lem_object_str(f, "step_separator", process ? separator : NULL);
    lem_object_str(f, "field", process ? "step_scores" : "rm_score");
}

lem_status lem_model_describe_head(const lem_head_shape *shape, const char *system, const char *separator,
                                   lem_json *facts, lem_err *err) {
    lem_head_reading how = {0};
    lem_err why = LEM_ERR_INIT;
    bool readable = lem_head_read(shape, NULL, &how, &why) == LEM_OK;
    const char *note = readable ? NULL : why.text;
    if (shape->stats && !shape->normalize)
        note = "mean and std are stored but normalize_reward is false: the raw output is used "
               "(--head-output normalized for the other)";
    lem_object f = lem_object_new();
    lem_object_str(&f, "kind", lem_head_kind_name(shape->kind));
    set_tensors(&f, shape);
    lem_object_int(&f, "outputs", shape->outputs);
    if (shape->kind != LEM_HEAD_KIND_NONE)
        set_reading(&f, shape->kind, readable ? &how : NULL, system, separator);
    lem_object_str(&f, "note", note);
    return finish(&f, facts, "head", err);
}

/* ---- use ---- */

static lem_status add_memory(const lem_model *table, int sums, lem_json *facts, lem_err *err) {
    const lem_model_config *c = &table->config;
    int rows = c->max_positions < ROWS ? c->max_positions : ROWS;
    int step = rows < STEP_ROWS ? rows : STEP_ROWS;
    size_t session = lem_session_bytes(c, LEM_DTYPE_F32, rows / LEM_PAGE_KEYS + 2, step);
    lem_object f = lem_object_new();
    lem_object_int(&f, "tokens", rows);
    lem_object_int(&f, "run_bf16", (uint64_t)(lem_weights_bytes(c, LEM_DTYPE_BF16) + session));
    lem_object_int(&f, "run_f32", (uint64_t)(lem_weights_bytes(c, LEM_DTYPE_F32) + session));
    if (c->head == LEM_HEAD_REWARD) lem_object_str(&f, "train", NULL);
    else
        lem_object_int(&f, "train",
                       (uint64_t)lem_net_train_bytes(c, (lem_net_size){rows, 1}, &(lem_trainable){0}, sums));
    return finish(&f, facts, "memory", err);
}

lem_status lem_model_describe_use(const char *dir, const lem_folder *f, int sums, lem_json *facts,
                                  lem_err *err) {
    lem_json *g = NULL;
    lem_status st = lem_json_load_beside(dir, "generation_config.json", SMALL_FILE, &g, err);
    if (st) return st;
    if (!lem_json_set(facts, "generation", g ? g : lem_json_new_null()))
        return lem_fail(err, LEM_EMEM, "out of memory");
    return add_memory(f->table, sums, facts, err);
}
