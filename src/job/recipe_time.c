/* recipe_time.c - how long all stages will take: what a trial, an earlier run or a forecast says of each,
 * else its sizes and operations, corrected by the stages that have run */
#include "job/duration.h"
#include "job/recipe_priv.h"

#include "core/data_files.h"
#include "core/file.h"

#include <math.h>
#include <string.h>

/* Of the machine's rate for long passes, what a stage reaches with its short ones; and the seconds that the
 * start of any takes. */
static const double usual_share = 0.3, start_seconds = 0.2;
static const double rough_factor = 4, known_factor = 2;

static double bytes_here(const char *path) {
    lem_data_files f = {NULL, 0};
    double bytes = 0;
    uint64_t size = 0;
    if (lem_data_files_find(&path, 1, &f, NULL) == LEM_OK)
        for (size_t i = 0; i < f.n; i++)
            if (lem_file_size(f.path[i], &size, NULL) == LEM_OK) bytes += (double)size;
    lem_data_files_release(&f);
    return bytes;
}

static lem_expected expected_of(const recipe *r, size_t i, const char *part);

/* Of what stands at path, or will; model folders count nothing: they are not read row by row. */
static double bytes_of(const recipe *r, size_t i, const char *path) {
    size_t maker = lem_recipe_maker_of(r, path);
    if (maker >= i || lem_file_exists(path)) return lem_dir_has(path, "config.json") ? 0 : bytes_here(path);
    const char *out = lem_args_str(&r->stages[maker].args, "out"), *part = "";
    size_t n = out ? strlen(out) : 0;
    if (strncmp(path, out ? out : "", n) == 0 && path[n] == '/') part = path + n + 1;
    bool folder = r->stages[maker].cmd->output == LEM_OUTPUT_DIR;
    if (folder && !*part) return 0;
    return expected_of(r, maker, part).out_bytes;
}

static double bytes_in_list(const recipe *r, size_t i, const lem_json *v) {
    double sum = 0;
    if (lem_json_kind(v) == LEM_JSON_STRING) return bytes_of(r, i, lem_json_str(v, ""));
    for (size_t k = 0; k < lem_json_count(v); k++)
        if (lem_json_kind(lem_json_at(v, k)) == LEM_JSON_STRING)
            sum += bytes_of(r, i, lem_json_str(lem_json_at(v, k), ""));
    return sum;
}

/* Validation rows are read now and then, and a page's folder is looked through: neither is its work. */
static bool is_work(const lem_opt *o) {
    bool input = o->type == LEM_OPT_INPUT || o->type == LEM_OPT_INPUTS;
    return input && strcmp(o->name, "val") != 0 && strcmp(o->name, "eval") != 0;
}

static double bytes_in(const recipe *r, size_t i) {
    const recipe_stage *s = &r->stages[i];
    double sum = 0;
    const lem_opt *o;
    for (int k = 0; (o = lem_opt_at(s->cmd, k)); k++)
        if (is_work(o)) sum += bytes_in_list(r, i, lem_args_tree(&s->args, o->name));
    const lem_json *stages = lem_args_tree(&s->args, "stages");
    if (lem_json_count(stages)) sum = 0;
    for (size_t k = 0; k < lem_json_count(stages); k++)
        sum += bytes_in_list(r, i, lem_json_get(lem_json_at(stages, k), "data"));
    bool paths = s->cmd->words == LEM_WORDS_INPUT || s->cmd->words == LEM_WORDS_NAMED_INPUT;
    for (int k = 0; paths && k < s->args.n_words; k++) sum += bytes_of(r, i, s->args.words[k]);
    return sum;
}

/* Of its model, or of the stage that makes it. */
static double parameters_of(const recipe *r, size_t i) {
    const recipe_stage *s = &r->stages[i];
    const char *model = lem_args_str(&s->args, "model");
    if (s->plan.parameters > 0) return s->plan.parameters;
    size_t maker = model ? lem_recipe_maker_of(r, model) : r->n;
    return maker < i ? parameters_of(r, maker) : 0;
}

static lem_expected expected_of(const recipe *r, size_t i, const char *part) {
    const recipe_stage *s = &r->stages[i];
    const lem_args args = {s->less ? s->less : s->args.values, s->args.words, s->args.n_words};
    lem_expected x = {.command = s->cmd->name,
                      .args = &args,
                      .limit = s->cli.limit,
                      .in_bytes = bytes_in(r, i),
                      .parameters = parameters_of(r, i),
                      .part = part};
    r->spec->expect(r->cli, &x);
    x.args = NULL;
    return x;
}

/* Nothing to do: the run that is there recorded it, and its output stands. */
static bool was_done(const recipe *r, size_t i) {
    const lem_json *record = lem_json_at(lem_json_get(r->state, "stages"), i);
    const char *out = lem_args_str(&r->stages[i].args, "out");
    bool same = record && strcmp(lem_json_str(lem_json_get(record, "name"), ""), r->stages[i].name) == 0;
    return same && out && lem_file_exists(out) && !r->cli->fresh && !r->cli->overwrite;
}

/* By sizes and operations; s->seconds stays as it is where nothing is known of the command. */
static void expect_by_size(recipe *r, size_t i) {
    recipe_stage *s = &r->stages[i];
    lem_expected x = expected_of(r, i, "");
    s->rough = true;
    s->computes = x.flops > 0;
    if (x.known && x.flops > 0 && r->rate == 0 && r->spec->rate) r->rate = r->spec->rate(r->cli);
    if (x.known && (x.flops <= 0 || r->rate > 0))
        s->seconds = start_seconds + x.seconds + (x.flops > 0 ? x.flops / (usual_share * r->rate) : 0);
}

void lem_recipe_expect_one(recipe *r, size_t i) {
    recipe_stage *s = &r->stages[i];
    double before = lem_json_num(lem_json_get(r->timing, s->name), -1),
           forecast = lem_recipe_seconds_of(r, s), share = s->less ? s->less_share : 1;
    s->seconds = -1;
    s->is_done = was_done(r, i);
    s->rough = false;
    if (s->is_done) s->seconds = 0;
    else if (s->measured > 0) s->seconds = share * s->measured;
    else if (forecast > 0) s->seconds = share * forecast;
    else if (before >= 0 && !r->cli->dry_run) s->seconds = share * before;
    else if (r->spec->expect) expect_by_size(r, i);
}

/* A stage that waits for data may still say what its model is. */
static void plan_model(recipe_stage *s) {
    lem_plan p = {0};
    lem_err ignored = LEM_ERR_INIT;
    if (s->plan.parameters > 0 || !s->cmd->plan) return;
    if (s->cmd->plan(&s->cli, &s->args, &p, &ignored) == LEM_OK) s->plan.parameters = p.parameters;
}

void lem_recipe_expect(recipe *r, size_t from) {
    for (size_t i = from; i < r->n; i++) {
        plan_model(&r->stages[i]);
        lem_recipe_expect_one(r, i);
    }
}

static double corrected(const recipe *r, const recipe_stage *s) {
    int kind = s->computes;
    if (!s->rough || !r->n_ratios[kind]) return s->seconds;
    return s->seconds * exp(r->log_ratio[kind] / r->n_ratios[kind]);
}

double lem_recipe_seconds_at(const recipe *r, size_t i) {
    return r->stages[i].seconds < 0 ? 0 : corrected(r, &r->stages[i]);
}

double lem_recipe_left(const recipe *r, size_t i) {
    double sum = 0;
    for (size_t k = i; k < r->n; k++) sum += lem_recipe_seconds_at(r, k);
    return sum;
}

double lem_recipe_later(const recipe *r, size_t i) {
    double sum = 0;
    for (size_t k = i + 1; k < r->n; k++) {
        if (r->stages[k].seconds < 0) return -1;
        sum += corrected(r, &r->stages[k]);
    }
    return sum;
}

/* Short stages say little of the rate: they begin and end. */
void lem_recipe_took(recipe *r, size_t i, double seconds) {
    const recipe_stage *s = &r->stages[i];
    if (!s->rough || s->seconds <= 0 || seconds < 2) return;
    r->log_ratio[s->computes] += log(seconds / s->seconds);
    r->n_ratios[s->computes]++;
}

static double all_seconds(const recipe *r, int *unknown, bool *rough) {
    double sum = 0;
    *unknown = 0;
    *rough = false;
    for (size_t i = 0; i < r->n; i++) {
        const recipe_stage *s = &r->stages[i];
        *unknown += s->seconds < 0;
        *rough = *rough || (s->seconds >= 0 && s->rough && !s->is_done);
        if (s->seconds >= 0) sum += corrected(r, s);
    }
    return sum;
}

void lem_recipe_tell_time(const recipe *r) {
    char text[LEM_DURATION_TEXT], but[96] = "";
    int unknown;
    bool rough;
    double sum = all_seconds(r, &unknown, &rough);
    lem_duration_text(sum, text);
    if (unknown) snprintf(but, sizeof but, ", and %d stages of which nothing is known before", unknown);
    lem_info(r->cli->log, "all %zu stages: about %s on this machine%s (sure within a factor of %.3g)", r->n,
             text, but, rough ? rough_factor : known_factor);
}

lem_json *lem_recipe_time_json(const recipe *r) {
    int unknown;
    bool rough;
    lem_object o = lem_object_new();
    lem_object_num(&o, "seconds", all_seconds(r, &unknown, &rough));
    lem_object_num(&o, "factor", rough ? rough_factor : known_factor);
    lem_object_int(&o, "stages", r->n);
    lem_object_int(&o, "unknown", (uint64_t)unknown);
    return lem_object_done(&o);
}
