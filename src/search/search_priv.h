/* search/search_priv.h - the state of a search: the steps so far, and those that are being drawn */
#ifndef LEM_SEARCH_SEARCH_PRIV_H
#define LEM_SEARCH_SEARCH_PRIV_H

#include "search/search.h"

typedef struct sea_front { /* what draws steps at this level */
    int node;              /* -1: the prompt */
    int subtree;
    int first, n; /* its steps among the level's */
    uint64_t key; /* of its ids and place; equal for equal steps that both go on */
} sea_front;

struct lem_search {
    const lem_search_opts *o;
    const lem_model_config *config;
    const lem_tokenizer *tok;
    lem_engine *engine;
    /* the problem in work */
    uint64_t index, key;
    const int32_t *prompt;
    int n_prompt;
    lem_request root; /* the prompt but its last token; none if it is only one */
    lem_search_result *out;
    int round, level;
    sea_front *front; /* [n_front], room for o->n */
    int n_front;
    lem_search_node *step; /* [n_steps] of this level, room for o->n; moved into out as they count */
    int n_steps;
    int asked;  /* of n_steps: those that the engine was asked for */
    int most;   /* best-of-n under a budget: tokens of the solutions asked for last; else INT_MAX */
    int *order; /* [o->n] scratch */
    lem_search_text *text;
    lem_ids ids;
};

/* level.c */
/* Draws all steps of the fronts. */
lem_status lem_sea_draw(lem_search *s, const lem_cancel *cancel, lem_err *err) LEM_MUST_CHECK;
/* Moves the level's steps into out, in order, as far as the budget goes; those beyond it are gone. */
lem_status lem_sea_count(lem_search *s, lem_err *err) LEM_MUST_CHECK;
void lem_sea_drop(lem_search *s, lem_search_node *n); /* from the forest */
/* The search ends here: what would go on is a solution found, for that reason. */
void lem_sea_stop(lem_search *s, lem_search_state why);
lem_candidate_sink lem_sea_take; /* of the engine */
void lem_sea_node_release(lem_search_node *n);

/* choose.c */
/* Which of out's steps from `first` on go on; the others that have not ended are pruned. Fills front. */
void lem_sea_choose(lem_search *s, int first);

#endif
