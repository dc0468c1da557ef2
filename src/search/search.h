/* search/search.h - solutions searched step by step under a scorer, in one living forest
 *
 * A step is what a model writes up to the separator.
 * BEAM: n steps are drawn; of those that have not ended the n/width best go on, with width steps each (or
 * more if fewer are left), and so on; equal steps count once, or each (search-and-learn). DVTS: n/width
 * subtrees that know nothing of each other; in each the best of its width steps goes on. (Diverse verifier
 * tree search, as in huggingface/search-and-learn; recipe.md 6.8.) BEST_OF_N: n whole solutions. What ends by
 * itself anywhere is a solution found. Steps that do not go on are dropped from the forest at once, and their
 * pages go back.
 *
 * A budget is of tokens drawn, dropped steps included, and is the same for all methods.
 * While some is left, the search begins anew with other draws; the step that would exceed it is cut there.
 * So what is spent is the budget, to the token. BEST_OF_N computes no token
 * beyond it, for which it keeps only so many solutions in flight as are paid for at their longest; with the
 * other methods the rest of a level may be computed in vain.
 * Steps count in the order of their numbers, whatever order they are made in.
 *
 * A step is a function of (seed, problem's key, round, subtree, the ids before it, its index): slots, threads
 * and order do not matter.
 * The search is one thread's; problems are searched one after another. */
#ifndef LEM_SEARCH_SEARCH_H
#define LEM_SEARCH_SEARCH_H

#include "core/log.h"
#include "generate/engine.h"

typedef enum lem_search_method { LEM_SEARCH_BEAM, LEM_SEARCH_DVTS, LEM_SEARCH_BEST_OF_N } lem_search_method;
#define LEM_SEARCH_METHOD_NAMES "beam|dvts|best-of-n" /* in the order of lem_search_method */

enum { LEM_SEARCH_MAX_N = 4096 };

typedef struct lem_search_opts {
    lem_search_method method;
    int n, width;    /* width divides n */
    bool keep_equal; /* BEAM: equal steps each count, and go on with other draws; else the first alone */
    int depth;       /* most steps of a solution */
    const char *separator;
    int step_tokens, max_tokens; /* of a step, of a solution */
    uint64_t budget;             /* tokens drawn for a problem; 0 = one round */
    lem_sample_opts sample;
    const int32_t *end; /* tokens that end a solution */
    int n_end;
    uint64_t seed;
    int slots;      /* as in lem_engine_opts */
    int max_prompt; /* tokens of the longest problem's prompt; 0 = up to the context */
    lem_speculate speculate;
    size_t kv_bytes;
    lem_dtype kv_dtype; /* as in lem_engine_opts */
} lem_search_opts;

typedef enum lem_search_state {
    LEM_SEARCH_PRUNED, /* does not go on */
    LEM_SEARCH_KEPT,   /* goes on: has steps under it */
    LEM_SEARCH_ENDED,  /* a solution: by an end token */
    LEM_SEARCH_LENGTH, /* by max_tokens or the context, and so are the following */
    LEM_SEARCH_DEPTH,
    LEM_SEARCH_BUDGET
} lem_search_state;
const char *lem_search_state_name(lem_search_state s); /* "pruned", "kept", "stop", "length", ... */

typedef struct lem_search_node { /* a step that was drawn */
    int parent;                  /* step before it, -1 = none */
    int round, level, subtree;
    int32_t *ids; /* [n_ids] owned */
    int n_ids;
    int tokens; /* of its path */
    char *text; /* [len] owned, NUL behind it: of its path, without the separator that ends the step */
    size_t len;
    bool cut; /* a separator was left out of text, so that the last ids stand for more than text has */
    double score, logprob; /* logprob: of its path */
    lem_search_state state;
    lem_request handle; /* of the engine, while it may go on */
} lem_search_node;

typedef struct lem_search_result { /* zeroed = empty */
    lem_search_node *node;         /* [n] in the order in which they count */
    int n, cap;
    uint64_t spent; /* tokens drawn */
    int rounds;
} lem_search_result;
void lem_search_result_release(lem_search_result *r);
/* Whether a step is a solution found: neither pruned nor kept. */
bool lem_search_is_solution(const lem_search_node *n);
/* The ids from the prompt's end to the end of step `node`, in place of what out holds; -1: none. */
lem_status lem_search_path(const lem_search_result *r, int node, lem_ids *out, lem_err *err) LEM_MUST_CHECK;

typedef struct lem_search_text { /* a solution so far */
    const char *text;            /* [len] and a NUL */
    size_t len;
    double score; /* out: higher is better; -INFINITY if it has none */
} lem_search_text;
typedef lem_status lem_search_scorer(void *ctx, lem_search_text *t, int n, lem_err *err);

typedef struct lem_search lem_search;
/* LEM_EUSAGE: options out of range. */
lem_status lem_search_check(const lem_search_opts *o, lem_err *err) LEM_MUST_CHECK;
/* Bytes beside the weights when all steps have their longest. */
size_t lem_search_bytes(const lem_model_config *c, const lem_search_opts *o);
/* Tokens of the texts that are scored at once then, what they share once, and of the longest of them. */
typedef struct lem_search_texts {
    int tokens, longest, nodes; /* nodes: where they part */
} lem_search_texts;
lem_search_texts lem_search_scored(const lem_model_config *c, const lem_search_opts *o);
/* All is borrowed. */
lem_status lem_search_new(const lem_weights *w, const lem_model_config *config, const lem_tokenizer *tok,
                          lem_backend *b, const lem_search_opts *o, lem_search **out,
                          lem_err *err) LEM_MUST_CHECK;
void lem_search_free(lem_search *s);
/* One problem: its prompt (n >= 1 ids, shorter than the context), key, and a number for errors.
 * out receives all steps that were drawn. LEM_EINTR when cancel says so. After an error only free is allowed.
 */
lem_status lem_search_run(lem_search *s, uint64_t index, uint64_t key, const int32_t *prompt, int n,
                          lem_search_scorer *scorer, void *ctx, const lem_cancel *cancel,
                          lem_search_result *out, lem_err *err) LEM_MUST_CHECK;
lem_engine_counts lem_search_count(const lem_search *s);

#endif
