/* test_sft - fine-tuning on packs: packed is unpacked bit for bit, no root sees another, the loss of a domain
 * is that of its rows alone, how full batches and passes are */
#include "golden_util.h"

#include "core/rng.h"
#include "train/batches.h"
#include "train/gradient.h"
#include "train/losses.h"
#include "train/sft.h"
#include "train/trainer.h"

enum { ROWS = 30, VOCAB = 40, LONGEST = 33 };

static lem_model *tiny(void) {
    lem_model_config c = {.arch = LEM_ARCH_QWEN3,
                          .head = LEM_HEAD_LM,
                          .layers = 2,
                          .width = 32,
                          .ffn = 48,
                          .heads = 4,
                          .kv_heads = 2,
                          .head_dim = 8,
                          .vocab = VOCAB,
                          .max_positions = 64,
                          .init_range = 0.3f,
                          .norm_eps = 1e-5f,
                          .rope_theta = 10000,
                          .tied = true,
                          .bos_id = -1,
                          .eos_id = -1,
                          .pad_id = -1};
    lem_model *m = NULL;
    OK(lem_model_config_check(&c, &gerr));
    OK(lem_model_new(&c, &m, &gerr));
    lem_model_init_random(m, 3);
    return m;
}

/* Rows of three domains; `other`: the tokens of row 2 are others. */
static lem_examples rows(bool other) {
    static const char *const domains[] = {"math", "code", ""};
    lem_examples e = {0};
    lem_rng r = lem_rng_make(8, "rows", 0);
    for (int i = 0; i < ROWS; i++) {
        int32_t ids[LONGEST];
        uint8_t mask[LONGEST];
        int n = 3 + (int)lem_rng_next_below(&r, LONGEST - 2);
        for (int t = 0; t < n; t++) {
            ids[t] = (int32_t)lem_rng_next_below(&r, VOCAB);
            mask[t] = t >= n / 3;
            if (other && i == 2) ids[t] = (ids[t] + 1) % VOCAB;
        }
        OK(lem_examples_add(&e, ids, mask, (size_t)n, &gerr));
        lem_examples_name_domain(&e, domains[i % 3]);
    }
    return e;
}

/* The losses of all targets of a forest of `n` rows, in the order of rows. */
typedef struct heard {
    lem_objective inner;
    double loss[ROWS * LONGEST];
    int n;
} heard;
static int h_rows(void *ctx, uint64_t i) {
    heard *h = ctx;
    return h->inner.rows(h->inner.ctx, i);
}
static lem_status h_begin(void *ctx, const uint64_t *items, int n, lem_err *err) {
    heard *h = ctx;
    return h->inner.begin(h->inner.ctx, items, n, err);
}
static lem_status h_add(void *ctx, uint64_t item, lem_forest *f, lem_targets *t, lem_err *err) {
    heard *h = ctx;
    return h->inner.add(h->inner.ctx, item, f, t, err);
}
static void h_note(void *ctx, const lem_target *t, int n) {
    heard *h = ctx;
    for (int i = 0; i < n; i++) h->loss[h->n++] = t[i].loss;
    h->inner.note(h->inner.ctx, t, n);
}
static int h_end(void *ctx, lem_train_metric *out) {
    heard *h = ctx;
    return h->inner.end(h->inner.ctx, out);
}

/* One batch of all rows in passes of max_rows; grads [n_grads] if not NULL. */
static void batch_of(const lem_examples *e, lem_isa isa, int max_rows, heard *h, float *grads) {
    lem_model *m = tiny();
    lem_backend *b = NULL;
    lem_net *net = NULL;
    lem_gradient g;
    lem_sft *sft = NULL;
    lem_train_metric out[LEM_MAX_METRICS];
    uint64_t items[ROWS];
    int n = 0;
    OK(far_or_plain(isa, NULL, &b, &gerr));
    OK(lem_net_new(m, b, max_rows, true, &net, &gerr));
    OK(lem_gradient_init(&g, net, b, max_rows, 1, &gerr));
    OK(lem_sft_new(e, &sft, &gerr));
    h->inner = lem_sft_objective(sft);
    h->n = 0;
    const lem_objective obj = {.ctx = h,
                               .n_items = e->n,
                               .rows = h_rows,
                               .begin = h_begin,
                               .add = h_add,
                               .note = h_note,
                               .end = h_end};
    for (uint64_t i = 0; i < e->n; i++) items[i] = i;
    OK(lem_gradient_run(&g, &obj, items, (int)e->n, out, &n, &gerr));
    if (grads) b->ops->copy_out(b, grads, lem_net_grads(net), lem_net_n_grads(net) * sizeof *grads);
    OK(b->ops->sync(b, &gerr));
    lem_gradient_release(&g);
    lem_sft_free(sft);
    lem_net_free(net);
    lem_model_free(m);
    far_or_plain_free(b);
}

/* All rows in one pass, or each in a pass of its own: the same losses and the same gradient. */
static void packed_is_unpacked(void **state) {
    (void)state;
    static const lem_isa isas[] = {LEM_ISA_GENERIC, LEM_ISA_AUTO};
    lem_examples e = rows(false);
    lem_model *m = tiny();
    size_t n = m->n_params;
    float *packed = calloc(n, sizeof *packed), *alone = calloc(n, sizeof *alone);
    static heard a, b;
    for (int k = 0; k < 2; k++) {
        batch_of(&e, isas[k], 4096, &a, packed);
        batch_of(&e, isas[k], LONGEST, &b, alone);
        assert_int_equal(a.n, b.n);
        assert_true(a.n > ROWS);
        assert_memory_equal(a.loss, b.loss, (size_t)a.n * sizeof *a.loss);
        assert_memory_equal(packed, alone, n * sizeof *packed);
    }
    free(packed);
    free(alone);
    lem_model_free(m);
    lem_examples_release(&e);
}

/* Other tokens in one row: its own losses move, not a bit of any other's. */
static void no_row_sees_another(void **state) {
    (void)state;
    lem_examples e = rows(false), o = rows(true);
    static heard a, b;
    batch_of(&e, LEM_ISA_AUTO, 4096, &a, NULL);
    batch_of(&o, LEM_ISA_AUTO, 4096, &b, NULL);
    int at = 0, moved = 0;
    for (uint64_t i = 0; i < e.n; i++)
        for (uint64_t t = e.start[i] + 1; t < e.start[i + 1]; t++) {
            if (!e.mask[t]) continue;
            bool same = memcmp(&a.loss[at], &b.loss[at], sizeof a.loss[0]) == 0;
            if (i != 2 && !same) fail_msg("row %d moved with row 2", (int)i);
            moved += !same;
            at++;
        }
    assert_int_equal(at, a.n);
    assert_true(moved > 0);
    lem_examples_release(&e);
    lem_examples_release(&o);
}

static double metric(const lem_train_metric *m, int n, const char *name) {
    for (int i = 0; i < n; i++)
        if (strcmp(m[i].name, name) == 0) return m[i].value;
    return NAN;
}

/* The metrics of a batch of all rows. */
static int metrics_of(const lem_examples *e, lem_sft *sft, lem_train_metric *out) {
    lem_model *m = tiny();
    lem_backend *b = NULL;
    lem_net *net = NULL;
    lem_gradient g;
    int n = 0;
    OK(far_or_plain(LEM_ISA_AUTO, NULL, &b, &gerr));
    OK(lem_net_new(m, b, 4096, true, &net, &gerr));
    OK(lem_gradient_init(&g, net, b, 4096, 1, &gerr));
    const lem_objective obj = lem_sft_objective(sft);
    assert_int_equal(obj.n_items, e->n);
    OK(lem_gradient_evaluate(&g, &obj, out, &n, NULL, &gerr));
    lem_gradient_release(&g);
    lem_net_free(net);
    lem_model_free(m);
    far_or_plain_free(b);
    return n;
}

/* The loss of a domain is that of a set of its rows alone; the whole is their mean by tokens. */
static void loss_of_each_domain(void **state) {
    (void)state;
    static const char *const names[] = {"math", "code", LEM_DOMAIN_NONE};
    lem_examples all = rows(false);
    lem_sft *sft = NULL;
    lem_train_metric m[LEM_MAX_METRICS], one[LEM_MAX_METRICS];
    OK(lem_sft_new(&all, &sft, &gerr));
    int n = metrics_of(&all, sft, m);
    double sum = 0, tokens = 0;
    assert_int_equal(n, 2 + 2 * 3);
    for (int d = 0; d < 3; d++) {
        char key[2][64];
        lem_examples e = {0};
        lem_sft *part = NULL;
        snprintf(key[0], sizeof key[0], "loss/%s", names[d]);
        snprintf(key[1], sizeof key[1], "tokens/%s", names[d]);
        for (uint64_t i = (uint64_t)d; i < all.n; i += 3)
            OK(lem_examples_add(&e, all.ids + all.start[i], all.mask + all.start[i],
                                all.start[i + 1] - all.start[i], &gerr));
        OK(lem_sft_new(&e, &part, &gerr));
        assert_int_equal(metrics_of(&e, part, one), 2); /* no domain is named: none is told */
        assert_float_equal(metric(m, n, key[0]), metric(one, 2, "loss"), 1e-12);
        assert_float_equal(metric(m, n, key[1]), metric(one, 2, "tokens"), 0);
        sum += metric(m, n, key[0]) * metric(m, n, key[1]);
        tokens += metric(m, n, key[1]);
        lem_sft_free(part);
        lem_examples_release(&e);
    }
    assert_float_equal(tokens, metric(m, n, "tokens"), 0);
    assert_float_equal(sum / tokens, metric(m, n, "loss"), 1e-12);
    lem_sft_free(sft);
    lem_examples_release(&all);
}

/* Batches and passes are as full as a walk over them finds. */
static void how_full_they_are(void **state) {
    (void)state;
    lem_examples e = rows(false);
    lem_sft *sft = NULL;
    OK(lem_sft_new(&e, &sft, &gerr));
    const lem_objective obj = lem_sft_objective(sft);
    lem_train_opts o = {.batch_tokens = 100, .epochs = 2, .max_rows = 60, .seed = 4};
    lem_train_packing p;
    OK(lem_train_pack(&o, &obj, NULL, &p, &gerr));
    lem_batches_how how = {0, 100, 2, 0, 4};
    lem_batches b = {0};
    uint64_t items[ROWS], tokens = 0, passes = 0;
    OK(lem_batches_init(&b, &obj, &how, &gerr));
    for (long s = 0; s < b.steps; s++) {
        int n = lem_batches_at(&b, s, items), room = 0;
        for (int i = 0; i < n; i++) {
            int len = (int)(e.start[items[i] + 1] - e.start[items[i]]);
            tokens += (uint64_t)len;
            if (i == 0 || len > room) { /* a new pass */
                passes++;
                room = 60;
            }
            room -= len;
        }
    }
    assert_int_equal(p.steps, b.steps);
    assert_int_equal(p.tokens, tokens);
    assert_int_equal(p.tokens, 2 * e.start[e.n]);
    assert_int_equal(p.items, 2 * e.n);
    assert_int_equal(p.passes, passes);
    assert_float_equal(p.batch_fill, (double)tokens / (100.0 * (double)b.steps), 1e-12);
    assert_float_equal(p.pass_fill, (double)tokens / (60.0 * (double)passes), 1e-12);
    assert_true(p.batch_fill > 0.6 && p.batch_fill <= 1);
    lem_batches_release(&b);
    lem_sft_free(sft);
    lem_examples_release(&e);
}

/* A few steps at least, unless none are wanted or there are hardly any. */
static void warm_up(void **state) {
    (void)state;
    lem_train_opts o = {.warmup_ratio = 0.03, .warmup_least = 10};
    assert_int_equal(lem_train_warmup(&o, 1000), 30);
    assert_int_equal(lem_train_warmup(&o, 100), 10);
    assert_int_equal(lem_train_warmup(&o, 20), 4);
    assert_int_equal(lem_train_warmup(&o, 3), 1);
    o.warmup_ratio = 0;
    assert_int_equal(lem_train_warmup(&o, 1000), 0);
    o = (lem_train_opts){.warmup_ratio = 0.03};
    assert_int_equal(lem_train_warmup(&o, 100), 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(packed_is_unpacked),
                                       cmocka_unit_test(no_row_sees_another),
                                       cmocka_unit_test(loss_of_each_domain),
                                       cmocka_unit_test(how_full_they_are), cmocka_unit_test(warm_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
