/* train/list_loss.h - what objectives over response lists share: items as a prompt with its responses, the
 * loss of a list from its scores, metrics */
#ifndef LEM_TRAIN_LIST_LOSS_H
#define LEM_TRAIN_LIST_LOSS_H

#include "data/dataset.h"
#include "train/list_metrics.h"

typedef struct lem_list_loss_opts {
    lem_ranking kind;
    double margin;     /* of LEM_RANKING_MARGIN */
    double center;     /* weight of mean(score)^2 per list, which pins the free constant of Bradley-Terry */
    bool full_metrics; /* list_metrics.h; for validation */
} lem_list_loss_opts;

typedef struct lem_list_loss {
    const lem_lists *l; /* borrowed */
    lem_list_loss_opts o;
    int n_lists, longest; /* of the batch; of any list */
    double loss;          /* sum over the lists so far, without center */
    lem_list_metrics metrics;
    double *weight; /* [longest] scratch, as the following */
    uint8_t *label;
    int *length;
    int8_t *cut;
    uint32_t *group; /* [l->n], of full metrics: which problem a list is about, from 0; NULL otherwise */
} lem_list_loss;

lem_status lem_list_loss_init(lem_list_loss *x, const lem_lists *l, const lem_list_loss_opts *o,
                              lem_err *err) LEM_MUST_CHECK;
void lem_list_loss_release(lem_list_loss *x);

static inline const struct lem_list_response *lem_list_response_at(const lem_lists *l, uint64_t item, int k) {
    return &l->response[l->list[item].first + k];
}
int lem_list_rows(const lem_lists *l, uint64_t item);
int lem_list_nodes(const lem_lists *l, uint64_t item); /* at most */
/* A batch begins. */
lem_status lem_list_loss_begin(lem_list_loss *x, const uint64_t *items, int n, lem_err *err) LEM_MUST_CHECK;
/* Adds a list with its scores to the metrics, and to the loss; grad [n] receives the gradient of the batch's
 * loss (mean over lists, and center) by its scores. */
void lem_list_loss_add(lem_list_loss *x, uint64_t item, int n, const double *score, double *grad);
/* Adds a list to the metrics alone. */
void lem_list_loss_note(lem_list_loss *x, uint64_t item, int n, const double *score);
/* Loss and metrics into out [LEM_MAX_METRICS]; returns how many. */
int lem_list_loss_end(lem_list_loss *x, lem_train_metric *out);

/* States response k of an item, whose first row is row0; `before` is the row that predicts its first token.
 */
typedef lem_status lem_list_state(void *ctx, uint64_t item, int k, int row0, int before, lem_targets *list,
                                  lem_err *err);
/* Adds the item's nodes, the prompt with the responses under it, and has each response stated. */
lem_status lem_list_add(const lem_lists *l, uint64_t item, lem_forest *f, lem_targets *list,
                        lem_list_state *state, void *ctx, lem_err *err) LEM_MUST_CHECK;

#endif
