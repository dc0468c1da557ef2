/* blocks - each type's block as fp32 values */
#include "gguf/blocks.h"

#include "weights/values.h"

#include <string.h>

typedef void unpack_fn(const unsigned char *p, float *out);

static float half_at(const unsigned char *p) {
    float x = 0;
    (void)lem_values_read(LEM_DTYPE_F16, p, 1, &x); /* one that is not finite is found in the values */
    return x;
}

static void f32(const unsigned char *p, float *out) { (void)lem_values_read(LEM_DTYPE_F32, p, 1, out); }
static void f16(const unsigned char *p, float *out) { (void)lem_values_read(LEM_DTYPE_F16, p, 1, out); }
static void bf16(const unsigned char *p, float *out) { (void)lem_values_read(LEM_DTYPE_BF16, p, 1, out); }

/* The low nibbles are the first half of a block, the high ones the second. */
static void q4_0(const unsigned char *p, float *out) {
    float d = half_at(p);
    for (int i = 0; i < 16; i++) {
        out[i] = (float)((p[2 + i] & 15) - 8) * d;
        out[16 + i] = (float)((p[2 + i] >> 4) - 8) * d;
    }
}

static void q4_1(const unsigned char *p, float *out) {
    float d = half_at(p), m = half_at(p + 2);
    for (int i = 0; i < 16; i++) {
        out[i] = (float)(p[4 + i] & 15) * d + m;
        out[16 + i] = (float)(p[4 + i] >> 4) * d + m;
    }
}

static uint32_t u32_at(const unsigned char *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The fifth bits of a block's 32 values stand apart. */
static void five_bits(const unsigned char *nibbles, uint32_t high, int *out) {
    for (int i = 0; i < 16; i++) {
        out[i] = (nibbles[i] & 15) | (int)(high >> i & 1) << 4;
        out[16 + i] = nibbles[i] >> 4 | (int)(high >> (16 + i) & 1) << 4;
    }
}

static void q5_0(const unsigned char *p, float *out) {
    float d = half_at(p);
    int q[32];
    five_bits(p + 6, u32_at(p + 2), q);
    for (int i = 0; i < 32; i++) out[i] = (float)(q[i] - 16) * d;
}

static void q5_1(const unsigned char *p, float *out) {
    float d = half_at(p), m = half_at(p + 2);
    int q[32];
    five_bits(p + 8, u32_at(p + 4), q);
    for (int i = 0; i < 32; i++) out[i] = (float)q[i] * d + m;
}

static void q8_0(const unsigned char *p, float *out) {
    float d = half_at(p);
    for (int i = 0; i < 32; i++) out[i] = (float)(int8_t)p[2 + i] * d;
}

/* Scale and offset of group i of 32, six bits each, of the twelve bytes s. */
static void scale_of(const unsigned char *s, int i, int *scale, int *offset) {
    if (i < 4) {
        *scale = s[i] & 63;
        *offset = s[i + 4] & 63;
    } else {
        *scale = (s[i + 4] & 15) | s[i - 4] >> 6 << 4;
        *offset = s[i + 4] >> 4 | s[i] >> 6 << 4;
    }
}

/* Eight groups of 32: q * scale - offset. high: the fifth bits, bit i of byte l for value l of group i; NULL
 * without. */
static void k_groups(const unsigned char *p, const unsigned char *high, const unsigned char *low,
                     float *out) {
    float d = half_at(p), least = half_at(p + 2);
    for (int i = 0; i < 8; i++) {
        int scale, offset;
        scale_of(p + 4, i, &scale, &offset);
        float by = d * (float)scale, less = least * (float)offset;
        for (int l = 0; l < 32; l++) {
            unsigned char pair = low[32 * (i / 2) + l];
            int q = i % 2 ? pair >> 4 : pair & 15;
            if (high) q += (high[l] >> i & 1) << 4;
            out[32 * i + l] = by * (float)q - less;
        }
    }
}

static void q4_k(const unsigned char *p, float *out) { k_groups(p, NULL, p + 16, out); }
static void q5_k(const unsigned char *p, float *out) { k_groups(p, p + 16, p + 48, out); }

/* Two halves of 128, each of four rows of 32: four low bits of ql, two high ones of qh; a scale for 16. */
static void q6_k(const unsigned char *p, float *out) {
    float d = half_at(p + 208);
    for (int half = 0; half < 2; half++) {
        const unsigned char *ql = p + 64 * half, *qh = p + 128 + 32 * half, *scale = p + 192 + 8 * half;
        for (int row = 0; row < 4; row++) {
            for (int l = 0; l < 32; l++) {
                unsigned char pair = ql[32 * (row % 2) + l];
                int q = ((row < 2 ? pair & 15 : pair >> 4) | (qh[l] >> 2 * row & 3) << 4) - 32;
                float by = d * (float)(int8_t)scale[2 * row + l / 16];
                out[128 * half + 32 * row + l] = by * (float)q;
            }
        }
    }
}

static const struct {
    lem_gguf_type type;
    unpack_fn *unpack;
} types[] = {
    {{"F32", 0, 1, 4}, f32},        {{"F16", 1, 1, 2}, f16},         {{"Q4_0", 2, 32, 18}, q4_0},
    {{"Q4_1", 3, 32, 20}, q4_1},    {{"Q5_0", 6, 32, 22}, q5_0},     {{"Q5_1", 7, 32, 24}, q5_1},
    {{"Q8_0", 8, 32, 34}, q8_0},    {{"Q8_1", 9, 32, 0}, NULL},      {{"Q2_K", 10, 256, 0}, NULL},
    {{"Q3_K", 11, 256, 0}, NULL},   {{"Q4_K", 12, 256, 144}, q4_k},  {{"Q5_K", 13, 256, 176}, q5_k},
    {{"Q6_K", 14, 256, 210}, q6_k}, {{"Q8_K", 15, 256, 0}, NULL},    {{"IQ2_XXS", 16, 256, 0}, NULL},
    {{"IQ2_XS", 17, 256, 0}, NULL}, {{"IQ3_XXS", 18, 256, 0}, NULL}, {{"IQ1_S", 19, 256, 0}, NULL},
    {{"IQ4_NL", 20, 32, 0}, NULL},  {{"IQ3_S", 21, 256, 0}, NULL},   {{"IQ2_S", 22, 256, 0}, NULL},
    {{"IQ4_XS", 23, 256, 0}, NULL}, {{"I8", 24, 1, 0}, NULL},        {{"I16", 25, 1, 0}, NULL},
    {{"I32", 26, 1, 0}, NULL},      {{"I64", 27, 1, 0}, NULL},       {{"F64", 28, 1, 0}, NULL},
    {{"IQ1_M", 29, 256, 0}, NULL},  {{"BF16", 30, 1, 2}, bf16},      {{"TQ1_0", 34, 256, 0}, NULL},
    {{"TQ2_0", 35, 256, 0}, NULL},  {{"MXFP4", 39, 32, 0}, NULL},
};

const lem_gguf_type *lem_gguf_type_of(uint32_t id) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].type.id == id) return &types[i].type;
    return NULL;
}

void lem_gguf_unpack(const lem_gguf_type *t, const void *blocks, size_t n, float *out) {
    const unsigned char *p = blocks;
    unpack_fn *unpack = NULL;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (&types[i].type == t) unpack = types[i].unpack;
    for (size_t i = 0; unpack && i < n; i++) unpack(p + i * t->bytes, out + i * t->values);
}
