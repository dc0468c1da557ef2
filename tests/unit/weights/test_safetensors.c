/* test_safetensors - strict headers, damaged files, deterministic writing */
#include "weights/safetensors.h"

#include "core/buf.h"
#include "core/file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../checks.h"

static char *temp_dir(void) {
    static char path[64];
    snprintf(path, sizeof path, "/tmp/lemma-weights-XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

#define T(name, dtype, shape, a, b)                                                                          \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" #a "," #b "]}"

static void headers(void **state) {
    (void)state;
    lem_safetensors s = {NULL, 0, 0};
    static const char *const good[] = {
        "{}",
        "{\"__metadata__\":{\"format\":\"pt\"}," T("a", "F32", "[2,3]", 0, 24) "," T("b", "BF16", "[4]", 24,
                                                                                     32) "}   ",
        "{" T("b", "I64", "[]", 8, 16) "," T("a", "F64", "[1]", 0, 8) "}",
        "{" T("e", "F32", "[0,5]", 0, 0) "," T("a", "U8", "[3]", 0, 3) "}"};
    static const uint64_t bytes[] = {0, 32, 16, 3};
    for (int i = 0; i < 4; i++) {
        OK(lem_safetensors_parse(good[i], strlen(good[i]), bytes[i], &s, &err));
        lem_safetensors_release(&s);
    }
    static const struct {
        const char *text;
        uint64_t bytes;
        const char *part;
    } bad[] = {{"", 0, "begin with '{'"},
               {" {}", 0, "begin with '{'"},
               {"[]", 0, "begin with '{'"},
               {"{", 0, ""},
               {"{}", 4, "follow the last"},
               {"{\"a\":1}", 0, "'a'"},
               {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "'a'"},
               {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"offsets\":[0,4]}}", 4, "data_offsets"},
               {"{" T("a", "F31", "[1]", 0, 4) "}", 4, "F31"},
               {"{" T("a", "F32", "[1]", 0, 4) "," T("a", "F32", "[1]", 4, 8) "}", 8, ""},
               {"{" T("a", "F32", "[2]", 0, 4) "}", 4, "8 bytes"},
               {"{" T("a", "F32", "[-1]", 0, 4) "}", 4, "shape"},
               {"{" T("a", "F32", "[1.5]", 0, 4) "}", 4, "shape"},
               {"{" T("a", "F32", "7", 0, 4) "}", 4, "shape"},
               {"{" T("a", "F32", "[1,1,1,1,1,1,1,1,1]", 0, 4) "}", 4, "shape"},
               {"{" T("a", "F32", "[4294967296,4294967296]", 0, 0) "}", 0, "overflows"},
               {"{" T("a", "F32", "[1]", 4, 0) "}", 4, "data_offsets"},
               {"{" T("a", "F32", "[1]", -4, 0) "}", 4, "data_offsets"},
               {"{" T("a", "F32", "[2]", 0, 8) "}", 4, "truncated"},
               {"{" T("a", "F32", "[1]", 0, 4) "," T("b", "F32", "[1]", 0, 4) "}", 4, "neighbour"},
               {"{" T("a", "F32", "[1]", 0, 4) "," T("b", "F32", "[1]", 2, 6) "}", 6, "neighbour"},
               {"{" T("a", "F32", "[1]", 0, 4) "," T("b", "F32", "[1]", 8, 12) "}", 12, "gap"},
               {"{" T("a", "F32", "[1]", 4, 8) "}", 8, "gap"},
               {"{\"__metadata__\":{\"x\":1}}", 0, "__metadata__"},
               {"{\"__metadata__\":[]}", 0, "__metadata__"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        FAILS(lem_safetensors_parse(bad[i].text, strlen(bad[i].text), bad[i].bytes, &s, &err), LEM_EDATA,
              bad[i].part);
        assert_null(s.tensor);
    }
}

static void write_and_read(void **state) {
    (void)state;
    char path[128], again[128];
    char *dir = temp_dir();
    float a[6] = {1, -2, 3.5f, 1e-30f, 0, 7}, b[40000], back[40000];
    lem_buf x = {0}, y = {0};
    for (int i = 0; i < 40000; i++) b[i] = (float)sin(i);
    snprintf(path, sizeof path, "%s/a.safetensors", dir);
    snprintf(again, sizeof again, "%s/b.safetensors", dir);
    lem_safetensors_source one[] = {{"z.weight", 2, {2, 3}, a}, {"b", 1, {40000, 1}, b}},
                           two[] = {one[1], one[0]};
    for (int k = 0; k < 2; k++) {
        lem_dtype dtype = k ? LEM_DTYPE_BF16 : LEM_DTYPE_F32;
        OK(lem_safetensors_write(path, one, 2, dtype, &err));
        OK(lem_safetensors_write(again, two, 2, dtype, &err));
        OK(lem_file_read(path, 1 << 20, &x, &err));
        OK(lem_file_read(again, 1 << 20, &y, &err));
        assert_int_equal(x.len, y.len);
        assert_memory_equal(x.data, y.data, x.len); /* the order given does not matter */
        assert_int_equal((unsigned char)x.data[0] % 8, 0);
        lem_buf_release(&x);
        lem_buf_release(&y);
        lem_safetensors_file *f = NULL;
        OK(lem_safetensors_file_open(path, &f, &err));
        const lem_safetensor *t = lem_safetensors_find(lem_safetensors_file_index(f), "b");
        assert_non_null(t);
        assert_null(lem_safetensors_find(lem_safetensors_file_index(f), "c"));
        OK(lem_safetensors_file_read(f, t, back, 40000, &err));
        for (int i = 0; i < 40000; i++)
            assert_true(back[i] == (k ? lem_bf16_to_f32(lem_f32_to_bf16(b[i])) : b[i]));
        FAILS(lem_safetensors_file_read(f, t, back, 39999, &err), LEM_EDATA, "elements");
        lem_safetensors_file_close(f);
    }
    a[1] = INFINITY;
    OK(lem_safetensors_write(path, one, 2, LEM_DTYPE_F32, &err));
    lem_safetensors_file *f = NULL;
    OK(lem_safetensors_file_open(path, &f, &err));
    FAILS(lem_safetensors_file_read(f, lem_safetensors_find(lem_safetensors_file_index(f), "z.weight"), back,
                                    6, &err),
          LEM_EDATA, "not finite");
    lem_safetensors_file_close(f);
    OK(lem_dir_remove(dir, &err));
}

/* Cut at every length: always a clear refusal. */
static void truncation(void **state) {
    (void)state;
    char path[128];
    char *dir = temp_dir();
    float a[4] = {1, 2, 3, 4};
    lem_buf x = {0};
    lem_safetensors s;
    lem_safetensors_source one[] = {{"a", 1, {4, 1}, a}};
    snprintf(path, sizeof path, "%s/t.safetensors", dir);
    OK(lem_safetensors_write(path, one, 1, LEM_DTYPE_F32, &err));
    OK(lem_file_read(path, 1 << 20, &x, &err));
    for (size_t n = 0; n < x.len; n++) {
        FILE *out = fopen(path, "wb");
        assert_true(out && fwrite(x.data, 1, n, out) == n);
        fclose(out);
        FAILS(lem_safetensors_open(path, &s, &err), LEM_EDATA, "t.safetensors");
    }
    FAILS(lem_safetensors_open(dir, &s, &err), LEM_EDATA, "not a regular file");
    FAILS(lem_safetensors_open("/tmp/no-such-file.safetensors", &s, &err), LEM_EDATA,
          "no-such-file.safetensors: no such file");
    lem_buf_release(&x);
    OK(lem_dir_remove(dir, &err));
}

/* A file that shrinks after it was opened: an error where a mapping would be a signal. */
static void shrinking(void **state) {
    (void)state;
    char path[128];
    char *dir = temp_dir();
    static float big[100000];
    float back[100000], scratch[10];
    lem_safetensors_source one[] = {{"a", 1, {100000, 1}, big}};
    lem_safetensors_file *f = NULL;
    snprintf(path, sizeof path, "%s/s.safetensors", dir);
    OK(lem_safetensors_write(path, one, 1, LEM_DTYPE_BF16, &err));
    OK(lem_safetensors_file_open(path, &f, &err));
    const lem_safetensor *t = lem_safetensors_find(lem_safetensors_file_index(f), "a");
    OK(lem_safetensors_file_read(f, t, back, 100000, &err));
    assert_int_equal(truncate(path, 1000), 0);
    FAILS(lem_safetensors_file_read(f, t, back, 100000, &err), LEM_EDATA, "ends early");
    FAILS(lem_safetensors_file_read_bytes(f, t, 199000, 1000, back, &err), LEM_EDATA, "ends early");
    FAILS(lem_safetensors_file_read_bytes(f, t, 199001, 1000, back, &err), LEM_EUSAGE, "which has 200000");
    OK(lem_safetensors_file_read_part(f, t, 3, 10, back, scratch, &err)); /* what is still there */
    lem_safetensors_file_close(f);
    OK(lem_dir_remove(dir, &err));
}

static void half(void **state) {
    (void)state;
    char path[128];
    char *dir = temp_dir();
    const char *header = "{" T("h", "F16", "[2]", 0, 4) "," T("i", "I32", "[1]", 4, 8) "}";
    unsigned char length[8] = {(unsigned char)strlen(header)},
                  data[8] = {0x00, 0x3e, 0x00, 0xc0}; /* 1.5, -2 */
    float out[2];
    lem_safetensors_file *f = NULL;
    snprintf(path, sizeof path, "%s/h.safetensors", dir);
    FILE *to = fopen(path, "wb");
    assert_true(to && fwrite(length, 1, 8, to) == 8 && fputs(header, to) >= 0 && fwrite(data, 1, 8, to) == 8);
    fclose(to);
    OK(lem_safetensors_file_open(path, &f, &err));
    OK(lem_safetensors_file_read(f, lem_safetensors_find(lem_safetensors_file_index(f), "h"), out, 2, &err));
    assert_true(out[0] == 1.5f && out[1] == -2.0f);
    FAILS(
        lem_safetensors_file_read(f, lem_safetensors_find(lem_safetensors_file_index(f), "i"), out, 1, &err),
        LEM_EDATA, "I32");
    lem_safetensors_file_close(f);
    OK(lem_dir_remove(dir, &err));
}

/* Tens of thousands of empty tensors are refused by the length of their header, before it is parsed. */
static void header_without_data(void **state) {
    (void)state;
    lem_buf b = {0};
    lem_safetensors s;
    for (int i = 0; i < 30000; i++)
        lem_buf_printf(&b, "%s\"t%d\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}",
                       i ? "," : "{", i);
    lem_buf_putc(&b, '}');
    FAILS(lem_safetensors_parse(b.data, b.len, 0, &s, &err), LEM_EDATA, "no tensors need that");
    lem_buf_release(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(headers),    cmocka_unit_test(write_and_read),
                                       cmocka_unit_test(truncation), cmocka_unit_test(shrinking),
                                       cmocka_unit_test(half),       cmocka_unit_test(header_without_data)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
