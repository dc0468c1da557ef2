/* tokenizer.c - opens, saves and frees a tokenizer: the files of a folder, each handed to its reader
 *
 * It stands above the parts of a tokenizer, their readers and encode.c; none of them calls it. */
#include "token/tokenizer.h"

#include "core/absent.h"
#include "core/file.h"
#include "core/mem.h"
#include "token/tokenizer_priv.h"

#include <stdio.h>
#include <string.h>

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

/* One token and its id as an entry of an added_tokens_decoder. */
static lem_status add_decoder_entry(lem_json *decoder, const char *key, const char *path, lem_err *err) {
    int64_t id = lem_json_int(lem_json_key_value(key), -1);
    char name[24];
    if (id < 0 || id > 9999999)
        return lem_fail(err, LEM_EDATA, "%s: the id of \"%.64s\" must be a whole number up to 9999999", path,
                        key);
    lem_json *token = lem_json_new_object();
    snprintf(name, sizeof name, "%lld", (long long)id);
    bool ok = lem_json_set(token, "content", lem_json_new_str(key));
    if (lem_json_set(decoder, name, token) && ok) return LEM_OK;
    return lem_fail(err, LEM_EMEM, "out of memory");
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
    decoder = lem_json_new_object();
    for (const char *key = lem_json_key_next(map, NULL); key; key = lem_json_key_next(map, key))
        LEM_TRY(add_decoder_entry(decoder, key, path, err));
    if (!*config) *config = lem_json_new_object();
    if (!lem_json_set(*config, "added_tokens_decoder", decoder))
        st = lem_fail(err, LEM_EMEM, "out of memory");
    decoder = NULL;
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

enum { NO_VOCABULARY = 3 };

/* How well a file serves as the vocabulary of its folder: 0 best. */
static int file_rank(const char *name) {
    if (strcmp(name, "tokenizer.json") == 0) return 0;
    if (strcmp(name, "tokenizer.model") == 0) return 1;
    return lem_path_ends(name, ".tiktoken") ? 2 : NO_VOCABULARY;
}

/* The file of a folder that holds the vocabulary: tokenizer.json, else tokenizer.model, else the first
 * *.tiktoken. */
static lem_status find_file(const char *dir, char **path, lem_err *err) {
    char **names = NULL;
    size_t n = 0;
    if (lem_absent_is_gguf(dir) && !lem_file_is_dir(dir)) return lem_absent_model(dir, err);
    lem_status st = lem_dir_list(dir, &names, &n, err);
    if (st != LEM_OK) return st;
    const char *best = NULL, *gguf = NULL;
    int rank = NO_VOCABULARY;
    for (size_t i = 0; i < n; i++) {
        int r = file_rank(names[i]);
        if (lem_absent_is_gguf(names[i])) gguf = names[i];
        if (r < rank) {
            rank = r;
            best = names[i];
        }
    }
    if (!best && gguf) st = lem_absent_gguf(dir, gguf, err);
    else if (!best)
        st = lem_fail(err, LEM_EDATA, "%s has no tokenizer.json, tokenizer.model or *.tiktoken", dir);
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
    bool whole = lem_path_ends(path, "tokenizer.json"); /* which lists its added tokens itself */
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
