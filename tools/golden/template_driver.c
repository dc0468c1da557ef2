/* template_driver.c - for template.py: a JSON line {template, tokens, messages, tools, extra, prompt} in, {text, data, reply} or {error} out */
#include "core/json.h"
#include "core/mem.h"
#include "token/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_marks(lem_json *o, const char *name, const lem_rendered *r, int bit) {
    lem_buf b = {0};
    for (size_t i = 0; i < r->mark.len; i++) lem_buf_putc(&b, r->mark.data[i] & bit ? '1' : '0');
    lem_json_set(o, name, lem_json_new_str(lem_buf_str(&b)));
    lem_buf_release(&b);
}

static lem_json *answer(const lem_json *in, bool marks) {
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
    else {
        lem_json_set(o, "text", lem_json_new_strn(lem_buf_str(&r.text), r.text.len));
        if (marks) put_marks(o, "data", &r, LEM_MARK_DATA);
        if (marks) put_marks(o, "reply", &r, LEM_MARK_REPLY);
    }
    lem_rendered_release(&r);
    lem_template_free(t);
    return o;
}

int main(int argc, char **argv) {
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    (void)argv;
    while ((n = getline(&line, &cap, stdin)) > 0) {
        lem_err err = LEM_ERR_INIT;
        lem_json *in = NULL, *out;
        lem_buf b = {0};
        if (lem_json_parse(line, (size_t)n, &in, &err) != LEM_OK) {
            fprintf(stderr, "%s\n", err.text);
            return 3;
        }
        out = answer(in, argc > 1);
        lem_json_write(out, 0, &b);
        puts(lem_buf_str(&b));
        lem_buf_release(&b);
        lem_json_free(in);
        lem_json_free(out);
    }
    free(line);
    return 0;
}
