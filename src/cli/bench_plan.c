/* bench_plan.c - benchmarks, reward models and options of `bench run` */
#include "cli/bench_plan.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/object.h"

#include <string.h>

/* ---- benchmarks */

static lem_status make_room(bench_choice *c, lem_err *err) {
    if (c->n < c->cap) return LEM_OK;
    int cap = c->cap ? 2 * c->cap : 8;
    lem_bench_spec *specs = lem_realloc(c->specs, (size_t)cap, sizeof *specs, err);
    if (specs) c->specs = specs;
    const char **files = lem_realloc(c->files, (size_t)cap, sizeof *files, err);
    if (files) c->files = files;
    if (!specs || !files) return LEM_EMEM;
    c->cap = cap;
    return LEM_OK;
}

/* Takes a benchmark whose rows are here; one that is not is an error, or left out. */
static lem_status add_benchmark(bench_choice *c, const char *name, lem_err *err) {
    char *path = NULL;
    lem_bench_spec s = {0};
    bool skip = lem_args_flag(c->args, "skip-absent");
    lem_status st = LEM_OK;
    LEM_TRY(make_room(c, err));
    LEM_TRY(lem_bench_open(name, &s, err));
    if (skip) LEM_TRY(lem_bench_path(&s, c->cli->data_dir, &path, err));
    else LEM_TRY(lem_bench_need_path(&s, c->cli->data_dir, &path, err));
    if (!path) {
        lem_warn(c->cli->log, "%s is left out: its files are not below %s; %s", s.name, c->cli->data_dir,
                 s.get ? s.get : "get them from its publisher");
        lem_bench_spec_release(&s);
        return LEM_OK;
    }
    c->specs[c->n] = s;
    c->files[c->n++] = name;
    lem_free(path);
    return LEM_OK;
done:
    lem_bench_spec_release(&s);
    lem_free(path);
    return st;
}

static lem_status add_word(bench_choice *c, const char *word, lem_err *err) {
    lem_suite s;
    if (!lem_suite_find(&c->suites, word, &s)) return add_benchmark(c, word, err);
    if (c->suite) return lem_fail(err, LEM_EUSAGE, "one suite at a time: '%s' and '%s'", c->suite, s.name);
    c->suite = s.name;
    c->judge = s.judge;
    lem_status st = LEM_OK;
    if (s.judge) return lem_suite_path(&s, c->cli->data_dir, true, &c->judged, err);
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(s.members); i++)
        st = add_benchmark(c, lem_json_str(lem_json_at(s.members, i), ""), err);
    return st;
}

static lem_status add_words(bench_choice *c, lem_err *err) {
    lem_status st = lem_suites_load(&c->suites, err);
    int names = 0;
    for (int i = 0; st == LEM_OK && i < c->args->n_words; i++) {
        if (strchr(c->args->words[i], '=')) continue;
        names++;
        st = add_word(c, c->args->words[i], err);
    }
    if (st) return st;
    if (names == 0) return lem_fail(err, LEM_EUSAGE, "no benchmark is named; lemma bench list names them");
    if (c->n == 0 && !c->judge) return lem_fail(err, LEM_EDATA, "none of the benchmarks has its files here");
    if (c->suite && names > 1)
        return lem_fail(err, LEM_EUSAGE, "a suite is run alone: the average is over its members");
    return LEM_OK;
}

/* ---- reward models */

static bool is_url(const char *where) {
    return strncmp(where, "http://", 7) == 0 || strncmp(where, "https://", 8) == 0;
}

static lem_status add_reward(bench_choice *c, const char *text, bool process, lem_err *err) {
    const char *eq = is_url(text) ? NULL : strchr(text, '=');
    if (c->n_rewards == LEM_BENCH_MAX_REWARDS)
        return lem_fail(err, LEM_EUSAGE, "more than %d reward models", LEM_BENCH_MAX_REWARDS);
    char *name = c->reward_name[c->n_rewards];
    char given[256];
    const char *where = eq ? eq + 1 : text;
    if (eq) {
        snprintf(given, sizeof given, "%.*s", (int)(eq - text), text);
        lem_bench_short_name(given, name, sizeof c->reward_name[0]);
        if (strcmp(given, name) != 0)
            return lem_fail(err, LEM_EUSAGE,
                            "'%s' is no name of a reward model: letters, digits, '.', '_', '-'; at most 63",
                            given);
    } else lem_bench_short_name(where, name, sizeof c->reward_name[0]);
    c->rewards[c->n_rewards++] = (lem_bench_reward){name, where, is_url(where), process};
    return LEM_OK;
}

static lem_status add_rewards(bench_choice *c, const char *option, bool process, lem_err *err) {
    const lem_json *list = lem_args_tree(c->args, option);
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(list); i++)
        st = add_reward(c, lem_json_str(lem_json_at(list, i), ""), process, err);
    return st;
}

/* ---- options of the stages */

/* An option of this command that is one of sample's. */
static void hand_on(const bench_choice *c, const char *name, lem_object *o) {
    if (lem_args_has(c->args, name))
        lem_object_json(o, name, lem_json_copy(lem_json_get(c->args->values, name)));
}

static lem_json *sample_options(const bench_choice *c) {
    static const char *const names[] = {"model", "endpoint", "served-model", "key-env",
                                        "n",     "top-p",    "style",        "max-tokens"};
    lem_object o = lem_object_new();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) hand_on(c, names[i], &o);
    bool greedy = lem_args_int(c->args, "n") == 1;
    if (lem_args_has(c->args, "temperature")) hand_on(c, "temperature", &o);
    else lem_object_num(&o, "temperature", greedy ? 0 : 0.7);
    if (lem_args_has(c->args, "rows")) lem_object_int(&o, "limit", (uint64_t)lem_args_int(c->args, "rows"));
    lem_object_int(&o, "seed", c->cli->seed);
    return lem_object_done(&o);
}

/* COMMAND.option=value is for all stages of that command. */
static lem_status apply_words(bench_choice *c, lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < c->args->n_words; i++) {
        const char *w = c->args->words[i], *eq = strchr(w, '='), *dot = strchr(w, '.');
        char group[32];
        if (!eq) continue;
        if (!dot || dot > eq || dot - w >= (long)sizeof group)
            return lem_fail(err, LEM_EUSAGE, "'%s': write sample.OPTION=VALUE, or grade., score., select.",
                            w);
        snprintf(group, sizeof group, "%.*s", (int)(dot - w), w);
        if (!lem_json_get(c->options, group))
            return lem_fail(err, LEM_EUSAGE,
                            "'%s': there are no stages '%s'; write sample., grade., score. or select.", w,
                            group);
        st = lem_yaml_override(c->options, w, err);
    }
    return st;
}

/* Of benchmarks of reward models; those of others are limited where they are sampled. */
static lem_json *score_options(const bench_choice *c) {
    lem_object o = lem_object_new();
    if (c->judge && lem_args_has(c->args, "rows"))
        lem_object_int(&o, "limit", (uint64_t)lem_args_int(c->args, "rows"));
    return lem_object_done(&o);
}

static lem_status make_options(bench_choice *c, lem_err *err) {
    lem_object o = lem_object_new();
    lem_object_json(&o, "sample", sample_options(c));
    lem_object_json(&o, "grade", lem_json_new_object());
    lem_object_json(&o, "score", score_options(c));
    lem_object_json(&o, "select", lem_json_new_object());
    c->options = lem_object_done(&o);
    return c->options ? apply_words(c, err) : lem_fail(err, LEM_EMEM, "out of memory");
}

/* Who answers, and who chooses. */
static lem_status check_models(const bench_choice *c, lem_err *err) {
    bool model = lem_args_has(c->args, "model"), endpoint = lem_args_has(c->args, "endpoint");
    if (c->judge && (model || endpoint || !c->n_rewards))
        return lem_fail(
            err, LEM_EUSAGE,
            "%s is of reward models: --rm or --prm says which, and nobody answers (no --model, no "
            "--endpoint)",
            c->suite);
    if (c->judge) return LEM_OK;
    if (model == endpoint)
        return lem_fail(err, LEM_EUSAGE, "one of --model DIR and --endpoint URL must say who answers");
    if (c->n_rewards && lem_args_int(c->args, "n") == 1)
        return lem_fail(err, LEM_EUSAGE, "reward models choose among candidates: give --n 2 or more");
    return LEM_OK;
}

lem_status lem_bench_run_choose(bench_choice *c, lem_err *err) {
    lem_status st = LEM_OK;
    LEM_TRY(add_rewards(c, "rm", false, err));
    LEM_TRY(add_rewards(c, "prm", true, err));
    LEM_TRY(add_words(c, err));
    LEM_TRY(check_models(c, err));
    st = make_options(c, err);
done:
    return st;
}

lem_status lem_bench_run_recipe(const bench_choice *c, lem_json **tree, lem_err *err) {
    lem_bench_item *items = lem_alloc_zero((size_t)c->n + 1, sizeof *items, err);
    if (!items) return LEM_EMEM;
    for (int i = 0; i < c->n; i++)
        items[i] = (lem_bench_item){c->specs[i].name, c->files[i], c->specs[i].by.at, (int)c->specs[i].by.n,
                                    lem_bench_is_macro(&c->specs[i])};
    lem_bench_plan p = {
        lem_args_str(c->args, "out"), c->suite, items, c->n, c->rewards, c->n_rewards, c->options};
    lem_status st = c->judge ? lem_bench_plan_judge(&p, c->judge, c->judged, tree, err)
                             : lem_bench_plan_recipe(&p, tree, err);
    lem_free(items);
    return st;
}

void lem_bench_run_path(const char *out, const char *path, lem_buf *to) {
    static const char mark[] = "${out}/";
    if (strncmp(path, mark, sizeof mark - 1) == 0) path += sizeof mark - 1;
    lem_buf_printf(to, "%s/%s", out, path);
}

static lem_json *below(const char *out, const char *path) {
    lem_buf b = {0};
    lem_bench_run_path(out, path, &b);
    lem_json *v = b.failed ? NULL : lem_json_new_strn(b.data, b.len);
    lem_buf_release(&b);
    return v;
}

lem_json *lem_bench_run_table_words(const bench_choice *c, const lem_json *tree) {
    const lem_json *stages = lem_json_get(tree, "stages"), *stage = NULL;
    for (size_t i = 0; i < lem_json_count(stages); i++)
        if (strcmp(lem_json_str(lem_json_get(lem_json_at(stages, i), "name"), ""), "table") == 0)
            stage = lem_json_at(stages, i);
    const lem_json *words = lem_json_get(stage, "words"), *macro = lem_json_get(stage, "macro");
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < lem_json_count(words); i++)
        ok = lem_json_append(list,
                             below(lem_args_str(c->args, "out"), lem_json_str(lem_json_at(words, i), "")));
    lem_object o = lem_object_new();
    if (c->suite) lem_object_str(&o, "suite", c->suite);
    if (macro) lem_object_json(&o, "macro", lem_json_copy(macro));
    if (lem_args_flag(c->args, "all")) lem_object_bool(&o, "all", true);
    lem_object_json(&o, "_words", ok ? list : NULL);
    if (!ok) lem_json_free(list);
    return lem_object_done(&o);
}

lem_json *lem_bench_run_score_words(const bench_choice *c, int i) {
    lem_json *list = lem_json_new_array();
    char path[300];
    snprintf(path, sizeof path, "%s/scored.jsonl", c->rewards[i].name);
    bool ok = list && lem_json_append(list, below(lem_args_str(c->args, "out"), path));
    lem_object o = lem_object_new();
    lem_object_str(&o, "kind", c->judge);
    lem_object_json(&o, "_words", ok ? list : NULL);
    if (!ok) lem_json_free(list);
    return lem_object_done(&o);
}

void lem_bench_run_tell(const bench_choice *c) {
    for (int i = 0; i < c->n; i++) {
        const lem_bench_spec *s = &c->specs[i];
        lem_info(c->cli->log, "%s: %s; licence: %s", s->name, s->title ? s->title : "",
                 s->licence ? s->licence : "not stated");
    }
}

void lem_bench_run_choice_release(bench_choice *c) {
    for (int i = 0; i < c->n; i++) lem_bench_spec_release(&c->specs[i]);
    lem_free(c->specs);
    lem_free((void *)c->files);
    lem_suites_release(&c->suites);
    lem_free(c->judged);
    lem_json_free(c->options);
}
