/* fuzz_json - any bytes as JSON: a value that is accepted writes to a text that reads back as the same value
 */
#include "core/json.h"
#include "core/utf8.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const lem_json *v, int indent) {
    lem_err err = LEM_ERR_INIT;
    lem_buf text = {0}, again = {0};
    lem_json *back = NULL;
    lem_json_write(v, indent, &text);
    if (lem_buf_ok(&text, &err) != LEM_OK || !lem_utf8_valid(text.data, text.len)) __builtin_trap();
    if (lem_json_parse(text.data, text.len, &back, &err) != LEM_OK || !lem_json_equal(v, back))
        __builtin_trap();
    lem_json_write(back, indent, &again);
    if (again.len != text.len || memcmp(again.data, text.data, text.len) != 0) __builtin_trap();
    lem_json_free(back);
    lem_buf_release(&text);
    lem_buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lem_err err = LEM_ERR_INIT;
    lem_json *v = NULL;
    lem_status st = lem_json_parse((const char *)data, size, &v, &err);
    if (st != LEM_OK) {
        if (v || err.status != st || !err.text[0] || strchr(err.text, '\n')) __builtin_trap();
        return 0;
    }
    check_round_trip(v, 0);
    check_round_trip(v, 2);
    lem_json_free(v);
    return 0;
}
