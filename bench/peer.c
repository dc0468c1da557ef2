/* peer.c - Lemma's side of bench/peers/run: one measurement of a model folder, printed as one JSON object
 *
 *   bench_peer kinds
 *       how this build can compute, one name a line: f32, bf16 (fp32 products of bf16 weights), ...
 *   bench_peer make DIR SHAPE TOKENIZER [reward]
 *       a BF16 folder from a seed: 1M, 15M, 110M, 0.5B, 1.5B, 7B; TOKENIZER is a vocabulary file
 *   bench_peer sample DIR KIND THREADS CANDIDATES PROMPT NEW
 *       prefill: prompt tokens a second; decode: generated tokens a second behind the first of each candidate
 *   bench_peer score DIR KIND THREADS N PROMPT LENGTHS
 *       N solutions of one problem by a reward folder; LENGTHS: one for all, or several by commas in turn */
#include "kinds.h"

#include "core/file.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/rng.h"
#include "generate/run.h"
#include "model/folder.h"
#include "model/weights_open.h"
#include "reward/scorer.h"
#include "token/tokenizer.h"
#include "weights/shards_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* ---- folders from a seed ---- */

typedef struct shape {
    const char *name, *arch, *type;
    int layers, width, ffn, heads, kv_heads, vocab;
} shape;
static const shape shapes[] = {{"1M", "Llama", "llama", 5, 128, 352, 4, 4, 6400},
                               {"15M", "Llama", "llama", 6, 384, 1024, 6, 6, 6400},
                               {"110M", "Llama", "llama", 12, 768, 2048, 12, 12, 32000},
                               {"0.5B", "Qwen2", "qwen2", 24, 896, 4864, 14, 2, 151936},
                               {"1.5B", "Qwen2", "qwen2", 28, 1536, 8960, 12, 2, 151936},
                               {"7B", "Qwen2", "qwen2", 28, 3584, 18944, 28, 4, 152064}};

static char *config_text(const shape *s, bool reward, lem_err *err) {
    char text[1024];
    int n = snprintf(text, sizeof text,
                     "{\"architectures\": [\"%sFor%s\"], \"model_type\": \"%s\", \"num_hidden_layers\": %d, "
                     "\"hidden_size\": %d, \"intermediate_size\": %d, \"num_attention_heads\": %d, "
                     "\"num_key_value_heads\": %d, \"vocab_size\": %d, \"max_position_embeddings\": 16384, "
                     "\"rope_theta\": 10000.0, \"rms_norm_eps\": 1e-06, \"tie_word_embeddings\": true, "
                     "\"torch_dtype\": \"bfloat16\", \"hidden_act\": \"silu\", \"bos_token_id\": null, "
                     "\"eos_token_id\": null, \"pad_token_id\": 0%s}\n",
                     s->arch, reward ? "SequenceClassification" : "CausalLM", s->type, s->layers, s->width,
                     s->ffn, s->heads, s->kv_heads, s->vocab,
                     reward ? ", \"id2label\": {\"0\": \"LABEL_0\"}, \"label2id\": {\"LABEL_0\": 0}" : "");
    return n > 0 && (size_t)n < sizeof text ? lem_strdup(text, err) : NULL;
}

/* Uniform of standard deviation 0.02: cheap, and a function of the place. Norms are 1. */
static lem_status random_values(void *ctx, size_t at, size_t n, float *out, lem_err *err) {
    const lem_tensor *t = ctx;
    uint64_t x = (uint64_t)(t->offset + at) * 0x9e3779b97f4a7c15u + 1;
    (void)err;
    for (size_t i = 0; i < n; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        out[i] = t->rank == 1 && strstr(t->name, "norm") ? 1 : ((float)(x >> 40) * 0x1p-24f - 0.5f) * 0.0693f;
    }
    return LEM_OK;
}

static lem_status make(const char *dir, const shape *s, const char *tokenizer, bool reward, lem_err *err) {
    lem_status st = LEM_OK;
    lem_model *m = NULL;
    lem_model_config c;
    lem_json *json = NULL;
    lem_tokenizer *t = NULL;
    lem_safetensors_item *item = NULL;
    char *path = lem_path_join(dir, "config.json", err), *text = config_text(s, reward, err);
    if (!path || !text) LEM_TRY(LEM_EMEM);
    LEM_TRY(lem_json_parse(text, strlen(text), &json, err));
    LEM_TRY(lem_model_config_from_json(json, &c, err));
    LEM_TRY(lem_model_new_table(&c, !reward, &m, err));
    item = lem_alloc((size_t)m->n_tensors, sizeof *item, err);
    if (!item) LEM_TRY(LEM_EMEM);
    for (int i = 0; i < m->n_tensors; i++) {
        lem_tensor *from = &m->tensors[i];
        item[i] =
            (lem_safetensors_item){from->name, LEM_DTYPE_BF16, from->rank, {from->shape[0], from->shape[1]},
                                   true,       random_values,  from};
    }
    LEM_TRY(lem_dir_make(dir, err));
    LEM_TRY(lem_tokenizer_load_file(tokenizer, NULL, &t, err));
    LEM_TRY(lem_tokenizer_save(t, dir, err));
    LEM_TRY(lem_shards_write(dir, item, (size_t)m->n_tensors, 0, NULL, err));
    LEM_TRY(lem_file_write_atomic(path, text, strlen(text), err));
done:
    lem_json_free(json);
    lem_tokenizer_free(t);
    lem_model_free(m);
    lem_free(item);
    lem_free(path);
    lem_free(text);
    return st;
}

/* ---- kinds and what is open ---- */

enum { N_SHAPES = sizeof shapes / sizeof *shapes };

typedef struct open_model {
    lem_pool *pool;
    lem_backend *b;
    lem_weights *w;
    double seconds;
} open_model;

static lem_status open_folder(const char *dir, const char *name, int threads, lem_head head, open_model *o,
                              lem_err *err) {
    const kind *k = NULL;
    for (int i = 0; i < N_KINDS; i++)
        if (strcmp(name, kinds[i].name) == 0) k = &kinds[i];
    if (!k) return lem_fail(err, LEM_EUSAGE, "this build cannot compute in %s (bench_peer kinds)", name);
    double begin = lem_clock_seconds();
    o->pool = lem_pool_new(threads, err);
    lem_status st = o->pool ? lem_backend_new(LEM_ISA_AUTO, o->pool, &o->b, err) : LEM_EMEM;
    if (st) return st;
    o->b->compute = k->compute;
    st = lem_weights_open(dir, head, o->b, k->dtype, &o->w, err);
    o->seconds = lem_clock_seconds() - begin;
    return st;
}

static void close_folder(open_model *o) {
    lem_weights_free(o->w);
    if (o->b) lem_backend_free(o->b);
    lem_pool_free(o->pool);
}

static double peak_bytes(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)use.ru_maxrss * 1024;
}

/* ---- sampling ---- */

typedef struct sampling {
    int32_t *ids;
    int prompt, candidates, left;
    double begin, first; /* seconds when the run began; when each candidate had its first token */
    uint64_t first_tokens;
    double checksum;
} sampling;

static lem_status one_prompt(void *ctx, lem_prompt *out, bool *more, lem_err *err) {
    sampling *s = ctx;
    (void)err;
    *more = s->left-- > 0;
    *out = (lem_prompt){.key = 77, .ids = s->ids, .n_ids = s->prompt, .n = s->candidates};
    return LEM_OK;
}

static lem_status take(void *ctx, const lem_candidate *c, lem_err *err) {
    (void)err;
    ((sampling *)ctx)->checksum += c->logprob;
    return LEM_OK;
}

static void tick(void *ctx, const lem_generate_stats *so_far) {
    sampling *s = ctx;
    if (s->first > 0 || so_far->generated_tokens < (uint64_t)s->candidates) return;
    s->first = lem_clock_seconds();
    s->first_tokens = so_far->generated_tokens;
}

static lem_status sample(const char *dir, char **args, lem_err *err) {
    open_model o = {0};
    lem_tokenizer *t = NULL;
    int threads = atoi(args[1]), max_new = atoi(args[4]);
    sampling s = {.candidates = atoi(args[2]), .prompt = atoi(args[3]), .left = 1};
    lem_status st = open_folder(dir, args[0], threads, LEM_HEAD_LM, &o, err);
    lem_generate_stats stats = {0};
    if (st == LEM_OK) st = lem_tokenizer_load(dir, &t, err);
    if (st == LEM_OK && !(s.ids = lem_alloc((size_t)s.prompt, sizeof *s.ids, err))) st = LEM_EMEM;
    for (int i = 0; st == LEM_OK && i < s.prompt; i++) s.ids[i] = 300 + (i * 37 + 11) % 257;
    lem_generate_opts g = {.sample = {0.8f, 0, 1},
                           .max_tokens = max_new,
                           .slots = s.candidates,
                           .max_prompt = s.prompt,
                           .seed = 1,
                           .tick = tick,
                           .tick_ctx = &s};
    s.begin = lem_clock_seconds();
    if (st == LEM_OK)
        st = lem_generate_run(o.w, lem_weights_config(o.w), t, o.b, &g, one_prompt, &s, take, &s, NULL,
                              &stats, err);
    double end = lem_clock_seconds(), later = (double)(stats.generated_tokens - s.first_tokens);
    if (st == LEM_OK)
        printf("{\"prefill\": %.2f, \"decode\": %.3f, \"seconds\": %.3f, \"open\": %.3f, \"memory\": %.0f, "
               "\"path\": \"%s\", \"checksum\": %.6f}\n",
               s.prompt / (s.first - s.begin), later > 0 ? later / (end - s.first) : 0, end - s.begin,
               o.seconds, peak_bytes(), o.b->ops->name, s.checksum);
    lem_free(s.ids);
    lem_tokenizer_free(t);
    close_folder(&o);
    return st;
}

/* ---- scoring ---- */

typedef struct solutions {
    lem_score_item *item;
    int32_t *ids;
    int *last;
    float *score;
} solutions;

/* lengths: numbers between commas, in turn. Solutions differ from their first token on. */
static lem_status make_solutions(int n, int prompt, const char *lengths, solutions *s, int *rows,
                                 lem_err *err) {
    size_t used = 0;
    s->item = lem_alloc((size_t)n, sizeof *s->item, err);
    s->last = lem_alloc((size_t)n, sizeof *s->last, err);
    s->score = lem_alloc((size_t)n, sizeof *s->score, err);
    s->ids = lem_alloc((size_t)n * 4096, sizeof *s->ids, err);
    if (!s->item || !s->last || !s->score || !s->ids) return LEM_EMEM;
    *rows = prompt;
    const char *at = lengths;
    for (int i = 0; i < n; i++) {
        int length = (int)strtol(at, NULL, 10), all = prompt + length;
        if (length < 1 || all > 4096) return lem_fail(err, LEM_EUSAGE, "a length from 1 to 4,096 expected");
        int32_t *ids = s->ids + used;
        for (int k = 0; k < all; k++) ids[k] = 300 + (k * 37 + (k < prompt ? 0 : i * 11 + 1)) % 5000;
        s->last[i] = all - 1;
        s->item[i] = (lem_score_item){ids, all, &s->last[i], 1, &s->score[i]};
        *rows += length;
        used += (size_t)all;
        const char *comma = strchr(at, ',');
        at = comma ? comma + 1 : lengths;
    }
    return LEM_OK;
}

static lem_status score(const char *dir, char **args, lem_err *err) {
    open_model o = {0};
    solutions s = {0};
    lem_scorer *sc = NULL;
    int n = atoi(args[2]), rows = 0;
    lem_head_reading how = {.kind = LEM_HEAD_KIND_CLASSIFIER, .formula = LEM_HEAD_RAW, .outputs = 1};
    lem_status st = make_solutions(n, atoi(args[3]), args[4], &s, &rows, err);
    if (st == LEM_OK) st = open_folder(dir, args[0], atoi(args[1]), LEM_HEAD_SCALAR, &o, err);
    if (st == LEM_OK) st = lem_scorer_new(o.w, o.b, &how, -1, -1, rows < 4096 ? rows : 4096, &sc, err);
    if (st == LEM_OK) st = lem_scorer_run(sc, s.item, n < 4 ? n : 4, err); /* warm-up */
    uint64_t before = sc ? lem_scorer_tokens(sc) : 0;
    double begin = lem_clock_seconds();
    if (st == LEM_OK) st = lem_scorer_run(sc, s.item, n, err);
    double seconds = lem_clock_seconds() - begin;
    if (st == LEM_OK)
        printf("{\"items\": %.3f, \"computed\": %llu, \"asked\": %d, \"seconds\": %.3f, \"memory\": %.0f, "
               "\"checksum\": %.6f}\n",
               n / seconds, (unsigned long long)(lem_scorer_tokens(sc) - before), rows, seconds, peak_bytes(),
               (double)s.score[0]);
    lem_scorer_free(sc);
    close_folder(&o);
    lem_free(s.item);
    lem_free(s.last);
    lem_free(s.score);
    lem_free(s.ids);
    return st;
}

static lem_status make_named(char **args, int n, lem_err *err) {
    for (int i = 0; i < N_SHAPES; i++)
        if (strcmp(args[1], shapes[i].name) == 0)
            return make(args[0], &shapes[i], args[2], n > 3 && strcmp(args[3], "reward") == 0, err);
    return lem_fail(err, LEM_EUSAGE, "no shape '%s'", args[1]);
}

int main(int argc, char **argv) {
    lem_err err = LEM_ERR_INIT;
    lem_status st = LEM_EUSAGE;
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "kinds") == 0) {
        for (int i = 0; i < N_KINDS; i++) puts(kinds[i].name);
        st = LEM_OK;
    } else if (strcmp(what, "make") == 0 && argc >= 5) st = make_named(argv + 2, argc - 2, &err);
    else if (strcmp(what, "sample") == 0 && argc == 8) st = sample(argv[2], argv + 3, &err);
    else if (strcmp(what, "score") == 0 && argc == 8) st = score(argv[2], argv + 3, &err);
    else
        fprintf(stderr,
                "usage: bench_peer kinds | make DIR SHAPE TOKENIZER [reward] | sample DIR KIND THREADS "
                "CANDIDATES PROMPT NEW | score DIR KIND THREADS N PROMPT LENGTHS\n");
    if (st != LEM_OK && err.text[0]) fprintf(stderr, "bench_peer: %s\n", err.text);
    return (int)st;
}
