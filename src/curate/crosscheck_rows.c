/* crosscheck_rows.c - rows as keys, answers and verdicts */
#include "curate/crosscheck_priv.h"

#include <string.h>
#include <strings.h>

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* Runs of white space as one blank, none at the ends. */
static void fold_space(const char *s, size_t len, lem_buf *out) {
    for (size_t i = 0; i < len; i++) {
        if (!is_space(s[i])) lem_buf_putc(out, s[i]);
        else if (out->len && i + 1 < len && !is_space(s[i + 1])) lem_buf_putc(out, ' ');
    }
}

lem_status lem_cross_key_of(const lem_cross_opts *o, const lem_json *row, const char *prompt, size_t len,
                            cross_key *out, lem_err *err) {
    lem_buf b = {0};
    const lem_json *id = o->by_id ? lem_json_find(row, o->id_field) : NULL;
    lem_json_type kind = lem_json_kind(id);
    if (o->by_id && kind != LEM_JSON_STRING && kind != LEM_JSON_INT)
        return lem_fail(err, LEM_EDATA, "field '%s': a text or whole number expected as id, %s found",
                        o->id_field, id ? lem_json_kind_name(id) : "nothing");
    if (!o->by_id) fold_space(prompt, len, &b);
    else if (kind == LEM_JSON_INT) lem_json_write(id, 0, &b);
    else lem_buf_add(&b, lem_json_str(id, ""), lem_json_str_len(id));
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK && b.len == 0)
        st = lem_fail(err, LEM_EDATA, o->by_id ? "the id is empty" : "the prompt is empty");
    if (st == LEM_OK) *out = (cross_key){{lem_hash64(b.data, b.len, 1), lem_hash64(b.data, b.len, 2), 0}};
    lem_buf_release(&b);
    return st;
}

const lem_json *lem_cross_candidates(const lem_json *row) {
    static const char *const names[] = {"completions", "responses"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const lem_json *v = lem_json_get(row, names[i]);
        if (lem_json_kind(v) == LEM_JSON_ARRAY) return v;
    }
    return NULL;
}

lem_status lem_cross_extract(const lem_cross_opts *o, const char *text, size_t len, lem_buf *out,
                             lem_err *err) {
    lem_grade_span span;
    lem_buf_clear(out);
    return lem_grade_extract_answer(&o->profile, text, len, out, &span, err);
}

lem_status lem_cross_verdict(const lem_json *v, const char *field, int8_t *out, lem_err *err) {
    static const char *const yes[] = {"yes", "true", "correct", "right", "1"};
    static const char *const no[] = {"no", "false", "incorrect", "wrong", "0"};
    if (lem_json_kind(v) == LEM_JSON_ARRAY && lem_json_count(v) == 1) v = lem_json_at(v, 0);
    const char *text = lem_json_str(v, NULL);
    lem_json_type kind = lem_json_kind(v);
    *out = -1;
    if (v && kind == LEM_JSON_NULL) return LEM_OK;
    if (kind == LEM_JSON_BOOL) *out = lem_json_bool(v, false);
    if (kind == LEM_JSON_INT || kind == LEM_JSON_REAL) *out = lem_json_num(v, 0) >= 0.5;
    for (size_t i = 0; text && i < sizeof yes / sizeof *yes; i++) {
        if (strcasecmp(text, yes[i]) == 0) *out = 1;
        if (strcasecmp(text, no[i]) == 0) *out = 0;
    }
    if (*out >= 0) return LEM_OK;
    return lem_fail(err, LEM_EDATA,
                    "field '%s': a verdict expected (true or false, yes or no, 0 to 1, null), "
                    "%.40s found",
                    field,
                    text ? text
                    : v  ? lem_json_kind_name(v)
                         : "nothing");
}
