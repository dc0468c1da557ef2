/* blend.c - sources read twice: counted, then taken into a nameless file; written in a keyed order */
#include "curate/blend.h"

#include "core/hash.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/object.h"
#include "core/rng.h"
#include "curate/blend_priv.h"

#include <string.h>

static lem_status open_source(const lem_blend *b, size_t i, bool quiet, lem_row_reader **in, lem_err *err) {
    const lem_blend_source *s = &b->o->source[i];
    const lem_row_reader_opts how = {.format = s->format,
                                     .map = s->map,
                                     .limit = b->o->max_rows > 0 ? b->o->max_rows : -1,
                                     .cancel = b->o->cancel,
                                     .judge = b->o->judge,
                                     .judge_texts = true,
                                     .log = quiet ? NULL : b->o->log};
    lem_status st = lem_row_reader_open(s->files, s->n_files, &how, in, err);
    return st ? lem_err_context(err, "source %s", s->name) : st;
}

/* ---- how far it is ---- */

enum { TELL_EACH = 16 }; /* rows */
/* Of the time: counting the rows there, then reading all, keeping those taken, writing the samples, each by
 * its rows; as measured with rows of 400 bytes. */
static const double to_count = 0.2, to_read = 0.2, to_keep = 0.15, to_write = 0.45;

/* Bytes of its plain files; what is a folder or a pattern counts little. */
static double size_of(const lem_blend_source *s) {
    double sum = 1;
    for (size_t k = 0; k < s->n_files; k++) {
        lem_err ignored = LEM_ERR_INIT;
        uint64_t bytes;
        if (lem_file_size(s->files[k], &bytes, &ignored) == LEM_OK) sum += (double)bytes;
    }
    return sum;
}

/* Where the two readings and the writing end; before the plan is made all rows are taken for sampled once. */
static void passes(const lem_blend *b, bool planned, double end[3]) {
    double there = 0, rows = 0, samples = 0;
    for (size_t i = 0; planned && i < b->o->n; i++) {
        there += (double)b->taken[i].there;
        rows += (double)b->taken[i].rows;
        samples += (double)b->taken[i].samples;
    }
    if (there <= 0) there = rows = samples = 1;
    end[0] = to_count;
    end[1] = end[0] + to_read + to_keep * rows / there;
    end[2] = end[1] + (b->o->spool ? to_write * samples / there : 0);
    for (int k = 0; k < 2; k++) end[k] /= end[2];
    end[2] = 1;
}

static void begin_pass(lem_blend *b, int pass) {
    static const char *const titles[] = {"counting", "reading", "writing"};
    double end[3];
    passes(b, pass > 0, end);
    b->read = b->all = 0;
    for (size_t i = 0; i < b->o->n; i++) b->all += size_of(&b->o->source[i]);
    lem_progress_free(b->progress);
    b->progress = lem_progress_new(b->o->log, titles[pass], "rows", pass == 2 ? lem_blend_samples(b) : 0, 0);
    double from = pass ? end[pass - 1] : 0;
    lem_progress_part(b->progress, from, end[pass]);
}

static void tell_row(lem_blend *b, size_t i, const lem_row_reader *in, uint64_t n) {
    lem_progress_add(b->progress, 1);
    double share = n % TELL_EACH ? -1 : lem_row_reader_share(in);
    if (share >= 0) lem_progress_share(b->progress, (b->read + share * size_of(&b->o->source[i])) / b->all);
}

static lem_status count_source(lem_blend *b, size_t i, lem_err *err) {
    lem_row_reader *in = NULL;
    lem_status st = open_source(b, i, false, &in, err);
    while (st == LEM_OK) {
        lem_json *row = NULL;
        st = lem_row_reader_next(in, &row, err);
        if (st || !row) break;
        b->kinds |= 1U << lem_row_reader_kind(in);
        tell_row(b, i, in, b->taken[i].there++);
        lem_json_free(row);
    }
    b->read += size_of(&b->o->source[i]);
    lem_row_reader_close(in);
    return st;
}

/* ---- rows as they are written ---- */

static lem_status add_turns(lem_blend *b, const lem_json *row, lem_row_kind kind, lem_json *list,
                            lem_err *err) {
    lem_status st = lem_row_turns(row, kind, &b->turns, err);
    for (int i = 0; st == LEM_OK && i < b->turns.n; i++) {
        if (strcmp(b->turns.at[i].role, "text") == 0)
            return lem_fail(err, LEM_EDATA,
                            "a row of text alone cannot become messages; --as rows keeps it as it is");
        lem_object m = lem_object_new();
        lem_object_str(&m, "role", b->turns.at[i].role);
        lem_object_str(&m, "content", b->turns.at[i].content);
        lem_json *one = lem_object_done(&m);
        if (!one || !lem_json_append(list, one)) st = lem_fail(err, LEM_EMEM, "out of memory");
    }
    return st;
}

/* A new row {messages, id, expected_answer} of any conversation; *row is replaced. */
static lem_status make_messages(lem_blend *b, lem_row_kind kind, lem_json **row, lem_err *err) {
    static const char *const carried[] = {"id", "expected_answer", "domain"};
    lem_json *list = lem_json_new_array();
    lem_object o = lem_object_new();
    lem_status st = list ? add_turns(b, *row, kind, list, err) : lem_fail(err, LEM_EMEM, "out of memory");
    lem_object_json(&o, "messages", list);
    for (size_t i = 0; i < sizeof carried / sizeof *carried; i++) {
        const lem_json *v = lem_json_get(*row, carried[i]);
        if (v) lem_object_json(&o, carried[i], lem_json_copy(v));
    }
    lem_json *made = lem_object_done(&o);
    if (st == LEM_OK && !made) st = lem_fail(err, LEM_EMEM, "out of memory");
    if (st) {
        lem_json_free(made);
        return st;
    }
    lem_json_free(*row);
    *row = made;
    return LEM_OK;
}

/* Sets domain and _source. */
static lem_status mark(lem_blend *b, size_t i, const lem_row_reader *in, lem_json *row, lem_err *err) {
    const lem_blend_source *s = &b->o->source[i];
    const char *own = lem_json_str(lem_json_get(row, "domain"), s->name);
    lem_buf_clear(&b->text);
    lem_buf_printf(&b->text, "%s:%llu", lem_row_reader_file(in),
                   (unsigned long long)lem_row_reader_number(in));
    lem_status st = lem_buf_ok(&b->text, err);
    bool ok = st == LEM_OK && lem_json_set(row, "domain", lem_json_new_str(s->domain ? s->domain : own)) &&
              lem_json_set(row, "_source", lem_json_new_str(lem_buf_str(&b->text)));
    return st == LEM_OK && !ok ? lem_fail(err, LEM_EMEM, "out of memory") : st;
}

static lem_status spool_row(lem_blend *b, size_t i, uint64_t place, const lem_json *row, lem_err *err) {
    lem_buf_clear(&b->text);
    lem_json_write(row, 0, &b->text);
    lem_status st = lem_buf_ok(&b->text, err);
    return st ? st : lem_blend_spool_add(b->spool, lem_buf_str(&b->text), b->text.len, &b->at[i][place], err);
}

static lem_status take_row(lem_blend *b, size_t i, lem_row_reader *in, uint64_t number, lem_json **row,
                           lem_err *err) {
    uint64_t times = lem_blend_times(b->o, i, b->taken, number);
    if (times == 0) return LEM_OK;
    lem_status st = lem_row_reader_texts(in, *row, &b->texts, err);
    if (st) return st;
    if (b->messages) st = make_messages(b, lem_row_reader_kind(in), row, err);
    if (st == LEM_OK) st = mark(b, i, in, *row, err);
    if (st == LEM_OK) st = lem_blend_tally(b, i, *row, times, err);
    if (st == LEM_OK && b->spool)
        st = spool_row(b, i, lem_blend_place(b->o, i, &b->taken[i], number), *row, err);
    if (st)
        return lem_err_context(err, "%s:%llu", lem_row_reader_file(in),
                               (unsigned long long)lem_row_reader_number(in));
    return LEM_OK;
}

static lem_status take_source(lem_blend *b, size_t i, lem_err *err) {
    lem_row_reader *in = NULL;
    uint64_t n = 0;
    lem_status st = open_source(b, i, true, &in, err);
    if (st == LEM_OK && b->spool) {
        b->at[i] = lem_alloc_zero((size_t)b->taken[i].rows + 1, sizeof **b->at, err);
        if (!b->at[i]) st = LEM_EMEM;
    }
    while (st == LEM_OK) {
        lem_json *row = NULL;
        st = lem_row_reader_next(in, &row, err);
        if (st || !row) break;
        if (n < b->taken[i].there) st = take_row(b, i, in, n, &row, err);
        tell_row(b, i, in, n++);
        lem_json_free(row);
    }
    b->read += size_of(&b->o->source[i]);
    lem_row_reader_close(in);
    if (st == LEM_OK && n != b->taken[i].there)
        st = lem_fail(err, LEM_EDATA,
                      "source %s: %llu rows the first time, %llu the second: its files changed",
                      b->o->source[i].name, (unsigned long long)b->taken[i].there, (unsigned long long)n);
    return st;
}

static lem_status make(lem_blend *b, lem_err *err) {
    const lem_blend_opts *o = b->o;
    lem_status st = LEM_OK;
    begin_pass(b, 0);
    for (size_t i = 0; st == LEM_OK && i < o->n; i++) st = count_source(b, i, err);
    if (st == LEM_OK) st = lem_blend_plan(o, b->taken, err);
    bool mixed = (b->kinds & (b->kinds - 1)) != 0;
    b->messages = o->form == LEM_BLEND_MESSAGES || (o->form == LEM_BLEND_AUTO && mixed);
    if (st == LEM_OK && o->spool) st = lem_blend_spool_open(o->spool, &b->spool, err);
    begin_pass(b, 1);
    for (size_t i = 0; st == LEM_OK && i < o->n; i++) st = take_source(b, i, err);
    lem_progress_free(b->progress);
    b->progress = NULL;
    if (st == LEM_OK && lem_blend_samples(b) == 0) st = lem_fail(err, LEM_EDATA, "the blend has no rows");
    return st;
}

lem_status lem_blend_open(const lem_blend_opts *o, lem_blend **out, lem_err *err) {
    lem_blend *b = lem_alloc_zero(1, sizeof *b, err);
    if (!b) return LEM_EMEM;
    b->o = o;
    b->taken = lem_alloc_zero(o->n + 1, sizeof *b->taken, err);
    b->at = lem_alloc_zero(o->n + 1, sizeof *b->at, err);
    lem_status st = b->taken && b->at ? make(b, err) : LEM_EMEM;
    if (st == LEM_OK) *out = b;
    else lem_blend_close(b);
    return st;
}

void lem_blend_close(lem_blend *b) {
    if (!b) return;
    for (size_t i = 0; b->at && i < b->o->n; i++) lem_free(b->at[i]);
    lem_free(b->at);
    lem_free(b->taken);
    lem_progress_free(b->progress);
    lem_blend_tally_release(b);
    lem_blend_spool_close(b->spool);
    lem_row_texts_release(&b->texts);
    lem_turns_release(&b->turns);
    lem_ids_release(&b->ids);
    lem_buf_release(&b->text);
    lem_free(b);
}

uint64_t lem_blend_samples(const lem_blend *b) {
    uint64_t n = 0;
    for (size_t i = 0; i < b->o->n; i++) n += b->taken[i].samples;
    return n;
}

const lem_blend_taken *lem_blend_source_at(const lem_blend *b, size_t i) { return &b->taken[i]; }
size_t lem_blend_domains(const lem_blend *b) { return b->n_domains; }
const lem_blend_domain *lem_blend_domain_at(const lem_blend *b, size_t i) { return &b->domain[i]; }
bool lem_blend_made_messages(const lem_blend *b) { return b->messages; }

/* ---- writing ---- */

/* The place in the spool of sample k of all, counted source by source. */
static uint64_t place_of(const lem_blend *b, uint64_t k) {
    size_t i = 0;
    while (k >= b->taken[i].samples) k -= b->taken[i++].samples;
    return b->at[i][k % b->taken[i].rows];
}

lem_status lem_blend_write(lem_blend *b, lem_rows_writer *w, lem_err *err) {
    const uint64_t n = lem_blend_samples(b);
    const lem_rng order = lem_rng_make(b->o->seed, "blend-order", 0);
    lem_status st = LEM_OK;
    begin_pass(b, 2);
    for (uint64_t i = 0; st == LEM_OK && i < n; i++) {
        lem_json *row = NULL;
        if (b->o->cancel && b->o->cancel->requested) return lem_fail(err, LEM_EINTR, "interrupted");
        st = lem_blend_spool_read(b->spool, place_of(b, lem_rng_permute(&order, n, i)), &b->text, err);
        if (st == LEM_OK) st = lem_json_parse(lem_buf_str(&b->text), b->text.len, &row, err);
        if (st == LEM_OK) st = lem_rows_writer_add(w, row, err);
        lem_json_free(row);
        lem_progress_add(b->progress, 1);
    }
    return st;
}
