/* variables.c - variables of a chat template: from options, from lemma.json, into the tokenizer */
#include "prompt/variables.h"

#include "core/file.h"
#include "core/mem.h"
#include "prompt/settings_priv.h"
#include "token/chat_template.h"

#include <string.h>

enum { MAX_NAMES = 64, MAX_NAME = 64, MAX_TEMPLATE = 1 << 20 };

static lem_status check_name(const char *name, size_t n, lem_err *err) {
    static const char *const own[] = {"messages", "tools", "documents", "add_generation_prompt"};
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    bool digit = n && name[0] >= '0' && name[0] <= '9';
    if (n == 0 || n > MAX_NAME || digit || strspn(name, letters) < n)
        return lem_fail(err, LEM_EDATA, "'%.*s' is no name of a variable", (int)(n < 60 ? n : 60), name);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strlen(own[i]) == n && memcmp(own[i], name, n) == 0)
            return lem_fail(err, LEM_EDATA, "%s is set by every rendering", own[i]);
    return LEM_OK;
}

static lem_status check_size(const lem_json *v, lem_err *err) {
    lem_buf b = {0};
    lem_json_write(v, 0, &b);
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK && (b.len > LEM_PROMPT_TEXT_MAX || lem_json_count(v) > MAX_NAMES))
        st = lem_fail(err, LEM_EDATA, "at most %d variables of %d bytes together expected", MAX_NAMES,
                      LEM_PROMPT_TEXT_MAX);
    lem_buf_release(&b);
    return st;
}

lem_status lem_prompt_variables_of(const lem_json *v, lem_json **out, lem_err *err) {
    lem_status st = LEM_OK;
    bool object = lem_json_kind(v) == LEM_JSON_OBJECT;
    if (!object || lem_json_count(v) == 0)
        return lem_fail(err, LEM_EDATA, "an object of variables expected, %s found",
                        object ? "an empty one" : lem_json_kind_name(v));
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(v); i++)
        st = check_name(lem_json_key_at(v, i), strlen(lem_json_key_at(v, i)), err);
    if (st == LEM_OK) st = check_size(v, err);
    lem_json *copy = st == LEM_OK ? lem_json_copy(v) : NULL;
    if (st == LEM_OK && !copy) st = lem_fail(err, LEM_EMEM, "out of memory");
    if (st != LEM_OK) return st;
    lem_json_free(*out);
    *out = copy;
    return LEM_OK;
}

/* ---- of options */

/* Python's words and half-written JSON are mistakes, and as texts they would be true. */
static bool is_mistaken(const char *value) {
    static const char *const python[] = {"True", "False", "None"};
    for (size_t i = 0; i < sizeof python / sizeof *python; i++)
        if (strcmp(value, python[i]) == 0) return true;
    return *value && strchr("{[\"", *value);
}

static lem_status read_value(const char *text, lem_json **out, lem_err *err) {
    lem_status st = lem_json_parse(text, strlen(text), out, err);
    if (st != LEM_EDATA) return st;
    if (is_mistaken(text))
        return lem_fail(err, LEM_EDATA, "true, false, null, a number, a text or other JSON expected");
    *out = lem_json_new_str(text);
    return *out ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static lem_status assign(const char *s, lem_json *to, lem_err *err) {
    const char *eq = strchr(s, '=');
    lem_json *v = NULL;
    if (!eq) return lem_fail(err, LEM_EDATA, "NAME=VALUE expected");
    lem_status st = check_name(s, (size_t)(eq - s), err);
    if (st == LEM_OK) st = read_value(eq + 1, &v, err);
    if (st != LEM_OK) return st;
    char *name = lem_strndup(s, (size_t)(eq - s), err);
    if (!name) st = LEM_EMEM;
    else if (lem_json_get(to, name)) st = lem_fail(err, LEM_EDATA, "%s is given twice", name);
    else if (!lem_json_set(to, name, lem_json_share(v))) st = lem_fail(err, LEM_EMEM, "out of memory");
    lem_json_free(v);
    lem_free(name);
    return st;
}

static lem_status assign_all(const lem_json *list, lem_json *to, lem_err *err) {
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(list); i++) {
        const char *one = lem_json_str(lem_json_at(list, i), "");
        st = assign(one, to, err);
        if (st != LEM_OK) lem_err_context(err, "--set %.80s", one);
    }
    if (st != LEM_OK) return st;
    st = check_size(to, err);
    return st == LEM_OK ? st : lem_err_context(err, "--set");
}

lem_status lem_prompt_variables_parse(const lem_json *list, lem_json **out, lem_err *err) {
    lem_err own = LEM_ERR_INIT;
    *out = NULL;
    if (lem_json_count(list) == 0) return LEM_OK;
    lem_json *o = lem_json_new_object();
    if (!o) return lem_fail(err, LEM_EMEM, "out of memory");
    lem_status st = assign_all(list, o, &own);
    if (st == LEM_OK) *out = o;
    else lem_json_free(o);
    if (st == LEM_EDATA) st = LEM_EUSAGE;
    return st == LEM_OK ? st : lem_fail(err, st, "%s", own.text);
}

lem_status lem_prompt_variables_check(const lem_json *variables, const lem_tokenizer *t, lem_err *err) {
    const lem_template *template = NULL;
    lem_status st = lem_json_count(variables) ? lem_chat_template(t, &template, err) : LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(variables); i++) {
        const char *name = lem_json_key_at(variables, i);
        if (template && lem_template_mentions(template, name)) continue;
        st = lem_fail(err, LEM_EUSAGE, "--set %s: the chat template %s", name,
                      template ? "does not mention that name" : "is ChatML, which has no variables");
    }
    return st;
}

/* ---- in settings */

static lem_status others_than_trained(const lem_prompt_settings *s, const lem_json *asked, const char *dir,
                                      lem_err *err) {
    lem_buf a = {0}, b = {0};
    lem_json_write(asked, 0, &a);
    lem_json_write(s->variables, 0, &b);
    lem_status st = lem_prompt_conflict("--set", lem_buf_str(&a), lem_buf_str(&b), dir, err);
    lem_buf_release(&a);
    lem_buf_release(&b);
    return st;
}

lem_status lem_prompt_take_variables(lem_prompt_settings *s, const char *dir, const lem_json *list,
                                     lem_err *err) {
    lem_json *asked = NULL;
    bool told = s->told & LEM_PROMPT_TOLD_VARIABLES;
    if (s->template != LEM_PROMPT_CHAT)
        return lem_fail(err, LEM_EUSAGE,
                        "--set is for the folder's chat template, and the prompt is not written by it");
    lem_status st = lem_prompt_variables_parse(list, &asked, err);
    if (st == LEM_OK && told && !lem_json_equal(asked, s->variables))
        st = others_than_trained(s, asked, dir, err);
    if (st != LEM_OK) {
        lem_json_free(asked);
        return st;
    }
    lem_json_free(s->variables);
    s->variables = asked;
    s->told |= LEM_PROMPT_TOLD_VARIABLES;
    s->variables_given = true;
    return LEM_OK;
}

static lem_status same_as_saved(const char *trained, const char *file, const lem_buf *text, lem_err *err) {
    char *path = lem_path_join(trained, "chat_template.jinja", err);
    lem_buf saved = {0};
    lem_status st = path ? LEM_OK : LEM_EMEM;
    if (st == LEM_OK && lem_file_exists(path)) st = lem_file_read(path, MAX_TEMPLATE, &saved, err);
    bool same = saved.len == text->len && saved.len && memcmp(saved.data, text->data, text->len) == 0;
    if (st == LEM_OK && !same)
        st = lem_prompt_conflict("--template", file, "the folder's own template", trained, err);
    lem_buf_release(&saved);
    lem_free(path);
    return st;
}

lem_status lem_prompt_take_file(lem_prompt_settings *s, const char *trained, const char *file, lem_err *err) {
    lem_template *parsed = NULL;
    lem_buf text = {0};
    lem_status st = LEM_OK;
    if (s->template != LEM_PROMPT_CHAT)
        return lem_fail(err, LEM_EUSAGE,
                        "--template %.200s: the prompt is not written by a chat template of a file", file);
    LEM_TRY(lem_file_read(file, MAX_TEMPLATE, &text, err));
    st = lem_template_parse(lem_buf_str(&text), text.len, &parsed, err);
    if (st != LEM_OK) lem_err_context(err, "%s", file);
    else if (trained) st = same_as_saved(trained, file, &text, err);
    if (st == LEM_OK && !(s->chat_template = lem_strndup(lem_buf_str(&text), text.len, err))) st = LEM_EMEM;
done:
    lem_template_free(parsed);
    lem_buf_release(&text);
    return st;
}

lem_status lem_prompt_settings_apply(const lem_prompt_settings *s, lem_tokenizer *t, lem_err *err) {
    const char *source = s->chat_template;
    lem_status st = LEM_OK;
    if (source) LEM_TRY(lem_chat_use(t, source, strlen(source), err));
    if (s->variables_given) LEM_TRY(lem_prompt_variables_check(s->variables, t, err));
    st = lem_chat_set(t, s->variables, err);
done:
    return st;
}
