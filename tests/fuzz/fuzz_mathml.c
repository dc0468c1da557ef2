/* fuzz_mathml.c - any bytes as text with mathematics: tags always close in the order in which they opened */
#include "report/mathml.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lem_buf b = {0};
    char open[256][16];
    int depth = 0;
    lem_mathml_text((const char *)data, size, &b);
    for (const char *p = lem_buf_str(&b); (p = strchr(p, '<')); p++) {
        const char *end = strchr(p, '>');
        size_t n = strcspn(p + 1, " >");
        if (!end || n >= 16 || n == 0) abort();
        if (p[1] == '/') {
            if (depth == 0 || strlen(open[--depth]) != n - 1 || memcmp(open[depth], p + 2, n - 1) != 0)
                abort();
        } else if (end[-1] != '/') {
            if (depth == 256) abort();
            memcpy(open[depth], p + 1, n);
            open[depth++][n] = '\0';
        }
    }
    if (depth) abort();
    lem_buf_release(&b);
    return 0;
}
