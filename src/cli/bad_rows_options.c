/* bad_rows_options.c - what --on-error, --max-bad and --skipped say, and what is told of rows that were left
 * out */
#include "cli/bad_rows_options.h"

#include "cli/runtime.h"
#include "job/account.h"

lem_status lem_bad_rows_begin(const lem_args *args, bad_rows *out, lem_err *err) {
    static const char *const with_skip[] = {"max-bad", "skipped"};
    *out =
        (bad_rows){.max_share = lem_args_has(args, "max-bad") ? lem_args_num(args, "max-bad") : LEM_MAX_BAD,
                   .named = lem_args_str(args, "skipped"),
                   .all.max_bytes = (size_t)lem_args_int(args, "max-row")};
    if (lem_args_is(args, "on-error", "skip")) {
        out->tally = lem_bad_rows_new(lem_temp_dir(), err);
        if (out->tally) lem_bad_rows_limit(out->tally, out->all.max_bytes);
        return out->tally ? LEM_OK : LEM_EMEM;
    }
    for (int i = 0; i < 2; i++)
        if (lem_args_has(args, with_skip[i]))
            return lem_fail(err, LEM_EUSAGE, "--%s needs --on-error skip", with_skip[i]);
    return LEM_OK;
}

lem_status lem_bad_rows_reader(const bad_rows *b, lem_bad_use use, const char *path,
                               const lem_candidates_map *map, const lem_cancel *cancel,
                               const lem_row_judge **out, lem_err *err) {
    *out = &b->all;
    return b->tally ? lem_bad_rows_judge(b->tally, use, path, map, cancel, out, err) : LEM_OK;
}

lem_status lem_bad_rows_problems(const bad_rows *b, const char *path, const lem_json *map,
                                 const lem_cancel *cancel, const lem_row_judge **out, lem_err *err) {
    *out = &b->all;
    return b->tally ? lem_bad_rows_judge_problems(b->tally, path, map, cancel, out, err) : LEM_OK;
}

lem_status lem_bad_rows_pass(const bad_rows *b, const char *file, uint64_t number, lem_status st,
                             lem_err *err) {
    lem_err why = LEM_ERR_INIT;
    if (st != LEM_EDATA || !b->tally) return st;
    if (err) why = *err;
    st = lem_bad_rows_add(b->tally, file, number, &why, err);
    if (st == LEM_OK && err) *err = (lem_err)LEM_ERR_INIT;
    return st;
}

static lem_status account(const bad_rows *b, lem_job *job, uint64_t used, lem_err *err) {
    lem_json *told = lem_bad_rows_json(b->tally);
    char of[200] = "--on-error skip";
    lem_left_out why[LEM_BAD_N_KINDS];
    int n = 0;
    if (!told) return lem_fail(err, LEM_EMEM, "out of memory");
    const lem_json *kinds = lem_json_get(told, "kinds"), *first = lem_json_get(told, "first");
    for (const char *k = lem_json_key_next(kinds, NULL); k && n < LEM_BAD_N_KINDS;
         k = lem_json_key_next(kinds, k))
        why[n++] = (lem_left_out){k, (uint64_t)lem_json_int(lem_json_key_value(k), 0)};
    if (b->part) snprintf(of, sizeof of, "%s --on-error skip", b->part);
    const lem_account a = {.of = of,
                           .unit = "rows",
                           .read = used + lem_bad_rows_count(b->tally),
                           .kept = used,
                           .why = why,
                           .n = n,
                           .file = b->named,
                           .first = lem_json_copy(first)};
    lem_status st = lem_job_account(job, &a, err);
    lem_json_free(told);
    return st;
}

/* Lists the rows; *where is the file, NULL where nothing is written. */
static lem_status list(const bad_rows *b, const lem_cli *cli, lem_job *job, const char **where,
                       lem_err *err) {
    lem_skipped *rows = lem_bad_rows_list(b->tally);
    bool gone;
    *where = job ? lem_job_skipped(job) : b->named;
    if (b->more && *where && lem_skipped_is_list(*where)) {
        lem_status st = lem_skipped_load(rows, *where, err);
        if (st) return st;
    }
    if (job) return lem_job_save_skipped(job, rows, err);
    if (!*where || cli->dry_run) return LEM_OK;
    return lem_skipped_count(rows) ? lem_skipped_save(rows, *where, cli->overwrite, err)
                                   : lem_skipped_remove(*where, &gone, err);
}

static lem_status tell(const bad_rows *b, const lem_cli *cli, const char *where, lem_err *err) {
    lem_buf text = {0};
    lem_bad_rows_text(b->tally, &text);
    if (!where) lem_buf_puts(&text, "; --skipped FILE lists them");
    else if (!cli->dry_run) lem_buf_printf(&text, "; %s lists them", where);
    lem_status st = lem_buf_ok(&text, err);
    if (st == LEM_OK) lem_warn(cli->log, "%s", lem_buf_str(&text));
    for (int i = 0; st == LEM_OK && lem_bad_rows_shown(b->tally, i); i++)
        lem_info(cli->log, "  %s", lem_bad_rows_shown(b->tally, i));
    lem_buf_release(&text);
    return st;
}

lem_status lem_bad_rows_end(const bad_rows *b, lem_cli *cli, lem_job *job, uint64_t used, lem_err *err) {
    const char *where = NULL;
    if (!b->tally) return LEM_OK;
    lem_status st = list(b, cli, job, &where, err);
    if (st || lem_bad_rows_count(b->tally) == 0) return st;
    st = tell(b, cli, where, err);
    if (st == LEM_OK) st = lem_bad_rows_check(b->tally, used, b->max_share, err);
    return st == LEM_OK && job ? account(b, job, used, err) : st;
}

void lem_bad_rows_tell(const bad_rows *b, lem_object *o) {
    if (b->tally) lem_object_json(o, "skipped", lem_bad_rows_json(b->tally));
}

bool lem_bad_rows_put(const bad_rows *b, lem_json *o) {
    return !b->tally || lem_json_set(o, "skipped", lem_bad_rows_json(b->tally));
}

lem_status lem_bad_rows_print(const bad_rows *b, lem_cli *cli, lem_json *o, int indent, lem_err *err) {
    if (o && !lem_bad_rows_put(b, o)) {
        lem_json_free(o);
        o = NULL;
    }
    return lem_print_json(cli->out, o, indent, err);
}

void lem_bad_rows_release(bad_rows *b) {
    lem_bad_rows_free(b->tally);
    *b = (bad_rows){.tally = NULL};
}

lem_status lem_bad_rows_read_problems(bad_rows *b, lem_cli *cli, const lem_args *args, lem_job *job,
                                      const char *path, lem_problems_opts *o, lem_problems *rows,
                                      lem_err *err) {
    lem_status st = lem_bad_rows_begin(args, b, err);
    if (st == LEM_OK) st = lem_bad_rows_problems(b, path, o->map, o->cancel, &o->judge, err);
    if (st == LEM_OK) st = lem_problems_read(path, o, rows, err);
    return st ? st : lem_bad_rows_end(b, cli, job, rows->n, err);
}
