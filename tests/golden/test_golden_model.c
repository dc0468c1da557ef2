/* test_golden_model - logits, loss, all gradients, ten AdamW steps and reward scores against PyTorch, on
 * every backend */
#include "golden_util.h"

/* fp32 on both sides. A value is a sum of up to a few hundred rounded products, each layer adding its own:
 * relative to the largest entry of a tensor about sqrt(100) * 2^-24 * (2..3 layers * ~7 sums) = 1e-5 at most;
 * measured 2e-6. */
#define TOL_FORWARD 1e-5
/* Weights rounded to bf16 are off by 2^-9/sqrt(3) = 1.1e-3 of their size (root mean square), and so is every
 * product of them. Some 4 L + 1 products (L = 2 or 3 layers) follow one another: 4e-3 of a typical logit. The
 * worst of 7,000 logits is 4 deviations away, and exp in the attention may double what enters it: 3e-2 of the
 * largest. */
#define TOL_BF16 3e-2
/* With --compute bf16 the activations are rounded likewise: errors of both add as a random walk, sqrt(2)
 * times. */
#define TOL_BF16_PRODUCTS 4.3e-2
/* Gradients pass twice as many sums, whose errors add like a random walk; measured 7e-6. */
#define TOL_GRAD 1e-5
/* AdamW divides by sqrt(v): where a gradient is itself rounding noise the step's direction is noise too, at
 * most lr per step. Entries whose gradients are above the noise agree to TOL_STEP, all of them to the sum of
 * the rates. */
#define TOL_STEP 5e-5

enum { MAX_SEQUENCES = 5, MAX_IDS = 128, MAX_T = 256 };

typedef struct batch {
    lem_forest f;
    int32_t target[MAX_T];
    int row[MAX_T], first_row[MAX_SEQUENCES];
    int n; /* trained tokens */
} batch;

static int sequences(const golden *g) {
    int n = (int)lem_json_count(lem_json_get(g->cases, "ids"));
    assert_true(n >= 3 && n <= MAX_SEQUENCES);
    return n;
}

static void add_sequence(batch *b, const golden *g, int i) {
    int32_t ids[MAX_IDS], mask[MAX_IDS];
    int node, n = golden_ids(lem_json_at(lem_json_get(g->cases, "ids"), (size_t)i), ids, MAX_IDS);
    golden_ids(lem_json_at(lem_json_get(g->cases, "masks"), (size_t)i), mask, MAX_IDS);
    OK(lem_forest_add(&b->f, -1, ids, n, &node, &gerr));
    int row0 = b->f.nodes[node].row0;
    b->first_row[i] = row0;
    for (int t = 0; t + 1 < n; t++) {
        if (!mask[t + 1]) continue;
        b->row[b->n] = row0 + t;
        b->target[b->n++] = ids[t + 1];
    }
}

static double run_loss(lem_net *net, const batch *b) {
    float weight[MAX_T], logprob[MAX_T];
    for (int i = 0; i < b->n; i++) weight[i] = 1.0f / (float)b->n;
    OK(lem_net_forward(net, &b->f, &gerr));
    OK(lem_net_lm(net, b->n, b->row, b->target, weight, logprob, &gerr));
    lem_net_backward(net);
    double sum = 0;
    for (int i = 0; i < b->n; i++) sum -= (double)logprob[i];
    return sum / b->n;
}

static void check_grads(const golden *g, lem_backend *b, lem_net *net) {
    const char *isa = b->ops->name;
    float *got = far_read(b, lem_net_grads(net), lem_net_n_grads(net));
    double worst = 0;
    for (int i = 0; i < g->m->n_tensors; i++) {
        const lem_tensor *t = &g->m->tensors[i];
        size_t n = 0;
        if (lem_model_at(g->m, LEM_ROLE_SCORE, -1) != SIZE_MAX && strcmp(t->name, "lm_head.weight") == 0)
            continue;
        float *want = golden_tensor(g, "grad.", t->name, &n);
        assert_int_equal(n, t->count);
        double gap = golden_gap(got + t->offset, want, n);
        if (!(gap <= TOL_GRAD)) print_error("%s grad %s: %g\n", isa, t->name, gap);
        worst = gap > worst ? gap : worst;
        free(want);
    }
    free(got);
    print_message("%-8s gradients %.1e\n", isa, worst);
    assert_true(worst <= TOL_GRAD);
}

/* Largest gap of the logits of every token through a session, which takes the same forward pass
 * (test_golden_equal checks the bits). */
static double logits_gap(const golden *g, lem_backend *b, lem_dtype dtype) {
    lem_weights *w = NULL;
    lem_session *s = NULL;
    int32_t ids[MAX_IDS];
    int rows[MAX_IDS], node;
    size_t V = (size_t)g->m->config.vocab;
    OK(lem_weights_new(g->m, b, dtype, &w, &gerr));
    OK(lem_session_new(w, b, 8, MAX_IDS, &s, &gerr));
    double worst = 0;
    for (int i = 0; i < sequences(g); i++) {
        char name[32];
        size_t n_want = 0;
        int n = golden_ids(lem_json_at(lem_json_get(g->cases, "ids"), (size_t)i), ids, MAX_IDS);
        OK(lem_session_node(s, -1, &node, &gerr));
        lem_feed feed = {node, ids, n};
        OK(lem_session_step(s, &feed, 1, &gerr));
        for (int t = 0; t < n; t++) rows[t] = lem_session_row(s, 0, t);
        float *logits = malloc((size_t)n * V * sizeof *logits);
        host_logits(b, s, n, rows, (int)V, logits);
        snprintf(name, sizeof name, "%d", i);
        float *want = golden_tensor(g, "logits.", name, &n_want);
        assert_int_equal(n_want, (size_t)n * V);
        double gap = golden_gap(logits, want, n_want);
        worst = gap > worst ? gap : worst;
        free(want);
        free(logits);
        lem_session_drop(s, node);
    }
    lem_session_free(s);
    lem_weights_free(w);
    return worst;
}

static void check_logits(const golden *g, lem_backend *b) {
    double exact = logits_gap(g, b, LEM_DTYPE_F32), bf16 = logits_gap(g, b, LEM_DTYPE_BF16);
    b->compute = LEM_COMPUTE_BF16;
    double products = logits_gap(g, b, LEM_DTYPE_BF16);
    b->compute = LEM_COMPUTE_F32;
    print_message("%-8s logits %.1e, from bf16 weights %.1e, by bf16 products %.1e\n", b->ops->name, exact,
                  bf16, products);
    assert_true(exact <= TOL_FORWARD);
    assert_true(bf16 <= TOL_BF16);
    assert_true(products <= TOL_BF16_PRODUCTS && products != bf16);
}

static void check_loss_and_grads(const golden *g, lem_backend *b) {
    batch bt = {0};
    lem_net *net = NULL;
    size_t n = 0;
    for (int i = 0; i < sequences(g); i++) add_sequence(&bt, g, i);
    OK(lem_net_new(g->m, b, bt.f.n_rows, true, &net, &gerr));
    double loss = run_loss(net, &bt);
    float *want = golden_tensor(g, "", "loss", &n);
    print_message("%-8s loss %.7f, PyTorch %.7f\n", b->ops->name, loss, (double)want[0]);
    assert_true(fabs(loss - (double)want[0]) <= TOL_FORWARD * fabs((double)want[0]));
    free(want);
    check_grads(g, b, net);
    lem_net_free(net);
    lem_forest_release(&bt.f);
}

static void adamw(const lem_model *m, lem_backend *b, lem_net *net, float *m1, float *v, const golden *g,
                  int step, double norm) {
    const float *grads = lem_net_grads(net);
    double clip = lem_json_num(lem_json_get(g->cases, "clip"), 0),
           b1 = lem_json_num(lem_json_get(g->cases, "beta1"), 0);
    double b2 = lem_json_num(lem_json_get(g->cases, "beta2"), 0),
           wd = lem_json_num(lem_json_get(g->cases, "weight_decay"), 0);
    double scale = clip / (norm + 1e-6);
    lem_adamw o = {(float)lem_json_num(lem_json_at(lem_json_get(g->cases, "rates"), (size_t)step), 0),
                   (float)b1,
                   (float)b2,
                   (float)lem_json_num(lem_json_get(g->cases, "eps"), 0),
                   0,
                   (float)(1 - pow(b1, step + 1)),
                   (float)(1 - pow(b2, step + 1)),
                   (float)(scale < 1 ? scale : 1)};
    for (int i = 0; i < m->n_tensors; i++) {
        const lem_tensor *t = &m->tensors[i];
        o.weight_decay = t->decay ? (float)wd : 0;
        b->ops->adamw(b, t->count, lem_net_param_at(net, i), grads + t->offset, m1 + t->offset, v + t->offset,
                      &o);
    }
}

static void check_after(const golden *g, const lem_model *m, const char *isa) {
    double rates = 0, worst = 0;
    size_t off = 0, all = 0;
    for (int s = 0; s < 10; s++)
        rates += lem_json_num(lem_json_at(lem_json_get(g->cases, "rates"), (size_t)s), 0);
    for (int i = 0; i < m->n_tensors; i++) {
        const lem_tensor *t = &m->tensors[i];
        size_t n = 0;
        float *want = golden_tensor(g, "after.", t->name, &n);
        assert_int_equal(n, t->count);
        for (size_t k = 0; k < n; k++) {
            double d = fabs((double)m->params[t->offset + k] - (double)want[k]);
            worst = d > worst ? d : worst;
            off += !(d <= TOL_STEP);
        }
        all += n;
        free(want);
    }
    print_message("%-8s after ten steps: worst %.1e, %zu of %zu above %.0e\n", isa, worst, off, all,
                  TOL_STEP);
    assert_true(worst <= rates);
    assert_true(off * 1000 <= all);
}

static void check_training(const golden *g, lem_backend *b) {
    lem_model *m = NULL;
    lem_net *net = NULL;
    size_t n = 0;
    OK(lem_model_with_head(g->m, LEM_HEAD_LM, 0, &m, &gerr));
    OK(lem_net_new(m, b, MAX_T, true, &net, &gerr));
    float *losses = golden_tensor(g, "", "losses", &n), *norms = golden_tensor(g, "", "norms", &n);
    lem_buffer m1, v;
    OK(lem_buffer_init(&m1, b, m->n_params * sizeof(float), true, &gerr));
    OK(lem_buffer_init(&v, b, m->n_params * sizeof(float), true, &gerr));
    lem_buffer_zero(&m1);
    lem_buffer_zero(&v);
    for (int step = 0; step < 10; step++) {
        batch bt = {0};
        add_sequence(&bt, g, step % sequences(g));
        add_sequence(&bt, g, (step + 2) % sequences(g));
        lem_net_zero_grads(net);
        double loss = run_loss(net, &bt), norm = sqrt(b->ops->sumsq(b, m->n_params, lem_net_grads(net)));
        /* Differences of earlier steps come on top of one pass's rounding. */
        assert_true(fabs(loss - (double)losses[step]) <= 10 * TOL_FORWARD * (double)losses[step]);
        assert_true(fabs(norm - (double)norms[step]) <= 10 * TOL_GRAD * (double)norms[step]);
        adamw(m, b, net, m1.at, v.at, g, step, norm);
        lem_net_refresh(net);
        lem_forest_release(&bt.f);
    }
    OK(lem_net_store(net, &gerr));
    check_after(g, m, b->ops->name);
    lem_buffer_release(&m1);
    lem_buffer_release(&v);
    free(losses);
    free(norms);
    lem_net_free(net);
    lem_model_free(m);
}

static void for_each_backend(const char *name, void (*check)(const golden *, lem_backend *)) {
    golden g = golden_open(name);
    int ran = 0;
    for (int i = 0; i < GOLDEN_ISAS; i++) {
        lem_backend *b = NULL;
        if (!lem_isa_supported(golden_isas[i])) continue;
        OK(far_or_plain(golden_isas[i], NULL, &b, &gerr));
        check(&g, b);
        far_or_plain_free(b);
        ran++;
    }
    assert_true(ran >= 2);
    golden_close(&g);
}

/* Listwise Bradley-Terry over responses that share their prompt: d L / d r in double. */
static double bradley_terry(int n, const float *r, const int32_t *label, float *grad) {
    double loss = 0;
    int pairs = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) pairs += label[i] && !label[j];
    for (int i = 0; i < n; i++) grad[i] = 0;
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
            if (!label[i] || label[j]) continue;
            double d = (double)r[i] - (double)r[j];
            loss += log1p(exp(-d)) / pairs;
            double slope = -1 / (1 + exp(d)) / pairs;
            grad[i] = (float)((double)grad[i] + slope);
            grad[j] = (float)((double)grad[j] - slope);
        }
    }
    return loss;
}

static void check_reward(const golden *g, lem_backend *b) {
    lem_forest f = {0};
    lem_net *net = NULL;
    int32_t ids[MAX_IDS], label[8];
    int prompt, row[8];
    float score[8], dscore[8];
    size_t n = 0;
    OK(lem_forest_add(&f, -1, ids, golden_ids(lem_json_get(g->cases, "prompt"), ids, MAX_IDS), &prompt,
                      &gerr));
    int R = golden_ids(lem_json_get(g->cases, "labels"), label, 8);
    for (int i = 0; i < R; i++) {
        int len = golden_ids(lem_json_at(lem_json_get(g->cases, "responses"), (size_t)i), ids, MAX_IDS);
        OK(lem_forest_add(&f, prompt, ids, len, NULL, &gerr));
        row[i] = f.n_rows - 1;
    }
    OK(lem_net_new(g->m, b, f.n_rows, true, &net, &gerr));
    OK(lem_net_forward(net, &f, &gerr));
    OK(lem_net_scores(net, R, row, score, &gerr));
    double loss = bradley_terry(R, score, label, dscore);
    OK(lem_net_scores_grad(net, R, row, dscore, &gerr));
    lem_net_backward(net);
    float *want = golden_tensor(g, "", "scores", &n), *want_loss = golden_tensor(g, "", "loss", &n);
    print_message("%-8s scores %.1e, loss %.7f, PyTorch %.7f\n", b->ops->name,
                  golden_gap(score, want, (size_t)R), loss, (double)want_loss[0]);
    assert_true(golden_gap(score, want, (size_t)R) <= TOL_FORWARD);
    assert_true(fabs(loss - (double)want_loss[0]) <= 1e-5);
    check_grads(g, b, net);
    free(want);
    free(want_loss);
    lem_net_free(net);
    lem_forest_release(&f);
}

static void architectures(void **s) {
    (void)s;
    for (int i = 0; i < GOLDEN_ARCHS; i++) {
        print_message("%s\n", golden_archs[i]);
        for_each_backend(golden_archs[i], check_logits);
        for_each_backend(golden_archs[i], check_loss_and_grads);
    }
}
/* The comparison above would see a wrong field: with one of them changed a little, the logits are far off. */
static void fields_matter(void **s) {
    (void)s;
    for (int i = 0; i < GOLDEN_ARCHS; i++) {
        lem_backend *b = NULL;
        OK(far_or_plain(LEM_ISA_GENERIC, NULL, &b, &gerr));
        for (int field = 0; field < 7; field++) {
            golden g = golden_open(golden_archs[i]);
            lem_model_config *c = &g.m->config;
            bool there = true;
            if (field == 0) c->rope_theta *= 1.01f;
            else if (field == 1 && (there = c->window > 0)) c->window++;
            else if (field == 2 && (there = c->window > 0)) c->window--;
            else if (field == 3 && (there = c->rope.kind != LEM_ROPE_PLAIN)) c->rope.factor *= 1.01f;
            else if (field == 4 && (there = c->rope.kind != LEM_ROPE_PLAIN)) c->rope = (lem_rope){0};
            else if (field == 5 && (there = c->rope.original > 0)) c->rope.original *= 4;
            else if (field == 6 && (there = c->full[0] != 0)) c->full[0] ^= 3;
            double gap = there ? logits_gap(&g, b, LEM_DTYPE_F32) : 1;
            if (!(gap > 10 * TOL_FORWARD)) print_error("%s: field %d: %g\n", golden_archs[i], field, gap);
            assert_true(gap > 10 * TOL_FORWARD);
            golden_close(&g);
        }
        far_or_plain_free(b);
    }
}
static void llama_logits(void **s) {
    (void)s;
    for_each_backend("llama", check_logits);
}
static void qwen2_logits(void **s) {
    (void)s;
    for_each_backend("qwen2", check_logits);
}
static void llama_grads(void **s) {
    (void)s;
    for_each_backend("llama", check_loss_and_grads);
}
static void qwen2_grads(void **s) {
    (void)s;
    for_each_backend("qwen2", check_loss_and_grads);
}
static void llama_training(void **s) {
    (void)s;
    for_each_backend("llama", check_training);
}
static void qwen2_training(void **s) {
    (void)s;
    for_each_backend("qwen2", check_training);
}
static void llama_reward(void **s) {
    (void)s;
    for_each_backend("llama_rm", check_reward);
}
static void qwen2_reward(void **s) {
    (void)s;
    for_each_backend("qwen2_rm", check_reward);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(architectures),  cmocka_unit_test(fields_matter),
                                       cmocka_unit_test(llama_grads),    cmocka_unit_test(qwen2_grads),
                                       cmocka_unit_test(llama_logits),   cmocka_unit_test(qwen2_logits),
                                       cmocka_unit_test(llama_reward),   cmocka_unit_test(qwen2_reward),
                                       cmocka_unit_test(llama_training), cmocka_unit_test(qwen2_training)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
