/* judge_convert.c - what each benchmark's row says, as a candidate row */
#include "core/choice.h"
#include "data/judge_rows_priv.h"
#include "data/replies.h"
#include "data/row_kinds.h"

#include <stdio.h>
#include <string.h>

const char *lem_judge_name(lem_judge_kind k) {
    static const char *const names[] = {"none",         "pairs",    "rewardbench",
                                        "rewardbench2", "rm-bench", "rewardmath",
                                        "processbench", "prmbench", "acemath-rewardbench"};
    return (unsigned)k < sizeof names / sizeof *names ? names[k] : "none";
}

lem_judge_kind lem_judge_find(const char *name) {
    return (lem_judge_kind)(lem_choice_find(LEM_JUDGE_NAMES, name) + 1);
}

/* ---- which benchmark ---- */

static bool is_list(const lem_json *v) { return lem_json_kind(v) == LEM_JSON_ARRAY; }

static bool three_styles(const lem_json *row, const char *right, const char *wrong) {
    const lem_json *a = lem_json_get(row, right), *b = lem_json_get(row, wrong);
    return is_list(a) && is_list(b) && lem_json_count(a) == 3 && lem_json_count(b) == 3;
}

/* What `benchmark` says, where it is one of ours. */
static lem_judge_kind told(const lem_json *row) {
    return lem_judge_find(lem_json_str(lem_json_get(row, "benchmark"), ""));
}

bool lem_judge_is_part(const lem_json *row) {
    return is_list(lem_json_get(row, "eval_solution")) && !told(row);
}

static bool is_table(const lem_json *row) {
    return is_list(lem_json_get(row, "solution_reference")) && is_list(lem_json_get(row, "score"));
}

/* Two scores are those of RewardBench's math-prm in the layout of RewardMATH. */
static lem_judge_kind table_kind(const lem_json *row) {
    return lem_json_count(lem_json_get(row, "score")) == 2 ? LEM_JUDGE_REWARDBENCH : LEM_JUDGE_REWARDMATH;
}

lem_judge_kind lem_judge_kind_of(const lem_json *row) {
    if (told(row)) return told(row);
    if (lem_judge_is_part(row)) return LEM_JUDGE_REWARDMATH;
    if (is_table(row)) return table_kind(row);
    if (three_styles(row, "score_chosen", "score_rejected")) return LEM_JUDGE_RMBENCH;
    if (lem_json_get(row, "completions")) return LEM_JUDGE_NONE;
    switch (lem_row_detect(row)) {
    case LEM_ROW_PREFERENCE: return lem_row_column(row, "subset") ? LEM_JUDGE_REWARDBENCH : LEM_JUDGE_PAIRS;
    case LEM_ROW_BENCH2:
        return lem_row_column(row, "domain") && three_styles(row, "chosen", "rejected")
                   ? LEM_JUDGE_RMBENCH
                   : LEM_JUDGE_REWARDBENCH2;
    case LEM_ROW_PROCESSBENCH: return LEM_JUDGE_PROCESSBENCH;
    case LEM_ROW_PRMBENCH: return LEM_JUDGE_PRMBENCH;
    default: return LEM_JUDGE_NONE;
    }
}

/* ---- a candidate row that is being made ---- */

typedef struct made {
    lem_json *texts, *right, *steps; /* lists; steps NULL: not given */
    bool failed;                     /* out of memory */
} made;

static made made_new(bool steps) {
    made m = {lem_json_new_array(), lem_json_new_array(), steps ? lem_json_new_array() : NULL, false};
    m.failed = !m.texts || !m.right || (steps && !m.steps);
    return m;
}

static void made_drop(made *m) {
    lem_json_free(m->texts);
    lem_json_free(m->right);
    lem_json_free(m->steps);
    *m = (made){NULL, NULL, NULL, false};
}

static void add(made *m, const char *text, bool right) {
    if (m->failed) return;
    m->failed = !lem_json_append(m->texts, lem_json_new_str(text)) ||
                !lem_json_append(m->right, lem_json_new_bool(right));
}

/* A list of texts as one text and as its steps. */
static lem_status add_steps(made *m, lem_json *list, const char *field, const char *between, bool right,
                            lem_err *err) {
    lem_buf text = {0};
    const char *step;
    lem_status st = LEM_OK;
    if (!is_list(list) || lem_json_count(list) == 0)
        return lem_fail(err, LEM_EDATA, "%s: a list of at least one step expected, found %s", field,
                        is_list(list) ? "an empty one" : lem_json_kind_name(list));
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(list); i++) {
        char name[64];
        snprintf(name, sizeof name, "%.32s[%zu]", field, i);
        st = lem_row_text(lem_json_at(list, i), name, &step, err);
        if (st == LEM_OK && i) lem_buf_puts(&text, between);
        if (st == LEM_OK) lem_buf_puts(&text, step);
    }
    if (st == LEM_OK) st = lem_buf_ok(&text, err);
    if (st == LEM_OK) {
        add(m, lem_buf_str(&text), right);
        m->failed = m->failed || !lem_json_append(m->steps, lem_json_share(list));
    }
    lem_buf_release(&text);
    return st;
}

/* Puts what was made into row; m is empty afterwards. */
static lem_status set_made(lem_json *row, made *m, lem_judge_kind kind, const char *problem, lem_err *err) {
    lem_json *t = m->texts, *r = m->right, *s = m->steps;
    bool ok = !m->failed && lem_json_set(row, "benchmark", lem_json_new_str(lem_judge_name(kind)));
    *m = (made){NULL, NULL, NULL, false};
    if (ok && problem) ok = lem_json_set(row, "problem", lem_json_new_str(problem));
    if (ok) {
        ok = lem_json_set(row, "completions", t);
        t = NULL;
    }
    if (ok && s) {
        ok = lem_json_set(row, "completion_steps", s);
        s = NULL;
    }
    if (ok) {
        ok = lem_json_set(row, "correct", r);
        r = NULL;
    }
    lem_json_free(t);
    lem_json_free(r);
    lem_json_free(s);
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static void drop(lem_json *row, const char *const *names, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (lem_json_get(row, names[i])) (void)lem_json_remove(row, names[i]);
}

/* ---- pairs and lists of chosen and rejected ---- */

/* The one turn of the user that a prompt is, and the one reply to it. */
static lem_status add_reply(made *m, const lem_reply *r, lem_err *err) {
    if (r->turns.n != 1 || !lem_turn_is(&r->turns.at[0], "assistant"))
        return lem_fail(err, LEM_EDATA, "%s: one reply expected, found a conversation of %d turns",
                        r->label > 0.5 ? "chosen" : "rejected", r->turns.n);
    add(m, r->turns.at[0].content, r->label > 0.5);
    return LEM_OK;
}

static lem_status convert_replies(lem_json *row, lem_row_kind kind, lem_judge_kind bench, lem_err *err) {
    static const char *const taken[] = {"chosen", "rejected", "prompt", "messages", "conversations"};
    lem_replies r = {0};
    made m = made_new(false);
    lem_status st = LEM_OK;
    int n_right = 0;
    LEM_TRY(lem_row_replies(row, kind, &r, err));
    if (r.prompt.n != 1 || !lem_turn_is(&r.prompt.at[0], "user"))
        LEM_TRY(lem_fail(err, LEM_EDATA, "prompt: one question expected, found a conversation of %d turns",
                         r.prompt.n));
    for (int pass = 1; pass >= 0; pass--)
        for (int i = 0; i < r.n; i++)
            if ((r.at[i].label > 0.5) == (pass == 1)) {
                n_right += pass;
                LEM_TRY(add_reply(&m, &r.at[i], err));
            }
    if (n_right == 0 || n_right == r.n)
        LEM_TRY(lem_fail(err, LEM_EDATA, "chosen, rejected: at least one reply of each expected"));
    LEM_TRY(set_made(row, &m, bench, r.prompt.at[0].content, err));
    drop(row, taken, sizeof taken / sizeof *taken);
done:
    made_drop(&m);
    lem_replies_release(&r);
    return st;
}

/* ---- solutions as steps ---- */

static lem_status set_text(lem_json *row, const char *field, const char *text, size_t len, lem_err *err) {
    return lem_json_set(row, field, lem_json_new_strn(text, len)) ? LEM_OK
                                                                  : lem_fail(err, LEM_EMEM, "out of memory");
}

/* "gsm8k" of "gsm8k-12". */
static lem_status subset_of_id(lem_json *row, lem_err *err) {
    const char *id = lem_json_str(lem_json_get(row, "id"), ""), *dash = strrchr(id, '-');
    if (lem_row_column(row, "subset") || !dash || dash == id) return LEM_OK;
    return set_text(row, "subset", id, (size_t)(dash - id), err);
}

static lem_status check_label(const lem_json *row, lem_err *err) {
    const lem_json *label = lem_json_get(row, "label");
    int64_t first = lem_json_int(label, INT64_MIN), n = (int64_t)lem_json_count(lem_json_get(row, "steps"));
    if (first == INT64_MIN)
        return lem_fail(err, LEM_EDATA, "label: the number of the first wrong step or -1 expected, found %s",
                        lem_json_kind_name(label));
    if (first >= -1 && first < n) return LEM_OK;
    return lem_fail(err, LEM_EDATA,
                    "label: -1 or the number of one of %lld steps, from 0, expected, found %lld",
                    (long long)n, (long long)first);
}

static lem_status convert_processbench(lem_json *row, lem_err *err) {
    static const char *const taken[] = {"steps"};
    lem_json *steps = lem_json_get(row, "steps");
    bool none_wrong = lem_json_int(lem_json_get(row, "label"), 0) < 0;
    bool right = lem_json_bool(lem_json_get(row, "final_answer_correct"), none_wrong);
    made m = made_new(true);
    const char *problem;
    lem_status st = LEM_OK;
    LEM_TRY(lem_row_text(lem_json_get(row, "problem"), "problem", &problem, err));
    LEM_TRY(check_label(row, err));
    LEM_TRY(add_steps(&m, steps, "steps", "\n\n", right, err));
    LEM_TRY(set_made(row, &m, LEM_JUDGE_PROCESSBENCH, NULL, err));
    LEM_TRY(subset_of_id(row, err));
    drop(row, taken, 1);
done:
    made_drop(&m);
    return st;
}

static lem_status check_error_steps(const lem_json *list, lem_err *err) {
    if (!is_list(list))
        return lem_fail(err, LEM_EDATA, "error_steps: a list expected, found %s", lem_json_kind_name(list));
    for (size_t i = 0; i < lem_json_count(list); i++)
        if (lem_json_int(lem_json_at(list, i), 0) < 1)
            return lem_fail(err, LEM_EDATA, "error_steps[%zu]: the number of a step from 1 expected", i);
    return LEM_OK;
}

/* One solution of a PRMBench row. */
static lem_status prmbench_row(lem_json *row, const char *question, const char *process, lem_err *err) {
    static const char *const taken[] = {"modified_process", "original_process", "modified_question",
                                        "original_question", "question"};
    const char *problem;
    made m = made_new(true);
    lem_status st = LEM_OK;
    LEM_TRY(lem_row_text(lem_json_get(row, question), question, &problem, err));
    LEM_TRY(check_error_steps(lem_json_get(row, "error_steps"), err));
    LEM_TRY(add_steps(&m, lem_json_get(row, process), process, "\n\n",
                      lem_json_count(lem_json_get(row, "error_steps")) == 0, err));
    LEM_TRY(set_made(row, &m, LEM_JUDGE_PRMBENCH, problem, err));
    drop(row, taken, sizeof taken / sizeof *taken);
done:
    made_drop(&m);
    return st;
}

static lem_status original_row(const lem_json *row, lem_json **out, lem_err *err) {
    static const char *const taken[] = {"modified_steps", "reason"};
    lem_json *copy = lem_json_copy(row);
    bool ok = copy && lem_json_set(copy, "error_steps", lem_json_new_array()) &&
              lem_json_set(copy, "classification", lem_json_new_str("correct"));
    lem_status st = ok ? prmbench_row(copy, "original_question", "original_process", err)
                       : lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK) {
        drop(copy, taken, 2);
        *out = copy;
    } else lem_json_free(copy);
    return st;
}

static lem_status convert_prmbench(lem_json *row, lem_json **second, lem_err *err) {
    const char *class = lem_json_str(lem_json_get(row, "classification"), NULL);
    lem_json *other = NULL;
    lem_status st = LEM_OK;
    if (!class) return lem_fail(err, LEM_EDATA, "classification: text expected");
    if (strcmp(class, "redundency") == 0 && lem_row_column(row, "original_process"))
        LEM_TRY(original_row(row, &other, err));
    LEM_TRY(prmbench_row(row, lem_row_column(row, "modified_question") ? "modified_question" : "question",
                         "modified_process", err));
    *second = other;
    other = NULL;
done:
    lem_json_free(other);
    return st;
}

/* ---- RewardMATH's rows of one solution each ---- */

bool lem_judge_same_problem(const lem_json *a, const lem_json *b) {
    const lem_json *x = lem_row_column(a, "problem_id"), *y = lem_row_column(b, "problem_id");
    if (x && y) return lem_json_equal(x, y);
    return lem_json_equal(lem_json_get(a, "problem"), lem_json_get(b, "problem"));
}

static int is_right(const lem_json *part) {
    const char *type = lem_json_str(lem_json_get(part, "solution_type"), "");
    if (strcmp(type, "chosen") == 0) return 1;
    return strcmp(type, "rejected") == 0 ? 0 : -1;
}

static lem_status add_part(made *m, const lem_json *part, lem_json *names, lem_err *err) {
    lem_json *name = lem_json_get(part, "solution_reference");
    lem_status st =
        add_steps(m, lem_json_get(part, "eval_solution"), "eval_solution", "\n", is_right(part) == 1, err);
    if (st == LEM_OK && !lem_json_append(names, name ? lem_json_share(name) : lem_json_new_null()))
        st = lem_fail(err, LEM_EMEM, "out of memory");
    return st;
}

static lem_status check_parts(lem_json *const *parts, size_t n, lem_err *err) {
    size_t right = 0;
    for (size_t i = 0; i < n; i++) {
        if (is_right(parts[i]) < 0)
            return lem_fail(err, LEM_EDATA, "solution_type: chosen or rejected expected, found '%.40s'",
                            lem_json_str(lem_json_get(parts[i], "solution_type"), "no text"));
        right += is_right(parts[i]) == 1;
    }
    if (right && right < n) return LEM_OK;
    return lem_fail(err, LEM_EDATA,
                    "the %zu rows of this problem that follow one another: chosen and rejected solutions "
                    "expected, found %zu chosen",
                    n, right);
}

lem_status lem_judge_join(lem_json *const *parts, size_t n, lem_json **out, lem_err *err) {
    static const char *const taken[] = {"eval_solution", "solution_reference", "solution_type", "answer",
                                        "problem_id"};
    made m = made_new(true);
    lem_json *row = lem_json_copy(parts[0]), *names = lem_json_new_array();
    lem_json *id = lem_json_get(parts[0], "problem_id"), *gold = lem_json_get(parts[0], "answer");
    const char *problem;
    lem_status st = row && names ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
    if (st) goto done;
    LEM_TRY(lem_row_text(lem_json_get(row, "problem"), "problem", &problem, err));
    LEM_TRY(check_parts(parts, n, err));
    for (int pass = 1; pass >= 0; pass--)
        for (size_t i = 0; i < n; i++)
            if (is_right(parts[i]) == pass) LEM_TRY(add_part(&m, parts[i], names, err));
    drop(row, taken, sizeof taken / sizeof *taken);
    bool ok = (!id || lem_json_set(row, "id", lem_json_share(id))) &&
              (!gold || lem_json_set(row, "expected_answer", lem_json_share(gold)));
    if (ok) {
        ok = lem_json_set(row, "generator", names);
        names = NULL;
    }
    if (!ok) LEM_TRY(lem_fail(err, LEM_EMEM, "out of memory"));
    LEM_TRY(set_made(row, &m, LEM_JUDGE_REWARDMATH, NULL, err));
    *out = row;
    row = NULL;
done:
    made_drop(&m);
    lem_json_free(row);
    lem_json_free(names);
    return st;
}

/* ---- tables of scores ---- */

/* correct[] and the scores under our names: score[] holds numbers, or lists of step scores. */
static lem_status set_scores(lem_json *row, lem_json *right, lem_json *scores, lem_judge_kind kind,
                             lem_err *err) {
    bool steps = is_list(lem_json_at(scores, 0));
    bool ok = right && lem_json_set(row, "correct", right) &&
              lem_json_set(row, steps ? "step_scores" : "rm_score", lem_json_share(scores)) &&
              lem_json_set(row, "benchmark", lem_json_new_str(lem_judge_name(kind)));
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static lem_status convert_table(lem_json *row, lem_err *err) {
    static const char *const taken[] = {"score"};
    const lem_json *names = lem_json_get(row, "solution_reference");
    lem_json *scores = lem_json_get(row, "score"), *right = NULL;
    size_t n = lem_json_count(scores), n_right = 0;
    lem_judge_kind kind = table_kind(row);
    if (lem_json_get(row, "chosen_position"))
        return lem_fail(err, LEM_EDATA,
                        "score: numbers expected, found the verdicts of a pairwise judge "
                        "(chosen_position)");
    if (lem_json_count(names) != n)
        return lem_fail(err, LEM_EDATA, "%zu solution_reference but %zu score", lem_json_count(names), n);
    right = lem_json_new_array();
    for (size_t i = 0; right && i < n; i++) {
        bool is = strcmp(lem_json_str(lem_json_at(names, i), ""), "human_to_GPT-4") == 0;
        n_right += is;
        if (lem_json_append(right, lem_json_new_bool(is))) continue;
        lem_json_free(right);
        right = NULL;
    }
    if (right && (n_right == 0 || n_right == n)) {
        lem_json_free(right);
        return lem_fail(err, LEM_EDATA, "solution_reference: one human_to_GPT-4 among others expected");
    }
    lem_status st = set_scores(row, right, scores, kind, err);
    if (st == LEM_OK && kind == LEM_JUDGE_REWARDBENCH) st = set_text(row, "subset", "math-prm", 8, err);
    if (st == LEM_OK) drop(row, taken, 1);
    return st;
}

/* RM-Bench's score_chosen[] and score_rejected[]. */
static lem_status convert_styles(lem_json *row, lem_err *err) {
    static const char *const names[] = {"score_chosen", "score_rejected"};
    lem_json *all = lem_json_new_array(), *right = lem_json_new_array();
    bool ok = all && right;
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; ok && i < 3; i++)
            ok = lem_json_append(all, lem_json_share(lem_json_at(lem_json_get(row, names[side]), i))) &&
                 lem_json_append(right, lem_json_new_bool(side == 0));
    if (!ok) {
        lem_json_free(right);
        right = NULL;
    }
    lem_status st =
        ok ? set_scores(row, right, all, LEM_JUDGE_RMBENCH, err) : lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK) drop(row, names, 2);
    lem_json_free(all);
    return st;
}

/* ---- any row ---- */

bool lem_judge_is_plain(const lem_json *row) { return told(row) || lem_judge_kind_of(row) == LEM_JUDGE_NONE; }

lem_status lem_judge_convert(lem_json *row, lem_json **second, lem_err *err) {
    *second = NULL;
    if (told(row)) return LEM_OK;
    if (is_table(row)) return convert_table(row, err);
    if (three_styles(row, "score_chosen", "score_rejected")) return convert_styles(row, err);
    lem_judge_kind kind = lem_judge_kind_of(row);
    switch (kind) {
    case LEM_JUDGE_PAIRS:
    case LEM_JUDGE_REWARDBENCH: return convert_replies(row, LEM_ROW_PREFERENCE, kind, err);
    case LEM_JUDGE_REWARDBENCH2:
    case LEM_JUDGE_RMBENCH: return convert_replies(row, LEM_ROW_BENCH2, kind, err);
    case LEM_JUDGE_PROCESSBENCH: return convert_processbench(row, err);
    case LEM_JUDGE_PRMBENCH: return convert_prmbench(row, second, err);
    default: return LEM_OK;
    }
}
