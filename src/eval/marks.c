/* marks.c - a file of a person's marks, and how often graders agree with it */
#include "eval/marks.h"

#include "core/hash.h"
#include "core/mem.h"
#include "rows/rows.h"

#include <inttypes.h>
#include <string.h>

struct lem_marks {
    lem_map *of; /* gold, NUL, answer */
};

static const char *const names[] = {"", "right", "wrong", "unsure"};
enum { N_NAMES = sizeof names / sizeof *names };

const char *lem_mark_name(lem_mark_word m) { return names[m]; }

void lem_marks_free(lem_marks *m) {
    if (!m) return;
    lem_map_free(m->of);
    lem_free(m);
}

static void put_key(lem_buf *key, const char *gold, const char *answer) {
    lem_buf_add(key, gold, strlen(gold) + 1);
    lem_buf_puts(key, answer);
}

static lem_status text_of(const lem_json *row, const char *member, const char **out, lem_err *err) {
    const lem_json *v = lem_json_get(row, member);
    const char *found = v ? lem_json_kind_name(v) : "nothing";
    *out = lem_json_str(v, NULL);
    if (*out) return LEM_OK;
    return lem_fail(err, LEM_EDATA, "%s: text expected, %s found", member, found);
}

static lem_status add_row(lem_marks *m, const lem_json *row, lem_err *err) {
    const char *gold = "", *answer = "", *mark = "";
    lem_buf key = {0};
    int word = 1;
    int64_t was = 0;
    lem_status st = text_of(row, "gold", &gold, err);
    if (st == LEM_OK) st = text_of(row, "answer", &answer, err);
    if (st == LEM_OK) st = text_of(row, "mark", &mark, err);
    if (st) return st;
    while (word < N_NAMES && strcmp(names[word], mark) != 0) word++;
    if (word == N_NAMES)
        return lem_fail(err, LEM_EDATA, "mark: right, wrong or unsure expected, '%.40s' found", mark);
    put_key(&key, gold, answer);
    st = lem_buf_ok(&key, err);
    if (st == LEM_OK && lem_map_find(m->of, key.data, key.len, &was) && was != word)
        st = lem_fail(err, LEM_EDATA, "gold '%.60s', answer '%.60s': marked %s here and %s before", gold,
                      answer, mark, names[was]);
    if (st == LEM_OK) st = lem_map_set(m->of, key.data, key.len, word, err);
    lem_buf_release(&key);
    return st;
}

static lem_status read_rows(lem_marks *m, const char *path, lem_err *err) {
    lem_rowset *rows = NULL;
    lem_json *row = NULL;
    lem_status st = lem_rowset_open(&path, 1, NULL, &rows, err);
    while (st == LEM_OK) {
        st = lem_rowset_next(rows, &row, err);
        if (st || !row) break;
        st = add_row(m, row, err);
        lem_json_free(row);
        if (st) st = lem_err_context(err, "%s:%" PRIu64, lem_rowset_file(rows), lem_rowset_number(rows));
    }
    lem_rowset_close(rows);
    if (st == LEM_OK && lem_map_count(m->of) == 0) st = lem_fail(err, LEM_EDATA, "%s: no marks found", path);
    return st;
}

lem_status lem_marks_load(const char *path, lem_marks **out, lem_err *err) {
    lem_marks *m = lem_alloc_zero(1, sizeof *m, err);
    if (!m) return LEM_EMEM;
    m->of = lem_map_new(err);
    lem_status st = m->of ? read_rows(m, path, err) : LEM_EMEM;
    if (st) lem_marks_free(m);
    else *out = m;
    return st;
}

lem_mark_word lem_marks_find(const lem_marks *m, const char *gold, const char *answer) {
    lem_buf key = {0};
    int64_t word = LEM_UNMARKED;
    if (!m) return LEM_UNMARKED;
    if (!gold) gold = "";
    if (!answer) answer = "";
    put_key(&key, gold, answer);
    if (key.failed || !lem_map_find(m->of, key.data, key.len, &word)) word = LEM_UNMARKED;
    lem_buf_release(&key);
    return (lem_mark_word)word;
}

static bool agrees(lem_mark_word mark, lem_answer_result r) {
    lem_grade_correct c = lem_grade_correct_of(r.verdict);
    if (mark == LEM_MARKED_RIGHT) return c == LEM_GRADE_RIGHT;
    return mark == LEM_MARKED_WRONG && c == LEM_GRADE_WRONG;
}

void lem_marks_count(const lem_marks *m, const lem_graded *g, const lem_graded *other, lem_marks_tally *t) {
    for (int i = 0; i < g->n; i++) {
        lem_mark_word mark = lem_marks_find(m, g->gold, g->answer[i]);
        t->marked[mark]++;
        t->agree += agrees(mark, g->result[i]);
        t->other_agree += other && agrees(mark, other->result[i]);
    }
}

static void put_share(lem_buf *out, const char *who, uint64_t agree, uint64_t all) {
    lem_buf_printf(out, " %s agrees on %" PRIu64 " (%.1f %%)", who, agree,
                   100.0 * (double)agree / (double)all);
}

void lem_marks_tell(const lem_marks_tally *t, const char *policy, const char *against, lem_buf *out) {
    uint64_t n = t->marked[LEM_MARKED_RIGHT] + t->marked[LEM_MARKED_WRONG];
    lem_buf_printf(out, "marked by a person: %" PRIu64 " answers right or wrong, %" PRIu64 " unsure", n,
                   t->marked[LEM_MARKED_UNSURE]);
    if (!n) return;
    lem_buf_putc(out, ';');
    put_share(out, policy, t->agree, n);
    if (!against) return;
    lem_buf_putc(out, ',');
    put_share(out, against, t->other_agree, n);
}

lem_json *lem_marks_json(const lem_marks_tally *t, bool against) {
    lem_object o = lem_object_new();
    for (int k = 1; k < N_NAMES; k++) lem_object_int(&o, names[k], t->marked[k]);
    lem_object_int(&o, "agree", t->agree);
    if (against) lem_object_int(&o, "against_agree", t->other_agree);
    return lem_object_done(&o);
}
