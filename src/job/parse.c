/* parse.c - argv, --config files and recipe stages to the arguments of a command */
#include "job/hub.h"
#include "job/command.h"

#include "core/mem.h"

#include <string.h>

static lem_status no_memory(lem_err *err) { return lem_fail(err, LEM_EMEM, "out of memory"); }

static lem_status set(lem_json *values, const char *name, lem_json *v, lem_err *err) {
    return lem_json_set(values, name, v) ? LEM_OK : no_memory(err);
}

static lem_status unknown_key(const lem_command *cmd, const char *what, const char *name, lem_err *err) {
    const lem_opt *near = lem_opt_suggest(cmd, name);
    const char *dashes = strcmp(what, "option") == 0 ? "--" : "";
    if (near)
        return lem_fail(err, LEM_EUSAGE, "unknown %s '%s'; did you mean '%s%s'?", what, name, dashes,
                        near->name);
    return lem_fail(err, LEM_EUSAGE, "unknown %s '%s'; 'lemma %s --help' lists them", what, name, cmd->name);
}

/* ---- values ---- */

static bool gathers(const lem_opt *o) {
    return o->type == LEM_OPT_LIST || o->type == LEM_OPT_TEXTS || o->type == LEM_OPT_INPUTS;
}

/* Repeated flags of a list gather; another option's last value counts. Takes v. */
static lem_status put(lem_json *values, const lem_opt *o, lem_json *v, lem_err *err) {
    lem_json *old = gathers(o) ? lem_json_get(values, o->name) : NULL;
    bool ok = true;
    if (!old) return set(values, o->name, v, err);
    for (size_t i = 0; ok && i < lem_json_count(v); i++)
        ok = lem_json_append(old, lem_json_share(lem_json_at(v, i)));
    lem_json_free(v);
    return ok ? LEM_OK : no_memory(err);
}

static lem_status put_text(lem_json *values, const lem_opt *o, const char *text, lem_err *err) {
    lem_json *v = NULL;
    lem_status st = lem_opt_value_of_text(o, text, &v, err);
    return st ? st : put(values, o, v, err);
}

/* max_len and max-len in one map are one option told twice. */
static lem_status check_once(const lem_command *cmd, const lem_json *map, size_t i, lem_err *err) {
    const char *key = lem_json_key_at(map, i);
    const lem_opt *o = lem_opt_find(cmd, key);
    for (size_t k = 0; o && k < i; k++)
        if (lem_opt_find(cmd, lem_json_key_at(map, k)) == o)
            return lem_fail(err, LEM_EUSAGE, "'%s' and '%s' are one option, told twice",
                            lem_json_key_at(map, k), key);
    return LEM_OK;
}

/* The maps of a tree: options of the same command, and a name. */
static lem_status check_maps(const lem_command *cmd, const lem_opt *tree, const lem_json *list,
                             lem_err *err) {
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const lem_json *map = lem_json_at(list, i);
        for (size_t k = 0; k < lem_json_count(map); k++) {
            const char *key = lem_json_key_at(map, k);
            lem_status st = check_once(cmd, map, k, err);
            if (st == LEM_OK && strcmp(key, "name") != 0 && !lem_opt_find(cmd, key))
                st = unknown_key(cmd, "key", key, err);
            if (st) return lem_err_context(err, "%s[%zu]", tree->name, i);
        }
    }
    return LEM_OK;
}

static lem_status add_member(const lem_command *cmd, const char *key, const lem_json *value, lem_json *values,
                             lem_err *err) {
    const lem_opt *o = lem_opt_find(cmd, key);
    if (!o) return unknown_key(cmd, "key", key, err);
    if (strcmp(o->name, "config") == 0 || strcmp(o->name, "help") == 0)
        return lem_fail(err, LEM_EUSAGE, "'%s' belongs on the command line, not in a file", key);
    lem_json *v = NULL;
    lem_status st = lem_opt_value(o, value, &v, err);
    if (st == LEM_OK && o->type == LEM_OPT_TREE) st = check_maps(cmd, o, v, err);
    if (st) lem_json_free(v);
    return st ? st : set(values, o->name, v, err);
}

/* skip: a member that is no option, or NULL. */
static lem_status add_tree(const lem_command *cmd, const lem_json *tree, lem_json *values,
                           const lem_json *skip, lem_err *err) {
    if (lem_json_kind(tree) != LEM_JSON_OBJECT)
        return lem_fail(err, LEM_EUSAGE, "configuration must be a map of options, found %s",
                        lem_json_kind_name(tree));
    for (size_t i = 0; i < lem_json_count(tree); i++) {
        const lem_json *value = lem_json_value_at(tree, i);
        if (skip && value == skip) continue;
        lem_status once = check_once(cmd, tree, i, err);
        if (once) return once;
        lem_status st = add_member(cmd, lem_json_key_at(tree, i), value, values, err);
        if (st) return st;
    }
    return LEM_OK;
}

/* ---- what every set of arguments goes through ---- */

static lem_status fill_defaults(const lem_command *cmd, lem_json *values, lem_err *err) {
    const lem_opt *o;
    for (int i = 0; (o = lem_opt_at(cmd, i)); i++) {
        const char *text = lem_opt_standard(o, values);
        if (!text || lem_json_get(values, o->name)) continue;
        lem_status st = put_text(values, o, text, err);
        if (st) return st;
    }
    return LEM_OK;
}

/* One element of `required`: an option, or several with commas of which one must be there. */
static lem_status check_required(const lem_command *cmd, const char *names, size_t len, const lem_args *a,
                                 lem_err *err) {
    char one[64], shown[160];
    size_t used = 0;
    for (size_t at = 0; at < len;) {
        size_t n = strcspn(names + at, ",|");
        snprintf(one, sizeof one, "%.*s", (int)(n < 63 ? n : 63), names + at);
        const lem_opt *o = lem_opt_find(cmd, one);
        if (!o || lem_args_flag(a, one) || (o->type != LEM_OPT_FLAG && lem_args_has(a, one))) return LEM_OK;
        const char *between = at ? " or " : "", *space = o->arg ? " " : "", *arg = o->arg ? o->arg : "";
        int k = snprintf(shown + used, sizeof shown - used, "%s--%s%s%s", between, one, space, arg);
        if (k < 0 || (size_t)k >= sizeof shown - used) break;
        used += (size_t)k;
        at += n + 1;
    }
    return lem_fail(err, LEM_EUSAGE, "%s is missing", shown);
}

static lem_status check_options(const lem_command *cmd, const lem_args *a, lem_err *err) {
    for (const char *p = cmd->required; p && *p;) {
        size_t n = strcspn(p, "|");
        lem_status st = check_required(cmd, p, n, a, err);
        if (st) return st;
        p += n + (p[n] == '|');
    }
    const char *arg = cmd->output == LEM_OUTPUT_DIR ? "DIR" : "FILE", *out = lem_args_str(a, "out");
    if (cmd->out_required && (!out || !*out)) return lem_fail(err, LEM_EUSAGE, "--out %s is missing", arg);
    if (cmd->output == LEM_OUTPUT_NONE && out)
        return lem_fail(err, LEM_EUSAGE, "this command writes no file; leave --out away");
    return LEM_OK;
}

static lem_status check_words(const lem_command *cmd, const lem_args *a, lem_err *err) {
    const lem_json *words = lem_json_get(a->values, "_words");
    if (a->n_words < cmd->min_words)
        return lem_fail(err, LEM_EUSAGE, "missing argument; usage: lemma %s %s", cmd->name, cmd->usage);
    if (cmd->max_words < 0 || a->n_words <= cmd->max_words) return LEM_OK;
    return lem_fail(err, LEM_EUSAGE, "unexpected argument '%s'; usage: lemma %s %s",
                    lem_json_str(lem_json_at(words, (size_t)cmd->max_words), "?"), cmd->name, cmd->usage);
}

static void apply_common(const lem_args *a, lem_cli *cli) {
    cli->seed = (uint64_t)lem_args_int(a, "seed");
    cli->limit = lem_args_has(a, "limit") ? lem_args_int(a, "limit") : -1;
    cli->threads = (int)lem_args_int(a, "threads");
    cli->json = lem_args_flag(a, "json");
    cli->quiet = lem_args_flag(a, "quiet");
    cli->dry_run = lem_args_flag(a, "dry-run");
    cli->fresh = lem_args_flag(a, "fresh");
    cli->overwrite = lem_args_flag(a, "overwrite");
}

static lem_status finish(const lem_command *cmd, lem_json *values, lem_cli *cli, lem_args *out,
                         lem_err *err) {
    lem_status st = fill_defaults(cmd, values, err);
    if (st) return st;
    const lem_json *words = lem_json_get(values, "_words");
    lem_args a = {values, NULL, (int)lem_json_count(words)};
    if (!lem_args_flag(&a, "help")) {
        st = check_words(cmd, &a, err);
        if (st == LEM_OK) st = check_options(cmd, &a, err);
        if (st) return st;
    }
    st = lem_args_flag(&a, "help") ? LEM_OK : lem_hub_resolve(cmd, cli->hub, values, err);
    if (st) return st;
    words = lem_json_get(values, "_words");
    if (a.n_words) {
        a.words = lem_alloc((size_t)a.n_words, sizeof *a.words, err);
        if (!a.words) return LEM_EMEM;
        for (int i = 0; i < a.n_words; i++) a.words[i] = lem_json_str(lem_json_at(words, (size_t)i), "");
    }
    apply_common(&a, cli);
    *out = a;
    return LEM_OK;
}

lem_status lem_args_from_tree(const lem_command *cmd, const lem_json *tree, lem_cli *cli, lem_args *out,
                              lem_err *err) {
    lem_json *values = lem_json_new_object();
    if (!values) return no_memory(err);
    const lem_json *words = lem_json_get(tree, "_words");
    lem_status st = LEM_OK;
    if (words) st = set(values, "_words", lem_json_copy(words), err);
    if (st == LEM_OK) st = add_tree(cmd, tree, values, words, err);
    if (st == LEM_OK) st = finish(cmd, values, cli, out, err);
    if (st) lem_json_free(values);
    return st;
}

/* ---- the command line ---- */

typedef struct parse_state {
    const lem_command *cmd;
    int argc;
    const char *const *argv;
    lem_json *values, *words;
    lem_json *given;  /* names of options that stand on the command line */
    bool config_only; /* first pass: --config alone, so that flags win wherever they stand */
    bool only_words;  /* after "--" */
} parse_state;

static lem_status add_config(parse_state *s, const char *path, lem_err *err) {
    lem_json *tree = NULL;
    lem_status st = lem_yaml_load(path, &tree, err);
    if (st == LEM_OK) {
        st = add_tree(s->cmd, tree, s->values, NULL, err);
        if (st) lem_err_context(err, "%s", path);
    }
    lem_json_free(tree);
    return st;
}

/* A value of the command line: the first one of a list takes the place of what a file says. */
static lem_status put_given(parse_state *s, const lem_opt *o, const char *text, lem_err *err) {
    if (!lem_json_get(s->given, o->name)) (void)lem_json_remove(s->values, o->name);
    lem_status st = set(s->given, o->name, lem_json_new_bool(true), err);
    return st ? st : put_text(s->values, o, text, err);
}

static lem_status parse_flag(parse_state *s, int *i, lem_err *err) {
    const char *word = s->argv[*i], *text = word + strspn(word, "-"), *eq = strchr(text, '=');
    char name[64];
    size_t n = strcspn(text, "=");
    if (n >= sizeof name) return unknown_key(s->cmd, "option", word, err);
    memcpy(name, text, n);
    name[n] = '\0';
    const lem_opt *o = lem_opt_find(s->cmd, name);
    if (!o) return unknown_key(s->cmd, "option", word, err);
    const char *value = eq ? eq + 1 : NULL;
    if (!value && o->type == LEM_OPT_FLAG) value = "true";
    if (!value && *i + 1 >= s->argc)
        return lem_fail(err, LEM_EUSAGE, "option '--%s' needs a value (%s)", o->name,
                        o->arg ? o->arg : "VALUE");
    if (!value) value = s->argv[++*i];
    if (s->config_only != (strcmp(o->name, "config") == 0)) return LEM_OK;
    return s->config_only ? add_config(s, value, err) : put_given(s, o, value, err);
}

/* A word a.b=c whose first part names an option sets it. */
static lem_status parse_word(parse_state *s, const char *word, lem_err *err) {
    const char *eq = strchr(word, '=');
    size_t n = eq ? strcspn(word, ".=") : 0;
    char name[64];
    if (n && n < sizeof name && !s->only_words && !s->cmd->assignments) {
        memcpy(name, word, n);
        name[n] = '\0';
        const lem_opt *o = lem_opt_find(s->cmd, name);
        if (o && word[n] == '=') return put_given(s, o, eq + 1, err);
        if (o && o->type == LEM_OPT_TREE) return lem_yaml_override(s->values, word, err);
    }
    return lem_json_append(s->words, lem_json_new_str(word)) ? LEM_OK : no_memory(err);
}

/* Two dashes and a letter (--5 is a word: minus minus five), or one dash before an option of one letter, as
 * in `sample -n 64`. */
static bool is_flag(const parse_state *s, const char *w) {
    if (s->only_words || w[0] != '-' || !w[1]) return false;
    bool letter = (w[2] >= 'a' && w[2] <= 'z') || (w[2] >= 'A' && w[2] <= 'Z');
    return (w[1] == '-' && letter) || (!w[2] && lem_opt_find(s->cmd, w + 1));
}

static lem_status parse_argument(parse_state *s, int *i, lem_err *err) {
    const char *w = s->argv[*i];
    if (!s->only_words && strcmp(w, "--") == 0) {
        s->only_words = true;
        return LEM_OK;
    }
    if (!s->only_words && strcmp(w, "-h") == 0) return set(s->values, "help", lem_json_new_bool(true), err);
    if (is_flag(s, w)) return parse_flag(s, i, err);
    return s->config_only ? LEM_OK : parse_word(s, w, err);
}

static lem_status parse_pass(parse_state *s, bool config_only, lem_err *err) {
    lem_status st = LEM_OK;
    s->config_only = config_only;
    s->only_words = false;
    for (int i = 0; i < s->argc && st == LEM_OK; i++) st = parse_argument(s, &i, err);
    return st;
}

lem_status lem_args_parse(const lem_command *cmd, int argc, const char *const *argv, lem_cli *cli,
                          lem_args *out, lem_err *err) {
    parse_state s = {cmd,   argc, argv, lem_json_new_object(), lem_json_new_array(), lem_json_new_object(),
                     false, false};
    lem_status st = s.values && s.words && s.given ? LEM_OK : no_memory(err);
    if (st == LEM_OK) st = parse_pass(&s, true, err);
    if (st == LEM_OK) st = parse_pass(&s, false, err);
    if (st == LEM_OK && lem_json_count(s.words)) {
        st = set(s.values, "_words", s.words, err);
        s.words = NULL;
    }
    if (st == LEM_OK) st = finish(cmd, s.values, cli, out, err);
    if (st) lem_json_free(s.values);
    lem_json_free(s.words);
    lem_json_free(s.given);
    return st;
}

void lem_args_release(lem_args *a) {
    lem_free(a->words);
    lem_json_free(a->values);
    *a = (lem_args){NULL, NULL, 0};
}

const char *lem_args_str(const lem_args *a, const char *name) {
    return lem_json_str(lem_json_get(a->values, name), NULL);
}
int64_t lem_args_int(const lem_args *a, const char *name) {
    return lem_json_int(lem_json_get(a->values, name), 0);
}
double lem_args_num(const lem_args *a, const char *name) {
    return lem_json_num(lem_json_get(a->values, name), 0);
}
bool lem_args_flag(const lem_args *a, const char *name) {
    return lem_json_bool(lem_json_get(a->values, name), false);
}
bool lem_args_has(const lem_args *a, const char *name) { return lem_json_get(a->values, name) != NULL; }
bool lem_args_is(const lem_args *a, const char *name, const char *value) {
    return strcmp(lem_json_str(lem_json_get(a->values, name), ""), value) == 0;
}
const lem_json *lem_args_tree(const lem_args *a, const char *name) { return lem_json_get(a->values, name); }
