/* filter_rules.c - regular expressions on fields of a row */
#include "curate/filter_priv.h"

#include "core/mem.h"

#include <string.h>

void lem_filter_rules_release(filter_rules *r) {
    for (size_t i = 0; i < r->n; i++) {
        lem_free(r->at[i].field);
        lem_filter_regex_free(r->at[i].regex);
    }
    lem_free(r->at);
    *r = (filter_rules){NULL, 0};
}

lem_status lem_filter_rules_read(const lem_json *list, const char *option, filter_rules *out, lem_err *err) {
    size_t n = lem_json_count(list);
    lem_status st = LEM_OK;
    if (n == 0) return LEM_OK;
    out->at = lem_alloc_zero(n, sizeof *out->at, err);
    if (!out->at) return LEM_EMEM;
    for (size_t i = 0; st == LEM_OK && i < n; i++) {
        const char *text = lem_json_str(lem_json_at(list, i), ""), *eq = strchr(text, '=');
        if (!eq || eq == text)
            return lem_fail(err, LEM_EUSAGE, "--%s: expected FIELD=REGEX, found '%.80s'", option, text);
        filter_rule *r = &out->at[out->n++];
        r->field = lem_strndup(text, (size_t)(eq - text), err);
        st = r->field ? lem_filter_regex_new(option, eq + 1, &r->regex, err) : LEM_EMEM;
    }
    return st;
}

/* The text of a field: strings as they are, other values as JSON. False where there is none. */
static bool text_of(const lem_filter_input *in, const char *field, lem_buf *made, const char **text,
                    size_t *len) {
    const lem_json *v = lem_json_find(in->row, field);
    if (strcmp(field, "prompt") == 0) {
        *text = in->prompt;
        *len = in->prompt_len;
        return true;
    }
    if (strcmp(field, "response") == 0) {
        *text = in->response;
        *len = in->response_len;
        return true;
    }
    if (!v) return false;
    if (lem_json_kind(v) == LEM_JSON_STRING) {
        *text = lem_json_str(v, "");
        *len = lem_json_str_len(v);
        return true;
    }
    lem_json_write(v, 0, made);
    *text = lem_buf_str(made);
    *len = made->len;
    return true;
}

lem_status lem_filter_rules_test(filter_rules *r, const lem_filter_input *in, bool want, filter_verdict *v,
                                 lem_err *err) {
    lem_buf made = {0};
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < r->n && !v->failed; i++) {
        const char *text = "";
        size_t len = 0;
        regex_answer a = REGEX_NO;
        lem_buf_clear(&made);
        bool there = text_of(in, r->at[i].field, &made, &text, &len);
        st = lem_buf_ok(&made, err);
        if (st == LEM_OK && there)
            st = lem_filter_regex_match(r->at[i].regex, text, len, REGEX_ANYWHERE, &a, err);
        v->failed = st == LEM_OK && (a == REGEX_GAVE_UP || (a == REGEX_YES) != want);
        const char *said = a == REGEX_GAVE_UP ? ": too much backtracking" : "";
        if (v->failed) lem_buf_printf(&v->detail, "%s%s%s", r->at[i].field, there ? "" : " is absent", said);
    }
    lem_buf_release(&made);
    return st;
}
