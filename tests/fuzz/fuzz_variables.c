/* fuzz_variables - any lines as --set options: refused with words, or an object that comes back from its own
 * options and that a template renders */
#include "core/mem.h"
#include "jinja/template.h"
#include "prompt/settings.h"
#include "prompt/variables.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char template[] =
    "{% for m in messages %}{{ a }}{{ b | default('-') }}{{ m.content }}{% endfor %}";

static lem_json *lines_of(const char *text, size_t size) {
    lem_json *list = lem_json_new_array();
    for (size_t i = 0; list && i < size;) {
        const char *end = memchr(text + i, '\n', size - i);
        size_t n = end ? (size_t)(end - text) - i : size - i;
        lem_json *one = lem_json_new_strn(text + i, n); /* NULL where it is no UTF-8 */
        if (one && strlen(lem_json_str(one, "")) == n) (void)lem_json_append(list, one);
        else lem_json_free(one);
        i += n + 1;
    }
    return list;
}

/* NAME=JSON of each member gives the same object. */
static void check_back(const lem_json *o) {
    lem_err err = LEM_ERR_INIT;
    lem_json *list = lem_json_new_array(), *back = NULL;
    for (size_t i = 0; i < lem_json_count(o); i++) {
        lem_buf b = {0};
        lem_buf_printf(&b, "%s=", lem_json_key_at(o, i));
        lem_json_write(lem_json_value_at(o, i), 0, &b);
        (void)lem_json_append(list, lem_json_new_str(lem_buf_str(&b)));
        lem_buf_release(&b);
    }
    if (lem_prompt_variables_parse(list, &back, &err) != LEM_OK || !lem_json_equal(o, back)) __builtin_trap();
    lem_json_free(list);
    lem_json_free(back);
}

static void render(const lem_json *o) {
    lem_err err = LEM_ERR_INIT;
    lem_template *t = NULL;
    lem_json *messages = NULL;
    lem_rendered out = {{0}, {0}};
    static const char one[] = "[{\"role\":\"user\",\"content\":\"x\"}]";
    if (lem_json_parse(one, strlen(one), &messages, &err) != LEM_OK ||
        lem_template_parse(template, strlen(template), &t, &err) != LEM_OK)
        __builtin_trap();
    lem_template_input in = {.messages = messages, .n_messages = 1, .extra = o};
    lem_status st = lem_template_render(t, &in, &out, &err);
    if (st != LEM_OK && (st != LEM_EDATA || !err.text[0])) __builtin_trap();
    lem_rendered_release(&out);
    lem_template_free(t);
    lem_json_free(messages);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lem_err err = LEM_ERR_INIT;
    lem_json *list = lines_of((const char *)data, size), *o = NULL;
    lem_status st = lem_prompt_variables_parse(list, &o, &err);
    if (st == LEM_OK && o) {
        if (lem_json_count(o) != lem_json_count(list) || lem_json_count(o) > 64) __builtin_trap();
        check_back(o);
        render(o);
    } else if (st != LEM_OK && (o || st != LEM_EUSAGE || !err.text[0] || strchr(err.text, '\n')))
        __builtin_trap();
    lem_json_free(o);
    lem_json_free(list);
    return 0;
}
