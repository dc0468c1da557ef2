/* fuzz_prompt_settings - any bytes as lemma.json: what is accepted is bounded and comes back the same */
#include "prompt/settings.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const lem_prompt_settings *s, unsigned told, const char *text) {
    if (text && (!*text || strlen(text) > LEM_PROMPT_TEXT_MAX || !(s->told & told))) __builtin_trap();
}

static void check_back(const lem_prompt_settings *s) {
    lem_err err = LEM_ERR_INIT;
    lem_buf b = {0};
    lem_prompt_settings back;
    lem_json *prompt = lem_prompt_settings_json(s);
    lem_buf_puts(&b, "{\"format\":1,\"prompt\":");
    lem_json_write(prompt, 0, &b);
    lem_buf_puts(&b, "}");
    if (lem_prompt_settings_parse(lem_buf_str(&b), b.len, &back, &err) != LEM_OK ||
        !lem_prompt_settings_equal(s, &back))
        __builtin_trap();
    lem_prompt_settings_release(&back);
    lem_json_free(prompt);
    lem_buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lem_err err = LEM_ERR_INIT;
    lem_prompt_settings s = {.told = 0};
    lem_status st = lem_prompt_settings_parse((const char *)data, size, &s, &err);
    if (st != LEM_OK) {
        if (s.told || s.system || (st != LEM_EDATA && st != LEM_EMEM) || !err.text[0] ||
            strchr(err.text, '\n'))
            __builtin_trap();
        return 0;
    }
    check_text(&s, LEM_PROMPT_TOLD_SYSTEM, s.system);
    check_text(&s, LEM_PROMPT_TOLD_SUFFIX, s.suffix);
    check_text(&s, LEM_PROMPT_TOLD_SEPARATOR, s.separator);
    if ((unsigned)s.form >= LEM_PROMPT_FORM_COUNT || (unsigned)s.template > LEM_PROMPT_PLAIN)
        __builtin_trap();
    check_back(&s);
    lem_prompt_settings_release(&s);
    return 0;
}
