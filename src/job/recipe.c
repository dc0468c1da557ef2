/* recipe.c - runs the stages of a recipe, each as the job that it is */
#include "job/recipe_priv.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/object.h"

#include <string.h>

static lem_status no_memory(lem_err *err) { return lem_fail(err, LEM_EMEM, "out of memory"); }

/* ---- run.json and timing.json ---- */

static lem_status load_state(const recipe *r, const char *path, lem_json **out, lem_err *err) {
    if (!lem_file_exists(path) || r->cli->fresh) {
        *out = lem_json_new_object();
        return *out ? LEM_OK : no_memory(err);
    }
    lem_status st = lem_json_load(path, 1 << 22, out, err);
    if (st == LEM_OK && lem_json_kind(*out) != LEM_JSON_OBJECT)
        st = lem_fail(err, LEM_EDATA, "%s: a map expected, found %s; --fresh starts anew", path,
                      lem_json_kind_name(*out));
    return st;
}

static lem_status open_state(recipe *r, lem_err *err) {
    r->state_path = lem_path_join(r->out, "run.json", err);
    r->timing_path = lem_path_join(r->out, "timing.json", err);
    if (!r->state_path || !r->timing_path) return LEM_EMEM;
    if (!r->cli->dry_run) {
        lem_file_sweep(r->state_path);
        lem_file_sweep(r->timing_path);
    }
    lem_status st = load_state(r, r->state_path, &r->state, err);
    if (st == LEM_OK) st = load_state(r, r->timing_path, &r->timing, err);
    if (st) return st;
    const lem_json *stages = lem_json_get(r->state, "stages");
    if (stages && lem_json_kind(stages) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EDATA, "%s: 'stages' is no list; --fresh starts anew", r->state_path);
    bool ok = lem_json_set(r->state, "name", lem_json_new_str(r->name));
    if (ok && !lem_json_get(r->state, "stages")) ok = lem_json_set(r->state, "stages", lem_json_new_array());
    return ok ? LEM_OK : no_memory(err);
}

static lem_json *stage_record(const recipe_stage *s) {
    const char *out = lem_args_str(&s->args, "out");
    lem_object o = lem_object_new();
    lem_object_str(&o, "name", s->name);
    lem_object_str(&o, "command", s->cmd->name);
    lem_object_str(&o, "status", "done");
    if (*s->cli.job_identity) lem_object_str(&o, "identity", s->cli.job_identity);
    if (out) lem_object_str(&o, "out", out);
    return lem_object_done(&o);
}

/* The first n records, or fewer; NULL = no memory. */
static lem_json *first_records(const lem_json *old, size_t n) {
    lem_json *kept = lem_json_new_array();
    bool ok = kept != NULL;
    for (size_t i = 0; ok && i < n && i < lem_json_count(old); i++)
        ok = lem_json_append(kept, lem_json_copy(lem_json_at(old, i)));
    if (ok) return kept;
    lem_json_free(kept);
    return NULL;
}

/* Takes records. */
static lem_status replace_records(recipe *r, lem_json *records, lem_err *err) {
    if (!lem_json_set(r->state, "stages", records)) return no_memory(err);
    return lem_json_save(r->state_path, r->state, 1, err);
}

/* Stage i is done. A new or another record of it ends what was known of the stages behind it. */
static lem_status record_stage(recipe *r, size_t i, lem_err *err) {
    const lem_json *old = lem_json_get(r->state, "stages");
    lem_json *now = stage_record(&r->stages[i]);
    if (!now) return no_memory(err);
    if (lem_json_equal(lem_json_at(old, i), now)) {
        lem_json_free(now);
        return LEM_OK;
    }
    lem_json *kept = first_records(old, i);
    if (!kept) lem_json_free(now);
    else if (lem_json_append(kept, now)) return replace_records(r, kept, err);
    lem_json_free(kept);
    return no_memory(err);
}

/* An interrupted stage's earlier part is not known; later runs add up. */
static lem_status record_time(recipe *r, const char *name, double seconds, lem_err *err) {
    double before = lem_json_num(lem_json_get(r->timing, name), 0);
    if (!lem_json_set(r->timing, name, lem_json_new_num(before + seconds))) return no_memory(err);
    return lem_json_save(r->timing_path, r->timing, 1, err);
}

/* One compute path for the whole run, chosen when it starts, so that a resumed run takes the same. */
static lem_status fix_compute_path(recipe *r, lem_err *err) {
    char path[32];
    const char *earlier = lem_json_str(lem_json_get(r->state, "compute_path"), NULL);
    lem_status st = r->spec->compute_path(r->cli, earlier, path, err);
    if (st) return lem_err_context(err, "the run in %s", r->out);
    if (!lem_json_set(r->state, "compute_path", lem_json_new_str(path))) return no_memory(err);
    const char *kept = lem_json_str(lem_json_get(r->state, "compute_path"), "auto");
    for (size_t i = 0; i < r->n; i++) r->stages[i].cli.isa = kept;
    return LEM_OK;
}

/* ---- stages ---- */

/* Says which stage begins, here and before its progress, and what of a dry run waits. */
static bool begin_stage(recipe *r, size_t i) {
    recipe_stage *s = &r->stages[i];
    char place[48];
    lem_info(r->cli->log, "[%zu/%zu] %s (%s)", i + 1, r->n, s->name, s->cmd->name);
    snprintf(place, sizeof place, "%zu/%zu", i + 1, r->n);
    lem_log_within(r->cli->log, place, lem_recipe_later(r, i));
    if (!s->waits || !r->cli->dry_run) return true;
    if (s->forecast) lem_recipe_tell_forecast(r, s);
    else lem_info(r->cli->log, "its plan is known when %s is there", s->for_what);
    return false;
}

/* What a dry run told of the time of a stage is better than what was expected. */
static void note_estimate(recipe *r, size_t i) {
    recipe_stage *s = &r->stages[i];
    if (s->cli.job_done || s->cli.estimate <= 0) return;
    lem_recipe_took(r, i, s->cli.estimate);
    s->seconds = s->cli.estimate;
    s->rough = false;
}

static lem_status end_stage(recipe *r, size_t i, double seconds, lem_err *err) {
    const recipe_stage *s = &r->stages[i];
    const char *out = lem_args_str(&s->args, "out");
    lem_status st = LEM_OK;
    if (s->cli.job_ran) {
        if (lem_recipe_budget_took(r, i, err)) return LEM_EMEM;
        lem_recipe_took(r, i, seconds);
        if (out) r->made[r->n_made++] = out;
        st = record_time(r, s->name, seconds, err);
    }
    return st ? st : record_stage(r, i, err);
}

static lem_status run_stage(recipe *r, size_t i, lem_err *err) {
    recipe_stage *s = &r->stages[i];
    double start = lem_clock_seconds();
    if (!begin_stage(r, i)) return LEM_OK;
    s->cli.made = r->made;
    s->cli.n_made = r->n_made;
    s->cli.job_identity[0] = '\0';
    s->cli.job_ran = false;
    lem_json *values = NULL;
    lem_status st = lem_recipe_budget_stage(r, i, &values, err);
    const lem_args args = {values ? values : s->args.values, s->args.words, s->args.n_words};
    if (st == LEM_OK)
        st =
            r->spec->launch ? r->spec->launch(&s->cli, s->cmd, &args, err) : s->cmd->run(&s->cli, &args, err);
    lem_json_free(values);
    if (st == LEM_OK && fflush(r->cli->out) != 0) st = lem_fail_errno(err, LEM_EIO, "writing stdout");
    if (st) return lem_err_context(err, "stage %s (%s)", s->name, s->cmd->name);
    if (!r->cli->dry_run) return end_stage(r, i, lem_clock_seconds() - start, err);
    note_estimate(r, i);
    return LEM_OK;
}

static lem_status run_stages(recipe *r, lem_err *err) {
    r->made = lem_alloc(r->n, sizeof *r->made, err);
    if (!r->made) return LEM_EMEM;
    if (!r->spec->budget) lem_recipe_expect(r, 0);
    for (size_t i = 0; i < r->n; i++) {
        lem_status st = run_stage(r, i, err);
        if (st) return st;
        if (i + 1 < r->n && r->cli->cancel && r->cli->cancel->requested)
            return lem_fail(err, LEM_EINTR, "interrupted after stage %s; run the same command again to go on",
                            r->stages[i].name);
    }
    return LEM_OK;
}

/* The recipe may have had more stages before. */
static lem_status cut_state(recipe *r, lem_err *err) {
    const lem_json *old = lem_json_get(r->state, "stages");
    if (lem_json_count(old) <= r->n) return LEM_OK;
    lem_json *kept = first_records(old, r->n);
    return kept ? replace_records(r, kept, err) : no_memory(err);
}

static void release(recipe *r) {
    for (size_t i = 0; r->stages && i < r->n; i++) {
        if (r->stages[i].args.values) lem_args_release(&r->stages[i].args);
        lem_json_free(r->stages[i].tree);
        lem_json_free(r->stages[i].less);
    }
    lem_free(r->stages);
    lem_free(r->made);
    lem_json_free(r->state);
    lem_json_free(r->timing);
    lem_free(r->state_path);
    lem_free(r->timing_path);
}

static lem_json *planned_stage(const recipe *r, const recipe_stage *s) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "name", s->name);
    lem_object_str(&o, "command", s->cmd->name);
    lem_object_str(&o, "status", "planned");
    lem_object_str(&o, "out", lem_args_str(&s->args, "out"));
    lem_recipe_put_forecast(r, s, &o);
    return lem_object_done(&o);
}

static lem_json *planned_stages(const recipe *r) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < r->n; i++) ok = lem_json_append(list, planned_stage(r, &r->stages[i]));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_status summarize(const recipe *r, lem_json **out, lem_err *err) {
    bool plan = r->cli->dry_run;
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", "run");
    lem_object_str(&o, "name", r->name);
    lem_object_str(&o, "out", r->out);
    lem_object_bool(&o, "dry_run", plan);
    if (plan) lem_object_json(&o, "estimate", lem_recipe_time_json(r));
    if (plan && r->budget > 0) lem_object_json(&o, "budget", lem_recipe_budget_json(r));
    lem_object_json(&o, "stages", plan ? planned_stages(r) : lem_json_copy(lem_json_get(r->state, "stages")));
    *out = lem_object_done(&o);
    return *out ? LEM_OK : no_memory(err);
}

lem_status lem_recipe_run(lem_cli *cli, const lem_recipe_spec *spec, lem_json **summary, lem_err *err) {
    lem_cli own = *cli;
    recipe r = {.cli = &own, .spec = spec};
    lem_lock *lock = NULL;
    lem_status st = LEM_OK;
    LEM_TRY(lem_recipe_read(&r, err));
    LEM_TRY(lem_recipe_check(&r, err));
    if (!cli->dry_run) LEM_TRY(lem_dir_make(r.out, err));
    LEM_TRY(open_state(&r, err));
    if (!cli->dry_run) LEM_TRY(lem_lock_take(r.state_path, &lock, err));
    LEM_TRY(fix_compute_path(&r, err));
    LEM_TRY(lem_recipe_budget_begin(&r, err));
    if (!cli->dry_run) LEM_TRY(lem_json_save(r.state_path, r.state, 1, err));
    st = run_stages(&r, err);
    lem_log_within(cli->log, NULL, -1);
    if (st) goto done;
    if (cli->dry_run) lem_recipe_tell_time(&r);
    if (!cli->dry_run) LEM_TRY(cut_state(&r, err));
    if (!cli->dry_run) LEM_TRY(lem_file_fsync_folder_of(r.state_path, err));
    if (summary) st = summarize(&r, summary, err);
done:
    lem_lock_release(lock);
    release(&r);
    return st;
}
