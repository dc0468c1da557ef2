/* test_golden_open - every golden folder, all families and heads: weights packed from files compute the bits
 * of weights packed from a model */
#include "golden_util.h"
#include "model/weights_open.h"

enum { TOKENS = 40 };

/* Hidden states of a prompt; then, as they differ where any weight of the body does, logits or scores. */
static float *outputs(const lem_weights *w, lem_backend *b, size_t *n) {
    const lem_model_config *c = lem_weights_config(w);
    lem_session *s = NULL;
    int node = 0, T = c->max_positions < TOKENS ? c->max_positions : TOKENS, rows[1] = {T - 1};
    int32_t ids[TOKENS];
    size_t hidden = (size_t)T * (size_t)c->width, V = (size_t)c->vocab;
    float *out = calloc(hidden + V, sizeof *out);
    for (int i = 0; i < T; i++) ids[i] = (int32_t)((i * 7 + 3) % c->vocab);
    OK(lem_session_new(w, b, 4, T, &s, &gerr));
    OK(lem_session_node(s, -1, &node, &gerr));
    OK(lem_session_step(s, &(lem_feed){node, ids, T}, 1, &gerr));
    host_get(b, out, lem_session_hidden(s), hidden * sizeof *out);
    if (c->head == LEM_HEAD_LM) host_logits(b, s, 1, rows, (int)V, out + hidden);
    else OK(lem_session_scores(s, 1, rows, out + hidden, &gerr));
    lem_session_free(s);
    *n = hidden + V;
    return out;
}

static void check_folder(const char *dir, lem_backend *b) {
    for (int k = 0; k < 2; k++) {
        lem_dtype dtype = k ? LEM_DTYPE_BF16 : LEM_DTYPE_F32;
        lem_model *m = NULL;
        lem_weights *slow = NULL, *fast = NULL;
        size_t n = 0, n2 = 0;
        OK(lem_model_open_any(dir, &m, &gerr));
        OK(lem_weights_new(m, b, dtype, &slow, &gerr));
        OK(lem_weights_open_any(dir, b, dtype, &fast, &gerr));
        float *x = outputs(slow, b, &n), *y = outputs(fast, b, &n2);
        assert_int_equal(n, n2);
        if (memcmp(x, y, n * sizeof *x) != 0) print_error("%s differs\n", dir);
        assert_memory_equal(x, y, n * sizeof *x);
        free(x);
        free(y);
        lem_weights_free(slow);
        lem_weights_free(fast);
        lem_model_free(m);
    }
}

static void all_folders(void **state) {
    (void)state;
    static const char *const groups[] = {"golden", "golden_heads"};
    lem_backend *b = NULL;
    lem_pool *pool = lem_pool_new(2, &gerr);
    int checked = 0;
    OK(far_or_plain(LEM_ISA_AUTO, pool, &b, &gerr));
    for (int g = 0; g < 2; g++) {
        char root[400], dir[600];
        char **names = NULL;
        size_t n = 0;
        snprintf(root, sizeof root, "%s/%s", LEMMA_TEST_DATA, groups[g]);
        OK(lem_dir_list(root, &names, &n, &gerr));
        for (size_t i = 0; i < n; i++) {
            snprintf(dir, sizeof dir, "%s/%s/config.json", root, names[i]);
            bool folder = lem_file_exists(dir);
            snprintf(dir, sizeof dir, "%s/%s", root, names[i]);
            if (folder) check_folder(dir, b);
            checked += folder;
            lem_free(names[i]);
        }
        lem_free(names);
    }
    print_message("%d folders\n", checked);
    assert_true(checked > 10);
    far_or_plain_free(b);
    lem_pool_free(pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_folders)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
