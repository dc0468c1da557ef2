/* tokenizer.c - opens, saves and frees a tokenizer; encodes */
#include "token/tokenizer.h"

#include "core/file.h"
#include "core/mem.h"
#include "token/tokenizer_priv.h"

#include <stdio.h>
#include <string.h>

void lem_ids_release(lem_ids *v) {
    lem_free(v->data);
    *v = (lem_ids){0};
}

lem_status lem_ids_push(lem_ids *v, int32_t id, lem_err *err) {
    if (v->len == v->cap) {
        size_t cap = v->cap ? v->cap + v->cap / 2 : 64;
        int32_t *p = lem_realloc(v->data, cap, sizeof *p, err);
        if (!p) return LEM_EMEM;
        v->data = p;
        v->cap = cap;
    }
    v->data[v->len++] = id;
    return LEM_OK;
}

/* ---- opening */

void lem_tokenizer_free(lem_tokenizer *t) {
    if (!t) return;
    lem_vocab_release(&t->vocab);
    lem_bpe_release(&t->bpe);
    for (size_t i = 0; i < t->n_added; i++) lem_free(t->added[i].text);
    lem_free(t->added);
    lem_trie_release(&t->raw);
    lem_trie_release(&t->norm);
    lem_unigram_release(&t->unigram);
    lem_buf_release(&t->meta.rep);
    lem_ids_release(&t->prefix);
    lem_ids_release(&t->suffix);
    for (size_t i = 0; i < LEM_TOK_MAX_STEPS; i++) {
        lem_pretok_release(&t->pres[i]);
        lem_buf_release(&t->norms[i].a);
        lem_buf_release(&t->norms[i].b);
        lem_buf_release(&t->decs[i].a);
        lem_buf_release(&t->decs[i].b);
    }
    lem_chat_parts_release(&t->chat);
    lem_free(t->json);
    lem_free(t->config);
    lem_free(t);
}

lem_status lem_tokenizer_parse(const char *json, size_t len, lem_tokenizer **out, lem_err *err) {
    lem_json *root = NULL;
    lem_status st;
    lem_tokenizer *t = lem_alloc_zero(1, sizeof *t, err);
    if (!t) return LEM_EMEM;
    t->eos = -1;
    if (len > LEM_TOK_MAX_FILE) {
        st = lem_fail(err, LEM_EDATA, "tokenizer.json has %zu bytes, more than 64 MiB", len);
        goto done;
    }
    t->json = lem_strndup(json, len, err);
    t->json_len = len;
    if (!t->json) {
        st = LEM_EMEM;
        goto done;
    }
    LEM_TRY(lem_json_parse(json, len, &root, err));
    LEM_TRY(lem_tokenizer_read_json(t, root, err));
    *out = t;
    t = NULL;
done:
    lem_json_free(root);
    lem_tokenizer_free(t);
    return st;
}

lem_status lem_tokenizer_parse_file(const char *name, const char *data, size_t len, const lem_json *config,
                                    lem_tokenizer **out, lem_err *err) {
    size_t i = 0;
    while (i < len && (data[i] == ' ' || data[i] == '\t' || data[i] == '\r' || data[i] == '\n')) i++;
    if ((i < len && data[i] == '{') || strcmp(name, "tokenizer.json") == 0)
        return lem_tokenizer_parse(data, len, out, err);
    lem_buf json = {0};
    lem_status st;
    if (lem_looks_like_tiktoken(data, len))
        st = lem_tiktoken_to_json(data, len, strncmp(name, "qwen", 4) == 0, config, &json, err);
    else st = lem_spm_to_json(data, len, config, &json, err);
    if (st == LEM_OK) st = lem_tokenizer_parse(lem_buf_str(&json), json.len, out, err);
    lem_buf_release(&json);
    return st;
}

static lem_status read_config_file(const char *path, lem_buf *text, lem_json **root, lem_err *err) {
    lem_status st = lem_file_read(path, LEM_TOK_MAX_FILE, text, err);
    if (st != LEM_OK) return st;
    st = lem_json_parse(lem_buf_str(text), text->len, root, err);
    return st == LEM_OK ? LEM_OK : lem_err_context(err, "%s", path);
}

/* added_tokens.json {"<pad>": 32000} as the added_tokens_decoder of a config that has none. */
static lem_status add_added(const char *path, lem_json **config, lem_err *err) {
    lem_buf text = {0};
    lem_json *map = NULL, *decoder = NULL;
    lem_status st = LEM_OK;
    if (lem_json_get(*config, "added_tokens_decoder")) return LEM_OK;
    LEM_TRY(read_config_file(path, &text, &map, err));
    if (lem_json_kind(map) != LEM_JSON_OBJECT) {
        st = lem_fail(err, LEM_EDATA, "%s: an object of tokens and ids expected", path);
        goto done;
    }
    bool ok = (*config || (*config = lem_json_new_object())) && (decoder = lem_json_new_object());
    for (const char *key = lem_json_key_next(map, NULL); ok && key; key = lem_json_key_next(map, key)) {
        int64_t id = lem_json_int(lem_json_key_value(key), -1);
        char name[24];
        if (id < 0 || id > 9999999) {
            st = lem_fail(err, LEM_EDATA, "%s: the id of \"%.64s\" must be a whole number up to 9999999",
                          path, key);
            goto done;
        }
        lem_json *token = lem_json_new_object();
        snprintf(name, sizeof name, "%lld", (long long)id);
        ok = token && lem_json_set(token, "content", lem_json_new_str(key));
        if (ok) ok = lem_json_set(decoder, name, token);
        else lem_json_free(token);
    }
    if (ok) {
        ok = lem_json_set(*config, "added_tokens_decoder", decoder);
        decoder = NULL;
    }
    if (!ok) st = lem_fail(err, LEM_EMEM, "out of memory");
done:
    lem_json_free(decoder);
    lem_json_free(map);
    lem_buf_release(&text);
    return st;
}

static lem_status load_file(const char *path, const char *config_path, const char *added_path,
                            lem_tokenizer **out, lem_err *err) {
    lem_buf text = {0}, config_text = {0};
    lem_json *config = NULL;
    lem_tokenizer *t = NULL;
    lem_status st = LEM_OK;
    if (config_path) LEM_TRY(read_config_file(config_path, &config_text, &config, err));
    if (added_path) LEM_TRY(add_added(added_path, &config, err));
    LEM_TRY(lem_file_read(path, LEM_TOK_MAX_FILE, &text, err));
    st = lem_tokenizer_parse_file(lem_path_base(path), lem_buf_str(&text), text.len, config, &t, err);
    if (st != LEM_OK) {
        st = lem_err_context(err, "%s", path);
        goto done;
    }
    if (config_path) {
        st = lem_tokenizer_read_config(t, config, err);
        if (st != LEM_OK) {
            st = lem_err_context(err, "%s", config_path);
            goto done;
        }
        t->config_len = config_text.len;
        t->config = lem_buf_take(&config_text);
        LEM_TRY(lem_chat_read_config(t, config, err));
    }
    *out = t;
    t = NULL;
done:
    lem_tokenizer_free(t);
    lem_json_free(config);
    lem_buf_release(&text);
    lem_buf_release(&config_text);
    return st;
}

lem_status lem_tokenizer_load_file(const char *path, const char *config_path, lem_tokenizer **out,
                                   lem_err *err) {
    lem_err own = LEM_ERR_INIT;
    return load_file(path, config_path, NULL, out, err ? err : &own);
}

static bool ends_with(const char *s, const char *end) {
    size_t n = strlen(s), k = strlen(end);
    return n >= k && strcmp(s + n - k, end) == 0;
}

/* The file of a folder that holds the vocabulary: tokenizer.json, else tokenizer.model, else the first
 * *.tiktoken. */
static lem_status find_file(const char *dir, char **path, lem_err *err) {
    char **names = NULL;
    size_t n = 0;
    lem_status st = lem_dir_list(dir, &names, &n, err);
    if (st != LEM_OK) return st;
    const char *best = NULL;
    int rank = 3;
    for (size_t i = 0; i < n; i++) {
        int r = strcmp(names[i], "tokenizer.json") == 0    ? 0
                : strcmp(names[i], "tokenizer.model") == 0 ? 1
                : ends_with(names[i], ".tiktoken")         ? 2
                                                           : 3;
        if (r < rank) {
            rank = r;
            best = names[i];
        }
    }
    if (!best) st = lem_fail(err, LEM_EDATA, "%s has no tokenizer.json, tokenizer.model or *.tiktoken", dir);
    else if (!(*path = lem_path_join(dir, best, err))) st = LEM_EMEM;
    for (size_t i = 0; i < n; i++) lem_free(names[i]);
    lem_free(names);
    return st;
}

lem_status lem_tokenizer_load(const char *dir, lem_tokenizer **out, lem_err *err) {
    char *path = NULL, *config = NULL, *added = NULL;
    lem_tokenizer *t = NULL;
    lem_err own = LEM_ERR_INIT;
    if (!err) err = &own;
    lem_status st;
    LEM_TRY(find_file(dir, &path, err));
    config = lem_path_join(dir, "tokenizer_config.json", err);
    added = lem_path_join(dir, "added_tokens.json", err);
    if (!config || !added) {
        st = LEM_EMEM;
        goto done;
    }
    bool whole = ends_with(path, "tokenizer.json"); /* which lists its added tokens itself */
    LEM_TRY(load_file(path, lem_file_exists(config) ? config : NULL,
                      !whole && lem_file_exists(added) ? added : NULL, &t, err));
    LEM_TRY(lem_chat_read_folder(t, dir, err));
    *out = t;
    t = NULL;
done:
    lem_tokenizer_free(t);
    lem_free(path);
    lem_free(config);
    lem_free(added);
    return st;
}

lem_status lem_tokenizer_save(const lem_tokenizer *t, const char *dir, lem_err *err) {
    lem_buf config_text = {0};
    lem_status st = LEM_EMEM;
    char *json = lem_path_join(dir, "tokenizer.json", err),
         *config = lem_path_join(dir, "tokenizer_config.json", err);
    char *chat = lem_path_join(dir, "chat_template.jinja", err);
    if (!json || !config || !chat) goto done;
    LEM_TRY(lem_dir_make(dir, err));
    LEM_TRY(lem_tokenizer_write_config(t, &config_text, err));
    LEM_TRY(lem_file_write_atomic(json, t->json, t->json_len, err));
    LEM_TRY(lem_file_write_atomic(config, lem_buf_str(&config_text), config_text.len, err));
    if (t->chat.source) LEM_TRY(lem_file_write_atomic(chat, t->chat.source, t->chat.source_len, err));
done:
    lem_buf_release(&config_text);
    lem_free(chat);
    lem_free(json);
    lem_free(config);
    return st;
}

/* ---- looking things up */

int32_t lem_tokenizer_vocab(const lem_tokenizer *t) { return t->vocab.n; }

int32_t lem_tokenizer_find(const lem_tokenizer *t, const char *token) {
    for (size_t i = 0; i < t->n_added; i++)
        if (strcmp(t->added[i].text, token) == 0) return t->added[i].id;
    return -1;
}

bool lem_tokenizer_is_special(const lem_tokenizer *t, int32_t id) {
    return id >= 0 && id < t->vocab.n && (t->vocab.entry[id].flags & TOK_SPECIAL);
}

int32_t lem_tokenizer_eos(const lem_tokenizer *t) { return t->eos; }

int64_t lem_tokenizer_max_length(const lem_tokenizer *t) { return t->max_length; }

/* ---- encoding */

typedef struct encoder {
    const lem_tokenizer *t;
    bool parse_special;
    const uint8_t *data;      /* NULL, or for each byte of the text: not 0 where no special token may be */
    bool glued;               /* the text follows other text: nothing is put in front of it */
    const char *text, *plain; /* first byte of the text, and of the part now normalized */
    tok_scratch scratch;
    void *regex[LEM_TOK_MAX_STEPS];
    lem_ids *out;
    lem_err *err;
} encoder;

static lem_status encode_word(encoder *e, const char *s, size_t n) {
    if (e->t->unigram.on) return lem_unigram_word(e->t, s, n, &e->scratch, e->out, e->err);
    return lem_bpe_word(e->t, s, n, &e->scratch, e->out, e->err);
}

/* The common case: a single step that matches all text. */
static lem_status encode_scanned(encoder *e, tok_pre_kind kind, const char *s, size_t n) {
    lem_status st = LEM_OK;
    for (size_t pos = 0, end; pos < n && st == LEM_OK; pos = end) {
        end = lem_pretok_end(kind, s, n, pos);
        st = encode_word(e, s + pos, end - pos);
    }
    return st;
}

/* Cuts by pre-tokenizer step k and the steps after it; depth is bounded by LEM_TOK_MAX_STEPS. */
static lem_status encode_steps(encoder *e, size_t k, const char *s, size_t n) {
    const lem_tokenizer *t = e->t;
    if (k == t->n_pres) return encode_word(e, s, n);
    const tok_pre *p = &t->pres[k];
    if (k + 1 == t->n_pres && p->kind <= TOK_PRE_LLAMA3) return encode_scanned(e, p->kind, s, n);
    if (p->kind == TOK_PRE_REGEX && !e->regex[k]) e->regex[k] = lem_regex_scratch(p->regex, e->err);
    if (p->kind == TOK_PRE_REGEX && !e->regex[k]) return LEM_EMEM;
    lem_status st = LEM_OK;
    for (size_t pos = 0, end = 0; pos < n && st == LEM_OK; pos = end) {
        bool drop = false;
        st = lem_pretok_cut(p, e->regex[k], s, n, pos, &end, &drop, e->err);
        if (st == LEM_OK && !drop) st = encode_steps(e, k + 1, s + pos, end - pos);
    }
    return st;
}

static bool starts_with(const char *s, size_t n, const lem_buf *b) {
    return n >= b->len && memcmp(s, b->data, b->len) == 0;
}

static void write_metaspace(const tok_metaspace *m, const char *s, size_t n, bool first, bool glued,
                            lem_buf *out) {
    bool marked = glued || (n && (s[0] == ' ' || starts_with(s, n, &m->rep)));
    if (!marked && (m->prepend == TOK_PREPEND_ALWAYS || (m->prepend == TOK_PREPEND_FIRST && first)))
        lem_buf_add(out, m->rep.data, m->rep.len);
    for (const char *end = s + n, *p; s < end; s = p) {
        if (*s == ' ') {
            lem_buf_add(out, m->rep.data, m->rep.len);
            p = s + 1;
        } else {
            p = memchr(s, ' ', (size_t)(end - s));
            if (!p) p = end;
            lem_buf_add(out, s, (size_t)(p - s));
        }
    }
}

/* Text without added tokens, normalized. */
static lem_status encode_plain(encoder *e, const char *s, size_t n) {
    const lem_tokenizer *t = e->t;
    bool glued = e->glued && s == e->plain;
    if (n == 0) return LEM_OK;
    if (!t->meta.on && (!t->add_prefix_space || s[0] == ' ' || glued)) return encode_steps(e, 0, s, n);
    lem_buf b = {0};
    if (t->meta.on) {
        write_metaspace(&t->meta, s, n, s == e->plain, glued, &b);
    } else {
        lem_buf_putc(&b, ' ');
        lem_buf_add(&b, s, n);
    }
    lem_status st = lem_buf_ok(&b, e->err);
    if (st == LEM_OK) st = encode_steps(e, 0, b.data, b.len);
    lem_buf_release(&b);
    return st;
}

typedef lem_status encode_fn(encoder *e, const char *s, size_t n);

/* Cuts out the added tokens of one trie; what lies between goes to rest. data as lem_added_next has it. */
static lem_status encode_around(encoder *e, const tok_trie *trie, const char *s, size_t n,
                                const uint8_t *data, encode_fn *rest) {
    size_t pos = 0, done = 0;
    while (done < n) {
        tok_match m = lem_added_next(e->t->added, trie, s, n, e->parse_special, data, done, &pos);
        lem_status st = m.start > done ? rest(e, s + done, m.start - done) : LEM_OK;
        if (st == LEM_OK && m.added >= 0) st = lem_ids_push(e->out, e->t->added[m.added].id, e->err);
        if (st != LEM_OK) return st;
        done = m.end;
    }
    return LEM_OK;
}

/* The normalizer for text that follows other text: without what it would put in front. */
static lem_status normalize_glued(const lem_tokenizer *t, const char *s, size_t n, lem_buf *out, bool *same,
                                  lem_err *err) {
    tok_norm steps[LEM_TOK_MAX_STEPS];
    size_t k = 0;
    for (size_t i = 0; i < t->n_norms; i++)
        if (t->norms[i].kind != TOK_NORM_PREPEND) steps[k++] = t->norms[i];
    return k ? lem_normalize(steps, k, s, n, out, same, err) : LEM_OK;
}

/* One part of s as the normalizer writes it within the whole. */
static lem_status normalize_part(const lem_tokenizer *t, const char *s, size_t n, bool first, lem_buf *out,
                                 bool *same, lem_err *err) {
    if (!first) return normalize_glued(t, s, n, out, same, err);
    return t->n_norms ? lem_normalize(t->norms, t->n_norms, s, n, out, same, err) : LEM_OK;
}

/* Marks of text that the normalizer changed. The parts of one mark are normalized alone; where they make up
 * the whole, their marks are exact. Where not, one marked byte marks everything: a special token too few is
 * safer than one too many. */
static lem_status normal_marks(const lem_tokenizer *t, const char *s, size_t n, const uint8_t *data,
                               bool glued, const char *whole, size_t len, uint8_t *out, lem_err *err) {
    lem_buf b = {0};
    size_t at = 0;
    bool fits = true, any = false;
    lem_status st = LEM_OK;
    for (size_t i = 0, to; i < n; i = to) {
        bool mark = data[i], same = true;
        for (to = i; to < n && !data[to] == !mark;) to++;
        any = any || mark;
        if (!fits) continue;
        lem_buf_clear(&b);
        LEM_TRY(normalize_part(t, s + i, to - i, i == 0 && !glued, &b, &same, err));
        const char *part = same ? s + i : lem_buf_str(&b);
        size_t k = same ? to - i : b.len;
        fits = k <= len - at && memcmp(whole + at, part, k) == 0;
        if (fits) memset(out + at, mark, k);
        at += fits ? k : 0;
    }
    if (!fits || at != len) memset(out, any, len);
done:
    lem_buf_release(&b);
    return st;
}

static lem_status encode_raw(encoder *e, const char *s, size_t n) {
    const lem_tokenizer *t = e->t;
    const uint8_t *data = e->data ? e->data + (s - e->text) : NULL;
    uint8_t *own = NULL;
    lem_buf b = {0};
    bool same = true;
    lem_status st = LEM_OK;
    if (e->glued && s == e->text) LEM_TRY(normalize_glued(t, s, n, &b, &same, e->err));
    else if (t->n_norms) LEM_TRY(lem_normalize(t->norms, t->n_norms, s, n, &b, &same, e->err));
    const char *plain = same ? s : lem_buf_str(&b);
    size_t len = same ? n : b.len;
    e->plain = s == e->text ? plain : NULL;
    if (data && !same) {
        if (!(own = lem_alloc(len + 1, 1, e->err))) {
            st = LEM_EMEM;
            goto done;
        }
        LEM_TRY(normal_marks(t, s, n, data, e->glued && s == e->text, plain, len, own, e->err));
        data = own;
    }
    st = encode_around(e, &t->norm, plain, len, data, encode_plain);
done:
    lem_free(own);
    lem_buf_release(&b);
    return st;
}

static lem_status encode_text(encoder *e, size_t len) {
    if (len > LEM_TOK_MAX_TEXT)
        return lem_fail(e->err, LEM_EDATA, "a text of %zu bytes is longer than 1 GiB", len);
    size_t before = e->out->len;
    lem_status st = encode_around(e, &e->t->raw, e->text, len, e->data, encode_raw);
    lem_scratch_release(&e->scratch);
    for (size_t i = 0; i < e->t->n_pres; i++) lem_regex_scratch_free(e->regex[i]);
    if (st != LEM_OK) e->out->len = before;
    return st;
}

lem_status lem_tokenizer_encode(const lem_tokenizer *t, const char *text, size_t len, bool parse_special,
                                lem_ids *out, lem_err *err) {
    encoder e = {.t = t, .parse_special = parse_special, .text = text, .out = out, .err = err};
    return encode_text(&e, len);
}

lem_status lem_tokenizer_encode_marked(const lem_tokenizer *t, const char *text, const uint8_t *data,
                                       size_t len, bool glued, lem_ids *out, lem_err *err) {
    encoder e = {
        .t = t, .parse_special = true, .data = data, .glued = glued, .text = text, .out = out, .err = err};
    return encode_text(&e, len);
}

lem_status lem_tokenizer_encode_single(const lem_tokenizer *t, const char *text, size_t len,
                                       bool parse_special, lem_ids *out, lem_err *err) {
    size_t before = out->len;
    lem_status st = LEM_OK;
    if (t->post_unknown)
        return lem_fail(err, LEM_EDATA, "the post-processor of the tokenizer is not supported");
    for (size_t i = 0; i < t->prefix.len; i++) LEM_TRY(lem_ids_push(out, t->prefix.data[i], err));
    LEM_TRY(lem_tokenizer_encode(t, text, len, parse_special, out, err));
    for (size_t i = 0; i < t->suffix.len; i++) LEM_TRY(lem_ids_push(out, t->suffix.data[i], err));
done:
    if (st != LEM_OK) out->len = before;
    return st;
}
