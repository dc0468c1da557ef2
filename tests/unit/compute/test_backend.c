/* test_backend - creation of backends, instruction set names, packed weights, processor facts, failing
 * allocations */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "compute/backend.h"
#include "core/mem.h"
#include "core/pool.h"

#include <string.h>

static void test_isa_names(void **state) {
    static const struct {
        const char *name;
        lem_isa isa;
    } good[] = {{"auto", LEM_ISA_AUTO}, {"ref", LEM_ISA_REF},       {"generic", LEM_ISA_GENERIC},
                {"avx2", LEM_ISA_AVX2}, {"avx512", LEM_ISA_AVX512}, {"avx512bf16", LEM_ISA_AVX512BF16}};
    static const char *const bad[] = {"", "AVX2", "avx", "avx5122", " avx2", "neon"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        lem_err err = LEM_ERR_INIT;
        lem_isa isa = LEM_ISA_AUTO;
        assert_int_equal(lem_isa_parse(good[i].name, &isa, &err), LEM_OK);
        assert_int_equal(isa, good[i].isa);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        lem_err err = LEM_ERR_INIT;
        lem_isa isa = LEM_ISA_REF;
        assert_int_equal(lem_isa_parse(bad[i], &isa, &err), LEM_EUSAGE);
        assert_int_equal(isa, LEM_ISA_REF);
        assert_non_null(strstr(err.text, "auto, ref, generic, avx2, avx512 or avx512bf16"));
    }
}

static void test_new_every_isa(void **state) {
    (void)state;
    for (lem_isa isa = LEM_ISA_AUTO; isa <= LEM_ISA_AVX512; isa++) {
        lem_err err = LEM_ERR_INIT;
        lem_backend *b = NULL;
        lem_status st = lem_backend_new(isa, NULL, &b, &err);
        if (!lem_isa_supported(isa)) {
            assert_int_equal(st, LEM_EUSAGE);
            assert_null(b);
            assert_non_null(strstr(err.text, "lacks"));
            continue;
        }
        assert_int_equal(st, LEM_OK);
        lem_isa named = LEM_ISA_AUTO;
        assert_int_equal(lem_isa_parse(b->ops->name, &named, &err), LEM_OK);
        if (isa == LEM_ISA_AUTO) /* the widest: a choice by time would not be the same every time */
            for (lem_isa wider = named + 1; wider <= LEM_ISA_AVX512; wider++)
                assert_false(lem_isa_supported(wider));
        else assert_int_equal(named, isa);
        void *op; /* every operation of the table is there */
        for (size_t i = offsetof(lem_backend_ops, pack); i < sizeof *b->ops; i += sizeof op) {
            memcpy(&op, (const char *)b->ops + i, sizeof op);
            assert_non_null(op);
        }
        lem_backend_free(b);
    }
    lem_backend_free(NULL);
}

static void test_packed(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_packed p = {7, 7, LEM_DTYPE_F32, NULL, false};
    lem_backend *b = NULL;
    assert_int_equal(lem_backend_new(LEM_ISA_REF, NULL, &b, &err), LEM_OK);
    assert_int_equal(lem_packed_bytes(NULL, 1, 1, LEM_DTYPE_F32), 128);
    assert_int_equal(lem_packed_bytes(b, 33, 5, LEM_DTYPE_F32), 2 * 5 * 128);
    assert_int_equal(lem_packed_bytes(b, 33, 5, LEM_DTYPE_BF16), 2 * 3 * 128);
    assert_int_equal(lem_packed_alloc(&p, b, 0, 4, LEM_DTYPE_F32, &err), LEM_EUSAGE);
    assert_int_equal(lem_packed_alloc(&p, b, 4, -1, LEM_DTYPE_F32, &err), LEM_EUSAGE);
    assert_int_equal(lem_packed_alloc(&p, b, 4, 4, LEM_DTYPE_F16, &err), LEM_EUSAGE);
    assert_int_equal(p.N, 7); /* untouched by failures */
    assert_int_equal(lem_packed_alloc(&p, b, 33, 5, LEM_DTYPE_BF16, &err), LEM_OK);
    assert_true(((uintptr_t)p.data & 63u) == 0);
    lem_packed_release(&p, b);
    assert_null(p.data);
    lem_packed_release(&p, b);
    lem_backend_free(b);
}

/* Every path packs the same bytes, with zeros past N and past an odd K. */
static void test_pack_layout(void **state) {
    enum { N = 37, K = 9 };
    float w[N * K];
    (void)state;
    for (int i = 0; i < N * K; i++) w[i] = (float)(i + 1) / 64.0f;
    for (int dtype = LEM_DTYPE_F32; dtype <= LEM_DTYPE_BF16; dtype++) {
        for (lem_isa isa = LEM_ISA_REF; isa <= LEM_ISA_AVX512; isa++) {
            if (!lem_isa_supported(isa)) continue;
            lem_err err = LEM_ERR_INIT;
            lem_backend *b = NULL;
            lem_packed p;
            assert_int_equal(lem_backend_new(isa, NULL, &b, &err), LEM_OK);
            assert_int_equal(lem_packed_alloc(&p, b, N, K, (lem_dtype)dtype, &err), LEM_OK);
            memset(p.data, 0xff, lem_packed_bytes(b, N, K, p.dtype));
            b->ops->pack(b, w, &p);
            for (int n = 0; n < 64; n++) {
                for (int k = 0; k < (dtype == LEM_DTYPE_F32 ? K : K + 1); k++) {
                    float want = n < N && k < K ? w[n * K + k] : 0, got;
                    if (dtype == LEM_DTYPE_F32) {
                        got = ((float *)p.data)[(n / 32 * K + k) * 32 + n % 32];
                    } else {
                        uint32_t pair = ((uint32_t *)p.data)[(n / 32 * ((K + 1) / 2) + k / 2) * 32 + n % 32];
                        got = lem_bf16_to_f32((uint16_t)(pair >> (k % 2 * 16)));
                        want = lem_bf16_to_f32(lem_f32_to_bf16(want));
                    }
                    assert_true(got == want);
                }
            }
            lem_packed_release(&p, b);
            lem_backend_free(b);
        }
    }
}

static void test_failing_allocations(void **state) {
    (void)state;
    for (lem_isa isa = LEM_ISA_AUTO; isa <= LEM_ISA_GENERIC; isa++) {
        bool made = false;
        for (uint64_t k = 1; k < 40 && !made; k++) {
            lem_err err = LEM_ERR_INIT;
            lem_backend *b = NULL;
            lem_mem_fail_after(k, false);
            lem_status st = lem_backend_new(isa, NULL, &b, &err);
            lem_mem_fail_after(0, false);
            made = st == LEM_OK;
            if (made) {
                lem_backend_free(b);
            } else {
                assert_int_equal(st, LEM_EMEM);
                assert_null(b);
            }
        }
        assert_true(made);
    }
}

static void test_processor(void **state) {
    char name[64], features[128], little[6];
    (void)state;
    assert_ptr_equal(lem_cpu_name(name), name);
    assert_true(name[0] != 0 && name[0] != ' ' && memchr(name, 0, sizeof name) != NULL);
    lem_cpu_features(features, sizeof features);
    if (lem_isa_supported(LEM_ISA_AVX2)) assert_non_null(strstr(features, "avx2 fma"));
    lem_cpu_features(little, sizeof little);
    assert_true(strlen(little) < sizeof little);
}

static void test_limits(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_pool *pool = lem_pool_new(2, &err);
    lem_backend *b = NULL;
    lem_limits l;
    assert_non_null(pool);
    assert_int_equal(lem_backend_new(LEM_ISA_AUTO, pool, &b, &err), LEM_OK);
    lem_mem_fail_after(1, false);
    assert_int_equal(lem_limits_measure(b, &l, &err), LEM_EMEM);
    lem_mem_fail_after(0, false);
    assert_int_equal(lem_limits_measure(b, &l, &err), LEM_OK);
    assert_int_equal(l.threads, 2);
    assert_true(l.fma_gflops_1 > 0 && l.fma_gflops_all > 0 && l.read_gbs_1 > 0 && l.read_gbs_all > 0);
    assert_true(l.spread >= 0);
    lem_backend_free(b);
    lem_pool_free(pool);
}

/* Two threads on two processors need both; on eight they need no more than two. */
static void test_disturbed(void **state) {
    (void)state;
    lem_limits l = {.threads = 2, .others = 0.05, .spread = 0.03};
    assert_false(lem_limits_disturbed(&l, 2));
    l.others = 0.5;
    assert_true(lem_limits_disturbed(&l, 2));
    assert_false(lem_limits_disturbed(&l, 8));
    l.others = 6.5;
    assert_true(lem_limits_disturbed(&l, 8));
    l.others = -1; /* unknown: the runs alone tell */
    assert_false(lem_limits_disturbed(&l, 2));
    l.spread = 0.3;
    assert_true(lem_limits_disturbed(&l, 2));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_isa_names),
        cmocka_unit_test(test_new_every_isa),
        cmocka_unit_test(test_packed),
        cmocka_unit_test(test_pack_layout),
        cmocka_unit_test(test_failing_allocations),
        cmocka_unit_test(test_processor),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_disturbed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
