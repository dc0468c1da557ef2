/* sampled.c - a file of candidates that nobody graded yet, as a section */
#include "report/sampled.h"

#include "data/candidates.h"
#include "eval/spoil.h"
#include "report/lengths.h"
#include "rows/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct sampled {
    uint64_t rows;
    lem_spoil spoil;
    lem_lengths lengths;
    bool tokens; /* lengths are in tokens, else in bytes */
} sampled;

bool lem_report_is_sampled(const char *path) {
    lem_rowset *rows = NULL;
    lem_json *row = NULL;
    lem_err ignored = LEM_ERR_INIT;
    bool is = lem_rowset_open(&path, 1, NULL, &rows, &ignored) == LEM_OK &&
              lem_rowset_next(rows, &row, &ignored) == LEM_OK && row && lem_candidates_format(row) != NULL;
    lem_json_free(row);
    lem_rowset_close(rows);
    return is;
}

static void add_lengths(sampled *s, const lem_candidates *c) {
    s->tokens = s->tokens || c->tokens;
    for (int i = 0; i < c->n; i++) {
        double length = -1;
        if (c->tokens) length = (double)c->tokens[i];
        else if (c->completion && c->completion[i]) length = (double)strlen(c->completion[i]);
        lem_lengths_add(&s->lengths, length);
    }
}

static lem_status read_rows(const char *path, const lem_cancel *cancel, sampled *s, lem_err *err) {
    lem_rowset *rows = NULL;
    lem_json *row = NULL;
    lem_candidates c = {.n = 0};
    char ground[200];
    lem_status st = LEM_OK;
    lem_candidates_map *map = lem_candidates_map_new(err);
    if (!map) return LEM_EMEM;
    LEM_TRY(lem_rowset_open(&path, 1, NULL, &rows, err));
    for (;;) {
        LEM_TRY(lem_cancel_check(cancel, err));
        LEM_TRY(lem_rowset_next(rows, &row, err));
        if (!row) break;
        if (s->rows++ == 0) st = lem_candidates_map_detect(map, row, ground, err);
        if (st == LEM_OK) st = lem_candidates_read(map, row, &c, err);
        if (st == LEM_OK) st = lem_spoil_count(&s->spoil, &c, err);
        if (st == LEM_OK) add_lengths(s, &c);
        if (st)
            lem_err_context(err, "%s:%llu", lem_rowset_file(rows),
                            (unsigned long long)lem_rowset_number(rows));
        lem_json_free(row);
        LEM_TRY(st);
    }
done:
    lem_candidates_release(&c);
    lem_rowset_close(rows);
    lem_candidates_map_free(map);
    return st;
}

/* "12 (3.1 %)". */
static void share_text(uint64_t k, uint64_t n, char out[48]) {
    snprintf(out, 48, "%" PRIu64 " (%.1f %%)", k, n ? 100.0 * (double)k / (double)n : 0.0);
}

static void note_spoil(lem_page *p, const lem_spoil *spoil) {
    lem_json *list = lem_spoil_warnings(spoil);
    for (size_t i = 0; i < lem_json_count(list); i++)
        lem_page_note(p, lem_json_str(lem_json_at(list, i), ""));
    lem_json_free(list);
}

lem_status lem_report_sampled(lem_page *p, const char *title, const char *path, const lem_cancel *cancel,
                              lem_err *err) {
    sampled s = {.rows = 0};
    char text[5][48];
    lem_pair pairs[5] = {{"problems", text[0]}, {"candidates", text[1]}};
    int n = 2;
    lem_status st = read_rows(path, cancel, &s, err);
    if (st) return st;
    snprintf(text[0], sizeof text[0], "%" PRIu64, s.rows);
    snprintf(text[1], sizeof text[1], "%" PRIu64, s.spoil.n);
    if (s.spoil.with_reason) {
        share_text(s.spoil.cut, s.spoil.with_reason, text[n]);
        pairs[n] = (lem_pair){"cut by length", text[n]};
        n++;
    }
    share_text(s.spoil.repeated, s.spoil.n, text[n]);
    pairs[n] = (lem_pair){"with the text of an earlier one", text[n]};
    n++;
    if (s.lengths.n) {
        snprintf(text[n], sizeof text[n], "%.0f on average, the longest %.0f",
                 s.lengths.sum / (double)s.lengths.n, s.lengths.longest);
        pairs[n] = (lem_pair){s.tokens ? "tokens" : "bytes", text[n]};
        n++;
    }
    lem_page_section(p, title);
    note_spoil(p, &s.spoil);
    lem_page_pairs(p, pairs, n);
    lem_lengths_draw(&s.lengths, p, title, "Lengths of the candidates", s.tokens ? "tokens" : "bytes");
    return LEM_OK;
}
