/* template_driver.c - for template.py: without DIR a JSON line {template, tokens, messages, tools, extra, prompt} in, {text} or {error} out; with DIR
 * {messages, prompt, parse} in, {ids, mask, prefix} or {error} out; with DIR and TO the tokenizer of DIR is written to TO */
#include "core/json.h"
#include "core/mem.h"
#include "prompt/chat.h"
#include "jinja/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static lem_json *answer(const lem_json *in) {
    lem_err err = LEM_ERR_INIT;
    lem_template *t = NULL;
    lem_rendered r = {{0}, {0}};
    lem_json *o = lem_json_new_object();
    const lem_json *source = lem_json_get(in, "template"), *messages = lem_json_get(in, "messages"), *tools = lem_json_get(in, "tools");
    lem_template_input how = {.messages = messages, .n_messages = SIZE_MAX, .extra = lem_json_get(in, "extra"), .tools = tools};
    how.tokens = lem_json_get(in, "tokens");
    how.generation_prompt = lem_json_bool(lem_json_get(in, "prompt"), false);
    lem_status st = lem_template_parse(lem_json_str(source, ""), lem_json_str_len(source), &t, &err);
    if (st == LEM_OK) st = lem_template_render(t, &how, &r, &err);
    if (st != LEM_OK) lem_json_set(o, "error", lem_json_new_str(err.text));
    else lem_json_set(o, "text", lem_json_new_strn(lem_buf_str(&r.text), r.text.len));
    lem_rendered_release(&r);
    lem_template_free(t);
    return o;
}

static lem_json *numbers(const lem_ids *ids, const uint8_t *mask) {
    lem_json *list = lem_json_new_array();
    for (size_t i = 0; i < ids->len; i++) lem_json_append(list, lem_json_new_int(mask ? mask[i] : ids->data[i]));
    return list;
}

/* Ids and mask of a conversation; prefix: for each reply, are the ids of what is before it with the generation prompt the first of the whole? */
static lem_json *answer_ids(const lem_tokenizer *t, const lem_json *in) {
    lem_err err = LEM_ERR_INIT, why = LEM_ERR_INIT;
    lem_json *o = lem_json_new_object(), *messages = lem_json_get(in, "messages"), *before = lem_json_new_array();
    lem_chat_input how = {.messages = messages, .generation_prompt = lem_json_bool(lem_json_get(in, "prompt"), false)};
    lem_ids ids = {0}, masked = {0}, part = {0};
    uint8_t *mask = NULL;
    bool prefix = true;
    how.parse_special = lem_json_bool(lem_json_get(in, "parse"), false);
    lem_status st = lem_chat_encode_json(t, &how, &ids, NULL, NULL, &err);
    if (st != LEM_OK) lem_json_set(o, "error", lem_json_new_str(err.text));
    else lem_json_set(o, "ids", numbers(&ids, NULL));
    if (st == LEM_OK && lem_chat_encode_json(t, &how, &masked, &mask, NULL, &why) == LEM_OK) {
        lem_json_set(o, "mask", numbers(&masked, mask));
        for (size_t i = 0; i < lem_json_count(messages); i++) {
            lem_chat_input so_far = {.messages = before, .generation_prompt = true, .parse_special = how.parse_special};
            part.len = 0;
            if (strcmp(lem_json_str(lem_json_get(lem_json_at(messages, i), "role"), ""), "assistant") == 0)
                prefix = prefix && lem_chat_encode_json(t, &so_far, &part, NULL, NULL, &why) == LEM_OK && part.len <= ids.len &&
                         (part.len == 0 || memcmp(part.data, ids.data, part.len * sizeof *part.data) == 0);
            lem_json_append(before, lem_json_share(lem_json_at(messages, i)));
        }
        prefix = prefix && masked.len == ids.len && (ids.len == 0 || memcmp(masked.data, ids.data, ids.len * sizeof *ids.data) == 0);
        lem_json_set(o, "prefix", lem_json_new_bool(prefix));
    } else if (st == LEM_OK) lem_json_set(o, "mask_error", lem_json_new_str(why.text));
    lem_json_free(before);
    lem_free(mask);
    lem_ids_release(&ids);
    lem_ids_release(&masked);
    lem_ids_release(&part);
    return o;
}

int main(int argc, char **argv) {
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    lem_err err = LEM_ERR_INIT;
    lem_tokenizer *t = NULL;
    if (argc > 1 && lem_tokenizer_load(argv[1], &t, &err) != LEM_OK) return fprintf(stderr, "%s\n", err.text), 3;
    if (argc > 2) return lem_tokenizer_save(t, argv[2], &err) == LEM_OK ? 0 : 3;
    while ((n = getline(&line, &cap, stdin)) > 0) {
        lem_json *in = NULL, *out;
        lem_buf b = {0};
        if (lem_json_parse(line, (size_t)n, &in, &err) != LEM_OK) return fprintf(stderr, "%s\n", err.text), 3;
        out = t ? answer_ids(t, in) : answer(in);
        lem_json_write(out, 0, &b);
        puts(lem_buf_str(&b));
        lem_buf_release(&b);
        lem_json_free(in);
        lem_json_free(out);
    }
    lem_tokenizer_free(t);
    free(line);
    return 0;
}
