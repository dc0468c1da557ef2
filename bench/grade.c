/* grade - verdicts per second and their latency: labelled pairs, hard pairs, and pairs made to be slow
 *
 * usage: grade [DATA]     DATA is the folder of real files (default ../shared/data)
 *
 * A set that is absent is skipped. A pair's time is processor time, the least of three runs, so that the
 * other work of the machine hardly counts. Compiling the gold is part of it. */
#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "grade/grade.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REPEATS = 3, MAX_PAIRS = 100000 };

typedef struct timings {
    double *t; /* seconds, one a pair */
    size_t n;
    long undecided;
    char slowest[200];
    double max;
} timings;

static double now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(const lem_err *err) {
    fprintf(stderr, "grade: %s\n", err->text);
    exit(2);
}

static void one(timings *s, const char *gold, const char *pred) {
    lem_err err = LEM_ERR_INIT;
    lem_answer_result r = {LEM_ANSWER_LIMIT, ""};
    double best = 1e9;
    for (int k = 0; k < REPEATS; k++) {
        lem_grade_gold *g = NULL;
        double start = now();
        if (lem_grade_gold_new(gold, strlen(gold), NULL, &g, &err) != LEM_OK ||
            lem_grade_compare(g, pred, strlen(pred), &r, &err) != LEM_OK)
            die(&err);
        lem_grade_gold_free(g);
        double took = now() - start;
        if (took < best) best = took;
    }
    if (s->n == MAX_PAIRS) return;
    s->t[s->n++] = best;
    s->undecided += r.verdict == LEM_ANSWER_LIMIT;
    if (best <= s->max) return;
    s->max = best;
    snprintf(s->slowest, sizeof s->slowest, "%.60s | %.60s: %s, %s", gold, pred,
             lem_answer_verdict_name(r.verdict), r.rule);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_set(const char *name, timings *s) {
    double sum = 0;
    if (s->n == 0) return;
    for (size_t k = 0; k < s->n; k++) sum += s->t[k];
    qsort(s->t, s->n, sizeof *s->t, ascending);
    printf("%-10s %6zu pairs  %8.0f/s  p50 %7.1f us  p99 %7.1f us  p99.9 %7.1f us  max %7.1f us  undecided "
           "%ld\n           slowest: %s\n",
           name, s->n, (double)s->n / sum, s->t[s->n / 2] * 1e6, s->t[s->n * 99 / 100] * 1e6,
           s->t[s->n * 999 / 1000] * 1e6, s->max * 1e6, s->undecided, s->slowest);
    s->n = 0;
    s->undecided = 0;
    s->max = 0;
}

static void from_file(timings *s, const char *name, const char *path) {
    lem_err err = LEM_ERR_INIT;
    lem_lines *lines = NULL;
    const char *line;
    size_t len;
    bool eof = false;
    if (!lem_file_exists(path)) {
        printf("%-10s skipped: no %s\n", name, path);
        return;
    }
    if (lem_lines_open(path, 1 << 20, &lines, &err) != LEM_OK) die(&err);
    while (lem_lines_next(lines, &line, &len, &eof, &err) == LEM_OK && !eof) {
        lem_json *row = NULL;
        if (lem_json_parse(line, len, &row, &err) != LEM_OK) die(&err);
        const char *gold = lem_json_str(lem_json_get(row, "gold"), NULL),
                   *pred = lem_json_str(lem_json_get(row, "pred"), NULL);
        if (gold && pred) one(s, gold, pred);
        lem_json_free(row);
    }
    lem_lines_close(lines);
    print_set(name, s);
}

/* head repeated n times, core, tail repeated n times, end */
static char *nested(const char *head, const char *core, const char *tail, const char *end, int n) {
    lem_buf b = {0};
    for (int k = 0; k < n; k++) lem_buf_puts(&b, head);
    lem_buf_puts(&b, core);
    for (int k = 0; k < n; k++) lem_buf_puts(&b, tail);
    lem_buf_puts(&b, end);
    return lem_buf_take(&b);
}

static void nested_pair(timings *s, const char *head, const char *core, const char *tail, const char *end,
                        int n) {
    char *a = nested(head, core, tail, "", n), *b = nested(head, core, tail, end, n);
    if (a && b) one(s, a, b), one(s, b, a);
    lem_free(a);
    lem_free(b);
}

/* Sum of format % k for k = 1 … n, against the same backwards with something added. */
static void sum_pair(timings *s, const char *before, const char *after, const char *end, int n) {
    lem_buf a = {0}, b = {0};
    for (int k = 1; k <= n; k++) {
        lem_buf_printf(&a, "%s%s%d%s", k > 1 ? "+" : "", before, k, after);
        lem_buf_printf(&b, "%s%s%d%s", k > 1 ? "+" : "", before, n + 1 - k, after);
    }
    lem_buf_puts(&b, end);
    one(s, lem_buf_str(&a), lem_buf_str(&b));
    one(s, lem_buf_str(&b), lem_buf_str(&a));
    lem_buf_release(&a);
    lem_buf_release(&b);
}

static void hostile(timings *s) {
    static const char *const pairs[][2] = {
        {"5^{5^{5^{5^5}}}", "5^{5^{5^{5^5}}}+1"},
        {"10^{10^{10^{10}}}", "10^{10}"},
        {"2^{2^{2^{2^{2^{2^2}}}}}", "2^{2^{2^{2^{2^{2^3}}}}}"},
        {"10^{5^{5^{5}}\\log_{10}5}", "5^{5^{5^5}}"},
        {"\\binom{10^7}{5\\cdot10^6}", "2^{10^7}"},
        {"(10^6)!", "(10^6+1)!"},
        {"(10^{15})!", "(10^{15})!+1"},
        {"((10^9)!)!", "((10^9)!)!+1"},
        {"(x+y+z+w)^{30}", "(x+y+z+w)^{29}(x+y+z+w)"},
        {"(x+y+z+w)^{30}", "(x+y+z+w)^{29}(x+y+z+w)+1"},
        {"(a+b+c+d+f+g)^{16}", "(a+b+c+d+f+g)^8(a+b+c+d+f+g)^8"},
        {"(x^2+y^2+1)^{100}", "((x^2+y^2+1)^{50})^2"},
        {"\\sqrt{x+\\sqrt{x+\\sqrt{x+\\sqrt{x+\\sqrt{x}}}}}^{32}",
         "(x+\\sqrt{x+\\sqrt{x+\\sqrt{x+\\sqrt{x}}}})^{16}"},
        {"\\frac{1}{1+\\sqrt{x+\\sqrt{y}}}^{40}", "(1+\\sqrt{x+\\sqrt{y}})^{-40}"},
        {"\\left(\\sqrt2+\\sqrt3+\\sqrt5+\\sqrt7+\\sqrt{11}\\right)^{20}",
         "\\left(\\sqrt{11}+\\sqrt2+\\sqrt3+\\sqrt5+\\sqrt7\\right)^{20}+10^{-300}"},
        {"\\sin(10^{1000})", "\\sin(10^{1000}+1)"},
        {"\\sin(10^{10^{10}})", "\\cos(10^{10^{10}})"},
        {"\\cos\\frac{\\pi}{65537}", "\\cos\\frac{\\pi}{65539}"},
        {"\\sqrt[1000000]{2}", "\\sqrt[1000001]{2}"},
        {"\\lfloor \\sin(\\pi/7)^{-1000} \\rfloor", "\\lfloor \\sin(\\pi/7)^{-1001} \\rfloor"},
        {"x^{x^{x^{x^x}}}", "x^{x^{x^{x^{x+0}}}}"},
        {"i^{i^{i^i}}", "i^{i^{i^{i}}}+10^{-200}"},
        {"\\Gamma(x)\\cdot x", "x!"},
    };
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++)
        one(s, pairs[k][0], pairs[k][1]), one(s, pairs[k][1], pairs[k][0]);
    static const char *const ends[] = {"+0", "+1", "+10^{-400}", "+\\sqrt{2}-\\sqrt{2}",
                                       "+\\ln 6-\\ln 2-\\ln 3+\\sin 1-\\sin 1"};
    for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
        for (int n = 10; n <= 60; n += 10) {
            nested_pair(s, "(", "x", "+1)", ends[k], n);
            nested_pair(s, "\\sqrt{2+", "2", "}", ends[k], n);
            nested_pair(s, "\\sqrt[3]{2+", "x", "}", ends[k], n);
            nested_pair(s, "\\sin(1+", "x", ")", ends[k], n);
            nested_pair(s, "e^{-", "1", "}", ends[k], n);
            nested_pair(s, "\\ln(3+", "i", ")", ends[k], n);
            nested_pair(s, "\\frac{1}{1+", "x", "}", ends[k], n);
            nested_pair(s, "(1+", "x", ")^2", ends[k], n / 5);
            nested_pair(s, "|x-", "y", "|", ends[k], n / 2);
        }
        for (int n = 50; n <= 800; n *= 2) {
            sum_pair(s, "\\sqrt{", "}", ends[k], n);
            sum_pair(s, "\\sin ", "", ends[k], n);
            sum_pair(s, "\\sqrt[3]{x+", "}", ends[k], n);
            sum_pair(s, "\\frac{1}{x+", "}", ends[k], n / 4);
            sum_pair(s, "e^{", "i}", ends[k], n);
            sum_pair(s, "x^{", "}", ends[k], n);
            sum_pair(s, "\\ln ", "", ends[k], n);
            sum_pair(s, "\\cos\\frac{\\pi}{", "}", ends[k], n / 4);
            sum_pair(s, "(\\frac{1}{3}+", ")!", ends[k], n / 4);
        }
    }
    nested_pair(s, "7", "", "", "1", 8000);
    nested_pair(s, "7", ".", "3", "1", 4000);
    print_set("hostile", s);
}

int main(int argc, char **argv) {
    lem_err err = LEM_ERR_INIT;
    const char *data = argc > 1 ? argv[1] : "../shared/data";
    timings s = {.t = lem_alloc(MAX_PAIRS, sizeof *s.t, &err)};
    char *path = s.t ? lem_path_join(data, "grading/mutated.jsonl.gz", &err) : NULL;
    if (!path) die(&err);
    from_file(&s, "mutated", path);
    from_file(&s, "hard", "tests/data/grading/hard.jsonl");
    hostile(&s);
    lem_free(path);
    lem_free(s.t);
    return 0;
}
