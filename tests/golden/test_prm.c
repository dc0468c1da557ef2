/* test_prm - losses and gradients of process reward objectives against PyTorch (tools/golden/make_prm.py):
 * scalar head with hard and soft labels, generative signs hard, soft, and with RLHFlow's mask */
#include "golden_util.h"

#include "train/gradient.h"
#include "train/process.h"

enum { ROWS_MAX = 8, TOKENS_MAX = 256 };

typedef struct labelled {
    lem_process_rows rows;
    uint64_t start[ROWS_MAX + 1];
    int32_t ids[TOKENS_MAX];
    float label[TOKENS_MAX];
    uint8_t also[TOKENS_MAX];
} labelled;

static void read_row(labelled *d, const lem_json *row) {
    uint64_t at = d->start[d->rows.n];
    int n = golden_ids(lem_json_get(row, "ids"), d->ids + at, (int)(TOKENS_MAX - at));
    const lem_json *places = lem_json_get(row, "at"), *label = lem_json_get(row, "label"),
                   *also = lem_json_get(row, "also");
    for (int i = 0; i < n; i++) d->label[at + (uint64_t)i] = -1;
    for (size_t i = 0; i < lem_json_count(places); i++)
        d->label[at + (uint64_t)lem_json_int(lem_json_at(places, i), 0)] =
            (float)lem_json_num(lem_json_at(label, i), -1);
    for (size_t i = 0; i < lem_json_count(also); i++)
        d->also[at + (uint64_t)lem_json_int(lem_json_at(also, i), 0)] = 1;
    d->start[++d->rows.n] = at + (uint64_t)n;
}

static void read_case(labelled *d, const lem_json *c) {
    const char *kind = lem_json_str(lem_json_get(c, "kind"), "");
    const lem_json *list = lem_json_get(c, "rows");
    *d = (labelled){.start = {0}};
    for (size_t i = 0; i < lem_json_count(list); i++) read_row(d, lem_json_at(list, i));
    d->rows.start = d->start;
    d->rows.ids = d->ids;
    d->rows.label = d->label;
    d->rows.head = strcmp(kind, "scalar") == 0 ? LEM_PROCESS_SCALAR : LEM_PROCESS_SIGNS;
    d->rows.good = (int32_t)lem_json_int(lem_json_get(c, "good"), -1);
    d->rows.bad = (int32_t)lem_json_int(lem_json_get(c, "bad"), -1);
    if (strcmp(kind, "signs-also") == 0) d->rows.also = d->also;
}

static void compare_tensor(const lem_model *m, const lem_tensor *t, const float *grads,
                           const lem_json *want) {
    const lem_json *values = lem_json_get(want, "values");
    const float *g = grads + t->offset;
    double norm = 0, truth = lem_json_num(lem_json_get(want, "norm"), -1), top = 0;
    size_t step = (size_t)lem_json_int(lem_json_get(want, "step"), 1);
    (void)m;
    for (size_t i = 0; i < t->count; i++) {
        norm += (double)g[i] * (double)g[i];
        if (fabs((double)g[i]) > top) top = fabs((double)g[i]);
    }
    if (!(fabs(sqrt(norm) - truth) <= 2e-5 * truth + 1e-12))
        fail_msg("%s: norm %.9g, PyTorch has %.9g", t->name, sqrt(norm), truth);
    for (size_t i = 0; i < lem_json_count(values); i++) {
        double x = (double)g[i * step], y = lem_json_num(lem_json_at(values, i), 1e9);
        if (!(fabs(x - y) <= 2e-5 * top + 1e-12))
            fail_msg("%s[%zu]: %.9g, PyTorch has %.9g", t->name, i * step, x, y);
    }
}

static void check_case(const lem_json *c, lem_isa isa, int max_rows) {
    const char *name = lem_json_str(lem_json_get(c, "model"), "");
    const lem_json *gradient = lem_json_get(c, "gradient");
    uint64_t items[ROWS_MAX];
    labelled d;
    lem_backend *b = NULL;
    lem_model *m = NULL;
    lem_net *net = NULL;
    lem_process *p = NULL;
    lem_gradient g = {.net = NULL};
    lem_train_metric metric[LEM_MAX_METRICS];
    int n = 0, known = 0;
    char dir[600];
    snprintf(dir, sizeof dir, "%s/golden/%s", LEMMA_TEST_DATA, name);
    read_case(&d, c);
    OK(far_or_plain(isa, NULL, &b, &gerr));
    OK(lem_model_open_any(dir, &m, &gerr));
    OK(lem_net_new(m, b, 128, true, &net, &gerr));
    OK(lem_process_new(&d.rows, &p, &gerr));
    OK(lem_gradient_init(&g, net, b, max_rows, 1, &gerr));
    lem_objective obj = lem_process_objective(p);
    for (uint64_t i = 0; i < d.rows.n; i++) items[i] = i;
    OK(lem_gradient_run(&g, &obj, items, (int)d.rows.n, metric, &n, &gerr));
    double loss = lem_json_num(lem_json_get(c, "loss"), -1);
    if (!(fabs(metric[0].value - loss) <= 2e-6 * loss))
        fail_msg("%s: loss %.9g, PyTorch has %.9g", name, metric[0].value, loss);
    float *grads = malloc(m->n_params * sizeof *grads);
    host_get(b, grads, lem_net_grads(net), m->n_params * sizeof *grads);
    for (int i = 0; i < m->n_tensors; i++) {
        const lem_json *want = lem_json_get(gradient, m->tensors[i].name);
        if (!want) continue;
        compare_tensor(m, &m->tensors[i], grads, want);
        known++;
    }
    assert_int_equal(known, (int)lem_json_count(gradient));
    free(grads);
    lem_gradient_release(&g);
    lem_process_free(p);
    lem_net_free(net);
    far_or_plain_free(b);
    lem_model_free(m);
}

static void losses_and_gradients_are_those_of_pytorch(void **state) {
    (void)state;
    lem_json *cases = NULL;
    int checked = 0;
    OK(lem_json_load(LEMMA_TEST_DATA "/golden/prm/cases.json", 1 << 20, &cases, &gerr));
    for (int k = 0; k < GOLDEN_ISAS; k++) {
        if (!lem_isa_supported(golden_isas[k])) continue;
        for (size_t i = 0; i < lem_json_count(cases); i++) {
            check_case(lem_json_at(cases, i), golden_isas[k], 128);
            check_case(lem_json_at(cases, i), golden_isas[k], 40); /* a forest for each row or two */
            checked++;
        }
    }
    assert_true(checked >= 5);
    lem_json_free(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(losses_and_gradients_are_those_of_pytorch)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
