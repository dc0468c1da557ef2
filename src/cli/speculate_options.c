/* speculate_options.c - what --speculate, --draft and --draft-tokens mean, and what came of them */
#include "cli/speculate_options.h"
#include "cli/runtime.h"
#include "cli/weights_options.h"

#include "model/folder.h"
#include "model/weights_open.h"

#include <string.h>

lem_speculate lem_speculate_options(const lem_args *a) {
    bool ngram = lem_args_is(a, "speculate", "ngram"), any = ngram || lem_args_has(a, "draft");
    return (lem_speculate){.tokens = any ? (int)lem_args_int(a, "draft-tokens") : 0, .ngram = ngram};
}

/* ---- the draft model */

static bool same_token(const lem_tokenizer *a, const lem_tokenizer *b, int32_t id) {
    size_t n = 0, m = 0;
    const char *x = lem_tokenizer_token_bytes(a, id, &n), *y = lem_tokenizer_token_bytes(b, id, &m);
    if (!x || !y) return x == y;
    return n == m && memcmp(x, y, n) == 0 &&
           lem_tokenizer_is_special(a, id) == lem_tokenizer_is_special(b, id);
}

static lem_status check_tokens(const char *dir, const lem_tokenizer *theirs, const char *model,
                               const lem_tokenizer *tok, lem_err *err) {
    int32_t n = lem_tokenizer_vocab(tok), m = lem_tokenizer_vocab(theirs);
    if (n != m)
        return lem_fail(err, LEM_EDATA, "--draft %s: another tokenizer than that of %s (%d tokens, not %d)",
                        dir, model, (int)m, (int)n);
    for (int32_t id = 0; id < n; id++)
        if (!same_token(tok, theirs, id))
            return lem_fail(err, LEM_EDATA,
                            "--draft %s: another tokenizer than that of %s (token %d differs)", dir, model,
                            (int)id);
    return LEM_OK;
}

lem_status lem_draft_check(const lem_cli *cli, const lem_args *a, const char *model, const lem_tokenizer *tok,
                           lem_draft_model *m, lem_speculate *s, lem_err *err) {
    const char *dir = lem_args_str(a, "draft");
    lem_tokenizer *theirs = NULL;
    if (!dir) return LEM_OK;
    lem_status st = lem_model_check(dir, LEM_HEAD_LM, &m->config, err);
    if (st == LEM_OK && m->config.int8 && lem_args_is(a, "compute", "bf16"))
        st = lem_fail(err, LEM_EUSAGE, "--draft %s: an int8 model cannot be multiplied as --compute bf16",
                      dir);
    if (st == LEM_OK) st = lem_runtime_tokenizer(cli, dir, &theirs, err);
    if (st == LEM_OK) st = check_tokens(dir, theirs, model, tok, err);
    if (theirs) lem_tokenizer_free(theirs);
    if (st == LEM_OK) s->draft_config = &m->config;
    return st;
}

size_t lem_draft_bytes(const lem_draft_model *m, lem_dtype dtype) {
    return m->config.layers ? lem_weights_bytes(&m->config, dtype) : 0;
}

lem_status lem_draft_open(const lem_args *a, lem_backend *b, lem_draft_model *m, lem_speculate *s,
                          lem_err *err) {
    if (!s->draft_config) return LEM_OK;
    lem_dtype dtype = m->config.int8 ? LEM_DTYPE_I8 : lem_weights_dtype(a);
    lem_status st = lem_weights_open(lem_args_str(a, "draft"), LEM_HEAD_LM, b, dtype, &m->weights, err);
    s->draft = m->weights;
    return st;
}

void lem_draft_close(lem_draft_model *m) {
    if (m->weights) lem_weights_free(m->weights);
    m->weights = NULL;
}

/* ---- what came of it */

static double share(uint64_t part, uint64_t of) { return of ? (double)part / (double)of : 0; }

void lem_speculate_json(uint64_t drafted, uint64_t accepted, uint64_t generated, uint64_t steps,
                        lem_object *out) {
    lem_object_int(out, "drafted", drafted);
    lem_object_int(out, "accepted", accepted);
    lem_object_num(out, "tokens_per_step", share(generated, steps));
}

void lem_speculate_tell(lem_log *log, uint64_t drafted, uint64_t accepted, uint64_t generated,
                        uint64_t steps) {
    if (drafted)
        lem_info(log, "%llu tokens guessed, %llu of them drawn (%.0f %%): %.2f tokens a step",
                 (unsigned long long)drafted, (unsigned long long)accepted, 100 * share(accepted, drafted),
                 share(generated, steps));
}
