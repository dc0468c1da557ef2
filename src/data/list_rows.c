/* list_rows.c - kinds of rows about graded responses, each brought to {problem, responses, labels} */
#include "data/list_rows.h"

#include "core/mem.h"
#include "core/object.h"
#include "data/list_groups.h"
#include "data/most_rows.h"
#include "data/replies.h"
#include "data/row_map.h"
#include "data/rows.h"

#include <string.h>

struct lem_list_rows {
    lem_list_rows_opts o;
    lem_rowset *rows;
    lem_row_kind kind;
    unsigned is;     /* of the kind */
    lem_json *first; /* the row that told the kind, not handed out yet */
    uint64_t first_line;
    lem_list_groups groups;
    uint64_t next_group;
    uint64_t n_read, left_out;
    lem_replies replies;
};

/* ---- one row ---- */

/* A list's prompt: one turn of the user, and at most a system text before it. */
static bool is_exchange(const lem_replies *r) {
    const lem_turns *p = &r->prompt;
    bool system = p->n == 2 && lem_turn_is(&p->at[0], "system");
    if (!(p->n == 1 || system) || !lem_turn_is(&p->at[p->n - 1], "user")) return false;
    for (int i = 0; i < r->n; i++)
        if (r->at[i].turns.n != 1 || !lem_turn_is(&r->at[i].turns.at[0], "assistant")) return false;
    return true;
}

static const char *problem_of(const lem_replies *r) { return r->prompt.at[r->prompt.n - 1].content; }

static const char *system_of(const lem_list_rows *l) {
    const lem_turns *p = &l->replies.prompt;
    return l->o.keep_system && p->n == 2 ? p->at[0].content : NULL;
}

/* Reads a row into r->replies; LEM_NO: it is no list, and left out. */
static lem_status read_row(lem_list_rows *r, const lem_json *row, uint64_t line, lem_err *err) {
    lem_status st = lem_row_replies(row, r->kind, &r->replies, err);
    if (st == LEM_EDATA && lem_row_detect(row) == LEM_ROW_UNKNOWN) st = lem_row_unknown(row, err);
    st = lem_row_other_kind(row, r->kind, st, err);
    if (st) return lem_err_context(err, "%s:%llu", lem_rowset_file(r->rows), (unsigned long long)line);
    if (is_exchange(&r->replies)) return LEM_OK;
    if (r->left_out++ < 3)
        lem_warn(r->o.log, "%s:%llu: left out: a list has one turn of the user and replies of one turn",
                 lem_rowset_file(r->rows), (unsigned long long)line);
    return LEM_NO;
}

static lem_json *new_label(double label) {
    return label > 0 && label < 1 ? lem_json_new_num(label) : lem_json_new_int(label >= 1);
}

static lem_status make_list(const lem_list_rows *r, const lem_json *row, lem_json **out, lem_err *err) {
    lem_object o = lem_object_new();
    lem_json *responses = lem_json_new_array(), *labels = lem_json_new_array();
    const lem_json *id = lem_json_get(row, "id");
    bool ok = responses && labels;
    for (int i = 0; ok && i < r->replies.n; i++)
        ok = lem_json_append(responses, lem_json_new_str(r->replies.at[i].turns.at[0].content)) &&
             lem_json_append(labels, new_label(r->replies.at[i].label));
    if (id) lem_object_json(&o, "id", lem_json_copy(id));
    if (system_of(r)) lem_object_str(&o, "system", system_of(r));
    lem_object_str(&o, "problem", problem_of(&r->replies));
    lem_object_json(&o, "responses", responses);
    lem_object_json(&o, "labels", labels);
    lem_json *list = lem_object_done(&o);
    if (!ok || !list) {
        lem_json_free(list);
        return lem_fail(err, LEM_EMEM, "out of memory");
    }
    *out = list;
    return LEM_OK;
}

/* A response to be grouped. */
static lem_status group_row(lem_list_rows *r, uint64_t line, lem_err *err) {
    const lem_graded g = {problem_of(&r->replies), r->replies.at[0].turns.at[0].content, system_of(r),
                          r->replies.at[0].label >= 1};
    return lem_list_groups_add(&r->groups, &g, line, err);
}

/* ---- opening ---- */

static lem_status no_kind(const lem_json *row, lem_row_kind found, lem_err *err) {
    lem_buf b = {0};
    const char *key = NULL;
    while ((key = lem_json_key_next(row, key)) && b.len < 300)
        lem_buf_printf(&b, "%s%.60s", b.len ? ", " : "", key);
    if (found != LEM_ROW_UNKNOWN) lem_buf_printf(&b, " (rows of kind %s)", lem_row_kind_name(found));
    lem_status st =
        lem_fail(err, LEM_EDATA,
                 "a response list needs 'problem' (text), 'responses' and 'labels' (lists), or chosen and "
                 "rejected, or message and label; the columns are %s",
                 lem_buf_str(&b));
    lem_buf_release(&b);
    return st;
}

static void tell_kind(const lem_list_rows *r) {
    lem_buf b = {0};
    lem_row_evidence(r->first, r->kind, &b);
    lem_info(r->o.log, "%s: %s, by the %s", lem_rowset_file(r->rows), lem_row_kind_of(r->kind)->title,
             lem_buf_str(&b));
    if (r->kind == LEM_ROW_RANKED)
        lem_info(r->o.log, "%s: the completion of the lowest rank is right, the others are wrong",
                 lem_rowset_file(r->rows));
    lem_buf_release(&b);
}

static void tell_system(const lem_list_rows *r) {
    const lem_turns *p = &r->replies.prompt;
    if (r->o.keep_system || p->n == 0 || !lem_turn_is(&p->at[0], "system")) return;
    lem_info(r->o.log, "%s: the rows' own system text ('%.60s') is not read; --system is what counts",
             lem_rowset_file(r->rows), p->at[0].content);
}

lem_status lem_list_rows_failed(lem_list_rows *r, uint64_t line, lem_status st, lem_err *err) {
    lem_status after = lem_data_row_failed(r->o.judge, lem_rowset_file(r->rows), line, st, err);
    r->n_read -= st != LEM_OK && after == LEM_OK;
    return after;
}

/* The next row of the files, under the limit; NULL at the end. */
static lem_status read_one(lem_list_rows *r, lem_json **row, lem_err *err) {
    *row = NULL;
    while (r->o.limit < 0 || r->n_read < (uint64_t)r->o.limit) {
        lem_status st = lem_rowset_next(r->rows, row, err);
        if (st || !*row) return st;
        st = lem_row_map_apply(r->o.rename, *row, r->n_read++ == 0, err);
        if (st == LEM_OK) return st;
        lem_json_free(*row);
        *row = NULL;
        st = lem_list_rows_failed(r, lem_rowset_number(r->rows), st, err);
        if (st) return st;
    }
    return LEM_OK;
}

static lem_status read_groups(lem_list_rows *r, lem_err *err) {
    lem_json *row = r->first;
    uint64_t line = r->first_line;
    bool told = false;
    lem_status st = LEM_OK;
    r->first = NULL;
    while (st == LEM_OK && row) {
        st = lem_data_cancelled(r->o.cancel, err);
        if (st == LEM_OK) st = read_row(r, row, line, err);
        if (st == LEM_OK && !told) {
            tell_system(r);
            told = true;
        }
        if (st == LEM_OK) st = group_row(r, line, err);
        if (st == LEM_NO) st = LEM_OK;
        else st = lem_list_rows_failed(r, line, st, err);
        lem_json_free(row);
        row = NULL;
        if (st == LEM_OK) st = read_one(r, &row, err);
        line = lem_rowset_number(r->rows);
    }
    lem_json_free(row);
    if (st == LEM_OK) lem_list_groups_tell(&r->groups, lem_rowset_file(r->rows), r->o.log);
    return st;
}

static int kind_of(const void *ctx, lem_json *row) {
    (void)ctx;
    return (int)lem_row_detect(row);
}

/* The kind of the rows: that of the first one, which stays to be read. */
static lem_status choose_kind(lem_list_rows *r, lem_err *err) {
    int kind = -1;
    lem_status st = LEM_OK;
    r->first_line = lem_rowset_number(r->rows);
    if (r->o.kind == LEM_ROW_UNKNOWN && lem_data_leaves_out(r->o.judge))
        st = lem_most_rows(lem_rowset_file(r->rows), r->o.cancel, r->o.judge, kind_of, NULL, &kind, err);
    if (st) return st;
    r->kind = r->o.kind;
    if (r->kind == LEM_ROW_UNKNOWN) r->kind = kind < 0 ? lem_row_detect(r->first) : (lem_row_kind)kind;
    r->is = lem_row_kind_of(r->kind)->is;
    if (!(r->is & LEM_ROW_REPLIES) && r->o.pass_others) {
        r->kind = LEM_ROW_LISTS; /* handed out as it stands, like these */
        return LEM_OK;
    }
    if (!(r->is & LEM_ROW_REPLIES) && no_kind(r->first, r->kind, err) != LEM_OK)
        return lem_err_context(err, "%s:%llu", lem_rowset_file(r->rows), (unsigned long long)r->first_line);
    if (r->o.kind == LEM_ROW_UNKNOWN) tell_kind(r);
    return r->is & LEM_ROW_ONE_REPLY ? read_groups(r, err) : LEM_OK;
}

/* Takes rows. */
static lem_status start(lem_rowset *rows, const lem_list_rows_opts *o, lem_list_rows **out, lem_err *err) {
    lem_list_rows *r = lem_alloc_zero(1, sizeof *r, err);
    if (!r) {
        lem_rowset_close(rows);
        return LEM_EMEM;
    }
    r->o = *o;
    r->rows = rows;
    lem_status st = read_one(r, &r->first, err);
    if (st == LEM_OK && r->first) st = choose_kind(r, err);
    if (st) lem_list_rows_close(r);
    else *out = r;
    return st;
}

lem_status lem_list_rows_open_all(const char *const *paths, size_t n, const lem_list_rows_opts *o,
                                  lem_list_rows **out, lem_err *err) {
    const lem_rowset_opts how = {.cancel = o->cancel, .judge = o->judge};
    lem_rowset *rows = NULL;
    lem_status st = lem_rowset_open(paths, n, &how, &rows, err);
    return st ? st : start(rows, o, out, err);
}

lem_status lem_list_rows_open_as(const char *path, const lem_list_rows_opts *o, lem_list_rows **out,
                                 lem_err *err) {
    lem_rowset *rows = NULL;
    lem_status st = lem_data_rows_judged(path, o->cancel, o->judge, &rows, err);
    return st ? st : start(rows, o, out, err);
}

void lem_list_rows_close(lem_list_rows *r) {
    if (!r) return;
    lem_json_free(r->first);
    lem_rowset_close(r->rows);
    lem_list_groups_release(&r->groups);
    lem_replies_release(&r->replies);
    lem_free(r);
}

const char *lem_list_rows_file(const lem_list_rows *r) { return lem_rowset_file(r->rows); }
uint64_t lem_list_rows_read(const lem_list_rows *r) { return r->n_read; }
bool lem_list_rows_grouped(const lem_list_rows *r) { return (r->is & LEM_ROW_ONE_REPLY) != 0; }

uint64_t lem_list_rows_left_out(const lem_list_rows *r) { return r->left_out; }

/* ---- reading ---- */

static lem_status next_row(lem_list_rows *r, lem_json **row, uint64_t *line, lem_err *err) {
    lem_status st = LEM_OK;
    *row = r->first;
    *line = r->first_line;
    r->first = NULL;
    if (*row) return LEM_OK;
    st = read_one(r, row, err);
    *line = lem_rowset_number(r->rows);
    return st;
}

static void tell_left_out(const lem_list_rows *r) {
    if (r->left_out)
        lem_warn(r->o.log, "%s: %llu rows left out: several turns of the user, or a reply of several turns",
                 lem_rowset_file(r->rows), (unsigned long long)r->left_out);
}

static lem_status next_group(lem_list_rows *r, lem_json **row, uint64_t *line, lem_err *err) {
    if (r->next_group == r->groups.n) {
        tell_left_out(r);
        return LEM_OK;
    }
    *row = lem_list_groups_take_list(&r->groups, r->next_group++, line);
    return *row ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

lem_status lem_list_rows_next(lem_list_rows *r, lem_json **row, uint64_t *line, lem_err *err) {
    *row = NULL;
    if (r->is & LEM_ROW_ONE_REPLY) return next_group(r, row, line, err);
    for (;;) {
        lem_json *found = NULL;
        lem_status st = lem_data_cancelled(r->o.cancel, err);
        if (st == LEM_OK) st = next_row(r, &found, line, err);
        if (st == LEM_OK && !found) tell_left_out(r);
        if (st || !found) return st;
        if (r->kind == LEM_ROW_LISTS) {
            *row = found;
            return LEM_OK;
        }
        st = read_row(r, found, *line, err);
        if (st == LEM_OK) st = make_list(r, found, row, err);
        lem_json_free(found);
        if (st == LEM_OK) return st;
        if (st != LEM_NO) st = lem_list_rows_failed(r, *line, st, err);
        if (st != LEM_OK && st != LEM_NO) return st;
    }
}

lem_status lem_list_row_grade(lem_json *row, lem_err *err) {
    const lem_json *labels = lem_json_get(row, "labels");
    lem_json *responses = lem_json_get(row, "responses"), *scores = lem_json_get(row, "scores");
    if (!responses || !labels || lem_json_get(row, "completions")) return LEM_OK;
    lem_json *correct = lem_json_new_array();
    bool ok = correct != NULL;
    for (size_t i = 0; ok && i < lem_json_count(labels); i++) {
        double x = 0;
        lem_status st = lem_reply_label(lem_json_at(labels, i), true, "labels", &x, err);
        if (st) {
            lem_json_free(correct);
            return st;
        }
        ok = lem_json_append(correct, lem_json_new_bool(x >= 0.5));
    }
    if (!ok) lem_json_free(correct);
    ok = ok && lem_json_set(row, "correct", correct) &&
         lem_json_set(row, "completions", lem_json_share(responses)) &&
         (!scores || lem_json_set(row, "rm_score", lem_json_share(scores)));
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}
