/* cmd_data_convert.c - lemma data convert: rows of one kind written as rows of another */
#include "cli/commands.h"
#include "cli/data_run.h"
#include "cli/runtime.h"

#include "data/convert.h"

static const lem_opt opts[] = {
    {"to", LEM_OPT_ENUM, "KIND", NULL, "kind of the rows to write", .choices = LEM_ROW_KIND_NAMES_WRITTEN},
    {"format", LEM_OPT_ENUM, "KIND", NULL, "kind of the rows read [told from the columns]",
     .choices = LEM_ROW_KIND_NAMES},
    {"map", LEM_OPT_LIST, "OURS=THEIRS", NULL,
     "read a column under another name, e.g. chosen=better; dotted paths, e.g. output=instances.0.output"},
    LEM_OPT_BAD_ROWS,
};

static lem_status write_row(void *ctx, lem_json *row, lem_err *err) {
    return lem_data_run_keep(ctx, row, err);
}

/* What did not come over, in the log and beside the counts of --json. */
static const struct fact {
    const char *name, *text;
    size_t at;
} facts[] = {
    {"unfit", "rows left out: their turns or labels do not fit the kind",
     offsetof(lem_convert_counts, unfit)},
    {"one_class", "rows or lists without a right reply, or without a wrong one to pair it with",
     offsetof(lem_convert_counts, one_class)},
    {"rounded", "labels between 0 and 1 made one of two", offsetof(lem_convert_counts, rounded)},
    {"cut_steps", "steps behind the last label left out", offsetof(lem_convert_counts, cut_steps)},
    {"no_system", "rows whose system text is lost", offsetof(lem_convert_counts, no_system)},
    {"joined", "solutions whose problem and first step cannot be told apart and stay one text",
     offsetof(lem_convert_counts, joined)},
};

static lem_status tell(lem_data_run *r, const lem_convert_counts *c, lem_err *err) {
    lem_buf lost = {0};
    lem_object o = lem_object_new();
    lem_row_audit_unused(&c->audit, &lost);
    lem_object_int(&o, "written", c->written);
    lem_object_str(&o, "to", lem_args_str(r->args, "to"));
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        uint64_t n = *(const uint64_t *)(const void *)((const char *)c + facts[i].at);
        lem_object_int(&o, facts[i].name, n);
        if (n) lem_warn(r->cli->log, "%llu %s", (unsigned long long)n, facts[i].text);
    }
    lem_object_str(&o, "lost_columns", lost.len ? lem_buf_str(&lost) : NULL);
    if (lost.len) lem_warn(r->cli->log, "columns that are not carried over: %s", lem_buf_str(&lost));
    lem_info(r->cli->log, "%llu rows read, %llu written as %s", (unsigned long long)c->rows,
             (unsigned long long)c->written, lem_args_str(r->args, "to"));
    lem_status st = lem_buf_ok(&lost, err);
    lem_buf_release(&lost);
    lem_json *more = lem_object_done(&o);
    if (st == LEM_OK && r->cli->json) {
        lem_object all = lem_object_new();
        lem_object_int(&all, "rows", c->rows);
        if (r->cli->dry_run) lem_object_bool(&all, "dry_run", true);
        for (const char *k = lem_json_key_next(more, NULL); more && k; k = lem_json_key_next(more, k))
            lem_object_json(&all, k, lem_json_copy(lem_json_key_value(k)));
        st = lem_bad_rows_print(&r->bad, r->cli, lem_object_done(&all), 0, err);
    }
    lem_json_free(more);
    return st;
}

static lem_status convert(lem_data_run *r, lem_convert_counts *c, lem_err *err) {
    lem_convert_how how = {.format = lem_args_str(r->args, "format"),
                           .limit = r->cli->limit,
                           .rename = lem_args_tree(r->args, "map"),
                           .cancel = r->cli->cancel,
                           .log = r->cli->log};
    lem_status st = LEM_OK;
    LEM_TRY(lem_row_kind_parse(lem_args_str(r->args, "to"), &how.to, err));
    LEM_TRY(lem_data_run_judge(r, &how.judge, err));
    LEM_TRY(lem_data_run_write(r, err));
    how.progress = r->progress = lem_progress_new(r->cli->log, "converting", "rows", 0, 0);
    LEM_TRY(lem_convert_rows(r->args->words, (size_t)r->args->n_words, &how, write_row, r, c, err));
    r->rows = c->rows;
    if (c->rows && !c->written)
        LEM_TRY(lem_fail(err, LEM_EDATA, "%s: none of %llu rows could be written as %s", r->args->words[0],
                         (unsigned long long)c->rows, lem_args_str(r->args, "to")));
    LEM_TRY(lem_data_run_finish(r, err));
    st = tell(r, c, err);
done:
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    lem_data_run r;
    lem_convert_counts c = {0};
    bool done = false;
    lem_status st = lem_data_run_open(&r, cli, &lem_cmd_data_convert, args, NULL, &done, err);
    if (st == LEM_OK && !done) st = convert(&r, &c, err);
    lem_convert_counts_release(&c);
    lem_data_run_close(&r);
    return st;
}

const lem_command lem_cmd_data_convert = {
    .name = "data convert",
    .purpose = "rows of one kind (messages, pairs, lists, labelled steps, ...) as rows of another",
    .usage = "FILE... --to KIND --out FILE [options]",
    .example = "lemma data convert alpaca.json --to messages --out rows.jsonl\n"
               "lemma data convert pairs.jsonl.gz --to lists --out lists.parquet\n"
               "lemma data convert math-shepherd.jsonl --to rlhflow --out steps.jsonl.zst",
    .min_words = 1,
    .max_words = 1000,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .output = LEM_OUTPUT_FILE,
    .out_required = true,
    .required = "to",
    .words = LEM_WORDS_NAMED_INPUT,
};
