/* test_reward_losses - losses, scores and gradients of every objective over response lists against PyTorch
 * (tools/golden/make_reward_losses.py) */
#include "golden_util.h"
#include "train/generative.h"
#include "train/gradient.h"
#include "train/implicit.h"
#include "train/orm.h"

enum { CAP = 64, RESPONSES = 12 };
static const double close_enough = 2e-5; /* fp32 against fp64, relative to the largest */

typedef struct world {
    golden rm, lm;
    lem_json *cases;
    lem_safetensors_file *expected;
    lem_lists lists;
} world;

/* Of reward_losses itself: golden_tensor wants a golden. */
static float *expected(const world *w, const char *prefix, const char *name, size_t *count) {
    const golden g = {.expected = w->expected};
    return golden_tensor(&g, prefix, name, count);
}

static uint64_t add_ids(lem_lists *l, const lem_json *ids, int *n) {
    uint64_t at = l->n_ids;
    *n = golden_ids(ids, l->ids + at, CAP);
    l->n_ids += (uint64_t)*n;
    return at;
}

static void read_lists(world *w) {
    lem_lists *l = &w->lists;
    const lem_json *lists = lem_json_get(w->cases, "lists");
    l->ids = calloc(2048, sizeof *l->ids);
    l->list = calloc(8, sizeof *l->list);
    l->response = calloc(RESPONSES, sizeof *l->response);
    assert_true(l->ids && l->list && l->response);
    for (size_t i = 0; i < lem_json_count(lists); i++) {
        const lem_json *x = lem_json_at(lists, i), *responses = lem_json_get(x, "responses");
        struct lem_list_item *it = &l->list[l->n++];
        it->at = add_ids(l, lem_json_get(x, "prompt"), &it->prompt);
        it->first = (int)l->n_responses;
        it->n = (int)lem_json_count(responses);
        for (size_t k = 0; k < lem_json_count(responses); k++) {
            struct lem_list_response *r = &l->response[l->n_responses++];
            r->at = add_ids(l, lem_json_at(responses, k), &r->len);
            r->label = (uint8_t)lem_json_int(lem_json_at(lem_json_get(x, "labels"), k), 9);
            r->soft = (float)lem_json_num(lem_json_at(lem_json_get(x, "soft"), k), 9);
            r->weight = (float)lem_json_num(lem_json_at(lem_json_get(x, "weights"), k), 9);
        }
    }
    assert_int_equal(l->n_responses, RESPONSES);
}

static golden open_model(const char *name) {
    golden g = {0};
    snprintf(g.dir, sizeof g.dir, "%s/golden/reward_losses/%s", LEMMA_TEST_DATA, name);
    OK(lem_model_open_any(g.dir, &g.m, &gerr));
    return g;
}

static world open_world(void) {
    world w = {.rm = open_model("rm"), .lm = open_model("lm")};
    char path[600];
    snprintf(path, sizeof path, "%s/golden/reward_losses/cases.json", LEMMA_TEST_DATA);
    OK(lem_json_load(path, 1 << 20, &w.cases, &gerr));
    snprintf(path, sizeof path, "%s/golden/reward_losses/expected.safetensors", LEMMA_TEST_DATA);
    OK(lem_safetensors_file_open(path, &w.expected, &gerr));
    read_lists(&w);
    return w;
}

static void close_world(world *w) {
    lem_model_free(w->rm.m);
    lem_model_free(w->lm.m);
    lem_json_free(w->cases);
    lem_safetensors_file_close(w->expected);
    lem_lists_release(&w->lists);
}

/* Scores as they come, kept by where the item's responses stand. */
static double seen[RESPONSES];
static const lem_objective *watched;
static const lem_lists *watched_lists;
static void watch(void *ctx, uint64_t item, int n, const double *score, double *grad) {
    watched->members(ctx, item, n, score, grad);
    for (int k = 0; k < n; k++) seen[watched_lists->list[item].first + k] = score[k];
}

static void check_gradients(const world *w, const lem_model *m, const float *flat, const char *name) {
    char prefix[64];
    snprintf(prefix, sizeof prefix, "%s.grad.", name);
    for (int i = 0; i < m->n_tensors; i++) {
        size_t n;
        float *want = expected(w, prefix, m->tensors[i].name, &n);
        assert_int_equal(n, m->tensors[i].count);
        double gap = golden_gap(flat + m->tensors[i].offset, want, n);
        /* a gradient of 0 has no size to compare with (a key's bias shifts all scores alike) */
        double top = 0;
        for (size_t k = 0; k < n; k++) top = fmax(top, fabs((double)want[k]));
        if (top > 1e-7 && gap > close_enough * 10)
            fail_msg("%s, gradient of %s: off by %g of %g", name, m->tensors[i].name, gap, top);
        free(want);
    }
}

/* All lists as one batch, in one forest and in several: the same bits, PyTorch's numbers. */
static void check_case(const world *w, lem_model *m, lem_isa isa, const lem_objective *obj,
                       const char *name) {
    const uint64_t items[3] = {0, 1, 2};
    lem_backend *b = NULL;
    lem_net *net = NULL;
    lem_train_metric metric[LEM_MAX_METRICS];
    size_t n, bytes = m->n_params * sizeof(float);
    int count = 0;
    OK(far_or_plain(isa, NULL, &b, &gerr));
    OK(lem_net_new(m, b, 512, true, &net, &gerr));
    float *flat = malloc(bytes), *again = malloc(bytes), *loss = expected(w, name, ".loss", &n);
    lem_objective seeing = *obj;
    watched = obj;
    watched_lists = &w->lists;
    if (obj->members) seeing.members = watch;
    for (int rows = 512; rows >= 64; rows -= 448) { /* the longest list has 50 rows */
        lem_gradient g;
        OK(lem_gradient_init(&g, net, b, rows, 1, &gerr));
        OK(lem_gradient_run(&g, &seeing, items, 3, metric, &count, &gerr));
        host_get(b, rows == 512 ? flat : again, lem_net_grads(net), bytes);
        lem_gradient_release(&g);
        if (fabs(metric[0].value - (double)loss[0]) > close_enough * fmax(1, fabs((double)loss[0])))
            fail_msg("%s: loss %.8g, PyTorch %.8g", name, metric[0].value, (double)loss[0]);
    }
    if (isa != LEM_ISA_REF) assert_memory_equal(flat, again, bytes);
    check_gradients(w, m, flat, name);
    free(flat);
    free(again);
    free(loss);
    lem_net_free(net);
    far_or_plain_free(b);
}

static void check_scores(const world *w, const char *name, double scale, const double *minus) {
    size_t n;
    float *want = expected(w, name, ".scores", &n);
    assert_int_equal(n, RESPONSES);
    for (int k = 0; k < RESPONSES; k++)
        if (fabs(scale * (seen[k] - (minus ? minus[k] : 0)) - (double)want[k]) > 2e-5)
            fail_msg("%s: score %d is %.8g, PyTorch %.8g", name, k, seen[k], (double)want[k]);
    free(want);
}

static void scalar(void **state) {
    const world *w = *state;
    static const char *const names[] = {"bt", "pair", "ce", "mse", "mse-sigmoid", "margin", "center"};
    for (int isa = 0; isa < GOLDEN_ISAS; isa++)
        for (int i = 0; i < 7; i++) {
            if (!lem_isa_supported(golden_isas[isa])) continue;
            lem_orm_opts o = {.list = {.margin = lem_json_num(lem_json_get(w->cases, "margin"), 0)}};
            lem_orm *r = NULL;
            if (i == 6) o.list.center = lem_json_num(lem_json_get(w->cases, "center"), 0);
            else OK(lem_ranking_parse(names[i], &o.list.kind, &gerr));
            OK(lem_orm_new(&w->lists, &o, &r, &gerr));
            lem_objective obj = lem_orm_objective(r);
            check_case(w, w->rm.m, golden_isas[isa], &obj, names[i]);
            check_scores(w, names[i], 1, NULL);
            lem_orm_free(r);
        }
}

static void generative(void **state) {
    const world *w = *state;
    for (int isa = 0; isa < GOLDEN_ISAS; isa++) {
        if (!lem_isa_supported(golden_isas[isa])) continue;
        lem_generative *x = NULL;
        OK(lem_generative_new(&w->lists, (int32_t)lem_json_int(lem_json_get(w->cases, "good"), -1),
                              (int32_t)lem_json_int(lem_json_get(w->cases, "bad"), -1), true, &x, &gerr));
        lem_objective obj = lem_generative_objective(x);
        check_case(w, w->lm.m, golden_isas[isa], &obj, "generative");
        lem_generative_free(x);
    }
}

/* The model as it is is the reference; then every parameter moves a step. */
static void implicit(void **state) {
    const world *w = *state;
    static const char *const names[] = {"implicit", "dpo"};
    for (int isa = 0; isa < GOLDEN_ISAS; isa++)
        for (int i = 0; i < 2; i++) {
            if (!lem_isa_supported(golden_isas[isa])) continue;
            lem_implicit_opts o = {.list = {.kind = i ? LEM_RANKING_BT : LEM_RANKING_CE},
                                   .beta = lem_json_num(lem_json_get(w->cases, "beta"), 0)};
            golden moved = open_model("lm");
            lem_backend *b = NULL;
            lem_implicit *x = NULL;
            size_t n;
            double reference[RESPONSES];
            OK(far_or_plain(golden_isas[isa], NULL, &b, &gerr));
            OK(lem_implicit_new(&w->lists, &o, &x, &gerr));
            OK(lem_implicit_reference(x, moved.m, b, 64, NULL, &gerr));
            far_or_plain_free(b);
            for (int t = 0; t < moved.m->n_tensors; t++) {
                float *step = expected(w, "step.", moved.m->tensors[t].name, &n);
                for (size_t k = 0; k < n; k++) moved.m->params[moved.m->tensors[t].offset + k] += step[k];
                free(step);
            }
            lem_objective obj = lem_implicit_objective(x);
            check_case(w, moved.m, golden_isas[isa], &obj, names[i]);
            float *ref = expected(w, "reference", "", &n);
            for (int k = 0; k < RESPONSES; k++) reference[k] = (double)ref[k];
            check_scores(w, names[i], o.beta, reference);
            free(ref);
            lem_implicit_free(x);
            lem_model_free(moved.m);
        }
}

/* Before the first step the score of every response is exactly 0, whatever the size of the passes. */
static void reference_is_the_start(void **state) {
    const world *w = *state;
    lem_implicit_opts o = {.list = {.kind = LEM_RANKING_CE}, .beta = 1};
    const uint64_t items[3] = {0, 1, 2};
    lem_backend *b = NULL;
    lem_net *net = NULL;
    lem_gradient g;
    lem_implicit *x = NULL;
    lem_train_metric m[LEM_MAX_METRICS];
    int n;
    OK(far_or_plain(LEM_ISA_GENERIC, NULL, &b, &gerr));
    OK(lem_implicit_new(&w->lists, &o, &x, &gerr));
    OK(lem_implicit_reference(x, w->lm.m, b, 77, NULL, &gerr));
    OK(lem_net_new(w->lm.m, b, 512, true, &net, &gerr));
    OK(lem_gradient_init(&g, net, b, 512, 1, &gerr));
    const lem_objective obj = lem_implicit_objective(x);
    OK(lem_gradient_run(&g, &obj, items, 3, m, &n, &gerr));
    assert_float_equal(m[0].value, log(2), 1e-15);
    assert_float_equal(m[2].value, 0, 0);
    lem_gradient_release(&g);
    lem_net_free(net);
    assert_int_equal(lem_implicit_reference(x, w->lm.m, b, 77, &(lem_cancel){1}, &gerr), LEM_EINTR);
    lem_implicit_free(x);
    far_or_plain_free(b);
}

static int set_up(void **state) {
    static world w;
    w = open_world();
    *state = &w;
    return 0;
}

static int tear_down(void **state) {
    close_world(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(scalar), cmocka_unit_test(generative),
                                       cmocka_unit_test(implicit), cmocka_unit_test(reference_is_the_start)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
