/* hf_json.c - fills a tokenizer from a Hugging Face tokenizer.json, refusing by name what is not supported
 *
 * `truncation`, `padding` and `post_processor` are not read: encoding here never truncates, pads or adds special tokens. */
#include "core/mem.h"
#include "token/tokenizer_priv.h"

#include <string.h>

static const char *type_of(const lem_json *v) { return lem_json_str(lem_json_get(v, "type"), ""); }

static bool absent(const lem_json *v) { return lem_json_kind(v) == LEM_JSON_NULL; }

/* ---- vocabulary and merges */

static lem_status put_token(lem_tokenizer *t, const char *key, lem_buf *bytes, lem_err *err) {
    const lem_json *value = lem_json_key_value(key);
    if (lem_json_kind(value) != LEM_JSON_INT)
        return lem_fail(err, LEM_EDATA, "model.vocab: the id of \"%.64s\" is no integer but %s", key, lem_json_kind_name(value));
    size_t len = strlen(key);
    lem_buf_clear(bytes);
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
        return lem_fail(err, LEM_EDATA, "model.vocab has %zu tokens, more than %d", lem_json_count(vocab), LEM_TOK_MAX_IDS);
    lem_buf bytes = {0};
    lem_status st = LEM_OK;
    for (const char *key = lem_json_key_next(vocab, NULL); key; key = lem_json_key_next(vocab, key)) LEM_TRY(put_token(t, key, &bytes, err));
    for (int i = 0; i < 256; i++) {
        char b = (char)i;
        t->bpe.byte_id[i] = lem_vocab_find(&t->vocab, &b, 1);
    }
done:
    lem_buf_release(&bytes);
    return st;
}

static lem_status find_part(const lem_tokenizer *t, size_t rank, const char *s, size_t n, lem_buf *bytes, int32_t *id, lem_err *err) {
    size_t before = bytes->len;
    *id = -1;
    if (lem_bytes_from_text(s, n, bytes) && !bytes->failed) *id = lem_vocab_find(&t->vocab, lem_buf_str(bytes) + before, bytes->len - before);
    if (bytes->failed) return lem_buf_ok(bytes, err);
    if (*id < 0) return lem_fail(err, LEM_EDATA, "model.merges[%zu]: \"%.*s\" is not in the vocabulary", rank, (int)(n < 64 ? n : 64), s);
    return LEM_OK;
}

static lem_status read_merge(lem_tokenizer *t, size_t rank, const lem_json *m, lem_buf *bytes, lem_err *err) {
    const char *a = NULL, *b = NULL;
    size_t an = 0, bn = 0;
    if (lem_json_kind(m) == LEM_JSON_STRING) {
        a = lem_json_str(m, "");
        const char *space = strchr(a, ' ');
        if (space && !strchr(space + 1, ' ')) {
            b = space + 1;
            an = (size_t)(space - a);
            bn = lem_json_str_len(m) - an - 1;
        }
    } else if (lem_json_kind(m) == LEM_JSON_ARRAY && lem_json_count(m) == 2) {
        a = lem_json_str(lem_json_at(m, 0), NULL);
        b = lem_json_str(lem_json_at(m, 1), NULL);
        an = lem_json_str_len(lem_json_at(m, 0));
        bn = lem_json_str_len(lem_json_at(m, 1));
    }
    if (!a || !b || !an || !bn) return lem_fail(err, LEM_EDATA, "model.merges[%zu] is neither \"a b\" nor [\"a\", \"b\"]", rank);
    int32_t left, right;
    lem_buf_clear(bytes);
    lem_status st = find_part(t, rank, a, an, bytes, &left, err);
    if (st == LEM_OK) st = find_part(t, rank, b, bn, bytes, &right, err);
    if (st != LEM_OK) return st;
    int32_t id = lem_vocab_find(&t->vocab, bytes->data, bytes->len);
    if (id < 0)
        return lem_fail(err, LEM_EDATA, "model.merges[%zu]: \"%.*s%.*s\" is not in the vocabulary", rank, (int)(an < 64 ? an : 64), a,
                        (int)(bn < 64 ? bn : 64), b);
    lem_bpe_put(&t->bpe, left, right, (int32_t)rank, id);
    return LEM_OK;
}

static lem_status read_merges(lem_tokenizer *t, const lem_json *merges, lem_err *err) {
    if (lem_json_kind(merges) != LEM_JSON_ARRAY) return lem_fail(err, LEM_EDATA, "model.merges is no array");
    size_t n = lem_json_count(merges);
    if (n > 4 * (size_t)LEM_TOK_MAX_IDS) return lem_fail(err, LEM_EDATA, "model.merges has %zu entries, too many", n);
    lem_status st = lem_bpe_reserve(&t->bpe, n, err);
    lem_buf bytes = {0};
    for (size_t i = 0; i < n && st == LEM_OK; i++) st = read_merge(t, i, lem_json_at(merges, i), &bytes, err);
    lem_buf_release(&bytes);
    return st;
}

static lem_status read_model(lem_tokenizer *t, const lem_json *model, lem_err *err) {
    if (lem_json_kind(model) != LEM_JSON_OBJECT) return lem_fail(err, LEM_EDATA, "there is no \"model\" object");
    const char *type = lem_json_str(lem_json_get(model, "type"), "BPE");
    if (strcmp(type, "BPE") != 0) return lem_fail(err, LEM_EDATA, "model type \"%.64s\" is not supported (only BPE)", type);
    if (lem_json_num(lem_json_get(model, "dropout"), 0) != 0) return lem_fail(err, LEM_EDATA, "model.dropout is not supported");
    const char *const affixes[] = {"continuing_subword_prefix", "end_of_word_suffix"};
    for (int i = 0; i < 2; i++)
        if (*lem_json_str(lem_json_get(model, affixes[i]), "")) return lem_fail(err, LEM_EDATA, "model.%s is not supported", affixes[i]);
    if (lem_json_bool(lem_json_get(model, "byte_fallback"), false))
        return lem_fail(err, LEM_EDATA, "model.byte_fallback (SentencePiece vocabulary) is not supported");
    t->bpe.ignore_merges = lem_json_bool(lem_json_get(model, "ignore_merges"), false);
    lem_status st = read_vocab(t, lem_json_get(model, "vocab"), err);
    if (st == LEM_OK) st = read_merges(t, lem_json_get(model, "merges"), err);
    return st;
}

/* ---- normalizer, pre-tokenizer, decoder */

static lem_status read_normalizer(lem_tokenizer *t, const lem_json *v, int depth, lem_err *err) {
    if (absent(v)) return LEM_OK;
    const char *type = type_of(v);
    if (strcmp(type, "Sequence") == 0 && depth < 4) {
        const lem_json *list = lem_json_get(v, "normalizers");
        for (size_t i = 0; i < lem_json_count(list); i++) {
            lem_status st = read_normalizer(t, lem_json_at(list, i), depth + 1, err);
            if (st != LEM_OK) return st;
        }
        return LEM_OK;
    }
    if (t->n_norms == LEM_TOK_MAX_STEPS) return lem_fail(err, LEM_EDATA, "the normalizer has more than %d steps", LEM_TOK_MAX_STEPS);
    if (strcmp(type, "NFC") != 0) return lem_fail(err, LEM_EDATA, "normalizer \"%.64s\" is not supported (only NFC)", type);
    t->norms[t->n_norms++].kind = TOK_NORM_NFC;
    return LEM_OK;
}

static lem_status add_step(lem_tokenizer *t, tok_pre_kind kind, lem_err *err) {
    if (t->n_pres == LEM_TOK_MAX_STEPS) return lem_fail(err, LEM_EDATA, "the pre-tokenizer has more than %d steps", LEM_TOK_MAX_STEPS);
    t->pres[t->n_pres++].kind = kind;
    return LEM_OK;
}

static lem_status read_split(lem_tokenizer *t, const lem_json *v, lem_err *err) {
    const char *pattern = lem_json_str(lem_json_find(v, "pattern.Regex"), NULL);
    const char *behavior = lem_json_str(lem_json_get(v, "behavior"), "");
    bool invert = lem_json_bool(lem_json_get(v, "invert"), false);
    tok_pre_kind kind;
    if (!pattern) return lem_fail(err, LEM_EDATA, "pre-tokenizer Split without a regular expression is not supported");
    if (!lem_pretok_find(pattern, &kind)) return lem_fail(err, LEM_EDATA, "pre-tokenizer Split pattern is not supported: %.400s", pattern);
    /* The known patterns match every text completely: cutting at the matches or keeping just the matches is the same. */
    if (strcmp(behavior, "Isolated") != 0 && !(strcmp(behavior, "Removed") == 0 && invert))
        return lem_fail(err, LEM_EDATA, "pre-tokenizer Split behavior \"%.64s\"%s is not supported", behavior, invert ? " with invert" : "");
    return add_step(t, kind, err);
}

static lem_status read_pre(lem_tokenizer *t, const lem_json *v, int depth, bool *byte_level, lem_err *err) {
    const char *type = type_of(v);
    if (*byte_level) return lem_fail(err, LEM_EDATA, "pre-tokenizer \"%.64s\" after ByteLevel is not supported", type);
    if (strcmp(type, "Sequence") == 0 && depth < 4) {
        const lem_json *list = lem_json_get(v, "pretokenizers");
        for (size_t i = 0; i < lem_json_count(list); i++) {
            lem_status st = read_pre(t, lem_json_at(list, i), depth + 1, byte_level, err);
            if (st != LEM_OK) return st;
        }
        return LEM_OK;
    }
    if (strcmp(type, "Split") == 0) return read_split(t, v, err);
    if (strcmp(type, "ByteLevel") != 0) return lem_fail(err, LEM_EDATA, "pre-tokenizer \"%.64s\" is not supported", type);
    *byte_level = true;
    t->add_prefix_space = lem_json_bool(lem_json_get(v, "add_prefix_space"), true);
    if (t->add_prefix_space && t->n_pres)
        return lem_fail(err, LEM_EDATA, "pre-tokenizer ByteLevel with add_prefix_space after another one is not supported");
    return lem_json_bool(lem_json_get(v, "use_regex"), true) ? add_step(t, TOK_PRE_GPT2, err) : LEM_OK;
}

static lem_status read_pipeline(lem_tokenizer *t, const lem_json *root, lem_err *err) {
    lem_status st = read_normalizer(t, lem_json_get(root, "normalizer"), 0, err);
    if (st != LEM_OK) return st;
    const lem_json *pre = lem_json_get(root, "pre_tokenizer");
    bool byte_level = false;
    if (!absent(pre)) st = read_pre(t, pre, 0, &byte_level, err);
    if (st != LEM_OK) return st;
    if (!byte_level) return lem_fail(err, LEM_EDATA, "the pre-tokenizer has no ByteLevel step: only byte-level BPE is supported");
    const char *decoder = type_of(lem_json_get(root, "decoder"));
    if (strcmp(decoder, "ByteLevel") != 0) return lem_fail(err, LEM_EDATA, "decoder \"%.64s\" is not supported (only ByteLevel)", decoder);
    return LEM_OK;
}

/* ---- added tokens */

static lem_status register_added(lem_tokenizer *t, const tok_added *a, lem_err *err) {
    lem_buf text = {0};
    lem_status st = LEM_OK;
    tok_vocab *v = &t->vocab;
    if (a->id < v->n && (v->entry[a->id].flags & TOK_USED)) {
        tok_entry *e = &v->entry[a->id];
        bool same = e->len == a->len && memcmp(v->blob.data + e->off, a->text, a->len) == 0;
        if (!same) { /* the vocabulary spells it in the byte alphabet; as an added token it stands for itself */
            lem_bytes_to_text(v->blob.data + e->off, e->len, &text);
            LEM_TRY(lem_buf_ok(&text, err));
            if (text.len != a->len || memcmp(text.data, a->text, a->len) != 0) {
                st = lem_fail(err, LEM_EDATA, "added token \"%.64s\" has the id %d, which is \"%.64s\" in the vocabulary", a->text, a->id, text.data);
                goto done;
            }
            e->off = (uint32_t)v->blob.len;
            e->len = (uint32_t)a->len;
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
    lem_status st = lem_normalize(t->norms, t->n_norms, a->text, a->len, &b, &same, err);
    if (st == LEM_OK) st = lem_trie_add(&t->norm, same ? a->text : lem_buf_str(&b), same ? a->len : b.len, (int32_t)i, err);
    lem_buf_release(&b);
    return st;
}

static lem_status read_added(lem_tokenizer *t, const lem_json *list, lem_err *err) {
    if (absent(list)) return LEM_OK;
    if (lem_json_kind(list) != LEM_JSON_ARRAY) return lem_fail(err, LEM_EDATA, "added_tokens is no array");
    size_t n = lem_json_count(list);
    if (n > LEM_TOK_MAX_IDS) return lem_fail(err, LEM_EDATA, "added_tokens has %zu entries, more than %d", n, LEM_TOK_MAX_IDS);
    t->added = lem_alloc_zero(n, sizeof *t->added, err);
    if (!t->added) return LEM_EMEM;
    for (size_t i = 0; i < n; i++) {
        const lem_json *v = lem_json_at(list, i);
        const lem_json *content = lem_json_get(v, "content");
        int64_t id = lem_json_int(lem_json_get(v, "id"), -1);
        if (lem_json_kind(content) != LEM_JSON_STRING || !lem_json_str_len(content))
            return lem_fail(err, LEM_EDATA, "added_tokens[%zu] has no content", i);
        if (id < 0 || id >= LEM_TOK_MAX_IDS) return lem_fail(err, LEM_EDATA, "added_tokens[%zu] has no id in 0..%d", i, LEM_TOK_MAX_IDS - 1);
        tok_added *a = &t->added[i];
        a->len = lem_json_str_len(content);
        a->text = lem_strndup(lem_json_str(content, ""), a->len, err);
        if (!a->text) return LEM_EMEM;
        t->n_added = i + 1;
        a->id = (int32_t)id;
        a->special = lem_json_bool(lem_json_get(v, "special"), false);
        a->normalized = lem_json_bool(lem_json_get(v, "normalized"), !a->special);
        a->lstrip = lem_json_bool(lem_json_get(v, "lstrip"), false);
        a->rstrip = lem_json_bool(lem_json_get(v, "rstrip"), false);
        a->single_word = lem_json_bool(lem_json_get(v, "single_word"), false);
        lem_status st = register_added(t, a, err);
        if (st == LEM_OK) st = trie_token(t, i, err);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

static void choose_eos(lem_tokenizer *t) {
    static const char *const names[] = {"<|im_end|>", "<|endoftext|>", "</s>"};
    t->eos = -1;
    for (size_t i = 0; i < sizeof names / sizeof *names && t->eos < 0; i++) t->eos = lem_tokenizer_find(t, names[i]);
}

lem_status lem_tokenizer_read_json(lem_tokenizer *t, const lem_json *root, lem_err *err) {
    if (lem_json_kind(root) != LEM_JSON_OBJECT) return lem_fail(err, LEM_EDATA, "the document is no object but %s", lem_json_kind_name(root));
    lem_status st = read_pipeline(t, root, err);
    if (st == LEM_OK) st = read_model(t, lem_json_get(root, "model"), err);
    if (st == LEM_OK) st = read_added(t, lem_json_get(root, "added_tokens"), err);
    if (st == LEM_OK && t->vocab.n == 0) st = lem_fail(err, LEM_EDATA, "the vocabulary is empty");
    if (st == LEM_OK) st = lem_bpe_mark_direct(t, err);
    if (st == LEM_OK) choose_eos(t);
    return st;
}
