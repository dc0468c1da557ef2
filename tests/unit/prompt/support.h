/* support.h - folders and tokenizers for the tests of prompt/ */
#ifndef LEM_TESTS_PROMPT_SUPPORT_H
#define LEM_TESTS_PROMPT_SUPPORT_H

#include "core/buf.h"
#include "core/err.h"
#include "core/file.h"
#include "core/mem.h"
#include "token/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../checks.h"

/* A byte-level tokenizer with ChatML's tokens and those that are read. */
static __attribute__((unused)) lem_tokenizer *small_tokenizer(void) {
    static const char text[] = "two plus two is four. The answer is \\boxed{4}; + - + - \xd0\xba\xd0\xb8 + - "
                               "\xd0\xba\xd0\xb8 \xd0\xba\xd0\xb8\n";
    static const char *const special[] = {"<|endoftext|>", "<|im_start|>", "<|im_end|>", "<extra_0>"};
    lem_tokenizer *t = NULL;
    lem_bpe_trainer *b =
        lem_bpe_trainer_new(&(lem_bpe_train_opts){.vocab = 320, .special = special, .n_special = 4}, &err);
    assert_non_null(b);
    OK(lem_bpe_trainer_add(b, text, strlen(text), &err));
    OK(lem_bpe_trainer_finish(b, &t, &err));
    lem_bpe_trainer_free(b);
    return t;
}

/* The text of ids, of those whose mask is 1 if there is one; the caller frees it. */
static __attribute__((unused)) char *text_of(const lem_tokenizer *t, const lem_ids *ids,
                                             const uint8_t *mask) {
    lem_buf b = {0};
    for (size_t i = 0; i < ids->len; i++)
        if (!mask || mask[i]) OK(lem_tokenizer_decode(t, &ids->data[i], 1, false, &b, &err));
    char *s = lem_buf_take(&b);
    return s ? s : calloc(1, 1);
}

static __attribute__((unused)) void put_file(const char *dir, const char *name, const char *text) {
    char path[200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    OK(lem_file_write_atomic(path, text, strlen(text), &err));
}

#endif
