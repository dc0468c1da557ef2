/* audit_cases.c - the cases of an audit, to be marked by a person */
#include "report/audit_cases.h"

#include "core/hash.h"
#include "core/mem.h"
#include "core/object.h"
#include "report/mathml.h"

#include <stdio.h>
#include <string.h>

enum { PAGE_BYTES = 20 << 20, TEXT = 120 };

typedef struct one { /* a pair of gold and answer */
    const lem_audit_entry *first;
    uint64_t count;
    bool kind[LEM_AUDIT_N_KINDS];
} one;

typedef struct pairs {
    one *at;
    size_t n;
} pairs;

static lem_status add_entry(pairs *c, lem_map *seen, const lem_audit_entry *e, lem_err *err) {
    lem_buf key = {0};
    int64_t at = 0;
    lem_buf_add(&key, e->gold, strlen(e->gold) + 1);
    lem_buf_puts(&key, e->answer);
    lem_status st = lem_buf_ok(&key, err);
    if (st == LEM_OK && !lem_map_find(seen, key.data, key.len, &at)) {
        at = (int64_t)c->n;
        st = lem_map_set(seen, key.data, key.len, at, err);
        c->at[c->n++] = (one){.first = e};
    }
    lem_buf_release(&key);
    if (st) return st;
    one *x = &c->at[at];
    x->kind[e->kind] = true;
    if (e->count > x->count) x->count = e->count; /* an appearance may be of several kinds */
    return LEM_OK;
}

static lem_status gather(pairs *c, const lem_audit *audit, lem_err *err) {
    size_t n = lem_audit_count(audit);
    lem_map *seen = lem_map_new(err);
    c->at = seen ? lem_alloc_zero(n + 1, sizeof *c->at, err) : NULL;
    lem_status st = c->at ? LEM_OK : LEM_EMEM;
    for (size_t i = 0; st == LEM_OK && i < n; i++) st = add_entry(c, seen, lem_audit_at(audit, i), err);
    lem_map_free(seen);
    return st;
}

/* ---- a case ---- */

static const char *word_of(lem_answer_result r) {
    static const char *const words[] = {"wrong", "right", "undecided"};
    return words[lem_grade_correct_of(r.verdict)];
}

/* What is saved with a mark. NULL: no memory. */
static char *row_of(const lem_grade_page *p, const one *x) {
    const lem_audit_entry *e = x->first;
    lem_object o = lem_object_new();
    lem_buf b = {0};
    lem_object_str(&o, "gold", e->gold);
    lem_object_str(&o, "answer", e->answer);
    lem_object_str(&o, "policy", p->policy);
    lem_object_str(&o, "verdict", word_of(e->result));
    if (p->against) lem_object_str(&o, "against", p->against);
    if (p->against) lem_object_str(&o, "against_verdict", word_of(e->other));
    lem_object_str(&o, "file", e->file);
    lem_object_int(&o, "line", e->line);
    lem_object_int(&o, "candidate", (uint64_t)e->candidate);
    lem_object_int(&o, "times", x->count);
    lem_json *json = lem_object_done(&o);
    if (json) lem_json_write(json, 0, &b);
    lem_json_free(json);
    char *text = json ? lem_buf_take(&b) : NULL;
    lem_buf_release(&b);
    return text;
}

static void put_verdict(lem_buf *b, const char *policy, lem_answer_result r) {
    lem_buf_printf(b, " \xc2\xb7 %s: %s, %.80s", policy, word_of(r), r.rule ? r.rule : "");
}

static void put_label(const lem_grade_page *p, const one *x, lem_buf *b) {
    const lem_audit_entry *e = x->first;
    lem_buf_printf(b, "candidate %d of row %llu", e->candidate, (unsigned long long)e->line);
    put_verdict(b, p->policy, e->result);
    if (p->against) put_verdict(b, p->against, e->other);
    if (*e->why) lem_buf_printf(b, " \xc2\xb7 %s", e->why);
    if (x->count > 1) lem_buf_printf(b, " \xc2\xb7 %llu times", (unsigned long long)x->count);
}

/* A gold or an answer, as mathematics where it is LaTeX that is known. */
static void put_text(lem_buf *b, const char *s) {
    lem_buf scratch = {0};
    size_t n = strlen(s);
    bool math = n <= TEXT && memchr(s, '\\', n) && lem_mathml(s, n, false, &scratch);
    lem_buf_release(&scratch);
    if (math) lem_buf_printf(b, "\\(%s\\)", s);
    else lem_buf_printf(b, "%.*s%s", TEXT, s, n > TEXT ? "\xe2\x80\xa6" : "");
}

/* "gold 3, answer 3.0: std wrong, qwen right" */
static void put_title(const lem_grade_page *p, const one *x, lem_buf *b) {
    const lem_audit_entry *e = x->first;
    lem_buf_puts(b, "gold ");
    put_text(b, e->gold);
    lem_buf_puts(b, ", answer ");
    put_text(b, *e->answer ? e->answer : "(none)");
    lem_buf_printf(b, ": %s %s", p->policy, word_of(e->result));
    if (p->against) lem_buf_printf(b, ", %s %s", p->against, word_of(e->other));
    for (size_t i = 0; i < b->len; i++)
        if (b->data[i] == '\n' || b->data[i] == '\r') b->data[i] = ' ';
}

static lem_status put_case(lem_page *page, const lem_grade_page *p, const one *x, lem_tag *tags,
                           lem_err *err) {
    const lem_audit_entry *e = x->first;
    lem_buf title = {0}, label = {0};
    int tag[LEM_AUDIT_N_KINDS], n_tags = 0, n = 0;
    lem_example_part part[3];
    char *row = row_of(p, x);
    if (!row) return lem_fail(err, LEM_EMEM, "out of memory");
    const lem_asked asked = {row, lem_mark_name(lem_marks_find(p->marks, e->gold, e->answer))};
    put_title(p, x, &title);
    put_label(p, x, &label);
    for (int k = 0; k < LEM_AUDIT_N_KINDS; k++)
        if (x->kind[k]) {
            tags[k].n++;
            tag[n_tags++] = k;
        }
    if (*e->problem) part[n++] = (lem_example_part){.label = "Problem", .text = e->problem};
    part[n++] = (lem_example_part){.label = "expected answer", .text = "", .answer = e->gold};
    part[n++] = (lem_example_part){.label = lem_buf_str(&label), .text = e->response, .answer = e->answer};
    lem_page_item(page, &(lem_item){.title = lem_buf_str(&title),
                                    .tags = tag,
                                    .n_tags = n_tags,
                                    .parts = part,
                                    .n_parts = n,
                                    .asked = &asked});
    lem_status st = title.failed || label.failed ? lem_fail(err, LEM_EMEM, "out of memory") : LEM_OK;
    lem_buf_release(&title);
    lem_buf_release(&label);
    lem_free(row);
    return st;
}

lem_status lem_audit_cases_add(lem_page *page, const lem_grade_page *p, lem_err *err) {
    lem_tag tags[LEM_AUDIT_N_KINDS] = {{"case", "the policies disagree", 0},
                                       {"case", "near miss", 0},
                                       {"case", "undecided", 0},
                                       {"case", "right, but not marked as the answer", 0}};
    pairs c = {0};
    size_t left = 0;
    char text[160];
    lem_status st = gather(&c, p->audit, err);
    for (size_t i = 0; st == LEM_OK && i < c.n; i++)
        if (lem_page_item_bytes(page) > PAGE_BYTES) left++;
        else st = put_case(page, p, &c.at[i], tags, err);
    if (st == LEM_OK && c.n) {
        lem_page_section(page, "Cases to judge");
        lem_page_paragraph(
            page, "Each pair of a gold and an answer once. Say which answers are right: the marks can be "
                  "saved, and graders held against them.");
        snprintf(text, sizeof text,
                 "The last %zu cases are left out here: the page would be too large. The tables below "
                 "have them.",
                 left);
        if (left) lem_page_note(page, text);
        lem_page_browse(page, "cases", tags, LEM_AUDIT_N_KINDS);
    }
    lem_free(c.at);
    return st;
}
