/* test_mutations - mutated files of a model folder: each is opened or refused in one line; no crash, no hang,
 * memory within bounds
 *
 * Without arguments a small share runs (CTest). By hand: faults_test_mutations 10000 [kind] runs so many of
 * each kind and prints counts, time, the slowest and the peak of memory; faults_test_mutations -k NUMBER kind
 * runs one of them again and leaves the folder. Each kind runs in a child of its own. */
#include "core/file.h"
#include "core/log.h"
#include "core/mem.h"
#include "model/model_priv.h"
#include "model/session.h"
#include "weights/shard_index.h"
#include "model/weights_open.h"
#include "mutate.h"
#include "token/tokenizer.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CTEST_SHARE = 150, SECONDS_EACH = 10, MAX_PARTS = 4096 };
#define PEAK_LIMIT                                                                                           \
    ((long)64 << 10) /* KiB beyond what the unchanged file takes: the constant of reliability.md B3 */

#ifdef __SANITIZE_ADDRESS__
static const bool sanitized = true;
#else
static const bool sanitized = false;
#endif

typedef enum base_form { FORM_JSON, FORM_SAFETENSORS, FORM_SPM, FORM_RANKS } base_form;

typedef struct kind {
    const char *name;
    base_form form;
    const char *file;     /* of the folder */
    const char *bases[4]; /* below tests/data/token; NULL = a model folder made here */
    int top;
    uint64_t shard_bytes;
} kind;

static const kind kinds[] = {
    {"safetensors", FORM_SAFETENSORS, "model.safetensors", {NULL}, 0, 0},
    {"index", FORM_JSON, LEM_SHARD_INDEX_NAME, {NULL}, 4, 20000},
    {"config", FORM_JSON, "config.json", {NULL}, 30, 0},
    {"tokenizer",
     FORM_JSON,
     "tokenizer.json",
     {"gpt2_nfc/tokenizer.json", "unigram/tokenizer.json", "bpe_fallback/tokenizer.json",
      "regex/tokenizer.json"},
     40,
     0},
    {"tokenizer_config", FORM_JSON, "tokenizer_config.json", {"digits1/tokenizer_config.json"}, 20, 0},
    {"sentencepiece",
     FORM_SPM,
     "tokenizer.model",
     {"spm_bpe/tokenizer.model", "spm_unigram/tokenizer.model"},
     0,
     0},
    {"ranks", FORM_RANKS, "qwen.tiktoken", {"ranks/qwen.tiktoken"}, 0, 0},
};
enum { N_KINDS = (int)(sizeof kinds / sizeof kinds[0]) };

typedef struct tally { /* shared with the child */
    long done, accepted, refused, now;
    double slowest;
    long slowest_at, peak_kb;
} tally;

static char root[64];
static lem_backend *backend;

static void must(lem_status st, const lem_err *err) {
    if (st == LEM_OK) return;
    fprintf(stderr, "test_mutations: %s\n", err->text);
    exit(2);
}

static void fail(const kind *k, long number, const char *what, const char *text) {
    fprintf(stderr, "%s %ld: %s: %s\n", k->name, number, what, text);
    exit(1);
}

/* Plain writing: the files are read back at once, never after a crash. */
static void put_file(const char *name, const char *p, size_t n) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(p, 1, n, f) != n || fclose(f) != 0) {
        perror(path);
        exit(2);
    }
}

/* ---- what is done with a mutated folder ---- */

/* A model that was accepted computes. */
static lem_status try_weights(const lem_model_config *c, lem_err *err) {
    static const int32_t ids[] = {0, 0, 0};
    lem_weights *w = NULL;
    lem_session *s = NULL;
    int node = 0;
    lem_status st = lem_weights_open(root, c->head, backend, LEM_DTYPE_BF16, &w, err);
    if (st == LEM_OK) st = lem_session_new(w, backend, 2, 8, &s, err);
    if (st == LEM_OK) st = lem_session_node(s, -1, &node, err);
    if (st == LEM_OK) st = lem_session_step(s, &(lem_feed){node, ids, c->max_positions < 3 ? 1 : 3}, 1, err);
    lem_session_free(s);
    lem_weights_free(w);
    return st;
}

static lem_status try_model(lem_err *err) {
    lem_model *m = NULL;
    lem_status st = lem_model_open_any(root, &m, err);
    if (st == LEM_OK && m->config.head != LEM_HEAD_REWARD) st = try_weights(&m->config, err);
    lem_model_free(m);
    return st;
}

static lem_status try_tokenizer(lem_err *err) {
    static const char text[] =
        "It's 1,234 caf\xc3\xa9s\n\n  e\xcc\x81\xff <|im_end|> \xe6\x95\xb0 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    lem_tokenizer *t = NULL;
    lem_ids ids = {0};
    lem_buf out = {0};
    lem_status st = lem_tokenizer_load(root, &t, err);
    if (st == LEM_OK) st = lem_tokenizer_encode(t, text, sizeof text - 1, true, &ids, err);
    if (st == LEM_OK) st = lem_tokenizer_decode(t, ids.data, ids.len, false, &out, err);
    lem_buf_release(&out);
    lem_ids_release(&ids);
    lem_tokenizer_free(t);
    return st;
}

static void run_one(const kind *k, const lem_buf *base, const lem_json *json, long number, tally *t) {
    lem_rng r = lem_rng_make(20240611, k->name, (uint64_t)number);
    lem_buf b = {0};
    lem_err err = LEM_ERR_INIT;
    span *part = malloc(MAX_PARTS * sizeof *part);
    t->now = number;
    if (k->form == FORM_JSON) mutate_json(json, k->top, &b, &r);
    else if (k->form == FORM_SAFETENSORS) mutate_safetensors(base->data, base->len, &b, &r);
    else
        mutate_parts(
            base->data, part,
            (k->form == FORM_SPM ? split_fields : split_lines)(base->data, base->len, part, MAX_PARTS), &b,
            &r);
    free(part);
    put_file(k->file, lem_buf_str(&b), b.len);
    double begin = lem_clock_seconds();
    lem_status st = k->bases[0] ? try_tokenizer(&err) : try_model(&err);
    double took = lem_clock_seconds() - begin;
    if (took > t->slowest) {
        t->slowest = took;
        t->slowest_at = number;
    }
    if (st != LEM_OK && st != LEM_EDATA) fail(k, number, "neither accepted nor refused as data", err.text);
    if (st != LEM_OK && (!err.text[0] || strchr(err.text, '\n'))) fail(k, number, "not one line", err.text);
    *(st == LEM_OK ? &t->accepted : &t->refused) += 1;
    t->done++;
    lem_buf_release(&b);
}

/* ---- a kind, in a child ---- */

static const char ranks_config[] = "{\"added_tokens_decoder\": {\"5000\": {\"content\": \"<|endoftext|>\", "
                                   "\"lstrip\": false, \"normalized\": false, \"rstrip\": false,"
                                   " \"single_word\": false, \"special\": true}, \"5001\": {\"content\": "
                                   "\"<|im_start|>\", \"special\": true}}, \"eos_token\": \"<|endoftext|>\","
                                   " \"model_max_length\": 131072, \"tokenizer_class\": \"Qwen2Tokenizer\", "
                                   "\"chat_template\": \"{{ messages }}\"}";

/* What a tokenizer_config.json belongs to. */
static void prepare_vocabulary(long variant) {
    char path[256];
    lem_buf b = {0};
    lem_err err = LEM_ERR_INIT;
    snprintf(path, sizeof path, "%s/token/%s", LEMMA_TEST_DATA,
             variant % 2 ? "ranks/qwen.tiktoken" : "digits1/tokenizer.json");
    must(lem_file_read(path, 1 << 24, &b, &err), &err);
    put_file(lem_path_base(path), b.data, b.len);
    lem_buf_release(&b);
}

static void prepare(const kind *k, long variant, lem_buf *base) {
    lem_err err = LEM_ERR_INIT;
    char path[256];
    lem_model *m = NULL;
    must(lem_dir_remove(root, &err), &err);
    must(lem_dir_make(root, &err), &err);
    if (!k->bases[0]) {
        lem_model_config c = {.arch = variant % 2 ? LEM_ARCH_QWEN2 : LEM_ARCH_LLAMA,
                              .head = variant % 4 > 1 ? LEM_HEAD_SCALAR : LEM_HEAD_LM,
                              .layers = 2,
                              .width = 32,
                              .ffn = 40,
                              .heads = 4,
                              .kv_heads = 2,
                              .vocab = 50,
                              .max_positions = 200,
                              .tied = variant % 3,
                              .init_range = 0.1f,
                              .bos_id = -1,
                              .eos_id = 2,
                              .pad_id = 0};
        must(lem_model_new(&c, &m, &err), &err);
        lem_model_init_random(m, 7);
        must(lem_model_save_shards(m, root, (lem_dtype)(variant % 3), k->shard_bytes, &err), &err);
        lem_model_free(m);
        snprintf(path, sizeof path, "%s/%s", root, k->file);
    } else {
        int n = 0;
        while (n < 4 && k->bases[n]) n++;
        snprintf(path, sizeof path, "%s/token/%s", LEMMA_TEST_DATA, k->bases[variant % n]);
    }
    bool config = strcmp(k->file, "tokenizer_config.json") == 0;
    if (config) prepare_vocabulary(variant);
    if (config && variant % 2) {
        lem_buf_puts(base, ranks_config);
        put_file(k->file, base->data, base->len);
        must(try_tokenizer(&err), &err);
        return;
    }
    must(lem_file_read(path, 1 << 24, base, &err), &err);
    put_file(k->file, base->data, base->len);
    must(k->bases[0] ? try_tokenizer(&err) : try_model(&err), &err);
}

enum { VARIANTS = 12 };

/* Mutations first, first + VARIANTS, … below n, all of one base. */
static void run_variant(const kind *k, long first, long n, tally *t, long *start_kb) {
    struct rusage use;
    lem_err err = LEM_ERR_INIT;
    lem_buf base = {0};
    lem_json *json = NULL;
    prepare(k, first % VARIANTS, &base);
    if (k->form == FORM_JSON) must(lem_json_parse(base.data, base.len, &json, &err), &err);
    getrusage(RUSAGE_SELF, &use);
    if (!*start_kb) *start_kb = use.ru_maxrss;
    for (long i = first; i < n; i += VARIANTS) {
        alarm(SECONDS_EACH); /* its signal ends the child: a hang is a failure */
        run_one(k, &base, json, i, t);
    }
    alarm(0);
    lem_json_free(json);
    lem_buf_release(&base);
}

static void run_range(const kind *k, long first, long n, tally *t) {
    struct rusage use;
    lem_err err = LEM_ERR_INIT;
    long start_kb = 0;
    must(lem_backend_new(LEM_ISA_GENERIC, NULL, &backend, &err), &err);
    if (first >= 0) run_variant(k, first, first + 1, t, &start_kb);
    for (long v = 0; first < 0 && v < VARIANTS; v++) run_variant(k, v, n, t, &start_kb);
    getrusage(RUSAGE_SELF, &use);
    t->peak_kb = use.ru_maxrss - start_kb;
    lem_backend_free(backend);
}

/* first >= 0: that one alone. */
static bool run_kind(const kind *k, long first, long n, tally *t) {
    *t = (tally){0};
    fflush(NULL);
    double begin = lem_clock_seconds();
    pid_t child = fork();
    if (child == 0) {
        run_range(k, first, n, t);
        exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) return false;
    bool ok = WIFEXITED(status) && WEXITSTATUS(status) == 0 && t->done == n && t->accepted + t->refused == n;
    if (WIFSIGNALED(status))
        fprintf(stderr, "%s %ld: killed by signal %d\n", k->name, t->now, WTERMSIG(status));
    if (!sanitized && t->peak_kb > PEAK_LIMIT) {
        fprintf(stderr, "%s: %ld KiB of memory above the start, %ld allowed\n", k->name, t->peak_kb,
                PEAK_LIMIT);
        ok = false;
    }
    printf("%-17s %6ld mutations: %5ld accepted, %5ld refused; %6.2f s, slowest %.3f s (%ld), peak %+.1f MiB "
           "%s\n",
           k->name, t->done, t->accepted, t->refused, lem_clock_seconds() - begin, t->slowest, t->slowest_at,
           (double)t->peak_kb / 1024, ok ? "ok" : "FAILED");
    return ok;
}

int main(int argc, char **argv) {
    bool one = argc > 3 && strcmp(argv[1], "-k") == 0;
    long n = one ? 1 : argc > 1 ? atol(argv[1]) : CTEST_SHARE;
    const char *only = argc > 2 ? argv[argc - 1] : NULL;
    int failed = 0, ran = 0;
    lem_err err = LEM_ERR_INIT;
    tally *t = mmap(NULL, sizeof *t, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    snprintf(root, sizeof root, "/tmp/lemma-mutations-%d", (int)getpid());
    if (t == MAP_FAILED) return 2;
    for (int i = 0; i < N_KINDS; i++) {
        if (only && strcmp(only, kinds[i].name) != 0) continue;
        ran++;
        failed += !run_kind(&kinds[i], one ? atol(argv[2]) : -1, n, t);
    }
    if (one) printf("left in %s\n", root);
    else must(lem_dir_remove(root, &err), &err);
    return failed || !ran;
}
