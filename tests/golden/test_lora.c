/* test_lora - adapters against PEFT (tools/golden/make_lora.py): ten steps of learning, and what is saved */
#include "golden_util.h"

#include "model/adapters.h"
#include "train/optimizer.h"

enum { STEPS = 10, MOST = 64 };
#define TOL 3e-5 /* of fp32 against double, for the largest of a tensor */

static lem_json *cases;

static const char *path_of(const char *file) {
    static char path[600];
    snprintf(path, sizeof path, "%s/golden/lora/%s", LEMMA_TEST_DATA, file);
    return path;
}

static const lem_json *run_of(const char *name) { return lem_json_get(lem_json_get(cases, "runs"), name); }

static double number(const lem_json *run, const char *key) {
    const lem_json *own = lem_json_get(run, key);
    return lem_json_num(own ? own : lem_json_get(cases, key), 0);
}

static lem_model *adapted(const lem_json *run) {
    char dir[600];
    lem_model *m;
    lem_lora lora;
    const lem_lora_opts o = {(int)number(run, "rank"), number(run, "alpha"),
                             lem_json_str(lem_json_get(run, "targets"), ""),
                             lem_json_bool(lem_json_get(run, "rslora"), false)};
    snprintf(dir, sizeof dir, "%s/golden/%s", LEMMA_TEST_DATA, lem_json_str(lem_json_get(run, "base"), ""));
    OK(lem_model_open(dir, LEM_HEAD_LM, &m, &gerr));
    OK(lem_lora_make(&o, &m->config, &lora, &gerr));
    OK(lem_model_adapt(m, &lora, 1, &gerr));
    return m;
}

/* For each A and B of m: its values in the file, under PEFT's name with `prefix`. */
static void each(lem_model *m, const char *file, void (*f)(float *own, const float *other, size_t n)) {
    lem_safetensors_file *s;
    size_t found = 0;
    OK(lem_safetensors_file_open(file, &s, &gerr));
    for (int i = 0; i < m->n_tensors; i++) {
        const lem_tensor *t = &m->tensors[i];
        char name[160];
        if (lem_role_adapted(t->role) == LEM_ROLE_COUNT) continue;
        snprintf(name, sizeof name, "base_model.model.%s", t->name);
        const lem_safetensor *x = lem_safetensors_find(lem_safetensors_file_index(s), name);
        if (!x) print_error("no tensor %s\n", name);
        assert_non_null(x);
        float *values = malloc(t->count * sizeof *values);
        OK(lem_safetensors_file_read(s, x, values, t->count, &gerr));
        f(m->params + t->offset, values, t->count);
        free(values);
        found++;
    }
    assert_int_equal(found, lem_safetensors_file_index(s)->n); /* and no other */
    lem_safetensors_file_close(s);
}

static void take(float *own, const float *other, size_t n) { memcpy(own, other, n * sizeof *own); }

static void near(float *own, const float *other, size_t n) { assert_true(golden_gap(own, other, n) < TOL); }

static void same(float *own, const float *other, size_t n) {
    assert_memory_equal(own, other, n * sizeof *own);
}

/* Mean log-loss of the next tokens of a sequence, and its gradient. */
static double learn(lem_net *net, int step) {
    const lem_json *all = lem_json_get(cases, "sequences");
    int32_t ids[MOST], target[MOST];
    int rows[MOST], n = golden_ids(lem_json_at(all, (size_t)step % lem_json_count(all)), ids, MOST) - 1;
    float lp[MOST], w[MOST];
    double loss = 0;
    lem_forest f = {0};
    OK(lem_forest_add(&f, -1, ids, n + 1, NULL, &gerr));
    for (int i = 0; i < n; i++) {
        rows[i] = i;
        target[i] = ids[i + 1];
        w[i] = 1 / (float)n;
    }
    OK(lem_net_forward(net, &f, &gerr));
    OK(lem_net_lm(net, n, rows, target, w, lp, &gerr));
    lem_net_backward(net);
    for (int i = 0; i < n; i++) loss -= (double)lp[i] / n;
    lem_forest_release(&f);
    return loss;
}

static void ten_steps_of(const char *name, lem_backend *b) {
    const lem_json *run = run_of(name);
    lem_model *m = adapted(run);
    lem_net *net;
    lem_optimizer o = {0};
    char file[64];
    const lem_trainable t = lem_lora_trainable();
    const lem_adamw h = {.lr = (float)number(run, "lr"),
                         .beta1 = (float)number(run, "beta1"),
                         .beta2 = (float)number(run, "beta2"),
                         .eps = (float)number(run, "eps"),
                         .weight_decay = (float)number(run, "decay"),
                         .grad_scale = 1};
    snprintf(file, sizeof file, "%s-first.safetensors", name);
    each(m, path_of(file), take);
    OK(lem_net_new_part(m, b, (lem_net_size){MOST, 0}, &t, &net, &gerr));
    OK(lem_optimizer_init(&o, b, lem_range_part(lem_net_n_grads(net), 0, 1), &gerr));
    for (int k = 0; k < STEPS; k++) {
        double norm, loss = learn(net, k);
        lem_adamw now = h;
        now.bias1 = (float)(1 - pow(number(run, "beta1"), k + 1));
        now.bias2 = (float)(1 - pow(number(run, "beta2"), k + 1));
        OK(lem_optimizer_step(&o, b, m, net, k + 1, &now, number(run, "clip"), &norm, &gerr));
        lem_net_refresh(net);
        lem_net_zero_grads(net);
        double want = lem_json_num(lem_json_at(lem_json_get(run, "losses"), (size_t)k), 0),
               length = lem_json_num(lem_json_at(lem_json_get(run, "norms"), (size_t)k), 0);
        assert_true(fabs(loss - want) < TOL * want);
        assert_true(fabs(norm - length) < 2 * TOL * length);
    }
    OK(lem_net_store(net, &gerr));
    snprintf(file, sizeof file, "%s-last.safetensors", name);
    each(m, path_of(file), near);
    lem_optimizer_release(&o);
    lem_net_free(net);
    lem_model_free(m);
}

static void ten_steps(void **state) {
    (void)state;
    for (int i = 0; i < GOLDEN_ISAS; i++) {
        lem_backend *b = NULL;
        if (!lem_isa_supported(golden_isas[i])) continue;
        OK(far_or_plain(golden_isas[i], NULL, &b, &gerr));
        ten_steps_of("llama", b);
        ten_steps_of("qwen2", b);
        far_or_plain_free(b);
    }
}

/* Our files have the names and shapes of PEFT's, and the values that were in memory. */
static void files(void **state) {
    (void)state;
    static const char *const names[] = {"llama", "qwen2"};
    char dir[] = "/tmp/lemma-lora-XXXXXX", path[128];
    assert_non_null(mkdtemp(dir));
    for (int i = 0; i < 2; i++) {
        const lem_json *run = run_of(names[i]);
        lem_model *m = adapted(run);
        char file[64];
        lem_json *config;
        snprintf(file, sizeof file, "%s-adapter/adapter_model.safetensors", names[i]);
        each(m, path_of(file), take);
        OK(lem_model_save_adapters(m, "some/base", dir, &gerr));
        snprintf(path, sizeof path, "%s/adapter_model.safetensors", dir);
        each(m, path, same);
        snprintf(path, sizeof path, "%s/adapter_config.json", dir);
        OK(lem_json_load(path, 1 << 20, &config, &gerr));
        double scale = number(run, "alpha") / (i ? sqrt(number(run, "rank")) : number(run, "rank"));
        assert_true(fabs(lem_json_num(lem_json_get(config, "lora_alpha"), 0) /
                             lem_json_num(lem_json_get(config, "r"), 1) -
                         scale) < 1e-6);
        assert_false(lem_json_bool(lem_json_get(config, "use_rslora"), true)); /* it would count twice */
        assert_string_equal(lem_json_str(lem_json_get(config, "base_model_name_or_path"), ""), "some/base");
        assert_int_equal(lem_json_count(lem_json_get(config, "target_modules")), i ? 3 : 7);
        lem_json_free(config);
        lem_model_free(m);
    }
    OK(lem_dir_remove(dir, &gerr));
}

int main(void) {
    OK(lem_json_load(path_of("cases.json"), 1 << 20, &cases, &gerr));
    const struct CMUnitTest tests[] = {cmocka_unit_test(ten_steps), cmocka_unit_test(files)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    lem_json_free(cases);
    return failed;
}
