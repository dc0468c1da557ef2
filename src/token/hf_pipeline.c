/* hf_pipeline.c - reads the normalizer, pre-tokenizer and decoder of a tokenizer.json */
#include "token/tokenizer_priv.h"

#include <string.h>

static const char *type_of(const lem_json *v) { return lem_json_str(lem_json_get(v, "type"), ""); }

static bool absent(const lem_json *v) { return lem_json_kind(v) == LEM_JSON_NULL; }

static bool is(const char *type, const char *name) { return strcmp(type, name) == 0; }

static lem_status put_text(lem_buf *b, const lem_json *v, const char *what, lem_err *err) {
    if (lem_json_kind(v) != LEM_JSON_STRING)
        return lem_fail(err, LEM_EDATA, "%s is no string but %s", what, lem_json_kind_name(v));
    lem_buf_add(b, lem_json_str(v, ""), lem_json_str_len(v));
    return lem_buf_ok(b, err);
}

/* ---- normalizer */

/* Replace with a regular expression: the two that SentencePiece models become. */
static lem_status read_norm_regex(tok_norm *s, const lem_json *v, const char *regex, lem_err *err) {
    const lem_json *content = lem_json_get(v, "content");
    if (is(regex, "\\A +| +\\z") && !*lem_json_str(content, " ")) {
        s->kind = TOK_NORM_TRIM;
        return LEM_OK;
    }
    if (is(regex, " {2,}")) {
        s->kind = TOK_NORM_SQUEEZE;
        return put_text(&s->b, content, "the content of normalizer Replace", err);
    }
    return lem_fail(err, LEM_EDATA, "normalizer Replace with the regular expression %.200s is not supported",
                    regex);
}

static lem_status read_norm_replace(tok_norm *s, const lem_json *v, lem_err *err) {
    const char *regex = lem_json_str(lem_json_find(v, "pattern.Regex"), NULL);
    if (regex) return read_norm_regex(s, v, regex, err);
    lem_status st =
        put_text(&s->a, lem_json_find(v, "pattern.String"), "the pattern of normalizer Replace", err);
    if (st != LEM_OK) return st;
    return put_text(&s->b, lem_json_get(v, "content"), "the content of normalizer Replace", err);
}

static lem_status read_norm_step(lem_tokenizer *t, const lem_json *v, lem_err *err) {
    static const char *const names[] = {"NFC",       "NFD",     "NFKC",    "NFKD",
                                        "Lowercase", "Prepend", "Replace", "Strip"};
    const char *type = type_of(v);
    size_t kind = 0;
    while (kind < sizeof names / sizeof *names && !is(type, names[kind])) kind++;
    if (kind == sizeof names / sizeof *names)
        return lem_fail(err, LEM_EDATA, "normalizer \"%.64s\" is not supported", type);
    if (t->n_norms == LEM_TOK_MAX_STEPS)
        return lem_fail(err, LEM_EDATA, "the normalizer has more than %d steps", LEM_TOK_MAX_STEPS);
    tok_norm *s = &t->norms[t->n_norms++];
    s->kind = (tok_norm_kind)kind;
    s->left = lem_json_bool(lem_json_get(v, "strip_left"), true);
    s->right = lem_json_bool(lem_json_get(v, "strip_right"), true);
    if (s->kind == TOK_NORM_PREPEND)
        return put_text(&s->b, lem_json_get(v, "prepend"), "the text of normalizer Prepend", err);
    return s->kind == TOK_NORM_REPLACE ? read_norm_replace(s, v, err) : LEM_OK;
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

static lem_status add_step(lem_tokenizer *t, tok_pre_kind kind, tok_pre **out, lem_err *err) {
    if (t->n_pres == LEM_TOK_MAX_STEPS)
        return lem_fail(err, LEM_EDATA, "the pre-tokenizer has more than %d steps", LEM_TOK_MAX_STEPS);
    tok_pre *p = &t->pres[t->n_pres++];
    p->kind = kind;
    if (out) *out = p;
    return LEM_OK;
}

static lem_status read_behavior(tok_pre *p, const lem_json *v, lem_err *err) {
    static const char *const names[] = {"Isolated", "Removed", "MergedWithPrevious", "MergedWithNext"};
    const char *behavior = lem_json_str(lem_json_get(v, "behavior"), "");
    bool invert = lem_json_bool(lem_json_get(v, "invert"), false);
    for (size_t i = 0; i < 4; i++) {
        if (!is(behavior, names[i]) || (i > TOK_CUT_REMOVED && invert)) continue;
        p->behavior = (tok_pre_behavior)i;
        p->keep_matches = invert;
        return LEM_OK;
    }
    return lem_fail(err, LEM_EDATA, "pre-tokenizer Split behavior \"%.64s\"%s is not supported", behavior,
                    invert ? " with invert" : "");
}

/* A pattern by its own scanner, as a class of characters, or else through PCRE2. */
static lem_status read_pattern(tok_pre *p, const char *pattern, lem_err *err) {
    bool is_class = false;
    if (lem_pretok_find(pattern, &p->kind)) return LEM_OK;
    lem_status st = lem_class_parse(pattern, &p->cls, &is_class, err);
    if (st != LEM_OK) return st;
    p->kind = is_class ? TOK_PRE_CLASS : TOK_PRE_REGEX;
    return is_class ? LEM_OK : lem_regex_compile(pattern, &p->regex, err);
}

static lem_status read_split(lem_tokenizer *t, const lem_json *v, lem_err *err) {
    const char *pattern = lem_json_str(lem_json_find(v, "pattern.Regex"), NULL);
    const lem_json *text = lem_json_find(v, "pattern.String");
    tok_pre *p = NULL;
    lem_status st = add_step(t, TOK_PRE_TEXT, &p, err);
    if (st == LEM_OK) st = read_behavior(p, v, err);
    if (st != LEM_OK) return st;
    if (pattern) return read_pattern(p, pattern, err);
    st = put_text(&p->text, text, "the pattern of pre-tokenizer Split", err);
    if (st == LEM_OK && !p->text.len)
        st = lem_fail(err, LEM_EDATA, "the pattern of pre-tokenizer Split is empty");
    return st;
}

static lem_status read_metaspace(lem_tokenizer *t, const lem_json *v, lem_err *err) {
    static const char *const schemes[] = {"never", "always", "first"};
    const char *scheme = lem_json_str(lem_json_get(v, "prepend_scheme"), "always");
    if (t->n_pres || t->meta.on)
        return lem_fail(err, LEM_EDATA, "pre-tokenizer Metaspace after another one is not supported");
    size_t i = 0;
    while (i < 3 && !is(scheme, schemes[i])) i++;
    if (i == 3)
        return lem_fail(err, LEM_EDATA, "Metaspace prepend_scheme \"%.64s\" is not supported", scheme);
    t->meta.on = true;
    t->meta.prepend =
        lem_json_bool(lem_json_get(v, "add_prefix_space"), true) ? (tok_prepend)i : TOK_PREPEND_NEVER;
    lem_status st =
        put_text(&t->meta.rep, lem_json_get(v, "replacement"), "the replacement of Metaspace", err);
    if (st == LEM_OK && !t->meta.rep.len)
        st = lem_fail(err, LEM_EDATA, "the replacement of Metaspace is empty");
    if (st != LEM_OK || !lem_json_bool(lem_json_get(v, "split"), true)) return st;
    tok_pre *p = NULL;
    st = add_step(t, TOK_PRE_TEXT, &p, err);
    if (st != LEM_OK) return st;
    p->behavior = TOK_CUT_NEXT;
    return put_text(&p->text, lem_json_get(v, "replacement"), "the replacement of Metaspace", err);
}

static lem_status read_byte_level(lem_tokenizer *t, const lem_json *v, lem_err *err) {
    t->byte_level = true;
    t->add_prefix_space = lem_json_bool(lem_json_get(v, "add_prefix_space"), true);
    if (t->add_prefix_space && t->n_pres)
        return lem_fail(err, LEM_EDATA,
                        "pre-tokenizer ByteLevel with add_prefix_space after another one is not supported");
    return lem_json_bool(lem_json_get(v, "use_regex"), true) ? add_step(t, TOK_PRE_GPT2, NULL, err) : LEM_OK;
}

static lem_status read_class(lem_tokenizer *t, const char *pattern, tok_pre_behavior behavior, lem_err *err) {
    tok_pre *p = NULL;
    lem_status st = add_step(t, TOK_PRE_CLASS, &p, err);
    if (st != LEM_OK) return st;
    p->behavior = behavior;
    return read_pattern(p, pattern, err);
}

static lem_status read_pre(lem_tokenizer *t, const lem_json *v, int depth, lem_err *err) {
    const char *type = type_of(v);
    if (t->byte_level)
        return lem_fail(err, LEM_EDATA, "pre-tokenizer \"%.64s\" after ByteLevel is not supported", type);
    if (is(type, "Sequence") && depth < 4) {
        const lem_json *list = lem_json_get(v, "pretokenizers");
        for (size_t i = 0; i < lem_json_count(list); i++) {
            lem_status st = read_pre(t, lem_json_at(list, i), depth + 1, err);
            if (st != LEM_OK) return st;
        }
        return LEM_OK;
    }
    if (is(type, "Split")) return read_split(t, v, err);
    if (is(type, "ByteLevel")) return read_byte_level(t, v, err);
    if (is(type, "Metaspace")) return read_metaspace(t, v, err);
    if (is(type, "WhitespaceSplit")) return read_class(t, "\\s", TOK_CUT_REMOVED, err);
    if (is(type, "Digits"))
        return read_class(t,
                          lem_json_bool(lem_json_get(v, "individual_digits"), false) ? "\\p{N}" : "\\p{N}+",
                          TOK_CUT_ISOLATED, err);
    return lem_fail(err, LEM_EDATA, "pre-tokenizer \"%.64s\" is not supported", type);
}

/* ---- post-processor */

/* The ids of one special token of a template, to go before or after the text. */
static lem_status read_template_ids(const lem_tokenizer *t, const lem_json *ids, lem_ids *out, lem_err *err) {
    lem_status st = LEM_OK;
    for (size_t k = 0; k < lem_json_count(ids) && st == LEM_OK; k++) {
        int64_t id = lem_json_int(lem_json_at(ids, k), -1);
        if (id < 0 || id >= LEM_TOK_MAX_IDS || t->prefix.len + t->suffix.len > 64)
            return lem_fail(err, LEM_EDATA, "post-processor TemplateProcessing has a bad id or too many");
        st = lem_ids_push(out, (int32_t)id, err);
    }
    return st;
}

static lem_status read_template(lem_tokenizer *t, const lem_json *v, lem_err *err) {
    const lem_json *single = lem_json_get(v, "single"), *tokens = lem_json_get(v, "special_tokens");
    bool after = false;
    for (size_t i = 0; i < lem_json_count(single); i++) {
        const lem_json *part = lem_json_at(single, i), *special = lem_json_get(part, "SpecialToken");
        if (!special) {
            if (after || !lem_json_get(part, "Sequence"))
                return lem_fail(err, LEM_EDATA, "post-processor TemplateProcessing: bad part %zu of single",
                                i);
            after = true;
            continue;
        }
        const char *name = lem_json_str(lem_json_get(special, "id"), "");
        const lem_json *ids = lem_json_get(lem_json_get(tokens, name), "ids");
        if (!lem_json_count(ids))
            return lem_fail(err, LEM_EDATA,
                            "post-processor TemplateProcessing: part %zu of single has no ids", i);
        lem_status st = read_template_ids(t, ids, after ? &t->suffix : &t->prefix, err);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

static lem_status read_post(lem_tokenizer *t, const lem_json *v, int depth, lem_err *err) {
    const char *type = type_of(v);
    if (absent(v) || is(type, "ByteLevel")) return LEM_OK;
    if (is(type, "TemplateProcessing") && !t->prefix.len && !t->suffix.len) return read_template(t, v, err);
    t->post_unknown = t->post_unknown || !is(type, "Sequence") || depth >= 4;
    const lem_json *list = lem_json_get(v, "processors");
    for (size_t i = 0; i < lem_json_count(list) && !t->post_unknown; i++) {
        lem_status st = read_post(t, lem_json_at(list, i), depth + 1, err);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
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
        return lem_fail(err, LEM_EDATA,
                        "decoder Strip is supported only for spaces at the start, after Fuse");
    r->t->strip_start += (size_t)start;
    r->stripped = true;
    return LEM_OK;
}

/* Room for one more step that works token by token. */
static lem_status add_dec(dec_reader *r, tok_dec_kind kind, tok_dec **out, lem_err *err) {
    lem_tokenizer *t = r->t;
    if (t->n_decs == LEM_TOK_MAX_STEPS)
        return lem_fail(err, LEM_EDATA, "the decoder has more than %d steps", LEM_TOK_MAX_STEPS);
    *out = &t->decs[t->n_decs++];
    (*out)->kind = kind;
    return LEM_OK;
}

static lem_status read_dec_metaspace(dec_reader *r, const lem_json *v, lem_err *err) {
    tok_dec *d = NULL;
    if (r->fused || add_dec(r, TOK_DEC_REPLACE, &d, err) != LEM_OK)
        return lem_fail(err, LEM_EDATA, "decoder Metaspace is not supported there");
    lem_buf_putc(&d->b, ' ');
    r->stripped = true;
    bool never = is(lem_json_str(lem_json_get(v, "prepend_scheme"), ""), "never") ||
                 !lem_json_bool(lem_json_get(v, "add_prefix_space"), true);
    r->t->strip_start += never ? 0 : 1;
    return put_text(&d->a, lem_json_get(v, "replacement"), "the replacement of Metaspace", err);
}

/* Replace, ByteFallback */
static lem_status read_dec_token(dec_reader *r, const lem_json *v, bool replace, lem_err *err) {
    tok_dec *d = NULL;
    if (r->fused)
        return lem_fail(err, LEM_EDATA, "decoder \"%.64s\" after Fuse is not supported", type_of(v));
    lem_status st = add_dec(r, replace ? TOK_DEC_REPLACE : TOK_DEC_BYTE_FALLBACK, &d, err);
    if (st != LEM_OK || !replace) return st;
    st = put_text(&d->a, lem_json_find(v, "pattern.String"), "the pattern of decoder Replace", err);
    if (st != LEM_OK) return st;
    return put_text(&d->b, lem_json_get(v, "content"), "the content of decoder Replace", err);
}

static lem_status read_dec_step(dec_reader *r, const lem_json *v, lem_err *err) {
    const char *type = type_of(v);
    if (r->byte_level || r->stripped)
        return lem_fail(err, LEM_EDATA, "decoder \"%.64s\" after the last step known is not supported", type);
    if (is(type, "Strip")) return read_strip(r, v, err);
    if (is(type, "Metaspace")) return read_dec_metaspace(r, v, err);
    if (is(type, "Replace")) return read_dec_token(r, v, true, err);
    if (is(type, "ByteFallback")) return read_dec_token(r, v, false, err);
    if (is(type, "Fuse")) r->fused = true;
    else if (is(type, "ByteLevel")) r->byte_level = true;
    else
        return lem_fail(err, LEM_EDATA, "decoder \"%.64s\"%s is not supported", type,
                        r->fused ? " after Fuse" : "");
    return LEM_OK;
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
    if (st == LEM_OK) st = read_post(t, lem_json_get(root, "post_processor"), 0, err);
    if (st == LEM_OK && r.byte_level && !t->byte_level)
        st = lem_fail(err, LEM_EDATA, "the decoder has a ByteLevel step, the pre-tokenizer has none");
    if (st == LEM_OK && !r.byte_level && t->byte_level)
        st = lem_fail(err, LEM_EDATA, "the pre-tokenizer has a ByteLevel step, the decoder has none");
    return st;
}
