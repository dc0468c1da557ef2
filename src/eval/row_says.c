/* row_says.c - commas and points in the numbers of a row */
#include "eval/row_says.h"

#include <string.h>

static bool digit(char c) { return c >= '0' && c <= '9'; }
static bool three_digits(const char *s) { return digit(s[0]) && digit(s[1]) && digit(s[2]) && !digit(s[3]); }

/* Does a number with points between its thousands start here, so that it can be nothing else: 1.234,5 or
 * 1.234.567? *end: behind its digits and points. */
static bool european(const char *s, const char **end) {
    const char *from = s;
    int points = 0;
    while (digit(*s)) s++;
    bool lead = s - from <= 3 && *from != '0';
    for (; *s == '.' && three_digits(s + 1); s += 4) points++;
    *end = s;
    return lead && (points > 1 || (points == 1 && *s == ',' && digit(s[1]))) && !(*s == '.' && digit(s[1]));
}

static bool has_european(const char *text) {
    const char *end;
    for (const char *s = text; *s; s = end) {
        if (!digit(*s)) end = s + 1;
        else if (european(s, &end)) return true;
    }
    return false;
}

static bool asks_for_a_list(const char *problem) {
    static const char *const words[] = {
        "separated by comma",        "separated by a comma",  "comma-separated", "comma separated",
        "separate them with commas", "separate your answers", "用逗号",          NULL};
    for (int k = 0; words[k]; k++)
        if (strstr(problem, words[k])) return true;
    return false;
}

/* The digits alone, the same in both: 100,200 and 100200, or 100 and 200. */
static bool same_digits(const char *a, const char *b) {
    for (;;) {
        while (*a && !digit(*a)) a++;
        while (*b && !digit(*b)) b++;
        if (*a != *b) return false;
        if (!*a) return true;
        a++;
        b++;
    }
}

static bool has_commas(const char *s) {
    for (; (s = strchr(s, ',')); s++)
        if (three_digits(s + 1)) return true;
    return false;
}

/* What gold b says of the commas in gold a. */
static lem_answer_commas told_by(const char *a, const char *b) {
    if (!has_commas(a) || has_commas(b) || !same_digits(a, b)) return LEM_ANSWER_COMMAS_OPEN;
    bool parted = strchr(b, ',') || strchr(b, ' ') || strchr(b, ';');
    return parted ? LEM_ANSWER_COMMAS_PART : LEM_ANSWER_COMMAS_GROUP;
}

static lem_answer_commas told_by_golds(const lem_candidates *c) {
    for (size_t i = 0; i < c->n_gold; i++)
        for (size_t k = 0; k < c->n_gold; k++) {
            lem_answer_commas told = told_by(c->gold[i], c->gold[k]);
            if (told != LEM_ANSWER_COMMAS_OPEN) return told;
        }
    return LEM_ANSWER_COMMAS_OPEN;
}

static void problem_says(const char *problem, lem_grade_profile *p) {
    if (p->commas == LEM_ANSWER_COMMAS_OPEN && asks_for_a_list(problem)) p->commas = LEM_ANSWER_COMMAS_PART;
    p->points_group = p->points_group || has_european(problem);
}

void lem_row_says_columns(const lem_json *row, lem_grade_profile *p) {
    const lem_json *several = lem_json_find(row, "is_multiple_answer");
    if (lem_json_kind(several) == LEM_JSON_BOOL)
        p->commas = lem_json_bool(several, false) ? LEM_ANSWER_COMMAS_PART : LEM_ANSWER_COMMAS_GROUP;
    problem_says(lem_json_str(lem_json_find(row, "problem"), ""), p);
    problem_says(lem_json_str(lem_json_find(row, "question"), ""), p);
}

void lem_row_says_texts(const lem_candidates *c, lem_grade_profile *p) {
    if (p->commas == LEM_ANSWER_COMMAS_OPEN && c->n_gold > 1) p->commas = told_by_golds(c);
    if (c->problem) problem_says(c->problem, p);
    for (size_t i = 0; i < c->n_gold && !p->points_group; i++) p->points_group = has_european(c->gold[i]);
}
