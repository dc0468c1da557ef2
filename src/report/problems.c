/* problems.c - what is kept of each problem of files of graded candidates, and by what it is found */
#include "report/problems_priv.h"

#include "core/buf.h"
#include "core/hash.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 8000, SHORT_BYTES = 1200, TITLE = 150, LABEL = 200, MEMBERS = 96, MAX_SCORES = 256 };
#define KEPT_BYTES ((size_t)256 << 20) /* of texts; later ones are kept shorter */

const char *const lem_problem_columns[LEM_PROBLEM_COLUMNS] = {"level", "subject", "type", "category",
                                                              "template"};

lem_problems *lem_problems_new(const char *const *names, int n, lem_err *err) {
    lem_problems *b = lem_alloc_zero(1, sizeof *b, err);
    if (!b) return NULL;
    b->names = names;
    b->n_sets = n;
    b->arena = lem_arena_new(1 << 20, 0, err);
    if (b->arena) return b;
    lem_free(b);
    return NULL;
}

void lem_problems_free(lem_problems *b) {
    if (!b) return;
    lem_arena_free(b->arena);
    lem_free(b->at);
    lem_free(b);
}

/* ---- texts ---- */

static size_t begin_of(const char *s, size_t most) {
    size_t n = strnlen(s, most + 1);
    if (n <= most) return n;
    for (n = most; n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80; n--) {}
    return n;
}

static const char *keep(lem_problems *b, const char *s, size_t n, bool *failed) {
    const char *kept = lem_arena_strndup(b->arena, s, n);
    *failed = *failed || !kept;
    return kept ? kept : "";
}

static const char *keep_buf(lem_problems *b, lem_buf *s, bool *failed) {
    const char *kept = keep(b, lem_buf_str(s), s->len, failed);
    *failed = *failed || s->failed;
    lem_buf_clear(s);
    return kept;
}

static const char *verdict_of(const lem_candidates *c, int i) {
    static const char *const verdicts[] = {"undecided", "wrong", "right"};
    return verdicts[c->correct[i] + 1];
}

static lem_tone tone_of(const lem_candidates *c, int i) {
    static const lem_tone tones[] = {LEM_TONE_PLAIN, LEM_TONE_BAD, LEM_TONE_GOOD};
    return tones[c->correct[i] + 1];
}

static void put_verdict(const lem_problem_row *r, int i, lem_buf *out) {
    const char *rule = lem_json_str(lem_json_at(lem_json_get(r->row, "rule"), (size_t)i), "");
    lem_buf_puts(out, verdict_of(r->c, i));
    if (*rule) lem_buf_printf(out, ", %.*s", (int)begin_of(rule, 80), rule);
}

/* "0, 2-5, 9": the candidates of group k. */
static void put_members(const lem_candidates *c, const lem_problem_groups *g, int k, lem_buf *out) {
    for (int i = 0; i < c->n; i++) {
        int from = i;
        if (g->of[i] != k) continue;
        while (i + 1 < c->n && g->of[i + 1] == k) i++;
        if (out->len) lem_buf_puts(out, ", ");
        if (out->len > MEMBERS) {
            lem_buf_puts(out, "\xe2\x80\xa6");
            return;
        }
        lem_buf_printf(out, "%d", from);
        if (i > from) lem_buf_printf(out, "%s%d", i == from + 1 ? ", " : "\xe2\x80\x93", i);
    }
}

static void keep_answer(lem_problems *b, const lem_problem_row *r, const lem_problem_groups *g, int k,
                        lem_answer *a, bool *failed) {
    const lem_candidates *c = r->c;
    const lem_problem_group *x = &g->at[k];
    const char *answer = c->predicted && !x->silent ? c->predicted[x->best] : "no answer";
    lem_buf t = {0};
    *a = (lem_answer){.tone = tone_of(c, x->best)};
    a->answer = keep(b, answer, begin_of(answer, LABEL), failed);
    lem_buf_printf(&t, "%d", x->votes);
    a->votes = keep_buf(b, &t, failed);
    put_verdict(r, x->best, &t);
    a->verdict = keep_buf(b, &t, failed);
    if (c->rm_score && isfinite(c->rm_score[x->best])) lem_buf_printf(&t, "%.3g", c->rm_score[x->best]);
    a->score = keep_buf(b, &t, failed);
    put_members(c, g, k, &t);
    a->members = keep_buf(b, &t, failed);
    lem_buf_release(&t);
}

/* What stands for so many answers, which hold `votes` candidates. */
static void keep_rest(lem_problems *b, int answers, int votes, lem_answer *a, bool *failed) {
    lem_buf t = {0};
    *a = (lem_answer){.verdict = "not right", .score = "", .members = "", .tone = LEM_TONE_PLAIN};
    lem_buf_printf(&t, "%d more answers", answers);
    a->answer = keep_buf(b, &t, failed);
    lem_buf_printf(&t, "%d", votes);
    a->votes = keep_buf(b, &t, failed);
    lem_buf_release(&t);
}

/* The answers with the most votes, all right ones, and a line for the others. */
static lem_status keep_answers(lem_problems *b, const lem_problem_row *r, const lem_problem_groups *g,
                               lem_problem *p, lem_err *err) {
    int rest = 0, votes = 0;
    bool failed = false;
    p->answers = lem_arena_alloc(b->arena, (size_t)g->n + 1, sizeof *p->answers);
    for (int k = 0; p->answers && k < g->n; k++) {
        bool shown = k < LEM_PROBLEM_ANSWERS || r->c->correct[g->at[k].best] == 1;
        rest += !shown;
        votes += shown ? 0 : g->at[k].votes;
        if (shown) keep_answer(b, r, g, k, &p->answers[p->n_answers++], &failed);
    }
    if (p->answers && rest) keep_rest(b, rest, votes, &p->answers[p->n_answers++], &failed);
    return failed || !p->answers ? lem_fail(err, LEM_EMEM, "out of memory") : LEM_OK;
}

static bool keep_scores(lem_problems *b, const lem_json *scores, lem_example_part *part) {
    size_t n = lem_json_count(scores);
    double *s = lem_arena_alloc(b->arena, (n < MAX_SCORES ? n : MAX_SCORES) + 1, sizeof *s);
    for (size_t i = 0; s && i < n && i < MAX_SCORES; i++) s[i] = lem_json_num(lem_json_at(scores, i), NAN);
    part->steps = s;
    part->n_steps = (int)(n < MAX_SCORES ? n : MAX_SCORES);
    return s != NULL;
}

/* "candidate 3 · 2 of 4 votes · right, same text · score 0.2 · the vote": votes only of an answer. */
static void put_label(const lem_problem_row *r, const lem_problem_groups *g, int i, lem_buf *out) {
    static const char dot[] = " \xc2\xb7 ";
    const lem_candidates *c = r->c;
    const lem_problem_group *x = &g->at[g->of[i]];
    lem_buf_printf(out, "candidate %d%s", i, dot);
    if (!x->silent) lem_buf_printf(out, "%d of %d votes%s", x->votes, c->n, dot);
    put_verdict(r, i, out);
    if (c->rm_score && isfinite(c->rm_score[i])) lem_buf_printf(out, "%sscore %.3g", dot, c->rm_score[i]);
    if (i == g->vote) lem_buf_printf(out, "%sthe vote", dot);
    if (i == g->best) lem_buf_printf(out, "%sthe score's choice", dot);
    if (lem_candidates_cut(c, i) == 1) lem_buf_printf(out, "%scut", dot);
}

static lem_status keep_parts(lem_problems *b, const lem_problem_row *r, const lem_problem_groups *g,
                             lem_problem *p, lem_err *err) {
    const lem_candidates *c = r->c;
    size_t most = lem_arena_used(b->arena) > KEPT_BYTES ? SHORT_BYTES : TEXT_BYTES;
    int chosen[LEM_PROBLEM_TEXTS];
    lem_buf t = {0};
    bool failed = false;
    p->n_parts = lem_problem_choose(c, g, chosen);
    p->parts = lem_arena_alloc(b->arena, (size_t)p->n_parts + 1, sizeof *p->parts);
    for (int k = 0; p->parts && k < p->n_parts; k++) {
        int i = chosen[k];
        const char *s = c->completion[i] ? c->completion[i] : "",
                   *answer = c->predicted ? c->predicted[i] : NULL;
        size_t n = begin_of(s, most);
        lem_example_part *part = &p->parts[k];
        *part = (lem_example_part){.tone = tone_of(c, i), .more = strlen(s) - n, .where = p->where};
        part->text = keep(b, s, n, &failed);
        if (answer) part->answer = keep(b, answer, begin_of(answer, LABEL), &failed);
        put_label(r, g, i, &t);
        part->label = keep_buf(b, &t, &failed);
        if (c->steps && lem_json_count(c->steps[i])) failed = !keep_scores(b, c->steps[i], part) || failed;
    }
    failed = failed || !p->parts;
    lem_buf_release(&t);
    return failed ? lem_fail(err, LEM_EMEM, "out of memory") : LEM_OK;
}

/* One line of up to TITLE bytes. */
static void put_line(const char *s, lem_buf *out) {
    size_t n = begin_of(s, TITLE);
    for (size_t i = 0; i < n; i++) {
        bool end = s[i] == '\n' || s[i] == '\r';
        lem_buf_putc(out, end ? ' ' : s[i]);
    }
    if (s[n]) lem_buf_puts(out, "\xe2\x80\xa6");
}

static const char *right_word(const lem_candidates *c, int i) {
    return c->correct[i] == 1 ? "right" : "wrong";
}

/* "12: vote right, score wrong, 2 of 4 right – Half of …" */
static void put_title(const lem_problems *b, const lem_problem_row *r, const lem_problem_groups *g,
                      lem_buf *out) {
    const lem_candidates *c = r->c;
    int right = 0;
    for (int i = 0; i < c->n; i++) right += c->correct[i] == 1;
    if (b->n_sets > 1) lem_buf_printf(out, "%s ", b->names[r->set]);
    lem_buf_printf(out, "%llu: ", (unsigned long long)b->in_set[r->set]);
    if (g->vote >= 0) lem_buf_printf(out, "vote %s, ", right_word(c, g->vote));
    if (g->best >= 0) lem_buf_printf(out, "score %s, ", right_word(c, g->best));
    lem_buf_printf(out, "%d of %d right \xe2\x80\x93 ", right, c->n);
    if (c->problem) put_line(c->problem, out);
    else if (c->id) put_line(c->id, out);
}

static lem_status keep_head(lem_problems *b, const lem_problem_row *r, const lem_problem_groups *g,
                            lem_problem *p, lem_err *err) {
    const lem_candidates *c = r->c;
    const char *problem = c->problem ? c->problem : "";
    lem_buf t = {0};
    bool failed = false;
    b->in_set[r->set]++;
    put_title(b, r, g, &t);
    p->title = keep_buf(b, &t, &failed);
    lem_buf_printf(&t, "%s, row %llu", r->file, (unsigned long long)r->line);
    p->where = keep_buf(b, &t, &failed);
    p->text = keep(b, problem, begin_of(problem, TEXT_BYTES), &failed);
    p->more = strlen(problem) - strlen(p->text);
    if (c->expected) p->expected = keep(b, c->expected, begin_of(c->expected, 2 * LABEL), &failed);
    p->hash = lem_hash64(problem, strlen(problem), 0);
    lem_buf_release(&t);
    return failed ? lem_fail(err, LEM_EMEM, "out of memory") : LEM_OK;
}

/* ---- tags ---- */

static void tag(lem_problem *p, lem_problem_tag t) { p->fixed = (uint16_t)(p->fixed | 1u << t); }

static void tag_choices(const lem_candidates *c, const lem_problem_groups *g, lem_problem *p) {
    bool voted = g->vote >= 0 && c->correct[g->vote] == 1, scored = g->best >= 0 && c->correct[g->best] == 1;
    if (g->vote >= 0) tag(p, voted ? LEM_TAG_VOTE_RIGHT : LEM_TAG_VOTE_WRONG);
    if (g->best >= 0) tag(p, scored ? LEM_TAG_SCORE_RIGHT : LEM_TAG_SCORE_WRONG);
    p->right = g->best >= 0 ? scored : voted;
    if (g->vote < 0 || g->best < 0 || voted == scored) return;
    tag(p, scored ? LEM_TAG_SCORE_ALONE : LEM_TAG_VOTE_ALONE);
}

static void tag_candidates(const lem_candidates *c, lem_problem *p) {
    int right = 0;
    for (int i = 0; i < c->n; i++) {
        right += c->correct[i] == 1;
        if (c->correct[i] < 0) tag(p, LEM_TAG_UNDECIDED);
        if (c->predicted && !(c->predicted[i] && *c->predicted[i])) tag(p, LEM_TAG_SILENT);
        if (lem_candidates_cut(c, i) == 1) tag(p, LEM_TAG_CUT);
    }
    lem_problem_tag some = right == c->n ? LEM_TAG_ALL_RIGHT : LEM_TAG_SOME_RIGHT;
    tag(p, right ? some : LEM_TAG_NONE_RIGHT);
}

static int value_of(lem_problem_column *col, const lem_json *v) {
    char text[sizeof col->value[0]];
    const char *s = lem_json_str(v, "");
    int k = 0;
    if (lem_json_kind(v) == LEM_JSON_STRING)
        snprintf(text, sizeof text, "%.*s", (int)begin_of(s, sizeof text - 1), s);
    else if (lem_json_kind(v) == LEM_JSON_INT)
        snprintf(text, sizeof text, "%lld", (long long)lem_json_int(v, 0));
    else return -1;
    while (k < col->n && strcmp(col->value[k], text) != 0) k++;
    if (k == LEM_PROBLEM_VALUES) col->dropped = true;
    else if (k == col->n) memcpy(col->value[col->n++], text, sizeof text);
    return col->dropped ? -1 : k;
}

/* ---- rows ---- */

static lem_status make_room(lem_problems *b, lem_err *err) {
    if (b->n < b->cap) return LEM_OK;
    size_t cap = b->cap ? 2 * b->cap : 256;
    lem_problem *grown = lem_realloc(b->at, cap, sizeof *grown, err);
    if (!grown) return LEM_EMEM;
    b->at = grown;
    b->cap = cap;
    return LEM_OK;
}

lem_status lem_problems_add(lem_problems *b, const lem_problem_row *r, lem_err *err) {
    lem_problem_groups g = {0};
    lem_problem p = {.set = (int8_t)r->set};
    lem_status st = LEM_OK;
    LEM_TRY(make_room(b, err));
    LEM_TRY(lem_problem_groups_make(r->c, &g, err));
    LEM_TRY(keep_head(b, r, &g, &p, err));
    LEM_TRY(keep_answers(b, r, &g, &p, err));
    LEM_TRY(keep_parts(b, r, &g, &p, err));
    tag_choices(r->c, &g, &p);
    tag_candidates(r->c, &p);
    for (int k = 0; k < LEM_PROBLEM_COLUMNS; k++)
        p.value[k] = (int8_t)value_of(&b->column[k], lem_json_get(r->row, lem_problem_columns[k]));
    b->at[b->n++] = p;
done:
    lem_problem_groups_release(&g);
    return st;
}
