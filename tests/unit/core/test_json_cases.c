/* test_json_cases - what Python's json reads and refuses, by 132,000 texts (tools/golden/make_json_cases.py):
 * the classes of JSONTestSuite, valid, invalid, and what the standard leaves open */
#include "support.h"

#include "core/json.h"
#include "core/mem.h"

#include <math.h>

#define CASES LEMMA_TEST_DATA "/json/"

static lem_buf bytes; /* of a text */

static int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

static bool reads(lem_json **v) {
    lem_err err = LEM_ERR_INIT;
    lem_json *mine = NULL;
    lem_status st = lem_json_parse(lem_buf_str(&bytes), bytes.len, v ? v : &mine, &err);
    lem_json_free(mine);
    assert_true(st == LEM_OK || st == LEM_EDATA);
    return st == LEM_OK;
}

/* ---- Sweeps ---- */

typedef struct sweep {
    char name[32];
    const char *bits;
    size_t n, at, wrong;
} sweep;

/* The next text of the sweep lies in bytes. */
static void try_next(sweep *s) {
    assert_true(s->at < s->n);
    const size_t bit = ++s->at; /* behind the 1 in front */
    const bool valid = digit(s->bits[bit / 4]) >> (3 - bit % 4) & 1;
    if (reads(NULL) == valid) return;
    if (s->wrong++ < 5) {
        print_error("%s: text %zu of %zu bytes is %s:", s->name, s->at, bytes.len,
                    valid ? "valid" : "not valid");
        for (size_t i = 0; i < bytes.len; i++) print_error(" %02x", (unsigned char)bytes.data[i]);
        print_error("\n");
    }
}

static void words(sweep *s, const char *const *symbols, int n_symbols, int n) {
    int pick[8] = {0};
    for (;;) {
        lem_buf_clear(&bytes);
        for (int i = 0; i < n; i++) lem_buf_puts(&bytes, symbols[pick[i]]);
        try_next(s);
        int i = n - 1;
        while (i >= 0 && ++pick[i] == n_symbols) pick[i--] = 0;
        if (i < 0) return;
    }
}

static void all_words(sweep *s, const char *const *symbols, int n_symbols) {
    for (int n = 1; n <= 5; n++) words(s, symbols, n_symbols, n);
}

static void each_byte(sweep *s, const char *before, const char *after) {
    for (int b = 0; b < 256; b++) {
        lem_buf_clear(&bytes);
        lem_buf_puts(&bytes, before);
        lem_buf_putc(&bytes, (char)b);
        lem_buf_puts(&bytes, after);
        try_next(s);
    }
}

static void quoted(sweep *s, const unsigned char *p, size_t n) {
    lem_buf_clear(&bytes);
    lem_buf_putc(&bytes, '"');
    lem_buf_add(&bytes, p, n);
    lem_buf_putc(&bytes, '"');
    try_next(s);
}

/* A lead, any byte, in those of four bytes 80, and one around the bounds of what continues. */
static void sequences(sweep *s, unsigned lead) {
    static const unsigned char last[] = {0x7F, 0x80, 0xBF, 0xC0};
    for (unsigned a = 0; a < 256; a++)
        for (int i = 0; i < 4; i++) {
            const unsigned char three[] = {(unsigned char)lead, (unsigned char)a, last[i]},
                                four[] = {(unsigned char)lead, (unsigned char)a, 0x80, last[i]};
            if (lead < 0xF0) quoted(s, three, 3);
            else quoted(s, four, 4);
        }
}

static void run_sweep(sweep *s) {
    static const char *const number[] = {"0", "1", "-", "+", ".", "e", "E"}, *const tokens[] = {
                                                                                 "[", "]", "{", "}",
                                                                                 ",", ":", "1", "\"a\""};
    unsigned lead;
    if (strcmp(s->name, "number") == 0) all_words(s, number, 7);
    else if (strcmp(s->name, "structure") == 0) all_words(s, tokens, 8);
    else if (strcmp(s->name, "byte") == 0) each_byte(s, "", "");
    else if (strcmp(s->name, "behind") == 0) each_byte(s, "1", "");
    else if (strcmp(s->name, "escape") == 0) each_byte(s, "\"\\", "\"");
    else if (strcmp(s->name, "hex") == 0) each_byte(s, "\"\\u00", "0\"");
    else if (strcmp(s->name, "utf8") == 0) {
        for (unsigned a = 0; a < 65536; a++) {
            const unsigned char two[] = {(unsigned char)(a >> 8), (unsigned char)a};
            quoted(s, two, 2);
        }
    } else if (sscanf(s->name, "utf8-%x", &lead) == 1) sequences(s, lead);
    else fail_msg("no sweep '%s'", s->name);
    assert_int_equal(s->at, s->n);
    assert_int_equal(s->wrong, 0);
}

static void sweeps(void **state) {
    lem_lines *in = NULL;
    lem_err err = LEM_ERR_INIT;
    const char *line;
    size_t len, texts = 0;
    bool eof = false;
    (void)state;
    assert_ok(lem_lines_open(CASES "sweeps.txt", 0, &in, &err));
    for (;;) {
        sweep s = {.bits = NULL};
        assert_ok(lem_lines_next(in, &line, &len, &eof, &err));
        if (eof) break;
        int at = 0;
        assert_int_equal(sscanf(line, "%31s %zu %n", s.name, &s.n, &at), 2);
        s.bits = line + at;
        run_sweep(&s);
        texts += s.n;
    }
    lem_lines_close(in);
    print_message("%zu texts as Python's json reads them\n", texts);
    assert_int_equal(texts, 131807);
}

/* ---- Cases, with their values ---- */

static void put_text(const char *text, size_t n, lem_buf *out) {
    lem_buf_putc(out, 's');
    for (size_t i = 0; i < n; i++) lem_buf_printf(out, "%02x", (unsigned)(unsigned char)text[i]);
}

/* The value as make_json_cases.py writes it, but for reals, which stand as text that strtod reads. */
static void put_tree(const lem_json *v, lem_buf *out) {
    switch (lem_json_kind(v)) {
    case LEM_JSON_NULL: lem_buf_putc(out, 'n'); return;
    case LEM_JSON_BOOL: lem_buf_putc(out, lem_json_bool(v, false) ? 't' : 'f'); return;
    case LEM_JSON_INT: lem_buf_printf(out, "i%lld", (long long)lem_json_int(v, 0)); return;
    case LEM_JSON_REAL: lem_buf_printf(out, "r%.13a", lem_json_num(v, 0)); return;
    case LEM_JSON_STRING: put_text(lem_json_str(v, ""), lem_json_str_len(v), out); return;
    case LEM_JSON_ARRAY:
        lem_buf_putc(out, '[');
        for (size_t i = 0; i < lem_json_count(v); i++) put_tree(lem_json_at(v, i), out);
        lem_buf_putc(out, ']');
        return;
    case LEM_JSON_OBJECT:
        lem_buf_putc(out, '{');
        for (const char *k = lem_json_key_next(v, NULL); k; k = lem_json_key_next(v, k)) {
            put_text(k, strlen(k), out);
            put_tree(lem_json_key_value(k), out);
        }
        lem_buf_putc(out, '}');
    }
}

/* Python writes 0x1.8000000000000p+1, and 0x0.0p+0 of nothing. */
static void as_python(lem_buf *tree) {
    for (char *at; (at = strstr(tree->data, "0x0.0000000000000p+0"));)
        memmove(at + 5, at + 17, strlen(at + 17) + 1);
}

/* What the standard leaves open, and we refuse: a number beyond every double, a half of a surrogate pair, a
 * name twice, more than 64 levels. Numbers too small are 0; integers beyond 64 bits are reals. */
static bool we_refuse(const char *name) {
    return strstr(name, "overflow") || strstr(name, "surrogate") || strstr(name, "twice") ||
           strstr(name, "deep");
}

static void try_case(char *name) {
    char *hex = strchr(name, '\t'), *tree = strchr(hex + 1, '\t');
    *hex++ = *tree++ = '\0';
    lem_json *v = NULL;
    lem_buf is = {0};
    lem_buf_clear(&bytes);
    for (; *hex; hex += 2) lem_buf_putc(&bytes, (char)(digit(hex[0]) << 4 | digit(hex[1])));
    const bool valid = name[0] == 'y' || (name[0] == 'i' && !we_refuse(name));
    if (reads(&v) != valid) fail_msg("%s is %s", name, valid ? "valid" : "not valid");
    if (valid) {
        put_tree(v, &is);
        as_python(&is);
        if (strcmp(lem_buf_str(&is), tree) != 0)
            fail_msg("%s: %.200s, not %.200s", name, lem_buf_str(&is), tree);
    }
    lem_buf_release(&is);
    lem_json_free(v);
}

static void cases(void **state) {
    lem_lines *in = NULL;
    lem_err err = LEM_ERR_INIT;
    const char *line;
    size_t len;
    int n = 0;
    (void)state;
    assert_ok(lem_lines_open(CASES "cases.tsv", 0, &in, &err));
    for (bool eof = false;; n++) {
        assert_ok(lem_lines_next(in, &line, &len, &eof, &err));
        if (eof) break;
        char *copy = lem_strndup(line, len, &err);
        assert_non_null(copy);
        try_case(copy);
        lem_free(copy);
    }
    lem_lines_close(in);
    print_message("%d cases\n", n);
    assert_true(n >= 290);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(sweeps), cmocka_unit_test(cases)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    lem_buf_release(&bytes);
    return failed;
}
