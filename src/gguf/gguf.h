/* gguf/gguf.h - the GGUF container: its metadata, its table of tensors, their values as fp32
 *
 * File: "GGUF", u32 version (2 or 3), u64 number of tensors, u64 number of metadata entries, the entries, the
 * table, then the data, aligned; all little-endian. Format and block types: ggml's gguf.md and ggml-quants
 * (ggml-org/llama.cpp). Sizes are checked against the file before anything is reserved. Refused by name are
 * big-endian files, version 1, nested arrays, and block types that are not of gguf/blocks.h.
 *
 * Values are read by position, so that threads may share a file, and into the caller's memory. */
#ifndef LEM_GGUF_GGUF_H
#define LEM_GGUF_GGUF_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LEM_GGUF_RANK = 4 };

typedef struct lem_gguf_tensor {
    char *name; /* owned by the file */
    int rank;
    uint64_t shape[LEM_GGUF_RANK]; /* fastest first: [columns, rows] of a matrix; 1 where rank is smaller */
    uint32_t type;                 /* of gguf/blocks.h, or another one: then it cannot be read */
    uint64_t count, at, bytes;     /* values; place in the file */
} lem_gguf_tensor;

typedef struct lem_gguf lem_gguf;

lem_status lem_gguf_open(const char *path, lem_gguf **out, lem_err *err) LEM_MUST_CHECK;
/* The same of a file's first n bytes; its data cannot be read. *more: the header goes on behind them. */
lem_status lem_gguf_parse(const void *bytes, size_t n, uint64_t file_bytes, bool *more, lem_gguf **out,
                          lem_err *err) LEM_MUST_CHECK;
void lem_gguf_close(lem_gguf *g);
/* Whether the file begins as one. */
bool lem_gguf_is(const char *path);

size_t lem_gguf_count(const lem_gguf *g); /* tensors, in the order of the file */
const lem_gguf_tensor *lem_gguf_at(const lem_gguf *g, size_t i);
const lem_gguf_tensor *lem_gguf_tensor_of(const lem_gguf *g, const char *name); /* NULL if absent */
/* Values from .. from + n of the tensor; both multiples of its block, or n to its end. scratch: 4 n + 256
 * bytes. LEM_EDATA where one is not finite. */
lem_status lem_gguf_read(const lem_gguf *g, const lem_gguf_tensor *t, uint64_t from, size_t n, float *out,
                         void *scratch, lem_err *err) LEM_MUST_CHECK;

/* Metadata. False where the key is absent or of another kind (an integer out of range too). */
bool lem_gguf_has(const lem_gguf *g, const char *key);
bool lem_gguf_uint(const lem_gguf *g, const char *key, uint64_t *out);
bool lem_gguf_num(const lem_gguf *g, const char *key, double *out);
bool lem_gguf_bool(const lem_gguf *g, const char *key, bool *out);
/* Borrowed; not NUL-terminated. */
bool lem_gguf_str(const lem_gguf *g, const char *key, const char **out, size_t *len);

/* Walks an array of strings, or of numbers: at most n items are left. */
typedef struct lem_gguf_list {
    const unsigned char *p, *end;
    uint64_t n;
    uint32_t type;
} lem_gguf_list;
bool lem_gguf_array(const lem_gguf *g, const char *key, lem_gguf_list *out);
bool lem_gguf_next_str(lem_gguf_list *l, const char **out, size_t *len);
bool lem_gguf_next_num(lem_gguf_list *l, double *out);

#endif
