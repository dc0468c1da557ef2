/* rm_train_goal.c - the options of `rm train` that say what is learned, and the objectives for them */
#include "cli/rm_train_goal.h"

#include <string.h>

static lem_status refuse(const lem_args *a, const char *what, lem_err *err) {
    static const char *const names[] = {"value-weight", "lm-weight"};
    for (int i = 0; i < 2; i++)
        if (lem_args_num(a, names[i]) > 0)
            return lem_fail(err, LEM_EUSAGE, "--%s goes with the scalar head, not with %s", names[i], what);
    return LEM_OK;
}

static lem_status read_generative(const lem_args *a, lem_rm_goal *g, lem_err *err) {
    const char *loss = lem_args_str(a, "loss"); /* bt where none is stated */
    g->kind = LEM_RM_GENERATIVE;
    if (strcmp(loss, "bt") != 0 && strcmp(loss, "ce") != 0 && strcmp(loss, "bce") != 0)
        return lem_fail(err, LEM_EUSAGE, "--head generative learns by cross-entropy, not by --loss %s", loss);
    if (lem_args_num(a, "center") > 0)
        return lem_fail(err, LEM_EUSAGE,
                        "--center goes with scores that are differences; --head generative "
                        "learns probabilities");
    return refuse(a, "--head generative", err);
}

lem_status lem_rm_goal_read(const lem_args *a, lem_rm_goal *out, lem_err *err) {
    lem_rm_goal g = {.beta = lem_args_num(a, "beta")};
    bool dpo = lem_args_is(a, "loss", "dpo"), implicit = dpo || lem_args_is(a, "loss", "implicit");
    lem_status st = LEM_OK;
    g.orm = (lem_orm_opts){.list = {.margin = lem_args_num(a, "margin"), .center = lem_args_num(a, "center")},
                           .lm_weight = lem_args_num(a, "lm-weight"),
                           .value_weight = lem_args_num(a, "value-weight"),
                           .prefix_values = lem_args_is(a, "value-labels", "prefix")};
    if (lem_args_is(a, "head", "generative")) st = read_generative(a, &g, err);
    else if (implicit) {
        g.kind = LEM_RM_IMPLICIT;
        g.orm.list.kind = dpo ? LEM_RANKING_BT : LEM_RANKING_CE;
        st = refuse(a, "an implicit reward", err);
    } else st = lem_ranking_parse(lem_args_str(a, "loss"), &g.orm.list.kind, err);
    double p;
    bool probability = g.kind == LEM_RM_GENERATIVE || lem_ranking_probability(g.orm.list.kind, 0, &p);
    if (st == LEM_OK && lem_args_is(a, "keep", "best") && lem_args_is(a, "keep-by", "ece") && !probability)
        st = lem_fail(err, LEM_EUSAGE,
                      "--keep-by ece needs scores that mean a probability (--loss ce, mse, "
                      "mse-sigmoid, implicit; --head generative)");
    if (st == LEM_OK) *out = g;
    return st;
}

lem_head_kind lem_rm_goal_head(const lem_rm_goal *g) {
    switch (g->kind) {
    case LEM_RM_GENERATIVE: return LEM_HEAD_KIND_RLHFLOW_ORM;
    case LEM_RM_IMPLICIT: return LEM_HEAD_KIND_NONE;
    default: return LEM_HEAD_KIND_CLASSIFIER;
    }
}

lem_status lem_rm_judge_new(const lem_rm_goal *g, const lem_lists *lists, const lem_prompt_recipe *recipe,
                            bool validation, lem_rm_judge *out, lem_err *err) {
    lem_rm_judge j = {0};
    lem_status st;
    lem_orm_opts orm = g->orm;
    orm.list.full_metrics = validation;
    const lem_implicit_opts implicit = {orm.list, g->beta};
    if (g->kind == LEM_RM_SCALAR) st = lem_orm_new(lists, &orm, &j.orm, err);
    else if (g->kind == LEM_RM_IMPLICIT) st = lem_implicit_new(lists, &implicit, &j.implicit, err);
    else st = lem_generative_new(lists, recipe->good, recipe->bad, validation, &j.generative, err);
    if (st == LEM_OK) *out = j;
    return st;
}

void lem_rm_judge_free(lem_rm_judge *j) {
    lem_orm_free(j->orm);
    lem_generative_free(j->generative);
    lem_implicit_free(j->implicit);
    *j = (lem_rm_judge){0};
}

lem_objective lem_rm_judge_objective(const lem_rm_judge *j) {
    if (j->orm) return lem_orm_objective(j->orm);
    return j->implicit ? lem_implicit_objective(j->implicit) : lem_generative_objective(j->generative);
}
