/* selftest.c - text to ids and back by a small tokenizer made on the spot */
#include "token/selftest.h"

#include "token/tokenizer.h"

#include <string.h>

/* Appends to back what becomes of the text. */
static lem_status there_and_back(const char *text, size_t len, lem_buf *back, lem_err *err) {
    lem_bpe_train_opts o = {.vocab = 300};
    lem_tokenizer *t = NULL;
    lem_ids ids = {0};
    lem_status st = LEM_OK;
    lem_bpe_trainer *b = lem_bpe_trainer_new(&o, err);
    if (!b) return LEM_EMEM;
    LEM_TRY(lem_bpe_trainer_add(b, text, len, err));
    LEM_TRY(lem_bpe_trainer_finish(b, &t, err));
    LEM_TRY(lem_tokenizer_encode(t, text, len, false, &ids, err));
    LEM_TRY(lem_tokenizer_decode(t, ids.data, ids.len, false, back, err));
done:
    lem_ids_release(&ids);
    lem_tokenizer_free(t);
    lem_bpe_trainer_free(b);
    return st;
}

void lem_token_selftest(lem_selftest *t) {
    static const char text[] = "Natalia sold 48 clips in April, and then half as many in May: 48/2 = 24. "
                               "\xC3\xA9\xE2\x88\x9A \\boxed{72}\n";
    lem_err err = LEM_ERR_INIT;
    lem_buf back = {0};
    lem_status st = there_and_back(text, sizeof text - 1, &back, &err);
    bool same = st == LEM_OK && back.len == sizeof text - 1 && memcmp(back.data, text, back.len) == 0;
    const char *detail = same ? "text -> ids -> text" : "text came back changed";
    lem_selftest_add(t, "tokenizer", same, "%s", st ? err.text : detail);
    lem_buf_release(&back);
}
