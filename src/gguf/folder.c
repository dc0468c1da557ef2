/* folder - tensors streamed from blocks into safetensors, and what belongs beside them */
#include "gguf/folder.h"

#include "core/file.h"
#include "core/mem.h"
#include "gguf/blocks.h"
#include "gguf/shape.h"
#include "gguf/vocab.h"
#include "weights/shards_write.h"

#include <string.h>

/* One tensor of the folder, and the row that was read last. */
typedef struct source {
    const lem_gguf *g;
    const lem_model_config *config;
    const lem_tensor *to;
    const lem_gguf_tensor *from;
    float *row; /* [widest], shared with scratch by all: they are written one after the other */
    void *scratch;
    uint64_t rows, cols;
} source;

typedef struct job {
    lem_gguf *g;
    lem_model_config config;
    lem_model *table;
    source *source; /* [table->n_tensors] */
    lem_safetensors_item *item;
    float *row;
    unsigned char *scratch;
    lem_gguf_report report;
} job;

/* A vector is one row of the file, and may be turned value by value. */
static lem_status read_vector(const source *s, size_t at, size_t n, float *out, lem_err *err) {
    lem_status st = lem_gguf_read(s->g, s->from, 0, (size_t)s->from->count, s->row, s->scratch, err);
    for (size_t i = 0; st == LEM_OK && i < n; i++) out[i] = s->row[lem_gguf_row(s->config, s->to, at + i)];
    return st;
}

static lem_status read_piece(void *ctx, size_t at, size_t n, float *out, lem_err *err) {
    const source *s = ctx;
    if (s->to->rank == 1) return read_vector(s, at, n, out, err);
    lem_status st = LEM_OK;
    while (st == LEM_OK && n > 0) {
        uint64_t r = at / s->cols, from = at % s->cols, row = lem_gguf_row(s->config, s->to, r);
        size_t take = (size_t)(s->cols - from) < n ? (size_t)(s->cols - from) : n;
        st = lem_gguf_read(s->g, s->from, row * s->cols, (size_t)s->cols, s->row, s->scratch, err);
        if (st == LEM_OK) memcpy(out, s->row + from, take * sizeof *out);
        out += take;
        at += take;
        n -= take;
    }
    return st;
}

static lem_status choose(job *j, const lem_gguf_opts *o, int i, lem_err *err) {
    const lem_tensor *t = &j->table->tensors[i];
    source *s = &j->source[i];
    *s = (source){.g = j->g,
                  .config = &j->config,
                  .to = t,
                  .row = j->row,
                  .scratch = j->scratch,
                  .cols = (uint64_t)t->shape[t->rank - 1]};
    lem_status st = lem_gguf_tensor_for(j->g, t, &s->from, err);
    if (st != LEM_OK) return st;
    j->item[i] =
        (lem_safetensors_item){t->name, o->dtype, t->rank, {t->shape[0], t->shape[1]}, true, read_piece, s};
    j->report.bytes += lem_safetensors_item_bytes(&j->item[i]);
    const lem_gguf_type *type = lem_gguf_type_of(s->from->type);
    if (type && type->values > 1) j->report.unpacked += s->from->count;
    return LEM_OK;
}

static lem_status choose_all(job *j, const lem_gguf_opts *o, lem_err *err) {
    lem_status st = LEM_OK;
    LEM_TRY(lem_gguf_config(j->g, &j->config, err));
    LEM_TRY(lem_model_new_table(&j->config, lem_gguf_tensor_of(j->g, "output.weight") || j->config.tied,
                                &j->table, err));
    const lem_gguf_tensor *unused = lem_gguf_unused(j->g, j->table);
    if (unused)
        LEM_TRY(lem_fail(err, LEM_EDATA,
                         "tensor '%.95s' is of no use in a model of this kind: it would be lost",
                         unused->name));
    size_t n = (size_t)j->table->n_tensors, widest = 0;
    for (size_t i = 0; i < n; i++) {
        const lem_tensor *t = &j->table->tensors[i];
        size_t cols = (size_t)t->shape[t->rank - 1];
        if (cols > widest) widest = cols;
    }
    j->source = lem_alloc(n, sizeof *j->source, err);
    j->item = lem_alloc(n, sizeof *j->item, err);
    j->row = lem_alloc(widest, sizeof *j->row, err);
    j->scratch = lem_alloc(widest + 64, 4, err);
    if (!j->source || !j->item || !j->row || !j->scratch) LEM_TRY(LEM_EMEM);
    for (size_t i = 0; i < n; i++) LEM_TRY(choose(j, o, (int)i, err));
    j->report.tensors = (int)n;
done:
    return st;
}

/* Bytes of the first line, 100 at most. */
static int line_end(const char *s, size_t n) {
    size_t i = 0;
    while (i < n && i < 100 && (unsigned char)s[i] >= 0x20) i++;
    return (int)i;
}

static lem_status write_config(const job *j, const char *dir, lem_dtype dtype, lem_err *err) {
    lem_json *config = lem_model_config_to_json(&j->config, dtype);
    lem_status st = lem_json_save_in(dir, "config.json", config, 2, err);
    lem_json_free(config);
    return st;
}

/* What the file says of its licence and name stands in a card, where a folder has it. */
static lem_status write_card(const job *j, const char *dir, const char *path, lem_err *err) {
    const char *licence = NULL, *name = NULL;
    size_t n = 0, m = 0;
    lem_buf text = {0};
    if (!lem_gguf_str(j->g, "general.license", &licence, &n)) return LEM_OK;
    (void)lem_gguf_str(j->g, "general.name", &name, &m);
    lem_buf_printf(&text, "---\nlicense: %.*s\n---\n\n%.*s, unpacked from %s by lemma.\n",
                   line_end(licence, n), licence, line_end(name, m), name ? name : "", lem_path_base(path));
    char *to = lem_path_join(dir, "README.md", err);
    lem_status st = to ? lem_buf_ok(&text, err) : LEM_EMEM;
    if (st == LEM_OK) st = lem_file_write_atomic(to, text.data, text.len, err);
    lem_free(to);
    lem_buf_release(&text);
    return st;
}

static lem_status build(job *j, const char *path, const char *partial, const lem_gguf_opts *o, lem_err *err) {
    lem_status st = LEM_OK;
    LEM_TRY(choose_all(j, o, err));
    LEM_TRY(lem_dir_remove(partial, err)); /* of a run that was killed */
    LEM_TRY(lem_dir_make_temporary(partial, err));
    LEM_TRY(lem_gguf_vocab_write(j->g, partial, err));
    LEM_TRY(lem_shards_write(partial, j->item, (size_t)j->table->n_tensors, o->shard_bytes, &j->report.shards,
                             err));
    LEM_TRY(write_config(j, partial, o->dtype, err));
    LEM_TRY(write_card(j, partial, path, err));
done:
    return st;
}

lem_status lem_gguf_to_folder(const char *path, const char *out, const lem_gguf_opts *o,
                              lem_gguf_report *report, lem_err *err) {
    lem_status st = LEM_OK;
    char *to = NULL, *partial = NULL;
    job j = {0};
    LEM_TRY(lem_dir_beside(out, &to, &partial, err));
    LEM_TRY(lem_gguf_open(path, &j.g, err));
    st = build(&j, path, partial, o, err);
    if (st == LEM_EDATA) st = lem_err_context(err, "%s", path);
    if (st == LEM_OK) st = lem_dir_replace(partial, to, err);
    if (st != LEM_OK) (void)!lem_dir_remove(partial, NULL);
    if (st == LEM_OK) *report = j.report;
done:
    lem_model_free(j.table);
    lem_gguf_close(j.g);
    lem_free(j.source);
    lem_free(j.item);
    lem_free(j.row);
    lem_free(j.scratch);
    lem_free(to);
    lem_free(partial);
    return st;
}
