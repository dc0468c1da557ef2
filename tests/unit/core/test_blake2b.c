/* test_blake2b - digests of 16 bytes by Python's hashlib, at lengths around the block of 128 bytes */
#include "../checks.h"

#include "core/blake2b.h"

#include <stdio.h>

/* hashlib.blake2b(bytes((7 * i + n) & 255 for i in range(n)), digest_size=16).hexdigest() */
static const struct {
    size_t n;
    const char *hex;
} cases[] = {
    {0, "cae66941d9efbd404e4d88758ea67670"},   {1, "4a9e6f9b8d43f6ad008f8c291929dee2"},
    {3, "09e03a807474593d5cb98909e5d502cd"},   {127, "4bdfe90a02a9650321e48e485acc8498"},
    {128, "117ca2028a4b08156b399fd29adea911"}, {129, "bf505197d50347255a4f8bc3a3c4e184"},
    {255, "67aebb0a5aae8eab2b88ce6bd9b54eb4"}, {256, "dbb08d79105462394550aa4d4e10133f"},
    {257, "1aad2e646e9ff664e7294e2b30abef52"}, {1000, "81c26b9c7a14e1ff952a2e90155aaead"},
};

static void vectors(void **state) {
    (void)state;
    unsigned char data[1000];
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        uint64_t digest[2];
        char hex[33];
        for (size_t i = 0; i < cases[c].n; i++) data[i] = (unsigned char)(7 * i + cases[c].n);
        lem_blake2b128(data, cases[c].n, digest);
        for (int i = 0; i < 16; i++)
            snprintf(hex + 2 * i, 3, "%02x", (unsigned)(digest[i / 8] >> (8 * (i % 8))) & 255);
        assert_string_equal(hex, cases[c].hex);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(vectors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
