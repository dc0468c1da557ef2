/* chat_load.c - finds a folder's chat template and the special tokens that it writes */
#include "core/file.h"
#include "core/mem.h"
#include "token/chat_template.h"
#include "token/tokenizer_priv.h"

#include <string.h>

enum { MAX_TEMPLATE = 4 << 20 };

const char lem_chatml[] =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + "
    "'<|im_end|>' + '\\n' "
    "}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

bool lem_chat_has_template(const lem_tokenizer *t) { return t->chat.template || t->chat.error; }

lem_status lem_chat_template(const lem_tokenizer *t, const lem_template **out, lem_err *err) {
    if (t->chat.error) return lem_fail(err, LEM_EDATA, "%s", t->chat.error);
    *out = t->chat.template;
    return LEM_OK;
}

const lem_json *lem_chat_variables(const lem_tokenizer *t) { return t->chat.variables; }

lem_status lem_chat_set(lem_tokenizer *t, const lem_json *variables, lem_err *err) {
    lem_json *copy = variables ? lem_json_copy(variables) : NULL;
    if (variables && !copy)
        return lem_fail(err, LEM_EMEM, "out of memory for the variables of a chat template");
    lem_json_free(t->chat.variables);
    t->chat.variables = copy;
    return LEM_OK;
}

const lem_json *lem_chat_tokens(const lem_tokenizer *t) { return t->chat.tokens; }

/* After added tokens it does, but not after those found in text already normalized: the normalizer (which may
 * put a blank in front) ran before them. */
bool lem_chat_begins_anew(const lem_tokenizer *t, int32_t id) {
    if (!(t->vocab.entry[id].flags & TOK_ADDED)) return false;
    for (size_t i = 0; i < t->n_added && !t->meta.on; i++)
        if (t->added[i].id == id) return !t->added[i].normalized;
    return true;
}

void lem_chat_parts_release(tok_chat *c) {
    lem_template_free(c->template);
    lem_free(c->error);
    lem_free(c->source);
    lem_json_free(c->tokens);
    lem_json_free(c->variables);
    *c = (tok_chat){0};
}

/* The names that Transformers hands to a template (SPECIAL_TOKENS_ATTRIBUTES); those not set are left out. */
static const char *const names[] = {"bos_token", "eos_token", "unk_token",  "sep_token",
                                    "pad_token", "cls_token", "mask_token", "additional_special_tokens"};

/* A token is text, or an object with content; NULL for anything else. */
static const lem_json *token_text(const lem_json *v) {
    if (lem_json_kind(v) == LEM_JSON_OBJECT) v = lem_json_get(v, "content");
    return lem_json_kind(v) == LEM_JSON_STRING ? v : NULL;
}

static lem_json *token_value(const lem_json *v) {
    if (lem_json_kind(v) != LEM_JSON_ARRAY) return lem_json_copy(token_text(v));
    lem_json *list = lem_json_new_array();
    for (size_t i = 0; list && i < lem_json_count(v); i++) {
        const lem_json *text = token_text(lem_json_at(v, i));
        if (!text || lem_json_append(list, lem_json_copy(text))) continue;
        lem_json_free(list);
        return NULL;
    }
    return list;
}

/* Takes over the tokens of a file that are not known yet. */
static lem_status add_tokens(tok_chat *c, const lem_json *from, lem_err *err) {
    if (!c->tokens && !(c->tokens = lem_json_new_object())) return lem_fail(err, LEM_EMEM, "out of memory");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const lem_json *v = lem_json_get(from, names[i]);
        if (lem_json_get(c->tokens, names[i]) || (!token_text(v) && lem_json_kind(v) != LEM_JSON_ARRAY))
            continue;
        if (!lem_json_set(c->tokens, names[i], token_value(v)))
            return lem_fail(err, LEM_EMEM, "out of memory");
    }
    return LEM_OK;
}

/* A template that cannot be read is no reason to refuse the tokenizer: the error comes when a conversation is
 * to be written. */
static lem_status compile(tok_chat *c, const char *source, size_t len, lem_err *err) {
    lem_err why = LEM_ERR_INIT;
    lem_template_free(c->template);
    lem_free(c->error);
    c->template = NULL;
    c->error = NULL;
    lem_status st = lem_template_parse(source, len, &c->template, &why);
    if (st == LEM_OK) return LEM_OK;
    if (st != LEM_EDATA) return lem_fail(err, st, "%s", why.text);
    c->error = lem_strdup(why.text, err);
    return c->error ? LEM_OK : LEM_EMEM;
}

/* chat_template is text, or a list of {name, template} of which the one named default counts. NULL: none. */
static const lem_json *template_text(const lem_json *v) {
    for (size_t i = 0; lem_json_kind(v) == LEM_JSON_ARRAY && i < lem_json_count(v); i++) {
        const lem_json *one = lem_json_at(v, i);
        if (strcmp(lem_json_str(lem_json_get(one, "name"), ""), "default") == 0)
            return lem_json_get(one, "template");
    }
    return lem_json_kind(v) == LEM_JSON_STRING ? v : NULL;
}

lem_status lem_chat_read_config(lem_tokenizer *t, const lem_json *config, lem_err *err) {
    tok_chat *c = &t->chat;
    const lem_json *v = lem_json_get(config, "chat_template"), *text = template_text(v);
    lem_status st = add_tokens(c, config, err);
    if (st != LEM_OK) return st;
    if (lem_json_kind(text) == LEM_JSON_STRING)
        return compile(c, lem_json_str(text, ""), lem_json_str_len(text), err);
    if (lem_json_kind(v) == LEM_JSON_NULL) return LEM_OK;
    lem_free(c->error);
    c->error = lem_strdup(lem_json_kind(v) == LEM_JSON_ARRAY
                              ? "chat_template of tokenizer_config.json has no template named default"
                              : "chat_template of tokenizer_config.json is no text",
                          err);
    return c->error ? LEM_OK : LEM_EMEM;
}

static lem_status read_map(tok_chat *c, const char *path, lem_err *err) {
    lem_json *map = NULL;
    lem_status st = lem_json_load(path, LEM_TOK_MAX_FILE, &map, err);
    if (st == LEM_OK) st = add_tokens(c, map, err);
    lem_json_free(map);
    return st;
}

static lem_status read_file(tok_chat *c, const char *path, lem_err *err) {
    lem_buf text = {0};
    lem_status st;
    LEM_TRY(lem_file_read(path, MAX_TEMPLATE, &text, err));
    LEM_TRY(compile(c, lem_buf_str(&text), text.len, err));
    lem_free(c->source);
    c->source_len = text.len;
    c->source = lem_buf_take(&text);
    if (!c->source) c->source = lem_strdup("", err); /* an empty file */
    st = c->source ? LEM_OK : LEM_EMEM;
done:
    lem_buf_release(&text);
    return st;
}

lem_status lem_chat_read_folder(lem_tokenizer *t, const char *dir, lem_err *err) {
    char *map = lem_path_join(dir, "special_tokens_map.json", err),
         *file = lem_path_join(dir, "chat_template.jinja", err);
    lem_status st = map && file ? LEM_OK : LEM_EMEM;
    if (st == LEM_OK && lem_file_exists(map)) st = read_map(&t->chat, map, err);
    if (st == LEM_OK && lem_file_exists(file)) st = read_file(&t->chat, file, err);
    lem_free(map);
    lem_free(file);
    return st;
}

lem_status lem_chat_use(lem_tokenizer *t, const char *source, size_t len, lem_err *err) {
    lem_template *template = NULL;
    lem_status st = lem_template_parse(source, len, &template, err);
    char *copy = st == LEM_OK ? lem_strndup(source, len, err) : NULL;
    if (!copy) {
        lem_template_free(template);
        return st ? st : LEM_EMEM;
    }
    lem_free(t->chat.source);
    t->chat.source = copy; /* what is saved */
    t->chat.source_len = len;
    lem_template_free(t->chat.template);
    lem_free(t->chat.error);
    t->chat.template = template;
    t->chat.error = NULL;
    return LEM_OK;
}
