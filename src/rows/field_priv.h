/* field_priv - the columns of a table as a tree: what Parquet and Arrow schemas are read into */
#ifndef LEM_ROWS_FIELD_PRIV_H
#define LEM_ROWS_FIELD_PRIV_H

#include "rows/scalar_priv.h"

#include <stdint.h>

/* Levels of nesting; JSON's own limit is 64, and a map takes two. */
enum { LEM_FIELD_DEPTH = 30 };

typedef enum lem_shape { LEM_SHAPE_SCALAR, LEM_SHAPE_STRUCT, LEM_SHAPE_LIST, LEM_SHAPE_MAP } lem_shape;

/* A list has one child, its element. A map has two, key and value, or the key alone, or one struct of both.
 */
typedef struct lem_field {
    char *name; /* owned */
    lem_shape shape;
    lem_scalar_type type; /* of scalars */
    struct lem_field *child;
    size_t n_children;
    bool wanted;
    /* Parquet: the definition level at which it is there; of a list or map, the levels of an element; the
     * leaves below it. */
    int def, item_def, item_rep;
    size_t leaf, n_leaves;
    /* Arrow: how its buffers lie (enum in arrow_priv.h), bytes of a value or elements of a list, dictionary.
     */
    int layout;
    uint64_t width;
    bool has_dictionary;
    int64_t dictionary;
    int index_width;
    bool index_signed;
} lem_field;

void lem_field_release(lem_field *f);
/* n zeroed children; false for want of memory. */
bool lem_field_children(lem_field *f, size_t n);
/* "a, b[], c{x,y}" of the children of a root. */
void lem_field_put_names(const lem_field *root, lem_buf *out);
/* {"a": "integer", "b": "list of text"} of the children of a root. */
lem_json *lem_field_types(const lem_field *root);

#endif
