/* grade.c - the entry points: compiled golds, comparison, keys, explanation */
#include "grade/grade.h"

#include "answer/answer.h"
#include "grade/compat/compat_priv.h"
#include "grade/extract_priv.h"
#include "grade/policy_priv.h"

#include <string.h>

struct lem_grade_gold {
    lem_work w;
    lem_answer a;
    lem_grade_profile profile;
    lem_answer_rules rules;
    lem_answer_dialect dialect;
    const compat_mode *mode; /* NULL: our own rules */
    const char *text;        /* as given, for the mode */
    size_t len;
};

lem_status lem_grade_gold_new(const char *text, size_t len, const lem_grade_profile *profile,
                              lem_grade_gold **out, lem_err *err) {
    lem_grade_gold *g = lem_alloc_zero(1, sizeof *g, err);
    if (!g) return LEM_EMEM;
    if (profile) g->profile = *profile;
    g->mode = lem_compat_find(g->profile.policy);
    g->rules = lem_grade_rules_of(&g->profile);
    g->dialect = lem_grade_dialect_of(&g->profile);
    lem_status st = lem_work_init(&g->w, err);
    if (st != LEM_OK) {
        lem_free(g);
        return st;
    }
    size_t keep = len > LEM_ANSWER_MAX_BYTES ? 0 : len;
    char *copy = lem_work_strndup(&g->w, text, keep);
    if (!copy) {
        lem_grade_gold_free(g);
        return lem_fail(err, LEM_EMEM, "grade: out of memory");
    }
    g->text = copy;
    g->len = keep;
    g->a = lem_answer_read(&g->w, &g->dialect, copy, keep);
    if (keep != len) g->a.state = LEM_ANSWER_TOO_LARGE;
    st = lem_work_check(&g->w, err);
    if (st == LEM_OK) *out = g;
    else lem_grade_gold_free(g);
    return st;
}

void lem_grade_gold_free(lem_grade_gold *g) {
    if (!g) return;
    lem_work_release(&g->w);
    lem_free(g);
}

bool lem_grade_gold_ok(const lem_grade_gold *g) { return g->a.state == LEM_ANSWER_READ; }

static lem_status compare(const lem_grade_gold *gold, const char *text, size_t len, const char *response,
                          size_t response_len, lem_answer_result *out, lem_err *err) {
    lem_work w;
    lem_status st = lem_work_init(&w, err);
    if (st != LEM_OK) return st;
    if (gold->mode && len <= LEM_ANSWER_MAX_BYTES && (gold->len || gold->a.state == LEM_ANSWER_EMPTY)) {
        compat_pair pair = {gold->text, text, gold->len, len, response, response_len, gold->profile.task};
        st = gold->mode->equal(&w, &pair, out, err);
    } else {
        lem_answer a = lem_answer_read(&w, &gold->dialect, text, len);
        lem_work_refuel(
            &w); /* the gold was read on fuel of its own: both ways round, a comparison has the same amount */
        *out = lem_answer_compare(&w, &gold->rules, &gold->a, &a);
    }
    if (st == LEM_OK) st = lem_work_check(&w, err);
    lem_work_release(&w);
    return st;
}

lem_status lem_grade_compare(const lem_grade_gold *gold, const char *text, size_t len, lem_answer_result *out,
                             lem_err *err) {
    return compare(gold, text, len, NULL, 0, out, err);
}

lem_status lem_grade_compare_golds(const lem_grade_gold *gold, const lem_grade_gold *answer,
                                   lem_answer_result *out, lem_err *err) {
    bool too_long = answer->len == 0 && answer->a.state == LEM_ANSWER_TOO_LARGE;
    if (gold->mode && !too_long) return compare(gold, answer->text, answer->len, NULL, 0, out, err);
    lem_work w;
    lem_status st = lem_work_init(&w, err);
    if (st != LEM_OK) return st;
    *out = lem_answer_compare(&w, &gold->rules, &gold->a, &answer->a);
    lem_work_release(&w);
    return st;
}

lem_status lem_grade_extract_answer(const lem_grade_profile *p, const char *response, size_t len,
                                    lem_buf *out, lem_grade_span *span, lem_err *err) {
    const compat_mode *mode = p->task == LEM_GRADE_TASK_PLAIN ? NULL : lem_compat_find(p->policy);
    if (!mode) {
        lem_grade_profile weak = *p;
        if (p->task == LEM_GRADE_TASK_GSM8K) weak.task = LEM_GRADE_TASK_STD;
        if (lem_grade_extract(p, response, len, span) || /* without a mark, the last number */
            lem_grade_extract(&weak, response, len, span))
            lem_extract_answer_text(response, *span, out);
        return lem_buf_ok(out, err);
    }
    size_t before = out->len;
    lem_status st = mode->extract(response, len, p->task, out, err);
    bool found = out->len > before;
    *span = (lem_grade_span){0, found ? len : 0, found ? LEM_GRADE_BY_COMPAT : LEM_GRADE_BY_NONE, false};
    return st == LEM_OK ? lem_buf_ok(out, err) : st;
}

lem_status lem_grade_response(const lem_grade_gold *gold, const char *response, size_t len, lem_buf *text,
                              lem_grade_span *span, lem_answer_result *out, lem_err *err) {
    lem_grade_span s;
    lem_buf own = {0};
    if (!text) text = &own;
    size_t from = text->len;
    lem_status st = lem_grade_extract_answer(&gold->profile, response, len, text, &s, err);
    if (st == LEM_OK && s.method == LEM_GRADE_BY_NONE)
        *out = (lem_answer_result){LEM_ANSWER_NO_ANSWER, lem_answer_rule_text(RULE_NO_ANSWER_IN_RESPONSE)};
    else if (st == LEM_OK)
        st = compare(gold, lem_buf_str(text) + from, text->len - from, response, len, out, err);
    if (st == LEM_OK && span) *span = s;
    lem_buf_release(&own);
    return st;
}

lem_grade_correct lem_grade_correct_of(lem_answer_verdict v) {
    switch (v) {
    case LEM_ANSWER_EQUAL_EXACT:
    case LEM_ANSWER_EQUAL_NUMERIC: return LEM_GRADE_RIGHT;
    case LEM_ANSWER_NOT_EQUAL:
    case LEM_ANSWER_DIFFERENT_KIND:
    case LEM_ANSWER_NO_ANSWER: return LEM_GRADE_WRONG;
    default: return LEM_GRADE_UNDECIDED;
    }
}

lem_status lem_grade_key(const char *text, size_t len, lem_buf *out, lem_err *err) {
    lem_work w;
    lem_status st = lem_work_init(&w, err);
    if (st != LEM_OK) return st;
    lem_answer a = lem_answer_read(&w, &(lem_answer_dialect){false}, text, len);
    lem_answer_key(&w, &a, text, len, out);
    st = lem_work_check(&w, err);
    lem_work_release(&w);
    return st ? st : lem_buf_ok(out, err);
}

static void explain_side(lem_work *w, const char *label, const char *s, size_t len, const lem_answer *a,
                         lem_buf *out) {
    lem_buf_printf(out, "%-12s %.*s\n", label, (int)(len > 400 ? 400 : len), s);
    lem_buf_printf(out, "%-12s ", "  canonical:");
    lem_answer_key(w, a, "", 0, out);
    lem_buf_printf(out, "  [%s]\n", lem_answer_kind_name(a));
}

/* What the profile allows, what it does not, and what of it was set by hand. */
static void explain_rules(const lem_grade_profile *p, lem_buf *out) {
    static const char *const labels[] = {"allowed:", "not allowed:", "by --rule:"};
    for (int line = 0; line < 3; line++) {
        lem_grade_rule r;
        bool any = false;
        for (int i = 0; lem_grade_rule_at(p, i, &r); i++) {
            const bool listed[] = {r.on, !r.on, r.set};
            if (!listed[line]) continue;
            if (any) lem_buf_puts(out, ", ");
            else lem_buf_printf(out, "%-12s ", labels[line]);
            any = true;
            lem_buf_puts(out, r.name);
            if (line == 2) lem_buf_puts(out, r.on ? "=on" : "=off");
        }
        if (any) lem_buf_putc(out, '\n');
    }
}

lem_status lem_grade_explain(const char *gold, size_t gold_len, const char *prediction, size_t len,
                             const lem_grade_profile *profile, lem_buf *out, lem_answer_result *result,
                             lem_err *err) {
    static const lem_grade_profile standard = {.policy = LEM_GRADE_STD};
    lem_work w = {0};
    lem_grade_span s;
    lem_buf text = {0};
    lem_grade_gold *g = NULL;
    lem_status st = LEM_OK;
    if (!profile) profile = &standard;
    LEM_TRY(lem_grade_gold_new(gold, gold_len, profile, &g, err));
    LEM_TRY(lem_work_init(&w, err));
    LEM_TRY(lem_grade_response(g, prediction, len, &text, &s, result, err));
    lem_answer p = text.len ? lem_answer_read(&w, &g->dialect, lem_buf_str(&text), text.len)
                            : (lem_answer){"", 0, NULL, LEM_ANSWER_EMPTY};
    w.limit = false;
    explain_side(&w, "gold:", gold, gold_len, &g->a, out);
    explain_side(&w, "prediction:", lem_buf_str(&text), text.len, &p, out);
    lem_buf_printf(out, "%-12s bytes %zu..%zu by %s%s\n", "span:", s.offset, s.offset + s.len,
                   lem_grade_method_name(s.method), s.weak ? " (weak)" : "");
    lem_buf_printf(out, "%-12s %s\n%-12s %s\n%-12s %s\n", "policy:", lem_grade_policy_name(profile->policy),
                   "verdict:", lem_answer_verdict_name(result->verdict), "rule:", result->rule);
    if (!g->mode) explain_rules(profile, out);
    st = lem_work_check(&w, err);
    if (st == LEM_OK) st = lem_buf_ok(out, err);
done:
    if (w.arena) lem_work_release(&w);
    lem_grade_gold_free(g);
    lem_buf_release(&text);
    return st;
}
