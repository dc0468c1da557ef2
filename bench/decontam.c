/* decontam - megabytes of training text a second and core that are checked against test sets, step by step
 *
 * usage: decontam [DATA] [MEGABYTES [STEP]]     DATA: the folder of real files (default ../shared/data);
 *        STEP: one of the five steps alone, from 1
 *
 * One thread. The rows are the shared training sets, again and again up to MEGABYTES (default 64); the test
 * sets are all benchmarks. Rates are given in bytes of the texts that are checked and in bytes of the JSONL
 * that they stand in, beside the share of what reading memory reaches in this run. */
#include "core/file.h"
#include "core/mem.h"
#include "curate/decontam_priv.h"
#include "curate/decontam_tests.h"
#include "curate/normalize.h"
#include "data/row_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REPEATS = 3 };

typedef struct texts {
    lem_buf all;
    size_t *end; /* [n] */
    size_t n, cap;
    double read_seconds; /* of reading and parsing the rows once */
    size_t rows, bytes;  /* of one reading; bytes of text */
    size_t jsonl;        /* bytes of the files, unpacked */
} texts;

static double now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void must(lem_status st, const lem_err *err) {
    if (st == LEM_OK) return;
    fprintf(stderr, "decontam: %s\n", err->text);
    exit(2);
}

static void add(texts *t, const char *s, size_t n) {
    lem_err err = LEM_ERR_INIT;
    if (t->n == t->cap) {
        t->cap = t->cap ? 2 * t->cap : 4096;
        t->end = lem_realloc(t->end, t->cap, sizeof *t->end, &err);
        if (!t->end) must(LEM_EMEM, &err);
    }
    lem_buf_add(&t->all, s, n);
    must(lem_buf_ok(&t->all, &err), &err);
    t->end[t->n++] = t->all.len;
}

static void count_bytes(texts *t, const char *path) {
    lem_err err = LEM_ERR_INIT;
    lem_lines *in = NULL;
    const char *line;
    size_t len = 0;
    bool eof = false;
    must(lem_lines_open(path, 0, &in, &err), &err);
    for (;;) {
        must(lem_lines_next(in, &line, &len, &eof, &err), &err);
        if (eof) break;
        t->jsonl += len + 1;
    }
    lem_lines_close(in);
}

static void read_file(texts *t, const char *path, bool responses) {
    lem_err err = LEM_ERR_INIT;
    count_bytes(t, path);
    lem_row_texts now_texts = {0};
    lem_row_reader *in = NULL;
    const lem_row_reader_opts o = {.limit = -1};
    double start = now();
    must(lem_row_reader_open(&path, 1, &o, &in, &err), &err);
    for (;;) {
        lem_json *row = NULL;
        must(lem_row_reader_next(in, &row, &err), &err);
        if (!row) break;
        must(lem_row_reader_texts(in, row, &now_texts, &err), &err);
        const lem_buf *b = responses ? &now_texts.response : &now_texts.prompt;
        if (b->len) add(t, lem_buf_str(b), b->len);
        t->rows++;
        lem_json_free(row);
    }
    lem_row_reader_close(in);
    lem_row_texts_release(&now_texts);
    t->read_seconds += now() - start;
}

/* Up to `bytes` of text, the same rows over and over. */
static void repeat(texts *t, size_t bytes) {
    size_t rows = t->n;
    t->bytes = t->all.len;
    if (!lem_buf_reserve(&t->all, bytes + t->all.len)) exit(5);
    for (size_t i = 0; t->all.len < bytes; i = (i + 1) % rows) {
        size_t begin = i ? t->end[i - 1] : 0;
        add(t, t->all.data + begin, t->end[i] - begin);
    }
}

static double memory_rate(const texts *t, bool copy) {
    double best = 1e9;
    uint64_t sum = 0;
    char *to = copy ? malloc(t->all.len) : NULL;
    if (copy && !to) exit(5);
    for (int k = 0; k < REPEATS; k++) {
        double start = now();
        if (copy) memcpy(to, t->all.data, t->all.len);
        else
            for (size_t i = 0; i + 64 <= t->all.len; i += 64) {
                uint64_t w[8];
                memcpy(w, t->all.data + i, 64);
                sum += (w[0] ^ w[1]) + (w[2] ^ w[3]) + (w[4] ^ w[5]) + (w[6] ^ w[7]);
            }
        double took = now() - start;
        if (took < best) best = took;
    }
    if (copy) sum += (uint64_t)(unsigned char)to[t->all.len / 2];
    fprintf(stderr, sum == 42 ? " " : "");
    free(to);
    return (double)t->all.len / 1e6 / best;
}

typedef struct step {
    const lem_tests *tests;
    lem_decontam_work *work;
    lem_word_ids ids;
    lem_buf normal;
    size_t matches, contaminated;
} step;
typedef void step_fn(step *s, const char *text, size_t len);

static void do_normalize(step *s, const char *text, size_t len) {
    lem_err err = LEM_ERR_INIT;
    lem_buf_clear(&s->normal);
    must(lem_normalize(text, len, &s->normal, &err), &err);
}

static void do_words(step *s, const char *text, size_t len) {
    lem_err err = LEM_ERR_INIT;
    must(lem_vocabulary_find(&s->tests->index->words, text, len, &s->ids, &err), &err);
}

static void check(step *s, const char *text, size_t len, bool math) {
    lem_err err = LEM_ERR_INIT;
    lem_decontam_found f;
    must(lem_decontam_check(s->tests->index, s->work, text, len, LEM_DECONTAM_PROMPT, math, NULL, &f, &err),
         &err);
    s->matches += f.n;
    bool any = false;
    for (size_t i = 0; i < f.n; i++) any = any || f.match[i].rule != LEM_DECONTAM_NONE;
    s->contaminated += any;
}

static void do_math(step *s, const char *text, size_t len) { check(s, text, len, true); }
static void do_other(step *s, const char *text, size_t len) { check(s, text, len, false); }

static double rate(const texts *t, step *s, step_fn *fn) {
    double best = 1e9;
    for (int k = 0; k < REPEATS; k++) {
        s->matches = s->contaminated = 0;
        double start = now();
        for (size_t i = 0, at = 0; i < t->n; at = t->end[i++]) fn(s, t->all.data + at, t->end[i] - at);
        double took = now() - start;
        if (took < best) best = took;
    }
    return (double)t->all.len / 1e6 / best;
}

static void measure(const char *name, const texts *t, const lem_tests *lemma, const lem_tests *paper,
                    size_t only) {
    const struct {
        const char *name;
        const lem_tests *tests;
        step_fn *fn;
    } steps[] = {{"normalise", lemma, do_normalize},
                 {"normalise, number the words", lemma, do_words},
                 {"check, --domain other", lemma, do_other},
                 {"check, --rule acemath", paper, do_math},
                 {"check, default rule", lemma, do_math}};
    lem_err err = LEM_ERR_INIT;
    double reading = memory_rate(t, false), copying = memory_rate(t, true);
    printf("\n%s: %zu texts, %.1f MB; memory read %.0f MB/s, copied %.0f MB/s\n", name, t->n,
           (double)t->all.len / 1e6, reading, copying);
    const double jsonl = (double)t->jsonl / (double)t->bytes; /* bytes of JSONL for a byte of text */
    printf("files: %.1f MB of JSONL, of which %.1f MB are these texts\n", (double)t->jsonl / 1e6,
           (double)t->bytes / 1e6);
    printf("%-30s %7.0f MB/s of JSONL\n", "reading and parsing the rows",
           (double)t->jsonl / 1e6 / t->read_seconds);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (only && i + 1 != only) continue;
        step s = {.tests = steps[i].tests};
        must(lem_decontam_work_new(s.tests->index, &s.work, &err), &err);
        double r = rate(t, &s, steps[i].fn);
        printf("%-30s %7.0f MB/s of JSONL, %4.0f MB/s of text (%.1f %% of reading memory)", steps[i].name,
               r * jsonl, r, 100 * r / reading);
        if (s.matches) printf("; %zu matches, %zu texts contaminated", s.matches, s.contaminated);
        printf("\n");
        lem_decontam_work_free(s.work);
        lem_word_ids_release(&s.ids);
        lem_buf_release(&s.normal);
    }
}

static void load(const char *data, bool paper, lem_tests *out) {
    lem_err err = LEM_ERR_INIT;
    static const char *const names[] = {"all"};
    const lem_tests_opts o = {.rule = {13, 0.6, LEM_DECONTAM_TRAIN, paper ? 0 : 3, paper}, .data_dir = data};
    double start = now();
    must(lem_tests_load(names, 1, &o, out, &err), &err);
    printf("%s: %u test rows of %u benchmarks, %u texts, indexed in %.2f s\n", paper ? "acemath" : "default",
           out->n_rows, out->n_sets, lem_decontam_tests(out->index), now() - start);
}

int main(int argc, char **argv) {
    static const struct {
        const char *name, *path[3];
        bool responses;
    } sets[] = {{"prompts of mathematics",
                 {"bench/math/math_train7500.jsonl.gz", "bench/gsm8k/train.jsonl.gz",
                  "bench/rl_train/dapo17k.jsonl.gz"},
                 false},
                {"general prompts (T0)", {"sft/t0_half.jsonl.gz", NULL, NULL}, false}};
    const char *data = argc > 1 ? argv[1] : "../shared/data";
    size_t bytes = (argc > 2 ? strtoul(argv[2], NULL, 10) : 64) * 1000000;
    lem_tests lemma, paper;
    char path[4096];
    load(data, false, &lemma);
    load(data, true, &paper);
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        texts t = {0};
        for (int k = 0; k < 3 && sets[i].path[k]; k++) {
            snprintf(path, sizeof path, "%s/%s", data, sets[i].path[k]);
            read_file(&t, path, sets[i].responses);
        }
        repeat(&t, bytes);
        measure(sets[i].name, &t, &lemma, &paper, argc > 3 ? strtoul(argv[3], NULL, 10) : 0);
        lem_buf_release(&t.all);
        lem_free(t.end);
    }
    lem_tests_release(&lemma);
    lem_tests_release(&paper);
    return 0;
}
