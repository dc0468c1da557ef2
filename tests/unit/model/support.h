/* support.h - small models and error checks for the tests of model/ */
#ifndef LEM_TESTS_MODEL_SUPPORT_H
#define LEM_TESTS_MODEL_SUPPORT_H

#include "core/file.h"
#include "core/mem.h"
#include "model/model.h"
#include "support/host.h"
#include "weights/safetensors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../checks.h"

static __attribute__((unused)) lem_model_config tiny(lem_arch arch, lem_head head, bool tied) {
    return (lem_model_config){.arch = arch,
                              .head = head,
                              .layers = 2,
                              .width = 32,
                              .ffn = 40,
                              .heads = 4,
                              .kv_heads = 2,
                              .vocab = 50,
                              .max_positions = 200,
                              .tied = tied,
                              .init_range = 0.1f,
                              .bos_id = -1,
                              .eos_id = 2,
                              .pad_id = 0};
}

static __attribute__((unused)) lem_model *tiny_model(lem_arch arch, lem_head head, bool tied) {
    lem_model_config c = tiny(arch, head, tied);
    lem_model *m = NULL;
    OK(lem_model_new(&c, &m, &err));
    lem_model_init_random(m, 7);
    return m;
}

static __attribute__((unused)) char *temp_dir(void) {
    static char path[64];
    snprintf(path, sizeof path, "/tmp/lemma-model-XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

#endif
