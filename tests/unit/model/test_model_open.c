/* test_model_open - folders: every way of not fitting is named in one line */
#include "support.h"

static char *dir;

/* Writes m's tensors with one left out, one added, or one of another shape. */
static void write_tensors(const lem_model *m, const char *without, const char *extra, const char *reshaped) {
    char path[256];
    lem_safetensors_source s[64];
    size_t n = 0;
    for (int i = 0; i < m->n_tensors; i++) {
        const lem_tensor *t = &m->tensors[i];
        if (without && strcmp(t->name, without) == 0) continue;
        s[n++] =
            (lem_safetensors_source){t->name, t->rank, {t->shape[0], t->shape[1]}, m->params + t->offset};
        if (reshaped && strcmp(t->name, reshaped) == 0) s[n - 1].shape[0]--;
    }
    if (extra)
        s[n++] = (lem_safetensors_source){
            extra, 2, {m->config.vocab, m->config.width}, m->params + lem_model_at(m, LEM_ROLE_EMBED, -1)};
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    OK(lem_safetensors_write(path, s, n, LEM_DTYPE_F32, &err));
}

static void misfits(void **state) {
    (void)state;
    lem_model *m = tiny_model(LEM_ARCH_QWEN2, LEM_HEAD_LM, true), *got = NULL;
    FAILS(lem_model_open("/tmp/lemma-no-such-folder", LEM_HEAD_LM, &got, &err), LEM_EDATA,
          "no such folder; a model folder is expected here");
    FAILS(lem_model_open(dir, LEM_HEAD_LM, &got, &err), LEM_EDATA, "config.json is missing");
    OK(lem_model_save(m, dir, LEM_DTYPE_F32, &err));
    OK(lem_model_open(dir, LEM_HEAD_LM, &got, &err));
    lem_model_free(got);
    got = NULL;
    write_tensors(m, "model.norm.weight", NULL, NULL);
    FAILS(lem_model_open_any(dir, &got, &err), LEM_EDATA, "missing 'model.norm.weight'");
    write_tensors(m, NULL, "model.extra.weight", NULL);
    FAILS(lem_model_open_any(dir, &got, &err), LEM_EDATA, "unexpected 'model.extra.weight'");
    write_tensors(m, NULL, NULL, "model.layers.1.mlp.up_proj.weight");
    FAILS(lem_model_open_any(dir, &got, &err), LEM_EDATA,
          "'model.layers.1.mlp.up_proj.weight' ([40,32] expected, [39,32] found)");
    write_tensors(m, "model.layers.0.self_attn.k_proj.bias", "other", "model.norm.weight");
    FAILS(lem_model_open_any(dir, &got, &err), LEM_EDATA, "missing 'model.layers.0.self_attn.k_proj.bias'");
    assert_non_null(strstr(err.text, "'model.norm.weight' ([32] expected, [31] found)"));
    assert_non_null(strstr(err.text, "unexpected 'other'"));
    assert_null(strchr(err.text, '\n'));
    assert_null(got);
    lem_model_free(m);
}

static void tied_copy(void **state) {
    (void)state;
    lem_model *m = tiny_model(LEM_ARCH_LLAMA, LEM_HEAD_LM, true), *got = NULL;
    OK(lem_model_save(m, dir, LEM_DTYPE_F32, &err));
    write_tensors(m, NULL, "lm_head.weight", NULL); /* a copy of the embedding is fine */
    OK(lem_model_open(dir, LEM_HEAD_LM, &got, &err));
    assert_int_equal(lem_model_at(got, LEM_ROLE_LM_HEAD, -1), lem_model_at(got, LEM_ROLE_EMBED, -1));
    lem_model_free(got);
    m->at[LEM_ROLE_EMBED] = lem_model_at(m, LEM_ROLE_GATE, 0); /* other values under that name are not */
    write_tensors(m, NULL, "lm_head.weight", NULL);
    FAILS(lem_model_open(dir, LEM_HEAD_LM, &got, &err), LEM_EDATA, "tie_word_embeddings");
    lem_model_free(m);
}

static void missing_heads(void **state) {
    (void)state;
    lem_model *lm = tiny_model(LEM_ARCH_LLAMA, LEM_HEAD_LM, false),
              *rm = tiny_model(LEM_ARCH_LLAMA, LEM_HEAD_SCALAR, false), *got = NULL;
    OK(lem_model_save(lm, dir, LEM_DTYPE_BF16, &err));
    FAILS(lem_model_open(dir, LEM_HEAD_SCALAR, &got, &err), LEM_EDATA, "score.weight");
    OK(lem_model_save(rm, dir, LEM_DTYPE_F32, &err));
    FAILS(lem_model_open(dir, LEM_HEAD_LM, &got, &err), LEM_EDATA, "a language model is needed");
    write_tensors(rm, "score.weight", NULL, NULL);
    FAILS(lem_model_open(dir, LEM_HEAD_SCALAR, &got, &err), LEM_EDATA, "score.weight");
    FAILS(lem_model_open_any(dir, &got, &err), LEM_EDATA, "score.weight");
    write_tensors(rm, "lm_head.weight", NULL, NULL); /* as Transformers saves a reward model */
    OK(lem_model_open(dir, LEM_HEAD_SCALAR, &got, &err));
    assert_int_equal(lem_model_at(got, LEM_ROLE_LM_HEAD, -1), SIZE_MAX);
    lem_model *none = NULL;
    FAILS(lem_model_with_head(got, LEM_HEAD_LM, 0, &none, &err), LEM_EDATA, "lm_head.weight");
    lem_model_free(got);
    lem_model_free(lm);
    lem_model_free(rm);
}

static void damaged_files(void **state) {
    (void)state;
    lem_model *m = tiny_model(LEM_ARCH_LLAMA, LEM_HEAD_LM, false), *got = NULL;
    char path[256], index[256];
    lem_buf x = {0};
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    snprintf(index, sizeof index, "%s/model.safetensors.index.json", dir);
    OK(lem_model_save(m, dir, LEM_DTYPE_F32, &err));
    OK(lem_file_read(path, 1 << 20, &x, &err));
    OK(lem_file_write_atomic(path, x.data, x.len / 2, &err));
    FAILS(lem_model_open_any(dir, &got, &err), LEM_EDATA, "truncated");
    assert_non_null(strstr(err.text, "model.safetensors"));
    m->params[3] = NAN;
    FAILS(lem_model_save(m, dir, LEM_DTYPE_BF16, &err), LEM_EDATA,
          "embed_tokens.weight' holds nan, which BF16 cannot hold, at 3");
    write_tensors(m, NULL, NULL, NULL);
    FAILS(lem_model_open_any(dir, &got, &err), LEM_EDATA,
          "model.embed_tokens.weight' holds a value that is not finite");
    OK(lem_file_remove(path, &err));
    FAILS(lem_model_open_any(dir, &got, &err), LEM_EDATA, "model.safetensors is missing");
    OK(lem_file_write_atomic(index, "{}", 2, &err));
    FAILS(lem_model_open_any(dir, &got, &err), LEM_EDATA, "weight_map is missing");
    OK(lem_file_remove(index, &err));
    char config[256];
    snprintf(config, sizeof config, "%s/config.json", dir);
    OK(lem_file_write_atomic(config, "{\"architectures\":[\"GPT2LMHeadModel\"]}", 37, &err));
    FAILS(lem_model_open_any(dir, &got, &err), LEM_EDATA, "GPT2LMHeadModel");
    assert_non_null(strstr(err.text, "config.json"));
    lem_buf_release(&x);
    lem_model_free(m);
}

/* Each allocation fails once: an error, no leak (under ASan), nothing returned; a failed save leaves the
 * folder as it was. */
static void no_memory(void **state) {
    (void)state;
    lem_model *m = tiny_model(LEM_ARCH_QWEN2, LEM_HEAD_SCALAR, false), *got = NULL, *other = NULL;
    char want[65], have[65];
    OK(lem_model_save(m, dir, LEM_DTYPE_F32, &err));
    lem_model_hash(m, want);
    lem_status st = LEM_EMEM;
    uint64_t k = 1;
    for (; k < 2000 && st != LEM_OK; k++) {
        lem_mem_fail_after(k, false);
        st = lem_model_open_any(dir, &got, &err);
        lem_mem_fail_after(0, false);
        if (st != LEM_OK) assert_int_equal(st, LEM_EMEM);
    }
    assert_int_equal(st, LEM_OK);
    assert_true(k > 10);
    OK(lem_model_with_head(m, LEM_HEAD_SCALAR, 1, &other, &err));
    other->params[0] += 1;
    st = LEM_EMEM;
    for (k = 1; k < 2000 && st != LEM_OK; k++) {
        lem_model *now = NULL;
        lem_mem_fail_after(k, false);
        st = lem_model_save(other, dir, LEM_DTYPE_F32, &err);
        lem_mem_fail_after(0, false);
        OK(lem_model_open_any(dir, &now, &err)); /* whole at any time: the old weights or the new */
        lem_model_hash(now, have);
        lem_model_free(now);
        if (st != LEM_OK && strcmp(want, have) != 0) lem_model_hash(other, want);
        assert_true(st == LEM_OK || strcmp(want, have) == 0);
    }
    assert_int_equal(st, LEM_OK);
    lem_model_free(m);
    lem_model_free(got);
    lem_model_free(other);
}

static int setup(void **state) {
    (void)state;
    dir = temp_dir();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    return lem_dir_remove(dir, &err) != LEM_OK;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(misfits, setup, teardown),
                                       cmocka_unit_test_setup_teardown(tied_copy, setup, teardown),
                                       cmocka_unit_test_setup_teardown(missing_heads, setup, teardown),
                                       cmocka_unit_test_setup_teardown(damaged_files, setup, teardown),
                                       cmocka_unit_test_setup_teardown(no_memory, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
