/* candidates.c - one row of candidates as arrays, through a map with dotted paths */
#include "data/candidates_priv.h"

#include "core/buf.h"

#include <math.h>
#include <string.h>

typedef struct values {
    const lem_json **at;
    size_t n, cap;
    bool present;
} values;

static bool push(lem_arena *a, values *v, const lem_json *j) {
    if (v->n == v->cap) {
        size_t cap = v->cap ? v->cap * 2 : 64;
        const lem_json **grown = cap <= LEM_CAND_MAX ? lem_arena_alloc(a, cap, sizeof *grown) : NULL;
        if (!grown) return false;
        if (v->n) memcpy(grown, v->at, v->n * sizeof *grown);
        v->at = grown;
        v->cap = cap;
    }
    v->at[v->n++] = j;
    return true;
}

static lem_status push_or_fail(lem_arena *a, values *v, const lem_json *j, lem_err *err) {
    return push(a, v, j) ? LEM_OK : lem_fail(err, LEM_EDATA, "more than %d candidates", LEM_CAND_MAX);
}

/* The first element of a path that is "*"; NULL if none is. */
static const char *first_star(const char *path, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (path[i] == '*' && (i == 0 || path[i - 1] == '.') && (i + 1 == len || path[i + 1] == '.'))
            return path + i;
    return NULL;
}

/* The elements of a list, or what stands in each under a path (NULL = the element itself). */
static lem_status spread(lem_arena *a, const lem_json *list, const char *tail, values *out, lem_err *err) {
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const lem_json *e = lem_json_at(list, i);
        lem_status st = push_or_fail(a, out, tail ? lem_json_find(e, tail) : e, err);
        if (st) return st;
    }
    return LEM_OK;
}

/* "*.x": what all columns that are objects with an x hold there. */
static lem_status spread_columns(lem_arena *a, const lem_json *row, const char *tail, values *out,
                                 lem_err *err) {
    for (const char *k = lem_json_key_next(row, NULL); k; k = lem_json_key_next(row, k)) {
        const lem_json *v = lem_json_key_value(k), *x = lem_json_find(v, tail);
        if (lem_json_kind(v) != LEM_JSON_OBJECT || !x) continue;
        out->present = true;
        lem_status st = push_or_fail(a, out, x, err);
        if (st) return st;
    }
    return LEM_OK;
}

/* What stands behind the star of a path; NULL without error where nothing does. */
static lem_status tail_of(lem_arena *a, const char *path, size_t len, const char *star, const char **tail,
                          lem_err *err) {
    size_t rest = star ? (size_t)(path + len - star) - 1 : 0;
    *tail = NULL;
    if (rest < 2) return LEM_OK;
    *tail = lem_arena_strndup(a, star + 2, rest - 1); /* behind "*." one plain path */
    return *tail ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

/* A value found under key: a list is spread (whole: it is one value, but for a star), else it is one value.
 */
static lem_status take(lem_arena *a, const lem_json *v, const char *key, bool star, const char *tail,
                       bool whole, values *out, lem_err *err) {
    bool list = lem_json_kind(v) == LEM_JSON_ARRAY;
    out->present = true;
    if (star && !list)
        return lem_fail(err, LEM_EDATA, "'%s': list expected for '*', found %s", key, lem_json_kind_name(v));
    return list && (star || !whole) ? spread(a, v, tail, out, err) : push_or_fail(a, out, v, err);
}

/* Values of one path without alternatives; "*" spreads a list. */
static lem_status follow(lem_arena *a, const lem_json *from, const char *path, size_t len, bool whole,
                         values *out, lem_err *err) {
    const char *star = first_star(path, len), *tail = NULL;
    size_t head = star ? (size_t)(star - path) : len;
    while (head && path[head - 1] == '.') head--;
    char *key = lem_arena_strndup(a, path, head);
    if (!key) return lem_fail(err, LEM_EMEM, "out of memory");
    lem_status st = tail_of(a, path, len, star, &tail, err);
    if (st) return st;
    if (!head && tail && lem_json_kind(from) == LEM_JSON_OBJECT)
        return spread_columns(a, from, tail, out, err);
    const lem_json *v = head ? lem_json_find(from, key) : from;
    if (!v && head) v = lem_json_get(from, key); /* a column whose name holds a dot */
    return v ? take(a, v, key, star != NULL, tail, whole, out, err) : LEM_OK;
}

/* One path, whose alternatives make one value each. */
static lem_status gather_one(lem_arena *a, const lem_json *row, const char *path, size_t len, bool whole,
                             values *out, lem_err *err) {
    for (size_t at = 0; at <= len;) {
        const char *bar = memchr(path + at, '|', len - at);
        size_t n = bar ? (size_t)(bar - path) - at : len - at;
        lem_status st = follow(a, row, path + at, n, whole, out, err);
        if (st != LEM_OK) return st;
        at += n + 1;
    }
    return LEM_OK;
}

/* Of several paths with "||" between, the first that the row has. */
static lem_status gather(lem_arena *a, const lem_json *row, const char *path, bool whole, values *out,
                         lem_err *err) {
    memset(out, 0, sizeof *out);
    while (path && !out->present) {
        const char *next;
        size_t n = lem_candidates_first_path(path, &next);
        lem_status st = gather_one(a, row, path, n, whole, out, err);
        if (st != LEM_OK) return st;
        path = next;
    }
    return LEM_OK;
}

/* Strings as they are, numbers and booleans as text, null as NULL; ok is false for lists and objects. */
static const char *as_text(lem_arena *a, const lem_json *v, bool *ok) {
    switch (lem_json_kind(v)) {
    case LEM_JSON_NULL: return NULL;
    case LEM_JSON_STRING: return lem_json_str(v, "");
    case LEM_JSON_BOOL: return lem_json_bool(v, false) ? "true" : "false";
    case LEM_JSON_INT:
    case LEM_JSON_REAL: {
        lem_buf b = {0};
        lem_json_write(v, 0, &b);
        const char *t = lem_arena_strndup(a, lem_buf_str(&b), b.len);
        lem_buf_release(&b);
        if (!t) *ok = false;
        return t;
    }
    default: *ok = false; return NULL;
    }
}

/* Bytes of what as_text gave of v. */
static size_t text_len(const lem_json *v, const char *text) {
    if (!text) return 0;
    return text == lem_json_str(v, NULL) ? lem_json_str_len(v) : strlen(text);
}

static lem_status wrong(lem_candidates_field f, size_t i, const char *want, const lem_json *v, lem_err *err) {
    return lem_fail(err, LEM_EDATA, "%s[%zu]: %s expected, found %s", lem_candidates_field_name(f), i, want,
                    lem_json_kind_name(v));
}

/* A list of steps as one text. ok is false where it holds anything but texts. */
static const char *joined(lem_arena *a, const lem_json *list, const char *between, bool *ok) {
    lem_buf b = {0};
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const lem_json *s = lem_json_at(list, i);
        *ok = *ok && lem_json_kind(s) == LEM_JSON_STRING;
        lem_buf_printf(&b, "%s%s", i ? between : "", lem_json_str(s, ""));
    }
    const char *t = b.failed ? NULL : lem_arena_strndup(a, lem_buf_str(&b), b.len);
    lem_buf_release(&b);
    if (!t) *ok = false;
    return t;
}

/* The next mark that ends a line, or the text; NULL if there is none. */
static const char *next_mark(const char *p, const char *mark, size_t n) {
    const char *m = strstr(p, mark);
    while (m && m[n] && m[n] != '\n') m = strstr(m + n, mark);
    return m;
}

/* Marks at the end of lines, and of the text, become blank lines between steps. */
static const char *unmarked(lem_arena *a, const char *text, const char *mark, bool *ok) {
    size_t n = strlen(mark);
    lem_buf b = {0};
    const char *p = text;
    for (const char *m; (m = next_mark(p, mark, n)); p = m + n + strspn(m + n, "\n")) {
        size_t len = (size_t)(m - p);
        while (len && p[len - 1] == ' ') len--;
        lem_buf_printf(&b, "%s%.*s", b.len ? "\n\n" : "", (int)len, p);
    }
    if (p == text) return text;
    if (*p) lem_buf_printf(&b, "%s%s", b.len ? "\n\n" : "", p);
    const char *t = b.failed ? NULL : lem_arena_strndup(a, lem_buf_str(&b), b.len);
    lem_buf_release(&b);
    if (!t) *ok = false;
    return t;
}

static lem_status read_completions(lem_arena *a, const lem_candidate_map_info *how, const values *v,
                                   const char ***out, size_t **len, lem_err *err) {
    const char **t = lem_arena_alloc(a, v->n + 1, sizeof *t);
    if (!t || !(*len = lem_arena_alloc(a, v->n + 1, sizeof **len)))
        return lem_fail(err, LEM_EMEM, "out of memory");
    for (size_t i = 0; i < v->n; i++) {
        bool ok = true, list = how && how->join && lem_json_kind(v->at[i]) == LEM_JSON_ARRAY;
        t[i] = list ? joined(a, v->at[i], how->join, &ok) : as_text(a, v->at[i], &ok);
        if (ok && t[i] && how && how->mark) t[i] = unmarked(a, t[i], how->mark, &ok);
        if (!ok) return wrong(LEM_CAND_COMPLETIONS, i, "text", v->at[i], err);
        if (!t[i]) t[i] = "";
        (*len)[i] = text_len(v->at[i], t[i]);
    }
    *out = t;
    return LEM_OK;
}

/* len may be NULL. */
static lem_status read_texts(lem_arena *a, lem_candidates_field f, const values *v, const char ***out,
                             size_t **len, lem_err *err) {
    const char **t = lem_arena_alloc(a, v->n + 1, sizeof *t);
    if (!t || (len && !(*len = lem_arena_alloc(a, v->n + 1, sizeof **len))))
        return lem_fail(err, LEM_EMEM, "out of memory");
    for (size_t i = 0; i < v->n; i++) {
        bool ok = true;
        t[i] = as_text(a, v->at[i], &ok);
        if (!ok) return wrong(f, i, "text", v->at[i], err);
        if (len) (*len)[i] = text_len(v->at[i], t[i]);
    }
    *out = t;
    return LEM_OK;
}

static lem_status read_correct(lem_arena *a, const values *v, int8_t **out, lem_err *err) {
    int8_t *c = lem_arena_alloc(a, v->n + 1, sizeof *c);
    if (!c) return lem_fail(err, LEM_EMEM, "out of memory");
    for (size_t i = 0; i < v->n; i++) {
        lem_json_type k = lem_json_kind(v->at[i]);
        double d = lem_json_num(v->at[i], NAN);
        if (k == LEM_JSON_NULL) c[i] = -1;
        else if (k == LEM_JSON_BOOL) c[i] = lem_json_bool(v->at[i], false);
        else if (d == 0 || d == 1) c[i] = d == 1;
        else return wrong(LEM_CAND_CORRECT, i, "true, false, 1, 0 or null", v->at[i], err);
    }
    *out = c;
    return LEM_OK;
}

/* Numbers; a list of one number (Qwen's pred_score) counts as that number. */
static lem_status read_numbers(lem_arena *a, lem_candidates_field f, const values *v, double **out,
                               lem_err *err) {
    double *d = lem_arena_alloc(a, v->n + 1, sizeof *d);
    if (!d) return lem_fail(err, LEM_EMEM, "out of memory");
    for (size_t i = 0; i < v->n; i++) {
        const lem_json *x = v->at[i];
        if (lem_json_kind(x) == LEM_JSON_ARRAY && lem_json_count(x) == 1) x = lem_json_at(x, 0);
        d[i] = lem_json_num(x, NAN);
        if (isnan(d[i]) && lem_json_kind(x) != LEM_JSON_NULL) return wrong(f, i, "one number", x, err);
    }
    *out = d;
    return LEM_OK;
}

static lem_status read_tokens(lem_arena *a, const values *v, int64_t **out, lem_err *err) {
    int64_t *t = lem_arena_alloc(a, v->n + 1, sizeof *t);
    if (!t) return lem_fail(err, LEM_EMEM, "out of memory");
    for (size_t i = 0; i < v->n; i++) {
        t[i] = lem_json_int(v->at[i], -1);
        if (t[i] < 0 && lem_json_kind(v->at[i]) != LEM_JSON_NULL)
            return wrong(LEM_CAND_TOKENS, i, "a count", v->at[i], err);
    }
    *out = t;
    return LEM_OK;
}

static lem_status read_steps(const values *v, const lem_json ***out, lem_err *err) {
    for (size_t i = 0; i < v->n; i++) {
        if (lem_json_kind(v->at[i]) == LEM_JSON_NULL) continue;
        if (lem_json_kind(v->at[i]) != LEM_JSON_ARRAY)
            return wrong(LEM_CAND_STEP_SCORES, i, "a list of numbers", v->at[i], err);
        for (size_t j = 0; j < lem_json_count(v->at[i]); j++)
            if (isnan(lem_json_num(lem_json_at(v->at[i], j), NAN)))
                return wrong(LEM_CAND_STEP_SCORES, i, "a list of numbers", lem_json_at(v->at[i], j), err);
    }
    *out = v->at;
    return LEM_OK;
}

/* Whether the map lets go of what does not fit. */
static bool loose(const lem_candidates_map *m, lem_candidates_field f) {
    return m->known && m->known->loose && !m->by_hand[f];
}

/* id, problem: a text, or a list of one. */
static lem_status read_scalar(lem_arena *a, const lem_candidates_map *m, const lem_json *row,
                              lem_candidates_field f, const char **out, lem_err *err) {
    values v;
    *out = NULL;
    if (!m->path[f]) return LEM_OK;
    lem_status st = gather(a, row, m->path[f], false, &v, err);
    if (st != LEM_OK || v.n == 0) return st;
    bool ok = true;
    if (v.n > 1)
        return lem_fail(err, LEM_EDATA, "%s: one value expected, found a list of %zu",
                        lem_candidates_field_name(f), v.n);
    *out = as_text(a, v.at[0], &ok);
    return ok ? LEM_OK : wrong(f, 0, "text", v.at[0], err);
}

/* Of a file that says other things too: whether these are such values. */
static bool plain(const values *v, lem_candidates_field f) {
    for (size_t i = 0; i < v->n; i++) {
        lem_json_type k = lem_json_kind(v->at[i]);
        double d = lem_json_num(v->at[i], NAN);
        if (f == LEM_CAND_CORRECT && k != LEM_JSON_NULL && k != LEM_JSON_BOOL && d != 0 && d != 1)
            return false;
        if (f == LEM_CAND_PREDICTED && (k == LEM_JSON_ARRAY || k == LEM_JSON_OBJECT)) return false;
    }
    return true;
}

/* What lm-eval writes where a filter found no answer. */
static void drop_invalid(const lem_candidates_map *m, lem_candidates *c, size_t n) {
    if (!c->predicted || !m->known || !m->known->filter) return;
    for (size_t i = 0; i < n; i++)
        if (c->predicted[i] && strcmp(c->predicted[i], "[invalid]") == 0) c->predicted[i] = NULL;
}

/* Values as an array of c. */
static lem_status read_values(const lem_candidates_map *m, lem_candidates_field f, const values *v,
                              lem_candidates *c, lem_err *err) {
    switch (f) {
    case LEM_CAND_COMPLETIONS:
        return read_completions(c->arena, m->known, v, &c->completion, &c->completion_len, err);
    case LEM_CAND_PREDICTED: return read_texts(c->arena, f, v, &c->predicted, &c->predicted_len, err);
    case LEM_CAND_GENERATOR: return read_texts(c->arena, f, v, &c->generator, NULL, err);
    case LEM_CAND_CORRECT: return read_correct(c->arena, v, &c->correct, err);
    case LEM_CAND_RM_SCORE: return read_numbers(c->arena, f, v, &c->rm_score, err);
    case LEM_CAND_LOGPROB: return read_numbers(c->arena, f, v, &c->logprob, err);
    case LEM_CAND_LOGPROB_MEAN: return read_numbers(c->arena, f, v, &c->logprob_mean, err);
    case LEM_CAND_TOKENS: return read_tokens(c->arena, v, &c->tokens, err);
    case LEM_CAND_STEP_SCORES: return read_steps(v, &c->steps, err);
    case LEM_CAND_FINISH: return read_texts(c->arena, f, v, &c->finish, NULL, err);
    default: return LEM_OK;
    }
}

/* A null in place of the values of several candidates counts as none of them. */
static bool is_absent(const values *v, size_t n) {
    return !v->present || (v->n == 1 && lem_json_kind(v->at[0]) == LEM_JSON_NULL && n != 1);
}

static lem_status read_column(const lem_candidates_map *m, lem_candidates_field f, const lem_json *row,
                              lem_candidates *c, size_t *n, lem_err *err) {
    values v;
    if (!m->path[f]) return LEM_OK;
    bool whole = f == LEM_CAND_COMPLETIONS && m->known && m->known->each && m->known->join;
    lem_status st = gather(c->arena, row, m->path[f], whole, &v, err);
    if (st != LEM_OK) return st;
    if (is_absent(&v, *n))
        return m->by_hand[f] ? lem_fail(err, LEM_EDATA, "%s: no column '%s' in this row",
                                        lem_candidates_field_name(f), m->path[f])
                             : LEM_OK;
    if (loose(m, f) && f > LEM_CAND_COMPLETIONS && (v.n != *n || !plain(&v, f))) return LEM_OK;
    if (*n != SIZE_MAX && v.n != *n)
        return lem_fail(err, LEM_EDATA, "%s: %zu values for %zu candidates", lem_candidates_field_name(f),
                        v.n, *n);
    *n = v.n;
    return read_values(m, f, &v, c, err);
}

lem_status lem_candidates_read_id(const lem_candidates_map *m, const lem_json *row, lem_candidates *out,
                                  lem_err *err) {
    lem_arena *arena = out->arena;
    if (arena) lem_arena_reset(arena);
    else if (!(arena = lem_arena_new(0, 0, err))) return LEM_EMEM;
    *out = (lem_candidates){.arena = arena};
    lem_status st = read_scalar(arena, m, row, LEM_CAND_ID, &out->id, err);
    if (out->id && !*out->id) out->id = NULL; /* as lighteval writes where a task gives none */
    return st;
}

/* Values as golds; null stands for none. own: of so many from the front expected_answer is the name. */
static lem_status take_golds(lem_candidates *c, const values *v, size_t own, lem_err *err) {
    c->gold = lem_arena_alloc(c->arena, v->n + 1, sizeof *c->gold);
    c->gold_len = lem_arena_alloc(c->arena, v->n + 1, sizeof *c->gold_len);
    if (!c->gold || !c->gold_len) return lem_fail(err, LEM_EMEM, "out of memory");
    for (size_t i = 0; i < v->n; i++) {
        bool ok = true;
        const char *t = as_text(c->arena, v->at[i], &ok);
        if (!ok && i < own) return wrong(LEM_CAND_EXPECTED, i, "text", v->at[i], err);
        if (!ok)
            return lem_fail(err, LEM_EDATA, "expected_answers[%zu]: text expected, found %s", i - own,
                            lem_json_kind_name(v->at[i]));
        if (!t) continue;
        c->gold_len[c->n_gold] = text_len(v->at[i], t);
        c->gold[c->n_gold++] = t;
    }
    c->expected = c->n_gold ? c->gold[0] : NULL;
    return LEM_OK;
}

/* The golds of a row: one, or a list of several any of which is right. */
static lem_status read_golds(const lem_candidates_map *m, const lem_json *row, lem_candidates *c,
                             lem_err *err) {
    const char *path = m->path[LEM_CAND_EXPECTED];
    const lem_json *more = lem_json_get(row, "expected_answers");
    const lem_json_type kind = lem_json_kind(more);
    values v = {.present = false};
    lem_status st = path ? gather(c->arena, row, path, false, &v, err) : LEM_OK;
    if (st != LEM_OK || (v.n > 1 && loose(m, LEM_CAND_EXPECTED))) return st;
    if (kind != LEM_JSON_NULL && kind != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EDATA, "expected_answers: a list of texts expected, found %s",
                        lem_json_kind_name(more));
    size_t own = v.n;
    st = spread(c->arena, more, NULL, &v, err);
    return st ? st : take_golds(c, &v, own, err);
}

lem_status lem_candidates_set_golds(lem_candidates *c, const lem_json *list, lem_err *err) {
    values v = {.present = false};
    lem_status st = spread(c->arena, list, NULL, &v, err);
    c->n_gold = 0;
    return st ? st : take_golds(c, &v, 0, err);
}

lem_status lem_candidates_read_scalars(const lem_candidates_map *m, const lem_json *row, lem_candidates *out,
                                       lem_err *err) {
    lem_status st = lem_candidates_read_id(m, row, out, err);
    lem_arena *arena = out->arena;
    if (st == LEM_OK) st = read_scalar(arena, m, row, LEM_CAND_PROBLEM, &out->problem, err);
    if (st == LEM_OK) st = read_golds(m, row, out, err);
    return st;
}

const lem_json *lem_candidates_marks(const lem_json *row, size_t n) {
    const lem_json *list = lem_json_get(row, "reencodes");
    return lem_json_count(list) == n ? list : NULL;
}

bool lem_candidates_reencodes(const lem_candidates *c, int i) {
    return lem_json_bool(lem_json_at(c->reencodes, (size_t)i), true);
}

lem_status lem_candidates_read(const lem_candidates_map *m, const lem_json *row, lem_candidates *out,
                               lem_err *err) {
    size_t n = SIZE_MAX;
    lem_status st = lem_candidates_read_scalars(m, row, out, err);
    for (int f = LEM_CAND_COMPLETIONS; f < LEM_CAND_N_FIELDS && st == LEM_OK; f++)
        st = read_column(m, (lem_candidates_field)f, row, out, &n, err);
    if (st != LEM_OK) return st;
    out->n = n == SIZE_MAX ? 0 : (int)n;
    drop_invalid(m, out, (size_t)out->n);
    out->reencodes = lem_candidates_marks(row, (size_t)out->n);
    return LEM_OK;
}

void lem_candidates_release(lem_candidates *c) {
    lem_arena_free(c->arena);
    *c = (lem_candidates){.arena = NULL};
}

int lem_candidates_cut(const lem_candidates *c, int i) {
    if (!c->finish || !c->finish[i]) return -1;
    return strcmp(c->finish[i], "length") == 0;
}

/* ---- under our names ---- */

static lem_json *texts_json(const char *const *t, int n) {
    lem_json *a = lem_json_new_array();
    bool ok = a != NULL;
    for (int i = 0; ok && i < n; i++)
        ok = lem_json_append(a, t[i] ? lem_json_new_str(t[i]) : lem_json_new_null());
    if (ok) return a;
    lem_json_free(a);
    return NULL;
}

static lem_json *numbers_json(const double *d, int n) {
    lem_json *a = lem_json_new_array();
    bool ok = a != NULL;
    for (int i = 0; ok && i < n; i++) ok = lem_json_append(a, lem_json_new_num(d[i]));
    if (ok) return a;
    lem_json_free(a);
    return NULL;
}

static lem_json *verdict(int c) { return c < 0 ? lem_json_new_null() : lem_json_new_bool(c); }

static lem_json *count(int64_t t) { return t < 0 ? lem_json_new_null() : lem_json_new_int(t); }

static lem_json *steps_of(const lem_json *s) { return s ? lem_json_copy(s) : lem_json_new_null(); }

static lem_json *others_json(const lem_candidates *c, lem_candidates_field f) {
    lem_json *a = lem_json_new_array();
    bool ok = a != NULL;
    for (int i = 0; ok && i < c->n; i++) {
        if (f == LEM_CAND_CORRECT) ok = lem_json_append(a, verdict(c->correct[i]));
        else if (f == LEM_CAND_TOKENS) ok = lem_json_append(a, count(c->tokens[i]));
        else ok = lem_json_append(a, steps_of(c->steps[i]));
    }
    if (ok) return a;
    lem_json_free(a);
    return NULL;
}

static lem_json *column_json(const lem_candidates *c, lem_candidates_field f) {
    switch (f) {
    case LEM_CAND_COMPLETIONS: return texts_json(c->completion, c->n);
    case LEM_CAND_PREDICTED: return texts_json(c->predicted, c->n);
    case LEM_CAND_GENERATOR: return texts_json(c->generator, c->n);
    case LEM_CAND_FINISH: return texts_json(c->finish, c->n);
    case LEM_CAND_RM_SCORE: return numbers_json(c->rm_score, c->n);
    case LEM_CAND_LOGPROB: return numbers_json(c->logprob, c->n);
    case LEM_CAND_LOGPROB_MEAN: return numbers_json(c->logprob_mean, c->n);
    default: return others_json(c, f);
    }
}

bool lem_candidates_have(const lem_candidates *c, lem_candidates_field f) {
    const void *const at[LEM_CAND_N_FIELDS] = {
        c->id,      c->problem, c->expected, c->completion,   c->predicted, c->correct,  c->rm_score,
        c->logprob, c->tokens,  c->steps,    c->logprob_mean, c->finish,    c->generator};
    return at[f] != NULL;
}

lem_json *lem_candidates_column(const lem_candidates *c, lem_candidates_field f) {
    const char *const scalar[] = {c->id, c->problem, c->expected};
    return f <= LEM_CAND_EXPECTED ? lem_json_new_str(scalar[f]) : column_json(c, f);
}

/* All values are made before any is set: texts are borrowed from the columns that are replaced. */
lem_status lem_candidates_put(const lem_candidates *c, bool force, lem_json *row, lem_err *err) {
    lem_json *v[LEM_CAND_N_FIELDS] = {NULL};
    const char *name[LEM_CAND_N_FIELDS];
    bool ok = true;
    for (int f = 0; f < LEM_CAND_N_FIELDS; f++) {
        lem_candidates_field field = (lem_candidates_field)f;
        bool replace = force && (field == LEM_CAND_COMPLETIONS || field == LEM_CAND_PROBLEM);
        name[f] = field == LEM_CAND_GENERATOR ? "generators" : lem_candidates_field_name(field);
        if (!lem_candidates_have(c, field) || (!replace && lem_json_get(row, name[f]))) continue;
        v[f] = lem_candidates_column(c, field);
        ok = ok && v[f];
    }
    for (int f = 0; f < LEM_CAND_N_FIELDS; f++) {
        if (ok && v[f]) ok = lem_json_set(row, name[f], v[f]);
        else lem_json_free(v[f]);
    }
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}
