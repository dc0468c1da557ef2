/* options.c - option tables to parsed arguments: flags, YAML keys, overrides, ranges, suggestions */
#include "cli/options.h"

#include "core/buf.h"
#include "core/mem.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const lem_opt lem_common_opts[] = {
    {"config", LEM_OPT_STR, "FILE", NULL, "YAML file with these options as keys; flags win", 0, 0},
    {"out", LEM_OPT_STR, "PATH", NULL, "where the result goes", 0, 0},
    {"seed", LEM_OPT_INT, "N", "1", "seed of everything random", 0, 9e15},
    {"limit", LEM_OPT_INT, "N", NULL, "use only the first N rows", 0, 9e15},
    {"threads", LEM_OPT_INT, "N", "0", "threads; 0 = all that this process may use (never changes a result)",
     0, 1024},
    {"json", LEM_OPT_FLAG, NULL, NULL, "print one machine-readable object on stdout", 0, 0},
    {"dry-run", LEM_OPT_FLAG, NULL, NULL, "show the plan (memory, rows, tokens) and stop", 0, 0},
    {"fresh", LEM_OPT_FLAG, NULL, NULL, "ignore earlier partial output and start over", 0, 0},
    {"overwrite", LEM_OPT_FLAG, NULL, NULL, "replace an existing output", 0, 0},
    {"quiet", LEM_OPT_FLAG, NULL, NULL, "no progress, warnings only", 0, 0},
    {"help", LEM_OPT_FLAG, NULL, NULL, "show this help", 0, 0},
};
const int lem_n_common_opts = (int)(sizeof lem_common_opts / sizeof lem_common_opts[0]);

static void canonical_name(const char *name, char *out, size_t n) {
    size_t i = 0;
    for (; name[i] && i + 1 < n; i++) out[i] = name[i] == '_' ? '-' : name[i];
    out[i] = '\0';
}

static const lem_opt *find_opt(const lem_command *cmd, const char *name) {
    char key[64];
    canonical_name(name, key, sizeof key);
    for (int i = 0; i < cmd->n_opts; i++)
        if (strcmp(cmd->opts[i].name, key) == 0) return &cmd->opts[i];
    for (int i = 0; i < cmd->n_shared; i++)
        if (strcmp(cmd->shared[i].name, key) == 0) return &cmd->shared[i];
    for (int i = 0; i < lem_n_common_opts; i++)
        if (strcmp(lem_common_opts[i].name, key) == 0) return &lem_common_opts[i];
    return NULL;
}

static int edit_distance(const char *a, const char *b) {
    size_t n = strlen(a), m = strlen(b);
    if (n > 63 || m > 63) return 64;
    int row[64];
    for (size_t j = 0; j <= m; j++) row[j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        int diag = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            int up = row[j], cost = diag + (a[i - 1] != b[j - 1]);
            if (up + 1 < cost) cost = up + 1;
            if (row[j - 1] + 1 < cost) cost = row[j - 1] + 1;
            diag = up;
            row[j] = cost;
        }
    }
    return row[m];
}

const char *lem_suggest(const char *word, const char *const *names, int n) {
    const char *best = NULL;
    int best_d = 4;
    for (int i = 0; i < n; i++) {
        int d = edit_distance(word, names[i]);
        if (d < best_d) {
            best_d = d;
            best = names[i];
        }
    }
    return best;
}

static lem_status unknown_key(const lem_command *cmd, const char *what, const char *name, lem_err *err) {
    const char *names[160];
    int n = 0;
    for (int i = 0; i < cmd->n_opts && n < 160; i++) names[n++] = cmd->opts[i].name;
    for (int i = 0; i < cmd->n_shared && n < 160; i++) names[n++] = cmd->shared[i].name;
    for (int i = 0; i < lem_n_common_opts && n < 160; i++) names[n++] = lem_common_opts[i].name;
    char key[64];
    canonical_name(name + strspn(name, "-"), key, sizeof key); /* "--naem=x" is looked for as "naem" */
    key[strcspn(key, "=")] = '\0';
    const char *near = lem_suggest(key, names, n);
    if (near)
        return lem_fail(err, LEM_EUSAGE, "%s: unknown %s '%s'; did you mean '%s'?", cmd->name, what, name,
                        near);
    return lem_fail(err, LEM_EUSAGE, "%s: unknown %s '%s'; 'lemma %s --help' lists them", cmd->name, what,
                    name, cmd->name);
}

static bool parse_double(const char *s, double *out) {
    char *end;
    errno = 0;
    double d = strtod(s, &end);
    if (end == s || *end || errno == ERANGE || !isfinite(d)) return false;
    *out = d;
    return true;
}

static bool parse_int(const char *s, int64_t *out) {
    char *end;
    errno = 0;
    long long v = strtoll(s, &end, 10);
    if (end == s || errno == ERANGE) return false;
    if (*end) { /* 1e6 is a fine way to write an integer */
        double d;
        if (!parse_double(s, &d) || d != floor(d) || fabs(d) > 9e15) return false;
        v = (long long)d;
    }
    *out = v;
    return true;
}

static lem_status bad_value(const lem_command *cmd, const lem_opt *o, const char *want, const char *got,
                            lem_err *err) {
    return lem_fail(err, LEM_EUSAGE, "%s: option '%s' expects %s, found '%s'", cmd->name, o->name, want, got);
}

static lem_json *list_of(const char *text) {
    lem_json *arr = lem_json_new_array();
    const char *p = text;
    while (arr) {
        const char *comma = strchr(p, ',');
        size_t n = comma ? (size_t)(comma - p) : strlen(p);
        if (!lem_json_append(arr, lem_json_new_strn(p, n))) break;
        if (!comma) return arr;
        p = comma + 1;
    }
    lem_json_free(arr);
    return NULL;
}

static lem_status check_range(const lem_command *cmd, const lem_opt *o, double v, lem_err *err) {
    if (o->min < o->max && (v < o->min || v > o->max))
        return lem_fail(err, LEM_EUSAGE, "%s: option '%s' must lie in %.15g..%.15g, found %.15g", cmd->name,
                        o->name, o->min, o->max, v);
    return LEM_OK;
}

/* Converts text to the option's type. */
static lem_status from_text(const lem_command *cmd, const lem_opt *o, const char *text, lem_json **out,
                            lem_err *err) {
    double d;
    int64_t i;
    lem_status st = LEM_OK;
    switch (o->type) {
    case LEM_OPT_FLAG:
        if (strcmp(text, "true") == 0 || strcmp(text, "1") == 0 || strcmp(text, "yes") == 0)
            *out = lem_json_new_bool(true);
        else if (strcmp(text, "false") == 0 || strcmp(text, "0") == 0 || strcmp(text, "no") == 0)
            *out = lem_json_new_bool(false);
        else return bad_value(cmd, o, "true or false", text, err);
        break;
    case LEM_OPT_INT:
        if (!parse_int(text, &i)) return bad_value(cmd, o, "an integer", text, err);
        if ((st = check_range(cmd, o, (double)i, err))) return st;
        *out = lem_json_new_int(i);
        break;
    case LEM_OPT_NUM:
        if (!parse_double(text, &d)) return bad_value(cmd, o, "a number", text, err);
        if ((st = check_range(cmd, o, d, err))) return st;
        *out = lem_json_new_num(d);
        break;
    case LEM_OPT_STR: *out = lem_json_new_str(text); break;
    case LEM_OPT_LIST: *out = list_of(text); break;
    case LEM_OPT_TREE: return bad_value(cmd, o, "a YAML map or list (use --config)", text, err);
    }
    return *out ? LEM_OK : lem_fail(err, LEM_EMEM, "%s: out of memory", cmd->name);
}

/* Converts a YAML/JSON value to the option's type. */
static lem_status from_value(const lem_command *cmd, const lem_opt *o, const lem_json *v, lem_json **out,
                             lem_err *err) {
    lem_json_type k = lem_json_kind(v);
    if (o->type == LEM_OPT_TREE) {
        if (k != LEM_JSON_ARRAY && k != LEM_JSON_OBJECT)
            return bad_value(cmd, o, "a map or list", lem_json_kind_name(v), err);
    } else if (o->type == LEM_OPT_LIST && k == LEM_JSON_ARRAY) {
        for (size_t i = 0; i < lem_json_count(v); i++)
            if (lem_json_kind(lem_json_at(v, i)) != LEM_JSON_STRING)
                return bad_value(cmd, o, "a list of strings", lem_json_kind_name(lem_json_at(v, i)), err);
    } else {
        lem_buf b = {0};
        if (k == LEM_JSON_STRING) lem_buf_puts(&b, lem_json_str(v, ""));
        else if (k == LEM_JSON_ARRAY || k == LEM_JSON_OBJECT || k == LEM_JSON_NULL)
            return bad_value(cmd, o, "a single value", lem_json_kind_name(v), err);
        else lem_json_write(v, 0, &b);
        lem_status st = from_text(cmd, o, lem_buf_str(&b), out, err);
        lem_buf_release(&b);
        return st;
    }
    *out = lem_json_copy(v);
    return *out ? LEM_OK : lem_fail(err, LEM_EMEM, "%s: out of memory", cmd->name);
}

static lem_status put(lem_json *values, const lem_opt *o, lem_json *v, lem_err *err) {
    if (o->type == LEM_OPT_LIST) { /* repeated flags gather */
        lem_json *old = lem_json_get(values, o->name);
        if (old) {
            for (size_t i = 0; i < lem_json_count(v); i++)
                if (!lem_json_append(old, lem_json_share(lem_json_at(v, i)))) {
                    lem_json_free(v);
                    return lem_fail(err, LEM_EMEM, "out of memory");
                }
            lem_json_free(v);
            return LEM_OK;
        }
    }
    return lem_json_set(values, o->name, v) ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static lem_status add_tree(const lem_command *cmd, const lem_json *tree, lem_json *values, lem_err *err) {
    if (lem_json_kind(tree) != LEM_JSON_OBJECT)
        return lem_fail(err, LEM_EUSAGE, "%s: configuration must be a map of options, found %s", cmd->name,
                        lem_json_kind_name(tree));
    for (size_t i = 0; i < lem_json_count(tree); i++) {
        const char *key = lem_json_key_at(tree, i);
        if (strcmp(key, "_words") == 0) {
            if (!lem_json_set(values, "_words", lem_json_copy(lem_json_value_at(tree, i))))
                return lem_fail(err, LEM_EMEM, "out of memory");
            continue;
        }
        const lem_opt *o = find_opt(cmd, key);
        if (!o) return unknown_key(cmd, "key", key, err);
        lem_json *v = NULL;
        lem_status st = from_value(cmd, o, lem_json_value_at(tree, i), &v, err);
        if (st == LEM_OK)
            st = lem_json_set(values, o->name, v) ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
        if (st) return st;
    }
    return LEM_OK;
}

static lem_status fill_defaults(const lem_command *cmd, lem_json *values, lem_err *err) {
    int own = cmd->n_opts, shared = own + cmd->n_shared;
    for (int i = 0; i < shared + lem_n_common_opts; i++) {
        const lem_opt *o = i < own      ? &cmd->opts[i]
                           : i < shared ? &cmd->shared[i - own]
                                        : &lem_common_opts[i - shared];
        if (!o->otherwise || lem_json_get(values, o->name)) continue;
        lem_json *v = NULL;
        lem_status st = from_text(cmd, o, o->otherwise, &v, err);
        if (st == LEM_OK)
            st = lem_json_set(values, o->name, v) ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
        if (st) return st;
    }
    return LEM_OK;
}

static void apply_common(const lem_args *a, lem_cli *cli) {
    cli->seed = (uint64_t)lem_args_int(a, "seed");
    cli->limit = lem_args_has(a, "limit") ? lem_args_int(a, "limit") : -1;
    cli->threads = (int)lem_args_int(a, "threads");
    cli->json = lem_args_flag(a, "json");
    cli->dry_run = lem_args_flag(a, "dry-run");
    cli->fresh = lem_args_flag(a, "fresh");
    cli->overwrite = lem_args_flag(a, "overwrite");
}

static lem_status finish(const lem_command *cmd, lem_json *values, lem_cli *cli, lem_args *out,
                         lem_err *err) {
    lem_status st = fill_defaults(cmd, values, err);
    if (st) return st;
    lem_args a = {values, NULL, 0};
    const lem_json *words = lem_json_get(values, "_words");
    a.n_words = (int)lem_json_count(words);
    bool help = lem_args_flag(&a, "help");
    if (!help && a.n_words < cmd->min_words)
        return lem_fail(err, LEM_EUSAGE, "%s: missing argument; usage: lemma %s %s", cmd->name, cmd->name,
                        cmd->usage);
    if (!help && cmd->max_words >= 0 && a.n_words > cmd->max_words)
        return lem_fail(err, LEM_EUSAGE, "%s: unexpected argument '%s'; usage: lemma %s %s", cmd->name,
                        lem_json_str(lem_json_at(words, (size_t)cmd->max_words), "?"), cmd->name, cmd->usage);
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
    if (!values) return lem_fail(err, LEM_EMEM, "out of memory");
    lem_status st = add_tree(cmd, tree, values, err);
    if (st == LEM_OK) st = finish(cmd, values, cli, out, err);
    if (st) lem_json_free(values);
    return st;
}

typedef struct parse_state {
    const lem_command *cmd;
    int argc;
    const char *const *argv;
    lem_json *values, *words;
    bool only_words; /* after "--" */
} parse_state;

static lem_status parse_flag(parse_state *s, int *i, bool config_only, lem_err *err) {
    const char *text = s->argv[*i] + (s->argv[*i][1] == '-' ? 2 : 1), *eq = strchr(text, '=');
    char name[64];
    size_t n = eq ? (size_t)(eq - text) : strlen(text);
    if (n >= sizeof name) return unknown_key(s->cmd, "option", s->argv[*i], err);
    memcpy(name, text, n);
    name[n] = '\0';
    const lem_opt *o = find_opt(s->cmd, name);
    if (!o) return unknown_key(s->cmd, "option", s->argv[*i], err);
    const char *value = eq ? eq + 1 : NULL;
    if (!value && o->type == LEM_OPT_FLAG) value = "true";
    if (!value) {
        if (*i + 1 >= s->argc)
            return lem_fail(err, LEM_EUSAGE, "%s: option '--%s' needs a value (%s)", s->cmd->name, o->name,
                            o->arg ? o->arg : "VALUE");
        value = s->argv[++*i];
    }
    if (config_only != (strcmp(o->name, "config") == 0)) return LEM_OK;
    if (config_only) {
        lem_json *tree = NULL;
        lem_status st = lem_yaml_load(value, &tree, err);
        if (st == LEM_OK) {
            st = add_tree(s->cmd, tree, s->values, err);
            if (st) lem_err_context(err, "%s", value);
        }
        lem_json_free(tree);
        return st;
    }
    lem_json *v = NULL;
    lem_status st = from_text(s->cmd, o, value, &v, err);
    return st ? st : put(s->values, o, v, err);
}

/* A word a.b=c whose first part names an option sets it. */
static lem_status parse_word(parse_state *s, const char *word, lem_err *err) {
    const char *eq = strchr(word, '=');
    size_t n = eq ? strcspn(word, ".=") : 0;
    char name[64];
    if (eq && n && n < sizeof name && !s->only_words && !s->cmd->assignments) {
        memcpy(name, word, n);
        name[n] = '\0';
        const lem_opt *o = find_opt(s->cmd, name);
        if (o && word[n] == '=') {
            lem_json *v = NULL;
            lem_status st = from_text(s->cmd, o, eq + 1, &v, err);
            return st ? st : put(s->values, o, v, err);
        }
        if (o && o->type == LEM_OPT_TREE) return lem_yaml_override(s->values, word, err);
    }
    return lem_json_append(s->words, lem_json_new_str(word)) ? LEM_OK
                                                             : lem_fail(err, LEM_EMEM, "out of memory");
}

lem_status lem_args_parse(const lem_command *cmd, int argc, const char *const *argv, lem_cli *cli,
                          lem_args *out, lem_err *err) {
    lem_status st = LEM_OK;
    parse_state s = {cmd, argc, argv, lem_json_new_object(), lem_json_new_array(), false};
    if (!s.values || !s.words) st = lem_fail(err, LEM_EMEM, "out of memory");
    for (int pass = 0; pass < 2 && st == LEM_OK; pass++) {
        s.only_words = false;
        for (int i = 0; i < argc && st == LEM_OK; i++) {
            const char *w = argv[i];
            if (!s.only_words && strcmp(w, "--") == 0) s.only_words = true;
            else if (!s.only_words && strcmp(w, "-h") == 0) {
                if (pass && !lem_json_set(s.values, "help", lem_json_new_bool(true)))
                    st = lem_fail(err, LEM_EMEM, "out of memory");
            } else if (!s.only_words && w[0] == '-' && w[1] &&
                       (w[1] == '-' || (!w[2] && find_opt(cmd, w + 1))))
                st = parse_flag(&s, &i, pass == 0, err);
            else if (pass) st = parse_word(&s, w, err);
        }
    }
    if (st == LEM_OK && lem_json_count(s.words)) {
        if (lem_json_set(s.values, "_words", s.words)) s.words = NULL;
        else {
            s.words = NULL;
            st = lem_fail(err, LEM_EMEM, "out of memory");
        }
    }
    if (st == LEM_OK) st = finish(cmd, s.values, cli, out, err);
    if (st) lem_json_free(s.values);
    lem_json_free(s.words);
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
const lem_json *lem_args_tree(const lem_args *a, const char *name) { return lem_json_get(a->values, name); }
