/* fuzz_markdown.c - any bytes as Markdown with mathematics: tags close in the order in which they opened, and
 * none is but those that are known; nothing asks for anything outside the page */
#include "report/markdown.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int is_known(const char *tag, size_t n) {
    static const char names[] =
        " div p br pre code em strong ul ol li hr blockquote table thead tbody tr th td math mrow mi mn mo "
        "mtext mfrac "
        "msqrt mroot msup msub msubsup mover munder munderover mtable mtr mtd mspace mphantom ";
    char word[32] = " ";
    if (n > 20) return 0;
    memcpy(word + 1, tag, n);
    word[n + 1] = ' ';
    return strstr(names, word) != NULL;
}

/* Those that stand alone: <br>, <hr>, and <mspace …/>. */
static int is_alone(const char *name, size_t n, const char *end) {
    return end[-1] == '/' || (n == 2 && name[1] == 'r' && (*name == 'b' || *name == 'h'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lem_buf b = {0};
    char open[256][16];
    int depth = 0;
    if (size > 1 << 16) return 0;
    lem_markdown((const char *)data, size, &b);
    if (b.len > 200 * (size + 64)) abort();
    for (const char *p = lem_buf_str(&b); (p = strchr(p, '<')); p++) {
        const char *end = strchr(p, '>'), *name = p + 1 + (p[1] == '/');
        size_t n = strcspn(name, " />");
        if (!end || n >= 16 || !is_known(name, n)) abort();
        if (p[1] == '/') {
            if (depth == 0 || strlen(open[--depth]) != n || memcmp(open[depth], name, n) != 0) abort();
        } else if (!is_alone(name, n, end)) {
            if (depth == 256) abort();
            memcpy(open[depth], name, n);
            open[depth++][n] = '\0';
        }
    }
    if (depth) abort();
    lem_buf_release(&b);
    return 0;
}
