/* test_model_convert - folders written again: types, shards, tying, heads; same bytes where nothing changes;
 * nothing half done */
#include "support.h"

#include "model/model_convert.h"
#include "model/model_priv.h"
#include "weights/shard_index.h"

static char *root;
static char from[128], to[128];

static void put(const char *dir, const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    OK(lem_file_write_atomic(path, text, strlen(text), &err));
}

static bool is_there(const char *dir, const char *name) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return lem_file_exists(path);
}

static void read_from(const char *dir, const char *name, lem_buf *out) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    OK(lem_file_read(path, 1 << 24, out, &err));
}

static void same_file(const char *name) {
    lem_buf a = {0}, b = {0};
    read_from(from, name, &a);
    read_from(to, name, &b);
    assert_int_equal(a.len, b.len);
    if (a.len) assert_memory_equal(a.data, b.data, a.len);
    lem_buf_release(&a);
    lem_buf_release(&b);
}

static void convert(lem_convert_opts o, lem_convert_report *r) {
    lem_convert_report own;
    OK(lem_dir_remove(to, &err));
    OK(lem_model_convert(from, to, &o, r ? r : &own, &err));
    assert_false(is_there(root, "to.lemma-partial"));
    assert_false(is_there(root, "to.lock"));
}

static lem_model *open_at(const char *dir) {
    lem_model *m = NULL;
    OK(lem_model_open_any(dir, &m, &err));
    return m;
}

static void same_bytes(void **state) {
    (void)state;
    for (int k = 0; k < 6; k++) {
        lem_model *m = tiny_model(k % 2 ? LEM_ARCH_QWEN2 : LEM_ARCH_LLAMA,
                                  k > 3 ? LEM_HEAD_SCALAR : LEM_HEAD_LM, k % 4 < 2);
        uint64_t shard = k % 3 ? 20000 : 0;
        OK(lem_dir_remove(from, &err));
        OK(lem_model_save_shards(m, from, (lem_dtype)(k % 3), shard, &err));
        put(from, "generation_config.json", "{ \"temperature\" : 0.70 }");
        put(from, "tokenizer.json", "{}");
        put(from, "chat_template.jinja", "{{ messages }}");
        put(from, "pytorch_model.bin", "not copied");
        put(from, "notes.gguf", "not copied");
        lem_convert_report r;
        convert((lem_convert_opts){.shard_bytes = shard}, &r);
        assert_int_equal(r.side_files, 3);
        assert_int_equal(r.tensors, m->n_tensors);
        char **names = NULL;
        size_t n = 0;
        OK(lem_dir_list(to, &names, &n, &err));
        assert_int_equal(n, (size_t)r.side_files + (size_t)r.shards + 1 + (r.shards > 1));
        for (size_t i = 0; i < n; i++) {
            same_file(names[i]);
            lem_free(names[i]);
        }
        lem_free(names);
        lem_model_free(m);
    }
}

/* Every pair of types: the values are those of rounding once; config.json keeps what it does not know. */
static void types(void **state) {
    (void)state;
    for (int k = 0; k < 9; k++) {
        lem_dtype a = (lem_dtype)(k / 3), b = (lem_dtype)(k % 3);
        lem_model *m = tiny_model(LEM_ARCH_LLAMA, LEM_HEAD_LM, true);
        OK(lem_model_save(m, from, a, &err));
        lem_buf config = {0}, edited = {0};
        read_from(from, "config.json", &config);
        lem_buf_puts(&edited, "{\"my_field\": [1, 2.50],");
        lem_buf_puts(&edited, lem_buf_str(&config) + 1);
        put(from, "config.json", lem_buf_str(&edited));
        convert((lem_convert_opts){.set_dtype = true, .dtype = b, .shard_bytes = 20000}, NULL);
        lem_model *was = open_at(from), *now = open_at(to);
        for (int i = 0; i < was->n_tensors; i++)
            for (size_t at = was->tensors[i].offset; at < was->tensors[i].offset + was->tensors[i].count;
                 at++) {
                float x = was->params[at];
                assert_true(now->params[at] == (b == LEM_DTYPE_F32    ? x
                                                : b == LEM_DTYPE_BF16 ? lem_bf16_to_f32(lem_f32_to_bf16(x))
                                                                      : lem_f16_to_f32(lem_f32_to_f16(x))));
            }
        lem_buf_release(&config);
        read_from(to, "config.json", &config);
        assert_non_null(strstr(lem_buf_str(&config), "my_field"));
        static const char *const names[] = {"\"float32\"", "\"bfloat16\"", "\"float16\""};
        assert_non_null(strstr(lem_buf_str(&config), names[b]));
        lem_buf_release(&config);
        lem_buf_release(&edited);
        lem_model_free(was);
        lem_model_free(now);
        lem_model_free(m);
    }
}

static void tying(void **state) {
    (void)state;
    lem_model *m = tiny_model(LEM_ARCH_LLAMA, LEM_HEAD_LM, true), *got;
    lem_convert_report r;
    OK(lem_model_save(m, from, LEM_DTYPE_F32, &err));
    convert((lem_convert_opts){.tie = LEM_TIE_UNTIE}, NULL);
    got = open_at(to);
    assert_false(got->config.tied);
    assert_true(lem_model_at(got, LEM_ROLE_LM_HEAD, -1) != lem_model_at(got, LEM_ROLE_EMBED, -1));
    assert_memory_equal(got->params + lem_model_at(got, LEM_ROLE_LM_HEAD, -1),
                        m->params + lem_model_at(m, LEM_ROLE_EMBED, -1), 50 * 32 * sizeof(float));
    OK(lem_dir_remove(from, &err));
    OK(lem_file_rename(to, from, &err));
    convert((lem_convert_opts){.tie = LEM_TIE_TIE}, NULL); /* and back */
    lem_model *back = open_at(to);
    assert_true(back->config.tied);
    char want[65], have[65];
    lem_model_hash(m, want);
    lem_model_hash(back, have);
    assert_string_equal(want, have);
    got->params[lem_model_at(got, LEM_ROLE_LM_HEAD, -1) + 40] += 1;
    OK(lem_model_save(got, from, LEM_DTYPE_F32, &err));
    OK(lem_dir_remove(to, &err));
    FAILS(lem_model_convert(from, to, &(lem_convert_opts){.tie = LEM_TIE_TIE}, &r, &err), LEM_EDATA,
          "differs from the embedding (at 40)");
    assert_false(is_there(root, "to"));
    lem_model_free(back);
    lem_model_free(got);
    lem_model_free(m);
}

static void heads(void **state) {
    (void)state;
    lem_model *m = tiny_model(LEM_ARCH_QWEN2, LEM_HEAD_LM, false), *want = NULL, *got;
    lem_convert_report r;
    char a[65], b[65];
    OK(lem_model_save(m, from, LEM_DTYPE_F32, &err));
    convert((lem_convert_opts){.head = LEM_RELABEL_SCORE, .seed = 11}, &r);
    assert_true(r.drew_head);
    OK(lem_model_with_head(m, LEM_HEAD_SCALAR, 11, &want, &err));
    got = open_at(to);
    lem_model_hash(want, a);
    lem_model_hash(got, b);
    assert_string_equal(a, b);
    lem_model_free(got);
    OK(lem_dir_remove(from, &err));
    OK(lem_file_rename(to, from, &err));
    convert((lem_convert_opts){.head = LEM_RELABEL_LM}, &r);
    assert_false(r.drew_head);
    got = open_at(to);
    lem_model_hash(m, a);
    lem_model_hash(got, b);
    assert_string_equal(a, b);
    convert((lem_convert_opts){.head = LEM_RELABEL_SCORE}, &r); /* it has that head: nothing is drawn */
    assert_false(r.drew_head);
    same_file("model.safetensors");
    same_file("config.json");
    lem_model_free(got);
    lem_model_free(want);
    lem_model_free(m);
}

static void places(void **state) {
    (void)state;
    lem_model *m = tiny_model(LEM_ARCH_LLAMA, LEM_HEAD_LM, true);
    lem_convert_opts o = {0};
    lem_convert_report r;
    OK(lem_model_save(m, from, LEM_DTYPE_F32, &err));
    FAILS(lem_model_convert("/tmp/lemma-no-such", to, &o, &r, &err), LEM_EDATA,
          "no such folder; a model folder is expected here");
    assert_false(is_there(root, "to"));
    OK(lem_dir_make(to, &err)); /* an empty folder may be filled */
    OK(lem_model_convert(from, to, &o, &r, &err));
    FAILS(lem_model_convert(from, to, &o, &r, &err), LEM_EUSAGE, "exists already");
    FAILS(lem_model_convert(from, from, &o, &r, &err), LEM_EUSAGE, "exists already");
    put(root, "file", "x");
    char file[160];
    snprintf(file, sizeof file, "%s/file", root);
    FAILS(lem_model_convert(from, file, &o, &r, &err), LEM_EUSAGE, "no folder");
    o = (lem_convert_opts){.overwrite = true, .set_dtype = true, .dtype = LEM_DTYPE_BF16};
    OK(lem_model_convert(from, to, &o, &r, &err));
    char slash[160];
    snprintf(slash, sizeof slash, "%s//", from);
    OK(lem_model_convert(from, slash, &o, &r, &err)); /* in place */
    same_file("model.safetensors");
    same_file("config.json");
    char **names = NULL;
    size_t n = 0;
    OK(lem_dir_list(root, &names, &n, &err));
    assert_int_equal(n, 3); /* from, to, file: nothing else is left */
    for (size_t i = 0; i < n; i++) lem_free(names[i]);
    lem_free(names);
    m->params[0] = 70000;
    OK(lem_model_save(m, from, LEM_DTYPE_F32, &err));
    o.dtype = LEM_DTYPE_F16;
    FAILS(lem_model_convert(from, to, &o, &r, &err), LEM_EDATA, "which F16 cannot hold");
    lem_model *old = open_at(to); /* still what it was */
    lem_model_free(old);
    lem_model_free(m);
}

static void no_memory(void **state) {
    (void)state;
    lem_model *m = tiny_model(LEM_ARCH_LLAMA, LEM_HEAD_LM, true);
    lem_convert_opts o = {.set_dtype = true, .dtype = LEM_DTYPE_F16, .shard_bytes = 20000};
    lem_convert_report r;
    OK(lem_model_save(m, from, LEM_DTYPE_F32, &err));
    put(from, "tokenizer.json", "{}");
    lem_status st = LEM_EMEM;
    uint64_t k = 1;
    for (; k < 5000 && st != LEM_OK; k++) {
        lem_mem_fail_after(k, false);
        st = lem_model_convert(from, to, &o, &r, &err);
        lem_mem_fail_after(0, false);
        if (st != LEM_OK)
            assert_false(is_there(root, "to") && is_there(to, LEM_SHARD_INDEX_NAME) &&
                         !is_there(to, "config.json"));
        if (st != LEM_OK) OK(lem_dir_remove(to, &err));
    }
    assert_int_equal(st, LEM_OK);
    assert_true(k > 50);
    lem_model_free(open_at(to));
    lem_model_free(m);
}

static int setup(void **state) {
    (void)state;
    root = temp_dir();
    snprintf(from, sizeof from, "%s/from", root);
    snprintf(to, sizeof to, "%s/to", root);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    return lem_dir_remove(root, &err) != LEM_OK;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {T(same_bytes), T(types), T(tying), T(heads), T(places), T(no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
