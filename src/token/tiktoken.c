/* tiktoken.c - tiktoken ranks (Qwen, Llama 3) rewritten as a tokenizer.json
 *
 * The file has lines of "<base64 of the token> <rank>". One text form means one reader, and that any
 * tokenizer can be saved as a tokenizer.json. */
#include "core/mem.h"
#include "token/tokenizer_priv.h"

#include <string.h>

static int base64_value(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    return c == '/' ? 63 : -1;
}

/* Decodes one word of base64 into out; false if it is none. */
static bool decode_base64(const char *s, size_t n, lem_buf *out) {
    if (n == 0 || n % 4) return false;
    size_t pad = s[n - 1] == '=';
    if (pad && s[n - 2] == '=') pad = 2;
    for (size_t i = 0; i < n; i += 4) {
        unsigned v = 0;
        size_t skip = i + 4 == n ? pad : 0;
        for (size_t k = 0; k < 4; k++) {
            int d = k < 4 - skip ? base64_value(s[i + k]) : 0;
            if (d < 0) return false;
            v = v << 6 | (unsigned)d;
        }
        for (size_t k = 0; k < 3 - skip; k++) lem_buf_putc(out, (char)(v >> (16 - 8 * k)));
    }
    return true;
}

bool lem_looks_like_tiktoken(const char *s, size_t n) {
    lem_buf b = {0};
    size_t line = 0;
    while (line < n && line < 4096 && s[line] != '\n') line++;
    const char *space = memchr(s, ' ', line);
    bool yes = space && decode_base64(s, (size_t)(space - s), &b) && space + 1 < s + line &&
               space[1] >= '0' && space[1] <= '9';
    lem_buf_release(&b);
    return yes;
}

static lem_status read_rank_line(const char *s, size_t n, size_t number, tok_vocab *v, lem_buf *token,
                                 lem_err *err) {
    while (n && (s[n - 1] == '\r' || s[n - 1] == ' ')) n--;
    if (!n) return LEM_OK;
    const char *space = memchr(s, ' ', n);
    size_t digits = space ? (size_t)(s + n - space - 1) : 0;
    int64_t rank = 0;
    lem_buf_clear(token);
    bool ok = digits > 0 && digits < 8 && decode_base64(s, (size_t)(space - s), token);
    for (size_t i = 0; ok && i < digits; i++) {
        ok = space[1 + i] >= '0' && space[1 + i] <= '9';
        rank = rank * 10 + (space[1 + i] - '0');
    }
    if (!ok) return lem_fail(err, LEM_EDATA, "line %zu is no \"<base64> <rank>\"", number);
    lem_status st = lem_buf_ok(token, err);
    return st == LEM_OK ? lem_vocab_put(v, rank, lem_buf_str(token), token->len, true, err) : st;
}

static lem_status read_ranks(const char *s, size_t n, tok_vocab *v, lem_err *err) {
    lem_buf token = {0};
    lem_status st = LEM_OK;
    for (size_t i = 0, number = 1; i < n && st == LEM_OK; number++) {
        const char *end = memchr(s + i, '\n', n - i);
        size_t len = end ? (size_t)(end - (s + i)) : n - i;
        st = read_rank_line(s + i, len, number, v, &token, err);
        i += len + 1;
    }
    lem_buf_release(&token);
    return st;
}

static void write_vocab(const tok_vocab *v, lem_buf *text, lem_buf *out) {
    const char *comma = "";
    for (int32_t id = 0; id < v->n; id++) {
        if (!(v->entry[id].flags & TOK_USED)) continue;
        lem_buf_clear(text);
        lem_bytes_to_text(lem_buf_str(&v->blob) + v->entry[id].off, v->entry[id].len, text);
        lem_buf_puts(out, comma);
        lem_json_text(out, lem_buf_str(text), text->len);
        lem_buf_printf(out, ": %d", (int)id);
        comma = ",\n";
    }
}

/* tiktoken merges whatever two neighbours make a token, lowest rank first: each way to cut a token in two is
 * a merge. */
static lem_status write_rank_merges(const tok_vocab *v, lem_buf *text, lem_buf *out, lem_err *err) {
    const char *comma = "";
    for (int32_t id = 0; id < v->n; id++) {
        const tok_entry *e = &v->entry[id];
        const char *s = lem_buf_str(&v->blob) + e->off;
        if (!(e->flags & TOK_USED) || e->len < 2) continue;
        if (e->len > 1024) return lem_fail(err, LEM_EDATA, "the token %d is longer than 1024 bytes", (int)id);
        for (uint32_t cut = 1; cut < e->len; cut++) {
            if (lem_vocab_find(v, s, cut) < 0 || lem_vocab_find(v, s + cut, e->len - cut) < 0) continue;
            lem_buf_printf(out, "%s[", comma);
            lem_buf_clear(text);
            lem_bytes_to_text(s, cut, text);
            lem_json_text(out, lem_buf_str(text), text->len);
            lem_buf_puts(out, ", ");
            lem_buf_clear(text);
            lem_bytes_to_text(s + cut, e->len - cut, text);
            lem_json_text(out, lem_buf_str(text), text->len);
            lem_buf_puts(out, "]");
            comma = ",\n";
        }
    }
    return LEM_OK;
}

/* Without added_tokens_decoder: the tokens that all versions of the family have. */
static void write_known_added(bool qwen, int32_t n, lem_buf *out) {
    static const char *const qwen_names[] = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
    static const struct {
        int at;
        const char *name;
    } llama[] = {{0, "<|begin_of_text|>"},
                 {1, "<|end_of_text|>"},
                 {6, "<|start_header_id|>"},
                 {7, "<|end_header_id|>"},
                 {9, "<|eot_id|>"}};
    for (int i = 0; qwen && i < 3; i++)
        lem_write_added_token(out, n + i, qwen_names[i], strlen(qwen_names[i]), NULL);
    for (int i = 0; !qwen && i < 5; i++)
        lem_write_added_token(out, n + llama[i].at, llama[i].name, strlen(llama[i].name), NULL);
}

lem_status lem_tiktoken_to_json(const char *s, size_t n, bool qwen, const lem_json *config, lem_buf *out,
                                lem_err *err) {
    tok_vocab v = {0};
    lem_buf text = {0};
    lem_status st;
    const lem_json *added = lem_json_get(config, "added_tokens_decoder");
    const char *pattern = lem_pretok_pattern(qwen ? TOK_PRE_QWEN2 : TOK_PRE_LLAMA3);
    LEM_TRY(read_ranks(s, n, &v, err));
    lem_buf_puts(out, "{\"version\": \"1.0\", \"truncation\": null, \"padding\": null,\n\"added_tokens\": [");
    if (added) LEM_TRY(lem_write_config_added(out, added, 0, err));
    else write_known_added(qwen, v.n, out);
    lem_buf_printf(
        out, "],\n\"normalizer\": %s,\n\"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": [\n",
        qwen ? "{\"type\": \"NFC\"}" : "null");
    lem_buf_puts(out, "  {\"type\": \"Split\", \"pattern\": {\"Regex\": ");
    lem_json_text(out, pattern, strlen(pattern));
    lem_buf_puts(
        out, "}, \"behavior\": \"Isolated\", \"invert\": false},\n"
             "  {\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"trim_offsets\": false, "
             "\"use_regex\": false}]},\n"
             "\"post_processor\": null,\n"
             "\"decoder\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"trim_offsets\": false, "
             "\"use_regex\": false},\n"
             "\"model\": {\"type\": \"BPE\", \"dropout\": null, \"unk_token\": null, "
             "\"continuing_subword_prefix\": null, \"end_of_word_suffix\": "
             "null, \"fuse_unk\": false, \"byte_fallback\": false, \"ignore_merges\": true,\n\"vocab\": {\n");
    write_vocab(&v, &text, out);
    lem_buf_puts(out, "},\n\"merges\": [\n");
    LEM_TRY(write_rank_merges(&v, &text, out, err));
    lem_buf_puts(out, "]}}\n");
    st = lem_buf_ok(&text, err);
    if (st == LEM_OK) st = lem_buf_ok(out, err);
done:
    lem_vocab_release(&v);
    lem_buf_release(&text);
    return st;
}
