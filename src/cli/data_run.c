/* data_run.c - rows in, kept rows and dropped rows out, with reasons */
#include "cli/data_run.h"
#include "cli/runtime.h"

#include "core/mem.h"

#include <string.h>

const lem_opt lem_data_options[LEM_N_DATA_OPTIONS] = {
    {"format", LEM_OPT_STR, "KIND", NULL, "kind of the rows [told from the columns]"},
    {"map", LEM_OPT_LIST, "OURS=THEIRS", NULL,
     "where prompt and response stand, e.g. prompt=question; dotted paths"},
    {"dropped", LEM_OPT_STR, "FILE", NULL, "write the rows that are left out there, each with its reason",
     .effect = LEM_OPT_CHANGES_NOTHING},
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
    if (st == LEM_OK && lem_job_done(r->job)) *done = true;
    return st;
}

lem_status lem_data_run_read(lem_data_run *r, lem_err *err) {
    const lem_row_reader_opts o = {.format = lem_args_str(r->args, "format"),
                                   .map = lem_args_tree(r->args, "map"),
                                   .limit = r->cli->limit,
                                   .cancel = r->cli->cancel,
                                   .log = r->in ? NULL : r->cli->log};
    lem_row_reader_close(r->in);
    r->in = NULL;
    return lem_row_reader_open(r->args->words, (size_t)r->args->n_words, &o, &r->in, err);
}

static lem_rows_kind kind_of(const char *path) {
    size_t n = strlen(path);
    return n > 8 && strcmp(path + n - 8, ".parquet") == 0 ? LEM_ROWS_PARQUET : LEM_ROWS_JSONL;
}

lem_status lem_data_run_write(lem_data_run *r, lem_err *err) {
    const char *to = lem_job_out(r->job), *dropped = lem_args_str(r->args, "dropped");
    lem_status st = lem_job_start(r->job, NULL, err);
    if (st != LEM_OK || r->cli->dry_run) return st;
    if (!to) to = "-";
    st = lem_rows_writer_open(to, kind_of(to), true, 0, &r->out, err);
    if (st == LEM_OK && dropped)
        st =
            lem_rows_writer_open(dropped, kind_of(dropped), lem_job_may_replace(r->job), 0, &r->dropped, err);
    return st;
}

lem_status lem_data_run_next(lem_data_run *r, lem_json **row, lem_err *err) {
    lem_status st = lem_row_reader_next(r->in, row, err);
    if (st == LEM_OK && *row) r->rows++;
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

static lem_status write_dropped(lem_data_run *r, lem_json *row, const char *why, const lem_json *detail,
                                lem_err *err) {
    lem_buf at = {0};
    lem_json *copy = lem_json_copy(row);
    lem_buf_printf(&at, "%s:%llu", lem_row_reader_file(r->in),
                   (unsigned long long)lem_row_reader_number(r->in));
    lem_status st = lem_buf_ok(&at, err);
    bool ok = copy && lem_json_set(copy, "_dropped", lem_json_new_str(why)) &&
              lem_json_set(copy, "_source", lem_json_new_str(lem_buf_str(&at))) &&
              (!detail || lem_json_set(copy, "_detail", lem_json_copy(detail)));
    if (st == LEM_OK && !ok) st = lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK) st = lem_rows_writer_add(r->dropped, copy, err);
    lem_json_free(copy);
    lem_buf_release(&at);
    return st;
}

lem_status lem_data_run_drop_for(lem_data_run *r, lem_json *row, const char *const *why, int n,
                                 const lem_json *detail, lem_err *err) {
    lem_buf all = {0};
    bool new_to_us = false;
    for (int i = 0; i < n; i++) {
        struct lem_data_reason *x = reason_of(r, why[i], err);
        if (!x) return LEM_EMEM;
        new_to_us = x->n++ < 3 || new_to_us;
        lem_buf_printf(&all, "%s%s", i ? "; " : "", why[i]);
    }
    lem_status st = lem_buf_ok(&all, err);
    if (st == LEM_OK && new_to_us)
        lem_info(r->cli->log, "%s:%llu: left out: %s", lem_row_reader_file(r->in),
                 (unsigned long long)lem_row_reader_number(r->in), lem_buf_str(&all));
    if (st == LEM_OK && r->dropped) st = write_dropped(r, row, lem_buf_str(&all), detail, err);
    lem_buf_release(&all);
    return st;
}

lem_status lem_data_run_drop(lem_data_run *r, lem_json *row, const char *why, const lem_json *detail,
                             lem_err *err) {
    return lem_data_run_drop_for(r, row, &why, 1, detail, err);
}

lem_status lem_data_run_finish(lem_data_run *r, lem_err *err) {
    lem_status st = LEM_OK;
    if (r->rows == 0) return lem_fail(err, LEM_EDATA, "%s: no rows", r->args->words[0]);
    if (r->dropped) st = lem_rows_writer_commit(r->dropped, err);
    if (st == LEM_OK && r->out) st = lem_rows_writer_commit(r->out, err);
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
    return lem_print_json(r->cli->out, lem_object_done(&o), 0, err);
}

void lem_data_run_close(lem_data_run *r) {
    lem_rows_writer_close(r->out);
    lem_rows_writer_close(r->dropped);
    lem_row_reader_close(r->in);
    for (int i = 0; i < r->n_reasons; i++) lem_free(r->reason[i].why);
    lem_job_close(r->job);
    *r = (lem_data_run){0};
}
