/* fuzz_conversation - any bytes as a file of messages: refused with words that name the file, or messages
 * with roles, which templates render or refuse */
#include "core/json.h"
#include "jinja/template.h"
#include "token/conversation.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char template[] =
    "{% for m in messages %}<{{ m.role }}>{% if m.content is string %}{{ m.content | trim }}{% else %}"
    "{{ m.content | tojson }}{% endif %}{% for c in m.tool_calls or [] %}{{ c | tojson }}{% endfor %}{% "
    "endfor %}"
    "{% if tools %}{{ tools | tojson }}{% endif %}";

static void check(const lem_json *messages, const lem_json *tools) {
    lem_err err = LEM_ERR_INIT;
    lem_template *t = NULL;
    lem_rendered out = {{0}, {0}};
    for (size_t i = 0; i < lem_json_count(messages); i++)
        if (lem_json_kind(lem_json_get(lem_json_at(messages, i), "role")) != LEM_JSON_STRING)
            __builtin_trap();
    if (lem_template_parse(template, strlen(template), &t, &err) != LEM_OK) __builtin_trap();
    lem_template_input in = {.messages = messages, .n_messages = SIZE_MAX, .tools = tools};
    lem_status st = lem_template_render(t, &in, &out, &err);
    if (st != LEM_OK && (st != LEM_EDATA || !err.text[0])) __builtin_trap();
    if (st == LEM_OK && out.text.len != out.mark.len) __builtin_trap();
    lem_rendered_release(&out);
    lem_template_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lem_err err = LEM_ERR_INIT;
    lem_json *messages = NULL, *tools = NULL;
    char path[40];
    int fd = memfd_create("messages", 0);
    if (fd < 0) return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (write(fd, data, size) == (ssize_t)size) {
        lem_status st = lem_conversation_load(path, &messages, &tools, &err);
        if (st == LEM_OK) check(messages, tools);
        else if (messages || tools || !strstr(err.text, path) || strchr(err.text, '\n')) __builtin_trap();
    }
    close(fd);
    lem_json_free(messages);
    lem_json_free(tools);
    return 0;
}
