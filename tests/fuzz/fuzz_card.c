/* fuzz_card - any bytes as the README.md or the LICENSE of a folder: what is taken is one line of bounded
 * text */
#include "core/card.h"
#include "core/utf8.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const lem_buf *b, size_t most) {
    if (b->len > most || !lem_utf8_valid(lem_buf_str(b), b->len)) __builtin_trap();
    for (size_t i = 0; i < b->len; i++)
        if ((unsigned char)b->data[i] < 0x20 || b->data[i] == 0x7f) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lem_front_matter f = {0};
    lem_buf title = {0};
    lem_front_matter_read((const char *)data, size, &f);
    lem_licence_title((const char *)data, size, &title);
    check(&f.licence, 4 * LEM_CARD_TEXT_MAX);
    check(&f.base_model, 4 * LEM_CARD_TEXT_MAX);
    check(&f.pretty_name, 4 * LEM_CARD_TEXT_MAX);
    check(&title, LEM_CARD_TEXT_MAX);
    if (lem_licence_use(lem_buf_str(&f.licence)) != LEM_CARD_USE_UNKNOWN && !f.licence.len) __builtin_trap();
    (void)lem_licence_use(lem_buf_str(&title));
    lem_buf_release(&title);
    lem_front_matter_release(&f);
    return 0;
}
