/* recipe_check.c - what can be known before the first stage: inputs, outputs, memory, disk */
#include "job/hub.h"
#include "job/recipe_priv.h"

#include "core/data_files.h"
#include "core/file.h"
#include "core/mem.h"

#include <string.h>
#include <sys/statvfs.h>

/* ---- inputs and outputs ---- */

/* Whether a stage writes path: it lies in its output, or is a file that an option names for writing (text
 * that is called FILE, such as --keep-out; files that are read have a type of their own). */
static bool writes(const recipe_stage *s, const char *path) {
    const char *out = lem_args_str(&s->args, "out");
    const lem_opt *o;
    if (out && strcmp(out, "-") != 0 && lem_path_within(path, out)) return true;
    for (int k = 0; (o = lem_opt_at(s->cmd, k)); k++) {
        if (o->type != LEM_OPT_STR || !o->arg || strcmp(o->arg, "FILE") != 0) continue;
        const char *named = lem_args_str(&s->args, o->name);
        if (named && strcmp(named, path) == 0) return true;
    }
    return false;
}

size_t lem_recipe_maker_of(const recipe *r, const char *path) {
    size_t i = 0;
    while (i < r->n && !writes(&r->stages[i], path)) i++;
    return i;
}

/* Files appear whole; a folder is whole when its manifest is there, which is written last. */
static bool is_whole(const char *path) {
    if (!lem_file_is_dir(path)) return lem_file_exists(path);
    char *manifest = lem_path_join(path, "manifest.json", NULL);
    bool whole = manifest && lem_file_exists(manifest);
    lem_free(manifest);
    return whole;
}

/* A path, or a pattern that matches something. */
static bool is_there(const char *path) {
    lem_data_files f = {NULL, 0};
    bool there = lem_file_exists(path);
    if (!there && lem_data_is_pattern(path)) there = lem_data_files_find(&path, 1, &f, NULL) == LEM_OK;
    lem_data_files_release(&f);
    return there;
}

static void wait_for(recipe_stage *s, const char *path) {
    if (!s->waits) snprintf(s->for_what, sizeof s->for_what, "%s", path);
    s->waits = true;
}

static lem_status check_input(recipe *r, size_t i, const char *what, const char *path, lem_err *err) {
    recipe_stage *s = &r->stages[i];
    size_t maker = lem_recipe_maker_of(r, path);
    if (maker < i) {
        if (!is_whole(path)) wait_for(s, path);
        return LEM_OK;
    }
    if (strcmp(path, "-") == 0)
        return lem_fail(err, LEM_EUSAGE, "stage %s: %s-: a stage does not read standard input", s->name,
                        what);
    if (is_there(path)) return LEM_OK;
    if (maker == r->n && r->cli->dry_run && s->expects) {
        wait_for(s, path);
        return LEM_OK;
    }
    if (maker < r->n)
        return lem_fail(err, LEM_EDATA, "stage %s: %s%s: stage %s makes it only later", s->name, what, path,
                        r->stages[maker].name);
    lem_status st = lem_fail(err, LEM_EDATA, "stage %s: %s%s: no such file", s->name, what, path);
    if (err) lem_hub_explain(r->cli->hub, path, err);
    return st;
}

static lem_status check_values(recipe *r, size_t i, const lem_opt *o, const lem_json *v, lem_err *err) {
    char what[80];
    lem_status st = LEM_OK;
    snprintf(what, sizeof what, "--%s ", o->name);
    if (lem_json_kind(v) == LEM_JSON_STRING)
        return lem_opt_reads(o, lem_json_str(v, "")) ? check_input(r, i, what, lem_json_str(v, ""), err)
                                                     : LEM_OK;
    for (size_t k = 0; st == LEM_OK && k < lem_json_count(v); k++)
        st = check_input(r, i, what, lem_json_str(lem_json_at(v, k), ""), err);
    return st;
}

/* The inputs that the maps of a tree name. */
static lem_status check_tree(recipe *r, size_t i, const lem_json *tree, lem_err *err) {
    const lem_command *cmd = r->stages[i].cmd;
    lem_status st = LEM_OK;
    for (size_t k = 0; st == LEM_OK && k < lem_json_count(tree); k++) {
        const lem_json *map = lem_json_at(tree, k);
        for (size_t m = 0; st == LEM_OK && m < lem_json_count(map); m++) {
            const char *key = lem_json_key_at(map, m);
            const lem_opt *o = lem_opt_find(cmd, key);
            lem_json *typed = NULL;
            if (!o && strcmp(key, "name") == 0) continue;
            if (!o) {
                const lem_opt *near = lem_opt_suggest(cmd, key);
                return lem_fail(err, LEM_EUSAGE, "stage %s: unknown key '%s'; did you mean '%s'?",
                                r->stages[i].name, key, near ? near->name : "name");
            }
            st = lem_opt_value(o, lem_json_value_at(map, m), &typed, err);
            if (st) lem_err_context(err, "stage %s", r->stages[i].name);
            if (st == LEM_OK && (o->type == LEM_OPT_INPUT || o->type == LEM_OPT_INPUTS))
                st = check_values(r, i, o, typed, err);
            lem_json_free(typed);
        }
    }
    return st;
}

/* Words that a command reads itself may name files, as FILE or NAME=FILE: one that an earlier stage makes is
 * waited for. */
static bool holds_outputs(const recipe *r, size_t before, const char *folder) {
    for (size_t i = 0; i < before; i++) {
        const char *out = lem_args_str(&r->stages[i].args, "out");
        if (out && lem_path_within(out, folder)) return true;
    }
    return false;
}

/* Words that a command reads itself may name files, as FILE or NAME=FILE: one that an earlier stage makes, or
 * a folder of such, is waited for. */
static void wait_for_words(recipe *r, size_t i) {
    recipe_stage *s = &r->stages[i];
    for (int k = 0; k < s->args.n_words; k++) {
        const char *equals = strchr(s->args.words[k], '='), *path = equals ? equals + 1 : s->args.words[k];
        bool made = lem_recipe_maker_of(r, path) < i && !is_whole(path);
        if (made || (!lem_file_exists(path) && holds_outputs(r, i, path))) wait_for(s, path);
    }
}

static lem_status check_inputs(recipe *r, size_t i, lem_err *err) {
    const recipe_stage *s = &r->stages[i];
    const lem_opt *o;
    lem_status st = LEM_OK;
    for (int k = 0; st == LEM_OK && (o = lem_opt_at(s->cmd, k)); k++) {
        const lem_json *v = lem_args_tree(&s->args, o->name);
        if (!v) continue;
        if (o->type == LEM_OPT_TREE) st = check_tree(r, i, v, err);
        else if (o->type == LEM_OPT_INPUT || o->type == LEM_OPT_INPUTS) st = check_values(r, i, o, v, err);
    }
    bool paths = s->cmd->words == LEM_WORDS_INPUT || s->cmd->words == LEM_WORDS_NAMED_INPUT;
    for (int k = 0; st == LEM_OK && paths && k < s->args.n_words; k++)
        st = check_input(r, i, "", s->args.words[k], err);
    if (st == LEM_OK && s->cmd->words == LEM_WORDS_OWN) wait_for_words(r, i);
    return st;
}

/* The next stage would look for the whole output. */
static lem_status check_shard(const recipe_stage *s, lem_err *err) {
    if (!lem_args_has(&s->args, "shard") && !lem_args_has(&s->args, "take-over")) return LEM_OK;
    return lem_fail(
        err, LEM_EUSAGE,
        "stage %s: --shard: a stage of a recipe is not split; run its command by itself, and lemma "
        "merge after it",
        s->name);
}

static bool same_path(const char *a, const char *b) { return lem_path_within(a, b) && lem_path_within(b, a); }

static lem_status check_output(const recipe *r, size_t i, lem_err *err) {
    const char *out = lem_args_str(&r->stages[i].args, "out");
    if (!out || strcmp(out, "-") == 0) return LEM_OK;
    for (size_t k = 0; k < i; k++) {
        const char *other = lem_args_str(&r->stages[k].args, "out");
        if (other && same_path(out, other))
            return lem_fail(err, LEM_EUSAGE, "stages %s and %s both write %s", r->stages[k].name,
                            r->stages[i].name, out);
    }
    return LEM_OK;
}

/* ---- memory and disk ---- */

static double free_disk(const char *path) {
    struct statvfs v;
    char *dir = lem_strdup(path, NULL);
    double bytes = -1;
    while (dir && !lem_file_exists(dir)) {
        char *up = lem_path_dir(dir, NULL);
        lem_free(dir);
        dir = up;
    }
    if (dir && statvfs(dir, &v) == 0) bytes = (double)v.f_bavail * (double)v.f_frsize;
    lem_free(dir);
    return bytes;
}

/* The folder whose config.json has the shape of the stage's model: its --model, or that of the stage that
 * makes it. NULL = none. */
static const char *shape_of(const recipe *r, size_t i) {
    const char *model = lem_args_str(&r->stages[i].args, "model");
    for (size_t maker = model ? lem_recipe_maker_of(r, model) : r->n; model && maker < i;
         maker = lem_recipe_maker_of(r, model)) {
        i = maker;
        model = lem_args_str(&r->stages[i].args, "model");
        if (!model) break;
    }
    return model;
}

/* In a dry run, where the data or the weights are not here. */
static lem_status forecast_stage(recipe *r, size_t i, lem_err *err) {
    recipe_stage *s = &r->stages[i];
    s->forecast = true;
    wait_for(s, lem_args_str(&s->args, "model"));
    if (r->rate == 0 && r->spec->rate) r->rate = r->spec->rate(r->cli);
    return lem_recipe_forecast(s, shape_of(r, i), err);
}

static lem_status plan_stage(recipe *r, size_t i, double *disk, lem_err *err) {
    recipe_stage *s = &r->stages[i];
    lem_plan plan = {0};
    lem_err why = LEM_ERR_INIT;
    if (!s->cmd->plan || (s->waits && !(r->cli->dry_run && s->expects))) return LEM_OK;
    lem_status st = s->waits ? LEM_EDATA : s->cmd->plan(&s->cli, &s->args, &plan, &why);
    if (st && r->cli->dry_run && s->expects) return forecast_stage(r, i, err);
    if (st) {
        if (err) *err = why;
        return lem_err_context(err, "stage %s (%s)", s->name, s->cmd->name);
    }
    s->plan = plan;
    *disk += plan.disk;
    if (r->spec->memory <= 0 || plan.memory <= r->spec->memory) return LEM_OK;
    if (!r->cli->dry_run)
        return lem_fail(err, LEM_EMEM, "stage %s (%s) needs about %.1f GB of memory, this machine has %.1f",
                        s->name, s->cmd->name, plan.memory / 1e9, r->spec->memory / 1e9);
    lem_warn(r->cli->log,
             "stage %s needs about %.1f GB of memory and does not fit here: this machine has %.1f", s->name,
             plan.memory / 1e9, r->spec->memory / 1e9);
    return LEM_OK;
}

lem_status lem_recipe_check(recipe *r, lem_err *err) {
    double disk = 0;
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < r->n; i++) {
        st = check_shard(&r->stages[i], err);
        if (st == LEM_OK) st = check_inputs(r, i, err);
        if (st == LEM_OK) st = check_output(r, i, err);
        if (st == LEM_OK) st = plan_stage(r, i, &disk, err);
    }
    double there = st == LEM_OK ? free_disk(r->out) : -1;
    if (st == LEM_OK && r->cli->dry_run && there >= 0 && disk > there)
        lem_warn(r->cli->log, "the stages write about %.1f GB, %.1f GB are free", disk / 1e9, there / 1e9);
    else if (st == LEM_OK && there >= 0 && disk > there)
        st = lem_fail(err, LEM_EIO, "%s: the stages write about %.1f GB, %.1f GB are free", r->out,
                      disk / 1e9, there / 1e9);
    return st;
}
