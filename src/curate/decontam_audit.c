/* decontam_audit.c - matches as rows */
#include "curate/decontam_audit.h"

#include "core/hash.h"
#include "core/object.h"
#include "curate/normalize.h"

#include <inttypes.h>
#include <string.h>

static lem_status pair_key(const char *train, size_t train_len, const char *test, size_t test_len,
                           char out[17], lem_err *err) {
    lem_buf b = {0};
    char hex[65];
    lem_status st = lem_normalize(train, train_len, &b, err);
    lem_buf_putc(&b, '\n');
    if (st == LEM_OK) st = lem_normalize(test, test_len, &b, err);
    if (st == LEM_OK) st = lem_buf_ok(&b, err);
    if (st == LEM_OK) {
        lem_sha256_hex(b.data, b.len, hex);
        memcpy(out, hex, 16);
        out[16] = '\0';
    }
    lem_buf_release(&b);
    return st;
}

static const lem_test_row *first_row(const lem_tests *t, const lem_decontam_match *m) {
    return &t->row[t->first[m->test]];
}

static lem_status label_of(const lem_train_text *train, lem_buf *out, lem_err *err) {
    lem_buf_printf(out, "%s:%" PRIu64, train->file, train->number);
    return lem_buf_ok(out, err);
}

lem_status lem_decontam_allowed(const lem_allow *a, const lem_tests *t, const lem_train_text *train,
                                const lem_decontam_match *m, bool *out, lem_err *err) {
    lem_buf from = {0}, to = {0};
    const lem_test_row *row = first_row(t, m);
    char pair[17];
    *out = false;
    if (!a) return LEM_OK;
    lem_status st = pair_key(train->text, train->len, row->text, strlen(row->text), pair, err);
    if (st == LEM_OK) st = label_of(train, &from, err);
    while (st == LEM_OK && !*out) {
        lem_buf_clear(&to);
        lem_tests_label(t, row, &to);
        st = lem_buf_ok(&to, err);
        if (st == LEM_OK)
            st = lem_allow_has(a, pair, (lem_allow_row){lem_buf_str(&from), train->id},
                               (lem_allow_row){lem_buf_str(&to), row->id}, out, err);
        if (!row->next) break;
        row = &t->row[row->next - 1];
    }
    lem_buf_release(&from);
    lem_buf_release(&to);
    return st;
}

static const char *decision(const lem_decontam_match *m, bool allowed) {
    if (m->rule == LEM_DECONTAM_NONE) return "keep";
    return allowed ? "allowed" : "drop";
}

static void tell_match(lem_object *o, const lem_tests *t, const lem_decontam_match *m) {
    lem_buf run = {0};
    lem_object_int(o, "train_words", m->train_words);
    lem_object_int(o, "test_words", m->test_words);
    lem_object_int(o, "lcs", m->lcs);
    lem_object_num(o, "lcs_of_train", lem_decontam_share(m, LEM_DECONTAM_TRAIN));
    lem_object_num(o, "lcs_of_test", lem_decontam_share(m, LEM_DECONTAM_TEST));
    lem_object_int(o, "ngrams", m->grams);
    lem_object_int(o, "run_words", m->run);
    lem_decontam_words(t->index, m->test, m->run_test, m->run, &run);
    o->failed = o->failed || run.failed;
    lem_object_str(o, "run", lem_buf_str(&run));
    lem_buf_release(&run);
}

lem_status lem_decontam_audit_row(const lem_tests *t, const lem_train_text *train,
                                  const lem_decontam_match *m, bool allowed, lem_json **out, lem_err *err) {
    static const char *const parts[] = {"prompt", "response"};
    const lem_test_row *row = first_row(t, m);
    lem_buf from = {0}, to = {0};
    char pair[17];
    lem_status st = pair_key(train->text, train->len, row->text, strlen(row->text), pair, err);
    if (st == LEM_OK) st = label_of(train, &from, err);
    lem_tests_label(t, row, &to);
    if (st == LEM_OK) st = lem_buf_ok(&to, err);
    if (st == LEM_OK) {
        lem_object o = lem_object_new();
        lem_object_str(&o, "train", lem_buf_str(&from));
        lem_object_str(&o, "test", lem_buf_str(&to));
        if (train->id) lem_object_str(&o, "train_id", train->id);
        if (row->id) lem_object_str(&o, "test_id", row->id);
        lem_object_str(&o, "train_part", parts[train->part]);
        lem_object_str(&o, "test_part", parts[row->part]);
        lem_object_str(&o, "pair", pair);
        lem_object_str(&o, "decision", decision(m, allowed));
        lem_object_str(&o, "rule", lem_decontam_rule_name(m->rule));
        tell_match(&o, t, m);
        *out = lem_object_done(&o);
        if (!*out) st = lem_fail(err, LEM_EMEM, "out of memory");
    }
    lem_buf_release(&from);
    lem_buf_release(&to);
    return st;
}
