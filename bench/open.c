/* bench/open - how long from a folder on disk to the first token: tokenizer, weights, session, one prompt
 *
 *   bench_open make DIR TOKENIZER [shard-bytes]
 *       a folder of the shape of Qwen2.5-1.5B with random BF16 weights (3.1 GB)
 *       TOKENIZER is a vocabulary file, as tokenizers/qwen2/qwen.tiktoken of the shared data
 *   bench_open time DIR [threads] [runs]
 *       each run and the median (default 5); the files are in the page cache after the first
 *   bench_open slow DIR [threads]
 *       the same through fp32 weights, once (9 GB of memory) */
#include "core/file.h"
#include "core/log.h"
#include "core/mem.h"
#include "model/folder.h"
#include "model/model_priv.h"
#include "weights/shards_write.h"
#include "model/weights_open.h"
#include "token/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const char config_text[] =
    "{\"architectures\": [\"Qwen2ForCausalLM\"], \"model_type\": \"qwen2\", \"num_hidden_layers\": 28, "
    "\"hidden_size\": 1536,\n"
    " \"intermediate_size\": 8960, \"num_attention_heads\": 12, \"num_key_value_heads\": 2, \"vocab_size\": "
    "151936,\n"
    " \"max_position_embeddings\": 4096, \"rope_theta\": 1000000.0, \"rms_norm_eps\": 1e-06, "
    "\"tie_word_embeddings\": true,\n"
    " \"eos_token_id\": 151645, \"torch_dtype\": \"bfloat16\", \"hidden_act\": \"silu\"}\n";

/* ---- making the folder ---- */

/* Uniform of standard deviation 0.02: cheap, and a function of the place. Norms are 1. */
static lem_status random_values(void *ctx, size_t at, size_t n, float *out, lem_err *err) {
    const lem_tensor *t = ctx;
    uint64_t x = (uint64_t)(t->offset + at) * 0x9e3779b97f4a7c15u + 1;
    (void)err;
    for (size_t i = 0; i < n; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        out[i] = t->rank == 1 ? 1 : ((float)(x >> 40) * 0x1p-24f - 0.5f) * 0.0693f;
    }
    return LEM_OK;
}

static lem_status make(const char *dir, const char *tokenizer, uint64_t shard_bytes, lem_err *err) {
    lem_status st = LEM_OK;
    lem_model *m = NULL;
    lem_model_config c;
    lem_json *json = NULL;
    lem_tokenizer *t = NULL;
    lem_safetensors_item *item = NULL;
    char *path = lem_path_join(dir, "config.json", err);
    LEM_TRY(lem_json_parse(config_text, strlen(config_text), &json, err));
    LEM_TRY(lem_model_config_from_json(json, &c, err));
    LEM_TRY(lem_model_new_table(&c, true, &m, err));
    item = lem_alloc((size_t)m->n_tensors, sizeof *item, err);
    if (!item || !path) LEM_TRY(LEM_EMEM);
    for (int i = 0; i < m->n_tensors; i++) {
        lem_tensor *from = &m->tensors[i];
        item[i] =
            (lem_safetensors_item){from->name, LEM_DTYPE_BF16, from->rank, {from->shape[0], from->shape[1]},
                                   true,       random_values,  from};
    }
    LEM_TRY(lem_dir_make(dir, err));
    LEM_TRY(lem_tokenizer_load_file(tokenizer, NULL, &t, err));
    LEM_TRY(lem_tokenizer_save(t, dir, err));
    LEM_TRY(lem_shards_write(dir, item, (size_t)m->n_tensors, shard_bytes, NULL, err));
    LEM_TRY(lem_file_write_atomic(path, config_text, strlen(config_text), err));
done:
    lem_json_free(json);
    lem_tokenizer_free(t);
    lem_model_free(m);
    lem_free(item);
    lem_free(path);
    return st;
}

/* ---- timing ---- */

typedef struct times {
    double tokenizer, weights, step, all;
    double user,
        system; /* processor seconds of all threads; system: mostly memory that is handed out, cleared */
    int token;
} times;

static double seconds_of(struct timeval t) { return (double)t.tv_sec + 1e-6 * (double)t.tv_usec; }

static lem_status first_token(const lem_tokenizer *t, const lem_weights *w, lem_backend *b, int *token,
                              lem_err *err) {
    static const char prompt[] =
        "What is the sum of the first ten positive whole numbers? Please reason step by step.";
    lem_status st = LEM_OK;
    lem_ids ids = {0};
    lem_session *s = NULL;
    int node = 0, V = lem_weights_config(w)->vocab, best = 0;
    float *logits = lem_alloc((size_t)V, sizeof *logits, err);
    if (!logits) LEM_TRY(LEM_EMEM);
    LEM_TRY(lem_tokenizer_encode(t, prompt, strlen(prompt), false, &ids, err));
    LEM_TRY(lem_session_new(w, b, 64, 256, &s, err));
    LEM_TRY(lem_session_node(s, -1, &node, err));
    LEM_TRY(lem_session_step(s, &(lem_feed){node, ids.data, (int)ids.len}, 1, err));
    int row = lem_session_row(s, 0, (int)ids.len - 1);
    lem_session_logits(s, 1, &row, logits);
    for (int i = 1; i < V; i++)
        if (logits[i] > logits[best]) best = i;
    *token = best;
done:
    lem_session_free(s);
    lem_ids_release(&ids);
    lem_free(logits);
    return st;
}

static lem_status open_weights(const char *dir, bool slow, lem_backend *b, lem_weights **w, lem_err *err) {
    lem_model *m = NULL;
    if (!slow) return lem_weights_open(dir, LEM_HEAD_LM, b, LEM_DTYPE_BF16, w, err);
    lem_status st = lem_model_open(dir, LEM_HEAD_LM, &m, err);
    if (st == LEM_OK) st = lem_weights_new(m, b, LEM_DTYPE_BF16, w, err);
    lem_model_free(m);
    return st;
}

static lem_status run_once(const char *dir, bool slow, lem_backend *b, times *out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_tokenizer *t = NULL;
    lem_weights *w = NULL;
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    double begin = lem_clock_seconds();
    LEM_TRY(lem_tokenizer_load(dir, &t, err));
    out->tokenizer = lem_clock_seconds() - begin;
    LEM_TRY(open_weights(dir, slow, b, &w, err));
    out->weights = lem_clock_seconds() - begin - out->tokenizer;
    LEM_TRY(first_token(t, w, b, &out->token, err));
    out->all = lem_clock_seconds() - begin;
    out->step = out->all - out->weights - out->tokenizer;
    getrusage(RUSAGE_SELF, &after);
    out->user = seconds_of(after.ru_utime) - seconds_of(before.ru_utime);
    out->system = seconds_of(after.ru_stime) - seconds_of(before.ru_stime);
done:
    lem_tokenizer_free(t);
    lem_weights_free(w);
    return st;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static lem_status measure(const char *dir, bool slow, int threads, int runs, lem_err *err) {
    lem_backend *b = NULL;
    times t[64];
    double all[64];
    struct rusage use;
    lem_pool *pool = lem_pool_new(threads, err);
    lem_status st = pool ? lem_backend_new(LEM_ISA_AUTO, pool, &b, err) : LEM_EMEM;
    if (runs < 1 || runs > 64) runs = 5;
    for (int i = 0; st == LEM_OK && i < runs; i++) {
        st = run_once(dir, slow, b, &t[i], err);
        if (st != LEM_OK) break;
        all[i] = t[i].all;
        printf("run %d: tokenizer %.3f s, weights %.3f s, first token %.3f s (id %d): %.3f s "
               "(processor time: %.2f s, %.2f of it the system's)\n",
               i + 1, t[i].tokenizer, t[i].weights, t[i].step, t[i].token, t[i].all, t[i].user + t[i].system,
               t[i].system);
        fflush(stdout);
    }
    if (st == LEM_OK) {
        qsort(all, (size_t)runs, sizeof *all, by_size);
        getrusage(RUSAGE_SELF, &use);
        printf("%d threads, path %s: median %.3f s of %d, fastest %.3f s; peak memory %.2f GB\n",
               lem_pool_threads(pool), b->ops->name, all[runs / 2], runs, all[0],
               (double)use.ru_maxrss * 1024 / 1e9);
    }
    if (b) lem_backend_free(b);
    lem_pool_free(pool);
    return st;
}

int main(int argc, char **argv) {
    lem_err err = LEM_ERR_INIT;
    lem_status st = LEM_EUSAGE;
    if (argc >= 4 && strcmp(argv[1], "make") == 0)
        st = make(argv[2], argv[3], argc > 4 ? strtoull(argv[4], NULL, 10) : 0, &err);
    else if (argc >= 3 && (strcmp(argv[1], "time") == 0 || strcmp(argv[1], "slow") == 0))
        st = measure(argv[2], argv[1][0] == 's', argc > 3 ? atoi(argv[3]) : 0,
                     argv[1][0] == 's' ? 1
                     : argc > 4        ? atoi(argv[4])
                                       : 5,
                     &err);
    else
        fprintf(stderr, "usage: bench_open make DIR TOKENIZER [shard-bytes] | time DIR [threads] [runs] | "
                        "slow DIR [threads]\n");
    if (err.text[0]) fprintf(stderr, "bench_open: %s\n", err.text);
    return (int)st;
}
