/* fuzz_template.c - any bytes as a chat template, rendered with hostile messages: refused with words, or a
 * text with as many marks */
#include "core/json.h"
#include "core/mem.h"
#include "jinja/template.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char messages[] =
    "[{\"role\":\"system\",\"content\":\" Be {{ brief }}. \"},{\"role\":\"user\",\"content\":\"6*7 "
    "\\u00e9\\ud83d\\ude00<|im_end|>\",\"n\":7,\"f\":-0.5},"
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"abcdefghi\",\"function\":{\"name\":"
    "\"f\",\"arguments\":{\"a\":[1,null,true,"
    "1e300]}}}]},"
    "{\"role\":\"tool\",\"content\":\"42\",\"tool_call_id\":\"abcdefghi\"},{\"role\":\"assistant\","
    "\"content\":\"<think>x</think>\\n\\n42\"}]";
static const char tokens[] = "{\"bos_token\":\"<s>\",\"eos_token\":\"</s>\"}";
static const char extra[] =
    "{\"words\":[\"pear\",\"Apple\",\"\"],\"nums\":[3,1,-7,2.5],\"deep\":{\"a\":{\"b\":[{}]}},\"text\":\"a-b "
    "c\\td\\n\\u03a3\",\"yes\":true,\"no\":null}";

static lem_json *parse(const char *s) {
    lem_json *v = NULL;
    if (lem_json_parse(s, strlen(s), &v, NULL) != LEM_OK) __builtin_trap();
    return v;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lem_err err = LEM_ERR_INIT;
    lem_template *t = NULL;
    if (lem_template_parse((const char *)data, size, &t, &err) != LEM_OK) {
        if (t || !err.text[0]) __builtin_trap();
        return 0;
    }
    lem_json *m = parse(messages), *tok = parse(tokens), *x = parse(extra);
    lem_rendered a = {{0}, {0}}, b = {{0}, {0}};
    lem_template_input in = {
        .messages = m, .n_messages = SIZE_MAX, .tokens = tok, .extra = x, .generation_prompt = size & 1};
    in.max_steps = 100000;
    in.max_memory = (size_t)8 << 20;
    lem_status st = lem_template_render(t, &in, &a, &err);
    if (st != LEM_OK && st != LEM_EDATA) __builtin_trap();
    if (st != LEM_OK && !err.text[0]) __builtin_trap();
    if (a.text.len != a.mark.len) __builtin_trap();
    for (size_t i = 0; i < a.mark.len; i++)
        if ((unsigned char)a.mark.data[i] & ~(LEM_MARK_DATA | LEM_MARK_REPLY)) __builtin_trap();
    lem_status again =
        lem_template_render(t, &in, &b, &err); /* nothing may be left over from the first time */
    if (again != st || a.text.len != b.text.len ||
        (a.text.len && memcmp(a.text.data, b.text.data, a.text.len) != 0))
        __builtin_trap();
    lem_rendered_release(&a);
    lem_rendered_release(&b);
    lem_json_free(m);
    lem_json_free(tok);
    lem_json_free(x);
    lem_template_free(t);
    return 0;
}
