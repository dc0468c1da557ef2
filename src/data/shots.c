/* shots.c - demonstrations from the rows of a file */
#include "data/shots.h"

#include "core/mem.h"
#include "data/rows.h"

#include <string.h>

enum { MAX_CHOICES = 26 };

static const char *const question_names[] = {"problem", "question", "prompt", "query", NULL};
static const char *const answer_names[] = {"cot_content", "rationale", "solution", "answer",
                                           "response",    "output",    NULL};
static const char *const letter_names[] = {"answer", NULL};
static const char *const choice_names[] = {"choices", "options", NULL};
static const char *const subject_names[] = {"subject", "category", NULL};

typedef struct work {
    const lem_rowset *in;
    const lem_json *row;
    const lem_prompt_style *style;
    lem_err *err;
} work;

static lem_status wrong(const work *w, const char *what, const char *names) {
    return lem_fail(w->err, LEM_EDATA, "%s:%llu: a demonstration needs %s (%s)", lem_rowset_file(w->in),
                    (unsigned long long)lem_rowset_number(w->in), what, names);
}

static const lem_json *field(const lem_json *row, const char *const *names) {
    for (int i = 0; names[i]; i++) {
        const lem_json *v = lem_json_get(row, names[i]);
        if (lem_json_kind(v) != LEM_JSON_NULL) return v;
    }
    return NULL;
}

/* A text that prompts can hold. */
static const char *text_of(const lem_json *v) {
    const char *s = lem_json_str(v, NULL);
    return s && *s && strlen(s) == lem_json_str_len(v) && strlen(s) <= LEM_PROMPT_TEXT_MAX ? s : NULL;
}

/* The choices of the row; 0 if it has none, -1 if they are no list of texts. */
static int read_choices(const work *w, const char *out[MAX_CHOICES]) {
    const lem_json *v = field(w->row, choice_names);
    if (!v) return 0;
    if (lem_json_kind(v) == LEM_JSON_OBJECT) v = lem_json_get(v, "text");
    size_t n = lem_json_count(v);
    if (lem_json_kind(v) != LEM_JSON_ARRAY || n == 0 || n > MAX_CHOICES) return -1;
    for (size_t i = 0; i < n; i++)
        if (!(out[i] = text_of(lem_json_at(v, i)))) return -1;
    return (int)n;
}

static lem_status read_question(work *w, lem_prompt_shot *to, int *n_choices) {
    const char *question = text_of(field(w->row, question_names)), *choices[MAX_CHOICES];
    lem_buf b = {0};
    *n_choices = read_choices(w, choices);
    if (!question) return wrong(w, "a question", "problem, question, prompt or query: a text");
    if (*n_choices < 0) return wrong(w, "its choices as a list of texts", "choices or options");
    lem_prompt_style_choices(w->style, question, choices, *n_choices, &b);
    lem_status st = lem_buf_ok(&b, w->err);
    if (st == LEM_OK && !(to->question = lem_buf_take(&b))) st = LEM_EMEM;
    lem_buf_release(&b);
    return st;
}

static lem_status read_answer(work *w, lem_prompt_shot *to, int n_choices) {
    bool letter = w->style && w->style->by_subject && !w->style->lead;
    const lem_json *v = field(w->row, letter ? letter_names : answer_names);
    const char *text = text_of(v);
    int64_t which = lem_json_int(v, -1);
    char name[2] = "";
    if (lem_json_kind(v) == LEM_JSON_INT && which >= 0 && which < n_choices) {
        name[0] = (char)('A' + which);
        text = name;
    }
    if (!text)
        return wrong(w, "an answer",
                     letter ? "answer: a text, or the number of a choice"
                            : "cot_content, rationale, solution, answer, response or output: a text");
    to->answer = lem_strdup(text, w->err);
    return to->answer ? LEM_OK : LEM_EMEM;
}

static lem_status read_row(work *w, lem_prompt_shot *to) {
    const char *subject = text_of(field(w->row, subject_names));
    int n_choices = 0;
    lem_status st = read_question(w, to, &n_choices);
    if (st == LEM_OK) st = read_answer(w, to, n_choices);
    if (st == LEM_OK && subject && !(to->subject = lem_strdup(subject, w->err))) st = LEM_EMEM;
    return st;
}

static lem_status add_row(work *w, lem_prompt_shots *s, size_t *cap) {
    if (s->n == *cap) {
        size_t more = *cap ? 2 * *cap : 16;
        lem_prompt_shot *p = lem_realloc(s->at, more, sizeof *p, w->err);
        if (!p) return LEM_EMEM;
        s->at = p;
        *cap = more;
    }
    s->at[s->n] = (lem_prompt_shot){0};
    return read_row(w, &s->at[s->n++]);
}

static lem_status read_all(work *w, lem_rowset *in, const lem_cancel *cancel, const char *path,
                           lem_prompt_shots *s) {
    size_t cap = 0;
    lem_json *row = NULL;
    bool all = w->style && w->style->by_subject;
    while (all || s->n < (size_t)s->k) {
        lem_status st = lem_data_cancelled(cancel, w->err);
        if (st == LEM_OK) st = lem_rowset_next(in, &row, w->err);
        if (st != LEM_OK) return st;
        if (!row) break;
        if (s->n == LEM_SHOTS_ROWS_MAX)
            st = lem_fail(w->err, LEM_EDATA, "%s: more than %d demonstrations", path, LEM_SHOTS_ROWS_MAX);
        w->row = row;
        if (st == LEM_OK) st = add_row(w, s, &cap);
        lem_json_free(row);
        if (st != LEM_OK) return st;
    }
    return s->n >= (size_t)s->k
               ? LEM_OK
               : lem_fail(w->err, LEM_EDATA, "%s: %d demonstrations asked for, %zu found", path, s->k, s->n);
}

lem_status lem_shots_load(const char *path, int k, const lem_prompt_style *style, const lem_cancel *cancel,
                          lem_prompt_shots *out, lem_err *err) {
    lem_prompt_shots s = {.k = k};
    lem_rowset *in = NULL;
    lem_status st = lem_data_rows_open(path, cancel, &in, err);
    if (st != LEM_OK) return st;
    work w = {.in = in, .style = style, .err = err};
    st = read_all(&w, in, cancel, path, &s);
    lem_rowset_close(in);
    if (st == LEM_OK) *out = s;
    else lem_prompt_shots_release(&s);
    return st;
}
