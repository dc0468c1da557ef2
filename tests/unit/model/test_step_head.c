/* test_step_head.c - the scalar head as a head that is read at steps: the same scores, and the way back */
#include "core/file.h"
#include "model/session.h"
#include "model/step_head.h"
#include "support/host.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static lem_err err;

static lem_model *scalar_model(bool tied) {
    lem_model_config c = {.arch = LEM_ARCH_QWEN2,
                          .head = LEM_HEAD_SCALAR,
                          .layers = 2,
                          .width = 32,
                          .ffn = 64,
                          .heads = 4,
                          .kv_heads = 2,
                          .vocab = 48,
                          .max_positions = 64,
                          .init_range = 0.2f,
                          .tied = tied,
                          .qkv_bias = true,
                          .bos_id = -1,
                          .eos_id = -1,
                          .pad_id = -1};
    lem_model *m = NULL;
    assert_int_equal(lem_model_new(&c, &m, &err), LEM_OK);
    lem_model_init_random(m, 3);
    return m;
}

/* Scores of all tokens of a sequence by the head's own formula, after saving and opening. */
static void scores(const lem_model *m, const char *output, float *out, int n) {
    char dir[] = "/tmp/lemma-step-head-XXXXXX";
    lem_backend *b = NULL;
    lem_weights *w = NULL;
    lem_session *s = NULL;
    lem_model *opened = NULL;
    lem_head_reading how;
    int32_t ids[16];
    float raw[32];
    int node, rows[16];
    assert_non_null(mkdtemp(dir));
    assert_int_equal(lem_model_save(m, dir, LEM_DTYPE_F32, &err), LEM_OK);
    if (lem_model_open_any(dir, &opened, &err) != LEM_OK) fail_msg("%s", err.text);
    assert_int_equal(opened->config.reward.kind, m->config.reward.kind);
    assert_int_equal(lem_head_read(&opened->config.reward, output, &how, &err), LEM_OK);
    assert_int_equal(far_or_plain(LEM_ISA_GENERIC, NULL, &b, &err), LEM_OK);
    assert_int_equal(lem_weights_new(opened, b, LEM_DTYPE_F32, &w, &err), LEM_OK);
    assert_int_equal(lem_session_new(w, b, 8, 64, &s, &err), LEM_OK);
    for (int i = 0; i < n; i++) ids[i] = (i * 7 + 3) % 48;
    assert_int_equal(lem_session_node(s, -1, &node, &err), LEM_OK);
    lem_feed feed = {node, ids, n};
    assert_int_equal(lem_session_step(s, &feed, 1, &err), LEM_OK);
    for (int i = 0; i < n; i++) rows[i] = lem_session_row(s, 0, i);
    assert_int_equal(lem_session_scores(s, n, rows, raw, &err), LEM_OK);
    for (int i = 0; i < n; i++) out[i] = lem_head_value(&how, raw + i * how.outputs);
    lem_session_free(s);
    lem_weights_free(w);
    far_or_plain_free(b);
    lem_model_free(opened);
    assert_int_equal(lem_dir_remove(dir, &err), LEM_OK);
}

static void the_function_is_the_same(void **state) {
    (void)state;
    for (int tied = 0; tied < 2; tied++) {
        lem_model *m = scalar_model(tied), *one = NULL, *two = NULL, *back = NULL;
        float want[12], got[12];
        scores(m, "sigmoid", want, 12);
        assert_int_equal(lem_step_head_write(m, LEM_HEAD_KIND_SKYWORK_PRM, &one, &err), LEM_OK);
        scores(one, NULL, got, 12);
        assert_memory_equal(want, got, sizeof want);
        assert_int_equal(lem_step_head_write(m, LEM_HEAD_KIND_TOKEN_CLASSIFIER, &two, &err), LEM_OK);
        scores(two, NULL, got, 12);
        for (int i = 0; i < 12; i++) assert_true(fabsf(want[i] - got[i]) < 1e-6f);
        const lem_model *folders[] = {one, two};
        for (int k = 0; k < 2; k++) {
            if (lem_step_head_read(folders[k], &back, &err) != LEM_OK) fail_msg("%s", err.text);
            const float *a = m->params + lem_model_at(m, LEM_ROLE_SCORE, -1),
                        *b = back->params + lem_model_at(back, LEM_ROLE_SCORE, -1);
            assert_memory_equal(a, b, 32 * sizeof *a);
            scores(back, "sigmoid", got, 12);
            assert_memory_equal(want, got, sizeof want);
            lem_model_free(back);
        }
        lem_model_free(m);
        lem_model_free(one);
        lem_model_free(two);
    }
}

static void what_is_refused(void **state) {
    (void)state;
    lem_model *m = scalar_model(true), *one = NULL, *out = NULL;
    assert_int_equal(lem_step_head_write(m, LEM_HEAD_KIND_QWEN_PRM, &one, &err), LEM_EUSAGE);
    assert_int_equal(lem_step_head_read(m, &out, &err), LEM_EDATA);
    assert_int_equal(lem_step_head_write(m, LEM_HEAD_KIND_SKYWORK_PRM, &one, &err), LEM_OK);
    assert_int_equal(lem_step_head_write(one, LEM_HEAD_KIND_SKYWORK_PRM, &out, &err), LEM_EUSAGE);
    one->params[lem_model_at(one, LEM_ROLE_SCORE_BIAS, -1)] = 0.5f;
    assert_int_equal(lem_step_head_read(one, &out, &err), LEM_EDATA);
    assert_non_null(strstr(err.text, "bias of 0.5"));
    lem_model_free(one);
    lem_model_free(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_function_is_the_same),
                                       cmocka_unit_test(what_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
