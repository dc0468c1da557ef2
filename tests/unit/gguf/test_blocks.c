/* test_blocks.c - block types against the values of PyPI's gguf (tools/golden/gguf_blocks.py), bit for bit */
#include "core/json.h"
#include "core/mem.h"
#include "gguf/blocks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static unsigned char *from_hex(const char *s, size_t *n) {
    *n = strlen(s) / 2;
    unsigned char *p = malloc(*n + 1);
    for (size_t i = 0; i < *n; i++) {
        char two[3] = {s[2 * i], s[2 * i + 1], 0};
        p[i] = (unsigned char)strtoul(two, NULL, 16);
    }
    return p;
}

static void test_values(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_json *table = NULL;
    int seen = 0;
    if (lem_json_load(LEMMA_TEST_DATA "/gguf/blocks.json", 1 << 20, &table, &err) != LEM_OK)
        fail_msg("%s", err.text);
    for (const char *k = lem_json_key_next(table, NULL); k; k = lem_json_key_next(table, k)) {
        const lem_json *v = lem_json_key_value(k);
        size_t n = 0, m = 0;
        unsigned char *bytes = from_hex(lem_json_str(lem_json_get(v, "bytes"), ""), &n);
        unsigned char *want = from_hex(lem_json_str(lem_json_get(v, "values"), ""), &m);
        const lem_gguf_type *t = lem_gguf_type_of((uint32_t)lem_json_int(lem_json_get(v, "type"), 99));
        assert_non_null(t);
        assert_string_equal(t->name, k);
        assert_int_equal(n / t->bytes * t->values * 4, m);
        float *x = malloc(m);
        lem_gguf_unpack(t, bytes, n / t->bytes, x);
        if (memcmp(x, want, m) != 0) fail_msg("%s: not the values of gguf", k);
        free(x);
        free(bytes);
        free(want);
        seen++;
    }
    assert_int_equal(seen, 11);
    lem_json_free(table);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
