/* test_scorer - the prefix tree: random families of sequences in passes of many sizes against each alone;
 * refusals */
#include "support.h"

#include "core/rng.h"
#include "model/weights_open.h"
#include "support/far.h"
#include "reward/scorer.h"

#include <math.h>

enum { SEQUENCES = 40, LONGEST = 60 };

typedef struct fixture {
    lem_backend *b;
    lem_weights *w;
    lem_head_reading how;
} fixture;

static fixture make(const char *name) {
    fixture f = {.w = NULL};
    OK(far_or_plain(LEM_ISA_AUTO, NULL, &f.b, &err));
    OK(lem_weights_open_any(folder_path(name), f.b, LEM_DTYPE_F32, &f.w, &err));
    lem_head_shape shape = lem_weights_config(f.w)->reward;
    if (shape.kind == LEM_HEAD_KIND_NONE) OK(lem_head_from_name("math-shepherd", &shape, &err));
    OK(lem_head_read(&shape, NULL, &f.how, &err));
    return f;
}

static void drop(fixture *f) {
    lem_weights_free(f->w);
    far_or_plain_free(f->b);
}

/* Sequences that often share beginnings, some the same, some a beginning of another; reads anywhere. */
typedef struct family {
    int32_t ids[SEQUENCES][LONGEST];
    int at[SEQUENCES][4];
    float value[SEQUENCES][4];
    lem_score_item item[SEQUENCES];
} family;

static void draw(family *x, uint64_t id) {
    lem_rng r = lem_rng_make(5, "scorer", id);
    for (int i = 0; i < SEQUENCES; i++) {
        int n = 1 + (int)lem_rng_next_below(&r, LONGEST), kept = 0;
        for (int k = 0; k < n; k++) x->ids[i][k] = (int32_t)lem_rng_next_below(&r, 100);
        if (i > 0) {
            int from = (int)lem_rng_next_below(&r, (uint64_t)i), m = x->item[from].n;
            kept = (int)lem_rng_next_below(&r, (uint64_t)m + 1);
            for (int k = 0; k < kept; k++) x->ids[i][k] = x->ids[from][k];
            if (kept > n || lem_rng_next_below(&r, 4) == 0) n = kept > 0 ? kept : n;
        }
        int reads = (int)lem_rng_next_below(&r, 5);
        for (int k = 0; k < reads; k++)
            x->at[i][k] = k == 0 ? (int)lem_rng_next_below(&r, (uint64_t)n) : x->at[i][k - 1];
        if (reads > 1) x->at[i][reads - 1] = n - 1;
        x->item[i] = (lem_score_item){x->ids[i], n, x->at[i], reads, x->value[i]};
    }
}

static void passes_change_nothing(void **state) {
    (void)state;
    static const char *const folders[] = {"qwen_prm", "openrlhf", "math_shepherd"};
    static family x, y; /* too large for a stack of a sanitizer */
    for (int f = 0; f < 3; f++) {
        fixture fx = make(folders[f]);
        lem_scorer *one = NULL;
        OK(lem_scorer_new(fx.w, fx.b, &fx.how, 5, 7, LONGEST, &one, &err));
        for (uint64_t id = 0; id < 20; id++) {
            draw(&x, id);
            for (int i = 0; i < SEQUENCES; i++) OK(lem_scorer_run(one, &x.item[i], 1, &err));
            for (int rows = 7; rows < 3000; rows *= 3) { /* the first are shorter than sequences */
                lem_scorer *all = NULL;
                draw(&y, id);
                OK(lem_scorer_new(fx.w, fx.b, &fx.how, 5, 7, rows, &all, &err));
                OK(lem_scorer_run(all, y.item, SEQUENCES, &err));
                for (int i = 0; i < SEQUENCES; i++)
                    assert_memory_equal(x.value[i], y.value[i], (size_t)x.item[i].n_at * sizeof(float));
                lem_scorer_free(all);
            }
        }
        lem_scorer_free(one);
        drop(&fx);
    }
}

/* log p of the token behind each that is read: in any pass, and from all logits of its row in double. */
static void log_probabilities(void **state) {
    (void)state;
    fixture f = make("rlhflow_mixed");
    enum { V = 334 };
    static int32_t all[V];
    static float logits[V];
    static family x, y;
    lem_scorer *one = NULL;
    for (int v = 0; v < V; v++) all[v] = v;
    assert_int_equal(lem_weights_config(f.w)->vocab, V);
    OK(lem_scorer_new(f.w, f.b, NULL, 0, 0, LONGEST, &one, &err));
    for (uint64_t id = 0; id < 6; id++) {
        draw(&x, id);
        draw(&y, id);
        for (int i = 0; i < SEQUENCES; i++) {
            lem_session *s = NULL;
            int node = -1, n = x.item[i].n;
            while (x.item[i].n_at > 0 && x.at[i][x.item[i].n_at - 1] == n - 1) x.item[i].n_at--;
            y.item[i].n_at = x.item[i].n_at;
            OK(lem_scorer_run(one, &x.item[i], 1, &err));
            OK(lem_session_new(f.w, f.b, 4, LONGEST, &s, &err));
            OK(lem_session_node(s, -1, &node, &err));
            OK(lem_session_step(s, &(lem_feed){node, x.ids[i], n}, 1, &err));
            for (int k = 0; k < x.item[i].n_at; k++) {
                int row = lem_session_row(s, 0, x.at[i][k]);
                double sum = 0;
                OK(lem_session_token_logits(s, 1, &row, V, all, logits, &err));
                for (int v = 0; v < V; v++) sum += exp((double)logits[v]);
                assert_true(fabs((double)x.value[i][k] -
                                 ((double)logits[x.ids[i][x.at[i][k] + 1]] - log(sum))) < 1e-5);
            }
            lem_session_free(s);
        }
        for (int rows = 5; rows < 3000; rows *= 7) {
            lem_scorer *many = NULL;
            OK(lem_scorer_new(f.w, f.b, NULL, 0, 0, rows, &many, &err));
            OK(lem_scorer_run(many, y.item, SEQUENCES, &err));
            for (int i = 0; i < SEQUENCES; i++)
                assert_memory_equal(x.value[i], y.value[i], (size_t)x.item[i].n_at * sizeof(float));
            lem_scorer_free(many);
        }
    }
    int last = 2;
    float v;
    FAILS(lem_scorer_run(one, &(lem_score_item){x.ids[0], 3, &last, 1, &v}, 1, &err), LEM_EDATA,
          "token 2 of a sequence of 3 cannot be read");
    lem_scorer_free(one);
    fixture head = make("qwen_prm");
    FAILS(lem_scorer_new(head.w, f.b, NULL, 0, 0, 64, &one, &err), LEM_EDATA, "need a language model");
    drop(&head);
    drop(&f);
}

static bool same_beginning(const lem_score_item *a, const lem_score_item *b, int n) {
    return b->n >= n && memcmp(a->ids, b->ids, (size_t)n * sizeof *a->ids) == 0;
}

/* In one pass each beginning that any of the sequences has is computed once. */
static void computed_once(void **state) {
    (void)state;
    static family x;
    fixture f = make("qwen_prm");
    for (uint64_t id = 0; id < 5; id++) {
        lem_scorer *s = NULL;
        uint64_t beginnings = 0;
        draw(&x, id);
        for (int i = 0; i < SEQUENCES; i++) {
            x.at[i][0] = x.item[i].n - 1;
            x.item[i].n_at = 1;
            for (int n = 1; n <= x.item[i].n; n++) {
                int earlier = 0;
                while (earlier < i && !same_beginning(&x.item[i], &x.item[earlier], n)) earlier++;
                beginnings += earlier == i;
            }
        }
        OK(lem_scorer_new(f.w, f.b, &f.how, 5, 7, SEQUENCES * LONGEST, &s, &err));
        OK(lem_scorer_run(s, x.item, SEQUENCES, &err));
        assert_int_equal(lem_scorer_tokens(s), beginnings);
        lem_scorer_free(s);
    }
    drop(&f);
}

static void not_finite(void **state) {
    (void)state;
    fixture f = make("openrlhf");
    lem_scorer *s = NULL;
    const int32_t ids[] = {1, 2, 3};
    const int last = 2;
    float v;
    f.how.formula = LEM_HEAD_NORMALIZED;
    f.how.mean = 0;
    f.how.std = 0;
    OK(lem_scorer_new(f.w, f.b, &f.how, -1, -1, 64, &s, &err));
    FAILS(lem_scorer_run(s, &(lem_score_item){ids, 3, &last, 1, &v}, 1, &err), LEM_ENUMERIC,
          "a reward is not finite");
    lem_scorer_free(s);
    drop(&f);
}

static void refusals(void **state) {
    (void)state;
    fixture f = make("qwen_prm"), lm = make("math_shepherd");
    lem_scorer *s = NULL;
    FAILS(lem_scorer_new(lm.w, f.b, &f.how, -1, -1, 64, &s, &err), LEM_EDATA, "no such head");
    FAILS(lem_scorer_new(f.w, f.b, &lm.how, 1, 2, 64, &s, &err), LEM_EDATA, "no such head");
    FAILS(lem_scorer_new(lm.w, f.b, &lm.how, 1, 1, 64, &s, &err), LEM_EDATA, "ids 1 and 1");
    FAILS(lem_scorer_new(lm.w, f.b, &lm.how, 1, 1 << 20, 64, &s, &err), LEM_EDATA, "vocabulary");
    assert_null(s);
    OK(lem_scorer_new(f.w, f.b, &f.how, -1, -1, 64, &s, &err));
    enum { MOST = 4096 };
    static int32_t ids[MOST + 1] = {1, 2, 3};
    int last = 2, outside = 3, backwards[2] = {2, 1};
    float v[2] = {-7, -7};
    assert_true(lem_scorer_limit(s) <= MOST);
    assert_int_equal(lem_scorer_limit(s), lem_weights_config(f.w)->max_positions);
    FAILS(lem_scorer_run(s, &(lem_score_item){ids, 0, &last, 1, v}, 1, &err), LEM_EDATA, "without tokens");
    FAILS(lem_scorer_run(s, &(lem_score_item){ids, lem_scorer_limit(s) + 1, &last, 1, v}, 1, &err), LEM_EDATA,
          "exceeds the limit of");
    FAILS(lem_scorer_run(s, &(lem_score_item){ids, 3, &outside, 1, v}, 1, &err), LEM_EDATA, "cannot be read");
    FAILS(lem_scorer_run(s, &(lem_score_item){ids, 3, backwards, 2, v}, 1, &err), LEM_EDATA,
          "cannot be read");
    ids[1] = lem_weights_config(f.w)->vocab;
    FAILS(lem_scorer_run(s, &(lem_score_item){ids, 3, &last, 1, v}, 1, &err), LEM_EDATA,
          "the tokenizer is of another model");
    ids[1] = 100000;
    FAILS(lem_scorer_run(s, &(lem_score_item){ids, 3, &last, 1, v}, 1, &err), LEM_EDATA,
          "the tokenizer is of another model");
    assert_true(v[0] == -7 && v[1] == -7);
    OK(lem_scorer_run(s, NULL, 0, &err));
    assert_int_equal(lem_scorer_tokens(s), 0);
    ids[1] = 2; /* and it still works */
    OK(lem_scorer_run(s, &(lem_score_item){ids, 3, &last, 1, v}, 1, &err));
    assert_true(v[0] > 0 && v[0] < 1);
    lem_scorer_free(s);
    drop(&f);
    drop(&lm);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(passes_change_nothing),
                                       cmocka_unit_test(log_probabilities), cmocka_unit_test(refusals),
                                       cmocka_unit_test(computed_once), cmocka_unit_test(not_finite)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
