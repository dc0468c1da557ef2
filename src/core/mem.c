/* mem - checked allocation and arenas */
#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

enum { RESERVE = 8 << 20 };

static _Thread_local struct {
    uint64_t left; /* the test hook of mem.h */
    bool sticky, failing;
    uint64_t failures, library_from; /* how many, and how many when the library was called */
    size_t wanted;                   /* bytes of the last that failed */
    bool in_library;
    void *spare, *reserve;
} hook; /* what mem.h says of this thread */

void lem_mem_fail_after(uint64_t k, bool sticky) {
    hook.left = k;
    hook.sticky = sticky;
    hook.failing = false;
}

static bool must_fail(void) {
    if (hook.failing) return true;
    if (hook.left == 0 || --hook.left > 0) return false;
    hook.failing = hook.sticky;
    return true;
}

bool lem_mul_size(size_t a, size_t b, size_t *out) { return !__builtin_mul_overflow(a, b, out); }
bool lem_add_size(size_t a, size_t b, size_t *out) { return !__builtin_add_overflow(a, b, out); }

static void note_failure(size_t bytes) {
    hook.failures++;
    hook.wanted = bytes;
}

static void *no_memory(size_t n, size_t size, lem_err *err) {
    size_t bytes;
    note_failure(lem_mul_size(n, size, &bytes) ? bytes : SIZE_MAX);
    (void)lem_fail(err, LEM_EMEM, "out of memory for %zu x %zu bytes", n, size);
    return NULL;
}

/* n elements, at least one byte: what is empty still has an address. False if that overflows or must fail. */
static bool bytes_to_take(size_t n, size_t size, size_t *bytes) {
    if (!lem_mul_size(n, size, bytes) || must_fail()) return false;
    if (*bytes == 0) *bytes = 1;
    return true;
}

void *lem_alloc(size_t n, size_t size, lem_err *err) {
    size_t bytes;
    void *p = bytes_to_take(n, size, &bytes) ? malloc(bytes) : NULL;
    return p ? p : no_memory(n, size, err);
}

void *lem_alloc_zero(size_t n, size_t size, lem_err *err) {
    size_t bytes;
    void *p = bytes_to_take(n, size, &bytes) ? calloc(bytes, 1) : NULL;
    return p ? p : no_memory(n, size, err);
}

void *lem_realloc(void *old, size_t n, size_t size, lem_err *err) {
    size_t bytes;
    void *p = bytes_to_take(n, size, &bytes) ? realloc(old, bytes) : NULL;
    return p ? p : no_memory(n, size, err);
}

void *lem_alloc_aligned(size_t n, size_t size, lem_err *err) {
    size_t bytes;
    void *p = NULL;
    if (!lem_mul_size(n, size, &bytes) || must_fail() || posix_memalign(&p, 64, bytes ? bytes : 1) != 0)
        return no_memory(n, size, err);
    return p;
}

void lem_free(void *p) { free(p); }

char *lem_strndup(const char *s, size_t n, lem_err *err) {
    char *p = n < SIZE_MAX ? lem_alloc(n + 1, 1, err) : no_memory(n, 1, err);
    if (!p) return NULL;
    if (n) memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

char *lem_strdup(const char *s, lem_err *err) { return lem_strndup(s, strlen(s), err); }

/* ---- libraries ---- */

uint64_t lem_mem_failures(void) { return hook.failures; }

lem_status lem_mem_report(const char *what, lem_err *err) {
    return lem_fail(err, LEM_EMEM, "out of memory for %zu bytes: %s", hook.wanted, what);
}

lem_status lem_mem_since(uint64_t before, const char *what, lem_err *err) {
    return hook.failures > before ? lem_mem_report(what, err) : LEM_OK;
}

size_t lem_mem_wanted(void) { return hook.wanted; }

void lem_mem_join(uint64_t failures, size_t wanted) {
    if (!failures) return;
    hook.failures += failures;
    hook.wanted = wanted;
}

__attribute__((weak)) _Noreturn void lem_mem_exhausted(size_t bytes) {
    (void)bytes;
    __builtin_trap();
}

lem_status lem_mem_library_begin(size_t spare, lem_err *err) {
    hook.spare = spare ? lem_alloc(spare, 1, err) : NULL;
    if (spare && !hook.spare) return LEM_EMEM;
    hook.in_library = true;
    hook.library_from = hook.failures;
    return LEM_OK;
}

bool lem_mem_library_end(void) {
    free(hook.spare);
    hook.spare = NULL;
    hook.in_library = false;
    return hook.failures == hook.library_from;
}

static bool grows_a_text(size_t bytes) {
    return hook.in_library && bytes >= 16 && (bytes & (bytes - 1)) == 0;
}

void *lem_mem_library(size_t bytes) {
    bool lost = hook.in_library && hook.failures != hook.library_from, text = grows_a_text(bytes);
    if (lost && !text) return NULL;
    void *p = NULL;
    if (!must_fail()) p = malloc(bytes ? bytes : 1);
    if (p) return p;
    note_failure(bytes);
    if (!text) return NULL;
    free(hook.spare);
    hook.spare = NULL;
    p = malloc(bytes);
    if (!p) lem_mem_exhausted(bytes);
    return p;
}

void *lem_mem_insist_more(void *old, size_t bytes) {
    if (must_fail()) note_failure(bytes); /* the test hook says so: there is memory all the same */
    void *p = realloc(old, bytes ? bytes : 1);
    if (p) return p;
    note_failure(bytes);
    free(hook.reserve);
    hook.reserve = NULL;
    p = realloc(old, bytes ? bytes : 1);
    if (!p) lem_mem_exhausted(bytes);
    return p;
}

void *lem_mem_insist(size_t bytes) { return lem_mem_insist_more(NULL, bytes); }

/* Untouched, it takes addresses and no memory. */
lem_status lem_mem_reserve(lem_err *err) {
    if (!hook.reserve) hook.reserve = lem_alloc(RESERVE, 1, err);
    return hook.reserve ? LEM_OK : LEM_EMEM;
}

void lem_mem_leave_thread(void) {
    free(hook.reserve);
    hook.reserve = NULL;
}

typedef struct block {
    struct block *next;
    size_t cap, used;
    _Alignas(16) unsigned char data[];
} block;

struct lem_arena {
    block *first, *current;
    size_t block_size, limit, used;
};

static block *block_new(size_t cap, lem_err *err) {
    size_t bytes;
    if (!lem_add_size(sizeof(block), cap, &bytes)) return no_memory(cap, 1, err);
    block *b = lem_alloc(bytes, 1, err);
    if (b) {
        b->next = NULL;
        b->cap = cap;
        b->used = 0;
    }
    return b;
}

lem_arena *lem_arena_new(size_t block_size, size_t limit, lem_err *err) {
    lem_arena *a = lem_alloc_zero(1, sizeof *a, err);
    if (!a) return NULL;
    a->block_size = block_size ? block_size : 64 << 10;
    a->limit = limit;
    a->first = a->current = block_new(a->block_size, err);
    if (!a->first) {
        lem_free(a);
        return NULL;
    }
    return a;
}

static void free_after(block *b) {
    block *next = b->next;
    b->next = NULL;
    while (next) {
        block *n = next->next;
        lem_free(next);
        next = n;
    }
}

void lem_arena_free(lem_arena *a) {
    if (!a) return;
    free_after(a->first);
    lem_free(a->first);
    lem_free(a);
}

void lem_arena_reset(lem_arena *a) {
    free_after(a->first);
    a->current = a->first;
    a->first->used = 0;
    a->used = 0;
}

void *lem_arena_alloc(lem_arena *a, size_t n, size_t size) {
    size_t bytes, total;
    if (!lem_mul_size(n, size, &bytes) || !lem_add_size(bytes, 15, &bytes)) return NULL;
    bytes &= ~(size_t)15;
    if (!lem_add_size(a->used, bytes, &total) || (a->limit && total > a->limit)) return NULL;
    block *b = a->current;
    if (b->cap - b->used < bytes) {
        b = block_new(bytes > a->block_size ? bytes : a->block_size, NULL);
        if (!b) return NULL;
        a->current->next = b;
        a->current = b;
    }
    void *p = b->data + b->used;
    b->used += bytes;
    a->used = total;
    memset(p, 0, bytes);
    return p;
}

char *lem_arena_strndup(lem_arena *a, const char *s, size_t n) {
    char *p = n < SIZE_MAX ? lem_arena_alloc(a, n + 1, 1) : NULL;
    if (p && n) memcpy(p, s, n);
    return p;
}

size_t lem_arena_used(const lem_arena *a) { return a->used; }
