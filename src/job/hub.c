/* hub.c - names of the Hugging Face Hub found in its local cache */
#include "job/hub.h"

#include "core/absent.h"
#include "core/data_files.h"
#include "core/file.h"
#include "core/mem.h"

#include <stdio.h>
#include <string.h>

enum { PART = 96, HASH = 64 };

typedef struct hub_name {
    char org[PART], name[PART];
    const char *rest; /* behind the second part, without its slash; "" = nothing */
} hub_name;

static bool take_part(const char **p, char out[PART]) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t n = strspn(*p, allowed);
    if (n == 0 || n >= PART || **p == '.' || **p == '-') return false;
    memcpy(out, *p, n);
    out[n] = '\0';
    *p += n;
    return strstr(out, "..") == NULL && strstr(out, "--") == NULL;
}

/* Two parts at least, of which nothing exists here. */
static bool parse(const char *text, hub_name *out) {
    const char *p = text;
    if (!take_part(&p, out->org) || *p++ != '/' || !take_part(&p, out->name)) return false;
    if (*p && *p != '/') return false;
    out->rest = *p ? p + 1 : "";
    return strstr(out->rest, "..") == NULL && !lem_file_exists(text) && !lem_file_exists(out->org);
}

static char *join3(const char *a, const char *b, const char *c, lem_err *err) {
    char *ab = lem_path_join(a, b, err), *abc = ab ? lem_path_join(ab, c, err) : NULL;
    lem_free(ab);
    return abc;
}

/* The commit that refs/main names; false without one. */
static bool read_ref(const char *repo, char hash[HASH]) {
    lem_buf b = {0};
    char *path = join3(repo, "refs", "main", NULL);
    bool ok = path && lem_file_exists(path) && lem_file_read(path, 4096, &b, NULL) == LEM_OK;
    size_t n = ok ? strspn(lem_buf_str(&b), "0123456789abcdef") : 0;
    ok = n > 0 && n < HASH && strspn(lem_buf_str(&b) + n, " \n\r") == b.len - n;
    if (ok) {
        memcpy(hash, lem_buf_str(&b), n);
        hash[n] = '\0';
    }
    lem_buf_release(&b);
    lem_free(path);
    return ok;
}

/* The only snapshot, where no reference says which. */
static bool only_snapshot(const char *repo, char hash[HASH]) {
    char *dir = lem_path_join(repo, "snapshots", NULL), **names = NULL;
    size_t n = 0;
    bool ok = dir && lem_file_is_dir(dir) && lem_dir_list(dir, &names, &n, NULL) == LEM_OK && n == 1 &&
              strlen(names[0]) < HASH;
    if (ok) snprintf(hash, HASH, "%s", names[0]);
    for (size_t i = 0; i < n; i++) lem_free(names[i]);
    lem_free(names);
    lem_free(dir);
    return ok;
}

/* What of a snapshot is read: the rest of the name, or the folder data of a data set. */
static char *inside(const char *snapshot, const char *rest, bool data_set, lem_err *err) {
    if (*rest) return lem_path_join(snapshot, rest, err);
    char *data = data_set && !lem_data_is_folder(snapshot) ? lem_path_join(snapshot, "data", NULL) : NULL;
    if (data && lem_data_is_folder(data)) return data;
    lem_free(data);
    return lem_strdup(snapshot, err);
}

static lem_status look(const char *root, const char *kind, const hub_name *h, char **out, lem_err *err) {
    char repo_name[2 * PART + 32], hash[HASH];
    snprintf(repo_name, sizeof repo_name, "%s--%s--%s", kind, h->org, h->name);
    char *repo = lem_path_join(root, repo_name, err), *snapshot = NULL;
    lem_status st = repo ? LEM_OK : LEM_EMEM;
    if (st == LEM_OK && (read_ref(repo, hash) || only_snapshot(repo, hash))) {
        snapshot = join3(repo, "snapshots", hash, err);
        if (!snapshot) st = LEM_EMEM;
        else if (lem_file_is_dir(snapshot)) {
            *out = inside(snapshot, h->rest, strcmp(kind, "datasets") == 0, err);
            if (!*out) st = LEM_EMEM;
        }
    }
    lem_free(snapshot);
    lem_free(repo);
    return st;
}

lem_status lem_hub_find(const char *const *roots, const char *name, char **out, lem_err *err) {
    static const char *const kinds[] = {"models", "datasets"};
    hub_name h;
    lem_status st = LEM_OK;
    *out = NULL;
    if (!roots || !parse(name, &h)) return LEM_OK;
    for (int k = 0; k < 2; k++)
        for (int i = 0; roots[i] && st == LEM_OK && !*out; i++) st = look(roots[i], kinds[k], &h, out, err);
    return st;
}

/* ---- in arguments ---- */

/* What a value becomes; *changed NULL where it stays. */
static lem_status replaced(const char *const *roots, const lem_json *v, lem_json **changed, lem_err *err) {
    char *path = NULL;
    *changed = NULL;
    const char *name = lem_json_str(v, NULL);
    lem_status st = name ? lem_hub_find(roots, name, &path, err) : LEM_OK;
    if (st != LEM_OK || !path) return st;
    *changed = lem_json_new_str(path);
    lem_free(path);
    return *changed ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

/* A list with such names replaced; *changed NULL where none is. */
static lem_status replaced_list(const char *const *roots, const lem_json *v, lem_json **changed,
                                lem_err *err) {
    lem_json *list = lem_json_new_array();
    lem_status st = list ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
    bool any = false;
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(v); i++) {
        lem_json *one = NULL;
        st = replaced(roots, lem_json_at(v, i), &one, err);
        any = any || one;
        if (st == LEM_OK && !lem_json_append(list, one ? one : lem_json_copy(lem_json_at(v, i))))
            st = lem_fail(err, LEM_EMEM, "out of memory");
    }
    *changed = st == LEM_OK && any ? list : NULL;
    if (!*changed) lem_json_free(list);
    return st;
}

static lem_status resolve_member(const char *const *roots, const char *key, lem_json *map, lem_err *err) {
    const lem_json *v = lem_json_get(map, key);
    lem_json *changed = NULL;
    lem_status st = lem_json_kind(v) == LEM_JSON_ARRAY ? replaced_list(roots, v, &changed, err)
                                                       : replaced(roots, v, &changed, err);
    if (st == LEM_OK && changed && !lem_json_set(map, key, changed))
        st = lem_fail(err, LEM_EMEM, "out of memory");
    return st;
}

static bool is_input(const lem_opt *o) {
    return o && (o->type == LEM_OPT_INPUT || o->type == LEM_OPT_INPUTS);
}

/* The inputs that the maps of a tree name (stages of sft); they are called as options are. */
static lem_status resolve_tree(const lem_command *cmd, const char *const *roots, const lem_json *tree,
                               lem_err *err) {
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && lem_json_kind(tree) == LEM_JSON_ARRAY && i < lem_json_count(tree);
         i++) {
        lem_json *map = lem_json_at(tree, i);
        for (size_t k = 0; st == LEM_OK && k < lem_json_count(map); k++) {
            const char *key = lem_json_key_at(map, k);
            if (is_input(lem_opt_find(cmd, key))) st = resolve_member(roots, key, map, err);
        }
    }
    return st;
}

lem_status lem_hub_resolve(const lem_command *cmd, const char *const *roots, lem_json *values, lem_err *err) {
    const lem_opt *o;
    lem_status st = LEM_OK;
    if (!roots) return LEM_OK;
    for (int i = 0; st == LEM_OK && (o = lem_opt_at(cmd, i)); i++) {
        if (o->type == LEM_OPT_TREE) st = resolve_tree(cmd, roots, lem_json_get(values, o->name), err);
        else if (is_input(o)) st = resolve_member(roots, o->name, values, err);
    }
    if (st == LEM_OK && !cmd->assignments) st = resolve_member(roots, "_words", values, err);
    return st;
}

/* ---- in errors ---- */

void lem_hub_explain(const char *const *roots, const char *name, lem_err *err) {
    hub_name h;
    lem_buf b = {0};
    if (err->status != LEM_EDATA || !lem_absent_hub_name(name) || !parse(name, &h)) return;
    if (!strstr(err->text, name) || strstr(err->text, "hf download")) return;
    const char *told = strstr(err->text, "nothing is downloaded") ? "" : ", nothing is downloaded";
    lem_buf_printf(&b, "%.400s%s; looked for models--%s--%s and datasets--%s--%s in ", err->text, told, h.org,
                   h.name, h.org, h.name);
    for (int i = 0; roots && roots[i]; i++) lem_buf_printf(&b, "%s%.120s", i ? ", " : "", roots[i]);
    lem_buf_printf(&b, "; to fetch it: hf download %s/%s (a data set: with --repo-type dataset)", h.org,
                   h.name);
    if (!b.failed) snprintf(err->text, sizeof err->text, "%.*s", (int)sizeof err->text - 1, lem_buf_str(&b));
    lem_buf_release(&b);
}

static void explain_value(const char *const *roots, const lem_json *v, lem_err *err) {
    if (lem_json_kind(v) == LEM_JSON_STRING) lem_hub_explain(roots, lem_json_str(v, ""), err);
    for (size_t i = 0; lem_json_kind(v) == LEM_JSON_ARRAY && i < lem_json_count(v); i++)
        lem_hub_explain(roots, lem_json_str(lem_json_at(v, i), ""), err);
}

void lem_hub_explain_all(const lem_command *cmd, const char *const *roots, const lem_json *values,
                         lem_err *err) {
    const lem_opt *o;
    for (int i = 0; (o = lem_opt_at(cmd, i)); i++)
        if (is_input(o)) explain_value(roots, lem_json_get(values, o->name), err);
    if (!cmd->assignments) explain_value(roots, lem_json_get(values, "_words"), err);
}
