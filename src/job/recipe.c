/* recipe.c - runs the stages of a recipe, skipping what is complete */
#include "cli/recipe.h"

#include "core/file.h"
#include "core/hash.h"
#include "core/mem.h"
#include "cli/commands.h"
#include "cli/runtime.h"

#include <string.h>

typedef struct recipe {
    lem_cli *cli;
    lem_json *tree, *vars, *stages;
    const char *name, *out;
    lem_json *state, *timing; /* run.json and timing.json */
    char *state_path, *timing_path;
} recipe;

/* Replaces ${name} by the variable's text. */
static lem_status expand(const recipe *r, const char *text, lem_buf *out, lem_err *err) {
    for (const char *p = text; *p;) {
        const char *close = p[0] == '$' && p[1] == '{' ? strchr(p, '}') : NULL;
        if (!close) {
            lem_buf_putc(out, *p++);
            continue;
        }
        char key[64];
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

/* A copy of v with every text expanded; depth is bounded by the YAML reader. */
static lem_json *expand_value(const recipe *r, const lem_json *v, lem_err *err) {
    lem_json *out = NULL, *item;
    lem_buf b = {0};
    switch (lem_json_kind(v)) {
    case LEM_JSON_STRING:
        if (expand(r, lem_json_str(v, ""), &b, err) == LEM_OK)
            out = lem_json_new_strn(lem_buf_str(&b), b.len);
        lem_buf_release(&b);
        return out;
    case LEM_JSON_ARRAY:
        out = lem_json_new_array();
        for (size_t i = 0; out && i < lem_json_count(v); i++) {
            item = expand_value(r, lem_json_at(v, i), err);
            if (!item || !lem_json_append(out, item)) goto fail;
        }
        return out;
    case LEM_JSON_OBJECT:
        out = lem_json_new_object();
        for (size_t i = 0; out && i < lem_json_count(v); i++) {
            item = expand_value(r, lem_json_value_at(v, i), err);
            if (!item || !lem_json_set(out, lem_json_key_at(v, i), item)) goto fail;
        }
        return out;
    default: return lem_json_copy(v);
    }
fail:
    lem_json_free(out);
    return NULL;
}

static lem_status check(recipe *r, const char *source, lem_err *err) {
    static const char *const known[] = {"name", "vars", "stages", "about"};
    for (size_t i = 0; i < lem_json_count(r->tree); i++) {
        const char *key = lem_json_key_at(r->tree, i);
        bool ok = false;
        for (int k = 0; k < 4; k++) ok = ok || strcmp(key, known[k]) == 0;
        const char *near = lem_suggest(key, known, 4);
        if (!ok && near)
            return lem_fail(err, LEM_EUSAGE, "%s: unknown key '%s'; did you mean '%s'?", source, key, near);
        if (!ok)
            return lem_fail(err, LEM_EUSAGE,
                            "%s: unknown key '%s'; a recipe has name, about, vars and stages", source, key);
    }
    r->name = lem_json_str(lem_json_get(r->tree, "name"), NULL);
    r->vars = lem_json_get(r->tree, "vars");
    r->stages = lem_json_get(r->tree, "stages");
    r->out = lem_json_str(lem_json_get(r->vars, "out"), NULL);
    if (!r->name || !r->out)
        return lem_fail(err, LEM_EUSAGE, "%s: a recipe needs 'name' and 'vars: {out: DIR}'", source);
    if (lem_json_kind(r->stages) != LEM_JSON_ARRAY || lem_json_count(r->stages) == 0)
        return lem_fail(err, LEM_EUSAGE, "%s: 'stages' must be a list", source);
    for (size_t i = 0; i < lem_json_count(r->stages); i++) {
        const lem_json *s = lem_json_at(r->stages, i);
        const char *name = lem_json_str(lem_json_get(s, "name"), NULL),
                   *command = lem_json_str(lem_json_get(s, "command"), NULL);
        if (!name || !command)
            return lem_fail(err, LEM_EUSAGE, "%s: stages[%zu] needs 'name' and 'command'", source, i);
        if (!lem_command_find(command))
            return lem_fail(err, LEM_EUSAGE, "%s: stage %s: unknown command '%s'", source, name, command);
        for (size_t k = 0; k < i; k++)
            if (strcmp(lem_json_str(lem_json_get(lem_json_at(r->stages, k), "name"), ""), name) == 0)
                return lem_fail(err, LEM_EUSAGE, "%s: two stages are named '%s'", source, name);
    }
    return LEM_OK;
}

/* var=value sets a variable; stage.option=value sets an option of that stage. */
static lem_status apply_overrides(recipe *r, const char *const *overrides, int n, lem_err *err) {
    for (int i = 0; i < n; i++) {
        const char *eq = strchr(overrides[i], '='), *dot = strchr(overrides[i], '.');
        lem_json *vars = lem_json_get(r->tree, "vars"), *stages = lem_json_get(r->tree, "stages");
        lem_status st;
        if (!eq)
            return lem_fail(err, LEM_EUSAGE, "'%s' is not an override; write var=value or stage.option=value",
                            overrides[i]);
        if (dot && dot < eq) st = lem_yaml_override(stages, overrides[i], err);
        else {
            char key[64];
            size_t len = (size_t)(eq - overrides[i]);
            snprintf(key, sizeof key, "%.*s", (int)(len < 63 ? len : 63), overrides[i]);
            if (!lem_json_get(vars, key)) {
                const char *names[64];
                int m = 0;
                for (size_t k = 0; k < lem_json_count(vars) && m < 64; k++)
                    names[m++] = lem_json_key_at(vars, k);
                const char *near = lem_suggest(key, names, m);
                return near ? lem_fail(err, LEM_EUSAGE, "the recipe has no variable '%s'; did you mean '%s'?",
                                       key, near)
                            : lem_fail(err, LEM_EUSAGE, "the recipe has no variable '%s'", key);
            }
            st = lem_yaml_override(vars, overrides[i], err);
        }
        if (st) return st;
    }
    return LEM_OK;
}

/* Options of a stage as the command wants them: expanded, without name and command, words moved. */
static lem_status resolve(const recipe *r, const lem_json *stage, lem_json **out, lem_err *err) {
    lem_json *t = expand_value(r, stage, err);
    if (!t) return err->status ? err->status : lem_fail(err, LEM_EMEM, "out of memory");
    lem_json *words = lem_json_get(t, "words");
    bool ok = !words || lem_json_set(t, "_words", lem_json_copy(words));
    (void)lem_json_remove(t, "words");
    (void)lem_json_remove(t, "name");
    (void)lem_json_remove(t, "command");
    if (ok && !lem_json_get(t, "seed")) ok = lem_json_set(t, "seed", lem_json_new_int((int64_t)r->cli->seed));
    if (!ok) {
        lem_json_free(t);
        return lem_fail(err, LEM_EMEM, "out of memory");
    }
    *out = t;
    return LEM_OK;
}

/* Adds the contents of every text value that names a file outside the run's own folder. */
static lem_status hash_inputs(const recipe *r, const lem_json *v, lem_sha256 *h, lem_err *err) {
    if (lem_json_kind(v) == LEM_JSON_STRING) {
        const char *path = lem_json_str(v, "");
        if (strncmp(path, r->out, strlen(r->out)) == 0 || !lem_file_exists(path) || lem_file_is_dir(path))
            return LEM_OK;
        char hex[65];
        lem_status st = lem_sha256_file(path, hex, err);
        if (st == LEM_OK) lem_sha256_add(h, hex, 64);
        return st;
    }
    lem_status st = LEM_OK;
    bool object = lem_json_kind(v) == LEM_JSON_OBJECT;
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(v); i++)
        st = hash_inputs(r, object ? lem_json_value_at(v, i) : lem_json_at(v, i), h, err);
    return st;
}

static lem_status identity_of(const recipe *r, const lem_json *tree, const char *command, char out[65],
                              lem_err *err) {
    lem_sha256 h;
    lem_buf b = {0};
    lem_json_write(tree, 0, &b);
    lem_status st = lem_buf_ok(&b, err);
    lem_sha256_init(&h);
    lem_sha256_add(&h, command, strlen(command));
    lem_sha256_add(&h, lem_buf_str(&b), b.len);
    lem_buf_release(&b);
    if (st == LEM_OK) st = hash_inputs(r, tree, &h, err);
    if (st) return st;
    uint8_t d[32];
    lem_sha256_end(&h, d);
    lem_sha256_hex(d, 32, out);
    return LEM_OK;
}

static lem_status write_json(const char *path, const lem_json *v, lem_err *err) {
    lem_buf b = {0};
    lem_json_write(v, 1, &b);
    lem_buf_putc(&b, '\n');
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) st = lem_file_write_atomic(path, b.data, b.len, err);
    lem_buf_release(&b);
    return st;
}

static const lem_json *finished(const recipe *r, size_t index, const char *identity) {
    const lem_json *s = lem_json_at(lem_json_get(r->state, "stages"), index);
    return s && strcmp(lem_json_str(lem_json_get(s, "identity"), ""), identity) == 0 ? s : NULL;
}

/* Forgets stages index.. and everything recorded of them. */
static lem_status cut_state(recipe *r, size_t index, lem_err *err) {
    lem_json *old = lem_json_get(r->state, "stages"), *kept = lem_json_new_array();
    bool ok = kept != NULL;
    for (size_t i = 0; ok && i < index && i < lem_json_count(old); i++)
        ok = lem_json_append(kept, lem_json_copy(lem_json_at(old, i)));
    if (!ok) {
        lem_json_free(kept);
        return lem_fail(err, LEM_EMEM, "out of memory");
    }
    return lem_json_set(r->state, "stages", kept) ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static lem_status record(recipe *r, const char *name, const char *command, const char *identity,
                         const char *out, double seconds, lem_err *err) {
    lem_json *s = lem_json_new_object();
    bool ok = s && lem_json_set(s, "name", lem_json_new_str(name)) &&
              lem_json_set(s, "command", lem_json_new_str(command)) &&
              lem_json_set(s, "status", lem_json_new_str("done")) &&
              lem_json_set(s, "identity", lem_json_new_str(identity));
    if (ok && out) ok = lem_json_set(s, "out", lem_json_new_str(out));
    if (!ok) lem_json_free(s);
    ok = ok && lem_json_append(lem_json_get(r->state, "stages"), s);
    double before = lem_json_num(lem_json_get(r->timing, name),
                                 0); /* an interrupted stage's earlier part is not known; later runs add up */
    ok = ok && lem_json_set(r->timing, name, lem_json_new_num(before + seconds));
    if (!ok) return lem_fail(err, LEM_EMEM, "out of memory");
    lem_status st = write_json(r->timing_path, r->timing, err);
    return st ? st : write_json(r->state_path, r->state, err);
}

static lem_status run_stage(recipe *r, const lem_command *cmd, const lem_json *tree, lem_err *err) {
    lem_cli cli = *r->cli;
    lem_args args = {NULL, NULL, 0};
    lem_status st = lem_args_from_tree(cmd, tree, &cli, &args, err);
    if (st) return st;
    cli.threads = r->cli->threads;
    cli.dry_run = r->cli->dry_run;
    cli.json = false;
    cli.fresh = r->cli->fresh;
    cli.overwrite = !cmd->resumes || r->cli->overwrite;
    st = cmd->run(&cli, &args, err);
    lem_args_release(&args);
    return st;
}

static lem_status open_state(recipe *r, lem_err *err) {
    r->state_path = lem_path_join(r->out, "run.json", err);
    r->timing_path = lem_path_join(r->out, "timing.json", err);
    if (!r->state_path || !r->timing_path) return LEM_EMEM;
    lem_status st = lem_dir_make(r->out, err);
    if (st == LEM_OK && lem_file_exists(r->state_path) && !r->cli->fresh)
        st = lem_json_load(r->state_path, 1 << 22, &r->state, err);
    if (st == LEM_OK && lem_file_exists(r->timing_path) && !r->cli->fresh)
        st = lem_json_load(r->timing_path, 1 << 22, &r->timing, err);
    if (st) return st;
    if (!r->timing) r->timing = lem_json_new_object();
    if (!r->state) r->state = lem_json_new_object();
    bool ok = r->timing && r->state && lem_json_set(r->state, "name", lem_json_new_str(r->name));
    if (ok && !lem_json_get(r->state, "stages")) ok = lem_json_set(r->state, "stages", lem_json_new_array());
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

/* One compute path for the whole run, chosen when it starts, so that a resumed run takes the same. */
static lem_status fix_compute_path(recipe *r, lem_cli *cli, lem_err *err) {
    const char *path = lem_json_str(lem_json_get(r->state, "compute_path"), NULL);
    if (path && strcmp(cli->isa, "auto") != 0 && strcmp(cli->isa, path) != 0)
        return lem_fail(
            err, LEM_EUSAGE,
            "the run in %s uses compute path '%s', LEMMA_CPU asks for '%s'; unset it or pass --fresh", r->out,
            path, cli->isa);
    if (!path) {
        lem_runtime rt;
        lem_status st = lem_runtime_open(cli, NULL, &rt, err);
        if (st) return st;
        bool ok = lem_json_set(r->state, "compute_path", lem_json_new_str(rt.backend->ops->name));
        lem_runtime_close(&rt);
        if (!ok) return lem_fail(err, LEM_EMEM, "out of memory");
        path = lem_json_str(lem_json_get(r->state, "compute_path"), "auto");
    }
    lem_isa isa;
    lem_status st = lem_isa_parse(path, &isa, err);
    if (st == LEM_OK && !lem_isa_supported(isa))
        st =
            lem_fail(err, LEM_EUSAGE,
                     "the run in %s uses compute path '%s', which this CPU lacks; pass --fresh to start over",
                     r->out, path);
    cli->isa = path;
    return st;
}

static lem_status run_stages(recipe *r, lem_err *err) {
    bool skipping = !r->cli->fresh;
    size_t n = lem_json_count(r->stages);
    for (size_t i = 0; i < n; i++) {
        const lem_json *stage = lem_json_at(r->stages, i);
        const char *name = lem_json_str(lem_json_get(stage, "name"), ""),
                   *command = lem_json_str(lem_json_get(stage, "command"), "");
        lem_json *tree = NULL;
        char identity[65];
        lem_status st = resolve(r, stage, &tree, err);
        if (st == LEM_OK) st = identity_of(r, tree, command, identity, err);
        if (st == LEM_OK && skipping && finished(r, i, identity)) {
            lem_info(r->cli->log, "[%zu/%zu] %s: complete", i + 1, n, name);
            lem_json_free(tree);
            continue;
        }
        if (st == LEM_OK && skipping) st = cut_state(r, i, err);
        skipping = false;
        if (st == LEM_OK && !r->cli->fresh && !r->cli->dry_run) st = write_json(r->state_path, r->state, err);
        double start = lem_clock_seconds();
        if (st == LEM_OK) {
            lem_info(r->cli->log, "[%zu/%zu] %s (%s)", i + 1, n, name, command);
            st = run_stage(r, lem_command_find(command), tree, err);
        }
        if (st == LEM_OK && !r->cli->dry_run)
            st = record(r, name, command, identity, lem_json_str(lem_json_get(tree, "out"), NULL),
                        lem_clock_seconds() - start, err);
        lem_json_free(tree);
        if (st) return lem_err_context(err, "stage %s (%s)", name, command);
        if (r->cli->cancel->requested)
            return lem_fail(err, LEM_EINTR, "interrupted after stage %s; run the same command again to go on",
                            name);
    }
    return LEM_OK;
}

lem_status lem_recipe_run(lem_cli *cli, lem_json *tree, const char *source, const char *out,
                          const char *const *overrides, int n_overrides, lem_err *err) {
    lem_cli own = *cli; /* its compute path is the run's */
    recipe r = {.cli = &own, .tree = tree};
    lem_lock *lock = NULL;
    lem_status st = LEM_OK;
    LEM_TRY(apply_overrides(&r, overrides, n_overrides, err));
    if (out && !lem_json_set(lem_json_get(tree, "vars"), "out", lem_json_new_str(out))) {
        st = lem_fail(err, LEM_EUSAGE, "%s: a recipe needs 'vars: {out: DIR}'", source);
        goto done;
    }
    LEM_TRY(check(&r, source, err));
    LEM_TRY(open_state(&r, err));
    LEM_TRY(lem_lock_take(r.state_path, &lock, err));
    if (cli->fresh) LEM_TRY(cut_state(&r, 0, err));
    LEM_TRY(fix_compute_path(&r, &own, err));
    LEM_TRY(run_stages(&r, err));
done:
    lem_lock_release(lock);
    lem_json_free(r.state);
    lem_json_free(r.timing);
    lem_free(r.state_path);
    lem_free(r.timing_path);
    return st;
}
