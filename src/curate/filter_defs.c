/* filter_defs.c - the table of filters: when each is asked for, its reason, its test */
#include "curate/filter_priv.h"
#include "curate/filter_text.h"
#include "grade/grade.h"

#include <string.h>

enum { MIN_LETTERS = 10 };

#define ASKED(name, field)                                                                                   \
    static bool name##_asked(const lem_filter_settings *s) { return s->field; }
#define WHY(name, ...)                                                                                       \
    static void name##_why(const lem_filter_settings *s, lem_buf *out) {                                     \
        (void)s;                                                                                             \
        lem_buf_printf(out, __VA_ARGS__);                                                                    \
    }
#define TEST(name)                                                                                           \
    static lem_status name##_test(lem_filter_set *f, const lem_filter_input *in, filter_verdict *v,          \
                                  lem_err *err)

/* ---- lengths ---- */

static void count_against(uint64_t n, int64_t most, const char *unit, filter_verdict *v) {
    v->failed = n > (uint64_t)most;
    if (v->failed) lem_buf_printf(&v->detail, "%llu %s", (unsigned long long)n, unit);
}

static lem_status tokens_against(lem_filter_set *f, const char *text, size_t len, int64_t most,
                                 filter_verdict *v, lem_err *err) {
    f->ids.len = 0;
    lem_status st = lem_tokenizer_encode(f->s.tokenizer, text, len, false, &f->ids, err);
    if (st == LEM_OK) count_against(f->ids.len, most, "tokens", v);
    return st;
}

ASKED(prompt_words, max_prompt_words > 0)
WHY(prompt_words, "prompt of more than %lld words", (long long)s->max_prompt_words)
TEST(prompt_words) {
    (void)err;
    count_against(lem_count_words(in->prompt, in->prompt_len), f->s.max_prompt_words, "words", v);
    return LEM_OK;
}
ASKED(response_words, max_response_words > 0)
WHY(response_words, "response of more than %lld words", (long long)s->max_response_words)
TEST(response_words) {
    (void)err;
    count_against(lem_count_words(in->response, in->response_len), f->s.max_response_words, "words", v);
    return LEM_OK;
}
ASKED(prompt_tokens, max_prompt_tokens > 0)
WHY(prompt_tokens, "prompt of more than %lld tokens", (long long)s->max_prompt_tokens)
TEST(prompt_tokens) { return tokens_against(f, in->prompt, in->prompt_len, f->s.max_prompt_tokens, v, err); }
ASKED(response_tokens, max_response_tokens > 0)
WHY(response_tokens, "response of more than %lld tokens", (long long)s->max_response_tokens)
TEST(response_tokens) {
    return tokens_against(f, in->response, in->response_len, f->s.max_response_tokens, v, err);
}

/* ---- repetition ---- */

ASKED(repetition, repetition)
WHY(repetition, "repetitive response")
TEST(repetition) {
    static const char *const what[] = {"", "words in a loop", "bytes in a loop", "a line again and again",
                                       "compresses too well"};
    enum { SHOWN = 60 };
    lem_repetition r;
    lem_status st = lem_repetition_find(f->repetition, in->response, in->response_len, &f->s.repeat, &r, err);
    if (st || r.kind == LEM_REPEAT_NONE) return st;
    v->failed = true;
    lem_buf_printf(&v->detail, "%s, %.1f times", what[r.kind], r.times);
    if (r.kind == LEM_REPEAT_ZLIB) return LEM_OK;
    lem_buf_puts(&v->detail, ": ");
    lem_buf_add(&v->detail, in->response + r.offset, r.len < SHOWN ? r.len : SHOWN);
    return LEM_OK;
}

/* ---- boxes ---- */

static bool is_blank(const char *s, size_t n) {
    while (n && (*s == ' ' || (*s >= '\t' && *s <= '\r'))) s++, n--;
    return n == 0;
}

ASKED(boxed, boxed)
WHY(boxed, "no boxed answer")
TEST(boxed) {
    size_t pos = 0;
    lem_box b;
    (void)f;
    (void)err;
    v->failed = true;
    while (v->failed && lem_next_box(in->response, in->response_len, &pos, &b))
        v->failed = is_blank(in->response + b.from, b.len);
    return LEM_OK;
}

ASKED(one_box, one_box)
WHY(one_box, "several boxed answers that differ")
TEST(one_box) {
    size_t pos = 0, boxes = 0;
    lem_box b;
    lem_buf first = {0}, key = {0};
    lem_status st = LEM_OK;
    (void)f;
    for (; st == LEM_OK && lem_next_box(in->response, in->response_len, &pos, &b); boxes++) {
        lem_buf_clear(&key);
        st = lem_grade_key(in->response + b.from, b.len, boxes ? &key : &first, err);
        if (st || boxes == 0 || v->failed) continue;
        v->failed = key.len != first.len || memcmp(lem_buf_str(&key), lem_buf_str(&first), key.len) != 0;
    }
    if (v->failed) lem_buf_printf(&v->detail, "%zu boxes", boxes);
    lem_buf_release(&first);
    lem_buf_release(&key);
    return st;
}

ASKED(ends_boxed, ends_boxed)
WHY(ends_boxed, "the last line holds no boxed answer")
TEST(ends_boxed) {
    size_t pos = 0;
    lem_box b, last = {0};
    (void)f;
    (void)err;
    while (lem_next_box(in->response, in->response_len, &pos, &b)) last = b;
    v->failed = last.end == 0 || !lem_box_ends_text(in->response, in->response_len, &last);
    return LEM_OK;
}

/* ---- form ---- */

static lem_status stands(filter_regex *r, const lem_filter_input *in, regex_place place, filter_verdict *v,
                         lem_err *err) {
    regex_answer a = REGEX_NO;
    lem_status st = lem_filter_regex_match(r, in->response, in->response_len, place, &a, err);
    v->failed = st == LEM_OK && a != REGEX_YES;
    if (a == REGEX_GAVE_UP) lem_buf_puts(&v->detail, "too much backtracking");
    return st;
}

ASKED(opens, opens != NULL)
WHY(opens, "does not open with %.80s", s->opens)
TEST(opens) { return stands(f->opens, in, REGEX_AT_START, v, err); }
ASKED(ends, ends != NULL)
WHY(ends, "does not end with %.80s", s->ends)
TEST(ends) { return stands(f->ends, in, REGEX_AT_END, v, err); }
ASKED(match, match != NULL)
WHY(match, "a field does not match")
TEST(match) { return lem_filter_rules_test(&f->match, in, true, v, err); }
ASKED(except, except != NULL)
WHY(except, "a field matches what is excepted")
TEST(except) { return lem_filter_rules_test(&f->except, in, false, v, err); }

ASKED(script, script != NULL)
WHY(script, "less than %.4g %% of the letters are %s", 100 * s->script_share, s->script)
TEST(script) {
    uint64_t a = 0, b = 0;
    (void)err;
    double p = lem_script_share(in->prompt, in->prompt_len, f->script, &a);
    double r = lem_script_share(in->response, in->response_len, f->script, &b);
    double share = a + b ? (p * (double)a + r * (double)b) / (double)(a + b) : 1;
    v->failed = a + b >= MIN_LETTERS && share < f->s.script_share;
    if (v->failed)
        lem_buf_printf(&v->detail, "%.0f %% of %llu letters", 100 * share, (unsigned long long)(a + b));
    return LEM_OK;
}

/* ---- content ---- */

ASKED(arithmetic, arithmetic)
WHY(arithmetic, "an equation between numbers does not hold")
TEST(arithmetic) {
    enum { SHOWN = 120 };
    lem_arithmetic a;
    lem_status st = lem_arithmetic_check(f->arithmetic, in->response, in->response_len, f->s.cancel, &a, err);
    if (st || a.slips == 0) return st;
    v->failed = true;
    if (a.slips > 1) lem_buf_printf(&v->detail, "%llu slips, first ", (unsigned long long)a.slips);
    lem_buf_add(&v->detail, in->response + a.offset, a.len < SHOWN ? a.len : SHOWN);
    return LEM_OK;
}

ASKED(pass_rate, pass_rate)
WHY(pass_rate, "pass rate outside %.4g..%.4g", s->min_pass_rate, s->max_pass_rate)
TEST(pass_rate) {
    const lem_json *list = lem_json_get(in->row, "correct");
    uint64_t n = 0, right = 0;
    (void)err;
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const lem_json *c = lem_json_at(list, i);
        if (lem_json_kind(c) != LEM_JSON_BOOL) continue;
        n++;
        right += lem_json_bool(c, false);
    }
    double rate = n ? (double)right / (double)n : 0;
    v->failed = n == 0 || rate < f->s.min_pass_rate || rate > f->s.max_pass_rate;
    if (v->failed && n == 0) lem_buf_puts(&v->detail, "no correct[]");
    else if (v->failed)
        lem_buf_printf(&v->detail, "%llu of %llu right", (unsigned long long)right, (unsigned long long)n);
    return LEM_OK;
}

/* true, 1, and what says so in words of data sets; -1 = no truth value. */
static int truth_of(const lem_json *v) {
    if (lem_json_kind(v) == LEM_JSON_BOOL) return lem_json_bool(v, false);
    if (lem_json_kind(v) == LEM_JSON_INT) {
        int64_t i = lem_json_int(v, -1);
        return i == 0 || i == 1 ? (int)i : -1;
    }
    const char *s = lem_json_str(v, "");
    if (strcmp(s, "true") == 0 || strcmp(s, "True") == 0 || strcmp(s, "1") == 0) return 1;
    return strcmp(s, "false") == 0 || strcmp(s, "False") == 0 || strcmp(s, "0") == 0 ? 0 : -1;
}

static void ask_fields(const lem_json *fields, const lem_json *row, bool want, filter_verdict *v) {
    for (size_t i = 0; i < lem_json_count(fields) && !v->failed; i++) {
        const char *name = lem_json_str(lem_json_at(fields, i), "");
        const lem_json *x = lem_json_find(row, name);
        int truth = truth_of(x);
        v->failed = want ? truth != 1 : truth == 1;
        static const char *const says[] = {"is neither true nor false", "is false", "is true"};
        if (v->failed) lem_buf_printf(&v->detail, "%s %s", name, x ? says[truth + 1] : "is absent");
    }
}

ASKED(require, require != NULL)
WHY(require, "a field that must be true is not")
TEST(require) {
    (void)err;
    ask_fields(f->s.require, in->row, true, v);
    return LEM_OK;
}
ASKED(forbid, forbid != NULL)
WHY(forbid, "a field that must not be true is")
TEST(forbid) {
    (void)err;
    ask_fields(f->s.forbid, in->row, false, v);
    return LEM_OK;
}

#define DEF(id, name, what)                                                                                  \
    { {name, what}, id##_asked, id##_why, id##_test }
const filter_def lem_filter_defs[LEM_N_FILTERS] = {
    DEF(prompt_words, "prompt-words", "prompts of more words than --max-prompt-words"),
    DEF(response_words, "response-words", "responses of more words than --max-response-words"),
    DEF(prompt_tokens, "prompt-tokens", "prompts of more tokens than --max-prompt-tokens"),
    DEF(response_tokens, "response-tokens", "responses of more tokens than --max-response-tokens"),
    DEF(repetition, "repetition", "responses that go round in circles"),
    DEF(boxed, "boxed", "responses without a boxed answer"),
    DEF(one_box, "one-box", "responses whose boxed answers differ"),
    DEF(ends_boxed, "ends-boxed", "responses whose last line holds no boxed answer"),
    DEF(opens, "opens", "responses that do not open with a pattern"),
    DEF(ends, "ends", "responses that do not end with a pattern"),
    DEF(match, "match", "rows of which a field does not match a pattern"),
    DEF(except, "except", "rows of which a field matches a pattern"),
    DEF(script, "script", "rows whose letters are of another script"),
    DEF(arithmetic, "arithmetic", "responses with an equation between numbers that does not hold"),
    DEF(pass_rate, "pass-rate", "problems that are solved too often or too seldom"),
    DEF(require, "require", "rows of which a field is not true"),
    DEF(forbid, "forbid", "rows of which a field is true"),
};
