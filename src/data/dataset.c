/* dataset.c - rows to token ids with loss masks */
#include "data/dataset.h"

#include "core/mem.h"
#include "data/most_rows.h"
#include "data/record.h"
#include "data/row_audit.h"
#include "data/row_map.h"
#include "data/rows.h"
#include "data/turns_encode.h"
#include "prompt/prompt.h"

#include <stdio.h>
#include <string.h>

void lem_examples_release(lem_examples *e) {
    lem_free(e->ids);
    lem_free(e->mask);
    lem_free(e->start);
    lem_free(e->domain);
    *e = (lem_examples){0};
}

lem_status lem_examples_add(lem_examples *e, const int32_t *ids, const uint8_t *mask, size_t n,
                            lem_err *err) {
    uint64_t used = e->n ? e->start[e->n] : 0;
    if (used + n > e->cap_ids) {
        uint64_t cap = e->cap_ids ? e->cap_ids * 2 : 4096;
        while (cap < used + n) cap *= 2;
        int32_t *ni = lem_realloc(e->ids, cap, sizeof *ni, err);
        if (ni) e->ids = ni;
        uint8_t *nm = lem_realloc(e->mask, cap, 1, err);
        if (nm) e->mask = nm;
        if (!ni || !nm) return LEM_EMEM;
        e->cap_ids = cap;
    }
    if (e->n + 2 > e->cap_n) {
        uint64_t cap = e->cap_n ? e->cap_n * 2 : 256;
        uint64_t *ns = lem_realloc(e->start, cap, sizeof *ns, err);
        if (!ns) return LEM_EMEM;
        e->start = ns;
        uint8_t *nd = lem_realloc(e->domain, cap, 1, err);
        if (!nd) return LEM_EMEM;
        e->domain = nd;
        e->cap_n = cap;
    }
    memcpy(e->ids + used, ids, n * sizeof *ids);
    memcpy(e->mask + used, mask, n);
    e->start[e->n] = used;
    e->start[++e->n] = used + n;
    lem_examples_name_domain(e, NULL);
    return LEM_OK;
}

static lem_status with_suffix(const char *problem, const char *suffix, char **out, lem_err *err) {
    lem_buf b = {0};
    const char *text;
    lem_status st = lem_prompt_problem_text(problem, suffix, &b, &text, err);
    if (st == LEM_OK && !(*out = lem_strdup(text, err))) st = LEM_EMEM;
    lem_buf_release(&b);
    return st;
}

/* Applies what the loader asks for to the turns of one row. */
static lem_status dress(lem_turns *t, lem_row_kind kind, const lem_sft_load *how, lem_err *err) {
    for (int i = 0; i < t->n; i++) {
        lem_turn *turn = &t->at[i];
        if (how->strip_marks) lem_text_strip_marks(turn->content);
        char *next = NULL;
        if (how->box_answer && strcmp(turn->role, "assistant") == 0)
            next = lem_text_box_answer(turn->content, err);
        else if (how->user_suffix && kind == LEM_ROW_QUESTION_ANSWER && strcmp(turn->role, "user") == 0) {
            lem_status st = with_suffix(turn->content, how->user_suffix, &next, err);
            if (st) return st;
        } else continue;
        if (!next) return lem_fail(err, LEM_EMEM, "out of memory");
        lem_free(turn->content);
        turn->content = next;
    }
    return LEM_OK;
}

/* Reads the rows of a file as turns. */
typedef struct reader {
    lem_rowset *rows;
    const lem_sft_load *how;
    const char *path; /* as it was given: may be several files */
    char *file;       /* the one that the kind is of; owned; NULL before any */
    bool told, first; /* the kind of the file is told; this row told it */
    bool stops;       /* the row is to end the run, whatever the judge says */
    lem_row_kind kind;
    lem_json *row; /* the last one; NULL before any, and at the end */
    lem_turns turns;
    int64_t left;
    lem_row_audit audit;
    lem_row_facts facts;
    bool tools_known, tools_read;
} reader;

static lem_status skip(reader *r, int64_t n, lem_err *err) {
    lem_status st = LEM_OK;
    for (lem_json *row = NULL; n > 0; n--) {
        LEM_TRY(lem_data_cancelled(r->how->cancel, err));
        LEM_TRY(lem_rowset_next(r->rows, &row, err));
        if (!row) break;
        lem_json_free(row);
    }
done:
    return st;
}

static lem_status reader_open(reader *r, const char *path, const lem_sft_load *how, lem_err *err) {
    *r = (reader){.how = how, .left = how->limit, .path = path};
    if (how->format && *how->format) {
        lem_status st = lem_row_kind_parse(how->format, &r->kind, err);
        if (st) return st;
    }
    lem_status st = lem_row_map_check(how->rename, err);
    if (st == LEM_OK) st = lem_data_rows_judged(path, how->cancel, how->judge, &r->rows, err);
    return st ? st : skip(r, how->offset, err);
}

static void reader_close(reader *r) {
    lem_rowset_close(r->rows);
    lem_turns_release(&r->turns);
    lem_row_audit_release(&r->audit);
    lem_json_free(r->row);
    lem_free(r->file);
}

/* Notes whether the row is of another file than the one before. */
static lem_status look_at_file(reader *r, lem_err *err) {
    const char *file = lem_rowset_file(r->rows);
    r->first = false;
    if (r->file && strcmp(r->file, file) == 0) return LEM_OK;
    lem_free(r->file);
    r->told = false;
    r->file = lem_strdup(file, err);
    return r->file ? LEM_OK : LEM_EMEM;
}

/* The kind, where rows of it can be trained. */
static int kind_to_train(const void *ctx, lem_json *row) {
    const lem_row_kind k = lem_row_detect(row);
    (void)ctx;
    return lem_row_kind_of(k)->is & LEM_ROW_FOR_SFT ? (int)k : -1;
}

static lem_status detect(reader *r, lem_err *err) {
    int most = -1;
    lem_status st = LEM_OK;
    if (lem_data_leaves_out(r->how->judge))
        st = lem_most_rows(r->file, r->how->cancel, r->how->judge, kind_to_train, NULL, &most, err);
    r->kind = most >= 0 ? (lem_row_kind)most : lem_row_detect(r->row);
    return st;
}

/* The kind of a file of which nothing was read before this row. */
static lem_status tell_kind(reader *r, lem_err *err) {
    bool asked = r->how->format && *r->how->format;
    if (!asked) {
        lem_status st = detect(r, err);
        if (st) return st;
    }
    r->told = r->first = true;
    const lem_row_kind_info *info = lem_row_kind_of(r->kind);
    if (r->kind == LEM_ROW_UNKNOWN || (info->is & LEM_ROW_FOR_SFT)) return LEM_OK;
    const char *hint = "";
    r->stops = true;
    if (info->is & LEM_ROW_REPLIES)
        hint = "; 'lemma data convert --to messages' makes a row of each right reply";
    if (info->is & LEM_ROW_STEPS) hint = "; 'lemma prm train' reads it";
    if (r->kind == LEM_ROW_CANDIDATES) hint = "; 'lemma select --keep' makes rows of the right ones";
    return lem_fail(err, LEM_EDATA, "rows of kind %s (%s) are not what sft trains%s", info->name, info->title,
                    hint);
}

static lem_status reader_next(reader *r, bool *eof, lem_err *err) {
    lem_status st = LEM_OK;
    lem_json_free(r->row);
    r->row = NULL;
    *eof = r->left == 0;
    if (*eof) return LEM_OK;
    LEM_TRY(lem_data_cancelled(r->how->cancel, err));
    LEM_TRY(lem_rowset_next(r->rows, &r->row, err));
    *eof = r->row == NULL;
    if (*eof) return LEM_OK;
    if (r->left > 0) r->left--;
    LEM_TRY(look_at_file(r, err));
    st = lem_row_map_apply(r->how->rename, r->row, !r->told, err);
    if (st == LEM_OK && !r->told) st = tell_kind(r, err);
    if (st == LEM_OK) st = lem_row_turns(r->row, r->kind, &r->turns, err);
    if (st == LEM_OK) st = dress(&r->turns, r->kind, r->how, err);
    if (st == LEM_OK) st = lem_row_audit_add(&r->audit, r->row, r->kind, &r->turns, &r->facts, err);
    if (st) lem_err_context(err, "%s:%llu", r->file, (unsigned long long)lem_rowset_number(r->rows));
done:
    return st;
}

/* A row that was read failed. */
static lem_status left_out(const reader *r, lem_status st, lem_err *err) {
    if (!r->row || r->stops) return st;
    return lem_data_row_failed(r->how->judge, r->file, lem_rowset_number(r->rows), st, err);
}

lem_status lem_texts_load(const char *path, const lem_sft_load *how, lem_text_sink *sink, void *ctx,
                          lem_err *err) {
    reader r = {0};
    lem_status st = LEM_OK;
    bool eof = false;
    LEM_TRY(reader_open(&r, path, how, err));
    for (;;) {
        st = reader_next(&r, &eof, err);
        if (st) {
            LEM_TRY(left_out(&r, st, err));
            continue;
        }
        if (eof) break;
        for (int i = 0; !r.facts.marked && i < r.turns.n; i++)
            LEM_TRY(sink(ctx, r.turns.at[i].content, strlen(r.turns.at[i].content), err));
    }
done:
    reader_close(&r);
    return st;
}

static bool takes_system(const reader *r) {
    bool own = r->turns.n > 0 && strcmp(r->turns.at[0].role, "system") == 0;
    return r->how->system && !own && !lem_turns_are_text(&r->turns);
}

/* The first token has nothing before it that could predict it. */
static size_t count_trained(const uint8_t *mask, size_t n) {
    size_t trained = 0;
    for (size_t i = 1; i < n; i++) trained += mask[i] != 0;
    return trained;
}

/* A row of more than max_len tokens: how many of them stay, 0 = it is left out. */
static lem_status shorten(const lem_ids *ids, const uint8_t *mask, reader *r, lem_drop_counts *drops,
                          lem_log *log, size_t *keep, lem_err *err) {
    unsigned long long line = lem_rowset_number(r->rows);
    int max = r->how->max_len;
    *keep = 0;
    r->stops = r->how->over == LEM_OVER_LENGTH_STOP;
    if (r->stops)
        return lem_fail(err, LEM_EDATA, "%s:%llu: %zu tokens, --max-len is %d", r->file, line, ids->len, max);
    bool cut = r->how->over == LEM_OVER_LENGTH_CUT && count_trained(mask, (size_t)max) > 0;
    uint64_t *count = cut ? &drops->cut : &drops->too_long;
    if ((*count)++ < 3)
        lem_warn(log, "%s:%llu: %s: %zu tokens, --max-len is %d", r->file, line, cut ? "cut" : "left out",
                 ids->len, max);
    if (cut) *keep = (size_t)max;
    return LEM_OK;
}

/* One row as an example, or counted as too long. */
static lem_status add_example(lem_examples *e, const lem_ids *ids, const uint8_t *mask, reader *r,
                              lem_drop_counts *drops, lem_log *log, lem_err *err) {
    size_t n = ids->len;
    if (count_trained(mask, n) == 0)
        return lem_fail(err, LEM_EDATA, "%s:%llu: the row trains on zero tokens (it has no assistant text)",
                        r->file, (unsigned long long)lem_rowset_number(r->rows));
    lem_status st = LEM_OK;
    if ((int64_t)n > r->how->max_len) st = shorten(ids, mask, r, drops, log, &n, err);
    if (st || n == 0) return st;
    st = lem_examples_add(e, ids->data, mask, n, err);
    if (st) return st;
    lem_examples_name_domain(e, lem_json_str(lem_json_get(r->row, "domain"), NULL));
    drops->kept++;
    drops->tokens += n;
    drops->trained += count_trained(mask, n);
    drops->conversations += !lem_turns_are_text(&r->turns);
    drops->with_suffix += r->how->user_suffix && r->kind == LEM_ROW_QUESTION_ANSWER;
    drops->with_system += takes_system(r);
    drops->masked_turns += (uint64_t)r->facts.masked_turns;
    drops->several_boxed += r->facts.several_boxed;
    drops->duplicate_ids += r->facts.duplicate_id;
    drops->unread_tools += r->turns.tools && !r->tools_read;
    return LEM_OK;
}

/* Does the template write tools? Looked at in the first row that has some. */
static lem_status look_at_tools(reader *r, const lem_tokenizer *t, lem_err *err) {
    if (!r->turns.tools || r->tools_known) return LEM_OK;
    r->tools_known = true;
    return lem_turns_reads_tools(t, &r->turns, &r->tools_read, err);
}

/* ---- what is said of a file ---- */

static void tell_first(const reader *r, lem_log *log) {
    lem_buf ground = {0};
    const char *trained = "";
    lem_row_evidence(r->row, r->kind, &ground);
    if (r->kind == LEM_ROW_PREFERENCE) trained = "; the chosen reply is trained, the rejected one is not";
    if (r->kind == LEM_ROW_RANKED) trained = "; the reply of the lowest rank is trained, the others are not";
    if (r->kind == LEM_ROW_UNPAIRED || r->kind == LEM_ROW_GRADED)
        trained = "; rows whose label is false or 0 are not trained";
    if (r->kind == LEM_ROW_RLHFLOW) trained = "; the signs are trained as replies";
    lem_info(log, "%s: rows of kind %s (%s)%s", r->file, lem_row_kind_name(r->kind), lem_buf_str(&ground),
             trained);
    lem_buf_release(&ground);
}

static void tell_count(const reader *r, lem_log *log, uint64_t n, const char *what) {
    if (n) lem_warn(log, "%s: %llu %s", r->file, (unsigned long long)n, what);
}

/* d: what the file added to the counts. */
static void tell_rest(const reader *r, const lem_drop_counts *d, lem_log *log) {
    lem_buf unused = {0};
    tell_count(r, log, d->marked, "rows left out: they say that they are not to be trained");
    tell_count(r, log, d->empty, "rows left out: their replies are empty");
    tell_count(r, log, r->audit.some_empty, "rows with an empty reply beside others");
    tell_count(r, log, d->masked_turns, "replies are not trained, as their rows say");
    tell_count(r, log, d->duplicate_ids, "rows with an id that an earlier row has");
    tell_count(r, log, d->several_boxed, "rows with a reply of several \\boxed answers");
    tell_count(r, log, d->unread_tools, "rows with tools, which the chat template does not write");
    lem_row_audit_unused(&r->audit, &unused);
    if (unused.len) lem_info(log, "%s: columns that nothing uses: %s", r->file, lem_buf_str(&unused));
    lem_buf_release(&unused);
}

static void subtract(lem_drop_counts *d, const lem_drop_counts *before) {
    d->marked -= before->marked;
    d->empty -= before->empty;
    d->masked_turns -= before->masked_turns;
    d->duplicate_ids -= before->duplicate_ids;
    d->several_boxed -= before->several_boxed;
    d->unread_tools -= before->unread_tools;
}

/* Of several replies the last alone is trained. */
static void train_last(lem_turns *turns) {
    int last = turns->n - 1;
    while (last >= 0 && !lem_turn_is(&turns->at[last], "assistant")) last--;
    for (int i = 0; i < last; i++) turns->at[i].untrained = true;
}

/* What is wrong with a row, with file and line, and the ways out where the template is at fault. */
static void tell_row(const reader *r, lem_err *err) {
    size_t n = err ? strlen(err->text) : 0;
    if (err && strstr(err->text, "what is trained cannot be told") && n < sizeof err->text)
        snprintf(err->text + n, sizeof err->text - n,
                 "; ways out: --train last (of several replies the last alone), or another template "
                 "(--template FILE)");
    lem_err_context(err, "%s:%llu", r->file, (unsigned long long)lem_rowset_number(r->rows));
}

/* One row: left out because it says so or says nothing, or encoded. */
static lem_status load_row(lem_examples *e, reader *r, const lem_tokenizer *t, lem_ids *ids,
                           lem_drop_counts *drops, lem_log *log, lem_err *err) {
    uint8_t *mask = NULL;
    drops->rows++;
    drops->marked += r->facts.marked;
    drops->empty += !r->facts.marked && r->facts.empty;
    if (r->facts.marked || r->facts.empty) return LEM_OK;
    ids->len = 0;
    lem_status st = look_at_tools(r, t, err);
    if (r->how->train_last) train_last(&r->turns);
    if (st == LEM_OK) st = lem_turns_encode(t, &r->turns, r->how->system, ids, &mask, err);
    if (st) tell_row(r, err);
    else st = add_example(e, ids, mask, r, drops, log, err);
    lem_free(mask);
    drops->rows -= st != LEM_OK;
    return st;
}

lem_status lem_examples_load(lem_examples *e, const char *path, const lem_tokenizer *t,
                             const lem_sft_load *how, lem_drop_counts *drops, lem_log *log, lem_err *err) {
    reader r = {0};
    lem_status st = LEM_OK;
    lem_ids ids = {0};
    const lem_drop_counts before = *drops;
    LEM_TRY(reader_open(&r, path, how, err));
    for (;;) {
        bool eof = false;
        st = reader_next(&r, &eof, err);
        if (st == LEM_OK && eof) break;
        if (st == LEM_OK && r.first) tell_first(&r, log);
        if (st == LEM_OK) st = load_row(e, &r, t, &ids, drops, log, err);
        LEM_TRY(left_out(&r, st, err));
    }
    lem_drop_counts own = *drops;
    subtract(&own, &before);
    tell_rest(&r, &own, log);
done:
    lem_ids_release(&ids);
    reader_close(&r);
    return st;
}
