/* fuzz_gguf - any bytes as the head of a GGUF file: what is accepted lies inside the file, and can be walked
 */
#include "gguf/shape.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const lem_gguf *g, const char *key) {
    lem_gguf_list l, m;
    const char *s;
    size_t n;
    double x;
    if (!lem_gguf_array(g, key, &l)) return;
    m = l;
    while (lem_gguf_next_str(&l, &s, &n))
        if (n && s[n - 1] == s[0] + 1 && l.p > l.end) __builtin_trap();
    while (lem_gguf_next_num(&m, &x)) continue;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lem_err err = LEM_ERR_INIT;
    lem_gguf *g = NULL;
    bool more = false;
    uint64_t file = size > 1 && data[size - 1] & 1 ? size : size + ((uint64_t)1 << 20);
    lem_model_config c;
    lem_status st = lem_gguf_parse(data, size, file, &more, &g, &err);
    if (st != LEM_OK) {
        if (g || !err.text[0] || strchr(err.text, '\n') || (more && file == size)) __builtin_trap();
        return 0;
    }
    for (size_t i = 0; i < lem_gguf_count(g); i++) {
        const lem_gguf_tensor *t = lem_gguf_at(g, i);
        if (t->at + t->bytes > file || lem_gguf_tensor_of(g, t->name) != t) __builtin_trap();
    }
    walk(g, "tokenizer.ggml.tokens");
    walk(g, "tokenizer.ggml.token_type");
    walk(g, "tokenizer.ggml.merges");
    if (!lem_gguf_tensor_of(g, "rope_freqs.weight")) (void)!lem_gguf_config(g, &c, &err);
    lem_gguf_close(g);
    return 0;
}
