/* picks.c - worked examples picked from graded and scored candidates */
#include "report/picks.h"

#include "core/mem.h"
#include "report/sections.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef enum interest { SCORE_BEATS_VOTE, VOTE_BEATS_SCORE, BOTH_RIGHT, BOTH_WRONG, N_INTERESTS } interest;

static const char *const interest_title[N_INTERESTS] = {
    "The reward model finds the right answer where the vote does not",
    "The vote is right where the reward model is not",
    "Both are right",
    "Neither is right, though a candidate was",
};

typedef struct choice {
    size_t best_scored, voted, right; /* indices of candidates; right: the first right one */
} choice;

static bool is_right(const lem_json *row, size_t i) {
    return lem_json_bool(lem_json_at(lem_json_get(row, "correct"), i), false);
}

/* The first candidate of the most frequent predicted answer; the earlier answer wins a tie. */
static size_t majority(const lem_json *answers, size_t n) {
    size_t best = 0, best_votes = 0;
    for (size_t i = 0; i < n; i++) {
        const lem_json *a = lem_json_at(answers, i);
        if (lem_json_kind(a) == LEM_JSON_NULL) continue;
        size_t votes = 0, first = i;
        for (size_t j = 0; j < n; j++)
            if (lem_json_equal(a, lem_json_at(answers, j))) {
                if (j < first) first = j;
                votes++;
            }
        if (first == i && votes > best_votes) {
            best = i;
            best_votes = votes;
        }
    }
    return best;
}

/* The number of candidates of a row with texts, verdicts, answers and scores; 0 when it lacks any. */
static size_t count_candidates(const lem_json *row) {
    static const char *const columns[] = {"completions", "rm_score", "predicted_answer", "correct"};
    size_t n = lem_json_count(lem_json_get(row, columns[0]));
    if (n < 2 || n > 1024) return 0;
    for (size_t i = 1; i < sizeof columns / sizeof *columns; i++)
        if (lem_json_count(lem_json_get(row, columns[i])) != n) return 0;
    return n;
}

static size_t best_scored(const lem_json *scores, size_t n) {
    size_t best = 0;
    double highest = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        double s = lem_json_num(lem_json_at(scores, i), -INFINITY);
        if (s > highest) {
            highest = s;
            best = i;
        }
    }
    return best;
}

static interest interest_of(bool scored, bool voted) {
    if (scored) return voted ? BOTH_RIGHT : SCORE_BEATS_VOTE;
    return voted ? VOTE_BEATS_SCORE : BOTH_WRONG;
}

/* Which kind of example a row is; false when it lacks a column or tells nothing. */
static bool judge(const lem_json *row, choice *c, interest *kind) {
    size_t n = count_candidates(row), right = 0;
    memset(c, 0, sizeof *c);
    for (size_t i = n; i-- > 0;) {
        if (!is_right(row, i)) continue;
        right++;
        c->right = i;
    }
    if (right == 0 || right == n) return false;
    c->best_scored = best_scored(lem_json_get(row, "rm_score"), n);
    c->voted = majority(lem_json_get(row, "predicted_answer"), n);
    *kind = interest_of(is_right(row, c->best_scored), is_right(row, c->voted));
    return true;
}

static bool copy_field(lem_json *to, const char *key, const lem_json *value) {
    return lem_json_set(to, key, lem_json_copy(value));
}

static bool add_candidate(lem_json *list, const lem_json *row, size_t i, const char *label) {
    const lem_json *texts = lem_json_get(row, "completions"), *scores = lem_json_get(row, "rm_score");
    lem_json *c = lem_json_new_object();
    bool ok = c && lem_json_set(c, "label", lem_json_new_str(label)) &&
              copy_field(c, "text", lem_json_at(texts, i)) &&
              lem_json_set(c, "correct", lem_json_new_bool(is_right(row, i))) &&
              copy_field(c, "score", lem_json_at(scores, i));
    if (!ok) {
        lem_json_free(c);
        return false;
    }
    const lem_json *steps = lem_json_at(lem_json_get(row, "step_scores"), i);
    if (steps && !copy_field(c, "step_scores", steps)) {
        lem_json_free(c);
        return false;
    }
    return lem_json_append(list, c);
}

static lem_json *telling_candidates(const lem_json *row, const choice *c, interest kind) {
    lem_json *list = lem_json_new_array();
    bool ok = list && add_candidate(list, row, c->best_scored, "Highest score");
    if (ok && c->voted != c->best_scored) ok = add_candidate(list, row, c->voted, "Most frequent answer");
    if (ok && kind == BOTH_WRONG) ok = add_candidate(list, row, c->right, "A right candidate");
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_json *make_example(const lem_json *row, const choice *c, interest kind) {
    lem_json *e = lem_json_new_object();
    const lem_json *problem = lem_json_get(row, "problem"), *expected = lem_json_get(row, "expected_answer");
    bool ok = e && lem_json_set(e, "title", lem_json_new_str(interest_title[kind]));
    if (ok && problem) ok = copy_field(e, "problem", problem);
    if (ok && expected) ok = copy_field(e, "expected_answer", expected);
    if (ok && lem_json_set(e, "candidates", telling_candidates(row, c, kind))) return e;
    lem_json_free(e);
    return NULL;
}

struct lem_picks {
    lem_json *at[N_INTERESTS][LEM_PICKS_MOST];
    int most, n[N_INTERESTS];
    uint64_t seen[N_INTERESTS];
};

lem_picks *lem_picks_new(int most, lem_err *err) {
    lem_picks *k = lem_alloc_zero(1, sizeof *k, err);
    if (k) k->most = most;
    return k;
}

void lem_picks_free(lem_picks *k) {
    for (int i = 0; k && i < N_INTERESTS; i++)
        for (int j = 0; j < k->n[i]; j++) lem_json_free(k->at[i][j]);
    lem_free(k);
}

lem_status lem_picks_add(lem_picks *k, const lem_json *row, lem_err *err) {
    choice c;
    interest kind;
    if (!judge(row, &c, &kind)) return LEM_OK;
    k->seen[kind]++;
    int want = kind == SCORE_BEATS_VOTE ? (k->most + 1) / 2 : (k->most + 3) / 6;
    if (want < 1) want = 1;
    if (k->n[kind] >= want || k->n[kind] >= LEM_PICKS_MOST) return LEM_OK;
    lem_json *e = make_example(row, &c, kind);
    if (!e) return lem_fail(err, LEM_EMEM, "out of memory");
    k->at[kind][k->n[kind]++] = e;
    return LEM_OK;
}

/* How often each kind of example occurred among all rows: the examples are picked, the counts are not. */
static void tell_counts(lem_page *p, const lem_picks *k) {
    lem_pair pairs[N_INTERESTS];
    char text[N_INTERESTS][24];
    for (int i = 0; i < N_INTERESTS; i++) {
        snprintf(text[i], sizeof text[i], "%llu", (unsigned long long)k->seen[i]);
        pairs[i] = (lem_pair){interest_title[i], text[i]};
    }
    lem_page_paragraph(p, "Problems with at least one right and one wrong candidate, by what score and vote "
                          "choose among all of a problem's candidates:");
    lem_page_pairs(p, pairs, N_INTERESTS);
}

bool lem_picks_any(const lem_picks *k) {
    uint64_t n = 0;
    for (int i = 0; i < N_INTERESTS; i++) n += k->seen[i];
    return n > 0;
}

void lem_picks_put(const lem_picks *k, lem_page *p) {
    int shown = 0;
    lem_page_section(p, "Worked examples");
    tell_counts(p, k);
    for (int i = 0; i < N_INTERESTS; i++)
        for (int j = 0; j < k->n[i] && shown < k->most; j++)
            lem_report_example(p, k->at[i][j], (size_t)shown++);
    if (!shown)
        lem_page_note(p, "No problem here has both right and wrong candidates with answers and scores.");
}
