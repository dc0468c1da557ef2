/* cmd_tokenize.c - lemma tokenize: lines of text to JSON arrays of ids, and back */
#include "cli/commands.h"
#include "job/job.h"
#include "cli/runtime.h"

#include "core/file.h"
#include "core/mem.h"
#include "token/tokenizer.h"

#include <string.h>

enum { MAX_LINE = 1 << 30, BATCH_LINES = 1024, BATCH_BYTES = 4 << 20 };

static const lem_opt opts[] = {
    {"decode", LEM_OPT_FLAG, NULL, NULL, "the other way: JSON arrays of ids to lines of text", 0, 0},
    {"parse-special", LEM_OPT_FLAG, NULL, NULL,
     "recognise special tokens in the text (never for text you did not write yourself)", 0, 0},
    {"add-special", LEM_OPT_FLAG, NULL, NULL, "add what the tokenizer puts around a text, such as <s>", 0, 0},
    {"skip-special", LEM_OPT_FLAG, NULL, NULL, "with --decode: leave special tokens out", 0, 0},
    {"pieces", LEM_OPT_FLAG, NULL, NULL, "print the text of each token instead of its id", 0, 0},
};

typedef struct line {
    lem_buf in, out;
    size_t tokens;
    uint64_t number;
    lem_status st;
    lem_err err;
} line;

typedef struct job {
    lem_cli *cli;
    const char *path;
    lem_tokenizer *t;
    bool decode, parse_special, add_special, skip_special, pieces, quiet_rows;
    lem_lines *lines;
    lem_out *out;
    lem_pool *pool;
    line *at; /* [BATCH_LINES] */
    uint64_t n, bytes, tokens;
    double seconds; /* in the tokenizer, all threads at once */
} job;

static lem_status write_pieces(const job *j, const lem_ids *ids, lem_buf *out, lem_err *err) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < ids->len; i++) {
        size_t len = 0;
        const char *s = lem_tokenizer_token_bytes(j->t, ids->data[i], &len);
        ok = lem_json_append(list, lem_json_new_strn(s ? s : "", s ? len : 0));
    }
    if (ok) lem_json_write(list, 0, out);
    lem_json_free(list);
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static void write_ids(const lem_ids *ids, lem_buf *out) {
    lem_buf_putc(out, '[');
    for (size_t i = 0; i < ids->len; i++) {
        char digits[12];
        int k = (int)sizeof digits;
        uint32_t v = (uint32_t)ids->data[i];
        do digits[--k] = (char)('0' + v % 10);
        while (v /= 10);
        if (i) lem_buf_putc(out, ',');
        lem_buf_add(out, digits + k, sizeof digits - (size_t)k);
    }
    lem_buf_putc(out, ']');
}

static lem_status encode_line(const job *j, line *l, lem_err *err) {
    lem_ids ids = {0};
    lem_status (*encode)(const lem_tokenizer *, const char *, size_t, bool, lem_ids *, lem_err *) =
        j->add_special ? lem_tokenizer_encode_single : lem_tokenizer_encode;
    lem_status st = encode(j->t, lem_buf_str(&l->in), l->in.len, j->parse_special, &ids, err);
    l->tokens = ids.len;
    if (st == LEM_OK && !j->quiet_rows) {
        if (j->pieces) st = write_pieces(j, &ids, &l->out, err);
        else write_ids(&ids, &l->out);
    }
    lem_ids_release(&ids);
    return st;
}

static lem_status decode_line(const job *j, line *l, lem_err *err) {
    lem_json *list = NULL;
    lem_ids ids = {0};
    lem_status st = LEM_OK;
    LEM_TRY(lem_json_parse(lem_buf_str(&l->in), l->in.len, &list, err));
    if (lem_json_kind(list) != LEM_JSON_ARRAY) {
        st = lem_fail(err, LEM_EDATA, "an array of ids expected, found %s", lem_json_kind_name(list));
        goto done;
    }
    for (size_t i = 0; i < lem_json_count(list); i++) {
        int64_t id = lem_json_int(lem_json_at(list, i), -1);
        if (id < 0 || id >= lem_tokenizer_vocab(j->t)) {
            st = lem_fail(err, LEM_EDATA, "element %zu is no id of this vocabulary (0..%d)", i,
                          (int)lem_tokenizer_vocab(j->t) - 1);
            goto done;
        }
        LEM_TRY(lem_ids_push(&ids, (int32_t)id, err));
    }
    l->tokens = ids.len;
    if (j->pieces) LEM_TRY(write_pieces(j, &ids, &l->out, err));
    else LEM_TRY(lem_tokenizer_decode(j->t, ids.data, ids.len, j->skip_special, &l->out, err));
done:
    lem_json_free(list);
    lem_ids_release(&ids);
    return st;
}

static void do_line(void *ctx, int task, int worker) {
    (void)worker;
    job *j = ctx;
    line *l = &j->at[task];
    lem_buf_clear(&l->out);
    l->st = j->decode ? decode_line(j, l, &l->err) : encode_line(j, l, &l->err);
    if (l->st == LEM_OK && !j->quiet_rows) lem_buf_putc(&l->out, '\n');
    if (l->st == LEM_OK) l->st = lem_buf_ok(&l->out, &l->err);
}

static lem_status write_batch(job *j, int n, lem_err *err) {
    for (int i = 0; i < n; i++) {
        line *l = &j->at[i];
        if (l->st != LEM_OK)
            return lem_fail(err, l->st, "%s:%llu: %s", j->path, (unsigned long long)l->number, l->err.text);
        j->n++;
        j->bytes += j->decode ? l->out.len : l->in.len;
        j->tokens += l->tokens;
        if (j->quiet_rows) continue;
        if (j->out) {
            lem_status st = lem_out_write(j->out, lem_buf_str(&l->out), l->out.len, err);
            if (st != LEM_OK) return st;
        } else if (fwrite(lem_buf_str(&l->out), 1, l->out.len, j->cli->out) != l->out.len)
            return lem_fail(err, LEM_EIO, "cannot write to standard output");
    }
    return LEM_OK;
}

static lem_status work(job *j, lem_err *err) {
    lem_status st = LEM_OK;
    int64_t left = j->cli->limit;
    for (bool eof = false; st == LEM_OK && !eof;) {
        int n = 0;
        size_t gathered = 0;
        while (n < BATCH_LINES && gathered < BATCH_BYTES && left != 0) {
            const char *text;
            size_t len;
            line *l = &j->at[n];
            LEM_TRY(lem_lines_next(j->lines, &text, &len, &eof, err));
            if (eof) break;
            lem_buf_clear(&l->in);
            lem_buf_add(&l->in, text, len);
            LEM_TRY(lem_buf_ok(&l->in, err));
            l->number = lem_lines_number(j->lines);
            gathered += len;
            left -= left > 0;
            n++;
        }
        eof = eof || left == 0;
        double start = lem_clock_seconds();
        lem_pool_run(j->pool, n, do_line, j);
        j->seconds += lem_clock_seconds() - start;
        st = write_batch(j, n, err);
        if (st == LEM_OK && j->cli->cancel && j->cli->cancel->requested)
            st = lem_fail(err, LEM_EINTR, "interrupted");
    }
done:
    return st;
}

static lem_status report(const job *j, lem_err *err) {
    double rate = j->seconds > 0 ? (double)j->bytes / j->seconds / 1e6 : 0;
    lem_info(j->cli->log, "%llu lines, %llu bytes, %llu tokens, %.1f MB/s", (unsigned long long)j->n,
             (unsigned long long)j->bytes, (unsigned long long)j->tokens, rate);
    if (!j->cli->json) return LEM_OK;
    lem_json *o = lem_json_new_object();
    bool ok = lem_json_set(o, "lines", lem_json_new_int((int64_t)j->n)) &&
              lem_json_set(o, "bytes", lem_json_new_int((int64_t)j->bytes)) &&
              lem_json_set(o, "tokens", lem_json_new_int((int64_t)j->tokens)) &&
              lem_json_set(o, "megabytes_per_second", lem_json_new_num(rate)) &&
              lem_json_set(o, "vocabulary", lem_json_new_int(lem_tokenizer_vocab(j->t)));
    if (!ok) {
        lem_json_free(o);
        o = NULL;
    }
    return lem_print_json(j->cli->out, o, 2, err);
}

static lem_status tokenize(lem_cli *cli, const lem_args *args, lem_job *file, lem_err *err) {
    const char *out = lem_args_is(args, "out", "-") ? "-" : lem_job_out(file);
    job j = {.cli = cli,
             .path = args->n_words > 1 ? args->words[1] : "-",
             .decode = lem_args_flag(args, "decode"),
             .parse_special = lem_args_flag(args, "parse-special"),
             .add_special = lem_args_flag(args, "add-special"),
             .skip_special = lem_args_flag(args, "skip-special"),
             .pieces = lem_args_flag(args, "pieces"),
             .quiet_rows = cli->json && !out};
    lem_status st = LEM_OK;
    if (j.decode && (j.parse_special || j.add_special))
        return lem_fail(err, LEM_EUSAGE, "--parse-special and --add-special do not go with --decode");
    if (!j.decode && j.skip_special) return lem_fail(err, LEM_EUSAGE, "--skip-special goes with --decode");
    if (lem_file_is_dir(args->words[0])) LEM_TRY(lem_tokenizer_load(args->words[0], &j.t, err));
    else LEM_TRY(lem_tokenizer_load_file(args->words[0], NULL, &j.t, err));
    LEM_TRY(lem_lines_open(j.path, MAX_LINE, &j.lines, err));
    LEM_TRY(lem_job_start(file, NULL, err));
    if (out) LEM_TRY(lem_out_open(out, true, &j.out, err));
    j.pool = lem_pool_new(cli->threads, err);
    j.at = lem_alloc_zero(BATCH_LINES, sizeof *j.at, err);
    if (!j.pool || !j.at) {
        st = LEM_EMEM;
        goto done;
    }
    LEM_TRY(work(&j, err));
    if (j.out) LEM_TRY(lem_out_commit(j.out, err));
    LEM_TRY(lem_job_finish(file, err));
    LEM_TRY(report(&j, err));
done:
    for (int i = 0; j.at && i < BATCH_LINES; i++) {
        lem_buf_release(&j.at[i].in);
        lem_buf_release(&j.at[i].out);
    }
    lem_free(j.at);
    lem_pool_free(j.pool);
    lem_out_close(j.out);
    lem_lines_close(j.lines);
    lem_tokenizer_free(j.t);
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    const char *text = args->n_words > 1 ? args->words[1] : "-";
    const lem_job_input inputs[] = {{"tokenizer", args->words[0]}, {"text", text}};
    const lem_job_spec spec = {NULL, inputs, 2, true};
    lem_job *file = NULL;
    lem_status st = lem_job_open(cli, &lem_cmd_tokenize, args, &spec, &file, err);
    if (st == LEM_OK && !lem_job_done(file)) st = tokenize(cli, args, file, err);
    lem_job_close(file);
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
