/* test_objective - an objective is what it states: a toy of two functions and process labels, their gradients
 * by finite differences, and the bits of a batch however it is split */
#include "core/mem.h"
#include "core/rng.h"
#include "support/host.h"
#include "train/gradient.h"
#include "train/process.h"
#include "train/trainer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { VOCAB = 24, ITEMS = 5, LEN = 9 };

typedef struct fixture {
    lem_model *m;
    lem_backend *b;
    lem_net *net;
} fixture;

static fixture open_fixture(lem_isa isa) {
    lem_model_config c = {.arch = LEM_ARCH_QWEN2,
                          .head = LEM_HEAD_SCALAR,
                          .layers = 2,
                          .width = 16,
                          .ffn = 32,
                          .heads = 2,
                          .kv_heads = 1,
                          .vocab = VOCAB,
                          .max_positions = 64,
                          .init_range = 0.3f,
                          .tied = true,
                          .qkv_bias = true,
                          .bos_id = -1,
                          .eos_id = -1,
                          .pad_id = -1};
    lem_err err = LEM_ERR_INIT;
    fixture f = {0};
    assert_int_equal(lem_model_new(&c, &f.m, &err), LEM_OK);
    lem_model_init_random(f.m, 7);
    assert_int_equal(far_or_plain(isa, NULL, &f.b, &err), LEM_OK);
    assert_int_equal(lem_net_new(f.m, f.b, 128, true, &f.net, &err), LEM_OK);
    return f;
}

static void close_fixture(fixture *f) {
    lem_net_free(f->net);
    far_or_plain_free(f->b);
    lem_model_free(f->m);
}

/* The toy: two roots of an item shall differ by one in score, and the first token of each predicts the
 * second. It states that, and nothing else. */
typedef struct toy {
    double loss;
    int32_t ids[ITEMS][2][LEN];
    int n, groups, noted;
    int of[ITEMS]; /* groups of each item */
} toy;

static int toy_rows(void *ctx, uint64_t item) {
    (void)ctx;
    (void)item;
    return 2 * LEN;
}
static lem_status toy_begin(void *ctx, const uint64_t *items, int n, lem_err *err) {
    toy *t = ctx;
    (void)items;
    (void)err;
    t->loss = 0;
    t->n = n;
    t->groups = t->noted = 0;
    memset(t->of, 0, sizeof t->of);
    return LEM_OK;
}
static lem_status toy_add(void *ctx, uint64_t item, lem_forest *f, lem_targets *list, lem_err *err) {
    const toy *t = ctx;
    lem_status st = LEM_OK;
    for (int k = 0; k < 2; k++) {
        int row = f->n_rows;
        lem_target score = {.kind = LEM_TARGET_RANK, .row = row + LEN - 1, .weight = 0.5 / t->n};
        lem_target token = {
            .kind = LEM_TARGET_TOKEN, .row = row, .token = t->ids[item][k][1], .weight = 0.1 / t->n};
        LEM_TRY(lem_forest_add(f, -1, t->ids[item][k], LEN, NULL, err));
        LEM_TRY(lem_targets_add(list, &score, err));
        LEM_TRY(lem_targets_add(list, &token, err));
    }
done:
    return st;
}
static void toy_members(void *ctx, uint64_t item, int n, const double *score, double *grad) {
    toy *t = ctx;
    assert_int_equal(n, 2);
    assert_true(item < ITEMS);
    t->of[item]++;
    double d = score[1] - score[0] - 1;
    t->loss += 0.5 * d * d / t->n;
    t->groups++;
    grad[0] = -2 * d;
    grad[1] = 2 * d;
}
static void toy_note(void *ctx, const lem_target *x, int n) {
    toy *t = ctx;
    for (int i = 0; i < n; i++)
        if (x[i].kind == LEM_TARGET_TOKEN) t->loss += x[i].weight * x[i].loss;
    t->noted += n;
}
static int toy_end(void *ctx, lem_train_metric *out) {
    out[0] = (lem_train_metric){"loss", ((toy *)ctx)->loss};
    return 1;
}
static lem_objective toy_objective(toy *t) {
    lem_rng r = lem_rng_make(3, "toy", 0);
    for (int i = 0; i < ITEMS * 2 * LEN; i++)
        t->ids[i / (2 * LEN)][i / LEN % 2][i % LEN] = (int32_t)lem_rng_next_below(&r, VOCAB);
    return (lem_objective){t, ITEMS, toy_rows, toy_begin, toy_add, toy_note, toy_end, toy_members};
}

/* Rows with a label at every third token: soft, hard right, hard wrong. */
typedef struct steps {
    lem_process_rows rows;
    uint64_t start[ITEMS + 1];
    int32_t ids[ITEMS * LEN];
    float label[ITEMS * LEN];
} steps;

static void make_steps(steps *s) {
    lem_rng r = lem_rng_make(4, "steps", 0);
    for (int i = 0; i <= ITEMS; i++) s->start[i] = (uint64_t)(i * LEN);
    for (int i = 0; i < ITEMS * LEN; i++) {
        const float choice[3] = {0.25f, 1, 0};
        s->ids[i] = (int32_t)lem_rng_next_below(&r, VOCAB);
        s->label[i] = i % 3 == 2 ? choice[i / 3 % 3] : -1;
    }
    s->rows = (lem_process_rows){ITEMS, s->start, s->ids, s->label};
}

static double loss_of(fixture *f, const lem_objective *obj) {
    lem_gradient g;
    lem_train_metric m[LEM_MAX_METRICS];
    lem_err err = LEM_ERR_INIT;
    int n = 0;
    assert_int_equal(lem_gradient_init(&g, f->net, f->b, 128, 1, &err), LEM_OK);
    assert_int_equal(lem_net_load(f->net, &err), LEM_OK);
    assert_int_equal(lem_gradient_evaluate(&g, obj, m, &n, NULL, &err), LEM_OK);
    lem_gradient_release(&g);
    return m[0].value;
}

static void gradient_of(fixture *f, const lem_objective *obj, const uint64_t *items, int n, int max_rows,
                        int slots, float *out) {
    lem_gradient g;
    lem_train_metric m[LEM_MAX_METRICS];
    lem_err err = LEM_ERR_INIT;
    int count = 0;
    assert_int_equal(lem_gradient_init(&g, f->net, f->b, max_rows, slots, &err), LEM_OK);
    assert_int_equal(lem_gradient_run(&g, obj, items, n, m, &count, &err), LEM_OK);
    host_get(f->b, out, lem_net_grads(f->net), f->m->n_params * sizeof *out);
    lem_gradient_release(&g);
}

/* Every tensor, a few of its elements. */
static void check_by_differences(fixture *f, const lem_objective *obj) {
    const uint64_t items[ITEMS] = {0, 1, 2, 3, 4};
    lem_err err = LEM_ERR_INIT;
    float *g = lem_alloc(f->m->n_params, sizeof *g, &err);
    assert_non_null(g);
    gradient_of(f, obj, items, ITEMS, 128, 1, g);
    double top = 0;
    for (int i = 0; i < f->m->n_tensors; i++)
        for (size_t k = 0; k < f->m->tensors[i].count; k += 1 + f->m->tensors[i].count / 5) {
            size_t at = f->m->tensors[i].offset + k;
            float *p = &f->m->params[at], was = *p;
            double h = 5e-3, up, down;
            *p = was + (float)h;
            up = loss_of(f, obj);
            *p = was - (float)h;
            down = loss_of(f, obj);
            *p = was;
            if (fabs((double)g[at]) > top) top = fabs((double)g[at]);
            if (fabs((up - down) / (2 * h) - (double)g[at]) > 2e-4 + 0.02 * fabs((double)g[at]))
                fail_msg("%s[%zu]: %g, by differences %g", f->m->tensors[i].name, k, (double)g[at],
                         (up - down) / (2 * h));
        }
    assert_true(top > 0.01); /* there was something to compare */
    lem_free(g);
}

static void toy_by_differences(void **state) {
    (void)state;
    fixture f = open_fixture(LEM_ISA_REF);
    toy t;
    lem_objective obj = toy_objective(&t);
    check_by_differences(&f, &obj);
    assert_int_equal(t.groups, ITEMS);
    assert_int_equal(t.noted, ITEMS * 4);
    close_fixture(&f);
}

static void process_by_differences(void **state) {
    (void)state;
    fixture f = open_fixture(LEM_ISA_REF);
    steps s;
    lem_process *p = NULL;
    lem_err err = LEM_ERR_INIT;
    make_steps(&s);
    assert_int_equal(lem_process_new(&s.rows, &p, &err), LEM_OK);
    lem_objective obj = lem_process_objective(p);
    check_by_differences(&f, &obj);
    lem_process_free(p);
    s.label[4] = 1.5f;
    assert_int_equal(lem_process_new(&s.rows, &p, &err), LEM_EDATA);
    close_fixture(&f);
}

/* The mean cross-entropy, computed beside the trainer. */
static void process_loss(void **state) {
    (void)state;
    fixture f = open_fixture(LEM_ISA_GENERIC);
    steps s;
    lem_process *p = NULL;
    lem_err err = LEM_ERR_INIT;
    double want = 0;
    int n = 0;
    make_steps(&s);
    for (int i = 0; i < ITEMS; i++) {
        lem_forest forest = {0};
        int rows[LEN];
        float score[LEN];
        for (int t = 0; t < LEN; t++) rows[t] = t;
        assert_int_equal(lem_forest_add(&forest, -1, s.ids + i * LEN, LEN, NULL, &err), LEM_OK);
        assert_int_equal(lem_net_forward(f.net, &forest, &err), LEM_OK);
        assert_int_equal(lem_net_scores(f.net, LEN, rows, score, &err), LEM_OK);
        for (int t = 0; t < LEN; t++) {
            double y = (double)s.label[i * LEN + t], q = 1 / (1 + exp(-(double)score[t]));
            if (y < 0) continue;
            want -= y * log(q) + (1 - y) * log(1 - q);
            n++;
        }
        lem_forest_release(&forest);
    }
    assert_int_equal(lem_process_new(&s.rows, &p, &err), LEM_OK);
    lem_objective obj = lem_process_objective(p);
    assert_true(fabs(loss_of(&f, &obj) - want / n) < 1e-6);
    lem_process_free(p);
    close_fixture(&f);
}

/* Signs: a row's first token has none before it that could predict it, whatever `also` says; any other is
 * trained. A label of just one half is on the side of 1. */
static void process_edges(void **state) {
    (void)state;
    fixture f = open_fixture(LEM_ISA_GENERIC);
    const uint64_t items[ITEMS] = {0, 1, 2, 3, 4};
    uint8_t also[ITEMS * LEN] = {0};
    steps s;
    lem_process *p = NULL;
    lem_err err = LEM_ERR_INIT;
    size_t n = f.m->n_params;
    float *plain = lem_alloc(n, sizeof *plain, &err), *marked = lem_alloc(n, sizeof *marked, &err);
    assert_true(plain && marked);
    make_steps(&s);
    s.rows.head = LEM_PROCESS_SIGNS;
    s.rows.good = 1;
    s.rows.bad = 2;
    s.rows.also = also;
    for (int i = 0; i < ITEMS * LEN; i++)
        if (s.label[i] >= 0) s.label[i] = 0.5f;
    assert_int_equal(lem_process_new(&s.rows, &p, &err), LEM_OK);
    lem_objective obj = lem_process_objective(p);
    gradient_of(&f, &obj, items, ITEMS, 128, 1, plain);
    assert_int_equal(lem_process_last(p)->labels, ITEMS * LEN / 3);
    assert_int_equal(lem_process_last(p)->with_error, 0);
    assert_int_equal(lem_process_last(p)->without_error, ITEMS);
    for (int i = 0; i < ITEMS; i++) also[i * LEN] = 1;
    gradient_of(&f, &obj, items, ITEMS, 128, 1, marked);
    assert_memory_equal(plain, marked, n * sizeof *plain);
    also[LEN + 1] = 1;
    gradient_of(&f, &obj, items, ITEMS, 128, 1, marked);
    assert_memory_not_equal(plain, marked, n * sizeof *plain);
    lem_free(plain);
    lem_free(marked);
    lem_process_free(p);
    close_fixture(&f);
}

/* One item twice side by side is two groups; and a batch in one forest has the bits of a batch in many. */
static void splits_and_repeats(void **state) {
    (void)state;
    fixture f = open_fixture(LEM_ISA_GENERIC);
    const uint64_t items[6] = {2, 2, 0, 4, 4, 1};
    const int times[ITEMS] = {1, 1, 2, 0, 2};
    toy t;
    lem_objective obj = toy_objective(&t);
    lem_err err = LEM_ERR_INIT;
    size_t n = f.m->n_params;
    float *one = lem_alloc(n, sizeof *one, &err), *many = lem_alloc(n, sizeof *many, &err);
    assert_non_null(one);
    assert_non_null(many);
    gradient_of(&f, &obj, items, 6, 128, 1, one);
    assert_int_equal(t.groups, 6);
    for (int i = 0; i < ITEMS; i++) assert_int_equal(t.of[i], times[i]);
    for (int rows = 2 * LEN; rows < 128; rows += 11) {
        gradient_of(&f, &obj, items, 6, rows, 1, many);
        assert_memory_equal(one, many, n * sizeof *one);
    }
    lem_free(one);
    lem_free(many);
    close_fixture(&f);
}

/* Each process computes its slots in a net of its own memory; what comes out is combined by the same tree. */
static void by_processes(fixture *f, const lem_objective *obj, const uint64_t *items, int n, int slots,
                         int processes, float *out) {
    lem_slot_tree tree;
    lem_err err = LEM_ERR_INIT;
    size_t size = f->m->n_params;
    assert_int_equal(lem_slot_tree_init(&tree, f->b, processes, size, &err), LEM_OK);
    for (int p = 0; p < processes; p++) {
        lem_net *net = NULL;
        lem_gradient g;
        assert_int_equal(lem_net_new(f->m, f->b, 128, true, &net, &err), LEM_OK);
        assert_int_equal(lem_gradient_init(&g, net, f->b, 128, slots / processes, &err), LEM_OK);
        assert_int_equal(obj->begin(obj->ctx, items, n, &err), LEM_OK);
        assert_int_equal(lem_gradient_part(&g, obj, items, n, p * (slots / processes), slots, &err), LEM_OK);
        lem_slot_tree_add(&tree, lem_net_grads(net));
        host_get(f->b, out, lem_net_grads(net), size * sizeof *out);
        lem_gradient_release(&g);
        lem_net_free(net);
    }
    lem_slot_tree_release(&tree);
}

/* For batches of fewer, as many and more items than slots. */
static void processes_change_no_bit(void **state) {
    (void)state;
    fixture f = open_fixture(LEM_ISA_GENERIC);
    const uint64_t items[] = {2, 0, 4, 4, 1, 3, 0, 2, 1, 3, 3, 4, 0};
    const int sizes[] = {1, 5, 8, 13};
    toy t;
    lem_objective obj = toy_objective(&t);
    lem_err err = LEM_ERR_INIT;
    size_t n = f.m->n_params;
    float *one = lem_alloc(n, sizeof *one, &err), *many = lem_alloc(n, sizeof *many, &err);
    assert_non_null(one);
    assert_non_null(many);
    for (int k = 0; k < 4; k++) {
        gradient_of(&f, &obj, items, sizes[k], 128, 8, one);
        gradient_of(&f, &obj, items, sizes[k], 2 * LEN, 8, many);
        assert_memory_equal(one, many, n * sizeof *one);
        for (int p = 1; p <= 8; p *= 2) {
            by_processes(&f, &obj, items, sizes[k], 8, p, many);
            assert_memory_equal(one, many, n * sizeof *one);
        }
        gradient_of(&f, &obj, items, sizes[k], 128, 1, many); /* another order of the same sum */
        for (size_t i = 0; i < n; i++) assert_true(fabsf(one[i] - many[i]) < 1e-5f);
    }
    assert_memory_not_equal(one, many, n * sizeof *one);
    lem_free(one);
    lem_free(many);
    close_fixture(&f);
}

/* The tree of the header, by a backend that only adds. */
static void tree_is_fixed(void **state) {
    (void)state;
    fixture f = open_fixture(LEM_ISA_GENERIC);
    lem_slot_tree tree;
    lem_err err = LEM_ERR_INIT;
    const float leaf[4] = {1, 0x1p-24f, 0x1p-24f, 0x1p-23f};
    assert_int_equal(lem_slot_tree_init(&tree, f.b, 4, 1, &err), LEM_OK);
    for (int turn = 0; turn < 2; turn++) {
        lem_buffer there;
        float g = 0;
        assert_int_equal(lem_buffer_init(&there, f.b, sizeof g, true, &err), LEM_OK);
        for (int i = 0; i < 4; i++) {
            f.b->ops->copy_in(f.b, there.at, &leaf[i], sizeof leaf[i]);
            lem_slot_tree_add(&tree, there.at);
        }
        host_get(f.b, &g, there.at, sizeof g);
        lem_buffer_release(&there);
        assert_true(g == (leaf[0] + leaf[1]) + (leaf[2] + leaf[3]));
        assert_true(g != ((leaf[0] + leaf[1]) + leaf[2]) + leaf[3]);
    }
    lem_slot_tree_release(&tree);
    assert_int_equal(lem_slot_tree_init(&tree, f.b, 6, 1, &err), LEM_EUSAGE);
    assert_int_equal(lem_slot_tree_init(&tree, f.b, 0, 1, &err), LEM_EUSAGE);
    for (int d = 0; d < 7; d++) assert_int_equal(lem_slot_tree_depth(1 << d), d);
    close_fixture(&f);
}

static void groups_need_a_loss(void **state) {
    (void)state;
    fixture f = open_fixture(LEM_ISA_GENERIC);
    const uint64_t item = 0;
    toy t;
    lem_objective obj = toy_objective(&t);
    lem_gradient g;
    lem_train_metric m[LEM_MAX_METRICS];
    lem_err err = LEM_ERR_INIT;
    int n = 0;
    obj.members = NULL;
    assert_int_equal(lem_gradient_init(&g, f.net, f.b, 128, 1, &err), LEM_OK);
    assert_int_equal(lem_gradient_run(&g, &obj, &item, 1, m, &n, &err), LEM_EUSAGE);
    lem_gradient_release(&g);
    close_fixture(&f);
}

static int rows_of_three(void *ctx, uint64_t item) {
    (void)ctx;
    return item == 2 ? 20 : 10;
}

/* Of three items the first two are the first slot's: they fit in one pass, the third in another. */
static void slots_of_three(void **state) {
    (void)state;
    const lem_objective obj = {.n_items = 3, .rows = rows_of_three};
    const uint64_t items[3] = {0, 1, 2};
    lem_net_size most = {0, 0};
    assert_int_equal(lem_gradient_passes(&obj, items, 3, 20, 2, &most), 2);
    assert_int_equal(most.rows, 20);
    assert_int_equal(most.nodes, 20); /* each row may be a node */
}

static int two_nodes(void *ctx, uint64_t item) {
    (void)ctx;
    (void)item;
    return 2;
}

/* What a net needs: the largest pass of training, and of validation an item that is longer, with as many
 * more as fit beside it; but no more than that. */
static void size_of_a_run(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    const lem_objective all = {.n_items = 3, .rows = rows_of_three, .nodes = two_nodes};
    const lem_objective first = {.n_items = 2, .rows = rows_of_three, .nodes = two_nodes};
    const lem_train_opts o = {.batch = 2, .epochs = 1, .max_rows = 1000, .seed = 1},
                         one = {.batch = 1, .epochs = 1, .max_rows = 1000, .seed = 1},
                         narrow = {.batch = 2, .epochs = 1, .max_rows = 15, .seed = 1};
    lem_train_packing p;
    assert_int_equal(lem_train_pack(&o, &first, NULL, &p, &err), LEM_OK); /* both items in a pass */
    assert_int_equal(p.pass.rows, 20);
    assert_int_equal(p.pass.nodes, 4);
    assert_int_equal(lem_train_pack(&narrow, &first, NULL, &p, &err), LEM_OK);
    assert_int_equal(p.pass.rows, 10);
    assert_int_equal(p.pass.nodes, 2);
    assert_int_equal(lem_train_pack(&one, &first, &all, &p, &err),
                     LEM_OK); /* passes of one; the longest of val is of 20 rows */
    assert_int_equal(p.pass.rows, 20);
    assert_int_equal(p.pass.nodes, 4);
    assert_int_equal(lem_train_pack(&one, &first, &first, &p, &err),
                     LEM_OK); /* val in passes that are no larger */
    assert_int_equal(p.pass.rows, 10);
    assert_int_equal(p.pass.nodes, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_of_three),     cmocka_unit_test(size_of_a_run),
        cmocka_unit_test(toy_by_differences), cmocka_unit_test(process_by_differences),
        cmocka_unit_test(process_loss),       cmocka_unit_test(splits_and_repeats),
        cmocka_unit_test(groups_need_a_loss), cmocka_unit_test(processes_change_no_bit),
        cmocka_unit_test(tree_is_fixed),      cmocka_unit_test(process_edges)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
