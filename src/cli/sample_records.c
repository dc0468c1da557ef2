/* sample_records.c - the finished candidates of lemma sample: journalled, counted, written in input order */
#include "cli/sample.h"

#include "core/jsonl.h"
#include "core/mem.h"
#include "prompt/prompt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- votes that are decided */

int lem_sample_wanted(const sample_job *j, size_t row) {
    return j->votes && j->votes[row].after ? j->votes[row].after : j->n;
}

uint64_t lem_sample_decided(const sample_job *j, uint64_t *not_drawn) {
    uint64_t rows = 0;
    *not_drawn = 0;
    for (size_t i = 0; j->votes && i < j->rows.n; i++) {
        int missing = j->n - lem_sample_wanted(j, i);
        rows += missing > 0;
        *not_drawn += (uint64_t)missing;
    }
    return rows;
}

/* Counts the candidates of a row as far as they are there without a gap; those behind the decision go. */
static lem_status count_votes(sample_job *j, size_t row, lem_err *err) {
    lem_decided *v = &j->votes[row];
    lem_json **at = &j->records[row * (size_t)j->n];
    lem_status st = LEM_OK;
    bool was = v->after != 0;
    while (st == LEM_OK && !v->after && v->seen < j->n && at[v->seen]) {
        const lem_json *text = lem_json_get(at[v->seen], "text");
        st = lem_decided_add(v, j->n, &j->profile, lem_json_str(text, ""), lem_json_str_len(text), err);
    }
    for (int i = v->after; !was && v->after && i < j->n; i++) {
        if (at[i]) j->finished--;
        else lem_progress_add(j->progress, 1);
        lem_json_free(at[i]);
        at[i] = NULL;
    }
    return st;
}

static lem_status visit(void *ctx, const char *id, const lem_json *record, lem_err *err) {
    sample_job *j = ctx;
    if (j->engine->visit) return j->engine->visit(j, id, record, err);
    char *end = NULL;
    size_t row = lem_problems_find(&j->rows, strtoull(id, &end, 10));
    unsigned long long cand = *end == ':' ? strtoull(end + 1, &end, 10) : (unsigned long long)j->n;
    if (*end || row >= j->rows.n || cand >= (unsigned long long)j->n)
        return lem_fail(err, LEM_EDATA, "the journal of %s: unknown record '%s'", j->out, id);
    if (lem_sample_has(j, row, (int)cand)) return LEM_OK;
    lem_json *own = lem_json_copy(record);
    if (!own) return lem_fail(err, LEM_EMEM, "out of memory while reading the journal of %s", j->out);
    return lem_sample_hold(j, row, (int)cand, own, err);
}

lem_status lem_sample_open_records(sample_job *j, lem_err *err) {
    j->records = lem_alloc_zero(j->rows.n * (size_t)j->n + 1, sizeof *j->records, err); /* no rows: shards */
    if (!j->records) return LEM_EMEM;
    if (lem_args_flag(j->args, "stop-when-decided") && !j->cli->trial) {
        j->votes = lem_alloc_zero(j->rows.n + 1, sizeof *j->votes, err);
        if (!j->votes) return LEM_EMEM;
    }
    lem_status st = lem_job_journal(j->job, visit, j, &j->journal, err);
    j->resumed = j->finished;
    if (st == LEM_OK && j->resumed)
        lem_info(j->cli->log, "going on: %llu of %llu candidates are there already",
                 (unsigned long long)j->resumed, (unsigned long long)j->total);
    return st;
}

lem_status lem_sample_ends(const sample_job *j, const lem_tokenizer *tok, const char *dir, int vocab,
                           lem_prompt_end_list *out, lem_err *err) {
    bool chat = j->prompt.template == LEM_PROMPT_CHAT || j->prompt.template == LEM_PROMPT_CHATML;
    lem_status st = lem_prompt_ends(tok, dir, vocab, chat, out, err);
    return st ? st : lem_prompt_ends_style(tok, &j->prompt, dir, out, err);
}

lem_status lem_sample_reencodes(const sample_job *j, const lem_tokenizer *tok,
                                const lem_prompt_end_list *ends, size_t row, const char *text, size_t len,
                                bool stopped, const int32_t *ids, size_t n, bool *out, lem_err *err) {
    const lem_problem *p = &j->rows.at[row];
    bool ended = false;
    for (int i = 0; stopped && n && i < ends->n; i++) ended = ended || ids[n - 1] == ends->id[i];
    return lem_prompt_reencodes(tok, j->rows.ids.data[p->ids_at + (size_t)p->n_ids - 1], text, len,
                                stopped && !ended, ids, n - ended, out, err);
}

bool lem_sample_has(const sample_job *j, size_t row, int i) {
    return i >= lem_sample_wanted(j, row) || j->records[row * (size_t)j->n + (size_t)i] != NULL;
}

lem_status lem_sample_hold(sample_job *j, size_t row, int i, lem_json *record, lem_err *err) {
    if (!record) return lem_fail(err, LEM_EMEM, "out of memory for a candidate");
    j->records[row * (size_t)j->n + (size_t)i] = record;
    j->finished++;
    return j->votes ? count_votes(j, row, err) : LEM_OK;
}

lem_status lem_sample_keep(sample_job *j, size_t row, int i, lem_json *record, lem_err *err) {
    char id[64];
    if (!record) return lem_fail(err, LEM_EMEM, "out of memory for a candidate");
    snprintf(id, sizeof id, "%llu:%d", (unsigned long long)j->rows.at[row].row, i);
    lem_status st = j->journal ? lem_journal_append(j->journal, id, record, err) : LEM_OK;
    if (st) {
        lem_json_free(record);
        return st;
    }
    lem_progress_add(j->progress, 1);
    return lem_sample_hold(j, row, i, record, err);
}

/* A row with the candidates that were wanted, and where that is fewer than n, how many were not drawn. */
static lem_status row_of(const sample_job *j, size_t i, lem_json **out, lem_err *err) {
    const lem_problem *p = &j->rows.at[i];
    const int wanted = lem_sample_wanted(j, i);
    lem_json *row = NULL;
    lem_status st =
        lem_problem_output(p, p->too_long ? NULL : j->records + i * (size_t)j->n, wanted, &row, err);
    if (st) return st;
    bool ok = wanted == j->n || (lem_json_set(row, "decided_after", lem_json_new_int(wanted)) &&
                                 lem_json_set(row, "not_drawn", lem_json_new_int(j->n - wanted)));
    if (ok) *out = row;
    else lem_json_free(row);
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory for a row");
}

lem_status lem_sample_write(sample_job *j, lem_err *err) {
    lem_out *o = NULL;
    lem_json *row = NULL;
    lem_status st = LEM_OK;
    LEM_TRY(lem_out_open(j->out, true, &o, err));
    for (size_t i = 0; i < j->rows.n; i++) {
        LEM_TRY(row_of(j, i, &row, err));
        LEM_TRY(lem_rows_write(o, row, err));
        lem_job_wrote(j->job, 1);
        lem_json_free(row);
        row = NULL;
    }
    LEM_TRY(lem_out_commit(o, err));
    st = lem_job_finish(j->job, err);
done:
    lem_json_free(row);
    if (o) lem_out_close(o);
    return st;
}

uint64_t lem_sample_count_finished(const sample_job *j, const char *how) {
    uint64_t n = 0;
    for (uint64_t i = 0; j->records && i < (uint64_t)j->rows.n * (uint64_t)j->n; i++) {
        const char *f = lem_json_str(lem_json_get(j->records[i], "finish_reason"), "");
        n += strcmp(f, how) == 0;
    }
    return n;
}

static lem_status spoil_row(const sample_job *j, size_t row, const char **text, const char **finish,
                            lem_spoil *s, lem_err *err) {
    lem_candidates c = {.completion = text, .finish = finish};
    for (int i = 0; i < j->n; i++) {
        const lem_json *r = j->records[row * (size_t)j->n + (size_t)i];
        if (!r) continue;
        text[c.n] = lem_json_str(lem_json_get(r, "text"), "");
        finish[c.n] = lem_json_str(lem_json_get(r, "finish_reason"), NULL);
        s->changed += !lem_json_bool(lem_json_get(r, "reencodes"), true);
        s->silent += !*text[c.n++];
    }
    return lem_spoil_count(s, &c, err);
}

lem_status lem_sample_spoil(const sample_job *j, lem_spoil *out, lem_err *err) {
    lem_spoil s = {0};
    const char **text = lem_alloc((size_t)j->n, sizeof *text, err),
               **finish = text ? lem_alloc((size_t)j->n, sizeof *finish, err) : NULL;
    lem_status st = finish ? LEM_OK : LEM_EMEM;
    for (size_t i = 0; st == LEM_OK && i < j->rows.n; i++) st = spoil_row(j, i, text, finish, &s, err);
    lem_free((void *)text);
    lem_free((void *)finish);
    if (st == LEM_OK) *out = s;
    return st;
}

void lem_sample_release_records(sample_job *j) {
    for (uint64_t i = 0; j->records && i < (uint64_t)j->rows.n * (uint64_t)j->n; i++)
        lem_json_free(j->records[i]);
    lem_free(j->records);
    for (size_t i = 0; j->votes && i < j->rows.n; i++) lem_decided_release(&j->votes[i]);
    lem_free(j->votes);
}
