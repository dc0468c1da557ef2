/* test_unread - steps whose rows are not all read, beside steps whose are: the same bits in those that are */
#include "support.h"
#include "model/session_priv.h"

enum { PAGES = 64, ROWS = 96, VOCAB = 50, WIDTH = 32, NODES = 7, STEPS = 9 };

static lem_backend *backend;

typedef struct way { /* of computing */
    const char *name;
    lem_arch arch;
    lem_dtype dtype;
    lem_compute compute;
    int window;
} way;

static const way ways[] = {{"f32", LEM_ARCH_QWEN2, LEM_DTYPE_F32, LEM_COMPUTE_F32, 0},
                           {"f32, window", LEM_ARCH_QWEN2, LEM_DTYPE_F32, LEM_COMPUTE_F32, 5},
                           {"query norms", LEM_ARCH_QWEN3, LEM_DTYPE_F32, LEM_COMPUTE_F32, 0},
                           {"fused", LEM_ARCH_INTERNLM2, LEM_DTYPE_F32, LEM_COMPUTE_F32, 0},
                           {"bf16", LEM_ARCH_QWEN2, LEM_DTYPE_BF16, LEM_COMPUTE_BF16, 0},
                           {"int8", LEM_ARCH_QWEN2, LEM_DTYPE_I8, LEM_COMPUTE_F32, 34}};
enum { WAYS = sizeof ways / sizeof *ways };

static lem_weights *make(const way *w) {
    lem_model_config c = tiny(w->arch, LEM_HEAD_LM, false);
    lem_model *m = NULL;
    lem_weights *out = NULL;
    c.window = w->window;
    OK(lem_model_new(&c, &m, &err));
    lem_model_init_random(m, 7);
    backend->compute = w->compute;
    OK(lem_weights_new(m, backend, w->dtype, &out, &err));
    lem_model_free(m);
    return out;
}

/* A tree of nodes, the deeper ones fed later; in each step some nodes grow, and parts of what they grow by
 * are read. */
static int plan_feeds(const int *node, int step, int32_t *ids, lem_feed *feeds) {
    static const int first[NODES] = {0, 1, 1, 3, 4, 4, 5}, last[NODES] = {0, 2, 8, 3, 8, 8, 8};
    int n = 0, at = 0;
    for (int i = 0; i < NODES; i++) {
        if (step < first[i] || step > last[i]) continue;
        const int tokens = 1 + (i * 5 + step * 3) % 13, how = (i + step) % 4;
        const int unread[] = {0, tokens, tokens - 1, tokens / 2};
        for (int t = 0; t < tokens; t++) ids[at + t] = (i * 11 + step * 7 + t) % VOCAB;
        feeds[n++] = (lem_feed){node[i], ids + at, tokens, step == 2 ? tokens : unread[how]};
        at += tokens;
    }
    return n;
}

static void one_way(const way *w) {
    static const int parent[NODES] = {-1, 0, 0, 1, 3, 3, -1};
    lem_weights *weights = make(w);
    lem_session *s[2];
    int node[2][NODES];
    for (int k = 0; k < 2; k++) {
        OK(lem_session_new(weights, backend, PAGES, ROWS, &s[k], &err));
        for (int i = 0; i < NODES; i++)
            OK(lem_session_node(s[k], parent[i] < 0 ? -1 : node[k][parent[i]], &node[k][i], &err));
    }
    for (int step = 0; step < STEPS; step++) {
        int32_t ids[ROWS];
        lem_feed feeds[2][NODES];
        int n = 0;
        for (int k = 0; k < 2; k++) n = plan_feeds(node[k], step, ids, feeds[k]);
        for (int i = 0; i < n; i++) feeds[1][i].unread = 0;
        for (int k = 0; k < 2; k++) OK(lem_session_step(s[k], feeds[k], n, &err));
        for (int i = 0; i < n; i++)
            for (int t = feeds[0][i].unread; t < feeds[0][i].n; t++) {
                int row[2];
                float logits[2][VOCAB];
                for (int k = 0; k < 2; k++) {
                    row[k] = lem_session_row(s[k], i, t);
                    host_logits(backend, s[k], 1, &row[k], VOCAB, logits[k]);
                }
                if (memcmp(logits[0], logits[1], sizeof *logits) != 0)
                    fail_msg("%s: step %d, feed %d, token %d differs", w->name, step, i, t);
            }
    }
    for (int k = 0; k < 2; k++) lem_session_free(s[k]);
    lem_weights_free(weights);
    backend->compute = LEM_COMPUTE_F32;
}

static void same_bits(void **state) {
    (void)state;
    for (int i = 0; i < WAYS; i++) one_way(&ways[i]);
}

static void refusals(void **state) {
    (void)state;
    lem_weights *weights = make(&ways[0]);
    lem_session *s = NULL;
    int root;
    const int32_t ids[4] = {1, 2, 3, 4};
    float lp;
    OK(lem_session_new(weights, backend, PAGES, ROWS, &s, &err));
    OK(lem_session_node(s, -1, &root, &err));
    FAILS(lem_session_step(s, &(lem_feed){root, ids, 4, 5}, 1, &err), LEM_EUSAGE,
          "feed 0: 5 of 4 tokens are not read");
    FAILS(lem_session_step(s, &(lem_feed){root, ids, 4, -1}, 1, &err), LEM_EUSAGE, "-1 of 4 tokens");
    OK(lem_session_step(s, &(lem_feed){root, ids, 4, 3}, 1, &err));
    FAILS(lem_session_logprobs(s, 1, &(int){1}, ids, &lp, &err), LEM_EUSAGE, "row 1"); /* one row is there */
    lem_session_free(s);
    lem_weights_free(weights);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_bits), cmocka_unit_test(refusals)};
    if (far_or_plain(LEM_ISA_AUTO, NULL, &backend, &err) != LEM_OK) return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    far_or_plain_free(backend);
    return rc;
}
