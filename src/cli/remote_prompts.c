/* remote_prompts.c - rows to messages, text or ids */
#include "cli/remote_prompts.h"
#include "cli/prompt_options.h"

#include "core/mem.h"
#include "core/object.h"
#include "prompt/style.h"

#include <limits.h>

static lem_json *message_list(const lem_prompt_request *r) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < r->n; i++) {
        lem_object o = lem_object_new();
        lem_object_str(&o, "role", r->messages[i].role);
        lem_object_str(&o, "content", r->messages[i].content);
        ok = lem_json_append(list, lem_object_done(&o));
    }
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

/* Takes what is needed out of r. */
static lem_status take(lem_remote_prompts *p, size_t i, bool text, lem_prompt_request *r, lem_err *err) {
    if (!text && !r->chat)
        return lem_fail(err, LEM_EUSAGE, "the prompt is text, not messages: --api text expected");
    if (text && !r->text)
        return lem_fail(err, LEM_EUSAGE,
                        "--api text: the template is the served model's: --tokenizer DIR expected, or "
                        "--template plain, or a style that is text");
    if (text) {
        p->text[i] = r->text;
        r->text = NULL;
        return LEM_OK;
    }
    p->turns[i] = message_list(r);
    return p->turns[i] ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory for the prompts");
}

static lem_status make_one(lem_remote_prompts *p, size_t i, bool text, const lem_prompt_settings *s,
                           lem_err *err) {
    const lem_problem *x = &p->rows->at[i];
    lem_prompt_request r = {0};
    lem_status st = lem_prompt_style_messages(s, x->problem, lem_problem_subject(x), &r, err);
    if (st == LEM_OK) st = take(p, i, text, &r, err);
    lem_prompt_request_release(&r);
    bool is_row = st != LEM_OK && st != LEM_EUSAGE;
    return is_row ? lem_err_context(err, "%s:%llu", x->file, (unsigned long long)x->line) : st;
}

lem_status lem_remote_prompts_make(lem_remote_prompts *p, const lem_cli *cli, const lem_args *args, bool text,
                                   lem_problems *rows, const lem_prompt_settings *s, lem_err *err) {
    const char *dir = lem_args_str(args, "tokenizer");
    lem_status st = LEM_OK;
    p->rows = rows;
    if (dir && !text)
        return lem_fail(err, LEM_EUSAGE, "--tokenizer is for --api text: messages go without tokens");
    if (dir) {
        st = lem_prompt_options_tokenizer(cli, dir, s, &p->tok, err);
        return st == LEM_OK ? lem_problems_encode(rows, p->tok, s, INT_MAX, cli->cancel, err) : st;
    }
    if (s->chat_template || s->variables_given)
        return lem_fail(
            err, LEM_EUSAGE,
            "%s: the template is the served model's; --api text --tokenizer DIR writes prompts here%s",
            s->chat_template ? "--template FILE" : "--set",
            s->chat_template ? "" : ", --body '{\"chat_template_kwargs\":{…}}' tells the server");
    p->turns = lem_alloc_zero(rows->n, sizeof *p->turns, err);
    p->text = lem_alloc_zero(rows->n, sizeof *p->text, err);
    if (!p->turns || !p->text) return LEM_EMEM;
    for (size_t i = 0; st == LEM_OK && i < rows->n; i++) {
        st = lem_cancel_check(cli->cancel, err);
        if (st == LEM_OK) st = make_one(p, i, text, s, err);
    }
    return st;
}

void lem_remote_prompts_release(lem_remote_prompts *p) {
    for (size_t i = 0; p->turns && i < p->rows->n; i++) lem_json_free(p->turns[i]);
    for (size_t i = 0; p->text && i < p->rows->n; i++) lem_free(p->text[i]);
    lem_free(p->turns);
    lem_free(p->text);
    if (p->tok) lem_tokenizer_free(p->tok);
    *p = (lem_remote_prompts){0};
}
