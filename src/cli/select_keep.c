/* select_keep.c - kept candidates of lemma select as training rows */
#include "cli/select_keep.h"
#include "cli/candidate_options.h"
#include "cli/runtime.h"

#include "core/choice.h"
#include "core/file.h"
#include "core/object.h"
#include "rows/write.h"

#include <string.h>

/* ---- options ---- */

static lem_status find_scorer(const lem_args *args, const lem_eval_data *d, lem_keep_opts *o, lem_err *err) {
    const char *name = lem_args_str(args, "scorer");
    lem_buf names = {0};
    o->scorer = name || !d->n_scorers ? -1 : 0;
    for (int s = 0; s < d->n_scorers; s++) {
        if (name && strcmp(d->scorers[s], name) == 0) o->scorer = s;
        lem_buf_printf(&names, "%s%s", s ? ", " : "", d->scorers[s]);
    }
    lem_status st = lem_buf_ok(&names, err);
    if (st == LEM_OK && name && o->scorer < 0)
        st = lem_fail(err, LEM_EUSAGE, "--scorer %s: the file has no such scores; it has %s", name,
                      names.len ? lem_buf_str(&names) : "none");
    lem_buf_release(&names);
    return st;
}

/* Whether keeping was asked for in other words than the defaults. */
static bool is_asked(const lem_args *args) {
    return !lem_args_is(args, "keep", "best") || !lem_args_is(args, "as", "sft") ||
           lem_args_has(args, "keep-n") || lem_args_has(args, "scorer");
}

lem_status lem_select_keep_ask(const lem_args *args, lem_err *err) {
    const char *to = lem_args_str(args, "keep-out"), *out = lem_args_str(args, "out");
    if (!to && is_asked(args))
        return lem_fail(err, LEM_EUSAGE, "--keep, --as, --keep-n and --scorer need --keep-out FILE");
    if (!to) return LEM_OK;
    if (out && strcmp(out, to) == 0) return lem_fail(err, LEM_EUSAGE, "--out and --keep-out are both %s", to);
    if (strcmp(to, "-") == 0) return lem_fail(err, LEM_EUSAGE, "--keep-out: a file is expected");
    for (int i = 0; i < args->n_words; i++)
        if (strcmp(args->words[i], "-") == 0)
            return lem_fail(err, LEM_EUSAGE,
                            "--keep-out reads the candidates twice; name a file in place of -");
    return LEM_OK;
}

lem_status lem_select_keep_choose(const lem_args *args, const lem_eval_data *d, lem_keep_opts *out,
                                  lem_err *err) {
    lem_status st = LEM_OK;
    *out = (lem_keep_opts){.what = (lem_keep_what)lem_choice_find(LEM_KEEP_NAMES, lem_args_str(args, "keep")),
                           .as = (lem_keep_as)lem_choice_find(LEM_KEEP_AS_NAMES, lem_args_str(args, "as")),
                           .most = (int)lem_args_int(args, "keep-n"),
                           .source = lem_path_base(args->words[0])};
    if (out->what == LEM_KEEP_TOP && !out->most) out->most = 1;
    if (!lem_args_has(args, "keep-out")) return LEM_OK;
    LEM_TRY(find_scorer(args, d, out, err));
    if (out->what != LEM_KEEP_CORRECT && out->scorer < 0)
        st = lem_fail(err, LEM_EUSAGE,
                      "--keep %s needs scores (run 'lemma rm score'); --keep correct goes without",
                      lem_args_str(args, "keep"));
done:
    return st;
}

/* ---- rows ---- */

typedef struct keeping {
    lem_cli *cli;
    const lem_eval_data *d;
    lem_keep_opts o;
    lem_rows_writer *out; /* NULL: --dry-run */
    lem_candidate_set *rows;
    lem_candidates c;
    lem_kept kept;
    uint64_t problems, n_rows, duplicates, empty, why[LEM_KEEP_N_WHY];
} keeping;

static lem_status write_rows(keeping *k, const lem_json *rows, lem_err *err) {
    lem_status st = LEM_OK;
    for (size_t i = 0; i < lem_json_count(rows) && st == LEM_OK; i++) {
        if (k->out) st = lem_rows_writer_add(k->out, lem_json_at(rows, i), err);
        k->n_rows++;
    }
    return st;
}

static lem_status keep_problem(keeping *k, const lem_eval_problem *p, const lem_json *row, lem_err *err) {
    lem_keep_why why = LEM_KEEP_KEPT;
    lem_json *rows = NULL;
    lem_status st = LEM_OK;
    LEM_TRY(lem_candidates_read(k->o.map, row, &k->c, err));
    if (!k->c.completion)
        LEM_TRY(lem_fail(err, LEM_EDATA, "no completions; name their field with --map completions=FIELD"));
    if (k->c.n != p->n) LEM_TRY(lem_fail(err, LEM_EDATA, "the file changed while it was read"));
    LEM_TRY(lem_keep_choose(&k->o, p, k->c.completion, &k->kept, &why, err));
    k->problems++;
    k->duplicates += (uint64_t)k->kept.duplicates;
    k->empty += (uint64_t)k->kept.empty;
    if (k->why[why]++ < 3 && why != LEM_KEEP_KEPT)
        lem_info(k->cli->log, "%s:%llu: nothing is kept: %s", lem_candidate_set_file(k->rows),
                 (unsigned long long)lem_candidate_set_number(k->rows), lem_keep_why_text(why));
    LEM_TRY(lem_keep_rows(&k->o, p, row, &k->c, &k->kept, &rows, err));
    st = write_rows(k, rows, err);
done:
    lem_json_free(rows);
    return st;
}

static lem_status keep_all(keeping *k, const lem_args *args, const lem_row_judge *judge, lem_err *err) {
    const char *path = args->words[0];
    lem_status st =
        lem_candidate_options_open(k->cli, args, args->words, args->n_words, judge, &k->rows, err);
    if (st == LEM_OK) k->o.map = lem_candidate_set_map(k->rows);
    for (int i = 0; i < k->d->n && st == LEM_OK; i++) {
        lem_json *row = NULL;
        st = lem_data_cancelled(k->cli->cancel, err);
        if (st == LEM_OK) st = lem_candidate_set_next(k->rows, &row, err);
        if (st == LEM_OK && !row)
            st = lem_fail(err, LEM_EDATA, "%s: the file changed while it was read", path);
        if (st != LEM_OK) break;
        st = keep_problem(k, &k->d->p[i], row, err);
        if (st != LEM_OK)
            lem_err_context(err, "%s:%llu", lem_candidate_set_file(k->rows),
                            (unsigned long long)lem_candidate_set_number(k->rows));
        lem_json_free(row);
    }
    return st;
}

static lem_status tell(const keeping *k, lem_json **told, lem_err *err) {
    lem_object o = lem_object_new(), left = lem_object_new();
    lem_info(
        k->cli->log, "%llu rows kept of %llu of %llu problems; %llu identical candidates, %llu empty ones",
        (unsigned long long)k->n_rows, (unsigned long long)k->why[LEM_KEEP_KEPT],
        (unsigned long long)k->problems, (unsigned long long)k->duplicates, (unsigned long long)k->empty);
    lem_object_int(&o, "problems", k->problems);
    lem_object_int(&o, "with_kept", k->why[LEM_KEEP_KEPT]);
    lem_object_int(&o, "rows", k->n_rows);
    lem_object_str(&o, "scorer", k->o.scorer < 0 ? NULL : k->d->scorers[k->o.scorer]);
    lem_object_int(&o, "duplicates", k->duplicates);
    lem_object_int(&o, "empty", k->empty);
    for (int w = LEM_KEEP_KEPT + 1; w < LEM_KEEP_N_WHY; w++) {
        if (!k->why[w]) continue;
        lem_object_int(&left, lem_keep_why_text((lem_keep_why)w), k->why[w]);
        lem_info(k->cli->log, "  %llu problems: %s", (unsigned long long)k->why[w],
                 lem_keep_why_text((lem_keep_why)w));
    }
    lem_object_json(&o, "left_out", lem_object_done(&left));
    *told = lem_object_done(&o);
    return *told ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

lem_status lem_select_keep(lem_cli *cli, const lem_args *args, const lem_job *job, const lem_row_judge *judge,
                           const lem_eval_data *d, const lem_keep_opts *o, lem_json **told, lem_err *err) {
    const char *to = lem_args_str(args, "keep-out");
    bool own = !lem_args_has(args, "out") || lem_args_is(args, "out", "-"); /* it is what the job makes */
    keeping k = {.cli = cli, .d = d, .o = *o};
    lem_status st = LEM_OK;
    if (!to) return LEM_OK;
    if (!cli->dry_run)
        LEM_TRY(
            lem_rows_writer_open(to, lem_rows_kind_of(to), own || lem_job_may_replace(job), 0, &k.out, err));
    LEM_TRY(keep_all(&k, args, judge, err));
    LEM_TRY(tell(&k, told, err));
    if (!k.n_rows) LEM_TRY(lem_fail(err, LEM_EDATA, "%s: no candidate is kept", args->words[0]));
    if (k.out) st = lem_rows_writer_commit(k.out, err);
done:
    lem_rows_writer_close(k.out);
    lem_candidate_set_close(k.rows);
    lem_candidates_release(&k.c);
    lem_kept_release(&k.kept);
    return st;
}
