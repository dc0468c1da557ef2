/* cmd_data_decontam.c - lemma data decontam: training rows without those that are near a test row */
#include "cli/commands.h"
#include "cli/decontam_run.h"
#include "cli/runtime.h"

#include "core/jsonl.h"
#include "core/mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_AGAINST = 64, PAGE_MATCHES = 200, LOGGED_PHRASES = 5 };

static const lem_opt opts[] = {
    {"against", LEM_OPT_LIST, "NAME|FILE", NULL,
     "test rows: the name of a benchmark (lemma bench list; all: those that are there) or a file, folder or "
     "glob of rows of any kind; repeatable"},
    {"against-map", LEM_OPT_LIST, "OURS=THEIRS", NULL,
     "where prompt and response stand in the files of --against, e.g. prompt=question"},
    {"rule", LEM_OPT_ENUM, "NAME", "lemma", "acemath: the paper's own rule, in which stock phrases count",
     .choices = "lemma|acemath"},
    {"ngram", LEM_OPT_INT, "N", "13", "words that must be shared in a row", 1, LEM_DECONTAM_MAX_NGRAM},
    {"lcs", LEM_OPT_NUM, "X", "0.6", "mathematics: the share that the longest common subsequence must exceed",
     0, 1},
    {"denominator", LEM_OPT_ENUM, "TEXT", "train",
     "the text that it is a share of; min and max: the shorter, the longer", .choices = "train|test|min|max"},
    {"stock", LEM_OPT_INT, "N", "3",
     "n-grams that so many different test texts share are stock phrases and do not count; 0 = all count", 0,
     1e6},
    {"domain", LEM_OPT_ENUM, "WHICH", "field",
     "math: n-gram and common subsequence; other: the n-gram alone; field: by the row's field `domain`, math "
     "where it has none",
     .choices = "field|math|other"},
    {"fields", LEM_OPT_ENUM, "WHICH", "prompt",
     "texts of the training rows that are looked at; responses are held against test prompts and solutions",
     .choices = "prompt|response|both"},
    {"allow", LEM_OPT_INPUT, "FILE", NULL,
     "rows with `pair`, or `train` and `test`, as in the audit: matches judged harmless, which are kept"},
    {"audit", LEM_OPT_STR, "FILE.jsonl", NULL, "write every match and every stock phrase there",
     .effect = LEM_OPT_CHANGES_NOTHING},
    {"page", LEM_OPT_STR, "FILE.html", NULL, "write a page with both texts of each match side by side"},
};

typedef struct run_state {
    lem_cli *cli;
    const lem_args *args;
    lem_data_run rows;
    lem_tests tests;
    lem_allow *allow;
    lem_decontam_phrase *phrase;
    size_t n_phrases;
    lem_decontam_run run;
} run_state;

/* ---- what to compare with ---- */

static int choice(const lem_args *args, const char *name, const char *const *of, int n) {
    for (int i = 0; i < n; i++)
        if (lem_args_is(args, name, of[i])) return i;
    return 0;
}

static lem_tests_opts options(const lem_cli *cli, const lem_args *args) {
    static const char *const lengths[] = {"train", "test", "min", "max"};
    bool paper = lem_args_is(args, "rule", "acemath");
    lem_tests_opts o = {.solutions = !lem_args_is(args, "fields", "prompt"),
                        .map = lem_args_tree(args, "against-map"),
                        .data_dir = cli->data_dir,
                        .cancel = cli->cancel};
    o.rule.ngram = (int)lem_args_int(args, "ngram");
    o.rule.lcs = lem_args_num(args, "lcs");
    o.rule.length = (lem_decontam_length)choice(args, "denominator", lengths, 4);
    o.rule.paper = paper;
    o.rule.stock = paper ? 0 : (int)lem_args_int(args, "stock");
    return o;
}

static lem_status names_of(const lem_args *args, const char *names[MAX_AGAINST], int *n, lem_err *err) {
    const lem_json *list = lem_args_tree(args, "against");
    size_t count = lem_json_count(list);
    if (count == 0 || count > MAX_AGAINST)
        return lem_fail(err, LEM_EUSAGE, "--against: 1 to %d names or files expected, found %zu", MAX_AGAINST,
                        count);
    for (size_t i = 0; i < count; i++) names[i] = lem_json_str(lem_json_at(list, i), "");
    *n = (int)count;
    return LEM_OK;
}

static void tell_tests(run_state *s) {
    uint64_t rows = 0, empty = 0;
    for (uint32_t i = 0; i < s->tests.n_sets; i++) {
        rows += s->tests.set[i].rows;
        empty += s->tests.set[i].empty;
    }
    lem_info(s->cli->log, "%" PRIu64 " test rows, %" PRIu32 " different texts%s", rows,
             lem_decontam_tests(s->tests.index), s->n_phrases ? "; stock phrases, which do not count:" : "");
    if (s->tests.absent)
        lem_warn(s->cli->log, "not compared with, because they are not in %s: %s", s->cli->data_dir,
                 s->tests.absent);
    if (empty)
        lem_info(s->cli->log, "%" PRIu64 " test rows have no word in their prompt and match nothing", empty);
}

static int by_tests(const void *a, const void *b) {
    const lem_decontam_phrase *x = a, *y = b;
    if (x->tests != y->tests) return x->tests < y->tests ? 1 : -1;
    if (x->test != y->test) return x->test < y->test ? -1 : 1;
    return x->from < y->from ? -1 : 1;
}

/* The most common ones are named in the log. */
static lem_status tell_phrases(run_state *s, lem_err *err) {
    lem_buf text = {0};
    for (size_t i = 0; i < s->n_phrases && i < LOGGED_PHRASES; i++) {
        lem_buf_clear(&text);
        lem_decontam_words(s->tests.index, s->phrase[i].test, s->phrase[i].from, s->phrase[i].words, &text);
        lem_info(s->cli->log, "  %" PRIu32 " texts: %.200s", s->phrase[i].tests, lem_buf_str(&text));
    }
    if (s->n_phrases > LOGGED_PHRASES)
        lem_info(s->cli->log, "  and %zu more (--audit lists them)", s->n_phrases - LOGGED_PHRASES);
    lem_status st = lem_buf_ok(&text, err);
    lem_buf_release(&text);
    return st;
}

static lem_status load(run_state *s, lem_err *err) {
    const char *names[MAX_AGAINST];
    int n = 0;
    const lem_tests_opts o = options(s->cli, s->args);
    lem_status st = names_of(s->args, names, &n, err);
    if (st == LEM_OK) st = lem_tests_load(names, (size_t)n, &o, &s->tests, err);
    if (st) return lem_err_context(err, "--against");
    st = lem_decontam_phrases(s->tests.index, &s->phrase, &s->n_phrases, err);
    if (st) return st;
    if (s->n_phrases) qsort(s->phrase, s->n_phrases, sizeof *s->phrase, by_tests);
    tell_tests(s);
    st = tell_phrases(s, err);
    const char *allow = lem_args_str(s->args, "allow");
    if (st == LEM_OK && allow) st = lem_allow_load(allow, s->cli->cancel, &s->allow, err);
    if (s->allow)
        lem_info(s->cli->log, "%s: %zu matches or rows are allowed", allow, lem_allow_count(s->allow));
    return st;
}

/* ---- what comes out ---- */

static lem_status audit_phrases(run_state *s, lem_err *err) {
    lem_buf text = {0};
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < s->n_phrases; i++) {
        lem_object o = lem_object_new();
        lem_buf_clear(&text);
        lem_decontam_words(s->tests.index, s->phrase[i].test, s->phrase[i].from, s->phrase[i].words, &text);
        lem_object_str(&o, "stock_phrase", lem_buf_str(&text));
        lem_object_int(&o, "tests", s->phrase[i].tests);
        lem_json *row = lem_object_done(&o);
        st = row ? lem_rows_write(s->run.audit, row, err) : lem_fail(err, LEM_EMEM, "out of memory");
        lem_json_free(row);
    }
    if (st == LEM_OK) st = lem_buf_ok(&text, err);
    lem_buf_release(&text);
    return st;
}

static lem_status check_page_name(const char *page, lem_err *err) {
    size_t n = page ? strlen(page) : 0;
    if (!page || (n > 5 && strcmp(page + n - 5, ".html") == 0)) return LEM_OK;
    return lem_fail(err, LEM_EUSAGE, "--page '%s' must end in .html", page);
}

/* The rule in words, for the page. */
static void say_rule(const run_state *s, char *out, size_t size) {
    static const char *const of[] = {"the training text's", "the test text's", "the shorter text's",
                                     "the longer text's"};
    const lem_tests_opts o = options(s->cli, s->args);
    int n = snprintf(
        out, size,
        "A row is left out if its words are those of a test prompt, or if it shares %d words in a row "
        "with a test text and, in mathematics, the longest common subsequence exceeds %.4g %% of %s "
        "words",
        o.rule.ngram, 100 * o.rule.lcs, of[o.rule.length]);
    if (n < 0 || (size_t)n >= size) return;
    snprintf(out + n, size - (size_t)n, "%s",
             o.rule.paper ? "."
                          : " and half of the longer text (\"ngram+lcs\"; a long shared run will do for the "
                            "half), or the test text stands in it "
                            "(\"contained\"), or both are alike but for numbers and names (\"reworded\").");
}

static lem_json *sets_json(const run_state *s) {
    lem_json *list = lem_json_new_array();
    for (uint32_t i = 0; list && i < s->tests.n_sets; i++) {
        const lem_test_set *t = &s->tests.set[i];
        const lem_decontam_counts *c = &s->run.set[i];
        lem_object o = lem_object_new();
        lem_object_str(&o, "name", t->name);
        lem_object_int(&o, "test_rows", t->rows);
        lem_object_int(&o, "test_rows_matched", c->test_rows);
        lem_object_int(&o, "rows_equal", c->exact);
        lem_object_int(&o, "rows_sharing", c->sharing);
        lem_object_int(&o, "rows_dropped", c->dropped);
        lem_json *set = lem_object_done(&o);
        if (set && lem_json_append(list, set)) continue;
        lem_json_free(list);
        return NULL;
    }
    return list;
}

static lem_status finish(run_state *s, lem_err *err) {
    char rule[700];
    const char *page = lem_args_str(s->args, "page");
    lem_status st = LEM_OK;
    if (s->run.audit) {
        st = audit_phrases(s, err);
        if (st == LEM_OK) st = lem_out_commit(s->run.audit, err);
    }
    if (st == LEM_OK && page && !s->cli->dry_run) {
        say_rule(s, rule, sizeof rule);
        st = lem_decontam_run_page(&s->run, page, rule, (int)lem_args_int(s->args, "ngram"), s->phrase,
                                   s->n_phrases, err);
    }
    s->rows.against = sets_json(s);
    if (st == LEM_OK && !s->rows.against) st = lem_fail(err, LEM_EMEM, "out of memory");
    return st == LEM_OK ? lem_data_run_finish(&s->rows, err) : st;
}

static lem_status tell(run_state *s, lem_err *err) {
    for (uint32_t i = 0; i < s->tests.n_sets; i++) {
        const lem_decontam_counts *c = &s->run.set[i];
        lem_info(s->cli->log,
                 "%s: %" PRIu64 " of %" PRIu64 " test rows matched; rows: %" PRIu64 " equal, %" PRIu64
                 " share an n-gram, %" PRIu64 " left out",
                 s->tests.set[i].name, c->test_rows, s->tests.set[i].rows, c->exact, c->sharing, c->dropped);
    }
    lem_object o = lem_object_new();
    lem_object_int(&o, "test_texts", lem_decontam_tests(s->tests.index));
    lem_object_int(&o, "stock_phrases", s->n_phrases);
    lem_object_int(&o, "rows_with_stock_phrase", s->run.stock_rows);
    lem_object_int(&o, "matches", s->run.matches);
    lem_object_int(&o, "allowed", s->run.allowed);
    lem_object_json(&o, "against", sets_json(s));
    lem_json *more = lem_object_done(&o);
    return more ? lem_data_run_tell(&s->rows, more, err) : lem_fail(err, LEM_EMEM, "out of memory");
}

/* ---- the run ---- */

static lem_status decontaminate(run_state *s, lem_err *err) {
    static const char *const domains[] = {"field", "math", "other"};
    const char *audit = lem_args_str(s->args, "audit"), *page = lem_args_str(s->args, "page");
    lem_status st = check_page_name(page, err);
    if (st == LEM_OK) st = load(s, err);
    if (st == LEM_OK) st = lem_data_run_read(&s->rows, err);
    if (st == LEM_OK) st = lem_data_run_write(&s->rows, err);
    if (st == LEM_OK && audit && !s->cli->dry_run)
        st = lem_out_open(audit, lem_job_may_replace(s->rows.job), &s->run.audit, err);
    if (st) return st;
    s->run.rows = &s->rows;
    s->run.tests = &s->tests;
    s->run.allow = s->allow;
    s->run.domain = (lem_decontam_domain)choice(s->args, "domain", domains, 3);
    s->run.prompts = !lem_args_is(s->args, "fields", "response");
    s->run.responses = !lem_args_is(s->args, "fields", "prompt");
    s->run.page_matches = page ? PAGE_MATCHES : 0;
    st = lem_decontam_run_rows(&s->run, err);
    if (st == LEM_OK) st = finish(s, err);
    return st == LEM_OK ? tell(s, err) : st;
}

/* The files that names stand for are inputs of the job, by content. */
static lem_status open_job(run_state *s, bool *done, lem_err *err) {
    const char *names[MAX_AGAINST], *beside[2];
    char *paths[MAX_AGAINST] = {NULL};
    lem_job_input inputs[MAX_AGAINST];
    int n = 0, n_inputs = 0, n_beside = 0;
    lem_status st = names_of(s->args, names, &n, err);
    for (int i = 0; st == LEM_OK && i < n; i++) {
        st = lem_tests_path(names[i], s->cli->data_dir, &paths[n_inputs], err);
        if (st == LEM_OK && paths[n_inputs]) {
            inputs[n_inputs] = (lem_job_input){"--against", paths[n_inputs]};
            n_inputs++;
        }
    }
    if (lem_args_str(s->args, "audit")) beside[n_beside++] = lem_args_str(s->args, "audit");
    if (lem_args_str(s->args, "page")) beside[n_beside++] = lem_args_str(s->args, "page");
    const lem_job_spec spec = {
        .inputs = inputs, .n_inputs = n_inputs, .companions = beside, .n_companions = n_beside};
    if (st == LEM_OK)
        st = lem_data_run_open(&s->rows, s->cli, &lem_cmd_data_decontam, s->args, &spec, done, err);
    for (int i = 0; i < n_inputs; i++) lem_free(paths[i]);
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    run_state s = {.cli = cli, .args = args};
    bool done = false;
    lem_status st = open_job(&s, &done, err);
    if (st == LEM_OK && !done) st = decontaminate(&s, err);
    lem_decontam_run_release(&s.run);
    lem_free(s.phrase);
    lem_allow_free(s.allow);
    lem_tests_release(&s.tests);
    lem_data_run_close(&s.rows);
    return st;
}

const lem_command lem_cmd_data_decontam = {
    .name = "data decontam",
    .purpose = "training rows without those that are near a test row",
    .usage = "FILE... --against NAME|FILE --out KEPT [options]",
    .example =
        "lemma data decontam rows.jsonl --against gsm8k,math500 --out kept.jsonl --dropped dropped.jsonl\n"
        "lemma data decontam rows.parquet --against test.jsonl --out kept.parquet --audit audit.jsonl "
        "--page audit.html",
    .min_words = 1,
    .max_words = -1,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .shared = lem_data_options,
    .n_shared = LEM_N_DATA_OPTIONS,
    .run = run,
    .output = LEM_OUTPUT_FILE,
    .out_required = true,
    .required = "against",
    .words = LEM_WORDS_NAMED_INPUT,
};
