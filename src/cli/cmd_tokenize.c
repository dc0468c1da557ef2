/* cmd_tokenize.c - lemma tokenize: lines of text to JSON arrays of ids, and back */
#include "cli/bad_rows_options.h"
#include "cli/commands.h"
#include "cli/runtime.h"

#include "core/file.h"
#include "core/object.h"
#include "job/job.h"
#include "token/line_coder.h"

#include <string.h>

static const lem_opt opts[] = {
    {"decode", LEM_OPT_FLAG, NULL, NULL, "the other way: JSON arrays of ids to lines of text", 0, 0},
    {"parse-special", LEM_OPT_FLAG, NULL, NULL,
     "recognise special tokens in the text (never for text you did not write yourself)", 0, 0},
    {"add-special", LEM_OPT_FLAG, NULL, NULL, "add what the tokenizer puts around a text, such as <s>", 0, 0},
    {"skip-special", LEM_OPT_FLAG, NULL, NULL, "with --decode: leave special tokens out", 0, 0},
    {"pieces", LEM_OPT_FLAG, NULL, NULL, "print the text of each token instead of its id", 0, 0},
    LEM_OPT_BAD_ROWS,
};

static lem_status read_coding(const lem_args *args, lem_line_coding *out, lem_err *err) {
    lem_line_coding how = {.decode = lem_args_flag(args, "decode"),
                           .parse_special = lem_args_flag(args, "parse-special"),
                           .add_special = lem_args_flag(args, "add-special"),
                           .skip_special = lem_args_flag(args, "skip-special"),
                           .pieces = lem_args_flag(args, "pieces")};
    if (how.decode && (how.parse_special || how.add_special))
        return lem_fail(err, LEM_EUSAGE, "--parse-special and --add-special do not go with --decode");
    if (!how.decode && how.skip_special)
        return lem_fail(err, LEM_EUSAGE, "--skip-special goes with --decode");
    *out = how;
    return LEM_OK;
}

static lem_status to_file(void *ctx, const char *text, size_t len, lem_err *err) {
    return lem_out_write(ctx, text, len, err);
}

static lem_status to_stdout(void *ctx, const char *text, size_t len, lem_err *err) {
    if (fwrite(text, 1, len, ctx) == len) return LEM_OK;
    return lem_fail(err, LEM_EIO, "cannot write to standard output");
}

typedef struct left_out {
    bad_rows bad;
    const char *source;
} left_out;

static lem_status pass(void *ctx, uint64_t line, lem_status st, lem_err *why) {
    const left_out *l = ctx;
    return lem_bad_rows_pass(&l->bad, l->source, line, st, why);
}

/* A line that is too long is the end: what is behind it is not looked for. */
static lem_status name_option(lem_status st, lem_err *err) {
    char text[sizeof err->text];
    if (st != LEM_EDATA || !strstr(err->text, "the line is longer than")) return st;
    snprintf(text, sizeof text, "%s", err->text);
    return lem_fail(err, st, "%s; --max-row SIZE reads longer ones", text);
}

static lem_status report(lem_cli *cli, const bad_rows *bad, const lem_line_counts *n, const lem_tokenizer *t,
                         lem_err *err) {
    double rate = n->seconds > 0 ? (double)n->bytes / n->seconds / 1e6 : 0;
    lem_info(cli->log, "%llu lines, %llu bytes, %llu tokens, %.1f MB/s", (unsigned long long)n->lines,
             (unsigned long long)n->bytes, (unsigned long long)n->tokens, rate);
    if (!cli->json) return LEM_OK;
    lem_object o = lem_object_new();
    lem_object_int(&o, "lines", n->lines);
    lem_object_int(&o, "bytes", n->bytes);
    lem_object_int(&o, "tokens", n->tokens);
    lem_object_num(&o, "megabytes_per_second", rate);
    lem_object_int(&o, "vocabulary", (uint64_t)lem_tokenizer_vocab(t));
    return lem_bad_rows_print(bad, cli, lem_object_done(&o), 2, err);
}

static lem_status tokenize(lem_cli *cli, const lem_args *args, lem_job *job, lem_err *err) {
    const char *path = args->n_words > 1 ? args->words[1] : "-";
    const char *out_path = lem_args_is(args, "out", "-") ? "-" : lem_job_out(job);
    lem_line_coding how;
    lem_line_counts counts;
    lem_tokenizer *t = NULL;
    lem_lines *lines = NULL;
    lem_out *out = NULL;
    lem_pool *pool = NULL;
    left_out left = {.source = path};
    lem_status st = read_coding(args, &how, err);
    if (st) return st;
    LEM_TRY(lem_bad_rows_begin(args, &left.bad, err));
    how.pass = pass;
    how.pass_ctx = &left;
    how.count_only = cli->dry_run || (cli->json && !out_path);
    how.limit = cli->limit;
    how.source = path;
    LEM_TRY(lem_tokenizer_load_path(args->words[0], &t, err));
    LEM_TRY(lem_lines_open(path, left.bad.all.max_bytes, &lines, err));
    lem_lines_watch(lines, cli->cancel);
    LEM_TRY(lem_job_start(job, NULL, err));
    if (out_path) LEM_TRY(lem_out_open(out_path, true, &out, err));
    pool = lem_pool_new(cli->threads, err);
    if (!pool) LEM_TRY(LEM_EMEM);
    st = lem_line_code(t, &how, lines, pool, cli->cancel, out ? to_file : to_stdout,
                       out ? (void *)out : (void *)cli->out, &counts, err);
    LEM_TRY(name_option(st, err));
    LEM_TRY(lem_bad_rows_end(&left.bad, cli, job, counts.lines, err));
    if (out) LEM_TRY(lem_out_commit(out, err));
    LEM_TRY(lem_job_finish(job, err));
    LEM_TRY(report(cli, &left.bad, &counts, t, err));
done:
    lem_bad_rows_release(&left.bad);
    lem_pool_free(pool);
    lem_out_close(out);
    lem_lines_close(lines);
    lem_tokenizer_free(t);
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    const char *text = args->n_words > 1 ? args->words[1] : "-";
    const lem_job_input inputs[] = {{"tokenizer", args->words[0]}, {"text", text}};
    const lem_job_spec spec = {.inputs = inputs, .n_inputs = 2, .cheap = true};
    lem_job *job = NULL;
    lem_status st = lem_job_open(cli, &lem_cmd_tokenize, args, &spec, &job, err);
    if (st == LEM_OK && !lem_job_done(job)) st = tokenize(cli, args, job, err);
    lem_job_close(job);
    return st;
}

const lem_command lem_cmd_tokenize = {
    .name = "tokenize",
    .purpose = "lines of text to ids, and back",
    .usage = "DIR [FILE] [options]   (FILE: standard input)",
    .example = "lemma tokenize recipes/demo-base <problems.txt\n"
               "lemma tokenize recipes/demo-base problems.txt | lemma tokenize recipes/demo-base --decode\n"
               "lemma tokenize recipes/demo-base problems.txt --json",
    .min_words = 1,
    .max_words = 2,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .output = LEM_OUTPUT_FILE,
    .words = LEM_WORDS_OWN,
};
