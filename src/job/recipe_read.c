/* recipe_read.c - a recipe's tree to stages: overrides, variables, options */
#include "job/recipe_priv.h"

#include "core/mem.h"

#include <string.h>

static lem_status no_memory(lem_err *err) { return lem_fail(err, LEM_EMEM, "out of memory"); }

/* ---- overrides ---- */

static lem_status set_variable(recipe *r, const char *assignment, size_t len, lem_err *err) {
    char key[64];
    const char *names[64];
    int m = 0;
    snprintf(key, sizeof key, "%.*s", (int)(len < 63 ? len : 63), assignment);
    if (lem_json_get(r->vars, key)) return lem_yaml_override(r->vars, assignment, err);
    for (size_t k = 0; k < lem_json_count(r->vars) && m < 64; k++) names[m++] = lem_json_key_at(r->vars, k);
    const char *near = lem_suggest(key, names, m);
    if (near)
        return lem_fail(err, LEM_EUSAGE, "the recipe has no variable '%s'; did you mean '%s'?", key, near);
    return lem_fail(err, LEM_EUSAGE, "the recipe has no variable '%s'", key);
}

/* var=value sets a variable; stage.option=value sets an option of that stage. */
static lem_status apply_overrides(recipe *r, lem_err *err) {
    for (int i = 0; i < r->spec->n_overrides; i++) {
        const char *text = r->spec->overrides[i], *eq = strchr(text, '='), *dot = strchr(text, '.');
        if (!eq)
            return lem_fail(err, LEM_EUSAGE, "'%s' is not an override; write var=value or stage.option=value",
                            text);
        lem_status st = dot && dot < eq ? lem_yaml_override(r->list, text, err)
                                        : set_variable(r, text, (size_t)(eq - text), err);
        if (st) return st;
    }
    if (r->spec->out && !lem_json_set(r->vars, "out", lem_json_new_str(r->spec->out))) return no_memory(err);
    return LEM_OK;
}

/* ---- keys ---- */

static lem_status check_keys(const recipe *r, lem_err *err) {
    static const char *const known[] = {"name", "vars", "stages", "about"};
    const char *source = r->spec->source;
    for (size_t i = 0; i < lem_json_count(r->spec->tree); i++) {
        const char *key = lem_json_key_at(r->spec->tree, i);
        bool ok = false;
        for (int k = 0; k < 4; k++) ok = ok || strcmp(key, known[k]) == 0;
        if (ok) continue;
        const char *near = lem_suggest(key, known, 4);
        if (near)
            return lem_fail(err, LEM_EUSAGE, "%s: unknown key '%s'; did you mean '%s'?", source, key, near);
        return lem_fail(err, LEM_EUSAGE, "%s: unknown key '%s'; a recipe has name, about, vars and stages",
                        source, key);
    }
    return LEM_OK;
}

static lem_status check_shape(recipe *r, lem_err *err) {
    const char *source = r->spec->source;
    lem_status st = check_keys(r, err);
    if (st) return st;
    r->name = lem_json_str(lem_json_get(r->spec->tree, "name"), NULL);
    if (!r->name) return lem_fail(err, LEM_EUSAGE, "%s: a recipe needs 'name'", source);
    if (lem_json_kind(r->vars) != LEM_JSON_OBJECT || !lem_json_get(r->vars, "out"))
        return lem_fail(err, LEM_EUSAGE, "%s: a recipe needs 'vars: {out: DIR}'", source);
    if (lem_json_kind(r->list) != LEM_JSON_ARRAY || lem_json_count(r->list) == 0)
        return lem_fail(err, LEM_EUSAGE, "%s: 'stages' must be a list of stages", source);
    return LEM_OK;
}

/* ---- variables ---- */

/* Replaces ${name} by the variable's text. */
static lem_status expand(const recipe *r, const char *text, lem_buf *out, lem_err *err) {
    for (const char *p = text; *p;) {
        const char *close = p[0] == '$' && p[1] == '{' ? strchr(p, '}') : NULL;
        char key[64];
        if (!close) {
            lem_buf_putc(out, *p++);
            continue;
        }
        size_t n = (size_t)(close - p - 2);
        if (n >= sizeof key) return lem_fail(err, LEM_EUSAGE, "variable name too long in '%s'", text);
        memcpy(key, p + 2, n);
        key[n] = '\0';
        const lem_json *v = lem_json_get(r->vars, key);
        if (!v) return lem_fail(err, LEM_EUSAGE, "there is no variable '%s' (in '%s')", key, text);
        if (lem_json_kind(v) == LEM_JSON_STRING) lem_buf_puts(out, lem_json_str(v, ""));
        else lem_json_write(v, 0, out);
        p = close + 1;
    }
    return lem_buf_ok(out, err);
}

static lem_status expand_value(const recipe *r, const lem_json *v, lem_json **out, lem_err *err);

/* Takes the copy in *item into `into`, a list (key NULL) or a map. */
static lem_status add_expanded(const recipe *r, const lem_json *v, const char *key, lem_json *into,
                               lem_err *err) {
    lem_json *item = NULL;
    lem_status st = expand_value(r, v, &item, err);
    if (st) return st;
    bool ok = key ? lem_json_set(into, key, item) : lem_json_append(into, item);
    return ok ? LEM_OK : no_memory(err);
}

static lem_status expand_members(const recipe *r, const lem_json *v, lem_json *into, lem_err *err) {
    bool map = lem_json_kind(v) == LEM_JSON_OBJECT;
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(v); i++)
        st = map ? add_expanded(r, lem_json_value_at(v, i), lem_json_key_at(v, i), into, err)
                 : add_expanded(r, lem_json_at(v, i), NULL, into, err);
    return st;
}

/* A copy of v with every text expanded; depth is bounded by the YAML reader. */
static lem_status expand_value(const recipe *r, const lem_json *v, lem_json **out, lem_err *err) {
    lem_buf b = {0};
    lem_status st = LEM_OK;
    lem_json *made = NULL;
    switch (lem_json_kind(v)) {
    case LEM_JSON_STRING:
        st = expand(r, lem_json_str(v, ""), &b, err);
        if (st == LEM_OK) made = lem_json_new_strn(lem_buf_str(&b), b.len);
        break;
    case LEM_JSON_ARRAY:
    case LEM_JSON_OBJECT:
        made = lem_json_kind(v) == LEM_JSON_ARRAY ? lem_json_new_array() : lem_json_new_object();
        if (made) st = expand_members(r, v, made, err);
        break;
    default: made = lem_json_copy(v);
    }
    lem_buf_release(&b);
    if (st == LEM_OK && !made) st = no_memory(err);
    if (st == LEM_OK) *out = made;
    else lem_json_free(made);
    return st;
}

/* Variables may use those that stand before them. */
static lem_status expand_variables(recipe *r, lem_err *err) {
    for (size_t i = 0; i < lem_json_count(r->vars); i++) {
        lem_json *v = NULL;
        const char *key = lem_json_key_at(r->vars, i);
        lem_status st = expand_value(r, lem_json_value_at(r->vars, i), &v, err);
        if (st) return lem_err_context(err, "%s: variable %s", r->spec->source, key);
        const char *text = lem_json_str(v, "");
        if (strstr(text, "${"))
            st = lem_fail(err, LEM_EUSAGE, "%s: variable %s uses one that stands behind it", r->spec->source,
                          key);
        if (st == LEM_OK && !lem_json_set(r->vars, key, lem_json_share(v))) st = no_memory(err);
        lem_json_free(v);
        if (st) return st;
    }
    return LEM_OK;
}

/* ---- stages ---- */

/* A word as text: numbers as they are written in JSON. */
static lem_json *word_text(const lem_json *v) {
    lem_buf b = {0};
    if (lem_json_kind(v) == LEM_JSON_STRING) return lem_json_copy(v);
    lem_json_write(v, 0, &b);
    lem_json *text = b.failed ? NULL : lem_json_new_strn(lem_buf_str(&b), b.len);
    lem_buf_release(&b);
    return text;
}

/* One word, or a list of them, as a list of texts. */
static lem_json *word_list(const lem_json *words) {
    bool many = lem_json_kind(words) == LEM_JSON_ARRAY;
    size_t n = many ? lem_json_count(words) : 1;
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < n; i++)
        ok = lem_json_append(list, word_text(many ? lem_json_at(words, i) : words));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

/* Options of a stage as the command wants them: expanded, without name and command, words moved. */
static lem_status resolve(const recipe *r, const lem_json *stage, lem_json **out, lem_err *err) {
    lem_json *t = NULL;
    lem_status st = expand_value(r, stage, &t, err);
    if (st) return st;
    lem_json *words = lem_json_get(t, "words");
    bool ok = !words || lem_json_set(t, "_words", word_list(words));
    (void)lem_json_remove(t, "words");
    (void)lem_json_remove(t, "name");
    (void)lem_json_remove(t, "command");
    (void)lem_json_remove(t, "expect");
    if (ok && !lem_json_get(t, "seed")) ok = lem_json_set(t, "seed", lem_json_new_int((int64_t)r->cli->seed));
    if (ok) *out = t;
    else lem_json_free(t);
    return ok ? LEM_OK : no_memory(err);
}

static lem_status find_command(const recipe *r, size_t i, recipe_stage *s, lem_err *err) {
    const lem_json *stage = lem_json_at(r->list, i);
    const char *command = lem_json_str(lem_json_get(stage, "command"), NULL), *names[96];
    int n = 0;
    s->name = lem_json_str(lem_json_get(stage, "name"), NULL);
    if (!s->name || !command)
        return lem_fail(err, LEM_EUSAGE, "%s: stages[%zu] needs 'name' and 'command'", r->spec->source, i);
    for (size_t k = 0; k < i; k++)
        if (strcmp(r->stages[k].name, s->name) == 0)
            return lem_fail(err, LEM_EUSAGE, "%s: two stages are named '%s'", r->spec->source, s->name);
    s->cmd = lem_command_find(r->spec->commands, command);
    if (s->cmd) return LEM_OK;
    for (int k = 0; r->spec->commands[k] && n < 96; k++) names[n++] = r->spec->commands[k]->name;
    const char *near = lem_suggest(command, names, n);
    return lem_fail(err, LEM_EUSAGE, "%s: stage %s: unknown command '%s'%s%s%s", r->spec->source, s->name,
                    command, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* expect: {rows: N, tokens: N} */
static lem_status read_expected(const recipe *r, size_t i, recipe_stage *s, lem_err *err) {
    const lem_json *e = lem_json_get(lem_json_at(r->list, i), "expect");
    if (!e) return LEM_OK;
    s->rows = lem_json_num(lem_json_get(e, "rows"), -1);
    s->tokens = lem_json_num(lem_json_get(e, "tokens"), -1);
    s->expects = true;
    if (lem_json_kind(e) == LEM_JSON_OBJECT && lem_json_count(e) == 2 && s->rows >= 0 && s->tokens >= 0)
        return LEM_OK;
    return lem_fail(err, LEM_EUSAGE, "%s: stage %s: 'expect' is {rows: NUMBER, tokens: NUMBER}",
                    r->spec->source, s->name);
}

/* Options of the whole run that a stage would not obey. */
static lem_status check_stage_options(const recipe_stage *s, lem_err *err) {
    static const char *const whole[] = {"dry-run", "fresh", "overwrite", "json", "quiet", "threads"};
    for (size_t k = 0; k < sizeof whole / sizeof *whole; k++) {
        for (size_t m = 0; m < lem_json_count(s->tree); m++) {
            const lem_opt *o = lem_opt_find(s->cmd, lem_json_key_at(s->tree, m));
            if (o && strcmp(o->name, whole[k]) == 0)
                return lem_fail(err, LEM_EUSAGE, "'%s' belongs to lemma run, not to a stage", whole[k]);
        }
    }
    return LEM_OK;
}

static lem_status read_stage(recipe *r, size_t i, lem_err *err) {
    recipe_stage *s = &r->stages[i];
    lem_status st = find_command(r, i, s, err);
    if (st == LEM_OK) st = read_expected(r, i, s, err);
    if (st) return st;
    s->cli = *r->cli;
    st = resolve(r, lem_json_at(r->list, i), &s->tree, err);
    if (st == LEM_OK) st = check_stage_options(s, err);
    if (st == LEM_OK) st = lem_args_from_tree(s->cmd, s->tree, &s->cli, &s->args, err);
    if (st) return lem_err_context(err, "%s: stage %s (%s)", r->spec->source, s->name, s->cmd->name);
    s->cli.threads = r->cli->threads;
    s->cli.dry_run = r->cli->dry_run;
    s->cli.fresh = r->cli->fresh;
    s->cli.overwrite = r->cli->overwrite;
    s->cli.json = false;
    if (r->cli->json) s->cli.out = stderr; /* stdout is the run's own object */
    s->cli.in_recipe = true;
    return LEM_OK;
}

lem_status lem_recipe_read(recipe *r, lem_err *err) {
    if (lem_json_kind(r->spec->tree) != LEM_JSON_OBJECT)
        return lem_fail(err, LEM_EUSAGE, "%s: a recipe is a map with name, vars and stages", r->spec->source);
    r->vars = lem_json_get(r->spec->tree, "vars");
    r->list = lem_json_get(r->spec->tree, "stages");
    lem_status st = check_shape(r, err);
    if (st == LEM_OK) st = apply_overrides(r, err);
    if (st) return st;
    st = expand_variables(r, err);
    if (st) return st;
    r->out = lem_json_str(lem_json_get(r->vars, "out"), "");
    if (!*r->out) return lem_fail(err, LEM_EUSAGE, "%s: the variable 'out' names no folder", r->spec->source);
    size_t n = lem_json_count(r->list);
    r->stages = lem_alloc_zero(n, sizeof *r->stages, err);
    if (!r->stages) return LEM_EMEM;
    for (r->n = 0; st == LEM_OK && r->n < n; r->n++) st = read_stage(r, r->n, err);
    return st;
}
