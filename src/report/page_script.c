/* page_script.c - the name of the page's script in its content policy */
#include "report/page_priv.h"

#include "core/hash.h"

#include <string.h>

void lem_page_script_source(char out[64]) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t d[33] = {0};
    lem_sha256 h;
    size_t n = 0;
    lem_sha256_init(&h);
    lem_sha256_add(&h, lem_page_script, strlen(lem_page_script));
    lem_sha256_end(&h, d);
    memcpy(out, "'sha256-", 8);
    n = 8;
    for (int i = 0; i < 33; i += 3) {
        uint32_t v = (uint32_t)d[i] << 16 | (uint32_t)d[i + 1] << 8 | d[i + 2];
        for (int k = 18; k >= 0; k -= 6) out[n++] = digits[v >> k & 63];
    }
    memcpy(out + n - 1, "='", 3); /* 32 bytes are 43 digits and a pad */
}
