/* cmd_export.c - lemma export: candidates in the files of other tools */
#include "cli/candidate_options.h"
#include "cli/commands.h"
#include "cli/runtime.h"

#include "core/choice.h"
#include "core/file.h"
#include "core/jsonl.h"
#include "core/object.h"
#include "data/candidate_export.h"
#include "data/rows.h"

#include <stdio.h>
#include <string.h>

enum { MAX_OPEN = 64 }; /* files written at a time */

static const lem_opt opts[] = {
    {"as", LEM_OPT_ENUM, "TOOL", NULL,
     "whose layout: nemo is a folder with a file for each candidate's number (output-rs0.jsonl …), the "
     "others "
     "are one file",
     .choices = LEM_EXPORT_NAMES},
    LEM_OPT_CANDIDATE_MAP,
    LEM_OPT_CANDIDATE_FILTER,
    LEM_OPT_BAD_ROWS,
};

typedef struct exporting {
    lem_cli *cli;
    const lem_args *args;
    bad_rows bad;
    const lem_row_judge *judge;
    lem_export_as as;
    lem_candidates c;
    lem_out *out[MAX_OPEN]; /* NULL: nothing is written */
    int first, n_out;       /* of the candidates that this pass writes */
    int longest;
    uint64_t problems, candidates;
} exporting;

static lem_status write_one(exporting *e, const lem_json *row, int candidate, lem_out *out, lem_err *err) {
    lem_json *made = NULL;
    lem_status st = lem_candidate_export(e->as, &e->c, row, e->problems, candidate, &made, err);
    if (st == LEM_OK && out) st = lem_rows_write(out, made, err);
    lem_json_free(made);
    return st;
}

static lem_status write_row(exporting *e, const lem_json *row, lem_err *err) {
    if (e->as != LEM_EXPORT_NEMO) return write_one(e, row, 0, e->out[0], err);
    for (int i = 0; i < e->n_out && e->first + i < e->c.n; i++) {
        lem_status st = write_one(e, row, e->first + i, e->out[i], err);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

static lem_status take_row(exporting *e, const lem_candidate_set *rows, const lem_json *row, lem_err *err) {
    lem_status st = lem_candidates_read(lem_candidate_set_map(rows), row, &e->c, err);
    if (st == LEM_OK) st = write_row(e, row, err);
    if (e->c.n > e->longest) e->longest = e->c.n;
    e->candidates += (uint64_t)e->c.n;
    e->problems++;
    return st ? lem_err_context(err, "%s:%llu", lem_candidate_set_file(rows),
                                (unsigned long long)lem_candidate_set_number(rows))
              : st;
}

/* All rows once. */
static lem_status pass(exporting *e, lem_err *err) {
    lem_candidate_set *rows = NULL;
    lem_status st =
        lem_candidate_options_open(e->cli, e->args, e->args->words, e->args->n_words, e->judge, &rows, err);
    e->problems = e->candidates = 0;
    for (int64_t left = e->cli->limit; st == LEM_OK && left != 0; left -= left > 0) {
        lem_json *row = NULL;
        st = lem_data_cancelled(e->cli->cancel, err);
        if (st == LEM_OK) st = lem_candidate_set_next(rows, &row, err);
        if (st != LEM_OK || !row) break;
        st = take_row(e, rows, row, err);
        lem_json_free(row);
    }
    lem_candidate_set_close(rows);
    if (st == LEM_OK && e->problems == 0) st = lem_fail(err, LEM_EDATA, "%s: no rows", e->args->words[0]);
    return st;
}

static void close_all(exporting *e) {
    for (int i = 0; i < MAX_OPEN; i++) {
        lem_out_close(e->out[i]);
        e->out[i] = NULL;
    }
}

static lem_status commit_all(exporting *e, lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < MAX_OPEN; i++)
        if (e->out[i]) st = lem_out_commit(e->out[i], err);
    close_all(e);
    return st;
}

static char *seed_path(const char *dir, int i, lem_err *err) {
    char name[40];
    snprintf(name, sizeof name, "output-rs%d.jsonl", i);
    return lem_path_join(dir, name, err);
}

/* Files of seeds that an earlier export with more of them left. */
static lem_status remove_seeds(const char *dir, int from, lem_err *err) {
    lem_status st = LEM_OK;
    for (bool more = true; st == LEM_OK && more; from++) {
        char *path = seed_path(dir, from, err);
        if (!path) return LEM_EMEM;
        more = lem_file_exists(path);
        if (more) st = lem_file_remove(path, err);
        lem_free(path);
    }
    return st;
}

static lem_status open_seeds(exporting *e, const char *dir, lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < e->n_out; i++) {
        char *path = seed_path(dir, e->first + i, err);
        st = path ? lem_out_open(path, true, &e->out[i], err) : LEM_EMEM;
        lem_free(path);
    }
    return st;
}

/* One file a candidate, so many at a time as may be open. */
static lem_status write_seeds(exporting *e, const char *dir, lem_job *job, lem_err *err) {
    lem_status st = LEM_OK;
    LEM_TRY(lem_dir_make(dir, err));
    LEM_TRY(pass(e, err)); /* how many there are, and that all rows can be written */
    LEM_TRY(lem_bad_rows_end(&e->bad, e->cli, job, e->problems, err));
    for (e->first = 0; e->first < e->longest; e->first += MAX_OPEN) {
        e->n_out = e->longest - e->first < MAX_OPEN ? e->longest - e->first : MAX_OPEN;
        LEM_TRY(open_seeds(e, dir, err));
        LEM_TRY(pass(e, err));
        LEM_TRY(commit_all(e, err));
    }
    LEM_TRY(remove_seeds(dir, e->longest, err));
done:
    return st;
}

static lem_status write_file(exporting *e, const char *path, lem_job *job, lem_err *err) {
    lem_status st = LEM_OK;
    if (path) LEM_TRY(lem_out_open(path, true, &e->out[0], err));
    LEM_TRY(pass(e, err));
    LEM_TRY(lem_bad_rows_end(&e->bad, e->cli, job, e->problems, err));
    LEM_TRY(commit_all(e, err));
done:
    return st;
}

static lem_status tell(const exporting *e, const char *out, lem_err *err) {
    const char *as = lem_args_str(e->args, "as");
    lem_info(e->cli->log, "%llu problems, %llu candidates as %s: %s", (unsigned long long)e->problems,
             (unsigned long long)e->candidates, as, out ? out : "nothing is written");
    if (!e->cli->json) return LEM_OK;
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", "export");
    lem_object_str(&o, "as", as);
    lem_object_str(&o, "out", out);
    lem_object_int(&o, "problems", e->problems);
    lem_object_int(&o, "candidates", e->candidates);
    lem_object_int(&o, "files", e->as == LEM_EXPORT_NEMO ? (uint64_t)e->longest : 1);
    return lem_bad_rows_print(&e->bad, e->cli, lem_object_done(&o), 0, err);
}

static lem_status export_to(exporting *e, lem_job *job, lem_err *err) {
    const char *out = lem_job_out(job);
    lem_status st = LEM_OK;
    lem_candidates_map *map = NULL;
    LEM_TRY(lem_candidate_options_map(e->args, &map, err));
    LEM_TRY(
        lem_bad_rows_reader(&e->bad, LEM_BAD_GRADED, e->args->words[0], map, e->cli->cancel, &e->judge, err));
    LEM_TRY(lem_job_start(job, NULL, err));
    if (e->as == LEM_EXPORT_NEMO && out) LEM_TRY(write_seeds(e, out, job, err));
    else LEM_TRY(write_file(e, out, job, err));
    LEM_TRY(lem_job_finish(job, err));
    LEM_TRY(tell(e, out, err));
done:
    lem_candidates_map_free(map);
    close_all(e);
    lem_candidates_release(&e->c);
    return st;
}

static lem_status check(const lem_args *args, bool nemo, lem_err *err) {
    if (lem_args_is(args, "out", "-"))
        return lem_fail(err, LEM_EUSAGE, "--out: a file or folder is expected");
    for (int i = 0; nemo && i < args->n_words; i++)
        if (strcmp(args->words[i], "-") == 0)
            return lem_fail(err, LEM_EUSAGE, "--as nemo reads the candidates several times; name files");
    return LEM_OK;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    exporting e = {.cli = cli,
                   .args = args,
                   .n_out = 1,
                   .as = (lem_export_as)lem_choice_find(LEM_EXPORT_NAMES, lem_args_str(args, "as"))};
    lem_job_input maps[LEM_CANDIDATE_MAX_FILES];
    lem_job_spec spec = {.cheap = true, .inputs = maps};
    lem_command as_folder = lem_cmd_export;
    lem_job *job = NULL;
    bool nemo = e.as == LEM_EXPORT_NEMO;
    if (nemo) as_folder.output = LEM_OUTPUT_DIR;
    lem_status st = check(args, nemo, err);
    if (st == LEM_OK) st = lem_candidate_options_inputs(args, maps, &spec.n_inputs, err);
    if (st == LEM_OK) st = lem_job_open(cli, nemo ? &as_folder : &lem_cmd_export, args, &spec, &job, err);
    if (st == LEM_OK) st = lem_bad_rows_begin(args, &e.bad, err);
    if (st == LEM_OK && !lem_job_done(job)) st = export_to(&e, job, err);
    lem_bad_rows_release(&e.bad);
    lem_job_close(job);
    return st;
}

const lem_command lem_cmd_export = {
    .name = "export",
    .purpose = "candidates in the files of NeMo-Skills, search-and-learn, Qwen2.5-Math or lm-eval",
    .usage = "FILE... --as TOOL --out PATH [options]",
    .example = "lemma export scored.jsonl --as nemo --out eval-results\n"
               "lemma export 'eval-results/output-rs*.jsonl' --as qwen --out qwen.jsonl",
    .min_words = 1,
    .max_words = -1,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .output = LEM_OUTPUT_FILE,
    .out_required = true,
    .required = "as",
    .words = LEM_WORDS_INPUT,
};
