/* csv.c - cells of CSV files that people open in a spreadsheet */
#include "core/csv.h"

#include <string.h>

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Digits, signs, brackets, percent: without a letter (but of an exponent) nothing is called or named. */
static bool is_figures(const char *s, size_t n) {
    bool some = false;
    for (size_t i = 0; i < n; i++) {
        bool exponent = (s[i] == 'e' || s[i] == 'E') && i > 0 && is_digit(s[i - 1]) && i + 1 < n &&
                        (is_digit(s[i + 1]) || s[i + 1] == '-' || s[i + 1] == '+');
        if (!s[i] || (!exponent && !is_digit(s[i]) && !strchr("+-., %[]()", s[i]))) return false;
        some = some || is_digit(s[i]);
    }
    return some;
}

/* Whether a spreadsheet could run it, or we would take an apostrophe of it for ours. */
static bool is_marked(const char *s, size_t n) {
    size_t i = 0;
    while (i < n && s[i] == '\'') i++;
    bool begins = i < n && s[i] && strchr("=+-@\t\r", s[i]);
    return begins && (i > 0 || !is_figures(s, n));
}

void lem_csv_cell(lem_buf *out, const char *text, size_t len) {
    bool quote = false;
    for (size_t i = 0; i < len && !quote; i++) quote = strchr(",\"\n\r", text[i]) != NULL;
    if (quote) lem_buf_putc(out, '"');
    if (is_marked(text, len)) lem_buf_putc(out, '\'');
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"') lem_buf_putc(out, '"');
        lem_buf_putc(out, text[i]);
    }
    if (quote) lem_buf_putc(out, '"');
}

const char *lem_csv_plain(const char *cell) {
    size_t n = strlen(cell);
    return *cell == '\'' && is_marked(cell + 1, n - 1) ? cell + 1 : cell;
}
