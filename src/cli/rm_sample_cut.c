/* rm_sample_cut.c - responses of lists that were cut off, counted by class */
#include "cli/rm_sample_cut.h"

#include <stdio.h>

void lem_cut_add(lem_cut_tally *t, bool right, int8_t cut) {
    t->known[right] += cut >= 0;
    t->cut[right] += cut > 0;
}

void lem_cut_count(lem_cut_tally *t, const lem_responses *p, const int *chosen, int n) {
    for (int i = 0; i < n; i++) lem_cut_add(t, p->label[chosen[i]] != 0, p->cut[chosen[i]]);
}

bool lem_cut_teaches_length(const lem_cut_tally *t) {
    double share[2];
    for (int k = 0; k < 2; k++) {
        if (t->known[k] == 0) return false;
        share[k] = (double)t->cut[k] / (double)t->known[k];
    }
    int more = share[1] > share[0];
    return share[more] >= LEM_CUT_SHARE && share[more] >= LEM_CUT_TIMES * share[!more];
}

void lem_cut_text(const lem_cut_tally *t, char *out, size_t size) {
    snprintf(
        out, size,
        "%llu of %llu wrong responses in the lists were cut off (finish_reason length), and %llu of %llu "
        "right ones: such lists teach length; draw candidates with more --max-tokens",
        (unsigned long long)t->cut[0], (unsigned long long)t->known[0], (unsigned long long)t->cut[1],
        (unsigned long long)t->known[1]);
}

void lem_cut_tell(lem_object *o, const lem_cut_tally *t) {
    lem_object_int(o, "wrong_cut", t->cut[0]);
    lem_object_int(o, "wrong_with_reason", t->known[0]);
    lem_object_int(o, "right_cut", t->cut[1]);
    lem_object_int(o, "right_with_reason", t->known[1]);
}
