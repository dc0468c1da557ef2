/* decontam_page.c - the page of `data decontam`: what was found, put into the report's words */
#include "cli/decontam_run.h"

#include "core/mem.h"
#include "curate/decontam_align.h"
#include "report/decontam_page.h"

#include <string.h>

enum { MAX_PHRASES = 200 };

typedef struct maker {
    const lem_decontam_run *run;
    int ngram;
    lem_arena *arena;
    lem_decontam_page page;
} maker;

static void *take(maker *m, size_t n, size_t size, lem_err *err) {
    void *p = lem_arena_alloc(m->arena, n ? n : 1, size);
    if (!p) (void)lem_fail(err, LEM_EMEM, "out of memory for the page");
    return p;
}

static lem_status add_sets(maker *m, lem_err *err) {
    const lem_decontam_run *r = m->run;
    lem_decontam_page_set *set = take(m, r->tests->n_sets, sizeof *set, err);
    if (!set) return LEM_EMEM;
    for (uint32_t i = 0; i < r->tests->n_sets; i++)
        set[i] = (lem_decontam_page_set){r->tests->set[i].name, r->tests->set[i].rows, r->set[i].test_rows,
                                         r->set[i].sharing, r->set[i].dropped};
    m->page.set = set;
    m->page.n_sets = r->tests->n_sets;
    return LEM_OK;
}

static lem_status add_phrases(maker *m, const lem_decontam_phrase *phrase, size_t n, lem_err *err) {
    size_t shown = n < MAX_PHRASES ? n : MAX_PHRASES;
    lem_decontam_page_phrase *out = take(m, shown, sizeof *out, err);
    lem_buf text = {0};
    if (!out) return LEM_EMEM;
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < shown; i++) {
        lem_buf_clear(&text);
        lem_decontam_words(m->run->tests->index, phrase[i].test, phrase[i].from, phrase[i].words, &text);
        st = lem_buf_ok(&text, err);
        out[i].tests = phrase[i].tests;
        out[i].text = lem_arena_strndup(m->arena, lem_buf_str(&text), text.len);
        if (!out[i].text) st = lem_fail(err, LEM_EMEM, "out of memory for the page");
    }
    lem_buf_release(&text);
    m->page.phrase = out;
    m->page.n_phrases = shown;
    m->page.all_phrases = n;
    return st;
}

static lem_status mark(maker *m, const lem_shared *shared, size_t n, lem_marked *out, lem_err *err) {
    lem_mark *marks = take(m, n, sizeof *marks, err);
    if (!marks) return LEM_EMEM;
    for (size_t i = 0; i < n; i++) marks[i] = (lem_mark){shared[i].begin, shared[i].end, shared[i].strong};
    out->marks = marks;
    out->n_marks = n;
    return LEM_OK;
}

static const char *member(const lem_json *row, const char *name) {
    return lem_json_str(lem_json_get(row, name), "");
}

static lem_status add_match(maker *m, const lem_decontam_shown *s, lem_decontam_page_match *out,
                            lem_err *err) {
    const lem_test_row *test = &m->run->tests->row[s->test_row];
    const lem_json *row = s->row;
    lem_alignment both;
    *out = (lem_decontam_page_match){
        .decision = member(row, "decision"),
        .rule = member(row, "rule"),
        .train = member(row, "train"),
        .test = member(row, "test"),
        .of_train = lem_json_num(lem_json_get(row, "lcs_of_train"), 0),
        .of_test = lem_json_num(lem_json_get(row, "lcs_of_test"), 0),
        .lcs = (uint64_t)lem_json_int(lem_json_get(row, "lcs"), 0),
        .ngrams = (uint64_t)lem_json_int(lem_json_get(row, "ngrams"), 0),
        .run = (uint64_t)lem_json_int(lem_json_get(row, "run_words"), 0),
        .text = {{.label = member(row, "train"), .text = s->text, .len = s->len},
                 {.label = member(row, "test"), .text = test->text, .len = strlen(test->text)}}};
    lem_status st = lem_align_texts(s->text, s->len, test->text, out->text[1].len, m->ngram, &both, err);
    for (int i = 0; st == LEM_OK && i < 2; i++) st = mark(m, both.in[i], both.n[i], &out->text[i], err);
    lem_alignment_release(&both);
    return st;
}

/* What is left out first, then what only shares something. */
static lem_status add_matches(maker *m, lem_err *err) {
    const lem_decontam_run *r = m->run;
    lem_decontam_page_match *match = take(m, r->n_shown, sizeof *match, err);
    size_t n = 0;
    if (!match) return LEM_EMEM;
    for (int kept = 0; kept < 2; kept++)
        for (size_t i = 0; i < r->n_shown; i++) {
            if (r->shown[i].kept != (kept == 1)) continue;
            lem_status st = lem_cancel_check(r->rows->cli->cancel, err);
            if (st == LEM_OK) st = add_match(m, &r->shown[i], &match[n++], err);
            if (st) return st;
        }
    m->page.match = match;
    m->page.n_matches = n;
    m->page.all_matches = (size_t)r->matches;
    return LEM_OK;
}

lem_status lem_decontam_run_page(const lem_decontam_run *r, const char *path, const char *rule, int ngram,
                                 const lem_decontam_phrase *phrase, size_t n_phrases, lem_err *err) {
    maker m = {.run = r, .ngram = ngram, .arena = lem_arena_new(0, 0, err)};
    if (!m.arena) return LEM_EMEM;
    m.page.rule = rule;
    m.page.rows = r->rows->rows;
    m.page.dropped = r->rows->rows - r->rows->kept;
    m.page.allowed = r->allowed;
    lem_status st = add_sets(&m, err);
    if (st == LEM_OK) st = add_phrases(&m, phrase, n_phrases, err);
    if (st == LEM_OK) st = add_matches(&m, err);
    if (st == LEM_OK) st = lem_decontam_page_save(&m.page, path, lem_job_may_replace(r->rows->job), err);
    lem_arena_free(m.arena);
    return st;
}
