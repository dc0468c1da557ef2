/* json_words - NaN and Infinity, which Python writes where JSON has no such numbers, and the field they stand
 * in */
#include "rows/kinds_priv.h"

#include <string.h>

typedef struct piece {
    const char *at;
    size_t n;
} piece;

/* Behind the string that begins at text[i]; n where it does not end. */
static size_t behind_string(const char *text, size_t n, size_t i) {
    for (i++; i < n && text[i] != '"'; i++) i += text[i] == '\\';
    return i < n ? i + 1 : n;
}

static bool begins(const char *text, size_t n, size_t i, const char *word) {
    size_t k = strlen(word);
    return n - i >= k && memcmp(text + i, word, k) == 0;
}

void lem_explain_word(const char *text, size_t n, lem_err *err) {
    static const char *const words[] = {"NaN", "Infinity", "-Infinity"};
    piece last = {"", 0}, field = {"", 0};
    int depth = 0;
    for (size_t i = 0; i < n;) {
        if (text[i] == '"') {
            size_t end = behind_string(text, n, i);
            last = (piece){text + i + 1, end - i < 2 ? 0 : end - i - 2};
            i = end;
            continue;
        }
        if (text[i] == ':' && depth == 1) field = last;
        depth += (text[i] == '{' || text[i] == '[') - (text[i] == '}' || text[i] == ']');
        for (size_t w = 0; w < sizeof words / sizeof *words; w++)
            if (begins(text, n, i, words[w])) {
                lem_fail(err, LEM_EDATA,
                         "field '%.*s': %s is not JSON (Python writes it); null stands for no number",
                         (int)(field.n < 100 ? field.n : 100), field.at, words[w]);
                return;
            }
        i++;
    }
}
