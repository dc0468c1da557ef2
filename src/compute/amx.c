/* amx.c - bf16 tiles on the tile unit of the processor (Intel AMX) */
#include "compute/backend_priv.h"

#if defined(__AMX_TILE__) && defined(__AMX_BF16__) && defined(__linux__)
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    ASK_PERMISSION = 0x1023,
    TILE_DATA = 18
};                                  /* ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA of arch_prctl(2) */
enum { ROWS = 16, ROW_BYTES = 64 }; /* of one tile */

bool lem_amx_usable(void) {
    unsigned a, b, c, d = 0;
    const unsigned bf16 = 1u << 22, tile = 1u << 24; /* CPUID leaf 7, EDX */
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & bf16) || !(d & tile)) return false;
    return syscall(SYS_arch_prctl, ASK_PERMISSION, TILE_DATA) == 0;
}

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

#else

bool lem_amx_usable(void) { return false; }
void lem_amx_begin(void) {}
void lem_amx_end(void) {}
void lem_amx_tile(const lem_bf16_tile *t) { (void)t; }

#endif
