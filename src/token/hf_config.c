/* hf_config.c - tokenizer_config.json: read what concerns us (eos_token, model_max_length), write one that
 * Transformers takes */
#include "core/mem.h"
#include "token/chat_template.h"
#include "token/tokenizer_priv.h"

#include <stdio.h>
#include <string.h>

static lem_status read_eos(lem_tokenizer *t, const lem_json *v, lem_err *err) {
    if (lem_json_kind(v) == LEM_JSON_OBJECT) v = lem_json_get(v, "content");
    if (lem_json_kind(v) == LEM_JSON_NULL) return LEM_OK;
    const char *text = lem_json_str(v, "");
    int32_t id = lem_tokenizer_find(t, text);
    if (id < 0) id = lem_vocab_find(&t->vocab, text, strlen(text));
    if (id < 0) return lem_fail(err, LEM_EDATA, "eos_token \"%.64s\" is no token of tokenizer.json", text);
    t->eos = id;
    return LEM_OK;
}

/* The fast tokenizers of Llama's kind put BOS before a text unless told not to, whatever their file says. */
static void read_bos(lem_tokenizer *t, const lem_json *root) {
    const lem_json *v = lem_json_get(root, "bos_token");
    const char *kind = lem_json_str(lem_json_get(root, "tokenizer_class"), "");
    if (lem_json_kind(v) == LEM_JSON_OBJECT) v = lem_json_get(v, "content");
    t->bos = lem_tokenizer_find(t, lem_json_str(v, ""));
    t->adds_bos = t->bos >= 0 && (strncmp(kind, "Llama", 5) == 0 || strncmp(kind, "CodeLlama", 9) == 0) &&
                  lem_json_bool(lem_json_get(root, "add_bos_token"), true);
}

lem_status lem_tokenizer_read_config(lem_tokenizer *t, const lem_json *root, lem_err *err) {
    if (lem_json_kind(root) != LEM_JSON_OBJECT)
        return lem_fail(err, LEM_EDATA, "the document is no object but %s", lem_json_kind_name(root));
    lem_status st = read_eos(t, lem_json_get(root, "eos_token"), err);
    read_bos(t, root);
    double max = lem_json_num(lem_json_get(root, "model_max_length"), 0);
    t->max_length = max >= 1 && max < 9e15 ? (int64_t)max : 0; /* Transformers writes "no limit" as 10^30 */
    return st;
}

/* Puts a value into an object; *ok remembers a failure. */
static void put(bool *ok, lem_json *object, const char *key, lem_json *value) {
    *ok = lem_json_set(object, key, value) && *ok;
}

static lem_json *put_object(bool *ok, lem_json *object, const char *key) {
    lem_json *value = lem_json_new_object();
    put(ok, object, key, value);
    return *ok ? value : NULL;
}

static void put_added(bool *ok, lem_json *map, const tok_added *a) {
    char key[16];
    snprintf(key, sizeof key, "%d", (int)a->id);
    lem_json *token = put_object(ok, map, key);
    put(ok, token, "content", lem_json_new_strn(a->text, a->len));
    put(ok, token, "lstrip", lem_json_new_bool(a->lstrip));
    put(ok, token, "normalized", lem_json_new_bool(a->normalized));
    put(ok, token, "rstrip", lem_json_new_bool(a->rstrip));
    put(ok, token, "single_word", lem_json_new_bool(a->single_word));
    put(ok, token, "special", lem_json_new_bool(a->special));
}

static lem_json *token_text(const lem_tokenizer *t, int32_t id) {
    size_t len = 0;
    const char *s = lem_tokenizer_token_bytes(t, id, &len);
    return s ? lem_json_new_strn(s, len) : lem_json_new_null();
}

static bool has_chatml_tokens(const lem_tokenizer *t) {
    return lem_tokenizer_find(t, "<|im_start|>") >= 0 && lem_tokenizer_find(t, "<|im_end|>") >= 0;
}

static bool fill_config(const lem_tokenizer *t, lem_json *root) {
    bool ok = true;
    int32_t pad = lem_tokenizer_find(t, "<|endoftext|>");
    put(&ok, root, "add_bos_token", lem_json_new_bool(false));
    put(&ok, root, "add_prefix_space", lem_json_new_bool(t->add_prefix_space));
    lem_json *added = put_object(&ok, root, "added_tokens_decoder");
    for (size_t i = 0; i < t->n_added && ok; i++) put_added(&ok, added, &t->added[i]);
    put(&ok, root, "bos_token", lem_json_new_null());
    if (has_chatml_tokens(t)) put(&ok, root, "chat_template", lem_json_new_str(lem_chatml));
    put(&ok, root, "clean_up_tokenization_spaces", lem_json_new_bool(false));
    put(&ok, root, "eos_token", token_text(t, t->eos));
    if (t->max_length) put(&ok, root, "model_max_length", lem_json_new_int(t->max_length));
    put(&ok, root, "pad_token", token_text(t, pad >= 0 ? pad : t->eos));
    put(&ok, root, "split_special_tokens", lem_json_new_bool(false));
    put(&ok, root, "tokenizer_class", lem_json_new_str("PreTrainedTokenizerFast"));
    put(&ok, root, "unk_token", lem_json_new_null());
    return ok;
}

lem_status lem_tokenizer_write_config(const lem_tokenizer *t, lem_buf *out, lem_err *err) {
    if (t->config) {
        lem_buf_add(out, t->config, t->config_len);
        return lem_buf_ok(out, err);
    }
    lem_json *root = lem_json_new_object();
    bool ok = fill_config(t, root);
    if (ok) {
        lem_json_write(root, 2, out);
        lem_buf_putc(out, '\n');
    }
    lem_json_free(root);
    return ok ? lem_buf_ok(out, err) : lem_fail(err, LEM_EMEM, "out of memory");
}
