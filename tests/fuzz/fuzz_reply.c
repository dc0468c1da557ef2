/* fuzz_reply.c - bodies of an OpenAI-compatible server, whole and streamed: a record or one clear line
 *
 * The first byte says how it is read: bit 0 event stream, bit 1 /v1/completions, bits 2 and 3 choices less
 * one. */
#include "core/utf8.h"
#include "net/completion.h"
#include "net/http.h"

#include <string.h>

static void check_record(const lem_json *r, int n) {
    const lem_json *texts = lem_json_get(r, "texts"), *finish = lem_json_get(r, "finish");
    if (lem_json_count(texts) != (size_t)n || lem_json_count(finish) != (size_t)n) __builtin_trap();
    for (int i = 0; i < n; i++) {
        const lem_json *t = lem_json_at(texts, (size_t)i);
        if (lem_json_kind(t) != LEM_JSON_STRING || !lem_utf8_valid(lem_json_str(t, ""), lem_json_str_len(t)))
            __builtin_trap();
    }
    if (lem_json_int(lem_json_get(r, "prompt_tokens"), 0) < 0) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lem_err err = LEM_ERR_INIT;
    lem_json *record = NULL;
    lem_buf said = {0};
    if (size == 0) return 0;
    const char *body = (const char *)data + 1;
    lem_completion_opts o = {
        .model = "m", .text = data[0] & 2, .top_p = 1, .max_tokens = 1, .n = 1 + (data[0] >> 2 & 3)};
    lem_status st = lem_completion_reply(body, size - 1, data[0] & 1, &o, &record, &err);
    if (st == LEM_OK) check_record(record, o.n);
    else if (st != LEM_EDATA || !err.text[0] || strchr(err.text, '\n')) __builtin_trap();
    lem_json_free(record);
    (void)lem_completion_refusal(body, size - 1, &said);
    if (strchr(lem_buf_str(&said), '\n') || !lem_utf8_valid(lem_buf_str(&said), said.len)) __builtin_trap();
    lem_buf_release(&said);
    double wait = lem_http_retry_after(body, size - 1, 784111777);
    if (wait > 300 || wait != wait) __builtin_trap();
    return 0;
}
