/* names.c - methods, tasks and policies by name */
#include "grade/compat/compat_priv.h"

#include <string.h>

static const char *const method_names[LEM_GRADE_N_METHODS] = {
    "none",        "boxed",      "####",   "A: line", "final answer is",        "answer colon", "answer is",
    "last number", "whole text", "choice", "bold",    "as that grader extracts"};
static const char *const task_names[LEM_GRADE_N_TASKS] = {
    "std", "gsm8k", "plain", "minerva", "gaokao", "olympiad", "college", "choice", "amc", "aime"};
static const char *const policy_names[LEM_GRADE_N_POLICIES] = {
    "std", "strict", "lenient", "qwen", "math-verify", "prm800k", "hendrycks", "minerva"};

const char *lem_grade_method_name(lem_grade_method m) {
    return (unsigned)m < LEM_GRADE_N_METHODS ? method_names[m] : "?";
}
const char *lem_grade_task_name(lem_grade_task t) {
    return (unsigned)t < LEM_GRADE_N_TASKS ? task_names[t] : "?";
}
const char *lem_grade_policy_name(lem_grade_policy p) {
    return (unsigned)p < LEM_GRADE_N_POLICIES ? policy_names[p] : "?";
}

static int find(const char *const *names, int n, const char *name) {
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0) return i;
    return -1;
}

bool lem_grade_task_find(const char *name, lem_grade_task *out) {
    static const struct {
        const char *name;
        lem_grade_task task;
    } others[] = {{"math", LEM_GRADE_TASK_STD},
                  {"mmlu", LEM_GRADE_TASK_CHOICE},
                  {"sat", LEM_GRADE_TASK_CHOICE},
                  {"aqua", LEM_GRADE_TASK_CHOICE},
                  {"minerva_math", LEM_GRADE_TASK_MINERVA},
                  {"gaokao2023en", LEM_GRADE_TASK_GAOKAO},
                  {"mmlu_stem", LEM_GRADE_TASK_CHOICE},
                  {"aime24", LEM_GRADE_TASK_AIME},
                  {"amc23", LEM_GRADE_TASK_AMC},
                  {"math500", LEM_GRADE_TASK_STD},
                  {"olympiadbench", LEM_GRADE_TASK_OLYMPIAD},
                  {"college_math", LEM_GRADE_TASK_COLLEGE}};
    int i = find(task_names, LEM_GRADE_N_TASKS, name);
    if (i >= 0) *out = (lem_grade_task)i;
    for (size_t k = 0; i < 0 && k < sizeof others / sizeof *others; k++)
        if (strcmp(others[k].name, name) == 0) return *out = others[k].task, true;
    return i >= 0;
}

bool lem_grade_policy_find(const char *name, lem_grade_policy *out) {
    int i = find(policy_names, LEM_GRADE_N_POLICIES, name);
    if (i < 0 || (i > LEM_GRADE_LENIENT && !lem_compat_find((lem_grade_policy)i))) return false;
    *out = (lem_grade_policy)i;
    return true;
}
