/* test_shards - folders in several files: what is written opens, and every way in which index and shards can
 * differ is named */
#include "support.h"

#include "model/model_priv.h"
#include "weights/shard_index.h"
#include "weights/shards.h"
#include "weights/shards_write.h"

#include <sys/stat.h>
#include <unistd.h>

static char *dir;

static const char *in_dir(const char *name) {
    static char path[4][256];
    static int next;
    next = (next + 1) % 4;
    snprintf(path[next], sizeof path[next], "%s/%s", dir, name);
    return path[next];
}

static void put(const char *name, const char *text) {
    OK(lem_file_write_atomic(in_dir(name), text, strlen(text), &err));
}

/* Replaces the first occurrence in a file. */
static void edit(const char *name, const char *from, const char *to) {
    lem_buf b = {0}, out = {0};
    OK(lem_file_read(in_dir(name), 1 << 20, &b, &err));
    const char *at = strstr(lem_buf_str(&b), from);
    assert_non_null(at);
    lem_buf_add(&out, b.data, (size_t)(at - b.data));
    lem_buf_puts(&out, to);
    lem_buf_puts(&out, at + strlen(from));
    OK(lem_file_write_atomic(in_dir(name), out.data, out.len, &err));
    lem_buf_release(&b);
    lem_buf_release(&out);
}

static void same_model(const lem_model *m) {
    char want[65], have[65];
    lem_model *got = NULL;
    OK(lem_model_open_any(dir, &got, &err));
    lem_model_hash(m, want);
    lem_model_hash(got, have);
    assert_string_equal(want, have);
    lem_model_free(got);
}

static int n_files(void) {
    char **names = NULL;
    size_t n = 0;
    OK(lem_dir_list(dir, &names, &n, &err));
    for (size_t i = 0; i < n; i++) lem_free(names[i]);
    lem_free(names);
    return (int)n;
}

static void round_trip(void **state) {
    (void)state;
    lem_model *m = tiny_model(LEM_ARCH_LLAMA, LEM_HEAD_LM, false);
    lem_shards *s = NULL;
    OK(lem_model_save_shards(m, dir, LEM_DTYPE_F32, 20000, &err));
    same_model(m);
    OK(lem_shards_open(dir, &s, &err));
    int many = lem_shards_files(s);
    uint64_t bytes = 0;
    assert_true(many > 3);
    assert_int_equal(lem_shards_count(s), m->n_tensors);
    for (size_t i = 0; i < lem_shards_count(s); i++) bytes += lem_stored_bytes(lem_shards_at(s, i));
    assert_null(lem_shards_find(s, "nothing"));
    assert_string_equal(lem_path_base(lem_shards_path(s)), LEM_SHARD_INDEX_NAME);
    char first[64], total[64];
    lem_shard_name(1, many, first);
    assert_string_equal(lem_shards_file_name(s, 0), first);
    lem_shards_close(s);
    assert_int_equal(n_files(), many + 2);
    lem_buf a = {0}, b = {0};
    OK(lem_file_read(in_dir(LEM_SHARD_INDEX_NAME), 1 << 20, &a, &err));
    snprintf(total, sizeof total, "\"total_size\": %llu", (unsigned long long)bytes);
    assert_non_null(strstr(a.data, total));
    OK(lem_model_save_shards(m, dir, LEM_DTYPE_F32, 20000, &err)); /* over itself: the same bytes */
    OK(lem_file_read(in_dir(LEM_SHARD_INDEX_NAME), 1 << 20, &b, &err));
    assert_string_equal(a.data, b.data);
    OK(lem_model_save_shards(m, dir, LEM_DTYPE_F32, 60000, &err)); /* other shards: the old ones go */
    same_model(m);
    assert_true(n_files() < many + 2);
    OK(lem_model_save(m, dir, LEM_DTYPE_F32, &err)); /* one file: index and shards go */
    same_model(m);
    assert_int_equal(n_files(), 2);
    OK(lem_model_save_shards(m, dir, LEM_DTYPE_F32, 20000, &err));
    assert_false(lem_file_exists(in_dir("model.safetensors")));
    OK(lem_model_save_shards(m, dir, LEM_DTYPE_F32, 1, &err)); /* one shard per tensor */
    same_model(m);
    lem_buf_release(&a);
    lem_buf_release(&b);
    lem_model_free(m);
}

static void refuse_index(const char *text, const char *part) {
    lem_model *got = NULL;
    put(LEM_SHARD_INDEX_NAME, text);
    FAILS(lem_model_open_any(dir, &got, &err), LEM_EDATA, part);
    assert_non_null(strstr(err.text, LEM_SHARD_INDEX_NAME));
    assert_null(strchr(err.text, '\n'));
}

static void bad_indexes(void **state) {
    (void)state;
    lem_model *m = tiny_model(LEM_ARCH_LLAMA, LEM_HEAD_LM, true);
    OK(lem_model_save(m, dir, LEM_DTYPE_F32, &err));
    OK(lem_file_remove(in_dir("model.safetensors"), &err));
    refuse_index("", "empty");
    refuse_index("[]", "no object");
    refuse_index("{}", "weight_map is missing");
    refuse_index("{\"weight_map\":{}}", "missing or empty");
    refuse_index("{\"weight_map\":{\"a\":1}}", "'a' must name a file, not integer");
    refuse_index("{\"weight_map\":{\"a\":\"\"}}", "no plain file name");
    refuse_index("{\"weight_map\":{\"a\":\"../model.safetensors\"}}", "no plain file name");
    refuse_index("{\"weight_map\":{\"a\":\"/etc/passwd\"}}", "no plain file name");
    refuse_index("{\"weight_map\":{\"a\":\"..\"}}", "no plain file name");
    refuse_index("{\"weight_map\":{\"a\":\"x\\\\y.safetensors\"}}", "no plain file name");
    refuse_index("{\"weight_map\":{\"a\":\"x.safetensors\\u0000y\"}}", "no plain file name");
    refuse_index("{\"weight_map\":{\"a\":\"pytorch_model-1.bin\"}}", "converted to safetensors");
    refuse_index("{\"weight_map\":{\"a\":\"x.npz\"}}", "no .safetensors file");
    refuse_index("{\"weight_map\":{\"a\":\"x.safetensors\"}}", "x.safetensors is missing");
    refuse_index("{\"weight_map\":{\"a\":\"x.safetensors\",\"a\":\"y.safetensors\"}}", "JSON");
    refuse_index("{\"metadata\":{\"total_size\":\"x\"},\"weight_map\":{\"a\":\"x.safetensors\"}}",
                 "total_size");
    refuse_index("{\"metadata\":{\"total_size\":-5},\"weight_map\":{\"a\":\"x.safetensors\"}}", "total_size");
    lem_buf b = {0};
    lem_buf_puts(&b, "{\"weight_map\":{");
    for (int i = 0; i <= LEM_SHARDS_MAX; i++)
        lem_buf_printf(&b, "%s\"t%d\":\"s%d.safetensors\"", i ? "," : "", i, i);
    lem_buf_puts(&b, "}}");
    refuse_index(lem_buf_str(&b), "more than 512 files");
    lem_buf_release(&b);
    lem_model_free(m);
}

static void copy_file(const char *from, const char *to) {
    lem_buf b = {0};
    OK(lem_file_read(in_dir(from), 1 << 20, &b, &err));
    OK(lem_file_write_atomic(in_dir(to), b.data, b.len, &err));
    lem_buf_release(&b);
}

/* The folder with one thing changed in the index; then as it was. */
static void refuse_edit(const char *from, const char *to, const char *part) {
    lem_model *got = NULL;
    edit(LEM_SHARD_INDEX_NAME, from, to);
    FAILS(lem_model_open_any(dir, &got, &err), LEM_EDATA, part);
    assert_null(strchr(err.text, '\n'));
    edit(LEM_SHARD_INDEX_NAME, to, from);
}

static void index_against_shards(void **state) {
    (void)state;
    lem_model *m = tiny_model(LEM_ARCH_LLAMA, LEM_HEAD_LM, true), *got = NULL;
    lem_shards *s = NULL;
    OK(lem_model_save_shards(m, dir, LEM_DTYPE_F32, 20000, &err));
    OK(lem_shards_open(dir, &s, &err));
    int n = lem_shards_files(s);
    lem_shards_close(s);
    assert_true(n > 2);
    char last[64], one[256], two[256], file[128];
    lem_shard_name(n, n, last);
    snprintf(one, sizeof one, "\"model.norm.weight\": \"%s\"", last);
    lem_shard_name(1, n, file);
    snprintf(two, sizeof two, "\"model.norm.weight\": \"%s\"", file);
    refuse_edit(one, two, "not in the shard the index names 'model.norm.weight' (model-00001-of-");
    refuse_edit("\"model.norm.weight\"", "\"model.other.weight\"",
                "not in the shard the index names 'model.other.weight'");
    refuse_edit("\"model.norm.weight\"", "\"model.other.weight\"",
                "in a shard but not in the index 'model.norm.weight'");
    refuse_edit("\"total_size\": ", "\"total_size\": 1", "metadata.total_size is 1");
    edit(LEM_SHARD_INDEX_NAME, "\"total_size\"", "\"total\""); /* not stated: nothing to contradict */
    same_model(m);
    edit(LEM_SHARD_INDEX_NAME, "\"total\"", "\"total_size\"");
    copy_file(file, "twice.safetensors"); /* a second copy that the index names too */
    edit(LEM_SHARD_INDEX_NAME, "\"weight_map\": {", "\"weight_map\": {\"x\": \"twice.safetensors\",");
    FAILS(lem_model_open_any(dir, &got, &err), LEM_EDATA, "stands in two files");
    edit(LEM_SHARD_INDEX_NAME, "\"weight_map\": {\"x\": \"twice.safetensors\",", "\"weight_map\": {");
    same_model(m); /* files that the index does not name do not count */
    OK(lem_file_remove(in_dir(last), &err));
    FAILS(lem_model_open_any(dir, &got, &err), LEM_EDATA, "is missing");
    OK(lem_dir_make(in_dir(last), &err));
    FAILS(lem_model_open_any(dir, &got, &err), LEM_EDATA, "not a regular file");
    assert_null(got);
    lem_model_free(m);
}

/* As the cache of Hugging Face lays folders out: names that link to ../../blobs. */
static void links(void **state) {
    (void)state;
    lem_model *m = tiny_model(LEM_ARCH_QWEN2, LEM_HEAD_LM, true);
    char **names = NULL, *root = dir;
    size_t n = 0;
    char blobs[128], snapshot[128], from[512], to[512];
    snprintf(blobs, sizeof blobs, "%s/blobs", root);
    snprintf(snapshot, sizeof snapshot, "%s/snapshots/abc", root);
    OK(lem_model_save_shards(m, blobs, LEM_DTYPE_F32, 20000, &err));
    OK(lem_dir_make(snapshot, &err));
    OK(lem_dir_list(blobs, &names, &n, &err));
    for (size_t i = 0; i < n; i++) {
        snprintf(to, sizeof to, "../../blobs/%s", names[i]);
        snprintf(from, sizeof from, "%s/%s", snapshot, names[i]);
        assert_int_equal(symlink(to, from), 0);
        lem_free(names[i]);
    }
    lem_free(names);
    dir = snapshot;
    same_model(m);
    dir = root;
    lem_model_free(m);
}

static void other_formats(void **state) {
    (void)state;
    lem_model *m = tiny_model(LEM_ARCH_LLAMA, LEM_HEAD_LM, false), *got = NULL;
    OK(lem_model_save(m, dir, LEM_DTYPE_F16, &err));
    OK(lem_model_open_any(dir, &got, &err));
    for (int i = 0; i < m->n_tensors; i++)
        for (size_t k = 0; k < m->tensors[i].count; k++) {
            size_t at = m->tensors[i].offset + k;
            assert_true(got->params[at] == lem_f16_to_f32(lem_f32_to_f16(m->params[at])));
        }
    lem_model_free(got);
    m->params[5] = 1e6f; /* more than F16 holds: refused, and the folder stays as it was */
    FAILS(lem_model_save(m, dir, LEM_DTYPE_F16, &err), LEM_EDATA,
          "model.embed_tokens.weight' holds 1e+06, which F16 cannot hold, at 5");
    OK(lem_model_open_any(dir, &got, &err));
    lem_model_free(got);
    OK(lem_file_remove(in_dir("model.safetensors"), &err));
    put("pytorch_model.bin", "PK");
    FAILS(lem_model_open_any(dir, &got, &err), LEM_EDATA, "only pytorch_model.bin is there");
    OK(lem_file_remove(in_dir("pytorch_model.bin"), &err));
    put("pytorch_model.bin.index.json", "{}");
    FAILS(lem_model_open_any(dir, &got, &err), LEM_EDATA, "only pytorch_model.bin is there");
    lem_model_free(m);
}

/* inv_freq buffers of old exporters are left out; many differences end in a count. */
static void spare_and_many(void **state) {
    (void)state;
    lem_model *m = tiny_model(LEM_ARCH_LLAMA, LEM_HEAD_LM, true), *got = NULL;
    lem_safetensors_source s[64];
    size_t n = 0;
    OK(lem_model_save(m, dir, LEM_DTYPE_F32, &err));
    for (int i = 0; i < m->n_tensors; i++)
        s[n++] = (lem_safetensors_source){m->tensors[i].name,
                                          m->tensors[i].rank,
                                          {m->tensors[i].shape[0], m->tensors[i].shape[1]},
                                          m->params};
    s[n++] = (lem_safetensors_source){"model.layers.0.self_attn.rotary_emb.inv_freq", 1, {4, 1}, m->params};
    s[n++] = (lem_safetensors_source){"model.rotary_emb.inv_freq", 1, {4, 1}, m->params};
    OK(lem_safetensors_write(in_dir("model.safetensors"), s, n, LEM_DTYPE_F32, &err));
    OK(lem_model_open_any(dir, &got, &err));
    lem_model_free(got);
    OK(lem_safetensors_write(in_dir("model.safetensors"), s + n - 2, 2, LEM_DTYPE_F32, &err));
    FAILS(lem_model_open_any(dir, &got, &err), LEM_EDATA, "missing 'model.embed_tokens.weight', ");
    assert_non_null(strstr(err.text, " and 16 more"));
    lem_model_free(m);
}

/* Each allocation of a sharded save over another fails once: the folder opens with the old weights or the
 * new, or not at all, never with a mixture. */
static void no_memory(void **state) {
    (void)state;
    lem_model *m = tiny_model(LEM_ARCH_QWEN2, LEM_HEAD_LM, false),
              *other = tiny_model(LEM_ARCH_QWEN2, LEM_HEAD_LM, false);
    char old[65], new[65], have[65];
    for (size_t i = 0; i < other->n_params; i++) other->params[i] *= 2;
    lem_model_hash(m, old);
    lem_model_hash(other, new);
    OK(lem_model_save_shards(m, dir, LEM_DTYPE_F32, 20000, &err));
    lem_status st = LEM_EMEM;
    int opened = 0, closed = 0;
    for (uint64_t k = 1; k < 5000 && st != LEM_OK; k++) {
        lem_model *now = NULL;
        lem_mem_fail_after(k, false);
        st = lem_model_save_shards(other, dir, LEM_DTYPE_F32, 20000, &err);
        lem_mem_fail_after(0, false);
        if (lem_model_open_any(dir, &now, &err) != LEM_OK) {
            closed++;
            assert_true(st != LEM_OK);
            OK(lem_model_save_shards(m, dir, LEM_DTYPE_F32, 20000, &err));
            continue;
        }
        lem_model_hash(now, have);
        lem_model_free(now);
        opened++;
        assert_true(strcmp(have, old) == 0 || strcmp(have, new) == 0);
        assert_true(st != LEM_OK || strcmp(have, new) == 0);
        if (strcmp(have, new) == 0) OK(lem_model_save_shards(m, dir, LEM_DTYPE_F32, 20000, &err));
    }
    assert_int_equal(st, LEM_OK);
    assert_true(opened > closed && opened > 20);
    lem_model_free(m);
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

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {T(round_trip), T(bad_indexes),   T(index_against_shards),
                                       T(links),      T(other_formats), T(spare_and_many),
                                       T(no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
