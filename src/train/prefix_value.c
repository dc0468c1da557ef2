/* prefix_value.c - mean outcome of the responses that share a beginning */
#include "train/prefix_value.h"

double lem_prefix_value(const lem_lists *l, uint64_t list, int k, int t, uint8_t *shared) {
    const struct lem_list_item *it = &l->list[list];
    const struct lem_list_response *own = &l->response[it->first + k];
    double sum = 0;
    int n = 0;
    for (int j = 0; j < it->n; j++) {
        const struct lem_list_response *other = &l->response[it->first + j];
        shared[j] = t == 0 || shared[j];
        if (shared[j])
            shared[j] = t < other->len && l->ids[other->at + (uint64_t)t] == l->ids[own->at + (uint64_t)t];
        if (!shared[j]) continue;
        sum += other->label;
        n++;
    }
    return sum / n; /* a response shares with itself */
}
