/* test_hash - published vectors of SHA-256 and CRC-32C, the table hash, the string map */
#include "support.h"

#include "core/hash.h"
#include "core/mem.h"

static void sha256(void **state) {
    (void)state;
    static const struct {
        const char *text, *digest;
    } cases[] = {/* FIPS 180-4 examples */
                 {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
                 {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
                 {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
                 {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlm"
                  "nopqrsmnopqrstnopqrstu",
                  "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"}};
    char hex[65];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lem_sha256_hex(cases[i].text, strlen(cases[i].text), hex);
        assert_string_equal(hex, cases[i].digest);
    }
}

/* A million 'a', handed over in pieces of every size from 1 to 200 in turn. */
static void sha256_pieces(void **state) {
    (void)state;
    char piece[200];
    uint8_t digest[32];
    memset(piece, 'a', sizeof piece);
    lem_sha256 s;
    lem_sha256_init(&s);
    size_t left = 1000000;
    for (size_t n = 1; left; n = n % 200 + 1) {
        size_t take = n < left ? n : left;
        lem_sha256_add(&s, piece, take);
        left -= take;
    }
    lem_sha256_end(&s, digest);
    static const uint8_t wanted[4] = {0xcd, 0xc7, 0x6e, 0x5c};
    assert_memory_equal(digest, wanted, 4);
    assert_int_equal(digest[31], 0xd0);
}

/* The same at once, and behind an odd piece: whole blocks go through the processor's own instructions. */
static void sha256_at_once(void **state) {
    (void)state;
    enum { N = 1000000 };
    lem_err err = LEM_ERR_INIT;
    char hex[65], *text = lem_alloc(N, 1, &err);
    uint8_t digest[32];
    assert_non_null(text);
    memset(text, 'a', N);
    lem_sha256_hex(text, N, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    for (size_t first = 0; first <= 130; first += 13) {
        lem_sha256 s;
        lem_sha256_init(&s);
        lem_sha256_add(&s, text, first);
        lem_sha256_add(&s, text, N - first);
        lem_sha256_end(&s, digest);
        for (int i = 0; i < 32; i++) {
            char two[3];
            snprintf(two, sizeof two, "%02x", digest[i]);
            assert_memory_equal(two, hex + 2 * i, 2);
        }
    }
    lem_free(text);
}

static void sha256_file(void **state) {
    lem_err err = LEM_ERR_INIT;
    char hex[65];
    put_file(in_folder(state, "f.gz"), "abc", 3); /* the bytes of the file, whatever its name */
    assert_ok(lem_sha256_file(in_folder(state, "f.gz"), hex, &err));
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(lem_sha256_file(in_folder(state, "absent"), hex, &err), LEM_EDATA);
    assert_int_equal(lem_sha256_file("/tmp", hex, &err), LEM_EDATA);
}

/* Bit by bit, from the polynomial: independent of both the table and the instruction. */
static uint32_t slow_crc(const unsigned char *p, size_t n) {
    uint32_t crc = ~0u;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int k = 0; k < 8; k++) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    }
    return ~crc;
}

static void crc32c(void **state) {
    (void)state;
    unsigned char data[100];
    assert_int_equal(lem_crc32c(0, "123456789", 9), 0xe3069283u);
    memset(data, 0, 32);
    assert_int_equal(lem_crc32c(0, data, 32), 0x8a9136aau); /* RFC 3720 B.4 */
    memset(data, 0xff, 32);
    assert_int_equal(lem_crc32c(0, data, 32), 0x62a8ab43u);
    for (int i = 0; i < 32; i++) data[i] = (unsigned char)i;
    assert_int_equal(lem_crc32c(0, data, 32), 0x46dd794eu);
    for (size_t i = 0; i < sizeof data; i++) data[i] = (unsigned char)(i * 37 + 11);
    for (size_t n = 0; n <= sizeof data; n++) {
        assert_int_equal(lem_crc32c(0, data, n), slow_crc(data, n));
        assert_int_equal(lem_crc32c(lem_crc32c(0, data, n), data + n, sizeof data - n),
                         slow_crc(data, sizeof data));
    }
}

/* With key 0 it is SipHash-1-3 under a zero key, as CPython computes hash(bytes) with PYTHONHASHSEED=0. */
static void hash64(void **state) {
    (void)state;
    assert_true(lem_hash64("abc", 3, 0) == UINT64_C(0xc03bc3a0042630f2));
    assert_true(lem_hash64("hello world, 16+", 16, 0) == UINT64_C(0x300916b55c7531c4));
    assert_true(lem_hash64("abc", 3, 1) != lem_hash64("abc", 3, 2));
    assert_true(lem_hash64("a\0", 2, 1) != lem_hash64("a", 1, 1));
}

static void map(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_map *m = lem_map_new(&err);
    int64_t value = 0;
    char key[32];
    for (int i = 0; i < 20000; i++) {
        int n = snprintf(key, sizeof key, "key-%d", i);
        assert_false(lem_map_find(m, key, (size_t)n, NULL));
        assert_ok(lem_map_set(m, key, (size_t)n, i, &err));
    }
    assert_ok(lem_map_set(m, "", 0, -5, &err));
    assert_ok(lem_map_set(m, "a\0b", 3, 6, &err));
    assert_int_equal(lem_map_count(m), 20002);
    for (int i = 0; i < 20000; i++) {
        int n = snprintf(key, sizeof key, "key-%d", i);
        assert_true(lem_map_find(m, key, (size_t)n, &value));
        assert_int_equal(value, i);
    }
    bool there = false;
    value = 71;
    assert_ok(lem_map_add(m, "key-7", 5, &value, &there, &err));
    assert_true(there && value == 7);
    assert_ok(lem_map_add(m, "new", 3, &value, &there, &err));
    assert_true(!there && value == 7); /* as it was given */
    assert_ok(lem_map_add(m, "new", 3, &value, &there, &err));
    assert_true(there);
    assert_ok(lem_map_set(m, "key-7", 5, 70, &err));
    assert_int_equal(lem_map_count(m), 20003);
    assert_true(lem_map_find(m, "key-7", 5, &value) && value == 70);
    assert_true(lem_map_find(m, "", 0, &value) && value == -5);
    assert_true(lem_map_find(m, "a\0b", 3, &value) && value == 6);
    assert_false(lem_map_find(m, "a", 1, &value));
    assert_false(lem_map_find(m, "a\0c", 3, &value));
    lem_map_free(m);
}

/* A failed allocation leaves the map as it was. */
static void map_out_of_memory(void **state) {
    (void)state;
    for (uint64_t k = 1;; k++) {
        lem_err err = LEM_ERR_INIT;
        char key[16];
        lem_mem_fail_after(k, false);
        lem_map *m = lem_map_new(&err);
        int64_t set = 0, value;
        bool failed = !m;
        for (int i = 0; m && i < 200; i++) {
            int n = snprintf(key, sizeof key, "%d", i);
            lem_status st = lem_map_set(m, key, (size_t)n, i, &err);
            if (st != LEM_OK) {
                assert_int_equal(st, LEM_EMEM);
                assert_false(lem_map_find(m, key, (size_t)n, NULL));
                failed = true;
                assert_ok(lem_map_set(m, key, (size_t)n, i, &err));
            }
            set++;
        }
        lem_mem_fail_after(0, false);
        for (int i = 0; i < set; i++) {
            int n = snprintf(key, sizeof key, "%d", i);
            assert_true(lem_map_find(m, key, (size_t)n, &value) && value == i);
        }
        lem_map_free(m);
        if (!failed) {
            assert_true(k > 5);
            break;
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256), cmocka_unit_test(sha256_pieces),    cmocka_unit_test(sha256_at_once),
        folder_test(sha256_file), cmocka_unit_test(crc32c),           cmocka_unit_test(hash64),
        cmocka_unit_test(map),    cmocka_unit_test(map_out_of_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
