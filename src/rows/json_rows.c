/* json_rows - readers of JSONL and of one JSON array of objects, row by row */
#include "rows/kinds_priv.h"

#include "core/mem.h"

#include <string.h>

/* Lines that are parsed together: many short ones, since threads that wait for each other cost a fixed time;
 * of long ones a few. */
enum { AHEAD_LINES = 2048, AHEAD_LONG = 512, AHEAD_BYTES = 4 << 20, AHEAD_SHORT_BYTES = 1 << 19 };

/* A line that was parsed ahead. */
typedef struct parsed_line {
    size_t at, len; /* in the text of its lines */
    uint64_t number;
    lem_json *row;
    bool told;
    lem_status st;
    lem_err err;
} parsed_line;

/* Lines that were read, and are parsed together. */
typedef struct some_lines {
    parsed_line line[AHEAD_LINES];
    lem_buf text;
    int n, next;
    uint64_t number; /* of the last one */
    lem_status end;  /* what reading them ended with, told behind them */
    lem_err end_err;
} some_lines;

typedef struct json_rows {
    lem_input in;
    lem_wanted wanted;
    uint64_t number;
    bool begun, ended; /* of an array: '[' or ']' was passed; begun of lines: the first were read */
    bool rest;         /* what is unread begins in the middle of a line that was too long */
    bool passed;       /* the row that could not be read lies behind us */
    some_lines *ahead; /* [2] with a pool, else NULL: those handed out, and behind them those read */
    int now;           /* which is handed out */
} json_rows;

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* Drops what is not wanted. */
static lem_status keep_wanted(const json_rows *r, lem_json *whole, lem_json **row, lem_err *err) {
    if (r->wanted.n == 0) return *row = whole, LEM_OK;
    lem_json *o = lem_json_new_object();
    lem_status st = o ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory for a row");
    for (const char *k = lem_json_key_next(whole, NULL); k && st == LEM_OK; k = lem_json_key_next(whole, k)) {
        if (lem_wants(&r->wanted, k)) st = lem_row_set(o, k, lem_json_share(lem_json_key_value(k)), err);
    }
    lem_json_free(whole);
    if (st == LEM_OK) *row = o;
    else lem_json_free(o);
    return st;
}

/* *json (may be NULL): it is JSON, if no row. */
static lem_status parse_row(const json_rows *r, const char *text, size_t n, lem_json **row, bool *json,
                            lem_err *err) {
    lem_json *v = NULL;
    lem_status st = lem_json_parse(text, n, &v, err);
    if (json) *json = st == LEM_OK;
    if (st == LEM_EDATA) lem_explain_word(text, n, err);
    if (st != LEM_OK) return st;
    if (lem_json_kind(v) == LEM_JSON_OBJECT) return keep_wanted(r, v, row, err);
    lem_fail(err, LEM_EDATA, "the row must be a JSON object, not: %s", lem_json_kind_name(v));
    lem_json_free(v);
    return LEM_EDATA;
}

/* ---- JSONL ---- */

static bool too_long(const json_rows *r, size_t n) { return n > r->wanted.max_row; }

/* Passes over what is left of a line. */
static lem_status pass_rest(json_rows *r, lem_err *err) {
    while (r->rest) {
        lem_status st = lem_input_need(&r->in, 1, err);
        if (st != LEM_OK) return st;
        size_t have = lem_input_have(&r->in);
        const char *at = lem_input_at(&r->in), *end = have ? memchr(at, '\n', have) : NULL;
        r->in.pos += end ? (size_t)(end - at) + 1 : have;
        r->rest = have && !end;
    }
    return LEM_OK;
}

/* *n is the length of the unread line, without its '\n', which *whole counts; more than the longest where it
 * is too long, whose end is not looked for. */
static lem_status find_line(json_rows *r, size_t *n, size_t *whole, lem_err *err) {
    size_t searched = 0;
    for (;;) {
        size_t have = lem_input_have(&r->in);
        const char *at = lem_input_at(&r->in), *end = memchr(at + searched, '\n', have - searched);
        if (have - searched == 0) end = NULL;
        if (end || r->in.eof) {
            *n = end ? (size_t)(end - at) : have;
            *whole = *n + (end != NULL);
            return LEM_OK;
        }
        *n = *whole = searched = have;
        if (too_long(r, have)) {
            r->rest = true;
            return LEM_OK;
        }
        lem_status st = lem_input_need(&r->in, (uint64_t)have + 1, err);
        if (st != LEM_OK) return st;
    }
}

/* The next line that is not blank, without the space in front; *n 0 at the end, more than the longest of one
 * that is too long. It lies in the input until more is read. *number counts the lines. */
static lem_status take_line(json_rows *r, uint64_t *number, const char **text, size_t *n, lem_err *err) {
    size_t whole = 0;
    for (;;) {
        *n = 0;
        lem_status st = lem_cancel_check(r->in.cancel, err);
        if (st == LEM_OK) st = pass_rest(r, err);
        if (st == LEM_OK) st = find_line(r, n, &whole, err);
        if (st != LEM_OK || whole == 0) return st;
        *text = lem_input_at(&r->in);
        r->in.pos += whole;
        if (too_long(r, *n)) {
            ++*number;
            return LEM_OK;
        }
        if (++*number == 1 && *n >= 3 && memcmp(*text, "\xEF\xBB\xBF", 3) == 0) *text += 3, *n -= 3;
        while (*n && is_space(**text)) ++*text, --*n;
        if (*n) return LEM_OK;
    }
}

static void parse_ahead(const json_rows *r, some_lines *l, parsed_line *at) {
    if (at->st != LEM_OK) return;
    at->st = parse_row(r, l->text.data + at->at, at->len, &at->row, NULL, &at->err);
    at->told = at->row && r->wanted.tell && r->wanted.tell(at->row);
}

static bool holds_enough(const some_lines *l) {
    size_t most = l->n < AHEAD_LONG ? AHEAD_BYTES : AHEAD_SHORT_BYTES;
    return l->n == AHEAD_LINES || l->text.len >= most;
}

/* The lines behind those of `before`. */
static void read_lines(json_rows *r, const some_lines *before, some_lines *l) {
    l->n = l->next = 0;
    l->number = before->number;
    l->end = before->end;
    l->end_err = before->end_err;
    lem_buf_clear(&l->text);
    while (l->end == LEM_OK && !holds_enough(l)) {
        const char *text;
        size_t n;
        l->end = take_line(r, &l->number, &text, &n, &l->end_err);
        if (l->end != LEM_OK || n == 0) break;
        parsed_line *at = &l->line[l->n++];
        *at = (parsed_line){.at = l->text.len, .len = n, .number = l->number};
        if (too_long(r, n)) at->st = lem_row_too_long(r->wanted.max_row, &at->err);
        else lem_buf_add(&l->text, text, n);
        if (at->st != LEM_OK && !r->wanted.judged) { /* its end may be far */
            l->end = at->st;
            l->end_err = at->err;
        }
        if (l->text.failed) l->end = lem_fail(&l->end_err, LEM_EMEM, "out of memory for a row");
    }
    if (l->text.failed) l->n = 0;
}

/* Task 0 reads the lines behind those that the others parse. */
static void ahead_task(void *ctx, int task, int worker) {
    json_rows *r = ctx;
    some_lines *now = &r->ahead[r->now];
    (void)worker;
    if (task == 0) read_lines(r, now, &r->ahead[!r->now]);
    else parse_ahead(r, now, &now->line[task - 1]);
}

static some_lines *next_lines(json_rows *r) {
    if (!r->begun) read_lines(r, &r->ahead[r->now], &r->ahead[!r->now]);
    r->begun = true;
    r->now = !r->now;
    lem_pool_run(r->wanted.pool, r->ahead[r->now].n + 1, ahead_task, r);
    return &r->ahead[r->now];
}

static lem_status next_of_ahead(json_rows *r, lem_json **row, lem_err *err) {
    some_lines *l = &r->ahead[r->now];
    if (l->next == l->n) l = next_lines(r);
    if (l->next == l->n) {
        if (l->end != LEM_OK) *err = l->end_err;
        r->number = l->number;
        r->passed = false;
        return l->end;
    }
    parsed_line *at = &l->line[l->next++];
    r->number = at->number;
    *row = at->row;
    at->row = NULL;
    if (at->st != LEM_OK) *err = at->err;
    r->passed = true;
    return at->st;
}

static lem_status next_line(void *self, lem_json **row, lem_err *err) {
    json_rows *r = self;
    const char *text;
    size_t n;
    *row = NULL;
    if (r->ahead) return next_of_ahead(r, row, err);
    lem_status st = take_line(r, &r->number, &text, &n, err);
    r->passed = st == LEM_OK;
    if (st == LEM_OK && too_long(r, n)) return lem_row_too_long(r->wanted.max_row, err);
    return st == LEM_OK && n ? parse_row(r, text, n, row, NULL, err) : st;
}

/* ---- One array ---- */

/* The next unread byte that is not space, or -1 at the end. */
static lem_status next_byte(json_rows *r, int *c, lem_err *err) {
    for (;;) {
        lem_status st = lem_input_need(&r->in, 1, err);
        if (st != LEM_OK) return st;
        *c = lem_input_have(&r->in) ? (unsigned char)*lem_input_at(&r->in) : -1;
        if (*c < 0 || !is_space((char)*c)) return LEM_OK;
        r->in.pos++;
    }
}

/* Where an element ends, seen byte by byte: strings and brackets are followed, nothing else is judged. */
typedef struct scan {
    int depth;
    bool text, escaped;
} scan;

static bool ends_before(scan *s, char c) {
    if (s->text) {
        if (s->escaped) s->escaped = false;
        else if (c == '\\') s->escaped = true;
        else if (c == '"') s->text = false;
        return false;
    }
    if (s->depth == 0 && (c == ',' || c == ']')) return true;
    if (c == '"') s->text = true;
    if (c == '[' || c == '{') s->depth++;
    if (c == ']' || c == '}') s->depth--;
    return s->depth < 0;
}

static lem_status find_element(json_rows *r, size_t *n, lem_err *err) {
    scan s = {0, false, false};
    for (size_t i = 0;; i++) {
        if (i == lem_input_have(&r->in)) {
            if (too_long(r, i)) return lem_row_too_long(r->wanted.max_row, err);
            lem_status st = lem_input_need(&r->in, (uint64_t)i + 1, err);
            if (st != LEM_OK) return st;
            if (i == lem_input_have(&r->in)) return lem_fail(err, LEM_EDATA, "the array is not closed");
        }
        if (!ends_before(&s, lem_input_at(&r->in)[i])) continue;
        *n = i;
        return too_long(r, i) ? lem_row_too_long(r->wanted.max_row, err) : LEM_OK;
    }
}

/* Past '[' or ',' to an element, or past ']' to the end of the file. */
static lem_status to_element(json_rows *r, lem_err *err) {
    int c = -1;
    lem_status st = LEM_OK;
    if (!r->begun) {
        LEM_TRY(lem_input_need(&r->in, 3, err));
        if (lem_input_have(&r->in) >= 3 && memcmp(lem_input_at(&r->in), "\xEF\xBB\xBF", 3) == 0)
            r->in.pos += 3;
    }
    LEM_TRY(next_byte(r, &c, err));
    bool comma = r->begun && c == ',';
    if (!r->begun || comma) {
        r->in.pos++; /* ',', or '[', by which the kind was told */
        bool first = !r->begun;
        r->begun = true;
        LEM_TRY(next_byte(r, &c, err));
        if (c == ']' && !first) return lem_fail(err, LEM_EDATA, "a comma before the end of the array");
    } else if (c >= 0 && c != ']') return lem_fail(err, LEM_EDATA, "a comma is missing");
    bool empty = c == ']';
    if (c < 0) return lem_fail(err, LEM_EDATA, "the array is not closed");
    if (!empty) return LEM_OK;
    r->in.pos++;
    LEM_TRY(next_byte(r, &c, err));
    r->ended = true;
    if (c >= 0) return lem_fail(err, LEM_EDATA, "something stands behind the array");
done:
    return st;
}

static lem_status next_element(void *self, lem_json **row, lem_err *err) {
    json_rows *r = self;
    size_t n = 0;
    *row = NULL;
    if (r->ended) return LEM_OK;
    lem_status st = lem_cancel_check(r->in.cancel, err);
    r->number++;
    if (st == LEM_OK) st = to_element(r, err);
    if (st == LEM_OK && r->ended) r->number--;
    if (st == LEM_OK && !r->ended) st = find_element(r, &n, err);
    r->passed = false;
    if (st != LEM_OK || r->ended) return st;
    bool json = false;
    st = parse_row(r, lem_input_at(&r->in), n, row, &json, err);
    r->in.pos += n;
    r->passed = json; /* where something is no JSON, nobody knows where it ends */
    return st;
}

/* ---- The readers ---- */

static uint64_t number(const void *self) { return ((const json_rows *)self)->number; }

static bool told(const void *self, bool *answer) {
    const json_rows *r = self;
    const some_lines *l = r->ahead ? &r->ahead[r->now] : NULL;
    if (!l || !l->next) return false;
    *answer = l->line[l->next - 1].told;
    return true;
}

static void put_packed(const json_rows *r, lem_buf *out) {
    const char *packed = lem_stream_packed(r->in.stream);
    if (packed) lem_buf_printf(out, " inside %s", packed);
}

static void line_evidence(const void *self, lem_buf *out) {
    lem_buf_puts(out, "JSONL, one object a line");
    put_packed(self, out);
}

static void array_evidence(const void *self, lem_buf *out) {
    lem_buf_puts(out, "JSON, one array of objects");
    put_packed(self, out);
}

static lem_json *no_types(const void *self) {
    (void)self;
    return NULL;
}

static void json_close(void *self) {
    json_rows *r = self;
    for (int k = 0; r->ahead && k < 2; k++) {
        some_lines *l = &r->ahead[k];
        for (int i = 0; i < l->n; i++) lem_json_free(l->line[i].row);
        lem_buf_release(&l->text);
    }
    lem_input_close(&r->in);
    lem_free(r->ahead);
    lem_free(r);
}

static double json_share(const void *self) { return lem_input_share(&((const json_rows *)self)->in); }

static bool resumes(const void *self) { return ((const json_rows *)self)->passed; }

static const lem_reader_ops line_ops = {next_line,  number, line_evidence, no_types, json_share,
                                        json_close, true,   resumes,       told};
static const lem_reader_ops array_ops = {next_element, number,     array_evidence, no_types,
                                         json_share,   json_close, false,          resumes};

lem_status lem_json_rows_open(lem_input *in, const lem_wanted *wanted, lem_reader *out, lem_err *err) {
    json_rows *r = lem_alloc_zero(1, sizeof *r, err);
    bool ahead = r && lem_pool_threads(wanted->pool) > 1;
    if (ahead) r->ahead = lem_alloc_zero(2, sizeof *r->ahead, err);
    if (!r || (ahead && !r->ahead)) {
        lem_free(r);
        lem_input_close(in);
        return LEM_EMEM;
    }
    r->in = *in;
    *in = (lem_input){0};
    r->wanted = *wanted;
    const char *p = lem_input_at(&r->in), *end = p + lem_input_have(&r->in);
    if (end - p >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0) p += 3;
    while (p < end && is_space(*p)) p++;
    *out = (lem_reader){p < end && *p == '[' ? &array_ops : &line_ops, r};
    return LEM_OK;
}
