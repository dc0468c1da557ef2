/* golden_util.h - fixtures of tests/data/golden: models, token ids and what PyTorch computed
 * (tools/golden/make_models.py, make_archs.py) */
#ifndef LEM_TESTS_GOLDEN_UTIL_H
#define LEM_TESTS_GOLDEN_UTIL_H

#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/pool.h"
#include "model/model.h"
#include "model/net.h"
#include "weights/safetensors.h"
#include "model/session.h"
#include "support/host.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OK(call) ok_or_print(call, &gerr, __LINE__)

static lem_err gerr __attribute__((unused));

static __attribute__((unused)) void ok_or_print(lem_status st, const lem_err *err, int line) {
    if (st != LEM_OK) print_error("line %d: status %d: %s\n", line, (int)st, err->text);
    assert_int_equal(st, LEM_OK);
}

static __attribute__((unused)) const lem_isa golden_isas[] = {LEM_ISA_REF, LEM_ISA_GENERIC, LEM_ISA_AVX2,
                                                              LEM_ISA_AVX512, LEM_ISA_AVX512BF16};
enum { GOLDEN_ISAS = 5 };

/* Every family and every scaling of positions: language models with logits, loss and gradients
 * (tools/golden/make_archs.py). */
static __attribute__((unused)) const char *const golden_archs[] = {
    "llama_bias",   "llama_linear", "llama_dynamic", "llama_yarn", "llama_llama3", "mistral",
    "mistral_full", "qwen2_window", "qwen2_yarn",    "qwen3",      "qwen3_window", "internlm2"};
enum { GOLDEN_ARCHS = (int)(sizeof golden_archs / sizeof golden_archs[0]) };

typedef struct golden {
    char dir[512];
    lem_model *m;
    lem_json *cases;
    lem_safetensors_file *expected;
} golden;

static __attribute__((unused)) golden golden_open(const char *name) {
    golden g;
    char path[600];
    snprintf(g.dir, sizeof g.dir, "%s/golden/%s", LEMMA_TEST_DATA, name);
    OK(lem_model_open_any(g.dir, &g.m, &gerr));
    snprintf(path, sizeof path, "%s/cases.json", g.dir);
    OK(lem_json_load(path, 1 << 20, &g.cases, &gerr));
    snprintf(path, sizeof path, "%s/expected.safetensors", g.dir);
    OK(lem_safetensors_file_open(path, &g.expected, &gerr));
    return g;
}

static __attribute__((unused)) void golden_close(golden *g) {
    lem_model_free(g->m);
    lem_json_free(g->cases);
    lem_safetensors_file_close(g->expected);
}

static __attribute__((unused)) float *golden_tensor(const golden *g, const char *prefix, const char *name,
                                                    size_t *count) {
    char full[200];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    const lem_safetensor *t = lem_safetensors_find(lem_safetensors_file_index(g->expected), full);
    if (!t) print_error("no tensor %s\n", full);
    assert_non_null(t);
    *count = (size_t)(t->end - t->begin) / sizeof(float);
    float *x = malloc((*count + 1) * sizeof *x);
    OK(lem_safetensors_file_read(g->expected, t, x, *count, &gerr));
    return x;
}

static __attribute__((unused)) int golden_ids(const lem_json *list, int32_t *out, int cap) {
    int n = (int)lem_json_count(list);
    assert_true(n <= cap);
    for (int i = 0; i < n; i++) out[i] = (int32_t)lem_json_int(lem_json_at(list, (size_t)i), -1);
    return n;
}

/* Largest |a-b| relative to the largest |b|. */
static __attribute__((unused)) double golden_gap(const float *a, const float *b, size_t n) {
    double gap = 0, top = 1e-30;
    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)a[i] - (double)b[i]);
        if (!(d <= gap)) gap = d;
        if (fabs((double)b[i]) > top) top = fabs((double)b[i]);
    }
    return gap / top;
}

#endif
