/* unfinished.c - jobs that are under way, or were killed: what they have done so far, as a section */
#include "report/unfinished.h"

#include "core/file.h"
#include "core/journal.h"
#include "core/mem.h"
#include "report/lengths.h"
#include "report/sections.h"
#include "rows/rows.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COUNTED = 1 << 26, TEXT = 96, MAX_PAIRS = 12 };

static bool is_locked(const char *output) {
    lem_err ignored = LEM_ERR_INIT;
    return lem_lock_check(output, &ignored) == LEM_EIO;
}

/* "x.jsonl.job" -> "x.jsonl"; the caller frees. */
static char *output_of(const lem_source *s, lem_err *err) {
    size_t n = strlen(s->path);
    return lem_strndup(s->path, n > 4 ? n - 4 : n, err);
}

static bool job_runs(const lem_source *s) {
    char *output = output_of(s, NULL);
    bool runs = output && is_locked(output);
    lem_free(output);
    return runs;
}

bool lem_report_is_running(const char *input, const lem_sources *s) {
    char *recipe = lem_path_join(input, "run.json", NULL);
    bool runs = is_locked(input) || (recipe && is_locked(recipe));
    lem_free(recipe);
    for (int i = 0; i < s->n && !runs; i++) runs = s->at[i].kind == LEM_SOURCE_JOB && job_runs(&s->at[i]);
    return runs;
}

/* ---- what a journal holds ---- */

typedef struct journal {
    uint64_t records, rows, cut, ended;
    lem_lengths tokens;
    uint8_t *seen; /* [seen_cap / 8] rows that have a record, by number */
    size_t seen_cap;
    lem_err *err;
} journal;

static lem_status see_row(journal *j, const char *id) {
    char *end;
    unsigned long long row = strtoull(id, &end, 10);
    if (end == id || row >= MAX_COUNTED) return LEM_OK;
    if (row >= j->seen_cap) {
        size_t cap = ((size_t)row | 1023) + 1;
        uint8_t *grown = lem_realloc(j->seen, cap / 8, 1, j->err);
        if (!grown) return LEM_EMEM;
        memset(grown + j->seen_cap / 8, 0, cap / 8 - j->seen_cap / 8);
        j->seen = grown;
        j->seen_cap = cap;
    }
    uint8_t bit = (uint8_t)(1 << (row & 7));
    j->rows += !(j->seen[row / 8] & bit);
    j->seen[row / 8] |= bit;
    return LEM_OK;
}

static lem_status visit(void *ctx, const char *id, const lem_json *record, lem_err *err) {
    journal *j = ctx;
    const char *finish = lem_json_str(lem_json_get(record, "finish_reason"), NULL);
    double tokens = lem_json_num(lem_json_get(record, "tokens"), NAN);
    (void)err;
    j->records++;
    if (finish) j->ended++;
    if (finish && strcmp(finish, "length") == 0) j->cut++;
    lem_lengths_add(&j->tokens, tokens);
    return see_row(j, id);
}

/* ---- one job ---- */

typedef struct facts {
    lem_pair at[MAX_PAIRS];
    char text[MAX_PAIRS][TEXT];
    int n;
} facts;

static void add_fact(facts *f, const char *key, const char *fmt, ...) LEM_PRINTF(3, 4);
static void add_fact(facts *f, const char *key, const char *fmt, ...) {
    va_list ap;
    if (f->n == MAX_PAIRS) return;
    va_start(ap, fmt);
    vsnprintf(f->text[f->n], TEXT, fmt, ap);
    va_end(ap);
    f->at[f->n] = (lem_pair){key, f->text[f->n]};
    f->n++;
}

/* The rows of a job's input of small files; 0 where it is not known. */
static uint64_t rows_of(const lem_json *manifest, const char *option) {
    const lem_json *inputs = lem_json_get(manifest, "inputs");
    const char *path = NULL;
    lem_err ignored = LEM_ERR_INIT;
    lem_rowset *rows = NULL;
    lem_json *row = NULL;
    uint64_t size = 0, n = 0;
    for (size_t i = 0; i < lem_json_count(inputs) && !path; i++) {
        const lem_json *in = lem_json_at(inputs, i);
        if (strcmp(lem_json_str(lem_json_get(in, "option"), ""), option) == 0)
            path = lem_json_str(lem_json_get(in, "path"), NULL);
    }
    if (!path || lem_file_is_dir(path) || lem_file_size(path, &size, &ignored) || size > MAX_COUNTED)
        return 0;
    if (lem_rowset_open(&path, 1, NULL, &rows, &ignored)) return 0;
    int64_t limit = lem_json_int(lem_json_find(manifest, "arguments.limit"), INT64_MAX);
    while (lem_rowset_next(rows, &row, &ignored) == LEM_OK && row && (int64_t)n < limit) {
        lem_json_free(row);
        row = NULL;
        n++;
    }
    lem_json_free(row);
    lem_rowset_close(rows);
    return n;
}

static void tell_journal(facts *f, const journal *j, const lem_json *manifest) {
    bool sample = strcmp(lem_json_str(lem_json_get(manifest, "command"), ""), "sample") == 0;
    uint64_t rows = rows_of(manifest, sample ? "prompts" : "argument 1");
    int64_t each = lem_json_int(lem_json_find(manifest, "arguments.n"), 0);
    if (rows) add_fact(f, "rows begun", "%" PRIu64 " of %" PRIu64, j->rows, rows);
    else add_fact(f, "rows begun", "%" PRIu64, j->rows);
    if (sample && rows && each > 0)
        add_fact(f, "candidates", "%" PRIu64 " of %" PRIu64 " (%.0f %%)", j->records, rows * (uint64_t)each,
                 100.0 * (double)j->records / ((double)rows * (double)each));
    else add_fact(f, sample ? "candidates" : "records", "%" PRIu64, j->records);
    if (j->ended)
        add_fact(f, "cut by length", "%" PRIu64 " (%.1f %%)", j->cut,
                 100.0 * (double)j->cut / (double)j->ended);
    if (j->tokens.n)
        add_fact(f, "tokens", "%.0f; %.0f a candidate, the longest %.0f", j->tokens.sum,
                 j->tokens.sum / (double)j->tokens.n, j->tokens.longest);
}

static lem_status show_journal(lem_page *p, const lem_source *s, const char *path, const lem_json *manifest,
                               facts *f, lem_err *err) {
    journal j = {.err = err};
    lem_status st = lem_journal_peek(path, visit, &j, err);
    /* A header that is not whole yet is nothing yet; a damaged one is told when the job goes on. */
    if (st == LEM_EDATA || st == LEM_EIO) st = LEM_OK;
    if (st == LEM_OK && j.records) tell_journal(f, &j, manifest);
    if (f->n) lem_page_pairs(p, f->at, f->n);
    if (st == LEM_OK) lem_lengths_draw(&j.tokens, p, s->title, "Lengths so far", "tokens of a candidate");
    lem_free(j.seen);
    return st;
}

static const char *state_text(bool runs, bool begun) {
    if (runs) return begun ? "runs" : "has begun; nothing is saved yet";
    return "ended before it was finished; the same command goes on with it";
}

static lem_status show_job(lem_page *p, const lem_source *s, lem_err *err) {
    lem_json *manifest = NULL;
    facts f = {.n = 0};
    char *output = output_of(s, err), *journal_path = lem_path_join(s->path, "journal", err),
         *telemetry = lem_path_join(s->path, "telemetry.jsonl", err);
    lem_buf title = {0};
    lem_status st = LEM_OK;
    if (!output || !journal_path || !telemetry) LEM_TRY(LEM_EMEM);
    lem_err ignored = LEM_ERR_INIT; /* it may go at any time: the job has ended */
    if (lem_source_beside(s->path, "manifest.json", &manifest, &ignored) == LEM_EMEM)
        LEM_TRY(lem_fail(err, LEM_EMEM, "out of memory"));
    lem_buf_printf(&title, "%s %s", lem_json_str(lem_json_get(manifest, "command"), "job"), s->title);
    LEM_TRY(lem_buf_ok(&title, err));
    lem_page_heading(p, lem_buf_str(&title));
    bool begun = lem_file_exists(journal_path) || lem_file_exists(telemetry);
    add_fact(&f, "state", "%s", state_text(is_locked(output), begun));
    LEM_TRY(show_journal(p, s, journal_path, manifest, &f, err));
    if (lem_file_exists(telemetry)) st = lem_report_telemetry(p, s->title, telemetry, true, err);
done:
    lem_json_free(manifest);
    lem_buf_release(&title);
    lem_free(output);
    lem_free(journal_path);
    lem_free(telemetry);
    return st;
}

lem_status lem_report_unfinished(lem_page *p, const lem_sources *s, lem_err *err) {
    bool any = false;
    lem_status st = LEM_OK;
    for (int i = 0; i < s->n && st == LEM_OK; i++) {
        if (s->at[i].kind != LEM_SOURCE_JOB) continue;
        if (!any) lem_page_section(p, "Under way");
        any = true;
        st = show_job(p, &s->at[i], err);
    }
    return st;
}
