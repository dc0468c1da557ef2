/* cmd_template.c - lemma template show: a conversation as the folder's template writes it, its ids, and what
 * of it is trained; or a problem in a style */
#include "cli/commands.h"
#include "cli/prompt_options.h"
#include "cli/runtime.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/object.h"
#include "prompt/prompt.h"
#include "prompt/variables.h"
#include "token/conversation.h"

#include <string.h>
#include <unistd.h>

enum { MAX_FILE = 64 << 20 };

static const lem_opt opts[] = {
    {"generation-prompt", LEM_OPT_FLAG, NULL, NULL, "end with the start of a reply", 0, 0},
    {"parse-special", LEM_OPT_FLAG, NULL, NULL,
     "recognise special tokens in messages (never for text you did not write yourself)", 0, 0},
    {"template", LEM_OPT_INPUT, "FILE", NULL, "use this Jinja file in place of the folder's template", 0, 0},
    {"tools", LEM_OPT_INPUT, "FILE", NULL, "JSON array of tools for the template", 0, 0},
    LEM_OPT_SET,
    {"date", LEM_OPT_STR, "YYYY-MM-DD", NULL,
     "what strftime_now shows (26 July 2024 if not given; never the clock)", 0, 0},
    {"problem", LEM_OPT_STR, "TEXT", "What is 6*7?", "with --style: the problem"},
    LEM_OPT_STYLE,
};

static const char example[] = "[{\"role\":\"system\",\"content\":\"Please reason step by "
                              "step.\"},{\"role\":\"user\",\"content\":\"What is 6*7?\"},"
                              "{\"role\":\"assistant\",\"content\":\"6*7 = \\\\boxed{42}\"}]";

typedef struct job {
    lem_tokenizer *t;
    lem_json *messages, *tools;
    const char *source; /* which template */
    lem_ids ids;
    uint8_t *mask; /* NULL: refused, and why */
    lem_err why;
    lem_rendered text;
} job;

static void release(job *j) {
    lem_free(j->mask);
    lem_ids_release(&j->ids);
    lem_rendered_release(&j->text);
    lem_json_free(j->messages);
    lem_json_free(j->tools);
    lem_tokenizer_free(j->t);
}

static lem_status load(job *j, const char *dir, const char *file, lem_err *err) {
    lem_buf text = {0};
    lem_status st;
    LEM_TRY(lem_tokenizer_load_path(dir, &j->t, err));
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

static lem_status set_variables(lem_tokenizer *t, const lem_json *list, lem_err *err) {
    lem_json *variables = NULL;
    lem_status st = lem_prompt_variables_parse(list, &variables, err);
    if (st == LEM_OK) st = lem_prompt_variables_check(variables, t, err);
    if (st == LEM_OK) st = lem_chat_set(t, variables, err);
    lem_json_free(variables);
    return st;
}

static lem_status read_messages(job *j, const char *path, const char *tools, lem_err *err) {
    lem_status st = path ? lem_conversation_load(path, &j->messages, &j->tools, err)
                         : lem_json_parse(example, strlen(example), &j->messages, err);
    if (st || !tools) return st;
    lem_json_free(j->tools);
    j->tools = NULL;
    return lem_json_load(tools, MAX_FILE, &j->tools, err);
}

/* With the mask, or, where that is refused, without. */
static lem_status encode(job *j, const lem_chat_input *in, lem_err *err) {
    lem_status st = lem_chat_encode_json(j->t, in, &j->ids, &j->mask, &j->text, &j->why);
    if (st == LEM_EDATA) return lem_chat_encode_json(j->t, in, &j->ids, NULL, &j->text, err);
    if (st != LEM_OK) *err = j->why;
    return st;
}

static lem_status show(const job *j, const lem_cli *cli, lem_err *err) {
    lem_conversation_view v = {j->source, &j->text, &j->ids, j->mask, j->why.text};
    if (cli->json) return lem_print_json(cli->out, lem_conversation_json(&v), 2, err);
    lem_buf b = {0};
    lem_conversation_text(&v, cli->color, isatty(fileno(cli->out)), &b);
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK && fwrite(b.data, 1, b.len, cli->out) != b.len)
        st = lem_fail(err, LEM_EIO, "cannot write to standard output");
    lem_buf_release(&b);
    return st;
}

/* ---- a problem in a style */

/* Other options speak of conversations. */
static lem_status check_style(const lem_args *args, lem_err *err) {
    static const char *const others[] = {
        "generation-prompt", "parse-special", "template", "tools", "set", "date"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (lem_args_has(args, others[i]))
            return lem_fail(err, LEM_EUSAGE,
                            "--%s is about a conversation, --style about a problem; leave "
                            "one of them out",
                            others[i]);
    return args->n_words == 1 ? LEM_OK
                              : lem_fail(err, LEM_EUSAGE, "--style shows a problem (--problem TEXT), not %s",
                                         args->words[1]);
}

static lem_status append_message(lem_json *list, const lem_message *m, lem_err *err) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "role", m->role);
    lem_object_str(&o, "content", m->content);
    lem_json *made = lem_object_done(&o);
    return made && lem_json_append(list, made) ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

/* The text of a chat style is the template's. */
static lem_status render_chat(job *j, const lem_prompt_request *r, lem_err *err) {
    lem_status st = LEM_OK;
    lem_ids again = {0};
    j->messages = lem_json_new_array();
    if (!j->messages) return lem_fail(err, LEM_EMEM, "out of memory");
    for (size_t i = 0; i < r->n; i++) LEM_TRY(append_message(j->messages, &r->messages[i], err));
    lem_chat_input in = {.messages = j->messages, .generation_prompt = true};
    st = lem_chat_encode_json(j->t, &in, &again, NULL, &j->text, err);
done:
    lem_ids_release(&again);
    return st;
}

static lem_status render_style(job *j, const lem_prompt_settings *s, const char *problem, lem_err *err) {
    lem_prompt_request r = {0};
    lem_status st;
    LEM_TRY(lem_prompt_style_messages(s, problem, NULL, &r, err));
    LEM_TRY(lem_prompt_problem(j->t, s, problem, &j->ids, err));
    if (r.text) {
        lem_buf_puts(&j->text.text, r.text);
        for (size_t i = 0; i < j->text.text.len; i++) lem_buf_putc(&j->text.mark, 0);
        st = lem_buf_ok(&j->text.mark, err);
    } else st = render_chat(j, &r, err);
done:
    lem_prompt_request_release(&r);
    return st;
}

/* What sample would send, whatever lemma.json of the folder says. */
static lem_status show_style(lem_cli *cli, const lem_args *args, lem_err *err) {
    const lem_prompt_options o = {.style = lem_args_str(args, "style"), .from = "options"};
    const char *dir = args->words[0];
    job j = {.why = LEM_ERR_INIT};
    lem_prompt_settings s = {0};
    char source[64];
    lem_status st;
    LEM_TRY(check_style(args, err));
    LEM_TRY(lem_prompt_settings_open(NULL, &o, &s, err));
    LEM_TRY(lem_prompt_options_shots(args, cli->cancel, &s, err));
    LEM_TRY(load(&j, dir, NULL, err));
    snprintf(source, sizeof source, "style %s", o.style);
    j.source = source;
    (void)lem_fail(&j.why, LEM_EDATA, "a prompt without its reply");
    st = render_style(&j, &s, lem_args_str(args, "problem"), err);
    if (st != LEM_OK) st = lem_err_context(err, "%s", dir);
    else st = show(&j, cli, err);
done:
    lem_prompt_settings_release(&s);
    release(&j);
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    if (lem_args_has(args, "style")) return show_style(cli, args, err);
    job j = {.why = LEM_ERR_INIT};
    lem_chat_input in = {.generation_prompt = lem_args_flag(args, "generation-prompt"),
                         .parse_special = lem_args_flag(args, "parse-special")};
    const char *dir = args->words[0], *path = args->n_words > 1 ? args->words[1] : NULL,
               *date = lem_args_str(args, "date");
    lem_status st;
    if (date && !lem_date_parse(date, &in.date))
        return lem_fail(err, LEM_EUSAGE, "--date: expected YYYY-MM-DD, found '%s'", date);
    LEM_TRY(load(&j, dir, lem_args_str(args, "template"), err));
    LEM_TRY(set_variables(j.t, lem_args_tree(args, "set"), err));
    LEM_TRY(read_messages(&j, path, lem_args_str(args, "tools"), err));
    in.messages = j.messages;
    in.tools = j.tools;
    st = encode(&j, &in, err);
    if (st != LEM_OK) st = lem_err_context(err, "%s", path ? path : dir);
    else st = show(&j, cli, err);
done:
    release(&j);
    return st;
}

const lem_command lem_cmd_template_show = {
    .name = "template show",
    .purpose = "a conversation as the folder's chat template writes it, its ids, and what of it is trained",
    .usage = "DIR [MESSAGES.json] [options]",
    .example = "lemma template show recipes/demo-base\n"
               "lemma template show recipes/demo-base messages.json --generation-prompt --json\n"
               "lemma template show recipes/demo-base --style qwen25-math-cot",
    .min_words = 1,
    .max_words = 2,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
};
