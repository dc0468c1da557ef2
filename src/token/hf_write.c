/* hf_write.c - parts of the text of a tokenizer.json that all writers need: strings, added tokens */
#include "token/tokenizer_priv.h"

#include <string.h>

void lem_json_text(lem_buf *out, const char *s, size_t n) {
    lem_buf_putc(out, '"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c < 0x20 || c == 0x7f) lem_buf_printf(out, "\\u%04x", c);
        else {
            if (c == '"' || c == '\\') lem_buf_putc(out, '\\');
            lem_buf_putc(out, (char)c);
        }
    }
    lem_buf_putc(out, '"');
}

void lem_write_added_token(lem_buf *out, int64_t id, const char *text, size_t n, const lem_json *flags) {
    static const char *const names[] = {"single_word", "lstrip", "rstrip", "normalized", "special"};
    lem_buf_printf(out, "%s\n    {\"id\": %lld, \"content\": ",
                   out->len && out->data[out->len - 1] == '}' ? "," : "", (long long)id);
    lem_json_text(out, text, n);
    for (int i = 0; i < 5; i++) {
        bool on = lem_json_bool(lem_json_get(flags, names[i]), i == 4);
        lem_buf_printf(out, ", \"%s\": %s", names[i], on ? "true" : "false");
    }
    lem_buf_puts(out, "}");
}

lem_status lem_write_config_added(lem_buf *out, const lem_json *map, int64_t from, lem_err *err) {
    for (const char *key = lem_json_key_next(map, NULL); key; key = lem_json_key_next(map, key)) {
        const lem_json *v = lem_json_key_value(key), *content = lem_json_get(v, "content");
        size_t digits = strspn(key, "0123456789");
        if (!digits || key[digits] || digits > 7 || lem_json_kind(content) != LEM_JSON_STRING)
            return lem_fail(err, LEM_EDATA,
                            "tokenizer_config.json: added_tokens_decoder has a bad entry \"%.64s\"", key);
        int64_t id = 0;
        for (size_t i = 0; i < digits; i++) id = id * 10 + (key[i] - '0');
        if (id >= from)
            lem_write_added_token(out, id, lem_json_str(content, ""), lem_json_str_len(content), v);
    }
    return LEM_OK;
}
