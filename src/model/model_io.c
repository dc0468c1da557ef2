/* model_io - model folders: open with every missing, extra and mis-shaped tensor named, save atomically */
#include "core/buf.h"
#include "core/file.h"
#include "core/mem.h"
#include "model/model_priv.h"
#include "model/safetensors.h"

#include <string.h>

static const char *const head_names[] = {"a language model", "a reward model"};

static lem_status read_config(const char *dir, lem_model_config *out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_json *json = NULL;
    char *path = lem_path_join(dir, "config.json", err);
    if (!path) return LEM_EMEM;
    if (!lem_file_is_dir(dir)) LEM_TRY(lem_fail(err, LEM_EDATA, "%s: no such model folder", dir));
    if (!lem_file_exists(path)) LEM_TRY(lem_fail(err, LEM_EDATA, "%s: config.json is missing", dir));
    LEM_TRY(lem_json_load(path, 1 << 20, &json, err));
    st = lem_model_config_from_json(json, out, err);
    if (st != LEM_OK) lem_err_context(err, "%s", path);
done:
    lem_json_free(json);
    lem_free(path);
    return st;
}

static bool same_shape(const lem_tensor *t, const lem_safetensor *f) {
    if (f->rank != t->rank) return false;
    for (int i = 0; i < t->rank; i++)
        if (f->shape[i] != (uint64_t)t->shape[i]) return false;
    return true;
}

static void print_found(lem_buf *b, const lem_safetensor *f) {
    lem_buf_puts(b, "[");
    for (int i = 0; i < f->rank; i++) lem_buf_printf(b, "%s%llu", i ? "," : "", (unsigned long long)f->shape[i]);
    lem_buf_puts(b, "]");
}

/* Kept by old exporters; a function of the config. */
static bool is_buffer(const char *name) {
    const char *tail = ".rotary_emb.inv_freq";
    size_t n = strlen(name), k = strlen(tail);
    return n >= k && strcmp(name + n - k, tail) == 0;
}

static bool is_expected(const lem_model *m, const char *name) {
    if (is_buffer(name) || (m->config.tied && strcmp(name, "lm_head.weight") == 0)) return true;
    for (int i = 0; i < m->n_tensors; i++)
        if (strcmp(m->tensors[i].name, name) == 0) return true;
    return false;
}

static void list_name(lem_buf *b, int n, const char *what, const char *name) {
    if (n > 0) lem_buf_printf(b, ", '%.95s'", name);
    else lem_buf_printf(b, "%s%s '%.95s'", b->len ? "; " : "", what, name);
}

/* The file's table against the model's: all differences in one line. */
static lem_status check_table(const lem_model *m, const lem_safetensors *s, lem_err *err) {
    lem_buf b = {0};
    int n = 0;
    for (int i = 0; i < m->n_tensors; i++)
        if (!lem_safetensors_find(s, m->tensors[i].name)) list_name(&b, n++, "missing", m->tensors[i].name);
    n = 0;
    for (int i = 0; i < m->n_tensors; i++) {
        const lem_tensor *t = &m->tensors[i];
        const lem_safetensor *f = lem_safetensors_find(s, t->name);
        if (!f || same_shape(t, f)) continue;
        list_name(&b, n++, "wrong shape", t->name);
        lem_buf_printf(&b, t->rank == 2 ? " [%d,%d] expected, " : " [%d] expected, ", t->shape[0], t->shape[1]);
        print_found(&b, f);
        lem_buf_puts(&b, " found");
    }
    n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (!is_expected(m, s->tensor[i].name)) list_name(&b, n++, "unexpected", s->tensor[i].name);
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK && b.len) st = lem_fail(err, LEM_EDATA, "tensors do not fit config.json: %s", lem_buf_str(&b));
    lem_buf_release(&b);
    return st;
}

/* A tied model may repeat the embedding as lm_head.weight; another one there would be lost silently. */
static lem_status check_tied_copy(const lem_model *m, lem_safetensors_file *f, lem_err *err) {
    const lem_safetensor *t = m->config.tied ? lem_safetensors_find(lem_safetensors_file_index(f), "lm_head.weight") : NULL;
    if (!t) return LEM_OK;
    size_t n = (size_t)m->config.vocab * (size_t)m->config.width;
    float *copy = lem_alloc(n, sizeof *copy, err);
    if (!copy) return LEM_EMEM;
    lem_status st = lem_safetensors_file_read(f, t, copy, n, err);
    if (st == LEM_OK && memcmp(copy, m->params + m->embed, n * sizeof *copy) != 0)
        st = lem_fail(err, LEM_EDATA, "lm_head.weight differs from the embedding, though config.json ties them (tie_word_embeddings)");
    lem_free(copy);
    return st;
}

static lem_status check_need(const lem_model_config *c, const lem_safetensors *s, lem_head need, lem_err *err) {
    const char *tensor = need == LEM_HEAD_SCALAR ? "score.weight" : "lm_head.weight";
    if (c->head == need) return LEM_OK;
    if (lem_safetensors_find(s, tensor)) return lem_fail(err, LEM_EDATA, "config.json says %s, %s is needed", head_names[c->head], head_names[need]);
    return lem_fail(err, LEM_EDATA, "the head %s is missing: this is %s, %s is needed", tensor, head_names[c->head], head_names[need]);
}

static lem_status load(const char *dir, const lem_head *need, lem_model **out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_model_config c = {0};
    lem_model *m = NULL;
    lem_safetensors_file *f = NULL;
    char *path = lem_path_join(dir, "model.safetensors", err), *index = lem_path_join(dir, "model.safetensors.index.json", err);
    if (!path || !index) LEM_TRY(LEM_EMEM);
    LEM_TRY(read_config(dir, &c, err));
    if (!lem_file_exists(path) && lem_file_exists(index))
        LEM_TRY(lem_fail(err, LEM_EDATA, "%s: a model in several files is not supported (merge it into model.safetensors)", dir));
    if (!lem_file_exists(path)) LEM_TRY(lem_fail(err, LEM_EDATA, "%s: model.safetensors is missing", dir));
    LEM_TRY(lem_safetensors_file_open(path, &f, err));
    const lem_safetensors *s = lem_safetensors_file_index(f);
    if (need) {
        st = check_need(&c, s, *need, err);
        if (st != LEM_OK) lem_err_context(err, "%s", dir);
        LEM_TRY(st);
    }
    /* Transformers saves a reward model without its language-model head. */
    bool lm = c.head == LEM_HEAD_LM || lem_safetensors_find(s, "lm_head.weight");
    if (c.head == LEM_HEAD_SCALAR && !lem_safetensors_find(s, "score.weight"))
        LEM_TRY(lem_fail(err, LEM_EDATA, "%s: the reward head score.weight is missing", path));
    LEM_TRY(lem_model_new_body(&c, lm, &m, err));
    st = check_table(m, s, err);
    if (st != LEM_OK) lem_err_context(err, "%s", path);
    LEM_TRY(st);
    for (int i = 0; i < m->n_tensors; i++) {
        const lem_tensor *t = &m->tensors[i];
        LEM_TRY(lem_safetensors_file_read(f, lem_safetensors_find(s, t->name), m->params + t->offset, t->count, err));
    }
    st = check_tied_copy(m, f, err);
    if (st != LEM_OK) lem_err_context(err, "%s", path);
    LEM_TRY(st);
    *out = m;
    m = NULL;
done:
    lem_model_free(m);
    lem_safetensors_file_close(f);
    lem_free(path);
    lem_free(index);
    return st;
}

lem_status lem_model_open(const char *dir, lem_head need, lem_model **out, lem_err *err) { return load(dir, &need, out, err); }

lem_status lem_model_open_any(const char *dir, lem_model **out, lem_err *err) { return load(dir, NULL, out, err); }

static lem_status save_config(const lem_model *m, const char *dir, lem_dtype dtype, lem_err *err) {
    lem_status st = LEM_OK;
    lem_buf text = {0};
    char *path = lem_path_join(dir, "config.json", err);
    lem_json *json = lem_model_config_to_json(&m->config, dtype);
    if (!path) LEM_TRY(LEM_EMEM);
    if (!json) LEM_TRY(lem_fail(err, LEM_EMEM, "config.json: out of memory"));
    lem_json_write(json, 2, &text);
    lem_buf_putc(&text, '\n');
    LEM_TRY(lem_buf_ok(&text, err));
    LEM_TRY(lem_file_write_atomic(path, text.data, text.len, err));
done:
    lem_json_free(json);
    lem_buf_release(&text);
    lem_free(path);
    return st;
}

lem_status lem_model_save(const lem_model *m, const char *dir, lem_dtype dtype, lem_err *err) {
    lem_status st = LEM_OK;
    char *path = lem_path_join(dir, "model.safetensors", err);
    lem_safetensors_source *source = lem_alloc_zero((size_t)m->n_tensors, sizeof *source, err);
    if (!path || !source) LEM_TRY(LEM_EMEM);
    for (int i = 0; i < m->n_tensors; i++) {
        const lem_tensor *t = &m->tensors[i];
        source[i] = (lem_safetensors_source){t->name, t->rank, {t->shape[0], t->shape[1]}, m->params + t->offset};
    }
    LEM_TRY(lem_dir_make(dir, err));
    LEM_TRY(lem_safetensors_write(path, source, (size_t)m->n_tensors, dtype, err));
    LEM_TRY(save_config(m, dir, dtype, err));
done:
    lem_free(source);
    lem_free(path);
    return st;
}
