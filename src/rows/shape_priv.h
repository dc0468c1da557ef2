/* shape_priv - the Parquet columns that rows of JSON come to, and rows taken apart into them */
#ifndef LEM_ROWS_SHAPE_PRIV_H
#define LEM_ROWS_SHAPE_PRIV_H

#include "core/json.h"

#include <stdint.h>

typedef enum lem_wkind {
    LEM_W_NONE,
    LEM_W_BOOL,
    LEM_W_INT,
    LEM_W_REAL,
    LEM_W_TEXT,
    LEM_W_LIST,
    LEM_W_STRUCT
} lem_wkind;

/* A node of the schema, always optional. Leaves collect the present row group. */
typedef struct lem_wnode {
    char *name;
    lem_wkind kind;
    struct lem_wnode *child; /* of a list, its element */
    size_t n_children;
    int max_def, max_rep; /* of a leaf */
    lem_buf rep, def;     /* a byte a level */
    lem_buf values;       /* PLAIN, but a byte a boolean */
} lem_wnode;

void lem_wnode_release(lem_wnode *n);
/* Widens n so that v fits; a value of another type is LEM_EDATA, naming the column. */
lem_status lem_wnode_learn(lem_wnode *n, const lem_json *v, int depth, lem_err *err) LEM_MUST_CHECK;
/* Names, levels; columns that were always null become text. */
lem_status lem_wnode_settle(lem_wnode *n, int def, int rep, lem_err *err) LEM_MUST_CHECK;
/* Adds v's levels and values to the leaves; v that does not fit is LEM_EDATA. NULL counts as null. */
lem_status lem_wnode_add(lem_wnode *n, const lem_json *v, int rep, int def, lem_err *err) LEM_MUST_CHECK;

static inline bool lem_wnode_is_leaf(const lem_wnode *n) { return n->kind < LEM_W_LIST; }

#endif
