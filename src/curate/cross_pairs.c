/* cross_pairs.c - pairs of answers that agree, and the rule over them */
#include "curate/cross_pairs.h"

#include "core/mem.h"

#include <string.h>

const char *lem_cross_why_text(lem_cross_why w) {
    static const char *const text[LEM_CROSS_N_WHY] = {
        "kept",
        "no teacher has this prompt",
        "too few teacher answers",
        "the response has no answer",
        "too few teacher responses have an answer",
        "the teachers differ from each other",
        "the response differs from teachers that agree",
        "not decided whether the answers agree",
        "the judge says that the response is wrong",
        "the judge has no verdict for it",
    };
    return text[w];
}

/* ---- pairs ---- */

static bool same_text(const lem_grade_answer_text *a, const lem_grade_answer_text *b) {
    return a->len == b->len && memcmp(a->s, b->s, a->len) == 0;
}

/* One way round: b graded with a as gold. */
static lem_status one_way(const lem_grade_gold *gold, const lem_grade_answer_text *b, lem_grade_correct *out,
                          lem_err *err) {
    lem_answer_result r;
    lem_status st = lem_grade_compare(gold, b->s, b->len, &r, err);
    if (st == LEM_OK) *out = lem_grade_correct_of(r.verdict);
    return st;
}

static lem_status relate(const lem_grade_answer_text *a, lem_grade_gold *const *gold, int i, int j,
                         uint8_t *out, lem_err *err) {
    lem_grade_correct x = LEM_GRADE_UNDECIDED, y = LEM_GRADE_UNDECIDED;
    if (!a[i].len || !a[j].len) {
        *out = LEM_CROSS_SILENT;
        return LEM_OK;
    }
    if (same_text(&a[i], &a[j])) {
        *out = LEM_CROSS_AGREE;
        return LEM_OK;
    }
    lem_status st = one_way(gold[i], &a[j], &x, err);
    if (st == LEM_OK && x != LEM_GRADE_RIGHT) st = one_way(gold[j], &a[i], &y, err);
    if (st != LEM_OK) return st;
    if (x == LEM_GRADE_RIGHT || y == LEM_GRADE_RIGHT) *out = LEM_CROSS_AGREE;
    else if (x == LEM_GRADE_WRONG || y == LEM_GRADE_WRONG) *out = LEM_CROSS_DIFFER;
    else *out = LEM_CROSS_UNDECIDED;
    return LEM_OK;
}

/* The first answer with the text of answer i. */
static int first_of(const lem_grade_answer_text *a, int i) {
    int k = 0;
    while (!same_text(&a[k], &a[i])) k++;
    return k;
}

/* Pairs of texts; answers with the same text have the relations of the first of them. */
static lem_status relate_all(const lem_grade_answer_text *a, int n, lem_grade_gold *const *gold,
                             uint8_t *pair, lem_err *err) {
    for (int i = 0; i < n; i++) {
        int fi = first_of(a, i);
        for (int j = 0; j <= i; j++) {
            int fj = first_of(a, j);
            lem_status st = LEM_OK;
            if (fi == i && fj == j) st = relate(a, gold, i, j, &pair[i * n + j], err);
            else pair[i * n + j] = fi < fj ? pair[fj * n + fi] : pair[fi * n + fj];
            if (st != LEM_OK) return st;
            pair[j * n + i] = pair[i * n + j];
        }
    }
    return LEM_OK;
}

lem_status lem_cross_compare(const lem_grade_answer_text *a, int n, const lem_grade_profile *profile,
                             uint8_t *pair, lem_err *err) {
    lem_grade_gold *gold[LEM_CROSS_MAX_TEACHER_ANSWERS + 1] = {NULL};
    lem_status st = LEM_OK;
    for (int i = 0; i < n && st == LEM_OK; i++)
        if (a[i].len && first_of(a, i) == i)
            st = lem_grade_gold_new(a[i].s, a[i].len, profile, &gold[i], err);
    if (st == LEM_OK) st = relate_all(a, n, gold, pair, err);
    for (int i = 0; i < n; i++) lem_grade_gold_free(gold[i]);
    return st;
}

/* ---- the rule ---- */

/* How many of the teachers' answers, taken in order, agree with `first` and with all taken before them;
 * undecided pairs pass too if `unless_differ`. in [n] receives which. */
static int agree_with(const uint8_t *pair, int n, int first, bool unless_differ, bool *in) {
    int taken = first > 0;
    memset(in, 0, (size_t)n * sizeof *in);
    in[first] = true;
    for (int i = first > 0 ? first + 1 : 1; i < n; i++) {
        bool ok = true;
        for (int k = 0; k < n && ok; k++) {
            uint8_t p = pair[i * n + k];
            if (in[k]) ok = p == LEM_CROSS_AGREE || (unless_differ && p == LEM_CROSS_UNDECIDED);
        }
        in[i] = ok;
        taken += ok;
    }
    return taken;
}

static int needed(const lem_cross_rule *rule, int teachers) {
    if (rule->all) return teachers;
    return rule->majority ? teachers / 2 + 1 : rule->need;
}

/* Why `need` teacher answers do not agree with each other and with the response. */
static lem_cross_why why_not(const uint8_t *pair, int n, int need, bool *in) {
    int silent = 0, most = 0;
    for (int i = 1; i < n; i++) silent += pair[i * n + i] == LEM_CROSS_SILENT;
    if (n - 1 - silent < need) return LEM_CROSS_TEACHERS_SILENT;
    if (agree_with(pair, n, 0, true, in) >= need) return LEM_CROSS_NOT_DECIDED;
    for (int i = 1; i < n; i++) {
        if (pair[i * n + i] == LEM_CROSS_SILENT) continue;
        int m = agree_with(pair, n, i, false, in);
        most = m > most ? m : most;
    }
    return most >= need ? LEM_CROSS_RESPONSE_DIFFERS : LEM_CROSS_TEACHERS_DIFFER;
}

lem_cross_why lem_cross_decide(const uint8_t *pair, int n, const lem_cross_rule *rule) {
    bool in[LEM_CROSS_MAX_TEACHER_ANSWERS + 1];
    int teachers = n - 1, need = needed(rule, teachers);
    if (teachers == 0) return LEM_CROSS_NO_TEACHER;
    if (teachers < rule->least || teachers < need) return LEM_CROSS_TOO_FEW;
    if (pair[0] == LEM_CROSS_SILENT) return LEM_CROSS_NO_RESPONSE;
    if (agree_with(pair, n, 0, false, in) >= need) return LEM_CROSS_KEPT;
    return why_not(pair, n, need, in);
}
