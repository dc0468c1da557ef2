/* vocab - token lists as a tokenizer.json or a SentencePiece model */
#include "gguf/vocab.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/object.h"

#include <stdio.h>
#include <string.h>

enum { NORMAL = 1, UNKNOWN, CONTROL, USER, UNUSED, BYTE }; /* tokenizer.ggml.token_type, as SentencePiece's */

/* ---- where texts are cut ---- */

typedef struct cutter {
    const char *names;   /* of tokenizer.ggml.pre, with a space before and behind each */
    const char *pattern; /* as lem_tokenizer_pattern names it; NULL: that of ByteLevel */
    bool digits, nfc, ignore_merges;
} cutter;
static const cutter cutters[] = {
    {" gpt-2 phi-2 jina-es jina-de mpt olmo jais trillion ", NULL, false, false, false},
    {" smollm codeshell exaone minerva-7b ", NULL, true, false, false},
    {" llama-bpe llama3 llama-v3 falcon3 ", "llama3", false, false, true},
    {" qwen2 deepseek-r1-qwen megrez ", "qwen2", false, true, false},
};

static const cutter *cutter_of(const char *pre, size_t n) {
    char name[48];
    if (n == 0 || n > 40 || memchr(pre, ' ', n)) return NULL;
    snprintf(name, sizeof name, " %.*s ", (int)n, pre);
    for (size_t i = 0; i < sizeof cutters / sizeof *cutters; i++)
        if (strstr(cutters[i].names, name)) return &cutters[i];
    return NULL;
}

static lem_json *level(bool own_pattern) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "type", "ByteLevel");
    lem_object_bool(&o, "add_prefix_space", false);
    lem_object_bool(&o, "trim_offsets", false);
    lem_object_bool(&o, "use_regex", own_pattern);
    return lem_object_done(&o);
}

static lem_json *digits(void) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "type", "Digits");
    lem_object_bool(&o, "individual_digits", true);
    return lem_object_done(&o);
}

static lem_json *split(const char *pattern) {
    lem_object o = lem_object_new(), regex = lem_object_new();
    lem_object_str(&regex, "Regex", pattern);
    lem_object_str(&o, "type", "Split");
    lem_object_json(&o, "pattern", lem_object_done(&regex));
    lem_object_str(&o, "behavior", "Isolated");
    lem_object_bool(&o, "invert", false);
    return lem_object_done(&o);
}

static void append(lem_json *list, lem_json *value, bool *ok) {
    *ok = list && value && lem_json_append(list, value) && *ok;
}

static lem_json *pre_tokenizer(const cutter *c) {
    lem_object o = lem_object_new();
    lem_json *list = lem_json_new_array();
    bool ok = true;
    if (c->digits) append(list, digits(), &ok);
    if (c->pattern) append(list, split(lem_tokenizer_pattern(c->pattern)), &ok);
    append(list, level(!c->pattern), &ok);
    lem_object_str(&o, "type", "Sequence");
    if (!ok) {
        lem_json_free(list);
        list = NULL;
    }
    lem_object_json(&o, "pretokenizers", list);
    return lem_object_done(&o);
}

/* ---- tokens ---- */

/* Walks tokens, kinds and, where asked, scores together. */
typedef struct walk {
    lem_gguf_list tokens, kinds, scores;
    bool has_kinds, has_scores;
    uint64_t id; /* of the token last given */
    const char *text;
    size_t len;
    int kind;
    double score;
} walk;

static lem_status start(const lem_gguf *g, walk *w, lem_err *err) {
    *w = (walk){.id = UINT64_MAX};
    if (!lem_gguf_array(g, "tokenizer.ggml.tokens", &w->tokens))
        return lem_fail(err, LEM_EDATA, "tokenizer.ggml.tokens is missing");
    w->has_kinds = lem_gguf_array(g, "tokenizer.ggml.token_type", &w->kinds);
    w->has_scores = lem_gguf_array(g, "tokenizer.ggml.scores", &w->scores);
    if ((w->has_kinds && w->kinds.n != w->tokens.n) || (w->has_scores && w->scores.n != w->tokens.n))
        return lem_fail(err, LEM_EDATA,
                        "the lists of tokens, their kinds and scores are of different lengths");
    return LEM_OK;
}

static bool next(walk *w) {
    double kind = NORMAL;
    w->score = 0;
    if (!lem_gguf_next_str(&w->tokens, &w->text, &w->len)) return false;
    if (w->has_kinds && !lem_gguf_next_num(&w->kinds, &kind)) return false;
    if (w->has_scores && !lem_gguf_next_num(&w->scores, &w->score)) return false;
    w->kind = kind >= NORMAL && kind <= BYTE ? (int)kind : NORMAL;
    w->id++;
    return true;
}

/* The text of a token that a key names; NULL where there is none. Owned. */
static lem_status token_at(const lem_gguf *g, const char *key, lem_json **out, lem_err *err) {
    uint64_t id = 0;
    walk w;
    *out = NULL;
    if (!lem_gguf_uint(g, key, &id)) return LEM_OK;
    lem_status st = start(g, &w, err);
    while (st == LEM_OK && next(&w))
        if (w.id == id) {
            *out = lem_json_new_strn(w.text, w.len);
            return *out ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
        }
    return st == LEM_OK ? lem_fail(err, LEM_EDATA, "%s: %llu is no token", key, (unsigned long long)id) : st;
}

/* ---- byte-level BPE ---- */

static lem_json *added_token(const walk *w) {
    static const char *const off[] = {"single_word", "lstrip", "rstrip", "normalized"};
    lem_object o = lem_object_new();
    lem_object_int(&o, "id", w->id);
    lem_object_json(&o, "content", lem_json_new_strn(w->text, w->len));
    for (size_t i = 0; i < sizeof off / sizeof *off; i++) lem_object_bool(&o, off[i], false);
    lem_object_bool(&o, "special", w->kind != USER);
    return lem_object_done(&o);
}

static lem_status read_tokens(const lem_gguf *g, lem_json *vocab, lem_json *added, lem_err *err) {
    walk w;
    char text[1024];
    lem_status st = start(g, &w, err);
    bool ok = true;
    while (st == LEM_OK && ok && next(&w)) {
        if (w.kind == UNUSED) continue;
        /* in both lists: `tokenizers` numbers an added token that the vocabulary lacks anew */
        if (w.kind == CONTROL || w.kind == USER || w.kind == UNKNOWN) append(added, added_token(&w), &ok);
        if (w.len >= sizeof text || memchr(w.text, 0, w.len))
            return lem_fail(err, LEM_EDATA, "token %llu holds a zero byte or is longer than %zu bytes",
                            (unsigned long long)w.id, sizeof text - 1);
        memcpy(text, w.text, w.len);
        text[w.len] = '\0';
        if (lem_json_get(vocab, text))
            return lem_fail(err, LEM_EDATA, "token %llu stands twice", (unsigned long long)w.id);
        ok = lem_json_set(vocab, text, lem_json_new_int((int64_t)w.id)) && ok;
    }
    return st == LEM_OK && !ok ? lem_fail(err, LEM_EMEM, "out of memory for the vocabulary") : st;
}

static lem_status read_merges(const lem_gguf *g, lem_json *merges, lem_err *err) {
    lem_gguf_list l;
    const char *s;
    size_t n;
    bool ok = true;
    if (!lem_gguf_array(g, "tokenizer.ggml.merges", &l))
        return lem_fail(err, LEM_EDATA, "tokenizer.ggml.merges is missing");
    while (ok && lem_gguf_next_str(&l, &s, &n)) append(merges, lem_json_new_strn(s, n), &ok);
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory for the merges");
}

/* Takes vocab and merges. */
static lem_json *bpe_model(lem_json *vocab, lem_json *merges, const cutter *c) {
    static const char *const none[] = {"dropout", "unk_token", "continuing_subword_prefix",
                                       "end_of_word_suffix"};
    lem_object o = lem_object_new();
    lem_object_str(&o, "type", "BPE");
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) lem_object_json(&o, none[i], lem_json_new_null());
    lem_object_bool(&o, "fuse_unk", false);
    lem_object_bool(&o, "byte_fallback", false);
    lem_object_bool(&o, "ignore_merges", c->ignore_merges);
    lem_object_json(&o, "vocab", vocab);
    lem_object_json(&o, "merges", merges);
    return lem_object_done(&o);
}

static lem_json *normalizer(const cutter *c) {
    if (!c->nfc) return lem_json_new_null();
    lem_object o = lem_object_new();
    lem_object_str(&o, "type", "NFC");
    return lem_object_done(&o);
}

/* {"SpecialToken": {"id": bos, "type_id": 0}}, or the text itself. */
static lem_json *part(const char *kind, const char *id) {
    lem_object o = lem_object_new(), of = lem_object_new();
    lem_object_str(&of, "id", id);
    lem_object_int(&of, "type_id", 0);
    lem_object_json(&o, kind, lem_object_done(&of));
    return lem_object_done(&o);
}

/* BOS before every text, where the file says so. */
static lem_status post_processor(const lem_gguf *g, lem_json **out, lem_err *err) {
    lem_json *bos = NULL, *single = NULL, *ids = NULL, *tokens = NULL;
    uint64_t id = 0;
    bool add = false, ok = true;
    *out = NULL;
    lem_status st = token_at(g, "tokenizer.ggml.bos_token_id", &bos, err);
    if (st != LEM_OK) return st;
    if (!bos || !lem_gguf_bool(g, "tokenizer.ggml.add_bos_token", &add) || !add) {
        lem_json_free(bos);
        *out = lem_json_new_null();
        return *out ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
    }
    (void)lem_gguf_uint(g, "tokenizer.ggml.bos_token_id", &id);
    lem_object o = lem_object_new(), special = lem_object_new(), table = lem_object_new();
    single = lem_json_new_array();
    append(single, part("SpecialToken", lem_json_str(bos, "")), &ok);
    append(single, part("Sequence", "A"), &ok);
    ids = lem_json_new_array();
    append(ids, lem_json_new_int((int64_t)id), &ok);
    tokens = lem_json_new_array();
    append(tokens, lem_json_share(bos), &ok);
    lem_object_str(&special, "id", lem_json_str(bos, ""));
    lem_object_json(&special, "ids", ids);
    lem_object_json(&special, "tokens", tokens);
    lem_object_json(&table, lem_json_str(bos, ""), lem_object_done(&special));
    lem_object_str(&o, "type", "TemplateProcessing");
    lem_object_json(&o, "single", single);
    lem_object_json(&o, "pair", lem_json_new_array());
    lem_object_json(&o, "special_tokens", lem_object_done(&table));
    *out = lem_object_done(&o);
    lem_json_free(bos);
    return ok && *out ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static lem_status write_bpe(const lem_gguf *g, const char *dir, lem_err *err) {
    const char *pre = "";
    size_t n = 0;
    lem_status st = LEM_OK;
    lem_json *vocab = NULL, *added = NULL, *merges = NULL, *post = NULL, *doc = NULL;
    bool named = lem_gguf_str(g, "tokenizer.ggml.pre", &pre, &n);
    const cutter *c = cutter_of(pre, n);
    if (!c)
        return lem_fail(
            err, LEM_EDATA,
            named ? "tokenizer.ggml.pre '%.*s' is not known here (gpt-2, smollm, llama-bpe and qwen2 are)"
                  : "tokenizer.ggml.pre is missing%.*s: how texts are cut is not known",
            (int)(n < 40 ? n : 40), pre);
    vocab = lem_json_new_object();
    added = lem_json_new_array();
    merges = lem_json_new_array();
    if (!vocab || !added || !merges) LEM_TRY(lem_fail(err, LEM_EMEM, "out of memory"));
    LEM_TRY(read_tokens(g, vocab, added, err));
    LEM_TRY(read_merges(g, merges, err));
    LEM_TRY(post_processor(g, &post, err));
    lem_object o = lem_object_new();
    lem_object_str(&o, "version", "1.0");
    lem_object_json(&o, "truncation", lem_json_new_null());
    lem_object_json(&o, "padding", lem_json_new_null());
    lem_object_json(&o, "added_tokens", added);
    lem_object_json(&o, "normalizer", normalizer(c));
    lem_object_json(&o, "pre_tokenizer", pre_tokenizer(c));
    lem_object_json(&o, "post_processor", post);
    lem_object_json(&o, "decoder", level(true));
    lem_object_json(&o, "model", bpe_model(vocab, merges, c));
    vocab = added = merges = post = NULL;
    doc = lem_object_done(&o);
    LEM_TRY(lem_json_save_in(dir, "tokenizer.json", doc, 2, err));
done:
    lem_json_free(vocab);
    lem_json_free(added);
    lem_json_free(merges);
    lem_json_free(post);
    lem_json_free(doc);
    return st;
}

/* ---- SentencePiece ---- */

static void varint(lem_buf *b, uint64_t v) {
    for (; v >= 0x80; v >>= 7) lem_buf_putc(b, (char)((v & 0x7f) | 0x80));
    lem_buf_putc(b, (char)v);
}

static void varint_field(lem_buf *b, unsigned number, uint64_t v) {
    varint(b, (uint64_t)number << 3);
    varint(b, v);
}

static void bytes_field(lem_buf *b, unsigned number, const char *s, size_t n) {
    varint(b, (uint64_t)number << 3 | 2);
    varint(b, n);
    lem_buf_add(b, s, n);
}

/* Fields of sentencepiece_model.proto: a piece is text, score, kind. */
static void add_piece(lem_buf *out, lem_buf *scratch, const walk *w) {
    float score = (float)w->score;
    unsigned char raw[4];
    uint32_t bits;
    memcpy(&bits, &score, 4);
    for (int i = 0; i < 4; i++) raw[i] = (unsigned char)(bits >> 8 * i);
    lem_buf_clear(scratch);
    bytes_field(scratch, 1, w->text, w->len);
    varint(scratch, 2 << 3 | 5);
    lem_buf_add(scratch, (const char *)raw, 4);
    varint_field(scratch, 3, (uint64_t)w->kind);
    bytes_field(out, 1, lem_buf_str(scratch), scratch->len);
}

static lem_status write_spm(const lem_gguf *g, const char *dir, lem_err *err) {
    walk w;
    lem_buf out = {0}, scratch = {0};
    bool prefix = true, bytes = false;
    lem_status st = start(g, &w, err);
    char *path = NULL;
    if (st == LEM_OK && !w.has_scores) st = lem_fail(err, LEM_EDATA, "tokenizer.ggml.scores is missing");
    while (st == LEM_OK && next(&w)) {
        bytes = bytes || w.kind == BYTE;
        add_piece(&out, &scratch, &w);
    }
    if (st != LEM_OK) goto done;
    (void)lem_gguf_bool(g, "tokenizer.ggml.add_space_prefix", &prefix);
    lem_buf_clear(&scratch);
    varint_field(&scratch, 3, 2); /* trainer: BPE */
    varint_field(&scratch, 35, bytes);
    bytes_field(&out, 2, lem_buf_str(&scratch), scratch.len);
    lem_buf_clear(&scratch);
    varint_field(&scratch, 3, prefix); /* normalizer: a space in front; white space stays as it is */
    varint_field(&scratch, 4, 0);
    varint_field(&scratch, 5, 1);
    bytes_field(&out, 3, lem_buf_str(&scratch), scratch.len);
    LEM_TRY(lem_buf_ok(&scratch, err));
    LEM_TRY(lem_buf_ok(&out, err));
    path = lem_path_join(dir, "tokenizer.model", err);
    if (!path) LEM_TRY(LEM_EMEM);
    LEM_TRY(lem_file_write_atomic(path, out.data, out.len, err));
done:
    lem_free(path);
    lem_buf_release(&out);
    lem_buf_release(&scratch);
    return st;
}

/* ---- beside them ---- */

static lem_status add_tokens(const lem_gguf *g, lem_object *o, lem_err *err) {
    static const char *const names[][2] = {{"bos_token", "tokenizer.ggml.bos_token_id"},
                                           {"eos_token", "tokenizer.ggml.eos_token_id"},
                                           {"pad_token", "tokenizer.ggml.padding_token_id"},
                                           {"unk_token", "tokenizer.ggml.unknown_token_id"}};
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < sizeof names / sizeof *names; i++) {
        lem_json *text = NULL;
        st = token_at(g, names[i][1], &text, err);
        if (st == LEM_OK && text) lem_object_json(o, names[i][0], text);
    }
    return st;
}

static lem_status write_config(const lem_gguf *g, const char *dir, bool spm, lem_err *err) {
    const char *template = NULL;
    size_t n = 0;
    bool bos = spm;
    lem_object o = lem_object_new();
    lem_status st = add_tokens(g, &o, err);
    (void)lem_gguf_bool(g, "tokenizer.ggml.add_bos_token", &bos);
    lem_object_bool(&o, "add_bos_token", bos);
    lem_object_bool(&o, "clean_up_tokenization_spaces", false);
    if (lem_gguf_str(g, "tokenizer.chat_template", &template, &n))
        lem_object_json(&o, "chat_template", lem_json_new_strn(template, n));
    lem_object_str(&o, "tokenizer_class", spm ? "LlamaTokenizerFast" : "PreTrainedTokenizerFast");
    lem_json *config = lem_object_done(&o);
    if (st == LEM_OK) st = lem_json_save_in(dir, "tokenizer_config.json", config, 2, err);
    lem_json_free(config);
    return st;
}

/* The tokens that end a text: of the whole, of a turn, of a message. */
static lem_status write_generation(const lem_gguf *g, const char *dir, lem_err *err) {
    static const char *const ends[] = {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
                                       "tokenizer.ggml.eom_token_id"};
    lem_json *ids = lem_json_new_array();
    lem_object o = lem_object_new();
    bool ok = true;
    uint64_t bos = 0, seen[3];
    size_t n = 0;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        uint64_t id = 0;
        if (!lem_gguf_uint(g, ends[i], &id)) continue;
        bool again = false;
        for (size_t k = 0; k < n; k++) again = again || seen[k] == id;
        if (again) continue;
        seen[n++] = id;
        append(ids, lem_json_new_int((int64_t)id), &ok);
    }
    if (lem_gguf_uint(g, "tokenizer.ggml.bos_token_id", &bos)) lem_object_int(&o, "bos_token_id", bos);
    lem_object_json(&o, "eos_token_id", ids);
    lem_json *config = lem_object_done(&o);
    lem_status st = ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK && n) st = lem_json_save_in(dir, "generation_config.json", config, 2, err);
    lem_json_free(config);
    return st;
}

lem_status lem_gguf_vocab_write(const lem_gguf *g, const char *dir, lem_err *err) {
    const char *model = "";
    size_t n = 0;
    (void)lem_gguf_str(g, "tokenizer.ggml.model", &model, &n);
    bool bpe = n == 4 && memcmp(model, "gpt2", 4) == 0, spm = n == 5 && memcmp(model, "llama", 5) == 0;
    if (!bpe && !spm)
        return lem_fail(err, LEM_EDATA, "tokenizer.ggml.model '%.*s' is not supported (gpt2 and llama are)",
                        (int)(n < 40 ? n : 40), model);
    lem_tokenizer *t = NULL;
    lem_status st = bpe ? write_bpe(g, dir, err) : write_spm(g, dir, err);
    if (st == LEM_OK) st = write_config(g, dir, spm, err);
    if (st == LEM_OK) st = lem_tokenizer_load(dir, &t, err); /* it can be used */
    if (st == LEM_OK && spm) st = lem_tokenizer_save(t, dir, err);
    lem_tokenizer_free(t);
    return st == LEM_OK ? write_generation(g, dir, err) : st;
}
