/* hf_json.c - fills a tokenizer from a Hugging Face tokenizer.json, refusing by name what is not supported
 *
 * `truncation`, `padding` and `post_processor` are not read: encoding here never truncates, pads or adds
 * special tokens. */
#include "core/mem.h"
#include "token/tokenizer_priv.h"

#include <stdio.h>
#include <string.h>

#define MAX_MERGE 4096 /* bytes of "a b" */
#define MAX_CUTS 64    /* of a merge that is ambiguous */

static bool absent(const lem_json *v) { return lem_json_kind(v) == LEM_JSON_NULL; }

/* ---- vocabulary and merges */

static lem_status put_token(lem_tokenizer *t, const char *key, lem_buf *bytes, lem_err *err) {
    const lem_json *value = lem_json_key_value(key);
    if (lem_json_kind(value) != LEM_JSON_INT)
        return lem_fail(err, LEM_EDATA, "model.vocab: the id of \"%.64s\" is no integer but %s", key,
                        lem_json_kind_name(value));
    size_t len = strlen(key);
    lem_buf_clear(bytes);
    if (!t->byte_level) return lem_vocab_put(&t->vocab, lem_json_int(value, -1), key, len, true, err);
    bool mapped = lem_bytes_from_text(key, len, bytes);
    lem_status st = lem_buf_ok(bytes, err);
    if (st != LEM_OK) return st;
    int64_t id = lem_json_int(value, -1);
    if (!mapped) return lem_vocab_put(&t->vocab, id, key, len, false, err);
    return lem_vocab_put(&t->vocab, id, lem_buf_str(bytes), bytes->len, true, err);
}

static lem_status read_vocab(lem_tokenizer *t, const lem_json *vocab, lem_err *err) {
    if (lem_json_kind(vocab) != LEM_JSON_OBJECT) return lem_fail(err, LEM_EDATA, "model.vocab is no object");
    if (lem_json_count(vocab) > LEM_TOK_MAX_IDS)
        return lem_fail(err, LEM_EDATA, "model.vocab has %zu tokens, more than %d", lem_json_count(vocab),
                        LEM_TOK_MAX_IDS);
    lem_buf bytes = {0};
    lem_status st = LEM_OK;
    for (const char *key = lem_json_key_next(vocab, NULL); key; key = lem_json_key_next(vocab, key))
        LEM_TRY(put_token(t, key, &bytes, err));
    for (int i = 0; i < 256; i++) {
        char b = (char)i;
        t->bpe.byte_id[i] = lem_vocab_find(&t->vocab, &b, 1);
    }
done:
    lem_buf_release(&bytes);
    return st;
}

/* The token that a part of a merge names; -1 if none. Its bytes are appended. */
static int32_t find_part(const lem_tokenizer *t, const char *s, size_t n, lem_buf *bytes) {
    size_t before = bytes->len;
    if (!t->byte_level) lem_buf_add(bytes, s, n);
    else if (!lem_bytes_from_text(s, n, bytes)) return -1;
    return bytes->failed ? -1 : lem_vocab_find(&t->vocab, lem_buf_str(bytes) + before, bytes->len - before);
}

static lem_status put_merge(lem_tokenizer *t, size_t rank, const char *a, size_t an, const char *b, size_t bn,
                            lem_buf *bytes, lem_err *err) {
    lem_buf_clear(bytes);
    int32_t left = find_part(t, a, an, bytes), right = left < 0 ? -1 : find_part(t, b, bn, bytes);
    lem_status st = lem_buf_ok(bytes, err);
    if (st != LEM_OK) return st;
    int32_t id = right < 0 ? -1 : lem_vocab_find(&t->vocab, bytes->data, bytes->len);
    if (id >= 0) {
        lem_bpe_put(&t->bpe, left, right, (int32_t)rank, id);
        return LEM_OK;
    }
    lem_buf_clear(bytes);
    if (left < 0 || right >= 0) lem_buf_add(bytes, a, an);
    if (left >= 0) lem_buf_add(bytes, b, bn);
    return lem_fail(err, LEM_EDATA, "model.merges[%zu]: \"%.130s\" is not in the vocabulary", rank,
                    lem_buf_str(bytes));
}

/* "a b". Some files have merges of spaces, where more than one cut is possible: the first that gives tokens
 * is it. */
static lem_status read_merge_text(lem_tokenizer *t, size_t rank, const char *s, size_t n, lem_buf *bytes,
                                  lem_err *err) {
    lem_status st = LEM_OK;
    int tried = 0;
    for (size_t i = 1; i + 1 < n && tried < MAX_CUTS; i++) {
        if (s[i] != ' ') continue;
        tried++;
        st = put_merge(t, rank, s, i, s + i + 1, n - i - 1, bytes, err);
        if (st != LEM_EDATA) return st;
    }
    if (tried) return st;
    return lem_fail(err, LEM_EDATA, "model.merges[%zu] is neither \"a b\" nor [\"a\", \"b\"]", rank);
}

static lem_status read_merge(lem_tokenizer *t, size_t rank, const lem_json *m, lem_buf *bytes, lem_err *err) {
    if (lem_json_kind(m) == LEM_JSON_ARRAY && lem_json_count(m) == 2) {
        const lem_json *a = lem_json_at(m, 0), *b = lem_json_at(m, 1);
        if (lem_json_str_len(a) && lem_json_str_len(b))
            return put_merge(t, rank, lem_json_str(a, ""), lem_json_str_len(a), lem_json_str(b, ""),
                             lem_json_str_len(b), bytes, err);
    }
    return read_merge_text(t, rank, lem_json_str(m, ""),
                           lem_json_str_len(m) <= MAX_MERGE ? lem_json_str_len(m) : 0, bytes, err);
}

static lem_status read_merges(lem_tokenizer *t, const lem_json *merges, lem_err *err) {
    if (lem_json_kind(merges) != LEM_JSON_ARRAY) return lem_fail(err, LEM_EDATA, "model.merges is no array");
    size_t n = lem_json_count(merges);
    if (n > 4 * (size_t)LEM_TOK_MAX_IDS)
        return lem_fail(err, LEM_EDATA, "model.merges has %zu entries, too many", n);
    lem_status st = lem_bpe_reserve(&t->bpe, n, err);
    lem_buf bytes = {0};
    for (size_t i = 0; i < n && st == LEM_OK; i++) st = read_merge(t, i, lem_json_at(merges, i), &bytes, err);
    lem_buf_release(&bytes);
    return st;
}

/* What stands for characters that are no tokens. A byte-level vocabulary needs nothing of the kind. */
static lem_status read_unknown(lem_tokenizer *t, const lem_json *model, lem_err *err) {
    bool fallback = t->bpe.chars && lem_json_bool(lem_json_get(model, "byte_fallback"), false);
    for (int i = 0; i < 256; i++) {
        char name[8];
        snprintf(name, sizeof name, "<0x%02X>", (unsigned)i);
        t->bpe.fallback_id[i] = fallback ? lem_vocab_find(&t->vocab, name, 6) : -1;
    }
    const char *unk = lem_json_str(lem_json_get(model, "unk_token"), NULL);
    t->bpe.unk = unk && t->bpe.chars ? lem_vocab_find(&t->vocab, unk, strlen(unk)) : -1;
    if (unk && t->bpe.chars && t->bpe.unk < 0)
        return lem_fail(err, LEM_EDATA, "model.unk_token \"%.64s\" is not in the vocabulary", unk);
    return LEM_OK;
}

static lem_status read_bpe(lem_tokenizer *t, const lem_json *model, lem_err *err) {
    if (lem_json_num(lem_json_get(model, "dropout"), 0) != 0)
        return lem_fail(err, LEM_EDATA, "model.dropout is not supported");
    const char *const affixes[] = {"continuing_subword_prefix", "end_of_word_suffix"};
    for (int i = 0; i < 2; i++)
        if (*lem_json_str(lem_json_get(model, affixes[i]), ""))
            return lem_fail(err, LEM_EDATA, "model.%s is not supported", affixes[i]);
    t->bpe.chars = !t->byte_level;
    t->bpe.ignore_merges = lem_json_bool(lem_json_get(model, "ignore_merges"), false);
    t->bpe.fuse_unk = lem_json_bool(lem_json_get(model, "fuse_unk"), false);
    lem_status st = read_vocab(t, lem_json_get(model, "vocab"), err);
    if (st == LEM_OK) st = read_merges(t, lem_json_get(model, "merges"), err);
    if (st == LEM_OK) st = read_unknown(t, model, err);
    return st;
}

/* Entry i of a Unigram vocabulary: ["piece", score]. */
static lem_status read_scored(lem_tokenizer *t, const lem_json *v, size_t i, lem_err *err) {
    const lem_json *text = lem_json_at(v, 0), *score = lem_json_at(v, 1);
    tok_unigram *u = &t->unigram;
    if (lem_json_kind(text) != LEM_JSON_STRING ||
        (lem_json_kind(score) != LEM_JSON_REAL && lem_json_kind(score) != LEM_JSON_INT))
        return lem_fail(err, LEM_EDATA, "model.vocab[%zu] is no [\"piece\", score]", i);
    u->score[i] = lem_json_num(score, 0);
    if (i == 0 || u->score[i] < u->min_score) u->min_score = u->score[i];
    return lem_vocab_put(&t->vocab, (int64_t)i, lem_json_str(text, ""), lem_json_str_len(text), true, err);
}

/* [["piece", score], …]; the id is the place in the list. */
static lem_status read_unigram(lem_tokenizer *t, const lem_json *model, lem_err *err) {
    const lem_json *vocab = lem_json_get(model, "vocab");
    tok_unigram *u = &t->unigram;
    size_t n = lem_json_count(vocab);
    if (t->byte_level) return lem_fail(err, LEM_EDATA, "a Unigram model on bytes is not supported");
    if (lem_json_kind(vocab) != LEM_JSON_ARRAY || n > LEM_TOK_MAX_IDS)
        return lem_fail(err, LEM_EDATA, "model.vocab is no array of at most %d pieces", LEM_TOK_MAX_IDS);
    u->score = lem_alloc_zero(n, sizeof *u->score, err);
    if (!u->score) return LEM_EMEM;
    u->on = t->bpe.chars = true;
    lem_status st = LEM_OK;
    for (size_t i = 0; i < n && st == LEM_OK; i++) st = read_scored(t, lem_json_at(vocab, i), i, err);
    if (st != LEM_OK) return st;
    int64_t unk = lem_json_int(lem_json_get(model, "unk_id"), -1);
    if (unk >= (int64_t)n)
        return lem_fail(err, LEM_EDATA, "model.unk_id %lld is outside the vocabulary", (long long)unk);
    st = read_unknown(t, model, err);
    u->unk = unk < 0 ? -1 : (int32_t)unk;
    return st;
}

/* After the added tokens are known: the special ones are never found in text. */
static lem_status prepare_unigram(lem_tokenizer *t, size_t n, lem_err *err) {
    lem_status st = LEM_OK;
    for (int32_t id = 0; id < (int32_t)n && st == LEM_OK; id++) {
        const tok_entry *e = &t->vocab.entry[id];
        if (e->len && !(e->flags & TOK_SPECIAL) && id != t->unigram.unk)
            st = lem_trie_add(&t->unigram.trie, lem_buf_str(&t->vocab.blob) + e->off, e->len, id, err);
    }
    return st;
}

static lem_status read_model(lem_tokenizer *t, const lem_json *model, lem_err *err) {
    if (lem_json_kind(model) != LEM_JSON_OBJECT)
        return lem_fail(err, LEM_EDATA, "there is no \"model\" object");
    const char *type =
        lem_json_str(lem_json_get(model, "type"), lem_json_get(model, "merges") ? "BPE" : "Unigram");
    if (strcmp(type, "BPE") == 0) return read_bpe(t, model, err);
    if (strcmp(type, "Unigram") == 0) return read_unigram(t, model, err);
    return lem_fail(err, LEM_EDATA, "model type \"%.64s\" is not supported (only BPE and Unigram)", type);
}

/* ---- added tokens */

static lem_status register_added(lem_tokenizer *t, const tok_added *a, lem_err *err) {
    lem_buf text = {0};
    lem_status st = LEM_OK;
    tok_vocab *v = &t->vocab;
    if (a->id < v->n && (v->entry[a->id].flags & TOK_USED)) {
        tok_entry *e = &v->entry[a->id];
        bool same = e->len == a->len && memcmp(v->blob.data + e->off, a->text, a->len) == 0;
        if (!same) { /* the vocabulary spells it in the byte alphabet; as an added token it stands for itself
                      */
            lem_bytes_to_text(v->blob.data + e->off, e->len, &text);
            LEM_TRY(lem_buf_ok(&text, err));
            if (text.len != a->len || memcmp(text.data, a->text, a->len) != 0) {
                st = lem_fail(err, LEM_EDATA,
                              "added token \"%.64s\" has the id %d, which is \"%.64s\" in the vocabulary",
                              a->text, a->id, text.data);
                goto done;
            }
            e->off = e->out_off = (uint32_t)v->blob.len;
            e->len = e->out_len = (uint32_t)a->len;
            lem_buf_add(&v->blob, a->text, a->len);
            LEM_TRY(lem_buf_ok(&v->blob, err));
        }
    } else {
        LEM_TRY(lem_vocab_put(v, a->id, a->text, a->len, false, err));
    }
    v->entry[a->id].flags |= a->special ? TOK_ADDED | TOK_SPECIAL : TOK_ADDED;
done:
    lem_buf_release(&text);
    return st;
}

static lem_status trie_token(lem_tokenizer *t, size_t i, lem_err *err) {
    const tok_added *a = &t->added[i];
    if (!a->normalized) return lem_trie_add(&t->raw, a->text, a->len, (int32_t)i, err);
    lem_buf b = {0};
    bool same = true;
    lem_status st = lem_tok_normalize(t->norms, t->n_norms, a->text, a->len, &b, &same, NULL, err);
    if (st == LEM_OK && same) lem_buf_add(&b, a->text, a->len);
    if (st == LEM_OK) st = lem_buf_ok(&b, err);
    if (st == LEM_OK) st = lem_trie_add(&t->norm, lem_buf_str(&b), b.len, (int32_t)i, err);
    lem_buf_release(&b);
    return st;
}

/* Absent: the default of `tokenizers`. Anything but true and false would change ids silently. */
static lem_status read_flag(const lem_json *token, size_t i, const char *name, bool otherwise, bool *out,
                            lem_err *err) {
    const lem_json *v = lem_json_get(token, name);
    if (!absent(v) && lem_json_kind(v) != LEM_JSON_BOOL)
        return lem_fail(err, LEM_EDATA, "added_tokens[%zu].%s must be true or false", i, name);
    *out = lem_json_bool(v, otherwise);
    return LEM_OK;
}

static lem_status read_flags(const lem_json *v, size_t i, tok_added *a, lem_err *err) {
    lem_status st = read_flag(v, i, "special", false, &a->special, err);
    if (st == LEM_OK) st = read_flag(v, i, "normalized", !a->special, &a->normalized, err);
    if (st == LEM_OK) st = read_flag(v, i, "lstrip", false, &a->lstrip, err);
    if (st == LEM_OK) st = read_flag(v, i, "rstrip", false, &a->rstrip, err);
    if (st == LEM_OK) st = read_flag(v, i, "single_word", false, &a->single_word, err);
    return st;
}

/* Entry i of added_tokens. */
static lem_status read_added_token(lem_tokenizer *t, const lem_json *v, size_t i, lem_err *err) {
    const lem_json *content = lem_json_get(v, "content");
    int64_t id = lem_json_int(lem_json_get(v, "id"), -1);
    if (lem_json_kind(content) != LEM_JSON_STRING || !lem_json_str_len(content))
        return lem_fail(err, LEM_EDATA, "added_tokens[%zu] has no content", i);
    if (id < 0 || id >= LEM_TOK_MAX_IDS)
        return lem_fail(err, LEM_EDATA, "added_tokens[%zu] has no id in 0..%d", i, LEM_TOK_MAX_IDS - 1);
    tok_added *a = &t->added[i];
    a->len = lem_json_str_len(content);
    a->text = lem_strndup(lem_json_str(content, ""), a->len, err);
    if (!a->text) return LEM_EMEM;
    t->n_added = i + 1;
    a->id = (int32_t)id;
    lem_status st = read_flags(v, i, a, err);
    if (st == LEM_OK) st = register_added(t, a, err);
    return st == LEM_OK ? trie_token(t, i, err) : st;
}

static lem_status read_added(lem_tokenizer *t, const lem_json *list, lem_err *err) {
    if (absent(list)) return LEM_OK;
    if (lem_json_kind(list) != LEM_JSON_ARRAY) return lem_fail(err, LEM_EDATA, "added_tokens is no array");
    size_t n = lem_json_count(list);
    if (n > LEM_TOK_MAX_IDS)
        return lem_fail(err, LEM_EDATA, "added_tokens has %zu entries, more than %d", n, LEM_TOK_MAX_IDS);
    t->added = lem_alloc_zero(n, sizeof *t->added, err);
    if (!t->added) return LEM_EMEM;
    lem_status st = LEM_OK;
    for (size_t i = 0; i < n && st == LEM_OK; i++) st = read_added_token(t, lem_json_at(list, i), i, err);
    return st;
}

static void choose_eos(lem_tokenizer *t) {
    static const char *const names[] = {"<|im_end|>", "<|endoftext|>", "</s>"};
    t->eos = -1;
    for (size_t i = 0; i < sizeof names / sizeof *names && t->eos < 0; i++)
        t->eos = lem_tokenizer_find(t, names[i]);
}

lem_status lem_tokenizer_read_json(lem_tokenizer *t, const lem_json *root, lem_err *err) {
    if (lem_json_kind(root) != LEM_JSON_OBJECT)
        return lem_fail(err, LEM_EDATA, "the document is no object but %s", lem_json_kind_name(root));
    lem_status st = lem_tokenizer_read_pipeline(t, root, err);
    if (st == LEM_OK) st = read_model(t, lem_json_get(root, "model"), err);
    if (st == LEM_OK) st = read_added(t, lem_json_get(root, "added_tokens"), err);
    if (st == LEM_OK && t->vocab.n == 0) st = lem_fail(err, LEM_EDATA, "the vocabulary is empty");
    if (st == LEM_OK) st = lem_decode_prepare(t, err);
    if (st == LEM_OK && t->unigram.on)
        st = prepare_unigram(t, lem_json_count(lem_json_find(root, "model.vocab")), err);
    if (st == LEM_OK && !t->unigram.on) st = lem_bpe_mark_direct(t, err);
    if (st == LEM_OK) choose_eos(t);
    return st;
}
