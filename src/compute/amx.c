/* amx.c - tiles of bf16 and of int8 on the tile unit of the processor (Intel AMX) */
#include "compute/backend_priv.h"

#if defined(__AMX_TILE__) && defined(__AMX_BF16__) && defined(__AMX_INT8__) && defined(__linux__)
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    ASK_PERMISSION = 0x1023,
    TILE_DATA = 18
};                                  /* ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA of arch_prctl(2) */
enum { ROWS = 16, ROW_BYTES = 64 }; /* of one tile */

enum { BF16 = 1 << 22, TILE = 1 << 24, INT8 = 1 << 25 }; /* CPUID leaf 7, EDX */

static bool usable(unsigned kind) {
    unsigned a, b, c, d = 0;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & kind) || !(d & TILE)) return false;
    return syscall(SYS_arch_prctl, ASK_PERMISSION, TILE_DATA) == 0;
}

bool lem_amx_usable(void) { return usable(BF16); }
bool lem_amx_int8_usable(void) { return usable(INT8); }

typedef struct configuration {
    uint8_t palette, start, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} configuration;

void lem_amx_begin(void) {
    configuration c __attribute__((aligned(64))) = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        c.row_bytes[i] = ROW_BYTES;
        c.rows[i] = ROWS;
    }
    _tile_loadconfig(&c);
}

void lem_amx_end(void) { _tile_release(); }

/* Tiles 0 to 3 are the sums of two by two tiles, 4 and 5 rows of A, 6 and 7 columns of B. */

static void one_by_two(const lem_bf16_tile *t) {
    const uint16_t *a = t->a;
    const uint32_t *b = t->b;
    const size_t c_bytes = LEM_PANEL * sizeof(float);
    _tile_loadd(0, t->c, c_bytes);
    _tile_loadd(1, t->c + ROWS, c_bytes);
    for (int k = 0; k < t->blocks; k++, a += ROWS * LEM_BF16_BLOCK, b += LEM_BF16_BLOCK / 2 * LEM_PANEL) {
        _tile_loadd(4, a, ROW_BYTES);
        _tile_loadd(6, b, c_bytes);
        _tile_loadd(7, b + ROWS, c_bytes);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
    }
    _tile_stored(0, t->c, c_bytes);
    _tile_stored(1, t->c + ROWS, c_bytes);
}

static void two_by_two(const lem_bf16_tile *t) {
    const uint16_t *a = t->a, *a2 = a + ROWS * t->lda;
    const uint32_t *b = t->b;
    float *c2 = t->c + (size_t)ROWS * LEM_PANEL;
    const size_t c_bytes = LEM_PANEL * sizeof(float);
    _tile_loadd(0, t->c, c_bytes);
    _tile_loadd(1, t->c + ROWS, c_bytes);
    _tile_loadd(2, c2, c_bytes);
    _tile_loadd(3, c2 + ROWS, c_bytes);
    for (int k = 0; k < t->blocks; k++, b += LEM_BF16_BLOCK / 2 * LEM_PANEL) {
        _tile_loadd(4, a, ROW_BYTES);
        _tile_loadd(6, b, c_bytes);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, b + ROWS, c_bytes);
        _tile_dpbf16ps(1, 4, 7);
        _tile_loadd(5, a2, ROW_BYTES);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
        a += ROWS * LEM_BF16_BLOCK;
        a2 += ROWS * LEM_BF16_BLOCK;
    }
    _tile_stored(0, t->c, c_bytes);
    _tile_stored(1, t->c + ROWS, c_bytes);
    _tile_stored(2, c2, c_bytes);
    _tile_stored(3, c2 + ROWS, c_bytes);
}

void lem_amx_tile(const lem_bf16_tile *t) {
    if (t->rows <= ROWS) one_by_two(t);
    else two_by_two(t);
}

/* Tiles as above; those of A hold 64 k of 16 rows, those of B 16 columns. */

enum { B_BYTES = LEM_PANEL * sizeof(uint32_t), STEPS = LEM_INT8_GROUP / ROW_BYTES };

static void int8_one_by_two(const lem_int8_tile *t) {
    _tile_zero(0);
    _tile_zero(1);
    for (int s = 0; s < STEPS; s++) {
        const uint32_t *b = t->b->fours[s * ROWS];
        _tile_loadd(4, t->a + (size_t)s * ROW_BYTES, t->lda);
        _tile_loadd(6, b, B_BYTES);
        _tile_loadd(7, b + ROWS, B_BYTES);
        _tile_dpbssd(0, 4, 6);
        _tile_dpbssd(1, 4, 7);
    }
    _tile_stored(0, t->sums, B_BYTES);
    _tile_stored(1, t->sums + ROWS, B_BYTES);
}

static void int8_two_by_two(const lem_int8_tile *t) {
    int32_t *sums2 = t->sums + (size_t)ROWS * LEM_PANEL;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int s = 0; s < STEPS; s++) {
        const uint32_t *b = t->b->fours[s * ROWS];
        const uint8_t *a = t->a + (size_t)s * ROW_BYTES;
        _tile_loadd(4, a, t->lda);
        _tile_loadd(6, b, B_BYTES);
        _tile_dpbssd(0, 4, 6);
        _tile_loadd(7, b + ROWS, B_BYTES);
        _tile_dpbssd(1, 4, 7);
        _tile_loadd(5, a + ROWS * t->lda, t->lda);
        _tile_dpbssd(2, 5, 6);
        _tile_dpbssd(3, 5, 7);
    }
    _tile_stored(0, t->sums, B_BYTES);
    _tile_stored(1, t->sums + ROWS, B_BYTES);
    _tile_stored(2, sums2, B_BYTES);
    _tile_stored(3, sums2 + ROWS, B_BYTES);
}

void lem_amx_int8_tile(const lem_int8_tile *t) {
    if (t->rows <= ROWS) int8_one_by_two(t);
    else int8_two_by_two(t);
}

#else

bool lem_amx_int8_usable(void) { return false; }
void lem_amx_int8_tile(const lem_int8_tile *t) { (void)t; }
bool lem_amx_usable(void) { return false; }
void lem_amx_begin(void) {}
void lem_amx_end(void) {}
void lem_amx_tile(const lem_bf16_tile *t) { (void)t; }

#endif
