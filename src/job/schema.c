/* schema.c - the option tables as JSON: the schema of recipes, and the list that tests walk over */
#include "job/texts.h"

#include <string.h>

static bool put(lem_json *o, const char *key, lem_json *v) { return v && lem_json_set(o, key, v); }
static bool put_text(lem_json *o, const char *key, const char *text) {
    return put(o, key, lem_json_new_str(text));
}

/* Takes v. */
static lem_json *done(lem_json *v, bool ok) {
    if (ok) return v;
    lem_json_free(v);
    return NULL;
}

static lem_json *choices_of(const lem_opt *o) {
    char one[32];
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && lem_opt_choice(o, i, one); i++) ok = lem_json_append(list, lem_json_new_str(one));
    return done(list, ok);
}

static lem_json *typed(const char *type) {
    lem_json *o = lem_json_new_object();
    return done(o, o && put_text(o, "type", type));
}

/* A text (a number counts as one), or a list of them. */
static lem_json *text_or_number(void) {
    lem_json *o = lem_json_new_object(), *types = lem_json_new_array();
    bool ok = o && types && lem_json_append(types, lem_json_new_str("string")) &&
              lem_json_append(types, lem_json_new_str("number")) && put(o, "type", lem_json_share(types));
    lem_json_free(types);
    return done(o, ok);
}

static lem_json *texts_schema(void) {
    lem_json *o = lem_json_new_object(), *any = lem_json_new_array(), *list = typed("array");
    bool ok = o && any && list && put(list, "items", text_or_number()) &&
              lem_json_append(any, text_or_number()) && lem_json_append(any, lem_json_share(list)) &&
              lem_json_set(o, "anyOf", lem_json_share(any));
    lem_json_free(any);
    lem_json_free(list);
    return done(o, ok);
}

static lem_json *value_schema(const lem_opt *o) {
    switch (o->type) {
    case LEM_OPT_FLAG: return typed("boolean");
    case LEM_OPT_INT: return typed("integer");
    case LEM_OPT_NUM: return typed("number");
    case LEM_OPT_LIST:
    case LEM_OPT_TEXTS:
    case LEM_OPT_INPUTS: return texts_schema();
    case LEM_OPT_SIZE: return text_or_number();
    case LEM_OPT_TREE: return typed("array");
    default: return typed("string");
    }
}

static lem_json *default_of(const lem_opt *o) {
    lem_json *v = NULL;
    return lem_opt_value_of_text(o, o->standard, &v, NULL) == LEM_OK ? v : NULL;
}

/* A value may also be a text: "${variable}", or a number that YAML 1.1 reads as text (3e-3). */
static lem_json *text_schema(const lem_opt *o) {
    lem_json *s = typed("string");
    bool number = o->type == LEM_OPT_INT || o->type == LEM_OPT_NUM;
    const char *pattern = number ? "[$][{]|^[-+0-9.eE]+$" : "[$][{]";
    return done(s, s && put_text(s, "pattern", pattern));
}

static lem_json *bounded_schema(const lem_opt *o) {
    lem_json *s = value_schema(o);
    bool ok = s != NULL;
    if (ok && o->choices && o->type == LEM_OPT_ENUM) ok = put(s, "enum", choices_of(o));
    if (ok && o->min < o->max)
        ok = put(s, "minimum", lem_json_new_num(o->min)) && put(s, "maximum", lem_json_new_num(o->max));
    return done(s, ok);
}

static lem_json *either(lem_json *a, lem_json *b) {
    lem_json *s = lem_json_new_object(), *any = lem_json_new_array();
    bool ok = s && any && a && b && lem_json_append(any, lem_json_share(a)) &&
              lem_json_append(any, lem_json_share(b)) && lem_json_set(s, "anyOf", lem_json_share(any));
    lem_json_free(any);
    lem_json_free(a);
    lem_json_free(b);
    return done(s, ok);
}

static lem_json *option_schema(const lem_opt *o) {
    bool closed = o->type <= LEM_OPT_NUM || o->type == LEM_OPT_ENUM;
    lem_json *s = closed ? either(bounded_schema(o), text_schema(o)) : value_schema(o);
    bool ok = s && put_text(s, "description", o->help);
    if (ok && o->standard) ok = put(s, "default", default_of(o));
    return done(s, ok);
}

/* "max-tokens" is also max_tokens in YAML. */
static bool put_both(lem_json *props, const char *name, lem_json *schema) {
    char other[64];
    size_t i = 0;
    for (; name[i] && i < 63; i++) other[i] = name[i] == '-' ? '_' : name[i];
    other[i] = '\0';
    bool ok = schema && lem_json_set(props, name, lem_json_share(schema));
    if (ok && strcmp(other, name) != 0) ok = lem_json_set(props, other, lem_json_share(schema));
    lem_json_free(schema);
    return ok;
}

static lem_json *options_schema(const lem_command *cmd) {
    lem_json *props = lem_json_new_object();
    const lem_opt *o;
    bool ok = props != NULL;
    for (int i = 0; ok && (o = lem_opt_at(cmd, i)); i++) ok = put_both(props, o->name, option_schema(o));
    return done(props, ok);
}

/* The items of a tree option are maps of the same options with a name. */
static bool fill_trees(const lem_command *cmd, lem_json *props) {
    const lem_opt *o;
    bool ok = true;
    for (int i = 0; ok && (o = lem_opt_at(cmd, i)); i++) {
        if (o->type != LEM_OPT_TREE) continue;
        lem_json *item = typed("object"), *inner = options_schema(cmd);
        ok = item && inner && put(inner, "name", typed("string")) &&
             put(item, "properties", lem_json_share(inner)) &&
             put(item, "additionalProperties", lem_json_new_bool(false)) &&
             put(lem_json_get(props, o->name), "items", lem_json_share(item));
        lem_json_free(item);
        lem_json_free(inner);
    }
    return ok;
}

static lem_json *required_of(const char *const *names, int n) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && i < n; i++) ok = lem_json_append(list, lem_json_new_str(names[i]));
    return done(list, ok);
}

static lem_json *expect_schema(void) {
    static const char *const needed[] = {"rows", "tokens"};
    lem_json *s = typed("object"), *props = lem_json_new_object();
    bool ok = s && props && put(props, "rows", typed("number")) && put(props, "tokens", typed("number")) &&
              put(s, "properties", lem_json_share(props)) && put(s, "required", required_of(needed, 2)) &&
              put(s, "additionalProperties", lem_json_new_bool(false));
    lem_json_free(props);
    return done(s, ok);
}

static lem_json *stage_schema(const lem_command *cmd) {
    static const char *const needed[] = {"name", "command"};
    lem_json *s = typed("object"), *props = options_schema(cmd), *name = lem_json_new_object();
    bool ok = s && props && name && fill_trees(cmd, props) && put_text(name, "const", cmd->name) &&
              put(props, "command", lem_json_share(name)) && put(props, "name", typed("string")) &&
              put(props, "words", texts_schema()) && put(props, "expect", expect_schema()) &&
              put_text(s, "title", cmd->name) && put_text(s, "description", cmd->purpose) &&
              put(s, "properties", lem_json_share(props)) && put(s, "required", required_of(needed, 2)) &&
              put(s, "additionalProperties", lem_json_new_bool(false));
    lem_json_free(name);
    lem_json_free(props);
    return done(s, ok);
}

static lem_json *stages_schema(const lem_command *const *table) {
    lem_json *s = typed("array"), *items = lem_json_new_object(), *any = lem_json_new_array();
    bool ok = s && items && any;
    for (int i = 0; ok && table[i]; i++) ok = lem_json_append(any, stage_schema(table[i]));
    ok = ok && put(items, "oneOf", lem_json_share(any)) && put(s, "items", lem_json_share(items)) &&
         put(s, "minItems", lem_json_new_int(1));
    lem_json_free(any);
    lem_json_free(items);
    return done(s, ok);
}

lem_json *lem_recipe_schema(const lem_command *const *table) {
    static const char *const needed[] = {"name", "vars", "stages"};
    lem_json *o = lem_json_new_object(), *props = lem_json_new_object(), *vars = typed("object");
    bool ok = o && props && vars && put_text(o, "$schema", "https://json-schema.org/draft/2020-12/schema") &&
              put_text(o, "title", "a recipe of lemma run") && put_text(o, "type", "object") &&
              put(props, "name", typed("string")) && put(props, "about", typed("string")) &&
              put(props, "vars", lem_json_share(vars)) && put(props, "stages", stages_schema(table)) &&
              put(o, "properties", lem_json_share(props)) && put(o, "required", required_of(needed, 3)) &&
              put(o, "additionalProperties", lem_json_new_bool(false));
    lem_json_free(props);
    lem_json_free(vars);
    return done(o, ok);
}

/* ---- the list of commands ---- */

static const char *type_name(lem_opt_type t) {
    static const char *const names[] = {
        [LEM_OPT_FLAG] = "flag",   [LEM_OPT_INT] = "int",     [LEM_OPT_NUM] = "num",
        [LEM_OPT_STR] = "str",     [LEM_OPT_ENUM] = "enum",   [LEM_OPT_LIST] = "list",
        [LEM_OPT_TEXTS] = "texts", [LEM_OPT_INPUT] = "input", [LEM_OPT_INPUTS] = "inputs",
        [LEM_OPT_SIZE] = "size",   [LEM_OPT_TREE] = "tree"};
    return names[t];
}

static lem_json *option_json(const lem_opt *o) {
    lem_json *j = lem_json_new_object();
    bool ok = j && put_text(j, "name", o->name) && put_text(j, "type", type_name(o->type)) &&
              put(j, "changes_result", lem_json_new_bool(o->effect == LEM_OPT_CHANGES_RESULT));
    if (ok && o->standard) ok = put_text(j, "default", o->standard);
    if (ok && o->choices) ok = put(j, "choices", choices_of(o));
    if (ok && o->min < o->max)
        ok = put(j, "min", lem_json_new_num(o->min)) && put(j, "max", lem_json_new_num(o->max));
    return done(j, ok);
}

static lem_json *command_json(const lem_command *cmd) {
    static const char *const outputs[] = {"none", "file", "folder"};
    lem_json *j = lem_json_new_object(), *list = lem_json_new_array();
    const lem_opt *o;
    bool ok = j && list && put_text(j, "name", cmd->name) && put_text(j, "purpose", cmd->purpose) &&
              put_text(j, "output", outputs[cmd->output]);
    for (int i = 0; ok && (o = lem_opt_at(cmd, i)); i++) ok = lem_json_append(list, option_json(o));
    ok = ok && put(j, "options", lem_json_share(list));
    lem_json_free(list);
    return done(j, ok);
}

lem_json *lem_commands_json(const lem_command *const *table) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && table[i]; i++) ok = lem_json_append(list, command_json(table[i]));
    return done(list, ok);
}
