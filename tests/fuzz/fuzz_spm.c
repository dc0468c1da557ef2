/* fuzz_spm - any bytes as a SentencePiece model or as ranks (first byte): what is accepted writes a
 * tokenizer.json that reads back the same */
#include "token/tokenizer.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const lem_tokenizer *t) {
    static const char text[] = " a1\xc3\xa9 \xe2\x96\x81zz\n\xff<s>";
    lem_err err = LEM_ERR_INIT;
    lem_ids ids = {0};
    lem_buf out = {0};
    lem_status st = lem_tokenizer_encode(t, text, sizeof text - 1, true, &ids, &err);
    if (st == LEM_OK && lem_tokenizer_decode(t, ids.data, ids.len, false, &out, &err) != LEM_OK)
        __builtin_trap();
    if (st != LEM_OK && st != LEM_EDATA) __builtin_trap();
    for (size_t i = 0; i < ids.len; i++)
        if (ids.data[i] < 0 || ids.data[i] >= lem_tokenizer_vocab(t)) __builtin_trap();
    lem_buf_release(&out);
    lem_ids_release(&ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[] = {"tokenizer.model", "qwen.tiktoken", "tokenizer.model"};
    lem_err err = LEM_ERR_INIT;
    lem_tokenizer *t = NULL;
    if (size == 0) return 0;
    lem_status st =
        lem_tokenizer_parse_file(names[data[0] % 3], (const char *)data + 1, size - 1, NULL, &t, &err);
    if (st != LEM_OK) {
        if (t || st != LEM_EDATA || !err.text[0] || strchr(err.text, '\n')) __builtin_trap();
        return 0;
    }
    check_again(t);
    lem_tokenizer_free(t);
    return 0;
}
