/* qwen_extract.c - extract_answer: phrases, the last box, the last number; and the letters of multiple choice
 */
#include "grade/compat/qwen_priv.h"

#include <string.h>

bool lem_qwen_keeps_units(lem_grade_task task) { return task == LEM_GRADE_TASK_MINERVA; }

/* After the last "boxed": what the braces hold, even unclosed; without a brace up to the next dollar sign. */
static void take_box(qwen_text t, lem_buf *out) {
    qwen_text rest = lem_qwen_part(t, lem_qwen_find_last(t, "boxed") + 5, t.n);
    if (rest.n == 0) return;
    if (rest.s[0] != '{') {
        qwen_text part = lem_qwen_strip(lem_qwen_part(rest, 0, lem_qwen_find(rest, 0, "$")));
        lem_buf_add(out, part.s, part.n);
        return;
    }
    size_t depth = 1, i = 1;
    for (; i < rest.n; i++) {
        if (rest.s[i] == '{') depth++;
        if (rest.s[i] == '}' && --depth == 0) break;
    }
    lem_buf_add(out, rest.s + 1, i - 1);
}

/* Length of a match of -?\d*\.?\d+ at t.s[at], or 0. */
static size_t number_at(qwen_text t, size_t at) {
    size_t i = at + (t.s[at] == '-'), digits = i;
    while (i < t.n && t.s[i] >= '0' && t.s[i] <= '9') i++;
    size_t whole = i - digits;
    if (i + 1 < t.n && t.s[i] == '.' && t.s[i + 1] >= '0' && t.s[i + 1] <= '9') {
        for (i++; i < t.n && t.s[i] >= '0' && t.s[i] <= '9'; i++) {}
        return i - at;
    }
    return whole > 0 ? i - at : 0;
}

static void take_last_number(qwen_text t, lem_buf *out) {
    lem_buf plain = {0};
    lem_qwen_set(&plain, t);
    lem_qwen_replace(&plain, ",", "");
    qwen_text p = lem_qwen_text(&plain), last = {p.s, 0};
    for (size_t i = 0; i < p.n;) {
        size_t n = number_at(p, i);
        if (n > 0) last = lem_qwen_part(p, i, i + n);
        i += n > 0 ? n : 1;
    }
    lem_buf_add(out, last.s, last.n);
    out->failed |= plain.failed;
    lem_buf_release(&plain);
}

static bool take_after_last(qwen_text t, const char *phrase, lem_buf *out) {
    size_t at = lem_qwen_find_last(t, phrase);
    if (at == SIZE_MAX) return false;
    qwen_text part = lem_qwen_strip(lem_qwen_part(t, at + strlen(phrase), t.n));
    lem_buf_add(out, part.s, part.n);
    return true;
}

/* The first paragraph between the first 答案是 and the next. */
static bool take_chinese(qwen_text t, lem_buf *out) {
    static const char phrase[] = "答案是";
    size_t at = lem_qwen_find(t, 0, phrase);
    if (at == SIZE_MAX) return false;
    at += strlen(phrase);
    qwen_text part = lem_qwen_strip(lem_qwen_part(t, at, lem_qwen_find(t, at, phrase)));
    part = lem_qwen_strip(lem_qwen_part(part, 0, lem_qwen_find(part, 0, "\n\n")));
    lem_buf_add(out, part.s, part.n);
    return true;
}

static void take_marked(qwen_text t, lem_buf *out) {
    static const char minerva[] = "final answer is $", hope[] = "$. I hope";
    size_t at = lem_qwen_find(t, 0, minerva);
    if (at != SIZE_MAX && lem_qwen_find(t, 0, hope) != SIZE_MAX) {
        qwen_text part = lem_qwen_part(t, at + strlen(minerva), t.n);
        part = lem_qwen_strip(lem_qwen_part(part, 0, lem_qwen_find(part, 0, hope)));
        lem_buf_add(out, part.s, part.n);
    } else if (lem_qwen_find(t, 0, "boxed") != SIZE_MAX) {
        take_box(t, out);
    } else if (!take_after_last(t, "he answer is", out) && !take_after_last(t, "final answer is", out) &&
               !take_chinese(t, out)) {
        take_last_number(t, out);
    }
}

/* re.sub(r"\n\s*", ""), one leading colon, one trailing full stop, then one trailing slash. */
static void join_lines(lem_buf *b) {
    qwen_text t = lem_qwen_text(b);
    size_t out = 0;
    for (size_t i = 0; i < t.n;) {
        uint32_t cp;
        size_t n;
        if (t.s[i] != '\n') {
            b->data[out++] = t.s[i++];
            continue;
        }
        for (; i < t.n && (n = lem_qwen_char(t, i, &cp), lem_qwen_is_space(cp)); i += n) {}
    }
    qwen_text p = lem_qwen_part(t, 0, out);
    if (p.n > 0 && p.s[0] == ':') p = lem_qwen_part(p, 1, p.n);
    if (p.n > 0 && p.s[p.n - 1] == '.') p.n--;
    if (p.n > 0 && p.s[p.n - 1] == '/') p.n--;
    lem_qwen_keep(b, p);
}

/* The first or last \b(A|B|C|D|E)\b of the text in capitals; false when there is none. */
static bool find_choice(qwen_text t, bool first, char *letter) {
    bool before = false, found = false;
    uint32_t cp, next;
    for (size_t i = 0, n; i < t.n; i += n) {
        n = lem_qwen_char(t, i, &cp);
        bool after = i + n < t.n && (lem_qwen_char(t, i + n, &next), lem_qwen_is_word(next));
        char c = (char)(cp < 0x80 ? cp & ~0x20u : 0);
        if (!before && !after && c >= 'A' && c <= 'E') {
            *letter = c;
            found = true;
            if (first) return true;
        }
        before = lem_qwen_is_word(cp);
    }
    return found;
}

static qwen_text trim_choice(qwen_text t) {
    t = lem_qwen_rstrip_of(lem_qwen_rstrip_of(lem_qwen_strip_of(t, "\n"), "."), "/");
    t = lem_qwen_strip_of(t, " ");
    while (t.n > 0 && t.s[0] == ':') t = lem_qwen_part(t, 1, t.n);
    return t;
}

static qwen_text untouched_choice(qwen_text t) {
    return lem_qwen_rstrip_of(lem_qwen_rstrip_of(lem_qwen_strip_of(lem_qwen_strip(t), "."), "."), "/");
}

qwen_text lem_qwen_last_choice(qwen_text pred) {
    static const char letters[] = "ABCDE";
    char letter;
    qwen_text t = trim_choice(pred);
    if (find_choice(t, false, &letter)) return (qwen_text){letters + (letter - 'A'), 1};
    return untouched_choice(t);
}

void lem_qwen_choice_clean(qwen_text t, lem_buf *out) {
    static const char choice[] = "choice is", answer[] = "answer is";
    char letter;
    t = lem_qwen_strip_of(t, "\n");
    if (lem_qwen_count(t, choice) > 1 || lem_qwen_count(t, answer) > 1)
        t = lem_qwen_part(t, 0, lem_qwen_find(t, 0, "\n\n"));
    size_t c = lem_qwen_find_last(t, choice), a = lem_qwen_find_last(t, answer), from = 0;
    bool phrase = c != SIZE_MAX || a != SIZE_MAX;
    if (c != SIZE_MAX) from = c + strlen(choice);
    if (a != SIZE_MAX && a + strlen(answer) > from) from = a + strlen(answer);
    t = trim_choice(lem_qwen_part(t, from, t.n));
    if (find_choice(t, phrase, &letter)) {
        lem_buf_putc(out, letter);
        return;
    }
    t = untouched_choice(t);
    lem_buf_add(out, t.s, t.n);
}

void lem_qwen_extract_answer(qwen_text response, lem_grade_task task, lem_buf *out) {
    lem_buf text = {0}, answer = {0};
    lem_qwen_set(&text, response);
    lem_qwen_replace(&text, "\xD0\xBA\xD0\xB8", ""); /* ки, a step marker of process reward models */
    if (task == LEM_GRADE_TASK_CHOICE) lem_qwen_choice_clean(lem_qwen_text(&text), &answer);
    else take_marked(lem_qwen_text(&text), &answer);
    answer.failed |= text.failed;
    lem_buf_release(&text);
    if (task != LEM_GRADE_TASK_CHOICE) join_lines(&answer);
    if (answer.len <=
        LEM_ANSWER_MAX_BYTES) { /* a longer one is a limit to the caller, whatever stands in it */
        if (task != LEM_GRADE_TASK_CHOICE) lem_qwen_strip_string(&answer, lem_qwen_keeps_units(task));
        lem_qwen_strip_string(&answer, lem_qwen_keeps_units(task));
    }
    lem_buf_add(out, lem_buf_str(&answer), answer.len);
    out->failed |= answer.failed;
    lem_buf_release(&answer);
}
