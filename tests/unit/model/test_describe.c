/* test_describe.c - the facts of a model folder, as JSON and as lines */
#include "model/describe.h"

#include "compute/backend.h"
#include "core/hash.h"
#include "model/net.h"
#include "model/session.h"

#include "support.h"

static char *dir;

static void put_file(const char *name, const char *text) {
    char *path = lem_path_join(dir, name, &err);
    OK(lem_file_write_atomic(path, text, strlen(text), &err));
    lem_free(path);
}

static int make_folder(void **state) {
    (void)state;
    dir = temp_dir();
    lem_model *m = tiny_model(LEM_ARCH_QWEN2, LEM_HEAD_LM, true);
    OK(lem_model_save(m, dir, LEM_DTYPE_F32, &err));
    lem_model_free(m);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    return lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

static void is_text(const lem_json *facts, const char *path, const char *want) {
    const char *got = lem_json_str(lem_json_find(facts, path), NULL);
    if (!got || strcmp(got, want) != 0) fail_msg("%s: %s, not %s", path, got ? got : "absent", want);
}

static void is_int(const lem_json *facts, const char *path, int64_t want) {
    assert_int_equal(lem_json_int(lem_json_find(facts, path), -1), want);
}

static void is_null(const lem_json *facts, const char *path) {
    assert_non_null(lem_json_find(facts, path));
    assert_int_equal(lem_json_kind(lem_json_find(facts, path)), LEM_JSON_NULL);
}

static lem_json *describe(bool hash) {
    lem_folder f;
    lem_json *facts = lem_json_new_object();
    OK(lem_folder_open(dir, NULL, &f, &err));
    OK(lem_model_describe(dir, &f, hash, facts, &err));
    OK(lem_model_describe_head(&f.table->config.reward, NULL, "\n\n", facts, &err));
    OK(lem_model_describe_use(dir, &f, 2, facts, &err));
    lem_folder_release(&f);
    return facts;
}

static void a_language_model(void **state) {
    (void)state;
    lem_json *facts = describe(false);
    lem_model_config c = tiny(LEM_ARCH_QWEN2, LEM_HEAD_LM, true);
    OK(lem_model_config_check(&c, &err));
    is_text(facts, "architecture", "Qwen2ForCausalLM");
    is_text(facts, "family", "qwen2");
    is_int(facts, "shape.layers", 2);
    is_int(facts, "shape.width", 32);
    is_int(facts, "shape.head_dim", 8);
    is_int(facts, "shape.context", 200);
    is_null(facts, "shape.window");
    assert_true(lem_json_bool(lem_json_find(facts, "shape.tied"), false));
    assert_true(lem_json_bool(lem_json_find(facts, "shape.qkv_bias"), false));
    lem_model *m = tiny_model(LEM_ARCH_QWEN2, LEM_HEAD_LM, true);
    is_int(facts, "parameters", (int64_t)m->n_params);
    is_int(facts, "dtypes.F32", m->n_tensors);
    is_text(facts, "files.0.name", "model.safetensors");
    assert_true(lem_json_int(lem_json_find(facts, "files.0.bytes"), 0) > (int64_t)(m->n_params * 4));
    is_null(facts, "files.0.sha256");
    is_null(facts, "generation");
    is_int(facts, "memory.tokens", 200); /* no more than the context */
    size_t session = lem_session_bytes(&c, LEM_DTYPE_F32, 200 / LEM_PAGE_KEYS + 2, 200);
    is_int(facts, "memory.run_f32", (int64_t)(lem_weights_bytes(&c, LEM_DTYPE_F32) + session));
    is_int(facts, "memory.train",
           (int64_t)(5 * m->n_params * sizeof(float) +
                     lem_net_part_bytes(&c, (lem_net_size){200, 1}, &(lem_trainable){0})));
    lem_model_free(m);
    assert_null(lem_json_find(facts, "head.position"));
    assert_non_null(lem_json_str(lem_json_find(facts, "head.note"), NULL)); /* no score can be read */
    lem_json_free(facts);
}

static void hashes_on_request(void **state) {
    (void)state;
    lem_json *facts = describe(true);
    char hex[65], *path = lem_path_join(dir, "model.safetensors", &err);
    OK(lem_sha256_file(path, hex, &err));
    is_text(facts, "files.0.sha256", hex);
    lem_free(path);
    lem_json_free(facts);
}

static void scaling_of_either_name(void **state) {
    (void)state;
    lem_json *config = NULL;
    OK(lem_json_load_beside(dir, "config.json", 1 << 20, &config, &err));
    (void)lem_json_remove(config, "rope_scaling");
    lem_json *scaling = lem_json_new_object();
    lem_json_set(scaling, "rope_type", lem_json_new_str("linear"));
    lem_json_set(scaling, "factor", lem_json_new_num(2));
    lem_json_set(scaling, "rope_theta", lem_json_new_num(10000));
    lem_json_set(config, "rope_parameters", scaling);
    lem_buf text = {0}, lines = {0};
    lem_json_write(config, 0, &text);
    put_file("config.json", lem_buf_str(&text));
    lem_json *facts = describe(false);
    is_text(facts, "shape.rope_scaling.rope_type", "linear");
    lem_model_describe_text(facts, &lines);
    assert_non_null(strstr(lem_buf_str(&lines), ", scaling linear\n"));
    lem_buf_release(&lines);
    lem_buf_release(&text);
    lem_json_free(facts);
    lem_json_free(config);
}

static lem_json *head(lem_head_shape shape, const char *system, const char *separator) {
    lem_json *facts = lem_json_new_object();
    OK(lem_model_describe_head(&shape, system, separator, facts, &err));
    return facts;
}

static void a_process_head(void **state) {
    (void)state;
    lem_head_shape shape = {.kind = LEM_HEAD_KIND_QWEN_PRM, .tensor = "score", .outputs = 2, .dense = true};
    lem_json *facts = head(shape, "be kind", "\n");
    is_text(facts, "head.kind", lem_head_kind_name(shape.kind));
    is_text(facts, "head.tensors.0", "score.0.weight");
    is_int(facts, "head.outputs", 2);
    is_text(facts, "head.formula", "softmax(x)[1]");
    is_text(facts, "head.system", "be kind");
    is_text(facts, "head.step_separator", "\n");
    is_text(facts, "head.field", "step_scores");
    is_null(facts, "head.note");
    lem_json_free(facts);
}

static void heads_that_need_a_word(void **state) {
    (void)state;
    lem_head_shape two = {.kind = LEM_HEAD_KIND_CLASSIFIER, .tensor = "score", .outputs = 2};
    lem_json *facts = head(two, NULL, "\n");
    is_null(facts, "head.formula"); /* nothing says which label is the good one */
    is_null(facts, "head.system");
    is_null(facts, "head.step_separator"); /* no steps are read */
    is_text(facts, "head.field", "rm_score");
    assert_non_null(lem_json_str(lem_json_find(facts, "head.note"), NULL));
    lem_json_free(facts);
    lem_head_shape raw = {.kind = LEM_HEAD_KIND_OPENRLHF, .tensor = "score", .outputs = 1, .stats = true};
    facts = head(raw, NULL, NULL);
    assert_non_null(strstr(lem_json_str(lem_json_find(facts, "head.note"), ""), "normalize_reward is false"));
    lem_json_free(facts);
}

static void lines_for_people(void **state) {
    (void)state;
    put_file("generation_config.json", "{\"top_p\": 0.5}");
    lem_json *facts = describe(false);
    lem_buf b = {0};
    lem_model_describe_text(facts, &b);
    assert_non_null(strstr(lem_buf_str(&b), "architecture    Qwen2ForCausalLM (qwen2)\n"));
    assert_non_null(
        strstr(lem_buf_str(&b), "2 layers, width 32, ffn 40, 4 heads of 8, 2 for keys and values"));
    assert_non_null(strstr(lem_buf_str(&b), ", tied, qkv bias\n"));
    assert_non_null(strstr(lem_buf_str(&b), "weights         model.safetensors, "));
    assert_non_null(strstr(lem_buf_str(&b), "\nhead "));
    lem_buf_clear(&b);
    lem_model_describe_use_text(facts, &b);
    assert_non_null(strstr(lem_buf_str(&b), "generation      {\"top_p\":0.5}\n"));
    assert_non_null(strstr(lem_buf_str(&b), " in f32 (one sequence of 200 tokens)\n"));
    assert_non_null(strstr(lem_buf_str(&b), "(passes of 200 tokens)\n"));
    lem_buf_release(&b);
    lem_json_free(facts);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_language_model), cmocka_unit_test(hashes_on_request),
        cmocka_unit_test(a_process_head),   cmocka_unit_test(heads_that_need_a_word),
        cmocka_unit_test(lines_for_people), cmocka_unit_test(scaling_of_either_name),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
