/* grade_targets - verdicts on the shared golds, responses and labelled pairs against the targets of the
 * specification
 *
 * usage: grade_targets [DATA [ADJUDICATED]] [--show SET]
 * DATA is the folder of real files (default ../shared/data), ADJUDICATED a file of {"id", "expected",
 * "reason"} rows that overrule a source's label (default tests/data/grading/adjudicated.jsonl). Prints one
 * line a set: pairs, false negatives (right, not called equal), false positives (wrong, called equal),
 * undecided, asymmetric verdicts, pairs per second of processor time, slowest pair. --show lists the errors
 * of one set. A set that is absent is skipped and counted. Exit status 1 when a set misses its target. */
#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "grade/grade.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct tally {
    const char *name;
    long pairs, right, wrong, fn, fp, undecided, asymmetric, bad_gold, unparsed;
    double seconds, slowest;
} tally;

typedef struct run {
    const char *data;
    lem_json *verdicts; /* id -> expected, the adjudicated ones */
    const char *show;
    int skipped, missed;
    long adjudicated;
} run;

static double now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(const lem_err *err) {
    fprintf(stderr, "grade_targets: %s\n", err->text);
    exit(2);
}

static lem_answer_result compare(const char *gold, size_t n, const char *pred, size_t m,
                                 const lem_grade_profile *p) {
    lem_err err = LEM_ERR_INIT;
    lem_grade_gold *g = NULL;
    lem_answer_result r;
    if (lem_grade_gold_new(gold, n, p, &g, &err) != LEM_OK ||
        lem_grade_compare(g, pred, m, &r, &err) != LEM_OK)
        die(&err);
    lem_grade_gold_free(g);
    return r;
}

static bool is_right(lem_answer_result r) { return lem_grade_correct_of(r.verdict) == LEM_GRADE_RIGHT; }

/* By rules of precision the gold decides, so a numeric equality may hold one way only. */
static bool may_differ(lem_answer_result a, lem_answer_result b) {
    return a.verdict == LEM_ANSWER_EQUAL_NUMERIC || b.verdict == LEM_ANSWER_EQUAL_NUMERIC;
}

static void one_pair(run *r, tally *t, const char *id, const char *gold, size_t n, const char *pred, size_t m,
                     bool expected, const lem_grade_profile *p) {
    lem_json *v = id ? lem_json_get(r->verdicts, id) : NULL;
    if (v) {
        expected = lem_json_bool(v, expected);
        r->adjudicated++;
    }
    double start = now();
    lem_answer_result a = compare(gold, n, pred, m, p);
    double took = now() - start;
    lem_answer_result b = compare(pred, m, gold, n, p);
    t->pairs++;
    t->seconds += took;
    if (took > t->slowest) t->slowest = took;
    bool right = is_right(a), undecided = lem_grade_correct_of(a.verdict) == LEM_GRADE_UNDECIDED;
    t->right += expected;
    t->wrong += !expected;
    t->fn += expected && !right;
    t->fp += !expected && right;
    t->undecided += undecided;
    bool lopsided = right != is_right(b) && !may_differ(a, b);
    t->asymmetric += lopsided;
    if (r->show && strcmp(r->show, t->name) == 0 && (expected != right || lopsided))
        printf("  %-3s %-16s gold '%.*s' prediction '%.*s': %s, %s\n",
               lopsided   ? "ASY"
               : expected ? "FN"
                          : "FP",
               id ? id : "", (int)(n > 160 ? 160 : n), gold, (int)(m > 160 ? 160 : m), pred,
               lem_answer_verdict_name(a.verdict), a.rule);
}

static void report(run *r, const tally *t, double fn_limit, double fp_limit) {
    double fn = t->right ? 100.0 * (double)t->fn / (double)t->right : 0,
           fp = t->wrong ? 100.0 * (double)t->fp / (double)t->wrong : 0;
    bool ok = fn <= fn_limit && fp <= fp_limit && t->asymmetric == 0;
    r->missed += !ok;
    printf("%-18s %6ld pairs  FN %4ld of %5ld (%.2f %%)  FP %3ld of %5ld  undecided %4ld  asymmetric %2ld  "
           "%7.0f/s  max %6.2f ms  %s\n",
           t->name, t->pairs, t->fn, t->right, fn, t->fp, t->wrong, t->undecided, t->asymmetric,
           t->seconds > 0 ? (double)t->pairs / t->seconds : 0, t->slowest * 1e3, ok ? "ok" : "MISSED");
}

typedef void (*row_fn)(run *, tally *, lem_json *);

/* False when the file is absent. */
static bool each_row(run *r, tally *t, const char *file, row_fn fn) {
    lem_err err = LEM_ERR_INIT;
    lem_lines *l = NULL;
    char *path = lem_path_join(r->data, file, &err);
    if (!path) die(&err);
    if (!lem_file_exists(path)) {
        printf("%-18s skipped: no %s\n", t->name, file);
        r->skipped++;
        lem_free(path);
        return false;
    }
    if (lem_lines_open(path, 64u << 20, &l, &err) != LEM_OK) die(&err);
    for (;;) {
        const char *line;
        size_t len;
        bool eof;
        lem_json *row = NULL;
        if (lem_lines_next(l, &line, &len, &eof, &err) != LEM_OK) die(&err);
        if (eof) break;
        if (len == 0) continue;
        if (lem_json_parse(line, len, &row, &err) != LEM_OK) die(&err);
        fn(r, t, row);
        lem_json_free(row);
    }
    lem_lines_close(l);
    lem_free(path);
    return true;
}

static bool parses(const char *s, size_t n) {
    lem_err err = LEM_ERR_INIT;
    lem_grade_gold *g = NULL;
    if (lem_grade_gold_new(s, n, NULL, &g, &err) != LEM_OK) die(&err);
    bool ok = lem_grade_gold_ok(g);
    lem_grade_gold_free(g);
    return ok;
}

static void self(run *r, tally *t, const char *s, size_t n) {
    lem_grade_profile p = {.policy = LEM_GRADE_STD};
    if (n == 0) {
        t->bad_gold++;
        return;
    }
    one_pair(r, t, NULL, s, n, s, n, true, &p);
    if (!parses(s, n)) {
        t->unparsed++;
        if (r->show && strcmp(r->show, t->name) == 0) printf("  unparsed gold '%.*s'\n", (int)n, s);
    }
}

static void self_marked(run *r, tally *t, const char *s, size_t n) {
    lem_grade_span span;
    if (lem_grade_extract(&(lem_grade_profile){.task = LEM_GRADE_TASK_STD}, s, n, &span) && !span.weak)
        self(r, t, s + span.offset, span.len);
    else t->bad_gold++;
}

static void self_answer(run *r, tally *t, lem_json *row) {
    static const char *const keys[] = {"answer", "expected_answer", "correct", "gt", "Answer", NULL};
    for (int k = 0; keys[k]; k++) {
        lem_json *v = lem_json_get(row, keys[k]);
        if (lem_json_kind(v) == LEM_JSON_STRING) {
            self(r, t, lem_json_str(v, ""), lem_json_str_len(v));
            return;
        }
        if (v) {
            char text[40];
            int n = snprintf(text, sizeof text, "%.17g", lem_json_num(v, 0));
            self(r, t, text, (size_t)n);
            return;
        }
    }
    t->bad_gold++;
}

static void self_solution(run *r, tally *t, lem_json *row) {
    const char *key = lem_json_get(row, "solution") ? "solution" : "answer";
    lem_json *v = lem_json_get(row, key);
    self_marked(r, t, lem_json_str(v, ""), lem_json_str_len(v));
}

static bool is_peer(const char *id) {
    return strncmp(id, "mathverify", 10) == 0 || strncmp(id, "lighteval", 9) == 0 ||
           strncmp(id, "olympiad", 8) == 0;
}

/* Texts of the peers' tests are answers or responses; there several boxes are one list. */
static lem_grade_span peer_answer(const char *s, lem_grade_span whole, bool letter) {
    lem_grade_span at;
    bool found = lem_grade_extract(
        &(lem_grade_profile){.task = letter ? LEM_GRADE_TASK_CHOICE : LEM_GRADE_TASK_OLYMPIAD}, s, whole.len,
        &at);
    if (!found || (!letter && at.weak && parses(s, whole.len))) return whole;
    return at;
}

static void labelled(run *r, tally *t, lem_json *row) {
    lem_grade_profile p = {.policy = LEM_GRADE_STD};
    lem_json *g = lem_json_get(row, "gold"), *q = lem_json_get(row, "pred"), *opt = lem_json_get(row, "opt");
    lem_json *want = lem_json_get(row, "label") ? lem_json_get(row, "label") : lem_json_get(row, "expected");
    if (!g || lem_json_kind(want) != LEM_JSON_BOOL) return; /* rows that test extraction alone */
    const char *src = lem_json_str(lem_json_get(row, "ds"), "");
    if (strcmp(src, "minerva_math") == 0) p.task = LEM_GRADE_TASK_MINERVA;
    lem_json *tol = lem_json_get(opt, "abs_tol");
    if (lem_json_kind(tol) == LEM_JSON_ARRAY) tol = lem_json_at(tol, 0);
    p.abs_tol =
        lem_json_kind(tol) == LEM_JSON_STRING ? strtod(lem_json_str(tol, "0"), NULL) : lem_json_num(tol, 0);
    lem_grade_span a = {0, lem_json_str_len(g), LEM_GRADE_BY_WHOLE, false},
                   b = {0, lem_json_str_len(q), LEM_GRADE_BY_WHOLE, false};
    const char *gold = lem_json_str(g, ""), *pred = lem_json_str(q, "");
    lem_json *match = lem_json_get(opt, "match_types");
    bool letters = match && strcmp(lem_json_str(lem_json_at(match, 0), ""), "NativeLetters") == 0;
    double places =
        lem_json_num(lem_json_get(opt, "precision"), 0); /* the peers round both sides to so many places */
    if (places > 0) p.abs_tol = pow(10, -places);
    if (is_peer(lem_json_str(lem_json_get(row, "id"), ""))) {
        a = peer_answer(gold, a, letters);
        b = peer_answer(pred, b, letters);
    }
    one_pair(r, t, lem_json_str(lem_json_get(row, "id"), NULL), gold + a.offset, a.len, pred + b.offset,
             b.len, lem_json_bool(want, false), &p);
}

static void response(run *r, tally *t, const char *id, lem_json *gold, lem_json *text, bool expected,
                     lem_grade_task task) {
    lem_grade_profile p = {.task = task};
    lem_grade_span s = {0, 0, LEM_GRADE_BY_NONE, false};
    if (!lem_grade_extract(&(lem_grade_profile){.task = task}, lem_json_str(text, ""), lem_json_str_len(text),
                           &s))
        s.offset = s.len = 0;
    one_pair(r, t, id, lem_json_str(gold, ""), lem_json_str_len(gold), lem_json_str(text, "") + s.offset,
             s.len, expected, &p);
}

static void qwen_rows(run *r, tally *t, lem_json *row) {
    lem_json *code = lem_json_get(row, "code"), *score = lem_json_get(row, "score");
    for (size_t k = 0; k < lem_json_count(code); k++) {
        char id[64];
        (void)snprintf(id, sizeof id, "qwen/%lld/%zu", (long long)lem_json_int(lem_json_get(row, "idx"), -1),
                       k);
        response(r, t, id, lem_json_get(row, "answer"), lem_json_at(code, k),
                 lem_json_bool(lem_json_at(score, k), false), LEM_GRADE_TASK_STD);
    }
}

static void gsm8k_rows(run *r, tally *t, lem_json *row) {
    static const char *const models[] = {"6b_finetuning", "6b_verification", "175b_finetuning",
                                         "175b_verification"};
    lem_json *truth = lem_json_get(row, "ground_truth");
    lem_grade_span g;
    if (!lem_grade_extract(&(lem_grade_profile){.task = LEM_GRADE_TASK_GSM8K}, lem_json_str(truth, ""),
                           lem_json_str_len(truth), &g))
        return;
    lem_json *gold = lem_json_new_strn(lem_json_str(truth, "") + g.offset, g.len);
    for (int k = 0; k < 4; k++) {
        lem_json *m = lem_json_get(row, models[k]);
        response(r, t, NULL, gold, lem_json_get(m, "solution"),
                 lem_json_bool(lem_json_get(m, "is_correct"), false), LEM_GRADE_TASK_GSM8K);
    }
    lem_json_free(gold);
}

static void adjudicated_row(run *r, tally *t, lem_json *row) {
    (void)t;
    if (!lem_json_set(r->verdicts, lem_json_str(lem_json_get(row, "id"), ""),
                      lem_json_new_bool(lem_json_bool(lem_json_get(row, "expected"), false))))
        exit(2);
}

int main(int argc, char **argv) {
    static const struct {
        const char *name, *file;
        row_fn fn;
        double fn_limit, fp_limit; /* per cent; negative: one of the peers' own cases, judged together (at
                                      least 98 % as labelled) */
    } sets[] = {
        {"self gsm8k", "bench/gsm8k/test.jsonl.gz", self_solution, 0, 0},
        {"self math500", "bench/math/math500.jsonl.gz", self_answer, 0, 0},
        {"self math train", "bench/math/math_train7500.jsonl.gz", self_solution, 0, 0},
        {"self minerva", "bench/qwen25math/minerva_math/test.jsonl.gz", self_solution, 0, 0},
        {"self aime24", "bench/qwen25math/aime24/test.jsonl.gz", self_answer, 0, 0},
        {"self amc23", "bench/qwen25math/amc23/test.jsonl", self_answer, 0, 0},
        {"self aqua", "bench/qwen25math/aqua/test.jsonl", self_answer, 0, 0},
        {"self svamp", "bench/qwen25math/svamp/test.jsonl.gz", self_answer, 0, 0},
        {"qwen 800", "outputs/qwen25math_rm_maj/math_cot_100.jsonl.gz", qwen_rows, 0, 0},
        {"gsm8k 5276", "outputs/gsm8k_openai/example_model_solutions.jsonl.gz", gsm8k_rows, 0, 0},
        {"mutated", "grading/mutated.jsonl.gz", labelled, 0.5, 0},
        {"probes", "grading/probes_half.jsonl.gz", labelled, 2, 0},
        {"mathverify", "grading/peer_mathverify.jsonl.gz", labelled, -1, -1},
        {"lighteval", "grading/peer_lighteval.jsonl.gz", labelled, -1, -1},
        {"olympiad", "grading/peer_olympiad.jsonl.gz", labelled, -1, -1},
        {"hendrycks", "grading/peer_hendrycks.jsonl.gz", labelled, -1, -1},
        {"latex2sympy", "grading/peer_latex2sympy.jsonl.gz", labelled, 12.7,
         0}, /* as many as Math-Verify, 1,543 of 1,767: much of it is calculus */
    };
    run r = {.data = "../shared/data", .verdicts = lem_json_new_object()};
    const char *table = "tests/data/grading/adjudicated.jsonl";
    for (int i = 1, k = 0; i < argc; i++) {
        if (strcmp(argv[i], "--show") == 0 && i + 1 < argc) r.show = argv[++i];
        else if (k++ == 0) r.data = argv[i];
        else table = argv[i];
    }
    tally none = {.name = "adjudicated"};
    run at = r;
    at.data = ".";
    if (each_row(&at, &none, table, adjudicated_row))
        printf("%zu adjudicated rows\n", lem_json_count(r.verdicts));
    long peers = 0, as_labelled = 0;
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        tally t = {.name = sets[i].name};
        bool peer = sets[i].fn_limit < 0;
        if (each_row(&r, &t, sets[i].file, sets[i].fn))
            report(&r, &t, peer ? 100 : sets[i].fn_limit, peer ? 100 : sets[i].fp_limit);
        peers += peer ? t.pairs : 0;
        as_labelled += peer ? t.pairs - t.fn - t.fp : 0;
        if (t.unparsed)
            printf("%-18s %6ld golds are equal to themselves as texts only\n", t.name, t.unparsed);
        if (t.bad_gold) printf("%-18s %6ld rows without a gold answer\n", t.name, t.bad_gold);
    }
    bool enough = as_labelled * 100 >= peers * 98;
    r.missed += !enough;
    if (peers)
        printf("peers' own cases: %ld of %ld as labelled (%.2f %%)  %s\n", as_labelled, peers,
               100.0 * (double)as_labelled / (double)peers, enough ? "ok" : "MISSED");
    printf("%d sets skipped, %d missed their targets; %ld labels adjudicated\n", r.skipped, r.missed,
           r.adjudicated);
    lem_json_free(r.verdicts);
    return r.missed != 0;
}
