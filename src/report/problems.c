/* problems.c - every problem of a file of graded candidates as an item of the page's list */
#include "report/problems.h"

#include "core/mem.h"
#include "data/candidate_set.h"
#include "grade/cluster.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    TEXT_BYTES = 1500,
    PAGE_BYTES = 20 << 20,
    MAX_GROUPS = 6,
    MAX_TAGS = 160,
    MAX_COLUMNS = 3,
    LABEL = 160
};

enum {
    BOTH_RIGHT,
    SCORE_RIGHT,
    VOTE_RIGHT,
    BOTH_WRONG,
    ONLY_VOTE_RIGHT,
    ONLY_VOTE_WRONG,
    NONE_RIGHT,
    SOME_RIGHT,
    ALL_RIGHT,
    WITH_UNDECIDED,
    WITH_CUT,
    WITH_SILENT,
    N_FIXED
};
static const lem_tag fixed_tags[N_FIXED] = {{"vote and score", "both right", 0},
                                            {"vote and score", "only the score right", 0},
                                            {"vote and score", "only the vote right", 0},
                                            {"vote and score", "both wrong", 0},
                                            {"vote", "right", 0},
                                            {"vote", "wrong", 0},
                                            {"candidates", "none right", 0},
                                            {"candidates", "some right", 0},
                                            {"candidates", "all right", 0},
                                            {"holds", "undecided ones", 0},
                                            {"holds", "ones that were cut", 0},
                                            {"holds", "ones without an answer", 0}};

static const char *const columns[MAX_COLUMNS] = {"level", "subject", "type"};

typedef struct browser {
    lem_page *page;
    lem_candidates c;
    lem_tag tags[MAX_TAGS];
    char label[MAX_TAGS][40]; /* of the tags of columns */
    int n_tags, column_of[MAX_TAGS];
    uint64_t number, read, left_out;       /* read: rows without fault */
    int tag[N_FIXED + MAX_COLUMNS], n_tag; /* of the problem at hand */
    lem_buf text[MAX_GROUPS + 3];
} browser;

typedef struct group { /* equal answers of one problem */
    int votes, best;   /* best: the candidate of the best score, the first without scores */
} group;

static void tag(browser *b, int t) {
    b->tags[t].n++;
    b->tag[b->n_tag++] = t;
}

/* The tag of a value of a column; values that have no place are not told apart. */
static void tag_value(browser *b, int column, const char *value) {
    int t = N_FIXED;
    for (; t < b->n_tags; t++)
        if (b->column_of[t] == column && strcmp(b->label[t], value) == 0) break;
    if (t == MAX_TAGS) return;
    if (t == b->n_tags) {
        snprintf(b->label[t], sizeof b->label[t], "%s", value);
        b->tags[t] = (lem_tag){columns[column], b->label[t], 0};
        b->column_of[t] = column;
        b->n_tags++;
    }
    tag(b, t);
}

static void tag_columns(browser *b, const lem_json *row) {
    for (int k = 0; k < MAX_COLUMNS; k++) {
        const lem_json *v = lem_json_get(row, columns[k]);
        char value[40];
        if (lem_json_kind(v) == LEM_JSON_STRING) snprintf(value, sizeof value, "%.39s", lem_json_str(v, ""));
        else if (lem_json_kind(v) == LEM_JSON_INT)
            snprintf(value, sizeof value, "%lld", (long long)lem_json_int(v, 0));
        else continue;
        tag_value(b, k, value);
    }
}

static double score_of(const lem_candidates *c, int i) {
    double s = c->rm_score ? c->rm_score[i] : 0;
    return isnan(s) ? -INFINITY : s;
}

/* Groups in the order of their votes; ties to the earlier answer. Returns their number. */
static int order_groups(const lem_candidates *c, const int *of, group *g, int most) {
    int n = 0;
    for (int i = 0; i < c->n; i++)
        if (of[i] >= n) n = of[i] + 1;
    for (int k = 0; k < n; k++) g[k] = (group){0, -1};
    for (int i = 0; i < c->n; i++) {
        if (of[i] < 0) continue;
        group *x = &g[of[i]];
        x->votes++;
        if (x->best < 0 || score_of(c, i) > score_of(c, x->best)) x->best = i;
    }
    int shown = n < most ? n : most;
    for (int k = 0; k < shown; k++) { /* the few first ones alone */
        int top = k;
        for (int j = k + 1; j < n; j++)
            if (g[j].votes > g[top].votes) top = j;
        group x = g[top];
        memmove(&g[k + 1], &g[k], (size_t)(top - k) * sizeof *g);
        g[k] = x;
    }
    return n;
}

static int best_scored(const lem_candidates *c) {
    int best = 0;
    for (int i = 1; i < c->n; i++)
        if (score_of(c, i) > score_of(c, best)) best = i;
    return best;
}

static void tag_outcome(browser *b, int vote, int best) {
    const lem_candidates *c = &b->c;
    int right = 0, undecided = 0, cut = 0, silent = 0;
    bool voted = vote >= 0 && c->correct[vote] == 1, scored = c->correct[best] == 1;
    for (int i = 0; i < c->n; i++) {
        right += c->correct[i] == 1;
        undecided += c->correct[i] < 0;
        silent += c->predicted && !c->predicted[i];
        cut += lem_candidates_cut(c, i) == 1;
    }
    if (c->rm_score) {
        static const int both[2][2] = {{BOTH_WRONG, SCORE_RIGHT}, {VOTE_RIGHT, BOTH_RIGHT}};
        tag(b, both[voted][scored]);
    } else tag(b, voted ? ONLY_VOTE_RIGHT : ONLY_VOTE_WRONG);
    int share = right == c->n ? ALL_RIGHT : SOME_RIGHT;
    tag(b, right == 0 ? NONE_RIGHT : share);
    if (undecided) tag(b, WITH_UNDECIDED);
    if (cut) tag(b, WITH_CUT);
    if (silent) tag(b, WITH_SILENT);
}

static void put_text(lem_buf *out, const char *text) {
    size_t n = text ? strlen(text) : 0, keep = n;
    if (n > TEXT_BYTES)
        for (keep = TEXT_BYTES; keep > 0 && ((unsigned char)text[keep] & 0xc0) == 0x80; keep--) {}
    lem_buf_add(out, text ? text : "", keep);
    if (keep < n) lem_buf_printf(out, "\xe2\x80\xa6 (%zu bytes more)", n - keep);
}

static void put_steps(lem_buf *out, const lem_json *steps) {
    lem_buf_puts(out, "\n\nscores of the steps:");
    for (size_t i = 0; i < lem_json_count(steps) && i < 64; i++)
        lem_buf_printf(out, " %.3g", lem_json_num(lem_json_at(steps, i), NAN));
}

static const char *word_of(const lem_json *row, const char *column, int i) {
    return lem_json_str(lem_json_at(lem_json_get(row, column), (size_t)i), "");
}

static lem_example_part part_of(const browser *b, const lem_json *row, const group *g, int vote, int best,
                                char label[LABEL], lem_buf *text) {
    const lem_candidates *c = &b->c;
    int i = g->best;
    static const char *const verdicts[] = {"undecided", "wrong", "right"};
    const char *answer = c->predicted && c->predicted[i] ? c->predicted[i] : "",
               *rule = word_of(row, "rule", i);
    char score[32] = "";
    bool cut = lem_candidates_cut(c, i) == 1;
    const char *voted = i == vote ? " \xc2\xb7 the vote" : "";
    const char *chosen = c->rm_score && i == best ? " \xc2\xb7 the score's choice" : "";
    if (c->rm_score && isfinite(c->rm_score[i]))
        snprintf(score, sizeof score, " \xc2\xb7 score %.3g", c->rm_score[i]);
    snprintf(label, LABEL, "%.60s \xc2\xb7 %d of %d votes \xc2\xb7 %s%s%.40s%s%s%s%s", answer, g->votes, c->n,
             verdicts[c->correct[i] + 1], *rule ? ", " : "", rule, score, voted, chosen,
             cut ? " \xc2\xb7 cut" : "");
    put_text(text, c->completion[i]);
    if (c->steps && lem_json_count(c->steps[i])) put_steps(text, c->steps[i]);
    static const lem_tone tones[] = {LEM_TONE_PLAIN, LEM_TONE_BAD, LEM_TONE_GOOD};
    return (lem_example_part){label, lem_buf_str(text), tones[c->correct[i] + 1]};
}

static void title_of(const browser *b, int vote, int best, char out[320]) {
    const lem_candidates *c = &b->c;
    char start[160] = "", choice[64] = "";
    int right = 0;
    for (int i = 0; i < c->n; i++) right += c->correct[i] == 1;
    const char *name = c->id ? c->id : "";
    snprintf(start, sizeof start, "%.150s", c->problem ? c->problem : name);
    for (char *p = start; *p; p++)
        if (*p == '\n' || *p == '\r') *p = ' ';
    const char *voted = vote >= 0 && c->correct[vote] == 1 ? "right" : "wrong";
    if (c->rm_score) snprintf(choice, sizeof choice, ", score %s", c->correct[best] == 1 ? "right" : "wrong");
    snprintf(out, 320, "%llu: vote %s%s, %d of %d right \xe2\x80\x93 %s", (unsigned long long)b->number,
             voted, choice, right, c->n, start);
}

/* The candidates that answers choose: the groups with the most votes, and the score's choice if it is of
 * another. */
static int add_parts(browser *b, const lem_json *row, const group *g, int n_groups, int best,
                     lem_example_part *parts, char label[][LABEL]) {
    int n = 0, vote = n_groups ? g[0].best : -1;
    bool seen = false;
    parts[n++] = (lem_example_part){"Problem", lem_buf_str(&b->text[0]), LEM_TONE_PLAIN};
    if (b->c.expected) parts[n++] = (lem_example_part){"Expected answer", b->c.expected, LEM_TONE_PLAIN};
    for (int k = 0; k < n_groups && k < MAX_GROUPS; k++) {
        parts[n] = part_of(b, row, &g[k], vote, best, label[n], &b->text[1 + k]);
        seen = seen || g[k].best == best;
        n++;
    }
    if (b->c.rm_score && !seen) {
        const group x = {1, best};
        parts[n] = part_of(b, row, &x, vote, best, label[n], &b->text[MAX_GROUPS + 1]);
        n++;
    }
    return n;
}

static void show(browser *b, const lem_json *row, const group *g, int n_groups) {
    lem_example_part parts[MAX_GROUPS + 3];
    char label[MAX_GROUPS + 3][LABEL], title[320];
    int best = best_scored(&b->c), vote = n_groups ? g[0].best : -1;
    for (size_t i = 0; i < sizeof b->text / sizeof *b->text; i++) lem_buf_clear(&b->text[i]);
    b->n_tag = 0;
    tag_outcome(b, vote, best);
    tag_columns(b, row);
    put_text(&b->text[0], b->c.problem);
    int n = add_parts(b, row, g, n_groups, best, parts, label);
    title_of(b, vote, best, title);
    lem_page_item(b->page, &(lem_item){title, b->tag, b->n_tag, parts, n});
}

static lem_status add_problem(browser *b, const lem_json *row, lem_err *err) {
    const lem_candidates *c = &b->c;
    size_t n = (size_t)c->n;
    lem_grade_answer_text *answer = lem_alloc_zero(n, sizeof *answer, err);
    int *of = lem_alloc_zero(n, sizeof *of, err);
    group *g = lem_alloc_zero(n + 1, sizeof *g, err);
    const lem_grade_profile profile = {0};
    lem_status st = answer && of && g ? LEM_OK : LEM_EMEM;
    for (int i = 0; st == LEM_OK && i < c->n; i++) {
        const char *t = c->predicted ? c->predicted[i] : NULL;
        answer[i] = (lem_grade_answer_text){"", 0};
        if (t) answer[i] = (lem_grade_answer_text){t, strlen(t)};
    }
    if (st == LEM_OK) st = lem_grade_cluster(answer, n, &profile, of, err);
    if (st == LEM_OK) show(b, row, g, order_groups(c, of, g, MAX_GROUPS));
    lem_free(answer);
    lem_free(of);
    lem_free(g);
    return st;
}

static lem_status each_row(browser *b, lem_candidate_set *rows, lem_err *err) {
    for (;;) {
        lem_json *row = NULL;
        lem_status st = lem_candidate_set_next(rows, &row, err);
        if (st != LEM_OK || !row) return st;
        b->number++;
        st = lem_candidates_read(lem_candidate_set_map(rows), row, &b->c, err);
        bool whole = st == LEM_OK && b->c.n > 0 && b->c.completion && b->c.correct;
        if (whole && lem_page_item_bytes(b->page) > PAGE_BYTES) b->left_out++;
        else if (whole) st = add_problem(b, row, err);
        lem_json_free(row);
        if (st)
            return lem_err_context(err, "%s:%llu", lem_candidate_set_file(rows),
                                   (unsigned long long)lem_candidate_set_number(rows));
        b->read++;
    }
}

static void finish(browser *b) {
    lem_buf said = {0};
    if (!lem_page_item_bytes(b->page)) return;
    lem_page_section(b->page, "All problems");
    if (b->left_out) {
        lem_buf_printf(&said, "The last %llu problems are left out: the page would be too large.",
                       (unsigned long long)b->left_out);
        lem_page_note(b->page, lem_buf_str(&said));
    }
    lem_page_browse(b->page, "problems", b->tags, b->n_tags);
    lem_buf_release(&said);
}

lem_status lem_report_problems(lem_page *p, const char *path, const lem_row_judge *judge, lem_err *err) {
    browser *b = lem_alloc_zero(1, sizeof *b, err);
    lem_candidate_set *rows = NULL;
    const lem_candidate_set_opts o = {.judge = judge};
    lem_status st = b ? LEM_OK : LEM_EMEM;
    if (st) return st;
    b->page = p;
    memcpy(b->tags, fixed_tags, sizeof fixed_tags);
    b->n_tags = N_FIXED;
    lem_candidates_map *map = lem_candidates_map_new(err);
    if (!map) st = LEM_EMEM;
    if (st == LEM_OK) st = lem_candidate_set_open(&path, 1, map, &o, &rows, err);
    if (st == LEM_OK) st = each_row(b, rows, err);
    if (st == LEM_EDATA && b->read == 0) st = LEM_OK; /* not of candidates: nothing to browse */
    if (st == LEM_OK) finish(b);
    lem_candidate_set_close(rows);
    for (size_t i = 0; i < sizeof b->text / sizeof *b->text; i++) lem_buf_release(&b->text[i]);
    lem_candidates_map_free(map);
    lem_candidates_release(&b->c);
    lem_free(b);
    return st;
}
