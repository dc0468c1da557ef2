/* fuzz_safetensors - any bytes as a safetensors file: what is accepted tiles its data exactly */
#include "weights/safetensors.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lem_err err = LEM_ERR_INIT;
    lem_safetensors s = {NULL, 0, 0};
    uint64_t length = 0, at = 0;
    if (size < 8) return 0;
    for (int i = 7; i >= 0; i--) length = length << 8 | data[i];
    if (length > size - 8)
        length = size - 8; /* the file reader refuses this; here the header is what is fuzzed */
    lem_status st =
        lem_safetensors_parse((const char *)data + 8, (size_t)length, size - 8 - length, &s, &err);
    if (st != LEM_OK) {
        if (s.tensor || s.n || err.status != st || !err.text[0] || strchr(err.text, '\n')) __builtin_trap();
        return 0;
    }
    for (size_t i = 0; i < s.n; i++) {
        const lem_safetensor *t = &s.tensor[i];
        if (t->begin != at || t->end < at || t->rank < 0 || t->rank > LEM_SAFETENSORS_RANK ||
            lem_safetensors_find(&s, t->name) != t)
            __builtin_trap();
        at = t->end;
    }
    if (at != size - 8 - length) __builtin_trap();
    lem_safetensors_release(&s);
    return 0;
}
