/* settings_style.c - a style by name into the settings: what it tells, and who says otherwise */
#include "prompt/settings_priv.h"
#include "prompt/style.h"

#include <stdio.h>
#include <string.h>

static bool same(const char *a, const char *b) { return strcmp(a ? a : "", b ? b : "") == 0; }

static lem_status against_folder(const lem_prompt_settings *s, const char *field, unsigned told,
                                 const char *given, const char *saved, const char *dir, lem_err *err) {
    char what[96];
    if (!(s->told & told) || same(given, saved)) return LEM_OK;
    snprintf(what, sizeof what, "--style %.40s (%s)", s->style->name, field);
    return lem_prompt_conflict(what, given, saved, dir, err);
}

static lem_status against_option(const lem_prompt_style *how, const char *field, const char *option,
                                 const char *says, lem_err *err) {
    if (!option || same(option, says)) return LEM_OK;
    lem_buf a = {0}, b = {0};
    lem_prompt_show(*option ? option : NULL, &a);
    lem_prompt_show(says, &b);
    lem_status st =
        lem_fail(err, LEM_EUSAGE, "--%s %s says otherwise than --style %s (%s); leave one of them out", field,
                 lem_buf_str(&a), how->name, lem_buf_str(&b));
    lem_buf_release(&a);
    lem_buf_release(&b);
    return st;
}

/* ChatML for a folder that was trained by its own template is looked at where prompts are made: the texts may
 * be the same. */
static lem_status take_template(lem_prompt_settings *s, const char *dir, const char *option, lem_err *err) {
    static const char *const names[] = {"chat", "plain", "ChatML", "text"};
    lem_prompt_template t = s->style->template;
    lem_status st = LEM_OK;
    s->trained_chat =
        s->told & LEM_PROMPT_TOLD_TEMPLATE && s->template == LEM_PROMPT_CHAT && t == LEM_PROMPT_CHATML;
    if (!s->trained_chat)
        st = against_folder(s, "template", LEM_PROMPT_TOLD_TEMPLATE, names[t], names[s->template], dir, err);
    if (st == LEM_OK) st = against_option(s->style, "template", option, names[t], err);
    s->template = t;
    s->told |= LEM_PROMPT_TOLD_TEMPLATE;
    return st;
}

static lem_status no_such_style(const char *name, lem_err *err) {
    return lem_fail(err, LEM_EUSAGE, "--style '%.60s': one of %s expected", name, LEM_PROMPT_STYLE_NAMES);
}

lem_status lem_prompt_take_style(lem_prompt_settings *s, const char *dir, const lem_prompt_options *o,
                                 lem_err *err) {
    const lem_prompt_style *how = lem_prompt_style_find(o->style);
    lem_status st = LEM_OK;
    if (!how) return no_such_style(o->style, err);
    s->style = how;
    LEM_TRY(take_template(s, dir, o->template, err));
    LEM_TRY(against_folder(s, "system", LEM_PROMPT_TOLD_SYSTEM, how->system, s->system, dir, err));
    LEM_TRY(against_folder(s, "suffix", LEM_PROMPT_TOLD_SUFFIX, how->suffix, s->suffix, dir, err));
    LEM_TRY(against_option(how, "system", o->system, how->system, err));
    LEM_TRY(against_option(how, "suffix", o->suffix, how->suffix, err));
    LEM_TRY(lem_prompt_settings_tell(s, LEM_PROMPT_TOLD_SYSTEM, how->system, err));
    LEM_TRY(lem_prompt_settings_tell(s, LEM_PROMPT_TOLD_SUFFIX, how->suffix, err));
done:
    return st;
}
