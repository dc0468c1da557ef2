/* hf_pipeline.c - reads the normalizer, pre-tokenizer and decoder of a tokenizer.json */
#include "token/tokenizer_priv.h"

#include <string.h>

static const char *type_of(const lem_json *v) { return lem_json_str(lem_json_get(v, "type"), ""); }

static bool absent(const lem_json *v) { return lem_json_kind(v) == LEM_JSON_NULL; }

static bool is(const char *type, const char *name) { return strcmp(type, name) == 0; }

static lem_status put_text(lem_buf *b, const lem_json *v, const char *what, lem_err *err) {
    if (lem_json_kind(v) != LEM_JSON_STRING) return lem_fail(err, LEM_EDATA, "%s is no string but %s", what, lem_json_kind_name(v));
    lem_buf_add(b, lem_json_str(v, ""), lem_json_str_len(v));
    return lem_buf_ok(b, err);
}

/* ---- normalizer */

static lem_status read_norm_step(lem_tokenizer *t, const lem_json *v, lem_err *err) {
    static const char *const names[] = {"NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Prepend", "Replace", "Strip"};
    const char *type = type_of(v);
    size_t kind = 0;
    while (kind < sizeof names / sizeof *names && !is(type, names[kind])) kind++;
    if (kind == sizeof names / sizeof *names) return lem_fail(err, LEM_EDATA, "normalizer \"%.64s\" is not supported", type);
    if (t->n_norms == LEM_TOK_MAX_STEPS) return lem_fail(err, LEM_EDATA, "the normalizer has more than %d steps", LEM_TOK_MAX_STEPS);
    tok_norm *s = &t->norms[t->n_norms++];
    s->kind = (tok_norm_kind)kind;
    s->left = lem_json_bool(lem_json_get(v, "strip_left"), true);
    s->right = lem_json_bool(lem_json_get(v, "strip_right"), true);
    if (s->kind == TOK_NORM_PREPEND) return put_text(&s->b, lem_json_get(v, "prepend"), "the text of normalizer Prepend", err);
    if (s->kind != TOK_NORM_REPLACE) return LEM_OK;
    const char *regex = lem_json_str(lem_json_find(v, "pattern.Regex"), NULL);
    if (regex && is(regex, " {2,}")) {
        s->kind = TOK_NORM_SQUEEZE;
        return put_text(&s->b, lem_json_get(v, "content"), "the content of normalizer Replace", err);
    }
    if (regex) return lem_fail(err, LEM_EDATA, "normalizer Replace with the regular expression %.200s is not supported", regex);
    lem_status st = put_text(&s->a, lem_json_find(v, "pattern.String"), "the pattern of normalizer Replace", err);
    return st == LEM_OK ? put_text(&s->b, lem_json_get(v, "content"), "the content of normalizer Replace", err) : st;
}

static lem_status read_normalizer(lem_tokenizer *t, const lem_json *v, int depth, lem_err *err) {
    if (absent(v)) return LEM_OK;
    if (!is(type_of(v), "Sequence") || depth >= 4) return read_norm_step(t, v, err);
    const lem_json *list = lem_json_get(v, "normalizers");
    for (size_t i = 0; i < lem_json_count(list); i++) {
        lem_status st = read_normalizer(t, lem_json_at(list, i), depth + 1, err);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

/* ---- pre-tokenizer */

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
    if (!is(behavior, "Isolated") && !(is(behavior, "Removed") && invert))
        return lem_fail(err, LEM_EDATA, "pre-tokenizer Split behavior \"%.64s\"%s is not supported", behavior, invert ? " with invert" : "");
    return add_step(t, kind, err);
}

static lem_status read_pre(lem_tokenizer *t, const lem_json *v, int depth, lem_err *err) {
    const char *type = type_of(v);
    if (t->byte_level) return lem_fail(err, LEM_EDATA, "pre-tokenizer \"%.64s\" after ByteLevel is not supported", type);
    if (is(type, "Sequence") && depth < 4) {
        const lem_json *list = lem_json_get(v, "pretokenizers");
        for (size_t i = 0; i < lem_json_count(list); i++) {
            lem_status st = read_pre(t, lem_json_at(list, i), depth + 1, err);
            if (st != LEM_OK) return st;
        }
        return LEM_OK;
    }
    if (is(type, "Split")) return read_split(t, v, err);
    if (!is(type, "ByteLevel")) return lem_fail(err, LEM_EDATA, "pre-tokenizer \"%.64s\" is not supported", type);
    t->byte_level = true;
    t->add_prefix_space = lem_json_bool(lem_json_get(v, "add_prefix_space"), true);
    if (t->add_prefix_space && t->n_pres)
        return lem_fail(err, LEM_EDATA, "pre-tokenizer ByteLevel with add_prefix_space after another one is not supported");
    return lem_json_bool(lem_json_get(v, "use_regex"), true) ? add_step(t, TOK_PRE_GPT2, err) : LEM_OK;
}

/* ---- decoder */

typedef struct dec_reader {
    lem_tokenizer *t;
    bool byte_level, fused, stripped;
} dec_reader;

static lem_status read_strip(dec_reader *r, const lem_json *v, lem_err *err) {
    int64_t start = lem_json_int(lem_json_get(v, "start"), 0);
    if (!r->fused || !is(lem_json_str(lem_json_get(v, "content"), ""), " ") || start < 0 || start > 1000000 ||
        lem_json_int(lem_json_get(v, "stop"), 0))
        return lem_fail(err, LEM_EDATA, "decoder Strip is supported only for spaces at the start, after Fuse");
    r->t->strip_start += (size_t)start;
    r->stripped = true;
    return LEM_OK;
}

static lem_status read_dec_step(dec_reader *r, const lem_json *v, lem_err *err) {
    lem_tokenizer *t = r->t;
    const char *type = type_of(v);
    if (r->byte_level || r->stripped) return lem_fail(err, LEM_EDATA, "decoder \"%.64s\" after the last step known is not supported", type);
    if (is(type, "Fuse")) {
        r->fused = true;
        return LEM_OK;
    }
    if (is(type, "Strip")) return read_strip(r, v, err);
    if (is(type, "ByteLevel")) {
        r->byte_level = true;
        return LEM_OK;
    }
    bool replace = is(type, "Replace"), fallback = is(type, "ByteFallback");
    if ((!replace && !fallback) || r->fused)
        return lem_fail(err, LEM_EDATA, "decoder \"%.64s\"%s is not supported", type, r->fused ? " after Fuse" : "");
    if (t->n_decs == LEM_TOK_MAX_STEPS) return lem_fail(err, LEM_EDATA, "the decoder has more than %d steps", LEM_TOK_MAX_STEPS);
    tok_dec *d = &t->decs[t->n_decs++];
    d->kind = replace ? TOK_DEC_REPLACE : TOK_DEC_BYTE_FALLBACK;
    if (fallback) return LEM_OK;
    lem_status st = put_text(&d->a, lem_json_find(v, "pattern.String"), "the pattern of decoder Replace", err);
    return st == LEM_OK ? put_text(&d->b, lem_json_get(v, "content"), "the content of decoder Replace", err) : st;
}

static lem_status read_decoder(dec_reader *r, const lem_json *v, int depth, lem_err *err) {
    if (!is(type_of(v), "Sequence") || depth >= 4) return read_dec_step(r, v, err);
    const lem_json *list = lem_json_get(v, "decoders");
    for (size_t i = 0; i < lem_json_count(list); i++) {
        lem_status st = read_decoder(r, lem_json_at(list, i), depth + 1, err);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

lem_status lem_tokenizer_read_pipeline(lem_tokenizer *t, const lem_json *root, lem_err *err) {
    dec_reader r = {.t = t};
    lem_status st = read_normalizer(t, lem_json_get(root, "normalizer"), 0, err);
    const lem_json *pre = lem_json_get(root, "pre_tokenizer"), *dec = lem_json_get(root, "decoder");
    if (st == LEM_OK && !absent(pre)) st = read_pre(t, pre, 0, err);
    if (st == LEM_OK && absent(dec)) st = lem_fail(err, LEM_EDATA, "there is no decoder");
    if (st == LEM_OK) st = read_decoder(&r, dec, 0, err);
    if (st == LEM_OK && r.byte_level != t->byte_level)
        st = lem_fail(err, LEM_EDATA, "the %s has a ByteLevel step, the %s has none", r.byte_level ? "decoder" : "pre-tokenizer",
                      r.byte_level ? "pre-tokenizer" : "decoder");
    return st;
}
