/* dataset.c - rows to token ids with loss masks */
#include "data/dataset.h"

#include "core/mem.h"
#include "data/rows.h"
#include "data/record.h"
#include "prompt/prompt.h"

#include <string.h>

void lem_examples_release(lem_examples *e) {
    lem_free(e->ids);
    lem_free(e->mask);
    lem_free(e->start);
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
        e->cap_n = cap;
    }
    memcpy(e->ids + used, ids, n * sizeof *ids);
    memcpy(e->mask + used, mask, n);
    e->start[e->n] = used;
    e->start[++e->n] = used + n;
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
    lem_log *log;     /* told the kinds; NULL = silent */
    const char *file; /* the one that the kind is of; borrowed from rows */
    lem_row_kind kind;
    lem_turns turns;
    int64_t left;
} reader;

static lem_status reader_open(reader *r, const char *path, const lem_sft_load *how, lem_err *err) {
    *r = (reader){.how = how, .left = how->limit};
    if (how->format && *how->format) {
        lem_status st = lem_row_kind_parse(how->format, &r->kind, err);
        if (st) return st;
    }
    return lem_data_rows_open(path, how->cancel, &r->rows, err);
}

static void reader_close(reader *r) {
    lem_rowset_close(r->rows);
    lem_turns_release(&r->turns);
}

/* The kind of the rows of a file, told from its first one. */
static void tell_kind(reader *r, const lem_json *row) {
    const char *file = lem_rowset_file(r->rows);
    bool asked = r->how->format && *r->how->format, first = !r->file;
    if (r->file == file) return;
    lem_row_kind kind = asked ? r->kind : lem_row_detect(row);
    if (r->log && (first || kind != r->kind))
        lem_info(r->log, "%s: rows of kind %s", file, lem_row_kind_name(kind));
    r->kind = kind;
    r->file = file;
}

/* Names the file and line of the last row. */
static lem_status with_place(const reader *r, lem_err *err) {
    return lem_err_context(err, "%s:%llu", lem_rowset_file(r->rows),
                           (unsigned long long)lem_rowset_number(r->rows));
}

static lem_status reader_next(reader *r, bool *eof, lem_err *err) {
    *eof = false;
    if (r->left == 0) {
        *eof = true;
        return LEM_OK;
    }
    lem_json *row = NULL;
    lem_status st = lem_data_cancelled(r->how->cancel, err);
    if (st == LEM_OK) st = lem_rowset_next(r->rows, &row, err);
    if (st) return st;
    if (!row) {
        *eof = true;
        return LEM_OK;
    }
    if (r->left > 0) r->left--;
    tell_kind(r, row);
    st = lem_row_turns(row, r->kind, &r->turns, err);
    if (st == LEM_OK) st = dress(&r->turns, r->kind, r->how, err);
    if (st) with_place(r, err);
    lem_json_free(row);
    return st;
}

lem_status lem_texts_load(const char *path, const lem_sft_load *how, lem_text_sink *sink, void *ctx,
                          lem_err *err) {
    reader r = {0};
    lem_status st = LEM_OK;
    bool eof = false;
    LEM_TRY(reader_open(&r, path, how, err));
    for (;;) {
        LEM_TRY(reader_next(&r, &eof, err));
        if (eof) break;
        for (int i = 0; i < r.turns.n; i++)
            LEM_TRY(sink(ctx, r.turns.at[i].content, strlen(r.turns.at[i].content), err));
    }
done:
    reader_close(&r);
    return st;
}

static bool is_text(const lem_turns *turns) {
    return turns->n == 1 && strcmp(turns->at[0].role, "text") == 0;
}

static bool takes_system(const reader *r) {
    bool own = r->turns.n > 0 && strcmp(r->turns.at[0].role, "system") == 0;
    return r->how->system && !own && !is_text(&r->turns);
}

static lem_status encode_turns(const lem_tokenizer *t, const lem_turns *turns, const char *system,
                               lem_ids *ids, uint8_t **mask, lem_err *err) {
    if (is_text(turns)) return lem_prompt_text(t, turns->at[0].content, ids, mask, err);
    lem_message *m = lem_alloc((size_t)turns->n + 1, sizeof *m, err);
    if (!m) return LEM_EMEM;
    for (int i = 0; i < turns->n; i++) m[i] = (lem_message){turns->at[i].role, turns->at[i].content};
    lem_status st = lem_prompt_conversation(t, system, m, (size_t)turns->n, ids, mask, err);
    lem_free(m);
    return st;
}

/* One row as an example, or counted as too long. */
static lem_status add_example(lem_examples *e, const lem_ids *ids, const uint8_t *mask, const reader *r,
                              lem_drop_counts *drops, lem_log *log, lem_err *err) {
    const char *file = lem_rowset_file(r->rows);
    unsigned long long line = lem_rowset_number(r->rows);
    size_t trained = 0;
    for (size_t i = 1; i < ids->len; i++) trained += mask[i];
    if (trained == 0)
        return lem_fail(err, LEM_EDATA, "%s:%llu: the row trains on zero tokens (it has no assistant text)",
                        file, line);
    if ((int64_t)ids->len > r->how->max_len) {
        if (drops->too_long++ < 3)
            lem_warn(log, "%s:%llu: left out: %zu tokens, --max-len is %d", file, line, ids->len,
                     r->how->max_len);
        return LEM_OK;
    }
    lem_status st = lem_examples_add(e, ids->data, mask, ids->len, err);
    if (st) return st;
    drops->kept++;
    drops->conversations += !is_text(&r->turns);
    drops->with_suffix += r->how->user_suffix && r->kind == LEM_ROW_QUESTION_ANSWER;
    drops->with_system += takes_system(r);
    return LEM_OK;
}

lem_status lem_examples_load(lem_examples *e, const char *path, const lem_tokenizer *t,
                             const lem_sft_load *how, lem_drop_counts *drops, lem_log *log, lem_err *err) {
    reader r = {0};
    lem_status st = LEM_OK;
    lem_ids ids = {0};
    uint8_t *mask = NULL;
    LEM_TRY(reader_open(&r, path, how, err));
    r.log = log;
    for (;;) {
        bool eof = false;
        LEM_TRY(reader_next(&r, &eof, err));
        if (eof) break;
        drops->rows++;
        ids.len = 0;
        lem_free(mask);
        mask = NULL;
        st = encode_turns(t, &r.turns, how->system, &ids, &mask, err);
        if (st) {
            with_place(&r, err);
            goto done;
        }
        LEM_TRY(add_example(e, &ids, mask, &r, drops, log, err));
    }
done:
    lem_free(mask);
    lem_ids_release(&ids);
    reader_close(&r);
    return st;
}
