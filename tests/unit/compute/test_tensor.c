/* test_tensor - conversions between fp32, bf16 and fp16 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "compute/tensor.h"

#include <math.h>
#include <string.h>

static float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint32_t bits_of(float x) {
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static void test_bf16_round_trip(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 65536; i++) {
        float x = lem_bf16_to_f32((uint16_t)i);
        assert_int_equal(bits_of(x), i << 16);
        if (isnan(x)) assert_true(isnan(lem_bf16_to_f32(lem_f32_to_bf16(x))));
        else assert_int_equal(lem_f32_to_bf16(x), i);
    }
}

static void test_bf16_rounds_to_even(void **state) {
    static const struct {
        uint32_t f32;
        uint16_t bf16;
    } cases[] = {
        {0x3f800000u, 0x3f80u}, {0x3f808000u, 0x3f80u}, {0x3f808001u, 0x3f81u}, {0x3f818000u, 0x3f82u},
        {0x3f817fffu, 0x3f81u}, {0x7f7fffffu, 0x7f80u}, /* beyond the largest bf16: infinity */
        {0x7f800000u, 0x7f80u}, {0xff800000u, 0xff80u}, {0x80000000u, 0x8000u}, {0x00008000u, 0x0000u},
        {0x00008001u, 0x0001u}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(lem_f32_to_bf16(float_of(cases[i].f32)), cases[i].bf16);
    assert_true(isnan(lem_bf16_to_f32(
        lem_f32_to_bf16(float_of(0x7f800001u))))); /* a NaN whose payload is in the dropped half */
    assert_true(isnan(lem_bf16_to_f32(lem_f32_to_bf16(float_of(0xffffffffu)))));
}

static void test_f16_round_trip(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 65536; i++) {
        float x = lem_f16_to_f32((uint16_t)i);
        if (isnan(x)) assert_true(isnan(lem_f16_to_f32(lem_f32_to_f16(x))));
        else assert_int_equal(lem_f32_to_f16(x), i);
    }
    assert_true(lem_f16_to_f32(0x3c00) == 1.0f);
    assert_true(lem_f16_to_f32(0xc000) == -2.0f);
    assert_true(lem_f16_to_f32(0x7bff) == 65504.0f);
    assert_true(lem_f16_to_f32(0x0001) == 0x1p-24f);
}

#if defined(__FLT16_MAX__)
/* The compiler's own half type is an independent truth: every exponent, values around each rounding boundary.
 */
static void test_f16_against_compiler(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 0x80000000u; i += 0x00000fffu) {
        for (uint32_t j = 0; j < 2; j++) {
            float x = float_of(i | j << 31);
            if (isnan(x)) continue;
            __extension__ _Float16 h = (_Float16)x;
            uint16_t want;
            memcpy(&want, &h, sizeof want);
            if (lem_f32_to_f16(x) != want)
                fail_msg("%a becomes %04x, expected %04x", (double)x, lem_f32_to_f16(x), want);
        }
    }
}
#endif

static void test_names_and_sizes(void **state) {
    (void)state;
    assert_string_equal(lem_dtype_name(LEM_DTYPE_F32), "F32");
    assert_string_equal(lem_dtype_name(LEM_DTYPE_BF16), "BF16");
    assert_string_equal(lem_dtype_name(LEM_DTYPE_F16), "F16");
    assert_int_equal(lem_dtype_size(LEM_DTYPE_F32), 4);
    assert_int_equal(lem_dtype_size(LEM_DTYPE_BF16), 2);
    assert_int_equal(lem_dtype_size(LEM_DTYPE_F16), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bf16_round_trip),
        cmocka_unit_test(test_bf16_rounds_to_even),
        cmocka_unit_test(test_f16_round_trip),
#if defined(__FLT16_MAX__)
        cmocka_unit_test(test_f16_against_compiler),
#endif
        cmocka_unit_test(test_names_and_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
