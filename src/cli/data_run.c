/* data_run.c - rows in, kept rows and dropped rows out, with reasons */
#include "cli/data_run.h"
#include "cli/runtime.h"

#include "core/mem.h"
#include "job/account.h"

#include <string.h>

const lem_opt lem_data_options[LEM_N_DATA_OPTIONS] = {
    {"format", LEM_OPT_STR, "KIND", NULL, "kind of the rows [told from the columns]"},
    {"map", LEM_OPT_LIST, "OURS=THEIRS", NULL,
     "where prompt and response stand, e.g. prompt=question; dotted paths"},
    {"dropped", LEM_OPT_STR, "FILE", NULL, "write the rows that are left out there, each with its reason"},
    LEM_OPT_BAD_ROWS,
};

lem_status lem_data_run_open(lem_data_run *r, lem_cli *cli, const lem_command *cmd, const lem_args *args,
                             const lem_job_spec *spec, bool *done, lem_err *err) {
    const char *beside[9];
    lem_job_spec s = spec ? *spec : (lem_job_spec){0};
    *r = (lem_data_run){.cli = cli, .args = args};
    *done = false;
    s.cheap = true;
    int n = 0;
    for (; n < s.n_companions && n < 8; n++) beside[n] = s.companions[n];
    if (lem_args_str(args, "dropped")) beside[n++] = lem_args_str(args, "dropped");
    s.companions = beside;
    s.n_companions = n;
    lem_status st = lem_job_open(cli, cmd, args, &s, &r->job, err);
    if (st == LEM_OK) st = lem_bad_rows_begin(args, &r->bad, err);
    if (st == LEM_OK && lem_job_done(r->job)) *done = true;
    return st;
}

/* The i-th file that rows are read from; NULL behind the last. */
static const char *source(const lem_data_run *r, int i) {
    if (r->option) return lem_json_str(lem_json_at(lem_args_tree(r->args, r->option), (size_t)i), NULL);
    return i < r->args->n_words ? r->args->words[i] : NULL;
}

static lem_status open_option(lem_data_run *r, const lem_row_reader_opts *o, lem_err *err) {
    size_t n = lem_json_count(lem_args_tree(r->args, r->option));
    const char **paths = lem_alloc_zero(n ? n : 1, sizeof *paths, err);
    if (!paths) return LEM_EMEM;
    for (size_t i = 0; i < n; i++) paths[i] = source(r, (int)i);
    lem_status st = lem_row_reader_open(paths, n, o, &r->in, err);
    lem_free(paths);
    return st;
}

static void begin_progress(lem_data_run *r) {
    int passes = r->passes > r->pass ? r->passes : r->pass + 1;
    lem_progress_free(r->progress);
    r->progress = lem_progress_new(r->cli->log, "reading", "rows", 0, 0);
    lem_progress_part(r->progress, (double)r->pass / passes, (double)(r->pass + 1) / passes);
    r->pass++;
}

lem_status lem_data_run_row(lem_data_run *r, lem_json **row, lem_err *err) {
    lem_status st = lem_row_reader_next(r->in, row, err);
    if (st != LEM_OK) return st;
    lem_progress_add(r->progress, *row != NULL);
    if (!*row) lem_progress_share(r->progress, 1);
    else if (r->asked++ % 16 == 15) lem_progress_share(r->progress, lem_row_reader_share(r->in));
    return LEM_OK;
}

lem_status lem_data_run_judge(const lem_data_run *r, const lem_row_judge **out, lem_err *err) {
    return lem_bad_rows_reader(&r->bad, LEM_BAD_ANY, source(r, 0), NULL, r->cli->cancel, out, err);
}

lem_status lem_data_run_read(lem_data_run *r, lem_err *err) {
    lem_row_reader_opts o = {.format = lem_args_str(r->args, "format"),
                             .map = lem_args_tree(r->args, "map"),
                             .limit = r->cli->limit,
                             .cancel = r->cli->cancel,
                             .log = r->in ? NULL : r->cli->log,
                             .judge_texts = r->judge_texts};
    lem_status st = lem_data_run_judge(r, &o.judge, err);
    if (st) return st;
    lem_row_reader_close(r->in);
    r->in = NULL;
    begin_progress(r);
    if (r->option) return open_option(r, &o, err);
    return lem_row_reader_open(r->args->words, (size_t)r->args->n_words, &o, &r->in, err);
}

lem_status lem_data_run_write(lem_data_run *r, lem_err *err) {
    const char *to = lem_job_out(r->job), *dropped = lem_args_str(r->args, "dropped");
    lem_status st = lem_job_start(r->job, NULL, err);
    if (st != LEM_OK || r->cli->dry_run) return st;
    if (!to) to = "-";
    st = lem_rows_writer_open(to, lem_rows_kind_of(to), true, 0, &r->out, err);
    if (st == LEM_OK && dropped)
        st = lem_rows_writer_open(dropped, lem_rows_kind_of(dropped), lem_job_may_replace(r->job), 0,
                                  &r->dropped, err);
    return st;
}

lem_status lem_data_run_next(lem_data_run *r, lem_json **row, lem_err *err) {
    lem_status st = lem_data_run_row(r, row, err);
    if (st == LEM_OK && *row) r->rows++;
    return st;
}

lem_status lem_data_run_pass(lem_data_run *r, lem_status st, lem_err *err) {
    st = lem_row_reader_pass(r->in, st, err);
    if (st == LEM_OK) r->rows--;
    return st;
}

lem_status lem_data_run_keep(lem_data_run *r, lem_json *row, lem_err *err) {
    r->kept++;
    return r->out ? lem_rows_writer_add(r->out, row, err) : LEM_OK;
}

/* The place of a reason; NULL = out of memory. */
static struct lem_data_reason *reason_of(lem_data_run *r, const char *why, lem_err *err) {
    for (int i = 0; i < r->n_reasons; i++)
        if (strcmp(r->reason[i].why, why) == 0) return &r->reason[i];
    if (r->n_reasons == LEM_DATA_MAX_REASONS) return &r->reason[LEM_DATA_MAX_REASONS - 1];
    char *copy = lem_strdup(r->n_reasons == LEM_DATA_MAX_REASONS - 1 ? "other reasons" : why, err);
    if (!copy) return NULL;
    r->reason[r->n_reasons].why = copy;
    return &r->reason[r->n_reasons++];
}

static lem_status write_dropped(lem_data_run *r, lem_json *row, const char *at, const char *why,
                                const lem_json *detail, lem_err *err) {
    lem_json *copy = lem_json_copy(row);
    bool ok = copy && lem_json_set(copy, "_dropped", lem_json_new_str(why)) &&
              lem_json_set(copy, "_source", lem_json_new_str(at)) &&
              (!detail || lem_json_set(copy, "_detail", lem_json_copy(detail)));
    lem_status st =
        ok ? lem_rows_writer_add(r->dropped, copy, err) : lem_fail(err, LEM_EMEM, "out of memory");
    lem_json_free(copy);
    return st;
}

static lem_status note_first(lem_data_run *r, const char *at, const char *why, lem_err *err) {
    lem_buf b = {0};
    lem_buf_printf(&b, "%s: %s", at, why);
    if (!r->first) r->first = lem_json_new_array();
    bool ok = r->first && !b.failed && lem_json_append(r->first, lem_json_new_str(lem_buf_str(&b)));
    lem_buf_release(&b);
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

lem_data_place lem_data_run_place(const lem_data_run *r) {
    return (lem_data_place){lem_row_reader_file(r->in), lem_row_reader_number(r->in)};
}

lem_status lem_data_run_drop_for(lem_data_run *r, lem_json *row, const lem_data_place *place,
                                 const char *const *why, int n, const lem_json *detail, lem_err *err) {
    lem_data_place here = place ? *place : lem_data_run_place(r);
    lem_buf all = {0}, at = {0};
    bool new_to_us = false;
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < n; i++) {
        struct lem_data_reason *x = reason_of(r, why[i], err);
        if (!x) st = LEM_EMEM;
        else new_to_us = x->n++ < 3 || new_to_us;
        lem_buf_printf(&all, "%s%s", i ? "; " : "", why[i]);
    }
    lem_buf_printf(&at, "%s:%llu", here.file, (unsigned long long)here.number);
    if (st == LEM_OK) st = lem_buf_ok(&all, err);
    if (st == LEM_OK) st = lem_buf_ok(&at, err);
    if (st == LEM_OK && new_to_us)
        lem_info(r->cli->log, "%s: left out: %s", lem_buf_str(&at), lem_buf_str(&all));
    if (st == LEM_OK && new_to_us) st = note_first(r, lem_buf_str(&at), lem_buf_str(&all), err);
    if (st == LEM_OK && r->dropped)
        st = write_dropped(r, row, lem_buf_str(&at), lem_buf_str(&all), detail, err);
    lem_buf_release(&all);
    lem_buf_release(&at);
    return st;
}

lem_status lem_data_run_drop(lem_data_run *r, lem_json *row, const lem_data_place *place, const char *why,
                             const lem_json *detail, lem_err *err) {
    return lem_data_run_drop_for(r, row, place, &why, 1, detail, err);
}

static lem_status account(lem_data_run *r, lem_err *err) {
    lem_left_out why[LEM_DATA_MAX_REASONS];
    for (int i = 0; i < r->n_reasons; i++) why[i] = (lem_left_out){r->reason[i].why, r->reason[i].n};
    const lem_account a = {.unit = "rows",
                           .read = r->rows,
                           .kept = r->kept,
                           .why = why,
                           .n = r->n_reasons,
                           .file = lem_args_str(r->args, "dropped"),
                           .first = r->first,
                           .against = r->against};
    r->first = r->against = NULL;
    return lem_job_account(r->job, &a, err);
}

lem_status lem_data_run_finish(lem_data_run *r, lem_err *err) {
    lem_progress_free(r->progress);
    r->progress = NULL;
    lem_status st = lem_bad_rows_end(&r->bad, r->cli, r->job, r->rows, err);
    if (st == LEM_OK && r->rows == 0) st = lem_fail(err, LEM_EDATA, "%s: no rows", source(r, 0));
    if (st == LEM_OK && r->dropped) st = lem_rows_writer_commit(r->dropped, err);
    if (st == LEM_OK && r->out) st = lem_rows_writer_commit(r->out, err);
    if (st == LEM_OK) st = account(r, err);
    return st == LEM_OK ? lem_job_finish(r->job, err) : st;
}

static void tell_log(const lem_data_run *r) {
    lem_info(r->cli->log, "%llu rows, %llu kept, %llu left out", (unsigned long long)r->rows,
             (unsigned long long)r->kept, (unsigned long long)(r->rows - r->kept));
    for (int i = 0; i < r->n_reasons; i++)
        lem_info(r->cli->log, "  %llu: %s", (unsigned long long)r->reason[i].n, r->reason[i].why);
}

lem_status lem_data_run_tell(lem_data_run *r, lem_json *more, lem_err *err) {
    tell_log(r);
    if (!r->cli->json) {
        lem_json_free(more);
        return LEM_OK;
    }
    lem_object o = lem_object_new(), why = lem_object_new();
    lem_object_int(&o, "rows", r->rows);
    lem_object_int(&o, "kept", r->kept);
    for (int i = 0; i < r->n_reasons; i++) lem_object_int(&why, r->reason[i].why, r->reason[i].n);
    lem_object_json(&o, "dropped", lem_object_done(&why));
    if (r->cli->dry_run) lem_object_bool(&o, "dry_run", true);
    for (const char *k = lem_json_key_next(more, NULL); more && k; k = lem_json_key_next(more, k))
        lem_object_json(&o, k, lem_json_copy(lem_json_key_value(k)));
    lem_json_free(more);
    return lem_bad_rows_print(&r->bad, r->cli, lem_object_done(&o), 0, err);
}

void lem_data_run_close(lem_data_run *r) {
    lem_progress_free(r->progress);
    lem_rows_writer_close(r->out);
    lem_rows_writer_close(r->dropped);
    lem_row_reader_close(r->in);
    for (int i = 0; i < r->n_reasons; i++) lem_free(r->reason[i].why);
    lem_json_free(r->first);
    lem_json_free(r->against);
    lem_bad_rows_release(&r->bad);
    lem_job_close(r->job);
    *r = (lem_data_run){0};
}
