/* extract.c - finds the answer in a response: boxes, marked lines, phrases, else the last number; linear in
 * the response */
#include "grade/extract_priv.h"
#include "core/utf8.h"

#include <string.h>

enum { MAX_JOINED_BOXES = 16, MAX_JOIN_GAP = 48 };

typedef struct view {
    const char *s;
    size_t n;
} view; /* the text looked at; offsets are into it */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static char lower(char c) { return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c); }
static bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

static bool matches(const char *s, const char *word, size_t m, bool fold) {
    if (!fold) return memcmp(s, word, m) == 0;
    size_t k = 0;
    while (k < m && lower(s[k]) == word[k]) k++;
    return k == m;
}

/* Last position of `word` that starts before `before`; case-insensitive when fold (then word is lower case).
 * n when there is none. */
static size_t find_last(view v, size_t before, const char *word, bool fold) {
    size_t m = strlen(word);
    if (m > v.n) return v.n;
    size_t i = v.n - m + 1;
    if (i > before) i = before;
    while (i > 0) {
        const char *p = fold ? v.s + i - 1 : memrchr(v.s, word[0], i);
        if (!p) break;
        i = (size_t)(p - v.s);
        if (matches(p, word, m, fold)) return i;
    }
    return v.n;
}

static lem_grade_span span_of(size_t from, size_t to, lem_grade_method how) {
    return (lem_grade_span){from, to > from ? to - from : 0, how, false};
}

/* Drops white space, emphasis and closing punctuation around a span. */
static lem_grade_span trimmed(view v, lem_grade_span s) {
    while (s.len && (lem_is_space(v.s[s.offset]) || v.s[s.offset] == '*' || v.s[s.offset] == ':')) {
        s.offset++;
        s.len--;
    }
    while (s.len) {
        char c = v.s[s.offset + s.len - 1];
        if (!lem_is_space(c) && c != '*' && c != '.') break;
        if (c == '*' && s.len >= 2 && v.s[s.offset + s.len - 2] == '\\') break;
        s.len--;
    }
    return s;
}

static size_t line_end(view v, size_t i) {
    const char *p = i < v.n ? memchr(v.s + i, '\n', v.n - i) : NULL;
    return p ? (size_t)(p - v.s) : v.n;
}

/* The content of the box whose command starts at `at`: [*from, *to), and *end behind its closing brace. An
 * unclosed box reaches to the end of its line; a box without braces holds the next run of non-space bytes. */
static void box_content(view v, size_t at, size_t *from, size_t *to, size_t *end) {
    size_t i = at + (v.s[at + 1] == 'b' ? strlen("\\boxed") : strlen("\\fbox"));
    while (i < v.n && v.s[i] == ' ') i++;
    if (i >= v.n || v.s[i] != '{') {
        *from = i;
        while (i < v.n && !lem_is_space(v.s[i]) && v.s[i] != '$') i++;
        *to = *end = i;
        return;
    }
    *from = ++i;
    for (size_t depth = 1; i < v.n; i++) {
        if (v.s[i] == '\\' && i + 1 < v.n) i++;
        else if (v.s[i] == '{') depth++;
        else if (v.s[i] == '}' && --depth == 0) {
            *to = i;
            *end = i + 1;
            return;
        }
    }
    *to = *end = line_end(v, *from);
}

static size_t last_box(view v, size_t before) {
    size_t a = find_last(v, before, "\\boxed", false), b = find_last(v, before, "\\fbox", false);
    if (a == v.n) return b;
    return b == v.n || a > b ? a : b;
}

/* Boxes in one sentence, or in lines of one list: bullets, numbers and "x_2 =" stand before them, no words.
 */
static bool in_one_list(view v, size_t from, size_t to) {
    if (!memchr(v.s + from, '\n', to - from)) return !memchr(v.s + from, '.', to - from);
    bool bullet = false;
    size_t letters = 0;
    for (size_t i = from; i < to; i++) {
        letters = is_letter(v.s[i]) ? letters + 1 : 0;
        bullet =
            bullet || (v.s[i] && strchr("-*=", v.s[i])) || (is_digit(v.s[i]) && strchr(".)", v.s[i + 1]));
        if (letters > 1 || (!is_letter(v.s[i]) && !is_digit(v.s[i]) && !lem_is_space(v.s[i]) &&
                            !strchr("$-*=_{}.,;)(", v.s[i])))
            return false;
    }
    return bullet;
}

/* Whether the bytes between two boxes only join them: commas, semicolons, "and", "or", dollar signs and
 * space, with at least one joining word; when loose, anything within one sentence. */
static bool joins(view v, size_t from, size_t to, bool loose) {
    if (to < from || to - from > MAX_JOIN_GAP) return false;
    if (loose) return in_one_list(v, from, to);
    bool joined = false;
    while (from < to) {
        const char *p = v.s + from;
        size_t left = to - from, step = 0;
        if (lem_is_space(*p) || *p == '$') step = 1;
        else if (*p == ',' || *p == ';') step = 1, joined = true;
        else if (left >= 3 && memcmp(p, "and", 3) == 0) step = 3, joined = true;
        else if (left >= 2 && memcmp(p, "or", 2) == 0) step = 2, joined = true;
        else if (left >= 2 && *p == '\\' && strchr("()[],;! ", p[1])) step = 2;
        else if (left >= 5 && memcmp(p, "\\quad", 5) == 0) step = 5;
        if (!step) return false;
        from += step;
    }
    return joined;
}

/* The last box, with the boxes before it that are joined to it by separators: then the span holds the \boxed
 * commands themselves. */
static bool by_box(view v, bool loose, lem_grade_span *out) {
    size_t at = last_box(v, v.n);
    if (at == v.n) return false;
    size_t from, to, end, first = at;
    box_content(v, at, &from, &to, &end);
    *out = span_of(from, to, LEM_GRADE_BY_BOX);
    for (int i = 0; i < MAX_JOINED_BOXES; i++) {
        size_t prev = last_box(v, first), f, t, e;
        if (prev == v.n || first - prev > LEM_ANSWER_MAX_BYTES) break;
        box_content(v, prev, &f, &t, &e);
        if (!joins(v, e, first, loose) || (t - f == to - from && memcmp(v.s + f, v.s + from, t - f) == 0))
            break;
        first = prev;
        *out = span_of(first, end, LEM_GRADE_BY_BOX);
    }
    return true;
}

void lem_extract_answer_text(const char *s, lem_grade_span span, lem_buf *out) {
    view v = {s, span.offset + span.len};
    size_t at = span.offset, from, to, end;
    bool list = span.method == LEM_GRADE_BY_BOX && memchr(s + at, '\n', span.len) && span.len > 6 &&
                memcmp(s + at, "\\boxed", 6) == 0;
    if (!list) {
        lem_buf_add(out, s + at, span.len);
        return;
    }
    for (int k = 0; at < v.n; k++) { /* boxes in lines of their own: their contents */
        box_content(v, at, &from, &to, &end);
        if (k) lem_buf_puts(out, ", ");
        lem_buf_add(out, s + from, to - from);
        for (at = end; at < v.n && !(v.n - at > 6 && memcmp(s + at, "\\boxed", 6) == 0);) at++;
    }
}

/* The last line that starts with "A:". */
static bool by_a_line(view v, lem_grade_span *out) {
    size_t before = v.n;
    for (;;) {
        size_t at = find_last(v, before, "A:", false);
        if (at == v.n) return false;
        size_t k = at;
        while (k && (v.s[k - 1] == ' ' || v.s[k - 1] == '\t')) k--;
        if (k == 0 || v.s[k - 1] == '\n') {
            *out = trimmed(v, span_of(at + 2, line_end(v, at), LEM_GRADE_BY_A_LINE));
            return true;
        }
        before = at;
    }
}

/* Whether the text between two dollar signs is money and prose ("18 per dozen or ") rather than mathematics.
 */
static bool is_prose(const char *s, size_t n) {
    for (size_t i = 0; i + 2 < n; i++)
        if (s[i] == ' ' && is_letter(s[i + 1]) && is_letter(s[i + 2]) && !memchr(s, '\\', n)) return true;
    return false;
}

/* What a phrase such as "the answer is" announces: a formula in $…$, \(…\) or \[…\], else the text to the end
 * of the sentence or line. */
static lem_grade_span announced(view v, size_t i, lem_grade_method how) {
    while (i < v.n && (v.s[i] == ' ' || v.s[i] == '\t' || v.s[i] == '*' || v.s[i] == ':' || v.s[i] == '='))
        i++;
    if (i < v.n && v.s[i] == '\n')
        while (i < v.n && (lem_is_space(v.s[i]) || v.s[i] == '*')) i++;
    size_t end = line_end(v, i);
    if (i + 1 < v.n && v.s[i] == '\\' && (v.s[i + 1] == '(' || v.s[i + 1] == '[')) {
        view rest = {v.s, v.n < i + LEM_ANSWER_MAX_BYTES ? v.n : i + LEM_ANSWER_MAX_BYTES};
        for (size_t k = i + 2; k + 1 < rest.n; k++)
            if (v.s[k] == '\\' && v.s[k + 1] == (v.s[i + 1] == '(' ? ')' : ']'))
                return trimmed(v, span_of(i + 2, k, how));
    }
    if (i < v.n && v.s[i] == '$') {
        size_t open = i + (i + 1 < v.n && v.s[i + 1] == '$' ? 2 : 1);
        const char *close = open < end ? memchr(v.s + open, '$', end - open) : NULL;
        if (close && !is_prose(v.s + open, (size_t)(close - (v.s + open))))
            return trimmed(v, span_of(open, (size_t)(close - v.s), how));
    }
    for (size_t k = i; k < end; k++)
        if (v.s[k] == '.' && (k + 1 == end || lem_is_space(v.s[k + 1]))) {
            end = k;
            break;
        }
    return trimmed(v, span_of(i, end, how));
}

static bool by_phrase(view v, const char *phrase, lem_grade_method how, lem_grade_span *out) {
    size_t before = v.n;
    for (;;) {
        size_t at = find_last(v, before, phrase, true);
        if (at == v.n) return false;
        if (at == 0 || !is_letter(v.s[at - 1])) {
            *out = announced(v, lem_extract_skip_hedge(v.s, v.n, at + strlen(phrase)), how);
            *out = trimmed(v, lem_extract_trim_tail(v.s, *out));
            if (out->len) return true;
        }
        before = at;
    }
}

static bool joins_digits(view v, size_t i) {
    return i && is_digit(v.s[i - 1]) && (v.s[i] == '.' || v.s[i] == ',' || v.s[i] == '/');
}

/* The last number that is not part of a word (AZ2A), with sign, separators and a/b; false when there is none.
 */
static bool last_number(view v, size_t *from, size_t *to) {
    for (size_t i = v.n;;) {
        while (i && !is_digit(v.s[i - 1])) i--;
        if (!i) return false;
        *to = *from = i;
        while (*from && (is_digit(v.s[*from - 1]) || (joins_digits(v, *from - 1) && is_digit(v.s[*from]))))
            (*from)--;
        i = *from;
        if (i && (is_letter(v.s[i - 1]) || v.s[i - 1] == '_')) continue;
        if (i && v.s[i - 1] == '.') (*from)--;
        i = *from;
        if (i && v.s[i - 1] == '-' && (i == 1 || (!is_digit(v.s[i - 2]) && !is_letter(v.s[i - 2]))))
            (*from)--;
        return true;
    }
}

/* Where nothing is marked: the last formula or number. */
static bool by_last_number(view v, lem_grade_span *out) {
    size_t from = 0, to = 0;
    bool found = last_number(v, &from, &to);
    if (!lem_extract_last_formula(v.s, v.n, found, from, to, out)) return false;
    *out = trimmed(v, *out);
    return out->len > 0;
}

/* A phrase behind a box counts only if it announces something short that looks like an answer; prose does not
 * displace a box. */
static bool looks_like_answer(view v, lem_grade_span s) {
    if (!s.len || s.len > 64) return false;
    size_t letters = 0;
    for (size_t i = 0; i < s.len; i++) letters += is_letter(v.s[s.offset + i]);
    return is_digit(v.s[s.offset]) || strchr("-+$\\([{.", v.s[s.offset]) || letters <= 3;
}

static void take_later(view v, lem_grade_span *best, bool picky, lem_grade_span s) {
    if (best->method && s.offset < best->offset + best->len) return;
    if (picky && !looks_like_answer(v, s)) return;
    *best = s;
}

/* The last **…** that holds a number or a formula. */
static bool by_bold(view v, lem_grade_span *out) {
    size_t close = find_last(v, v.n, "**", false);
    while (close != v.n && close) {
        size_t open = find_last(v, close - 1, "**", false);
        if (open == v.n) return false;
        lem_grade_span s = trimmed(v, span_of(open + 2, close, LEM_GRADE_BY_BOLD));
        bool digit = false;
        for (size_t i = 0; i < s.len && i <= 64; i++)
            digit = digit || is_digit(v.s[s.offset + i]) || v.s[s.offset + i] == '\\';
        if (digit && s.len <= 64 && !is_prose(v.s + s.offset, s.len)) {
            *out = s;
            out->weak = true;
            return true;
        }
        close = open ? find_last(v, open, "**", false) : v.n;
    }
    return false;
}

/* The first of a few marks between i and end; end when there is none. */
static size_t first_of(view v, size_t i, size_t end, const char *const *marks) {
    for (; i < end; i++)
        for (const char *const *m = marks; *m; m++)
            if (end - i >= strlen(*m) && memcmp(v.s + i, *m, strlen(*m)) == 0) return i;
    return end;
}

/* 答案是, 答案为, 答案：, 故选, 故填, 选项是 and relatives: what follows, to the end of the sentence. */
static bool by_chinese(view v, lem_grade_span *out) {
    static const char *const phrases[] = {"答案是",   "答案为", "答案：",   "答案:",     "答案选",
                                          "故选",     "故填",   "选项是",   "选项为",    "应选",
                                          "正确选项", "应填",   "正确的是", "正确结论是"};
    static const char *const stops[] = {"。", "．", "；", "正确", NULL};
    size_t last = v.n, m = 0;
    for (size_t k = 0; k < sizeof phrases / sizeof *phrases; k++) {
        size_t at = find_last(v, v.n, phrases[k], false);
        if (at == v.n || (last != v.n && at + strlen(phrases[k]) <= last + m)) continue;
        last = at, m = strlen(phrases[k]);
    }
    if (last == v.n) return false;
    size_t from = last + m, end = line_end(v, from);
    if (end - from >= 3 && (memcmp(v.s + from, "：", 3) == 0 || memcmp(v.s + from, "是", 3) == 0)) from += 3;
    end = first_of(v, from, end, stops);
    *out = announced((view){v.s, end}, from, LEM_GRADE_BY_ANSWER_IS);
    return out->len > 0;
}

/* 选项B正确: the letters between. */
static bool by_right_option(view v, lem_grade_span *out) {
    static const char *const right[] = {"正确", NULL};
    size_t at = find_last(v, v.n, "选项", false);
    if (at == v.n) return false;
    size_t from = at + strlen("选项"), end = v.n - from > 24 ? from + 24 : v.n,
           stop = first_of(v, from, end, right);
    *out = trimmed(v, span_of(from, stop, LEM_GRADE_BY_ANSWER_IS));
    if (stop == end || !out->len) return false;
    for (size_t i = out->offset; i < out->offset + out->len; i++)
        if (v.s[i] < 'A' || v.s[i] > 'J') return false;
    return true;
}

static bool by_chinese_words(view v, lem_grade_span *out) {
    return by_chinese(v, out) || by_right_option(v, out);
}

/* The last marked answer of every task but PLAIN and CHOICE. */
static lem_grade_span marked(view v, lem_grade_task task) {
    lem_grade_span best = {0, 0, LEM_GRADE_BY_NONE, false}, s;
    size_t hope = task == LEM_GRADE_TASK_MINERVA ? find_last(v, v.n, "i hope it is correct", true) : v.n;
    if (hope != v.n && by_phrase((view){v.s, hope}, "final answer is", LEM_GRADE_BY_FINAL_ANSWER, &s))
        return s;
    bool boxed = by_box(v, task == LEM_GRADE_TASK_OLYMPIAD, &best);
    size_t hashes = find_last(v, v.n, "####", false);
    if (hashes != v.n)
        take_later(v, &best, task != LEM_GRADE_TASK_GSM8K,
                   trimmed(v, span_of(hashes + 4, line_end(v, hashes), LEM_GRADE_BY_HASHES)));
    if (by_a_line(v, &s)) take_later(v, &best, false, s);
    if (by_phrase(v, "final answer is", LEM_GRADE_BY_FINAL_ANSWER, &s)) take_later(v, &best, boxed, s);
    if (by_phrase(v, "answer:", LEM_GRADE_BY_ANSWER_COLON, &s)) take_later(v, &best, boxed, s);
    if (by_phrase(v, "answer**:", LEM_GRADE_BY_ANSWER_COLON, &s)) take_later(v, &best, boxed, s);
    if (task == LEM_GRADE_TASK_GAOKAO && by_chinese(v, &s)) take_later(v, &best, boxed, s);
    if (!best.method && by_phrase(v, "answer is", LEM_GRADE_BY_ANSWER_IS, &s)) best = s;
    if (!best.method && by_chinese_words(v, &s)) best = s;
    if (!best.method && task != LEM_GRADE_TASK_GSM8K && (by_bold(v, &s) || by_last_number(v, &s))) best = s;
    return best;
}

/* What is said to the reader: behind the last thought that closes, nothing behind one that opens and never
 * does, and nothing behind the token that ends the answer. */
static view spoken(view all, size_t *base) {
    static const char *const ends[] = {"<|im_end|>",      "<|endoftext|>", "<|eot_id|>", "</s>",
                                       "<|end_of_text|>", "<end_of_turn>", "<|end|>"};
    size_t close = all.n ? find_last(all, all.n, "</think>", false) : all.n,
           open = all.n ? find_last(all, all.n, "<think>", false) : all.n;
    *base = close != all.n ? close + strlen("</think>") : 0;
    if (open != all.n && (close == all.n || open > close)) return (view){all.s + all.n, 0};
    view v = {all.s + *base, all.n - *base};
    for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
        size_t m = strlen(ends[k]);
        for (const char *p = v.n ? memchr(v.s, '<', v.n) : NULL; p;) {
            size_t at = (size_t)(p - v.s);
            if (v.n - at >= m && memcmp(p, ends[k], m) == 0 && at > 0) v.n = at;
            else p = at + 1 < v.n ? memchr(p + 1, '<', v.n - at - 1) : NULL;
            if (v.n == at) break;
        }
    }
    return v;
}

bool lem_grade_extract(const char *response, size_t len, lem_grade_task task, lem_grade_span *out) {
    view all = {response, len};
    size_t base = 0;
    view v = spoken(all, &base);
    lem_grade_span best = {0, 0, LEM_GRADE_BY_NONE, false};
    if (task == LEM_GRADE_TASK_PLAIN) {
        best = trimmed(v, span_of(0, v.n, LEM_GRADE_BY_WHOLE));
        if (!best.len) best.method = LEM_GRADE_BY_NONE;
    } else if (task == LEM_GRADE_TASK_CHOICE) {
        if (!lem_extract_choice(v.s, v.n, &best)) best.method = LEM_GRADE_BY_NONE;
    } else if (v.n) {
        best = marked(v, task);
        if (task == LEM_GRADE_TASK_AMC || task == LEM_GRADE_TASK_AIME) { /* \boxed{\textbf{(C)}\ 27} */
            size_t mark = lem_extract_choice_mark(v.s + best.offset, best.len);
            best.offset += mark;
            best.len -= mark;
        }
    }
    best.offset = best.method ? best.offset + base : 0;
    if (best.method == LEM_GRADE_BY_NONE) best.len = 0;
    *out = best;
    return best.method != LEM_GRADE_BY_NONE;
}
