/* model_convert - reads a folder tensor by tensor and writes another beside it */
#include "model/model_convert.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/rng.h"
#include "model/config_head.h"
#include "model/folder.h"
#include "model/folder_copy.h"
#include "model/model_priv.h"
#include "weights/shard_index.h"
#include "weights/shards_write.h"
#include "weights/values.h"

#include <math.h>
#include <string.h>

enum { PIECE = 1 << 15 };

/* One tensor to be written: from a file, or a score head to be drawn. */
typedef struct source {
    const lem_stored *from;    /* NULL = drawn */
    lem_peft *adapter;         /* of the pair */
    const lem_peft_pair *pair; /* is added to it; NULL = none */
    lem_rng rng;
    double sd;
    unsigned char *scratch; /* [2 * PIECE], shared */
} source;

typedef struct job {
    const char *dir;
    char *out, *partial; /* owned */
    const lem_convert_opts *o;
    lem_folder folder;
    lem_model *table;           /* of the new folder; owned */
    source *source;             /* [table->n_tensors] */
    lem_safetensors_item *item; /* the same */
    unsigned char *scratch;
    lem_convert_report report;
} job;

/* ---- tensors ---- */

static lem_status read_piece(void *ctx, size_t at, size_t n, float *out, lem_err *err) {
    source *s = ctx;
    if (s->from) {
        lem_status st =
            lem_safetensors_file_read_part(s->from->file, s->from->tensor, at, n, out, s->scratch, err);
        return st == LEM_OK && s->pair ? lem_peft_add(s->adapter, s->pair, at, n, out, err) : st;
    }
    for (size_t i = 0; i < n; i++)
        out[i] =
            (float)(s->sd * lem_rng_next_normal(&s->rng)); /* as lem_model_with_head; asked for in order */
    return LEM_OK;
}

/* A language model gets the reward head that an adapter has. */
static lem_status take_head(const job *j, lem_model_config *c, lem_err *err) {
    lem_head_shape head;
    if (!j->o->adapter || c->head != LEM_HEAD_LM) return LEM_OK;
    lem_status st = lem_peft_head(j->o->adapter, &head, err);
    if (st || head.kind == LEM_HEAD_KIND_NONE) return st;
    c->reward = head;
    c->head = lem_config_head_sort(&head);
    return LEM_OK;
}

/* The config of the new folder. */
static lem_status choose_config(const job *j, lem_model_config *c, lem_err *err) {
    const lem_model *m = j->folder.table;
    lem_status st = LEM_OK;
    *c = m->config;
    LEM_TRY(take_head(j, c, err));
    if (j->o->head == LEM_RELABEL_LM && lem_model_at(m, LEM_ROLE_LM_HEAD, -1) == SIZE_MAX)
        return lem_fail(err, LEM_EDATA, "%s: lm_head.weight is missing: this model has only a reward head",
                        j->dir);
    if (j->o->head != LEM_RELABEL_KEEP) {
        c->head = j->o->head == LEM_RELABEL_LM ? LEM_HEAD_LM : LEM_HEAD_SCALAR;
        if (c->head != m->config.head) memset(&c->reward, 0, sizeof c->reward);
    }
    if (j->o->tie == LEM_TIE_UNTIE) c->tied = false;
    if (j->o->tie == LEM_TIE_TIE && !c->tied) {
        if (lem_model_at(m, LEM_ROLE_LM_HEAD, -1) == SIZE_MAX)
            return lem_fail(err, LEM_EDATA, "%s: there is no lm_head.weight to tie", j->dir);
        const lem_tensor *embed = lem_model_tensor_at(m, lem_model_at(m, LEM_ROLE_EMBED, -1)),
                         *head = lem_model_tensor_at(m, lem_model_at(m, LEM_ROLE_LM_HEAD, -1));
        size_t equal = 0;
        st = lem_stored_compare(lem_shards_find(j->folder.shards, embed->name),
                                lem_shards_find(j->folder.shards, head->name), embed->count, &equal, err);
        if (st == LEM_OK && equal < embed->count)
            st = lem_fail(err, LEM_EDATA,
                          "%s: lm_head.weight differs from the embedding (at %zu); tying would lose it",
                          j->dir, equal);
        if (st != LEM_OK) return st;
        c->tied = true;
    }
    st = lem_model_config_check(c, err);
done:
    return st;
}

static lem_status choose_source(job *j, const lem_tensor *t, source *s, lem_err *err) {
    const lem_model *m = j->folder.table;
    lem_peft *a = j->o->adapter;
    *s = (source){.from = lem_shards_find(j->folder.shards, t->name), .scratch = j->scratch, .adapter = a};
    if (a && lem_peft_whole(a, t->name)) s->from = lem_peft_whole(a, t->name);
    if (a) s->pair = lem_peft_pair_of(a, t->name);
    if (!s->from && strcmp(t->name, "lm_head.weight") == 0 && m->config.tied)
        s->from = lem_shards_find(j->folder.shards,
                                  lem_model_tensor_at(m, lem_model_at(m, LEM_ROLE_EMBED, -1))->name);
    if (!s->from && t->offset == lem_model_at(j->table, LEM_ROLE_SCORE, -1)) {
        s->rng = lem_rng_make(j->o->seed, t->name, 0);
        s->sd = 1 / sqrt((double)m->config.width + 1);
        j->report.drew_head = true;
        return LEM_OK;
    }
    return s->from ? LEM_OK : lem_fail(err, LEM_EDATA, "%s: %s is not there to be written", j->dir, t->name);
}

/* The type that a tensor is written as, of the base where it has that tensor: its embedding's, where not. */
static lem_status choose_dtype(const job *j, const lem_tensor *t, const source *s, lem_dtype *out,
                               lem_err *err) {
    const lem_model *m = j->folder.table;
    const lem_stored *like = lem_shards_find(j->folder.shards, t->name);
    if (!like && s->from)
        like = lem_shards_find(j->folder.shards,
                               lem_model_tensor_at(m, lem_model_at(m, LEM_ROLE_EMBED, -1))->name);
    *out = j->o->set_dtype ? j->o->dtype : LEM_DTYPE_F32;
    if (j->o->set_dtype || !like || lem_values_dtype(like->tensor->dtype, out)) return LEM_OK;
    return lem_fail(err, LEM_EDATA, "%s: tensor '%.95s' has dtype %s, supported are F32, F16 and BF16",
                    j->dir, t->name, like->tensor->dtype);
}

static lem_status choose_tensors(job *j, lem_err *err) {
    lem_status st = LEM_OK;
    lem_model_config c;
    LEM_TRY(choose_config(j, &c, err));
    LEM_TRY(lem_model_new_table(&c, lem_model_at(j->folder.table, LEM_ROLE_LM_HEAD, -1) != SIZE_MAX,
                                &j->table, err));
    if (j->o->adapter) {
        LEM_TRY(lem_peft_check(j->o->adapter, j->table, err));
        lem_peft_count(j->o->adapter, &j->report.merged, &j->report.replaced);
    }
    size_t n = (size_t)j->table->n_tensors;
    j->source = lem_alloc(n, sizeof *j->source, err);
    j->item = lem_alloc(n, sizeof *j->item, err);
    j->scratch = lem_alloc(2, PIECE, err);
    if (!j->source || !j->item || !j->scratch) LEM_TRY(LEM_EMEM);
    for (size_t i = 0; i < n; i++) {
        const lem_tensor *t = &j->table->tensors[i];
        lem_dtype dtype;
        LEM_TRY(choose_source(j, t, &j->source[i], err));
        LEM_TRY(choose_dtype(j, t, &j->source[i], &dtype, err));
        j->item[i] = (lem_safetensors_item){t->name, dtype,      t->rank,      {t->shape[0], t->shape[1]},
                                            true,    read_piece, &j->source[i]};
        j->report.bytes += lem_safetensors_item_bytes(&j->item[i]);
    }
    j->report.tensors = j->table->n_tensors;
done:
    return st;
}

/* ---- config.json ---- */

/* Takes the member over from the other object, or removes it where that has none. */
static bool take_member(lem_json *to, const lem_json *from, const char *key) {
    const lem_json *v = lem_json_get(from, key);
    if (v) return lem_json_set(to, key, lem_json_copy(v));
    if (lem_json_get(to, key)) lem_json_remove(to, key);
    return true;
}

/* Only what the conversion changes. */
static bool edit_config(const void *ctx, lem_json *config) {
    const job *j = ctx;
    static const char *const of_head[] = {"architectures", "id2label", "label2id", "num_labels"};
    static const char *const names[] = {"float32", "bfloat16", "float16"}; /* by lem_dtype */
    const lem_model_config *was = &j->folder.table->config, *now = &j->table->config;
    bool ok = true;
    if (was->tied != now->tied)
        ok = lem_json_set(config, "tie_word_embeddings", lem_json_new_bool(now->tied));
    if (j->o->set_dtype) {
        const char *key = lem_json_get(config, "dtype") ? "dtype" : "torch_dtype";
        ok = lem_json_set(config, key, lem_json_new_str(names[j->o->dtype])) && ok;
    }
    if (was->head != now->head) {
        lem_json *fresh = lem_model_config_to_json(now, LEM_DTYPE_F32);
        ok = ok && fresh;
        for (size_t i = 0; ok && i < sizeof of_head / sizeof *of_head; i++)
            ok = take_member(config, fresh, of_head[i]);
        lem_json_free(fresh);
    }
    return ok;
}

/* An adapter's own tokenizer is the one that it was trained with. */
static bool brings_tokenizer(const lem_convert_opts *o) {
    const char *dir = o->adapter ? lem_peft_dir(o->adapter) : NULL;
    return dir && (lem_dir_has(dir, "tokenizer.json") || lem_dir_has(dir, "tokenizer.model"));
}

/* ---- the folder ---- */

static lem_status check_place(const job *j, lem_err *err) {
    char **names = NULL;
    size_t n = 0;
    if (!lem_file_exists(j->out)) return LEM_OK;
    if (!lem_file_is_dir(j->out))
        return lem_fail(err, LEM_EUSAGE, "'%s' exists already and is no folder", j->out);
    lem_status st = lem_dir_list(j->out, &names, &n, err);
    if (st != LEM_OK) return st;
    for (size_t i = 0; i < n; i++) lem_free(names[i]);
    lem_free(names);
    if (n && !j->o->overwrite)
        return lem_fail(err, LEM_EUSAGE,
                        "'%s' exists already (nothing was overwritten; --overwrite replaces it)", j->out);
    return LEM_OK;
}

static lem_status build(job *j, lem_err *err) {
    lem_status st = LEM_OK;
    LEM_TRY(check_place(j, err));
    LEM_TRY(lem_folder_open(j->dir, NULL, &j->folder, err));
    LEM_TRY(lem_folder_refuse_int8(&j->folder, j->dir, err));
    LEM_TRY(choose_tensors(j, err));
    LEM_TRY(lem_dir_remove(j->partial, err)); /* of a run that was killed */
    LEM_TRY(lem_dir_make_temporary(j->partial, err));
    bool brings = brings_tokenizer(j->o);
    int *copied = &j->report.side_files;
    LEM_TRY(lem_folder_copy_rest(j->dir, j->partial, !brings, true, copied, err));
    if (brings)
        LEM_TRY(lem_folder_copy_rest(lem_peft_dir(j->o->adapter), j->partial, true, false, copied, err));
    LEM_TRY(lem_shards_write(j->partial, j->item, (size_t)j->table->n_tensors, j->o->shard_bytes,
                             &j->report.shards, err));
    LEM_TRY(lem_folder_copy_config(j->dir, j->partial, edit_config, j, err));
    LEM_TRY(lem_dir_replace(j->partial, j->out, err));
done:
    if (st != LEM_OK && j->table) (void)!lem_dir_remove(j->partial, NULL);
    return st;
}

static void release(job *j) {
    lem_folder_release(&j->folder);
    lem_model_free(j->table);
    lem_free(j->source);
    lem_free(j->item);
    lem_free(j->scratch);
    lem_free(j->out);
    lem_free(j->partial);
}

lem_status lem_model_convert_check(const char *dir, const lem_convert_opts *o, lem_err *err) {
    job j = {.dir = dir, .o = o};
    lem_status st = lem_folder_open(dir, NULL, &j.folder, err);
    if (st == LEM_OK) st = lem_folder_refuse_int8(&j.folder, dir, err);
    if (st == LEM_OK) st = choose_tensors(&j, err);
    release(&j);
    return st;
}

lem_status lem_model_convert(const char *dir, const char *out, const lem_convert_opts *o,
                             lem_convert_report *report, lem_err *err) {
    lem_status st = LEM_OK;
    job j = {.dir = dir, .o = o};
    LEM_TRY(lem_dir_beside(out, &j.out, &j.partial, err));
    LEM_TRY(build(&j, err));
    *report = j.report;
done:
    release(&j);
    return st;
}
