/* weights/safetensors.h - the safetensors container: a strict reader and a streaming, deterministic writer
 *
 * File: u64 little-endian header length, a JSON object {name: {dtype, shape, data_offsets: [begin, end)}},
 * then the data. The reader refuses headers above 100 MB, unknown types, shapes that contradict their
 * offsets, overlaps, gaps, bytes behind the last tensor and duplicate names. */
#ifndef LEM_WEIGHTS_SAFETENSORS_H
#define LEM_WEIGHTS_SAFETENSORS_H

#include "compute/tensor.h"
#include "core/err.h"

enum { LEM_SAFETENSORS_RANK = 8, LEM_SAFETENSORS_HEADER_MAX = 100000000 };

typedef struct lem_safetensor {
    char *name;    /* owned */
    char dtype[8]; /* "F32", "BF16", … as written */
    int rank;
    uint64_t shape[LEM_SAFETENSORS_RANK];
    uint64_t begin, end; /* bytes, from the start of the data */
} lem_safetensor;

typedef struct lem_safetensors { /* sorted by begin, then name */
    lem_safetensor *tensor;
    size_t n;
    uint64_t data_start; /* file offset of the data */
} lem_safetensors;

/* Header text (without its length) of a file that holds data_bytes behind it. */
lem_status lem_safetensors_parse(const char *header, size_t n, uint64_t data_bytes, lem_safetensors *out,
                                 lem_err *err) LEM_MUST_CHECK;
/* Reads and checks the header of a file; no data is touched. */
lem_status lem_safetensors_open(const char *path, lem_safetensors *out, lem_err *err) LEM_MUST_CHECK;
void lem_safetensors_release(lem_safetensors *s);
/* NULL if absent. */
const lem_safetensor *lem_safetensors_find(const lem_safetensors *s, const char *name);

/* Reads tensors of one file as fp32 (from F32, F16, BF16); values that are not finite are LEM_EDATA. All
 * reads are by position, so that threads may share a file, and go into the caller's memory: a file that
 * shrinks meanwhile is an error here, where a mapping would be a signal. */
typedef struct lem_safetensors_file lem_safetensors_file;
lem_status lem_safetensors_file_open(const char *path, lem_safetensors_file **out,
                                     lem_err *err) LEM_MUST_CHECK;
const lem_safetensors *lem_safetensors_file_index(const lem_safetensors_file *f);
const char *lem_safetensors_file_path(const lem_safetensors_file *f);
lem_status lem_safetensors_file_read(const lem_safetensors_file *f, const lem_safetensor *t, float *out,
                                     size_t count, lem_err *err) LEM_MUST_CHECK;
/* Elements from .. from + n; scratch: 2 n bytes. */
lem_status lem_safetensors_file_read_part(const lem_safetensors_file *f, const lem_safetensor *t, size_t from,
                                          size_t n, float *out, void *scratch, lem_err *err) LEM_MUST_CHECK;
/* Bytes as they are stored, unchecked. */
lem_status lem_safetensors_file_read_bytes(const lem_safetensors_file *f, const lem_safetensor *t,
                                           uint64_t from, size_t n, void *out, lem_err *err) LEM_MUST_CHECK;
void lem_safetensors_file_close(lem_safetensors_file *f);

/* A tensor to be written, whose values are asked for piece by piece in ascending order. */
typedef struct lem_safetensors_item {
    const char *name;
    lem_dtype dtype; /* it is written as; rounded to nearest even */
    int rank;
    int shape[2];
    bool strict; /* values that are not finite once rounded are LEM_EDATA */
    lem_status (*read)(void *ctx, size_t at, size_t n, float *out, lem_err *err);
    void *ctx;
} lem_safetensors_item;
uint64_t lem_safetensors_item_bytes(const lem_safetensors_item *t);
/* Wider types first, then by name; header padded to 8 bytes with spaces, metadata {"format":"pt"}; put in
 * place atomically, an existing file is replaced. Equal tensors give equal bytes. */
lem_status lem_safetensors_write_items(const char *path, const lem_safetensors_item *const *item, size_t n,
                                       lem_err *err) LEM_MUST_CHECK;

typedef struct lem_safetensors_source { /* a tensor in memory */
    const char *name;
    int rank;
    int shape[2];
    const float *data;
} lem_safetensors_source;
lem_safetensors_item lem_safetensors_item_of(const lem_safetensors_source *s,
                                             lem_dtype dtype); /* borrows s */
lem_status lem_safetensors_write(const char *path, const lem_safetensors_source *source, size_t n,
                                 lem_dtype dtype, lem_err *err) LEM_MUST_CHECK;

#endif
