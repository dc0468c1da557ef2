/* support.h - folders of tests/data/golden_heads and error checks for the tests of reward/ */
#ifndef LEM_TESTS_REWARD_SUPPORT_H
#define LEM_TESTS_REWARD_SUPPORT_H

#include "core/err.h"
#include "core/mem.h"
#include "reward/recipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../checks.h"

static __attribute__((unused)) const char *folder_path(const char *name) {
    static _Thread_local char path[400];
    snprintf(path, sizeof path, "%s/golden_heads/%s", LEMMA_TEST_DATA, name);
    return path;
}

static __attribute__((unused)) lem_tokenizer *tokenizer_of(const char *name) {
    lem_tokenizer *t = NULL;
    OK(lem_tokenizer_load(folder_path(name), &t, &err));
    return t;
}

#endif
