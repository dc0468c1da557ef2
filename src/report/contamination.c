/* contamination.c - which test sets training rows were held against, traced through the manifests */
#include "report/left_out.h"

#include "core/mem.h"
#include "report/grid.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MAX_SETS = 64, MAX_LEAVES = 16 };

typedef struct leaves { /* inputs that no known job made of other data; borrowed */
    const lem_json *at[MAX_LEAVES];
    int n;
    bool more;
} leaves;

typedef struct audit {
    const lem_report_jobs *jobs;
    const char *set[MAX_SETS]; /* names of test sets, in the order of the jobs */
    int n_sets;
    /* Of the walk under way: each job is entered once, so that a walk ends and is short, whatever manifests
     * say of each other. */
    bool entered[LEM_REPORT_JOBS_MAX];
    uint64_t sets_of[LEM_REPORT_JOBS_MAX];
    leaves results;          /* what the results are of */
    lem_buf unchecked, same; /* lists of training jobs */
    lem_buf beside;          /* sentences: not held against what the results are of */
} audit;

static const char *text_of(const lem_json *o, const char *key) {
    return lem_json_str(lem_json_get(o, key), "");
}

static bool is_command(const audit *a, int job, const char *name) {
    return strcmp(text_of(a->jobs->at[job].manifest, "command"), name) == 0;
}

/* ---- which inputs are data ---- */

/* "stages[0].data[1]" is "data". */
static void option_name(const lem_json *input, char out[32]) {
    const char *option = text_of(input, "option"), *dot = strrchr(option, '.');
    const char *from = dot ? dot + 1 : option;
    while (*from == '-') from++;
    snprintf(out, 32, "%.*s", (int)strcspn(from, "["), from);
}

static bool is_one_of(const char *name, const char *const *list, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(name, list[i]) == 0) return true;
    return false;
}

static bool is_data(const lem_json *input) {
    static const char *const others[] = {"model",    "tokenizer", "reference", "rm",      "judge",
                                         "template", "tools",     "marks",     "against", "allow",
                                         "val",      "eval",      "shots"};
    char name[32];
    option_name(input, name);
    bool model = lem_json_get(lem_json_get(input, "files"), "config.json") != NULL;
    return !model && !is_one_of(name, others, sizeof others / sizeof *others);
}

static bool trains(const audit *a, int job) {
    return is_command(a, job, "sft") || is_command(a, job, "rm train") || is_command(a, job, "prm train");
}

/* ---- the way back ---- */

/* *maker: the job that made an input, -1 = none is known. */
static const lem_json *inputs_of_maker(const audit *a, const lem_json *input, int *maker) {
    *maker = lem_report_job_of(a->jobs, input);
    return *maker < 0 ? NULL : lem_json_get(a->jobs->at[*maker].manifest, "inputs");
}

static bool any_data(const lem_json *inputs) {
    bool any = false;
    for (size_t i = 0; i < lem_json_count(inputs); i++) any = any || is_data(lem_json_at(inputs, i));
    return any;
}

static void add_leaf(leaves *out, const lem_json *input) {
    for (int i = 0; i < out->n; i++)
        if (strcmp(text_of(out->at[i], "path"), text_of(input, "path")) == 0) return;
    if (out->n == MAX_LEAVES) out->more = true;
    else out->at[out->n++] = input;
}

/* All ends of the way back from an input. */
static void walk_back(audit *a, const lem_json *input, leaves *out) {
    int maker;
    const lem_json *inputs = inputs_of_maker(a, input, &maker);
    if (!any_data(inputs)) add_leaf(out, input);
    else if (!a->entered[maker]) {
        a->entered[maker] = true;
        for (size_t i = 0; i < lem_json_count(inputs); i++)
            if (is_data(lem_json_at(inputs, i))) walk_back(a, lem_json_at(inputs, i), out);
    }
}

static void find_leaves(audit *a, const lem_json *input, leaves *out) {
    memset(a->entered, 0, sizeof a->entered);
    walk_back(a, input, out);
}

static uint64_t sets_of_job(audit *a, int job) {
    const lem_json *rows = lem_json_get(a->jobs->at[job].manifest, "rows");
    uint64_t sets = 0;
    for (size_t r = 0; r < lem_json_count(rows); r++) {
        const lem_json *against = lem_json_get(lem_json_at(rows, r), "against");
        for (size_t i = 0; i < lem_json_count(against); i++) {
            const char *name = text_of(lem_json_at(against, i), "name");
            int k = 0;
            while (k < a->n_sets && strcmp(a->set[k], name) != 0) k++;
            if (k == a->n_sets && k < MAX_SETS) a->set[a->n_sets++] = name;
            if (k < MAX_SETS) sets |= 1ULL << k;
        }
    }
    return sets;
}

/* A decontamination of the job against the very content of a file. */
static bool held_against(const audit *a, int job, const char *sha) {
    const lem_json *inputs = lem_json_get(a->jobs->at[job].manifest, "inputs");
    char name[32];
    for (size_t i = 0; i < lem_json_count(inputs); i++) {
        const lem_json *in = lem_json_at(inputs, i);
        option_name(in, name);
        if (strcmp(name, "against") == 0 && strcmp(text_of(in, "sha256"), sha) == 0) return true;
    }
    return false;
}

static uint64_t sets_of_input(audit *a, const lem_json *input, const char *sha) {
    int maker;
    const lem_json *inputs = inputs_of_maker(a, input, &maker);
    if (maker < 0 || a->entered[maker]) return maker < 0 ? 0 : a->sets_of[maker];
    a->entered[maker] = true;
    uint64_t own = 0, all = any_data(inputs) ? ~0ULL : 0;
    if (is_command(a, maker, "data decontam"))
        own = sha ? held_against(a, maker, sha) : sets_of_job(a, maker);
    for (size_t i = 0; i < lem_json_count(inputs); i++)
        if (is_data(lem_json_at(inputs, i))) all &= sets_of_input(a, lem_json_at(inputs, i), sha);
    return a->sets_of[maker] = own | all;
}

/* The test sets that all rows of an input were held against on their way. sha: that content alone counts, as
 * bit 0; NULL = names. */
static uint64_t checked(audit *a, const lem_json *input, const char *sha) {
    memset(a->entered, 0, sizeof a->entered);
    memset(a->sets_of, 0, sizeof a->sets_of);
    return sets_of_input(a, input, sha);
}

/* ---- what is said ---- */

static void put_sep(lem_buf *b, const char *text) { lem_buf_printf(b, "%s%s", b->len ? "; " : "", text); }

static void put_leaves(lem_grid *g, const leaves *l) {
    lem_buf b = {0};
    for (int i = 0; i < l->n; i++) put_sep(&b, text_of(l->at[i], "path"));
    if (l->more) put_sep(&b, "and more");
    g->failed = g->failed || b.failed;
    lem_grid_put(g, lem_buf_str(&b));
    lem_buf_release(&b);
}

static void put_sets(const audit *a, lem_grid *g, uint64_t sets) {
    lem_buf b = {0};
    for (int i = 0; i < a->n_sets; i++)
        if (sets >> i & 1) put_sep(&b, a->set[i]);
    if (!b.len) lem_buf_puts(&b, "never checked");
    g->failed = g->failed || b.failed;
    lem_grid_put(g, lem_buf_str(&b));
    lem_buf_release(&b);
}

/* Against what the results are of. */
static void judge(audit *a, const char *who, const lem_json *input, const leaves *from) {
    for (int i = 0; i < a->results.n; i++) {
        const char *sha = text_of(a->results.at[i], "sha256"), *path = text_of(a->results.at[i], "path");
        bool equal = false;
        for (int k = 0; k < from->n; k++)
            equal = equal || (*sha && strcmp(text_of(from->at[k], "sha256"), sha) == 0);
        lem_buf b = {0};
        lem_buf_printf(&b, "%s: %s", who, path);
        if (equal) put_sep(&a->same, lem_buf_str(&b));
        else if (!*sha || !checked(a, input, sha)) put_sep(&a->beside, lem_buf_str(&b));
        a->beside.failed = a->beside.failed || b.failed;
        lem_buf_release(&b);
    }
}

static void add_input(audit *a, lem_grid *g, int job, const lem_json *input) {
    char who[200], option[32];
    leaves from = {.n = 0};
    const lem_report_job *j = &a->jobs->at[job];
    option_name(input, option);
    if (!is_data(input)) return;
    snprintf(who, sizeof who, "%.30s (%.150s)", text_of(j->manifest, "command"), j->output);
    find_leaves(a, input, &from);
    uint64_t sets = checked(a, input, NULL);
    lem_grid_put(g, who);
    lem_grid_put(g, text_of(input, "path"));
    put_leaves(g, &from);
    put_sets(a, g, sets);
    if (!sets)
        lem_buf_printf(&a->unchecked, "%s%s: %s", a->unchecked.len ? "; " : "", who, text_of(input, "path"));
    judge(a, who, input, &from);
}

static bool is_result(const lem_sources *s, const char *output) {
    for (int i = 0; i < s->n; i++) {
        lem_source_kind kind = s->at[i].kind;
        bool result = kind == LEM_SOURCE_METRICS || kind == LEM_SOURCE_BENCHMARKS ||
                      kind == LEM_SOURCE_COMPARISON || kind == LEM_SOURCE_ABLATION;
        if (result && strcmp(s->at[i].path, output) == 0) return true;
    }
    return false;
}

/* The files that results were computed from lead to the problems that they are of. */
static void find_results(audit *a, const lem_sources *s) {
    memset(a->entered, 0, sizeof a->entered);
    for (int i = 0; i < a->jobs->n; i++) {
        const lem_json *inputs = lem_json_get(a->jobs->at[i].manifest, "inputs");
        for (size_t k = 0; is_result(s, a->jobs->at[i].output) && k < lem_json_count(inputs); k++)
            if (is_data(lem_json_at(inputs, k))) walk_back(a, lem_json_at(inputs, k), &a->results);
    }
}

static lem_status put_note(lem_page *p, const char *begin, const lem_buf *list, const char *end,
                           lem_err *err) {
    lem_buf b = {0};
    if (!list->len) return LEM_OK;
    lem_buf_printf(&b, "%s %s. %s", begin, list->data, end);
    lem_status st = list->failed ? LEM_EMEM : lem_buf_ok(&b, err);
    if (st == LEM_OK) lem_page_note(p, b.data);
    lem_buf_release(&b);
    return st;
}

static lem_status put_notes(lem_page *p, const audit *a, lem_err *err) {
    lem_status st = put_note(p, "Trained on the very file that results are of:", &a->same,
                             "Those results say nothing of other problems.", err);
    if (st == LEM_OK)
        st = put_note(
            p, "Never checked for contamination:", &a->unchecked,
            "Nothing here says that no test problem is among these rows; lemma data decontam would.", err);
    if (st == LEM_OK)
        st = put_note(p, "Not held against the problems that results on this page are of:", &a->beside,
                      "Only a check against the same content counts.", err);
    return st;
}

static lem_status show(lem_page *p, audit *a, lem_err *err) {
    lem_grid g = {.n = 0};
    lem_grid_column(&g, "trained by", false);
    lem_grid_column(&g, "learned from", false);
    lem_grid_column(&g, "whose rows came from", false);
    lem_grid_column(&g, "checked against", false);
    for (int i = 0; i < a->jobs->n; i++) {
        const lem_json *inputs = lem_json_get(a->jobs->at[i].manifest, "inputs");
        for (size_t k = 0; trains(a, i) && k < lem_json_count(inputs); k++)
            add_input(a, &g, i, lem_json_at(inputs, k));
    }
    lem_status st = LEM_OK;
    if (lem_grid_rows(&g)) {
        lem_page_section(p, "Contamination");
        st = put_notes(p, a, err);
    }
    if (st == LEM_OK) st = lem_grid_show(&g, p, "contamination", NULL, -1, err);
    lem_grid_release(&g);
    return st;
}

lem_status lem_report_contamination(lem_page *p, const lem_report_jobs *jobs, const lem_sources *sources,
                                    lem_err *err) {
    audit *a = lem_alloc_zero(1, sizeof *a, err);
    if (!a) return LEM_EMEM;
    a->jobs = jobs;
    find_results(a, sources);
    lem_status st = show(p, a, err);
    lem_buf_release(&a->unchecked);
    lem_buf_release(&a->same);
    lem_buf_release(&a->beside);
    lem_free(a);
    return st;
}
