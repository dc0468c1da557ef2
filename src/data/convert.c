/* convert.c - which kinds become which, and the reading of rows to be converted */
#include "data/convert.h"

#include "core/choice.h"
#include "core/mem.h"
#include "data/convert_priv.h"
#include "data/list_rows.h"
#include "data/record.h"
#include "data/row_reader.h"

#include <string.h>

void lem_convert_counts_release(lem_convert_counts *c) {
    lem_row_audit_release(&c->audit);
    *c = (lem_convert_counts){0};
}

/* ---- which ---- */

/* Why rows of one kind cannot become another; NULL = they can. */
static const char *why_not(const lem_row_kind_info *from, const lem_row_kind_info *to) {
    bool dialogue = to->kind == LEM_ROW_MESSAGES; /* in `conversations` they would be RLHFlow's again */
    if (!(to->is & LEM_ROW_WRITTEN)) return "no rows of that kind are written";
    if (from->kind == LEM_ROW_CANDIDATES) return "'lemma select --keep' makes rows of candidates";
    if (!(from->is & (LEM_ROW_CHAT | LEM_ROW_REPLIES | LEM_ROW_STEPS)))
        return "they are for evaluation alone";
    if (from->kind == LEM_ROW_TEXT) return "a text has no turns";
    if (from->is & LEM_ROW_STEPS) {
        if (to->is & LEM_ROW_STEPS || (from->kind == LEM_ROW_RLHFLOW && dialogue)) return NULL;
        return "their labels are of steps, not of replies";
    }
    if (to->is & LEM_ROW_STEPS) return "they have no labelled steps";
    if (to->is & LEM_ROW_REPLIES) return from->is & LEM_ROW_REPLIES ? NULL : "they have no judged replies";
    if (from->kind == LEM_ROW_PROMPTS && to->kind != LEM_ROW_PROMPTS) return "they have no replies";
    return NULL;
}

lem_status lem_convert_possible(lem_row_kind from, lem_row_kind to, lem_err *err) {
    const lem_row_kind_info *a = lem_row_kind_of(from), *b = lem_row_kind_of(to);
    const char *why = why_not(a, b);
    if (!why) return LEM_OK;
    return lem_fail(err, LEM_EUSAGE, "rows of kind %s (%s) cannot become %s: %s", a->name, a->title, b->name,
                    why);
}

/* ---- reading ---- */

/* A column is lost unless the kind reads it or it is carried; weights are read, by training alone. */
static lem_status count_row(const lem_converter *v, const lem_json *row, lem_row_kind kind, lem_err *err) {
    lem_status st = lem_row_audit_add(&v->c->audit, row, kind, NULL, NULL, err);
    for (int i = 0; i < v->c->audit.n_columns; i++) {
        struct lem_audit_column *c = &v->c->audit.column[i];
        if (lem_choice_find(LEM_CONVERT_CARRIED, c->name) >= 0) c->used = true;
        if (strcmp(c->name, "weights") == 0) c->used = false;
    }
    return st;
}

static bool is_judged(lem_row_kind kind) { return lem_row_kind_of(kind)->is & LEM_ROW_REPLIES; }

static lem_status read_row(const lem_json *row, lem_row_kind kind, lem_turns *turns, lem_replies *replies,
                           lem_err *err) {
    if (!is_judged(kind)) return lem_row_turns(row, kind, turns, err);
    return lem_row_other_kind(row, kind, lem_row_replies(row, kind, replies, err), err);
}

static lem_status write_row(const lem_converter *v, const lem_json *row, lem_row_kind kind, lem_turns *turns,
                            lem_replies *replies, lem_err *err) {
    lem_status st = count_row(v, row, kind, err);
    v->c->rows++;
    if (st) return st;
    return is_judged(kind) ? lem_convert_replies(v, row, replies, err)
                           : lem_convert_turns(v, row, turns, err);
}

static bool is_grouped(lem_row_kind from, lem_row_kind to) {
    bool lists = to == LEM_ROW_LISTS || to == LEM_ROW_PREFERENCE || to == LEM_ROW_RANKED;
    return lists && (lem_row_kind_of(from)->is & LEM_ROW_ONE_REPLY);
}

static bool is_steps(lem_row_kind from, lem_row_kind to) {
    return (lem_row_kind_of(from)->is & LEM_ROW_STEPS) && (lem_row_kind_of(to)->is & LEM_ROW_STEPS);
}

/* Kinds whose rows are not converted one by one. */
static lem_status one_by_one(lem_row_kind kind, lem_row_kind to, lem_err *err) {
    lem_status st = lem_convert_possible(kind, to, err);
    if (st == LEM_OK && (is_grouped(kind, to) || is_steps(kind, to)))
        st = lem_fail(err, LEM_EUSAGE, "rows of kind %s behind files of another kind; convert them apart",
                      lem_row_kind_name(kind));
    return st;
}

enum { TELL_EACH = 16 }; /* rows */

/* The rows behind `row`, which is the first. */
static lem_status convert_each(const lem_converter *v, lem_row_reader *in, lem_json *row, lem_err *err) {
    lem_turns turns = {0};
    lem_replies replies = {0};
    lem_status st = LEM_OK;
    while (st == LEM_OK && row) {
        lem_row_kind kind = lem_row_reader_kind(in);
        st = one_by_one(kind, v->how->to, err);
        lem_status read = st == LEM_OK ? read_row(row, kind, &turns, &replies, err) : st;
        if (read == LEM_OK) st = write_row(v, row, kind, &turns, &replies, err);
        else if (st == LEM_OK) st = lem_row_reader_pass(in, read, err);
        if (st && (read == LEM_OK || st == LEM_EUSAGE))
            lem_err_context(err, "%s:%llu", lem_row_reader_file(in),
                            (unsigned long long)lem_row_reader_number(in));
        lem_json_free(row);
        row = NULL;
        lem_progress_add(v->how->progress, 1);
        if (v->c->rows % TELL_EACH == 0) lem_progress_share(v->how->progress, lem_row_reader_share(in));
        if (st == LEM_OK) st = lem_row_reader_next(in, &row, err);
    }
    lem_json_free(row);
    lem_turns_release(&turns);
    lem_replies_release(&replies);
    return st;
}

/* Responses that come one a row, as the lists that they make. */
static lem_status convert_groups(const lem_converter *v, const char *const *paths, size_t n,
                                 lem_row_kind kind, lem_err *err) {
    const lem_list_rows_opts o = {.kind = kind,
                                  .keep_system = true,
                                  .cancel = v->how->cancel,
                                  .log = v->how->log,
                                  .limit = v->how->limit,
                                  .rename = v->how->rename,
                                  .judge = v->how->judge};
    lem_list_rows *rows = NULL;
    lem_replies replies = {0};
    lem_status st = lem_list_rows_open_all(paths, n, &o, &rows, err);
    while (st == LEM_OK) {
        lem_json *list = NULL;
        uint64_t line;
        st = lem_list_rows_next(rows, &list, &line, err);
        if (st || !list) break;
        lem_progress_add(v->how->progress, 1);
        st = lem_row_replies(list, LEM_ROW_LISTS, &replies, err);
        if (st == LEM_OK) st = lem_convert_replies(v, list, &replies, err);
        lem_json_free(list);
    }
    if (rows) {
        v->c->rows += lem_list_rows_read(rows);
        v->c->unfit += lem_list_rows_left_out(rows);
    }
    lem_list_rows_close(rows);
    lem_replies_release(&replies);
    return st;
}

/* May the files be read once more, by the reader of steps or of groups? */
static lem_status may_read_again(const lem_converter *v, const char *const *paths, size_t n,
                                 lem_row_kind kind, lem_err *err) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(paths[i], "-") == 0)
            return lem_fail(err, LEM_EUSAGE, "rows of kind %s are read twice; name a file instead of '-'",
                            lem_row_kind_name(kind));
    if (is_steps(kind, v->how->to) && lem_json_count(v->how->rename))
        return lem_fail(err, LEM_EUSAGE,
                        "--map: rows of labelled steps are read under their own names alone");
    return LEM_OK;
}

static lem_status convert_again(const lem_converter *v, const char *const *paths, size_t n, lem_row_kind kind,
                                lem_err *err) {
    const char *format = v->how->format ? lem_row_kind_of(kind)->steps : NULL;
    lem_status st = LEM_OK;
    if (!is_steps(kind, v->how->to)) return convert_groups(v, paths, n, kind, err);
    for (size_t i = 0; st == LEM_OK && i < n; i++) st = lem_convert_steps(v, paths[i], format, err);
    return st;
}

/* Takes row, the first. */
static lem_status by_first_row(const lem_converter *v, const char *const *paths, size_t n, lem_row_reader *in,
                               lem_json *row, lem_err *err) {
    lem_row_kind kind = lem_row_reader_kind(in), to = v->how->to;
    if (!is_steps(kind, to) && !is_grouped(kind, to)) return convert_each(v, in, row, err);
    lem_status st = lem_convert_possible(kind, to, err);
    if (st == LEM_OK) st = may_read_again(v, paths, n, kind, err);
    if (st == LEM_OK) st = count_row(v, row, kind, err);
    if (st)
        lem_err_context(err, "%s:%llu", lem_row_reader_file(in),
                        (unsigned long long)lem_row_reader_number(in));
    lem_json_free(row);
    return st ? st : convert_again(v, paths, n, kind, err);
}

lem_status lem_convert_rows(const char *const *paths, size_t n, const lem_convert_how *how,
                            lem_convert_sink *sink, void *ctx, lem_convert_counts *c, lem_err *err) {
    const lem_converter v = {how, sink, ctx, c};
    const lem_row_reader_opts o = {.format = how->format,
                                   .limit = how->limit,
                                   .cancel = how->cancel,
                                   .log = how->log,
                                   .rename = how->rename,
                                   .judge = how->judge};
    lem_row_reader *in = NULL;
    lem_json *row = NULL;
    lem_status st = LEM_OK;
    LEM_TRY(lem_row_reader_open(paths, n, &o, &in, err));
    LEM_TRY(lem_row_reader_next(in, &row, err));
    if (!row) goto done;
    if (lem_row_reader_kind(in) == LEM_ROW_UNKNOWN) {
        st = lem_row_unknown(row, err);
        lem_err_context(err, "%s:%llu", lem_row_reader_file(in),
                        (unsigned long long)lem_row_reader_number(in));
        lem_json_free(row);
        goto done;
    }
    st = by_first_row(&v, paths, n, in, row, err);
done:
    lem_row_reader_close(in);
    return st;
}
