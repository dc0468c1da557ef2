/* test_truncate - a session that was fed too much and forgot it, beside one that never was: the same bits */
#include "support.h"
#include "model/session_priv.h"

enum { PAGES = 24, ROWS = 64, VOCAB = 50, WIDTH = 32, POISON = 49, PROMPT = 37 };

static lem_backend *backend;

typedef struct way { /* of computing */
    const char *name;
    lem_dtype dtype;
    lem_compute compute;
    int window;
} way;

static const way ways[] = {{"f32", LEM_DTYPE_F32, LEM_COMPUTE_F32, 0},
                           {"f32, window", LEM_DTYPE_F32, LEM_COMPUTE_F32, 5},
                           {"bf16 weights", LEM_DTYPE_BF16, LEM_COMPUTE_F32, 0},
                           {"bf16", LEM_DTYPE_BF16, LEM_COMPUTE_BF16, 0},
                           {"bf16, window", LEM_DTYPE_BF16, LEM_COMPUTE_BF16, 34},
                           {"int8", LEM_DTYPE_I8, LEM_COMPUTE_F32, 0},
                           {"int8, window", LEM_DTYPE_I8, LEM_COMPUTE_F32, 5}};
enum { WAYS = sizeof ways / sizeof *ways };

/* The embedding of one token is not finite: its keys and values are not, either. */
static lem_weights *make(const way *w) {
    lem_model_config c = tiny(LEM_ARCH_QWEN2, LEM_HEAD_LM, false);
    lem_model *m = NULL;
    lem_weights *out = NULL;
    c.window = w->window;
    OK(lem_model_new(&c, &m, &err));
    lem_model_init_random(m, 7);
    float *embed = m->params + lem_model_at(m, LEM_ROLE_EMBED, -1);
    for (int d = 0; d < WIDTH; d++) embed[POISON * WIDTH + d] = d % 2 ? NAN : INFINITY;
    backend->compute = w->compute;
    OK(lem_weights_new(m, backend, w->dtype, &out, &err));
    lem_model_free(m);
    return out;
}

typedef struct pair { /* that forgets, and that never knew */
    lem_session *s[2];
    int node[2];
    const char *name;
} pair;

static const int32_t *tokens(int first) {
    static int32_t ids[3 * ROWS];
    for (int i = 0; i < 2 * ROWS; i++) ids[i] = (first + i * 7) % (POISON - 1);
    return ids;
}

static void feed(lem_session *s, int node, const int32_t *ids, int n) {
    lem_feed f = {node, ids, n};
    OK(lem_session_step(s, &f, 1, &err));
}

static void feed_both(pair *p, int first, int n) {
    float logits[2][VOCAB];
    for (int k = 0; k < 2; k++) feed(p->s[k], p->node[k], tokens(first), n);
    for (int t = 0; t < n; t++) {
        size_t at = (size_t)lem_session_row(p->s[0], 0, t) * WIDTH;
        const float *x = lem_session_hidden(p->s[0]) + at, *y = lem_session_hidden(p->s[1]) + at;
        if (!host_same_there(backend, x, y, WIDTH * sizeof *x)) fail_msg("%s: token %d differs", p->name, t);
    }
    for (int k = 0; k < 2; k++) {
        int row = lem_session_row(p->s[k], 0, n - 1);
        host_logits(backend, p->s[k], 1, &row, VOCAB, logits[k]);
    }
    assert_memory_equal(logits[0], logits[1], sizeof *logits);
    assert_int_equal(lem_session_free_pages(p->s[0]), lem_session_free_pages(p->s[1]));
}

/* The first session is fed n tokens, some of them poison, and forgets them. */
static void feed_in_vain(pair *p, int first, int n) {
    int32_t ids[2 * ROWS];
    int length = lem_session_length(p->s[0], p->node[0]), free_pages = lem_session_free_pages(p->s[0]);
    memcpy(ids, tokens(first), sizeof ids);
    for (int i = first % 2; i < n; i += 3) ids[i] = POISON;
    feed(p->s[0], p->node[0], ids, n);
    OK(lem_session_truncate(p->s[0], p->node[0], length, &err));
    assert_int_equal(lem_session_length(p->s[0], p->node[0]), length);
    assert_int_equal(lem_session_free_pages(p->s[0]), free_pages);
}

static void one_way(const way *w) {
    lem_weights *weights = make(w);
    pair p = {.name = w->name};
    int under[2];
    for (int k = 0; k < 2; k++) {
        OK(lem_session_new(weights, backend, PAGES, ROWS, &p.s[k], &err));
        OK(lem_session_node(p.s[k], -1, &p.node[k], &err));
    }
    feed_in_vain(&p, 3, 60); /* to no tokens */
    feed_both(&p, 1, PROMPT);
    feed_in_vain(&p, 4, 9); /* the next that reads this node's end is another node */
    for (int k = 0; k < 2; k++) OK(lem_session_node(p.s[k], p.node[k], &under[k], &err));
    memcpy(p.node, under, sizeof under);
    for (int n = 1; n <= 63; n += n < 4 ? 1 : 19) { /* within a page, to its end, over several */
        feed_in_vain(&p, n, n);
        feed_both(&p, n + 5, 1 + n % 3);
        feed_in_vain(&p, n + 1, 64 - n);
    }
    feed_both(&p, 2, 40);
    for (int k = 0; k < 2; k++) { /* pages that came back hold others' tokens now */
        lem_session_drop(p.s[k], under[k]);
        OK(lem_session_node(p.s[k], -1, &p.node[k], &err));
    }
    feed_both(&p, 11, 50);
    for (int k = 0; k < 2; k++) lem_session_free(p.s[k]);
    lem_weights_free(weights);
    backend->compute = LEM_COMPUTE_F32;
}

static void same_bits(void **state) {
    (void)state;
    for (int i = 0; i < WAYS; i++) one_way(&ways[i]);
}

/* A part of what one step fed, as the check of a draft does it. */
static void part_of_a_step(void **state) {
    (void)state;
    lem_weights *weights = make(&ways[0]);
    for (int stay = 0; stay <= 10; stay++) {
        pair p = {.name = "part"};
        for (int k = 0; k < 2; k++) {
            OK(lem_session_new(weights, backend, PAGES, ROWS, &p.s[k], &err));
            OK(lem_session_node(p.s[k], -1, &p.node[k], &err));
            feed(p.s[k], p.node[k], tokens(1), 28);
        }
        feed(p.s[0], p.node[0], tokens(4), 10);
        if (stay) feed(p.s[1], p.node[1], tokens(4), stay);
        OK(lem_session_truncate(p.s[0], p.node[0], 28 + stay, &err));
        feed_both(&p, 9, 4);
        for (int k = 0; k < 2; k++) lem_session_free(p.s[k]);
    }
    lem_weights_free(weights);
}

static void refusals(void **state) {
    (void)state;
    lem_weights *weights = make(&ways[0]);
    lem_session *s = NULL;
    int root, child;
    OK(lem_session_new(weights, backend, PAGES, ROWS, &s, &err));
    OK(lem_session_node(s, -1, &root, &err));
    FAILS(lem_session_truncate(s, 7, 0, &err), LEM_EUSAGE, "no node 7");
    FAILS(lem_session_truncate(s, root, 1, &err), LEM_EUSAGE, "node 0 ends at 0..0, not at 1");
    OK(lem_session_truncate(s, root, 0, &err)); /* nothing to forget */
    feed(s, root, tokens(1), 40);
    OK(lem_session_node(s, root, &child, &err));
    OK(lem_session_truncate(s, root, 36, &err)); /* a child without tokens does not mind */
    feed(s, child, tokens(1), 5);
    assert_int_equal(lem_session_length(s, child), 41);
    FAILS(lem_session_truncate(s, child, 35, &err), LEM_EUSAGE, "node 1 ends at 36..41, not at 35");
    FAILS(lem_session_truncate(s, child, 42, &err), LEM_EUSAGE, "not at 42");
    FAILS(lem_session_truncate(s, root, 35, &err), LEM_EUSAGE, "has children with tokens");
    OK(lem_session_truncate(s, root, 36, &err));
    OK(lem_session_truncate(s, child, 36, &err));
    FAILS(lem_session_truncate(s, root, 35, &err), LEM_EUSAGE, "has children with tokens"); /* as before */
    assert_int_equal(lem_session_free_pages(s), PAGES - 2);
    lem_session_drop(s, child);
    OK(lem_session_truncate(s, root, 32, &err));
    assert_int_equal(lem_session_free_pages(s), PAGES - 1);
    OK(lem_session_truncate(s, root, 0, &err));
    assert_int_equal(lem_session_free_pages(s), PAGES);
    lem_session_free(s);
    lem_weights_free(weights);
}

int main(void) {
    OK(far_or_plain(LEM_ISA_AUTO, NULL, &backend, &err));
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_bits), cmocka_unit_test(part_of_a_step),
                                       cmocka_unit_test(refusals)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    far_or_plain_free(backend);
    return failed;
}
