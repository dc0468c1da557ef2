/* test_golden_save - saved folders: opened again bit for bit; with a folder as argument left there for
 * tools/golden/check_saved_model.py */
#include "golden_util.h"
#include "model/weights_open.h"

static const char *keep_dir;

enum { TOKENS = 50 };

/* Logits or scores after token ids 1, 4, 7, …, at every position. */
static void compute(const lem_weights *w, lem_backend *b, float *out) {
    const lem_model_config *c = lem_weights_config(w);
    lem_session *s = NULL;
    int32_t ids[TOKENS];
    int node, rows[TOKENS];
    for (int i = 0; i < TOKENS; i++) ids[i] = (1 + 3 * i) % c->vocab;
    OK(lem_session_new(w, b, 4, TOKENS, &s, &gerr));
    OK(lem_session_node(s, -1, &node, &gerr));
    lem_feed feed = {node, ids, TOKENS};
    OK(lem_session_step(s, &feed, 1, &gerr));
    for (int i = 0; i < TOKENS; i++) rows[i] = lem_session_row(s, 0, i);
    if (c->head == LEM_HEAD_LM) host_logits(b, s, TOKENS, rows, c->vocab, out);
    else OK(lem_session_scores(s, TOKENS, rows, out, &gerr));
    lem_session_free(s);
}

/* Saves the model with what it computes, through a model and straight from the files. */
static void save_with_outputs(const lem_model *m, lem_backend *b, const char *dir, lem_dtype dtype) {
    lem_model *again = NULL;
    lem_weights *w = NULL;
    int cols = m->config.head == LEM_HEAD_LM ? m->config.vocab : 1;
    char path[700], want[65], got[65];
    float *out = malloc((size_t)(TOKENS * m->config.vocab) * sizeof *out);
    OK(lem_model_save(m, dir, dtype, &gerr));
    OK(lem_model_open(dir, m->config.head, &again, &gerr));
    if (dtype == LEM_DTYPE_F32) {
        lem_model_hash(m, want);
        lem_model_hash(again, got);
        assert_string_equal(want, got);
    } else {
        for (int i = 0; i < m->n_tensors; i++)
            for (size_t k = m->tensors[i].offset; k < m->tensors[i].offset + m->tensors[i].count; k++)
                assert_true(again->params[k] == lem_bf16_to_f32(lem_f32_to_bf16(m->params[k])));
    }
    OK(lem_weights_new(again, b, dtype, &w, &gerr));
    compute(w, b, out);
    lem_weights_free(w);
    float *straight = malloc((size_t)(TOKENS * m->config.vocab) * sizeof *straight);
    OK(lem_weights_open(dir, m->config.head, b, dtype, &w, &gerr));
    compute(w, b, straight);
    assert_memory_equal(straight, out, (size_t)(TOKENS * cols) * sizeof *out);
    free(straight);
    snprintf(path, sizeof path, "%s/ours.safetensors", dir);
    lem_safetensors_source source = {"output", 2, {TOKENS, cols}, out};
    OK(lem_safetensors_write(path, &source, 1, LEM_DTYPE_F32, &gerr));
    free(out);
    lem_weights_free(w);
    lem_model_free(again);
}

static lem_model *from_seed(lem_arch arch, lem_head head, bool tied) {
    lem_model_config c = {.arch = arch,
                          .head = head,
                          .layers = 2,
                          .width = 64,
                          .ffn = 88,
                          .heads = 4,
                          .kv_heads = 2,
                          .vocab = 120,
                          .max_positions = 128,
                          .tied = tied,
                          .init_range = 0.2f,
                          .bos_id = 1,
                          .eos_id = 2,
                          .pad_id = 0};
    if (arch == LEM_ARCH_LLAMA) c.head_dim = 24; /* not width / heads */
    lem_model *m = NULL;
    OK(lem_model_new(&c, &m, &gerr));
    lem_model_init_random(m, 42);
    return m;
}

static void saved_folders(void **state) {
    (void)state;
    char root[512] = "/tmp/lemma-save-XXXXXX", dir[600];
    lem_backend *b = NULL;
    OK(far_or_plain(LEM_ISA_AUTO, NULL, &b, &gerr));
    if (keep_dir) snprintf(root, sizeof root, "%s", keep_dir);
    else assert_non_null(mkdtemp(root));
    for (int i = 0; i < 16; i++) {
        lem_arch arch = i & 1 ? LEM_ARCH_QWEN2 : LEM_ARCH_LLAMA;
        lem_head head = i & 2 ? LEM_HEAD_SCALAR : LEM_HEAD_LM;
        lem_dtype dtype = i & 8 ? LEM_DTYPE_BF16 : LEM_DTYPE_F32;
        lem_model *m = from_seed(arch, head, i & 4);
        snprintf(dir, sizeof dir, "%s/%s-%s-%s-%s", root, i & 1 ? "qwen2" : "llama", i & 2 ? "rm" : "lm",
                 i & 4 ? "tied" : "untied", lem_dtype_name(dtype));
        save_with_outputs(m, b, dir, dtype);
        lem_model_free(m);
    }
    for (int i = 0; i < 2 * GOLDEN_ARCHS; i++) {
        lem_dtype dtype = i & 1 ? LEM_DTYPE_BF16 : LEM_DTYPE_F32;
        golden g = golden_open(golden_archs[i / 2]);
        snprintf(dir, sizeof dir, "%s/%s-%s", root, golden_archs[i / 2], lem_dtype_name(dtype));
        save_with_outputs(g.m, b, dir, dtype);
        golden_close(&g);
    }
    far_or_plain_free(b);
    if (!keep_dir) OK(lem_dir_remove(root, &gerr));
}

/* The real checkpoint of the shared data (verl's arithmetic model, bf16, trained): opens, computes, and its
 * bf16 weights give fp32's bits. */
static void shared_model(void **state) {
    (void)state;
    const char *data = getenv("LEMMA_DATA");
    char dir[600];
    lem_model *m = NULL;
    lem_backend *b = NULL;
    float *logits[2];
    if (!data) skip();
    snprintf(dir, sizeof dir, "%s/weights/verl_arith", data);
    if (!lem_file_is_dir(dir)) skip();
    OK(lem_model_open(dir, LEM_HEAD_LM, &m, &gerr));
    assert_int_equal(m->config.vocab, 16);
    OK(far_or_plain(LEM_ISA_AUTO, NULL, &b, &gerr));
    int V = m->config.vocab;
    const int32_t ids[] = {3, 4, 10, 5, 6, 11, 7, 8};
    for (int k = 0; k < 2; k++) {
        lem_weights *w = NULL;
        lem_session *s = NULL;
        int node, rows[8];
        OK(lem_weights_new(m, b, k ? LEM_DTYPE_BF16 : LEM_DTYPE_F32, &w, &gerr));
        OK(lem_session_new(w, b, 2, 8, &s, &gerr));
        OK(lem_session_node(s, -1, &node, &gerr));
        lem_feed feed = {node, ids, 8};
        OK(lem_session_step(s, &feed, 1, &gerr));
        for (int i = 0; i < 8; i++) rows[i] = lem_session_row(s, 0, i);
        logits[k] = malloc((size_t)(8 * V) * sizeof(float));
        host_logits(b, s, 8, rows, V, logits[k]);
        lem_session_free(s);
        lem_weights_free(w);
    }
    assert_memory_equal(logits[0], logits[1], (size_t)(8 * V) * sizeof(float));
    if (keep_dir) {
        snprintf(dir, sizeof dir, "%s/verl_arith.safetensors", keep_dir);
        lem_safetensors_source source = {"output", 2, {8, V}, logits[0]};
        OK(lem_safetensors_write(dir, &source, 1, LEM_DTYPE_F32, &gerr));
    }
    free(logits[0]);
    free(logits[1]);
    far_or_plain_free(b);
    lem_model_free(m);
}

int main(int argc, char **argv) {
    keep_dir = argc > 1 ? argv[1] : NULL;
    const struct CMUnitTest tests[] = {cmocka_unit_test(saved_folders), cmocka_unit_test(shared_model)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
