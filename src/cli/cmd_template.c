/* cmd_template.c - lemma template show: a conversation as the folder's template writes it, its ids, and what
 * of it is trained */
#include "cli/commands.h"
#include "cli/runtime.h"

#include "core/file.h"
#include "core/mem.h"
#include "token/chat.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_FILE = 64 << 20 };

static const lem_opt opts[] = {
    {"generation-prompt", LEM_OPT_FLAG, NULL, NULL, "end with the start of a reply", 0, 0},
    {"parse-special", LEM_OPT_FLAG, NULL, NULL,
     "recognise special tokens in messages (never for text you did not write yourself)", 0, 0},
    {"template", LEM_OPT_INPUT, "FILE", NULL, "use this Jinja file in place of the folder's template", 0, 0},
    {"tools", LEM_OPT_INPUT, "FILE", NULL, "JSON array of tools for the template", 0, 0},
    {"set", LEM_OPT_LIST, "NAME=JSON", NULL,
     "a further variable of the template, such as enable_thinking=false", 0, 0},
    {"date", LEM_OPT_STR, "YYYY-MM-DD", NULL,
     "what strftime_now shows (26 July 2024 if not given; never the clock)", 0, 0},
};

static const char example[] = "[{\"role\":\"system\",\"content\":\"Please reason step by "
                              "step.\"},{\"role\":\"user\",\"content\":\"What is 6*7?\"},"
                              "{\"role\":\"assistant\",\"content\":\"6*7 = \\\\boxed{42}\"}]";

typedef struct job {
    lem_cli *cli;
    lem_tokenizer *t;
    lem_json *file, *messages, *tools, *extra; /* messages and tools may be the file's */
    const char *source;                        /* which template */
    lem_ids ids;
    uint8_t *mask; /* NULL: refused, and why */
    lem_err why;
    lem_rendered text;
    size_t trained;
} job;

/* ---- what is asked */

static lem_status read_messages(job *j, const char *path, lem_err *err) {
    if (!path) return lem_json_parse(example, strlen(example), &j->messages, err);
    lem_status st = lem_json_load(path, MAX_FILE, &j->file, err);
    if (st != LEM_OK) return st;
    lem_json *list = lem_json_kind(j->file) == LEM_JSON_OBJECT ? lem_json_get(j->file, "messages") : j->file;
    if (lem_json_kind(list) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EDATA,
                        "%s: an array of messages, or an object with messages, expected; found %s", path,
                        lem_json_kind_name(j->file));
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const lem_json *m = lem_json_at(list, i);
        if (lem_json_kind(m) != LEM_JSON_OBJECT)
            return lem_fail(err, LEM_EDATA, "%s: message %zu is no object but %s", path, i + 1,
                            lem_json_kind_name(m));
        if (lem_json_kind(lem_json_get(m, "role")) != LEM_JSON_STRING)
            return lem_fail(err, LEM_EDATA, "%s: message %zu has no role", path, i + 1);
    }
    j->messages = lem_json_share(list);
    lem_json *tools = lem_json_kind(j->file) == LEM_JSON_OBJECT ? lem_json_get(j->file, "tools") : NULL;
    if (tools) j->tools = lem_json_share(tools);
    return LEM_OK;
}

static lem_status read_extra(job *j, const lem_json *list, lem_err *err) {
    if (lem_json_count(list) && !(j->extra = lem_json_new_object()))
        return lem_fail(err, LEM_EMEM, "out of memory");
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const char *s = lem_json_str(lem_json_at(list, i), ""), *eq = strchr(s, '=');
        lem_json *v = NULL;
        if (!eq || eq == s) return lem_fail(err, LEM_EUSAGE, "--set: expected NAME=JSON, found '%s'", s);
        if (lem_json_parse(eq + 1, strlen(eq + 1), &v, NULL) != LEM_OK)
            v = lem_json_new_str(eq + 1); /* a word is text */
        char *name = lem_strndup(s, (size_t)(eq - s), err);
        bool ok = name && v && lem_json_set(j->extra, name, v);
        if (!name) lem_json_free(v);
        lem_free(name);
        if (!ok) return lem_fail(err, LEM_EMEM, "out of memory");
    }
    return LEM_OK;
}

static lem_status read_date(const char *s, lem_date *d, lem_err *err) {
    static const int at[] = {0, 5, 8}, digits[] = {4, 2, 2};
    int v[3] = {0};
    bool ok = !s || (strlen(s) == 10 && s[4] == '-' && s[7] == '-');
    for (int i = 0; s && ok && i < 3; i++) {
        for (int k = 0; k < digits[i]; k++) {
            char c = s[at[i] + k];
            ok = ok && c >= '0' && c <= '9';
            v[i] = v[i] * 10 + (c - '0');
        }
    }
    if (!ok) return lem_fail(err, LEM_EUSAGE, "--date: expected YYYY-MM-DD, found '%s'", s);
    *d = (lem_date){v[0], v[1], v[2], 0, 0, 0};
    return LEM_OK;
}

static lem_status load(job *j, const lem_args *args, lem_err *err) {
    const char *dir = args->words[0], *file = lem_args_str(args, "template");
    lem_buf text = {0};
    lem_status st;
    if (lem_file_is_dir(dir)) LEM_TRY(lem_tokenizer_load(dir, &j->t, err));
    else LEM_TRY(lem_tokenizer_load_file(dir, NULL, &j->t, err));
    j->source = lem_chat_has_template(j->t) ? "the folder's" : "ChatML (the folder has none)";
    if (file) {
        LEM_TRY(lem_file_read(file, MAX_FILE, &text, err));
        st = lem_chat_use(j->t, lem_buf_str(&text), text.len, err);
        if (st != LEM_OK) st = lem_err_context(err, "%s", file);
        j->source = file;
    }
done:
    lem_buf_release(&text);
    return st;
}

/* ---- what is shown */

static lem_status put_json(const job *j, lem_err *err) {
    lem_json *o = lem_json_new_object(), *ids = lem_json_new_array(),
             *mask = j->mask ? lem_json_new_array() : lem_json_new_null();
    bool ok = o && ids && mask;
    for (size_t i = 0; ok && i < j->ids.len; i++) {
        ok = lem_json_append(ids, lem_json_new_int(j->ids.data[i]));
        if (ok && j->mask) ok = lem_json_append(mask, lem_json_new_int(j->mask[i]));
    }
    ok = ok && lem_json_set(o, "template", lem_json_new_str(j->source)) &&
         lem_json_set(o, "text", lem_json_new_strn(lem_buf_str(&j->text.text), j->text.text.len));
    if (ok) {
        ok = lem_json_set(o, "ids", ids);
        ids = NULL;
    }
    if (ok) {
        ok = lem_json_set(o, "trained", mask);
        mask = NULL;
    }
    ok = ok && lem_json_set(o, "tokens", lem_json_new_int((int64_t)j->ids.len)) &&
         lem_json_set(o, "trained_tokens",
                      j->mask ? lem_json_new_int((int64_t)j->trained) : lem_json_new_null());
    if (ok && !j->mask) ok = lem_json_set(o, "mask_error", lem_json_new_str(j->why.text));
    lem_json_free(ids);
    lem_json_free(mask);
    if (!ok) {
        lem_json_free(o);
        o = NULL;
    }
    return lem_print_json(j->cli->out, o, 2, err);
}

/* Text of messages must not reach a terminal as control sequences. */
static void put_byte(const job *j, lem_buf *b, char c) {
    unsigned char u = (unsigned char)c;
    if (j->cli->color && u < 0x20 && c != '\n' && c != '\t') lem_buf_printf(b, "\\x%02x", u);
    else if (j->cli->color && u == 0x7f) lem_buf_puts(b, "\\x7f");
    else lem_buf_putc(b, c);
}

static void mark(const job *j, lem_buf *b, bool on) {
    if (j->cli->color) lem_buf_puts(b, on ? "\033[32m" : "\033[0m");
    else lem_buf_puts(b, on ? "[[" : "]]");
}

static lem_status put_text(const job *j, lem_err *err) {
    lem_buf b = {0};
    bool on = false;
    lem_buf_printf(&b, "template: %s\n\n", j->source);
    for (size_t i = 0; i < j->text.text.len; i++) {
        bool trained = j->mask && (j->text.mark.data[i] & LEM_MARK_REPLY);
        if (trained != on) mark(j, &b, on = trained);
        put_byte(j, &b, j->text.text.data[i]);
    }
    if (on) mark(j, &b, false);
    if (b.len && b.data[b.len - 1] != '\n') lem_buf_putc(&b, '\n');
    lem_buf_puts(&b, "\nids:");
    for (size_t i = 0, column = 4; i < j->ids.len; i++) {
        bool trained = j->mask && j->mask[i];
        char id[16];
        int n = snprintf(id, sizeof id, trained && !j->cli->color ? "%d*" : "%d", (int)j->ids.data[i]);
        if ((column += (size_t)n + 1) > 120) {
            lem_buf_puts(&b, "\n    ");
            column = 4 + (size_t)n + 1;
        }
        lem_buf_putc(&b, ' ');
        if (trained && j->cli->color) mark(j, &b, true);
        lem_buf_puts(&b, id);
        if (trained && j->cli->color) mark(j, &b, false);
    }
    lem_buf_printf(&b, "\n%zu tokens", j->ids.len);
    if (j->mask)
        lem_buf_printf(&b, ", %zu trained (%s)\n", j->trained, j->cli->color ? "green" : "[[text]], id*");
    else lem_buf_printf(&b, "; not for training: %s\n", j->why.text);
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK && fwrite(b.data, 1, b.len, j->cli->out) != b.len)
        st = lem_fail(err, LEM_EIO, "cannot write to standard output");
    lem_buf_release(&b);
    return st;
}

/* With the mask, or, where that is refused, without. */
static lem_status encode(job *j, const lem_chat_input *in, lem_err *err) {
    lem_status st = lem_chat_encode_json(j->t, in, &j->ids, &j->mask, &j->text, &j->why);
    if (st == LEM_EDATA) {
        st = lem_chat_encode_json(j->t, in, &j->ids, NULL, &j->text, err);
    } else if (st != LEM_OK) *err = j->why;
    for (size_t i = 0; j->mask && i < j->ids.len; i++) j->trained += j->mask[i];
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    job j = {.cli = cli, .why = LEM_ERR_INIT};
    lem_chat_input in = {.generation_prompt = lem_args_flag(args, "generation-prompt"),
                         .parse_special = lem_args_flag(args, "parse-special")};
    const char *path = args->n_words > 1 ? args->words[1] : NULL, *tools = lem_args_str(args, "tools");
    lem_status st;
    LEM_TRY(read_date(lem_args_str(args, "date"), &in.date, err));
    LEM_TRY(read_extra(&j, lem_args_tree(args, "set"), err));
    LEM_TRY(load(&j, args, err));
    LEM_TRY(read_messages(&j, path, err));
    if (tools) {
        lem_json_free(j.tools);
        j.tools = NULL;
        LEM_TRY(lem_json_load(tools, MAX_FILE, &j.tools, err));
    }
    in.messages = j.messages;
    in.tools = j.tools;
    in.extra = j.extra;
    st = encode(&j, &in, err);
    if (st != LEM_OK) {
        st = lem_err_context(err, "%s", path ? path : args->words[0]);
        goto done;
    }
    LEM_TRY(cli->json ? put_json(&j, err) : put_text(&j, err));
done:
    lem_free(j.mask);
    lem_ids_release(&j.ids);
    lem_rendered_release(&j.text);
    lem_json_free(j.messages);
    lem_json_free(j.tools);
    lem_json_free(j.extra);
    lem_json_free(j.file);
    lem_tokenizer_free(j.t);
    return st;
}

const lem_command lem_cmd_template_show = {
    .name = "template show",
    .purpose = "a conversation as the folder's chat template writes it, its ids, and what of it is trained",
    .usage = "DIR [MESSAGES.json] [options]",
    .example = "lemma template show recipes/demo-base\n"
               "lemma template show recipes/demo-base messages.json --generation-prompt --json",
    .min_words = 1,
    .max_words = 2,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
};
