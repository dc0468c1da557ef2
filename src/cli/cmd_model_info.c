/* cmd_model_info.c - lemma model info: what a model folder is, how its head will be read, what it takes to
 * run it */
#include "cli/commands.h"

#include "core/file.h"
#include "core/hash.h"
#include "core/mem.h"
#include "model/folder.h"
#include "model/net.h"
#include "model/session.h"
#include "reward/recipe.h"
#include "token/tokenizer.h"

#include <string.h>

enum {
    ROWS = 4096,
    STEP_ROWS = 512,
    PAGE = 32,
    SMALL_FILE = 1 << 20,
    CONFIG_FILE = 16 << 20,
    TOKENIZER_FILE = 64 << 20
};

static const lem_opt opts[] = {
    {"hash", LEM_OPT_FLAG, NULL, NULL, "also the sha256 of each weight file (reads all of them)", 0, 0},
    {"head", LEM_OPT_ENUM, "NAME", NULL, "read a plain language model as that", .choices = LEM_HEAD_NAMES},
};

/* Facts are gathered as the JSON object that --json prints; the text is made from it. */
typedef struct info {
    const char *dir;
    lem_folder folder;
    const lem_model_config *config;
    lem_json *json, *file; /* the result; config.json as it stands */
    bool oom;
} info;

static void put(info *x, lem_json *object, const char *key, lem_json *value) {
    if (!lem_json_set(object, key, value)) x->oom = true;
}

static lem_json *section(info *x, const char *key) {
    put(x, x->json, key, lem_json_new_object());
    return lem_json_get(x->json, key);
}

static lem_json *text_or_null(const char *s) { return s ? lem_json_new_str(s) : lem_json_new_null(); }

/* ---- facts ---- */

static void shape_facts(info *x) {
    const lem_model_config *c = x->config;
    lem_json *s = section(x, "shape");
    const struct {
        const char *key;
        int64_t value;
    } numbers[] = {{"layers", c->layers}, {"width", c->width},          {"ffn", c->ffn},
                   {"heads", c->heads},   {"kv_heads", c->kv_heads},    {"head_dim", c->head_dim},
                   {"vocab", c->vocab},   {"context", c->max_positions}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        put(x, s, numbers[i].key, lem_json_new_int(numbers[i].value));
    put(x, s, "window", c->window ? lem_json_new_int(c->window) : lem_json_new_null());
    put(x, s, "rope_theta", lem_json_new_num((double)c->rope_theta));
    const lem_json *scaling = lem_json_get(x->file, "rope_scaling");
    if (lem_json_kind(scaling) != LEM_JSON_OBJECT)
        scaling = lem_json_get(x->file, "rope_parameters"); /* newer files */
    put(x, s, "rope_scaling",
        lem_json_kind(scaling) == LEM_JSON_OBJECT ? lem_json_copy(scaling) : lem_json_new_null());
    put(x, s, "tied", lem_json_new_bool(c->tied));
    put(x, s, "qkv_bias", lem_json_new_bool(c->qkv_bias));
    put(x, s, "qk_norm", lem_json_new_bool(c->qk_norm));
    size_t n = 0;
    for (int i = 0; i < x->folder.table->n_tensors; i++) n += x->folder.table->tensors[i].count;
    put(x, x->json, "parameters", lem_json_new_int((int64_t)n));
}

static lem_status weight_facts(info *x, bool hash, lem_err *err) {
    lem_json *dtypes = section(x, "dtypes"), *files = lem_json_new_array();
    const lem_shards *s = x->folder.shards;
    if (!files) return lem_fail(err, LEM_EMEM, "out of memory");
    for (size_t i = 0; i < lem_shards_count(s); i++) {
        const char *dtype = lem_shards_at(s, i)->tensor->dtype;
        put(x, dtypes, dtype, lem_json_new_int(lem_json_int(lem_json_get(dtypes, dtype), 0) + 1));
    }
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < lem_shards_files(s); i++) {
        lem_json *f = lem_json_new_object();
        char hex[65] = "";
        uint64_t bytes = 0;
        char *path = lem_path_join(x->dir, lem_shards_file_name(s, i), err);
        st = path && f ? lem_file_size(path, &bytes, err) : lem_fail(err, LEM_EMEM, "out of memory");
        if (st == LEM_OK && hash) st = lem_sha256_file(path, hex, err);
        if (f) {
            put(x, f, "name", lem_json_new_str(lem_shards_file_name(s, i)));
            put(x, f, "bytes", lem_json_new_int((int64_t)bytes));
            put(x, f, "sha256", text_or_null(hash ? hex : NULL));
            if (!lem_json_append(files, f)) x->oom = true;
        }
        lem_free(path);
    }
    put(x, x->json, "files", files);
    return st;
}

/* Where steps end and what the system prompt is: only where the kind of head has such a thing. */
static void reading_facts(info *x, lem_json *h, lem_head_kind kind, const lem_head_reading *how) {
    char formula[96] = "";
    if (how) lem_head_formula_text(how, formula);
    put(x, h, "position", lem_json_new_str(lem_head_position(kind)));
    put(x, h, "formula", text_or_null(how ? formula : NULL));
    put(x, h, "system", text_or_null(lem_reward_default_system(kind)));
    put(x, h, "step_separator",
        text_or_null(lem_head_is_process(kind) ? lem_reward_default_separator(kind) : NULL));
    put(x, h, "field", lem_json_new_str(lem_head_is_process(kind) ? "step_scores" : "rm_score"));
}

static lem_status head_facts(info *x, const char *asked, lem_err *err) {
    lem_head_shape shape = x->config->reward;
    lem_head_reading how = {0};
    lem_err why = LEM_ERR_INIT;
    lem_status st = LEM_OK;
    if (asked && shape.kind != LEM_HEAD_KIND_NONE)
        return lem_fail(err, LEM_EUSAGE, "--head reads a plain language model; %s has a head of its own",
                        x->dir);
    if (asked) st = lem_head_from_name(asked, &shape, err);
    if (st) return st;
    lem_json *h = section(x, "head"), *tensors = lem_json_new_array();
    put(x, h, "kind", lem_json_new_str(lem_head_kind_name(shape.kind)));
    for (int i = 0; tensors && i < 4; i++) {
        char name[64];
        if (lem_head_tensor(&shape, i, name) && !lem_json_append(tensors, lem_json_new_str(name)))
            x->oom = true;
    }
    put(x, h, "tensors", tensors);
    put(x, h, "outputs", lem_json_new_int(shape.outputs));
    bool readable = lem_head_read(&shape, NULL, &how, &why) == LEM_OK;
    if (shape.kind != LEM_HEAD_KIND_NONE) reading_facts(x, h, shape.kind, readable ? &how : NULL);
    put(x, h, "note", text_or_null(readable ? NULL : why.text));
    if (shape.stats && !shape.normalize)
        put(x, h, "note",
            lem_json_new_str("mean and std are stored but normalize_reward is false: the raw output is used "
                             "(--head-output normalized for the other)"));
    return LEM_OK;
}

/* ---- tokenizer, template, generation ---- */

static lem_status has_file(const info *x, const char *name, bool *there, lem_err *err) {
    char *path = lem_path_join(x->dir, name, err);
    if (!path) return LEM_EMEM;
    *there = lem_file_exists(path);
    lem_free(path);
    return LEM_OK;
}

/* A small JSON file of the folder; *out NULL if it is absent. */
static lem_status side_file(const info *x, const char *name, size_t max, lem_json **out, lem_err *err) {
    char *path = lem_path_join(x->dir, name, err);
    *out = NULL;
    if (!path) return LEM_EMEM;
    lem_status st = lem_file_exists(path) ? lem_json_load(path, max, out, err) : LEM_OK;
    lem_free(path);
    return st;
}

static lem_status template_facts(info *x, const lem_tokenizer *t, lem_err *err) {
    bool jinja = false;
    lem_json *config = NULL;
    lem_status st = has_file(x, "chat_template.jinja", &jinja, err);
    if (st == LEM_OK) st = side_file(x, "tokenizer_config.json", CONFIG_FILE, &config, err);
    if (st) return st;
    bool own = jinja || lem_json_kind(lem_json_get(config, "chat_template")) != LEM_JSON_NULL;
    bool chatml = t && lem_tokenizer_find(t, "<|im_start|>") >= 0 && lem_tokenizer_find(t, "<|im_end|>") >= 0;
    put(x, x->json, "template",
        lem_json_new_str(
            jinja ? "chat_template.jinja"
            : own ? "chat_template of tokenizer_config.json"
            : chatml
                ? "none in the folder: ChatML"
                : "none, and the tokenizer lacks the tokens of ChatML: conversations cannot be rendered"));
    lem_json_free(config);
    return LEM_OK;
}

/* BPE or Unigram, as tokenizer.json says; other files do not say. */
static lem_status tokenizer_kind(info *x, lem_json *o, lem_err *err) {
    lem_json *json = NULL;
    lem_status st = side_file(x, "tokenizer.json", TOKENIZER_FILE, &json, err);
    if (st) return st;
    put(x, o, "kind", text_or_null(lem_json_str(lem_json_find(json, "model.type"), NULL)));
    lem_json_free(json);
    return LEM_OK;
}

static lem_status tokenizer_facts(info *x, lem_err *err) {
    static const char *const files[] = {"tokenizer.json", "tokenizer.model"};
    lem_tokenizer *t = NULL;
    lem_err why = LEM_ERR_INIT;
    const char *file = NULL;
    lem_status st = LEM_OK;
    for (int i = 1; i >= 0; i--) {
        bool there = false;
        LEM_TRY(has_file(x, files[i], &there, err));
        if (there) file = files[i];
    }
    st = lem_tokenizer_load(x->dir, &t, &why);
    if (st == LEM_EMEM || (st != LEM_OK && file)) { /* there is one, and it is bad */
        *err = why;
        goto done;
    }
    st = LEM_OK;
    lem_json *o = section(x, "tokenizer");
    put(x, o, "file", text_or_null(t ? (file ? file : "token ranks (*.tiktoken)") : NULL));
    LEM_TRY(tokenizer_kind(x, o, err));
    put(x, o, "vocab", t ? lem_json_new_int(lem_tokenizer_vocab(t)) : lem_json_new_null());
    put(x, o, "eos", t ? lem_json_new_int(lem_tokenizer_eos(t)) : lem_json_new_null());
    char note[200] = "";
    int extra = t ? lem_tokenizer_vocab(t) - x->config->vocab : 0;
    if (!t) snprintf(note, sizeof note, "no tokenizer in the folder");
    else if (extra > 0)
        snprintf(note, sizeof note,
                 "%d ids of the tokenizer lie outside the model's vocabulary of %d: texts that use them "
                 "cannot be run",
                 extra, x->config->vocab);
    else if (extra < 0) snprintf(note, sizeof note, "%d ids of the model have no token (padding)", -extra);
    put(x, o, "note", text_or_null(note[0] ? note : NULL));
    LEM_TRY(template_facts(x, t, err));
done:
    lem_tokenizer_free(t);
    return st;
}

static lem_status generation_facts(info *x, lem_err *err) {
    lem_json *g = NULL;
    lem_status st = side_file(x, "generation_config.json", SMALL_FILE, &g, err);
    if (st) return st;
    put(x, x->json, "generation", g ? lem_json_copy(g) : lem_json_new_null());
    lem_json_free(g);
    return LEM_OK;
}

/* ---- memory ---- */

static void memory_facts(info *x) {
    const lem_model_config *c = x->config;
    int rows = c->max_positions < ROWS ? c->max_positions : ROWS, step = rows < STEP_ROWS ? rows : STEP_ROWS;
    size_t session = lem_session_bytes(c, rows / PAGE + 2, step), n = x->folder.table->n_params;
    lem_json *m = section(x, "memory");
    put(x, m, "tokens", lem_json_new_int(rows));
    put(x, m, "run_bf16", lem_json_new_int((int64_t)(lem_weights_bytes(c, LEM_DTYPE_BF16) + session)));
    put(x, m, "run_f32", lem_json_new_int((int64_t)(lem_weights_bytes(c, LEM_DTYPE_F32) + session)));
    /* Parameters and two moments, then gradients, packed weights and activations. */
    bool trains = c->head != LEM_HEAD_REWARD;
    put(x, m, "train",
        trains ? lem_json_new_int((int64_t)(3 * n * sizeof(float) + lem_net_bytes(c, rows, true)))
               : lem_json_new_null());
}

/* ---- printing ---- */

static const char *amount(double bytes, char out[32]) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    int u = 0;
    while (bytes >= 1024 && u < 4) bytes /= 1024, u++;
    snprintf(out, 32, u ? "%.1f %s" : "%.0f %s", bytes, units[u]);
    return out;
}

static void line(FILE *f, const char *name, const char *fmt, ...) LEM_PRINTF(3, 4);
static void line(FILE *f, const char *name, const char *fmt, ...) {
    va_list ap;
    fprintf(f, "%-16s", name);
    va_start(ap, fmt);
    vfprintf(f, fmt, ap);
    va_end(ap);
    fputc('\n', f);
}

static void print_head(const info *x, FILE *f) {
    const lem_json *h = lem_json_get(x->json, "head"), *tensors = lem_json_get(h, "tensors");
    line(f, "head", "%s", lem_json_str(lem_json_get(h, "kind"), ""));
    for (size_t i = 0; i < lem_json_count(tensors); i++)
        line(f, i ? "" : "  tensors", "%s", lem_json_str(lem_json_at(tensors, i), ""));
    const char *formula = lem_json_str(lem_json_get(h, "formula"), NULL),
               *system = lem_json_str(lem_json_get(h, "system"), NULL);
    const char *sep = lem_json_str(lem_json_get(h, "step_separator"), NULL);
    if (lem_json_get(h, "position"))
        line(f, "  read", "%s, %s", formula ? formula : "undecided",
             lem_json_str(lem_json_get(h, "position"), ""));
    if (lem_json_get(h, "position")) line(f, "  system", "%s", system ? system : "none");
    if (sep) line(f, "  steps end at", "%s", strcmp(sep, "\n") == 0 ? "\\n" : "\\n\\n");
    if (lem_json_str(lem_json_get(h, "note"), NULL))
        line(f, "  note", "%s", lem_json_str(lem_json_get(h, "note"), ""));
}

static void print_memory(const info *x, FILE *f) {
    const lem_json *m = lem_json_get(x->json, "memory");
    char a[32], b[32];
    line(f, "to run", "%s in bf16, %s in f32 (one sequence of %d tokens)",
         amount(lem_json_num(lem_json_get(m, "run_bf16"), 0), a),
         amount(lem_json_num(lem_json_get(m, "run_f32"), 0), b),
         (int)lem_json_int(lem_json_get(m, "tokens"), 0));
    if (lem_json_kind(lem_json_get(m, "train")) == LEM_JSON_NULL)
        line(f, "to train", "this head is read only");
    else
        line(f, "to train", "%s (passes of %d tokens)", amount(lem_json_num(lem_json_get(m, "train"), 0), a),
             (int)lem_json_int(lem_json_get(m, "tokens"), 0));
}

static void print_files(const info *x, FILE *f) {
    const lem_json *files = lem_json_get(x->json, "files"), *dtypes = lem_json_get(x->json, "dtypes");
    char size[32];
    for (size_t i = 0; i < lem_json_count(dtypes); i++)
        line(f, i ? "" : "dtypes", "%s (%d tensors)", lem_json_key_at(dtypes, i),
             (int)lem_json_int(lem_json_value_at(dtypes, i), 0));
    for (size_t i = 0; i < lem_json_count(files); i++) {
        const lem_json *w = lem_json_at(files, i);
        const char *hex = lem_json_str(lem_json_get(w, "sha256"), NULL);
        line(f, i ? "" : "weights", "%s, %s%s%s", lem_json_str(lem_json_get(w, "name"), ""),
             amount(lem_json_num(lem_json_get(w, "bytes"), 0), size), hex ? ", sha256 " : "", hex ? hex : "");
    }
}

static void print_text(const info *x, FILE *f) {
    const lem_model_config *c = x->config;
    const lem_json *t = lem_json_get(x->json, "tokenizer"), *g = lem_json_get(x->json, "generation");
    const char *note = lem_json_str(lem_json_get(t, "note"), NULL),
               *file = lem_json_str(lem_json_get(t, "file"), NULL);
    lem_buf b = {0};
    line(f, "architecture", "%s (%s)", lem_json_str(lem_json_get(x->json, "architecture"), "?"),
         lem_json_str(lem_json_get(x->json, "family"), "?"));
    line(f, "shape",
         "%d layers, width %d, ffn %d, %d heads of %d, %d for keys and values, vocabulary %d, context "
         "%d%s%s%s",
         c->layers, c->width, c->ffn, c->heads, c->head_dim, c->kv_heads, c->vocab, c->max_positions,
         c->tied ? ", tied" : "", c->qkv_bias ? ", qkv bias" : "",
         c->qk_norm ? ", normalised queries and keys" : "");
    const lem_json *scaling = lem_json_find(x->json, "shape.rope_scaling");
    const char *kind =
        lem_json_str(lem_json_get(scaling, "rope_type"), lem_json_str(lem_json_get(scaling, "type"), NULL));
    line(f, "positions", "base %g, %s%s", (double)c->rope_theta, kind ? "scaling " : "not scaled",
         kind ? kind : "");
    if (c->window) line(f, "window", "%d tokens", c->window);
    line(f, "parameters", "%lld", (long long)lem_json_int(lem_json_get(x->json, "parameters"), 0));
    print_files(x, f);
    print_head(x, f);
    const char *type = lem_json_str(lem_json_get(t, "kind"), NULL);
    line(f, "tokenizer", "%s%s%s%s", file ? file : "none in the folder", type ? " (" : "", type ? type : "",
         type ? ")" : "");
    if (file)
        line(f, "  ids", "%lld%s%s", (long long)lem_json_int(lem_json_get(t, "vocab"), 0), note ? "; " : "",
             note ? note : "");
    line(f, "template", "%s", lem_json_str(lem_json_get(x->json, "template"), ""));
    if (g && lem_json_kind(g) != LEM_JSON_NULL) lem_json_write(g, 0, &b);
    line(f, "generation", "%s", b.len ? lem_buf_str(&b) : "no generation_config.json");
    print_memory(x, f);
    lem_buf_release(&b);
}

static lem_status print(const info *x, lem_cli *cli, lem_err *err) {
    lem_buf b = {0};
    lem_status st = LEM_OK;
    if (x->oom) return lem_fail(err, LEM_EMEM, "out of memory");
    if (!cli->json) print_text(x, cli->out);
    else {
        lem_json_write(x->json, 0, &b);
        st = lem_buf_ok(&b, err);
        if (st == LEM_OK) fprintf(cli->out, "%s\n", lem_buf_str(&b));
    }
    lem_buf_release(&b);
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    info x = {.dir = args->words[0]};
    lem_status st = LEM_OK;
    LEM_TRY(lem_folder_open(x.dir, NULL, &x.folder, err));
    x.config = &x.folder.table->config;
    x.json = lem_json_new_object();
    if (!x.json) LEM_TRY(lem_fail(err, LEM_EMEM, "out of memory"));
    LEM_TRY(side_file(&x, "config.json", SMALL_FILE, &x.file, err));
    put(&x, x.json, "architecture",
        text_or_null(lem_json_str(lem_json_at(lem_json_get(x.file, "architectures"), 0), NULL)));
    put(&x, x.json, "family", text_or_null(lem_json_str(lem_json_get(x.file, "model_type"), NULL)));
    shape_facts(&x);
    LEM_TRY(weight_facts(&x, lem_args_flag(args, "hash"), err));
    LEM_TRY(head_facts(&x, lem_args_str(args, "head"), err));
    LEM_TRY(tokenizer_facts(&x, err));
    LEM_TRY(generation_facts(&x, err));
    memory_facts(&x);
    LEM_TRY(print(&x, cli, err));
done:
    lem_json_free(x.json);
    lem_json_free(x.file);
    lem_folder_release(&x.folder);
    return st;
}

const lem_command lem_cmd_model_info = {
    .name = "model info",
    .purpose = "what a model folder is and how it will be read",
    .usage = "DIR [options]",
    .example = "lemma model info Qwen2.5-Math-PRM-7B\nlemma model info reward-model --hash --json",
    .min_words = 1,
    .max_words = 1,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
};
