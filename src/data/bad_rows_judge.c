/* bad_rows_judge.c - what most rows of a file are like, and whether one row is */
#include "data/bad_rows_priv.h"

#include "core/mem.h"
#include "data/rows.h"

#include <string.h>

enum { SAMPLED = 256 };
#define BIT(f) (1u << (f))
#define TEXTS (BIT(LEM_CAND_COMPLETIONS) | BIT(LEM_CAND_PREDICTED))

/* ---- the first rows ---- */

typedef struct sample {
    lem_json *row[SAMPLED];
    int n;
} sample;

static void release_sample(sample *s) {
    for (int i = 0; i < s->n; i++) lem_json_free(s->row[i]);
}

static lem_status read_sample(const char *path, size_t max_bytes, const lem_cancel *cancel, sample *s,
                              lem_err *err) {
    const lem_row_judge readable = lem_data_readable(max_bytes);
    lem_rowset *rows = NULL;
    lem_status st = lem_data_rows_judged(path, cancel, &readable, &rows, err);
    while (st == LEM_OK && s->n < SAMPLED) {
        st = lem_rowset_next(rows, &s->row[s->n], err);
        if (st != LEM_OK || !s->row[s->n]) break;
        s->n++;
    }
    lem_rowset_close(rows);
    return st;
}

/* The first row of the format that most have; -1 where most have none. */
static int typical(const sample *s) {
    int best = -1, most = 0;
    for (int i = 0; i < s->n; i++) {
        const char *format = lem_candidates_format(s->row[i]);
        int same = 0;
        for (int k = 0; k < s->n; k++) {
            const char *other = lem_candidates_format(s->row[k]);
            same += format ? other && strcmp(format, other) == 0 : !other;
        }
        if (same > most) {
            most = same;
            best = i;
        }
    }
    return best;
}

/* ---- candidates ---- */

static unsigned fields_of(const lem_candidates *c) {
    const void *const at[LEM_CAND_N_FIELDS] = {
        [LEM_CAND_PROBLEM] = c->problem,        [LEM_CAND_EXPECTED] = c->expected,
        [LEM_CAND_COMPLETIONS] = c->completion, [LEM_CAND_PREDICTED] = c->predicted,
        [LEM_CAND_CORRECT] = c->correct,        [LEM_CAND_RM_SCORE] = c->rm_score,
        [LEM_CAND_LOGPROB] = c->logprob,        [LEM_CAND_TOKENS] = c->tokens,
        [LEM_CAND_STEP_SCORES] = c->steps,      [LEM_CAND_LOGPROB_MEAN] = c->logprob_mean};
    unsigned bits = 0;
    for (int f = 0; f < LEM_CAND_N_FIELDS; f++) bits |= at[f] ? BIT(f) : 0;
    return bits;
}

/* Of the fields that most rows have, those that the use reads. */
static unsigned fields_that_count(lem_bad_use use, unsigned have) {
    const unsigned scores = BIT(LEM_CAND_CORRECT) | BIT(LEM_CAND_RM_SCORE) | BIT(LEM_CAND_LOGPROB) |
                            BIT(LEM_CAND_TOKENS) | BIT(LEM_CAND_STEP_SCORES) | BIT(LEM_CAND_LOGPROB_MEAN);
    if (use == LEM_BAD_GRADED) return have & (TEXTS | BIT(LEM_CAND_EXPECTED));
    if (have & BIT(LEM_CAND_CORRECT)) have &= ~BIT(LEM_CAND_EXPECTED);
    if (!(have & BIT(LEM_CAND_LOGPROB)) || have & BIT(LEM_CAND_LOGPROB_MEAN)) have &= ~BIT(LEM_CAND_TOKENS);
    return have & (scores | TEXTS | BIT(LEM_CAND_EXPECTED));
}

/* The fields that more than half of the rows that can be read have. */
static lem_status learn_candidates(lem_bad_judge *j, const sample *s, lem_err *err) {
    int have[LEM_CAND_N_FIELDS] = {0}, read = 0;
    for (int i = 0; i < s->n; i++) {
        lem_err bad = LEM_ERR_INIT;
        lem_status st = lem_candidates_read(j->map, s->row[i], &j->row, &bad);
        if (st == LEM_EMEM) return lem_fail(err, st, "%s", bad.text);
        if (st != LEM_OK) continue;
        read++;
        for (int f = 0; f < LEM_CAND_N_FIELDS; f++) have[f] += (int)(fields_of(&j->row) >> f & 1);
    }
    unsigned most = 0;
    for (int f = 0; f < LEM_CAND_N_FIELDS; f++) most |= 2 * have[f] > read ? BIT(f) : 0;
    j->needs = fields_that_count(j->use, most);
    return LEM_OK;
}

static lem_status judge_candidates(lem_bad_judge *j, const lem_json *row, lem_err *err) {
    lem_status st = lem_candidates_read(j->map, row, &j->row, err);
    if (st != LEM_OK) return st;
    const unsigned have = fields_of(&j->row);
    unsigned missing = j->needs & ~have;
    if (have & TEXTS) missing &= ~TEXTS; /* an answer comes from either */
    for (int f = 0; f < LEM_CAND_N_FIELDS; f++)
        if (missing >> f & 1)
            return lem_fail(err, LEM_EDATA, "field '%s' is missing, which most rows have",
                            lem_candidates_map_path(j->map, (lem_candidates_field)f));
    if (j->use == LEM_BAD_SELECTED && j->row.n < 1)
        return lem_fail(err, LEM_EDATA, "a list of no candidates");
    return LEM_OK;
}

static lem_status begin_candidates(lem_bad_judge *j, const lem_candidates_map *map, const sample *s,
                                   lem_err *err) {
    char ground[512]; /* what the map was told by; nobody asks here */
    lem_status st = LEM_OK;
    int i = typical(s);
    if (i < 0) return LEM_OK;
    j->map = map ? lem_candidates_map_copy(map, err) : lem_candidates_map_new(err);
    if (!j->map) return LEM_EMEM;
    st = lem_candidates_map_detect(j->map, s->row[i], ground, err);
    if (st == LEM_EDATA) { /* no candidates: who reads them says so */
        lem_candidates_map_free(j->map);
        j->map = NULL;
        return LEM_OK;
    }
    return st == LEM_OK ? learn_candidates(j, s, err) : st;
}

/* ---- problems ---- */

static const char *mapped(const lem_json *map, const char *ours) {
    const size_t n = strlen(ours);
    for (size_t i = 0; i < lem_json_count(map); i++) {
        const char *m = lem_json_str(lem_json_at(map, i), "");
        if (strncmp(m, ours, n) == 0 && m[n] == '=') return m + n + 1;
    }
    return NULL;
}

static const lem_json *there(const lem_json *row, const char *path) {
    const lem_json *v = lem_json_find(row, path);
    if (!v) v = lem_json_get(row, path);
    return v && lem_json_kind(v) != LEM_JSON_NULL ? v : NULL;
}

/* The name that most rows have, of the one that the map gives or of the usual ones; NULL where most have
 * none. */
static const char *name_of(const sample *s, const char *by_map, const char *const *usual, int n) {
    for (int k = 0; k < n; k++) {
        const char *name = by_map ? by_map : usual[k];
        int have = 0;
        for (int i = 0; i < s->n; i++) have += there(s->row[i], name) != NULL;
        if (2 * have > s->n) return name;
        if (by_map) return NULL;
    }
    return NULL;
}

static void begin_problems(lem_bad_judge *j, const lem_json *map, const sample *s) {
    static const char *const problems[] = {"problem", "question", "prompt", "query"};
    static const char *const golds[] = {"expected_answer", "answer", "gt", "ground_truth"};
    j->problem = name_of(s, mapped(map, "problem"), problems, 4);
    j->expected = name_of(s, mapped(map, "expected_answer"), golds, 4);
}

static bool blank(const char *s) { return s[strspn(s, " \t\r\n")] == '\0'; }

static lem_status judge_problem(const lem_bad_judge *j, const lem_json *row, lem_err *err) {
    if (j->problem) {
        const lem_json *v = there(row, j->problem);
        if (!v) return lem_fail(err, LEM_EDATA, "field '%s' is missing, which most rows have", j->problem);
        if (lem_json_kind(v) != LEM_JSON_STRING)
            return lem_fail(err, LEM_EDATA, "field '%s': text expected, found %s", j->problem,
                            lem_json_kind_name(v));
        if (blank(lem_json_str(v, "")))
            return lem_fail(err, LEM_EDATA, "field '%s': the text is empty", j->problem);
    }
    if (j->expected) {
        const lem_json *v = there(row, j->expected);
        if (!v) return lem_fail(err, LEM_EDATA, "field '%s' is missing, which most rows have", j->expected);
        if (lem_json_kind(v) == LEM_JSON_OBJECT)
            return lem_fail(err, LEM_EDATA, "field '%s': an answer expected, found %s", j->expected,
                            lem_json_kind_name(v));
    }
    return LEM_OK;
}

/* ---- the judge ---- */

static lem_status ask(void *ctx, const char *file, uint64_t number, const lem_json *row, lem_err *err) {
    lem_bad_judge *j = ctx;
    lem_err why = LEM_ERR_INIT;
    lem_status st = LEM_OK;
    if (!row) {
        why = *err;
        st = LEM_EDATA;
    } else if (j->use == LEM_BAD_PROBLEMS) st = judge_problem(j, row, &why);
    else if (j->map) st = judge_candidates(j, row, &why);
    if (st == LEM_EMEM) return lem_fail(err, st, "%s", why.text);
    if (st == LEM_OK) return st;
    st = lem_bad_rows_add(j->tally, file, number, &why, err);
    return st == LEM_OK ? LEM_NO : st;
}

/* A new judge of the tally, which frees it; *s its first rows, released by the caller. */
static lem_status new_judge(lem_bad_rows *b, lem_bad_use use, const char *path, const lem_cancel *cancel,
                            lem_bad_judge **out, sample *s, lem_err *err) {
    if (use != LEM_BAD_ANY && strcmp(path, "-") == 0)
        return lem_fail(err, LEM_EUSAGE,
                        "--on-error skip reads the first rows twice: name a file in place of '-'");
    lem_bad_judge *j = lem_alloc_zero(1, sizeof *j, err);
    if (!j) return LEM_EMEM;
    j->next = b->judges;
    b->judges = j;
    j->tally = b;
    j->use = use;
    j->as = (lem_row_judge){ask, j, b->max_bytes};
    *out = j;
    return use == LEM_BAD_ANY ? LEM_OK : read_sample(path, b->max_bytes, cancel, s, err);
}

lem_status lem_bad_rows_judge(lem_bad_rows *b, lem_bad_use use, const char *path,
                              const lem_candidates_map *map, const lem_cancel *cancel,
                              const lem_row_judge **out, lem_err *err) {
    sample s = {.n = 0};
    lem_bad_judge *j = NULL;
    lem_status st = new_judge(b, use, path, cancel, &j, &s, err);
    if (st == LEM_OK && use != LEM_BAD_ANY) st = begin_candidates(j, map, &s, err);
    if (st == LEM_OK) *out = &j->as;
    release_sample(&s);
    return st;
}

lem_status lem_bad_rows_judge_problems(lem_bad_rows *b, const char *path, const lem_json *map,
                                       const lem_cancel *cancel, const lem_row_judge **out, lem_err *err) {
    sample s = {.n = 0};
    lem_bad_judge *j = NULL;
    lem_status st = new_judge(b, LEM_BAD_PROBLEMS, path, cancel, &j, &s, err);
    if (st == LEM_OK) begin_problems(j, map, &s);
    if (st == LEM_OK) *out = &j->as;
    release_sample(&s);
    return st;
}
