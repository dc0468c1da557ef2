/* bpe_train.c - learns a BPE vocabulary: counts words, then hands them to the merging and the writing */
#include "token/bpe_train_priv.h"

#include <string.h>

#define MAX_WORD 1024 /* longer words are counted in parts */

void lem_bpe_trainer_free(lem_bpe_trainer *b) {
    if (!b) return;
    for (size_t i = 0; i < b->n_special; i++) lem_free(b->special[i].text);
    for (uint32_t i = 0; i < b->n_pairs; i++) lem_free(b->pairs[i].words);
    lem_free(b->special);
    lem_trie_release(&b->trie);
    lem_buf_release(&b->blob);
    lem_buf_release(&b->text);
    lem_free(b->words);
    lem_free(b->slot);
    lem_free(b->syms);
    lem_free(b->sym_off);
    lem_free(b->pairs);
    lem_free(b->pair_slot);
    lem_free(b->gained);
    lem_free(b->queue);
    lem_free(b->merges);
    lem_vocab_release(&b->known);
    lem_free(b);
}

static lem_status set_special(lem_bpe_trainer *b, const char *const *list, size_t n, lem_err *err) {
    b->special = lem_alloc_zero(n, sizeof *b->special, err);
    if (!b->special) return LEM_EMEM;
    for (size_t i = 0; i < n; i++) {
        if (!list[i] || !*list[i]) return lem_fail(err, LEM_EUSAGE, "a special token is empty");
        for (size_t k = 0; k < i; k++)
            if (strcmp(list[k], list[i]) == 0)
                return lem_fail(err, LEM_EUSAGE, "the special token \"%.64s\" is given twice", list[i]);
        tok_added *a = &b->special[i];
        a->text = lem_strdup(list[i], err);
        if (!a->text) return LEM_EMEM;
        b->n_special = i + 1;
        a->len = strlen(list[i]);
        a->id = (int32_t)i;
        a->special = true;
        lem_status st = lem_trie_add(&b->trie, a->text, a->len, (int32_t)i, err);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

lem_bpe_trainer *lem_bpe_trainer_new(const lem_bpe_train_opts *opts, lem_err *err) {
    static const char *const chatml[] = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
    static const lem_bpe_train_opts zero;
    if (!opts) opts = &zero;
    size_t n_special = opts->special ? opts->n_special : 3;
    int32_t vocab = opts->vocab ? opts->vocab : 1024;
    if (vocab > LEM_TOK_MAX_IDS || vocab < 256 || n_special > (size_t)vocab - 256) {
        lem_fail(err, LEM_EUSAGE, "a vocabulary of %d is outside %zu..%d", vocab, 256 + n_special,
                 LEM_TOK_MAX_IDS);
        return NULL;
    }
    lem_bpe_trainer *b = lem_alloc_zero(1, sizeof *b, err);
    if (!b) return NULL;
    b->vocab = vocab;
    b->pattern = opts->split_digits ? TOK_PRE_QWEN2 : TOK_PRE_LLAMA3;
    b->max_length = opts->max_length;
    b->cancel = opts->cancel;
    if (set_special(b, opts->special ? opts->special : chatml, n_special, err) != LEM_OK) {
        lem_bpe_trainer_free(b);
        return NULL;
    }
    return b;
}

/* ---- counting words */

static lem_status grow_word_slots(lem_bpe_trainer *b, lem_err *err) {
    if (b->n_slots && b->n_words * 2 < b->n_slots) return LEM_OK;
    size_t n = b->n_slots ? b->n_slots * 2 : 4096;
    uint32_t *slot = lem_alloc_zero(n, sizeof *slot, err);
    if (!slot) return LEM_EMEM;
    for (size_t w = 0; w < b->n_words; w++) {
        size_t i = (size_t)lem_tok_hash(b->blob.data + b->words[w].off, b->words[w].len) & (n - 1);
        while (slot[i]) i = (i + 1) & (n - 1);
        slot[i] = (uint32_t)w + 1;
    }
    lem_free(b->slot);
    b->slot = slot;
    b->n_slots = n;
    return LEM_OK;
}

static lem_status count_word(lem_bpe_trainer *b, const char *s, size_t n, lem_err *err) {
    lem_status st = grow_word_slots(b, err);
    if (st != LEM_OK) return st;
    size_t i = (size_t)lem_tok_hash(s, n) & (b->n_slots - 1);
    for (; b->slot[i]; i = (i + 1) & (b->n_slots - 1)) {
        word *w = &b->words[b->slot[i] - 1];
        if (w->len == n && memcmp(b->blob.data + w->off, s, n) == 0) {
            w->count++;
            return LEM_OK;
        }
    }
    if (b->blob.len > INT32_MAX - n)
        return lem_fail(err, LEM_EDATA, "the different words of the training text take more than 2 GiB");
    if (!train_grow((void **)&b->words, b->n_words, &b->cap_words, sizeof *b->words, err)) return LEM_EMEM;
    b->words[b->n_words] = (word){(uint32_t)b->blob.len, (uint32_t)n, 1};
    lem_buf_add(&b->blob, s, n);
    b->slot[i] = (uint32_t)++b->n_words;
    return lem_buf_ok(&b->blob, err);
}

static lem_status count_text(lem_bpe_trainer *b, const char *s, size_t n, lem_err *err) {
    for (size_t pos = 0; pos < n;) {
        size_t end = lem_pretok_end(b->pattern, s, n, pos);
        for (; pos < end; pos += end - pos < MAX_WORD ? end - pos : MAX_WORD) {
            lem_status st = lem_tok_check(b->cancel, err);
            if (st == LEM_OK) st = count_word(b, s + pos, end - pos < MAX_WORD ? end - pos : MAX_WORD, err);
            if (st != LEM_OK) return st;
        }
    }
    return LEM_OK;
}

lem_status lem_bpe_trainer_add(lem_bpe_trainer *b, const char *text, size_t len, lem_err *err) {
    if (b->syms) return lem_fail(err, LEM_EUSAGE, "the tokenizer's training is already finished");
    size_t pos = 0, done = 0;
    while (done < len) {
        tok_match m = lem_added_next(b->special, &b->trie, text, len, true, NULL, done, &pos);
        lem_status st = lem_tok_check(b->cancel, err);
        if (st == LEM_OK && m.added == TOK_NOT_YET) continue;
        if (st == LEM_OK) st = count_text(b, text + done, m.start - done, err);
        if (st != LEM_OK) return st;
        done = m.end;
    }
    return LEM_OK;
}

lem_status lem_bpe_trainer_finish(lem_bpe_trainer *b, lem_tokenizer **out, lem_err *err) {
    if (b->syms) return lem_fail(err, LEM_EUSAGE, "the tokenizer's training is already finished");
    lem_buf json = {0};
    lem_tokenizer *t = NULL;
    lem_status st;
    LEM_TRY(lem_bpe_trainer_merge(b, err));
    LEM_TRY(lem_bpe_trainer_write(b, &json, err));
    LEM_TRY(lem_tokenizer_parse(json.data, json.len, &t, err));
    t->max_length = b->max_length;
    *out = t;
done:
    lem_buf_release(&json);
    return st;
}
