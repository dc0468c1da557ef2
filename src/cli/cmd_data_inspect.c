/* cmd_data_inspect.c - lemma data inspect: what kind of file it is and on what ground, its columns, rows and
 * first row */
#include "cli/commands.h"
#include "cli/runtime.h"

#include "core/object.h"
#include "rows/rows.h"

/* The types of the first row's values, where the file itself states none. */
static lem_json *types_of_row(const lem_json *row) {
    lem_json *o = lem_json_new_object();
    for (const char *k = lem_json_key_next(row, NULL); o && k; k = lem_json_key_next(row, k))
        (void)lem_json_set(o, k, lem_json_new_str(lem_json_kind_name(lem_json_key_value(k))));
    return o;
}

/* Reads all rows; *first is the first one, NULL where there is none. */
static lem_status count_rows(lem_rowset *s, uint64_t *n, lem_json **first, lem_err *err) {
    for (*n = 0;; ++*n) {
        lem_json *row = NULL;
        lem_status st = lem_rowset_next(s, &row, err);
        if (st != LEM_OK || !row) return st;
        if (!*first) *first = row;
        else lem_json_free(row);
    }
}

static lem_status inspect(lem_rowset *s, lem_json **out, lem_err *err) {
    lem_buf kind = {0};
    lem_json *first = NULL, *types = lem_rowset_types(s);
    lem_object o = lem_object_new();
    uint64_t rows = 0;
    lem_object_str(&o, "file", lem_rowset_file(s));
    lem_object_int(&o, "files", lem_rowset_files(s));
    lem_rowset_evidence(s, &kind);
    lem_object_str(&o, "kind", lem_buf_str(&kind));
    lem_status st = count_rows(s, &rows, &first, err);
    lem_object_json(&o, "columns", types ? types : types_of_row(first));
    lem_object_int(&o, "rows", rows);
    lem_object_json(&o, "first", first ? first : lem_json_new_null());
    *out = lem_object_done(&o);
    if (st == LEM_OK) st = lem_buf_ok(&kind, err);
    if (st == LEM_OK && !*out) st = lem_fail(err, LEM_EMEM, "out of memory");
    lem_buf_release(&kind);
    return st;
}

static lem_status print_text(const lem_json *facts, FILE *f, lem_err *err) {
    lem_buf b = {0};
    const lem_json *columns = lem_json_get(facts, "columns");
    lem_buf_printf(&b, "%s", lem_json_str(lem_json_get(facts, "file"), ""));
    if (lem_json_int(lem_json_get(facts, "files"), 0) > 1)
        lem_buf_printf(&b, " and %lld more", (long long)lem_json_int(lem_json_get(facts, "files"), 0) - 1);
    lem_buf_printf(&b, ": %s\n%lld rows\n", lem_json_str(lem_json_get(facts, "kind"), ""),
                   (long long)lem_json_int(lem_json_get(facts, "rows"), 0));
    for (const char *k = lem_json_key_next(columns, NULL); k; k = lem_json_key_next(columns, k))
        lem_buf_printf(&b, "  %s: %s\n", k, lem_json_str(lem_json_key_value(k), "?"));
    lem_buf_puts(&b, "first row: ");
    lem_json_write(lem_json_get(facts, "first"), 0, &b);
    lem_buf_putc(&b, '\n');
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) fputs(lem_buf_str(&b), f);
    lem_buf_release(&b);
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    lem_rowset *s = NULL;
    lem_json *facts = NULL;
    const lem_rowset_opts o = {.cancel = cli->cancel};
    lem_status st = LEM_OK;
    LEM_TRY(lem_rowset_open(args->words, (size_t)args->n_words, &o, &s, err));
    LEM_TRY(inspect(s, &facts, err));
    if (cli->json) st = lem_print_json(cli->out, lem_json_share(facts), 0, err);
    else st = print_text(facts, cli->out, err);
done:
    lem_json_free(facts);
    lem_rowset_close(s);
    return st;
}

const lem_command lem_cmd_data_inspect = {
    .name = "data inspect",
    .purpose = "what kind of data a file is, its columns, rows and first row",
    .usage = "FILE... [options]",
    .example = "lemma data inspect train-00000-of-00001.parquet\nlemma data inspect saved_to_disk/ --json",
    .min_words = 1,
    .max_words = 1000,
    .run = run,
};
