/* crosscheck.c - teachers' answers by prompt, a judge's verdicts, and samples that are held against them */
#include "curate/crosscheck_priv.h"

#include "core/file.h"

#include <string.h>

/* ---- new, free ---- */

lem_status lem_crosscheck_new(const lem_cross_opts *o, lem_crosscheck **out, lem_err *err) {
    lem_crosscheck *c = lem_alloc_zero(1, sizeof *c, err);
    if (!c) return LEM_EMEM;
    c->o = *o;
    c->arena = lem_arena_new(0, 0, err);
    c->problems = lem_map_new(err);
    c->verdicts = lem_map_new(err);
    if (c->arena && c->problems && c->verdicts) {
        *out = c;
        return LEM_OK;
    }
    lem_crosscheck_free(c);
    return LEM_EMEM;
}

void lem_crosscheck_free(lem_crosscheck *c) {
    if (!c) return;
    for (int i = 0; i < c->n_teachers; i++) lem_free(c->teacher[i].name);
    lem_arena_free(c->arena);
    lem_map_free(c->problems);
    lem_map_free(c->verdicts);
    lem_free(c->problem);
    lem_free(c->answer);
    lem_free(c);
}

void lem_cross_sample_release(lem_cross_sample *s) {
    lem_row_texts_release(&s->texts);
    lem_buf_release(&s->answer);
    lem_free(s->pair);
    *s = (lem_cross_sample){0};
}

/* ---- teachers ---- */

static lem_status no_memory(lem_err *err) { return lem_fail(err, LEM_EMEM, "out of memory"); }

static lem_status problem_of(lem_crosscheck *c, const cross_key *key, const lem_row_reader *r, size_t *out,
                             lem_err *err) {
    int64_t known;
    const char *file = lem_row_reader_file(r);
    if (lem_map_find(c->problems, (const char *)key, sizeof *key, &known)) {
        *out = (size_t)known;
        return LEM_OK;
    }
    if (c->n_problems == c->problem_cap) {
        size_t cap = c->problem_cap ? 2 * c->problem_cap : 1024;
        cross_problem *more = lem_realloc(c->problem, cap, sizeof *more, err);
        if (!more) return LEM_EMEM;
        c->problem = more;
        c->problem_cap = cap;
    }
    if (!c->file || strcmp(c->file, file) != 0) c->file = lem_arena_strndup(c->arena, file, strlen(file));
    if (!c->file) return no_memory(err);
    *out = c->n_problems;
    c->problem[c->n_problems++] = (cross_problem){
        .first = SIZE_MAX, .last = SIZE_MAX, .file = c->file, .line = lem_row_reader_number(r)};
    return lem_map_set(c->problems, (const char *)key, sizeof *key, (int64_t)*out, err);
}

static lem_status add_answer(lem_crosscheck *c, size_t at, const lem_buf *text, lem_err *err) {
    cross_problem *p = &c->problem[at];
    int teacher = c->n_teachers - 1;
    if (c->n_answers == c->answer_cap) {
        size_t cap = c->answer_cap ? 2 * c->answer_cap : 1024;
        cross_answer *more = lem_realloc(c->answer, cap, sizeof *more, err);
        if (!more) return LEM_EMEM;
        c->answer = more;
        c->answer_cap = cap;
    }
    char *copy = lem_arena_strndup(c->arena, lem_buf_str(text), text->len);
    if (!copy) return no_memory(err);
    bool again = p->last != SIZE_MAX && c->answer[p->last].teacher == teacher;
    size_t i = c->n_answers++;
    c->answer[i] = (cross_answer){copy, text->len, SIZE_MAX, teacher};
    if (p->last == SIZE_MAX) p->first = i;
    else c->answer[p->last].next = i;
    p->last = i;
    p->n++;
    p->of_last = again ? p->of_last + 1 : 1;
    if (p->of_last > c->teacher[teacher].most) c->teacher[teacher].most = p->of_last;
    if (lem_cross_sources(c) <= CROSS_SOURCES) return LEM_OK;
    return lem_fail(err, LEM_EDATA, "more than %d answers to one prompt, over all teachers",
                    LEM_CROSS_MAX_TEACHER_ANSWERS);
}

/* A text, or a list of texts, each an answer (bare) or a response to take it from; null is no answer. */
static lem_status add_value(lem_crosscheck *c, size_t problem, const lem_json *v, bool bare, lem_buf *text,
                            lem_err *err) {
    lem_json_type kind = lem_json_kind(v);
    lem_status st = LEM_OK;
    lem_buf_clear(text);
    if (kind == LEM_JSON_STRING && bare) lem_buf_add(text, lem_json_str(v, ""), lem_json_str_len(v));
    else if (kind == LEM_JSON_STRING)
        st = lem_cross_extract(&c->o, lem_json_str(v, ""), lem_json_str_len(v), text, err);
    else if (bare && (kind == LEM_JSON_INT || kind == LEM_JSON_REAL)) lem_json_write(v, 0, text);
    else if (!v || kind != LEM_JSON_NULL)
        return lem_fail(err, LEM_EDATA, "an answer must be a text, found %s",
                        v ? lem_json_kind_name(v) : "nothing");
    if (st == LEM_OK) st = lem_buf_ok(text, err);
    return st == LEM_OK ? add_answer(c, problem, text, err) : st;
}

static lem_status add_values(lem_crosscheck *c, size_t problem, const lem_json *list, bool bare,
                             lem_buf *text, lem_err *err) {
    if (lem_json_kind(list) != LEM_JSON_ARRAY) return add_value(c, problem, list, bare, text, err);
    lem_status st = LEM_OK;
    for (size_t i = 0; i < lem_json_count(list) && st == LEM_OK; i++)
        st = add_value(c, problem, lem_json_at(list, i), bare, text, err);
    return st;
}

typedef struct scratch {
    lem_row_texts texts;
    lem_buf text;
} scratch;

/* The key of a row, and its texts where they are needed. */
static lem_status read_key(lem_crosscheck *c, lem_row_reader *r, const lem_json *row, bool need_response,
                           lem_row_texts *texts, cross_key *key, lem_err *err) {
    lem_status st = LEM_OK;
    lem_buf_clear(&texts->prompt);
    lem_buf_clear(&texts->response);
    if (!c->o.by_id || need_response) st = lem_row_reader_texts(r, row, texts, err);
    if (st != LEM_OK) return st;
    return lem_cross_key_of(&c->o, row, lem_buf_str(&texts->prompt), texts->prompt.len, key, err);
}

static lem_status teacher_row(lem_crosscheck *c, lem_row_reader *r, const lem_json *row, scratch *s,
                              lem_err *err) {
    const lem_json *list = lem_cross_candidates(row);
    const char *field = c->o.answer_field;
    bool bare = field != NULL;
    cross_key key;
    size_t problem = 0;
    lem_status st = read_key(c, r, row, !list && !bare, &s->texts, &key, err);
    if (st != LEM_OK) return st;
    st = problem_of(c, &key, r, &problem, err);
    if (st == LEM_OK && bare) st = add_values(c, problem, lem_json_find(row, field), true, &s->text, err);
    else if (st == LEM_OK && list) st = add_values(c, problem, list, false, &s->text, err);
    else if (st == LEM_OK) {
        st = lem_cross_extract(&c->o, lem_buf_str(&s->texts.response), s->texts.response.len, &s->text, err);
        if (st == LEM_OK) st = add_answer(c, problem, &s->text, err);
    }
    return st;
}

typedef lem_status on_row(lem_crosscheck *c, lem_row_reader *r, const lem_json *row, scratch *s,
                          lem_err *err);

static lem_status each_row(lem_crosscheck *c, const char *path, on_row *act, lem_err *err) {
    const lem_row_reader_opts o = {.format = c->o.format,
                                   .map = c->o.map,
                                   .limit = -1,
                                   .cancel = c->o.cancel,
                                   .log = c->o.log,
                                   .judge = c->o.judge};
    lem_row_reader *r = NULL;
    scratch s = {0};
    uint64_t n = 0;
    lem_status st = lem_row_reader_open(&path, 1, &o, &r, err);
    while (st == LEM_OK) {
        lem_json *row = NULL;
        st = lem_row_reader_next(r, &row, err);
        if (st != LEM_OK || !row) break;
        st = act(c, r, row, &s, err);
        lem_json_free(row);
        n += st == LEM_OK;
        if (st != LEM_OK) st = lem_row_reader_pass(r, st, err);
    }
    if (st == LEM_OK && n == 0) st = lem_fail(err, LEM_EDATA, "%s: no rows", path);
    lem_row_reader_close(r);
    lem_row_texts_release(&s.texts);
    lem_buf_release(&s.text);
    return st;
}

/* The last part of a path; all of it where another teacher is called so. */
static char *name_for(const lem_crosscheck *c, const char *path, lem_err *err) {
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') n--;
    char *whole = lem_strndup(path, n, err), *name = whole ? lem_strdup(lem_path_base(whole), err) : NULL;
    for (int i = 0; name && i < c->n_teachers; i++) {
        if (strcmp(c->teacher[i].name, name) != 0) continue;
        lem_free(name);
        return whole;
    }
    lem_free(whole);
    return name;
}

lem_status lem_crosscheck_add_teacher(lem_crosscheck *c, const char *path, lem_err *err) {
    if (c->n_teachers == LEM_CROSS_MAX_TEACHER_ANSWERS)
        return lem_fail(err, LEM_EUSAGE, "more than %d files of answers", LEM_CROSS_MAX_TEACHER_ANSWERS);
    char *name = name_for(c, path, err);
    if (!name) return LEM_EMEM;
    c->teacher[c->n_teachers++] = (cross_teacher){name, 0};
    return each_row(c, path, teacher_row, err);
}

/* ---- the judge ---- */

/* A "no" stands against any "yes" to the same. */
static lem_status judge_row(lem_crosscheck *c, lem_row_reader *r, const lem_json *row, scratch *s,
                            lem_err *err) {
    cross_key key;
    int8_t verdict = -1;
    int64_t before = 1;
    lem_status st = read_key(c, r, row, !c->o.by_id, &s->texts, &key, err);
    if (st != LEM_OK) return st;
    const lem_buf *response = &s->texts.response;
    if (response->len) key.h[2] = lem_hash64(response->data, response->len, 3);
    st = lem_cross_verdict(lem_json_find(row, c->o.judge_field), c->o.judge_field, &verdict, err);
    if (st != LEM_OK) return st;
    if (verdict < 0) return LEM_OK;
    (void)lem_map_find(c->verdicts, (const char *)&key, sizeof key, &before);
    return lem_map_set(c->verdicts, (const char *)&key, sizeof key, before && verdict, err);
}

lem_status lem_crosscheck_add_judge(lem_crosscheck *c, const char *path, lem_err *err) {
    c->judge = true;
    return each_row(c, path, judge_row, err);
}

static int8_t verdict_of(const lem_crosscheck *c, cross_key key, const lem_buf *response) {
    int64_t v;
    if (response->len) key.h[2] = lem_hash64(response->data, response->len, 3);
    if (lem_map_find(c->verdicts, (const char *)&key, sizeof key, &v)) return (int8_t)v;
    key.h[2] = 0;
    return lem_map_find(c->verdicts, (const char *)&key, sizeof key, &v) ? (int8_t)v : -1;
}

/* ---- samples ---- */

/* The response of a row of candidates, which must be one. */
static lem_status one_candidate(const lem_json *list, lem_buf *out, lem_err *err) {
    const lem_json *v = lem_json_at(list, 0);
    if (lem_json_count(list) != 1)
        return lem_fail(err, LEM_EDATA, "%zu candidates; a sample has one response", lem_json_count(list));
    if (lem_json_kind(v) != LEM_JSON_STRING)
        return lem_fail(err, LEM_EDATA, "the candidate must be a text, found %s", lem_json_kind_name(v));
    lem_buf_add(out, lem_json_str(v, ""), lem_json_str_len(v));
    return lem_buf_ok(out, err);
}

lem_status lem_crosscheck_look(lem_crosscheck *c, lem_row_reader *r, const lem_json *row, lem_cross_sample *s,
                               lem_err *err) {
    const lem_json *list = lem_cross_candidates(row);
    cross_key key;
    int64_t found = -1;
    lem_status st = read_key(c, r, row, !list, &s->texts, &key, err);
    if (st != LEM_OK) return st;
    if (list) {
        lem_buf_clear(&s->texts.response);
        st = one_candidate(list, &s->texts.response, err);
    }
    const lem_buf *response = &s->texts.response;
    if (st == LEM_OK) st = lem_cross_extract(&c->o, lem_buf_str(response), response->len, &s->answer, err);
    if (st != LEM_OK) return st;
    bool known = lem_map_find(c->problems, (const char *)&key, sizeof key, &found);
    s->problem = known ? (size_t)found : SIZE_MAX;
    s->n = 1 + (known ? c->problem[s->problem].n : 0);
    if (known) c->problem[s->problem].seen = true;
    s->judged = verdict_of(c, key, response);
    return LEM_OK;
}

static lem_cross_why judge(const lem_cross_sample *s) {
    if (s->judged < 0) return LEM_CROSS_NOT_JUDGED;
    return s->judged ? LEM_CROSS_KEPT : LEM_CROSS_JUDGED_WRONG;
}

lem_status lem_crosscheck_compare(const lem_crosscheck *c, lem_cross_sample *s, lem_err *err) {
    lem_grade_answer_text a[CROSS_SOURCES];
    size_t n = (size_t)s->n;
    int k = 0;
    uint8_t *pair = lem_realloc(s->pair, n * n, sizeof *pair, err);
    if (!pair) return LEM_EMEM;
    s->pair = pair;
    a[k++] = (lem_grade_answer_text){lem_buf_str(&s->answer), s->answer.len};
    size_t at = s->problem == SIZE_MAX ? SIZE_MAX : c->problem[s->problem].first;
    for (; at != SIZE_MAX; at = c->answer[at].next)
        a[k++] = (lem_grade_answer_text){c->answer[at].text, c->answer[at].len};
    lem_status st = lem_cross_compare(a, k, &c->o.profile, s->pair, err);
    if (st != LEM_OK) return st;
    s->why = c->n_teachers ? lem_cross_decide(s->pair, k, &c->o.rule) : LEM_CROSS_KEPT;
    if (s->why == LEM_CROSS_KEPT && c->judge) s->why = judge(s);
    return LEM_OK;
}
