/* test_folder.c - a model written as GGUF by llama.cpp's rules comes back as it was; files that are wrong */
#include "build.h"
#include "core/file.h"
#include "core/mem.h"
#include "gguf/folder.h"
#include "gguf/vocab.h"
#include "token/tokenizer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/lemma-gguf-XXXXXX";
static char file_path[64], out_path[64];

enum { LAYERS = 2, WIDTH = 32, HEADS = 4, KV = 2, HD = 8, FFN = 40, VOCAB = 262 };

static lem_model *a_model(lem_arch arch, bool tied, lem_head kind) {
    lem_err err = LEM_ERR_INIT;
    lem_model *m = NULL;
    lem_model_config c = {.arch = arch,
                          .head = kind,
                          .layers = LAYERS,
                          .width = WIDTH,
                          .ffn = FFN,
                          .heads = HEADS,
                          .kv_heads = KV,
                          .head_dim = HD,
                          .vocab = VOCAB,
                          .max_positions = 128,
                          .rope_theta = 100000,
                          .norm_eps = 1e-5f,
                          .tied = tied,
                          .qkv_bias = arch == LEM_ARCH_QWEN2,
                          .init_range = 0.02f,
                          .bos_id = 256,
                          .eos_id = 257,
                          .pad_id = -1};
    if (lem_model_new(&c, &m, &err) != LEM_OK) fail_msg("%s", err.text);
    lem_model_init_random(m, 3);
    for (size_t i = 0; i < m->n_params; i++)
        if (m->params[i] == 0) m->params[i] = (float)(i % 7) * 0.01f; /* biases too tell where they went */
    return m;
}

/* ---- a GGUF file of it: convert_hf_to_gguf.py's names, and its permutation of queries and keys ---- */

static const struct {
    const char *hf, *gguf;
} names[] = {{"self_attn.q_proj", "attn_q"},   {"self_attn.k_proj", "attn_k"},
             {"self_attn.v_proj", "attn_v"},   {"self_attn.o_proj", "attn_output"},
             {"input_layernorm", "attn_norm"}, {"post_attention_layernorm", "ffn_norm"},
             {"mlp.gate_proj", "ffn_gate"},    {"mlp.up_proj", "ffn_up"},
             {"mlp.down_proj", "ffn_down"}};

static void name_in_gguf(const char *hf, char out[96]) {
    int layer = 0, at = 0;
    if (strcmp(hf, "model.embed_tokens.weight") == 0) snprintf(out, 96, "token_embd.weight");
    else if (strcmp(hf, "model.norm.weight") == 0) snprintf(out, 96, "output_norm.weight");
    else if (strcmp(hf, "lm_head.weight") == 0) snprintf(out, 96, "output.weight");
    else if (strcmp(hf, "score.weight") == 0) snprintf(out, 96, "cls.output.weight");
    else if (sscanf(hf, "model.layers.%d.%n", &layer, &at) == 1 && at)
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            size_t n = strlen(names[i].hf);
            if (strncmp(hf + at, names[i].hf, n) == 0 && hf[at + (int)n] == '.')
                snprintf(out, 96, "blk.%d.%s%s", layer, names[i].gguf, hf + at + n);
        }
    else fail_msg("%s", hf);
}

/* weights.reshape(heads, 2, head_dim / 2, columns).swapaxes(1, 2): row (h, half, i) goes to (h, i, half). */
static void write_values(lem_buf *b, const lem_model *m, const lem_tensor *t) {
    bool turn = m->config.arch == LEM_ARCH_LLAMA && (strstr(t->name, "q_proj") || strstr(t->name, "k_proj"));
    int rows = t->shape[0], cols = t->rank == 1 ? 1 : t->shape[1];
    float *v = malloc(t->count * sizeof *v);
    for (int r = 0; r < rows; r++) {
        int h = r / HD, half = r % HD / (HD / 2), i = r % (HD / 2);
        int to = turn ? h * HD + 2 * i + half : r;
        memcpy(v + (size_t)to * (size_t)cols, m->params + t->offset + (size_t)r * (size_t)cols,
               (size_t)cols * sizeof *v);
    }
    for (size_t i = 0; i < t->count; i++) put_float(b, v[i]);
    free(v);
}

/* Characters of GPT-2's byte alphabet in its own order: those that print, then the others from U+0100 on. */
static int byte_char(int i) {
    if (i < 94) return 33 + i;
    if (i < 106) return 161 + i - 94;
    return i < 188 ? 174 + i - 106 : 256 + i - 188;
}

/* Kinds of tokens: normal, control, unused. */
static uint64_t kind_of(int i) {
    if (i < 256 || i == 259 || i == 260) return 1;
    return i == 261 ? 5 : 3;
}

static void add_vocab(lem_buf *b) {
    key_text(b, "tokenizer.ggml.model", "gpt2");
    key_text(b, "tokenizer.ggml.pre", "smollm");
    key_array(b, "tokenizer.ggml.tokens", G_STRING, VOCAB);
    for (int i = 0; i < 256; i++) {
        char text[8];
        int c = byte_char(i);
        if (c < 128) snprintf(text, sizeof text, "%c", c);
        else snprintf(text, sizeof text, "%c%c", (char)(0xc0 | c >> 6), (char)(0x80 | (c & 63)));
        put_text(b, text);
    }
    static const char *const rest[] = {"<|start|>",
                                       "<|end|>",
                                       "<|turn|>",
                                       "ab",
                                       "\xc4\xa0"
                                       "a",
                                       "[unused]"};
    for (int i = 0; i < 6; i++) put_text(b, rest[i]);
    key_array(b, "tokenizer.ggml.token_type", G_U32, VOCAB);
    for (int i = 0; i < VOCAB; i++) put(b, kind_of(i), 4);
    key_array(b, "tokenizer.ggml.merges", G_STRING, 2);
    put_text(b, "a b");
    put_text(b, "\xc4\xa0 a");
    key_u32(b, "tokenizer.ggml.bos_token_id", 256);
    key_u32(b, "tokenizer.ggml.eos_token_id", 257);
    key_u32(b, "tokenizer.ggml.eot_token_id", 258);
    key_text(b, "tokenizer.chat_template", "{{ messages[0].content }}<|turn|>");
}

static void add_shape(lem_buf *b, const char *arch) {
    static const struct {
        const char *key;
        uint32_t v;
    } sizes[] = {{"block_count", LAYERS},         {"embedding_length", WIDTH},
                 {"feed_forward_length", FFN},    {"attention.head_count", HEADS},
                 {"attention.head_count_kv", KV}, {"context_length", 128}};
    char key[96];
    key_text(b, "general.architecture", arch);
    key_text(b, "general.license", "apache-2.0");
    for (size_t i = 0; i < 6; i++) {
        snprintf(key, sizeof key, "%s.%s", arch, sizes[i].key);
        key_u32(b, key, sizes[i].v);
    }
    snprintf(key, sizeof key, "%s.attention.layer_norm_rms_epsilon", arch);
    key_f32(b, key, 1e-5f);
    snprintf(key, sizeof key, "%s.rope.freq_base", arch);
    key_f32(b, key, 100000);
}

static void write_gguf(const lem_model *m, const char *arch, uint64_t cut) {
    lem_buf b = {0}, data = {0};
    lem_err err = LEM_ERR_INIT;
    head(&b, 3, (uint64_t)m->n_tensors, 10 + 9);
    add_shape(&b, arch);
    add_vocab(&b);
    for (int i = 0; i < m->n_tensors; i++) {
        const lem_tensor *t = &m->tensors[i];
        char name[96];
        name_in_gguf(t->name, name);
        put_text(&b, name);
        put(&b, (uint64_t)t->rank, 4);
        for (int k = t->rank; k > 0; k--) put(&b, (uint64_t)t->shape[k - 1], 8);
        put(&b, 0, 4);
        while (data.len % 32) lem_buf_putc(&data, 0);
        put(&b, data.len, 8);
        write_values(&data, m, t);
    }
    while (b.len % 32) lem_buf_putc(&b, 0);
    lem_buf_add(&b, data.data, data.len);
    assert_int_equal(lem_file_write_atomic(file_path, b.data, b.len - cut, &err), LEM_OK);
    lem_buf_release(&b);
    lem_buf_release(&data);
}

static void comes_back(lem_arch arch, const char *name, bool tied, lem_head kind) {
    lem_err err = LEM_ERR_INIT;
    lem_model *m = a_model(arch, tied, kind), *back = NULL;
    lem_gguf_report r = {0};
    write_gguf(m, name, 0);
    lem_gguf_opts o = {.dtype = LEM_DTYPE_F32};
    if (lem_gguf_to_folder(file_path, out_path, &o, &r, &err) != LEM_OK) fail_msg("%s", err.text);
    if (lem_model_open_any(out_path, &back, &err) != LEM_OK) fail_msg("%s", err.text);
    assert_int_equal(r.tensors, m->n_tensors);
    assert_int_equal(r.unpacked, 0);
    assert_int_equal(back->n_tensors, m->n_tensors);
    assert_true(back->config.norm_eps == m->config.norm_eps &&
                back->config.rope_theta == m->config.rope_theta);
    assert_int_equal(back->config.tied, tied);
    for (int i = 0; i < m->n_tensors; i++) {
        assert_string_equal(back->tensors[i].name, m->tensors[i].name);
        if (memcmp(back->params + back->tensors[i].offset, m->params + m->tensors[i].offset,
                   m->tensors[i].count * sizeof(float)) != 0)
            fail_msg("%s: %s", name, m->tensors[i].name);
    }
    lem_model_free(m);
    lem_model_free(back);
}

static void test_models(void **state) {
    (void)state;
    comes_back(LEM_ARCH_LLAMA, "llama", true, LEM_HEAD_LM);
    comes_back(LEM_ARCH_LLAMA, "llama", false, LEM_HEAD_LM);
    comes_back(LEM_ARCH_QWEN2, "qwen2", false, LEM_HEAD_LM);
    comes_back(LEM_ARCH_QWEN2, "qwen2", true, LEM_HEAD_SCALAR);
}

static void check_ids(const lem_tokenizer *t, const char *text, const int32_t *want, size_t n) {
    lem_err err = LEM_ERR_INIT;
    lem_ids ids = {0};
    assert_int_equal(lem_tokenizer_encode(t, text, strlen(text), true, &ids, &err), LEM_OK);
    assert_int_equal(ids.len, n);
    assert_memory_equal(ids.data, want, n * sizeof *want);
    lem_ids_release(&ids);
}

/* What stands beside the weights. '!' is id 0, so '1' is 16; "ab" 259, " a" 260. */
static void test_beside(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_tokenizer *t = NULL;
    lem_json *j = NULL;
    comes_back(LEM_ARCH_LLAMA, "llama", true, LEM_HEAD_LM);
    if (lem_tokenizer_load(out_path, &t, &err) != LEM_OK) fail_msg("%s", err.text);
    check_ids(t, "ab a<|turn|>11", (const int32_t[]){259, 260, 258, 16, 16}, 5);
    assert_int_equal(lem_tokenizer_eos(t), 257);
    assert_int_equal(lem_tokenizer_find(t, "[unused]"), -1);
    lem_tokenizer_free(t);
    assert_int_equal(lem_json_load_beside(out_path, "generation_config.json", 1 << 16, &j, &err), LEM_OK);
    assert_int_equal(lem_json_int(lem_json_find(j, "eos_token_id.0"), 0), 257);
    assert_int_equal(lem_json_int(lem_json_find(j, "eos_token_id.1"), 0), 258);
    lem_json_free(j);
    lem_buf card = {0};
    char path[96];
    snprintf(path, sizeof path, "%s/README.md", out_path);
    assert_int_equal(lem_file_read(path, 1 << 16, &card, &err), LEM_OK);
    assert_non_null(strstr(lem_buf_str(&card), "license: apache-2.0"));
    lem_buf_release(&card);
}

/* ---- wrong files: one line that says what, and nothing is left ---- */

static void refused(const char *what) {
    lem_err err = LEM_ERR_INIT;
    lem_gguf_report r;
    lem_gguf_opts o = {.dtype = LEM_DTYPE_F32};
    char partial[96];
    (void)!lem_dir_remove(out_path, NULL);
    assert_int_equal(lem_gguf_to_folder(file_path, out_path, &o, &r, &err), LEM_EDATA);
    if (!strstr(err.text, what) || strchr(err.text, '\n')) fail_msg("'%s' lacks '%s'", err.text, what);
    snprintf(partial, sizeof partial, "%s.lemma-partial", out_path);
    assert_false(lem_file_exists(out_path) || lem_file_exists(partial));
}

static void write_bytes(const lem_buf *b) {
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_file_write_atomic(file_path, b->data, b->len, &err), LEM_OK);
}

static void test_wrong(void **state) {
    (void)state;
    lem_buf b = {0};
    lem_model *m = a_model(LEM_ARCH_LLAMA, true, LEM_HEAD_LM);
    write_gguf(m, "llama", 64);
    refused("lies behind the end of the file, which is cut");
    write_gguf(m, "bloom", 0);
    refused("architecture 'bloom' is not supported");
    write_gguf(m, "qwen3", 0);
    refused("tensor 'blk.0.attn_q.weight' is 32 x 32, expected 512 x 32"); /* its heads are of 128 */
    lem_model_free(m);
    lem_buf_puts(&b, "PK\3\4");
    write_bytes(&b);
    refused("no GGUF file");
    lem_buf_clear(&b);
    head(&b, 3, 0, UINT64_C(1) << 60);
    write_bytes(&b);
    refused("too many entries");
    lem_buf_clear(&b);
    head(&b, 3, UINT64_C(1) << 40, 0);
    write_bytes(&b);
    refused("more tensors than the file can hold");
    lem_buf_clear(&b);
    head(&b, 3, 0, 1);
    key_array(&b, "x", G_STRING, UINT64_C(1) << 50);
    write_bytes(&b);
    refused("the file ends before it does");
    lem_buf_clear(&b);
    head(&b, 0x03000000, 0, 0);
    write_bytes(&b);
    refused("big-endian");
    lem_buf_release(&b);
}

/* ---- vocabularies of llama.cpp, and its own ids for them ---- */

static char *read_all(const char *path, size_t *n) {
    lem_buf b = {0};
    lem_err err = LEM_ERR_INIT;
    if (lem_file_read(path, 1 << 24, &b, &err) != LEM_OK) fail_msg("%s", err.text);
    (void)lem_buf_str(&b);
    *n = b.len;
    return lem_buf_take(&b);
}

static void check_vectors(const char *data, const char *name) {
    static const char mark[] = "\n__ggml_vocab_test__\n";
    lem_err err = LEM_ERR_INIT;
    lem_gguf *g = NULL;
    lem_tokenizer *t = NULL;
    char path[512];
    size_t n = 0;
    int texts = 0;
    snprintf(path, sizeof path, "%s/tokenizers/gguf_vocab/ggml-vocab-%s.gguf", data, name);
    if (lem_gguf_open(path, &g, &err) != LEM_OK) fail_msg("%s", err.text);
    assert_int_equal(lem_dir_make(out_path, &err), LEM_OK);
    if (lem_gguf_vocab_write(g, out_path, &err) != LEM_OK) fail_msg("%s", err.text);
    if (lem_tokenizer_load(out_path, &t, &err) != LEM_OK) fail_msg("%s", err.text);
    snprintf(path, sizeof path, "%s/tokenizers/vectors/ggml-vocab-%s.gguf.inp", data, name);
    char *in = read_all(path, &n);
    snprintf(path, sizeof path, "%s/tokenizers/vectors/ggml-vocab-%s.gguf.out", data, name);
    char *out = read_all(path, &n), *line = out;
    for (char *text = in, *end; (end = strstr(text, mark)); text = end + strlen(mark), texts++) {
        lem_ids ids = {0};
        assert_int_equal(lem_tokenizer_encode(t, text, (size_t)(end - text), false, &ids, &err), LEM_OK);
        size_t k = 0;
        for (; *line && *line != '\n'; k++) {
            long id = strtol(line, &line, 10);
            if (k >= ids.len || ids.data[k] != id)
                fail_msg("%s: text %d differs at token %zu", name, texts, k);
            while (*line == ' ') line++;
        }
        if (k != ids.len) fail_msg("%s: text %d has %zu tokens, not %zu", name, texts, ids.len, k);
        line += *line == '\n';
        lem_ids_release(&ids);
    }
    assert_true(texts > 30);
    free(in);
    free(out);
    lem_tokenizer_free(t);
    lem_gguf_close(g);
    assert_int_equal(lem_dir_remove(out_path, &err), LEM_OK);
}

static void test_vectors(void **state) {
    (void)state;
    const char *data = getenv("LEMMA_DATA");
    char path[512];
    snprintf(path, sizeof path, "%s/tokenizers/gguf_vocab", data ? data : "");
    if (!data || !lem_file_exists(path)) skip();
    assert_int_equal(lem_dir_remove(out_path, NULL), LEM_OK);
    check_vectors(data, "gpt-2");
    check_vectors(data, "llama-spm");
    lem_err err = LEM_ERR_INIT;
    lem_gguf_report r;
    lem_gguf_opts o = {.dtype = LEM_DTYPE_F32};
    snprintf(path, sizeof path, "%s/tokenizers/gguf_vocab/ggml-vocab-gpt-2.gguf", data);
    assert_int_equal(lem_gguf_to_folder(path, out_path, &o, &r, &err), LEM_EDATA);
}

static int set_up(void **state) {
    (void)state;
    if (!mkdtemp(dir)) return -1;
    snprintf(file_path, sizeof file_path, "%s/m.gguf", dir);
    snprintf(out_path, sizeof out_path, "%s/m", dir);
    return 0;
}

static int take_down(void **state) {
    (void)state;
    return lem_dir_remove(dir, NULL) == LEM_OK ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_models), cmocka_unit_test(test_beside),
                                       cmocka_unit_test(test_wrong), cmocka_unit_test(test_vectors)};
    return cmocka_run_group_tests(tests, set_up, take_down);
}
