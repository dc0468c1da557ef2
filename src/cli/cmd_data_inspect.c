/* cmd_data_inspect.c - lemma data inspect: what kind of file it is, what kind of rows, on what ground, and
 * what is to be known before they are trained on */
#include "cli/bad_rows_options.h"
#include "cli/commands.h"
#include "cli/runtime.h"

#include "data/dataset.h"
#include "data/inspect.h"
#include "data/row_kinds.h"

#include <string.h>

static const lem_opt opts[] = {
    {"format", LEM_OPT_ENUM, "KIND", NULL, "kind of the rows [told from the columns]",
     .choices = LEM_ROW_KIND_NAMES},
    {"map", LEM_OPT_LIST, "OURS=THEIRS", NULL,
     "read a column under another name, e.g. chosen=better; dotted paths, e.g. output=instances.0.output"},
    {"tokenizer", LEM_OPT_INPUT, "DIR", NULL, "tell lengths in its tokens, and show one row with its mask"},
    {"model", LEM_OPT_INPUT, "DIR", NULL, "the same, by a model folder's tokenizer"},
    {"problems", LEM_OPT_INT, "N", "20", "list the first N rows that cannot be read; all are counted", 0,
     100000},
    LEM_OPT_BAD_ROWS,
};

static const char *text_of(const lem_json *o, const char *key) {
    return lem_json_str(lem_json_get(o, key), "");
}
static long long number_of(const lem_json *o, const char *key) {
    return (long long)lem_json_int(lem_json_get(o, key), 0);
}

static void put_kinds(const lem_json *facts, lem_buf *b) {
    const lem_json *list = lem_json_get(facts, "rows_of");
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const lem_json *k = lem_json_at(list, i), *to = lem_json_get(k, "converts_to");
        bool known = strcmp(text_of(k, "kind"), lem_row_kind_name(LEM_ROW_UNKNOWN)) != 0;
        lem_buf_printf(b, "rows of kind %s: ", text_of(k, "kind"));
        if (known) lem_buf_printf(b, "%s, by the ", text_of(k, "title"));
        lem_buf_printf(b, "%s\n", text_of(k, "evidence"));
        if (lem_json_count(list) > 1)
            lem_buf_printf(b, "  %lld rows in %lld files\n", number_of(k, "rows"), number_of(k, "files"));
        for (size_t n = 0; n < lem_json_count(to); n++)
            lem_buf_printf(b, "%s%s", n ? ", " : "  data convert --to ",
                           lem_json_str(lem_json_at(to, n), ""));
        if (lem_json_count(to)) lem_buf_putc(b, '\n');
    }
}

static void put_columns(const lem_json *facts, lem_buf *b) {
    const lem_json *columns = lem_json_get(facts, "columns"), *use = lem_json_get(facts, "use");
    for (const char *k = lem_json_key_next(columns, NULL); k; k = lem_json_key_next(columns, k)) {
        const lem_json *u = lem_json_get(use, k);
        lem_buf_printf(b, "  %s: %s", k, lem_json_str(lem_json_key_value(k), "?"));
        if (u && number_of(u, "rows") < number_of(facts, "rows"))
            lem_buf_printf(b, ", in %lld rows", number_of(u, "rows"));
        lem_buf_puts(b, u && !lem_json_bool(lem_json_get(u, "used"), true) ? ", not used\n" : "\n");
    }
    for (const char *k = lem_json_key_next(use, NULL); k; k = lem_json_key_next(use, k))
        if (!lem_json_get(columns, k))
            lem_buf_printf(b, "  %s: in %lld rows%s\n", k, number_of(lem_json_key_value(k), "rows"),
                           lem_json_bool(lem_json_get(lem_json_key_value(k), "used"), true) ? ""
                                                                                            : ", not used");
}

static void put_counts(const lem_json *facts, lem_buf *b) {
    static const char *const words[][2] = {
        {"empty_replies", "rows whose replies are empty"},
        {"some_empty_replies", "rows with an empty reply beside others"},
        {"duplicate_ids", "rows with an id that an earlier row has"},
        {"several_boxed", "rows with a reply of several \\boxed answers"},
        {"not_to_be_trained", "rows that say that they are not to be trained"},
        {"replies_not_to_be_trained", "replies that are not to be trained"},
        {"with_tools", "rows with tools"},
        {"tools_not_written", "rows whose tools the chat template does not write"},
    };
    const lem_json *counts = lem_json_get(facts, "counts"), *licence = lem_json_get(facts, "licence");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (number_of(counts, words[i][0]))
            lem_buf_printf(b, "%lld %s\n", number_of(counts, words[i][0]), words[i][1]);
    if (*text_of(licence, "text"))
        lem_buf_printf(b, "licence: %s (%s)%s\n", text_of(licence, "text"), text_of(licence, "from"),
                       lem_json_bool(lem_json_get(licence, "non_commercial"), false)
                           ? "; for non-commercial use only"
                           : "");
}

static void put_tokens(const lem_json *facts, lem_buf *b) {
    const lem_json *t = lem_json_get(facts, "tokens"), *h = lem_json_get(t, "histogram");
    if (!lem_json_count(t)) return;
    lem_buf_printf(
        b,
        "%lld tokens in %lld rows, %lld of them trained; a row: %lld to %lld, median %lld, 90 %% up "
        "to %lld, 99 %% up to %lld\n",
        number_of(t, "total"), number_of(t, "rows"), number_of(t, "trained"), number_of(t, "min"),
        number_of(t, "max"), number_of(t, "median"), number_of(t, "p90"), number_of(t, "p99"));
    for (size_t i = 0; i < lem_json_count(h); i++) {
        const lem_json *bar = lem_json_at(h, i);
        long long rows = number_of(bar, "rows");
        if (rows == 0) continue;
        long long width = rows * 40 / (number_of(t, "rows") + 1);
        lem_buf_printf(b, "  up to %7lld  %8lld ", number_of(bar, "up_to"), rows);
        for (long long k = 0; k < width; k++) lem_buf_putc(b, '#');
        lem_buf_putc(b, '\n');
    }
}

static lem_status put_rendered(const lem_json *facts, lem_buf *b, lem_err *err) {
    const lem_json *shown = lem_json_get(facts, "rendered");
    if (!lem_json_count(shown)) return LEM_OK;
    lem_buf_printf(b, "a row as it is trained, %lld tokens, %lld of them between [[ and ]]:\n",
                   number_of(shown, "tokens"), number_of(shown, "trained"));
    lem_status st = lem_preview_text(shown, b, err);
    lem_buf_putc(b, '\n');
    return st;
}

static void put_problems(const lem_json *facts, lem_buf *b) {
    const lem_json *list = lem_json_get(facts, "problems");
    long long n = number_of(facts, "problem_count");
    if (n == 0) return;
    lem_buf_printf(b, "%lld rows cannot be read as that kind:\n", n);
    for (size_t i = 0; i < lem_json_count(list); i++)
        lem_buf_printf(b, "  %s\n", lem_json_str(lem_json_at(list, i), ""));
    if ((size_t)n > lem_json_count(list))
        lem_buf_printf(b, "  and %lld more\n", n - (long long)lem_json_count(list));
}

static lem_status print_text(const lem_json *facts, FILE *f, lem_err *err) {
    lem_buf b = {0};
    lem_buf_puts(&b, text_of(facts, "file"));
    if (number_of(facts, "files") > 1) lem_buf_printf(&b, " and %lld more", number_of(facts, "files") - 1);
    lem_buf_printf(&b, ": %s\n%lld rows\n", text_of(facts, "kind"), number_of(facts, "rows"));
    put_kinds(facts, &b);
    put_columns(facts, &b);
    put_counts(facts, &b);
    put_tokens(facts, &b);
    lem_status st = put_rendered(facts, &b, err);
    put_problems(facts, &b);
    lem_buf_puts(&b, "first row: ");
    lem_json_write(lem_json_get(facts, "first"), 0, &b);
    lem_buf_putc(&b, '\n');
    if (st == LEM_OK) st = lem_buf_ok(&b, err);
    if (st == LEM_OK) fputs(lem_buf_str(&b), f);
    lem_buf_release(&b);
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    const char *dir =
        lem_args_str(args, "tokenizer") ? lem_args_str(args, "tokenizer") : lem_args_str(args, "model");
    lem_tokenizer *tok = NULL;
    lem_json *facts = NULL;
    bad_rows bad = {.tally = NULL};
    lem_status st = LEM_OK;
    LEM_TRY(lem_bad_rows_begin(args, &bad, err));
    if (dir) LEM_TRY(lem_runtime_tokenizer(cli, dir, &tok, err));
    lem_inspect_how how = {.format = lem_args_str(args, "format"),
                           .limit = cli->limit,
                           .rename = lem_args_tree(args, "map"),
                           .tokenizer = tok,
                           .max_problems = (int)lem_args_int(args, "problems"),
                           .cancel = cli->cancel};
    LEM_TRY(lem_bad_rows_reader(&bad, LEM_BAD_ANY, args->words[0], NULL, cli->cancel, &how.judge, err));
    LEM_TRY(lem_inspect_rows(args->words, (size_t)args->n_words, &how, &facts, err));
    LEM_TRY(lem_bad_rows_end(&bad, cli, NULL,
                             (uint64_t)(number_of(facts, "rows") - number_of(facts, "problem_count")), err));
    if (cli->json) st = lem_bad_rows_print(&bad, cli, lem_json_share(facts), 0, err);
    else st = print_text(facts, cli->out, err);
done:
    lem_bad_rows_release(&bad);
    lem_json_free(facts);
    lem_tokenizer_free(tok);
    return st;
}

const lem_command lem_cmd_data_inspect = {
    .name = "data inspect",
    .purpose = "what a file of rows is: its kind and the ground, columns, counts, lengths, one rendered row, "
               "problems",
    .usage = "FILE... [options]",
    .example = "lemma data inspect train-00000-of-00001.parquet\nlemma data inspect saved_to_disk/ --json\n"
               "lemma data inspect rows.jsonl.gz --model base",
    .min_words = 1,
    .max_words = 1000,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
};
