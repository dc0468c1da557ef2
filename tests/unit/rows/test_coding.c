/* test_coding - what pyarrow does not write: the older bit packing, Hadoop's LZ4 blocks; deltas and runs by
 * hand */
#include "rows/levels_priv.h"
#include "rows/unpack_priv.h"
#include "rows/scalar_priv.h"
#include "rows/values_priv.h"

#include "../checks.h"

#include <lz4.h>
#include <stdio.h>

/* Encodings.md: 0 to 7 in 3 bits, most significant first, are 00000101 00111001 01110111. */
static void older_bit_packing(void **state) {
    (void)state;
    static const unsigned char bytes[] = {0x05, 0x39, 0x77};
    lem_hybrid h;
    uint32_t v;
    lem_hybrid_start_legacy(&h, bytes, sizeof bytes, 3);
    for (uint32_t i = 0; i < 8; i++) {
        assert_true(lem_hybrid_next(&h, &v));
        assert_int_equal(v, i);
    }
    assert_false(lem_hybrid_next(&h, &v));
}

/* Encodings.md: the same numbers in the hybrid are 10001000 11000110 11111010; before them a run of 300
 * sevens. */
static void hybrid(void **state) {
    (void)state;
    static const unsigned char bytes[] = {0xd8, 0x04, 7, 3, 0x88, 0xc6, 0xfa};
    lem_hybrid h;
    uint32_t v;
    lem_hybrid_start(&h, bytes, sizeof bytes, 3);
    for (uint32_t i = 0; i < 308; i++) {
        assert_true(lem_hybrid_next(&h, &v));
        assert_int_equal(v, i < 300 ? 7 : i - 300);
    }
    assert_false(lem_hybrid_next(&h, &v));
    static const unsigned char too_large[] = {2, 8}; /* one value of 4 bits where there are 3 */
    lem_hybrid_start(&h, too_large, sizeof too_large, 3);
    assert_false(lem_hybrid_next(&h, &v));
    lem_hybrid_start(&h, bytes, 0, 0); /* no bits, no bytes */
    assert_true(lem_hybrid_next(&h, &v));
    assert_int_equal(v, 0);
}

/* Encodings.md, example 1: 1, 2, 3, 4, 5: deltas of 1, packed in no bits. */
static void deltas(void **state) {
    (void)state;
    static const unsigned char bytes[] = {0x80, 0x01, 4, 5, 2, 2, 0, 0, 0, 0, 99};
    lem_delta d;
    int64_t v;
    size_t end;
    assert_true(lem_delta_start(&d, bytes, sizeof bytes));
    for (int64_t i = 1; i <= 5; i++) {
        assert_true(lem_delta_next(&d, &v));
        assert_int_equal(v, i);
    }
    assert_false(lem_delta_next(&d, &v));
    assert_true(lem_delta_end(&d, &end));
    assert_int_equal(end, sizeof bytes - 1);
    static const unsigned char none[] = {0, 1, 0, 0};
    assert_false(lem_delta_start(&d, none, sizeof none));
}

/* DELTA_BYTE_ARRAY: lengths shared with the value before, then lengths of the rest, then the rest. */
static void shared_prefixes(void **state) {
    (void)state;
    /* Two values: shared 0 and 1 (delta 1), rest 2 and 1 (delta -1), "ab" and "c": "ab", "ac". */
    static const unsigned char good[] = {0x80, 1, 4, 2, 0, 2, 0, 0, 0,   0,   0x80, 1,
                                         4,    2, 4, 1, 0, 0, 0, 0, 'a', 'b', 'c'};
    /* One value that shares a byte with none before. */
    static const unsigned char bad[] = {0x80, 1, 4, 1, 2, 0x80, 1, 4, 1, 2, 'a'};
    const lem_pq_leaf leaf = {.physical = LEM_PQ_BYTE_ARRAY, .max_bytes = 1000};
    lem_pq_values v = {0};
    lem_bytes b;
    OK(lem_pq_values_start(&v, &leaf, NULL, LEM_PQ_DELTA_BYTES, good, sizeof good, &err));
    OK(lem_pq_values_next(&v, &b, &err));
    assert_int_equal(b.n, 2);
    assert_memory_equal(b.p, "ab", 2);
    OK(lem_pq_values_next(&v, &b, &err));
    assert_int_equal(b.n, 2);
    assert_memory_equal(b.p, "ac", 2);
    FAILS(lem_pq_values_next(&v, &b, &err), LEM_EDATA, "fewer values than it states");
    OK(lem_pq_values_start(&v, &leaf, NULL, LEM_PQ_DELTA_BYTES, bad, sizeof bad, &err));
    FAILS(lem_pq_values_next(&v, &b, &err), LEM_EDATA, "fewer values than it states");
    FAILS(lem_pq_values_start(&v, &leaf, NULL, LEM_PQ_SPLIT, bad, sizeof bad, &err), LEM_EDATA,
          "an encoding that its column cannot have is not read here; pyarrow converts it");
    FAILS(lem_pq_values_start(&v, &leaf, NULL, 77, bad, sizeof bad, &err), LEM_EDATA, "an unknown encoding");
    lem_pq_values_release(&v);
}

static void hadoop_lz4(void **state) {
    (void)state;
    char text[3000], block[4000];
    unsigned char bytes[9000];
    size_t n = 0;
    lem_buf out = {0};
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)('a' + i * i % 7);
    for (int k = 0; k < 2; k++) {
        int packed = LZ4_compress_default(text + 1500 * k, block, 1500, sizeof block);
        const unsigned char head[8] = {
            0, 0, 1500 >> 8, 1500 & 255, 0, 0, (unsigned char)(packed >> 8), (unsigned char)packed};
        memcpy(bytes + n, head, 8);
        memcpy(bytes + n + 8, block, (size_t)packed);
        n += 8 + (size_t)packed;
    }
    OK(lem_unpack(LEM_CODEC_LZ4_HADOOP, bytes, n, sizeof text, &out, &err));
    assert_memory_equal(out.data, text, sizeof text);
    FAILS(lem_unpack(LEM_CODEC_LZ4_HADOOP, bytes, n - 1, sizeof text, &out, &err), LEM_EDATA, "damaged");
    FAILS(lem_unpack(LEM_CODEC_LZ4_HADOOP, bytes, n, sizeof text - 1, &out, &err), LEM_EDATA, "damaged");
    int packed = LZ4_compress_default(text, (char *)bytes, sizeof text, sizeof bytes);
    OK(lem_unpack(LEM_CODEC_LZ4_HADOOP, bytes, (size_t)packed, sizeof text, &out,
                  &err)); /* bare, as some write it */
    assert_memory_equal(out.data, text, sizeof text);
    lem_buf_release(&out);
}

/* A size that cannot be true is refused before anything is allocated. */
static void stated_sizes(void **state) {
    (void)state;
    lem_buf out = {0};
    for (lem_codec c = LEM_CODEC_NONE; c <= LEM_CODEC_LZ4_FRAME; c++) {
        FAILS(lem_unpack(c, (const unsigned char *)"abcd", 4, (uint64_t)1 << 40, &out, &err), LEM_EDATA,
              "cannot be");
        FAILS(lem_unpack(c, (const unsigned char *)"abcd", 4, 1 << 20, &out, &err), LEM_EDATA, "");
        if (c != LEM_CODEC_ZSTD) assert_true(out.cap < 1 << 19);
    }
    lem_buf_release(&out);
}

static void scalar_is(lem_scalar_type t, const void *p, size_t n, const char *want) {
    lem_json *v = NULL;
    OK(lem_scalar_json(&t, p, n, &v, &err));
    if (strcmp(lem_json_str(v, "?"), want) != 0) print_error("%s, not %s\n", lem_json_str(v, "?"), want);
    assert_string_equal(lem_json_str(v, "?"), want);
    lem_json_free(v);
}

static void scalars_at_their_ends(void **state) {
    (void)state;
    const int32_t day = -719162, last = 2932896;
    const int64_t before = -1, least = INT64_MIN, zero = 0;
    static const unsigned char minus_one[16] = {255, 255, 255, 255, 255, 255, 255, 255,
                                                255, 255, 255, 255, 255, 255, 255, 255};
    static const unsigned char lowest[32] = {0x80};
    scalar_is((lem_scalar_type){.as = LEM_AS_DATE}, &day, 4, "0001-01-01");
    scalar_is((lem_scalar_type){.as = LEM_AS_DATE}, &last, 4, "9999-12-31");
    scalar_is((lem_scalar_type){.as = LEM_AS_TIMESTAMP, .digits = 9}, &before, 8,
              "1969-12-31T23:59:59.999999999");
    scalar_is((lem_scalar_type){.as = LEM_AS_TIMESTAMP, .digits = 3, .utc = true}, &zero, 8,
              "1970-01-01T00:00:00.000Z");
    scalar_is((lem_scalar_type){.as = LEM_AS_TIMESTAMP, .digits = 9}, &least, 8,
              "1677-09-21T00:12:43.145224192");
    scalar_is((lem_scalar_type){.as = LEM_AS_DECIMAL, .scale = 3}, minus_one, 16, "-0.001");
    scalar_is((lem_scalar_type){.as = LEM_AS_DECIMAL, .scale = 0, .big_endian = true}, lowest, 32,
              "-57896044618658097711785492504343953926634992332820282019728792003956564819968");
    scalar_is((lem_scalar_type){.as = LEM_AS_DECIMAL, .scale = 2}, &zero, 8, "0.00");
    static const unsigned char uuid[16] = {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0,
                                           1,    2,    3,    4,    5,    6,    7,    8};
    scalar_is((lem_scalar_type){.as = LEM_AS_UUID}, uuid, 16, "12345678-9abc-def0-0102-030405060708");
    lem_json *v = NULL;
    const lem_scalar_type time = {.as = LEM_AS_TIME, .digits = 3}, text = {.as = LEM_AS_TEXT};
    FAILS(lem_scalar_json(&time, (const unsigned char *)&before, 8, &v, &err), LEM_EDATA,
          "a time of day of -1 units");
    FAILS(lem_scalar_json(&text, (const unsigned char *)"\xff", 1, &v, &err), LEM_EDATA, "not valid UTF-8");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(older_bit_packing),     cmocka_unit_test(hybrid),     cmocka_unit_test(deltas),
        cmocka_unit_test(shared_prefixes),       cmocka_unit_test(hadoop_lz4), cmocka_unit_test(stated_sizes),
        cmocka_unit_test(scalars_at_their_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
