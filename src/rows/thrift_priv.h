/* thrift_priv - the compact protocol of Apache Thrift, as far as Parquet's metadata is written in it */
#ifndef LEM_ROWS_THRIFT_PRIV_H
#define LEM_ROWS_THRIFT_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Types of the compact protocol (thrift-compact-protocol.md). */
typedef enum lem_thrift_type {
    LEM_THRIFT_STOP,
    LEM_THRIFT_TRUE,
    LEM_THRIFT_FALSE,
    LEM_THRIFT_I8,
    LEM_THRIFT_I16,
    LEM_THRIFT_I32,
    LEM_THRIFT_I64,
    LEM_THRIFT_DOUBLE,
    LEM_THRIFT_BINARY,
    LEM_THRIFT_LIST,
    LEM_THRIFT_SET,
    LEM_THRIFT_MAP,
    LEM_THRIFT_STRUCT
} lem_thrift_type;

/* Reads p[at..n). After a failure every read gives 0, and every struct and list ends. */
typedef struct lem_thrift {
    const unsigned char *p;
    size_t n, at;
    bool failed;
} lem_thrift;

/* A struct: field.id and field.type of each field, until false. The field must be read or skipped.
 *   for (lem_thrift_field f = {0}; lem_thrift_next(t, &f);) … */
typedef struct lem_thrift_field {
    int id;
    int type;
} lem_thrift_field;
bool lem_thrift_next(lem_thrift *t, lem_thrift_field *f);
void lem_thrift_skip(lem_thrift *t, int type);
/* Each checks that the field has such a type: another one is a failure. */
int64_t lem_thrift_int(lem_thrift *t, int type);
bool lem_thrift_bool(lem_thrift *t, int type);
const char *lem_thrift_binary(lem_thrift *t, int type, size_t *n); /* points into p */
/* The number of elements, at most as many as bytes are left, and their type. */
size_t lem_thrift_list(lem_thrift *t, int type, int *element);
/* False, and a failure, unless a struct begins here. */
bool lem_thrift_struct(lem_thrift *t, int type);

#endif
