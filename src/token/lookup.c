/* lookup.c - what a tokenizer says about its tokens */
#include "token/tokenizer_priv.h"

#include <string.h>

int32_t lem_tokenizer_vocab(const lem_tokenizer *t) { return t->vocab.n; }

int32_t lem_tokenizer_find(const lem_tokenizer *t, const char *token) {
    for (size_t i = 0; i < t->n_added; i++)
        if (strcmp(t->added[i].text, token) == 0) return t->added[i].id;
    return -1;
}

bool lem_tokenizer_is_special(const lem_tokenizer *t, int32_t id) {
    return id >= 0 && id < t->vocab.n && (t->vocab.entry[id].flags & TOK_SPECIAL);
}

void lem_tokenizer_watch(lem_tokenizer *t, const lem_cancel *cancel) { t->cancel = cancel; }

int32_t lem_tokenizer_eos(const lem_tokenizer *t) { return t->eos; }

int64_t lem_tokenizer_max_length(const lem_tokenizer *t) { return t->max_length; }

const char *lem_tokenizer_token_bytes(const lem_tokenizer *t, int32_t id, size_t *len) {
    if (id < 0 || id >= t->vocab.n || !(t->vocab.entry[id].flags & TOK_USED)) return NULL;
    *len = t->vocab.entry[id].out_len;
    return lem_buf_str(&t->vocab.blob) + t->vocab.entry[id].out_off;
}
