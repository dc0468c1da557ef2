/* cmd_data_blend.c - lemma data blend: one data set from several sources by ratio, count and cap */
#include "cli/bad_rows_options.h"
#include "cli/blend_report.h"
#include "cli/commands.h"
#include "cli/runtime.h"

#include "core/mem.h"
#include "core/scratch.h"
#include "curate/blend.h"

#include <string.h>

static const lem_opt opts[] = {
    {"source", LEM_OPT_TEXTS, "NAME=FILE,…", NULL,
     "a source: its name, file, and options as in sources:, e.g. "
     "code=code.jsonl,domain=code,ratio=0.3,cap=10000; "
     "repeatable"},
    {"sources", LEM_OPT_TREE, "LIST", NULL,
     "sources, each a map of files and the options domain to map with a name (YAML)"},
    {"files", LEM_OPT_INPUTS, "FILE", NULL,
     "files of a source; on the command line, each a source of its own"},
    {"domain", LEM_OPT_STR, "NAME", NULL, "domain of its rows [that of each row, else the source's name]"},
    {"ratio", LEM_OPT_NUM, "X", NULL, "its weight among the sources that have one", 0, 1e9},
    {"count", LEM_OPT_INT, "N", NULL, "samples of it, in place of a ratio [all its rows]", 0, 1e15},
    {"cap", LEM_OPT_INT, "N", NULL, "samples of it at most", 0, 1e15},
    {"repeat", LEM_OPT_NUM, "X", "1", "how often a row may stand there, on average; 2.5 is fine", 0, 1e6},
    {"from", LEM_OPT_NUM, "X", "0", "draw from a part of its rows: from this share of its keyed order …", 0,
     1},
    {"to", LEM_OPT_NUM, "X", "1", "… to this one; what one blend leaves another one takes", 0, 1},
    {"format", LEM_OPT_STR, "KIND", NULL, "kind of its rows [told from the columns]"},
    {"map", LEM_OPT_LIST, "OURS=THEIRS", NULL,
     "where prompt and response stand, e.g. prompt=question; dotted paths"},
    {"total", LEM_OPT_INT, "N", NULL, "samples in all [as many as the ratios allow without repetition]", 1,
     1e15},
    {"as", LEM_OPT_ENUM, "FORM", "auto",
     "rows: as they stand; messages: conversations with id and expected_answer; auto: messages where the "
     "kinds of "
     "row differ",
     .choices = "auto|rows|messages"},
    {"tokenizer", LEM_OPT_INPUT, "DIR", NULL, "folder or file whose tokens are counted [words are]"},
    {"page", LEM_OPT_STR, "FILE.html", NULL, "a page of the composition: shares by domain, sources"},
    LEM_OPT_BAD_ROWS,
};

/* The sources as they were told, and what they borrow from. */
typedef struct told {
    lem_blend_source source[LEM_BLEND_MAX_SOURCES];
    lem_args args[LEM_BLEND_MAX_SOURCES];
    const char **files[LEM_BLEND_MAX_SOURCES];
    char *name[LEM_BLEND_MAX_SOURCES];
    size_t n;
} told;

static void release(told *t) {
    for (size_t i = 0; i < LEM_BLEND_MAX_SOURCES; i++) {
        lem_args_release(&t->args[i]);
        lem_free(t->files[i]);
        lem_free(t->name[i]);
    }
    lem_free(t);
}

/* ---- one source ---- */

static bool is_of_source(const char *name) {
    static const char *const names[] = {"files",  "domain", "ratio", "count",  "cap",
                                        "repeat", "from",   "to",    "format", "map"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

/* The command's values with those of the source over them, without what is of the whole blend. */
static lem_status merge(const lem_args *args, const lem_json *map, lem_json *merged, lem_err *err) {
    bool ok = true;
    for (const char *k = lem_json_key_next(args->values, NULL); ok && k;
         k = lem_json_key_next(args->values, k))
        if (is_of_source(k) && strcmp(k, "files") != 0)
            ok = lem_json_set(merged, k, lem_json_copy(lem_json_key_value(k)));
    for (const char *k = lem_json_key_next(map, NULL); ok && k; k = lem_json_key_next(map, k)) {
        if (strcmp(k, "name") == 0) continue;
        const lem_opt *o = lem_opt_find(&lem_cmd_data_blend, k),
                      *near = o ? NULL : lem_opt_suggest(&lem_cmd_data_blend, k);
        if (near && is_of_source(near->name))
            return lem_fail(err, LEM_EUSAGE, "unknown key '%s'; did you mean '%s'?", k, near->name);
        if (!o || !is_of_source(o->name))
            return lem_fail(err, LEM_EUSAGE, "'%s' is no option of a source", k);
        ok = lem_json_set(merged, o->name, lem_json_copy(lem_json_key_value(k)));
    }
    if (ok) ok = lem_json_set(merged, "out", lem_json_new_str("-"));
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

/* "data/code.jsonl.gz" is called code. */
static char *name_of_file(const char *path, lem_err *err) {
    const char *base = lem_path_base(path);
    return lem_strndup(base, strcspn(base, "."), err);
}

static void fill(const lem_args *a, lem_blend_source *s) {
    s->domain = lem_args_str(a, "domain");
    s->format = lem_args_str(a, "format");
    s->map = lem_args_tree(a, "map");
    s->ratio = lem_args_num(a, "ratio");
    s->count = lem_args_has(a, "count") ? lem_args_int(a, "count") : -1;
    s->cap = lem_args_has(a, "cap") ? lem_args_int(a, "cap") : -1;
    s->repeat = lem_args_num(a, "repeat");
    s->from = lem_args_num(a, "from");
    s->to = lem_args_num(a, "to");
}

static lem_status take_files(told *t, size_t i, lem_err *err) {
    const lem_json *files = lem_args_tree(&t->args[i], "files");
    size_t n = lem_json_count(files);
    if (n == 0) return lem_fail(err, LEM_EUSAGE, "files are missing");
    t->files[i] = lem_alloc(n, sizeof *t->files[i], err);
    if (!t->files[i]) return LEM_EMEM;
    for (size_t k = 0; k < n; k++) t->files[i][k] = lem_json_str(lem_json_at(files, k), "");
    t->source[i].files = t->files[i];
    t->source[i].n_files = n;
    return LEM_OK;
}

/* map: {name, files, ratio, …}. */
static lem_status add_source(told *t, const lem_cli *cli, const lem_args *args, const lem_json *map,
                             lem_err *err) {
    lem_cli scratch = *cli;
    size_t i = t->n;
    if (i == LEM_BLEND_MAX_SOURCES)
        return lem_fail(err, LEM_EUSAGE, "more than %d sources", LEM_BLEND_MAX_SOURCES);
    const char *name = lem_json_str(lem_json_get(map, "name"), NULL);
    lem_json *merged = lem_json_new_object();
    lem_status st = merged ? merge(args, map, merged, err) : lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK) st = lem_args_from_tree(&lem_cmd_data_blend, merged, &scratch, &t->args[i], err);
    lem_json_free(merged);
    if (st == LEM_OK) {
        t->n++;
        fill(&t->args[i], &t->source[i]);
        st = take_files(t, i, err);
    }
    if (st == LEM_OK) {
        t->name[i] = name ? lem_strdup(name, err) : name_of_file(t->source[i].files[0], err);
        t->source[i].name = t->name[i];
        if (!t->name[i]) st = LEM_EMEM;
    }
    if (st) lem_err_context(err, "source %s", name ? name : "without a name");
    return st;
}

/* ---- where they are told ---- */

/* One piece of "NAME=FILE,FILE,ratio=0.3": a file, or key=value. */
static lem_status add_piece(lem_json *map, lem_json *files, const char *piece, size_t n, lem_err *err) {
    char key[32];
    const char *eq = memchr(piece, '=', n);
    size_t k = eq ? (size_t)(eq - piece) : n;
    lem_json *value = eq ? lem_json_new_strn(eq + 1, n - k - 1) : lem_json_new_strn(piece, n);
    bool ok;
    snprintf(key, sizeof key, "%.*s", (int)(k < 31 ? k : 31), piece);
    if (!eq) ok = lem_json_append(files, value);
    else if (lem_json_count(files) == 0)
        ok = lem_json_set(map, "name", lem_json_new_strn(piece, k)) && lem_json_append(files, value);
    else ok = lem_json_set(map, key, value);
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static lem_status add_text(told *t, const lem_cli *cli, const lem_args *args, const char *text,
                           lem_err *err) {
    lem_json *map = lem_json_new_object(), *files = lem_json_new_array();
    lem_status st = map && files ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK && (!strchr(text, '=') || *text == '='))
        st = lem_fail(err, LEM_EUSAGE, "--source: expected NAME=FILE,key=value,…, found '%.80s'", text);
    for (const char *p = text; st == LEM_OK; p += strcspn(p, ",") + 1) {
        st = add_piece(map, files, p, strcspn(p, ","), err);
        if (!p[strcspn(p, ",")]) break;
    }
    if (st == LEM_OK && !lem_json_set(map, "files", lem_json_share(files)))
        st = lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK) st = add_source(t, cli, args, map, err);
    lem_json_free(map);
    lem_json_free(files);
    return st;
}

/* --files: each file with nothing but the command's own options. */
static lem_status add_file(told *t, const lem_cli *cli, const lem_args *args, const char *path,
                           lem_err *err) {
    lem_json *map = lem_json_new_object();
    bool ok = map && lem_json_set(map, "files", lem_json_new_str(path));
    lem_status st = ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK) st = add_source(t, cli, args, map, err);
    lem_json_free(map);
    return st;
}

static lem_status read_sources(told *t, const lem_cli *cli, const lem_args *args, lem_err *err) {
    const lem_json *texts = lem_args_tree(args, "source"), *maps = lem_args_tree(args, "sources"),
                   *files = lem_args_tree(args, "files");
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(texts); i++)
        st = add_text(t, cli, args, lem_json_str(lem_json_at(texts, i), ""), err);
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(maps); i++)
        st = add_source(t, cli, args, lem_json_at(maps, i), err);
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(files); i++)
        st = add_file(t, cli, args, lem_json_str(lem_json_at(files, i), ""), err);
    return st;
}

/* ---- the job ---- */

/* Files that --source names, whose contents make the job: the pieces without '=' and the first value. The
 * names of all files stand in the result (`_source`) and so count too. */
typedef struct named {
    lem_job_input at[LEM_BLEND_MAX_SOURCES];
    char *path[LEM_BLEND_MAX_SOURCES], label[LEM_BLEND_MAX_SOURCES][24];
    int n;
    lem_buf names;
} named;

static void name_files(const lem_json *files, lem_buf *out) {
    if (lem_json_kind(files) == LEM_JSON_STRING) lem_buf_printf(out, "%s ", lem_json_str(files, ""));
    for (size_t i = 0; i < lem_json_count(files); i++)
        lem_buf_printf(out, "%s ", lem_json_str(lem_json_at(files, i), ""));
}

static lem_status name_inputs(const lem_args *args, named *out, lem_err *err) {
    const lem_json *texts = lem_args_tree(args, "source");
    for (size_t i = 0; i < lem_json_count(texts); i++) {
        const char *p = lem_json_str(lem_json_at(texts, i), ""), *eq = strchr(p, '=');
        for (p = eq ? eq + 1 : ""; *p;) {
            size_t n = strcspn(p, ",");
            if (n && !memchr(p, '=', n) && out->n < LEM_BLEND_MAX_SOURCES) {
                out->path[out->n] = lem_strndup(p, n, err);
                if (!out->path[out->n]) return LEM_EMEM;
                snprintf(out->label[out->n], sizeof out->label[0], "source[%d]", out->n);
                out->at[out->n] = (lem_job_input){out->label[out->n], out->path[out->n]};
                out->n++;
            }
            p += n + (p[n] == ',');
        }
    }
    const lem_json *maps = lem_args_tree(args, "sources");
    name_files(lem_args_tree(args, "files"), &out->names);
    for (size_t i = 0; i < lem_json_count(maps); i++)
        name_files(lem_json_get(lem_json_at(maps, i), "files"), &out->names);
    return lem_buf_ok(&out->names, err);
}

static lem_blend_form form_of(const lem_args *args) {
    if (lem_args_is(args, "as", "rows")) return LEM_BLEND_ROWS;
    return lem_args_is(args, "as", "messages") ? LEM_BLEND_MESSAGES : LEM_BLEND_AUTO;
}

static lem_status check_page(const lem_args *args, lem_err *err) {
    const char *page = lem_args_str(args, "page");
    size_t n = page ? strlen(page) : 0;
    if (!page || (n > 5 && strcmp(page + n - 5, ".html") == 0)) return LEM_OK;
    return lem_fail(err, LEM_EUSAGE, "--page '%s' must end in .html", page);
}

static lem_status write_rows(lem_blend *b, const char *to, lem_err *err) {
    lem_rows_writer *w = NULL;
    lem_status st = lem_rows_writer_open(to, lem_rows_kind_of(to), true, 0, &w, err);
    if (st == LEM_OK) st = lem_blend_write(b, w, err);
    if (st == LEM_OK) st = lem_rows_writer_commit(w, err);
    lem_rows_writer_close(w);
    return st;
}

static uint64_t rows_of(const lem_blend_opts *o, const lem_blend *b) {
    uint64_t n = 0;
    for (size_t i = 0; i < o->n; i++) n += lem_blend_source_at(b, i)->there;
    return n;
}

static lem_status blend(lem_cli *cli, const lem_args *args, lem_job *job, const bad_rows *bad,
                        const lem_blend_opts *o, lem_err *err) {
    const char *page = lem_args_str(args, "page"), *to = lem_job_out(job);
    lem_blend *b = NULL;
    lem_status st = lem_blend_open(o, &b, err);
    if (st == LEM_OK) st = lem_bad_rows_end(bad, cli, job, rows_of(o, b), err);
    if (st == LEM_OK && o->spool) st = write_rows(b, to ? to : "-", err);
    if (st == LEM_OK && page && !cli->dry_run) st = lem_blend_page(o, b, page, lem_job_may_replace(job), err);
    if (st == LEM_OK) st = lem_job_finish(job, err);
    if (st == LEM_OK) st = lem_blend_tell(cli, bad, o, b, err);
    lem_blend_close(b);
    return st;
}

/* What is read, and with which judge. */
static lem_status get_sources(told *t, lem_cli *cli, const lem_args *args, bad_rows *bad,
                              const lem_row_judge **judge, lem_err *err) {
    lem_status st = check_page(args, err);
    if (st == LEM_OK) st = lem_bad_rows_begin(args, bad, err);
    if (st == LEM_OK) st = lem_bad_rows_reader(bad, LEM_BAD_ANY, "", NULL, cli->cancel, judge, err);
    if (st == LEM_OK) st = read_sources(t, cli, args, err);
    if (st == LEM_OK && t->n == 0)
        st =
            lem_fail(err, LEM_EUSAGE, "no source: --source NAME=FILE, --files FILE, or sources: in --config");
    return st;
}

static lem_status run_job(lem_cli *cli, const lem_args *args, lem_job *job, lem_err *err) {
    told *t = lem_alloc_zero(1, sizeof *t, err);
    lem_tokenizer *tokens = NULL;
    char *spool = NULL;
    bad_rows bad = {.tally = NULL};
    const lem_row_judge *judge = NULL;
    lem_status st = t ? get_sources(t, cli, args, &bad, &judge, err) : LEM_EMEM;
    if (st == LEM_OK && lem_args_str(args, "tokenizer"))
        st = lem_runtime_tokenizer(cli, lem_args_str(args, "tokenizer"), &tokens, err);
    if (st == LEM_OK) st = lem_job_start(job, NULL, err);
    if (st == LEM_OK && !cli->dry_run) {
        spool = lem_job_work_path(job, LEM_SCRATCH_PREFIX "rows", err);
        if (!spool)
            st = lem_fail(err, LEM_EUSAGE, "--out - is no place for a blend, whose rows wait beside it");
    }
    if (st == LEM_OK) {
        const lem_blend_opts o = {.source = t->source,
                                  .n = t->n,
                                  .total = lem_args_has(args, "total") ? lem_args_int(args, "total") : -1,
                                  .max_rows = cli->limit,
                                  .seed = cli->seed,
                                  .form = form_of(args),
                                  .tokenizer = tokens,
                                  .spool = spool,
                                  .cancel = cli->cancel,
                                  .log = cli->log,
                                  .judge = judge};
        st = blend(cli, args, job, &bad, &o, err);
    }
    lem_bad_rows_release(&bad);
    lem_free(spool);
    lem_tokenizer_free(tokens);
    if (t) release(t);
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    named *in = lem_alloc_zero(1, sizeof *in, err);
    const char *page = lem_args_str(args, "page");
    lem_job *job = NULL;
    lem_status st = in ? name_inputs(args, in, err) : LEM_EMEM;
    if (st == LEM_OK) {
        const lem_job_spec spec = {.cheap = true,
                                   .inputs = in->at,
                                   .n_inputs = in->n,
                                   .companions = &page,
                                   .n_companions = page != NULL,
                                   .also = in->names.len ? lem_buf_str(&in->names) : NULL};
        st = lem_job_open(cli, &lem_cmd_data_blend, args, &spec, &job, err);
    }
    if (st == LEM_OK && !lem_job_done(job)) st = run_job(cli, args, job, err);
    lem_job_close(job);
    for (int i = 0; in && i < in->n; i++) lem_free(in->path[i]);
    if (in) lem_buf_release(&in->names);
    lem_free(in);
    return st;
}

const lem_command lem_cmd_data_blend = {
    .name = "data blend",
    .purpose = "one data set from several sources by ratio, count and cap, shuffled, with its composition",
    .usage = "--source NAME=FILE,… --out FILE [options]",
    .example =
        "lemma data blend --source code=code.jsonl,ratio=0.4 --source math=math.parquet,ratio=0.6,cap=800000 "
        "--out stage1.jsonl --page stage1.html\n"
        "lemma data blend --config sources.yaml --tokenizer models/base --out stage2.jsonl",
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .output = LEM_OUTPUT_FILE,
    .out_required = true,
};
