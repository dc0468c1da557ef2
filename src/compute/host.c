/* host.c - backends that work in the host's memory: memory, and copies between shapes */
#include "compute/backend_priv.h"
#include "core/mem.h"

#include <string.h>
#include <sys/mman.h>

enum { LARGE = 4 << 20 };

/* Gigabytes touched for the first time: large pages save most of the page faults. Advice only. */
static void ask_for_large_pages(void *p, size_t n) {
    const uintptr_t page = 4096;
    uintptr_t from = ((uintptr_t)p + page - 1) & ~(page - 1), to = ((uintptr_t)p + n) & ~(page - 1);
    if (to > from) (void)madvise((void *)from, to - from, MADV_HUGEPAGE);
}

lem_status lem_host_alloc(lem_backend *b, size_t bytes, bool whole, void **out, lem_err *err) {
    (void)b;
    void *p = lem_alloc_aligned(bytes, 1, err);
    if (!p) return LEM_EMEM;
    if (whole && bytes >= LARGE) ask_for_large_pages(p, bytes);
    *out = p;
    return LEM_OK;
}

void lem_host_release(lem_backend *b, void *p) {
    (void)b;
    lem_free(p);
}

void lem_host_zero(lem_backend *b, void *p, size_t bytes) {
    (void)b;
    if (bytes) memset(p, 0, bytes);
}

void lem_host_copy(lem_backend *b, void *to, const void *from, size_t bytes) {
    (void)b;
    if (bytes) memcpy(to, from, bytes);
}

lem_status lem_host_sync(lem_backend *b, lem_err *err) {
    (void)b;
    (void)err;
    return LEM_OK;
}

void lem_host_round_bf16(lem_backend *b, size_t n, float *x) {
    (void)b;
    for (size_t i = 0; i < n; i++) x[i] = lem_bf16_to_f32(lem_f32_to_bf16(x[i]));
}

void lem_host_relu(lem_backend *b, size_t n, float *x) {
    (void)b;
    for (size_t i = 0; i < n; i++) x[i] = x[i] > 0 ? x[i] : 0;
}

static void copy_part(float **to, const float **from, size_t n) {
    memcpy(*to, *from, n * sizeof **to);
    *to += n;
    *from += n;
}

void lem_host_split_qkv(lem_backend *b, int T, int H, int KH, int E, const float *qkv, float *q, float *k,
                        float *v) {
    (void)b;
    size_t one = (size_t)E, group = (size_t)(H / KH) * one;
    for (long i = 0; i < (long)T * KH; i++) {
        copy_part(&q, &qkv, group);
        copy_part(&k, &qkv, one);
        copy_part(&v, &qkv, one);
    }
}

void lem_host_merge_qkv(lem_backend *b, int T, int H, int KH, int E, const float *q, const float *k,
                        const float *v, float *qkv) {
    (void)b;
    size_t one = (size_t)E, group = (size_t)(H / KH) * one;
    for (long i = 0; i < (long)T * KH; i++) {
        copy_part(&qkv, &q, group);
        copy_part(&qkv, &k, one);
        copy_part(&qkv, &v, one);
    }
}
