/* facts.c - gathers what makes a job that job, and says how two differ */
#include "job/facts.h"

#include "core/absent.h"
#include "core/card.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/mem.h"
#include "job/digest.h"

#include <string.h>

typedef struct gather {
    const lem_facts_source *from;
    lem_json *arguments, *inputs;
    lem_err *err;
} gather;

static lem_status no_memory(lem_err *err) { return lem_fail(err, LEM_EMEM, "out of memory"); }

/* ---- inputs ---- */

/* Licence and origin, where they are known: told, not compared. */
static lem_status add_card(const char *path, lem_json *input, lem_err *err) {
    lem_card card;
    if (strcmp(path, "-") == 0) return LEM_OK;
    lem_status st = lem_card_find(path, &card, err);
    if (st == LEM_OK) st = lem_card_json(&card, input, err);
    lem_card_release(&card);
    return st;
}

static lem_status add_input(gather *g, const char *option, const char *path) {
    char hex[65] = "";
    lem_json *files = NULL;
    lem_status st = LEM_OK;
    if (strcmp(path, "-") == 0 && g->from->stdin_digest)
        snprintf(hex, sizeof hex, "%s", g->from->stdin_digest);
    else st = lem_digest_input(path, g->from->cache_dir, hex, &files, g->err);
    if (st) return st;
    lem_json *o = lem_json_new_object();
    bool ok = o && lem_json_set(o, "option", lem_json_new_str(option)) &&
              lem_json_set(o, "path", lem_json_new_str(path)) &&
              lem_json_set(o, "sha256", lem_json_new_str(hex));
    if (ok && files) {
        ok = lem_json_set(o, "files", files);
        files = NULL;
    }
    lem_json_free(files);
    st = ok ? add_card(path, o, g->err) : no_memory(g->err);
    if (st) {
        lem_json_free(o);
        return st;
    }
    return lem_json_append(g->inputs, o) ? LEM_OK : no_memory(g->err);
}

static lem_status add_inputs(gather *g, const char *option, const lem_json *list) {
    char name[128];
    for (size_t i = 0; i < lem_json_count(list); i++) {
        snprintf(name, sizeof name, "%s[%zu]", option, i);
        lem_status st = add_input(g, name, lem_json_str(lem_json_at(list, i), ""));
        if (st) return st;
    }
    return LEM_OK;
}

/* ---- arguments ---- */

static lem_status add_tree(gather *g, const lem_opt *o, const lem_json *v);

/* A path, or a word that stands for none. */
static lem_status add_path(gather *g, const lem_opt *o, const char *name, const char *path) {
    bool folder = o->arg && strcmp(o->arg, "DIR") == 0, there = lem_file_exists(path);
    if (folder && !there) return lem_absent_model(path, g->err);
    if (o->choices && !there)
        return lem_fail(g->err, LEM_EUSAGE, "--%s '%.200s' is none of %s, and no file", o->name, path,
                        o->choices);
    return add_input(g, name, path);
}

/* One option under a name such as "lr" or "stages[0].lr"; values go into `into` under the option's own. */
static lem_status add_option(gather *g, const lem_opt *o, const char *name, const lem_json *v,
                             lem_json *into) {
    if (!v || o->effect == LEM_OPT_CHANGES_NOTHING) return LEM_OK;
    if (o->type == LEM_OPT_INPUT && lem_opt_reads(o, lem_json_str(v, "")))
        return add_path(g, o, name, lem_json_str(v, ""));
    if (o->type == LEM_OPT_INPUTS) return add_inputs(g, name, v);
    if (o->type == LEM_OPT_TREE) return add_tree(g, o, v);
    return lem_json_set(into, o->name, lem_json_copy(v)) ? LEM_OK : no_memory(g->err);
}

static const lem_json *member_of(const lem_command *cmd, const lem_json *map, const lem_opt *o) {
    for (size_t i = 0; i < lem_json_count(map); i++)
        if (lem_opt_find(cmd, lem_json_key_at(map, i)) == o) return lem_json_value_at(map, i);
    return NULL;
}

/* One map of a tree: its options in the order of the tables, typed, so that 3e-3 is 0.003. */
static lem_status add_map(gather *g, const char *prefix, const lem_json *map, lem_json *into) {
    const lem_command *cmd = g->from->cmd;
    const lem_opt *o;
    char name[128];
    const lem_json *own = lem_json_get(map, "name");
    if (own && !lem_json_set(into, "name", lem_json_copy(own))) return no_memory(g->err);
    for (int i = 0; (o = lem_opt_at(cmd, i)); i++) {
        const lem_json *v = o->type == LEM_OPT_TREE ? NULL : member_of(cmd, map, o);
        lem_json *typed = NULL;
        if (!v) continue;
        lem_status st = lem_opt_value(o, v, &typed, g->err);
        snprintf(name, sizeof name, "%s.%s", prefix, o->name);
        if (st == LEM_OK) st = add_option(g, o, name, typed, into);
        lem_json_free(typed);
        if (st) return lem_err_context(g->err, "%s", prefix);
    }
    return LEM_OK;
}

static lem_status add_tree(gather *g, const lem_opt *o, const lem_json *v) {
    lem_json *list = lem_json_new_array();
    char prefix[96];
    lem_status st = list ? LEM_OK : no_memory(g->err);
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(v); i++) {
        const lem_json *map = lem_json_kind(v) == LEM_JSON_ARRAY ? lem_json_at(v, i) : NULL;
        lem_json *into = lem_json_new_object();
        if (!into || !lem_json_append(list, into)) {
            st = no_memory(g->err);
            break;
        }
        snprintf(prefix, sizeof prefix, "%s[%zu]", o->name, i);
        st = add_map(g, prefix, map, into);
    }
    if (st == LEM_OK) return lem_json_set(g->arguments, o->name, list) ? LEM_OK : no_memory(g->err);
    lem_json_free(list);
    return st;
}

static lem_status add_words(gather *g) {
    const lem_args *a = g->from->args;
    lem_word_role role = g->from->cmd->words;
    char name[32];
    if (role == LEM_WORDS_OWN || a->n_words == 0) return LEM_OK;
    if (role != LEM_WORDS_INPUT &&
        !lem_json_set(g->arguments, "words", lem_json_copy(lem_json_get(a->values, "_words"))))
        return no_memory(g->err);
    for (int i = 0; role != LEM_WORDS_TEXT && i < a->n_words; i++) {
        snprintf(name, sizeof name, "argument %d", i + 1);
        lem_status st = add_input(g, name, a->words[i]);
        if (st) return st;
    }
    return LEM_OK;
}

static lem_status gather_all(gather *g) {
    const lem_command *cmd = g->from->cmd;
    const lem_opt *o;
    for (int i = 0; (o = lem_opt_at(cmd, i)); i++) {
        lem_status st = add_option(g, o, o->name, lem_args_tree(g->from->args, o->name), g->arguments);
        if (st) return st;
    }
    const char *also = g->from->also;
    if (also && !lem_json_set(g->arguments, "also", lem_json_new_str(also))) return no_memory(g->err);
    lem_status st = add_words(g);
    for (int i = 0; st == LEM_OK && i < g->from->n_inputs; i++)
        st = add_input(g, g->from->inputs[i].name, g->from->inputs[i].path);
    return st;
}

lem_status lem_facts_make(const lem_facts_source *from, lem_json **out, lem_err *err) {
    gather g = {from, lem_json_new_object(), lem_json_new_array(), err};
    lem_json *o = lem_json_new_object();
    lem_status st = o && g.arguments && g.inputs ? gather_all(&g) : no_memory(err);
    bool ok = st == LEM_OK && lem_json_set(o, "command", lem_json_new_str(from->cmd->name)) &&
              lem_json_set(o, "arguments", lem_json_share(g.arguments)) &&
              lem_json_set(o, "inputs", lem_json_share(g.inputs));
    lem_json_free(g.arguments);
    lem_json_free(g.inputs);
    if (ok) *out = o;
    else lem_json_free(o);
    return st == LEM_OK && !ok ? no_memory(err) : st;
}

lem_status lem_facts_identity(const lem_json *facts, char out[65], lem_err *err) {
    lem_buf b = {0};
    const lem_json *inputs = lem_json_get(facts, "inputs");
    lem_buf_printf(&b, "lemma %s\n", lem_json_str(lem_json_get(facts, "command"), ""));
    lem_json_write(lem_json_get(facts, "arguments"), 0, &b);
    for (size_t i = 0; i < lem_json_count(inputs); i++) {
        const lem_json *in = lem_json_at(inputs, i);
        lem_buf_printf(&b, "\n%s %s", lem_json_str(lem_json_get(in, "option"), ""),
                       lem_json_str(lem_json_get(in, "sha256"), ""));
    }
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) lem_sha256_hex(b.data, b.len, out);
    lem_buf_release(&b);
    return st;
}

/* ---- differences ---- */

enum { SHOWN = 3, VALUE_MAX = 60, NAME_MAX_LEN = 160 };

typedef struct diff {
    const lem_command *cmd;
    lem_buf *out;
    int n;
} diff;

static bool note(diff *d) {
    if (d->n++ >= SHOWN) return false;
    if (d->n > 1) lem_buf_puts(d->out, "; ");
    return true;
}

static void put_value(lem_buf *out, const lem_json *v) {
    lem_buf b = {0};
    lem_json_write(v, 0, &b);
    if (!v) lem_buf_puts(out, "not given");
    else lem_buf_printf(out, "%.*s%s", VALUE_MAX, lem_buf_str(&b), b.len > VALUE_MAX ? "…" : "");
    lem_buf_release(&b);
}

/* "lr" is an option; what lies inside a tree, and words, have no dashes; "--against" has its own. */
static const char *dashes(const char *path) { return strpbrk(path, ".[ ") || *path == '-' ? "" : "--"; }

static bool is_default(const diff *d, const char *path, const lem_json *v) {
    const lem_opt *o = lem_opt_find(d->cmd, path);
    lem_json *standard = NULL;
    bool same = false;
    if (o && o->type == LEM_OPT_FLAG && !lem_json_bool(v, true)) return true;
    if (o && o->standard && lem_opt_value_of_text(o, o->standard, &standard, NULL) == LEM_OK)
        same = lem_json_equal(standard, v);
    lem_json_free(standard);
    return same;
}

static void compare(diff *d, const char *path, const lem_json *old, const lem_json *now);

static void compare_members(diff *d, const char *path, const lem_json *old, const lem_json *now) {
    char inner[NAME_MAX_LEN];
    const char *dot = *path ? "." : "";
    for (size_t i = 0; i < lem_json_count(now); i++) {
        const char *key = lem_json_key_at(now, i);
        snprintf(inner, sizeof inner, "%s%s%s", path, dot, key);
        compare(d, inner, lem_json_get(old, key), lem_json_value_at(now, i));
    }
    for (size_t i = 0; i < lem_json_count(old); i++) {
        const char *key = lem_json_key_at(old, i);
        if (lem_json_get(now, key)) continue;
        snprintf(inner, sizeof inner, "%s%s%s", path, dot, key);
        compare(d, inner, lem_json_value_at(old, i), NULL);
    }
}

static void compare_maps(diff *d, const char *path, const lem_json *old, const lem_json *now) {
    char inner[NAME_MAX_LEN];
    size_t n = lem_json_count(old) > lem_json_count(now) ? lem_json_count(old) : lem_json_count(now);
    for (size_t i = 0; i < n; i++) {
        snprintf(inner, sizeof inner, "%s[%zu]", path, i);
        compare(d, inner, lem_json_at(old, i), lem_json_at(now, i));
    }
}

static bool same_value(const diff *d, const char *path, const lem_json *old, const lem_json *now) {
    if (old && now) return lem_json_equal(old, now);
    return is_default(d, path, old ? old : now);
}

/* A list of maps (a tree) is compared map by map, any other list as one value. Depth: that of a tree. */
static void compare(diff *d, const char *path, const lem_json *old, const lem_json *now) {
    const lem_json *some = now ? now : old;
    bool maps = lem_json_kind(lem_json_at(some, 0)) == LEM_JSON_OBJECT;
    if (lem_json_kind(some) == LEM_JSON_OBJECT) compare_members(d, path, old, now);
    else if (lem_json_kind(some) == LEM_JSON_ARRAY && maps) compare_maps(d, path, old, now);
    else if (!same_value(d, path, old, now) && note(d)) {
        if (strcmp(path, "words") == 0) lem_buf_puts(d->out, "the arguments were ");
        else if (strcmp(path, "also") == 0) lem_buf_puts(d->out, "what stands in the result was ");
        else lem_buf_printf(d->out, "%s%s was ", dashes(path), path);
        put_value(d->out, old);
        lem_buf_puts(d->out, ", is now ");
        put_value(d->out, now);
    }
}

static const char *text_of(const lem_json *o, const char *key) {
    return lem_json_str(lem_json_get(o, key), "");
}

/* The input of `list` that stands for the i-th of `other`: of as many of that name, the same one in order. */
static const lem_json *counterpart(const lem_json *list, const lem_json *other, size_t i) {
    const char *name = text_of(lem_json_at(other, i), "option");
    size_t before = 0;
    for (size_t k = 0; k < i; k++) before += strcmp(text_of(lem_json_at(other, k), "option"), name) == 0;
    for (size_t k = 0; k < lem_json_count(list); k++) {
        const lem_json *in = lem_json_at(list, k);
        if (strcmp(text_of(in, "option"), name) == 0 && before-- == 0) return in;
    }
    return NULL;
}

/* Appends the first file of a folder that differs, and how; false if none is known. */
static bool put_changed_file(const lem_json *old, const lem_json *now, lem_buf *out) {
    const lem_json *a = lem_json_get(old, "files"), *b = lem_json_get(now, "files");
    for (size_t i = 0; i < lem_json_count(b); i++) {
        const char *key = lem_json_key_at(b, i), *was = text_of(a, key);
        if (strcmp(was, lem_json_str(lem_json_value_at(b, i), "")) == 0) continue;
        lem_buf_printf(out, *was ? " the content of %s changed" : " %s was added", key);
        return true;
    }
    for (size_t i = 0; i < lem_json_count(a); i++) {
        if (lem_json_get(b, lem_json_key_at(a, i))) continue;
        lem_buf_printf(out, " %s is gone", lem_json_key_at(a, i));
        return true;
    }
    return false;
}

static void note_input(diff *d, const char *option, const lem_json *old, const lem_json *now) {
    if (!note(d)) return;
    const char *was = text_of(old, "path"), *is = text_of(now, "path");
    size_t name = strcspn(option, "[. ");
    if (option[name] == '[' && !strchr(option, '.')) /* "data[0]": the path says which */
        lem_buf_printf(d->out, "--%.*s", (int)name, option);
    else lem_buf_printf(d->out, "%s%s", dashes(option), option);
    if (!old || !now) {
        lem_buf_printf(d->out, " was %s, is now %s", old ? was : "not given", now ? is : "not given");
        return;
    }
    if (strcmp(was, is) != 0) lem_buf_printf(d->out, " was %s, is now %s:", was, is);
    else lem_buf_printf(d->out, " %s:", is);
    if (!put_changed_file(old, now, d->out)) lem_buf_puts(d->out, " its content changed");
    lem_buf_printf(d->out, " (sha256 was %.12s, is now %.12s)", text_of(old, "sha256"),
                   text_of(now, "sha256"));
}

static void compare_inputs(diff *d, const lem_json *old, const lem_json *now) {
    for (size_t i = 0; i < lem_json_count(now); i++) {
        const lem_json *b = lem_json_at(now, i), *a = counterpart(old, now, i);
        if (!a || strcmp(text_of(a, "sha256"), text_of(b, "sha256")) != 0)
            note_input(d, text_of(b, "option"), a, b);
    }
    for (size_t i = 0; i < lem_json_count(old); i++) {
        const lem_json *a = lem_json_at(old, i);
        if (!counterpart(now, old, i)) note_input(d, text_of(a, "option"), a, NULL);
    }
}

bool lem_facts_differ(const lem_command *cmd, const lem_json *old, const lem_json *now, lem_buf *out) {
    diff d = {cmd, out, 0};
    const char *was = text_of(old, "command"), *is = text_of(now, "command");
    if (strcmp(was, is) != 0) {
        lem_buf_printf(out, "it is of 'lemma %s', not of 'lemma %s'", was, is);
        return true;
    }
    compare_members(&d, "", lem_json_get(old, "arguments"), lem_json_get(now, "arguments"));
    compare_inputs(&d, lem_json_get(old, "inputs"), lem_json_get(now, "inputs"));
    if (d.n > SHOWN) lem_buf_printf(out, "; and %d more", d.n - SHOWN);
    return d.n > 0;
}

static bool is_made(const char *path, const char *const *made, int n) {
    for (int i = 0; i < n; i++)
        if (lem_path_within(path, made[i])) return true;
    return false;
}

/* The same inputs, and those of another content are all made anew. */
static bool inputs_remade(const lem_json *old, const lem_json *now, const char *const *made, int n) {
    bool ok = lem_json_count(old) == lem_json_count(now);
    for (size_t i = 0; ok && i < lem_json_count(now); i++) {
        const lem_json *b = lem_json_at(now, i), *a = counterpart(old, now, i);
        bool same = a && strcmp(text_of(a, "sha256"), text_of(b, "sha256")) == 0;
        ok = a && (same || is_made(text_of(b, "path"), made, n));
    }
    return ok;
}

bool lem_facts_remade(const lem_command *cmd, const lem_json *old, const lem_json *now,
                      const char *const *made, int n) {
    lem_buf ignored = {0};
    diff d = {cmd, &ignored, 0};
    if (n == 0) return false;
    compare_members(&d, "", lem_json_get(old, "arguments"), lem_json_get(now, "arguments"));
    lem_buf_release(&ignored);
    return d.n == 0 && strcmp(text_of(old, "command"), text_of(now, "command")) == 0 &&
           inputs_remade(lem_json_get(old, "inputs"), lem_json_get(now, "inputs"), made, n);
}
