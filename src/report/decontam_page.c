/* decontam_page.c - the page of a decontamination */
#include "report/decontam_page.h"

#include "core/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER = 24, OPEN = 3 };

static void number(char out[NUMBER], uint64_t n) { snprintf(out, NUMBER, "%" PRIu64, n); }

static void summary(lem_page *page, const lem_decontam_page *p) {
    char rows[NUMBER], dropped[NUMBER], allowed[NUMBER], share[NUMBER];
    number(rows, p->rows);
    number(dropped, p->dropped);
    number(allowed, p->allowed);
    snprintf(share, sizeof share, "%.3g %%", p->rows ? 100.0 * (double)p->dropped / (double)p->rows : 0);
    const lem_pair tiles[] = {
        {"training rows", rows}, {"left out", dropped}, {"kept by the allow list", allowed}};
    const char *const details[] = {NULL, share, NULL};
    lem_page_tiles(page, tiles, details, 3);
    lem_page_paragraph(page, p->rule);
}

static lem_status add_sets(lem_page *page, const lem_decontam_page *p, lem_err *err) {
    static const lem_column columns[] = {
        {"test set", false}, {"rows", true}, {"matched", true}, {"sharing", true}, {"left out", true}};
    static const char text[] = "Rows of the test set, and those of them that a training row matched; "
                               "training rows that share an n-gram with it, and those left out.";
    char(*numbers)[4][NUMBER] = lem_alloc(p->n_sets + 1, sizeof *numbers, err);
    const char **cells = lem_alloc(p->n_sets + 1, 5 * sizeof *cells, err);
    if (numbers && cells) {
        for (size_t i = 0; i < p->n_sets; i++) {
            const lem_decontam_page_set *s = &p->set[i];
            const uint64_t values[] = {s->rows, s->rows_hit, s->train_sharing, s->train_dropped};
            cells[5 * i] = s->name;
            for (int k = 0; k < 4; k++) {
                number(numbers[i][k], values[k]);
                cells[5 * i + 1 + (size_t)k] = numbers[i][k];
            }
        }
        const lem_table t = {"test-sets", NULL, columns, 5, (int)p->n_sets, cells, -1};
        lem_page_section(page, "Test sets");
        lem_page_paragraph(page, text);
        lem_page_table(page, &t);
    }
    bool ok = numbers && cells;
    lem_free(numbers);
    lem_free(cells);
    return ok ? LEM_OK : LEM_EMEM;
}

static lem_status add_phrases(lem_page *page, const lem_decontam_page *p, lem_err *err) {
    static const lem_column columns[] = {{"test texts", true}, {"stock phrase", false}};
    char caption[120];
    char(*numbers)[NUMBER] = lem_alloc(p->n_phrases + 1, sizeof *numbers, err);
    const char **cells = lem_alloc(p->n_phrases + 1, 2 * sizeof *cells, err);
    bool ok = numbers && cells;
    if (ok && p->n_phrases) {
        for (size_t i = 0; i < p->n_phrases; i++) {
            number(numbers[i], p->phrase[i].tests);
            cells[2 * i] = numbers[i];
            cells[2 * i + 1] = p->phrase[i].text;
        }
        snprintf(caption, sizeof caption, "%zu of %zu", p->n_phrases, p->all_phrases);
        const lem_table t = {"stock-phrases", caption, columns, 2, (int)p->n_phrases, cells, -1};
        lem_page_section(page, "Stock phrases");
        lem_page_paragraph(page,
                           "Many different test texts share these words, so that a training row that has "
                           "them too is not near any one of them. They do not count.");
        lem_page_table(page, &t);
    }
    lem_free(numbers);
    lem_free(cells);
    return ok ? LEM_OK : LEM_EMEM;
}

static void add_match(lem_page *page, const lem_decontam_page_match *m, bool open) {
    char title[700], note[400];
    snprintf(title, sizeof title, "%s: %.300s and %.300s (%s)", m->decision, m->train, m->test, m->rule);
    snprintf(note, sizeof note,
             "Common subsequence: %" PRIu64
             " words, %.1f %% of the training text and %.1f %% of the test text. "
             "Shared n-grams: %" PRIu64 "; longest run: %" PRIu64 " words.",
             m->lcs, 100 * m->of_train, 100 * m->of_test, m->ngrams, m->run);
    lem_page_beside(page, title, note, m->text, open);
}

static void add_matches(lem_page *page, const lem_decontam_page *p) {
    char text[200];
    lem_page_section(page, "Matches");
    if (p->n_matches == 0) {
        lem_page_paragraph(page, "No training row shares anything with a test row.");
        return;
    }
    snprintf(
        text, sizeof text,
        "%zu of %zu. Underlined: words that both have in the same order. Filled: runs of as many words as "
        "an n-gram has.",
        p->n_matches, p->all_matches);
    lem_page_paragraph(page, text);
    for (size_t i = 0; i < p->n_matches; i++) add_match(page, &p->match[i], i < OPEN);
}

lem_status lem_decontam_page_save(const lem_decontam_page *p, const char *path, bool overwrite,
                                  lem_err *err) {
    lem_page *page = lem_page_new("Decontamination", NULL, err);
    if (!page) return LEM_EMEM;
    summary(page, p);
    lem_status st = add_sets(page, p, err);
    if (st == LEM_OK) add_matches(page, p);
    if (st == LEM_OK) st = add_phrases(page, p, err);
    if (st == LEM_OK) st = lem_page_save(page, path, overwrite, err);
    lem_page_free(page);
    return st;
}
