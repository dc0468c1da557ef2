/* candidates_map.c - which column of a row of candidates is what: by hand, by name, or told by the columns */
#include "data/candidates_priv.h"

#include "core/buf.h"

#include <stdio.h>
#include <string.h>

lem_candidates_map *lem_candidates_map_new(lem_err *err) {
    return lem_alloc_zero(1, sizeof(lem_candidates_map), err);
}

void lem_candidates_map_free(lem_candidates_map *m) {
    if (!m) return;
    for (int f = 0; f < LEM_CAND_N_FIELDS; f++) lem_free(m->path[f]);
    for (int i = 0; i < m->n_models; i++) lem_free(m->model[i]);
    lem_json_free(m->defined);
    lem_free(m);
}

const char *lem_candidates_map_path(const lem_candidates_map *m, lem_candidates_field f) {
    return m->path[f];
}

bool lem_candidates_map_is_ours(const lem_candidates_map *m) {
    bool ours = true;
    for (int f = 0; f < LEM_CAND_N_FIELDS; f++)
        ours = ours &&
               (!m->path[f] || strcmp(m->path[f], lem_candidates_field_name((lem_candidates_field)f)) == 0);
    return ours;
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

static lem_status add_model(lem_candidates_map *m, const char *name, size_t len, lem_err *err) {
    if (m->n_models == LEM_CAND_MAX_MODELS)
        return lem_fail(err, LEM_EUSAGE, "map: more than %d alternatives", LEM_CAND_MAX_MODELS);
    char *copy = lem_strndup(name, len, err);
    if (!copy) return LEM_EMEM;
    m->model[m->n_models++] = copy;
    return LEM_OK;
}

/* Columns that hold completions are called as the models are. */
static lem_status name_columns(lem_candidates_map *m, const char *tail, const lem_json *row, lem_err *err) {
    lem_status st = LEM_OK;
    for (const char *k = lem_json_key_next(row, NULL); k && st == LEM_OK; k = lem_json_key_next(row, k)) {
        const lem_json *v = lem_json_key_value(k);
        if (lem_json_kind(v) == LEM_JSON_OBJECT && lem_json_find(v, tail))
            st = add_model(m, k, strlen(k), err);
    }
    return st;
}

/* The alternatives of completions name the models: what stands before the last dot. row may be NULL. */
static lem_status name_models(lem_candidates_map *m, const lem_json *row, lem_err *err) {
    for (int i = 0; i < m->n_models; i++) lem_free(m->model[i]);
    m->n_models = 0;
    const char *p = m->path[LEM_CAND_COMPLETIONS];
    if (p && row && strncmp(p, "*.", 2) == 0) return name_columns(m, p + 2, row, err);
    if (!p || !strchr(p, '|') || strstr(p, "||")) return LEM_OK;
    for (;;) {
        size_t n = strcspn(p, "|"), dot = n;
        while (dot && p[dot - 1] != '.') dot--;
        lem_status st = add_model(m, p, dot ? dot - 1 : n, err);
        if (st != LEM_OK || !p[n]) return st;
        p += n + 1;
    }
}

size_t lem_candidates_first_path(const char *path, const char **next) {
    const char *bars = strstr(path, "||");
    *next = bars ? bars + 2 : NULL;
    return bars ? (size_t)(bars - path) : strlen(path);
}

static bool choose_named(lem_candidates_map *m, const char *name, size_t len) {
    char text[64];
    if (len >= sizeof text) return false;
    memcpy(text, name, len);
    text[len] = '\0';
    const lem_candidate_map_info *found = lem_candidate_map_find(text);
    if (found) m->chosen = found;
    return found != NULL;
}

lem_status lem_candidates_map_define(lem_candidates_map *m, lem_json *map, const char *source, lem_err *err) {
    lem_status st = lem_candidate_map_read(map, source, &m->own, err);
    if (st != LEM_OK) return st;
    lem_json_free(m->defined);
    m->defined = lem_json_share(map);
    m->chosen = &m->own;
    return LEM_OK;
}

static lem_status set_one(lem_candidates_map *m, const char *s, size_t len, lem_err *err) {
    const char *eq = memchr(s, '=', len);
    size_t name = eq ? (size_t)(eq - s) : len;
    if (!eq && choose_named(m, s, len)) return LEM_OK;
    if (!eq || name == 0 || name + 1 == len)
        return lem_fail(err, LEM_EUSAGE,
                        "map: 'ours=theirs' expected, or the name of a map ('lemma maps' lists them), or a "
                        ".yaml file; found '%.*s'",
                        (int)len, s);
    for (int f = 0; f < LEM_CAND_N_FIELDS; f++)
        if (strncmp(lem_candidates_field_name((lem_candidates_field)f), s, name) == 0 &&
            !lem_candidates_field_name((lem_candidates_field)f)[name]) {
            lem_status st = assign(m, (lem_candidates_field)f, eq + 1, len - name - 1, true, err);
            return st == LEM_OK && f == LEM_CAND_COMPLETIONS ? name_models(m, NULL, err) : st;
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

/* ---- told by the columns ---- */

static void list_columns(const lem_json *row, lem_buf *b) {
    int n = 0;
    for (const char *k = lem_json_key_next(row, NULL); k && n < 24; k = lem_json_key_next(row, k), n++)
        lem_buf_printf(b, "%s%.60s", n ? ", " : "", k);
    if (n == 0) lem_buf_puts(b, "none");
}

static lem_status unknown_columns(const lem_json *row, lem_err *err) {
    lem_buf columns = {0}, near = {0};
    const char *lacks = NULL;
    const lem_candidate_map_info *m = lem_candidate_map_nearest(row, &lacks);
    list_columns(row, &columns);
    if (m)
        lem_buf_printf(&near,
                       "; the nearest map is %s, which needs %s too ('lemma maps %s' prints it to copy)",
                       m->name, lacks ? lacks : "?", m->name);
    lem_status st =
        lem_fail(err, LEM_EDATA,
                 "no known format of candidates; name the columns with --map ours=theirs, or a map of 'lemma "
                 "maps'; columns found: %s%s",
                 lem_buf_str(&columns), lem_buf_str(&near));
    lem_buf_release(&columns);
    lem_buf_release(&near);
    return st;
}

static void put_need(const lem_candidate_map_info *f, lem_buf *b) {
    for (int k = 0; k < LEM_CAND_MAX_NEED && f->need[k]; k++)
        lem_buf_printf(b, "%s %s", k ? "," : "", f->need[k]);
}

static void tell(char ground[200], const lem_candidates_map *m, bool by_hand) {
    lem_buf b = {0};
    const lem_candidate_map_info *f = m->known;
    if (by_hand) lem_buf_puts(&b, "map by hand");
    if (f) {
        lem_buf_printf(&b, "%s%s: ", by_hand ? "; rest " : "", f->name);
        lem_buf_puts(&b, m->chosen ? "as asked for" : "columns");
        if (!m->chosen) put_need(f, &b);
    }
    size_t n = b.len < 199 ? b.len : 199;
    while (n < b.len && n > 0 && ((unsigned char)lem_buf_str(&b)[n] & 0xc0) == 0x80) n--;
    memcpy(ground, lem_buf_str(&b), n);
    ground[n] = '\0';
    lem_buf_release(&b);
}

static bool any_by_hand(const lem_candidates_map *m) {
    for (int f = 0; f < LEM_CAND_N_FIELDS; f++)
        if (m->by_hand[f]) return true;
    return false;
}

const char *lem_candidates_format(const lem_json *row) {
    const lem_candidate_map_info *f = lem_candidate_map_of(row);
    return f && !f->data_kind ? f->name : NULL;
}

/* Where a field stands that no map by hand names: in the known format, else under our own name. */
static const char *path_of(const lem_candidate_map_info *known, lem_candidates_field f, const lem_json *row) {
    if (known) return known->path[f];
    if (f == LEM_CAND_PROBLEM && !lem_json_get(row, "problem")) return "question";
    return f <= LEM_CAND_EXPECTED ? lem_candidates_field_name(f) : NULL;
}

/* The map that was asked for; of several of one name, the one that fits. */
static lem_status find_chosen(lem_candidates_map *m, const lem_json *row, lem_err *err) {
    const char *lacks = NULL;
    const lem_candidate_map_info *other;
    if (m->chosen != &m->own)
        for (int i = 0; (other = lem_candidate_map_at(i)); i++)
            if (strcmp(other->name, m->chosen->name) == 0 && lem_candidate_map_fits(other, row, NULL)) {
                m->known = other;
                return LEM_OK;
            }
    m->known = m->chosen;
    if (lem_candidate_map_fits(m->known, row, &lacks)) return LEM_OK;
    lem_buf columns = {0};
    list_columns(row, &columns);
    lem_status st = lem_fail(err, LEM_EDATA, "the map %s needs '%s'; columns found: %s", m->known->name,
                             lacks, lem_buf_str(&columns));
    lem_buf_release(&columns);
    return st;
}

static lem_status find_known(lem_candidates_map *m, const lem_json *row, lem_err *err) {
    bool candidates = m->by_hand[LEM_CAND_COMPLETIONS] || m->by_hand[LEM_CAND_PREDICTED];
    if (m->chosen) return find_chosen(m, row, err);
    m->known = lem_candidate_map_of(row);
    if (!m->known && !candidates && !m->by_hand[LEM_CAND_CORRECT]) return unknown_columns(row, err);
    /* a map by hand of the candidates themselves speaks of another layout: then only its other fields of our
     * own names are taken over */
    if (candidates) m->known = NULL;
    return LEM_OK;
}

static void note_correct(lem_candidates_map *m, const lem_json *row) {
    const char *path = m->path[LEM_CAND_CORRECT];
    m->correct_by[0] = '\0';
    m->graded_by_us = m->known && strncmp(m->known->name, "Lemma", 5) == 0 && lem_json_get(row, "verdict");
    while (path) {
        const char *next;
        size_t n = lem_candidates_first_path(path, &next);
        char one[sizeof m->correct_by];
        snprintf(one, sizeof one, "%.*s", (int)(n < sizeof one ? n : sizeof one - 1), path);
        char *star = strchr(one, '*');
        size_t head = star ? (size_t)(star - one) : strcspn(one, "|");
        while (head && one[head - 1] == '.') head--;
        char keep = one[head];
        one[head] = '\0';
        bool there = head == 0 || lem_json_find(row, one) || lem_json_get(row, one);
        one[head] = keep;
        if (there) memcpy(m->correct_by, one, sizeof one);
        path = there ? NULL : next;
    }
}

lem_status lem_candidates_map_detect(lem_candidates_map *m, const lem_json *row, char ground[200],
                                     lem_err *err) {
    bool by_hand = any_by_hand(m); /* before assign adds to the map */
    lem_status st = find_known(m, row, err);
    if (st != LEM_OK) return st;
    for (int f = 0; f < LEM_CAND_N_FIELDS; f++) {
        const char *path = m->by_hand[f] ? NULL : path_of(m->known, (lem_candidates_field)f, row);
        if (!path) continue;
        st = assign(m, (lem_candidates_field)f, path, strlen(path), false, err);
        if (st != LEM_OK) return st;
    }
    note_correct(m, row);
    tell(ground, m, by_hand);
    return name_models(m, row, err);
}

const char *lem_candidates_map_correct_by(const lem_candidates_map *m, bool *ours) {
    *ours = m->graded_by_us;
    return m->correct_by;
}

static lem_status copy_by_hand(const lem_candidates_map *m, lem_candidates_map *c, lem_err *err) {
    for (int f = 0; f < LEM_CAND_N_FIELDS; f++) {
        if (!m->by_hand[f]) continue;
        lem_status st = assign(c, (lem_candidates_field)f, m->path[f], strlen(m->path[f]), true, err);
        if (st != LEM_OK) return st;
    }
    return name_models(c, NULL, err);
}

lem_candidates_map *lem_candidates_map_copy(const lem_candidates_map *m, lem_err *err) {
    lem_candidates_map *c = lem_candidates_map_new(err);
    if (!c) return NULL;
    lem_status st = copy_by_hand(m, c, err);
    c->chosen = m->chosen;
    if (st == LEM_OK && m->defined) st = lem_candidates_map_define(c, m->defined, m->own.name, err);
    if (st == LEM_OK) return c;
    lem_candidates_map_free(c);
    return NULL;
}

lem_status lem_candidates_map_ours(lem_candidates_map *m, lem_err *err) {
    for (int f = 0; f < LEM_CAND_N_FIELDS; f++) {
        lem_free(m->path[f]);
        m->path[f] = NULL;
        m->by_hand[f] = false;
    }
    m->chosen = lem_candidate_map_find("Lemma");
    lem_status st = LEM_OK;
    m->known = m->chosen;
    for (int f = 0; st == LEM_OK && f < LEM_CAND_N_FIELDS; f++)
        if (m->known->path[f])
            st = assign(m, (lem_candidates_field)f, m->known->path[f], strlen(m->known->path[f]), false, err);
    return st == LEM_OK ? name_models(m, NULL, err) : st;
}
