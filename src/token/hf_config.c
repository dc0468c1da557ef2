/* hf_config.c - tokenizer_config.json: read what concerns us (eos_token, model_max_length), write one that
 * Transformers takes */
#include "core/mem.h"
#include "token/chat_template.h"
#include "token/tokenizer_priv.h"

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

lem_status lem_tokenizer_read_config(lem_tokenizer *t, const lem_json *root, lem_err *err) {
    if (lem_json_kind(root) != LEM_JSON_OBJECT)
        return lem_fail(err, LEM_EDATA, "the document is no object but %s", lem_json_kind_name(root));
    lem_status st = read_eos(t, lem_json_get(root, "eos_token"), err);
    double max = lem_json_num(lem_json_get(root, "model_max_length"), 0);
    t->max_length = max >= 1 && max < 9e15 ? (int64_t)max : 0; /* Transformers writes "no limit" as 10^30 */
    return st;
}

static bool set_flags(lem_json *token, const tok_added *a) {
    return lem_json_set(token, "content", lem_json_new_strn(a->text, a->len)) &&
           lem_json_set(token, "lstrip", lem_json_new_bool(a->lstrip)) &&
           lem_json_set(token, "normalized", lem_json_new_bool(a->normalized)) &&
           lem_json_set(token, "rstrip", lem_json_new_bool(a->rstrip)) &&
           lem_json_set(token, "single_word", lem_json_new_bool(a->single_word)) &&
           lem_json_set(token, "special", lem_json_new_bool(a->special));
}

static bool set_added(lem_json *root, const lem_tokenizer *t) {
    lem_json *map = lem_json_new_object();
    for (size_t i = 0; map && i < t->n_added; i++) {
        lem_json *token = lem_json_new_object();
        lem_buf key = {0};
        lem_buf_printf(&key, "%d", (int)t->added[i].id);
        bool ok = token && set_flags(token, &t->added[i]);
        if (!ok) lem_json_free(token);
        ok = ok && lem_json_set(map, lem_buf_str(&key), token) && !key.failed;
        lem_buf_release(&key);
        if (!ok) {
            lem_json_free(map);
            return false;
        }
    }
    return map && lem_json_set(root, "added_tokens_decoder", map);
}

static lem_json *token_text(const lem_tokenizer *t, int32_t id) {
    size_t len = 0;
    const char *s = lem_tokenizer_token_bytes(t, id, &len);
    return s ? lem_json_new_strn(s, len) : lem_json_new_null();
}

lem_status lem_tokenizer_write_config(const lem_tokenizer *t, lem_buf *out, lem_err *err) {
    if (t->config) {
        lem_buf_add(out, t->config, t->config_len);
        return lem_buf_ok(out, err);
    }
    int32_t pad = lem_tokenizer_find(t, "<|endoftext|>");
    bool chat = lem_tokenizer_find(t, "<|im_start|>") >= 0 && lem_tokenizer_find(t, "<|im_end|>") >= 0;
    lem_json *root = lem_json_new_object();
    bool ok = root && lem_json_set(root, "add_bos_token", lem_json_new_bool(false)) &&
              lem_json_set(root, "add_prefix_space", lem_json_new_bool(t->add_prefix_space)) &&
              set_added(root, t) && lem_json_set(root, "bos_token", lem_json_new_null());
    if (chat) ok = ok && lem_json_set(root, "chat_template", lem_json_new_str(lem_chatml));
    ok = ok && lem_json_set(root, "clean_up_tokenization_spaces", lem_json_new_bool(false)) &&
         lem_json_set(root, "eos_token", token_text(t, t->eos));
    if (t->max_length) ok = ok && lem_json_set(root, "model_max_length", lem_json_new_int(t->max_length));
    ok = ok && lem_json_set(root, "pad_token", token_text(t, pad >= 0 ? pad : t->eos)) &&
         lem_json_set(root, "split_special_tokens", lem_json_new_bool(false)) &&
         lem_json_set(root, "tokenizer_class", lem_json_new_str("PreTrainedTokenizerFast")) &&
         lem_json_set(root, "unk_token", lem_json_new_null());
    if (ok) {
        lem_json_write(root, 2, out);
        lem_buf_putc(out, '\n');
    }
    lem_json_free(root);
    return ok ? lem_buf_ok(out, err) : lem_fail(err, LEM_EMEM, "out of memory");
}
