/* cmd_rm_sample.c - lemma rm sample: response lists for reward training from graded candidates */
#include "cli/commands.h"
#include "cli/runtime.h"

#include "core/file.h"
#include "core/hash.h"
#include "core/jsonl.h"
#include "core/mem.h"
#include "reward/select_lists.h"

#include <math.h>
#include <string.h>

enum { MAX_FILES = 64 };

static const lem_opt opts[] = {
    {"per-problem", LEM_OPT_INT, "N", "6", "responses of a list", 2, 64},
    {"top-k", LEM_OPT_INT, "N", "14",
     "draw from the N best-scored right and the N worst-scored wrong responses", 1, 4000},
    {"random", LEM_OPT_FLAG, NULL, NULL, "draw from all responses; needs no scores"},
    {"keep-duplicates", LEM_OPT_FLAG, NULL, NULL, "do not merge identical responses"},
    {"lists", LEM_OPT_INT, "N", "1", "lists per problem, each drawn anew", 1, 1000},
};

typedef struct counts {
    uint64_t rows, lists, one_class, undecided, duplicates, unscored;
} counts;

typedef struct pool_of { /* the candidates of one problem, over all files */
    const lem_json **text;
    int8_t *label;
    double *score;
    const char **generator;
    int n, cap;
} pool_of;

static lem_status grow(pool_of *p, lem_err *err) {
    if (p->n < p->cap) return LEM_OK;
    int cap = p->cap ? p->cap * 2 : 128;
    const lem_json **text = lem_realloc(p->text, (size_t)cap, sizeof *text, err);
    if (text) p->text = text;
    int8_t *label = lem_realloc(p->label, (size_t)cap, 1, err);
    if (label) p->label = label;
    double *score = lem_realloc(p->score, (size_t)cap, sizeof *score, err);
    if (score) p->score = score;
    const char **generator = lem_realloc(p->generator, (size_t)cap, sizeof *generator, err);
    if (generator) p->generator = generator;
    if (!text || !label || !score || !generator) return LEM_EMEM;
    p->cap = cap;
    return LEM_OK;
}

static lem_status add_row(pool_of *p, const lem_json *row, const char *file, bool need_score,
                          bool keep_duplicates, counts *c, lem_err *err) {
    const lem_json *texts = lem_json_get(row, "completions"), *correct = lem_json_get(row, "correct"),
                   *scores = lem_json_get(row, "rm_score");
    size_t n = lem_json_count(texts);
    if (lem_json_kind(texts) != LEM_JSON_ARRAY || lem_json_kind(correct) != LEM_JSON_ARRAY ||
        lem_json_count(correct) != n)
        return lem_fail(
            err, LEM_EDATA,
            "a graded candidate row needs 'completions' and 'correct' of equal length (run 'lemma grade')");
    if (need_score && lem_json_count(scores) != n)
        return lem_fail(err, LEM_EDATA,
                        "score-sorted sampling needs 'rm_score' (run 'lemma rm score', or pass --random)");
    const char *generator = lem_json_str(lem_json_get(row, "generator"), file);
    for (size_t i = 0; i < n; i++) {
        lem_status st = grow(p, err);
        if (st) return st;
        const lem_json *t = lem_json_at(texts, i), *y = lem_json_at(correct, i),
                       *s = need_score ? lem_json_at(scores, i) : NULL;
        if (lem_json_kind(t) != LEM_JSON_STRING)
            return lem_fail(err, LEM_EDATA, "completions[%zu]: text expected, %s found", i,
                            lem_json_kind_name(t));
        int k = p->n++;
        p->text[k] = t;
        p->generator[k] = generator;
        p->label[k] = lem_json_kind(y) == LEM_JSON_BOOL ? (int8_t)lem_json_bool(y, false) : (int8_t)-1;
        p->score[k] = lem_json_num(s, NAN);
        if (p->label[k] < 0) c->undecided++;
        if (need_score && isnan(p->score[k])) {
            c->unscored++;
            p->label[k] = -1;
        }
        for (int j = 0; j < k && !keep_duplicates; j++)
            if (p->label[j] >= 0 && p->label[k] >= 0 && lem_json_equal(p->text[j], t)) {
                c->duplicates++;
                p->label[k] = -1;
            }
    }
    return LEM_OK;
}

static lem_status emit(lem_out *out, const lem_json *row, const pool_of *p, const int *chosen, int n,
                       bool scored, lem_err *err) {
    lem_json *r = lem_json_new_object(), *texts = lem_json_new_array(), *labels = lem_json_new_array(),
             *scores = lem_json_new_array(), *gens = lem_json_new_array();
    static const char *const keep[] = {"id", "problem", "expected_answer"};
    bool ok = r && texts && labels && scores && gens;
    for (int i = 0; ok && i < 3; i++) {
        const lem_json *v = lem_json_get(row, keep[i]);
        if (v) ok = lem_json_set(r, keep[i], lem_json_copy(v));
    }
    for (int i = 0; ok && i < n; i++)
        ok = lem_json_append(texts, lem_json_copy(p->text[chosen[i]])) &&
             lem_json_append(labels, lem_json_new_int(p->label[chosen[i]])) &&
             lem_json_append(scores, scored ? lem_json_new_num(p->score[chosen[i]]) : lem_json_new_null()) &&
             lem_json_append(gens, lem_json_new_str(p->generator[chosen[i]]));
    ok = ok && lem_json_set(r, "responses", texts);
    if (ok) texts = NULL;
    ok = ok && lem_json_set(r, "labels", labels);
    if (ok) labels = NULL;
    ok = ok && lem_json_set(r, "scores", scores);
    if (ok) scores = NULL;
    ok = ok && lem_json_set(r, "generators", gens);
    if (ok) gens = NULL;
    lem_status st = ok ? lem_rows_write(out, r, err) : lem_fail(err, LEM_EMEM, "out of memory");
    lem_json_free(r);
    if (!ok) {
        lem_json_free(texts);
        lem_json_free(labels);
        lem_json_free(scores);
        lem_json_free(gens);
    }
    return st;
}

static uint64_t key_of(const lem_json *row) {
    const char *s = lem_json_str(lem_json_get(row, "problem"), "");
    return lem_hash64(s, strlen(s), 0);
}

/* Reads one row of each file; they must be about the same problems in the same order. *eof when all end
 * together. */
static lem_status next_rows(lem_rows **files, const char *const *names, int n, lem_json **rows, bool *eof,
                            lem_err *err) {
    int ended = 0;
    for (int i = 0; i < n; i++) {
        lem_status st = lem_rows_next(files[i], &rows[i], err);
        if (st) return st;
        ended += rows[i] == NULL;
        if (i && (!rows[i] != !rows[0] ||
                  (rows[i] && strcmp(lem_json_str(lem_json_get(rows[i], "problem"), ""),
                                     lem_json_str(lem_json_get(rows[0], "problem"), "")) != 0)))
            return lem_fail(err, LEM_EDATA,
                            "%s:%llu: another problem than %s at the same place; the files of one pool must "
                            "list the same problems in the same order",
                            names[i], (unsigned long long)lem_rows_number(files[i]), names[0]);
    }
    *eof = ended > 0;
    return LEM_OK;
}

static lem_status sample_problem(const lem_args *args, lem_json **rows, const char *const *names, int n,
                                 uint64_t seed, lem_out *out, pool_of *p, counts *c, lem_err *err) {
    lem_list_opts o = {(int)lem_args_int(args, "per-problem"), (int)lem_args_int(args, "top-k"),
                       lem_args_flag(args, "random")};
    int chosen[64];
    p->n = 0;
    for (int i = 0; i < n; i++) {
        lem_status st =
            add_row(p, rows[i], names[i], !o.random, lem_args_flag(args, "keep-duplicates"), c, err);
        if (st) return lem_err_context(err, "%s", names[i]);
    }
    for (int64_t k = 0; k < lem_args_int(args, "lists"); k++) {
        lem_rng r = lem_rng_make(seed + (uint64_t)k, "rm-sample", key_of(rows[0]));
        int m = lem_list_select(&o, p->n, p->label, p->score, &r, chosen);
        if (m == 0) {
            c->one_class++;
            break;
        }
        c->lists++;
        lem_status st = emit(out, rows[0], p, chosen, m, !o.random, err);
        if (st) return st;
    }
    return LEM_OK;
}

static lem_status show(lem_cli *cli, const counts *c, lem_err *err) {
    lem_info(cli->log,
             "%llu problems gave %llu lists; %llu left out (too few responses of a class); responses: %llu "
             "undecided, %llu unscored, %llu identical merged",
             (unsigned long long)c->rows, (unsigned long long)c->lists, (unsigned long long)c->one_class,
             (unsigned long long)c->undecided, (unsigned long long)c->unscored,
             (unsigned long long)c->duplicates);
    if (!cli->json) return LEM_OK;
    const struct {
        const char *key;
        uint64_t value;
    } members[] = {{"problems", c->rows},       {"lists", c->lists},       {"left_out", c->one_class},
                   {"undecided", c->undecided}, {"unscored", c->unscored}, {"duplicates", c->duplicates}};
    lem_json *o = lem_json_new_object();
    bool ok = o != NULL;
    for (size_t i = 0; ok && i < sizeof members / sizeof *members; i++)
        ok = lem_json_set(o, members[i].key, lem_json_new_int((int64_t)members[i].value));
    if (ok) return lem_print_json(cli->out, o, 0, err);
    lem_json_free(o);
    return lem_fail(err, LEM_EMEM, "out of memory");
}

typedef struct files {
    lem_rows *at[MAX_FILES];
    lem_json *row[MAX_FILES];
    int n;
} files;

static lem_status sample_rows(lem_cli *cli, const lem_args *args, files *f, lem_out *out, pool_of *p,
                              counts *c, lem_err *err) {
    for (int64_t left = cli->limit; left != 0; left -= left > 0) {
        bool eof = false;
        lem_status st = next_rows(f->at, args->words, f->n, f->row, &eof, err);
        if (st || eof) return st;
        c->rows++;
        st = sample_problem(args, f->row, args->words, f->n, cli->seed, out, p, c, err);
        if (st) return st;
        for (int i = 0; i < f->n; i++) {
            lem_json_free(f->row[i]);
            f->row[i] = NULL;
        }
        if (cli->cancel && cli->cancel->requested)
            return lem_fail(err, LEM_EINTR, "interrupted; nothing was written, the same command starts over");
    }
    return LEM_OK;
}

static lem_status sample_files(lem_cli *cli, const lem_args *args, lem_job *job, lem_err *err) {
    files f = {.n = args->n_words};
    const char *to = lem_job_out(job);
    lem_out *out = NULL;
    pool_of p = {0};
    counts c = {0};
    lem_status st = LEM_OK;
    for (int i = 0; i < f.n; i++) LEM_TRY(lem_rows_open(args->words[i], &f.at[i], err));
    LEM_TRY(lem_job_start(job, NULL, err));
    LEM_TRY(lem_out_open(to ? to : "-", true, &out, err));
    LEM_TRY(sample_rows(cli, args, &f, out, &p, &c, err));
    if (c.lists == 0)
        LEM_TRY(lem_fail(err, LEM_EDATA,
                         "no problem has both right and wrong responses enough for a list of %lld",
                         (long long)lem_args_int(args, "per-problem")));
    LEM_TRY(lem_out_commit(out, err));
    LEM_TRY(lem_job_finish(job, err));
    st = show(cli, &c, err);
done:
    for (int i = 0; i < f.n; i++) {
        lem_json_free(f.row[i]);
        lem_rows_close(f.at[i]);
    }
    lem_out_close(out);
    lem_free(p.text);
    lem_free(p.label);
    lem_free(p.score);
    lem_free(p.generator);
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
