/* cmd_rm_sample.c - lemma rm sample: response lists for reward training from graded candidates */
#include "cli/bad_rows_options.h"
#include "cli/commands.h"
#include "cli/rm_sample_cut.h"
#include "cli/runtime.h"

#include "core/file.h"
#include "core/hash.h"
#include "core/jsonl.h"
#include "core/mem.h"
#include "job/account.h"
#include "core/object.h"
#include "data/list_rows.h"
#include "data/rows.h"
#include "reward/mix.h"
#include "reward/responses.h"
#include "reward/select_lists.h"

#include <string.h>

enum { MAX_FILES = 64 };

static const lem_opt opts[] = {
    {"per-problem", LEM_OPT_INT, "N", "6", "responses of a list", 2, 64},
    {"top-k", LEM_OPT_INT, "N", "14",
     "draw from the N best-scored right and the N worst-scored wrong responses", 1, 4000},
    {"random", LEM_OPT_FLAG, NULL, NULL, "draw from all responses; needs no scores"},
    {"keep-duplicates", LEM_OPT_FLAG, NULL, NULL, "do not merge identical responses"},
    {"lists", LEM_OPT_INT, "N", "1", "lists per problem, each drawn anew", 1, 1000},
    {"positives", LEM_OPT_INT, "N", "0",
     "right responses of a list where both classes have enough; what one class lacks the other fills; 0 = "
     "half",
     0, 63},
    {"keep-short", LEM_OPT_FLAG, NULL, NULL,
     "keep lists of fewer than --per-problem responses, if both classes are in them"},
    {"pairs-by-generator", LEM_OPT_FLAG, NULL, NULL,
     "instead of one list, a pair of a right and a wrong response of each generator that has both, so that "
     "nothing is learned from how generators write"},
    {"mix", LEM_OPT_LIST, "N=SHARE", NULL,
     "draw a share of the problems from the N-th FILE alone, the others from the files without a share; "
     "repeatable. AceMath's own models: 0.084"},
    {"concise", LEM_OPT_FLAG, NULL, NULL,
     "draw the right responses from the shorter half, in bytes, of those that would be drawn from; wrong "
     "ones "
     "as ever. Shorter then means right more often: see length_rho of 'lemma rm train'"},
    {"weights", LEM_OPT_FLAG, NULL, NULL,
     "write weights[]: how often each text was drawn, before identical ones were merged"},
    LEM_OPT_BAD_ROWS,
};

typedef struct counts {
    uint64_t rows, lists, with_list;
    int failed;                              /* the file whose row could not be used */
    uint64_t left_out[LEM_LIST_TOO_FEW + 1]; /* problems, by why */
    uint64_t mixed;                          /* problems of both classes of which no generator has both */
    lem_cut_tally cut;                       /* of the responses in lists */
    uint64_t from[MAX_FILES + 1], from_with_list[MAX_FILES + 1]; /* problems: of the rest, of each file */
} counts;

static uint64_t key_of(const lem_json *row) {
    const char *s = lem_json_str(lem_json_get(row, "problem"), "");
    return lem_hash64(s, strlen(s), 0);
}

/* A file of the pool. A row that is left out keeps its place: the rows of the others there are of the same
 * problem, and go with it. */
typedef struct pool_file {
    lem_list_rows *in;
    lem_json *row;       /* NULL at the end */
    uint64_t line, at;   /* of row: its line; its place among all rows, those left out counted */
    lem_row_judge judge; /* counts what `asked` leaves out */
    const lem_row_judge *asked;
    uint64_t left_out;
} pool_file;

static lem_status ask(void *ctx, const char *file, uint64_t number, const lem_json *row, lem_err *err) {
    pool_file *s = ctx;
    lem_status st = s->asked->ask(s->asked->ctx, file, number, row, err);
    s->left_out += st == LEM_NO;
    return st;
}

/* The next row that can be read, in place of the last one. */
static lem_status next_row(pool_file *s, lem_err *err) {
    lem_status st;
    do {
        lem_json_free(s->row);
        s->row = NULL;
        st = lem_list_rows_next(s->in, &s->row, &s->line, err);
        if (st == LEM_OK && s->row) st = lem_list_row_grade(s->row, err);
        if (st == LEM_OK) break;
        if (s->row) st = lem_list_rows_failed(s->in, s->line, st, err);
    } while (st == LEM_OK);
    s->at += 1 + s->left_out;
    s->left_out = 0;
    return st;
}

/* The row stands where another file's is left out. */
static lem_status leave_out(pool_file *s, const pool_file *of, lem_err *err) {
    lem_err why = LEM_ERR_INIT;
    (void)lem_fail(&why, LEM_EDATA, "the row of %s about this problem is left out",
                   lem_list_rows_file(of->in));
    return lem_list_rows_failed(s->in, s->line, LEM_EDATA, &why) == LEM_OK
               ? LEM_OK
               : lem_fail(err, why.status, "%s", why.text);
}

/* Goes on in each file to the place of the one that is farthest. */
static lem_status align(pool_file *s, int n, lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = 0, farthest = 0; st == LEM_OK && i < n; i++) {
        if (s[i].at > s[farthest].at) {
            farthest = i;
            i = -1; /* all again */
        } else if (s[i].row && s[i].at < s[farthest].at) {
            st = leave_out(&s[i], &s[farthest], err);
            if (st == LEM_OK) s[i].left_out--;
            if (st == LEM_OK) st = next_row(&s[i], err);
            i = -1;
        }
    }
    return st;
}

/* Reads one row of each file; they must be about the same problems in the same order. *eof when all end
 * together. */
static lem_status next_rows(pool_file *s, int n, bool *eof, lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < n; i++) st = next_row(&s[i], err);
    if (st == LEM_OK) st = align(s, n, err);
    if (st) return st;
    for (int i = 1; i < n; i++)
        if (!s[i].row != !s[0].row ||
            (s[i].row && strcmp(lem_json_str(lem_json_get(s[i].row, "problem"), ""),
                                lem_json_str(lem_json_get(s[0].row, "problem"), "")) != 0))
            return lem_fail(err, LEM_EDATA,
                            "%s:%llu: another problem than %s at the same place; the files of one pool must "
                            "list the same problems in the same order",
                            lem_list_rows_file(s[i].in), (unsigned long long)s[i].line,
                            lem_list_rows_file(s[0].in));
    *eof = s[0].row == NULL;
    return LEM_OK;
}

/* What is drawn from, and where it goes. */
typedef struct drawing {
    const lem_args *args;
    lem_list_opts o;
    uint64_t seed;
    lem_out *out; /* NULL: --dry-run counts */
    lem_mix mix;
    lem_responses *p;
    counts *c;
} drawing;

static lem_status write_list(const drawing *d, const lem_json *row, const int *chosen, int n, lem_err *err) {
    const lem_responses_columns columns = {!d->o.random, lem_args_flag(d->args, "weights")};
    d->c->lists++;
    lem_cut_count(&d->c->cut, d->p, chosen, n);
    if (!d->out) return LEM_OK;
    lem_json *list = lem_responses_list(d->p, row, chosen, n, &columns);
    lem_status st = list ? lem_rows_write(d->out, list, err) : lem_fail(err, LEM_EMEM, "out of memory");
    lem_json_free(list);
    return st;
}

/* Adds the responses that file `of` has for one problem, or all files without a share. */
static lem_status gather(const drawing *d, pool_file *rows, int of, lem_err *err) {
    const lem_args *args = d->args;
    lem_responses *p = d->p;
    lem_responses_how how = {!d->o.random, lem_args_flag(args, "keep-duplicates")};
    lem_responses_clear(p);
    for (int i = 0; i < args->n_words; i++) {
        bool of_source = of == i || (of == LEM_MIX_REST && d->mix.share[i] == 0);
        if (!of_source) continue;
        lem_status st = lem_responses_add(p, rows[i].row, args->words[i], &how, err);
        if (st) {
            d->c->failed = i;
            return st;
        }
    }
    return LEM_OK;
}

/* The lists of one problem, each drawn anew; *any tells whether there was one. */
static lem_status draw_lists(const drawing *d, const lem_json *row, bool *any, lem_err *err) {
    int chosen[64];
    lem_list_opts o = d->o;
    lem_status st = LEM_OK;
    if (lem_args_flag(d->args, "concise")) o.bytes = d->p->bytes;
    for (int64_t k = 0; st == LEM_OK && k < lem_args_int(d->args, "lists"); k++) {
        lem_rng r = lem_rng_make(d->seed + (uint64_t)k, "rm-sample", key_of(row));
        int m = lem_list_select(&o, d->p->n, d->p->label, d->p->score, &r, chosen);
        if (m == 0) break;
        *any = true;
        st = write_list(d, row, chosen, m, err);
    }
    return st;
}

/* The same for pairs of the generator of response `of`, whose labels alone stand. */
static lem_status draw_pairs(const drawing *d, const lem_json *row, int of, const int8_t *label, bool *any,
                             lem_err *err) {
    const char *name = d->p->generator[of];
    lem_list_opts o = d->o;
    lem_status st = LEM_OK;
    int chosen[2];
    if (lem_args_flag(d->args, "concise")) o.bytes = d->p->bytes;
    o.per_problem = 2;
    o.positives = 1;
    for (int64_t k = 0; st == LEM_OK && k < lem_args_int(d->args, "lists"); k++) {
        lem_rng r =
            lem_rng_make(d->seed + (uint64_t)k, "rm-pair", lem_hash64(name, strlen(name), key_of(row)));
        if (lem_list_select(&o, d->p->n, label, d->p->score, &r, chosen) != 2) break;
        *any = true;
        st = write_list(d, row, chosen, 2, err);
    }
    return st;
}

static lem_status each_generator(const drawing *d, const lem_json *row, bool *any, lem_err *err) {
    const lem_responses *p = d->p;
    lem_status st = LEM_OK;
    int8_t *label = lem_alloc((size_t)p->n + 1, sizeof *label, err);
    if (!label) return LEM_EMEM;
    for (int i = 0; st == LEM_OK && i < p->n; i++) {
        bool first = true;
        for (int j = 0; j < p->n; j++) {
            bool same = strcmp(p->generator[j], p->generator[i]) == 0;
            first = first && (!same || j >= i);
            label[j] = -1;
            if (same) label[j] = p->label[j];
        }
        if (first) st = draw_pairs(d, row, i, label, any, err);
    }
    lem_free(label);
    return st;
}

/* Row i of a problem cannot be used: all of them are left out. */
static lem_status row_failed(pool_file *s, int n, int i, lem_status st, lem_err *err) {
    st = lem_list_rows_failed(s[i].in, s[i].line, st, err);
    if (st)
        return lem_err_context(err, "%s:%llu", lem_list_rows_file(s[i].in), (unsigned long long)s[i].line);
    for (int k = 0; st == LEM_OK && k < n; k++)
        if (k != i) st = leave_out(&s[k], &s[i], err);
    for (int k = 0; k < n; k++) s[k].left_out = 0; /* they were at the same place */
    return st;
}

static lem_status sample_problem(const drawing *d, pool_file *rows, lem_err *err) {
    bool any = false, pairs = lem_args_flag(d->args, "pairs-by-generator");
    const lem_json *row = rows[0].row;
    int source = lem_mix_choose(&d->mix, d->args->n_words, d->seed, key_of(row));
    lem_status st = gather(d, rows, source, err);
    if (st) return row_failed(rows, d->args->n_words, d->c->failed, st, err);
    d->c->rows++;
    st = pairs ? each_generator(d, row, &any, err) : draw_lists(d, row, &any, err);
    lem_list_reason why = lem_list_why(d->p->n, d->p->label, any);
    d->c->with_list += any;
    d->c->from[source + 1]++;
    d->c->from_with_list[source + 1] += any;
    if (pairs && why == LEM_LIST_TOO_FEW) d->c->mixed++;
    else d->c->left_out[why] += !any;
    return st;
}

/* Where the lists come from: with --mix, of each file with a share and of the others together. */
static void show_sources(const lem_cli *cli, const lem_args *args, const counts *c) {
    if (!lem_args_tree(args, "mix")) return;
    for (int i = 0; i <= args->n_words; i++)
        if (c->from[i])
            lem_info(cli->log, "%s: %llu of %llu problems, %llu with lists",
                     i ? args->words[i - 1] : "files without a share", (unsigned long long)c->from[i],
                     (unsigned long long)c->rows, (unsigned long long)c->from_with_list[i]);
}

/* The same: file (its number, or null), problems, with_lists. NULL = out of memory. */
static lem_json *sources_of(const lem_args *args, const counts *c) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && i <= args->n_words; i++) {
        if (c->from[i] == 0) continue;
        lem_object one = lem_object_new();
        lem_object_json(&one, "file", i ? lem_json_new_int(i) : lem_json_new_null());
        lem_object_int(&one, "problems", c->from[i]);
        lem_object_int(&one, "with_lists", c->from_with_list[i]);
        ok = lem_json_append(list, lem_object_done(&one));
    }
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_json *warnings_of(const char *words) {
    lem_json *list = lem_json_new_array();
    if (!list || !words || lem_json_append(list, lem_json_new_str(words))) return list;
    lem_json_free(list);
    return NULL;
}

static lem_status show(lem_cli *cli, const lem_args *args, const counts *c, const lem_responses *p,
                       const bad_rows *bad, lem_err *err) {
    const uint64_t *left = c->left_out, out = c->rows - c->with_list;
    char words[320];
    lem_info(
        cli->log,
        "%llu problems gave %llu lists; %llu left out: %llu all right, %llu all wrong, %llu of both but too "
        "few responses, %llu of both but no generator with both, %llu without a usable one; responses: "
        "%llu undecided, %llu unscored, %llu identical merged",
        (unsigned long long)c->rows, (unsigned long long)c->lists, (unsigned long long)out,
        (unsigned long long)left[LEM_LIST_ALL_RIGHT], (unsigned long long)left[LEM_LIST_ALL_WRONG],
        (unsigned long long)left[LEM_LIST_TOO_FEW], (unsigned long long)c->mixed,
        (unsigned long long)left[LEM_LIST_NOTHING], (unsigned long long)p->undecided,
        (unsigned long long)p->unscored, (unsigned long long)p->duplicates);
    show_sources(cli, args, c);
    bool cut = lem_cut_teaches_length(&c->cut);
    lem_cut_text(&c->cut, words, sizeof words);
    if (cut) lem_warn(cli->log, "%s", words);
    if (!cli->json) return LEM_OK;
    lem_object o = lem_object_new();
    lem_object_int(&o, "problems", c->rows);
    lem_object_int(&o, "lists", c->lists);
    lem_object_int(&o, "left_out", out);
    lem_object_int(&o, "all_right", left[LEM_LIST_ALL_RIGHT]);
    lem_object_int(&o, "all_wrong", left[LEM_LIST_ALL_WRONG]);
    lem_object_int(&o, "too_few", left[LEM_LIST_TOO_FEW]);
    lem_object_int(&o, "no_generator_with_both", c->mixed);
    lem_object_int(&o, "nothing_usable", left[LEM_LIST_NOTHING]);
    lem_object_int(&o, "undecided", p->undecided);
    lem_object_int(&o, "unscored", p->unscored);
    lem_object_int(&o, "duplicates", p->duplicates);
    if (lem_args_tree(args, "mix")) lem_object_json(&o, "sources", sources_of(args, c));
    lem_cut_tell(&o, &c->cut);
    lem_bad_rows_tell(bad, &o);
    lem_object_json(&o, "warnings", warnings_of(cut ? words : NULL));
    return lem_print_json(cli->out, lem_object_done(&o), 0, err);
}

typedef struct files {
    pool_file at[MAX_FILES];
    int n;
    bad_rows bad;
} files;

static lem_status sample_rows(lem_cli *cli, const drawing *d, files *f, lem_err *err) {
    for (int64_t left = cli->limit; left != 0; left -= left > 0) {
        bool eof = false;
        lem_status st = next_rows(f->at, f->n, &eof, err);
        if (st || eof) return st;
        st = sample_problem(d, f->at, err);
        if (st) return st;
        if (cli->cancel && cli->cancel->requested)
            return lem_fail(err, LEM_EINTR, "interrupted; nothing was written, the same command starts over");
    }
    return LEM_OK;
}

static lem_list_opts list_options(const lem_args *args) {
    return (lem_list_opts){.per_problem = (int)lem_args_int(args, "per-problem"),
                           .top_k = (int)lem_args_int(args, "top-k"),
                           .random = lem_args_flag(args, "random"),
                           .positives = (int)lem_args_int(args, "positives"),
                           .keep_short = lem_args_flag(args, "keep-short")};
}

static lem_status read_mix(const lem_args *args, lem_mix *out, lem_err *err) {
    const lem_json *list = lem_args_tree(args, "mix");
    lem_mix m = {{0}};
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(list); i++)
        st = lem_mix_add(&m, args->n_words, lem_json_str(lem_json_at(list, i), ""), err);
    if (st == LEM_OK) st = lem_mix_check(&m, args->n_words, err);
    if (st) return lem_err_context(err, "--mix");
    *out = m;
    return LEM_OK;
}

static lem_status check_positives(const lem_args *args, lem_err *err) {
    int64_t positives = lem_args_int(args, "positives"), n = lem_args_int(args, "per-problem");
    if (positives < n) return LEM_OK;
    return lem_fail(err, LEM_EUSAGE, "--positives %lld leaves no place for a wrong one in a list of %lld",
                    (long long)positives, (long long)n);
}

/* Graded candidates as they stand; pairs, lists, ranks and graded conversations as graded candidates. */
static lem_status open_file(lem_cli *cli, const bad_rows *bad, const char *path, pool_file *s, lem_err *err) {
    lem_list_rows_opts o = {.pass_others = true, .cancel = cli->cancel, .log = cli->log, .limit = -1};
    lem_status st = lem_bad_rows_reader(bad, LEM_BAD_ANY, path, NULL, cli->cancel, &s->asked, err);
    s->judge = (lem_row_judge){ask, s, s->asked ? s->asked->max_bytes : 0};
    if (s->asked) o.judge = lem_data_leaves_out(s->asked) ? &s->judge : s->asked;
    if (st == LEM_OK) st = lem_list_rows_open_as(path, &o, &s->in, err);
    if (st == LEM_OK && lem_list_rows_grouped(s->in)) s->left_out = 0; /* problems have no such places */
    return st;
}

static uint64_t rows_used(const files *f) {
    uint64_t n = 0;
    for (int i = 0; i < f->n; i++) n += lem_list_rows_read(f->at[i].in);
    return n;
}

static lem_status account(lem_job *job, const counts *c, lem_err *err) {
    const lem_left_out why[] = {{"all right", c->left_out[LEM_LIST_ALL_RIGHT]},
                                {"all wrong", c->left_out[LEM_LIST_ALL_WRONG]},
                                {"too few responses of both", c->left_out[LEM_LIST_TOO_FEW]},
                                {"no generator with both", c->mixed},
                                {"no usable response", c->left_out[LEM_LIST_NOTHING]}};
    const lem_account a = {.unit = "problems", .read = c->rows, .kept = c->with_list, .why = why, .n = 5};
    return lem_job_account(job, &a, err);
}

static lem_status sample_files(lem_cli *cli, const lem_args *args, lem_job *job, lem_err *err) {
    files f = {.n = args->n_words};
    const char *to = lem_job_out(job);
    lem_out *out = NULL;
    lem_responses p = {0};
    counts c = {0};
    lem_mix mix = {{0}};
    lem_status st = check_positives(args, err);
    if (st == LEM_OK) st = read_mix(args, &mix, err);
    if (st == LEM_OK) st = lem_bad_rows_begin(args, &f.bad, err);
    if (st) return st;
    for (int i = 0; i < f.n; i++) LEM_TRY(open_file(cli, &f.bad, args->words[i], &f.at[i], err));
    LEM_TRY(lem_job_start(job, NULL, err));
    if (!cli->dry_run) LEM_TRY(lem_out_open(to ? to : "-", true, &out, err));
    LEM_TRY(sample_rows(cli, &(drawing){args, list_options(args), cli->seed, out, mix, &p, &c}, &f, err));
    LEM_TRY(lem_bad_rows_end(&f.bad, cli, job, rows_used(&f), err));
    if (c.rows == 0) LEM_TRY(lem_fail(err, LEM_EDATA, "%s: no rows", args->words[0]));
    if (c.lists == 0)
        LEM_TRY(lem_fail(
            err, LEM_EDATA,
            "no problem has both right and wrong responses enough for a list of %lld (%llu all "
            "right, %llu all wrong, %llu of both but too few, %llu of both but no generator with "
            "both)",
            (long long)lem_args_int(args, "per-problem"), (unsigned long long)c.left_out[LEM_LIST_ALL_RIGHT],
            (unsigned long long)c.left_out[LEM_LIST_ALL_WRONG],
            (unsigned long long)c.left_out[LEM_LIST_TOO_FEW], (unsigned long long)c.mixed));
    if (out) LEM_TRY(lem_out_commit(out, err));
    LEM_TRY(account(job, &c, err));
    LEM_TRY(lem_job_finish(job, err));
    st = show(cli, args, &c, &p, &f.bad, err);
done:
    for (int i = 0; i < f.n; i++) {
        lem_json_free(f.at[i].row);
        lem_list_rows_close(f.at[i].in);
    }
    lem_bad_rows_release(&f.bad);
    lem_out_close(out);
    lem_responses_release(&p);
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    static const lem_job_spec spec = {.cheap = true};
    lem_job *job = NULL;
    lem_status st = lem_job_open(cli, &lem_cmd_rm_sample, args, &spec, &job, err);
    if (st == LEM_OK && !lem_job_done(job)) st = sample_files(cli, args, job, err);
    lem_job_close(job);
    return st;
}

const lem_command lem_cmd_rm_sample = {
    .name = "rm sample",
    .purpose = "score-sorted (or random) response lists from graded candidates, six per problem",
    .usage = "FILE... --out LISTS [options]",
    .example = "lemma rm sample scored.jsonl --top-k 14 --out lists.jsonl\nlemma rm sample stage1.jsonl "
               "stage2.jsonl --random --out lists.jsonl",
    .min_words = 1,
    .max_words = MAX_FILES,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .output = LEM_OUTPUT_FILE,
    .out_required = true,
    .words = LEM_WORDS_NAMED_INPUT,
};
