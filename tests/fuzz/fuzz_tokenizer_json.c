/* fuzz_tokenizer_json.c - any bytes as a tokenizer.json, tokenizer.model or ranks: refused with words, or a
 * tokenizer that encodes and decodes */
#include "token/tokenizer.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char text[] = "It's 1,234 caf\xc3\xa9s\n\n  e\xcc\x81\xff <|im_end|> \xe6\x95\xb0";
    lem_err err = LEM_ERR_INIT;
    lem_tokenizer *t = NULL;
    if (lem_tokenizer_parse_file(size & 1 ? "qwen.tiktoken" : "tokenizer.model", (const char *)data, size,
                                 NULL, &t, &err) != LEM_OK) {
        if (t || !err.text[0]) __builtin_trap();
        return 0;
    }
    lem_ids ids = {0};
    lem_buf out = {0};
    lem_status st = lem_tokenizer_encode_single(t, text, sizeof text - 1, size & 1, &ids, &err);
    /* ids around the text may be any number that the file says */
    if (st == LEM_OK && lem_tokenizer_decode(t, ids.data, ids.len, false, &out, &err) == LEM_EMEM)
        __builtin_trap();
    lem_buf_clear(&out);
    ids.len = 0;
    st = lem_tokenizer_encode(t, text, sizeof text - 1, size & 1, &ids, &err);
    if (st == LEM_OK && lem_tokenizer_decode(t, ids.data, ids.len, false, &out, &err) != LEM_OK)
        __builtin_trap();
    lem_buf_release(&out);
    lem_ids_release(&ids);
    lem_tokenizer_free(t);
    return 0;
}
