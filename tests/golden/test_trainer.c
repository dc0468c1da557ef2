/* test_trainer - ten steps of training against PyTorch, step by step (tools/golden/make_trainer.py): masks,
 * weights of tokens, accumulation, clipping, decay groups, warm-up, schedules, bias correction, several
 * epochs, every loss
 *
 * `golden_test_trainer order` prints the order of items of each run, which PyTorch is given. */
#include "golden_util.h"

#include "core/buf.h"
#include "data/dataset.h"
#include "train/orm.h"
#include "train/process.h"
#include "train/sft.h"
#include "train/trainer.h"

enum { STEPS = 10, MAX_ORDER = 64 };
#define TOL 3e-5 /* of fp32 against double: rounding of ten steps, for the largest of a tensor */
/* Of products of bf16 after the first step: once fp32 and double round an operand to two sides of a tie, it
 * is 2^-8 of itself apart. The first step of fp32 is up to 0.2 away. */
#define TOL_LATER 0.15

static lem_json *cases;
static lem_safetensors_file *expected;
static const char *name; /* of the run */

static const char *path_of(const char *file) {
    static char path[600];
    snprintf(path, sizeof path, "%s/golden/trainer/%s", LEMMA_TEST_DATA, file);
    return path;
}

static double option(const char *key, double standard) {
    return lem_json_num(
        lem_json_get(lem_json_get(lem_json_get(lem_json_get(cases, "runs"), name), "options"), key),
        standard);
}
static const char *word(const char *key) {
    return lem_json_str(
        lem_json_get(lem_json_get(lem_json_get(lem_json_get(cases, "runs"), name), "options"), key), "");
}

/* ---- what is watched: the order of items, and the parameters when a step begins ---- */

typedef struct watch {
    lem_objective inner;
    const lem_model *m;
    int begun, n_order;
    int order[MAX_ORDER];
    float *params[STEPS]; /* after each step but the last */
} watch;
static int w_rows(void *ctx, uint64_t i) {
    watch *w = ctx;
    return w->inner.rows(w->inner.ctx, i);
}
static lem_status w_begin(void *ctx, const uint64_t *items, int n, lem_err *err) {
    watch *w = ctx;
    for (int i = 0; i < n; i++) w->order[w->n_order++] = (int)items[i];
    if (w->begun > 0) {
        w->params[w->begun - 1] = malloc(w->m->n_params * sizeof(float));
        memcpy(w->params[w->begun - 1], w->m->params, w->m->n_params * sizeof(float));
    }
    w->begun++;
    return w->inner.begin(w->inner.ctx, items, n, err);
}
static lem_status w_add(void *ctx, uint64_t item, lem_forest *f, lem_targets *t, lem_err *err) {
    watch *w = ctx;
    return w->inner.add(w->inner.ctx, item, f, t, err);
}
static void w_members(void *ctx, uint64_t item, int n, const double *score, double *grad) {
    watch *w = ctx;
    w->inner.members(w->inner.ctx, item, n, score, grad);
}
static void w_note(void *ctx, const lem_target *t, int n) {
    watch *w = ctx;
    if (w->inner.note) w->inner.note(w->inner.ctx, t, n);
}
static int w_end(void *ctx, lem_train_metric *out) {
    watch *w = ctx;
    return w->inner.end(w->inner.ctx, out);
}

/* ---- rows ---- */

static lem_examples read_sft(void) {
    const lem_json *rows = lem_json_get(cases, "sft");
    lem_examples e = {0};
    for (size_t i = 0; i < lem_json_count(rows); i++) {
        int32_t ids[64], mask[64];
        uint8_t flag[64];
        int n = golden_ids(lem_json_get(lem_json_at(rows, i), "ids"), ids, 64);
        golden_ids(lem_json_get(lem_json_at(rows, i), "mask"), mask, 64);
        for (int t = 0; t < n; t++) flag[t] = (uint8_t)mask[t];
        OK(lem_examples_add(&e, ids, flag, (size_t)n, &gerr));
    }
    return e;
}

static void add_ids(lem_lists *l, const lem_json *list, uint64_t *at, int *n) {
    *at = l->n_ids;
    *n = golden_ids(list, l->ids + l->n_ids, 64);
    l->n_ids += (uint64_t)*n;
}

static lem_lists read_lists(void) {
    const lem_json *rows = lem_json_get(cases, "lists");
    lem_lists l = {0};
    l.ids = lem_alloc_zero(4096, sizeof *l.ids, &gerr);
    l.list = lem_alloc_zero(lem_json_count(rows), sizeof *l.list, &gerr);
    l.response = lem_alloc_zero(256, sizeof *l.response, &gerr);
    for (; l.n < lem_json_count(rows); l.n++) {
        const lem_json *r = lem_json_at(rows, l.n), *responses = lem_json_get(r, "responses");
        add_ids(&l, lem_json_get(r, "prompt"), &l.list[l.n].at, &l.list[l.n].prompt);
        l.list[l.n].first = (int)l.n_responses;
        l.list[l.n].n = (int)lem_json_count(responses);
        for (size_t k = 0; k < lem_json_count(responses); k++, l.n_responses++) {
            struct lem_list_response *x = &l.response[l.n_responses];
            add_ids(&l, lem_json_at(responses, k), &x->at, &x->len);
            x->weight = 1;
            x->label = (uint8_t)lem_json_int(lem_json_at(lem_json_get(r, "labels"), k), 0);
        }
    }
    return l;
}

typedef struct steps {
    uint64_t start[16];
    int32_t ids[1024];
    float label[1024];
    lem_process_rows rows;
} steps;

static void read_process(steps *s) {
    const lem_json *rows = lem_json_get(cases, "process");
    s->start[0] = 0;
    for (size_t i = 0; i < lem_json_count(rows); i++) {
        const lem_json *labels = lem_json_get(lem_json_at(rows, i), "labels");
        uint64_t at = s->start[i];
        int n = golden_ids(lem_json_get(lem_json_at(rows, i), "ids"), s->ids + at, 64);
        for (int t = 0; t < n; t++)
            s->label[at + (uint64_t)t] = (float)lem_json_num(lem_json_at(labels, (size_t)t), 0);
        s->start[i + 1] = at + (uint64_t)n;
    }
    s->rows = (lem_process_rows){lem_json_count(rows), s->start, s->ids, s->label};
}

/* ---- one run ---- */

static lem_train_opts options(void) {
    lem_train_opts o = {.lr = option("lr", 0),
                        .min_lr_ratio = option("min_lr_ratio", 0),
                        .warmup_ratio = option("warmup", 0),
                        .weight_decay = option("weight_decay", 0),
                        .beta1 = option("beta1", 0),
                        .beta2 = option("beta2", 0),
                        .eps = option("eps", 0),
                        .clip = option("clip", 0),
                        .max_steps = STEPS,
                        .batch = (int)option("batch", 0),
                        .max_rows = (int)option("max_rows", 0),
                        .grad_slots = (int)option("slots", 1),
                        .seed = (uint64_t)option("seed", 0),
                        .muon = option("muon", 0) > 0,
                        .trainable = {.bf16 = option("bf16", 0) > 0},
                        .stage = "golden"};
    OK(lem_schedule_parse(word("schedule"), &o.schedule, &gerr));
    return o;
}

static void train(lem_model *m, lem_backend *b, const lem_objective *obj, watch *w, lem_buf *telemetry) {
    lem_train_opts o = options();
    lem_train_result result;
    w->inner = *obj;
    w->m = m;
    lem_objective watched = {w, obj->n_items, w_rows, w_begin, w_add, w_note, w_end};
    if (obj->members) watched.members = w_members;
    OK(lem_train_run(m, b, &watched, NULL, &o, telemetry, NULL, NULL, &result, &gerr));
    w->params[STEPS - 1] = malloc(m->n_params * sizeof(float));
    memcpy(w->params[STEPS - 1], m->params, m->n_params * sizeof(float));
}

static void train_kind(lem_model *m, lem_backend *b, watch *w, lem_buf *telemetry) {
    const char *kind =
        lem_json_str(lem_json_get(lem_json_get(lem_json_get(cases, "runs"), name), "kind"), "");
    lem_objective obj;
    if (strcmp(kind, "sft") == 0) {
        lem_examples e = read_sft();
        lem_sft *s = NULL;
        OK(lem_sft_new(&e, &s, &gerr));
        obj = lem_sft_objective(s);
        train(m, b, &obj, w, telemetry);
        lem_sft_free(s);
        lem_examples_release(&e);
    } else if (strcmp(kind, "process") == 0) {
        static steps s;
        lem_process *p = NULL;
        read_process(&s);
        OK(lem_process_new(&s.rows, &p, &gerr));
        obj = lem_process_objective(p);
        train(m, b, &obj, w, telemetry);
        lem_process_free(p);
    } else {
        lem_lists l = read_lists();
        lem_orm_opts o = {.lm_weight = option("lm_weight", 0),
                          .value_weight = option("value_weight", 0),
                          .prefix_values = word("loss")[0] == 'p', /* the run "pair" */
                          .list.center = option("center", 0)};
        lem_orm *r = NULL;
        OK(lem_ranking_parse(word("loss"), &o.list.kind, &gerr));
        OK(lem_orm_new(&l, &o, &r, &gerr));
        obj = lem_orm_objective(r);
        train(m, b, &obj, w, telemetry);
        lem_orm_free(r);
        lem_lists_release(&l);
    }
}

/* ---- against PyTorch ---- */

static float *want(const char *what, size_t *n) {
    golden g = {.expected = expected};
    char prefix[64];
    snprintf(prefix, sizeof prefix, "%s.", name);
    return golden_tensor(&g, prefix, what, n);
}

static void near(double got, double expect, double scale, const char *what, int step) {
    const double tol = step > 0 && option("bf16", 0) > 0 ? TOL_LATER : TOL;
    if (fabs(got - expect) <= tol * scale) return;
    fail_msg("%s, step %d: %s is %.9g, PyTorch has %.9g", name, step + 1, what, got, expect);
}

static void check_telemetry(const lem_buf *telemetry) {
    size_t n = 0;
    float *loss = want("losses", &n), *norm = want("norms", &n), *rate = want("rates", &n);
    const char *line = lem_buf_str(telemetry);
    for (int s = 0; s < STEPS; s++) {
        lem_json *row = NULL;
        const char *end = strchr(line, '\n');
        assert_non_null(end);
        OK(lem_json_parse(line, (size_t)(end - line), &row, &gerr));
        near(lem_json_num(lem_json_get(row, "loss"), NAN), (double)loss[s], fabs((double)loss[s]) + 1,
             "the loss", s);
        near(lem_json_num(lem_json_get(row, "grad_norm"), NAN), (double)norm[s], (double)norm[s] + 1,
             "the norm of the gradient", s);
        near(lem_json_num(lem_json_get(row, "lr"), NAN), (double)rate[s], 0.01, "the learning rate", s);
        lem_json_free(row);
        line = end + 1;
    }
    free(loss);
    free(norm);
    free(rate);
}

static double weighted_sum(const float *x, size_t n, double *size) {
    double s = 0;
    for (size_t i = 0; i < n; i++) {
        s += (double)x[i] * cos(0.7 * (double)(i + 1));
        *size += fabs((double)x[i]);
    }
    return s;
}

/* Tensors in PyTorch's order stand in the order of the file's names here: by name. */
static void check_tensors(const lem_model *m, const watch *w, const lem_json *names) {
    size_t n = 0;
    float *sums = want("sums", &n);
    int T = (int)lem_json_count(names);
    assert_int_equal(n, (size_t)(STEPS * T));
    assert_int_equal(T, m->n_tensors);
    for (int k = 0; k < T; k++) {
        const char *tensor = lem_json_str(lem_json_at(names, (size_t)k), "");
        const lem_tensor *t = NULL;
        for (int i = 0; i < m->n_tensors; i++)
            if (strcmp(m->tensors[i].name, tensor) == 0) t = &m->tensors[i];
        assert_non_null(t);
        for (int s = 0; s < STEPS; s++) {
            double size = 0, got = weighted_sum(w->params[s] + t->offset, t->count, &size);
            near(got, (double)sums[s * T + k], 1 + size, tensor, s);
        }
        for (int s = 0; s < STEPS; s += STEPS - 1) {
            char key[160];
            snprintf(key, sizeof key, "%d.%s", s + 1, tensor);
            float *x = want(key, &n);
            assert_int_equal(n, t->count);
            for (size_t i = 0; i < n; i++)
                near((double)w->params[s][t->offset + i], (double)x[i], 1, tensor, s);
            free(x);
        }
    }
    free(sums);
}

static void check_order(const watch *w) {
    const lem_json *order = lem_json_get(lem_json_get(lem_json_get(cases, "runs"), name), "order");
    assert_int_equal(lem_json_count(order), w->n_order);
    for (int i = 0; i < w->n_order; i++)
        assert_int_equal(lem_json_int(lem_json_at(order, (size_t)i), -1), w->order[i]);
}

static void run_one(lem_backend *b, bool only_order) {
    lem_model *m = NULL;
    watch w = {0};
    lem_buf telemetry = {0};
    OK(lem_model_open_any(path_of("model"), &m, &gerr));
    b->compute = option("bf16", 0) > 0 ? LEM_COMPUTE_BF16 : LEM_COMPUTE_F32;
    train_kind(m, b, &w, &telemetry);
    if (only_order) {
        printf("\"%s\": [", name);
        for (int i = 0; i < w.n_order; i++) printf("%s%d", i ? ", " : "", w.order[i]);
        printf("]");
    } else {
        check_order(&w);
        check_telemetry(&telemetry);
        check_tensors(m, &w, lem_json_get(cases, "tensors"));
    }
    for (int s = 0; s < STEPS; s++) free(w.params[s]);
    lem_buf_release(&telemetry);
    lem_model_free(m);
}

static void run_all(lem_isa isa, bool only_order) {
    const lem_json *runs = lem_json_get(cases, "runs");
    lem_backend *b = NULL;
    OK(lem_backend_new(isa, NULL, &b, &gerr));
    for (size_t i = 0; i < lem_json_count(runs); i++) {
        name = lem_json_key_at(runs, i);
        if (only_order && i) printf(",\n");
        run_one(b, only_order);
    }
    lem_backend_free(b);
}

static void ten_steps(void **state) {
    (void)state;
    int ran = 0;
    for (int i = 0; i < GOLDEN_ISAS; i++) {
        if (!lem_isa_supported(golden_isas[i])) continue;
        run_all(golden_isas[i], false);
        ran++;
    }
    assert_true(ran >= 2);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(ten_steps)};
    bool order = argc > 1 && strcmp(argv[1], "order") == 0;
    if (lem_json_load(path_of("cases.json"), 1 << 20, &cases, &gerr) != LEM_OK) return 1;
    if (order) {
        printf("{");
        run_all(LEM_ISA_REF, true);
        printf("}\n");
        return 0;
    }
    if (lem_safetensors_file_open(path_of("expected.safetensors"), &expected, &gerr) != LEM_OK) return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    lem_safetensors_file_close(expected);
    lem_json_free(cases);
    return rc;
}
