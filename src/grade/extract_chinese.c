/* extract_chinese.c - answers that Chinese phrases announce: 答案是, 【答案】, 故选, 选项B正确 */
#include "grade/extract_priv.h"

#include <string.h>

static bool is_option(char c) { return c >= 'A' && c <= 'J'; }

static bool starts(extract_view v, size_t i, const char *text) {
    size_t m = strlen(text);
    return i <= v.n && v.n - i >= m && memcmp(v.s + i, text, m) == 0;
}

static bool ends_before(extract_view v, size_t i, const char *text) {
    size_t m = strlen(text);
    return i >= m && memcmp(v.s + i - m, text, m) == 0;
}

/* Past the first of a few texts; i when none stands there. */
static size_t past(extract_view v, size_t i, const char *const *texts) {
    for (; *texts; texts++)
        if (starts(v, i, *texts)) return i + strlen(*texts);
    return i;
}

/* Past what may stand between 选 and its letters: 选择：（A）. */
static size_t past_filler(extract_view v, size_t i) {
    static const char *const filler[] = {"择", "项", "：",        ":",       "（",        "(",
                                         "$",  " ",  "\\mathrm{", "\\text{", "\\textbf{", NULL};
    for (size_t next; (next = past(v, i, filler)) != i;) i = next;
    return i;
}

/* Behind the letters of options that begin at `from`: "AC", "A、C"; `from` when there is none. */
static size_t letters_end(extract_view v, size_t from) {
    static const char *const joints[] = {"、", "，", ",", " ", NULL};
    size_t i = from, end = from;
    while (i < v.n && is_option(v.s[i])) {
        end = ++i;
        for (size_t next; (next = past(v, i, joints)) != i;) i = next;
    }
    return end < v.n && lem_extract_is_word(v.s[end]) ? from : end;
}

/* The last 选 with letters behind it, which no 不 takes back: 所以选C, 本题选择：A、C. */
static bool picked(extract_view v, lem_grade_span *out) {
    for (size_t before = v.n;;) {
        size_t at = lem_extract_find_last(v, before, "选", false);
        if (at == v.n) return false;
        size_t from = past_filler(v, at + strlen("选")), to = letters_end(v, from);
        before = at;
        if (to <= from || ends_before(v, at, "不") || ends_before(v, at, "未") || starts(v, to, "错误") ||
            starts(v, to, "不"))
            continue;
        *out = lem_extract_span(from, to, LEM_GRADE_BY_ANSWER_IS);
        return true;
    }
}

/* The letters of "（C）", "B项" at i, which more may follow. */
static bool closed_letters(extract_view v, size_t i, lem_grade_span *out) {
    static const char *const open[] = {"（", "(", NULL}, *const close[] = {"）", ")", "项", "选项", NULL};
    size_t from = past(v, i, open), to = letters_end(v, from);
    *out = lem_extract_span(from, to, LEM_GRADE_BY_ANSWER_IS);
    return to > from && past(v, to, close) != to;
}

/* The last phrase that announces an answer, and what follows it to the end of the sentence. */
static bool announced(extract_view v, lem_grade_span *out) {
    static const char *const phrases[] = {"答案是",     "答案为", "答案：", "答案:",    "答案选",
                                          "答案】",     "故填",   "应填",   "正确选项", "正确的是",
                                          "正确结论是", "选项是", "选项为"};
    static const char *const stops[] = {"。", "．", "；", "正确", "【", NULL};
    static const char *const verbs[] = {"：", ":", "是", "为", " ", NULL};
    size_t from = 0;
    for (size_t k = 0; k < sizeof phrases / sizeof *phrases; k++) {
        size_t at = lem_extract_find_last(v, v.n, phrases[k], false);
        if (at != v.n && at + strlen(phrases[k]) > from) from = at + strlen(phrases[k]);
    }
    if (!from) return false;
    for (size_t next; (next = past(v, from, verbs)) != from;) from = next;
    if (closed_letters(v, from, out)) return true;
    size_t end = lem_extract_first_of(v, from, lem_extract_line_end(v, from), stops);
    *out = lem_extract_announced((extract_view){v.s, end}, from, LEM_GRADE_BY_ANSWER_IS);
    return out->len > 0;
}

/* 选项B正确, 选项A、C正确: the letters between. */
static bool right_option(extract_view v, lem_grade_span *out) {
    for (size_t before = v.n;;) {
        size_t at = lem_extract_find_last(v, before, "选项", false);
        if (at == v.n) return false;
        size_t from = past_filler(v, at + strlen("选项")), to = letters_end(v, from);
        before = at;
        if (to <= from || !starts(v, to, "正确")) continue;
        *out = lem_extract_span(from, to, LEM_GRADE_BY_ANSWER_IS);
        return true;
    }
}

bool lem_extract_chinese(extract_view v, lem_grade_span *out) {
    lem_grade_span pick, said;
    bool picks = picked(v, &pick), says = announced(v, &said), several = false;
    if (picks || says) return *out = !says || (picks && pick.offset > said.offset) ? pick : said, true;
    if (right_option(v, out)) return true;
    size_t at;
    if (!memmem(v.s, v.n, "正确", strlen("正确")) || !lem_extract_called_right(v.s, v.n, &at, &several) ||
        several)
        return false;
    *out = lem_extract_span(at, at + 1, LEM_GRADE_BY_ANSWER_IS);
    return true;
}
