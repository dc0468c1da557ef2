/* settings.c - prompt settings of a model folder: lemma.json, and what a command line may say beside it */
#include "prompt/settings_priv.h"

#include "core/file.h"
#include "core/mem.h"
#include "prompt/style.h"
#include "prompt/variables.h"

#include <string.h>

enum { MAX_FILE = 1 << 20, FORMAT = 1, N_TEXTS = 4 };

static const char *const template_names[] = {"chat", "plain"};
static const char *const form_names[LEM_PROMPT_FORM_COUNT] = {
    "last-token", "reply-end", "end-of-text", "reward-token", "step-token",
    "step-line",  "step-text", "step-turns",  "whole-turn",   "step-tags"};

static const char *const signs_names[] = {"own", "plus"};

/* The settings that are texts: their keys, and the options that say the same. */
static const struct text_row {
    unsigned told;
    const char *key, *option;
    size_t at;
} texts[N_TEXTS] = {
    {LEM_PROMPT_TOLD_SYSTEM, "system", "--system", offsetof(lem_prompt_settings, system)},
    {LEM_PROMPT_TOLD_SUFFIX, "suffix", "--suffix", offsetof(lem_prompt_settings, suffix)},
    {LEM_PROMPT_TOLD_SEPARATOR, "step_separator", "--step-separator",
     offsetof(lem_prompt_settings, separator)},
    {LEM_PROMPT_TOLD_STEP_TOKEN, "step_token", "--step-token", offsetof(lem_prompt_settings, step_token)}};

static const char *template_name(lem_prompt_template t) { return template_names[t]; }

const char *lem_prompt_form_name(lem_prompt_form f) { return form_names[f]; }

static char **slot(lem_prompt_settings *s, int i) { return (char **)((char *)s + texts[i].at); }

static const char *text_of(const lem_prompt_settings *s, int i) {
    return *(char *const *)((const char *)s + texts[i].at);
}

void lem_prompt_settings_release(lem_prompt_settings *s) {
    for (int i = 0; i < N_TEXTS; i++) lem_free(*slot(s, i));
    lem_json_free(s->variables);
    lem_free(s->chat_template);
    lem_prompt_shots_release(&s->shots);
    *s = (lem_prompt_settings){0};
}

static bool same_text(const char *a, const char *b) { return a && b ? strcmp(a, b) == 0 : a == b; }

bool lem_prompt_settings_equal(const lem_prompt_settings *a, const lem_prompt_settings *b) {
    bool same = a->told == b->told && a->template == b->template && a->form == b->form &&
                a->signs == b->signs && a->style == b->style &&
                same_text(a->chat_template, b->chat_template) && lem_json_equal(a->variables, b->variables);
    for (int i = 0; i < N_TEXTS; i++) same = same && same_text(text_of(a, i), text_of(b, i));
    return same;
}

static lem_status tell(lem_prompt_settings *s, int i, const char *text, lem_err *err) {
    char *copy = NULL;
    if (text && strlen(text) > LEM_PROMPT_TEXT_MAX)
        return lem_fail(err, LEM_EUSAGE, "the %s of prompts is longer than %d bytes", texts[i].key,
                        LEM_PROMPT_TEXT_MAX);
    if (text && *text && !(copy = lem_strdup(text, err))) return LEM_EMEM;
    lem_free(*slot(s, i));
    *slot(s, i) = copy;
    s->told |= texts[i].told;
    return LEM_OK;
}

lem_status lem_prompt_settings_tell(lem_prompt_settings *s, int field, const char *text, lem_err *err) {
    int i = 0;
    while (texts[i].told != (unsigned)field) i++;
    return tell(s, i, text, err);
}

/* ---- the file */

/* Which of the names v is; -1 if none. */
static int name_index(const char *const *names, int n, const char *v) {
    for (int i = 0; v && i < n; i++)
        if (strcmp(names[i], v) == 0) return i;
    return -1;
}

static lem_status read_text(lem_prompt_settings *s, int i, const lem_json *v, lem_err *err) {
    lem_json_type kind = lem_json_kind(v);
    const char *text = lem_json_str(v, NULL);
    if (kind != LEM_JSON_NULL && kind != LEM_JSON_STRING)
        return lem_fail(err, LEM_EDATA, "prompt.%s: text or null expected, %s found", texts[i].key,
                        lem_json_kind_name(v));
    if (text && (lem_json_str_len(v) > LEM_PROMPT_TEXT_MAX || strlen(text) != lem_json_str_len(v)))
        return lem_fail(err, LEM_EDATA, "prompt.%s: text of at most %d bytes without NUL expected",
                        texts[i].key, LEM_PROMPT_TEXT_MAX);
    return tell(s, i, text, err);
}

static lem_status read_key(lem_prompt_settings *s, const char *key, const lem_json *v, lem_err *err) {
    const char *name = lem_json_str(v, NULL);
    int which;
    for (int i = 0; i < N_TEXTS; i++)
        if (strcmp(key, texts[i].key) == 0) return read_text(s, i, v, err);
    if (strcmp(key, "template") == 0) {
        if ((which = name_index(template_names, 2, name)) < 0)
            return lem_fail(err, LEM_EDATA, "prompt.template: chat or plain expected");
        s->template = (lem_prompt_template)which;
        s->told |= LEM_PROMPT_TOLD_TEMPLATE;
        return LEM_OK;
    }
    if (strcmp(key, "variables") == 0) {
        lem_status st = lem_prompt_variables_of(v, &s->variables, err);
        if (st == LEM_OK) s->told |= LEM_PROMPT_TOLD_VARIABLES;
        return st == LEM_OK ? st : lem_err_context(err, "prompt.variables");
    }
    if (strcmp(key, "signs") == 0) {
        if ((which = name_index(signs_names, 2, name)) < 0)
            return lem_fail(err, LEM_EDATA, "prompt.signs: own or plus expected");
        s->signs = (lem_prompt_signs)which;
        s->told |= LEM_PROMPT_TOLD_SIGNS;
        return LEM_OK;
    }
    if (strcmp(key, "read") != 0) return lem_fail(err, LEM_EDATA, "prompt.%.60s: unknown key", key);
    if ((which = name_index(form_names, LEM_PROMPT_FORM_COUNT, name)) < 0)
        return lem_fail(err, LEM_EDATA, "prompt.read: last-token or another form expected (docs/formats.md)");
    s->form = (lem_prompt_form)which;
    s->told |= LEM_PROMPT_TOLD_FORM;
    return LEM_OK;
}

static lem_status read_root(lem_prompt_settings *s, const lem_json *root, lem_err *err) {
    const lem_json *prompt = lem_json_get(root, "prompt");
    lem_status st = LEM_OK;
    if (lem_json_kind(root) != LEM_JSON_OBJECT)
        return lem_fail(err, LEM_EDATA, "an object expected, %s found", lem_json_kind_name(root));
    if (lem_json_kind(lem_json_get(root, "format")) != LEM_JSON_INT ||
        lem_json_int(lem_json_get(root, "format"), -1) != FORMAT)
        return lem_fail(err, LEM_EDATA, "format: %d expected (a newer version may have written another)",
                        FORMAT);
    for (size_t i = 0; i < lem_json_count(root); i++) {
        const char *key = lem_json_key_at(root, i);
        if (strcmp(key, "format") != 0 && strcmp(key, "prompt") != 0)
            return lem_fail(err, LEM_EDATA, "%.60s: unknown key", key);
    }
    if (lem_json_kind(prompt) != LEM_JSON_OBJECT)
        return lem_fail(err, LEM_EDATA, "prompt: an object expected, %s found",
                        prompt ? lem_json_kind_name(prompt) : "nothing");
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(prompt); i++)
        st = read_key(s, lem_json_key_at(prompt, i), lem_json_value_at(prompt, i), err);
    if (st == LEM_OK && s->told & LEM_PROMPT_TOLD_SEPARATOR && !s->separator)
        st = lem_fail(err, LEM_EDATA, "prompt.step_separator: must not be empty");
    return st;
}

lem_status lem_prompt_settings_parse(const char *text, size_t len, lem_prompt_settings *out, lem_err *err) {
    lem_prompt_settings s = {0};
    lem_json *root = NULL;
    lem_status st = LEM_OK;
    if (len > MAX_FILE) return lem_fail(err, LEM_EDATA, "larger than %d bytes", MAX_FILE);
    LEM_TRY(lem_json_parse(text, len, &root, err));
    LEM_TRY(read_root(&s, root, err));
    *out = s;
    s = (lem_prompt_settings){0};
done:
    lem_prompt_settings_release(&s);
    lem_json_free(root);
    return st;
}

lem_status lem_prompt_settings_load(const char *dir, lem_prompt_settings *out, lem_err *err) {
    char *path = lem_path_join(dir, LEM_PROMPT_SETTINGS_FILE, err);
    lem_buf text = {0};
    lem_status st = LEM_OK;
    if (!path) return LEM_EMEM;
    if (!lem_file_exists(path)) {
        *out = (lem_prompt_settings){0};
        goto done;
    }
    LEM_TRY(lem_file_read(path, MAX_FILE, &text, err));
    st = lem_prompt_settings_parse(lem_buf_str(&text), text.len, out, err);
    if (st) lem_err_context(err, "%s", path);
done:
    lem_buf_release(&text);
    lem_free(path);
    return st;
}

static bool put_text(lem_json *o, const char *key, const char *text) {
    return lem_json_set(o, key, text ? lem_json_new_str(text) : lem_json_new_null());
}

lem_json *lem_prompt_settings_json(const lem_prompt_settings *s) {
    lem_json *o = lem_json_new_object();
    bool ok = o != NULL;
    if (s->told & LEM_PROMPT_TOLD_TEMPLATE) ok = ok && put_text(o, "template", template_name(s->template));
    for (int i = 0; i < N_TEXTS; i++)
        if (s->told & texts[i].told) ok = ok && put_text(o, texts[i].key, text_of(s, i));
    if (s->told & LEM_PROMPT_TOLD_VARIABLES)
        ok = ok && lem_json_set(o, "variables", lem_json_copy(s->variables));
    if (s->told & LEM_PROMPT_TOLD_FORM) ok = ok && put_text(o, "read", lem_prompt_form_name(s->form));
    if (s->told & LEM_PROMPT_TOLD_SIGNS) ok = ok && put_text(o, "signs", signs_names[s->signs]);
    if (ok) return o;
    lem_json_free(o);
    return NULL;
}

lem_status lem_prompt_settings_save(const lem_prompt_settings *s, const char *dir, lem_err *err) {
    lem_json *root = lem_json_new_object(), *prompt = lem_prompt_settings_json(s);
    bool ok = root && prompt && lem_json_set(root, "format", lem_json_new_int(FORMAT));
    if (ok) {
        ok = lem_json_set(root, "prompt", prompt);
        prompt = NULL;
    }
    lem_status st = lem_json_save_in(dir, LEM_PROMPT_SETTINGS_FILE, ok ? root : NULL, 2, err);
    lem_json_free(prompt);
    lem_json_free(root);
    return st;
}

/* ---- the command line beside it */

static lem_status take_text(lem_prompt_settings *s, int i, const char *dir, const char *given, lem_err *err) {
    if (!given) return LEM_OK;
    const char *asked = *given ? given : NULL;
    if (s->told & texts[i].told && !same_text(asked, text_of(s, i)))
        return lem_prompt_conflict(texts[i].option, asked, text_of(s, i), dir, err);
    return tell(s, i, given, err);
}

static lem_status take_template(lem_prompt_settings *s, const char *dir, const char *given, lem_err *err) {
    int which = name_index(template_names, 2, given);
    if (!given || s->style) return LEM_OK; /* a style tells the template, and was compared */
    if (s->told & LEM_PROMPT_TOLD_TEMPLATE && s->template != (lem_prompt_template)which)
        return lem_prompt_conflict("--template", given, template_name(s->template), dir, err);
    s->template = (lem_prompt_template)which;
    s->told |= LEM_PROMPT_TOLD_TEMPLATE;
    return LEM_OK;
}

/* A style tells template, system text and suffix. */
static lem_status take_style(lem_prompt_settings *s, const char *dir, const lem_prompt_options *o,
                             lem_err *err) {
    lem_status st = lem_prompt_take_style(s, dir, o, err);
    if (st == LEM_OK) st = lem_prompt_settings_tell(s, LEM_PROMPT_TOLD_SYSTEM, s->style->system, err);
    return st == LEM_OK ? lem_prompt_settings_tell(s, LEM_PROMPT_TOLD_SUFFIX, s->style->suffix, err) : st;
}

static lem_status check_options(const lem_prompt_options *o, bool *alone, lem_err *err) {
    *alone = o->from && strcmp(o->from, "options") == 0;
    if (o->from && !*alone && strcmp(o->from, "folder") != 0)
        return lem_fail(err, LEM_EUSAGE, "--prompt-from '%.60s' is neither folder nor options", o->from);
    if (o->separator && !*o->separator)
        return lem_fail(err, LEM_EUSAGE, "the text between steps must not be empty");
    return LEM_OK;
}

/* Style, template and its variables; a template's file is another chat template. */
static lem_status take_ways(lem_prompt_settings *s, const char *dir, const lem_prompt_options *o,
                            lem_err *err) {
    bool trained = s->told & LEM_PROMPT_TOLD_TEMPLATE;
    lem_prompt_options mine = *o;
    const char *file = o->template && name_index(template_names, 2, o->template) < 0 ? o->template : NULL;
    lem_status st = LEM_OK;
    if (file) mine.template = template_name(LEM_PROMPT_CHAT);
    if (o->style) LEM_TRY(take_style(s, dir, &mine, err));
    LEM_TRY(take_template(s, dir, mine.template, err));
    if (file) LEM_TRY(lem_prompt_take_file(s, trained ? dir : NULL, file, err));
    if (lem_json_count(o->set)) LEM_TRY(lem_prompt_take_variables(s, dir, o->set, err));
done:
    return st;
}

lem_status lem_prompt_settings_open(const char *dir, const lem_prompt_options *o, lem_prompt_settings *out,
                                    lem_err *err) {
    const char *const given[N_TEXTS] = {o->system, o->suffix, o->separator, o->step_token};
    lem_prompt_settings s = {0};
    bool alone;
    lem_status st;
    LEM_TRY(check_options(o, &alone, err));
    if (dir && !alone) LEM_TRY(lem_prompt_settings_load(dir, &s, err));
    LEM_TRY(take_ways(&s, dir, o, err));
    for (int i = 0; i < N_TEXTS; i++) LEM_TRY(take_text(&s, i, dir, given[i], err));
    *out = s;
    s = (lem_prompt_settings){0};
done:
    lem_prompt_settings_release(&s);
    return st;
}
