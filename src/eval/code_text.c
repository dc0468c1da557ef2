/* code_text.c - fenced blocks, the function that the tests call, prompt and continuation */
#include "eval/code_text.h"

#include <string.h>

typedef struct piece {
    const char *text;
    size_t len, indent; /* indent: of its fence, taken off its lines */
} piece;

static const char *line_end(const char *s, const char *end) {
    const char *n = memchr(s, '\n', (size_t)(end - s));
    return n ? n + 1 : end;
}

static bool word_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool blank(const char *s, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!strchr(" \t\r\n", s[i])) return false;
    return true;
}

/* ---- the row ---- */

static lem_status add_text(lem_buf *b, const lem_json *v, const char *field, lem_err *err) {
    if (!v || lem_json_kind(v) == LEM_JSON_NULL) return LEM_OK;
    const char *s = lem_json_str(v, NULL);
    if (!s) return lem_fail(err, LEM_EDATA, "%s: text expected, found %s", field, lem_json_kind_name(v));
    lem_buf_puts(b, s);
    lem_buf_putc(b, '\n');
    return LEM_OK;
}

static lem_status add_list(lem_buf *b, const lem_json *row, const char *field, lem_err *err) {
    const lem_json *list = lem_json_get(row, field);
    if (!list || lem_json_kind(list) == LEM_JSON_NULL) return LEM_OK;
    if (lem_json_kind(list) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EDATA, "%s: list expected, found %s", field, lem_json_kind_name(list));
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const lem_json *v = lem_json_at(list, i);
        if (!lem_json_str(v, NULL))
            return lem_fail(err, LEM_EDATA, "%s[%zu]: text expected, found %s", field, i,
                            lem_json_kind_name(v));
        lem_status st = add_text(b, v, field, err);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

static lem_status read_mbpp(const lem_json *row, lem_code_task *t, lem_err *err) {
    lem_status st = add_list(&t->checks, row, "test_imports", err);
    if (st == LEM_OK) st = add_text(&t->checks, lem_json_get(row, "test_setup_code"), "test_setup_code", err);
    size_t before = t->checks.len;
    if (st == LEM_OK) st = add_list(&t->checks, row, "test_list", err);
    if (st == LEM_OK && t->checks.len == before)
        st = lem_fail(err, LEM_EDATA,
                      "no tests: neither test and entry_point (HumanEval) nor test_list (MBPP) is there");
    return st;
}

static lem_status need_text(const lem_json *row, const char *field, const char **out, lem_err *err) {
    const lem_json *v = lem_json_get(row, field);
    *out = lem_json_str(v, NULL);
    if (*out) return LEM_OK;
    return lem_fail(err, LEM_EDATA, "%s: text expected, found %s", field,
                    v ? lem_json_kind_name(v) : "no such field");
}

lem_status lem_code_task_read(const lem_json *row, lem_code_task *out, lem_err *err) {
    lem_code_task t = {.prompt = NULL};
    const char *test = NULL;
    lem_status st = LEM_OK;
    if (lem_json_get(row, "test_list")) LEM_TRY(read_mbpp(row, &t, err));
    else if (!lem_json_get(row, "entry_point")) LEM_TRY(read_mbpp(row, &t, err)); /* says what is missing */
    else {
        LEM_TRY(need_text(row, "entry_point", &t.entry, err));
        LEM_TRY(need_text(row, "test", &test, err));
        LEM_TRY(need_text(row, "prompt", &t.prompt, err));
        lem_buf_puts(&t.checks, test);
    }
    LEM_TRY(lem_buf_ok(&t.checks, err));
    *out = t;
done:
    if (st != LEM_OK) lem_code_task_release(&t);
    return st;
}

void lem_code_task_release(lem_code_task *t) { lem_buf_release(&t->checks); }

/* ---- the completion ---- */

/* Whether `def NAME` stands at the start of a line of the text; name is not terminated. */
static bool defines(piece p, const char *name, size_t n) {
    const char *end = p.text + p.len;
    for (const char *s = p.text; s < end; s = line_end(s, end)) {
        const char *l = s;
        while (l < end && (*l == ' ' || *l == '\t')) l++;
        if ((size_t)(l - s) > p.indent) continue; /* a method, or a function inside another */
        if ((size_t)(end - l) > 6 && memcmp(l, "async ", 6) == 0) l += 6;
        if ((size_t)(end - l) < 5 + n || memcmp(l, "def ", 4) != 0) continue;
        for (l += 4; l < end && *l == ' ';) l++;
        if ((size_t)(end - l) > n && memcmp(l, name, n) == 0 && !word_char(l[n])) return true;
    }
    return false;
}

/* A name that the tests call: `name(`. */
static bool defines_called(const lem_code_task *t, piece p) {
    if (t->entry) return defines(p, t->entry, strlen(t->entry));
    const char *s = lem_buf_str(&t->checks);
    for (const char *paren = strchr(s, '('); paren; paren = strchr(paren + 1, '(')) {
        const char *name = paren;
        while (name > s && word_char(name[-1])) name--;
        if (name < paren && defines(p, name, (size_t)(paren - name))) return true;
    }
    return false;
}

/* The text behind the last </think>; empty inside a <think> that never closes. */
static piece said(const char *completion) {
    const char *s = completion, *next;
    while ((next = strstr(s, "</think>"))) s = next + strlen("</think>");
    if (strstr(s, "<think>")) return (piece){s, 0, 0};
    const char *begin = strstr(s, "[BEGIN]"), *done = strstr(s, "[DONE]"); /* MBPP's own few-shot prompt */
    if (begin && (!done || begin < done)) s = begin + strlen("[BEGIN]");
    return (piece){s, done && done >= s ? (size_t)(done - s) : strlen(s), 0};
}

/* The block behind *at, which moves on; false behind the last. A block that is not closed goes to the end. */
static bool next_block(piece all, const char **at, piece *out) {
    const char *end = all.text + all.len, *open = NULL;
    size_t indent = 0;
    for (const char *s = *at; s < end; s = line_end(s, end)) {
        const char *l = s;
        while (l < end && *l == ' ') l++;
        if ((size_t)(end - l) < 3 || memcmp(l, "```", 3) != 0) continue;
        if (open) {
            *out = (piece){open, (size_t)(s - open), indent};
            *at = line_end(s, end);
            return true;
        }
        open = line_end(s, end);
        indent = (size_t)(l - s);
    }
    if (!open) return false;
    *out = (piece){open, (size_t)(end - open), indent};
    *at = end;
    return true;
}

static piece before_fence(piece all) {
    const char *end = all.text + all.len;
    for (const char *s = all.text; s < end; s = line_end(s, end))
        if (end - s >= 3 && memcmp(s, "```", 3) == 0) return (piece){all.text, (size_t)(s - all.text), 0};
    return all;
}

static piece choose(const lem_code_task *t, piece all) {
    piece block, last = {NULL, 0, 0}, best = {NULL, 0, 0}, before = before_fence(all);
    const char *at = all.text;
    while (next_block(all, &at, &block)) {
        last = block;
        if (defines_called(t, block)) best = block;
    }
    if (best.text) return best;
    /* the prompt had opened the block: what closes it comes first */
    if (defines_called(t, before) ||
        (t->prompt && before.len && strchr(" \t", before.text[0]) && !blank(before.text, before.len)))
        return before;
    return last.text ? last : all;
}

void lem_code_extract(const lem_code_task *t, const char *completion, lem_buf *code) {
    piece p = choose(t, said(completion));
    const char *end = p.text + p.len;
    if (blank(p.text, p.len)) return;
    for (const char *s = p.text; s < end;) {
        const char *next = line_end(s, end);
        for (size_t k = 0; k < p.indent && *s == ' '; k++) s++;
        lem_buf_add(code, s, (size_t)(next - s));
        s = next;
    }
}

static void continuation(const char *code, lem_buf *out) {
    const char *end = code + strlen(code);
    bool first = true;
    for (const char *s = code; s < end; s = line_end(s, end)) {
        const char *next = line_end(s, end);
        bool empty = blank(s, (size_t)(next - s));
        if (!empty && first && !strchr(" \t", *s)) lem_buf_puts(out, "    "); /* what a chat model strips */
        else if (!empty && !strchr(" \t", *s)) return;
        lem_buf_add(out, s, (size_t)(next - s));
        if (!empty) first = false;
    }
}

void lem_code_program(const lem_code_task *t, const char *code, lem_buf *program) {
    if (!t->prompt) {
        lem_buf_puts(program, code);
        return;
    }
    const piece p = {code, strlen(code), 0};
    lem_buf_puts(program, t->prompt);
    if (defines(p, t->entry, strlen(t->entry))) {
        lem_buf_putc(program, '\n');
        lem_buf_puts(program, code);
    } else continuation(code, program);
}
