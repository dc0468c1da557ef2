/* extract_marks.c - the last marked answer: boxes, marked lines, phrases that announce one */
#include "grade/extract_priv.h"
#include "core/utf8.h"

#include <string.h>

static lem_grade_span without_tail(extract_view v, lem_grade_span s) {
    return lem_extract_trimmed(v, lem_extract_trim_tail(v.s, lem_extract_trimmed(v, s)));
}

/* The last line that starts with "A:". */
static bool by_a_line(extract_view v, lem_grade_span *out) {
    size_t before = v.n;
    for (;;) {
        size_t at = lem_extract_find_last(v, before, "A:", false), k = at;
        if (at == v.n) return false;
        while (k && (v.s[k - 1] == ' ' || v.s[k - 1] == '\t')) k--;
        if (k == 0 || v.s[k - 1] == '\n') {
            size_t end = lem_extract_line_end(v, at);
            *out = without_tail(v, lem_extract_span(at + 2, end, LEM_GRADE_BY_A_LINE));
            return true;
        }
        before = at;
    }
}

/* Where what a phrase announces begins, given the end of the phrase; 0 when it announces nothing. */
typedef size_t (*opener)(extract_view v, size_t at, size_t end);

static size_t opens_at_once(extract_view v, size_t at, size_t end) {
    (void)v;
    (void)at;
    return end;
}

/* "Answer:", "**Answer** =", "Final answer :"; a heading of its own, "### Final Answer". */
static size_t opens_by_colon(extract_view v, size_t at, size_t end) {
    size_t i = lem_extract_skip(v, end, " *_\"");
    if (i < v.n && (v.s[i] == ':' || v.s[i] == '=')) return i + 1;
    return i < v.n && v.s[i] == '\n' && lem_extract_begins_line(v, at) ? i : 0;
}

/* "The answer to the question is", "answer should be", "answer would then be". */
static size_t opens_by_verb(extract_view v, size_t at, size_t end) {
    static const char *const verbs[] = {"is", "be", "was", "equals", "comes to", NULL};
    static const char *const words[] = {"to",   "for",  "here", "then",   "therefore", "thus",  "now",
                                        "of",   "we",   "i",    "should", "must",      "would", "will",
                                        "that", "must", "can",  "turns",  "out",       "in",    NULL};
    enum { MOST = 80 };
    if (at >= 3 && lem_extract_word_at(v.s, v.n, at - 3, "to")) return 0; /* to answer */
    size_t limit = v.n - end > MOST ? end + MOST : v.n, i = lem_extract_skip(v, end, " *");
    bool first = true;
    while (i < limit && lem_extract_is_letter(v.s[i])) {
        size_t m = lem_extract_one_of(v.s, v.n, i, verbs);
        if (m) return i + m;
        if (first && !lem_extract_one_of(v.s, v.n, i, words)) return 0;
        first = false;
        while (i < limit && (lem_extract_is_letter(v.s[i]) || v.s[i] == '\'')) i++;
        i = lem_extract_skip(v, i, " *");
    }
    return 0;
}

/* The last phrase that announces something, and that without what the sentence goes on with. */
static bool by_phrase(extract_view v, const char *phrase, opener opens, lem_grade_method how,
                      lem_grade_span *out) {
    size_t before = v.n;
    for (;;) {
        size_t at = lem_extract_find_last(v, before, phrase, true);
        if (at == v.n) return false;
        size_t from = at == 0 || !lem_extract_is_letter(v.s[at - 1]) ? opens(v, at, at + strlen(phrase)) : 0;
        if (from) {
            *out = lem_extract_announced(v, lem_extract_skip_hedge(v.s, v.n, from), how);
            *out = without_tail(v, *out);
            if (out->len) return true;
        }
        before = at;
    }
}

/* A phrase behind a box counts only if it announces something short that looks like an answer; prose does not
 * displace a box. */
static bool looks_like_answer(extract_view v, lem_grade_span s) {
    if (!s.len || s.len > 64) return false;
    size_t letters = 0;
    for (size_t i = 0; i < s.len; i++) letters += lem_extract_is_letter(v.s[s.offset + i]);
    return lem_extract_is_digit(v.s[s.offset]) || strchr("-+$\\([{.", v.s[s.offset]) || letters <= 3;
}

static void take_later(extract_view v, lem_grade_span *best, bool picky, lem_grade_span s) {
    if (best->method && s.offset < best->offset + best->len) return;
    if (picky && !looks_like_answer(v, s)) return;
    *best = s;
}

/* The last **…** that holds a number or a formula. */
static bool by_bold(extract_view v, lem_grade_span *out) {
    size_t close = lem_extract_find_last(v, v.n, "**", false);
    while (close != v.n && close) {
        size_t open = lem_extract_find_last(v, close - 1, "**", false);
        if (open == v.n) return false;
        lem_grade_span s = lem_extract_trimmed(v, lem_extract_span(open + 2, close, LEM_GRADE_BY_BOLD));
        bool digit = false;
        for (size_t i = 0; i < s.len && i <= 64; i++)
            digit = digit || lem_extract_is_digit(v.s[s.offset + i]) || v.s[s.offset + i] == '\\';
        if (digit && s.len <= 64 && !lem_extract_is_prose(v.s + s.offset, s.len)) {
            *out = s;
            out->weak = true;
            lem_extract_join(v, out);
            return true;
        }
        close = open ? lem_extract_find_last(v, open, "**", false) : v.n;
    }
    return false;
}

/* What stands behind the last "####", to the end of its line. */
static bool by_hashes(extract_view v, lem_grade_span *out) {
    size_t at = lem_extract_find_last(v, v.n, "####", false);
    if (at == v.n) return false;
    size_t end = lem_extract_line_end(v, at);
    *out = without_tail(v, lem_extract_span(at + 4, end, LEM_GRADE_BY_HASHES));
    return true;
}

/* "The final answer is $…$. I hope it is correct.": the last such, whatever else is marked. */
static bool by_hope(extract_view v, lem_grade_span *out) {
    size_t hope = lem_extract_find_last(v, v.n, "i hope it is correct", true);
    return hope != v.n && by_phrase((extract_view){v.s, hope}, "final answer is", opens_at_once,
                                    LEM_GRADE_BY_FINAL_ANSWER, out);
}

/* The latest of the marks that are strong: a box, "####", a line "A:", "final answer is", "Answer:". */
static lem_grade_span strongly_marked(extract_view v, lem_grade_task task) {
    static const struct {
        const char *phrase;
        opener opens;
        lem_grade_method how;
    } phrases[] = {{"final answer is", opens_at_once, LEM_GRADE_BY_FINAL_ANSWER},
                   {"answer", opens_by_colon, LEM_GRADE_BY_ANSWER_COLON},
                   {"<answer>", opens_at_once, LEM_GRADE_BY_ANSWER_COLON}};
    lem_grade_span best = {0, 0, LEM_GRADE_BY_NONE, false}, s;
    bool boxed = lem_extract_box(v, task == LEM_GRADE_TASK_OLYMPIAD, &best);
    if (by_hashes(v, &s)) take_later(v, &best, task != LEM_GRADE_TASK_GSM8K, s);
    if (by_a_line(v, &s)) take_later(v, &best, false, s);
    for (size_t k = 0; k < sizeof phrases / sizeof *phrases; k++)
        if (by_phrase(v, phrases[k].phrase, phrases[k].opens, phrases[k].how, &s))
            take_later(v, &best, boxed, s);
    if (task == LEM_GRADE_TASK_GAOKAO && lem_extract_chinese(v, &s)) take_later(v, &best, boxed, s);
    return best;
}

lem_grade_span lem_extract_marked(extract_view v, lem_grade_task task) {
    lem_grade_span s;
    if (task == LEM_GRADE_TASK_MINERVA && by_hope(v, &s)) return s;
    lem_grade_span best = strongly_marked(v, task);
    if (best.method) return best;
    if (by_phrase(v, "answer", opens_by_verb, LEM_GRADE_BY_ANSWER_IS, &s) || lem_extract_chinese(v, &s))
        return s;
    bool weak = task != LEM_GRADE_TASK_GSM8K && (by_bold(v, &s) || lem_extract_last_formula(v, &s));
    return weak ? s : best;
}
