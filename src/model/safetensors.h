/* model/safetensors.h - the safetensors container: a strict reader and a streaming, deterministic writer
 *
 * File: u64 little-endian header length, a JSON object {name: {dtype, shape, data_offsets: [begin, end)}}, then the data. The reader refuses
 * headers above 100 MB, unknown types, shapes that contradict their offsets, overlaps, gaps, bytes behind the last tensor and duplicate names. */
#ifndef LEM_MODEL_SAFETENSORS_H
#define LEM_MODEL_SAFETENSORS_H

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
lem_status lem_safetensors_parse(const char *header, size_t n, uint64_t data_bytes, lem_safetensors *out, lem_err *err) LEM_MUST_CHECK;
/* Reads and checks the header of a file; no data is touched. */
lem_status lem_safetensors_open(const char *path, lem_safetensors *out, lem_err *err) LEM_MUST_CHECK;
void lem_safetensors_release(lem_safetensors *s);
/* NULL if absent. */
const lem_safetensor *lem_safetensors_find(const lem_safetensors *s, const char *name);

/* Reads tensors of one file as fp32 (from F32, F16, BF16); values that are not finite are LEM_EDATA. */
typedef struct lem_safetensors_file lem_safetensors_file;
lem_status lem_safetensors_file_open(const char *path, lem_safetensors_file **out, lem_err *err) LEM_MUST_CHECK;
const lem_safetensors *lem_safetensors_file_index(const lem_safetensors_file *f);
lem_status lem_safetensors_file_read(lem_safetensors_file *f, const lem_safetensor *t, float *out, size_t count, lem_err *err) LEM_MUST_CHECK;
void lem_safetensors_file_close(lem_safetensors_file *f);

typedef struct lem_safetensors_source {
    const char *name;
    int rank;
    int shape[2];
    const float *data; /* written as dtype (F32 or BF16, round to nearest even) */
} lem_safetensors_source;
/* Sorted by name, header padded to 8 bytes with spaces, metadata {"format":"pt"}; put in place atomically, an existing file is replaced. */
lem_status lem_safetensors_write(const char *path, const lem_safetensors_source *source, size_t n, lem_dtype dtype, lem_err *err) LEM_MUST_CHECK;

#endif
