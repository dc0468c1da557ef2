/* merge_command.c - a job's facts as the command line that a person would type */
#include "job/merge_priv.h"

#include <string.h>

/* As a shell reads it back. */
static void put_word(lem_buf *out, const char *word) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+=./:,@%";
    lem_buf_putc(out, ' ');
    if (*word && strspn(word, plain) == strlen(word)) {
        lem_buf_puts(out, word);
        return;
    }
    lem_buf_putc(out, '\'');
    for (const char *p = word; *p; p++) {
        if (*p == '\'') lem_buf_puts(out, "'\\''");
        else lem_buf_putc(out, *p);
    }
    lem_buf_putc(out, '\'');
}

static void put_value(const lem_opt *o, const lem_json *v, lem_buf *out) {
    lem_buf text = {0};
    if (o->type == LEM_OPT_FLAG) {
        lem_buf_printf(out, " --%s%s", o->name, lem_json_bool(v, true) ? "" : "=false");
        return;
    }
    if (lem_json_kind(v) == LEM_JSON_STRING) lem_buf_puts(&text, lem_json_str(v, ""));
    else lem_json_write(v, 0, &text);
    lem_buf_printf(out, " --%s", o->name);
    put_word(out, lem_buf_str(&text));
    lem_buf_release(&text);
}

static bool is_default(const lem_opt *o, const lem_json *v) {
    lem_json *standard = NULL;
    lem_err ignored = LEM_ERR_INIT;
    bool same = false;
    if (o->standard && lem_opt_value_of_text(o, o->standard, &standard, &ignored) == LEM_OK)
        same = lem_json_equal(standard, v);
    lem_json_free(standard);
    return same;
}

/* Inputs are told by option ("model", "data[0]") and by word ("argument 1"). */
static void put_inputs(const lem_json *inputs, bool words, lem_buf *out) {
    for (size_t i = 0; i < lem_json_count(inputs); i++) {
        const lem_json *in = lem_json_at(inputs, i);
        const char *option = lem_json_str(lem_json_get(in, "option"), "");
        bool word = strncmp(option, "argument ", 9) == 0;
        if (word != words) continue;
        if (!word) lem_buf_printf(out, " --%.*s", (int)strcspn(option, "["), option);
        put_word(out, lem_json_str(lem_json_get(in, "path"), ""));
    }
}

void lem_merge_put_command(const lem_command *cmd, const lem_json *facts, lem_buf *out) {
    const lem_json *arguments = lem_json_get(facts, "arguments"), *inputs = lem_json_get(facts, "inputs");
    lem_buf_printf(out, "lemma %s", cmd->name);
    put_inputs(inputs, true, out);
    put_inputs(inputs, false, out);
    for (size_t i = 0; i < lem_json_count(arguments); i++) {
        const lem_opt *o = lem_opt_find(cmd, lem_json_key_at(arguments, i));
        const lem_json *v = lem_json_value_at(arguments, i);
        if (!o || is_default(o, v)) continue;
        if (lem_json_kind(v) != LEM_JSON_ARRAY) put_value(o, v, out);
        for (size_t k = 0; lem_json_kind(v) == LEM_JSON_ARRAY && k < lem_json_count(v); k++)
            put_value(o, lem_json_at(v, k), out);
    }
}
