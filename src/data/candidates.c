/* candidates.c - rows of candidates: detection of formats, maps with dotted paths, one row as arrays */
#include "data/candidates.h"

#include "core/buf.h"

#include <math.h>
#include <string.h>

enum { MAX_CANDIDATES = 65536, MAX_MODELS = 64 };

struct lem_candidates_map {
    char *path[LEM_CAND_N_FIELDS];
    bool by_hand[LEM_CAND_N_FIELDS];
    char *model[MAX_MODELS];
    int n_models;
};

static const char *const field_names[LEM_CAND_N_FIELDS] = {
    "id",      "problem", "expected_answer", "completions",  "predicted_answer", "correct",  "rm_score",
    "logprob", "tokens",  "step_scores",     "logprob_mean", "finish_reason",    "generator"};

const char *lem_candidates_field_name(lem_candidates_field f) {
    return (unsigned)f < LEM_CAND_N_FIELDS ? field_names[f] : "?";
}

lem_candidates_map *lem_candidates_map_new(lem_err *err) {
    return lem_alloc_zero(1, sizeof(lem_candidates_map), err);
}

void lem_candidates_map_free(lem_candidates_map *m) {
    if (!m) return;
    for (int f = 0; f < LEM_CAND_N_FIELDS; f++) lem_free(m->path[f]);
    for (int i = 0; i < m->n_models; i++) lem_free(m->model[i]);
    lem_free(m);
}

const char *lem_candidates_map_path(const lem_candidates_map *m, lem_candidates_field f) {
    return m->path[f];
}

const char *lem_candidates_map_model(const lem_candidates_map *m, int i, int *n) {
    if (n) *n = m->n_models;
    return i >= 0 && i < m->n_models ? m->model[i] : NULL;
}

static lem_status assign(lem_candidates_map *m, lem_candidates_field f, const char *path, size_t len,
                         bool by_hand, lem_err *err) {
    char *p = lem_strndup(path, len, err);
    if (!p) return LEM_EMEM;
    lem_free(m->path[f]);
    m->path[f] = p;
    m->by_hand[f] = by_hand;
    return LEM_OK;
}

/* The alternatives of completions name the models: what stands before the last dot. */
static lem_status name_models(lem_candidates_map *m, lem_err *err) {
    for (int i = 0; i < m->n_models; i++) lem_free(m->model[i]);
    m->n_models = 0;
    const char *p = m->path[LEM_CAND_COMPLETIONS];
    if (!p || !strchr(p, '|')) return LEM_OK;
    for (;;) {
        size_t n = strcspn(p, "|"), dot = n;
        while (dot && p[dot - 1] != '.') dot--;
        if (m->n_models == MAX_MODELS)
            return lem_fail(err, LEM_EUSAGE, "map: more than %d alternatives", MAX_MODELS);
        char *name = lem_strndup(p, dot ? dot - 1 : n, err);
        if (!name) return LEM_EMEM;
        m->model[m->n_models++] = name;
        if (!p[n]) return LEM_OK;
        p += n + 1;
    }
}

static lem_status set_one(lem_candidates_map *m, const char *s, size_t len, lem_err *err) {
    const char *eq = memchr(s, '=', len);
    size_t name = eq ? (size_t)(eq - s) : len;
    if (!eq || name == 0 || name + 1 == len)
        return lem_fail(err, LEM_EUSAGE, "map: 'ours=theirs' expected, found '%.*s'", (int)len, s);
    for (int f = 0; f < LEM_CAND_N_FIELDS; f++)
        if (strlen(field_names[f]) == name && memcmp(field_names[f], s, name) == 0) {
            lem_status st = assign(m, (lem_candidates_field)f, eq + 1, len - name - 1, true, err);
            return st == LEM_OK && f == LEM_CAND_COMPLETIONS ? name_models(m, err) : st;
        }
    return lem_fail(err, LEM_EUSAGE,
                    "map: unknown field '%.*s'; known are id, problem, expected_answer, completions, "
                    "predicted_answer, correct, rm_score, "
                    "logprob, tokens, step_scores, logprob_mean, finish_reason, generator",
                    (int)name, s);
}

lem_status lem_candidates_map_set(lem_candidates_map *m, const char *assignment, lem_err *err) {
    for (;;) {
        size_t n = strcspn(assignment, ",");
        lem_status st = set_one(m, assignment, n, err);
        if (st != LEM_OK || !assignment[n]) return st;
        assignment += n + 1;
    }
}

/* A known format: the columns that must be there, and where its fields are. */
typedef struct format {
    const char *name, *need[3];
    const char *path[LEM_CAND_N_FIELDS];
} format;

static const format formats[] = {
    {"Lemma",
     {"completions", "expected_answer", NULL},
     {"id", "problem", "expected_answer", "completions", "predicted_answer", "correct", "rm_score", "logprob",
      "tokens", "step_scores", "logprob_mean", "finish_reason"}},
    {"Qwen2.5-Math",
     {"code", "gt", NULL},
     {"idx", "question", "gt", "code", "pred", "score", "pred_score", NULL, NULL, NULL}},
    {"search-and-learn",
     {"completions", "answer", "scores"},
     {"unique_id", "problem", "answer", "completions", NULL, NULL, "agg_scores", NULL, "completion_tokens",
      "scores"}},
    {"search-and-learn",
     {"completions", "answer", "pred"},
     {"unique_id", "problem", "answer", "completions", NULL, NULL, NULL, NULL, "completion_tokens", NULL}},
    {"Lemma",
     {"completions", NULL, NULL},
     {"id", "problem", "expected_answer", "completions", "predicted_answer", "correct", "rm_score", "logprob",
      "tokens", "step_scores", "logprob_mean", "finish_reason"}},
    {"NeMo-Skills",
     {"generation", "expected_answer", NULL},
     {"id", "problem", "expected_answer", "generation", "predicted_answer", "symbolic_correct",
      "reward_model_score", NULL, NULL, NULL}},
    {"OpenMathInstruct",
     {"generated_solution", "expected_answer", NULL},
     {NULL, "question", "expected_answer", "generated_solution", "predicted_answer", "is_correct", NULL, NULL,
      NULL, NULL}},
    {"sample lists",
     {"samples", "gold", NULL},
     {NULL, "question", "gold", "samples.*.text", "samples.*.pred", "samples.*.correct", NULL, NULL, NULL,
      NULL}},
    {"Lemma without texts",
     {"rm_score", "correct", NULL},
     {"id", "problem", "expected_answer", NULL, "predicted_answer", "correct", "rm_score", "logprob",
      "tokens", "step_scores", "logprob_mean", "finish_reason"}},
};

static bool fits(const format *f, const lem_json *row) {
    for (int k = 0; k < 3 && f->need[k]; k++)
        if (!lem_json_get(row, f->need[k])) return false;
    return true;
}

static lem_status unknown_columns(const lem_json *row, lem_err *err) {
    lem_buf b = {0};
    for (size_t i = 0; i < lem_json_count(row) && i < 24; i++)
        lem_buf_printf(&b, "%s%s", i ? ", " : "", lem_json_key_at(row, i));
    lem_status st =
        lem_fail(err, LEM_EDATA,
                 "no known format of candidates; name the columns with --map ours=theirs; columns found: %s",
                 lem_buf_str(&b));
    lem_buf_release(&b);
    return st;
}

static void tell(char ground[200], const format *f, bool by_hand) {
    lem_buf b = {0};
    if (by_hand) lem_buf_puts(&b, "map by hand");
    if (f) {
        lem_buf_printf(&b, "%s%s: columns", by_hand ? "; rest " : "", f->name);
        for (int k = 0; k < 3 && f->need[k]; k++) lem_buf_printf(&b, "%s %s", k ? "," : "", f->need[k]);
    }
    size_t n = b.len < 199 ? b.len : 199;
    memcpy(ground, lem_buf_str(&b), n);
    ground[n] = '\0';
    lem_buf_release(&b);
}

static bool any_by_hand(const lem_candidates_map *m) {
    for (int f = 0; f < LEM_CAND_N_FIELDS; f++)
        if (m->by_hand[f]) return true;
    return false;
}

static const format *known_format(const lem_json *row) {
    for (size_t k = 0; k < sizeof formats / sizeof *formats; k++)
        if (fits(&formats[k], row)) return &formats[k];
    return NULL;
}

const char *lem_candidates_format(const lem_json *row) {
    const format *f = known_format(row);
    return f ? f->name : NULL;
}

/* Where a field stands that no map by hand names: in the known format, else under our own name. */
static const char *path_of(const format *known, lem_candidates_field f, const lem_json *row) {
    if (known) return known->path[f];
    if (f == LEM_CAND_PROBLEM && !lem_json_get(row, "problem")) return "question";
    return f <= LEM_CAND_EXPECTED ? field_names[f] : NULL;
}

lem_status lem_candidates_map_detect(lem_candidates_map *m, const lem_json *row, char ground[200],
                                     lem_err *err) {
    const format *known = known_format(row);
    bool enough =
        m->by_hand[LEM_CAND_COMPLETIONS] || m->by_hand[LEM_CAND_PREDICTED] || m->by_hand[LEM_CAND_CORRECT];
    if (!known && !enough) return unknown_columns(row, err);
    /* a map by hand of the candidates themselves speaks of another layout: then only its other fields of our
     * own names are taken over */
    if (enough) known = NULL;
    bool by_hand = any_by_hand(m); /* before assign adds to the map */
    for (int f = 0; f < LEM_CAND_N_FIELDS; f++) {
        const char *path = m->by_hand[f] ? NULL : path_of(known, (lem_candidates_field)f, row);
        if (!path) continue;
        lem_status st = assign(m, (lem_candidates_field)f, path, strlen(path), false, err);
        if (st != LEM_OK) return st;
    }
    tell(ground, known, by_hand);
    return name_models(m, err);
}

/* ---- reading one row ---- */

typedef struct values {
    const lem_json **at;
    size_t n, cap;
    bool present;
} values;

static bool push(lem_arena *a, values *v, const lem_json *j) {
    if (v->n == v->cap) {
        size_t cap = v->cap ? v->cap * 2 : 64;
        const lem_json **grown = cap <= MAX_CANDIDATES ? lem_arena_alloc(a, cap, sizeof *grown) : NULL;
        if (!grown) return false;
        if (v->n) memcpy(grown, v->at, v->n * sizeof *grown);
        v->at = grown;
        v->cap = cap;
    }
    v->at[v->n++] = j;
    return true;
}

static lem_status push_or_fail(lem_arena *a, values *v, const lem_json *j, lem_err *err) {
    return push(a, v, j) ? LEM_OK : lem_fail(err, LEM_EDATA, "more than %d candidates", MAX_CANDIDATES);
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

/* Values of one path without alternatives; "*" spreads a list. A list at the end is spread as well, anything
 * else is one value. */
static lem_status follow(lem_arena *a, const lem_json *from, const char *path, size_t len, values *out,
                         lem_err *err) {
    const char *star = first_star(path, len), *tail = NULL;
    size_t head = star ? (size_t)(star - path) : len;
    while (head && path[head - 1] == '.') head--;
    char *key = lem_arena_strndup(a, path, head);
    if (!key) return lem_fail(err, LEM_EMEM, "out of memory");
    const lem_json *v = head ? lem_json_find(from, key) : from;
    if (!v && head) v = lem_json_get(from, key); /* a column whose name holds a dot */
    if (!v) return LEM_OK;
    out->present = true;
    if (lem_json_kind(v) != LEM_JSON_ARRAY)
        return star ? lem_fail(err, LEM_EDATA, "'%s': list expected for '*', found %s", key,
                               lem_json_kind_name(v))
                    : push_or_fail(a, out, v, err);
    size_t rest = star ? (size_t)(path + len - star) - 1 : 0;
    if (rest > 1 && !(tail = lem_arena_strndup(a, star + 2, rest - 1))) /* behind "*." one plain path */
        return lem_fail(err, LEM_EMEM, "out of memory");
    return spread(a, v, tail, out, err);
}

static lem_status gather(lem_arena *a, const lem_json *row, const char *path, values *out, lem_err *err) {
    memset(out, 0, sizeof *out);
    while (path) {
        size_t n = strcspn(path, "|");
        lem_status st = follow(a, row, path, n, out, err);
        if (st != LEM_OK) return st;
        path = path[n] ? path + n + 1 : NULL;
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

static lem_status wrong(lem_candidates_field f, size_t i, const char *want, const lem_json *v, lem_err *err) {
    return lem_fail(err, LEM_EDATA, "%s[%zu]: %s expected, found %s", field_names[f], i, want,
                    lem_json_kind_name(v));
}

static lem_status read_texts(lem_arena *a, lem_candidates_field f, const values *v, bool null_is_empty,
                             const char ***out, lem_err *err) {
    const char **t = lem_arena_alloc(a, v->n + 1, sizeof *t);
    if (!t) return lem_fail(err, LEM_EMEM, "out of memory");
    for (size_t i = 0; i < v->n; i++) {
        bool ok = true;
        t[i] = as_text(a, v->at[i], &ok);
        if (!ok) return wrong(f, i, "text", v->at[i], err);
        if (!t[i] && null_is_empty) t[i] = "";
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

/* id, problem, expected_answer: a text, or a list of one. */
static lem_status read_scalar(lem_arena *a, const lem_candidates_map *m, const lem_json *row,
                              lem_candidates_field f, const char **out, lem_err *err) {
    values v;
    *out = NULL;
    if (!m->path[f]) return LEM_OK;
    lem_status st = gather(a, row, m->path[f], &v, err);
    if (st != LEM_OK || v.n == 0) return st;
    bool ok = true;
    if (v.n > 1)
        return lem_fail(err, LEM_EDATA, "%s: one value expected, found a list of %zu", field_names[f], v.n);
    *out = as_text(a, v.at[0], &ok);
    return ok ? LEM_OK : wrong(f, 0, "text", v.at[0], err);
}

static lem_status read_column(const lem_candidates_map *m, lem_candidates_field f, const lem_json *row,
                              lem_candidates *c, size_t *n, lem_err *err) {
    values v;
    if (!m->path[f]) return LEM_OK;
    lem_status st = gather(c->arena, row, m->path[f], &v, err);
    if (st != LEM_OK) return st;
    if (!v.present || (v.n == 1 && lem_json_kind(v.at[0]) == LEM_JSON_NULL && *n != 1))
        return m->by_hand[f]
                   ? lem_fail(err, LEM_EDATA, "%s: no column '%s' in this row", field_names[f], m->path[f])
                   : LEM_OK;
    if (*n != SIZE_MAX && v.n != *n)
        return lem_fail(err, LEM_EDATA, "%s: %zu values for %zu candidates", field_names[f], v.n, *n);
    *n = v.n;
    switch (f) {
    case LEM_CAND_COMPLETIONS: return read_texts(c->arena, f, &v, true, &c->completion, err);
    case LEM_CAND_PREDICTED: return read_texts(c->arena, f, &v, false, &c->predicted, err);
    case LEM_CAND_GENERATOR: return read_texts(c->arena, f, &v, false, &c->generator, err);
    case LEM_CAND_CORRECT: return read_correct(c->arena, &v, &c->correct, err);
    case LEM_CAND_RM_SCORE: return read_numbers(c->arena, f, &v, &c->rm_score, err);
    case LEM_CAND_LOGPROB: return read_numbers(c->arena, f, &v, &c->logprob, err);
    case LEM_CAND_LOGPROB_MEAN: return read_numbers(c->arena, f, &v, &c->logprob_mean, err);
    case LEM_CAND_TOKENS: return read_tokens(c->arena, &v, &c->tokens, err);
    case LEM_CAND_STEP_SCORES: return read_steps(&v, &c->steps, err);
    case LEM_CAND_FINISH: return read_texts(c->arena, f, &v, false, &c->finish, err);
    default: return LEM_OK;
    }
}

lem_status lem_candidates_read(const lem_candidates_map *m, const lem_json *row, lem_candidates *out,
                               lem_err *err) {
    lem_arena *arena = out->arena;
    if (arena) lem_arena_reset(arena);
    else if (!(arena = lem_arena_new(0, 0, err))) return LEM_EMEM;
    *out = (lem_candidates){.arena = arena};
    size_t n = SIZE_MAX;
    lem_status st = read_scalar(arena, m, row, LEM_CAND_ID, &out->id, err);
    if (st == LEM_OK) st = read_scalar(arena, m, row, LEM_CAND_PROBLEM, &out->problem, err);
    if (st == LEM_OK) st = read_scalar(arena, m, row, LEM_CAND_EXPECTED, &out->expected, err);
    for (int f = LEM_CAND_COMPLETIONS; f < LEM_CAND_N_FIELDS && st == LEM_OK; f++)
        st = read_column(m, (lem_candidates_field)f, row, out, &n, err);
    if (st == LEM_OK) out->n = n == SIZE_MAX ? 0 : (int)n;
    return st;
}

void lem_candidates_release(lem_candidates *c) {
    lem_arena_free(c->arena);
    *c = (lem_candidates){.arena = NULL};
}

int lem_candidates_cut(const lem_candidates *c, int i) {
    if (!c->finish || !c->finish[i]) return -1;
    return strcmp(c->finish[i], "length") == 0;
}
