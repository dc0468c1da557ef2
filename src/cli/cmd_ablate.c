/* cmd_ablate.c - lemma ablate: arms side by side with paired differences from a base, and curves over an axis
 */
#include "cli/bad_rows_options.h"
#include "cli/candidate_options.h"
#include "cli/commands.h"
#include "cli/reference_option.h"
#include "cli/runtime.h"

#include "core/file.h"
#include "core/mem.h"
#include "eval/ablate.h"
#include "eval/made_of.h"
#include "job/job.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const lem_opt opts[] = {
    {"base", LEM_OPT_STR, "NAME", NULL, "the arm that the others are compared with [the first]"},
    {"metric", LEM_OPT_LIST, "NAME,NAME,…", NULL,
     "pass@1, rm@8, maj@all …, or without @ (rm) at each of --k; default all that all files have, at 1 and "
     "at "
     "the largest power of two",
     0, 0},
    {"k", LEM_OPT_LIST, "K,K,…", NULL,
     "for metrics without @ and for --axis k or tokens [powers of two that all problems have]", 0, 0},
    {"axis", LEM_OPT_STR, "NAME", NULL,
     "what joins arms of one name into a curve: k, tokens, or a name for the X of NAME@X=FILE; where an arm "
     "has no X it is looked up in the manifests behind its file: parameters, steps, rows-seen, tokens-seen, "
     "or an option (lr, epochs, …)"},
    {"log", LEM_OPT_FLAG, NULL, NULL, "the axis is to be drawn on a logarithmic scale (k and tokens are)"},
    {"title", LEM_OPT_STR, "TEXT", NULL, "stands above the table"},
    LEM_OPT_REFERENCE,
    LEM_OPT_CANDIDATE_MAP,
    LEM_OPT_CANDIDATE_FILTER,
    {"regrade", LEM_OPT_FLAG, NULL, NULL, "grade all of them here, whatever the files say of correctness"},
    {"group", LEM_OPT_ENUM, "HOW", "key", "what counts as the same answer in votes", .choices = "key|string"},
    {"task", LEM_OPT_ENUM, "NAME", "std", "where the answer stands in completions that were not graded",
     .choices = LEM_GRADE_TASK_NAMES},
    LEM_OPT_BAD_ROWS,
};

enum { MOST_INPUTS = LEM_ABLATE_MAX_RUNS + LEM_CANDIDATE_MAX_FILES + 1 };

typedef struct ablate_job {
    lem_cli *cli;
    const lem_args *args;
    lem_job *job;
    lem_job_input input[MOST_INPUTS];
    int n_inputs;
    lem_ablate_run run[LEM_ABLATE_MAX_RUNS];
    char *name[LEM_ABLATE_MAX_RUNS]; /* of arms, without @X */
    lem_eval_data d[LEM_ABLATE_MAX_RUNS];
    int n_runs;
    lem_ablate_opts o;
    const char *metric[LEM_ABLATE_MAX_NAMES];
    char *also; /* the words: arms and files by their names */
    lem_reference_option reference;
    char *md, *csv; /* paths beside the output */
    lem_ablation result;
} ablate_job;

/* ---- what was asked for ---- */

/* "sft@1000=a.jsonl" */
static lem_status take_word(ablate_job *j, const char *word, lem_err *err) {
    const char *eq = strchr(word, '=');
    if (!eq || eq == word || !eq[1])
        return lem_fail(err, LEM_EUSAGE, "'%s': an arm is NAME=FILE or NAME@X=FILE", word);
    if (j->n_runs == LEM_ABLATE_MAX_RUNS)
        return lem_fail(err, LEM_EUSAGE, "more than %d files", LEM_ABLATE_MAX_RUNS);
    char *name = lem_strndup(word, (size_t)(eq - word), err), *at = name ? strrchr(name, '@') : NULL, *end;
    lem_ablate_run *r = &j->run[j->n_runs];
    if (!name) return LEM_EMEM;
    *r = (lem_ablate_run){.arm = name, .at = NAN, .path = eq + 1, .d = &j->d[j->n_runs]};
    j->name[j->n_runs++] = name;
    j->input[j->n_inputs++] = (lem_job_input){"arm", eq + 1};
    if (!at) return LEM_OK;
    r->at = strtod(at + 1, &end);
    if (end == at + 1 || *end || !isfinite(r->at) || at == name)
        return lem_fail(err, LEM_EUSAGE, "'%s': a number expected behind '@', found '%.40s'", word, at + 1);
    *at = '\0';
    return LEM_OK;
}

static lem_status take_options(ablate_job *j, lem_err *err) {
    const lem_args *args = j->args;
    const lem_json *metrics = lem_args_tree(args, "metric"), *ks = lem_args_tree(args, "k");
    lem_ablate_opts *o = &j->o;
    lem_status st = LEM_OK;
    o->title = lem_args_str(args, "title");
    o->base = lem_args_str(args, "base");
    o->axis_name = lem_args_str(args, "axis");
    o->names = j->metric;
    if (lem_json_count(metrics) > LEM_ABLATE_MAX_NAMES)
        return lem_fail(err, LEM_EUSAGE, "--metric: more than %d", LEM_ABLATE_MAX_NAMES);
    for (size_t i = 0; i < lem_json_count(metrics); i++)
        j->metric[o->n_names++] = lem_json_str(lem_json_at(metrics, i), "");
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(ks); i++)
        st = lem_candidate_options_k(lem_json_str(lem_json_at(ks, i), ""), 0, o->ks, &o->n_ks, err);
    bool k = lem_args_is(args, "axis", "k"), tokens = lem_args_is(args, "axis", "tokens");
    if (o->axis_name) o->axis = LEM_ABLATE_AXIS_PLACE;
    if (k) o->axis = LEM_ABLATE_AXIS_K;
    if (tokens) o->axis = LEM_ABLATE_AXIS_TOKENS;
    o->axis_from = k || tokens ? o->axis_name : "given";
    o->log = lem_args_flag(args, "log") || k || tokens;
    return st;
}

static lem_status take_all(ablate_job *j, lem_err *err) {
    const char *out = lem_args_str(j->args, "out");
    lem_buf words = {0};
    lem_status st = LEM_OK;
    int maps = 0;
    for (int i = 0; i < j->args->n_words; i++) {
        lem_buf_printf(&words, "%s%s", i ? "\n" : "", j->args->words[i]);
        LEM_TRY(take_word(j, j->args->words[i], err));
    }
    LEM_TRY(lem_buf_ok(&words, err));
    j->also = lem_buf_take(&words);
    LEM_TRY(lem_reference_option_take(j->args, &j->reference, j->input, &j->n_inputs, err));
    LEM_TRY(lem_candidate_options_inputs(j->args, j->input + j->n_inputs, &maps, err));
    j->n_inputs += maps;
    if (!out || strcmp(out, "-") == 0) goto done;
    j->md = lem_path_with_end(out, ".json", ".md", err);
    j->csv = lem_path_with_end(out, ".json", ".csv", err);
    if (!j->md || !j->csv) st = LEM_EMEM;
done:
    lem_buf_release(&words);
    return st;
}

/* ---- reading ---- */

static lem_status load_all(ablate_job *j, const bad_rows *bad, uint64_t *rows, lem_err *err) {
    lem_pool *pool = lem_pool_new(j->cli->threads, err);
    lem_status st = pool ? LEM_OK : LEM_EMEM;
    for (int r = 0; st == LEM_OK && r < j->n_runs; r++) {
        st = lem_candidate_options_load(j->cli, j->args, j->run[r].path, bad, pool, &j->d[r], err);
        *rows += (uint64_t)j->d[r].n;
    }
    lem_pool_free(pool);
    return st;
}

/* Places that the words do not give. */
static lem_status find_places(ablate_job *j, lem_err *err) {
    lem_status st = LEM_OK;
    for (int r = 0; j->o.axis == LEM_ABLATE_AXIS_PLACE && st == LEM_OK && r < j->n_runs; r++) {
        if (isfinite(j->run[r].at)) continue;
        st = lem_eval_made_of(j->run[r].path, j->o.axis_name, &j->run[r].at, err);
        j->o.axis_from = "manifest";
    }
    return st;
}

/* ---- output ---- */

static lem_status write_buf(const char *path, lem_buf *b, lem_err *err) {
    lem_status st = lem_buf_ok(b, err);
    if (st == LEM_OK) st = lem_file_write_atomic(path, b->data, b->len, err);
    lem_buf_release(b);
    return st;
}

static lem_status write_files(ablate_job *j, const lem_json *doc, lem_err *err) {
    lem_buf md = {0}, csv = {0};
    lem_status st = LEM_OK;
    lem_ablation_markdown(&j->result, j->reference.table ? &j->reference.published : NULL, j->reference.table,
                          &md);
    lem_ablation_csv(&j->result, &csv);
    LEM_TRY(write_buf(j->md, &md, err));
    LEM_TRY(write_buf(j->csv, &csv, err));
    st = lem_json_save(lem_job_out(j->job), doc, 2, err);
done:
    lem_buf_release(&csv);
    return st;
}

static lem_status print(ablate_job *j, lem_json *doc, lem_err *err) {
    lem_buf b = {0};
    if (j->cli->json) return lem_print_json(j->cli->out, lem_json_share(doc), 2, err);
    lem_ablation_text(&j->result, j->reference.table ? &j->reference.published : NULL, j->reference.table,
                      &b);
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) fputs(lem_buf_str(&b), j->cli->out);
    lem_buf_release(&b);
    return st;
}

static lem_status work(ablate_job *j, lem_err *err) {
    bad_rows bad = {.tally = NULL};
    lem_json *doc = NULL;
    lem_status st = LEM_OK;
    uint64_t rows = 0;
    LEM_TRY(take_options(j, err));
    LEM_TRY(lem_reference_option_load(j->args, &j->reference, err));
    LEM_TRY(find_places(j, err));
    LEM_TRY(lem_bad_rows_begin(j->args, &bad, err));
    LEM_TRY(load_all(j, &bad, &rows, err));
    LEM_TRY(lem_bad_rows_end(&bad, j->cli, j->job, rows, err));
    LEM_TRY(lem_eval_ablate(j->run, j->n_runs, &j->o, &j->result, err));
    doc = lem_ablation_json(&j->result, j->reference.table ? &j->reference.published : NULL,
                            j->reference.table);
    if (!doc || !lem_bad_rows_put(&bad, doc)) LEM_TRY(lem_fail(err, LEM_EMEM, "out of memory"));
    LEM_TRY(lem_job_start(j->job, NULL, err));
    if (j->md && lem_job_out(j->job)) LEM_TRY(write_files(j, doc, err));
    LEM_TRY(lem_job_finish(j->job, err));
    st = print(j, doc, err);
done:
    lem_json_free(doc);
    lem_bad_rows_release(&bad);
    return st;
}

static void release(ablate_job *j) {
    lem_ablation_release(&j->result);
    lem_reference_option_release(&j->reference);
    for (int r = 0; r < j->n_runs; r++) {
        lem_eval_data_release(&j->d[r]);
        lem_free(j->name[r]);
    }
    lem_free(j->also);
    lem_free(j->md);
    lem_free(j->csv);
    lem_job_close(j->job);
    lem_free(j);
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    ablate_job *j = lem_alloc_zero(1, sizeof *j, err);
    if (!j) return LEM_EMEM;
    j->cli = cli;
    j->args = args;
    if (lem_args_is(args, "out", "-")) cli->json = true;
    lem_status st = take_all(j, err);
    const char *companions[] = {j->md, j->csv};
    lem_job_spec spec = {.cheap = true,
                         .inputs = j->input,
                         .n_inputs = j->n_inputs,
                         .also = j->also,
                         .companions = companions,
                         .n_companions = j->md ? 2 : 0};
    if (st == LEM_OK) st = lem_job_open(cli, &lem_cmd_ablate, args, &spec, &j->job, err);
    if (st == LEM_OK && !lem_job_done(j->job)) st = work(j, err);
    release(j);
    return st;
}

const lem_command lem_cmd_ablate = {
    .name = "ablate",
    .purpose =
        "arms side by side: files of candidates for the same problems, paired differences from a base, "
        "curves over an axis",
    .usage = "NAME=FILE... [--base NAME] [--metric rm@8] [--axis rows] [--out ABLATION.json] [options]",
    .example =
        "lemma ablate all=all.jsonl 'no evolution=plain.jsonl' --base all --metric pass@1,rm@8\n"
        "lemma ablate sft@1000=a.jsonl sft@4000=b.jsonl dpo@1000=c.jsonl dpo@4000=d.jsonl --axis rows\n"
        "lemma ablate random=r1.jsonl random=r2.jsonl sorted=s1.jsonl sorted=s2.jsonl --out ablation.json",
    .min_words = 1,
    .max_words = -1,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .output = LEM_OUTPUT_FILE,
    .words = LEM_WORDS_OWN,
    .assignments = true,
};
