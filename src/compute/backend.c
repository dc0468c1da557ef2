/* backend - makes backends, chooses the instruction set */
#include "compute/backend_priv.h"
#include "core/mem.h"

#include <stdio.h>
#include <string.h>

static const lem_cpu_path *path_of(lem_isa isa) {
    switch (isa) {
    case LEM_ISA_GENERIC: return lem_cpu_path_generic();
    case LEM_ISA_AVX2: return lem_cpu_path_avx2();
    case LEM_ISA_AVX512: return lem_cpu_path_avx512();
    case LEM_ISA_AVX512BF16: return lem_cpu_path_avx512bf16();
    default: return NULL;
    }
}

bool lem_isa_supported(lem_isa isa) {
    if (isa == LEM_ISA_AUTO || isa == LEM_ISA_REF) return true;
    if (isa == LEM_ISA_GENERIC) return path_of(isa) != NULL;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (isa == LEM_ISA_AVX2)
        return path_of(isa) && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (isa == LEM_ISA_AVX512 || isa == LEM_ISA_AVX512BF16)
        return path_of(isa) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("fma");
#endif
    return false;
}

static const struct {
    const char *name;
    lem_isa isa;
} isa_names[] = {{"auto", LEM_ISA_AUTO}, {"ref", LEM_ISA_REF},       {"generic", LEM_ISA_GENERIC},
                 {"avx2", LEM_ISA_AVX2}, {"avx512", LEM_ISA_AVX512}, {"avx512bf16", LEM_ISA_AVX512BF16}};

lem_status lem_isa_parse(const char *name, lem_isa *out, lem_err *err) {
    for (size_t i = 0; i < sizeof isa_names / sizeof isa_names[0]; i++) {
        if (strcmp(name, isa_names[i].name) == 0) {
            *out = isa_names[i].isa;
            return LEM_OK;
        }
    }
    return lem_fail(err, LEM_EUSAGE,
                    "unknown instruction set '%.40s' (auto, ref, generic, avx2, avx512 or avx512bf16)", name);
}

static const char *isa_name(lem_isa isa) {
    for (size_t i = 0; i < sizeof isa_names / sizeof isa_names[0]; i++)
        if (isa_names[i].isa == isa) return isa_names[i].name;
    return "?";
}

static lem_int8_unit widest_int8(void) {
    if (lem_amx_int8_usable()) return LEM_INT8_TILES;
    return lem_vnni_usable() ? LEM_INT8_VNNI : LEM_INT8_VECTORS;
}

static bool dot_unit(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512bf16");
#else
    return false;
#endif
}

size_t lem_backend_scratch_bytes(int longest, int vocab) {
    enum { PRODUCTS = 64 << 10 }; /* floats of packed rows and panels */
    size_t scores = (size_t)LEM_ATTENTION_ROWS * (size_t)longest, most = LEM_SCRATCH_FLOATS;
    size_t floats = scores > (size_t)vocab ? scores : (size_t)vocab;
    if (floats < PRODUCTS) floats = PRODUCTS;
    return (floats < most ? floats : most) * sizeof(float) + (size_t)vocab * sizeof(int32_t);
}

/* path: NULL = the reference */
static lem_status new_cpu(const lem_cpu_path *path, lem_pool *pool, lem_backend **out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_cpu_priv *priv = NULL;
    lem_backend *b = lem_alloc_zero(1, sizeof *b, err);
    if (!b) LEM_TRY(LEM_EMEM);
    priv = lem_alloc_zero(1, sizeof *priv, err);
    if (!priv) LEM_TRY(LEM_EMEM);
    priv->path = path;
    priv->draw = (path ? path : lem_cpu_path_generic())->draw;
    const bool wide = path && (path == lem_cpu_path_avx512() || path == lem_cpu_path_avx512bf16());
    priv->pairs = path && path == lem_cpu_path_avx512bf16();
    priv->dot_unit = wide && dot_unit();
    priv->tile_unit = wide && lem_amx_usable();
    priv->int8_unit = wide ? widest_int8() : LEM_INT8_VECTORS;
    priv->threads = lem_pool_threads(pool);
    priv->scratch = lem_alloc_aligned((size_t)priv->threads * LEM_SCRATCH_PART, sizeof(float), err);
    if (!priv->scratch) LEM_TRY(LEM_EMEM);
    b->ops = path ? path->ops : &lem_ref_ops;
    b->pool = pool;
    b->priv = priv;
    *out = b;
    return LEM_OK;
done:
    lem_free(priv);
    lem_free(b);
    return st;
}

/* Processors whose VDPBF16PS is faster than fp32, and that have no tile unit: AMD's from Zen 4 on. On Intel's
 * it is half as fast. */
static bool fast_dot(void) {
#if defined(__x86_64__)
    return dot_unit() && __builtin_cpu_is("amd") && lem_isa_supported(LEM_ISA_AVX512BF16);
#else
    return false;
#endif
}

/* The widest that CPUID allows. No timing: a busy machine would choose another path, and other bits, now and
 * then. */
static lem_isa widest(void) {
    if (fast_dot()) return LEM_ISA_AVX512BF16;
    for (lem_isa isa = LEM_ISA_AVX512; isa >= LEM_ISA_GENERIC; isa--)
        if (lem_isa_supported(isa)) return isa;
    return LEM_ISA_REF;
}

bool lem_backend_bf16_is_faster(lem_isa isa) {
    lem_isa used = isa == LEM_ISA_AUTO ? widest() : isa;
    if (!lem_isa_supported(used)) return false;
    if (used == LEM_ISA_AVX512BF16) return fast_dot();
    return used == LEM_ISA_AVX512 && lem_amx_usable();
}

lem_status lem_backend_new(lem_isa isa, lem_pool *pool, lem_backend **out, lem_err *err) {
    if (!lem_isa_supported(isa))
        return lem_fail(err, LEM_EUSAGE, "this processor lacks the instruction set '%s'", isa_name(isa));
    return new_cpu(path_of(isa == LEM_ISA_AUTO ? widest() : isa), pool, out, err);
}

void lem_backend_free(lem_backend *b) {
    if (!b) return;
    if (b->priv) lem_free(((lem_cpu_priv *)b->priv)->scratch);
    lem_free(b->priv);
    lem_free(b);
}
