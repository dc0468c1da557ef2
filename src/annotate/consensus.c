/* consensus.c - compares the first wrong step of a judge with that of Monte Carlo */
#include "annotate/consensus.h"

#include "core/object.h"

int lem_first_error_of_labels(const double *label, int n) {
    for (int k = 0; k < n; k++) {
        if (label[k] < 0) return LEM_ERROR_UNKNOWN;
        if (label[k] <= 0) return k;
    }
    return LEM_NO_ERROR;
}

int lem_first_error_of_scores(const double *score, int n, double threshold) {
    for (int k = 0; k < n; k++)
        if (score[k] < threshold) return k;
    return LEM_NO_ERROR;
}

lem_consensus lem_consensus_of(int mc, int judge) {
    if (judge == LEM_ERROR_UNKNOWN) return LEM_CONSENSUS_NOT_JUDGED;
    if (mc == LEM_ERROR_UNKNOWN) return LEM_CONSENSUS_UNKNOWN;
    if (mc == judge) return LEM_CONSENSUS_SAME;
    if (mc == LEM_NO_ERROR) return LEM_CONSENSUS_MC_NONE;
    if (judge == LEM_NO_ERROR) return LEM_CONSENSUS_JUDGE_NONE;
    return judge < mc ? LEM_CONSENSUS_EARLIER : LEM_CONSENSUS_LATER;
}

void lem_consensus_add(lem_consensus_tally *t, lem_consensus c) {
    t->solutions++;
    t->of[c]++;
}

lem_json *lem_consensus_json(const lem_consensus_tally *t, const char *judge, double threshold) {
    static const char *const names[LEM_CONSENSUS_KINDS] = {
        [LEM_CONSENSUS_SAME] = "agree",
        [LEM_CONSENSUS_EARLIER] = "judge_earlier",
        [LEM_CONSENSUS_LATER] = "judge_later",
        [LEM_CONSENSUS_JUDGE_NONE] = "judge_none",
        [LEM_CONSENSUS_MC_NONE] = "monte_carlo_none",
        [LEM_CONSENSUS_UNKNOWN] = "monte_carlo_unknown",
        [LEM_CONSENSUS_NOT_JUDGED] = "not_judged",
    };
    lem_object o = lem_object_new();
    lem_object_str(&o, "judge", judge);
    lem_object_num(&o, "threshold", threshold);
    lem_object_int(&o, "solutions", t->solutions);
    for (int i = 0; i < LEM_CONSENSUS_KINDS; i++) lem_object_int(&o, names[i], t->of[i]);
    return lem_object_done(&o);
}
