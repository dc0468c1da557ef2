/* test_csv.c - cells that a spreadsheet would run are texts, numbers are not touched, and all come back */
#include "core/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void cells(void **state) {
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {{"", ""},
                {"plain", "plain"},
                {"a,b", "\"a,b\""},
                {"say \"x\"", "\"say \"\"x\"\"\""},
                {"two\nlines", "\"two\nlines\""},
                {"=1+1", "'=1+1"},
                {"=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"},
                {"+cmd", "'+cmd"},
                {"-2+3+cmd|x", "'-2+3+cmd|x"},
                {"@SUM(A1)", "'@SUM(A1)"},
                {"\tx", "'\tx"},
                {"\rx", "\"'\rx\""},
                {"=a,b", "\"'=a,b\""},
                {"-", "'-"},
                {"--x", "'--x"},
                {"-E1", "'-E1"},
                {"-1e", "'-1e"},
                {"-A1", "'-A1"},
                {"=1", "'=1"},
                {"-0.5", "-0.5"},
                {"+3", "+3"},
                {"-1.5e-07", "-1.5e-07"},
                {"-1E5", "-1E5"},
                {"-1.2 % [-3, 4.5]", "\"-1.2 % [-3, 4.5]\""},
                {"1-x", "1-x"},
                {"'quoted'", "'quoted'"},
                {"'=x", "''=x"},
                {"'-5", "''-5"},
                {"''@", "'''@"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        lem_buf b = {0};
        lem_csv_cell(&b, rows[i].text, strlen(rows[i].text));
        assert_string_equal(lem_buf_str(&b), rows[i].want);
        lem_buf_release(&b);
    }
}

/* Every text of up to five characters of these: no cell begins as a formula, and each comes back. */
static void all_short_texts(void **state) {
    (void)state;
    static const char letters[] = "=-'1eA\t@";
    enum { N = sizeof letters - 1 };
    for (int len = 0; len <= 5; len++) {
        int all = 1;
        for (int i = 0; i < len; i++) all *= N;
        for (int k = 0; k < all; k++) {
            char text[8] = "";
            for (int i = 0, rest = k; i < len; i++, rest /= N) text[i] = letters[rest % N];
            lem_buf b = {0};
            lem_csv_cell(&b, text, (size_t)len);
            const char *cell = lem_buf_str(&b);
            if (strpbrk(cell, "=@\t") == cell && *cell) fail_msg("'%s' is written as %s", text, cell);
            if (*cell == '-' && strpbrk(cell, "=A@\t'")) fail_msg("'%s' is written as %s", text, cell);
            if (strcmp(lem_csv_plain(cell), text) != 0) fail_msg("'%s' comes back from %s", text, cell);
            lem_buf_release(&b);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(cells), cmocka_unit_test(all_short_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
