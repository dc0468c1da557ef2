/* test_lora - adapters against PEFT (tools/golden/make_lora.py, make_lora_int8.py): ten steps of learning,
 * beside a whole model and over a base of any type, and what is saved */
#include "golden_util.h"

#include "model/base.h"
#include "model/quant.h"
#include "model/weights_open.h"
#include "train/optimizer.h"

enum { STEPS = 10, MOST = 64 };
#define TOL 3e-5 /* of fp32 against double, for the largest of a tensor */

static lem_json *cases, *files_of[2]; /* cases: one of them */

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

static lem_lora lora_of(const lem_json *run, const lem_model_config *c) {
    lem_lora lora;
    const lem_lora_opts o = {(int)number(run, "rank"), number(run, "alpha"),
                             lem_json_str(lem_json_get(run, "targets"), ""),
                             lem_json_bool(lem_json_get(run, "rslora"), false)};
    OK(lem_lora_make(&o, c, &lora, &gerr));
    return lora;
}

static const char *base_of(const lem_json *run) {
    static char dir[600];
    snprintf(dir, sizeof dir, "%s/golden/%s", LEMMA_TEST_DATA, lem_json_str(lem_json_get(run, "base"), ""));
    return dir;
}

/* A model with adapters, whole or over a base. */
typedef struct subject {
    lem_weights *base; /* NULL = whole */
    lem_model *m;
    lem_trainable t;
} subject;

static subject whole(const lem_json *run) {
    subject s = {.t = lem_lora_trainable()};
    OK(lem_model_open(base_of(run), LEM_HEAD_LM, &s.m, &gerr));
    const lem_lora lora = lora_of(run, &s.m->config);
    OK(lem_model_adapt(s.m, &lora, 1, &gerr));
    return s;
}

static subject over(const lem_json *run, lem_backend *b, lem_dtype dtype) {
    subject s = {.t = lem_lora_trainable()};
    lem_model_config c;
    OK(lem_model_check(base_of(run), LEM_HEAD_LM, &c, &gerr));
    c.lora = lora_of(run, &c);
    s.t.based = true;
    s.t.frozen_dtype = dtype;
    OK(lem_weights_open_base(base_of(run), NULL, b, dtype, &s.base, &gerr));
    OK(lem_model_open_over(base_of(run), s.base, &c, 1, &s.m, &gerr));
    return s;
}

static void release(subject *s) {
    lem_model_free(s->m);
    if (s->base) lem_weights_free(s->base);
}

/* Its numbers: scale * q where there are scales, as the file has them and by no reader of ours. */
static void numbers_of(const lem_safetensors_file *f, const lem_tensor *t, float *out) {
    char name[112];
    const lem_safetensors *index = lem_safetensors_file_index(f);
    const lem_safetensor *x = lem_safetensors_find(index, t->name);
    snprintf(name, sizeof name, "%s_scale", t->name);
    const lem_safetensor *s = lem_safetensors_find(index, name);
    if (!s) {
        OK(lem_safetensors_file_read(f, x, out, t->count, &gerr));
        return;
    }
    const size_t K = (size_t)t->shape[1], groups = (K + 127) / 128;
    int8_t *q = malloc(t->count);
    float *scale = malloc((size_t)t->shape[0] * groups * sizeof *scale);
    OK(lem_safetensors_file_read_bytes(f, x, 0, t->count, q, &gerr));
    OK(lem_safetensors_file_read(f, s, scale, (size_t)t->shape[0] * groups, &gerr));
    for (size_t i = 0; i < t->count; i++) out[i] = (float)q[i] * scale[i / K * groups + i % K / 128];
    free(q);
    free(scale);
}

/* The whole model with the numbers of a folder of int8. */
static subject twin(const lem_json *run) {
    subject s = {.t = lem_lora_trainable()};
    lem_model_config c;
    lem_safetensors_file *f;
    char path[700];
    OK(lem_model_check(base_of(run), LEM_HEAD_LM, &c, &gerr));
    c.int8 = false;
    OK(lem_model_new(&c, &s.m, &gerr));
    snprintf(path, sizeof path, "%s/model.safetensors", base_of(run));
    OK(lem_safetensors_file_open(path, &f, &gerr));
    for (int i = 0; i < s.m->n_tensors; i++)
        numbers_of(f, &s.m->tensors[i], s.m->params + s.m->tensors[i].offset);
    lem_safetensors_file_close(f);
    const lem_lora lora = lora_of(run, &c);
    OK(lem_model_adapt(s.m, &lora, 1, &gerr));
    return s;
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

/* What ten steps were like. */
typedef struct course {
    double loss[STEPS], norm[STEPS];
} course;

static course ten_steps_of(const char *name, subject *s, lem_backend *b) {
    const lem_json *run = run_of(name);
    lem_net *net;
    lem_optimizer o = {0};
    course c;
    char file[64];
    const lem_adamw h = {.lr = (float)number(run, "lr"),
                         .beta1 = (float)number(run, "beta1"),
                         .beta2 = (float)number(run, "beta2"),
                         .eps = (float)number(run, "eps"),
                         .weight_decay = (float)number(run, "decay"),
                         .grad_scale = 1};
    snprintf(file, sizeof file, "%s-first.safetensors", name);
    each(s->m, path_of(file), take);
    OK(lem_net_new_part(s->m, b, (lem_net_size){MOST, 0}, &s->t, &net, &gerr));
    OK(lem_optimizer_init(&o, b, lem_range_part(lem_net_n_grads(net), 0, 1), &gerr));
    for (int k = 0; k < STEPS; k++) {
        c.loss[k] = learn(net, k);
        lem_adamw now = h;
        now.bias1 = (float)(1 - pow(number(run, "beta1"), k + 1));
        now.bias2 = (float)(1 - pow(number(run, "beta2"), k + 1));
        OK(lem_optimizer_step(&o, b, s->m, net, k + 1, &now, number(run, "clip"), &c.norm[k], &gerr));
        lem_net_refresh(net);
        lem_net_zero_grads(net);
    }
    OK(lem_net_store(net, &gerr));
    lem_optimizer_release(&o);
    lem_net_free(net);
    return c;
}

static void as_peft(const char *name, subject s, lem_backend *b) {
    const lem_json *run = run_of(name);
    const course c = ten_steps_of(name, &s, b);
    char file[64];
    for (int k = 0; k < STEPS; k++) {
        double want = lem_json_num(lem_json_at(lem_json_get(run, "losses"), (size_t)k), 0),
               length = lem_json_num(lem_json_at(lem_json_get(run, "norms"), (size_t)k), 0);
        if (fabs(c.loss[k] - want) >= TOL * want || fabs(c.norm[k] - length) >= 2 * TOL * length)
            fail_msg("%s, %s, step %d: loss %.8g, norm %.8g, PEFT has %.8g, %.8g", name, b->ops->name, k,
                     c.loss[k], c.norm[k], want, length);
    }
    snprintf(file, sizeof file, "%s-last.safetensors", name);
    each(s.m, path_of(file), near);
    release(&s);
}

static void on_each_path(void (*f)(lem_backend *b)) {
    for (int i = 0; i < GOLDEN_ISAS; i++) {
        lem_backend *b = NULL;
        if (!lem_isa_supported(golden_isas[i])) continue;
        OK(far_or_plain(golden_isas[i], NULL, &b, &gerr));
        f(b);
        far_or_plain_free(b);
    }
}

static void peft_on(lem_backend *b) {
    cases = files_of[0];
    as_peft("llama", whole(run_of("llama")), b);
    as_peft("qwen2", whole(run_of("qwen2")), b);
    as_peft("llama", over(run_of("llama"), b, LEM_DTYPE_F32), b);
    as_peft("qwen2", over(run_of("qwen2"), b, LEM_DTYPE_F32), b);
    cases = files_of[1];
    as_peft("int8", over(run_of("int8"), b, LEM_DTYPE_I8), b);
}

static void ten_steps(void **state) {
    (void)state;
    on_each_path(peft_on);
}

/* Every bit of two courses and of what was learned. */
static void same_course(const char *name, subject a, subject s, lem_backend *b) {
    const course first = ten_steps_of(name, &a, b), second = ten_steps_of(name, &s, b);
    assert_memory_equal(&first, &second, sizeof first);
    for (int i = 0; i < a.m->n_tensors; i++) {
        const lem_tensor *t = &a.m->tensors[i];
        if (lem_role_adapted(t->role) == LEM_ROLE_COUNT) continue;
        assert_memory_equal(a.m->params + t->offset, s.m->params + lem_model_at(s.m, t->role, t->layer),
                            t->count * sizeof(float));
    }
    release(&a);
    release(&s);
}

static void twins_on(lem_backend *b) {
    for (int bf16 = 0; bf16 < 2; bf16++) {
        cases = files_of[0];
        b->compute = bf16 ? LEM_COMPUTE_BF16 : LEM_COMPUTE_F32;
        for (int k = 0; k < 2; k++) {
            const char *name = k ? "qwen2" : "llama";
            subject w = whole(run_of(name)), o = over(run_of(name), b, bf16 ? LEM_DTYPE_BF16 : LEM_DTYPE_F32);
            w.t.bf16 = o.t.bf16 = bf16;
            same_course(name, w, o, b);
        }
        cases = files_of[1];
        subject w = twin(run_of("int8")), o = over(run_of("int8"), b, LEM_DTYPE_I8);
        w.t.bf16 = o.t.bf16 = bf16;
        same_course("int8", w, o, b);
    }
}

/* A base, of int8 too, and the whole model with its numbers: the same bits, in either arithmetic. */
static void twins(void **state) {
    (void)state;
    on_each_path(twins_on);
}

/* Our files have the names and shapes of PEFT's, and the values that were in memory. */
static void files(void **state) {
    (void)state;
    static const char *const names[] = {"llama", "qwen2"};
    cases = files_of[0];
    char dir[] = "/tmp/lemma-lora-XXXXXX", path[128];
    assert_non_null(mkdtemp(dir));
    for (int i = 0; i < 2; i++) {
        const lem_json *run = run_of(names[i]);
        subject s = whole(run);
        lem_model *m = s.m;
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
        release(&s);
    }
    OK(lem_dir_remove(dir, &gerr));
}

int main(void) {
    OK(lem_json_load(path_of("cases.json"), 1 << 20, &files_of[0], &gerr));
    OK(lem_json_load(path_of("int8.json"), 1 << 20, &files_of[1], &gerr));
    const struct CMUnitTest tests[] = {cmocka_unit_test(ten_steps), cmocka_unit_test(twins),
                                       cmocka_unit_test(files)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    lem_json_free(files_of[0]);
    lem_json_free(files_of[1]);
    return failed;
}
