/* peft.c - a PEFT folder: its tensors by the names of the base's, and their products */
#include "model/peft.h"

#include "core/absent.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/mem.h"
#include "model/adapters.h"
#include "weights/name_list.h"

#include <stdio.h>
#include <string.h>

enum { NAME = 256 };

typedef struct entry {
    char name[NAME]; /* of the base's tensor */
    lem_peft_pair pair;
    lem_stored whole;
    bool has_a, has_b, has_whole;
} entry;

struct lem_peft {
    char *dir, *path; /* path: of the tensors */
    lem_json *json;
    lem_peft_config config;
    lem_safetensors_file *file;
    entry *at; /* [n] */
    size_t n;
    lem_map *by_name;
    const lem_peft_pair *loaded; /* whose values a and b are */
    float *a, *b;
    double *sum;
};

void lem_peft_close(lem_peft *p) {
    if (!p) return;
    lem_json_free(p->json);
    lem_safetensors_file_close(p->file);
    lem_map_free(p->by_name);
    lem_free(p->at);
    lem_free(p->dir);
    lem_free(p->path);
    lem_free(p->a);
    lem_free(p->b);
    lem_free(p->sum);
    lem_free(p);
}

const char *lem_peft_dir(const lem_peft *p) { return p->dir; }
const char *lem_peft_base(const lem_peft *p) { return p->config.base; }

/* ---- names ---- */

typedef enum part { HALF_A, HALF_B, WHOLE, UNKNOWN } part;

/* Parts that PEFT puts into names: of the adapter, of a copy that is trained whole, of the layer below. */
static bool is_peft_part(const char *s, size_t n) {
    static const char *const parts[] = {"default", "modules_to_save", "base_layer"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strlen(parts[i]) == n && memcmp(s, parts[i], n) == 0) return true;
    return false;
}

static bool cut_end(char *s, const char *end) {
    size_t n = strlen(s), k = strlen(end);
    if (n <= k || strcmp(s + n - k, end) != 0) return false;
    s[n - k] = '\0';
    return true;
}

/* "base_model.model.MODULE.lora_A.weight" is HALF_A of "MODULE.weight". */
static part read_name(const char *name, char out[NAME]) {
    static const char front[] = "base_model.model.";
    size_t len = 0;
    if (strncmp(name, front, sizeof front - 1) != 0 || strlen(name) >= NAME) return UNKNOWN;
    for (const char *p = name + sizeof front - 1; *p;) {
        size_t n = strcspn(p, ".");
        if (!is_peft_part(p, n)) {
            if (len) out[len++] = '.';
            memcpy(out + len, p, n);
            len += n;
        }
        p += n + (p[n] == '.');
    }
    out[len] = '\0';
    bool a = cut_end(out, ".lora_A.weight"), b = !a && cut_end(out, ".lora_B.weight");
    if (a || b) memcpy(out + strlen(out), ".weight", sizeof ".weight"); /* shorter than what was cut */
    if (strstr(out, "lora_")) return UNKNOWN;
    if (a || b) return a ? HALF_A : HALF_B;
    return len ? WHOLE : UNKNOWN;
}

/* ---- the table ---- */

static lem_status entry_of(lem_peft *p, const char *name, entry **out, lem_err *err) {
    int64_t i = (int64_t)p->n;
    bool there = false;
    lem_status st = lem_map_add(p->by_name, name, strlen(name), &i, &there, err);
    if (st) return st;
    if (!there) {
        snprintf(p->at[p->n].name, NAME, "%s", name);
        p->n++;
    }
    *out = &p->at[i];
    return LEM_OK;
}

static lem_status take_tensor(lem_peft *p, const lem_safetensor *t, lem_err *err) {
    char name[NAME];
    entry *e = NULL;
    part what = read_name(t->name, name);
    if (what == UNKNOWN)
        return lem_fail(err, LEM_EDATA, "%s: tensor '%.120s' is none that a LoRA adapter has", p->path,
                        t->name);
    lem_status st = entry_of(p, name, &e, err);
    if (st) return st;
    bool *there = &e->has_whole;
    lem_stored *to = &e->whole;
    if (what == HALF_A) there = &e->has_a, to = &e->pair.a;
    if (what == HALF_B) there = &e->has_b, to = &e->pair.b;
    if (*there)
        return lem_fail(err, LEM_EDATA, "%s: tensor '%.120s' stands there under two names", p->path, t->name);
    *there = true;
    *to = (lem_stored){t, p->file};
    return LEM_OK;
}

static lem_status check_pair(const lem_peft *p, entry *e, lem_err *err) {
    char module[NAME];
    const lem_safetensor *a = e->pair.a.tensor, *b = e->pair.b.tensor;
    snprintf(module, NAME, "%s", e->name);
    cut_end(module, ".weight");
    if (e->has_a != e->has_b)
        return lem_fail(err, LEM_EDATA, "%s: %.120s has %s", p->path, module,
                        e->has_a ? "lora_A and no lora_B" : "lora_B and no lora_A");
    if (a->rank != 2 || b->rank != 2 || a->shape[0] != b->shape[1])
        return lem_fail(err, LEM_EDATA, "%s: the shapes of lora_A and lora_B of %.120s do not fit", p->path,
                        module);
    int rank = lem_peft_rank(&p->config, module);
    if (a->shape[0] != (uint64_t)rank)
        return lem_fail(err, LEM_EDATA, "%s: %.120s has rank %llu, " LEM_PEFT_CONFIG " says %d", p->path,
                        module, (unsigned long long)a->shape[0], rank);
    e->pair.rank = rank;
    e->pair.scale = lem_peft_scale(&p->config, module);
    return LEM_OK;
}

static lem_status read_table(lem_peft *p, lem_err *err) {
    lem_status st = LEM_OK;
    const lem_safetensors *s = lem_safetensors_file_index(p->file);
    if (!(p->at = lem_alloc_zero(s->n + 1, sizeof *p->at, err))) return LEM_EMEM;
    if (!(p->by_name = lem_map_new(err))) return LEM_EMEM;
    for (size_t i = 0; i < s->n; i++) LEM_TRY(take_tensor(p, &s->tensor[i], err));
    for (size_t i = 0; i < p->n; i++)
        if (p->at[i].has_a || p->at[i].has_b) LEM_TRY(check_pair(p, &p->at[i], err));
    if (p->n == 0) st = lem_fail(err, LEM_EDATA, "%s: no tensors", p->path);
done:
    return st;
}

/* ---- opening ---- */

static lem_status no_tensors(const char *dir, const char *path, lem_err *err) {
    return lem_dir_has(dir, "adapter_model.bin")
               ? lem_fail(err, LEM_EDATA,
                          "%s: adapter_model.bin is a pickle, which can run code when opened; write it as "
                          "adapter_model.safetensors first (Python: safetensors.torch.save_file(torch.load("
                          "\"adapter_model.bin\"), \"adapter_model.safetensors\"))",
                          dir)
               : lem_fail(err, LEM_EDATA, "%s: no such file", path);
}

lem_status lem_peft_open(const char *dir, lem_peft **out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_peft *p = lem_alloc_zero(1, sizeof *p, err);
    if (!p) return LEM_EMEM;
    if (!(p->dir = lem_strdup(dir, err))) LEM_TRY(LEM_EMEM);
    if (!lem_file_is_dir(dir)) LEM_TRY(lem_absent_model(dir, err));
    LEM_TRY(lem_json_load_beside(dir, LEM_PEFT_CONFIG, 1 << 20, &p->json, err));
    if (!p->json)
        LEM_TRY(lem_fail(err, LEM_EDATA, "%s: no " LEM_PEFT_CONFIG ": a folder of a PEFT adapter is expected",
                         dir));
    st = lem_peft_config_read(p->json, &p->config, err);
    if (st) {
        lem_err_context(err, "%s", dir);
        goto done;
    }
    if (!(p->path = lem_path_join(dir, "adapter_model.safetensors", err))) LEM_TRY(LEM_EMEM);
    if (!lem_file_exists(p->path)) LEM_TRY(no_tensors(dir, p->path, err));
    LEM_TRY(lem_safetensors_file_open(p->path, &p->file, err));
    LEM_TRY(read_table(p, err));
    *out = p;
    p = NULL;
done:
    lem_peft_close(p);
    return st;
}

/* ---- what belongs to a tensor of the base ---- */

static entry *find(const lem_peft *p, const char *tensor) {
    int64_t i = 0;
    return lem_map_find(p->by_name, tensor, strlen(tensor), &i) ? &p->at[i] : NULL;
}

const lem_peft_pair *lem_peft_pair_of(const lem_peft *p, const char *tensor) {
    const entry *e = find(p, tensor);
    return e && e->has_a ? &e->pair : NULL;
}

const lem_stored *lem_peft_whole(const lem_peft *p, const char *tensor) {
    const entry *e = find(p, tensor);
    return e && e->has_whole ? &e->whole : NULL;
}

void lem_peft_count(const lem_peft *p, int *pairs, int *whole) {
    *pairs = *whole = 0;
    for (size_t i = 0; i < p->n; i++) {
        *pairs += p->at[i].has_a;
        *whole += p->at[i].has_whole;
    }
}

lem_status lem_peft_head(const lem_peft *p, lem_head_shape *out, lem_err *err) {
    const lem_stored *score = lem_peft_whole(p, "score.weight");
    bool bias = lem_peft_whole(p, "score.bias") != NULL, tokens = strcmp(p->config.task, "TOKEN_CLS") == 0;
    lem_head_shape head = {.kind = LEM_HEAD_KIND_NONE};
    if (score) {
        uint64_t n = score->tensor->rank == 2 ? score->tensor->shape[0] : 0;
        if (n < 1 || n > LEM_HEAD_OUTPUTS_MAX)
            return lem_fail(err, LEM_EDATA, "%s: score.weight of [1,width] or [2,width] expected", p->path);
        head = (lem_head_shape){.kind = tokens ? LEM_HEAD_KIND_TOKEN_CLASSIFIER : LEM_HEAD_KIND_CLASSIFIER,
                                .tensor = "score",
                                .outputs = (int)n,
                                .bias = bias};
    }
    *out = head;
    return LEM_OK;
}

/* ---- against the base ---- */

static const lem_tensor *tensor_named(const lem_model *table, const lem_map *names, const char *name) {
    int64_t i = 0;
    return lem_map_find(names, name, strlen(name), &i) ? &table->tensors[i] : NULL;
}

static bool fits(const lem_tensor *t, const entry *e) {
    const lem_safetensor *w = e->whole.tensor, *a = e->pair.a.tensor, *b = e->pair.b.tensor;
    bool good = true;
    if (e->has_whole) {
        good = w->rank == t->rank;
        for (int i = 0; good && i < t->rank; i++) good = w->shape[i] == (uint64_t)t->shape[i];
    }
    if (e->has_a)
        good = good && t->rank == 2 && b->shape[0] == (uint64_t)t->shape[0] &&
               a->shape[1] == (uint64_t)t->shape[1];
    return good;
}

/* What the base lacks, and what has another shape there. */
static void hold_against(const lem_peft *p, const lem_model *table, const lem_map *names,
                         lem_name_list *extra, lem_name_list *wrong) {
    char note[64];
    for (size_t i = 0; i < p->n; i++) {
        const lem_tensor *t = tensor_named(table, names, p->at[i].name);
        if (!t) lem_name_list_add(extra, p->at[i].name, NULL);
        else if (!fits(t, &p->at[i])) {
            snprintf(note, sizeof note, t->rank == 2 ? "[%d,%d] in the base" : "[%d] in the base",
                     t->shape[0], t->shape[1]);
            lem_name_list_add(wrong, t->name, note);
        }
    }
}

/* Whether target_modules has the module of a tensor, or the end of its name. */
static bool is_target(const lem_peft_config *c, const char *module) {
    size_t n = strlen(module);
    for (size_t i = 0; i < lem_json_count(c->targets); i++) {
        const char *name = lem_json_str(lem_json_at(c->targets, i), "");
        size_t k = strlen(name);
        bool end = k <= n && strcmp(module + n - k, name) == 0;
        if (end && (k == n || module[n - k - 1] == '.')) return true;
    }
    return false;
}

/* Matrices that target_modules names and that have no adapter in the file. */
static void list_missing(const lem_peft *p, const lem_model *table, lem_name_list *missing) {
    char module[NAME];
    for (int i = 0; p->config.targets && !p->config.some_layers && i < table->n_tensors; i++) {
        const lem_tensor *t = &table->tensors[i];
        snprintf(module, NAME, "%s", t->name);
        if (t->rank != 2 || !cut_end(module, ".weight") || !is_target(&p->config, module)) continue;
        if (!find(p, t->name)) lem_name_list_add(missing, module, NULL);
    }
}

lem_status lem_peft_check(const lem_peft *p, const lem_model *table, lem_err *err) {
    lem_status st = LEM_OK;
    lem_name_list extra = {.what = "not in the base"}, wrong = {.what = "wrong shape"},
                  missing = {.what = "named by target_modules and missing"};
    lem_name_list *lists[] = {&extra, &wrong, &missing};
    lem_map *names = lem_map_new(err);
    if (!names) return LEM_EMEM;
    for (int i = 0; i < table->n_tensors; i++)
        LEM_TRY(lem_map_set(names, table->tensors[i].name, strlen(table->tensors[i].name), i, err));
    hold_against(p, table, names, &extra, &wrong);
    list_missing(p, table, &missing);
    st = lem_name_lists_fail(lists, 3, "the adapter does not fit the base", err);
    if (st) lem_err_context(err, "%s", p->path);
done:
    lem_map_free(names);
    return st;
}

/* ---- products ---- */

static lem_status load(lem_peft *p, const lem_peft_pair *pair, lem_err *err) {
    size_t in = (size_t)pair->a.tensor->shape[1], out = (size_t)pair->b.tensor->shape[0];
    size_t rank = (size_t)pair->rank;
    lem_status st = LEM_OK;
    if (p->loaded == pair) return LEM_OK;
    p->loaded = NULL;
    lem_free(p->a);
    lem_free(p->b);
    lem_free(p->sum);
    p->a = lem_alloc(rank * in, sizeof *p->a, err);
    p->b = lem_alloc(out * rank, sizeof *p->b, err);
    p->sum = lem_alloc(in, sizeof *p->sum, err);
    if (!p->a || !p->b || !p->sum) return LEM_EMEM;
    LEM_TRY(lem_stored_read(&pair->a, p->a, rank * in, err));
    LEM_TRY(lem_stored_read(&pair->b, p->b, out * rank, err));
    p->loaded = pair;
done:
    return st;
}

lem_status lem_peft_add(lem_peft *p, const lem_peft_pair *pair, size_t from, size_t n, float *w,
                        lem_err *err) {
    lem_status st = load(p, pair, err);
    size_t in = (size_t)pair->a.tensor->shape[1], rank = (size_t)pair->rank;
    for (size_t done = 0; st == LEM_OK && done < n;) {
        size_t row = (from + done) / in, col = (from + done) % in;
        size_t k = in - col < n - done ? in - col : n - done;
        const lem_lora_row r = {p->b + row * rank, p->a + col, rank, in, pair->scale};
        lem_lora_add(&r, k, p->sum, w + done);
        done += k;
    }
    return st;
}
