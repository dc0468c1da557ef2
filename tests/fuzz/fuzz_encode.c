/* fuzz_encode.c - any bytes as text: decode(encode(x)) == x, and special ids only where they were asked for
 */
#include "prompt/chat.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static lem_tokenizer *make(bool split_digits) {
    static const char text[] = "the sum of 12 and 345 is 357.\n\nThe answer's \\boxed{357}; it isn't 358!\n "
                               "the sum of the sums  is the sum\n";
    lem_err err = LEM_ERR_INIT;
    lem_tokenizer *t = NULL;
    lem_bpe_trainer *b =
        lem_bpe_trainer_new(&(lem_bpe_train_opts){.vocab = 320, .split_digits = split_digits}, &err);
    if (!b || lem_bpe_trainer_add(b, text, strlen(text), &err) != LEM_OK ||
        lem_bpe_trainer_finish(b, &t, &err) != LEM_OK)
        __builtin_trap();
    lem_bpe_trainer_free(b);
    return t;
}

static void check(const lem_tokenizer *t, const char *s, size_t n, bool special) {
    lem_err err = LEM_ERR_INIT;
    lem_ids ids = {0};
    lem_buf out = {0};
    if (lem_tokenizer_encode(t, s, n, special, &ids, &err) != LEM_OK) __builtin_trap();
    if (lem_tokenizer_decode(t, ids.data, ids.len, false, &out, &err) != LEM_OK) __builtin_trap();
    if (out.len != n || (n && memcmp(out.data, s, n) != 0)) __builtin_trap();
    for (size_t i = 0; i < ids.len; i++)
        if (!special && lem_tokenizer_is_special(t, ids.data[i])) __builtin_trap();
    lem_buf_release(&out);
    lem_ids_release(&ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static lem_tokenizer *t[2];
    for (int i = 0; i < 2; i++) {
        if (!t[i]) t[i] = make(i);
        check(t[i], (const char *)data, size, false);
        check(t[i], (const char *)data, size, true);
    }
    return 0;
}
