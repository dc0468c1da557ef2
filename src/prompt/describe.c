/* describe.c - what a model folder says of its prompts, as facts for people and programs */
#include "prompt/describe.h"

#include "core/file.h"
#include "core/mem.h"

lem_status lem_prompt_describe(const char *dir, lem_json *facts, lem_err *err) {
    lem_prompt_settings s = {0};
    char *path = lem_path_join(dir, LEM_PROMPT_SETTINGS_FILE, err);
    lem_status st = LEM_OK;
    if (!path) return LEM_EMEM;
    LEM_TRY(lem_prompt_settings_load(dir, &s, err));
    lem_json *told = lem_file_exists(path) ? lem_prompt_settings_json(&s) : lem_json_new_null();
    if (!lem_json_set(facts, "prompt", told)) st = lem_fail(err, LEM_EMEM, "out of memory");
done:
    lem_prompt_settings_release(&s);
    lem_free(path);
    return st;
}

void lem_prompt_describe_text(const lem_json *facts, lem_buf *out) {
    const lem_json *told = lem_json_get(facts, "prompt");
    if (lem_json_kind(told) != LEM_JSON_OBJECT) return;
    lem_buf_printf(out, "%-16s%s%s\n", "prompt", LEM_PROMPT_SETTINGS_FILE,
                   lem_json_count(told) ? "" : ", which tells nothing");
    for (size_t i = 0; i < lem_json_count(told); i++) {
        const lem_json *v = lem_json_value_at(told, i);
        lem_buf_printf(out, "  %-14s", lem_json_key_at(told, i));
        if (lem_json_kind(v) == LEM_JSON_NULL) lem_buf_puts(out, "none");
        else lem_json_write(v, 0, out);
        lem_buf_putc(out, '\n');
    }
}
