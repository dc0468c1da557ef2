/* line_coder.c - lines of text to JSON arrays of ids, and back, by several threads */
#include "token/line_coder.h"

#include "core/json.h"
#include "core/mem.h"

#include <string.h>

enum { BATCH_LINES = 1024, BATCH_BYTES = 4 << 20 };

typedef struct line {
    lem_buf in, out;
    size_t tokens;
    uint64_t number;
    lem_status st;
    lem_err err;
} line;

typedef struct job {
    const lem_tokenizer *t;
    lem_line_coding how;
    lem_lines *lines;
    lem_line_sink *sink;
    void *ctx;
    line *at; /* [BATCH_LINES] */
    int64_t left;
    lem_line_counts counts;
} job;

/* ---- one line ---- */

static lem_status write_pieces(const job *j, const lem_ids *ids, lem_buf *out, lem_err *err) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < ids->len; i++) {
        size_t len = 0;
        const char *s = lem_tokenizer_token_bytes(j->t, ids->data[i], &len);
        ok = lem_json_append(list, s ? lem_json_new_strn(s, len) : lem_json_new_str(""));
    }
    if (ok) lem_json_write(list, 0, out);
    lem_json_free(list);
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static void write_ids(const lem_ids *ids, lem_buf *out) {
    lem_buf_putc(out, '[');
    for (size_t i = 0; i < ids->len; i++) {
        char digits[12];
        int k = (int)sizeof digits;
        uint32_t v = (uint32_t)ids->data[i];
        do digits[--k] = (char)('0' + v % 10);
        while (v /= 10);
        if (i) lem_buf_putc(out, ',');
        lem_buf_add(out, digits + k, sizeof digits - (size_t)k);
    }
    lem_buf_putc(out, ']');
}

static lem_status encode_line(const job *j, line *l, lem_err *err) {
    lem_ids ids = {0};
    lem_status (*encode)(const lem_tokenizer *, const char *, size_t, bool, lem_ids *, lem_err *) =
        j->how.add_special ? lem_tokenizer_encode_single : lem_tokenizer_encode;
    lem_status st = encode(j->t, lem_buf_str(&l->in), l->in.len, j->how.parse_special, &ids, err);
    l->tokens = ids.len;
    if (st == LEM_OK && !j->how.count_only) {
        if (j->how.pieces) st = write_pieces(j, &ids, &l->out, err);
        else write_ids(&ids, &l->out);
    }
    lem_ids_release(&ids);
    return st;
}

static lem_status read_ids(const job *j, const line *l, lem_ids *ids, lem_err *err) {
    lem_json *list = NULL;
    int vocab = lem_tokenizer_vocab(j->t);
    lem_status st = lem_json_parse(lem_buf_str(&l->in), l->in.len, &list, err);
    if (st) return st;
    if (lem_json_kind(list) != LEM_JSON_ARRAY)
        st = lem_fail(err, LEM_EDATA, "an array of ids expected, found %s", lem_json_kind_name(list));
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(list); i++) {
        int64_t id = lem_json_int(lem_json_at(list, i), -1);
        if (id >= 0 && id < vocab) st = lem_ids_push(ids, (int32_t)id, err);
        else st = lem_fail(err, LEM_EDATA, "element %zu is no id of this vocabulary (0..%d)", i, vocab - 1);
    }
    lem_json_free(list);
    return st;
}

static lem_status decode_line(const job *j, line *l, lem_err *err) {
    lem_ids ids = {0};
    lem_status st = read_ids(j, l, &ids, err);
    l->tokens = ids.len;
    if (st == LEM_OK && j->how.pieces) st = write_pieces(j, &ids, &l->out, err);
    else if (st == LEM_OK)
        st = lem_tokenizer_decode(j->t, ids.data, ids.len, j->how.skip_special, &l->out, err);
    lem_ids_release(&ids);
    return st;
}

static void code_line(void *ctx, int task, int worker) {
    (void)worker;
    job *j = ctx;
    line *l = &j->at[task];
    lem_buf_clear(&l->out);
    l->st = j->how.decode ? decode_line(j, l, &l->err) : encode_line(j, l, &l->err);
    if (l->st == LEM_OK && !j->how.count_only) lem_buf_putc(&l->out, '\n');
    if (l->st == LEM_OK) l->st = lem_buf_ok(&l->out, &l->err);
}

/* ---- batches ---- */

static lem_status read_batch(job *j, int *n, bool *eof, lem_err *err) {
    size_t gathered = 0;
    *n = 0;
    while (*n < BATCH_LINES && gathered < BATCH_BYTES && j->left != 0) {
        const char *text;
        size_t len;
        line *l = &j->at[*n];
        lem_status st = lem_lines_next(j->lines, &text, &len, eof, err);
        if (st || *eof) return st;
        lem_buf_clear(&l->in);
        lem_buf_add(&l->in, text, len);
        st = lem_buf_ok(&l->in, err);
        if (st) return st;
        l->number = lem_lines_number(j->lines);
        gathered += len;
        j->left -= j->left > 0;
        ++*n;
    }
    *eof = *eof || j->left == 0;
    return LEM_OK;
}

static lem_status hand_on(job *j, int n, lem_err *err) {
    for (int i = 0; i < n; i++) {
        line *l = &j->at[i];
        if (l->st != LEM_OK && j->how.pass) {
            l->st = j->how.pass(j->how.pass_ctx, l->number, l->st, &l->err);
            if (l->st == LEM_OK) continue;
        }
        if (l->st != LEM_OK)
            return lem_fail(err, l->st, "%s:%llu: %s", j->how.source, (unsigned long long)l->number,
                            l->err.text);
        j->counts.lines++;
        j->counts.bytes += j->how.decode ? l->out.len : l->in.len;
        j->counts.tokens += l->tokens;
        if (j->how.count_only) continue;
        lem_status st = j->sink(j->ctx, lem_buf_str(&l->out), l->out.len, err);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

lem_status lem_line_code(const lem_tokenizer *t, const lem_line_coding *how, lem_lines *in, lem_pool *pool,
                         const lem_cancel *cancel, lem_line_sink *sink, void *ctx, lem_line_counts *counts,
                         lem_err *err) {
    job j = {.t = t, .how = *how, .lines = in, .sink = sink, .ctx = ctx, .left = how->limit};
    lem_status st = LEM_OK;
    j.at = lem_alloc_zero(BATCH_LINES, sizeof *j.at, err);
    if (!j.at) return LEM_EMEM;
    for (bool eof = false; !eof;) {
        int n = 0;
        LEM_TRY(read_batch(&j, &n, &eof, err));
        double start = lem_clock_seconds();
        lem_pool_run(pool, n, code_line, &j);
        j.counts.seconds += lem_clock_seconds() - start;
        LEM_TRY(hand_on(&j, n, err));
        if (cancel && cancel->requested) LEM_TRY(lem_fail(err, LEM_EINTR, "interrupted"));
    }
    *counts = j.counts;
done:
    for (int i = 0; i < BATCH_LINES; i++) {
        lem_buf_release(&j.at[i].in);
        lem_buf_release(&j.at[i].out);
    }
    lem_free(j.at);
    return st;
}
