/* audit.c - gathers the cases of a graded file that a person should see */
#include "eval/audit.h"

#include "core/hash.h"
#include "core/mem.h"

#include <string.h>

struct lem_audit {
    lem_arena *arena;
    lem_audit_entry *at;
    size_t n, cap;
    lem_map *seen;
    uint64_t total[LEM_AUDIT_N_KINDS];
};

lem_audit *lem_audit_new(lem_err *err) {
    lem_audit *a = lem_alloc_zero(1, sizeof *a, err);
    if (!a) return NULL;
    a->arena = lem_arena_new(0, 0, err);
    a->seen = a->arena ? lem_map_new(err) : NULL;
    if (a->seen) return a;
    lem_audit_free(a);
    return NULL;
}

void lem_audit_free(lem_audit *a) {
    if (!a) return;
    lem_arena_free(a->arena);
    lem_free(a->at);
    lem_map_free(a->seen);
    lem_free(a);
}

size_t lem_audit_count(const lem_audit *a) { return a->n; }
const lem_audit_entry *lem_audit_at(const lem_audit *a, size_t i) { return &a->at[i]; }
uint64_t lem_audit_total(const lem_audit *a, lem_audit_kind k) { return a->total[k]; }

/* Up to `most` bytes of a text, whole characters, in the arena. */
static bool keep(lem_audit *a, const char **text, size_t most) {
    const char *s = *text ? *text : "";
    size_t n = strlen(s);
    if (n > most)
        for (n = most; n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80; n--) {}
    *text = lem_arena_strndup(a->arena, s, n);
    return *text != NULL;
}

static lem_status append(lem_audit *a, const lem_audit_entry *e, lem_err *err) {
    if (a->n == a->cap) {
        size_t cap = a->cap ? 2 * a->cap : 64;
        lem_audit_entry *more = lem_realloc(a->at, cap, sizeof *more, err);
        if (!more) return LEM_EMEM;
        a->at = more;
        a->cap = cap;
    }
    lem_audit_entry *to = &a->at[a->n];
    size_t most = a->n < LEM_AUDIT_TEXTS ? LEM_AUDIT_TEXT : 0;
    *to = *e;
    bool kept = keep(a, &to->gold, SIZE_MAX) && keep(a, &to->answer, SIZE_MAX) &&
                keep(a, &to->file, SIZE_MAX) && keep(a, &to->problem, most) && keep(a, &to->response, most);
    if (!kept) return lem_fail(err, LEM_EMEM, "out of memory");
    a->n++;
    return LEM_OK;
}

/* Counts an entry that was seen before, else appends it. */
static lem_status note(lem_audit *a, const lem_audit_entry *e, lem_err *err) {
    lem_buf key = {0};
    int64_t at = 0;
    lem_buf_printf(&key, "%d %d %d ", (int)e->kind, (int)e->result.verdict,
                   e->other.rule ? (int)e->other.verdict : -1);
    lem_buf_add(&key, e->gold, strlen(e->gold) + 1);
    lem_buf_puts(&key, e->answer);
    lem_status st = lem_buf_ok(&key, err);
    a->total[e->kind]++;
    if (st == LEM_OK && lem_map_find(a->seen, lem_buf_str(&key), key.len, &at)) a->at[at].count++;
    else if (st == LEM_OK) {
        st = lem_map_set(a->seen, lem_buf_str(&key), key.len, (int64_t)a->n, err);
        if (st == LEM_OK) st = append(a, e, err);
    }
    lem_buf_release(&key);
    return st;
}

lem_status lem_audit_add(lem_audit *a, const lem_graded *g, const lem_graded *other, const char *const *why,
                         const lem_audit_place *where, lem_err *err) {
    for (int i = 0; i < g->n; i++) {
        lem_audit_entry e = {.gold = g->gold,
                             .answer = g->answer[i],
                             .result = g->result[i],
                             .why = "",
                             .file = where->file,
                             .line = where->line,
                             .problem = where->c ? where->c->problem : "",
                             .count = 1,
                             .candidate = i};
        if (!e.answer) e.answer = "";
        if (where->c && where->c->completion) e.response = where->c->completion[i];
        if (other) e.other = other->result[i];
        lem_grade_correct c = lem_grade_correct_of(e.result.verdict);
        bool right = c == LEM_GRADE_RIGHT, shown[LEM_AUDIT_N_KINDS] = {false};
        shown[LEM_AUDIT_DISAGREE] =
            other && right != (lem_grade_correct_of(e.other.verdict) == LEM_GRADE_RIGHT);
        shown[LEM_AUDIT_NEAR] = why && why[i];
        shown[LEM_AUDIT_UNDECIDED] = c == LEM_GRADE_UNDECIDED;
        shown[LEM_AUDIT_WEAK] = right && g->span[i].weak;
        for (int k = 0; k < LEM_AUDIT_N_KINDS; k++) {
            if (!shown[k]) continue;
            e.kind = (lem_audit_kind)k;
            e.why = k == LEM_AUDIT_NEAR ? why[i] : "";
            lem_status st = note(a, &e, err);
            if (st != LEM_OK) return st;
        }
    }
    return LEM_OK;
}

static lem_status right_by(const lem_grade_profile *p, const char *gold, const char *answer, bool *right,
                           lem_err *err) {
    lem_grade_gold *g = NULL;
    lem_answer_result r;
    lem_status st = lem_grade_gold_new(gold, strlen(gold), p, &g, err);
    if (st == LEM_OK) st = lem_grade_compare(g, answer, strlen(answer), &r, err);
    *right = st == LEM_OK && lem_grade_correct_of(r.verdict) == LEM_GRADE_RIGHT;
    lem_grade_gold_free(g);
    return st;
}

/* At most one insertion, deletion or substitution apart. */
static bool one_edit(const char *a, const char *b) {
    size_t n = strlen(a), m = strlen(b), head = 0, tail = 0;
    if (n + 1 < m || m + 1 < n) return false;
    size_t least = n < m ? n : m, most = n + m - least;
    while (head < least && a[head] == b[head]) head++;
    while (tail < least - head && a[n - 1 - tail] == b[m - 1 - tail]) tail++;
    return most - head - tail <= 1;
}

static lem_status right_negated(const lem_grade_profile *p, const char *gold, const char *answer, bool *right,
                                lem_err *err) {
    lem_buf minus = {0};
    lem_buf_printf(&minus, "-(%s)", answer);
    lem_status st = lem_buf_ok(&minus, err);
    if (st == LEM_OK) st = right_by(p, gold, lem_buf_str(&minus), right, err);
    lem_buf_release(&minus);
    return st;
}

static bool is_number(const char *s) { return s[strspn(s, "0123456789.,-")] == '\0'; }

/* One character may be a slip of the pen, but not in a number, nor in a very short answer. */
static bool looks_alike(const char *gold, const char *answer) {
    if (is_number(gold) && is_number(answer)) return false;
    return strlen(gold) >= 4 && one_edit(gold, answer);
}

lem_status lem_audit_near(const lem_grade_profile *p, const char *gold, const char *answer, const char **why,
                          lem_err *err) {
    lem_grade_profile lenient = {.policy = LEM_GRADE_LENIENT, .task = p->task},
                      close = {.policy = LEM_GRADE_STD, .task = p->task, .rel_tol = 0.01};
    lem_status st = LEM_OK;
    bool right = false;
    size_t n = strlen(answer);
    *why = NULL;
    if (!n || n > LEM_ANSWER_MAX_BYTES || strlen(gold) > LEM_ANSWER_MAX_BYTES) return LEM_OK;
    LEM_TRY(right_by(&lenient, gold, answer, &right, err));
    if (right) {
        *why = "right by the lenient policy";
        return LEM_OK;
    }
    LEM_TRY(right_by(&close, gold, answer, &right, err));
    if (right) {
        *why = "within 1 %";
        return LEM_OK;
    }
    LEM_TRY(right_negated(p, gold, answer, &right, err));
    if (right) *why = "the opposite sign";
    else if (looks_alike(gold, answer)) *why = "one character differs";
done:
    return st;
}
